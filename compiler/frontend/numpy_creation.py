"""NumPy's functions that make arrays: from nothing, from ranges, from other arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import Const, Operand, Span
from ..ir.types import DTYPES, FROM_NUMPY, Type, promote
from .numpy_shape import copied, in_order, order_of_copy, transpose_view
from .numpy_support import (
    apply,
    cast,
    common_dtype,
    counting,
    dtype_name,
    expanded,
    filled,
    require_at_least,
    reshaped,
    shape_argument,
    strong,
    strong_operand,
)
from .numpy_table import array_method, numpy_function
from .values import Array, ListValue, Opaque, RecordValue, is_scalar, is_static

if TYPE_CHECKING:
    from .context import Context


# -- constant contents ---------------------------------------------------------------------------------
def _laid_out(ctx: Context, shape: Any, order: str, make: Callable[[tuple[Dim, ...]], Any]) -> Any:
    """What `make` makes of a shape, in the order "C" or "F"."""
    extents = shape_argument(ctx, shape)
    if order_of_copy(ctx, None, order) == "F" and len(extents) > 1:
        return transpose_view(ctx, make(extents[::-1]), tuple(reversed(range(len(extents)))))
    return make(extents)


def _constant_array(ctx: Context, shape: tuple[Dim, ...], number: int, dtype: Any) -> Any:
    name = dtype_name(ctx, float if dtype is None else dtype)
    made = ctx.wrap(filled(ctx, shape, constant(number, Type(name))))
    return made if shape else ctx.rank_0(made)


@numpy_function(np.zeros, static="dtype order")
def _zeros(ctx: Context, shape: Any, dtype: Any = None, order: str = "C") -> Any:
    return _laid_out(ctx, shape, order, lambda extents: _constant_array(ctx, extents, 0, dtype))


@numpy_function(np.ones, static="dtype order")
def _ones(ctx: Context, shape: Any, dtype: Any = None, order: str = "C") -> Any:
    return _laid_out(ctx, shape, order, lambda extents: _constant_array(ctx, extents, 1, dtype))


def _uninitialised(ctx: Context, shape: tuple[Dim, ...], dtype: str) -> Any:
    if not shape:
        return ctx.rank_0(constant(0, Type(dtype)))
    return ctx.wrap(ctx.b.emit("empty", shape=shape, dtype=dtype))


@numpy_function(np.empty, static="dtype order")
def _empty(ctx: Context, shape: Any, dtype: Any = None, order: str = "C") -> Any:
    name = dtype_name(ctx, float if dtype is None else dtype)
    return _laid_out(ctx, shape, order, lambda extents: _uninitialised(ctx, extents, name))


@numpy_function(np.ndarray, static="dtype")
def _ndarray(ctx: Context, shape: Any, dtype: Any = float) -> Any:
    return _uninitialised(ctx, shape_argument(ctx, shape), dtype_name(ctx, dtype))


def _full_of(ctx: Context, shape: tuple[Dim, ...], value: Any, dtype: Any) -> Any:
    if dtype is not None and is_scalar(value):
        ctx.require_fit(dtype_name(ctx, dtype), ctx.operand(value))
    x = strong_operand(ctx, value)
    if dtype is not None:
        x = cast(ctx, x, dtype_name(ctx, dtype))
    if not x.type.shape:
        made = ctx.wrap(filled(ctx, shape, x))
        return made if shape else ctx.rank_0(made)
    return ctx.wrap(ctx.b.emit("copy", expanded(ctx, ctx.fit(x, shape), shape)))


@numpy_function(np.full, static="dtype order")
def _full(ctx: Context, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> Any:
    if is_scalar(fill_value):
        return _laid_out(ctx, shape, order, lambda extents: _full_of(ctx, extents, fill_value, dtype))
    made = _full_of(ctx, shape_argument(ctx, shape), fill_value, dtype)
    return in_order(ctx, made, order) if isinstance(made, Array) and order == "F" else made


def _like(ctx: Context, a: Any, dtype: Any, shape: Any) -> tuple[tuple[Dim, ...], Any]:
    """Shape and dtype that a ``*_like`` function takes from its prototype."""
    type = strong_operand(ctx, a).type if not isinstance(a, Array) else ctx.type(a)
    return type.shape if shape is None else shape_argument(ctx, shape), type.numpy if dtype is None else dtype


@numpy_function(np.zeros_like, static="dtype order")
def _zeros_like(
    ctx: Context, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    extents, kind = _like(ctx, a, dtype, shape)
    return _constant_array(ctx, extents, 0, kind)


@numpy_function(np.ones_like, static="dtype order")
def _ones_like(ctx: Context, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    extents, kind = _like(ctx, a, dtype, shape)
    return _constant_array(ctx, extents, 1, kind)


@numpy_function(np.empty_like, static="dtype order")
def _empty_like(
    ctx: Context, prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None
) -> Any:
    extents, kind = _like(ctx, prototype, dtype, shape)
    return _uninitialised(ctx, extents, dtype_name(ctx, kind))


@numpy_function(np.full_like, static="dtype order")
def _full_like(
    ctx: Context,
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
) -> Any:
    extents, kind = _like(ctx, a, dtype, shape)
    return _full_of(ctx, extents, fill_value, kind)


@numpy_function(np.eye, static="k dtype order")
def _eye(ctx: Context, N: Any, M: Any = None, k: int = 0, dtype: Any = None, order: str = "C") -> Any:
    n, m = shape_argument(ctx, (N, N if M is None else M))
    return ctx.wrap(ctx.b.emit("eye", n=n, m=m, k=int(k), dtype=dtype_name(ctx, float if dtype is None else dtype)))


@numpy_function(np.identity, static="dtype")
def _identity(ctx: Context, n: Any, dtype: Any = None) -> Any:
    return _eye(ctx, n, None, 0, dtype)


# -- ranges --------------------------------------------------------------------------------------------
@numpy_function(np.arange, static="dtype")
def _arange(ctx: Context, start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    if stop is None:
        start, stop = 0, start
    if step is None:
        step = 1
    xs = [ctx.operand(v) for v in (start, stop, step)]
    if any(x.type.shape for x in xs):
        ctx.error(PullbackTypeError, "np.arange takes numbers, not arrays")
    if any(x.type.is_float for x in xs):
        return _float_arange(ctx, xs, dtype)
    low, high = ctx.require_dim(start), ctx.require_dim(stop)
    by = ctx.static(step, "the step of np.arange")
    if by == 0:
        ctx.error(PullbackValueError, "np.arange: the step is 0")
    distance = high - low if by > 0 else low - high
    size = (distance + (abs(by) - 1)) // abs(by)
    if not ctx.session.nonneg(distance):
        size = size.max(0)
    name = dtype_name(ctx, dtype) if dtype is not None else promote([strong(ctx, x).type for x in xs])[0]
    first, delta = cast(ctx, xs[0], name), cast(ctx, xs[2], name)
    return ctx.wrap(ctx.b.emit("iota", first, delta, size=size, dtype=name))


def _float_arange(ctx: Context, xs: list[Operand], dtype: Any) -> Any:
    """NumPy's floating arange: ceil((stop - start) / step) elements, start + k * ((start + step) - start)."""
    name = dtype_name(ctx, dtype) if dtype is not None else promote([strong(ctx, x).type for x in xs])[0]
    if all(isinstance(x, Const) for x in xs):
        start, stop, step = (x.value for x in xs)  # type: ignore[union-attr]
        size = Dim.of(len(np.arange(start, stop, step)))
    else:
        start, stop, step = (cast(ctx, x, "f64", weak=True) for x in xs)
        count = apply(ctx, "ceil", apply(ctx, "div", apply(ctx, "sub", stop, start), step))
        size = Dim.of(apply(ctx, "maximum", cast(ctx, count, "i64", weak=True), 0))
    if name[0] != "f":
        ctx.error(UnsupportedError, "np.arange of floats with an integer dtype is not supported", "use .astype")
    first, by = cast(ctx, xs[0], name), cast(ctx, xs[2], name)
    if isinstance(first, Const) and isinstance(by, Const):
        a, d = DTYPES[name].type(first.value), DTYPES[name].type(by.value)
        delta: Operand = constant(float((a + d) - a), Type(name))
    else:
        delta = apply(ctx, "sub", apply(ctx, "add", first, by), first)
    return ctx.wrap(ctx.b.emit("iota", first, delta, size=size, dtype=name))


