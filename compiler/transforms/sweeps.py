"""A forward sweep and the reverse sweep that undoes it: which region undoes which, and carrying values through."""

from __future__ import annotations

from typing import Any

from ..analysis.dataflow import homes_and_owners
from ..ir.nodes import Function, Op, Operand, Region, Value
from ..ir.types import Type


class Sweeps:
    """The regions of a function made by `reverse` (see there)."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.pairs: dict[Op, Op] = fn.attrs.pop("pairs")
        self.forward_ops: set[Op] = fn.attrs.pop("forward_ops")
        self.home: dict[Value, Region] = {}  # where a value is defined
        self.owner: dict[Region, tuple[Op, Region]] = {}  # the op a region belongs to, the region of that op
        self.partner: dict[Region, Region] = {}  # forward region -> the reverse region that undoes it
        self.prologue: dict[Region, list[Op]] = {}

    def scan(self, region: Region) -> None:
        home, owner = homes_and_owners(region)
        self.home |= home
        self.owner |= owner

    def find_partners(self) -> None:
        for back, forward in self.pairs.items():
            if forward.opcode == "while":
                self.partner[forward.regions[1]] = back.regions[0]
            else:
                for f, r in zip(forward.regions, back.regions, strict=True):
                    self.partner[f] = r

    def in_scope(self, v: Value, region: Region) -> bool:
        home = self.home[v]
        at: Region | None = region
        while at is not None:
            if at is home:
                return True
            at = self.owner[at][1] if at in self.owner else None
        return False

    def is_outer(self, v: Value) -> bool:
        """Defined at the top: visible to the reverse sweep as it is."""
        return self.home[v] is self.fn.body

    def chain(self, v: Value) -> list[tuple[Op, Region]]:
        """The control ops around a value, outermost first, each with the region that holds the value."""
        out = []
        region = self.home[v]
        while region in self.owner:
            op, outer = self.owner[region]
            out.append((op, region))
            region = outer
        return out[::-1]

    def partners(self, chain: list[tuple[Op, Region]]) -> list[tuple[Op, Region]]:
        """The chain of reverse ops and regions that undoes a chain of forward ones."""
        return [(self.owner[self.partner[r]][0], self.partner[r]) for _, r in chain]

    def emit(self, target: Region, op: Op) -> None:
        op.attrs["reverse"] = True
        self.prologue.setdefault(target, []).append(op)
        for r in op.results:
            self.home[r] = target

    def insert_after_definition(self, v: Value, op: Op) -> None:
        region = self.home[v]
        at = 0 if v.op is None else region.ops.index(v.op) + 1
        region.ops.insert(at, op)
        for r in op.results:
            self.home[r] = region

    def thread(self, chain: list[tuple[Op, Region]], init: Operand, t: Type, hint: str) -> tuple[Operand, Any]:
        """Carry a value through nested control ops; gives the innermost value, and a function that takes
        the innermost new value and returns the outermost result."""
        inner: Operand = init
        incoming: list[Operand] = []
        for op, region in chain:
            incoming.append(inner)
            if op.opcode == "if":
                continue
            op.operands.append(inner)
            for r in op.regions:
                p = Value(t, hint)
                r.params.append(p)
                self.home[p] = r
                if r is region:
                    inner = p

        def close(new: Operand) -> Value:
            for (op, region), came in zip(reversed(chain), reversed(incoming), strict=True):
                if op.opcode == "if":
                    for r in op.regions:
                        r.yields.append(new if r is region else came)
                else:
                    region.yields.append(new)
                result = Value(t, hint, op)
                op.results.append(result)
                self.home[result] = self.owner[region][1]
                new = result
            assert isinstance(new, Value)
            return new

        return inner, close
