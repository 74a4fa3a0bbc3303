"""Dependences between array accesses: may a later store overwrite what an earlier access touched?

`Accesses` sees a function as a tree of loops. `may_overwrite(first, later)` asks whether there are iterations
in which `later` (a store) runs after `first` and writes an element that `first` read or wrote. Subscripts
and bounds that are affine in loop indices become linear inequalities; the question is answered by
Fourier-Motzkin elimination over the rationals (in integers), so that "no" is a proof and "yes" may be caution.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Gather, New, Op, Operand, Region, Span, Value, as_dim
from .dataflow import homes_and_owners, regions_within
from .structure import loop_of

# A linear form: coefficient per variable; the key () is the constant.
Form = dict[Any, int]
_LIMIT = 600  # inequalities; beyond that elimination gives up


Path = list[tuple[Region, int]]  # region and position at every level, outermost first


class Accesses:
    """Positions and loops of the ops of a function."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.home, self.owner = homes_and_owners(fn.body)
        self.place = {op: (region, k) for region in regions_within(fn.body) for k, op in enumerate(region.ops)}
        self._nonnegative: dict[Value, bool] = {}

    def path(self, op: Op) -> Path:
        """Where an op stands."""
        region, at = self.place[op]
        out = [(region, at)]
        while region in self.owner:
            control, region = self.owner[region]
            out.append(self.place[control])
        return out[::-1]

    def inside(self, v: Value, region: Region) -> bool:
        """Whether a value is defined in a region or in one nested in it."""
        at: Region | None = self.home[v]
        while at is not None:
            if at is region:
                return True
            at = self.owner[at][1] if at in self.owner else None
        return False

    def may_overwrite(self, first: Op, later: Op, within: Region | None = None) -> bool:
        """Whether `later` can touch an element of the access `first` in an execution after it; given the body of a loop
        around both, while that loop runs once."""
        a, b = self.path(first), self.path(later)
        common: list[Region] = []  # regions of loops around both, outermost first
        depth = 0
        while depth < min(len(a), len(b)) and a[depth][0] is b[depth][0]:
            region = a[depth][0]
            if region in self.owner and self.owner[region][0].opcode in ("for", "while"):
                common.append(region)
            depth += 1
        # same iteration of the common loops: `later` must stand after `first`
        textually_after = depth > 0 and b[depth - 1][1] > a[depth - 1][1]
        if first is later:
            textually_after = False
        if textually_after and self._feasible(first, later, common, len(common)):
            return True
        outermost = common.index(within) if within is not None else 0
        return any(self._feasible(first, later, common, level) for level in range(outermost, len(common)))

    def never_negative(self, x: Value) -> bool:
        """Whether a subscript is known not to count from the end."""
        if x not in self._nonnegative:
            self._nonnegative[x] = _System(self, set()).never_negative(x)
        return self._nonnegative[x]

    # -- the system of inequalities -------------------------------------------------------------------
    def _feasible(self, first: Op, later: Op, common: list[Region], level: int) -> bool:
        """Whether an element is shared when the outer `level` common loops are at the same iteration and
        the next one is later (none is, when level == len(common))."""
        return self.may_meet(first, later, set(common[:level]), {r: True for r in common[level : level + 1]})

    def may_meet(self, first: Op, later: Op, same: set[Region], order: dict[Region, bool]) -> bool:
        """Whether two executions may touch a common element, the loops of `same` at the same iteration, and each
        loop of `order` at a later iteration for `later` (True) or for `first` (False)."""
        system = _System(self, same)
        for region, forwards in order.items():
            loop_op, _ = self.owner[region]
            if loop_op.opcode == "for":
                loop = loop_of(loop_op)
                assert loop.iv is not None and loop.step is not None
                step = as_dim(loop.step)
                if not step.is_const:
                    return True
                before, after = system.variable(loop.iv, 0), system.variable(loop.iv, 1)
                s = step.const if forwards else -step.const
                delta = _sub(after, before) if s > 0 else _sub(before, after)
                system.nonnegative(_add_constant(delta, -abs(s)))
        for copy, op in ((0, first), (1, later)):
            for region, _ in self.path(op):
                if region in self.owner and self.owner[region][0].opcode == "for":
                    system.loop_bounds(self.owner[region][0], copy)
        system.same_element(first, later)
        return system.feasible()


