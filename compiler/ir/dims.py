"""Symbolic array extents: integer polynomials over symbols and run-time integers.

A `Dim` is a canonical sum of monomials with integer coefficients, so that two extents that are
equal as polynomials compare equal: ``(n0 - 1) - 1 == n0 - 2``. Its atoms are

- a symbol, a string such as ``n0``, bound to an extent of a parameter when the function is called;
- a `Value` of the IR, an integer known only at run time (a loop index, say);
- `FloorDiv`, `Min` and `Max` of other extents.

Extents are immutable. `Dim.substitute` maps the atoms (cloning renames values), and `Dim.evaluate`
computes the number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Union


@dataclass(frozen=True, slots=True)
class FloorDiv:
    """``num // den`` with Python's rounding."""

    num: Dim
    den: Dim


@dataclass(frozen=True, slots=True)
class Min:
    """The smaller of two extents (operands in canonical order)."""

    left: Dim
    right: Dim


@dataclass(frozen=True, slots=True)
class Max:
    """The larger of two extents (operands in canonical order)."""

    left: Dim
    right: Dim


Atom = Union[str, FloorDiv, Min, Max, Any]  # Any: an ir.nodes.Value
Monomial = tuple[Atom, ...]


def _atom_key(atom: Atom) -> tuple[Any, ...]:
    if isinstance(atom, str):
        return (0, len(atom), atom)
    if isinstance(atom, FloorDiv):
        return (2, _dim_key(atom.num), _dim_key(atom.den))
    if isinstance(atom, Min):
        return (3, _dim_key(atom.left), _dim_key(atom.right))
    if isinstance(atom, Max):
        return (4, _dim_key(atom.left), _dim_key(atom.right))
    return (1, atom.id)


@lru_cache(maxsize=1 << 14)
def _monomial_key(monomial: Monomial) -> tuple[Any, ...]:
    return (-len(monomial), tuple(_atom_key(a) for a in monomial))


def _dim_key(dim: Dim) -> tuple[Any, ...]:
    return tuple((_monomial_key(m), c) for m, c in dim.terms)


