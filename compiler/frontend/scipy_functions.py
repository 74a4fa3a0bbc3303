"""Functions of `scipy.special`. Imported when a program's process has SciPy imported: a program
that does not use it need not wait for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special

from ..errors import PullbackTypeError, UnsupportedError
from . import numpy_library as library
from . import scipy_incomplete  # noqa: F401  (fills the table)
from .numpy_elementwise import enter_float_unary, enter_library
from .numpy_reductions import library_reduction
from .numpy_support import as_float, axes_of, cast, strong, strong_operand
from .numpy_table import numpy_function

if TYPE_CHECKING:
    from .context import Context

# -- scipy.special -------------------------------------------------------------------------------------
for _function, _opcode in {
    scipy.special.expit: "sigmoid", scipy.special.erf: "erf", scipy.special.erfc: "erfc",
    scipy.special.gammaln: "lgamma", scipy.special.digamma: "digamma",
    scipy.special.cbrt: "cbrt", scipy.special.exp2: "exp2", scipy.special.expm1: "expm1",
    scipy.special.log1p: "log1p",
    scipy.special.ndtri: "ndtri", scipy.special.log_ndtr: "log_ndtr", scipy.special.erfinv: "erfinv",
    scipy.special.exp1: "exp1", scipy.special.expi: "expi",
    scipy.special.i0: "bessel_i0", scipy.special.i1: "bessel_i1",
    scipy.special.i0e: "bessel_i0e", scipy.special.i1e: "bessel_i1e",
    scipy.special.j0: "bessel_j0", scipy.special.j1: "bessel_j1",
    scipy.special.y0: "bessel_y0", scipy.special.y1: "bessel_y1",
    scipy.special.k0: "bessel_k0", scipy.special.k1: "bessel_k1",
    scipy.special.erfcx: "erfcx", scipy.special.erfi: "erfi", scipy.special.erfcinv: "erfcinv",
    scipy.special.dawsn: "dawsn", scipy.special.spence: "spence",
    scipy.special.ellipk: "ellipk", scipy.special.ellipe: "ellipe",
}.items():  # fmt: skip
    enter_float_unary(_function, _opcode)


def normal_cdf(x: Any) -> Any:
    return 0.5 * scipy.special.erfc(-x * math.sqrt(0.5))


def gamma(x: Any) -> Any:
    size = np.exp(scipy.special.gammaln(x))
    return np.where(_is_negative(x), -size, size)


def betaln(a: Any, b: Any) -> Any:
    return scipy.special.gammaln(a) + scipy.special.gammaln(b) - scipy.special.gammaln(a + b)


def beta(a: Any, b: Any) -> Any:
    size = np.exp(betaln(a, b))
    return np.where(_is_negative(a) ^ _is_negative(b) ^ _is_negative(a + b), -size, size)


def _is_negative(x: Any) -> Any:
    """Whether gamma(x) is."""
    return np.logical_and(x < 0.0, np.floor(x) % 2.0 != 0.0)


def rel_entr(x: Any, y: Any) -> Any:
    inside = np.logical_and(x > 0.0, y > 0.0)
    ratio = np.where(inside, x, 1.0) / np.where(inside, y, 1.0)
    outside = np.where(np.logical_and(x == 0.0, y >= 0.0), 0.0, np.where(np.isnan(x + y), x + y, np.inf))
    return np.where(inside, x * np.log(ratio), outside)


def kl_div(x: Any, y: Any) -> Any:
    return rel_entr(x, y) - x + y


def boxcox(x: Any, power: Any) -> Any:
    """``expm1(t) / power`` with ``t = power log(x)``, and by its series where t is small."""
    t = power * np.log(x)
    small = np.abs(t) < 1e-3
    series = 1.0 + t * (1 / 2 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t / 720))))
    return np.where(small, np.log(x) * series, np.expm1(t) / np.where(small, 1.0, power))


def inv_boxcox(y: Any, power: Any) -> Any:
    t = power * y
    small = np.abs(t) < 1e-3
    series = 1.0 - t * (1 / 2 - t * (1 / 3 - t * (1 / 4 - t * (1 / 5 - t / 6))))
    return np.exp(np.where(small, y * series, np.log1p(t) / np.where(small, 1.0, power)))


def huber(delta: Any, r: Any) -> Any:
    size = np.abs(r)
    return np.where(delta < 0.0, np.inf, np.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta)))


_COMPOSITES: list[tuple[Any, Callable[..., Any], int]] = [
    (scipy.special.logit, library.logit, 1), (scipy.special.entr, library.entropy, 1),
    (scipy.special.xlogy, library.xlogy, 2), (scipy.special.xlog1py, library.xlog1py, 2),
    (scipy.special.gamma, gamma, 1), (scipy.special.ndtr, normal_cdf, 1),
    (scipy.special.log_expit, library.log_sigmoid, 1),
    (scipy.special.beta, beta, 2), (scipy.special.betaln, betaln, 2),
    (scipy.special.rel_entr, rel_entr, 2), (scipy.special.kl_div, kl_div, 2), (scipy.special.huber, huber, 2),
    (scipy.special.boxcox, boxcox, 2), (scipy.special.inv_boxcox, inv_boxcox, 2),
]  # fmt: skip
for _function, _definition, _arguments in _COMPOSITES:
    enter_library(_function, _definition, _arguments)


@numpy_function(scipy.special.polygamma, static="n")
def _polygamma(ctx: Context, n: Any, x: Any) -> Any:
    if not isinstance(n, (int, np.integer)) or n < 0:
        ctx.error(UnsupportedError, "polygamma: n must be one integer >= 0", "call it for each order")
    operand = cast(ctx, strong(ctx, as_float(ctx, ctx.operand(x), "polygamma")), "f64")  # SciPy gives double precision
    return ctx.wrap(ctx.b.emit("polygamma", operand, n=int(n)) if n else ctx.b.emit("digamma", operand))


@numpy_function(scipy.special.multigammaln, static="d")
def _multigammaln(ctx: Context, a: Any, d: Any) -> Any:
    operand = cast(ctx, strong(ctx, as_float(ctx, ctx.operand(a), "multigammaln")), "f64")
    return ctx.call(multigammaln, [ctx.wrap(operand), d], {})


def multigammaln(a: Any, d: int) -> Any:
    if np.any(a <= 0.5 * (d - 1)):
        raise ValueError("condition a > 0.5 * (d-1) not met")
    total = d * (d - 1) * 0.25 * math.log(math.pi) + 0.0 * a
    for j in range(d):
        total = total + scipy.special.gammaln(a - 0.5 * j)
    return total


@numpy_function(scipy.special.logsumexp, static="axis keepdims return_sign")
def _logsumexp(
    ctx: Context, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    if return_sign:
        ctx.error(PullbackTypeError, "logsumexp: return_sign is not supported", "compute the sum itself")
    if b is not None:
        x, w = as_float(ctx, strong_operand(ctx, a), "logsumexp"), strong_operand(ctx, b)
        axes = axes_of(ctx, axis, max(x.type.rank, w.type.rank))
        return ctx.call(library.logsumexp_weighted, [ctx.wrap(x), ctx.wrap(w), axes, bool(keepdims)], {})
    return library_reduction(ctx, library.logsumexp, a, axis, keepdims)


@numpy_function(scipy.special.softmax, static="axis")
def _softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.softmax, x, axis, True)


@numpy_function(scipy.special.log_softmax, static="axis")
def _log_softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.log_softmax, x, axis, True)
