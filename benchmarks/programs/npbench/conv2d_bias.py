"""Two-dimensional convolution with bias (NHWC), a window at a time."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {
    "tiny": {"N": 2, "C_in": 3, "C_out": 4, "K": 2, "H": 5, "W": 6},
    "S": {"N": 8, "C_in": 3, "C_out": 16, "K": 2, "H": 32, "W": 32},
    "M": {"N": 8, "C_in": 3, "C_out": 8, "K": 5, "H": 64, "W": 64},
}
WRT = (0, 1, 2)


def make(N, C_in, C_out, K, H, W):
    rng = np.random.default_rng(0)
    x, weights, bias = rng.random((N, H, W, C_in)), rng.random((K, K, C_in, C_out)), rng.random(C_out)
    return x, weights, bias, rng.standard_normal((N, H - K + 1, W - K + 1, C_out))


def conv2d(x, weights):
    K = weights.shape[0]
    H_out = x.shape[1] - K + 1
    W_out = x.shape[2] - K + 1
    out = np.empty((x.shape[0], H_out, W_out, weights.shape[3]))
    for i in range(H_out):
        for j in range(W_out):
            out[:, i, j, :] = np.sum(
                x[:, i : i + K, j : j + K, :, np.newaxis] * weights[np.newaxis, :, :, :], axis=(1, 2, 3)
            )
    return out


def f(x, weights, bias, w):
    return np.sum((conv2d(x, weights) + bias) * w)


def jax_conv2d(x, weights):
    """Line by line: two loops over windows."""
    K = weights.shape[0]
    N, H, W, C_in = x.shape
    H_out, W_out = H - K + 1, W - K + 1

    def column(j, state):
        out, i = state
        window = lax.dynamic_slice(x, (0, i, j, 0), (N, K, K, C_in))
        return out.at[:, i, j, :].set(jnp.sum(window[..., None] * weights[None], axis=(1, 2, 3))), i

    out = jnp.empty((N, H_out, W_out, weights.shape[3]))
    return lax.fori_loop(0, H_out, lambda i, out: lax.fori_loop(0, W_out, column, (out, i))[0], out)


def jax_conv2d_expert(x, weights):
    return lax.conv_general_dilated(x, weights, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def jax_literal(x, weights, bias, w):
    return jnp.sum((jax_conv2d(x, weights) + bias) * w)


def jax_expert(x, weights, bias, w):
    return jnp.sum((jax_conv2d_expert(x, weights) + bias) * w)
