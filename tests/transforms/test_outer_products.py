"""Outer products that a loop adds up: one product of matrices after the loop, against the array program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

from .test_loops import check

R = np.random.default_rng(0)


def recurrent(w, u, b, xs):
    h = np.zeros(w.shape[0])
    loss = 0.0
    for t in range(len(xs)):
        h = np.tanh(w @ h + u @ xs[t] + b)
        loss += np.sum(h**2)
    return loss


def from_the_left(h, a):
    for _ in range(12):
        h = np.tanh(h @ a)
    return np.sum(h)


def later_rows(p, a, b):
    for t in range(3, 9):
        p = p @ a * b[t]
        p = p / np.sum(p)
    return np.sum(p**2)


def backwards(w, xs):
    h = np.ones(w.shape[0])
    for t in range(len(xs) - 1, -1, -1):
        h = np.sin(w @ (h * xs[t]))
    return np.sum(h) + np.sum(w[0] ** 2)


def loop_in_a_loop(w, x):
    total = 0.0
    for _ in range(3):
        h = x
        for _ in range(4):
            h = np.sin(w @ h)
        total += np.sum(h)
    return total


W = R.normal(size=(9, 9)) * 0.3
CASES: list[tuple[Any, tuple[np.ndarray, ...], int]] = [
    (recurrent, (W, R.normal(size=(9, 5)), R.normal(size=9), R.normal(size=(6, 5))), 2),
    (from_the_left, (R.normal(size=9), W), 1),
    (later_rows, (R.random(9), R.random((9, 9)), R.random((9, 9))), 1),
    (backwards, (W, R.normal(size=(5, 9))), 0),
    (loop_in_a_loop, (W, R.normal(size=9)), 1),
]


@pytest.mark.parametrize("f, args, products", CASES, ids=[f.__name__ for f, _, _ in CASES])
def test_sums_of_outer_products(f: Any, args: tuple[np.ndarray, ...], products: int) -> None:
    gradient = pb.grad(f, argnums=tuple(range(len(args))))
    check(gradient.program(*args).function, list(args))
    assert gradient.source(*args, level="native").count("gemm(") == products
    pb.check_grads(f, args, order=2)


def test_no_iterations() -> None:
    _, dw = pb.value_and_grad(lambda xs, w: backwards(w, xs), argnums=1)(np.zeros((0, 9)), W)
    expected = np.zeros((9, 9))
    expected[0] = 2 * W[0]
    np.testing.assert_allclose(dw, expected)


def test_infinities() -> None:
    """They give the same infinities and NaN as the outer products one by one."""
    xs = np.ones((2, 9))
    xs[1, 1:3] = np.inf, 0.0

    def f(w, xs):
        h = np.ones(9)
        for t in range(len(xs)):
            h = (w @ xs[t]) * h
        return np.sum(h)

    w = np.ones((9, 9))
    w[0] = 0.0
    with np.errstate(all="ignore"):
        expected = np.outer(w @ xs[0], xs[1]) + np.outer(w @ xs[1], xs[0])
    np.testing.assert_array_equal(pb.grad(f)(w, xs), expected)
