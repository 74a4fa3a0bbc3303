"""Emits the blocks of lanes that `lanes` has found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.alias import ACCESSES, Carried
from ..analysis.dataflow import reads, region_uses
from ..analysis.structure import step_of, trip_count
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import At, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.types import INT, Type

if TYPE_CHECKING:
    from .lanes import Lanes

BLOCK = 32
"""Iterations in a block: enough to fill vectors, few enough for what an iteration keeps to stay in the cache."""

_ELEMENT = {"index": (At(),), "inbounds": True}


def emit_blocks(found: Lanes, b: Builder) -> list[Operand]:
    """The loop over blocks in place of the one of `found`; what stands for its results."""
    return _Emitter(found, b).run()


class _Emitter:
    """`sub` maps what is the same for all lanes; `rows` what varies, from one lane loop to the next."""

    def __init__(self, found: Lanes, b: Builder):
        self.found = found
        self.b = b
        self.sub = Substitution()
        self.rows: dict[Value, Value] = {}
        self.first: Dim = Dim.of(0)  # the index of lane 0
        self.step = step_of(found.loop)
        self.lanes: Operand = constant(0)
        uses: dict[Value, set[Op | Region]] = {}
        self._note_uses(found.loop.regions[0], uses)
        self.uses = uses

    def _note_uses(self, region: Region, uses: dict[Value, set[Op | Region]]) -> None:
        for op in region.ops:
            for v in reads(op):
                uses.setdefault(v, set()).add(op)
            for r in op.regions:
                self._note_uses(r, uses)
        for y in region.yields:
            if isinstance(y, Value):
                uses.setdefault(y, set()).add(region)

    def run(self) -> list[Operand]:
        loop, b = self.found.loop, self.b
        carried = self.found.carried
        lo, hi = as_dim(loop.operands[0]), as_dim(loop.operands[1])
        trips = trip_count(lo, hi, self.step)
        blocks = (trips + (BLOCK - 1)) // BLOCK
        region = b.new_region([(INT, "block"), *((p.type, p.hint) for p in carried.params)])
        done = Dim.of(region.params[0]) * BLOCK
        self.first = lo + done * self.step
        self.sub.map.update(zip(carried.params, region.params[1:], strict=True))
        bound = b.extent(blocks)
        with b.into(region):
            self.lanes = b.extent((trips - done).min(BLOCK))
            self.region(loop.regions[0], {})
            region.yields = [self.sub.operand(y) for y in carried.yields]
        made = b.op(
            "for",
            constant(0),
            bound,
            constant(1),
            *carried.inits,
            attrs=dict(loop.attrs),
            types=[r.type for r in carried.results],
            regions=[region],
            hints=[r.hint for r in carried.results],
        )
        return list(made.results)

    # -- regions --------------------------------------------------------------------------------------------
    def region(self, region: Region, targets: dict[Value, Operand]) -> None:
        """The ops of a region; `targets` maps carried values whose rows get what the region yields for them."""
        segment: list[Op] = []
        for op in region.ops:
            if op.opcode == "for":
                if self._touches(op):
                    self.flush(segment, {})
                    segment = []
                    self.inner(op)
                else:
                    self.b.region.ops.append(self.sub.clone_op(op))
            elif op.opcode in ("empty", "full"):
                self._allocate(op)
            elif self.found.is_laned(op):
                segment.append(op)
            else:
                self.b.region.ops.append(self.sub.clone_op(op))
        self.flush(segment, targets)

    def _touches(self, op: Op) -> bool:
        found = self.found
        return any(
            v in found.varying or v in found.sums or v in found.local or v in found.memory
            for v in (*region_uses(op.regions[0]), *reads(op), *op.results)
        )

    def _allocate(self, op: Op) -> None:
        new = self.sub.clone_op(op)
        new.attrs["shape"] = (*new.attrs["shape"], Dim.of(BLOCK))
        new.result.type = Type(new.result.type.dtype, new.attrs["shape"])
        self.b.region.ops.append(new)

    def inner(self, op: Op) -> None:
        """A loop inside: what varies of its carries goes in rows."""
        found, b = self.found, self.b
        loop = Carried(op)
        varying = [k for k, p in enumerate(loop.params) if p in found.varying]
        self._start_rows([(loop.inits[k], loop.params[k]) for k in varying])
        inits = [
            self.rows[p] if k in varying else self.sub.operand(x)
            for k, (x, p) in enumerate(zip(loop.inits, loop.params, strict=True))
        ]
        iv = op.regions[0].params[0]
        # arrays and rows have the types of what they start from, with the axis of the lanes
        types = [
            x.type if p.type.shape or p in found.varying else p.type for x, p in zip(inits, loop.params, strict=True)
        ]
        region = b.new_region([(iv.type, iv.hint), *((t, p.hint) for t, p in zip(types, loop.params, strict=True))])
        self.sub.map[iv] = region.params[0]
        for k, (p, new) in enumerate(zip(loop.params, region.params[1:], strict=True)):
            if k in varying:
                self.rows[p] = new
            else:
                self.sub.map[p] = new
        bounds = [self.sub.operand(x) for x in op.operands[:3]]
        outside = dict(self.rows)
        with b.into(region):
            self.region(op.regions[0], {loop.params[k]: loop.yields[k] for k in varying})
            region.yields = [
                self.rows[loop.params[k]] if k in varying else self.sub.operand(y) for k, y in enumerate(loop.yields)
            ]
        self.rows = outside
        made = b.op(
            "for",
            *bounds,
            *inits,
            attrs=dict(op.attrs),
            types=types,
            regions=[region],
            hints=[r.hint for r in loop.results],
        )
        for k, (r, new) in enumerate(zip(loop.results, made.results, strict=True)):
            if k in varying:
                self.rows[r] = new
            else:
                self.sub.map[r] = new

    def _start_rows(self, starts: list[tuple[Operand, Value]]) -> None:
        """Rows for what a loop carries, filled with what it starts from."""
        if starts:
            for _, p in starts:
                self.rows[p] = self._row(p)
            self.flush([], {p: x for x, p in starts})

    def _row(self, v: Value) -> Value:
        return self.b.emit("empty", shape=(Dim.of(BLOCK),), dtype=v.type.dtype, hint=v.hint or "row")

    # -- lane loops -----------------------------------------------------------------------------------------
    def flush(self, segment: list[Op], targets: dict[Value, Operand]) -> None:
        """Emit a segment. What strides through memory is not vectorised, nor is anything in a loop with it: reads of
        this kind get a lane loop before the others, writes one after them."""
        segment = [op for op in segment if not any(r in self.found.repeatable for r in op.results)]
        made = {r for op in segment for r in op.results}
        reads_first = [op for op in segment if self._strided(op) and op.opcode == "load" and self._early(op, made)]
        writes_last = self._late_writes(segment, made)
        rest = [op for op in segment if op not in reads_first and op not in writes_last]
        if not rest:
            rest, reads_first, writes_last = segment, [], []
        # what a late write reads must not have been replaced before
        replaced = any(v in targets for op in writes_last for v in reads(op))
        self._lane_loop(reads_first, {})
        self._lane_loop(rest, {} if replaced else targets)
        self._lane_loop(writes_last, targets if replaced else {})

    def _strided(self, op: Op) -> bool:
        return op.opcode in ACCESSES and op.operands[0] not in self.found.local and self.found.strides(op)

    def _early(self, op: Op, made: set[Value]) -> bool:
        """Whether a load can be made before all else of its segment: of an array of before, at a place known then."""
        index = op.operands[1 : 1 + len(op.attrs["index"])]
        return op.operands[0] not in made and all(
            v not in self.found.varying or v in self.found.repeatable for x in index for v in as_dim(x).values()
        )

    def _late_writes(self, segment: list[Op], made: set[Value]) -> list[Op]:
        """The writes of arrays that only writes of the segment touch, one of them with a stride."""
        found: set[Op] = set()
        for op in segment:
            if op.opcode in ("store", "accum") and op.operands[0] not in made:
                chain = [op]
                for other in segment:
                    if other.opcode in ("store", "accum") and other.operands[0] is chain[-1].result:
                        chain.append(other)
                versions = {w.result for w in chain}
                read = any(o.opcode == "load" and o.operands[0] in versions for o in segment)
                if not read and any(map(self._strided, chain)):
                    found.update(chain)
        return [op for op in segment if op in found]

    def _lane_loop(self, segment: list[Op], targets: dict[Value, Operand]) -> None:
        """One loop over the lanes of some ops; at its end the rows of `targets` get their values."""
        if not segment and not targets:
            return
        found, b = self.found, self.b
        members = set(segment)
        made = {r for op in segment for r in op.results}
        kept = [
            r
            for op in segment
            for r in op.results
            if r in found.varying and self.uses.get(r, set()) - members and not self._only_target(r, members, targets)
        ]
        for v in kept:
            self.rows[v] = self._row(v)
        written = [*kept, *targets]
        # what the lane loop carries: rows, then arrays by their current versions, then sums
        writes = [op for op in segment if op.opcode in ("store", "accum")]
        firsts = list(dict.fromkeys(self._first(op.operands[0], made) for op in writes))
        sums = self._sums_of(segment)
        checks = [op for op in segment if op in found.deferred]
        inits = [
            *(self.rows[v] for v in written),
            *(self.sub.operand(x) for x in firsts),
            *(self.sub.operand(x) for x, _ in sums),
            *(constant(0) for _ in checks),
        ]
        hints = [x.hint if isinstance(x, Value) else "" for x in inits]
        types = [
            *(self.rows[v].type for v in written),
            *(self.sub.operand(x).type for x in firsts),
            *(last.type for _, last in sums),
            *(INT for _ in checks),
        ]
        region = b.new_region([(INT, "lane"), *zip(types, hints, strict=True)])
        lane, *params = region.params
        rows = dict(zip(written, params, strict=False))
        before = dict(rows)
        sub = Substitution(dict(self.sub.map), self.sub.symbols)
        arrays = dict(zip(firsts, params[len(written) :], strict=False))
        sub.map.update(arrays)
        at_sums = len(written) + len(firsts)
        at_checks = at_sums + len(sums)
        sub.map.update(zip((x for x, _ in sums), params[at_sums:at_checks], strict=True))
        counts = dict(zip(checks, params[at_checks:], strict=True))
        with b.into(region):
            body = _Lane(self, lane, sub, {**self.rows, **before})
            for op in segment:
                if op in counts:
                    failed = b.emit("where", body.value(op.operands[0]), 0, 1)
                    counts[op] = b.emit("add", counts[op], failed)
                else:
                    body.op(op)
            given = [body.value(v) for v in kept] + [body.value(x) for x in targets.values()]
            for v, x in zip(written, given, strict=True):
                rows[v] = b.op(
                    "store", rows[v], lane, x, attrs=dict(_ELEMENT), types=[rows[v].type], hint=rows[v].hint
                ).result
            last = {x: self._last(x, segment) for x in firsts}
            region.yields = [
                *rows.values(),
                *(sub.operand(last[x]) for x in firsts),
                *(sub.operand(end) for _, end in sums),
                *counts.values(),
            ]
        out = b.op(
            "for", constant(0), self.lanes, constant(1), *inits,
            attrs={"stop": False}, types=types, regions=[region], hints=hints,
        ).results  # fmt: skip
        self.rows.update(zip(written, out, strict=False))
        self.sub.map.update(zip((last[x] for x in firsts), out[len(written) :], strict=False))
        self.sub.map.update(zip((end for _, end in sums), out[at_sums:at_checks], strict=True))
        for op, count in zip(checks, out[at_checks:], strict=True):
            with b.at(op.loc):
                b.op("check", b.emit("eq", count, 0), attrs=dict(op.attrs), types=[])

    def _only_target(self, v: Value, members: set[Op], targets: dict[Value, Operand]) -> bool:
        """Whether a value goes to rows of its loop's carries only."""
        others = self.uses.get(v, set()) - members
        return any(x is v for x in targets.values()) and all(isinstance(u, Region) for u in others)

    def _first(self, x: Operand, made: set[Value]) -> Value:
        """The version of an array before a segment that makes later ones."""
        assert isinstance(x, Value)
        while x in made:
            assert x.op is not None
            x = x.op.operands[0]
            assert isinstance(x, Value)
        return x

    def _last(self, x: Value, segment: list[Op]) -> Value:
        for op in segment:
            if op.opcode in ("store", "accum") and op.operands[0] is x:
                x = op.result
        return x

    def _sums_of(self, segment: list[Op]) -> list[tuple[Value, Value]]:
        """The sums that a segment goes on with: what each is before, and after."""
        found: dict[int, tuple[Value, Value]] = {}
        for op in segment:
            for r in op.results:
                if r in self.found.sums:
                    k = self.found.sums[r]
                    start = next(x for x in op.operands if isinstance(x, Value) and x in self.found.sums)
                    found[k] = (found[k][0] if k in found else start, r)
        return list(found.values())


