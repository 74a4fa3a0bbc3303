"""Whether NumPy would give a view or a copy: symbolic strides of views.

The storage of a cell is contiguous in C order. A reshape of a view is a view when every new axis lies
within a run of old axes that are contiguous with each other; otherwise NumPy copies, and so must we,
because later writes would show the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.dims import Dim
from ..ir.nodes import At, New, Span
from .values import Array

Layout = list[tuple[Dim, Dim]]  # (extent, stride in elements) of every axis


def contiguous(shape: Sequence[Dim]) -> Layout:
    layout: Layout = []
    stride = Dim.of(1)
    for extent in reversed(shape):
        layout.insert(0, (extent, stride))
        stride = stride * extent
    return layout


def layout_of(array: Array) -> Layout:
    """The layout of a view in the storage of its cell."""
    layout = contiguous(array.cell.current.type.shape)
    for step in array.path:
        if step.kind == "transpose":
            layout = [layout[p] for p in step.arg]
        elif step.kind == "reshape":
            reshaped = reshape_layout(layout, step.arg)
            layout = contiguous(step.arg) if reshaped is None else reshaped
        else:
            axes = iter(layout)
            layout = []
            for item in step.index:
                if isinstance(item, New):
                    layout.append((Dim.of(1), Dim.of(0)))
                    continue
                _extent, stride = next(axes)
                if isinstance(item, Span):
                    layout.append((item.size, stride * item.step))
                else:
                    assert isinstance(item, At), "a gather is a copy, never a view"
    return layout


def reshape_layout(layout: Layout, shape: Sequence[Dim]) -> Layout | None:
    """The layout after a reshape without a copy, or None where there is none."""
    runs: Layout = []  # (elements, innermost stride) of maximal runs of axes contiguous with each other
    for extent, stride in layout:
        if extent == 1:
            continue
        if runs and runs[-1][1] == extent * stride:
            runs[-1] = (runs[-1][0] * extent, stride)
        else:
            runs.append((extent, stride))
    new = list(shape)
    out: Layout = []
    for k, (elements, stride) in enumerate(runs):
        group: list[Dim] = []
        size = Dim.of(1)
        last = k == len(runs) - 1
        while new and (size != elements or last):
            group.append(new.pop(0))
            size = size * group[-1]
        if size != elements and not (last and len(runs) == 1):
            return None
        out += [(extent, stride * inner) for extent, inner in contiguous(group)]
    return out + [(extent, Dim.of(1)) for extent in new]


def is_contiguous(array: Array) -> bool:
    """Whether ``ravel`` of the view is a view."""
    layout = layout_of(array)
    expected = contiguous([extent for extent, _ in layout])
    return all(have == want or have[0] == 1 for have, want in zip(layout, expected, strict=True))
