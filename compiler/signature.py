"""From the arguments of a call to abstract arguments: what a specialisation depends on.

`scan` makes the cheap key of a call, in microseconds; `Signature` is the slow look at the same
arguments, which classifies every leaf (or refuses it, naming its place) and makes the trees of `Leaf`
and `Static` that the frontend builds from:

- arrays and numbers are run-time inputs; a Python int or float is weak, a rank-0 array is a scalar;
- an extent that is 1 is a constant, extents that are equal share a symbol, others have their own;
- everything else (bool, str, None, functions, objects) is static: compiled in.
"""

from __future__ import annotations

import array
import collections
import copy
import dataclasses
import functools
import inspect
import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, final

import numpy as np

from . import tree
from .errors import PullbackTypeError, PullbackValueError, UnsupportedError
from .ir.dims import Dim
from .ir.leaves import Leaf, Static, require_plain_array
from .ir.types import FLOAT, FROM_NUMPY, INT, Type

ndarray = np.ndarray
_INT64 = np.iinfo(np.int64)


@final
class Identity:
    """A key for an object that is compiled in: equal only to itself, which it keeps alive."""

    __slots__ = ("obj",)

    def __init__(self, obj: Any):
        self.obj = obj

    def __hash__(self) -> int:
        return object.__hash__(self.obj)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and self.obj is other.obj


_BY_VALUE = (bool, str, bytes, type(None), type(...), np.dtype)


def scan(x: Any, key: list[Any], leaves: list[Any], static_ints: bool) -> None:
    """Append to `key` what identifies the structure, types and extents of `x`, and to `leaves` its
    run-time leaves. Anything is accepted here; what is refused is never found under its key."""
    t = type(x)
    if t is ndarray:
        key.append((x.dtype, x.shape))
        leaves.append(x)
    elif t is float or isinstance(x, np.generic):
        key.append(t)
        leaves.append(x)
    elif t is int:
        key.append((t, x) if static_ints else t)
        leaves.append(x)
    elif t is tuple or t is list:
        key.append((t, len(x)))
        for child in x:
            scan(child, key, leaves, static_ints)
    elif t is dict:
        key.append((t, tuple(x)))
        for child in x.values():
            scan(child, key, leaves, static_ints)
    elif t in _BY_VALUE or isinstance(x, type):
        key.append((t, x))
    elif isinstance(x, np.memmap):
        scan(np.asarray(x), key, leaves, static_ints)
    elif (inner := tree.children(x)) is not None:
        key.append((t, len(inner), *_shadows(x, inner)))
        for _, child in inner:
            scan(child, key, leaves, static_ints)
    elif t is types.MethodType:  # made anew each time that it is read
        key.append((t, Identity(x.__self__), Identity(x.__func__)))
    else:
        key.append((t, Identity(x)))


def _shadows(x: Any, fields: list[tuple[Any, Any]]) -> tuple[str, ...]:
    """Attributes of a dataclass that are no fields of it, and hide what its class has under the name."""
    space = getattr(x, "__dict__", None)
    if space is None or len(space) == len(fields) or isinstance(x, tuple):
        return ()
    names = {name for name, _ in fields}
    found = ((n, inspect.getattr_static(type(x), n, None)) for n in space if n not in names)
    return tuple(n for n, raw in found if raw is not None and not isinstance(raw, functools.cached_property))


def _refuse_shadows(x: Any, path: str) -> None:
    inner = tree.children(x)
    for name in _shadows(x, inner or []) if dataclasses.is_dataclass(x) and inner is not None else ():
        raise UnsupportedError(
            f"{path}.{name} hides what class {type(x).__name__} has under that name, and only the fields of an "
            "argument are passed",
            hint=f"make {name} a field, or pass it as an argument of its own",
        )
    for key, child in inner or []:
        _refuse_shadows(child, path + tree.step(x, key))


def settled(fixed: Mapping[str, Dim], more: Mapping[str, Dim]) -> dict[str, Dim]:
    """What extents are, and more of it: constants, or in terms of extents of which nothing is said."""
    known = {s: d.substitute(lambda a: more.get(a, Dim.of(a))) for s, d in fixed.items()}
    return {**known, **more}


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Input:
    """A run-time leaf of a call: its type with the extents as they are, and its place."""

    dtype: str
    shape: tuple[int, ...]
    weak: bool
    path: str

    @property
    def is_python_int(self) -> bool:
        return self.weak and self.dtype == "i64"


