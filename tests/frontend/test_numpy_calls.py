"""Every entry of the NumPy table against NumPy itself: values, dtypes, shapes and errors.

A case is a callable (or a method name), arguments and keyword arguments. Arrays, NumPy scalars and `Run`
are run-time inputs of the program; everything else is known when it is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

import pullback
from pullback.errors import PullbackError, UnsupportedError
from pullback.frontend import numpy_calls
from pullback.frontend.session import Session
from pullback.frontend.values import Array, BoundMethod, Cell, ListValue, is_operand
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import Const, Function, Loc, Value
from pullback.ir.types import FROM_NUMPY, Type
from pullback.ir.verifier import verify

from .contexts import make_context

LOC = Loc("case.py", 1, 0, 0)


@dataclass(frozen=True)
class Run:
    """A Python number that is known at run time only."""

    value: float | int | bool


class Program:
    """Builds one call, and evaluates it."""

    def __init__(self, constant: bool = False) -> None:
        self.ctx = make_context(Session())
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


# -- operands of every dtype ---------------------------------------------------------------------------
DTYPES = [np.float64, np.float32, np.int64, np.int32]


def data(dtype: Any, *shape: int, low: float = -3.0, high: float = 4.0, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).uniform(low, high, shape)
    return (np.round(values) if np.dtype(dtype).kind in "iu" else values).astype(dtype)


UNARY = [
    np.negative, np.abs, np.fabs, np.sign, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.arctan,
    np.sinh, np.cosh, np.tanh, np.arcsinh, np.floor, np.ceil, np.rint, np.trunc, np.cbrt, np.isnan, np.isinf, np.isfinite,
    np.logical_not, np.positive, np.round, np.fix, scipy.special.expit, scipy.special.erf, scipy.special.erfc,
    np.deg2rad, np.degrees, np.sinc, np.signbit, np.nan_to_num, np.conj,
]  # fmt: skip
POSITIVE = [np.sqrt, np.log, np.log2, np.log10, np.log1p, scipy.special.gammaln, scipy.special.digamma]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", UNARY, ids=numpy_calls.name_of)
def test_unary(function: Any, dtype: Any) -> None:
    check(function, data(dtype, 3, 4))
    check(function, dtype(2))
    check(function, Run(0.5 if np.dtype(dtype).kind == "f" else 2))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", POSITIVE, ids=numpy_calls.name_of)
def test_unary_of_positive(function: Any, dtype: Any) -> None:
    check(function, data(dtype, 5, low=1.0, high=6.0))
    check(function, dtype(2))
    check(function, Run(2.0))


@pytest.mark.parametrize("function", [np.arcsin, np.arccos, np.arctanh, scipy.special.logit], ids=numpy_calls.name_of)
def test_unary_of_unit_interval(function: Any) -> None:
    check(function, data(np.float64, 6, low=0.1, high=0.9))
    check(function, data(np.float32, 6, low=0.1, high=0.9))


def test_unary_elsewhere() -> None:
    check(np.arccosh, data(np.float64, 4, low=1.5, high=4.0))
    check(np.reciprocal, data(np.float32, 4, low=1.5, high=4.0))
    check(np.invert, data(np.int32, 4))
    check(np.invert, np.array([True, False]))
    check(np.modf, np.array([1.5, -2.25, 3.0, -np.inf]))
    check(np.sinc, np.array([0.0, 0.5]))
    check(np.nan_to_num, np.array([np.nan, np.inf, -np.inf, 1.0], np.float32))
    check(np.nan_to_num, np.array([np.nan, np.inf]), nan=2.0, posinf=7.0)
    check(np.round, data(np.float64, 5), 2)
    check(np.round, data(np.float32, 5) * 100, -1)
    check("round", data(np.float64, 5), decimals=1)
    check(np.sin, data(np.float32, 3), dtype=np.float64)


BINARY = [
    np.add, np.subtract, np.multiply, np.true_divide, np.floor_divide, np.mod, np.fmod, np.maximum, np.minimum, np.fmax,
    np.fmin, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or,
    np.logical_xor, np.arctan2, np.hypot, np.copysign, np.logaddexp, np.logaddexp2, np.divmod, np.float_power, np.power,
    np.heaviside,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", BINARY, ids=numpy_calls.name_of)
def test_binary(function: Any, dtype: Any) -> None:
    a, b = data(dtype, 3, 4, low=1.0), data(dtype, 4, low=1.0, high=3.0, seed=1)
    check(function, a, b)
    check(function, a, data(np.float64, 3, 1, low=1.0, seed=2))
    check(function, a, 2)
    check(function, 2.5, b)
    check(function, Run(1.5), b)
    check(function, dtype(2), Run(3))
    check(function, Run(2), Run(3.5))


@pytest.mark.parametrize("function", [np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift])
def test_bitwise(function: Any) -> None:
    check(function, np.array([6, 3, 5]), np.array([1, 2, 3]))
    check(function, np.array([6, 3], np.int32), 1)
    if function not in (np.left_shift, np.right_shift):
        check(function, np.array([True, False]), np.array([True, True]))


def test_booleans() -> None:
    a, b = np.array([True, False, True]), np.array([True, True, False])
    for function in (np.add, np.multiply, np.maximum, np.minimum, np.logical_and, np.equal):
        check(function, a, b)
    for function in (np.sum, np.prod, np.mean, np.max, np.min, np.any, np.all, np.argmax, np.cumsum):
        check(function, a)
    with pytest.raises(TypeError):
        pull(np.subtract, (a, b), {})
    with pytest.raises(TypeError):
        pull(np.negative, (a,), {})


# -- everything else: one row per call -----------------------------------------------------------------
A = data(np.float64, 3, 4)
F = data(np.float32, 3, 4)
K = data(np.int64, 3, 4)
V = data(np.float64, 4, seed=3)
W = data(np.float64, 5, seed=4)
C = data(np.float64, 2, 3, 4, seed=5)
S = data(np.float64, 4, 4, seed=6)
N = np.array([[1.0, np.nan, 2.0], [3.0, -1.0, np.nan]])

REDUCTIONS = [
    np.sum,
    np.prod,
    np.mean,
    np.max,
    np.min,
    np.any,
    np.all,
    np.var,
    np.std,
    np.ptp,
    np.amax,
    np.amin,
]
ROWS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []


def row(function: Any, *args: Any, **kwargs: Any) -> None:
    ROWS.append((function, args, kwargs))


for _f in REDUCTIONS:
    for _x in (A, F, K, V.astype(np.int32)):
        row(_f, _x)
        row(_f, _x, axis=0)
        row(_f, _x, axis=-1, keepdims=True)
    row(_f, C, axis=(0, 2))
    row(_f, C, axis=(0, 2), keepdims=True)
    row(_f, np.float32(2.5))
for _name in ("sum", "prod", "mean", "max", "min", "any", "all", "var", "std"):
    row(_name, A)
    row(_name, A, 0)
    row(_name, F, axis=1, keepdims=True)
for _name in ("argmax", "argmin"):
    row(_name, A)
    row(getattr(np, _name), K, axis=1)
    row(getattr(np, _name), A, keepdims=True)
row(np.sum, F, dtype=np.float64)
row(np.sum, K, dtype=np.int8)
row(np.cumsum, K, dtype=np.int16)
row(np.sum, [1.0, 2.5, np.float64(4.0)])
row(np.prod, (2, 3))
row(np.mean, K, dtype=np.float32)
row(np.var, A, ddof=1)
row(np.std, F, axis=0, ddof=1)
row(np.count_nonzero, K)
row(np.count_nonzero, K, axis=0)
for _f in (np.cumsum, np.cumprod):
    for _x in (A, F, K, V.astype(np.int32)):
        row(_f, _x)
        row(_f, _x, axis=0)
row("cumsum", A, 1)
row(np.add.reduce, A)
row(np.multiply.reduce, A, axis=1)
row(np.maximum.reduce, A)
row(np.minimum.reduce, A, axis=None)
row(np.logical_and.reduce, K > 0)
row(np.logical_or.reduce, K > 0, axis=1)
row(np.add.accumulate, A)
row(np.multiply.accumulate, A, axis=1)
for _f in (np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanprod, np.nanvar, np.nanstd):
    row(_f, N)
    row(_f, N.astype(np.float32), axis=0)
    row(_f, N, axis=1, keepdims=True)
row(np.average, A)
row(np.average, A, axis=1, weights=np.abs(V))
row(np.average, A, weights=A)
row(scipy.special.logsumexp, A)
row(scipy.special.logsumexp, A, axis=1)
row(scipy.special.logsumexp, A, axis=0, keepdims=True)
row(scipy.special.softmax, A, axis=1)
row(scipy.special.log_softmax, A, axis=-1)
row(scipy.special.xlogy, np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 3.0]))
row(scipy.special.entr, np.array([0.0, 0.5, -1.0, np.nan]))

row(np.where, A > 0, A, 0.0)
row(np.where, A > 0, F, 0.0)
row(np.where, K > 0, 1, 2.5)
row(np.where, V > 0, V, W[:4])
row(np.where, np.float64(1.0), 2.0, V)
row(np.where, V > 0)
row(np.flatnonzero, A > 0)
row(np.clip, A, -1.0, 1.0)
row(np.clip, F, -1.0, 1.0)
row(np.clip, K, None, 2)
row(np.clip, A, V, None)
row(np.clip, K, 0.5, 2.5)
row("clip", A, 0.0, 1.0)
row("clip", A, min=0.0)
row(np.isclose, A, A + 1e-9)
row(np.allclose, A, A + 1e-9)
row(np.array_equal, A, A)
row(np.array_equal, A, V)

row(np.dot, V, V)
row(np.dot, A, V)
row(np.dot, A, A.T.copy())
row(np.dot, 2.0, A)
row(np.dot, C, V)
row(np.dot, V, data(np.float64, 2, 4, 3))
row(np.dot, F, V)
row("dot", A, V)
row(np.matmul, A, V)
row(np.matmul, C, S)
row(np.matmul, K, K.T.copy())
row(np.inner, A, V)
row(np.inner, V, V)
row(np.outer, V, W)
row(np.vdot, A, A)
row(np.vecdot, A, V)
row(np.kron, A, S)
row(np.kron, V, W)
row(np.tensordot, C, A)
row(np.tensordot, C, S, axes=1)
row(np.tensordot, C, data(np.float64, 4, 2, 6), axes=([2, 0], [0, 1]))
row(np.tensordot, V, W, axes=0)
row(np.add.outer, V, W)
row(np.multiply.outer, A, W)
row(np.maximum.outer, V, W)
for _subscripts, _operands in [
    ("ij->ji", (A,)), ("ij->", (A,)), ("ij->i", (A,)), ("ii->i", (S,)), ("ii", (S,)), ("ij,jk->ik", (A, S)),
    ("ij,ij->", (A, A)), ("ij,ij->i", (A, A)), ("i,j->ij", (V, W)), ("i,i->", (V, V)), ("bij,jk->bik", (C, S)),
    ("bij,bij->b", (C, C)), ("bij,bkj->bik", (C, C)), ("ij,jk,kl->il", (A, S, S)), ("ij,j", (A, V)),
    ("...j,j->...", (C, V)), ("...ij,...kj->...ik", (C, C)), ("i,ij,j->", (A[:, 0].copy(), A, V)),
    ("ijk,ijk->", (C, C)), ("ij,kj->ikj", (A, A)), ("ij,k->", (A, W)), ("ij,jk", (F, S)),
]:  # fmt: skip
    row(np.einsum, _subscripts, *_operands)
row(np.linalg.norm, V)
row(np.linalg.norm, A)
row(np.linalg.norm, A, axis=1)
row(np.linalg.norm, F, axis=0, keepdims=True)
for _order in (1, 2, 3, np.inf, -np.inf, 0):
    row(np.linalg.norm, V, _order)
for _order in ("fro", 1, -1, np.inf):
    row(np.linalg.norm, A, _order)
row(np.linalg.matrix_power, S, 5)
row(np.linalg.multi_dot, [A, S, V])
row(np.cross, data(np.float64, 5, 3), data(np.float64, 5, 3, seed=9))
row(np.cross, data(np.float64, 3), data(np.float64, 3, seed=9))
row(np.trapezoid, A)
row(np.trapezoid, A, dx=0.5, axis=0)
row(np.trapezoid, A, np.cumsum(np.abs(V)))
row(np.gradient, W)
row(np.gradient, W, 0.5)
row(np.gradient, S)
row(np.gradient, F, axis=1)
row(np.gradient, W, edge_order=2)
for _mode in ("full", "same", "valid"):
    row(np.convolve, W, V, _mode)
    row(np.convolve, V, W, _mode)
    row(np.correlate, W, V, _mode)
row(np.interp, data(np.float64, 6, low=-1.0, high=6.0), np.arange(5.0), W)
row(np.interp, data(np.float64, 6, low=-1.0, high=6.0), np.arange(5.0), W, left=7.0, right=-7.0)

row(np.transpose, A)
row(np.transpose, C, (1, 2, 0))
row("transpose", C)
row("transpose", C, 2, 0, 1)
row("transpose", C, (2, 0, 1))
row(np.swapaxes, C, 0, -1)
row("swapaxes", C, 0, 1)
row(np.moveaxis, C, 0, -1)
row(np.moveaxis, C, (0, 1), (-1, 0))
row(np.rollaxis, C, 2)
row(np.matrix_transpose, C)
row(np.reshape, A, (4, 3))
row(np.reshape, A, -1)
row(np.reshape, A, (2, -1))
row(np.reshape, A, (2, 6), order="F")
row("reshape", A, 12)
row("reshape", A, 2, 2, 3)
row("reshape", A, (-1, 2))
row(np.ravel, A)
row("ravel", A)
row("ravel", A, "F")
row("flatten", C)
row(np.squeeze, A[:, :1].copy())
row(np.squeeze, A[:1].copy(), axis=0)
row(np.expand_dims, A, 0)
row(np.expand_dims, A, (0, -1))
for _f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    for _x in (np.float64(2.0), V, A, C):
        row(_f, _x)
row(np.broadcast_to, V, (3, 4))
row(np.broadcast_arrays, A, V)
row(np.concatenate, (A, A))
row(np.concatenate, [A, F, K], axis=1)
row(np.concatenate, [A, V.reshape(1, 4)])
row(np.concatenate, [A, V], axis=None)
for _axis in (0, 1, -1):
    row(np.stack, [A, F], axis=_axis)
row(np.stack, [np.float64(1.0), np.float64(2.0)])
for _f in (np.vstack, np.hstack, np.dstack, np.column_stack):
    row(_f, [V, V])
    row(_f, [A, A])
row(np.hstack, [F[0].copy(), 1.0])
row(np.append, V, 2.0)
row(np.split, A, 2, axis=1)
row(np.split, W, [1, 3])
row(np.array_split, W, 3)
row(np.array_split, W, 2)
row(np.hsplit, A, 2)
row(np.vsplit, S, 2)
for _axis in (None, 0, 1, (0, 1)):
    row(np.flip, A, axis=_axis)
row(np.flipud, A)
row(np.fliplr, A)
for _k in range(-1, 5):
    row(np.rot90, A, _k)
for _shift in (0, 1, -1, 2, 7, -9):
    row(np.roll, W, _shift)
    row(np.roll, A, _shift)
    row(np.roll, A, _shift, axis=1)
row(np.roll, W, Run(2))
row(np.roll, W, Run(-7))
row(np.roll, A, (1, 2), axis=(0, 1))
row(np.tile, V, 3)
row(np.tile, A, (2, 2))
row(np.tile, V, (2, 1, 3))
row(np.repeat, A, 3)
row(np.repeat, A, 2, axis=0)
row("repeat", V, 2)
for _mode in ("constant", "edge", "wrap", "reflect", "symmetric"):
    row(np.pad, W, 2, mode=_mode)
    row(np.pad, A, ((1, 0), (2, 3)), mode=_mode)
row(np.pad, A, 1, constant_values=2.5)
row(np.take, W, np.array([0, 2, -1]))
row(np.take, A, np.array([[0, 2], [1, 1]]), axis=1)
row(np.take, A, 1, axis=0)
row(np.take, W, np.array([0, 9, -9]), mode="clip")
row(np.take, W, np.array([0, 9, -9]), mode="wrap")
row("take", W, [0, 1])
row(np.take_along_axis, A, np.argsort(A, axis=1), axis=1)
row(np.take_along_axis, A, np.argmax(A, axis=0, keepdims=True), axis=0)
for _k in (0, 1, -1, 2):
    row(np.diag, A, _k)
    row(np.diag, V, _k)
    row(np.diagonal, A, _k)
    row(np.trace, A, _k)
    row(np.tril, A, _k)
    row(np.triu, K, _k)
    row(np.eye, 3, 4, _k)
    row(np.tri, 3, 4, _k)
row(np.diagonal, C, axis1=1, axis2=2)
row("trace", A)
row(np.diff, W)
row(np.diff, A, axis=0)
row(np.diff, W, 2)
row(np.diff, W, prepend=0.0)
row(np.diff, K > 0)
row(np.ediff1d, A)
row(np.delete, W, 1)
row(np.delete, W, -1)

for _f in (np.zeros, np.ones):
    row(_f, 3)
    row(_f, (2, 3), np.float32)
    row(_f, [2, 3], dtype=int)
    row(_f, ())
row(np.full, (2, 3), 1.5)
row(np.full, 3, 2)
row(np.full, 3, Run(2.5), dtype=np.float32)
row(np.full, (3, 4), V)
for _f in (np.zeros_like, np.ones_like):
    row(_f, A)
    row(_f, F)
    row(_f, K)
    row(_f, K, dtype=float)
    row(_f, A, shape=(2, 2))
    row(_f, np.float32(3.0))
row(np.full_like, K, 1.5)
row(np.full_like, A, Run(2))
row(np.arange, 5)
row(np.arange, 2, 9, 3)
row(np.arange, 9, 2, -3)
row(np.arange, Run(5))
row(np.arange, Run(2), Run(7))
row(np.arange, 5.0)
row(np.arange, 0.0, 1.0, 0.1)
row(np.arange, Run(0.0), Run(1.0), Run(0.25))
row(np.arange, 5, dtype=np.float32)
row(np.linspace, 0.0, 1.0, 7)
row(np.linspace, 0, 10)
row(np.linspace, Run(1.0), Run(2.0), 5)
row(np.linspace, 0.0, 1.0, 5, endpoint=False)
row(np.linspace, 0.0, 1.0, 1)
row(np.linspace, 0.0, 1.0, 0)
row(np.linspace, 0.0, 1.0, Run(6))
row(np.linspace, 0.0, 1.0, 5, retstep=True)
row(np.logspace, 0.0, 2.0, 5)
row(np.identity, 3)
row(np.meshgrid, V, W)
row(np.meshgrid, V, W, indexing="ij")
row(np.meshgrid, V, W, sparse=True)
row(np.indices, (2, 3))
row(np.array, [1.0, 2.0])
row(np.array, [[1, 2], [3, 4]])
row(np.array, [Run(1.0), np.float64(2.0)])
row(np.array, [V, V])
row(np.array, A, dtype=np.float32)
row(np.array, V, ndmin=2)
row(np.asarray, A)
row(np.asarray, [1, 2, Run(3)])
row(np.asarray, K, float)
row(np.copy, A)
row("copy", A)
for _t in (float, int, bool, np.float32, np.int32, np.int8, "float64"):
    row("astype", A, _t)
    row("astype", K, _t)
for _t in (np.float64, np.float32, np.int64, np.int32, np.bool_):
    row(_t, Run(2.7))
    row(_t, np.float64(-2.7))
    row(_t, A)
row("item", np.array([2.5]))
row("item", np.float32(2.5))
row("conj", A)
row(np.shape, A)
row(np.ndim, A)
row(np.size, A)
row(np.size, A, 1)
row(np.result_type, A, F)
row(np.finfo, np.float32)

for _f in (abs, float, int, bool, round):
    for _x in (Run(2.5), Run(-3.7), np.float64(3.5), Run(2)):
        row(_f, _x)
row(abs, A)
row(round, np.float64(2.345), 1)
row(max, Run(1.0), Run(2.0))
row(max, Run(math.nan), Run(2.0))
row(min, Run(2.0), Run(math.nan))
row(min, Run(1.0), 0.0, Run(-1.0))
row(max, (Run(1), Run(5), 3))
row(max, np.array([1.0, 3.0]))
row(max, W)
row(min, W)
row(sum, [Run(1.0), Run(2.0)])
row(sum, [V, V])
row(sum, W)
row(sum, A)
row(sum, np.array([1, 2, 3, 4, 5], np.int32))
row(sum, (Run(1.0), 2), 3)
row(divmod, Run(7.5), Run(2.0))
row(divmod, A, 2.0)
row(pow, Run(2.0), Run(3.0))
row(any, [Run(False), Run(True)])
row(all, [Run(True), Run(True)])
row(all, W > -9)
row(len, W)
row(len, [1, 2])
for _name in (
    "sqrt",
    "exp",
    "log",
    "log2",
    "log10",
    "log1p",
    "expm1",
    "cosh",
    "erf",
    "lgamma",
    "atan",
    "cbrt",
    "exp2",
    "fabs",
):
    row(getattr(math, _name), Run(1.7))
    row(getattr(math, _name), np.float32(1.75))
for _name in ("asin", "acos", "atanh", "tan", "radians", "degrees", "modf"):
    row(getattr(math, _name), Run(0.6))
for _name in ("floor", "ceil", "trunc", "isnan", "isinf", "isfinite"):
    row(getattr(math, _name), Run(-2.6))
    row(getattr(math, _name), Run(3))
for _name in ("atan2", "pow", "fmod", "copysign", "hypot"):
    row(getattr(math, _name), Run(2.5), Run(-3.0))
row(math.hypot, Run(1.0), Run(2.0), Run(3.0))
row(math.log, Run(8.0), 2)
row(math.dist, (Run(1.0), 2.0), (Run(4.0), 6.0))
row(math.prod, [Run(2.0), Run(3.0)])
row(math.fsum, W)
row(math.isclose, Run(1.0), Run(1.0 + 1e-12))
row(math.factorial, 5)
row(math.sqrt, 2.0)
row(np.sqrt, 2.0)
row(np.finfo, np.float64)


def row_name(case: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> str:
    function = case[0]
    return function if isinstance(function, str) else numpy_calls.name_of(function)


@pytest.mark.parametrize("case", ROWS, ids=row_name)
def test_call(case: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> None:
    function, args, kwargs = case
    check(function, *args, **kwargs)


# -- attributes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["T", "shape", "ndim", "size", "real", "itemsize", "nbytes", "dtype"])
def test_attribute(name: str) -> None:
    read = numpy_calls.attribute(name)
    assert read is not None
    assert_same(run(lambda p: read(p.ctx, p.abstract(A))), getattr(A, name))


# -- writing -------------------------------------------------------------------------------------------
def after(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The first argument after a call that writes to it."""

    def call(p: Program) -> Any:
        values = [p.abstract(a) for a in args]
        p.call(function, values, {k: values[0] if v is args[0] else p.abstract(v) for k, v in kwargs.items()})
        return values[0]

    return run(call)


