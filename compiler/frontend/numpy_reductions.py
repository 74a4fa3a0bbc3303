"""NumPy's reductions and scans: sum and its like, means and variances, argmax, cumsum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import Operand
from ..ir.types import Type
from . import numpy_library as library
from .numpy_elementwise import truth
from .numpy_support import (
    apply,
    as_float,
    axes_of,
    cast,
    dtype_name,
    filled,
    finish,
    one_axis,
    product,
    raveled,
    require_at_least,
    reshaped,
    strong_operand,
    widened,
)
from .numpy_table import numpy_function
from .values import ListValue, is_scalar

if TYPE_CHECKING:
    from .context import Context


def reduce(ctx: Context, opcode: str, x: Operand, axes: tuple[int, ...], keepdims: bool) -> Operand:
    """A reduction over axes; over none of them it is the operand itself."""
    if not axes:
        return x
    return ctx.b.emit(opcode, x, axes=axes, keepdims=bool(keepdims))


def _chain(ctx: Context, opcode: str, a: Any) -> Any:
    """The sum or product of a few scalars, operator by operator: ``np.prod(x.shape)`` stays an extent."""
    items = a.items if isinstance(a, ListValue) else a if isinstance(a, tuple) else ()
    if not 1 <= len(items) <= 16 or not all(map(is_scalar, items)):
        return None
    if all(isinstance(i, Dim) or type(i) is int for i in items):
        dims = [Dim.of(i) for i in items]
        total = product(dims) if opcode == "mul" else sum(dims, Dim.of(0))
        return np.int64(total.const) if total.is_const else strong_operand(ctx, total)
    chained = strong_operand(ctx, items[0])
    for item in items[1:]:
        chained = apply(ctx, opcode, chained, strong_operand(ctx, item))
    return cast(ctx, chained, widened(chained.type.dtype))


def _ufunc_axes(ctx: Context, axis: Any, rank: int) -> tuple[int, ...]:
    """The axes of a ufunc's reduction, which lets a number have an axis 0."""
    if rank == 0 and axis in (0, -1, (0,), (-1,)):
        return ()
    return axes_of(ctx, axis, rank)


def masked(ctx: Context, x: Operand, where: Any, other: float | bool) -> Operand:
    """The elements that ``where`` selects, and ``other`` in place of the rest."""
    if where is True:
        return x
    mask = ctx.operand(where)
    if not mask.type.is_bool:
        ctx.error(PullbackTypeError, f"where must be boolean, not {mask.type.numpy}")
    chosen = apply(ctx, "where", mask, x, constant(other, Type(x.type.dtype)))
    if chosen.type.rank > x.type.rank:
        ctx.error(PullbackValueError, "where has more axes than the array: broadcast the array first")
    return chosen