class _Lane:
    """The body of a lane loop."""

    def __init__(self, emitter: _Emitter, lane: Value, sub: Substitution, rows: dict[Value, Value]):
        self.emitter = emitter
        self.b = emitter.b
        self.lane = lane
        self.sub = sub
        self.rows = rows

    def value(self, x: Operand) -> Operand:
        """What an operand is in this lane; of a row, it is read once."""
        if not isinstance(x, Value) or x not in self.emitter.found.varying or x in self.sub.map:
            return self.sub.operand(x)
        e = self.emitter
        if x is e.found.iv:
            out = self.b.extent(e.first + Dim.of(self.lane) * e.step)
        elif x in e.found.repeatable:
            assert x.op is not None
            self.op(x.op)
            return self.sub.operand(x)
        else:
            attrs = dict(_ELEMENT)
            loaded = self.b.op("load", self.rows[x], self.lane, attrs=attrs, types=[Type(x.type.dtype)], hint=x.hint)
            out = loaded.result
            if x.type.weak:
                out = self.b.op("cast", out, attrs={"dtype": x.type.dtype, "weak": True}, types=[x.type]).result
        self.sub.map[x] = out
        return out

    def op(self, op: Op) -> None:
        for v in reads(op):
            self.value(v)
        new = self.sub.clone_op(op)
        if op.opcode in ACCESSES and op.operands[0] in self.emitter.found.local:
            new.attrs["index"] = (*new.attrs["index"], At())
            at = 1 + len(op.attrs["index"])
            new.operands.insert(at, self.lane)
        for old, r in zip(op.results, new.results, strict=True):
            if old.type.shape:
                assert isinstance(new.operands[0], Value)
                r.type = new.operands[0].type
        self.b.region.ops.append(new)
