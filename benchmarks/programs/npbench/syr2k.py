"""Symmetric rank-2k update of the lower triangle: C = alpha (A B^T + B A^T) + beta C (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 5}, "S": {"M": 35, "N": 50}, "M": {"M": 110, "N": 140}}
WRT = (2, 3, 4)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # M*N steps, each of which keeps a row


def make(M, N):
    rng = np.random.default_rng(0)
    return 1.5, 1.2, rng.random((N, N)), rng.random((N, M)), rng.random((N, M)), rng.standard_normal((N, N))


def kernel(alpha, beta, C, A, B):
    for i in range(A.shape[0]):
        C[i, : i + 1] *= beta
        for k in range(A.shape[1]):
            C[i, : i + 1] += A[: i + 1, k] * alpha * B[i, k] + B[: i + 1, k] * alpha * A[i, k]


def f(alpha, beta, C, A, B, w):
    kernel(alpha, beta, C, A, B)
    return np.sum(C * w)


def jax_literal(alpha, beta, C, A, B, w):
    N, M = A.shape
    index = jnp.arange(N)

    def row(i, C):
        lower = index <= i

        def column(k, c):
            return c + jnp.where(lower, A[:, k] * alpha * B[i, k] + B[:, k] * alpha * A[i, k], 0.0)

        return C.at[i].set(lax.fori_loop(0, M, column, jnp.where(lower, C[i] * beta, C[i])))

    return jnp.sum(lax.fori_loop(0, N, row, C) * w)


def jax_expert(alpha, beta, C, A, B, w):
    product = A @ B.T
    return jnp.sum((jnp.tril(beta * C + alpha * (product + product.T)) + jnp.triu(C, 1)) * w)
