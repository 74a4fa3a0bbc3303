"""The two matrix-vector products of BiCG: r A and A p (polybench)."""

import numpy as np

from ...lazy import jnp

SIZES = {"tiny": {"M": 5, "N": 6}, "S": {"M": 4000, "N": 5000}, "M": {"M": 10000, "N": 12500}}
WRT = (0, 1, 2)


def make(M, N):
    rng = np.random.default_rng(0)
    return rng.random((N, M)), rng.random(M), rng.random(N), rng.standard_normal(M), rng.standard_normal(N)


def kernel(A, p, r):
    return r @ A, A @ p


def f(A, p, r, w1, w2):
    s, q = kernel(A, p, r)
    return np.sum(s * w1) + np.sum(q * w2)


def jax_literal(A, p, r, w1, w2):
    return jnp.sum((r @ A) * w1) + jnp.sum((A @ p) * w2)
