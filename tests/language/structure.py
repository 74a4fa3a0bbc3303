# ruff: noqa
"""Containers, and functions of every kind."""

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
A = np.array([[0.5, -0.3, 0.8], [1.2, 0.4, -0.9]])
SCALE = 1.7
TABLE = np.array([0.5, -0.25, 2.0, 0.125])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(0.4, 1.3)
def tuples(x, y):
    p = (x, y * 2.0)
    (a, b), *rest = p, x, y
    q = p + (a * b,)
    return q[0] * q[-1] + sum(rest) + len(q) * a


@case(V)
def lists(x):
    items = [x[0], x[1] * 2.0]
    items.append(items[0] * items[1])
    items.extend([x[2], x[3]])
    last = items.pop()
    items[0] = last * items[2]
    return sum(items) * len(items)


@case(V)
def list_of_arrays(x):
    rows = []
    for k in range(3):
        rows.append(np.sin(k * x))
    return np.stack(rows).sum(axis=0) + np.concatenate(rows)[0] + sum(rows)


@case(A)
def comprehensions(a):
    s = sum(v * v for row in a for v in row if v > 0)
    t = [np.sum(row) * i for i, row in enumerate(a)]
    d = {k: k * s for k in range(3)}
    return s + sum(t) + d[2]


@case(0.6, 1.2)
def dicts(x, y):
    p = {"w": x, "b": y}
    p["c"] = p["w"] * p["b"]
    p["w"] += 1.0
    total = 0.0
    for k in p:
        total += p[k]
    for k, v in p.items():
        total *= v
    return total + p.get("b") + len(p)


class Point(NamedTuple):
    x: float
    y: float

    def norm2(self):
        return self.x**2 + self.y**2


@dataclass
class State:
    q: float
    p: float
    steps: int = 3


@case(0.3, 0.9)
def named_tuples(x, y):
    a = Point(x, y * x)
    b = a._replace(y=a.x)
    return a.norm2() * b.y


@case(0.3, 0.9)
def dataclasses(q, p):
    s = State(q, p)
    for _ in range(s.steps):
        s.q = s.q + 0.1 * s.p
        s.p -= 0.1 * math.sin(s.q)
    return s.q * s.p


@case(V)
def builtins_of_numbers(x):
    q, r = divmod(5.5, 2.0)
    s = max(x[0], x[1]) + min(x[2], 0.3, x[3]) + abs(x[1]) + pow(x[0], 2) + round(2.0)
    s += sum(map(lambda v: v * v, x)) + int(3.7) * x[0] + float(x[1]) + q * r
    return s if isinstance(s, float) or bool(1) else 0.0


def power(x, n=2, *, scale=1.0):
    return scale * x**n


@case(1.3)
def arguments(x):
    return power(x) + power(x, 3) + power(n=2, x=x, scale=x)


def gather(*args, **kwargs):
    s = kwargs["start"]
    for a in args:
        s = s * 0.5 + a
    return s


@case(0.4, 0.7)
def star_arguments(x, y):
    pair = (x, y)
    options = {"start": x * y}
    return gather(*pair, x, **options)


@case(V, 0.3)
def closures(x, c):
    scale = c * 2.0

    def inner(v):
        return scale * v + x[0]

    scale = scale + 1.0
    add = lambda v, w=c: v * w + scale
    return add(inner(c)) * inner(x[1])


def twice(f, v):
    return f(f(v))


@case(0.4)
def functions_as_arguments(x):
    return twice(math.sin, x) + twice(lambda v: v * x, x) + functools.partial(power, n=3)(x)


def traced(f):
    @functools.wraps(f)
    def wrapper(*args):
        return 2.0 * f(*args)

    return wrapper


@traced
def decorated(x, y):
    return x * y


@case(0.4, 1.2)
def decorated_helper(x, y):
    return decorated(x, y) + decorated(y, y)


class Model:
    scale = 1.5

    def __init__(self, w):
        self.w = w

    def apply(self, x):
        return np.tanh(x * self.w) * self.scale

    @staticmethod
    def square(x):
        return x * x


MODEL = Model(np.array([0.2, 0.4, 0.6, 0.8]))


@case(V)
def methods(x):
    return Model.square(MODEL.apply(x)) if len(x) == 4 else x


@case(V)
def globals_and_constants(x):
    return SCALE * x * TABLE[: len(x)] + math.pi


def factorial_like(x, n):
    if n <= 1:
        return x
    return n * x * factorial_like(math.sin(x), n - 1)


@case(0.7, 4)
def recursion(x, n):
    return factorial_like(x, n)


