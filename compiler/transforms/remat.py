"""Compute again what the top of a function would keep as several arrays, from fewer.

What the reverse sweep reads of loops and branches is decided by `retain`; at the top of a function every value is at
hand. Kept until it is read, each is an array in memory all the same: this pass finds the fewest bytes from which
the others follow by cheap elementwise ops, by the same minimum cut (`cut`), and has these ops again just before
their first reader of the reverse sweep, where they fuse with it.

Before::                                    after::

    %e = exp %u                                 %e = exp %u
    %s = add 1.0, %e                            %s = add 1.0, %e
    %h = div 1.0, %s                            %h = div 1.0, %s
    ... reverse: reads %e, %s and %h            ... reverse: %s2 = add 1.0, %e  %h2 = div 1.0, %s2 ...

The new ops have the attribute ``again``, so that they stay apart from those that they repeat.
"""

from __future__ import annotations

from collections.abc import Callable

from ..analysis.dataflow import replace_operand, values_read
from ..ir.nodes import Function, Op, Substitution, Value
from ..ir.opdef import opdef
from ..rules.indexing import has_gather
from .cut import choose_kept, nominal_bytes

_MAX_INPUTS = 2
_VIEWS = frozenset({"load", "transpose", "reshape", "broadcast_to"})


def rematerialise(fn: Function, forward: set[Op], recomputable: Callable[[Value], bool]) -> None:
    """Change the reverse sweep of a function, in place: what follows the last of the ops `forward`."""
    _Remat(fn, forward, recomputable).run()


class _Remat:
    def __init__(self, fn: Function, forward: set[Op], recomputable: Callable[[Value], bool]):
        self.fn = fn
        ops = fn.body.ops
        self.turn = max((k + 1 for k, op in enumerate(ops) if op in forward), default=0)
        self.recomputable = recomputable
        results = {r for op in ops[: self.turn] for r in op.results if r.type.shape}
        self.arrays = results - {y for y in fn.body.yields if isinstance(y, Value)}
        self.kept: set[Value] = set()
        self.barred: set[Value] = set()
        self.again: dict[Value, Value] = {}
        self.ops = ops[: self.turn]

    def run(self) -> None:
        reverse = self.fn.body.ops[self.turn :]
        needed = list(dict.fromkeys(v for op in reverse for v in values_read(op) if v in self.arrays))
        self.barred |= {v for v in needed if self._stays(v, reverse)}
        if all(self.sources(v) is None for v in needed):
            return
        dropped = self._choose(needed)
        for op in reverse:
            read = set(values_read(op))
            for v in dropped:
                if v in read:
                    replace_operand(op, v, self._computed(v))
            self.ops.append(op)
        self.fn.body.ops = self.ops

    def _stays(self, v: Value, reverse: list[Op]) -> bool:
        """Whether an array is in memory for its last reader before the turn, and again for its first one after it, and
        no op in between makes use of the room: to drop it for that long would save nothing."""

        def works(op: Op) -> bool:
            return not _fuses(op) and any(2 * nominal_bytes(r.type) >= nominal_bytes(v.type) for r in op.results)

        before = next((op for op in reversed(self.ops) if op.regions or works(op)), None)
        after = next((op for op in reverse if op.regions or works(op)), None)
        return before is not None and after is not None and v in values_read(before) and v in values_read(after)

    def _choose(self, needed: list[Value]) -> list[Value]:
        """What is not kept. An array that would be computed from more than two of its size is: a stencil costs
        more to repeat than to read."""
        while True:
            self.kept = choose_kept(needed, self.fn, self._at_hand, self.sources, lambda v: False)
            dropped = [v for v in needed if v not in self.kept]
            dear = {v for v in dropped if len(self._inputs(v)) > _MAX_INPUTS}
            if not dear:
                return dropped
            self.barred |= dear

    def _inputs(self, v: Value) -> set[Value]:
        """The large arrays that are read where v is computed again; a slice is one of its own."""
        found: set[Value] = set()
        seen: set[Value] = set()
        pending = list(self.sources(v) or ())
        while pending:
            x = pending.pop()
            if x in seen:
                continue
            seen.add(x)
            below = None if x in self.kept or (x.op is not None and x.op.opcode == "load") else self.sources(x)
            if below is not None and x in self.arrays:
                pending += below
            elif 2 * nominal_bytes(x.type) >= nominal_bytes(v.type):
                found.add(x)
        return found

    def _at_hand(self, v: Value) -> bool:
        return v not in self.arrays

    def sources(self, v: Value) -> list[Value] | None:
        """What an array can be computed again from, by a cheap op that goes through elements one by one."""
        op = v.op
        if op is None or v in self.barred or not self.recomputable(v):
            return None
        cheap = opdef(op.opcode).kind == "elementwise" or (op.opcode in _VIEWS and not _gathers(op))
        return list(op.used_values()) if cheap else None

    def _computed(self, v: Value) -> Value:
        """The array, computed again where the reverse sweep is now."""
        if v not in self.again:
            assert v.op is not None
            inputs = [x for x in v.op.used_values() if x in self.arrays and x not in self.kept]
            op = Substitution({x: self._computed(x) for x in inputs}).clone_op(v.op)
            op.attrs |= {"reverse": True, "again": True, "retained": "computed again: cheaper than to keep it"}
            self.ops.append(op)
            self.again[v] = op.result
        return self.again[v]


def _fuses(op: Op) -> bool:
    """Whether an op reads its arrays element by element, so that these need no memory for it."""
    return not op.regions and (op.opcode in _VIEWS or opdef(op.opcode).kind in ("elementwise", "create", "reduction"))


def _gathers(op: Op) -> bool:
    return op.opcode == "load" and has_gather(op)
