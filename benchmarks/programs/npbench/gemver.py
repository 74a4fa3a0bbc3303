"""Vector multiplications and a rank-two update: A += u1 v1 + u2 v2, x += beta y A + z, w += alpha A x (polybench)."""

import numpy as np

from ...lazy import jnp

SIZES = {"tiny": {"N": 5}, "S": {"N": 1000}, "M": {"N": 3000}}
WRT = (2, 3, 4, 5, 6, 7, 8, 9, 10)


def make(N):
    rng = np.random.default_rng(0)
    vectors = [rng.random(N) for _ in range(8)]
    return (1.5, 1.2, rng.random((N, N)) / N, *vectors, rng.standard_normal(N), rng.standard_normal((N, N)))


def kernel(alpha, beta, A, u1, v1, u2, v2, w, x, y, z):
    A += np.outer(u1, v1) + np.outer(u2, v2)
    x += beta * y @ A + z
    w += alpha * A @ x


def f(alpha, beta, A, u1, v1, u2, v2, w, x, y, z, weights, weights_A):
    kernel(alpha, beta, A, u1, v1, u2, v2, w, x, y, z)
    return np.sum(w * weights) + np.sum(x * weights) + np.sum(A * weights_A)


def jax_literal(alpha, beta, A, u1, v1, u2, v2, w, x, y, z, weights, weights_A):
    A = A + jnp.outer(u1, v1) + jnp.outer(u2, v2)
    x = x + beta * y @ A + z
    w = w + alpha * A @ x
    return jnp.sum(w * weights) + jnp.sum(x * weights) + jnp.sum(A * weights_A)


def jax_expert(alpha, beta, A, u1, v1, u2, v2, w, x, y, z, weights, weights_A):
    """Scales vectors instead of matrices."""
    A = A + jnp.outer(u1, v1) + jnp.outer(u2, v2)
    x = x + beta * (y @ A) + z
    w = w + alpha * (A @ x)
    return jnp.vdot(w + x, weights) + jnp.vdot(A, weights_A)
