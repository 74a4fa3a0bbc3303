"""Arrays of our own lie in memory in the order in which loops go through them.

A program that works on columns (`p[1:-1, j] = ...` for every j) makes loops that stride through each array. What it
gets and gives has the order that the caller sees; an array that is born and dies inside the function need not.

Before::                                    after::

    %p = empty : f64[n, m]                      %p = empty : f64[m, n]
    for %j in m:                                for %j in m:
      for %i in n:                                for %i in n:
        %1 = store %p, %i, %j, %x                   %1 = store %p, %j, %i, %x

It is done for arrays of which single elements are read and written, that are copied, or returned, nothing else. Every
access votes for the axis along which its innermost loop moves, an access in a deeper loop counts more; the axis with
the most votes becomes the last one. A copy from or to another order, and a result, which is then worked out in memory
of its own, cost a pass over the array: they weigh against it, so that only accesses in a deeper loop still pay.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from ..analysis.alias import ACCESSES, ALLOCATIONS, Carried
from ..analysis.bounds import linear_split
from ..analysis.dataflow import replace_everywhere
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.types import Type

SHORT = 8
"""An axis that is known to have fewer elements gains nothing by being the last one."""
_DEEPER = 16  # how much more an access in a loop counts than one outside of it
_PASS = 16  # what a pass over the whole array costs, in accesses of the innermost of its loops

Order = tuple[int, ...]


def choose_layouts(fn: Function) -> None:
    """Permute the axes of arrays of a lowered function (before `inplace`), in place."""
    arrays = _Arrays(fn)
    orders: dict[Value, Order] = {}
    given: list[Value] = []
    for group in arrays.groups():
        axis = group.best()
        if axis is not None:
            order = group.put_last(axis)
            orders.update((v, order) for v in group.versions)
            given += [v for v in group.versions if v in arrays.params]
    if orders:
        for v in given:
            _take(fn.body, v, orders)
        for region, op, _ in arrays.copies:
            _copy_reordered(region, op, orders)
        for k, y in enumerate(fn.body.yields):
            if y in orders:
                assert isinstance(y, Value)
                b = Builder(fn.body, y.op.loc if y.op else fn.body.ops[-1].loc)
                fn.body.yields[k] = reordered(b, y, orders[y], None)


def reordered(b: Builder, x: Operand, given: Order | None, wanted: Order | None) -> Value:
    """A copy of an array whose axes lie in the order `given`, in the order `wanted`; None is that of the caller."""
    rank = x.type.rank
    given, wanted = given or tuple(range(rank)), wanted or tuple(range(rank))
    place = [wanted.index(axis) for axis in given]  # of the axes of x
    shape = tuple(x.type.shape[given.index(axis)] for axis in wanted)
    hint = x.hint if isinstance(x, Value) else ""
    new = b.emit("empty", shape=shape, dtype=x.type.dtype, hint=hint)
    index = {"index": (At(),) * rank, "inbounds": True}

    def copied(at: list[Value], target: list[Value]) -> list[Value]:
        element = b.op("load", x, *[at[p] for p in place], attrs=dict(index)).result
        return [b.op("store", *target, *at, element, attrs=dict(index)).result]

    (result,) = b.nest(shape, [new], copied, index="i")
    return result


def _take(body: Region, param: Value, orders: dict[Value, Order]) -> None:
    """Take a parameter, whose type is that of the new order, into an array of that order."""
    order = orders.pop(param)
    shape = param.type.shape
    param.type = _with_shape(param.type, tuple(shape[order.index(axis)] for axis in range(len(order))))
    start = Region()
    made = reordered(Builder(start, body.ops[0].loc), param, None, order)
    replace_everywhere(body, Substitution({param: made}))
    body.ops[:0] = start.ops
    orders[made] = order


def _with_shape(t: Type, shape: tuple[Dim, ...]) -> Type:
    return Type(t.dtype, shape, t.weak, t.tape)


def _copy_reordered(region: Region, op: Op, orders: dict[Value, Order]) -> None:
    """A copy between arrays of different orders becomes loops; `op.result` has its new type already."""
    x = op.operands[0]
    given, wanted = orders.get(x) if isinstance(x, Value) else None, orders.get(op.result)
    if given == wanted:
        return
    emitted = Region()
    made = reordered(Builder(emitted, op.loc), x, given, wanted)
    at = region.ops.index(op)
    region.ops[at : at + 1] = emitted.ops
    made.hint = op.result.hint
    replace_everywhere(region, Substitution({op.result: made}))
    if wanted is not None:
        orders[made] = wanted


@dataclass(slots=True, eq=False)
class _Group:
    """All versions of one array."""

    versions: list[Value]
    births: list[Op] = field(default_factory=list)
    cost: int = 0  # of passes over the array that another order asks for
    accesses: list[Op] = field(default_factory=list)
    votes: Counter[int] = field(default_factory=Counter)

    def best(self) -> int | None:
        """The axis that should be the last one, if it is not."""
        shape = self.versions[0].type.shape
        if not self.votes:
            return None
        last = len(shape) - 1
        axis, votes = max(self.votes.items(), key=lambda v: (v[1], v[0]))
        extent = shape[axis]
        if votes <= self.votes[last] + self.cost or (extent.is_const and extent.const < SHORT):
            return None
        if all(d.is_const for d in shape[axis + 1 :]) and math.prod(d.const for d in shape[axis + 1 :]) < SHORT:
            return None  # its elements are as good as side by side
        return axis

    def put_last(self, axis: int) -> Order:
        rank = self.versions[0].type.rank
        order = [k for k in range(rank) if k != axis] + [axis]
        for v in self.versions:
            v.type = _with_shape(v.type, tuple(v.type.shape[k] for k in order))
        for op in self.births:
            op.attrs["shape"] = tuple(op.attrs["shape"][k] for k in order)
        for op in self.accesses:
            index = op.operands[1 : 1 + rank]
            op.operands[1 : 1 + rank] = [index[k] for k in order]
        return tuple(order)


class _Arrays:
    def __init__(self, fn: Function):
        self.parent: dict[Value, Value] = {}
        self.fixed: set[Value] = set()  # versions that others see
        self.births: list[Op] = []
        self.copies: list[tuple[Region, Op, int]] = []  # with the region it stands in, and the depth
        self.results: list[Value] = []
        self.accesses: list[tuple[Op, Value | None, int]] = []  # with the innermost loop's index, and the depth
        self.params = {v for v in fn.params if _is_array(v)}
        for v in self.params:
            self._root(v)
        self._region(fn.body, None, 0)
        for y in fn.body.yields:
            if _is_array(y):
                assert isinstance(y, Value)
                self._root(y)
                self.results.append(y)

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
        passes = [(v, 0) for v in (*self.params, *self.results)]
        passes += [(v, depth) for _, op, depth in self.copies for v in (op.operands[0], op.result)]  # type: ignore[misc]
        for v, depth in passes:
            found[self._root(v)].cost += _PASS * _DEEPER ** (depth + v.type.rank)
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
            elif op.opcode == "copy" and _is_array(op.result):
                self.copies.append((region, op, depth))
                for x in (op.operands[0], op.result):
                    self._root(x)  # type: ignore[arg-type]
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
            self._region(op.regions[0], op.regions[0].params[0], depth + (not _is_short(op)))
        else:
            for r in op.regions:
                self._region(r, None, depth + 1)


def _is_array(x: Operand) -> bool:
    return isinstance(x, Value) and x.type.rank > 1 and not x.type.tape


def _is_short(loop: Op) -> bool:
    bounds = [x.value for x in loop.operands[:3] if isinstance(x, Const)]
    return len(bounds) == 3 and len(range(*map(int, bounds))) < SHORT


def _moves(x: Operand, iv: Value | None) -> bool:
    split = linear_split(as_dim(x), iv) if iv is not None else None
    return split is not None and split[0].is_const and split[0].const != 0
