"""What a program reads from a class is read again, or guarded: methods and constants that are replaced between calls."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([1.0, 2.0, 4.0])


class Base:
    SCALE = 1.0
    COUNT = 2
    WEIGHTS = np.ones(3)
    TABLE = {"a": 1.0}

    def __init__(self, w: Any):
        self.w = w

    def method(self) -> Any:
        return 1.0

    @property
    def own(self) -> Any:
        return 2.0

    @staticmethod
    def static() -> Any:
        return 3.0

    @classmethod
    def of_class(cls) -> Any:
        return cls.SCALE

    @classmethod
    def make(cls, n: int) -> Any:
        return cls(np.full(n, cls.SCALE))


def module_level() -> tuple[type, type]:
    class Fresh(Base):  # a class of its own for each test, whose changes stay in it
        pass

    class Model(Fresh):
        def __call__(self, x: Any) -> Any:
            constants = self.SCALE * Model.COUNT * np.sum(self.WEIGHTS * x) * self.TABLE["a"]
            return np.sum(self.w * x) * self.method() * self.own * self.static() * self.of_class() + constants

    return Fresh, Model


def plus_ten(self: Any) -> float:
    return 10.0


CHANGES = {
    "method": plus_ten,
    "own": property(plus_ten),
    "static": staticmethod(lambda: 30.0),
    "of_class": classmethod(lambda cls: 7.0),
    "SCALE": 5.0,
    "COUNT": 3,
    "WEIGHTS": np.array([1.0, 0.0, 2.0]),
    "TABLE": {"a": 4.0},
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("inherited", [False, True])
def test_what_is_replaced_in_a_class_is_seen(name: str, inherited: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    fresh, model = module_level()

    def f(x: Any) -> Any:
        return model.make(3)(x) + model(2.0)(x)

    compiled, gradient = pb.jit(f), pb.grad(f)
    assert compiled(X) == f(X)
    before = gradient(X)
    setattr(fresh if inherited else model, name, CHANGES[name])
    assert compiled(X) == f(X)
    direction = np.array([1.0, -1.0, 0.5])  # f is linear
    np.testing.assert_allclose(gradient(X) @ direction, f(direction))
    assert not np.array_equal(gradient(X), before)


def test_what_is_replaced_in_a_class_of_a_module_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    def f(x: Any) -> Any:
        m = Base(x)
        return np.sum(m.w) * m.method() * m.own * m.static() * m.of_class() * m.SCALE

    compiled = pb.jit(f)
    for name in ("method", "own", "static", "of_class", "SCALE"):
        assert compiled(X) == f(X)
        monkeypatch.setattr(Base, name, CHANGES[name])
        assert compiled(X) == f(X)
    monkeypatch.setattr(Base, "__init__", lambda self, w: setattr(self, "w", w * 2.0))
    assert compiled(X) == f(X)


def test_members_of_an_enum_that_a_function_defines() -> None:
    class Mode(enum.Enum):
        LINEAR = 1
        CUBIC = 3

        @classmethod
        def default(cls) -> Any:
            return cls.CUBIC

    def f(x: Any) -> Any:
        return np.sum(x ** Mode.default().value)

    np.testing.assert_allclose(pb.grad(f)(X), 3 * X**2)


@dataclass(slots=True)
class WithSlots:
    pair: tuple[float, float] = (1.0, 2.0)
    scale: float = 3.0


def test_default_of_a_dataclass_with_slots() -> None:
    assert pb.jit(lambda x: WithSlots().pair[1] * WithSlots(scale=x).scale)(5.0) == 10.0
