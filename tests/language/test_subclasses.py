"""Objects of subclasses of Python's numbers and containers, from outside of the function: what the class defines counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb


class Settings(dict[str, Any]):
    """A dict with attributes, as people write them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def get(self, key: str, default: Any = None) -> Any:
        return 11.0

    @property
    def area(self) -> Any:
        return self["w"] * self["h"]

    def scaled(self, k: Any) -> Any:
        return {n: v * k for n, v in self.items() if n in "wh"}


class Sevens(dict[str, float]):
    def __missing__(self, key: str) -> float:
        return 7.0


class Numbers(list[float]):
    def mean(self) -> float:
        return sum(self) / len(self)


class Fixed(list[float]):
    def __iter__(self) -> Iterator[float]:
        return iter([5.0, 6.0])

    def __len__(self) -> int:
        return 9


class Hundred(float):
    def __mul__(self, other: Any) -> Any:
        return 100.0 * other


class Metres(float):
    pass


SETTINGS = Settings(w=2.0, h=3.0, n=2, inner=Settings(w=1.5))
SEVENS = Sevens(a=1.0)
NUMBERS = Numbers([1.0, 2.5])
FIXED = Fixed([1.0, 2.0])
HUNDRED, METRES = Hundred(2.0), Metres(3.0)
QUEUE = deque([1.0, 2.0], maxlen=3)

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "attributes and items": lambda x: x * SETTINGS.w**SETTINGS.n + SETTINGS["h"] + SETTINGS.inner.w,
    "methods of its own": lambda x: x * SETTINGS.get("missing") + SETTINGS.area + SETTINGS.scaled(x)["h"],
    "as a dict": lambda x: x * len(SETTINGS) + sum(v for k, v in SETTINGS.items() if k in "wh") + ("n" in SETTINGS),
    "missing": lambda x: x * SEVENS["zz"] + SEVENS["a"],
    "method of a list": lambda x: x * NUMBERS.mean() + NUMBERS[1],
    "iteration of its own": lambda x: sum(v * x for v in FIXED) + len(FIXED),
    "operator of a number": lambda x: HUNDRED * 2.0 * x,
    "plain number": lambda x: METRES * x + METRES,
    "deque": lambda x: sum(QUEUE) * x + QUEUE[0] * len(QUEUE),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_python_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    f = PROGRAMS[name]
    compiled = pb.jit(f)
    assert compiled(1.25) == f(1.25)
    slope = f(1.0) - f(0.0)  # all are linear
    assert pb.grad(f)(1.25) == pytest.approx(slope)


def test_changes_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    settings, queue = Settings(w=2.0, inner=Settings(w=1.5)), deque([1.0, 2.0])

    def f(x: Any) -> Any:
        return np.sum(x * settings.w * settings.inner.w) + sum(queue)

    compiled = pb.jit(f)
    assert compiled(2.0) == f(2.0) == 9.0
    settings.w = 3.0
    settings.inner["w"] = 1.0
    queue.append(4.0)
    assert compiled(2.0) == f(2.0) == 13.0
