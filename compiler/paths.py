"""Where a captured object is found: a way from the function that is called, or from a module.

A `Path` is called to read the object afresh, as Python would at this moment. It is also plain data: pickled (see
`plan`), it names its root, and means the same place in another process.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import linecache
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

Step = tuple[str, Any]

TRANSFORMS: list[Callable[[Any], Any]] = []
"""Each ``match(callable)`` gives the frontend's handler of a callable of pullback itself (``grad(f)``,
``stop_gradient``), or None."""


def is_transformed(x: Any) -> bool:
    """Whether this is a function under transforms. `functools.wraps` copies its attributes to what wraps it, and that
    is none."""
    return hasattr(type(x), "__pullback_transformed__")


def unwrap(fn: Any) -> Any:
    """The function behind pullback's own wrappers, static and class methods and caches; other decorators
    are called as they are."""
    while is_transformed(fn):
        fn = fn.__pullback_fn__
    if isinstance(fn, (staticmethod, classmethod)):
        fn = fn.__func__
    if isinstance(fn, functools._lru_cache_wrapper):
        fn = fn.__wrapped__
    return fn


def line_of_definition(code: types.CodeType) -> int:
    """The line with ``def`` of a function that may be decorated."""
    first = code.co_firstlineno
    lines = linecache.getlines(code.co_filename)[first - 1 :]
    if lines and lines[0].lstrip().startswith("@"):
        for k, line in enumerate(lines):
            if line.lstrip().startswith(("def ", "async def ", "class ")):
                return first + k
    return first


def _cell(fn: Any, name: str) -> Any:
    return fn.__closure__[fn.__code__.co_freevars.index(name)].cell_contents


def own_attribute(x: Any, name: str) -> Any:
    """What `inspect.getattr_static` finds; faster for a class, because guards look at each call."""
    if isinstance(x, type):
        for cls in x.__mro__:
            if name in cls.__dict__:
                return cls.__dict__[name]
    return inspect.getattr_static(x, name)


STEPS: dict[str, Callable[[Any, Any], Any]] = {
    "attribute": getattr,
    "item": lambda x, key: x[key],
    "type": lambda x, _: type(x),
    "length": lambda x, _: len(x),
    "keys": lambda x, _: list(x),
    "has": lambda x, key: key in x,
    "has attribute": hasattr,
    "unwrapped": lambda x, _: unwrap(x),
    "cell": _cell,
    "globals": lambda fn, _: fn.__globals__,
    "default": lambda fn, k: fn.__defaults__[k],
    "keyword default": lambda fn, name: fn.__kwdefaults__[name],
    "class attribute": lambda x, name: own_attribute(type(x), name),
    "own attribute": lambda x, name: own_attribute(x, name),
}


@final
@dataclass(frozen=True, slots=True)
class Root:
    """Where a path begins.

    ``role``: "function" (the function that is called, unwrapped), "module" (the namespace of the module
    `name`), or "value" (an object that is known itself).
    """

    role: str
    obj: Any
    name: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether it is a module of pullback, or of NumPy: what is in them does not change."""
        return self.role == "module" and self.name.split(".")[0] in ("pullback", "numpy")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Root) and self.obj is other.obj and self.role == other.role

    def __hash__(self) -> int:
        return hash((self.role, id(self.obj)))


@final
@dataclass(frozen=True, slots=True)
class Path:
    """A root and steps from it. Equal paths lead to the same object."""

    root: Root
    steps: tuple[Step, ...] = ()

    def __call__(self) -> Any:
        """The object that is there now; raises what Python raises where there is none."""
        x = self.root.obj
        for kind, key in self.steps:
            x = STEPS[kind](x, key)
        return x

    def then(self, kind: str, key: Any = None) -> Path:
        """One step further."""
        assert kind in STEPS, kind
        return Path(self.root, (*self.steps, (kind, key)))

    def item(self, key: Any) -> Path:
        return self.then("item", key)

    def attribute(self, name: str) -> Path:
        return self.then("attribute", name)


