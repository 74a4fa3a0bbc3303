"""Objects, their methods and callables as arguments: attributes are read at each call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import pullback as pb

A = np.array([1.0, 2.0, 3.0])


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")


class Net:
    def __init__(self, w: Any) -> None:
        self.w = w
        self.n = 2

    def f(self, x: Any) -> Any:
        return np.sum(self.w * x**self.n)

    def __call__(self, x: Any) -> Any:
        return self.f(x) * 2 + self.half * self.total(x)

    @property
    def half(self) -> Any:
        return np.sum(self.w) / 2

    @classmethod
    def total(cls, x: Any) -> Any:
        return np.sum(x)


class EqualNet(Net):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class SlotNet(Net):
    __slots__ = ("n", "w")


@dataclass(frozen=True)
class Frozen:
    name: str
    w: Any = field(compare=False)

    def __call__(self, x: Any) -> Any:
        return np.sum(self.w * x)


USES: list[tuple[Callable[..., Any], Callable[[Any], Any]]] = [
    (lambda net, x: net.f(x), lambda net: net),
    (lambda net, x: net(x), lambda net: net),
    (lambda net, x: net.__call__(x), lambda net: net),
    (lambda f, x: f(x), lambda net: net.f),
    (lambda f, x: f(x), lambda net: functools.partial(net.f)),
    (lambda d, x: d["net"](x) + d["net"].f(x), lambda net: {"net": net, "s": "text"}),
    (lambda nets, x: nets[0](x) + nets[1](x), lambda net: [net, net]),
    (lambda net, x: functools.reduce(lambda a, b: a + net(b), [x, x], 0.0), lambda net: net),
    (lambda net, x: sum(map(net, (x, 2 * x))), lambda net: net),
]


@pytest.mark.parametrize("cls", [Net, EqualNet, SlotNet])
@pytest.mark.parametrize(("f", "wrap"), USES)
def test_an_object_is_read_at_each_call(f: Any, wrap: Any, cls: Any) -> None:
    compiled, gradient = pb.jit(f), pb.grad(f, 1)
    net = cls(2.0)

    def agree(n: Any) -> None:
        np.testing.assert_allclose(compiled(wrap(n), A), f(wrap(n), A), rtol=1e-12)
        step = 1e-4 * A
        expected = (f(wrap(n), A + step) - f(wrap(n), A - step)) / 2
        np.testing.assert_allclose(np.sum(gradient(wrap(n), A) * step), expected, rtol=1e-6)

    agree(net)
    net.w = 5.0
    agree(net)
    net.w = A.copy()
    agree(net)
    net.w[0] = 7.0
    agree(net)
    net.n = 3
    agree(net)
    agree(cls(2.0))  # an equal one, and not the same
    agree(net)


def test_a_bound_method_is_found_again() -> None:
    net, f = Net(2.0), pb.jit(lambda g, x: g(x))
    f(net.f, A)
    before = len(f._single._entries)
    f(net.f, A)
    assert len(f._single._entries) == before == 1


def test_equal_callables_are_told_apart() -> None:
    f = pb.grad(lambda g, x: g(x), 1)
    np.testing.assert_array_equal(f(Frozen("a", 2.0), A), np.full(3, 2.0))
    np.testing.assert_array_equal(f(Frozen("a", 5.0), A), np.full(3, 5.0))


def test_attributes_of_an_argument_are_not_assigned() -> None:
    def f(net: Any, x: Any) -> Any:
        net.w = x
        return net(x)

    with pytest.raises(pb.PullbackError, match="attributes of objects from outside cannot be assigned"):
        pb.jit(f)(Net(2.0), 1.0)
