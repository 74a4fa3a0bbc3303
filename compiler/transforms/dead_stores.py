"""Drops writes of elements that nobody reads again.

The reverse of ``c[i, j] = v`` reads the adjoint of the element and clears it. Where no later iteration comes back to
the element, and the adjoint array is not a result, the clearing is of no use; without it the loop does not
change the array, and what it was made from is read in its place::

    %w2 = for n, ... (%w1 = %w):                  for n, ...:
      %v = load %w1, %i                             %v = load %w, %i
      %w3 = store %w1, %i, 0.0
      yield %w3

A store goes only where `analysis.dependence` proves that no read of any version of the array, in an execution
after it, may touch what it writes, and no version is read as a whole.
"""

from __future__ import annotations

from ..analysis.alias import Carried
from ..analysis.dataflow import Use, uses
from ..analysis.dependence import Accesses
from ..ir.nodes import Function, Op, Operand, Region, Value
from .dce import drop_dead

_MAX_READS = 40  # after one store: each is a system of inequalities


def drop_dead_stores(fn: Function) -> Function:
    """Drop the writes of `fn` and its callees that nobody reads, and the loop carries that are then idle."""
    for f in (fn, *fn.callees.values()):
        _drop(f)
    return fn


def _drop(fn: Function) -> None:
    instead: dict[Value, Value] = {}
    stores = [op for op in fn.body.walk() if op.opcode == "store"]
    if stores:
        used, accesses = uses(fn), Accesses(fn)
        for op in stores:
            reads = _later_reads(op, used, accesses)
            if reads is not None and not any(accesses.may_overwrite(op, read) for read in reads):
                assert isinstance(op.operands[0], Value)
                instead[op.result] = op.operands[0]
                accesses.place[op][0].ops.remove(op)
    if instead:
        _substitute(fn.body, instead)
    drop_idle_carries(fn)


def drop_idle_carries(fn: Function) -> None:
    """Where a loop carries an array and does not change it, read the array itself."""
    instead: dict[Value, Value] = {}
    _find_idle(fn.body, instead)
    if instead:
        _substitute(fn.body, instead)
        drop_dead(fn)


def _later_reads(store: Op, used: dict[Value, list[Use]], accesses: Accesses) -> list[Op] | None:
    """The loads and additions that may find what a store wrote; None where its array is read as a whole, too."""
    reads: list[Op] = []
    versions = [store.result]
    for v in versions:  # grows
        following: list[Value] = []
        for op, region in used.get(v, ()):
            if op is None:
                control = accesses.owner[region][0] if region in accesses.owner else None
                if control is None or control.opcode not in ("for", "while", "if"):
                    return None
                following += _leaves_as(control, region, v)
            elif op.opcode in ("load", "store", "accum"):
                if any(x is v for x in op.operands[1:]):
                    return None
                if op.opcode != "store":
                    reads.append(op)
                if op.opcode != "load":
                    following.append(op.result)
            elif op.opcode in ("for", "while"):
                loop = Carried(op)
                if any(x is v for x in op.operands[: loop.first_init]):
                    return None
                for x, p, inside, result in zip(loop.inits, loop.params, loop.body_params, loop.results, strict=True):
                    following += [p, inside, result] if x is v else []  # the result: of no iterations
            else:
                return None
        versions += [x for x in dict.fromkeys(following) if x not in versions]
        if len(reads) > _MAX_READS:
            return None
    return reads


def _leaves_as(control: Op, region: Region, v: Value) -> list[Value]:
    """The values that what a region yields becomes."""
    if control.opcode == "if":
        return [r for y, r in zip(region.yields, control.results, strict=True) if y is v]
    loop = Carried(control)
    if region is not loop.body:
        return []  # the condition of a `while`
    out: list[Value] = []
    for p, inside, y, result in zip(loop.params, loop.body_params, loop.yields, loop.results, strict=True):
        out += [p, inside, result] if y is v else []
    return out


def _find_idle(region: Region, instead: dict[Value, Value]) -> None:
    """Find the arrays that loops carry and do not change, and what they are instead."""
    for op in region.ops:
        for r in op.regions:
            _find_idle(r, instead)
        if op.opcode != "for":
            continue
        loop = Carried(op)
        for init, p, y, result in zip(loop.inits, loop.params, loop.yields, loop.results, strict=True):
            if (
                p.type.shape
                and isinstance(init, Value)
                and init.type == p.type == result.type
                and _seen(y, instead) is p
            ):
                instead[p] = instead[result] = init


def _seen(x: Operand, instead: dict[Value, Value]) -> Operand:
    while isinstance(x, Value) and x in instead:
        x = instead[x]
    return x


def _substitute(region: Region, instead: dict[Value, Value]) -> None:
    for op in region.ops:
        op.operands[:] = [_seen(x, instead) for x in op.operands]
        for r in op.regions:
            _substitute(r, instead)
    region.yields[:] = [_seen(y, instead) for y in region.yields]
