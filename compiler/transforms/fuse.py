"""Groups the array ops of a region into loop nests.

`plan` partitions the ops of one region into units: single ops, and groups of array ops with one
iteration space that become one loop nest each. Guarantees:

- units are in an order that respects all data dependences, and every effect keeps its place among effects;
- inside a group an element is read either from a register of the same iteration or from an array that
  no member of the group makes, except that an array which the group overwrites may be read at the
  very element that is written;
- where an array dies in a store, no read of another element of it is in the group or after it, so
  that the store can happen in place (`inplace` would otherwise have to copy).

Example: ``t = sub h, y; s = square t; l = sum s; u = mul 2.0, t`` is one group over ``[n, m]`` with one
reduction and one output.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..analysis.dataflow import region_uses
from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import Gather, Op, Operand, Region, Value, as_dim
from ..ir.opdef import opdef
from .access import (
    GENERATORS,
    Indices,
    broadcast_index,
    has_gather,
    index_operands,
    is_virtual_op,
    load_index,
    move,
    resolve,
)
from .sink import set_apart, sink

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all"})
WRITES = frozenset({"store", "accum"})
Read = tuple[Operand, Indices | None]  # an array, and which element; None: any
# LLVM's alias checks give up near 20 arrays; the vectoriser is lost with them
MAX_ARRAYS = 16


@dataclass(slots=True)
class Unit:
    """One op, or a group of ops that share the iteration space `space`."""

    ops: list[Op]
    space: tuple[Dim, ...] | None
    last: int
    ancestors: int = 0  # bit set of units that must come before
    deps: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    """What to emit for a region."""

    units: list[Unit]
    virtual: set[Value]  # read through, never in memory
    buffered: set[Value]  # results of group members that need memory
    dying: dict[Op, Value]  # stores whose operand dies in them


def space_of(op: Op) -> tuple[Dim, ...] | None:
    """The iteration space of an op that can be a member of a group; None for other ops."""
    if op.opcode in WRITES:
        shape = indexed_shape(op.operands[0].type.shape, op.attrs["index"], index_operands(op))
        return shape or None
    if op.opcode in REDUCTIONS:
        return op.operands[0].type.shape or None
    if len(op.results) != 1 or not op.result.type.shape:
        return None
    if op.opcode == "load" or op.opcode in ("transpose", "broadcast_to", "iota", "eye"):
        return op.result.type.shape
    if op.opcode in ("copy", "stop_gradient"):
        return op.result.type.shape if is_virtual_op(op) else None
    if op.opcode == "reshape":
        return None  # read through, or the memory of its operand
    if op.opcode != "full" and opdef(op.opcode).kind == "elementwise":
        return op.result.type.shape
    return None


def ivs(space: tuple[Dim, ...]) -> Indices:
    """Symbolic loop indices; axes of extent 1 have index 0."""
    return tuple(Dim.of(0) if d == 1 else Dim.of(f"#{k}") for k, d in enumerate(space))


def reads(op: Op, idx: Indices, virtual: set[Value]) -> Iterator[Read]:
    """Array elements that member `op` reads at iteration `idx`; index None means anywhere."""

    def through(x: Operand, at: Indices) -> Iterator[Read]:
        yield resolve(x, at, virtual)

    if op.opcode in WRITES or op.opcode == "load":
        gathers = [x for x in index_operands(op) if x.type.shape]
        for x in gathers:
            yield from through(x, gather_index(op, x, idx))
        if op.opcode == "load":
            if has_gather(op):
                base, _ = resolve(op.operands[0], tuple(Dim.of("#any") for _ in op.operands[0].type.shape), virtual)
                yield base, None
            else:
                yield from through(op.operands[0], load_index(op, idx, as_dim))
        else:
            value = op.operands[-1]
            yield from through(value, broadcast_index(value.type.shape, idx))
    elif op.opcode in REDUCTIONS:
        yield from through(op.operands[0], idx)
    elif op.opcode not in GENERATORS:
        if is_virtual_op(op):
            source = op.operands[0]
            yield from through(source, move(op, idx) if source.type.shape else ())
        else:
            for x in op.operands:
                yield from through(x, broadcast_index(x.type.shape, idx))


def gather_index(op: Op, x: Operand, idx: Indices) -> Indices:
    """The index into index array `x` of a load/store/accum for element `idx` of the indexed shape."""
    rank = max(y.type.rank for y in index_operands(op))
    place = 0
    for item in op.attrs["index"]:
        if isinstance(item, Gather):
            break
        place += type(item).__name__ != "At"
    return broadcast_index(x.type.shape, idx[place : place + rank])


def strides(at: Indices, idx: Indices) -> bool:
    """Whether neighbouring iterations `idx` of a nest touch elements `at` that are rows apart in memory."""
    inner = next((d for d in reversed(idx) if not d.is_const), None)
    return inner is not None and any(a in inner.atoms() for d in at[:-1] for a in d.atoms())


def write_place(op: Op, idx: Indices) -> Indices | None:
    """Where a store writes at iteration `idx`, when each element is written once; else None."""
    if has_gather(op):
        return None
    return load_index(op, idx, as_dim)


class Planner:
    """Decides on the units of one region."""

    def __init__(self, region: Region, owned: set[Value]):
        self.region = region
        self.ops = region.ops
        self.position = {op: k for k, op in enumerate(self.ops)}
        self.maker = {r: op for op in self.ops for r in op.results}
        self.owned = owned | set(self.maker)
        self.direct: dict[Value, list[int]] = {}  # value -> positions of ops that use it, nested uses included
        self.nested: dict[Op, set[Value]] = {}
        for k, op in enumerate(self.ops):
            used = set(op.used_values())
            inside = {v for r in op.regions for v in region_uses(r)}
            self.nested[op] = inside
            for v in used | inside:
                self.direct.setdefault(v, []).append(k)
        self.yielded = {y for y in region.yields if isinstance(y, Value)}
        self.virtual: set[Value] = set()
        self.destroyers: dict[Value, Op] = {}
        self.dying: dict[Op, Value] = {}

    # -- which values are virtual ---------------------------------------------------------------------
    def find_destroyers(self) -> None:
        """Ops in whose place an array dies: the last direct use of an owned array is a write or a carry."""
        for v, uses in self.direct.items():
            if not v.type.shape or v not in self.owned or v in self.yielded:
                continue
            last = self.ops[uses[-1]]
            if (
                (last.opcode in WRITES and last.operands[0] is v and not any(x is v for x in last.operands[1:]))
                or (last.opcode == "gemm" and last.operands[0] is v and not any(x is v for x in last.operands[1:]))
                or (
                    last.opcode in ("for", "while")
                    and any(x is v for x in last.operands)
                    and v not in self.nested[last]
                )
            ):
                self.destroyers[v] = last

    def find_virtual(self) -> None:
        for op in self.ops:
            if is_virtual_op(op):
                self.virtual.add(op.result)
        changed = True
        while changed:
            changed = False
            for op in self.ops:
                if (
                    is_virtual_op(op)
                    and op.result in self.virtual
                    and op.opcode not in GENERATORS
                    and self._must_hold(op)
                ):
                    self.virtual.discard(op.result)
                    changed = True

    def _must_hold(self, op: Op) -> bool:
        v = op.result
        if self.needs_memory(v):
            return True
        base, _ = resolve(v, ivs(v.type.shape), self.virtual)
        destroyer = self.destroyers.get(base) if isinstance(base, Value) else None
        if destroyer is None:
            return False
        at = self.position[destroyer]
        elsewhere = self._reads_elsewhere(destroyer, base)
        return any(k > at or (k == at and elsewhere) for k in self.consumers(v))

    def consumers(self, v: Value) -> Iterator[int]:
        """Positions of ops that read `v`, seen through virtual values."""
        for k in self.direct.get(v, ()):
            op = self.ops[k]
            if len(op.results) == 1 and op.result in self.virtual:
                yield from self.consumers(op.result)
            else:
                yield k

    def _reads_elsewhere(self, op: Op, base: Operand) -> bool:
        """Whether the store `op` reads elements of `base` other than the one it writes."""
        space = space_of(op)
        if space is None or op.opcode not in WRITES:
            return True
        place = write_place(op, ivs(space))
        return any(b is base and not _left_alone(at, place) for b, at in reads(op, ivs(space), self.virtual))

    def needs_memory(self, v: Value) -> bool:
        """Whether something other than a loop nest reads the array."""
        if v in self.yielded:
            return True
        for k in self.direct.get(v, ()):
            op = self.ops[k]
            if v in self.nested[op]:
                return True
            if op.opcode in WRITES and op.operands[0] is v:
                return True
            if len(op.results) == 1 and op.result in self.virtual:
                continue
            if op.opcode == "load" and not op.result.type.shape:
                continue  # read through
            if space_of(op) is None and any(x is v for x in op.operands):
                return True
        return False

    def place(self, op: Op) -> Indices:
        """Where the value that an op computes at one iteration of its nest belongs."""
        return ivs(op.result.type.shape)

    def reads(self, op: Op) -> list[Read]:
        """What a member of a group reads at one iteration."""
        space = space_of(op)
        return [] if space is None else list(reads(op, ivs(space), self.virtual))

    # -- grouping -------------------------------------------------------------------------------------
    def run(self) -> Plan:
        self.find_destroyers()
        self.find_virtual()
        self.dying = {op: v for v, op in self.destroyers.items() if op.opcode in WRITES}
        units: list[Unit] = []
        home: dict[Op, int] = {}
        open_groups: dict[tuple[Dim, ...], list[int]] = {}
        last_effect: int | None = None
        last_check: int | None = None
        effects_since: list[int] = []
        for k, op in enumerate(self.ops):
            if op.results and op.results[0] in self.virtual:
                if op.opcode not in GENERATORS or not self.needs_memory(op.result):
                    continue
            space = space_of(op)
            deps, needed = self._dependences(op, k, home)
            if last_check is not None and (
                (op.results and (space or any(r.type.shape for r in op.results))) or op.regions or op.opcode == "load"
            ):
                deps.add(last_check)
            is_effect = _has_effect(op)
            if is_effect:
                if last_effect is not None:
                    deps.add(last_effect)
                deps.update(effects_since)
            ancestors = 0
            for d in deps:
                ancestors |= units[d].ancestors | (1 << d)
            joined = None
            if space is not None:
                for g in self._candidates(op, open_groups.get(space, []), home):
                    if self._may_join(op, g, units, deps, needed):
                        joined = g
                        break
            if joined is not None:
                unit = units[joined]
                unit.ops.append(op)
                unit.last = k
                unit.deps |= deps - {joined}
                new = ancestors & ~(1 << joined) | unit.ancestors
                unit.ancestors = new
                for u in units:
                    if u.ancestors >> joined & 1:
                        u.ancestors |= new
                home[op] = joined
            else:
                home[op] = len(units)
                units.append(Unit([op], space, k, ancestors, deps))
                if space is not None:
                    open_groups.setdefault(space, []).append(home[op])
            if is_effect:
                last_effect = home[op]
                effects_since = []
                if op.opcode == "check" or op.regions or op.opcode == "call":
                    last_check = home[op]
        set_apart(self, units, home)
        sink(self, units, home, MAX_ARRAYS)
        buffered = self._buffered(home)
        return Plan([u for u in _schedule(units) if u.ops], self.virtual, buffered, self.dying)

    def _candidates(self, op: Op, groups: list[int], home: dict[Op, int]) -> list[int]:
        """The groups that an op may join, in order of preference: the one that makes the array which it writes to has
        the element in a register; then the latest."""
        latest = groups[:-9:-1]
        if op.opcode not in WRITES:
            return latest
        maker = self.maker.get(op.operands[0])  # type: ignore[arg-type]
        own = home.get(maker) if maker is not None else None
        return [own, *(g for g in latest if g != own)] if own in groups else latest

    def _dependences(self, op: Op, k: int, home: dict[Op, int]) -> tuple[set[int], set[Value]]:
        """Units that come before `op`, and every value it reads, those behind virtual ones included."""
        deps: set[int] = set()
        seen: set[Value] = set()

        def need(v: Value) -> None:
            if v in seen:
                return
            seen.add(v)
            maker = self.maker.get(v)
            if maker is None:
                return
            if maker in home:
                deps.add(home[maker])
            if v in self.virtual:
                for w in maker.used_values():
                    need(w)

        for v in set(op.used_values()) | self.nested[op]:
            need(v)
        # readers of an array come before the op in which it dies
        for x in op.operands:
            if isinstance(x, Value) and self.destroyers.get(x) is op:
                for j in self._readers_before(x, k):
                    if self.ops[j] in home:
                        deps.add(home[self.ops[j]])
        return deps, seen

    def _readers_before(self, v: Value, k: int) -> Iterator[int]:
        for j in self.consumers(v):
            if j < k:
                yield j

    def _may_join(self, op: Op, g: int, units: list[Unit], deps: set[int], needed: set[Value]) -> bool:
        unit = units[g]
        bit = 1 << g
        if any(d != g and units[d].ancestors & bit for d in deps):
            return False
        assert unit.space is not None
        idx = ivs(unit.space)
        members = {r: m for m in unit.ops for r in m.results}
        if any(not v.type.shape and v in members for v in needed):
            return False  # a full reduction of the group is known only after it
        mine = list(reads(op, idx, self.virtual))
        for base, at in mine:
            m = members.get(base) if isinstance(base, Value) else None
            if m is None:
                continue
            if m.opcode in REDUCTIONS:
                return False
            places = self._places(m, unit, idx) if m.opcode in WRITES else [idx]
            if not all(_left_alone(at, place) for place in places):
                return False
        if op.opcode in WRITES:
            place = write_place(op, idx)
            m = members.get(op.operands[0])  # type: ignore[arg-type]
            if m is not None and (m.opcode not in WRITES or op not in self.dying):
                return False  # the nest has one version of an array, which a reader of this one would miss
            if m is not None and not all(_left_alone(place, other) for other in self._places(m, unit, idx)):
                return self._only_adds(op, unit, idx) and self._few_arrays(unit, idx, mine, members)
            if op in self.dying:
                versions = self._versions(op, unit)
                theirs = [r for member in unit.ops for r in reads(member, idx, self.virtual)]
                if any(b in versions and not _left_alone(at, place) for b, at in theirs + mine):
                    return False
        return self._few_arrays(unit, idx, mine, members)

    def _places(self, m: Op, unit: Unit, idx: Indices) -> list[Indices | None]:
        """Where the writes of the group to the array of `m`, down to `m`, write."""
        return [write_place(w, idx) for w in self._writes(m, unit)]

    def _writes(self, m: Op, unit: Unit) -> Iterator[Op]:
        """A write, and those of the group below it to the same array."""
        while True:
            yield m
            below = m.operands[0].op if isinstance(m.operands[0], Value) else None
            if below is None or below not in unit.ops or below.opcode not in WRITES:
                return
            m = below

    def _versions(self, op: Op, unit: Unit) -> set[Operand]:
        """The versions of the array of a write that the group has in the same memory."""
        return {w.operands[0] for w in self._writes(op, unit)}

    def _few_arrays(self, unit: Unit, idx: Indices, mine: list[Read], members: dict[Value, Op]) -> bool:
        """Whether a nest is small enough to be vectorised well, or would not be in any case, since it strides
        through memory. What it computes counts too: twice as many registers spill."""
        found = [*mine, *(r for m in unit.ops for r in reads(m, idx, self.virtual))]
        written = [write_place(m, idx) for m in unit.ops if m.opcode in WRITES]
        if any(at is not None and strides(at, idx) for at in (*(at for _, at in found), *written)):
            return True
        arrays = {base for base, _ in found} | set(members)
        return sum(bool(a.type.shape) for a in arrays) <= MAX_ARRAYS

    def _only_adds(self, op: Op, unit: Unit, idx: Indices) -> bool:
        """Whether the group does nothing with the array of accum `op` but add to it: additions at any places
        commute, so that all may be made in one iteration."""
        versions: set[Operand] = set()
        at = op
        while True:
            array = at.operands[0]
            versions.add(array)
            if at.opcode != "accum":
                return False
            below = array.op if isinstance(array, Value) else None
            if below is None or below not in unit.ops:
                break
            at = below
        theirs = (b for m in [*unit.ops, op] for b, _ in reads(m, idx, self.virtual))
        return not any(b in versions for b in theirs)

    def _buffered(self, home: dict[Op, int]) -> set[Value]:
        out: set[Value] = set()
        for op in self.ops:
            if op not in home or space_of(op) is None or not op.results or not op.result.type.shape:
                continue
            v = op.result
            if (
                op.opcode in WRITES
                or self.needs_memory(v)
                or any(self._reads_memory(k, op, home) for k in self.consumers(v))
            ):
                out.add(v)
        return out

    def _reads_memory(self, k: int, op: Op, home: dict[Op, int]) -> bool:
        consumer = self.ops[k]
        return home.get(consumer) != home[op]


def _left_alone(at: Indices | None, place: Indices | None) -> bool:
    """Whether a nest that writes at `place` finds what it reads at `at` as it was: it is what the same iteration
    writes, or what none does, since the two differ by a number along an axis on which the read does not move."""
    if at is None or place is None:
        return False
    return at == place or any(
        (d := a - p).is_const and d.const != 0 and not any(str(x).startswith("#") for x in a.atoms())
        for a, p in zip(at, place, strict=True)
    )


def _has_effect(op: Op) -> bool:
    if op.opcode in ("check", "print", "call"):
        return True
    return any(_has_effect(o) for r in op.regions for o in r.walk())


def _schedule(units: list[Unit]) -> list[Unit]:
    """A topological order, the earliest original end first."""
    waiting = [len(u.deps) for u in units]
    users: list[list[int]] = [[] for _ in units]
    for k, u in enumerate(units):
        for d in u.deps:
            users[d].append(k)
    ready = [(u.last, k) for k, u in enumerate(units) if not u.deps]
    heapq.heapify(ready)
    order = []
    while ready:
        _, k = heapq.heappop(ready)
        order.append(units[k])
        for w in users[k]:
            waiting[w] -= 1
            if not waiting[w]:
                heapq.heappush(ready, (units[w].last, w))
    assert len(order) == len(units), "cycle among fused groups"
    return order


def plan(region: Region, owned: set[Value]) -> Plan:
    """Partition the ops of `region`; `owned` are arrays from outside that may be overwritten (carries)."""
    return Planner(region, owned).run()
