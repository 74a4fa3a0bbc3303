"""The normal distribution and others of `scipy.stats`. Imported when a program's process has `scipy.stats` imported.

Every function is one of the standard distribution, at ``z = (x - loc) / scale``; NaN for a scale that is not positive.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special
import scipy.stats

from .numpy_support import as_float, cast, strong
from .numpy_table import numpy_function
from .values import is_number

if TYPE_CHECKING:
    from .context import Context

_LOG_ROOT_2_PI = 0.5 * math.log(2.0 * math.pi)


# -- the normal distribution ---------------------------------------------------------------------------
def _normal_pdf(z: Any, scale: Any) -> Any:
    return np.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * scale)


def _normal_logpdf(z: Any, scale: Any) -> Any:
    return -0.5 * z * z - _LOG_ROOT_2_PI - np.log(scale)


def _normal_cdf(z: Any, scale: Any) -> Any:
    return scipy.special.ndtr(z)


def _normal_logcdf(z: Any, scale: Any) -> Any:
    return scipy.special.log_ndtr(z)


def _normal_sf(z: Any, scale: Any) -> Any:
    return scipy.special.ndtr(-z)


def _normal_logsf(z: Any, scale: Any) -> Any:
    return scipy.special.log_ndtr(-z)


# -- others --------------------------------------------------------------------------------------------
def _exponential_pdf(z: Any, scale: Any) -> Any:
    return np.where(z >= 0.0, np.exp(-np.maximum(z, 0.0)) / scale, 0.0)


def _exponential_logpdf(z: Any, scale: Any) -> Any:
    return np.where(z >= 0.0, -z - np.log(scale), -math.inf)


def _exponential_cdf(z: Any, scale: Any) -> Any:
    return -np.expm1(-np.maximum(z, 0.0))


def _exponential_sf(z: Any, scale: Any) -> Any:
    return np.exp(-np.maximum(z, 0.0))


def _laplace_logpdf(z: Any, scale: Any) -> Any:
    return -np.abs(z) - math.log(2.0) - np.log(scale)


def _laplace_pdf(z: Any, scale: Any) -> Any:
    return 0.5 * np.exp(-np.abs(z)) / scale


def _cauchy_pdf(z: Any, scale: Any) -> Any:
    return 1.0 / (math.pi * scale * (1.0 + z * z))


def _cauchy_logpdf(z: Any, scale: Any) -> Any:
    return -math.log(math.pi) - np.log1p(z * z) - np.log(scale)


def _student_logpdf(z: Any, scale: Any, df: Any) -> Any:
    log_beta = scipy.special.betaln(0.5 * df, 0.5)
    return -0.5 * np.log(df) - log_beta - 0.5 * (df + 1.0) * np.log1p(z * z / df) - np.log(scale)


def _student_pdf(z: Any, scale: Any, df: Any) -> Any:
    return np.exp(_student_logpdf(z, scale, df))


def _gamma_logpdf(z: Any, scale: Any, a: Any) -> Any:
    inside = z >= 0.0
    log_density = scipy.special.xlogy(a - 1.0, np.where(inside, z, 1.0)) - z - scipy.special.gammaln(a) - np.log(scale)
    return np.where(a > 0.0, np.where(inside, log_density, -math.inf), math.nan)


def _gamma_pdf(z: Any, scale: Any, a: Any) -> Any:
    return np.exp(_gamma_logpdf(z, scale, a))


_CONTINUOUS: dict[Any, Callable[..., Any]] = {
    scipy.stats.norm.pdf: _normal_pdf, scipy.stats.norm.logpdf: _normal_logpdf,
    scipy.stats.norm.cdf: _normal_cdf, scipy.stats.norm.logcdf: _normal_logcdf,
    scipy.stats.norm.sf: _normal_sf, scipy.stats.norm.logsf: _normal_logsf,
    scipy.stats.expon.pdf: _exponential_pdf, scipy.stats.expon.logpdf: _exponential_logpdf,
    scipy.stats.expon.cdf: _exponential_cdf, scipy.stats.expon.sf: _exponential_sf,
    scipy.stats.laplace.pdf: _laplace_pdf, scipy.stats.laplace.logpdf: _laplace_logpdf,
    scipy.stats.cauchy.pdf: _cauchy_pdf, scipy.stats.cauchy.logpdf: _cauchy_logpdf,
    scipy.stats.t.pdf: _student_pdf, scipy.stats.t.logpdf: _student_logpdf,
    scipy.stats.gamma.pdf: _gamma_pdf, scipy.stats.gamma.logpdf: _gamma_logpdf,
}  # fmt: skip


def _standardized(density: Callable[..., Any]) -> Callable[..., Any]:
    def with_shape(x: Any, df: Any, loc: Any, scale: Any) -> Any:
        return density((x - loc) / scale, scale, df)

    def without(x: Any, loc: Any, scale: Any) -> Any:
        return density((x - loc) / scale, scale)

    return with_shape if len(inspect.signature(density).parameters) == 3 else without


def _checked(value: Any, scale: Any) -> Any:
    return np.where(scale > 0.0, value, math.nan)


def _doubles(ctx: Context, *vs: Any) -> list[Any]:
    return [ctx.wrap(cast(ctx, strong(ctx, as_float(ctx, ctx.operand(v), "scipy.stats")), "f64")) for v in vs]


def _of(ctx: Context, definition: Callable[..., Any], x: Any, shapes: list[Any], loc: Any, scale: Any) -> Any:
    result = ctx.call(definition, _doubles(ctx, x, *shapes, loc, scale), {})
    if is_number(scale) and scale > 0:
        return result
    return ctx.call(_checked, [result, *_doubles(ctx, scale)], {})


def _enter(function: Any, density: Callable[..., Any]) -> None:
    definition = _standardized(density)
    if function.__self__.shapes is None:

        @numpy_function(function)
        def expand(ctx: Context, x: Any, loc: Any = 0, scale: Any = 1) -> Any:
            return _of(ctx, definition, x, [], loc, scale)

    elif function.__self__.shapes == "df":

        @numpy_function(function)
        def expand_df(ctx: Context, x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
            return _of(ctx, definition, x, [df], loc, scale)

    else:

        @numpy_function(function)
        def expand_a(ctx: Context, x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
            return _of(ctx, definition, x, [a], loc, scale)


for _function, _density in _CONTINUOUS.items():
    _enter(_function, _density)


def _normal_ppf(q: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * scipy.special.ndtri(q)


def _normal_isf(q: Any, loc: Any, scale: Any) -> Any:
    return loc - scale * scipy.special.ndtri(q)


@numpy_function(scipy.stats.norm.ppf)
def _ppf(ctx: Context, q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _of(ctx, _normal_ppf, q, [], loc, scale)


@numpy_function(scipy.stats.norm.isf)
def _isf(ctx: Context, q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _of(ctx, _normal_isf, q, [], loc, scale)


# -- counts --------------------------------------------------------------------------------------------
def _poisson_logpmf(k: Any, mu: Any) -> Any:
    possible = np.logical_and(k >= 0.0, np.floor(k) == k)
    n = np.where(possible, k, 0.0)
    return np.where(
        mu >= 0.0,
        np.where(possible, scipy.special.xlogy(n, mu) - scipy.special.gammaln(n + 1.0) - mu, -math.inf),
        math.nan,
    )


def _poisson_pmf(k: Any, mu: Any) -> Any:
    return np.exp(_poisson_logpmf(k, mu))


@numpy_function(scipy.stats.poisson.logpmf)
def _logpmf(ctx: Context, k: Any, mu: Any) -> Any:
    return ctx.call(_poisson_logpmf, _doubles(ctx, k, mu), {})


@numpy_function(scipy.stats.poisson.pmf)
def _pmf(ctx: Context, k: Any, mu: Any) -> Any:
    return ctx.call(_poisson_pmf, _doubles(ctx, k, mu), {})