class Dim:
    """An integer polynomial in canonical form; hashable, immutable."""

    __slots__ = ("_hash", "_values", "is_const", "terms")
    terms: tuple[tuple[Monomial, int], ...]
    _values: tuple[Any, ...] | None

    def __init__(self, terms: tuple[tuple[Monomial, int], ...]):
        self.terms = terms
        self._hash = hash(terms)
        self._values = None  # of `values`, once asked for
        self.is_const = not terms or (len(terms) == 1 and not terms[0][0])

    def __reduce__(self) -> tuple[Any, ...]:
        return Dim, (self.terms,)  # hashes of strings differ between processes

    @staticmethod
    def of(x: int | str | Dim | Any) -> Dim:
        """The extent of an int, a symbol, an atom, or an extent itself."""
        if isinstance(x, Dim):
            return x
        if isinstance(x, int):
            return Dim((((), int(x)),)) if x else ZERO
        return Dim((((x,), 1),))

    @staticmethod
    def of_terms(terms: dict[Monomial, int]) -> Dim:
        """The sum of monomials, of sorted atoms each, times their coefficients."""
        kept = [(m, c) for m, c in terms.items() if c]
        if len(kept) > 1:
            kept.sort(key=lambda t: _monomial_key(t[0]))
        return Dim(tuple(kept))

    # -- arithmetic ---------------------------------------------------------------------------
    def __add__(self, other: int | Dim) -> Dim:
        other = Dim.of(other)
        if not other.terms:
            return self
        if not self.terms:
            return other
        terms = dict(self.terms)
        for m, c in other.terms:
            terms[m] = terms.get(m, 0) + c
        return Dim.of_terms(terms)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return Dim(tuple((m, -c) for m, c in self.terms))

    def __sub__(self, other: int | Dim) -> Dim:
        return self + (-Dim.of(other))

    def __rsub__(self, other: int | Dim) -> Dim:
        return Dim.of(other) - self

    def __mul__(self, other: int | Dim) -> Dim:
        other = Dim.of(other)
        if other.is_const:
            c = other.const
            return Dim(tuple((m, k * c) for m, k in self.terms)) if c else ZERO
        terms: dict[Monomial, int] = {}
        for m1, c1 in self.terms:
            for m2, c2 in other.terms:
                m = tuple(sorted(m1 + m2, key=_atom_key))
                terms[m] = terms.get(m, 0) + c1 * c2
        return Dim.of_terms(terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: int | Dim) -> Dim:
        other = Dim.of(other)
        if other.is_const and other.const != 0:
            d = other.const
            if d == 1:
                return self
            if all(c % d == 0 for _, c in self.terms):
                return Dim(tuple((m, c // d) for m, c in self.terms))
            if self.is_const:
                return Dim.of(self.const // d)
        if len(other.terms) == 1 and other.terms[0][0] and self.terms:
            quotient = self._exact_quotient(other.terms[0])
            if quotient is not None:
                return quotient
        return Dim.of(FloorDiv(self, other))

    def _exact_quotient(self, divisor: tuple[Monomial, int]) -> Dim | None:
        """Divide by one monomial when it divides every term (a reshape of ``n*m`` by ``n``)."""
        terms: dict[Monomial, int] = {}
        for m, c in self.terms:
            rest = list(m)
            for atom in divisor[0]:
                if atom not in rest:
                    return None
                rest.remove(atom)
            if c % divisor[1]:
                return None
            terms[tuple(rest)] = c // divisor[1]
        return Dim.of_terms(terms)

    def min(self, other: int | Dim) -> Dim:
        other = Dim.of(other)
        diff = self - other
        if diff.is_const:
            return self if diff.const <= 0 else other
        left, right = sorted((self, other), key=_dim_key)
        return Dim.of(Min(left, right))

    def max(self, other: int | Dim) -> Dim:
        other = Dim.of(other)
        diff = self - other
        if diff.is_const:
            return self if diff.const >= 0 else other
        left, right = sorted((self, other), key=_dim_key)
        return Dim.of(Max(left, right))

    # -- queries ------------------------------------------------------------------------------
    @property
    def const(self) -> int:
        """The number this extent is; only for `is_const`."""
        assert self.is_const, self
        return self.terms[0][1] if self.terms else 0

    @property
    def constant_term(self) -> int:
        for m, c in self.terms:
            if not m:
                return c
        return 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            return self.is_const and self.const == other
        if not isinstance(other, Dim) or self._hash != other._hash or self.terms != other.terms:
            return False
        other.terms = self.terms  # shared, so that nested extents made twice are compared once
        return True

    def __hash__(self) -> int:
        return self._hash

    def atoms(self) -> Iterator[Atom]:
        """Every atom, those inside FloorDiv, Min and Max included."""
        for m, _ in self.terms:
            for a in m:
                yield a
                if isinstance(a, FloorDiv):
                    yield from a.num.atoms()
                    yield from a.den.atoms()
                elif isinstance(a, (Min, Max)):
                    yield from a.left.atoms()
                    yield from a.right.atoms()

    def values(self) -> tuple[Any, ...]:
        """The IR values this extent depends on, as often as they occur."""
        if self._values is None:
            self._values = tuple(a for a in self.atoms() if not isinstance(a, (str, FloorDiv, Min, Max)))
        return self._values

    @property
    def has_values(self) -> bool:
        return bool(self.values())

    def substitute(self, leaf: Callable[[Any], Dim]) -> Dim:
        """Replace every symbol and value by ``leaf(atom)``."""
        known: dict[Atom, Dim] = {}  # what occurs often in nested extents is computed once

        def of_atom(a: Atom) -> Dim:
            if isinstance(a, FloorDiv):
                return of(a.num) // of(a.den)
            if isinstance(a, Min):
                return of(a.left).min(of(a.right))
            if isinstance(a, Max):
                return of(a.left).max(of(a.right))
            return leaf(a)

        def of(dim: Dim) -> Dim:
            total = ZERO
            for m, c in dim.terms:
                product = Dim.of(c)
                for a in m:
                    if a not in known:
                        known[a] = of_atom(a)
                    product = product * known[a]
                total = total + product
            return total

        return of(self)

    def evaluate(self, lookup: Callable[[Any], int]) -> int:
        """The number, given the number of every symbol and value."""
        return self.substitute(lambda a: Dim.of(int(lookup(a)))).const

    def __str__(self) -> str:
        return self.format(lambda a: a if isinstance(a, str) else f"%{a.hint or 'v'}{a.id}")

    def format(self, leaf: Callable[[Any], str]) -> str:
        """The extent as an expression of ``+ - *``, ``//``, ``min()`` and ``max()``."""
        if not self.terms:
            return "0"

        def of_atom(a: Atom) -> str:
            if isinstance(a, FloorDiv):
                return f"({a.num.format(leaf)}) // ({a.den.format(leaf)})"
            if isinstance(a, Min):
                return f"min({a.left.format(leaf)}, {a.right.format(leaf)})"
            if isinstance(a, Max):
                return f"max({a.left.format(leaf)}, {a.right.format(leaf)})"
            return leaf(a)

        out = ""
        for m, c in sorted(self.terms, key=lambda t: t[1] < 0):
            factors = [of_atom(a) for a in m]
            if len(factors) + (abs(c) != 1) > 1:
                factors = [f"({f})" if "//" in f else f for f in factors]
            text = "*".join(([str(abs(c))] if abs(c) != 1 or not m else []) + factors)
            if not out:
                # -(a // b), never (-a) // b
                out = (f"-({text})" if "//" in text else f"-{text}") if c < 0 else text
            else:
                if "//" in text and not text.startswith(("(", "min", "max")):
                    text = f"({text})"
                out += f" - {text}" if c < 0 else f" + {text}"
        return out

    def __repr__(self) -> str:
        return f"Dim({self})"


ZERO = Dim(())
ONE = Dim.of(1)
