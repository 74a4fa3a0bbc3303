# ruff: noqa
"""Tuples in lists of run-time length, in comparisons, and put in order."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np

CASES = []
rng = np.random.default_rng(1)


def case(*args):
    return lambda f: CASES.append((f, args)) or f


R = rng.standard_normal
LONG = R(40)
P = namedtuple("P", "x y")


@dataclass
class Q:
    x: float
    k: int


@case(R(7))
def concat_tuples(x):
    h = [(a, 2 * a) for a in x]
    t = h[0] + h[1]
    return sum(t) + len(t)


@case(R(7))
def indexed(x):
    h = [(x[i], i) for i in range(len(x))]
    s = 0.0
    for v, k in h:
        s += v * x[k] * k
    return s


@case(R(7))
def named(x):
    h = [P(a, a * a) for a in x]
    return sum(p.x * p.y for p in h) + h[2].y


@case(R(7))
def dataclasses_(x):
    h = [Q(a, i) for i, a in enumerate(x)]
    return sum(p.x * p.k for p in h) + h[-1].x


@case(R(7))
def filtered(x):
    h = [(a, i) for i, a in enumerate(x) if a > 0]
    return sum(p * x[k] for p, k in h) + len(h)


@case(R(7))
def dicts(x):
    h = [{"a": a, "k": i} for i, a in enumerate(x)]
    return sum(d["a"] * d["k"] for d in h)


@case(R((5, 3)))
def rows_and_norms(x):
    h = [(r, np.sum(r**2)) for r in x]
    return sum(np.sum(r) * n for r, n in h)


@case(R((5, 3)))
def best_row(x):
    r, n = max([(r, np.sum(r**2)) for r in x], key=lambda t: t[1])
    return r.sum() * n


@case(R(7), R(7))
def list_zip(x, y):
    h = list(zip(x, y))
    a, b = h[2]
    return a * b + sum(p * q for p, q in h)


@case(R(7), R(7))
def sorted_zip(x, y):
    return sum(k * a * b for k, (a, b) in enumerate(sorted(zip(x, y), reverse=True)))


@case(R(7), R(7))
def sorted_key(x, y):
    return sum(k * a * b for k, (a, b) in enumerate(sorted(zip(x, y), key=lambda t: t[1])))


@case(R(7))
def sorted_enumerate(x):
    s = 0.0
    for rank, (i, v) in enumerate(sorted(enumerate(x), key=lambda t: t[1])):
        s += rank * v * (i + 1)
    return s


@case(R(7))
def sorted_by_tuple(x):
    return sum(k * v for k, v in enumerate(sorted(x, key=lambda v: (v > 0, abs(v)))))


@case(R(7))
def max_tuple(x):
    v, i = max((xi**2, k) for k, xi in enumerate(x))
    return v * x[i - 1]


@case(R(7))
def min_list_of_tuples(x):
    h = [(abs(a), k) for k, a in enumerate(x)]
    d, i = min(h)
    return d * x[i] + max(h)[0]


@case(0.3, 0.2, 1.0)
def compare_tuples(a, b, c):
    if (a, b) < (a, c):
        s = a * 2
    else:
        s = b
    if (a, c) >= (a, b):
        s += c
    if (1, a) > (0, c, 5):
        s *= 3
    return s + max((a, b), (b, c), (a, c))[1] + min((a, b), (a, c))[1]


@case(R(7))
def sort_in_place(x):
    h = [(abs(v), v) for v in x]
    h.sort()
    s = 0.0
    for k, (d, v) in enumerate(h):
        s += k * v
    h.sort(key=lambda t: t[1], reverse=True)
    return s + h[0][1] * 2


@case(R(5))
def static_sorted(x):
    pts = [(x[0], x[1]), (x[2], x[3]), (x[1], x[4])]
    pts.sort()
    return sum((k + 1) * a * b for k, (a, b) in enumerate(pts))


@case(R(8))
def sorted_ints_key(x):
    idx = sorted(range(len(x)), key=lambda i: -x[i])
    return sum(x[i] * k for k, i in enumerate(idx))


@case(R(8))
def tuple_of_gen(x):
    t = tuple(v * 2 for v in x)
    return t[0] * t[-1] + sum(t)


@case(R(8))
def nested_tuples(x):
    h = [((v, i), (v * v, (i, 1.0))) for i, v in enumerate(x)]
    return sum(a * b * c for (a, i), (b, (j, c)) in h)


@case(R((6, 2)))
def convex_hull(p):
    pts = sorted((a, b) for a, b in p)

    def cross(o, a, b):
        return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])

    area = 0.0
    for i in range(1, len(pts) - 1):
        area += cross(pts[0], pts[i], pts[i + 1]) ** 2
    return area


@case(R(8))
def any_all(x):
    h = [(v, v > 0) for v in x]
    return sum(v for v, pos in h if pos) if any(p for _, p in h) else 0.0


@case(R(6))
def joined(x):
    t = [(v, k) for k, v in enumerate(x)]
    u = [[v, 2.0 * v] for v in x]
    return sum(v * x[k] for v, k in t + t[1:]) + np.sum(np.array(u + u))


@case(R((3, 2)), R(2))
def arrays_by_a_key(x, c):
    def f(p):
        return np.sum((p - c) ** 2)

    pts = [x[i] for i in range(3)]
    for _ in range(4):
        pts.sort(key=f)
        r = pts[0] + pts[1] - pts[2]
        if f(r) < f(pts[0]):
            pts[2] = r
        else:
            pts = [pts[0], *(pts[0] + 0.5 * (p - pts[0]) for p in pts[1:])]
    return f(pts[0]) + pts[2][1]


@case(R((4, 2)), R(2))
def tuples_with_arrays(x, c):
    pts = [(x[i], np.sum((x[i] - c) ** 2)) for i in range(4)]
    for _ in range(3):
        pts.sort(key=lambda p: p[1], reverse=True)
        m = 0.5 * (pts[-1][0] + pts[-2][0])
        pts[0] = (m, np.sum((m - c) ** 2))
    return sum(k * v * p[0] for k, (p, v) in enumerate(pts))


@dataclass
class Particle:
    at: np.ndarray
    cost: float


@case(R((4, 2)), R(2))
def objects_with_arrays(x, c):
    some = [Particle(x[i], 0.0) for i in range(4)]
    for p in some:
        p.cost = np.sum((p.at - c) ** 2)
    some = sorted(some, key=lambda p: -p.cost)
    return sum(p.at[0] * p.cost for p in some[:2]) + some[-1].at @ c


@case(R(3))
def values_of_names(x):
    d = {"a": x[0], "b": x[1] ** 2, "c": x[2]}
    name, best = sorted(d.items(), key=lambda item: item[1])[-1]
    return best * 2 if name == "b" else best * 3


@case(R((6, 2)))
def rows_in_order_are_a_list(x):
    xs = sorted(x, key=lambda r: r[0])
    xs[0] = 5.0 * xs[1]
    xs.append(x[0])
    return sum(xs)[0] + xs[0][1] ** 2 * len(xs)


@case(R((6, 2)))
def tuples_in_order_are_a_list(x):
    xs = sorted([(r[0], r) for r in x], key=lambda r: r[0])
    xs[0] = (xs[1][0], xs[1][1] * 3)
    return sum(k * a * b[1] for k, (a, b) in enumerate(xs))


@case(R((5, 3)), R(3))
def the_best_and_their_children(x, c):
    def fit(g):
        return -np.sum((g - c) ** 2)

    some = [g for g in x]
    for _ in range(3):
        some.sort(key=fit, reverse=True)
        best = some[:2]
        children = []
        for i in range(3):
            children.append(np.concatenate([best[i % 2][:1], some[i][1:]]) * 0.9 + 0.1 * c)
        some = best + children
    return fit(max(some, key=fit))


@case(R((5, 3)))
def a_grown_list_of_known_length(x):
    some = []
    for i in range(3):
        some.append(x[i])
    some.sort(key=lambda g: g[0])
    empty = [g for g in x[:0]]
    empty.sort(key=lambda g: g[0])
    return some[0] @ x[4] + some[2][1]
