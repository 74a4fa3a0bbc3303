# ruff: noqa
"""Lists that grow in `while` loops, in helpers and in objects."""

import math

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def adaptive_step_sizes(x):
    t, h, y = 0.0, 0.1, x[0]
    ts, ys = [t], [y]
    while t < 1.0:
        low = y + h * math.sin(x[1] * y)
        high = y + h / 2 * (math.sin(x[1] * y) + math.sin(x[1] * low))
        if abs(high - low) < 0.01:
            t += h
            y = high
            ts.append(t)
            ys.append(y)
            h *= 1.5
        else:
            h *= 0.5
    return np.trapezoid(np.array(ys) ** 2, np.array(ts)) + len(ys)


@case(V)
def reads_its_last_items(x):
    out = [x[0], x[2]]
    while abs(out[-1]) < 50.0:
        out.append(out[-1] * 1.04 + 0.1 * out[-2] + 0.05)
    return sum(out) + len(out) + out[3] * out[-3]


@case(V)
def more_iterations_than_the_first_limit(x):
    out = []
    y = x[0]
    while y < 20.0:
        y = y * 1.01
        out.append(y * x[3])
    return np.array(out[::7]).sum()


@case(V)
def fixed_point_with_break(x):
    xs, fs = [x[0]], []
    while True:
        f = math.cos(xs[-1]) * x[2] - xs[-1]
        fs.append(f)
        if abs(f) < 1e-9:
            break
        xs.append(xs[-1] + 0.7 * f)
        if len(xs) > 100:
            break
    return xs[-1] ** 2 + sum(fs)


@case(V)
def arrays_as_items(x):
    u = x.copy()
    seen = [u.copy()]
    while np.sum(u * u) > 0.05:
        u *= 0.8
        u[0] += 0.01
        seen.append(u.copy())
    h = np.array(seen)
    return np.sum(h[:, 0] * h[:, -1]) + h.shape[0]


@case(V)
def a_list_for_each_item(x):
    total = 0.0
    for a in x:
        a, seq = abs(a) * 0.5, []
        while a > 0.01:
            seq.append(a)
            a = a * a * 0.9
        total += sum(seq) * x[0] + len(seq)
    return total


@case(V)
def returns_from_the_loop(x):
    seq = [x[0]]
    while True:
        seq.append(seq[-1] * 0.8)
        if seq[-1] < 0.1:
            return sum(seq)


@case(V)
def appends_on_one_path(x):
    accepted, rejected, t = [], 0, 0.0
    while t < 1.0:
        h = 0.1 * (1 + x[0] * math.sin(7 * t))
        if math.cos(20 * t) > 0:
            accepted.append(h * x[3])
        else:
            rejected += 1
            t += 0.01
            continue
        t += h
    return sum(a * a for a in accepted) + rejected


@case(V)
def no_iteration(x):
    out, t = [], x[0]
    while t > 100.0:
        out.append(t)
        t -= 1.0
    if not out:
        return x[0] * x[1]
    return sum(out)


@case(V)
def several_items_each_time(x):
    out, t = [], x[0]
    while t < 20:
        for k in range(3):
            out.append(t * k)
        t = t * 1.7
    return np.sum(np.array(out) ** 2)


@case(V)
def two_loops_and_one_list(x):
    out, t = [x[1]], x[0]
    while t < 20:
        out.append(t)
        t = t * 1.7
    while t > 0.3:
        out.append(t * x[2])
        t = t * 0.6
    return np.sum(np.array(out) ** 2) + t


def _fill(x, out):
    while x < 5.0:
        out.append(x)
        x = x * 1.3
    return x


@case(V)
def helper_appends(x):
    out = []
    return _fill(x[0], out) * _fill(x[2], out) + sum(out)


@case(V)
def stack_of_numbers(x):
    stack = [x[0], 2.0 * x[3], 0.3]
    s = 0.0
    while stack:
        a = stack.pop()
        s += a * a
        if a > 0.2:
            stack.append(a * 0.4)
            stack.append(a * 0.3)
    return s


@case(V)
def while_else(x):
    seen, t = [], x[0]
    while t < 7.0:
        seen.append(t)
        t *= 2.0
    else:
        t += 1.0
    return t + sum(seen)


@case(V)
def a_loop_inside(x):
    seen, t = [], x[0]
    while t < 7.0:
        y = t
        while y > 0.4:
            y *= 0.7
        seen.append(y)
        t *= 2.0
    return t + sum(seen)


@case(V)
def test_that_assigns(x):
    seen, t = [], x[0]
    while (y := t * t) < 50.0:
        seen.append(y)
        t = t + x[2]
    return y + sum(seen)


class Simulation:
    def __init__(self, rate):
        self.rate, self.t, self.y = rate, 0.0, 1.0
        self.history = []

    def step(self):
        h = 0.1 * (1.0 + abs(self.y))
        self.y += -self.rate * self.y * h
        self.t += h
        self.history.append(self.y)


@case(V)
def list_of_an_object(x):
    s = Simulation(x[0])
    while s.t < 1.0:
        s.step()
    return sum(s.history) + s.t


@case(V)
def list_of_an_object_in_a_branch(x):
    s = Simulation(x[0])
    for v in x:
        if v > 0:
            s.step()
    return sum(s.history) + s.t * x[1]


@case(V)
def lists_in_a_list(x):
    sides = [[], []]
    for v in x:
        if v > 0:
            sides[0].append(v * x[0])
        else:
            sides[1].append(v * v)
    return sum(sides[0]) * sum(sides[1]) + len(sides[0])


@case(V)
def lists_in_a_dict(x):
    seen, y = {"all": [], "high": []}, x[0]
    for v in x:
        y = 0.9 * y + v
        seen["all"].append(y)
        if y > 0:
            seen["high"].append(y * x[1])
    return sum(seen["all"]) * sum(seen["high"]) + len(seen["high"])


@case(V)
def helper_appends_twice(x):
    def walk(t, out):
        for v in x:
            if v > 0:
                out.append(t * v)
            t = t * 1.1
        return t

    out = []
    a = walk(x[0], out)
    b = walk(x[1], out)
    return a * b + sum(out)


@case(V)
def two_loops_that_append(x):
    out, t = [], x[0]
    for v in x:
        if v > 0:
            out.append(t * v)
        t = t * 0.9
    for v in x:
        if v < 1:
            out.append(t + v)
        t = t * 0.8
    return sum(out) * t


@case(V)
def lists_in_tests_beside_conditions(x):
    low, high = [0.0], [2.0]
    total, n = 0.0, 0
    while low and n < 200:
        a, b = low.pop(), high.pop()
        m = 0.5 * (a + b)
        whole = (b - a) * math.exp(-x[0] * m)
        parts = 0.5 * (b - a) * (math.exp(-x[0] * 0.5 * (a + m)) + math.exp(-x[0] * 0.5 * (m + b)))
        n += 1
        if abs(parts - whole) < 1e-3:
            total += parts
        else:
            low.append(a)
            high.append(m)
            low.append(m)
            high.append(b)
    below = [v for v in x if v < x[0]]
    if not (below or n > 300):
        total += 100.0
    return total * (2.0 if n > 1 and below else 3.0) + (x[1] if len(below) > 2 or not low else x[2])
