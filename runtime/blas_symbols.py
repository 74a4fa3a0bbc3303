"""SciPy's BLAS, LAPACK and special functions under names of our own, for LLVM to find.

The addresses are those that `scipy.linalg.cython_blas`, `cython_lapack` and
`scipy.special.cython_special` export. Those of `scipy.linalg` are loaded by themselves
where possible: importing `scipy.linalg` takes a tenth of a second.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import importlib.util
import os
from collections.abc import Iterable
from typing import Any

from . import special

SYMBOL = "pullback_blas_{}"
SPECIAL_SYMBOL = "pullback_special_{}"
ROUTINES = ("dgemm", "sgemm", "dgemv", "sgemv", "dsyrk", "ssyrk", "dtrsm", "strsm")
LAPACK_ROUTINES = tuple(letter + name for name in ("getrf", "getrs", "potrf", "syevd", "gesdd") for letter in "ds")


@functools.cache
def register() -> None:
    """Make the routines of BLAS known to LLVM."""
    _register("cython_blas", ROUTINES)


@functools.cache
def register_lapack() -> None:
    """Make the routines of LAPACK known to LLVM."""
    _register("cython_lapack", LAPACK_ROUTINES)


@functools.cache
def register_special() -> None:
    """Make special functions known to LLVM: those for double precision where there are several."""
    from llvmlite import binding as ll

    exported = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    for name, theirs in special.FUNCTIONS.items():
        forms = (exported.get(form) for form in (theirs, f"__pyx_fuse_0{theirs}", f"__pyx_fuse_1{theirs}"))
        address = next(_address(f) for f in forms if f is not None and _signature(f).startswith(b"double (double, int"))
        ll.add_symbol(SPECIAL_SYMBOL.format(name), address)


def register_needed(symbols: Iterable[str]) -> None:
    """Make what compiled code refers to known to LLVM."""
    if any(s.startswith(SPECIAL_SYMBOL.format("")) for s in symbols):
        register_special()
    names = {s.removeprefix(SYMBOL.format("")) for s in symbols}
    if names.intersection(ROUTINES):
        register()
    if names.intersection(LAPACK_ROUTINES):
        register_lapack()


def _register(module: str, routines: Iterable[str]) -> None:
    from llvmlite import binding as ll

    exported = _exported(f"scipy.linalg.{module}")
    for name in routines:
        ll.add_symbol(SYMBOL.format(name), _address(exported[name]))


def _exported(name: str) -> dict[str, Any]:
    """The capsules with the addresses of the routines of a module of SciPy, by name."""
    try:
        import scipy

        folder = os.path.join(os.path.dirname(scipy.__file__), "linalg")
        spec = importlib.machinery.FileFinder(
            folder, (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
        ).find_spec(name)
        assert spec is not None and spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except Exception:  # another layout of SciPy
        module = importlib.import_module(name)
    capsules: dict[str, Any] = module.__pyx_capi__
    return capsules


def _signature(capsule: Any) -> bytes:
    """The type of the function in C, which is the name of its capsule."""
    name: bytes = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", ctypes.pythonapi))(capsule)
    return name


def _address(capsule: Any) -> int:
    api = ctypes.pythonapi
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", api))
    address: int = pointer(capsule, _signature(capsule))
    return address
