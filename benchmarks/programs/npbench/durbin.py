"""Levinson-Durbin recursion for a Toeplitz system (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 6}, "S": {"N": 1000}, "M": {"N": 6000}}
WRT = (0,)


def make(N):
    rng = np.random.default_rng(0)
    r = 0.5 * rng.uniform(-1.0, 1.0, N) / (1.0 + np.arange(N)) ** 2  # diagonally dominant
    return r, rng.standard_normal(N)


def kernel(r):
    y = np.empty_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, r.shape[0]):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + np.dot(np.flip(r[:k]), y[:k])) / beta
        y[:k] += alpha * np.flip(y[:k])
        y[k] = alpha
    return y


def f(r, w):
    return np.sum(kernel(r) * w)


def jax_literal(r, w):
    """Slices of varying length become masks and rolls."""
    n = r.shape[0]
    index = jnp.arange(n)

    def step(k, state):
        y, alpha, beta = state
        beta = beta * (1.0 - alpha * alpha)
        flipped_r = jnp.where(index < k, jnp.roll(jnp.flip(r), k), 0.0)
        alpha = -(r[k] + jnp.dot(flipped_r, y)) / beta
        y = y + jnp.where(index < k, alpha * jnp.roll(jnp.flip(y), k), 0.0)
        return y.at[k].set(alpha), alpha, beta

    y = jnp.zeros(n).at[0].set(-r[0])
    return jnp.sum(lax.fori_loop(1, n, step, (y, -r[0], 1.0))[0] * w)


def jax_expert(r, w):
    """Carries y and its reversal; what is not yet computed is zero, so nothing is masked."""
    n = r.shape[0]
    reversed_r = jnp.concatenate([jnp.flip(r), jnp.zeros(n)])

    def step(state, k):
        y, backwards, alpha, beta = state  # backwards[i] = y[k - 1 - i]
        beta = beta * (1.0 - alpha * alpha)
        window = lax.dynamic_slice(reversed_r, (n - k,), (n,))  # r[k - 1 - i]
        alpha = -(r[k] + jnp.dot(window, y)) / beta
        new = (y + alpha * backwards).at[k].set(alpha)
        backwards = jnp.concatenate([alpha[None], (backwards + alpha * y)[:-1]])
        return (new, backwards, alpha, beta), None

    first = jnp.zeros(n).at[0].set(-r[0])
    (y, _, _, _), _ = lax.scan(step, (first, first, -r[0], jnp.ones(())), jnp.arange(1, n))
    return jnp.sum(y * w)


def adjoint_only(r, w):
    gradient = np.empty_like(r)
    by_hand("durbin_grad", r.shape[0], r, w, gradient)
    return (gradient,)
