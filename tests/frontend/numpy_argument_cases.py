"""Rows of `numpy_cases` for arguments, methods and functions that are less common."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

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

# -- statistics --------------------------------------------------------------------------------------------
for _f in (np.var, np.std):
    row(_f, A, where=A > 0)
    row(_f, F, axis=0, where=F > -2, ddof=1, keepdims=True)
    row(_f, A, axis=1, mean=np.mean(A, axis=1, keepdims=True))
    row(_f, F, axis=0, correction=1)
row(np.cov, A, aweights=np.abs(V))
row(np.cov, A, fweights=[1, 2, 1, 1])
row(np.cov, V, A[0], fweights=np.array([1, 2, 1, 1]), aweights=np.abs(V), bias=True)
row(np.average, A, axis=0, weights=np.abs(A), returned=True)
row(np.average, F, axis=1, returned=True)
row(np.average, A, axis=1, weights=V, returned=True, keepdims=True)
row(np.histogram, np.ones(3), 2)
row(np.histogram, EMPTY, 3)
row(np.histogram_bin_edges, W, 4, (-1.0, 2.0))
for _edges in ([-1.0, 0.0, 1.0], [1.0, 0.0, -1.0]):
    row(np.digitize, W, np.array(_edges))
    row(np.digitize, A, np.array(_edges), right=True)
for _method in ("lower", "higher", "nearest", "midpoint"):
    for _q in (0.0, 0.4, 0.5, 1.0):
        row(np.quantile, A, _q, method=_method)
    row(np.percentile, A, [10, 50], axis=1, method=_method)
row(np.interp, W, np.array([-2.0, -1.0, 0.5, 1.0]), V, period=2.5)
row(np.interp, 400.0, np.array([10.0, 100.0, 190.0, 350.0]), V, period=-360)

# -- insertions, deletions, differences, reductions of ufuncs ------------------------------------------------------
for _places in ([1, 3], [3, 1], [1, 1], [-1, 0]):
    row(np.insert, W, _places, [7.0, 8.0])
    row(np.delete, W, _places)
row(np.insert, A, [0, 2], 1.5, axis=1)
row(np.insert, A, [1, 1], A[:2], axis=0)
row(np.delete, A, [0, 1], axis=1)
row(np.delete, W, W > 0)
row(np.delete, A, slice(None, None, 2), axis=1)
row(np.ediff1d, A, to_begin=0.0, to_end=[1.0, 2.0])
row(np.add.reduce, A, initial=2.0)
row(np.multiply.reduce, A, axis=1, where=A > 0)
row(np.maximum.reduce, A, axis=None, initial=0.0)
row(np.minimum.reduce, A, axis=1, initial=0.1, where=A > 0)
row(np.hypot.reduce, A)
row(scipy.special.logsumexp, A, b=np.abs(A))
row(scipy.special.logsumexp, A, axis=1, b=np.array([1.0, 2.0, 0.0, 1.0]), keepdims=True)
row(np.cov, F)
row(np.corrcoef, F)
row(np.histogram, F, 3, (-1.0, 1.0))
row(np.histogram, F, 3)
row(np.histogram, K, 3)
row(np.quantile, F, [0, 1], method="midpoint")
row(np.quantile, F, 0.5, method="midpoint")
