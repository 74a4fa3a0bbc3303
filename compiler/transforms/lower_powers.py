"""Powers with small constant exponents at the native level."""

from __future__ import annotations

import math

from ..ir.builder import Builder, constant
from ..ir.nodes import Const, Op, Operand
from ..ir.types import Type

_GREATEST = 8


def is_product(op: Op) -> bool:
    """Whether a power is a few multiplications."""
    base, exponent = op.operands
    if not isinstance(exponent, Const) or not base.type.is_float or not op.result.type.is_float or op.attrs.get("math"):
        return False
    return 0 < exponent.value <= _GREATEST and float(exponent.value).is_integer()


def power(b: Builder, x: Operand, y: Operand, op: Op) -> Operand | None:
    """``x**y`` of floats as products, and a square root where `y` has a half; None for other exponents.

    A few ulp from `pow`, and several times faster. What is infinite, zero or NaN is what `pow` gives.
    """
    t = op.result.type
    if not isinstance(y, Const) or not x.type.is_float or not t.is_float or op.attrs.get("math"):
        return None
    size = abs(float(y.value))
    if not 0 < size <= _GREATEST or not (2 * size).is_integer():
        return None
    if x.type.dtype != t.dtype:
        x = b.emit("cast", x, dtype=t.dtype, weak=False)
    if y.value == 0.5 and t.shape:
        return b.emit("sqrt", x)  # as NumPy has it for arrays
    number = Type(t.dtype, (), t.weak)
    one = constant(1.0, number)
    whole = int(size)
    product: Operand | None = None
    if whole != size:
        # pow takes -inf for inf, and -0.0 for 0.0
        infinite = b.emit("eq", x, constant(-math.inf, number))
        x = b.emit("where", infinite, constant(math.inf, number), b.emit("add", x, constant(0.0, number)))
        product = b.emit("sqrt", x)
    square = x
    while whole:
        if whole & 1:
            product = square if product is None else b.emit("mul", product, square)
        whole >>= 1
        if whole:
            square = b.emit("mul", square, square)
    assert product is not None
    if y.value < 0:
        product = b.emit("div", one, product, ieee=True)
    return b.emit("cast", product, dtype=t.dtype, weak=True) if t.weak and not product.type.weak else product
