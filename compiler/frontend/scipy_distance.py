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


# -- of two vectors ------------------------------------------------------------------------------------
def vectors(u: Any, v: Any) -> Any:
    a, b = np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError("Input vector should be 1-D.")
    return a, b


@composed(scipy.spatial.distance.euclidean)
def euclidean(u: Any, v: Any, w: Any = None) -> Any:
    return np.sqrt(sqeuclidean(u, v, w))


@composed(scipy.spatial.distance.sqeuclidean)
def sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    a, b = vectors(u, v)
    d = a - b
    return d @ d if w is None else (w * d) @ d


@composed(scipy.spatial.distance.cityblock)
def cityblock(u: Any, v: Any, w: Any = None) -> Any:
    a, b = vectors(u, v)
    d = np.abs(a - b)
    return np.sum(d if w is None else w * d)


@composed(scipy.spatial.distance.chebyshev)
def chebyshev(u: Any, v: Any) -> Any:
    a, b = vectors(u, v)
    return np.max(np.abs(a - b))


@composed(scipy.spatial.distance.minkowski)
def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    a, b = vectors(u, v)
    if p <= 0:
        raise ValueError("p must be greater than 0")
    d = np.abs(a - b) ** p
    return np.sum(d if w is None else w * d) ** (1.0 / p)


@composed(scipy.spatial.distance.cosine)
def cosine(u: Any, v: Any, w: Any = None) -> Any:
    a, b = vectors(u, v)
    wa, wb = (a, b) if w is None else (w * a, w * b)
    return 1.0 - (wa @ b) / np.sqrt((wa @ a) * (wb @ b))


@composed(scipy.spatial.distance.mahalanobis)
def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    a, b = vectors(u, v)
    d = a - b
    return np.sqrt(d @ VI @ d)
