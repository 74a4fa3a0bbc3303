"""What a call needs to know of a compiled program, and its storage on disk.

A `Plan` has no IR: the types of parameters and results, the trees they belong to, what is captured, what
must still hold, and the native code. It is stored under a key of everything about the call that decides the program
(the function's code, the pattern of the arguments, the transforms, the versions), so that the first call of
another process goes to native code without the compiler.

Guaranteed: a stored plan is used only where each of its guards sees, at the same path, what has the same
`fingerprint`. What cannot be expressed so is not stored; what cannot be read is built again.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np

from pullback.runtime import cache
from pullback.runtime.native import NativeCode

from . import tree
from .fingerprint import Unportable, fingerprint, source_agrees
from .ir.dims import Dim
from .ir.leaves import Static
from .ir.types import Type
from .paths import Guard, Path, Root, unwrap

if TYPE_CHECKING:
    from .ir.nodes import Loc

Kind = Literal["grad", "value_and_grad", "vjp", "jvp"]
_MAX_STORED = 16  # plans of one key: other values of what is captured, other fixed extents
_PLAIN = (type(None), bool, int, float, str, bytes)


@final
@dataclass(frozen=True, slots=True)
class Transform:
    """One transform of a chain.

    grad            result: the gradient of the scalar result by the arguments `wrt`
    value_and_grad  result: (value, gradient)
    vjp             one more argument, a cotangent of the result; result: a tuple of cotangents of `wrt`
    jvp             one more argument, a tuple of tangents of `wrt`; result: (value, tangent), or the
                    tangent alone where `value` is False

    `wrt` has positions of positional arguments (int) and names of keyword arguments (str). With
    `single` a gradient is that of the only one of them, else a tuple. With `has_aux` the function
    returns ``(scalar, aux)`` and aux is passed through.
    """

    kind: Kind
    wrt: tuple[int | str, ...]
    single: bool = False
    has_aux: bool = False
    value: bool = True


@final
@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """How calls of one specialisation are made; see `compose.Program` for the fields that it has too.

    ``extras`` are the trees of tangents and cotangents, named by ``extra_names``. ``fixed`` are the extents that the
    program has as constants or in terms of others, ``slots`` the run-time inputs that it takes. ``captured`` are the
    paths and types of the parameters that follow the inputs. A plan that is not ``portable`` relies on more than its
    guards and captured values say.
    """

    name: str
    loc: Loc | None
    params: tuple[Type, ...]
    results: tuple[Type, ...]
    assumptions: tuple[Dim, ...]
    extras: tuple[Any, ...]
    extra_names: tuple[str, ...]
    result: Any
    captured: tuple[tuple[int, Path, Type], ...]
    guards: tuple[Guard, ...]
    written: tuple[tuple[int, int], ...]
    mutates: tuple[int, ...]
    laid_out: tuple[int, ...]
    returned: tuple[tuple[int, int], ...]
    fixed: dict[str, Dim]
    slots: list[int]
    portable: bool = False
    native: NativeCode | None = None


def enabled() -> bool:
    """Whether plans are stored and read: not where the compiler is asked to show or check its work."""
    return (os.environ.get("PULLBACK_BACKEND") or "native") == "native" and not (
        os.environ.get("PULLBACK_DUMP") or os.environ.get("PULLBACK_VERIFY")
    )


def key_of(fn: Callable[..., Any], *parts: Any) -> str | None:
    """The key of the plans of `fn` for calls described by `parts`; None where there can be none."""
    plain = unwrap(fn)
    if isinstance(plain, types.MethodType):
        plain = plain.__func__
    if not isinstance(plain, types.FunctionType):
        return None
    try:
        described = repr(fingerprint((plain, type(fn).__name__, parts, sys.flags.optimize)))
        return cache.digest("plan", described, cache.environment(), cache.stamp(os.path.dirname(__file__)))
    except Exception:  # Unportable, or anything that objects of the user's raise
        return None


# -- storage ---------------------------------------------------------------------------------------
@final
@dataclass(slots=True, eq=False, repr=False)
class _Stored:
    """The plans under one key; with `static_ints` they are under the key with the values of Python ints."""

    static_ints: bool
    plans: tuple[bytes, ...]


def _stored(key: str) -> _Stored:
    found = cache.load(key)
    return found if isinstance(found, _Stored) else _Stored(False, ())


def needs_static_ints(key: str) -> bool:
    """Whether it has been found that the program for `key` needs the values of Python ints."""
    return _stored(key).static_ints


def note_static_ints(key: str) -> None:
    """Remember that the program for `key` needs the values of Python ints."""
    cache.save(key, replace(_stored(key), static_ints=True))


def save(key: str, plan: Plan) -> bool:
    """Store a plan that has its native code; False where it cannot be."""
    if not plan.portable or plan.native is None:
        return False
    try:
        blob = _dump(plan)
    except Exception:  # Unportable, or what pickling of user objects raises
        return False
    before = _stored(key)
    plans = (blob, *(p for p in before.plans if p != blob))[:_MAX_STORED]
    return cache.save(key, replace(before, plans=plans))


def load(key: str, fn: Callable[..., Any]) -> Iterator[Plan]:
    """The stored plans of `fn` whose guards hold now."""
    for blob in _stored(key).plans:
        try:
            plan = _load(blob, unwrap(fn))
        except Exception:  # unreadable, or a path leads nowhere in this process
            continue
        if plan is not None:
            yield plan


def _dump(plan: Plan) -> bytes:
    for leaf in tree.leaves(plan.result):
        if isinstance(leaf, Static) and type(leaf.value) not in _PLAIN:
            raise Unportable("the result has an object in it")
    seen = []
    for g in plan.guards:
        if g.code is not None and not source_agrees(g.code):
            raise Unportable("a file has changed since it was imported")
        seen.append((g.path, g.name, g.code is not None, fingerprint(g.expected)))
    out = io.BytesIO()
    _Pickler(out, protocol=pickle.HIGHEST_PROTOCOL).dump((replace(plan, guards=()), seen))
    return out.getvalue()


def _load(blob: bytes, fn: Any) -> Plan | None:
    plan, seen = _Unpickler(io.BytesIO(blob), fn).load()
    guards = []
    for path, name, is_function, before in seen:
        now = path()
        if fingerprint(now) != before:
            return None
        guards.append(Guard(path, now, name, unwrap(now).__code__ if is_function else None))
    made: Plan = replace(plan, guards=tuple(guards))
    return made


class _Pickler(pickle.Pickler):
    """Roots of paths are written by what they are."""

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Root):
            return None
        if obj.role in ("function", "module"):
            return (obj.role, obj.name)
        if type(obj.obj) is np.ndarray and not obj.obj.dtype.hasobject:
            return (obj.role, obj.obj)
        raise Unportable("a path begins at an object")


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, fn: Any):
        super().__init__(file)
        self._fn = fn

    def persistent_load(self, pid: Any) -> Root:
        role, what = pid
        if role == "function":
            return Root(role, self._fn)
        if role == "module":
            if what not in sys.modules and what.startswith("pullback."):
                importlib.import_module(what)  # the frontend's own library of NumPy functions
            return Root(role, sys.modules[what].__dict__, what)
        return Root(role, what)
