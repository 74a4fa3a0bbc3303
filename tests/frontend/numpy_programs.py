"""Programs of one call of the NumPy table, built and evaluated by the interpreters, for tests.

A case is a callable (or a method name), arguments and keyword arguments. Arrays, NumPy scalars and `Run`
are run-time inputs of the program; everything else is known when it is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback.frontend.build import Interpreter
from pullback.frontend.control import Frame
from pullback.frontend.session import Session
from pullback.frontend.values import Array, BoundMethod, Cell, ListValue, RecordValue, is_operand
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function, Loc, Value
from pullback.ir.types import FROM_NUMPY, Type
from pullback.ir.verifier import verify

LOC = Loc("case.py", 1, 0, 0)


@dataclass(frozen=True)
class Run:
    """A Python number that is known at run time only."""

    value: float | int | bool


class Program:
    """Builds one call, and evaluates it."""

    def __init__(self, constant: bool = False) -> None:
        self.ctx = Interpreter(Session())
        self.ctx.frames = [Frame("case", "case.py")]
        self.constant = constant  # extents are numbers: what dispatch does where an assumption fails
        self.ctx.b.loc = LOC
        self.extents: dict[int, str] = {}
        self.inputs: list[Any] = []
        self.results: list[Any] = []

    def dim(self, extent: int) -> Dim:
        if extent == 1 or self.constant:
            return Dim.of(extent)
        return Dim.of(self.extents.setdefault(extent, f"n{len(self.extents)}"))

    def parameter(self, value: Any, type: Type) -> Value:
        p = Value(type, f"x{len(self.inputs)}")
        self.ctx.session.body.params.append(p)
        self.inputs.append(value)
        return p

    def abstract(self, v: Any) -> Any:
        if isinstance(v, Run):
            dtype = {bool: "b1", int: "i64", float: "f64"}[type(v.value)]
            return self.parameter(v.value, Type(dtype, (), True))
        if isinstance(v, np.generic):
            return self.parameter(v, Type(FROM_NUMPY[v.dtype]))
        if isinstance(v, np.ndarray):
            return Array(Cell(self.parameter(v, Type(FROM_NUMPY[v.dtype], tuple(self.dim(n) for n in v.shape)))))
        if isinstance(v, tuple):
            return tuple(map(self.abstract, v))
        if isinstance(v, list):
            return ListValue([self.abstract(x) for x in v])
        return v

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """A call as the frontend makes it; a string names a method of the first argument."""
        if isinstance(function, str):
            return self.ctx.call(BoundMethod(args[0], function), args[1:], kwargs)
        return self.ctx.call(function, args, kwargs)

    def leaf(self, v: Any) -> Any:
        if isinstance(v, (tuple, ListValue)):
            return [self.leaf(x) for x in (v if isinstance(v, tuple) else v.items)]
        if isinstance(v, RecordValue):
            return [self.leaf(x) for x in v.fields.values()]
        if isinstance(v, (Array, Dim)) or is_operand(v):
            self.results.append(self.ctx.operand(v))
            return ("yield", len(self.results) - 1)
        return v

    def run(self, call: Callable[[Program], Any]) -> Any:
        tree = self.leaf(call(self))
        body = self.ctx.session.body
        body.yields = self.results
        for captured, value in self.ctx.session.captured.values():
            body.params.append(value)
            self.inputs.append(captured.getter())
        fn = Function("case", body)
        verify(fn)
        extents = {name: extent for extent, name in self.extents.items()}
        if any(d.evaluate(extents.__getitem__) < 0 for d in self.ctx.session.assumptions):
            raise AssumptionFailed
        outputs = interpret(fn, self.inputs)

        def number(leaf: Any) -> Any:
            if isinstance(leaf, list):
                return [number(x) for x in leaf]
            if not (isinstance(leaf, tuple) and leaf and leaf[0] == "yield"):
                return leaf
            result, type = outputs[leaf[1]], self.results[leaf[1]].type
            assert np.asarray(result).dtype == type.numpy, (np.asarray(result).dtype, type)
            return np.asarray(result).item() if type.weak else result

        return number(tree)


class AssumptionFailed(Exception):
    """The specialisation is not for these extents."""


def run(call: Callable[[Program], Any]) -> Any:
    """Build and evaluate, and again for constant extents: both must do, and give the same."""
    try:
        symbolic = Program().run(call)
    except AssumptionFailed:
        return Program(constant=True).run(call)
    assert_same(Program(constant=True).run(call), symbolic)
    return symbolic


def pull(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result by way of the table."""
    return run(lambda p: p.call(function, [p.abstract(a) for a in args], {k: p.abstract(v) for k, v in kwargs.items()}))


def plain(v: Any) -> Any:
    if isinstance(v, Run):
        return v.value
    if isinstance(v, (tuple, list)):
        return type(v)(map(plain, v))
    return v.copy() if isinstance(v, np.ndarray) else v


def expected(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    values, keywords = [plain(a) for a in args], {k: plain(v) for k, v in kwargs.items()}
    with np.errstate(all="ignore"):
        if isinstance(function, str):
            return getattr(values[0], function)(*values[1:], **keywords)
        return function(*values, **keywords)


def assert_same(got: Any, want: Any) -> None:
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            assert_same(g, w)
        return
    if isinstance(want, (np.ndarray, np.generic)):
        assert isinstance(got, (np.ndarray, np.generic)), f"a Python number, not {want.dtype}"
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        tolerance = 1e-6 if want.dtype == np.float32 else 1e-13
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
        return
    assert type(got) is type(want), (got, want)
    if not isinstance(want, (bool, int, float)):
        assert got == want or repr(got) == repr(want)
        return
    np.testing.assert_allclose(got, want, rtol=1e-14)


def check(function: Any, *args: Any, **kwargs: Any) -> None:
    assert_same(pull(function, args, kwargs), expected(function, args, kwargs))


def data(dtype: Any, *shape: int, low: float = -3.0, high: float = 4.0, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).uniform(low, high, shape)
    return (np.round(values) if np.dtype(dtype).kind in "iu" else values).astype(dtype)
