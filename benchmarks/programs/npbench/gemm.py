"""General matrix product: C = alpha A B + beta C (polybench)."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"NI": 4, "NJ": 5, "NK": 6},
    "S": {"NI": 1000, "NJ": 1100, "NK": 1200},
    "M": {"NI": 2500, "NJ": 2750, "NK": 3000},
}
WRT = (2, 3, 4)


def make(NI, NJ, NK):
    rng = np.random.default_rng(0)
    return 1.5, 1.2, rng.random((NI, NJ)), rng.random((NI, NK)), rng.random((NK, NJ)), rng.random((NI, NJ))


def kernel(alpha, beta, C, A, B):
    C[:] = alpha * A @ B + beta * C


def f(alpha, beta, C, A, B, w):
    kernel(alpha, beta, C, A, B)
    return np.sum(C * w)


def jax_literal(alpha, beta, C, A, B, w):
    return jnp.sum((alpha * A @ B + beta * C) * w)


def jax_expert(alpha, beta, C, A, B, w):
    return jnp.vdot(alpha * (A @ B) + beta * C, w)
