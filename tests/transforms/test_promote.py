"""Elements in scalars: fixed ones, and windows that move with the loop.

Each program runs lowered in the interpreter, as plain Python, and (some) compiled, against the array program; those
written in Python also against plain Python and finite differences.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import numpy as np
import pytest

import pullback as pb
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.nodes import At, Function, Operand, Region, Value
from pullback.ir.types import array

from .test_loops import check


def random_loop(seed: int) -> tuple[Function, list[np.ndarray]]:
    """A loop of loads, stores and accums around its index and at fixed places, perhaps in an outer loop."""
    r = random.Random(seed)
    pad, step = 4, r.choice([1, 1, -1, -1, 2, -2, 3])
    rank = r.choice([1, 2])
    low, high = r.choice([(0, 0), (0, 0), (2, 0), (0, 3)])  # unused ends
    n0 = Dim.of("n0")
    a = Value(array("f64", *([n0] * rank)), "a")
    fixed_array = Value(a.type, "d")  # which nothing writes to
    only_adds = r.random() < 0.25
    body = Region([a, fixed_array])
    b = Builder(body)

    def loop(x: Value, outer: Value | None) -> Value:
        inner = b.new_region([(constant(0).type, "i"), (x.type, "a")])
        iv, current = inner.params
        with b.into(inner):
            known: list[Operand] = [constant(0.5, array("f64"))]
            for _ in range(r.randint(2, 6)):
                spread = r.choice([1, 1, 2, 3])
                fixed = r.random() < 0.2
                at: Operand = (
                    constant(r.randint(0, pad - 1))
                    if fixed
                    else b.extent(Dim.of(iv) + pad + r.choice([-1, 0, 1]) * r.choice([1, abs(step), spread]))
                )
                index = [at]
                if rank == 2:
                    row: Operand = constant(r.choice([0, 0, 1]))
                    if outer is not None:
                        row = b.extent(Dim.of(outer) + r.choice([0, 0, 0, 1]))
                    index = [row, at] if r.random() < 0.9 else [at, row]
                attrs = {"index": tuple(At() for _ in index)}
                kind = r.choice(["load", "accum"] if only_adds else ["load", "load", "store", "accum"])
                if kind == "load":
                    known.append(b.op("load", fixed_array if only_adds else current, *index, attrs=attrs).result)
                    continue
                v = r.choice(known)
                if r.random() < 0.5:
                    v = b.emit("mul", v, r.choice([0.25, -0.5, 0.3]))
                if r.random() < 0.5:
                    v = b.emit("add", v, r.choice(known))
                current = b.op(kind, current, *index, v, attrs=attrs).result
            inner.yields = [current]
        start, end = constant(low), b.extent(n0 - 2 * pad - high)
        if step < 0:
            start, end = b.extent(n0 - 2 * pad - high - 1), constant(low - 1)
        attrs = {"stop": False}
        return b.op("for", start, end, step, x, attrs=attrs, types=[x.type], regions=[inner]).result

    if rank == 2 and r.random() < 0.7:
        outer_region = b.new_region([(constant(0).type, "k"), (a.type, "a")])
        with b.into(outer_region):
            outer_region.yields = [loop(outer_region.params[1], outer_region.params[0])]
        made = b.op("for", 0, b.extent(n0 - 1), 1, a, attrs={"stop": False}, types=[a.type], regions=[outer_region])
        body.yields = [made.result]
    else:
        body.yields = [loop(a, None)]
    n = 2 * pad + r.choice([0, 1, 2, 3, 7])
    rng = np.random.default_rng(seed)
    return Function("f", body, [n0 - 2 * pad]), [rng.normal(size=(n,) * rank) for _ in range(2)]


@pytest.mark.parametrize("seed", range(400))
def test_random_loops(seed: int) -> None:
    fn, args = random_loop(seed)
    check(fn, args, compiled=seed % 40 == 0)


# -- programs: against plain Python and finite differences -------------------------------------------------
def chain(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return np.sum(x)


def chain_down(x):
    for i in range(len(x) - 2, -1, -1):
        x[i] = 0.25 * (x[i] + x[i + 1]) / 1.5
    return np.sum(x * x)


def second_order(x):
    for i in range(2, len(x)):
        x[i] += 0.7 * x[i - 1] - 0.2 * x[i - 2]
    return np.sum(x * np.arange(len(x)))


def strided(x):
    for i in range(2, len(x), 2):
        x[i] = np.sin(x[i - 2]) + x[i - 1] * x[i]
    return np.sum(x)


def neighbours(x):
    y = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] * x[i + 1] - 2.0 * x[i]
    return np.sum(y * y)


def view(x):
    v = x[::-1]
    for i in range(1, len(v)):
        v[i] += 0.5 * v[i - 1] + x[0]
    return np.sum(x * x)


def stops(x):
    for i in range(1, len(x)):
        x[i] = x[i] + 0.5 * x[i - 1]
        if x[i] > 4.0:
            break
    return np.sum(x * x)


def two_rows(x):
    u = np.zeros((2, len(x)))
    for i in range(1, len(x)):
        u[0, i] = u[0, i - 1] + x[i] * x[i - 1]
        u[1, i] = 0.125 * (u[1, i - 1] - u[0, i]) + u[0, i - 1]
    return np.sum(u * u)


def mixed(x):
    s = np.zeros(3)
    for i in range(1, len(x)):
        s[1] += x[i - 1]
        x[i] = x[i] + s[1] * 0.5 + s[2]
    return np.sum(x) + s[1]


def pairs(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(len(x)):
            y[i] += x[i] * x[j]
            y[j] -= np.sin(x[j] - 0.5 * x[i])
    return np.sum(y * y)


def pairs_of_some(x):
    """Where the inner loop makes no iteration, there is no y[i]."""
    y = np.zeros(len(x))
    for i in range(len(x) + 2):
        for j in range(len(x) - i):
            y[i] += x[i] * x[j]
            y[j] -= x[i]
    return np.sum(y * y)


PROGRAMS: list[Callable[..., float]] = [
    chain, chain_down, second_order, strided, neighbours, view, stops, two_rows, mixed, pairs, pairs_of_some,
]  # fmt: skip


@pytest.mark.parametrize("f", PROGRAMS)
def test_programs(f: Callable[..., float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "native")
    gradient = pb.value_and_grad(f)
    for n in (7, 3, 4):
        big = np.random.default_rng(n).normal(size=(2 * n, 3)) + 1.0
        x = big[::2, 1]  # not contiguous
        value, got = gradient(x)
        assert np.isclose(value, f(x.copy()), rtol=1e-13)
        for k in range(n):
            h = 1e-6 * np.eye(n)[k]
            slope = (f(x.copy() + h) - f(x.copy() - h)) / 2e-6
            np.testing.assert_allclose(got[k], slope, rtol=2e-7, atol=1e-7)


def test_what_is_only_added_to_is_a_sum() -> None:
    for f in (pairs, pairs_of_some):
        lines = pb.grad(f).source(np.ones(4), level="native").splitlines()
        for k, line in enumerate(lines):
            if re.search(r"(y|x_adj)\[i\d*\] \+=", line):
                depth = len(line) - len(line.lstrip())
                around = next(x for x in reversed(lines[:k]) if x and len(x) - len(x.lstrip()) < depth)
                assert "for j" not in around, lines


def test_no_iteration_reads_and_writes_nothing() -> None:
    for n in (0, 1):
        assert chain(np.ones(n)) == pb.jit(chain)(np.ones(n))
        np.testing.assert_array_equal(pb.grad(chain)(np.ones(n)), np.ones(n))


def test_what_the_next_iteration_reads_is_not_loaded_again() -> None:
    text = pb.jit(chain).source(np.ones(4), level="native")
    body = text[text.index("for i in") :]
    assert "i - 1]" not in body, text


def test_a_recurrence_waits_for_the_iteration_before_the_last() -> None:
    def f(x):
        for i in range(1, len(x) - 1):
            x[i] = 0.25 * (x[i] + x[i - 1] + x[i + 1])
        return np.sum(x)

    text = pb.jit(f).source(np.ones(4), level="native")
    assert "= (x_out[i] + x_out[i + 1]) * 0.25" in text and "+ last * 0.25 + x_before * 0.0625" in text, text
    x = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(pb.jit(f)(x.copy()), f(x.copy()), rtol=1e-14)


def test_a_factor_that_is_no_power_of_two_is_not_distributed_in_the_primal() -> None:
    def f(x):
        for i in range(1, len(x)):
            x[i] = 0.3 * (x[i] + x[i - 1])
        return x[-1]

    x = np.random.default_rng(0).normal(size=50)
    assert pb.jit(f)(x.copy()) == f(x.copy())


def test_float32_stays_float32() -> None:
    x = np.random.default_rng(0).normal(size=9).astype(np.float32)
    for f in (chain, second_order, chain_down):
        got = pb.grad(f)(x)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, pb.grad(f)(x.astype(np.float64)), rtol=1e-4)


def test_a_recurrence_that_adds_a_python_number_keeps_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, n):
        s = x[0]
        for _ in range(n):
            s = s * 0.5 + 0.1
        return s

    monkeypatch.setenv("PULLBACK_VERIFY", "1")
    x = np.array([2.0], np.float32)
    for n in (0, 1, 2, 5):
        result = pb.jit(f)(x, n)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, f(x, n), rtol=1e-6)
