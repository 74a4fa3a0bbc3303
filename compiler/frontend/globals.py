"""Names from outside the function: closure cells, globals, builtins, attributes of captured objects.

Floats and arrays become captured parameters, read afresh at every call. Integers, strings, booleans and None
are compiled in, with a guard; functions with a guard on their code.
"""

from __future__ import annotations

import builtins
import collections
import copy
import dataclasses
import enum
import functools
import inspect
import sys
import types
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import PullbackAttributeError, PullbackError, PullbackTypeError, UnsupportedError
from ..ir.leaves import require_plain_array
from ..paths import Path, of_globals, of_module, of_named, of_value, unwrap
from .context import closest
from .control import Frame
from .places import Places
from .values import (
    UNDEFINED,
    Array,
    Cell,
    DictValue,
    ListValue,
    Opaque,
    RecordValue,
    UserFunction,
    is_namedtuple,
    shown,
)


def _of_scipy_stats(obj: Any) -> bool:
    """A distribution (`scipy.stats.norm`), whose methods are known by name as functions of a module are."""
    return type(obj).__module__.startswith("scipy.stats.") and callable(obj)


# of a subclass of a number or a container: what does not change how it is used as one
_HARMLESS = frozenset({
    "__init__", "__new__", "__repr__", "__str__", "__doc__", "__module__", "__dict__", "__weakref__", "__slots__",
    "__setattr__", "__delattr__", "__dir__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__",
    "__sizeof__", "__format__", "__init_subclass__", "__subclasshook__", "__class_getitem__", "__hash__",
    "__setitem__", "__delitem__", "__static_attributes__", "__firstlineno__",
})  # fmt: skip
_NOT_USERS = frozenset({*sys.stdlib_module_names, "numpy"}) - {"__main__"}


def _is_users(cls: type) -> bool:
    return cls.__module__.split(".")[0] not in _NOT_USERS


def _of_user(cls: type, base: type) -> set[str]:
    """The names that a user's subclass of `base` has defined."""
    own = (c for c in cls.__mro__ if c is not base and issubclass(c, base) and _is_users(c))
    return {name for c in own for name in vars(c)}


def _has_own_behaviour(cls: type) -> bool:
    """Whether a user's subclass of float, tuple, list or dict has operators, indexing or iteration of its own: it is an
    object then, and not a number or a container."""
    base = next((b for b in (float, tuple, list, dict) if issubclass(cls, b)), None)
    if base is None or is_namedtuple(cls) or not _is_users(cls):
        return False
    special = {n for n in _of_user(cls, base) - _HARMLESS if n[:2] == "__" and hasattr(base, n)}
    return bool(special) or hasattr(cls, "__missing__")


class PullbackNameError(PullbackError, NameError):
    """A name that is bound nowhere, or not yet."""