@final
class Signature:
    """The classified arguments of one call.

    ``inputs`` are the run-time leaves in order, ``extents`` the number behind each symbol, and
    ``pattern`` is equal for two calls that may share a program with symbolic extents.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: tuple[str, ...], key: tuple[Any, ...]):
        self.inputs: list[Input] = []
        self.values: list[Any] = []
        self.names = names
        for a, name in [*zip(args, names, strict=True), *((v, k) for k, v in kwargs.items())]:
            _refuse_shadows(a, name)
        self._args = tuple(tree.map_with_paths(self._leaf, a, n) for a, n in zip(args, names, strict=True))
        self._kwargs = {k: tree.map_with_paths(self._leaf, v, k) for k, v in kwargs.items()}
        self._number_extents()
        self.pattern = tuple(
            (item[0], tuple(self._symbols.get(n, 1) for n in item[1]))
            if isinstance(item, tuple) and isinstance(item[0], np.dtype)
            else item
            for item in key
        )

    def _number_extents(self) -> None:
        symbols: dict[int, str] = {}
        for leaf in self.inputs:
            for n in leaf.shape:
                if n != 1:
                    symbols.setdefault(n, f"n{len(symbols)}")
        self._symbols = symbols
        self.extents = {symbol: n for n, symbol in symbols.items()}

    def larger(self) -> Iterator[Signature]:
        """Like calls with larger arrays, in which a program may use what it does not use of these: first where only
        the extents 0 and 1 are, then where all are."""
        extents = {n for leaf in self.inputs for n in leaf.shape}
        top = max(extents, default=0)
        for new in ({n: top + 3 + n if n < 2 else n for n in extents}, {n: n + 3 for n in extents}):
            if any(new[n] != n for n in extents):
                made = copy.copy(self)
                made.inputs = [dataclasses.replace(x, shape=tuple(new[n] for n in x.shape)) for x in self.inputs]
                made._number_extents()
                yield made

    def meaning(self) -> Any:
        """The pattern with objects in the place of their identities, and the names of the arguments."""

        def of(item: Any) -> Any:
            if isinstance(item, tuple):
                return tuple(of(x) for x in item)
            return item.obj if isinstance(item, Identity) else item

        return of(self.pattern), self.names

    def _leaf(self, path: str, x: Any) -> Any:
        """A run-time leaf becomes its number, any other Static; PullbackTypeError for what is refused."""
        described = classify(x, path)
        if described is None:
            return Static(x)
        self.inputs.append(described)
        self.values.append(x)
        return len(self.inputs) - 1

    def abstract(
        self, fixed: Mapping[str, Dim], static_ints: bool
    ) -> tuple[tuple[Any, ...], dict[str, Any], list[int]]:
        """Trees of Leaf and Static for `build`, and the inputs that are the Leafs.

        Extents whose symbol is in `fixed` are what that says; with `static_ints` Python ints are static.
        """
        slots: list[int] = []

        def extent(symbol: str) -> Dim:
            return fixed.get(symbol, Dim.of(symbol))

        def of(k: Any) -> Any:
            if not isinstance(k, int):
                return k
            leaf = self.inputs[k]
            if static_ints and leaf.is_python_int:
                return Static(self.values[k])
            slots.append(k)
            shape = tuple(Dim.of(n) if n == 1 else extent(self._symbols[n]) for n in leaf.shape)
            name = re.sub(r"\W+", "_", leaf.path).strip("_") or "x"
            return Leaf(Type(leaf.dtype, shape, leaf.weak), name)

        return tree.map_leaves(of, self._args), tree.map_leaves(of, self._kwargs), slots


_ITERATED = (collections.deque, bytearray, array.array, Iterator)  # what is in them changes


_PLAIN_CONTAINERS = "containers are tuple, list, dict, NamedTuple and dataclass: pass {kind}({path})"


def _plain_kind(x: Any) -> str:
    return (
        "sorted"
        if isinstance(x, (set, frozenset))
        else next(t.__name__ for t in (tuple, list, dict) if isinstance(x, t))
    )


def classify(x: Any, path: str) -> Input | None:
    """The run-time input that a leaf is, None for a static value.

    Raises PullbackTypeError or UnsupportedError, naming `path`, for what is neither.
    """
    t = type(x)
    if t is float:
        return Input("f64", (), FLOAT.weak, path)
    if t is int:
        if not _INT64.min <= x <= _INT64.max:
            raise PullbackValueError(f"{path} is {x}, which does not fit 64 bits", hint="pass a float")
        return Input("i64", (), INT.weak, path)
    if isinstance(x, (ndarray, np.generic)):
        if isinstance(x, ndarray):
            require_plain_array(x, path)
        return Input(_dtype(x.dtype, path), x.shape, False, path)
    if isinstance(x, complex):
        raise UnsupportedError(
            f"{path} is complex, which is not supported", hint="pass the real and the imaginary part"
        )
    if isinstance(x, _ITERATED) and not hasattr(x, "__dict__"):
        raise PullbackTypeError(
            f"{path} is a {t.__name__}, which is not supported as an argument",
            hint=f"pass its items, as in list({path})",
        )
    if isinstance(x, (tuple, list, dict, set, frozenset)):
        raise PullbackTypeError(
            f"{path} is a {t.__name__}, which is not supported as an argument",
            hint=_PLAIN_CONTAINERS.format(path=path, kind=_plain_kind(x)),
        )
    if hasattr(t, "__array__"):
        raise PullbackTypeError(
            f"{path} is a {t.__module__}.{t.__qualname__}, not a NumPy array",
            hint="convert it with np.asarray",
        )
    return None


def _dtype(dtype: np.dtype[Any], path: str) -> str:
    name = FROM_NUMPY.get(dtype.newbyteorder("="))
    if name is not None:
        return name
    hint = {
        "f": "convert it with .astype(np.float64) or .astype(np.float32)",
        "c": "pass the real and the imaginary part",
        "O": "convert it to a numeric array, such as np.asarray(a, dtype=float)",
    }.get(dtype.kind, "arrays of float64, float32, integers and booleans are supported")
    raise PullbackTypeError(f"{path} has dtype {dtype}, which is not supported", hint=hint)
