"""Makes stores destructive: inserts the copies that value semantics needs, and no others it can find.

In the result, every `store`, `accum` and op with ``mutates`` may write into the memory of its operand,
and carried and merged values may be passed by reference, without a change of what the function
returns; parameters that are not owned are never written, and every array returned is writable memory
of its own. See docs/codegen.md for which results are views.

    func f(%x: f64[n0]) -> (f64[n0]) {          func f(%x: f64[n0]) -> (f64[n0]) {
      %y = for 1, n0, 1, %x {                     %x1 = copy %x
        (%i, %c): ... store %c, ...         =>    %y = for 1, n0, 1, %x1 {
      }                                             (%i, %c): ... store %c, ...

Note [Where copies go]. A store conflicts with a value that is read later and may be the same memory.
The two are the same memory because of a chain of references (a view, an initial value of a loop, a
yield, ...), and a copy at any link of the chain resolves the conflict. The link outside the most loops
is taken, then the one with the smallest array, then the one in the most branches. A round
resolves one conflict of each set of arrays that may share memory; a link is cut once at most, so the rounds
end. At last every copy that turns out not to be needed, those of the program included, is taken out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..analysis.alias import FOREIGN, Aliases, Carried, Liveness, Numbering, in_memory, mutated_operands, references
from ..analysis.dataflow import regions_within
from ..errors import InternalError
from ..ir.dims import Dim
from ..ir.nodes import At, Function, Gather, Op, Operand, Region, Span, Value, as_dim, clone_function


def inplace(fn: Function) -> Function:
    """A copy of the function, and of its callees, in which every store may be destructive."""
    return each_function(fn, _inplace)


def each_function(fn: Function, change: Callable[[Function], Function]) -> Function:
    """What `change` makes of the function, with what it makes of its callees."""
    done = {name: change(callee) for name, callee in fn.callees.items()}
    result = change(fn)
    for f in [result, *done.values()]:
        f.callees = {name: done.get(name, callee) for name, callee in f.callees.items()}
    return result


def conflicts(fn: Function) -> list[str]:
    """What would go wrong if stores were destructive, in words; empty after `inplace`."""
    state = State(fn)
    return [
        f"{c.writer.opcode if c.writer else 'return'} of {c.written!r} destroys {c.victim!r}" for c in state.conflicts()
    ]


def _inplace(fn: Function) -> Function:
    fn = clone_function(fn)
    cut: set[tuple[Any, ...]] = set()
    rounds = 0
    while _resolve_some(fn, cut, hasty=rounds >= 8):
        rounds += 1
    _remove_needless_copies(fn)
    return fn


def _resolve_some(fn: Function, cut: set[tuple[Any, ...]], hasty: bool) -> bool:
    """One round of Note [Where copies go]; whether there was anything to do. `cut` has the links cut; a `hasty` round
    resolves all conflicts but those that a link of this round is sure to resolve, of the same memory too."""
    state = State(fn)
    chosen: dict[tuple[Any, ...], _Link] = {}
    touched = 0
    for conflict in state.conflicts():
        memory = state.aliases.closure(conflict.written) & ~FOREIGN
        if memory & touched and not hasty:
            continue  # may be resolved by a copy of this round already
        touched |= memory
        links = [link for link in state.chain(conflict) if link.key not in cut]
        if any(link.key in chosen for link in links):
            continue
        if not links:
            loc = conflict.writer.loc if conflict.writer else None
            raise InternalError(f"no copy can keep {conflict.victim!r}", loc)
        link = min(links, key=state.cost)
        chosen[link.key] = link
    for link in chosen.values():
        state.insert_copy(link)
    cut.update(chosen)
    return bool(chosen)


@dataclass(frozen=True, slots=True)
class _Conflict:
    """`writer` (None: the return) overwrites `written`, which may be the memory of `victim`; a victim
    None is foreign memory. `operand` is the number of the written operand, or of the yield."""

    writer: Op | None
    operand: int
    written: Value
    victim: Value | None


@dataclass(frozen=True, slots=True)
class _Link:
    """A place where a copy can be: before operand `slot` of `op` is read, after result `slot` of `op`
    is made, or at yield `slot` of `region`. `value` is what would be copied."""

    kind: str  # operand, result, yield
    slot: int
    value: Value
    op: Op | None = None
    region: Region | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.kind, self.slot, self.op if self.op is not None else self.region)


class State:
    """The analyses of one version of a function, and the search in them."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.numbering = Numbering(fn)
        self.aliases = Aliases(fn, self.numbering)
        self.live = Liveness(fn, self.numbering)
        self.parent: dict[Op, Region] = {}
        self.owner: dict[Region, Op] = {}
        self.position: dict[Op | Region, int] = {}
        self._index_regions(fn.body)
        self._writers = [(op, k) for op in fn.body.walk() for k in mutated_operands(op)]
        self._returned = self.numbering.mask(y for y in fn.body.yields if in_memory(y))

    def _index_regions(self, region: Region) -> None:
        self.position[region] = len(self.position)
        for op in region.ops:
            self.position[op] = len(self.position)
            self.parent[op] = region
            for r in op.regions:
                self.owner[r] = op
                self._index_regions(r)

    # -- conflicts --------------------------------------------------------------------------------
    def conflicts(self) -> Iterator[_Conflict]:
        """Every conflict, in program order."""
        for op, k in self._writers:
            yield from self._conflicts_of(op, k)
        yield from self._conflicts_of_return()

    def _conflicts_of(self, op: Op, k: int) -> Iterator[_Conflict]:
        written = op.operands[k]
        if not isinstance(written, Value):
            raise InternalError(f"{op.opcode} of a constant", op.loc)
        live = self.live.after[op] & ~self.numbering.mask(op.results)
        others = [x for j, x in enumerate(op.operands) if j != k]
        live |= self.numbering.mask(others) | FOREIGN
        endangered = live & self.aliases.closure(written)
        if endangered & FOREIGN:
            yield _Conflict(op, k, written, None)
        for victim in self.numbering.members(endangered):
            if not self._untouched(op, written, victim):
                yield _Conflict(op, k, written, victim)

    def _conflicts_of_return(self) -> Iterator[_Conflict]:
        yields = self.fn.body.yields
        for k, y in enumerate(yields):
            if not in_memory(y):
                continue
            assert isinstance(y, Value)
            closure = self.aliases.closure(y)
            if closure & FOREIGN:
                yield _Conflict(None, k, y, None)
            for j, other in enumerate(yields):
                if j < k and in_memory(other) and closure & self.numbering.mask([other]):
                    assert isinstance(other, Value)
                    yield _Conflict(None, k, y, other)

    def _untouched(self, op: Op, written: Value, victim: Value) -> bool:
        """Whether `victim` reads elements of the written array that this store leaves alone."""
        view = victim.op
        if op.opcode not in ("store", "accum") or view is None or view.opcode not in ("load", "block"):
            return False
        # the arrays that the operand of the store is a later version of
        versions = [written]
        while (made := versions[-1].op) is not None and made.opcode in ("store", "accum"):
            previous = made.operands[0]
            if not isinstance(previous, Value):
                break
            versions.append(previous)
        return view.operands[0] in versions and _disjoint(view, op)

    def surely_needs(self, copy: Op) -> bool:
        """Whether taking this copy out would certainly make a conflict: what refers to the copy would then
        share memory with what shares it with the original."""
        source = copy.operands[0]
        original, copied = self.aliases.closure(source), self.aliases.closure(copy.result)
        if self._returned & copied and (original & FOREIGN or self._returned & original):
            return True
        for op, k in self._writers:
            written = op.operands[k]
            assert isinstance(written, Value)
            bit = self.numbering.bit(written)
            live = self.live.after[op] & ~self.numbering.mask(op.results) | FOREIGN
            endangered = live & ((original if bit & copied else 0) | (copied if bit & original else 0))
            if endangered & FOREIGN:
                return True
            for victim in self.numbering.members(endangered & ~bit):
                if not self._untouched(op, written, victim):
                    return True
        return False

    # -- chains -----------------------------------------------------------------------------------
    def chain(self, conflict: _Conflict) -> list[_Link]:
        """The links of a shortest chain of references that makes the two the same memory."""
        start = (conflict.written, conflict.victim)
        last: list[_Link] = []
        if conflict.writer is not None:
            if in_memory(conflict.written):
                last.append(_Link("operand", conflict.operand, conflict.written, op=conflict.writer))
            # a victim that the writer itself reads can be copied just before, too
            for j, x in enumerate(conflict.writer.operands):
                if j != conflict.operand and x is conflict.victim and conflict.victim is not None:
                    only_here = not self.live.after[conflict.writer] & self.numbering.bit(conflict.victim)
                    if only_here:
                        last.append(_Link("operand", j, conflict.victim, op=conflict.writer))
        else:
            last.append(_Link("yield", conflict.operand, conflict.written, region=self.fn.body))
        came: dict[tuple[Value, Value | None], tuple[tuple[Value, Value | None], list[_Link]] | None] = {start: None}
        queue = deque([start])
        while queue:
            pair = queue.popleft()
            for previous, links in self._premises(*pair):
                if previous is None:
                    return [*self._links_to(pair, came), *links, *last]
                if previous not in came:
                    came[previous] = (pair, links)
                    queue.append(previous)
        return last

    @staticmethod
    def _links_to(pair: Any, came: dict[Any, Any]) -> list[_Link]:
        links: list[_Link] = []
        while came[pair] is not None:
            pair, more = came[pair]
            links += more
        return links

    def _premises(self, v: Value, w: Value | None) -> Iterator[tuple[tuple[Value, Value | None] | None, list[_Link]]]:
        """Pairs that are the same memory and make (v, w) the same memory by one reference, with the links
        that would undo it; None for a pair that is so by itself."""
        if v is w or (w is None and v.op is None and v in self.fn.params):
            yield None, []
            return
        if w is not None and self.numbering.index[v] < self.numbering.index[w]:
            v, w = w, v
        if w is None and v.op is not None and v.op.opcode == "broadcast_to":
            yield None, [_Link("result", 0, v, op=v.op)]
        for u, links in self._sources(v):
            if u is w or self._related(u, w):
                yield (u, w), links
        # two carried or merged values are the same memory when their sources are
        if w is not None:
            sources = list(self._paired_sources(v, w))
            for (a, links_a), (b, links_b) in sources:
                if a is b or self._related(a, b):
                    yield (a, b), links_a + links_b

    def _related(self, v: Value, w: Value | None) -> bool:
        return bool(self.aliases.closure(v) & (FOREIGN if w is None else self.numbering.bit(w)))

    def _sources(self, v: Value) -> Iterator[tuple[Value, list[_Link]]]:
        """What `v` may refer to, with the places where a copy ends that."""
        for u, links, _, _ in self._sources_by_edge(v):
            yield u, links

    def _paired_sources(self, v: Value, w: Value) -> Iterator[Any]:
        for a, links_a, where_a, edge_a in self._sources_by_edge(v):
            for b, links_b, where_b, edge_b in self._sources_by_edge(w):
                if where_a is where_b and edge_a == edge_b:
                    yield (a, links_a), (b, links_b)

    def _sources_by_edge(self, v: Value) -> Iterator[tuple[Value, list[_Link], Any, str]]:
        """(source, links, where, edge): values of one op that arrive by the same edge (from outside, by
        the back edge, out of a branch) are simultaneous."""
        op = v.op
        if op is None:
            region = self._region_of_param(v)
            if region is None:
                return
            loop = Carried(self.owner[region])
            if v in loop.params:
                k = loop.params.index(v)
                yield from self._operand_source(loop.inits[k], _Link, loop.op, loop.first_init + k, "enter")
                yield from self._yield_source(loop.yields[k], loop.body, loop.first_yield + k, loop.op, "again")
            else:
                k = loop.body_params.index(v)
                yield loop.params[k], [], loop.op, "same"
        elif op.opcode == "if":
            k = op.results.index(v)
            for number, r in enumerate(op.regions):
                yield from self._yield_source(r.yields[k], r, k, op, f"branch {number}")
        elif op.regions:
            loop = Carried(op)
            if v in loop.results:
                yield loop.params[loop.results.index(v)], [], op, "leave"
        else:
            for result, k in references(op):
                if result is v:
                    source = op.operands[k]
                    if not isinstance(source, Value):  # a constant has memory of its own
                        continue
                    links = []
                    if v.type.is_array and not mutated_operands(op):
                        links.append(_Link("result", op.results.index(v), v, op=op))
                    elif source.type.is_array:
                        links.append(_Link("operand", k, source, op=op))
                    yield source, links, op, f"operand {k}"

    @staticmethod
    def _operand_source(x: Operand, link: Any, op: Op, slot: int, edge: str) -> Iterator[Any]:
        if in_memory(x):
            assert isinstance(x, Value)
            yield x, [_Link("operand", slot, x, op=op)] if x.type.is_array else [], op, edge

    @staticmethod
    def _yield_source(x: Operand, region: Region, slot: int, op: Op, edge: str) -> Iterator[Any]:
        if in_memory(x):
            assert isinstance(x, Value)
            yield x, [_Link("yield", slot, x, region=region)] if x.type.is_array else [], op, edge

    def _region_of_param(self, v: Value) -> Region | None:
        for region in self.owner:
            if v in region.params:
                return region
        return None

    # -- copies -----------------------------------------------------------------------------------
    def cost(self, link: _Link) -> tuple[Any, ...]:
        """See Note [Where copies go]."""
        region = link.region if link.op is None else self.parent[link.op]
        loops = branches = 0
        while region is not None and region in self.owner:
            op = self.owner[region]
            loops += op.opcode != "if"
            branches += op.opcode == "if"
            region = self.parent[op]
        where = link.op if link.op is not None else link.region
        assert where is not None
        return (loops, _extent_rank(link.value.type.size), -branches, self.position[where], link.slot)

    def insert_copy(self, link: _Link) -> None:
        """Copy at the link; the copy takes the name of the original."""
        if link.kind == "yield":
            assert link.region is not None
            region, at = link.region, len(link.region.ops)
            loc = region.ops[-1].loc if region.ops else self.owner[region].loc if region in self.owner else None
        else:
            assert link.op is not None
            region, loc = self.parent[link.op], link.op.loc
            at = region.ops.index(link.op) + (link.kind == "result")
        copy = Op("copy", [link.value], {}, [link.value.type], hints=[link.value.hint])
        if loc is not None:
            copy.loc = loc
        if link.value in self.fn.params:
            copy.attrs["note"] = f"the caller's {link.value.hint} is not modified"
        elif link.op is not None and link.op.attrs.get("reverse"):
            copy.attrs["reverse"] = True
        region.ops.insert(at, copy)
        if link.kind == "yield":
            assert link.region is not None
            link.region.yields[link.slot] = copy.result
        elif link.kind == "operand":
            assert link.op is not None
            link.op.operands[link.slot] = copy.result
        else:
            uses = _Uses(self.fn.body, link.value)
            uses.set(copy.result)
            copy.operands[0] = link.value


