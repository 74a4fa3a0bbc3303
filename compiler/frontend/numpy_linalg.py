"""NumPy's products of vectors and matrices, `einsum`, norms; and functions written in `numpy_library`."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.nodes import Gather, Operand
from ..ir.types import Type
from . import numpy_library as library
from .numpy_elementwise import BINARY, ufunc
from .numpy_reductions import _extreme, reduce
from .numpy_support import (
    apply,
    axes_of,
    cast,
    common_dtype,
    counting,
    elements,
    finish,
    one_axis,
    part,
    product,
    raveled,
    require_at_least,
    reshaped,
    spans,
    strong_operand,
    take_at,
    transposed,
)
from .numpy_table import numpy_function
from .values import ListValue

if TYPE_CHECKING:
    from .context import Context


# -- products ------------------------------------------------------------------------------------------
def matrix_product(ctx: Context, a: Operand, b: Operand) -> Operand:
    """``a @ b`` for ranks >= 1, with the checks of extents."""
    name = common_dtype([a, b])
    if name == "b1":
        ctx.error(UnsupportedError, "matrix products of booleans are not supported", "convert with .astype(float)")
    a, b = cast(ctx, a, name), cast(ctx, b, name)
    inner = b.type.shape[-2] if b.type.rank > 1 else b.type.shape[-1]
    ctx.require_equal(a.type.shape[-1], inner, "matmul: Input operand 1 has a mismatch in its core dimension 0")
    b_shape = list(b.type.shape)
    b_shape[-2 if b.type.rank > 1 else -1] = a.type.shape[-1]
    b = reshaped(ctx, b, b_shape)
    batches = list(zip(reversed(a.type.shape[:-2]), reversed(b.type.shape[:-2]), strict=False))
    for m, n in batches:
        if m != 1 and n != 1:
            ctx.require_equal(m, n, "matmul: the batch dimensions could not be broadcast together")
    return ctx.b.emit("matmul", a, b)


@numpy_function(np.matmul, np.linalg.matmul)
def _matmul(ctx: Context, x1: Any, x2: Any, /, out: Any = None) -> Any:
    a, b = strong_operand(ctx, x1), strong_operand(ctx, x2)
    if not a.type.rank or not b.type.rank:
        ctx.error(
            PullbackValueError,
            "matmul: Input operand does not have enough dimensions (a scalar)",
            "use * for scalars",
        )
    return finish(ctx, matrix_product(ctx, a, b), out)


@numpy_function(np.dot, method="dot")
def _dot(ctx: Context, a: Any, b: Any, out: Any = None) -> Any:
    x, y = strong_operand(ctx, a), strong_operand(ctx, b)
    if not x.type.rank or not y.type.rank:
        return ufunc(ctx, "mul", [x, y], out)
    if (x.type.rank <= 2 and y.type.rank <= 2) or y.type.rank == 1:
        return finish(ctx, matrix_product(ctx, x, y), out)
    return finish(ctx, contract(ctx, x, y, (x.type.rank - 1,), (y.type.rank - 2,)), out)


@numpy_function(np.inner)
def _inner(ctx: Context, a: Any, b: Any, /) -> Any:
    x, y = strong_operand(ctx, a), strong_operand(ctx, b)
    if not x.type.rank or not y.type.rank:
        return ufunc(ctx, "mul", [x, y])
    return ctx.wrap(contract(ctx, x, y, (x.type.rank - 1,), (y.type.rank - 1,)))


@numpy_function(np.vdot)
def _vdot(ctx: Context, a: Any, b: Any, /) -> Any:
    return ctx.wrap(matrix_product(ctx, raveled(ctx, strong_operand(ctx, a)), raveled(ctx, strong_operand(ctx, b))))


@numpy_function(np.linalg.vecdot, np.vecdot, static="axis")
def _vecdot(ctx: Context, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    total = apply(ctx, "mul", strong_operand(ctx, x1), strong_operand(ctx, x2))
    return ctx.wrap(reduce(ctx, "sum", total, (one_axis(ctx, axis, total.type.rank),), False))


@numpy_function(np.outer, np.linalg.outer)
def _outer(ctx: Context, a: Any, b: Any, out: Any = None) -> Any:
    x, y = raveled(ctx, strong_operand(ctx, a)), raveled(ctx, strong_operand(ctx, b))
    return ufunc(ctx, "mul", _crossed(ctx, x, y), out)


def _crossed(ctx: Context, x: Operand, y: Operand) -> list[Operand]:
    """Operands whose broadcast pairs every element of one with every element of the other."""
    return [reshaped(ctx, x, x.type.shape + (Dim.of(1),) * y.type.rank), y]


def _enter_outer(function: Any, opcode: str) -> None:
    @numpy_function(function.outer)
    def expand(ctx: Context, A: Any, B: Any, /, out: Any = None) -> Any:
        return ufunc(ctx, opcode, _crossed(ctx, strong_operand(ctx, A), strong_operand(ctx, B)), out)


for _function, _opcode in (BINARY | {np.power: "pow"}).items():
    _enter_outer(_function, _opcode)


def contract(ctx: Context, a: Operand, b: Operand, a_axes: tuple[int, ...], b_axes: tuple[int, ...]) -> Operand:
    """Sum of products over pairs of axes; the free axes of a, then those of b."""
    a_free = [k for k in range(a.type.rank) if k not in a_axes]
    b_free = [k for k in range(b.type.rank) if k not in b_axes]
    shape = [a.type.shape[k] for k in a_free] + [b.type.shape[k] for k in b_free]
    for i, j in zip(a_axes, b_axes, strict=True):
        ctx.require_equal(a.type.shape[i], b.type.shape[j], "shape-mismatch for sum")
    if not a_axes:
        x, y = _crossed(ctx, a, b)
        return apply(ctx, "mul", x, y)
    inner = product([a.type.shape[k] for k in a_axes])
    left = [product([a.type.shape[k] for k in a_free])] if a_free else []
    right = [product([b.type.shape[k] for k in b_free])] if b_free else []
    x = reshaped(ctx, transposed(ctx, a, [*a_free, *a_axes]), [*left, inner])
    y = reshaped(ctx, transposed(ctx, b, [*b_axes, *b_free]), [inner, *right])
    return reshaped(ctx, matrix_product(ctx, x, y), shape)


@numpy_function(np.tensordot, static="axes")
def _tensordot(ctx: Context, a: Any, b: Any, axes: Any = 2) -> Any:
    x, y = strong_operand(ctx, a), strong_operand(ctx, b)
    if isinstance(axes, (int, np.integer)):
        if axes > min(x.type.rank, y.type.rank):
            ctx.error(PullbackValueError, "shape-mismatch for sum")
        left: Any = range(x.type.rank - axes, x.type.rank)
        right: Any = range(axes)
    else:
        left, right = (g if isinstance(g, (tuple, list)) else (g,) for g in axes)
    a_axes = tuple(one_axis(ctx, k, x.type.rank) for k in left)
    b_axes = tuple(one_axis(ctx, k, y.type.rank) for k in right)
    if len(a_axes) != len(b_axes):
        ctx.error(PullbackValueError, "shape-mismatch for sum")
    return ctx.wrap(contract(ctx, x, y, a_axes, b_axes))


@numpy_function(np.kron)
def _kron(ctx: Context, a: Any, b: Any) -> Any:
    x, y = strong_operand(ctx, a), strong_operand(ctx, b)
    rank = max(x.type.rank, y.type.rank)
    one = Dim.of(1)
    xs, ys = ((one,) * (rank - v.type.rank) + v.type.shape for v in (x, y))
    blocks = reshaped(ctx, x, [d for n in xs for d in (n, one)])
    inside = reshaped(ctx, y, [d for n in ys for d in (one, n)])
    return ctx.wrap(reshaped(ctx, apply(ctx, "mul", blocks, inside), [n * m for n, m in zip(xs, ys, strict=True)]))


@numpy_function(np.linalg.multi_dot)
def _multi_dot(ctx: Context, arrays: Any) -> Any:
    first, *others = (strong_operand(ctx, a) for a in elements(ctx, arrays, "np.linalg.multi_dot"))
    for other in others:
        first = matrix_product(ctx, first, other)
    return ctx.wrap(first)


# -- einsum --------------------------------------------------------------------------------------------
def _parse(ctx: Context, subscripts: str, operands: list[Operand]) -> tuple[list[str], str]:
    """The labels of every operand and of the result; an ellipsis becomes labels of its own."""
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        ctx.error(
            PullbackValueError,
            f"einstein sum subscripts string names {len(terms)} operands, not {len(operands)}",
        )
    spare = [c for c in string.ascii_letters if c not in text]
    widths = [x.type.rank - len(t.replace("...", "")) for t, x in zip(terms, operands, strict=True)]
    dots = max([w for t, w in zip(terms, widths, strict=True) if "..." in t], default=0)
    shared = "".join(spare[: max(dots, 0)])
    labels = []
    for term, width in zip(terms, widths, strict=True):
        if width < 0 or (width > 0 and "..." not in term):
            ctx.error(PullbackValueError, f"einstein sum subscript {term!r} does not match the rank of its operand")
        labels.append(term.replace("...", shared[len(shared) - width :] if width else ""))
    if arrow:
        wanted = result.replace("...", shared)
    else:
        every = "".join(labels)
        wanted = shared + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in shared))
    bad = [c for c in wanted if c not in "".join(labels)] or [c for t in labels for c in t if not c.isalpha()]
    if bad or len(set(wanted)) != len(wanted):
        ctx.error(PullbackValueError, f"invalid einstein sum subscripts {subscripts!r}")
    return labels, wanted


def _one_of_each(ctx: Context, x: Operand, labels: str, needed: set[str]) -> tuple[Operand, str]:
    """Diagonals for repeated labels, and sums over labels that nobody else needs."""
    for c in dict.fromkeys(labels):
        while labels.count(c) > 1:
            i, j = labels.index(c), labels.rindex(c)
            ctx.require_equal(x.type.shape[i], x.type.shape[j], "einsum: extents of one subscript must be equal")
            others = [k for k in range(x.type.rank) if k not in (i, j)]
            x = transposed(ctx, x, [*others, i, j])
            line = counting(ctx, x.type.shape[-1])
            x = ctx.b.emit("load", x, line, line, index=(*spans(x.type.shape[:-2]), Gather(), Gather()))
            labels = "".join(labels[k] for k in others) + c
    alone = tuple(k for k, c in enumerate(labels) if c not in needed)
    x = reduce(ctx, "sum", x, alone, False)
    return x, "".join(c for c in labels if c in needed)


def _pair(ctx: Context, a: Operand, la: str, b: Operand, lb: str, needed: set[str]) -> tuple[Operand, str]:
    """The product of two operands, summed over the labels that are not needed any more."""
    a, la = _one_of_each(ctx, a, la, needed | set(lb))
    b, lb = _one_of_each(ctx, b, lb, needed | set(la))
    extents_a, extents_b = dict(zip(la, a.type.shape, strict=True)), dict(zip(lb, b.type.shape, strict=True))
    shared = [c for c in la if c in lb]
    for c in shared:
        if extents_a[c] != 1 and extents_b[c] != 1:
            ctx.require_equal(extents_a[c], extents_b[c], "einsum: extents of one subscript must be equal")
    stretched = any((extents_a[c] == 1) != (extents_b[c] == 1) for c in shared)
    batch = [c for c in shared if c in needed]
    summed = [c for c in shared if c not in needed]
    free_a, free_b = ([c for c in label if c not in shared] for label in (la, lb))
    if not summed or stretched or (not (free_a or free_b) and (batch or len(summed) > 1)):
        order = batch + free_a + free_b + summed
        x, y = (
            reshaped(
                ctx,
                transposed(ctx, v, [label.index(c) for c in order if c in label]),
                [ext.get(c, Dim.of(1)) for c in order],
            )
            for v, label, ext in ((a, la, extents_a), (b, lb, extents_b))
        )
        total = apply(ctx, "mul", x, y)
        kept = len(order) - len(summed)
        return reduce(ctx, "sum", total, tuple(range(kept, len(order))), False), "".join(order[:kept])
    stack = [extents_a[c] for c in batch]
    inner = [product([extents_a[c] for c in summed])]
    left = [product([extents_a[c] for c in free_a])] if free_a or batch else []
    right = [product([extents_b[c] for c in free_b])] if free_b or batch else []
    x = reshaped(ctx, transposed(ctx, a, [la.index(c) for c in batch + free_a + summed]), stack + left + inner)
    y = reshaped(ctx, transposed(ctx, b, [lb.index(c) for c in batch + summed + free_b]), stack + inner + right)
    shape = stack + [extents_a[c] for c in free_a] + [extents_b[c] for c in free_b]
    return reshaped(ctx, matrix_product(ctx, x, y), shape), "".join(batch + free_a + free_b)


def _from_sublists(ctx: Context, given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The subscripts as a string, and the operands, of ``np.einsum(a, [0, 1], b, [1, 2], [0, 2])``."""
    operands, sublists = given[0 : len(given) // 2 * 2 : 2], given[1::2]
    terms = []
    for labels in (*sublists, *(given[-1:] if len(given) % 2 else ())):
        labels = list(labels.items) if isinstance(labels, ListValue) else labels
        if not isinstance(labels, (list, tuple)) or not all(type(k) is int and 0 <= k < 52 for k in labels):
            message = "np.einsum needs its subscripts as a string, or as lists of ints"
            ctx.error(UnsupportedError, message, "write np.einsum('ij,jk->ik', a, b)")
        terms.append("".join((string.ascii_uppercase + string.ascii_lowercase)[k] for k in labels))
    arrow = f"->{terms.pop()}" if len(given) % 2 else ""
    return ",".join(terms) + arrow, operands


@numpy_function(np.einsum, static="optimize")
def _einsum(ctx: Context, subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False) -> Any:
    if not isinstance(subscripts, str):
        subscripts, operands = _from_sublists(ctx, (subscripts, *operands))
    xs = [strong_operand(ctx, v) for v in operands]
    labels, wanted = _parse(ctx, subscripts, xs)
    x, label = xs[0], labels[0]
    if len(xs) == 1:
        x, label = _one_of_each(ctx, x, label, set(wanted))
    for k in range(1, len(xs)):
        needed = set(wanted).union(*labels[k + 1 :])
        x, label = _pair(ctx, x, label, xs[k], labels[k], needed)
    result = transposed(ctx, x, [label.index(c) for c in wanted])
    if result is xs[0] and result.type.shape:
        result = ctx.b.emit("copy", result)
    return finish(ctx, result, out)


# -- norms ---------------------------------------------------------------------------------------------
@numpy_function(np.linalg.norm, static="ord axis keepdims")
def _norm(ctx: Context, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    operand = strong_operand(ctx, x)
    operand = operand if operand.type.is_float else cast(ctx, operand, "f64")
    rank = operand.type.rank
    if ord is None:
        return ctx.call(library.euclidean_norm, [ctx.wrap(operand), axes_of(ctx, axis, rank), bool(keepdims)], {})
    if axis is None and rank > 2:
        ctx.error(PullbackValueError, "Improper number of dimensions to norm.")
    if axis is None:
        axes = tuple(range(rank))
    else:  # the order of two axes matters: rows, then columns
        axes = tuple(one_axis(ctx, k, rank) for k in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(axes) == 1:
        return _vector_norm(ctx, operand, ord, axes, bool(keepdims))
    if len(axes) != 2 or axes[0] == axes[1]:
        ctx.error(PullbackValueError, "Improper number of dimensions to norm.")
    return _matrix_norm(ctx, operand, ord, axes, bool(keepdims))


@numpy_function(np.linalg.vector_norm, static="axis keepdims ord")
def _norm_of_vectors(ctx: Context, x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    operand = strong_operand(ctx, x)
    operand = operand if operand.type.is_float else cast(ctx, operand, "f64")
    return _vector_norm(ctx, operand, ord, axes_of(ctx, axis, operand.type.rank), bool(keepdims))


@numpy_function(np.linalg.matrix_norm, static="keepdims ord")
def _norm_of_matrices(ctx: Context, x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return ctx.call(np.linalg.norm, [x], {"ord": ord, "axis": (-2, -1), "keepdims": keepdims})


def _vector_norm(ctx: Context, x: Operand, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(ord, str):
        ctx.error(PullbackValueError, f"Invalid norm order {ord!r} for vectors")
    if ord == 2:
        return ctx.call(library.euclidean_norm, [ctx.wrap(x), axes, keepdims], {})
    if ord in (math.inf, -math.inf):
        return _extreme(ctx, "max" if ord > 0 else "min", ctx.wrap(apply(ctx, "abs", x)), axes, None, keepdims)
    definition = library.count_norm if ord == 0 else library.absolute_norm if ord == 1 else library.power_norm
    args = [ctx.wrap(x), axes, keepdims] + ([float(ord)] if definition is library.power_norm else [])
    return ctx.call(definition, args, {})


def _matrix_norm(ctx: Context, x: Operand, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord == "fro":
        return ctx.call(library.euclidean_norm, [ctx.wrap(x), tuple(sorted(axes)), keepdims], {})
    if ord == 2 and x.type.rank == 2:
        norm = _spectral_norm(ctx, x)
        return ctx.wrap(reshaped(ctx, norm, (Dim.of(1), Dim.of(1))) if keepdims else norm)
    if ord in ("nuc", -2) and x.type.rank == 2:
        values = ctx.b.emit("svdvals", x)
        total = reduce(ctx, "sum" if ord == "nuc" else "min", values, (0,), False)
        return ctx.wrap(reshaped(ctx, total, (Dim.of(1), Dim.of(1))) if keepdims else total)
    if ord not in (1, -1, math.inf, -math.inf):
        hint = "'fro', 'nuc', 2, 1, inf"
        ctx.error(UnsupportedError, f"np.linalg.norm of a matrix with ord={ord!r} is not supported", hint)
    added, kept = axes if abs(ord) == 1 else axes[::-1]
    sums = reduce(ctx, "sum", apply(ctx, "abs", x), (added,), True)
    best = ctx.operand(_extreme(ctx, "max" if ord > 0 else "min", ctx.wrap(sums), (kept,), None, True))
    if keepdims:
        return ctx.wrap(best)
    return ctx.wrap(reshaped(ctx, best, [d for k, d in enumerate(best.type.shape) if k not in axes]))


def _spectral_norm(ctx: Context, x: Operand) -> Operand:
    """The largest singular value: the root of the largest eigenvalue of the matrix times its transpose."""
    gram = matrix_product(ctx, transposed(ctx, x, (1, 0)), x)
    top = take_at(ctx, ctx.b.emit("eigvalsh", gram), 0, constant(-1))
    return ctx.b.emit("safe_sqrt", apply(ctx, "maximum", top, constant(0.0, Type(x.type.dtype))))


# -- written in the language ---------------------------------------------------------------------------
@numpy_function(np.cross, static="axisa axisb axisc axis")
def _cross(ctx: Context, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    operands = []
    for v, k in ((a, axisa), (b, axisb)):
        x = strong_operand(ctx, v)
        k = one_axis(ctx, k, x.type.rank)
        ctx.require_equal(x.type.shape[k], Dim.of(3), "np.cross needs vectors of 3 elements")
        operands.append(ctx.wrap(transposed(ctx, x, [j for j in range(x.type.rank) if j != k] + [k])))
    result = ctx.operand(ctx.call(library.cross, operands, {}))
    place = one_axis(ctx, axisc, result.type.rank)
    perm = list(range(result.type.rank - 1))
    perm.insert(place, result.type.rank - 1)
    return ctx.wrap(transposed(ctx, result, perm))


def _last(ctx: Context, v: Any, axis: int) -> tuple[Any, list[int]]:
    """A float array with the axis moved to the end, and the permutation that moves it back."""
    x = strong_operand(ctx, v)
    x = x if x.type.is_float else cast(ctx, x, "f64")
    k = one_axis(ctx, axis, x.type.rank)
    back = list(range(x.type.rank - 1))
    back.insert(k, x.type.rank - 1)
    return ctx.wrap(transposed(ctx, x, [j for j in range(x.type.rank) if j != k] + [k])), back


@numpy_function(np.trapezoid, static="axis")
def _trapezoid(ctx: Context, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    values, _ = _last(ctx, y, axis)
    if x is None:
        return ctx.call(library.trapezoid_even, [values, dx], {})
    places = strong_operand(ctx, x)
    if places.type.rank > 1:
        places = ctx.operand(_last(ctx, x, axis)[0])
    return ctx.call(library.trapezoid, [values, ctx.wrap(places)], {})


@numpy_function(np.gradient, static="axis edge_order")
def _gradient(ctx: Context, f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    x = strong_operand(ctx, f)
    axes = axes_of(ctx, axis, x.type.rank)
    steps = list(varargs) or [1.0]
    if len(steps) == 1:
        steps *= len(axes)
    if len(steps) != len(axes):
        ctx.error(PullbackTypeError, "invalid number of arguments")
    if edge_order not in (1, 2) or (edge_order == 2 and any(ctx.shape(s) for s in steps)):
        ctx.error(UnsupportedError, "np.gradient takes one step for every axis here", "evenly spaced samples")
    results = []
    for k, step in zip(axes, steps, strict=True):
        least = edge_order + 1
        if not ctx.session.assume(x.type.shape[k] - least):
            ctx.error(PullbackValueError, f"np.gradient needs at least {least} elements along an axis")
        values, back = _last(ctx, f, k)
        definition: Any = library.gradient if edge_order == 1 else library.gradient_second_order
        if ctx.shape(step):
            ctx.require_equal(ctx.shape(step)[0], x.type.shape[k], "when 1d, distances must match the array's length")
            definition = library.gradient_uneven
        slope = ctx.operand(ctx.call(definition, [values, step], {}))
        results.append(ctx.wrap(transposed(ctx, slope, back)))
    return results[0] if len(results) == 1 else tuple(results)


@numpy_function(np.convolve, static="mode")
def _convolve(ctx: Context, a: Any, v: Any, mode: str = "full") -> Any:
    return _sliding(ctx, library.convolve, a, v, mode)


@numpy_function(np.correlate, static="mode")
def _correlate(ctx: Context, a: Any, v: Any, mode: str = "valid") -> Any:
    x = strong_operand(ctx, v)
    if x.type.rank != 1:
        ctx.error(PullbackValueError, "object too deep for desired array")
    return _sliding(ctx, library.correlate, a, v, mode)


def _sliding(ctx: Context, definition: Any, a: Any, v: Any, mode: str) -> Any:
    operands = [strong_operand(ctx, s) for s in (a, v)]
    name = common_dtype(operands)
    for x in operands:
        if x.type.rank != 1:
            ctx.error(PullbackValueError, "object too deep for desired array")
    if mode not in ("full", "same", "valid"):
        ctx.error(PullbackValueError, f"mode must be one of 'full', 'same', 'valid' (got {mode!r})")
    n, m = (x.type.shape[0] for x in operands)
    for extent in (n, m):
        require_at_least(ctx, extent, 1, "np.convolve: an argument is empty")
    full = ctx.call(definition, [ctx.wrap(cast(ctx, x, name)) for x in operands], {})
    if mode == "full":
        return full
    small, large = n.min(m), n.max(m)
    start, size = ((small - 1) // 2, large) if mode == "same" else (small - 1, large - small + 1)
    return ctx.wrap(part(ctx, ctx.operand(full), 0, start, size))


@numpy_function(np.interp)
def _interp(ctx: Context, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    point, places, values = (cast(ctx, strong_operand(ctx, v), "f64") for v in (x, xp, fp))
    if places.type.rank != 1 or values.type.rank != 1:
        ctx.error(PullbackValueError, "np.interp: xp and fp must have one dimension")
    ctx.require_equal(places.type.shape[0], values.type.shape[0], "fp and xp are not of the same length.")
    if period is not None:
        return ctx.call(library.interp_periodic, [*map(ctx.wrap, (point, places, values)), period], {})
    one = places.type.shape[0] == 1
    if not one:
        require_at_least(ctx, places.type.shape[0], 2, "np.interp of a run-time number of points needs two of them")
    ends = [left is None, right is None, 0.0 if left is None else left, 0.0 if right is None else right]
    return ctx.call(
        library.interp_at_one if one else library.interp,
        [ctx.wrap(point), ctx.wrap(places), ctx.wrap(values), *ends],
        {},
    )
