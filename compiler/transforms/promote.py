"""Array elements that an innermost loop updates over and over live in scalars.

Before::                                           after::

    %r = for %k in j (%a):                              %s = load %x, %i, %j
      %b = load %a, %i, %k                              %r, %t = for %k in j (%a, %c = %s):
      %c = accum %a, %i, %j, %b                           %b = load %a, %i, %k
      yield %c                                            %d = add %c, %b
                                                          yield %a, %d
                                                        %r1 = store %r, %i, %j, %t

An element is promoted when its index does not change in the loop and every other access to the array in the loop is
proved to be to another element (`analysis.bounds`), or has the same index. The load before the loop happens even
where the loop makes no iteration, so the index must be proved to be in range, or be accessed right beside the
loop. Then a sum vectorises, and no store is on the way from one iteration to the next.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, facts_before, prove_nonneg
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import At, Function, Op, Operand, Region, Value, as_dim
from ..ir.types import Type
from .rows import accesses

Place = tuple[Dim, ...]


def promote(fn: Function) -> None:
    """Promote elements in the innermost loops of a lowered function (before `inplace`), in place."""
    if any(op.regions for op in fn.body.ops):
        _Promoter(fn).region(fn.body)


class _Promoter:
    def __init__(self, fn: Function):
        self.facts = facts_before(fn)

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)
            if op.opcode == "for" and not any(o.regions for o in op.regions[0].ops):
                for k in range(len(Carried(op).inits)):
                    self._carry(op, k, region)

    def _carry(self, loop: Op, k: int, region: Region) -> None:
        """Promote elements of carried array `k`, one at a time."""
        carried = Carried(loop)
        param = carried.params[k]
        if not param.type.shape or loop.operands[carried.first_init + k].type.is_bool:
            return
        found = accesses(carried.body, {param})
        if found is None or carried.yields[k] not in found.versions:
            return
        inside = {*loop.regions[0].params, *(v for op in carried.body.ops for v in op.results)}
        groups: dict[Place, list[Op]] = {}
        for op in found.ops:
            groups.setdefault(_place(op), []).append(op)
        if len(groups) < 2 and not any(op.opcode != "load" for op in found.ops):
            return
        for place, ops in groups.items():
            if any(v in inside for d in place for v in d.values()):
                continue
            facts = self.facts.get(ops[0], Facts())
            others = [other for other in groups if other != place]
            if not all(_differ(place, other, facts) for other in others):
                continue
            if self._in_range(place, param.type, loop, region):
                self._promote(loop, k, place, ops, region)

    def _in_range(self, place: Place, t: Type, loop: Op, region: Region) -> bool:
        facts = self.facts.get(loop, Facts())
        if all(prove_nonneg(d, facts) and prove_nonneg(n - 1 - d, facts) for d, n in zip(place, t.shape, strict=True)):
            return True
        return any(
            op.opcode in ("load", "store", "accum")
            and all(isinstance(i, At) for i in op.attrs["index"])
            and op.operands[0].type.shape == t.shape
            and _place(op) == place
            for op in region.ops
        )

    def _promote(self, loop: Op, k: int, place: Place, ops: list[Op], region: Region) -> None:
        carried = Carried(loop)
        init, param, result = carried.inits[k], carried.params[k], carried.results[k]
        t = Type(param.type.dtype)
        b = Builder(Region(), loop.loc)
        index: list[Operand] = [b.extent(d) for d in place]
        attrs = {"index": tuple(At() for _ in place), "inbounds": True}
        load = b.op("load", init, *index, attrs=dict(attrs), types=[t], hint=param.hint)
        at = region.ops.index(loop)
        region.ops[at:at] = b.region.ops
        writes = any(op.opcode != "load" for op in ops)
        current: Operand = load.result
        scalar = Value(t, param.hint)
        if writes:
            current = scalar
        known: dict[Value, Operand] = {}
        body: list[Op] = []
        chosen = set(ops)
        for op in carried.body.ops:
            op.operands[:] = [known.get(x, x) if isinstance(x, Value) else x for x in op.operands]
            if op not in chosen:
                body.append(op)
            elif op.opcode == "load":
                known[op.result] = current
            else:
                known[op.result] = op.operands[0]
                value = op.operands[-1]
                if value.type.dtype != t.dtype or value.type.weak:
                    cast = Op("cast", [value], {"dtype": t.dtype, "weak": False}, [t], None, op.loc)
                    body.append(cast)
                    value = cast.result
                if op.opcode == "accum":
                    add = Op("add", [current, value], {}, [t], None, op.loc, [param.hint])
                    body.append(add)
                    value = add.result
                current = value
        carried.body.ops[:] = body
        carried.body.yields[:] = [known.get(y, y) if isinstance(y, Value) else y for y in carried.body.yields]
        if not writes:
            return
        loop.operands.append(load.result)
        carried.body.params.append(scalar)
        carried.body.yields.append(current)
        final = Value(t, param.hint, loop)
        loop.results.append(final)
        store = Op("store", [result, *index, final], dict(attrs), [result.type], None, loop.loc, [result.hint])
        at = region.ops.index(loop) + 1
        for op in region.ops[at:]:
            _replace(op, result, store.result)
        region.yields[:] = [store.result if y is result else y for y in region.yields]
        region.ops.insert(at, store)


def _place(op: Op) -> Place:
    return tuple(as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])])


def _differ(a: Place, b: Place, facts: Facts) -> bool:
    return any(prove_nonneg(x - y - 1, facts) or prove_nonneg(y - x - 1, facts) for x, y in zip(a, b, strict=True))


def _replace(op: Op, old: Value, new: Value) -> None:
    op.operands[:] = [new if x is old else x for x in op.operands]
    for r in _nested(op):
        r.yields[:] = [new if y is old else y for y in r.yields]
        for inner in r.ops:
            inner.operands[:] = [new if x is old else x for x in inner.operands]


def _nested(op: Op) -> Iterator[Region]:
    for r in op.regions:
        yield r
        for inner in r.ops:
            yield from _nested(inner)
