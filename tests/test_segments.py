"""``pb.segments``: loops whose reverse keeps the state of some steps only, against the same loops without."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import pullback as pb

RNG = np.random.default_rng(0)


def nonlinear(steps, x, w):
    h = x
    for t in steps:
        h = np.tanh(h * w + 0.1 * np.sin(h) * t)
    return np.sum(h * h)


def in_place(steps, x, w):
    for t in steps:
        x[1:-1] = x[1:-1] + 0.1 * np.sin(x[2:] * x[:-2]) * w[1:-1] * (t % 3)
    return np.sum(x**3)


def inner_shapes(steps, x, w):
    a, s = x[1:-1], 0.5
    for t in steps:
        a = a * np.cos(a) + w[:-2] * s
        s = s * 0.9 + 0.01 * t
    return np.sum(a) * s


def several(steps, x, w):
    state = {"u": x, "v": [w, 1.0]}
    for _ in steps:
        u = state["u"] * state["v"][1] + np.sin(state["v"][0])
        state = {"u": u, "v": [state["v"][0] * 0.9, np.mean(u) * 0.5]}
    return np.sum(state["u"] * state["v"][0])


def nested(steps, x, w):
    h = x
    for t in steps:
        for k in range(2):
            if h[0] > 0:
                h = np.sin(h * w) + k
            else:
                h = np.tanh(h + t * w)
    return np.sum(h * h)


def matrices(steps, x, w):
    h = np.outer(x, w)
    for _ in steps:
        h = np.tanh(h @ h.T @ h * 0.1)
    return np.sum(h * h)


@pytest.mark.parametrize("f", [nonlinear, in_place, inner_shapes, several, nested, matrices])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("length", [None, 1, 3, 100])
def test_the_gradient_is_that_of_the_loop(f, n, length, monkeypatch):
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def cut(x, w, n):
        return f(pb.segments(range(n), length), x, w)

    def whole(x, w, n):
        return f(range(n), x, w)

    x, w = RNG.normal(size=6), RNG.normal(size=6)
    value, gradients = pb.value_and_grad(cut, (0, 1))(x, w, n)
    expected, reference = pb.value_and_grad(whole, (0, 1))(x, w, n)
    assert value == pytest.approx(expected, rel=1e-12)
    assert value == pytest.approx(whole(x.copy(), w, n), rel=1e-12)
    for g, r in zip(gradients, reference, strict=True):
        np.testing.assert_allclose(g, r, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("bounds", [(2, 9), (9, 2), (1, 12, 3), (12, 1, -2), (5, -6, -1), (0, -5)])
def test_ranges(bounds):
    def cut(x, w):
        return nonlinear(pb.segments(range(*bounds), 3), x, w)

    x, w = RNG.normal(size=4), RNG.normal(size=4)
    expected = pb.grad(lambda x, w: nonlinear(range(*bounds), x, w))(x, w)
    np.testing.assert_allclose(pb.grad(cut)(x, w), expected, rtol=1e-10)


def test_lengths_known_at_run_time():
    def cut(x, w, n, k):
        return nonlinear(pb.segments(range(n), length=k), x, w)

    x, w = RNG.normal(size=4), RNG.normal(size=4)
    expected = pb.grad(lambda x, w: nonlinear(range(11), x, w))(x, w)
    for k in (1, 4, 11, 50):
        np.testing.assert_allclose(pb.grad(cut)(x, w, 11, k), expected, rtol=1e-10)
    with pytest.raises(ValueError, match="positive"):
        pb.grad(cut)(x, w, 11, 0)
    with pytest.raises(ValueError, match="positive"):
        cut(x, w, 11, 0)


def test_second_derivatives_and_forward_mode(monkeypatch):
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def cut(x):
        return nonlinear(pb.segments(range(9)), x, x * 0.5)

    def whole(x):
        return nonlinear(range(9), x, x * 0.5)

    x, v = RNG.normal(size=3), RNG.normal(size=3)
    np.testing.assert_allclose(pb.hvp(cut, (x,), (v,)), pb.hvp(whole, (x,), (v,)), rtol=1e-9)
    np.testing.assert_allclose(pb.jvp(cut, (x,), (v,))[1], pb.jvp(whole, (x,), (v,))[1], rtol=1e-10)
    np.testing.assert_allclose(pb.jit(cut)(x), whole(x), rtol=1e-12)


def test_memory_grows_with_the_square_root():
    def cut(x, w, n):
        return nonlinear(pb.segments(range(n)), x, w)

    def whole(x, w, n):
        return nonlinear(range(n), x, w)

    x, w = RNG.normal(size=500), RNG.normal(size=500)
    n = 900
    for f, states in ((cut, 2.2 * 30 + 10), (whole, None)):
        g = pb.grad(f)
        g(x, w, n)
        pb.clear_arenas()
        tracemalloc.start()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        g(x, w, n)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        if states is not None:
            assert peak <= states * x.nbytes
        else:
            assert peak >= n * x.nbytes


def test_what_is_refused():
    def leaves(x: Any) -> Any:
        for _ in pb.segments(range(100)):
            x = x * x
            if x > 3.0:
                break
        return x

    def no_range(x: Any) -> Any:
        for v in pb.segments(x):
            x = x * v
        return np.sum(x)

    def no_length(x: Any) -> Any:
        for _ in pb.segments(range(5), -1):
            x = x * x
        return x

    with pytest.raises(pb.UnsupportedError, match="may not be left by break"):
        pb.grad(leaves)(1.5)
    with pytest.raises(pb.PullbackTypeError, match="takes a range"):
        pb.grad(no_range)(np.ones(3))
    with pytest.raises(pb.PullbackValueError, match="positive"):
        pb.grad(no_length)(1.5)
    assert pb.segments(range(3)) == range(3)
