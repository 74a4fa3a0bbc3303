"""Sibling loops over the same range become one loop, where each iteration needs only its own.

The loops that `lower_nest` makes for a row-wise program (a softmax: maximum, exponentials and their sum,
quotients) have different innermost loops and cannot be one nest, but their outer loops can be one. Arrays that
then live within an iteration lose the axis of the loop, and become a buffer for one row, or a scalar.

Before::                                      after::

    %e = empty {shape=(n, m)}                   for %i in n:
    %e1 = for %i in n (%e):                       %r = empty {shape=(m,)}
      for %j in m: store %e, %i, %j               %r1 = for %j in m (%r): store %r, %j
    for %i in n:                                  for %j in m: load %r1, %j
      for %j in m: load %e1, %i, %j

Two loops are fused when, for every array that one writes and the other reads or writes, all accesses of both have
the loop index at one axis; so an element is touched by one iteration only. What is in between must be allocations
and scalars that do not depend on the first loop, or matrix products. At least one of the two has a loop inside:
innermost loops were fused by `fuse`, which bounds how many arrays they touch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..analysis.alias import Carried
from ..analysis.dataflow import replace_operand, values_read
from ..ir.builder import constant
from ..ir.nodes import At, Const, Function, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.opdef import opdef
from ..ir.types import Type

_PRODUCTS = frozenset({"gemm", "reshape", "transpose", "block"})


def fuse_rows(fn: Function) -> None:
    """Fuse loops of a lowered function (before `inplace`), in place."""
    _Rows().region(fn.body)
    forward_stores(fn.body)


class _Rows:
    def region(self, region: Region) -> None:
        fused = set()
        k = 0
        while k < len(region.ops):
            if _is_counted(region.ops[k]):
                new = self._absorb(region, k)
                if new is not None:
                    fused.add(new)
                    k = region.ops.index(new)
                    continue
            k += 1
        if fused:
            uses = _all_uses(region)  # contractions change only those of what they remove
            for op in [op for op in region.ops if op in fused]:
                self._contract(op, region, uses)
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)

    # -- fusing ---------------------------------------------------------------------------------------
    def _absorb(self, region: Region, k: int) -> Op | None:
        """Fuse the loop at `k` with the next one after it, if it can be. Products of what the first makes, and which
        the second one does not need, come after both."""
        first = region.ops[k]
        made = set(first.results)
        delayed: list[Op] = []
        for at in range(k + 1, len(region.ops)):
            op = region.ops[at]
            if _is_counted(op):
                if not (_has_loop(first) or _has_loop(op)) or not _same_range(first, op):
                    return None
                if any(v in made and v not in first.results for v in values_read(op)):
                    return None
                new = _Pair(first, op).fuse(region)
                if new is not None and delayed:
                    region.ops[:] = [o for o in region.ops if o not in delayed]
                    after = region.ops.index(new) + 1
                    region.ops[after:after] = delayed
                return new
            depends = any(v in made for v in op.used_values())
            if op.opcode in _PRODUCTS:
                if depends:
                    delayed.append(op)
                    made.update(op.results)
                continue
            simple = op.opcode in ("empty", "full") or opdef(op.opcode).kind == "elementwise" or op.opcode == "extent"
            if not simple or depends:
                return None
        return None

    # -- contraction ------------------------------------------------------------------------------------
    def _contract(self, op: Op, region: Region, uses: Counter[Value]) -> None:
        """Arrays of which an iteration uses its own part only, and nobody later, become local to it."""
        loop = Carried(op)
        iv = op.regions[0].params[0]
        for init, param, y, result in list(zip(loop.inits, loop.params, loop.yields, loop.results, strict=True)):
            maker = init.op if isinstance(init, Value) else None
            if maker is None or maker.opcode != "empty" or maker not in region.ops:
                continue
            if uses[init] != 1 or uses[result]:  # type: ignore[index]
                continue
            found = accesses(loop.body, {param})
            if found is None or y not in found.versions:
                continue
            pinned = found.pinned(iv)
            if not pinned:
                continue
            axis = min(pinned)
            shape = list(param.type.shape)
            del shape[axis]
            alone = not shape
            t = Type(param.type.dtype, tuple(shape) if shape else (as_dim(constant(1)),))
            for touched in found.ops:
                if alone:
                    touched.operands[1 + axis] = constant(0)
                else:
                    del touched.operands[1 + axis]
                    touched.attrs["index"] = touched.attrs["index"][1:]
            for version in found.versions:
                version.type = t
            slot = op.results.index(result)
            del op.operands[loop.first_init + slot], op.results[slot]
            loop.body.params.remove(param)
            del loop.body.yields[slot]
            local = Op("empty", [], {"shape": t.shape, "dtype": t.dtype}, [t], None, maker.loc, [param.hint])
            local.results = [param]
            param.op = local
            loop.body.ops.insert(0, local)
            region.ops.remove(maker)
            loop = Carried(op)


def _all_uses(region: Region) -> Counter[Value]:
    """How often each value is read in a region, and in regions inside."""
    uses: Counter[Value] = Counter(y for y in region.yields if isinstance(y, Value))
    for op in region.ops:
        uses.update(values_read(op))
    return uses


def _uses(region: Region, value: Value) -> int:
    """How often a value is read in a region, and in regions inside."""
    return sum(y is value for y in region.yields) + sum(x is value for op in region.ops for x in values_read(op))


class _Accesses:
    """The loads and writes of the versions of an array in a region."""

    def __init__(self, roots: set[Value]):
        self.versions = set(roots)
        self.ops: list[Op] = []

    def pinned(self, iv: Value) -> set[int]:
        """The axes at which every access has the loop index."""
        axes: set[int] | None = None
        for op in self.ops:
            index = op.operands[1 : 1 + len(op.attrs["index"])]
            here = {k for k, x in enumerate(index) if x is iv}
            axes = here if axes is None else axes & here
        return axes or set()

    @property
    def reads_only(self) -> bool:
        return all(op.opcode == "load" for op in self.ops)


def accesses(region: Region, roots: set[Value]) -> _Accesses | None:
    """Every access to arrays that come from `roots` by stores and loops; None where they are used otherwise."""
    found = _Accesses(roots)
    versions = found.versions
    for op in region.walk():
        if op.opcode in ("load", "store", "accum") and op.operands[0] in versions:
            if not all(isinstance(i, At) for i in op.attrs["index"]):
                return None
            found.ops.append(op)
            if op.opcode != "load":
                versions.add(op.result)
        elif op.opcode == "for":
            loop = Carried(op)
            for init, p, r in zip(loop.inits, loop.params, loop.results, strict=True):
                if init in versions:
                    versions.update((p, r))
        elif any(x in versions for x in op.operands) or any(y in versions for r in op.regions for y in r.yields):
            return None
    # what a loop carries on must be a version of what it was given
    for op in region.walk():
        if op.opcode == "for":
            loop = Carried(op)
            for p, y in zip(loop.params, loop.yields, strict=True):
                if (p in versions) != (y in versions):
                    return None
    return found


class _Pair:
    """Two adjacent loops over one range."""

    def __init__(self, first: Op, second: Op):
        self.first, self.second = first, second
        self.one, self.two = Carried(first), Carried(second)
        self.iv1, self.iv2 = first.regions[0].params[0], second.regions[0].params[0]
        self.free1, self.free2 = set(_free(first)), set(_free(second))

    def fuse(self, region: Region) -> Op | None:
        plan = self._plan(region)
        if plan is None:
            return None
        merged, renamed = plan
        return self._build(region, merged, renamed)

    def _plan(self, region: Region) -> tuple[dict[int, int], dict[Value, int]] | None:
        """Carries of the second that continue carries of the first, and arrays that the first reads and
        the second overwrites; None where the loops must stay apart."""
        one, two = self.one, self.two
        merged: dict[int, int] = {}
        renamed: dict[Value, int] = {}
        related = bool({v for v in self.free1 & self.free2 if v.type.rank > 1})
        for k, r in enumerate(one.results):
            given = [j for j, x in enumerate(two.inits) if x is r]
            free = r in self.free2
            if not given and not free:
                continue
            if not r.type.shape or (given and (free or len(given) > 1 or _uses(region, r) != 1)):
                return None
            mine = accesses(one.body, {one.params[k]})
            roots = {r} if free else {two.params[given[0]]}
            theirs = accesses(two.body, roots)
            if mine is None or theirs is None or one.yields[k] not in mine.versions:
                return None
            if free and not theirs.reads_only:
                return None
            if given and two.yields[given[0]] not in theirs.versions:
                return None
            if not (mine.pinned(self.iv1) & theirs.pinned(self.iv2)):
                return None
            if given:
                merged[given[0]] = k
            related = True
        for j, x in enumerate(two.inits):
            if j in merged or not isinstance(x, Value) or not x.type.shape:
                continue
            if any(x is i for i in one.inits):
                return None
            if x in self.free1:
                mine = accesses(one.body, {x})
                theirs = accesses(two.body, {two.params[j]})
                if mine is None or theirs is None or not mine.reads_only or x in renamed:
                    return None
                if two.yields[j] not in theirs.versions or not (mine.pinned(self.iv1) & theirs.pinned(self.iv2)):
                    return None
                renamed[x] = j
                related = True
        if any(x in self.free2 for x in one.inits if isinstance(x, Value) and x.type.shape):
            return None
        return (merged, renamed) if related else None

    def _build(self, region: Region, merged: dict[int, int], renamed: dict[Value, int]) -> Op:
        one, two = self.one, self.two
        body = one.body
        kept = [j for j in range(len(two.inits)) if j not in merged]
        for x, j in renamed.items():
            for op in body.ops:
                replace_operand(op, x, two.params[j])
        sub = Substitution({self.iv2: self.iv1})
        for k, r in enumerate(one.results):
            y = one.yields[k]
            assert isinstance(y, (Value, Const))
            sub.map[r] = y
        for j, k in merged.items():
            sub.map[two.params[j]] = one.yields[k]
        yields = list(one.yields)
        body.params += [two.params[j] for j in kept]
        body.ops += [sub.clone_op(op) for op in two.body.ops]
        new_yields = [sub.operand(y) for y in two.yields]
        results = list(one.results)
        for j, k in merged.items():
            yields[k] = new_yields[j]
            results[k] = two.results[j]
        body.yields[:] = yields + [new_yields[j] for j in kept]
        new = Op(
            "for",
            [*self.first.operands, *[two.inits[j] for j in kept]],
            dict(self.first.attrs),
            [],
            [body],
            self.first.loc,
        )
        new.results = results + [two.results[j] for j in kept]
        for r in new.results:
            r.op = new
        region.ops[region.ops.index(self.second)] = new
        region.ops.remove(self.first)
        return new


def forward_stores(region: Region, known: dict[Value, Operand] | None = None) -> None:
    """A load of the element that was stored last is what was stored."""
    known = known if known is not None else {}

    def resolved(x: Operand) -> Operand:
        return known.get(x, x) if isinstance(x, Value) else x

    kept = []
    for op in region.ops:
        op.operands[:] = [resolved(x) for x in op.operands]
        if op.opcode == "load" and not op.result.type.shape and not op.result.type.is_int:
            array = op.operands[0]
            store = array.op if isinstance(array, Value) else None
            if store is not None and store.opcode == "store" and same_place(op, store):
                value = store.operands[-1]
                if value.type.dtype == op.result.type.dtype and not value.type.weak:
                    known[op.result] = value
                    continue
        kept.append(op)
        for r in op.regions:
            forward_stores(r, known)
    region.ops[:] = kept
    region.yields[:] = [resolved(y) for y in region.yields]


def same_place(load: Op, store: Op) -> bool:
    if not all(isinstance(i, At) for i in (*load.attrs["index"], *store.attrs["index"])):
        return False
    return all(x is y or as_dim(x) == as_dim(y) for x, y in zip(load.operands[1:], store.operands[1:-1], strict=True))


def _is_counted(op: Op) -> bool:
    return op.opcode == "for" and not op.attrs.get("stop") and isinstance(op.operands[2], Const)


def _has_loop(op: Op) -> bool:
    return any(o.opcode in ("for", "while") for r in op.regions for o in r.ops)


def _same_range(a: Op, b: Op) -> bool:
    return all(as_dim(x) == as_dim(y) for x, y in zip(a.operands[:3], b.operands[:3], strict=True))


def _free(op: Op) -> Iterator[Value]:
    """Outer values that the body reads."""
    for r in op.regions:
        for inner in r.ops:
            yield from values_read(inner)
        yield from (y for y in r.yields if isinstance(y, Value))