class Globals(Places):
    memo: dict[Path, Any]  # captured objects, so that two reads give one abstract object

    def lookup(self, name: str) -> Any:
        """The value of a name, as Python resolves it."""
        frame: Frame | None = self.frame
        box = self.box_of(name)
        if box is not None:
            value = self.bound(box.items[0])
            if value is UNDEFINED:
                message = f"cannot access variable {name!r} where it is not associated with a value"
                self.error(PullbackNameError, message, "assign it on every path before it is read")
            return value
        if name in frame.env:  # type: ignore[union-attr]
            value = self.bound(self.frame.env[name])
            self.frame.env[name] = value
            return value
        if name in self.frame.locals:
            self.error(
                PullbackNameError,
                f"cannot access local variable {shown(name)!r} where it is not associated with a value",
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
            self.error(PullbackNameError, f"name {shown(name)!r} is not defined")
        path = (frame.path if frame is not None else None) or of_value(fn)
        if name in fn.__code__.co_freevars:
            cell = path.then("cell", name)
            try:
                obj = cell()
            except ValueError:
                self.error(
                    PullbackNameError, f"the outer variable {name!r} is not bound yet", "assign it before the call"
                )
            return self.capture_object(obj, cell, name)
        space = of_globals(fn, path)
        if name in fn.__globals__:
            return self.capture_object(fn.__globals__[name], space.item(name), name)
        if hasattr(builtins, name):
            self.session.guard(space.then("has", name), False, name)
            return getattr(builtins, name)
        known = [*self.frame.env, *fn.__globals__, *dir(builtins)]
        self.error(
            PullbackNameError,
            f"name {shown(name)!r} is not defined",
            closest(name, [k for k in known if k[0] != "$"]) or "define it before the function is called",
        )

    def box_of(self, name: str) -> ListValue | None:
        """Where the value of a variable is that a nested function rebinds; None for any other."""
        frame: Frame | None = self.frame
        while frame is not None:
            if name in frame.boxes:
                return frame.boxes[name]
            if name in frame.env or name in frame.locals:
                return None
            frame = frame.parent
        return None

    def capture_object(self, obj: Any, path: Path, name: str) -> Any:
        """An outside object, found at `path`, as an abstract value."""
        if path in self.memo:
            return self.memo[path]
        value = self._capture(obj, path, name)
        self.memo[path] = value
        return value

    def _capture(self, obj: Any, path: Path, name: str) -> Any:
        session = self.session
        if obj is None or isinstance(obj, (bool, int, str, bytes, np.bool_, np.integer, enum.Enum)):
            session.guard(path, obj, name)
            return obj
        if _has_own_behaviour(type(obj)):
            self._guard_type(obj, path, name)
            return Opaque(obj, path, name)
        if isinstance(obj, (float, np.floating)):
            return session.capture(path, obj, name, self.loc)
        if isinstance(obj, np.ndarray):
            require_plain_array(obj, name, self.loc)
            value = session.capture(path, obj, name, self.loc)
            if not value.type.shape:
                return value
            return Array(Cell(value, name, f"{name} is not an argument of the function"))
        if isinstance(obj, complex):
            self.error(
                UnsupportedError, f"{name} is a complex number", "keep real and imaginary parts as two real values"
            )
        if is_namedtuple(type(obj)):
            self._guard_type(obj, path, name)
            return RecordValue(type(obj), {f: self._part(getattr(obj, f), path, name, f) for f in obj._fields}, stamp=0)
        if isinstance(obj, (tuple, list, collections.deque)):
            self._guard_type(obj, path, name)
            session.guard(path.then("length"), len(obj), f"len({name})")
            items = [self.capture_object(x, path.item(k), f"{name}_{k}") for k, x in enumerate(obj)]
            outside = Opaque(obj, path, name) if _is_users(type(obj)) else None
            return tuple(items) if isinstance(obj, tuple) else ListValue(items, stamp=0, outside=outside)
        if isinstance(obj, dict):
            self._guard_type(obj, path, name)
            session.guard(path.then("keys"), list(obj), f"keys of {name}")
            values = {k: self.capture_object(x, path.item(k), f"{name}_{k}") for k, x in obj.items()}
            return DictValue(values, stamp=0, outside=Opaque(obj, path, name) if _is_users(type(obj)) else None)
        if isinstance(obj, (set, frozenset)) and all(isinstance(x, (int, str)) for x in obj):
            session.guard(path, copy.copy(obj), name)
            constant = frozenset(obj)
            if isinstance(obj, set):
                session.outside_sets.append(constant)
            return constant
        if isinstance(obj, (range, slice)):
            self._guard_type(obj, path, name)
            for part in ("start", "stop", "step"):  # ranges with equal items are equal
                session.guard(path.attribute(part), getattr(obj, part), f"{name}.{part}")
            return obj
        if isinstance(obj, types.ModuleType):
            session.guard(path, obj, name)
            return obj
        if _of_scipy_stats(obj.__self__ if isinstance(obj, types.MethodType) else obj):
            session.guard(path, obj, name)
            return obj
        if isinstance(obj, types.MethodType):
            self._guard_type(obj, path, name)
            owner = self.capture_object(obj.__self__, path.attribute("__self__"), "self")
            return self._function(obj.__func__, path.attribute("__func__"), name, (owner,))
        if isinstance(obj, functools.partial):
            self._guard_type(obj, path, name)
            return self._partial(obj, path, name)
        if self.transform_of(obj) is not None:
            session.guard(path, obj, name)
            return obj
        plain = unwrap(obj)
        if isinstance(plain, types.FunctionType):
            return self._function(obj, path, name, ())
        if isinstance(plain, type) or callable(plain) or isinstance(plain, np.dtype):
            if not isinstance(plain, (type, np.ufunc, np.dtype, types.BuiltinFunctionType)) and _has_python_call(plain):
                self._guard_type(obj, path, name)
                return Opaque(plain, path, name)
            session.guard(path, obj, name)
            return plain
        self._guard_type(obj, path, name)
        if dataclasses.is_dataclass(obj):
            fields = {f.name: self._part(getattr(obj, f.name), path, name, f.name) for f in dataclasses.fields(obj)}
            return RecordValue(type(obj), fields, stamp=0, outside=Opaque(obj, path, name))
        return Opaque(obj, path, name)

    def _guard_type(self, obj: Any, path: Path, name: str) -> None:
        self.session.guard(path.then("type"), type(obj), f"type({name})")

    def _partial(self, obj: Any, path: Path, name: str) -> Any:
        """A functools.partial: its function, and its arguments captured one by one."""
        fn = self.capture_object(obj.func, path.attribute("func"), name)
        given, named = path.attribute("args"), path.attribute("keywords")
        args = [self.capture_object(x, given.item(k), f"{name}_{k}") for k, x in enumerate(obj.args)]
        kwargs = {k: self.capture_object(x, named.item(k), f"{name}_{k}") for k, x in obj.keywords.items()}
        self.session.guard(given.then("length"), len(args), name)
        self.session.guard(named.then("keys"), list(kwargs), name)
        if isinstance(fn, UserFunction):
            return replace(fn, bound=(*fn.bound, *args), bound_kwargs={**fn.bound_kwargs, **kwargs})
        return functools.partial(fn, *args, **kwargs)

    def _part(self, x: Any, path: Path, name: str, field: str) -> Any:
        return self.capture_object(x, path.attribute(field), f"{name}_{field}")

    def _function(self, fn: Any, path: Path, name: str, bound: tuple[Any, ...]) -> Any:
        """A function found at `path`, wrapped or not (see `paths.unwrap`)."""
        self.session.guard_function(path, fn, name)
        plain, cached = unwrap(fn), isinstance(fn, functools._lru_cache_wrapper)
        path = path if plain is fn else path.then("unwrapped")
        return UserFunction(plain, name, bound=bound, path=path, cached=cached)

    def named_function(self, fn: Any, name: str, bound: tuple[Any, ...] = ()) -> UserFunction:
        """A function that was not captured: found under its own name in its module, if it is there."""
        local = self.session.local_functions.get(fn)
        if local is not None:
            own: UserFunction = replace(local, bound=(*bound, *local.bound))
            return own
        plain = unwrap(fn)
        path = of_named(plain)
        if path is not None:
            self.session.guard_function(path, plain, name)
        return UserFunction(plain, name, bound=bound, path=path)

    def attribute_place(self, cls: type, name: str) -> Path | None:
        """Where an attribute of the objects of a class is found, in it or in its bases; None where the program itself
        makes the class."""
        if cls in self.session.local_classes:
            return None
        return (of_named(cls) or of_value(cls)).then("own attribute", name)

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
        return self.capture_object(value, owner.path.item(index), f"{owner.name}_{index}")

    def has_attribute(self, v: Opaque | UserFunction | type | types.ModuleType, name: str) -> bool:
        """Whether something from outside, or a function, has an attribute: another answer is another program."""
        place: Path | None
        if isinstance(v, (Opaque, UserFunction)):
            obj = v.obj if isinstance(v, Opaque) else v.fn
            if obj is None:
                return hasattr(types.FunctionType, name)
            found, place = hasattr(obj, name), v.path or of_value(obj)
        else:
            found, place = hasattr(v, name), None
            if isinstance(v, types.ModuleType):
                place = of_module(v)
                self.session.guard(place.then("has", name), name in vars(v), name)
                return found
            if v not in self.session.local_classes:
                place = of_named(v) or of_value(v)
        if place is not None:
            self.session.guard(place.then("has attribute", name), found, name)
        return found

    # -- attributes of what is known ----------------------------------------------------------
    def module_attribute(self, module: types.ModuleType, name: str) -> Any:
        if not hasattr(module, name):
            self.error(
                PullbackAttributeError,
                f"module {module.__name__!r} has no attribute {name!r}",
                closest(name, dir(module)) or "see docs/numpy.md for the supported functions",
            )
        value = getattr(module, name)
        top = module.__name__.split(".")[0]
        if top in ("numpy", "math", "scipy", "functools", "operator"):
            return value
        space = of_module(module)
        path = space.item(name) if name in module.__dict__ else of_value(module).attribute(name)
        return self.capture_object(value, path, name)

    def has_own(self, owner: Opaque, name: str) -> bool:
        """Whether an attribute is found in the object itself, before its class is asked. Python looks for special
        methods in the class only."""
        space = getattr(owner.obj, "__dict__", None)
        if space is None or (name.startswith("__") and name.endswith("__")):
            return False
        found = name in space
        if not found:
            self.session.guard(owner.path.attribute("__dict__").then("has", name), False, name)
        return found

    def is_of_subclass(self, owner: Any, name: str) -> bool:
        """Whether an attribute of a list or a dict is that of the subclass which the object outside is of."""
        if not isinstance(owner, (ListValue, DictValue)) or owner.outside is None:
            return False
        base = list if isinstance(owner, ListValue) else dict
        return not hasattr(base, name) or name in _of_user(type(owner.outside.obj), base)

    def subclass_attribute(self, owner: Any, name: str) -> Any:
        """An attribute that a list or a dict from outside has as an object of its class."""
        raw = inspect.getattr_static(type(owner.outside.obj), name, None)
        if isinstance(raw, types.FunctionType):
            return self._function(raw, owner.outside.path.then("class attribute", name), name, (owner,))
        return self.object_attribute(owner.outside, name)

    def object_attribute(self, owner: Opaque, name: str) -> Any:
        if not hasattr(owner.obj, name):
            self.error(
                PullbackAttributeError,
                f"{type(owner.obj).__name__!r} object has no attribute {name!r}",
                closest(name, dir(owner.obj)),
            )
        raw = inspect.getattr_static(type(owner.obj), name, None)
        own = isinstance(raw, (types.FunctionType, classmethod)) and self.has_own(owner, name)
        if isinstance(raw, types.FunctionType) and not own:
            return self._function(raw, owner.path.then("class attribute", name), name, (owner,))
        if isinstance(raw, classmethod) and not own:
            path = owner.path.attribute(name).attribute("__func__")
            return self._function(raw.__func__, path, name, (type(owner.obj),))
        if isinstance(raw, property) and raw.fget is not None:
            path = owner.path.then("class attribute", name).attribute("fget")
            return self.call(self._function(raw.fget, path, name, (owner,)), [], {})
        return self.capture_object(
            getattr(owner.obj, name),
            owner.path.attribute(name),
            f"{owner.name}_{name}",
        )


def _has_python_call(obj: Any) -> bool:
    return isinstance(inspect.getattr_static(type(obj), "__call__", None), types.FunctionType)
