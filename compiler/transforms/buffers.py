"""Fewer and earlier allocations at the native level.

- `recycle` (before `inplace`): an `empty` becomes the last version of an array that is dead by then, where
  the two have the same type: what an `empty` holds is of no importance. An array may be taken over by the very
  nest that reads it last, when that nest reads each element where and before it writes it. What a loop carries
  is such an array, too, once an iteration is done with it: the next value takes its place.
- `hoist` (after `inplace`): an `empty` whose extents a loop does not change is allocated before the loop, when
  no reference to it outlives an iteration.

Before::                                     after::

    for t ...:                                   %a = empty {shape=(n,)}
      %a = empty {shape=(n,)}                    for t ...:
      %b = for ... %a: store f(x)                  %b = for ... %a: store f(x)
      %c = empty {shape=(n,)}                      %d = for ... %b: store g(b)
      %d = for ... %c: store g(b)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..analysis.alias import ALLOCATIONS, Aliases, Carried, is_view, mutated_operands
from ..analysis.bounds import facts_before, prove_nonneg
from ..analysis.dataflow import replace_operand, values_read
from ..ir.nodes import Function, Op, Operand, Region, Value


# -- recycling --------------------------------------------------------------------------------------
def recycle(fn: Function, carried: bool = False) -> None:
    """Let arrays take over dead ones of the same type, region by region, in place. With `carried` only the next value
    of what a loop carries, in the place of the value before: no two arrays of the program get to share memory."""
    for region, loop in _regions(fn.body):
        if loop is not None or not carried:
            _Recycler(region, loop, carried).run()


@dataclass(slots=True, eq=False)
class _Web:
    """The versions of one array and views of them, the last version, and the position of the last op
    that reads any."""

    versions: set[Value]
    last: Value
    death: int
    slots: set[int] = field(default_factory=set)  # yields by which it leaves the region
    carried: int | None = None  # it came in as the value of this yield


class _Recycler:
    def __init__(self, region: Region, loop: Op | None, carried: bool):
        """`loop`: whose body the region is, if it is one; `carried`: nothing but what it carries is taken over."""
        self.region = region
        self.only_carried = carried
        self.uses: dict[Value, list[int]] = {}
        for k, op in enumerate(region.ops):
            for v in values_read(op):
                self.uses.setdefault(v, []).append(k)
        self.pool: list[_Web] = [*self._carried(loop)] if loop is not None else []

    def _carried(self, loop: Op) -> Iterator[_Web]:
        """What an iteration gets and does not pass on."""
        carried = Carried(loop)
        for k, p in enumerate(carried.body_params):
            web = self._web(p) if p.type.shape else None
            if web is not None and not web.slots:
                web.carried = carried.first_yield + k
                yield web

    def run(self) -> None:
        removed: set[Op] = set()
        made = [op for op in self.region.ops if op.opcode in ALLOCATIONS and self.uses.get(op.result)]
        for op in sorted(made, key=lambda op: self.uses[op.result][0]):
            k = self.uses[op.result][0]  # where it is first needed
            web = self._web(op.result)
            if web is None:
                continue
            if op.opcode == "empty" and not any(y is op.result for y in self.region.yields):
                dead = self._dead(web, op.result, k) or self._read_last_by_writer(web, op.result)
                if dead is not None:
                    self.pool.remove(dead)
                    removed.add(op)
                    for user in self.uses[op.result]:
                        replace_operand(self.region.ops[user], op.result, dead.last)
                    self.uses.setdefault(dead.last, []).extend(self.uses.get(op.result, ()))
                    if web.last is op.result:
                        web.last = dead.last
                    web.versions.add(dead.last)
            if not web.slots and not self.only_carried:
                self.pool.append(web)
        if removed:
            self.region.ops[:] = [op for op in self.region.ops if op not in removed]

    def _web(self, v: Value) -> _Web | None:
        """Follow an array through its versions; None where a reference to one may be kept anywhere."""
        death = -1
        slots: set[int] = set()
        pending = [v]
        last = v
        seen: set[Value] = set()
        while pending:
            v = pending.pop()
            if v in seen:
                continue
            seen.add(v)
            slots |= {k for k, y in enumerate(self.region.yields) if y is v}
            for k in self.uses.get(v, ()):
                death = max(death, k)
                op = self.region.ops[k]
                if op.opcode == "tape_push" or op.opcode == "if":
                    return None
                if is_view(op):
                    pending.append(op.result)
                for version in _versions(op, v):
                    pending.append(version)
                    last = version
        return _Web(seen, last, death, slots)

    def _candidates(self, web: _Web, new: Value) -> Iterator[_Web]:
        """Arrays whose memory may be that of `new`. What is carried makes room for its own successor: other
        arrays of the body are allocated once (see `hoist`)."""
        for old in self.pool:
            if old.last.type == new.type and web.slots == (set() if old.carried is None else {old.carried}):
                yield old

    def _dead(self, web: _Web, new: Value, k: int) -> _Web | None:
        """An array that nothing reads at op `k` or later, the one that died last."""
        found = [w for w in self._candidates(web, new) if w.death < k]
        return max(found, key=lambda w: w.death) if found else None

    def _read_last_by_writer(self, web: _Web, new: Value) -> _Web | None:
        """An array that dies in the nest that fills `new`, and is read there at the place written only."""
        first = self.uses[new][0]
        nest = self.region.ops[first]
        for old in self._candidates(web, new):
            if old.death == first and self.uses.get(old.last, [-1])[-1] == first:
                older = any(first in self.uses.get(v, ()) for v in old.versions - {old.last})
                if not older and _pointwise(nest, new, old.last):
                    return old
        return None


def _pointwise(nest: Op, new: Value, old: Value) -> bool:
    """Whether a perfect nest reads `old` only at the loop indices, and writes `new` once there, later; then the
    reads are made those of the array being written."""
    ivs: list[Value] = []
    current: Value = new
    loads: list[tuple[Op, Value]] = []
    op = nest
    while True:
        if op.opcode != "for":
            return False
        loop = Carried(op)
        if sum(x is current for x in op.operands) != 1 or any(x is old for x in op.operands):
            return False
        if current not in loop.inits:
            return False
        current = loop.params[loop.inits.index(current)]
        ivs.append(op.regions[0].params[0])
        inner = [o for o in loop.body.ops if _mentions(o, current)]
        if len(inner) != 1:
            return False
        if inner[0].opcode == "store":
            break
        if any(_mentions(o, old) for o in loop.body.ops if o is not inner[0]):
            return False
        op = inner[0]
    store = inner[0]
    body = Carried(op).body
    if store.operands[0] is not current or _loop_indices(store) != ivs:
        return False
    at = body.ops.index(store)
    for k, o in enumerate(body.ops):
        if not _mentions(o, old):
            continue
        if o.opcode != "load" or o.operands[0] is not old or _loop_indices(o) != ivs or k > at:
            return False
        loads.append((o, current))
    if not loads:
        return False
    for o, version in loads:
        o.operands[0] = version
    return True


def _loop_indices(access: Op) -> list[Operand]:
    """The index of a load or store, without the axes that have one place only."""
    shape = access.operands[0].type.shape
    return [x for x, d in zip(access.operands[1 : 1 + len(shape)], shape, strict=True) if d != 1]


def _mentions(op: Op, v: Value) -> bool:
    return any(x is v for x in values_read(op))


def _versions(op: Op, v: Value) -> Iterator[Value]:
    """Results of `op` that are `v` overwritten."""
    if op.opcode in ("for", "while"):
        loop = Carried(op)
        for x, r in zip(loop.inits, loop.results, strict=True):
            if x is v:
                yield r
    else:
        for r, k in zip(op.results, mutated_operands(op), strict=False):
            if op.operands[k] is v:
                yield r


def _regions(region: Region, loop: Op | None = None) -> Iterator[tuple[Region, Op | None]]:
    """All regions, the inner ones first, with the loop whose body they are."""
    for op in region.ops:
        for r in op.regions:
            is_body = op.opcode in ("for", "while") and r is op.regions[-1]
            yield from _regions(r, op if is_body else None)
    yield region, loop


# -- hoisting -------------------------------------------------------------------------------------------
def hoist(fn: Function) -> Function:
    """Allocate before loops what every iteration may use anew; `fn` is after `inplace` and changed."""
    for f in (fn, *fn.callees.values()):
        if any(op.regions for op in f.body.ops):
            _Hoister(f).region(f.body)
    return fn


class _Hoister:
    def __init__(self, fn: Function):
        self.aliases = Aliases(fn)
        self.facts = facts_before(fn)

    def region(self, region: Region) -> None:
        position = 0
        while position < len(region.ops):
            op = region.ops[position]
            for r in op.regions:
                self.region(r)
            if op.opcode in ("for", "while"):
                moved = self._movable(op)
                region.ops[position:position] = moved
                position += len(moved)
            position += 1

    def _movable(self, loop: Op) -> list[Op]:
        body = loop.regions[-1]
        if not any(op.opcode == "empty" for op in body.ops):
            return []
        inside = {p for r in loop.regions for p in r.params}
        for r in loop.regions:
            for op in r.walk():
                inside.update(op.results)
                inside.update(p for inner in op.regions for p in inner.params)
        kept = self.aliases.numbering.mask(y for y in body.yields if isinstance(y, Value))
        for op in body.walk():
            if op.opcode == "tape_push":
                kept |= self.aliases.numbering.mask(op.operands)
        moved = []
        for op in list(body.ops):
            if op.opcode != "empty":
                continue
            shape = op.result.type.shape
            if any(v in inside for d in shape for v in d.values()):
                continue
            # an extent that is known to be >= 0 only in the loop would be wrong before it
            if not all(prove_nonneg(d, self.facts[loop]) for d in shape):
                continue
            if self.aliases.closure(op.result) & kept:
                continue
            body.ops.remove(op)
            moved.append(op)
        return moved
