# ruff: noqa
"""`copy.copy` and `copy.deepcopy` of arrays, containers and objects."""

import copy
from collections import deque, namedtuple
from copy import deepcopy
from dataclasses import dataclass

import numpy as np

CASES = []
R = np.random.default_rng(0).random


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@dataclass
class S:
    u: np.ndarray
    v: float


NT = namedtuple("NT", "a b")


class C:
    def __init__(s, x):
        s.x = x
        s.l = [x]

    def __copy__(s):
        return C(s.x * 2)


@case(R(4))
def arrays(x):
    y = copy.copy(x)
    y[0] = 3.0
    z = deepcopy(x)
    z *= 2
    return (y * z * x).sum()


@case(R(4))
def lists(x):
    L = [x, [x, 1.0]]
    a = copy.copy(L)
    b = copy.deepcopy(L)
    b[0][1] = 5.0
    a[0] = 2 * x
    a[1][1] = 7.0
    return L[0].sum() * b[1][0].sum() * L[1][1] * b[1][1] + a[0][0]


@case(R(4))
def objects(x):
    s = S(x, 2.0)
    t = copy.copy(s)
    r = copy.deepcopy(s)
    t.v = 3.0
    t.u = x * 2
    r.u[0] = 9.0
    return s.u.sum() * s.v + t.u.sum() * t.v + r.u.sum() * r.v


@case(R(4))
def history(x):
    h = []
    state = {"p": x.copy(), "q": [1.0, 2.0]}
    for i in range(3):
        state["p"] *= 1.5
        state["q"][0] += state["p"][i]
        h.append(copy.deepcopy(state))
    return sum(s["p"].sum() * s["q"][0] for s in h)


@case(R(4), R(4))
def best_so_far(x, y):
    best = None
    cur = x.copy()
    for i in range(5):
        cur = cur * y + 0.3
        if best is None or cur.sum() > best.sum():
            best = copy.deepcopy(cur)
        cur[0] *= 0.5
    return best.sum()


@case(R(4))
def deques(x):
    d = deque(x, maxlen=3)
    e = copy.copy(d)
    e.append(5.0)
    return sum(d) + e[0] * e[-1]


@case(R(4))
def named_tuples(x):
    t = NT(x, [x])
    u = copy.deepcopy(t)
    u.b[0][1] = 4.0
    w = copy.copy(t)
    return (t.b[0] * u.b[0] * w.a * u.a).sum()


@case(R(4))
def own_copy(x):
    c = C(x)
    d = copy.copy(c)
    e = copy.deepcopy(c)
    e.x[0] = 1.0
    e.l[0][1] = 2.0
    return (c.x * d.x * e.x).sum() + e.l[0][0]


@case(R(4))
def run_time_length(x):
    h = [v * 2 for v in x if v > 0.2]
    g = copy.copy(h)
    g.append(1.0)
    k = deepcopy(h)
    k[0] = 9.0
    return sum(h) * sum(g) + k[0]


@case(R(4))
def one_array_twice(x):
    rows = [x, x]
    new = deepcopy(rows)
    new[0][1] = 2.0
    return new[1][1] * x[0] + (new[0] * new[1]).sum()


A = R((4, 3))


@case(A)
def contiguous_versions_are_copies_of_what_is_not(x):
    y = x * 2.0
    a, b, c = np.ascontiguousarray(y[::2]), np.ascontiguousarray(y.T), np.asarray(y.T, order="C")
    d, e = np.asfortranarray(y), np.asarray(y[:, 1:], order="F")
    for k, part in enumerate((a, b, c, d, e)):
        part[0] = part[1] * (k + 1)
    return np.sum(y**2) + sum(np.sum(p**2) for p in (a, b, c, d, e))


@case(A)
def contiguous_versions_are_the_array_where_it_is(x):
    y = x * 2.0
    a, b, c = np.ascontiguousarray(y), np.asarray(y[1:3], order="C"), np.asfortranarray(y.T)
    d, e = np.asarray(y[:, 0]), np.asarray(y[::2], order="K")
    for k, part in enumerate((a, b, c, d, e)):
        part[0] = part[1] * (k + 1)
    return np.sum(y**3)


@case(A)
def copies_in_the_order_of_fortran(x):
    t = 0.0
    for y in (x.copy(order="F"), np.array(x.T), np.array(x, order="F"), np.copy(x.T), x.T.astype(float), x.T.copy()):
        v = y.reshape(-1)
        v[1] = v[0] * 5.0
        t = t + np.sum(y**2) * np.sum(v)
    z = np.zeros((3, 2), order="F")
    w = z.ravel(order="F")
    w[:] = x[0, 0]
    z.reshape(-1)[0] = 7.0
    return t + np.sum(z * x[:3, :2]) + np.sum(np.full((2, 3), x[0, 1], order="F").ravel() * x.ravel()[:6])


@case(A)
def elements_in_the_order_of_fortran(x):
    a, b = x.ravel(order="F"), x.T.ravel(order="F")
    k = np.arange(12.0)
    return np.sum(a * k) + np.sum(b**2 * k) + np.sum(x.flatten(order="F") ** 3 * k) + np.sum(x[0].ravel(order="K") ** 2)
