"""Indices against NumPy, where NumPy keeps axes in place, and against loops elsewhere."""

import itertools

import numpy as np
import pytest

from pullback.ir.dims import Dim
from pullback.ir.indexing import accum, indexed_shape, load, numpy_index, store
from pullback.ir.nodes import At, Gather, New, Span, Value
from pullback.ir.types import INT, array

A = np.arange(3 * 4 * 5, dtype=float).reshape(3, 4, 5)
ITEMS = {"at": At(), "span": Span(1, 2), "back": Span(2, 3, -1), "gather": Gather(), "empty": Span(0, 0)}


def reference(a, index, operands):
    """Axis by axis: spans by take, then integers and index arrays by loops over their broadcast."""
    shape, place, axis = np.broadcast_shapes(*(np.shape(x) for x in operands if np.ndim(x))), None, 0
    operands, taken, result_axes = list(operands), [], []
    for item in index:
        if isinstance(item, New):
            result_axes.append(None)
            continue
        if isinstance(item, Span):
            a = np.take(a, [item.start + item.step * k for k in range(item.size)], axis)
            result_axes.append(axis)
        else:
            if isinstance(item, Gather) and place is None:
                place = len(result_axes)
            taken.append((axis, np.broadcast_to(operands.pop(0), shape)))
        axis += 1
    out = []
    for k in np.ndindex(shape):
        piece = a
        for taken_axis, values in reversed(taken):
            piece = np.take(piece, values[k], taken_axis)
        out.append(piece[tuple(None if axis is None else slice(None) for axis in result_axes)])
    result = np.array(out).reshape(shape + out[0].shape) if out else None
    return np.moveaxis(result, range(len(shape)), range(place or 0, (place or 0) + len(shape)))


@pytest.mark.parametrize("names", list(itertools.product(ITEMS, repeat=3)), ids="-".join)
@pytest.mark.parametrize("new_at", [None, 0, 2])
def test_load_store_and_shape(names, new_at):
    index = [ITEMS[n] for n in names]
    scalars = iter([-1, 2, 1])
    arrays = iter([np.array([[0, -1], [2, 0]]), np.array([1, 1]), np.array([[2], [0]])])
    operands = [next(scalars) if n == "at" else next(arrays) for n in names if n in ("at", "gather")]
    symbolic = tuple(Span(Dim.of(i.start), Dim.of(i.size), i.step) if isinstance(i, Span) else i for i in index)
    types = [INT if np.ndim(x) == 0 else array("i64", *np.shape(x)) for x in operands]
    values = [Value(t) for t in types]
    if new_at is None:
        stored = np.arange(1.0, load(A, tuple(index), operands).size + 1)
        stored = stored.reshape(np.shape(load(A, tuple(index), operands)))
        after = store(A, tuple(index), operands, stored)
        flat = load(np.arange(A.size).reshape(A.shape), tuple(index), operands)
        expected = A.copy().ravel()
        added = A.copy().ravel()
        for k, v in zip(np.ravel(flat), stored.ravel(), strict=True):
            expected[k] = v
            added[k] += v
        np.testing.assert_array_equal(after.ravel(), expected)
        np.testing.assert_array_equal(accum(A, tuple(index), operands, stored).ravel(), added)
    else:
        index.insert(new_at, New())
        symbolic = (*symbolic[:new_at], New(), *symbolic[new_at:])
    got = load(A, tuple(index), operands)
    np.testing.assert_array_equal(got, reference(A, index, operands))
    shape = indexed_shape(tuple(map(Dim.of, A.shape)), symbolic, values)
    assert shape == tuple(map(Dim.of, np.shape(got)))


def test_loads_are_copies_and_basic_indices_views():
    whole = (Span(0, 3), Span(0, 4), Span(0, 5))
    assert not np.shares_memory(load(A, whole, []), A)
    assert np.shares_memory(A[numpy_index(whole, [], [], A.shape)], A)


@pytest.mark.parametrize("i", [3, -4, 100])
def test_out_of_bounds(i):
    with pytest.raises(IndexError, match=f"index {i} is out of bounds for axis 0 with size 3"):
        load(A[:, 0, 0], (At(),), [i])
    with pytest.raises(IndexError, match=f"index {i} is out of bounds for axis 0 with size 3"):
        load(A, (Gather(), Span(0, 0), Span(0, 5)), [np.array([0, i])])
    with pytest.raises(IndexError, match="leaves axis"):
        load(A[:, 0, 0], (Span(0, 4),), [])


def test_shape_errors():
    n = (Dim.of("n0"), Dim.of("n1"))
    with pytest.raises(IndexError, match="1 axes for an array of rank 2"):
        indexed_shape(n, (At(),), [Value(INT)])
    with pytest.raises(ValueError, match="do not broadcast"):
        indexed_shape(n, (Gather(), Gather()), [Value(array("i64", 2)), Value(array("i64", 3))])
    with pytest.raises(TypeError, match="integers"):
        indexed_shape(n, (At(), At()), [Value(array("f64")), Value(INT)])


def test_stored_values_are_cast():
    assert store(np.zeros(2, np.int64), (At(),), [0], 2.7).tolist() == [2, 0]
    assert accum(np.zeros(3), (Gather(),), [np.array([1, 1, -2])], 1.0).tolist() == [0, 3, 0]
