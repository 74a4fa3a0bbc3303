"""Python's integers have 64 bits in compiled programs: what leaves them raises, and is not another number."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


def product(x, n):
    p = 1
    for k in range(1, n + 1):
        p *= k
    return x * p


def power(x, n):
    return x * 3**n


def shifted(x, n):
    return x * (1 << n)


def sums(x, n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return x * a


def differences(x, n):
    a, b = 1, -1
    for _ in range(n):
        a, b = b - a, a - b
    return x * a


def generator(x, n):
    seed = n
    for _ in range(100):
        seed = (1103515245 * seed + 12345) % 2147483648
    return x * seed


FITS = [(product, 20), (power, 39), (shifted, 61), (sums, 90), (differences, 61), (generator, 42), (product, 0)]
LEAVES = [(product, 21), (power, 41), (shifted, 64), (sums, 100), (differences, 70), (generator, 2**50)]


@pytest.mark.parametrize(("f", "n"), FITS)
def test_what_fits_is_exact(f, n):
    assert pb.jit(f)(0.5, n) == f(0.5, n)
    assert pb.grad(f)(0.5, n) == f(1.0, n)


@pytest.mark.parametrize(("f", "n"), LEAVES)
def test_what_does_not_fit_raises(f, n):
    for g in (pb.jit(f), pb.grad(f)):
        with pytest.raises(OverflowError, match="does not fit into 64 bits: begin with a float"):
            g(0.5, n)


def strided(x, stride):
    s = 0.0
    i = 0
    while i * stride < len(x):
        s += x[i * stride] * (i + stride)
        i += 1
    return s


def test_indices():
    x = np.linspace(0.1, 1.0, 12)
    assert pb.jit(strided)(x, 3) == pytest.approx(strided(x, 3))


def wrapped(k):
    return np.sum(k + 1 > k), k * 3 // 3 == k, k - 1 < k


def test_integers_of_numpy_wrap_also_where_they_are_compared():
    k = np.array([2**63 - 1, 5, -(2**63)])
    for got, want in zip(pb.jit(wrapped)(k), wrapped(k), strict=True):
        np.testing.assert_array_equal(got, want)


def part(x, low, high):
    return x[low + 3 :], x[: high - 3], x[low:high]


def strided_part(x, step):
    return x[::step]


def test_bounds_of_slices_near_the_ends_of_64_bits_stay_in_the_array():
    x = np.arange(4.0)
    ends = (-(2**63), -(2**63) + 2, 2**63 - 3, 2**63 - 1)
    for low in ends:
        for high in ends:
            first, second, third = pb.jit(part)(x, low, high)
            assert all(set(p) <= set(x) for p in (first, second))
            np.testing.assert_array_equal(third, x[low:high])
    for step in (2**63 - 1, 2**62, -(2**63), -(2**62)):
        np.testing.assert_array_equal(pb.jit(strided_part)(x, step), x[::step])


def test_the_negative_of_the_least_integer_raises():
    least = -(2**63)
    for f in (lambda k: -k, lambda k: abs(k), lambda k: k // -1, lambda k: divmod(k, -1)):
        with pytest.raises(OverflowError, match="does not fit into 64 bits"):
            pb.jit(f)(least)
        assert pb.jit(f)(least + 1) == f(least + 1)
    with pytest.raises(OverflowError, match="does not fit into 64 bits"):
        pb.jit(lambda k, m: k // m)(least, -1)
