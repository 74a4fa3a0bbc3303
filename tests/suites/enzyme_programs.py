# ruff: noqa
"""What Enzyme's ReverseMode integration tests cover, as NumPy programs: loops of every shape whose values the
reverse sweep needs again, sums until a condition, sorting, fixed points."""

import numpy as np

from .support import Cases

CASES = Cases()
case = CASES
r = np.random.default_rng(11)
V = r.uniform(0.4, 1.4, size=6)
M = r.normal(size=(3, 4))
C = r.normal(size=(2, 3, 4))


# -- one loop ----------------------------------------------------------------------------------------
@case(1.2, 5)
def simple_loop(x, n):
    s = 0.0
    for i in range(n):
        s += x * (i + 1)
    return s


@case(V)
def simple_loop_of_products(x):
    p = 1.0
    for i in range(len(x)):
        p *= x[i]
    return p


@case(V, 2)
def loop_from_run_time_start(x, start):
    s = 0.0
    for i in range(start, len(x)):
        s += x[i] ** 2 * x[start]
    return s


@case(0.8, 3)
def loop_body_overwrites(x, n):
    for i in range(n + 1):
        x = x * x + x / (i + 2)
    return x


@case(V)
def loop_reads_neighbours(x):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += x[i - 1] * x[i] * x[i + 1]
    return s


# -- nested, double, triple -------------------------------------------------------------------------------
@case(1.1, 3, 4)
def nested_loop(x, n, m):
    s = 0.0
    for i in range(n):
        for j in range(m):
            s += x ** (i + 1) / (j + 1)
    return s


