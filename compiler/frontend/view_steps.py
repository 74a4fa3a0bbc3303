"""Steps of views put together: an index of an index, an index of a transposed array."""

from __future__ import annotations

from typing import Any

from ..ir.dims import Dim
from ..ir.nodes import At, Operand, Span
from .values import ViewStep


def compose(first: ViewStep, second: ViewStep, shape: tuple[Dim, ...]) -> ViewStep | None:
    """One index step for two, where that keeps the meaning of every bounds check; else None.

    An integer index into a span keeps its meaning when the span is the whole axis.
    """
    if not all(isinstance(i, (At, Span)) for i in (*first.index, *second.index)):
        return None
    inner = iter(second.index)
    first_ops, second_ops = iter(first.operands), iter(second.operands)
    index: list[Any] = []
    operands: list[Operand] = []
    for item, extent in zip(first.index, shape, strict=True):
        if isinstance(item, At):
            index.append(item)
            operands.append(next(first_ops))
            continue
        assert isinstance(item, Span)
        other = next(inner)
        if isinstance(other, Span):
            index.append(Span(item.start + other.start * item.step, other.size, item.step * other.step))
        elif item.start == 0 and item.step == 1 and item.size == extent:
            index.append(other)
            operands.append(next(second_ops))
        else:
            return None
    return ViewStep("index", tuple(index), tuple(operands))


def before_transpose(step: ViewStep, perm: tuple[int, ...]) -> tuple[ViewStep, ViewStep | None] | None:
    """An index into a transposed array as an index into the array, then a transpose of what is left."""
    if not all(isinstance(i, (At, Span)) for i in step.index):
        return None
    operands = iter(step.operands)
    taken = [(i, next(operands) if isinstance(i, At) else None) for i in step.index]
    axis_of = {axis: k for k, axis in enumerate(perm)}
    items = [taken[axis_of[axis]] for axis in range(len(perm))]
    index = ViewStep("index", tuple(i for i, _ in items), tuple(x for _, x in items if x is not None))
    kept = [axis for axis in perm if isinstance(items[axis][0], Span)]
    order = tuple(sorted(kept).index(axis) for axis in kept)
    if order == tuple(range(len(order))):
        return index, None
    return index, ViewStep("transpose", arg=order)
