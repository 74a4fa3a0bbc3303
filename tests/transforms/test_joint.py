"""Joint reversal of independent iterations (`transforms.joint`), and blocks of them as lanes (`transforms.lanes`)."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pullback as pb
from pullback.transforms.lanes_emit import BLOCK

from .joint_programs import (
    JOINT,
    SPLIT,
    a_barrier,
    a_matrix_of_paths,
    neurons,
    numbers_of_python,
    paths,
    pendulums,
    stored_elements,
    two_recurrences_swapped,
)

LANES = [
    paths,
    pendulums,
    two_recurrences_swapped,
    stored_elements,
    numbers_of_python,
    a_barrier,
    neurons,
    a_matrix_of_paths,
]


def arguments(n: int, m: int, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    r = np.random.default_rng(n + 10 * m)
    return r.uniform(-1.2, 1.2, n).astype(dtype), r.uniform(0.3, 1.1, m).astype(dtype)


def differences(f, x, w, k):
    args = [x, w]
    out = np.zeros_like(args[k])
    for at in range(len(out)):
        ends = []
        for h in (1e-6, -1e-6):
            moved = [a.copy() for a in args]
            moved[k][at] += h
            ends.append(f(*moved))
        out[at] = (ends[0] - ends[1]) / 2e-6
    return out


@pytest.mark.parametrize("f", JOINT + SPLIT)
def test_values_and_gradients(f):
    """Around the size of a block, without iterations, with one step."""
    gradient = pb.value_and_grad(f, argnums=(0, 1))
    plain = pb.jit(f)
    for n, m in ((5, 4), (0, 3), (1, 1), (BLOCK - 1, 2), (BLOCK, 3), (2 * BLOCK + 3, 2)):
        x, w = arguments(n, m)
        expected = f(x.copy(), w.copy())
        np.testing.assert_allclose(plain(x, w), expected, rtol=1e-12, atol=1e-12)
        value, grads = gradient(x, w)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
        for k, g in enumerate(grads):
            np.testing.assert_allclose(g, differences(f, x, w, k), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("f", JOINT)
def test_second_derivatives(f):
    x, w = arguments(4, 3)
    hessian = pb.hessian(f)(x, w)
    gradient = pb.grad(f)
    for k in range(len(x)):
        h = np.zeros_like(x)
        h[k] = 1e-6
        column = (gradient(x + h, w) - gradient(x - h, w)) / 2e-6
        np.testing.assert_allclose(hessian[:, k], column, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("f", [paths, pendulums, stored_elements])
def test_single_precision(f):
    x, w = arguments(BLOCK + 5, 6, np.float32)
    got = pb.grad(f)(x, w)
    assert got.dtype == np.float32
    expected = pb.grad(f)(x.astype(float), w.astype(float))
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("f", JOINT)
def test_one_loop_holds_both_sweeps(f):
    """The loop over samples of the program is once in its gradient, with what it keeps inside."""
    source = pb.grad(f).source(*arguments(5, 4))
    outermost = [line for line in source.splitlines() if line.startswith("    for ")]
    assert len(outermost) == 1, source


@pytest.mark.parametrize("f", SPLIT)
def test_two_loops_hold_the_sweeps(f):
    source = pb.grad(f).source(*arguments(5, 4))
    outermost = [line for line in source.splitlines() if line.startswith("    for ")]
    assert len(outermost) == 2, source


def test_source(golden):
    golden("adjoints/joint_paths.py.txt", pb.grad(paths).source(*arguments(5, 4)))


def test_what_is_kept_is_of_one_iteration():
    x, w = arguments(1000, 8)
    short, long = (pb.grad(paths).memory(x[:n], w).arena_bytes for n in (100, 1000))
    assert short == long


def test_printing_shows_the_order():
    """A loop that prints is not run in another order than the program says."""

    def f(x):
        total = 0.0
        for i in range(len(x)):
            y = pb.debug(x[i] * x[i], lambda g: print("reverse", g))
            total += y * (i + 1)
        return total

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(pb.grad(f)(x), [2.0, 8.0, 18.0])


@pytest.mark.parametrize("f", LANES)
def test_iterations_are_lanes(f):
    source = pb.grad(f).source(*arguments(7, 3), level="native")
    assert source.count("for lane") >= 3 and "for block" in source, source


def test_an_exception_in_an_iteration():
    def f(x, w):
        total = 0.0
        for i in range(len(x)):
            s = x[i]
            for t in range(len(w)):
                if s > 1.0:
                    raise ValueError("too large")
                s = s + w[t]
            total += s
        return total

    x, w = np.array([0.0, 0.9]), np.array([0.05, 0.1, 0.2])
    with pytest.raises(ValueError, match="too large"):
        pb.grad(f)(x, w)
    np.testing.assert_allclose(pb.grad(f)(x * 0.1, w), [1.0, 1.0])


@pytest.mark.parametrize("bad", [0, 1, BLOCK - 1, BLOCK, BLOCK + 4])
def test_a_number_that_raises_in_a_lane(bad):
    """The exception of plain Python, whichever lane it is in; what comes before it in no lane does not raise."""

    def f(x, w):
        total = 0.0
        for i in range(len(x)):
            s = x[i]
            for t in range(len(w)):
                s = math.exp(s * w[t]) / (float(x[i]) - 0.25)
            total += s
        return total

    x, w = np.full(BLOCK + 5, -0.5), np.array([1.0, 0.5])
    assert "for lane" in pb.grad(f).source(x, w, level="native")
    np.testing.assert_allclose(pb.grad(f)(x, w)[3:5], pb.grad(f)(x[3:5], w), rtol=1e-12)
    for value, error, message in ((0.25, ZeroDivisionError, "division by zero"), (800.0, OverflowError, "range error")):
        x[bad] = value
        with pytest.raises(error, match=message):
            f(x, w)
        for function in (pb.jit(f), pb.grad(f)):
            with pytest.raises(error, match=message):
                function(x, w)


def test_a_discount_that_raises_does_so_after_the_loop():
    """What the cotangent needs is computed before the loop; its exception still comes after those of the loop."""

    def f(x, rate):
        total = 0.0
        for i in range(len(x)):
            if x[i] < 0.0:
                raise ValueError("negative")
            total += x[i] * x[i]
        return total * math.exp(rate) / len(x)

    np.testing.assert_allclose(pb.grad(f)(np.array([1.0, 2.0]), 0.5), np.exp(0.5) * np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="negative"):
        pb.grad(f)(np.array([1.0, -2.0]), 1e4)
    with pytest.raises(OverflowError):
        pb.grad(f)(np.array([1.0, 2.0]), 1e4)
