"""Arrays that lose elements in every iteration of a loop, as the values of a binomial tree do.

A loop carries arrays of one shape. Where each iteration leaves an array some number of elements shorter along one axis,
what is carried is the whole array as it was before the loop, and iteration k works with the part that is left::

    for i in range(n):                              whole = v.copy()
        v = p * v[1:] + q * v[:-1]                  for i in range(n):
                                                        v = whole[: m - i].copy()
                                                        v = p * v[1:] + q * v[:-1]
                                                        whole[: m - (i + 1)] = v
                                                    v = whole[: m - n].copy()
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import NeedsStatic
from ..ir.dims import ZERO, Dim
from ..ir.nodes import Span, Value
from ..ir.types import Type
from .control import Control
from .values import Array, Cell, ViewStep


class Shrinks(Exception):  # noqa: N818
    """An array that a loop carries gets shorter in an iteration: `lost` elements along `axis`."""

    def __init__(self, name: str, axis: int, lost: int, reason: str):
        super().__init__(reason)
        self.name, self.axis, self.lost, self.reason = name, axis, lost, reason


def loss(before: Type, after: Type) -> tuple[int, int] | None:
    """The axis along which the one is longer than the other, and by how much; None where they differ otherwise."""
    if before.dtype != after.dtype or before.rank != after.rank:
        return None
    lost = [(axis, m - n) for axis, (m, n) in enumerate(zip(before.shape, after.shape, strict=True)) if m != n]
    if len(lost) != 1 or not lost[0][1].is_const or lost[0][1].const <= 0:
        return None
    return lost[0][0], lost[0][1].const


@dataclass(slots=True)
class Remains:
    """One such array in a loop: `whole` is the memory of all that is left of it. Each iteration must make a new array,
    which no other name has, and may not write to the one that it was given: these are copies here."""

    found: Shrinks
    entry: Array
    whole: Array
    type: Type
    head: Cell | None = None
    given: tuple[Value, Value] | None = None  # what was in the array before the loop, and in the one of this iteration

    def shape(self, done: Dim) -> tuple[Dim, ...]:
        """After so many iterations."""
        axis = self.found.axis
        return tuple(d - self.found.lost * done if k == axis else d for k, d in enumerate(self.type.shape))

    def part(self, ctx: Control, done: Dim) -> Array:
        """What is left after so many iterations, in the memory of the whole."""
        return ctx.view(self.whole, ViewStep("index", tuple(Span(ZERO, d) for d in self.shape(done))))

    def enter(self, ctx: Control, done: Dim) -> None:
        """Give the name what is left of it, in memory of its own."""
        self.head = Cell(ctx.read(self.part(ctx, done)), self.found.name)
        self.given = self.entry.cell.current, self.head.current
        ctx.env[self.found.name] = Array(self.head)

    def leave(self, ctx: Control, done: Dim) -> None:
        """Keep what the iteration has made of it; `done` counts this one, too."""
        now = ctx.env.get(self.found.name)
        assert self.head is not None
        others = [x for n, x in ctx.env.items() if n != self.found.name and isinstance(x, Array)]
        if (
            not isinstance(now, Array)
            or (self.entry.cell.current, self.head.current) != self.given
            or not is_new(now, self.head.stamp)
            or any(x.cell is now.cell for x in others)
        ):
            raise NeedsStatic(self.found.reason, ctx.loc)
        value = ctx.read(now)
        if value.type.dtype != self.type.dtype or value.type.shape != self.shape(done):
            raise NeedsStatic(self.found.reason, ctx.loc)
        ctx.write(self.part(ctx, done), value)


def is_new(array: Array, since: int) -> bool:
    """Whether an array is no view, of memory that is younger than this stamp."""
    choice = array.cell.choice
    if choice is not None:
        return not array.path and is_new(choice.then, since) and is_new(choice.orelse, since)
    return not array.path and array.cell.stamp > since and not array.cell.stands_in


def remains(ctx: Control, found: Shrinks, count: Dim) -> Remains:
    """The array before the loop; NeedsStatic where so many iterations may need more elements than there are."""
    array = ctx.env.get(found.name)
    if not isinstance(array, Array) or array.cell.choice is not None:
        raise NeedsStatic(found.reason, ctx.loc)
    value = ctx.read(array)
    made = Remains(found, array, Array(Cell(value, found.name)), value.type)
    if not ctx.session.assume(made.shape(count)[found.axis]):
        raise NeedsStatic(found.reason, ctx.loc)
    return made
