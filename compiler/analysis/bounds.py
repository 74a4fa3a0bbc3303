"""What is known of integers: ranges of loop indices, signs of extents; and proofs from it.

`prove_nonneg` returns True only for what follows from the facts (False: not proved). It proves by
elimination: an atom that occurs linearly, ``a*A + B``, is replaced by the bound that makes the whole
smaller, which the sign of ``A`` decides; what remains must be a sum of products of non-negative atoms.
Integers are taken as unbounded: 64-bit index arithmetic is assumed not to wrap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, final

from ..ir.dims import Atom, Dim, FloorDiv, Max, Min
from ..ir.nodes import Const, Function, Op, Operand, Region, Value, as_dim
from .structure import step_of

Range = tuple[Dim | None, Dim | None]

_MAX_DEPTH = 12  # of nested eliminations
_MAX_STEPS = 150  # of one proof: what is true of real indices takes about ten


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that hold at one place of a program. Symbols are >= 0 always.

    ``ranges``: inclusive bounds of integer values (None: no bound). ``nonneg``: extents known >= 0.
    """

    ranges: dict[Value, Range] = field(default_factory=dict)
    nonneg: tuple[Dim, ...] = ()
    proofs: dict[Dim, bool] = field(default_factory=dict, init=False, compare=False, repr=False)  # what was asked

    @staticmethod
    def of(fn: Function) -> Facts:
        """What holds in the whole of a function: its assumptions, and that extents are not negative."""
        extents = [d for p in fn.params for d in p.type.shape]
        return Facts({}, tuple(dict.fromkeys(d for d in (*fn.assumptions, *extents) if _is_news(d))))

    def with_range(self, value: Value, lo: Dim | None, hi: Dim | None) -> Facts:
        return replace(self, ranges={**self.ranges, value: (lo, hi)})

    def with_nonneg(self, *dims: Dim) -> Facts:
        news = tuple(d for d in dims if _is_news(d) and d not in self.nonneg)
        return replace(self, nonneg=self.nonneg + news) if news else self

    def inside(self, loop: Op) -> Facts:
        """In the body of a `for`: the range of its index, and that there is a first iteration."""
        if not isinstance(loop.operands[2], Const):
            return self
        return self.with_range(loop.regions[0].params[0], *index_range(loop)).with_nonneg(runs_if_nonneg(loop))

    def assuming(self, condition: Operand, truth: bool) -> Facts:
        """Where a condition is known to be true, or false: integer comparisons and their conjunctions."""
        op = condition.op if isinstance(condition, Value) else None
        if op is None:
            return self
        if op.opcode == ("logical_and" if truth else "logical_or"):
            return self.assuming(op.operands[0], truth).assuming(op.operands[1], truth)
        if op.opcode == "logical_not":
            return self.assuming(op.operands[0], not truth)
        if len(op.operands) != 2 or not all(x.type.is_int and x.type.is_scalar for x in op.operands):
            return self
        a, b = (as_dim(x) for x in op.operands)
        code = op.opcode if truth else _NEGATION.get(op.opcode, "")
        if code == "lt":
            return self.with_nonneg(b - a - 1)
        if code == "le":
            return self.with_nonneg(b - a)
        if code == "gt":
            return self.with_nonneg(a - b - 1)
        if code == "ge":
            return self.with_nonneg(a - b)
        if code == "eq":
            return self.with_nonneg(a - b, b - a)
        return self


_NEGATION = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "ne": "eq"}


def index_range(loop: Op) -> tuple[Dim, Dim]:
    """Inclusive bounds of the index of a `for` with a constant step."""
    first, end = map(as_dim, loop.operands[:2])
    return (first, end - 1) if step_of(loop) > 0 else (end + 1, first)


def runs_if_nonneg(loop: Op) -> Dim:
    """What is not negative exactly if a `for` with a constant step makes an iteration."""
    least, greatest = index_range(loop)
    return greatest - least


def _is_news(dim: Dim) -> bool:
    """Whether `dim >= 0` says more than that symbols are."""
    return any(c < 0 or not all(isinstance(a, str) for a in m) for m, c in dim.terms)


