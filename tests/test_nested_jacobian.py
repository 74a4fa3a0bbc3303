"""Jacobians inside programs, and transforms of Jacobians, against the same Jacobians made outside and differences."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.7, -1.2, 0.4])
BOTH = pytest.mark.parametrize("jacobian", [pb.jacfwd, pb.jacrev])


def g(z: Any) -> Any:
    return np.array([z[0] * z[1], z[1] ** 2 + z[2], np.sin(z[2] * z[0])])


def loss(z: Any) -> Any:
    return np.sum(np.sin(z) * z) * z[0]


def differences(f: Callable[[Any], Any], x: Any) -> Any:
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = 1e-6
        columns.append((np.asarray(f(x + e)) - np.asarray(f(x - e))) / 2e-6)
    return np.stack(columns, axis=-1)


def of_determinant(jac: Any, x: Any) -> Any:
    return np.linalg.det(jac(g)(x))


def of_two(jac: Any, x: Any) -> Any:
    a, b = jac(lambda a, b: g(a) * b, argnums=(0, 1))(x, 2 * x)
    return np.sum(a**2) + np.sum(b * x)


def of_matrices(jac: Any, x: Any) -> Any:
    return np.sum(jac(lambda a: a @ a)(np.outer(x, x)) ** 2)


def of_numbers(jac: Any, x: Any) -> Any:
    return jac(lambda s: s**3)(x[0]) * np.sum(jac(lambda s: np.array([s**2, s]))(x[1]))


def of_trees(jac: Any, x: Any) -> Any:
    made = jac(lambda p: {"u": p["a"] * p["b"][0], "v": (p["b"][0] ** 2, 3)})({"a": x, "b": [x[1], None]})
    assert made["v"][1]["a"] is None
    return np.sum(made["u"]["a"] ** 2) + np.sum(made["u"]["b"][0]) * made["v"][0]["b"][0]


def of_a_writer(jac: Any, x: Any) -> Any:
    def f(z: Any) -> Any:
        z[0] = z[1] ** 2
        return z * z

    return np.sum(jac(f)(x) * x)


def of_a_closure(jac: Any, x: Any) -> Any:
    return np.sum(jac(lambda z: z * z * x)(x * 2) * x)


def in_newton(jac: Any, x: Any) -> Any:
    y = np.ones(3)

    def f(y: Any) -> Any:
        return y**3 + 2 * y + 0.1 * np.roll(y, 1) - x

    for _ in range(8):
        y = y - np.linalg.solve(jac(f)(y), f(y))
    return np.sum(y**2)


def of_a_jacobian(jac: Any, x: Any) -> Any:
    return np.sum(jac(jac(g))(x) ** 2)


def of_hessians(jac: Any, x: Any) -> Any:
    pair = pb.hessian(lambda a, b: np.sum(a * b) ** 2, argnums=(0, 1))(x, 2 * x)
    return np.trace(pb.hessian(loss)(x)) + np.sum(pair[0][1])


PROGRAMS = [
    of_determinant, of_two, of_matrices, of_numbers, of_trees, of_a_writer, of_a_closure, in_newton, of_a_jacobian,
    of_hessians,
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_jacobians_in_programs(f: Any, jacobian: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    program = functools.partial(f, jacobian)
    np.testing.assert_allclose(pb.jit(program)(X), f(jacobian, X), rtol=1e-12)
    np.testing.assert_allclose(pb.grad(program)(X), differences(program, X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("f", [of_determinant, in_newton])
def test_native_code_of_jacobians(f: Any) -> None:
    program = functools.partial(f, pb.jacfwd)
    np.testing.assert_allclose(pb.grad(program)(X), differences(program, X), rtol=1e-5, atol=1e-6)


@BOTH
def test_transforms_of_jacobians(jacobian: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    j = jacobian(g)
    second = np.zeros((3, 3, 3))
    second[0, 0, 1] = second[0, 1, 0] = 1.0
    second[1, 1, 1] = 2.0
    a, b = X[0], X[2]
    second[2, 0, 0], second[2, 2, 2] = -b * b * np.sin(a * b), -a * a * np.sin(a * b)
    second[2, 0, 2] = second[2, 2, 0] = np.cos(a * b) - a * b * np.sin(a * b)
    for made in (pb.jacfwd(j), pb.jacrev(j), pb.jit(pb.jacfwd(pb.jit(j)))):
        np.testing.assert_allclose(made(X), second, atol=1e-12)
    np.testing.assert_allclose(pb.jit(j)(X), j(X))
    value, tangent = pb.jvp(j, (X,), (X,))
    np.testing.assert_allclose(value, j(X))
    np.testing.assert_allclose(tangent, second @ X)
    np.testing.assert_allclose(pb.vjp(j, X)[1](np.eye(3))[0], np.einsum("iij->j", second), atol=1e-12)
    np.testing.assert_allclose(pb.jit(pb.hessian(loss))(X), pb.hessian(loss)(X))
    assert pb.grad(jacobian(lambda t: t**3))(2.0) == 12.0
    assert pb.hessian(jacobian(lambda t: t**5))(2.0) == 240.0


def test_result_type_of_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    for jacobian in (pb.jacfwd, pb.jacrev):
        made = pb.jit(jacobian(g))(X.astype(np.float32))
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, jacobian(g)(X), rtol=1e-6)


class Model:
    def __init__(self, w: float):
        self.w = w

    def step(self, x: Any) -> Any:
        return g(x) * self.w

    def total(self, x: Any) -> Any:
        return np.sum(self.step(x))

    def __call__(self, x: Any) -> Any:
        return self.total(x) * 2

    @pb.jacrev(argnums=1)
    def rows(self, x: Any) -> Any:
        return self.step(x)

    def kalman(self, p: Any, x: Any) -> Any:
        a, b = pb.jacfwd(self.step)(x), self.rows(x)
        return np.trace(a @ p @ b.T)


def test_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    m = Model(2.0)
    for w in (2.0, 5.0):
        m.w = w
        wanted = differences(lambda x: m.kalman(np.eye(3), x), X)
        np.testing.assert_allclose(pb.grad(m.kalman, argnums=1)(np.eye(3), X), wanted, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(pb.jit(pb.jacfwd(m.step))(X), m.rows(X))
    with pytest.raises(pb.UnsupportedError, match="the Jacobian of a method cannot be transformed further"):
        pb.jit(m.rows)


@pytest.mark.parametrize("make", [lambda m: m.total, lambda m: m, lambda m: functools.partial(Model.total, m)])
def test_what_a_transformed_function_is_bound_to_is_read_again(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    m = Model(2.0)
    gradient, curvature = pb.grad(make(m)), pb.hessian(make(m))

    def f(x: Any) -> Any:
        return np.sum(gradient(x) * x) + np.sum(curvature(x))

    compiled = pb.jit(f)
    for w in (2.0, 5.0):
        m.w = w
        np.testing.assert_allclose(compiled(X), f(X))


def powers(s: Any, n: int) -> Any:
    out = np.empty(n)
    for i in range(n):
        out[i] = s**i / (i + 1)
    return out


def test_an_int_among_the_arguments_tells_the_shape_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    for n in (4, 6):
        wanted = [i * 1.3 ** (i - 1) / (i + 1) for i in range(n)]
        for jacobian in (pb.jacfwd, pb.jacrev):
            np.testing.assert_allclose(jacobian(powers)(1.3, n), wanted)
            np.testing.assert_allclose(pb.jit(jacobian(powers))(1.3, n), wanted)
    with pytest.raises(pb.PullbackValueError, match="depends on its data"):
        pb.jacrev(lambda x: x[x > 0])(X)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: pb.jacfwd(lambda n: n * x)(3), "cannot differentiate with respect to"),
        (lambda x: pb.jacfwd(lambda z: np.ones(3))(x), "no differentiable path"),
        (lambda x: pb.jacfwd(lambda z: 3)(x), "returns no float"),
        (lambda x: pb.jacfwd(lambda z: z, argnums=1)(x), "argnums 1 is out of range"),
        (lambda x: pb.jacfwd(lambda z: z, argnums=())(x), "argnums is empty"),
    ],
)
def test_refused(f: Any, message: str) -> None:
    with pytest.raises(pb.PullbackError, match=message) as caught:
        pb.jit(f)(X)
    assert caught.value.loc is not None
    assert caught.value.loc.file == __file__
