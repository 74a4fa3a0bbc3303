"""NumPy's arrays and scalars on the left of an object: NumPy makes an array of it, or defers to its methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import pullback as pb

X = np.array([1.0, 2.0, 3.0])


class Line:
    """A sequence whose addition is not that of its items."""

    def __init__(self, *c: Any):
        self.c = c

    def __len__(self) -> int:
        return len(self.c)

    def __getitem__(self, i: int) -> Any:
        return self.c[i]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.c)

    def __add__(self, o: Any) -> Any:
        return Line(self.c[0] + o, *self.c[1:])

    __radd__ = __add__

    def __gt__(self, o: Any) -> Any:
        return o < self.c[0]

    def total(self) -> Any:
        return sum(self.c)


class Unconverted(Line):
    __array_ufunc__ = None

    def __radd__(self, o: Any) -> Any:
        return Unconverted(self.c[0] + o, *self.c[1:])


class First(Line):
    __array_priority__ = 10.0

    def __radd__(self, o: Any) -> Any:
        return First(self.c[0] + o, *self.c[1:])


class Single:
    def __init__(self, v: Any):
        self.v = v

    def __radd__(self, o: Any) -> Any:
        return self.v * o + 1.0

    def __rmul__(self, o: Any) -> Any:
        return Single(self.v * o)

    def __gt__(self, o: Any) -> Any:
        return self.v > o


class Converted(Single):
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([self.v, 2.0])


class Pair(NamedTuple):
    a: Any
    b: Any

    def __rmul__(self, o: Any) -> Any:
        return Pair(self.a * o, 0.0)


OUTSIDE = Line(2.0, 5.0)
PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "scalar and sequence": lambda x: np.sum(x[0] + Line(x[1], 2.0)),
    "array and sequence": lambda x: np.sum((x[:2] + Line(x[1], 2.0)) * x[1:]),
    "sequence from outside": lambda x: np.sum(x[0] + OUTSIDE) * len(OUTSIDE),
    "Python's number and sequence": lambda x: (1.0 + Line(x[1], 2.0)).total(),
    "sequence and scalar": lambda x: (Line(x[1], 2.0) + x[0]).total(),
    "no ufuncs": lambda x: (x[0] + Unconverted(x[1], 2.0)).total(),
    "array, no ufuncs": lambda x: np.sum((x + Unconverted(x[1], 2.0)).total()),
    "priority": lambda x: (x[0] + First(x[1], 2.0)).total(),
    "scalar and object": lambda x: (x[0] * Single(x[1])).v + (x[0] + Single(x[2])),
    "array and object": lambda x: np.sum(x + Single(x[1])) + np.sum(np.outer(x, x) + Single(x[2])),
    "comparison": lambda x: np.sum(np.where(x < Single(2.5), x, 0.0)),
    "comparison with a sequence": lambda x: np.sum(np.where(x[0] < Line(x[1], 0.5), 1.0, 2.0) * x[:2]),
    "what is converted": lambda x: np.sum(x[0] + Converted(x[1])) + np.asarray(Converted(x[2])).sum(),
    "NamedTuple": lambda x: np.sum(x[0] * Pair(x[1], x[2])) + (2.0 * Pair(x[1], x[2])).a,
    "functions of NumPy": lambda x: np.linalg.norm(Pair(x[0], x[1])) + np.sum(Line(x[2], 2.0)) + np.array(Pair(*x[:2]))[1],
    "rows": lambda x: np.array([Pair(x[0], 2.0), Pair(x[1], 3.0)]).sum(axis=0)[0] + x[:2] @ Pair(x[0], x[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_numpy_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    f = PROGRAMS[name]
    np.testing.assert_allclose(pb.jit(f)(X), f(X), rtol=1e-14)
    steps = 1e-6 * np.eye(3)
    wanted = [(f(X + e) - f(X - e)) / 2e-6 for e in steps]
    np.testing.assert_allclose(pb.grad(f)(X), wanted, rtol=1e-6, atol=1e-8)


def test_products_of_an_array_and_an_object_are_refused() -> None:
    with pytest.raises(pb.PullbackTypeError, match="an array and a Single"):
        pb.jit(lambda x: x @ Single(2.0))(X)
    with pytest.raises(pb.PullbackTypeError, match="a Single cannot be used as a number"):
        pb.jit(lambda x: x * Single(2.0))(X)
