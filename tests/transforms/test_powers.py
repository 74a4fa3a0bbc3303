"""Powers with constant exponents at the native level, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

EXPONENTS = (-8, -7.5, -3, -2.5, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6.5, 7, 8)


def powers(x):
    return (
        x**-8, x**-7.5, x**-3, x**-2.5, x**-2, x**-1.5, x**-1, x**-0.5, x**0.5, x**1, x**1.5, x**2, x**2.5, x**3,
        x**4, x**5, x**6.5, x**7, x**8,
    )  # fmt: skip


def others(x):
    return x**9, x**0.25, x**0, x ** len(x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_against_numpy(dtype: type) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [rng.uniform(0.1, 3, 60), rng.uniform(-3, -0.1, 20), [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0]]
    ).astype(dtype)
    for f, exponents in ((powers, EXPONENTS), (others, (9, 0.25, 0, len(x)))):
        results = pb.jit(f)(x)
        for p, y in zip(exponents, results, strict=True):
            with np.errstate(all="ignore"):
                expected = x**p
            assert y.dtype == dtype
            np.testing.assert_allclose(y, expected, rtol=12 * np.finfo(dtype).eps, err_msg=str(p))
            np.testing.assert_array_equal(np.signbit(y[expected == 0]), np.signbit(expected[expected == 0]))


def test_python_numbers() -> None:
    def f(x):
        return x**3 + x**-2 + x**1.5

    assert np.isclose(pb.jit(f)(1.3), f(1.3), rtol=1e-15)
    assert np.isclose(pb.grad(f)(1.3), 3 * 1.3**2 - 2 * 1.3**-3 + 1.5 * 1.3**0.5, rtol=1e-14)
    with pytest.raises(ZeroDivisionError):
        pb.jit(f)(0.0)


def test_gradient_of_an_inverse_distance() -> None:
    def f(x):
        return np.sum((np.sum(x**2, axis=1) + 0.1) ** -1.5)

    x = np.random.default_rng(0).normal(size=(5, 3))
    r2 = np.sum(x**2, axis=1, keepdims=True) + 0.1
    np.testing.assert_allclose(pb.grad(f)(x), -3 * x * r2**-2.5, rtol=1e-13)


def test_powers_of_python_numbers_leave_float32_what_it_is() -> None:
    def f(x, c):
        x[0] -= c**0.5
        return x * c**-2 + x * c**1.5 - x * c**-1

    x = np.array([1.0, 2.0, 0.5], np.float32)
    expected = f(x.copy(), 2.0)
    result = pb.jit(f)(x.copy(), 2.0)
    assert result.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6)
