"""Multiresolution analysis kernel: every fibre A[r, q, :] is multiplied by a matrix, in place (polybench)."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"NR": 3, "NQ": 4, "NP": 5},
    "S": {"NR": 60, "NQ": 60, "NP": 128},
    "M": {"NR": 110, "NQ": 125, "NP": 256},
}
WRT = (0, 1)


def make(NR, NQ, NP):
    rng = np.random.default_rng(0)
    return rng.random((NR, NQ, NP)), rng.random((NP, NP)), rng.standard_normal((NR, NQ, NP))


def kernel(A, C4):
    NR, NQ, NP = A.shape
    A[:] = np.reshape(np.reshape(A, (NR, NQ, 1, NP)) @ C4, (NR, NQ, NP))


def f(A, C4, w):
    kernel(A, C4)
    return np.sum(A * w)


def jax_literal(A, C4, w):
    NR, NQ, NP = A.shape
    return jnp.sum(jnp.reshape(jnp.reshape(A, (NR, NQ, 1, NP)) @ C4, (NR, NQ, NP)) * w)


def jax_expert(A, C4, w):
    """One matrix product."""
    NR, NQ, NP = A.shape
    return jnp.vdot(A.reshape(NR * NQ, NP) @ C4, w.reshape(NR * NQ, NP))