def test_out_writes_the_array() -> None:
    a = V.copy()
    assert_same(after(np.sin, a, out=a), np.sin(V))
    assert_same(after(np.add, a, 1.0, out=a), V + 1.0)
    assert_same(after("fill", a, 2.0), np.full(4, 2.0))
    assert_same(after(np.copyto, a, 3), np.full(4, 3.0))


def test_at_accumulates_repeated_indices() -> None:
    index, values = np.array([0, 2, 0, -1]), np.array([1.0, 2.0, 3.0, 4.0])
    want = W.copy()
    np.add.at(want, index, values)
    assert_same(after(np.add.at, W, index, values), want)
    np.subtract.at(want, index, 1.0)
    got = after(np.subtract.at, after(np.add.at, W, index, values), index, 1.0)
    assert_same(got, want)
    grid = A.copy()
    np.add.at(grid, (np.array([0, 0]), np.array([1, 1])), 1.5)
    assert_same(after(np.add.at, A, (np.array([0, 0]), np.array([1, 1])), 1.5), grid)


def written_through(make: Callable[[Any], Any], view: Callable[[Program, Array], Array], x: Any) -> None:
    """A write to what `view` gives is seen in x just as with NumPy's `make`."""
    want = x.copy()
    make(want)[...] = 7.0

    def call(p: Program) -> Any:
        a = p.abstract(x)
        p.ctx.write(view(p, a), 7.0)
        return a

    assert_same(run(call), want)


