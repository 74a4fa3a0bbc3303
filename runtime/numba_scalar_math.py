"""What Numba compiles for the functions of `scalar_math`: calls of libm, selects, a few instructions.

Note [Vector math]. A call of libm carries the names of glibc's vector variants of the function (libmvec), so that
LLVM's loop vectoriser can widen it (`libmvec`). The variants are declared and kept alive by `llvm.compiler.used`.
exp and tanh are instructions in place (`numba_exponential`) where the machine has fused multiply-adds.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.typing import signature

from . import libmvec
from . import numba_exponential as exponential
from . import scalar_math as sm
from .numba_arrays import declare
from .numba_target import IMPLEMENTATIONS

_FLOATS = (types.float64, types.float32)
_BINARY = frozenset({"arctan2", "hypot", "copysign", "fmod", "power"})
# which LLVM computes without a call
_INTRINSICS = {
    "sqrt": "llvm.sqrt", "safe_sqrt": "llvm.sqrt", "copysign": "llvm.copysign",
    "floor": "llvm.floor", "ceil": "llvm.ceil", "trunc": "llvm.trunc", "rint": "llvm.rint",
}  # fmt: skip


def _common(*given: Any) -> Any:
    """The float type that functions of these numbers compute in."""
    given = tuple(types.unliteral(t) for t in given)
    if not all(isinstance(t, (types.Number, types.Boolean)) for t in given):
        return None
    return types.float32 if all(t == types.float32 for t in given) else types.float64


def _float_typer(arity: int, result: Any = None) -> Callable[..., Any]:
    def typer(*given: Any) -> Any:
        t = _common(*given) if len(given) == arity else None
        return None if t is None else signature(result or t, *[t] * arity)

    return typer


def _number_typer(*given: Any) -> Any:
    """Functions that also have integer forms: all operands of the dtype in which all of them fit."""
    given = tuple(types.unliteral(t) for t in given)
    if not all(isinstance(t, (types.Number, types.Boolean)) for t in given):
        return None
    t = given[0]
    for other in given[1:]:
        t = _wider(t, other)
    return signature(t, *[t] * len(given))


def _wider(a: Any, b: Any) -> Any:
    if a == b:
        return a
    floats = [t for t in (a, b) if isinstance(t, types.Float)]
    if floats:
        integers = [t for t in (a, b) if isinstance(t, types.Integer)]
        return types.float32 if types.float64 not in floats and not integers else types.float64
    integers = [t for t in (a, b) if isinstance(t, types.Integer)]
    if len(integers) == 1:
        return integers[0]
    if a.signed == b.signed:
        return max(a, b, key=lambda t: t.bitwidth)
    return types.int64


def _float(t: Any) -> bool:
    return isinstance(t, types.Float)


def _constant(x: Any, value: float) -> Any:
    return ir.Constant(x.type, value)


def call_libm(builder: Any, name: str, args: list[Any]) -> Any:
    """A call of a function of libm, which has no effects."""
    t = args[0].type
    symbol = name if isinstance(t, ir.DoubleType) else name + "f"
    fn = builder.module.globals.get(symbol)
    if fn is None:
        fn = ir.Function(builder.module, ir.FunctionType(t, [t] * len(args)), symbol)
        fn.attributes.add("nounwind")
        fn.attributes.add("readnone")
    call = builder.call(fn, args)
    libmvec.offer(builder.module, call, symbol, t, len(args))
    return call


def _intrinsic(builder: Any, name: str, args: list[Any]) -> Any:
    t = args[0].type
    kind = ir.FunctionType(t, [t] * len(args))
    return builder.call(builder.module.declare_intrinsic(name, [t], kind), args)


def _fabs(builder: Any, x: Any) -> Any:
    return _intrinsic(builder, "llvm.fabs", [x])


def _simple(emit: Callable[..., Any]) -> Callable[..., Any]:
    """A lowering from ``emit(builder, type, *args)``."""

    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, sig.args[0], *args)

    return lowering


def _libm(target: str) -> Callable[..., Any]:
    return _simple(lambda builder, t, *args: call_libm(builder, target, list(args)))


def _exp(builder: Any, x: Any) -> Any:
    return exponential.exp(builder, x) if exponential.available() else call_libm(builder, "exp", [x])


def _tanh(builder: Any, x: Any) -> Any:
    return exponential.tanh(builder, x) if exponential.available() else call_libm(builder, "tanh", [x])


def _sign(builder: Any, t: Any, x: Any) -> Any:
    zero, one, minus = (_constant(x, v) for v in ((0.0, 1.0, -1.0) if _float(t) else (0, 1, -1)))
    if _float(t):
        above, below = builder.fcmp_ordered(">", x, zero), builder.fcmp_ordered("<", x, zero)
        x = builder.fadd(x, zero)  # 0.0 of -0.0
    else:
        above, below = _compare(builder, t, ">", x, zero), _compare(builder, t, "<", x, zero)
    return builder.select(above, one, builder.select(below, minus, x))


def _compare(builder: Any, t: Any, symbol: str, a: Any, b: Any) -> Any:
    if _float(t):
        return builder.fcmp_ordered(symbol, a, b)
    signed = isinstance(t, types.Integer) and t.signed
    return (builder.icmp_signed if signed else builder.icmp_unsigned)(symbol, a, b)


def _extremum(intrinsic: str, keep: str) -> Callable[..., Any]:
    """maximum and minimum: NaN wins, of two zeros either may. LLVM vectorises reductions of the intrinsics."""

    def emit(builder: Any, t: Any, a: Any, b: Any) -> Any:
        if not _float(t):
            return builder.select(_compare(builder, t, keep, a, b), a, b)
        kind = ir.FunctionType(a.type, [a.type] * 2)
        fn = builder.module.declare_intrinsic(intrinsic, [a.type], kind)
        return builder.call(fn, [a, b], fastmath=("nsz",))

    return emit


def _numeric_extremum(keep: str) -> Callable[..., Any]:
    """fmax and fmin: a if a >= b or b is NaN, else b."""

    def emit(builder: Any, t: Any, a: Any, b: Any) -> Any:
        better = _compare(builder, t, keep, a, b)
        if _float(t):
            better = builder.or_(better, builder.fcmp_unordered("uno", b, b))
        return builder.select(better, a, b)

    return emit


def _square(builder: Any, t: Any, x: Any) -> Any:
    return builder.fmul(x, x) if _float(t) else builder.mul(x, x)


def _mul0(builder: Any, t: Any, g: Any, d: Any) -> Any:
    zero = _constant(g, 0.0)
    return builder.select(builder.fcmp_ordered("==", g, zero), builder.fmul(g, zero), builder.fmul(g, d))


def _div0(builder: Any, t: Any, g: Any, d: Any) -> Any:
    zero = _constant(g, 0.0)
    return builder.select(builder.fcmp_ordered("==", g, zero), builder.fmul(g, zero), builder.fdiv(g, d))


def _isnan(builder: Any, t: Any, x: Any) -> Any:
    return builder.fcmp_unordered("uno", x, x)


def _isinf(builder: Any, t: Any, x: Any) -> Any:
    return builder.fcmp_ordered("==", _fabs(builder, x), _constant(x, float("inf")))


def _isfinite(builder: Any, t: Any, x: Any) -> Any:
    return builder.fcmp_ordered("<", _fabs(builder, x), _constant(x, float("inf")))


def _sigmoid(builder: Any, t: Any, x: Any) -> Any:
    """1 / (1 + e) or e / (1 + e) with e = exp(-abs(x)): no overflow, no branch; NaN stays."""
    one = _constant(x, 1.0)
    e = _exp(builder, builder.fneg(_fabs(builder, x)))
    positive = builder.fcmp_ordered(">=", x, _constant(x, 0.0))
    return builder.fdiv(builder.select(positive, one, e), builder.fadd(one, e))


def _python_mod(builder: Any, t: Any, a: Any, b: Any) -> Any:
    """np.remainder: the sign of the divisor; NaN for a zero divisor."""
    r = builder.frem(a, b)
    zero = _constant(a, 0.0)
    opposite = builder.xor(builder.fcmp_ordered("<", r, zero), builder.fcmp_ordered("<", b, zero))
    nonzero = builder.fcmp_unordered("!=", r, zero)
    shifted = builder.select(opposite, builder.fadd(r, b), r)
    return builder.select(nonzero, shifted, _intrinsic(builder, "llvm.copysign", [zero, b]))


def _floordiv(builder: Any, t: Any, a: Any, b: Any) -> Any:
    """np.floor_divide: the quotient of what `_python_mod` leaves, rounded to the integer that it nearly is."""
    zero, half, one = (_constant(a, v) for v in (0.0, 0.5, 1.0))
    r = builder.frem(a, b)
    quotient = builder.fdiv(builder.fsub(a, r), b)
    opposite = builder.xor(builder.fcmp_ordered("<", r, zero), builder.fcmp_ordered("<", b, zero))
    inexact = builder.and_(builder.fcmp_unordered("!=", r, zero), opposite)
    quotient = builder.select(inexact, builder.fsub(quotient, one), quotient)
    low = _intrinsic(builder, "llvm.floor", [quotient])
    low = builder.select(builder.fcmp_ordered(">", builder.fsub(quotient, low), half), builder.fadd(low, one), low)
    signed_zero = _intrinsic(builder, "llvm.copysign", [zero, builder.fdiv(a, b)])
    low = builder.select(builder.fcmp_ordered("==", quotient, zero), signed_zero, low)
    return builder.select(builder.fcmp_ordered("==", b, zero), builder.fdiv(a, b), low)


def _round_decimals(builder: Any, t: Any, x: Any, scale: Any) -> Any:
    """Python's ``round(x, n)`` for scale = 10**n, which is exact up to n = 22. The rounded product p is a half-integer
    where the exact one may lie on either side of it: the error of the product, a fused multiply-add, decides. From
    2**53 on, floats lie further apart than multiples of 1 / scale. The quotient of two exact numbers is the float
    next to it. Halves are found in integers, which no flag reassociates."""
    narrow = x.type
    if narrow != ir.DoubleType():
        x, scale = builder.fpext(x, ir.DoubleType()), builder.fpext(scale, ir.DoubleType())
    p = builder.fmul(x, scale)
    small = builder.fcmp_ordered("<", _fabs(builder, p), _constant(p, 2.0**53))
    doubled = builder.select(small, builder.fmul(p, _constant(p, 2.0)), _constant(p, 0.0))
    whole = ir.IntType(64)
    m = builder.fptosi(doubled, whole)
    exact = builder.fcmp_ordered("==", builder.sitofp(m, p.type), doubled)
    half = builder.and_(exact, builder.trunc(m, ir.IntType(1)))
    error = _intrinsic(builder, "llvm.fma", [x, scale, builder.fneg(p)])
    up = builder.sitofp(builder.ashr(builder.add(m, whole(1)), whole(1)), p.type)
    down = builder.sitofp(builder.ashr(m, whole(1)), p.type)
    zero, nearest = _constant(p, 0.0), _intrinsic(builder, "llvm.rint", [p])
    decided = builder.select(builder.fcmp_ordered("<", error, zero), down, nearest)
    decided = builder.select(builder.fcmp_ordered(">", error, zero), up, decided)
    multiple = builder.fdiv(builder.select(half, decided, nearest), scale)
    result = builder.select(small, _intrinsic(builder, "llvm.copysign", [multiple, x]), x)
    return result if narrow == result.type else builder.fptrunc(result, narrow)


def _type_where(condition: Any, a: Any, b: Any) -> Any:
    sig = _number_typer(a, b)
    return sig and signature(sig.return_type, types.boolean, *sig.args)


def _converting(to: Any) -> Callable[..., Any]:
    """The typer of ``int(x)`` and ``float(x)``. Numba has no ``float`` of a boolean, and its ``int`` is an
    overload, which belongs to Numba's target."""

    def typer(*given: Any) -> Any:
        if len(given) != 1 or not isinstance(given[0], (types.Number, types.Boolean)):
            return None
        t = types.unliteral(given[0])
        return signature(t if to is types.int64 and isinstance(t, types.Integer) else to, t)

    return typer


