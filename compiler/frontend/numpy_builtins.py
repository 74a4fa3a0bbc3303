"""Python's own numbers: `abs`, `round` and the `math` module (other builtins: `builtin_calls`).

Python numbers stay Python numbers (weak), NumPy scalars and arrays go the way of their operators. `math`
functions take numbers only, give Python numbers, and raise where Python raises (``math=True`` of the ops).
"""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from ..errors import NeedsStatic, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import Operand
from ..ir.types import FLOAT
from . import numpy_library as library
from .numpy_elementwise import numpy_round
from .numpy_support import apply, cast, elements
from .numpy_table import numpy_function
from .values import Array, RangeValue, StackedList

EXACT_POWERS = 22  # of ten that are floats
EXACT_INTS = 18  # that are ints of 64 bits

if TYPE_CHECKING:
    from .context import Context


# -- conversions ---------------------------------------------------------------------------------------
def python_number(ctx: Context, v: Any, what: str) -> Operand:
    """The operand of a number; arrays (also of one element) are refused."""
    x = ctx.operand(v)
    if x.type.shape:
        ctx.error(
            PullbackTypeError,
            f"{what} takes a number, not an array of shape {_text(x)}",
            "index it, or use NumPy's function",
        )
    return x


def _text(x: Operand) -> str:
    return "(" + ", ".join(map(str, x.type.shape)) + ("," if x.type.rank == 1 else "") + ")"


def python_float(ctx: Context, v: Any, what: str) -> Operand:
    return cast(ctx, python_number(ctx, v, what), "f64", weak=True)


def to_int(ctx: Context, x: Operand) -> Operand:
    """Truncate to a Python int; NaN and what does not fit raise as in Python."""
    if x.type.is_float:
        finite = apply(ctx, "logical_not", apply(ctx, "isnan", x))
        ctx.check(finite, "ValueError", "cannot convert float NaN to integer")
        small = apply(ctx, "lt", apply(ctx, "abs", x), constant(2.0**63, x.type))
        ctx.check(small, "OverflowError", "cannot convert float infinity to integer, or a float beyond 64 bits")
    return cast(ctx, x, "i64", weak=True)


@numpy_function(abs, fold=True)
def _abs(ctx: Context, x: Any, /) -> Any:
    operand = ctx.operand(x)
    if operand.type.is_bool:
        return ctx.wrap(operand if not operand.type.weak else cast(ctx, operand, "i64", weak=True))
    if operand.type.weak:
        ctx.check_negative(x, "abs({})")  # type: ignore[attr-defined]
    return ctx.elementwise("abs", operand)


@numpy_function(round, static="ndigits", fold=True)
def _round(ctx: Context, number: Any, ndigits: Any = None) -> Any:
    if isinstance(number, Dim):
        return number
    x = ctx.operand(number)
    if x.type.shape or (not x.type.weak and ndigits is not None):
        return numpy_round(ctx, number, 0 if ndigits is None else ndigits)
    if ndigits is None:
        return to_int(ctx, apply(ctx, "rint", x) if x.type.is_float else x)
    if not x.type.is_float and ndigits >= 0:
        return cast(ctx, x, "i64", weak=True)
    if not x.type.is_float and ndigits >= -EXACT_INTS:
        return ctx.call(library.round_int, [cast(ctx, x, "i64", weak=True), 10**-ndigits], {})
    if not x.type.is_float or not 0 <= ndigits <= EXACT_POWERS:
        what = f"round to {ndigits} decimals of a Python {'float' if x.type.is_float else 'int'} is not supported"
        ctx.error(UnsupportedError, what, "np.round(x, decimals)")
    return apply(ctx, "round_decimals", x, n=ndigits)


# -- math ----------------------------------------------------------------------------------------------
_MATH_UNARY: dict[str, str] = {
    "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1",
    "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "erf": "erf", "erfc": "erfc", "lgamma": "lgamma",
}  # fmt: skip
_MATH_BINARY = {"atan2": "arctan2", "fmod": "fmod", "copysign": "copysign", "pow": "pow"}


def _enter_math(name: str, opcode: str, arguments: int) -> None:
    function = getattr(math, name)
    if arguments == 1:

        @numpy_function(function, fold=True)
        def expand_unary(ctx: Context, x: Any, /) -> Any:
            return ctx.elementwise(opcode, python_float(ctx, x, f"math.{name}"), math=True)
    else:

        @numpy_function(function, fold=True)
        def expand_binary(ctx: Context, x: Any, y: Any, /) -> Any:
            operands = [python_float(ctx, v, f"math.{name}") for v in (x, y)]
            return ctx.elementwise(opcode, *operands, math=True)


for _name, _opcode in _MATH_UNARY.items():
    _enter_math(_name, _opcode, 1)
for _name, _opcode in _MATH_BINARY.items():
    _enter_math(_name, _opcode, 2)


@numpy_function(math.log, fold=True)
def _log(ctx: Context, x: Any, base: Any = None, /) -> Any:
    value = ctx.elementwise("log", python_float(ctx, x, "math.log"), math=True)
    if base is None:
        return value
    return ctx.elementwise("div", value, ctx.elementwise("log", python_float(ctx, base, "math.log"), math=True))


@numpy_function(math.fabs, fold=True)
def _fabs(ctx: Context, x: Any, /) -> Any:
    return ctx.elementwise("abs", python_float(ctx, x, "math.fabs"))


