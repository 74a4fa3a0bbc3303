"""Memory of native code: allocation, filling, copying, reshaping of C-contiguous arrays, and growing tapes.

The functions work under plain Python; inside Numba (`numba_arrays`) each is a few instructions.
A tape is a one-dimensional buffer; generated code counts the elements in use.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def empty(shape: Any, dtype: Any) -> Any:
    """A new array with undefined elements."""
    return np.empty(shape, dtype)


def full(shape: Any, value: Any, dtype: Any) -> Any:
    """A new array whose elements are all `value`."""
    return np.full(shape, value, dtype)


def fill(a: Any, value: Any) -> None:
    """Set all elements of `a`."""
    a[...] = value


def copy(a: Any) -> Any:
    """A new array with the same elements."""
    return a.copy()


def assign(target: Any, source: Any) -> None:
    """Copy the elements of `source` to `target`, which has the same shape and dtype and does not overlap it."""
    target[...] = source


def part(arena: Any, offset: Any, shape: Any, dtype: Any) -> Any:
    """An array in the memory of `arena` (bytes) from `offset` on, with undefined elements."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return arena[offset : offset + size].view(dtype).reshape(shape)


def retire(a: Any) -> None:
    """Say that the memory of a `part` may become that of another one: nothing reads `a` any more."""


def reshape(a: Any, shape: Any) -> Any:
    """The same memory with another shape of the same size."""
    return a.reshape(shape)


def block(a: Any, start: Any, shape: Any) -> Any:
    """The array of `shape` in the memory of `a` from element ``a[start + (0, ...)]`` on."""
    size = int(np.prod(shape))
    flat = a.reshape(a.size)
    first = int(np.ravel_multi_index((*start, *[0] * (a.ndim - len(start))), a.shape)) if size else 0
    return flat[first : first + size].reshape(shape)


def grow(tape: Any, needed: Any) -> Any:
    """A buffer of at least `needed` elements, and at least twice the size of `tape`, that starts with its elements."""
    larger = np.empty(max(2 * tape.size, needed), tape.dtype)
    larger[: tape.size] = tape
    return larger


def put(tape: Any, start: Any, values: Any) -> None:
    """Write the elements of an array of the tape's dtype to the tape from position `start` on."""
    tape[start : start + values.size] = values.reshape(values.size)


def take(tape: Any, start: Any, shape: Any) -> Any:
    """A new array of this shape with the elements of the tape from position `start` on."""
    size = 1
    for n in shape:
        size *= n
    return tape[start : start + size].copy().reshape(shape)
