"""Modified Gram-Schmidt: QR factors, the input overwritten (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 6, "N": 4}, "S": {"M": 70, "N": 60}, "M": {"M": 220, "N": 180}}
WRT = (0,)
ONLY_SIZES = {"jax_literal": ("tiny", "S")}  # N**2 steps, each of which keeps a column


def make(M, N):
    rng = np.random.default_rng(0)
    A = rng.standard_normal((M, N)) / np.sqrt(M)
    A[:N] += np.eye(N)  # well conditioned
    return A, rng.standard_normal((M, N)), rng.standard_normal((N, N))


def kernel(A):
    Q = np.zeros_like(A)
    R = np.zeros((A.shape[1], A.shape[1]))
    for k in range(A.shape[1]):
        nrm = np.dot(A[:, k], A[:, k])
        R[k, k] = np.sqrt(nrm)
        Q[:, k] = A[:, k] / R[k, k]
        for j in range(k + 1, A.shape[1]):
            R[k, j] = np.dot(Q[:, k], A[:, j])
            A[:, j] -= Q[:, k] * R[k, j]
    return Q, R


def f(A, w_Q, w_R):
    Q, R = kernel(A)
    return np.sum(Q * w_Q) + np.sum(R * w_R)


def jax_literal(A, w_Q, w_R):
    N = A.shape[1]

    def column(j, state):
        A, r, q, k = state
        a = A[:, j]
        product = jnp.dot(q, a)
        A = A.at[:, j].set(jnp.where(j > k, a - q * product, a))
        return A, r.at[j].set(jnp.where(j > k, product, r[j])), q, k

    def step(k, state):
        A, Q, R = state
        norm = jnp.sqrt(jnp.dot(A[:, k], A[:, k]))
        q = A[:, k] / norm
        A, r, _, _ = lax.fori_loop(0, N, column, (A, jnp.zeros(N).at[k].set(norm), q, k))
        return A, Q.at[:, k].set(q), R.at[k].set(r)

    _, Q, R = lax.fori_loop(0, N, step, (A, jnp.zeros_like(A), jnp.zeros((N, N))))
    return jnp.sum(Q * w_Q) + jnp.sum(R * w_R)


def jax_expert(A, w_Q, w_R):
    """A scan over columns; all later columns at once."""
    index = jnp.arange(A.shape[1])

    def step(A, k):
        norm = jnp.sqrt(jnp.dot(A[:, k], A[:, k]))
        q = A[:, k] / norm
        r = jnp.where(index > k, q @ A, 0.0)
        return A - jnp.outer(q, r), (q, r.at[k].set(norm))

    _, (Q, R) = lax.scan(step, A, index)
    return jnp.sum(Q.T * w_Q) + jnp.sum(R * w_R)


def adjoint_only(A, w_Q, w_R):
    gradient = np.empty_like(A)
    by_hand("gramschmidt_grad", *A.shape, A, w_Q, w_R, gradient)
    return (gradient,)
