"""Merge the writes of an adjoint buffer that come to the same element.

The reverse sweep clears the adjoint of an overwritten element and adds contributions one by one. Where
the same element is cleared and then added to, one write does both; an addition to fresh zeros is a write,
and one that covers the whole array is the value itself.

Before::                                    after::

    %1 = store %x_adj, %i, 0.0                  %2 = accum %x_adj, %j, %b_adj
    %2 = accum %1, %j, %b_adj                   %3 = store %2, %i, %a_adj
    %3 = accum %2, %i, %a_adj

given that ``%j`` is proved to differ from ``%i``; the last write goes, too, where ``%a_adj`` is what is there anyway.
Only chains whose intermediate versions nobody else reads are touched, so no value that is read changes.

What is left of the clearing writes is moved down to the next access of the buffer: what was loaded from
it is by then used up, and need not be copied first.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..analysis.bounds import Facts, facts_before, prove_nonneg
from ..analysis.dataflow import is_zero, is_zeros, region_uses, replace_everywhere
from ..ir.nodes import At, Const, Function, Gather, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..rules.indexing import index_operands, same_index


def accumulate(fn: Function) -> Function:
    """Merge writes, in `fn` itself and in its callees."""
    for f in (fn, *fn.callees.values()):
        _Accumulate(f).region(f.body)
    return fn


class _Accumulate:
    def __init__(self, fn: Function):
        self.uses = Counter(region_uses(fn.body))
        self.facts = facts_before(fn)

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)
            if op.opcode == "accum" and not _gathers(op):
                self._merge(op, region)

        for op in [op for op in region.ops if op.opcode == "store" and is_zero(op.operands[-1])]:
            self._sink(op, region)

    def _sink(self, op: Op, region: Region) -> None:
        at = region.ops.index(op)
        for below in range(at + 1, len(region.ops)):
            user = region.ops[below]
            if op.result in user.used_values() or any(op.result in _read_inside(r) for r in user.regions):
                region.ops.insert(below - 1, region.ops.pop(at))
                return
        region.ops.append(region.ops.pop(at))  # only what follows the region reads it

    def _merge(self, op: Op, region: Region) -> None:
        """Find the clearing store or the zeros below an accum, through accums of other elements."""
        chain: list[Op] = []
        at: Operand = op.operands[0]
        while isinstance(at, Value) and at.op is not None and self.uses[at] == 1 and at.op in region.ops:
            below = at.op
            if below.opcode == "store" and is_zero(below.operands[-1]) and same_index(below, op):
                # drop the store: what was written on it is written on what it was written on
                user = chain[-1] if chain else op
                user.operands[0] = below.operands[0]
                region.ops.remove(below)
                op.opcode = "store"
                if _is_there(op, below.operands[0]):
                    self._drop(op, region)
                return
            if is_zeros(at):
                op.opcode = "store"  # every write on the way was proved to touch other elements
                return
            if below.opcode not in ("store", "accum") or not self._differ(below, op):
                return
            chain.append(below)
            at = below.operands[0]

    def _drop(self, store: Op, region: Region) -> None:
        array = store.operands[0]
        assert isinstance(array, Value)
        self.uses[array] += self.uses[store.result] - 1
        region.ops.remove(store)
        replace_everywhere(region, Substitution({store.result: array}))

    def _differ(self, a: Op, b: Op) -> bool:
        """Whether two writes to one array are proved to touch different elements."""
        if _gathers(a) or _gathers(b):
            return False
        facts = self.facts.get(b, Facts())
        shape = a.operands[0].type.shape
        ia, ib = iter(index_operands(a)), iter(index_operands(b))
        for x, y, extent in zip(a.attrs["index"], b.attrs["index"], shape, strict=True):
            first, second = _range(x, ia, extent, facts), _range(y, ib, extent, facts)
            if first is None or second is None:
                continue
            if prove_nonneg(second[0] - first[1] - 1, facts) or prove_nonneg(first[0] - second[1] - 1, facts):
                return True
        return False


def _is_there(store: Op, array: Operand) -> bool:
    """Whether what is stored is what this version of the array has there."""
    x = store.operands[-1]
    load = x.op if isinstance(x, Value) else None
    return load is not None and load.opcode == "load" and load.operands[0] is array and same_index(load, store)


def _range(item: Any, operands: Any, extent: Any, facts: Facts) -> Any:
    """The least and greatest position an index item selects; None when not known."""
    if isinstance(item, At):
        x = next(operands)
        d = as_dim(x)
        if isinstance(x, Const) and d.const < 0:
            d = d + extent
        elif not prove_nonneg(d, facts):
            return None
        return d, d
    assert isinstance(item, Span)
    return item.extremes


def _read_inside(region: Region) -> set[Value]:
    out: set[Value] = {y for y in region.yields if isinstance(y, Value)}
    for op in region.walk():
        out.update(op.used_values())
        out.update(y for r in op.regions for y in r.yields if isinstance(y, Value))
    return out


def _gathers(op: Op) -> bool:
    return any(isinstance(i, Gather) for i in op.attrs["index"])