def _convert(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """A conversion of numbers; generated code has checked that floats fit into the integer."""
    return context.cast(builder, args[0], sig.args[0], sig.return_type)


def _register() -> None:
    for number, to in ((int, types.int64), (float, types.float64)):
        declare(number, _converting(to), _convert)
        for kind in (types.Float, types.Integer, types.Boolean):  # before what Numba has for any type
            IMPLEMENTATIONS.lower(number, kind)(_convert)
    for name, (_, target) in sm.LIBM.items():
        if name not in _INTRINSICS and name not in ("isnan", "isinf", "isfinite", "exp", "tanh"):
            declare(getattr(sm, name), _float_typer(2 if name in _BINARY else 1), _libm(target))
    for name, intrinsic in _INTRINSICS.items():
        emit = _simple(lambda builder, t, *args, intrinsic=intrinsic: _intrinsic(builder, intrinsic, list(args)))
        declare(getattr(sm, name), _float_typer(2 if name in _BINARY else 1), emit)
    for name in ("erf", "erfc"):
        declare(getattr(sm, name), _float_typer(1), _libm(name))
    for predicate, emit in ((sm.isnan, _isnan), (sm.isinf, _isinf), (sm.isfinite, _isfinite)):
        declare(predicate, _float_typer(1, types.boolean), _simple(emit))
    declare(sm.exp, _float_typer(1), _simple(lambda builder, t, x: _exp(builder, x)))
    declare(sm.tanh, _float_typer(1), _simple(lambda builder, t, x: _tanh(builder, x)))
    declare(sm.div, _float_typer(2), _simple(lambda builder, t, a, b: builder.fdiv(a, b)))
    declare(sm.mod, _float_typer(2), _simple(_python_mod))
    declare(sm.floordiv, _float_typer(2), _simple(_floordiv))
    declare(sm.mul0, _float_typer(2), _simple(_mul0))
    declare(sm.div0, _float_typer(2), _simple(_div0))
    declare(sm.sigmoid, _float_typer(1), _simple(_sigmoid))
    declare(sm.round_decimals, _float_typer(2), _simple(_round_decimals))
    declare(sm.square, _number_typer, _simple(_square))
    declare(sm.sign, _number_typer, _simple(_sign))
    declare(sm.maximum, _number_typer, _simple(_extremum("llvm.maximum", ">=")))
    declare(sm.minimum, _number_typer, _simple(_extremum("llvm.minimum", "<=")))
    declare(sm.fmax, _number_typer, _simple(_numeric_extremum(">=")))
    declare(sm.fmin, _number_typer, _simple(_numeric_extremum("<=")))
    declare(
        sm.where,
        _type_where,
        lambda context, builder, sig, args: builder.select(args[0], args[1], args[2]),
    )


_register()
