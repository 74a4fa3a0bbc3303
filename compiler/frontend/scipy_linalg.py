"""Functions of `scipy.linalg`. Imported when a program's process has it imported.

Factorisations that NumPy has are NumPy's (`np.linalg`), with SciPy's arguments; the others are written in the language:
LU with partial pivoting, and the solvers for bands.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg

from ..errors import PullbackTypeError, UnsupportedError
from .numpy_matrices import matrix, root, system, turned
from .numpy_support import cast
from .numpy_table import composed, numpy_function

if TYPE_CHECKING:
    from .context import Context

_SOLVE_HINT = "leave it out"
_DEFINITE = ("pos", "positive definite")
_SYMMETRIC = ("sym", "symmetric", "her", "hermitian")


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
    if assume_a in _DEFINITE:
        return ctx.call(solve_definite, [a, b, bool(lower)], {})
    if assume_a in _SYMMETRIC:
        a = ctx.call(symmetric, [a, bool(lower)], {})
    elif assume_a not in (None, "gen", "general"):
        ctx.error(UnsupportedError, f"scipy.linalg.solve: assume_a={assume_a!r} is not supported", _SOLVE_HINT)
    x, y = system(ctx, a, b, "scipy.linalg.solve")
    return ctx.wrap(ctx.b.emit("solve", turned(ctx, x) if transposed else x, y))


def symmetric(a: Any, lower: bool) -> Any:
    """The symmetric matrix with this triangle."""
    return np.tril(a) + np.tril(a, -1).T if lower else np.triu(a) + np.triu(a, 1).T


def solve_definite(a: Any, b: Any, lower: bool) -> Any:
    return solve_factored(scipy.linalg.cholesky(a, lower=lower), lower, b)


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
    if trans not in (0, 1, "N", "T"):
        ctx.error(UnsupportedError, f"trans={trans!r} is not supported", "0 or 1")
    if unit_diagonal:
        a = ctx.call(with_unit_diagonal, [a], {})
    x, y = system(ctx, a, b, "scipy.linalg.solve_triangular")
    return ctx.wrap(ctx.b.emit("solve_triangular", x, y, lower=bool(lower), trans=trans in (1, "T")))


def with_unit_diagonal(a: Any) -> Any:
    return np.where(np.eye(a.shape[-1], dtype=bool), 1.0, a)


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


@numpy_function(scipy.linalg.eigvalsh, static="lower overwrite_a check_finite")
def _scipy_eigvalsh(
    ctx: Context, a: Any, *, lower: bool = True, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    return ctx.call(np.linalg.eigvalsh, [a, "L" if lower else "U"], {})


# -- factorisations of NumPy's ---------------------------------------------------------------------------
@numpy_function(scipy.linalg.qr, static="overwrite_a lwork mode pivoting check_finite")
def _scipy_qr(
    ctx: Context,
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    if pivoting or mode not in ("full", "r", "economic"):
        what = "pivoting" if pivoting else f"mode={mode!r}"
        ctx.error(UnsupportedError, f"scipy.linalg.qr: {what} is not supported", 'mode="economic" is')
    rows, columns = ctx.shape(ctx.call(np.asarray, [a], {}))
    if mode != "economic" and rows != columns:
        message = f"scipy.linalg.qr of a matrix that may not be square: mode={mode!r} is not supported"
        ctx.error(UnsupportedError, message, 'mode="economic" gives the columns that count')
    return ctx.call(triangular_factor if mode == "r" else orthogonal_factors, [a], {})


def triangular_factor(a: Any) -> Any:
    return (np.linalg.qr(a, "r"),)


def orthogonal_factors(a: Any) -> Any:
    pair = np.linalg.qr(a)
    return pair.Q, pair.R


@numpy_function(scipy.linalg.svd, static="full_matrices compute_uv overwrite_a check_finite lapack_driver")
def _scipy_svd(
    ctx: Context,
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    if not compute_uv:
        return ctx.call(np.linalg.svdvals, [a], {})
    return ctx.call(singular_triples, [a, bool(full_matrices)], {})


def singular_triples(a: Any, full: bool) -> Any:
    found = np.linalg.svd(a, full)
    return found.U, found.S, found.Vh


@composed(scipy.linalg.svdvals, static="overwrite_a check_finite")
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return np.linalg.svdvals(a)


@composed(scipy.linalg.pinv, static="check_finite")
def pinv(a: Any, *, rtol: Any = None, check_finite: bool = True) -> Any:
    least = max(a.shape) * np.finfo(np.float64).eps if rtol is None else rtol
    return np.linalg.pinv(a, least)


@composed(scipy.linalg.lstsq, static="overwrite_a overwrite_b check_finite lapack_driver")
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    """NumPy's, but that the residual of one right-hand side is a number."""
    x, residuals, rank, values = np.linalg.lstsq(a, b, np.finfo(np.float64).eps if cond is None else cond)
    if np.ndim(b) == 1 and len(residuals) == 1:
        return x, residuals[0], rank, values
    return x, residuals, rank, values


