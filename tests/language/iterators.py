# ruff: noqa
"""Iterators, deques, objects that are iterated over and tested, functions whose results are kept."""

from collections import deque
from functools import cache

import numpy as np

CASES = []
rng = np.random.default_rng(1)


def case(*args):
    return lambda f: CASES.append((f, args)) or f


R = rng.standard_normal
LONG = R(40)


class Stack:
    def __init__(self):
        self.data = []

    def push(self, x):
        self.data.append(x)

    def pop(self):
        return self.data.pop()

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        return iter(self.data)

    def __contains__(self, x):
        return any(abs(x - y) < 1e-9 for y in self.data)


class Vec:
    def __init__(self, xs):
        self.xs = xs

    def __iter__(self):
        return iter(self.xs)

    def __bool__(self):
        return bool(self.xs[0] > 0)


@case(R(6))
def stack_truth(x):
    s = Stack()
    out = 0.0
    if s:
        out += 100.0
    for v in [x[0], x[1], x[2]]:
        s.push(v)
    if x[1] in s:
        out += 7.0
    while s:
        out = out * 0.5 + s.pop()
    return out


@case(R(6))
def vec_bool(x):
    v = Vec(x)
    a, b, *rest = v
    return (a * b if v else a + b) + sum(q * q for q in v) + sum(rest)


@case(R(9))
def moving_average_deque(x):
    win = deque(maxlen=3)
    s = 0.0
    for v in x:
        win.append(v)
        s += (sum(win) / len(win)) ** 2
    return s


@case(LONG)
def moving_average_long(x):
    win = deque(maxlen=5)
    s = 0.0
    for v in x:
        win.append(v)
        s += (sum(win) / len(win)) ** 2
    return s


@case(R(9))
def queue(x):
    q = deque()
    for v in x:
        q.append(v)
    s = 0.0
    while q:
        a = q.popleft()
        s = s * 0.5 + a
    return s


@case(R(9))
def queue2(x):
    q = deque(x)
    s = 0.0
    while q:
        a = q.popleft()
        s = s * 0.5 + a
        if len(q) > 3 and a > 0:
            q.pop()
    return s


@case(R(9))
def static_bfs(x):
    adj = {0: [1, 2], 1: [3], 2: [3, 4], 3: [5], 4: [5], 5: []}
    dist = {0: 0.0}
    q = deque([0])
    while q:
        u = q.popleft()
        for v in adj[u]:
            if v not in dist:
                dist[v] = dist[u] + x[u] * x[v]
                q.append(v)
    return sum(dist.values())


@case(R(6))
def deque_ops(x):
    d = deque([x[0], x[1], x[2]])
    d.appendleft(x[3])
    d.rotate(1)
    a = d[0] * d[-1] - d[1]
    d.rotate(-2)
    d[0] = d[0] * 2
    d.extend([x[4], x[5]])
    d.extendleft([x[1]])
    return a + d[0] * 3 + d[1] * 2 + d.popleft() * d.pop() + len(d) + sum((k + 1) * v for k, v in enumerate(d))


@case(R(9))
def it_next(x):
    it = iter(x)
    prev = next(it)
    s = 0.0
    for v in it:
        s += (v - prev) ** 2
        prev = v
    return s


@case(R(8))
def it_pairs(x):
    it = iter(x)
    return sum(a * b for a, b in zip(it, it))


@case(R(8))
def it_pairs_list(x):
    it = iter(list(x))
    return sum(a * b for a, b in zip(it, it))


@case(R(8))
def it_default(x):
    it = iter(x)
    s = 0.0
    for _ in range(10):
        v = next(it, None)
        if v is None:
            break
        s = s * 0.7 + v
    return s


@case(R(8))
def it_default0(x):
    it = iter(x)
    s = 0.0
    for k in range(10):
        s = s * 0.7 + next(it, 0.0) * (k + 1)
    return s


@case(R(8))
def it_break(x):
    it = iter(x)
    s = 0.0
    for v in it:
        s += v
        if v > 0.3:
            break
    for v in it:
        s -= v * v
    return s


@case(R(8))
def it_skip(x):
    it = iter(x)
    s = 0.0
    for v in it:
        s += v
        w = next(it, 0.0)
        s *= w + 2
    return s


@case(R(8), R(8))
def it_zip(x, y):
    it = iter(zip(x, y))
    a, b = next(it)
    s = a * b
    for p, q in it:
        s += p * q * a
    return s


@case(R(8))
def it_range(x):
    it = iter(range(8))
    next(it)
    s = 0.0
    for i in it:
        s += x[i] * i
    return s


@case(R(8))
def it_enumerate(x):
    it = iter(x)
    next(it)
    return sum(k * v for k, v in enumerate(it))


@case(0.7)
def cached(a):
    @cache
    def f(n, m):
        return a * m if n < 2 else f(n - 1, m) * 0.5 + f(n - 2, m)

    return f(20, 2) + f(3, a)


@case(R(9))
def iterate_while(x):
    it = iter(x)
    s = 0.0
    n = 0
    while n < len(x):
        s += next(it) * n
        n += 1
    return s


@case(R(5))
def len_of_object(x):
    class_ = Odd(x)
    return (
        len(class_) * sum(class_)
        + max(class_)
        + (3.0 if class_ else 1.0)
        + len(list(class_))
        + [v * 2 for v in class_][1]
    )


class Odd:
    def __init__(self, xs):
        self.xs = xs

    def __iter__(self):
        return iter(self.xs)

    def __len__(self):
        return 3
