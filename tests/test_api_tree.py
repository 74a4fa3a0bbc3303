"""Trees: structure is kept, leaves and paths come in order."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import pullback as pb
from pullback import tree
from pullback.ir.dims import Dim
from pullback.signature import Signature, classify, scan


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    w: Any
    b: Any = 0.0


@dataclass(frozen=True, slots=True)
class Positive:
    value: float

    def __post_init__(self) -> None:
        if self.value <= 0:
            raise ValueError("not positive")


NESTED = {"p": Point(1.0, [2.0, (3.0,)]), "l": Layer(4.0, None)}


def test_leaves_paths_and_order() -> None:
    assert list(tree.leaves_with_paths(NESTED, "a")) == [
        ("a['p'].x", 1.0),
        ("a['p'].y[0]", 2.0),
        ("a['p'].y[1][0]", 3.0),
        ("a['l'].w", 4.0),
        ("a['l'].b", None),
    ]


def test_map_keeps_structure_and_types() -> None:
    assert tree.map_leaves(lambda x: x, NESTED) == NESTED
    doubled = tree.map_leaves(lambda x: None if x is None else 2 * x, NESTED)
    assert doubled == {"p": Point(2.0, [4.0, (6.0,)]), "l": Layer(8.0, None)}
    assert type(doubled["p"]) is Point


def test_a_dataclass_is_rebuilt_without_its_checks() -> None:
    assert tree.map_leaves(lambda x: -x, Positive(2.0)).value == -2.0


def test_match_goes_by_key() -> None:
    found = [(p, a, b) for p, a, b in tree.match({"a": 1, "b": 2}, {"b": 20, "a": 10}, "ct")]
    assert found == [("ct['a']", 1, 10), ("ct['b']", 2, 20)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1, 2, 3), r"ct has to have 2 elements, not 3"),
        ([1, 2], r"ct has to be a tuple, not a list of 2"),
        (1.0, r"ct has to be a tuple, not a float"),
    ],
)
def test_match_names_the_difference(given: Any, message: str) -> None:
    with pytest.raises(pb.PullbackTypeError, match=message):
        list(tree.match((1, 2), given, "ct"))


def signature(*args: Any) -> Signature:
    key: list[Any] = [len(args)]
    for a in args:
        scan(a, key, [], False)
    return Signature(args, {}, tuple("abcdefg"[: len(args)]), tuple(key))


def types(s: Signature) -> list[str]:
    args, _, _ = s.abstract({}, False)
    return [str(x.type) for x in tree.leaves(args) if hasattr(x, "type")]


def test_equal_extents_share_a_symbol_and_ones_are_constants() -> None:
    s = signature(np.ones((3, 4)), np.ones((4, 1)), np.ones(3, np.float32), 2.0, 5, np.int8(1))
    assert types(s) == ["f64[n0, n1]", "f64[n1, 1]", "f32[n0]", "float", "int", "i8"]
    assert s.extents == {"n0": 3, "n1": 4}


def test_pattern_is_shared_by_shapes_with_the_same_equalities() -> None:
    assert signature(np.ones((3, 4))).pattern == signature(np.ones((7, 5))).pattern
    assert signature(np.ones((3, 4))).pattern != signature(np.ones((4, 4))).pattern
    assert signature(np.ones((3, 4))).pattern != signature(np.ones((1, 4))).pattern
    assert signature(np.ones(3), 1.0).pattern != signature(np.ones(3), 1).pattern


def test_zero_extent_is_an_extent_like_others() -> None:
    assert types(signature(np.ones((0, 2)), np.ones(0))) == ["f64[n0, n1]", "f64[n0]"]


def test_fixed_symbols_and_static_ints() -> None:
    args, _, slots = signature(np.ones((3, 4)), 5, 2.0).abstract({"n1": Dim.of(4)}, True)
    assert str(args[0].type) == "f64[n0, 4]"
    assert args[1].value == 5
    assert slots == [0, 2]


def test_rank_zero_array_is_a_strong_scalar() -> None:
    assert types(signature(np.array(2.0), np.float32(1), np.array(True))) == ["f64", "f32", "b1"]


def test_static_values_are_part_of_the_key() -> None:
    f, g = (lambda x: x), (lambda x: x)
    different = [True, False, None, "a", "b", f, g, np.float64, np.dtype("f4"), ...]
    patterns = {signature(x).pattern for x in different}
    assert len(patterns) == len(different)
    assert signature("a").pattern == signature("a").pattern
    assert signature(f).pattern == signature(f).pattern


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.matrix([[1.0]]), TypeError, "p is a matrix"),
        (np.ma.masked_array([1.0]), TypeError, "p is a MaskedArray"),
        (np.array([1j]), TypeError, "p has dtype complex128"),
        (np.array([None]), TypeError, "p has dtype object"),
        (np.array(["a"]), TypeError, "p has dtype <U1"),
        (np.float16(1), TypeError, "p has dtype float16"),
        (np.array(["2020"], "datetime64[Y]"), TypeError, "p has dtype datetime64"),
        (1j, NotImplementedError, "p is complex"),
        (10**30, ValueError, "does not fit 64 bits"),
        (OrderedDict(a=1.0), TypeError, "p is a OrderedDict"),
        ({1.0, 2.0}, TypeError, "p is a set"),
    ],
)
def test_refused_leaves(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(pb.PullbackError, match=message) as caught:
        classify(value, "p")
    assert isinstance(caught.value, error)


def test_byte_swapped_and_unusual_integer_types_are_accepted() -> None:
    assert classify(np.ones(2, ">f8"), "p").dtype == "f64"
    assert classify(np.ones(2, np.longlong), "p").dtype == "i64"
