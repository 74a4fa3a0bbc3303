"""Transformed functions as functions: bound as methods, copied, pickled, shown."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.0, 2.0, 3.0])


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")


def second(f: Any) -> Any:
    return pb.hessian(f, 1)


class Model:
    def __init__(self, w: float) -> None:
        self.w = w

    @pb.jit
    def value(self, x: Any) -> Any:
        return np.sum(self.w * x**2)

    @pb.grad(argnums=1)
    def slope(self, x: Any) -> Any:
        return np.sum(self.w * x**3)

    @pb.grad
    def by_self(self, x: Any) -> Any:
        return np.sum(self.w * x)

    @classmethod
    @pb.jit
    def of_class(cls, x: Any) -> Any:
        return np.sum(x**2)

    @staticmethod
    @pb.jit
    def static(x: Any) -> Any:
        return np.sum(x**2)

    @second
    def curvature(self, x: Any) -> Any:
        return np.sum(self.w * x**3)

    @pb.jacrev(argnums=1)
    def rows(self, x: Any) -> Any:
        return self.w * x**2


def test_transforms_of_bound_transformed_methods() -> None:
    m = Model(2.0)
    for w in (2.0, 5.0):
        m.w = w
        np.testing.assert_allclose(pb.grad(m.value)(A), 2 * w * A)
        np.testing.assert_allclose(pb.grad(m.value, argnames="x")(x=A), 2 * w * A)
        assert pb.jit(m.value)(A) == m.value(A)
        np.testing.assert_allclose(pb.vjp(m.value, A)[1](1.0)[0], 2 * w * A)
        np.testing.assert_allclose(pb.hvp(m.value, (A,), (A,)), 2 * w * A)
        np.testing.assert_allclose(pb.hessian(m.value)(A), 2 * w * np.eye(3))
        np.testing.assert_allclose(pb.jacfwd(m.slope)(A), np.diag(6 * w * A))
        np.testing.assert_allclose(pb.jvp(m.slope, (A,), (A,))[1], 6 * w * A**2)
        pb.check_grads(m.value, (A,))
    for f in (Model.of_class, m.of_class, m.static):
        np.testing.assert_allclose(pb.grad(f)(A), 2 * A)
    np.testing.assert_allclose(pb.grad(lambda x: m.value(x) + np.sum(m.slope(x)))(A), 2 * 5 * A + 6 * 5 * A)
    with pytest.raises(pb.PullbackError, match="grad with respect to self cannot be transformed further"):
        pb.jit(m.by_self)


def test_jacobians_bind_and_show_what_they_are() -> None:
    m = Model(2.0)
    np.testing.assert_allclose(m.curvature(A), np.diag(12 * A))
    np.testing.assert_allclose(m.rows(A), np.diag(4 * A))
    assert repr(Model.curvature) == "<pullback jacfwd(grad(Model.curvature))>"
    assert repr(pb.jacrev(loss)) == "<pullback jacrev(loss)>"
    assert "def loss_grad" in pb.jacrev(loss).source(A)
    assert "loss_grad" in pb.jacrev(loss).ir(A)
    assert m.curvature.source(A) == Model.curvature.source(m, A)
    with pytest.raises(pb.PullbackError, match="the Jacobian of a method cannot be transformed further"):
        pb.grad(m.curvature)


def loss(x: Any) -> Any:
    return np.sum(x**2)


@pb.grad
def decorated(x: Any) -> Any:
    return np.sum(x**3)


@pb.custom_vjp
def ruled(x: Any) -> Any:
    return np.sum(x**2)


ruled.defvjp(lambda x: (np.sum(x**2), x), lambda x, g: (2.0 * g * x,))
FUNCTIONS = [
    pb.grad(loss),
    pb.jit(pb.grad(loss)),
    pb.value_and_grad(loss, argnames="x"),
    decorated,
    pb.jit(decorated),
    pb.jacrev(loss),
    pb.hessian(loss),
    pb.grad(ruled),
    pb.checkpoint(loss),
    ruled,
    Model.value,
    Model.curvature,
]


@dataclasses.dataclass
class Holder:
    f: Any


@pytest.mark.parametrize("f", FUNCTIONS)
def test_copies_and_pickles(f: Any) -> None:
    assert copy.deepcopy(f) is f and copy.copy(f) is f
    assert copy.deepcopy(Holder(f)).f is f and dataclasses.asdict(Holder(f)) == {"f": f}
    again = pickle.loads(pickle.dumps(f))
    args = (Model(2.0), A) if "Model" in repr(f) else (A,)
    got, expected = again(*args), f(*args)
    for a, b in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
        np.testing.assert_array_equal(a, b)
    assert repr(again) == repr(f)


def test_copies_of_bound_methods_have_their_own_object() -> None:
    m = Model(2.0)
    method = copy.deepcopy(m.value)
    m.w = 3.0
    assert (method(A), m.value(A)) == (28.0, 42.0)
    assert pickle.loads(pickle.dumps(m.value))(A) == 42.0
