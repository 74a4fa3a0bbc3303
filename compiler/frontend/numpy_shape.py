"""NumPy's functions of shape: those that give views in NumPy give views here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import New, Operand, Span
from .numpy_layout import is_contiguous, layout_of, reshape_layout
from .numpy_support import (
    axes_of,
    elements,
    expanded,
    on_axis,
    one_axis,
    product,
    reshaped,
    shape_argument,
    shape_text,
    strong_operand,
    transposed,
)
from .numpy_table import array_attribute, array_method, numpy_function
from .sharing import lenders_of, memory_of
from .values import Array, ListValue, ViewStep, is_scalar, is_static

if TYPE_CHECKING:
    from .context import Context


# -- views ---------------------------------------------------------------------------------------------
def transpose_view(ctx: Context, a: Any, perm: tuple[int, ...]) -> Any:
    if perm == tuple(range(len(perm))):
        return a
    if isinstance(a, Array):
        return ctx.view(a, ViewStep("transpose", arg=perm))
    return ctx.wrap(transposed(ctx, strong_operand(ctx, a), perm))


def _ask_for_layout(ctx: Context, a: Any) -> None:
    """The program is one for arrays in C order (see `Built.laid_out`)."""
    if isinstance(a, Array):
        for cell in memory_of(a.cell):
            ctx.session.laid_out |= dict.fromkeys((cell, *cell.lenders))


def _beside(a: Any, made: Any) -> Any:
    """A copy, which of arguments in another order is a view: writes to it ask for the order, too."""
    if isinstance(a, Array) and isinstance(made, Array):
        made.cell.lenders = lenders_of([a.cell])
    return made


def reshape_view(ctx: Context, a: Any, shape: tuple[Dim, ...]) -> Any:
    """A reshape to a shape of the same size: a view or a copy, as NumPy decides."""
    if not shape:
        return _without_axes(ctx, a)
    _note_view(ctx, a)
    _ask_for_layout(ctx, a)
    equal = ctx.session.equal
    if isinstance(a, Array) and reshape_layout(layout_of(a, equal), shape, equal) is not None:
        return ctx.view(a, ViewStep("reshape", arg=shape))
    return _beside(a, ctx.wrap(reshaped(ctx, strong_operand(ctx, a), shape)))


def _note_view(ctx: Context, a: Any) -> None:
    """Of what may be an array without axes, which can be written through the view."""
    ctx.session.changes_numbers |= is_scalar(a) and not ctx.type(a).weak


def _without_axes(ctx: Context, a: Any) -> Any:
    """An array of one element as an array without axes, a view."""
    ctx.session.makes_rank_0 = True
    if ctx.session.has_rank_0 and isinstance(a, Array):
        return ctx.view(a, ViewStep("reshape", arg=()))
    return ctx.wrap(reshaped(ctx, strong_operand(ctx, a), ()))


def in_order(ctx: Context, a: Array, order: str) -> Array:
    """The array itself if it is contiguous in the order, "C" or "F", else a copy that is."""
    _ask_for_layout(ctx, a)
    if is_contiguous(a if order == "C" else _permuted(ctx, a, None), ctx.session.equal):
        return a
    made: Array = copied(ctx, ctx.read(a), order)
    memory = made.cell
    memory.lenders = lenders_of([a.cell])
    return made


def copied(ctx: Context, x: Operand, order: str) -> Any:
    """A new array, laid out in the order "C" or "F"."""
    if order == "F" and x.type.rank > 1:
        backwards = tuple(reversed(range(x.type.rank)))
        return _permuted(ctx, _fresh(ctx, transposed(ctx, x, backwards)), None)
    return _fresh(ctx, x)


def order_of_copy(ctx: Context, a: Any, order: str | None) -> str:
    """The order, "C" or "F", in which NumPy lays out a copy when it is asked for `order`."""
    if order not in (None, "C", "F", "A", "K"):
        ctx.error(PullbackValueError, f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    if order in ("C", "F"):
        return order
    turned = isinstance(a, Array) and a.cell.choice is None and any(step.kind == "transpose" for step in a.path)
    if not turned or is_contiguous(a, ctx.session.equal):
        return "C"
    return "F" if is_contiguous(_permuted(ctx, a, None), ctx.session.equal) else "C"


def _order_of_elements(ctx: Context, a: Any, order: str) -> str:
    """The order, "C" or "F", in which the elements are gone through."""
    if order not in ("C", "F", "A", "K"):
        ctx.error(PullbackValueError, f"order must be one of 'C', 'F', 'A', or 'K' (got {order!r})")
    if order in ("A", "K") and len(ctx.shape(a)) > 1:
        message = f"order={order!r} goes through the elements as they lie in memory, which is not known here"
        ctx.error(UnsupportedError, message, "write order='C' or order='F'")
    return order


def index_view(ctx: Context, a: Any, index: Any) -> Any:
    if isinstance(a, Array):
        return ctx.view(a, ViewStep("index", index=index))
    _note_view(ctx, a)
    return ctx.wrap(ctx.b.emit("load", strong_operand(ctx, a), index=index))


@numpy_function(np.transpose, static="axes")
def _transpose(ctx: Context, a: Any, axes: Any = None) -> Any:
    return _permuted(ctx, a, axes)


def _permuted(ctx: Context, a: Any, axes: Any) -> Any:
    rank = len(ctx.shape(a))
    if axes is None:
        return transpose_view(ctx, a, tuple(reversed(range(rank))))
    perm = tuple(one_axis(ctx, k, rank) for k in axes)
    if sorted(perm) != list(range(rank)):
        ctx.error(
            PullbackValueError,
            "axes don't match array" if len(perm) != rank else "repeated axis in transpose",
        )
    return transpose_view(ctx, a, perm)


@array_method("transpose")
def _transpose_method(ctx: Context, a: Any, *axes: Any) -> Any:
    given = ctx.static(axes, "axes of ndarray.transpose")
    if len(given) == 1 and (given[0] is None or isinstance(given[0], (tuple, list))):
        (given,) = given
    return _permuted(ctx, a, given or None)


@array_attribute("T")
def _t(ctx: Context, a: Any) -> Any:
    return _permuted(ctx, a, None)


@numpy_function(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(ctx: Context, x: Any) -> Any:
    rank = len(ctx.shape(x))
    if rank < 2:
        ctx.error(PullbackValueError, "matrix transpose with ndim < 2 is undefined")
    return transpose_view(ctx, x, (*range(rank - 2), rank - 1, rank - 2))


array_attribute("mT")(matrix_transpose)


@numpy_function(np.swapaxes, method="swapaxes", static="axis1 axis2")
def _swapaxes(ctx: Context, a: Any, axis1: int, axis2: int) -> Any:
    rank = len(ctx.shape(a))
    perm = list(range(rank))
    i, j = one_axis(ctx, axis1, rank), one_axis(ctx, axis2, rank)
    perm[i], perm[j] = j, i
    return transpose_view(ctx, a, tuple(perm))


@numpy_function(np.moveaxis, static="source destination")
def _moveaxis(ctx: Context, a: Any, source: Any, destination: Any) -> Any:
    rank = len(ctx.shape(a))
    pairs = [s if isinstance(s, (tuple, list)) else (s,) for s in (source, destination)]
    origin, target = ([one_axis(ctx, k, rank) for k in p] for p in pairs)
    if len(origin) != len(target) or len(set(origin)) != len(origin) or len(set(target)) != len(target):
        ctx.error(PullbackValueError, "np.moveaxis: source and destination must be as many different axes")
    perm = [k for k in range(rank) if k not in origin]
    for to, k in sorted(zip(target, origin, strict=True)):
        perm.insert(to, k)
    return transpose_view(ctx, a, tuple(perm))


@numpy_function(np.rollaxis, static="axis start")
def _rollaxis(ctx: Context, a: Any, axis: int, start: int = 0) -> Any:
    rank = len(ctx.shape(a))
    perm = list(range(rank))
    k = one_axis(ctx, axis, rank)
    target = start + rank if start < 0 else start
    perm.remove(k)
    perm.insert(target - 1 if k < target else target, k)
    return transpose_view(ctx, a, tuple(perm))


def _wanted_shape(ctx: Context, a: Any, items: list[Any]) -> tuple[Dim, ...]:
    """The shape asked of a reshape, with -1 worked out, and the check that the sizes agree."""
    old = ctx.shape(a)
    size = product(old)
    free = [k for k, i in enumerate(items) if is_static(i) and i == -1]
    if len(free) > 1:
        ctx.error(PullbackValueError, "can only specify one unknown dimension")
    dims = [Dim.of(1) if k in free else ctx.require_dim(i) for k, i in enumerate(items)]
    message = f"cannot reshape array of size {size} into shape {shape_text(dims)}"
    if free:
        known = product(dims)
        if known == 0:
            ctx.error(PullbackValueError, message)
        if not ctx.session.assume(known - 1):
            ctx.check(ctx.b.emit("gt", ctx.b.extent(known), constant(0)), "ValueError", message)
            known = known.max(1)
        dims[free[0]] = size // known
    if product(dims) != size:
        _require_same_size(ctx, product(dims), size, message, (old, dims))
    return tuple(dims)


def _require_same_size(
    ctx: Context, a: Dim, b: Dim, message: str, shapes: tuple[Sequence[Dim], Sequence[Dim]] | None = None
) -> None:
    """Sizes are products: different polynomials may still be equal in a call, unless both are numbers."""
    if (a - b).is_const:
        ctx.error(PullbackValueError, message)
    ctx.session.settle(a, b)
    values: list[Operand] = []
    if shapes is not None:
        texts, found = zip(*map(ctx.shown, shapes), strict=True)
        values = [v for vs in found for v in vs]
        message = f"cannot reshape array of shape {texts[0]} into shape {texts[1]}"
    ctx.check(ctx.b.emit("eq", ctx.b.extent(a), ctx.b.extent(b)), "ValueError", message, *values)


def _reshape(ctx: Context, a: Any, shape: Any, order: str) -> Any:
    items = [shape] if is_scalar(shape) else elements(ctx, shape, "a shape")
    wanted = _wanted_shape(ctx, a, items)
    if order == "K":
        ctx.error(PullbackValueError, "order 'K' is not permitted for reshaping")
    if _order_of_elements(ctx, a, order) != "F":
        return reshape_view(ctx, a, wanted)
    backwards = reshape_view(ctx, _permuted(ctx, a, None), tuple(reversed(wanted)))
    return _permuted(ctx, backwards, None)


@numpy_function(np.reshape, static="order")
def _np_reshape(ctx: Context, a: Any, /, shape: Any, order: str = "C") -> Any:
    return _reshape(ctx, a, shape, order)


@array_method("reshape", static="order")
def _reshape_method(ctx: Context, a: Any, *shape: Any, order: str = "C") -> Any:
    return _reshape(ctx, a, shape[0] if len(shape) == 1 else shape, order)


@numpy_function(np.ravel, method="ravel", static="order")
def _ravel(ctx: Context, a: Any, order: str = "C") -> Any:
    if _order_of_elements(ctx, a, order) == "F":
        a = _permuted(ctx, a, None)
    size = (product(ctx.shape(a)),)
    _ask_for_layout(ctx, a)
    if isinstance(a, Array) and is_contiguous(a, ctx.session.equal):
        return a if len(ctx.shape(a)) == 1 else ctx.view(a, ViewStep("reshape", arg=size))
    return _beside(a, _fresh(ctx, reshaped(ctx, strong_operand(ctx, a), size)))


def _fresh(ctx: Context, x: Operand) -> Any:
    """A new array of the value: no other name sees writes to it."""
    return ctx.wrap(ctx.b.emit("copy", x) if x.type.shape else x)


@array_method("flatten", static="order")
def _flatten(ctx: Context, a: Any, order: str = "C") -> Any:
    if _order_of_elements(ctx, a, order) == "F":
        a = _permuted(ctx, a, None)
    x = strong_operand(ctx, a)
    return _fresh(ctx, reshaped(ctx, x, (x.type.size,)))


@numpy_function(np.expand_dims, static="axis")
def _expand_dims(ctx: Context, a: Any, axis: Any) -> Any:
    shape = ctx.shape(a)
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    new = axes_of(ctx, tuple(given), len(shape) + len(given))
    return _with_new_axes(ctx, a, new)


def _with_new_axes(ctx: Context, a: Any, new: tuple[int, ...]) -> Any:
    """A view with axes of extent 1 at the given places of the result."""
    shape = list(ctx.shape(a))
    if not shape:
        return reshape_view(ctx, a, (Dim.of(1),) * len(new))
    index: list[Any] = []
    for k in range(len(shape) + len(new)):
        index.append(New() if k in new else Span(Dim.of(0), shape.pop(0), 1))
    return index_view(ctx, a, tuple(index)) if new else a


@numpy_function(np.squeeze, method="squeeze", static="axis")
def _squeeze(ctx: Context, a: Any, axis: Any = None) -> Any:
    shape = ctx.shape(a)
    if axis is None:
        dropped = [k for k, d in enumerate(shape) if d == 1]
        for d in shape:
            known_other = ctx.equal_extents(d, Dim.of(1))
            if known_other is None and d != 1:
                message = "squeeze: an extent is 1 in this call only; name the axis to drop"
                ctx.check(ctx.b.emit("ne", ctx.b.extent(d), constant(1)), "ValueError", message)
    else:
        dropped = list(axes_of(ctx, axis, len(shape)))
        for k in dropped:
            ctx.require_equal(
                shape[k], Dim.of(1), "cannot select an axis to squeeze out which has size not equal to one"
            )
    return reshape_view(ctx, a, tuple(d for k, d in enumerate(shape) if k not in dropped))


def at_least(ctx: Context, a: Any, rank: int) -> Any:
    """np.atleast_1d and its like: where the new axes go is NumPy's choice."""
    have = len(ctx.shape(a))
    if have >= rank:
        return a
    new = {(1, 0): (0,), (2, 0): (0, 1), (2, 1): (0,), (3, 0): (0, 1, 2), (3, 1): (0, 2), (3, 2): (2,)}[(rank, have)]
    return _with_new_axes(ctx, a, new)


