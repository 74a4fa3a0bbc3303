"""A nonlinear time loop over a whole array: x = x + dt * sin(x), T steps; a weighted sum of the end state."""

import functools

import numpy as np

from ..lazy import anp, jnp, lax, torch

SIZES = {
    "tiny": {"n": 5, "T": 4},
    "S": {"n": 1_000, "T": 200},
    "M": {"n": 100_000, "T": 100},
}
WRT = (0,)


def make(n, T):
    rng = np.random.default_rng(0)
    return rng.standard_normal(n), rng.standard_normal(n), 0.01, T


def f(x, w, dt, T):
    for _ in range(T):
        x = x + dt * np.sin(x)
    return np.sum(x * w)


def jax_literal(x, w, dt, T):
    x = lax.fori_loop(0, T, lambda t, x: x + dt * jnp.sin(x), x)
    return jnp.sum(x * w)


def jax_expert(x, w, dt, T):
    """Steps unrolled by eight, so that XLA can fuse them."""
    x, _ = lax.scan(lambda x, _: (x + dt * jnp.sin(x), None), x, None, length=T, unroll=8)
    return jnp.sum(x * w)


def torch_fn(x, w, dt, T):
    for _ in range(T):
        x = x + dt * torch.sin(x)
    return torch.sum(x * w)


def autograd_fn(x, w, dt, T):
    for _ in range(T):
        x = x + dt * anp.sin(x)
    return anp.sum(x * w)


@functools.cache
def _compiled():
    import numba

    @numba.njit(error_model="numpy")
    def gradient(x, w, dt, T, slopes, x_adj):
        value = 0.0
        for k in range(x.shape[0]):  # elements are independent: the tape is one element's slopes
            v = x[k]
            for t in range(T):
                slopes[t] = 1.0 + dt * np.cos(v)
                v += dt * np.sin(v)
            value += v * w[k]
            g = w[k]
            for t in range(T - 1, -1, -1):
                g *= slopes[t]
            x_adj[k] = g
        return value

    return gradient


def adjoint(x, w, dt, T):
    """By hand, Numba: element by element, so that the tape is T numbers."""
    x_adj = np.empty_like(x)
    value = _compiled()(x, w, dt, T, np.empty(T), x_adj)
    return value, (x_adj,)