def called(path: Path) -> str:
    """What is found at a path, as the user writes it: ``model.layers[0]``."""
    text = path.root.name or getattr(path.root.obj, "__name__", type(path.root.obj).__name__)
    namespace = path.root.role == "module"
    for kind, key in path.steps:
        if kind == "cell" or (kind == "item" and namespace):
            text = str(key)
        elif kind == "item":
            text += f"[{key!r}]"
        elif kind in ("default", "keyword default"):
            text = f"a default of {text}"
        elif key == "__self__":
            text = "self"
        elif kind != "globals" and isinstance(key, str):
            text += f".{key}"
        namespace = kind == "globals"
    return text


def of_value(obj: Any) -> Path:
    """The path to an object that is known itself. Means nothing in another process, unless it is an array."""
    return Path(Root("value", obj))


def of_namespace(space: dict[str, Any]) -> Path | None:
    """The path to the globals of an imported module."""
    name = space.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or module.__dict__ is not space:
        return None
    return Path(Root("module", space, module.__name__ if isinstance(module, types.ModuleType) else ""))


def of_globals(fn: types.FunctionType, path: Path) -> Path:
    """The path to the globals of a function that is found at `path`."""
    return of_namespace(fn.__globals__) or path.then("globals")


def of_module(module: types.ModuleType) -> Path:
    """The path to the namespace of a module."""
    return of_namespace(module.__dict__) or of_value(module.__dict__)


def mangled(name: str, cls: str) -> str:
    """What Python makes of a name in the body of a class: a private one gets the name of the class."""
    if not name.startswith("__") or name.endswith("__") or "." in name or not cls.strip("_"):
        return name
    return f"_{cls.lstrip('_')}{name}"


def of_named(obj: Any) -> Path | None:
    """The path to a function or class under its own name in its module; None where it is not found there."""
    module = sys.modules.get(getattr(obj, "__module__", None) or "")
    names = getattr(obj, "__qualname__", "<").split(".")
    if module is None or "<" in names[0]:
        return None
    path = of_module(module).item(names[0])
    for cls, name in itertools.pairwise(names):
        path = path.then("own attribute", mangled(name, cls))
    for found in (path, path.then("unwrapped")):
        try:
            if found() is obj:
                return found
        except Exception:  # an attribute of another kind
            return None
    return None


def found_under_name(obj: Any) -> Any:
    """What is in the module of an object under its name (what decorates it, perhaps); None where there is nothing."""
    found: Any = sys.modules.get(getattr(obj, "__module__", None) or "")
    for part in getattr(obj, "__qualname__", "<").split("."):
        found = getattr(found, part, None)
    return found


def global_name(obj: Any) -> str | None:
    """The name by which `pickle` finds an object in its module; None where it does not."""
    return obj.__qualname__ if found_under_name(obj) is obj else None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """A captured object that a program relies on: it must still be what was seen at `path`.

    An object is unchanged when it is the same or equal one; a function (whose `code` is given) when it is the same or
    has equal code and the same globals: what it captures itself is guarded, or read, through the path.
    """

    path: Path
    expected: Any
    name: str = ""
    code: types.CodeType | None = None

    @property
    def function(self) -> Any:
        """The function whose code it is."""
        return unwrap(self.expected)

    def holds(self) -> bool:
        try:
            now = self.path()
            if self.code is not None:
                return type(now) is type(self.expected) and self._same_function(unwrap(now))
            if now is self.expected:
                return True
            return type(now) is type(self.expected) and bool(now == self.expected) and self._same_items(now)
        except Exception:  # what user objects raise when they are read or compared
            return False

    def _same_items(self, now: Any) -> bool:
        """Whether the items of a set, or the keys of a dict, are of the same types."""
        if isinstance(now, list):
            return [type(x) for x in now] == [type(x) for x in self.expected]
        if isinstance(now, (set, frozenset)):
            return {(type(x), x) for x in now} == {(type(x), x) for x in self.expected}
        return True

    def _same_function(self, now: Any) -> bool:
        expected = self.function
        if now is expected:
            return now.__code__ is self.code
        if not isinstance(now, types.FunctionType):
            return False
        return now.__code__ == self.code and now.__globals__ is expected.__globals__


def guard_of(path: Path, obj: Any, name: str = "") -> Guard:
    """The guard of an object: a function by its code."""
    plain = unwrap(obj)
    return Guard(path, obj, name, plain.__code__ if isinstance(plain, types.FunctionType) else None)
