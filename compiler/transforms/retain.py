"""Make the reverse sweep's reads of forward values legal, at the least cost.

After `reverse`, a reverse region may read a value that lives inside the forward region it undoes. For
each such value this pass chooses between

- *recompute*: clone its computation into the reverse region, from values that are available there
  (indices, constants, values from outside the loop, loads of arrays that are not overwritten);
- *read again*: an element that was loaded from, or stored to, an array and that no later store
  overwrites is still in the array's last version, and one that the loop around it has not written yet is in the
  array as it was before the loop (`analysis.webs`, `analysis.dependence`);
- *roll back*: the reverse sweep undoes in-place writes from a log (`rollback`);
- *keep*: a slot (a branch), a preallocated tape indexed by the iteration (loops with trip counts known
  before they start), or a growing last-in first-out tape (`while`, ragged nests).

The choice is a minimum cut over bytes (see `cut`): source -> what cannot be recomputed, sink <- what
the reverse sweep reads; dear ops (elementary functions, matrix products, loops) are barred from recomputation.

Before::

    %y = for %i in 0, n0, 1, %s0 { %a = load %x[%i]  %b = sin %a  %s1 = mul %s, %b ... }
    ... = for %i in n0 - 1, -1, -1, %s_adj { ... mul %s_adj, %b ... mul %s_adj, %s }

after, with ``%x`` never overwritten: ``%b`` and ``%s`` on tapes, ``%a`` (if it were read) loaded again.

Note [Successors]. Where both a carried value and the value that the body yields for it are kept (``h = tanh(h @ w)``:
the product reads the old one, tanh the new one), the one of an iteration is the other of the one before. They share
a tape: entry 0 is what the loop starts from, entry t + 1 what iteration t yields.
"""

from __future__ import annotations

from typing import Any

from ..analysis.dependence import Accesses
from ..analysis.structure import loop_of
from ..analysis.webs import Web, linear_webs
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import At, Function, Index, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..ir.opdef import opdef
from ..ir.types import INT, Type
from ..rules.indexing import has_gather, index_operands
from .cut import choose_kept, cost_of
from .rollback import Rollback, plan_rollbacks, roll_back


def retain(fn: Function) -> Function:
    """Legalise the cross reads of a function made by `reverse`, in place of it (and its callees)."""
    from .split import split

    for callee in list(fn.callees.values()):
        if "backward" in callee.attrs:
            split(callee, fn.callees[callee.attrs.pop("backward")])
        elif "pairs" in callee.attrs:
            Retainer(callee).run()
    if "pairs" in fn.attrs:
        Retainer(fn).run()
    return fn


