"""Interchanged loops: against the array program, whatever the order of the accesses."""

from __future__ import annotations

import random

import numpy as np
import pytest

import pullback as pb
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.nodes import At, Function, Operand, Region, Value
from pullback.ir.types import Type, array
from pullback.transforms import interchange as module

from .test_loops import check

F64 = Type("f64")


def random_nest(seed: int) -> tuple[Function, list[np.ndarray]]:
    """Two loops, ops before, in and after the inner one, on two matrices and a vector."""
    r = random.Random(seed)
    n = Dim.of("n0")
    params = [
        Value(array("f64", "n0", "n0"), "a"),
        Value(array("f64", "n0", "n0"), "b"),
        Value(array("f64", "n0"), "c"),
    ]
    fixed = Value(array("f64", "n0"), "d")  # which nothing writes to
    body = Region([*params, fixed])
    b = Builder(body)

    def bounds() -> tuple[Operand, Operand, int]:
        if r.random() < 0.6:
            return constant(1), b.extent(n - 1), 1
        return b.extent(n - 2), constant(0), -1

    def steps(arrays: list[Value], ivs: list[Value], known: list[Operand], count: int) -> None:
        for _ in range(count):
            k = r.randrange(3)
            index = [b.extent(Dim.of(r.choice(ivs)) + r.choice([0, 0, 0, 1, -1])) for _ in range(2 if k < 2 else 1)]
            attrs = {"index": tuple(At() for _ in index)}
            kind = r.choice(["load", "load", "store", "accum", "accum"])
            if kind == "load" and r.random() < 0.2:
                known.append(b.op("load", fixed, index[0], attrs={"index": (At(),)}).result)
                continue
            if kind == "load":
                known.append(b.op("load", arrays[k], *index, attrs=attrs).result)
                continue
            v = r.choice(known)
            if r.random() < 0.6:
                v = b.emit(r.choice(["mul", "add"]), v, r.choice([0.25, -0.5]))
            if r.random() < 0.6:
                v = b.emit("add", v, r.choice(known))
            arrays[k] = b.op(kind, arrays[k], *index, v, attrs=attrs).result

    def innermost(arrays: list[Value], ivs: list[Value], known: list[Operand]) -> list[Value]:
        """A loop in the inner loop, which changes some of the arrays."""
        carried = [k for k in range(3) if r.random() < 0.8]
        region = b.new_region([(constant(0).type, "p"), *((params[k].type, params[k].hint) for k in carried)])
        with b.into(region):
            mine = list(arrays)
            for k, p in zip(carried, region.params[1:], strict=True):
                mine[k] = p
            steps(mine, [*ivs, region.params[0]], list(known), r.randint(1, 4))
            region.yields = [mine[k] for k in carried]
            if any(mine[k] is not arrays[k] for k in range(3) if k not in carried):
                return arrays
        types = [params[k].type for k in carried]
        op = b.op("for", *third, *(arrays[k] for k in carried), attrs={"stop": False}, types=types, regions=[region])
        made = list(arrays)
        for k, v in zip(carried, op.results, strict=True):
            made[k] = v
        return made

    first, second, third = bounds(), bounds(), bounds()
    outer = b.new_region([(constant(0).type, "j"), *((p.type, p.hint) for p in params), (F64, "t"), (F64, "u")])
    with b.into(outer):
        j, arrays, total, through = outer.params[0], list(outer.params[1:4]), outer.params[4], outer.params[5]
        known: list[Operand] = [constant(0.5, F64)]
        steps(arrays, [j], known, r.randint(0, 2))
        early = r.random() < 0.3
        if early:
            total = b.emit("add", total, r.choice(known))
        if r.random() < 0.3:
            through = b.emit("add", r.choice(known), through)
        inner = b.new_region([(constant(0).type, "q"), *((p.type, p.hint) for p in params), (F64, "s"), (F64, "u")])
        with b.into(inner):
            q, mine = inner.params[0], list(inner.params[1:4])
            within = [*known, inner.params[4]]
            if r.random() < 0.4:
                mine = innermost(mine, [j, q], within)
            else:
                steps(mine, [j, q], within, r.randint(1, 4))
            more = b.emit(r.choice(["add", "sub"]), inner.params[5], r.choice(within))
            inner.yields = [*mine, b.emit("add", inner.params[4], r.choice(within)), more]
        made = b.op(
            "for", *second, *arrays, r.choice(known), through, attrs={"stop": False},
            types=[*(p.type for p in params), F64, F64], regions=[inner],
        ).results  # fmt: skip
        arrays, through = list(made[:3]), made[4]
        steps(arrays, [j], [*known, made[3]], r.randint(0, 2))
        if not early:
            total = b.emit("add", total, r.choice([*known, made[3]]))
        if r.random() < 0.3:
            through = b.emit("sub", through, r.choice([*known, made[3]]))
        outer.yields = [*arrays, total, through]
    types = [*(p.type for p in params), F64, F64]
    start = constant(0.25, F64)
    loop = b.op("for", *first, *params, start, start, attrs={"stop": False}, types=types, regions=[outer])
    body.yields = list(loop.results)
    size = r.choice([2, 3, 4, 6])
    rng = np.random.default_rng(seed)
    shapes = [(size, size), (size, size), (size,), (size,)]
    return Function("f", body, [n - 2]), [rng.normal(size=shape) * 0.5 for shape in shapes]


