# ruff: noqa
"""The constructs of Tangent's fence test that are in our language; each is checked as a gradient."""

from collections import Counter

import numpy as np

from .support import Cases

CASES = Cases()
case = CASES
V = np.array([0.7, -1.2, 0.4, 1.9])


@case(1.3)
def bytes_and_string_constants(x):
    kind = b"square"
    mode = "fast"
    if kind == b"square" and mode != "slow":
        return x * x
    return x


@case(1.3)
def ellipsis_constant(x):
    ...
    a = np.array([[x, 2.0 * x], [x * x, 1.0]])
    return np.sum(a[..., 0] * a[..., 1])


@case(V)
def extended_slices(x):
    a = np.outer(x, x)
    return np.sum(a[1:3, ::2]) + np.sum(a[::-1, 1] ** 2)


@case(1.3)
def list_comprehension(x):
    return sum([k * x**k for k in range(4) if k != 2])


@case(1.3)
def nested_list_comprehension(x):
    return sum([i * x + j for i in range(3) for j in range(i)])


@case(1.3)
def dict_comprehension(x):
    d = {k: x**k for k in range(1, 4)}
    return d[1] * d[3]


@case(1.3)
def generator_expression(x):
    return sum(x**k for k in range(4))


@case((1.3, 0.4, 2.0))
def starred_targets(p):
    a, *rest = p
    return a * rest[0] + rest[1] ** 2


@case((1.3, 0.4))
def starred_call(p):
    return _product(*p, **{"k": p[0]})


def _product(a, b, k):
    return a * b * k


@case(1.3)
def lambda_expression(x):
    return (lambda y, z=2.0: y * z * x)(x)


@case(1.3)
def conditional_expression(x):
    return x * x if x > 0 else -x


@case(1.3)
def boolean_operators(x):
    return x * 2 if x > 0 and not x > 5 or x == -7 else x


@case(1.3)
def asserts(x):
    assert x > 0, "positive"
    return x * x


@case(1.3)
def raises(x):
    if x < 0:
        raise ValueError("negative")
    return np.sqrt(x)


@case(1.3)
def import_inside(x):
    import math

    return math.exp(x)


@case(1.3)
def import_from_inside(x):
    from math import exp as e

    return e(x) * x


@case(1.3)
def deletes_name(x):
    y = x * x
    z = y * x
    del y
    return z


@case(1.3)
def while_else(x):
    while x < 9.0:
        x = x * 2
    else:
        x = x * x
    return x


@case(V)
def for_else(x):
    s = 1.0
    for v in x:
        if v > 100:
            break
        s = s * v
    else:
        s = s * 2
    return s


@case(V)
def break_and_continue(x):
    s = 0.0
    for v in x:
        if v < 0:
            continue
        if v > 1.5:
            break
        s += v * v
    return s


@case(V)
def while_break(x):
    i = 0
    s = 1.0
    while True:
        s *= x[i]
        i += 1
        if i == 3:
            break
    return s


@case(1.3)
def prints_value(x):
    print("x =", x)
    return x * x


@case(1.3)
def formatted_message(x):
    if x > 10:
        raise ValueError(f"too large: {x}")
    return x**3


@case(1.3)
def nested_function(x):
    def inner(y):
        return y * x

    return inner(inner(x))


@case(1.3)
def walrus(x):
    if (y := x * x) > 1:
        return y * 3
    return y


@case(1.3)
def match_on_constant(x):
    match "cube":
        case "square":
            return x * x
        case "cube":
            return x**3
        case _:
            return x


@case(1.3)
def several_returns(x):
    if x > 1:
        return x * 2
    return x


@case(1.3)
def integer_bit_operations(x):
    s = 0.0
    for k in range(6):
        if k & 1 and not (k >> 2) ^ 1:
            s += x * (k | 8) * (~k)
    return s * (1 << 2)


@case(1.3)
def keyword_only(x):
    return _scaled(x, by=x)


def _scaled(x, *, by=1.0):
    return x * by


@case(np.array([[1.0, 2.0], [3.0, 4.5]]))
def matrix_multiplication_operator(a):
    return np.sum(a @ a)


@case(np.array([0.5, 1.5, 2.0]))
def counted_items(x):
    c = Counter([1, 2, 2])
    c["a"] += 1
    return x[0] ** c[2] * x[1] * c["a"]


@case(np.array([0.5, 1.5, 2.0]))
def runtime_key(x):
    d = {0: x[0], 1: x[1] * x[1]}
    return d[int(x[1])] * x[0]


class Trouble(Exception):
    pass


def raises_own_exception(x):
    if x[0] < 0:
        raise Trouble("negative")
    return np.sum(x * x)