class Retainer:
    """Finds what a reverse sweep reads of its forward sweep, and makes it available (see the module)."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.pairs: dict[Op, Op] = fn.attrs.pop("pairs")
        self.forward_ops: set[Op] = fn.attrs.pop("forward_ops")
        self.home: dict[Value, Region] = {}  # where a value is defined
        self.owner: dict[Region, tuple[Op, Region]] = {}  # the op a region belongs to, the region of that op
        self.partner: dict[Region, Region] = {}  # forward region -> the reverse region that undoes it
        self.prologue: dict[Region, list[Op]] = {}
        self.made: dict[Value, Operand] = {}
        self.kept: set[Value] = set()
        self.slots: dict[tuple[Value, Op], Value] = {}  # values of branches that are results of them too
        self.rollbacks: list[Rollback] = []
        self.logged: set[Value] = set()  # what rolled back stores overwrite
        self.restored: set[Value] = set()  # loads that read from a rolled back array
        self.narrow = any(
            x.type.dtype not in ("f64", "i64", "b1")
            for x in (*fn.params, *(r for op in fn.body.walk() for r in op.results))
        )
        self.successors: dict[Value, tuple[Value, Value]] = {}
        self.shared: dict[Value, Value] = {}  # carried value -> the tape that it shares with its successor
        # the access that finds the value in another version of the array, and that version
        self.again: dict[Value, tuple[Op, Value] | None] = {}

    def run(self) -> None:
        drop_unused(self.fn.body)
        self.scan(self.fn.body)
        self.find_partners()
        needed: dict[Value, None] = {}
        self.collect(self.fn.body, needed)
        if needed:
            self.webs = linear_webs(self.fn, self.forward_ops)
            self.accesses = Accesses(self.fn)
            self.stored_by = stores_by_value(self.fn)
            self.choose(list(needed))
            self.find_successors()
            for plan in self.rollbacks:
                roll_back(self, plan)
            self.rewrite(self.fn.body)
            for region, ops in self.prologue.items():
                region.ops[:0] = ops
        for back, forward in self.pairs.items():
            if back.opcode == "call":
                self.tape_call(forward, back)

    def choose(self, needed: list[Value]) -> None:
        """Decide what is kept, and which arrays are rolled back."""
        arguments = (self.fn, self.is_outer, self.sources, self.freely_available)
        self.kept = choose_kept(needed, *arguments)
        self.rollbacks = plan_rollbacks(self, self.kept, cost_of(self.fn))
        if self.rollbacks:
            self.logged = {v for plan in self.rollbacks for v in plan.old.values()}
            self.restored = {op.result for plan in self.rollbacks for op in plan.loads} - self.logged
            self.kept = choose_kept([*needed, *self.logged], *arguments)

    # -- structure ------------------------------------------------------------------------------
    def scan(self, region: Region) -> None:
        for p in region.params:
            self.home[p] = region
        for op in region.ops:
            for r in op.results:
                self.home[r] = region
            for sub in op.regions:
                self.owner[sub] = (op, region)
                self.scan(sub)

    def find_partners(self) -> None:
        for back, forward in self.pairs.items():
            if forward.opcode == "while":
                self.partner[forward.regions[1]] = back.regions[0]
            else:
                for f, r in zip(forward.regions, back.regions, strict=True):
                    self.partner[f] = r

    def in_scope(self, v: Value, region: Region) -> bool:
        home = self.home[v]
        at: Region | None = region
        while at is not None:
            if at is home:
                return True
            at = self.owner[at][1] if at in self.owner else None
        return False

    def is_outer(self, v: Value) -> bool:
        """Defined at the top: visible to the reverse sweep as it is."""
        return self.home[v] is self.fn.body

    def chain(self, v: Value) -> list[tuple[Op, Region]]:
        """The control ops around a value, outermost first, each with the region that holds the value."""
        out = []
        region = self.home[v]
        while region in self.owner:
            op, outer = self.owner[region]
            out.append((op, region))
            region = outer
        return out[::-1]

    # -- what is needed -----------------------------------------------------------------------------
    def collect(self, region: Region, needed: dict[Value, None]) -> None:
        for op in region.ops:
            for v in op.used_values():
                if not self.in_scope(v, region):
                    needed.setdefault(v)
            for sub in op.regions:
                self.collect(sub, needed)
        for y in region.yields:
            if isinstance(y, Value) and not self.in_scope(y, region):
                needed.setdefault(y)

    def freely_available(self, v: Value) -> bool:
        """The index of a loop: the reverse loop has it too."""
        if v.op is not None:
            return False
        region = self.home[v]
        return region in self.owner and self.owner[region][0].opcode == "for" and region.params[0] is v

    def sources(self, v: Value) -> list[Value] | None:
        """What v can be had from in the reverse sweep without keeping it; None when it must be kept."""
        if v in self.logged:
            return None
        if v in self.restored:
            assert v.op is not None
            return [x for x in v.op.used_values() if x is not v.op.operands[0]]
        again = self.read_again(v)
        if again is not None:
            access, version = again
            own = [x for x in access.used_values() if x is not access.operands[0] and x is not v]
            return [*own, version]
        if not self.recomputable(v):
            return None
        assert v.op is not None
        return list(v.op.used_values())

    def read_again(self, v: Value) -> tuple[Op, Value] | None:
        """A load of v or a store of it whose element no later store overwrites, and the last version of the array;
        or a load of an element that the loop around it has not written yet, and the array before the loop."""
        if v not in self.again:
            candidates = [s for s in self.stored_by.get(v, []) if self.home[s.result] is self.home[v]]
            load = v.op if v.op is not None and v.op.opcode == "load" else None
            if load is not None:
                candidates.append(load)
            found = next(((c, self.webs[c.operands[0]].last) for c in candidates if self.survives(c)), None)  # type: ignore[index]
            if found is None and load is not None:
                before = self.before_loop(load)
                found = (load, before) if before is not None else None
            self.again[v] = found
        return self.again[v]

    def survives(self, access: Op) -> bool:
        web = self.web_of(access)
        return web is not None and not any(self.accesses.may_overwrite(access, s) for s in web.stores)

    def before_loop(self, load: Op) -> Value | None:
        """The array at the start of the outermost loop around a load, if the loop cannot have written the element."""
        web, chain = self.web_of(load), self.chain(load.result)
        if web is None or not chain or chain[0][0].opcode not in ("for", "while"):
            return None
        outermost = chain[0][0]
        loop = loop_of(outermost)
        carried = [x for x, p in zip(loop.inits, loop.params, strict=True) if self.webs.get(p) is web]
        if len(carried) != 1 or not isinstance(carried[0], Value):
            return None
        inside = set(outermost.regions[-1].walk())
        if any(self.accesses.may_overwrite(s, load) for s in web.stores if s in inside):
            return None
        return carried[0]

    def web_of(self, access: Op) -> Web | None:
        array = access.operands[0]
        return self.webs.get(array) if isinstance(array, Value) else None

    def recomputable(self, v: Value) -> bool:
        op = v.op
        if op is None or op.regions or len(op.results) != 1:
            return False
        entry = opdef(op.opcode)
        if entry.kind in ("control", "effect", "tape") and op.opcode != "extent":
            return False
        if op.opcode in ("store", "accum", "empty"):
            return False
        if entry.kind in ("linalg", "reduction"):
            return False
        if op.opcode in ("div", "pow", "mod", "floordiv") and v.type.weak:
            return entry.cost < 10
        return entry.cost < 10 and not op.attrs.get("math")

    # -- rewriting ------------------------------------------------------------------------------------
    def rewrite(self, region: Region) -> None:
        for op in list(region.ops):
            outside = [v for v in op.used_values() if not self.in_scope(v, region)]
            if outside:
                sub = Substitution({v: self.materialise(v) for v in dict.fromkeys(outside)})
                op.operands = [sub.operand(x) for x in op.operands]
                op.attrs = {k: sub.attr(a) for k, a in op.attrs.items()}
                for r in op.results:
                    r.type = sub.type(r.type)
            for inner in op.regions:
                for p in inner.params:
                    outside = [v for d in p.type.shape for v in d.values() if not self.in_scope(v, region)]
                    if outside:
                        p.type = Substitution({v: self.materialise(v) for v in outside}).type(p.type)
                self.rewrite(inner)
        region.yields = [
            self.materialise(y) if isinstance(y, Value) and not self.in_scope(y, region) else y for y in region.yields
        ]

    def materialise(self, v: Value) -> Operand:
        """An operand, visible in the reverse region that undoes v's region, equal to v at that iteration."""
        if v in self.made:
            return self.made[v]
        home = self.home[v]
        target = self.partner[home]
        if self.freely_available(v):
            out: Operand = target.params[0]
        elif v in self.kept:
            out = self.as_weak(self.keep(v, target), v, target)
        else:
            out = self.as_weak(self.recompute(v, target), v, target)
        self.made[v] = out = self.renamed(out, v, target)
        return out

    def renamed(self, x: Operand, v: Value, target: Region) -> Operand:
        """`x` with its extents by the names that they have in the reverse sweep: what was stored or kept may know
        them by others."""
        inside = [y for d in v.type.shape for y in d.values()]
        if not inside or not isinstance(x, Value):
            return x
        shape = self.mapped(inside, target).type(v.type).shape
        if x.type.shape == shape:
            return x
        reshape = Op("reshape", [x], {"shape": shape}, [x.type.with_shape(shape)], hints=[v.hint])
        self.emit(target, reshape)
        return reshape.result

    def as_weak(self, x: Operand, v: Value, target: Region) -> Operand:
        """`x`, read from memory in place of `v`: a Python number again if v is one and the program has dtypes
        that such a number does not widen (memory knows dtypes only)."""
        if not v.type.weak or x.type.weak or not self.narrow:
            return x
        cast = Op("cast", [x], {"dtype": v.type.dtype, "weak": True}, [v.type], hints=[v.hint])
        self.emit(target, cast)
        return cast.result

    def here(self, x: Operand, target: Region) -> Operand:
        if isinstance(x, Value) and not self.in_scope(x, target):
            return self.materialise(x)
        return x

    def mapped(self, values: list[Value], target: Region) -> Substitution:
        return Substitution({v: self.here(v, target) for v in values})

    def emit(self, target: Region, op: Op) -> None:
        op.attrs["reverse"] = True
        self.prologue.setdefault(target, []).append(op)
        for r in op.results:
            self.home[r] = target

    def recompute(self, v: Value, target: Region) -> Operand:
        again = self.read_again(v)
        if again is not None:
            access, version = again
            at = index_operands(access)
            sub = self.mapped([x for x in access.used_values() if x is not access.operands[0] and x is not v], target)
            scratch = Region()
            index = tuple(sub.attr(i) for i in access.attrs["index"])
            Builder(scratch, access.loc).emit(
                "load",
                self.here(version, target),
                *[sub.operand(x) for x in at],
                index=index,
                hint=v.hint,
            )
            scratch.ops[0].attrs["retained"] = "read again: no later store overwrites it"
            self.emit(target, scratch.ops[0])
            return scratch.ops[0].result
        assert v.op is not None, v
        sub = self.mapped(list(v.op.used_values()), target)
        op = sub.clone_op(v.op)
        is_load = op.opcode == "load"
        op.attrs["retained"] = (
            "read again: nothing overwrites its array" if is_load else "computed again: cheaper than to keep it"
        )
        self.emit(target, op)
        return op.results[0]

    # -- keeping ----------------------------------------------------------------------------------------
    def why_kept(self, v: Value) -> str:
        """For the user: the decision and its reason (see `compiler/memory.py`)."""
        if v in self.logged:
            return "logged: overwritten in place, and put back by the reverse sweep, which reads it"
        if v.op is None:
            return "taped: each iteration replaces it"
        if self.recomputable(v):
            return "taped: what it is computed from takes more memory"
        if v.op.opcode == "load":
            return "taped: its place is overwritten later"
        return f"taped: {v.op.opcode} is too dear to compute again"

    def keep(self, v: Value, target: Region) -> Operand:
        chain = self.chain(v)
        loops = [(op, region) for op, region in chain if op.opcode in ("for", "while")]
        if not loops:
            return self.keep_in_slot(v, chain, target)
        extents = [self.trip_count(op) for op, _ in loops]
        outermost = chain[0]
        if all(e is not None for e in extents):
            shape = [e for e in extents if e is not None] + list(v.type.shape)
            if all(self.visible_before(d, outermost) for d in shape):
                return self.keep_by_iteration(v, chain, loops, shape, target)
        return self.keep_last_in_first_out(v, chain, target)

    def visible_before(self, d: Dim, outermost: tuple[Op, Region]) -> bool:
        """Whether an extent is known before the outermost forward op starts."""
        top = self.owner[outermost[1]][1]
        before = set(top.params)
        for op in top.ops:
            if op is outermost[0]:
                break
            before.update(op.results)
        return all(v in before for v in d.values())

    def trip_count(self, op: Op) -> Dim | None:
        if op.opcode != "for" or op.attrs.get("stop"):
            return None
        loop = loop_of(op)
        assert loop.lo is not None and loop.hi is not None and loop.step is not None
        step = as_dim(loop.step)
        if not step.is_const:
            return None
        lo, hi, s = as_dim(loop.lo), as_dim(loop.hi), step.const
        trips = (hi - lo + (s - 1)) // s if s > 0 else (lo - hi + (-s - 1)) // (-s)
        return trips.max(0)

    def tape_call(self, forward: Op, back: Op) -> None:
        """Tapes of its own for a call whose reverse is a call too (`transforms.split`)."""
        from .split import TAPES

        for t in TAPES:
            chain = self.chain(forward.results[0])
            outermost = chain[0][0] if chain else forward
            top = self.owner[chain[0][1]][1] if chain else self.home[forward.results[0]]
            new = Op("tape_new", [], {"dtype": t.dtype}, [t], None, forward.loc, ["tape"])
            top.ops.insert(top.ops.index(outermost), new)
            self.home[new.result] = top
            tape: Operand = new.result
            for op, around in ((forward, chain), (back, self.partners(chain))):
                inner, close = self.thread(around, tape, t, "tape")
                op.operands.append(inner)
                result = Value(t, "tape", op)
                op.results.append(result)
                tape = close(result)

    def partners(self, chain: list[tuple[Op, Region]]) -> list[tuple[Op, Region]]:
        """The chain of reverse ops and regions that undoes a chain of forward ones."""
        return [(self.owner[self.partner[r]][0], self.partner[r]) for _, r in chain]

    def insert_after_definition(self, v: Value, op: Op) -> None:
        region = self.home[v]
        at = 0 if v.op is None else region.ops.index(v.op) + 1
        region.ops.insert(at, op)
        for r in op.results:
            self.home[r] = region

    def keep_in_slot(self, v: Value, chain: list[tuple[Op, Region]], target: Region) -> Operand:
        """A value of a branch at the top: one more result of the branch."""
        for op, region in reversed(chain):
            v = self.result_of_branch(v, op, region)
        return v

    def result_of_branch(self, v: Value, op: Op, region: Region) -> Value:
        """A value of one region of an `if` as a result of it; so are the extents of it that only this branch knows.
        In the other branch, which never reads them, they are 0."""
        if (v, op) in self.slots:
            return self.slots[v, op]
        outer = self.owner[region][1]
        inside = {x for d in v.type.shape for x in d.values() if not self.in_scope(x, outer)}
        known = Substitution({x: self.result_of_branch(x, op, region) for x in sorted(inside, key=lambda x: x.id)})
        other = Substitution(dict.fromkeys(inside, constant(0, INT)))
        for r in op.regions:
            if r is region:
                r.yields.append(v)
            elif not v.type.shape:
                r.yields.append(constant(0, v.type.strong))
            else:
                dummy = Builder(r, op.loc).emit("empty", shape=other.type(v.type).shape, dtype=v.type.dtype)
                self.home[dummy] = r
                r.yields.append(dummy)
        result = Value(known.type(v.type).strong, v.hint, op)
        op.results.append(result)
        self.home[result] = outer
        self.slots[v, op] = result
        return result

    def thread(self, chain: list[tuple[Op, Region]], init: Operand, t: Type, hint: str) -> tuple[Operand, Any]:
        """Carry a value through nested control ops; gives the innermost value, and a function that takes
        the innermost new value and returns the outermost result."""
        inner: Operand = init
        incoming: list[Operand] = []
        for op, region in chain:
            incoming.append(inner)
            if op.opcode == "if":
                continue
            op.operands.append(inner)
            for r in op.regions:
                p = Value(t, hint)
                r.params.append(p)
                self.home[p] = r
                if r is region:
                    inner = p

        def close(new: Operand) -> Value:
            for (op, region), came in zip(reversed(chain), reversed(incoming), strict=True):
                if op.opcode == "if":
                    for r in op.regions:
                        r.yields.append(new if r is region else came)
                else:
                    region.yields.append(new)
                result = Value(t, hint, op)
                op.results.append(result)
                self.home[result] = self.owner[region][1]
                new = result
            assert isinstance(new, Value)
            return new

        return inner, close

    def keep_by_iteration(
        self,
        v: Value,
        chain: list[tuple[Op, Region]],
        loops: list[tuple[Op, Region]],
        shape: list[Dim],
        target: Region,
    ) -> Operand:
        """An entry of a preallocated tape for each iteration of the loops around v. See Note [Successors]."""
        pair = self.successors.get(v)
        if pair is None:
            final, offset = self.tape(v, chain, loops, shape), 0
        else:
            carried, successor = pair
            if carried not in self.shared:
                longer = [*shape[: len(loops) - 1], shape[len(loops) - 1] + 1, *shape[len(loops) :]]
                self.shared[carried] = self.tape(successor, chain, loops, longer, carried)
            final, offset = self.shared[carried], int(v is successor)
        # the reverse region reads its entry
        scratch = Region()
        b = Builder(scratch, v.op.loc if v.op else chain[0][0].loc)
        ivs: list[Operand] = []
        for op, region in loops:
            back = self.partner[region]
            number = self.iteration(op, region.params[0])
            sub = self.mapped(list(number.values()), target)
            sub.map[region.params[0]] = back.params[0]
            ivs.append(b.extent(sub.dim(number) + (offset if op is loops[-1][0] else 0)))
        shape_sub = self.mapped([x for d in v.type.shape for x in d.values()], target)
        index = (*[At() for _ in loops], *[Span(Dim.of(0), shape_sub.dim(d)) for d in v.type.shape])
        b.emit("load", final, *ivs, index=index, hint=v.hint)
        for op in scratch.ops:
            self.emit(target, op)
        return scratch.ops[-1].results[0]

    def tape(
        self,
        v: Value,
        chain: list[tuple[Op, Region]],
        loops: list[tuple[Op, Region]],
        shape: list[Dim],
        carried: Value | None = None,
    ) -> Value:
        """The last version of a new tape that v is stored to; one entry later, after what `carried` starts from,
        where v is the successor of `carried`."""
        first, region = chain[0]
        top = self.owner[region][1]
        hint = f"{v.hint or 'v'}_tape"
        tape_type = Type(v.type.dtype, tuple(shape))
        attrs = {"shape": tape_type.shape, "dtype": v.type.dtype, "retained": self.why_kept(v)}
        allocate = Op("empty", [], attrs, [tape_type], None, first.loc, [hint])
        top.ops.insert(top.ops.index(first), allocate)
        self.home[allocate.result] = top
        inner, close = self.thread(chain, allocate.result, tape_type, hint)
        index: Index = (*[At() for _ in loops], *[Span(Dim.of(0), d) for d in v.type.shape])
        numbers = [self.iteration(op, region.params[0]) for op, region in loops]
        if carried is not None:
            self.store_start(carried, loops[-1][0], numbers[:-1], index, hint)
            numbers[-1] = numbers[-1] + 1
        scratch = Region()
        b = Builder(scratch, v.op.loc if v.op else first.loc)
        stored = b.emit("store", inner, *[b.extent(n) for n in numbers], v, index=index, hint=hint)
        for op in reversed(scratch.ops):
            self.insert_after_definition(v, op)
        final: Value = close(stored)
        return final

    def store_start(self, carried: Value, loop: Op, outer: list[Dim], index: Index, hint: str) -> None:
        """Store what a carried value starts from at entry 0 of the tape, which is the loop's last operand."""
        body = self.home[carried]
        around = self.owner[body][1]
        parts = loop_of(loop)
        start = parts.inits[parts.params.index(carried)]
        scratch = Region()
        b = Builder(scratch, loop.loc)
        at = [*(b.extent(n) for n in outer), constant(0)]
        loop.operands[-1] = b.emit("store", loop.operands[-1], *at, start, index=index, hint=hint)
        where = around.ops.index(loop)
        around.ops[where:where] = scratch.ops
        for op in scratch.ops:
            self.home[op.result] = around

    def find_successors(self) -> None:
        """See Note [Successors]."""
        for op in self.forward_ops:
            if op.opcode != "for" or op.regions[0] not in self.partner:
                continue
            parts = loop_of(op)
            for p, y in zip(parts.params, parts.yields, strict=True):
                if (
                    p in self.kept
                    and y in self.kept
                    and isinstance(y, Value)
                    and y not in self.successors
                    and y.op is not None
                    and self.home[y] is op.regions[0]
                    and y.type.strong == p.type.strong
                    and not {p, y} & self.logged
                ):
                    self.successors[p] = self.successors[y] = (p, y)

    def iteration(self, op: Op, iv: Value) -> Dim:
        loop = loop_of(op)
        assert loop.lo is not None and loop.step is not None
        offset, step = Dim.of(iv) - as_dim(loop.lo), as_dim(loop.step)
        if step == 1:
            return offset
        if step == -1:
            return -offset
        return offset // step if step.const > 0 else (-offset) // (-step)

    def keep_last_in_first_out(self, v: Value, chain: list[tuple[Op, Region]], target: Region) -> Operand:
        """A growing tape, pushed where v is made and popped at the start of the reverse region."""
        first, region = chain[0]
        top = self.owner[region][1]
        hint = f"{v.hint or 'v'}_tape"
        tape_type = Type(v.type.dtype, tape=True)
        attrs = {"dtype": v.type.dtype, "retained": self.why_kept(v)}
        new = Op("tape_new", [], attrs, [tape_type], None, first.loc, [hint])
        top.ops.insert(top.ops.index(first), new)
        self.home[new.result] = top
        inner, close = self.thread(chain, new.result, tape_type, hint)
        push = Op("tape_push", [inner, v], {}, [tape_type], None, v.op.loc if v.op else first.loc, [hint])
        self.insert_after_definition(v, push)
        final = close(push.result)
        sub = self.mapped([x for d in v.type.shape for x in d.values()], target)
        shape = tuple(sub.dim(d) for d in v.type.shape)
        inner, close = self.thread(self.partners(chain), final, tape_type, hint)
        pop = Op(
            "tape_pop",
            [inner],
            {"shape": shape},
            [tape_type, Type(v.type.dtype, shape)],
            None,
            push.loc,
            [hint, v.hint],
        )
        self.emit(target, pop)
        close(pop.results[0])
        return pop.results[1]


