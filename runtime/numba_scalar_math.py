"""What Numba compiles for the functions of `scalar_math`."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

import math
import operator
from typing import Any, ClassVar

from llvmlite import ir
from numba import types
from numba.core import typing
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, ConcreteTemplate, infer_global
from numba.extending import overload

from . import scalar_math as sm

_FLOATS = (types.float64, types.float32)
_PREDICATES = frozenset({"isnan", "isinf", "isfinite"})
_BINARY = frozenset({"arctan2", "hypot", "copysign", "fmod", "power"})


def register() -> None:
    """Register all functions with Numba's CPU target."""
    for name, (_, target) in sm.LIBM.items():
        _register_call(getattr(sm, name), getattr(math, target), 2 if name in _BINARY else 1, name in _PREDICATES)
    _register_call(sm.safe_sqrt, math.sqrt, 1)
    for fn, operation in ((sm.div, operator.truediv), (sm.floordiv, operator.floordiv), (sm.mod, operator.mod)):
        _register_call(fn, operation, 2)
    for name in ("floor", "ceil", "trunc", "rint"):
        _register_intrinsic(getattr(sm, name), f"llvm.{name}")
    _register_where()
    _register_sign()
    for fn, keep, nan_loses in (
        (sm.maximum, ">=", False),
        (sm.minimum, "<=", False),
        (sm.fmax, ">=", True),
        (sm.fmin, "<=", True),
    ):
        _register_choice(fn, keep, nan_loses)
    for fn in sm.FROM_PYTHON:
        _register_python(fn)


def _template(fn: Any, arity: int, result: Any = None) -> None:
    class Template(ConcreteTemplate):
        cases: ClassVar[list[Any]] = [typing.signature(result or t, *[t] * arity) for t in _FLOATS]

    infer_global(fn)(Template)


def _register_call(fn: Any, target: Any, arity: int, predicate: bool = False) -> None:
    """Calls of `fn` on floats are calls of what Numba knows as `target`."""
    _template(fn, arity, types.boolean if predicate else None)

    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.get_function(target, sig)(builder, args)

    for t in _FLOATS:
        lower_builtin(fn, *[t] * arity)(lowering)


def _register_intrinsic(fn: Any, name: str) -> None:
    _template(fn, 1)

    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic(name, [args[0].type]), args)

    for t in _FLOATS:
        lower_builtin(fn, t)(lowering)


def _unify(context: Any, a: Any, b: Any) -> Any:
    numbers = (types.Number, types.Boolean)
    a, b = types.unliteral(a), types.unliteral(b)
    return context.unify_pairs(a, b) if isinstance(a, numbers) and isinstance(b, numbers) else None


def _register_where() -> None:
    class Where(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 3 or kws:
                return None
            t = _unify(self.context, args[1], args[2])
            return None if t is None else typing.signature(t, types.boolean, t, t)

    infer_global(sm.where)(Where)

    @lower_builtin(sm.where, types.boolean, types.Any, types.Any)
    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(args[0], args[1], args[2])


def _register_sign() -> None:
    class Sign(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            t = types.unliteral(args[0])
            return typing.signature(t, t) if isinstance(t, types.Number) else None

    infer_global(sm.sign)(Sign)

    @lower_builtin(sm.sign, types.Any)
    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (x,) = args
        zero, one, minus = (ir.Constant(x.type, v) for v in (0, 1, -1))
        if isinstance(sig.return_type, types.Float):
            above, below = builder.fcmp_ordered(">", x, zero), builder.fcmp_ordered("<", x, zero)
        else:
            compare = builder.icmp_signed if sig.return_type.signed else builder.icmp_unsigned
            above, below = compare(">", x, zero), compare("<", x, zero)
        return builder.select(above, one, builder.select(below, minus, x))


def _register_choice(fn: Any, keep: str, nan_loses: bool) -> None:
    """maximum and the like: a if a >= b or one of them (the first or the second) is NaN, else b."""

    class Choice(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 2 or kws:
                return None
            t = _unify(self.context, *args)
            return None if t is None else typing.signature(t, t, t)

    infer_global(fn)(Choice)

    @lower_builtin(fn, types.Any, types.Any)
    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a, b = args
        t = sig.return_type
        if isinstance(t, types.Float):
            better = builder.fcmp_ordered(keep, a, b)
            doubtful = b if nan_loses else a
            return builder.select(builder.or_(better, builder.fcmp_unordered("uno", doubtful, doubtful)), a, b)
        signed = isinstance(t, types.Integer) and t.signed
        compare = builder.icmp_signed if signed else builder.icmp_unsigned
        return builder.select(compare(keep, a, b), a, b)


def _register_python(fn: Any) -> None:
    """Compile the function as it is written."""

    def implementation(*args: Any) -> Any:
        return fn

    overload(fn, jit_options={"error_model": "numpy"}, strict=False)(implementation)
