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
from .numpy_table import composed, numpy_function
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


def _exponential_logsf(z: Any, scale: Any) -> Any:
    return -np.maximum(z, 0.0)


def _laplace_cdf(z: Any, scale: Any) -> Any:
    tail = 0.5 * np.exp(-np.abs(z))
    return np.where(z > 0.0, 1.0 - tail, tail)


def _laplace_sf(z: Any, scale: Any) -> Any:
    return _laplace_cdf(-z, scale)


def _cauchy_cdf(z: Any, scale: Any) -> Any:
    return np.arctan2(1.0, -z) / math.pi


def _cauchy_sf(z: Any, scale: Any) -> Any:
    return np.arctan2(1.0, z) / math.pi


def _uniform_pdf(z: Any, scale: Any) -> Any:
    return np.where(np.logical_and(z >= 0.0, z <= 1.0), 1.0 / scale, 0.0)


def _uniform_logpdf(z: Any, scale: Any) -> Any:
    return np.where(np.logical_and(z >= 0.0, z <= 1.0), -np.log(scale), -math.inf)


def _uniform_cdf(z: Any, scale: Any) -> Any:
    return np.clip(z, 0.0, 1.0)


def _logistic_logpdf(z: Any, scale: Any) -> Any:
    size = np.abs(z)
    return -size - 2.0 * np.log1p(np.exp(-size)) - np.log(scale)


def _logistic_pdf(z: Any, scale: Any) -> Any:
    return np.exp(_logistic_logpdf(z, scale))


def _logistic_cdf(z: Any, scale: Any) -> Any:
    return scipy.special.expit(z)


def _logistic_sf(z: Any, scale: Any) -> Any:
    return scipy.special.expit(-z)


def _rayleigh_logpdf(z: Any, scale: Any) -> Any:
    inside = z > 0.0
    return np.where(inside, np.log(np.where(inside, z, 1.0)) - 0.5 * z * z - np.log(scale), -math.inf)


def _rayleigh_pdf(z: Any, scale: Any) -> Any:
    return np.where(z >= 0.0, z * np.exp(-0.5 * z * z) / scale, 0.0)


def _rayleigh_cdf(z: Any, scale: Any) -> Any:
    return -np.expm1(-0.5 * np.maximum(z, 0.0) ** 2)


def _lognormal_logpdf(z: Any, scale: Any, s: Any) -> Any:
    inside = z > 0.0
    log = np.log(np.where(inside, z, 1.0))
    log_density = -0.5 * (log / s) ** 2 - np.log(s) - log - _LOG_ROOT_2_PI - np.log(scale)
    return np.where(s > 0.0, np.where(inside, log_density, -math.inf), math.nan)


def _lognormal_pdf(z: Any, scale: Any, s: Any) -> Any:
    return np.exp(_lognormal_logpdf(z, scale, s))


def _lognormal_cdf(z: Any, scale: Any, s: Any) -> Any:
    inside = z > 0.0
    below = scipy.special.ndtr(np.log(np.where(inside, z, 1.0)) / s)
    return np.where(s > 0.0, np.where(inside, below, 0.0), math.nan)


def _weibull_logpdf(z: Any, scale: Any, c: Any) -> Any:
    inside = z > 0.0
    u = np.where(inside, z, 1.0)
    log_density = np.log(c) + scipy.special.xlogy(c - 1.0, u) - u**c - np.log(scale)
    return np.where(c > 0.0, np.where(inside, log_density, -math.inf), math.nan)


def _weibull_pdf(z: Any, scale: Any, c: Any) -> Any:
    return np.exp(_weibull_logpdf(z, scale, c))


def _weibull_cdf(z: Any, scale: Any, c: Any) -> Any:
    inside = z > 0.0
    return np.where(c > 0.0, np.where(inside, -np.expm1(-(np.where(inside, z, 1.0) ** c)), 0.0), math.nan)


def _weibull_sf(z: Any, scale: Any, c: Any) -> Any:
    inside = z > 0.0
    return np.where(c > 0.0, np.where(inside, np.exp(-(np.where(inside, z, 1.0) ** c)), 1.0), math.nan)


