"""A NumPy interpreter: the meaning of the IR, and the oracle of the tests.

Guarantees value semantics (arguments are never modified, results are fresh arrays), one region
instance at a time (a value of a region that is over cannot be read: InternalError), and that every
result has the dtype and the shape its type declares (InternalError otherwise). Weak scalars are
Python numbers, strong ones NumPy scalars. Floating-point warnings are off; the errors that the
program would raise in Python are raised with the same type.

Ops other than control flow, calls, effects, tapes and indexing have their meaning in the registry
(`OpDef.evaluate`), which must have been filled by importing the package.
"""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pullback.runtime.status import place_note

from ..errors import InternalError
from . import indexing
from .dims import Dim
from .nodes import At, Const, Function, Gather, New, Op, Operand, Region, Span, Value
from .opdef import opdef
from .types import Type


def exception_class(name: str) -> Any:
    """The exception that a `check` names: a builtin one, LinAlgError, or ``module:name``."""
    if name == "LinAlgError":
        return np.linalg.LinAlgError
    module, colon, qualified = name.rpartition(":")
    found: Any = importlib.import_module(module) if colon else builtins
    for part in qualified.split("."):
        found = getattr(found, part)
    return found


def interpret(fn: Function, args: Sequence[Any]) -> list[Any]:
    """Run a function on NumPy arrays and scalars; the list of what it returns.

    Raises TypeError for a wrong number, rank or dtype of arguments, ValueError for extents that
    contradict the parameter types or `Function.assumptions`, and whatever the program raises.
    """
    with np.errstate(all="ignore"):
        return [np.array(x) if isinstance(x, np.ndarray) else x for x in _run(fn, args, fn.callees)]


def _run(fn: Function, args: Sequence[Any], callees: Mapping[str, Function]) -> list[Any]:
    frame = _Frame(bind_symbols(fn, args), fn.callees or callees)
    for param, arg in zip(fn.params, args, strict=True):
        frame.env[param] = frame.conform(arg, param.type, "argument %" + param.hint)
    for dim in fn.assumptions:
        if frame.dim(dim) < 0:
            raise ValueError(f"{fn.name}: {dim} is negative for these arguments")
    return frame.region(fn.body)


def bind_symbols(fn: Function, args: Sequence[Any]) -> dict[str, int]:
    """The extents of the symbols of a function, from the shapes of its arguments."""
    if len(args) != len(fn.params):
        raise TypeError(f"{fn.name} takes {len(fn.params)} arguments, got {len(args)}")
    bound: dict[str, int] = {}
    pending: list[tuple[Dim, int]] = []
    for param, arg in zip(fn.params, args, strict=True):
        if param.type.tape:
            continue
        if np.ndim(arg) != param.type.rank:
            raise TypeError(f"{fn.name}: %{param.hint} is {param.type}, got an array of rank {np.ndim(arg)}")
        if param.type.is_array and np.asarray(arg).dtype != param.type.numpy:
            raise TypeError(f"{fn.name}: %{param.hint} is {param.type}, got {np.asarray(arg).dtype}")
        pending += zip(param.type.shape, np.shape(arg), strict=True)
    # bare symbols first, then symbols that a linear extent determines
    for dim, extent in sorted(pending, key=lambda p: len(p[0].terms)):
        _solve(dim, extent, bound)
    return bound


def _solve(dim: Dim, extent: int, bound: dict[str, int]) -> None:
    unbound = [(m, c) for m, c in dim.terms if len(m) == 1 and isinstance(m[0], str) and m[0] not in bound]
    if len(unbound) != 1:
        return
    (symbol,), coefficient = unbound[0]
    rest = dim - Dim.of(symbol) * coefficient
    if isinstance(symbol, str) and all(isinstance(a, str) and a in bound for a in rest.atoms()):
        bound[symbol] = (extent - rest.evaluate(lambda a: bound[a])) // coefficient


