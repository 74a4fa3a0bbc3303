"""Scalar ops of the native level as Python expressions.

An expression keeps NumPy's dtypes also inside Numba, which would widen: constants and weak scalars that
meet float32 are cast, and narrow integers are wrapped. Functions come from `pullback.runtime.scalar_math`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pullback.runtime import special

from ..ir.nodes import Const, Op, Operand
from ..ir.opdef import COMPARISONS, LOGIC, PREDICATES
from ..ir.types import Type, promote

# binding strength, weakest first
COMPARE, OR, AND, ADD, MUL, UNARY, POWER, ATOM = range(5, 13)
NOT = 4

_INFIX = {
    "add": ("+", ADD), "sub": ("-", ADD), "mul": ("*", MUL), "div": ("/", MUL), "floordiv": ("//", MUL),
    "mod": ("%", MUL), "bit_and": ("&", AND), "bit_or": ("|", OR), "bit_xor": ("^", OR),
    "shl": ("<<", ADD), "shr": (">>", ADD),
    "logical_and": ("&", AND), "logical_or": ("|", OR), "logical_xor": ("!=", COMPARE),
    "lt": ("<", COMPARE), "le": ("<=", COMPARE), "gt": (">", COMPARE), "ge": (">=", COMPARE),
    "eq": ("==", COMPARE), "ne": ("!=", COMPARE),
}  # fmt: skip
_SIGNED = frozenset({"i64", "i32", "i16", "i8"})
# mixed by Python's precedence in ways that differ from the table, so always in parentheses
_BITS = LOGIC | {"bit_and", "bit_or", "bit_xor", "shl", "shr"}
NUMPY_NAME = {
    "f64": "float64", "f32": "float32", "b1": "bool_",
    "i64": "int64", "i32": "int32", "i16": "int16", "i8": "int8",
    "u64": "uint64", "u32": "uint32", "u16": "uint16", "u8": "uint8",
}  # fmt: skip
_WIDE = frozenset({"f64", "i64", "b1"})


@dataclass(frozen=True, slots=True)
class Expr:
    """Text and how strongly its outermost operator binds; `reads` when it reads array elements."""

    text: str
    strength: int = ATOM
    reads: bool = False

    def at(self, strength: int) -> str:
        """The text as an operand that must bind at least as strongly as `strength`."""
        return self.text if self.strength >= strength else f"({self.text})"


class Imports:
    """Names that the printed module uses, by module."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}

    def use(self, module: str, name: str) -> str:
        self.names.setdefault(module, set()).add(name)
        return name

    def lines(self) -> list[str]:
        order = sorted(self.names, key=lambda m: (m.startswith("pullback"), m))
        return [f"from {m} import {', '.join(sorted(self.names[m]))}" for m in order]