def _chi2_logpdf(z: Any, scale: Any, df: Any) -> Any:
    inside = z > 0.0
    half = 0.5 * df
    log_density = scipy.special.xlogy(half - 1.0, np.where(inside, z, 1.0)) - 0.5 * z - scipy.special.gammaln(half)
    log_density = log_density - math.log(2.0) * half - np.log(scale)
    return np.where(df > 0.0, np.where(inside, log_density, -math.inf), math.nan)


def _chi2_pdf(z: Any, scale: Any, df: Any) -> Any:
    return np.exp(_chi2_logpdf(z, scale, df))


def _beta_logpdf(z: Any, scale: Any, a: Any, b: Any) -> Any:
    inside = np.logical_and(z > 0.0, z < 1.0)
    u = np.where(inside, z, 0.5)
    log_density = scipy.special.xlogy(a - 1.0, u) + scipy.special.xlog1py(b - 1.0, -u)
    log_density = log_density - scipy.special.betaln(a, b) - np.log(scale)
    return np.where(np.logical_and(a > 0.0, b > 0.0), np.where(inside, log_density, -math.inf), math.nan)


def _beta_pdf(z: Any, scale: Any, a: Any, b: Any) -> Any:
    return np.exp(_beta_logpdf(z, scale, a, b))


# -- by incomplete functions -----------------------------------------------------------------------------
def _of_shapes(value: Any, *shapes: Any) -> Any:
    for shape in shapes:
        value = np.where(shape > 0.0, value, math.nan)
    return value


def _gamma_cdf(z: Any, scale: Any, a: Any) -> Any:
    return _of_shapes(scipy.special.gammainc(a, np.maximum(z, 0.0)), a)


def _gamma_sf(z: Any, scale: Any, a: Any) -> Any:
    return _of_shapes(scipy.special.gammaincc(a, np.maximum(z, 0.0)), a)


def _chi2_cdf(z: Any, scale: Any, df: Any) -> Any:
    return _gamma_cdf(0.5 * z, scale, 0.5 * df)


def _chi2_sf(z: Any, scale: Any, df: Any) -> Any:
    return _gamma_sf(0.5 * z, scale, 0.5 * df)


def _beta_cdf(z: Any, scale: Any, a: Any, b: Any) -> Any:
    return _of_shapes(scipy.special.betainc(a, b, np.clip(z, 0.0, 1.0)), a, b)


def _beta_sf(z: Any, scale: Any, a: Any, b: Any) -> Any:
    return _of_shapes(scipy.special.betaincc(a, b, np.clip(z, 0.0, 1.0)), a, b)


def _student_cdf(z: Any, scale: Any, df: Any) -> Any:
    """By the tail, or where that is close to a half by what is between; at 0, where that has an infinite slope, by the
    density."""
    at_zero = np.abs(z) < 1e-12
    square = np.where(at_zero, 1.0, z * z)
    tail = 0.5 * scipy.special.betainc(0.5 * df, 0.5, df / (df + square))
    half = 0.5 * scipy.special.betainc(0.5, 0.5 * df, square / (df + square))
    side = np.where(square < df, np.where(z < 0.0, 0.5 - half, 0.5 + half), np.where(z < 0.0, tail, 1.0 - tail))
    return np.where(at_zero, 0.5 + z * _student_pdf(0.0, 1.0, df), side)


