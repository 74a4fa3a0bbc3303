"""Rules of `scipy.integrate` for samples. Imported when a program's process has `scipy.integrate` imported."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate

from .numpy_table import composed


@composed(scipy.integrate.trapezoid, static="axis")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(y, x, dx, axis)


@composed(scipy.integrate.cumulative_trapezoid, static="axis")
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    values = np.moveaxis(np.asarray(y), axis, -1)
    means = 0.5 * (values[..., 1:] + values[..., :-1])
    if x is None:
        areas = means * dx
    else:
        places = np.asarray(x)
        areas = means * (np.diff(places) if places.ndim == 1 else np.moveaxis(np.diff(places, axis=axis), axis, -1))
    total = np.cumsum(areas, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ValueError("`initial` must be `None` or `0`.")
        total = np.concatenate((np.zeros((*total.shape[:-1], 1)), total), axis=-1)
    return np.moveaxis(total, -1, axis)


@composed(scipy.integrate.simpson, static="axis")
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    values = np.moveaxis(np.asarray(y), axis, -1)
    n = values.shape[-1]
    if x is None:
        widths = np.full(n - 1, dx)
    else:
        places = np.asarray(x)
        widths = np.diff(places) if places.ndim == 1 else np.moveaxis(np.diff(places, axis=axis), axis, -1)
    if n == 2:
        return 0.5 * widths[..., 0] * (values[..., 0] + values[..., 1])
    m = n if n % 2 == 1 else n - 1
    h0, h1 = widths[..., 0 : m - 1 : 2], widths[..., 1 : m - 1 : 2]
    both = h0 + h1
    first, middle, last = values[..., 0 : m - 2 : 2], values[..., 1 : m - 1 : 2], values[..., 2:m:2]
    parts = first * (2.0 - h1 / h0) + middle * (both * both / (h0 * h1)) + last * (2.0 - h0 / h1)
    total = np.sum(both / 6.0 * parts, axis=-1)
    if n % 2 == 1:
        return total
    a, b = widths[..., -2], widths[..., -1]  # the last interval, by the parabola through the last three points
    total = total + (2.0 * b * b + 3.0 * a * b) / (6.0 * (a + b)) * values[..., -1]
    total = total + (b * b + 3.0 * a * b) / (6.0 * a) * values[..., -2]
    return total - b**3 / (6.0 * a * (a + b)) * values[..., -3]
