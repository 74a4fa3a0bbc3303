# ruff: noqa
"""Arrays without axes: `np.array(0.0)`, `x[0, ...]`, which can be changed in place, as numbers cannot."""

import math

import numpy as np

CASES = []
R = np.random.default_rng(0).random
X = np.array([1.5, 2.5, 3.5])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X)
def part_of_an_array(x):
    y = x * 1.0
    t = y[0, ...]
    t *= 2
    u = y[..., 1]
    u[...] = t * x[2]
    return np.sum(y * y)


@case(X)
def kept_in_a_list(x):
    total, history = np.array(0.0), []
    for i in range(3):
        history.append(total)
        total += x[i]
    return history[0] * history[1] + total


@case(X)
def numbers_kept_in_a_list(x):
    total, history = np.float64(0.0), [np.array(1.0)]
    for i in range(3):
        history.append(total)
        total += x[i]
    return history[1] * history[2] + total * history[0]


@case(X)
def changed_by_a_function(x):
    def add(t, v):
        t += v

    t = np.zeros(())
    for v in x:
        add(t, v * v)
    return t


@case(X)
def another_name(x):
    t = np.zeros(())
    u = t
    u += x[0]
    t[()] = t * x[1]
    np.add(t, x[2], out=t)
    v = np.empty(())
    v.fill(u)
    u *= 2
    return t + v * x[0]


@case(X)
def squeezed_and_reshaped(x):
    y = x + 1
    t = np.squeeze(y[:1])
    t += 3 * x[1]
    u = y[1:2].reshape(())
    u *= 4
    v = np.atleast_1d(u)
    v -= t
    return np.sum(y * x)


@case(X)
def copies(x):
    y = x * 2
    t = y[0, ...]
    a, b, c, d, e = t.copy(), np.array(t), +t, np.asarray(t), t[()]
    t *= 3
    return a + 2 * b + 3 * c + 5 * d + 7 * e


@case(X)
def as_a_number(x):
    t = np.array(2.0)
    u = t
    t += x[0]
    w = np.where(t > 3, x, -x).sum() + np.full(3, t)[1] + np.stack([t, t])[0] + np.clip(t, 0, 3) + t.item()
    return math.sqrt(u) + float(t) + max(u, 1.0) + abs(t) + t**2 + (-t) + (t > 1) * 2.0 + w + np.dot(t, 2)


@case(X)
def as_an_index_and_a_count(x):
    n = np.array(2)
    m = n
    n += 1
    s = 0.0
    for i in range(m):
        s += x[i % 3] * i
    return s * np.zeros(m).size + x[n - 3]


class Meter:
    def __init__(self):
        self.total, self.n = np.zeros(()), 0

    def update(self, v):
        self.total += v
        self.n += 1


@case(X)
def attribute(x):
    m = Meter()
    alias = m.total
    for v in x:
        m.update(v * v)
    return m.total / m.n * alias


@case(X)
def best_of_a_loop(x):
    best = x[..., 0]
    for i in range(1, 3):
        if x[i] > best:
            best = x[..., i]
    s = np.float64(1.0)
    s += best
    return best * s


@case(X)
def made_anew_in_a_branch(x):
    t = np.zeros((), x.dtype)
    for k in range(3):
        if x[k] > 3:
            t = np.array(x[k] ** 2)
        else:
            t += x[k]
    return t


@case(X)
def numbers_from_the_first_iteration_on(x):
    s = np.array(0.0)
    first = s
    for k in range(len(x)):
        s = s + x[k] * x[0]
    s = s + 1.0
    return s + first


@case(X)
def numbers_that_change(x):
    s = np.array(0.0)
    for k in range(len(x)):
        s = s + x[k] * x[0]
    s += 1.0
    return s


@case(X)
def at_run_time(x):
    t = np.array(1.0)
    u = t
    while t < 10:
        t *= x[0]
    if x[1] > x[0]:
        t -= x[1]
    else:
        t = x[0] * 2
    return t * u


def _down(t, x, n):
    if n == 0:
        return t
    t += x[n - 1] * n
    return _down(t, x, n - 1)


@case(X, 3)
def recursion(x, n):
    t = np.zeros(())
    r = _down(t, x, n)
    r += x[0]
    return r * t


@case(X)
def of_another_dtype(x):
    t = np.zeros((), dtype=np.float32)
    u = t
    t += np.float32(2.5)
    return u * x[0]


@case(X)
def more_axes(x):
    t = np.array(0.0)
    t += x
    return t


@case(X)
def of_integers(x):
    t = np.array(1)
    t += x[0]
    return t


@case(np.array(1.5), 2.0)
def vectors_of_any_rank(x, y):
    w = np.asarray(x)
    s = np.float64(y)
    s *= w[...]
    return s * w
