"""Branches of numbers become selections, so that the iterations of a loop can be the lanes of vectors.

Both branches are computed, and what differs is selected. An array element that a branch writes is written in any case,
with what is there already where the branch is not taken; an addition to a sum adds zero there.

Before::                                          after::

    %y = if %c {                                      %u = exp %x
      %u = exp %x                                     %y = where %c, %u, %x
      yield %u                                        %d = where %c, 1.0, 0.0
    } else {                                          %n1 = add %n, %d
      yield %x
    }

This is done for branches that cannot raise, and whose accesses are proved to be in range whichever way is taken.
"""

from __future__ import annotations

from ..analysis.alias import ACCESSES
from ..analysis.bounds import Facts, prove_nonneg
from ..analysis.dataflow import replace_everywhere
from ..ir.builder import Builder, constant
from ..ir.nodes import Op, Operand, Region, Substitution, Value, as_dim
from ..ir.opdef import opdef


def flattened(loop: Op, sums: set[Operand], facts: dict[Op, Facts]) -> Op | None:
    """A copy of a loop without branches; None where one has to stay. `sums` are the values of the old loop to which
    is only added."""
    if not all(_convertible(op, facts) for op in loop.regions[0].walk() if op.opcode == "if"):
        return None
    sub = Substitution()
    new = sub.clone_op(loop)
    flat = _Flatten({v for x in sums if isinstance(v := sub.operand(x), Value)})
    flat.region(new.regions[0])
    return new if not flat.failed else None


def _convertible(branch: Op, facts: dict[Op, Facts]) -> bool:
    known = facts[branch]
    return all(_harmless(op, known) for r in branch.regions for op in r.ops)


def _harmless(op: Op, known: Facts) -> bool:
    """Whether an op can run where the branch is not taken."""
    if op.opcode in ACCESSES:
        index = [as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])]]
        shape = op.operands[0].type.shape
        return len(index) == len(shape) and all(
            prove_nonneg(i, known) and prove_nonneg(d - 1 - i, known) for i, d in zip(index, shape, strict=True)
        )
    if op.opcode in ("if", "extent"):
        return True
    if len(op.results) != 1:
        return False
    if op.result.type.is_int and op.opcode in ("div", "floordiv", "mod", "pow", "shl", "shr", "cast"):
        return False
    return not op.regions and opdef(op.opcode).kind == "elementwise" and not op.result.type.shape


