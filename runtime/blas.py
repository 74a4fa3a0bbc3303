"""Matrix products into given memory: BLAS through SciPy's function pointers inside Numba, NumPy outside.

``gemm(a, b, c, alpha, beta, trans_a, trans_b)``: c = alpha * op(a) @ op(b) + beta * c, for C-contiguous
float64 or float32 arrays; where beta is 0, c is not read. ``gemv(a, x, y, alpha, beta, trans)`` likewise.
``batched_gemm`` does so for stacks of matrices, and ``loops_*`` for integer dtypes.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _into(c: Any, product: Any, alpha: Any, beta: Any) -> None:
    if alpha != 1:
        product = alpha * product
    c[...] = product if beta == 0 else product + beta * c


def gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """c = alpha * op(a) @ op(b) + beta * c."""
    with np.errstate(all="ignore"):
        _into(c, (a.T if trans_a else a) @ (b.T if trans_b else b), alpha, beta)


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


# what Numba compiles as it stands here
FROM_PYTHON = (loops_gemm, loops_gemv, loops_batched_gemm)
