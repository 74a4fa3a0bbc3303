"""The leaves of trees of arguments and results, where it matters what they are at compile time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

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
