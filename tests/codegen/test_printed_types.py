"""Numbers of two types on two paths have one type in what is printed."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


def filled(x, s):
    x[:] = max(3, s)
    x[0] = s
    return x


def of_an_integer(x, s, k=2):
    v = max(k, s)
    return np.array([v, v]) / 2 + np.full(2, v)


def strong(x, s):
    v = np.float64(s) if s > 3 else 0.5
    return np.float32(x) * v


def integers(x, s):
    n = 2 if s > 0.5 else 3
    return np.full(3, n) // 2 * x[:3]


@pytest.mark.parametrize("f", [filled, of_an_integer, strong, integers])
@pytest.mark.parametrize("s", [0.7, 5.0])
def test_printed_types(f, s: float) -> None:
    x = np.full(4, 2.5)
    compiled = pb.jit(f)
    expected = compiled(x.copy(), s)
    arguments = (2,) if f is of_an_integer else ()
    space: dict = {}
    exec(compiled.source(x, s, *arguments, level="adjoint"), space)
    result = space[f.__name__](x.copy(), s, *arguments)
    result = result[0] if isinstance(result, tuple) else result
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_allclose(expected, f(x.copy(), s))
