"""Matrix products into given memory: BLAS through SciPy's function pointers inside Numba, NumPy outside.

``gemm(a, b, c, alpha, beta, trans_a, trans_b)``: c = alpha * op(a) @ op(b) + beta * c, for C-contiguous
float64 or float32 arrays; where beta is 0, c is not read. ``gemv(a, x, y, alpha, beta, trans)`` likewise.
``batched_gemm`` does so for stacks of matrices, and ``loops_*`` for integer dtypes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALL_SYMMETRIC_PRODUCT = 512  # multiplications up to which a `gemm` takes less


def _into(c: Any, product: Any, alpha: Any, beta: Any) -> None:
    if alpha != 1:
        product = alpha * product
    c[...] = product if beta == 0 else product + beta * c


def gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """c = alpha * op(a) @ op(b) + beta * c."""
    with np.errstate(all="ignore"):
        _into(c, (a.T if trans_a else a) @ (b.T if trans_b else b), alpha, beta)


def syrk(a: Any, c: Any, alpha: Any, trans: Any) -> None:
    """The upper triangle of c += alpha * a @ a.T, or alpha * a.T @ a if `trans`."""
    with np.errstate(all="ignore"):
        c += alpha * np.triu(a.T @ a if trans else a @ a.T)


def symmetric_product(a: Any, c: Any, alpha: Any, trans: Any) -> None:
    """c = alpha * a @ a.T, or alpha * a.T @ a if `trans`: half the work of a `gemm`."""
    n = c.shape[0]
    inner = a.shape[0] if trans else a.shape[1]
    if n * n * inner <= SMALL_SYMMETRIC_PRODUCT:
        gemm(a, a, c, alpha, 0.0, trans, not trans)
        return
    for i in range(n):  # `syrk` adds: with a factor of 0 for `c`, BLAS would keep a NaN that was there
        for j in range(i, n):
            c[i, j] = 0.0
    syrk(a, c, alpha, trans)
    for first in range(0, n, 32):  # by blocks of columns, as the other triangle is read along its columns
        for i in range(first + 1, n):
            for j in range(first, i if i < first + 32 else first + 32):
                c[i, j] = c[j, i]


def gemm_part(
    a: Any, a_at: Any, a_row: Any, b: Any, b_at: Any, b_row: Any, c: Any, c_at: Any, c_row: Any,
    m: Any, n: Any, k: Any, beta: Any, trans_a: Any, trans_b: Any,
) -> None:  # fmt: skip
    """`gemm` of parts of C-contiguous arrays: the first element of each is at ``_at``, the next row ``_row`` on."""
    if m <= 0 or n <= 0:
        return
    parts = []
    for x, at, row, shape in (
        (a, a_at, a_row, (k, m) if trans_a else (m, k)),
        (b, b_at, b_row, (n, k) if trans_b else (k, n)),
        (c, c_at, c_row, (m, n)),
    ):
        first = x.reshape(-1)[at:] if min(shape) > 0 else x.reshape(-1)[:0]
        parts.append(np.lib.stride_tricks.as_strided(first, shape, (row * x.itemsize, x.itemsize)))
    gemm(parts[0], parts[1], parts[2], 1.0, beta, trans_a, trans_b)


def gemv(a: Any, x: Any, y: Any, alpha: Any, beta: Any, trans: Any) -> None:
    """y = alpha * op(a) @ x + beta * y."""
    with np.errstate(all="ignore"):
        _into(y, (a.T if trans else a) @ x, alpha, beta)


def loops_gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """`gemm` by loops, for dtypes that BLAS does not have."""
    m, n = c.shape
    inner = a.shape[0] if trans_a else a.shape[1]
    for i in range(m):
        for j in range(n):
            if beta == 0:
                c[i, j] = 0
            for k in range(inner):
                c[i, j] += (a[k, i] if trans_a else a[i, k]) * (b[j, k] if trans_b else b[k, j])


def loops_gemv(a: Any, x: Any, y: Any, alpha: Any, beta: Any, trans: Any) -> None:
    """`gemv` by loops, for dtypes that BLAS does not have."""
    for i in range(y.shape[0]):
        if beta == 0:
            y[i] = 0
        for k in range(x.shape[0]):
            y[i] += (a[k, i] if trans else a[i, k]) * x[k]


def batched_gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """`gemm` of each pair of matrices along the first of three axes."""
    for k in range(c.shape[0]):
        gemm(a[k], b[k], c[k], alpha, beta, trans_a, trans_b)


def loops_batched_gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """`batched_gemm` by loops, for dtypes that BLAS does not have."""
    count, m, n = c.shape
    inner = a.shape[1] if trans_a else a.shape[2]
    for q in range(count):
        for i in range(m):
            for j in range(n):
                if beta == 0:
                    c[q, i, j] = 0
                for k in range(inner):
                    c[q, i, j] += (a[q, k, i] if trans_a else a[q, i, k]) * (b[q, j, k] if trans_b else b[q, k, j])


def finite_part(a: Any, at: Any, row: Any, m: Any, n: Any) -> Any:
    """Whether a part of a C-contiguous array (see `gemm_part`) has neither infinities nor NaN."""
    flat = a.reshape(-1)
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += flat[at + i * row + j] * 0.0
        if total != 0.0:
            return False
    return True


# what Numba compiles as it stands here
FROM_PYTHON = (loops_gemm, loops_gemv, loops_batched_gemm, symmetric_product, finite_part)
