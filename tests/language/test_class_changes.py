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


def with_attributes(x: Any) -> Any:
    return np.sum(x) * with_attributes.scale * with_attributes.table["n"]  # type: ignore[attr-defined]


with_attributes.scale = 2.0  # type: ignore[attr-defined]
with_attributes.table = {"n": 3}  # type: ignore[attr-defined]


def test_attributes_of_functions_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    compiled = pb.jit(lambda x: with_attributes(x) * with_attributes.scale)  # type: ignore[attr-defined]
    assert compiled(X) == 84.0
    monkeypatch.setattr(with_attributes, "scale", 3.0)
    assert compiled(X) == 189.0
    monkeypatch.setitem(with_attributes.table, "n", 1)  # type: ignore[attr-defined]
    assert compiled(X) == 63.0


def test_whether_there_is_an_attribute_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")

    class Thing:
        pass

    def f(x: Any) -> Any:
        of_function = 1.0 if hasattr(with_attributes, "scale") and hasattr(np, "sum") else 2.0
        of_class = 10.0 if hasattr(Thing, "scale") else 20.0
        return x * (of_function + of_class) * getattr(with_attributes, "more", 3.0) + 1.0 * hasattr(Thing(), "scale")

    compiled = pb.jit(f)
    assert compiled(1.0) == f(1.0) == 63.0
    monkeypatch.setattr(Thing, "scale", 1.0, raising=False)
    assert compiled(1.0) == f(1.0) == 34.0
    monkeypatch.setattr(with_attributes, "more", 5.0, raising=False)
    assert compiled(1.0) == f(1.0) == 56.0
    monkeypatch.delattr(with_attributes, "scale")
    assert compiled(1.0) == f(1.0) == 61.0
