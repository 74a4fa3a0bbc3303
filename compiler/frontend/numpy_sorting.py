"""NumPy's functions of order: sorting, quantiles, searching in sorted arrays, counting, running extremes.

Sorting is stable whatever ``kind`` asks for: ties keep their order. A partition is the whole array sorted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import Gather, Operand
from ..ir.types import Type
from . import numpy_library as library
from .numpy_reductions import reduce
from .numpy_support import (
    apply,
    as_float,
    axes_of,
    cast,
    common_dtype,
    counting,
    elements,
    filled,
    finish,
    gather,
    one_axis,
    product,
    raveled,
    require_at_least,
    reshaped,
    spans,
    strong_operand,
    transposed,
)
from .numpy_table import array_method, numpy_function
from .values import Array, is_number, is_scalar, is_static

if TYPE_CHECKING:
    from .context import Context


# -- sorting -------------------------------------------------------------------------------------------
def _sorted(ctx: Context, opcode: str, a: Any, axis: Any) -> Operand:
    x = strong_operand(ctx, a)
    if axis is None:
        x, axis = raveled(ctx, x), -1
    if not x.type.shape:
        ctx.error(UnsupportedError, "a number cannot be sorted", "it needs no sorting")
    return ctx.b.emit(opcode, x, axis=one_axis(ctx, axis, x.type.rank))


@numpy_function(np.sort, static="axis kind order stable")
def _sort(ctx: Context, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _no_fields(ctx, order)
    return ctx.wrap(_sorted(ctx, "sort", a, axis))


@array_method("sort", static="axis kind order stable")
def _sort_in_place(
    ctx: Context, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    _no_fields(ctx, order)
    if not isinstance(a, Array):
        ctx.error(PullbackTypeError, "a number cannot be sorted")
    ctx.write(a, ctx.wrap(_sorted(ctx, "sort", a, axis)))


@numpy_function(np.argsort, method="argsort", static="axis kind order stable")
def _argsort(ctx: Context, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _no_fields(ctx, order)
    return ctx.wrap(_sorted(ctx, "argsort", a, axis))


def _partitioned(ctx: Context, opcode: str, a: Any, kth: Any, axis: Any) -> Operand:
    ordered = _sorted(ctx, opcode, a, axis)
    n = ordered.type.shape[-1 if axis is None else axis]
    for k in [kth] if is_scalar(kth) else elements(ctx, kth, "kth"):
        place = ctx.require_dim(k)
        for room in (n - place - 1, n + place):
            require_at_least(ctx, room, 0, f"kth(={k}) out of bounds ({n})" if is_number(k) else "kth out of bounds")
    return ordered


@numpy_function(np.partition, static="axis kind order")
def _partition(ctx: Context, a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    _no_fields(ctx, order)
    return ctx.wrap(_partitioned(ctx, "sort", a, kth, axis))


@array_method("partition", static="axis kind order")
def _partition_in_place(ctx: Context, a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    _no_fields(ctx, order)
    if not isinstance(a, Array):
        ctx.error(PullbackTypeError, "a number cannot be sorted")
    ctx.write(a, ctx.wrap(_partitioned(ctx, "sort", a, kth, axis)))


@numpy_function(np.argpartition, method="argpartition", static="axis kind order")
def _argpartition(ctx: Context, a: Any, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> Any:
    _no_fields(ctx, order)
    return ctx.wrap(_partitioned(ctx, "argsort", a, kth, axis))


def _no_fields(ctx: Context, order: Any) -> None:
    if order is not None:
        ctx.error(UnsupportedError, "sorting by fields is not supported", "leave 'order' out")


# -- quantiles -----------------------------------------------------------------------------------------
def _rows(ctx: Context, a: Any, axis: Any, nan: bool) -> tuple[Operand, list[Dim], list[Dim]]:
    """The reduced axes as one last axis, of no elements with a NaN (`nan`) or refused; the shapes of the result without
    and with them."""
    x = strong_operand(ctx, a)
    x = x if x.type.is_float else cast(ctx, x, "f64")
    axes = axes_of(ctx, axis, x.type.rank)
    kept = [k for k in range(x.type.rank) if k not in axes]
    without = [x.type.shape[k] for k in kept]
    with_them = [Dim.of(1) if k in axes else d for k, d in enumerate(x.type.shape)]
    count = product([x.type.shape[k] for k in axes])
    rows = reshaped(ctx, transposed(ctx, x, [*kept, *axes]), [*without, count])
    if not ctx.session.assume(count - 1):
        if nan:
            padded = filled(ctx, [*without, count.max(1)], constant(math.nan, Type(x.type.dtype)))
            rows = ctx.b.emit("store", padded, rows, index=tuple(spans([*without, count])))
        else:
            some = ctx.b.emit("ge", ctx.b.extent(count), constant(1))
            ctx.check(some, "IndexError", "index -1 is out of bounds for axis 0 with size 0")
    return rows, without, with_them


@numpy_function(np.median, static="axis overwrite_input keepdims")
def _median(
    ctx: Context, a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    x, without, with_them = _rows(ctx, a, axis, nan=True)
    result = ctx.operand(ctx.call(library.median, [ctx.wrap(x)], {}))
    return finish(ctx, reshaped(ctx, result, with_them if keepdims else without), out)


def _quantiles(
    ctx: Context, a: Any, q: Any, scale: float, axis: Any, out: Any, method: Any, keepdims: bool, what: str,
    definition: Any = library.quantile,
) -> Any:  # fmt: skip
    if method != "linear" and (method not in library.PLACES or definition is library.nanquantile):
        ctx.error(UnsupportedError, f"{what}: method {method!r} is not supported", "'linear'")
    x, without, with_them = _rows(ctx, a, axis, nan=definition is library.nanquantile)
    shape = with_them if keepdims else without

    def one(level: Any, alone: bool) -> Operand:
        given = ctx.operand(level)
        fraction = cast(ctx, given, "f64", weak=True)
        precision = x.type.numpy if alone and given.type.weak else np.dtype(np.float64)
        fraction = apply(ctx, "div", fraction, constant(scale)) if scale != 1.0 else fraction
        inside = apply(ctx, "logical_and", apply(ctx, "ge", fraction, 0.0), apply(ctx, "le", fraction, 1.0))
        if is_number(level) and not 0 <= level <= scale:
            ctx.error(PullbackValueError, _RANGE[scale])
        ctx.check(is_number(level) or inside, "ValueError", _RANGE[scale])
        further = [precision] if method == "linear" else [precision, method]
        how = definition if method == "linear" else library.discrete_quantile
        return reshaped(ctx, ctx.operand(ctx.call(how, [ctx.wrap(x), fraction, *further], {})), shape)

    if is_scalar(q):
        return finish(ctx, one(q, True), out)
    levels = elements(ctx, q, f"q of {what}")
    if not levels or not all(map(is_scalar, levels)):
        ctx.error(UnsupportedError, f"{what}: q must be a number or a list of numbers", "one call for each level")
    rows = [reshaped(ctx, one(level, False), [Dim.of(1), *shape]) for level in levels]
    stacked = rows[0] if len(rows) == 1 else ctx.b.emit("concatenate", *rows, axis=0)
    return finish(ctx, stacked, out)


_RANGE = {1.0: "Quantiles must be in the range [0, 1]", 100.0: "Percentiles must be in the range [0, 100]"}


@numpy_function(np.quantile, static="axis overwrite_input method keepdims")
def _quantile(
    ctx: Context, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: Any = "linear", keepdims: bool = False,
) -> Any:  # fmt: skip
    return _quantiles(ctx, a, q, 1.0, axis, out, method, keepdims, "np.quantile")


@numpy_function(np.percentile, static="axis overwrite_input method keepdims")
def _percentile(
    ctx: Context, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: Any = "linear", keepdims: bool = False,
) -> Any:  # fmt: skip
    return _quantiles(ctx, a, q, 100.0, axis, out, method, keepdims, "np.percentile")


@numpy_function(np.nanmedian, static="axis overwrite_input keepdims")
def _nanmedian(
    ctx: Context, a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    return _quantiles(ctx, a, 0.5, 1.0, axis, out, "linear", keepdims, "np.nanmedian", library.nanquantile)


@numpy_function(np.nanquantile, static="axis overwrite_input method keepdims")
def _nanquantile(
    ctx: Context, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: Any = "linear", keepdims: bool = False,
) -> Any:  # fmt: skip
    return _quantiles(ctx, a, q, 1.0, axis, out, method, keepdims, "np.nanquantile", library.nanquantile)


@numpy_function(np.nanpercentile, static="axis overwrite_input method keepdims")
def _nanpercentile(
    ctx: Context, a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
    method: Any = "linear", keepdims: bool = False,
) -> Any:  # fmt: skip
    return _quantiles(ctx, a, q, 100.0, axis, out, method, keepdims, "np.nanpercentile", library.nanquantile)


# -- searching and counting ----------------------------------------------------------------------------
def _places(ctx: Context, a: Operand, v: Operand, right: bool) -> Any:
    """Where the values would be inserted into a sorted vector."""
    if a.type.rank != 1:
        ctx.error(PullbackValueError, "object too deep for desired array", "the sorted array has one axis")
    name = common_dtype([a, v])
    a, v = (cast(ctx, x, name) for x in (a, v))
    if a.type.is_bool:
        a, v = (cast(ctx, x, "i8") for x in (a, v))
    return ctx.call(library.searchsorted, [ctx.wrap(a), ctx.wrap(v), right], {})


@numpy_function(np.searchsorted, static="side")
def _searchsorted(ctx: Context, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    if side not in ("left", "right"):
        ctx.error(PullbackValueError, f"search side must be 'left' or 'right' (got {side!r})")
    x = strong_operand(ctx, a)
    if sorter is not None:
        x = gather(ctx, x, 0, ctx.operand(sorter))
    return _places(ctx, x, strong_operand(ctx, v), side == "right")


@array_method("searchsorted", static="side")
def _searchsorted_method(ctx: Context, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    return _searchsorted(ctx, a, v, side, sorter)


@numpy_function(np.bincount, static="")
def _bincount(ctx: Context, x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    i = strong_operand(ctx, x)
    if i.type.rank != 1:
        ctx.error(PullbackValueError, "object too deep for desired array")
    if not (i.type.is_int or i.type.is_bool) or i.type.dtype == "u64":
        ctx.error(
            PullbackTypeError, f"cannot cast array data from {i.type.numpy} to int64 according to the rule 'safe'"
        )
    i = cast(ctx, i, "i64")
    least = ctx.require_dim(minlength)
    require_at_least(ctx, least, 0, "'minlength' must not be negative")
    n = i.type.shape[0]
    size = least
    if not (n.is_const and n.const == 0):
        require_at_least(ctx, n, 1, "np.bincount of an empty array")
        low, high = (reduce(ctx, opcode, i, (0,), False) for opcode in ("min", "max"))
        ctx.check(apply(ctx, "ge", low, 0), "ValueError", "'list' argument must have no negative elements")
        size = Dim.of(apply(ctx, "maximum", apply(ctx, "add", high, 1), ctx.b.extent(least)))
    if weights is None:
        zeros = filled(ctx, (size,), constant(0, Type("i64")))
        return ctx.wrap(ctx.b.emit("accum", zeros, i, constant(1, Type("i64")), index=(Gather(),)))
    w = cast(ctx, strong_operand(ctx, weights), "f64")
    if w.type.rank != 1:
        ctx.error(PullbackValueError, "object too deep for desired array")
    ctx.require_equal(w.type.shape[0], n, "The weights and list don't have the same length.")
    zeros = filled(ctx, (size,), constant(0.0, Type("f64")))
    return ctx.wrap(ctx.b.emit("accum", zeros, i, reshaped(ctx, w, (n,)), index=(Gather(),)))


# -- running extremes, and what is like them ------------------------------------------------------------
def _enter_accumulate(function: Any) -> None:
    @numpy_function(function.accumulate, static="axis")
    def expand(ctx: Context, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        if dtype is not None:
            ctx.error(UnsupportedError, "dtype is not supported here", "convert the array with .astype")
        x = strong_operand(ctx, array)
        if function in (np.logaddexp, np.hypot):
            x = as_float(ctx, x, f"{function.__name__}.accumulate")
        if not x.type.shape:
            ctx.error(PullbackTypeError, "cannot accumulate on a scalar")
        k = one_axis(ctx, axis, x.type.rank)
        perm = [k, *(j for j in range(x.type.rank) if j != k)]
        running = ctx.operand(ctx.call(library.accumulate, [ctx.wrap(transposed(ctx, x, perm)), function], {}))
        back = [perm.index(j) for j in range(x.type.rank)]
        return finish(ctx, transposed(ctx, running, back), out)


for _function in (np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.hypot):
    _enter_accumulate(_function)


def repeat_each(ctx: Context, x: Operand, repeats: Any, axis: int) -> Any:
    """np.repeat with a number of times for every element along the axis."""
    times = ctx.operand(repeats)
    if not times.type.is_int and not times.type.is_bool:
        ctx.error(PullbackTypeError, f"Cannot cast array data from {times.type.numpy} to int64 according to 'safe'")
    n = x.type.shape[axis]
    if times.type.rank != 1:
        ctx.error(PullbackValueError, "object too deep for desired array")
    ctx.require_equal(times.type.shape[0], n, "operands could not be broadcast together: repeats and the axis")
    if is_static(repeats):
        counts = [int(t) for t in ctx.static(repeats, "repeats")]
        if min(counts, default=0) < 0:
            ctx.error(PullbackValueError, "repeats may not contain negative values.")
        index = ctx.constant_array(np.repeat(np.arange(len(counts)), counts))
        return ctx.wrap(gather(ctx, x, axis, index))
    times = reshaped(ctx, cast(ctx, times, "i64"), (n,))
    natural = reduce(ctx, "all", apply(ctx, "ge", times, 0), (0,), False)
    ctx.check(natural, "ValueError", "repeats may not contain negative values.")
    ends = ctx.b.emit("cumsum", times, axis=0)
    total = Dim.of(ctx.b.emit("sum", times, axes=(0,), keepdims=False))
    place = ctx.operand(_places(ctx, ends, counting(ctx, total), True))
    return ctx.wrap(gather(ctx, x, axis, place))
