"""Extents that have to agree: NumPy's broadcasting, with checks where only the call will tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import PullbackError, PullbackOverflowError, PullbackValueError
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import Const, Operand, Span, Value
from ..ir.opdef import COMPARISONS
from ..ir.types import DTYPES, INT, promote
from .session import Session

_ANY_INTEGER = frozenset(("where", "div", "logical_and", "logical_or", "logical_xor"))


class Broadcasting:
    """What `Context` does with extents; the methods without a body are there."""

    session: Session
    b: Builder

    def emit(self, opcode: str, *operands: Operand | float, **attrs: Any) -> Value:
        raise NotImplementedError

    def error(self, cls: type[PullbackError], message: str, hint: str | None = None) -> NoReturn:
        raise NotImplementedError

    def check(self, cond: Operand | bool, error: str, message: str, *values: Any) -> None:
        raise NotImplementedError

    def choose(self, cond: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        """``then() if cond else orelse()`` as a value."""
        raise NotImplementedError

    def within_dtype(self, opcode: str, operands: list[Operand]) -> list[Operand]:
        """NumPy's treatment of Python integers that the integer dtype they meet does not hold: comparisons
        compare the numbers, selections wrap, quotients are floats, anything else is an OverflowError."""
        dtype = promote([x.type for x in operands])[0]
        if opcode in _ANY_INTEGER or dtype[0] not in "iu" or dtype == "i64":
            return operands
        if opcode in COMPARISONS:
            outside = any(x.type.weak and not self.holds(dtype, x) for x in operands)
            wide = "f64" if dtype == "u64" else "i64"
            return [self.emit("cast", x, dtype=wide, weak=False) for x in operands] if outside else operands
        for x in operands:
            self.require_fit(dtype, x)
        return operands

    def holds(self, dtype: str, x: Operand) -> bool:
        """Whether a dtype has the value of `x`, as far as it is known."""
        if not isinstance(x, Const) or not x.type.weak or not x.type.is_int or dtype[0] not in "iu":
            return True
        limits = np.iinfo(DTYPES[dtype])
        return bool(limits.min <= x.value <= limits.max)

    def require_fit(self, dtype: str, x: Operand) -> None:
        """NumPy's OverflowError of a Python integer that an integer dtype does not hold."""
        if not self.holds(dtype, x):
            assert isinstance(x, Const)
            message = f"Python integer {x.value} out of bounds for {DTYPES[dtype]}"
            self.error(PullbackOverflowError, message, "convert the array to a wider dtype first")
        if isinstance(x, Value) and x.type.weak and x.type.is_int and dtype[0] in "iu" and dtype != "i64":
            limits = np.iinfo(DTYPES[dtype])
            low, high = self.b.emit("ge", x, int(limits.min)), self.b.emit("le", x, min(int(limits.max), 2**63 - 1))
            inside = self.b.emit("logical_and", low, high)
            self.check(inside, "OverflowError", f"Python integer {{}} out of bounds for {DTYPES[dtype]}", x)

    def equal_extents(self, a: Dim, b: Dim) -> bool | None:
        """Whether two extents are equal; None when only the call will tell."""
        if a == b:
            return True
        difference = a - b
        if difference.is_const:
            return False
        if _is_symbol(a) and _is_symbol(b) and not self.session.generic:
            return False
        return None

    def require_equal(self, a: Dim, b: Dim, message: str, error: type[PullbackError] = PullbackValueError) -> None:
        """Two extents must be equal: decided now, or checked at run time."""
        known = self.equal_extents(a, b)
        if known is False:
            self.error(error, f"{message}: {a} and {b} differ")
        if known is None:
            self.session.settle(a, b)
            same = self.b.emit("eq", self.b.extent(a), self.b.extent(b))
            kinds = {"LinAlgError": np.linalg.LinAlgError, "IndexError": IndexError, "ValueError": ValueError}
            kind = next(name for name, kind in kinds.items() if issubclass(error, kind))
            text, values = self.shown((a, b))
            self.check(same, kind, f"{message}: the extents are {text}", *values)

    def not_stretched(self, extent: Dim, other: Dim) -> None:
        """An extent that has to be equal to another one must not be 1 (symbols never are), for NumPy would stretch
        it: a call where it is 1 needs a program of its own, and a run-time extent must not become 1."""
        if extent.is_const or _is_symbol(extent) or self.session.assume(extent - 2) or not extent.has_values:
            return
        size = self.b.extent(extent)
        fits = self.b.emit(
            "logical_or", self.b.emit("ne", size, Const(1, INT)), self.b.emit("eq", size, self.b.extent(other))
        )
        message = "an extent that is 1 only at run time would be broadcast: use x[0], or reshape it to what is meant"
        self.check(fits, "NotImplementedError", message)

    def stretched(self, x: Operand, axis: int, extent: Dim, operands: list[Operand]) -> Operand:
        """An array one of whose extents, known only at run time, has to be `extent`, or 1: then it is broadcast."""
        shape = x.type.shape
        wanted = (*shape[:axis], extent, *shape[axis + 1 :])
        first = tuple(Span(Dim.of(0), Dim.of(1) if k == axis else d) for k, d in enumerate(shape))
        size = self.b.extent(shape[axis])

        def same() -> Value:
            fits = self.emit("eq", size, self.b.extent(extent))
            text, values = self.shown(*(y.type.shape for y in operands if y.type.shape))
            self.check(fits, "ValueError", f"operands could not be broadcast together with shapes {text}", *values)
            return self.emit("reshape", x, shape=wanted)

        def one() -> Value:
            return self.emit("broadcast_to", self.emit("load", x, index=first), shape=wanted)

        value: Operand = self.choose(self.emit("eq", size, 1), one, same)
        return value

    def align(self, operands: list[Operand]) -> list[Operand]:
        """Check that shapes broadcast, and give extents that were checked to be equal one name."""
        ranks = [x.type.rank for x in operands]
        rank = max(ranks, default=0)
        if rank == 0 or sum(r > 0 for r in ranks) < 2:
            return operands
        operands = list(operands)
        chosen: list[Dim] = []
        stretched: dict[tuple[int, Dim], None] = {}
        for axis in range(rank):
            dims = [x.type.shape[axis - rank + x.type.rank] for x in operands if axis - rank + x.type.rank >= 0]
            dims = [d for d in dims if d != 1]
            # the best known extent stands for all of them
            dims.sort(key=lambda d: (d.has_values, not d.is_const))
            chosen.append(dims[0] if dims else Dim.of(1))
            for d in dims[1:]:
                known = self.equal_extents(d, chosen[axis])
                if known is False:
                    shapes = " ".join(_shape_text(x.type.shape) for x in operands if x.type.shape)
                    self.error(PullbackValueError, f"operands could not be broadcast together with shapes {shapes}")
                if known is None:
                    self.session.settle(d, chosen[axis])
                    if d.has_values and not chosen[axis].has_values and not self.session.generic:
                        self.not_stretched(chosen[axis], d)
                        stretched[axis, d] = None
                        continue
                    self.not_stretched(d, chosen[axis])
                    self.not_stretched(chosen[axis], d)
                    same = self.b.emit("eq", self.b.extent(d), self.b.extent(chosen[axis]))
                    text, values = self.shown(*(x.type.shape for x in operands if x.type.shape))
                    message = f"operands could not be broadcast together with shapes {text}"
                    self.check(same, "ValueError", message, *values)
        for axis, d in stretched:
            for k, x in enumerate(operands):
                own = axis - rank + x.type.rank
                if own >= 0 and x.type.shape[own] == d:
                    operands[k] = self.stretched(x, own, chosen[axis], operands)
        out = []
        for x in operands:
            shape = x.type.shape
            wanted = tuple(d if d == 1 else c for d, c in zip(shape, chosen[rank - len(shape) :], strict=True))
            out.append(x if wanted == shape else self.b.emit("reshape", x, shape=wanted))
        return out

    def fit(self, x: Operand, shape: tuple[Dim, ...]) -> Operand:
        """Check that `x` broadcasts to `shape`; equal extents get the names they have in `shape`."""
        own = x.type.shape
        while len(own) > len(shape) and own[0] == 1:
            own = own[1:]
        text = f"could not broadcast input array from shape {_shape_text(x.type.shape)} into shape {_shape_text(shape)}"
        if len(own) > len(shape):
            self.error(PullbackValueError, text)
        wanted = []
        for d, t in zip(own, shape[len(shape) - len(own) :], strict=True):
            if d == 1:
                wanted.append(d)
                continue
            known = self.equal_extents(d, t)
            if known is False:
                self.error(PullbackValueError, text)
            if known is None:
                self.session.settle(d, t)
                self.not_stretched(d, t)
                same = self.b.emit("eq", self.b.extent(d), self.b.extent(t))
                (a, of_x), (b, of_shape) = self.shown(x.type.shape), self.shown(shape)
                message = f"could not broadcast input array from shape {a} into shape {b}"
                self.check(same, "ValueError", message, *of_x, *of_shape)
            wanted.append(t)
        if tuple(wanted) != x.type.shape:
            return self.emit("reshape", x, shape=tuple(wanted))
        return x

    def shown(self, *shapes: Sequence[Dim]) -> tuple[str, list[Operand]]:
        """Shapes as the text of a message, and the values of their run-time extents."""
        values: list[Operand] = []

        def of(d: Dim) -> str:
            if d.is_const:
                return str(d.const)
            values.append(self.b.extent(d))
            return "{}"

        texts = ["(" + ",".join(map(of, s)) + ("," if len(s) == 1 else "") + ")" for s in shapes]
        return " ".join(texts), values


def _is_symbol(d: Dim) -> bool:
    return len(d.terms) == 1 and d.terms[0][1] == 1 and len(d.terms[0][0]) == 1 and isinstance(d.terms[0][0][0], str)


def _shape_text(shape: Sequence[Dim]) -> str:
    return "(" + ",".join(str(d) for d in shape) + ("," if len(shape) == 1 else "") + ")"
