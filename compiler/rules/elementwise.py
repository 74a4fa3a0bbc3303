"""Elementwise ops: arithmetic, elementary functions, comparisons, selection.

A rule for one operand is ``f(g, y, *operands)``: the cotangent times the partial derivative. The same
expression with a tangent in the place of ``g`` is the forward rule. Derivatives are textbook
calculus; for undefined points see docs/differentiation.md.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pullback.runtime import numpy_helpers

from ..ir.nodes import Const
from ..ir.opdef import OpDef, register
from ..ir.types import DTYPES, Type
from .expr import Context, E, cos, cosh, digamma, exp, floor, log, polygamma, sign, sin, sinh, trunc
from .infer import (
    arithmetic,
    bitwise,
    comparison,
    division,
    floating,
    numeric,
    predicate,
    rounding,
    same,
    select,
    shift,
)

_NOTHING: tuple[None, None] = (None, None)


def _as_floats(xs: tuple[Any, ...]) -> Sequence[Any]:
    """Operands of a function with floating results; integers alone are float64, as `floating` infers."""
    if np.result_type(*xs).kind == "f":
        return xs
    return [np.asarray(x, dtype=np.float64)[()] for x in xs]


def _numpy(fn: Any, python: Any = None) -> Any:
    """Evaluate by NumPy in floating point, or under ``math=True`` by Python's math module."""

    def evaluate(attrs: dict[str, Any], *xs: Any) -> Any:
        if attrs.get("math"):
            assert python is not None, fn
            return python(*[float(x) for x in xs])
        with np.errstate(all="ignore"):
            return fn(*_as_floats(xs))

    return evaluate


