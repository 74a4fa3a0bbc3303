"""Independent iterations become the lanes of vectors.

A loop over samples or paths with a recurrence inside, ``for each path: for each step: s = f(s)``, runs serially: the
compiler vectorises innermost loops, and this one waits for itself. The iterations of the outer loop do not wait for
each other, so that a block of them can go through the inner loop together.

Before::                                          after, with %m of `BLOCK` iterations at a time::

    for %i in n (%total):                             for %block in ceil(n / BLOCK) (%total):
      %s = for %t in m (%s0):                           for %lane in %m: store %row, %lane, %s0
        %x = load %z, %i, %t                            for %t in m (%row):
        %s2 = <f of %s1, %x>                              for %lane in %m:
        yield %s2                                           %s1 = load %row, %lane
      %total1 = add %total, %s                              %x = load %z, %block * BLOCK + %lane, %t
      yield %total1                                         %s2 = <f of %s1, %x>
                                                            store %row, %lane, %s2
                                                        for %lane in %m (%total): add %total, (load %row, %lane)

Values that differ between the iterations (*varying*) live in registers within a lane loop and in rows of `BLOCK`
elements between lane loops; arrays made in the iteration get an axis more, the last. Everything else is computed once a
block.

It is done where the outer loop only adds up numbers and touches arrays at places of its own or by additions, the
bounds of the inner loops are the same for all iterations, and an inner loop has a recurrence that is not just a sum.
The order of additions changes, as in every reduction here. What raises because of a number (``math.exp``, a division of
Python floats) does so at the end of the lane loop: if two iterations of a block raise, the later one may come first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

from ..analysis.alias import ACCESSES, Carried
from ..analysis.bounds import Facts, facts_before, linear_split
from ..analysis.dataflow import reads, replace_everywhere
from ..analysis.sums import Sums
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Gather, New, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.opdef import COMPARISONS, LOGIC, PREDICATES, opdef
from ..rules.indexing import index_operands
from .flatten import flattened
from .lanes_emit import emit_blocks

DEAR = 10  # the cost of an elementary function (`ir.opdef`)
Place = tuple[Dim | None, ...]
Reductions = tuple[tuple[str, ...], ...]
SUMS: Reductions = (("add", "sub"),)
_REDUCTIONS: Reductions = (*SUMS, ("mul", "div"), ("maximum",), ("minimum",))
_TESTS = COMPARISONS | PREDICATES | LOGIC - {"logical_xor"}
_INDEX_ARITHMETIC = frozenset({"extent", "add", "sub", "mul", "neg"})


def make_lanes(fn: Function) -> None:
    """Change the loops of a lowered function (before `inplace`), in place."""
    _region(fn.body, facts_before(fn))


def _region(region: Region, facts: dict[Op, Facts]) -> None:
    for op in list(region.ops):
        if op.opcode == "for" and all_serial([op]):
            found = _lanes_of(op, facts)
            if found is not None:
                _replace(region, op, found)
                continue
        for r in op.regions:
            _region(r, facts)


def _lanes_of(op: Op, facts: dict[Op, Facts]) -> Lanes | None:
    if any(o.opcode == "if" for o in op.regions[0].walk()):
        sums: set[Operand] = set()
        carried = Carried(op)
        for p, y in zip(carried.params, carried.yields, strict=True):
            if not p.type.shape and y is not p:
                found = Sums(op.regions[0], p)
                if not found.has(y):
                    return None
                sums |= found.sums
        flat = flattened(op, sums, facts)
        if flat is None:
            return None
        op = flat
    lanes = Lanes(op)
    return lanes if lanes.right() else None


def _replace(region: Region, op: Op, found: Lanes) -> None:
    b = Builder(Region(), op.loc)
    results = emit_blocks(found, b)
    at = region.ops.index(op)
    region.ops[at : at + 1] = b.region.ops
    replace_everywhere(region, Substitution(dict(zip(op.results, results, strict=True))))


# -- where it pays -------------------------------------------------------------------------------------------
def all_serial(ops: Iterable[Op], reductions: Reductions = _REDUCTIONS) -> bool:
    """Whether no innermost loop among some ops, and those in them, would be vectorised as it is, along what it goes
    through. `reductions` are the kinds of ops by which it may reduce to one number all the same."""
    loops = [o for op in ops for o in (op, *(x for r in op.regions for x in r.walk())) if o.opcode in ("for", "while")]
    innermost = [o for o in loops if not any(x.opcode in ("for", "while") for x in o.regions[-1].walk())]
    return all(_is_serial(o, reductions) for o in innermost)


def _is_serial(loop: Op, reductions: Reductions) -> bool:
    """Whether a loop waits for itself: it carries a number that is more than a sum, or elements of an array; or it may
    end, raise, or branch."""
    carried = Carried(loop)
    body = loop.regions[-1]
    if loop.opcode == "while" or loop.attrs.get("stop") or any(op.opcode in ("check", "if") for op in body.walk()):
        return True
    return any(
        _reads_another_place(body, p)
        if p.type.shape
        else y is not p and not any(Sums(body, p, ops).has(y) for ops in reductions)
        for p, y in zip(carried.params, carried.yields, strict=True)
    )


def _reads_another_place(body: Region, array: Value) -> bool:
    """Whether an iteration writes an array and reads it where it does not write: perhaps what the one before wrote."""
    versions: set[Operand] = {array}
    written: set[Place] = set()
    read: set[Place] = set()
    for op in body.ops:
        if op.opcode in ACCESSES and op.operands[0] in versions:
            operands = iter(index_operands(op))
            items = [i for i in op.attrs["index"] if not isinstance(i, New)]
            taken = [(i, next(operands) if isinstance(i, (At, Gather)) else None) for i in items]
            # by axis; None where more than one element may be taken
            place = tuple(as_dim(x) if isinstance(i, At) and x is not None else None for i, x in taken)
            if op.opcode == "load":
                read.add(place)
            else:
                versions.add(op.result)
                written.add(place)
    return any(_may_be_handed_on(w, r, body.params[0]) for w in written for r in read)


def _may_be_handed_on(written: Place, read: Place, iv: Value) -> bool:
    """Whether what one iteration writes may be what a later one reads: the places differ where the index of the loop
    is in them, and are not known to differ elsewhere."""
    moves = False
    for w, r in zip(written, read, strict=True):
        if w is None or r is None:
            moves |= w is not r
        elif iv in w.values() or iv in r.values():
            moves |= w != r
        elif (w - r).is_const and w != r:
            return False
    return moves


# -- what is what --------------------------------------------------------------------------------------------
@final
@dataclass(slots=True, eq=False)
class _Memory:
    """An array that the outer loop carries, by its versions."""

    carry: int
    accesses: list[Op] = field(default_factory=list)


class Lanes:
    """The values of a loop's body by kind, and whether the loop can be turned."""

    def __init__(self, loop: Op):
        self.loop = loop
        self.carried = Carried(loop)
        self.iv = loop.regions[0].params[0]
        self.varying: set[Value] = {self.iv}
        self.sums: dict[Value, int] = {}  # a sum -> the number of the carry of the outer loop
        self.local: set[Value] = set()  # versions of arrays that an iteration makes
        self.memory: dict[Value, _Memory] = {}  # versions of arrays that the outer loop carries
        self.current: dict[_Memory | Value, Value] = {}
        self.roots: dict[Value, Value] = {}  # a version of a local array -> its first one
        self.repeatable: set[Value] = {self.iv}  # integers that follow from the index of the loop
        self.deferred: set[Op] = set()  # checks of numbers that differ between lanes: made after the lane loop

    def right(self) -> bool:
        return (
            self._sums()
            and self._arrays()
            and self._vary()
            and self._uniform_bounds()
            and self._own_places()
            and self._pays()
        )

    def _pays(self) -> bool:
        """Whether an elementary function is computed for many at once, or enough else for each access that strides: a
        filter of a few multiplications is as fast one row after another."""
        body = self.loop.regions[0]
        inner = [op for o in body.ops if o.opcode == "for" for op in o.regions[0].walk()] or body.ops
        costs = [opdef(op.opcode).cost for op in inner if opdef(op.opcode).kind == "elementwise"]
        outside = [op for op in inner if op.opcode in ACCESSES and op.operands[0] not in self.local]
        return any(c >= DEAR for c in costs) or sum(costs) >= 5 * sum(map(self.strides, outside))

    def _sums(self) -> bool:
        loop = self.loop
        if (
            loop.attrs.get("stop")
            or not isinstance(loop.operands[2], Const)
            or not all(map(_fits, loop.regions[0].ops))
        ):
            return False
        for k, (p, y) in enumerate(zip(self.carried.params, self.carried.yields, strict=True)):
            if p.type.shape:
                continue
            found = Sums(loop.regions[0], p)
            if y is not p and not found.has(y):
                return False
            if y is not p:
                self.sums.update({v: k for v in found.sums if isinstance(v, Value)})
        return True

    # -- arrays ---------------------------------------------------------------------------------------------
    def _arrays(self) -> bool:
        """Follow the versions of arrays; False where an old one is used, or leaves the loop in another place."""
        for k, p in enumerate(self.carried.params):
            if p.type.shape:
                self._begin(p, _Memory(k))
        if not self._follow(self.loop.regions[0]):
            return False
        for p, y in zip(self.carried.params, self.carried.yields, strict=True):
            if p.type.shape and self.current[self.memory[p]] is not y:
                return False
        return True

    def _begin(self, v: Value, memory: _Memory) -> None:
        self.memory[v] = memory
        self.current[memory] = v

    def _next(self, old: Value, new: Value) -> None:
        """`new` is the version after `old`."""
        if old in self.local:
            self.local.add(new)
            self.roots[new] = root = self.roots[old]
            self.current[root] = new
        else:
            self._begin(new, self.memory[old])

    def _is_current(self, v: Value) -> bool:
        return self.current[self.roots[v] if v in self.local else self.memory[v]] is v

    def _follow(self, region: Region) -> bool:
        for op in region.ops:
            arrays = [x for x in op.operands if isinstance(x, Value) and (x in self.local or x in self.memory)]
            if not all(self._is_current(x) for x in arrays):
                return False
            if op.opcode in ("empty", "full"):
                self.local.add(op.result)
                self.roots[op.result] = self.current[op.result] = op.result
            elif op.opcode in ACCESSES:
                if arrays[1:] or (op.opcode != "load" and not arrays):
                    return False
                if arrays and arrays[0] in self.memory:
                    self.memory[arrays[0]].accesses.append(op)
                if op.opcode != "load":
                    self._next(arrays[0], op.result)
            elif op.opcode == "for":
                if not self._through(op):
                    return False
            elif arrays:
                return False
        return True

    def _through(self, op: Op) -> bool:
        loop = Carried(op)
        entered: list[int] = []
        for k, (x, p) in enumerate(zip(loop.inits, loop.params, strict=True)):
            if p.type.shape:
                if not isinstance(x, Value) or not (x in self.local or x in self.memory) or x in loop.inits[:k]:
                    return False
                self._next(x, p)
                entered.append(k)
        if not self._follow(op.regions[0]):
            return False
        for k in entered:
            y, result = loop.yields[k], loop.results[k]
            if not isinstance(y, Value) or not (y in self.local or y in self.memory) or not self._is_current(y):
                return False
            if (self.roots.get(y), self.memory.get(y)) != (
                self.roots.get(loop.params[k]),
                self.memory.get(loop.params[k]),
            ):
                return False
            self._next(y, result)
        return True

    # -- varying --------------------------------------------------------------------------------------------
    def _vary(self) -> bool:
        """Find what differs between iterations."""
        before = -1
        while len(self.varying) != before:
            before = len(self.varying)
            self._spread(self.loop.regions[0])
        # only now: what a loop carries may turn out to vary after what is made of it has been seen
        for op in self.loop.regions[0].walk():
            if op.opcode in _INDEX_ARITHMETIC and op.result in self.varying and op.result.type.is_int:
                if all(v not in self.varying or v in self.repeatable for v in reads(op)):
                    self.repeatable.add(op.result)
        return True

    def _spread(self, region: Region) -> None:
        for op in region.ops:
            if op.opcode == "for":
                loop = Carried(op)
                self._spread(op.regions[0])
                for x, p, y, result in zip(loop.inits, loop.params, loop.yields, loop.results, strict=True):
                    if not p.type.shape and p not in self.sums and (x in self.varying or y in self.varying):
                        self.varying.update((p, result))
            elif self._varies(op):
                self.varying.update(r for r in op.results if not r.type.shape and r not in self.sums)

    def _varies(self, op: Op) -> bool:
        if op.opcode == "load" and (op.operands[0] in self.local or op.operands[0] in self.memory):
            return True
        return any(v in self.varying for v in reads(op))

    def is_laned(self, op: Op) -> bool:
        """Whether an op without regions runs once a lane."""
        if op.opcode == "check":
            return op in self.deferred
        if op.opcode in ("empty", "full"):
            return False
        if op.opcode in ("store", "accum"):
            return True
        return self._varies(op) or any(r in self.sums for r in op.results)

    def strides(self, op: Op) -> bool:
        """Whether an access moves by more than one element from lane to lane, or nobody knows how far."""
        *outer, last = (as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])])
        if any(v in self.varying for d in outer for v in d.values()):
            return True
        split = linear_split(last, self.iv)
        if split is None or not split[0].is_const or abs(split[0].const) > 1:
            return True
        return any(v in self.varying for v in split[1].values())

    def _uniform_bounds(self) -> bool:
        """Whether the ranges of loops, the extents of arrays and what is checked are the same for all iterations."""
        for op in self.loop.regions[0].walk():
            if op.opcode == "for":
                values = {v for x in op.operands[:3] for v in as_dim(x).values()}
            elif op.opcode in ("empty", "full", "check"):
                values = set(reads(op))
            else:
                continue
            if any(v in self.varying or v in self.sums for v in values):
                if op.opcode != "check" or not _about_floats(op):
                    return False
                self.deferred.add(op)
        return True

    def _own_places(self) -> bool:
        """Whether iterations touch no common element of an array that is changed, other than by additions."""
        for memory in dict.fromkeys(self.memory.values()):
            kinds = {op.opcode for op in memory.accesses}
            if kinds <= {"load"} or kinds == {"accum"}:
                continue
            places = [self._places(op) for op in memory.accesses]
            common = set.intersection(*(set(p.items()) for p in places))
            if not common:
                return False
        return True

    def _places(self, op: Op) -> dict[int, Dim]:
        """By axis, the index of an access, where it is the loop's plus something that is the same for all."""
        found: dict[int, Dim] = {}
        for axis, x in enumerate(op.operands[1 : 1 + len(op.attrs["index"])]):
            split = linear_split(as_dim(x), self.iv)
            if split is not None and split[0].is_const and split[0].const and not split[1].has_values:
                found[axis] = as_dim(x)
        return found


def _about_floats(check: Op) -> bool:
    """Whether a check tests floats only, and says nothing of them: what it guards is a value then, not a place in
    memory, so that it can be made a little later."""
    work = list(check.operands)
    if len(work) > 1:
        return False
    while work:
        x = work.pop()
        if not isinstance(x, Value) or x.op is None or x.op.opcode not in _TESTS:
            return False
        work += [y for y in x.op.operands if isinstance(y, Value) and not y.type.is_float]
    return True


def _fits(op: Op) -> bool:
    """Whether an op is of scalars or accesses one element, or is a loop of such ops."""
    if op.opcode in ACCESSES:
        return all(isinstance(i, At) for i in op.attrs["index"])
    if op.opcode == "for":
        return not op.attrs.get("stop") and all(map(_fits, op.regions[0].ops))
    if op.opcode in ("empty", "full", "extent", "check"):
        return True
    return not op.regions and opdef(op.opcode).kind == "elementwise" and not op.result.type.shape
