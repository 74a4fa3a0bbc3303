# ruff: noqa
"""any and all stop at the item that decides; those after it may raise."""

import math

import numpy as np

CASES = []
V = np.array([0.3, -1.2, 2.5, 0.7, -0.4])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V, 2.0)
def any_before_the_end_of_an_array(x, t):
    return x[0] * x[1] * (any(x[i] > t for i in range(10)) + 1)


@case(V, 2.0)
def all_before_the_end_of_an_array(x, t):
    return x[0] * x[1] * (all(x[i] < t for i in range(10)) + 1)


@case(V, 9.0)
def not_decided_before_the_end(x, t):
    return x[0] * any(x[i] > t for i in range(10))


@case(-1.0, 0.0)
def division(a, b):
    if all(1 / q > 0.1 for q in (a, b)):
        return a * b
    return a * a - b


@case(V)
def domain(x):
    return x[0] * x[1] * any(math.log(x[i]) < 0 for i in range(3))


def checked(v):
    if v < 0:
        raise ValueError("negative")
    return v > 1


@case(V)
def functions_that_raise(x):
    assert any(map(checked, (x[0], x[2], x[1]))), "no"
    return x[0] ** 2


def refused(v):
    raise ValueError("bad")


@case(V)
def always_raises(x):
    return x[0] ** 2 * any(v > 0 or refused(v) for v in [x[0], x[1]])


@case(V)
def items_known_when_compiling(x):
    first = any(f() for f in (lambda: False, lambda: x[0] > 1, lambda: True, lambda: x[9] > 0))
    second = all(f() for f in (lambda: x[0] < 1, lambda: x[0] * 0 > 1.0, lambda: 1.0 / (x[0] * 0) > 1.0))
    return x[0] ** 2 * (first + 3 * second + 1)


@case(V)
def nested(x):
    return x[0] ** 2 * any(any(x[i + j] > 2 for j in range(3)) for i in range(4))
