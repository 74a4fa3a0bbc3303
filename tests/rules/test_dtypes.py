"""Result dtypes: what `infer` declares is what NumPy computes, for every pair of dtypes; mixed precision keeps
each argument's own dtype in its adjoint."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from pullback.ir.builder import Builder, constant
from pullback.ir.nodes import Operand, Region, Value
from pullback.ir.opdef import REGISTRY, OpDef
from pullback.ir.types import DTYPES, FROM_NUMPY, Type

from .cases import VARIANTS, arity
from .oracle import Case, extents, forward_of, function_of, reverse_of, run

ELEMENTWISE = sorted(name for name, op in REGISTRY.items() if op.kind == "elementwise")
UNARY_ATTRS: dict[str, dict[str, Any]] = {"polygamma": {"n": 1}, "round_decimals": {"n": 1}}
PYTHON = {"f64": 2.0, "i64": 2, "b1": True}


def sampled(op: OpDef, dtype: str, rank: int) -> Any:
    value = 1 if dtype == "b1" else 0.75 if dtype[0] == "f" and op.sample == "unit" else 2 if op.sample != "unit" else 1
    return np.full((2,) * rank, value, DTYPES[dtype])[()]


def check_types(op: OpDef, operands: list[Operand], values: list[Any]) -> None:
    attrs = UNARY_ATTRS.get(op.name, {})
    what = f"{op.name}({', '.join(str(x.type) for x in operands)})"
    try:
        result = np.asarray(op.evaluate(attrs, *values))
    except TypeError:
        return  # the frontend refuses what NumPy refuses
    (inferred,) = op.infer(operands, attrs)
    assert inferred.dtype == FROM_NUMPY[result.dtype], what
    assert inferred.shape == extents(*result.shape), what


@pytest.mark.parametrize("opcode", [name for name in ELEMENTWISE if name != "cast"])
def test_inferred_dtypes_are_those_of_numpy(opcode: str) -> None:
    op = REGISTRY[opcode]
    for dtypes in itertools.product(DTYPES, repeat=arity(op)):
        if opcode == "where" and dtypes[0] != "b1":
            continue
        for ranks in [(1,) * len(dtypes), (0,) * len(dtypes), (1, *(0,) * (len(dtypes) - 1))]:
            values = [sampled(op, t, r) for t, r in zip(dtypes, ranks, strict=True)]
            types = [Type(t, extents(*np.shape(v))) for t, v in zip(dtypes, values, strict=True)]
            check_types(op, [Value(t) for t in types], values)


@pytest.mark.parametrize("opcode", [name for name in ELEMENTWISE if arity(REGISTRY[name]) == 2])
def test_python_numbers_are_weak(opcode: str) -> None:
    op = REGISTRY[opcode]
    for dtype, (weak, number), on_left in itertools.product(DTYPES, PYTHON.items(), (False, True)):
        array = np.full(2, 1, DTYPES[dtype])
        operands: list[Operand] = [Value(Type(dtype, extents(2))), constant(number)]
        values: list[Any] = [array, number]
        check_types(op, operands[::-1] if on_left else operands, values[::-1] if on_left else values)
        assert operands[1].type == Type(weak, (), True)


DIFFERENTIABLE = [name for name in ELEMENTWISE if REGISTRY[name].vjp and arity(REGISTRY[name]) == 2] + ["matmul"]


@pytest.mark.parametrize("opcode", DIFFERENTIABLE)
def test_mixed_precision_adjoints(opcode: str) -> None:
    """An argument's adjoint and tangent have its dtype, the value's adjoint that of the value."""
    assert opcode == "matmul" or opcode not in VARIANTS or opcode == "pow"
    shapes = (extents(3), extents(3))
    x, y = np.array([0.5, 1.25, 0.75]), np.array([1.5, 0.5, 2.0])
    for left, right in [(np.float32, np.float64), (np.float64, np.float32)]:
        inputs = (x.astype(left), y.astype(right))
        fn = function_of(Case(opcode, lambda b, a, c: b.emit(opcode, a, c), inputs, shapes))
        wide = function_of(Case(opcode, lambda b, a, c: b.emit(opcode, a, c), (x, y), shapes))
        g = np.ones(() if opcode == "matmul" else 3)
        assert fn.result_types[0].dtype == "f64"
        grads = run(reverse_of(fn, [0, 1]), [*inputs, g])[1:]
        assert [a.dtype for a in grads] == [left, right]
        for a, b in zip(grads, run(reverse_of(wide, [0, 1]), [x, y, g])[1:], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6)
        dots = (np.ones(3, left), np.ones(3, right))
        dot = run(forward_of(fn, [0, 1]), [*inputs, *dots])[1]
        expected = run(forward_of(wide, [0, 1]), [x, y, *map(np.float64, dots)])[1]
        assert dot.dtype == np.float64
        np.testing.assert_allclose(dot, expected, rtol=1e-12)


def test_integers_beside_floats() -> None:
    """An integer operand has no adjoint; the float one gets its own, also where it is promoted."""
    shapes = (extents(3), extents(3))
    for dtype in ("i64", "i32", "u8", "b1"):
        k = np.array([1, 0, 1]).astype(DTYPES[dtype])
        inputs = (np.array([0.5, -1.0, 2.0], np.float32), k)
        fn = function_of(Case("mul", lambda b, a, c: b.emit("mul", a, c), inputs, shapes))
        (grad,) = run(reverse_of(fn, [0]), [*inputs, np.ones(3, fn.result_types[0].numpy)])[1:]
        assert grad.dtype == np.float32
        np.testing.assert_array_equal(grad, k)


def test_casts() -> None:
    """float32 <-> float64 casts pass the derivative on, in the dtype of the operand."""
    for old, new in [("f32", "f64"), ("f64", "f32")]:
        x = np.array([0.5, -1.25], DTYPES[old])
        fn = function_of(Case("cast", lambda b, a: b.emit("cast", a, dtype=new, weak=False), (x,), (extents(2),)))
        g = np.array([2.0, 3.0], DTYPES[new])
        y, grad = run(reverse_of(fn, [0]), [x, g])
        assert (y.dtype, grad.dtype) == (DTYPES[new], DTYPES[old])
        np.testing.assert_array_equal(grad, g)
        y, dot = run(forward_of(fn, [0]), [x, x])
        assert dot.dtype == DTYPES[new]
        np.testing.assert_array_equal(dot, x)


REDUCTIONS = ["sum", "prod", "max", "min", "any", "all"]


@pytest.mark.parametrize("opcode", REDUCTIONS)
def test_reductions_of_every_dtype(opcode: str) -> None:
    for dtype in DTYPES:
        for axes in [(0,), (0, 1)]:
            x = np.ones((2, 3), DTYPES[dtype])
            attrs = {"axes": axes, "keepdims": False}
            (inferred,) = REGISTRY[opcode].infer([Value(Type(dtype, extents(2, 3)))], attrs)
            assert DTYPES[inferred.dtype] == np.asarray(REGISTRY[opcode].evaluate(attrs, x)).dtype, (opcode, dtype)


def test_scans_of_every_dtype() -> None:
    for opcode in ("cumsum", "cumprod"):
        for dtype in DTYPES:
            (inferred,) = REGISTRY[opcode].infer([Value(Type(dtype, extents(2)))], {"axis": 0})
            computed = REGISTRY[opcode].evaluate({"axis": 0}, np.ones(2, DTYPES[dtype]))
            assert DTYPES[inferred.dtype] == computed.dtype, (opcode, dtype)


def test_a_builder_emits_what_is_inferred() -> None:
    b = Builder(Region())
    x = Value(Type("f32", extents(2)))
    assert b.emit("mul", x, 2.0).type == x.type
    assert b.emit("div", x, 3).type == x.type