def calling(function: Any, *args: Any, **kwargs: Any) -> Callable[[Program, Any], Any]:
    return lambda p, a: p.call(function, [a, *args], dict(kwargs))


def test_views_are_views_and_copies_are_copies() -> None:
    written_through(lambda x: x.T, calling(np.transpose), A)
    written_through(lambda x: x.reshape(-1), calling("reshape", -1), A)
    written_through(lambda x: x.T.reshape(-1), lambda p, a: calling("reshape", -1)(p, calling(np.transpose)(p, a)), A)
    written_through(lambda x: x.ravel(), calling("ravel"), A)
    written_through(lambda x: x.T.ravel(), lambda p, a: calling("ravel")(p, calling(np.transpose)(p, a)), A)
    written_through(lambda x: x.flatten(), calling("flatten"), A)
    written_through(lambda x: np.flip(x, 0), calling(np.flip, 0), A)
    written_through(lambda x: np.flip(x).ravel(), lambda p, a: calling("ravel")(p, calling(np.flip)(p, a)), W)
    written_through(lambda x: np.flip(x).reshape(-1), lambda p, a: calling("reshape", -1)(p, calling(np.flip)(p, a)), W)
    written_through(lambda x: x.astype(float), calling("astype", float), A)
    written_through(lambda x: np.asarray(x), calling(np.asarray), A)
    written_through(lambda x: np.array(x), calling(np.array), A)
    written_through(lambda x: np.squeeze(x), calling(np.squeeze), A[:, :1].copy())
    written_through(lambda x: np.split(x, 2, axis=1)[1], lambda p, a: calling(np.split, 2, axis=1)(p, a).items[1], A)
    written_through(lambda x: np.roll(x, 0), calling(np.roll, 0), W)
    written_through(lambda x: np.diff(x, 0), calling(np.diff, 0), W)


