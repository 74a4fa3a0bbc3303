"""Heat equation in a cube, two arrays in turn (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 5, "TSTEPS": 3}, "S": {"N": 25, "TSTEPS": 25}, "M": {"N": 40, "TSTEPS": 50}}
WRT = (1, 2)


def make(N, TSTEPS):
    rng = np.random.default_rng(0)
    return TSTEPS, rng.random((N, N, N)), rng.random((N, N, N)), rng.standard_normal((2, N, N, N))


def kernel(TSTEPS, A, B):
    for _ in range(1, TSTEPS):
        B[1:-1, 1:-1, 1:-1] = (
            0.125 * (A[2:, 1:-1, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[:-2, 1:-1, 1:-1])
            + 0.125 * (A[1:-1, 2:, 1:-1] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[1:-1, :-2, 1:-1])
            + 0.125 * (A[1:-1, 1:-1, 2:] - 2.0 * A[1:-1, 1:-1, 1:-1] + A[1:-1, 1:-1, :-2])
            + A[1:-1, 1:-1, 1:-1]
        )
        A[1:-1, 1:-1, 1:-1] = (
            0.125 * (B[2:, 1:-1, 1:-1] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[:-2, 1:-1, 1:-1])
            + 0.125 * (B[1:-1, 2:, 1:-1] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[1:-1, :-2, 1:-1])
            + 0.125 * (B[1:-1, 1:-1, 2:] - 2.0 * B[1:-1, 1:-1, 1:-1] + B[1:-1, 1:-1, :-2])
            + B[1:-1, 1:-1, 1:-1]
        )


def f(TSTEPS, A, B, w):
    kernel(TSTEPS, A, B)
    return np.sum(A * w[0]) + np.sum(B * w[1])


def _step(X):
    mid = X[1:-1, 1:-1, 1:-1]
    return (
        0.125 * (X[2:, 1:-1, 1:-1] - 2.0 * mid + X[:-2, 1:-1, 1:-1])
        + 0.125 * (X[1:-1, 2:, 1:-1] - 2.0 * mid + X[1:-1, :-2, 1:-1])
        + 0.125 * (X[1:-1, 1:-1, 2:] - 2.0 * mid + X[1:-1, 1:-1, :-2])
        + mid
    )


def jax_literal(TSTEPS, A, B, w):
    def step(t, state):
        A, B = state
        B = B.at[1:-1, 1:-1, 1:-1].set(_step(A))
        A = A.at[1:-1, 1:-1, 1:-1].set(_step(B))
        return A, B

    A, B = lax.fori_loop(1, TSTEPS, step, (A, B))
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def jax_expert(TSTEPS, A, B, w):
    """Writes by padding and adding a fixed border, which XLA fuses with the stencil."""
    inside = jnp.pad(jnp.ones([n - 2 for n in A.shape]), 1)
    A_border, B_border = A * (1 - inside), B * (1 - inside)

    def step(state, _):
        A, B = state
        B = jnp.pad(_step(A), 1) + B_border
        return (jnp.pad(_step(B), 1) + A_border, B), None

    (A, B), _ = lax.scan(step, (A, B), None, length=TSTEPS - 1)
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def adjoint_only(TSTEPS, A, B, w):
    gradients = np.empty_like(A), np.empty_like(B)
    by_hand("heat_3d_grad", A.shape[0], TSTEPS, w, *gradients)
    return gradients
