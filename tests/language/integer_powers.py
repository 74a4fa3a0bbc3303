# ruff: noqa
"""Integers to integer powers: an int or a float, as the sign of the exponent is."""

import numpy as np

CASES = []
V = np.array([0.3, -1.2, 2.5, 0.7, -0.4])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def lengths(x):
    n = len(x)
    n **= -1
    return x[0] ** 2 * (n + len(x) ** -1 + pow(len(x), -2) + len(x) ** 2 + len(x) ** True)


@case(V)
def negative_lengths(x):
    return x[0] ** 2 * 2 ** -len(x) + (-len(x)) ** -len(x) + 2.0 ** -len(x)


@case(V)
def signs(x):
    s = 0.0
    for k in range(len(x)):
        s += x[k] ** 2 * (-1) ** k + 2**k * (-1) ** (k + 1)
    return s


@case(V, 2)
def signs_of_a_sum_around_zero(x, l):
    s = 0.0
    for m in range(-l, l + 1):
        s += (-1) ** m * x[abs(m)] ** 2
    return s


@case(V)
def decimal_places(x):
    s = 0.0
    for k in range(len(x)):
        s += x[k] ** 2 * 10 ** (-k)
    for k in range(len(x), 0, -1):
        s += x[k - 1] * 2**-k + 2 ** (k - 1)
    return s


@case(V)
def zero(x):
    return x[0] ** 2 * 0**-1


@case(V, -2)
def zero_at_run_time(x, n):
    return 0**n * x[0] ** 2


@case(V, -2)
def of_either_sign(x, n):
    return 2**n * x[0] ** 2
