"""Two matrix-vector products added in place: x1 += A y1, x2 += y2 A (polybench)."""

import numpy as np

from ...by_hand import call as by_hand
from ...lazy import jnp

SIZES = {"tiny": {"N": 5}, "S": {"N": 5500}, "M": {"N": 11000}}
WRT = (0, 1, 2, 3, 4)


def make(N):
    rng = np.random.default_rng(0)
    x1, x2, y1, y2 = rng.random((4, N))
    return x1.copy(), x2.copy(), y1.copy(), y2.copy(), rng.random((N, N)), rng.standard_normal((2, N))


def kernel(x1, x2, y1, y2, A):
    x1 += A @ y1
    x2 += y2 @ A


def f(x1, x2, y1, y2, A, w):
    kernel(x1, x2, y1, y2, A)
    return np.sum(x1 * w[0]) + np.sum(x2 * w[1])


def jax_literal(x1, x2, y1, y2, A, w):
    return jnp.sum((x1 + A @ y1) * w[0]) + jnp.sum((x2 + y2 @ A) * w[1])


def adjoint_only(x1, x2, y1, y2, A, w):
    gradients = tuple(np.empty_like(a) for a in (x1, x2, y1, y2, A))
    by_hand("mvt_grad", A.shape[0], y1, y2, A, w, *gradients)
    return gradients
