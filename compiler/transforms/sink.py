"""Moves members of fused groups down to the only group that reads them, where that saves an array.

`fuse.plan` lets an op join the first group that may take it, which is often long before its value is wanted: the
local derivative ``1 - h * h`` joins the nest of the layer above, and waits in an array of its own for the product
that comes in between. Here such ops, with what only they read, go to the group of their reader:

    nest: dz = g * d;  d1 = 1 - h * h            nest: dz = g * d
    gemm: g1 = dz @ w.T                     =>   gemm: g1 = dz @ w.T
    nest: dz1 = g1 * d1                          nest: dz1 = g1 * (1 - h * h)

What `remat` has computed again in the reverse sweep may likewise have joined the nest of what it repeats, and
would be kept from there on after all: where nothing in that nest reads it, it goes back to its place.

Guaranteed: an op is moved, never repeated; a group reads at most one array in exchange for the one it no
longer reads, so neither the traffic of a nest nor the number of live arrays grows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..ir.nodes import Op, Operand, Value
from ..ir.opdef import opdef

if TYPE_CHECKING:
    from .fuse import Planner, Unit


def sink(planner: Planner, units: list[Unit], home: dict[Op, int], max_arrays: int) -> None:
    """Move ops between the units of a plan, in place; units may become empty."""
    for source, unit in enumerate(units):
        if unit.space is None:
            continue
        for op in reversed(list(unit.ops)):
            if op not in unit.ops or not _movable(planner, op):
                continue
            target = _only_reader(planner, home, op.result)
            if target is None or target == source or units[target].space != unit.space:
                continue
            moved = _Move(planner, home, op, target).cone(unit.ops, units[target].ops, max_arrays)
            if moved:
                units[target].ops[:0] = [o for o in unit.ops if o in moved]
                unit.ops = [o for o in unit.ops if o not in moved]
                home.update(dict.fromkeys(moved, target))


def set_apart(planner: Planner, units: list[Unit], home: dict[Op, int]) -> None:
    """Give what is computed again units of its own, in place, where it would wait in memory for its readers."""
    first = len(units)
    for source in range(first):
        unit = units[source]
        if unit.space is None or all(op.attrs.get("reverse") for op in unit.ops):
            continue
        apart = _waiting(planner, unit, home, source)
        if apart:
            home.update(dict.fromkeys(apart, len(units)))
            last = max(planner.position[op] for op in apart)
            units.append(replace(unit, ops=[op for op in unit.ops if op in apart], last=last, deps={source}))
            unit.ops = [op for op in unit.ops if op not in apart]
            unit.last = max(planner.position[op] for op in unit.ops)
    for new in range(first, len(units)):
        for op in units[new].ops:
            later = {home[planner.ops[k]] for k in planner.consumers(op.result)}
            ends = (planner.destroyers.get(base) for base, _ in planner.reads(op) if isinstance(base, Value))
            later |= {home[end] for end in ends if end is not None}
            for k in later - {new}:
                units[k].deps.add(new)


def _waiting(planner: Planner, unit: Unit, home: dict[Op, int], source: int) -> set[Op]:
    """The members that are computed again after other units, or from what is, from arrays in memory, and are read
    in other units only."""
    apart: set[Op] = set()
    for op in unit.ops:
        follows = any(planner.maker.get(base) in apart for base, _ in planner.reads(op) if isinstance(base, Value))
        if opdef(op.opcode).kind == "elementwise" and (op.attrs.get("again") or (op.attrs.get("reverse") and follows)):
            apart.add(op)
    while apart:
        stay = {op for op in apart if not _may_wait(planner, op, unit, home, source, apart)}
        if not stay:
            break
        apart -= stay
    if apart:
        end = max(planner.position[op] for op in unit.ops if op not in apart)
        start = min(planner.position[op] for op in apart)
        if all(home.get(op, source) == source for op in planner.ops[end:start]):
            return set()  # nothing is in between
    return apart


def _may_wait(planner: Planner, op: Op, unit: Unit, home: dict[Op, int], source: int, apart: set[Op]) -> bool:
    readers = (planner.ops[k] for k in planner.consumers(op.result))
    if any(r not in home or (home[r] == source and r not in apart) for r in readers):
        return False
    made = (planner.maker.get(base) for base, _ in planner.reads(op) if isinstance(base, Value) and base.type.shape)
    return all(m is None or m not in unit.ops or m in apart or _in_memory(planner, home, m) for m in made)


def _movable(planner: Planner, op: Op) -> bool:
    return (
        len(op.results) == 1
        and bool(op.result.type.shape)
        and opdef(op.opcode).kind == "elementwise"
        and not planner.needs_memory(op.result)
    )


def _only_reader(planner: Planner, home: dict[Op, int], v: Value) -> int | None:
    """The unit of all ops that read `v`."""
    readers = {home.get(planner.ops[k]) for k in planner.consumers(v)}
    return readers.pop() if len(readers) == 1 else None


def _in_memory(planner: Planner, home: dict[Op, int], made: Op) -> bool:
    """Whether the result of a member of a group is in memory, because something else reads it, too."""
    if planner.needs_memory(made.result):
        return True
    return any(home.get(planner.ops[k]) != home[made] for k in planner.consumers(made.result))


class _Move:
    """One op on its way to unit `target`, with the members of its group that only it needs."""

    def __init__(self, planner: Planner, home: dict[Op, int], op: Op, target: int):
        self.planner = planner
        self.home = home
        self.op = op
        self.source = home[op]
        self.target = target

    def cone(self, members: list[Op], goal: list[Op], max_arrays: int) -> set[Op]:
        """The ops to move; none where that would not save an array."""
        planner = self.planner
        there = [read for m in goal for read in planner.reads(m)]
        if any(base is self.op.result and at != planner.place(self.op) for base, at in there):
            return set()  # the reader wants other elements than those of its iteration
        ops = {self.op}
        arrays: set[Operand] = set()
        for op in reversed(members):
            if op not in ops:
                continue
            for base, _ in planner.reads(op):
                made = planner.maker.get(base) if isinstance(base, Value) else None
                if not base.type.shape or made in ops:
                    continue
                if made is None or self.home.get(made) != self.source or _in_memory(planner, self.home, made):
                    arrays.add(base)
                elif _movable(planner, made) and all(planner.ops[k] in ops for k in planner.consumers(made.result)):
                    ops.add(made)
                else:
                    return set()
        if any(base in planner.destroyers for base in arrays):
            return set()
        known = {base for base, _ in there if base.type.shape}
        return ops if len(arrays - known) <= 1 and len(arrays | known) <= max_arrays else set()
