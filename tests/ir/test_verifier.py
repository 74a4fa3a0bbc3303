"""The verifier accepts what is valid and names the rule that invalid IR breaks."""

import pytest

from pullback.errors import InternalError
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.nodes import Function, Op, Region, Value
from pullback.ir.parser import parse
from pullback.ir.types import FLOAT, INT, array
from pullback.ir.verifier import verify

from ..random_ir import random_function


@pytest.mark.parametrize("seed", range(20))
def test_random_functions_are_valid(seed):
    verify(random_function(seed))


def broken(rule, text, **kw):
    fn = parse(text)
    with pytest.raises(InternalError, match=rule):
        verify(fn, **kw)


BRANCH = """
func f(%c: bool, %x: float) -> (float) {
  %y = if %c : float {
    %a = neg %x : float
    yield %a
  } {
    yield %x
  }
  %z = neg %a : float
  return %z
}"""


def test_reads_of_a_region_that_is_over():
    broken("defined before it is read", BRANCH)
    verify(parse(BRANCH), cross_reads=True)


def test_reads_before_the_definition():
    body = Region([Value(FLOAT, "x")])
    b = Builder(body)
    later = Op("neg", [body.params[0]], {}, [FLOAT])
    b.emit("neg", later.result)
    body.ops.append(later)
    for cross_reads in (False, True):
        with pytest.raises(InternalError, match="defined before it is read"):
            verify(Function("f", body), cross_reads)


def test_values_in_extents_are_reads():
    body = Region()
    Builder(body).emit("iota", 0, 1, size=Dim.of(Value(INT, "n")), dtype="i64")
    with pytest.raises(InternalError, match=r"defined before it is read.*%n"):
        verify(Function("f", body))


def test_a_value_is_defined_once():
    x = Value(FLOAT, "x")
    with pytest.raises(InternalError, match="defined once"):
        verify(Function("f", Region([x, x])))


def test_unknown_symbols():
    body = Region()
    Builder(body).emit("full", constant(0.0), shape=(Dim.of("n7"),), dtype="f64")
    with pytest.raises(InternalError, match="symbols are extents of parameters: n7"):
        verify(Function("f", body))


def test_extents_are_integers():
    x = Value(FLOAT, "x")
    with pytest.raises(InternalError, match="extents are integers"):
        verify(Function("f", Region([x, Value(array("f64", Dim.of(x)), "a")])))


