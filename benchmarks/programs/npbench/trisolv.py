"""Forward substitution with a lower triangular matrix (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp, jsl, lax

SIZES = {"tiny": {"N": 5}, "S": {"N": 2000}, "M": {"N": 5000}}
WRT = (0, 2)


def make(N):
    rng = np.random.default_rng(0)
    L = rng.standard_normal((N, N)) / np.sqrt(N) + 3.0 * np.eye(N)
    return L, np.zeros(N), rng.standard_normal(N), rng.standard_normal(N)


def kernel(L, x, b):
    for i in range(x.shape[0]):
        x[i] = (b[i] - L[i, :i] @ x[:i]) / L[i, i]


def f(L, x, b, w):
    kernel(L, x, b)
    return np.sum(x * w)


def jax_literal(L, x, b, w):
    index = jnp.arange(x.shape[0])

    def row(i, x):
        return x.at[i].set((b[i] - jnp.sum(jnp.where(index < i, L[i] * x, 0.0))) / L[i, i])

    return jnp.sum(lax.fori_loop(0, x.shape[0], row, x) * w)


def jax_expert(L, x, b, w):
    """A scan over rows; what is not yet solved is zero, so no mask is needed."""

    def row(x, given):
        i, l, rhs = given
        return x.at[i].set((rhs - l @ x) / l[i]), None

    x, _ = lax.scan(row, jnp.zeros_like(b), (jnp.arange(b.shape[0]), jnp.tril(L), b))
    return jnp.sum(x * w)


def jax_library(L, x, b, w):
    return jnp.sum(jsl.solve_triangular(L, b, lower=True) * w)


def adjoint_only(L, x, b, w):
    gradients = np.empty_like(L), np.empty_like(b)
    by_hand("trisolv_grad", L.shape[0], L, b, w, *gradients)
    return gradients
