"""Sorting of the rows of a matrix into given memory, under plain Python and inside Numba."""

from __future__ import annotations

from typing import Any

from numpy import int64

from .arrays import empty


def sort_rows(x: Any, out: Any) -> None:
    """Each row in ascending order, NaN last."""
    n = x.shape[1]
    first, second = empty((n,), int64), empty((n,), int64)
    for i in range(x.shape[0]):
        order = ordered(x, i, first, second)
        for j in range(n):
            out[i, j] = x[i, order[j]]


def argsort_rows(x: Any, out: Any) -> None:
    """The stable ascending order of each row, NaN last."""
    n = x.shape[1]
    first, second = empty((n,), int64), empty((n,), int64)
    for i in range(x.shape[0]):
        order = ordered(x, i, first, second)
        for j in range(n):
            out[i, j] = order[j]


def ordered(x: Any, i: Any, source: Any, target: Any) -> Any:
    """Indices that sort row i, by merging runs of doubling length from one of the two buffers into the other."""
    n = x.shape[1]
    for k in range(n):
        source[k] = k
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle = low + width if low + width < n else n
            high = low + 2 * width if low + 2 * width < n else n
            left, right = low, middle
            for k in range(low, high):
                take_left = right >= high
                if left < middle and not take_left:
                    a, b = x[i, source[left]], x[i, source[right]]
                    # a before b unless b is smaller; NaN counts as larger than all
                    take_left = not (b < a or (a != a and b == b))
                if take_left:
                    target[k] = source[left]
                    left += 1
                else:
                    target[k] = source[right]
                    right += 1
        source, target = target, source
        width *= 2
    return source


FROM_PYTHON = (sort_rows, argsort_rows, ordered)
