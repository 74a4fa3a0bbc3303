"""Sum of two scaled matrix-vector products: alpha A x + beta B x (polybench)."""

import numpy as np

from ...lazy import jnp

SIZES = {"tiny": {"N": 5}, "S": {"N": 2000}, "M": {"N": 4000}}
WRT = (2, 3, 4)


def make(N):
    rng = np.random.default_rng(0)
    return 1.5, 1.2, rng.random((N, N)), rng.random((N, N)), rng.random(N), rng.standard_normal(N)


def kernel(alpha, beta, A, B, x):
    return alpha * A @ x + beta * B @ x


def f(alpha, beta, A, B, x, w):
    return np.sum(kernel(alpha, beta, A, B, x) * w)


def jax_literal(alpha, beta, A, B, x, w):
    return jnp.sum((alpha * A @ x + beta * B @ x) * w)


def jax_expert(alpha, beta, A, B, x, w):
    """Scales vectors instead of matrices."""
    return jnp.vdot(alpha * (A @ x) + beta * (B @ x), w)
