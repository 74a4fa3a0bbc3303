"""Cholesky factor in place, row by row (polybench); the strict upper triangle stays."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 5}, "S": {"N": 100}, "M": {"N": 300}}
WRT = (0,)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # N**2 steps, each of which keeps a row


def make(N):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((N, N))
    return A @ A.T / N + np.eye(N), rng.standard_normal((N, N))


def kernel(A):
    A[0, 0] = np.sqrt(A[0, 0])
    for i in range(1, A.shape[0]):
        for j in range(i):
            A[i, j] -= np.dot(A[i, :j], A[j, :j])
            A[i, j] /= A[j, j]
        A[i, i] -= np.dot(A[i, :i], A[i, :i])
        A[i, i] = np.sqrt(A[i, i])


def f(A, w):
    kernel(A)
    return np.sum(A * w)


def jax_literal(A, w):
    """Loops of fixed length and masks: JAX differentiates no loop or slice of varying length."""
    N = A.shape[0]
    index = jnp.arange(N)

    def column(j, state):
        row, i, A = state
        new = (row[j] - jnp.sum(jnp.where(index < j, row * A[j], 0.0))) / A[j, j]
        return row.at[j].set(jnp.where(j < i, new, row[j])), i, A

    def step(i, A):
        row, _, _ = lax.fori_loop(0, N, column, (A[i], i, A))
        row = row.at[i].set(jnp.sqrt(row[i] - jnp.sum(jnp.where(index < i, row * row, 0.0))))
        return A.at[i].set(row)

    return jnp.sum(lax.fori_loop(0, N, step, A) * w)


def jax_expert(A, w):
    """A scan over columns, left-looking: one matrix-vector product a column."""
    N = A.shape[0]
    index = jnp.arange(N)

    def column(L, j):
        v = A[:, j] - L @ L[j]
        v = jnp.where(index >= j, v, 0.0) / jnp.sqrt(v[j])
        return L.at[:, j].set(v), None

    L, _ = lax.scan(column, jnp.zeros_like(A), index)
    return jnp.sum((L + jnp.triu(A, 1)) * w)


def jax_library(A, w):
    """LAPACK's factorisation of the whole matrix, and its own derivative rule."""
    lower = jnp.tril(A)
    L = jnp.linalg.cholesky(lower + jnp.tril(A, -1).T, symmetrize_input=False)
    return jnp.sum((L + jnp.triu(A, 1)) * w)


def adjoint_only(A, w):
    gradient = np.empty_like(A)
    by_hand("cholesky_grad", A.shape[0], A, w, gradient)
    return (gradient,)
