"""Where two paths meet: one abstract state from two.

Guarantees: a merged value stands for the same Python value on either path, or for a `Conflict` that is
an error when it is read. Two names that share an array on both paths share it afterwards; where an
array that stays reachable otherwise was merged with another one, the result is a `Choice` between them (see
sharing.py) or, where that cannot be said after the branch, both are read-only from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Gather, New, Op, Operand, Region, Span, Value
from ..ir.types import Type, promote
from .alternatives import is_alternative, merged
from .context import Context, describe
from .session import contents
from .sharing import (
    choice_between,
    final_version,
    is_mutable,
    lenders_of,
    memory_of,
    merged_readonly,
    path_depends_on,
    reach_counts,
    rebuilt,
    references,
)
from .values import (
    ANOTHER_DTYPE,
    SHARED_BY_PATH,
    UNDEFINED,
    Array,
    Cell,
    Conflict,
    DictValue,
    ListValue,
    Maybe,
    RecordValue,
    Rows,
    UserFunction,
    ViewStep,
    is_number,
    is_operand,
    is_scalar,
    is_static,
)


class _Dead:
    """The value of every name on a path that control does not reach."""


DEAD = _Dead()


@dataclass(slots=True, eq=False)
class Outcome:
    """What a branch did: its region, and the state at its end (`env` is None when it ends in a raise)."""

    region: Region
    env: dict[str, Any] | None
    heap: dict[Any, Any]
    start: int

    def defines(self) -> set[Value]:
        inside = set(self.region.params)
        for op in self.region.walk():
            inside.update(op.results)
            for r in op.regions:
                inside.update(r.params)
        return inside


def unify(a: Type, b: Type) -> Type | None:
    """The scalar type that holds both; None when there is none."""
    if a == b:
        return a
    if a.shape or b.shape:
        return None
    dtype, weak = promote([a, b])
    return Type(dtype, (), weak)


def wider(a: Type, b: Type) -> Type | None:
    """The type of an array that is one of two, of the same shape: equal, or of floats of any width. (An array of
    integers rounds what is written to it, and so does what `np.zeros_like` makes of it.)"""
    if a == b:
        return a
    if a.shape != b.shape or not (a.is_float and b.is_float):
        return None
    return Type(promote([a, b])[0], a.shape)


def coerce(ctx: Context, x: Operand, t: Type) -> Operand:
    """A scalar as type `t`, emitted in the current region."""
    if x.type == t:
        return x
    if x.type.is_int and x.type.weak and not t.shape:
        ctx.require_fit(t.dtype, x)  # it would be another number
    if isinstance(x, Const):
        return constant(x.value, t)
    if t.shape:
        return ctx.emit("cast", x, dtype=t.dtype, weak=False)
    return ctx.emit("cast", x, dtype=t.dtype, weak=t.weak)


def filler(ctx: Context, t: Type) -> Operand:
    """Any value of the type: it is never looked at."""
    if t.shape:
        return ctx.emit("empty", shape=t.shape, dtype=t.dtype)
    return constant(0, t)


def _same_function(a: UserFunction, b: UserFunction) -> bool:
    """Whether two functions are one, with the same arguments bound to it."""
    if a.fn is not b.fn or a.node is not b.node or a.env is not b.env or len(a.bound) != len(b.bound):
        return False
    named = {**a.bound_kwargs, **a.defaults}, {**b.bound_kwargs, **b.defaults}
    if list(named[0]) != list(named[1]):
        return False
    pairs = [*zip(a.bound, b.bound, strict=True), *zip(named[0].values(), named[1].values(), strict=True)]
    return all(x is y or (is_static(x) and is_static(y) and same_static(x, y)) for x, y in pairs)


def same_static(a: Any, b: Any) -> bool:
    """Whether two compile-time values are the same for every purpose."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return False
    try:
        return bool(a == b) or (a != a and b != b)
    except Exception:
        return False


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """An array at the end of one of two paths, and how often each cell is reached there."""

    cell: Cell
    path: tuple[ViewStep, ...]
    owner: Outcome
    counts: dict[Cell, int]

    def shared(self, outside: dict[Cell, int], count: int) -> bool:
        """Whether its memory can be reached otherwise than in these `count` ways."""
        return any(c in outside or self.counts.get(c, 0) > count for c in memory_of(self.cell))

    def only_here(self, outside: dict[Cell, int], count: int) -> frozenset[Cell]:
        """The arrays that it may be, and that cannot be reached otherwise."""
        cells = (c for c in memory_of(self.cell) if not c.readonly and not c.tracked and c not in outside)
        return frozenset(c for c in cells if self.counts.get(c, 0) <= count)

    @property
    def tracked(self) -> bool:
        return any(c.tracked for c in memory_of(self.cell))


