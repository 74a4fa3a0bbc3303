"""NumPy's statistics that are compositions of others, written in the language itself (see `numpy_table.composed`)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .numpy_table import composed


@composed(np.cov, static="rowvar bias ddof")
def cov(
    m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None,
) -> Any:  # fmt: skip
    rows = np.atleast_2d(np.asarray(m, dtype=float))
    if not rowvar and np.ndim(m) > 1:
        rows = rows.T
    if y is not None:
        others = np.atleast_2d(np.asarray(y, dtype=float))
        if not rowvar and np.ndim(y) > 1:
            others = others.T
        rows = np.concatenate((rows, others), axis=0)
    less = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        centred = rows - np.mean(rows, axis=1, keepdims=True)
        return np.squeeze(centred @ centred.T / max(rows.shape[1] - less, 0))
    counts = np.ones(rows.shape[1]) if fweights is None else np.asarray(fweights, dtype=float)
    weights = np.ones(rows.shape[1]) if aweights is None else np.asarray(aweights, dtype=float)
    for w in (counts, weights):
        if np.shape(w) != (rows.shape[1],):
            raise RuntimeError("incompatible numbers of samples and weights")
    both = counts * weights
    total = np.sum(both)
    spread = 1.0 if aweights is None else np.sum(both * weights) / total
    centred = rows - np.sum(rows * both, axis=1, keepdims=True) / total
    return np.squeeze((centred * both) @ centred.T / np.maximum(total - less * spread, 0.0))


@composed(np.corrcoef, static="rowvar")
def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Any:
    c = np.cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    spread = np.sqrt(np.diag(c))
    return np.clip(c / spread[:, None] / spread[None, :], -1.0, 1.0)


@composed(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    if np.ndim(bins) != 0:
        edges = np.asarray(bins)
        if np.any(edges[1:] < edges[:-1]):
            raise ValueError("`bins` must increase monotonically, when an array")
        return edges
    if bins < 1:
        raise ValueError("`bins` must be positive, when an integer")
    x = np.ravel(a)
    low, high = ((np.min(x), np.max(x)) if x.shape[0] > 0 else (0.0, 1.0)) if range is None else range
    if low > high:
        raise ValueError("max must be larger than min in range parameter.")
    alike = low == high
    edges = np.linspace(np.where(alike, low - 0.5, low), np.where(alike, high + 0.5, high), bins + 1)
    return edges.astype(np.result_type(low, high, x)) if np.issubdtype(x.dtype, np.floating) else edges


@composed(np.histogram, static="density")
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    x = np.ravel(a)
    edges = np.histogram_bin_edges(a, bins, range)
    n = edges.shape[0] - 1
    inside = np.logical_and(x >= edges[0], x <= edges[-1])
    place = np.minimum(np.maximum(np.searchsorted(edges, x, side="right") - 1, 0), n - 1)
    if weights is None:
        counts = np.zeros(n, dtype=np.int64)
        np.add.at(counts, place, inside.astype(np.int64))
    else:
        if np.shape(weights) != np.shape(a):
            raise ValueError("weights should have the same shape as a.")
        w = np.ravel(weights)
        counts = np.zeros(n, dtype=w.dtype)
        np.add.at(counts, place, np.where(inside, w, 0))
    if density:
        counts = counts / np.diff(edges) / np.sum(counts)
    return counts, edges


@composed(np.digitize, static="right")
def digitize(x: Any, bins: Any, right: Any = False) -> Any:
    edges = np.asarray(bins)
    side: Any = "left" if right else "right"
    if np.all(edges[1:] >= edges[:-1]):
        places = np.searchsorted(edges, x, side=side)
    else:
        if not np.all(edges[1:] <= edges[:-1]):
            raise ValueError("bins must be monotonically increasing or decreasing")
        places = edges.shape[0] - np.searchsorted(edges[::-1], x, side=side)
    return places


@composed(np.nanargmax, static="axis")
def nanargmax(a: Any, axis: Any = None) -> Any:
    if np.any(np.all(np.isnan(a), axis=axis)):
        raise ValueError("All-NaN slice encountered")
    return np.argmax(np.where(np.isnan(a), -math.inf, a), axis=axis)


@composed(np.nanargmin, static="axis")
def nanargmin(a: Any, axis: Any = None) -> Any:
    if np.any(np.all(np.isnan(a), axis=axis)):
        raise ValueError("All-NaN slice encountered")
    return np.argmin(np.where(np.isnan(a), math.inf, a), axis=axis)
