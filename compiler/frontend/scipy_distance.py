"""Distances of `scipy.spatial.distance`. Imported when a program's process has that imported."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.spatial.distance

from .numpy_table import composed


def lengths(d: Any, metric: str) -> Any:
    """Of differences along the last axis."""
    if metric == "euclidean":
        return np.linalg.norm(d, axis=-1)
    if metric == "sqeuclidean":
        return np.sum(d * d, axis=-1)
    if metric == "cityblock":
        return np.sum(np.abs(d), axis=-1)
    if metric == "chebyshev":
        return np.max(np.abs(d), axis=-1)
    raise NotImplementedError("the metrics are 'euclidean', 'sqeuclidean', 'cityblock' and 'chebyshev'")


@composed(scipy.spatial.distance.cdist, static="metric")
def cdist(XA: Any, XB: Any, metric: str = "euclidean") -> Any:
    a, b = np.asarray(XA, dtype=np.float64), np.asarray(XB, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError("XA and XB must be 2-dimensional arrays.")
    if a.shape[1] != b.shape[1]:
        raise ValueError("XA and XB must have the same number of columns (i.e. feature dimension.)")
    return lengths(a[:, None, :] - b[None, :, :], metric)


@composed(scipy.spatial.distance.pdist, static="metric")
def pdist(X: Any, metric: str = "euclidean") -> Any:
    a = np.asarray(X, dtype=np.float64)
    if a.ndim != 2:
        raise ValueError("A 2-dimensional array must be passed.")
    i, j = np.triu_indices(a.shape[0], 1)
    return lengths(a[i] - a[j], metric)
