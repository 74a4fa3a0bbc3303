# ruff: noqa
"""Arrays that get shorter in every iteration: trees of prices, differences, interpolation by levels."""

import numpy as np

CASES = []
V = np.linspace(0.9, 1.2, 13)


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(100.0, 0.2, 12)
def option_by_a_binomial_tree(s, vol, n):
    dt = 1.0 / n
    u = np.exp(vol * np.sqrt(dt))
    p = (np.exp(0.05 * dt) - 1 / u) / (u - 1 / u)
    v = np.maximum(s * u ** (2.0 * np.arange(n + 1) - n) - 101.0, 0.0)
    for i in range(n):
        v = np.exp(-0.05 * dt) * (p * v[1:] + (1 - p) * v[:-1])
    return v[0]


@case(100.0, 0.2)
def early_exercise(s, vol):
    n = 10
    u = np.exp(vol * np.sqrt(1.0 / n))
    p = (np.exp(0.05 / n) - 1 / u) / (u - 1 / u)
    v = np.maximum(107.0 - s * u ** (2.0 * np.arange(n + 1) - n), 0.0)
    for i in range(n - 1, -1, -1):
        x = s * u ** (2.0 * np.arange(i + 1) - i)
        v = np.maximum(np.exp(-0.05 / n) * (p * v[1:] + (1 - p) * v[:-1]), 107.0 - x)
    return v[0]


@case(np.sin(3.0 * np.arange(13.0)))
def repeated_differences(v):
    for _ in range(10):
        v = np.diff(v)
    return np.sum(v**2) * 1e-4


@case(np.stack([V[:10], V[1:11] ** 2], axis=1), 0.3)
def de_casteljau(c, t):
    for _ in range(9):
        c = (1 - t) * c[:-1] + t * c[1:]
    return np.sum(c[0] ** 2)


@case(np.arange(10.0) + 0.1 * V[:10], V[:10], 3.3)
def neville(x, y, t):
    n = 10
    p = y.copy()
    for k in range(1, n):
        p = ((t - x[k:]) * p[:-1] + (x[: n - k] - t) * p[1:]) / (x[: n - k] - x[k:])
    return p[0]


@case(V, V[::-1].copy())
def two_arrays(v, w):
    total = 0.0
    for i in range(9):
        v = v[1:] * w[:-1]
        w = w[1:] + 0.1 * v
        total += np.sum(v)
    return total + np.sum(w)


@case(np.outer(V, V)[:3])
def columns(a):
    for _ in range(9):
        a = np.sin(a[:, 1:]) + 0.5 * a[:, :-1]
    return np.sum(a)


@case(V)
def length_in_use(v):
    total = 0.0
    for i in range(10):
        total += len(v) * v[-1]
        v = v[:-1] + v[1:]
    return total + len(v)


@case(V)
def more_iterations_than_elements(v):
    for i in range(15):
        v = v[1:] * 2
    return np.sum(v)


@case(V)
def a_view_that_is_written_to(v):
    u = v
    for i in range(9):
        v = v[1:]
        v[0] *= 2.0
    return np.sum(u**2)


@case(V)
def the_array_before_the_loop_is_written_to(v):
    u = v
    for i in range(9):
        v[0] *= 1.5
        v = 0.5 * v[1:] * v[:-1]
    return np.sum(u**2) + np.sum(v)


@case(V)
def another_name_for_it_is_written_to(v):
    w = v
    for i in range(9):
        w[0] += 0.1
        w = v = 0.5 * (v[1:] + v[:-1])
    return np.sum(w**2) + np.sum(v)


@case(V)
def the_one_before(v):
    before = v
    for i in range(9):
        before = v
        v = 0.5 * (v[1:] + v[:-1])
        v[0] += 1.0
    return np.sum(before) + np.sum(v)


@case(V)
def loop_in_a_loop(v):
    total = 0.0
    for j in range(3):
        w = v * (j + 1)
        for i in range(9):
            w = 0.5 * (w[1:] + w[:-1])
        total += np.sum(w**2)
    return total


@case(V, V[:9])
def one_for_each_item(v, w):
    for k, x in enumerate(w):
        v = 0.5 * v[1:] * x + 0.1 * k * v[:-1]
    return np.sum(v)
