"""The parts of control ops, by name, the steps of loops, and which values a region reads from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from ..ir.dims import Dim
from ..ir.nodes import Const, Op, Operand, Region, Value


@final
@dataclass(slots=True)
class Loop:
    """A `for` or `while`, seen by its carries: init[k] -> param[k] -> yield[k] -> result[k]."""

    op: Op
    body: Region
    inits: list[Operand]
    params: list[Value]
    yields: list[Operand]
    results: list[Value]
    trips: Value | None  # the result that counts iterations, when there is one
    iv: Value | None
    lo: Operand | None = None
    hi: Operand | None = None
    step: Operand | None = None

    @property
    def stops(self) -> bool:
        return bool(self.op.attrs.get("stop"))


def loop_of(op: Op) -> Loop:
    """The parts of a `for` or `while` op."""
    if op.opcode == "for":
        body = op.regions[0]
        lo, hi, step = op.operands[:3]
        n = 1 if op.attrs.get("stop") else 0
        return Loop(
            op,
            body,
            op.operands[3:],
            body.params[1:],
            body.yields[n:],
            op.results[n:],
            op.results[0] if n else None,
            body.params[0],
            lo,
            hi,
            step,
        )
    assert op.opcode == "while", op.opcode
    n = 1 if op.attrs.get("counted") else 0
    body = op.regions[1]
    return Loop(
        op,
        body,
        list(op.operands),
        body.params,
        body.yields,
        op.results[n:],
        op.results[0] if n else None,
        None,
    )


def step_of(loop: Op) -> int:
    """The step of a `for` whose step is constant."""
    step = loop.operands[2]
    assert isinstance(step, Const)
    return int(step.value)


def trip_count(lo: Dim, hi: Dim, step: int) -> Dim:
    """The length of a range; where that is empty, 0 or less."""
    distance = hi - lo if step > 0 else lo - hi
    return (distance + (abs(step) - 1)) // abs(step)


def free_values(regions: list[Region]) -> list[Value]:
    """Values read in the regions (nested ones too) but defined outside, in order of first use."""
    defined: set[Value] = set()
    used: dict[Value, None] = {}

    def scan(region: Region) -> None:
        defined.update(region.params)
        for p in region.params:
            for d in p.type.shape:
                for v in d.values():
                    used.setdefault(v)
        for op in region.ops:
            for v in op.used_values():
                used.setdefault(v)
            for r in op.regions:
                scan(r)
            defined.update(op.results)
        for y in region.yields:
            if isinstance(y, Value):
                used.setdefault(y)

    for r in regions:
        scan(r)
    return [v for v in used if v not in defined]
