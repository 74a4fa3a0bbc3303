"""Decorators are part of the function: `functools.wraps` copies the attributes of what it wraps, and its signature."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.3, 0.7])


def tenfold(f: Any) -> Any:
    @functools.wraps(f)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return 10.0 * f(*args, **kwargs)

    return inner


class Tenfold:
    def __init__(self, f: Any):
        self.f = f

    def __call__(self, x: Any) -> Any:
        return 10.0 * self.f(x)

    def __getattr__(self, name: str) -> Any:
        if name == "f":
            raise AttributeError(name)
        return getattr(self.f, name)


def loss(x):
    return np.sum(x**2)


@pytest.mark.parametrize("wrapper", [tenfold, Tenfold])
def test_what_wraps_a_transformed_function_is_called(wrapper: Any) -> None:
    gradient = wrapper(pb.grad(loss))
    np.testing.assert_allclose(pb.jit(gradient)(X), 20.0 * X)
    np.testing.assert_allclose(pb.jit(lambda x: gradient(x))(X), 20.0 * X)
    compiled = wrapper(pb.jit(loss))
    np.testing.assert_allclose(pb.grad(compiled)(X), 20.0 * X)
    np.testing.assert_allclose(pb.value_and_grad(lambda x: compiled(x))(X)[1], 20.0 * X)


def scaled(x, s, t=1.0):
    return np.sum(x) * s * t


def with_three(f):
    @functools.wraps(f)
    def inner(x):
        return f(x, 3.0)

    return inner


def with_three_at_the_end(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args, 3.0)

    return inner


def of_keywords(f):
    @functools.wraps(f)
    def inner(**kwargs):
        return f(**kwargs)

    return inner


def that_looks_at_its_keywords(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        s = kwargs.pop("s", 1.0)
        return f(*args, 2.0 * s, **kwargs)

    return inner


def with_a_keyword(f):
    @functools.wraps(f)
    def inner(x, s, *, doubled=False):
        return f(x, s) * (2.0 if doubled else 1.0)

    return inner


def in_another_order(f):
    @functools.wraps(f)
    def inner(s, x):
        return f(x, s)

    return inner


@pytest.mark.parametrize(
    ("decorator", "args", "kwargs", "argument"),
    [
        (with_three, (X,), {}, {"argnums": 0}),
        (with_three, (), {"x": X}, {"argnames": "x"}),
        (with_three_at_the_end, (X,), {}, {"argnums": 0}),
        (of_keywords, (), {"x": X, "s": 2.0}, {"argnames": "x"}),
        (that_looks_at_its_keywords, (X,), {"s": 2.0}, {"argnames": "x"}),
        (with_a_keyword, (X, 2.0), {"doubled": True}, {"argnames": "x"}),
        (in_another_order, (2.0, X), {}, {"argnames": "x"}),
        (in_another_order, (2.0,), {"x": X}, {"argnames": "x"}),
        (tenfold, (X, 2.0), {}, {"argnames": "x"}),
        (tenfold, (X,), {"s": 2.0}, {"argnames": "x"}),
    ],
)
def test_the_signature_is_that_of_the_decorated_function(
    decorator: Any, args: tuple[Any, ...], kwargs: dict[str, Any], argument: dict[str, Any]
) -> None:
    f = decorator(scaled)
    want = f(*args, **kwargs)
    np.testing.assert_allclose(pb.jit(f)(*args, **kwargs), want)
    np.testing.assert_allclose(pb.grad(f, **argument)(*args, **kwargs), np.full(2, want / np.sum(X)))


def test_errors_show_the_line_with_def() -> None:
    @tenfold
    def f(x):
        return x

    @pb.jit
    def g(x):
        return x

    with pytest.raises(pb.PullbackError, match=r"\n +def f\(x\):\n"):
        pb.grad(f)(np.arange(3))
    with pytest.raises(pb.PullbackError, match=r"\n +def g\(x\):\n"):
        pb.grad(g)(np.arange(3))
