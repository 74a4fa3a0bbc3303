"""What stays float32 as in NumPy: beside numbers of Python, however they were made, and what becomes float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.3, -1.2, 2.5, 0.7], np.float32)


def lists_beside_arrays(x, s):
    y = x * 1
    y[0:1] += [s]
    y[1:3] *= (2.0, s)
    y += [2.0]
    return y, np.add(x[:1], [s]), np.squeeze([s]) + x, np.reshape(s, (1, 1)) + x


def sums_of_python_numbers(x, s):
    numbers = [float(v) * s for v in x]
    truths = [float(v) > 0 for v in x]
    return x * sum(numbers), x * max(numbers), x * min(numbers), x * sum(truths), sum(truths)


def grown(x, s):
    numbers = []
    for v in x:
        numbers.append(float(v) + s)
    counts = [0] * len(x)
    for k in range(3):
        counts[k] += k
    return x * sum(numbers), x * sum(counts), max(counts)


def arithmetic_of_truths(x, s):
    positive = s > 1
    first = x[0] > 0
    return x * (positive + 2 * (not positive)), x * ((not first) + 1), not first


@pytest.mark.parametrize("f", [lists_beside_arrays, sums_of_python_numbers, grown, arithmetic_of_truths])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_those_of_numpy(f: Any, dtype: Any) -> None:
    x = X.astype(dtype)
    for got, want in zip(pb.jit(f)(x, 1.5), f(x, 1.5), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)
        assert np.asarray(got).dtype == np.asarray(want).dtype
        assert isinstance(got, np.generic) == isinstance(want, np.generic)
