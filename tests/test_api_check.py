"""check_grads accepts right derivatives and names the leaf of wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import check


def f(p, y):
    return np.sum(np.tanh(p["w"] * y[0]) * p["b"]) * y[1]


ARGS: tuple[Any, ...] = ({"w": np.array([0.3, -0.2]), "b": np.array([1.0, 2.0])}, (0.7, 1.5))


def test_right_derivatives_pass() -> None:
    pb.check_grads(f, ARGS)


def test_single_precision() -> None:
    pb.check_grads(lambda x: np.sum(np.sin(x) * x), (np.array([0.5, 1.0], np.float32),), order=1)


def test_non_scalar_results() -> None:
    pb.check_grads(lambda x: (np.exp(x), np.sum(x * x)), (np.array([0.5, 1.0]),))


def test_arguments_that_the_function_writes_to_are_not_modified() -> None:
    def g(x):
        x[0] = x[0] * x[1]
        return np.sum(x)

    x = np.array([2.0, 3.0])
    pb.check_grads(g, (x,))
    np.testing.assert_array_equal(x, [2.0, 3.0])


def test_wrong_derivative_is_reported_with_its_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    original = check.extended

    def wrong(fun: Any, *more: Any) -> Any:
        right = original(fun, *more)

        def call(args: Any, kwargs: Any, extras: Any = ()) -> Any:
            (gp, gy) = right(args, kwargs, extras)
            return {**gp, "b": 1.01 * gp["b"]}, gy

        return call

    monkeypatch.setattr(check, "extended", wrong)
    with pytest.raises(AssertionError, match=r"check_grads of f, rev: args\[0\]\['b'\]: derivative"):
        pb.check_grads(f, ARGS, order=1, modes=("rev",))
