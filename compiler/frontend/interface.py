"""What goes into `build` and what comes out of it: the frontend's interface to its callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

from ..ir.nodes import Function
from ..ir.types import Type
from .session import Captured, Guard


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


@final
@dataclass(slots=True, eq=False)
class Built:
    """A user's function as IR.

    The parameters of `function` are the Leafs of (args, kwargs) in order, then `captured`. `result` is
    the returned tree; its leaves are yield indices (int) and Static. ``written`` lists ``(parameter,
    yield)`` for every array argument that the function writes to: its last version is an extra yield.
    """

    function: Function
    result: Any
    captured: list[Captured] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    written: list[tuple[int, int]] = field(default_factory=list)


__all__ = ["Built", "Captured", "Guard", "Leaf", "Static"]
