"""What the native level does to loops and buffers: gather form, row fusion, recycling, hoisting, promotion.

Each program runs lowered in the interpreter, as plain Python, and (some) compiled, against the array program.
"""

from __future__ import annotations

import random

import numpy as np
import pytest

import pullback as pb
import pullback.rules
from pullback.codegen.numba_cpu import generate_native, load_native, plain_kernel, to_native
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import At, Function, Gather, Region, Span, Value
from pullback.ir.parser import parse
from pullback.ir.types import INT, array
from pullback.ir.verifier import verify
from pullback.transforms.lower import lower


def check(fn: Function, args: list[np.ndarray], compiled: bool = False) -> str:
    """All forms agree with the interpreter; the printed code."""
    verify(fn)
    expected = interpret(fn, args)
    lowered = lower(fn)
    verify(lowered)
    code = generate_native(to_native(fn))
    forms = [interpret(lowered, args), plain_kernel(code)(*args)]
    if compiled:
        forms.append(load_native(code)(*args))
    for results in forms:
        for a, e in zip(results, expected, strict=True):
            np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-12)
    return code.text


STENCIL = """func f(%g: f64[n0, n0], %s: int) -> (f64[n0, n0]) assume [n0 - 2] {
  %z = full 0.0 {shape=(n0, n0), dtype='f64'} : f64[n0, n0]
  %r, %q = for 0, %s, 1, %g, %z {stop=False} : f64[n0, n0], f64[n0, n0] {(%t: int, %a: f64[n0, n0], %b: f64[n0, n0]):
    %x = load %a {index=(span(1, n0 - 2), span(1, n0 - 2))} : f64[n0 - 2, n0 - 2]
    %v = mul %x, 0.2 : f64[n0 - 2, n0 - 2]
    %w = neg %v : f64[n0 - 2, n0 - 2]
    %1 = accum %b, %v {index=(span(0, n0 - 2), span(1, n0 - 2))} : f64[n0, n0]
    %2 = accum %1, %v {index=(span(2, n0 - 2), span(1, n0 - 2))} : f64[n0, n0]
    %3 = accum %2, %w {index=(span(1, n0 - 2), span(2, n0 - 2))} : f64[n0, n0]
    %4 = accum %3, %v {index=(span(1, n0 - 2), span(0, n0 - 2))} : f64[n0, n0]
    yield %4, %a
  }
  return %q
}"""


@pytest.mark.parametrize("n", [2, 3, 7])
def test_stencil_adjoint_is_one_sum_over_the_hull(n: int) -> None:
    text = check(parse(STENCIL), [np.random.default_rng(n).normal(size=(n, n)), np.int64(3)], compiled=n == 7)
    assert text.count("+=") == 1
    # the copy with a margin is made once, before the loop over time
    loop = text.index("for t in" if "for t in" in text else "for _ in")
    assert "n0 + 2" in text[:loop] and "full(" not in text[loop:] and "empty(" not in text[loop:]


