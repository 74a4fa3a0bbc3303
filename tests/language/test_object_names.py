# ruff: noqa: B007
"""Two names for one list, dict or object, depending on the path or the iteration: never a copy. What cannot be told at
compile time is refused where it is changed."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


class Pt:
    def __init__(self, u, v):
        self.u = u
        self.v = v


def l1(x, n):
    P = Pt(x[0], x[1])
    Q = Pt(x[1], x[2])
    for i in range(n):
        P = Pt(x[i] * 2, x[0])
        Q = P
    P.u = 5.0
    return Q.u + P.v


def l2(x, n):
    P = Pt(x[0], x[1])
    Q = Pt(x[1], x[2])
    for i in range(n):
        P = Q
    Q.u = 5.0
    return Q.u + P.u * 3


def l3(x, n):
    P = [x[0], x[1]]
    Q = [x[1], x[2]]
    for i in range(n):
        P = Q
    Q[0] = 5.0
    return Q[0] + P[0] * 3


def l4(x, n):
    P = [x[0], x[1]]
    Q = [x[1], x[2]]
    for i in range(n):
        P = [x[i], 1.0]
        Q = P
    Q[0] = 5.0
    return Q[0] + P[0] * 3


def l5(x, n):
    P = {"a": x[0]}
    Q = {"a": x[1]}
    for i in range(n):
        P = Q
    Q["a"] = 5.0
    return P["a"]


def l6(x, n):
    P = Pt(x[0], x[1])
    Q = P
    for i in range(n):
        P = Pt(P.u * 2, P.v)
    P.u = 5.0
    return Q.u + P.u * 2


def l7(x, n):
    P = Pt(x[0], x[1])
    Q = Pt(x[2], x[1])
    for i in range(n):
        P, Q = Q, P
        P.u *= 2.0
    return Q.u + P.u * 2


def l8(x, n):
    P = Pt(x[0], x[1])
    Q = Pt(x[2], x[1])
    for i in range(n):
        if x[i] > 0:
            P = Q
        P.u += 1.0
    return Q.u + P.u * 2


def l9(x, n):
    P = Pt(x[0], x[1])
    Q = Pt(x[2], x[1])
    if x[0] > 0.1 * n:
        P = Q
    P.u += 1.0
    return Q.u + P.u * 2


def l10(x, n):
    P = Pt(x[0], x[1])
    if x[0] > 0.1 * n:
        P = Pt(x[1], x[0])
        Q = P
    else:
        P = Pt(x[2], x[0])
        Q = P
    P.u += 1.0
    return Q.u + P.u * 2


def l11(x, n):
    if x[0] > 0.1 * n:
        P = [x[1], x[0]]
        Q = P
    else:
        P = [x[2], x[0]]
        Q = P
    P[0] += 1.0
    return Q[0] + P[0] * 2


def l12(x, n):
    if x[0] > 0.1 * n:
        P = {"a": x[1]}
        Q = P
    else:
        P = {"a": x[2]}
        Q = {"a": x[0]}
    P["a"] += 1.0
    return Q["a"] + P["a"] * 2


def l13(x, n):
    P = Pt(x[0], x[1])
    L = [P, P]
    if x[0] > 0.1 * n:
        P = Pt(x[1], x[1])
    P.u = 9.0
    return L[0].u + P.u


def l14(x, n):
    best = Pt(x[0], x[1])
    for i in range(n):
        c = Pt(x[i], x[i] * 2)
        if c.u > best.u:
            best = c
        c.v += 10.0
    return best.v


def l15(x, n):
    best = Pt(x[0], x[1])
    c = Pt(x[0], 0.0)
    for i in range(n):
        c.u = x[i]
        if c.u > best.u:
            best = c
    return best.u


def l16(x, n):
    P = Pt(x[0], x[1])

    def g():
        return P.u

    if x[0] > 0.1 * n:
        P.u = 7.0
    else:
        P = Pt(x[1], 2.0)
    return P.u + g()


def l17(x, n):
    P = Pt(x[0], x[1])
    Q = P
    i = 0
    while i < n:
        P = Pt(P.u + 1, P.v)
        i += 1
        if i == 2:
            Q = P
    P.u = 50.0
    return Q.u


def l18(x, n):
    P = Pt(Pt(x[0], x[1]), x[2])
    q = P.u
    if x[0] > 0.1 * n:
        P.u = Pt(x[1], x[1])
    P.u.u = 4.0
    return q.u + P.u.u * 3


PROGRAMS = {name: f for name, f in list(globals().items()) if name[0] == "l" and name[1:].isdigit()}
RIGHT = {"l7", "l10", "l11", "l16"}  # no other name refers to what is changed
X = np.array([0.3, 0.5, -0.2])


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_right_or_refused(name: str, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    f = PROGRAMS[name]
    try:
        expected = f(X.copy(), n)
    except UnboundLocalError:
        return
    try:
        result = pb.jit(f)(X.copy(), n)
    except pb.errors.UnsupportedError as e:
        assert name not in RIGHT and "another name may refer" in e.message, e
        return
    np.testing.assert_allclose(result, expected)


def test_what_a_branch_changed_is_kept_where_the_other_makes_a_new_object() -> None:
    def f(x, m):
        p = Pt(x * 1.0, x * 2.0)
        if x[0] > 0:
            p.v = m[0]
        else:
            p = Pt(x, m[1])
        return p.v.sum() * 2 + p.u.sum()

    m = np.arange(9.0).reshape(3, 3)
    for x in (X, -X):
        np.testing.assert_allclose(pb.jit(f)(x, m), f(x, m))


def a1(x, k):
    items = [x[0], x[1]]
    if x[2] > k:
        items = [x[2], x[0] * 2]
    return items[0] * 3 + items[1]


def a2(x, k):
    o = {"a": x[0], "b": x}
    if x[2] > k:
        o = {"a": x[1], "b": x * 2}
    o["a"] *= 2
    return o["a"] + o["b"].sum()


def a3(x, k):
    items = [x[0], x[1]]
    keep = items
    if x[2] > k:
        items = [x[2], x[0] * 2]
    items[0] = 5.0
    return keep[0] + items[1]


def a4(x, k):
    items = [x[0], x[1]]
    if x[2] > k:
        items[0] = 7.0
        items = [items[0] * 2, x[0]]
    else:
        items[1] = 9.0
    items.append(x[2])
    items[0] += 1
    return sum(items)


def a5(x, k):
    rows = [x, x * 2]
    if x[2] > k:
        rows = [x * 3, x]
    rows[0] += 1.0
    return rows[0].sum() + rows[1].sum() * 2 + x.sum()


def a6(x, k):
    s = 0.0
    items = [0.0, 1.0]
    for i in range(3):
        if x[i] > k:
            items = [x[i], items[0]]
        s += items[0] * items[1]
    return s


def a7(x, k):
    items = [x[0], x[1]]
    if x[2] > k:
        items = [x[2], x[0] * 2, x[1]]
    return sum(items)


@pytest.mark.parametrize("f", [a1, a2, a4, a5, a6, a7])
@pytest.mark.parametrize("k", [-1.0, 0.4, 1.0])
def test_lists_and_dicts_that_a_branch_replaces(f, k: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    np.testing.assert_allclose(pb.jit(f)(X.copy(), k), f(X.copy(), k))


def test_lists_that_are_not_one() -> None:
    with pytest.raises(pb.errors.UnsupportedError, match="another name may refer"):
        pb.jit(a3)(X.copy(), 0.4)


def h1(x, n):
    a, b = x.copy(), 2.0 * x
    held = {"u": b}
    for i in range(n):
        held["u"], a = a, held["u"]
        held = {"u": held["u"]}
    return held["u"].sum() + 3.0 * a[0]


def h2(x, n):
    held = [2.0 * x]
    for i in range(n):
        held[0] = x
        held = [held[0]]
    return held[0].sum()


def h3(x, n):
    p, q = Pt(x, 2.0), Pt(x[::-1], 3.0)
    for i in range(n):
        p.u, q.u = q.u, p.u
        p = Pt(p.u, p.v + 1)
        q.v += p.v
        q = Pt(q.u, q.v)
    return (p.u * p.v)[0] + q.u[1] * q.v


def h4(x, n):
    pair = ([x.copy()], 1.0)
    for i in range(n):
        pair[0][0] = x * pair[1]
        if pair[0][0][1] > 0.1:
            pair = (pair[0], pair[1] * 2)
    return pair[0][0].sum() * pair[1]


def h5(x, n):
    held = {"u": x, "v": 2.0 * x}
    i = 0
    while i < n:
        i += 1
        held["u"], held["v"] = held["v"], held["u"]
        if i == 2:
            continue
        held = {"u": held["u"], "v": held["v"]}
    return held["u"].sum()


@pytest.mark.parametrize("f", [h1, h2, h3, h4, h5])
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_changed_in_an_iteration_and_then_replaced_by_its_parts(f, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    np.testing.assert_allclose(pb.jit(f)(X.copy(), n), f(X.copy(), n))


def r1(x, n):
    q = Pt(x, 1.0)
    for i in range(len(x)):
        p = q
    for i in range(n):
        p, q = q, p
    q.u = 2.0 * x
    return p.u.sum()


def r2(x, n):
    q = Pt(x, 1.0)
    for i in range(len(x)):
        p = q
    if n > 1:
        p, q = q, p
    q.u = 2.0 * x
    return p.u.sum()


def r3(x, n):
    q, s = [x], [2.0 * x]
    for i in range(len(x)):
        if i == n:
            p = q
        else:
            p = s
        p[0] = p[0] * 2
    return p[0].sum() + q[0][0]


def r4(x, n):
    pair = ([1.0, 2.0], x)
    for i in range(len(x)):
        p = pair
        p[0][0] += x[i]
        t = ([1.0, 2.0], n)
        t[0][1] += p[0][0]
    p[0][1] = x[1]
    t[0][0] += 1
    return p[0][0] * pair[0][1] * t[0][0] * t[0][1]


def r5(x, n):
    best = None
    q = Pt(x, 1.0)
    for i in range(len(x)):
        if x[i] > n:
            best = q
    if best is not None:
        best.u = 2.0 * x
    return q.u.sum()


@pytest.mark.parametrize("f", [r1, r2, r3, r4, r5])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_object_that_a_loop_binds_another_name_to(f, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    np.testing.assert_allclose(pb.jit(f)(X.copy(), n), f(X.copy(), n))


def made_again(x, n):
    q = Pt(x, 1.0)
    p = Pt(x, 2.0)
    for i in range(n):
        if x[i] > 0.0:
            p = q
    for i in range(n):
        p, q = q, p
    q.u = 2.0 * x
    return p.u.sum()


def test_an_object_made_from_one_with_two_names_has_two() -> None:
    with pytest.raises(pb.errors.UnsupportedError, match="another name may refer"):
        pb.jit(made_again)(X.copy(), 2)


def s1(x, n):
    p, q = Pt(x.copy(), x), Pt(2.0 * x, x.copy())
    if x[0] > n:
        q = p
        q.v = 3.0 * x
    p.v[0] += 1
    return q.v.sum()


def s2(x, n):
    p, q = [x.copy()], [2.0 * x]
    if x[0] > n:
        t = x * x
        p = [t]
        q = [t]
    p[0][0] += 1
    return q[0].sum()


@pytest.mark.parametrize("f", [s1, s2])
def test_an_array_of_an_object_that_is_one_on_a_path(f) -> None:
    with pytest.raises(pb.errors.UnsupportedError, match="may share memory with another array"):
        pb.jit(f)(X.copy(), 0)


def test_an_object_that_is_replaced_by_what_another_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, n):
        a = x.copy()
        p = Pt(a, 2.0 * x)

        def rebinds():
            nonlocal p

        for i in range(n):
            if a[0] > i:
                p.u, p.v = p.v, p.u
            else:
                p = Pt(a, 3.0 * a)
        rebinds()
        return p.u.sum()

    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    for n in range(4):
        np.testing.assert_allclose(pb.jit(f)(X.copy(), n), f(X.copy(), n))
