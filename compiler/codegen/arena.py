"""Which temporaries of a native function live in the arena that the caller passes, and when.

`find_slots` takes a function after `inplace` and `hoist`. An allocation has a slot where its extents follow from the
parameters, and no reference to it outlives the region that it stands in, other than results that are copied.
What is left is allocated where it stands: arrays whose size is computed, the successors of carried arrays that are
still read, what called functions make.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from ..analysis.alias import Aliases
from ..ir.nodes import Function, Op, Region, Value
from ..ir.types import Type

ALLOCATORS = frozenset({"empty", "full", "copy"})


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the arena. `first` and `last` are the positions, among the ops of the function's body, of the first
    and last op that may touch it."""

    op: Op
    first: int
    last: int

    @property
    def type(self) -> Type:
        return self.op.result.type


def find_slots(fn: Function, outputs: Container[Value], returned: Container[Value]) -> list[Slot]:
    """The slots of a function, in program order. `outputs` are allocations that are memory of the caller's
    already, `returned` the results that the function allocates itself."""
    return _Finder(fn, outputs, returned).run()


class _Finder:
    def __init__(self, fn: Function, outputs: Container[Value], returned: Container[Value]):
        self.fn = fn
        self.outputs = outputs
        self.aliases = Aliases(fn)
        numbering = self.aliases.numbering
        self.used = [numbering.mask(_read(op)) for op in fn.body.ops]
        self.used.append(numbering.mask(y for y in fn.body.yields if isinstance(y, Value)))
        self.returned = numbering.mask(y for y in fn.body.yields if isinstance(y, Value) and y in returned)
        self.known = {p for p in fn.params if not p.type.shape and not p.type.is_float}
        self.slots: list[Slot] = []

    def run(self) -> list[Slot]:
        for position, op in enumerate(self.fn.body.ops):
            if self._may_move(op, self.fn.body):
                memory = self.aliases.closure(op.result)
                last = max((k for k, used in enumerate(self.used) if used & memory), default=position)
                self.slots.append(Slot(op, position, max(position, last)))
            for region in op.regions:
                self._inside(region, position)
        return self.slots

    def _inside(self, region: Region, position: int) -> None:
        for op in region.ops:
            if self._may_move(op, region):
                self.slots.append(Slot(op, position, position))
            for r in op.regions:
                self._inside(r, position)

    def _may_move(self, op: Op, region: Region) -> bool:
        if op.opcode not in ALLOCATORS or not op.result.type.shape or op.result in self.outputs:
            return False
        if not all(v in self.known for d in op.result.type.shape for v in d.values()):
            return False
        leaving = self.returned
        if region is not self.fn.body:
            leaving |= self.aliases.numbering.mask(y for y in region.yields if isinstance(y, Value))
        return not self.aliases.closure(op.result) & leaving


def _read(op: Op) -> set[Value]:
    """What an op reads, and what it is made into: an array that is only written is touched, too."""
    found = {*op.used_values(), *op.results}
    for region in op.regions:
        found.update(region.params)
        found.update(y for y in region.yields if isinstance(y, Value))
        for inner in region.ops:
            found |= _read(inner)
    return found
