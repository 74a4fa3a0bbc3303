"""Prepares Numba for generated code: registers the runtime functions that a module may use, once a process."""

from __future__ import annotations

import functools
import importlib


def prepare(source: str) -> None:
    """Register what the imports of a generated module ask for. Must precede its compilation."""
    _register("numba_arrays")
    _register("numba_range")
    _register("numba_scalar_math")
    if "pullback.runtime.blas" in source:
        _register("numba_blas")
    if "pullback.runtime.console" in source:
        _register("numba_console")
    if "pullback.runtime.parallel" in source:
        _register("numba_parallel")
    if "pullback.runtime.stack" in source:
        _register("numba_stack")
    if "pullback.runtime.lapack" in source:
        _lapack()
    if "pullback.runtime.special" in source:
        _register("numba_special")


@functools.cache
def _register(module: str) -> None:
    registered = importlib.import_module(f".{module}", __package__)
    if module == "numba_blas":
        registered.blas_symbols.register()


@functools.cache
def _lapack() -> None:
    from . import numba_lapack

    numba_lapack.register()
