"""Functions of the module statistics, in floats: Python adds fractions, and rounds once."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any


def _at_least(items: list[Any], count: int, message: str) -> None:
    if len(items) < count:
        raise statistics.StatisticsError(message)


def mean(data: Any) -> Any:
    items = list(data)
    _at_least(items, 1, "mean requires at least one data point")
    return sum(items) / len(items)


def fmean(data: Any, weights: Any = None) -> Any:
    items = list(data)
    if weights is None:
        _at_least(items, 1, "fmean requires at least one data point")
        return float(sum(items) / len(items))
    factors = list(weights)
    if len(items) != len(factors):
        raise statistics.StatisticsError("data and weights must be the same length")
    total = sum(factors)
    if total == 0:
        raise statistics.StatisticsError("sum of weights must be non-zero")
    return float(sum([x * w for x, w in zip(items, factors, strict=True)]) / total)


def geometric_mean(data: Any) -> Any:
    items = list(data)
    _at_least(items, 1, "geometric mean requires a non-empty dataset")
    for x in items:
        if x <= 0:
            raise statistics.StatisticsError("geometric mean requires a non-empty dataset containing positive numbers")
    return math.exp(sum([math.log(x) for x in items]) / len(items))


def harmonic_mean(data: Any, weights: Any = None) -> Any:
    items = list(data)
    _at_least(items, 1, "harmonic_mean requires at least one data point")
    factors = [1.0 for _ in items] if weights is None else list(weights)
    if len(items) != len(factors):
        raise statistics.StatisticsError("Number of weights does not match data size")
    for x in items:
        if x < 0:
            raise statistics.StatisticsError("harmonic mean does not support negative values")
    if min(items) == 0:
        return 0.0
    return sum(factors) / sum([w / x for x, w in zip(items, factors, strict=True)])


def _squares(items: list[Any], centre: Any) -> Any:
    middle = sum(items) / len(items) if centre is None else centre
    return sum([(x - middle) ** 2 for x in items])


def variance(data: Any, xbar: Any = None) -> Any:
    items = list(data)
    _at_least(items, 2, "variance requires at least two data points")
    return _squares(items, xbar) / (len(items) - 1)


def pvariance(data: Any, mu: Any = None) -> Any:
    items = list(data)
    _at_least(items, 1, "pvariance requires at least one data point")
    return _squares(items, mu) / len(items)


def stdev(data: Any, xbar: Any = None) -> Any:
    items = list(data)
    _at_least(items, 2, "stdev requires at least two data points")
    return math.sqrt(_squares(items, xbar) / (len(items) - 1))


def pstdev(data: Any, mu: Any = None) -> Any:
    items = list(data)
    _at_least(items, 1, "pstdev requires at least one data point")
    return math.sqrt(_squares(items, mu) / len(items))


def _products(x: list[Any], y: list[Any]) -> Any:
    a, b = sum(x) / len(x), sum(y) / len(y)
    return sum([(p - a) * (q - b) for p, q in zip(x, y, strict=True)])


def covariance(x: Any, y: Any, /) -> Any:
    if len(x) != len(y):
        raise statistics.StatisticsError("covariance requires that both inputs have same number of data points")
    _at_least(x, 2, "covariance requires at least two data points")
    return _products(list(x), list(y)) / (len(x) - 1)


def correlation(x: Any, y: Any, /) -> Any:
    if len(x) != len(y):
        raise statistics.StatisticsError("correlation requires that both inputs have same number of data points")
    _at_least(x, 2, "correlation requires at least two data points")
    first, second = list(x), list(y)
    both = _squares(first, None) * _squares(second, None)
    if both == 0:
        raise statistics.StatisticsError("at least one of the inputs is constant")
    return _products(first, second) / math.sqrt(both)


def linear_regression(x: Any, y: Any, /, *, proportional: bool = False) -> Any:
    if len(x) != len(y):
        raise statistics.StatisticsError("linear regression requires that both inputs have same number of data points")
    _at_least(x, 2, "linear regression requires at least two data points")
    first, second = list(x), list(y)
    if proportional:
        across = sum([p * q for p, q in zip(first, second, strict=True)])
        spread = sum([p * p for p in first])
    else:
        across, spread = _products(first, second), _squares(first, None)
    if spread == 0:
        raise statistics.StatisticsError("x is constant")
    slope = across / spread
    intercept = 0.0 if proportional else sum(second) / len(second) - slope * (sum(first) / len(first))
    return statistics.LinearRegression(slope=slope, intercept=intercept)


# what is called for a function of the module
IN_PLACE_OF: dict[Any, Callable[..., Any]] = {
    statistics.mean: mean, statistics.fmean: fmean, statistics.geometric_mean: geometric_mean,
    statistics.harmonic_mean: harmonic_mean, statistics.variance: variance, statistics.pvariance: pvariance,
    statistics.stdev: stdev, statistics.pstdev: pstdev, statistics.covariance: covariance,
    statistics.correlation: correlation, statistics.linear_regression: linear_regression,
}  # fmt: skip
