"""LeNet-5: two convolutions with pooling, three dense layers."""

import numpy as np

from ...lazy import jnp, lax
from .conv2d_bias import conv2d, jax_conv2d, jax_conv2d_expert

SIZES = {"tiny": {"N": 2, "H": 16, "W": 17}, "S": {"N": 4, "H": 28, "W": 28}, "M": {"N": 8, "H": 56, "W": 56}}
WRT = tuple(range(11))
DIFFERENCE_STEP = 1e-6  # ReLU and pooling have kinks nearby


def make(N, H, W):
    rng = np.random.default_rng(0)
    H_pool = ((H - 4) // 2 - 4) // 2
    W_pool = ((W - 4) // 2 - 4) // 2
    flat = 16 * H_pool * W_pool

    def scaled(*shape):
        return rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))

    def bias(n):
        return 0.1 * rng.standard_normal(n)

    return (
        rng.random((N, H, W, 1)), scaled(5, 5, 1, 6), bias(6), scaled(5, 5, 6, 16), bias(16),
        scaled(flat, 120), bias(120), scaled(120, 84), bias(84), scaled(84, 10), bias(10),
        rng.standard_normal((N, 10)),
    )  # fmt: skip


def relu(x):
    return np.maximum(x, 0)


def maxpool2d(x):
    out = np.empty((x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]))
    for i in range(x.shape[1] // 2):
        for j in range(x.shape[2] // 2):
            out[:, i, j, :] = np.max(x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, :], axis=(1, 2))
    return out


def lenet5(x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias):
    x = relu(conv2d(x, conv1) + bias1)
    x = maxpool2d(x)
    x = relu(conv2d(x, conv2) + bias2)
    x = maxpool2d(x)
    x = np.reshape(x, (x.shape[0], fc1.shape[0]))
    x = relu(x @ fc1 + fc1_bias)
    x = relu(x @ fc2 + fc2_bias)
    return x @ fc3 + fc3_bias


def f(x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias, w):
    return np.sum(lenet5(x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias) * w)


def _jax_maxpool(x):
    N, H, W, C = x.shape

    def column(j, state):
        out, i = state
        window = lax.dynamic_slice(x, (0, 2 * i, 2 * j, 0), (N, 2, 2, C))
        return out.at[:, i, j, :].set(jnp.max(window, axis=(1, 2))), i

    out = jnp.empty((N, H // 2, W // 2, C))
    return lax.fori_loop(0, H // 2, lambda i, out: lax.fori_loop(0, W // 2, column, (out, i))[0], out)


def _jax_maxpool_expert(x):
    N, H, W, C = x.shape
    x = x[:, : H // 2 * 2, : W // 2 * 2, :]
    return jnp.max(x.reshape(N, H // 2, 2, W // 2, 2, C), axis=(2, 4))


def _jax(conv, pool, x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias, w):
    x = pool(jnp.maximum(conv(x, conv1) + bias1, 0))
    x = pool(jnp.maximum(conv(x, conv2) + bias2, 0))
    x = x.reshape(x.shape[0], fc1.shape[0])
    x = jnp.maximum(x @ fc1 + fc1_bias, 0)
    x = jnp.maximum(x @ fc2 + fc2_bias, 0)
    return jnp.sum((x @ fc3 + fc3_bias) * w)


def jax_literal(x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias, w):
    dense = (fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias)
    return _jax(jax_conv2d, _jax_maxpool, x, conv1, bias1, conv2, bias2, *dense, w)


def jax_expert(x, conv1, bias1, conv2, bias2, fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias, w):
    dense = (fc1, fc1_bias, fc2, fc2_bias, fc3, fc3_bias)
    return _jax(jax_conv2d_expert, _jax_maxpool_expert, x, conv1, bias1, conv2, bias2, *dense, w)
