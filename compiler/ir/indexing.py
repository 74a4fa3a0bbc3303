"""What an `Index` means: the shape of a load, and the NumPy index that reads the same elements.

Guarantees: `indexed_shape` is the shape of ``load a, idx...`` for symbolic extents. `numpy_index` has
the meaning of docs/ir.md also where NumPy itself would move axes to the front (an integer index
separated from an index array by a slice), and raises IndexError for `At` and `Gather` out of bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .dims import ONE, Dim
from .nodes import At, Gather, Index, New, Operand, Span


def operand_count(index: Index) -> int:
    """How many operands the index takes: one for every `At` and `Gather`."""
    return sum(isinstance(item, (At, Gather)) for item in index)


def broadcast_extents(shapes: Iterable[Sequence[Dim]]) -> tuple[Dim, ...]:
    """The NumPy broadcast of shapes; raises ValueError where extents are neither equal nor 1.

    An extent known only at run time may be equal to another one (the frontend adds a check): of the
    two the better known one is the result.
    """
    shapes = [tuple(s) for s in shapes]
    rank = max((len(s) for s in shapes), default=0)
    result = [ONE] * rank
    for shape in shapes:
        for axis, extent in enumerate(shape, rank - len(shape)):
            if result[axis] == extent or extent == 1:
                continue
            if result[axis] != 1 and extent.has_values:
                continue
            if result[axis] != 1 and not result[axis].has_values:
                texts = " ".join("(" + ", ".join(map(str, s)) + ")" for s in shapes)
                raise ValueError(f"shapes do not broadcast together: {texts}")
            result[axis] = extent
    return tuple(result)


def indexed_shape(shape: Sequence[Dim], index: Index, operands: Sequence[Operand]) -> tuple[Dim, ...]:
    """The shape of ``load a, operands... {index}`` where ``a`` has the given shape.

    ``operands`` are those of the `At` and `Gather` items; further ones (the value of a store) are
    ignored. Raises TypeError for an operand of a wrong type, IndexError for too many or too few
    items, ValueError for index arrays that do not broadcast.
    """
    axes = sum(not isinstance(item, New) for item in index)
    if axes != len(shape):
        raise IndexError(f"index of {axes} axes for an array of rank {len(shape)}")
    if len(operands) < operand_count(index):
        raise TypeError(f"index takes {operand_count(index)} operands, got {len(operands)}")
    remaining = iter(operands)
    result: list[Dim] = []
    gathers: list[tuple[Dim, ...]] = []
    place = 0
    for item in index:
        if isinstance(item, Span):
            result.append(item.size)
        elif isinstance(item, New):
            result.append(ONE)
        else:
            x = next(remaining)
            if not x.type.is_int:
                raise TypeError(f"arrays are indexed by integers, not {x.type}")
            if isinstance(item, At):
                if x.type.shape:
                    raise TypeError(f"an integer index must be a scalar, not {x.type}")
            else:
                if not gathers:
                    place = len(result)
                gathers.append(x.type.shape)
    result[place:place] = broadcast_extents(gathers)
    return tuple(result)


def _normalized(i: int, extent: int, axis: int) -> int:
    if not -extent <= i < extent:
        raise IndexError(f"index {i} is out of bounds for axis {axis} with size {extent}")
    return i + extent if i < 0 else i


def _normalized_array(i: np.ndarray, extent: int, axis: int) -> np.ndarray:
    i = i.astype(np.int64)  # as NumPy: narrow dtypes do not hold the extent
    bad = i[(i < -extent) | (i >= extent)]
    if bad.size:
        raise IndexError(f"index {bad.flat[0]} is out of bounds for axis {axis} with size {extent}")
    return np.where(i < 0, i + extent, i)


def numpy_index(
    index: Index, ints: Sequence[int], arrays: Sequence[np.ndarray], shape: Sequence[int]
) -> tuple[Any, ...]:
    """A NumPy index with the meaning of ``index`` on an array of the given shape.

    ``ints`` are the operands of the `At` items and ``arrays`` those of the `Gather` items, both in
    order; the extents in Spans are ints already. Without `Gather` the result is a basic index (reading
    gives a view); with one, every axis gets an index array, laid out in the shape of the result.
    """
    ints_left, arrays_left = iter(ints), iter(arrays)
    gather_shape = np.broadcast_shapes(*(np.shape(a) for a in arrays)) if arrays else ()
    basic: list[Any] = []
    meshed: list[tuple[np.ndarray, int]] = []  # index array of an operand axis, its first result axis
    axis = position = 0
    gather_position = -1
    for item in index:
        if isinstance(item, New):
            basic.append(None)
            position += 1
            continue
        extent = shape[axis]
        if isinstance(item, At):
            i = _normalized(int(next(ints_left)), extent, axis)
            basic.append(i)
            meshed.append((np.asarray(i), 0))
        elif isinstance(item, Span):
            basic.append(_slice(item, extent, axis))
            meshed.append((np.arange(extent)[basic[-1]], position))
            position += 1
        else:
            if gather_position < 0:
                gather_position = position
                position += len(gather_shape)
            a = _normalized_array(np.asarray(next(arrays_left)), extent, axis)
            meshed.append((np.broadcast_to(a, gather_shape), gather_position))
        axis += 1
    if not arrays:
        return tuple(basic)
    rank = position
    return tuple(a.reshape((1,) * start + a.shape + (1,) * (rank - start - a.ndim)) for a, start in meshed)


def _slice(span: Span, extent: int, axis: int) -> slice:
    start, size, step = int(span.start), int(span.size), span.step  # type: ignore[call-overload]
    if size <= 0:
        return slice(0, 0)
    last = start + step * (size - 1)
    if not (0 <= start < extent and 0 <= last < extent):
        raise IndexError(f"slice of {size} from {start} by {step} leaves axis {axis} with size {extent}")
    stop = last + (1 if step > 0 else -1)
    return slice(start, None if stop < 0 else stop, step)


def _numpy_index_of(index: Index, operands: Sequence[Any], shape: Sequence[int]) -> tuple[Any, ...]:
    taking = [item for item in index if isinstance(item, (At, Gather))]
    pairs = list(zip(taking, operands, strict=False))
    ints = [int(x) for item, x in pairs if isinstance(item, At)]
    arrays = [np.asarray(x) for item, x in pairs if isinstance(item, Gather)]
    return numpy_index(index, ints, arrays, shape)


def load(a: np.ndarray, index: Index, operands: Sequence[Any]) -> Any:
    """The elements of ``a`` at the index, as a fresh array (or a NumPy scalar)."""
    a = np.asarray(a)
    loaded = a[_numpy_index_of(index, operands, a.shape)]
    return loaded.copy() if isinstance(loaded, np.ndarray) else loaded


def store(a: np.ndarray, index: Index, operands: Sequence[Any], v: Any) -> np.ndarray:
    """A copy of ``a`` with ``v`` (broadcast and cast) at the index; the last of repeated places wins."""
    result = np.array(a)
    place = _numpy_index_of(index, operands, result.shape)
    with np.errstate(all="ignore"):
        result[place] = np.asarray(v).astype(result.dtype)
    return result


def accum(a: np.ndarray, index: Index, operands: Sequence[Any], v: Any) -> np.ndarray:
    """A copy of ``a`` with ``v`` added at the index; repeated places accumulate."""
    result = np.array(a)
    place = _numpy_index_of(index, operands, result.shape)
    v = np.asarray(v).astype(result.dtype)
    if any(isinstance(item, Gather) for item in index):
        # broadcast first: np.add.at reads beyond the end of a value of fewer axes (NumPy 2.4)
        np.add.at(result, place, np.array(np.broadcast_to(v, result[place].shape)))
    else:
        result[place] += v
    return result
