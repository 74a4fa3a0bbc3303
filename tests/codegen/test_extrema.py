"""The reverse sweep decides as the forward sweep did, however native code rounds what it computes again."""

from __future__ import annotations

from typing import Any

import numpy as np

import pullback as pb

TABLEAU = ((), (0.2,), (3 / 40, 9 / 40), (44 / 45, -56 / 15, 32 / 9))
ORDER_5, ORDER_4 = (35 / 384, 0, 500 / 1113, 125 / 192), (5179 / 57600, 0, 7571 / 16695, 393 / 640, 0.1)


def adaptive(y: Any, mu: Any) -> Any:
    def slope(y: Any) -> Any:
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    t, h = 0.0, 0.1
    while t < 1.0:
        ks: list[Any] = []
        for row in TABLEAU:
            ks.append(slope(y + h * sum((a * k for a, k in zip(row, ks, strict=True)), start=np.zeros(2))))
        new = y + h * sum(b * k for b, k in zip(ORDER_5, ks, strict=True))
        ks.append(slope(new))
        other = y + h * sum(b * k for b, k in zip(ORDER_4, ks, strict=True))
        error = np.max(np.abs(new - other))
        t += h
        y = new
        h *= 1.0 + error
    return y.sum()


def test_error_of_a_step() -> None:
    y, mu = np.array([1.0, 0.5]), 1.2
    dy, dmu = pb.grad(adaptive, argnums=(0, 1))(y, mu)
    for k in range(2):
        e = 1e-6 * np.eye(2)[k]
        np.testing.assert_allclose(dy[k], (adaptive(y + e, mu) - adaptive(y - e, mu)) / 2e-6, rtol=1e-5)
    np.testing.assert_allclose(dmu, (adaptive(y, mu + 1e-6) - adaptive(y, mu - 1e-6)) / 2e-6, rtol=1e-5)


def largest_by_mask(x: Any, w: Any) -> Any:
    total = 0.0
    for k in range(4):
        y = x * w + x * (0.3 + k) - w
        chosen = y == y.max()
        total += np.sum(y * chosen) / np.sum(chosen)
        x = x + 0.1 * y * x
    return total


def test_mask_of_the_largest() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 9))
    gradient = pb.grad(largest_by_mask)(x, w)
    for k in range(9):
        e = 1e-6 * np.eye(9)[k]
        expected = (largest_by_mask(x + e, w) - largest_by_mask(x - e, w)) / 2e-6
        np.testing.assert_allclose(gradient[k], expected, rtol=1e-5, atol=1e-7)


def branches(x: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b - c`` is zero where it is rounded twice, and the error of the product where it is contracted."""
    total, y = 0.0, x * 1.0
    for i in range(len(x)):
        if a[i] * b[i] - c[i] > 0.0:
            y = np.sin(x[i] * y) * y
            y[:i] = np.exp(-y[:i])
        k = int(2.5 + a[i] * b[i] - c[i])
        total += np.sum(y * y) * x[k]
    return total


def test_decisions_are_kept() -> None:
    rng = np.random.default_rng(1)
    x, a, b = rng.uniform(0.5, 1.0, size=(3, 12))
    text = pb.grad(branches).source(x, a, b, a * b, level="native")
    reverse = text[text.index("# reverse of") :]
    assert "a[" not in reverse and "b[" not in reverse, text
    assert np.all(np.isfinite(pb.grad(branches)(x, a, b, a * b)))  # some of them decide by the last digit
    c = a * b - 1e-3 * rng.choice([-1.0, 1.0], 12)
    gradient = pb.grad(branches)(x, a, b, c)
    for k in range(12):
        e = 1e-6 * np.eye(12)[k]
        expected = (branches(x + e, a, b, c) - branches(x - e, a, b, c)) / 2e-6
        np.testing.assert_allclose(gradient[k], expected, rtol=1e-5, atol=1e-6)


def test_what_one_operation_decides_is_computed_again() -> None:
    def clipped(x: Any, w: Any) -> Any:
        total, y = 0.0, 1.0
        for i in range(len(x)):
            if x[i] * w[i] > 0.2:
                y = np.sin(y * x[i])
            total += y * y
        return total

    x = np.linspace(0.1, 1.0, 5)
    assert "bool" not in pb.grad(clipped).source(x, x, level="native")
