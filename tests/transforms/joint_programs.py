"""Loops over samples: sums over independent iterations, and loops that only look like it."""

import math

import numpy as np


# -- each iteration is followed by its own reverse sweep --------------------------------------------------------
def paths(x, w):
    total = 0.0
    for i in range(len(x)):
        s = x[i]
        for t in range(len(w)):
            s = s * np.exp(0.1 * w[t] - 0.01 * x[i])
        total += max(s - 0.1, 0.0)
    return total / len(w)


def pendulums(x, w):
    loss = 0.0
    for i in range(len(x)):
        angle, speed = x[i], 0.0
        for t in range(len(w)):
            speed = speed - 0.1 * np.sin(angle) + 0.01 * w[t]
            angle = angle + 0.1 * speed
        loss += angle**2 + speed
    return loss


def two_recurrences_swapped(x, w):
    loss = 0.0
    for i in range(len(x)):
        a, b = x[i], np.cos(x[i])
        for t in range(len(w)):
            a, b = b, a * w[t] + 0.1 * b
            loss += 0.01 * a
        loss += a * b
    return loss


def loops_one_after_another(x, w):
    loss = 0.0
    for i in range(len(x)):
        a = x[i]
        for t in range(len(w)):
            a = np.tanh(a + w[t])
        b = a * x[i]
        for t in range(len(w) - 1, -1, -1):
            b = np.sin(b * w[t]) + a
            for k in range(2):
                b = b - 0.1 * b * b + 0.01 * k
        loss += b
    return loss


def stored_elements(x, w):
    y = np.zeros(len(x))
    z = np.zeros((len(w), len(x)))
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v * w[t]) + 0.1 * v
            z[t, i] = v
        y[i] = v
    return np.sum(y) + np.sum(z)


def stored_on_a_copy(x, w):
    y = x * 2.0
    for i in range(0, len(x), 2):
        v = x[i]
        for t in range(len(w)):
            v = v * np.cos(w[t] + v)
        y[i] = v
    return np.sum(y)


def backwards_by_threes(x, w):
    y = np.ones(len(x) + 1)
    total = 0.0
    for i in range(len(x) - 1, -1, -3):
        v = x[i]
        for t in range(len(w)):
            v = v / (1.0 + v * v) + w[t]
        y[i + 1] = v
        total -= v * x[i]
    return total + np.sum(y)


def added_at_places(x, w):
    bins = np.zeros(len(w))
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = v - 0.1 * v**3
            bins[t] += v * w[t]
        bins[i % len(w)] += v
    return np.sum(bins)


def pairs_below(x, w):
    e = 0.0
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            e += w[0] / math.sqrt(d * d + 0.1)
    return e


def newton(x, w):
    total = 0.0
    for i in range(len(x)):
        y = 1.0
        while abs(y * y * y - x[i] ** 2 - 1.0) > 1e-10:
            y = y - (y * y * y - x[i] ** 2 - 1.0) / (3.0 * y * y)
        total += y * w[0]
    return total


def _shape(v, w):
    if v > 0.2:
        return np.sin(v) * w
    return v * v


def branches_and_helpers(x, w):
    total = 0.0
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = _shape(v, w[t])
            if v < -1.0:
                v = v + 0.5
        if v > 0.0:
            total += v
        else:
            total -= 2.0 * v
    return total


def a_clock_is_carried(x, w):
    total, clock, count = 0.0, 0.0, 0
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = v + 0.1 * np.sin(clock + w[t] * v)
        clock = clock + 0.25
        count += 1
        total += v * count
    return total


def rows_of_a_table(x, w):
    table = np.outer(x, np.ones(len(w)))
    total = 0.0
    for i in range(len(x)):
        own = np.zeros(len(w))
        own[0] = x[i] * w[0]
        for t in range(1, len(w)):
            own[t] = np.sin(own[t - 1] + table[i, t]) * w[t]
        total += own[len(w) - 1] + own[0]
    return total


def with_a_row_of_its_own(x, w):
    total = 0.0
    for i in range(len(x)):
        e = np.exp(x[i] * w)
        total += np.sum(e * w) / np.sum(e)
    return total


def loop_in_a_loop(x, w):
    total = 0.0
    for k in range(len(w)):
        for i in range(len(x)):
            v = w[k]
            for _ in range(3):
                v = np.sin(v) + x[i]
            total += v
    return total


