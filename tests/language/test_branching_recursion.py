"""Functions that call themselves more than once, with a depth that is a constant."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

from tests.suites.support import Case, Cases, check, interpreted, native

__all__ = ["interpreted", "native"]

case = Cases()


@functools.lru_cache(maxsize=None)  # noqa: UP033
def _fibonacci(n):
    return n if n < 2 else _fibonacci(n - 1) + _fibonacci(n - 2)


@functools.cache
def _power(x, n):
    return 1.0 if n == 0 else x * _power(x, n - 1)


@case(0.5, 2.0)
def numbers_kept_by_a_decorator_of_a_module(a, b):
    total = 0.0
    for k in range(3):
        total += _fibonacci(30) * 1e-6 * a + _power(b, 3) * k
    return total * _power(a, 2) * _power(2.0, 5)


@case(0.5, 2.0)
def adaptive_quadrature(a, b):
    def f(t):
        return math.exp(-a * t) * math.sin(b * t)

    def simpson(lo, hi):
        return (hi - lo) / 6 * (f(lo) + 4 * f((lo + hi) / 2) + f(hi))

    def refined(lo, hi, whole, eps, depth):
        m = (lo + hi) / 2
        left, right = simpson(lo, m), simpson(m, hi)
        if depth == 0 or abs(left + right - whole) < 15 * eps:
            return left + right + (left + right - whole) / 15
        return refined(lo, m, left, eps / 2, depth - 1) + refined(m, hi, right, eps / 2, depth - 1)

    return refined(0.0, 2.0, simpson(0.0, 2.0), 1e-4, 14)


@case(0.5, 2.0)
def depth_that_is_an_extent(a, b):
    def grown(x, depth):
        if depth == 0:
            return x * a
        return grown(np.full(depth, x).sum(), depth - 1) + grown(x * b, depth - 1) * 0.5

    return grown(a, 6)


@case(0.5, 2.0)
def results_kept_in_a_dict(a, b):
    known = {}

    def best(i, j):
        if i == 0 or j == 0:
            return a * (i + j)
        if (i, j) not in known:
            known[i, j] = min(best(i - 1, j) + b, best(i, j - 1) + a, best(i - 1, j - 1) + 0.5 * a * b)
        return known[i, j]

    return best(6, 6)


@case(0.5, 2.0)
def results_kept_by_a_decorator(a, b):
    @functools.cache
    def best(i, j):
        if i == 0 or j == 0:
            return a * (i + j)
        return min(best(i - 1, j) + b, best(i, j - 1) + a, best(i - 1, j - 1) + 0.5 * a * b)

    return best(6, 6)


@case(np.array([0.5, 1.1, -0.3]), np.array([0.4, 0.9, 0.7]))
def extents_of_two_arguments(x, y):
    def distance(i, j):
        c = abs(x[i] - y[j])
        if i == 0 and j == 0:
            return c
        if i == 0:
            return c + distance(0, j - 1)
        if j == 0:
            return c + distance(i - 1, 0)
        return c + min(distance(i - 1, j), distance(i, j - 1), distance(i - 1, j - 1))

    return distance(len(x) - 1, len(y) - 1)


def _basis(i, k, t, knots):
    if k == 0:
        return 1.0 if knots[i] <= t < knots[i + 1] else 0.0
    out = 0.0
    if knots[i + k] != knots[i]:
        out += (t - knots[i]) / (knots[i + k] - knots[i]) * _basis(i, k - 1, t, knots)
    if knots[i + k + 1] != knots[i + 1]:
        out += (knots[i + k + 1] - t) / (knots[i + k + 1] - knots[i + 1]) * _basis(i + 1, k - 1, t, knots)
    return out


@case(0.5, 2.0)
def depth_that_only_a_constant_tells(a, b):
    """The depth is no number of the run: a function of one with a depth of the run would never end."""
    knots = [0, 0, 0, 0, 0.5, 1, 1, 1, 1]
    return sum(_basis(i, 3, a * 0.6, knots) * p for i, p in enumerate(np.array([0.5, 1.0, b, a, 1.0])))


@pytest.mark.parametrize("program", case.params())
def test_interpreted(program: Case, interpreted: Any) -> None:
    check(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", case.params()[1:3])
def test_native(program: Case, native: Any) -> None:
    check(program)