def _line(ctx: Context, start: Any, stop: Any, num: Any, endpoint: bool) -> tuple[Operand, Operand]:
    """NumPy's linspace in floating point, and its step."""
    ends = [ctx.operand(v) for v in (start, stop)]
    if any(x.type.shape for x in ends):
        ctx.error(UnsupportedError, "np.linspace between arrays is not supported", "write a + (b - a) * t[:, None]")
    name = common_dtype(ends)
    if name[0] != "f":
        name = "f64"
    ends = [strong(ctx, x) for x in ends]
    low, high = (cast(ctx, x, name) for x in ends)
    size = ctx.require_dim(num)
    samples = str(size) if size.is_const else "which are computed"
    require_at_least(ctx, size, 0, f"Number of samples, {samples}, must be non-negative.")
    # a count below 2 has no step between first and last: told apart at dispatch, where the arguments tell it
    counted = endpoint and not size.is_const and bool(size.values()) and not ctx.session.nonneg(size - 2)
    if endpoint and not size.is_const and not counted:
        require_at_least(ctx, size, 2, "np.linspace needs two samples here")
    gaps = size - 1 if endpoint else size
    distance = apply(ctx, "sub", high, low)
    if gaps.is_const and gaps.const <= 0:
        step: Operand = constant(float("nan"), Type(name))
        return ctx.operand(ctx.wrap(filled(ctx, (size,), low))), step
    step = apply(ctx, "div", distance, cast(ctx, ctx.b.extent(gaps.max(1) if counted else gaps), name))
    numbers = counting(ctx, size, name)
    line = apply(ctx, "add", apply(ctx, "mul", numbers, step), low)
    if counted:
        several = ctx.emit("gt", ctx.operand(ctx.integer(size)), 1)
        is_last = apply(ctx, "eq", numbers, cast(ctx, ctx.b.extent(gaps), name))
        line = apply(ctx, "where", is_last, apply(ctx, "where", several, high, low), line)
    elif endpoint:  # the last sample is exact
        last = (Span(size - 1, Dim.of(1), 1),)
        line = ctx.b.emit("store", line, high, index=last)
    return line, step


