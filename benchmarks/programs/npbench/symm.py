"""Product with a symmetric matrix of which the lower triangle is stored: C = alpha A B + beta C (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 5}, "S": {"M": 40, "N": 50}, "M": {"M": 120, "N": 150}}
WRT = (2, 3, 4)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # M*N steps, each of which keeps a column


def make(M, N):
    rng = np.random.default_rng(0)
    A = np.where(np.tri(M) > 0, rng.random((M, M)), -999.0)  # nobody may read the upper triangle
    return 1.5, 1.2, rng.random((M, N)), A, rng.random((M, N)), rng.standard_normal((M, N))


def kernel(alpha, beta, C, A, B):
    temp2 = np.empty(C.shape[1])
    C *= beta
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[:i, j] += alpha * B[i, j] * A[i, :i]
            temp2[j] = B[:i, j] @ A[i, :i]
        C[i, :] += alpha * B[i, :] * A[i, i] + alpha * temp2


def f(alpha, beta, C, A, B, w):
    kernel(alpha, beta, C, A, B)
    return np.sum(C * w)


def jax_literal(alpha, beta, C, A, B, w):
    M, N = C.shape

    def column(j, state):
        C, temp2, a, i = state
        C = C.at[:, j].add(alpha * B[i, j] * a)
        return C, temp2.at[j].set(B[:, j] @ a), a, i

    def row(i, C):
        a = jnp.where(jnp.arange(M) < i, A[i], 0.0)
        C, temp2, _, _ = lax.fori_loop(0, N, column, (C, jnp.zeros(N), a, i))
        return C.at[i].add(alpha * B[i] * A[i, i] + alpha * temp2)

    return jnp.sum(lax.fori_loop(0, M, row, C * beta) * w)


def jax_expert(alpha, beta, C, A, B, w):
    whole = jnp.tril(A) + jnp.tril(A, -1).T
    return jnp.sum((beta * C + alpha * (whole @ B)) * w)
