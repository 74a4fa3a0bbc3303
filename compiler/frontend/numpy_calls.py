"""The front of the NumPy table: what the frontend core asks.

A handler is ``handler(ctx, args, kwargs) -> abstract value``; for methods the array (or run-time scalar) is
the first of ``args``. An attribute is ``f(ctx, value)``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from . import (
    numpy_arrange,
    numpy_builtins,
    numpy_compositions,
    numpy_creation,
    numpy_elementwise,
    numpy_grids,
    numpy_linalg,
    numpy_matrices,
    numpy_polynomials,
    numpy_queries,
    numpy_reductions,
    numpy_sets,
    numpy_shape,
    numpy_sorting,
    numpy_statistics,
)
from .numpy_table import ATTRIBUTES, FUNCTIONS, METHODS, is_numerical, of_constants, refusal

Handler = Callable[[Any, list[Any], dict[str, Any]], Any]

#: The modules whose import fills the table.
MODULES = (
    numpy_elementwise,
    numpy_reductions,
    numpy_shape,
    numpy_creation,
    numpy_arrange,
    numpy_linalg,
    numpy_matrices,
    numpy_sorting,
    numpy_builtins,
    numpy_queries,
    numpy_compositions,
    numpy_polynomials,
    numpy_statistics,
    numpy_sets,
    numpy_grids,
)

#: modules of SciPy, and what fills the table for their functions
SCIPY = {
    "scipy.special": "scipy_functions",
    "scipy.linalg": "scipy_linalg",
    "scipy.stats": "scipy_stats",
    "scipy.integrate": "scipy_integrate",
    "scipy.signal": "scipy_signal",
    "scipy.spatial.distance": "scipy_distance",
}


def lookup(function: Any) -> Handler | None:
    """The handler of a callable; one that refuses it by name for NumPy's that have no entry; None for
    callables that are not NumPy's, SciPy's, math's or a numerical builtin."""
    for theirs, ours in SCIPY.items():
        if theirs in sys.modules:  # only then has the user a function of it
            importlib.import_module(f".{ours}", __package__)
    try:
        entry = FUNCTIONS.get(function)
    except TypeError:  # unhashable: not a function of a library
        return None
    if entry is not None:
        return entry
    return of_constants(function) if is_numerical(function) else None


def indexed(owner: Any) -> Callable[[Any, Any], Any] | None:
    """The meaning of an index of an object that is no array, as ``np.r_``; None where it has none."""
    return next((meaning for obj, meaning in numpy_grids.INDEXED if obj is owner), None)


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
    for name in SCIPY.values():
        importlib.import_module(f".{name}", __package__)
    names = {e.name for e in FUNCTIONS.values()} | {e.name for e in METHODS.values()}
    return sorted(names | {f"ndarray.{name}" for name in ATTRIBUTES})


def document() -> str:
    """docs/numpy.md: every supported name with its parameters, by module."""
    for name in SCIPY.values():
        importlib.import_module(f".{name}", __package__)
    entries = {e.name: e for e in (*FUNCTIONS.values(), *METHODS.values())}
    groups: dict[str, list[str]] = {}
    for name in sorted(entries):
        if name.startswith("pullback."):  # helpers of numpy_library
            continue
        module = name.rpartition(".")[0] or "builtins"
        if module.rpartition(".")[0] == "np" and module != "np.linalg":  # methods of ufuncs
            module = "np"
        groups.setdefault(module, []).append(f"- `{name}{entries[name].signature}`".replace(", /)", ")"))
    groups["ndarray"] += [f"- `ndarray.{name}` (attribute)" for name in sorted(ATTRIBUTES)]
    lines = ["# Supported NumPy, SciPy and math", "", _PREFACE]
    for module in sorted(groups):
        lines += ["", f"## {module}", "", *groups[module]]
    return "\n".join(lines) + "\n"


_PREFACE = """\
Generated from the table in `compiler/frontend/numpy_calls.py`; operators, indexing and Python's other builtins
are described in the language page. A parameter that is not listed is refused by name, unless its value is
NumPy's default. What NumPy gives as a view is a view here, what it copies is a copy.

Functions of `np.polynomial`, `scipy.special`, `scipy.linalg`, `scipy.signal` and distributions of `scipy.stats` that
are not listed may be called with constants (`np.polynomial.legendre.leggauss(8)`, `scipy.signal.butter(2, 0.3)`): they
are called while the program is built."""
