"""Sums of products over an innermost loop, computed before the loops around it, a block at a time (see `contract`)."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, prove_nonneg
from ..analysis.dataflow import defined_inside, replace_operand
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import Const, Op, Operand, Region, Substitution, Value, as_dim
from .contract_distribute import EarlySum, added
from .contract_emit import BLOCK, Bounds, Edge, Emitter, Strip, cover, home_of, hull
from .contract_nest import Made, Nest, Product, Range, tied_loops, worthwhile

SMALL_BLOCK = 16  # of a loop, where what the edges of a triangle leave is done as before


@dataclass(slots=True, eq=False)
class Sum:
    """An innermost loop that adds up products, for each index of the two loops around it."""

    op: Op
    nest: Nest
    middle: Range
    products: list[list[Product]]  # for each value that it carries; none where it leaves that alone
    triangle: Range | None  # its own range, where that depends on the index of the outermost loop
    early: EarlySum | None = None  # it reads what arrays hold before the outermost loop


def sum_of(root: Op, middle: Op, op: Op, facts: Facts, whole: bool) -> Sum | None:
    """The sum of an innermost loop, if it is one of products; with `whole` the outermost loop is not cut."""
    nest = Nest(root)
    ranges = [Range.of(o) for o in (root, middle, op)]
    outer, between, inner = ranges
    if outer is None or between is None or inner is None or op.attrs.get("edge"):
        return None
    nest.enter((outer, between, inner))
    tied = tied_loops(nest)
    triangle = inner if tied and tied[1] is inner else None
    if tied is None or (triangle and tied and (whole or tied[0] is not outer)) or not worthwhile(nest):
        return None
    carried = Carried(op)
    products: list[list[Product]] = []
    for p, y in zip(carried.params, carried.yields, strict=True):
        if y is p:
            products.append([])
            continue
        x = added(op, p, y)
        if x is None or (p.type.shape and not _in_range(op, y, facts.inside(root).inside(middle))):
            return None
        found = nest.products(x, outer.iv, between.iv, inner.iv, p.type.dtype)
        if found is None or any(product.checked for product in found):
            return None
        if any(nest.recorded(f) for product in found for part in product.parts() for f in part.factors):
            return None
        products.append(found)
    return Sum(op, nest, between, products, triangle) if any(products) else None


def _in_range(loop: Op, y: Operand, facts: Facts) -> bool:
    """Whether the element that a loop adds to is one where the loop does not run, too."""
    op = y.op if isinstance(y, Value) else None
    own = defined_inside(loop.regions)
    assert op is not None
    index = [as_dim(x) for x in op.operands[1:-1]]
    return all(
        not any(v in own for v in d.values()) and prove_nonneg(d, facts) and prove_nonneg(n - 1 - d, facts)
        for d, n in zip(index, op.result.type.shape, strict=True)
    )


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
        triangles = any(found.triangle for found in self.sums)
        strip = Strip(b, root, outer, self.facts, SMALL_BLOCK if triangles else BLOCK)
        with b.into(strip.body):
            for found in self.sums:
                if found.early:
                    found.early.read(strip.body.params[1:])
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
        edge = None
        if found.triangle:
            ranges[found.triangle.iv], edge = cover(outer, found.triangle, block, facts)
        else:
            ranges[found.middle.iv] = hull(outer, found.middle, block)
        emit = Emitter(self.b, found.nest, ranges, facts, None)
        region = home_of(self.root.regions[0], found.op)
        own = Builder(Region(), found.op.loc)
        carried = Carried(found.op)
        tables = {
            k: emit.into_buffer(products, p.type.dtype)
            for k, (p, products) in enumerate(zip(carried.params, found.products, strict=True))
            if products
        }
        if found.early:
            found.early.undo()
        position = region.ops.index(found.op)
        if edge:
            own.region.ops.append(self._beside(found.op, edge, own))
        later = region.ops[position + 1 :]
        before = carried.results if edge else carried.inits
        with emit.onto(own):
            for k, (old, result) in enumerate(zip(before, carried.results, strict=True)):
                total = old
                if k in tables:
                    at = [Dim.of(v) - ranges[v][0] for v in (outer.iv, found.middle.iv)]
                    total = self._added(own, old, emit.load(tables[k], at), carried.yields[k])
                assert isinstance(total, Value)
                for op in later:
                    replace_operand(op, result, total)
                region.yields[:] = [total if y is result else y for y in region.yields]
        region.ops[position : position + 1] = own.region.ops

    @staticmethod
    def _beside(loop: Op, edge: Edge, own: Builder) -> Op:
        """A loop, made to run through what the edge of a triangle has beside a rectangle."""
        lo, hi = edge.beside
        forwards = loop.operands[2].value > 0  # type: ignore[union-attr]
        loop.attrs["edge"] = True
        loop.operands[:2] = [own.extent(d) for d in ((lo, hi) if forwards else (hi - 1, lo - 1))]
        return loop

    @staticmethod
    def _added(own: Builder, old: Operand, x: Value, last: Operand) -> Operand:
        """`old` with a sum added, where the loop added it."""
        if isinstance(old, Const) and old.value == 0:
            return x
        if not old.type.shape:
            return own.op("add", old, x, types=[x.type]).result
        op = last.op  # type: ignore[union-attr]
        assert op is not None
        at = [own.extent(as_dim(i)) for i in op.operands[1:-1]]
        return own.op("accum", old, *at, x, attrs=dict(op.attrs), types=[old.type]).result
