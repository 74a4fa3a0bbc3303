"""Every entry of the NumPy table against NumPy itself: values, dtypes, shapes, views, errors, gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

import pullback
from pullback.errors import PullbackError, UnsupportedError
from pullback.frontend import numpy_calls
from pullback.frontend.numpy_table import name_of
from pullback.frontend.values import Array
from pullback.ir.nodes import Const

from . import numpy_argument_cases
from .numpy_cases import ROWS, A, C, K, S, V, W
from .numpy_programs import LOC, Program, Run, assert_same, check, data, pull, run

# -- operands of every dtype ---------------------------------------------------------------------------
DTYPES = [np.float64, np.float32, np.int64, np.int32]


UNARY = [
    np.negative, np.abs, np.fabs, np.sign, np.square, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan, np.arctan,
    np.sinh, np.cosh, np.tanh, np.arcsinh, np.floor, np.ceil, np.rint, np.trunc, np.cbrt, np.isnan, np.isinf,
    np.isfinite, np.logical_not, np.positive, np.round, np.fix,
    scipy.special.expit, scipy.special.erf, scipy.special.erfc,
    np.deg2rad, np.degrees, np.sinc, np.signbit, np.nan_to_num, np.conj,
]  # fmt: skip
POSITIVE = [np.sqrt, np.log, np.log2, np.log10, np.log1p, scipy.special.gammaln, scipy.special.digamma]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", UNARY, ids=name_of)
def test_unary(function: Any, dtype: Any) -> None:
    check(function, data(dtype, 3, 4))
    check(function, dtype(2))
    check(function, Run(0.5 if np.dtype(dtype).kind == "f" else 2))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", POSITIVE, ids=name_of)
def test_unary_of_positive(function: Any, dtype: Any) -> None:
    check(function, data(dtype, 5, low=1.0, high=6.0))
    check(function, dtype(2))
    check(function, Run(2.0))


@pytest.mark.parametrize("function", [np.arcsin, np.arccos, np.arctanh, scipy.special.logit], ids=name_of)
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
    np.add, np.subtract, np.multiply, np.true_divide, np.floor_divide, np.mod, np.fmod, np.maximum, np.minimum,
    np.fmax, np.fmin, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor,
    np.arctan2, np.hypot, np.copysign, np.logaddexp, np.logaddexp2, np.divmod, np.float_power, np.power,
    np.heaviside,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("function", BINARY, ids=name_of)
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


# -- one row per call ------------------------------------------------------------------------------------------
def row_name(case: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> str:
    function = case[0]
    return function if isinstance(function, str) else name_of(function)


@pytest.mark.parametrize("case", [*ROWS, *numpy_argument_cases.ROWS], ids=row_name)
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


@pytest.mark.parametrize("values", [3.0, V[::-1], [1.0, 2.0, 3.0, 4.0], V[:1]])
@pytest.mark.parametrize("mask", [V > 0, [True, False, True, True], V > 9])
def test_writing_where_a_mask_is_true(mask: Any, values: Any) -> None:
    want = V.copy()
    np.copyto(want, values, where=mask)
    assert_same(after(np.copyto, V, values, where=mask), want)
    want = V.copy()
    np.place(want, mask, np.ravel(values)[:3])
    assert_same(after(np.place, V, mask, np.ravel(values)[:3]), want)


@pytest.mark.parametrize("value", [V, np.float32(1), 2.5])
def test_copyto_does_not_make_integers_of_floats(value: Any) -> None:
    with pytest.raises(TypeError, match="same_kind"):
        after(np.copyto, np.arange(4), value)


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


def test_put_along_axis() -> None:
    for axis, places, values in [
        (1, np.argsort(A, axis=1)[:, :2], 9.0), (0, np.argmax(A, axis=0)[None], A[:1]), (-1, np.array([[0], [3], [1]]), 1),
        (None, np.array([1, 7]), V[:2]),
    ]:  # fmt: skip
        want = A.copy()
        np.put_along_axis(want, places, values, axis)
        assert_same(after(np.put_along_axis, A, places, values, axis), want)


def test_fill_diagonal_of_a_tall_matrix() -> None:
    for shape in [(9, 4), (9, 3), (3, 5)]:
        want = np.zeros(shape)
        np.fill_diagonal(want, V[:3], wrap=True)
        assert_same(after(np.fill_diagonal, np.zeros(shape), V[:3], wrap=True), want)


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
    (np.sum, (A,), {"where": A}, TypeError, "where must be boolean"),
    (np.exp, (A,), {"where": A > 0}, NotImplementedError, "with where="),
    (np.max, (A,), {"where": A > 0}, ValueError, "does not have an identity"),
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
    (np.quantile, (A, 1.5), {}, ValueError, "must be in the range [0, 1]"),
    (np.quantile, (A, 0.5), {"method": "weibull"}, NotImplementedError, "'weibull' is not supported"),
    (np.linalg.inv, (A,), {}, np.linalg.LinAlgError, "must be square"),
    (np.linalg.inv, (V,), {}, np.linalg.LinAlgError, "at least two-dimensional"),
    (np.linalg.solve, (S, W), {}, ValueError, "mismatch"),
    (np.linalg.inv, (C,), {}, np.linalg.LinAlgError, "must be square"),
    (np.linalg.qr, (A, "complete"), {}, NotImplementedError, "'reduced' or 'r'"),
    (np.linalg.pinv, (V,), {}, np.linalg.LinAlgError, "takes one matrix"),
    (np.linalg.eig, (S,), {}, NotImplementedError, "np.linalg.eig is not supported"),
    (np.choose, (np.array([0, 5, 1, 0]), [V, V]), {}, ValueError, "invalid entry in choice array"),
    (np.unravel_index, (np.array([20]), (4, 5)), {}, ValueError, "out of bounds"),
    (np.ravel_multi_index, ((np.array([5]), np.array([1])), (4, 5)), {}, ValueError, "invalid entry in coordinates"),
    (np.histogram, (A, np.array([3.0, 2.0, 1.0])), {}, ValueError, "monotonically"),
    (np.linalg.lstsq, (A, V), {}, np.linalg.LinAlgError, "Incompatible dimensions"),
    (np.block, ([V, [V]],), {}, ValueError, "depths"),
    (np.ix_, (A,), {}, ValueError, "1 dimensional"),
    (np.random.rand, (), {}, NotImplementedError, "pass them in"),
    (np.fft.fft, (A,), {}, NotImplementedError, "np.fft.fft is not supported"),
    (np.linalg.svd, (A,), {}, NotImplementedError, "full_matrices=False"),
    (scipy.special.jv, (1, A), {}, NotImplementedError, "scipy.special.jv is not supported"),
    (np.polynomial.legendre.leggauss, (A,), {}, NotImplementedError, "leggauss is not supported"),
    (np.exp, (np.zeros(2, np.int8),), {}, NotImplementedError, "float16"),
    (max, (A, A), {}, ValueError, "ambiguous"),
    (float, (A,), {}, TypeError, "one element"),
    (math.sin, (A,), {}, TypeError, "takes a number"),
    (complex, (1.0, 2.0), {}, NotImplementedError, "complex"),
    (np.einsum, ("ij,j->i", A, W), {}, ValueError, "extents of one subscript"),
    (np.linalg.norm, (C, "nuc", (0, 1)), {}, NotImplementedError, "not supported"),
    ("view", (A,), {}, NotImplementedError, "ndarray.view is not supported"),
    (np.partition, (V, 4), {}, ValueError, "kth(=4) out of bounds"),
    (np.argpartition, (A, -4), {"axis": 0}, ValueError, "kth(=-4) out of bounds"),
    (np.reshape, (A, (0, -1)), {}, ValueError, "cannot reshape"),
    (np.reshape, (EMPTY, (0, -1)), {}, ValueError, "cannot reshape"),
    (np.sum, (A,), {"out": V}, ValueError, "not of the shape of the result"),
    (np.sum, (A,), {"axis": 0, "out": W}, ValueError, "not of the shape of the result"),
    (np.quantile, (np.zeros(0), 0.5), {}, IndexError, "out of bounds"),
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
        (np.partition, (W, Run(5)), ValueError),
        ("reshape", (W, Run(0), -1), ValueError),
        (np.quantile, (W, Run(-0.1)), ValueError),
        (np.bincount, (np.array([0, -1]),), ValueError),
        (np.digitize, (W, np.array([1.0, 0.0, 2.0])), ValueError),
        (np.delete, (W, np.array([7])), IndexError),
        (np.insert, (W, np.array([0, 6]), 1.0), IndexError),
        (np.repeat, (W[:2], np.array([1, -1])), ValueError),
        (np.repeat, (W[:2], np.array([1, 1], np.uint64)), TypeError),
        (np.linalg.inv, (np.zeros((2, 2)),), np.linalg.LinAlgError),
        (np.linalg.solve, (np.ones((2, 2)), np.ones(2)), np.linalg.LinAlgError),
        (np.linalg.cholesky, (-np.eye(3),), np.linalg.LinAlgError),
    ]:
        with pytest.raises(error):
            pull(function, args, {})


@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.cholesky, lambda a: np.linalg.solve(a, a[0])])
def test_a_singular_matrix_raises_though_nothing_reads_the_result(function: Any) -> None:
    def only_called(a: Any) -> Any:
        function(a)
        return np.sum(a * a)

    for transformed in (pullback.jit(only_called), pullback.grad(only_called)):
        transformed(np.eye(2))
        with pytest.raises(np.linalg.LinAlgError):
            transformed(np.zeros((2, 2)))


def test_errors_of_definitions_in_the_language() -> None:
    with pytest.raises(NotImplementedError, match="rows or columns"):
        pullback.jit(lambda x: np.unique(x, axis=0))(A)
    with pytest.raises(ValueError, match="all keys need to be the same shape"):
        pullback.jit(lambda x, y: np.lexsort((x, y)))(V, W)


def test_unknown_names_are_not_ours() -> None:
    assert numpy_calls.lookup(test_refusal) is None
    assert numpy_calls.lookup([]) is None
    assert numpy_calls.method("no_such_method") is None
    assert numpy_calls.attribute("sum") is None


def test_narrow_integers_and_python_integers_beyond_their_range() -> None:
    """NumPy: comparisons compare the numbers, selections wrap, bounds of clip have no effect, the rest raises."""
    narrow = np.array([0, 1, 5], np.uint8)
    check(np.greater, narrow, -1)
    check(np.less, narrow, 300)
    check(np.clip, narrow, -5, 300)
    for function, args in [(np.add, (narrow, -1)), (np.maximum, (narrow, -1)), (np.full, (3, 300, np.uint8))]:
        with pytest.raises(OverflowError, match="out of bounds for uint8"):
            pull(function, args, {})


def test_diagonal_and_broadcast_are_read_only_views() -> None:
    def later(x: Any) -> Any:
        line, rows = np.diagonal(x, 1), np.broadcast_to(x[0], (2, 4))
        x[0] = 3.0 * x[0]
        return np.sum(line) + np.sum(rows * rows)

    assert_same(pullback.jit(later)(A.copy()), later(A.copy()))
    for view in (lambda x: np.diagonal(x), lambda x: np.broadcast_to(x, (2, 3, 4))):

        def write(x: Any, view: Any = view) -> Any:
            view(x)[0] = 1.0
            return x

        with pytest.raises(ValueError, match="read-only"):
            pullback.jit(write)(A.copy())


def test_refused_names_suggest_a_neighbour() -> None:
    with pytest.raises(UnsupportedError, match=r"np\.diag_indices"):
        pull(np.mask_indices, (A,), {})


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
    lambda x: np.linalg.vector_norm(x, axis=(0, 1), ord=3) + np.linalg.matrix_norm(x),
    lambda x: np.sum(np.polynomial.legendre.legvander(x[0], x.shape[1]) @ np.arange(5.0)),
    lambda x: np.sum(np.polynomial.hermite_e.hermeval(x[0], x[1]) ** 2),
    lambda x: scipy.special.logsumexp(x, axis=1).sum(),
    lambda x: np.einsum("ij,kj->ik", x, x).sum(),
    lambda x: (np.roll(x, 1, axis=0) * x).sum(),
    lambda x: np.sum(np.pad(x, 1, mode="reflect") ** 2),
    lambda x: np.convolve(x[0], x[1]).std(),
    lambda x: np.trapezoid(np.gradient(x, axis=1) ** 2, axis=0).sum(),
    lambda x: np.sum(np.tril(x) ** 3) + np.trace(x),
    lambda x: np.sum(np.sort(x, axis=0)[0] ** 3) + np.median(x[1]),
    lambda x: np.quantile(x, 0.3) ** 2 + np.sum(np.percentile(x, [20, 70], axis=1)),
    lambda x: np.sum(np.maximum.accumulate(x, axis=1) ** 2) + np.sum(x, where=x > 0),
    lambda x: np.sum(np.logaddexp.accumulate(x, axis=1) ** 2) + np.sum(np.hypot.accumulate(x) ** 3),
    lambda x: np.sum(np.linalg.inv(x @ x.T) ** 2) + np.linalg.slogdet(x @ x.T)[1],
    lambda x: np.sum(np.linalg.cholesky(x @ x.T) ** 3) + np.linalg.det(x[:, 1:]),
    lambda x: np.sum(np.linalg.solve(x[:, :3], x[:, 3]) ** 2) + np.linalg.norm(x, 2),
    lambda x: np.sum(np.linalg.eigh(x @ x.T)[1][:, 0] ** 2 * x[:, 0]) + np.linalg.eigvalsh(x @ x.T)[1],
    lambda x: np.sum(np.bincount(np.array([0, 2, 0, 1]), weights=x[0]) ** 2),
    lambda x: np.sum(np.linalg.pinv(x) ** 2) + np.sum(np.linalg.lstsq(x.T, np.arange(4.0), rcond=None)[0] ** 3),
    lambda x: np.sum(np.linalg.svd(x, full_matrices=False)[0][:, 0] ** 4) + np.linalg.norm(x, "nuc"),
    lambda x: np.sum(np.linalg.qr(x)[1] ** 3) + np.sum(np.linalg.qr(x.T)[0][0] ** 3) + np.linalg.cond(x),
    lambda x: np.sum(np.cov(x) ** 2) + np.corrcoef(x)[0, 1] + np.polyval(x[0], x[1, 1]),
    lambda x: np.sum(np.polyfit(np.arange(4.0), x[0], 2) ** 2) + np.sum(np.vander(x[1], 3)),
    lambda x: np.nanmedian(np.where(x > 1.0, np.nan, x)) + np.sum(np.nanpercentile(x, 30, axis=0) ** 2),
    lambda x: np.sum(np.lib.stride_tricks.sliding_window_view(x, (2, 3)) ** 3) + np.logaddexp.reduce(x[0]),
    lambda x: np.sum(np.block([[x, 2 * x], [x**2, x]]) * np.arange(8.0)) + np.sum(x[np.ix_([0, 2], [1, 1, 3])] ** 2),
    lambda x: (
        np.sum(np.mgrid[-1:1:4j, 0 : x[0, 0] : 3j] ** 2)
        + np.sum(np.ogrid[0:2:3j, 0:1][0])
        + np.sum(np.r_[x[0, 0] : 2 : 5j] ** 2)
    ),
    lambda x: np.sum(np.r_[x[0], 2.0, x[1] ** 2] ** 2) + np.sum(np.c_[x[:, 0], x[:, 1]] ** 3),
    lambda x: np.sum(np.piecewise(x, [x < 0, x > 1], [lambda v: v**2, 3.0, np.sin])),
    lambda x: (
        np.sum(np.apply_along_axis(lambda v: v * v[0], 1, x) ** 2) + np.sum(np.insert(x, 1, x[0] * 2, axis=0) ** 2)
    ),
    lambda x: np.sum(np.linalg.inv(np.stack([x[:, :3], 2 * np.eye(3) + x[:, 1:] * 0.1])) ** 2),
    lambda x: np.sum(np.divide(1.0, x, out=np.zeros_like(x), where=np.abs(x) > 0.5) ** 2),
    lambda x: (
        np.sum(np.unique(x, return_counts=True)[0] ** 2 * np.arange(12.0)) + np.sum(x[0][np.lexsort((x[1], x[0]))])
    ),
    lambda x: (
        np.sum(np.cov(x, aweights=x[0] ** 2) ** 2) + np.var(x, where=x > 0) + np.quantile(x, 0.4, method="higher")
    ),
    lambda x: np.sum(np.insert(x[0], [1, 3], x[1, :2]) ** 2) + np.interp(0.3, np.arange(4.0), x[0], period=3.5) ** 2,
    lambda x: np.sum(x[x[:, 0] > 0, 1:] ** 2) + np.sum(x[:, x[0] > 0, None] ** 3) + np.sum(np.unwrap(4 * x)),
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
