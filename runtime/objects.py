"""Compiled code as object files: loaded into the process by LLVM alone, without Numba's type machinery.

`pack` takes what Numba compiled apart into plain data, and `load` makes a callable of that in a few milliseconds
(rebuilding a Numba result in a fresh process takes hundreds: it loads every implementation Numba has).
Nothing is loaded unless every symbol that the code refers to is known: LLVM ends the process otherwise.
"""

# mypy: disable-error-code="attr-defined"
from __future__ import annotations

import ctypes
import functools
import pickle
import threading
import types
from dataclasses import dataclass
from typing import Any

from . import blas_symbols, console, libmvec, pool

_lock = threading.Lock()


@dataclass(slots=True, eq=False, repr=False)
class ObjectCode:
    """A function of a native module: machine code, the symbol of its entry, what it needs from outside.

    ``environments``: the constants that the compiled functions keep as Python objects, by the symbol
    under which they look them up; the entry's own comes first.
    """

    code: bytes
    entry: str
    needs: tuple[str, ...]
    environments: tuple[tuple[str, bytes], ...]


def pack(result: Any) -> ObjectCode | None:
    """The object code of a compile result of Numba; None where it has none that can be loaded elsewhere."""
    library = result.library
    kind, data = library.serialize_using_object_code()[1:]
    if kind != "object":
        return None
    module = library._final_module
    outside = [*module.functions, *module.global_variables]
    needs = sorted(v.name for v in outside if v.is_declaration and not v.name.startswith("llvm."))
    own = result.fndesc.env_name
    found = {own: result.environment} | {e.env_name: e for e in result.referenced_envs or ()}
    environments = tuple((name, pickle.dumps(list(e.consts))) for name, e in found.items())
    return ObjectCode(data[0], result.fndesc.llvm_cpython_wrapper_name, tuple(needs), environments)


def load(packed: ObjectCode, name: str) -> Any:
    """The entry as a callable; None where a symbol is not known in this process."""
    from llvmlite import binding as ll
    from numba import _dynfunc

    with _lock:
        _numba_symbols()
        blas_symbols.register_needed(packed.needs)
        libmvec.load()
        if not set(packed.needs).isdisjoint(console.SYMBOLS.values()):
            console.register()
        if pool.SYMBOL in packed.needs:
            pool.register()
        engine = _engine(ll)  # which makes the symbols of the process known
        if not all(ll.address_of_symbol(s) for s in packed.needs):
            return None
        engine.add_object_file(ll.ObjectFileRef.from_data(packed.code))
        engine.finalize_object()
        address = engine.get_function_address(packed.entry)
        if not address:
            return None
        environments = []
        for symbol, constants in packed.environments:
            environment = _dynfunc.Environment({"__name__": name})
            environment.consts.extend(pickle.loads(constants))
            place = engine.get_global_value_address(symbol)
            if place:
                ctypes.c_void_p.from_address(place).value = id(environment)
            environments.append(environment)
        alive = (engine, *environments)
        _alive.append(alive)
        return _dynfunc.make_function(
            types.ModuleType(name), name, "compiled by pullback", address, environments[0], alive
        )


_alive: list[Any] = []  # code is never unloaded: a function may outlive everything that refers to its entry


def _engine(ll: Any) -> Any:
    """An engine for one object file: symbols of different ones never meet."""
    ll.initialize_native_target()
    ll.initialize_native_asmprinter()
    target = ll.Target.from_default_triple().create_target_machine()
    return ll.create_mcjit_compiler(ll.parse_assembly(""), target)


@functools.cache
def _numba_symbols() -> None:
    """Make the C functions of Numba's runtime known to LLVM, under the names that compiled code uses."""
    from llvmlite import binding as ll
    from numba.core.base import _load_global_helpers
    from numba.core.runtime import _nrt_python

    _load_global_helpers()
    for name, address in _nrt_python.c_helpers.items():
        ll.add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