def random_chain(seed: int) -> tuple[Function, list[np.ndarray]]:
    """Accums of a few values at random shifted places, perhaps in a loop, perhaps in rows of the target."""
    r = random.Random(seed)
    rank = r.choice([1, 2, 2, 3])
    n = Dim.of("n0")
    rows = r.random() < 0.3
    shape = tuple([n] * rank)
    values = [Value(array("f64", *["n0"] * rank), f"v{k}") for k in range(2)]
    target = Value(array("f64", *["n0"] * (rank + rows)), "t")
    places = Value(array("i64", "n1"), "k")
    body = Region([target, *values, places])
    b = Builder(body)

    def steps(t: Value, row: Value | None) -> Value:
        reach = 3
        pool = []
        for v in values:
            inner = b.emit("load", v, index=tuple(Span(Dim.of(1), n - reach) for _ in shape))
            pool += [inner, b.emit("mul", inner, constant(r.choice([0.5, 2.0]))), b.emit("neg", inner)]
            pool.append(b.emit("exp", inner))
        for _ in range(r.randint(2, 6)):
            v = r.choice(pool)
            spans = tuple(Span(Dim.of(r.randint(0, reach)), n - reach) for _ in shape)
            index = (*[At()] * rows, *spans)
            at = [r.choice([row, constant(0), constant(1)])] if rows else []
            if r.random() < 0.2:  # the places come more than once
                index, at = (Gather(), *index[1:]), [places]
                v = b.emit("exp", b.emit("load", target, *at, index=index))
            t = b.emit(r.choice(["accum"] * 6 + ["store"]), t, *at, v, index=index)
        if r.random() < 0.5:  # goes on with a part of the array
            at = [row] if rows and row is not None else [constant(0)] * rows
            index = (*[At()] * rows, *(Span(Dim.of(r.randint(0, reach)), n - reach) for _ in shape))
            part = b.emit("exp", b.emit("mul", b.emit("load", t, *at, index=index), constant(-0.1)))
            if r.random() < 0.7:
                t = b.emit("store", t, *at, constant(0.0), index=index)
            elif r.random() < 0.5:
                t = b.emit(r.choice(["accum", "store"]), t, *at, part, index=index)
            pool.append(part)
            for _ in range(r.randint(0, 4)):
                index = (*[At()] * rows, *(Span(Dim.of(r.randint(0, reach)), n - reach) for _ in shape))
                t = b.emit("accum", t, *at, r.choice([part, r.choice(pool)]), index=index)
        if r.random() < 0.5:
            t = b.emit("mul", t, b.emit("exp", constant(-0.5)))
        return t

    start: Value = target
    if r.random() < 0.5:
        start = b.emit("full", constant(0.0), shape=target.type.shape, dtype="f64")
    if r.random() < 0.6:
        loop = b.new_region([(INT, "i"), (target.type, "t")])
        with b.into(loop):
            loop.yields = [steps(loop.params[1], loop.params[0])]
        bounds = [constant(0), constant(3), constant(1)]
        start = b.op("for", *bounds, start, attrs={"stop": False}, types=[target.type], regions=[loop]).result
    else:
        start = steps(start, constant(1) if rows else None)
    body.yields = [start]
    rng = np.random.default_rng(seed)
    args = [rng.normal(size=(6,) * v.type.rank) for v in body.params[:-1]]
    return Function("f", body, [n - 4]), [*args, np.array([1, 4, 0, 4, 1, 1, 3])]


