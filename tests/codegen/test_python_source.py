"""The readable source: it runs as plain Python and gives what the interpreter gives; golden files show it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pullback.rules  # noqa: F401  (fills the registry)
from pullback.codegen.python_source import print_python
from pullback.ir import nodes
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import At, Function, Gather, Loc, New, Region, Span, Value
from pullback.ir.opdef import REGISTRY
from pullback.ir.parser import parse
from pullback.ir.types import B1, F32, F64, FLOAT, I64, INT, Type, array
from pullback.transforms.inplace import inplace

from ..frontend.support import build_for
from ..random_ir import random_arguments, random_function

X = np.arange(1.0, 6.0)


def run_source(source: str, name: str, args: list[Any]) -> list[Any]:
    """Results of printed source on read-only arguments."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<printed>", "exec"), namespace)
    fresh = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    for a in fresh:
        if isinstance(a, np.ndarray):
            a.flags.writeable = False
    with np.errstate(all="ignore"):
        result = namespace[name](*fresh)
    return list(result) if isinstance(result, tuple) else [result]


def same(fn: Function, *args: Any) -> str:
    """The printed source of the function, run and compared with the interpreter."""
    expected = interpret(fn, args)
    source = print_python(inplace(fn))
    actual = run_source(source, fn.name, list(args))
    for e, a, t in zip(expected, actual, fn.result_types, strict=True):
        narrow = np.asarray(e).dtype == np.float32
        np.testing.assert_allclose(a, e, rtol=1e-6 if narrow else 1e-9, atol=1e-12)
        assert np.shape(a) == np.shape(e)
        if not t.weak:
            assert np.asarray(a).dtype == t.numpy, source
    return source


def body(text: str, *args: Any) -> str:
    """The printed statements, without header and citations."""
    lines = same(parse(text), *args).splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("def "))
    return "\n".join(line[4:] for line in lines[start + 1 :])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_random_programs(seed: int) -> None:
    same(random_function(seed), *random_arguments(seed))


