# ruff: noqa
"""Control flow: branches, loops and ways out of them, names bound on some paths, conditions."""

import math

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
A = np.array([[0.5, -0.3, 0.8], [1.2, 0.4, -0.9]])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(0.4, 1.3)
def branches(x, y):
    if x > y:
        z = x * y
    elif x > 0.2:
        z = math.sin(x) + y
        x = z * z
    else:
        z = y
    return z * x


@case(V)
def nested_branches_in_a_loop(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.0:
            if i % 2 == 0:
                s += x[i] ** 2
            else:
                s -= x[i] * s
        elif x[i] < -1.0:
            s = s * 0.5 + x[i]
    return s


@case(V, 1.1)
def break_out(x, limit):
    s = 0.0
    for v in x:
        s += v * v
        if s > limit:
            break
        s *= 1.5
    return s


@case(V)
def continue_to_next(x):
    p = 1.0
    for i in range(len(x)):
        if x[i] < 0.0:
            continue
        p *= x[i]
    return p


@case(V)
def break_and_continue_nested(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i, len(x)):
            if x[j] < -1.0:
                continue
            if s > 3.0:
                break
            s += x[i] * x[j]
        else:
            s = s + 0.1 * x[i]
            continue
        s *= 0.9
    return s


@case(V, 0.4)
def early_returns(x, y):
    if y > 1.0:
        return x * y
    for i in range(len(x)):
        for j in range(i):
            if x[i] * x[j] > 0.5:
                return x * x[i]
        if x[i] > 5.0:
            return x
    return np.sin(x)


@case(V)
def for_else(x):
    s = 1.0
    for v in x:
        if v > 10.0:
            break
        s = s * 0.5 + v
    else:
        s = s * s
    return s


@case(2.5)
def while_until(x):
    n = 0
    while x > 0.3 and n < 50:
        x = x * 0.7
        n += 1
    else:
        x = x * 2.0
    return x * n


@case(2.0)
def newton_square_root(a):
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@case(0.3, V)
def while_true_with_break(x, w):
    k = 0
    while True:
        x = np.sin(x) + w[k % len(w)]
        k += 1
        if k == 6:
            break
        if x < -0.5:
            continue
        x *= 0.9
    return x


@case(V, 3)
def ranges(x, n):
    s = 0.0
    for i in range(len(x) - 1, -1, -1):
        s = s * 0.3 + x[i]
    for i in range(0, len(x), 2):
        s += x[i] * i
    for i in range(n, 0, -2):
        s *= math.cos(s) + i
    for i in range(3, 3):
        s = 1e9
    return s


@case(A, V)
def over_arrays(a, x):
    s = 0.0
    for row in a:
        for v in row:
            s = s * 0.5 + v * v
    for i, v in enumerate(x, 1):
        s += i * v
    for u, v in zip(x, x[1:]):
        s += u * v
    for v in reversed(x):
        s = math.sin(s + v)
    return s


@case(1.2, 2)
def match_on_constants(x, mode):
    match mode:
        case 0:
            return x
        case 1 | 2:
            y = x * x
        case _:
            y = -x
    return y * 3.0


@case(0.4, 0.9, -0.2)
def chained_and_short_circuit(x, y, z):
    s = 0.0
    if z < x < y:
        s += x * y
    if x > 0 and 1.0 / x > 2.0 or z > 0:
        s += z * x
    if not (x > 5.0) and (y > 0.5 or x / 0.0 > 1):
        s += y
    return s


@case(V, 0.5)
def conditional_expressions(x, t):
    a = x[0] if t > 0.3 else x[1] if t > 0.1 else 0.0
    return np.sum(x * (t if a > 0 else -t)) + (y := a * t) * y


def halved(x):
    x[1:] *= 0.5
    return x[1]


@case(V, 0)
def a_test_that_binds(x, n):
    """What a name holds before the loop it holds after a test that fails."""
    y = x * 3.0
    k = 0
    while (k := k + 1) < n:
        y = x * float(k)
    return np.sum(y * x) + k


@case(V, 0.1)
def a_test_that_writes(x, bound):
    y = x + 1.0
    k = 0
    while k < 2 and halved(x) < bound:
        k += 1
        y = x * x
    return np.sum(np.sin(y)) + np.sum(x)


@case(V, 3)
def a_test_that_binds_and_a_list(x, n):
    y = 2.0
    found = []
    k = -1
    while (k := k + 1) < n:
        y = x[k]
        found.append(y * x[0])
    return y + sum(found)


@case(V)
def bound_in_the_loop(x):
    last = 0.0
    for i in range(len(x)):
        square = x[i] * x[i]
        if square > 1.0:
            last = square
    return last + square


@case(V, 1)
def int_becomes_float(x, n):
    s = 0
    count = n
    for v in x:
        s += v
        count = count + 0.5
    return s * count


@case(V)
def asserts_and_raises(x):
    assert len(x) >= 0, "never"
    s = 0.0
    for v in x:
        if v > 100.0:
            raise ValueError(f"too large: {v}")
        s += v**2
    pass
    del v
    return s


@case(np.array([0.5, 3.0, 0.1]))
def raises(x):
    for i in range(len(x)):
        if x[i] > 2.0:
            raise ArithmeticError("over two")
    return np.sum(x)


@case(V, 7)
def index_error(x, k):
    return x[k] * 2.0


@case(0.0, 1.0)
def zero_division(x, y):
    return y / x


@case(-1.0)
def domain_error(x):
    return math.sqrt(x) + math.log(x)


@case(V, W)
def comparisons_as_numbers(x, w):
    above = x > w
    return np.sum(above * x) + (x[0] > 0) * w[1] + np.sum(np.where(above & (w > 0), x * w, w))


@case(V, 0.3)
def linear_recurrences(x, s):
    """Exact and other factors, either sign, both directions, a carry that starts as a number."""
    y = np.zeros(len(x))
    for i in range(len(x)):
        s = 0.5 * s + x[i] * x[i]
        y[i] = s
    t = 0.0
    for i in range(len(x) - 1, -1, -1):
        t = y[i] - 0.25 * t
        x[i] = t * t
    p, q = x[0], 1.0
    for v in x:
        p = 0.3 * p + v
        q = v - 2.0 * q
        s += p * q
    return s + t


@case(V)
def gauss_seidel_row(x):
    for _ in range(2):
        for i in range(1, len(x) - 1):
            x[i] = 0.5 * (x[i - 1] + x[i + 1])
        for i in range(len(x) - 2, 0, -1):
            x[i] = 0.3 * x[i + 1] + 0.7 * np.sin(x[i])
    return np.sum(x * x)


@case(V)
def filter_of_one_sample(x):
    s = x[1]
    for v in x[:1]:
        s = 0.5 * s + v
    for v in x[:0]:
        s = 0.25 * s + v
    return s * s
