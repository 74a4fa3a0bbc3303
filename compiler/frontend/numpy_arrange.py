"""NumPy's functions that rearrange elements: joining, tiling, rolling, padding, taking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackIndexError, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import At, Gather, Operand, Span
from ..ir.types import Type
from . import numpy_compositions
from .numpy_elementwise import nonzero
from .numpy_reductions import reduce
from .numpy_shape import at_least
from .numpy_sorting import repeat_each
from .numpy_support import (
    apply,
    cast,
    common_dtype,
    counting,
    dtype_name,
    elements,
    expanded,
    filled,
    finish,
    gather,
    one_axis,
    part,
    raveled,
    require_at_least,
    reshaped,
    spans,
    strong_operand,
    take_at,
    transposed,
)
from .numpy_table import numpy_function
from .values import Array, StackedList, ViewStep, is_operand, is_scalar

if TYPE_CHECKING:
    from .context import Context


# -- joining -------------------------------------------------------------------------------------------
def join(ctx: Context, operands: list[Operand], axis: int, dtype: Any = None) -> Operand:
    """Concatenate along an axis after promotion, with checks of the other extents."""
    if not operands:
        ctx.error(PullbackValueError, "need at least one array to concatenate")
    name = common_dtype(operands) if dtype is None else dtype_name(ctx, dtype)
    first = operands[0].type.shape
    if not first:
        ctx.error(PullbackValueError, "zero-dimensional arrays cannot be concatenated")
    number = one_axis(ctx, axis, len(first))
    pieces = []
    for x in operands:
        if x.type.rank != len(first):
            ctx.error(
                PullbackValueError,
                f"all the input array dimensions must match: the arrays have {len(first)} and {x.type.rank} dimensions",
            )
        for k, (have, want) in enumerate(zip(x.type.shape, first, strict=True)):
            if k != number:
                ctx.require_equal(
                    have,
                    want,
                    "all the input array dimensions except for the concatenation axis must match exactly",
                )
        wanted = [x.type.shape[k] if k == number else first[k] for k in range(len(first))]
        pieces.append(reshaped(ctx, cast(ctx, x, name), wanted))
    if len(pieces) == 1:
        return ctx.b.emit("copy", pieces[0])
    return ctx.b.emit("concatenate", *pieces, axis=number)


@numpy_function(np.concatenate, static="axis dtype")
def _concatenate(ctx: Context, arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None) -> Any:
    if isinstance(arrays, StackedList) and axis == 0:
        arrays = (_joined_rows(ctx, arrays),)
    operands = [strong_operand(ctx, a) for a in elements(ctx, arrays, "np.concatenate")]
    if axis is None:
        operands, axis = [raveled(ctx, x) for x in operands], 0
    return finish(ctx, join(ctx, operands, axis, dtype), out)


def _some_rows(ctx: Context, rows: StackedList, what: str) -> Any:
    """The rows of a list of run-time length, which may not be empty."""
    count = ctx.array_type(rows.array).shape[0]
    if not ctx.session.nonneg(count - 1):
        ctx.check(ctx.emit("gt", ctx.b.extent(count), 0), "ValueError", f"need at least one array to {what}")
    return rows.array


def _joined_rows(ctx: Context, rows: StackedList) -> Any:
    """The items of a list of run-time length, one after the other."""
    x = ctx.operand(_some_rows(ctx, rows, "concatenate"))
    if x.type.rank < 2:
        ctx.error(PullbackValueError, "zero-dimensional arrays cannot be concatenated")
    count, length, *rest = x.type.shape
    return ctx.wrap(reshaped(ctx, x, (count * length, *rest)))


def _first_axis_to(ctx: Context, x: Operand, number: int) -> Operand:
    perm = [*range(1, x.type.rank)]
    perm.insert(number, 0)
    return ctx.b.emit("transpose", x, perm=tuple(perm)) if number else x


@numpy_function(np.stack, static="axis dtype")
def _stack(ctx: Context, arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None) -> Any:
    if isinstance(arrays, StackedList) and out is None and dtype is None:
        rows = ctx.operand(_some_rows(ctx, arrays, "stack"))
        return ctx.wrap(_first_axis_to(ctx, rows, one_axis(ctx, axis, rows.type.rank)))
    operands = [strong_operand(ctx, a) for a in elements(ctx, arrays, "np.stack")]
    if not operands:
        ctx.error(PullbackValueError, "need at least one array to stack")
    if any(x.type.rank != operands[0].type.rank for x in operands):
        ctx.error(PullbackValueError, "all input arrays must have the same shape")
    number = one_axis(ctx, axis, operands[0].type.rank + 1)
    slabs = []
    for x in operands:
        shape = list(x.type.shape)
        shape.insert(number, Dim.of(1))
        slabs.append(reshaped(ctx, x, shape))
    return finish(ctx, join(ctx, slabs, number, dtype), out)


def _enter_stacking(function: Any, rank: int, axis: int) -> None:
    @numpy_function(function, static="dtype")
    def expand(ctx: Context, tup: Any, *, dtype: Any = None) -> Any:
        if isinstance(tup, StackedList) and ctx.array_type(tup.array).rank == 1 + max(1, rank - 1) and rank < 3:
            tup = (_some_rows(ctx, tup, "concatenate") if rank == 2 else _joined_rows(ctx, tup),)
        given = elements(ctx, tup, f"np.{function.__name__}")
        operands = [ctx.operand(at_least(ctx, ctx.wrap(strong_operand(ctx, a)), rank)) for a in given]
        along = 0 if axis == 1 and operands and operands[0].type.rank == 1 else axis
        return ctx.wrap(join(ctx, operands, along, dtype))


_enter_stacking(np.vstack, 2, 0)
_enter_stacking(np.hstack, 1, 1)
_enter_stacking(np.dstack, 3, 2)


@numpy_function(np.column_stack)
def _column_stack(ctx: Context, tup: Any) -> Any:
    if isinstance(tup, StackedList) and ctx.array_type(tup.array).rank <= 2:
        rows = ctx.operand(_some_rows(ctx, tup, "concatenate"))
        if rows.type.rank == 1:
            return ctx.wrap(reshaped(ctx, rows, (Dim.of(1), rows.type.shape[0])))
        return ctx.wrap(_first_axis_to(ctx, rows, 1))
    columns = []
    for a in elements(ctx, tup, "np.column_stack"):
        x = strong_operand(ctx, a)
        columns.append(reshaped(ctx, x, (x.type.size, Dim.of(1))) if x.type.rank < 2 else x)
    return ctx.wrap(join(ctx, columns, 1))


@numpy_function(np.append, static="axis")
def _append(ctx: Context, arr: Any, values: Any, axis: Any = None) -> Any:
    return _concatenate(ctx, (arr, values), axis)


# -- repeating -----------------------------------------------------------------------------------------
@numpy_function(np.tile)
def _tile(ctx: Context, A: Any, reps: Any) -> Any:
    x = strong_operand(ctx, A)
    times = [ctx.require_dim(r) for r in ([reps] if is_scalar(reps) else elements(ctx, reps, "np.tile"))]
    for t in times:
        require_at_least(ctx, t, 0, "negative dimensions are not allowed")
    rank = max(len(times), x.type.rank)
    times = [Dim.of(1)] * (rank - len(times)) + times
    own = (Dim.of(1),) * (rank - x.type.rank) + x.type.shape
    doubled = [d for t, n in zip(times, own, strict=True) for d in (t, n)]
    single = [d for n in own for d in (Dim.of(1), n)]
    tiled = expanded(ctx, reshaped(ctx, x, single), doubled)
    return ctx.wrap(reshaped(ctx, tiled, [t * n for t, n in zip(times, own, strict=True)]))


@numpy_function(np.repeat, method="repeat", static="axis")
def _repeat(ctx: Context, a: Any, repeats: Any, axis: Any = None) -> Any:
    x = strong_operand(ctx, a)
    if axis is None:
        x, axis = raveled(ctx, x), 0
    if not x.type.shape:
        x = raveled(ctx, x)
    number = one_axis(ctx, axis, x.type.rank)
    if not is_scalar(repeats):
        if ctx.type(repeats).dtype == "u64":
            ctx.error(PullbackTypeError, "Cannot cast array data from uint64 to int64 according to the rule 'safe'")
        if ctx.shape(repeats) != (Dim.of(1),):
            return repeat_each(ctx, x, repeats, number)
        repeats = reshaped(ctx, ctx.operand(repeats), ())
    times = ctx.require_dim(repeats)
    require_at_least(ctx, times, 0, "repeats may not contain negative values.")
    shape = list(x.type.shape)
    single, many = list(shape), list(shape)
    single.insert(number + 1, Dim.of(1))
    many.insert(number + 1, times)
    shape[number] = shape[number] * times
    return ctx.wrap(reshaped(ctx, expanded(ctx, reshaped(ctx, x, single), many), shape))


# -- rolling -------------------------------------------------------------------------------------------
def _rolled(ctx: Context, x: Operand, shift: Dim, axis: int) -> Operand:
    n = x.type.shape[axis]
    if (n.is_const and n.const <= 1) or shift == 0:
        return x
    if shift.is_const and n.is_const:
        split = Dim.of(shift.const % n.const)
    elif shift.is_const and ctx.session.assume(n - abs(shift.const)):
        split = shift if shift.const > 0 else n + shift
    else:
        size = n.max(1)
        split = shift - size * (shift // size)
        split = split.min(n)
    if split == 0 or split == n:
        return x
    return ctx.b.emit("concatenate", part(ctx, x, axis, n - split, split), part(ctx, x, axis, 0, n - split), axis=axis)


@numpy_function(np.roll, static="axis")
def _roll(ctx: Context, a: Any, shift: Any, axis: Any = None) -> Any:
    x = strong_operand(ctx, a)
    if axis is None:
        moved = _rolled(ctx, raveled(ctx, x), ctx.require_dim(shift), 0)
        return _distinct(ctx, reshaped(ctx, moved, x.type.shape), x)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    shifts = [shift] * len(axes) if is_scalar(shift) else elements(ctx, shift, "np.roll")
    if len(shifts) != len(axes):
        ctx.error(PullbackValueError, "'shift' and 'axis' should be scalars or 1D sequences of one length")
    result = x
    for k, s in zip(axes, shifts, strict=True):
        result = _rolled(ctx, result, ctx.require_dim(s), one_axis(ctx, k, x.type.rank))
    return _distinct(ctx, result, x)


def _distinct(ctx: Context, result: Operand, source: Operand) -> Any:
    """Wrap a result that must not share storage with its source."""
    return ctx.wrap(ctx.b.emit("copy", result) if result is source and result.type.shape else result)


# -- padding -------------------------------------------------------------------------------------------
def _pad_widths(ctx: Context, pad_width: Any, rank: int) -> list[tuple[int, int]]:
    try:
        widths = np.broadcast_to(np.asarray(pad_width), (rank, 2))
    except ValueError:
        ctx.error(PullbackValueError, f"pad_width {pad_width!r} does not fit an array of rank {rank}")
    if (widths < 0).any():
        ctx.error(PullbackValueError, "index can't contain negative values")
    return [(int(a), int(b)) for a, b in widths]


def _pad_source(ctx: Context, mode: str, n: Dim, before: int, after: int) -> Operand:
    """Which element stands at every place of a padded axis."""
    start = constant(-before, Type("i64"))
    size = n + before + after
    place = ctx.b.emit("iota", start, constant(1, Type("i64")), size=size, dtype="i64")
    last = ctx.b.extent(n - 1)
    if mode == "edge":
        return apply(ctx, "minimum", apply(ctx, "maximum", place, 0), last)
    if mode == "wrap":
        return apply(ctx, "mod", place, ctx.b.extent(n))
    if mode == "reflect":
        if n == 1:
            return apply(ctx, "mul", place, 0)
        period = ctx.b.extent(n * 2 - 2)
        folded = apply(ctx, "mod", place, period)
        return apply(ctx, "minimum", folded, apply(ctx, "sub", period, folded))
    period = ctx.b.extent(n * 2)
    folded = apply(ctx, "mod", place, period)
    return apply(ctx, "minimum", folded, apply(ctx, "sub", ctx.b.extent(n * 2 - 1), folded))


def _pad_sides(ctx: Context, x: Operand, widths: list[tuple[int, int]], constants: Any) -> Any:
    """Padding with a constant for each side of each axis, axis after axis."""
    given = elements(ctx, constants, "constant_values")
    if all(map(is_scalar, given)):
        pair = given if len(given) == 2 else given * 2
        pairs = [pair] * len(widths)
    else:
        pairs = [elements(ctx, p, "constant_values") for p in given]
        pairs = pairs * len(widths) if len(pairs) == 1 else pairs
    if len(pairs) != len(widths) or any(len(p) != 2 for p in pairs):
        ctx.error(PullbackValueError, "constant_values takes a number, a pair, or a pair for every axis")
    for k, ((before, after), (low, high)) in enumerate(zip(widths, pairs, strict=True)):
        parts = [x]
        for size, value, at in ((before, low, 0), (after, high, len(parts) + 1)):
            if size:
                shape = [Dim.of(size) if j == k else d for j, d in enumerate(x.type.shape)]
                parts.insert(at, filled(ctx, shape, cast(ctx, ctx.operand(value), x.type.dtype)))
        if len(parts) > 1:
            x = ctx.b.emit("concatenate", *parts, axis=k)
    return ctx.wrap(x)


@numpy_function(np.pad, static="pad_width mode")
def _pad(ctx: Context, array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    x = strong_operand(ctx, array)
    if not x.type.shape:
        return ctx.wrap(x)
    widths = _pad_widths(ctx, pad_width, x.type.rank)
    if mode == "constant":
        if not is_scalar(constant_values):
            return _pad_sides(ctx, x, widths, constant_values)
        value = ctx.operand(constant_values)
        shape = [n + a + b for n, (a, b) in zip(x.type.shape, widths, strict=True)]
        frame = filled(ctx, shape, cast(ctx, value, x.type.dtype))
        inside = tuple(Span(Dim.of(a), n, 1) for n, (a, _) in zip(x.type.shape, widths, strict=True))
        return ctx.wrap(ctx.b.emit("store", frame, x, index=inside))
    if mode not in ("edge", "wrap", "reflect", "symmetric"):
        ctx.error(
            UnsupportedError,
            f"np.pad: mode {mode!r} is not supported",
            "constant, edge, wrap, reflect, symmetric",
        )
    result = x
    for k, (before, after) in enumerate(widths):
        if before or after:
            message = f"can't extend empty axis {k} using modes other than 'constant' or 'empty'"
            require_at_least(ctx, x.type.shape[k], 1, message)
            source = _pad_source(ctx, mode, x.type.shape[k], before, after)
            result = gather(ctx, result, k, source)
    return _distinct(ctx, result, x)


# -- taking --------------------------------------------------------------------------------------------
@numpy_function(np.take, method="take", static="axis mode")
def _take(ctx: Context, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    x, i = strong_operand(ctx, a), ctx.operand(indices)
    if not i.type.is_int:
        ctx.error(PullbackTypeError, f"indices must be integers, not {i.type.numpy}")
    if axis is None or not x.type.shape:
        x, axis = raveled(ctx, x), axis or 0
    number = one_axis(ctx, axis, x.type.rank)
    n = x.type.shape[number]
    if mode != "raise":
        i = ctx.as_index(i)
    if mode == "clip":
        i = apply(ctx, "minimum", apply(ctx, "maximum", i, 0), ctx.b.extent(n - 1))
    elif mode == "wrap":
        i = apply(ctx, "mod", i, ctx.b.extent(n))
    elif mode != "raise":
        ctx.error(PullbackValueError, f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    return finish(ctx, gather(ctx, x, number, i) if i.type.shape else take_at(ctx, x, number, i), out)


@numpy_function(np.take_along_axis, static="axis")
def _take_along_axis(ctx: Context, arr: Any, indices: Any, axis: Any = -1) -> Any:
    x, i = strong_operand(ctx, arr), ctx.operand(indices)
    if axis is None:
        x, axis = raveled(ctx, x), 0
    number = one_axis(ctx, axis, x.type.rank)
    if i.type.rank != x.type.rank or not i.type.is_int:
        ctx.error(PullbackValueError, "`indices` must be integers with the same number of dimensions as `arr`")
    places: list[Operand] = []
    for k, n in enumerate(x.type.shape):
        if k == number:
            places.append(i)
            continue
        if i.type.shape[k] != 1:
            ctx.require_equal(i.type.shape[k], n, "np.take_along_axis: the extents beside the axis must be equal")
        own = [Dim.of(1)] * x.type.rank
        own[k] = n
        places.append(reshaped(ctx, counting(ctx, n), own))
    return ctx.wrap(ctx.b.emit("load", x, *places, index=(Gather(),) * x.type.rank))


def _enter_at(function: Any, sign: int) -> None:
    @numpy_function(function)
    def expand(ctx: Context, a: Any, indices: Any, b: Any, /) -> Any:
        if not isinstance(a, Array):
            ctx.error(PullbackTypeError, "the first argument must be an array")
        x, value = ctx.operand(a), ctx.operand(b)
        if not np.can_cast(value.type.numpy, x.type.numpy, "same_kind") and not value.type.weak:
            ctx.error(PullbackTypeError, f"cannot add {value.type.numpy} to {x.type.numpy} in place")
        if sign < 0:
            value = apply(ctx, "neg", cast(ctx, value, x.type.dtype))
        index, operands = _integer_index(ctx, x, indices)
        value = ctx.fit(value, indexed_shape(x.type.shape, index, operands))
        ctx.write(a, ctx.wrap(ctx.b.emit("accum", x, *operands, value, index=index)))


def _integer_index(ctx: Context, x: Operand, indices: Any) -> tuple[tuple[Any, ...], list[Operand]]:
    """Leading integers and integer arrays, then whole axes."""
    given = list(indices) if isinstance(indices, tuple) else [indices]
    operands = []
    index = spans(x.type.shape)
    if len(given) > len(index):
        ctx.error(PullbackValueError, "too many indices for array")
    for k, i in enumerate(given):
        if isinstance(i, slice) or i is None or i is Ellipsis:
            ctx.error(UnsupportedError, "ufunc.at takes integers and integer arrays here", "write a[...] += v")
        operand = ctx.operand(i)
        if operand.type.is_bool:
            ctx.error(UnsupportedError, "ufunc.at with a mask is not supported", "write a[mask] += v")
        operands.append(operand if operand.type.shape else ctx.as_index(operand))
        index[k] = Gather() if operand.type.shape else At()
    if any(isinstance(i, Gather) for i in index):  # integers join the gathers, as NumPy broadcasts them
        index = [Gather() if isinstance(i, At) else i for i in index]
    return tuple(index), operands


_enter_at(np.add.at, 1)
_enter_at(np.subtract.at, -1)


# -- diagonals -----------------------------------------------------------------------------------------
def diagonal(ctx: Context, x: Operand, offset: int, axis1: int = 0, axis2: int = 1) -> Operand:
    """The diagonals of two axes, as a last axis."""
    perm, step = _diagonal_steps(ctx, x.type.shape, offset, axis1, axis2)
    return ctx.b.emit("load", transposed(ctx, x, perm), *step.operands, index=step.index)


def _diagonal_steps(
    ctx: Context, shape: Sequence[Dim], offset: int, axis1: int, axis2: int
) -> tuple[tuple[int, ...], ViewStep]:
    """The order of the axes and then the index that give the diagonals of an array of the shape."""
    rank = len(shape)
    if rank < 2:
        ctx.error(PullbackValueError, "diag requires an array of at least two dimensions")
    first, second = one_axis(ctx, axis1, rank), one_axis(ctx, axis2, rank)
    if first == second:
        ctx.error(PullbackValueError, "axis1 and axis2 cannot be the same")
    perm = (*(k for k in range(rank) if k not in (first, second)), first, second)
    rows, columns = shape[first], shape[second]
    row, column = max(-offset, 0), max(offset, 0)
    size = (rows - row).min(columns - column)
    if not ctx.session.assume(size):
        size = size.max(0)
    one = constant(1, Type("i64"))
    places = [ctx.b.emit("iota", constant(s, Type("i64")), one, size=size, dtype="i64") for s in (row, column)]
    index = (*spans([shape[k] for k in perm[:-2]]), Gather(), Gather())
    return perm, ViewStep("index", index, tuple(places), readonly="np.diagonal gives a read-only view")


@numpy_function(np.diagonal, method="diagonal", static="offset axis1 axis2")
def _diagonal(ctx: Context, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    source = a if isinstance(a, Array) else ctx.wrap(strong_operand(ctx, a))
    perm, step = _diagonal_steps(ctx, ctx.shape(source), int(offset), axis1, axis2)
    return ctx.view(ctx.view(source, ViewStep("transpose", arg=perm)), step)


@numpy_function(np.linalg.trace, static="offset dtype")
def _linalg_trace(ctx: Context, x: Any, /, *, offset: Any = 0, dtype: Any = None) -> Any:
    return _trace(ctx, x, offset, -2, -1, dtype)


@numpy_function(np.trace, method="trace", static="offset axis1 axis2 dtype")
def _trace(
    ctx: Context, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    x = strong_operand(ctx, a)
    if dtype is not None:
        x = cast(ctx, x, dtype_name(ctx, dtype))
    on_diagonal = diagonal(ctx, x, int(offset), axis1, axis2)
    return finish(ctx, reduce(ctx, "sum", on_diagonal, (on_diagonal.type.rank - 1,), False), out)


@numpy_function(np.diag, static="k")
def _diag(ctx: Context, v: Any, k: int = 0) -> Any:
    x = strong_operand(ctx, v)
    if x.type.rank == 2:
        return _diagonal(ctx, v, int(k))
    if x.type.rank != 1:
        ctx.error(PullbackValueError, "Input must be 1- or 2-d.")
    return _diagonal_matrix(ctx, x, int(k))


@numpy_function(np.diagflat, static="k")
def _diagflat(ctx: Context, v: Any, k: int = 0) -> Any:
    return _diagonal_matrix(ctx, raveled(ctx, strong_operand(ctx, v)), int(k))


def _diagonal_matrix(ctx: Context, x: Operand, k: int) -> Any:
    n = x.type.shape[0]
    side = n + abs(k)
    zeros = filled(ctx, (side, side), constant(0, Type(x.type.dtype)))
    one = constant(1, Type("i64"))
    places = [ctx.b.emit("iota", constant(s, Type("i64")), one, size=n, dtype="i64") for s in (max(-k, 0), max(k, 0))]
    return ctx.wrap(ctx.b.emit("store", zeros, *places, x, index=(Gather(), Gather())))


# -- differences ---------------------------------------------------------------------------------------
def differences(ctx: Context, x: Operand, axis: int) -> Operand:
    n = x.type.shape[axis]
    size = n - 1 if ctx.session.assume(n - 1) else (n - 1).max(0)
    low = part(ctx, x, axis, 0, size)
    high = part(ctx, x, axis, 1 if not size.is_const or size.const > 0 else 0, size)
    return apply(ctx, "ne" if x.type.is_bool else "sub", high, low)


@numpy_function(np.diff, static="n axis")
def _diff(ctx: Context, a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n == 0:
        return a
    x = strong_operand(ctx, a)
    number = one_axis(ctx, axis, x.type.rank)
    pieces = []
    for v in (prepend, x, append):
        if v is None:
            continue
        piece = strong_operand(ctx, v)
        if not piece.type.shape:
            shape = [Dim.of(1) if k == number else d for k, d in enumerate(x.type.shape)]
            piece = filled(ctx, shape, piece)
        pieces.append(piece)
    result = x if len(pieces) == 1 else join(ctx, pieces, number)
    for _ in range(n):
        result = differences(ctx, result, number)
    return ctx.wrap(result)


@numpy_function(np.flatnonzero)
def _flatnonzero(ctx: Context, a: Any) -> Any:
    return nonzero(ctx, ctx.wrap(raveled(ctx, strong_operand(ctx, a))))[0]


def _without(ctx: Context, x: Operand, axis: int, k: Operand) -> Any:
    """All but one place along an axis, known at run time."""
    if not k.type.is_int:
        ctx.error(PullbackTypeError, "arrays used as indices must be of integer type")
    n, k = x.type.shape[axis], ctx.as_index(k)
    size = ctx.operand(ctx.integer(n))
    inside = ctx.emit("logical_and", ctx.emit("ge", k, ctx.emit("neg", size)), ctx.emit("lt", k, size))
    ctx.check(inside, "IndexError", f"index is out of bounds for axis {axis} in np.delete")
    place = ctx.emit("where", ctx.emit("lt", k, 0), ctx.emit("add", k, size), k)
    rest = n - 1 if ctx.session.nonneg(n - 1) else (n - 1).max(0)
    kept = ctx.emit("iota", 0, 1, size=rest, dtype="i64")
    behind = ctx.emit("cast", ctx.emit("ge", kept, place), dtype="i64", weak=False)
    return ctx.wrap(gather(ctx, x, axis, ctx.emit("add", kept, behind)))


@numpy_function(np.delete, static="axis")
def _delete(ctx: Context, arr: Any, obj: Any, axis: Any = None) -> Any:
    x = strong_operand(ctx, arr)
    if axis is None:
        x, axis = raveled(ctx, x), 0
    number = one_axis(ctx, axis, x.type.rank)
    n = x.type.shape[number]
    if is_operand(obj) or isinstance(obj, Dim):
        return _without(ctx, x, number, ctx.operand(obj))
    if not is_scalar(obj) or isinstance(obj, (bool, np.bool_)):
        first = ctx.call(np.moveaxis, [ctx.wrap(x), number, 0], {})
        return ctx.call(np.moveaxis, [ctx.call(numpy_compositions.deleted, [first, obj], {}), 0, number], {})
    k = int(obj)
    if not ctx.session.assume(n - (k + 1 if k >= 0 else -k)):
        ctx.error(PullbackIndexError, f"index {k} is out of bounds for axis {number} with size {n}")
    place = Dim.of(k) if k >= 0 else n + k
    rest = n - place - 1
    if place == 0 or rest == 0:
        return ctx.wrap(part(ctx, x, number, 1 if place == 0 else 0, n - 1))
    return ctx.wrap(join(ctx, [part(ctx, x, number, 0, place), part(ctx, x, number, place + 1, rest)], number))
