"""Jacobi sweeps on a square, two arrays in turn (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 6, "TSTEPS": 4}, "S": {"N": 150, "TSTEPS": 50}, "M": {"N": 350, "TSTEPS": 80}}
WRT = (1, 2)


def make(N, TSTEPS):
    rng = np.random.default_rng(0)
    return TSTEPS, rng.random((N, N)), rng.random((N, N)), rng.standard_normal((2, N, N))


def kernel(TSTEPS, A, B):
    for _ in range(1, TSTEPS):
        B[1:-1, 1:-1] = 0.2 * (A[1:-1, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:] + A[2:, 1:-1] + A[:-2, 1:-1])
        A[1:-1, 1:-1] = 0.2 * (B[1:-1, 1:-1] + B[1:-1, :-2] + B[1:-1, 2:] + B[2:, 1:-1] + B[:-2, 1:-1])


def f(TSTEPS, A, B, w):
    kernel(TSTEPS, A, B)
    return np.sum(A * w[0]) + np.sum(B * w[1])


def _relaxed(X):
    return 0.2 * (X[1:-1, 1:-1] + X[1:-1, :-2] + X[1:-1, 2:] + X[2:, 1:-1] + X[:-2, 1:-1])


def jax_literal(TSTEPS, A, B, w):
    def step(t, state):
        A, B = state
        B = B.at[1:-1, 1:-1].set(_relaxed(A))
        A = A.at[1:-1, 1:-1].set(_relaxed(B))
        return A, B

    A, B = lax.fori_loop(1, TSTEPS, step, (A, B))
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def jax_expert(TSTEPS, A, B, w):
    """Writes by padding and adding a fixed border, which XLA fuses with the stencil."""
    inside = jnp.pad(jnp.ones((A.shape[0] - 2, A.shape[1] - 2)), 1)
    A_border, B_border = A * (1 - inside), B * (1 - inside)

    def step(state, _):
        A, B = state
        B = jnp.pad(_relaxed(A), 1) + B_border
        return (jnp.pad(_relaxed(B), 1) + A_border, B), None

    (A, B), _ = lax.scan(step, (A, B), None, length=TSTEPS - 1)
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def adjoint_only(TSTEPS, A, B, w):
    gradients = np.empty_like(A), np.empty_like(B)
    by_hand("jacobi_2d_grad", A.shape[0], TSTEPS, w, *gradients)
    return gradients
