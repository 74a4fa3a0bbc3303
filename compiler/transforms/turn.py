"""Additions that run backwards over a range run forwards where their neighbours do.

The adjoint of ``y[:k][::-1]`` adds to the elements from the last to the first. By itself that is as good as any other
order. Beside a write that goes over the same elements forwards, it keeps the two apart: in one loop each would touch
what the other one has touched in another iteration. So the value is turned around instead.

Before::                                              after::

    %1 = store %t, 0.0 {span(0, k)}                       %1 = store %t, 0.0 {span(0, k)}
    %v = mul %u, %a : f64[k]                              %w = load %u {span(k - 1, k, -1)}
    %2 = accum %1, %v {span(k - 1, k, -1)}                %v = mul %w, %a : f64[k]
    %3 = accum %2, %u {span(0, k)}                        %2 = accum %1, %v {span(0, k)}
                                                          %3 = accum %2, %u {span(0, k)}

after which `accumulate` makes one write of the first two, and lowering one loop of all. An elementwise op that only the
addition reads is turned around itself, and so is a slice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..analysis.dataflow import region_uses
from ..ir.dims import ZERO
from ..ir.nodes import At, Function, Op, Operand, Region, Span, Value
from ..ir.opdef import opdef
from ..rules.indexing import same_index
from .dce import drop_dead


def turn_writes(fn: Function) -> Function:
    """Turn additions around, in `fn` itself and in its callees."""
    for f in (fn, *fn.callees.values()):
        turner = _Turner(f)
        turner.region(f.body)
        if turner.changed:
            drop_dead(f)
    return fn


class _Turner:
    def __init__(self, fn: Function):
        self.uses: Counter[Operand] = Counter(region_uses(fn.body))
        self.changed = False

    def region(self, region: Region) -> None:
        writes = [op for op in region.ops if op.opcode in ("store", "accum")]
        before: dict[Operand, Op] = {op.result: op for op in writes}
        after: dict[Operand, Op] = {op.operands[0]: op for op in writes}
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)
            if op.opcode == "accum" and isinstance(op.operands[-1], Value):
                forwards = _forwards(op)
                beside = self._writes_beside(op, before, after)
                if forwards is not None and any(same_index(forwards, w) for w in beside):
                    self._turn(op, forwards, region)

    def _writes_beside(self, op: Op, before: dict[Operand, Op], after: dict[Operand, Op]) -> Iterator[Op]:
        """The writes before and after a write whose versions in between nobody else reads."""
        at = op
        while self.uses[at.result] == 1 and at.result in after:
            at = after[at.result]
            yield at
        at = op
        while self.uses[at.operands[0]] == 1 and at.operands[0] in before:
            at = before[at.operands[0]]
            yield at

    def _turn(self, op: Op, forwards: Op, region: Region) -> None:
        spans = [i for i in op.attrs["index"] if isinstance(i, Span)]
        axes = [k for k, s in enumerate(spans) if s.step < 0]
        op.operands[-1] = self._turned(op.operands[-1], axes, op, region)
        op.attrs["index"] = forwards.attrs["index"]
        self.changed = True

    def _turned(self, v: Operand, axes: list[int], reader: Op, region: Region) -> Value:
        """The array `v` with the order of its elements along some axes turned around."""
        assert isinstance(v, Value)
        op = v.op
        if op is not None and self.uses[v] == 1 and op in region.ops:
            if op.opcode == "load" and all(isinstance(i, Span) for i in op.attrs["index"]):
                index = tuple(_backwards(s) if k in axes else s for k, s in enumerate(op.attrs["index"]))
                return _insert(region, op, Op("load", op.operands, {**op.attrs, "index": index}, [v.type]), v.hint)
            shapes = [x.type.shape for x in op.operands]
            if opdef(op.opcode).kind == "elementwise" and all(s in ((), v.type.shape) for s in shapes):
                operands = [x if x.type.is_scalar else self._turned(x, axes, op, region) for x in op.operands]
                return _insert(region, op, Op(op.opcode, operands, dict(op.attrs), [v.type]), v.hint)
        spans = [Span(ZERO, d) for d in v.type.shape]
        index = tuple(_backwards(s) if k in axes else s for k, s in enumerate(spans))
        return _insert(region, reader, Op("load", [v], {"index": index, "reverse": True}, [v.type]), v.hint)


def _insert(region: Region, before: Op, op: Op, hint: str) -> Value:
    region.ops.insert(region.ops.index(before), op)
    op.loc, op.result.hint = before.loc, hint
    return op.result


def _forwards(op: Op) -> Op | None:
    """The same write with positive steps, of the value turned around; None if it has them, or cannot."""
    index = op.attrs["index"]
    spans = [i for i in index if isinstance(i, Span)]
    if all(s.step > 0 for s in spans) or any(not isinstance(i, (At, Span)) for i in index):
        return None
    if op.operands[-1].type.shape != tuple(s.size for s in spans):
        return None  # it is broadcast
    turned = tuple(_backwards(i) if isinstance(i, Span) and i.step < 0 else i for i in index)
    return Op("accum", list(op.operands), {**op.attrs, "index": turned}, [], None, op.loc)


def _backwards(s: Span) -> Span:
    return Span(s.last, s.size, -s.step)
