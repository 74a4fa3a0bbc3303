"""What an object means, as plain data that is the same in every process.

`fingerprint` gives equal data for objects that a compiled program may be shared between, and refuses (`Unportable`)
what it does not know: a function is its code, a class everything in its body, a constant its value, and what
belongs to Python or NumPy its qualified name (their versions are part of every key).
"""

from __future__ import annotations
import __future__

import builtins
import contextlib
import dataclasses
import enum
import functools
import hashlib
import linecache
import sys
import types
from typing import Any

import numpy as np

from .paths import is_transformed, of_named, of_namespace, unwrap


class Unportable(Exception):  # noqa: N818
    """Something has no meaning outside this process."""


_LIBRARIES = frozenset({*sys.stdlib_module_names, "numpy", "pullback"} - {"__main__"})
_BY_VALUE = (bool, int, str, bytes, type(None), type(Ellipsis), range)
# of a class: made anew for each class, and without influence on what its instances do
_IGNORED = frozenset({"__dict__", "__weakref__", "__doc__", "__static_attributes__", "__firstlineno__", "_abc_impl"})
_ANNOTATIONS = __future__.annotations.compiler_flag  # code that is compiled by exec has it from there
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def fingerprint(x: Any) -> Any:
    """Data that pickles and compares; raises Unportable."""
    t = type(x)
    if t in _BY_VALUE:
        return (t.__name__, repr(x))
    if t is float or t is complex:
        return (t.__name__, repr(x))
    if isinstance(x, type):
        return _class(x)
    if isinstance(x, enum.Enum):
        return ("enum", _class(t), x.name)
    if isinstance(x, np.dtype):
        return ("dtype", x.str if x.names is None else repr(x.descr))
    if isinstance(x, np.generic):
        return ("scalar", x.dtype.str, x.tobytes())
    if t is tuple or t is list:
        return (t.__name__, *map(fingerprint, x))
    if t is dict:
        return ("dict", *((fingerprint(k), fingerprint(v)) for k, v in x.items()))
    if t is frozenset or t is set:
        return (t.__name__, *sorted(map(repr, map(fingerprint, x))))
    if t is types.ModuleType:
        return ("module", x.__name__)
    if t is types.CodeType:
        return ("code", code_hash(x))
    if is_transformed(x):
        applied = repr(x.__pullback_chain__), x.__pullback_deterministic__
        return ("transformed", *applied, fingerprint(x.__pullback_fn__))
    if hasattr(t, "__pullback_jacobian__"):
        return ("jacobian", x.wrt, x.single, x.forward, fingerprint(x.fun))
    if t is types.FunctionType and not _is_library(x):
        places = (of_namespace(x.__globals__) is not None, of_named(x) is not None)
        return ("function", x.__globals__.get("__name__"), x.__qualname__, code_hash(x.__code__), *places)
    plain = unwrap(x)
    if plain is not x:
        return (t.__name__, fingerprint(plain))
    return _named(x)


def _is_library(x: Any) -> bool:
    return (getattr(x, "__module__", None) or "").split(".")[0] in _LIBRARIES


def _named(x: Any) -> Any:
    """What belongs to a library, by its name."""
    name = getattr(x, "__qualname__", None) or getattr(x, "__name__", None)
    if isinstance(x, np.ufunc):
        module: Any = "numpy"
    else:
        module = getattr(x, "__module__", None)
        if module is None and isinstance(getattr(x, "__self__", None), np.ufunc):  # np.add.reduce
            return ("of", _named(x.__self__), x.__name__)
    if isinstance(module, str) and isinstance(name, str) and module.split(".")[0] in _LIBRARIES:
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is x:
            return ("named", module, name)
    raise Unportable(f"{type(x).__qualname__} object")


def _class(cls: type, seen: tuple[type, ...] = ()) -> Any:
    """A class by its name and, where it is the user's, by its body and its bases."""
    if _is_library(cls):
        return _named(cls)
    name = (cls.__module__, cls.__qualname__)
    if cls in seen:
        return ("class", *name)
    seen = (*seen, cls)
    body = tuple((k, _member(v, seen)) for k, v in sorted(vars(cls).items()) if k not in _IGNORED)
    return ("class", *name, _class(type(cls), seen), tuple(_class(b, seen) for b in cls.__bases__), body)


def _member(x: Any, seen: tuple[type, ...]) -> Any:
    """An entry of the body of a class."""
    if isinstance(x, types.FunctionType):
        if _is_library(x):
            with contextlib.suppress(Unportable):  # what a library makes for the class has no name there
                return _named(x)
        return ("function", code_hash(x.__code__), fingerprint(x.__defaults__), fingerprint(x.__kwdefaults__))
    if isinstance(x, property):
        return ("property", *(_member(f, seen) for f in (x.fget, x.fset, x.fdel)))
    if isinstance(x, (staticmethod, classmethod)):
        return (type(x).__name__, _member(x.__func__, seen))
    if isinstance(x, _DESCRIPTORS):
        return type(x).__name__
    if isinstance(x, dataclasses.Field):
        return tuple(_member(getattr(x, k), seen) for k in ("name", "default", "default_factory", "init", "kw_only"))
    if x is dataclasses.MISSING:
        return "missing"
    if isinstance(x, type):
        return _class(x, seen)
    if isinstance(x, enum.Enum):
        return ("enum", x.name, fingerprint(x.value))
    if isinstance(x, dict):
        return tuple((repr(k), _annotation(v) if isinstance(v, str | type) else _member(v, seen)) for k, v in x.items())
    if isinstance(x, (tuple, list)):
        return tuple(_member(v, seen) for v in x)
    if type(x).__module__ in ("dataclasses", "collections", "_collections", "types", "typing"):
        return (type(x).__qualname__, repr(x)) if " at 0x" not in repr(x) else type(x).__qualname__
    return fingerprint(x)


def _annotation(x: Any) -> str:
    return x if isinstance(x, str) else f"{x.__module__}.{x.__qualname__}"


@functools.lru_cache(maxsize=1024)
def code_hash(code: types.CodeType) -> str:
    """A hash of all that a code object is, with its file and lines (which messages name)."""
    h = hashlib.sha256()
    parts = (
        code.co_code,
        tuple(_constant(c) for c in code.co_consts),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~_ANNOTATIONS),
        (code.co_filename, code.co_firstlineno, code.co_qualname),
        code.co_linetable,
        code.co_exceptiontable,
    )
    h.update(repr(parts).encode())
    return h.hexdigest()


def _constant(c: Any) -> Any:
    if isinstance(c, types.CodeType):
        return ("code", code_hash(c))
    if isinstance(c, tuple):
        return tuple(map(_constant, c))
    if isinstance(c, frozenset):
        return sorted(repr(_constant(x)) for x in c)
    return (type(c).__name__, repr(c))


def source_agrees(code: types.CodeType) -> bool:
    """Whether the source that is read for a function is what it was compiled from.

    It is not where the file has been changed since it was imported; the program built from it is then not the one
    that the code object stands for.
    """
    lines = linecache.getlines(code.co_filename)
    return code_hash(code) in _codes(code.co_filename, "".join(lines)) if lines else False


@functools.lru_cache(maxsize=32)
def _codes(file: str, text: str) -> frozenset[str]:
    """The hashes of all functions of a file."""
    try:
        module = builtins.compile(text, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return frozenset()
    found: set[str] = set()

    def visit(code: types.CodeType) -> None:
        found.add(code_hash(code))
        for c in code.co_consts:
            if isinstance(c, types.CodeType):
                visit(c)

    visit(module)
    return frozenset(found)