@case(M)
def double_loop(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s += a[i, j] ** 2 * a[i, 0]
    return s


@case(V)
def triangular_loop(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i):
            s += x[i] * x[j] ** 2
    return s


@case(V)
def double_loop_carries(x):
    s = 1.0
    for i in range(len(x)):
        t = 0.0
        for j in range(i, len(x)):
            t = t * 0.5 + x[j] * s
        s = np.tanh(t) + 0.5
    return s


@case(C)
def triple_loop(a):
    s = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(a.shape[2]):
                s += a[i, j, k] * a[0, j, k] * (i + j + k)
    return s


@case(V)
def triple_loop_of_triangles(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i + 1):
            p = 1.0
            for k in range(j, i + 1):
                p *= x[k]
            s += p
    return s


@case(M, M.T.copy())
def matrix_product_by_loops(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return np.sum(c * c)


@case(V, 3)
def inner_loop_breaks(x, limit):
    s = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            if i + j > limit:
                break
            s += x[i] * x[j]
    return s


# -- reading and writing in a loop ----------------------------------------------------------------------
@case(V, 3)
def read_write_loop(x, rounds):
    """Each round reads what the last one wrote."""
    total = 0.0
    for _ in range(rounds):
        for i in range(len(x)):
            total += x[i] ** 2
            x[i] = x[i] * 0.5 + 0.1 * total
    return total


@case(V)
def read_write_within(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] ** 2
        x[i] = y[i] * x[i - 1]
        y[i] += x[i]
    return np.sum(y) * x[0]


@case(V)
def write_read_write(x):
    b = np.empty(2)
    s = 0.0
    for i in range(len(x)):
        b[0] = x[i]
        b[1] = b[0] * b[0]
        b[0] = b[1] * x[0]
        s += b[0] * b[1]
    return s


@case(V)
def copies_back_and_forth(x):
    y = x.copy()
    for i in range(4):
        x[:] = y * y * 0.5
        y[1:] = x[:-1] + y[1:]
    return np.sum(x) + np.sum(y**2)


# -- sums until ------------------------------------------------------------------------------------------
@case(V, 2)
def sum_until(x, limit):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        if s > limit:
            return s * s
    return s


@case(V)
def sum_until_break(x):
    s = 0.0
    i = 0
    while i < len(x):
        if s > 1.5:
            break
        s += x[i] ** 2
        i += 1
    return s * x[0]


@case(V)
def sum_while(x):
    s = 0.0
    i = 0
    while s < 2.0:
        s += x[i] * x[i]
        i += 1
    return s * i


@case(V)
def sum_of_tail(x):
    i = len(x) - 1
    s = 1.0
    while i >= 0 and s < 4.0:
        s = s * (1 + x[i])
        i -= 1
    return s


# -- sorting ---------------------------------------------------------------------------------------------
def insertion_sort(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key


@case(r.permutation(np.linspace(0.5, 3.0, 7)))
def insertion_sort_weighted(x):
    insertion_sort(x)
    s = 0.0
    for i in range(len(x)):
        s += x[i] * (i + 1)
    return s


@case(r.permutation(np.linspace(0.5, 3.0, 7)))
def insertion_sort_sum_of_first(x):
    insertion_sort(x)
    return np.sum(x[:3] ** 2)


@case(r.permutation(np.linspace(0.5, 3.0, 6)))
def bubble_sort(x):
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return x[0] * 3 + x[-1] ** 2 + x[2]


@case(r.permutation(np.linspace(0.5, 3.0, 6)))
def selection_sort(x):
    for i in range(len(x) - 1):
        least = i
        for j in range(i + 1, len(x)):
            if x[j] < x[least]:
                least = j
        t = x[i]
        x[i] = x[least]
        x[least] = t
    return np.sum(x * x * np.arange(6.0))


# -- control flow ----------------------------------------------------------------------------------------
@case(V)
def controlled(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            s += x[i] ** 2
        elif x[i] > 0.7:
            s -= 2 * x[i]
        else:
            s *= x[i]
    return s


@case(V, 2)
def switched(x, which):
    s = 0.0
    for i in range(len(x)):
        k = (i + which) % 3
        if k == 0:
            s += x[i]
        elif k == 1:
            s += x[i] ** 2
        else:
            s = s / (1 + x[i])
    return s


@case(1.7)
def calls_in_branches(x):
    def low(v):
        return v * v

    def high(v):
        return np.log(v)

    for _ in range(4):
        x = high(x) + 1.2 if x > 1.5 else low(x) + 0.4
    return x


@case(V)
def returns_from_nested_loops(x):
    for i in range(len(x)):
        for j in range(len(x)):
            if x[i] * x[j] > 0.8 and i != j:
                return x[i] * x[j] ** 2
    return 0.0


@case(V)
def greatest_by_loop(x):
    m = x[0]
    for i in range(1, len(x)):
        if x[i] > m:
            m = x[i]
    return m * m


@case(V, V[::-1] * 1.3)
def many_maxima(x, y):
    s = 0.0
    for i in range(len(x)):
        s += max(x[i], y[i]) * x[i]
        s = max(s, y[i] ** 3)
    return s


@case(M)
def many_maxima_of_rows(a):
    s = 0.0
    for i in range(a.shape[0]):
        m = a[i, 0]
        for j in range(a.shape[1]):
            m = max(m, a[i, j])
        s += m * (i + 1)
    return s


# -- numerical methods -----------------------------------------------------------------------------------
@case(0.9, 20)
def integral_of_exponential(x, n):
    h = x / n
    s = 0.0
    for i in range(n):
        s += 0.5 * h * (np.exp(i * h) + np.exp((i + 1) * h))
    return s


@case(0.9, 0.3)
def euler_steps(y, k):
    t = 0.0
    while t < 1.0:
        y += 0.125 * (-k * y + t * y * y)
        t += 0.125
    return y


@case(3.0, 1.0)
def newton_inversion(y, start):
    x = start
    for _ in range(8):
        x = x - (x * x * x + x - y) / (3 * x * x + 1)
    return x


@case(3.0)
def newton_until_converged(y):
    x = y
    while abs(x * x - y) > 1e-13:
        x = 0.5 * (x + y / x)
    return x


@case(0.7, 0.4)
def fixed_point(a, x):
    for _ in range(60):
        x = np.cos(a * x)
    return x


@case(0.7)
def fixed_point_while(a):
    x = 1.0
    previous = 2.0
    while abs(x - previous) > 1e-14:
        previous = x
        x = np.cos(a * x)
    return x


@case(V, 12)
def time_steps(u, n):
    """What checkpointing is for: every step overwrites the state non-linearly."""
    v = np.empty_like(u)
    for _ in range(n):
        for i in range(1, len(u) - 1):
            v[i] = u[i] + 0.1 * (u[i + 1] - 2 * u[i] + u[i - 1]) - 0.05 * u[i] ** 3
        v[0] = u[0]
        v[-1] = u[-1]
        u[:] = v
    return np.sum(u * u)


@case(V, 9)
def time_steps_in_place(u, n):
    for t in range(n):
        for i in range(1, len(u) - 1):
            u[i] = (u[i - 1] + u[i] ** 2 + u[i + 1]) / (2.5 + 0.1 * t)
    return u[2] * u[3]


@case(V, 10)
def time_steps_of_two_arrays(u, n):
    a, b = u, u * 0.5
    for _ in range(n):
        a, b = b, a - 0.1 * b * b
    return np.sum(a * b)
