"""Jacobi sweeps on a line, two arrays in turn (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 7, "TSTEPS": 4}, "S": {"N": 3200, "TSTEPS": 800}, "M": {"N": 12000, "TSTEPS": 3000}}
WRT = (1, 2)


def make(N, TSTEPS):
    rng = np.random.default_rng(0)
    return TSTEPS, rng.random(N), rng.random(N), rng.standard_normal((2, N))


def kernel(TSTEPS, A, B):
    for _ in range(1, TSTEPS):
        B[1:-1] = 0.33333 * (A[:-2] + A[1:-1] + A[2:])
        A[1:-1] = 0.33333 * (B[:-2] + B[1:-1] + B[2:])


def f(TSTEPS, A, B, w):
    kernel(TSTEPS, A, B)
    return np.sum(A * w[0]) + np.sum(B * w[1])


def jax_literal(TSTEPS, A, B, w):
    def step(t, state):
        A, B = state
        B = B.at[1:-1].set(0.33333 * (A[:-2] + A[1:-1] + A[2:]))
        A = A.at[1:-1].set(0.33333 * (B[:-2] + B[1:-1] + B[2:]))
        return A, B

    A, B = lax.fori_loop(1, TSTEPS, step, (A, B))
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def jax_expert(TSTEPS, A, B, w):
    """Carries interiors only; the fixed borders are concatenated."""

    def relax(inside, border):
        whole = jnp.concatenate([border[:1], inside, border[1:]])
        return 0.33333 * (whole[:-2] + whole[1:-1] + whole[2:])

    A_border, B_border = A[jnp.array([0, -1])], B[jnp.array([0, -1])]

    def step(state, _):
        inside, _ = state
        b = relax(inside, A_border)
        return (relax(b, B_border), b), None

    (a, b), _ = lax.scan(step, (A[1:-1], B[1:-1]), None, length=TSTEPS - 1)
    A, B = A.at[1:-1].set(a), B.at[1:-1].set(b)
    return jnp.sum(A * w[0]) + jnp.sum(B * w[1])


def adjoint_only(TSTEPS, A, B, w):
    gradients = np.empty_like(A), np.empty_like(B)
    by_hand("jacobi_1d_grad", A.shape[0], TSTEPS, w, *gradients)
    return gradients
