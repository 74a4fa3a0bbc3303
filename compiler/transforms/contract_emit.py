"""Emits matrix products over ranges of loop indices, and loops over blocks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, linear_split, prove_nonneg
from ..analysis.structure import step_of
from ..ir.builder import Builder, constant
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import At, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..ir.types import BOOL, INT, Type
from .contract_nest import Nest, Part, Product, Range

BLOCK = 64  # iterations of a loop that is cut into blocks
_ELEMENT = {"index": (At(), At()), "inbounds": True}
Bounds = tuple[Dim, Dim]  # of an index: the least, and one past the greatest


class Strip:
    """Cuts a loop into blocks, of which `body` holds one: a loop over a loop over a block of its range."""

    def __init__(self, b: Builder, root: Op, outer: Range, facts: Facts, size: int = BLOCK):
        self.b = b
        self.root = root
        self.size = size
        self.forwards = step_of(root) > 0
        carried = Carried(root)
        self.body = b.new_region([(INT, "block"), *((p.type, p.hint) for p in carried.params)])
        at = Dim.of(self.body.params[0])
        self.block: Bounds = (at, (at + size).min(outer.hi))
        if not self.forwards:
            self.block = ((at - (size - 1)).max(outer.lo), at + 1)
        self.facts = facts.with_range(self.body.params[0], outer.lo, outer.hi - 1)

    def loop(self, body: Region) -> Op:
        """The loop over one block."""
        root = self.root
        ends = self.block if self.forwards else (self.block[1] - 1, self.block[0] - 1)
        operands = [*(self.b.extent(d) for d in ends), root.operands[2], *self.body.params[1:]]
        made = Op(root.opcode, operands, dict(root.attrs), [], [body], root.loc)
        made.results = [Value(r.type, r.hint, made) for r in root.results]
        return made

    def finish(self) -> dict[Value, Operand]:
        """The loop over the blocks; its results, by those of the old loop."""
        root = self.root
        step = constant(self.size if self.forwards else -self.size)
        made = self.b.op(
            "for", *root.operands[:2], step, *Carried(root).inits, attrs={"stop": False},
            types=[r.type for r in root.results], regions=[self.body], hints=[r.hint for r in root.results],
        )  # fmt: skip
        return dict(zip(root.results, made.results, strict=True))


def hull(outer: Range, inner: Range, block: Bounds) -> Bounds:
    """All indices of a loop in the iterations of a block of the loop that its range depends on."""

    def at(d: Dim, x: Dim) -> Dim:
        return d.substitute(lambda a: x if a is outer.iv else Dim.of(a))

    lo, hi = ((at(d, block[0]), at(d, block[1] - 1)) for d in (inner.lo, inner.hi))
    return lo[0].min(lo[1]), hi[0].max(hi[1])


def loop_over(root: Op, iv: Operand) -> Op:
    """The loop of a nest with this index."""
    return next(op for op in (root, *root.regions[0].walk()) if op.opcode == "for" and op.regions[0].params[0] is iv)


def hint_of(x: Operand) -> str:
    return x.hint if isinstance(x, Value) else ""


@dataclass(slots=True, eq=False)
class Edge:
    """The part of a triangle that no rectangle covers: for each index of `outer`, those of `inner` in `beside`."""

    outer: Value
    inner: Value
    bounds: Bounds  # of all of them
    beside: Bounds  # in terms of `outer`


def cover(outer: Range, inner: Range, block: Bounds, facts: Facts) -> tuple[Bounds, Edge]:
    """The indices of `inner` that all iterations of a block have, and what an iteration has beside them."""
    ends = block[0], block[1] - 1

    def at(d: Dim) -> tuple[Dim, Dim]:
        """The least and the greatest value of a bound."""
        split = linear_split(d, outer.iv)
        assert split is not None
        least, most = (split[1] + end * split[0] for end in (ends if split[0] == ONE else ends[::-1]))
        return least, most

    if outer.iv in inner.lo.values():
        least, most = at(inner.lo)
        start = most if prove_nonneg(inner.hi - most, facts) else most.min(inner.hi)
        below = least if prove_nonneg(start - least, facts) else least.min(start)
        return (start, inner.hi), Edge(outer.iv, inner.iv, (below, start), (inner.lo, start))
    least, most = at(inner.hi)
    end = least if prove_nonneg(least - inner.lo, facts) else least.max(inner.lo)
    above = most if prove_nonneg(most - end, facts) else most.max(end)
    return (inner.lo, end), Edge(outer.iv, inner.iv, (end, above), (end, inner.hi))


def home_of(region: Region, op: Op) -> Region:
    """The region inside `region` that an op stands in."""
    if op in region.ops:
        return region
    return next(home_of(r, op) for o in region.ops for r in o.regions if op in list(r.walk()))


class Emitter:
    """Emits products over given ranges of the loop indices, of which `edge` leaves out some."""

    def __init__(self, b: Builder, nest: Nest, ranges: dict[Value, Bounds], facts: Facts, edge: Edge | None):
        self.b = b
        self.nest = nest
        self.ranges = ranges
        self.facts = facts
        self.edge = edge
        self.sizes = {v: self._size(hi - lo) for v, (lo, hi) in ranges.items()}
        self._buffers: dict[tuple[Operand, ...], Value] = {}
        self._finite: dict[Part, Value] = {}

    def _size(self, size: Dim) -> Dim:
        return size if prove_nonneg(size, self.facts) else size.max(0)

    def conditions(self, product: Product) -> list[Value]:
        """That the product may be left to BLAS: a zero there makes what it meets vanish only where that is finite."""
        checked = set(product.checked)
        for k, part in enumerate(product.parts()):
            if self._on_edge(part.ivs):
                checked.add(1 - k)
        return [self._is_finite(product, k) for k in sorted(checked)]

    def _on_edge(self, ivs: frozenset[Value]) -> bool:
        return self.edge is not None and self.edge.outer in ivs and self.edge.inner in ivs

    def _is_finite(self, product: Product, k: int) -> Value:
        part = product.parts()[k]
        if part not in self._finite:
            array, spans, (row, column) = self._matrix(part, *product.indices(k))
            attrs = {"index": spans, "axes": tuple(sorted((row, column)))}
            self._finite[part] = self.b.op("all_finite", array, attrs=attrs, types=[BOOL]).result
        return self._finite[part]

    def addition(self, target: Operand, index: list[Dim], axes: dict[Value, int], product: Product) -> Operand:
        """`target`, with a product added at the places `index`."""
        if not self._on_edge(frozenset(axes)):
            return self._product(target, self._window(index, axes), axes, product, 1.0)
        dtype = target.type.dtype
        row, column = product.row, product.column
        whole = self.into_buffer([product], dtype)
        edge = self.edge
        assert edge is not None

        def body(arrays: list[Value], at: dict[Value, Operand]) -> list[Operand]:
            places = [as_dim(at[v]) - self.ranges[v][0] for v in (row, column)]
            x = self.load(whole, places)
            sub = Substitution(at)
            there = [self.b.extent(sub.dim(d)) for d in index]
            attrs = {"index": tuple(At() for _ in there), "inbounds": True}
            return [self.b.op("accum", arrays[0], *there, x, attrs=attrs, types=[target.type]).result]

        return self.loops([(edge.outer, self.ranges[edge.outer]), (edge.inner, edge.beside)], [target], body)[0]

    @contextmanager
    def onto(self, b: Builder) -> Iterator[None]:
        """Emit with another builder."""
        old, self.b = self.b, b
        try:
            yield
        finally:
            self.b = old

    def into_buffer(self, products: list[Product], dtype: str) -> Value:
        """A sum of products of the same two indices, in memory of its own."""
        row, column = products[0].row, products[0].column
        shape = self.sizes[row], self.sizes[column]
        made = self.b.op("empty", attrs={"shape": shape, "dtype": dtype}, hint="product").result
        for k, product in enumerate(products):
            window = tuple(Span(ZERO, d) for d in shape)
            made = self._product(made, window, {row: 0, column: 1}, product, float(k > 0))
        return made

    def _product(
        self, target: Operand, window: tuple[Span, ...], axes: dict[Value, int], product: Product, beta: float
    ) -> Value:
        t = Type(target.type.dtype)
        assert axes[product.row] < axes[product.column]
        attrs: dict[str, Any] = {"index_c": window, "axes_c": (axes[product.row], axes[product.column])}
        matrices = []
        for letter, k in (("a", 0), ("b", 1)):
            array, spans, (row, column) = self._matrix(product.parts()[k], *product.indices(k))
            matrices.append(array)
            attrs["index_" + letter] = spans
            attrs["axes_" + letter] = tuple(sorted((row, column)))
            attrs["trans_" + letter] = row > column
        attrs["mutates"] = (0,)
        return self.b.op(
            "gemm_part", target, *matrices, constant(1.0, t), constant(beta, t), attrs=attrs, types=[target.type],
            hint=hint_of(target),
        ).result  # fmt: skip

    def _matrix(self, part: Part, row: Value, column: Value) -> tuple[Operand, tuple[Span, ...], tuple[int, int]]:
        """The array that holds a factor, where in it, and the axes of rows and columns."""
        if part.in_memory and not self._on_edge(part.ivs):
            op = part.factors[0].op  # type: ignore[union-attr]
            assert op is not None
            window = self._window([as_dim(x) for x in op.operands[1:]], part.axes)
            return op.operands[0], window, (part.axes[row], part.axes[column])
        table = self.nest.tables.get(part.factors[0]) if len(part.factors) == 1 else None
        if table is not None and set(table.least) == {row, column}:
            spans = tuple(Span(self.ranges[v][0] - lo, self.sizes[v]) for v, lo in table.least.items())
            return table.array, spans, (0, 1) if next(iter(table.least)) is row else (1, 0)
        first, second = sorted((row, column), key=list(self.sizes).index)
        spans = tuple(Span(ZERO, self.sizes[v]) for v in (first, second))
        return self._buffer(part, first, second), spans, (0, 1) if first is row else (1, 0)

    def _window(self, index: list[Dim], axes: dict[Value, int]) -> tuple[Span, ...]:
        moving = {axis: v for v, axis in axes.items()}
        spans = []
        for axis, d in enumerate(index):
            v = moving.get(axis)
            if v is None:
                spans.append(Span(d, ONE))
            else:
                spans.append(Span(d - Dim.of(v) + self.ranges[v][0], self.sizes[v]))
        return tuple(spans)

    def _buffer(self, part: Part, row: Value, column: Value) -> Value:
        """A matrix of the values of a factor, zero where the edge leaves them out."""
        key = tuple(part.factors)
        if key in self._buffers:
            return self._buffers[key]
        b = self.b
        t = Type(part.factors[0].type.dtype, (self.sizes[row], self.sizes[column]))
        zero = constant(0.0, Type(t.dtype))
        bounds = {v: (self.ranges[v][0], self.ranges[v][0] + self.sizes[v]) for v in (row, column)}
        order = [row, column]
        if self._on_edge(part.ivs):
            assert self.edge is not None
            empty = b.op("full", zero, attrs={"shape": t.shape, "dtype": t.dtype}, types=[t], hint="factor").result
            order = [self.edge.outer, self.edge.inner]
            bounds[self.edge.inner] = self.edge.beside
        else:
            empty = b.op("empty", attrs={"shape": t.shape, "dtype": t.dtype}, hint="factor").result
        for v in self.sizes:  # an index is in range where all three loops run
            if v not in (row, column) and not prove_nonneg(self.sizes[v] - 1, self.facts):
                lo, hi = bounds[order[0]]
                bounds[order[0]] = lo, hi.min(lo + (hi - lo) * self.sizes[v])

        def body(arrays: list[Value], at: dict[Value, Operand]) -> list[Operand]:
            sub = Substitution(at)
            x = self._scalar(part.factors[0], sub)
            for factor in part.factors[1:]:
                x = b.op("mul", x, self._scalar(factor, sub), types=[Type(t.dtype)]).result
            places = [b.extent(as_dim(at[v]) - self.ranges[v][0]) for v in (row, column)]
            return [b.op("store", arrays[0], *places, x, attrs=dict(_ELEMENT), types=[t]).result]

        (made,) = self.loops([(v, bounds[v]) for v in order], [empty], body)
        assert isinstance(made, Value)
        self._buffers[key] = made
        return made

    def load(self, x: Value, places: list[Dim]) -> Value:
        at = [self.b.extent(d) for d in places]
        attrs = {"index": tuple(At() for _ in at), "inbounds": True}
        return self.b.op("load", x, *at, attrs=attrs, types=[Type(x.type.dtype)]).result

    def loops(
        self,
        ranges: list[tuple[Value, Bounds]],
        arrays: list[Operand],
        body: Callable[[list[Value], dict[Value, Operand]], list[Operand]],
        at: dict[Value, Operand] | None = None,
    ) -> list[Operand]:
        """Nested loops that carry arrays; `body` emits what the innermost does at given indices."""
        at = dict(at or {})
        if not ranges:
            return body(arrays, at)  # type: ignore[arg-type]
        b = self.b
        (v, (lo, hi)), *rest = ranges
        types = [x.type for x in arrays]
        hints = [hint_of(x) for x in arrays]
        lo, hi = (Substitution(at).dim(d) for d in (lo, hi))
        ends = b.extent(lo), b.extent(hi)
        region = b.new_region([(INT, v.hint), *zip(types, hints, strict=True)])
        with b.into(region):
            region.yields = self.loops(rest, list(region.params[1:]), body, {**at, v: region.params[0]})
        return list(
            b.op("for", *ends, 1, *arrays, attrs={"stop": False}, types=types, regions=[region], hints=hints).results
        )

    def _scalar(self, x: Operand, sub: Substitution) -> Operand:
        """A scalar of the nest, computed at other indices."""
        if not isinstance(x, Value) or x not in self.nest.inside or x in sub.map:
            return sub.operand(x)
        if x in self.nest.tables:
            table = self.nest.tables[x]
            return self.load(table.array, [as_dim(sub.map[v]) - lo for v, lo in table.least.items()])
        op = x.op
        assert op is not None
        for v in op.used_values():
            if not v.type.shape:
                self._scalar(v, sub)
        self.b.region.ops.append(sub.clone_op(op))
        return sub.operand(x)
