"""Outer products that a loop adds up, as the adjoint of a matrix does of ``x = m @ x``, become one matrix product.

Each of them goes through the whole matrix. Where nothing in the loop reads the sum, the vectors of all iterations are
kept in their order, and BLAS adds up when the loop is done; one of the two lies in an array already (a tape)::

    %c1 = for %t in n (%c):                         %u1 = for %t in n (%u):
      %r = load %tape, %t                             %r = load %tape, %t
      %v = ...                                        %v = ...
      yield add %c, mul (reshape %v), %r              yield store %u, %t, %v
                                                    %c1 = gemm %c, %u1, %tape (transposed)

It changes the order of the additions. It is done before fusing, on what `decompose` gives.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, facts_before, prove_nonneg
from ..analysis.dataflow import is_zeros, replace_operand
from ..analysis.structure import step_of
from ..ir.builder import Builder, constant
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Span, Value, as_dim
from ..ir.types import Type
from .dce import drop_unread
from .lower_products import in_memory

_SMALL = 64  # elements of a matrix that loops add to as fast
_FLOATS = ("f32", "f64")


def collect_outer_products(fn: Function) -> None:
    """Rewrite the loops of a function, in place."""
    uses: Counter[Value] = Counter()
    for op in fn.body.walk():
        uses.update(op.used_values())
        for r in op.regions:
            uses.update(y for y in r.yields if isinstance(y, Value))
    uses.update(y for y in fn.body.yields if isinstance(y, Value))
    if _region(fn.body, uses, facts_before(fn)):
        drop_unread(fn.body)


def _region(region: Region, uses: Counter[Value], facts: dict[Op, Facts]) -> bool:
    found = False
    for op in list(region.ops):
        for r in op.regions:
            found |= _region(r, uses, facts)
        if op.opcode == "for" and not op.attrs.get("stop") and isinstance(op.operands[2], Const):
            for sum_ in _sums(op, uses):
                _rewrite(region, op, sum_, uses, facts[op])
                found = True
    return found


@dataclass(slots=True)
class _Row:
    """The vector of an iteration: row `iteration + at` of an array that is there before the loop, or computed."""

    vector: Operand
    array: Value | None = None
    at: Dim = ZERO
    before: tuple[Operand, ...] = ()  # where the matrix of these rows is in the array


@dataclass(slots=True)
class _Sum:
    """What a loop carries as ``result = param + outer(column, row)``."""

    param: Value
    result: Value
    column: _Row
    row: _Row


def _sums(loop: Op, uses: Counter[Value]) -> list[_Sum]:
    if abs(step_of(loop)) != 1:
        return []
    carried = Carried(loop)
    inside = {v for op in carried.body.walk() for v in op.results} | {
        p for r in loop.regions for p in (*r.params, *(q for op in r.walk() for s in op.regions for q in s.params))
    }
    found = []
    for p, y, result in zip(carried.params, carried.yields, carried.results, strict=True):
        add = y.op if isinstance(y, Value) else None
        if p.type.rank != 2 or p.type.dtype not in _FLOATS or uses[p] != 1 or add is None or add.opcode != "add":
            continue
        if add not in carried.body.ops or uses[add.result] != 1:
            continue
        if p.type.size.is_const and p.type.size.const <= _SMALL:
            continue
        other = next((x for x in add.operands if x is not p), None)
        factors = _outer(other, p.type) if isinstance(other, Value) and uses[other] == 1 else None
        if factors is None:
            continue
        column, row = (_row(x, loop, inside) for x in factors)
        if (column.array is None) != (row.array is None):
            found.append(_Sum(p, result, column, row))
    return found


def _outer(x: Value, t: Type) -> tuple[Operand, Operand] | None:
    """The two vectors of which a matrix is the outer product."""
    if x.op is None or x.op.opcode != "mul" or x.type != t:
        return None
    for left, right in (x.op.operands, x.op.operands[::-1]):
        column, row = _flat(left, 0), _flat(right, 1)
        if column is not None and row is not None and column.type.dtype == row.type.dtype == t.dtype:
            return column, row
    return None


def _flat(x: Operand, axis: int) -> Value | None:
    """The vector that lies along an axis of a matrix that has one place along the other."""
    if not isinstance(x, Value):
        return None
    if x.type.rank == 1 and axis == 1:
        return x
    op = x.op
    if x.type.rank != 2 or op is None or op.opcode != "reshape" or x.type.shape[1 - axis] != 1:
        return None
    vector = op.operands[0]
    return vector if isinstance(vector, Value) and vector.type.rank == 1 else None


def _row(x: Operand, loop: Op, inside: set[Value]) -> _Row:
    op = x.op if isinstance(x, Value) else None
    if op is not None and op.opcode in ("load", "block") and op.operands[0] not in inside:
        array, *places = op.operands
        rows = Span(ZERO, array.type.shape[-1])
        if (
            places
            and isinstance(array, Value)
            and in_memory(array)
            and op.attrs["index"] == (*(At() for _ in places), rows)
        ):
            at = as_dim(places[-1]) - Dim.of(loop.regions[0].params[0])
            if not any(v in inside for d in (at, *map(as_dim, places[:-1])) for v in d.values()):
                return _Row(x, array, at, tuple(places[:-1]))
    return _Row(x)


def _rewrite(region: Region, loop: Op, found: _Sum, uses: Counter[Value], facts: Facts) -> None:
    carried = Carried(loop)
    start, stop = as_dim(loop.operands[0]), as_dim(loop.operands[1])
    first, count = (start, stop - start) if step_of(loop) > 0 else (stop + 1, start - stop)
    if not prove_nonneg(count, facts):
        count = count.max(0)
    before, after = Builder(Region(), loop.loc), Builder(Region(), loop.loc)
    slot = carried.results.index(found.result)
    init = carried.inits[slot]
    # the sum is no longer carried; the vectors are
    computed = found.column if found.column.array is None else found.row
    extent = computed.vector.type.shape[0]
    dtype = found.param.type.dtype
    stack = before.op("empty", attrs={"shape": (count, extent), "dtype": dtype}, hint="rows").result
    kept = Value(stack.type, stack.hint)
    inner = Builder(carried.body, loop.loc)
    index = inner.extent(Dim.of(loop.regions[0].params[0]) - first)
    attrs = {"index": (At(), Span(ZERO, extent)), "inbounds": True}
    stored = inner.op("store", kept, index, computed.vector, attrs=attrs, types=[stack.type], hint=stack.hint).result
    position = loop.results.index(found.result)
    loop.operands[carried.first_init + slot] = stack
    carried.body.params[carried.body.params.index(found.param)] = kept
    carried.body.yields[carried.first_yield + slot] = stored
    rows = Value(stack.type, stack.hint, loop)
    loop.results[position] = rows

    def matrix(vectors: _Row) -> Value:
        if vectors.array is None:
            return rows
        span = (Span(first + vectors.at, count), Span(ZERO, vectors.array.type.shape[-1]))
        index = (*(At() for _ in vectors.before), *span)
        return after.op("block", vectors.array, *vectors.before, attrs={"index": index, "inbounds": True}).result

    one = beta = constant(1.0, Type(dtype))
    if isinstance(init, Value) and is_zeros(init) and uses[init] == 1:
        beta = constant(0.0, Type(dtype))
        init = before.op("empty", attrs={"shape": init.type.shape, "dtype": dtype}, hint=init.hint).result
    factors = matrix(found.column), matrix(found.row)
    flags = {"trans_a": True, "trans_b": False, "mutates": (0,)}
    total = after.op("gemm", init, *factors, one, beta, attrs=flags, hint=found.result.hint).result
    region.ops[region.ops.index(loop) : region.ops.index(loop) + 1] = [*before.region.ops, loop, *after.region.ops]
    for op in region.ops[region.ops.index(loop) + 1 :]:
        if op not in after.region.ops:
            replace_operand(op, found.result, total)
    region.yields[:] = [total if y is found.result else y for y in region.yields]
