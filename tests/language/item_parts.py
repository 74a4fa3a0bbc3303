# ruff: noqa
"""Lists of run-time length whose items have parts: tuples, lists, dicts, objects."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9, -0.3])
LONG = np.sin(np.arange(1.0, 41.0))

Sample = namedtuple("Sample", "t y")


@dataclass
class Particle:
    x: float
    v: float

    def energy(self):
        return 0.5 * self.v**2 + self.x


@dataclass(frozen=True)
class State:
    a: float
    b: np.ndarray


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
@case(LONG)
def tuples(x):
    h = [(0.0, x[0])]
    for k in range(1, len(x)):
        h.append((k * 0.1, 0.5 * h[-1][1] + x[k] * h[k - 1][0]))
    s = 0.0
    for k, (t, y) in enumerate(h):
        s += k * t * y
    return s + h[-1][1] * h[len(x) // 2][0]


@case(V)
def nested_tuples_backwards(x):
    h = []
    for k in range(len(x)):
        h.append(((x[k], k), x * k))
    s = 0.0
    for (a, b), c in reversed(h):
        s = 0.5 * s + a * b + np.sum(c)
    return s


@case(V)
def ints_stay_ints(x):
    h = []
    for k in range(len(x)):
        if x[k] > 0:
            h.append((k, x[k]))
    s = 0.0
    for k, v in h:
        s += v * x[k]
    return s + len(h)


@case(V)
def flags(x):
    h = []
    for v in x:
        h.append((v > 0, v))
    s = 0.0
    for positive, v in h:
        if positive:
            s += v
        else:
            s -= v * v
    return s


@case(V)
@case(LONG)
def lists_of_numbers(x):
    points = []
    for k in range(len(x)):
        points.append([x[k], x[k] ** 2])
    a = np.array(points)
    return np.sum(a[:, 0] * a[:, 1]) + points[-1][0]


@case(V)
@case(LONG)
def rows_of_run_time_length(x):
    rows = []
    for i in range(len(x)):
        row = []
        for j in range(len(x)):
            row.append(x[i] * x[j])
        rows.append(row)
    return np.sum(np.array(rows) ** 2) + rows[1][2] + sum(rows[-1]) + len(rows[0])


@case(V)
def dicts(x):
    h = []
    for k in range(len(x)):
        h.append({"t": 0.1 * k, "y": np.sin(x[k])})
    return sum(q["y"] * q["t"] for q in h)


@case(V)
def objects(x):
    ps = []
    for k in range(len(x)):
        ps.append(Particle(x[k], 1.0 + k))
    return sum(p.energy() * p.x for p in ps)


@case(V)
def one_object_after_the_other(x):
    q = []
    e = Particle(x[0], 2.0)
    for k in range(len(x)):
        q.append((k, e))
        e = Particle(e.x + x[k], e.v * 0.5)
    return sum(k * p.energy() for k, p in q)


@case(V)
def named_tuples(x):
    h = []
    for k in range(len(x)):
        h.append(Sample(0.1 * k, x[k]))
    return sum(q.y * q.t for q in h) + h[-1].y


@case(V)
def objects_with_arrays(x):
    h = []
    for k in range(len(x)):
        h.append(State(x[k], x * k))
    return sum(q.a * q.b.sum() for q in h)


@case(V)
def unzipped(x):
    h = []
    for k in range(len(x)):
        h.append((0.1 * k, x[k] ** 2))
    ts, ys = zip(*h)
    return np.trapezoid(np.array(ys), np.array(ts)) + ys[-1]


@case(V)
def an_array_of_tuples(x):
    h = []
    for k in range(len(x)):
        h.append((0.1 * k, x[k] ** 2, k))
    a = np.array(h)
    return np.sum(a[:, 0] * a[:, 1]) + a[-1, 2]


@case(V)
def put_back(x):
    h = []
    for k in range(len(x)):
        h.append((x[k], k))
    for k in range(len(x)):
        h[k] = (h[k][0] ** 2, h[k][1])
    return sum(a * b for a, b in h)


@case(V)
def popped(x):
    """Adaptive quadrature with a stack of intervals."""
    f = lambda t: np.sin(x[0] * t) + x[1] * t * t
    stack = [(0.0, 1.0)]
    total = 0.0
    while stack:
        lo, hi = stack.pop()
        mid = 0.5 * (lo + hi)
        coarse = (hi - lo) * f(mid)
        fine = (hi - lo) * (f(lo) + 4 * f(mid) + f(hi)) / 6
        if abs(coarse - fine) < 1e-3 or hi - lo < 1e-3:
            total += fine
        else:
            stack.append((lo, mid))
            stack.append((mid, hi))
    return total


def weighted(h):
    s = 0.0
    for t, y in h:
        s += t * y
    return s


@case(V)
def in_a_helper(x):
    h = []
    for k in range(len(x)):
        h.append((x[k], k))
    return weighted(h)


@case(V)
def a_constant_part(x):
    h = []
    for k in range(len(x)):
        h.append((k, None, "w", x[k]))
    return sum(q[3] * q[0] for q in h if q[1] is None and q[2] == "w")


@case(V)
def the_first_is_different(x):
    out = []
    for i in range(len(x)):
        if i == 0:
            out.append(x[0])
        else:
            out.append(out[-1] * 0.5 + x[i])
    return sum(out)


@case(V)
def empty_at_first(x):
    h = []
    for v in x:
        if len(h) == 0:
            h.append((v, 1.0))
        else:
            a, b = h[-1]
            h.append((a + v, b * 0.5))
    return sum(a * b for a, b in h)


@case(V)
def left_early(x):
    h = []
    for k in range(len(x)):
        if k > 3:
            break
        if x[k] < 0:
            continue
        h.append((x[k], x[k] ** 2))
    return sum(a * b for a, b in h) + len(h)


def positive(x):
    h = []
    for k in range(len(x)):
        if x[k] > 0:
            h.append((x[k], k))
    return h


@case(V)
def sorted_by_a_key(x):
    h = positive(x)
    up = sorted(h, key=lambda q: q[0])
    h.sort(key=lambda q: -q[1])
    return up[0][0] * x[up[0][1]] + h[0][0] + sum(v * k for v, k in h)


@case(V)
def numbers_sorted_in_place(x):
    h = [v for v, k in positive(x)]
    g = []
    for v in h:
        g.append(v * v)
    g.sort()
    return g[0] + 2.0 * g[-1] + h[0]


@case(V)
def parts_and_copies(x):
    h = positive(x)
    rest = h[1:]
    copy = list(h)
    copy.append((x[1], 7))
    more = h[1:] + [(x[0], 1), (x[1], 2)]
    return rest[0][0] + sum(v * k for v, k in copy) + more[-1][0] * more[0][1] + len(h) + len(rest)


@case(V)
def neighbours(x):
    h = positive(x)
    return sum(b[0] - a[0] * b[1] for a, b in zip(h, h[1:]))


@case(V)
def popped_at_the_end(x):
    h = positive(x)
    last, k = h.pop()
    return last * k + sum(v for v, _ in h) + h[-1][0]


@case(V)
def the_largest(x):
    h = positive(x)
    v, k = max(h, key=lambda q: q[0])
    return v * x[k]
