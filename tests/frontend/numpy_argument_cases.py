"""Rows of `numpy_cases` for arguments, methods and functions that are less common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .numpy_cases import A, F, K, V, W
from .numpy_programs import Run

EMPTY, NO_ROWS, NO_COLUMNS = np.zeros(0), np.zeros((0, 3)), np.zeros((3, 0))
ROWS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []


def row(function: Any, *args: Any, **kwargs: Any) -> None:
    ROWS.append((function, args, kwargs))


# -- of no elements ------------------------------------------------------------------------------------
for _f in (np.max, np.min, "max", "min"):
    row(_f, EMPTY, initial=-1.5)
    row(_f, NO_ROWS, axis=0, initial=2.0)
    row(_f, NO_ROWS, axis=(0, 1), initial=2.0, keepdims=True)
    row(_f, NO_COLUMNS, axis=0, initial=2.0)
    row(_f, EMPTY, where=EMPTY > 0, initial=4.0)
    row(_f, V, initial=Run(0.1))
for _f in (np.median, np.nanmedian):
    row(_f, EMPTY)
    row(_f, NO_ROWS, axis=0)
    row(_f, NO_ROWS, axis=1, keepdims=True)
row(np.quantile, NO_ROWS, 0.3, axis=1)

# -- arguments in the other order, and of methods ------------------------------------------------------------
row("compress", A, [True, False, True], axis=0)
row("compress", A, V > 0, axis=1)
row("compress", V, V > 0)
row("argpartition", V, 2)
row("choose", np.array([0, 1, 1, 0]), [V, V * 2])
row(np.choose, np.array([0, 1, 1, 0]), (1.5, V))

# -- splitting -------------------------------------------------------------------------------------------
for _cuts in ([-2], [1, -1], [-3, 2, 10], [3, 1], []):
    row(np.split, W, _cuts)
    row(np.array_split, A, _cuts, axis=1)
row(np.split, W, [Run(1), Run(-1)])

# -- Python's sums and products --------------------------------------------------------------------------
row(math.prod, np.array([2, 3, 4]))
row(math.prod, np.array([2, 3, 4]), start=2)
row(math.prod, np.array([100, 100], np.int8))
row(math.prod, np.array([True, False]))
row(math.prod, F[0])
row(math.prod, [2, Run(3)])
row(math.prod, [Run(2), 1.5], start=Run(2))
row(math.fsum, [Run(2), 1])
row(math.fsum, V)

# -- sets, several keys, places along an axis ----------------------------------------------------------------
GROUPS = np.array([3, 1, 3, 2, 1])
HOLES = np.array([1.0, np.nan, -2.0, np.nan, 1.0])
for _x in (GROUPS, W.round(), HOLES, K, EMPTY, GROUPS > 1, F):
    row(np.unique, _x)
row(np.unique, GROUPS, return_counts=True)
row(np.unique, K, return_index=True, return_inverse=True, return_counts=True)
row(np.unique, EMPTY, return_index=True, return_inverse=True, return_counts=True)
for _f in (np.union1d, np.intersect1d, np.setdiff1d, np.setxor1d):
    row(_f, GROUPS, np.array([3, 3, 7, 2]))
    row(_f, EMPTY, np.array([1.5]))
row(np.lexsort, (V, V.round()))
row(np.lexsort, (A, A.round()))
row(np.lexsort, [A, A.round()], axis=0)
row(np.lexsort, np.stack([W, W.round()]))
row(np.cumulative_sum, A, axis=1)
row(np.cumulative_sum, K, axis=0, dtype=np.float32)
row(np.cumulative_prod, A, axis=0, include_initial=True)
row(np.cumulative_sum, V, include_initial=True)
row(np.isposinf, np.array([np.inf, -np.inf, np.nan, 1.0]))
row(np.isneginf, np.array([np.inf, -np.inf, np.nan, 1.0]))
row(np.array_equiv, np.ones(3), 1.0)
