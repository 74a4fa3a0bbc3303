"""What the expansions share: dtypes, axes, extents, slices, checks, and ``out=``.

Functions here work on operands (`Value` or `Const`); abstract values are read by `ctx.operand` and made by
`ctx.wrap`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import At, Const, Gather, Index, IndexItem, Operand, Span
from ..ir.types import FROM_NUMPY, Type, promote
from .values import Array, is_scalar

if TYPE_CHECKING:
    from .context import Context


# -- dtypes ------------------------------------------------------------------------------------------
def dtype_name(ctx: Context, dtype: Any) -> str:
    """``f64`` for ``np.float64``, ``float``, ``"float64"``, ...; complex and object dtypes are refused."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        ctx.error(PullbackTypeError, f"{dtype!r} is not a dtype")
    if found not in FROM_NUMPY:
        ctx.error(
            UnsupportedError,
            f"the dtype {found} is not supported",
            "supported are float64, float32, the integers of 8 to 64 bits and bool",
        )
    return FROM_NUMPY[found]


def cast(ctx: Context, x: Operand, dtype: str, weak: bool = False) -> Operand:
    """``x`` as the dtype; constants are converted here, and nothing is emitted where nothing changes."""
    weak = weak and not x.type.shape
    if x.type.dtype == dtype and x.type.weak == weak:
        return x
    if isinstance(x, Const):
        with np.errstate(all="ignore"):
            number = np.asarray(x.value).astype(Type(dtype).numpy).item()
        return constant(number, Type(dtype, (), weak))
    return ctx.b.emit("cast", x, dtype=dtype, weak=weak)


def strong(ctx: Context, x: Operand) -> Operand:
    """A Python number as the NumPy scalar of its kind; anything else as it is."""
    return cast(ctx, x, x.type.dtype) if x.type.weak else x


def strong_operand(ctx: Context, v: Any) -> Operand:
    """What ``np.asarray(v)`` holds."""
    return strong(ctx, ctx.operand(v))


def common_dtype(operands: Sequence[Operand]) -> str:
    return promote([x.type for x in operands])[0]


def as_float(ctx: Context, x: Operand, what: str) -> Operand:
    """An operand as NumPy's elementary functions take it: integers become floats."""
    if x.type.is_float or x.type.weak:
        return x if x.type.is_float else cast(ctx, x, "f64", weak=x.type.weak)
    if x.type.itemsize == 1:
        ctx.error(
            UnsupportedError,
            f"{what} of {x.type.numpy} is float16 in NumPy, which is not supported",
            "convert first: x.astype(np.float64)",
        )
    return cast(ctx, x, "f32" if x.type.itemsize == 2 else "f64")


def widened(dtype: str) -> str:
    """The dtype in which NumPy adds up: small integers and booleans become 64 bits wide."""
    if dtype in ("b1", "i8", "i16", "i32"):
        return "i64"
    return "u64" if dtype in ("u8", "u16", "u32") else dtype


# -- operands ----------------------------------------------------------------------------------------
def apply(ctx: Context, opcode: str, *vs: Any, **attrs: Any) -> Operand:
    """An elementwise op with broadcast checks, as an operand."""
    return ctx.operand(ctx.elementwise(opcode, *vs, **attrs))


def finish(ctx: Context, result: Operand, out: Any = None, broadcast: bool = False) -> Any:
    """The abstract value of a result; with ``out``, of its shape or one that it may `broadcast` to, it is written
    there, and ``out`` is the value."""
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if out is None:
        return ctx.wrap(result)
    if not isinstance(out, Array):
        ctx.session.changes_numbers = True
        ctx.error(PullbackTypeError, "out must be an array")
    target = ctx.type(out)
    if not np.can_cast(result.type.numpy, target.numpy, "same_kind"):
        ctx.error(
            PullbackTypeError,
            f"cannot cast the result from {result.type.numpy} to {target.numpy} of out with casting rule 'same_kind'",
        )
    if not broadcast:
        message = f"output array is not of the shape of the result, {shape_text(result.type.shape)}"
        if target.rank != result.type.rank:
            ctx.error(PullbackValueError, message)
        for have, want in zip(target.shape, result.type.shape, strict=True):
            ctx.require_equal(have, want, message)
    ctx.write(out, ctx.wrap(result))
    return out


def elements(ctx: Context, sequence: Any, what: str) -> list[Any]:
    """The elements of a sequence whose length is known at compile time."""
    items = None if is_scalar(sequence) or isinstance(sequence, str) else ctx.static_items(sequence)
    if items is None:
        ctx.error(
            PullbackTypeError,
            f"{what} needs a tuple or list with a length known at compile time",
            "write the items as [a, b, ...]",
        )
    return items


