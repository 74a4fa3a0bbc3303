"""Dense linear algebra into given memory: LAPACK through SciPy's function pointers inside Numba, NumPy outside.

Matrices are C-contiguous, float64 or float32, all of one dtype. Functions that can fail return 0 for success
and something else for a matrix that is singular (not positive definite, ...); ``out`` is then undefined. No
argument but ``out`` is changed.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def solve(a: Any, b: Any, out: Any, trans: Any) -> Any:
    """out = the solution of ``op(a) @ out == b``, for a vector or a matrix b."""
    return _attempt(out, lambda: np.linalg.solve(a.T if trans else a, b))


def solve_triangular(a: Any, b: Any, out: Any, lower: Any, trans: Any) -> Any:
    """`solve` with the lower or upper triangle of a."""
    triangle = np.tril(a) if lower else np.triu(a)
    return _attempt(out, lambda: np.linalg.solve(triangle.T if trans else triangle, b))


def inv(a: Any, out: Any) -> Any:
    """out = the inverse."""
    return _attempt(out, lambda: np.linalg.inv(a))


def cholesky(a: Any, out: Any) -> Any:
    """out = the lower triangular root; the lower triangle of a is read."""
    return _attempt(out, lambda: np.linalg.cholesky(a))


def eigvalsh(a: Any, out: Any) -> Any:
    """out = the eigenvalues of the symmetric matrix with the lower triangle of a, ascending."""
    return _attempt(out, lambda: np.linalg.eigvalsh(a))


def eigvecsh(a: Any, out: Any) -> Any:
    """out = the eigenvectors of the symmetric matrix with the lower triangle of a, as columns."""
    return _attempt(out, lambda: np.linalg.eigh(a)[1])


def det(a: Any) -> Any:
    """The determinant."""
    return np.linalg.det(a)


def logabsdet(a: Any) -> Any:
    """The logarithm of the absolute value of the determinant."""
    return np.linalg.slogdet(a)[1]


def detsign(a: Any) -> Any:
    """The sign of the determinant."""
    return np.linalg.slogdet(a)[0]


def _attempt(out: Any, compute: Any) -> int:
    try:
        out[...] = compute()
    except np.linalg.LinAlgError:
        return 1
    return 0