def _extent_rank(size: Dim) -> tuple[int, tuple[int, ...]]:
    """A sort key for sizes: the degree first."""
    degree = max((len(m) for m, _ in size.terms), default=0)
    return degree, tuple(c for _, c in size.terms)


def _remove_needless_copies(fn: Function) -> None:
    """Take out each copy without which no conflict arises, the inner and the last ones first."""
    state = State(fn)
    for region in regions_within(fn.body):
        for op in reversed(list(region.ops)):
            if op.opcode != "copy" or not in_memory(op.operands[0]) or state.surely_needs(op):
                continue
            users = _Uses(fn.body, op.result)
            users.set(op.operands[0])
            at = region.ops.index(op)
            del region.ops[at]
            without = State(fn)
            if next(without.conflicts(), None) is None:
                state = without
            else:
                region.ops.insert(at, op)
                users.set(op.result)


class _Uses:
    """Every place where a value is read."""

    def __init__(self, body: Region, value: Value):
        self.operands: list[tuple[list[Operand], int]] = []
        for region in regions_within(body):
            self._find(region.yields, value)
            for op in region.ops:
                self._find(op.operands, value)

    def _find(self, operands: list[Operand], value: Value) -> None:
        self.operands += [(operands, k) for k, x in enumerate(operands) if x is value]

    def set(self, new: Operand) -> None:
        for operands, k in self.operands:
            operands[k] = new


