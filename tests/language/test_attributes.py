"""What a program asks about objects: `hasattr`, `getattr` with a default, `isinstance`, as Python answers."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb


class Layer:
    kind = "layer"

    def __init__(self) -> None:
        self.bias = 3.0

    def forward(self, x: Any) -> Any:
        y = x * getattr(self, "scale", 2.0)
        if hasattr(self, "bias"):
            y = y + self.bias
        if isinstance(self, Layer):
            y = y * 10
        if hasattr(np.linalg, "trace") and hasattr(self, "kind") and not hasattr(x, "missing"):
            y = y + 100
        return y + getattr(self, "missing", 0.5)


@pytest.mark.parametrize("make", [lambda m: pb.jit(lambda x: m.forward(x)), lambda m: pb.jit(m.forward)])
def test_attributes_are_those_of_the_object(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    layer = Layer()
    f = make(layer)
    assert f(1.5) == layer.forward(1.5)
    layer.scale = 5.0  # type: ignore[attr-defined]
    assert f(1.5) == layer.forward(1.5)
    del layer.bias
    assert f(1.5) == layer.forward(1.5)
    assert pb.grad(layer.forward)(1.5) == 50.0


class Methods:
    k = 6.0

    def __init__(self) -> None:
        self.w = 2.0

    def m(self, x: Any) -> Any:
        return self.w * x

    def twice(self, x: Any) -> Any:
        return 2 * self.m(x)

    @classmethod
    def c(cls, x: Any) -> Any:
        return x * 3.0

    @staticmethod
    def s(x: Any) -> Any:
        return x * 4.0

    def __call__(self, x: Any) -> Any:
        return x * 7.0


@dataclass
class Fields:
    w: float = 2.0
    k = 6.0

    def __post_init__(self) -> None:
        self.derived = 3 * self.w

    m = Methods.m
    twice = Methods.twice
    c = Methods.c
    s = staticmethod(Methods.s)

    @functools.cached_property
    def cached(self) -> float:
        return self.w * 11.0


@pytest.mark.parametrize("o", [Methods(), Fields()])
def test_attributes_of_an_object_hide_those_of_its_class(o: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    functions = [
        lambda x: o.m(x),
        lambda x: o.twice(x),
        lambda x: o.c(x),
        lambda x: o.s(x),
        lambda x: o.k * x,
        lambda x: getattr(o, "m")(x) if hasattr(o, "derived") else x,  # noqa: B009
        lambda x: o(x) if callable(o) else o.derived * x + o.cached * x,
    ]
    compiled = [pb.jit(f) for f in functions]

    def agree() -> None:
        assert [c(1.0) for c in compiled] == [f(1.0) for f in functions]

    agree()
    for name in ("m", "c", "s", "__call__"):
        setattr(o, name, lambda x: x * 100)
        agree()
    o.m = Methods().m
    agree()
    o.m.__self__.w = 5.0
    agree()
    o.k, o.derived = 60.0, 8.0
    agree()
    del o.m, o.c, o.s, o.k
    agree()
    o.w = 9.0  # what is cached stays
    agree()


def test_attributes_of_an_argument_that_are_no_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    f = pb.grad(lambda p, x: p.m(x), 1)
    assert f(Fields(2.0), 1.0) == 2.0
    hidden = Fields(2.0)
    hidden.m = lambda x: x * 100  # type: ignore[method-assign, assignment]
    with pytest.raises(pb.PullbackError, match=r"p\.m hides what class Fields has"):
        f(hidden, 1.0)
    for g in (
        lambda p, x: p.derived * x,
        lambda p, x: getattr(p, "derived", 1.0) * x,
        lambda p, x: x if hasattr(p, "derived") else 2 * x,
    ):
        with pytest.raises(pb.PullbackError, match=r"'derived' is not a field of Fields[\s\S]*field\(init=False\)"):
            pb.jit(g)(Fields(2.0), 1.0)
