"""Webs: all versions of one array, from its birth through every write to its last version.

The versions of an array are joined by `store` and `accum` (operand to result), loops (init, parameter,
yield, result) and branches (yields to result). A web is *linear* when there is one birth, no version
goes two ways, and every loop carries it in one position: then the last version holds each element
as the last store that wrote it left it, and an element that nothing overwrites after some point can be
read from the last version instead of from the version of that point.

A load that reads a version after a later one has been made (of ``z = y.copy(); y[0] = 1.0; z[0]`` the copy is dropped)
is *stale*: the last version tells nothing about what it read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from ..ir.nodes import Function, Op, Operand, Region, Value
from .dependence import Accesses, Path
from .structure import loop_of


@final
@dataclass(slots=True, eq=False)
class Web:
    """A linear web: its last version (at the top of the function), the stores that make it, and the stale loads."""

    last: Value
    stores: list[Op]
    stale: set[Op]


def _is_before(first: Path, second: Path) -> bool:
    """Whether an op stands before another one or around it; what stands in another branch does not."""
    for (region, at), (other, place) in zip(first, second, strict=False):
        if region is not other:
            return False
        if at != place:
            return at < place
    return True


def linear_webs(fn: Function, forward: set[Op], accesses: Accesses) -> dict[Value, Web]:
    """The linear web of every array version that has one with at least one write.

    Only the top ops in `forward` count: a reverse sweep that goes on from a version does so on a copy.
    """
    top = Region(fn.body.params, [op for op in fn.body.ops if op in forward], fn.body.yields)
    return _Webs(top, accesses).linear()


class _Webs:
    def __init__(self, body: Region, accesses: Accesses):
        self.body = body
        self.path = accesses.path
        self.parent: dict[Value, Value] = {}
        self.derived: set[Value] = set()
        self.stores: list[Op] = []
        self.loops: list[Op] = []
        self.copied: dict[Value, bool] = {}
        self.around: dict[Value, set[Region]] = {}  # the regions a value is defined in, nested ones too
        self.loads: dict[Value, list[Op]] = {}
        self.ends: dict[Value, list[Path]] = {}  # where a version goes on as a later one

    def find(self, v: Value) -> Value:
        root = v
        while self.parent.get(root, root) is not root:
            root = self.parent[root]
        self.parent[v] = root
        return root

    def join(self, new: Operand, old: Operand) -> None:
        """`new` is a later version of `old`."""
        if isinstance(new, Value):
            self.derived.add(new)
            if isinstance(old, Value):
                self.parent[self.find(new)] = self.find(old)

    def linear(self) -> dict[Value, Web]:
        self.place(self.body, ())
        self.collect(self.body)
        members: dict[Value, list[Value]] = {}
        for v in list(self.parent):
            members.setdefault(self.find(v), []).append(v)
        out: dict[Value, Web] = {}
        for group in members.values():
            web = self.check(group)
            if web is not None:
                out.update(dict.fromkeys(group, web))
        return out

    def place(self, region: Region, outer: tuple[Region, ...]) -> None:
        regions = {region, *outer}
        for p in region.params:
            self.around[p] = regions
        for op in region.ops:
            for r in op.results:
                self.around[r] = regions
            for sub in op.regions:
                self.place(sub, (*outer, region))
                if op.opcode == "if":
                    self.end(sub.yields, [*self.path(op), (sub, len(sub.ops))])
            if op.opcode == "load" and isinstance(op.operands[0], Value):
                self.loads.setdefault(op.operands[0], []).append(op)
            elif op.opcode in ("store", "accum"):
                self.end(op.operands[:1], self.path(op))
            elif op.opcode in ("for", "while"):
                self.end(loop_of(op).inits, self.path(op))

    def end(self, versions: Sequence[Operand], path: Path) -> None:
        for v in versions:
            if isinstance(v, Value) and v.type.shape:
                self.ends.setdefault(v, []).append(path)

    def stale(self, v: Value) -> list[Op]:
        """The loads that read `v` when there is a later version."""
        ends = self.ends.get(v, ())
        return [op for op in self.loads.get(v, ()) if any(_is_before(end, self.path(op)) for end in ends)]

    def begins(self, x: Operand) -> bool:
        """Whether what is written on `x` is a copy of it, the birth of another array: parameters of the function
        are not written, and of a version that goes two ways the ways are different arrays."""
        if isinstance(x, Value) and x not in self.copied:
            self.copied[x] = x in self.body.params or self._ways(x, self.body) > 1
        return isinstance(x, Value) and self.copied[x]

    def collect(self, region: Region) -> None:
        for op in region.ops:
            for sub in op.regions:
                self.collect(sub)
            if op.opcode in ("store", "accum"):
                if not self.begins(op.operands[0]):
                    self.join(op.result, op.operands[0])
                self.stores.append(op)
            elif op.opcode in ("for", "while"):
                self.loops.append(op)
                loop = loop_of(op)
                for init, p, y, r in zip(loop.inits, loop.params, loop.yields, loop.results, strict=True):
                    if r.type.shape:
                        if not self.begins(init):
                            self.join(p, init)
                        if y is not p:
                            self.join(y, p)
                        self.join(r, p)
            elif op.opcode == "if":
                for k, r in enumerate(op.results):
                    if r.type.shape:
                        for sub in op.regions:
                            self.join(r, sub.yields[k])

    def check(self, group: list[Value]) -> Web | None:
        inside = set(group)
        births = [v for v in group if v not in self.derived or self._foreign(v, inside)]
        if len(births) != 1:
            return None
        for op in self.loops:
            if sum(p in inside for p in loop_of(op).params) > 1:
                return None
        if any(self._ways(v, self.body) > 1 for v in group):
            return None
        ends = [v for v in group if self.around[v] == {self.body} and self._ways(v, self.body) == 0]
        if len(ends) != 1:
            return None
        stores = [s for s in self.stores if s.result in inside]
        return Web(ends[0], stores, {op for v in group for op in self.stale(v)}) if stores else None

    def _foreign(self, v: Value, inside: set[Value]) -> bool:
        """A yield that the body makes afresh (not from the carried array) is a birth of its own."""
        op = v.op
        return op is not None and op.opcode not in ("store", "accum", "for", "while", "if")

    def _ways(self, v: Value, region: Region) -> int:
        """How many ways a version goes on: stores on it, loops that carry it, yields of it."""
        count = 0
        for op in region.ops:
            if op.opcode in ("store", "accum"):
                count += op.operands[0] is v
            elif op.opcode == "for":
                count += sum(x is v for x in op.operands[3:])
            elif op.opcode == "while":
                count += sum(x is v for x in op.operands)
            if op.opcode == "if":
                count += max(self._ways(v, sub) + sum(y is v for y in sub.yields) for sub in op.regions)
            else:
                for sub in op.regions:
                    inner = self._ways(v, sub) + sum(y is v for y in sub.yields)
                    # a loop that does not carry the version would write it once an iteration
                    count += inner if sub in self.around[v] else 2 * inner
        return count
