"""SciPy's BLAS under names of our own, for LLVM to find.

The addresses are those that `scipy.linalg.cython_blas` exports. That module is loaded by itself where possible:
importing `scipy.linalg` takes a tenth of a second.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.machinery
import importlib.util
import os
from typing import Any

SYMBOL = "pullback_blas_{}"
ROUTINES = ("dgemm", "sgemm", "dgemv", "sgemv")


@functools.cache
def register() -> None:
    """Make the routines known to LLVM."""
    from llvmlite import binding as ll

    exported = _exported()
    for name in ROUTINES:
        ll.add_symbol(SYMBOL.format(name), _address(exported[name]))


def _exported() -> dict[str, Any]:
    """The capsules with the addresses of BLAS routines, by name."""
    name = "scipy.linalg.cython_blas"
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


def _address(capsule: Any) -> int:
    api = ctypes.pythonapi
    name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", api))
    address: int = pointer(capsule, name(capsule))
    return address
