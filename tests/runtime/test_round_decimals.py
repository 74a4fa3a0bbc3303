"""``round(x, n)`` of Python numbers in native code is Python's, also where the exact product is next to a half."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pullback as pb


def rounded(xs, n):
    out = np.empty(len(xs))
    for i in range(len(xs)):
        out[i] = round(float(xs[i]), n)
    return out


def _numbers(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    scale = 10.0**n
    halves = (rng.integers(-(10**6), 10**6, 2000) + 0.5) / scale
    near = np.concatenate([halves, np.nextafter(halves, math.inf), np.nextafter(halves, -math.inf)])
    binary = rng.integers(-4096, 4096, 500) / 1024.0  # halves that are exact
    wide = rng.normal(size=2000) * 10.0 ** rng.uniform(-20, 20, 2000)
    edge = 2.0**53 / scale * rng.uniform(0.2, 1.1, 1000)
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e308, -1e308, 5e-324, 0.5, -0.5, 2.675, 1.005, -0.004]
    return np.concatenate([near, binary, wide, edge, special])


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 8, 15, 22])
def test_floats(n: int) -> None:
    xs = _numbers(n)
    expected = np.array([round(float(x), n) for x in xs])
    got = pb.jit(lambda xs: rounded(xs, n))(xs)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


def tens(n, x):
    return round(n, -1) * x + round(n, -2) + round(n, 3)


def test_ints() -> None:
    for n in [0, 4, 5, 6, 14, 15, 16, 25, 50, 150, 250, -5, -15, -25, -26, -150]:
        assert pb.jit(tens)(n, 0.5) == tens(n, 0.5)
        assert pb.grad(tens, argnums=1)(n, 0.5) == round(n, -1)


def stepped(x):
    return round(x * 10.0, 1) * x


def test_derivative_is_zero_between_steps() -> None:
    assert pb.grad(stepped)(0.123) == round(1.23, 1)


def test_what_is_not_exact_is_refused() -> None:
    with pytest.raises(pb.errors.UnsupportedError, match="round to -1 decimals"):
        pb.jit(lambda x: round(x, -1))(15.0)
