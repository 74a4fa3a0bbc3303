"""The boxes in which a sum over shifted places is added up.

A sum that covers an array is followed, or preceded, by what a program does with the inside of it: it reads the
inside, or has cleared it. Where the hull of the sum is that inside with a border of constant width, the sum is made for
the inside alone, so that it fuses with what follows (and cleared elements are written instead of added to), and before
it for the slabs of the border.

Before, with ``n`` short for ``span(0, n)`` and ``inside`` for ``span(1, n - 2)``::

    %1 = accum %t, %s {n, n}
    %2 = load %1 {inside, inside}

After::

    %b1 = accum %t, %s1 {span(0, 1), n}
    %b2 = accum %b1, %s2 {span(n - 1, 1), n}
    %b3 = accum %b2, %s3 {inside, span(0, 1)}
    %b4 = accum %b3, %s4 {inside, span(n - 1, 1)}
    %1 = accum %b4, %s5 {inside, inside}
    %2 = load %1 {inside, inside}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.dims import Dim
from ..ir.nodes import At, Op, Region, Span, Value, as_dim
from .access import index_operands

MAX_BORDER = 16
"""Wider borders are no small part of the array."""
Box = tuple[Span, ...]


def box_of(op: Op) -> tuple[tuple[object, ...], Box] | None:
    """The places of the axes with one index, and the ranges of the others; None for steps and index arrays."""
    places: list[object] = []
    spans: list[Span] = []
    ats = iter(index_operands(op))
    for item in op.attrs["index"]:
        if isinstance(item, At):
            places.append(as_dim(next(ats)))
        elif isinstance(item, Span) and item.step == 1:
            places.append(None)
            spans.append(item)
        else:
            return None
    return tuple(places), tuple(spans)


def inside(sum_op: Op, hull: Box, others: Iterable[Op]) -> Box | None:
    """The box of the first of the other accesses that is the hull without a border of constant width."""
    mine = box_of(sum_op)
    for op in others:
        theirs = box_of(op)
        if mine is None or theirs is None or mine[0] != theirs[0]:
            continue
        if all(_width(h, s) is not None for h, s in zip(hull, theirs[1], strict=True)):
            return theirs[1]
    return None


def _width(hull: Span, inner: Span) -> tuple[int, int] | None:
    """How much of a range is before and after another one, if both are constant and the latter lies within."""
    before, total = inner.start - hull.start, hull.size - inner.size
    if not (before.is_const and total.is_const):
        return None
    widths = before.const, total.const - before.const
    return widths if min(widths) >= 0 and max(widths) <= MAX_BORDER else None


def slabs(hull: Box, inner: Box) -> Iterator[Box]:
    """The rest of the hull, in boxes that do not overlap: two for every axis, whole along the axes after it."""
    for k, (h, s) in enumerate(zip(hull, inner, strict=True)):
        before = s.start - h.start
        after = h.size - s.size - before
        for start, width in ((h.start, before), (s.start + s.size, after)):
            if width != Dim.of(0):
                yield (*inner[:k], Span(start, width), *hull[k + 1 :])


def apart(a: Box, b: Box) -> bool:
    """Whether two boxes are known to have no element in common."""
    return any(_ends_before(x, y) or _ends_before(y, x) for x, y in zip(a, b, strict=True))


def _ends_before(x: Span, y: Span) -> bool:
    gap = y.start - (x.start + x.size)
    return gap.is_const and gap.const >= 0


def accesses(array: Value, region: Region) -> Iterator[Op]:
    """The loads and writes of a version of an array in a region."""
    for op in region.ops:
        if op.opcode in ("load", "store", "accum") and op.operands[0] is array:
            yield op
