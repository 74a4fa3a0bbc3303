"""Drop writes to an element that the next write of the same iteration overwrites.

Fused loop nests write an element and go on with it: they clear an adjoint that has just been added to and read, or
add to one that has just been written. What is in between needs no memory.

Before::                                    after::

    %1 = accum %b, %i, %x                       %o = load %b, %i
    %v = load %1, %i                            %v = add %o, %x
    %2 = store %1, %i, 0.0                      %2 = store %b, %i, 0.0

and the same for a store that is then added to. Only versions that nothing else reads are dropped.
"""

from __future__ import annotations

from collections import Counter

from ..analysis.dataflow import region_uses, replace_everywhere
from ..ir.builder import Builder
from ..ir.nodes import At, Function, Op, Operand, Region, Substitution, as_dim


def drop_overwritten(fn: Function) -> None:
    """Drop such writes in a lowered function, in place."""
    values = Substitution()
    _region(fn.body, Counter(region_uses(fn.body)), values)
    for v, x in values.map.items():
        while x in values.map:  # a load whose own array was written so
            x = values.operand(x)
        values.map[v] = x
    replace_everywhere(fn.body, values)


def _region(region: Region, uses: Counter[object], values: Substitution) -> None:
    for op in list(region.ops):
        for r in op.regions:
            _region(r, uses, values)
        if op.opcode in ("store", "accum") and _of_element(op):
            _drop(op, region, uses, values)


def _drop(op: Op, region: Region, uses: Counter[object], values: Substitution) -> None:
    """Drop a write if the next one is to the same element, and hand on what it wrote."""
    readers = [o for o in region.ops if any(x is op.result for x in o.operands)]
    loads, nexts = readers[:-1], readers[-1:]
    if len(readers) != uses[op.result] or not nexts or nexts[0].opcode not in ("store", "accum"):
        return
    (after,) = nexts
    if not _of_element(after) or not all(o.opcode == "load" for o in loads):
        return
    if any(_place(o) != _place(op) for o in readers) or (op.opcode == after.opcode == "accum" and not loads):
        return
    array, value = op.operands[0], op.operands[-1]
    b = Builder(Region(), op.loc)
    if op.opcode == "accum" and loads:
        index = op.operands[1:-1]
        old = b.op("load", array, *index, attrs=dict(op.attrs), types=[loads[0].result.type], hint=op.result.hint)
        value = b.op("add", old.result, value).result
    for load in loads:
        values.map[load.result] = value
        region.ops.remove(load)
    at = region.ops.index(op)
    region.ops[at : at + 1] = b.region.ops
    after.operands[0] = array
    if after.opcode == "accum":
        b = Builder(Region(), after.loc)
        after.operands[-1] = b.op("add", value, after.operands[-1]).result
        after.opcode = "store"
        at = region.ops.index(after)
        region.ops[at:at] = b.region.ops


def _of_element(op: Op) -> bool:
    """Whether a write is of one float of the array's own type."""
    array, value = op.operands[0].type, op.operands[-1].type
    at = all(isinstance(i, At) for i in op.attrs["index"])
    return at and array.is_float and value.dtype == array.dtype and not value.shape and not value.weak


def _place(op: Op) -> list[object]:
    end = len(op.operands) if op.opcode == "load" else -1
    index: list[Operand] = op.operands[1:end]
    return [as_dim(x) for x in index]
