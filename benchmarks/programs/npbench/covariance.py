"""Covariance matrix of the columns of a data matrix (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 6}, "S": {"M": 500, "N": 600}, "M": {"M": 1400, "N": 1800}}
WRT = (1,)


def make(M, N):
    rng = np.random.default_rng(0)
    return float(N), rng.random((N, M)), rng.standard_normal((M, M))


def kernel(float_n, data):
    M = data.shape[1]
    data -= np.mean(data, axis=0)
    cov = np.zeros((M, M))
    for i in range(M):
        cov[i:M, i] = cov[i, i:M] = data[:, i] @ data[:, i:M] / (float_n - 1.0)
    return cov


def f(float_n, data, w):
    return np.sum(kernel(float_n, data) * w)


def jax_literal(float_n, data, w):
    M = data.shape[1]
    data = data - jnp.mean(data, axis=0)

    def row(i, cov):
        beyond = jnp.arange(M) >= i  # slices have fixed sizes in JAX: mask instead
        products = data[:, i] @ data / (float_n - 1.0)
        cov = cov.at[:, i].set(jnp.where(beyond, products, cov[:, i]))
        return cov.at[i, :].set(jnp.where(beyond, products, cov[i, :]))

    return jnp.sum(lax.fori_loop(0, M, row, jnp.zeros((M, M))) * w)


def jax_expert(float_n, data, w):
    data = data - jnp.mean(data, axis=0)
    return jnp.sum(data.T @ data / (float_n - 1.0) * w)
