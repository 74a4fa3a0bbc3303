"""Expressions over IR values, so that derivative rules read like mathematics.

``E`` wraps an operand and a builder; arithmetic on it emits ops. A cotangent keeps its mark through
products and quotients, and is scaled with *strong zero* (see `docs/differentiation.md`): where a
factor may be infinite or NaN although the result it belongs to is masked out, the product of
an exactly zero cotangent with it is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import Const, Op, Operand, Value
from ..ir.types import Type

Number = float | int | bool


class E:
    """An operand with operators. `risky` (shared by a whole differentiation) tells which primal values
    may be non-finite where the result does not depend on them; None: no strong zeros needed."""

    __slots__ = ("b", "cotangent", "risky", "v")

    def __init__(
        self,
        b: Builder,
        v: Operand | Number,
        cotangent: bool = False,
        risky: Callable[[Operand], bool] | None = None,
    ):
        self.b = b
        self.v: Operand = v if isinstance(v, (Value, Const)) else constant(v)
        self.cotangent = cotangent
        self.risky = risky

    @property
    def type(self) -> Type:
        return self.v.type

    @property
    def shape(self) -> tuple[Dim, ...]:
        return self.v.type.shape

    def of(self, x: E | Operand | Number) -> E:
        return x if isinstance(x, E) else E(self.b, x, False, self.risky)

    def _emit(self, opcode: str, *xs: E | Operand | Number, **attrs: Any) -> E:
        operands = [self.of(x).v for x in xs]
        cot = any(isinstance(x, E) and x.cotangent for x in xs)
        return E(self.b, self.b.emit(opcode, *operands, **attrs), cot, self.risky)

    def __add__(self, o: E | Operand | Number) -> E:
        return self._emit("add", self, o)

    def __radd__(self, o: Operand | Number) -> E:
        return self._emit("add", o, self)

    def __sub__(self, o: E | Operand | Number) -> E:
        return self._emit("sub", self, o)

    def __rsub__(self, o: Operand | Number) -> E:
        return self._emit("sub", o, self)

    def __neg__(self) -> E:
        if isinstance(self.v, Const):
            return E(self.b, constant(-self.v.value, self.v.type), self.cotangent, self.risky)
        return self._emit("neg", self)

    def __mul__(self, o: E | Operand | Number) -> E:
        o = self.of(o)
        if isinstance(o.v, Const) and o.v.value == 1 and o.type.weak:
            return self
        if isinstance(self.v, Const) and self.v.value == 1 and self.fits(o):
            return E(self.b, o.v, self.cotangent or o.cotangent, self.risky)
        if self.risky is not None and self.cotangent != o.cotangent:
            g, d = (self, o) if self.cotangent else (o, self)
            if self.risky(d.v):
                return self._emit("mul0", g, d)
        return self._emit("mul", self, o)

    def fits(self, o: E) -> bool:
        """A scalar one that changes neither dtype nor shape of `o`."""
        return self.type.is_scalar and o.type.is_float and (self.type.weak or self.type.dtype == o.type.dtype)

    def __rmul__(self, o: Operand | Number) -> E:
        return self.of(o) * self

    def __truediv__(self, o: E | Operand | Number) -> E:
        o = self.of(o)
        if self.risky is not None and self.cotangent and not (isinstance(o.v, Const) and o.v.value):
            return self._emit("div0", self, o)
        return self._emit("div", self, o, ieee=True)

    def __rtruediv__(self, o: Operand | Number) -> E:
        return self.of(o) / self

    def over(self, o: E | Operand | Number) -> E:
        """A quotient whose zero numerator gives zero whatever the denominator."""
        return self._emit("div0", self, o)

    def __pow__(self, o: E | Operand | Number) -> E:
        return self._emit("pow", self, o, ieee=True)

    def __gt__(self, o: E | Operand | Number) -> E:
        return self._emit("gt", self, o)

    def __lt__(self, o: E | Operand | Number) -> E:
        return self._emit("lt", self, o)

    def __ge__(self, o: E | Operand | Number) -> E:
        return self._emit("ge", self, o)

    def __le__(self, o: E | Operand | Number) -> E:
        return self._emit("le", self, o)

    def eq(self, o: E | Operand | Number) -> E:
        return self._emit("eq", self, o)

    def __and__(self, o: E) -> E:
        return self._emit("logical_and", self, o)

    def where(self, a: E | Operand | Number, b: E | Operand | Number) -> E:
        """This condition selecting between `a` and `b`."""
        return self._emit("where", self, a, b)

    def __matmul__(self, o: E) -> E:
        return self._emit("matmul", self, o)

    def sum(self, axes: Sequence[int] | None = None, keepdims: bool = False) -> E:
        axes = tuple(range(self.type.rank)) if axes is None else tuple(sorted(axes))
        if not axes:
            return self
        return self._emit("sum", self, axes=axes, keepdims=keepdims)

    def reshape(self, shape: Sequence[Dim | int]) -> E:
        dims = tuple(Dim.of(d) for d in shape)
        if dims == self.shape:
            return self
        return self._emit("reshape", self, shape=dims)

    def transpose(self, perm: Sequence[int]) -> E:
        if tuple(perm) == tuple(range(len(perm))):
            return self
        return self._emit("transpose", self, perm=tuple(perm))

    @property
    def mT(self) -> E:
        """The last two axes swapped."""
        r = self.type.rank
        return self.transpose([*range(r - 2), r - 1, r - 2])

    def expand(self, axis: int) -> E:
        """A new axis of extent 1."""
        shape = list(self.shape)
        shape.insert(axis, Dim.of(1))
        return self.reshape(shape)

    def broadcast_to(self, shape: Sequence[Dim]) -> E:
        if tuple(shape) == self.shape:
            return self
        if self.type.is_scalar:
            return self._emit("full", self, shape=tuple(shape), dtype=self.type.dtype)
        return self._emit("broadcast_to", self, shape=tuple(shape))

    def cast(self, dtype: str) -> E:
        if self.type.dtype == dtype:
            return self
        if isinstance(self.v, Const):
            return E(self.b, constant(self.v.value, Type(dtype)), self.cotangent, self.risky)
        return self._emit("cast", self, dtype=dtype, weak=False)


def _function(opcode: str) -> Callable[..., E]:
    def apply(x: E, *rest: E | Number, **attrs: Any) -> E:
        return x._emit(opcode, x, *rest, **attrs)

    apply.__name__ = opcode
    return apply


exp = _function("exp")
log = _function("log")
sin = _function("sin")
cos = _function("cos")
sinh = _function("sinh")
cosh = _function("cosh")
sqrt = _function("sqrt")
sign = _function("sign")
floor = _function("floor")
trunc = _function("trunc")
copysign = _function("copysign")
digamma = _function("digamma")
polygamma = _function("polygamma")
square = _function("square")


class Context(Protocol):
    """What a rule may ask of its op (implemented by `transforms.context.RuleContext`, described there)."""

    @property
    def b(self) -> Builder: ...
    @property
    def op(self) -> Op: ...
    @property
    def y(self) -> E: ...
    @property
    def g(self) -> E: ...
    @property
    def g_full(self) -> E: ...
    def x(self, k: int) -> E: ...
    def dot(self, k: int) -> E: ...
    def active(self, k: int) -> bool: ...
    def map(self, x: Operand) -> Operand: ...
    def dim(self, d: Dim) -> Dim: ...
    def attr(self, a: Any) -> Any: ...
    def unbroadcast(self, e: E, k: int) -> E: ...
    def sum_to(self, e: E, k: int) -> E: ...
