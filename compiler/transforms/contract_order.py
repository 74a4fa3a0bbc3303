"""What happens in a loop to the arrays that it carries, and what of it can be done before the loop or after it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from ..analysis.alias import Carried
from ..analysis.dataflow import defined_inside
from ..analysis.dependence import Accesses
from ..ir.nodes import Function, Op, Operand, Region, Value
from ..ir.opdef import opdef
from .contract_emit import home_of
from .contract_nest import EFFECTS, elementwise


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


class Order:
    """What of a loop can be done before it or after it."""

    def __init__(self, fn: Function, root: Op):
        self.fn = fn
        self.root = root

    @cached_property
    def versions(self) -> Versions:
        return Versions(self.root)

    @cached_property
    def accesses(self) -> Accesses:
        return Accesses(self.fn)

    def meet(self, moved: Op, other: Op, after: bool) -> bool:
        """Whether two accesses may touch one element in the wrong order once one of them is moved."""
        first, later = (moved, other) if after else (other, moved)
        return self.accesses.may_overwrite(first, later, self.root.regions[0])

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
        return array if any(self.accesses.may_overwrite(op, load, body) for op in writes) else carried.inits[j]

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


def reading(new: Op, old: Op, versions: Versions, arrays: list[Operand]) -> Op:
    """A copy of an op; if it reads an array that the loop carries, it reads this version."""
    if old.opcode == "load" and old.operands[0] in versions.of:
        new.operands[0] = arrays[versions.of[old.operands[0]]]
    return new


def drop_unused(ops: list[Op], body: Region) -> None:
    """Take those of these ops out of a region that nothing in it uses."""
    for op in reversed(ops):
        used = {v for o in body.walk() for v in (*o.used_values(), *(y for r in o.regions for y in r.yields))}
        if op.result not in used and op.result not in body.yields:
            home_of(body, op).ops.remove(op)
