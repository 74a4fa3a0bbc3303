"""Sorting of the rows of a matrix into given memory, under plain Python and inside Numba."""

from __future__ import annotations

from typing import Any

import numpy as np


def sort_rows(x: Any, out: Any) -> None:
    """Each row in ascending order, NaN last."""
    for i in range(x.shape[0]):
        out[i] = x[i][ordered(x[i])]


def argsort_rows(x: Any, out: Any) -> None:
    """The stable ascending order of each row, NaN last."""
    for i in range(x.shape[0]):
        out[i] = ordered(x[i])


def ordered(row: Any) -> Any:
    """Indices that sort a row, by merging runs of doubling length from one buffer into the other."""
    n = row.shape[0]
    source, target = np.arange(n), np.empty(n, np.int64)
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            left, right = low, middle
            for k in range(low, high):
                take_left = right >= high
                if left < middle and not take_left:
                    a, b = row[source[left]], row[source[right]]
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
