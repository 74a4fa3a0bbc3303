"""Additions to an array that nothing reads afterwards are made in place: ``w_adj += x`` for ``w_adj = w_adj + x``.

For the program that people read, after `inplace`. (At the native level nests of loops decide what is stored where.)

    %w1 = add %w, %x      =>      %w1 = accum %w, %x {[:]}

Note [One variable, before and after]. Only an addition that would be printed with one name on both sides is made in
place: what a loop carries on, or a value that is read elsewhere, too, and its next version, which has the same hint.
Other additions are parts of expressions.
"""

from __future__ import annotations

from collections import Counter

from ..analysis.alias import FOREIGN, Carried
from ..analysis.dataflow import regions_within
from ..ir.dims import ZERO
from ..ir.nodes import Function, Op, Operand, Region, Span, Value, clone_function
from .inplace import State, each_function


def augment(fn: Function) -> Function:
    """A copy of a function without conflicts (see `inplace`), and of its callees, that makes additions in place."""
    return each_function(fn, _augment)


def _augment(fn: Function) -> Function:
    fn = clone_function(fn)
    state = State(fn)
    carried = {(p, y) for op in fn.body.walk() if op.opcode in ("for", "while") for p, y in _carried(op)}
    uses = Counter(x for op in fn.body.walk() for x in op.operands if isinstance(x, Value))
    read_again = {x for x, n in uses.items() if n > 1}
    targets = {op: k for op in fn.body.walk() if (k := _target(op, state, carried, read_again)) is not None}
    regions = {op: region for region in regions_within(fn.body) for op in region.ops if op in targets}
    before = {op: (op.opcode, op.operands, op.attrs) for op in targets}
    negated = {op: _add_in_place(op, k, regions[op]) for op, k in targets.items()}
    # each is right by itself; where two of them make one memory of two arrays that are needed, they are undone
    while wrong := [c.writer for c in State(fn).conflicts()]:
        for op in [op for op in before if op in wrong] or list(before):
            op.opcode, op.operands, op.attrs = before.pop(op)
            if (neg := negated[op]) is not None:
                regions[op].ops.remove(neg)
    return fn


def _carried(op: Op) -> list[tuple[Value, Operand]]:
    loop = Carried(op)
    return list(zip(loop.body_params, loop.yields, strict=True))


def _target(op: Op, state: State, carried: set[tuple[Value, Operand]], read_again: set[Value]) -> int | None:
    """The number of the operand that the op can add to. See Note [One variable, before and after]."""
    if op.opcode not in ("add", "sub") or not op.result.type.is_array:
        return None
    for k in (0, 1) if op.opcode == "add" else (0,):
        x, other = op.operands[k], op.operands[1 - k]
        if not isinstance(x, Value) or x.type != op.result.type or other.type != x.type:
            continue
        if (x, op.result) not in carried and not (x in read_again and x.hint and x.hint == op.result.hint):
            continue
        memory = state.aliases.closure(x)
        needed = state.live.after[op] & ~state.numbering.mask([op.result]) | state.numbering.mask([other]) | FOREIGN
        if not memory & needed:
            return k
    return None


def _add_in_place(op: Op, k: int, region: Region) -> Op | None:
    """Make the op one that adds to operand `k`; the negation that this needs."""
    x, other, neg = op.operands[k], op.operands[1 - k], None
    if op.opcode == "sub":
        neg = Op("neg", [other], dict(op.attrs), [other.type], loc=op.loc)
        region.ops.insert(region.ops.index(op), neg)
        other = neg.result
    op.opcode, op.operands = "accum", [x, other]
    op.attrs = {**op.attrs, "index": tuple(Span(ZERO, d) for d in x.type.shape)}
    return neg
