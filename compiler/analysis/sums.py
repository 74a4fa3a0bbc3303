"""Numbers that a region only adds to."""

from __future__ import annotations

from collections import Counter

from ..ir.nodes import Op, Operand, Region, Value
from .alias import Carried
from .dataflow import region_uses


class Sums:
    """The values of a region that are a carried number plus something that does not depend on it, each read once.
    With `ops` of another kind, products or extrema in place of sums."""

    def __init__(self, region: Region, p: Value, ops: tuple[str, ...] = ("add", "sub")):
        self.ops = ops
        self.sums: set[Operand] = {p}
        self.broken = False
        self._region(region)
        uses = Counter(region_uses(region))
        self.broken |= any(uses[v] > 1 for v in self.sums if isinstance(v, Value))

    def has(self, y: Operand) -> bool:
        return not self.broken and y in self.sums

    def _region(self, region: Region) -> None:
        for op in region.ops:
            mine = [k for k, x in enumerate(op.operands) if x in self.sums]
            if op.opcode == "for":
                self._loop(op, mine)
            elif op.opcode == "if" and not mine:
                self._branch(op)
            elif mine and self._adds(op, mine):
                self.sums.add(op.result)
            elif mine or op.regions:
                self.broken = (
                    self.broken or bool(mine) or any(v in self.sums for r in op.regions for v in region_uses(r))
                )

    def _branch(self, op: Op) -> None:
        for r in op.regions:
            self._region(r)
        for k, result in enumerate(op.results):
            among = [r.yields[k] in self.sums for r in op.regions]
            if all(among):
                self.sums.add(result)
            self.broken |= any(among) and not all(among)

    def _adds(self, op: Op, mine: list[int]) -> bool:
        return op.opcode in self.ops and (mine == [0] or (len(mine) == 1 and op.opcode not in ("sub", "div")))

    def _loop(self, op: Op, mine: list[int]) -> None:
        loop = Carried(op)
        entering = [k - 3 for k in mine]
        if any(k < 0 for k in entering) or len(entering) > 1:
            self.broken = True
            return
        self.sums.update(loop.params[k] for k in entering)
        self._region(op.regions[0])
        for k, (y, result) in enumerate(zip(loop.yields, loop.results, strict=True)):
            if (y in self.sums) != (k in entering):
                self.broken = True
            elif k in entering:
                self.sums.add(result)
