"""Native code against the IR interpreter: small programs, every op of the registry, random programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pullback.codegen.numba_cpu import generate_native, load_native, plain_kernel, to_native
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function, Substitution, Value
from pullback.ir.opdef import REGISTRY
from pullback.ir.parser import parse
from pullback.ir.types import Type
from pullback.ir.verifier import verify
from pullback.transforms.lower import lower
from pullback.transforms.native_ops import NATIVE_OPS
from tests.random_ir import random_arguments, random_function
from tests.rules.cases import STRUCTURAL, cases
from tests.rules.oracle import Case, function_of

from .native_programs import PROGRAMS

OPS = [name for name in REGISTRY if name not in STRUCTURAL and name not in NATIVE_OPS]


def outcome(call: Any, args: tuple[Any, ...]) -> Any:
    """The results, or the class and message of the exception."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        results = call(*copies)
    except Exception as error:
        return type(error), str(error)
    for a, b in zip(args, copies, strict=True):
        np.testing.assert_array_equal(a, b, err_msg="an argument was modified")
    return results


def agree(actual: Any, expected: Any, rtol: float = 1e-11) -> None:
    """The same exception, or the same dtypes and values, NaN in the same places."""
    if isinstance(expected, tuple):
        assert actual == expected
        return
    assert isinstance(actual, list), actual
    for a, e in zip(actual, expected, strict=True):
        assert np.asarray(a).dtype == np.asarray(e).dtype
        assert isinstance(a, type(e)), (type(a), type(e))
        tolerance = max(rtol, 2e-5 if np.asarray(e).dtype == np.float32 else 0.0)
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("text, arguments", [p[1:] for p in PROGRAMS], ids=[p[0] for p in PROGRAMS])
def test_programs(text: str, arguments: list[tuple[Any, ...]]) -> None:
    fn = parse(text)
    verify(fn)
    code = generate_native(to_native(fn))
    compiled, plain = load_native(code), plain_kernel(code)
    for args in arguments:
        expected = outcome(lambda *xs: interpret(fn, xs), args)
        agree(outcome(plain, args), expected)
        agree(outcome(compiled, args), expected)


def single(x: Any) -> Any:
    x = np.asarray(x)
    return x.astype(np.float32)[()] if x.dtype == np.float64 else x[()]


@pytest.mark.parametrize("opcode", OPS)
def test_every_op_under_plain_python(opcode: str) -> None:
    """All cases of the registry in both precisions: the lowered IR and the printed code."""
    for case in cases(opcode):
        for convert in (lambda x: np.asarray(x)[()], single):
            args = tuple(convert(x) for x in case.inputs)
            fn = function_of(Case(case.name, case.emit, args, case.shapes))
            lowered = lower(fn)
            verify(lowered)
            expected = outcome(lambda *xs, fn=fn: interpret(fn, xs), args)
            agree(outcome(lambda *xs, fn=lowered: interpret(fn, xs), args), expected)
            agree(outcome(plain_kernel(generate_native(to_native(fn))), args), expected)


def combined(parts: list[Function]) -> Function:
    """One function that does what all parts do; its extents are those of the parts."""
    whole = Function("all_cases", parts[0].body.__class__())
    for part in parts:
        subst = Substitution()
        for p in part.params:
            v = Value(p.type, p.hint)
            whole.body.params.append(v)
            subst.map[p] = v
        whole.body.ops += [subst.clone_op(op) for op in part.body.ops]
        whole.body.yields += [subst.operand(y) for y in part.body.yields]
    return whole