# -- errors --------------------------------------------------------------------------------------------
EMPTY = np.zeros((0, 3))
REFUSED = [
    (np.sum, (A,), {"axis": 2}, ValueError, "axis 2 is out of bounds for array of dimension 2"),
    (np.sum, (A,), {"axis": (0, 0)}, ValueError, "duplicate value"),
    (np.sum, (A,), {"axes": 0}, TypeError, "a, axis=None, dtype=None"),
    (np.sum, (A,), {"where": A}, NotImplementedError, "'where' is not supported"),
    (np.sum, (), {}, TypeError, "np.sum"),
    (
        np.max,
        (np.zeros(0),),
        {},
        ValueError,
        "zero-size array to reduction operation maximum which has no identity",
    ),
    (np.argmax, (np.zeros(0),), {}, ValueError, "empty sequence"),
    (np.add, (A, W), {}, ValueError, "could not be broadcast together"),
    (np.reshape, (A, (5, -1)), {}, ValueError, "cannot reshape array"),
    (np.reshape, (A, (5, 2)), {}, ValueError, "cannot reshape array"),
    (np.reshape, (A, (-1, -1)), {}, ValueError, "one unknown dimension"),
    (np.matmul, (A, W), {}, ValueError, "matmul"),
    (np.matmul, (A, 2.0), {}, ValueError, "scalar"),
    (np.concatenate, ([A, W.reshape(1, 5)],), {}, ValueError, "must match exactly"),
    (np.concatenate, ([A, V],), {}, ValueError, "dimensions must match"),
    (np.stack, ([V, W],), {}, ValueError, "must match"),
    (np.split, (W, 2), {}, ValueError, "equal division"),
    (np.zeros, (-1,), {}, ValueError, "negative dimensions"),
    (np.zeros, (2,), {"dtype": complex}, NotImplementedError, "complex128"),
    (np.power, (K, -1), {}, ValueError, "negative integer powers"),
    (np.sort, (A,), {}, NotImplementedError, "np.sort is not supported"),
    (np.random.rand, (), {}, NotImplementedError, "pass them in"),
    (np.fft.fft, (A,), {}, NotImplementedError, "np.fft.fft is not supported"),
    (np.linalg.svd, (A,), {}, NotImplementedError, "np.linalg.svd is not supported"),
    (scipy.special.jv, (1, A), {}, NotImplementedError, "scipy.special.jv is not supported"),
    (np.exp, (np.zeros(2, np.int8),), {}, NotImplementedError, "float16"),
    (max, (A, A), {}, ValueError, "ambiguous"),
    (float, (A,), {}, TypeError, "one element"),
    (math.sin, (A,), {}, TypeError, "takes a number"),
    (complex, (1.0, 2.0), {}, NotImplementedError, "complex"),
    (np.einsum, ("ij,j->i", A, W), {}, ValueError, "extents of one subscript"),
    (np.linalg.norm, (A, 2), {}, NotImplementedError, "not supported"),
    ("tolist", (A,), {}, NotImplementedError, "tolist"),
    ("sort", (A,), {}, NotImplementedError, "ndarray.sort is not supported"),
]


