"""NPBench's three-layer perceptron: two ReLU layers and a softmax."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"C_in": 3, "N": 4, "S0": 7, "S1": 6, "S2": 5},
    "S": {"C_in": 3, "N": 8, "S0": 30000, "S1": 2000, "S2": 2000},
    "M": {"C_in": 3, "N": 8, "S0": 30000, "S1": 10000, "S2": 10000},
}
WRT = (0, 1, 2, 3, 4, 5, 6)


def make(C_in, N, S0, S1, S2):
    rng = np.random.default_rng(0)

    def layer(rows, columns):
        return rng.standard_normal((rows, columns)) / np.sqrt(rows), 0.1 * rng.standard_normal(columns)

    x = rng.random((N, C_in))
    return (x, *layer(C_in, S0), *layer(S0, S1), *layer(S1, S2), rng.standard_normal((N, S2)))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    largest = np.max(x, axis=-1, keepdims=True)
    e = np.exp(x - largest)
    return e / np.sum(e, axis=-1, keepdims=True)


def mlp(x, w1, b1, w2, b2, w3, b3):
    x = relu(x @ w1 + b1)
    x = relu(x @ w2 + b2)
    return softmax(x @ w3 + b3)


def f(x, w1, b1, w2, b2, w3, b3, w):
    return np.sum(mlp(x, w1, b1, w2, b2, w3, b3) * w)


def jax_literal(x, w1, b1, w2, b2, w3, b3, w):
    x = jnp.maximum(x @ w1 + b1, 0)
    x = jnp.maximum(x @ w2 + b2, 0)
    x = x @ w3 + b3
    e = jnp.exp(x - jnp.max(x, axis=-1, keepdims=True))
    return jnp.sum(e / jnp.sum(e, axis=-1, keepdims=True) * w)


def jax_expert(x, w1, b1, w2, b2, w3, b3, w):
    import jax

    x = jax.nn.relu(x @ w1 + b1)
    x = jax.nn.relu(x @ w2 + b2)
    return jnp.sum(jax.nn.softmax(x @ w3 + b3) * w)
