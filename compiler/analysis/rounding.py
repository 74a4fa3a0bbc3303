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
from ..ir.opdef import COMPARISONS, LOGIC, PREDICATES, opdef

_CONTRACTED = frozenset({"add", "sub", "mul", "mul0", "square"})
_TESTS = COMPARISONS | PREDICATES
_TO_INTEGERS = frozenset({"cast", "floor", "ceil", "rint", "trunc", "sign", "floordiv"})
_MOVES = frozenset({"load", "reshape", "transpose", "broadcast_to", "neg", "copy", "abs"})


def decisions(fn: Function) -> set[Value]:
    """Values of a function that must not be computed a second time: operands of maxima and minima that may be rounded
    otherwise, and tests and integers made of such. Masks that only choose between elements are no decisions."""
    users: dict[Operand, list[Op]] = {}
    contracted: set[Operand] = set()  # sums and products, perhaps moved
    uncertain: set[Operand] = set()  # floats of more than one operation that native code may contract or reorder
    made: list[Op] = []
    for op in fn.body.walk():
        for x in op.operands:
            users.setdefault(x, []).append(op)
        if op.opcode in ("max", "min") or (len(op.results) == 1 and _decides(op)):
            made.append(op)
        elif len(op.results) == 1 and op.result.type.is_float:
            _follow(op, contracted, uncertain)
    found: set[Value] = set()
    for op in made:
        if not any(x in uncertain for x in op.operands):
            continue
        if op.opcode in ("max", "min"):
            found.update(x for x in op.operands[:1] if isinstance(x, Value))
        elif not op.result.type.shape or not _only_selects(op.result, users):
            found.add(op.result)
    return found


def _follow(op: Op, contracted: set[Operand], uncertain: set[Operand]) -> None:
    if op.opcode in _MOVES:
        for values in (contracted, uncertain):
            if op.operands[0] in values:
                values.add(op.result)
    elif opdef(op.opcode).kind == "elementwise":
        joins = op.opcode in _CONTRACTED
        if any(x in uncertain or (joins and x in contracted) for x in op.operands):
            uncertain.add(op.result)
        if joins:
            contracted.add(op.result)


def _decides(op: Op) -> bool:
    if op.opcode in _TESTS:
        return True
    if op.opcode not in _TO_INTEGERS:
        return False
    t = op.result.type
    return not t.is_float or (op.opcode != "cast" and not t.shape)


def _only_selects(mask: Value, users: dict[Operand, list[Op]]) -> bool:
    """Whether nothing but `where` and logic reads an array of booleans."""
    work, seen = [mask], {mask}
    while work:
        for op in users.get(work.pop(), ()):
            if op.opcode == "where":
                continue
            if op.opcode not in LOGIC:
                return False
            if op.result not in seen:
                seen.add(op.result)
                work.append(op.result)
    return True