@pytest.mark.parametrize("block", range(10))
def test_random_nests(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interchanged wherever it is legal, not only where it pays."""
    monkeypatch.setattr(module._Nest, "profitable", lambda nest: nest.inner not in done)
    count = 0
    rebuild = module._Nest.rebuild

    def counting(nest: module._Nest) -> None:
        nonlocal count
        count += 1
        rebuild(nest)
        done.update(op for op in nest.region.walk() if op.opcode == "for")

    monkeypatch.setattr(module._Nest, "rebuild", counting)
    for seed in range(block * 40, block * 40 + 40):
        done: set[object] = set()
        fn, args = random_nest(seed)
        check(fn, args, compiled=seed % 40 == 0)
    assert count >= 20, count


def matmul(a, b):
    n, m = a.shape[0], b.shape[1]
    c = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = s
    return np.sum(c * c)


def distances(a, b):
    """No product of matrices, which would be left to BLAS."""
    n, m = a.shape[0], b.shape[1]
    c = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            s = 0.0
            for k in range(a.shape[1]):
                s += (a[i, k] - b[k, j]) ** 2
            c[i, j] = s
    return np.sum(c * c)


def test_a_product_by_loops() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 7))
    for x, y in ((a, b), (a.astype(np.float32), b.astype(np.float32)), (a, b[:, :0]), (a[:, :0], b[:0])):
        da, db = pb.grad(matmul, argnums=(0, 1))(x, y)
        tolerance = 1e-5 if x.dtype == np.float32 else 1e-13
        np.testing.assert_allclose(da, 2 * x @ y @ y.T, rtol=tolerance)
        np.testing.assert_allclose(db, 2 * x.T @ x @ y, rtol=tolerance)
    lines = pb.jit(distances).source(a, b, level="native").splitlines()
    product = next(k for k, line in enumerate(lines) if "a[i, k]" in line)
    assert " j" in lines[product - 1], lines


def rank_update(alpha, c, a):
    """All of the gradients are sums over the inner loop of the columns."""
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(i + 1):
                c[i, j] += alpha * (a[i, k] - a[j, k]) ** 2
    return np.sum(c**2)


def test_a_sum_goes_through_both_loops() -> None:
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(6, 4)), rng.normal(size=(6, 6))
    gradient = pb.grad(rank_update, argnums=(0, 2))
    t = (a[:, None] - a[None]) ** 2
    low = np.tril(np.ones((6, 6)))
    g = 2 * (c + low * 0.7 * t.sum(-1)) * low
    d = g[:, :, None] * 0.7 * 2 * (a[:, None] - a[None])
    dalpha, da = gradient(0.7, c, a)
    np.testing.assert_allclose(dalpha, np.sum(g * t.sum(-1)), rtol=1e-12)
    np.testing.assert_allclose(da, d.sum(1) - d.sum(0), rtol=1e-11)
    lines = gradient.source(0.7, c, a, level="native").splitlines()
    product = next(k for k, line in enumerate(lines) if "a_adj[" in line and "+=" in line)
    assert "for k" in next(line for line in reversed(lines[:product]) if "for " in line), lines


def convolution(w, x):
    total = 0.0
    for i in range(x.shape[0] + 1 - w.shape[0]):
        s = 0.0
        for k in range(w.shape[0]):
            s += w[k] * x[i + k]
        total += np.tanh(s)
    return total


def test_a_window_is_the_outer_loop() -> None:
    rng = np.random.default_rng(0)
    for n, m in ((3, 9), (4, 4), (1, 5), (5, 4)):
        w, x = rng.normal(size=n), rng.normal(size=m)
        gradient = pb.grad(convolution, argnums=(0, 1))
        dw, dx = gradient(w, x)
        s = np.array([1 - np.tanh(w @ x[i : i + n]) ** 2 for i in range(max(m + 1 - n, 0))])
        np.testing.assert_allclose(dw, [s @ x[k : k + len(s)] for k in range(n)], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(dx, np.convolve(s, w) if len(s) else 0 * x, rtol=1e-12, atol=1e-15)
    lines = gradient.source(w, x, level="native").splitlines()
    for product in (k for k, line in enumerate(lines) if "x_adj[" in line and "+=" in line):
        loop = next(line for line in reversed(lines[:product]) if "for " in line)
        assert "n0" not in loop, lines


def test_a_recurrence_along_the_outer_loop_stays() -> None:
    def f(x):
        for j in range(1, x.shape[1]):
            for i in range(1, x.shape[0]):
                x[i, j] += x[i - 1, j] * x[i, j - 1] + x[i - 1, x.shape[1] - 1 - j]
        return np.sum(x)

    x = np.random.default_rng(0).normal(size=(6, 6)) * 0.3
    assert np.isclose(pb.jit(f)(x.copy()), f(x.copy()), rtol=1e-12)


def test_a_carried_plane_stays_in_its_slab() -> None:
    """A recurrence along the last axis of whole planes, each of which replaces the one before."""

    def f(c, d):
        x = d[:, :, -1].copy()
        out = np.zeros_like(d)
        for k in range(d.shape[2] - 2, -1, -1):
            x = d[:, :, k] - c[:, :, k] * x
            out[:, :, k] = 0.5 * x
        return np.sum(out**2)

    rng = np.random.default_rng(0)
    c, d = rng.normal(size=(3, 4, 5)), rng.normal(size=(3, 4, 5))
    gradient = pb.grad(f, argnums=(0, 1))
    check(gradient.program(c, d).function, [c, d])
    lines = pb.jit(f).source(c, d, level="native").splitlines()
    (loop,) = [line for line in lines if ", -1, -1)" in line]
    assert loop.startswith("            for")  # the innermost one
    pb.check_grads(f, (c, d), order=1, modes=("rev",))
