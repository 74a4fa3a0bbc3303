"""Helpers that are called many times become IR functions of their own: the program stays small, and right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb
from tests.suites.support import Cases, check, interpreted

__all__ = ["interpreted"]

CASES = Cases()
rng = np.random.default_rng(11)
GAINS = rng.normal(size=3)
SHIFT = 0.25


def _rhs(y: Any, t: Any) -> Any:
    a = np.sin(y[0]) * np.cos(y[1]) + t
    b = np.exp(-y[0] * y[0]) + y[1] * y[0]
    c = a * b + np.tanh(a)
    d = np.sqrt(1 + b * b) + c
    e = np.log1p(d * d) - a
    return np.array([c - e + y[2], d * 0.1 + e - y[0], a + e * 0.2 - y[1]]) * 0.1


def _step(y: Any, t: Any, h: Any) -> Any:
    k1 = _rhs(y, t)
    k2 = _rhs(y + 0.5 * h * k1, t + h / 2)
    k3 = _rhs(y + 0.5 * h * k2, t + h / 2)
    k4 = _rhs(y + h * k3, t + h)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@CASES(np.array([0.1, 0.2, 0.3]))
def unrolled_steps(y: Any) -> Any:
    states = (y,)  # a tuple that grows: the loop is unrolled
    for k in range(25):
        states = (*states, _step(states[-1], 0.1 * k, 0.1))
    return sum(np.sum(s * s) for s in states)


def _mix(x: Any, i: int, mode: str) -> Any:
    y = x * GAINS + SHIFT
    for k in range(3):
        y[k] = y[k] * x[k] + 0.1 * i
    z = np.tanh(y) if mode == "tanh" else np.sin(y)
    return z + x, z[0] * z[1], len(x)


@CASES(np.array([0.4, -0.2, 0.3]))
def captured_options_and_tuples(x: Any) -> Any:
    total = 0.0
    kept = []
    for i in range(40):
        x, s, n = _mix(x * 0.5, i, "tanh" if i % 2 else "sin")
        kept.append(s)
        total = total + s / n
    return total + kept[3] * kept[-1]


class Model:
    def __init__(self) -> None:
        self.w = rng.normal(size=3)
        self.k = 2

    def layer(self, x: Any) -> Any:
        a = np.tanh(self.w * x + 0.1)
        b = np.sin(a * x) + a**self.k
        c = np.exp(-b * b) * a
        return c + 0.5 * x + np.sum(a * b) * 0.01


MODEL = Model()


@CASES(np.array([0.4, -0.2, 0.3]))
def methods(x: Any) -> Any:
    layers = []
    for _ in range(40):
        x = MODEL.layer(x)
        layers.append(x)
    return layers[0] @ layers[-1]


def _writes(x: Any, out: Any, i: int) -> None:
    for k in range(3):
        out[k] += np.sin(x[k] * i) + x[k] * x[(k + 1) % 3] + np.cos(x[k]) * np.exp(-x[k]) + x[0] * x[1] * x[2]


@CASES(np.array([0.4, -0.2, 0.3]))
def writers_stay_in_place(x: Any) -> Any:
    out = np.zeros(3)
    seen = []
    for i in range(25):
        _writes(x, out, i)
        seen.append(out[0])
    return np.sum(out * seen[2])


def _same(x: Any, i: int) -> Any:
    if i < 0:
        return x * i
    y = x * 2.0
    y = y + np.sin(y) * np.cos(y) + np.exp(-y * y) + np.tanh(y) * y + y**3
    x[0] = x[0]
    return x


@CASES(np.array([0.4, -0.2, 0.3]))
def results_that_are_arguments(x: Any) -> Any:
    x = x.copy()
    seen = []
    for i in range(30):
        y = _same(x, i)
        y[1] += 0.1 * x[2]
        seen.append(y[1])
    return np.sum(x) * seen[-1]


@pytest.mark.parametrize("case", CASES.params())
def test_interpreted(case: Any, interpreted: Any) -> None:
    check(case)


def _ops(program: Any) -> int:
    functions = (program.built, *program.built.callees.values())
    return sum(1 for f in functions for _ in f.body.walk())


def test_code_size_is_linear() -> None:
    program = pb.jit(unrolled_steps).program(np.ones(3))
    assert {"_rhs", "_step"} <= set(program.built.callees)
    assert _ops(program) < 1200, _ops(program)


def test_a_loop_is_not_many_calls() -> None:
    def f(v: Any) -> Any:
        y = np.array([v, 2 * v, 3 * v])
        for i in range(100):
            for j in range(3):
                y = _step(y, 0.1 * i, 0.01 * j)
        return np.sum(y)

    assert not pb.jit(f).program(1.0).built.callees