def stores_by_value(fn: Function) -> dict[Value, list[Op]]:
    """The stores that put a value, whole and unconverted, into an array."""
    out: dict[Value, list[Op]] = {}
    for op in fn.body.walk():
        if op.opcode == "store":
            v, array = op.operands[-1], op.operands[0]
            index = op.attrs["index"]
            if not isinstance(v, Value) or v.type.dtype != array.type.dtype or has_gather(op):
                continue
            if indexed_shape(array.type.shape, index, index_operands(op)) == v.type.shape:
                out.setdefault(v, []).append(op)
    return out


def drop_unused(body: Region) -> None:
    """Remove pure ops of the reverse sweep without uses, so that nothing is kept for them."""
    while _prune(body, _used_values(body)):
        pass


def _used_values(body: Region) -> set[Value]:
    used: set[Value] = set()

    def visit(region: Region) -> None:
        used.update(x for p in region.params for d in p.type.shape for x in d.values())
        for op in region.ops:
            used.update(op.used_values())
            for r in op.regions:
                visit(r)
        used.update(y for y in region.yields if isinstance(y, Value))

    visit(body)
    return used


def _prune(region: Region, used: set[Value]) -> bool:
    changed = False
    kept = []
    for op in region.ops:
        pure = not op.regions and opdef(op.opcode).kind not in ("control", "effect", "tape")
        if pure and op.attrs.get("reverse") and not any(r in used for r in op.results):
            changed = True
            continue
        for r in op.regions:
            changed |= _prune(r, used)
        kept.append(op)
    region.ops = kept
    return changed
