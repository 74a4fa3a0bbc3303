"""`inplace`: right on random programs by its oracle, and tight on the programs it is meant for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pullback.rules  # noqa: F401  (fills the registry)
from pullback.analysis.alias import Aliases, Carried
from pullback.errors import InternalError
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function, Op, Region
from pullback.ir.parser import parse
from pullback.ir.verifier import verify
from pullback.transforms.inplace import conflicts, inplace
from pullback.transforms.inplace_check import check_inplace, run_destructive

from ..random_ir import random_arguments, random_function

PRODUCT_CHAIN = """
func product_chain(%x: f64[n0]) -> (f64) {
  %n = extent {dim=n0} : int
  %x1 = for 1, %n, 1, %x {} : f64[n0] {(%i: int, %c: f64[n0]):
    %a = load %c, %i {index=(at,)} : f64
    %j = sub %i, 1 : int
    %b = load %c, %j {index=(at,)} : f64
    %p = mul %a, %b : f64
    %y = store %c, %i, %p {index=(at,)} : f64[n0]
    yield %y
  }
  %r = load %x1, -1 {index=(at,)} : f64
  return %r
}
"""

SWAP = """
func swap(%x: f64[n0], %z: f64[n0], %n: int) -> (f64[n0], f64[n0]) {
  %a, %b = for 0, %n, 1, %x, %z {} : f64[n0], f64[n0] {(%i: int, %c: f64[n0], %d: f64[n0]):
    %v = load %c, %i {index=(at,)} : f64
    %w = mul %v, 2.0 : f64
    %y = store %d, %i, %w {index=(at,)} : f64[n0]
    yield %y, %c
  }
  return %a, %b
}
"""


def copies(fn: Function) -> list[tuple[Op, int]]:
    """The copies of a function with the number of loops around each."""
    found = []

    def visit(region: Region, loops: int) -> None:
        for op in region.ops:
            if op.opcode == "copy":
                found.append((op, loops))
            for r in op.regions:
                visit(r, loops + (op.opcode != "if"))

    visit(fn.body, 0)
    return found


def made(text: str, *args: object) -> Function:
    """The function of a text after inplace, checked on the arguments."""
    fn = parse(text)
    result = inplace(fn)
    verify(result)
    assert conflicts(result) == []
    for e, a in zip(interpret(fn, args), interpret(result, args), strict=True):
        np.testing.assert_array_equal(e, a)
    check_inplace(result, args)
    return result


X = np.arange(1.0, 6.0)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
def test_random_programs_keep_their_meaning(seed: int) -> None:
    fn = random_function(seed)
    args = random_arguments(seed)
    result = inplace(fn)
    verify(result)
    assert conflicts(result) == []
    expected = interpret(fn, args)
    for e, a in zip(expected, interpret(result, args), strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12)
    check_inplace(result, args)


def test_the_oracle_can_fail() -> None:
    """Most random programs go wrong without `inplace`: the test above means something."""
    wrong = 0
    for seed in range(60):
        try:
            check_inplace(random_function(seed), random_arguments(seed))
        except (InternalError, ValueError):
            wrong += 1
    assert wrong > 30


def test_loop_copies_the_parameter_once_outside() -> None:
    (found,) = copies(made(PRODUCT_CHAIN, X))
    assert found[1] == 0
    assert found[0].attrs["note"] == "the caller's x is not modified"


def test_owned_parameter_is_not_copied() -> None:
    fn = parse(PRODUCT_CHAIN)
    fn.attrs["owned"] = [0]
    assert copies(inplace(fn)) == []


def test_swapped_carries_stay_apart() -> None:
    assert [loops for _, loops in copies(made(SWAP, X, 2 * X, 5))] == [0, 0]


def test_one_array_in_two_carries_is_copied_outside() -> None:
    text = SWAP.replace("%x, %z {}", "%x, %x {}")
    assert [loops for _, loops in copies(made(text, X, X, 5))] == [0, 0]


def test_chain_of_stores_and_loops_copies_once() -> None:
    result = made(
        """
        func f(%x: f64[n0]) -> (f64[n0]) {
          %a = store %x, 0, 1.0 {index=(at,)} : f64[n0]
          %b = store %a, 1, 2.0 {index=(at,)} : f64[n0]
          %c = for 0, 3, 1, %b {} : f64[n0] {(%i: int, %p: f64[n0]):
            %q = for 0, 2, 1, %p {} : f64[n0] {(%j: int, %r: f64[n0]):
              %s = accum %r, %j, 1.0 {index=(at,)} : f64[n0]
              yield %s
            }
            yield %q
          }
          return %c
        }""",
        X,
    )
    assert [loops for _, loops in copies(result)] == [0]


def test_small_live_view_is_copied_rather_than_the_array() -> None:
    result = made(
        """
        func f(%n: int) -> (f64[2], f64[100]) {
          %x = full 1.0 {shape=(100,), dtype="f64"} : f64[100]
          %v = load %x {index=(span(0, 2),)} : f64[2]
          %y = store %x, 0, 7.0 {index=(at,)} : f64[100]
          return %v, %y
        }""",
        3,
    )
    ((copy, _),) = copies(result)
    assert str(copy.result.type) == "f64[2]"


def test_read_after_store_copies_before_the_store() -> None:
    result = made(
        """
        func f(%n: int) -> (f64) {
          %x = full 1.0 {shape=(4,), dtype="f64"} : f64[4]
          %y = store %x, 0, 7.0 {index=(at,)} : f64[4]
          %a = sum %x {axes=(0,), keepdims=False} : f64
          %b = sum %y {axes=(0,), keepdims=False} : f64
          %c = add %a, %b : f64
          return %c
        }""",
        3,
    )
    assert len(copies(result)) == 1


def test_outer_array_written_in_every_iteration_is_copied_in_the_loop() -> None:
    result = made(
        """
        func f(%n: int) -> (f64) {
          %x = full 1.0 {shape=(4,), dtype="f64"} : f64[4]
          %t = for 0, 4, 1, 0.0:f64 {} : f64 {(%i: int, %s: f64):
            %y = accum %x, %i, 1.0 {index=(at,)} : f64[4]
            %a = prod %y {axes=(0,), keepdims=False} : f64
            %b = add %s, %a : f64
            yield %b
          }
          return %t
        }""",
        3,
    )
    assert [loops for _, loops in copies(result)] == [1]


def test_needless_copies_of_the_program_go() -> None:
    result = made(
        """
        func f(%x: f64[n0]) -> (f64[n0]) {
          %a = copy %x : f64[n0]
          %b = copy %a : f64[n0]
          %c = store %b, 0, 1.0 {index=(at,)} : f64[n0]
          return %c
        }""",
        X,
    )
    assert len(copies(result)) == 1


def test_results_are_memory_of_their_own() -> None:
    result = made("func f(%x: f64[n0]) -> (f64[n0], f64[n0]) {\n  return %x, %x\n}", X)
    assert len(copies(result)) == 2


def test_callees_are_made_destructive_too() -> None:
    result = made(
        """
        func f(%x: f64[n0]) -> (f64[n0]) {
          %y = call %x {callee="g"} : f64[n0]
          %z = store %y, 1, 5.0 {index=(at,)} : f64[n0]
          %s = add %z, %x : f64[n0]
          return %s
        }
        func g(%a: f64[n0]) -> (f64[n0]) {
          %b = store %a, 0, 9.0 {index=(at,)} : f64[n0]
          return %b
        }""",
        X,
    )
    assert copies(result) == []  # the result of a call is a new buffer
    assert len(copies(result.callees["g"])) == 1


def test_argument_is_read_only_in_the_destructive_run() -> None:
    with pytest.raises(ValueError, match="read-only"):
        run_destructive(parse(PRODUCT_CHAIN), [X])


def test_swapped_carries_do_not_alias() -> None:
    fn = inplace(parse(SWAP))
    (loop,) = [Carried(op) for op in fn.body.walk() if op.opcode == "for"]
    aliases = Aliases(fn)
    assert not aliases.may_alias(*loop.params)
    assert not aliases.may_alias(*loop.results)
    assert all(aliases.may_alias(init, r) for init in loop.inits for r in loop.results)
