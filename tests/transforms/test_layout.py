"""Axes of arrays of our own in the order in which loops go through them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import pullback as pb


def columns(u: Any, a: Any) -> Any:
    """A recurrence along rows, for all rows at once."""
    n, m = u.shape
    p = np.zeros((n, m))
    q = np.empty((n, m))
    q[:, 0] = u[:, 0]
    for j in range(1, m):
        p[:, j] = a / (2.0 + p[:, j - 1])
        q[:, j] = (u[:, j] + q[:, j - 1]) * p[:, j - 1] + 0.1 * q[:, j - 1]
    return np.sum(q[:, m - 1] ** 2) + np.sum(p[:, m - 1])


def both_ways(u: Any, a: Any) -> Any:
    """Once by columns, once by rows."""
    n, m = u.shape
    p = np.empty((n, m))
    for j in range(m):
        p[:, j] = np.sin(a * u[:, j]) + (p[:, j - 1] if j > 0 else 0.0)
    s = 0.0
    for i in range(n):
        p[i, 1:] = p[i, :-1] * p[i, 1:]
        s += np.sum(p[i])
    return s


def in_branches(u: Any, a: Any) -> Any:
    """One array or another one, written in a while loop."""
    n, m = u.shape
    p = np.zeros((n, m))
    if a > 0.0:
        p[:, 0] = u[:, 0]
    j = 1
    while j < m:
        if j % 2 == 0:
            p[:, j] = p[:, j - 1] * a + u[:, j]
        else:
            p[:, j] = p[:, j - 1] - a * u[:, j]
        j += 1
    return np.sum(p[:, m - 1] * p[:, m - 2])


def seen_outside(u: Any, a: Any) -> Any:
    """Returned in part, multiplied, and reshaped: such arrays stay as they are."""
    n, m = u.shape
    p = np.zeros((n, m))
    q = np.zeros((n, n))
    for j in range(1, m):
        p[:, j] = p[:, j - 1] + a * u[:, j]
    for j in range(n):
        q[:, j] = p[:, 0] + u[j, 1]
    return np.sum((p.T @ q) ** 2) + np.sum(p.reshape(-1)[1::3])


def three_axes(u: Any, a: Any) -> Any:
    n, m = u.shape
    p = np.zeros((n, 3, m))
    for j in range(1, m):
        for k in range(3):
            p[:, k, j] = np.tanh(p[:, k, j - 1] + a * u[:, j] * (k + 1))
    return np.sum(p[:, :, m - 1])


def crossed(u: Any, a: Any) -> Any:
    """Columns of one array and rows of another one, in one loop."""
    n = min(u.shape)
    p = np.zeros((n, n))
    v = np.zeros((n, n))
    v[0] = u[:n, 0]
    for j in range(1, n):
        p[:, j] = 1.0 / (a * p[:, j - 1] + 2.0)
        v[j] = p[:, j] * v[j - 1] + u[j, :n]
    return np.sum(v) + np.sum(p[:, n - 1])


CASES = [crossed, columns, both_ways, in_branches, seen_outside, three_axes]


@pytest.mark.parametrize("f", CASES, ids=[f.__name__ for f in CASES])
@pytest.mark.parametrize("shape", [(5, 7), (1, 3), (40, 2)], ids=str)
def test_values_and_gradients(f: Any, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    u, a = rng.standard_normal(shape), 0.7
    value, (gu, ga) = pb.value_and_grad(f, argnums=(0, 1))(u, a)
    np.testing.assert_allclose(value, f(u, a), rtol=1e-12)
    d, e = rng.standard_normal(shape), 1e-6
    np.testing.assert_allclose(np.sum(gu * d), (f(u + e * d, a) - f(u - e * d, a)) / (2 * e), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ga, (f(u, a + e) - f(u, a - e)) / (2 * e), rtol=1e-6, atol=1e-8)
    if f is columns:
        product = pb.hvp(f, (u, a), (d, 0.3))
        g = pb.grad(f)
        expected = (g(u + e * d, a + 0.3 * e) - g(u - e * d, a - 0.3 * e)) / (2 * e)
        np.testing.assert_allclose(product[0], expected, rtol=1e-5, atol=1e-7)


def test_columns_become_rows() -> None:
    text = pb.jit(crossed).source(np.ones((40, 20)), 0.5, level="native")
    assert re.search(r"p\[j\d*, i\d*\] = ", text), text
    assert re.search(r"v\[j\d*, i\d*\] = ", text), text


def test_results_keep_their_order() -> None:
    def f(u: Any) -> Any:
        p = np.zeros(u.shape)
        for j in range(1, u.shape[1]):
            p[:, j] = p[:, j - 1] + u[:, j]
        return p

    u = np.random.default_rng(0).standard_normal((4, 9))
    np.testing.assert_allclose(pb.jit(f)(u), f(u))
