"""simplify: what it does, and that results stay the same bit for bit."""

import pathlib

import numpy as np
import pytest

from pullback.ir.interp import interpret
from pullback.ir.parser import parse
from pullback.ir.verifier import verify
from pullback.transforms.simplify import simplify

from ..random_ir import random_arguments, random_function

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "simplify"


def simplified(text):
    fn = parse(text)
    verify(fn)
    before = str(fn)
    result = simplify(fn)
    verify(result)
    assert str(fn) == before, "the argument was modified"
    assert str(simplify(result)) == str(result), "a second time finds more"
    return result


def body_of(params, lines, returns):
    text = f"func f({params}) -> () {{\n{lines}\n return {returns}\n}}"
    return [line.strip() for line in str(simplified(text)).splitlines()[1:-1]]


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.in")), ids=lambda p: p.stem)
def test_golden(path, golden):
    golden(f"simplify/{path.stem}.out", str(simplified(path.read_text())))


@pytest.mark.parametrize("seed", range(60))
def test_random_functions_compute_the_same(seed):
    fn = random_function(seed)
    result = simplify(fn)
    verify(result)
    args = random_arguments(seed)
    for x, y in zip(interpret(fn, args), interpret(result, args), strict=True):
        assert np.asarray(x).tobytes() == np.asarray(y).tobytes()


X = "%x: f64[n0], %s: f64, %w: float, %i: int, %c: bool, %d: b1"


@pytest.mark.parametrize(
    "op, equals",
    [
        ("mul %x, 1.0 : f64[n0]", "%x"),
        ("mul 1, %i : int", "%i"),
        ("div %s, 1.0 : f64", "%s"),
        ("mul %s, 1.0:f64 : f64", "%s"),
        ("pow %x, 1 : f64[n0]", "%x"),
        ("sub %x, 0.0 : f64[n0]", "%x"),
        ("add %x, -0.0 : f64[n0]", "%x"),
        ("add %i, 0 : int", "%i"),
        ("cast %x {dtype='f64', weak=False} : f64[n0]", "%x"),
        ("copy %x : f64[n0]", "%x"),
        ("reshape %x {shape=[n0]} : f64[n0]", "%x"),
        ("transpose %x {perm=(0,)} : f64[n0]", "%x"),
        ("where True, %s, %s : f64", "%s"),
        ("where %d, %s, %s : f64", "%s"),
        ("logical_and True, %c : bool", "%c"),
        ("logical_or %c, False : bool", "%c"),
        ("load %x {index=(span(0, n0),)} : f64[n0]", "%x"),
        ("mul 3, 4 : int", "12"),
        ("div 1.0:f32, 3.0:f32 : f32", f"{float(np.float32(1) / np.float32(3))!r}:f32"),
        ("lt 1, 2 : bool", "True"),
        ("sqrt 2.0 {math=True} : float", "1.4142135623730951"),
        ("log 0.0:f64 : f64", "-inf:f64"),
        ("extent {dim=dim(3)} : int", "3"),
        ("cast 3 {dtype='f32', weak=False} : f32", "3.0:f32"),
    ],
)
def test_known_results(op, equals):
    assert body_of(X, f"%y = {op}", "%y") == [f"return {equals}"]


@pytest.mark.parametrize(
    "op",
    [
        "mul %x, 0.0 : f64[n0]",  # nan, infinity, sign
        "add %x, 0.0 : f64[n0]",  # -0.0 + 0.0 is 0.0
        "sub 0.0, %x : f64[n0]",
        "sub %x, -0.0 : f64[n0]",
        "sub %s, %s : f64",
        "div %s, %s : f64",
        "div %i, 1 : float",  # an int becomes a float
        "mul %w, 1.0:f64 : f64",  # a Python float becomes a NumPy one
        "div 1, 0 : float",  # raises
        "log 0.0 {math=True} : float",
        "stop_gradient %x : f64[n0]",
        "eq %s, %s : b1",
        "transpose %m {perm=(1, 0)} : f64[n1, n0]",
    ],
)
def test_not_simplified(op):
    result = body_of(X + ", %m: f64[n0, n1]", f"%y = {op}", "%y")
    assert result == [f"%y = {op}", "return %y"]


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("%a = neg %x : f64[n0]\n%y = add %s, %a : f64[n0]", "sub %s, %x : f64[n0]"),
        ("%a = neg %x : f64[n0]\n%y = sub %s, %a : f64[n0]", "add %s, %x : f64[n0]"),
        ("%a = neg %x : f64[n0]\n%y = add %a, %s : f64[n0]", "sub %s, %x : f64[n0]"),
        ("%y = mul %x, -1.0 : f64[n0]", "neg %x : f64[n0]"),
        ("%a = neg %x : f64[n0]\n%b = neg %s : f64\n%y = mul %a, %b : f64[n0]", "mul %x, %s : f64[n0]"),
        (
            "%a = transpose %t {perm=(1, 2, 0)} : f64[n2, 3, n1]\n%y = transpose %a {perm=(2, 1, 0)} : f64[n1, 3, n2]",
            "transpose %t {perm=(0, 2, 1)} : f64[n1, 3, n2]",
        ),
    ],
)
def test_rewritten(lines, expected):
    assert body_of(X + ", %t: f64[n1, n2, 3]", lines, "%y") == [f"%y = {expected}", "return %y"]


