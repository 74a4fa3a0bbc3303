"""A linear system by LU factors in place, then two triangular solves (polybench)."""

import numpy as np

from ...lazy import jnp, jsl, lax
from .lu import jax_factors, jax_factors_expert

SIZES = {"tiny": {"N": 5}, "S": {"N": 60}, "M": {"N": 220}}
WRT = (0, 1)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # N**2 steps, each of which keeps a row


def make(N):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((N, N)) / np.sqrt(N) + 3.0 * np.eye(N)
    return A, rng.standard_normal(N), rng.standard_normal((2, N)), rng.standard_normal((N, N))


def kernel(A, b):
    x = np.zeros_like(b)
    y = np.zeros_like(b)
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]
    for i in range(A.shape[0]):
        y[i] = b[i] - A[i, :i] @ y[:i]
    for i in range(A.shape[0] - 1, -1, -1):
        x[i] = (y[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x, y


def f(A, b, w, w_A):
    x, y = kernel(A, b)
    return np.sum(x * w[0]) + np.sum(y * w[1]) + np.sum(A * w_A)


def jax_literal(A, b, w, w_A):
    N = A.shape[0]
    index = jnp.arange(N)
    A = jax_factors(A)

    def forward(i, y):
        return y.at[i].set(b[i] - jnp.sum(jnp.where(index < i, A[i] * y, 0.0)))

    def backward(k, x):
        i = N - 1 - k
        return x.at[i].set((y[i] - jnp.sum(jnp.where(index > i, A[i] * x, 0.0))) / A[i, i])

    y = lax.fori_loop(0, N, forward, jnp.zeros_like(b))
    x = lax.fori_loop(0, N, backward, jnp.zeros_like(b))
    return jnp.sum(x * w[0]) + jnp.sum(y * w[1]) + jnp.sum(A * w_A)


def jax_expert(A, b, w, w_A):
    A = jax_factors_expert(A)
    y = jsl.solve_triangular(A, b, lower=True, unit_diagonal=True)
    x = jsl.solve_triangular(A, y, lower=False)
    return jnp.sum(x * w[0]) + jnp.sum(y * w[1]) + jnp.sum(A * w_A)
