"""Arrays of our own lie in memory in the order in which loops go through them.

A program that works on columns (`p[1:-1, j] = ...` for every j) makes loops that stride through each array. What it
gets and gives has the order that the caller sees; an array that is born and dies inside the function need not.

Before::                                    after::

    %p = empty : f64[n, m]                      %p = empty : f64[m, n]
    for %j in m:                                for %j in m:
      for %i in n:                                for %i in n:
        %1 = store %p, %i, %j, %x                   %1 = store %p, %j, %i, %x

It is done for arrays of which single elements are read and written, nothing else. Every access votes for the axis
along which its innermost loop moves, an access in a deeper loop counts more; the axis with the most votes becomes the
last one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ..analysis.alias import ACCESSES, ALLOCATIONS, Carried
from ..analysis.bounds import linear_split
from ..ir.nodes import At, Function, Op, Operand, Region, Value, as_dim
from ..ir.types import Type

SHORT = 8
"""An axis that is known to have fewer elements gains nothing by being the last one."""
_DEEPER = 16  # how much more an access in a loop counts than one outside of it


def choose_layouts(fn: Function) -> None:
    """Permute the axes of arrays of a lowered function (before `inplace`), in place."""
    arrays = _Arrays(fn)
    for group in arrays.groups():
        axis = group.best()
        if axis is not None:
            group.put_last(axis)


@dataclass(slots=True, eq=False)
class _Group:
    """All versions of one array."""

    versions: list[Value]
    births: list[Op] = field(default_factory=list)
    accesses: list[Op] = field(default_factory=list)
    votes: Counter[int] = field(default_factory=Counter)

    def best(self) -> int | None:
        """The axis that should be the last one, if it is not."""
        shape = self.versions[0].type.shape
        if not self.births or not self.votes:
            return None
        last = len(shape) - 1
        axis, votes = max(self.votes.items(), key=lambda v: (v[1], v[0]))
        extent = shape[axis]
        if votes <= self.votes[last] or (extent.is_const and extent.const < SHORT):
            return None
        return axis

    def put_last(self, axis: int) -> None:
        rank = self.versions[0].type.rank
        order = [k for k in range(rank) if k != axis] + [axis]
        for v in self.versions:
            v.type = Type(v.type.dtype, tuple(v.type.shape[k] for k in order), v.type.weak, v.type.tape)
        for op in self.births:
            op.attrs["shape"] = tuple(op.attrs["shape"][k] for k in order)
        for op in self.accesses:
            index = op.operands[1 : 1 + rank]
            op.operands[1 : 1 + rank] = [index[k] for k in order]


class _Arrays:
    def __init__(self, fn: Function):
        self.parent: dict[Value, Value] = {}
        self.fixed: set[Value] = set()  # versions that others see
        self.births: list[Op] = []
        self.accesses: list[tuple[Op, Value | None, int]] = []  # with the innermost loop's index, and the depth
        for v in (*fn.params, *fn.body.yields):
            self._fix(v)
        self._region(fn.body, None, 0)

    def groups(self) -> list[_Group]:
        found: dict[Value, _Group] = {}
        for v in self.parent:
            found.setdefault(self._root(v), _Group([])).versions.append(v)
        for op in self.births:
            found[self._root(op.result)].births.append(op)
        for op, iv, depth in self.accesses:
            array = op.operands[0]
            assert isinstance(array, Value)
            group = found[self._root(array)]
            group.accesses.append(op)
            axes = [k for k, x in enumerate(op.operands[1 : 1 + array.type.rank]) if _moves(x, iv)]
            if len(axes) == 1:
                group.votes[axes[0]] += _DEEPER**depth
        fixed = {self._root(v) for v in self.fixed}
        return [g for root, g in found.items() if root not in fixed]

    # -- versions -------------------------------------------------------------------------------------
    def _root(self, v: Value) -> Value:
        while (above := self.parent.setdefault(v, v)) is not v:
            self.parent[v] = v = self.parent.setdefault(above, above)
        return v

    def _join(self, a: Operand, b: Operand) -> None:
        if _is_array(a) and _is_array(b):
            assert isinstance(a, Value) and isinstance(b, Value)
            self.parent[self._root(a)] = self._root(b)

    def _fix(self, x: Operand) -> None:
        if _is_array(x):
            assert isinstance(x, Value)
            self.fixed.add(self._root(x))

    def _region(self, region: Region, iv: Value | None, depth: int) -> None:
        for op in region.ops:
            if (
                op.opcode in ACCESSES
                and all(isinstance(i, At) for i in op.attrs["index"])
                and _is_array(op.operands[0])
            ):
                self._root(op.operands[0])  # type: ignore[arg-type]
                self.accesses.append((op, iv, depth))
                for x in op.operands[1:]:
                    self._fix(x)
                if op.opcode != "load":
                    self._join(op.result, op.operands[0])
            elif op.opcode in ALLOCATIONS:
                if _is_array(op.result):
                    self._root(op.result)
                    self.births.append(op)
            elif op.opcode in ("for", "while"):
                self._loop(op, iv, depth)
            elif op.opcode == "if":
                for r in op.regions:
                    self._region(r, iv, depth)
                    for result, y in zip(op.results, r.yields, strict=True):
                        self._join(result, y)
            else:
                for x in (*op.operands, *op.results):
                    self._fix(x)
                for r in op.regions:
                    for x in (*r.params, *r.yields):
                        self._fix(x)
                    self._region(r, iv, depth)

    def _loop(self, op: Op, iv: Value | None, depth: int) -> None:
        loop = Carried(op)
        carried = zip(loop.inits, loop.params, loop.body_params, loop.yields, loop.results, strict=True)
        for init, p, inner, y, result in carried:
            for x in (p, inner, y, result):
                self._join(x, init)
        if op.opcode == "for":
            self._region(op.regions[0], op.regions[0].params[0], depth + 1)
        else:
            for r in op.regions:
                self._region(r, None, depth + 1)


def _is_array(x: Operand) -> bool:
    return isinstance(x, Value) and x.type.rank > 1 and not x.type.tape


def _moves(x: Operand, iv: Value | None) -> bool:
    split = linear_split(as_dim(x), iv) if iv is not None else None
    return split is not None and split[0].is_const and split[0].const != 0
