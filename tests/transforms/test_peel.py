"""Sums over shifted places that are made for the inside of an array apart from its border."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.ir.dims import Dim
from pullback.ir.nodes import Span
from pullback.transforms.peel import apart, slabs


def in_turn(steps: Any, a: Any, b: Any, w: Any) -> Any:
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[1:-1] = 0.3 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.4 * (b[:-2] + b[1:-1] + b[2:])
    return np.sum(a * w) + np.sum(b)


def square(steps: Any, a: Any, b: Any, w: Any) -> Any:
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = np.tanh(b[1:-1, 1:-1] + b[1:-1, :-2] - b[1:-1, 2:] + b[2:, 1:-1] - b[:-2, 1:-1])
    return np.sum(a * w) + np.sum(b)


def uneven(steps: Any, a: Any, b: Any, w: Any) -> Any:
    """Borders of two elements before and one after; corners are read."""
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[2:-1, 1:] = a[:-3, :-1] - 0.5 * a[3:, 1:] + a[2:-1, 1:] * a[1:-2, :-1]
        a[2:-1, 1:] = 0.3 * (b[2:-1, 1:] + b[:-3, :-1]) - 0.1 * b[3:, 1:]
    return np.sum(a * w) + np.sum(b)


def rows(steps: Any, a: Any, b: Any, w: Any) -> Any:
    """One row at a time, in place."""
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        for i in range(len(a)):
            b[i, 1:-1] = a[i, :-2] - a[i, 2:] + 0.5 * a[i, 1:-1] * b[i, 1:-1]
            a[i, 1:-1] += 0.1 * (b[i, :-2] + b[i, 2:])
    return np.sum(a * w) + np.sum(b)


def cubes(steps: Any, a: Any, b: Any, w: Any) -> Any:
    a, b = a.copy(), b.copy()
    s = slice(1, -1)
    for _ in range(steps):
        b[s, s, s] = 0.1 * (a[2:, s, s] - 2.0 * a[s, s, s] + a[:-2, s, s]) + a[s, 2:, s] - a[s, s, :-2]
        a[s, s, s] = 0.1 * (b[2:, s, s] - 2.0 * b[s, s, s] + b[:-2, s, s]) + b[s, :-2, s] + b[s, s, 2:]
    return np.sum(a * w) + np.sum(b)


CASES = [(in_turn, 1), (square, 2), (uneven, 2), (rows, 2), (cubes, 3)]


@pytest.mark.parametrize("backend", ["native", "interp"])
@pytest.mark.parametrize(("f", "rank"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_gradients(f: Any, rank: int, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", backend)
    g = pb.grad(lambda *args: f(*args), argnums=(1, 2, 3))
    for n in (3, 4, 7) if backend == "native" else (7,):
        rng = np.random.default_rng(n)
        a, b, w = (rng.standard_normal((n,) * rank) for _ in range(3))
        for steps in (0, 1, 3):
            for k, ours in enumerate(g(steps, a, b, w), 1):
                args, d = [a, b, w], rng.standard_normal(a.shape)
                args[k - 1] = args[k - 1] + 1e-6 * d
                above = f(steps, *args)
                args[k - 1] = args[k - 1] - 2e-6 * d
                expected = (above - f(steps, *args)) / 2e-6
                np.testing.assert_allclose(np.sum(ours * d), expected, rtol=1e-5, atol=1e-7)


def test_the_inside_is_written_once() -> None:
    """What a reverse step adds inside an array, reads and clears is cleared only, and what it clears and adds to later
    is written; borders of one element need one term."""
    a = np.ones((8, 8))
    text = pb.grad(square, argnums=(1, 2)).source(3, a, a, a, level="native")
    inside = re.findall(r"^ {16}([ab]_adj)\[v\d+, v\d+\] (\+?=) (\S+)", text, re.MULTILINE)
    assert [(array, how) for array, how, _ in inside] == [("b_adj", "="), ("a_adj", "=")], text
    assert inside[0][2] == "0.0"
    borders = re.findall(r"^ {12}([ab]_adj)\[.*\] [+-]= -?(v_adj\d*\[\w+, \w+\])$", text, re.MULTILINE)
    assert len(borders) == 8, text


def test_boxes() -> None:
    n = Dim.of("n")
    hull = Span(Dim.of(0), n), Span(Dim.of(0), n)
    inner = Span(Dim.of(1), n - 3), Span(Dim.of(1), n - 1)
    found = list(slabs(hull, inner))
    covered = np.zeros((6, 6), int)
    for box in (inner, *found):
        (r, c) = ((s.start.evaluate(lambda _: 6), s.size.evaluate(lambda _: 6)) for s in box)
        covered[r[0] : r[0] + r[1], c[0] : c[0] + c[1]] += 1
    assert (covered == 1).all()
    assert len(found) == 3
    assert all(apart(box, inner) for box in found)
    assert not apart(hull, inner)
