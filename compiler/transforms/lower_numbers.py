"""What Python raises for arithmetic with numbers, and ``math`` for functions of them, as checks at the native level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.bounds import prove_nonneg
from ..analysis.effects import TOTAL_MATH
from ..ir.dims import Dim
from ..ir.nodes import Const, Op, Operand, Value, as_dim
from .lower_powers import power

if TYPE_CHECKING:
    from .lower_decompose import _Decomposer

_MATH_NUMBERS = frozenset({"exp", "exp2", "expm1", "sinh", "cosh"})  # never NaN of a number
_MATH_FINITE = frozenset({  # never infinite of a finite number
    "sqrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "tanh", "erf", "erfc",
    "copysign", "floor", "ceil", "fmod",
})  # fmt: skip
_MATH_POLES = frozenset({"log", "log2", "log10", "log1p", "arctanh"})


def divide(d: _Decomposer, op: Op) -> list[Operand] | None:
    """Python numbers raise ZeroDivisionError."""
    x, y = d.xs(op)
    if _raises(op, x, y) and not (isinstance(y, Const) and y.value != 0):
        d.check(d.scalar("ne", y, 0), "ZeroDivisionError", _zero_division(op.opcode, x, y))
    return None


def remainder(d: _Decomposer, op: Op) -> list[Operand] | None:
    x, y = d.xs(op)
    made = _remainder(d, op, x, y)
    return divide(d, op) if made is None else [made]


def raise_to(d: _Decomposer, op: Op) -> list[Operand] | None:
    """A power; Python numbers raise ZeroDivisionError, ValueError and OverflowError."""
    x, y = d.xs(op)
    raises = _raises(op, x, y)
    if raises:
        _check_power(d, x, y)
    made = power(d.b, x, y, op)
    if raises and op.result.type.is_float and not (isinstance(y, Const) and 0 <= y.value <= 1):
        if made is None:
            made = d.clone(op).result
        _check_range(d, made, x, y)
    return None if made is None else [made]


def _raises(op: Op, x: Operand, y: Operand) -> bool:
    return x.type.weak and y.type.weak and not op.attrs.get("ieee") and not op.attrs.get("math")


def _remainder(d: _Decomposer, op: Op, x: Operand, y: Operand) -> Operand | None:
    """``(i + 1) % n`` without a division, where `i` is an index of `n` places."""
    if not all(v.type.is_scalar and v.type.dtype == "i64" for v in (*op.operands, op.result)):
        return None
    at, n = (as_dim(v) for v in op.operands)

    def proved(extent: Dim) -> bool:
        return prove_nonneg(extent, d.here)

    if not proved(n - 1):
        return None
    t = d.subst.type(op.result.type)
    if proved(n - 1 - at):
        if proved(at):
            return d.scalar("add", x, 0, t=t)
        if proved(at + n):
            return d.scalar("where", d.scalar("lt", x, 0), d.scalar("add", x, y, t=t), x, t=t)
    elif proved(at) and proved(2 * n - 1 - at):
        return d.scalar("where", d.scalar("ge", x, y), d.scalar("sub", x, y, t=t), x, t=t)
    return None


def _check_power(d: _Decomposer, x: Operand, y: Operand) -> None:
    if not (isinstance(y, Const) and y.value >= 0):
        zero, below = d.scalar("eq", x, 0), d.scalar("lt", y, 0)
        bad = d.scalar("logical_and", zero, below)
        d.check(d.scalar("logical_not", bad), "ZeroDivisionError", "0.0 cannot be raised to a negative power")
    if y.type.is_float and not (isinstance(y, Const) and float(y.value).is_integer()):
        below = d.scalar("lt", x, 0)
        whole = d.scalar("eq", d.scalar("floor", y, t=y.type), y)
        finite = d.scalar("isfinite", x)
        bad = d.scalar("logical_and", d.scalar("logical_and", below, finite), d.scalar("logical_not", whole))
        d.check(d.scalar("logical_not", bad), "ValueError", "negative number cannot be raised to a fractional power")


def _check_range(d: _Decomposer, made: Operand, x: Operand, y: Operand) -> None:
    """A power of finite Python numbers is finite."""
    finite = [d.scalar("isfinite", v) for v in (x, y) if v.type.is_float and not isinstance(v, Const)]
    bad = d.scalar("isinf", made)
    for known in finite:
        bad = d.scalar("logical_and", bad, known)
    message = "(34, 'Numerical result out of range')"
    d.check(d.scalar("logical_not", bad), "OverflowError", message)


def check_math(d: _Decomposer, op: Op) -> None:
    """What Python's math module raises, from the value: NaN from numbers, infinity from finite ones."""
    if op.opcode in TOTAL_MATH:
        return
    y = d.subst.operand(op.result)
    xs = d.xs(op)
    known: Value | None = None
    finite: Value | None = None
    for x in xs:
        is_nan, is_finite = d.scalar("isnan", x), d.scalar("isfinite", x)
        known = is_nan if known is None else d.scalar("logical_or", known, is_nan)
        finite = is_finite if finite is None else d.scalar("logical_and", finite, is_finite)
    assert known is not None and finite is not None
    if op.opcode not in _MATH_NUMBERS:
        ok = d.scalar("logical_or", d.scalar("logical_not", d.scalar("isnan", y)), known)
        d.check(ok, "ValueError", "math domain error")
    if op.opcode in _MATH_FINITE:
        return
    ok = d.scalar("logical_or", d.scalar("logical_not", d.scalar("isinf", y)), d.scalar("logical_not", finite))
    pole = op.opcode in _MATH_POLES
    if op.opcode == "lgamma":  # its poles are not above 0
        d.check(d.scalar("logical_or", ok, d.scalar("gt", xs[0], 0.0)), "ValueError", "math domain error")
        pole = False
    d.check(ok, "ValueError" if pole else "OverflowError", "math domain error" if pole else "math range error")


def _zero_division(opcode: str, x: Operand, y: Operand) -> str:
    """CPython's message."""
    is_float = x.type.is_float or y.type.is_float
    if opcode == "div":
        return "float division by zero" if is_float else "division by zero"
    if opcode == "floordiv":
        return "float floor division by zero" if is_float else "integer division or modulo by zero"
    return "float modulo" if is_float else "integer modulo by zero"
