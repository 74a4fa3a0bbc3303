"""Names from outside the function: closure cells, globals, builtins, attributes of captured objects.

Floats and arrays become captured parameters, read afresh at every call. Integers, strings, booleans and None
are compiled in, with a guard; functions with a guard on their code.
"""

from __future__ import annotations

import builtins
import dataclasses
import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import PullbackError, PullbackTypeError, UnsupportedError
from .capture import unwrap
from .context import closest
from .control import Frame
from .places import Places
from .values import Array, Cell, DictValue, ListValue, Opaque, RecordValue, UserFunction

Getter = Callable[[], Any]


class PullbackNameError(PullbackError, NameError):
    """A name that is bound nowhere, or not yet."""


def is_namedtuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


class Globals(Places):
    memo: dict[Any, Any]  # captured objects by key, so that two reads give one abstract object

    def lookup(self, name: str) -> Any:
        """The value of a name, as Python resolves it."""
        frame: Frame | None = self.frame
        if name in frame.env:  # type: ignore[union-attr]
            value = self.bound(self.frame.env[name])
            self.frame.env[name] = value
            return value
        if name in self.frame.locals:
            self.error(
                PullbackNameError,
                f"cannot access local variable {name!r} where it is not associated with a value",
                "assign it on every path before it is read",
            )
        frame = self.frame
        while frame is not None:
            if name in frame.env:
                return self.bound(frame.env[name])
            if name in frame.locals and frame is not self.frame:
                self.error(
                    PullbackNameError, f"the outer variable {name!r} is not bound yet", "assign it before the call"
                )
            if frame.parent is None:
                break
            frame = frame.parent
        fn = frame.fn if frame is not None else None
        if fn is None:
            self.error(PullbackNameError, f"name {name!r} is not defined")
        free = fn.__code__.co_freevars
        if name in free:
            cell = fn.__closure__[free.index(name)]
            try:
                obj = cell.cell_contents
            except ValueError:
                self.error(
                    PullbackNameError, f"the outer variable {name!r} is not bound yet", "assign it before the call"
                )
            return self.capture_object(obj, lambda: cell.cell_contents, ("cell", id(cell), name), name)
        space = fn.__globals__
        if name in space:
            return self.capture_object(
                space[name], lambda: space[name], ("global", space.get("__name__"), id(space), name), name
            )
        if hasattr(builtins, name):
            return getattr(builtins, name)
        known = [*self.frame.env, *space, *dir(builtins)]
        self.error(
            PullbackNameError,
            f"name {name!r} is not defined",
            closest(name, [k for k in known if k[0] != "$"]) or "define it before the function is called",
        )

    def capture_object(self, obj: Any, getter: Getter, key: tuple[Any, ...], name: str) -> Any:
        """An outside object as an abstract value."""
        if key in self.memo:
            return self.memo[key]
        value = self._capture(obj, getter, key, name)
        self.memo[key] = value
        return value

    def _capture(self, obj: Any, getter: Getter, key: tuple[Any, ...], name: str) -> Any:
        session = self.session
        if obj is None or isinstance(obj, (bool, int, str, bytes, np.bool_, np.integer)):
            session.guard(key, getter, obj, name)
            return obj
        if isinstance(obj, (float, np.floating)):
            return session.capture(key, getter, obj, name, self.loc)
        if isinstance(obj, np.ndarray):
            value = session.capture(key, getter, obj, name, self.loc)
            if not value.type.shape:
                return value
            return Array(Cell(value, name, f"{name} is not an argument of the function"))
        if isinstance(obj, complex):
            self.error(
                UnsupportedError, f"{name} is a complex number", "keep real and imaginary parts as two real values"
            )
        if is_namedtuple(type(obj)):
            return RecordValue(
                type(obj), {f: self._part(getattr(obj, f), getter, key, name, f) for f in obj._fields}, stamp=0
            )
        if isinstance(obj, (tuple, list)):
            length = len(obj)
            session.guard((*key, "len"), lambda: len(getter()), length, f"len({name})")
            items = [
                self.capture_object(x, lambda k=k: getter()[k], (*key, k), f"{name}_{k}")  # type: ignore[misc]
                for k, x in enumerate(obj)
            ]
            return tuple(items) if isinstance(obj, tuple) else ListValue(items, stamp=0)
        if isinstance(obj, dict):
            keys = list(obj)
            session.guard((*key, "keys"), lambda: list(getter()), keys, f"keys of {name}")
            return DictValue(
                {k: self.capture_object(x, lambda k=k: getter()[k], (*key, k), f"{name}_{k}") for k, x in obj.items()},  # type: ignore[misc]
                stamp=0,
            )
        if isinstance(obj, types.ModuleType):
            return obj
        if isinstance(obj, types.MethodType):
            owner = self.capture_object(obj.__self__, lambda: getter().__self__, (*key, "self"), "self")
            func: Any = obj.__func__
            return self._function(func, lambda: getter().__func__, (*key, "func"), name, (owner,))
        if isinstance(obj, functools.partial):
            return self._partial(obj, getter, key, name)
        if self.transform_of(obj) is not None:
            session.guard(key, getter, obj, name)
            return obj
        plain = unwrap(obj)
        if isinstance(plain, types.FunctionType):
            return self._function(plain, lambda: unwrap(getter()), key, name, ())
        if isinstance(plain, type) or callable(plain) or isinstance(plain, np.dtype):
            if not isinstance(plain, (type, np.ufunc, np.dtype, types.BuiltinFunctionType)) and _has_python_call(plain):
                return Opaque(plain, getter, key, name)
            session.guard(key, getter, obj, name)
            return plain
        if dataclasses.is_dataclass(obj):
            return RecordValue(
                type(obj),
                {f.name: self._part(getattr(obj, f.name), getter, key, name, f.name) for f in dataclasses.fields(obj)},
                stamp=0,
            )
        return Opaque(obj, getter, key, name)

    def _partial(self, obj: Any, getter: Getter, key: tuple[Any, ...], name: str) -> Any:
        """A functools.partial: its function, and its arguments captured one by one."""
        fn = self.capture_object(obj.func, lambda: getter().func, (*key, "func"), name)
        args = [
            self.capture_object(x, lambda k=k: getter().args[k], (*key, "arg", k), f"{name}_{k}")  # type: ignore[misc]
            for k, x in enumerate(obj.args)
        ]
        kwargs = {
            k: self.capture_object(x, lambda k=k: getter().keywords[k], (*key, "kw", k), f"{name}_{k}")  # type: ignore[misc]
            for k, x in obj.keywords.items()
        }
        self.session.guard(
            (*key, "form"), lambda: (len(getter().args), list(getter().keywords)), (len(args), list(kwargs)), name
        )
        if isinstance(fn, UserFunction):
            return replace(fn, bound=(*fn.bound, *args), bound_kwargs={**fn.bound_kwargs, **kwargs})
        return functools.partial(fn, *args, **kwargs)

    def _part(self, x: Any, getter: Getter, key: tuple[Any, ...], name: str, field: str) -> Any:
        return self.capture_object(x, lambda: getattr(getter(), field), (*key, "." + field), f"{name}_{field}")

    def _function(
        self, fn: types.FunctionType, getter: Getter, key: tuple[Any, ...], name: str, bound: tuple[Any, ...]
    ) -> Any:
        if fn not in self.known_functions():
            self.session.guard((*key, "code"), lambda: getter().__code__, fn.__code__, name)
        return UserFunction(fn, name, bound=bound)

    def known_functions(self) -> tuple[Any, ...]:
        """Functions of the frontend's own libraries, which need no guard."""
        return ()

    def transform_of(self, obj: Any) -> Any:
        """The handler of pullback's own callables (``grad(f)``, ``stop_gradient``), or None."""
        for match in self.transforms:
            handler = match(obj)
            if handler is not None:
                return handler
        return None

    def captured_part(self, owner: Opaque, key: Any) -> Any:
        index = self.static(key, "the index")
        try:
            value = owner.obj[index]
        except Exception as e:
            self.error(PullbackTypeError, f"{owner.name}[{index!r}]: {e}")
        return self.capture_object(value, lambda: owner.getter()[index], (*owner.key, index), f"{owner.name}_{index}")

    # -- attributes of what is known ----------------------------------------------------------
    def module_attribute(self, module: types.ModuleType, name: str) -> Any:
        if not hasattr(module, name):
            self.error(
                UnsupportedError,
                f"module {module.__name__!r} has no attribute {name!r}",
                closest(name, dir(module)) or "see docs/numpy.md for the supported functions",
            )
        value = getattr(module, name)
        top = module.__name__.split(".")[0]
        if isinstance(value, types.ModuleType) or top in ("numpy", "math", "scipy", "functools", "operator"):
            return value
        return self.capture_object(value, lambda: getattr(module, name), ("module", module.__name__, name), name)

    def object_attribute(self, owner: Opaque, name: str) -> Any:
        if not hasattr(owner.obj, name):
            self.error(
                PullbackTypeError,
                f"{type(owner.obj).__name__!r} object has no attribute {name!r}",
                closest(name, dir(owner.obj)),
            )
        raw = inspect.getattr_static(type(owner.obj), name, None)
        if isinstance(raw, types.FunctionType):
            return self._function(
                raw,
                lambda: inspect.getattr_static(type(owner.getter()), name),
                (*owner.key, "." + name),
                name,
                (owner,),
            )
        if isinstance(raw, property) and raw.fget is not None:
            return self.call(UserFunction(raw.fget, name, bound=(owner,)), [], {})
        return self.capture_object(
            getattr(owner.obj, name),
            lambda: getattr(owner.getter(), name),
            (*owner.key, "." + name),
            f"{owner.name}_{name}",
        )


def _has_python_call(obj: Any) -> bool:
    return isinstance(inspect.getattr_static(type(obj), "__call__", None), types.FunctionType)