@numpy_function(math.hypot, fold=True)
def _hypot(ctx: Context, *coordinates: Any) -> Any:
    operands = [python_float(ctx, v, "math.hypot") for v in coordinates]
    if not operands:
        return 0.0
    total: Any = operands[0]
    if len(operands) == 1:
        return ctx.elementwise("abs", total)
    for x in operands[1:]:
        total = ctx.elementwise("hypot", total, x, math=True)
    return total


@numpy_function(math.dist, fold=True)
def _dist(ctx: Context, p: Any, q: Any, /) -> Any:
    a, b = (elements(ctx, v, "math.dist") for v in (p, q))
    if len(a) != len(b):
        ctx.error(PullbackValueError, "both points must have the same number of dimensions")
    return _hypot(
        ctx,
        *(ctx.elementwise("sub", python_float(ctx, x, "math.dist"), y) for x, y in zip(a, b, strict=True)),
    )


def _enter_rounding(name: str) -> None:
    @numpy_function(getattr(math, name), fold=True)
    def expand(ctx: Context, x: Any, /) -> Any:
        if isinstance(x, Dim):
            return x
        operand = python_number(ctx, x, f"math.{name}")
        return to_int(ctx, apply(ctx, name, operand) if operand.type.is_float and name != "trunc" else operand)


for _name in ("floor", "ceil", "trunc"):
    _enter_rounding(_name)


def _enter_predicate(name: str) -> None:
    @numpy_function(getattr(math, name), fold=True)
    def expand(ctx: Context, x: Any, /) -> Any:
        return cast(ctx, apply(ctx, name, python_float(ctx, x, f"math.{name}")), "b1", weak=True)


for _name in ("isnan", "isinf", "isfinite"):
    _enter_predicate(_name)


@numpy_function(math.radians, fold=True)
def _radians(ctx: Context, x: Any, /) -> Any:
    return ctx.elementwise("mul", python_float(ctx, x, "math.radians"), constant(math.pi / 180.0, FLOAT))


@numpy_function(math.degrees, fold=True)
def _degrees(ctx: Context, x: Any, /) -> Any:
    return ctx.elementwise("mul", python_float(ctx, x, "math.degrees"), constant(180.0 / math.pi, FLOAT))


@numpy_function(math.modf, fold=True)
def _modf(ctx: Context, x: Any, /) -> Any:
    rest, whole = (ctx.operand(v) for v in ctx.call(library.modf, [python_float(ctx, x, "math.modf")], {}))
    return cast(ctx, rest, "f64", weak=True), cast(ctx, whole, "f64", weak=True)


@numpy_function(math.isclose, fold=True)
def _isclose(ctx: Context, a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    operands = [python_float(ctx, v, "math.isclose") for v in (a, b)]
    close = ctx.call(library.python_isclose, [*operands, rel_tol, abs_tol], {})
    return cast(ctx, ctx.operand(close), "b1", weak=True)


@numpy_function(math.gamma, fold=True)
def _gamma(ctx: Context, x: Any, /) -> Any:
    return ctx.call(library.gamma, [python_float(ctx, x, "math.gamma")], {})


def _enter_fold(name: str) -> None:
    """Functions of integers: known at compile time, or refused."""

    @numpy_function(getattr(math, name), fold=True)
    def expand(ctx: Context, *args: Any) -> Any:
        ctx.error(NeedsStatic, f"math.{name} of run-time values is not supported", "compute it outside")


for _name in (
    "factorial",
    "comb",
    "perm",
    "gcd",
    "lcm",
    "isqrt",
    "ldexp",
    "frexp",
    "nextafter",
    "ulp",
):
    _enter_fold(_name)


@numpy_function(math.fsum, fold=True)
def _fsum(ctx: Context, values: Any, /) -> Any:
    """The sum in the order of the items, or of an array's `sum`: not rounded once, as Python's is."""
    values = values.array if isinstance(values, StackedList) else values
    if isinstance(values, Array):
        items = [ctx.wrap(cast(ctx, _vector(ctx, values, "fsum"), "f64"))]
        total = ctx.operand(ctx.call(library.fsum_of_array, items, {}))
        return cast(ctx, total, "f64", weak=True)
    items = [python_float(ctx, item, "math.fsum") for item in elements(ctx, values, "math.fsum")]
    return ctx.call(library.fsum_of_items, items, {}) if items else constant(0.0, FLOAT)


def _vector(ctx: Context, values: Array, name: str) -> Operand:
    x = ctx.operand(values)
    if x.type.rank != 1:
        ctx.error(PullbackTypeError, f"math.{name} takes a sequence of numbers")
    return x


@numpy_function(math.prod, fold=True)
def _prod(ctx: Context, values: Any, /, *, start: Any = 1) -> Any:
    listed = isinstance(values, StackedList)
    array = values.array if listed else values
    if isinstance(array, Array) and not (listed and values.weak and not ctx.type(array).is_float):
        x = _vector(ctx, array, "prod")
        total = ctx.b.emit("prod", x, axes=(0,), keepdims=False)
        dtype = "i64" if x.type.is_bool else x.type.dtype
        return ctx.binary(ast.Mult, start, cast(ctx, total, dtype, weak=listed and values.weak))  # type: ignore[attr-defined]
    if listed or (isinstance(values, RangeValue) and ctx.static_items(values) is None):
        return ctx.call(library.python_prod, [values, start], {})
    for item in elements(ctx, values, "math.prod"):
        start = ctx.binary(ast.Mult, start, item)  # type: ignore[attr-defined]
    return start
