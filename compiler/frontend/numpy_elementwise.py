"""NumPy's elementwise functions: one table row per ufunc that is an op of the IR."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Const, Operand, Value
from ..ir.types import Type
from . import numpy_library as library
from .numpy_support import (
    apply,
    as_float,
    cast,
    common_dtype,
    dtype_name,
    elements,
    finish,
    strong,
    strong_operand,
)
from .numpy_table import array_attribute, numpy_function
from .values import Array

if TYPE_CHECKING:
    from .context import Context

# -- ufuncs that are one op ----------------------------------------------------------------------------
# functions whose result is a float; NumPy's aliases are the same objects
_FLOAT_UNARY: dict[Any, str] = {
    np.sqrt: "sqrt", np.cbrt: "cbrt", np.exp: "exp", np.exp2: "exp2", np.expm1: "expm1",
    np.log: "log", np.log2: "log2", np.log10: "log10", np.log1p: "log1p",
    np.sin: "sin", np.cos: "cos", np.tan: "tan",
    np.arcsin: "arcsin", np.arccos: "arccos", np.arctan: "arctan",
    np.sinh: "sinh", np.cosh: "cosh", np.tanh: "tanh",
    np.arcsinh: "arcsinh", np.arccosh: "arccosh", np.arctanh: "arctanh",
    np.rint: "rint", np.fabs: "abs",
    library.safe_sqrt: "safe_sqrt",
}  # fmt: skip
_NUMBER_UNARY: dict[Any, str] = {
    np.negative: "neg", np.absolute: "abs", np.sign: "sign", np.square: "square",
}  # fmt: skip
_PREDICATES: dict[Any, str] = {
    np.isnan: "isnan", np.isinf: "isinf", np.isfinite: "isfinite", np.logical_not: "logical_not",
}  # fmt: skip
# functions that leave integers as they are
_ROUNDING: dict[Any, str] = {np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc"}
_FLOAT_BINARY: dict[Any, str] = {
    np.arctan2: "arctan2", np.hypot: "hypot", np.copysign: "copysign", np.logaddexp: "logaddexp",
}  # fmt: skip
_NUMBER_BINARY: dict[Any, str] = {
    np.add: "add", np.subtract: "sub", np.multiply: "mul", np.true_divide: "div",
    np.floor_divide: "floordiv", np.remainder: "mod", np.fmod: "fmod",
    np.maximum: "maximum", np.minimum: "minimum", np.fmax: "fmax", np.fmin: "fmin",
    np.less: "lt", np.less_equal: "le", np.greater: "gt", np.greater_equal: "ge",
    np.equal: "eq", np.not_equal: "ne",
    np.logical_and: "logical_and", np.logical_or: "logical_or", np.logical_xor: "logical_xor",
}  # fmt: skip
_BITWISE: dict[Any, str] = {
    np.bitwise_and: "bit_and", np.bitwise_or: "bit_or", np.bitwise_xor: "bit_xor",
    np.left_shift: "shl", np.right_shift: "shr",
}  # fmt: skip
# what NumPy refuses for booleans, or does with them other than with numbers
_NOT_FOR_BOOL = {"neg", "sign", "sub", "floordiv", "mod", "fmod", "shl", "shr"}
_ON_BOOL = {"add": "logical_or", "mul": "logical_and", "maximum": "logical_or", "minimum": "logical_and",
            "fmax": "logical_or", "fmin": "logical_and"}  # fmt: skip

BINARY: dict[Any, str] = _FLOAT_BINARY | _NUMBER_BINARY | _BITWISE


def ufunc(
    ctx: Context, opcode: str, operands: list[Operand], out: Any = None, dtype: Any = None, where: Any = True
) -> Any:
    """One elementwise op with NumPy's semantics: the result is never a Python number."""
    if dtype is not None:
        operands = [cast(ctx, x, dtype_name(ctx, dtype)) for x in operands]
    if all(x.type.weak for x in operands):
        operands = [strong(ctx, x) for x in operands]
    if common_dtype(operands) == "b1":
        if opcode in _NOT_FOR_BOOL:
            ctx.error(
                PullbackTypeError,
                f"numpy {opcode} is not defined for booleans",
                "convert with .astype(float)",
            )
        opcode = _ON_BOOL.get(opcode, opcode)
    return finish(ctx, _where_asked(ctx, apply(ctx, opcode, *operands), out, where), out, broadcast=True)


def _where_asked(ctx: Context, result: Operand, out: Any, where: Any) -> Operand:
    """The result where it is asked for; elsewhere ``out`` keeps what it has."""
    if where is True:
        return result
    kept = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if not isinstance(kept, Array):
        hint = "give out=, or select with np.where(condition, a, b)"
        ctx.error(UnsupportedError, "with where=, elements of a result without out= have no value", hint)
    return apply(ctx, "where", truth(ctx, ctx.operand(where)), result, ctx.operand(kept))


