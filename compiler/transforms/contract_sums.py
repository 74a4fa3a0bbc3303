"""Sums of products over an innermost loop, computed before the loops around it, a block at a time (see `contract`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..analysis.alias import Carried
from ..analysis.bounds import Facts
from ..analysis.dataflow import replace_operand
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import Const, Op, Region, Substitution, Value
from ..ir.types import Type
from .contract_emit import Bounds, Emitter, Strip, home_of, hull
from .contract_nest import FLOATS, Made, Nest, Product, Range, tied_loops, worthwhile


@dataclass(slots=True, eq=False)
class Sum:
    """An innermost loop that adds up products, for each index of the two loops around it."""

    op: Op
    nest: Nest
    middle: Range
    products: list[list[Product]]  # for each value that it carries; none where it leaves that alone
    early: list[tuple[Op, int]] = field(default_factory=list)  # loads of what the outermost loop begins with: its carry


def sum_of(root: Op, middle: Op, op: Op) -> Sum | None:
    nest = Nest(root)
    ranges = [Range.of(o) for o in (root, middle, op)]
    outer, between, inner = ranges
    if outer is None or between is None or inner is None:
        return None
    nest.enter((outer, between, inner))
    tied = tied_loops(nest)
    if tied is None or (tied and tied[1] is inner) or not worthwhile(nest):
        return None
    body = op.regions[0]
    carried = Carried(op)
    products: list[list[Product]] = []
    for p, y in zip(carried.params, carried.yields, strict=True):
        if y is p:
            products.append([])
            continue
        add = y.op if isinstance(y, Value) else None
        if p.type.shape or p.type.dtype not in FLOATS or add is None or add not in body.ops:
            return None
        if add.opcode != "add" or p not in add.operands or sum(v is p for o in body.ops for v in o.used_values()) != 1:
            return None
        x = add.operands[1 if add.operands[0] is p else 0]
        found = nest.products(x, outer.iv, between.iv, inner.iv, p.type.dtype)
        if found is None or any(product.checked for product in found):
            return None
        if any(nest.recorded(f) for product in found for part in product.parts() for f in part.factors):
            return None
        products.append(found)
    return Sum(op, nest, between, products) if any(products) else None


class Sums:
    """Cuts a loop into blocks, and computes the sums in it by products, a block at a time."""

    def __init__(self, made: Made, region: Region, root: Op, sums: list[Sum], facts: Facts):
        self.made = made
        self.region = region
        self.root = root
        self.sums = sums
        self.facts = facts
        self.b = Builder(Region(), root.loc)

    def run(self, whole: bool) -> None:
        """With `whole` the loop is short, and need not be cut."""
        b, root = self.b, self.root
        outer = Range.of(root)
        assert outer is not None
        position = self.region.ops.index(root)
        if whole:
            for found in self.sums:
                self._product(found, outer, (outer.lo, outer.hi), self.facts)
            self.region.ops[position:position] = b.region.ops
            return
        strip = Strip(b, root, outer, self.facts)
        with b.into(strip.body):
            for found in self.sums:
                for load, k in found.early:
                    load.operands[0] = strip.body.params[1 + k]
                self._product(found, outer, strip.block, strip.facts)
            loop = strip.loop(Substitution().clone_region(root.regions[0]))
            b.region.ops.append(loop)
            strip.body.yields = list(loop.results)
        self.made.blocks.add(loop)
        made = strip.finish()
        self.region.ops[position : position + 1] = b.region.ops
        for old, new in made.items():
            assert isinstance(new, Value)
            for op in self.region.ops[position + len(b.region.ops) :]:
                replace_operand(op, old, new)
            self.region.yields[:] = [new if y is old else y for y in self.region.yields]

    def _product(self, found: Sum, outer: Range, block: Bounds, facts: Facts) -> None:
        """Compute the sums of a block, and make the loop of a sum their look-up."""
        ranges = {v: (r.lo, r.hi) for v, r in found.nest.loops.items()}
        ranges[outer.iv] = block
        ranges[found.middle.iv] = hull(outer, found.middle, block)
        emit = Emitter(self.b, found.nest, ranges, facts, None)
        region = home_of(self.root.regions[0], found.op)
        own = Builder(Region(), found.op.loc)
        carried = Carried(found.op)
        for init, p, result, products in zip(
            carried.inits, carried.params, carried.results, found.products, strict=True
        ):
            total = init
            if products and isinstance(init, Const) and init.value == 0:
                table = emit.into_buffer(products, p.type.dtype)
                with emit.onto(own):
                    total = emit.load(table, [Dim.of(v) - ranges[v][0] for v in (outer.iv, found.middle.iv)])
            elif products:
                table = emit.into_buffer(products, p.type.dtype)
                with emit.onto(own):
                    x = emit.load(table, [Dim.of(v) - ranges[v][0] for v in (outer.iv, found.middle.iv)])
                total = own.op("add", init, x, types=[Type(p.type.dtype)]).result
            assert isinstance(total, Value)
            for op in region.ops:
                replace_operand(op, result, total)
            region.yields[:] = [total if y is result else y for y in region.yields]
        position = region.ops.index(found.op)
        region.ops[position : position + 1] = own.region.ops