def _student_sf(z: Any, scale: Any, df: Any) -> Any:
    return _student_cdf(-z, scale, df)


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
    scipy.stats.expon.logsf: _exponential_logsf,
    scipy.stats.laplace.cdf: _laplace_cdf, scipy.stats.laplace.sf: _laplace_sf,
    scipy.stats.cauchy.cdf: _cauchy_cdf, scipy.stats.cauchy.sf: _cauchy_sf,
    scipy.stats.uniform.pdf: _uniform_pdf, scipy.stats.uniform.logpdf: _uniform_logpdf,
    scipy.stats.uniform.cdf: _uniform_cdf,
    scipy.stats.logistic.pdf: _logistic_pdf, scipy.stats.logistic.logpdf: _logistic_logpdf,
    scipy.stats.logistic.cdf: _logistic_cdf, scipy.stats.logistic.sf: _logistic_sf,
    scipy.stats.rayleigh.pdf: _rayleigh_pdf, scipy.stats.rayleigh.logpdf: _rayleigh_logpdf,
    scipy.stats.rayleigh.cdf: _rayleigh_cdf,
    scipy.stats.lognorm.pdf: _lognormal_pdf, scipy.stats.lognorm.logpdf: _lognormal_logpdf,
    scipy.stats.lognorm.cdf: _lognormal_cdf,
    scipy.stats.weibull_min.pdf: _weibull_pdf, scipy.stats.weibull_min.logpdf: _weibull_logpdf,
    scipy.stats.weibull_min.cdf: _weibull_cdf, scipy.stats.weibull_min.sf: _weibull_sf,
    scipy.stats.chi2.pdf: _chi2_pdf, scipy.stats.chi2.logpdf: _chi2_logpdf,
    scipy.stats.beta.pdf: _beta_pdf, scipy.stats.beta.logpdf: _beta_logpdf,
    scipy.stats.gamma.cdf: _gamma_cdf, scipy.stats.gamma.sf: _gamma_sf,
    scipy.stats.chi2.cdf: _chi2_cdf, scipy.stats.chi2.sf: _chi2_sf,
    scipy.stats.beta.cdf: _beta_cdf, scipy.stats.beta.sf: _beta_sf,
    scipy.stats.t.cdf: _student_cdf, scipy.stats.t.sf: _student_sf,
}  # fmt: skip


def _standardized(density: Callable[..., Any], shapes: int) -> Callable[..., Any]:
    def with_two(x: Any, a: Any, b: Any, loc: Any, scale: Any) -> Any:
        return density((x - loc) / scale, scale, a, b)

    def with_one(x: Any, a: Any, loc: Any, scale: Any) -> Any:
        return density((x - loc) / scale, scale, a)

    def without(x: Any, loc: Any, scale: Any) -> Any:
        return density((x - loc) / scale, scale)

    return (without, with_one, with_two)[shapes]


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
    shapes = (function.__self__.shapes or "").replace(",", " ").split()
    definition = _standardized(density, len(shapes))

    def expand(ctx: Context, x: Any, *rest: Any, **named: Any) -> Any:
        given = {"loc": 0, "scale": 1} | dict(zip((*shapes, "loc", "scale"), rest, strict=False)) | named
        return _of(ctx, definition, x, [given[name] for name in shapes], given["loc"], given["scale"])

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    required = [inspect.Parameter(name, kind) for name in ("ctx", "x", *shapes)]
    optional = [inspect.Parameter(name, kind, default=d) for name, d in (("loc", 0), ("scale", 1))]
    expand.__signature__ = inspect.Signature([*required, *optional])  # type: ignore[attr-defined]
    numpy_function(function)(expand)


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


def _poisson_cdf(k: Any, mu: Any) -> Any:
    n = np.floor(np.maximum(k, 0.0))
    return np.where(mu >= 0.0, np.where(k >= 0.0, scipy.special.gammaincc(n + 1.0, mu), 0.0), math.nan)


@numpy_function(scipy.stats.poisson.cdf)
def _cdf(ctx: Context, k: Any, mu: Any) -> Any:
    return ctx.call(_poisson_cdf, _doubles(ctx, k, mu), {})


# -- summaries -----------------------------------------------------------------------------------------
@composed(scipy.stats.zscore, static="axis ddof")
def zscore(a: Any, axis: Any = 0, ddof: int = 0) -> Any:
    x = np.asarray(a)
    return (x - np.mean(x, axis=axis, keepdims=True)) / np.std(x, axis=axis, ddof=ddof, keepdims=True)


@composed(scipy.stats.gmean, static="axis")
def gmean(a: Any, axis: Any = 0) -> Any:
    return np.exp(np.mean(np.log(np.asarray(a)), axis=axis))


@composed(scipy.stats.hmean, static="axis")
def hmean(a: Any, axis: Any = 0) -> Any:
    return 1.0 / np.mean(1.0 / np.asarray(a), axis=axis)


@composed(scipy.stats.sem, static="axis ddof")
def sem(a: Any, axis: Any = 0, ddof: int = 1) -> Any:
    x = np.asarray(a)
    n = x.size if axis is None else x.shape[axis]
    return np.std(x, axis=axis, ddof=ddof) / np.sqrt(n)
