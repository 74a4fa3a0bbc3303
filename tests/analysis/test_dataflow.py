"""Uses, liveness, invariance, effects."""

import pytest

from pullback.analysis.bounds import Facts, facts_before
from pullback.analysis.dataflow import defined_inside, is_invariant, live_after, uses
from pullback.analysis.effects import has_effect, is_pure, may_raise
from pullback.ir.parser import parse

NEST = """
func f(%x: f64[n0], %n: int, %s: f64) -> (f64) {
  %a = add %s, 1.0 : f64
  %b = add %s, 2.0 : f64
  %z = iota 0, 1 {size=%n, dtype='i64'} : i64[%n]
  %r = for 0, %n, 1, %a : f64 {(%i: int, %c: f64):
    %d = mul %c, %b : f64
    %e = mul %d, %d : f64
    %u = if True : f64 {
      %g = add %e, %c : f64
      yield %g
    } {
      yield %e
    }
    yield %u
  }
  %w = exp %r : f64
  %dead = exp %r : f64
  return %w
}"""


def named(fn):
    values = {p.hint: p for p in fn.params}
    for op in fn.body.walk():
        values |= {v.hint: v for v in (*op.results, *(p for r in op.regions for p in r.params))}
    return values


def test_liveness():
    fn = parse(NEST)
    v = named(fn)
    live = {name: {x.hint for x in live_after(fn)[value.op]} for name, value in v.items() if value.op}
    assert live["a"] == {"a", "s", "n"}
    assert live["b"] == {"a", "b", "n"}  # n is read by an extent of iota, and by the loop
    assert live["r"] == {"r"}
    assert live["d"] == {"d", "b", "c"}  # b again in the next iteration, c by %g
    assert live["e"] == {"e", "c", "b"}
    assert live["g"] == {"g", "b"}
    assert live["u"] == {"u", "b"}
    assert live["w"] == {"w", "r"}
    assert live["dead"] == {"w"}


def test_uses_count_extents_and_yields():
    fn = parse(NEST)
    v, found = named(fn), uses(fn)
    codes = {k: [op.opcode if op else "yield" for op, _ in found.get(x, [])] for k, x in v.items()}
    assert codes["n"] == ["iota", "for"]
    assert codes["d"] == ["mul"]
    assert codes["e"] == ["add", "yield"]
    assert codes["w"] == ["yield"]
    assert codes["x"] == codes["dead"] == []


def test_invariance():
    fn = parse(NEST)
    v = named(fn)
    loop = v["r"].op
    assert {x.hint for x in defined_inside(loop.regions)} == {"i", "c", "d", "e", "u", "g"}
    assert is_invariant(v["b"], loop) and not is_invariant(v["g"], loop) and not is_invariant(v["i"], loop)


@pytest.mark.parametrize(
    "op, raises",
    [
        ("%y = div %x, 2.0 : float", False),
        ("%y = div %x, 0.0 : float", True),
        ("%y = div 1.0, %x : float", True),
        ("%y = div %a, %b : f64[n0]", False),
        ("%y = mod %i, 3 : int", False),
        ("%y = floordiv %i, %i : int", True),
        ("%y = pow %i, 2 : int", False),
        ("%y = pow %x, 0.5 : float", True),
        ("%y = pow %a, 0.5 : f64[n0]", False),
        ("%y = log %x {math=True} : float", True),
        ("%y = arctan %x {math=True} : float", False),
        ("%y = log %x : f64", False),
        ("%y = load %a, 0 {index=(at,)} : f64", True),
        ("%y = load %a {index=(span(0, n0, 1),)} : f64[n0]", False),
        ("%y = load %c, -3 {index=(at,)} : f64", False),
        ("%y = load %c, 3 {index=(at,)} : f64", True),
        ("%y = load %c, %k {index=(gather,)} : f64[2]", True),
        ("%y = max %a {axes=(0,), keepdims=False} : f64", True),
        ("%y = max %c {axes=(0,), keepdims=False} : f64", False),
        ("%y = max %d {axes=(0,), keepdims=False} : f64[n0]", False),
        ("check True {error='ValueError', message=''}", False),
        ("check False {error='ValueError', message=''}", True),
        ("for 0, 3, 1 {(%q: int):\n %y = load %c, %q {index=(at,)} : f64\n yield\n }", False),
        ("for 0, 4, 1 {(%q: int):\n %y = load %c, %q {index=(at,)} : f64\n yield\n }", True),
        ("%y = call %x {callee='total'} : float", False),
        ("%y = call %x {callee='partial'} : float", True),
        ("%y = call %x {callee='recursive'} : float", True),
        ("%y = cast %x {dtype='i64', weak=True} : int", True),
    ],
)
def test_may_raise(op, raises):
    fn = parse(
        "func f(%a: f64[n0], %b: f64[n0], %c: f64[3], %d: f64[2, n0],"
        " %k: i64[2], %x: float, %i: int) -> () {\n"
        + op
        + """\n return\n}
func total(%x: float) -> (float) {
  %y = mul %x, 2.0 : float
  return %y
}
func partial(%x: float) -> (float) {
  %y = call %x {callee='total'} : float
  %z = sqrt %y {math=True} : float
  return %z
}
func recursive(%x: float) -> (float) {
  %y = call %x {callee='recursive'} : float
  return %y
}"""
    )
    assert may_raise(fn.body.ops[0], None, fn.callees) is raises
    assert is_pure(fn.body.ops[0], None, fn.callees) is not raises


def test_facts_sharpen_may_raise():
    fn = parse("""
func f(%a: f64[n0], %i: int) -> () {
  %c = lt %i, 5 : bool
  %n = extent {dim=n0} : int
  for 0, %n, 1 {(%k: int):
    %x = load %a, %k {index=(at,)} : f64
    yield
  }
  return
}""")
    load = next(op for op in fn.body.walk() if op.opcode == "load")
    assert may_raise(load, Facts())
    assert not may_raise(load, facts_before(fn)[load])


def test_effects():
    fn = parse("""
func f(%i: int) -> () {
  for 0, %i, 1 {(%k: int):
    call %k {callee='g'}
    yield
  }
  return
}
func g(%k: int) -> () {
  print %k {template='{}'}
  return
}""")
    assert has_effect(fn.body.ops[0], fn.callees)
    assert has_effect(fn.body.ops[0])  # an unknown callee
