"""Functions that readable generated source needs beyond NumPy itself. Needs only NumPy.

All are elementwise on scalars and arrays of floats, keep float32, and are silent about NaN and infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

# B(2k) of the asymptotic series of digamma and polygamma
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_ASYMPTOTIC_FROM = 12.0


def _like(x: Any, y: Any) -> Any:
    """`y` with the dtype that a NumPy function of `x` has."""
    dtype = np.asarray(x).dtype
    return np.asarray(y).astype(dtype if dtype.kind == "f" else np.float64)[()]


def _map(f: Callable[[float], float], x: Any) -> Any:
    values = np.asarray(x)
    return _like(x, np.array([f(float(v)) for v in values.flat], dtype=np.float64).reshape(values.shape))


def mul0(g: Any, d: Any) -> Any:
    """``g * d``, but 0 where g is 0, whatever d is."""
    with np.errstate(all="ignore"):
        product = g * d
        return np.where(np.equal(g, 0), np.zeros((), np.result_type(product)), product)[()]


def div0(g: Any, d: Any) -> Any:
    """``g / d``, but 0 where g is 0, whatever d is."""
    with np.errstate(all="ignore"):
        quotient = np.true_divide(g, d)
        return np.where(np.equal(g, 0), np.zeros((), np.result_type(quotient)), quotient)[()]


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))`` without overflow."""
    e = np.exp(-np.abs(x))
    return _like(x, np.where(np.greater_equal(x, 0), 1 / (1 + e), e / (1 + e)))


def erf(x: Any) -> Any:
    """The error function."""
    return _map(math.erf, x)


def erfc(x: Any) -> Any:
    """``1 - erf(x)`` without cancellation."""
    return _map(math.erfc, x)


def _lgamma(x: float) -> float:
    if x == -math.inf:
        return x
    if x <= 0 and x == math.floor(x):
        return math.inf
    return math.lgamma(x)


def round_decimals(x: Any, scale: float) -> Any:
    """Python's ``round(x, n)`` for ``scale == 10.0**n``, n >= 0: of the multiples of ``1 / scale`` the one next to the
    exact value of x, the even one of two, as the float next to it. (`np.round` rounds the product instead.)"""
    decimals = round(math.log10(scale))
    return _map(lambda v: round(v, decimals), x)


def gammaln(x: Any) -> Any:
    """``log(abs(gamma(x)))``, infinite at the poles."""
    return _map(_lgamma, x)


def digamma(x: Any) -> Any:
    """The derivative of `gammaln`: recurrence up to 12, then the asymptotic series; reflection below 0.

    Method: Abramowitz and Stegun, 6.3.5, 6.3.7 and 6.3.18.
    """
    return _map(_digamma, x)


def _digamma(x: float) -> float:
    if math.isnan(x) or x == -math.inf:
        return math.nan
    if x == math.inf:
        return math.inf
    if x == 0:
        return math.copysign(math.inf, -x)
    if x < 0:
        if x == math.floor(x):
            return math.nan
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x - math.floor(x)))
    below = 0.0
    while x < _ASYMPTOTIC_FROM:
        below += 1 / x
        x += 1
    series = sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    return math.log(x) - 1 / (2 * x) - series - below


def polygamma(n: int, x: Any) -> Any:
    """The n-th derivative of `digamma`, n >= 1, for x > 0 (NaN below; infinite at 0).

    Method: Abramowitz and Stegun, 6.4.6 and 6.4.11.
    """
    return _map(lambda v: _polygamma(n, v), x)


def _polygamma(n: int, x: float) -> float:
    if math.isnan(x) or x < 0:
        return math.nan
    if x == 0:
        return math.inf
    if x == math.inf:
        return 0.0
    total = 0.0
    while x < _ASYMPTOTIC_FROM + n:
        total += x ** -(n + 1)
        x += 1
    total *= math.factorial(n)
    total += math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
    total += sum(
        b * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * x ** (2 * k + n))
        for k, b in enumerate(_BERNOULLI, 1)
    )
    return -total if n % 2 == 0 else total
