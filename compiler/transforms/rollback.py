"""Roll back in-place writes: log overwritten elements, and restore them as the reverse sweep passes.

Where a loop overwrites elements that its reverse reads, each read value could be put on a tape. If
several reads share an overwritten element, it is cheaper to log, for each store, what it overwrote: the
reverse sweep carries the array, undoes each store before it undoes what came before, and reads from the
restored array. After "to be recorded" of Hascoët, Naumann and Pascual.

Before (three loads an iteration on tapes)::        after (one logged element an iteration)::

    u[i] = u[i] + dt * (u[i - 1] * u[i + 1])        u_log[t, i] = u[i]; u[i] = ...
                                                    ...reverse: u[i] = u_log[t, i]; read u[i - 1], u[i + 1]

A web (`analysis.webs`) is rolled back only when every logged store and the loads served by it stand directly
in one region (a loop body), so that restoring and reading can be done, in reverse program order, at the
start of the region that undoes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from ..analysis.structure import loop_of
from ..analysis.webs import Web
from ..ir.builder import Builder
from ..ir.nodes import Op, Operand, Region, Value, dims_values
from ..rules.indexing import index_operands

if TYPE_CHECKING:
    from .retain import Retainer


@final
@dataclass(slots=True)
class Rollback:
    """What is logged and read for one web. `old` maps each logged store to the value it overwrites."""

    web: Web
    old: dict[Op, Value]
    loads: set[Op]
    regions: list[Region]


def plan_rollbacks(r: Retainer, kept: set[Value], cost: Callable[[Value], int]) -> list[Rollback]:
    """The webs for which logging costs fewer bytes than the loads in `kept`. Adds the loads of what
    logged stores overwrite to the forward sweep, where there is none yet."""
    plans = []
    for web in dict.fromkeys(r.webs.values()):
        plan = _plan(r, web, kept, cost)
        if plan is not None:
            plans.append(plan)
    return plans


def _plan(r: Retainer, web: Web, kept: set[Value], cost: Callable[[Value], int]) -> Rollback | None:
    regions = list(dict.fromkeys(r.home[s.result] for s in web.stores))
    regions = [region for region in regions if region in r.partner]
    loads = [
        op
        for region in regions
        for op in region.ops
        if op.opcode == "load"
        and r.webs.get(op.operands[0]) is web  # type: ignore[arg-type]
        and op not in web.stale
        and not r.survives(op)
    ]
    while True:
        logged = [s for s in web.stores if any(r.accesses.may_overwrite(op, s) for op in loads)]
        homes = {r.home[s.result] for s in logged}
        served = [op for op in loads if r.home[op.result] in homes]
        if len(served) == len(loads):
            break
        loads = served
    taped = sum(cost(op.result) for op in loads if op.result in kept)
    if not taped:
        return None
    if any(r.home[s.result] not in r.partner or s.opcode != "store" for s in logged):
        return None
    for region in homes:
        nested = [inner for op in region.ops for sub in op.regions for inner in sub.walk()]
        if any(s in nested for s in logged):
            return None
    old: dict[Op, Value] = {}
    total = 0
    for s in logged:
        present = next((op for op in r.home[s.result].ops if _reads_what(op, s)), None)
        value = present.result if present is not None else _loaded_before(r, s)
        old[s] = value
        total += cost(value)
    if total < taped:
        return Rollback(web, old, set(loads), list(dict.fromkeys(r.home[s.result] for s in logged)))
    for s, value in old.items():  # the loads made for the estimate are not wanted
        if value.op is not None and value.op not in r.accesses.place:
            r.home[s.result].ops.remove(value.op)
    return None


def _reads_what(op: Op, store: Op) -> bool:
    """Whether `op` loads just what `store` overwrites."""
    return (
        op.opcode == "load"
        and op.operands[0] is store.operands[0]
        and op.attrs["index"] == store.attrs["index"]
        and all(x is y or x == y for x, y in zip(index_operands(op), index_operands(store), strict=True))
    )


def _loaded_before(r: Retainer, store: Op) -> Value:
    region = r.home[store.result]
    scratch = Region()
    array = store.operands[0]
    assert isinstance(array, Value)
    hint = f"{array.hint or 'v'}_old"
    value = Builder(scratch, store.loc).emit(
        "load", array, *index_operands(store), index=store.attrs["index"], hint=hint
    )
    region.ops.insert(region.ops.index(store), scratch.ops[0])
    r.home[value] = region
    return value


def roll_back(r: Retainer, plan: Rollback) -> None:
    """Carry the array through the reverse sweep; restore, and read what `plan.loads` read."""
    back = {r.partner[region]: region for region in plan.regions}

    def concerned(op: Op) -> bool:
        return any(sub in back or any(concerned(inner) for inner in sub.ops) for sub in op.regions)

    def through(region: Region, array: Operand) -> Operand:
        if region in back:
            array = _restore(r, plan, back[region], region, array)
        for op in list(region.ops):
            if op in r.pairs and concerned(op):
                array = into(op, region, array)
        return array

    def into(op: Op, home: Region, array: Operand) -> Value:
        """Carry the array through one op. All at once, at the end: on the way the log may be, too."""
        t, hint = array.type, plan.web.last.hint
        if op.opcode == "if":
            for sub, out in [(sub, through(sub, array)) for sub in op.regions]:
                sub.yields.append(out)
        else:
            body = loop_of(op).body
            p = Value(t, hint)
            r.home[p] = body
            out = through(body, p)
            op.operands.append(array)
            body.params.append(p)
            body.yields.append(out)
        result = Value(t, hint, op)
        op.results.append(result)
        r.home[result] = home
        return result

    through(r.fn.body, plan.web.last)


def _restore(r: Retainer, plan: Rollback, region: Region, target: Region, array: Operand) -> Operand:
    """Undo the region's stores one by one, latest first, reading on the way what its loads read."""
    kept = set(plan.old.values())
    for op in reversed(list(region.ops)):
        wanted = op in plan.loads and op.result not in kept
        if not wanted and op not in plan.old:
            continue
        index = op.attrs["index"]
        sub = r.mapped(list(dims_values(index)), target)
        at = [r.here(x, target) for x in index_operands(op)]
        index = tuple(sub.attr(i) for i in index)
        scratch = Region()
        b = Builder(scratch, op.loc)
        if wanted:
            r.made[op.result] = b.emit("load", array, *at, index=index, hint=op.result.hint)
        else:
            array = b.emit("store", array, *at, r.materialise(plan.old[op]), index=index, hint=plan.web.last.hint)
        for made in scratch.ops:
            r.emit(target, made)
    return array
