"""Drops what nothing reads: ops, loop carries, results of branches, whole loops.

Guarantees: what has an effect or may raise stays, except an op flagged ``attrs["reverse"]``. A loop
is kept for its results, for what must stay inside, and for values that are read from outside it
(between `reverse` and `retain`); that it ends is taken for granted.
"""

from __future__ import annotations

from ..analysis.bounds import Facts, facts_before
from ..analysis.dataflow import reads
from ..analysis.effects import has_effect, may_raise
from ..ir.nodes import Function, Op, Operand, Region, Value
from ..ir.opdef import opdef


def drop_dead(fn: Function) -> bool:
    """Drop dead code of a function in place (its body must not be shared); whether anything was."""
    marker = _Marker(fn)
    marker.operands(fn.body.yields)
    for p in fn.params:
        marker.values.update(v for d in p.type.shape for v in d.values())
    marker.region(fn.body)
    return _sweep(fn.body, marker)


class _Marker:
    """Finds the live values and the ops to keep."""

    def __init__(self, fn: Function):
        self.values: set[Value] = set()
        self.kept: set[Op] = set()
        self.callees = fn.callees
        self.facts = facts_before(fn)
        self._pinned: dict[Op, bool] = {}

    def operands(self, xs: list[Operand]) -> None:
        self.values.update(x for x in xs if isinstance(x, Value))

    def pinned(self, op: Op) -> bool:
        """Whether the op must stay even when nothing reads its results."""
        if op not in self._pinned:
            if op.regions:
                answer = any(self.pinned(o) for r in op.regions for o in r.ops)
            elif op.attrs.get("reverse"):
                answer = has_effect(op, self.callees)
            else:
                facts = self.facts.get(op, Facts())
                answer = has_effect(op, self.callees) or may_raise(op, facts, self.callees)
            self._pinned[op] = answer
        return self._pinned[op]

    def needed(self, op: Op) -> bool:
        # being read is quickly told; that nothing can be raised takes a proof
        if op in self.kept or any(r in self.values for r in op.results) or self.pinned(op):
            return True
        return any(v in self.values for r in op.regions for o in r.walk() for v in o.results) or any(
            p in self.values for r in op.regions for o in _with_regions(r) for p in o.params
        )

    def region(self, region: Region) -> None:
        for op in reversed(region.ops):
            if not self.needed(op):
                continue
            self.kept.add(op)
            self.values.update(reads(op) if not op.regions else _own_reads(op))
            if op.opcode in ("for", "while"):
                self._loop(op)
            elif op.regions:
                # an extent of one result may be another result
                live = [r for r in op.results if r in self.values]
                self.values.update(v for r in live for d in r.type.shape for v in d.values())
                for r in op.regions:
                    for k, result in enumerate(op.results):
                        if result in self.values:
                            self.operands(r.yields[k : k + 1])
                    self.region(r)
            else:
                continue
            for result in op.results:
                if result in self.values:
                    self.values.update(v for d in result.type.shape for v in d.values())

    def _loop(self, op: Op) -> None:
        while True:
            before = len(self.values), len(self.kept)
            condition_of_loop = op.regions[0].yields[:1]
            if op.opcode == "while" or op.attrs.get("stop"):
                self.operands(condition_of_loop)
            for k in _live_carries(op, self.values):
                init, params, y, result = _carry(op, k)
                self.operands([init, *params, y, result])
            for r in op.regions:
                self.region(r)
                live = [p for p in r.params if p in self.values]
                self.values.update(v for p in live for d in p.type.shape for v in d.values())
            if (len(self.values), len(self.kept)) == before:
                return


def _with_regions(region: Region) -> list[Region]:
    found = [region]
    for op in region.ops:
        for r in op.regions:
            found += _with_regions(r)
    return found


def _own_reads(op: Op) -> set[Value]:
    """What a control op reads whatever its live carries are: bounds, condition, arguments."""
    if op.opcode == "for":
        return {x for x in op.operands[:3] if isinstance(x, Value)}
    return set() if op.opcode == "while" else {x for x in op.operands if isinstance(x, Value)}


def _carry(op: Op, k: int) -> tuple[Operand, list[Value], Operand, Value]:
    """Initial value, parameters, yield and result of carry k of a loop."""
    is_for = op.opcode == "for"
    counts = bool(op.attrs.get("stop" if is_for else "counted"))
    params = [r.params[k + is_for] for r in op.regions]
    y = op.regions[-1].yields[k + (is_for and counts)]
    return op.operands[k + 3 * is_for], params, y, op.results[k + counts]


def _carries(op: Op) -> range:
    return range(len(op.operands) - (3 if op.opcode == "for" else 0))


def _live_carries(op: Op, values: set[Value]) -> list[int]:
    live = []
    for k in _carries(op):
        _, params, _, result = _carry(op, k)
        if result in values or any(p in values for p in params):
            live.append(k)
    return live


# -- sweeping -----------------------------------------------------------------------------------------
def _sweep(region: Region, marker: _Marker) -> bool:
    """Remove what was not marked; whether anything was."""
    before = len(region.ops)
    region.ops = [op for op in region.ops if op in marker.kept]
    changed = len(region.ops) != before
    for op in region.ops:
        if op.opcode in ("for", "while"):
            changed |= _shrink_loop(op, marker.values)
        elif op.opcode == "if":
            changed |= _shrink_if(op, marker.values)
        for r in op.regions:
            changed |= _sweep(r, marker)
    return changed


def _shrink_if(op: Op, values: set[Value]) -> bool:
    live = [k for k, r in enumerate(op.results) if r in values]
    if len(live) == len(op.results):
        return False
    op.results = [op.results[k] for k in live]
    for r in op.regions:
        r.yields = [r.yields[k] for k in live]
    return True


def _shrink_loop(op: Op, values: set[Value]) -> bool:
    changed = False
    if op.attrs.get("counted") and op.results[0] not in values:
        op.attrs = {k: v for k, v in op.attrs.items() if k != "counted"}
        op.results = op.results[1:]
        changed = True
    live = set(_live_carries(op, values))
    dead = [k for k in _carries(op) if k not in live]
    is_for = op.opcode == "for"
    counts = bool(op.attrs.get("stop" if is_for else "counted"))
    for k in reversed(dead):
        del op.operands[k + 3 * is_for]
        del op.results[k + counts]
        del op.regions[-1].yields[k + (is_for and counts)]
        for r in op.regions:
            del r.params[k + is_for]
    return changed or bool(dead)


def drop_unread(region: Region, live: set[Value] | None = None) -> None:
    """Remove ops without effect whose results nothing reads; what may raise has become a check by then."""
    live = live if live is not None else set()
    live.update(y for y in region.yields if isinstance(y, Value))
    kept = []
    for op in reversed(region.ops):
        effect = opdef(op.opcode).effect or op.opcode == "call" or any(_writes_or_calls(r) for r in op.regions)
        if not effect and not any(r in live for r in op.results):
            continue
        for r in op.regions:
            drop_unread(r, live)
        live.update(op.used_values())
        for p in (p for r in op.regions for p in r.params):
            for d in p.type.shape:
                live.update(d.values())
        kept.append(op)
    region.ops[:] = reversed(kept)


def _writes_or_calls(region: Region) -> bool:
    return any(opdef(op.opcode).effect or op.opcode == "call" for op in region.walk())
