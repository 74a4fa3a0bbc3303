"""Two matrix products in a row: D = alpha A B C + beta D (polybench 2mm)."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"NI": 4, "NJ": 5, "NK": 6, "NL": 7},
    "S": {"NI": 800, "NJ": 850, "NK": 900, "NL": 950},
    "M": {"NI": 2000, "NJ": 2250, "NK": 2500, "NL": 2750},
}
WRT = (2, 3, 4, 5)


def make(NI, NJ, NK, NL):
    rng = np.random.default_rng(0)
    A, B, C, D = rng.random((NI, NK)), rng.random((NK, NJ)), rng.random((NJ, NL)), rng.random((NI, NL))
    return 1.5, 1.2, A, B, C, D, rng.standard_normal((NI, NL))


def kernel(alpha, beta, A, B, C, D):
    D[:] = alpha * A @ B @ C + beta * D


def f(alpha, beta, A, B, C, D, w):
    kernel(alpha, beta, A, B, C, D)
    return np.sum(D * w)


def jax_literal(alpha, beta, A, B, C, D, w):
    return jnp.sum((alpha * A @ B @ C + beta * D) * w)
