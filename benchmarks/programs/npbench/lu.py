"""LU factors in place, without pivoting (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 5}, "S": {"N": 60}, "M": {"N": 220}}
WRT = (0,)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # N**2 steps, each of which keeps a row


def make(N):
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, N)) / np.sqrt(N) + 3.0 * np.eye(N), rng.standard_normal((N, N))


def kernel(A):
    for i in range(A.shape[0]):
        for j in range(i):
            A[i, j] -= A[i, :j] @ A[:j, j]
            A[i, j] /= A[j, j]
        for j in range(i, A.shape[0]):
            A[i, j] -= A[i, :i] @ A[:i, j]


def f(A, w):
    kernel(A)
    return np.sum(A * w)


def jax_factors(A):
    """Line by line: loops of fixed length and masks, since JAX differentiates no slice of varying length."""
    N = A.shape[0]
    index = jnp.arange(N)

    def element(j, state):
        row, i, A = state
        done = row[j] - jnp.sum(jnp.where(index < jnp.minimum(i, j), row * A[:, j], 0.0))
        return row.at[j].set(jnp.where(j < i, done / A[j, j], done)), i, A

    return lax.fori_loop(0, N, lambda i, A: A.at[i].set(lax.fori_loop(0, N, element, (A[i], i, A))[0]), A)


def jax_factors_expert(A):
    """A scan over pivots, right-looking: one rank-one update a pivot."""
    N = A.shape[0]
    index = jnp.arange(N)

    def pivot(A, k):
        beyond = index > k
        column = jnp.where(beyond, A[:, k] / A[k, k], 0.0)
        A = A - jnp.outer(column, jnp.where(beyond, A[k], 0.0))
        return A.at[:, k].set(jnp.where(beyond, column, A[:, k])), None

    return lax.scan(pivot, A, index)[0]


def jax_literal(A, w):
    return jnp.sum(jax_factors(A) * w)


def jax_expert(A, w):
    return jnp.sum(jax_factors_expert(A) * w)


def adjoint_only(A, w):
    gradient = np.empty_like(A)
    by_hand("lu_grad", A.shape[0], A, w, gradient)
    return (gradient,)
