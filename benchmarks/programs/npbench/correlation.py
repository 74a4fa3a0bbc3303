"""Correlation matrix of the columns of a data matrix (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"M": 4, "N": 6}, "S": {"M": 500, "N": 600}, "M": {"M": 1400, "N": 1800}}
WRT = (1,)


def make(M, N):
    rng = np.random.default_rng(0)
    return float(N), rng.random((N, M)), rng.standard_normal((M, M))


def kernel(float_n, data):
    M = data.shape[1]
    mean = np.mean(data, axis=0)
    stddev = np.std(data, axis=0)
    stddev[stddev <= 0.1] = 1.0
    data -= mean
    data /= np.sqrt(float_n) * stddev
    corr = np.eye(M)
    for i in range(M - 1):
        corr[i + 1 : M, i] = corr[i, i + 1 : M] = data[:, i] @ data[:, i + 1 : M]
    return corr


def f(float_n, data, w):
    return np.sum(kernel(float_n, data) * w)


def _standardised(float_n, data):
    mean = jnp.mean(data, axis=0)
    stddev = jnp.std(data, axis=0)
    stddev = jnp.where(stddev <= 0.1, 1.0, stddev)
    return (data - mean) / (jnp.sqrt(float_n) * stddev)


def jax_literal(float_n, data, w):
    M = data.shape[1]
    data = _standardised(float_n, data)

    def row(i, corr):
        beyond = jnp.arange(M) > i  # slices have fixed sizes in JAX: mask instead
        products = data[:, i] @ data
        corr = corr.at[:, i].set(jnp.where(beyond, products, corr[:, i]))
        return corr.at[i, :].set(jnp.where(beyond, products, corr[i, :]))

    return jnp.sum(lax.fori_loop(0, M - 1, row, jnp.eye(M)) * w)


def jax_expert(float_n, data, w):
    data = _standardised(float_n, data)
    M = data.shape[1]
    return jnp.sum(jnp.where(jnp.eye(M, dtype=bool), 1.0, data.T @ data) * w)
