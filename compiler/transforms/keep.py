"""Keeping values of the forward sweep for the reverse sweep: results of branches, tapes by iteration, stacks.

Note [Successors]. Where both a carried value and the value that the body yields for it are kept (``h = tanh(h @ w)``:
the product reads the old one, tanh the new one), the one of an iteration is the other of the one before. They share
a tape: entry 0 is what the loop starts from, entry t + 1 what iteration t yields.
"""

from __future__ import annotations

from abc import abstractmethod

from ..analysis.structure import loop_of, trip_count
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import At, Function, Index, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..ir.types import INT, Type
from .sweeps import Sweeps


class Keeper(Sweeps):
    """How a value that was chosen to be kept gets from the one sweep to the other."""

    def __init__(self, fn: Function):
        super().__init__(fn)
        self.kept: set[Value] = set()
        self.logged: set[Value] = set()  # what rolled back stores overwrite
        self.slots: dict[tuple[Value, Op], Value] = {}  # values of branches that are results of them too
        self.successors: dict[Value, tuple[Value, Value]] = {}
        self.shared: dict[Value, Value] = {}  # carried value -> the tape that it shares with its successor

    @abstractmethod
    def mapped(self, values: list[Value], target: Region) -> Substitution:
        """What values of the forward sweep are in a region of the reverse sweep."""

    @abstractmethod
    def why_kept(self, v: Value) -> str:
        """For the user: the decision and its reason (see `compiler/memory.py`)."""

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
        return trip_count(as_dim(loop.lo), as_dim(loop.hi), step.const).max(0)

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
