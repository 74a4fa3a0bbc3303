"""Symmetric rank-k update of the lower triangle: C = alpha A A^T + beta C (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 5}, "S": {"M": 50, "N": 70}, "M": {"M": 150, "N": 200}}
WRT = (2, 3)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # M*N steps, each of which keeps a row


def make(M, N):
    rng = np.random.default_rng(0)
    return 1.5, 1.2, rng.random((N, N)), rng.random((N, M)), rng.standard_normal((N, N))


def kernel(alpha, beta, C, A):
    for i in range(A.shape[0]):
        C[i, : i + 1] *= beta
        for k in range(A.shape[1]):
            C[i, : i + 1] += alpha * A[i, k] * A[: i + 1, k]


def f(alpha, beta, C, A, w):
    kernel(alpha, beta, C, A)
    return np.sum(C * w)


def jax_literal(alpha, beta, C, A, w):
    N, M = A.shape
    index = jnp.arange(N)

    def row(i, C):
        lower = index <= i
        c = jnp.where(lower, C[i] * beta, C[i])
        c = lax.fori_loop(0, M, lambda k, c: c + jnp.where(lower, alpha * A[i, k] * A[:, k], 0.0), c)
        return C.at[i].set(c)

    return jnp.sum(lax.fori_loop(0, N, row, C) * w)


def jax_expert(alpha, beta, C, A, w):
    return jnp.sum((jnp.tril(beta * C + alpha * (A @ A.T)) + jnp.triu(C, 1)) * w)
