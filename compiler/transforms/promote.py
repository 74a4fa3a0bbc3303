"""Array elements that an innermost loop uses over and over live in scalars.

An element that does not move (the index is the same in every iteration)::

    %r = for %k in j (%a):                              %s = load %x, %i, %j
      %b = load %a, %i, %k                              %r, %t = for %k in j (%a, %c = %s):
      %c = accum %a, %i, %j, %b                           %b = load %a, %i, %k
      yield %c                                            %d = add %c, %b
                                                          yield %a, %d
                                                        %r1 = store %r, %i, %j, %t

Then a sum vectorises, and no store is on the way from one iteration to the next.

A window of elements that moves with the loop (what an iteration leaves at ``i``, the next one finds at ``i - 1``)::

    %r = for %i in 1..n (%a):                           %s = load %x, 0
      %b = load %a, %i - 1                              %r, %t = for %i in 1..n (%a, %c = %s):
      %c = mul %b, %y                                     %d = mul %c, %y
      %d = store %a, %i, %c                               %e = store %a, %i, %d
      yield %d                                            yield %e, %d

The slots of a window are the offsets from the first of its places, in iterations. Slot k of an iteration is slot
k - 1 of the next. An element enters at the greatest slot that is written (it is loaded there if it is read first),
moves down from scalar to scalar, and is stored at the least slot that is written. An element that is first added to
enters as a sum without what memory holds, which is added where it is first read, or where it leaves: so the load is
not on the way from one iteration to the next. A store that the next iteration overwrites is gone, a sum over neighbours
is made in registers, and LLVM can vectorise what is left if nothing else is carried. Reads ahead of all writes stay
loads.

Where the loop does nothing with an array but add to it, what does not move is a sum of its own, whatever the other
places: ``x[i] += e; x[j] -= e`` over the pairs of an `i`.

Places are promoted when every other access to the array in the loop is proved to be to another element in the same
iteration (`analysis.bounds`). What is read before the loop is in range where that is proved, or where the loop makes an
iteration that would access it; then the loads before it and the stores after it stand under that condition.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, facts_before, linear_split, prove_nonneg, runs_if_nonneg
from ..analysis.dataflow import replace_operand
from ..analysis.structure import step_of
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Value, as_dim
from ..ir.types import Type
from .rows import accesses

Place = tuple[Dim, ...]

_REACH = 4  # slots between the ends of a window


@dataclass(slots=True)
class _Window:
    """Places of one array in a loop, and what becomes of them."""

    slots: dict[Op, int]  # the accesses that become uses of scalars
    carried: list[int]  # slots that a scalar carries into the next iteration
    advance: int  # by how much the slots of an element fall per iteration: 1, or 0 where it does not move
    before: dict[int, Place] = field(default_factory=dict)  # where the scalars come from; others start as sums
    after: list[tuple[int, Place]] = field(default_factory=list)  # slots that are stored after the loop
    leaving: tuple[int, Place] | None = None  # the slot that is stored in every iteration
    sums: set[int] = field(default_factory=set)  # slots that lack at the end of an iteration what memory holds


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
            innermost = op.opcode == "for" and not any(o.regions for o in op.regions[0].ops)
            if innermost and isinstance(op.operands[2], Const):
                for k in range(len(Carried(op).inits)):
                    self._carry(op, k, region)

    def _carry(self, loop: Op, k: int, region: Region) -> None:
        """Promote elements of carried array `k`."""
        carried = Carried(loop)
        param = carried.params[k]
        if not param.type.shape or not param.type.is_float:
            return  # an index may depend on what an array of integers holds
        found = accesses(carried.body, {param})
        if found is None or [j for j, y in enumerate(carried.yields) if y in found.versions] != [k]:
            return  # what is carried beside an array is written back to one carry, which must have it alone
        inside = {*loop.regions[0].params, *(v for op in carried.body.ops for v in op.results)}
        groups: dict[Place, list[Op]] = {}
        for op in found.ops:
            groups.setdefault(_place(op), []).append(op)
        if len(groups) < 2 and not any(op.opcode != "load" for op in found.ops):
            return
        facts = self.facts.get(found.ops[0], Facts())

        def varies(place: Place) -> bool:
            return any(v in inside for d in place for v in d.values())

        for place, ops in groups.items():
            if varies(place):
                continue
            if all(_differ(place, other, facts) for other in groups if other != place):
                window = _Window({op: 0 for op in ops}, [0], 0, {0: place})
                if any(op.opcode != "load" for op in ops):
                    window.after = [(0, place)]
                self._promote(loop, k, window, region)
            elif all(op.opcode == "accum" for op in found.ops):
                self._promote(loop, k, _Window({op: 0 for op in ops}, [0], 0, {}, [(0, place)], sums={0}), region)
        iv = loop.regions[0].params[0]
        inside.remove(iv)
        step = step_of(loop)
        remaining = {place: ops for place, ops in groups.items() if not varies(place) and _moves(place, iv, facts)}
        while remaining:
            base = next(iter(remaining))
            family = {}
            for slot in range(-_REACH, _REACH + 1):
                place = _moved(base, iv, slot * step)
                if place in remaining:
                    family[slot] = remaining.pop(place)
            moving = self._moving(loop, family, base, groups, facts)
            if moving is not None:
                self._promote(loop, k, moving, region)

    def _moving(
        self, loop: Op, family: dict[int, list[Op]], base: Place, groups: dict[Place, list[Op]], facts: Facts
    ) -> _Window | None:
        """The window of places that follow one another, if an iteration writes what a later one uses."""
        written = [slot for slot, ops in family.items() if any(op.opcode != "load" for op in ops)]
        low = min(family)
        if not written or max(written) == low or max(written) - low > _REACH:
            return None
        top, leave = max(written), min(written)
        iv, step = loop.regions[0].params[0], step_of(loop)
        places = {slot: _moved(base, iv, slot * step) for slot in range(low, top + 1)}
        members = {places[slot] for slot in places} | {_moved(base, iv, slot * step) for slot in family}
        for other in groups:
            if other not in members and not all(_differ(place, other, facts) for place in places.values()):
                return None
        sums = _sums(family, top)
        if leave in sums and leave > low:  # it stays until it is read, so that memory is added to it once
            leave = max(slot for slot in family if slot < leave)
        window = _Window(
            {op: slot for slot in places for op in family.get(slot, [])}, list(range(low, top)), 1, sums=sums
        )
        first, last = as_dim(loop.operands[0]), _last(loop)
        window.before = {slot: _with(places[slot], iv, first) for slot in window.carried if slot + 1 not in window.sums}
        window.after = [(slot, _with(places[slot], iv, last)) for slot in range(leave + 1, top + 1)]
        window.leaving = (leave, places[leave])
        return window

    # -- rewriting ----------------------------------------------------------------------------------------
    def _promote(self, loop: Op, k: int, window: _Window, region: Region) -> None:
        """Replace the accesses of a window, unless what is read before the loop may be out of range."""
        carried = Carried(loop)
        init, param, result = carried.inits[k], carried.params[k], carried.results[k]
        facts = self.facts.get(loop, Facts())
        checked = any(op.opcode == "check" for op in carried.body.ops)
        runs = prove_nonneg(runs_if_nonneg(loop), facts)
        before = list(window.before.values())
        surely = all(_in_range(place, param.type, facts) for place in before) or (
            not window.advance and not checked and self._beside(before[0], param.type, loop, region)
        )
        if not surely and checked:
            started = facts.with_nonneg(runs_if_nonneg(loop))
            if not all(_in_range(place, param.type, started) for place in before):
                return
        b = Builder(Region(), loop.loc)
        guard = None
        if not window.before and not window.advance:
            surely = all(_in_range(place, param.type, facts) for _, place in window.after)
        if not runs and not (surely and not (window.advance and window.after)):
            guard = b.emit("lt" if step_of(loop) > 0 else "gt", *loop.operands[:2])
        t = Type(param.type.dtype)
        assert isinstance(init, Value)
        loaded = dict(zip(window.before, _loads(b, init, before, None if surely else guard, param.hint), strict=True))
        starts: list[Operand] = [loaded.get(slot, constant(-0.0, t)) for slot in window.carried]
        at = region.ops.index(loop)
        region.ops[at:at] = b.region.ops
        writes = any(op.opcode != "load" for op in window.slots)
        scalars = [Value(t, param.hint) for _ in window.carried]
        current: dict[int, Operand] = dict(zip(window.carried, scalars if writes else starts, strict=True))
        _rewrite(carried.body, window.slots, current, {s - 1 for s in window.sums}, t)
        if not writes:
            return
        if window.leaving is not None:
            slot, place = window.leaving
            tail = Builder(carried.body, loop.loc)
            y = carried.body.yields[carried.first_yield + k]
            how = "accum" if slot in window.sums else "store"
            carried.body.yields[carried.first_yield + k] = _write(tail, how, y, place, current[slot], param.hint)
        loop.operands += starts
        carried.body.params += scalars
        carried.body.yields += [current[slot + window.advance] for slot in window.carried]
        finals = [Value(t, param.hint, loop) for _ in window.carried]
        loop.results += finals
        if not window.after:
            return
        values = dict(zip(window.carried, finals, strict=True))
        b = Builder(Region(), loop.loc)
        writes_after = [
            ("accum" if slot in window.sums else "store", place, values[slot - window.advance])
            for slot, place in window.after
        ]
        made = _writes(b, result, writes_after, guard)
        at = region.ops.index(loop) + 1
        for op in region.ops[at:]:
            replace_operand(op, result, made)
        region.yields[:] = [made if y is result else y for y in region.yields]
        region.ops[at:at] = b.region.ops

    def _beside(self, place: Place, t: Type, loop: Op, region: Region) -> bool:
        """Whether the element is accessed in any case before the loop or right after it."""
        at = region.ops.index(loop)
        end = next((k for k in range(at, len(region.ops)) if region.ops[k].opcode == "check"), len(region.ops))
        return any(
            op.opcode in ("load", "store", "accum")
            and all(isinstance(i, At) for i in op.attrs["index"])
            and op.operands[0].type.shape == t.shape
            and _place(op) == place
            for op in region.ops[:end]
        )


def _sums(family: dict[int, list[Op]], top: int) -> set[int]:
    """Slots whose elements have been added to, but neither read nor overwritten, at the end of an iteration."""
    sums = set()
    for slot in range(top, min(family) - 1, -1):
        if any(op.opcode != "accum" for op in family.get(slot, [])):
            break
        sums.add(slot)
    return sums


def _rewrite(body: Region, slots: dict[Op, int], current: dict[int, Operand], sums: set[int], t: Type) -> None:
    """Accesses become uses of `current`, which ends as the values at the end of the body.

    Slots in `sums` start without what memory holds.
    """
    known: dict[Value, Operand] = {}
    new: list[Op] = []

    def add(x: Operand, y: Operand, like: Op) -> Value:
        new.append(Op("add", [x, y], {}, [t], None, like.loc, [like.result.hint]))
        return new[-1].result

    for op in body.ops:
        op.operands[:] = [known.get(x, x) if isinstance(x, Value) else x for x in op.operands]
        if op not in slots:
            new.append(op)
            continue
        slot = slots[op]
        if op.opcode == "load":
            if slot not in current:  # it enters the window here
                new.append(op)
                current[slot] = op.result
                continue
            if slot in sums:
                whole = Op("load", op.operands, op.attrs, [t], None, op.loc, [op.result.hint])
                new.append(whole)
                current[slot] = add(whole.result, current[slot], op)
                sums.remove(slot)
            known[op.result] = current[slot]
            continue
        known[op.result] = op.operands[0]
        value = op.operands[-1]
        if value.type.dtype != t.dtype or value.type.weak:
            new.append(Op("cast", [value], {"dtype": t.dtype, "weak": False}, [t], None, op.loc))
            value = new[-1].result
        if op.opcode == "store":
            sums.discard(slot)
        elif slot in current:
            value = add(current[slot], value, op)
        else:
            sums.add(slot)
        current[slot] = value
    body.ops[:] = new
    body.yields[:] = [known.get(y, y) if isinstance(y, Value) else y for y in body.yields]


def _loads(b: Builder, array: Value, places: list[Place], guard: Value | None, hint: str) -> list[Operand]:
    """The elements at the places; zeros where there is a guard and it is false."""
    if guard is None:
        return [_load(b, array, place, hint) for place in places]
    t = Type(array.type.dtype)
    then, otherwise = Region(), Region(yields=[constant(0.0, t) for _ in places])
    with b.into(then):
        then.yields += [_load(b, array, place, hint) for place in places]
    made = b.op("if", guard, types=[t] * len(places), regions=[then, otherwise], hints=[hint] * len(places))
    return list(made.results)


def _writes(b: Builder, array: Value, writes: list[tuple[str, Place, Value]], guard: Value | None) -> Value:
    """The array with the elements written, if there is no guard or it is true."""

    def chain() -> Value:
        made = array
        for how, place, value in writes:
            made = _write(b, how, made, place, value, array.hint)
        return made

    if guard is None:
        return chain()
    then, otherwise = Region(), Region(yields=[array])
    with b.into(then):
        then.yields.append(chain())
    return b.op("if", guard, types=[array.type], regions=[then, otherwise], hint=array.hint).result


def _load(b: Builder, array: Value, place: Place, hint: str) -> Value:
    attrs = {"index": tuple(At() for _ in place), "inbounds": True}
    return b.op(
        "load", array, *[b.extent(d) for d in place], attrs=attrs, types=[Type(array.type.dtype)], hint=hint
    ).result


def _write(b: Builder, how: str, array: Operand, place: Place, value: Operand, hint: str) -> Value:
    attrs = {"index": tuple(At() for _ in place), "inbounds": True}
    return b.op(how, array, *[b.extent(d) for d in place], value, attrs=attrs, types=[array.type], hint=hint).result


# -- places -----------------------------------------------------------------------------------------------
def _place(op: Op) -> Place:
    return tuple(as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])])


def _with(place: Place, iv: Value, value: Dim) -> Place:
    return tuple(d.substitute(lambda a: value if a is iv else Dim.of(a)) for d in place)


def _moved(place: Place, iv: Value, by: int) -> Place:
    return _with(place, iv, Dim.of(iv) + by)


def _moves(place: Place, iv: Value, facts: Facts) -> bool:
    """Whether the place is linear in the loop index and another element in every iteration."""
    apart = False
    for d in place:
        split = linear_split(d, iv)
        if split is None or any(a is iv for part in split for a in part.atoms()):
            return False
        apart = apart or prove_nonneg(split[0] - 1, facts) or prove_nonneg(-split[0] - 1, facts)
    return apart


def _last(loop: Op) -> Dim:
    """The index of the last iteration, if there is one."""
    step, trips = step_of(loop), Carried(loop).trips
    before = Dim.of(trips) - 1 if trips is not None else runs_if_nonneg(loop) // abs(step)
    return as_dim(loop.operands[0]) + before * step


def _in_range(place: Place, t: Type, facts: Facts) -> bool:
    return all(prove_nonneg(d, facts) and prove_nonneg(n - 1 - d, facts) for d, n in zip(place, t.shape, strict=True))


def _differ(a: Place, b: Place, facts: Facts) -> bool:
    return any(prove_nonneg(x - y - 1, facts) or prove_nonneg(y - x - 1, facts) for x, y in zip(a, b, strict=True))
