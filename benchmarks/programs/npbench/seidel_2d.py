"""Gauss-Seidel sweeps with a nine-point stencil, in place: rows in order, then along the row (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 6, "TSTEPS": 4}, "S": {"N": 50, "TSTEPS": 8}, "M": {"N": 100, "TSTEPS": 15}}
WRT = (1,)


def make(N, TSTEPS):
    rng = np.random.default_rng(0)
    return TSTEPS, rng.random((N, N)), rng.standard_normal((N, N))


def kernel(TSTEPS, A):
    N = A.shape[0]
    for _ in range(TSTEPS - 1):
        for i in range(1, N - 1):
            A[i, 1:-1] += (
                A[i - 1, :-2] + A[i - 1, 1:-1] + A[i - 1, 2:] + A[i, 2:] + A[i + 1, :-2] + A[i + 1, 1:-1] + A[i + 1, 2:]
            )
            for j in range(1, N - 1):
                A[i, j] += A[i, j - 1]
                A[i, j] /= 9.0


def f(TSTEPS, A, w):
    kernel(TSTEPS, A)
    return np.sum(A * w)


def jax_literal(TSTEPS, A, w):
    N = A.shape[0]

    def row(i, A):
        up, mid, down = A[i - 1], A[i], A[i + 1]
        mid = mid.at[1:-1].add(up[:-2] + up[1:-1] + up[2:] + mid[2:] + down[:-2] + down[1:-1] + down[2:])
        mid = lax.fori_loop(1, N - 1, lambda j, r: r.at[j].set((r[j] + r[j - 1]) / 9.0), mid)
        return A.at[i].set(mid)

    A = lax.fori_loop(0, TSTEPS - 1, lambda t, A: lax.fori_loop(1, N - 1, row, A), A)
    return jnp.sum(A * w)


def jax_expert(TSTEPS, A, w):
    """A scan over rows; along a row the recurrence v[j] = (c[j] + v[j - 1]) / 9 is a matrix-vector product."""
    n = A.shape[1] - 2
    power = np.arange(n)[:, None] - np.arange(n)[None, :]
    solver = jnp.asarray(np.where(power >= 0, 9.0 ** -(np.maximum(power, 0) + 1.0), 0.0))

    def row(up, rows):
        mid, down = rows
        c = up[:-2] + up[1:-1] + up[2:] + mid[1:-1] + mid[2:] + down[:-2] + down[1:-1] + down[2:]
        c = c.at[0].add(mid[0])
        new = jnp.concatenate([mid[:1], solver @ c, mid[-1:]])
        return new, new

    def sweep(A, _):
        _, inner = lax.scan(row, A[0], (A[1:-1], A[2:]))
        return jnp.concatenate([A[:1], inner, A[-1:]]), None

    A, _ = lax.scan(sweep, A, None, length=TSTEPS - 1)
    return jnp.sum(A * w)


def adjoint_only(TSTEPS, A, w):
    gradient = np.empty_like(A)
    by_hand("seidel_2d_grad", A.shape[0], TSTEPS, w, gradient)
    return (gradient,)
