"""Matrix transpose times matrix times vector: (A x) A (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp

SIZES = {"tiny": {"M": 5, "N": 6}, "S": {"M": 4000, "N": 5000}, "M": {"M": 10000, "N": 12500}}
WRT = (0, 1)


def make(M, N):
    rng = np.random.default_rng(0)
    return rng.random((M, N)), rng.random(N), rng.standard_normal(N)


def kernel(A, x):
    return (A @ x) @ A


def f(A, x, w):
    return np.sum(kernel(A, x) * w)


def jax_literal(A, x, w):
    return jnp.sum(((A @ x) @ A) * w)


def adjoint_only(A, x, w):
    gradients = np.empty_like(A), np.empty_like(x)
    by_hand("atax_grad", *A.shape, A, x, w, *gradients)
    return gradients
