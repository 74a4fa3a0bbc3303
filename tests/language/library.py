# ruff: noqa
"""Positions of items that only the run tells, deques as arrays, stacked lists, statistics."""

import math
import statistics as st
from collections import deque

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
U = np.array([1.3, 2.8, 1.5, 1.1])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def position_of_the_largest(x):
    items = [x[0], x[1] * 2, x[-1], x.sum()]
    k = items.index(max(items))
    return items[k] * (k + 1) + items.index(items[1], 1)


@case(V)
def position_in_an_array_as_a_list(x):
    items = x.tolist()
    k = items.index(min(items))
    return items[k] * 2 + k


@case(V)
def position_in_a_list_that_grew(x):
    items = [v * 2 for v in x if v > -1.0]
    k = items.index(max(items))
    return items[k] * (k + 1) + items.count(items[0]) + items.index(items[-1], 1) + items.index(items[0], -9, 2)


@case(V, 0.4)
def value_at_a_time(x, t):
    times, values = [0.0], [1.0]
    for k in range(3):
        times.append(t * (k + 1.0))
        values.append(x[0] * k)
    return values[times.index(t)] if t in times else 0.0


@case(V)
def item_that_is_removed(x):
    items = [x[0], x[-1], x.sum()]
    items.remove(min(items))
    more = [v * 3 for v in x]
    more.remove(max(more))
    return items[0] * 3 + items[1] + sum(more)


@case(V)
def item_that_is_not_there(x):
    return [x[0], x[0] + 1].index(x[0] + 2) * x[0]


@case(V)
def item_that_is_not_there_to_remove(x):
    items = [v for v in x if v > 0]
    items.remove(77.0)
    return sum(items)


@case(V)
def name_of_the_largest(x):
    names, values = ["a", "b", "c"], [x[0], x[-1], x.sum()]
    weights = {"a": 1.0, "b": 2.0, "c": 5.0}
    return weights[names[values.index(max(values))]] * x[0]


@case(V, W)
def recent_values_as_an_array(x, w):
    recent, out = deque([0.0] * 3, maxlen=3), 0.0
    for v in x:
        recent.appendleft(v)
        out += np.array(recent) @ w[0:1].repeat(3) + np.mean(recent) * np.max(recent) + np.asarray(recent)[0]
    return out


@case(V)
def deque_of_run_time_length_as_an_array(x):
    recent, out = deque(maxlen=2), 0.0
    for v in x:
        recent.append(v * v)
        out += np.array(recent).sum() + np.std(recent)
    return out


@case(V)
def directions(x):
    vs = [x]
    for _ in range(4):
        w = np.sin(vs[-1])
        if w[0] > 10:
            break
        vs.append(w / (1.0 + np.linalg.norm(w)))
    a, b, c = np.column_stack(vs), np.stack(vs[:3], axis=1), np.stack(vs, axis=-1)
    b[0] = 2.0
    return a.sum() + (b * b).sum() + (c[0] * np.arange(c.shape[1])).sum() + a.ravel()[1]


@case(V)
def numbers_in_columns(x):
    vs = [v * v for v in x if v > 0]
    return (np.column_stack(vs) * 2.0).sum() if vs else 0.0


@case(U, W)
def spread_of_samples(x, w):
    return (
        st.mean(x) + st.fmean(x) * st.stdev(x) + st.pstdev(x) + st.variance(x) + st.pvariance(x) + st.median(x)
        + st.geometric_mean(x) + st.harmonic_mean(x) + st.fmean(x, weights=x) + st.stdev(w, st.mean(w))
    )  # fmt: skip


@case(U, W)
def pairs_of_samples(x, w):
    slope, intercept = st.linear_regression(x, w)
    line = st.linear_regression(x, w, proportional=True)
    return st.covariance(x, w) + st.correlation(x, w) + slope * intercept + line.slope


@case(V)
def samples_that_are_chosen(x):
    return st.mean([v for v in x if v > 0.5]) + st.fmean(v * v for v in x) + st.mean({"a": x[0], "b": x[-1]}.values())


@case(V)
def one_sample(x):
    return st.stdev([x[0]])
