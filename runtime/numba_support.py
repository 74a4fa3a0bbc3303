"""Prepares Numba for generated code: registers the runtime functions that a module uses, once a process."""

from __future__ import annotations

import functools


def prepare(source: str) -> None:
    """Register what the imports of a generated module ask for. Must also precede the loading of cached code."""
    if "pullback.runtime.scalar_math" in source:
        _scalar_math()
    if "pullback.runtime.blas" in source:
        _blas()
    if "pullback.runtime.lapack" in source:
        _lapack()
    for module in ("tape", "sorting"):
        if f"pullback.runtime.{module}" in source:
            _compile_as_written(module)


@functools.cache
def _scalar_math() -> None:
    from . import numba_scalar_math

    numba_scalar_math.register()


@functools.cache
def _blas() -> None:
    from . import numba_blas

    numba_blas.register()


@functools.cache
def _lapack() -> None:
    from . import numba_lapack

    numba_lapack.register()


@functools.cache
def _compile_as_written(module: str) -> None:
    """Let Numba compile the functions of a runtime module from their Python."""
    import importlib

    from numba.extending import overload

    for fn in importlib.import_module(f".{module}", __package__).FROM_PYTHON:
        overload(fn, strict=False, jit_options={"error_model": "numpy"})(lambda *args, fn=fn: fn)