class Join:
    """Builds the results of an `if` op from the outcomes of its two regions."""

    def __init__(self, ctx: Context, op: Op, cond: Operand, a: Outcome, b: Outcome):
        self.ctx, self.op, self.cond, self.a, self.b = ctx, op, cond, a, b
        self.inside = a.defines() | b.defines()
        self.results: dict[tuple[Operand, ...], Value] = {}
        self.pairs: dict[tuple[Any, Any, Any, Any], tuple[Cell, int]] = {}
        self.converted: set[Cell] = set()  # float64 that are float32 on one of the paths
        self.objects: dict[tuple[Any, Any], tuple[Any, int]] = {}  # merged lists, dicts and objects

    def value(self, a: Any, b: Any, hint: str) -> Any:
        """The abstract value that is `a` after the first path and `b` after the second."""
        if a is b and not isinstance(a, (Value, Array)):
            return a
        for x in (a, b):
            if isinstance(x, Conflict):
                return self.conflict(x.reason, x)
        if a is DEAD or b is DEAD:
            return self.export(b, self.b, hint) if a is DEAD else self.export(a, self.a, hint)
        for absent in (UNDEFINED, None):
            if any(x is absent or (isinstance(x, Maybe) and x.absent is absent) for x in (a, b)) and a is not b:
                return self.maybe(a, b, absent, hint)
        for x, y, path in ((a, b, self.a), (b, a, self.b)):
            if self.ctx.is_rank_0(x) and is_scalar(y):
                number = self._in(path, final_version(path.heap, x))
                made = self.scalar(number, y, hint) if x is a else self.scalar(y, number, hint)
                self.ctx.session.numbers[made] = x
                return made
        if is_scalar(a) and is_scalar(b):
            return self.scalar(a, b, hint)
        if isinstance(a, Array) and isinstance(b, Array):
            return self.array(a, b, hint)
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple(self.value(x, y, hint) for x, y in zip(a, b, strict=True))
        if type(a) is type(b) and isinstance(a, (ListValue, DictValue, RecordValue)) and not is_alternative(a):
            made = self.container(a, b, hint)
            if made is not None:
                return made
        if isinstance(a, UserFunction) and isinstance(b, UserFunction):
            if _same_function(a, b):
                return a
        elif is_static(a) and is_static(b) and same_static(a, b):
            return a
        either = merged(self.ctx, a, b, lambda x, y: self.scalar(x, y, hint))
        if either is not None:
            return either
        name = hint if hint and not hint.startswith("$") else "this value"
        either = None
        for x, y in ((a, b), (b, a)):
            number = x.absent if isinstance(x, Maybe) else x
            if is_number(number) and isinstance(y.value if isinstance(y, Maybe) else y, Array):
                either = self.maybe(a, b, number, hint)
        reason = f"{name} is {describe(a)} on one path and {describe(b)} on another"
        return replace(self.conflict(reason), either=either if isinstance(either, Maybe) else None)

    def conflict(self, reason: str, inner: Conflict | None = None) -> Conflict:
        """What cannot be merged here, or could not where this path branched (`inner`)."""
        return Conflict(reason, None, frozenset([self.op.loc, *(inner.branches if inner is not None else ())]))

    def container(self, a: Any, b: Any, hint: str) -> Any:
        """One object for two that are alike; None where they are not. See `settle_objects`."""
        if (a, b) in self.objects:
            made, count = self.objects[a, b]
            self.objects[a, b] = (made, count + 1)
            return made
        in_a, in_b = (x.heap.get(v, contents(v)) for x, v in ((self.a, a), (self.b, b)))
        if isinstance(in_a, Rows) or isinstance(in_b, Rows):
            return None
        if isinstance(a, RecordValue) and a.cls is not b.cls:
            return None
        if isinstance(a, DictValue) and a.default is not b.default:
            return None
        in_a, in_b = (x if isinstance(x, dict) else dict(enumerate(x)) for x in (in_a, in_b))
        if list(in_a) != list(in_b):
            if isinstance(a, RecordValue):
                return None
            kind, what = ("list", "another length") if isinstance(a, ListValue) else ("dict", "other keys")
            name = hint if hint and not hint.startswith("$") else f"this {kind}"
            return self.conflict(f"{name} has {what} on another path")
        made = rebuilt(a, {k: self.value(x, in_b[k], hint) for k, x in in_a.items()})
        if is_mutable(made):
            self.objects[a, b] = (made, 1)
            self.ctx.session.made_from(made, a, b)
        return made

    def settle_objects(self, values_a: list[Any], values_b: list[Any], frame: Any) -> None:
        """Decide which merged objects may be changed: those that only the merged names refer to. For two names of one
        object there is one merged object, where that is so on both paths. Call before the state is that after the
        branch."""
        if not self.objects:
            return
        counts_a, counts_b = references(values_a, self.a.heap, frame), references(values_b, self.b.heap, frame)
        for (a, b), (made, count) in self.objects.items():
            if (a is not None and counts_a.get(a, 0) > count) or (b is not None and counts_b.get(b, 0) > count):
                self.ctx.session.ambiguous.update(x for x in (made, a, b) if x is not None)

    def maybe(self, a: Any, b: Any, absent: Any, hint: str) -> Any:
        """The value that is there on some paths only: on the others it is `absent`."""

        def split(v: Any) -> tuple[Any, Any]:
            if v is absent:
                return DEAD, False
            return (v.value, v.bound) if isinstance(v, Maybe) and v.absent is absent else (v, True)

        (va, fa), (vb, fb) = split(a), split(b)
        merged = self.value(va, vb, hint)
        if isinstance(merged, Conflict) or (hint.startswith("$") and absent is UNDEFINED):
            return merged
        flag = self.value(fa, fb, hint.lstrip("$") + ("_bound" if absent is UNDEFINED else "_given"))
        if isinstance(flag, bool):
            return merged if flag else absent
        return Maybe(merged, flag, absent)

    # -- leaves -------------------------------------------------------------------------------
    def result(self, t: Type, hint: str, a: Operand | None, b: Operand | None) -> Value:
        """A result of the `if`; None stands for a path where the value does not matter."""
        ctx = self.ctx
        yields = []
        for x, outcome in ((a, self.a), (b, self.b)):
            with ctx.b.into(outcome.region):
                yields.append(filler(ctx, t) if x is None else coerce(ctx, x, t))
        key = tuple(yields)
        if a is not None and b is not None and key in self.results:
            return self.results[key]
        for outcome, y in zip((self.a, self.b), yields, strict=True):
            outcome.region.yields.append(y)
        value = Value(t, hint.lstrip("$"), self.op)
        self.op.results.append(value)
        self.results[key] = value
        return value

    def visible(self, t: Type) -> bool:
        return not any(v in self.inside for d in t.shape for v in d.values())

    def scalar(self, a: Any, b: Any, hint: str) -> Any:
        if a is b and not (isinstance(a, Value) and a in self.inside):
            return a
        if not is_operand(a) and not is_operand(b):
            if type(a) is type(b) and same_static(a, b):
                return a
            if a is True and b is False:
                return self.cond
            if a is False and b is True:
                return self.ctx.emit("logical_not", self.cond)
        t = unify(self.ctx.type(a), self.ctx.type(b))
        assert t is not None
        self.ctx.session.widened += self.ctx.type(a).is_float != self.ctx.type(b).is_float
        return self.result(t, hint, self._in(self.a, a), self._in(self.b, b))

    def _in(self, outcome: Outcome, v: Any) -> Operand:
        with self.ctx.b.into(outcome.region):
            return self.ctx.operand(v)

    def array(self, a: Array, b: Array, hint: str) -> Any:
        if a.cell is b.cell and (a is b or a.path == b.path) and not self._path_inside(a.path):
            if a.cell.stamp < min(self.a.start, self.b.start):
                return a
        if a.cell is b.cell and a.cell.stamp < min(self.a.start, self.b.start):
            path = self.paths(a.path, b.path, hint)
            if path is not None:
                return Array(a.cell, path)
        ta, tb = self.ctx.array_type(a), self.ctx.array_type(b)
        t = wider(ta, tb)
        if t is None or not self.visible(t):
            name = hint if hint and not hint.startswith("$") else "this array"
            return self.conflict(f"{name} is {ta} on one path and {tb} on another")
        key = (a.cell, a.path, b.cell, b.path)
        if key in self.pairs:
            cell, count = self.pairs[key]
            self.pairs[key] = (cell, count + 1)
            return Array(cell)
        result = self.result(
            t, hint, self._in(self.a, final_version(self.a.heap, a)), self._in(self.b, final_version(self.b.heap, b))
        )
        cell = Cell(result, "" if hint.startswith("$") else hint, stands_in=True, lenders=lenders_of((a.cell, b.cell)))
        self.pairs[key] = (cell, 1)
        if ta != tb:
            self.converted.add(cell)
        return Array(cell)

    def _path_inside(self, path: tuple[ViewStep, ...]) -> bool:
        return path_depends_on(path, self.inside)

    def paths(self, a: tuple[ViewStep, ...], b: tuple[ViewStep, ...], hint: str) -> tuple[ViewStep, ...] | None:
        """One path where two differ only in integer indices."""
        if len(a) != len(b) or any(
            (x.kind, x.index, x.arg) != (y.kind, y.index, y.arg) for x, y in zip(a, b, strict=True)
        ):
            return None
        if any(isinstance(i, (Gather, New)) for s in a for i in s.index):
            return None
        steps = []
        for x, y in zip(a, b, strict=True):
            if not all(isinstance(i, At) for i in x.index if not isinstance(i, Span)):
                return None
            operands = tuple(
                self.ctx.operand(self.scalar(p, q, hint + "_index"))
                for p, q in zip(x.operands, y.operands, strict=True)
            )
            steps.append(ViewStep(x.kind, x.index, operands, x.arg, x.readonly))
        return None if self._path_inside(tuple(steps)) else tuple(steps)

    def export(self, v: Any, owner: Outcome, hint: str) -> Any:
        """A value of the only path on which it matters, as seen after the branch."""
        if isinstance(v, Value):
            return self.only(v.type, hint, v, owner) if v in self.inside else v
        if isinstance(v, Array):
            if v.cell.stamp < owner.start and not self._path_inside(v.path):
                return v
            if v.cell.choice is not None and (after := self._after(v, owner)) is not None:
                return after
            now = final_version(owner.heap, v)
            t = self.ctx.array_type(now)
            if not self.visible(t):
                return self.conflict(f"the shape of {hint or 'this array'} is known only inside a branch")
            key = (v.cell, v.path, None, owner is self.a)
            if key not in self.pairs:
                value = self.only(t, hint, self._in(owner, now), owner)
                self.pairs[key] = (Cell(value, hint, stands_in=True, lenders=lenders_of((v.cell,))), 0)
            cell, count = self.pairs[key]
            self.pairs[key] = (cell, count + 1)
            return Array(cell)
        if isinstance(v, tuple):
            return tuple(self.export(x, owner, hint) for x in v)
        if isinstance(v, (ListValue, DictValue, RecordValue)) and v.stamp > owner.start:
            return self._exported(v, owner, hint)
        if isinstance(v, Dim) and any(x in self.inside for x in v.values()):
            return self.only(self.ctx.type(v), hint, self._in(owner, v), owner)
        if isinstance(v, Maybe):
            return Maybe(self.export(v.value, owner, hint), self.export(v.bound, owner, hint + "_bound"), v.absent)
        return v

    def _exported(self, v: Any, owner: Outcome, hint: str) -> Any:
        key = (v, None) if owner is self.a else (None, v)
        made, count = self.objects.get(key, (None, 0))
        if made is None:
            parts = dict(enumerate(v.items)) if isinstance(v, ListValue) else contents(v)
            made = rebuilt(v, {k: self.export(x, owner, hint) for k, x in parts.items()})
        if is_mutable(v):
            self.objects[key] = (made, count + 1)
            self.ctx.session.made_from(made, v)
        return made

    def only(self, t: Type, hint: str, x: Operand, owner: Outcome) -> Value:
        return self.result(t, hint, x, None) if owner is self.a else self.result(t, hint, None, x)

    # -- sharing ------------------------------------------------------------------------------
    def settle(self, values_a: list[Any], values_b: list[Any], outer: list[Any], frame: Any) -> None:
        """Decide what the merged arrays are: memory that nothing else can reach, a choice, or read-only."""
        if not self.pairs:
            return
        outside = reach_counts(outer)
        counts_a, counts_b = reach_counts(values_a, frame), reach_counts(values_b, frame)
        sources_of: dict[Any, list[_Source]] = {}
        for key in self.pairs:
            cell_a, path_a, cell_b, other = key
            if cell_b is None:
                sources = [_Source(cell_a, path_a, *((self.a, counts_a) if other else (self.b, counts_b)))]
            else:
                sources = [_Source(cell_a, path_a, self.a, counts_a), _Source(cell_b, other, self.b, counts_b)]
            sources_of[key] = sources
        self._count_made(sources_of)
        for key, (cell, count) in self.pairs.items():
            sources = sources_of[key]
            shared = [x.shared(outside, count) for x in sources]
            tracked = any(x.tracked for x in sources)
            if cell in self.converted:  # memory of its own, which the program must not see
                if any(shared) or cell.lenders or tracked:
                    cell.readonly = ANOTHER_DTYPE
                    merged_readonly(self.ctx, [x.cell for x in sources], cell.readonly)
            elif any(shared) or tracked:
                made = Cell(cell.current, stands_in=True)  # memory of a branch that has no other name
                parts = [
                    self._after(Array(x.cell, x.path), x.owner, x.only_here(outside, count), made)
                    if known or x.tracked
                    else Array(made)
                    for known, x in zip(shared, sources, strict=True)
                ]
                if len(parts) == 2 and parts[0] is not None and parts[1] is not None:
                    exchange = None if any(shared) else self.op
                    cell.choice = choice_between(self.ctx, self.cond, parts[0], parts[1], exchange)
                else:
                    cell.readonly = SHARED_BY_PATH
                    merged_readonly(self.ctx, [x.cell for x in sources], cell.readonly)
            reasons = [c.readonly for x in sources for c in memory_of(x.cell) if c.readonly]
            if reasons and not cell.readonly:
                cell.readonly = reasons[0]

    def _count_made(self, sources_of: dict[Any, list[_Source]]) -> None:
        """Of an array that becomes several, in objects that are one on a path, there are as many."""
        made: dict[tuple[int, Cell], int] = {}
        for key, sources in sources_of.items():
            for x in sources:
                for c in memory_of(x.cell):
                    made[id(x.counts), c] = made.get((id(x.counts), c), 0) + self.pairs[key][1]
        for sources in sources_of.values():
            for x in sources:
                for c in memory_of(x.cell):
                    x.counts[c] = max(x.counts.get(c, 0), made[id(x.counts), c])

    def _after(
        self, array: Array, owner: Outcome, own: frozenset[Cell] = frozenset(), made: Cell | None = None
    ) -> Array | None:
        """The same place as seen after the branch; None where there is no saying it. Memory of the branch is, where it
        is one of `own`, that of `made`."""
        if self._path_inside(array.path):
            return None
        if array.cell.stamp < min(self.a.start, self.b.start):
            return array
        choice = array.cell.choice
        if choice is None:
            return Array(made) if made is not None and array.cell in own and not array.path else None
        then, orelse = (self._after(x, owner, own, made) for x in (choice.then, choice.orelse))
        if then is None or orelse is None:
            return None
        cond = self.export(choice.cond, owner, "which")
        known = replace(
            choice_between(self.ctx, cond, then, orelse, choice.exchange), versions=()
        )  # the value is not visible
        return Array(Cell(array.cell.current, choice=known), array.path)
