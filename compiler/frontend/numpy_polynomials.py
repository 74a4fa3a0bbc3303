"""Series of orthogonal polynomials, ``np.polynomial.legendre.legval`` and its like, by their recurrences.

`composed` definitions, as in `numpy_compositions`. The polynomials of degree 0 and 1 are 1 and `_first`; `_next` has
the others (Abramowitz and Stegun, 22.7).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .numpy_table import composed


def _first(kind: str, x: Any) -> Any:
    if kind == "hermite":
        return 2.0 * x
    return 1.0 - x if kind == "laguerre" else x


def _next(kind: str, n: Any, x: Any, p: Any, before: Any) -> Any:
    """The polynomial of degree n + 1 from those of degree n and n - 1."""
    if kind == "legendre":
        return ((2.0 * n + 1.0) * x * p - n * before) / (n + 1.0)
    if kind == "chebyshev":
        return 2.0 * x * p - before
    if kind == "hermite":
        return 2.0 * (x * p - n * before)
    if kind == "hermite_e":
        return x * p - n * before
    if kind == "laguerre":
        return ((2.0 * n + 1.0 - x) * p - n * before) / (n + 1.0)
    return x * p


def _value(kind: str, x: Any, c: Any) -> Any:
    at = np.asarray(x) + 0.0
    coefficients: Any = np.asarray(c) + 0.0
    coefficients = coefficients.reshape(coefficients.shape + (1,) * np.ndim(at))
    before, p = at * 0.0 + 1.0, _first(kind, at)
    total = coefficients[0] * before
    for n in range(1, coefficients.shape[0]):
        total = total + coefficients[n] * p
        before, p = p, _next(kind, n, at, p, before)
    return total


def _vander(kind: str, x: Any, deg: Any) -> Any:
    if deg < 0:
        raise ValueError("deg must be non-negative")
    at = np.atleast_1d(np.asarray(x) + 0.0)
    columns = np.empty((deg + 1, *at.shape), dtype=at.dtype)
    columns[0] = at * 0.0 + 1.0
    if deg > 0:
        columns[1] = _first(kind, at)
    for n in range(1, deg):
        columns[n + 1] = _next(kind, n, at, columns[n], columns[n - 1])
    return np.moveaxis(columns, 0, -1)


_KINDS: list[tuple[str, tuple[Any, ...], Any]] = [
    ("legendre", (np.polynomial.legendre.legval,), np.polynomial.legendre.legvander),
    ("chebyshev", (), np.polynomial.chebyshev.chebvander),
    ("powers", (), np.polynomial.polynomial.polyvander),
    ("hermite", (np.polynomial.hermite.hermval,), np.polynomial.hermite.hermvander),
    ("hermite_e", (np.polynomial.hermite_e.hermeval,), np.polynomial.hermite_e.hermevander),
    ("laguerre", (np.polynomial.laguerre.lagval,), np.polynomial.laguerre.lagvander),
]
for _kind, _values, _vanders in _KINDS:
    composed(*_values)(functools.partial(_value, _kind))
    composed(_vanders)(functools.partial(_vander, _kind))
