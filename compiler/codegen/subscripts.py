"""Indices of `load`, `store` and `accum` as Python subscripts.

Guarantees the elements of docs/ir.md where Python's reading of negative bounds (``x[5:-1:-1]``) or
NumPy's moving of axes (integers and index arrays separated by a slice) would differ: then there is a
second subscript of the view that the first one gives.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ..ir.dims import Dim
from ..ir.nodes import At, Gather, Index, New, Span

DimPrinter = Callable[[Dim], ast.expr]
Items = list[ast.expr]

FULL = ast.Slice()


def subscripts(index: Index, shape: Sequence[Dim], operands: Sequence[ast.expr], dim: DimPrinter) -> list[Items]:
    """One or two lists of subscript items, to be applied one after the other to an array of `shape`."""
    first: Items = []
    second: Items = []
    has_gather = any(isinstance(item, Gather) for item in index)
    slices: dict[int, tuple[ast.expr, ast.expr]] = {}
    axis = 0
    for item in index:
        if isinstance(item, Span):
            slices[axis] = _slice(item, shape[axis], dim)
        axis += not isinstance(item, New)
    turned = any(not _is_full(backwards) for _, backwards in slices.values())
    split = has_gather and (turned or _separated(index))
    remaining = iter(operands)
    axis = 0
    for item in index:
        if isinstance(item, New):
            # after a split the new axis belongs to the second subscript
            (second if split else first).append(ast.Constant(None))
            if not split:
                second.append(FULL)
            continue
        if isinstance(item, At):
            first.append(next(remaining))
        elif isinstance(item, Gather):
            if split:
                first.append(FULL)
                second.append(next(remaining))
            else:
                first.append(next(remaining))
                second.append(FULL)
        else:
            forwards, backwards = slices[axis]
            first.append(forwards)
            second.append(backwards)
        axis += 1
    while second and _is_full(second[-1]):
        second.pop()
    return [first, second] if second else [first]


def _separated(index: Index) -> bool:
    """Whether NumPy would not see one block of integer indices where the index arrays are."""
    advanced = [k for k, item in enumerate(index) if isinstance(item, (At, Gather))]
    if not any(isinstance(item, At) for item in index):
        return False
    return advanced != list(range(advanced[0], advanced[-1] + 1))


def _is_full(item: ast.expr) -> bool:
    return isinstance(item, ast.Slice) and item.lower is None and item.upper is None and item.step is None


def _slice(span: Span, extent: Dim, dim: DimPrinter) -> tuple[ast.expr, ast.expr]:
    """The slice, and one to reverse it by afterwards where it runs backwards in a way that Python's
    negative bounds cannot say."""
    start, size, step = span.start, span.size, span.step
    if step > 0:
        return _forwards(start, size, step, extent, dim), FULL
    stop = start + size * step
    by = ast.Constant(step)
    if start == extent - 1 and size == extent and step == -1:
        return ast.Slice(step=by), FULL
    if stop == -1 and start == extent - 1:
        return ast.Slice(step=by), FULL
    if stop == -1 and _surely_not_negative(start):  # it is -1 where the slice is empty
        return ast.Slice(lower=dim(start), step=by), FULL
    if _surely_not_negative(stop) and _surely_not_negative(start):
        return ast.Slice(lower=dim(start), upper=dim(stop), step=by), FULL
    return _forwards(span.last, size, -step, extent, dim), ast.Slice(step=ast.Constant(-1))


def _forwards(start: Dim, size: Dim, step: int, extent: Dim, dim: DimPrinter) -> ast.expr:
    lower = None if start == 0 else dim(_from_end(start, extent))
    by = None if step == 1 else ast.Constant(step)
    if step == 1:
        stop = start + size
        upper = None if stop == extent else dim(_from_end(stop, extent))
    elif size == (extent - start + (step - 1)) // step:
        upper = None
    else:
        # may lie beyond the end, which Python cuts off; never before the start, also when size is 0
        upper = dim(start + size * step)
    return ast.Slice(lower=lower, upper=upper, step=by)


def _from_end(place: Dim, extent: Dim) -> Dim:
    """``n0 - 1`` as ``-1`` where the extent is not a constant."""
    distance = place - extent
    if distance.is_const and distance.const < 0 and not extent.is_const:
        return distance
    return place


def _surely_not_negative(d: Dim) -> bool:
    return not d.has_values and all(c >= 0 and all(isinstance(a, str) for a in m) for m, c in d.terms)


def subscript(base: ast.expr, chain: list[Items], store: bool = False) -> ast.expr:
    """``base[...][...]``."""
    for k, items in enumerate(chain):
        inner: ast.expr = items[0] if len(items) == 1 else ast.Tuple(elts=items, ctx=ast.Load())
        base = ast.Subscript(value=base, slice=inner, ctx=ast.Store() if store and k == len(chain) - 1 else ast.Load())
    return base


def as_object(items: Items) -> ast.expr:
    """The items as an index object that can be passed to ``np.add.at``."""

    def one(item: ast.expr) -> ast.expr:
        if not isinstance(item, ast.Slice):
            return item
        parts = [x or ast.Constant(None) for x in (item.lower, item.upper, item.step)]
        if item.step is None:
            parts.pop()
            if item.lower is None:
                parts.pop(0)
        return ast.Call(func=ast.Name("slice", ast.Load()), args=parts, keywords=[])

    objects = [one(item) for item in items]
    return objects[0] if len(objects) == 1 else ast.Tuple(elts=objects, ctx=ast.Load())
