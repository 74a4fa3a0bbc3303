"""Deriche's recursive edge filter: forward and backward recurrences along both axes (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"W": 5, "H": 6}, "S": {"W": 400, "H": 200}, "M": {"W": 1500, "H": 1000}}
WRT = (1,)


def make(W, H):
    rng = np.random.default_rng(0)
    return 0.25, rng.random((W, H)), rng.standard_normal((W, H))


def kernel(alpha, img):
    k = (1.0 - np.exp(-alpha)) * (1.0 - np.exp(-alpha)) / (1.0 + alpha * np.exp(-alpha) - np.exp(2.0 * alpha))
    a1 = a5 = k
    a2 = a6 = k * np.exp(-alpha) * (alpha - 1.0)
    a3 = a7 = k * np.exp(-alpha) * (alpha + 1.0)
    a4 = a8 = -k * np.exp(-2.0 * alpha)
    b1 = 2.0 ** (-alpha)
    b2 = -np.exp(-2.0 * alpha)
    c1 = c2 = 1

    y1 = np.empty_like(img)
    y1[:, 0] = a1 * img[:, 0]
    y1[:, 1] = a1 * img[:, 1] + a2 * img[:, 0] + b1 * y1[:, 0]
    for j in range(2, img.shape[1]):
        y1[:, j] = a1 * img[:, j] + a2 * img[:, j - 1] + b1 * y1[:, j - 1] + b2 * y1[:, j - 2]

    y2 = np.empty_like(img)
    y2[:, -1] = 0.0
    y2[:, -2] = a3 * img[:, -1]
    for j in range(img.shape[1] - 3, -1, -1):
        y2[:, j] = a3 * img[:, j + 1] + a4 * img[:, j + 2] + b1 * y2[:, j + 1] + b2 * y2[:, j + 2]
    out = c1 * (y1 + y2)

    y1[0, :] = a5 * out[0, :]
    y1[1, :] = a5 * out[1, :] + a6 * out[0, :] + b1 * y1[0, :]
    for i in range(2, img.shape[0]):
        y1[i, :] = a5 * out[i, :] + a6 * out[i - 1, :] + b1 * y1[i - 1, :] + b2 * y1[i - 2, :]

    y2[-1, :] = 0.0
    y2[-2, :] = a7 * out[-1, :]
    for i in range(img.shape[0] - 3, -1, -1):
        y2[i, :] = a7 * out[i + 1, :] + a8 * out[i + 2, :] + b1 * y2[i + 1, :] + b2 * y2[i + 2, :]
    out[:] = c2 * (y1 + y2)
    return out


def f(alpha, img, w):
    return np.sum(kernel(alpha, img) * w)


def _constants(alpha):
    k = (1.0 - jnp.exp(-alpha)) ** 2 / (1.0 + alpha * jnp.exp(-alpha) - jnp.exp(2.0 * alpha))
    damp = jnp.exp(-alpha)
    a = (k, k * damp * (alpha - 1.0), k * damp * (alpha + 1.0), -k * damp * damp)
    return a, 2.0 ** (-alpha), -jnp.exp(-2.0 * alpha)


def jax_literal(alpha, img, w):
    (a1, a2, a3, a4), b1, b2 = _constants(alpha)

    def columns(x, y1, y2):
        n = x.shape[1]

        def forward(j, y):
            return y.at[:, j].set(a1 * x[:, j] + a2 * x[:, j - 1] + b1 * y[:, j - 1] + b2 * y[:, j - 2])

        def backward(k, y):
            j = n - 3 - k
            return y.at[:, j].set(a3 * x[:, j + 1] + a4 * x[:, j + 2] + b1 * y[:, j + 1] + b2 * y[:, j + 2])

        y1 = y1.at[:, 0].set(a1 * x[:, 0])
        y1 = y1.at[:, 1].set(a1 * x[:, 1] + a2 * x[:, 0] + b1 * y1[:, 0])
        y1 = lax.fori_loop(2, n, forward, y1)
        y2 = y2.at[:, -1].set(0.0)
        y2 = y2.at[:, -2].set(a3 * x[:, -1])
        y2 = lax.fori_loop(0, n - 2, backward, y2)
        return y1 + y2

    zero = jnp.zeros_like(img)
    out = columns(img, zero, zero)
    out = columns(out.T, zero.T, zero.T).T
    return jnp.sum(out * w)


def jax_expert(alpha, img, w):
    """Scans that carry two lines."""
    (a1, a2, a3, a4), b1, b2 = _constants(alpha)

    def filtered(x):
        zero = jnp.zeros(x.shape[1])

        def recurrence(a, b):
            def line(state, new):
                y_1, y_2, x_1 = state
                y = a * new + b * x_1 + b1 * y_1 + b2 * y_2
                return (y, y_1, new), y

            return line

        _, y1 = lax.scan(recurrence(a1, a2), (zero, zero, zero), x)
        later = jnp.concatenate([x[1:], jnp.zeros((1, x.shape[1]))])
        _, y2 = lax.scan(recurrence(a3, a4), (zero, zero, zero), later, reverse=True)
        return y1 + y2

    return jnp.sum(filtered(filtered(img.T).T) * w)