# -- LU --------------------------------------------------------------------------------------------------
@composed(scipy.linalg.lu_factor, static="overwrite_a check_finite")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Gaussian elimination with partial pivoting (Golub and Van Loan, algorithm 3.4.1)."""
    lu = np.array(a, dtype=np.result_type(a, np.float32))
    n, m = lu.shape
    pivots = np.arange(min(n, m))
    for k in range(min(n, m)):
        p = k + np.argmax(np.abs(lu[k:, k]))
        pivots[k] = p
        if p != k:
            row = lu[k].copy()
            lu[k] = lu[p]
            lu[p] = row
        if lu[k, k] != 0.0:
            lu[k + 1 :, k] /= lu[k, k]
        lu[k + 1 :, k + 1 :] -= np.outer(lu[k + 1 :, k], lu[k, k + 1 :])
    return lu, pivots


@composed(scipy.linalg.lu_solve, static="trans overwrite_b check_finite")
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    lu, pivots = lu_and_piv
    x = np.array(b, dtype=np.result_type(lu, b))
    if trans == 0:
        for k in range(len(pivots)):
            x = _swapped(x, k, pivots[k])
        x = scipy.linalg.solve_triangular(lu, x, lower=True, unit_diagonal=True)
        return scipy.linalg.solve_triangular(lu, x)
    x = scipy.linalg.solve_triangular(lu, x, trans=1)
    x = scipy.linalg.solve_triangular(lu, x, lower=True, unit_diagonal=True, trans=1)
    for k in range(len(pivots) - 1, -1, -1):
        x = _swapped(x, k, pivots[k])
    return x


def _swapped(x: Any, k: Any, p: Any) -> Any:
    """`x`, two rows of which have changed places, in its memory."""
    if p != k:
        row = np.copy(x[k])
        x[k] = x[p]
        x[p] = row
    return x


# -- bands -----------------------------------------------------------------------------------------------
@composed(scipy.linalg.solve_banded, static="overwrite_ab overwrite_b check_finite")
def solve_banded(
    l_and_u: Any, ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Gaussian elimination with partial pivoting in the bands: ``rows[i, j - i + below]`` is the element at i, j."""
    below, above = l_and_u
    n = ab.shape[1]
    x = np.array(b, dtype=np.result_type(ab, b, np.float32))
    if ab.shape[0] != below + above + 1:
        raise ValueError("invalid values for the number of lower and upper diagonals")
    if x.shape[0] != n:
        raise ValueError("shapes of ab and b are not compatible.")
    rows = np.zeros((n, 2 * below + above + 1), dtype=x.dtype)
    for i in range(n):
        for j in range(max(0, i - below), min(n, i + above + 1)):
            rows[i, j - i + below] = ab[above + i - j, j]
    for k in range(n):
        p = k
        for i in range(k + 1, min(n, k + below + 1)):
            if abs(rows[i, k - i + below]) > abs(rows[p, k - p + below]):
                p = i
        if rows[p, k - p + below] == 0.0:
            raise np.linalg.LinAlgError("singular matrix")
        if p != k:
            for j in range(k, min(n, k + below + above + 1)):
                element = rows[k, j - k + below]
                rows[k, j - k + below] = rows[p, j - p + below]
                rows[p, j - p + below] = element
            x = _swapped(x, k, p)
        for i in range(k + 1, min(n, k + below + 1)):
            factor = rows[i, k - i + below] / rows[k, below]
            for j in range(k + 1, min(n, k + below + above + 1)):
                rows[i, j - i + below] -= factor * rows[k, j - k + below]
            x[i] = x[i] - factor * x[k]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, min(n, i + below + above + 1)):
            x[i] = x[i] - rows[i, j - i + below] * x[j]
        x[i] = x[i] / rows[i, below]
    return x


