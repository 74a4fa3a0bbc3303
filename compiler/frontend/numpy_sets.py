"""NumPy's functions of sets and of several keys, written in the language itself (see `numpy_table.composed`).

What is unique of an array has as many elements as the values tell: an array of an extent known at run time. An element
among equals passes its derivative to the first of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .numpy_table import composed


def _changes(ordered: Any) -> Any:
    """Where a sorted array goes on with another element; NaNs are one."""
    before, after = ordered[:-1], ordered[1:]
    changed = np.not_equal(before, after)
    if np.issubdtype(ordered.dtype, np.floating):
        changed = np.logical_and(changed, np.logical_not(np.isnan(before)))
    return np.concatenate((np.ones(min(ordered.shape[0], 1), dtype=bool), changed))


@composed(np.unique, static="return_index return_inverse return_counts axis equal_nan sorted")
def unique(
    ar: Any, return_index: Any = False, return_inverse: Any = False, return_counts: Any = False, axis: Any = None,
    *, equal_nan: Any = True, sorted: Any = True,
) -> Any:  # fmt: skip
    given = np.asarray(ar)
    if (axis is not None and np.ndim(given) != 1) or not equal_nan:
        raise NotImplementedError("np.unique of rows or columns, or with equal_nan=False, is not supported")
    flat = np.ravel(given)
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    starts = _changes(ordered)
    result = [ordered[starts]]
    if return_index:
        result.append(order[starts])
    if return_inverse:
        inverse = np.empty(flat.shape[0], dtype=np.int64)
        inverse[order] = np.cumsum(starts) - 1
        result.append(inverse.reshape(given.shape))
    if return_counts:
        places = np.nonzero(starts)[0]
        ends = np.concatenate((places[1:], np.full(min(flat.shape[0], 1), flat.shape[0])))
        result.append(ends - places)
    return result[0] if len(result) == 1 else tuple(result)


@composed(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


@composed(np.intersect1d, static="assume_unique return_indices")
def intersect1d(ar1: Any, ar2: Any, assume_unique: Any = False, return_indices: Any = False) -> Any:
    if return_indices:
        raise NotImplementedError("np.intersect1d: return_indices is not supported")
    values = np.unique(ar1)
    return values[np.isin(values, ar2)]


@composed(np.setdiff1d, static="assume_unique")
def setdiff1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    values = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return values[np.isin(values, ar2, invert=True)]


@composed(np.setxor1d, static="assume_unique")
def setxor1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Any:
    first, second = np.unique(ar1), np.unique(ar2)
    mine, yours = first[np.isin(first, second, invert=True)], second[np.isin(second, first, invert=True)]
    return np.sort(np.concatenate((mine, yours)))


@composed(np.lexsort, static="axis")
def lexsort(keys: Any, axis: Any = -1) -> Any:
    columns = [np.asarray(k) for k in keys]
    if len(columns) == 0:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    for c in columns:
        if np.shape(c) != np.shape(columns[0]):
            raise ValueError("all keys need to be the same shape")
    order = np.argsort(columns[0], axis=axis, kind="stable")
    for c in columns[1:]:
        again = np.argsort(np.take_along_axis(c, order, axis), axis=axis, kind="stable")
        order = np.take_along_axis(order, again, axis)
    return order


@composed(np.put_along_axis, static="axis mode")
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> Any:
    if axis is None:
        flat = np.reshape(arr, -1).copy()
        flat[indices] = values
        arr[...] = flat.reshape(arr.shape)
    else:
        moved, places = np.moveaxis(arr, axis, 0), np.moveaxis(indices, axis, 0)
        if np.ndim(moved) == 1:
            moved[places] = values
        else:
            grids = np.ogrid[tuple(slice(n) for n in moved.shape[1:])]
            given = np.moveaxis(np.broadcast_to(values, indices.shape), axis, 0)
            moved[(places, *grids)] = given


@composed(np.cumulative_sum, static="axis dtype include_initial")
def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: Any = False
) -> Any:
    return _cumulative(np.cumsum, 0, x, axis, dtype, out, include_initial)


@composed(np.cumulative_prod, static="axis dtype include_initial")
def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: Any = False
) -> Any:
    return _cumulative(np.cumprod, 1, x, axis, dtype, out, include_initial)


def _cumulative(scan: Any, initial: Any, x: Any, axis: Any, dtype: Any, out: Any, include_initial: Any) -> Any:
    a = np.atleast_1d(x)
    if axis is None:
        if np.ndim(a) != 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        axis = -1
    if not include_initial:
        return scan(a, axis=axis, dtype=dtype, out=out)
    running = np.moveaxis(scan(a, axis=axis, dtype=dtype), axis, 0)
    first = np.full((1, *running.shape[1:]), initial, dtype=running.dtype)
    whole = np.moveaxis(np.concatenate((first, running), axis=0), 0, axis)
    if out is None:
        return whole
    out[...] = whole
    return out


@composed(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    return bool(np.all(np.equal(a1, a2)))


@composed(np.isposinf)
def isposinf(x: Any) -> Any:
    return np.logical_and(np.isinf(x), np.greater(x, 0))


@composed(np.isneginf)
def isneginf(x: Any) -> Any:
    return np.logical_and(np.isinf(x), np.less(x, 0))
