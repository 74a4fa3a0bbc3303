"""Dense linear algebra into given memory: SciPy's LAPACK, under plain Python and inside Numba.

Matrices are C-contiguous, float64 or float32, all of one dtype. Functions that can fail return 0 for success
and something else for a matrix that is singular (not positive definite, ...); ``out`` is then undefined. No
argument but ``out`` is changed.

Note [C order and Fortran routines]. The memory of a C-contiguous matrix is that of its transpose for a Fortran
routine. So a factorization is made of the transpose, the other triangle is meant, a product from the left becomes
one from the right, and right-hand sides are rows. The functions of `ROUTINES` work on memory in this sense;
`numba_lapack` makes them direct calls. The others are compiled from their Python.
"""

from __future__ import annotations

import math
from typing import Any

from numpy import int32

from .arrays import assign, copy, empty


# -- LAPACK's routines -----------------------------------------------------------------------------------
def _routine(name: str, a: Any) -> Any:
    from scipy.linalg import blas, lapack

    name = ("d" if a.dtype.itemsize == 8 else "s") + name
    return getattr(blas, name, None) or getattr(lapack, name)


def getrf(a: Any, pivots: Any) -> Any:
    """Overwrite the memory of a with the LU factors of its transpose; the rows swapped (from 1) are the pivots."""
    factors, found, info = _routine("getrf", a)(a.T)
    a.T[...] = factors
    pivots[...] = found + 1
    return info


def getrs(factors: Any, pivots: Any, rows: Any, trans: Any) -> Any:
    """Overwrite each row with the solution for the matrix whose transpose was factored, or (``trans``) for its own."""
    solved, info = _routine("getrs", rows)(factors.T, pivots - 1, rows.T, trans=0 if trans else 1)
    rows.T[...] = solved
    return info


def potrf(a: Any) -> Any:
    """Overwrite the lower triangle with that of the Cholesky factor."""
    root, info = _routine("potrf", a)(a.T, lower=False, clean=False)
    a.T[...] = root
    return info


def trsm(a: Any, x: Any, lower: Any, trans: Any) -> None:
    """Overwrite x with the solution for a triangle of a."""
    x.T[...] = _routine("trsm", a)(1.0, a.T, x.T, side=1, lower=not lower, trans_a=trans)


def syevd(a: Any, values: Any, vectors: Any, space: Any, counts: Any) -> Any:
    """Eigenvalues of the symmetric matrix with the upper triangle of a; the memory of a is overwritten, where
    ``vectors`` by the eigenvectors as rows."""
    found, columns, info = _routine("syevd", a)(a.T, compute_v=vectors, lower=True)
    values[...] = found
    a.T[...] = columns
    return info


def gesdd(a: Any, values: Any, left: Any, right: Any, vectors: Any, space: Any, counts: Any) -> Any:
    """Singular values of the transpose of the memory of a, which is overwritten; where ``vectors`` the left and right
    singular vectors of that transpose, each as its own transpose."""
    u, found, vh, info = _routine("gesdd", a)(a.T, compute_uv=vectors, full_matrices=False)
    values[...] = found
    if vectors:
        left.T[...], right.T[...] = u, vh
    return info


ROUTINES = (getrf, getrs, potrf, trsm, syevd, gesdd)


# -- solutions ---------------------------------------------------------------------------------------------
def transposed(a: Any, out: Any) -> None:
    """out = a.T"""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j, i] = a[i, j]


def solve(a: Any, b: Any, out: Any, trans: Any) -> Any:
    """out = the solution of ``op(a) @ out == b`` for a matrix b."""
    n, k = b.shape
    if n == 0:
        return 0
    factors, pivots = copy(a), empty((n,), int32)
    info = getrf(factors, pivots)
    if info == 0 and k > 0:
        rows = empty((k, n), b.dtype)
        transposed(b, rows)
        getrs(factors, pivots, rows, trans)
        transposed(rows, out)
    return info


