"""From an array-level function to something that runs, or that a person reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pullback.runtime.native import NativeCode, load_native

from . import pipeline
from .errors import PullbackValueError
from .ir.interp import interpret
from .ir.nodes import Function

Kernel = Callable[..., list[Any]]


def kernel(fn: Function, reassociate: bool = True) -> tuple[Kernel, NativeCode | None]:
    """A callable from flat inputs to the list of flat outputs, which are memory of their own, and the
    native code that it was made of, if it was.

    PULLBACK_BACKEND selects how: "native" (the default: Numba) or "interp" (the IR interpreter: slow,
    no compilation, the meaning of the IR). `reassociate` allows native code to change the order in which sums add up.
    """
    name = os.environ.get("PULLBACK_BACKEND") or "native"
    if name == "native":
        from .codegen.numba_cpu import generate_native

        code = generate_native(pipeline.native(fn), reassociate=reassociate)
        return load_native(code).call, code
    if name == "interp":
        return (lambda *inputs: interpret(fn, inputs)), None
    raise PullbackValueError(f'PULLBACK_BACKEND is "native" or "interp", not {name!r}')


def source(fn: Function, level: str) -> str:
    """The function as a Python module, at level "adjoint" or "native"."""
    if level == "native":
        from .codegen.numba_cpu import generate_native

        return generate_native(pipeline.native(fn)).text
    from .codegen.python_source import print_python

    return print_python(pipeline.placed(fn))