@pytest.mark.parametrize("block", range(6))
def test_random_chains_of_shifted_additions(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        fn, args = random_chain(seed)
        check(fn, args, compiled=seed % 75 == 0)


def test_rows_of_a_softmax_share_a_loop() -> None:
    fn = parse("""func f(%x: f64[n0, n1], %g: f64[n0, n1]) -> (f64[n0, n1]) assume [n1 - 1] {
      %m = max %x {axes=(1,), keepdims=True} : f64[n0, 1]
      %d = sub %x, %m : f64[n0, n1]
      %e = exp %d : f64[n0, n1]
      %s = sum %e {axes=(1,), keepdims=True} : f64[n0, 1]
      %p = div %e, %s : f64[n0, n1]
      %q = mul %p, %g : f64[n0, n1]
      %t = sum %q {axes=(1,), keepdims=True} : f64[n0, 1]
      %u = sub %g, %t : f64[n0, n1]
      %r = mul %p, %u : f64[n0, n1]
      return %r
    }""")
    rng = np.random.default_rng(0)
    text = check(fn, [rng.normal(size=(5, 7)), rng.normal(size=(5, 7))], compiled=True)
    assert text.count("for i") == 1, text
    # buffers have one row, and are allocated before the loop
    assert "empty((n0" not in text and "empty(" not in text[text.index("for i") :]


def test_rows_that_need_other_rows_stay_apart() -> None:
    fn = parse("""func f(%x: f64[n0, n0]) -> (f64[n0, n0]) {
      %s = sum %x {axes=(1,), keepdims=True} : f64[n0, 1]
      %t = transpose %s {perm=(1, 0)} : f64[1, n0]
      %r = sub %x, %t : f64[n0, n0]
      %m = sum %r {axes=(1,), keepdims=True} : f64[n0, 1]
      %q = mul %r, %m : f64[n0, n0]
      return %q
    }""")
    check(fn, [np.random.default_rng(0).normal(size=(6, 6))], compiled=True)


def test_a_dead_array_is_taken_over() -> None:
    """Of a chain of full reductions and elementwise steps all steps but the result live in one buffer."""
    lines = ["func f(%x: f64[n0]) -> (f64[n0]) {", "  %v0 = exp %x : f64[n0]"]
    for k in range(4):
        lines += [
            f"  %s{k} = sum %v{k} {{axes=(0,), keepdims=False}} : f64",
            f"  %v{k + 1} = div %v{k}, %s{k} : f64[n0]",
        ]
    fn = parse("\n".join([*lines, "  return %v4", "}"]))
    text = check(fn, [np.random.default_rng(0).normal(size=9)], compiled=True)
    assert text.count("empty(") <= 1 and "copy" not in text


def test_an_array_read_elsewhere_is_not_taken_over() -> None:
    fn = parse("""func f(%x: f64[n0]) -> (f64[n0]) {
      %v = exp %x : f64[n0]
      %s = sum %v {axes=(0,), keepdims=False} : f64
      %w = div %v, %s : f64[n0]
      %r = load %w {index=(span(n0 - 1, n0, -1),)} : f64[n0]
      %t = sum %r {axes=(0,), keepdims=False} : f64
      %u = add %w, %r : f64[n0]
      %q = mul %u, %t : f64[n0]
      return %q
    }""")
    check(fn, [np.random.default_rng(0).normal(size=9)], compiled=True)


def test_an_element_updated_by_a_loop_is_a_scalar_in_it() -> None:
    fn = parse("""func f(%a: f64[n0, n0]) -> (f64[n0, n0]) {
      %n = extent {dim=n0} : int
      %r = for 0, %n, 1, %a {stop=False} : f64[n0, n0] {(%i: int, %b: f64[n0, n0]):
        %c = for 0, %i, 1, %b {stop=False} : f64[n0, n0] {(%k: int, %d: f64[n0, n0]):
          %x = load %d, %i, %k {index=(at, at)} : f64
          %y = load %d, %k, %i {index=(at, at)} : f64
          %z = mul %x, %y : f64
          %e = accum %d, %i, %i, %z {index=(at, at)} : f64[n0, n0]
          yield %e
        }
        yield %c
      }
      return %r
    }""")
    text = check(fn, [np.random.default_rng(0).normal(size=(6, 6))], compiled=True)
    assert "+=" not in text, text


def test_an_element_that_may_be_another_is_not_promoted() -> None:
    fn = parse("""func f(%a: f64[n0], %k: int) -> (f64[n0]) assume [n0 - 4] {
      %n = extent {dim=n0} : int
      %r = for 0, %n, 1, %a {stop=False} : f64[n0] {(%i: int, %b: f64[n0]):
        %x = load %b, %i {index=(at,)} : f64
        %e = accum %b, 2, %x {index=(at,)} : f64[n0]
        yield %e
      }
      return %r
    }""")
    check(fn, [np.arange(6.0) + 1, np.int64(2)], compiled=True)


def test_an_old_version_that_is_read_later_survives_the_nest() -> None:
    fn = parse("""func f(%x: f64[n0], %y: f64[n0]) -> (f64[n0], f64[n0]) {
      %v = exp %y : f64[n0]
      %1 = store %x, %v {index=(span(0, n0),)} : f64[n0]
      %2 = accum %1, %y {index=(span(0, n0),)} : f64[n0]
      %3 = load %1 {index=(span(0, n0),)} : f64[n0]
      %4 = mul %3, 2.0 : f64[n0]
      return %2, %4
    }""")
    check(fn, [np.arange(4.0), np.ones(4)])


def test_constant_factors_are_part_of_the_product() -> None:
    fn = parse("""func f(%a: f64[n0, n0], %x: f64[n0], %s: f64) -> (f64[n0], f64[n0]) {
      %m = mul %a, -2.0 : f64[n0, n0]
      %t = transpose %m {perm=(1, 0)} : f64[n0, n0]
      %p = matmul %t, %x : f64[n0]
      %r = mul %s, %a : f64[n0, n0]
      %q = matmul %r, %x : f64[n0]
      return %p, %q
    }""")
    rng = np.random.default_rng(0)
    a = rng.normal(size=(9, 9))
    a[3, 4] = np.nan
    for s in (0.0, 1.5):
        text = check(fn, [a, rng.normal(size=9), np.float64(s)], compiled=True)
    assert "-2.0, 0.0, True" in text and "n0, n0" not in text


def test_a_reshaped_array_needs_no_copy_for_a_product() -> None:
    fn = parse("""func f(%a: f64[n0, n1], %b: f64[n1, n1]) -> (f64[n0, n1], f64[n0*n1]) {
      %p = matmul %a, %b : f64[n0, n1]
      %q = reshape %p {shape=(n0*n1,)} : f64[n0*n1]
      %e = exp %q : f64[n0*n1]
      %u = reshape %e {shape=(n0, n1)} : f64[n0, n1]
      %v = matmul %u, %b : f64[n0, n1]
      return %v, %e
    }""")
    rng = np.random.default_rng(0)
    text = check(fn, [rng.normal(size=(40, 9)), rng.normal(size=(9, 9))], compiled=True)
    assert text.count("for ") == 1, text


def test_a_reshaped_array_that_is_overwritten_is_copied() -> None:
    fn = parse("""func f(%a: f64[n0, n1]) -> (f64[n0, n1], f64[n0*n1]) {
      %c = mul %a, 2.0 : f64[n0, n1]
      %s = reshape %c {shape=(n0*n1,)} : f64[n0*n1]
      %d = store %c, 1.0 {index=(span(0, n0), span(0, n1))} : f64[n0, n1]
      return %d, %s
    }""")
    check(fn, [np.arange(6.0).reshape(2, 3)], compiled=True)


def test_a_row_made_from_the_one_before_needs_no_temporary() -> None:
    fn = parse("""func f(%x: f64[n0, n1], %g: f64[n1]) -> (f64[n0, n1]) {
      %n = extent {dim=n0} : int
      %r = for 1, %n, 1, %x {stop=False} : f64[n0, n1] {(%t: int, %a: f64[n0, n1]):
        %s = extent {dim=%t - 1} : int
        %u = load %a, %s {index=(at, span(0, n1))} : f64[n1]
        %v = load %a, %t {index=(at, span(0, n1))} : f64[n1]
        %w = mul %u, %g : f64[n1]
        %y = add %w, %v : f64[n1]
        %b = store %a, %t, %y {index=(at, span(0, n1))} : f64[n0, n1]
        yield %b
      }
      return %r
    }""")
    rng = np.random.default_rng(0)
    text = check(fn, [rng.normal(size=(5, 4)), rng.normal(size=4)], compiled=True)
    assert text.count("for ") == 2 and "empty(" not in text, text


def test_a_shifted_row_needs_a_temporary() -> None:
    fn = parse("""func f(%x: f64[n0, n1]) -> (f64[n0, n1]) assume [n1 - 1] {
      %n = extent {dim=n0} : int
      %r = for 0, %n, 1, %x {stop=False} : f64[n0, n1] {(%t: int, %a: f64[n0, n1]):
        %u = load %a, %t {index=(at, span(0, n1 - 1))} : f64[n1 - 1]
        %b = store %a, %t, %u {index=(at, span(1, n1 - 1))} : f64[n0, n1]
        %c = load %b, 0 {index=(at, span(0, n1))} : f64[n1]
        %d = accum %b, %t, %c {index=(at, span(0, n1))} : f64[n0, n1]
        yield %d
      }
      return %r
    }""")
    check(fn, [np.random.default_rng(0).normal(size=(5, 4))], compiled=True)


WIDENED = """func f(%q: f32[n0]) -> (f64[n0]) {
  %c = full 1.979425538604203 {shape=(n0,), dtype='f64'} : f64[n0]
  %y = div %q, %c : f64[n0]
  %z = sum %y {axes=(0,), keepdims=False} : f64
  %r = div %q, %z : f64[n0]
  return %r
}"""


def test_float32_beside_a_number_of_float64() -> None:
    """NumPy takes a Python number for a float32 where it meets one; what is printed is of the wider type all the same."""
    assert "float64(q[" in check(parse(WIDENED), [np.array([0.1, 0.3, 0.2], np.float32)], compiled=True)


TWO_CARRIES = """func f(%x: f64[n0], %y: f64[n0]) -> (f64[n0]) assume [n0 - 2] {
  %a, %b = for 0, 3, 1, %x, %y {stop=False} : f64[n0], f64[n0] {(%t: int, %p: f64[n0], %q: f64[n0]):
    %r = store %q, 1, 0.5 {index=(at,), inbounds=True} : f64[n0]
    yield %r, %r
  }
  return %a
}"""


def test_an_array_that_two_carries_take_over_keeps_its_elements() -> None:
    check(parse(TWO_CARRIES), [np.ones(3), np.arange(3.0)], compiled=True)


def test_counted_indices_are_in_range() -> None:
    """``z[np.arange(len(y)), y]`` checks `y` only, and the diagonal of a matrix is not checked."""

    def chosen(z, y):
        return np.sum(np.exp(z)[np.arange(len(y)), y])

    def diagonal(a):
        return np.sum(np.diag(a) ** 2) + np.sum(a[np.arange(1, len(a)), 0])

    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(5, 4)), np.array([0, 3, -1, 2, 2])
    source = pb.grad(chosen).source(z, y, level="native")
    assert source.count("return ") == 3  # two checks of y
    check(pb.grad(chosen).program(z, y).function, [z, y])
    pb.check_grads(lambda z: chosen(z, y), (z,), order=1)
    a = rng.normal(size=(4, 4))
    assert pb.grad(diagonal).source(a, level="native").count("return ") == 3  # two of the column
    pb.check_grads(diagonal, (a,), order=1)

    def too_many(z):
        return np.sum(z[np.arange(3)] * 2.0)

    with pytest.raises(IndexError, match="index 2 is out of bounds for axis 0 with size 2"):
        pb.grad(too_many)(np.ones(2))