def solve_triangular(a: Any, b: Any, out: Any, lower: Any, trans: Any) -> Any:
    """`solve` with the lower or upper triangle of a."""
    n, k = b.shape
    for i in range(n):
        if a[i, i] == 0:
            return 1
    assign(out, b)
    if n > 0 and k > 0:
        trsm(a, out, lower, trans)
    return 0


def inv(a: Any, out: Any) -> Any:
    """out = the inverse."""
    n = a.shape[0]
    if n == 0:
        return 0
    factors, pivots = copy(a), empty((n,), int32)
    info = getrf(factors, pivots)
    if info == 0:
        for i in range(n):
            for j in range(n):
                out[i, j] = 1 if i == j else 0
        getrs(factors, pivots, out, True)
    return info


# -- determinants ------------------------------------------------------------------------------------------
def det(a: Any) -> Any:
    """The determinant."""
    n = a.shape[0]
    total = 1.0
    if n > 0:
        factors, pivots = copy(a), empty((n,), int32)
        getrf(factors, pivots)
        for i in range(n):
            total *= factors[i, i] if pivots[i] == i + 1 else -factors[i, i]
    return total


def logabsdet(a: Any) -> Any:
    """The logarithm of the absolute value of the determinant."""
    n = a.shape[0]
    total = 0.0
    if n > 0:
        factors, pivots = copy(a), empty((n,), int32)
        getrf(factors, pivots)
        for i in range(n):
            pivot = factors[i, i]
            if pivot == 0:
                return -math.inf
            total += math.log(pivot if pivot > 0 else -pivot)
    return total


def detsign(a: Any) -> Any:
    """The sign of the determinant."""
    n = a.shape[0]
    sign = 1.0
    if n > 0:
        factors, pivots = copy(a), empty((n,), int32)
        getrf(factors, pivots)
        for i in range(n):
            pivot = factors[i, i]
            if pivot == 0 or pivot != pivot:
                return 0.0 * pivot
            if (pivot < 0) == (pivots[i] == i + 1):
                sign = -sign
    return sign


# -- symmetric matrices ------------------------------------------------------------------------------------
def cholesky(a: Any, out: Any) -> Any:
    """out = the lower triangular root; the lower triangle of a is read."""
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = a[i, j] if j <= i else 0
    return potrf(out) if n > 0 else 0


def eigvalsh(a: Any, out: Any) -> Any:
    """out = the eigenvalues of the symmetric matrix with the lower triangle of a, ascending."""
    n = a.shape[0]
    if n == 0:
        return 0
    work = empty((n, n), a.dtype)
    transposed(a, work)
    return syevd(work, out, False, empty((1 + 6 * n + 2 * n * n,), a.dtype), empty((3 + 5 * n,), int32))


def eigvecsh(a: Any, out: Any) -> Any:
    """out = the eigenvectors of the symmetric matrix with the lower triangle of a, as columns."""
    n = a.shape[0]
    if n == 0:
        return 0
    work, values = empty((n, n), a.dtype), empty((n,), a.dtype)
    transposed(a, work)
    info = syevd(work, values, True, empty((1 + 6 * n + 2 * n * n,), a.dtype), empty((3 + 5 * n,), int32))
    transposed(work, out)
    return info


# -- QR ----------------------------------------------------------------------------------------------------
def householder(a: Any, scales: Any) -> None:
    """Overwrite a matrix with its factor R and, below the diagonal, the reflections that make it, as LAPACK does:
    a column that is zero below the diagonal is left as it is."""
    m, n = a.shape
    for k in range(n):
        top = 0.0
        for i in range(k + 1, m):
            size = math.fabs(a[i, k])
            top = size if size > top else top
        total = 0.0
        for i in range(k + 1, m):
            if top > 0:
                total += (a[i, k] / top) ** 2
        below = top * math.sqrt(total)
        scales[k] = 0
        if below != 0:
            head = math.hypot(a[k, k], below)
            if a[k, k] > 0:
                head = -head
            scales[k] = (head - a[k, k]) / head
            for i in range(k + 1, m):
                a[i, k] = a[i, k] / (a[k, k] - head)
            a[k, k] = head
            for j in range(k + 1, n):
                s = a[k, j]
                for i in range(k + 1, m):
                    s += a[i, k] * a[i, j]
                s *= scales[k]
                a[k, j] -= s
                for i in range(k + 1, m):
                    a[i, j] -= s * a[i, k]