def _special(name: str) -> Any:
    """A function of scipy.special, whose import takes longer than that of all of this package."""

    def function(*xs: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(*xs)

    return function


def _plain(fn: Any) -> Any:
    def evaluate(attrs: dict[str, Any], *xs: Any) -> Any:
        with np.errstate(all="ignore"):
            return fn(*xs)

    return evaluate


def _plain_or_math(fn: Any, python: Any) -> Any:
    def evaluate(attrs: dict[str, Any], *xs: Any) -> Any:
        if attrs.get("math"):
            return python(*[float(x) for x in xs])
        with np.errstate(all="ignore"):
            return fn(*xs)

    return evaluate


def unary(name: str, fn: Any, vjp: Any, python: str, scalar: str, **kw: Any) -> None:
    """A function of one float argument."""
    register(
        OpDef(
            name,
            "elementwise",
            floating,
            _numpy(fn, kw.pop("math", None)),
            vjp=(vjp,),
            jvp="from_vjp",
            python=python,
            scalar=scalar,
            cost=kw.pop("cost", 10),
            **kw,
        )
    )


# Entries are laid out by hand from here on: one op, few lines.
# fmt: off
# -- arithmetic of one operand ---------------------------------------------------------------------
register(OpDef(
    "neg", "elementwise", arithmetic, _plain(operator.neg), (lambda g, y, x: -g,), "from_vjp", python="-{0}",
    scalar="-{0}",
))
register(OpDef(
    "abs", "elementwise", arithmetic, _plain(abs), (lambda g, y, x: g * sign(x),), "from_vjp", python="abs({0})",
    scalar="abs({0})", undefined="x = 0: 0",
))
register(OpDef(
    "square", "elementwise", numeric, _plain(np.square), (lambda g, y, x: g * (2.0 * x),), "from_vjp",
    python="{0}**2", scalar="{0} * {0}",
))
register(OpDef(
    "sign", "elementwise", arithmetic, _plain(np.sign), zero=True, python="np.sign({0})", scalar="sign({0})",
    undefined="x = 0: 0",
))
register(OpDef(
    "reciprocal", "elementwise", floating, _numpy(np.reciprocal), (lambda g, y, x: -(g * (y * y)),), "from_vjp",
    python="1.0 / {0}", scalar="1.0 / {0}", sample="nonzero", undefined="x = 0: -inf",
))

unary(
    "sqrt", np.sqrt, lambda g, y, x: (g * 0.5).over(y), "np.sqrt({0})", "math.sqrt({0})", math=math.sqrt,
    sample="positive", undefined="x = 0: inf", cost=4,
)
unary(
    "safe_sqrt", np.sqrt, lambda g, y, x: g * E.eq(y, 0.0).where(0.0, 0.5 / E.eq(y, 0.0).where(1.0, y)),
    "np.sqrt({0})", "math.sqrt({0})", sample="positive", cost=4, undefined="x = 0: 0",
)
unary(
    "cbrt", np.cbrt, lambda g, y, x: (g * (1.0 / 3.0)).over(y * y), "np.cbrt({0})", "cbrt({0})",
    math=getattr(math, "cbrt", np.cbrt), sample="nonzero", undefined="x = 0: inf",
)
unary("exp", np.exp, lambda g, y, x: g * y, "np.exp({0})", "math.exp({0})", math=math.exp)
unary(
    "exp2", np.exp2, lambda g, y, x: g * y * math.log(2.0), "np.exp2({0})", "exp2({0})",
    math=getattr(math, "exp2", None),
)
unary("expm1", np.expm1, lambda g, y, x: g * exp(x), "np.expm1({0})", "math.expm1({0})", math=math.expm1)
unary(
    "log", np.log, lambda g, y, x: g / x, "np.log({0})", "math.log({0})", math=math.log, sample="positive",
    undefined="x = 0: inf",
)
unary(
    "log2", np.log2, lambda g, y, x: g / (x * math.log(2.0)), "np.log2({0})", "log2({0})", math=math.log2,
    sample="positive", undefined="x = 0: inf",
)
unary(
    "log10", np.log10, lambda g, y, x: g / (x * math.log(10.0)), "np.log10({0})", "math.log10({0})", math=math.log10,
    sample="positive", undefined="x = 0: inf",
)
unary(
    "log1p", np.log1p, lambda g, y, x: g / (x + 1.0), "np.log1p({0})", "math.log1p({0})", math=math.log1p,
    sample="positive", undefined="x = -1: inf",
)
unary("sin", np.sin, lambda g, y, x: g * cos(x), "np.sin({0})", "math.sin({0})", math=math.sin)
unary("cos", np.cos, lambda g, y, x: -(g * sin(x)), "np.cos({0})", "math.cos({0})", math=math.cos)
unary("tan", np.tan, lambda g, y, x: g * (1.0 + y * y), "np.tan({0})", "math.tan({0})", math=math.tan)
unary(
    "arcsin", np.arcsin, lambda g, y, x: g.over(_root(1.0 - x * x)), "np.arcsin({0})", "math.asin({0})",
    math=math.asin, sample="unit", undefined="x = -1, 1: inf",
)
unary(
    "arccos", np.arccos, lambda g, y, x: -g.over(_root(1.0 - x * x)), "np.arccos({0})", "math.acos({0})",
    math=math.acos, sample="unit", undefined="x = -1, 1: -inf",
)
unary("arctan", np.arctan, lambda g, y, x: g / (1.0 + x * x), "np.arctan({0})", "math.atan({0})", math=math.atan)
unary("sinh", np.sinh, lambda g, y, x: g * cosh(x), "np.sinh({0})", "math.sinh({0})", math=math.sinh)
unary("cosh", np.cosh, lambda g, y, x: g * sinh(x), "np.cosh({0})", "math.cosh({0})", math=math.cosh)
unary("tanh", np.tanh, lambda g, y, x: g * (1.0 - y * y), "np.tanh({0})", "math.tanh({0})", math=math.tanh)
unary(
    "arcsinh", np.arcsinh, lambda g, y, x: g / _root(x * x + 1.0), "np.arcsinh({0})", "math.asinh({0})",
    math=math.asinh,
)
unary(
    "arccosh", np.arccosh, lambda g, y, x: g.over(_root(x * x - 1.0)), "np.arccosh({0})", "math.acosh({0})",
    math=math.acosh, sample="above_one", undefined="x = 1: inf",
)
unary(
    "arctanh", np.arctanh, lambda g, y, x: g / (1.0 - x * x), "np.arctanh({0})", "math.atanh({0})", math=math.atanh,
    sample="unit", undefined="x = -1, 1: inf",
)
unary("sigmoid", _special("expit"), lambda g, y, x: g * (y * (1.0 - y)), "sigmoid({0})", "sigmoid({0})")
unary(
    "erf", _special("erf"), lambda g, y, x: g * (exp(-(x * x)) * (2.0 / math.sqrt(math.pi))), "erf({0})",
    "math.erf({0})", math=math.erf,
)
unary(
    "erfc", _special("erfc"), lambda g, y, x: -(g * (exp(-(x * x)) * (2.0 / math.sqrt(math.pi)))), "erfc({0})",
    "math.erfc({0})", math=math.erfc,
)
unary(
    "lgamma", _special("gammaln"), lambda g, y, x: g * digamma(x), "gammaln({0})", "math.lgamma({0})",
    math=math.lgamma, sample="positive", undefined="x = 0, -1, -2, ...: inf or nan",
)
unary(
    "digamma", _special("digamma"), lambda g, y, x: g * polygamma(x, n=1), "digamma({0})", "digamma({0})",
    sample="positive", cost=40, undefined="x = 0, -1, -2, ...: inf or nan",
)


def _root(x: E) -> E:
    return x._emit("sqrt", x)


def _polygamma(attrs: dict[str, Any], x: Any) -> Any:
    (x,) = _as_floats((x,))
    return np.asarray(_special("polygamma")(attrs["n"], x)).astype(np.result_type(x))[()]


def _polygamma_rule(c: Context) -> E:
    out: E = c.g * polygamma(c.x(0), n=c.op.attrs["n"] + 1)
    return out


class WithContext:
    """A rule that wants the whole context (attributes, activity of the other operands)."""

    __slots__ = ("rule",)

    def __init__(self, rule: Any):
        self.rule = rule


register(
    OpDef(
        "polygamma", "elementwise", floating, _polygamma, (WithContext(_polygamma_rule),), "from_vjp",
        python=lambda args, op: f"polygamma({op.attrs['n']}, {args[0]})",
        scalar=lambda args, op: f"polygamma({op.attrs['n']}, {args[0]})",
        sample="positive", cost=100,
    )
)

# of several kinds, over the loops below
_fn: Any

# -- zero by declaration -----------------------------------------------------------------------------
for _name, _fn, _scalar in [
    ("floor", np.floor, "math.floor({0})"),
    ("ceil", np.ceil, "math.ceil({0})"),
    ("rint", np.rint, "rint({0})"),
    ("trunc", np.trunc, "math.trunc({0})"),
]:
    _kind = floating if _name == "rint" else rounding
    _evaluate = _numpy(_fn) if _name == "rint" else _plain(_fn)
    register(OpDef(
        _name, "elementwise", _kind, _evaluate, zero=True, python=f"np.{_name}({{0}})", scalar=_scalar,
        undefined="steps: 0",
    ))

def _round_decimals(attrs: dict[str, Any], x: Any) -> Any:
    (x,) = _as_floats((x,))
    return numpy_helpers.round_decimals(x, 10.0 ** attrs["n"])


register(OpDef(
    "round_decimals", "elementwise", floating, _round_decimals, zero=True, undefined="steps: 0", cost=10,
    python=lambda args, op: f"round_decimals({args[0]}, {10.0 ** op.attrs['n']})",
    scalar=lambda args, op: f"round_decimals({args[0]}, {10.0 ** op.attrs['n']})",
))

for _name, _fn, _py, _sc in [
    ("isnan", np.isnan, "np.isnan({0})", "math.isnan({0})"),
    ("isinf", np.isinf, "np.isinf({0})", "math.isinf({0})"),
    ("isfinite", np.isfinite, "np.isfinite({0})", "math.isfinite({0})"),
    ("logical_not", np.logical_not, "np.logical_not({0})", "(not {0})"),
]:
    register(OpDef(_name, "elementwise", predicate, _plain(_fn), zero=True, python=_py, scalar=_sc))
register(OpDef(
    "invert", "elementwise", same, _plain(np.invert), zero=True, python="~{0}", scalar="~{0}", sample="integer",
))


def _divide(attrs: dict[str, Any], a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.true_divide(a, b) if attrs.get("ieee") else operator.truediv(a, b)


# -- two operands --------------------------------------------------------------------------------------
register(OpDef(
    "add", "elementwise", arithmetic, _plain(operator.add), (lambda g, y, a, b: g, lambda g, y, a, b: g), "from_vjp",
    python="{0} + {1}", scalar="{0} + {1}",
))
register(OpDef(
    "sub", "elementwise", arithmetic, _plain(operator.sub), (lambda g, y, a, b: g, lambda g, y, a, b: -g),
    "from_vjp", python="{0} - {1}", scalar="{0} - {1}",
))
register(OpDef(
    "mul", "elementwise", arithmetic, _plain(operator.mul), (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a),
    "from_vjp", python="{0} * {1}", scalar="{0} * {1}",
))
register(OpDef(
    "div", "elementwise", division, _divide, (lambda g, y, a, b: g / b, lambda g, y, a, b: -(g * y) / b), "from_vjp",
    python="{0} / {1}", scalar="{0} / {1}", sample="nonzero", undefined="b = 0: inf or nan", cost=4,
))


def _mul0(attrs: dict[str, Any], g: Any, d: Any) -> Any:
    with np.errstate(all="ignore"):
        product = np.multiply(g, d)
        return np.where(np.equal(g, 0), np.zeros((), product.dtype), product)[()]


def _div0(attrs: dict[str, Any], g: Any, d: Any) -> Any:
    with np.errstate(all="ignore"):
        quotient = np.true_divide(g, d)
        return np.where(np.equal(g, 0), np.zeros((), quotient.dtype), quotient)[()]


# Note [Strong zero again]. In ``mul0(a, b)`` a is a cotangent, and where it is exactly 0 the result is 0 whatever b
# is. A derivative of the adjoint program keeps to that: there the result does not depend on b, even where b's
# own tangent is inf or NaN, nor on a where b is inf or NaN (such an a has been masked, and stays masked).
def _mul0_by_a(g: E, y: E, a: E, b: E) -> E:
    masked = a.eq(0) & b._emit("logical_not", b._emit("isfinite", b))
    return masked.where(0.0, g._emit("mul0", g, b))


def _div0_by_a(g: E, y: E, a: E, b: E) -> E:
    masked = a.eq(0) & b._emit("logical_or", b.eq(0), b._emit("isnan", b))
    return masked.where(0.0, g.over(b))


register(OpDef(
    "mul0", "elementwise", arithmetic, _mul0, (_mul0_by_a, lambda g, y, a, b: g._emit("mul0", a, g)), "from_vjp",
    python="mul0({0}, {1})", scalar="mul0({0}, {1})", undefined="a = 0 where b is inf or nan: 0",
))
register(OpDef(
    "div0", "elementwise", division, _div0, (_div0_by_a, lambda g, y, a, b: -g._emit("mul0", y, g).over(b)),
    "from_vjp", python="div0({0}, {1})", scalar="div0({0}, {1})", sample="nonzero", cost=4,
    undefined="a = 0 where b is 0 or nan: 0",
))

register(OpDef(
    "floordiv", "elementwise", numeric, _plain(operator.floordiv), zero=True, python="{0} // {1}",
    scalar="{0} // {1}", undefined="steps: 0", sample="normal, modulus", cost=8,
))
register(OpDef(
    "mod", "elementwise", numeric, _plain(operator.mod),
    (lambda g, y, a, b: g, lambda g, y, a, b: -(g * floor(a / b))), "from_vjp", python="{0} % {1}",
    scalar="{0} % {1}", undefined="steps: that of the right side", sample="normal, modulus", cost=8,
))
register(OpDef(
    "fmod", "elementwise", numeric, _plain_or_math(np.fmod, math.fmod),
    (lambda g, y, a, b: g, lambda g, y, a, b: -(g * trunc(a / b))), "from_vjp", python="np.fmod({0}, {1})",
    scalar="math.fmod({0}, {1})", undefined="steps: that of the right side", sample="normal, modulus", cost=8,
))


def _is_zero_or(b: E, other: E, value: E) -> E:
    return E.eq(b, 0.0).where(other, value)


def _pow_base(g: E, y: E, a: E, b: E) -> E:
    """b a**(b-1), zero where b is 0; an integer exponent keeps the power exact."""
    if isinstance(b.v, Const):
        n = b.v.value
        if n == 0:
            return g * 0.0
        if n == 1:
            return g
        if n == 2:
            return g * (2.0 * a)
        factor = float(n) * a ** (n - 1)
        if n < 1 and g.risky is not None:
            return g._emit("mul0", g * float(n), a ** (n - 1))
        return g * factor if n > 1 else (g * float(n)) * (a ** (n - 1))
    return g._emit("mul0", g, E.eq(b, 0).where(0.0, b * a ** E.eq(b, 0).where(1.0, b - 1.0)))


def _pow_exponent(g: E, y: E, a: E, b: E) -> E:
    """a**b log(a), zero at a = 0."""
    at_zero = E.eq(a, 0)
    return g._emit("mul0", g, at_zero.where(0.0, y * log(at_zero.where(1.0, a))))


def _pow(attrs: dict[str, Any], a: Any, b: Any) -> Any:
    if attrs.get("math"):
        return math.pow(a, b)
    with np.errstate(all="ignore"):
        if not attrs.get("ieee") and type(a) in (float, int) and type(b) in (float, int):
            result = a**b
            if isinstance(result, complex):
                raise ValueError("negative number cannot be raised to a fractional power")
            return result
        return np.power(a, b)


def _pow_type(xs: Any, attrs: dict[str, Any]) -> Any:
    if attrs.get("math"):
        return floating(xs, attrs)
    (t,) = numeric(xs, attrs)
    if attrs.get("ieee"):
        return [t.strong]
    if t.weak and t.is_int and isinstance(xs[1], Const) and xs[1].value < 0:
        return division(xs, attrs)
    return [t]


register(
    OpDef(
        "pow", "elementwise", _pow_type, _pow, (_pow_base, _pow_exponent), "from_vjp",
        python="{0}**{1}", scalar="{0}**{1}", sample="positive, normal",
        undefined="a = 0 with 0 < b < 1: inf, with b < 0: -inf; by b where a = 0: 0, where a < 0: nan",
        cost=20,
    )
)


def _selected(c: Context, k: int, wins: Callable[[E, E], E]) -> E:
    """Cotangent where operand `k` of a maximum or minimum is selected; a tie is split, or 0 against a constant.

    Against a constant the result is as good as the operand (it wins where the operand does), and is kept anyway."""
    g: E = c.g
    other = c.x(1 - k)
    both = c.active(1 - k)
    share: E | float = c.x(k).eq(other).where(g * 0.5, 0.0) if both else 0.0
    selected: E = wins(c.x(k) if both else c.y, other).where(g, share)
    return selected


def _without_nan(wins: Any) -> Any:
    """fmax and fmin select the other operand where one is NaN."""
    return lambda a, b: wins(a, b)._emit("logical_or", wins(a, b), b._emit("isnan", b))


def _above(a: E, b: E) -> E:
    return a > b


def _below(a: E, b: E) -> E:
    return a < b


for _name, _fn, _sc, _win in [
    ("maximum", np.maximum, "maximum({0}, {1})", _above),
    ("minimum", np.minimum, "minimum({0}, {1})", _below),
    ("fmax", np.fmax, "fmax({0}, {1})", _without_nan(_above)),
    ("fmin", np.fmin, "fmin({0}, {1})", _without_nan(_below)),
]:
    register(
        OpDef(
            _name, "elementwise", arithmetic, _plain(_fn),
            (
                WithContext(lambda c, win=_win: _selected(c, 0, win)),
                WithContext(lambda c, win=_win: _selected(c, 1, win)),
            ),
            "from_vjp", python=f"np.{_name}({{0}}, {{1}})", scalar=_sc,
            undefined="a = b: half each; 0 against a constant",
        )
    )

register(OpDef(
    "arctan2", "elementwise", floating, _numpy(np.arctan2, math.atan2),
    (lambda g, y, a, b: g * b / (a * a + b * b), lambda g, y, a, b: -(g * a) / (a * a + b * b)), "from_vjp",
    python="np.arctan2({0}, {1})", scalar="math.atan2({0}, {1})", undefined="(0, 0): nan", sample="nonzero", cost=20,
))
register(OpDef(
    "hypot", "elementwise", floating, _numpy(np.hypot, math.hypot),
    (lambda g, y, a, b: g * a.over(y), lambda g, y, a, b: g * b.over(y)), "from_vjp", python="np.hypot({0}, {1})",
    scalar="math.hypot({0}, {1})", undefined="(0, 0): 0", sample="nonzero", cost=10,
))
register(OpDef(
    "copysign", "elementwise", floating, _numpy(np.copysign, math.copysign),
    (lambda g, y, a, b: g * (sign(a) * b._emit("copysign", 1.0, b)), None), "from_vjp",
    python="np.copysign({0}, {1})", scalar="math.copysign({0}, {1})", undefined="a = 0: 0", sample="nonzero",
))


def _share(a: E, b: E) -> E:
    """exp(a) / (exp(a) + exp(b)); half where both are the same infinity, as in a table filled with -inf."""
    tied = a.eq(b) & a._emit("isinf", a)
    distance = tied.where(0.0, a - b)
    return distance._emit("sigmoid", distance)


register(OpDef(
    "logaddexp", "elementwise", floating, _numpy(np.logaddexp),
    (lambda g, y, a, b: g * _share(a, b), lambda g, y, a, b: g * _share(b, a)), "from_vjp",
    python="np.logaddexp({0}, {1})", scalar="logaddexp({0}, {1})", cost=20,
    undefined="a and b the same infinity: half each",
))

for _name, _fn, _symbol in [
    ("lt", operator.lt, "<"), ("le", operator.le, "<="), ("gt", operator.gt, ">"),
    ("ge", operator.ge, ">="), ("eq", operator.eq, "=="), ("ne", operator.ne, "!="),
]:
    register(OpDef(
        _name, "elementwise", comparison, _plain(_fn), zero=True, python=f"{{0}} {_symbol} {{1}}",
        scalar=f"{{0}} {_symbol} {{1}}",
    ))
for _name, _fn, _word in [("logical_and", np.logical_and, "and"), ("logical_or", np.logical_or, "or")]:
    register(OpDef(
        _name, "elementwise", comparison, _plain(_fn), zero=True, python=f"np.{_name}({{0}}, {{1}})",
        scalar=f"({{0}} {_word} {{1}})", sample="boolean",
    ))
register(OpDef(
    "logical_xor", "elementwise", comparison, _plain(np.logical_xor), zero=True, python="np.logical_xor({0}, {1})",
    scalar="(bool({0}) != bool({1}))", sample="boolean",
))
for _name, _fn, _symbol in [
    ("bit_and", operator.and_, "&"), ("bit_or", operator.or_, "|"), ("bit_xor", operator.xor, "^"),
    ("shl", operator.lshift, "<<"), ("shr", operator.rshift, ">>"),
]:
    register(OpDef(
        _name, "elementwise", shift if _name in ("shl", "shr") else bitwise, _plain(_fn), zero=True,
        python=f"{{0}} {_symbol} {{1}}", scalar=f"{{0}} {_symbol} {{1}}", sample="integer",
    ))

# -- selection and conversion ---------------------------------------------------------------------------
def _chosen(c: Any, a: Any, b: Any) -> Any:
    if type(a) is int and type(b) is int and np.ndim(c) == 0:  # the other one may not fit into 64 bits
        return a if c else b
    return np.asarray(np.where(c, a, b))[()]


register(
    OpDef(
        "where", "elementwise", select, _plain(_chosen),
        (None, lambda g, y, c, a, b: c.where(g, 0.0), lambda g, y, c, a, b: c.where(0.0, g)),
        WithContext(lambda c: c.x(0).where(c.dot(1), c.dot(2))),
        python="np.where({0}, {1}, {2})", scalar="({1} if {0} else {2})",
    )
)


def _cast_type(xs: Any, attrs: dict[str, Any]) -> Any:
    return [Type(attrs["dtype"], xs[0].type.shape, bool(attrs.get("weak")) and not xs[0].type.shape)]


def _cast(attrs: dict[str, Any], x: Any) -> Any:
    with np.errstate(all="ignore"):
        y = np.asarray(x).astype(DTYPES[attrs["dtype"]])
    if attrs.get("weak") and y.ndim == 0:
        return y.item()
    return y[()]


_NP_NAME = {name: "bool_" if name == "b1" else dtype.name for name, dtype in DTYPES.items()}
_PY_NAME = {"f64": "float", "i64": "int", "b1": "bool"}


def _cast_python(args: list[str], op: Any) -> str:
    if op.attrs.get("weak") and not op.result.type.shape:
        return f"{_PY_NAME[op.attrs['dtype']]}({args[0]})"
    name = f"np.{_NP_NAME[op.attrs['dtype']]}"
    return f"{args[0]}.astype({name})" if op.result.type.shape else f"{name}({args[0]})"


register(OpDef(
    "cast", "elementwise", _cast_type, _cast, (lambda g, y, x: g.cast(x.type.dtype),),
    WithContext(lambda c: c.dot(0).cast(c.op.attrs["dtype"])), python=_cast_python,
    scalar=lambda args, op: f"np.{_NP_NAME[op.attrs['dtype']]}({args[0]})",
))
register(OpDef(
    "stop_gradient", "elementwise", same, _plain(lambda x: x), zero=True, python="{0}", scalar="{0}", cost=0,
))
register(OpDef(
    "copy", "elementwise", same, _plain(lambda x: np.array(x, copy=True)[()]), (lambda g, y, x: g,), "from_vjp",
    python=lambda args, op: f"{args[0]}.copy()" if op.result.type.shape else args[0], scalar="{0}", cost=0,
))
