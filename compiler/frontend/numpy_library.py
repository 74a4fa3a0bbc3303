"""NumPy functions written in the language itself: the frontend inlines them, so that one definition gives
the value, the derivative and the code.

Arguments that choose a form (axes, flags) are known at compile time. `safe_sqrt`, `stop_gradient` and `sigmoid`-like
helpers are entries of the table, visible to this module only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special


def safe_sqrt(x: Any) -> Any:
    """The square root, with derivative 0 at 0: of norms and standard deviations."""
    return np.sqrt(x)


def stop_gradient(x: Any) -> Any:
    """The same value, taken as a constant by differentiation."""
    return x


# -- elementwise ---------------------------------------------------------------------------------------
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
    step = np.where(x < 0, 0.0 * at_zero, np.where(x == 0, at_zero, 1.0))
    return np.where(np.isnan(x), x, step)


def logaddexp2(a: Any, b: Any) -> Any:
    return np.logaddexp(a * math.log(2.0), b * math.log(2.0)) / math.log(2.0)


def modf(x: Any) -> Any:
    whole = np.trunc(x)
    rest = np.where(np.isinf(x), 0.0, x - whole)
    return np.copysign(rest, x), whole


def nan_to_num(x: Any, nan: float, high: float, low: float) -> Any:
    finite = np.where(np.isinf(x), np.where(x > 0, high, low), x)
    return np.where(np.isnan(x), nan, finite)


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


def normal_cdf(x: Any) -> Any:
    return 0.5 * scipy.special.erfc(-x * math.sqrt(0.5))


def log_sigmoid(x: Any) -> Any:
    return -np.logaddexp(0.0, -x)


# -- reductions ----------------------------------------------------------------------------------------
def var(a: Any, axes: tuple[int, ...], freedom: Any, keepdims: bool) -> Any:
    deviation = a - np.mean(a, axis=axes, keepdims=True)
    return np.sum(deviation * deviation, axis=axes, keepdims=keepdims) / freedom


def std(a: Any, axes: tuple[int, ...], freedom: Any, keepdims: bool) -> Any:
    return safe_sqrt(var(a, axes, freedom, keepdims))


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
