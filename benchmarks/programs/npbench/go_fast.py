"""Adds the sum of tanh over the diagonal to a matrix (the example of Numba's five-minute guide)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 5}, "S": {"N": 2000}, "M": {"N": 6000}}
WRT = (0,)


def make(N):
    rng = np.random.default_rng(0)
    return rng.random((N, N)), rng.standard_normal((N, N))


def go_fast(a):
    trace = 0.0
    for i in range(a.shape[0]):
        trace += np.tanh(a[i, i])
    return a + trace


def f(a, w):
    return np.sum(go_fast(a) * w)


def jax_literal(a, w):
    trace = lax.fori_loop(0, a.shape[0], lambda i, trace: trace + jnp.tanh(a[i, i]), 0.0)
    return jnp.sum((a + trace) * w)


def jax_expert(a, w):
    return jnp.sum((a + jnp.sum(jnp.tanh(jnp.diagonal(a)))) * w)
