"""Finite differences in time and space for electromagnetic waves in the plane (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {
    "tiny": {"TMAX": 3, "NX": 5, "NY": 6},
    "S": {"TMAX": 20, "NX": 200, "NY": 220},
    "M": {"TMAX": 60, "NX": 400, "NY": 450},
}
WRT = (0, 1, 2, 3)


def make(TMAX, NX, NY):
    rng = np.random.default_rng(0)
    ex, ey, hz = (rng.random((NX, NY)) for _ in range(3))
    return ex, ey, hz, rng.random(TMAX), rng.standard_normal((3, NX, NY))


def kernel(ex, ey, hz, fict):
    for t in range(fict.shape[0]):
        ey[0, :] = fict[t]
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


def f(ex, ey, hz, fict, w):
    kernel(ex, ey, hz, fict)
    return np.sum(ex * w[0]) + np.sum(ey * w[1]) + np.sum(hz * w[2])


def jax_literal(ex, ey, hz, fict, w):
    def step(t, state):
        ex, ey, hz = state
        ey = ey.at[0, :].set(fict[t])
        ey = ey.at[1:, :].add(-0.5 * (hz[1:, :] - hz[:-1, :]))
        ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
        hz = hz.at[:-1, :-1].add(-0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]))
        return ex, ey, hz

    ex, ey, hz = lax.fori_loop(0, fict.shape[0], step, (ex, ey, hz))
    return jnp.sum(ex * w[0]) + jnp.sum(ey * w[1]) + jnp.sum(hz * w[2])


def jax_expert(ex, ey, hz, fict, w):
    """Writes by padding, which XLA fuses with the differences."""

    def step(state, source):
        ex, ey, hz = state
        ey = jnp.concatenate([jnp.full((1, ey.shape[1]), source), ey[1:] - 0.5 * (hz[1:] - hz[:-1])])
        ex = ex - jnp.pad(0.5 * (hz[:, 1:] - hz[:, :-1]), ((0, 0), (1, 0)))
        curl = ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]
        return (ex, ey, hz - jnp.pad(0.7 * curl, ((0, 1), (0, 1)))), None

    (ex, ey, hz), _ = lax.scan(step, (ex, ey, hz), fict)
    return jnp.sum(ex * w[0]) + jnp.sum(ey * w[1]) + jnp.sum(hz * w[2])
