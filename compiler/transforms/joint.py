"""Joint reversal: the forward and the reverse sweep of independent iterations in one loop.

A loop that adds something up, one sample, path or row an iteration, hands the same cotangent to every iteration, and no
adjoint flows from one iteration to another. Where that cotangent is known before the loop, each iteration is followed
by its own reverse sweep: what the reverse reads is kept for one iteration, not for all (Griewank's joint reversal; the
independent iterations of Hascoët, Fidanova and Held, 2001).

Before (split)::                                 after (joint)::

    %total = for 0, n, 1, 0.0 {                      %g = <the cotangent of %total>
      ... %y = f(%i) ...                             %total, %x_adj = for 0, n, 1, 0.0, 0.0 {
      yield %total1 + %y                               ... %y = f(%i) ...
    }                                                  ... the reverse of f(%i), seeded with %g ...
    %g = <the cotangent of %total>                     yield %total1 + %y, %x_adj1 + %contribution
    %x_adj = for n - 1, -1, -1, 0.0 { ... }          }

What is carried must be added to only, or written at places that belong to one iteration, and not be read
(`_Sums`); arrays must not be changed in any other way, so that what an iteration reads is not overwritten before its
reverse sweep reads it again; and nothing may print, which would show the order. `retain` then treats an iteration as a
function of its own. Loops that hold loops which do not wait for themselves (a sum over pairs, a convolution, a product)
stay apart, too: they are vectorised and interchanged one by one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from ..analysis.bounds import Facts, index_range, linear_split, prove_nonneg
from ..analysis.dataflow import defined_inside, region_uses
from ..analysis.effects import is_pure
from ..analysis.structure import Loop, free_values, loop_of
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Gather, New, Op, Operand, Region, Substitution, Value, as_dim
from ..rules.expr import E
from ..rules.indexing import index_operands, same_index
from .lanes import SUMS, all_serial

if TYPE_CHECKING:
    from .reverse import Sweep

Adjoints = dict[Value, E]


@final
@dataclass(slots=True, eq=False)
class Joint:
    """Of a loop that holds both sweeps of its iterations: what its reverse ops undo, and its forward ops."""

    pairs: dict[Op, Op]
    forward_ops: set[Op]


def reverse_jointly(sweep: Sweep, loop: Loop) -> bool:
    """Put the reverse of `loop` into its forward copy, if that is right; say whether it was done."""
    o, here = sweep.o, sweep.here
    forward = o.clone_of(loop.op)
    written = None if here is None else _independent(loop, o.active, o.callees)
    if here is None or written is None:
        return False
    carried = [k for k, p in enumerate(loop.params) if p in o.active or loop.results[k] in o.active]
    at = here.ops.index(forward)
    later = {r: op for op in here.ops[at:] for r in op.results}
    seeds = {k: sweep.adj[loop.results[k]] for k in carried if loop.results[k] in sweep.adj}
    moved: dict[Op, None] = {}
    if not all(_known_before(g.v, later, moved) for g in seeds.values()):
        return False
    outside = [v for v in free_values([loop.body]) if v in o.active]
    starts: Adjoints = {}
    for v in outside:
        if v in sweep.adj and _known_before(sweep.adj[v].v, later, moved):
            starts[v] = sweep.adj.pop(v)
    known = _move(here, forward, moved)
    for v, g in starts.items():
        starts[v] = E(sweep.b, known.operand(g.v), True)
    for k, g in seeds.items():
        sweep.adj[loop.results[k]] = E(sweep.b, known.operand(g.v), True)
    before = Region()
    with sweep.b.into(before):
        whole = {k: sweep.full(sweep.take(loop.results[k]), loop.params[k].type) for k in carried}
        inits = [sweep.full(starts.get(v), v.type) for v in outside]
    # the adjoint of an array is cleared where iterations write
    cleared = [k for k in carried if k in written]
    inits += [whole[k] for k in cleared]
    names = [*outside, *(loop.params[k] for k in cleared)]
    region = forward.regions[0]
    given = set(region.ops)
    joint = Joint({}, given)
    params = [Value(e.type.strong, f"{v.hint or 'v'}_adj") for e, v in zip(inits, names, strict=True)]
    region.params += params
    b = Builder(region, sweep.b.loc)
    adj: Adjoints = {v: E(b, p, True) for v, p in zip(outside, params, strict=False)}
    inner = type(sweep)(o, b, adj, region)
    of_cleared = dict(zip(cleared, params[len(outside) :], strict=True))
    for k in carried:
        inner.add(loop.yields[k], E(b, of_cleared.get(k, whole[k].v), True))
    pairs, o.pairs = o.pairs, joint.pairs
    inner.region(loop.body)
    o.pairs = pairs
    region.yields += [inner.full(adj.get(v), v.type).v for v in outside]
    region.yields += [inner.full(adj.get(loop.params[k]), loop.params[k].type).v for k in cleared]
    o.joints[forward] = joint
    joint.forward_ops = end_forward(region, given)
    where = here.ops.index(forward)
    here.ops[where:where] = before.ops
    forward.operands += [e.v for e in inits]
    results = [Value(p.type, p.hint, forward) for p in params]
    forward.results += results
    for v, r in zip(outside, results, strict=False):
        sweep.add(v, E(sweep.b, r, True))
    of_cleared = dict(zip(cleared, results[len(outside) :], strict=True))
    for k in carried:
        sweep.add(loop.inits[k], E(sweep.b, of_cleared.get(k, whole[k].v), True))
    return True


def end_forward(region: Region, given: set[Op]) -> set[Op]:
    """The ops of the forward sweep, now that the reverse sweep stands after it: the ones `given`, and what has gone
    before some of them. All others are marked."""
    for op in region.ops:
        if op not in given:
            mark_reverse(op)
    turn = max((k + 1 for k, op in enumerate(region.ops) if op in given), default=0)
    return set(region.ops[:turn])


def mark_reverse(op: Op) -> None:
    """Say of an op, and of those in its regions, that it belongs to the reverse sweep."""
    op.attrs["reverse"] = True
    for r in op.regions:
        for inner in r.walk():
            inner.attrs["reverse"] = True


def _move(here: Region, forward: Op, moved: dict[Op, None]) -> Substitution:
    """Bring ops to the place before `forward`. One that may raise stays where it is, for that, and what needs its
    value gets it from one that does not raise."""
    sub = Substitution()
    at = here.ops.index(forward)
    for op in [op for op in here.ops if op in moved]:
        if is_pure(op):
            here.ops.remove(op)
            op.operands = [sub.operand(x) for x in op.operands]
            here.ops.insert(at, op)
            at += 1
        else:
            attrs = _quiet(op)
            assert attrs is not None
            b = Builder(Region(), op.loc)
            made = b.op(op.opcode, *(sub.operand(x) for x in op.operands), attrs=attrs, hint=op.result.hint).result
            if made.type != op.result.type:
                made = b.emit("cast", made, dtype=made.type.dtype, weak=op.result.type.weak)
            sub.map[op.result] = made
            here.ops[at:at] = b.region.ops
            at += len(b.region.ops)
    return sub


def _quiet(op: Op) -> dict[str, Any] | None:
    """The attributes with which an op gives the same value and an infinity or NaN where it would raise; None where
    there are none."""
    if op.attrs.get("math"):
        return {k: a for k, a in op.attrs.items() if k != "math"}
    return {**op.attrs, "ieee": True} if op.opcode == "div" else None


def _known_before(x: Operand, later: dict[Value, Op], moved: dict[Op, None]) -> bool:
    """Whether a value is known where `later` starts, once some pure ops, added to `moved`, have gone there."""
    found: dict[Op, None] = {}
    work = [x]
    while work:
        v = work.pop()
        op = later.get(v) if isinstance(v, Value) else None
        if op is None or op in found or op in moved:
            continue
        if op.regions or not (is_pure(op) or _quiet(op) is not None):
            return False
        found[op] = None
        work += op.used_values()
    moved.update(found)
    return True


def _independent(loop: Loop, active: set[Value], callees: dict[str, Function]) -> set[int] | None:
    """The carries to which iterations store, where no adjoint flows from one iteration to another, and no iteration
    overwrites what another one reads; None where that may not be so."""
    if loop.iv is None or loop.stops or any(_shows(op, callees, set()) for op in loop.body.walk()):
        return None
    if not all_serial(loop.body.ops, SUMS):
        return None  # sums over pairs, windows and products: better in other orders, each sweep on its own
    stored: set[int] = set()
    uses = Counter(region_uses(loop.body))
    for k, (p, y, result) in enumerate(zip(loop.params, loop.yields, loop.results, strict=True)):
        if p.type.tape:
            return None
        matters = bool(p.type.shape) or p in active or result in active
        if matters and y is not p:
            sums = _Sums(loop, p, uses)
            if not sums.has(y):
                return None
            if sums.stores:
                stored.add(k)
    return stored


def _shows(op: Op, callees: dict[str, Function], seen: set[str]) -> bool:
    """Whether an op shows when it runs: it prints, or calls what does, or has a rule of its own, which may."""
    if op.opcode == "print":
        return True
    if op.opcode != "call" or op.attrs["callee"] in seen:
        return False
    name = op.attrs["callee"]
    callee = callees.get(name)
    if callee is None or "custom_vjp" in callee.attrs or "custom_jvp" in callee.attrs:
        return True
    return any(_shows(inner, callees, seen | {name}) for inner in callee.body.walk())


class _Sums:
    """The values in a loop's body that are what the loop carries plus something that does not depend on it.

    Elements of an array may be added to, as ``accum`` does or by a load, an addition and a store; and they may be
    stored, at places that belong to the iteration: the loop's index selects them.
    """

    def __init__(self, loop: Loop, p: Value, uses: Counter[Value]):
        self.loop = loop
        self.uses = uses
        self.additions: list[Op] = []
        self.stores: list[Op] = []
        self.elements: dict[Operand, Op] = {}  # a loaded element, and what it is after an addition -> the load
        self.added: set[Operand] = set()
        self.sums: set[Operand] = {p}
        self.broken = False
        self._region(loop.body)

    def has(self, y: Operand) -> bool:
        """Whether `y` is such a value and none of them is read in another way."""
        if self.broken or y not in self.sums:
            return False
        if not any(op not in self.additions for op in self.stores):
            return True
        # an addition must keep to the places of its iteration, too
        places = [self._own_places(op) for op in dict.fromkeys((*self.stores, *self.additions))]
        return bool(set.intersection(*places))

    def _region(self, region: Region) -> None:
        for op in region.ops:
            self._op(op)

    def _op(self, op: Op) -> None:
        mine = [k for k, x in enumerate(op.operands) if x in self.sums]
        if op.opcode in ("for", "while"):
            self._loop(op)
        elif op.opcode == "if":
            self.broken |= bool(mine)
            for r in op.regions:
                self._region(r)
            for k, result in enumerate(op.results):
                self._join([r.yields[k] for r in op.regions], result)
        elif op.opcode == "load" and mine == [0] and self.uses[op.result] == 1 and not op.result.type.shape:
            self.elements[op.result] = op
        elif any(x in self.elements for x in op.operands):
            self._element(op, mine)
        elif not mine:
            return
        elif op.opcode == "where" and mine == [1, 2]:
            self.sums.add(op.result)
        elif len(mine) > 1 or len(op.results) != 1 or op.result.type.strong != op.operands[mine[0]].type.strong:
            self.broken = True
        elif op.opcode == "add" or (op.opcode in ("sub", "accum", "store") and mine == [0]):
            if op.opcode == "accum":
                self.additions.append(op)
            elif op.opcode == "store":
                self.stores.append(op)
            self.sums.add(op.result)
        else:
            self.broken = True

    def _element(self, op: Op, mine: list[int]) -> None:
        """An element that was loaded from a sum: it has to be added to, and go back to its place."""
        (k, *others) = [k for k, x in enumerate(op.operands) if x in self.elements]
        x = op.operands[k]
        load = self.elements[x]
        if others:
            self.broken = True
        elif op.opcode == "store" and mine == [0] and k == len(op.operands) - 1 and x in self.added:
            self.broken |= op.operands[0] is not load.operands[0] or not same_index(load, op)
            self.stores.append(op)
            self.additions.append(op)
            self.sums.add(op.result)
        elif not mine and (op.opcode == "add" or (op.opcode == "sub" and k == 0)):
            self.broken |= self.uses[op.result] != 1 or op.result.type.strong != x.type.strong
            self.elements[op.result] = load
            self.added.add(op.result)
        else:
            self.broken = True

    def _loop(self, op: Op) -> None:
        loop = loop_of(op)
        if any(x in self.sums or x in self.elements for x in op.operands[: len(op.operands) - len(loop.inits)]):
            self.broken = True
        self.broken |= any(x in self.elements for x in loop.inits)
        carries = list(zip(loop.inits, loop.params, loop.yields, loop.results, strict=True))
        self.sums.update(p for x, p, _, _ in carries if x in self.sums)
        if op.opcode == "while":
            for x, p in zip(loop.inits, op.regions[0].params, strict=True):
                if x in self.sums:
                    self.sums.add(p)
            self._region(op.regions[0])
            self.broken |= any(y in self.sums for y in op.regions[0].yields)
        self._region(loop.body)
        if loop.stops:
            self.broken |= loop.body.yields[0] in self.sums
        for x, _, y, result in carries:
            self._join([x, y], result)

    def _join(self, ways: list[Operand], result: Value) -> None:
        """What comes from one of several places is a sum if it is one from each; a mixture is not."""
        among = [x in self.sums for x in ways]
        if all(among):
            self.sums.add(result)
        elif any(among) or any(x in self.elements for x in ways):
            self.broken = True

    def _own_places(self, op: Op) -> set[tuple[int, Dim]]:
        """By axis, the index of an access where it is another one in every iteration of the loop."""
        operands = iter(index_operands(op))
        items = [i for i in op.attrs["index"] if not isinstance(i, New)]
        taken = [next(operands) if isinstance(i, (At, Gather)) else None for i in items]
        found = set()
        for axis, (item, x) in enumerate(zip(items, taken, strict=True)):
            if isinstance(item, At) and x is not None and _differs(as_dim(x), self.loop):
                found.add((axis, as_dim(x)))
        return found


def _differs(place: Dim, loop: Loop) -> bool:
    """Whether a subscript is a different place in every iteration: it moves with the index of the loop and with nothing
    else in it, and is never negative."""
    assert loop.iv is not None
    split = linear_split(place, loop.iv)
    if split is None or not split[0].is_const or not split[0].const or not isinstance(loop.step, Const):
        return False
    factor, rest = split
    inside = defined_inside([loop.body])
    if any(v in inside for v in rest.values()):
        return False
    least, greatest = index_range(loop.op)
    return prove_nonneg((least if factor.const > 0 else greatest) * factor + rest, Facts())
