"""One variable for every value that is not folded: values of a web share one, and names are the hints.

Guarantees: two values that hold different things at the same time have different variables (a live
range is what `Liveness` computes with folded expressions read where they are printed); names are Python
identifiers, deterministic, and shadow nothing that generated code uses.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from ..analysis.alias import Carried, Liveness, Numbering, mutated_operands, references
from ..ir.nodes import Function, Op, Operand, Region, Value
from .folding import Folding

# what generated code itself names
_RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(name for name in dir(builtins) if name[0].isupper())
    | {"abs", "bool", "float", "int", "len", "math", "max", "min", "np", "print", "range", "slice", "_"}
)
_INDICES = ("i", "j", "k", "l", "m")


class Names:
    """The name of the variable of every value."""

    def __init__(self, fn: Function, numbering: Numbering, folding: Folding, reserved: Iterable[str]):
        self._fn = fn
        self._numbering = numbering
        self._folding = folding
        self._interference: dict[Value, int] = {}
        self._parent: dict[Value, Value] = {}
        self._mask: dict[Value, int] = {}
        self._conflict: dict[Value, int] = {}
        self._live = Liveness(fn, numbering, folding.uses, folding.yield_uses)
        self._indices: dict[Value, int] = {}
        self._collect()
        self._coalesce()
        self._names = self._name(frozenset(reserved) | frozenset(fn.symbols()) | _RESERVED)

    def __getitem__(self, v: Value) -> str:
        return self._names[self._find(v)]

    # -- interference ---------------------------------------------------------------------------------
    def _collect(self) -> None:
        fn = self._fn
        for v in self._numbering.index:
            if not self._folding.folded(v):
                self._interference[v] = 0
        params = self._numbering.mask(fn.params)
        for p in fn.params:
            self._define(p, params | self._live.at_entry)
        self._region(fn.body, 0)

    def _define(self, v: Value, live: int, source: Operand | None = None) -> None:
        """`v` is set while `live` is alive; `source` holds the same thing already."""
        mask = live & ~self._numbering.bit(v)
        if isinstance(source, Value):
            mask &= ~self._numbering.bit(source)
        self._interference[v] |= mask
        bit = self._numbering.bit(v)
        for w in self._numbering.members(mask):
            self._interference[w] |= bit

    def _region(self, region: Region, depth: int) -> None:
        for op in region.ops:
            live = self._live.after[op]
            if op.opcode == "if":
                self._if(op, live, depth)
            elif op.regions:
                self._loop(op, live, depth)
            elif not (len(op.results) == 1 and self._folding.folded(op.results[0])):
                results = self._numbering.mask(op.results)
                for r in op.results:
                    self._define(r, live | results)

    def _if(self, op: Op, live: int, depth: int) -> None:
        results = self._numbering.mask(op.results)
        for region in op.regions:
            self._region(region, depth)
            for r, y in zip(op.results, region.yields, strict=True):
                self._define(r, live | results, y)

    def _loop(self, op: Op, live: int, depth: int) -> None:
        loop = Carried(op)
        head = self._live.at_head[op]
        params = self._numbering.mask(loop.params)
        around = head | params
        bounds: list[Value] = []
        if op.opcode == "for":
            bounds = [v for x in op.operands[:3] for v in self._folding.leaves(x)]
            index = op.regions[0].params[0]
            self._indices[index] = depth
            around |= self._numbering.bit(index)
            self._define(index, around)
        for p, init, y in zip(loop.params, loop.inits, loop.yields, strict=True):
            # set at the start and again after every iteration: what is live in the loop stays apart
            self._define(p, around, init if init is y else None)
            # the bounds are read after the carried values have been set
            self._define(p, self._numbering.mask(bounds), init)
        if loop.first_yield:
            # the flag that ends a loop is read after the carried values have been set
            flag = self._numbering.mask(self._folding.leaves(loop.body.yields[0]))
            for p, y in zip(loop.params, loop.yields, strict=True):
                self._define(p, flag, y)
        for region in op.regions:
            self._region(region, depth + 1)
        results = self._numbering.mask(op.results)
        for r, p in zip(loop.results, loop.params, strict=True):
            self._define(r, live | results, p)
        if loop.trips is not None:
            inner = ~self._numbering.older(op) & (self._numbering.bit(loop.trips) - 1)
            self._define(loop.trips, live | head | results | (inner & self._variables()))

    def _variables(self) -> int:
        return self._numbering.mask(self._interference)

    # -- webs -----------------------------------------------------------------------------------------
    def _find(self, v: Value) -> Value:
        while v in self._parent:
            v = self._parent[v]
        return v

    def _coalesce(self) -> None:
        for v in self._interference:
            self._mask[v] = self._numbering.bit(v)
            self._conflict[v] = self._interference[v]
        for v, w in self._affinities():
            if isinstance(w, Value) and w in self._interference and v in self._interference:
                self._union(v, w)

    def _union(self, v: Value, w: Value) -> None:
        a, b = self._find(v), self._find(w)
        if a is b or not self._may_share(a, [b]):
            return
        if self._numbering.index[b] > self._numbering.index[a]:
            a, b = b, a
        self._parent[a] = b
        self._mask[b] |= self._mask[a]
        self._conflict[b] |= self._conflict[a]

    def _affinities(self) -> Iterator[tuple[Value, Operand]]:
        """Pairs that should share a variable, the most important first."""
        ops = list(self._fn.body.walk())
        loops = [Carried(op) for op in reversed(ops) if op.opcode in ("for", "while")]
        for loop in loops:
            yield from zip(loop.body_params, loop.params, strict=True)
        for op in ops:
            for result, k in references(op):
                if k in mutated_operands(op) or result.type.tape:
                    yield result, op.operands[k]
        for loop in loops:
            yield from zip(loop.params, loop.yields, strict=True)
            yield from zip(loop.results, loop.params, strict=True)
            yield from (pair for pair in zip(loop.params, loop.inits, strict=True) if not self._is_renamed(*pair))
        for op in reversed(ops):
            if op.opcode == "if":
                for r in op.regions:
                    yield from zip(op.results, r.yields, strict=True)
        for op in ops:
            if op.opcode == "copy":
                yield op.result, op.operands[0]

    def _is_renamed(self, carried: Value, init: Operand) -> bool:
        """Whether a loop begins with an argument under another name, as in ``v = v0``."""
        return init in self._fn.params and bool(carried.hint) and carried.hint != init.hint

    # -- names ----------------------------------------------------------------------------------------
    def _name(self, reserved: frozenset[str]) -> dict[Value, str]:
        members: dict[Value, list[Value]] = {}
        for v in self._interference:
            members.setdefault(self._find(v), []).append(v)
        names: dict[Value, str] = {}
        holders: dict[str, list[Value]] = {}
        params = {self._find(p) for p in self._fn.params}
        # parameters get their own names, whatever comes first
        for root in sorted(members, key=lambda r: (r not in params, self._numbering.index[r])):
            base = self._base(members[root])
            name, k = base, 1
            while name in reserved or not self._may_share(root, holders.get(name, ())):
                k += 1
                name = _numbered(base, k)
            names[root] = name
            holders.setdefault(name, []).append(root)
        return names

    def _may_share(self, root: Value, others: Iterable[Value]) -> bool:
        return all(not self._mask[root] & self._conflict[o] and _same_kind(root, o) for o in others)

    def _base(self, members: list[Value]) -> str:
        for v in members:
            if v in self._fn.params and v.hint:
                return _identifier(v.hint)
        hints = Counter(_identifier(v.hint) for v in members if v.hint)
        if hints:
            most = max(hints.values())
            return next(h for h, n in hints.items() if n == most)
        for v in members:
            if v in self._indices:
                return _INDICES[min(self._indices[v], len(_INDICES) - 1)]
        t = members[0].type
        if t.tape:
            return "tape"
        if t.is_array:
            return "u"
        return "t" if t.is_float else "flag" if t.is_bool else "k"


def _same_kind(v: Value, w: Value) -> bool:
    a, b = v.type, w.type
    return (a.dtype, a.rank, a.weak, a.tape) == (b.dtype, b.rank, b.weak, b.tape)


def _identifier(hint: str) -> str:
    name = re.sub(r"\W", "_", hint, flags=re.ASCII)
    return f"v{name}" if not name or name[0].isdigit() else name


def _numbered(base: str, k: int) -> str:
    return f"{base}_{k}" if base[-1].isdigit() else f"{base}{k}"
