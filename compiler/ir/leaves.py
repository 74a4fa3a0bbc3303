"""The leaves of trees of arguments and results, where it matters what they are at compile time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import PullbackTypeError
from .loc import Loc
from .types import Type


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """A run-time input in a tree of arguments. `name` is an identifier that hints at its path."""

    type: Type
    name: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class Static:
    """A value known at compile time in a tree of arguments or of results."""

    value: Any


def is_plain_array(x: Any) -> bool:
    """Whether it is a NumPy array, and no subclass with a meaning of its own."""
    return type(x) is np.ndarray or isinstance(x, np.memmap)


def require_plain_array(x: np.ndarray[Any, Any], name: str, loc: Loc | None = None) -> None:
    """Raise PullbackTypeError for an array of a subclass (masked, matrix)."""
    if not is_plain_array(x):
        raise PullbackTypeError(
            f"{name} is a {type(x).__qualname__}: only plain NumPy arrays are supported",
            loc,
            "convert it with .filled(...), or pass data and mask as two arrays"
            if isinstance(x, np.ma.MaskedArray)
            else "convert it with np.asarray",
        )