def _enter_unary(function: Any, opcode: str, prepare: Callable[[Context, Operand, str], Operand]) -> None:
    @numpy_function(function, static="dtype", fold=True)
    def expand(ctx: Context, x: Any, /, out: Any = None, *, dtype: Any = None, where: Any = True) -> Any:
        return ufunc(ctx, opcode, [prepare(ctx, ctx.operand(x), function.__name__)], out, dtype, where)


def _enter_binary(function: Any, opcode: str, floats: bool) -> None:
    @numpy_function(function, static="dtype", fold=True)
    def expand(ctx: Context, x1: Any, x2: Any, /, out: Any = None, *, dtype: Any = None, where: Any = True) -> Any:
        operands = [ctx.operand(x1), ctx.operand(x2)]
        if floats and common_dtype(operands)[0] != "f":
            operands = [as_float(ctx, x, function.__name__) for x in operands]
        return ufunc(ctx, opcode, operands, out, dtype, where)


def _unchanged(ctx: Context, x: Operand, what: str) -> Operand:
    return x


def enter_float_unary(function: Any, opcode: str) -> None:
    """A ufunc of one operand, with floating results, that is an op."""
    _enter_unary(function, opcode, as_float)


for _function, _opcode in _FLOAT_UNARY.items():
    enter_float_unary(_function, _opcode)
for _function, _opcode in (_NUMBER_UNARY | _PREDICATES).items():
    _enter_unary(_function, _opcode, _unchanged)
for _function, _opcode in BINARY.items():
    _enter_binary(_function, _opcode, _function in _FLOAT_BINARY)


def _enter_rounding(function: Any, opcode: str) -> None:
    @numpy_function(function, fold=True)
    def expand(ctx: Context, x: Any, /, out: Any = None) -> Any:
        operand = strong_operand(ctx, x)
        return finish(ctx, operand if not operand.type.is_float else apply(ctx, opcode, operand), out, broadcast=True)


for _function, _opcode in _ROUNDING.items():
    _enter_rounding(_function, _opcode)


@numpy_function(np.fix, fold=True)
def _fix(ctx: Context, x: Any, out: Any = None) -> Any:
    operand = strong_operand(ctx, x)
    return finish(ctx, operand if not operand.type.is_float else apply(ctx, "trunc", operand), out, broadcast=True)


@numpy_function(np.invert, fold=True)
def _invert(ctx: Context, x: Any, /, out: Any = None) -> Any:
    operand = strong_operand(ctx, x)
    if operand.type.is_float:
        ctx.error(PullbackTypeError, "np.invert is not defined for floats")
    return finish(ctx, apply(ctx, "logical_not" if operand.type.is_bool else "invert", operand), out, broadcast=True)


@numpy_function(np.reciprocal, fold=True)
def _reciprocal(ctx: Context, x: Any, /, out: Any = None) -> Any:
    operand = strong_operand(ctx, x)
    if not operand.type.is_float:
        ctx.error(PullbackTypeError, "np.reciprocal of integers is an integer: 0 nearly everywhere", "write 1.0 / x")
    return finish(ctx, apply(ctx, "reciprocal", operand), out, broadcast=True)


@numpy_function(np.positive, np.conjugate, method=("conj", "conjugate"), fold=True)
def _identity(ctx: Context, x: Any, /, out: Any = None) -> Any:
    operand = strong_operand(ctx, x)
    return finish(ctx, ctx.b.emit("copy", operand) if operand.type.shape else operand, out, broadcast=True)


@numpy_function(np.power, fold=True)
def _power(ctx: Context, x1: Any, x2: Any, /, out: Any = None, *, dtype: Any = None, where: Any = True) -> Any:
    base, exponent = ctx.operand(x1), ctx.operand(x2)
    if not base.type.is_float and not exponent.type.is_float:
        require_no_negative_power(ctx, exponent)
    return ufunc(ctx, "pow", [base, exponent], out, dtype, where)


def require_no_negative_power(ctx: Context, exponent: Operand) -> None:
    """NumPy's ValueError of an integer array to a negative integer power."""
    message = "Integers to negative integer powers are not allowed."
    if isinstance(exponent, Const):
        if exponent.value < 0:
            ctx.error(PullbackValueError, message, "make the base a float")
        return
    if exponent.type.dtype[0] in "ub":
        return
    natural = apply(ctx, "ge", exponent, 0)
    if natural.type.rank:
        natural = ctx.b.emit("all", natural, axes=tuple(range(natural.type.rank)), keepdims=False)
    ctx.check(natural, "ValueError", message)


