# ruff: noqa
"""Names that are bound, in a loop, to a part of an array that is written after it, or that is written through them."""

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4])
M = np.sin(np.arange(12.0)).reshape(4, 3) + 0.1


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Holder:
    def __init__(self, value):
        self.value = value


@case(V, M)
def the_last_row(a, m):
    for row in m:
        a = row
    m *= a
    return a.sum() + 2 * m.sum()


@case(V, M)
def exchanged_with_the_item(a, m):
    for t, row in zip(m, m):
        a, row = row, a
    m += m
    return a @ np.array([1.0, 2.0, 3.0])


@case(V, M)
def no_iteration(a, m):
    for i in range(0, len(m) - 4):
        a = m[i]
    m *= 3.0
    a[0] = m[0, 1]
    return a.sum() + m.sum()


@case(V, M)
def written_through(a, m):
    b = a
    for i in range(len(m)):
        a = m[i]
    a *= b
    return m.sum() + (b * b).sum()


@case(V, M)
def the_largest(a, m):
    best = a
    for i in range(len(m)):
        if m[i].sum() > best.sum():
            best = m[i]
    best *= best
    return m.sum() + (m * m).sum() + best[0]


@case(V, M)
def item_of_a_list(a, m):
    rows = [a, 2 * a]
    for i in range(len(m)):
        rows[1] = m[i]
    m *= m
    return rows[1].sum() * rows[0].sum()


@case(V, M)
def two_items_of_a_dict(a, m):
    d = {"x": a, "y": 2 * a}
    for i in range(len(m)):
        d["x"] = m[i]
        d["y"] = m[i]
    d["x"] *= a
    return (d["y"] * d["y"]).sum()


@case(V, M)
def attribute(a, m):
    h = Holder(a)
    for i in range(len(m)):
        h.value = m[i]
    m *= m
    return h.value.sum()


def last_of(a, m):
    for i in range(len(m)):
        a = m[i]
    return a


@case(V, M)
def of_a_helper(a, m):
    a = last_of(a, m)
    m *= m
    a += 1.0
    return a.sum() * m.sum()


@case(V, M)
def nonlocal_name(a, m):
    def take(i):
        nonlocal a
        a = m[i]

    for i in range(len(m)):
        take(i)
    m *= m
    return a.sum()


@case(V, M)
def nonlocal_name_and_branch(a, m):
    b = m[0]

    def scale():
        nonlocal b
        b = b * 1.5

    if a[0] > 0:
        a = m[0]
    a *= a
    scale()
    return b.sum()


@case(V, M)
def left_early(a, m):
    i = 0
    while i < len(m):
        a = m[i]
        if a[0] < 0:
            break
        i += 1
    m *= m
    return a.sum() + m[0, 0]


@case(V, M)
def nested(a, m):
    best, second = a, a
    for i in range(len(m)):
        for j in range(3):
            if m[i, j] > 0.5:
                best = m[i]
                second = m[j]
    best += a
    second *= 2.0
    return best.sum() + (second * second).sum() + 3 * m.sum()


@case(V, M)
def reversed_column(a, m):
    p = a
    for i in range(3):
        p = m.T[i, 1:][::-1]
    m *= m
    p[0] = 7.0 * a[0]
    return p.sum() + m.sum()


@case(V, M)
def exchanged_rows(a, m):
    x, y = a, m[0]
    for i in range(len(m)):
        x, y = y, m[i]
    x *= x
    y += 1.0
    return x.sum() + (m * m).sum() + y.sum()


class Cell:
    def __init__(self):
        self.body, self.mass = None, 0.0

    def insert(self, p):
        self.mass += 1.0
        if self.mass < 2.5:
            self.body = p


@case(V, M)
def rows_that_objects_hold_from_some_iteration_on(a, m):
    cells = [Cell(), Cell()]
    for row in m:
        cells[int(row[0] > 0)].insert(row)
    return cells[1].body @ a + 3 * cells[0].body[0] + cells[1].mass


def _rows_after(best, m):
    total = 0.0
    for k in range(len(m)):
        if best is not None:
            total += best[0] * (k + 1)
        if m[k, 1] > 0.3:
            best = m[k]
    return total + best[1]


@case(V, M)
def another_array_on_some_paths_before(a, m):
    return _rows_after(a if m[0, 0] > 0 else None, m) + 2 * _rows_after(a if m[0, 0] < 0 else None, m)


@case(V, M)
def a_part_on_some_paths_before(a, m):
    return _rows_after(m[2] if m[0, 0] > 0 else None, m) + 2 * _rows_after(m[2] if m[0, 0] < 0 else None, m)


@case(V, M)
def parts_and_others_in_tuples(a, m):
    best, total = None, 0.0
    for k in range(len(m)):
        if k == 0 and m[0, 0] > 0:
            best = (a, 2.0)
        elif m[k, 1] > 0.3:
            best = (m[k], 3.0 * k)
        if best is not None:
            total += best[0][0] * best[1]
    return total