def test_inverse_transposes_cancel():
    lines = """%a = transpose %t {perm=(1, 2, 0)} : f64[n2, 3, n1]
%y = transpose %a {perm=(2, 0, 1)} : f64[n1, n2, 3]"""
    assert body_of("%t: f64[n1, n2, 3]", lines, "%y") == ["return %t"]


def test_zeros_and_nans_are_told_apart_in_sharing():
    lines = """%a = mul %x, 0.0 : f64[n0]
%b = mul %x, -0.0 : f64[n0]
%c1 = mul %x, nan : f64[n0]
%c2 = mul %x, nan : f64[n0]"""
    result = body_of(X, lines, "%a, %b, %c1, %c2")
    assert result[-1] == "return %a, %b, %c1, %c1"


def test_fresh_buffers_are_not_shared():
    lines = """%a = full 0.0 {shape=[n0], dtype='f64'} : f64[n0]
%b = full 0.0 {shape=[n0], dtype='f64'} : f64[n0]"""
    assert body_of(X, lines, "%a, %b")[-1] == "return %a, %b"


def test_sharing_keeps_an_op_that_must_raise():
    lines = "%a = div 1.0, %w {reverse=True} : float\n%b = div 1.0, %w : float"
    assert body_of(X, lines, "0") == ["%a = div 1.0, %w : float", "return 0"]
    assert body_of(X, "%a = div 1.0, %w {reverse=True} : float", "0") == ["return 0"]


def test_sharing_reaches_inner_regions_but_not_siblings():
    lines = """
%a = exp %s : f64
%r = if %c : f64 {
  %b = exp %s : f64
  %p = sin %s : f64
  %q = mul %b, %p : f64
  yield %q
} {
  %t = sin %s : f64
  yield %t
}
%u = add %a, %r : f64"""
    result = body_of(X, lines, "%u")
    assert sum(" exp " in line for line in result) == 1
    assert sum(" sin " in line for line in result) == 2


def test_a_stored_element_is_read_back():
    lines = """%a = store %x, %i, %s {index=(at,)} : f64[n0]
%y = load %a, %i {index=(at,)} : f64
%z = load %a, 0 {index=(at,)} : f64"""
    result = body_of(X, lines, "%a, %y, %z")
    assert result[-1] == "return %a, %s, %z"
    # a float64 is not what is read from a float32 array
    lines = lines.replace("%x", "%h").replace("f64", "f32")
    assert body_of(X + ", %h: f32[n0]", lines, "%a, %y")[-1] == "return %a, %y"


def test_repeated_places_are_not_read_back():
    lines = "%a = store %x, %k, %v {index=(gather,)} : f64[n0]\n%y = load %a, %k {index=(gather,)} : f64[n1]"
    assert body_of(X + ", %k: i64[n1], %v: f64[n1]", lines, "%y")[-1] == "return %y"


def test_loads_in_range_are_dropped_and_others_stay():
    lines = """
%n = extent {dim=n0} : int
for 0, %n, 1 {(%k: int):
  %a = load %x, %k {index=(at,)} : f64
  yield
}
%b = load %x, %i {index=(at,)} : f64"""
    assert body_of(X, lines, "0") == ["%b = load %x, %i {index=(at,)} : f64", "return 0"]


def test_effects_stay_in_order():
    lines = """
print %i {template='first'}
for 0, %i, 1 {(%k: int):
  %a = mul %k, 1 : int
  print %a {template='{}'}
  yield
}
check %c {error='ValueError', message='stop'}
print %i {template='last'}"""
    codes = [line.split()[0] for line in body_of(X, lines, "0")]
    assert codes == ["print", "for", "print", "yield", "}", "check", "print", "return"]


def test_values_read_from_outside_their_region_keep_it():
    """Between reverse and retain."""
    text = """
func f(%x: f64, %n: int) -> (f64) {
  for 0, %n, 1 {(%i: int):
    %a = exp %x : f64
    %dead = sin %x : f64
    yield
  }
  %z = neg %a : f64
  return %z
}"""
    result = simplify(parse(text))
    verify(result, cross_reads=True)
    assert [op.opcode for op in result.body.walk()] == ["for", "exp", "neg"]


def test_callees_are_simplified_and_unused_ones_dropped():
    text = """
func f(%x: float) -> (float) {
  %a = call %x {callee='g'} : float
  %dead = call %x {callee='h'} : float
  return %a
}
func g(%x: float) -> (float) {
  %y = mul %x, 1.0 : float
  return %y
}
func h(%x: float) -> (float) {
  %y = neg %x : float
  return %y
}"""
    result = simplified(text)
    assert list(result.callees) == ["g"]
    assert not result.callees["g"].body.ops
