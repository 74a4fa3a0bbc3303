"""Which values are printed inside the expression that reads them, and which get a variable.

Guarantees: a folded value has one reader in the same region (or is free to repeat: an extent, an index
plus a constant), and between its op and its reader nothing overwrites memory or a variable that
its expression reads. So evaluating it later gives the same value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..analysis.alias import FOREIGN, Aliases, Carried, Numbering, mutated_operands, references
from ..ir.nodes import Const, Function, Op, Operand, Region, Value, dims_values
from ..ir.opdef import opdef

Reader = Op | Region
_MAX_LENGTH = 72
_STATEMENTS = frozenset({"control", "effect", "tape"})


class Folding:
    """The decision for every value of a function, and what it implies for who reads what."""

    def __init__(self, fn: Function, numbering: Numbering, repeats: Callable[[Op, int], bool]):
        """`repeats(op, k)`: whether the printed form of the op mentions operand k more than once."""
        self._numbering = numbering
        self._aliases = Aliases(fn, numbering)
        self._repeats = repeats
        self._folded: set[Value] = set()
        self._leaves: dict[Value, tuple[Value, ...]] = {}
        self._length: dict[Value, int] = {}
        self._readers: dict[Value, list[tuple[Reader, int]]] = {}
        self._in_dims: set[Value] = set()
        self._stable: set[Value] = set(fn.params)
        self._webs = _Webs(fn)
        self._body = fn.body
        self._find_readers(fn.body)
        self._region(fn.body)

    # -- what the printer asks ----------------------------------------------------------------------
    def folded(self, x: Operand) -> bool:
        return isinstance(x, Value) and x in self._folded

    def leaves(self, x: Operand) -> tuple[Value, ...]:
        """The variables that the expression of an operand reads."""
        if not isinstance(x, Value):
            return ()
        if x not in self._folded:
            return (x,)
        return self._leaves[x]

    def uses(self, op: Op) -> Iterator[Value]:
        """The variables that the statement of an op reads; nothing for a folded op."""
        if len(op.results) == 1 and op.results[0] in self._folded:
            return
        yield from self._op_leaves(op)

    def yield_uses(self, region: Region) -> list[Operand]:
        return [v for y in region.yields for v in self.leaves(y)]

    def is_read(self, v: Value) -> bool:
        return bool(self._readers.get(v)) or v in self._in_dims

    # -- readers --------------------------------------------------------------------------------------
    def _find_readers(self, region: Region) -> None:
        for op in region.ops:
            for k, x in enumerate(op.operands):
                if isinstance(x, Value):
                    self._readers.setdefault(x, []).append((op, k))
            for a in op.attrs.values():
                self._in_dims.update(dims_values(a))
            for r in op.regions:
                if op.opcode == "for":
                    self._stable.add(r.params[0])
                self._find_readers(r)
        for k, y in enumerate(region.yields):
            if isinstance(y, Value):
                self._readers.setdefault(y, []).append((region, k))

    def _op_leaves(self, op: Op) -> Iterator[Value]:
        for x in op.operands:
            yield from self.leaves(x)
        for a in op.attrs.values():
            yield from dims_values(a)

    # -- decisions ------------------------------------------------------------------------------------
    def _region(self, region: Region) -> None:
        position = {op: k for k, op in enumerate(region.ops)}
        for op in region.ops:
            for r in op.regions:
                self._region(r)
            if len(op.results) != 1 or op.regions or mutated_operands(op):
                continue
            v = op.result
            if opdef(op.opcode).kind in _STATEMENTS or v in self._in_dims or v.type.tape:
                continue
            if self._is_free(op) or self._is_single(op, region, position):
                self._folded.add(v)
                self._leaves[v] = tuple(dict.fromkeys(self._op_leaves(op)))
                self._length[v] = self._op_length(op)

    def _is_free(self, op: Op) -> bool:
        """Costs nothing and reads nothing that changes: may be printed at every reader."""
        if any(not self._accepts(reader, k, free=True) for reader, k in self._readers.get(op.result, [])):
            return False
        if op.opcode == "extent":
            return all(v in self._stable for v in op.attrs["dim"].values()) and _length(op.attrs["dim"]) <= 24
        if op.opcode in ("add", "sub") and op.result.type.is_int and not op.result.hint and op.result.type.weak:
            a, b = op.operands
            variable, number = (b, a) if isinstance(a, Const) else (a, b)
            if isinstance(number, Const) and isinstance(variable, Value):
                return variable in self._stable or (self.folded(variable) and self._length[variable] <= 8)
        return False

    def _is_single(self, op: Op, region: Region, position: dict[Op, int]) -> bool:
        readers = self._readers.get(op.result, [])
        if len(readers) != 1:
            return False
        reader, slot = readers[0]
        if not self._accepts(reader, slot, free=False):
            return False
        if isinstance(reader, Op):
            if reader not in position or self._repeats(reader, slot):
                return False
            end = position[reader]
            if op.result.hint and (op.loc.line != reader.loc.line or op.loc.file != reader.loc.file):
                return False
            if (
                self._op_length(op) + sum(self._operand_length(x) for x in reader.operands if x is not op.result)
                > _MAX_LENGTH
            ):
                return False
        elif reader is region:
            end = len(region.ops)
            if op.result.hint and region is self._body and self._op_length(op) > 30:
                return False
        else:
            return False
        return not self._hazard(op, region.ops[position[op] + 1 : end], region if reader is region else None)

    def _accepts(self, reader: Reader, slot: int, free: bool) -> bool:
        """Whether an expression may stand at this operand or yield."""
        if isinstance(reader, Region):
            if reader is self._body:
                return True
            return free or (slot == 0 and self._is_condition(reader))
        if slot in mutated_operands(reader):
            return False
        if reader.opcode in ("for", "while"):
            carried = reader.opcode == "while" or slot >= 3
            return free or not carried
        return reader.opcode != "tape_push" or slot == 1

    def _is_condition(self, region: Region) -> bool:
        return region in self._webs.conditions

    def _hazard(self, op: Op, between: list[Op], condition_of: Region | None) -> bool:
        leaves = list(dict.fromkeys(self._op_leaves(op)))
        memory = 0
        for v in leaves:
            memory |= self._aliases.closure(v) & ~FOREIGN
        webs = {self._webs.find(v) for v in leaves}
        for other in between:
            if other.results and self.folded(other.results[0]):
                continue
            if self._disturbs(other, memory, webs):
                return True
        if condition_of is not None and condition_of in self._webs.conditions:
            # read after the carried values have been set anew
            params = set(condition_of.params)
            return condition_of in self._webs.loop_bodies and any(v in params for v in leaves)
        return False

    def _disturbs(self, op: Op, memory: int, webs: set[Value]) -> bool:
        for k in mutated_operands(op):
            if self._aliases.closure(op.operands[k]) & memory:
                return True
        if any(self._webs.find(v) in webs for v in op.results):
            return True
        for r in op.regions:
            if any(self._webs.find(p) in webs for p in r.params):
                return True
            if any(self._disturbs(inner, memory, webs) for inner in r.ops):
                return True
        return False

    def _operand_length(self, x: Operand) -> int:
        if isinstance(x, Const):
            return len(repr(x.value))
        if x in self._folded:
            return self._length[x] + 2
        return len(x.hint) or 2

    def _op_length(self, op: Op) -> int:
        """About how many characters the expression takes."""
        if op.opcode == "extent":
            return _length(op.attrs["dim"])
        overhead = 3 if len(op.operands) == 2 and opdef(op.opcode).kind == "elementwise" else len(op.opcode) + 5
        if op.opcode in ("load", "neg", "square"):
            overhead = 4
        dims = sum(_length(a) for a in op.attrs.values() if isinstance(a, tuple) and op.opcode != "load")
        return overhead + min(dims, 30) + sum(self._operand_length(x) for x in op.operands)


def _length(a: object) -> int:
    """About how many characters an attribute takes, whatever numbers its values have: these count on."""
    return len(re.sub(r"%\w+", "%name", str(a)))


class _Webs:
    """Values that are likely to get one variable: initial values, region parameters, yields, results."""

    def __init__(self, fn: Function):
        self._parent: dict[Value, Value] = {}
        self.conditions: set[Region] = set()
        """Regions whose first yield is a condition (of a `while`, or the end of a `for`)."""
        self.loop_bodies: set[Region] = set()
        for op in fn.body.walk():
            for result, k in references(op):
                if k in mutated_operands(op) or result.type.tape:
                    self._union(result, op.operands[k])
            if op.opcode == "if":
                for r in op.regions:
                    for v, y in zip(op.results, r.yields, strict=True):
                        self._union(v, y)
            elif op.regions:
                loop = Carried(op)
                self.loop_bodies.add(loop.body)
                if op.opcode == "while" or op.attrs.get("stop"):
                    self.conditions.add(op.regions[0])
                for k, p in enumerate(loop.params):
                    for x in (loop.inits[k], loop.body_params[k], loop.yields[k], loop.results[k]):
                        self._union(p, x)

    def find(self, v: Value) -> Value:
        while v in self._parent:
            v = self._parent[v]
        return v

    def _union(self, v: Value, w: Operand) -> None:
        if isinstance(w, Value) and (a := self.find(v)) is not (b := self.find(w)):
            self._parent[a] = b