@numpy_function(np.linspace, static="endpoint retstep dtype axis")
def _linspace(
    ctx: Context, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    line, step = _line(ctx, start, stop, num, endpoint)
    if dtype is not None:
        name = dtype_name(ctx, dtype)
        line = cast(ctx, apply(ctx, "floor", line) if name[0] in "iu" else line, name)
    return (ctx.wrap(line), step) if retstep else ctx.wrap(line)


@numpy_function(np.logspace, static="endpoint dtype axis")
def _logspace(
    ctx: Context, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    line, _step = _line(ctx, start, stop, num, endpoint)
    result = apply(ctx, "pow", base, line)
    return ctx.wrap(result if dtype is None else cast(ctx, result, dtype_name(ctx, dtype)))


# -- grids ---------------------------------------------------------------------------------------------
@numpy_function(np.meshgrid, static="indexing sparse copy")
def _meshgrid(ctx: Context, *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    axes = [strong_operand(ctx, x) for x in xi]
    axes = [reshaped(ctx, x, (x.type.size,)) for x in axes]
    order = list(range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        order[0], order[1] = 1, 0
    elif indexing not in ("xy", "ij"):
        ctx.error(PullbackValueError, "Valid values for `indexing` are 'xy' and 'ij'.")
    shape = tuple(axes[order[k]].type.shape[0] for k in range(len(axes)))
    grids = []
    for k, x in enumerate(axes):
        own = [Dim.of(1)] * len(axes)
        own[order[k]] = x.type.shape[0]
        grid = reshaped(ctx, x, own)
        grids.append(ctx.wrap(grid if sparse else expanded(ctx, grid, shape)))
    return tuple(grids)


@numpy_function(np.indices, static="dtype sparse")
def _indices(ctx: Context, dimensions: Any, dtype: Any = int, sparse: bool = False) -> Any:
    shape = shape_argument(ctx, dimensions)
    grids = []
    for k, extent in enumerate(shape):
        own = [Dim.of(1)] * len(shape)
        own[k] = extent
        grid = reshaped(ctx, counting(ctx, extent, dtype_name(ctx, dtype)), own)
        grids.append(grid if sparse else reshaped(ctx, expanded(ctx, grid, shape), (Dim.of(1), *shape)))
    if sparse:
        return tuple(map(ctx.wrap, grids))
    return ctx.wrap(grids[0] if len(grids) == 1 else ctx.b.emit("concatenate", *grids, axis=0))


# -- from other values ---------------------------------------------------------------------------------
def _stacked(ctx: Context, v: Any) -> Operand:
    """What ``np.asarray(v)`` holds; numbers and arrays in a list take their common dtype."""
    if isinstance(v, (RecordValue, Opaque)) and (made := ctx.array_like(v)) is not None:
        v = made
    if isinstance(v, (tuple, ListValue)) and not is_static(v):
        items = list(v.items if isinstance(v, ListValue) else v)
        parts = [_stacked(ctx, i) for i in items]
        if parts:
            name = common_dtype(parts)
            return ctx.stack([ctx.wrap(cast(ctx, x, name)) for x in parts])
    return strong_operand(ctx, v)


def _converted(ctx: Context, v: Any, dtype: Any) -> Operand:
    x = _stacked(ctx, v)
    return x if dtype is None else cast(ctx, x, dtype_name(ctx, dtype))


@numpy_function(np.fromiter, static="dtype count")
def _from_items(ctx: Any, iter: Any, dtype: Any, count: Any = -1) -> Any:
    if isinstance(iter, Array):
        items = iter if count < 0 else ctx.load_item(iter, slice(None, count))
    else:
        items = ctx.call(list, [iter if count < 0 else ctx.call(itertools.islice, [iter, count], {})], {})
    made = ctx.call(np.array, [items], {"dtype": dtype})
    shape = ctx.operand(made).type.shape
    if len(shape) != 1:
        ctx.error(PullbackValueError, "setting an array element with a sequence.")
    if count >= 0:
        ctx.require_equal(shape[0], Dim.of(count), "iterator too short")
    return made


@numpy_function(np.array, static="dtype copy order ndmin subok")
def _array(
    ctx: Context, object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False,
    ndmin: int = 0,
) -> Any:  # fmt: skip
    if not copy and not ndmin:
        return as_array(ctx, object, dtype, order)
    x = _converted(ctx, object, dtype)
    if ndmin > x.type.rank:
        x = reshaped(ctx, x, (Dim.of(1),) * (ndmin - x.type.rank) + x.type.shape)
    elif isinstance(object, Array) and x.type.shape:
        return copied(ctx, x, order_of_copy(ctx, object, order))
    return ctx.wrap(x) if x.type.shape else ctx.rank_0(x)


@numpy_function(np.asarray, np.asanyarray, static="dtype order")
def as_array(ctx: Context, a: Any, dtype: Any = None, order: Any = None) -> Any:
    """The array itself where it already has the dtype and the order (another name for it), else a new one."""
    wanted = order_of_copy(ctx, a, order)
    if isinstance(a, Array) and (dtype is None or FROM_NUMPY.get(np.dtype(dtype)) == ctx.type(a).dtype):
        return in_order(ctx, a, wanted) if order in ("C", "F") else a
    x = _converted(ctx, a, dtype)
    if not x.type.shape:
        return ctx.rank_0(x)
    return copied(ctx, x, wanted) if wanted == "F" else ctx.wrap(x)


@numpy_function(np.ascontiguousarray, static="dtype")
def _ascontiguousarray(ctx: Context, a: Any, dtype: Any = None) -> Any:
    made = as_array(ctx, a, dtype, "C")
    return made if ctx.shape(made) else ctx.wrap(reshaped(ctx, strong_operand(ctx, made), (Dim.of(1),)))


@numpy_function(np.asfortranarray, static="dtype")
def _asfortranarray(ctx: Context, a: Any, dtype: Any = None) -> Any:
    return as_array(ctx, a, dtype, "F")


@numpy_function(np.copy, static="order")
def _copy(ctx: Context, a: Any, order: str = "K") -> Any:
    return _array(ctx, a, order=order)


@array_method("copy", static="order")
def _copy_method(ctx: Context, a: Any, order: str = "C") -> Any:
    return _array(ctx, a, order=order)


@numpy_function(np.astype, method="astype", static="dtype order casting subok copy")
def _astype(
    ctx: Context,
    x: Any,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Any:
    operand = ctx.operand(x)
    name = dtype_name(ctx, dtype)
    if not np.can_cast(operand.type.numpy, DTYPES[name], casting):  # type: ignore[arg-type]
        ctx.error(
            PullbackTypeError,
            f"cannot cast from {operand.type.numpy} to {DTYPES[name]} by the rule {casting!r}",
        )
    wanted = order_of_copy(ctx, x, order)
    if operand.type.dtype != name or operand.type.weak:
        made = cast(ctx, operand, name)
        return copied(ctx, made, wanted) if wanted == "F" else ctx.wrap(made)
    if not copy or not operand.type.shape:
        return x if order not in ("C", "F") or not isinstance(x, Array) else in_order(ctx, x, order)
    return copied(ctx, operand, wanted)


@array_method("fill")
def _fill(ctx: Context, a: Any, value: Any) -> Any:
    if not isinstance(a, Array):
        ctx.session.changes_numbers = True
        ctx.error(PullbackTypeError, "fill needs an array")
    ctx.write(a, value)


@numpy_function(np.copyto)
def _copyto(ctx: Context, dst: Any, src: Any, *, where: Any = True) -> Any:
    if not isinstance(dst, Array):
        ctx.session.changes_numbers = True
        ctx.error(PullbackTypeError, "np.copyto needs an array to write to")
    given, held = ctx.operand(src).type, ctx.type(dst)
    if not (np.can_cast(given.numpy, held.numpy, "same_kind") or (given.weak and given.is_int and held.is_int)):
        message = f"cannot cast from {given.numpy} to {held.numpy} with casting rule 'same_kind'"
        ctx.error(PullbackTypeError, message, "convert it first, with .astype")
    ctx.write(dst, src if where is True else ctx.call(np.where, [where, src, dst], {}))


# -- conversions by a dtype's name ---------------------------------------------------------------------
def _enter_conversion(dtype: Any) -> None:
    @numpy_function(dtype, fold=True)
    def expand(ctx: Context, x: Any = 0, /) -> Any:
        return ctx.wrap(cast(ctx, _stacked(ctx, x), FROM_NUMPY[np.dtype(dtype)]))


for _dtype in dict.fromkeys(d.type for d in DTYPES.values()):
    _enter_conversion(_dtype)


# -- diagonals and triangles ---------------------------------------------------------------------------
def triangle(ctx: Context, rows: Dim, columns: Dim, k: int) -> Operand:
    """Where column - row <= k, as booleans."""
    row = reshaped(ctx, counting(ctx, rows), (rows, Dim.of(1)))
    column = reshaped(ctx, counting(ctx, columns), (Dim.of(1), columns))
    shifted = apply(ctx, "add", row, constant(k, Type("i64"))) if k else row
    return apply(ctx, "le", column, shifted)


def _triangular(ctx: Context, m: Any, k: int, lower: bool) -> Any:
    x = strong_operand(ctx, m)
    if x.type.rank == 1:
        x = expanded(ctx, x, (x.type.shape[0], x.type.shape[0]))
    if x.type.rank == 0:
        ctx.error(PullbackValueError, "np.tril and np.triu need at least one dimension")
    zero = constant(0, Type(x.type.dtype))
    mask = triangle(ctx, x.type.shape[-2], x.type.shape[-1], k if lower else k - 1)
    return ctx.elementwise("where", mask, *((x, zero) if lower else (zero, x)))


@numpy_function(np.tril, static="k")
def _tril(ctx: Context, m: Any, k: int = 0) -> Any:
    return _triangular(ctx, m, int(k), True)


@numpy_function(np.triu, static="k")
def _triu(ctx: Context, m: Any, k: int = 0) -> Any:
    return _triangular(ctx, m, int(k), False)


@numpy_function(np.tri, static="k dtype")
def _tri(ctx: Context, N: Any, M: Any = None, k: int = 0, dtype: Any = float) -> Any:
    n, m = shape_argument(ctx, (N, N if M is None else M))
    return ctx.wrap(cast(ctx, triangle(ctx, n, m, int(k)), dtype_name(ctx, dtype)))
