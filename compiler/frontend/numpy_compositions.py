"""NumPy functions that are compositions of others, written in the language itself, with NumPy's signatures.

See `numpy_table.composed`. Parameters named in its ``static`` are known at compile time.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special

from .numpy_library import stop_gradient
from .numpy_table import composed


# -- polynomials: coefficients from the highest power --------------------------------------------------
@composed(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    coefficients = np.asarray(p)
    at = np.asarray(x)
    value = np.zeros(np.shape(at), dtype=np.result_type(coefficients, at))
    for c in coefficients:
        value = value * at + c
    return value


@composed(np.polynomial.polynomial.polyval)
def polynomial_value(x: Any, c: Any) -> Any:
    coefficients, at = np.asarray(c) + 0.0, np.asarray(x)
    value = coefficients[-1] + at * 0.0
    for k in range(1, coefficients.shape[0]):
        value = coefficients[-1 - k] + value * at
    return value


@composed(np.polynomial.chebyshev.chebval)
def chebyshev_value(x: Any, c: Any) -> Any:
    """Clenshaw's recurrence."""
    coefficients, at = np.asarray(c) + 0.0, np.asarray(x)
    b1 = b2 = at * 0.0
    for k in range(coefficients.shape[0] - 1):
        b1, b2 = coefficients[-1 - k] + 2.0 * at * b1 - b2, b1
    return coefficients[0] + at * b1 - b2


@composed(np.linalg.cross, static="axis")
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.cross(x1, x2, axis=axis)


@composed(np.vander, static="increasing")
def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    points = np.asarray(x)
    powers = np.arange(points.shape[0] if N is None else N)
    return points[:, None] ** (powers if increasing else powers[::-1])


@composed(np.polyfit, static="deg full cov")
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False) -> Any:
    if full or cov:
        raise NotImplementedError("np.polyfit gives the coefficients only: full and cov are not supported")
    points = np.asarray(x) + 0.0
    values = np.asarray(y) + 0.0
    if np.ndim(points) != 1:
        raise TypeError("expected 1D vector for x")
    if points.shape[0] != values.shape[0]:
        raise TypeError("expected x and y to have same length")
    basis = np.vander(points, deg + 1)
    if w is not None:
        weights = np.asarray(w) + 0.0
        basis = basis * weights[:, None]
        values = values * (weights if np.ndim(values) == 1 else weights[:, None])
    scale = stop_gradient(np.sqrt(np.sum(basis * basis, axis=0)))
    least = points.shape[0] * 2.220446049250313e-16 if rcond is None else rcond
    solution = np.linalg.pinv(basis / scale, least) @ values
    return solution / scale if np.ndim(values) == 1 else solution / scale[:, None]


@composed(np.polyder, static="m")
def polyder(p: Any, m: Any = 1) -> Any:
    out = np.asarray(p)
    for _ in range(m):
        n = out.shape[0] - 1
        out = out[:-1] * np.arange(n, 0, -1)
    return out


@composed(np.polyint, static="m")
def polyint(p: Any, m: Any = 1, k: Any = 0) -> Any:
    out = np.asarray(p)
    for _ in range(m):
        n = out.shape[0]
        out = np.append(out / np.arange(n, 0, -1), k)
    return out


