"""Additions that stand among other work are given a loop nest of their own, where `contract` finds products::

    for %i:                                       for %i: for %j:
      for %j:                                       store %c, %i, %j, %c[%i, %j] * %beta
        store %c, %i, %j, %c[%i, %j] * %beta      for %i: for %l: for %j:
      for %l: for %j:                               accum %c, %i, %j, %a[%i, %l] * %b[%l, %j]
        accum %c, %i, %j, %a[%i, %l] * %b[%l, %j]

They are made after the loops where nothing that follows them there touches the place that they add to, and where what
they read stays as it is; before the loops where the same is so of what precedes them (`analysis.dependence`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..analysis.alias import Carried
from ..analysis.dataflow import replace_operand
from ..ir.nodes import Op, Operand, Region, Substitution, Value, as_dim
from .contract_emit import home_of
from .contract_nest import FLOATS, Nest, Range, elementwise
from .contract_order import Order, drop_unused, reading

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
        drop_unused(self.needed, body)


def splits(order: Order) -> Iterator[Split]:
    """The nests that additions in a loop can have, the loop as it is; those that `contract` finds anyway left out."""
    root = order.root
    paths = [(root, middle, inner) for middle in _loops_in(root) for inner in _loops_in(middle)]
    for path in paths if Range.of(root) is not None else ():
        for op in path[-1].regions[0].ops:
            if _may_be_product(op, path):
                split = _split(order, op, path)
                if split is not None:
                    yield split


def _may_be_product(op: Op, path: tuple[Op, ...]) -> bool:
    """Whether an op adds to an element that two of three loops move."""
    if op.opcode != "accum" or op.operands[0].type.dtype not in FLOATS or not elementwise(op):
        return False
    moving = {v for x in op.operands[1:-1] for v in as_dim(x).values()}
    return sum(loop.regions[0].params[0] in moving for loop in path) == 2


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
                k = order.versions.known(op.operands[0]) if _may_be_product(op, (root, middle, inner)) else None
                others = [o for o in order.versions.touched[k] if o.opcode != "accum"] if k is not None else []
                if k is not None and others and not any(order.meet(op, o, after=True) for o in others):
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
                body.ops.append(reading(sub.clone_op(op), op, order.versions, arrays))
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
