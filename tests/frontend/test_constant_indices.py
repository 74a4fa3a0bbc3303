"""Indices that are numbers: no test at run time where the arrays of this kind of call have the element."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


def ends(x):
    return x[0] * x[2] if x.shape[0] > 2 else x[0] * 3


def columns(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i, 0] * x[i, -2]
    return s


def one_branch(x, go):
    s = np.sum(x)
    if go:
        s = s + x[5]
    return s


def test_as_many_programs_as_it_takes() -> None:
    gradient = pb.grad(ends)
    for n in (5, 3, 2, 1, 2, 4):
        x = np.arange(1.0, n + 1)
        expected = [x[2], 0, x[0]] + [0.0] * (n - 3) if n > 2 else [3.0, 0.0][:n]
        np.testing.assert_array_equal(gradient(x), expected)


def test_out_of_range_is_an_error_where_it_is_reached() -> None:
    f = pb.jit(columns)
    for shape in ((3, 4), (3, 2), (0, 2), (0, 0), (0, 1), (2, 5)):
        x = np.random.default_rng(0).normal(size=shape)
        assert np.isclose(f(x), columns(x)), shape
    with pytest.raises(IndexError, match="index -2 is out of bounds for axis 1 with size 1"):
        f(np.ones((2, 1)))
    g = pb.jit(one_branch)
    for n in (7, 5, 6, 2):
        assert g(np.ones(n), 0.0) == n
        if n > 5:
            assert g(np.ones(n), 1.0) == n + 1
        else:
            with pytest.raises(IndexError):
                g(np.ones(n), 1.0)


def test_no_test_at_run_time() -> None:
    assert "return 1" not in pb.grad(columns).source(np.ones((3, 4)), level="native")
