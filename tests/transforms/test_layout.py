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


def orthogonalise(u: Any, a: Any) -> Any:
    """Columns of an argument, of its copy and of the result, again and again: modified Gram-Schmidt."""
    q = a * u
    v = u.copy()
    n = min(u.shape)
    for k in range(n):
        q[:, k] = q[:, k] / np.sqrt(np.sum(q[:, k] ** 2) + 0.5)
        for j in range(k + 1, n):
            q[:, j] -= np.dot(q[:, k], q[:, j]) * q[:, k]
            v[:, j] += 0.1 * q[:, k] * v[:, k]
    return q, v


def written_argument(u: Any, a: Any) -> Any:
    for k in range(u.shape[1]):
        for j in range(k):
            u[:, k] -= a * np.dot(u[:, j], u[:, k]) / (1.0 + np.dot(u[:, j], u[:, j])) * u[:, j]
    return u


def by_helper(u: Any, a: Any) -> Any:
    total = 0.0
    for _ in range(2):
        v = written_argument(u.copy(), a)
        total += np.sum(v[0] * v[-1])
        u = v
    return total, u


@pytest.mark.parametrize("shape", [(5, 7), (1, 3), (40, 2), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("f", [orthogonalise, written_argument, by_helper], ids=lambda f: f.__name__)
def test_copies_and_results(f: Any, shape: tuple[int, int]) -> None:
    """They have the order of the caller outside, and of the loops inside."""
    if 0 in shape and f is by_helper:
        pytest.skip("rows of an empty array")
    rng = np.random.default_rng(2)
    u, a = rng.standard_normal(shape), 0.3

    def flat(result: Any) -> Any:
        return np.concatenate([np.ravel(x) for x in (result if isinstance(result, tuple) else (result,))])

    ours, plain = u.copy(), u.copy()
    np.testing.assert_allclose(flat(pb.jit(f)(ours, a)), flat(f(plain, a)), rtol=1e-12)
    np.testing.assert_allclose(ours, plain, rtol=1e-12)
    w = rng.standard_normal(flat(f(u.copy(), a)).shape)
    d, e = rng.standard_normal(shape), 1e-6
    _, pullback = pb.vjp(f, u.copy(), a)
    sizes = [np.shape(x) for x in (f(u.copy(), a) if isinstance(f(u.copy(), a), tuple) else (f(u.copy(), a),))]
    parts = np.split(w, np.cumsum([int(np.prod(s)) for s in sizes])[:-1])
    weights = tuple(p.reshape(s) if s else float(p[0]) for p, s in zip(parts, sizes))
    gu, ga = pullback(weights if len(weights) > 1 else weights[0])
    found = np.sum(gu * d) + ga * 0.4
    moved = [flat(f(u + k * e * d, a + k * 0.4 * e)) for k in (1, -1)]
    np.testing.assert_allclose(found, np.dot(w, moved[0] - moved[1]) / (2 * e), rtol=1e-5, atol=1e-7)


def test_what_is_given_and_returned_has_rows_for_columns() -> None:
    text = pb.jit(orthogonalise).source(np.ones((40, 20)), 0.5, level="native")
    assert re.search(r"q\w*\[j\d*, i\d*\]", text), text
    assert not re.search(r"\[i\d*, j\d*\] [+-]=", text), text


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
