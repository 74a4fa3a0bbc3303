"""Sums of products that loops spell out become matrix products of BLAS.

Two forms of a sum over one loop index of a product, each factor of which does not move with one of three loops::

    for %i: for %j: for %l:                       c = gemm_part(c, a, b)
      accum %c, %i, %j, %a[%i, %l] * %b[%l, %j]

    for %i: for %j:                               for %block of %i:
      %s = for %l (%s0): %s + %a[%i,%l] * %b[..]    %t = gemm_part(empty, a, b)
      ... %s ...                                    for %i of %block: for %j: ... %s0 + %t[%i, %j] ...

The first asks that the loops do nothing but add to arrays that they do not read: then all additions may be made in any
order, and those to each place are a product by themselves. The second asks that what is summed is read from arrays
that the outer loop leaves alone. Where the loops do more with the arrays, `contract_order` tells what may be moved.

A factor that is not an element of a matrix as BLAS reads them is computed into a buffer first; the outer loop
is then cut into blocks, so that the buffer has few rows. A range that depends on another loop's index (a triangle) is
covered by products over rectangles, one for each block, and by the original loops near its edge. Nothing is computed
that was not, and no element is touched that was not; additions are put in another order.
"""

from __future__ import annotations

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, facts_before, prove_nonneg
from ..analysis.dataflow import defined_inside
from ..ir.builder import Builder
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value, as_dim
from .contract_additions import Additions
from .contract_distribute import Site, late_additions, splits
from .contract_nest import (
    EFFECTS,
    FLOATS,
    Addition,
    Made,
    Nest,
    Range,
    addition_of,
    additions_to,
    elementwise,
    tied_loops,
    worthwhile,
)
from .contract_order import Order
from .contract_shape import shape_loops
from .contract_sums import Sum, Sums, early_sum, sum_of
from .dce import drop_dead
from .dead_stores import drop_idle_carries
from .rows import same_place


def contract(fn: Function, shape: bool = False) -> None:
    """Rewrite a lowered function (before `inplace`), in place; with `shape`, loops are first given another form where
    products come of that."""
    if _stores_that_add(fn.body):
        drop_dead(fn)  # the loads
    work = _Contract(fn, shape)
    work.region(fn.body)
    if work.changed:
        drop_idle_carries(fn)
        drop_dead(fn)


def _sites(nest: Nest) -> list[Site]:
    """The additions in three loops to arrays that the loops do nothing else to."""
    found: list[Site] = []
    for k, p in enumerate(Carried(nest.root).params):
        if p.type.shape and p.type.dtype in FLOATS:
            found += [(op, k, path) for op, path in additions_to(p, nest.root, nest) if len(path) == 3]
    return found


def _stores_that_add(region: Region) -> bool:
    """An element that is stored with something added or subtracted is added to; whether there was one."""
    found = False
    for op in list(region.ops):
        for r in op.regions:
            found |= _stores_that_add(r)
        if op.opcode != "store" or not elementwise(op):
            continue
        x = op.operands[-1]
        add = x.op if isinstance(x, Value) else None
        if add is None or add.opcode not in ("add", "sub") or add not in region.ops:
            continue
        if x.type.dtype != op.result.type.dtype:
            continue
        for old, more in (add.operands, add.operands[::-1])[: 2 if add.opcode == "add" else 1]:
            load = old.op if isinstance(old, Value) else None
            if (
                load is not None
                and load.opcode == "load"
                and load.operands[0] is op.operands[0]
                and same_place(load, op)
            ):
                if add.opcode == "sub":
                    b = Builder(Region(), op.loc)
                    more = b.emit("neg", more)
                    at = region.ops.index(op)
                    region.ops[at:at] = b.region.ops
                op.opcode = "accum"
                op.operands[-1] = more
                found = True
                break
    return found


