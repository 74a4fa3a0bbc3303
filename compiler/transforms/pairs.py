"""The lanes of sums over pairs.

``((x[:, None, :] - x[None, :, :]) ** 2).sum(2)`` walks along the last axis innermost, which is short (the coordinates
of a point), and every pair ends with a sum across lanes. Such values exist in no memory, so that their axes may be in
any order: here the last two change places, from copies of what moves with both of them, and the second points are the
lanes.

Before::                                              after::

    %a = load %x {span, new, span} : f64[n, 1, d]         %y = empty : f64[d, n]; %z = store %y, transposed %x
    %b = load %x {new, span, span} : f64[1, n, d]         %a = transpose of the load {perm=(0, 2, 1)} : f64[n, d, 1]
    %c = sub %a, %b : f64[n, n, d]                        %b = load %z {new, span, span} : f64[1, d, n]
    %e = mul %c, %c : f64[n, n, d]                        %c = sub %a, %b : f64[n, d, n]
    %s = sum %e {axes=(2,)} : f64[n, n]                   %e = mul %c, %c : f64[n, d, n]
                                                          %s = sum %e {axes=(1,)} : f64[n, n]

This is done where the two points come from one set (the extents are equal, so that the lanes are many whenever the
loop is worth it), all that is read has lower rank, and all that is made is summed up.
"""

from __future__ import annotations

from ..analysis.dataflow import region_uses, regions_within
from ..ir.builder import Builder
from ..ir.dims import ZERO, Dim
from ..ir.nodes import Const, Function, New, Op, Operand, Region, Span, Value
from ..ir.opdef import opdef
from ..ir.types import Type

SWAPPED = (0, 2, 1)
REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all"})

Shape = tuple[Dim, ...]


def turn_pairs(fn: Function) -> None:
    """Change the order of axes of sums over pairs in `fn` (after `decompose`), in place."""
    for region in regions_within(fn.body):
        _turn(region)


def _turn(region: Region) -> None:
    members = {op.result: op for op in region.ops if _is_pairwise(op)}
    if not members:
        return
    outside = {y for y in region.yields if isinstance(y, Value)}
    outside |= {v for op in region.ops for r in op.regions for v in region_uses(r)}
    group = {v: v for v in members}

    def root(v: Value) -> Value:
        while group[v] is not v:
            v = group[v]
        return v

    bad: set[Value] = {v for v in members if v in outside}
    read: dict[Value, set[str]] = {v: set() for v in members}
    for op in region.ops:
        mine = op.result if len(op.results) == 1 and op.result in members else None
        for x in op.operands:
            if not isinstance(x, Value):
                continue
            if mine is None:
                if x in members and op.opcode not in REDUCTIONS:
                    bad.add(x)
            elif x in members and x.type.shape == mine.type.shape:
                group[root(x)] = root(mine)
            elif (moves := _moves(x.type.shape)) is None:
                bad.add(mine)
            else:
                read[mine].add(moves)
    unfit = {root(v) for v in bad}
    known: dict[Value, set[str]] = {}
    for v in members:
        known.setdefault(root(v), set()).update(read[v])
    fit = {v for v, found in known.items() if v not in unfit and {"first", "second"} <= found}
    turned = {v for v in members if root(v) in fit}
    if turned:
        _Turner(region, turned).run()


def _is_pairwise(op: Op) -> bool:
    """Whether an op computes something for all pairs of a set and a further axis."""
    if len(op.results) != 1 or op.result.type.rank != 3 or opdef(op.opcode).kind != "elementwise":
        return False
    a, b, last = op.result.type.shape
    return a == b and b != 1 and last != 1 and (not b.is_const or (last.is_const and last.const < b.const))


def _moves(shape: Shape) -> str | None:
    """What an operand of lower rank moves with: the first points, the second, or something else; None: all axes."""
    a, b, last = [Dim.of(1)] * (3 - len(shape)) + list(shape)
    if a != 1 and b != 1 and last != 1:
        return None
    return "first" if a != 1 and last != 1 else "second" if b != 1 and last != 1 else "else"


class _Turner:
    def __init__(self, region: Region, turned: set[Value]):
        self.region = region
        self.turned = turned
        self.b = Builder(Region())
        self.new: dict[Value, Operand] = {}

    def run(self) -> None:
        for op in self.region.ops:
            with self.b.at(op.loc):
                self._op(op)
        self.region.ops[:] = self.b.region.ops

    def _op(self, op: Op) -> None:
        if len(op.results) == 1 and op.result in self.turned:
            operands = [self._operand(x) for x in op.operands]
            t = op.result.type
            a, b, last = t.shape
            types = [Type(t.dtype, (a, last, b))]
            self.new[op.result] = self.b.op(
                op.opcode, *operands, attrs=op.attrs, types=types, hint=op.result.hint
            ).result
        elif op.opcode in REDUCTIONS and op.operands[0] in self.turned:
            axes = tuple(sorted(SWAPPED[k] for k in op.attrs["axes"]))
            made = self.b.op(
                op.opcode, self._operand(op.operands[0]), attrs={**op.attrs, "axes": axes}, hint=op.result.hint
            )
            value = made.result
            if value.type.shape != op.result.type.shape or (value.type.rank > 1 and axes == (0,)):
                perm = SWAPPED if op.attrs["keepdims"] else (1, 0)
                value = self.b.op("transpose", value, attrs={"perm": perm}, hint=op.result.hint).result
            maker = value.op
            assert maker is not None
            maker.results = [op.result]
            op.result.op = maker
        else:
            self.b.region.ops.append(op)

    def _operand(self, x: Operand) -> Operand:
        """An operand of a member, with its last two axes in the other order."""
        if isinstance(x, Const) or not x.type.shape:
            return x
        if x not in self.new:
            self.new[x] = self._swapped(x)
        return self.new[x]

    def _swapped(self, x: Value) -> Operand:
        shape = x.type.shape
        b = self.b
        if len(shape) == 1:  # along the last axis
            return b.op("load", x, attrs={"index": (Span(ZERO, shape[0]), New()), "inbounds": True}).result
        perm = SWAPPED if len(shape) == 3 else (1, 0)
        value = b.op("transpose", x, attrs={"perm": perm}, hint=x.hint).result
        if shape[-2] == 1 or shape[-1] == 1:
            return value
        # what moves with both is written down in the new order, once
        new = value.type
        memory = b.op("empty", attrs={"shape": new.shape, "dtype": new.dtype}, hint=x.hint).result
        index = tuple(Span(ZERO, d) for d in new.shape)
        return b.op("store", memory, value, attrs={"index": index, "inbounds": True}, types=[new], hint=x.hint).result
