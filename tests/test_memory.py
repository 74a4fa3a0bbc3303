"""What a gradient call allocates, measured: every block of NumPy and of native code, by tracemalloc."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

pytestmark = pytest.mark.usefixtures("native_backend")
RNG = np.random.default_rng(0)
SLACK = 8192  # Python's own objects in a call


@pytest.fixture
def native_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "native")


def peak_above_results(f: Callable[..., Any], *args: Any) -> int:
    """Bytes that a second call of `f` needs at its worst, beyond what it returns."""
    f(*args)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = f(*args)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    leaves = result if isinstance(result, (list, tuple)) else [result]
    return peak - sum(x.nbytes for x in leaves)


def tanh_layers(weights, x):
    h = x
    for w in weights:
        h = np.tanh(h @ w)
    return np.sum(h * h)


def relu_layers(weights, x):
    h = x
    for w in weights:
        h = np.maximum(h @ w, 0.0)
    return np.sum(h * h)


@pytest.mark.parametrize("f", [tanh_layers, relu_layers])
def test_layers_keep_one_array_each(f):
    layers, n = 16, 128
    weights, x = list(RNG.normal(size=(layers, n, n)) / np.sqrt(n)), RNG.normal(size=(n, n))
    peak = peak_above_results(pb.grad(f), weights, x)
    assert peak <= 1.05 * (layers + 1) * n * n * 8, peak / (n * n * 8)


def diffuse(u, steps):
    for _ in range(steps):
        u[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.1 * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        )
    return np.sum(u * u)


def test_a_linear_stencil_keeps_nothing_of_its_steps():
    u = RNG.normal(size=(50, 50))
    f = pb.grad(diffuse)
    few, many = peak_above_results(f, u, 10), peak_above_results(f, u, 1000)
    assert abs(many - few) <= SLACK
    assert many <= 3 * u.nbytes + SLACK


def cholesky(a):
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
        for k in range(i):
            a[i, i] -= a[i, k] * a[i, k]
        a[i, i] = np.sqrt(a[i, i])
    return np.sum(a * a)


def test_cholesky_in_place_logs_nothing():
    """Every factor that its adjoint reads is final: beside the gradient there is the factor itself."""
    n = 60
    b = RNG.normal(size=(n, n))
    a = b @ b.T + n * np.eye(n)
    assert peak_above_results(pb.grad(cholesky), a) <= a.nbytes + SLACK


def recurrent(w, x, h):
    for t in range(x.shape[0]):
        h = np.tanh(h @ w + x[t])
    return np.sum(h * h)


def euler(y, n, dt):
    for _ in range(n):
        y = y + dt * np.sin(y)
    return np.sum(y)


def swap(a, b, n):
    for _ in range(n):
        a, b = np.sin(b), a * b
    return np.sum(a * b)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (recurrent, (RNG.normal(size=(8, 8)), RNG.normal(size=(20, 4, 8)), RNG.normal(size=(4, 8)))),
        (euler, (RNG.normal(size=9), 30, 0.1)),
    ],
)
def test_a_loop_does_not_allocate(f, args):
    """What a loop carries is overwritten by its next value."""
    text = pb.grad(f).source(*args, level="native")
    loops = [line for line in text.splitlines() if line.startswith("        ") and "= empty(" in line]
    assert not loops, text
    _against_differences(f, args)


def test_carried_values_that_change_places():
    _against_differences(swap, (RNG.normal(size=9), RNG.normal(size=9), 7))
    _against_differences(swap, (RNG.normal(size=9), RNG.normal(size=9), 0))


def _against_differences(f, args):
    g = pb.grad(f)(*args)
    direction = RNG.normal(size=args[0].shape)
    step = 1e-6
    ahead = f(args[0] + step * direction, *args[1:])
    behind = f(args[0] - step * direction, *args[1:])
    assert np.sum(g * direction) == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)
