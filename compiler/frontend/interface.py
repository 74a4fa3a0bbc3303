"""What goes into `build` and what comes out of it: the frontend's interface to its callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

from ..ir.leaves import Leaf, Static
from ..ir.nodes import Function, Loc
from ..paths import Guard
from .session import Captured


@final
@dataclass(slots=True, eq=False)
class Built:
    """A user's function as IR.

    The parameters of `function` are the Leafs of (args, kwargs) in order, then `captured`. `result` is
    the returned tree; its leaves are yield indices (int) and Static. ``written`` lists ``(parameter,
    yield)`` for every array argument that the function writes to: its last version is an extra yield.
    ``mutates``: those that it writes to, or may write to. ``laid_out``: those of them of which it makes a reshape
    or a contiguous version, which is a view of a C-contiguous array and may be a copy of another one, or the reverse.
    ``raises``: every path raises, so nothing is returned.
    ``portable``: nothing but the arguments, `captured` and `guards` was relied on.
    """

    function: Function
    result: Any
    captured: list[Captured] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    written: list[tuple[int, int]] = field(default_factory=list)
    mutates: list[int] = field(default_factory=list)
    laid_out: list[int] = field(default_factory=list)
    portable: bool = False
    raises: bool = False
    rebound: Loc | None = None  # where a container among the arguments is changed, which the caller would see
    deterministic: bool = False  # a transform that is called inside asks for sums in their order


__all__ = ["Built", "Captured", "Guard", "Leaf", "Static"]