# -- axes ----------------------------------------------------------------------------------------------
def one_axis(ctx: Context, axis: Any, rank: int) -> int:
    """A static axis as a number in ``range(rank)``."""
    try:
        number = int(axis.__index__())
    except (AttributeError, TypeError):
        ctx.error(PullbackTypeError, f"an axis must be an integer, not {axis!r}")
    if not -rank <= number < rank:
        ctx.error(PullbackValueError, f"axis {number} is out of bounds for array of dimension {rank}")
    return number % rank


def axes_of(ctx: Context, axis: Any, rank: int) -> tuple[int, ...]:
    """A static ``axis`` argument (None: every axis) as ascending axes."""
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [one_axis(ctx, a, rank) for a in given]
    if len(set(axes)) != len(axes):
        ctx.error(PullbackValueError, "duplicate value in 'axis'")
    return tuple(sorted(axes))


# -- extents -------------------------------------------------------------------------------------------
def require_at_least(ctx: Context, dim: Dim, least: int, message: str) -> None:
    """ValueError where an extent is below ``least``: proved, assumed of this specialisation, or checked."""
    if ctx.session.assume(dim - least):
        return
    if dim.is_const:
        ctx.error(PullbackValueError, message)
    ctx.check(ctx.b.emit("ge", ctx.b.extent(dim), constant(least)), "ValueError", message)


def shape_text(shape: Sequence[Dim]) -> str:
    return "(" + ",".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def product(dims: Sequence[Dim]) -> Dim:
    total = Dim.of(1)
    for d in dims:
        total = total * d
    return total


def shape_argument(ctx: Context, v: Any) -> tuple[Dim, ...]:
    """The shape given to ``np.zeros`` and its like: an integer or a sequence of them, none negative."""
    items = [v] if is_scalar(v) else elements(ctx, v, "a shape")
    dims = tuple(ctx.require_dim(i) for i in items)
    for d in dims:
        require_at_least(ctx, d, 0, "negative dimensions are not allowed")
    return dims


# -- reading parts -------------------------------------------------------------------------------------
def spans(shape: Sequence[Dim]) -> list[IndexItem]:
    """The index that reads everything."""
    return [Span(Dim.of(0), d, 1) for d in shape]


def on_axis(shape: Sequence[Dim], axis: int, item: IndexItem) -> Index:
    """The index with ``item`` on one axis and everything on the others."""
    index = spans(shape)
    index[axis] = item
    return tuple(index)


def take_at(ctx: Context, x: Operand, axis: int, i: Operand) -> Operand:
    return ctx.b.emit("load", x, ctx.as_index(i), index=on_axis(x.type.shape, axis, At()))


def gather(ctx: Context, x: Operand, axis: int, i: Operand) -> Operand:
    return ctx.b.emit("load", x, i, index=on_axis(x.type.shape, axis, Gather()))


def part(ctx: Context, x: Operand, axis: int, start: Dim | int, size: Dim | int, step: int = 1) -> Operand:
    """``size`` elements from ``start`` along an axis; the caller has made sure they exist."""
    span = Span(Dim.of(start), Dim.of(size), step)
    return ctx.b.emit("load", x, index=on_axis(x.type.shape, axis, span))


def reshaped(ctx: Context, x: Operand, shape: Sequence[Dim]) -> Operand:
    """A reshape to the same number of elements (checked by the caller); nothing where nothing changes."""
    if tuple(shape) == x.type.shape:
        return x
    return ctx.b.emit("reshape", x, shape=tuple(shape))


def raveled(ctx: Context, x: Operand) -> Operand:
    return reshaped(ctx, x, (x.type.size,))


def transposed(ctx: Context, x: Operand, perm: Sequence[int]) -> Operand:
    if tuple(perm) == tuple(range(x.type.rank)):
        return x
    return ctx.b.emit("transpose", x, perm=tuple(perm))


def expanded(ctx: Context, x: Operand, shape: Sequence[Dim]) -> Operand:
    if tuple(shape) == x.type.shape:
        return x
    return ctx.b.emit("broadcast_to", x, shape=tuple(shape))


def filled(ctx: Context, shape: Sequence[Dim], value: Operand) -> Operand:
    """An array of one strong value; a scalar is the value itself."""
    value = strong(ctx, value)
    if not shape:
        return value
    return ctx.b.emit("full", value, shape=tuple(shape), dtype=value.type.dtype)


def counting(ctx: Context, size: Dim | int, dtype: str = "i64") -> Operand:
    """0, 1, 2, ... of the dtype."""
    zero, one = (constant(i, Type(dtype)) for i in (0, 1))
    return ctx.b.emit("iota", zero, one, size=Dim.of(size), dtype=dtype)