@pytest.mark.parametrize("case", REFUSED, ids=row_name)
def test_refusal(case: Any) -> None:
    function, args, kwargs, error, text = case
    with pytest.raises(error) as caught:
        pull(function, args, kwargs)
    assert text in str(caught.value)
    if isinstance(caught.value, PullbackError):
        assert caught.value.loc is LOC


def test_errors_at_run_time() -> None:
    for function, args, error in [
        (int, (Run(math.nan),), ValueError),
        (int, (Run(math.inf),), OverflowError),
        (math.log, (Run(-1.0),), ValueError),
        (math.sqrt, (Run(-1.0),), ValueError),
        (np.zeros, (Run(-2),), ValueError),
        (np.power, (K, np.array([-1, 1, 1, 1])), ValueError),
        (np.take, (W, np.array([7])), IndexError),
        (np.linspace, (0.0, 1.0, Run(-1)), ValueError),
    ]:
        with pytest.raises(error):
            pull(function, args, {})


def test_unknown_names_are_not_ours() -> None:
    assert numpy_calls.lookup(test_refusal) is None
    assert numpy_calls.lookup([]) is None
    assert numpy_calls.method("no_such_method") is None
    assert numpy_calls.attribute("sum") is None


def test_refused_names_suggest_a_neighbour() -> None:
    with pytest.raises(UnsupportedError, match=r"np\.cumprod|np\.nanprod"):
        pull(np.nancumprod, (A,), {})


