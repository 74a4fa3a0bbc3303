"""What a derivative rule sees of its op, in forward and in reverse mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..analysis.activity import useful_values
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.nodes import Const, Function, Op, Operand, Substitution, Value
from ..ir.opdef import opdef
from ..ir.types import Type
from ..rules.elementwise import WithContext
from ..rules.expr import E

# Ops whose result or partial derivatives can be infinite or NaN for finite operands.
_RISKY = {
    "log", "log2", "log10", "log1p", "div", "div0", "reciprocal", "pow", "exp", "exp2", "expm1", "sinh", "cosh",
    "arctanh", "arccosh", "arcsin", "arccos", "sqrt", "safe_sqrt", "lgamma", "digamma", "polygamma", "mod",
    "fmod", "tan", "cbrt", "ndtri", "log_ndtr", "erfinv", "exp1", "expi",
    "bessel_y0", "bessel_y1", "bessel_k0", "bessel_k1", "erfcx", "erfi", "erfcinv", "ellipk", "ellipe", "spence",
}  # fmt: skip
# Ops that stop a cotangent on the way to some elements.
_MASKS = {"where", "maximum", "minimum", "fmax", "fmin", "max", "min", "mul0", "div0"}
Risky = Callable[[Operand], bool]


class StrongZero:
    """Where products with cotangents must be strong: zero wherever the cotangent is exactly zero.

    Note [Strong zero]. ``where(x > 0, log(x), 0)`` sends an exactly zero cotangent into ``log`` at x = 0, whose
    derivative is infinite there. The product must be 0. It matters only for ops *upstream of a mask*
    (an op that withholds the cotangent from some elements: a selection, an extremum, a boolean mask,
    an overwritten element), and for factors that are *risky*: possibly not finite although the operands
    of the program are. Everything else multiplies plainly.
    """

    def __init__(self, fn: Function, params: set[Value]):
        ops = list(fn.body.walk())
        self._any_risky = any(op.opcode in _RISKY and not _tame(op) for op in ops)
        self._params = params
        self._memo: dict[Value, bool] = {}
        self._upstream: set[Value] = set()
        if self._any_risky:
            masked = [x for op in ops if self._masks(op) for x in op.operands if x.type.is_float]
            self._upstream = useful_values(fn.body, masked)

    def at(self, op: Op) -> Risky | None:
        """The risk of factors in the rule of `op`; None where plain products will do."""
        return self.risky if any(r in self._upstream for r in op.results) else None

    def risky(self, x: Operand) -> bool:
        """Whether a value may be non-finite where the result does not depend on it."""
        if isinstance(x, Const):
            return False
        memo = self._memo
        if x in memo:
            return memo[x]
        op = x.op
        if not x.type.is_float or x in self._params:
            memo[x] = False
        elif op is None or op.regions or op.opcode in ("call", "tape_pop"):
            memo[x] = self._any_risky  # what a loop carries or a region computes
        elif op.opcode in _RISKY and not _tame(op):
            memo[x] = True
        else:
            memo[x] = any(self.risky(o) for o in op.operands)
        return memo[x]

    def _masks(self, op: Op) -> bool:
        if op.opcode in _MASKS:
            return True
        if op.opcode == "load":  # a[mask]
            return any(isinstance(x, Value) and _from_mask(x) for x in op.operands[1:])
        # an overwritten element of an array made by array ops; not of one that a loop is filling
        array = op.operands[0] if op.opcode == "store" else None
        return isinstance(array, Value) and array.op is not None and array.op.opcode != "empty" and self.risky(array)


def _from_mask(x: Value) -> bool:
    return x.op is not None and x.op.opcode == "nonzero"


def _tame(op: Op) -> bool:
    """A quotient by a constant, a power at least 1: finite for finite operands."""
    second = op.operands[1] if len(op.operands) > 1 else None
    if not isinstance(second, Const):
        return False
    return (op.opcode == "div" and second.value != 0) or (op.opcode == "pow" and second.value >= 1)


def unbroadcast(e: E, result_shape: Sequence[Dim], target: Type, shape: Sequence[Dim]) -> E:
    """Sum a cotangent of ``result_shape`` (or broadcastable to it) down to an operand's ``shape``.

    The cotangent may be lazily broadcast: an axis it does not have stands for equal elements, whose
    sum is the extent times the element. The result broadcasts to ``shape``.
    """
    missing = len(result_shape) - len(shape)
    offset = len(result_shape) - e.type.rank
    factor = Dim.of(1)
    axes = []
    for axis, extent in enumerate(result_shape):
        k = axis - missing
        if k >= 0 and (shape[k] != 1 or extent == 1):
            continue
        own = axis - offset
        if own >= 0 and not (e.shape[own] == 1 and extent != 1):
            axes.append(own)
        elif extent != 1:
            factor = factor * extent
    if axes:
        kept = [d for a, d in enumerate(e.shape) if a not in axes]
        # axes in front vanish; axes of extent 1 inside the operand's shape stay
        final = []
        for axis in range(len(result_shape)):
            k, own = axis - missing, axis - offset
            if k < 0 or own < 0:
                continue
            final.append(Dim.of(1) if own in axes else e.shape[own])
        e = e.sum(axes)
        if final != kept:
            e = e.reshape(final)
    if e.type.rank > len(shape):
        e = e.reshape(e.shape[e.type.rank - len(shape) :])
    if factor != 1:
        e = e * E(e.b, e.b.extent(factor))
        if e.type.dtype != target.dtype:
            e = e.cast(target.dtype)
    return e


class RuleContext:
    """What a rule reads: primal values, the cotangent or the tangents, attributes."""

    __slots__ = ("_active", "_cotangent", "_dots", "b", "op", "risky", "sub")

    def __init__(
        self,
        b: Builder,
        op: Op,
        sub: Substitution,
        active: Callable[[Operand], bool],
        risky: Callable[[Operand], bool] | None,
        cotangent: E | None = None,
        dots: list[E | None] | None = None,
    ):
        self.b = b
        self.op = op
        self.sub = sub
        self._active = active
        self._cotangent = cotangent
        self._dots = dots
        self.risky = risky

    def map(self, x: Operand) -> Operand:
        return self.sub.operand(x)

    def dim(self, d: Dim) -> Dim:
        return self.sub.dim(d)

    def attr(self, a: Any) -> Any:
        return self.sub.attr(a)

    def e(self, x: Operand) -> E:
        return E(self.b, x, False, self.risky)

    def x(self, k: int) -> E:
        """Primal operand k."""
        return self.e(self.map(self.op.operands[k]))

    def x_as_computed(self, k: int) -> E:
        """Primal operand k with the precision that the op computes in: of float32 with float64, that of float64."""
        x, result = self.x(k), self.op.results[0].type
        narrower = x.type.dtype == "f32" and result.dtype == "f64" and self.op.opcode != "cast"
        return x.cast("f64") if narrower else x

    @property
    def y(self) -> E:
        """The primal result."""
        return self.e(self.map(self.op.results[0]))

    def active(self, k: int) -> bool:
        return self._active(self.op.operands[k])

    @property
    def g(self) -> E:
        """The cotangent of the result, perhaps lazily broadcast."""
        assert self._cotangent is not None
        return self._cotangent

    @property
    def g_full(self) -> E:
        """The cotangent with the result's full shape."""
        return self.g.broadcast_to([self.dim(d) for d in self.op.results[0].type.shape])

    def dot(self, k: int) -> E:
        """The tangent of operand k, zeros when it has none (full shape)."""
        assert self._dots is not None
        d = self._dots[k]
        t = self.op.operands[k].type
        if d is None:
            return self.e(constant(0.0, Type(t.dtype))).broadcast_to([self.dim(x) for x in t.shape])
        return d

    def unbroadcast(self, e: E, k: int) -> E:
        """A cotangent that broadcasts to the result's shape, summed to operand k's shape."""
        t = self.op.operands[k].type
        full = [self.dim(d) for d in self.op.results[0].type.shape]
        return unbroadcast(e, full, t, [self.dim(d) for d in t.shape])

    def sum_to(self, e: E, k: int) -> E:
        """A cotangent of a shape of its own, to which operand k's shape broadcasts, summed to that."""
        t = self.op.operands[k].type
        return unbroadcast(e, e.shape, t, [self.dim(d) for d in t.shape])

    def apply_vjp(self, k: int, g: E) -> E | None:
        """Rule k with `g` in the place of the cotangent, not yet un-broadcast."""
        entry = opdef(self.op.opcode)
        assert entry.vjp is not None
        rule = entry.vjp[k]
        if rule is None:
            return None
        if isinstance(rule, WithContext):
            inner = RuleContext(self.b, self.op, self.sub, self._active, self.risky, g, self._dots)
            out: E = rule.rule(inner)
            return out
        if entry.kind == "elementwise":
            out = rule(g, self.y, *[self.x_as_computed(j) for j in range(len(self.op.operands))])
            return out
        inner = RuleContext(self.b, self.op, self.sub, self._active, self.risky, g, self._dots)
        out = rule(inner)
        return out
