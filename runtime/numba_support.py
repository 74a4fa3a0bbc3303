"""Prepares Numba for generated code: registers the runtime functions that a module uses, once a process."""

from __future__ import annotations

import functools
from typing import Any


def prepare(source: str) -> None:
    """Register what the imports of a generated module ask for. Must also precede the loading of cached code."""
    if "pullback.runtime.scalar_math" in source:
        _scalar_math()
    if "pullback.runtime.blas" in source:
        _blas()
    if "pullback.runtime.tape" in source:
        _tape()


@functools.cache
def _scalar_math() -> None:
    from . import numba_scalar_math

    numba_scalar_math.register()


@functools.cache
def _blas() -> None:
    from . import numba_blas

    numba_blas.register()


@functools.cache
def _tape() -> None:
    from numba.extending import overload

    from . import tape

    def compile_as_written(fn: Any) -> None:
        overload(fn, strict=False)(lambda *args: fn)

    compile_as_written(tape.grow)
    compile_as_written(tape.push_array)
