# ruff: noqa
"""Programs of the kind for which NVIDIA Warp gives wrong gradients without an error: products and branches in
dynamic loops, `continue`, arrays and variables that are overwritten after they were read.

Five variants of each; the trip counts are run-time values."""

import numpy as np

from .support import Cases

CASES = Cases()
case = CASES
r = np.random.default_rng(5)
V = r.uniform(0.5, 1.5, size=6)
S = np.array([0.7, -0.4, 1.2, -1.1, 0.3, 0.9])
M = r.uniform(0.5, 1.5, size=(3, 4))


# -- products in dynamic loops ---------------------------------------------------------------------------
@case(V, 6)
def product(x, n):
    prod = 1.0
    for i in range(n):
        prod *= x[i]
    return prod


@case(np.array([0.7, 0.0, 1.2, 0.4]), 4)
def product_through_zero(x, n):
    prod = 1.0
    for i in range(n):
        prod *= x[i]
    return prod


@case(M, 3, 4)
def product_of_sums(a, n, m):
    prod = 1.0
    for i in range(n):
        s = 0.0
        for j in range(m):
            s += a[i, j] ** 2
        prod *= s
    return prod


@case(V, 6)
def product_in_array(x, n):
    p = np.ones(1)
    for i in range(n):
        p[0] *= x[i]
        p[0] += x[0]
    return p[0]


@case(V, 2)
def product_with_stride(x, step):
    prod = 1.0
    power = 1.0
    for i in range(0, len(x), step):
        power *= prod
        prod *= x[i] + power
    return prod


# -- continue and break ----------------------------------------------------------------------------------
@case(S, 6)
def continue_on_sign(x, n):
    s = 1.0
    for i in range(n):
        if x[i] < 0.0:
            continue
        s = s * x[i] + 1.0
    return s


@case(S, 6)
def continue_on_index(x, n):
    s = 0.0
    for i in range(n):
        s += x[i]
        if i % 3 == 1:
            continue
        s *= 1.0 + x[i] ** 2
    return s


@case(M, 3, 4)
def continue_in_nested_loops(a, n, m):
    s = 1.0
    for i in range(n):
        if a[i, 0] > 1.3:
            continue
        for j in range(m):
            if a[i, j] < 0.7:
                continue
            s += s * a[i, j] * 0.3
    return s


@case(S, 6)
def continue_then_break(x, n):
    s = 0.5
    for i in range(n):
        if x[i] < -1.0:
            break
        if x[i] < 0.0:
            s *= 2.0
            continue
        s = s**2 + x[i]
    return s


@case(S)
def continue_in_while(x):
    s = 0.5
    i = 0
    while i < len(x):
        i += 1
        if x[i - 1] > 1.0:
            continue
        s = s * s + x[i - 1]
    return s


# -- overwritten arrays ----------------------------------------------------------------------------------
@case(V)
def read_then_overwritten(x):
    y = x.copy()
    s = 0.0
    for i in range(len(x)):
        s += y[i] ** 3
        y[i] = 0.0
    return s + np.sum(y)


@case(V, 3)
def overwritten_with_function_of_itself(x, n):
    for _ in range(n):
        for i in range(len(x)):
            x[i] = x[i] ** 2 + 0.1
    return np.sum(x)


@case(V)
def overwritten_buffer(x):
    buffer = np.zeros(2)
    s = 0.0
    for i in range(len(x)):
        buffer[0] = x[i]
        buffer[1] = buffer[0] ** 2
        s += buffer[0] * buffer[1]
    return s


@case(V)
def overwritten_slice(x):
    y = np.zeros(8)
    y[:6] = x**2
    y[2:8] = y[:6] * x
    return np.sum(y**2)


@case(V, V[::-1].copy())
def overwritten_by_other(x, y):
    z = x * y
    x[:] = y
    y[:] = z
    x *= y
    return np.sum(x * z + y)


# -- overwritten variables in dynamic loops --------------------------------------------------------------
@case(V, 6)
def variable_depends_on_itself(x, n):
    v = 0.3
    for i in range(n):
        v = v * v + x[i] * 0.2
    return v


@case(V, 6)
def two_variables_depend_on_each_other(x, n):
    a, b = 1.0, 0.5
    for i in range(n):
        a, b = b * x[i], a + b
    return a * b


@case(S, 6)
def variable_assigned_in_branch(x, n):
    v = 1.0
    s = 0.0
    for i in range(n):
        if x[i] > 0.0:
            v = v * x[i]
        s += v * x[i]
    return s


@case(S, 6)
def last_assignment_wins(x, n):
    last = 0.0
    for i in range(n):
        if x[i] > 0.5:
            last = x[i] ** 2
    return last


@case(S, 6)
def running_extremes(x, n):
    top = x[0]
    low = x[0]
    s = 0.0
    for i in range(n):
        top = max(top, x[i])
        low = min(low, x[i])
        s += top * low
    return s


# -- dynamic while and nested loops ----------------------------------------------------------------------
@case(1.3, 40.0)
def while_with_float_state(x, limit):
    y = x
    while y < 40:
        y = y * x + x
    return y + 0 * limit


@case(V)
def while_over_indices(x):
    i = 0
    j = len(x) - 1
    s = 1.0
    while i < j:
        s *= x[i] + x[j] * s
        i += 1
        j -= 1
    return s


@case(V, 3)
def inner_trip_count_from_outer(x, n):
    s = 1.0
    for i in range(n):
        t = 1.0
        for j in range(i, 2 * n):
            t *= x[j]
        s += s * t
    return s


@case(S)
def trip_count_from_data(x):
    s = 1.0
    n = int(np.floor(abs(x[2]) * 4))
    for i in range(n):
        s *= x[i]
    return s


@case(V, np.array([2, 0, 5, 2]))
def gathered_in_loop(x, index):
    prod = 1.0
    for k in range(len(index)):
        prod *= x[index[k]]
        x[index[k]] = prod
    return prod + np.sum(x)


# -- helpers that write, arrays read after writes ----------------------------------------------------------
def scale_in_place(x, n, by):
    for i in range(n):
        x[i] *= by


def accumulate(out, x):
    for i in range(len(x)):
        out[0] += x[i] ** 2


@case(V, 4, 1.5)
def helper_scales(x, n, by):
    scale_in_place(x, n, by)
    scale_in_place(x, n, x[1])
    return np.sum(x)


@case(V)
def helper_accumulates(x):
    out = np.zeros(1)
    accumulate(out, x)
    accumulate(out, x * out[0])
    return out[0]


@case(V)
def read_after_write(x):
    y = np.zeros(6)
    for i in range(len(x)):
        y[i] = x[i] ** 2
    for i in range(1, len(x)):
        y[i] = y[i] * y[i - 1]
    return np.sum(y)


@case(V)
def write_after_read_after_write(x):
    for i in range(len(x) - 1):
        x[i + 1] = x[i] * x[i + 1]
        x[i] = x[i + 1] ** 2
    return np.sum(x)


@case(M)
def rows_overwritten(a):
    for i in range(1, a.shape[0]):
        row = a[i]
        row *= a[i - 1]
        a[i - 1] = row + 1.0
    return np.sum(a * a)
