"""The oracle of the suites: plain Python and NumPy, differentiated by finite differences.

`check` holds a program to what a user expects of its derivatives: they agree with differences of plain
Python in every leaf, split (vjp) and joint (value_and_grad) calls agree, calls can be repeated, new inputs
give new results, and no input is modified.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import api

Program = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """A program with arguments; all float leaves of the arguments are differentiated."""

    fn: Program
    args: tuple[Any, ...]
    eps: float = 3e-4
    tol: float = 1e-7
    closed: Program | None = None
    """The same function without pullback in it, where the program differentiates."""

    @property
    def plain(self) -> Program:
        return self.closed or self.fn

    @property
    def id(self) -> str:
        return self.fn.__name__


class Cases(list[Any]):
    """A table of cases, filled by decorating programs."""

    def __call__(self, *args: Any, **options: Any) -> Callable[[Program], Program]:
        def enter(fn: Program) -> Program:
            self.append(Case(fn, args, **options))
            return fn

        return enter

    def params(self) -> list[Any]:
        return [pytest.param(c, id=f"{k}-{c.id}" if self.repeated(c) else c.id) for k, c in enumerate(self)]

    def repeated(self, case: Case) -> bool:
        return sum(c.id == case.id for c in self) > 1


# -- trees -----------------------------------------------------------------------------------------------
def leaves(x: Any) -> list[Any]:
    """The numbers and arrays in a container, in order."""
    if isinstance(x, dict):
        return [y for v in x.values() for y in leaves(v)]
    if isinstance(x, (tuple, list)):
        return [y for v in x for y in leaves(v)]
    if dataclasses.is_dataclass(x):
        return [y for f in dataclasses.fields(x) for y in leaves(getattr(x, f.name))]
    return [] if x is None or isinstance(x, str) or callable(x) else [x]


def rebuilt(x: Any, values: Any) -> Any:
    """The same container with its leaves taken from an iterator."""
    if isinstance(x, dict):
        return {k: rebuilt(v, values) for k, v in x.items()}
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(rebuilt(v, values) for v in x))
    if isinstance(x, (tuple, list)):
        return type(x)(rebuilt(v, values) for v in x)
    if dataclasses.is_dataclass(x):
        return type(x)(**{f.name: rebuilt(getattr(x, f.name), values) for f in dataclasses.fields(x)})
    return x if x is None or isinstance(x, str) or callable(x) else next(values)


def is_float(x: Any) -> bool:
    return isinstance(x, (float, np.floating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def differentiable(x: Any) -> bool:
    found = leaves(x)
    return bool(found) and all(is_float(v) for v in found)


def moved(args: Any, h: float, direction: list[Any]) -> Any:
    """The arguments, moved by h along a direction (one entry for each leaf, None: not moved)."""
    new = [x if d is None else x + h * d for x, d in zip(leaves(args), direction, strict=True)]
    return rebuilt(args, iter(new))


def dot(a: list[Any], b: list[Any]) -> float:
    return float(sum(np.sum(np.asarray(x) * np.asarray(y)) for x, y in zip(a, b, strict=True) if y is not None))


# -- derivatives -----------------------------------------------------------------------------------------
def difference(fn: Program, args: Any, direction: list[Any], weights: list[Any], eps: float) -> float:
    """d/dh <weights, fn(args + h direction)> at 0, by a central difference of fourth order in plain Python."""

    def at(h: float) -> float:
        return dot(leaves(fn(*copy.deepcopy(moved(args, h, direction)))), weights)

    return (8.0 * (at(eps) - at(-eps)) - (at(2 * eps) - at(-2 * eps))) / (12.0 * eps)


def directions(args: Any, wrt: tuple[int, ...], rng: np.random.Generator) -> list[list[Any]]:
    """For each differentiated leaf: each element, where there are at most eight, else six random directions."""
    owner = [k for k, a in enumerate(args) for _ in leaves(a)]
    flat = leaves(args)
    out = []
    for place, x in enumerate(flat):
        if owner[place] not in wrt:
            continue
        size = int(np.size(x))
        basis = np.eye(size) if size <= 8 else rng.normal(size=(6, size))
        for e in basis:
            d: list[Any] = [None] * len(flat)
            d[place] = e.reshape(np.shape(x)) if np.shape(x) else float(e[0])
            out.append(d)
    return out


def check_gradient(case: Case, args: Any, wrt: tuple[int, ...], gradient: Any, weights: list[Any]) -> None:
    """The gradient of <weights, fn> has the structure of the arguments and the derivatives of plain Python."""
    given = [args[k] for k in wrt]
    flat = leaves(gradient)
    assert [np.shape(g) for g in flat] == [np.shape(x) for x in leaves(given)]
    for g in flat:
        assert np.all(np.isfinite(g)), gradient
    owner = [k for k, a in enumerate(args) for _ in leaves(a)]
    for direction in directions(args, wrt, np.random.default_rng(1)):
        want = difference(case.plain, args, direction, weights, case.eps)
        got = dot(flat, [d for k, d in zip(owner, direction, strict=True) if k in wrt])
        assert abs(got - want) <= case.tol * (1.0 + abs(want)), (case.id, direction, got, want)


def same(a: Any, b: Any) -> None:
    for x, y in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def check(case: Case) -> None:
    """Values, gradients, forward mode, repeated and split calls of one program."""
    fn, args = case.fn, case.args
    before = copy.deepcopy(args)
    wrt = tuple(k for k, a in enumerate(args) if differentiable(a))
    assert wrt
    plain = case.plain(*copy.deepcopy(args))
    out = leaves(plain)
    rng = np.random.default_rng(7)
    weights = [rng.normal(size=np.shape(y))[()] if is_float(y) else None for y in out]
    owner = [k for k, a in enumerate(args) for _ in leaves(a)]
    shift = [rng.uniform(0.5, 1.0, np.shape(x))[()] if k in wrt else None for k, x in zip(owner, leaves(args))]
    other = moved(args, 0.013, shift)

    if len(out) == 1 and np.shape(out[0]) == () and not isinstance(plain, (tuple, list, dict)):
        gradient = pb.value_and_grad(fn, argnums=wrt)
        value, first = gradient(*args)
        np.testing.assert_allclose(value, plain, rtol=1e-12, atol=1e-14)
        check_gradient(case, args, wrt, first, [1.0])
        same(pb.grad(fn, argnums=wrt)(*args), first)
        value, moved_gradient = gradient(*other)
        np.testing.assert_allclose(value, case.plain(*copy.deepcopy(other)), rtol=1e-12, atol=1e-14)
        check_gradient(case, other, wrt, moved_gradient, [1.0])
        same(gradient(*args)[1], first)
        same(args, before)

    closed = closed_over(fn, args, wrt)
    primals = [args[k] for k in wrt]
    value, pull = pb.vjp(closed, *primals)
    for y, w in zip(leaves(value), out, strict=True):
        np.testing.assert_allclose(y, w, rtol=1e-12, atol=1e-14)
    cotangent = rebuilt(plain, iter(weights))
    first = pull(cotangent)
    check_gradient(case, args, wrt, first, weights)
    same(pull(cotangent), first)
    doubled = pull(rebuilt(plain, iter([None if w is None else 2.0 * w for w in weights])))
    for a, b in zip(leaves(doubled), leaves(first), strict=True):
        np.testing.assert_allclose(a, 2.0 * b, rtol=1e-12, atol=1e-14)
    value, pull_other = pb.vjp(closed, *[other[k] for k in wrt])
    check_gradient(case, other, wrt, pull_other(cotangent), weights)
    same(pull(cotangent), first)

    tangents = tuple(rebuilt(x, iter([rng.normal(size=np.shape(v))[()] for v in leaves(x)])) for x in primals)
    value, out_dot = pb.jvp(closed, tuple(primals), tangents)
    forward = dot([0.0 if d is None else d for d in _paired(out_dot, plain)], weights)
    np.testing.assert_allclose(forward, dot(leaves(first), leaves(tangents)), rtol=1e-9, atol=1e-10)
    same(args, before)


def _paired(tangent: Any, reference: Any) -> list[Any]:
    """The leaves of a tangent, None where the result has no float."""
    if isinstance(reference, dict):
        return [y for k in reference for y in _paired(tangent[k], reference[k])]
    if isinstance(reference, (tuple, list)):
        return [y for t, r in zip(tangent, reference, strict=True) for y in _paired(t, r)]
    if dataclasses.is_dataclass(reference):
        names = [f.name for f in dataclasses.fields(reference)]
        return [y for n in names for y in _paired(getattr(tangent, n), getattr(reference, n))]
    return [] if reference is None else [tangent]


def closed_over(fn: Program, args: Any, wrt: tuple[int, ...]) -> Program:
    """The function of the differentiated arguments alone."""
    if len(wrt) == len(args):
        return fn
    rest = {k: a for k, a in enumerate(args) if k not in wrt}
    n = len(args)

    def closed(*primals: Any) -> Any:
        full = []
        j = 0
        for k in range(n):
            if k in rest:
                full.append(rest[k])
            else:
                full.append(primals[j])
                j += 1
        return fn(*full)

    return closed


# -- back ends -------------------------------------------------------------------------------------------
@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Programs run in the IR interpreter: quick, and the meaning of the IR."""
    yield from _backend(monkeypatch, "interp")


@pytest.fixture
def native(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Programs are compiled."""
    yield from _backend(monkeypatch, "native")


def _backend(monkeypatch: pytest.MonkeyPatch, name: str) -> Any:
    monkeypatch.setenv("PULLBACK_BACKEND", name)
    api._shared_dispatcher.cache_clear()
    yield
    api._shared_dispatcher.cache_clear()
