"""What a gradient call allocates, measured: every block of NumPy and of native code, by tracemalloc."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.runtime import arena

pytestmark = pytest.mark.usefixtures("native_backend")
RNG = np.random.default_rng(0)
SLACK = 8192  # Python's own objects in a call


@pytest.fixture
def native_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "native")


def peak_above_results(f: Callable[..., Any], *args: Any) -> int:
    """Bytes that a call of `f` needs at its worst, beyond what it returns, its arena included."""
    f(*args)
    pb.clear_arenas()
    return _peak(f, *args)


def _peak(f: Callable[..., Any], *args: Any) -> int:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = f(*args)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    leaves = result if isinstance(result, (list, tuple)) else [result]
    return peak - sum(x.nbytes for x in leaves if isinstance(x, np.ndarray))


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
    loops = [
        line for line in text.splitlines() if line.startswith("        ") and ("part(" in line or "= empty(" in line)
    ]
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


def test_a_second_call_allocates_only_its_results():
    f = pb.value_and_grad(recurrent)
    args = (RNG.normal(size=(8, 8)), RNG.normal(size=(200, 40, 8)), RNG.normal(size=(40, 8)))
    f(*args)
    assert _peak(f, *args) <= SLACK


def test_the_arena_grows_with_the_largest_call_and_is_given_back():
    f = pb.grad(euler)
    pb.clear_arenas()
    f(np.ones(10), 1000, 0.1)
    small = arena.kept_bytes()
    f(np.ones(100), 1000, 0.1)
    large = arena.kept_bytes()
    f(np.ones(10), 1000, 0.1)
    assert 80_000 <= small < 800_000 <= large == arena.kept_bytes()
    pb.clear_arenas()
    assert arena.kept_bytes() == 0


def test_calls_that_fail_give_their_arena_back():
    def f(x, i):
        y = np.cumsum(x * x)
        return np.sum(np.cumsum(y * x)) * y[i]

    g = pb.grad(f)
    x = RNG.normal(size=50)
    expected = g(x, 3)
    pb.clear_arenas()
    for _ in range(5):
        with pytest.raises(IndexError):
            g(x, 1000)
    kept = arena.kept_bytes()
    assert np.array_equal(g(x, 3), expected)
    assert 0 < arena.kept_bytes() == kept


def ragged(x):
    """Tapes of unknown length, arrays of computed sizes, a called function."""
    s, i = 0.0, 0
    while i < x.shape[0]:
        part = np.sin(x[: i + 1]) * x[i]
        s = s + np.sum(part) * s + x[i]
        i += 1
    return s


def test_threads_at_once():
    """Eight threads from the first call on, several shapes, failing calls in between."""
    grad_layers, grad_ragged = pb.value_and_grad(recurrent), pb.grad(ragged)
    shapes = [(4, 4), (3, 5), (8, 2), (2, 7)]
    args = [(RNG.normal(size=(n, n)), RNG.normal(size=(6, m, n)), np.zeros((m, n))) for m, n in shapes]
    vectors = [RNG.normal(size=k) * 0.1 for k in (3, 9, 4, 30)]
    barrier = threading.Barrier(8)
    seen: list[list[Any]] = [[] for _ in range(8)]
    failures: list[BaseException] = []

    def work(me: int) -> None:
        try:
            barrier.wait()
            for k in range(200):
                n = (me + k) % 4
                seen[me].append((n, grad_layers(*args[n]), grad_ragged(vectors[n])))
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=work, args=(me,)) for me in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures
    for n, (value, gradient), of_vector in (x for mine in seen for x in mine):
        again, expected = grad_layers(*args[n])
        assert value == again == pytest.approx(recurrent(*args[n]))
        assert np.array_equal(gradient, expected)
        assert np.array_equal(of_vector, grad_ragged(vectors[n]))


def test_ten_thousand_calls_do_not_grow():
    grad_layers, grad_ragged = pb.value_and_grad(recurrent), pb.grad(ragged)
    args = (RNG.normal(size=(3, 3)), RNG.normal(size=(5, 2, 3)), np.zeros((2, 3)))
    vectors = [RNG.normal(size=k) * 0.1 for k in range(1, 8)]

    def calls(n: int) -> None:
        for k in range(n):
            grad_layers(*args)
            grad_ragged(vectors[k % 7])

    calls(50)
    tracemalloc.start()
    try:
        calls(100)
        before = tracemalloc.get_traced_memory()[0]
        calls(10_000)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before <= SLACK


def stacked(weights, x):
    h = x
    for k in range(weights.shape[0]):
        h = np.tanh(h @ weights[k])
    return np.sum(h * h)


def test_a_loop_over_layers_tapes_each_value_once():
    """What a layer reads and what it makes are one tape; its weights are read where they are."""
    layers, n = 16, 96
    weights, x = RNG.normal(size=(layers, n, n)) / np.sqrt(n), RNG.normal(size=(n, n))
    f = pb.grad(stacked)
    assert peak_above_results(f, weights, x) <= (layers + 1 + 4) * n * n * 8 + SLACK
    text = f.source(weights, x, level="native")
    assert text.count("_tape = part(") == 1 and "block(weights" in text
    _against_differences(stacked, (weights, x))


def nested(w, x, outer):
    """The tape of an inner loop starts anew in each iteration of the outer one; no trip at all in some."""
    total = 0.0
    for k in range(outer):
        h = x * (1.0 + k)
        for t in range(3):
            h = np.tanh(h @ w + x[t % 2])
        total = total + np.sum(h * h)
    return total


def branching(w, x, outer):
    h = x
    for k in range(outer):
        if k % 2 == 0:
            for _ in range(k):
                h = np.tanh(h @ w)
        else:
            h = np.sin(h @ w)
    return np.sum(h * h)


def backwards(w, x, outer):
    h = x
    for k in range(outer, 0, -2):
        h = np.tanh(h @ w) * k
    return np.sum(h)


def number(w, x, outer):
    s = 0.3
    for _ in range(outer):
        s = np.tanh(s * w[0, 0] + s * x[0, 0])
    return s * np.sum(w)


@pytest.mark.parametrize("f", [nested, branching, backwards, number])
@pytest.mark.parametrize("outer", [0, 1, 5])
def test_tapes_of_successors(f, outer):
    _against_differences(f, (RNG.normal(size=(4, 4)) / 2, RNG.normal(size=(3, 4)), outer))