def _enter_at_least(function: Any, rank: int) -> None:
    @numpy_function(function)
    def expand(ctx: Context, *arys: Any) -> Any:
        results = [at_least(ctx, a if isinstance(a, Array) else ctx.wrap(strong_operand(ctx, a)), rank) for a in arys]
        return results[0] if len(results) == 1 else tuple(results)


for _function, _rank in ((np.atleast_1d, 1), (np.atleast_2d, 2), (np.atleast_3d, 3)):
    _enter_at_least(_function, _rank)


def _reversed(ctx: Context, a: Any, axes: tuple[int, ...]) -> Any:
    """A view with the order of some axes turned round."""
    index = [Span(d - 1, d, -1) if k in axes else Span(Dim.of(0), d, 1) for k, d in enumerate(ctx.shape(a))]
    return index_view(ctx, a, tuple(index))


@numpy_function(np.flip, static="axis")
def _flip(ctx: Context, m: Any, axis: Any = None) -> Any:
    return _reversed(ctx, m, axes_of(ctx, axis, len(ctx.shape(m))))


def _enter_flip(function: Any, axis: int) -> None:
    @numpy_function(function)
    def expand(ctx: Context, m: Any) -> Any:
        rank = len(ctx.shape(m))
        if rank <= axis:
            ctx.error(PullbackValueError, f"Input must be >= {axis + 1}-d.")
        return _reversed(ctx, m, (axis,))


