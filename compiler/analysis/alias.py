"""Which arrays may share memory when stores are destructive, and what is live where.

The model of generated code: `store`, `accum` and ops with ``mutates`` write into the memory of their
operand, which their result then names; region parameters, yields and results of control flow are
references; some ops give views. `Aliases` computes for every pair of array values that can exist
together whether they may be the same memory; `Liveness` the values read after each op.

Both are conservative: a pair that is not reported never shares memory, a value that is not live is
never read again. Sets of values are Python ints used as bit masks, by definition order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..ir.nodes import Function, Gather, Op, Operand, Region, Value

FOREIGN = 1
"""The bit of memory that must not be written: parameters that are not owned, overlapping views."""

ACCESSES = frozenset({"load", "store", "accum"})  # of one array, at an index
# what makes memory that nobody else refers to
ALLOCATIONS = frozenset({"empty", "full"})
_WRITES = frozenset({"store", "accum", "gemm"})
_VIEWS = frozenset({"block", "transpose", "reshape", "broadcast_to", "stop_gradient"})


def has_gather(op: Op) -> bool:
    return any(isinstance(item, Gather) for item in op.attrs["index"])


def is_view(op: Op) -> bool:
    """Whether the result of the op is a view of operand 0 in generated code."""
    if op.opcode == "load":
        return op.result.type.is_array and not has_gather(op)
    return op.opcode in _VIEWS and op.result.type.is_array


def mutated_operands(op: Op) -> tuple[int, ...]:
    """The operands that the op overwrites: result k lives in the memory of operand number k of these."""
    if op.opcode in _WRITES:
        return (0,)
    mutates: tuple[int, ...] = op.attrs.get("mutates", ())
    return mutates


def in_memory(x: Operand) -> bool:
    """Whether the operand is a reference to memory (an array or a tape) rather than a number."""
    return isinstance(x, Value) and (x.type.is_array or x.type.tape)


def references(op: Op) -> Iterator[tuple[Value, int]]:
    """(result, operand number) where the result may refer to the memory of the operand; control flow apart."""
    if is_view(op):
        yield op.result, 0
    elif op.opcode == "tape_push":
        yield op.result, 0
        if in_memory(op.operands[1]):
            yield op.result, 1
    elif op.opcode == "tape_pop":
        yield op.results[0], 0
        if in_memory(op.results[1]):
            yield op.results[1], 0
    else:
        yield from zip(op.results, mutated_operands(op), strict=False)


class Carried:
    """The parts of a loop that belong together: carry i is ``inits[i]``, then ``params[i]``, and
    ``yields[i]`` becomes the next ``params[i]`` and at the end ``results[i]``."""

    __slots__ = ("body", "body_params", "first_init", "first_yield", "inits", "op", "params", "results", "yields")

    def __init__(self, op: Op):
        self.op = op
        head, self.body = op.regions[0], op.regions[-1]
        is_for = op.opcode == "for"
        self.first_init = 3 if is_for else 0
        self.first_yield = int(is_for and bool(op.attrs.get("stop")))
        has_trips = bool(op.attrs.get("stop" if is_for else "counted"))
        self.inits = op.operands[self.first_init :]
        self.params = head.params[1:] if is_for else head.params
        self.body_params = self.params if is_for else self.body.params
        self.yields = self.body.yields[self.first_yield :]
        self.results = op.results[int(has_trips) :]

    @property
    def trips(self) -> Value | None:
        """The result that counts iterations, if there is one."""
        return self.op.results[0] if len(self.op.results) > len(self.results) else None


class Numbering:
    """Bits for the values of a function, in definition order; bit 0 is FOREIGN."""

    __slots__ = ("_first_inside", "index", "values")

    def __init__(self, fn: Function):
        self.values: list[Value | None] = [None]
        self.index: dict[Value, int] = {}
        self._first_inside: dict[Op, int] = {}
        self._region(fn.body)

    def _region(self, region: Region) -> None:
        for p in region.params:
            self._add(p)
        for op in region.ops:
            self._first_inside[op] = len(self.values)
            for r in op.regions:
                self._region(r)
            for v in op.results:
                self._add(v)

    def _add(self, v: Value) -> None:
        self.index[v] = len(self.values)
        self.values.append(v)

    def older(self, op: Op) -> int:
        """The mask of the values defined before the op and its regions."""
        return (1 << self._first_inside[op]) - 1

    def bit(self, v: Value) -> int:
        return 1 << self.index[v]

    def mask(self, values: Iterable[Operand]) -> int:
        total = 0
        for v in values:
            if isinstance(v, Value):
                total |= 1 << self.index[v]
        return total

    def members(self, mask: int) -> Iterable[Value]:
        """The values of a mask, in definition order (FOREIGN is no value)."""
        mask &= ~FOREIGN
        values: list[Any] = self.values
        return [values[k] for k in (_few(mask) if mask.bit_count() < 16 else _many(mask))]


def _few(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, where they are few."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _many(mask: int) -> list[int]:
    """The numbers of the bits that are set: at once, where each step of a loop would handle the whole mask."""
    packed = np.frombuffer(mask.to_bytes(-(-mask.bit_length() // 8), "little"), np.uint8)
    found: list[int] = np.flatnonzero(np.unpackbits(packed, bitorder="little")).tolist()
    return found


class Aliases:
    """The relation "may be the same memory" between array values (and what tapes hold).

    It is the least relation closed under the references of each op; for loops, carry i and carry j are
    related when their initial values or their yields are. Two carries that are swapped stay apart.
    """

    def __init__(self, fn: Function, numbering: Numbering | None = None):
        self.numbering = numbering or Numbering(fn)
        self._related: defaultdict[Value, int] = defaultdict(int)
        owned = set(fn.attrs.get("owned", ()))
        for k, p in enumerate(fn.params):
            if in_memory(p) and k not in owned:
                self._relate(p, FOREIGN)
        self._region(fn.body)

    def closure(self, x: Operand) -> int:
        """The mask of what may share memory with `x`, itself included; 0 for numbers."""
        if not in_memory(x):
            return 0
        assert isinstance(x, Value)
        return self._related.get(x, 0) | self.numbering.bit(x)

    def may_alias(self, v: Operand, w: Operand) -> bool:
        """Whether writing one of them may change the other."""
        return bool(self.closure(v) & ~FOREIGN & self.numbering.mask([w]))

    def _relate(self, v: Value, mask: int) -> bool:
        mask &= ~self.numbering.bit(v)
        related = self._related
        new = mask & ~related[v]
        if not new:
            return False
        related[v] |= new
        bit = self.numbering.bit(v)
        for w in self.numbering.members(new):
            related[w] |= bit
        return True

    def _region(self, region: Region) -> None:
        for op in region.ops:
            if op.opcode == "if":
                for r in op.regions:
                    self._region(r)
                for r in op.regions:
                    self._merge(op.results, r.yields, self.numbering.older(op))
            elif op.opcode in ("for", "while"):
                self._loop(op)
            else:
                for result, k in references(op):
                    self._relate(result, self.closure(op.operands[k]))
                if op.opcode == "broadcast_to" and op.result.type.is_array:
                    self._relate(op.result, FOREIGN)

    def _merge(self, targets: list[Value], sources: list[Operand], outside: int) -> bool:
        """Each target may be the source: it is related to what the source is, among older values and
        among the targets."""
        changed = False
        arrays = [(t, s) for t, s in zip(targets, sources, strict=True) if in_memory(t) and in_memory(s)]
        for k, (t, s) in enumerate(arrays):
            closure = self.closure(s)
            changed |= self._relate(t, closure & outside)
            for t2, s2 in arrays[:k]:
                if closure & self.numbering.mask([s2]):
                    changed |= self._relate(t, self.numbering.bit(t2))
        return changed

    def _loop(self, op: Op) -> None:
        loop = Carried(op)
        outside = self.numbering.older(op)
        self._merge(loop.params, loop.inits, outside)
        while True:
            if op.opcode == "while":
                self._region(op.regions[0])
                for p, q in zip(loop.params, loop.body_params, strict=True):
                    if in_memory(p):
                        self._relate(q, self.closure(p))
            self._region(loop.body)
            if not self._merge(loop.params, loop.yields, outside):
                break
        self._merge(loop.results, list(loop.params), outside)


class Liveness:
    """Values read after each op, as masks. `uses` may be replaced, to see folded expressions as part of
    the op that prints them."""

    def __init__(
        self,
        fn: Function,
        numbering: Numbering,
        uses: Callable[[Op], Iterable[Value]] = Op.used_values,
        yield_uses: Callable[[Region], Iterable[Operand]] = lambda region: region.yields,
    ):
        self._numbering = numbering
        self._uses = uses
        self._yield_uses = yield_uses
        self.after: dict[Op, int] = {}
        """Live right after the op, its own results included."""
        self.at_end: dict[Region, int] = {}
        """Live at the end of a region: its yields and what is read later, in the next iteration too."""
        self.at_head: dict[Op, int] = {}
        """For loops: live where the carried values have just been set."""
        self._free: dict[Op, int] = {}
        self.at_entry = self._region(fn.body, 0)

    def _region(self, region: Region, live_out: int) -> int:
        live = live_out | self._numbering.mask(self._yield_uses(region))
        self.at_end[region] = live
        for op in reversed(region.ops):
            self.after[op] = live
            live &= ~self._numbering.mask(op.results)
            if op.regions:
                live = self._nested(op, live)
            live |= self._numbering.mask(self._uses(op))
        return live

    def _nested(self, op: Op, after: int) -> int:
        if op.opcode == "if":
            live = after
            for r in op.regions:
                live |= self._region(r, after)
            return live
        around = after | self._free_values(op)
        loop = Carried(op)
        head, body = op.regions[0], op.regions[-1]
        carried = self._numbering.mask(loop.params)
        if op.opcode == "while":
            # the condition region must leave the carried values as the body will find them
            inside = self._region(head, around | carried)
            inside |= self._region(body, around)
            inside &= ~self._numbering.mask(body.params)
        else:
            inside = self._region(body, around)
        self.at_head[op] = inside | around | carried
        return (inside | around) & ~self._numbering.mask(head.params)

    def _free_values(self, op: Op) -> int:
        """Outer values that the regions of the op read."""
        if op not in self._free:
            used = defined = 0
            for r in op.regions:
                defined |= self._numbering.mask(r.params)
                used |= self._numbering.mask(self._yield_uses(r))
                for inner in r.ops:
                    used |= self._numbering.mask(self._uses(inner))
                    defined |= self._numbering.mask(inner.results)
                    if inner.regions:
                        used |= self._free_values(inner)
            self._free[op] = used & ~defined
        return self._free[op]