class _Frame:
    """One activation of a function: its values and symbols."""

    def __init__(self, symbols: dict[str, int], callees: Mapping[str, Function]):
        self.symbols = symbols
        self.callees = callees
        self.env: dict[Value, Any] = {}
        self._own: dict[str, Callable[[Op, list[Any]], Sequence[Any]]] = {
            "if": self._if,
            "for": self._for,
            "while": self._while,
            "call": self._call,
            "check": self._check,
            "print": self._print,
            "load": lambda op, xs: [indexing.load(xs[0], self.attr(op.attrs["index"]), xs[1:])],
            "store": lambda op, xs: [indexing.store(xs[0], self.attr(op.attrs["index"]), xs[1:-1], xs[-1])],
            "accum": lambda op, xs: [indexing.accum(xs[0], self.attr(op.attrs["index"]), xs[1:-1], xs[-1])],
            "extent": lambda op, xs: [self.dim(op.attrs["dim"])],
            # a tape is a linked list, so that pushing makes a new one
            "tape_new": lambda op, xs: [()],
            "tape_push": lambda op, xs: [(xs[0], np.array(xs[1]))],
            "tape_pop": self._tape_pop,
        }

    # -- values -----------------------------------------------------------------------------------
    def operand(self, x: Operand) -> Any:
        if isinstance(x, Const):
            return self.conform(x.value, x.type, "constant")
        return self.value(x)

    def value(self, x: Value) -> Any:
        try:
            return self.env[x]
        except KeyError:
            raise InternalError(f"{x!r} is read where it has no value") from None

    def dim(self, dim: Dim) -> int:
        if dim.is_const:
            return dim.const
        return dim.evaluate(lambda a: self.symbols[a] if isinstance(a, str) else int(self.value(a)))

    def attr(self, a: Any) -> Any:
        """An attribute with the numbers of its extents."""
        if isinstance(a, Dim):
            return self.dim(a)
        if isinstance(a, Span):
            return Span(self.dim(a.start), self.dim(a.size), a.step)  # type: ignore[arg-type]
        if isinstance(a, tuple) and not isinstance(a, (At, New, Gather)):
            return tuple(self.attr(x) for x in a)
        return a

    def conform(self, x: Any, type: Type, what: str) -> Any:
        """`x` with the dtype of its type; its shape must be that of the type."""
        if type.tape:
            return x
        if type.shape:
            x = np.asarray(x).astype(type.numpy, copy=False)
            declared = tuple(self.dim(d) for d in type.shape)
            if x.shape != declared:
                error = ValueError if what.startswith("argument") else InternalError
                raise error(f"{what} of type {type} should have shape {declared}, but has {x.shape}")
            return x
        if np.ndim(x):
            raise InternalError(f"{what} of type {type} has shape {np.shape(x)}")
        if type.weak:
            return float(x) if type.is_float else bool(x) if type.is_bool else int(x)
        return np.asarray(x).astype(type.numpy)[()]

    # -- ops --------------------------------------------------------------------------------------
    def region(self, region: Region) -> list[Any]:
        """Run the ops of a region whose parameters are set; its yields. Its values end with it."""
        for op in region.ops:
            self.op(op)
        yields = [self.operand(y) for y in region.yields]
        for op in region.ops:
            for r in op.results:
                self.env.pop(r, None)
        return yields

    def op(self, op: Op) -> None:
        operands = [self.operand(x) for x in op.operands]
        if op.opcode in self._own:
            results = self._own[op.opcode](op, operands)
        else:
            attrs = {k: self.attr(v) for k, v in op.attrs.items()}
            result = opdef(op.opcode).evaluate(attrs, *operands)
            results = [result] if len(op.results) == 1 else result
        for value, result in zip(op.results, results, strict=True):
            self.env[value] = self.conform(result, value.type, f"the result of {op.opcode}")

    def _with_params(self, region: Region, params: Sequence[Any]) -> list[Any]:
        for param, x in zip(region.params, params, strict=True):
            self.env[param] = self.conform(x, param.type, f"region parameter %{param.hint}")
        yields = self.region(region)
        for param in region.params:
            del self.env[param]
        return yields

    def _if(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        return self._with_params(op.regions[0 if operands[0] else 1], ())

    def _for(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        lo, hi, step, *carries = operands
        may_stop = op.attrs.get("stop", False)
        trips = 0
        for i in range(int(lo), int(hi), int(step)):
            yields = self._with_params(op.regions[0], [i, *carries])
            trips += 1
            carries = yields[1:] if may_stop else yields
            if may_stop and yields[0]:
                break
        return [trips, *carries] if may_stop else carries

    def _while(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        carries = operands
        trips = 0
        while self._with_params(op.regions[0], carries)[0]:
            carries = self._with_params(op.regions[1], carries)
            trips += 1
        return [trips, *carries] if op.attrs.get("counted", False) else carries

    def _call(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        return _run(self.callees[op.attrs["callee"]], operands, self.callees)

    def _check(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        if not operands[0]:
            error = exception_class(op.attrs["error"])(op.attrs["message"].format(*operands[1:]))
            if op.loc.line > 0:
                error.add_note(place_note(op.loc.file, op.loc.line, op.loc.col, op.loc.end_col))
            raise error
        return []

    def _print(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        print(op.attrs["template"].format(*operands), end=op.attrs.get("end", "\n"))
        return []

    def _tape_pop(self, op: Op, operands: list[Any]) -> Sequence[Any]:
        if not operands[0]:
            raise InternalError("pop of an empty tape", op.loc)
        return list(operands[0])