def facts_before(fn: Function) -> dict[Op, Facts]:
    """For every op, what holds when it runs: enclosing loops, branches taken and checks passed."""
    found: dict[Op, Facts] = {}

    def scan(region: Region, facts: Facts) -> None:
        for op in region.ops:
            found[op] = facts
            if op.opcode == "for":
                scan(op.regions[0], facts.inside(op))
            elif op.opcode == "if":
                for r, truth in zip(op.regions, (True, False), strict=True):
                    scan(r, facts.assuming(op.operands[0], truth))
            else:
                for r in op.regions:
                    scan(r, facts)
            if op.opcode == "check":
                facts = facts.assuming(op.operands[0], True)

    scan(fn.body, Facts.of(fn))
    return found


def prove_nonneg(dim: Dim | int, facts: Facts) -> bool:
    """Whether ``dim >= 0`` follows from the facts."""
    asked = _seen_through(Dim.of(dim))
    if asked.is_const:
        return asked.const >= 0
    if asked not in facts.proofs:
        facts.proofs[asked] = _Prover(facts).nonneg(asked)
    return facts.proofs[asked]


def prove_less_equal(a: Dim | int, b: Dim | int, facts: Facts) -> bool:
    """Whether ``a <= b`` follows from the facts."""
    return prove_nonneg(Dim.of(b) - a, facts)


def _seen_through(dim: Dim) -> Dim:
    """Values that are computed from others by integer arithmetic, replaced by the arithmetic."""
    if not dim.has_values:
        return dim
    return dim.substitute(lambda a: Dim.of(a) if isinstance(a, str) else as_dim(a))


class _Prover:
    def __init__(self, facts: Facts):
        self.facts = facts
        self.ranges = {v: tuple(None if d is None else _seen_through(d) for d in r) for v, r in facts.ranges.items()}
        self.known = [_seen_through(d) for d in facts.nonneg]
        self.by_term: dict[tuple[Any, bool], list[int]] = {}  # facts, by a monomial and whether it is subtracted
        for k, fact in enumerate(self.known):
            for monomial, c in fact.terms:
                self.by_term.setdefault((monomial, c < 0), []).append(k)
        self.answers: dict[Dim, bool] = {}
        self.steps = 0
        self.depth = 0

    def nonneg(self, dim: Dim) -> bool:
        if dim.is_const:
            return dim.const >= 0
        if dim in self.answers:
            return self.answers[dim]
        self.steps += 1
        if self.steps > _MAX_STEPS or self.depth > _MAX_DEPTH:
            return False
        self.answers[dim] = False  # a proof that needs itself is none
        self.depth += 1
        self.answers[dim] = proved = self._prove(dim)
        self.depth -= 1
        return proved

    def _prove(self, dim: Dim) -> bool:
        if self._sum_of_nonneg(dim):
            return True
        for atom in self._candidates(dim):
            split = linear_split(dim, atom)
            if split is not None and self._eliminate(atom, *split):
                return True
        return any(self.nonneg(dim - self.known[k]) for k in self._helping(dim))

    def _helping(self, dim: Dim) -> list[int]:
        """The facts without which `dim` is nearer to a sum of non-negative terms: a negative term becomes larger, or a
        positive one whose value may be negative becomes smaller."""
        found: set[int] = set()
        if self.steps <= _MAX_STEPS:
            for monomial, c in dim.terms:
                if c < 0 or not all(isinstance(a, str) for a in monomial):
                    found.update(self.by_term.get((monomial, c < 0), ()))
        return sorted(found)

    def _sum_of_nonneg(self, dim: Dim) -> bool:
        def product_is_nonneg(monomial: tuple[Atom, ...]) -> bool:
            return all(monomial.count(a) % 2 == 0 or self._atom_is_nonneg(a) for a in dict.fromkeys(monomial))

        return all(c > 0 for _, c in dim.terms) and all(product_is_nonneg(m) for m, _ in dim.terms)

    def _atom_is_nonneg(self, atom: Atom) -> bool:
        if isinstance(atom, str):
            return True
        if isinstance(atom, FloorDiv):
            return self.nonneg(atom.num) and self.nonneg(atom.den - 1)
        if isinstance(atom, Min):
            return self.nonneg(atom.left) and self.nonneg(atom.right)
        if isinstance(atom, Max):
            return self.nonneg(atom.left) or self.nonneg(atom.right)
        assert isinstance(atom, Value)
        lo, _ = self._range(atom)
        return lo is not None and self.nonneg(lo)

    def _range(self, value: Value) -> Range:
        if value in self.ranges:
            lo, hi = self.ranges[value]
            return lo, hi
        op = value.op
        if op is not None and op.opcode == "mod" and _counts(op) and isinstance(op.operands[1], Value):
            den = _seen_through(as_dim(op.operands[1]))
            return (Dim.of(0), den - 1) if self.nonneg(den - 1) else (None, None)
        return _range_of_result(value)

    def _candidates(self, dim: Dim) -> Iterator[Atom]:
        """Atoms that may be eliminated; a value on which the range of another depends comes after it."""
        top: list[Atom] = list(dict.fromkeys(a for m, _ in dim.terms for a in m if not isinstance(a, str)))
        values: list[Value] = [a for a in top if isinstance(a, Value)]
        outer = {v for a in values for bound in self._range(a) if bound is not None for v in bound.values()}
        yield from (a for a in top if not isinstance(a, Value))
        yield from (v for v in values if v not in outer)
        yield from (v for v in values if v in outer)

    def _eliminate(self, atom: Atom, factor: Dim, rest: Dim) -> bool:
        """Whether ``atom*factor + rest >= 0``."""

        def at(bound: Dim) -> bool:
            return self.nonneg(bound * factor + rest)

        if isinstance(atom, (Min, Max)):
            # it is one of the two; where the sign of the factor is right, it is no worse than either
            left, right = at(atom.left), at(atom.right)
            return (left and right) or ((left or right) and self.nonneg(factor if isinstance(atom, Max) else -factor))
        if isinstance(atom, FloorDiv):
            return self._eliminate_quotient(atom, factor, rest)
        assert isinstance(atom, Value)
        lo, hi = self._range(atom)
        if lo is not None and self.nonneg(factor) and at(lo):
            return True
        if hi is not None and self.nonneg(-factor) and at(hi):
            return True
        # linear in the value, so smallest at one of the ends, whatever the sign of the factor
        linear = not _mentions(factor, atom) and not _mentions(rest, atom)
        return linear and lo is not None and hi is not None and at(lo) and at(hi)

    def _eliminate_quotient(self, atom: FloorDiv, factor: Dim, rest: Dim) -> bool:
        num, den = atom.num, atom.den
        rising = self.nonneg(factor)
        falling = not rising and self.nonneg(-factor)
        if den.is_const and den.const > 0:
            d = den.const  # num - (d - 1) <= d * atom <= num
            if rising and self.nonneg((num - (d - 1)) * factor + rest * d):
                return True
            if falling and self.nonneg(num * factor + rest * d):
                return True
        if not (self.nonneg(num) and self.nonneg(den - 1)):
            return False
        # 0 <= atom <= num
        return (rising and self.nonneg(rest)) or (falling and self.nonneg(num * factor + rest))