@pytest.mark.parametrize(
    "rule, body",
    [
        ("in the registry", "%y = frobnicate %x : f64[n0]"),
        ("what the registry infers", "%y = neg %x : f32[n0]"),
        ("what the registry infers", "%y = neg %x : f64[n0 + 1]"),
        ("what the registry infers", "%y = sum %x {axes=(0,), keepdims=False} : f64[n0]"),
        ("operands and attributes fit", "%y = add %x, %w : f64[n0]"),
        ("operands and attributes fit", "%y = sum %x {} : f64"),
        ("every At and Gather takes", "%y = load %x {index=(at,)} : f64"),
        ("an index fits its operands", "%y = load %x, %i, %i {index=(at, at)} : f64"),
        ("an integer index has 64 bits", "%y = load %x, 1.0 {index=(at,)} : f64"),
        ("do not broadcast together", "%y = store %x, %w {index=(span(0, n0),)} : f64[n0]"),
        ("New occurs only in load", "%y = store %x, 1.0 {index=(new, span(0, n0))} : f64[n0]"),
        ("step of a Span", "%y = load %x {index=(span(0, n0, 0),)} : f64[n0]"),
        ("extents are not negative", "%y = full 1.0 {shape=[-1], dtype='f64'} : f64[-1]"),
        ("condition of check", "check %x {error='ValueError', message=''}"),
        ("a callee is known", "%y = call %x {callee='g'} : f64[n0]"),
        ("condition of if", "%y = if %i : int {\n yield 1\n } {\n yield 2\n }"),
        ("yields and results of if", "%y = if True : int {\n yield 1\n } {\n yield 2.0\n }"),
        ("yields and results of if", "%y = if True : int {\n yield 1\n } {\n yield\n }"),
        ("if has 2 regions", "%y = if True : int {\n yield 1\n }"),
        ("bounds and index of for", "for 0.0, 1, 1 {(%k: int):\n yield\n }"),
        ("step of for is not zero", "for 0, 1, 0 {(%k: int):\n yield\n }"),
        ("parameters and initial values", "%y = for 0, 1, 1, %x : f64[n0] {(%k: int):\n yield %x\n }"),
        (
            "yields and parameters of for",
            "%y = for 0, 1, 1, %x : f64[n0] {(%k: int, %c: f64[n0]):\n yield 1.0\n }",
        ),
        (
            "results and initial values of for",
            "%y = for 0, 1, 1, %x : f64 {(%k: int, %c: f64[n0]):\n yield %c\n }",
        ),
        ("for .stop. counts", "for 0, 1, 1 {stop=True} {(%k: int):\n yield True\n }"),
        ("first yield of for", "%y = for 0, 1, 1 {stop=True} : int {(%k: int):\n yield 1\n }"),
        (
            "condition of while",
            "%y = while %x : f64[n0] {(%c: f64[n0]):\n yield %c\n } {(%d: f64[n0]):\n yield %d\n }",
        ),
        (
            "yields and parameters of while",
            "%y = while %x : f64[n0] {(%c: f64[n0]):\n yield True\n } {(%d: f64[n0]):\n yield %i\n }",
        ),
    ],
)
def test_rules_of_ops(rule, body):
    broken(rule, "func f(%x: f64[n0], %w: f64[n1], %i: int) -> () {\n" + body + "\n return\n}")


def test_calls_bind_the_symbols_of_the_callee():
    callee = """
func g(%a: f64[n0], %b: f64[n0]) -> (f64[n0]) {
  %c = add %a, %b : f64[n0]
  return %c
}"""
    caller = """
func f(%x: f64[n0], %y: f64[n1]) -> () {{
  %r = call %x, %{} {{callee='g'}} : f64[{}]
  return
}}"""
    verify(parse(caller.format("x", "n0") + callee))
    broken("types of its callee", caller.format("y", "n0") + callee)
    broken("types of its callee", caller.format("x", "n1") + callee)
    broken("arguments and results", caller.format("x, %x", "n0") + callee)


TAPE = "func f(%c: bool) -> () {\n %t = tape_new {dtype='f64'} : tape<f64>\n"


def test_tapes_are_used_once():
    once = "%t1 = tape_push %t, 1.0 : tape<f64>\n"
    verify(parse(TAPE + once + "return\n}"))
    broken("a tape is used once", TAPE + once + once.replace("%t1", "%t2") + "return\n}")
    push = "%a = tape_push %t, 1.0 : tape<f64>\n"
    branch = f"%u = if %c : tape<f64> {{\n{push}yield %a\n}} {{\nyield %t\n}}\n"
    verify(parse(TAPE + branch + "return\n}"))
    broken("a tape is used once", TAPE + branch + once + "return\n}")


def test_tapes_are_carried_through_loops():
    loop = "for 0, 3, 1 {(%i: int):\n %t1 = tape_push %t, 1.0 : tape<f64>\n yield\n}\n"
    broken("a loop carries the tapes", TAPE + loop + "return\n}")
    carried = (
        "%u = for 0, 3, 1, %t : tape<f64> {(%i: int, %a: tape<f64>):\n"
        " %b = tape_push %a, 1.0 : tape<f64>\n yield %b\n}\n"
    )
    verify(parse(TAPE + carried + "return\n}"))


def test_the_message_shows_the_op():
    fn = parse("func f(%x: float) -> () {\n  %y = neg %x : f32\n  return\n}")
    with pytest.raises(InternalError, match=r"(?s)f is not valid.*f32, inferred float.*%y = neg %x"):
        verify(fn)
