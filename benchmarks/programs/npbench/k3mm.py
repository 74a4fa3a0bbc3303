"""Three matrix products in a row: A B C D (polybench 3mm, as NPBench has it)."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"NI": 4, "NJ": 5, "NK": 6, "NL": 7, "NM": 3},
    "S": {"NI": 800, "NJ": 850, "NK": 900, "NL": 950, "NM": 1000},
    "M": {"NI": 2000, "NJ": 2200, "NK": 2400, "NL": 2600, "NM": 2800},
}
WRT = (0, 1, 2, 3)


def make(NI, NJ, NK, NL, NM):
    rng = np.random.default_rng(0)
    A, B, C, D = rng.random((NI, NK)), rng.random((NK, NJ)), rng.random((NJ, NM)), rng.random((NM, NL))
    return A, B, C, D, rng.standard_normal((NI, NL))


def kernel(A, B, C, D):
    return A @ B @ C @ D


def f(A, B, C, D, w):
    return np.sum(kernel(A, B, C, D) * w)


def jax_literal(A, B, C, D, w):
    return jnp.sum((A @ B @ C @ D) * w)
