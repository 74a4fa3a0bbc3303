# ruff: noqa
"""Dicts that get keys at run time, and sets that change or hold what only the run tells."""

from collections import defaultdict

import numpy as np

CASES = []
X = np.array([0.3, 0.7, -1.2, 0.5, 0.9])
L = np.array([2, 0, 2, 1, 0])
G = {1, 2}


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X, L)
def groups(x, lab):
    sums = {}
    for i in range(len(x)):
        k = int(lab[i])
        sums[k] = sums.get(k, 0.0) + x[i]
    t = 0.0
    for v in sums.values():
        t += v**2
    return t


@case(X, L)
def dd(x, lab):
    s = defaultdict(float)
    for v, k in zip(x, lab):
        s[int(k)] += v * v
    return sum(s.values()) + max(s.values()) + len(s)


@case(X, L)
def sparse(x, lab):
    A = {}
    for i in range(len(x)):
        key = (int(lab[i]), i % 2)
        A[key] = A.get(key, 0.0) + x[i]
    t = 0.0
    for (i, j), v in A.items():
        t += (i + 2 * j + 1) * v**2
    return t


@case(X, L)
def base(x, lab):
    dist = {0: x[0] + 1.0}
    for i in range(len(x)):
        k = int(lab[i]) + 1
        if k not in dist:
            dist[k] = 0.0
        dist[k] = dist[k] + x[i] * dist[0]
    return sum(v * k for k, v in sorted(dist.items()))


@case(X, L)
def dict_comprehension(x, lab):
    d = {int(k): v for k, v in zip(lab, x)}
    return sum(v**2 for v in d.values()) * len(d)


@case(X, L)
def hist(x, lab):
    d = {0: 0.0, 1: 0.0, 2: 0.0}
    for i in range(len(x)):
        d[int(lab[i])] += x[i]
    return d[0] * d[1] + d[2] ** 2


@case(X, L)
def best(x, lab):
    s = {}
    for v, k in zip(x, lab):
        s[int(k)] = s.get(int(k), 0.0) + v
    b = max(s, key=s.get)
    return s[b] * (b + 1)


@case(X, L)
def best2(x, lab):
    s = {}
    for v, k in zip(x, lab):
        s[int(k)] = s.get(int(k), 0.0) + v
    k, v = max(s.items(), key=lambda kv: kv[1])
    t = v * (k + 1)
    for k in sorted(s):
        t = t * 0.5 + s[k]
    for k in sorted(s, key=lambda k: s[k]):
        t = t * 0.5 + s[k]
    if 2 in s:
        del s[2]
    p = s.pop(0, 0.0)
    q = s.pop(77, 3.0)
    return t + len(s) * p * q + sum(s.values())


@case(X, L)
def counts(x, lab):
    n = {}
    for k in lab:
        n[k] = n.get(k, 0) + 1
    t = 0.0
    for i in range(len(x)):
        t += x[i] / n[lab[i]]
    return t


@case(X, L)
def arrays(x, lab):
    m = {}
    for i in range(len(x) - 1):
        k = int(lab[i])
        if k in m:
            m[k] = m[k] + x[i : i + 2]
        else:
            m[k] = x[i : i + 2] * 1.0
    return sum(np.sum(v**2) for v in m.values())


@case(X, L)
def helper(x, lab):
    d = {}
    for i in range(len(x)):
        add(d, int(lab[i]), x[i])
    return total(d)


def add(d, k, v):
    if k in d:
        d[k] += v
    else:
        d[k] = v


def total(d):
    return sum(v * v for v in d.values())


@case(X, 6)
def rtmemo(x, n):
    memo = {}

    def f(k):
        if k < 2:
            return x[k]
        if k in memo:
            return memo[k]
        r = f(k - 1) * 0.5 + f(k - 2)
        memo[k] = r
        return r

    return f(n)


@case(X, L)
def iszero(x, lab):
    d = {}
    for v, k in zip(x, lab):
        if v > 10:
            d[k] = v
    if d:
        return 0.0
    return x[0] * (1 + len(d))


@case(X, L)
def whilst(x, lab):
    d = {}
    i = 0
    while i < len(x) and len(d) < 2:
        d[lab[i]] = x[i]
        i += 1
    return sum(d.values()) * i


@case(X)
def seen(x):
    s = set()
    k = 0
    t = 0.0
    while k not in s:
        s.add(k)
        t += x[k] ** 2
        k = (3 * k + 1) % len(x)
    return t * len(s)


@case(X)
def lits(x, mode="a"):
    s = {1, 2}
    s.add(3)
    s.discard(1)
    t = 0.0
    for k in s:
        t = t * 0.5 + k * x[k]
    if mode in {"a", "b"}:
        t *= 2
    return t


@case(X, L)
def distinct(x, lab):
    n = len(set(lab))
    m = len({int(k) % 2 for k in lab})
    return x[0] * n + x[1] * m


@case(X, L)
def ordered(x, lab):
    t = 0.0
    for k in sorted(set(lab)):
        t = t * 0.5 + x[k]
    return t + max(set(lab)) * x[0] + sum({int(k) for k in lab}) * x[1]


@case(X)
def bfs(x):
    n = len(x)
    visited = set()
    queue = [0]
    t = 0.0
    while queue:
        u = queue.pop(0)
        if u in visited:
            continue
        visited.add(u)
        t += x[u] * len(visited)
        for v in (2 * u + 1, 2 * u + 2):
            if v < n and v not in visited:
                queue.append(v)
    return t


