"""NumPy's index arrays and grids: `ix_`, triangles, ``np.r_`` and its like, `ndindex`; blocks and windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import ONE, Dim
from ..ir.nodes import Gather, Operand
from ..ir.types import Type
from .numpy_arrange import join
from .numpy_creation import triangle
from .numpy_elementwise import nonzero
from .numpy_support import (
    apply,
    cast,
    counting,
    elements,
    expanded,
    finish,
    one_axis,
    raveled,
    require_at_least,
    reshaped,
    shape_argument,
    spans,
    strong_operand,
    transposed,
)
from .numpy_table import array_attribute, numpy_function
from .values import Array, Indexed, ListValue, SliceValue, is_scalar

if TYPE_CHECKING:
    from .context import Context


# -- open meshes and places --------------------------------------------------------------------------------
@numpy_function(np.ix_)
def _ix(ctx: Context, *args: Any) -> Any:
    meshes = []
    for k, a in enumerate(args):
        x = strong_operand(ctx, a)
        if x.type.rank != 1:
            ctx.error(PullbackValueError, "Cross index must be 1 dimensional")
        if x.type.is_bool:
            (found,) = nonzero(ctx, a)
            x = ctx.operand(found)
        if x.type.is_float and x.type.shape[0] == 0:
            x = cast(ctx, x, "i64")
        own = [ONE] * len(args)
        own[k] = x.type.shape[0]
        meshes.append(ctx.wrap(reshaped(ctx, x, own)))
    return tuple(meshes)


def _triangle_places(ctx: Context, n: Any, k: Any, m: Any, lower: bool) -> Any:
    rows = ctx.require_dim(n)
    columns = rows if m is None else ctx.require_dim(m)
    known = ctx.session.number(rows), ctx.session.number(columns)
    if known[0] is not None and known[1] is not None:
        mask = np.tri(known[0], known[1], int(k) if lower else int(k) - 1, dtype=bool)
        return tuple(ctx.wrap(ctx.constant_array(i)) for i in np.nonzero(mask if lower else ~mask))
    inside = triangle(ctx, rows, columns, int(k) if lower else int(k) - 1)
    return nonzero(ctx, ctx.wrap(inside if lower else apply(ctx, "logical_not", inside)))


@numpy_function(np.tril_indices, static="k")
def _tril_indices(ctx: Context, n: Any, k: Any = 0, m: Any = None) -> Any:
    return _triangle_places(ctx, n, k, m, True)


@numpy_function(np.triu_indices, static="k")
def _triu_indices(ctx: Context, n: Any, k: Any = 0, m: Any = None) -> Any:
    return _triangle_places(ctx, n, k, m, False)


def _matrix_shape(ctx: Context, arr: Any, what: str) -> tuple[Dim, ...]:
    shape = ctx.shape(arr)
    if len(shape) != 2:
        ctx.error(PullbackValueError, f"input array must be 2-d: {what}")
    return shape


@numpy_function(np.tril_indices_from, static="k")
def _tril_indices_from(ctx: Context, arr: Any, k: Any = 0) -> Any:
    rows, columns = _matrix_shape(ctx, arr, "np.tril_indices_from")
    return _triangle_places(ctx, rows, k, columns, True)


@numpy_function(np.triu_indices_from, static="k")
def _triu_indices_from(ctx: Context, arr: Any, k: Any = 0) -> Any:
    rows, columns = _matrix_shape(ctx, arr, "np.triu_indices_from")
    return _triangle_places(ctx, rows, k, columns, False)


@numpy_function(np.diag_indices, static="ndim")
def _diag_indices(ctx: Context, n: Any, ndim: Any = 2) -> Any:
    line = ctx.wrap(counting(ctx, ctx.require_dim(n)))
    return (line,) * int(ndim)


@numpy_function(np.diag_indices_from)
def _diag_indices_from(ctx: Context, arr: Any) -> Any:
    shape = ctx.shape(arr)
    for d in shape[1:]:
        ctx.require_equal(shape[0], d, "All dimensions of input must be of equal length")
    return _diag_indices(ctx, shape[0], len(shape))


def _require_within(ctx: Context, x: Operand, extent: Dim, message: str) -> None:
    inside = apply(ctx, "logical_and", apply(ctx, "ge", x, 0), apply(ctx, "lt", x, ctx.b.extent(extent)))
    if inside.type.rank:
        inside = ctx.b.emit("all", inside, axes=tuple(range(inside.type.rank)), keepdims=False)
    ctx.check(inside, "ValueError", message)


@numpy_function(np.unravel_index, static="order", fold=True)
def _unravel_index(ctx: Context, indices: Any, shape: Any, order: str = "C") -> Any:
    if order != "C":
        ctx.error(UnsupportedError, "np.unravel_index in Fortran order is not supported", "order='C'")
    rest: Any = strong_operand(ctx, indices)
    places: list[Any] = []
    extents = shape_argument(ctx, shape)
    _require_within(ctx, rest, _size(extents), "index out of bounds for array with this size")
    for extent in reversed(extents[1:]):
        n = ctx.b.extent(extent)
        places.insert(0, apply(ctx, "mod", rest, n))
        rest = apply(ctx, "floordiv", rest, n)
    return tuple(ctx.wrap(x) for x in (rest, *places))


@numpy_function(np.ravel_multi_index, static="mode order", fold=True)
def _ravel_multi_index(ctx: Context, multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Any:
    if mode != "raise" or order != "C":
        ctx.error(UnsupportedError, "np.ravel_multi_index takes mode='raise' and order='C' only")
    total: Any = None
    for i, extent in zip(elements(ctx, multi_index, "multi_index"), shape_argument(ctx, dims), strict=True):
        x = strong_operand(ctx, i)
        _require_within(ctx, x, extent, "invalid entry in coordinates array")
        total = x if total is None else apply(ctx, "add", apply(ctx, "mul", total, ctx.b.extent(extent)), x)
    return ctx.wrap(total)


# -- iterations over places --------------------------------------------------------------------------------
def _place(ctx: Context, shape: tuple[Dim, ...], position: Any) -> tuple[Any, ...]:
    rest = ctx.require_dim(position)
    out: list[Any] = []
    for extent in reversed(shape[1:]):
        quotient = rest // extent if not (extent.is_const and extent.const == 0) else rest
        out.insert(0, ctx.integer(rest - quotient * extent))
        rest = quotient
    return (ctx.integer(rest), *out) if shape else ()


def _size(shape: tuple[Dim, ...]) -> Dim:
    return Type("i64", shape).size


@numpy_function(np.ndindex)
def _ndindex(ctx: Context, *shape: Any) -> Any:
    given = shape[0] if len(shape) == 1 and not is_scalar(shape[0]) else shape
    extents = shape_argument(ctx, tuple(elements(ctx, given, "np.ndindex")))
    return Indexed(_size(extents), lambda position: _place(ctx, extents, position))


@numpy_function(np.ndenumerate)
def _ndenumerate(ctx: Context, arr: Any) -> Any:
    if not isinstance(arr, Array):
        ctx.error(PullbackTypeError, "np.ndenumerate takes an array here")
    extents = ctx.shape(arr)

    def item(position: Any) -> Any:
        place = _place(ctx, extents, position)
        return (place, ctx.load_array(arr, place))

    return Indexed(_size(extents), item)


@array_attribute("flat")
def _flat(ctx: Context, a: Any) -> Any:
    return ctx.call(np.ravel, [a], {})


# -- joining by index ----------------------------------------------------------------------------------------
def _line(ctx: Context, item: Any, what: str) -> Operand:
    """What a slice or a value stands for in ``np.r_`` and ``np.mgrid``."""
    if isinstance(item, (SliceValue, slice)):
        start = 0 if item.start is None else item.start
        step = 1 if item.step is None else item.step
        if item.stop is None:
            ctx.error(PullbackValueError, f"a slice in {what} needs its end")
        if isinstance(step, complex):
            return ctx.operand(ctx.call(np.linspace, [start, item.stop, int(abs(step))], {}))
        return ctx.operand(ctx.call(np.arange, [start, item.stop, step], {}))
    return strong_operand(ctx, item)


def _items(key: Any) -> list[Any]:
    return list(key) if isinstance(key, tuple) else [key]


def _row(ctx: Context, key: Any) -> Any:
    items = _items(key)
    if any(isinstance(i, str) for i in items):
        ctx.error(UnsupportedError, "a string in np.r_ is not supported", "np.concatenate(..., axis=...)")
    parts = [_line(ctx, i, "np.r_") for i in items]
    return ctx.wrap(join(ctx, [raveled(ctx, x) if not x.type.shape else x for x in parts], 0))


def _column(ctx: Context, key: Any) -> Any:
    parts = []
    for i in _items(key):
        x = _line(ctx, i, "np.c_")
        parts.append(reshaped(ctx, x, (x.type.size, ONE)) if x.type.rank < 2 else x)
    return ctx.wrap(join(ctx, parts, -1))


def _grid(ctx: Context, key: Any, sparse: bool) -> Any:
    lines = [_line(ctx, i, "np.mgrid") for i in _items(key)]
    if not isinstance(key, tuple):
        return ctx.wrap(lines[0])
    grids = ctx.call(np.meshgrid, [ctx.wrap(x) for x in lines], {"indexing": "ij", "sparse": sparse})
    return grids if sparse else ctx.call(np.stack, [grids], {})


#: What may be indexed and is no array, with the meaning of an index.
INDEXED: list[tuple[Any, Callable[[Any, Any], Any]]] = [
    (np.r_, _row),
    (np.c_, _column),
    (np.mgrid, lambda ctx, key: _grid(ctx, key, False)),
    (np.ogrid, lambda ctx, key: _grid(ctx, key, True)),
]


# -- blocks and windows ----------------------------------------------------------------------------------------
def _depth(v: Any) -> int:
    if not isinstance(v, ListValue):
        return 0
    return 1 + max((_depth(i) for i in v.items), default=0)


@numpy_function(np.block)
def _block(ctx: Context, arrays: Any) -> Any:
    depth = _depth(arrays)

    def rank(v: Any) -> int:
        return max(map(rank, v.items)) if isinstance(v, ListValue) else strong_operand(ctx, v).type.rank

    dimensions = max(depth, rank(arrays), 1)

    def build(v: Any, level: int) -> Operand:
        if not isinstance(v, ListValue):
            if level != depth:
                ctx.error(PullbackValueError, "List depths are mismatched.")
            x = strong_operand(ctx, v)
            return reshaped(ctx, x, (ONE,) * (dimensions - x.type.rank) + x.type.shape)
        if not v.items:
            ctx.error(PullbackValueError, "List at arrays cannot be empty")
        return join(ctx, [build(i, level + 1) for i in v.items], dimensions - depth + level)

    return ctx.wrap(build(arrays, 0))


@numpy_function(np.lib.stride_tricks.sliding_window_view, static="axis writeable subok")
def _sliding_window_view(
    ctx: Context, x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    if writeable:
        ctx.error(UnsupportedError, "a writeable window view is not supported", "write to the array itself")
    a = strong_operand(ctx, x)
    sizes = shape_argument(ctx, window_shape)
    rank = a.type.rank
    if axis is None:
        axes = list(range(rank))
    else:
        axes = [one_axis(ctx, k, rank) for k in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(axes) != len(sizes):
        ctx.error(PullbackValueError, "window_shape and axis must have the same length")
    for k, size in zip(axes, sizes, strict=True):
        n = a.type.shape[k]
        require_at_least(ctx, n - size, 0, "window shape cannot be larger than input array shape")
        starts = reshaped(ctx, counting(ctx, n - size + 1), (n - size + 1, ONE))
        places = apply(ctx, "add", starts, reshaped(ctx, counting(ctx, size), (ONE, size)))
        index = list(spans(a.type.shape))
        index[k] = Gather()
        a = ctx.b.emit("load", a, places, index=tuple(index))
        last = a.type.rank - 1
        a = transposed(ctx, a, [j for j in range(last + 1) if j != k + 1] + [k + 1])
    return ctx.wrap(a)


# -- choosing ----------------------------------------------------------------------------------------------------
@numpy_function(np.choose, method="choose", static="mode")
def _choose(ctx: Context, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    options = [strong_operand(ctx, c) for c in elements(ctx, choices, "np.choose")]
    which = strong_operand(ctx, a)
    n = len(options)
    if not which.type.is_int:
        ctx.error(PullbackTypeError, "np.choose takes an array of integers first")
    if mode == "wrap":
        which = apply(ctx, "mod", which, n)
    elif mode == "clip":
        which = apply(ctx, "minimum", apply(ctx, "maximum", which, 0), n - 1)
    else:
        _require_within(ctx, which, Dim.of(n), "invalid entry in choice array")
    chosen: Any = ctx.wrap(options[-1])
    for k in range(n - 2, -1, -1):
        chosen = ctx.elementwise("where", apply(ctx, "eq", which, k), options[k], chosen)
    if ctx.shape(chosen) != which.type.shape and n == 1:
        chosen = ctx.wrap(expanded(ctx, ctx.operand(chosen), which.type.shape))
    return chosen if out is None else finish(ctx, ctx.operand(chosen), out)