@composed(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(a1, a2)


def _longer(a: Any, n: Any) -> Any:
    return np.concatenate((np.zeros(n - a.shape[0], dtype=a.dtype), a))


@composed(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    a, b = np.asarray(a1), np.asarray(a2)
    n = max(a.shape[0], b.shape[0])
    return _longer(a, n) + _longer(b, n)


@composed(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    a, b = np.asarray(a1), np.asarray(a2)
    n = max(a.shape[0], b.shape[0])
    return _longer(a, n) - _longer(b, n)


# -- windows -------------------------------------------------------------------------------------------
def _cosines(M: Any, a: float, b: float, c: float) -> Any:
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    n = np.arange(1 - M, M, 2)
    wave = a + b * np.cos(math.pi * n / (M - 1))
    return wave if c == 0.0 else wave + c * np.cos(2.0 * math.pi * n / (M - 1))


@composed(np.hanning)
def hanning(M: Any) -> Any:
    return _cosines(M, 0.5, 0.5, 0.0)


@composed(np.hamming)
def hamming(M: Any) -> Any:
    return _cosines(M, 0.54, 0.46, 0.0)


@composed(np.blackman)
def blackman(M: Any) -> Any:
    return _cosines(M, 0.42, 0.5, 0.08)


@composed(np.bartlett)
def bartlett(M: Any) -> Any:
    if M < 1:
        return np.zeros(0)
    if M == 1:
        return np.ones(1)
    n = np.arange(1 - M, M, 2)
    return np.where(n <= 0, 1 + n / (M - 1), 1 - n / (M - 1))


@composed(np.i0)
def i0(x: Any) -> Any:
    return scipy.special.i0(np.asarray(x, dtype=np.float64))


@composed(np.kaiser)
def kaiser(M: Any, beta: Any) -> Any:
    if M == 1:
        return np.ones(1)
    middle = (M - 1) / 2.0
    return np.i0(beta * np.sqrt(1 - ((np.arange(0, M) - middle) / middle) ** 2)) / np.i0(beta)


# -- scales and angles ---------------------------------------------------------------------------------
@composed(np.geomspace, static="endpoint")
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True) -> Any:
    steps = np.linspace(0.0, np.log(stop / start), num, endpoint)
    out = start * np.exp(steps)
    if num > 0:
        out[0] = start
    if endpoint and num > 1:
        out[-1] = stop
    return out


@composed(np.unwrap, static="axis")
def unwrap(p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2.0 * math.pi) -> Any:
    moved = np.moveaxis(np.asarray(p) + 0.0, axis, -1)
    step = moved[..., 1:] - moved[..., :-1]
    limit = period / 2.0
    folded = np.mod(step + limit, period) - limit
    folded = np.where(np.logical_and(folded == -limit, step > 0), limit, folded)
    jump = np.where(np.abs(step) < (limit if discont is None else np.maximum(discont, limit)), 0.0, folded - step)
    out = moved.copy()
    out[..., 1:] = moved[..., 1:] + np.cumsum(jump, axis=-1)
    return np.moveaxis(out, -1, axis)


@composed(np.ldexp)
def ldexp(x1: Any, x2: Any) -> Any:
    return x1 * np.power(2.0, x2)


# -- along axes ----------------------------------------------------------------------------------------
@composed(np.apply_along_axis, static="axis")
def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    moved = np.moveaxis(np.asarray(arr), axis, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    first = np.asarray(func1d(rows[0], *args, **kwargs))
    out = np.empty((rows.shape[0], *first.shape), dtype=first.dtype)
    out[0] = first
    for k in range(1, rows.shape[0]):
        out[k] = func1d(rows[k], *args, **kwargs)
    result = out.reshape(*moved.shape[:-1], *first.shape)
    return np.moveaxis(result, -1, axis) if np.ndim(first) == 1 else result


def vectorized(function: Any, dtype: Any, *args: Any) -> Any:
    """What ``np.vectorize(function)`` does: the function of each number, of the dtype that the first result has."""
    arrays = np.broadcast_arrays(*args)
    flat = [np.ravel(a) for a in arrays]
    size = flat[0].shape[0]
    if dtype is None:
        if size == 0:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        first = one_kind(function, *[a[0] for a in flat])
        if isinstance(first, (tuple, list)):
            raise NotImplementedError("np.vectorize of a function with several results is not supported")
        dtype = np.asarray(first).dtype
    out = np.empty(size, dtype=dtype)
    for k in range(size):
        out[k] = function(*[a[k].item() for a in flat])
    return out.reshape(np.shape(arrays[0]))


def one_kind(function: Any, *args: Any) -> Any:
    """The result of a function, which must not be an int on one path and a float on another: an entry of the table."""
    return function(*args)


@composed(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    steps = np.diff(np.ravel(ary))
    if to_begin is not None:
        steps = np.concatenate((np.ravel(to_begin), steps), dtype=steps.dtype)
    if to_end is not None:
        steps = np.concatenate((steps, np.ravel(to_end)), dtype=steps.dtype)
    return steps


@composed(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    flat = np.ravel(a)
    shape = new_shape if isinstance(new_shape, tuple) else (new_shape,)
    places = np.arange(math.prod(shape)) % flat.shape[0]
    return flat[places].reshape(shape)


@composed(np.fromfunction, static="dtype")
def fromfunction(function: Any, shape: Any, *, dtype: Any = float) -> Any:
    return function(*np.indices(shape, dtype=dtype))


# -- selections ------------------------------------------------------------------------------------------
@composed(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any) -> Any:
    points = np.atleast_1d(np.asarray(x))
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    masks = [np.atleast_1d(np.asarray(c)) for c in conditions]
    out = np.zeros_like(points)
    if len(funclist) == len(masks) + 1:
        covered = masks[0]
        for mask in masks[1:]:
            covered = np.logical_or(covered, mask)
        masks.append(np.logical_not(covered))
    for mask, f in zip(masks, funclist, strict=True):
        out[mask] = f(points[mask], *args) if callable(f) else f
    return out if np.ndim(x) else out[0]


@composed(np.compress, static="axis")
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    chosen = np.nonzero(np.asarray(condition))[0]
    return np.take(a, chosen, axis=axis)


@composed(method="compress", static="axis")
def compress_method(a: Any, condition: Any, axis: Any = None) -> Any:
    return np.compress(condition, a, axis=axis)


@composed(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[np.nonzero(np.ravel(condition))[0]]


@composed(np.isin, static="invert")
def isin(element: Any, test_elements: Any, *, invert: Any = False) -> Any:
    values = np.asarray(element)
    found = np.zeros(np.shape(values), dtype=bool)
    for t in np.ravel(test_elements):
        found = np.logical_or(found, values == t)
    return np.logical_not(found) if invert else found


@composed(np.insert, static="axis")
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    a = np.ravel(arr) if axis is None else np.asarray(arr)
    along = 0 if axis is None else axis
    moved = np.moveaxis(a, along, 0)
    n = moved.shape[0]
    given = np.asarray(values, dtype=a.dtype)
    if np.ndim(obj) != 0:
        return np.moveaxis(_inserted(moved, np.asarray(obj), given, along), 0, along)
    if not -n <= obj <= n:
        raise IndexError(f"index {obj} is out of bounds for axis {along} with size {n}")
    at = obj + n if obj < 0 else obj
    if np.ndim(moved) == 1:
        new = np.ravel(given)
    else:
        new = np.broadcast_to(given, (1, *moved.shape[1:]))
    return np.moveaxis(np.concatenate((moved[:at], new, moved[at:]), axis=0), 0, along)


def _inserted(moved: Any, places: Any, given: Any, along: Any) -> Any:
    """With values before several places along the first axis."""
    n, count = moved.shape[0], places.shape[0]
    if np.any(np.logical_or(places < -n, places > n)):
        raise IndexError(f"index out of bounds for axis {along} with size {n}")
    before = np.where(places < 0, places + n, places)
    order = np.argsort(before, kind="stable")
    new = np.empty(count, dtype=np.int64)
    new[order] = before[order] + np.arange(count)
    old = np.ones(n + count, dtype=bool)
    old[new] = False
    out = np.empty((n + count, *moved.shape[1:]), dtype=moved.dtype)
    out[new] = given if np.ndim(given) < 2 or along == 0 else np.moveaxis(given, along, 0)
    out[np.nonzero(old)[0][:n]] = moved
    return out


def deleted(moved: Any, places: Any) -> Any:
    """Without several places along the first axis: integers, a slice or a mask."""
    kept = np.ones(moved.shape[0], dtype=bool)
    kept[places] = False
    return moved[kept]


@composed(np.put, method="put", static="mode")
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> Any:
    places = np.ravel(ind)
    given = np.ravel(v)
    new = given[np.arange(places.shape[0]) % given.shape[0]]
    n = a.size
    if mode == "wrap":
        places = places % n
    elif mode == "clip":
        places = np.clip(places, 0, n - 1)
    flat = np.reshape(a, -1).copy()
    flat[places] = new
    a[...] = flat.reshape(a.shape)


@composed(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> Any:
    given = np.ravel(values)
    flat = given[np.arange(a.size) % given.shape[0]]
    a[...] = np.where(mask, flat.reshape(a.shape), a)


@composed(np.place)
def place(arr: Any, mask: Any, vals: Any) -> Any:
    given = np.ravel(vals)
    chosen = np.ravel(mask) != 0
    turn = np.cumsum(chosen) - 1
    if given.shape[0] == 0:
        if np.any(chosen):
            raise ValueError("Cannot insert from an empty array!")
    else:
        flat = given[turn % given.shape[0]]
        arr[...] = np.where(chosen.reshape(arr.shape), flat.reshape(arr.shape), arr)


@composed(np.fill_diagonal, static="wrap")
def fill_diagonal(a: Any, val: Any, wrap: Any = False) -> Any:
    n = min(a.shape)
    if wrap and np.ndim(a) == 2:
        steps = np.arange((a.size + a.shape[1]) // (a.shape[1] + 1)) * (a.shape[1] + 1)
        values = np.ravel(val)
        a[steps // a.shape[1], steps % a.shape[1]] = values[np.arange(steps.shape[0]) % values.shape[0]]
        return
    places = np.arange(n)
    given = np.ravel(val)
    new = given[places % given.shape[0]]
    if np.ndim(a) == 2:
        a[places, places] = new
    elif np.ndim(a) == 3:
        a[places, places, places] = new
    elif np.ndim(a) < 2:
        raise ValueError("array must be at least 2-d")
    else:
        raise NotImplementedError("np.fill_diagonal takes arrays of two or three axes here")


# -- updates one after the other: repeated indices count ---------------------------------------------------
def _one_by_one(combine: Any, a: Any, indices: Any, b: Any) -> Any:
    places = np.ravel(indices)
    new = np.broadcast_to(b, (*np.shape(indices), *a.shape[1:])).reshape(places.shape[0], *a.shape[1:])
    for k in range(places.shape[0]):
        a[places[k]] = combine(a[places[k]], new[k])


for _ufunc in (np.multiply, np.divide, np.maximum, np.minimum):
    composed(_ufunc.at)(functools.partial(_one_by_one, _ufunc))
