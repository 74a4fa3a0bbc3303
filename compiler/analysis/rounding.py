"""What would be another value if it were computed twice, because of how floats are rounded.

Native code contracts products with sums, and adds sums up in another order, where it pays at the place in question:
the same expression may differ in its last digit between the forward and the reverse sweep. That is harmless for what a
derivative is made of, but not for a decision: a branch that was not taken has kept nothing, an index that was not
checked may be out of bounds, and what is compared with a maximum has to be equal to it.

One operation alone is correctly rounded, so ``x > c``, ``a * b > c`` and ``int((x - a) / h)`` are the same every time;
``a * b - c > 0`` is not.
"""

from __future__ import annotations

from ..ir.nodes import Function, Op, Operand, Value
from ..ir.opdef import opdef
from ..ir.types import Type

_CONTRACTED = frozenset({"add", "sub", "mul", "mul0", "square"})
_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "isnan", "isinf", "isfinite"})
_TO_INTEGERS = frozenset({"cast", "floor", "ceil", "rint", "trunc", "sign", "floordiv"})
_MOVES = frozenset({"load", "reshape", "transpose", "broadcast_to", "neg", "copy", "abs"})
_SELECTIONS = frozenset({"where", "logical_and", "logical_or", "logical_not", "logical_xor"})


def decisions(fn: Function) -> set[Value]:
    """Values of a function that must not be computed a second time: operands of maxima and minima that may be rounded
    otherwise, and tests and integers made of such. Masks that only choose between elements are no decisions."""
    users: dict[Operand, list[Op]] = {}
    for op in fn.body.walk():
        for x in op.operands:
            users.setdefault(x, []).append(op)
    found: set[Value] = set()
    for op in fn.body.walk():
        if op.opcode in ("max", "min"):
            (x, *_) = op.operands
            if isinstance(x, Value) and _rounds(x):
                found.add(x)
        elif len(op.results) == 1 and _decides(op) and any(map(_rounds, op.operands)):
            if not op.result.type.shape or not _only_selects(op.result, users):
                found.add(op.result)
    return found


def _decides(op: Op) -> bool:
    t: Type = op.result.type
    if op.opcode in _COMPARISONS:
        return True
    return op.opcode in _TO_INTEGERS and not t.is_float


def _rounds(x: Operand) -> bool:
    """Whether a float is made by more than one operation that native code may contract or reorder."""
    op = x.op if isinstance(x, Value) and x.type.is_float else None
    if op is None:
        return False
    if op.opcode in _MOVES:
        return _rounds(op.operands[0])
    if opdef(op.opcode).kind != "elementwise":
        return False
    if op.opcode in _CONTRACTED and any(_is_contracted(y) for y in op.operands):
        return True
    return any(map(_rounds, op.operands))


def _is_contracted(x: Operand) -> bool:
    op = x.op if isinstance(x, Value) else None
    if op is not None and op.opcode in _MOVES:
        return _is_contracted(op.operands[0])
    return op is not None and op.opcode in _CONTRACTED


def _only_selects(mask: Value, users: dict[Operand, list[Op]]) -> bool:
    """Whether nothing but `where` and logic reads an array of booleans."""
    return all(
        op.opcode == "where" or (op.opcode in _SELECTIONS and _only_selects(op.result, users))
        for op in users.get(mask, ())
    )
