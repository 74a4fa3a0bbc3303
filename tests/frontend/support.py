"""Building a function for example arguments, and comparing the interpreted IR with plain Python."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pullback.errors import NeedsExtent
from pullback.frontend import Built, Leaf, Static, build
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.types import BOOL, FLOAT, FROM_NUMPY, INT, Type
from pullback.signature import settled


def _is_record(x: Any) -> bool:
    return dataclasses.is_dataclass(x) or (isinstance(x, tuple) and hasattr(x, "_fields"))


def _fields(x: Any) -> list[str]:
    return list(getattr(x, "_fields", None) or [f.name for f in dataclasses.fields(x)])


def leaves_of(args: Any, fixed: Mapping[str, Dim] | None = None) -> tuple[Any, dict[str, int]]:
    """Arguments as a tree of Leafs with the dispatcher's symbols, and the extents of the symbols; those that are
    fixed are what that says."""
    fixed = fixed or {}
    symbols: dict[int, str] = {}

    def extent(n: int) -> Dim:
        if n == 1:
            return Dim.of(1)
        symbol = symbols.setdefault(n, f"n{len(symbols)}")
        return fixed.get(symbol, Dim.of(symbol))

    def leaf(x: Any, name: str) -> Any:
        if isinstance(x, np.ndarray) and x.ndim:
            return Leaf(Type(FROM_NUMPY[x.dtype], tuple(map(extent, x.shape))), name)
        if isinstance(x, (np.generic, np.ndarray)):
            return Leaf(Type(FROM_NUMPY[x.dtype]), name)
        for python, type in ((bool, BOOL), (int, INT), (float, FLOAT)):
            if isinstance(x, python):
                return Leaf(type, name)
        if _is_record(x):
            return type_of_record(x, {f: leaf(getattr(x, f), f"{name}_{f}") for f in _fields(x)})
        if isinstance(x, (tuple, list)):
            return type_of_sequence(x, [leaf(v, f"{name}_{k}") for k, v in enumerate(x)])
        if isinstance(x, dict):
            return {k: leaf(v, f"{name}_{k}") for k, v in x.items()}
        return Static(x)

    return tuple(leaf(x, f"x{k}") for k, x in enumerate(args)), {s: n for n, s in symbols.items() if s not in fixed}


def type_of_record(x: Any, fields: dict[str, Any]) -> Any:
    return type(x)(**fields)


def type_of_sequence(x: Any, items: list[Any]) -> Any:
    return tuple(items) if isinstance(x, tuple) else items


def flatten(tree: Any) -> list[Any]:
    """The numbers and arrays of a tree, in order."""
    if isinstance(tree, dict):
        return [y for x in tree.values() for y in flatten(x)]
    if _is_record(tree):
        return [y for f in _fields(tree) for y in flatten(getattr(tree, f))]
    if isinstance(tree, (tuple, list)):
        return [y for x in tree for y in flatten(x)]
    return [tree] if isinstance(tree, (bool, int, float, np.generic, np.ndarray)) else []


def unflatten(tree: Any, yields: list[Any]) -> Any:
    if isinstance(tree, Static):
        return tree.value
    if isinstance(tree, int):
        return yields[tree]
    if _is_record(tree):
        return type_of_record(tree, {f: unflatten(getattr(tree, f), yields) for f in _fields(tree)})
    if isinstance(tree, (tuple, list)):
        return type_of_sequence(tree, [unflatten(x, yields) for x in tree])
    if isinstance(tree, dict):
        return {k: unflatten(x, yields) for k, x in tree.items()}
    return tree


def build_for(fn: Callable[..., Any], *args: Any) -> Built:
    fixed: dict[str, Dim] = {}
    while True:
        tree, extents = leaves_of(args, fixed)
        try:
            return build(fn, tree, {}, extents)
        except NeedsExtent as e:
            fixed = settled(fixed, {e.symbol: e.extent})


def check_same(fn: Callable[..., Any], *args: Any) -> Built:
    """The IR of `fn` does what `fn` does: results, their types, exceptions, mutated arguments."""
    built = build_for(fn, *args)
    for guard in built.guards:
        assert guard.holds(), guard
    mutable = copy.deepcopy(args)
    inputs = flatten(args) + [c.getter() for c in built.captured]
    try:
        want = fn(*mutable)
    except Exception as e:
        try:
            interpret(built.function, inputs)
        except Exception as ours:
            assert type(ours) is type(e), (ours, e)
            if (
                isinstance(e, (AssertionError, ValueError))
                and e.args
                and "shape" not in str(e)
                and "broadcast" not in str(e)
            ):
                assert str(ours) == str(e)
            return built
        raise AssertionError(f"plain Python raises {e!r}") from e
    yields = interpret(built.function, inputs)
    got, want = flatten(unflatten(built.result, yields)), flatten(want)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-12, atol=1e-14)
        # an integer that a zero-trip loop leaves as it was may be a float here (docs/ir.md)
        assert type(g) is type(w) or (isinstance(g, float) and type(w) is int), (type(g), type(w))
        assert np.asarray(g).dtype == np.asarray(w).dtype or type(w) is int
    written = dict(built.written)
    for k, (before, after) in enumerate(zip(flatten(args), flatten(mutable), strict=True)):
        if k in written:
            np.testing.assert_allclose(yields[written[k]], after, rtol=1e-12)
        else:
            np.testing.assert_array_equal(before, after)
    return built
