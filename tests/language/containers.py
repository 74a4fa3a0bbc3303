# ruff: noqa
"""Lists, dicts, sets and comprehensions: methods, run-time positions, run-time lengths."""

from collections import defaultdict

import numpy as np
import math
from functools import reduce

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
K = np.array([2, 0, 2, 2])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def filtered(x):
    return sum([v**2 for v in x if v > 0])


@case(V)
def filtered_list_len(x):
    p = [v for v in x if v > 0]
    return np.sum(np.array(p)) / len(p)


@case(V)
def filtered_iter(x):
    s = 0.0
    for v in [v * 2 for v in x if v > 0.0]:
        s += v**2
    return s


@case(V)
def two_clauses(x):
    return sum([x[i] * x[j] for i in range(len(x)) for j in range(i)])


@case(V)
def two_clauses_gen(x):
    return sum(x[i] * x[j] for i in range(len(x)) for j in range(len(x)) if i != j)


@case(A)
def gen_rows(a):
    return sum(v**2 for row in a for v in row)


@case(A)
def flatten_list(a):
    flat = [v * v for row in a for v in row]
    return np.sum(np.array(flat)) + flat[0]


@case(A)
def nested_list(a):
    m = [[a[i, j] * 2 for j in range(a.shape[1])] for i in range(a.shape[0])]
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s += m[i][j] ** 2
    return s


@case(V, K)
def table(x, k):
    n = len(x)
    t = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            t[i][j] = x[i] * x[j] + (t[i - 1][j] if i > 0 else 0.0)
    return t[n - 1][n - 1] + t[0][1]


@case(V)
def repeat_list(x):
    n = len(x)
    out = [0.0] * n
    for i in range(n):
        out[i] = x[i] ** 2 + (out[i - 1] if i else 0.0)
    return out[-1] * out[0]


@case(V)
def repeat_list_sum(x):
    n = len(x)
    out = [0.0] * (n + 1)
    for i in range(n):
        out[i + 1] = out[i] + x[i] ** 2
    return sum(out) + max(out)


@case(V)
def append_loop(x):
    out = []
    for v in x:
        out.append(np.sin(v))
    return sum(out)


@case(V)
def append_loop_array(x):
    out = []
    for i in range(len(x)):
        out.append(x[i] ** 2)
    return np.array(out)


@case(V, K)
def append_last(x, k):
    h = [x[0]]
    for i in range(1, len(x)):
        h.append(h[-1] * x[i])
    return h[-1] + h[0] + sum(h[1:])


@case(V)
def stack_push_pop(x):
    st = []
    for v in x:
        st.append(v)
    s = 0.0
    while st:
        v = st.pop()
        s = s * 0.5 + v
    return s


@case(V)
def del_item(x):
    l = [x[0], x[1] ** 2, x[2]]
    del l[1]
    return l[0] * l[1]


@case(V)
def list_methods(x):
    l = [x[0], x[1]]
    l.insert(0, x[2])
    l.insert(-1, x[3])
    l.reverse()
    l.remove(l[0])
    return l[0] + 2 * l[1] + 3 * l[2] + l.count(100.0)


@case(V)
def list_const_methods(x):
    l = [3, 1, 2]
    l.sort()
    l.sort(reverse=True)
    i = l.index(1)
    l.clear()
    l += [1, 2]
    l.extend([5])
    l2 = l.copy()
    l2[0:2] = [7]
    del l2[0]
    return x[i] * len(l) * l2[0]


@case(V)
def dict_methods(x):
    d = {"a": x[0]}
    d.setdefault("b", x[1])
    d.setdefault("a", x[2])
    d.update(c=x[3])
    d.update({"e": 1.0})
    z = d.get("zz", 2.0)
    s = d.pop("c")
    d["f"] = d.get("a") * z
    del d["e"]
    if "b" in d:
        s += d["b"]
    return s + sum(d.values()) + len(d)


@case(V, A)
def dict_loop(x, a):
    p = {"w": x, "b": x * 2}
    tot = 0.0
    for k, v in p.items():
        for i in range(len(v)):
            p[k][i] = v[i] ** 2 if k == "w" else v[i]
        tot = tot + np.sum(v)
    return tot


@case(V)
def dict_comp(x):
    d = {i: x[i] ** 2 for i in range(3)}
    return d[0] + d[2] * d[1]


@case(V)
def set_const(x):
    bad = {1, 3}
    s = 0.0
    for i in range(len(x)):
        if i not in bad:
            s += x[i]
    return s


@case(V)
def set_const2(x):
    s = 0.0
    for i in range(4):
        if i in {0, 2}:
            s += x[i] ** 2
    return s


@case(V, W)
def zip_start(x, w):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, w), start=1):
        s += i * a * b
    for i, a in enumerate([x[0], w[1]], 2):
        s += i * a
    return s


@case(V)
def sorted_key(x):
    l = [(3, x[0]), (1, x[1]), (2, x[2])]
    l = sorted(l, key=lambda t: t[0])
    return l[0][1] * 2 + l[1][1] * 3


@case(V)
def sorted_runtime(x):
    l = sorted(x)
    return l[0] + 2 * l[-1]


@case(V)
def sorted_list_rt(x):
    l = sorted([x[0], x[1], x[2]], reverse=True)
    return l[0] * 2 + l[1] * 3 - l[2]


@case(V)
def sorted_abs(x):
    l = sorted(x, key=abs)
    return l[0] + 2 * l[-1]


@case(V)
def minmax_key(x):
    a = max(x, key=lambda v: v * v)
    b = min([x[0], x[1]], key=abs)
    c = max((x[i] for i in range(len(x))), default=0.0)
    d = min([], default=2.0)
    i = max(range(len(x)), key=lambda i: x[i])
    return a * b + c + d + x[i] ** 3


