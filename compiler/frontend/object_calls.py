"""What an object is and has: ``isinstance``, ``type``, ``callable``, and the builtins for attributes."""

from __future__ import annotations

import collections
import types
from typing import Any

import numpy as np

from ..ir.dims import Dim
from . import containers_library
from .alternatives import is_alternative, one_of, types_of
from .builtin_calls import builtin
from .values import Array, BoundMethod, DictValue, ListValue, Opaque, RecordValue, UserFunction, is_operand, is_static


def _type_of(ctx: Any, v: Any) -> type:
    if isinstance(v, Array):
        return np.ndarray
    if isinstance(v, Dim):
        return int
    if is_operand(v):
        t = v.type
        return {"f64": float, "i64": int, "b1": bool}[t.dtype] if t.weak else t.numpy.type
    if isinstance(v, ListValue):
        return list
    if isinstance(v, DictValue):
        return collections.defaultdict if v.default is not None else dict
    if is_alternative(v):
        return types_of(ctx, v, lambda c: _type_of(ctx, c))
    if isinstance(v, RecordValue):
        return containers_library.STANDARD.get(v.cls, v.cls)
    if isinstance(v, UserFunction):
        return type(_type_of)
    return type(v.obj) if isinstance(v, Opaque) else type(v)


@builtin(isinstance, low=2, high=2)
def _isinstance(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    classes = ctx.static(args[1], "the class given to isinstance")
    return issubclass(type(args[0].obj) if isinstance(args[0], Opaque) else _type_of(ctx, args[0]), classes)


@builtin(type)
def _type(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _type_of(ctx, args[0])


@builtin(callable)
def _callable(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[0], (RecordValue, Opaque)):
        return any("__call__" in vars(c) for c in _type_of(ctx, args[0]).__mro__)
    return isinstance(args[0], (UserFunction, BoundMethod)) or (is_static(args[0]) and callable(args[0]))


@builtin(hasattr, low=2, high=2)
def _hasattr(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    v, name = args[0], ctx.static(args[1], "the attribute")
    if isinstance(v, RecordValue):
        if name in v.fields or ctx.has_attribute(v.cls, name) or ctx.has_beyond(v, name):
            return True
        ctx.refuse_beyond(v, name)
        return False
    if isinstance(v, (Opaque, UserFunction, type, types.ModuleType)):
        return ctx.has_attribute(v, name)
    if is_static(v) and not isinstance(v, (ListValue, DictValue, UserFunction)):
        return hasattr(v, name)
    return hasattr(_type_of(ctx, v), name)


@builtin(getattr, low=2, high=3)
def _getattr(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) == 3 and not _hasattr(ctx, args[:2], {}):
        return args[2]
    if is_alternative(args[1]):
        named = lambda c: isinstance(c, str) and _hasattr(ctx, [args[0], c], {})
        return one_of(ctx, args[1], lambda c: ctx.attribute(args[0], c), named, "the attribute")
    return ctx.attribute(args[0], ctx.static(args[1], "the attribute"))


@builtin(setattr, low=3, high=3)
def _setattr(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    ctx.assign_attribute(args[0], ctx.static(args[1], "the attribute"), args[2])


@builtin(types.SimpleNamespace, low=0, high=0)
def _namespace(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.construct(containers_library.namespace, args, kwargs)
