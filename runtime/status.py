"""Status codes of native code as exceptions."""

from __future__ import annotations

import builtins
import importlib
import linecache
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from . import console

KEPT = ("kept",)  # in place of the dtypes: the message is what `console.keep` was called with

# (exception name, message with {} for values, dtypes of the values, file, line, first and last column)
Entry = tuple[str, str, tuple[str, ...], str, int, int, int]


def place_note(file: str, line: int, col: int, end_col: int) -> str:
    """The place in the user's source where an exception was raised, with the line and a caret under the place."""
    source = linecache.getline(file, line).rstrip("\n")
    note = f"in {file}, line {line}"
    if not source.strip():
        return note
    indent = len(source) - len(source.lstrip())
    width = max(1, min(end_col, len(source)) - col)
    return f"{note}\n    {source[indent:]}\n    {' ' * max(0, col - indent)}{'^' * width}"


def exception_class(name: str) -> type[BaseException]:
    """The exception class that a `check` names: a builtin one, or ``module:name``."""
    if name == "LinAlgError":
        return np.linalg.LinAlgError
    module, colon, qualified = name.rpartition(":")
    found: Any = importlib.import_module(module) if colon else builtins
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else RuntimeError


def _shown(dtype: str, value: Any) -> Any:
    if dtype == "f32":
        return np.float32(value)
    return bool(value) if dtype == "b1" else float(value) if dtype == "f64" else int(value)


def raise_status(status: int, table: Sequence[Entry], values: Any = None) -> NoReturn:
    """Raise what status `status` (> 0) stands for; `values` are those of its message.

    The place in the user's source is attached as a note, so that ``str()`` is the plain message.
    """
    name, message, dtypes, file, line, col, end_col = table[status - 1]
    if dtypes == KEPT:
        message = console.kept()
    else:
        message = message.format(
            *(_shown(dtype, x) for dtype, x in zip(dtypes, () if values is None else values, strict=False))
        )
    error = exception_class(name)(message)
    if line > 0:
        error.add_note(place_note(file, line, col, end_col))
    raise error
