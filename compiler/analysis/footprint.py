"""The arrays that a native function makes, and when each is alive.

`footprint` takes a function after `inplace` and `hoist`, and what the printer decided about its allocations.
Positions are those of the ops of the function's body: an array made inside a loop is alive while the loop runs. Live
ranges are those of memory, so two names for one array are one entry.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from ..ir.nodes import Function, Loc, Op, Region, Value
from ..ir.types import Type
from .alias import Aliases, mutated_operands

ALLOCATORS = frozenset({"empty", "full", "copy"})


@dataclass(slots=True)
class Array:
    """One allocation. `growing` tapes have no size before they run. `copies`: as many exist at once, where a loop
    makes the successor of a carried array while that is still alive."""

    op: Op
    type: Type
    first: int
    last: int
    born: Loc
    maker: str  # the op that computes what it holds first
    read_by: Loc | None  # the first op of the reverse sweep that reads what the forward sweep left in it
    name: str = ""  # that of the user's variable, where what it holds first has one
    growing: bool = False
    copies: int = 1
    result: int | None = None  # it is this result of the function
    branches: tuple[tuple[Op, int], ...] = ()  # each `if` around it, with the number of the region


def footprint(fn: Function, outputs: Mapping[Value, int], placed: Container[Value]) -> list[Array]:
    """The arrays of a function, in program order. `outputs` are allocations that are results, `placed` those in
    the arena."""
    return _Footprint(fn, outputs, placed).run()


class _Footprint:
    def __init__(self, fn: Function, outputs: Mapping[Value, int], placed: Container[Value]):
        self.fn = fn
        self.outputs = outputs
        self.placed = placed
        self.aliases = Aliases(fn)
        self.arrays: list[Array] = []
        self.held: dict[Value, list[Array]] = {}  # the arrays that a value may be the memory of
        self.settled: set[int] = set()  # by position in `arrays`: what the reverse sweep finds is known

    def run(self) -> list[Array]:
        for position, op in enumerate(self.fn.body.ops):
            self._allocations(op, self.fn.body, position, None, ())
        for position, op in enumerate(self.fn.body.ops):
            self._accesses(op, position)
        for y in self.fn.body.yields:
            for array in self.held.get(y, ()) if isinstance(y, Value) else ():
                array.last = len(self.fn.body.ops)
        return self.arrays

    # -- allocations ------------------------------------------------------------------------------
    def _allocations(
        self, op: Op, region: Region, position: int, owner: Op | None, branches: tuple[tuple[Op, int], ...]
    ) -> None:
        if op.opcode in ALLOCATORS or op.opcode in ("tape_new", "tape_pop", "call"):
            for r in op.results:
                if r.type.shape or op.opcode == "tape_new":
                    self._allocation(op, r, region, position, owner, branches)
        for k, inner in enumerate(op.regions):
            inside = (*branches, (op, k)) if op.opcode == "if" else branches
            for o in inner.ops:
                self._allocations(o, inner, position, op, inside)

    def _allocation(
        self,
        op: Op,
        value: Value,
        region: Region,
        position: int,
        owner: Op | None,
        branches: tuple[tuple[Op, int], ...],
    ) -> None:
        growing = value.type.tape
        array = Array(op, value.type, position, position, op.loc, op.opcode, None, growing=growing, branches=branches)
        closure = self.aliases.closure(value)
        if value in self.outputs:
            array.result = self.outputs[value]
        elif owner is not None and owner.opcode != "if" and value not in self.placed:
            array.copies += bool(closure & self.aliases.numbering.mask(region.yields))
        self.arrays.append(array)
        for v in self.aliases.numbering.members(closure):
            self.held.setdefault(v, []).append(array)

    # -- accesses -----------------------------------------------------------------------------------
    def _accesses(self, op: Op, position: int) -> None:
        mutated = {op.operands[k] for k in mutated_operands(op)}
        for x in dict.fromkeys([*op.operands, *op.results]):
            for array in self.held.get(x, ()) if isinstance(x, Value) else ():
                array.last = max(array.last, position)
                carried = op.opcode in ("for", "while") or op.opcode == "if"
                if x in op.operands and not carried:
                    self._access(op, array, x in mutated)
        for region in op.regions:
            for inner in region.ops:
                self._accesses(inner, position)
            for y in region.yields:
                for array in self.held.get(y, ()) if isinstance(y, Value) else ():
                    array.last = max(array.last, position)

    def _access(self, op: Op, array: Array, writes: bool) -> None:
        """Follow what the forward sweep leaves in an array, and who finds it."""
        if id(array) in self.settled:
            return
        if not op.loc.reverse:
            if writes:
                array.maker = _maker(op)
                array.name = op.result.hint if len(op.results) == 1 else array.name
                if array.born is array.op.loc or op.loc.line > 0:
                    array.born = op.loc
            return
        self.settled.add(id(array))
        if not writes and not array.op.loc.reverse:
            array.read_by = op.loc


def _maker(op: Op) -> str:
    """The op that computes what a write puts into memory."""
    if op.opcode in ("gemm", "gemm_part"):
        return "matmul"
    value = op.operands[-1]
    if op.opcode in ("store", "accum", "tape_push") and isinstance(value, Value) and value.op is not None:
        return value.op.opcode
    return op.opcode
