# ruff: noqa: F841
"""A name that is of one kind on one path and of another on another: each path is built to its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.array([0.5, 1.5, 2.5])


def integers_or_floats(x):
    if x[0] > 0:
        y = np.zeros(3, dtype=int)
    elif x[1] < -9:
        y = x * 3
    else:
        y = x * 2
    y[1] = 2.7
    z = np.zeros_like(y)
    z[0] = 1.5
    return (y * x).sum() + z.sum() * x[2]


def in_a_loop_with_jumps(x):
    s = 0.0
    i = 0
    while i < 4:
        i += 1
        if x[0] > i - 2:
            y = np.arange(3)
        else:
            y = x * 2
        if i == 2:
            continue
        if (y * x).sum() > 5:
            break
        s += y.sum() * x[1]
    return s


def extents(x):
    y = x[:2] if x[0] > 0 else x
    if x[1] > 0:
        z = y * 2
    else:
        z = np.concatenate([y, y])
    return (z * z).sum()


def an_extent_of_the_run(x):
    if x[0] > 0:
        y = x[x > 1]
    else:
        y = np.array([3.0, x[0]])
    return (y * y).sum()


def lengths_of_lists(x):
    if x[0] > 0:
        if x[1] > 0:
            y = [x[0]]
        else:
            y = [x[0], x[1]]
    else:
        y = [1.0, 2.0, x[2]]
    t = 1.0
    for v in y:
        t = t * v + len(y)
    return t


def keys_of_dicts(x):
    if x[0] > 0:
        d = {"a": x[0]}
    else:
        d = {"a": x[0], "b": x[1]}
    return sum(d.values()) + len(d)


def kinds(x):
    if x[0] > 0:
        y = x
    else:
        y = (x, x)
    if isinstance(y, tuple):
        return y[0].sum()
    return (y * y).sum()


def views(x):
    a = x * 1
    if x[0] > 0:
        b = a
    else:
        b = np.zeros(5)
    b[0] = 7.0
    return a.sum() * b.sum() + x[1]


def in_a_helper(x):
    def part(v):
        if v > 0:
            k = np.arange(3)
        else:
            k = x * 2
        return (k * x).sum()

    return part(x[0]) + part(x[1])


def halves(x, n):
    if n <= 0:
        return x.sum()
    if x[0] > n - 2.0:
        y = np.arange(3)
    else:
        y = x * 2
    return (y * x).sum() + halves(x * 0.5, n - 1)


def in_a_recursive_function(x):
    return halves(x, 3)


FUNCTIONS = [
    integers_or_floats, in_a_loop_with_jumps, extents, an_extent_of_the_run, lengths_of_lists, keys_of_dicts, kinds, views,
    in_a_helper, in_a_recursive_function,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("x", [X, -X, X[::-1].copy()])
def test_each_path_has_its_own_types(f: Any, x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    np.testing.assert_allclose(pb.jit(f)(x.copy()), f(x.copy()), rtol=1e-12)
    h = 1e-6
    shifts = h * np.eye(3)
    slopes = [(f(x + d) - f(x - d)) / (2 * h) for d in shifts]
    np.testing.assert_allclose(pb.grad(f)(x.copy()), slopes, rtol=1e-6, atol=1e-7)


def test_native_code(x: Any = X) -> None:
    for f in (integers_or_floats, lengths_of_lists):
        np.testing.assert_allclose(pb.jit(f)(x.copy()), f(x.copy()), rtol=1e-12)
        np.testing.assert_allclose(pb.jit(f)(-x), f(-x), rtol=1e-12)


def returned(x):
    if x[0] > 0:
        y = np.arange(3)
    else:
        y = x * 2
    return y


def many(x):
    ys = []
    a = x[:2] if x[0] > 0 else x
    b = x[:2] if x[1] > 0 else x
    c = x[:2] if x[2] > 0 else x
    d = x[:2] if x[0] > 1 else x
    e = x[:2] if x[1] > 1 else x
    g = x[:2] if x[2] > 1 else x
    return a.sum() * b.sum() * c.sum() * d.sum() * e.sum() * g.sum()


@pytest.mark.parametrize(("f", "text"), [(returned, "y is i64"), (many, "this array is f64")])
def test_what_is_refused(f: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    with pytest.raises(pb.errors.UnsupportedError, match=text):
        pb.jit(f)(X.copy())
