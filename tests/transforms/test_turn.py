"""Additions that run backwards over a range meet those that run forwards."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import pullback as pb


def levinson(r: Any, a: Any) -> Any:
    """A vector is added to itself turned around, in place and again and again."""
    y = np.zeros(len(r))
    y[0] = -r[0]
    for k in range(1, len(r)):
        y[:k] += a * y[:k][::-1]
        y[k] = np.sin(r[k]) + np.dot(np.flip(r[:k]), y[:k])
    return y


def mirrored(r: Any, a: Any) -> Any:
    """The elements of a palindrome: no loop."""
    return r * r[::-1] + a * np.flip(r) + np.exp(0.1 * r[::-1])


def parts_turned(r: Any, a: Any) -> Any:
    """Ranges that differ: what is turned around and what is not meet in part only."""
    n = len(r) // 2
    u = r * 2.0
    u[:n] = u[:n][::-1] * a
    u[n:] += r[n:] * r[n:][::-1]
    u[1:] += r[:-1][::-1] * u[:-1]
    return u


def by_twos(r: Any, a: Any) -> Any:
    """Steps of minus two beside steps of two."""
    y = np.array(r)
    for _ in range(3):
        y[::2] = y[::2] + a * y[::2][::-1]
        y[1::2] = y[::-2][: len(y[1::2])] * y[1::2]
    return y


def of_a_table(r: Any, a: Any) -> Any:
    """One axis or both turned around, of a matrix and of its rows."""
    t = np.outer(r, r) + a
    for k in range(1, len(r)):
        t[:k, :k] = t[:k, :k] + 0.1 * t[:k, :k][::-1] * t[:k, :k][:, ::-1]
        t[k] += a * t[k, ::-1]
        t[k, :k] += t[k, :k][::-1] * t[k - 1, :k]
    return t


CASES = [levinson, mirrored, parts_turned, by_twos, of_a_table]


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_gradients(f: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    r, a, d = rng.standard_normal(n), 0.3, rng.standard_normal(n)
    value, pullback = pb.vjp(f, r, a)
    np.testing.assert_allclose(value, f(r, a), rtol=1e-12)
    w, e = rng.standard_normal(np.shape(value)), 1e-6
    gr, ga = pullback(w)
    numeric = np.sum(w * (f(r + e * d, a + 0.7 * e) - f(r - e * d, a - 0.7 * e))) / (2 * e)
    np.testing.assert_allclose(np.dot(gr, d) + 0.7 * ga, numeric, rtol=1e-6, atol=1e-8)


def test_one_loop_and_no_addition_backwards() -> None:
    def f(r: Any, a: Any) -> Any:
        return np.sum(levinson(r, a) ** 2)

    text = pb.grad(f).source(np.ones(6), 0.5)
    assert not re.search(r"y_adj\[[^]]*\]\[::-1\] \+=", text), text


def test_an_addition_by_itself_stays() -> None:
    def f(r: Any) -> Any:
        return np.sum(np.sin(r[::-1]))

    assert "[::-1]" in pb.grad(f).source(np.ones(6))