def numbers_of_python(x, w):
    total = 0.0
    for i in range(len(x)):
        s = 1.0
        for t in range(len(w)):
            s = math.tanh(s * w[t]) + math.exp(-s) / (1.0 + math.exp(-x[i])) + math.sqrt(0.5)
        total -= math.log(s)
    return math.exp(-0.1) * total / len(w)


def a_barrier(x, w):
    payoff = np.zeros(len(x))
    for i in range(len(x)):
        s, alive = x[i], True
        for t in range(len(w)):
            s = s + 0.3 * s * np.sin(w[t] + s)
            if s < -0.9:
                alive = False
        if alive:
            payoff[i] = max(s, 0.1 * s)
    return np.sum(payoff)


def neurons(x, w):
    total, spikes = 0.0, 0
    for i in range(len(x)):
        v, refractory = 0.0, 0
        for t in range(len(w)):
            if refractory > 0:
                refractory -= 1
            else:
                v = v + 0.5 * (x[i] * np.exp(w[t]) - v)
                if v > 0.7:
                    v = v - 1.0
                    refractory = 1
                    spikes += 1
                    total += 0.1 * v * w[t]
                elif v < -1.0:
                    total -= v * v
        total += v * v
    return total + spikes


def branches_that_write(x, w):
    y = x * 3.0
    z = np.zeros(len(w))
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.tanh(v + w[t])
            if v > 0.5:
                z[t] += v
            else:
                z[t] += x[i] * x[i]
                z[0] += 1.0
        if v < 0.6:
            y[i] = v
        elif x[i] > 0.9:
            y[i] = 2.0 * v
    return np.sum(y) + np.sum(z)


JOINT = [
    a_barrier, neurons, branches_that_write, numbers_of_python, paths, pendulums, two_recurrences_swapped, loops_one_after_another, stored_elements, stored_on_a_copy,
    backwards_by_threes, added_at_places, newton, branches_and_helpers, a_clock_is_carried,
    rows_of_a_table, with_a_row_of_its_own, loop_in_a_loop,
]  # fmt: skip


# -- the reverse sweep has to wait, or iterations depend on one another ------------------------------------------
def the_total_is_read(x, w):
    total = 1.0
    for i in range(len(x)):
        v = x[i] * total
        for t in range(len(w)):
            v = np.sin(v + w[t])
        total += v
    return total


def a_root_of_the_total(x, w):
    total = 1.0
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v + w[t])
        total += v * v
    return np.sqrt(total)


def the_neighbour_is_read(x, w):
    y = np.zeros(len(x) + 1)
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v + w[t]) + 0.1 * y[i]
        y[i + 1] = v
    return np.sum(y)


def places_come_again(x, w):
    y = np.zeros(len(w))
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v * w[t])
        y[i % len(w)] = v
    return np.sum(y * w)


def stores_beside_additions(x, w):
    y = np.zeros(len(x) + 1)
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.cos(v * w[t])
        y[i] = v
        y[i + 1] += 2.0 * v
    return np.sum(y * np.arange(len(x) + 1))


def negative_places(x, w):
    n = len(x)
    y = np.zeros(n + 1)
    for i in range(-n, n):
        v = x[i]
        for t in range(len(w)):
            v = np.cos(v * w[t])
        y[i] = v * i
    return np.sum(y)


def the_largest(x, w):
    best = -10.0
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v * w[t])
        best = max(best, v)
    return best


def a_place_overwritten_by_all(x, w):
    y = np.ones(2)
    for i in range(len(x)):
        v = x[i]
        for t in range(len(w)):
            v = np.sin(v + w[t])
        y[0] = v
    return y[0] * y[1]


def work_space_outside(x, w):
    h = np.zeros(len(w))
    total = 0.0
    for i in range(len(x)):
        for t in range(len(w)):
            h[t] = np.sin(x[i] * w[t]) + (h[t - 1] if t > 0 else 0.0)
        total += h[len(w) - 1]
    return total


def a_matrix_of_paths(x, w):
    s = np.zeros((len(x), len(w) + 1))
    s[:, 0] = x
    for i in range(len(x)):
        for t in range(len(w)):
            s[i, t + 1] = s[i, t] * np.exp(0.1 * w[t] - 0.2 * x[i])
    return np.sum(np.maximum(s[:, -1], 0.1)) + np.sum(s[:, 0] * s[:, 1])


SPLIT = [
    a_matrix_of_paths, pairs_below, the_total_is_read, a_root_of_the_total, the_neighbour_is_read, places_come_again, stores_beside_additions,
    negative_places, the_largest, a_place_overwritten_by_all, work_space_outside,
]  # fmt: skip
