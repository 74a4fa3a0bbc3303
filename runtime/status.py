"""Status codes of native code as exceptions."""

from __future__ import annotations

import builtins
import importlib
import linecache
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

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


def exception_class(name: str) -> type[Exception]:
    """The exception class that a `check` names: a builtin one, or ``module:name``."""
    if name == "LinAlgError":
        return np.linalg.LinAlgError
    module, colon, qualified = name.rpartition(":")
    found: Any = importlib.import_module(module) if colon else builtins
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else RuntimeError


def raise_status(status: int, table: Sequence[Entry], values: Any = None) -> NoReturn:
    """Raise what status `status` (> 0) stands for; `values` are those of its message.

    The place in the user's source is attached as a note, so that ``str()`` is the plain message.
    """
    name, message, dtypes, file, line, col, end_col = table[status - 1]
    if dtypes and values is not None:
        shown: list[Any] = []
        for dtype, value in zip(dtypes, values, strict=False):
            shown.append(bool(value) if dtype == "b1" else float(value) if dtype[0] == "f" else int(value))
        message = message.format(*shown)
    error = exception_class(name)(message)
    if line > 0:
        error.add_note(place_note(file, line, col, end_col))
    raise error
