"""Compiles the text of a native module with Numba, through the disk cache.

`load_kernel` returns the compiled entry of the main function. The key of the cache covers the text, the
signature, the flags and `cache.environment()`; what is stored is the object code of the main function with
everything it calls (`objects`), so that a second process compiles nothing. Where the cache fails, the code
is compiled.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

import builtins
import contextlib
import linecache
import sys
import threading
import types
from collections.abc import Callable, Collection, Sequence
from typing import Any

from . import cache, libmvec, objects
from .numba_support import prepare

_lock = threading.Lock()

Spec = tuple[str, int]
"""A parameter or result: dtype name of NumPy, and rank (0: a scalar)."""


def numba_type(spec: Spec) -> Any:
    from numba.core import types

    from .numba_target import KernelArray

    dtype = getattr(types, "boolean" if spec[0] == "bool" else spec[0])
    return KernelArray(dtype, spec[1]) if spec[1] else dtype


def load_module(text: str, key: str) -> types.ModuleType:
    """Execute generated text as the module ``pullback_native_<key>``, with its lines known to tracebacks."""
    name = f"pullback_native_{key}"
    if name in sys.modules:
        return sys.modules[name]
    file = f"<pullback {key}>"
    module = types.ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module  # Numba looks the module up by name when it rebuilds cached code
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(builtins.compile(text, file, "exec"), module.__dict__)
    return module


def load_kernel(
    text: str,
    name: str,
    callees: Sequence[tuple[str, Sequence[Spec], Sequence[Spec]]],
    params: Sequence[Spec],
    reassociate: bool,
    fresh: Collection[str] = (),
) -> Callable[..., Any]:
    """The entry of function `name` of a native module, compiled for parameters `params`.

    `callees` are the other functions of the module with their parameters and results (status excluded); those in
    `fresh` write to no memory that is visible through two of their arguments.
    The entry takes exactly these types, unchecked.
    """
    signature = repr((name, list(params), [(n, list(p), list(r)) for n, p, r in callees], reassociate))
    key = cache.digest("kernel", text, signature, cache.environment(), str(libmvec.load()))
    packed = cache.load(key)
    if isinstance(packed, objects.ObjectCode):
        entry = objects.load(packed, f"pullback_native_{key}")
        if entry is not None:
            return entry
    prepare(text)
    from .numba_target import make_dispatcher, make_entry, make_part

    with _lock:
        module = load_module(text, key)
        main = module.__dict__[name]
        for callee, _, _ in callees:
            function = module.__dict__[callee]
            if not hasattr(function, "py_func"):
                module.__dict__[callee] = (make_part if callee in fresh else make_dispatcher)(function, reassociate)
        dispatcher = make_entry(getattr(main, "py_func", main), reassociate)
        dispatcher.compile(tuple(numba_type(p) for p in params))
        (result,) = dispatcher.overloads.values()
    # the dispatcher stays alive with the entry
    _alive.append(dispatcher)
    with contextlib.suppress(Exception):  # what cannot be stored is compiled again
        cache.save(key, objects.pack(result))
    return result.entry_point


_alive: list[Any] = []
