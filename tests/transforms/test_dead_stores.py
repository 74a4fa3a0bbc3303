"""Writes that nobody reads again: dropped where that is proved, and only there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

from .test_loops import check


def table(x, w):
    c = np.zeros((x.shape[0], x.shape[0]))
    for i in range(x.shape[0]):
        for j in range(x.shape[0]):
            c[i, j] = x[i] * x[j]
    return np.sum(c * w)


def written_twice(x, w):
    """The diagonal is written again, by the same iteration."""
    c = np.zeros((x.shape[0], x.shape[0]))
    for i in range(x.shape[0]):
        for j in range(i, x.shape[0]):
            c[i, j] = x[i] * x[j]
            c[j, i] = x[i] + x[j]
    return np.sum(c * w)


def written_later(x, w):
    """An element is written by two iterations."""
    c = np.zeros(x.shape[0] + 1)
    for i in range(x.shape[0]):
        c[i] = x[i] * w[i, 0]
        c[i + 1] = x[i] ** 2
    return np.sum(c[:-1] * w[0])


def one_place(x, w):
    c = np.zeros(2)
    for i in range(x.shape[0]):
        c[0] = x[i] * w[i, i] + 0.5 * c[0]
    return c[0]


def by_index(x, w):
    """Repeated places: the last write wins."""
    c = np.zeros(x.shape[0])
    places = np.array([1, 0, 1, 2])
    for i in range(x.shape[0]):
        c[places[i]] = x[i] * w[i, 0]
    return np.sum(c * w[1])


@pytest.mark.parametrize(
    "f, clears", [(table, 0), (written_twice, 1), (written_later, 1), (one_place, 1), (by_index, 1)]
)
def test_clearings(f: Any, clears: int) -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=4), rng.normal(size=(4, 4))
    gradient = pb.grad(f)
    text = check(gradient.program(x, w).function, [x, w], compiled=True)
    slopes = [(f(x + h, w) - f(x - h, w)) / 2e-6 for h in 1e-6 * np.eye(4)]
    np.testing.assert_allclose(gradient(x, w), slopes, rtol=1e-6, atol=1e-8)
    if not clears:
        assert "] = 0.0" not in text and "assign(" not in text


def another_array(x, w):
    """A loop that may not run at all puts another array in the place of the one that was written."""
    for i in range(x.shape[0]):
        x[i] = x[i] * x[i]
    for _ in range(int(w[0, 0])):
        x = np.ones(x.shape[0])
    return np.sum(x)


def another_array_while(x, w):
    left = int(w[0, 0])
    for i in range(x.shape[0]):
        x[i] = x[i] * x[i]
    while left > 0:
        x = np.ones(x.shape[0])
        left -= 1
    return np.sum(x)


@pytest.mark.parametrize("f", [another_array, another_array_while])
@pytest.mark.parametrize("trips", [0, 1])
def test_a_loop_that_may_not_run_leaves_what_was_written(f: Any, trips: int) -> None:
    x = np.array([1.0, -2.0, 0.5])
    expected = 2.0 * x if trips == 0 else np.zeros(3)
    np.testing.assert_allclose(pb.grad(f)(x, np.full((1, 1), float(trips))), expected)
