"""Scalar functions with NumPy's meaning, for native code: under plain Python and inside Numba.

Under plain Python they never raise and never warn. Inside Numba (`numba_scalar_math`) those that have a libm
function are calls of it, `where`, `maximum` and the like are selects that vectorise, and those listed in
`FROM_PYTHON` are compiled from the Python below.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

# name here -> (NumPy function, name in math that Numba compiles)
LIBM: dict[str, tuple[Any, str]] = {
    "sqrt": (np.sqrt, "sqrt"), "cbrt": (np.cbrt, "cbrt"),
    "exp": (np.exp, "exp"), "exp2": (np.exp2, "exp2"), "expm1": (np.expm1, "expm1"),
    "log": (np.log, "log"), "log2": (np.log2, "log2"), "log10": (np.log10, "log10"), "log1p": (np.log1p, "log1p"),
    "sin": (np.sin, "sin"), "cos": (np.cos, "cos"), "tan": (np.tan, "tan"),
    "arcsin": (np.arcsin, "asin"), "arccos": (np.arccos, "acos"), "arctan": (np.arctan, "atan"),
    "sinh": (np.sinh, "sinh"), "cosh": (np.cosh, "cosh"), "tanh": (np.tanh, "tanh"),
    "arcsinh": (np.arcsinh, "asinh"), "arccosh": (np.arccosh, "acosh"), "arctanh": (np.arctanh, "atanh"),
    "arctan2": (np.arctan2, "atan2"), "hypot": (np.hypot, "hypot"), "copysign": (np.copysign, "copysign"),
    "fmod": (np.fmod, "fmod"), "power": (np.power, "pow"),
    "isnan": (np.isnan, "isnan"), "isinf": (np.isinf, "isinf"), "isfinite": (np.isfinite, "isfinite"),
}  # fmt: skip


def _quiet(fn: Any, name: str) -> Any:
    def plain(*xs: Any) -> Any:
        with np.errstate(all="ignore"):
            return fn(*xs)

    plain.__name__ = plain.__qualname__ = name
    plain.__doc__ = f"``np.{fn.__name__}`` of scalars, without warnings."
    return plain


sqrt = _quiet(np.sqrt, "sqrt")
safe_sqrt = _quiet(np.sqrt, "safe_sqrt")
exp = _quiet(np.exp, "exp")
expm1 = _quiet(np.expm1, "expm1")
log = _quiet(np.log, "log")
log2 = _quiet(np.log2, "log2")
log10 = _quiet(np.log10, "log10")
log1p = _quiet(np.log1p, "log1p")
sin = _quiet(np.sin, "sin")
cos = _quiet(np.cos, "cos")
tan = _quiet(np.tan, "tan")
arcsin = _quiet(np.arcsin, "arcsin")
arccos = _quiet(np.arccos, "arccos")
arctan = _quiet(np.arctan, "arctan")
sinh = _quiet(np.sinh, "sinh")
cosh = _quiet(np.cosh, "cosh")
tanh = _quiet(np.tanh, "tanh")
arcsinh = _quiet(np.arcsinh, "arcsinh")
arccosh = _quiet(np.arccosh, "arccosh")
arctanh = _quiet(np.arctanh, "arctanh")
arctan2 = _quiet(np.arctan2, "arctan2")
hypot = _quiet(np.hypot, "hypot")
copysign = _quiet(np.copysign, "copysign")
fmod = _quiet(np.fmod, "fmod")
isnan = _quiet(np.isnan, "isnan")
isinf = _quiet(np.isinf, "isinf")
isfinite = _quiet(np.isfinite, "isfinite")
div = _quiet(np.true_divide, "div")
floordiv = _quiet(np.floor_divide, "floordiv")
mod = _quiet(np.remainder, "mod")
power = _quiet(np.power, "power")
cbrt = _quiet(np.cbrt, "cbrt")
exp2 = _quiet(np.exp2, "exp2")


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` if the condition is true, else `b`; both are computed."""
    return a if condition else b


def maximum(a: Any, b: Any) -> Any:
    """The larger; NaN if either is."""
    return a if a >= b or a != a else b


def minimum(a: Any, b: Any) -> Any:
    """The smaller; NaN if either is."""
    return a if a <= b or a != a else b


def fmax(a: Any, b: Any) -> Any:
    """The larger; a NaN loses."""
    return a if a >= b or b != b else b


def fmin(a: Any, b: Any) -> Any:
    """The smaller; a NaN loses."""
    return a if a <= b or b != b else b


