"""Programs whose adjoint source is kept as golden text: one for each thing an adjoint should look like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def product_chain(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return x[-1]


def squares(x):
    for i in range(len(x)):
        x[i] = x[i] ** 2
    return x.sum()


def gauss_seidel(x, b):
    for _ in range(20):
        for i in range(1, len(x) - 1):
            x[i] = 0.5 * (x[i - 1] + x[i + 1]) + b[i]
    return np.sum(x)


def nonlinear_sweep(u):
    for _ in range(3):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + 0.1 * (u[i - 1] * u[i] - u[i + 1] * u[i + 1] * u[i - 1])
    return np.sum(u * u)


def two_fields(u):
    v = u.copy()
    for _ in range(3):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + 0.1 * (u[i - 1] * u[i + 1] * v[i])
            v[i] = v[i] * u[i] * v[i - 1] * v[i + 1]
    return np.sum(u * v)


def time_loop(x, dt):
    for _ in range(10):
        x = x + dt * np.sin(x)
    return x.sum()


def cholesky(a):
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
        for k in range(i):
            a[i, i] -= a[i, k] * a[i, k]
        a[i, i] = np.sqrt(a[i, i])
    s = 0.0
    for i in range(n):
        for j in range(i + 1):
            s += a[i, j]
    return s


def layer(w, x, y):
    h = np.tanh(x @ w)
    return np.sum((h - y) ** 2)


def cross_entropy(z, labels):
    z = z - np.max(z, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


def collatz(x):
    steps = 0
    while x > 1.0 and steps < 30:
        if steps % 2 == 0:
            x = 0.5 * x
        else:
            x = 0.3 * x * x + 0.1
        steps += 1
    return x * steps


def first_above(x, limit):
    total = 0.0
    for v in x:
        if v < 0.0:
            continue
        if v > limit:
            return total * v
        total += v**3
    return total


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


def jacobi(a):
    b = a.copy()
    for _ in range(4):
        b[1:-1] = 0.5 * (a[:-2] + a[2:])
        a[1:-1] = 0.5 * (b[:-2] + b[2:])
    return np.sum(a * a)


def masked_log(x):
    return np.sum(np.where(x > 0.0, x * np.log(x), 0.0))


def _spd(n: int) -> Any:
    a = np.random.default_rng(0).normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


_RNG = np.random.default_rng(1)
PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (product_chain, (_RNG.uniform(0.5, 1.5, 6),)),
    (squares, (_RNG.normal(size=5),)),
    (gauss_seidel, (_RNG.normal(size=9), _RNG.normal(size=9))),
    (nonlinear_sweep, (_RNG.normal(size=7),)),
    (two_fields, (_RNG.uniform(0.5, 1.0, 6),)),
    (time_loop, (_RNG.normal(size=5), 0.1)),
    (cholesky, (_spd(4),)),
    (layer, (_RNG.normal(size=(3, 2)), _RNG.normal(size=(4, 3)), _RNG.normal(size=(4, 2)))),
    (cross_entropy, (_RNG.normal(size=(4, 3)), np.array([0, 2, 1, 1]))),
    (collatz, (3.7,)),
    (first_above, (np.array([0.5, -1.0, 0.8, 2.5, 1.0]), 2.0)),
    (power, (1.3, 5)),
    (jacobi, (_RNG.normal(size=8),)),
    (masked_log, (np.array([0.5, 0.0, -1.0, 2.0]),)),
]
