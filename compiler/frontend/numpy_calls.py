"""The front of the NumPy table: what the frontend core asks.

A handler is ``handler(ctx, args, kwargs) -> abstract value``; for methods the array (or run-time scalar) is
the first of ``args``. An attribute is ``f(ctx, value)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import (
    numpy_arrange,
    numpy_builtins,
    numpy_creation,
    numpy_elementwise,
    numpy_linalg,
    numpy_queries,
    numpy_reductions,
    numpy_shape,
)
from .numpy_table import ATTRIBUTES, FUNCTIONS, METHODS, is_numerical, name_of, refusal

Handler = Callable[[Any, list[Any], dict[str, Any]], Any]

#: The modules whose import fills the table.
MODULES = (
    numpy_elementwise,
    numpy_reductions,
    numpy_shape,
    numpy_creation,
    numpy_arrange,
    numpy_linalg,
    numpy_builtins,
    numpy_queries,
)


def lookup(function: Any) -> Handler | None:
    """The handler of a callable; one that refuses it by name for NumPy's that have no entry; None for
    callables that are not NumPy's, SciPy's, math's or a numerical builtin."""
    try:
        entry = FUNCTIONS.get(function)
    except TypeError:  # unhashable: not a function of a library
        return None
    if entry is not None:
        return entry
    return refusal(name_of(function)) if is_numerical(function) else None


def method(name: str) -> Handler | None:
    """The handler of a method of arrays and run-time scalars; None for what is no ndarray method."""
    entry = METHODS.get(name)
    if entry is not None:
        return entry
    return refusal(f"ndarray.{name}") if callable(getattr(np.ndarray, name, None)) else None


def attribute(name: str) -> Callable[[Any, Any], Any] | None:
    """The meaning of an attribute of arrays and run-time scalars; None where there is none."""
    found = ATTRIBUTES.get(name)
    if found is not None or callable(getattr(np.ndarray, name, None)) or not hasattr(np.ndarray, name):
        return found
    refuse = refusal(f"ndarray.{name}")
    return lambda ctx, value: refuse(ctx, [value], {})


def supported() -> list[str]:
    """The names of everything in the table, sorted: for the documentation and for tests."""
    names = {e.name for e in FUNCTIONS.values()} | {e.name for e in METHODS.values()}
    return sorted(names | {f"ndarray.{name}" for name in ATTRIBUTES})
