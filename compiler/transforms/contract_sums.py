"""Sums of products over an innermost loop, computed before the loops around it, a block at a time (see `contract`)."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, prove_nonneg
from ..analysis.dataflow import defined_inside, is_zero, replace_operand
from ..analysis.structure import step_of
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import Op, Operand, Region, Substitution, Value, as_dim
from .contract_emit import BLOCK, Bounds, Edge, Emitter, Strip, cover, home_of, hull
from .contract_nest import FLOATS, Made, Nest, Product, Range, elementwise, tied_loops, worthwhile
from .contract_order import Order, drop_unused, reading

SMALL_BLOCK = 16  # of a loop, where what the edges of a triangle leave is done as before


def added(loop: Op, p: Value, y: Operand) -> Operand | None:
    """What each iteration of a loop adds to a number that it carries, or to one element of an array; None where it does
    something else to it."""
    op = y.op if isinstance(y, Value) else None
    body = loop.regions[0]
    if op is None or op not in body.ops or p.type.dtype not in FLOATS:
        return None
    if sum(v is p for o in body.walk() for v in (*o.used_values(), *(x for r in o.regions for x in r.yields))) != 1:
        return None
    if p.type.shape:
        fits = op.opcode == "accum" and op.operands[0] is p and elementwise(op)
        return op.operands[-1] if fits else None
    if op.opcode != "add" or p not in op.operands:
        return None
    return op.operands[1 if op.operands[0] is p else 0]


@dataclass(slots=True, eq=False)
class EarlySum:
    """An innermost loop whose sums are of what arrays hold before all three loops."""

    loop: Op
    body: list[Op]  # of the loop as it was
    loads: list[tuple[Op, int]]  # those of the copies, each with the carry of the outermost loop that it reads
    sums: list[tuple[Op, list[Operand]]]  # the additions, and what they added

    def read(self, arrays: list[Value]) -> None:
        """Make these the arrays that the outermost loop begins with."""
        for load, k in self.loads:
            load.operands[0] = arrays[k]

    def undo(self) -> None:
        for add, old in self.sums:
            add.operands[:] = old
        self.loop.regions[0].ops[:] = self.body


def early_sum(order: Order, path: tuple[Op, ...]) -> EarlySum | None:
    """Make the sums of an innermost loop read the arrays that the outermost one begins with, if they are the same."""
    loop = Carried(path[-1])
    versions = order.versions
    sums: list[tuple[Op, Operand]] = []
    for p, y in zip(loop.params, loop.yields, strict=True):
        if y is p:
            continue
        x = _early_addend(path[-1], p, y)
        if x is None:
            return None
        sums.append((y.op, x))  # type: ignore[union-attr, arg-type]
    needed = order.needed([x for _, x in sums], path)
    loads = order.carried_loads(needed or [])
    if needed is None or not loads or not all(order.stays(op, after=False) for op in loads):
        return None
    arrays = list(Carried(order.root).inits)
    sub = Substitution()
    copies = [reading(sub.clone_op(op), op, versions, arrays) for op in needed]
    body = path[-1].regions[0]
    early = EarlySum(path[-1], list(body.ops), [], [(add, list(add.operands)) for add, _ in sums])
    for old, new in zip(needed, copies, strict=True):
        if old in loads:
            early.loads.append((new, versions.of[old.operands[0]]))  # type: ignore[index]
    for add, x in sums:
        add.operands[:] = [sub.operand(y) if y is x else y for y in add.operands]
    body.ops[:0] = copies
    drop_unused([op for op in needed if op in early.body], body)
    return early


def _early_addend(loop: Op, p: Value, y: Operand) -> Operand | None:
    """`added`, where other elements of the array may be read: whether they are the same before is asked then."""
    op = y.op if isinstance(y, Value) else None
    if not p.type.shape or op is None or op.opcode != "accum" or op.operands[0] is not p:
        return added(loop, p, y)
    return op.operands[-1] if op in loop.regions[0].ops and p.type.dtype in FLOATS and elementwise(op) else None


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
        forwards = step_of(loop) > 0
        loop.attrs["edge"] = True
        loop.operands[:2] = [own.extent(d) for d in ((lo, hi) if forwards else (hi - 1, lo - 1))]
        return loop

    @staticmethod
    def _added(own: Builder, old: Operand, x: Value, last: Operand) -> Operand:
        """`old` with a sum added, where the loop added it."""
        if is_zero(old):
            return x
        if not old.type.shape:
            return own.op("add", old, x, types=[x.type]).result
        op = last.op  # type: ignore[union-attr]
        assert op is not None
        at = [own.extent(as_dim(i)) for i in op.operands[1:-1]]
        return own.op("accum", old, *at, x, attrs=dict(op.attrs), types=[old.type]).result