def qr_r(a: Any, out: Any) -> Any:
    """out = the upper triangular factor."""
    n = a.shape[1]
    work, scales = copy(a), empty((n,), a.dtype)
    householder(work, scales)
    for i in range(n):
        for j in range(n):
            out[i, j] = work[i, j] if j >= i else 0
    return 0


def qr_q(a: Any, out: Any) -> Any:
    """out = the factor with orthonormal columns."""
    m, n = a.shape
    work, scales = copy(a), empty((n,), a.dtype)
    householder(work, scales)
    for i in range(m):
        for j in range(n):
            out[i, j] = 1 if i == j else 0
    for k in range(n - 1, -1, -1):
        for j in range(k, n):
            s = out[k, j]
            for i in range(k + 1, m):
                s += work[i, k] * out[i, j]
            s *= scales[k]
            out[k, j] -= s
            for i in range(k + 1, m):
                out[i, j] -= s * work[i, k]
    return 0


# -- singular values -----------------------------------------------------------------------------------------
def singular(a: Any, values: Any, left: Any, right: Any, vectors: Any) -> Any:
    """The thin singular value decomposition; the vectors are transposed."""
    m, n = a.shape
    k = m if m < n else n
    work = empty((n, m), a.dtype)
    transposed(a, work)
    space = empty((4 * k * k + 7 * k + 67 * (m + n),), a.dtype)
    return gesdd(work, values, left, right, vectors, space, empty((8 * k,), int32))


def svdvals(a: Any, out: Any) -> Any:
    """out = the singular values, descending."""
    if out.shape[0] == 0:
        return 0
    unused = empty((1, 1), a.dtype)
    return singular(a, out, unused, unused, False)


def svd_u(a: Any, out: Any) -> Any:
    """out = the left singular vectors, as columns."""
    m, k = out.shape
    if k == 0:
        return 0
    left, right = empty((k, m), a.dtype), empty((a.shape[1], k), a.dtype)
    info = singular(a, empty((k,), a.dtype), left, right, True)
    transposed(left, out)
    return info


def svd_vh(a: Any, out: Any) -> Any:
    """out = the right singular vectors, as rows."""
    k, n = out.shape
    if k == 0:
        return 0
    left, right = empty((k, a.shape[0]), a.dtype), empty((n, k), a.dtype)
    info = singular(a, empty((k,), a.dtype), left, right, True)
    transposed(right, out)
    return info


def pinv(a: Any, least: Any, out: Any) -> Any:
    """out = the pseudo-inverse; singular values up to ``least`` times the largest one count as zero."""
    m, n = a.shape
    k = m if m < n else n
    if k == 0:
        return 0
    values, left, right = empty((k,), a.dtype), empty((k, m), a.dtype), empty((n, k), a.dtype)
    info = singular(a, values, left, right, True)
    for i in range(n):
        for j in range(m):
            out[i, j] = 0
    for r in range(k):
        if values[r] > least * values[0]:
            for i in range(n):
                x = right[i, r] / values[r]
                for j in range(m):
                    out[i, j] += x * left[r, j]
    return info


FROM_PYTHON = (
    transposed, solve, solve_triangular, inv, det, logabsdet, detsign, cholesky, eigvalsh, eigvecsh,
    householder, qr_r, qr_q, singular, svdvals, svd_u, svd_vh, pinv,
)  # fmt: skip
