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


@pytest.mark.parametrize("program", case.params())
def test_interpreted(program: Case, interpreted: Any) -> None:
    check(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", case.params()[1:3])
def test_native(program: Case, native: Any) -> None:
    check(program)
