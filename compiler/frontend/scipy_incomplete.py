"""The incomplete gamma and beta functions of `scipy.special`, written in the language, number by number.

A series or a continued fraction, each until its terms no longer count (Press et al., Numerical Recipes, 6.2 and 6.4).
Derivatives by all arguments are those of the terms. Imported with `scipy_functions`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

from .numpy_elementwise import enter_library

_SETTLED = 2.3e-16  # the relative change of a continued fraction that is rounding
_MORE = 4  # steps after that: derivatives settle later


def _elements(function: Any, *args: Any) -> Any:
    """A function of numbers, of the elements of arrays."""
    dtype = np.result_type(*args, np.float32)
    if all([np.ndim(a) == 0 for a in args]):
        number = function(*[np.float64(a) for a in args])
        return number if dtype == np.float64 else np.float32(number)
    arrays = np.broadcast_arrays(*args)
    flat = [np.ravel(a) for a in arrays]
    out = np.empty(flat[0].shape[0])
    for i in range(flat[0].shape[0]):
        out[i] = function(*[np.float64(a[i]) for a in flat])
    return np.reshape(out, arrays[0].shape).astype(dtype)


# -- gamma -----------------------------------------------------------------------------------------------
def _gamma_front(a: Any, x: Any) -> Any:
    """``x**a exp(-x) / gamma(a)``: a power where that cannot overflow, for its derivative at 0; by Stirling's series
    where the logarithms are large."""
    if x < 1.0:
        return x**a * math.exp(-x - math.lgamma(a))
    if a > 30.0:
        off = (x - a) / a
        square = a * a
        series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / a
        return math.sqrt(a / (2.0 * math.pi)) * math.exp(a * (math.log1p(off) - off) - series)
    return math.exp(a * math.log(x) - x - math.lgamma(a))


def _gamma_series(a: Any, x: Any) -> Any:
    term = 1.0 / a
    total = term
    n = a
    while abs(term) > 1e-19 * abs(total):
        n = n + 1.0
        term = term * x / n
        total = total + term
    return total * _gamma_front(a, x)


def _gamma_fraction(a: Any, x: Any) -> Any:
    """The upper one, by the method of Lentz."""
    b = x + 1.0 - a
    c = 1e300
    d = 1.0 / b
    h = d
    i = 0.0
    settled = 0
    while settled < _MORE and i < 1e5:
        i += 1.0
        factor = -i * (i - a)
        b = b + 2.0
        d = 1.0 / (factor * d + b)
        c = b + factor / c
        h = h * (d * c)
        settled = settled + 1 if abs(d * c - 1.0) <= _SETTLED else 0
    return h * _gamma_front(a, x)


def _lower_gamma(a: Any, x: Any) -> Any:
    if math.isnan(a) or math.isnan(x) or a < 0.0 or x < 0.0 or (a == 0.0 and x == 0.0):
        return math.nan
    if a == 0.0 or x == math.inf:
        return 1.0
    if a == math.inf:
        return 0.0
    if x < a + 1.0:
        return _gamma_series(a, x)
    return 1.0 - _gamma_fraction(a, x)


def _upper_gamma(a: Any, x: Any) -> Any:
    if math.isnan(a) or math.isnan(x) or a < 0.0 or x < 0.0 or (a == 0.0 and x == 0.0):
        return math.nan
    if a == 0.0 or x == math.inf:
        return 0.0
    if a == math.inf:
        return 1.0
    if x < a + 1.0:
        return 1.0 - _gamma_series(a, x)
    return _gamma_fraction(a, x)


def gammainc(a: Any, x: Any) -> Any:
    return _elements(_lower_gamma, a, x)


def gammaincc(a: Any, x: Any) -> Any:
    return _elements(_upper_gamma, a, x)


# -- beta ------------------------------------------------------------------------------------------------
def _beta_fraction(a: Any, b: Any, x: Any) -> Any:
    c = 1.0
    d = 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    h = d
    m = 0.0
    settled = 0
    while settled < _MORE and m < 1e5:
        m += 1.0
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        d = 1.0 / (1.0 + even * d)
        c = 1.0 + even / c
        h = h * (d * c)
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        d = 1.0 / (1.0 + odd * d)
        c = 1.0 + odd / c
        h = h * (d * c)
        settled = settled + 1 if abs(d * c - 1.0) <= _SETTLED else 0
    return h


def _beta(a: Any, b: Any, x: Any) -> Any:
    if math.isnan(a) or math.isnan(b) or math.isnan(x) or a < 0.0 or b < 0.0 or x < 0.0 or x > 1.0:
        return math.nan
    if a == 0.0 or b == 0.0:
        return math.nan if a == b else float(a == 0.0)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    if x == 0.0:
        return x**a * math.exp(-log_beta) / a
    if x == 1.0:
        return 1.0 - (1.0 - x) ** b * math.exp(-log_beta) / b
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def betainc(a: Any, b: Any, x: Any) -> Any:
    return _elements(_beta, a, b, x)


def betaincc(a: Any, b: Any, x: Any) -> Any:
    return _elements(_beta, b, a, 1.0 - x)


for _function, _definition, _arguments in (
    (scipy.special.gammainc, gammainc, 2),
    (scipy.special.gammaincc, gammaincc, 2),
    (scipy.special.betainc, betainc, 3),
    (scipy.special.betaincc, betaincc, 3),
):
    enter_library(_function, _definition, _arguments)
