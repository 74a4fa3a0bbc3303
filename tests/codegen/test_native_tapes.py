"""Growing tapes of loops that push once in every iteration: room is made once."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


def triangle(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i, x.shape[0]):
            total += np.exp(x[i] * x[j]) * np.sin(x[j] + i)
    return total


def backwards(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i - 1, -1, -1):
            total += np.exp(x[i] * x[j]) * np.sin(x[j] + i)
    return total


def window(x):
    n = x.shape[0]
    total = 0.0
    for i in range(n):
        s = 0.0
        for j in range(max(0, i - 2), min(n, i + 3)):
            s += np.exp(x[i] * x[j])
        total += s**3
    return total


def maybe_empty(x):
    n = x.shape[0]
    total = 0.0
    for i in range(n):
        for j in range(2 * i - 3, 5 - i):
            total += np.exp(x[i] * x[j % n])
    return total


def three_deep(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i):
            s = np.tanh(x[i] * x[j])
            for k in range(j, i):
                s = s * np.cos(x[k]) + x[j]
            total += s * s
    return total


def steps_of_two(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i, x.shape[0], 2):
            total += np.exp(x[i] * x[j])
    return total


def with_a_break(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i, x.shape[0]):
            total += np.exp(x[i] * x[j])
            if total > 12.0:
                break
    return total


def in_a_branch(x):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(i, x.shape[0]):
            if x[j] > x[i]:
                total += np.exp(x[i] * x[j])
    return total


PROGRAMS = [triangle, backwards, window, maybe_empty, three_deep, steps_of_two, with_a_break, in_a_branch]


@pytest.mark.parametrize("f", PROGRAMS)
def test_gradients(f) -> None:
    x = np.random.default_rng(0).normal(size=7) * 0.5
    pb.check_grads(f, (x,), order=2, modes=("fwd", "rev"))
    namespace: dict[str, object] = {}
    exec(pb.grad(f).source(x, level="adjoint"), namespace)
    readable = next(v for k, v in namespace.items() if k.endswith("_grad"))
    np.testing.assert_allclose(pb.grad(f)(x), readable(x), rtol=1e-12)  # type: ignore[operator]


@pytest.mark.parametrize("f", PROGRAMS[:4])
def test_room_is_made_once(f) -> None:
    x = np.random.default_rng(0).normal(size=7)
    source = pb.grad(f).source(x, level="native")
    innermost = [line for line in source.splitlines() if "_tape_n += " in line or "_tape_n -= " in line]
    assert any("size" in line for line in innermost), source
