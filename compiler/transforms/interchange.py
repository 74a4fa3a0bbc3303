"""The loop over neighbouring elements becomes the innermost one.

Two nested loops are interchanged where the inner one strides through memory and the outer one would not, or where the
inner one goes through a short window that the outer one moves (a convolution). What stands
beside the inner loop is split off into loops of its own, and what it hands over is a row of scalars::

    for %j in n:                                  for %j in n: %s[%j] = 0.0
      %s = for %q in m (0.0):                     for %q in m:
        %t = %a[%i, %q] * %b[%q, %j]                for %j in n:
        yield %s + %t                                 %s[%j] = %s[%j] + %a[%i, %q] * %b[%q, %j]
      store %c, %i, %j, %s                        for %j in n: store %c, %i, %j, %s[%j]

It is done where no element is touched in another order by accesses one of which overwrites it (`analysis.dependence`);
additions to one element may change their order. The ranges must not depend on each other; everything carried by the
outer loop is an array, a sum, or a scalar that stays on one side of the inner loop, and nothing in it may raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

from ..analysis.alias import Carried
from ..analysis.bounds import Facts, facts_before, linear_split, prove_nonneg
from ..analysis.dataflow import defined_inside, reads, replace_operand, values_read
from ..analysis.dependence import Accesses
from ..analysis.structure import step_of
from ..analysis.sums import Sums
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.opdef import opdef
from ..ir.types import Type

_PRE, _INNER, _POST = range(3)


def interchange(fn: Function) -> None:
    """Interchange loops of a lowered function (before `inplace`), in place."""
    while found := _candidates(fn.body, facts_before(fn)):
        accesses = Accesses(fn)
        nest = next((n for n in found if n.legal(accesses)), None)
        if nest is None:
            return
        nest.rebuild()


def _candidates(region: Region, facts: dict[Op, Facts]) -> list[_Nest]:
    found = []
    for op in region.ops:
        for r in op.regions:
            found += _candidates(r, facts)
        if op.opcode == "for" and not op.attrs.get("stop"):
            loops = [o for o in op.regions[0].ops if o.regions]
            if len(loops) == 1 and loops[0].opcode == "for" and not loops[0].attrs.get("stop"):
                nest = _Nest(region, op, loops[0], facts[op])
                if nest.simple() and nest.profitable():
                    found.append(nest)
    return found


@dataclass(slots=True)
class _Access:
    op: Op
    part: int
    array: int  # the carry of the outer loop


@dataclass(slots=True)
class _Nest:
    """An outer loop, the only loop in it, and what stands before and after that."""

    region: Region
    outer: Op
    inner: Op
    facts: Facts
    touched: list[_Access] = field(default_factory=list)
    before: dict[int, Value] = field(default_factory=dict)  # what the outer loop carries, before the inner one
    repeated: list[Op] = field(default_factory=list)  # index arithmetic before it, and loads that can be made again
    handed: list[Value] = field(default_factory=list)  # other scalars before it that are needed later
    carried_by: dict[int, int] = field(default_factory=dict)  # carry of the inner loop -> carry of the outer one
    made: set[Value] = field(default_factory=set)  # in the outer loop

    @property
    def body(self) -> Region:
        return self.outer.regions[0]

    def parts(self) -> tuple[list[Op], list[Op], list[Op]]:
        at = self.body.ops.index(self.inner)
        return self.body.ops[:at], self.inner.regions[0].ops, self.body.ops[at + 1 :]

    # -- conditions -----------------------------------------------------------------------------------------
    def simple(self) -> bool:
        """Whether the loops have the form that `rebuild` can take apart; finds the accesses to carried arrays."""
        outer, inner = Carried(self.outer), Carried(self.inner)
        self.made = defined_inside([self.body])
        steps = [op.operands[2] for op in (self.outer, self.inner)]
        if not all(isinstance(s, Const) and abs(int(s.value)) == 1 for s in steps):
            return False
        if any(v in self.made for x in self.inner.operands[:3] for v in as_dim(x).values()):
            return False
        sums = self._sums(outer, inner)
        rows = [p for k, p in enumerate(inner.params) if k not in self.carried_by and not p.type.shape]
        if not all(p.type.is_float and not p.type.weak for p in rows):
            return False
        pre, body, post = self.parts()
        if not all(_harmless(op) for op in (*pre, *body, *post)):
            return False
        self.repeated = self._repeatable(pre)
        needed: set[Operand] = {v for op in (*body, *post) for v in values_read(op)}
        needed.update(inner.yields)
        made = [v for op in pre if op not in self.repeated for v in op.results if not v.type.shape and v not in sums]
        self.handed = [v for v in made if v in needed]
        if not all(v.type.is_float and not v.type.weak for v in self.handed):
            return False
        current = {k: p for k, p in enumerate(outer.params) if p.type.shape}
        return (
            self._scalars_stay(outer, needed)
            and self._follow(pre, _PRE, current)
            and self._through_inner(inner, current)
            and self._follow(post, _POST, current)
            and all(outer.yields[k] is v for k, v in current.items())
        )

    def _sums(self, outer: Carried, inner: Carried) -> set[Operand]:
        """Note the sums that the outer loop carries through or past the inner one; their additions may have any order.
        Returns all values that they have."""
        found: set[Operand] = set()
        before = [v for op in self.parts()[0] for v in op.results]
        for k, (p, y) in enumerate(zip(outer.params, outer.yields, strict=True)):
            if not p.type.is_float or p.type.shape:
                continue
            chain = Sums(self.body, p)
            if not chain.has(y):
                continue
            found |= chain.sums
            self.before[k] = next((v for v in reversed(before) if v in chain.sums), p)
            j = next((j for j, x in enumerate(inner.inits) if x in chain.sums), None)
            if j is not None:
                self.carried_by[j] = k
        return found

    def _repeatable(self, ops: list[Op]) -> list[Op]:
        """Integer arithmetic of a part, which any loop can repeat, and loads of neighbours that nothing overwrites."""
        found: list[Op] = []
        made = {v for op in ops for v in op.results}
        for op in ops:
            if op.opcode == "load":
                if op.operands[0] in self.made or _strides(op, self.body.params[0]):
                    continue
            elif op.opcode in ("store", "accum") or not op.result.type.is_int:
                continue
            if all(v not in made or (v.op in found) for v in reads(op)):
                found.append(op)
        return found

    def _scalars_stay(self, outer: Carried, needed: set[Operand]) -> bool:
        """Whether each scalar that the outer loop carries is read and made anew on one side of the inner loop."""
        pre, _, post = self.parts()
        for k, (p, y) in enumerate(zip(outer.params, outer.yields, strict=True)):
            if p.type.shape or k in self.before:
                continue
            ops = post
            if p in {v for op in pre for v in reads(op)} or y not in {v for op in post for v in op.results}:
                ops = pre
            elsewhere = {v for op in self.body.ops if op not in ops for v in values_read(op)}
            if y not in {v for op in ops for v in op.results} or p in elsewhere or y in elsewhere:
                return False
            self.before[k] = p if ops is post else y
        return True

    def _follow(self, ops: list[Op], part: int, current: dict[int, Value]) -> bool:
        """Note the accesses of a part to the carried arrays; False where an old version is used."""
        for op in ops:
            if op.opcode == "for":
                if not self._through(op, part, current):
                    return False
                continue
            if op.opcode not in ("load", "store", "accum"):
                continue
            k = next((k for k, v in current.items() if op.operands[0] is v), None)
            if k is None:
                if op.opcode != "load" or op.operands[0] in self.made:
                    return False
                continue
            self.touched.append(_Access(op, part, k))
            if op.opcode != "load":
                current[k] = op.result
        return True

    def _through(self, op: Op, part: int, current: dict[int, Value]) -> bool:
        """`_follow` into a loop, which changes the carried arrays one after the other."""
        loop = Carried(op)
        within = dict(current)
        carried: dict[int, int] = {}
        for j, (x, p) in enumerate(zip(loop.inits, loop.params, strict=True)):
            if p.type.shape:
                k = next((k for k, v in current.items() if v is x), None)
                if k is None or k in carried.values():
                    return False
                carried[j] = k
                within[k] = p
        if not self._follow(op.regions[0].ops, part, within):
            return False
        for j, k in carried.items():
            if within[k] is not loop.yields[j]:
                return False
            current[k] = loop.results[j]
        return True

    def _through_inner(self, inner: Carried, current: dict[int, Value]) -> bool:
        self.before.update(current)
        within = dict(current)
        for j, (x, p) in enumerate(zip(inner.inits, inner.params, strict=True)):
            if not p.type.shape:
                continue
            k = next((k for k, v in current.items() if v is x), None)
            if k is None or k in self.carried_by.values():
                return False
            self.carried_by[j] = k
            within[k] = p
        if not self._follow(self.inner.regions[0].ops, _INNER, within):
            return False
        for j, k in self.carried_by.items():
            if k not in within:  # a sum
                continue
            if inner.yields[j] is not within[k]:
                return False
            current[k] = inner.results[j]
        return all(within[k] is current[k] for k in current if k not in self.carried_by.values())

    def profitable(self) -> bool:
        """Whether the inner loop strides, and the outer one does not where the inner one is; not so often, if
        there is a loop in the inner one, which is not made serial."""
        own, other = self.inner.regions[0].params[0], self.body.params[0]
        touched = [op for op in self.inner.regions[0].walk() if op.opcode in ("load", "store", "accum")]
        here = sum(_strides(op, own) for op in touched)
        there = sum(_strides(op, other) for op in touched)
        if not any(op.opcode == "for" for op in self.inner.regions[0].ops):
            return here > 0 == there or (here == there == 0 and self._slides())
        moving = sum(_moves(op, other) for op in touched)
        return here > there and moving >= 3 * there

    def _slides(self) -> bool:
        """Whether the inner loop goes through a window that the outer one moves along an array, as in a convolution:
        the window has k places of n, and the outer loop n + 1 - k iterations, which are the more."""
        places, window = (as_dim(op.operands[1]) - as_dim(op.operands[0]) for op in (self.outer, self.inner))
        if step_of(self.outer) < 0:
            places = -places
        if step_of(self.inner) < 0:
            window = -window
        moving = [(m, c) for m, c in window.terms if m]
        coefficients = dict(places.terms)
        return bool(moving) and all(coefficients.get(m) == -c for m, c in moving)

    def legal(self, accesses: Accesses) -> bool:
        """Whether no two accesses to an element change their order, if one of them overwrites it."""
        within = self.inner.regions[0]
        around = {region for region, _ in accesses.path(self.outer)}
        for x, y in product(self.touched, repeat=2):
            kinds = {x.op.opcode, y.op.opcode}
            if x.array != y.array or kinds in ({"load"}, {"accum"}) or x.part < y.part:
                continue
            order = {self.body: True}  # x comes first
            if x.part == y.part == _INNER:
                order[within] = False
            elif x.part == y.part:
                continue
            if accesses.may_meet(x.op, y.op, around, order):
                return False
        return True

    # -- rewriting ------------------------------------------------------------------------------------------
    def rebuild(self) -> None:
        """Three loops in place of the outer one; the second holds the interchanged pair."""
        at = self.region.ops.index(self.outer)
        b = Builder(Region(), self.outer.loc)
        arrays = _Split(self, b).run()
        self.region.ops[at : at + 1] = b.region.ops
        for old, new in zip(Carried(self.outer).results, arrays, strict=True):
            assert isinstance(new, Value)
            for op in self.region.ops[at:]:
                replace_operand(op, old, new)
            self.region.yields[:] = [new if y is old else y for y in self.region.yields]


class _Split:
    """Emits the loops of a nest that is taken apart. `rows` hold what one hands to the next, by the value that it is in
    the old loop; `arrays` are the current versions of what the old loop carries."""

    def __init__(self, nest: _Nest, b: Builder):
        self.nest = nest
        self.b = b
        self.outer, self.inner = Carried(nest.outer), Carried(nest.inner)
        self.parts = nest.parts()
        lo, hi = as_dim(nest.outer.operands[0]), as_dim(nest.outer.operands[1])
        size = hi - lo if step_of(nest.outer) > 0 else lo - hi
        self.first = lo if step_of(nest.outer) > 0 else hi + 1  # the least index
        if not prove_nonneg(size, nest.facts):
            size = size.max(0)
        self.scalars = [j for j in range(len(self.inner.inits)) if j not in nest.carried_by]
        self.rows: dict[Value, Value] = {}
        for v in (*nest.handed, *(self.inner.params[j] for j in self.scalars)):
            attrs = {"shape": (size,), "dtype": v.type.dtype}
            self.rows[v] = b.op("empty", attrs=attrs, hint=v.hint or "row").result
        self.arrays: list[Operand] = list(self.outer.inits)

    def run(self) -> list[Operand]:
        self.row_loop(_PRE, Substitution())
        self.column_loop()
        self.row_loop(_POST, Substitution())
        return self.arrays

    def loop(self, like: Op, fill: Callable[[Value], None]) -> None:
        """A loop over the range of `like` that carries the rows and the arrays; `fill` emits its body."""
        b = self.b
        inits = [*self.rows.values(), *self.arrays]
        like_before = [*self.rows.values(), *self.outer.params]
        types, hints = [x.type for x in like_before], [x.hint for x in like_before]
        # the bounds may be computed in the old outer loop
        bounds = [b.extent(as_dim(x)) for x in like.operands[:2]] + [like.operands[2]]
        iv = like.regions[0].params[0]
        region = b.new_region([(iv.type, iv.hint), *zip(types, hints, strict=True)])
        self.rows = dict(zip(self.rows, region.params[1:], strict=False))
        self.arrays = list(region.params[1 + len(self.rows) :])
        with b.into(region):
            fill(region.params[0])
        region.yields = [*self.rows.values(), *self.arrays]
        made = b.op(
            "for", *bounds, *inits, attrs={"stop": False}, types=types, regions=[region], hints=hints,
        )  # fmt: skip
        self.rows = dict(zip(self.rows, made.results, strict=False))
        self.arrays = list(made.results[len(self.rows) :])

    def column_loop(self) -> None:
        def fill(iv: Value) -> None:
            self.row_loop(_INNER, Substitution({self.nest.inner.regions[0].params[0]: iv}))

        self.loop(self.nest.inner, fill)

    def row_loop(self, part: int, sub: Substitution) -> None:
        """One loop over the range of the old outer one, of the ops of a part."""
        self.loop(self.nest.outer, lambda iv: self._body(part, sub, iv))

    def _body(self, part: int, sub: Substitution, iv: Value) -> None:
        sub.map[self.nest.body.params[0]] = iv
        at = self.b.extent(Dim.of(iv) - self.first)
        sub.map.update(zip(self._at_start(part), self.arrays, strict=True))
        carried = self.inner.results if part == _POST else self.inner.params
        if part != _PRE:
            for op in self.nest.repeated:
                self.b.region.ops.append(sub.clone_op(op))
            for v in self.nest.handed:
                sub.map[v] = self._read(v, at)
            for j in self.scalars:
                sub.map[carried[j]] = self._read(self.inner.params[j], at)
        for op in self.parts[part]:
            self.b.region.ops.append(sub.clone_op(op))
        if part == _PRE:
            for v in self.nest.handed:
                self._write(v, sub.operand(v), at)
        if part != _POST:
            given = self.inner.inits if part == _PRE else self.inner.yields
            for j in self.scalars:
                self._write(self.inner.params[j], sub.operand(given[j]), at)
        self.arrays = [sub.operand(y) for y in self._at_end(part)]

    def _at_start(self, part: int) -> list[Value]:
        """The old versions of the arrays with which a part begins."""
        if part == _PRE:
            return list(self.outer.params)
        own = self.inner.params if part == _INNER else self.inner.results
        known = {k: own[j] for j, k in self.nest.carried_by.items()}
        return [known.get(k, v) for k, v in sorted(self.nest.before.items())]

    def _at_end(self, part: int) -> list[Operand]:
        if part == _POST:
            return list(self.outer.yields)
        known = {k: self.inner.yields[j] for j, k in self.nest.carried_by.items()} if part == _INNER else {}
        return [known.get(k, v) for k, v in sorted(self.nest.before.items())]

    def _read(self, v: Value, at: Operand) -> Value:
        t = Type(v.type.dtype)
        return self.b.op("load", self.rows[v], at, attrs=dict(_ELEMENT), types=[t], hint=v.hint).result

    def _write(self, v: Value, x: Operand, at: Operand) -> None:
        row = self.rows[v]
        self.rows[v] = self.b.op("store", row, at, x, attrs=dict(_ELEMENT), types=[row.type], hint=row.hint).result


_ELEMENT = {"index": (At(),), "inbounds": True}


def _harmless(op: Op) -> bool:
    """Whether an op is of scalars or accesses one element, or is a loop of such ops, and cannot raise."""
    if op.opcode in ("load", "store", "accum"):
        return all(isinstance(i, At) for i in op.attrs["index"])
    if op.opcode == "for":
        return not op.attrs.get("stop") and all(_harmless(inner) for inner in op.regions[0].ops)
    return not op.regions and (
        op.opcode == "extent" or (opdef(op.opcode).kind == "elementwise" and not op.result.type.shape)
    )


def _moves(op: Op, iv: Value) -> bool:
    """Whether an access is to another element in every iteration."""
    return any(a is iv for x in op.operands[1 : 1 + len(op.attrs["index"])] for a in as_dim(x).atoms())


def _strides(op: Op, iv: Value) -> bool:
    """Whether an access moves by more than one element with the loop index."""
    index = [as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])]]
    if any(any(a is iv for a in d.atoms()) for d in index[:-1]):
        return True
    split = linear_split(index[-1], iv)
    return split is None or not split[0].is_const or abs(split[0].const) > 1
