"""Whether a reshape of a part is a view or a copy follows from the extents: writes show which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

SHAPES = [(4, 4), (4, 5), (2, 3), (2, 2), (4, 2), (4, 6), (4, 3), (2, 4), (6, 1), (4, 1), (4, 4), (4, 7)]


def every_second_column(m: Any) -> Any:
    c = m[:2, 0:3:2].reshape(-1)
    c[1] = 0.25
    return np.sum(m * m) + np.sum(c)


def without_the_first_column(m: Any) -> Any:
    c = m[:, 1:].reshape(-1)
    c[0] = 7.0
    return np.sum(m * m) + np.sum(c)


def ravelled(m: Any) -> Any:
    c = m[:, 1:].ravel()
    c[0] = 7.0
    return np.sum(m * m * np.arange(m.shape[1])) + np.sum(c)


def halves(m: Any) -> Any:
    c = m.reshape(m.shape[0] // 2, 2, -1)[:, 0].reshape(-1)
    c[:2] *= 3.0
    return np.sum(m * m)


def every_second_of_both(m: Any) -> Any:
    c = m[::2, ::2].reshape(-1)
    c[1] = 3.0
    return np.sum(m * m)


def transposed(m: Any) -> Any:
    c = m.T.reshape(-1)
    c[1] = 3.0
    return np.sum(m * m)


def as_many_columns_as_rows(m: Any) -> Any:
    c = m[:, : m.shape[0]].ravel()
    c[1] = 3.0
    return np.sum(m * m)


@pytest.mark.parametrize(
    "f",
    [
        every_second_column,
        without_the_first_column,
        ravelled,
        halves,
        every_second_of_both,
        transposed,
        as_many_columns_as_rows,
    ],
)
def test_view_or_copy(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    run, gradient = pb.jit(f), pb.grad(f)
    for shape in SHAPES:
        m = np.random.default_rng(0).normal(size=shape)
        expected = m.copy()
        try:
            value = f(expected)
        except (IndexError, ValueError):
            continue  # too small for the program
        actual = m.copy()
        np.testing.assert_allclose(run(actual), value, rtol=1e-13)
        np.testing.assert_array_equal(actual, expected)
        differences = np.zeros_like(m)
        for place in np.ndindex(m.shape):
            up, down = m.copy(), m.copy()
            up[place] += 1e-6
            down[place] -= 1e-6
            differences[place] = (f(up) - f(down)) / 2e-6
        np.testing.assert_allclose(gradient(m), differences, atol=1e-6)
