"""Items of lists of run-time length are copies: a program that could tell is refused, or right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import pullback as pb


@dataclass
class Particle:
    x: float
    v: float

    def move(self, dt: float) -> None:
        self.x += dt * self.v


def appended_to_later(x):
    rows = []
    for i in range(len(x)):
        row = []
        for _ in range(3):
            row.append(x[i])
        rows.append(row)
        row.append(1.0)
    return sum(sum(r) for r in rows)


def written_later(x):
    rows = []
    for i in range(len(x)):
        row = [x[i], x[i] * 2]
        rows.append(row)
        row[0] = 5.0 * x[0]
    return sum(r[0] * r[1] for r in rows)


def an_item_written(x):
    rows = []
    for i in range(len(x)):
        rows.append([x[i], x[i] ** 2])
    r = rows[0]
    r[0] = 100.0
    return sum(q[0] * q[1] for q in rows)


def objects_that_move(x):
    ps = []
    for i in range(len(x)):
        ps.append(Particle(x[i], 1.0 + i))
    for _ in range(3):
        for p in ps:
            p.move(0.1)
    return sum(p.x**2 for p in ps)


def one_object_many_times(x):
    p = Particle(x[0], 1.0)
    ps = []
    for i in range(len(x)):
        p.x = p.x + x[i]
        ps.append(p)
    return sum(q.x**2 for q in ps)


def an_array_in_a_tuple(x):
    h = []
    y = x.copy()
    for k in range(len(x)):
        h.append((k * 0.5, y))
        y[0] += x[1]
    return sum(t * np.sum(z) for t, z in h)


def a_dict_changed(x):
    h = []
    for k in range(len(x)):
        d = {"a": x[k], "b": 1.0}
        h.append(d)
        d["b"] = 2.0 * k
    return sum(d["a"] * d["b"] for d in h)


def changed_on_one_path(x):
    row = [x[0], x[1]]
    rows = []
    for k in range(len(x)):
        if x[k] > 0:
            rows.append(row)
        row[0] = x[k]
    return sum(r[0] * r[1] for r in rows)


def different_kinds(x):
    h = []
    for v in x:
        if v > 0:
            h.append((1.0, v))
        else:
            h.append((1.0, v, 2.0))
    return sum(q[1] for q in h)


def different_lengths(x):
    rows = []
    for i in range(len(x)):
        row = []
        for j in range(i + 1):
            row.append(x[j])
        rows.append(row)
    return sum(sum(r) * len(r) for r in rows)


def one_list_many_times(x):
    row = [x[0], x[1]]
    rows = [row for _ in range(len(x))]
    rows[0][0] = 5.0 * x[0]
    return sum(r[0] for r in rows)


def one_array_many_times(x):
    y = x.copy()
    rows = [y for _ in range(len(x))]
    rows[0][0] = 5.0 * x[0]
    return sum(r[0] for r in rows)


def rows_of_an_array(x):
    a = np.outer(x, x)
    rows = [a[i] for i in range(len(x))]
    a[0, 0] = 5.0 * x[0]
    return rows[0][0] + rows[1][0]


def an_array_by_its_rows(x):
    a = np.outer(x, x)
    rows = [r for r in a]
    rows[0][0] = 5.0 * x[0]
    return a[0, 0] + rows[1][0]


def a_list_of_the_same_lists(x):
    first = [[v, 1.0] for v in x]
    second = [r for r in first]
    second[0][0] = 7.0 * x[1]
    return first[0][0] + second[1][0]


def joined(x):
    rows = []
    y = x.copy()
    for v in x:
        rows.append(x * v)
    more = rows + [y]  # noqa: RUF005
    y[0] = 9.0 * x[0]
    return more[len(x)][0] + more[0][1]


def in_order(x):
    rows = [x * v for v in x]
    up = sorted(rows, key=lambda r: -r[1])
    rows[1][0] = 9.0 * x[0]
    return sum(r[0] for r in up)


def fresh_rows_may_be_written(x):
    rows = [[0.0] * len(x) for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(len(x)):
            rows[i][j] = x[i] * x[j]
    r = rows[1]
    r[0] = 3.0 * x[2]
    return rows[1][0] * rows[2][3] + sum(rows[0])


def a_shorter_item(x):
    rows = []
    for _ in range(len(x)):
        rows.append(x)
    rows[0] = x[:1]
    return sum(np.sum(r) for r in rows)


PROGRAMS: list[Callable[[Any], Any]] = [
    appended_to_later, written_later, an_item_written, objects_that_move, one_object_many_times, an_array_in_a_tuple,
    a_dict_changed, changed_on_one_path, different_kinds, different_lengths, one_list_many_times, one_array_many_times,
    rows_of_an_array, an_array_by_its_rows, a_list_of_the_same_lists, joined, in_order, fresh_rows_may_be_written,
    a_shorter_item,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_right_or_refused(f: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    x = np.array([0.5, -0.3, 1.2, 0.8])
    expected = f(x.copy())
    try:
        got = pb.jit(f)(x.copy())
    except pb.PullbackError as e:
        assert e.loc is not None and e.hint, e
        return
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    slopes = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(4)]
    np.testing.assert_allclose(pb.grad(f)(x), slopes, rtol=1e-5, atol=1e-7)