@composed(scipy.linalg.solveh_banded, static="overwrite_ab overwrite_b lower check_finite")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """Cholesky factorisation in the bands: ``root[i, j - i + width]`` is the element of the factor at i, j."""
    width = ab.shape[0] - 1
    n = ab.shape[1]
    x = np.array(b, dtype=np.result_type(ab, b, np.float32))
    if x.shape[0] != n:
        raise ValueError("shapes of ab and b are not compatible.")
    root = np.zeros((n, width + 1), dtype=x.dtype)
    for i in range(n):
        for j in range(max(0, i - width), i + 1):
            s = ab[i - j, j] if lower else ab[width + j - i, i]
            for k in range(max(0, i - width), j):
                s -= root[i, k - i + width] * root[j, k - j + width]
            if j < i:
                root[i, j - i + width] = s / root[j, width]
            else:
                if not s > 0.0:
                    raise np.linalg.LinAlgError("the matrix is not positive definite")
                root[i, width] = np.sqrt(s)
    for i in range(n):
        for j in range(max(0, i - width), i):
            x[i] = x[i] - root[i, j - i + width] * x[j]
        x[i] = x[i] / root[i, width]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, min(n, i + width + 1)):
            x[i] = x[i] - root[j, i - j + width] * x[j]
        x[i] = x[i] / root[i, width]
    return x


# -- structured matrices ------------------------------------------------------------------------------------
@composed(scipy.linalg.solve_toeplitz, static="check_finite")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    if isinstance(c_or_cr, tuple):
        return np.linalg.solve(toeplitz(c_or_cr[0], c_or_cr[1]), b)
    return np.linalg.solve(toeplitz(c_or_cr), b)


@composed(scipy.linalg.circulant)
def circulant(c: Any) -> Any:
    column = np.asarray(c)
    n = len(column)
    return column[(np.arange(n)[:, None] - np.arange(n)) % max(n, 1)]


@composed(scipy.linalg.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    column = np.asarray(c)
    row = np.zeros_like(column) if r is None else np.asarray(r)
    values = np.concatenate((column, row[1:]))
    return values[np.arange(len(column))[:, None] + np.arange(len(row))]


@composed(scipy.linalg.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    return np.vstack([np.kron(a[:, k], b[:, k]) for k in range(a.shape[1])]).T


# -- matrix equations --------------------------------------------------------------------------------------
@composed(scipy.linalg.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """``a x + x b = q`` as one system for all elements of x: of small matrices."""
    n, m = q.shape
    whole = np.kron(a, np.eye(m)) + np.kron(np.eye(n), b.T)
    return np.linalg.solve(whole, np.ravel(q)).reshape(n, m)


@composed(scipy.linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    return solve_sylvester(a, a.T, q)


@composed(scipy.linalg.solve_discrete_lyapunov, static="method")
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """``a x a.T - x + q = 0``, as one system for all elements of x."""
    n = a.shape[0]
    return np.linalg.solve(np.eye(n * n) - np.kron(a, a), np.ravel(q)).reshape(n, n)
