"""The oracle of the language tests: that of the fuzzer, for functions in files, and variants of their arguments."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fuzz.oracles import Outcome, _Check

Fn = Callable[..., Any]


@dataclass(frozen=True)
class Place:
    """What the oracle asks of an argument."""

    name: str
    dtype: str

    @property
    def is_float(self) -> bool:
        return self.dtype in ("f64", "f32", "float")


class Call:
    """A function and the arguments of one call, in the place of a generated case."""

    seed = 7

    def __init__(self, fn: Fn, args: tuple[Any, ...]):
        self.fn = fn
        self.args = args
        self.arguments = tuple(Place(f"argument {k}", _dtype(a)) for k, a in enumerate(args))

    def load(self) -> Fn:
        return self.fn

    def values(self) -> list[Any]:
        return list(self.args)

    def in_double(self) -> Call:
        return Call(self.fn, tuple(a.astype(np.float64) if _dtype(a) == "f32" else a for a in self.args))


def _dtype(x: Any) -> str:
    if isinstance(x, float):
        return "float"
    name = str(getattr(x, "dtype", type(x).__name__))
    return {"float64": "f64", "float32": "f32"}.get(name, name)


def outcome(fn: Fn, args: tuple[Any, ...], second: bool = False, thorough: bool = False) -> Outcome:
    """All oracles on one call; raises `oracles.Failure` where one does not hold."""
    check = _Check(Call(fn, args))  # type: ignore[arg-type]
    check.thorough = thorough
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return check.run(False, second)


# -- variants of the arguments: functions from arguments to arguments, or None where they do not apply ---------------
def single(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """float32 arrays."""
    if not any(_dtype(a) == "f64" for a in args):
        return None
    return tuple(a.astype(np.float32) if _dtype(a) == "f64" else a for a in args)


def spread(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Arrays with gaps between their elements, backwards in memory."""

    def one(a: Any) -> Any:
        if not isinstance(a, np.ndarray) or not a.ndim:
            return a
        wide = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
        view = wide[tuple(slice(None, None, -2) for _ in a.shape)]
        view[...] = a
        return view

    return tuple(map(one, args)) if any(isinstance(a, np.ndarray) for a in args) else None


def empty(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """No elements along the first axis: loops make no trip."""
    if not any(isinstance(a, np.ndarray) and a.ndim for a in args):
        return None
    return tuple(a[:0] if isinstance(a, np.ndarray) and a.ndim else a for a in args)


def one_element(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """One element along every axis: everything broadcasts, and indices are out of range."""
    if not any(isinstance(a, np.ndarray) and a.ndim for a in args):
        return None
    return tuple(a[(slice(0, 1),) * a.ndim] if isinstance(a, np.ndarray) and a.ndim else a for a in args)


def wrong_shape(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The last array has one element too many."""
    places = [k for k, a in enumerate(args) if isinstance(a, np.ndarray) and a.ndim]
    if len(places) < 2:
        return None
    out = list(args)
    out[places[-1]] = np.concatenate([args[places[-1]], args[places[-1]][-1:]])
    return tuple(out)


VARIANTS = {f.__name__: f for f in (single, spread, empty, one_element, wrong_shape)}