_enter_flip(np.flipud, 0)
_enter_flip(np.fliplr, 1)


@numpy_function(np.rot90, static="k axes")
def _rot90(ctx: Context, m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    rank = len(ctx.shape(m))
    first, second = (one_axis(ctx, a, rank) for a in axes)
    perm = list(range(rank))
    perm[first], perm[second] = second, first
    if k % 4 == 0:
        return index_view(ctx, m, tuple(on_axis(ctx.shape(m), 0, Span(Dim.of(0), ctx.shape(m)[0], 1))))
    if k % 4 == 2:
        return _reversed(ctx, m, (first, second))
    if k % 4 == 1:
        return transpose_view(ctx, _reversed(ctx, m, (second,)), tuple(perm))
    return _reversed(ctx, transpose_view(ctx, m, tuple(perm)), (second,))


# -- broadcasting --------------------------------------------------------------------------------------
def broadcast_view(ctx: Context, a: Any, shape: tuple[Dim, ...]) -> Any:
    x = strong_operand(ctx, a)
    if x.type.rank > len(shape):
        ctx.error(PullbackValueError, "input operand has more dimensions than allowed by the axis remapping")
    fitted = ctx.fit(x, shape)
    readonly = "np.broadcast_to gives a read-only view"
    if isinstance(a, Array) and fitted.type.rank == x.type.rank:  # a view: later writes to `a` show in it
        if fitted.type.shape != x.type.shape:  # extents found equal have one name
            a = ctx.view(a, ViewStep("reshape", arg=fitted.type.shape))
        return ctx.view(a, ViewStep("broadcast", arg=shape, readonly=readonly))
    result = ctx.wrap(expanded(ctx, fitted, shape))
    if isinstance(result, Array):
        result.cell.readonly = readonly
    return result


@numpy_function(np.broadcast_to)
def _broadcast_to(ctx: Context, array: Any, shape: Any) -> Any:
    return broadcast_view(ctx, array, shape_argument(ctx, shape))


def common_shape(ctx: Context, arrays: list[Any]) -> tuple[Dim, ...]:
    """The broadcast shape of several values, with the checks that it exists."""
    aligned = ctx.align([strong_operand(ctx, a) for a in arrays])
    rank = max((x.type.rank for x in aligned), default=0)
    shape = [Dim.of(1)] * rank
    for x in aligned:
        for k, d in enumerate(x.type.shape, rank - x.type.rank):
            if d != 1:
                shape[k] = d
    return tuple(shape)


@numpy_function(np.broadcast_arrays)
def _broadcast_arrays(ctx: Context, *args: Any) -> Any:
    shape = common_shape(ctx, list(args))
    return tuple(broadcast_view(ctx, a, shape) for a in args)


@numpy_function(np.broadcast_shapes)
def _broadcast_shapes(ctx: Context, *args: Any) -> Any:
    shapes = [shape_argument(ctx, s) for s in args]
    arrays = [ctx.wrap(ctx.b.emit("empty", shape=s, dtype="f64")) for s in shapes if s]
    return tuple(ctx.integer(d) for d in common_shape(ctx, arrays))


# -- attributes ----------------------------------------------------------------------------------------
@array_attribute("shape")
@numpy_function(np.shape)
def _shape_of(ctx: Context, a: Any) -> Any:
    return tuple(ctx.integer(d) for d in ctx.shape(a))


@array_attribute("ndim")
@numpy_function(np.ndim)
def _ndim(ctx: Context, a: Any) -> Any:
    return len(ctx.shape(a))


@array_attribute("size")
def _size_attribute(ctx: Context, a: Any) -> Any:
    return ctx.integer(product(ctx.shape(a)))


@numpy_function(np.size, static="axis")
def _size(ctx: Context, a: Any, axis: Any = None) -> Any:
    shape = ctx.shape(a)
    return ctx.integer(product([shape[k] for k in axes_of(ctx, axis, len(shape))]))


@array_attribute("dtype")
def _dtype(ctx: Context, a: Any) -> Any:
    return ctx.type(a).numpy


@array_attribute("itemsize")
def _itemsize(ctx: Context, a: Any) -> Any:
    return ctx.type(a).itemsize


@array_attribute("nbytes")
def _nbytes(ctx: Context, a: Any) -> Any:
    return ctx.integer(product(ctx.shape(a)) * ctx.type(a).itemsize)


# -- splitting -----------------------------------------------------------------------------------------
def _pieces(ctx: Context, ary: Any, sections: Any, axis: int, exact: bool) -> Any:
    shape = ctx.shape(ary)
    number = one_axis(ctx, axis, len(shape))
    extent = shape[number]
    bounds: list[Dim]
    if is_scalar(sections):
        sections = ctx.static(sections, "the number of sections")
        if sections <= 0:
            ctx.error(PullbackValueError, "number sections must be larger than 0.")
        if exact:
            each = extent // int(sections)
            if each * int(sections) != extent:
                message = "array split does not result in an equal division"
                _require_same_size(ctx, each * int(sections), extent, message)
            bounds = [each * k for k in range(int(sections) + 1)]
        else:
            each = extent // int(sections)
            extra = extent - each * int(sections)
            bounds = [each * k + extra.min(k) for k in range(int(sections) + 1)]
    else:
        cuts = [0, *elements(ctx, sections, "the places to split at"), None]
        parts = [ctx.span(slice(*cut), extent) for cut in itertools.pairwise(cuts)]  # type: ignore[attr-defined]
        return ListValue([index_view(ctx, ary, on_axis(shape, number, p)) for p in parts])
    parts = [Span(low, high - low, 1) for low, high in itertools.pairwise(bounds)]
    return ListValue([index_view(ctx, ary, on_axis(shape, number, p)) for p in parts])


@numpy_function(np.split, static="axis")
def _split(ctx: Context, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return _pieces(ctx, ary, indices_or_sections, axis, True)


@numpy_function(np.array_split, static="axis")
def _array_split(ctx: Context, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return _pieces(ctx, ary, indices_or_sections, axis, False)


def _enter_split(function: Any, axis: int) -> None:
    @numpy_function(function)
    def expand(ctx: Context, ary: Any, indices_or_sections: Any) -> Any:
        rank = len(ctx.shape(ary))
        return _pieces(ctx, ary, indices_or_sections, 0 if axis == 1 and rank == 1 else axis, True)


_enter_split(np.vsplit, 0)
_enter_split(np.hsplit, 1)
_enter_split(np.dsplit, 2)


@array_method("tolist")
def _tolist(ctx: Context, a: Any) -> Any:
    shape = ctx.shape(a)
    if not shape:
        return _item(ctx, a)
    items = ctx.static_items(a)
    if items is None:
        ctx.session.number(shape[0])
        ctx.error(UnsupportedError, "a list of run-time length is not supported", "keep the array, and index it")
    return ListValue([_tolist(ctx, i) if ctx.shape(i) else _item(ctx, i) for i in items])


@array_method("item")
def _item(ctx: Context, a: Any, *args: Any) -> Any:
    x = ctx.operand(a)
    if args:
        flat = len(args) == 1 and x.type.rank != 1 and is_scalar(args[0])
        given = args[0] if len(args) == 1 else tuple(args)
        found = ctx.load_array(ctx.call(np.ravel, [a], {}) if flat else a, given)
        scalar = ctx.operand(found)
        if scalar.type.shape:
            ctx.error(PullbackValueError, "incorrect number of indices for array")
    else:
        for d in x.type.shape:
            ctx.require_equal(d, Dim.of(1), "can only convert an array of size 1 to a Python scalar")
        scalar = reshaped(ctx, x, ())
    kind = "b1" if scalar.type.is_bool else "f64" if scalar.type.is_float else "i64"
    return ctx.b.emit("cast", scalar, dtype=kind, weak=True)