def tree_sum(v, lo, hi):
    if hi <= lo:
        return 0.0
    if hi - lo == 1:
        return v[lo] ** 2
    middle = (lo + hi) // 2
    return tree_sum(v, lo, middle) * 0.5 + tree_sum(v, middle, hi)


@case(V)
def recursion_on_array(x):
    return tree_sum(x, 0, len(x))


def even(x, n):
    return x if n == 0 else odd(x * 1.1, n - 1)


def odd(x, n):
    return -x if n == 0 else even(math.cos(x), n - 1)


@case(0.7, 3)
def mutual_recursion(x, n):
    return even(x, n)


def accumulate(v, n):
    if n == len(v):
        return
    v[n] += v[n - 1] * 0.5
    accumulate(v, n + 1)


@case(V)
def recursion_that_writes(x):
    accumulate(x, 1)
    return x


def activation(x, mode="tanh"):
    if mode == "relu":
        return np.maximum(x, 0.0)
    if mode is None:
        return x
    return np.tanh(x)


@case(V)
def static_configuration(x):
    return activation(x) + activation(x, "relu") * activation(x, mode=None)


@case(A, np.array([0.2, -0.7, 1.1]), W)
def array_functions(a, b, x):
    y = a @ b
    z = np.outer(y, b) + np.where(a > 0, a, 0.1 * a)
    c = np.concatenate([z.ravel(), x]) if len(x) else z.ravel()
    return np.mean(z, axis=0, keepdims=True) @ b + np.cumsum(c)[-1] * np.var(c) + np.max(x)


@case(A)
def shapes(a):
    n, m = a.shape
    b = a.reshape(m, n).T + a[::-1]
    c = np.broadcast_to(b[:, None, :], (n, 2, m))
    return (c.sum(axis=1) * a.size + a.ndim)[:, np.newaxis, -1]


@case(V)
def texts_compared_by_character(x):
    s, t = "GATTACA", "GCATGC"
    f = np.zeros((len(s) + 1, len(t) + 1))
    for i in range(1, len(s) + 1):
        for j in range(1, len(t) + 1):
            same = x[0] if s[i - 1] == t[j - 1] else x[1]
            f[i, j] = max(f[i - 1, j - 1] + same, f[i - 1, j] - x[2], f[i, j - 1] - x[2])
    return f[-1, -1]


@case(V)
def slices_of_texts(x):
    s = "GATTACA"
    place, total = {"A": 0, "C": 1, "G": 2, "T": 3}, 0.0
    for i, c in enumerate(s):
        total += x[place[c]] * (i + 1)
    for k in range(len(s) - 1):
        if s[k : k + 2] == "TA" or s[k] == s[-1]:
            total += x[0] * x[1]
    return total


@case(np.vstack([A, 2.0 * A]), np.array([1, -1, 0]))
def one_row_left_out(a, k):
    s = 0.0
    for i in range(len(a)):
        rest = np.delete(a, i, axis=0)
        s += np.sum((rest.mean(axis=0) - a[i]) ** 2) + np.delete(a[:, 0], -i - 1)[0]
    return s * np.sum(np.delete(a, k[0], axis=0)) + np.sum(np.delete(a, k[1]))


@case(np.eye(3) + 0.3 * A[0])
def determinant_by_minors(a):
    def det(m):
        if m.shape[0] == 1:
            return m[0, 0]
        total = 0.0
        for j in range(m.shape[0]):
            total += (-1) ** j * m[0, j] * det(np.delete(np.delete(m, 0, axis=0), j, axis=1))
        return total

    return det(a)


@case(V, 3)
def linspace_of_a_length_counted_at_run_time(x, n):
    s = 0.0
    for k in range(n + 1):
        part = x[:k]
        points = np.linspace(x[0], 3.0 * x[1] ** 2, len(part))
        for i in range(len(points)):
            s += points[i] ** 2 * (i + 1)
    return s


def _scaled(x, a=1.0, b=2.0, **more):
    return x[0] * a * b + sum(more.values())


@case(V)
def keywords_of_several_dicts(x):
    d1, d2 = {"a": x[0], "c": x[1]}, {"b": x[0]}
    return _scaled(x, **d1, **d2) + _scaled(x, a=2.0, **d2)


@case(V)
def keyword_given_twice(x):
    return _scaled(x, b=x[1], **{"b": 2.0})


@case(V)
def keyword_in_two_dicts(x):
    d1, d2 = {"a": x[0], "c": x[1]}, {"c": x[0]}
    return _scaled(x, **d1, **d2)


@case(V)
def key_of_a_dict_given_twice(x):
    return dict(a=x[0], **{"a": 3.0})["a"]


@case(V)
def keyword_that_is_no_text(x):
    return _scaled(x, **{1: x[0]})