def _mentions(dim: Dim, atom: Atom) -> bool:
    return any(a == atom for a in dim.atoms())


def linear_split(dim: Dim, atom: Atom) -> tuple[Dim, Dim] | None:
    """``factor, rest`` with ``dim == atom*factor + rest``; None where it occurs in a higher power."""
    factors: dict[tuple[Atom, ...], int] = {}
    others = []
    for term in dim.terms:
        monomial, c = term
        power = monomial.count(atom)
        if power > 1:
            return None
        if power:
            at = monomial.index(atom)
            factors[(*monomial[:at], *monomial[at + 1 :])] = c
        else:
            others.append(term)
    return Dim.of_terms(factors), Dim(tuple(others))


def _counts(op: Op) -> bool:
    """Whether an op computes with integers of 64 bits."""
    return all(x.type.is_scalar and x.type.dtype == "i64" for x in (*op.operands, op.result))


def _range_of_result(value: Value) -> Range:
    """Bounds that follow from the op that makes an integer."""
    op = value.op
    zero = Dim.of(0)
    if op is None or not value.type.is_scalar:
        return None, None
    if op.opcode in ("for", "while") and value is op.results[0]:
        counts = op.attrs.get("stop") or op.attrs.get("counted")
        return (zero if counts else None), None
    if op.opcode == "nonzero":
        return zero, op.operands[0].type.shape[0]
    if op.opcode in ("argmax", "argmin"):
        return zero, op.operands[0].type.shape[op.attrs["axis"]] - 1
    if op.opcode == "mod" and isinstance(den := op.operands[1], Const) and op.operands[0].type.is_int:
        d = int(den.value)
        return (zero, Dim.of(d - 1)) if d > 0 else (None, None)
    if value.type.dtype[0] == "u":
        return zero, None
    return None, None
