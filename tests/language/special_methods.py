# ruff: noqa
"""Classes with the methods that builtins and operators look for, patterns of match, heaps, counters, dicts by run-time keys."""

import functools
import heapq
import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

CASES = []
V = np.array([0.3, -0.7, 1.1, 0.5, 0.9])
K = np.array([0, 2, 1, 2, 0])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Vec:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __sub__(self, o):
        return Vec(self.x - o.x, self.y - o.y)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k)

    __rmul__ = __mul__

    def __iadd__(self, o):
        self.x = self.x + o
        return self

    def __abs__(self):
        return math.sqrt(self.x**2 + self.y**2)

    def __float__(self):
        return float(self.x)

    def __int__(self):
        return 3

    def __round__(self, n=0):
        return Vec(round(self.x, n), self.y)

    def __reversed__(self):
        return iter([self.y, self.x])

    def __divmod__(self, k):
        return self.x // k, self.y % k

    def __pow__(self, n):
        return Vec(self.x**n, self.y**n)

    def __floor__(self):
        return 4

    def __or__(self, o):
        return self.x * o.y

    def __eq__(self, o):
        return self.x > o.x


@case(V)
def builtins_of_objects(x):
    p, q = Vec(x[0], x[1]), Vec(x[2], x[3])
    low, rest = divmod(p, 0.25)
    s = abs(p - q) + float(q) * int(p) + round(p, 1).y + low * x[0] + rest * math.floor(p)
    return s + pow(p, 2).y + sum(a * (k + 1) for k, a in enumerate(reversed(q)))


@case(V)
def operators_of_objects(x):
    p, q = Vec(x[0], x[1]), Vec(x[2], x[3])
    alias = p
    p += x[4]
    return (p | q) + alias.x * (x[1] if p != q else x[2]) + (x[3] if q != p else 1.0)


@dataclass
class Shape:
    x: float
    y: float
    kind: str = "a"


@case(V)
def patterns_of_classes_sequences_and_mappings(x):
    t = 0.0
    things = [Shape(x[0], x[1]), Shape(x[2], 0.0, "b"), 3, (x[3], 2), [x[4], 1, 2], {"k": x[0], "z": 1}, None, "txt"]
    for p in [*things, x[1], {"m": 2}]:
        match p:
            case Shape(a, b, kind="b"):
                t += a * 7
            case Shape(x=a, y=b):
                t += a * b
            case int(n):
                t += n * x[0]
            case float(v):
                t += v * 5
            case (a, b):
                t += a * b
            case [a, *rest]:
                t += a + sum(rest)
            case {"k": a, **others}:
                t += a * len(others)
            case None:
                t += 1
            case "txt" | "b":
                t *= 2
            case _:
                t -= 5
    return t


@case(V)
def guards_of_run_time_patterns(x):
    t = 0.0
    for i in range(len(x) * 8):
        v = x[i % 5]
        match i % 3:
            case 0:
                t += v
            case 1 | 2 if v > 0:
                t += v * 2
            case k if v > -0.5:
                t -= k * v
            case _:
                t -= v * v
    return t


@case(V)
def patterns_of_what_may_be_none(x):
    best = None
    for v in x:
        match best:
            case None:
                best = v
            case b if v > b:
                best = v
    return best * best


@case(V)
def heap_of_numbers(x):
    heap = [v * v for v in x]
    heapq.heapify(heap)
    a = heapq.heappop(heap)
    heapq.heappush(heap, a * 2 + 1)
    b = heapq.heappushpop(heap, 0.2)
    c = heapq.heapreplace(heap, x[0])
    return a + 2 * b + 3 * c + sum(k * v for k, v in enumerate(heap)) + sum(heapq.nlargest(2, x))


@case(V)
def heap_of_the_largest(x):
    best = []
    for i in range(len(x) * 20):
        v = x[i % 5] * (1 + i * 0.01)
        if len(best) < 3:
            heapq.heappush(best, v)
        elif v > best[0]:
            heapq.heapreplace(best, v)
    return sum(best)


@case(V)
def counters(x):
    c = Counter()
    for i, v in enumerate(x):
        c[i % 2] += v
    letters = Counter("abracadabra")
    d = Counter({"a": x[0]}, b=x[1])
    d.update({"a": x[2]})
    d.subtract(b=x[3])
    return c[0] * c[1] + c[7] + letters["a"] * x[0] + letters.most_common(1)[0][1] * d["a"] * d["b"] + d.total()


@case(V, K)
def dicts_by_run_time_keys(x, k):
    rates = {0: x[0], 1: x[1] * 2, 2: 0.5}
    total = {0: 0.0, 1: 0.0, 2: 0.0}
    parts = {1: x[:2], 2: x[2:4]}
    s = 0.0
    for i in range(len(k) * 9):
        j = k[i % 5]
        s += rates[j] * x[i % 5]
        total[j] += x[i % 5]
        if j in parts:
            s += np.sum(parts[j]) ** 2
        s += parts.get(j, x[:2] * 0.0)[0]
    return s + total[0] * total[1] + total[2] ** 2


@case(V, K)
def a_key_that_is_missing(x, k):
    return {1: x[0], 2: x[1]}[k[0]]


class Scaled:
    def __init__(self, a):
        self._a = a
        self.n = 0

    @property
    def a(self):
        return self._a

    @a.setter
    def a(self, v):
        self._a = v * 2
        self.n += 1

    @functools.cached_property
    def squared(self):
        self.n += 1
        return self._a**2


@case(V)
def properties_that_are_set(x):
    p = Scaled(x[0])
    r = p.squared
    p.a = x[1]
    p.a += 1
    for i in range(len(x) * 3):
        p.a = p.a * 0.3 + x[i % 5]
    return r + p.squared * 10 + p.a * p.n


@np.vectorize
def rectified(t):
    return t if t > 0 else 0.0


def limited(t, low, high):
    if t < low:
        return low
    s = 0
    for k in range(2):
        s += t * k
    return high if t > high else s


@case(V)
def functions_made_functions_of_arrays(x):
    f = np.vectorize(lambda a, b: math.exp(a) * b)
    g = np.vectorize(lambda t: t if t > 0 else 0, otypes=[float])
    counts = np.vectorize(lambda t: int(t * 3))(x)
    a = np.outer(x, x)
    s = (rectified(a) * np.arange(5)).sum() + f(a, x).sum() + f(x, 2.0).mean() + g(x).sum()
    return s + np.vectorize(limited)(x, -0.5, 0.8).sum() + counts.sum() * x[0]


@case(V)
def memory_made_by_its_class(x):
    a = np.ndarray(5, dtype=np.float64)
    b = np.ndarray((2, 2))
    c = np.ndarray(shape=x.shape, dtype=int)
    for k in range(5):
        a[k] = x[k] ** 2
        c[k] = k
    b[:] = np.outer(x[:2], x[1:3])
    return a @ c + b.sum() if type(x) is np.ndarray else 0.0
