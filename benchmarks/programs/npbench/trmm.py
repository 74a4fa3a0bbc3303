"""Product with a unit lower triangular matrix, in place: B = alpha A^T B (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 5}, "S": {"M": 65, "N": 80}, "M": {"M": 200, "N": 250}}
WRT = (1, 2)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # M*N steps, each of which keeps a matrix


def make(M, N):
    rng = np.random.default_rng(0)
    return 1.5, rng.random((M, M)), rng.random((M, N)), rng.standard_normal((M, N))


def kernel(alpha, A, B):
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            B[i, j] += np.dot(A[i + 1 :, i], B[i + 1 :, j])
    B *= alpha


def f(alpha, A, B, w):
    kernel(alpha, A, B)
    return np.sum(B * w)


def jax_literal(alpha, A, B, w):
    M, N = B.shape

    def row(i, B):
        below = jnp.where(jnp.arange(M) > i, A[:, i], 0.0)
        return lax.fori_loop(0, N, lambda j, B: B.at[i, j].add(jnp.dot(below, B[:, j])), B)

    return jnp.sum(alpha * lax.fori_loop(0, M, row, B) * w)


def jax_expert(alpha, A, B, w):
    return jnp.sum(alpha * (B + jnp.tril(A, -1).T @ B) * w)
