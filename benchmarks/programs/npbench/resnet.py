"""A basic block of a residual network: three convolutions with batch normalisation, and the shortcut.

The border that is padded with zeros has standard deviation zero over the batch; there NPBench's formula has no
derivative, and pullback's policy (0, as for a norm at 0) is what JAX is written to do as well.
"""

import numpy as np

from ...lazy import jnp
from .conv2d_bias import conv2d, jax_conv2d, jax_conv2d_expert

SIZES = {
    "tiny": {"N": 3, "W": 4, "H": 5, "C1": 4, "C2": 2},
    "S": {"N": 8, "W": 14, "H": 14, "C1": 32, "C2": 8},
    "M": {"N": 8, "W": 28, "H": 28, "C1": 64, "C2": 16},
}
WRT = (0, 1, 2, 3)


def make(N, W, H, C1, C2):
    rng = np.random.default_rng(0)

    def scaled(*shape):
        return rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))

    x = rng.random((N, H, W, C1))
    weights = rng.standard_normal((N, H, W, C1))
    return x, scaled(1, 1, C1, C2), scaled(3, 3, C2, C2), scaled(1, 1, C2, C1), weights


def relu(x):
    return np.maximum(x, 0)


def batchnorm2d(x, eps=1e-5):
    mean = np.mean(x, axis=0, keepdims=True)
    std = np.std(x, axis=0, keepdims=True)
    return (x - mean) / np.sqrt(std + eps)


def block(x, conv1, conv2, conv3):
    padded = np.zeros((x.shape[0], x.shape[1] + 2, x.shape[2] + 2, conv1.shape[3]))
    padded[:, 1:-1, 1:-1, :] = conv2d(x, conv1)
    y = relu(batchnorm2d(padded))
    y = relu(batchnorm2d(conv2d(y, conv2)))
    y = batchnorm2d(conv2d(y, conv3))
    return relu(y + x)


def f(x, conv1, conv2, conv3, w):
    return np.sum(block(x, conv1, conv2, conv3) * w)


def _jax_batchnorm(x, eps=1e-5):
    variance = jnp.var(x, axis=0, keepdims=True)
    positive = variance > 0
    std = jnp.where(positive, jnp.sqrt(jnp.where(positive, variance, 1.0)), 0.0)
    return (x - jnp.mean(x, axis=0, keepdims=True)) / jnp.sqrt(std + eps)


def _jax(conv, x, conv1, conv2, conv3, w):
    padded = jnp.pad(conv(x, conv1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    y = jnp.maximum(_jax_batchnorm(padded), 0)
    y = jnp.maximum(_jax_batchnorm(conv(y, conv2)), 0)
    y = _jax_batchnorm(conv(y, conv3))
    return jnp.sum(jnp.maximum(y + x, 0) * w)


def jax_literal(x, conv1, conv2, conv3, w):
    return _jax(jax_conv2d, x, conv1, conv2, conv3, w)


def jax_expert(x, conv1, conv2, conv3, w):
    return _jax(jax_conv2d_expert, x, conv1, conv2, conv3, w)
