"""Loops whose iterations may run in any order, several at once.

`find_parallel` takes a function as it is printed (after `inplace` and `hoist`) and gives the outermost loops such that

- what an iteration writes to an array is at places of its own: one axis of every access of that array, read or write,
  has the index of the loop times a constant plus something that is the same for all iterations, or something between
  0 and the constant (a block of lanes);
- or the array is made for the iteration: before `hoist` it stood in the body, so that nobody reads what another
  iteration left there (`ParallelLoop.private`);
- numbers that are handed on are sums (`ParallelLoop.sums`), and so are the elements of an array that is added to, not
  read, at places that iterations share (`ParallelLoop.added`): each block adds to an array of its own, if that is small
  beside the work;
- nothing is printed, called, or put on a tape.

This is the test for independence of Allen and Kennedy, *Optimizing Compilers for Modern Architectures*, 2.4, in its
simplest form: the dependence distance in the outer loop is zero in one subscript.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Value, as_dim
from ..ir.opdef import opdef
from .alias import ACCESSES, ALLOCATIONS, Aliases, Carried, mutated_operands
from .bounds import Facts, facts_before, linear_split, prove_nonneg
from .dataflow import defined_inside
from .sums import Sums

_UNKNOWN_TRIPS = "16"
_UNKNOWN_EXTENT = "1000000"


@dataclass(frozen=True, slots=True, eq=False)
class ParallelLoop:
    """A loop that may be cut into blocks. `sums` are the numbers it carries, `private` the arrays made before it that
    each block needs for itself, `added` the arrays it adds to of which each block needs one."""

    op: Op
    sums: tuple[Value, ...]
    private: tuple[Value, ...]
    added: tuple[Value, ...]

    @property
    def reassociates(self) -> bool:
        """Whether the blocks add up in another order than the loop."""
        return bool(self.sums or self.added)

    def work(self, leaf: Callable[[str | Value], str | None]) -> str:
        """The operations of all iterations as an expression of what `leaf` knows; a guess for what it does not. It is
        0 where the blocks' own arrays are too large for them (`runtime.parallel.worth`)."""
        work = _loop_work(self.op, leaf)
        if not self.added:
            return work

        def text(a: str | Value) -> str:
            return leaf(a) or _UNKNOWN_EXTENT

        sizes = " + ".join(v.type.size.format(text) for v in self.added)
        return f"worth({work}, {sizes})"


def find_parallel(fn: Function, root: Callable[[Value], Value]) -> list[ParallelLoop]:
    """The outermost parallel loops, in the order of the text. `root` gives the first version of an array's memory."""
    if not any(op.opcode == "for" for op in fn.body.ops):
        return []
    return list(_Finder(fn, root).region(fn.body))