def _accumulate(
    ctx: Context, opcode: str, chain: str, a: Any, axis: Any, dtype: Any, out: Any, keepdims: bool,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    if dtype is None and not keepdims and axis in (None, 0, -1) and initial is None and where is True:
        chained = _chain(ctx, chain, a) if out is None else None
        if chained is not None:
            return chained
    x = strong_operand(ctx, a)
    name = dtype_name(ctx, dtype) if dtype is not None else widened(x.type.dtype)
    x = masked(ctx, cast(ctx, x, name), where, opcode == "prod")
    total = reduce(ctx, opcode, x, _ufunc_axes(ctx, axis, x.type.rank), keepdims)
    if initial is not None:
        total = apply(ctx, chain, total, initial)
    return finish(ctx, cast(ctx, total, name), out)  # the op widens small integers, NumPy's dtype= does not


@numpy_function(np.sum, method="sum", static="axis dtype keepdims")
def _sum(
    ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    return _accumulate(ctx, "sum", "add", a, axis, dtype, out, keepdims, initial, where)


@numpy_function(np.prod, method="prod", static="axis dtype keepdims")
def _prod(
    ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    return _accumulate(ctx, "prod", "mul", a, axis, dtype, out, keepdims, initial, where)


def _float_operand(ctx: Context, a: Any, dtype: Any = None) -> Operand:
    """The operand of a mean: integers of every width as float64."""
    x = strong_operand(ctx, a)
    if dtype is not None:
        return cast(ctx, x, dtype_name(ctx, dtype))
    return x if x.type.is_float else cast(ctx, x, "f64")


@numpy_function(np.mean, method="mean", static="axis dtype keepdims")
def _mean(
    ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    *, where: Any = True,
) -> Any:  # fmt: skip
    x = _float_operand(ctx, a, dtype)
    axes = axes_of(ctx, axis, x.type.rank)
    if where is not True:
        chosen = masked(ctx, x, where, 0.0)
        ones = masked(ctx, filled(ctx, x.type.shape, constant(1.0, Type(x.type.dtype))), where, 0.0)
        total, number = (reduce(ctx, "sum", v, axes, keepdims) for v in (chosen, ones))
        return finish(ctx, apply(ctx, "div", total, number), out)
    if not axes:
        return finish(ctx, x, out)
    count = product([x.type.shape[k] for k in axes])
    total = reduce(ctx, "sum", x, axes, keepdims)
    return finish(ctx, apply(ctx, "div", total, ctx.b.extent(count)), out)


def _variance(
    ctx: Context, deviation: bool, a: Any, axis: Any, dtype: Any, out: Any, ddof: Any, keepdims: bool, where: Any,
    mean: Any, correction: Any,
) -> Any:  # fmt: skip
    x = _float_operand(ctx, a, dtype)
    axes = axes_of(ctx, axis, x.type.rank)
    if correction is not None:
        if ddof != 0:
            ctx.error(PullbackValueError, "ddof and correction can't be provided simultaneously.")
        ddof = correction
    if where is not True or mean is not None:
        definition: Any = library.deviation_of_some if deviation else library.variance_of_some
        result = ctx.call(definition, [ctx.wrap(x), axes, ddof, bool(keepdims), where, mean], {})
        return result if out is None else finish(ctx, ctx.operand(result), out)
    definition = library.std if deviation else library.var
    count = product([x.type.shape[k] for k in axes])
    if isinstance(ddof, float) and not ddof.is_integer():
        ctx.error(PullbackTypeError, "ddof must be a whole number")
    freedom = count - int(ddof)
    if not ctx.session.assume(freedom):
        freedom = freedom.max(0)
    result = ctx.call(definition, [ctx.wrap(x), axes, ctx.b.extent(freedom), bool(keepdims)], {})
    return result if out is None else finish(ctx, ctx.operand(result), out)


@numpy_function(np.var, method="var", static="axis dtype ddof keepdims correction")
def _var(
    ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False,
    *, where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    return _variance(ctx, False, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


@numpy_function(np.std, method="std", static="axis dtype ddof keepdims correction")
def _std(
    ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: int = 0, keepdims: bool = False,
    *, where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    return _variance(ctx, True, a, axis, dtype, out, ddof, keepdims, where, mean, correction)


# -- extremes ------------------------------------------------------------------------------------------
def _extreme(
    ctx: Context, opcode: str, a: Any, axis: Any, out: Any, keepdims: bool, initial: Any = None, where: Any = True
) -> Any:
    x = strong_operand(ctx, a)
    axes = _ufunc_axes(ctx, axis, x.type.rank)
    combine = f"{opcode}imum"
    if where is not True:
        if initial is None:
            name = f"reduction operation '{combine}' does not have an identity, so to use a where mask"
            ctx.error(PullbackValueError, f"{name} one has to specify 'initial'")
        dtype = x.type.dtype
        fill = cast(ctx, ctx.operand(initial), dtype)
        x = apply(ctx, "where", ctx.operand(where), x, fill)
    some = product([x.type.shape[k] for k in axes]) - 1
    if initial is None:
        require_at_least(ctx, some, 0, f"zero-size array to reduction operation {combine} which has no identity")
    elif not ctx.session.assume(some):
        for k in axes:  # of no elements, `initial` is the extreme
            shape = [Dim.of(1) if j == k else d for j, d in enumerate(x.type.shape)]
            x = ctx.b.emit("concatenate", x, filled(ctx, shape, cast(ctx, ctx.operand(initial), x.type.dtype)), axis=k)
        initial = None
    if x.type.is_bool:
        opcode = {"max": "any", "min": "all"}[opcode]
    best = reduce(ctx, opcode, x, axes, keepdims)
    if initial is not None:
        best = apply(ctx, combine, best, cast(ctx, ctx.operand(initial), best.type.dtype))
    return finish(ctx, best, out)


@numpy_function(np.max, method="max", static="axis keepdims")
def _max(
    ctx: Context, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    return _extreme(ctx, "max", a, axis, out, keepdims, initial, where)


@numpy_function(np.min, method="min", static="axis keepdims")
def _min(
    ctx: Context, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    return _extreme(ctx, "min", a, axis, out, keepdims, initial, where)


if np.amax is not np.max:  # NumPy 2 has two functions, with the same parameters
    numpy_function(np.amax, static="axis keepdims")(_max)
    numpy_function(np.amin, static="axis keepdims")(_min)


@numpy_function(np.ptp, static="axis keepdims")
def _ptp(ctx: Context, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    high, low = (_extreme(ctx, opcode, a, axis, None, keepdims) for opcode in ("max", "min"))
    return finish(ctx, apply(ctx, "sub", high, low), out)


def _arg_extreme(ctx: Context, opcode: str, a: Any, axis: Any, out: Any, keepdims: bool) -> Any:
    x = strong_operand(ctx, a)
    rank = x.type.rank
    if axis is None or (rank == 0 and axis in (0, -1)):
        x, number = raveled(ctx, x), 0
    else:
        number = one_axis(ctx, axis, rank)
    require_at_least(ctx, x.type.shape[number], 1, f"attempt to get {opcode} of an empty sequence")
    if x.type.is_bool:
        x = cast(ctx, x, "i8")
    result = ctx.b.emit(opcode, x, axis=number, keepdims=bool(keepdims) and axis is not None)
    if keepdims and axis is None:
        result = reshaped(ctx, result, (Dim.of(1),) * rank)  # type: ignore[assignment]
    return finish(ctx, result, out)


@numpy_function(np.argmax, method="argmax", static="axis keepdims")
def _argmax(ctx: Context, a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    return _arg_extreme(ctx, "argmax", a, axis, out, keepdims)


@numpy_function(np.argmin, method="argmin", static="axis keepdims")
def _argmin(ctx: Context, a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    return _arg_extreme(ctx, "argmin", a, axis, out, keepdims)


# -- truth ---------------------------------------------------------------------------------------------
def _truth_reduction(ctx: Context, opcode: str, a: Any, axis: Any, out: Any, keepdims: bool, where: Any = True) -> Any:
    x = masked(ctx, truth(ctx, strong_operand(ctx, a)), where, opcode == "all")
    return finish(ctx, reduce(ctx, opcode, x, _ufunc_axes(ctx, axis, x.type.rank), keepdims), out)


@numpy_function(np.any, method="any", static="axis keepdims")
def _any(ctx: Context, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    return _truth_reduction(ctx, "any", a, axis, out, keepdims, where)


@numpy_function(np.all, method="all", static="axis keepdims")
def _all(ctx: Context, a: Any, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Any:
    return _truth_reduction(ctx, "all", a, axis, out, keepdims, where)


# NumPy before 2.4 counts over everything in a Python int
_COUNTS_IN_INT = not isinstance(np.count_nonzero(np.zeros(1)), np.generic)


@numpy_function(np.count_nonzero, static="axis keepdims")
def _count_nonzero(ctx: Context, a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    x = cast(ctx, truth(ctx, strong_operand(ctx, a)), "i64")
    count = reduce(ctx, "sum", x, axes_of(ctx, axis, x.type.rank), keepdims)
    return ctx.wrap(cast(ctx, count, "i64", weak=_COUNTS_IN_INT and axis is None and not keepdims))


# -- scans ---------------------------------------------------------------------------------------------
def scan(ctx: Context, opcode: str, a: Any, axis: Any, dtype: Any, out: Any) -> Any:
    x = strong_operand(ctx, a)
    x = cast(ctx, x, dtype_name(ctx, dtype) if dtype is not None else widened(x.type.dtype))
    if axis is None or x.type.rank == 0:
        x, number = raveled(ctx, x), 0
    else:
        number = one_axis(ctx, axis, x.type.rank)
    return finish(ctx, cast(ctx, ctx.b.emit(opcode, x, axis=number), x.type.dtype), out)


@numpy_function(np.cumsum, method="cumsum", static="axis dtype")
def _cumsum(ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return scan(ctx, "cumsum", a, axis, dtype, out)


@numpy_function(np.cumprod, method="cumprod", static="axis dtype")
def _cumprod(ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return scan(ctx, "cumprod", a, axis, dtype, out)


# -- reductions of ufuncs ------------------------------------------------------------------------------
@numpy_function(np.add.reduce, static="axis dtype keepdims")
def _add_reduce(
    ctx: Context, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    return _accumulate(ctx, "sum", "add", array, axis, dtype, out, keepdims, initial, where)


@numpy_function(np.multiply.reduce, static="axis dtype keepdims")
def _multiply_reduce(
    ctx: Context, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    return _accumulate(ctx, "prod", "mul", array, axis, dtype, out, keepdims, initial, where)


@numpy_function(np.maximum.reduce, static="axis keepdims")
def _maximum_reduce(
    ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    return _extreme(ctx, "max", array, axis, out, keepdims, initial, where)


@numpy_function(np.minimum.reduce, static="axis keepdims")
def _minimum_reduce(
    ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    return _extreme(ctx, "min", array, axis, out, keepdims, initial, where)


@numpy_function(np.logical_and.reduce, static="axis keepdims")
def _and_reduce(ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False) -> Any:
    return _truth_reduction(ctx, "all", array, axis, out, keepdims)


@numpy_function(np.logical_or.reduce, static="axis keepdims")
def _or_reduce(ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False) -> Any:
    return _truth_reduction(ctx, "any", array, axis, out, keepdims)


@numpy_function(np.hypot.reduce, static="axis keepdims")
def _hypot_reduce(ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False) -> Any:
    return finish(ctx, ctx.operand(library_reduction(ctx, library.euclidean_norm, array, axis, keepdims)), out)


@numpy_function(np.logaddexp.reduce, static="axis keepdims")
def _logaddexp_reduce(ctx: Context, array: Any, axis: Any = 0, *, out: Any = None, keepdims: bool = False) -> Any:
    return finish(ctx, ctx.operand(library_reduction(ctx, library.logsumexp, array, axis, keepdims)), out)


def _enter_nan_scan(function: Any, opcode: str) -> None:
    @numpy_function(function, static="axis dtype")
    def expand(ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        x = strong_operand(ctx, a)
        if x.type.is_float:
            neutral = constant(float(opcode == "cumprod"), Type(x.type.dtype))
            x = apply(ctx, "where", apply(ctx, "isnan", x), neutral, x)
        return scan(ctx, opcode, ctx.wrap(x), axis, dtype, out)


_enter_nan_scan(np.nancumsum, "cumsum")
_enter_nan_scan(np.nancumprod, "cumprod")


@numpy_function(np.add.accumulate, static="axis dtype")
def _add_accumulate(ctx: Context, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    return scan(ctx, "cumsum", array, axis, dtype, out)


@numpy_function(np.multiply.accumulate, static="axis dtype")
def _multiply_accumulate(ctx: Context, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    return scan(ctx, "cumprod", array, axis, dtype, out)


# -- composites ----------------------------------------------------------------------------------------
def library_reduction(ctx: Context, definition: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    x = as_float(ctx, strong_operand(ctx, a), definition.__name__)
    return ctx.call(definition, [ctx.wrap(x), _ufunc_axes(ctx, axis, x.type.rank), bool(keepdims)], {})


@numpy_function(np.nansum, static="axis keepdims")
def _nansum(ctx: Context, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    if dtype is not None or not ctx.type(a).is_float:
        return _accumulate(ctx, "sum", "add", a, axis, dtype, out, keepdims)
    total = library_reduction(ctx, library.nansum, a, axis, keepdims)
    return total if out is None else finish(ctx, ctx.operand(total), out)


def _enter_nan(function: Any, definition: Any, plain: Any) -> None:
    """`plain` is what the function is of integers, which have no NaN."""

    @numpy_function(function, static="axis keepdims")
    def expand(ctx: Context, a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        if not ctx.type(a).is_float:
            return plain(ctx, a, axis, keepdims=keepdims)
        return library_reduction(ctx, definition, a, axis, keepdims)


for _function, _definition, _plain in [
    (np.nanprod, library.nanprod, _prod), (np.nanmean, library.nanmean, _mean), (np.nanmax, library.nanmax, _max),
    (np.nanmin, library.nanmin, _min),
]:  # fmt: skip
    _enter_nan(_function, _definition, _plain)


def _enter_nan_variance(function: Any, definition: Any) -> None:
    @numpy_function(function, static="axis ddof keepdims")
    def expand(ctx: Context, a: Any, axis: Any = None, *, ddof: int = 0, keepdims: bool = False) -> Any:
        x = as_float(ctx, strong_operand(ctx, a), definition.__name__)
        axes = axes_of(ctx, axis, x.type.rank)
        return ctx.call(definition, [ctx.wrap(x), axes, ddof, bool(keepdims)], {})


_enter_nan_variance(np.nanvar, library.nanvar)
_enter_nan_variance(np.nanstd, library.nanstd)


@numpy_function(np.average, static="axis returned keepdims")
def _average(
    ctx: Context,
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    x = _float_operand(ctx, a)
    axes = axes_of(ctx, axis, x.type.rank)
    if weights is None:
        mean = _mean(ctx, a, axis, None, None, keepdims)
        if not returned:
            return mean
        count = cast(ctx, ctx.b.extent(product([x.type.shape[k] for k in axes])), x.type.dtype)
        return mean, ctx.wrap(filled(ctx, ctx.shape(mean), count))
    w = strong_operand(ctx, weights)
    if w.type.rank == 1 and x.type.rank > 1 and len(axes) == 1:
        shape = [Dim.of(1)] * x.type.rank
        shape[axes[0]] = w.type.shape[0]
        w = reshaped(ctx, w, shape)
    elif w.type.rank != x.type.rank:
        ctx.error(PullbackTypeError, "Axis must be specified when shapes of a and weights differ.")
    mean = ctx.call(library.average, [ctx.wrap(x), ctx.wrap(w), axes, bool(keepdims)], {})
    if not returned:
        return mean
    whole = ctx.b.emit("broadcast_to", w, shape=x.type.shape) if x.type.shape else w
    return mean, ctx.wrap(cast(ctx, reduce(ctx, "sum", whole, axes, bool(keepdims)), ctx.type(mean).dtype))