class _Contract:
    def __init__(self, fn: Function, shape: bool):
        self.fn = fn
        self.shape = shape
        self.facts = facts_before(fn)
        self.changed = False
        self.made = Made()

    def region(self, region: Region) -> None:
        k = 0
        while k < len(region.ops):
            op = region.ops[k]
            if op in self.made.done or op.attrs.get("fallback"):
                k += 1
            elif op.opcode == "for" and (
                self._additions(region, op)
                or self._sums(region, op)
                or self._distributed(region, op)
                or self._late(region, op)
                or (self.shape and self._shaped(region, k))
            ):
                self.changed = True  # what stands here now may hold more
            else:
                for r in op.regions:
                    self.region(r)
                k += 1

    # -- additions to what the loops do not read -----------------------------------------------------------------
    def _additions(self, region: Region, root: Op) -> bool:
        nest = Nest(root)
        return self._made(region, nest, _sites(nest), None)

    def _late(self, region: Region, root: Op) -> bool:
        """Additions that may wait for the end of a block of a loop, though other things happen to the arrays."""
        nest = Nest(root)
        order = Order(self.fn, root)
        late = late_additions(order, nest)
        return bool(late) and self._made(region, nest, _sites(nest) + late, order)

    def _made(self, region: Region, nest: Nest, sites: list[Site], order: Order | None) -> bool:
        root = nest.root
        for op, _, path in sites:
            self._hoist(op.operands[-1], path, nest.inside, order)
        nest.inside = defined_inside(root.regions)
        groups: dict[tuple[Range, ...], list[Addition]] = {}
        for op, array, path in sites:
            nest.enter(path)
            addition = addition_of(nest, op, array, path)
            if addition is not None:
                groups.setdefault(path, []).append(addition)
        facts = self.facts.get(root, Facts())
        for path, additions in groups.items():
            nest.enter(path)
            tied = tied_loops(nest)
            if (
                tied is not None
                and worthwhile(nest)
                and Additions(self.made, facts, region, nest, additions, tied).run()
            ):
                return True
        return False

    def _distributed(self, region: Region, root: Op) -> bool:
        """Additions that become products in a nest of their own."""
        for split in splits(Order(self.fn, root)):
            if root in self.facts:
                self.facts[split.loop] = self.facts[root]
            split.insert(region)
            if self._additions(region, split.loop):
                split.take_out()
                return True
            split.remove(region)
        return False

    def _shaped(self, region: Region, k: int) -> bool:
        """Additions that become products once the loops have another form."""
        old = region.ops[k]
        if sum(op.opcode == "for" for op in old.regions[0].walk()) < 2:
            return False
        new = Substitution().clone_op(old)
        if not shape_loops(new):
            return False
        if old in self.facts:
            self.facts[new] = self.facts[old]
        region.ops[k] = new
        new.results = old.results
        for made in (new, old):
            for v in new.results:
                v.op = made
            if made is new and self._additions(region, new):
                return True
        region.ops[k] = old
        return False

    def _hoist(self, x: Operand, path: tuple[Range, ...], inside: set[Value], order: Order | None) -> None:
        """Move the loads that a scalar is made of up, where only the innermost loop leaves the array alone (or the
        element, where the order of accesses is given)."""
        inner, around = path[-1].op, path[-2].op.regions[0]
        body = inner.regions[0]
        pending, seen = [x], set()
        while pending:
            y = pending.pop()
            op = y.op if isinstance(y, Value) else None
            if op is None or op not in body.ops or op in seen:
                continue
            seen.add(op)
            pending += op.operands
            if op.opcode != "load" or not elementwise(op):
                continue
            own = {*body.params, *(v for o in body.ops for v in o.results)}
            index = [as_dim(i) for i in op.operands[1:]]
            array = op.operands[0]
            if array in own and order is not None:
                array = order.version_before(inner, op)
            if array not in inside or array in own or any(v in own for d in index for v in d.values()):
                continue
            facts = self.facts.get(path[0].op, Facts())
            for r in path[:-1]:
                facts = facts.inside(r.op)
            extents = op.operands[0].type.shape
            if not all(
                prove_nonneg(d, facts) and prove_nonneg(n - 1 - d, facts) for d, n in zip(index, extents, strict=True)
            ):
                continue
            body.ops.remove(op)
            op.operands[0] = array
            at = Builder(Region(), op.loc)
            op.operands[1:] = [at.extent(d) for d in index]
            position = around.ops.index(inner)
            around.ops[position:position] = [*at.region.ops, op]

    # -- sums ---------------------------------------------------------------------------------------------------
    def _sums(self, region: Region, root: Op) -> bool:
        if any(op.opcode in EFFECTS for op in root.regions[0].walk()):
            return False  # what stands before it guards what is read
        facts = self.facts.get(root, Facts())
        order = Order(self.fn, root)
        whole = root in self.made.blocks
        sums = [
            found
            for middle in root.regions[0].ops
            if middle.opcode == "for"
            for op in middle.regions[0].ops
            if op.opcode == "for" and (found := self._sum(order, middle, op, facts, whole)) is not None
        ]
        if not sums:
            return False
        Sums(self.made, region, root, sums, facts).run(whole)
        return True

    @staticmethod
    def _sum(order: Order, middle: Op, op: Op, facts: Facts, whole: bool) -> Sum | None:
        found = sum_of(order.root, middle, op, facts, whole)
        early = early_sum(order, (order.root, middle, op)) if found is None else None
        if early is not None:
            found = sum_of(order.root, middle, op, facts, whole)
            if found is None:
                early.undo()
            else:
                found.early = early
        return found