def square(x: Any) -> Any:
    return x * x


sign = _quiet(np.sign, "sign")
floor = _quiet(np.floor, "floor")
ceil = _quiet(np.ceil, "ceil")
trunc = _quiet(np.trunc, "trunc")
rint = _quiet(np.rint, "rint")


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    if x >= 0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


def logaddexp(a: Any, b: Any) -> Any:
    """log(exp(a) + exp(b)), without overflow."""
    if a == b:
        return a + 0.6931471805599453
    if a > b:
        return a + log1p(exp(b - a))
    if a < b:
        return b + log1p(exp(a - b))
    return a + b


def mul0(g: Any, d: Any) -> Any:
    """g * d, but 0 where g is 0, whatever d is."""
    return g * 0.0 if g == 0 else g * d


def div0(g: Any, d: Any) -> Any:
    """g / d, but 0 where g is 0, whatever d is."""
    return g * 0.0 if g == 0 else div(g, d)


def round_decimals(x: Any, scale: Any) -> Any:
    """Python's ``round(x, n)`` for ``scale == 10.0**n``, 0 <= n <= 22."""
    return round(float(x), round(math.log10(scale)))


def erf(x: Any) -> Any:
    return math.erf(x)


def erfc(x: Any) -> Any:
    return math.erfc(x)


def lgamma(x: Any) -> Any:
    """log |gamma(x)|; infinity at the poles."""
    if x <= 0 and x == floor(x):
        return math.inf
    return math.lgamma(x)


def digamma(x: Any) -> Any:
    """The derivative of lgamma: reflection, recurrence up to 10, asymptotic series (Abramowitz and Stegun
    6.3.7, 6.3.5, 6.3.18); a Taylor step at the positive root keeps relative accuracy there."""
    if x != x:
        return x
    if x <= 0.0:
        if x == floor(x):
            return math.nan if x < 0.0 else copysign(math.inf, -x)
        fraction = x - floor(x)
        return digamma_positive(1.0 - x) - math.pi / tan(math.pi * fraction)
    return digamma_positive(x)


def digamma_positive(x: Any) -> Any:
    """`digamma` for x > 0."""
    result = 0.0
    while x < 10.0:
        result -= 1.0 / x
        x += 1.0
    if x > 1e17:
        return log(x)
    y = 1.0 / (x * x)
    series = y * (
        1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760 - y / 12)))))
    )
    return result + log(x) - 0.5 / x - series


def shl(x: Any, n: Any) -> Any:
    """``x << n``; nothing is left of what is shifted out, where the processor counts modulo 64."""
    return x << n if 0 <= n < 64 else x - x


def shr(x: Any, n: Any) -> Any:
    """``x >> n``, of any count."""
    return x >> n if 0 <= n < 64 else (x >> 63) >> 1


def unsigned_order(u: Any, s: Any) -> Any:
    """1, 0 or -1 as the uint64 `u` is above, at or below the signed `s`; Numba would compare them as floats."""
    if s < 0:
        return 1
    return int(u > np.uint64(s)) - int(u < np.uint64(s))


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of digamma, n >= 1, for x > 0: n! sum over k of (-1)^(n+1) (x+k)^-(n+1), by
    recurrence and the Euler-Maclaurin series (Abramowitz and Stegun 6.4.11); NaN for x < 0."""
    if not x > 0.0:
        return math.inf if x == 0.0 else math.nan
    factorial = 1.0
    for k in range(2, n + 1):
        factorial *= k
    sign_of = 1.0 if n % 2 else -1.0
    total = 0.0
    while x < 15.0 + n:
        total += power(x, -(n + 1.0))
        x += 1.0
    total += power(x, -float(n)) / n + 0.5 * power(x, -(n + 1.0))
    # Bernoulli numbers B2 .. B16 over (2k)!, times the rising factorial (n+1)(n+2)...(n+2k-1)
    rising = n + 1.0
    over = 2.0
    term = power(x, -(n + 2.0))
    for k in range(8):
        total += _bernoulli(k) / over * rising * term
        j = 2 * (k + 1)
        rising *= (n + j) * (n + j + 1.0)
        over *= (j + 1.0) * (j + 2.0)
        term /= x * x
    return sign_of * factorial * total


def _bernoulli(k: Any) -> Any:
    """B(2k+2)."""
    return (
        1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510,
    )[k]  # fmt: skip


# what Numba compiles as it stands here
FROM_PYTHON = (shl, shr, unsigned_order, logaddexp, lgamma, digamma, digamma_positive, polygamma, _bernoulli)