# -- indices that do not meet ---------------------------------------------------------------------
def _disjoint(load: Op, store: Op) -> bool:
    """Whether the two indices select no common element, by constants in at least one axis."""
    items = list(zip(_places(load), _places(store), strict=False))
    return any(a is not None and b is not None and _apart(*a, *b) for a, b in items)


def _places(op: Op) -> Iterator[tuple[Dim, Dim] | None]:
    """For every axis of the operand [first, end) of what is selected, None where that is not known."""
    operands = iter(op.operands[1:])
    for item in op.attrs["index"]:
        if isinstance(item, Span):
            size = item.size
            if item.step == 1:
                yield item.start, item.start + size
            elif item.step == -1:
                yield item.start - size + 1, item.start + 1
            else:
                yield None
        elif isinstance(item, At):
            i = as_dim(next(operands))
            yield (i, i + 1) if _not_negative(i) else None
        elif isinstance(item, Gather):
            next(operands)
            yield None


def _not_negative(i: Dim) -> bool:
    """Extent symbols are >= 0, a constant may be; what a Value may be is not known."""
    return not i.has_values and all(c >= 0 and all(isinstance(a, str) for a in m) for m, c in i.terms)


def _apart(first: Dim, end: Dim, other_first: Dim, other_end: Dim) -> bool:
    before, after = other_first - end, first - other_end
    return (before.is_const and before.const >= 0) or (after.is_const and after.const >= 0)