@numpy_function(np.float_power, fold=True)
def _float_power(ctx: Context, x1: Any, x2: Any, /, out: Any = None) -> Any:
    return ufunc(ctx, "pow", [cast(ctx, ctx.operand(x), "f64") for x in (x1, x2)], out)


@numpy_function(np.divmod, fold=True)
def _divmod(ctx: Context, x1: Any, x2: Any, /) -> Any:
    operands = [ctx.operand(x1), ctx.operand(x2)]
    return ufunc(ctx, "floordiv", operands), ufunc(ctx, "mod", operands)


@numpy_function(np.modf)
def _modf(ctx: Context, x: Any, /) -> Any:
    operand = strong(ctx, as_float(ctx, ctx.operand(x), "modf"))
    return ctx.call(library.modf, [ctx.wrap(operand)], {})


# -- selection -----------------------------------------------------------------------------------------
@numpy_function(np.where)
def _where(ctx: Context, condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if (x is None) != (y is None):
        ctx.error(PullbackValueError, "either both or neither of x and y should be given")
    if x is None:
        return nonzero(ctx, condition)
    c, operands = truth(ctx, ctx.operand(condition)), [ctx.operand(x), ctx.operand(y)]
    if all(v.type.weak for v in operands):
        operands = [strong(ctx, v) for v in operands]
    return ctx.elementwise("where", c, *operands)


def truth(ctx: Context, x: Operand) -> Operand:
    """Numbers as booleans."""
    return x if x.type.is_bool else apply(ctx, "ne", x, 0)


@numpy_function(np.nonzero, method="nonzero")
def nonzero(ctx: Context, a: Any) -> Any:
    mask = truth(ctx, ctx.operand(a))
    shape = mask.type.shape
    if not shape:
        ctx.error(
            PullbackValueError,
            "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead.",
        )
    flat = mask if len(shape) == 1 else ctx.b.emit("reshape", mask, shape=(mask.type.size,))
    count, places = ctx.b.op("nonzero", flat).results
    places.type = Type("i64", (Dim.of(count),))  # an extent that is a result of the op itself
    rest: Operand = places
    indices: list[Operand] = []
    for extent in reversed(shape[1:]):
        n = ctx.b.extent(extent)
        indices.insert(0, apply(ctx, "mod", rest, n))
        rest = apply(ctx, "floordiv", rest, n)
    return tuple(ctx.wrap(i) for i in (rest, *indices))


@numpy_function(np.argwhere)
def _argwhere(ctx: Context, a: Any) -> Any:
    if not ctx.shape(a):
        ctx.error(UnsupportedError, "np.argwhere of a number is not supported", "test it with if")
    columns = [ctx.operand(i) for i in nonzero(ctx, a)]
    columns = [ctx.b.emit("reshape", i, shape=(*i.type.shape, Dim.of(1))) for i in columns]
    return ctx.wrap(columns[0] if len(columns) == 1 else ctx.b.emit("concatenate", *columns, axis=1))


@numpy_function(np.select)
def _select(ctx: Context, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    conditions = [ctx.operand(c) for c in elements(ctx, condlist, "np.select")]
    choices = [ctx.operand(c) for c in elements(ctx, choicelist, "np.select")]
    if len(conditions) != len(choices):
        ctx.error(PullbackValueError, "list of cases must be same length as list of conditions")
    if not conditions:
        ctx.error(PullbackValueError, "select with an empty condition list is not possible")
    if not all(c.type.is_bool for c in conditions):
        ctx.error(PullbackTypeError, "invalid entry in condlist: should be boolean ndarray")
    name = common_dtype([*choices, ctx.operand(default)])
    result = cast(ctx, ctx.operand(default), name)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = apply(ctx, "where", condition, cast(ctx, choice, name), result)
    return ctx.wrap(result)


@numpy_function(np.clip, method="clip")
def _clip(
    ctx: Context,
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    result = strong_operand(ctx, a) if low is None and high is None else ctx.operand(a)
    for bound, opcode in ((low, "maximum"), (high, "minimum")):
        if bound is not None:
            operands = [result, ctx.operand(bound)]
            if _beyond(ctx, operands, opcode):
                continue
            if all(x.type.weak for x in operands):
                operands = [strong(ctx, x) for x in operands]
            if result.type.is_int and isinstance(operands[1], Value) and operands[1].type.weak:
                limits = np.iinfo(result.type.numpy)
                limit = int(limits.min) if opcode == "maximum" else builtins.min(int(limits.max), 2**63 - 1)
                operands[1] = ctx.emit(opcode, operands[1], limit)
            result = apply(ctx, opcode, *operands)
    return finish(ctx, result, out, broadcast=True)


def _beyond(ctx: Context, operands: list[Operand], opcode: str) -> bool:
    """Whether a bound of np.clip is an integer beyond the range of the dtype, on the side where it changes nothing."""
    array, bound = operands
    if not array.type.is_int or ctx.holds(array.type.dtype, bound):
        return False
    assert isinstance(bound, Const)
    return (bound.value < 0) == (opcode == "maximum")


@numpy_function(np.round, np.around, method="round", static="decimals", fold=True)
def numpy_round(ctx: Context, a: Any, decimals: int = 0, out: Any = None) -> Any:
    x = strong_operand(ctx, a)
    if not x.type.is_float:
        if decimals < 0:
            ctx.error(PullbackTypeError, "rounding integers to tens is not supported", "divide, np.rint, multiply")
        return finish(ctx, ctx.b.emit("copy", x) if x.type.shape else x, out, broadcast=True)
    if decimals == 0:
        return finish(ctx, apply(ctx, "rint", x), out, broadcast=True)
    scale = 10.0 ** abs(decimals)
    there, back = ("mul", "div") if decimals > 0 else ("div", "mul")
    return finish(ctx, apply(ctx, back, apply(ctx, "rint", apply(ctx, there, x, scale)), scale), out, broadcast=True)


@numpy_function(np.real, np.real_if_close)
def _real(ctx: Context, val: Any) -> Any:
    return val


@array_attribute("real")
def _real_attribute(ctx: Context, a: Any) -> Any:
    return a


# -- composites ----------------------------------------------------------------------------------------
def enter_library(function: Any, definition: Callable[..., Any], arguments: int) -> None:
    """A function of float arguments that is defined by Python code."""

    def floats(ctx: Context, vs: tuple[Any, ...]) -> list[Any]:
        operands = [as_float(ctx, ctx.operand(v), function.__name__) for v in vs]
        name = common_dtype(operands)
        operands = [cast(ctx, x, name) for x in operands]
        return [ctx.wrap(x) for x in operands]

    if arguments == 1:

        @numpy_function(function, fold=True)
        def expand_unary(ctx: Context, x: Any) -> Any:
            return ctx.call(definition, floats(ctx, (x,)), {})
    elif arguments == 3:

        @numpy_function(function, fold=True)
        def expand_ternary(ctx: Context, x1: Any, x2: Any, x3: Any) -> Any:
            return ctx.call(definition, floats(ctx, (x1, x2, x3)), {})
    else:

        @numpy_function(function, fold=True)
        def expand_binary(ctx: Context, x1: Any, x2: Any) -> Any:
            return ctx.call(definition, floats(ctx, (x1, x2)), {})


_COMPOSITES: list[tuple[Any, Callable[..., Any], int]] = [
    (np.deg2rad, library.radians, 1), (np.radians, library.radians, 1),
    (np.rad2deg, library.degrees, 1), (np.degrees, library.degrees, 1),
    (np.sinc, library.sinc, 1), (np.signbit, library.signbit, 1),
    (np.heaviside, library.heaviside, 2), (np.logaddexp2, library.logaddexp2, 2),
]  # fmt: skip
for _function, _definition, _arguments in _COMPOSITES:
    enter_library(_function, _definition, _arguments)


@numpy_function(np.nan_to_num, static="nan posinf neginf")
def _nan_to_num(
    ctx: Context, x: Any, copy: Any = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    operand = strong_operand(ctx, x)
    if not operand.type.is_float:
        return finish(ctx, ctx.b.emit("copy", operand) if operand.type.shape else operand)
    limits = np.finfo(operand.type.numpy)
    high = float(limits.max) if posinf is None else float(posinf)
    low = float(limits.min) if neginf is None else float(neginf)
    result = ctx.call(library.nan_to_num, [ctx.wrap(operand), float(nan), high, low], {})
    return result if copy is True else finish(ctx, ctx.operand(result), x)


@numpy_function(np.isclose, static="rtol atol equal_nan", fold=True)
def _isclose(ctx: Context, a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    operands = [ctx.wrap(strong_operand(ctx, v)) for v in (a, b)]
    return ctx.call(library.isclose, [*operands, rtol, atol, equal_nan], {})


@numpy_function(np.allclose, static="rtol atol equal_nan", fold=True)
def _allclose(ctx: Context, a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    operands = [ctx.wrap(strong_operand(ctx, v)) for v in (a, b)]
    return ctx.call(library.allclose, [*operands, rtol, atol, equal_nan], {})


@numpy_function(library.stop_gradient)
def _stop_gradient(ctx: Context, x: Any) -> Any:
    return ctx.wrap(ctx.b.emit("stop_gradient", ctx.operand(x)))
