"""Differentiation inside a differentiated function, against central differences of the same function
written with closed-form derivatives."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import pullback as pb


def g(x):
    return np.sum(x**3)


dg = pb.grad(g)
jg = pb.jit(g)


def through_global(x):
    return np.sum(dg(x) ** 2)


def through_grad(x):
    return np.sum(pb.grad(g)(x) ** 2)


def through_jit(x):
    return jg(x) ** 2


def through_jvp(x):
    out, tangent = pb.jvp(g, (x,), (x,))
    return out * tangent


def through_vjp(x):
    out, pull = pb.vjp(g, x)
    return out * pull(2.0)[0][0]


def through_hvp(x):
    return np.sum(pb.hvp(g, (x,), (x,)))


def through_value_and_grad(x):
    value, gradient = pb.value_and_grad(g)(x)
    return value * np.sum(gradient)


def through_closure(x):
    def h(y):
        return np.sum(y * y * x)

    return np.sum(pb.grad(h)(x * 2.0))


def in_a_loop(x):
    y = x
    for i in range(3):
        y = y - 0.1 * pb.grad(lambda z: np.sum(z**4) + z[0] * i)(y)
    return np.sum(y)


def of_scalars_in_a_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += pb.grad(lambda z: z**3 * x[i])(x[i])
    return s


def second_derivative(x):
    return pb.grad(pb.grad(lambda z: z**4))(x[0]) * x[1]


def with_containers(x):
    d = pb.grad(lambda p, c: np.sum(p["a"] * p["b"] * c), argnums=0)({"a": x, "b": (x * x)}, 3.0)
    return np.sum(d["a"] * d["b"])


def of_a_writing_function(x):
    def h(y):
        y[0] = y[1] * y[1]
        return np.sum(y)

    return np.sum(pb.grad(h)(x) * x)


def c(x):
    return np.sum(x**3)


CASES: list[tuple[Any, Any]] = [
    (through_global, lambda x: np.sum((3 * x**2) ** 2)),
    (through_grad, lambda x: np.sum((3 * x**2) ** 2)),
    (through_jit, lambda x: c(x) ** 2),
    (through_jvp, lambda x: c(x) * 3 * c(x)),
    (through_vjp, lambda x: c(x) * 6 * x[0] ** 2),
    (through_hvp, lambda x: np.sum(6 * x * x)),
    (through_value_and_grad, lambda x: c(x) * np.sum(3 * x**2)),
    (through_closure, lambda x: np.sum(4 * x * x)),
    (of_scalars_in_a_loop, lambda x: 3 * c(x)),
    (second_derivative, lambda x: 12 * x[0] ** 2 * x[1]),
    (with_containers, lambda x: 9 * np.sum(x * x * x)),
    (of_a_writing_function, lambda x: (2 * x[1] + 1) * x[1]),
]


def differences(f: Any, x: Any) -> Any:
    h = 1e-5
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


@pytest.mark.parametrize(("f", "closed"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_value_and_gradient(f: Any, closed: Any) -> None:
    x = np.array([0.7, 1.3])
    value, gradient = pb.value_and_grad(f)(x)
    np.testing.assert_allclose(value, closed(x), rtol=1e-12)
    np.testing.assert_allclose(gradient, differences(closed, x), rtol=1e-7)


def test_a_loop_of_gradient_steps() -> None:
    def plain(x):
        y = x
        for i in range(3):
            y = y - 0.1 * (4 * y**3 + i * np.array([1.0, 0.0]))
        return np.sum(y)

    x = np.array([0.7, 0.3])
    np.testing.assert_allclose(pb.grad(in_a_loop)(x), differences(plain, x), rtol=1e-7)


def test_stop_gradient() -> None:
    x = np.array([2.0, 3.0])
    np.testing.assert_allclose(pb.grad(lambda v: pb.stop_gradient(np.sum(v)) * v[0])(x), [5.0, 0.0])
    np.testing.assert_allclose(pb.grad(lambda v: np.sum(pb.stop_gradient((v, v))[0] * v))(x), x)


def stopped_is_written(x):
    y = pb.stop_gradient(x)
    y[0] = 100.0
    return np.sum(x) + 3 * np.sum(y)


def stopped_then_written(x):
    y = pb.stop_gradient(x)
    x[0] = x[1] * 10.0
    return np.sum(x) + 3 * np.sum(y * x)


def stopped_view(x):
    y = pb.stop_gradient(x[1:])
    y += 5.0
    x *= 2.0
    return np.sum(x) + 3 * np.sum(y * x[0])


def stopped_in_a_list(x):
    items = [x, 2.0]
    same = pb.stop_gradient(items)
    same[0][0] = 7.0
    same[1] = 3.0
    return np.sum(items[0]) * items[1] + np.sum(same[0]) * same[1]


def stopped_integers(x):
    n = np.array([1, 2, 3])
    m = pb.stop_gradient(n)
    m[0] = 100
    return np.sum(x) * np.sum(n) + np.sum(m)


@pytest.mark.parametrize("backend", ["native", "interp"])
@pytest.mark.parametrize(
    "f", [stopped_is_written, stopped_then_written, stopped_view, stopped_in_a_list, stopped_integers]
)
def test_stop_gradient_makes_a_copy(f: Any, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", backend)
    x = np.array([2.0, 3.0, 5.0])
    assert pb.jit(f)(x.copy()) == f(x.copy())
    value, gradient = pb.value_and_grad(f)(x.copy())
    assert value == f(x.copy())
    space: dict[str, Any] = {}
    exec(pb.value_and_grad(f).source(x), space)
    again = space[f"{f.__name__}_grad"](x.copy())
    np.testing.assert_array_equal(again[1], gradient)
    assert again[0] == value


class Plain:
    def __init__(self, v):
        self.v = v


def test_stop_gradient_of_an_object_is_refused() -> None:
    with pytest.raises(pb.PullbackError, match=r"stop_gradient of a Plain[\s\S]*apply it to the arrays"):
        pb.grad(lambda x: np.sum(pb.stop_gradient(Plain(x)).v * x))(np.ones(2))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.sum(pb.grad(lambda y: y * 2.0)(x)), "scalar result"),
        (lambda x: pb.grad(lambda n: n * 2)(3) * x[0], "it is a Python int|it is an int"),
        (lambda x: pb.grad(lambda a: a * 2.0, argnums=1)(x[0]), "argnums 1 is out of range"),
    ],
)
def test_refused_with_its_place(f: Any, message: str) -> None:
    with pytest.raises(pb.PullbackError, match=message) as caught:
        pb.grad(f)(np.array([1.0, 2.0]))
    assert caught.value.loc is not None
    assert caught.value.loc.file == __file__


def test_writing_to_an_enclosing_variable_is_refused() -> None:
    def f(x):
        seen = np.zeros(2)

        def h(y):
            seen[0] = y[0]
            return np.sum(y * y)

        return np.sum(pb.grad(h)(x)) + seen[0]

    with pytest.raises(pb.UnsupportedError, match="writes to a variable of the enclosing function"):
        pb.grad(f)(np.array([1.0, 2.0]))


class Scaled:
    def __init__(self):
        self.by = 2.0

    def cost(self, z, a=2.0):
        return np.sum(z * z) * a * self.by


def test_keywords_are_arguments_by_position() -> None:
    """As outside of a program: what is passed by name is differentiated by its position."""
    scaled = Scaled()

    def cost(z, a=2.0):
        return np.sum(z * z) * a

    @pb.jit
    def program(x):
        def inner(u, /, z, a=3.0):
            return np.sum(u * z * z) * a

        return (
            pb.grad(inner, argnums=1)(x, z=x),
            pb.grad(scaled.cost)(z=x),
            pb.grad(functools.partial(cost, a=4.0))(z=x),
            pb.grad(cost, argnums=(0, 1))(z=x, a=2.0),
            pb.jacfwd(lambda y: y * y)(y=x),
            pb.grad(pb.grad(cost, argnums=1))(z=x, a=1.0),
        )

    x = np.arange(1.0, 4.0)
    expected = (6 * x * x, 8 * x, 8 * x, (4 * x, 14.0), np.diag(2 * x), 2 * x)
    for got, e in zip(program(x), expected, strict=True):
        for part, value in zip(got, e, strict=True) if isinstance(e, tuple) else [(got, e)]:
            np.testing.assert_allclose(part, value, rtol=1e-12)
