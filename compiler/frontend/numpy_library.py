"""NumPy functions written in the language itself: the frontend inlines them, so that one definition gives
the value, the derivative and the code.

Arguments that choose a form (axes, flags) are known at compile time. `safe_sqrt` and `stop_gradient` are
entries of the table: calls of them become the ops of that name.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def safe_sqrt(x: Any) -> Any:
    """The square root, with derivative 0 at 0: of norms and standard deviations."""
    return np.sqrt(x)


def stop_gradient(x: Any) -> Any:
    """The same value, taken as a constant by differentiation."""
    return x


def of_items(op: Any, a: Any, b: Any) -> Any:
    """``op(a, b)`` of an array and a single object, item by item."""
    return np.array([op(x, b) for x in a])


# -- elementwise ---------------------------------------------------------------------------------------
def round_int(n: int, power: int) -> int:
    """``round(n, -k)`` of an int for ``power == 10**k``: the nearest multiple, the even one of two."""
    quotient = n // power
    twice = 2 * (n - quotient * power)
    above = twice > power or (twice == power and quotient % 2 == 1)
    return (quotient + 1 if above else quotient) * power


def radians(x: Any) -> Any:
    return x * (math.pi / 180.0)


def degrees(x: Any) -> Any:
    return x * (180.0 / math.pi)


def sinc(x: Any) -> Any:
    y = math.pi * np.where(x == 0, 1.0e-20, x)
    return np.sin(y) / y


def signbit(x: Any) -> Any:
    return np.copysign(1.0, x) < 0


def heaviside(x: Any, at_zero: Any) -> Any:
    above = np.where(x > 0, 1.0, x)  # NaN stays
    return np.where(x < 0, 0.0, np.where(x == 0, at_zero, above))


def logaddexp2(a: Any, b: Any) -> Any:
    return np.logaddexp(a * math.log(2.0), b * math.log(2.0)) / math.log(2.0)


def modf(x: Any) -> Any:
    whole = np.trunc(x)
    rest = np.where(np.isinf(x), 0.0, x - whole)
    return np.copysign(rest, x), whole


def nan_to_num(x: Any, nan: float, high: float, low: float) -> Any:
    bounded = np.where(x == math.inf, high, np.where(x == -math.inf, low, x))
    return np.where(np.isnan(x), nan, bounded)


def isclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    near = np.logical_and(np.abs(a - b) <= atol + rtol * np.abs(b), np.isfinite(b))
    close = np.logical_or(near, np.equal(a, b))
    if equal_nan:
        close = np.logical_or(close, np.logical_and(np.isnan(a), np.isnan(b)))
    return close


def allclose(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def logit(p: Any) -> Any:
    return np.log(p) - np.log1p(-p)


def _zero_times_log(x: Any, y: Any) -> Any:
    """Where ``x * log(y)`` is 0 by convention: x is 0 and the logarithm is not finite."""
    undefined = np.logical_or(np.logical_or(y <= 0.0, np.isinf(y)), x != x)
    return np.logical_and(x == 0.0, undefined)


def xlogy(x: Any, y: Any) -> Any:
    zero = _zero_times_log(x, y)
    return np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, y)))


def xlog1py(x: Any, y: Any) -> Any:
    zero = _zero_times_log(x, y + 1.0)
    return np.where(zero, 0.0, x * np.log1p(np.where(zero, 0.0, y)))


def entropy(x: Any) -> Any:
    inside = x > 0.0
    positive = np.where(inside, x, 1.0)
    outside = np.where(x == 0.0, 0.0, np.where(np.isnan(x), x, -math.inf))
    return np.where(inside, -positive * np.log(positive), outside)


def log_sigmoid(x: Any) -> Any:
    return -np.logaddexp(0.0, -x)


# -- reductions ----------------------------------------------------------------------------------------
def var(a: Any, axes: tuple[int, ...], freedom: Any, keepdims: bool) -> Any:
    deviation = a - np.mean(a, axis=axes, keepdims=True)
    return np.sum(deviation * deviation, axis=axes, keepdims=keepdims) / freedom


def std(a: Any, axes: tuple[int, ...], freedom: Any, keepdims: bool) -> Any:
    return safe_sqrt(var(a, axes, freedom, keepdims))


def variance_of_some(a: Any, axes: tuple[int, ...], ddof: Any, keepdims: bool, where: Any, mean: Any) -> Any:
    chosen = np.broadcast_to(where, np.shape(a))
    count = np.sum(chosen, axis=axes, keepdims=keepdims, dtype=a.dtype)
    centre = np.mean(a, axis=axes, keepdims=True, where=chosen) if mean is None else mean
    deviation = np.where(chosen, a - centre, 0.0)
    return np.sum(deviation * deviation, axis=axes, keepdims=keepdims) / np.maximum(count - ddof, 0)


def deviation_of_some(a: Any, axes: tuple[int, ...], ddof: Any, keepdims: bool, where: Any, mean: Any) -> Any:
    return safe_sqrt(variance_of_some(a, axes, ddof, keepdims, where, mean))


def average(a: Any, weights: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    weighted = np.sum(a * weights, axis=axes, keepdims=keepdims)
    return weighted / np.sum(weights, axis=axes, keepdims=keepdims)


def nansum(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(np.where(np.isnan(a), 0.0, a), axis=axes, keepdims=keepdims)


def nanprod(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.prod(np.where(np.isnan(a), 1.0, a), axis=axes, keepdims=keepdims)


def _count(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """How many numbers there are that are not NaN, in the dtype of the numbers."""
    return np.sum(np.logical_not(np.isnan(a)), axis=axes, dtype=a.dtype, keepdims=keepdims)


def nanmean(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return nansum(a, axes, keepdims) / _count(a, axes, keepdims)


def nanvar(a: Any, axes: tuple[int, ...], ddof: int, keepdims: bool) -> Any:
    deviation = a - nanmean(a, axes, True)
    freedom = _count(a, axes, keepdims) - ddof
    spread = nansum(deviation * deviation, axes, keepdims) / np.where(freedom > 0, freedom, 1)
    return np.where(freedom > 0, spread, math.nan)


def nanstd(a: Any, axes: tuple[int, ...], ddof: int, keepdims: bool) -> Any:
    return safe_sqrt(nanvar(a, axes, ddof, keepdims))


def nanmax(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    missing = np.isnan(a)
    best = np.max(np.where(missing, -math.inf, a), axis=axes, keepdims=keepdims)
    return np.where(np.all(missing, axis=axes, keepdims=keepdims), math.nan, best)


def nanmin(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    missing = np.isnan(a)
    best = np.min(np.where(missing, math.inf, a), axis=axes, keepdims=keepdims)
    return np.where(np.all(missing, axis=axes, keepdims=keepdims), math.nan, best)


def logsumexp_weighted(a: Any, b: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    used = np.where(b == 0, -math.inf, a)
    top = stop_gradient(np.max(used, axis=axes, keepdims=True))
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.sum(np.where(b == 0, 0.0, b * np.exp(used - top)), axis=axes, keepdims=True)) + top
    if keepdims:
        return total
    return np.squeeze(total, axis=axes)


def logsumexp(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    top = stop_gradient(np.max(a, axis=axes, keepdims=True))
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.sum(np.exp(a - top), axis=axes, keepdims=True)) + top
    if keepdims:
        return total
    return np.squeeze(total, axis=axes)


def softmax(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    weight = np.exp(a - stop_gradient(np.max(a, axis=axes, keepdims=True)))
    return weight / np.sum(weight, axis=axes, keepdims=True)


def log_softmax(a: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    centred = a - stop_gradient(np.max(a, axis=axes, keepdims=True))
    return centred - np.log(np.sum(np.exp(centred), axis=axes, keepdims=True))


# -- norms ---------------------------------------------------------------------------------------------
def euclidean_norm(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return safe_sqrt(np.sum(x * x, axis=axes, keepdims=keepdims))


def absolute_norm(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(np.abs(x), axis=axes, keepdims=keepdims)


def count_norm(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    return np.sum(x != 0, axis=axes, dtype=x.dtype, keepdims=keepdims)


def power_norm(x: Any, axes: tuple[int, ...], keepdims: bool, order: float) -> Any:
    return np.sum(np.abs(x) ** order, axis=axes, keepdims=keepdims) ** (1.0 / order)


# -- matrices ------------------------------------------------------------------------------------------
def of_stack(function: Any, a: Any, options: Any) -> Any:
    stack = np.asarray(a)
    matrices = stack.reshape(-1, *stack.shape[-2:])
    some = matrices.shape[0] > 0
    first = function(matrices[0] if some else np.eye(*stack.shape[-2:], dtype=stack.dtype), **options)
    parts = first if isinstance(first, tuple) else (first,)
    outs = [np.empty((matrices.shape[0], *np.shape(p)), dtype=p.dtype) for p in parts]
    for out, p in zip(outs, parts):
        if some:
            out[0] = p
    for k in range(1, matrices.shape[0]):
        made = function(matrices[k], **options)
        for out, p in zip(outs, made if isinstance(made, tuple) else (made,)):
            out[k] = p
    shaped = [out.reshape(*stack.shape[:-2], *out.shape[1:]) for out in outs]
    return tuple(shaped) if isinstance(first, tuple) else shaped[0]


def solve_stack(a: Any, b: Any, solve: Any) -> Any:
    left, right = np.asarray(a), np.asarray(b)
    if np.ndim(right) == 1:
        right = np.broadcast_to(right[:, None], (*left.shape[:-2], right.shape[0], 1))
        return solve_stack(left, right, solve)[..., 0]
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    matrices = np.broadcast_to(left, (*batch, *left.shape[-2:])).reshape(-1, *left.shape[-2:])
    sides = np.broadcast_to(right, (*batch, *right.shape[-2:])).reshape(-1, *right.shape[-2:])
    out = np.empty((matrices.shape[0], left.shape[-1], right.shape[-1]), dtype=np.result_type(left, right, np.float32))
    for k in range(matrices.shape[0]):
        out[k] = solve(matrices[k], sides[k])
    return out.reshape(*batch, left.shape[-1], right.shape[-1])


def wide_qr(a: Any, qr: Any) -> Any:
    rows = a.shape[0]
    q, r = qr(a[:, :rows])
    return q, np.concatenate((r, q.T @ a[:, rows:]), axis=1)


def spectral_condition(a: Any, inverse: bool) -> Any:
    s = np.linalg.svd(a, compute_uv=False)
    return s[-1] / s[0] if inverse else s[0] / s[-1]


def matrix_rank(a: Any, tol: Any, rtol: Any, eps: float) -> Any:
    s = stop_gradient(np.linalg.svd(a, compute_uv=False))
    least = np.max(s) * ((max(a.shape) * eps) if rtol is None else rtol) if tol is None else tol
    return np.sum(s > least)


def least_squares(a: Any, b: Any, rcond: Any, eps: float) -> Any:
    m, n = a.shape
    least = max(m, n) * eps if rcond is None else (eps if rcond < 0 else rcond)
    x = np.linalg.pinv(a, least) @ b
    s = np.linalg.svd(a, compute_uv=False)
    rank = np.int32(np.sum(s > least * s[0]))
    rest = b - a @ x
    totals = np.atleast_1d(np.sum(rest * rest, axis=0))
    return x, totals[: totals.shape[0] if rank == n and m > n else 0], rank, s


# -- along the last axis -------------------------------------------------------------------------------
def cross(a: Any, b: Any) -> Any:
    x = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    y = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    z = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return np.stack((x, y, z), axis=-1)


def cross_of_planar(a: Any, b: Any) -> Any:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def trapezoid_even(y: Any, step: Any) -> Any:
    return np.sum(step * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def trapezoid(y: Any, x: Any) -> Any:
    return np.sum((x[..., 1:] - x[..., :-1]) * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def gradient(f: Any, step: Any) -> Any:
    out = np.empty_like(f)
    out[..., 1:-1] = (f[..., 2:] - f[..., :-2]) / (2.0 * step)
    out[..., 0] = (f[..., 1] - f[..., 0]) / step
    out[..., -1] = (f[..., -1] - f[..., -2]) / step
    return out


def gradient_uneven(f: Any, places: Any) -> Any:
    steps = np.diff(np.asarray(places))
    before, after = steps[:-1], steps[1:]
    out = np.empty_like(f)
    left, right = -after / (before * (before + after)), before / (after * (before + after))
    out[..., 1:-1] = left * f[..., :-2] + (after - before) / (before * after) * f[..., 1:-1] + right * f[..., 2:]
    out[..., 0] = (f[..., 1] - f[..., 0]) / steps[0]
    out[..., -1] = (f[..., -1] - f[..., -2]) / steps[-1]
    return out


def gradient_second_order(f: Any, step: Any) -> Any:
    out = np.empty_like(f)
    out[..., 1:-1] = (f[..., 2:] - f[..., :-2]) / (2.0 * step)
    out[..., 0] = (-1.5 * f[..., 0] + 2.0 * f[..., 1] - 0.5 * f[..., 2]) / step
    out[..., -1] = (1.5 * f[..., -1] - 2.0 * f[..., -2] + 0.5 * f[..., -3]) / step
    return out


def convolve(a: Any, v: Any) -> Any:
    n = a.shape[0]
    m = v.shape[0]
    out = np.zeros(n + m - 1, dtype=a.dtype)
    for k in range(m):
        out[k : k + n] += v[k] * a
    return out


def correlate(a: Any, v: Any) -> Any:
    return convolve(a, v[::-1])


def interp_periodic(x: Any, xp: Any, fp: Any, period: Any) -> Any:
    if period == 0:
        raise ValueError("period must be a non-zero value")
    turn = abs(period)
    places = xp % turn
    order = np.argsort(places, kind="stable")
    places, values = places[order], fp[order]
    places = np.concatenate((places[-1:] - turn, places, places[:1] + turn))
    return np.interp(x % turn, places, np.concatenate((values[-1:], values, values[:1])))


def interp_at_one(x: Any, xp: Any, fp: Any, flat_left: bool, flat_right: bool, left: Any, right: Any) -> Any:
    low = fp[0] if flat_left else left
    high = fp[0] if flat_right else right
    return np.where(x < xp[0], low, np.where(x > xp[0], high, fp[0]))


def interp(x: Any, xp: Any, fp: Any, flat_left: bool, flat_right: bool, left: Any, right: Any) -> Any:
    segment = np.minimum(np.maximum(searchsorted(xp, x, True) - 1, 0), xp.shape[0] - 2)
    slope = (fp[segment + 1] - fp[segment]) / (xp[segment + 1] - xp[segment])
    value = fp[segment] + slope * (x - xp[segment])
    low = fp[0] if flat_left else left
    high = fp[-1] if flat_right else right
    return np.where(x < xp[0], low, np.where(x > xp[-1], high, value))


# -- of sorted values ------------------------------------------------------------------------------------
def median(a: Any) -> Any:
    ordered = np.sort(a, axis=-1)
    n = a.shape[-1]
    middle = (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2.0
    return np.where(np.isnan(ordered[..., -1]), math.nan, middle)


def quantile(a: Any, q: Any, precision: Any) -> Any:
    ordered = np.sort(a, axis=-1)
    n = a.shape[-1]
    place = q * (n - 1)
    low = np.minimum(np.floor(place).astype(np.int64), n - 1)
    high = np.minimum(low + 1, n - 1)
    weight = (place - low).astype(precision)
    step = ordered[..., high] - ordered[..., low]
    near_high = ordered[..., high] - step * (1.0 - weight)
    value = np.where(weight < 0.5, ordered[..., low] + step * weight, near_high)
    return np.where(np.isnan(ordered[..., -1]), math.nan, value)


PLACES = ("lower", "higher", "nearest", "midpoint")


def discrete_quantile(a: Any, q: Any, precision: Any, method: str) -> Any:
    """The element at one of the places next to the quantile, or what is in the middle between both."""
    ordered = np.sort(a, axis=-1)
    place = q * (a.shape[-1] - 1)
    rounded = np.round(place) if method == "nearest" else np.ceil(place) if method == "higher" else np.floor(place)
    value = ordered[..., rounded.astype(np.int64)]
    if method == "midpoint":
        value = ((value + ordered[..., np.ceil(place).astype(np.int64)]) / 2.0).astype(np.result_type(a, precision))
    return np.where(np.isnan(ordered[..., -1]), math.nan, value)


def nanquantile(a: Any, q: Any, precision: Any) -> Any:
    ordered = np.sort(a, axis=-1)  # NaN last
    count = np.sum(np.logical_not(np.isnan(a)), axis=-1, keepdims=True)
    place = q * (count - 1)
    low = np.maximum(np.floor(place).astype(np.int64), 0)
    high = np.maximum(np.minimum(low + 1, count - 1), 0)
    weight = (place - low).astype(precision)
    below, above = np.take_along_axis(ordered, low, axis=-1), np.take_along_axis(ordered, high, axis=-1)
    step = above - below
    return np.where(weight < 0.5, below + step * weight, above - step * (1.0 - weight))[..., 0]


def searchsorted(a: Any, v: Any, right: bool) -> Any:
    n = a.shape[0]
    low = np.zeros(np.shape(v), dtype=np.int64)
    high = low + n
    rest = n
    while rest > 0:
        middle = (low + high) // 2
        x = a[np.minimum(middle, n - 1)]
        beyond = np.logical_or(x <= v if right else x < v, np.isnan(v))
        if not right:
            beyond = np.logical_and(beyond, np.logical_not(np.isnan(x)))
        beyond = np.logical_and(beyond, low < high)
        high = np.where(beyond, high, np.maximum(low, middle))
        low = np.where(beyond, middle + 1, low)
        rest = rest // 2
    return low


def accumulate(a: Any, combine: Any) -> Any:
    out = a.copy()
    for k in range(1, a.shape[0]):
        out[k] = combine(out[k - 1], a[k])
    return out


# -- Python's own ----------------------------------------------------------------------------------------
def python_max(a: Any) -> Any:
    if len(a) == 0:
        raise ValueError("max() iterable argument is empty")
    best = a[0]
    for i in range(1, len(a)):
        if a[i] > best:
            best = a[i]
    return best


def python_min(a: Any) -> Any:
    if len(a) == 0:
        raise ValueError("min() iterable argument is empty")
    best = a[0]
    for i in range(1, len(a)):
        if a[i] < best:
            best = a[i]
    return best


def python_prod(values: Any, start: Any) -> Any:
    product = start
    for v in values:
        product = product * v
    return product


def fsum_of_array(values: Any) -> Any:
    total = np.sum(values)
    if not np.isfinite(total):
        require_fsum(np.all(np.isfinite(values)), np.any(values == np.inf) and np.any(values == -np.inf))
    return total


def fsum_of_items(*values: Any) -> Any:
    total = 0.0
    for v in values:
        total = total + v
    if not math.isfinite(total):
        finite = True
        above = False
        below = False
        for v in values:
            finite = finite and math.isfinite(v)
            above = above or v == math.inf
            below = below or v == -math.inf
        require_fsum(finite, above and below)
    return total


def require_fsum(finite: Any, opposite: Any) -> None:
    """What Python raises where the sum is no number: of finite items, or of opposite infinities."""
    if finite:
        raise OverflowError("intermediate overflow in fsum")
    if opposite:
        raise ValueError("-inf + inf in fsum")


def gamma(x: Any) -> Any:
    size = math.exp(math.lgamma(x))  # raises at the poles
    return -size if x < 0.0 and math.floor(x) % 2 != 0 else size


def python_isclose(a: Any, b: Any, rel_tol: Any, abs_tol: Any) -> Any:
    distance = abs(a - b)
    near = distance <= np.maximum(rel_tol * np.maximum(abs(a), abs(b)), abs_tol)
    return np.logical_or(a == b, np.logical_and(near, np.isfinite(distance)))
