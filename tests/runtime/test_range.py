"""Counted loops in native code: steps of each kind, upwards and downwards, loops that never run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pullback as pb


def up(x, a, b, s):
    v = 1.0
    for i in range(a, b):
        v = v * x[i] + i
    return v


def down(x, a, b, s):
    v = 1.0
    for i in range(b - 1, a - 1, -1):
        v = v * x[i] + i
    return v


def up_by_three(x, a, b, s):
    v = 1.0
    for i in range(a, b, 3):
        v = v * x[i] + i
    return v


def down_by_two(x, a, b, s):
    v = 1.0
    for i in range(b, a, -2):
        v = v * x[i] + i
    return v


def by_any(x, a, b, s):
    v = 1.0
    for i in range(a, b, s):
        v = v * x[i] + i
    return v


def left_early(x, a, b, s):
    v = 1.0
    for i in range(a, b):
        for j in range(i, -1, -1):
            if j == s:
                break
            v = v * x[j] + i
    return v + i if b > a else v


@pytest.mark.parametrize("f", [up, down, up_by_three, down_by_two, by_any, left_early])
def test_range(f) -> None:
    x = np.linspace(0.5, 1.5, 8)
    primal, gradient = pb.jit(f), pb.grad(f)
    for a, b, s in itertools.product((0, 2, 5), (0, 3, 7), (1, 2, -1)):
        assert primal(x, a, b, s) == pytest.approx(f(x, a, b, s), rel=1e-14), (a, b, s)
        direction = np.cos(np.arange(8.0))
        ends = [f(x + h * direction, a, b, s) for h in (1e-6, -1e-6)]
        expected = (ends[0] - ends[1]) / 2e-6
        assert gradient(x, a, b, s) @ direction == pytest.approx(expected, rel=1e-6, abs=1e-6), (a, b, s)


def test_step_zero() -> None:
    with pytest.raises(ValueError, match="zero"):
        pb.jit(by_any)(np.ones(8), 0, 3, 0)