# -- golden files ----------------------------------------------------------------------------------
GOLDEN = {
    "product_chain": (
        """
        func product_chain(%x: f64[n0]) -> (f64) {
          %n = extent {dim=n0} : int @demo.py:2:0-1
          %x1 = for 1, %n, 1, %x {} : f64[n0] @demo.py:2:0-1 {(%i: int, %x2: f64[n0]):
            %a = load %x2, %i {index=(at,)} : f64 @demo.py:3:0-1
            %v1 = sub %i, 1 : int @demo.py:3:0-1
            %b = load %x2, %v1 {index=(at,)} : f64 @demo.py:3:0-1
            %c = mul %a, %b : f64 @demo.py:3:0-1
            %x3 = store %x2, %i, %c {index=(at,)} : f64[n0] @demo.py:3:0-1
            yield %x3
          }
          %r = load %x1, -1 {index=(at,)} : f64 @demo.py:4:0-1
          return %r
        }""",
        [X],
    ),
    "bounded_search": (
        """
        func bounded_search(%x: f64[n0], %limit: float) -> (f64, int) {
          %n = extent {dim=n0} : int
          %trips, %s = for 0, %n, 1, 0.0:f64 {stop=True} : int, f64 @demo.py:3:0-1 {(%i: int, %s1: f64):
            %v = load %x, %i {index=(at,)} : f64 @demo.py:4:0-1
            %positive = gt %v, 0.0 : b1 @demo.py:4:0-1
            %s2 = if %positive {} : f64 @demo.py:4:0-1 {
              %s3 = add %s1, %v : f64 @demo.py:5:0-1
              yield %s3
            } {
              %neg = neg %v : f64 @demo.py:7:0-1
              %s4 = mul %neg, %neg : f64 @demo.py:7:0-1
              %s5 = sub %s1, %s4 : f64 @demo.py:7:0-1
              yield %s5
            }
            %done = gt %s2, %limit : b1 @demo.py:8:0-1
            yield %done, %s2
          }
          return %s, %trips
        }""",
        [X, 4.0],
    ),
    "collatz_with_tape": (
        """
        func collatz_with_tape(%k: int) -> (int, int) {
          %small = ge %k, 1 : bool
          check %small, %k {error="ValueError", message="k is {} and should be positive"} @demo.py:2:0-1
          %tape = tape_new {dtype="i64"} : tape<i64>
          %trips, %t, %m = while %tape, %k {counted=True} : int, tape<i64>, int @demo.py:3:0-1 {
            (%t1: tape<i64>, %k1: int):
            %go = ne %k1, 1 : bool @demo.py:3:0-1
            yield %go
          } {(%t2: tape<i64>, %k2: int):
            %old = cast %k2 {dtype="i64"} : i64
            %t3 = tape_push %t2, %old : tape<i64>
            %half = mod %k2, 2 : int @demo.py:4:0-1
            %even = eq %half, 0 : bool @demo.py:4:0-1
            %k3 = if %even {} : int @demo.py:4:0-1 {
              %k4 = floordiv %k2, 2 : int @demo.py:4:0-1
              yield %k4
            } {
              %three = mul %k2, 3 : int @demo.py:4:0-1
              %k5 = add %three, 1 : int @demo.py:4:0-1
              yield %k5
            }
            yield %t3, %k3
          }
          %total, %t4 = for 0, %trips, 1, 0, %t {} : int, tape<i64> {(%i: int, %sum: int, %u: tape<i64>):
            %u1, %v = tape_pop %u {shape=()} : tape<i64>, i64 {reverse=True}
            %w = cast %v {dtype="i64", weak=True} : int
            %sum1 = add %sum, %w : int
            yield %sum1, %u1
          }
          return %total, %trips
        }""".replace(" : tape<i64>, i64 {reverse=True}", " : tape<i64>, i64"),
        [6],
    ),
    "callees": (
        """
        func callees(%a: f64[n0, n1], %x: f64[n1]) -> (f64[n0], f64[n1]) {
          %y, %z = call %a, %x {callee="product"} : f64[n0], f64[n1] @demo.py:9:0-1
          %y1 = accum %y, 0, 1.0 {index=(at,)} : f64[n0] @demo.py:10:0-1
          %y2 = neg %y1 : f64[n0] @demo.py:11:0-1
          return %y2, %z
        }
        func product(%a: f64[n0, n1], %x: f64[n1]) -> (f64[n0], f64[n1]) {
          %h = matmul %a, %x : f64[n0] @demo.py:2:0-1
          %h1 = tanh %h : f64[n0] @demo.py:2:0-1
          %d = sub 1.0, %x : f64[n1] @demo.py:3:0-1
          %e = sub %x, %d : f64[n1] @demo.py:3:0-1
          %f = div %e, 2.0 : f64[n1] @demo.py:3:0-1
          %g = exp %f : f64[n1] @demo.py:3:0-1
          return %h1, %g
        }""",
        [np.arange(15.0).reshape(3, 5) / 10, X],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    text, args = GOLDEN[name]
    golden(f"python_source/{name}.py.txt", same(parse(text), *args))


# -- statements --------------------------------------------------------------------------------------
def test_swap_is_simultaneous() -> None:
    text = body(
        """
        func f(%a: float, %b: float, %n: int) -> (float, float) {
          %x, %y = for 0, %n, 1, %a, %b {} : float, float {(%i: int, %p: float, %q: float):
            yield %q, %p
          }
          return %x, %y
        }""",
        1.0,
        2.0,
        3,
    )
    assert "p, q = q, p" in text
    assert "for _ in range(n):" in text


def test_value_is_not_folded_past_an_overwrite() -> None:
    text = body(
        """
        func f(%x: f64[n0]) -> (f64, f64[n0]) {
          %u = exp %x : f64[n0]
          %a = load %u, 0 {index=(at,)} : f64
          %y = store %u, 0, 9.0 {index=(at,)} : f64[n0]
          %b = mul %a, 2.0 : f64
          return %b, %y
        }""",
        X,
    )
    assert "a = u[0]" in text


def test_value_is_not_folded_past_a_new_value_of_its_variable() -> None:
    body(
        """
        func f(%a: float, %n: int) -> (float, float) {
          %x, %y = for 0, %n, 1, %a, %a {} : float, float {(%i: int, %p: float, %q: float):
            %old = mul %p, 3.0 : float
            %p1 = add %p, 1.0 : float
            %q1 = add %old, %q : float
            yield %p1, %q1
          }
          return %x, %y
        }""",
        1.0,
        4,
    )


def test_flag_reads_values_of_its_iteration() -> None:
    """The flag that ends the loop is computed from the carried value before the update."""
    body(
        """
        func f(%a: float) -> (float, int) {
          %trips, %x = for 0, 100, 1, %a {stop=True} : int, float {(%i: int, %p: float):
            %p1 = mul %p, 2.0 : float
            %done = gt %p, 10.0 : bool
            yield %done, %p1
          }
          return %x, %trips
        }""",
        1.0,
    )


def test_failed_check_raises_with_its_message() -> None:
    fn = parse(GOLDEN["collatz_with_tape"][0])
    source = print_python(inplace(fn))
    with pytest.raises(ValueError, match="k is -3 and should be positive"):
        run_source(source, "collatz_with_tape", [-3])


def test_citations_and_notes() -> None:
    builder = Builder(Region([Value(F64, "x")]))
    fn = Function("f", builder.region)
    with builder.at(Loc("/home/me/demo.py", 3)):
        y = builder.emit("sin", fn.params[0], hint="y")
        z = builder.emit("mul", y, y, hint="z")
    with builder.at(Loc("/home/me/demo.py", 2)):
        w = builder.op("exp", z, attrs={"reverse": True}, hint="w").result
        v = builder.op("mul", w, w, attrs={"note": "kept"}, hint="v").result
    fn.body.yields = [z, builder.emit("mul", v, v)]
    lines = print_python(fn).splitlines()
    assert [line.partition("# ")[2] for line in lines if "=" in line] == [
        "demo.py:3",
        "",
        "reverse of demo.py:2",
        "kept",
    ]


def test_names_are_python_names() -> None:
    builder = Builder(
        Region([Value(F64, "lambda"), Value(F64, "np"), Value(F64, "n0"), Value(array("f64", "n0"), "x")])
    )
    fn = Function("class", builder.region)
    total = builder.emit("add", builder.emit("add", *fn.params[:2]), fn.params[2], hint="a b")
    fn.body.yields = [
        builder.emit("mul", total, builder.emit("load", fn.params[3], builder.extent(Dim.of("n0") - 1), index=(At(),)))
    ]
    source = print_python(inplace(fn))
    (result,) = run_source(source, "_class", [np.float64(1), np.float64(2), np.float64(3), X])
    assert result == 30.0


# -- indices -------------------------------------------------------------------------------------------
def random_index(
    rng: random.Random, extents: list[int], symbols: list[Dim], gather: int
) -> tuple[list[Any], list[Any]]:
    """An index of an array with these extents, and its At operands; Gather places are adjacent."""
    items: list[Any] = []
    ats: list[Any] = []
    first = rng.randrange(len(extents) - gather + 1) if gather else 0
    for axis, (n, dim) in enumerate(zip(extents, symbols, strict=True)):
        if gather and first <= axis < first + gather:
            items.append(Gather())
            continue
        kind = rng.choice(["at", "full", "span", "back", "ends", "empty"])
        if kind == "at":
            items.append(At())
            ats.append(rng.randrange(-n, n))
        elif kind == "full":
            items.append(Span(Dim.of(0), dim))
        elif kind == "ends":
            start, end = rng.choice([(1, 1), (0, 1), (2, 0), (1, 2)])
            items.append(Span(Dim.of(start), dim - start - end))
        elif kind == "empty":
            items.append(Span(Dim.of(rng.randrange(n)), Dim.of(0), rng.choice([1, 2, -1, -2])))
        elif kind == "span":
            step = rng.choice([1, 1, 2, 3])
            start = rng.randrange(n)
            items.append(Span(Dim.of(start), Dim.of(rng.randint(0, (n - 1 - start) // step + 1)), step))
        else:
            step = rng.choice([-1, -1, -2])
            choice = rng.randrange(3)
            if choice == 0:
                items.append(Span(dim - 1, dim, -1))
            elif choice == 1:
                start = rng.randrange(n)
                items.append(Span(Dim.of(start), Dim.of(rng.randint(0, start // -step + 1)), step))
            else:
                items.append(Span(dim - 1, Dim.of(rng.randint(0, (n - 1) // -step + 1)), step))
    return items, ats


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**9))
def test_random_indices(seed: int) -> None:
    rng = random.Random(seed)
    extents = [rng.choice([3, 4, 5]) for _ in range(rng.randint(1, 3))]
    symbols = [Dim.of(f"n{k}") if rng.random() < 0.7 else Dim.of(n) for k, n in enumerate(extents)]
    gather = rng.choice([0, 0, 1, 2])
    gather = min(gather, len(extents))
    items, ats = random_index(rng, extents, symbols, gather)
    data = np.random.default_rng(seed)
    types = [
        Type("f64", tuple(symbols)),
        *[array("i64", 2, 3) if rng.random() < 0.3 else array("i64", 3) for _ in range(gather)],
    ]
    builder = Builder(Region([Value(t, h) for t, h in zip(types, ["x", "p", "q"], strict=False)]))
    fn = Function("f", builder.region)
    arrays = [data.integers(0, min(extents), size=tuple(d.const for d in t.shape)) for t in types[1:]]
    left, remaining = iter(ats), iter(fn.params[1:])
    operands = [
        constant(next(left)) if isinstance(i, At) else next(remaining) for i in items if isinstance(i, (At, Gather))
    ]
    x = fn.params[0]
    part = builder.emit("load", x, *operands, index=tuple(items), hint="part")
    value = builder.emit("mul", part, 2.0, hint="value")
    stored = builder.emit("store", x, *operands, value, index=tuple(items), hint="stored")
    added = builder.emit("accum", stored, *operands, value, index=tuple(items), hint="added")
    with_new = list(items)
    with_new.insert(rng.randint(0, len(items)) if not gather else len(items), New())
    more = builder.emit("load", added, *operands, index=tuple(with_new), hint="more")
    fn.body.yields = [part, added, more]
    same(fn, data.normal(size=extents), *arrays)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        ("span(0, n0)", "x[:]"),
        ("span(1, n0 - 2)", "x[1:-1]"),
        ("span(0, n0 - 1)", "x[:-1]"),
        ("span(n0 - 2, 2)", "x[-2:]"),
        ("span(1, 3)", "x[1:4]"),
        ("span(n0 - 1, n0, -1)", "x[::-1]"),
        ("span(2, 3, -1)", "x[2::-1]"),
        ("span(4, 2, -1)", "x[4:2:-1]"),
        ("span(0, (n0 + 1) // 2, 2)", "x[::2]"),
    ],
)
def test_slices_read_as_written_by_hand(span: str, text: str) -> None:
    fn = parse("func f(%x: f64[n0]) -> (f64[n0]) {\n  %y = load %x {index=(" + span + ",)} : f64[n0]\n  return %x\n}")
    (load,) = fn.body.ops
    value = Builder(fn.body).emit("load", load.operands[0], index=load.attrs["index"])
    fn.body.ops.pop(0)
    fn.body.yields = [Builder(fn.body).emit("sum", value, axes=(0,), keepdims=False)]
    assert f"np.sum({text})" in same(fn, X)


# -- scalars -------------------------------------------------------------------------------------------
def scalar_function(opcode: str, types: list[Type], **attrs: Any) -> Function:
    builder = Builder(Region([Value(t, "abc"[k]) for k, t in enumerate(types)]))
    fn = Function("f", builder.region)
    fn.body.yields = [builder.emit(opcode, *fn.params, **attrs)]
    return fn


def _arity(opcode: str) -> int:
    vjp = REGISTRY[opcode].vjp
    if vjp is not None:
        return len(vjp)
    unary = "sign floor ceil rint trunc isnan isinf isfinite logical_not invert stop_gradient copy"
    return 1 if opcode in unary.split() else 2


ELEMENTWISE = sorted(
    n
    for n, d in REGISTRY.items()
    if d.kind == "elementwise" and n not in ("cast", "where", "polygamma", "round_decimals")
)
_SAMPLES = {"unit": 0.3, "above_one": 1.5, "positive": 0.7}


@pytest.mark.parametrize("opcode", ELEMENTWISE)
@pytest.mark.parametrize("kind", ["f64", "float", "f32", "f64[]", "f32[]", "int", "bool"])
def test_elementwise_ops(opcode: str, kind: str) -> None:
    n = _arity(opcode)
    sample = _SAMPLES.get(REGISTRY[opcode].sample, 0.7)
    made: dict[str, tuple[Type, Any]] = {
        "f64": (F64, np.float64(sample)),
        "float": (FLOAT, sample),
        "f32": (F32, np.float32(sample)),
        "f64[]": (array("f64", "n0"), np.full(3, sample)),
        "f32[]": (array("f32", "n0"), np.full(3, sample, np.float32)),
        "int": (INT, 2),
        "bool": (B1, np.bool_(True)),
    }
    t, value = made[kind]
    integer_only = opcode in ("invert", "bit_and", "bit_or", "bit_xor", "shl", "shr")
    if (kind not in ("int", "bool") and integer_only) or (kind == "bool" and not opcode.startswith("logical")):
        pytest.skip("not of this dtype")
    if kind == "int" and opcode == "reciprocal":
        pytest.skip("1 // n in NumPy, and not made for integers by the frontend")
    if kind == "int" and REGISTRY[opcode].sample in ("unit",):
        value = 0
    same(scalar_function(opcode, [t] * n), *[value] * n)


def test_weak_scalars_stay_python_numbers() -> None:
    """float(np.maximum(...)): else the product with float32 would be float64."""
    builder = Builder(Region([Value(FLOAT, "a"), Value(FLOAT, "b"), Value(array("f32", "n0"), "x")]))
    fn = Function("f", builder.region)
    a, b, x = fn.params
    fn.body.yields = [builder.emit("mul", builder.emit("maximum", a, b), x)]
    same(fn, 1.5, 2.5, X.astype(np.float32))


def test_strong_constants_keep_their_dtype() -> None:
    builder = Builder(Region([Value(array("f32", "n0"), "x"), Value(F32, "s")]))
    fn = Function("f", builder.region)
    x, s = fn.params
    wide = builder.emit("mul", x, constant(0.1, F64))
    narrow = builder.emit("mul", x, constant(0.1, F32))
    scalar = builder.emit("add", s, constant(3, I64))
    fn.body.yields = [wide, narrow, scalar]
    assert "np.float64(0.1)" in same(fn, X.astype(np.float32), np.float32(2))


def test_where_of_scalars_is_a_conditional_expression() -> None:
    source = same(scalar_function("where", [B1, F64, F64]), np.bool_(True), np.float64(1), np.float64(2))
    assert "return b if a else c" in source


@pytest.mark.parametrize(
    ("opcode", "attrs", "shape"),
    [
        ("reshape", {"shape": (Dim.of("n0"), Dim.of(1), Dim.of("n1"))}, "a[:, None]"),
        ("reshape", {"shape": (Dim.of("n0") * Dim.of("n1"),)}, "a.reshape(n0 * n1)"),
        ("transpose", {"perm": (1, 0)}, "a.T"),
        ("broadcast_to", {"shape": (Dim.of(2), Dim.of("n0"), Dim.of("n1"))}, "np.broadcast_to(a, (2, n0, n1))"),
        ("sum", {"axes": (0,), "keepdims": True}, "np.sum(a, axis=0, keepdims=True)"),
        ("argmax", {"axis": 1, "keepdims": False}, "np.argmax(a, axis=1)"),
        ("cumsum", {"axis": 1}, "np.cumsum(a, axis=1)"),
    ],
)
def test_shapes_and_reductions(opcode: str, attrs: dict[str, Any], shape: str) -> None:
    source = same(scalar_function(opcode, [array("f64", "n0", "n1")], **attrs), np.arange(6.0).reshape(2, 3))
    assert shape in source


def test_creation() -> None:
    builder = Builder(Region([Value(array("f64", "n0"), "x"), Value(F32, "s")]))
    fn = Function("f", builder.region)
    n = Dim.of("n0")
    fn.body.yields = [
        builder.emit("full", 0.0, shape=(n,), dtype="f32"),
        builder.emit("full", fn.params[1], shape=(n, Dim.of(2)), dtype="f64"),
        builder.emit("full", 1, shape=(n,), dtype="i64"),
        builder.emit("full", 7, shape=(n,), dtype="f64"),
        builder.emit("iota", 0, 1, size=n, dtype="i64"),
        builder.emit("iota", 0.5, 0.25, size=n, dtype="f32"),
        builder.emit("iota", 2, 3, size=n, dtype="f64"),
        builder.emit("eye", n=n, m=n + 1, k=Dim.of(1), dtype="f64"),
    ]
    same(fn, X, np.float32(1.5))


def test_output_is_deterministic() -> None:
    texts = {print_python(inplace(random_function(7))) for _ in range(3)}
    assert len(texts) == 1


def reflected(a: Any) -> Any:
    """Whether a statement is one line or two depends on how long its slices are."""
    for k in range(a.shape[1] - 1):
        u = a[k:, k] / np.sqrt(np.sum(a[k:, k] ** 2))
        a[k:, k:] -= 2.0 * np.outer(u, u @ a[k:, k:])
    return a


def test_output_does_not_depend_on_what_was_built_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def text() -> str:
        return print_python(inplace(build_for(reflected, np.ones((4, 4))).function))

    expected = text()
    monkeypatch.setattr(nodes, "_ids", itertools.count(10**12))
    assert text() == expected
