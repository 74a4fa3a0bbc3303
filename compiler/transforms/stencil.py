"""Adjoints of shifted reads in gather form.

The adjoint of a stencil adds one array to several shifted places of another. As loops those are scatters, one
nest each. Here they become one elementwise sum over the hull of the places, read from a copy with a margin of
zeros, which is one nest without boundary cases, and vectorises.

Before::                                              after::

    %1 = accum %t, %v {span(0, n - 2)}                    %p = full 0.0 : f64[n + 2]
    %2 = accum %1, %v {span(2, n - 2)}                    %q = store %p, %v {span(2, n - 2)}
                                                          %a = load %q {span(2, n)}
                                                          %b = load %q {span(0, n)}
                                                          %s = add %a, %b
                                                          %2 = accum %t, %s {span(0, n)}

Additions to one buffer commute, so that a chain of accums whose intermediate versions nobody reads may be regrouped.
The terms of a group have unit steps, the same extents and the same integer indices, and starts that differ by
constants. A value that is added only once stays a scatter (it needs no memory then); a value that is a
constant multiple of another shares its copy. The padded copy is allocated before the loops in which its
shape does not change and carried through them: the margin is never written. Where the program goes on with the inside
of what the sum covers, the border is added up apart (`peel`).

The result differs by reassociation of the sum, and by the sign of zeros where 0.0 is added.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ..analysis.dataflow import is_zero, is_zeros, region_uses
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import Const, Function, Op, Operand, Region, Span, Value
from ..ir.opdef import opdef
from ..ir.types import Type
from .access import has_gather
from .peel import Box, accesses, apart, box_of, inside, slabs

# wider hulls than this are mostly margin
MAX_REACH = 16

Widths = tuple[int, ...]


def gather_form(fn: Function) -> None:
    """Regroup the accums of `fn` (after `decompose`), in place."""
    _Gatherer(fn).region(fn.body, [])


@dataclass(slots=True, eq=False)
class _Term:
    """One accum: `scale` (ops from the outermost in) of `base` is added in the box `spans`, at `offset` + the group's
    origin."""

    op: Op
    key: tuple[object, ...]
    offset: tuple[int, ...]
    spans: Box
    base: Value
    scale: list[Op]


@dataclass(slots=True, eq=False)
class _Pad:
    """A copy of a value with margins: `before` and `after` for every axis."""

    copy: Value
    before: tuple[int, ...]


@dataclass(slots=True, eq=False)
class _Loop:
    """A loop, its body, and the region that it is in."""

    op: Op
    body: Region
    outer: Region


class _Gatherer:
    def __init__(self, fn: Function):
        self.fn = fn
        self.uses = Counter(region_uses(fn.body))

    def region(self, region: Region, loops: list[_Loop]) -> None:
        for op in list(region.ops):
            for k, r in enumerate(op.regions):
                is_body = op.opcode == "for" or (op.opcode == "while" and k == 1)
                self.region(r, [*loops, _Loop(op, r, region)] if is_body else [])
        chains = [(chain, groups) for chain in self._chains(region) if (groups := _groups(chain))]
        pads = self._pads(region, loops, [group for _, groups in chains for group in groups])
        for chain, groups in chains:
            self._regroup(chain, groups, pads, region)

    # -- chains ---------------------------------------------------------------------------------------
    def _chains(self, region: Region) -> list[list[Op]]:
        """Maximal runs of accums, each the only reader of the one before."""
        after: dict[Value, Op] = {}
        for op in region.ops:
            if op.opcode == "accum" and isinstance(op.operands[0], Value) and self.uses[op.operands[0]] == 1:
                after[op.operands[0]] = op
        found = []
        continued = set(after.values())
        for op in region.ops:
            first = op.opcode == "accum" or (op.opcode == "store" and is_zeros(op.operands[0]))
            below = op.operands[0].op if op.operands and isinstance(op.operands[0], Value) else None
            if not first or (op in continued and below is not None and _chainable(below) and below in region.ops):
                continue
            chain = [op]
            while chain[-1].result in after:
                chain.append(after[chain[-1].result])
            if len(chain) > 1:
                found.append(chain)
        return found

    def _pads(self, region: Region, loops: list[_Loop], groups: list[list[_Term]]) -> dict[Value, _Pad]:
        """One padded copy for every base, wide enough for all groups of the region."""
        wanted: dict[Value, list[tuple[_Term, list[_Term]]]] = {}
        for terms in groups:
            for t in terms:
                wanted.setdefault(t.base, []).append((t, terms))
        pads: dict[Value, _Pad] = {}
        for base, placed in wanted.items():
            before, after = _margins(placed)
            if any(before) or any(after):
                first = min((t.op for t, _ in placed), key=region.ops.index)
                pads[base] = self._pad(base, before, after, first, region, loops)
        return pads

    def _regroup(self, chain: list[Op], groups: list[list[_Term]], pads: dict[Value, _Pad], region: Region) -> None:
        place = {op: k for k, op in enumerate(chain)}
        sums = {max((t.op for t in terms), key=place.__getitem__): terms for terms in groups}
        grouped = {t.op for terms in groups for t in terms}
        # the sums come last, so that those with one hull can be one nest
        order = [op for op in chain if op not in grouped]
        last = list(sums)[-1]
        end = region.ops.index(chain[-1]) + 1
        before, after = [op for op in region.ops[:end] if op not in grouped], region.ops[end:]
        if last is not chain[-1]:
            _exchange_results(last, chain[-1])
        current = chain[0].operands[0]
        cleared = self._clearing(current, region)
        others = [*accesses(last.result, region), *order, *([cleared] if cleared is not None else [])]
        parts = {op: [op] for op in order}  # an addition, and what is computed for it
        borders: list[Op] = []
        for op, terms in sums.items():
            hull = box = _hull(terms)
            if not is_zeros(current) and all(t.base in pads for t in terms):
                box = inside(op, hull, others) or hull
            for slab in slabs(hull, box):
                border = _like(op)
                made = _sum(border, terms, pads, slab)
                if made:
                    borders.append(border)
                    parts[border] = made
            parts[op] = _sum(op, terms, pads, box)
        writes = [*order, *sums]
        first = _instead(cleared, [*borders, *writes]) if cleared is not None else None
        if cleared is not None and first is not None:
            before.remove(cleared)
            current = cleared.operands[0]
            writes.remove(first)
            writes.insert(0, first)
        if borders or first is not None:  # what is added inside stays together
            before = [op for op in before if op not in order]
            writes = [*borders, *writes]
        region.ops[:] = [*before, *(x for op in writes if op not in before for x in parts[op]), *after]
        fresh = is_zeros(current)
        for op in writes:
            if not has_gather(op):  # a place that comes twice among the indices is added to twice
                op.opcode = "store" if fresh or op is first else "accum"
            op.operands[0] = current
            current, fresh = op.result, False

    def _clearing(self, array: Operand, region: Region) -> Op | None:
        """What has set elements of an array to zero, if only the chain adds to the result."""
        op = array.op if isinstance(array, Value) and self.uses[array] == 1 else None
        clears = op is not None and op.opcode == "store" and op in region.ops and is_zero(op.operands[-1])
        return op if clears else None

    # -- padded copies --------------------------------------------------------------------------------
    def _pad(self, base: Value, before: Widths, after: Widths, first: Op, region: Region, loops: list[_Loop]) -> _Pad:
        sizes = base.type.shape
        shape = tuple(lo + d + hi for lo, d, hi in zip(before, sizes, after, strict=True))
        t = Type(base.type.dtype, shape)
        loc = base.op.loc if base.op is not None else first.loc
        zero = constant(0.0, Type(t.dtype))
        zeros = Op("full", [zero], {"shape": shape, "dtype": t.dtype}, [t], None, loc, [base.hint])
        index = tuple(Span(Dim.of(m), d) for m, d in zip(before, sizes, strict=True))
        attrs = {"index": index, "inbounds": True}
        carrying = []
        for loop in reversed(loops):
            if not _invariant(shape, loop.op):
                break
            carrying.append(loop)
        buffer: Value = zeros.result
        if carrying:
            outermost = carrying[-1]
            outermost.outer.ops.insert(outermost.outer.ops.index(outermost.op), zeros)
            for loop in reversed(carrying):
                buffer = _carry(loop, buffer, t, base.hint)
        store = Op("store", [buffer, base], attrs, [t], None, loc, [base.hint])
        made_here = base.op is not None and base.op in region.ops
        position = region.ops.index(base.op) + 1 if made_here and base.op is not None else region.ops.index(first)
        region.ops[position:position] = [store] if carrying else [zeros, store]
        kept: Value = store.result
        for loop in carrying:
            loop.body.yields.append(kept)
            kept = loop.op.results[-1]
        if made_here:
            read_from_copy(store.result, base, region, index, skip=set())
        return _Pad(store.result, before)


def read_from_copy(copy: Value, base: Value, region: Region, index: tuple[Span, ...], skip: AbstractSet[Op]) -> None:
    """Later readers of `base` (but `skip`) read its copy, so that the value needs no memory of its own."""
    maker = base.op
    made_in_loops = maker is not None and (opdef(maker.opcode).kind == "elementwise" or maker.opcode == "load")
    if not made_in_loops or any(y is base for y in region.yields) or copy.op is None:
        return
    at = region.ops.index(copy.op) + 1
    users = [op for op in region.ops[at:] for op in (op, *(o for r in op.regions for o in r.walk())) if op not in skip]
    readers = [op for op in users if any(x is base for x in op.operands)]
    nested = {y for op in region.ops[at:] for r in op.regions for y in _yields(r)}
    if base in nested or any(opdef(op.opcode).kind != "elementwise" and op.opcode != "accum" for op in readers):
        return
    attrs = {"index": index, "inbounds": True}
    load = Op("load", [copy], attrs, [base.type], None, copy.op.loc, [base.hint])
    region.ops.insert(at, load)
    for op in readers:
        op.operands[:] = [load.result if x is base else x for x in op.operands]


def _sum(op: Op, terms: list[_Term], pads: dict[Value, _Pad], box: Box) -> list[Op]:
    """Make `op` the accum of the sum of the terms of a group in a box; `op`, after the ops that this takes, or nothing
    where no term reaches the box."""
    b = Builder(Region(), op.loc)
    total: Value | None = None
    for t in terms:
        value = t.base
        pad = pads.get(t.base)
        if pad is not None:
            if apart(box, t.spans):
                continue  # all of it is margin
            index = tuple(Span(x.start - s.start + m, x.size) for x, s, m in zip(box, t.spans, pad.before, strict=True))
            value = b.op("load", pad.copy, attrs={"index": index, "inbounds": True}, hint=t.base.hint).result
        for scaling in reversed(t.scale):
            xs = [value if isinstance(x, Value) else x for x in scaling.operands]
            value = b.op(scaling.opcode, *xs, attrs=dict(scaling.attrs)).result
        total = value if total is None else b.op("add", total, value).result
    if total is None:
        return []
    moved = iter(box)
    op.attrs["index"] = tuple(next(moved) if isinstance(i, Span) else i for i in op.attrs["index"])
    op.operands[-1] = total
    return [*b.region.ops, op]


def _instead(cleared: Op, writes: list[Op]) -> Op | None:
    """The first of the additions, which commute, that may be made a store in place of that of zeros: those before it
    are to other elements."""
    box = box_of(cleared)
    for op in writes:
        theirs = box_of(op)
        if box is None or theirs is None or theirs[0] != box[0]:
            return None
        if theirs == box:
            return op
        if not apart(theirs[1], box[1]):
            return None
    return None


def _like(op: Op) -> Op:
    """A further write to the same array."""
    hints = [r.hint for r in op.results]
    return Op(op.opcode, list(op.operands), dict(op.attrs), [r.type for r in op.results], None, op.loc, hints)


def _exchange_results(a: Op, b: Op) -> None:
    a.results, b.results = b.results, a.results
    for op in (a, b):
        op.result.op = op


def _chainable(op: Op) -> bool:
    return op.opcode == "accum" or (op.opcode == "store" and is_zeros(op.operands[0]))


def _yields(region: Region) -> Iterator[Operand]:
    yield from region.yields
    for op in region.ops:
        for r in op.regions:
            yield from _yields(r)


def _invariant(shape: tuple[Dim, ...], loop: Op) -> bool:
    used = {v for d in shape for v in d.values()}
    if not used:
        return True
    inside = {v for r in loop.regions for v in r.params}
    for r in loop.regions:
        for op in r.walk():
            inside.update(op.results)
            inside.update(p for inner in op.regions for p in inner.params)
    return used.isdisjoint(inside)


def _carry(loop: _Loop, buffer: Value, t: Type, hint: str) -> Value:
    """Carry `buffer` through a loop; its yield is to follow."""
    loop.op.operands.append(buffer)
    loop.op.results.append(Value(t, hint, loop.op))
    for r in loop.op.regions:
        r.params.append(Value(t, hint))
    return loop.body.params[-1]


# -- groups -----------------------------------------------------------------------------------------
def _groups(chain: list[Op]) -> list[list[_Term]]:
    """Terms to be added in one nest each: at least two, with every base at two places or more."""
    candidates = [(op, _key(op), _multiples(op.operands[-1])) for op in chain]
    counts: Counter[tuple[object, Value]] = Counter()
    for _, found, multiples in candidates:
        if found is not None:
            counts.update((found[0], v) for v, _ in multiples)
    by_key: dict[object, list[_Term]] = {}
    for op, found, multiples in candidates:
        if found is None:
            continue
        key, offset = found
        # the outermost of those that are shared most
        base, scale = max(multiples, key=lambda m: counts[key, m[0]])
        if counts[key, base] > 1:
            spans = tuple(i for i in op.attrs["index"] if isinstance(i, Span))
            by_key.setdefault(key, []).append(_Term(op, key, offset, spans, base, scale))
    groups = []
    for terms in by_key.values():
        bases = Counter(t.base for t in terms)
        terms = [t for t in terms if bases[t.base] > 1]
        if len(terms) > 1:
            low, high = _extremes(terms)
            if all(hi - lo <= MAX_REACH for lo, hi in zip(low, high, strict=True)):
                groups.append(terms)
    return groups


def _key(op: Op) -> tuple[tuple[object, ...], tuple[int, ...]] | None:
    """What the accums of one group have in common, and the constant offset of this one."""
    value = op.operands[-1]
    target = op.operands[0].type
    if not isinstance(value, Value) or not target.is_float or value.type.dtype != target.dtype:
        return None
    box = box_of(op)
    if box is None:
        return None
    places, spans = box
    if not spans or value.type.shape != tuple(s.size for s in spans) or not isinstance(op.attrs["index"][-1], Span):
        return None  # the last: where neighbours are not side by side, nothing vectorises
    offset = tuple(s.start.constant_term for s in spans)
    return (*places, *((s.start - o, s.size) for s, o in zip(spans, offset, strict=True))), offset


def _multiples(v: Operand) -> list[tuple[Value, list[Op]]]:
    """The values that `v` is a finite constant multiple of, itself first, with the ops in between."""
    found: list[tuple[Value, list[Op]]] = []
    scale: list[Op] = []
    below = v if isinstance(v, Value) else None
    while below is not None:
        found.append((below, list(scale)))
        if below.op is not None:
            scale.append(below.op)
        below = multiple_of(below)
    return found


def multiple_of(v: Value) -> Value | None:
    """What `v` is a finite constant multiple of, by its op."""
    op = v.op
    if op is None or op.opcode not in ("neg", "mul", "div"):
        return None
    arrays = [x for x in op.operands if isinstance(x, Value)]
    fixed = [x for x in op.operands if isinstance(x, Const)]
    if len(arrays) != 1 or arrays[0].type != v.type or (op.opcode == "div" and op.operands[0] is not arrays[0]):
        return None
    if any(not math.isfinite(c.value) or (op.opcode == "div" and c.value == 0) for c in fixed):
        return None
    return arrays[0]


def _hull(terms: list[_Term]) -> Box:
    """The box of all places of a group."""
    low, high = _extremes(terms)
    (first, *_) = terms
    return tuple(
        Span(s.start + (lo - o), s.size + (hi - lo))
        for s, o, lo, hi in zip(first.spans, first.offset, low, high, strict=True)
    )


def _extremes(terms: list[_Term]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    columns = list(zip(*(t.offset for t in terms), strict=True))
    return tuple(map(min, columns)), tuple(map(max, columns))


def _margins(placed: list[tuple[_Term, list[_Term]]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How far the hulls of the groups reach beyond a base that is added at the given places."""
    before, after = [], []
    for t, terms in placed:
        low, high = _extremes(terms)
        before.append([o - lo for o, lo in zip(t.offset, low, strict=True)])
        after.append([hi - o for o, hi in zip(t.offset, high, strict=True)])
    return tuple(map(max, zip(*before, strict=True))), tuple(map(max, zip(*after, strict=True)))
