"""Results in arrays of the caller's (``out=``)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb


def f(x: Any, y: Any) -> Any:
    return np.sum(np.sin(x) * y)


X, Y = np.linspace(0.0, 1.0, 6).reshape(2, 3), np.linspace(1.0, 2.0, 3)


def test_results_are_the_given_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    g = pb.grad(f, argnums=(0, 1))
    expected = g(X, Y)
    gx, gy = np.full((2, 3), np.nan), np.full(3, np.nan)
    for _ in range(2):
        result = g(X, Y, out=(gx, gy))
        assert result[0] is gx and result[1] is gy
        np.testing.assert_array_equal(gx, expected[0])
        np.testing.assert_array_equal(gy, expected[1])
    only = g(X, Y, out=(None, gy))
    assert only[1] is gy and only[0] is not gx
    assert g(X, Y, out=None)[0] is not gx
    value, gradient = pb.value_and_grad(f)(X, Y, out=(None, gx))
    assert gradient is gx
    np.testing.assert_allclose(value, f(X, Y), rtol=1e-14)
    assert pb.grad(f)(X, y=Y, out=gx) is gx
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    gx[:] = 0.0
    assert pb.grad(lambda x, y: f(x, y) * 2.0)(X, Y, out=gx) is gx
    np.testing.assert_allclose(gx, 2.0 * expected[0])


def test_of_values() -> None:
    h = pb.jit(lambda x: (x @ x.T, {"a": x + 1.0}))
    square, moved = np.empty((2, 2)), np.empty((2, 3))
    result = h(X, out=(square, {"a": moved}))
    assert result[0] is square and result[1]["a"] is moved
    np.testing.assert_allclose(square, X @ X.T)
    np.testing.assert_array_equal(moved, X + 1.0)


def test_a_call_allocates_no_results() -> None:
    import tracemalloc

    g = pb.grad(lambda x: np.sum(x * x * x))
    x, out = np.ones(20_000), np.empty(20_000)
    g(x, out=out)
    tracemalloc.start()
    g(x, out=out)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000


def with_a_parameter_out(x: Any, out: Any) -> Any:
    return np.sum(x * out)


def test_a_parameter_of_that_name_is_the_functions() -> None:
    np.testing.assert_array_equal(pb.grad(with_a_parameter_out)(Y, out=Y + 1.0), Y + 1.0)


def chosen(x: Any) -> Any:
    return x[x > 0.5] * 2.0


def returned(x: Any) -> Any:
    x[0] = 1.0
    return x


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: pb.grad(f)(X, Y, out=np.empty((3, 2))), TypeError, r"out has to be a float64 array of shape \(2, 3\)"),
        (lambda: pb.grad(f)(X, Y, out=np.empty((2, 3), np.float32)), TypeError, "not a float32 array"),
        (lambda: pb.grad(f)(X, Y, out=[[0.0] * 3] * 2), TypeError, "not a list"),
        (lambda: pb.grad(f)(X, Y, out=np.empty((3, 2)).T), ValueError, "out is not C-contiguous"),
        (lambda: pb.grad(f)(X, Y, out=np.broadcast_to(0.0, (2, 3))), ValueError, "out is"),
        (lambda: pb.grad(f)(X.copy(), Y, out=(X, Y)), TypeError, "out has to be a float64 array"),
        (lambda: pb.grad(f)(X, Y, out=X), ValueError, "out overlaps an argument in memory"),
        (lambda: pb.grad(f, (0, 1))(X, Y, out=(X[:1],)), TypeError, "out has to have 2 elements"),
        (lambda: pb.value_and_grad(f)(X, Y, out=(np.empty(()), None)), TypeError, r"out\[0\] has to be None"),
        (lambda: pb.jit(chosen)(Y, out=np.empty(3)), TypeError, "depends on values"),
        (lambda: pb.jit(returned)(Y.copy(), out=np.empty(3)), TypeError, "an argument itself"),
        (lambda: pb.jit(lambda x: (x + 1.0, x + 2.0))(Y, out=(G, G)), ValueError, r"out\[1\] overlaps another result"),
    ],
)
def test_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


G = np.empty(3)
