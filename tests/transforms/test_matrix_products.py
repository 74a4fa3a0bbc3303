"""Products of an adjoint that share a factor (`transforms.products`), and symmetric products (`runtime.blas`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb


def gram(x: Any) -> Any:
    c = x.T @ x
    return np.sum(np.sin(c) * np.arange(1.0, 1.0 + c.shape[0])[:, None])


def outer_gram(x: Any) -> Any:
    c = x @ x.T
    return np.sum(c * c * np.arange(1.0, 1.0 + c.shape[0]))


def kernel_regression(x: Any, y: Any) -> Any:
    k = x @ x.T + 0.5 * np.eye(x.shape[0])
    return y @ np.linalg.solve(k, y)


def one_weight_used_twice(x: Any, w: Any) -> Any:
    return np.sum(np.tanh(np.tanh(x @ w) @ w))


def both_orders(x: Any, w: Any) -> Any:
    return np.sum(np.sin(x @ w) * np.cos(w @ x))


def of_a_loop(x: Any) -> Any:
    total = 0.0
    for k in range(3):
        y = x[k:, :]
        total += np.sum(np.cos(y.T @ y))
    return total


def read_elsewhere(x: Any) -> Any:
    c = x.T @ x
    return np.sum(c) + np.sum((x @ c) ** 2)


def finite_differences(f: Any, args: tuple[Any, ...], k: int) -> Any:
    out = np.zeros_like(args[k])
    for place in np.ndindex(out.shape):
        values = []
        for step in (1e-5, -1e-5):
            moved = [np.copy(a) for a in args]
            moved[k][place] += step
            values.append(f(*moved))
        out[place] = (values[0] - values[1]) / 2e-5
    return out


r = np.random.default_rng(5)
SQUARE = 0.6 * r.normal(size=(4, 4))
CASES: list[tuple[Any, tuple[Any, ...]]] = [
    (gram, (r.normal(size=(5, 4)),)),
    (outer_gram, (r.normal(size=(5, 4)),)),
    (kernel_regression, (r.normal(size=(5, 3)), r.normal(size=5))),
    (one_weight_used_twice, (r.normal(size=(3, 4)), SQUARE)),
    (both_orders, (SQUARE, r.normal(size=(4, 4)))),
    (of_a_loop, (r.normal(size=(6, 3)),)),
    (read_elsewhere, (SQUARE,)),
]


@pytest.mark.parametrize("f, args", CASES, ids=[f.__name__ for f, _ in CASES])
def test_gradients(f: Any, args: tuple[Any, ...]) -> None:
    for k in range(len(args)):
        value, gradient = pb.value_and_grad(f, argnums=k)(*args)
        np.testing.assert_allclose(value, f(*args), rtol=1e-12)
        np.testing.assert_allclose(gradient, finite_differences(f, args, k), rtol=2e-6, atol=1e-7)
    v = r.normal(size=args[0].shape)
    if len(args) == 1:

        def along(x: Any) -> Any:
            return np.sum(pb.grad(f)(x) * v)

        second = pb.hvp(f, args, (v,))
        np.testing.assert_allclose(second, finite_differences(along, args, 0), rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize(
    "f, products, text", [(gram, 2, "@ (c_adj + c_adj.T)"), (outer_gram, 2, ") @ x"), (kernel_regression, 2, ") @ x")]
)
def test_what_is_printed(f: Any, products: int, text: str) -> None:
    args = next(args for g, args in CASES if g is f)
    source = pb.grad(f).source(*args)
    assert source.count(" @ ") == products, source
    assert text in source, source


def symmetric(x: Any) -> Any:
    return x.T @ x


def symmetric_rows(x: Any) -> Any:
    return -2.0 * (x @ x.T)


@pytest.mark.parametrize("f", [symmetric, symmetric_rows])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (5, 3), (40, 70), (130, 33), (9, 64)])
def test_symmetric_products(f: Any, dtype: Any, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(6).normal(size=shape).astype(dtype)
    result = pb.jit(f)(x)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, f(x), rtol=1e-11 if dtype is np.float64 else 2e-5, atol=1e-4)
    np.testing.assert_array_equal(result, result.T)


def test_symmetric_products_keep_nan() -> None:
    x = np.random.default_rng(7).normal(size=(50, 40))
    x[3, 4] = np.nan
    for f in (symmetric, symmetric_rows):
        np.testing.assert_array_equal(np.isnan(pb.jit(f)(x)), np.isnan(f(x)))
        again = pb.jit(f)(np.ones((50, 40)))  # in the same memory
        np.testing.assert_allclose(again, f(np.ones((50, 40))))
