"""Additions to what loops do not read, taken out of the loops and made by products (see `contract`)."""

from __future__ import annotations

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, prove_nonneg
from ..analysis.dataflow import replace_operand
from ..analysis.structure import step_of
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import At, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.types import INT, Type
from . import contract_emit
from .contract_emit import Bounds, Emitter, Strip, cover, hint_of, home_of, hull, loop_over
from .contract_nest import ONCE, Addition, Made, Nest, Range, Table


class Additions:
    """Takes additions out of a loop nest and makes the products beside it."""

    def __init__(
        self,
        made: Made,
        facts: Facts,
        region: Region,
        nest: Nest,
        found: list[Addition],
        tied: tuple[Range, Range] | tuple[()],
    ):
        self.made = made
        self.facts = facts
        self.region = region
        self.nest = nest
        self.found = found
        self.tied = tied
        self.b = Builder(Region(), nest.root.loc)
        self.targets = sorted({a.array for a in found})
        parts = [part for a in found for p in a.products for part in p.parts()]
        self.buffers = [part for part in parts if not part.in_memory]
        # there are arrays of these extents anyway
        self.sizes = {frozenset(a.axes) for a in found} | {part.ivs for part in parts if part.in_memory}
        self.records = list(dict.fromkeys(x for part in parts for x in part.factors if nest.recorded(x)))
        self.copied = Substitution()
        self.copy = self.copied.clone_op(nest.root)  # these additions by loops, for where products will not do
        mine = {self.copied.map[a.op.result] for a in found}
        for op in list(self.copy.regions[0].walk()):
            if op.opcode in ("accum", "store") and op.result not in mine:
                assert isinstance(op.operands[0], Value)
                replace_operand(self.copy, op.result, op.operands[0])
                home_of(self.copy.regions[0], op).ops.remove(op)

    def run(self) -> bool:
        root = self.nest.root
        outer = self._blocked()
        guarded = bool(self.tied) or any(p.checked for a in self.found for p in a.products)
        if outer is None or (guarded and any(op.opcode in ONCE for op in root.regions[0].walk())):
            return False
        if (self.records or guarded) and (self._left_over() or not self._rows_are_whole()):
            return False
        for addition in self.found:
            assert isinstance(addition.op.operands[0], Value)
            replace_operand(root, addition.op.result, addition.op.operands[0])
            home_of(root.regions[0], addition.op).ops.remove(addition.op)
        at = self.region.ops.index(root)
        if self.records:
            assert outer
            made = self._recorded_blocks(outer)
        else:
            arrays: list[Operand] = [Carried(root).results[k] for k in self.targets]
            self.b.region.ops.append(root)
            ranges = {v: (r.lo, r.hi) for v, r in self.nest.loops.items()}
            new = self._blocks(outer, arrays, ranges) if outer else self._either(arrays, ranges, None)
            made = dict(zip((Carried(root).results[k] for k in self.targets), new, strict=True))
            self.made.done.update(op for op in self.b.region.ops if op is not root)
        self.region.ops[at : at + 1] = self.b.region.ops
        for old, x in made.items():
            assert isinstance(x, Value)
            for op in self.region.ops[at + len(self.b.region.ops) :]:
                replace_operand(op, old, x)
            self.region.yields[:] = [x if y is old else y for y in self.region.yields]
        return True

    def _left_over(self) -> bool:
        """Whether the innermost loop has more to do than the additions: it would take as long as before."""
        inner = list(self.nest.loops.values())[-1].op
        mine = {a.op for a in self.found}
        writes = [op for op in inner.regions[0].walk() if op.opcode in ("accum", "store") and op not in mine]
        loop = Carried(inner)
        return bool(writes) or any(
            not p.type.shape and p is not y for p, y in zip(loop.params, loop.yields, strict=True)
        )

    def _rows_are_whole(self) -> bool:
        """Whether what is read of arrays made in the outermost loop is there, whatever the loop between does."""
        for x in self.records:
            if not self.nest.is_of_row(x):
                continue
            facts = self.facts
            for v in self.nest.loops:
                if v in (self.nest.depends(x) or ()):
                    facts = facts.inside(self.nest.loops[v].op)
            op = x.op  # type: ignore[union-attr]
            assert op is not None
            for i, extent in zip(op.operands[1:], op.operands[0].type.shape, strict=True):
                d = as_dim(i)
                if not (prove_nonneg(d, facts) and prove_nonneg(extent - 1 - d, facts)):
                    return False
        return True

    def _blocked(self) -> Range | tuple[()] | None:
        """The loop to cut into blocks; () where none need be, None where there is no such loop."""
        loops = list(self.nest.loops.values())
        if self.records:
            candidates = loops[:1] if not self.tied or self.tied[0] is loops[0] else []
        elif self.tied:
            candidates = [self.tied[0]]
        elif not self.buffers:
            return ()
        else:
            candidates = loops
        for r in candidates:
            if all(r.iv in part.ivs or part.ivs in self.sizes for part in self.buffers):
                return r
        return None

    def _blocks(self, outer: Range, arrays: list[Operand], ranges: dict[Value, Bounds]) -> list[Operand]:
        """Products of blocks of a loop, for which nothing but the arrays is needed."""
        b = self.b
        types, hints = [x.type for x in arrays], [hint_of(x) for x in arrays]
        body = b.new_region([(INT, "block"), *zip(types, hints, strict=True)])
        self.facts = self.facts.with_range(body.params[0], outer.lo, outer.hi - 1)
        with b.into(body):
            first = Dim.of(body.params[0])
            block = first, (first + contract_emit.BLOCK).min(outer.hi)
            body.yields = self._either(list(body.params[1:]), {**ranges, outer.iv: block}, outer)
        made = b.op(
            "for", b.extent(outer.lo), b.extent(outer.hi), constant(contract_emit.BLOCK), *arrays,
            attrs={"stop": False}, types=types, regions=[body], hints=hints,
        )  # fmt: skip
        return list(made.results)

    def _recorded_blocks(self, outer: Range) -> dict[Value, Operand]:
        """What is left of the loops, a block at a time, then the products of that block, of what was written down."""
        b, root = self.b, self.nest.root
        strip = Strip(b, root, outer, self.facts)
        self.facts = strip.facts
        with b.into(strip.body):
            ranges = {v: (r.lo, r.hi) for v, r in self.nest.loops.items()}
            ranges[outer.iv] = strip.block
            hulls = {**ranges}
            if self.tied:
                hulls[self.tied[1].iv] = hull(*self.tied, strip.block)
            empty = {x: self._table(x, hulls) for x in self.records}
            sub = Substitution()
            body = sub.clone_region(root.regions[0])
            loop = strip.loop(body)
            for x, table in empty.items():
                self._record(x, table, loop, sub)
            self.made.blocks.add(loop)
            b.region.ops.append(loop)
            made: list[Operand] = list(Carried(loop).results)
            before = len(b.region.ops)
            new = self._either([made[k] for k in self.targets], ranges, outer)
            self.made.done.update(b.region.ops[before:])
            for k, x in zip(self.targets, new, strict=True):
                made[k] = x
            strip.body.yields = made[: len(root.results)]
        return strip.finish()

    def _table(self, x: Operand, ranges: dict[Value, Bounds]) -> Table:
        ivs = [v for v in self.nest.loops if v in (self.nest.depends(x) or ())]
        shape = tuple(ranges[v][1] - ranges[v][0] for v in ivs)
        shape = tuple(d if prove_nonneg(d, self.facts) else d.max(0) for d in shape)
        zero = constant(0.0, Type(x.type.dtype))
        attrs = {"shape": shape, "dtype": x.type.dtype}
        t = Type(x.type.dtype, shape)
        made = self.b.op("full", zero, attrs=attrs, types=[t], hint=hint_of(x) or "table").result
        table = Table(made, {v: ranges[v][0] for v in ivs})
        self.nest.tables[x] = table
        return table

    def _record(self, x: Operand, table: Table, root: Op, sub: Substitution) -> None:
        """Make the copied loops write a scalar down, in an array that they carry."""
        if self.nest.is_of_row(x):
            self._record_row(x, table, root, sub)
            return
        leaf = sub.map[x]  # type: ignore[index]
        assert isinstance(leaf, Value)
        loops = [loop_over(root, sub.map.get(v, v)) for v in table.least]
        loops[0] = root
        version: Value = table.array
        for loop in loops:
            loop.operands.append(version)
            version = Value(table.array.type, table.array.hint)
            loop.regions[0].params.append(version)
        region = loops[-1].regions[0]
        own = Builder(Region(), self.b.loc)
        least = zip(loops, table.least.values(), strict=True)
        at = [own.extent(Dim.of(loop.regions[0].params[0]) - lo) for loop, lo in least]
        attrs = {"index": tuple(At() for _ in at), "inbounds": True}
        version = own.op("store", version, *at, leaf, attrs=attrs, types=[version.type], hint=version.hint).result
        position = 0 if leaf.op is None else region.ops.index(leaf.op) + 1
        region.ops[position:position] = own.region.ops
        for loop in reversed(loops):
            loop.regions[0].yields.append(version)
            version = Value(version.type, version.hint, loop)
            loop.results.append(version)
        table.array = version

    def _record_row(self, x: Operand, table: Table, root: Op, sub: Substitution) -> None:
        """Make the copied outermost loop write down the elements of an array that it has."""
        old = x.op  # type: ignore[union-attr]
        assert old is not None
        row = sub.map[old.operands[0]]  # type: ignore[index]
        assert isinstance(row, Value)
        body = root.regions[0]
        index = [as_dim(i) for i in old.operands[1:]]
        root.operands.append(table.array)
        version = Value(table.array.type, table.array.hint)
        body.params.append(version)
        own = Builder(Region(), self.b.loc)
        emit = Emitter(own, self.nest, {}, self.facts, None)
        outer, *rest = table.least
        ranges = [(v, (sub.dim(self.nest.loops[v].lo), sub.dim(self.nest.loops[v].hi))) for v in rest]

        def element(arrays: list[Value], at: dict[Value, Operand]) -> list[Operand]:
            here = Substitution({outer: body.params[0], **at})
            value = emit.load(row, [here.dim(sub.dim(d)) if not at else here.dim(d) for d in index])
            places = [own.extent(Dim.of(here.operand(v)) - lo) for v, lo in table.least.items()]
            attrs = {"index": tuple(At() for _ in places), "inbounds": True}
            return [emit.b.op("store", arrays[0], *places, value, attrs=attrs, types=[version.type]).result]

        (made,) = emit.loops(ranges, [version], element)
        position = 0 if row.op is None else body.ops.index(row.op) + 1
        body.ops[position:position] = own.region.ops
        body.yields.append(made)
        result = Value(version.type, version.hint, root)
        root.results.append(result)
        table.array = result

    def _either(self, arrays: list[Operand], ranges: dict[Value, Bounds], outer: Range | None) -> list[Operand]:
        """The products, where BLAS may see what a strong zero or the edge of a triangle would have left out; else the
        original loops."""
        if not self.tied:
            emitters = [Emitter(self.b, self.nest, ranges, self.facts, None)]
        else:
            rectangle, triangle = cover(*self.tied, ranges[self.tied[0].iv], self.facts)
            emitters = [
                Emitter(self.b, self.nest, {**ranges, self.tied[1].iv: bounds}, self.facts, edge)
                for bounds, edge in ((rectangle, None), (triangle.bounds, triangle))
            ]
        conditions = [c for e in emitters for a in self.found for p in a.products for c in e.conditions(p)]
        if not conditions:
            return self._products(emitters, arrays)
        condition: Operand = conditions[0]
        for c in conditions[1:]:
            condition = self.b.emit("logical_and", condition, c)
        branches = [Region(), Region()]
        with self.b.into(branches[0]):
            branches[0].yields = self._products(emitters, arrays)
        with self.b.into(branches[1]):
            branches[1].yields = self._loops(arrays, outer, ranges)
        types, hints = [x.type for x in arrays], [hint_of(x) for x in arrays]
        attrs = {"fallback": True}  # nobody need make the loops faster
        return list(self.b.op("if", condition, attrs=attrs, types=types, regions=branches, hints=hints).results)

    def _products(self, emitters: list[Emitter], arrays: list[Operand]) -> list[Operand]:
        targets = dict(zip(self.targets, arrays, strict=True))
        for emit in emitters:
            for addition in self.found:
                index = [as_dim(x) for x in addition.op.operands[1:-1]]
                for product in addition.products:
                    target = targets[addition.array]
                    targets[addition.array] = emit.addition(target, index, addition.axes, product)
        return list(targets.values())

    def _loops(self, arrays: list[Operand], outer: Range | None, ranges: dict[Value, Bounds]) -> list[Operand]:
        """The original loops, of one block of a loop; only the additions count."""
        old = self.copy
        sub = Substitution()
        body = sub.clone_region(old.regions[0])
        inits = list(Carried(self.nest.root).inits)
        for k, x in zip(self.targets, arrays, strict=True):
            inits[k] = x
        clone = Op(old.opcode, [*old.operands[:3], *inits], dict(old.attrs), [], [body], old.loc)
        clone.results = [Value(r.type, r.hint, clone) for r in old.results]

        def copied(x: Operand) -> Value:
            y = sub.operand(self.copied.operand(x))
            assert isinstance(y, Value)
            return y

        if outer is not None:
            loop = loop_over(clone, copied(outer.iv))
            lo, hi = ranges[outer.iv]
            forwards = step_of(loop) > 0
            loop.operands[:2] = [self.b.extent(d) for d in ((lo, hi) if forwards else (hi - 1, lo - 1))]
        for x, table in self.nest.tables.items():  # it was computed before, from what may have changed since
            leaf = copied(x)
            region = loop_over(clone, copied(list(table.least)[-1])).regions[0]
            own = Builder(Region(), self.b.loc)
            at = [own.extent(Dim.of(copied(v)) - lo) for v, lo in table.least.items()]
            attrs = {"index": tuple(At() for _ in at), "inbounds": True}
            read = own.op("load", table.array, *at, attrs=attrs, types=[leaf.type], hint=leaf.hint).result
            for op in region.ops:
                replace_operand(op, leaf, read)
            region.ops[:0] = own.region.ops
        self.b.region.ops.append(clone)
        return [Carried(clone).results[k] for k in self.targets]
