# ruff: noqa: F841
"""Assignments in comprehensions are to variables of the function; any and all stop where Python stops."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

X = np.array([0.1, 0.2, 0.9, 0.3])


def f1(x):
    w = 0.0
    if any((w := y) > 0.5 for y in x):
        return w * 2
    return w


def f2(x):
    w = 0.0
    s = sum((w := y) * 2 for y in x)
    return s + w


def f3(x):
    w = 0.0
    s = [(w := w + y) for y in x]
    return s[-1] + w


def f4(x):
    w = 1.0
    s = [w for y in x if (w := y) > 0]
    return sum(s) + w


def f5(x):
    def g():
        w = 0.0
        t = [(w := w + y) for y in x]
        return w + t[0]

    return g()


def f6(x):
    total = 0
    partial = [total := total + v for v in [x[0], x[1], x[2]]]
    return sum(partial) + total


def f9(x):
    w = 0.0
    if all((w := k) < 2 for k in range(4)):
        return x[0]
    return x[w]


def f10(x):
    best = None
    if any((best := y) > 0.5 for y in x):
        return best * 2.0
    return 0.0


def f11(x):
    y = 1.0
    z = [[(y := y * v) for v in row] for row in (x, x)]
    return y + z[1][0]


def f12(x):
    for k in range(3):
        s = max((last := v * k) for v in x)
    return s + last


def f13(x):
    d = {i: (q := v) for i, v in enumerate([x[0], x[1]])}
    return q + d[0]


def f14(x):
    def g():
        nonlocal_list = [t := v + 1 for v in x]
        return t

    t = 5.0
    return g() * t


def f15(x):
    r = [t for v in x if (t := v * 2) > 0.3]
    return sum(r) + t


def f16(x):
    return sum([a * b for v in x if (a := v * 2) > 0.3 if (b := a * a) > 0.2])


def f17(x):
    t = 5.0
    r = [t * q for i in range(int(x[3] * 10)) if (t := x[i]) > 0.1 and (q := t + 1) > 0]
    return r[0] + len(r) * t


def f18(x):
    return sum([t * w for v in x if (t := v * 2) > 0.3 for w in x if w < t])


def f7(x):
    w = 0.0
    if any((w := y) > 0.5 for y in [x[0], x[1], x[2]]):
        return w * 2
    return w


def f8(x):
    st = [x[0], x[1], x[2]]
    return float(any(st.pop() > 0.5 for _ in range(2))) + sum(st)


RIGHT = [f1, f2, f3, f4, f5, f6, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18]


@pytest.mark.parametrize("f", RIGHT)
def test_right(f, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    np.testing.assert_allclose(pb.jit(f)(X.copy()), f(X.copy()))


@pytest.mark.parametrize("f", [f7, f8])
def test_effects_of_items_that_may_not_be_looked_at_are_refused(f) -> None:
    with pytest.raises(pb.errors.UnsupportedError, match="the items change something"):
        pb.jit(f)(X.copy())
