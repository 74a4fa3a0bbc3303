"""Proofs that an index is in range, as far as loop bounds and extents show.

Extents are >= 0; the extents a function assumes are >= 0; a loop index lies between its bounds. An index
is bounded by substituting for each loop index the bound that is least favourable.
"""

from __future__ import annotations

from ..ir.dims import Dim, FloorDiv, Max, Min
from ..ir.nodes import Const, Function, Operand, Value, as_dim


class Proofs:
    """Facts known while a function is rewritten, about the values of the new function."""

    def __init__(self, fn: Function):
        self.assumed = list(fn.assumptions)
        self.low: dict[Value, Dim] = {}
        self.high: dict[Value, Dim] = {}  # inclusive; valid inside the loop
        self.arrays: dict[Value, Dim] = {}

    def enter_loop(self, iv: Value, lo: Operand, hi: Operand, step: Operand) -> None:
        """`iv` runs over ``range(lo, hi, step)``."""
        if not isinstance(step, Const):
            return
        if step.value > 0:
            self.low[iv], self.high[iv] = as_dim(lo), as_dim(hi) - 1
        else:
            self.low[iv], self.high[iv] = as_dim(hi) + 1, as_dim(lo)

    def know_index_array(self, v: Value, extent: Dim) -> None:
        """All elements of `v` are in [0, extent)."""
        self.arrays[v] = extent

    def index_array(self, v: Value, extent: Dim) -> bool:
        return self.arrays.get(v) == extent

    def nonneg(self, d: Dim, fuel: int = 12) -> bool:
        """Whether d >= 0 is proved."""
        if self._plainly(d):
            return True
        if fuel == 0:
            return False
        for m, c in d.terms:
            if len(m) != 1:
                continue
            atom = m[0]
            if isinstance(atom, Value):
                bound = self.low.get(atom) if c > 0 else self.high.get(atom)
                if bound is not None:
                    rest = d - Dim.of(atom) * c + bound * c
                    if self.nonneg(rest, fuel - 1):
                        return True
            elif isinstance(atom, Min) and c < 0 or isinstance(atom, Max) and c > 0:
                # -min(a, b) >= -a; max(a, b) >= a
                for side in (atom.left, atom.right):
                    if self.nonneg(d - Dim.of(atom) * c + side * c, fuel - 1):
                        return True
            elif isinstance(atom, (Min, Max)):
                if all(self.nonneg(d - Dim.of(atom) * c + side * c, fuel - 1) for side in (atom.left, atom.right)):
                    return True
        return any(self._plainly(d - a) for a in self.assumed)

    def _plainly(self, d: Dim) -> bool:
        """A sum of extents and positive numbers."""
        for m, c in d.terms:
            if c < 0:
                return False
            if not all(isinstance(a, str) or self._atom_nonneg(a) for a in m):
                return False
        return True

    def _atom_nonneg(self, a: object) -> bool:
        if isinstance(a, FloorDiv):
            return self._plainly(a.num) and a.den.is_const and a.den.const > 0
        if isinstance(a, Min):
            return self._plainly(a.left) and self._plainly(a.right)
        if isinstance(a, Max):
            return self._plainly(a.left) or self._plainly(a.right)
        return False
