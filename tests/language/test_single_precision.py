"""What stays float32 as in NumPy: beside numbers of Python, however they were made, and what becomes float64."""

from __future__ import annotations

import math
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


def functions_of_numbers(x, s):
    halved = np.vectorize(lambda v: v * 0.5 if v > 0 else v)
    return halved(x) * s, np.vectorize(lambda v: float(v) * 0.5)(x), np.vectorize(math.exp)(x)


CASES = [lists_beside_arrays, sums_of_python_numbers, grown, arithmetic_of_truths, functions_of_numbers]


@pytest.mark.parametrize("f", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_those_of_numpy(f: Any, dtype: Any) -> None:
    x = X.astype(dtype)
    for got, want in zip(pb.jit(f)(x, 1.5), f(x, 1.5), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)
        assert np.asarray(got).dtype == np.asarray(want).dtype
        assert isinstance(got, np.generic) == isinstance(want, np.generic)


def widened_in_a_branch(x):
    y = x * 2
    if x[0] > 0:
        y = y @ np.eye(4)
    y[0] = 3.0 * x[1]
    y += x
    return np.sum(y**2)


def widened_in_a_while_loop(x):
    y = x
    k = 0
    while np.linalg.norm(y) > 0.5 and k < 20:
        y = y - 0.5 * np.linalg.solve(2 * np.eye(4), y)
        k += 1
    return np.sum(np.sin(y))


def widened_now_and_then(x):
    a = np.outer(x, x) + 0.0
    for p in range(len(x) - 1):
        for q in range(p + 1, len(x)):
            if a[p, q] > 0:
                continue
            j = np.eye(len(x))
            j[p, q] = a[p, q]
            a = j.T @ a @ j
    return np.sum(np.tanh(a))


@pytest.mark.parametrize("f", [widened_in_a_branch, widened_in_a_while_loop, widened_now_and_then])
@pytest.mark.parametrize("start", [1.0, -1.0])
def test_an_array_that_one_path_widens(f: Any, start: float) -> None:
    x = X * np.float32(start)
    np.testing.assert_allclose(pb.jit(f)(x), f(x), rtol=1e-5)
    got = pb.grad(f)(x)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, pb.grad(f)(x.astype(np.float64)), rtol=1e-4, atol=1e-5)


def written_as_an_argument(x):
    y = x
    if x[0] > 0:
        y = x @ np.eye(4)
    y[0] = 3.0
    return np.sum(x) + np.sum(y)


def written_by_another_name(x):
    y = x * 2
    z = y
    if x[0] > 0:
        y = y @ np.eye(4)
    z[0] = 3.0
    return np.sum(y)


def written_before_the_other_name_is_read(x):
    y = x * 2
    z = y
    if x[0] > 0:
        y = y @ np.eye(4)
    y[0] = 3.0
    return np.sum(z)


@pytest.mark.parametrize("f", [written_as_an_argument, written_by_another_name, written_before_the_other_name_is_read])
def test_an_array_that_one_path_widens_is_not_written_where_that_would_show(f: Any) -> None:
    with pytest.raises(pb.PullbackError, match="another dtype than on another path"):
        pb.jit(f)(X)
    np.testing.assert_allclose(pb.jit(f)(X.astype(float)), f(X.astype(float)))
