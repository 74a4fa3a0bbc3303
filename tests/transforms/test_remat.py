"""Values at the top of a function that the reverse sweep computes again: the same gradients from fewer arrays."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb
from benchmarks.program import load

RNG = np.random.default_rng(0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def swish(z):
    return z / (1 + np.exp(-z))


def gelu(z):
    return 0.5 * z * (1 + np.tanh(0.7978845608 * (z + 0.044715 * z * z * z)))


def square(z):
    return z * z * 0.1


def clipped(z):
    return np.clip(z, -0.5, 0.5)


def normalised(z):
    m = z.mean(axis=1, keepdims=True)
    return (z - m) / np.sqrt(((z - m) ** 2).mean(axis=1, keepdims=True) + 1e-5)


def layers(act):
    def loss(weights, x):
        h = x
        for w in weights:
            h = act(h @ w)
        return np.sum(h * h)

    return loss


# arrays of one layer's size that wait for the reverse sweep, in a network of six layers
@pytest.mark.parametrize(
    ("act", "kept"), [(sigmoid, 6), (swish, 12), (gelu, 12), (square, 6), (clipped, 6), (normalised, 12)]
)
def test_layers(act, kept, monkeypatch):
    weights, x = list(RNG.normal(size=(6, 30, 30)) / 5), RNG.normal(size=(30, 30))
    f = layers(act)
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    gradient = pb.grad(f)(weights, x)
    step = 1e-6
    for k in (0, 5):
        direction = RNG.normal(size=(30, 30))
        ends = []
        for s in (step, -step):
            moved = [w + s * direction if j == k else w for j, w in enumerate(weights)]
            ends.append(f(moved, x))
        expected = (ends[0] - ends[1]) / (2 * step)
        assert np.sum(gradient[k] * direction) == pytest.approx(expected, rel=2e-5, abs=1e-7)
    made = pb.grad(f).memory(weights, x)
    assert sum(i.shape == (30, 30) for i in made.kept) <= kept, str(made)
    assert {i.decision for i in made.again} == {"computed again"}


def test_a_stencil_is_not_repeated(monkeypatch):
    """Five reads in place of one would cost more than the array does."""
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def f(x):
        lap = 4 * x[1:-1, 1:-1] - x[2:, 1:-1] - x[:-2, 1:-1] - x[1:-1, 2:] - x[1:-1, :-2]
        return np.sum(np.sin(lap * lap) * lap)

    assert pb.grad(f).source(np.ones((9, 9))).count("x[2:, 1:n1 - 1]") <= 1
    pb.check_grads(f, (RNG.normal(size=(5, 6)),), order=2)


def test_what_is_overwritten_later(monkeypatch):
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def f(x, y):
        a = x * 2.0
        b = a + y
        c = b * b
        a[0] = 3.0
        y = y * c
        y[1:] = y[1:] * a[:-1]
        return np.sum(y * c) + np.sum(a * b)

    pb.check_grads(f, (RNG.normal(size=5), RNG.normal(size=5)), order=2)


def test_results_are_not_computed_twice(monkeypatch):
    """What is returned is at hand, and so is what an argument is."""
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def f(x, y):
        h = x * y
        g = h + 1.0
        return np.sum(g * g * h), h

    source = pb.value_and_grad(f, has_aux=True).source(np.ones(5), np.ones(5))
    assert source.count("x * y") == 1
    (_, h), gradient = pb.value_and_grad(f, has_aux=True)(np.full(3, 2.0), np.full(3, 3.0))
    assert np.array_equal(h, np.full(3, 6.0))
    np.testing.assert_allclose(gradient, 3.0 * (2 * 7.0 * 6.0 + 49.0))


def test_what_is_computed_again_waits_for_its_readers():
    """It does not join the nest of what it repeats, from which on it would be kept after all."""
    program = load("npbench.resnet")
    args = program.args("S")
    made = pb.grad(program.f, argnums=program.wrt).memory(*args)
    assert made.arena_bytes < 4 * args[0].nbytes  # 5.5 when it does join


def test_an_array_in_use_at_the_turn_stays():
    """The last loop of the forward sweep and the first of the reverse sweep both need it in memory."""

    def f(a, w):
        m = a / np.sum(a, axis=0)
        r = np.ones(len(w))
        for _ in range(5):
            r = 0.85 * (m @ r) + 0.1
        return r @ w

    a, w = RNG.random((9, 9)) + 0.1, RNG.normal(size=9)
    source = pb.grad(f).source(a, w)
    assert source.count("a / ") == 1
    pb.check_grads(f, (a, w), order=1)