class _System:
    def __init__(self, accesses: Accesses, same: set[Region]):
        self.accesses = accesses
        self.same = same  # regions whose current iteration is shared by the two copies
        self.inequalities: list[Form] = []
        self.symbols: set[str] = set()

    def variable(self, v: Value, copy: int) -> Form:
        """A value at run time: one variable when both copies see the same instance of it."""
        region: Region | None = self.accesses.home[v]
        shared = True
        while region is not None and region in self.accesses.owner:
            op, outer = self.accesses.owner[region]
            if op.opcode in ("for", "while") and region not in self.same:
                shared = False
            region = outer
        return {(v, 0 if shared else copy): 1}

    def form(self, d: Dim, copy: int) -> Form | None:
        """An extent as a linear form; products of the unknown are not linear."""
        out: Form = {}
        for monomial, c in d.terms:
            if not monomial:
                out[()] = out.get((), 0) + c
                continue
            if len(monomial) > 1:
                if all(isinstance(a, str) for a in monomial):
                    out[monomial] = out.get(monomial, 0) + c
                    continue
                return None
            (atom,) = monomial
            if isinstance(atom, str):
                self.symbols.add(atom)
                key: Any = atom
            elif isinstance(atom, Value):
                ((key, _),) = self.variable(atom, copy).items()
            else:
                if any(True for _ in Dim.of(atom).values()):
                    return None
                key = atom
            out[key] = out.get(key, 0) + c
        return out

    def nonnegative(self, f: Form | None) -> None:
        if f is not None:
            self.inequalities.append(f)

    def zero(self, f: Form | None) -> None:
        if f is not None:
            self.inequalities.append(f)
            self.inequalities.append({k: -c for k, c in f.items()})

    def loop_bounds(self, op: Op, copy: int) -> None:
        loop = loop_of(op)
        assert loop.iv is not None and loop.lo is not None and loop.hi is not None and loop.step is not None
        step = as_dim(loop.step)
        if not step.is_const:
            return
        iv, lo, hi = Dim.of(loop.iv), as_dim(loop.lo), as_dim(loop.hi)
        if step.const > 0:
            bounds = [iv - lo, hi - 1 - iv]
        else:
            bounds = [lo - iv, iv - hi - 1]
        for d in bounds:
            self.nonnegative(self.form(d, copy))

    def same_element(self, first: Op, later: Op) -> None:
        """Add what the subscripts say when they select a common element."""
        ranges = [self._ranges(op, copy) for copy, op in ((0, first), (1, later))]
        for axis, (a, b) in enumerate(zip(*ranges, strict=True)):
            if a is None or b is None:
                continue
            element: Form = {("element", axis): 1}
            for low, high in (a, b):
                if low is not None:
                    self.nonnegative(_sub(element, low))
                if high is not None:
                    self.nonnegative(_sub(high, element))

    def _ranges(self, op: Op, copy: int) -> list[tuple[Form | None, Form | None] | None]:
        """For every axis of the array the least and the greatest subscript; None: any."""
        operands = iter(op.operands[1:])
        shape = op.operands[0].type.shape
        out: list[tuple[Form | None, Form | None] | None] = []
        axis = 0
        for item in op.attrs["index"]:
            if isinstance(item, New):
                continue
            if isinstance(item, At):
                x: Operand = next(operands)
                if isinstance(x, Const):
                    d = Dim.of(int(x.value))
                    if int(x.value) < 0:
                        d = d + shape[axis]
                    f = self.form(d, copy)
                    out.append((f, f))
                elif op.attrs.get("inbounds") or self.accesses.never_negative(x):
                    f = self.form(as_dim(x), copy)
                    out.append((f, f))
                else:
                    out.append(None)
            elif isinstance(item, Gather):
                next(operands)
                out.append(None)
            else:
                assert isinstance(item, Span)
                low, high = item.extremes
                out.append((self.form(low, copy), self.form(high, copy)))
            axis += 1
        return out

    def never_negative(self, x: Value) -> bool:
        """A negative subscript would count from the end: it must be excluded before it is a position."""
        f = self.form(as_dim(x), 0)
        if f is None:
            return False
        for v in as_dim(x).values():
            region: Region | None = self.accesses.home[v]
            while region is not None and region in self.accesses.owner:
                op, outer = self.accesses.owner[region]
                if op.opcode == "for":
                    self.loop_bounds(op, 0)
                region = outer
        negative = {k: -c for k, c in f.items()}
        self.nonnegative(_add_constant(negative, -1))
        return not self.feasible()

    def feasible(self) -> bool:
        """Fourier-Motzkin elimination: False is a proof that no rational solution exists."""
        system = [dict(f) for f in self.inequalities]
        for s in sorted(self.symbols):
            system.append({s: 1})
        while True:
            variables: dict[Any, list[int]] = {}
            for f in system:
                for k, c in f.items():
                    if k != ():
                        counts = variables.setdefault(k, [0, 0])
                        counts[c > 0] += 1
            for f in system:
                if all(k == () for k in f) and f.get((), 0) < 0:
                    return False
            if not variables:
                return True
            chosen = min(variables, key=lambda k: variables[k][0] * variables[k][1])
            lower = [f for f in system if f.get(chosen, 0) > 0]
            upper = [f for f in system if f.get(chosen, 0) < 0]
            rest = [f for f in system if not f.get(chosen, 0)]
            seen = {_key(f) for f in rest}
            for lo in lower:
                for up in upper:
                    combined: Form = {}
                    for f, scale in ((lo, -up[chosen]), (up, lo[chosen])):
                        for k, c in f.items():
                            combined[k] = combined.get(k, 0) + c * scale
                    combined = {k: c for k, c in combined.items() if (c and k != chosen) or k == ()}
                    common = gcd(*combined.values())
                    if common > 1:
                        combined = {k: c // common for k, c in combined.items()}
                    if _key(combined) not in seen:
                        seen.add(_key(combined))
                        rest.append(combined)
            if len(rest) > _LIMIT:
                return True
            system = rest


def _key(f: Form) -> frozenset[Any]:
    return frozenset(f.items())


def _sub(a: Form, b: Form) -> Form:
    out = dict(a)
    for k, c in b.items():
        out[k] = out.get(k, 0) - c
    return out


def _add_constant(f: Form, c: int) -> Form:
    out = dict(f)
    out[()] = out.get((), 0) + c
    return out