@case(V)
def any_all(x):
    s = 0.0
    if any(v > 1.5 for v in x):
        s += x[0]
    if all([v > -5 for v in x]):
        s += x[1] ** 2
    if any([]):
        s += 100
    return s


@case(V)
def list_slices(x):
    l = [x[0], x[1], x[2], x[3]]
    a, *b = l[1:]
    l2 = l[::-1] + l[:2] + 2 * [x[0]]
    return a * b[-1] + l2[0] + l2[-1] * l[-2]


@case(V)
def nested_tuples(x):
    pts = [((x[0], x[1]), 2.0), ((x[2], x[3]), 3.0)]
    s = 0.0
    for (a, b), w in pts:
        s += w * a * b
    for i, ((a, b), w) in enumerate(pts):
        s += i * w * (a - b)
    return s


@case(A)
def list_index_rt(a):
    rows = [a[0], a[1] ** 2, a[2]]
    s = 0.0
    for i in range(3):
        for j in range(a.shape[1]):
            s += rows[i][j] * rows[i - 1][j]
    return s


@case(V, K)
def list_index_runtime(x, k):
    c = [0.5, 1.5, 2.5]
    w = [x[0], x[1], x[2]]
    s = 0.0
    for i in range(len(x)):
        s += c[k[i]] * w[k[i]] + w[i % 3]
    return s


@case(V, K)
def tuple_coeffs(x, k):
    b = (0.1, 0.2, 0.3, 0.4)
    s = 0.0
    for i in range(len(x)):
        s += b[i] * x[i]
    return s


@case(V)
def negative_index(x):
    l = [x[0], x[1], x[2]]
    return l[-1] * l[-3] + [1.0, 2.0][-1]


@case(V)
def acc_list_elem(x):
    acc = [0.0, 0.0]
    for v in x:
        acc[0] += v
        acc[1] += v * v
    return acc[1] - acc[0] ** 2


@case(V, K)
def list_rt_write(x, k):
    w = [x[0], x[1], x[2]]
    for i in range(len(x)):
        w[k[i]] = w[k[i]] * x[i]
    return w[0] + w[1] * w[2]


@case(V)
def map_filter(x):
    return sum(map(lambda v: v * v, x)) + sum(filter(lambda v: v > 0, [1.0, 2.0])) * x[0]


@case(V)
def range_in(x):
    s = 0.0
    for i in range(len(x)):
        if i in range(1, 3):
            s += x[i]
        if i in (0, 3):
            s -= x[i] ** 2
    return s


@case(A)
def zip_rows(a):
    s = 0.0
    for r0, r1 in zip(a[:-1], a[1:]):
        s += np.sum(r0 * r1)
    for c in zip(*[[1.0, 2.0], [3.0, 4.0]]):
        s += c[0] * c[1]
    return s


@case(V)
def join_lists(x):
    l = []
    l += [x[0]]
    l = l + [x[1]]
    l.extend(v * v for v in (x[2], x[3]))
    t = tuple(l)
    return sum(t) * t[0]


@case(V)
def list_of_lists_append(x):
    groups = [[], []]
    for i in range(4):
        groups[i % 2].append(x[i])
    return sum(groups[0]) * sum(groups[1])


@case(V)
def reversed_list(x):
    s = 0.0
    for c in reversed([1.0, 2.0, 3.0]):
        s = s * x[0] + c
    for v in reversed(x):
        s = s * 0.5 + v
    return s


@case(V)
def rows_of_a_list_in_comprehensions(x):
    rows = []
    for i in range(12):
        rows.append(x * (i + 1))
    squares = [np.sum(r * r) for r in rows]
    table = {k: np.sum(r) for k, r in enumerate(rows)}
    return sum(squares) + sum(np.sum(r) for r in rows) + max(r[0] for r in rows) + table[3]


@case(V)
def next_of_a_search(x):
    i = next(i for i, v in enumerate(x) if v > 0.3)
    big = next((v * v for v in x if v > 100.0), x[0])
    return x[i] ** 2 * big


@case(V)
def default_dicts(x):
    d = defaultdict(float)
    e = defaultdict(list)
    for k in range(len(x)):
        d[k % 3] += x[k] ** 2
        e[k % 2].append(x[k])
    return d[0] * d[1] + sum(e[0]) * sum(e[1]) + len(d)


@case(V)
def long_lists_written_at_run_time(x):
    count = [0] * 25
    first = list(range(20))
    for v in x:
        k = int(abs(v) * 7) % 20
        count[k] += 1
        first[0], first[k] = first[k], first[0]
    return sum(c * v for c, v in zip(count, x)) * x[first[0] % len(x)] + count[first[3]] * x[0]


@case(V)
def keys_that_are_added_in_a_loop_over_them(x):
    d = {"a": x[0], "b": x[1]}
    for k, v in d.items():
        d[k + "x"] = v
    return d["a"] ** 2


@case(V)
def keys_that_are_taken_out_in_a_loop_over_them(x):
    d = {"a": x[0], "b": x[1]}
    return sum(d.pop(k) for k in d)


@case(V)
def keys_that_are_taken_out_in_a_loop_over_a_list_of_them(x):
    d = {"a": x[0], "b": x[1]}
    return sum(d.pop(k) for k in list(d)) ** 2 + len(d)


@case(V)
def builtins_with_more_arguments(x):
    l = [1, 2, 1, 3]
    places = l.index(1, 1) + (1, 2, 1).index(1, 1, 3) + l.index(3, -2) + len(list(zip()))
    return (places + pow(3, 2, 5) + int("ff", 16) + int("0x10", base=16)) * x[0] ** 2


@case(V)
def position_of_what_is_before_the_start(x):
    return [1, 2, 1, 3].index(2, 2) * x[0]
