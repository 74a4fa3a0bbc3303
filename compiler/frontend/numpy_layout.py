"""Whether NumPy would give a view or a copy: symbolic strides of views.

The storage of a cell is contiguous in C order. A reshape of a view is a view when every new axis lies
within a run of old axes that are contiguous with each other; otherwise NumPy copies, and so must we,
because later writes would show the difference. Where that depends on extents, `Equal` makes the program one for those
that the call has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..ir.dims import Dim
from ..ir.nodes import At, New, Span
from .values import Array, ViewStep

Layout = list[tuple[Dim, Dim]]  # (extent, stride in elements) of every axis
Equal = Callable[[Dim, Dim], bool]
"""See `Session.equal`."""


def contiguous(shape: Sequence[Dim]) -> Layout:
    layout: Layout = []
    stride = Dim.of(1)
    for extent in reversed(shape):
        layout.insert(0, (extent, stride))
        stride = stride * extent
    return layout


def layout_of(array: Array, equal: Equal) -> Layout:
    """The layout of a view in the storage of its cell."""
    choice = array.cell.choice
    layout = contiguous(array.cell.current.type.shape)
    if choice is not None:
        layout = layout_of(choice.then, equal)
        if layout != layout_of(choice.orelse, equal):
            raise NotImplementedError("whether this is a view or a copy depends on the path taken: use .copy() first")
    for step in array.path:
        if step.kind == "transpose":
            layout = [layout[p] for p in step.arg]
        elif step.kind == "reshape":
            reshaped = reshape_layout(layout, step.arg, equal)
            layout = contiguous(step.arg) if reshaped is None else reshaped
        elif step.kind == "broadcast":
            layout = _stretched(layout, step.arg)
        else:
            layout = _indexed(layout, step)
    return layout


def _stretched(layout: Layout, shape: Sequence[Dim]) -> Layout:
    """The layout after a broadcast: the elements along a stretched axis are one element."""
    own: Layout = [(Dim.of(1), Dim.of(0))] * (len(shape) - len(layout)) + layout
    still = Dim.of(0)
    return [
        (wanted, stride if extent == wanted else still) for (extent, stride), wanted in zip(own, shape, strict=True)
    ]


def _indexed(layout: Layout, step: ViewStep) -> Layout:
    """The layout after an index. The gathers of a view are those of a diagonal: they move together."""
    axes, operands = iter(layout), iter(step.operands)
    out: Layout = []
    diagonal: int | None = None
    for item in step.index:
        if isinstance(item, New):
            out.append((Dim.of(1), Dim.of(0)))
            continue
        _extent, stride = next(axes)
        if isinstance(item, Span):
            out.append((item.size, stride * item.step))
        elif isinstance(item, At):
            next(operands)
        elif diagonal is None:
            diagonal = len(out)
            out.append((next(operands).type.shape[0], stride))
        else:
            extent, along = out[diagonal]
            out[diagonal] = (extent, along + stride)
    return out


def reshape_layout(layout: Layout, shape: Sequence[Dim], equal: Equal) -> Layout | None:
    """The layout after a reshape without a copy, or None where there is none."""
    runs: Layout = []  # (elements, innermost stride) of maximal runs of axes contiguous with each other
    for extent, stride in layout:
        if equal(extent, Dim.of(1)):
            continue
        if runs and equal(runs[-1][1], extent * stride):
            runs[-1] = (runs[-1][0] * extent, stride)
        else:
            runs.append((extent, stride))
    new = list(shape)
    out: Layout = []
    for k, (elements, stride) in enumerate(runs):
        group: list[Dim] = []
        size = Dim.of(1)
        last = k == len(runs) - 1
        while new and (last or not equal(size, elements)):
            group.append(new.pop(0))
            size = size * group[-1]
        if not (last and len(runs) == 1) and not equal(size, elements):
            return None
        out += [(extent, stride * inner) for extent, inner in contiguous(group)]
    return out + [(extent, Dim.of(1)) for extent in new]


def is_contiguous(array: Array, equal: Equal) -> bool:
    """Whether ``ravel`` of the view is a view."""
    layout = layout_of(array, equal)
    expected = contiguous([extent for extent, _ in layout])
    return all(
        equal(extent, Dim.of(1)) or equal(have, want)
        for (extent, have), (_, want) in zip(layout, expected, strict=True)
    )
