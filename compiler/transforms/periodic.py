"""Rotations of an array read from one copy with periodic margins.

``np.roll(u, 1)`` is two slices of `u` stored side by side, and its adjoint two additions of slices. A value of which
several rotations are read is stored once, with a margin on each side that repeats the other end; a rotation is then
a shifted slice of that, which loops read through: a periodic stencil and its adjoint are one nest each.

Before::                                              after::

    %a = load %u {span(n - 1, 1)}                         %p = empty : f64[n + 2]
    %b = load %u {span(0, n - 1)}                         %q = store %p, %u {span(1, n)}
    %1 = empty : f64[n]                                   %r = ... the margins, from %q
    %2 = store %1, %a {span(0, 1)}                        %3 = load %r {span(0, n)}
    %3 = store %2, %b {span(1, n - 1)}                    ... %t + load %r {span(2, n)} ...
    ... %t, with %u[1:] added to %t[:-1], %u[:1] to %t[-1:] ...

Rotations are by at most `MAX_SHIFT` places, along any axes. The constant multiples of a value share its copy. A value
that is rotated in one way only stays as it is: its copy would cost what the rotation costs. Additions to one buffer
change their order, and 0.0 + -0.0 may become -0.0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..analysis.dataflow import is_zeros, region_uses
from ..ir.builder import Builder
from ..ir.dims import ZERO, Dim
from ..ir.nodes import Function, Op, Operand, Region, Span, Value
from ..ir.opdef import opdef
from .dce import drop_unread
from .stencil import multiple_of, read_from_copy

MAX_SHIFT = 16

Shifts = tuple[tuple[int, int], ...]  # (axis, places), by axis


def pad_rotations(fn: Function) -> None:
    """Read rotations in `fn` (after `decompose`) from padded copies, in place."""
    padder = _Padder(fn)
    padder.region(fn.body)
    drop_unread(fn.body)
    for region, base, copy in padder.copied:
        read_from_copy(copy.value, base, region, copy.place, skip=copy.ops)


@dataclass(slots=True, eq=False)
class _Rotation:
    """`source` rotated along `axis`: stored by `ops` (the last gives it), or added by the two `ops`."""

    ops: tuple[Op, Op]
    source: Value
    axis: int
    shift: int
    added: bool


@dataclass(slots=True)
class _Origin:
    """What a rotation is a constant multiple (`scale`, from the outermost op in) and a rotation of."""

    base: Value
    shifts: dict[int, int]
    scale: list[Op]

    @property
    def key(self) -> Shifts:
        return tuple(sorted(self.shifts.items()))


@dataclass(slots=True)
class _Copy:
    """A padded copy, its margin before each axis, where the array is in it, and the ops that make it."""

    value: Value
    before: list[int]
    place: tuple[Span, ...]
    ops: set[Op]


class _Padder:
    def __init__(self, fn: Function):
        self.copied: list[tuple[Region, Value, _Copy]] = []
        self.uses = Counter(region_uses(fn.body))

    def region(self, region: Region) -> None:
        for op in region.ops:
            for inner in op.regions:
                self.region(inner)
        here = set(region.ops)
        stored = {r.ops[1].result: r for op in region.ops if (r := self._stored(op, here)) is not None}
        chains = self._chains(region)
        rotations = [*stored.values(), *(r for chain in chains for r in _added(chain))]
        chosen = _choose(rotations, stored)
        if not chosen:
            return
        copies = self._copies(region, chosen)
        for chain in chains:
            pairs = [r for r in chosen if r.added and r.ops[0] in chain]
            if pairs:
                self._add(region, chain, pairs, chosen, copies)
        for r, origin in chosen.items():
            if not r.added:
                end = r.ops[1]
                b = Builder(Region(), end.loc)
                _exchange(_rotated(b, origin, copies[origin.base], end.result), end.result)
                at = region.ops.index(end)
                region.ops[at : at + 1] = b.region.ops

    # -- finding --------------------------------------------------------------------------------------
    def _stored(self, op: Op, here: set[Op]) -> _Rotation | None:
        """Two slices of one array that are stored over the whole of another."""
        below = op.operands[0].op if op.opcode == "store" and isinstance(op.operands[0], Value) else None
        if below is None or below.opcode != "store" or below not in here or self.uses[below.result] != 1:
            return None
        return _pair(below, op, added=False)

    def _chains(self, region: Region) -> list[list[Op]]:
        """Maximal runs of accums, each the only reader of the one before."""
        chain_of: dict[Value, list[Op]] = {}
        chains: list[list[Op]] = []
        for op in region.ops:
            if op.opcode != "accum":
                continue
            below = op.operands[0]
            assert isinstance(below, Value)
            chain = chain_of.pop(below, None) if self.uses[below] == 1 else None
            if chain is None:
                chains.append(chain := [])
            chain.append(op)
            chain_of[op.result] = chain
        return [chain for chain in chains if len(chain) > 1]

    # -- making ---------------------------------------------------------------------------------------
    def _copies(self, region: Region, chosen: dict[_Rotation, _Origin]) -> dict[Value, _Copy]:
        origins: dict[Value, list[_Origin]] = {}
        first: dict[Value, int] = {}
        place = {op: k for k, op in enumerate(region.ops)}
        for r, origin in chosen.items():
            origins.setdefault(origin.base, []).append(origin)
            at = min(place[op] for op in r.ops)
            first[origin.base] = min(first.get(origin.base, at), at)
        before = {base: region.ops[at] for base, at in first.items()}
        copies = {base: _padded(region, base, found, before[base]) for base, found in origins.items()}
        self.copied += [(region, base, copies[base]) for base in copies if base.op in region.ops]
        return copies

    def _add(
        self,
        region: Region,
        chain: list[Op],
        pairs: list[_Rotation],
        chosen: dict[_Rotation, _Origin],
        copies: dict[Value, _Copy],
    ) -> None:
        """The rotations of a chain are added to what it starts from; what else it adds comes after them."""
        end = chain[-1]
        gone = {op for r in pairs for op in r.ops}
        rest = [op for op in chain if op not in gone]
        total = chain[0].operands[0]
        assert isinstance(total, Value)
        fresh = is_zeros(total)
        b = Builder(Region())
        for r in pairs:
            with b.at(r.ops[1].loc):
                value = _rotated(b, chosen[r], copies[chosen[r].base], end.result)
                total = value if fresh else b.op("add", total, value, hint=end.result.hint).result
                fresh = False
        position = region.ops.index(end) + 1
        region.ops[position:position] = [*b.region.ops, *rest]
        del region.ops[position - 1]
        for op in chain[:-1]:
            region.ops.remove(op)
        for op in rest:
            op.operands[0] = total
            total = op.result
        _exchange(total, end.result)


def _exchange(value: Value, old: Value) -> None:
    """Let the op that gives `value` give `old`."""
    op = value.op
    assert op is not None
    if value is not old:
        op.results[op.results.index(value)] = old
        old.op = op


def _choose(rotations: list[_Rotation], stored: dict[Value, _Rotation]) -> dict[_Rotation, _Origin]:
    """The rotations of values that are rotated in at least two ways."""
    origins = {r: _origins(r, stored) for r in rotations}
    ways: dict[Value, set[Shifts]] = {}
    for found in origins.values():
        for o in found:
            ways.setdefault(o.base, set()).add(o.key)
    best = {r: max(found, key=lambda o: len(ways[o.base])) for r, found in origins.items()}
    while True:  # until what is left is all shared
        ways = {}
        for o in best.values():
            ways.setdefault(o.base, set()).add(o.key)
        kept = {r: o for r, o in best.items() if len(ways[o.base]) > 1}
        if len(kept) == len(best):
            return kept
        best = kept


def _origins(r: _Rotation, stored: dict[Value, _Rotation]) -> list[_Origin]:
    shifts, scale = {r.axis: r.shift}, list[Op]()
    found = [_Origin(r.source, shifts, scale)]
    v = r.source
    while True:
        inner = stored.get(v)
        if inner is not None and inner.axis not in shifts:
            shifts = {**shifts, inner.axis: inner.shift}
            v = inner.source
        elif (below := multiple_of(v)) is not None:
            assert v.op is not None
            scale = [*scale, v.op]
            v = below
        else:
            return found
        found.append(_Origin(v, shifts, scale))


def _added(chain: list[Op]) -> list[_Rotation]:
    found = []
    waiting: list[Op] = []
    for op in chain:
        for other in waiting:
            r = _pair(other, op, added=True)
            if r is not None:
                found.append(r)
                waiting.remove(other)
                break
        else:
            waiting.append(op)
    return found


def _pair(a: Op, b: Op, added: bool) -> _Rotation | None:
    """Two writes of slices that together write a rotation of one array over the whole of another."""
    first, second = _slice(a), _slice(b)
    if first is None or second is None:
        return None
    (source, to_a, from_a), (other, to_b, from_b) = first, second
    shape = source.type.shape
    target = a.operands[0].type
    if source is not other or source.type.dtype != target.dtype or shape != target.shape:
        return None
    moved = [
        k for k, n in enumerate(shape) if not all(s == Span(ZERO, n) for s in (to_a[k], from_a[k], to_b[k], from_b[k]))
    ]
    if len(moved) != 1:
        return None
    (k,) = moved
    n = shape[k]
    for t1, f1, t2, f2 in ((to_a[k], from_a[k], to_b[k], from_b[k]), (to_b[k], from_b[k], to_a[k], from_a[k])):
        c = t1.size
        head = t1.start == 0 and f1.start == n - c and f1.size == c
        if head and t2.start == c and t2.size == n - c and f2.start == 0 and f2.size == t2.size:
            shift = c if c.is_const and not (n.is_const and 2 * c.const > n.const) else c - n
            if shift.is_const and 0 < abs(shift.const) <= MAX_SHIFT:
                return _Rotation((a, b), source, k, shift.const, added)
    return None


def _slice(op: Op) -> tuple[Value, list[Span], list[Span]] | None:
    """The array of which a write writes a slice, where to and where from."""
    value = op.operands[-1]
    load = value.op if isinstance(value, Value) else None
    if load is None or load.opcode != "load" or len(op.operands) != 2 or len(load.operands) != 1:
        return None
    source = load.operands[0]
    to, whence = op.attrs["index"], load.attrs["index"]
    if not isinstance(source, Value) or not all(isinstance(i, Span) and i.step == 1 for i in (*to, *whence)):
        return None
    return source, list(to), list(whence)


def _padded(region: Region, base: Value, origins: list[_Origin], first: Op) -> _Copy:
    sizes = base.type.shape
    axes = range(len(sizes))
    before = [max(0, *(o.shifts.get(k, 0) for o in origins)) for k in axes]
    after = [max(0, *(-o.shifts.get(k, 0) for o in origins)) for k in axes]
    corners = any(len(o.shifts) > 1 for o in origins)
    wide = [lo + n + hi for lo, n, hi in zip(before, sizes, after, strict=True)]
    inner = [Span(Dim.of(lo), n) for lo, n in zip(before, sizes, strict=True)]
    b = Builder(Region(), base.op.loc if base.op is not None else first.loc)
    copy: Value = b.op("empty", attrs={"shape": tuple(wide), "dtype": base.type.dtype}, hint=base.hint).result

    def store(value: Operand, spans: list[Span]) -> None:
        nonlocal copy
        attrs = {"index": tuple(spans), "inbounds": True}
        copy = b.op("store", copy, value, attrs=attrs, types=[copy.type], hint=base.hint).result

    store(base, inner)
    reach = list(inner)
    whole = [Span(ZERO, n) for n in sizes]
    # what a nest computes need not be in memory by itself
    copied = corners or (base.op is not None and opdef(base.op.opcode).kind == "elementwise")
    for k in axes:
        lo, n, hi = Dim.of(before[k]), sizes[k], Dim.of(after[k])
        for source, target in ((n - lo, Span(ZERO, lo)), (ZERO, Span(lo + n, hi))):
            if target.size != 0:
                whence = list(reach if copied else whole)
                whence[k] = Span(source + lo if copied else source, target.size)
                part = b.op(
                    "load", copy if copied else base, attrs={"index": tuple(whence), "inbounds": True}, hint=base.hint
                )
                store(part.result, [*reach[:k], target, *reach[k + 1 :]])
        if corners:
            reach[k] = Span(ZERO, wide[k])
    made_here = base.op is not None and base.op in region.ops
    position = region.ops.index(base.op) + 1 if made_here and base.op is not None else region.ops.index(first)
    region.ops[position:position] = b.region.ops
    return _Copy(copy, before, tuple(inner), set(b.region.ops))


def _rotated(b: Builder, origin: _Origin, copy: _Copy, like: Value) -> Value:
    sizes = like.type.shape
    index = tuple(
        Span(Dim.of(lo - origin.shifts.get(k, 0)), n) for k, (lo, n) in enumerate(zip(copy.before, sizes, strict=True))
    )
    value = b.op("load", copy.value, attrs={"index": index, "inbounds": True}, hint=like.hint).result
    for op in reversed(origin.scale):
        xs = [value if isinstance(x, Value) else x for x in op.operands]
        value = b.op(op.opcode, *xs, attrs=dict(op.attrs)).result
    return value
