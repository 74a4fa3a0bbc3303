"""Rotations read from copies with periodic margins: random programs of `np.roll`, and their adjoints."""

from __future__ import annotations

import random

import numpy as np
import pytest

import pullback as pb
import pullback.rules
from pullback import pipeline
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import ZERO, Dim
from pullback.ir.nodes import Function, Region, Span, Value
from pullback.ir.types import INT, array

from .test_loops import check


def rolled(b: Builder, x: Value, axis: int, shift: int) -> Value:
    """As `np.roll` is built."""
    n = x.type.shape[axis]
    split = Dim.of(shift) if shift > 0 else n + shift

    def part(start: Dim, size: Dim) -> Value:
        spans = [Span(ZERO, d) for d in x.type.shape]
        spans[axis] = Span(start, size)
        return b.emit("load", x, index=tuple(spans))

    return b.emit("concatenate", part(n - split, split), part(ZERO, n - split), axis=axis)


def random_rotations(seed: int) -> tuple[Function, list[np.ndarray]]:
    """Sums and products of two arrays and of their rotations, perhaps in a loop."""
    r = random.Random(seed)
    rank = r.choice([1, 2, 2, 3])
    t = array("f64", *r.choice([["n0"] * rank, [5] * rank]))
    params = [Value(t, "u"), Value(t, "v")]
    body = Region(params)
    b = Builder(body)

    def step(u: Value, v: Value) -> tuple[Value, Value]:
        pool = [u, v, b.emit("mul", u, v), b.emit("mul", u, constant(0.5))]
        for _ in range(r.randint(3, 9)):
            x = r.choice(pool[:4] if r.random() < 0.7 else pool)
            pool.append(rolled(b, x, r.randrange(rank), r.choice([1, -1, 1, -1, 2, -3])))
        pool.append(b.emit("sin", r.choice(pool)))
        total = pool[-1]
        for x in r.sample(pool, len(pool) - 2):
            total = b.emit(r.choice(["add", "add", "sub"]), total, b.emit("mul", x, constant(r.choice([0.3, 0.2]))))
        if r.random() < 0.3:  # one more use of a rotation than in loops
            spans = tuple(Span(ZERO, d - 1) for d in t.shape)
            total = b.emit("accum", total, b.emit("load", pool[4], index=spans), index=spans)
        other = r.choice([u, pool[2], pool[4]])
        return total, b.emit("sub", other, b.emit("mul", total, constant(0.1)))

    if r.random() < 0.6:
        loop = b.new_region([(INT, "i"), (t, "u"), (t, "v")])
        with b.into(loop):
            loop.yields = list(step(loop.params[1], loop.params[2]))
        bounds = [constant(0), constant(2), constant(1)]
        body.yields = list(b.op("for", *bounds, *params, attrs={"stop": False}, types=[t, t], regions=[loop]).results)
    else:
        body.yields = list(step(*params))
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=[5 if d.is_const else r.choice([3, 6]) for d in t.shape[:1]] * rank) for _ in params]
    args[1] = rng.normal(size=args[0].shape)
    return Function("f", body, [] if t.shape[0].is_const else [t.shape[0] - 3]), args


@pytest.mark.parametrize("block", range(6))
def test_random_rotations_and_their_adjoints(block: int) -> None:
    for seed in range(15 * block, 15 * block + 15):
        fn, args = random_rotations(seed)
        check(fn, args, compiled=seed % 45 == 0)
        adjoint = pipeline.reverse(fn, [0, 1], False, True)
        seeds = [np.random.default_rng(seed).normal(size=a.shape) for a in args]
        check(adjoint, [*args, *seeds], compiled=seed % 45 == 0)


def diffusion(u):
    for _ in range(3):
        lap = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u
        u = u + 0.1 * lap - 0.01 * u**3
    return np.sum(u**2)


def nine_points(u):
    for _ in range(3):
        total = 0.0 * u
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                total = total + np.roll(u, (dx, dy), axis=(0, 1)) / (1 + abs(dx) + abs(dy))
        u = np.tanh(total)
    return np.sum(u)


@pytest.mark.parametrize("f", [diffusion, nine_points])
def test_periodic_stencils(f) -> None:
    u = np.random.default_rng(0).normal(size=(5, 6))
    du = pb.grad(f)(u)
    h = 1e-6 * np.random.default_rng(1).normal(size=u.shape)
    np.testing.assert_allclose(np.sum(du * h), (f(u + h) - f(u - h)) / 2, rtol=1e-6)


def test_a_periodic_stencil_and_its_adjoint_are_two_nests_each() -> None:
    u = np.random.default_rng(0).normal(size=(5, 6))
    text = pb.grad(diffusion).source(u, level="native")
    assert text.count("for j") == 5, text  # one more is the adjoint of the sum
