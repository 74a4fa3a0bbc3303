"""Special functions of one argument that SciPy computes, in native code too (`runtime.special`).

Derivatives are those of Abramowitz and Stegun: 9.1.28 and 9.6.27 for Bessel functions (of order 1 by the recurrences
9.1.27 and 9.6.26; order 1 over x is 1/2 at 0), 5.1.11 for exponential integrals, 7.2.8 for the error function and its
relatives, and those of an inverse.
"""

from __future__ import annotations

import math
from typing import Any

from .elementwise import _special, unary
from .expr import E, _function, exp, sign

bessel_i0, bessel_i1, bessel_i0e, bessel_i1e = map(_function, ("bessel_i0", "bessel_i1", "bessel_i0e", "bessel_i1e"))
bessel_j0, bessel_j1, bessel_y0, bessel_y1 = map(_function, ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"))
bessel_k0, bessel_k1 = map(_function, ("bessel_k0", "bessel_k1"))

ellipk, ellipe, log1p = map(_function, ("ellipk", "ellipe", "log1p"))

_POLE = "x = 0: inf or nan"


def _over_x(y: E, x: E) -> E:
    """A function of order 1 over x."""
    zero = x.eq(0.0)
    return zero.where(0.5, y / zero.where(1.0, x))


def _ellipk(g: E, y: E, x: E) -> E:
    """DLMF 19.4.1; by the series of 19.5.1 next to 0, where that cancels."""
    small = x * x < 1e-6
    m = small.where(0.5, x)
    series = 0.25 + x * (9 / 32 + x * (75 / 256 + x * (1225 / 4096 + x * (19845 / 65536))))
    return g * small.where(series * (0.5 * math.pi), (ellipe(m) / (1.0 - m) - ellipk(m)) / (2.0 * m))


def _ellipe(g: E, y: E, x: E) -> E:
    """DLMF 19.4.2; by the series of 19.5.2 next to 0, where that cancels."""
    small = x * x < 1e-6
    m = small.where(0.5, x)
    series = -0.25 - x * (3 / 32 + x * (15 / 256 + x * (175 / 4096 + x * (2205 / 65536))))
    return g * small.where(series * (0.5 * math.pi), (ellipe(m) - ellipk(m)) / (2.0 * m))


def _spence(g: E, y: E, x: E) -> E:
    one = x.eq(1.0)
    return g * one.where(-1.0, log1p(x - 1.0) / one.where(1.0, 1.0 - x))


def _enter(name: str, scipy: str, vjp: Any, sample: str = "normal", undefined: str = "") -> None:
    unary(name, _special(scipy), vjp, f"{name}({{0}})", f"{name}({{0}})", sample=sample, undefined=undefined, cost=40)


# fmt: off
_enter("ndtri", "ndtri", lambda g, y, x: g * (exp(y * y * 0.5) * math.sqrt(2.0 * math.pi)), "probability",
       "x = 0, 1: inf")
_enter("log_ndtr", "log_ndtr", lambda g, y, x: g * (exp(x * x * -0.5 - y) * (1.0 / math.sqrt(2.0 * math.pi))))
_enter("erfinv", "erfinv", lambda g, y, x: g * (exp(y * y) * (0.5 * math.sqrt(math.pi))), "unit", "x = -1, 1: inf")
_enter("exp1", "exp1", lambda g, y, x: -(g * exp(-x)) / x, "positive", _POLE)
_enter("expi", "expi", lambda g, y, x: (g * exp(x)) / x, "nonzero", _POLE)
_enter("bessel_i0", "i0", lambda g, y, x: g * bessel_i1(x))
_enter("bessel_i1", "i1", lambda g, y, x: g * (bessel_i0(x) - _over_x(y, x)))
_enter("bessel_i0e", "i0e", lambda g, y, x: g * (bessel_i1e(x) - sign(x) * y), undefined="x = 0: 0")
_enter("bessel_i1e", "i1e", lambda g, y, x: g * (bessel_i0e(x) - _over_x(y, x) - sign(x) * y))
_enter("bessel_j0", "j0", lambda g, y, x: -(g * bessel_j1(x)))
_enter("bessel_j1", "j1", lambda g, y, x: g * (bessel_j0(x) - _over_x(y, x)))
_enter("bessel_y0", "y0", lambda g, y, x: -(g * bessel_y1(x)), "positive", _POLE)
_enter("bessel_y1", "y1", lambda g, y, x: g * (bessel_y0(x) - y / x), "positive", _POLE)
_enter("bessel_k0", "k0", lambda g, y, x: -(g * bessel_k1(x)), "positive", _POLE)
_enter("bessel_k1", "k1", lambda g, y, x: -(g * (bessel_k0(x) + y / x)), "positive", _POLE)
_enter("erfcx", "erfcx", lambda g, y, x: g * (2.0 * x * y - 2.0 / math.sqrt(math.pi)))
_enter("erfi", "erfi", lambda g, y, x: g * (exp(x * x) * (2.0 / math.sqrt(math.pi))))
_enter("erfcinv", "erfcinv", lambda g, y, x: -(g * (exp(y * y) * (0.5 * math.sqrt(math.pi)))), "probability",
       "x = 0, 2: -inf")
_enter("dawsn", "dawsn", lambda g, y, x: g * (1.0 - 2.0 * x * y))
_enter("ellipk", "ellipk", _ellipk, "unit", "x = 1: inf")
_enter("ellipe", "ellipe", _ellipe, "unit", "x = 1: -inf")
_enter("spence", "spence", _spence, "positive", "x = 0: -inf")
# fmt: on
