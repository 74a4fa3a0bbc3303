"""Additions that stand among other work are given a loop nest of their own, where `contract` finds products::

    for %i:                                       for %i: for %j:
      for %j:                                       store %c, %i, %j, %c[%i, %j] * %beta
        store %c, %i, %j, %c[%i, %j] * %beta      for %i: for %l: for %j:
      for %l: for %j:                               accum %c, %i, %j, %a[%i, %l] * %b[%l, %j]
        accum %c, %i, %j, %a[%i, %l] * %b[%l, %j]

They are made after the loops where nothing that follows them there touches the place that they add to, and where what
they read stays as it is; before the loops where the same is so of what precedes them (`analysis.dependence`). Sums over
an innermost loop, which `contract` computes before the loops around it, read what the arrays are before these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ..analysis.alias import Carried
from ..analysis.dataflow import defined_inside, replace_operand
from ..analysis.dependence import Accesses
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value
from ..ir.opdef import opdef
from .contract_emit import home_of
from .contract_nest import EFFECTS, FLOATS, Nest, Range, elementwise


class Versions:
    """The arrays that a loop carries, each under the number of its carry, wherever they are read or written in it."""

    def __init__(self, root: Op):
        self.of: dict[Value, int] = {}
        self.touched: defaultdict[int, list[Op]] = defaultdict(list)
        self.lost: set[int] = set()  # arrays that something else happens to
        loop = Carried(root)
        self._now = {k: p for k, p in enumerate(loop.params) if p.type.shape}
        self.of.update((p, k) for k, p in self._now.items())
        self._region(root.regions[0])
        self.lost |= {k for k, v in self._now.items() if loop.yields[k] is not v}

    def known(self, x: Operand) -> int | None:
        """The carry whose array this is, if all that happens to it is known."""
        k = self.of.get(x) if isinstance(x, Value) else None
        return None if k in self.lost else k

    def _read(self, x: Operand) -> int | None:
        k = self.of.get(x) if isinstance(x, Value) else None
        if k is not None and self._now[k] is not x:
            self.lost.add(k)  # an old version
        return k

    def _write(self, k: int, v: Value) -> None:
        self.of[v] = k
        self._now[k] = v

    def _region(self, region: Region) -> None:
        for op in region.ops:
            if op.opcode in ("load", "store", "accum"):
                self.lost.update(self.of[v] for v in op.operands[1:] if v in self.of)
                k = self._read(op.operands[0])
                if k is None:
                    continue
                self.touched[k].append(op)
                if op.opcode != "load":
                    self._write(k, op.result)
                elif op.result.type.shape:
                    self.lost.add(k)
            elif op.opcode == "for":
                self._loop(op)
            else:
                self.lost.update(self.of[v] for v in op.operands if v in self.of)
                for r in op.regions:
                    before = dict(self._now)
                    self._region(r)
                    self.lost.update(k for k, v in before.items() if self._now[k] is not v)
                    self.lost.update(self.of[v] for v in r.yields if v in self.of)
                    self._now = before

    def _loop(self, op: Op) -> None:
        loop = Carried(op)
        carried: dict[int, int] = {}
        before = dict(self._now)
        for j, (x, p) in enumerate(zip(loop.inits, loop.params, strict=True)):
            k = self._read(x)
            if k is not None:
                if k in carried.values():
                    self.lost.add(k)
                carried[j] = k
                self._write(k, p)
        self._region(op.regions[0])
        for j, y in enumerate(loop.yields):
            k = self._read(y)
            if k is not None and carried.get(j) != k:
                self.lost.add(k)
        for k, v in before.items():
            if k not in carried.values() and self._now[k] is not v:
                self.lost.add(k)
        for j, k in carried.items():
            if loop.yields[j] is not self._now[k]:
                self.lost.add(k)
            self._write(k, loop.results[j])


Site = tuple[Op, int, tuple[Range, ...]]  # an addition, the carry of the outermost loop that it adds to, and the loops


@dataclass(slots=True, eq=False)
class Split:
    """A nest of its own for an addition in three loops."""

    root: Op
    addition: Op
    needed: list[Op]  # what it is computed from
    carry: int
    after: bool
    loop: Op

    def insert(self, region: Region) -> None:
        at = region.ops.index(self.root) + self.after
        region.ops.insert(at, self.loop)
        self._join(region)

    def _join(self, region: Region, undo: bool = False) -> None:
        """Make those that follow see the array that the nest makes (or not)."""
        new = self.loop.results[0]
        if not self.after:
            self.root.operands[Carried(self.root).first_init + self.carry] = self.loop.operands[3] if undo else new
            return
        old = Carried(self.root).results[self.carry]
        if undo:
            old, new = new, old
        for op in region.ops[region.ops.index(self.loop) + 1 :]:
            replace_operand(op, old, new)
        region.yields[:] = [new if y is old else y for y in region.yields]

    def remove(self, region: Region) -> None:
        self._join(region, undo=True)
        region.ops.remove(self.loop)

    def take_out(self) -> None:
        """The loops do without the addition, and without what only it needs."""
        body = self.root.regions[0]
        array = self.addition.operands[0]
        assert isinstance(array, Value)
        replace_operand(self.root, self.addition.result, array)
        home_of(body, self.addition).ops.remove(self.addition)
        _drop_unused(self.needed, body)


def _drop_unused(ops: list[Op], body: Region) -> None:
    """Take those of these ops out of a region that nothing in it uses."""
    for op in reversed(ops):
        used = {v for o in body.walk() for v in (*o.used_values(), *(y for r in o.regions for y in r.yields))}
        if op.result not in used and op.result not in body.yields:
            home_of(body, op).ops.remove(op)


class Order:
    """What of a loop can be done before it or after it."""

    def __init__(self, fn: Function, root: Op):
        self.fn = fn
        self.root = root
        self.versions = Versions(root)
        self._accesses: Accesses | None = None

    def meet(self, moved: Op, other: Op, after: bool) -> bool:
        """Whether two accesses may touch one element in the wrong order once one of them is moved."""
        first, later = (moved, other) if after else (other, moved)
        return self._overwrites(first, later, self.root.regions[0])

    def _overwrites(self, first: Op, later: Op, within: Region) -> bool:
        if self._accesses is None:
            self._accesses = Accesses(self.fn)
        return self._accesses.may_overwrite(first, later, within)

    def stays(self, load: Op, after: bool) -> bool:
        """Whether what is read is in memory then, too."""
        k = self.versions.of[load.operands[0]]  # type: ignore[index]
        return not any(self.meet(load, op, after) for op in self.versions.touched[k] if op.opcode != "load")

    def version_before(self, loop: Op, load: Op) -> Operand:
        """The array that a loop in this one begins with, if it has what is read in each iteration; else what it is."""
        array = load.operands[0]
        carried = Carried(loop)
        j = next((j for j, p in enumerate(carried.params) if p is array), None)
        k = self.versions.known(array)
        if j is None or k is None:
            return array
        body = loop.regions[0]
        inside = set(body.walk())
        writes = [op for op in self.versions.touched[k] if op.opcode != "load" and op in inside]
        return array if any(self._overwrites(op, load, body) for op in writes) else carried.inits[j]

    def carried_loads(self, ops: list[Op]) -> list[Op]:
        return [op for op in ops if op.opcode == "load" and op.operands[0] in self.versions.of]

    def guarded(self) -> bool:
        """Whether something in the loop may stop the program before what stands after it is done."""
        return any(op.opcode in EFFECTS for op in self.root.regions[0].walk())

    def needed(self, values: list[Operand], path: tuple[Op, ...]) -> list[Op] | None:
        """The ops that values are computed by, in the bodies of these loops; None where it takes others."""
        inside = defined_inside(path[0].regions)
        homes = [loop.regions[0] for loop in path]
        indices = {home.params[0] for home in homes}
        found: set[Op] = set()
        pending = [*values, *(x for loop in path[1:] for x in loop.operands[:3])]
        while pending:
            x = pending.pop()
            if not isinstance(x, Value) or x not in inside or x in indices or x.op in found:
                continue
            op = x.op
            if op is None or op.regions or not any(op in home.ops for home in homes):
                return None
            if op.opcode == "load":
                array = op.operands[0]
                if not elementwise(op) or (array in inside and self.versions.known(array) is None):
                    return None
                pending += [v for v in op.used_values() if v is not array]
            elif op.opcode == "extent" or opdef(op.opcode).kind == "elementwise":
                pending += op.used_values()
            else:
                return None
            found.add(op)
        return [op for home in homes for op in home.ops if op in found]


def splits(order: Order) -> Iterator[Split]:
    """The nests that additions in a loop can have, the loop as it is; those that `contract` finds anyway left out."""
    root = order.root
    paths = [(root, middle, inner) for middle in _loops_in(root) for inner in _loops_in(middle)]
    for path in paths if Range.of(root) is not None else ():
        for op in path[-1].regions[0].ops:
            if op.opcode == "accum" and op.operands[0].type.dtype in FLOATS and elementwise(op):
                split = _split(order, op, path)
                if split is not None:
                    yield split


def _loops_in(loop: Op) -> list[Op]:
    return [op for op in loop.regions[0].ops if op.opcode == "for"]


def late_additions(order: Order, nest: Nest) -> list[Site]:
    """The additions to arrays that loops read or overwrite too, none of them at a place that was added to before."""
    root = order.root
    found: list[Site] = []
    for middle in _loops_in(root):
        for inner in _loops_in(middle):
            ranges = [Range.of(loop) for loop in (root, middle, inner)]
            path = tuple(nest.loops.setdefault(r.iv, r) for r in ranges if r is not None)
            for op in inner.regions[0].ops if len(path) == 3 else ():
                k = order.versions.known(op.operands[0]) if op.opcode == "accum" and elementwise(op) else None
                others = [o for o in order.versions.touched[k] if o.opcode != "accum"] if k is not None else []
                if k is not None and others and op.operands[0].type.dtype in FLOATS:
                    if not any(order.meet(op, o, after=True) for o in others):
                        found.append((op, k, path))
    return found


def _split(order: Order, addition: Op, path: tuple[Op, ...]) -> Split | None:
    k = order.versions.known(addition.operands[0])
    needed = order.needed(addition.operands[1:], path) if k is not None else None
    if k is None or needed is None:
        return None
    loads = order.carried_loads(needed)
    others = [op for op in order.versions.touched[k] if op.opcode != "accum"]
    if not (loads or others) or any(order.versions.of[op.operands[0]] == k for op in loads):  # type: ignore[index]
        return None
    for after in (True, False):
        if not after and order.guarded():
            continue  # what stands before it guards what is read
        if not any(order.meet(addition, op, after) for op in others) and all(order.stays(op, after) for op in loads):
            nest = _nest(order, addition, path, needed, k, after)
            return Split(order.root, addition, needed, k, after, nest)
    return None


def _nest(order: Order, addition: Op, path: tuple[Op, ...], needed: list[Op], k: int, after: bool) -> Op:
    """Three loops that do nothing but add."""
    root = Carried(order.root)
    arrays: list[Operand] = list(root.results if after else root.inits)
    copied = set(needed)
    sub = Substitution()

    def made(level: int, array: Operand) -> Op:
        loop = path[level]
        old = loop.regions[0]
        index = Value(old.params[0].type, old.params[0].hint)
        version = Value(arrays[k].type, root.params[k].hint)
        sub.map[old.params[0]] = index
        body = Region([index, version])
        for op in old.ops:
            if op in copied:
                body.ops.append(_reading(sub.clone_op(op), op, order.versions, arrays))
            elif level < 2 and op is path[level + 1]:
                body.ops.append(made(level + 1, version))
            elif op is addition:
                sub.map[op.operands[0]] = version  # type: ignore[index]
                body.ops.append(sub.clone_op(op))
        body.yields = [next(op.results[0] for op in body.ops if op.opcode in ("for", "accum"))]
        bounds = [sub.operand(x) for x in loop.operands[:3]]
        new = Op("for", [*bounds, array], {"stop": False}, [], [body], loop.loc)
        new.results = [Value(version.type, version.hint, new)]
        return new

    return made(0, arrays[k])


def _reading(new: Op, old: Op, versions: Versions, arrays: list[Operand]) -> Op:
    """A copy of an op; if it reads an array that the loop carries, it reads this version."""
    if old.opcode == "load" and old.operands[0] in versions.of:
        new.operands[0] = arrays[versions.of[old.operands[0]]]
    return new


def added(loop: Op, p: Value, y: Operand) -> Operand | None:
    """What each iteration of a loop adds to a number that it carries, or to one element of an array; None where it does
    something else to it."""
    op = y.op if isinstance(y, Value) else None
    body = loop.regions[0]
    if op is None or op not in body.ops or p.type.dtype not in FLOATS:
        return None
    if sum(v is p for o in body.walk() for v in (*o.used_values(), *(x for r in o.regions for x in r.yields))) != 1:
        return None
    if p.type.shape:
        fits = op.opcode == "accum" and op.operands[0] is p and elementwise(op)
        return op.operands[-1] if fits else None
    if op.opcode != "add" or p not in op.operands:
        return None
    return op.operands[1 if op.operands[0] is p else 0]


@dataclass(slots=True, eq=False)
class EarlySum:
    """An innermost loop whose sums are of what arrays hold before all three loops."""

    loop: Op
    body: list[Op]  # of the loop as it was
    loads: list[tuple[Op, int]]  # those of the copies, each with the carry of the outermost loop that it reads
    sums: list[tuple[Op, list[Operand]]]  # the additions, and what they added

    def read(self, arrays: list[Value]) -> None:
        """Make these the arrays that the outermost loop begins with."""
        for load, k in self.loads:
            load.operands[0] = arrays[k]

    def undo(self) -> None:
        for add, old in self.sums:
            add.operands[:] = old
        self.loop.regions[0].ops[:] = self.body


def early_sum(order: Order, path: tuple[Op, ...]) -> EarlySum | None:
    """Make the sums of an innermost loop read the arrays that the outermost one begins with, if they are the same."""
    loop = Carried(path[-1])
    versions = order.versions
    sums: list[tuple[Op, Operand]] = []
    for p, y in zip(loop.params, loop.yields, strict=True):
        if y is p:
            continue
        x = _early_addend(path[-1], p, y)
        if x is None:
            return None
        sums.append((y.op, x))  # type: ignore[union-attr, arg-type]
    needed = order.needed([x for _, x in sums], path)
    loads = order.carried_loads(needed or [])
    if needed is None or not loads or not all(order.stays(op, after=False) for op in loads):
        return None
    arrays = list(Carried(order.root).inits)
    sub = Substitution()
    copies = [_reading(sub.clone_op(op), op, versions, arrays) for op in needed]
    body = path[-1].regions[0]
    early = EarlySum(path[-1], list(body.ops), [], [(add, list(add.operands)) for add, _ in sums])
    for old, new in zip(needed, copies, strict=True):
        if old in loads:
            early.loads.append((new, versions.of[old.operands[0]]))  # type: ignore[index]
    for add, x in sums:
        add.operands[:] = [sub.operand(y) if y is x else y for y in add.operands]
    body.ops[:0] = copies
    _drop_unused([op for op in needed if op in early.body], body)
    return early


def _early_addend(loop: Op, p: Value, y: Operand) -> Operand | None:
    """`added`, where other elements of the array may be read: whether they are the same before is asked then."""
    op = y.op if isinstance(y, Value) else None
    if not p.type.shape or op is None or op.opcode != "accum" or op.operands[0] is not p:
        return added(loop, p, y)
    return op.operands[-1] if op in loop.regions[0].ops and p.type.dtype in FLOATS and elementwise(op) else None