class _Flatten:
    def __init__(self, sums: set[Value]):
        self.sums = sums
        self.failed = False

    def region(self, region: Region) -> None:
        ops, region.ops = region.ops, []
        sub = Substitution()
        for op in ops:
            replace_everywhere(Region([], [op]), sub)
            for r in op.regions:
                self.region(r)
            if op.opcode == "if":
                self.branch(region, op, sub)
            else:
                region.ops.append(op)
        region.yields = [sub.operand(y) for y in region.yields]

    def branch(self, region: Region, op: Op, sub: Substitution) -> None:
        """Put the ops of both branches, which have no branches any more, into `region`."""
        b = Builder(region, op.loc)
        condition = op.operands[0]
        yes, no = op.regions
        arrays: dict[Value, Operand] = {}  # an array before the branch -> what the first branch has made of it
        selected: list[list[Operand]] = []
        inners: list[Substitution] = []
        for r, taken in ((yes, True), (no, False)):
            inner = Substitution(dict(arrays))
            for o in r.ops:
                if not any(v in self.sums for v in o.results):
                    self.copy(b, o, inner, condition, taken)
            selected.append([inner.operand(y) for y in r.yields])
            inners.append(inner)
            if taken:
                arrays = self._written(r, inner)
        inside = {v for r in op.regions for o in r.ops for v in o.results}
        for k, result in enumerate(op.results):
            ways = yes.yields[k], no.yields[k]
            if result.type.shape:
                sub.map[result] = self._version(b, ways, (selected[0][k], selected[1][k]), arrays, inside)
            elif result in self.sums:
                sub.map[result] = self._added(b, condition, ways, inners, inside, result)
            elif selected[0][k] is selected[1][k]:
                sub.map[result] = selected[0][k]
            else:
                where = b.op("where", condition, *(s[k] for s in selected), types=[result.type], hint=result.hint)
                sub.map[result] = where.result

    def copy(self, b: Builder, op: Op, inner: Substitution, condition: Operand, taken: bool) -> None:
        """An op of a branch; what it writes is masked."""
        new = inner.clone_op(op)
        if op.opcode in ("store", "accum"):
            value = new.operands[-1]
            if op.opcode == "accum":
                other: Operand = constant(0.0 if value.type.is_float else 0, value.type)
            else:
                attrs = {k: a for k, a in new.attrs.items() if k in ("index", "inbounds")}
                element = new.result.type.with_shape(())
                other = b.op("load", *new.operands[:-1], attrs=attrs, types=[element]).result
                if value.type != element:
                    value = b.op("cast", value, attrs={"dtype": element.dtype, "weak": False}, types=[element]).result
            ways = (value, other) if taken else (other, value)
            new.operands[-1] = b.op("where", condition, *ways, types=[value.type]).result
        b.region.ops.append(new)

    def _written(self, r: Region, inner: Substitution) -> dict[Value, Operand]:
        """The arrays that a branch writes, by what they are before it, and their versions at its end."""
        out: dict[Value, Operand] = {}
        for o in r.ops:
            if o.opcode in ("store", "accum"):
                first = _first(o.operands[0], r)
                out[first] = inner.operand(o.result)
        return out

    def _version(
        self,
        b: Builder,
        ways: tuple[Operand, Operand],
        new: tuple[Operand, Operand],
        arrays: dict[Value, Operand],
        inside: set[Value],
    ) -> Operand:
        """An array after both branches: the writes of the second one stand on those of the first."""
        first = [w if w not in inside else _root(w, inside) for w in ways]
        if first[0] is not first[1]:
            self.failed = True
            return ways[0]
        if ways[1] in inside:
            return new[1]
        root = first[0]
        assert isinstance(root, Value)
        return arrays.get(root, root) if ways[0] in inside else root

    def _added(
        self,
        b: Builder,
        condition: Operand,
        ways: tuple[Operand, Operand],
        inners: list[Substitution],
        inside: set[Value],
        result: Value,
    ) -> Operand:
        """A sum, to which the branches add differently: what is added is selected."""
        bases: list[Operand] = []
        added: list[Operand] = []
        for at, inner in zip(ways, inners, strict=True):
            total: Operand | None = None
            while at in inside:
                assert isinstance(at, Value) and at.op is not None
                k = next((k for k, x in enumerate(at.op.operands) if x in self.sums), None)
                if k is None or at.op.opcode not in ("add", "sub"):
                    self.failed = True
                    return ways[0]
                term = inner.operand(at.op.operands[1 - k])
                if at.op.opcode == "sub":
                    term = b.op("neg", term, types=[term.type]).result
                total = term if total is None else b.op("add", term, total, types=[result.type]).result
                at = at.op.operands[k]
            bases.append(at)
            added.append(constant(0.0 if result.type.is_float else 0, result.type) if total is None else total)
        if bases[0] is not bases[1]:
            self.failed = True
            return ways[0]
        term = b.op("where", condition, *added, types=[result.type]).result
        made = b.op("add", bases[0], term, types=[result.type], hint=result.hint).result
        self.sums.add(made)
        return made


def _first(x: Operand, region: Region) -> Value:
    inside = {v for o in region.ops for v in o.results}
    root = _root(x, inside)
    assert isinstance(root, Value)
    return root


def _root(x: Operand, inside: set[Value]) -> Operand:
    """The version of an array before a branch."""
    while x in inside:
        assert isinstance(x, Value) and x.op is not None
        x = x.op.operands[0]
    return x
