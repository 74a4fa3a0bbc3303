"""What the reverse sweep reads again: from the last version of an array, or from the array before the loop.

Against finite differences of plain Python; the sources show that nothing is taped.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import pullback as pb


def ahead(x):
    for i in range(len(x) - 1):
        x[i] = x[i] * x[i + 1]
    return np.sum(x)


def ahead_down(x):
    for i in range(len(x) - 1, 0, -1):
        x[i] = np.sin(x[i]) * x[i - 1] ** 2
    return np.sum(x)


def triangular(x):
    n = len(x)
    b = np.zeros((n, 2))
    b[:, 0] = x
    b[:, 1] = x * x
    for i in range(n):
        for j in range(2):
            b[i, j] += np.dot(x[i + 1 :], b[i + 1 :, j])
    return np.sum(b * b)


def behind_and_ahead(x):
    for i in range(1, len(x) - 1):
        x[i] = x[i - 1] * x[i + 1] + x[i]
    return np.sum(x * x)


def twice(x):
    for _ in range(2):
        for i in range(len(x) - 1):
            x[i] = x[i] * x[i + 1]
    return np.sum(x)


def of_an_array_made_here(x):
    y = 2.0 * x
    for i in range(len(y) - 1):
        y[i] = y[i] * y[i + 1]
    return np.sum(y * y)


def two_writers(x):
    for i in range(len(x) - 2):
        x[i + 1] = x[i + 1] * 0.5
        x[i] = x[i] * x[i + 2] * x[i + 1]
    return np.sum(x)


def in_a_branch(x):
    for i in range(len(x) - 1):
        if x[i + 1] > 1.0:
            x[i] = x[i] * x[i + 1]
    return np.sum(x * x)


PROGRAMS: list[Callable[..., float]] = [
    ahead, ahead_down, triangular, behind_and_ahead, twice, of_an_array_made_here, two_writers, in_a_branch,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS)
@pytest.mark.parametrize("backend", ["interp", "native"])
def test_gradient(f: Callable[..., float], backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", backend)
    gradient = pb.grad(f)
    for n in (6, 3, 4) if backend == "native" else (6, 2, 3, 4, 5):
        x = np.random.default_rng(n).normal(size=n) + 1.0
        got = gradient(x)
        for k in range(n):
            h = 1e-6 * np.eye(n)[k]
            slope = (f(x.copy() + h) - f(x.copy() - h)) / 2e-6
            np.testing.assert_allclose(got[k], slope, rtol=1e-7, atol=1e-7)


def test_what_the_loop_has_not_written_yet_is_read_from_the_array_before_it() -> None:
    for f in (ahead, triangular):
        text = pb.grad(f).source(np.ones(4))
        assert "tape" not in text and "log" not in text, text


def test_what_an_earlier_sweep_has_written_is_kept() -> None:
    text = pb.grad(twice).source(np.ones(4))
    assert "log" in text or "tape" in text, text


def test_second_order() -> None:
    x = np.random.default_rng(0).normal(size=5) + 1.0
    v = np.random.default_rng(1).normal(size=5)
    for f in (ahead, triangular, two_writers):
        product = pb.hvp(f, (x,), (v,))
        h = 1e-5
        slope = (pb.grad(f)(x + h * v) - pb.grad(f)(x - h * v)) / (2 * h)
        np.testing.assert_allclose(product, slope, rtol=1e-6, atol=1e-6)
