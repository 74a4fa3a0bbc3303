"""Growing tapes of loops that push once in every iteration: room is made once."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

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


# -- tapes in the arena -----------------------------------------------------------------------------------------
def steps_of_arrays(x, tolerance):
    """Arrays on a tape, as many as the numbers decide, and names of the calling convention."""
    arena = x * 1.0
    lengths = 0
    while np.sum(arena * arena) > tolerance:
        offsets = np.sin(arena)
        arena = offsets * 0.8 + 0.0001 * x
        lengths += 1
    return np.sum(arena * x) + lengths


def pushed_again(x, tolerance):
    """What is popped of one loop is pushed to the tape of the next: nothing stays where it is."""
    total = 0.0
    for k in range(3):
        y = x * (1.0 + 0.1 * k)
        while np.sum(y * y) > tolerance:
            y = np.tanh(y) * 0.8
            total += np.sum(y * x)
    return total


def written_in_place(x, tolerance):
    """The array that is popped is written by the reverse sweep."""
    y = x.copy()
    count = 0
    while y[0] * y[0] > tolerance:
        for i in range(y.shape[0]):
            y[i] = np.sin(y[i]) * 0.9 + 0.01 * y[i - 1]
        y[:] = y * y[::-1] + 0.1 * x
        count += 1
        if count > 60:
            break
    return np.sum(y * x)


@pytest.mark.parametrize("f", [steps_of_arrays, pushed_again, written_in_place], ids=lambda f: f.__name__)
def test_later_calls_need_other_lengths(f):
    """More than the first call has taken, and less again; the same at once in several threads."""
    g = pb.value_and_grad(f)
    x = np.random.default_rng(3).uniform(0.5, 1.5, 6)
    d = np.random.default_rng(4).standard_normal(6)
    e, expected = 1e-6, {}
    for tolerance in (5.0, 0.03, 1e9, 0.3, 0.02):
        value, gradient = g(x, tolerance)
        np.testing.assert_allclose(value, f(x, tolerance), rtol=1e-12)
        numeric = (f(x + e * d, tolerance) - f(x - e * d, tolerance)) / (2 * e)
        np.testing.assert_allclose(np.dot(gradient, d), numeric, rtol=1e-5, atol=1e-8)
        expected[tolerance] = value, gradient
    wrong = []

    def call(tolerance):
        for _ in range(40):
            value, gradient = g(x, tolerance)
            if value != expected[tolerance][0] or not np.array_equal(gradient, expected[tolerance][1]):
                wrong.append(tolerance)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(call, expected))
    assert not wrong


def test_a_tape_that_has_grown_is_large_enough_the_next_time():
    text = pb.grad(steps_of_arrays).source(np.ones(4), 0.1, level="native")
    assert "(lengths[0],)" in text and "lengths[0] = " in text, text
    assert " take(" not in text, text
    g = pb.grad(steps_of_arrays)
    x = np.full(1000, 1.1)
    g(x, 0.1)
    pb.clear_arenas()
    tracemalloc.start()
    g(x, 0.1)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    g(x, 0.1)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 40_000, peak  # the result; what lies on the tape is several times as much