@pytest.mark.parametrize(
    "opcode",
    [
        "exp",
        "pow",
        "maximum",
        "floordiv",
        "where",
        "sum",
        "prod",
        "cumsum",
        "argmax",
        "concatenate",
        "matmul",
        "load",
        "accum",
        "digamma",
        "ndtri",
        "bessel_k1",
        "erfcx",
        "erfcinv",
        "ellipk",
        "spence",
        "exp1",
        "polygamma",
        "round_decimals",
        "sort",
        "argsort",
        "lgamma",
    ],
)
def test_ops_compiled(opcode: str) -> None:
    """Several cases of an op as one compiled function, in both precisions."""
    chosen = cases(opcode)
    chosen = chosen[:: max(1, len(chosen) // 2)]
    variants = [
        Case(c.name, c.emit, tuple(convert(x) for x in c.inputs), c.shapes)
        for c in chosen
        for convert in (lambda x: np.asarray(x)[()], single)
    ]
    parts = [function_of(c) for c in variants]
    args = tuple(x for c in variants for x in c.inputs)
    expected = [y for fn, c in zip(parts, variants, strict=True) for y in interpret(fn, c.inputs)]
    agree(outcome(load_native(generate_native(to_native(combined(parts)))), args), expected)


@pytest.mark.parametrize("block", range(4))
def test_random_programs_under_plain_python(block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        fn = random_function(seed)
        args = tuple(random_arguments(seed))
        lowered = lower(fn)
        verify(lowered)
        expected = interpret(fn, args)
        agree(interpret(lowered, args), expected, 1e-9)
        agree(outcome(plain_kernel(generate_native(to_native(fn))), args), expected, 1e-9)


@pytest.mark.parametrize("seed", [3, 17])
def test_random_programs_compiled(seed: int) -> None:
    fn = random_function(seed)
    args = tuple(random_arguments(seed))
    agree(outcome(load_native(generate_native(to_native(fn))), args), interpret(fn, args), 1e-9)


def test_matrix_products_use_blas() -> None:
    """Transpositions are folded, and an accumulated product goes straight into its buffer."""
    fn = parse("""func f(%a: f64[n0, n1], %b: f64[n0, n2], %c: f64[n1, n2]) -> (f64[n1, n2]) {
      %t = transpose %a {perm=(1, 0)} : f64[n1, n0]
      %p = matmul %t, %b : f64[n1, n2]
      %r = accum %c, %p {index=(span(0, n1), span(0, n2))} : f64[n1, n2]
      return %r
    }""")
    code = generate_native(to_native(fn))
    assert "gemm(a, b, r, 1.0, 1.0, True, False)" in code.text
    assert "for" not in code.text.split("def ")[1]
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=shape) for shape in [(5, 3), (5, 4), (3, 4)])
    agree(load_native(code)(a, b, c), interpret(fn, [a, b, c]))


def test_one_nest_for_a_chain_with_a_reduction() -> None:
    """Elementwise ops, a broadcast, two outputs and reductions share one nest; nothing is stored in between."""
    fn = parse("""func f(%h: f64[n0, n1], %y: f64[n0, n1], %b: f64[n1]) -> (f64, f64[n0, n1], f64[n0]) {
      %t = sub %h, %y : f64[n0, n1]
      %t2 = add %t, %b : f64[n0, n1]
      %s = square %t2 : f64[n0, n1]
      %l = sum %s {axes=(0, 1), keepdims=False} : f64
      %u = mul 2.0, %t2 : f64[n0, n1]
      %r = sum %u {axes=(1,), keepdims=False} : f64[n0]
      return %l, %u, %r
    }""")
    text = generate_native(to_native(fn)).text
    assert text.count("for ") == 2 and "empty" not in text


def test_elementwise_store_fuses_in_place() -> None:
    """`x[:] = g(x)` of an array that dies reads and writes the element in one nest, without a copy."""
    fn = parse("""func f(%s: f64[n0]) -> (f64[n0]) {
      %x = exp %s : f64[n0]
      %y = for 0, 3, 1, %x {stop=False} : f64[n0] {(%i: int, %c: f64[n0]):
        %a = mul %c, %c : f64[n0]
        %b = sub %a, %s : f64[n0]
        %d = store %c, %b {index=(span(0, n0),)} : f64[n0]
        yield %d
      }
      return %y
    }""")
    text = generate_native(to_native(fn)).text
    assert "copy" not in text and "empty" not in text


def test_strong_scalar_results_are_numpy_scalars() -> None:
    fn = parse("func f(%x: f32[n0]) -> (f32) {\n  %s = sum %x {axes=(0,), keepdims=False} : f32\n  return %s\n}")
    (s,) = load_native(generate_native(to_native(fn)))(np.ones(3, np.float32))
    assert isinstance(s, np.float32) and s == 3
    assert Type("f32").numpy == s.dtype


def test_print_formats_as_python(capfd: pytest.CaptureFixture[str]) -> None:
    """Arrays, numbers of each kind, format specs and braces: compiled code prints what plain Python does."""
    fn = parse("""func f(%x: f64[n0, n1], %s: f32, %i: int, %b: bool, %w: float) -> () {
      print %x, %s, %i, %b, %w {template='x={}|{{s}}={:.3f}{:3d} {} w={}'}
      return
    }""")
    code = generate_native(to_native(fn))
    args = (np.arange(6.0).reshape(2, 3), np.float32(0.1), 7, True, 0.1)
    for kernel in (plain_kernel(code), load_native(code)):
        kernel(*args)
        expected = "x=[[0. 1. 2.]\n [3. 4. 5.]]|{s}=0.100  7 True w=0.1\n"
        assert capfd.readouterr().out == expected


def test_the_sign_of_minus_zero_is_zero() -> None:
    import pullback as pb

    x = np.array([-0.0, 0.0, -2.0, np.nan])
    assert not np.signbit(pb.jit(lambda x: np.sign(x))(x)[:2]).any()
    np.testing.assert_array_equal(pb.jit(lambda x: np.sign(x.astype(np.float32)))(x), np.sign(x).astype(np.float32))
