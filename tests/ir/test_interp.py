"""The interpreter against plain Python and NumPy."""

import builtins
import pathlib

import numpy as np
import pytest

from pullback.errors import InternalError
from pullback.ir.interp import interpret
from pullback.ir.parser import parse


def run(text, *args):
    return interpret(parse(text), args)


def test_loops_and_stores_have_value_semantics():
    text = """
func chain(%x0: f64[n0]) -> (f64[n0], f64[n0]) {
  %n = extent {dim=n0} : int
  %x = for 1, %n, 1, %x0 : f64[n0] {(%i: int, %c: f64[n0]):
    %j = sub %i, 1 : int
    %a = load %c, %i {index=(at,)} : f64
    %b = load %c, %j {index=(at,)} : f64
    %p = mul %a, %b : f64
    %s = store %c, %i, %p {index=(at,)} : f64[n0]
    yield %s
  }
  return %x, %x0
}"""
    x = np.array([2.0, 3.0, 4.0])
    chained, same = run(text, x)
    assert x.tolist() == same.tolist() == [2, 3, 4]
    assert chained.tolist() == [2, 6, 24]
    assert not np.shares_memory(same, x)


@pytest.mark.parametrize("bounds", [(0, 5, 1), (5, 0, -2), (3, 3, 1), (4, 1, 1), (-7, 8, 3)])
def test_for_counts_as_range(bounds):
    text = """
func f(%a: int, %b: int, %c: int) -> (int, int) {
  %r, %k = for %a, %b, %c, 0, 0 : int, int {(%i: int, %s: int, %t: int):
    %u = mul %s, 10 : int
    %v = add %u, %i : int
    %w = add %t, 1 : int
    yield %v, %w
  }
  return %r, %k
}"""
    total = 0
    for i in range(*bounds):
        total = total * 10 + i
    assert run(text, *bounds) == [total, len(range(*bounds))]


def test_for_stops_after_the_iteration_that_asks():
    text = """
func f(%n: int) -> (int, int) {
  %t, %r = for 0, %n, 1, 100 {stop=True} : int, int {(%i: int, %s: int):
    %d = eq %i, 2 : bool
    %u = add %s, %i : int
    yield %d, %u
  }
  return %t, %r
}"""
    assert run(text, 10) == [3, 103]
    assert run(text, 2) == [2, 101]
    assert run(text, 0) == [0, 100]


def test_while_counts_its_trips():
    text = """
func collatz(%n: int) -> (int, int) {
  %t, %r = while %n {counted=True} : int, int {(%a: int):
    %c = ne %a, 1 : bool
    yield %c
  } {(%b: int):
    %m = mod %b, 2 : int
    %odd = eq %m, 1 : bool
    %next = if %odd : int {
      %p = mul %b, 3 : int
      %q = add %p, 1 : int
      yield %q
    } {
      %h = floordiv %b, 2 : int
      yield %h
    }
    yield %next
  }
  return %t, %r
}"""
    assert run(text, 27) == [111, 1]
    assert run(text, 1) == [0, 1]


def test_mutual_recursion():
    text = (pathlib.Path(__file__).parents[1] / "golden/ir/calls.ir").read_text()
    assert run(text, 9) == [False]
    assert run(text, 10) == [True]


def test_tapes_are_last_in_first_out_and_values():
    text = """
func f(%x: f64[n0]) -> (f64[n0], f64) {
  %t0 = tape_new {dtype='f64'} : tape<f64>
  %t1 = tape_push %t0, %x : tape<f64>
  %t2 = tape_push %t1, 7.0:f64 : tape<f64>
  %t3, %a = tape_pop %t2 {shape=()} : tape<f64>, f64
  %t4, %b = tape_pop %t3 {shape=[n0]} : tape<f64>, f64[n0]
  return %b, %a
}"""
    b, a = run(text, np.array([1.0, 2.0]))
    assert b.tolist() == [1, 2] and a == 7


def test_weak_scalars_are_python_numbers_and_strong_ones_are_not():
    text = """
func f(%a: float, %b: f32, %c: int, %d: bool, %e: i8) -> (float, f32, int, bool, i8) {
  %s = add %b, %a : f32
  %t = add %e, 100 : i8
  return %a, %s, %c, %d, %t
}"""
    a, s, c, d, t = run(text, np.float64(0.1), np.float32(1), np.int64(3), np.bool_(True), 100)
    assert [type(v) for v in (a, s, c, d, t)] == [float, np.float32, int, bool, np.int8]
    assert s == np.float32(1) + 0.1 and t == np.int8(-56)


@pytest.mark.parametrize("error", ["ValueError", "IndexError", "AssertionError", "LinAlgError"])
def test_check_raises_the_named_exception(error):
    text = f"""
func f(%i: int) -> () {{
  %c = lt %i, 3 : bool
  check %c, %i, 3 {{error='{error}', message='{{}} of {{}}'}}
  return
}}"""
    assert run(text, 2) == []
    expected = np.linalg.LinAlgError if error == "LinAlgError" else getattr(builtins, error)
    with pytest.raises(expected, match="4 of 3"):
        run(text, 4)


def test_print_is_an_effect(capsys):
    run("func f(%x: float) -> () {\n print %x, 2 {template='x is {} and {}'}\n return\n}", 1.5)
    assert capsys.readouterr().out == "x is 1.5 and 2\n"


def test_python_errors_are_raised():
    with pytest.raises(ZeroDivisionError):
        run("func f(%x: float) -> (float) {\n %y = div 1.0, %x : float\n return %y\n}", 0.0)
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with size 3"):
        load = "func f(%x: f64[n0]) -> (f64) {\n %y = load %x, 3 {index=(at,)} : f64\n return %y\n}"
        run(load, np.zeros(3))


def test_symbols_are_bound_from_linear_extents():
    text = """
func f(%x: f64[2*n0 + 1], %y: f64[n0, n1]) -> (int) {
  %s = extent {dim=n0 + 10*n1} : int
  return %s
}"""
    assert run(text, np.zeros(7), np.zeros((3, 2))) == [23]
    with pytest.raises(ValueError, match=r"should have shape \(7,\)"):
        run(text, np.zeros(8), np.zeros((3, 2)))


def test_arguments_that_do_not_fit():
    text = "func f(%x: f64[n0], %y: f64[n0]) -> () assume [n0 - 2] {\n return\n}"
    run(text, np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="should have shape"):
        run(text, np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="n0 - 2 is negative"):
        run(text, np.zeros(1), np.zeros(1))
    with pytest.raises(TypeError, match="float32"):
        run(text, np.zeros(2, np.float32), np.zeros(2))
    with pytest.raises(TypeError, match="rank 2"):
        run(text, np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(TypeError, match="takes 2 arguments"):
        run(text, np.zeros(2))


def test_values_of_a_region_end_with_it():
    text = """
func f(%x: float) -> (float) {
  for 0, 3, 1 {(%i: int):
    %a = neg %x : float
    yield
  }
  %z = neg %a : float
  return %z
}"""
    with pytest.raises(InternalError, match="has no value"):
        run(text, 1.0)