class _Finder:
    def __init__(self, fn: Function, root: Callable[[Value], Value]):
        self.fn = fn
        self.root = root
        self._facts: dict[Op, Facts] | None = None
        self.aliases = Aliases(fn)
        self.users: dict[Value, set[Op | None]] = {}  # of an array's memory; None: it is a result
        for op in fn.body.walk():
            for x in op.operands:
                self._note(x, op)
        for y in fn.body.yields:
            self._note(y, None)

    def _note(self, x: Operand, op: Op | None) -> None:
        if isinstance(x, Value) and x.type.shape:
            self.users.setdefault(self.root(x), set()).add(op)

    def region(self, region: Region) -> Iterator[ParallelLoop]:
        for op in region.ops:
            found = self._loop(op) if op.opcode == "for" else None
            if found is not None:
                yield found
                if not found.added:
                    continue  # else loops inside are another way, where the arrays are too large
            for r in op.regions:
                yield from self.region(r)

    def _loop(self, op: Op) -> ParallelLoop | None:
        step = op.operands[2]
        if op.attrs.get("stop") or not isinstance(step, Const) or abs(int(step.value)) != 1:
            return None
        loop = Carried(op)
        body = op.regions[0]
        if not self._in_place(loop) or not all(map(self._fits, body.ops)):
            return None
        sums = []
        for p, y in zip(loop.params, loop.yields, strict=True):
            if not p.type.shape and y is not p:
                if not Sums(body, p).has(y):
                    return None
                sums.append(p)
        memory = self._memory(op, loop)
        return None if memory is None else ParallelLoop(op, tuple(sums), *memory)

    def _in_place(self, loop: Carried) -> bool:
        """Whether every array that a loop carries stays where it is."""
        for init, p, y in zip(loop.inits, loop.params, loop.yields, strict=True):
            if p.type.tape:
                return False
            if p.type.shape:
                if not isinstance(init, Value) or not isinstance(y, Value):
                    return False
                if not self.root(p) is self.root(init) is self.root(y):
                    return False
        return True

    def _fits(self, op: Op) -> bool:
        """Whether an op is one of numbers or single elements, a branch or loop of such, or makes an array."""
        if op.opcode in ACCESSES:
            return all(isinstance(i, At) for i in op.attrs["index"])
        if op.opcode in ("for", "while"):
            return self._in_place(Carried(op)) and all(self._fits(o) for r in op.regions for o in r.ops)
        if op.opcode == "if":
            same = (
                not v.type.shape or all(isinstance(y, Value) and self.root(y) is self.root(v) for y in ys)
                for v, *ys in zip(op.results, *(r.yields for r in op.regions), strict=True)
            )
            return all(same) and all(self._fits(o) for r in op.regions for o in r.ops)
        if op.opcode == "check":
            return len(op.operands) == 1  # values for the message have one place only
        if op.opcode in ALLOCATIONS or op.opcode == "extent":
            return True
        return not op.regions and opdef(op.opcode).kind == "elementwise" and not op.result.type.shape

    def _memory(self, op: Op, loop: Carried) -> tuple[tuple[Value, ...], tuple[Value, ...]] | None:
        """The private arrays, and those that are added to; None where iterations may meet in memory."""
        inside = defined_inside(op.regions)
        within = {o for r in op.regions for o in r.walk()}
        accesses: dict[Value, list[Op]] = {}
        written: dict[Value, None] = {}
        for o in op.regions[0].walk():
            if o.opcode in ACCESSES:
                place = self.root(o.operands[0])  # type: ignore[arg-type]
                accesses.setdefault(place, []).append(o)
                if mutated_operands(o):
                    written[place] = None
        carried = {self.root(p) for p in loop.params if p.type.shape}
        private, added = [], []
        for array in written:
            others = self.aliases.numbering.members(self.aliases.closure(array))
            if any(self.root(v) is not array and self.root(v) in accesses for v in others):
                return None
            if array in carried:
                if not self._own_places(accesses[array], op.regions[0].params[0], inside):
                    if any(o.opcode != "accum" for o in accesses[array]):
                        return None
                    added.append(array)
            elif array in inside:
                if array.op is None or array.op.opcode not in ALLOCATIONS:
                    return None
            elif array.op is None or array.op.opcode != "empty" or not self.users[array] <= within:
                return None
            else:
                private.append(array)
        return tuple(private), tuple(added)

    def _own_places(self, accesses: list[Op], iv: Value, inside: set[Value]) -> bool:
        """Whether on one axis no two iterations have an index in common, in whatever two of the accesses."""
        common: set[tuple[int, Dim]] | None = None
        for op in accesses:
            found = set()
            for axis, x in enumerate(op.operands[1 : 1 + len(op.attrs["index"])]):
                split = linear_split(as_dim(x), iv)
                if split is None or not split[0].is_const or not split[0].const:
                    continue
                factor, rest = split
                if not any(v in inside for v in rest.values()):
                    found.add((axis, as_dim(x)))
                elif self._between(rest, factor, op):
                    found.add((axis, factor))
            common = found if common is None else common & found
        return bool(common)

    def _between(self, rest: Dim, factor: Dim, op: Op) -> bool:
        """Whether ``0 <= rest < factor`` at an op."""
        if self._facts is None:
            self._facts = facts_before(self.fn)
        facts = self._facts[op]
        return prove_nonneg(rest, facts) and prove_nonneg(factor - 1 - rest, facts)


# -- how much there is to do -----------------------------------------------------------------------------
def _region_work(region: Region, leaf: Callable[[str | Value], str | None]) -> str:
    own = sum(opdef(op.opcode).cost or 1 for op in region.ops if not op.regions)
    parts = [str(own)]
    for op in region.ops:
        if op.opcode == "for":
            parts.append(_loop_work(op, leaf))
        elif op.opcode == "while":
            parts.append(f"{_UNKNOWN_TRIPS} * ({_region_work(op.regions[1], leaf)})")
        elif op.opcode == "if":
            parts += [f"({_region_work(r, leaf)}) // 2" for r in op.regions]
    return " + ".join(parts)


def _loop_work(op: Op, leaf: Callable[[str | Value], str | None]) -> str:
    lo, hi = as_dim(op.operands[0]), as_dim(op.operands[1])
    step = op.operands[2]
    trips = lo - hi if isinstance(step, Const) and step.value < 0 else hi - lo
    iv = op.regions[0].params[0]

    def text(a: str | Value) -> str:
        return leaf(a) or _UNKNOWN_TRIPS

    def inner(a: str | Value) -> str | None:
        return f"(({lo.format(text)} + {hi.format(text)}) // 2)" if a is iv else leaf(a)

    return f"max({trips.format(text)}, 0) * ({_region_work(op.regions[0], inner)})"