class ScalarPrinter:
    def __init__(self, imports: Imports):
        self.imports = imports

    def math(self, name: str, args: Sequence[Expr]) -> Expr:
        self.imports.use("pullback.runtime.scalar_math", name)
        return Expr(f"{name}({', '.join(a.text for a in args)})", ATOM, any(a.reads for a in args))

    def cast_to(self, dtype: str, x: Expr) -> Expr:
        if dtype == "b1":
            return Expr(f"{x.at(COMPARE + 1)} != 0", COMPARE, x.reads)
        self.imports.use("numpy", NUMPY_NAME[dtype])
        return Expr(f"{NUMPY_NAME[dtype]}({x.text})", ATOM, x.reads)

    def constant(self, c: Const, dtype: str | None = None) -> Expr:
        """An immediate, of `dtype` where given."""
        dtype = dtype or c.type.dtype
        value: Any = c.value
        if dtype[0] == "f":
            value = float(value)
            if math.isnan(value) or math.isinf(value):
                name = self.imports.use("math", "nan" if math.isnan(value) else "inf")
                e = Expr(f"-{name}", UNARY) if value < 0 else Expr(name)
            else:
                e = Expr(repr(value), UNARY if math.copysign(1, value) < 0 else ATOM)
        elif dtype == "b1":
            return Expr(repr(bool(value)))
        else:
            e = Expr(repr(int(value)), UNARY if value < 0 else ATOM)
        return e if dtype in _WIDE else self.cast_to(dtype, e)

    def operand(self, x: Operand, e: Expr, dtype: str | None) -> Expr:
        """Operand `x`, printed as `e`, as an operand of a computation in `dtype`."""
        if isinstance(x, Const):
            return self.constant(x, dtype if dtype and (dtype[0] == "f" or dtype not in _WIDE) else None)
        if dtype is None or x.type.dtype == dtype:
            return e
        # beside a Python number, which a number of a wide dtype may be, NumPy keeps the narrow dtype
        widened = dtype in _WIDE and x.type.dtype[0] == dtype[0] and x.type.dtype not in _WIDE
        return self.cast_to(dtype, e) if widened or dtype not in _WIDE else e

    def op(self, op: Op, es: Sequence[Expr]) -> Expr:
        """A scalar elementwise op on printed operands."""
        code, t = op.opcode, op.result.type
        if code == "cast":
            return self._cast(op, es[0])
        if code in ("stop_gradient", "copy"):
            return es[0]
        if code == "where":
            a, b = (self.operand(x, e, t.dtype) for x, e in zip(op.operands[1:], es[1:], strict=True))
            return self.math("where", [self._truth(op.operands[0], es[0]), a, b])
        if code in LOGIC:
            es = [self._truth(x, e) for x, e in zip(op.operands, es, strict=True)]
            if code == "logical_not":
                return Expr(f"not {es[0].at(NOT)}", NOT, es[0].reads)
            return self._infix(code, es)
        dtype = self._compute_dtype(op)
        es = [self.operand(x, e, dtype) for x, e in zip(op.operands, es, strict=True)]
        if code in COMPARISONS:
            return self._compared(op, es)
        result = self._arithmetic(op, es)
        if t.dtype not in _WIDE and (t.dtype != "f32" or code not in _INFIX) and code not in PREDICATES:
            return self.cast_to(t.dtype, result)
        if t.is_bool and code in ("add", "mul", "maximum", "minimum"):
            return self.cast_to("b1", result)
        return result

    def _compute_dtype(self, op: Op) -> str | None:
        if op.opcode in COMPARISONS and all(x.type.is_int for x in op.operands):
            return None  # by value, as NumPy and Numba compare integers of whatever dtypes
        if op.opcode in COMPARISONS or op.opcode in PREDICATES:
            return promote([x.type for x in op.operands])[0]
        return op.result.type.dtype

    def _infix(self, code: str, es: Sequence[Expr]) -> Expr:
        symbol, strength = _INFIX[code]
        reads = es[0].reads or es[1].reads
        if code in _BITS or code in COMPARISONS:
            tight = ADD if code in COMPARISONS else ATOM
            return Expr(
                f"{es[0].at(tight)} {symbol} {es[1].at(tight)}", strength if code in COMPARISONS else NOT + 1, reads
            )
        return Expr(f"{es[0].at(strength)} {symbol} {es[1].at(strength + 1)}", strength, reads)

    def _compared(self, op: Op, es: Sequence[Expr]) -> Expr:
        kinds = [x.type.dtype for x in op.operands]
        if "u64" not in kinds or not all(k in _SIGNED for k in kinds if k != "u64") or kinds[0] == kinds[1]:
            return self._infix(op.opcode, es)
        signed = op.operands[kinds[0] == "u64"]
        if isinstance(signed, Const) and signed.value >= 0:
            return self._infix(op.opcode, [self.operand(x, e, "u64") for x, e in zip(op.operands, es, strict=True)])
        if kinds[0] == "u64":
            return self._infix(op.opcode, [self.math("unsigned_order", es), Expr("0")])
        return self._infix(op.opcode, [Expr("0"), self.math("unsigned_order", es[::-1])])

    def _arithmetic(self, op: Op, es: Sequence[Expr]) -> Expr:
        code = op.opcode
        ieee = op.attrs.get("ieee") and all(x.type.weak for x in op.operands)
        if code == "pow":
            return self._power(op, es)
        if code == "div" and ieee:
            return self.math("div", es)
        if code in ("floordiv", "mod") and op.result.type.is_float:
            return self.math(code, es)
        if code in ("shl", "shr") and not (isinstance(op.operands[1], Const) and 0 <= op.operands[1].value < 64):
            return self.math(code, es)
        if code in _INFIX:
            return self._infix(code, es)
        if code == "neg":
            return Expr(f"-{es[0].at(UNARY)}", UNARY, es[0].reads)
        if code == "invert":
            return (
                Expr(f"not {es[0].at(NOT)}", NOT, es[0].reads)
                if op.result.type.is_bool
                else Expr(f"~{es[0].at(UNARY)}", UNARY, es[0].reads)
            )
        if code == "abs":
            return Expr(f"abs({es[0].text})", ATOM, es[0].reads)
        if code == "square" and es[0].text.isidentifier():
            return Expr(f"{es[0].text} * {es[0].text}", MUL)
        if code == "reciprocal":
            return self._infix("div", [self.constant(Const(1.0, Type(op.result.type.dtype))), es[0]])
        if code in special.FUNCTIONS:
            self.imports.use("pullback.runtime.special", code)
            return Expr(f"{code}({es[0].text})", ATOM, es[0].reads)
        if code == "polygamma":
            return self.math("polygamma", [Expr(str(op.attrs["n"])), *es])
        if code == "round_decimals":
            return self.math(code, [*es, Expr(str(10.0 ** op.attrs["n"]))])
        return self.math(code, es)

    def _power(self, op: Op, es: Sequence[Expr]) -> Expr:
        if op.result.type.is_float:
            return self.math("power", es)
        return Expr(f"{es[0].at(ATOM)} ** {es[1].at(ATOM)}", POWER, es[0].reads or es[1].reads)

    def _truth(self, x: Operand, e: Expr) -> Expr:
        return e if x.type.is_bool else self.cast_to("b1", e)

    def _cast(self, op: Op, e: Expr) -> Expr:
        x, t = op.operands[0], op.result.type
        if x.type.dtype == t.dtype:
            return e
        if isinstance(x, Const):
            return self.constant(x, t.dtype)
        if t.is_bool:
            return self.cast_to("b1", e)
        if t.weak and x.type.dtype in _WIDE:  # of narrow numbers Numba's keep the dtype
            return Expr(f"{'float' if t.is_float else 'int'}({e.text})", ATOM, e.reads)
        return self.cast_to(t.dtype, e)
