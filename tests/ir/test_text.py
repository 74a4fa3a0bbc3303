"""The text form: what is printed parses back to the same text."""

import pathlib
import re

import numpy as np
import pytest

from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import Const, Function, Loc, Region, Value
from pullback.ir.parser import parse
from pullback.ir.printer import print_function, print_op
from pullback.ir.types import FLOAT, INT, Type, array
from pullback.ir.verifier import verify

from ..random_ir import random_arguments, random_function

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "ir"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ir")), ids=lambda p: p.stem)
def test_golden_files_print_as_they_are(path):
    text = path.read_text().rstrip("\n")
    fn = parse(text)
    assert print_function(fn, locs="@" in text) == text
    verify(fn)


@pytest.mark.parametrize("seed", range(40))
def test_random_functions_round_trip(seed):
    fn = random_function(seed)
    for locs in (False, True):
        text = print_function(fn, locs=locs)
        again = parse(text)
        assert print_function(again, locs=locs) == text
    verify(again)
    args = random_arguments(seed)
    for x, y in zip(interpret(fn, args), interpret(again, args), strict=True):
        np.testing.assert_array_equal(x, y)


def dim_function(make):
    """A function with the extent ``make(n0, n1, i, j)`` in a body whose values were made in reverse order."""
    j, i = Value(INT, "j"), Value(INT, "i")  # ids against the order of the text
    x = Value(array("f64", "n0", "n1"), "x")
    body = Region([x, i, j])
    size = make(Dim.of("n0"), Dim.of("n1"), Dim.of(i), Dim.of(j))
    body.yields = [Builder(body).emit("extent", dim=size)]
    return Function("f", body)


@pytest.mark.parametrize(
    "make",
    [
        lambda n, m, i, j: -((n + 1) // 2),
        lambda n, m, i, j: (n + 1) // 2 * m - 3,
        lambda n, m, i, j: n - (i * j) // 3 - m // (j + 1),
        lambda n, m, i, j: (i - j).min(n - 1) - (j * 2).max(m // 2),
        lambda n, m, i, j: 2 * ((n - j).max(0) // 3) + ((n * n - i).min(j) // 2) * m,
        lambda n, m, i, j: (n // 2) // 3 - ((n // 2 - j).max(1) // 4) * 5,
        lambda n, m, i, j: -i - j,
        lambda n, m, i, j: n * 0,
    ],
)
@pytest.mark.parametrize("numbers", [(7, 4, 3, -2), (2, 5, -9, 4), (0, 1, 6, 1)])
def test_extents_keep_their_value(make, numbers):
    fn = dim_function(make)
    text = str(fn)
    again = parse(text)
    assert str(again) == text
    n, m, i, j = numbers
    args = [np.zeros((n, m)), i, j]
    if j == -1:
        return

    class Int(int):
        """Python integers with the methods of extents: the oracle."""

        def __add__(self, o):
            return Int(int(self) + int(o))

        def __radd__(self, o):
            return Int(int(self) + int(o))

        def __sub__(self, o):
            return Int(int(self) - int(o))

        def __mul__(self, o):
            return Int(int(self) * int(o))

        def __rmul__(self, o):
            return Int(int(self) * int(o))

        def __neg__(self):
            return Int(-int(self))

        def __floordiv__(self, o):
            return Int(int(self) // int(o))

        def min(self, o):
            return Int(min(int(self), int(o)))

        def max(self, o):
            return Int(max(int(self), int(o)))

    expected = int(make(*map(Int, numbers)))
    assert interpret(fn, args) == interpret(again, args) == [expected]


@pytest.mark.parametrize(
    "const, text",
    [
        (constant(2.0), "2.0"),
        (constant(-0.0), "-0.0"),
        (constant(True), "True"),
        (constant(-3), "-3"),
        (Const(2.0, Type("f32")), "2.0:f32"),
        (Const(float("nan"), Type("f64")), "nan:f64"),
        (Const(float("-inf"), FLOAT), "-inf"),
        (Const(7, Type("u8")), "7:u8"),
        (Const(False, Type("b1")), "False:b1"),
        (Const(1e-320, FLOAT), "1e-320"),
    ],
)
def test_constants(const, text):
    fn = Function("f", Region(yields=[const]))
    assert f"return {text}\n" in str(fn)
    (again,) = parse(str(fn)).body.yields
    assert again.type == const.type
    assert repr(again.value) == repr(const.value)


def test_names_are_unique_and_hints_are_cleaned():
    body = Region([Value(FLOAT, hint) for hint in ("x", "x", "x.y", "", "x1")])
    body.yields = list(body.params)
    text = str(Function("f", body))
    names = text.splitlines()[1].removeprefix("  return ").split(", ")
    assert len(set(names)) == 5
    assert str(parse(text)) == text


def test_locations_are_kept():
    body = Region([Value(FLOAT, "x")])
    b = Builder(body, Loc("a dir/it's.py", 3, 8, 12))
    body.yields = [b.emit("neg", body.params[0])]
    fn = Function("<lambda>", body)
    again = parse(print_function(fn, locs=True))
    assert again.name == "<lambda>"
    assert again.body.ops[0].loc == Loc("a dir/it's.py", 3, 8, 12)


def test_callees_are_shared_and_closed():
    fn = parse((GOLDEN / "calls.ir").read_text())
    assert list(fn.callees) == ["even", "odd"]
    assert list(fn.callees["even"].callees) == ["odd", "even"]
    assert fn.callees["odd"].callees["even"] is fn.callees["even"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("func f() -> () {\n  return %x\n}", "line 2: %x is not defined"),
        ("func f(%x: float) -> () {\n  %x = neg %x : float\n  return\n}", "%x is defined twice"),
        ("func f(%x: f63) -> () {\n  return\n}", "unknown type 'f63'"),
        ("func f() -> () {\n  return 1 2\n}", "expected '}'"),
        ("func f() -> () {\n  return ~\n}", "unexpected character '~'"),
        ("func f() -> () {\n", "expected a name, found 'end of text'"),
    ],
)
def test_syntax_errors_name_the_line(text, message):
    with pytest.raises(SyntaxError, match=re.escape(message)):
        parse(text)


def test_print_op_works_on_an_op_alone():
    fn = parse((GOLDEN / "loops.ir").read_text())
    for op in fn.body.walk():
        assert op.opcode in print_op(op)
