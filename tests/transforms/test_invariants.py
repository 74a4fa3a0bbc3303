"""Numbers that a loop does not change are computed before it, and their adjoints after it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb


def scaled_product(a: Any, s: Any) -> Any:
    """A factor of two numbers in the innermost loop."""
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for k in range(n):
            for j in range(n):
                c[i, j] += s * a[i, k] * a[k, j]
    return np.sum(c * c)


def in_place(a: Any, s: Any) -> Any:
    """What the loop writes is no invariant, though its index is."""
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            a[i, 0] = a[i, 0] + s * a[i, j] * a[0, 0]
    return np.sum(a * a)


def in_branches(a: Any, s: Any) -> Any:
    total = 0.0
    for i in range(a.shape[0]):
        t = s * s + 1.0
        if a[i, 0] > 0.0:
            for j in range(a.shape[1]):
                total += t * np.exp(s) * a[i, j] ** 2
        else:
            u = a[i, 0] * s
            for j in range(i):
                total -= u * np.sqrt(t) * a[i, j]
    return total


def recursion_in_loop(a: Any, s: Any) -> Any:
    total = s
    for i in range(a.shape[0]):
        r = s * 0.1
        total = np.sin(total * r + a[i, 0]) + r
    return total


CASES = [scaled_product, in_place, in_branches, recursion_in_loop]


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_gradients(f: Any, n: int) -> None:
    rng = np.random.default_rng(n)
    a, s, d, e = rng.standard_normal((n, n)), 0.7, rng.standard_normal((n, n)), 1e-6
    value, (ga, gs) = pb.value_and_grad(f, argnums=(0, 1))(a, s)
    np.testing.assert_allclose(value, f(a, s), rtol=1e-12)
    numeric = (f(a + e * d, s + 0.3 * e) - f(a - e * d, s - 0.3 * e)) / (2 * e)
    np.testing.assert_allclose(np.sum(ga * d) + 0.3 * gs, numeric, rtol=1e-6, atol=1e-8)
    product = pb.hvp(f, (a, s), (d, 0.3))
    g = pb.grad(f, argnums=(0, 1))
    plus, minus = g(a + e * d, s + 0.3 * e), g(a - e * d, s - 0.3 * e)
    np.testing.assert_allclose(product[0], (plus[0] - minus[0]) / (2 * e), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(product[1], (plus[1] - minus[1]) / (2 * e), rtol=1e-5, atol=1e-6)


def test_the_factors_get_their_parts_after_the_loop() -> None:
    text = pb.grad(scaled_product, argnums=(0, 1)).source(np.ones((4, 4)), 0.5, level="native")
    assert text.count("gemm_part(") == 3, text  # also of what s has a part of: no sum over three loops is left


def logarithm(x: Any, b: Any) -> Any:
    total = 0.0
    for k in range(len(x)):
        total += np.log(b) * x[k]
    return total + b


def quotient(x: Any, b: Any) -> Any:
    y = 1.0 / (x[:1] * b)
    total = 0.0
    for k in range(1, len(x)):
        total += b * y[0] * x[k]
    return total + b


def overwritten(x: Any, b: Any) -> Any:
    y = np.array([b])
    total = 0.0
    for k in range(len(x)):
        total += y[0] * y[0] * x[k]
        y[0] = 1.0 / b
    return total + b


@pytest.mark.parametrize("f, x", [(logarithm, np.zeros(0)), (quotient, np.zeros(1)), (overwritten, np.zeros(0))])
def test_a_loop_without_iterations_has_no_part_in_the_gradient(f: Any, x: Any) -> None:
    """What would be infinite in it is not computed before it."""
    gx, gb = pb.grad(f, argnums=(0, 1))(x, 0.0)
    assert gb == 1.0
    np.testing.assert_array_equal(gx, np.zeros(len(x)))


def test_an_element_that_is_not_there_is_not_read() -> None:
    def f(x: Any, k: Any) -> Any:
        total = x[0] * 2.0
        for _ in range(k - 3):
            total += x[k] * x[0]
        return total

    x = np.ones(3)
    np.testing.assert_array_equal(pb.grad(f)(x, 3), [2.0, 0.0, 0.0])
    with pytest.raises(IndexError):
        pb.grad(f)(x, 4)
