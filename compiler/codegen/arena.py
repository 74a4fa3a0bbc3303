"""Which temporaries of a native function live in the arena that the caller passes, and when.

`find_slots` takes a function after `inplace` and `hoist`. An allocation has a slot where its extents follow from the
parameters, and no reference to it outlives the region that it stands in, other than results that are copied.
What is left is allocated where it stands: arrays whose size is computed, the successors of carried arrays that are
still read, what called functions make.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from ..analysis.alias import Aliases
from ..ir.nodes import Function, Op, Operand, Region, Value
from ..ir.types import Type

ALLOCATORS = frozenset({"empty", "full", "copy"})


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the arena. `first` and `last` are positions (see `Positions`): nothing touches it outside of them.
    `region` is where its allocation stands."""

    op: Op
    region: Region
    first: int
    last: int

    @property
    def type(self) -> Type:
        return self.op.result.type


class Positions:
    """A number for each op of a function, in the order of the text, and for the end of what is inside it. The regions
    of an `if` follow each other, so that what is in one of them shares its memory with what is in the other."""

    def __init__(self, fn: Function):
        self.start: dict[Op, int] = {}
        self.end: dict[Op, int] = {}
        self.count = 0
        self._number(fn.body)

    def _number(self, region: Region) -> None:
        for op in region.ops:
            self.start[op] = self.count
            self.count += 1
            for r in op.regions:
                self._number(r)
            self.end[op] = self.count - 1


def find_slots(fn: Function, outputs: Container[Value], returned: Container[Value]) -> list[Slot]:
    """The slots of a function, in program order. `outputs` are allocations that are memory of the caller's
    already, `returned` the results that the function allocates itself."""
    return _Finder(fn, outputs, returned).run()


class _Finder:
    def __init__(self, fn: Function, outputs: Container[Value], returned: Container[Value]):
        self.fn = fn
        self.outputs = outputs
        self.aliases = Aliases(fn)
        self.numbering = self.aliases.numbering
        self.positions = Positions(fn)
        self.returned = self._mask(y for y in fn.body.yields if isinstance(y, Value) and y in returned)
        self.known = {p for p in fn.params if not p.type.shape and not p.type.is_float}
        self.touched: dict[Op, int] = {}  # what an op and those inside it refer to
        self.slots: list[Slot] = []

    def run(self) -> list[Slot]:
        for op in self.fn.body.ops:
            self._touch(op)
        self._region(self.fn.body, self.returned, self._mask(self.fn.body.yields))
        return self.slots

    def _mask(self, values: Iterable[Operand]) -> int:
        return self.numbering.mask(values)

    def _touch(self, op: Op) -> int:
        found = self._mask(op.used_values()) | self._mask(op.results)
        for region in op.regions:
            found |= self._mask(region.params) | self._mask(region.yields)
            for inner in region.ops:
                found |= self._touch(inner)
        self.touched[op] = found
        return found

    def _region(self, region: Region, leaving: int, at_end: int) -> None:
        """`leaving`: what must not be in the arena; `at_end`: what is read after the last op."""
        for op in region.ops:
            if self._may_move(op, leaving):
                memory = self.aliases.closure(op.result)
                users = [o for o in region.ops if self.touched[o] & memory]
                last = self.positions.count if at_end & memory else max(self.positions.end[o] for o in users)
                self.slots.append(Slot(op, region, self.positions.start[op], last))
            for r in op.regions:
                if not (op.opcode == "while" and r is op.regions[0]):  # a condition is read after its region
                    yields = self._mask(r.yields)
                    self._region(r, self.returned | yields, yields)

    def _may_move(self, op: Op, leaving: int) -> bool:
        if op.opcode not in ALLOCATORS or not op.result.type.shape or op.result in self.outputs:
            return False
        if not all(v in self.known for d in op.result.type.shape for v in d.values()):
            return False
        return not self.aliases.closure(op.result) & leaving