@case(X, L)
def ops(x, lab):
    a = set()
    b = {1}
    for i in range(len(x)):
        if x[i] > 0:
            a.add(int(lab[i]))
        else:
            b.add(int(lab[i]))
    t = len(a | b) * x[0] + len(a & b) * x[1] + len(a - b) * x[2] + len(a ^ b) * x[3]
    if a <= (a | b) and not (a == b):
        t *= 2
    if b:
        t += 1
    b.discard(1)
    b.discard(55)
    a |= b
    if a.isdisjoint(b):
        t *= 3
    return t + sum(a) * x[0] + len(b)


@case(X, L)
def removed(x, lab):
    s = set()
    for k in lab:
        s.add(k)
    s.remove(lab[0])
    return len(s) * x[0]


@case(X)
def tuples(x):
    s = set()
    i = j = 0
    t = 0.0
    while (i, j) not in s and len(s) < 12:
        s.add((i, j))
        t += x[(i + j) % len(x)] * len(s)
        i, j = (i + 1) % 3, (j + i) % 2
    return t


@case(X)
def alias(x):
    a = set()
    b = a
    for k in range(int(x[0] * 0) + 3):
        b.add(k)
    return len(a) * x[0]


def add_to(s, k):
    s.add(k)


@case(X, L)
def passed(x, lab):
    s = set()
    for k in lab:
        add_to(s, int(k))
    return len(s) * x[0]


@case(X, L)
def globin(x, lab):
    t = 0.0
    for i, k in enumerate(lab):
        if k in G:
            t += x[i]
    return t


@case(X)
def frozen(x):
    a = frozenset([1, 2]) | {3}
    return sum(x[k] for k in a)


@case(X)
def strs(x):
    done = set()
    t = 0.0
    for name in ["a", "b", "a"]:
        if name in done:
            continue
        done.add(name)
        t += x[0] * len(name)
    return t


@case(X, L)
def set_comprehension(x, lab):
    s = {k for k in range(5) if k % 2}
    return sum(x[k] for k in s)


@case(X)
def sortedstr(x):
    t = 0.0
    for n in sorted({"a", "bb"}):
        t = t * 2 + len(n) * x[0]
    return t


@case(X, L)
def dicti(x, lab):
    d = {"n": 1.0}
    d[lab[0]] = 2.0
    return x[0] * d["n"]


@case(X, L)
def eqd(x, lab):
    d = {}
    e = {}
    for i in range(len(x)):
        d[int(lab[i])] = x[i]
        e[int(lab[-1 - i])] = x[-1 - i]
    return x[0] * (d == e) + x[1] * (d == d.copy()) + x[2] * (d != e)


@case(X, L)
def isin(x, lab):
    d = {}
    for i in range(len(x)):
        d[int(lab[i])] = x[i]
    t = 1.0 if isinstance(d, dict) else 2.0
    return t * x[0] * len(dict(d)) + sum(list(d.values())) + len(list(d.keys()))


@case(X, L)
def upd(x, lab):
    d = {}
    for i in range(len(x)):
        d[int(lab[i])] = x[i]
    d.update({7: x[0], 1: x[1]})
    d |= {8: 2.0}
    return sum(k * v for k, v in d.items())


@case(X, L)
def two(x, lab):
    d = {int(k): i for i, k in enumerate(lab)}
    t = 0.0
    for k, i in d.items():
        t += x[i] * (k + 1)
    inv = {v: k for k, v in d.items()}
    for i in inv:
        t += x[i] * inv[i]
    return t


@case(X, L)
def f32(x, lab):
    d = {}
    for v, k in zip(x, lab):
        d[k] = d.get(k, 0.0) + v
    return sum(d.values())


@case(X, L)
def intv(x, lab):
    d = {}
    for v, k in zip(x, lab):
        d[k] = d.get(k, 0) + v
    return sum(d.values())


@case(X, L)
def defaultlist(x, lab):
    d = {}
    for v, k in zip(x, lab):
        d[int(k)] = (d.get(int(k), (0.0, 0))[0] + v, d.get(int(k), (0.0, 0))[1] + 1)
    return sum(s / n for s, n in d.values())


@case(X)
def whilekeys(x):
    d = {}
    k = 7
    n = 0
    while k not in d:
        d[k] = n
        n += 1
        k = (k * 5 + 3) % 16
    return x[0] * (n - d[k]) + x[1] * d[k]


@case(X)
def collatz(x):
    cache = {1: 1}
    best = 0
    for s in range(2, 12):
        n = s
        steps = 0
        path = []
        while n not in cache:
            path.append(n)
            n = n // 2 if n % 2 == 0 else 3 * n + 1
        base = cache[n]
        for i, m in enumerate(reversed(path)):
            cache[m] = base + i + 1
        best = max(best, cache[s])
    return best * x[0]


@case(X, L)
def a_key_that_is_missing(x, lab):
    d = {}
    for i in range(len(x)):
        d[int(lab[i])] = x[i]
    return d[5]


@case(X, L)
def an_item_that_is_missing(x, lab):
    s = set()
    for k in lab:
        s.add(k)
    s.remove(77)
    return len(s) * x[0]
