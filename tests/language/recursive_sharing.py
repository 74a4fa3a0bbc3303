# ruff: noqa
"""Recursive functions whose results are arguments, or new, as the call tells; helpers that get one array twice."""

import numpy as np

CASES = []
V = np.array([0.7, 0.2, 0.4, 1.9, 0.3, 1.1])
W = np.array([0.3, 0.8, 0.5, 1.1, 0.6, 0.9])
N = np.array([3, 4])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


def exchanged(a, b, n):
    if n == 0:
        return b
    a[n] = b[n - 1] * 2
    return exchanged(b, a, n - 1)


@case(V, W, N)
def result_is_written(x, y, n):
    r = exchanged(x, y, n[0])
    r[0] = 4.0
    return (x * y).sum() + (r * r).sum()


@case(V, W, N)
def argument_is_written(x, y, n):
    r = exchanged(x, y, n[1])
    x[1] = 7.0 * y[0]
    return (x * y).sum() + (r * r).sum()


@case(V, N)
def one_array_twice(x, n):
    z = x * 2
    r = last(z, z, n[0])
    r[0] = 4.0
    return (z * x).sum()


def last(a, b, n):
    if n == 0:
        return b
    return last(b, a, n - 1)


@case(V, W, N)
def two_results(x, y, n):
    p, q = both(x, y, n[0])
    p[0] = 2.0
    q[1] *= x[2]
    return (x * y * p).sum() + q.sum()


def both(a, b, n):
    if n == 0:
        return a, b * 2
    p, q = both(b, a, n - 1)
    return q, p


def transformed(x, k):
    if len(x) <= 1:
        return x
    even, odd = transformed(x[::2], k), transformed(x[1::2], k)
    m = min(len(even), len(odd))
    return np.concatenate([even[:m] + odd[:m], even[:m] - odd[:m] * k])


@case(V[:4])
def new_unless_short(x):
    y = transformed(x, 0.5)
    y /= len(x)
    return (y * y).sum() + x.sum()


def merged(a):
    n = len(a)
    if n <= 1:
        return a
    left, right = merged(a[: n // 2]), merged(a[n // 2 :])
    out = np.empty(n)
    i = j = 0
    for k in range(n):
        if j >= len(right) or (i < len(left) and left[i] <= right[j]):
            out[k] = left[i]
            i += 1
        else:
            out[k] = right[j]
            j += 1
    return out


@case(V)
def merge_sort(x):
    y = merged(x)
    y *= np.arange(len(x))
    return (y * y).sum() + x[0]


def smoothed(a, b):
    for i in range(len(a)):
        a[i] = 0.5 * a[i] + b[len(b) - 1 - i]
    return a


@case(V, W)
def helper_with_one_array_twice(x, y):
    for _ in range(3):
        smoothed(x, x)
        smoothed(x, y)
    return (x * y).sum()


def raised(a, n):
    if n <= 0:
        return a
    b = raised(a, n - 1)
    b[n] += 1.0
    return b


@case(V, N)
def written_on_the_way_back(x, n):
    b = raised(x, n[0])
    b[0] = 9.0
    return (x * x).sum()


@case(V, N)
def written_through_a_part(x, n):
    b = raised(x[::2], n[0] - 1)
    b[0] = 9.0 * x[1]
    return (x * x).sum()


def even(a, n):
    return a if n <= 0 else odd(a * 1.0, n - 1)


def odd(a, n):
    return a * 2 if n <= 0 else even(a, n - 1)


@case(V, N)
def two_functions(x, n):
    b = even(x, n[0])
    b[0] = 9.0
    c = odd(x, n[1])
    c[1] = 2.0
    return (x * x * b * c).sum()


@case(V, N)
def captured_and_read(x, n):
    y = x * 2

    def go(k, z):
        if k <= 0:
            return y if z[0] > 0.2 else z
        return go(k - 1, z)

    return (y * x * go(n[0], x)).sum()


@case(V, N)
def called_in_a_loop(x, n):
    total = 0.0
    z = x * 3
    for i in range(n[0]):
        b = last(x, z, i)
        b[i] = total + 0.5
        total += x.sum() * z[1]
    return total


@case(V, N)
def called_in_a_branch(x, n):
    if n[0] > 2:
        b = last(x, x * 2, n[1])
    else:
        b = x
    b[2] = 4.0
    return (x * b).sum()
