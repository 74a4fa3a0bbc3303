"""Functions of `scipy.special` and `scipy.linalg`. Imported when a program's process has SciPy imported: a program
that does not use it need not wait for it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
import scipy.special

from ..errors import PullbackTypeError, UnsupportedError
from . import numpy_library as library
from .numpy_elementwise import enter_float_unary, enter_library
from .numpy_matrices import matrix, root, system, turned
from .numpy_reductions import library_reduction
from .numpy_support import as_float, axes_of, cast, strong, strong_operand
from .numpy_table import composed, numpy_function

if TYPE_CHECKING:
    from .context import Context

# -- scipy.special -------------------------------------------------------------------------------------
for _function, _opcode in {
    scipy.special.expit: "sigmoid", scipy.special.erf: "erf", scipy.special.erfc: "erfc",
    scipy.special.gammaln: "lgamma", scipy.special.digamma: "digamma",
    scipy.special.cbrt: "cbrt", scipy.special.exp2: "exp2", scipy.special.expm1: "expm1",
    scipy.special.log1p: "log1p",
    scipy.special.ndtri: "ndtri", scipy.special.log_ndtr: "log_ndtr", scipy.special.erfinv: "erfinv",
    scipy.special.exp1: "exp1", scipy.special.expi: "expi",
    scipy.special.i0: "bessel_i0", scipy.special.i1: "bessel_i1",
    scipy.special.i0e: "bessel_i0e", scipy.special.i1e: "bessel_i1e",
    scipy.special.j0: "bessel_j0", scipy.special.j1: "bessel_j1",
    scipy.special.y0: "bessel_y0", scipy.special.y1: "bessel_y1",
    scipy.special.k0: "bessel_k0", scipy.special.k1: "bessel_k1",
}.items():  # fmt: skip
    enter_float_unary(_function, _opcode)


def normal_cdf(x: Any) -> Any:
    return 0.5 * scipy.special.erfc(-x * math.sqrt(0.5))


def gamma(x: Any) -> Any:
    size = np.exp(scipy.special.gammaln(x))
    return np.where(_is_negative(x), -size, size)


def betaln(a: Any, b: Any) -> Any:
    return scipy.special.gammaln(a) + scipy.special.gammaln(b) - scipy.special.gammaln(a + b)


def beta(a: Any, b: Any) -> Any:
    size = np.exp(betaln(a, b))
    return np.where(_is_negative(a) ^ _is_negative(b) ^ _is_negative(a + b), -size, size)


def _is_negative(x: Any) -> Any:
    """Whether gamma(x) is."""
    return np.logical_and(x < 0.0, np.floor(x) % 2.0 != 0.0)


def rel_entr(x: Any, y: Any) -> Any:
    inside = np.logical_and(x > 0.0, y > 0.0)
    ratio = np.where(inside, x, 1.0) / np.where(inside, y, 1.0)
    outside = np.where(np.logical_and(x == 0.0, y >= 0.0), 0.0, np.where(np.isnan(x + y), x + y, np.inf))
    return np.where(inside, x * np.log(ratio), outside)


def kl_div(x: Any, y: Any) -> Any:
    return rel_entr(x, y) - x + y


def huber(delta: Any, r: Any) -> Any:
    size = np.abs(r)
    return np.where(delta < 0.0, np.inf, np.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta)))


_COMPOSITES: list[tuple[Any, Callable[..., Any], int]] = [
    (scipy.special.logit, library.logit, 1), (scipy.special.entr, library.entropy, 1),
    (scipy.special.xlogy, library.xlogy, 2), (scipy.special.xlog1py, library.xlog1py, 2),
    (scipy.special.gamma, gamma, 1), (scipy.special.ndtr, normal_cdf, 1),
    (scipy.special.log_expit, library.log_sigmoid, 1),
    (scipy.special.beta, beta, 2), (scipy.special.betaln, betaln, 2),
    (scipy.special.rel_entr, rel_entr, 2), (scipy.special.kl_div, kl_div, 2), (scipy.special.huber, huber, 2),
]  # fmt: skip
for _function, _definition, _arguments in _COMPOSITES:
    enter_library(_function, _definition, _arguments)


@numpy_function(scipy.special.polygamma, static="n")
def _polygamma(ctx: Context, n: Any, x: Any) -> Any:
    if not isinstance(n, (int, np.integer)) or n < 0:
        ctx.error(UnsupportedError, "polygamma: n must be one integer >= 0", "call it for each order")
    operand = cast(ctx, strong(ctx, as_float(ctx, ctx.operand(x), "polygamma")), "f64")  # SciPy gives double precision
    return ctx.wrap(ctx.b.emit("polygamma", operand, n=int(n)) if n else ctx.b.emit("digamma", operand))


@numpy_function(scipy.special.multigammaln, static="d")
def _multigammaln(ctx: Context, a: Any, d: Any) -> Any:
    operand = cast(ctx, strong(ctx, as_float(ctx, ctx.operand(a), "multigammaln")), "f64")
    return ctx.call(multigammaln, [ctx.wrap(operand), d], {})


def multigammaln(a: Any, d: int) -> Any:
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError("condition a > 0.5 * (d-1) not met")
    total = d * (d - 1) * 0.25 * math.log(math.pi) + 0.0 * a
    for j in range(d):
        total = total + scipy.special.gammaln(a - 0.5 * j)
    return total


@numpy_function(scipy.special.logsumexp, static="axis keepdims return_sign")
def _logsumexp(
    ctx: Context, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    if return_sign:
        ctx.error(PullbackTypeError, "logsumexp: return_sign is not supported", "compute the sum itself")
    if b is not None:
        x, w = as_float(ctx, strong_operand(ctx, a), "logsumexp"), strong_operand(ctx, b)
        axes = axes_of(ctx, axis, max(x.type.rank, w.type.rank))
        return ctx.call(library.logsumexp_weighted, [ctx.wrap(x), ctx.wrap(w), axes, bool(keepdims)], {})
    return library_reduction(ctx, library.logsumexp, a, axis, keepdims)


@numpy_function(scipy.special.softmax, static="axis")
def _softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.softmax, x, axis, True)


@numpy_function(scipy.special.log_softmax, static="axis")
def _log_softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.log_softmax, x, axis, True)


# -- scipy.linalg --------------------------------------------------------------------------------------
_SOLVE_HINT = "leave it out"


@numpy_function(scipy.linalg.solve, static="lower overwrite_a overwrite_b check_finite assume_a transposed")
def _scipy_solve(
    ctx: Context,
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = False,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    if assume_a not in (None, "gen", "general"):
        ctx.error(UnsupportedError, f"scipy.linalg.solve: assume_a={assume_a!r} is not supported", _SOLVE_HINT)
    x, y = system(ctx, a, b, "scipy.linalg.solve")
    return ctx.wrap(ctx.b.emit("solve", turned(ctx, x) if transposed else x, y))


@numpy_function(scipy.linalg.solve_triangular, static="trans lower unit_diagonal overwrite_b check_finite")
def _solve_triangular(
    ctx: Context,
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    if unit_diagonal:
        ctx.error(UnsupportedError, "unit_diagonal is not supported", "put ones on the diagonal of the matrix")
    if trans not in (0, 1, "N", "T"):
        ctx.error(UnsupportedError, f"trans={trans!r} is not supported", "0 or 1")
    x, y = system(ctx, a, b, "scipy.linalg.solve_triangular")
    return ctx.wrap(ctx.b.emit("solve_triangular", x, y, lower=bool(lower), trans=trans in (1, "T")))


@numpy_function(scipy.linalg.inv, static="overwrite_a check_finite")
def _scipy_inv(ctx: Context, a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return ctx.wrap(ctx.b.emit("inv", matrix(ctx, a, "scipy.linalg.inv")))


@numpy_function(scipy.linalg.det, static="overwrite_a check_finite")
def _scipy_det(ctx: Context, a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    result = ctx.b.emit("det", matrix(ctx, a, "scipy.linalg.det"))
    return ctx.wrap(cast(ctx, result, "f64"))  # SciPy gives double precision


@numpy_function(scipy.linalg.cho_factor, static="lower overwrite_a check_finite")
def _cho_factor(ctx: Context, a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    whole = ctx.wrap(matrix(ctx, a, "scipy.linalg.cho_factor"))
    factor = ctx.call(scipy.linalg.cholesky, [whole], {"lower": bool(lower)})
    if not _keeps_other_triangle():
        return factor, bool(lower)
    return ctx.call(with_other_triangle, [factor, whole, bool(lower)], {}), bool(lower)


@functools.cache
def _keeps_other_triangle() -> bool:
    """Whether this SciPy leaves the matrix beside the factor: its documentation allows anything, since 1.18 zeros."""
    return bool(scipy.linalg.cho_factor(np.array([[4.0, 1.0], [1.0, 4.0]]))[0][1, 0] != 0.0)


def with_other_triangle(factor: Any, a: Any, lower: bool) -> Any:
    """What SciPy before 1.18 leaves beside the factor: the other triangle of the matrix."""
    return factor + (np.triu(a, 1) if lower else np.tril(a, -1))


@numpy_function(scipy.linalg.cho_solve, static="overwrite_b check_finite")
def _cho_solve(ctx: Context, c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    if not isinstance(c_and_lower, tuple) or len(c_and_lower) != 2:
        ctx.error(PullbackTypeError, "cho_solve takes the pair that cho_factor gives", "cho_solve((c, lower), b)")
    factor, lower = c_and_lower
    return ctx.call(solve_factored, [factor, ctx.static(lower, "lower"), b], {})


def solve_factored(factor: Any, lower: bool, b: Any) -> Any:
    half = scipy.linalg.solve_triangular(factor, b, lower=lower, trans=0 if lower else 1)
    return scipy.linalg.solve_triangular(factor, half, lower=lower, trans=1 if lower else 0)


@numpy_function(scipy.linalg.block_diag)
def _block_diag(ctx: Context, *arrs: Any) -> Any:
    return ctx.call(blocks_on_diagonal, [ctx.call(np.atleast_2d, [a], {}) for a in arrs], {})


def blocks_on_diagonal(*blocks: Any) -> Any:
    total = np.zeros((sum([b.shape[0] for b in blocks]), sum([b.shape[1] for b in blocks])), np.result_type(*blocks))
    row = column = 0
    for b in blocks:
        total[row : row + b.shape[0], column : column + b.shape[1]] = b
        row += b.shape[0]
        column += b.shape[1]
    return total


@composed(scipy.linalg.expm)
def expm(A: Any) -> Any:
    """Scaling and squaring with the Pade approximant of degree 13 (Higham 2005)."""
    matrix = np.asarray(A, dtype=np.result_type(A, np.float32))
    if matrix.ndim != 2:
        raise NotImplementedError("scipy.linalg.expm takes one matrix here: loop over a stack of them")
    squarings = 0
    size = np.linalg.norm(matrix, 1)
    while size > 5.371920351148152:
        size = size / 2.0
        squarings += 1
    scaled = matrix * 0.5**squarings
    unit = np.eye(matrix.shape[0], dtype=matrix.dtype)
    a2 = scaled @ scaled
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a6 @ (a6 + 16380.0 * a4 + 40840800.0 * a2)
    odd = scaled @ (
        odd + 33522128640.0 * a6 + 10559470521600.0 * a4 + 1187353796428800.0 * a2 + 32382376266240000.0 * unit
    )
    even = a6 @ (182.0 * a6 + 960960.0 * a4 + 1323241920.0 * a2)
    even = even + 670442572800.0 * a6 + 129060195264000.0 * a4 + 7771770303897600.0 * a2 + 64764752532480000.0 * unit
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result


@composed(scipy.linalg.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    column = np.asarray(c)
    row = column if r is None else np.asarray(r)
    n, m = len(column), len(row)
    values = np.concatenate((column[::-1], row[1:]))
    return values[np.arange(n - 1, -1, -1)[:, None] + np.arange(m)]


@numpy_function(scipy.linalg.eigh, static="lower eigvals_only overwrite_a check_finite")
def _scipy_eigh(
    ctx: Context,
    a: Any,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Any:
    half = "L" if lower else "U"
    if eigvals_only:
        return ctx.call(np.linalg.eigvalsh, [a, half], {})
    return ctx.call(eigenpairs, [a, half], {})


def eigenpairs(a: Any, half: Any) -> Any:
    pair = np.linalg.eigh(a, half)
    return pair.eigenvalues, pair.eigenvectors


@numpy_function(scipy.linalg.norm, static="axis keepdims check_finite")
def _scipy_norm(
    ctx: Context, a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    return ctx.call(np.linalg.norm, [a, ord, axis, keepdims], {})


@numpy_function(scipy.linalg.cholesky, static="lower overwrite_a check_finite")
def _scipy_cholesky(
    ctx: Context, a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    return root(ctx, matrix(ctx, a, "scipy.linalg.cholesky"), not lower)
