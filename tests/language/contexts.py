# ruff: noqa
"""`with` and `try` ... `finally`; `bisect.insort`; `list.insert` and `list.pop` where the run tells the place."""

import bisect
import contextlib
from contextlib import contextmanager

import numpy as np

CASES = []
X = np.array([0.3, 1.2, -0.5, 0.8])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Total:
    def __init__(self, scale):
        self.scale = scale

    def __enter__(self):
        self.total = 0.0
        return self

    def __exit__(self, kind, value, trace):
        self.total *= self.scale
        return False


@contextmanager
def scaled(state, k):
    old = state["k"]
    state["k"] = k
    try:
        yield state
    finally:
        state["k"] = old


@case(X)
def object_with_enter_and_exit(x):
    with Total(2.0) as t:
        for v in x:
            t.total += v**2
    return t.total


@case(X)
def left_by_return(x):
    t = Total(x[0])

    def inner():
        with t:
            for v in x:
                t.total += v**2
                if t.total > 1.0:
                    return t.total
            return -1.0

    return inner() + 10.0 * t.total


@case(X)
def left_by_break(x):
    t, out = Total(3.0), 0.0
    for k in range(3):
        with t:
            t.total += x[k]
            if x[k] < 0:
                break
            out += x[k] ** 2
    return out + t.total


@case(X)
def generator_around_the_body(x):
    s = {"k": 1.0}
    with scaled(s, x[0]) as st:
        y = st["k"] * x[1]
    return y + s["k"] * x[2]


@case(X)
def generator_left_by_return(x):
    s = {"k": 1.0}

    def inner(v):
        with scaled(s, v):
            if v > 0.5:
                return v * s["k"]
            y = s["k"] + 1.0
        return y * s["k"]

    return inner(x[0]) + 2.0 * inner(x[1]) + s["k"]


@case(X)
def local_generator(x):
    log = []

    @contextmanager
    def noted(v):
        log.append(v)
        yield v * 2.0
        log.append(v * 3.0)

    with noted(x[0]) as a, noted(x[1]) as b:
        log.append(a * b)
    return log[0] + 2.0 * log[1] * log[2] + log[3] * log[4]


@case(X)
def nullcontext(x):
    with contextlib.nullcontext(x[0]) as a, contextlib.nullcontext():
        y = a * 2.0
    return y


@case(X)
def finally_after_all(x):
    log = [0.0]
    try:
        y = np.sum(x**2)
    finally:
        log[0] += 2.0
    return y * log[0]


@case(X)
def finally_after_return(x):
    log = [1.0]

    def f(v):
        try:
            if v > 0.5:
                return v * log[0]
            log[0] += v
        finally:
            log[0] *= 2.0
        return log[0]

    return f(x[0]) + 3.0 * f(x[1]) + log[0]


@case(X)
def sorted_as_it_grows(x):
    s = []
    for v in x:
        bisect.insort(s, v)
    return s[0] + 2 * s[1]


@case(X)
def pairs_in_order(x):
    s = []
    for i in range(len(x)):
        bisect.insort_left(s, (x[i] ** 2, i))
    return s[0][0] + 2 * s[-1][0]


@case(X)
def inserted_at_the_front(x):
    s = []
    for i in range(len(x)):
        s.insert(0, x[i] ** 2)
    return s[0] + 2 * s[1] + len(s)


@case(X)
def inserted_where_the_run_tells(x):
    s = [1.0, 2.0]
    for i in range(len(x)):
        k = int(abs(x[i]) * 3) - 1
        s.insert(k, x[i] ** 2)
    t = 0.0
    for k, v in enumerate(s):
        t += k * v
    return t


@case(X)
def inserted_beyond_the_end(x):
    s = [v for v in x if v > 0]
    s.insert(1, x[2])
    s.insert(-1, x[2] * 2)
    s.insert(100, x[2] * 3)
    t = 0.0
    for k, v in enumerate(s):
        t += k * v
    return t


@case(X)
def items_of_a_dict_of_lists_in_order(x):
    groups = {}
    for i, k in enumerate(["b", "a", "b", "c"]):
        groups.setdefault(k, []).append(x[i] ** 2)
    t = 0.0
    for n, (k, vs) in enumerate(sorted(groups.items())):
        t += (n + 1) * sum(vs) / len(vs)
    for k, vs in sorted(groups.items(), reverse=True):
        t = t * 0.5 + vs[0]
    return t


@case(X)
def breadth_first(x):
    adj = {0: [1, 2], 1: [3], 2: [3], 3: []}
    seen, q, t = {0}, [(0, 1.0)], 0.0
    while q:
        u, d = q.pop(0)
        t += d * x[u]
        for v in adj[u]:
            if v not in seen:
                seen.add(v)
                q.append((v, d + 1))
    return t


@case(X)
def first_and_last_taken_out(x):
    q = []
    for v in x:
        if v > 0:
            q.append(v)
    a = q.pop(0)
    b = q.pop(-1)
    q.append(a * b)
    return a + 2 * b + 3 * q[0] + q[-1] + len(q)


@case(X)
def taken_out_where_the_run_tells(x):
    xs = [x[0], x[1], x[2], x[3]]
    k = int(abs(x[1]) * 2)
    v = xs.pop(k)
    return v * 10 + xs[0] + 2 * xs[1] + 3 * xs[2]


@case(X)
def taken_out_in_a_loop(x):
    q = [v for v in x if v > 0]
    s = 0.0
    while q:
        s = s * 0.5 + q.pop(0)
    return s


@case(X)
def moving_window(x):
    window, out = [], 0.0
    for v in x:
        window.append(v)
        if len(window) > 2:
            window.pop(0)
        out += sum(window) / len(window)
    return out


@case(X)
def deleted_where_the_run_tells(x):
    xs = [x[0], x[1], x[2]]
    i = int(x[1] > 0)
    del xs[i]
    return xs[0] * 2 + xs[1]