def test_constants_fold() -> None:
    assert pull(math.sqrt, (2.0,), {}) == math.sqrt(2.0)
    assert isinstance(pull(np.sqrt, (2.0,), {}), np.float64)
    with pytest.raises(ValueError):  # raised when it is reached, not when it is built
        pull(math.log, (0.0,), {})


def test_extents_stay_extents() -> None:
    """``np.zeros(np.prod(x.shape))`` has the size of x for every x."""

    def call(p: Program) -> Any:
        a = p.abstract(A)
        shape = numpy_calls.attribute("shape")(p.ctx, a)  # type: ignore[misc]
        flat = p.call(np.zeros, [p.call(np.prod, [shape], {})], {})
        assert p.ctx.shape(flat) == p.ctx.shape(calling("ravel")(p, a))
        return flat

    assert_same(run(call), np.zeros(12))


def test_operands_are_consts_or_values() -> None:
    program = Program()
    zero = calling(np.zeros)(program, ())
    assert isinstance(zero, Const)


# -- derivatives: one definition gives the value and the gradient ---------------------------------------
def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient by way of the reverse transform and the interpreter."""
    return pullback.grad(f)(x)


SMOOTH: list[Callable[[Any], Any]] = [
    lambda x: np.var(x, axis=0, ddof=1).sum(),
    lambda x: np.std(x),
    lambda x: np.linalg.norm(x, axis=1).sum(),
    lambda x: scipy.special.logsumexp(x, axis=1).sum(),
    lambda x: np.einsum("ij,kj->ik", x, x).sum(),
    lambda x: (np.roll(x, 1, axis=0) * x).sum(),
    lambda x: np.sum(np.pad(x, 1, mode="reflect") ** 2),
    lambda x: np.convolve(x[0], x[1]).std(),
    lambda x: np.trapezoid(np.gradient(x, axis=1) ** 2, axis=0).sum(),
    lambda x: np.sum(np.tril(x) ** 3) + np.trace(x),
]


@pytest.mark.parametrize("k", range(len(SMOOTH)))
def test_gradients(k: int) -> None:
    f, x, step = SMOOTH[k], data(np.float64, 3, 4, seed=k), 1e-6
    want = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[place] += step
        behind[place] -= step
        want[place] = (f(ahead) - f(behind)) / (2 * step)
    np.testing.assert_allclose(gradient(f, x), want, rtol=1e-6, atol=1e-7)


def test_std_of_a_constant_and_norm_of_zero_have_gradient_zero() -> None:
    assert_same(gradient(lambda x: np.std(x), np.full(4, 2.0)), np.zeros(4))
    assert_same(gradient(lambda x: np.linalg.norm(x), np.zeros(4)), np.zeros(4))


def test_document_is_up_to_date() -> None:
    """``python -c "from pullback.frontend import numpy_calls as c; print(c.document(), end='')" > docs/numpy.md``"""
    page = Path(__file__).parents[2] / "docs" / "numpy.md"
    assert page.read_text() == numpy_calls.document()
