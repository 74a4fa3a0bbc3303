"""Sorting along an axis.

``sort x {axis}`` gives the values in ascending order (NaN last, as NumPy does), ``argsort x {axis}`` the
stable permutation (i64). A cotangent goes back through the permutation by an accumulating scatter, a
tangent forward by a gather: both are `load` and `accum` with index arrays, so that they differentiate again.

Equal elements share: a selection among ties has no unique derivative, and each of them gets the mean of what
the group gets (the symmetric choice of docs/differentiation.md). The mean over groups is a symmetric
linear map, hence forward and reverse mode agree.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import constant
from ..ir.dims import ONE
from ..ir.nodes import Gather, Operand
from ..ir.opdef import OpDef, register
from ..ir.types import Type
from .expr import Context, E
from .infer import Attrs, Operands


def _places(like: E, idx: E, axis: int) -> list[Operand]:
    """Index arrays that stand for every element of `idx` along `axis`, and for its own place along the others."""
    places: list[Operand] = []
    for k, extent in enumerate(like.shape):
        if k == axis:
            places.append(idx.v)
            continue
        count = E(like.b, like.b.emit("iota", 0, 1, size=extent, dtype="i64"))
        places.append(count.reshape([extent if j == k else ONE for j in range(len(like.shape))]).v)
    return places


def gather_along(x: E, idx: E, axis: int) -> E:
    """``np.take_along_axis``; `idx` has the shape of x beside the axis."""
    return x._emit("load", x, *_places(x, idx, axis), index=(Gather(),) * x.type.rank)


def scatter_along(idx: E, v: E, axis: int) -> E:
    """Zeros like `v`, with `v` added at `idx` along the axis; repeated places accumulate."""
    zeros = E(v.b, constant(0.0, Type(v.type.dtype))).broadcast_to(v.shape)
    return v._emit("accum", zeros, *_places(v, idx, axis), v, index=(Gather(),) * v.type.rank)


def mean_over_ties(g: E, y: E, axis: int) -> E:
    """`g` averaged over each run of equal elements of the sorted `y`."""
    extent, rank = y.shape[axis], y.type.rank
    along = [extent if k == axis else ONE for k in range(rank)]
    place = E(y.b, y.b.emit("iota", 0, 1, size=extent, dtype="i64")).reshape(along)
    before = y._emit("maximum", place - 1, 0)
    previous = gather_along(y, before, axis)
    starts = y._emit("ne", y, previous) & (place > 0)
    run = starts._emit("cumsum", starts.cast("i64"), axis=axis)
    ones = E(y.b, constant(1.0, Type(g.type.dtype))).broadcast_to(y.shape)
    mean = scatter_along(run, g, axis) / _at_least_one(scatter_along(run, ones, axis))
    return gather_along(mean, run, axis)


def _at_least_one(count: E) -> E:
    """Counts of the runs; places that are no run's count as one, so that nothing is divided by zero."""
    return count._emit("maximum", count, 1.0)


def _order(c: Context) -> E:
    x, axis = c.x(0), c.op.attrs["axis"]
    order: E = x._emit("argsort", E(c.b, x.v), axis=axis)
    return order


def _sort_vjp(c: Context) -> E:
    axis = c.op.attrs["axis"]
    return scatter_along(_order(c), mean_over_ties(c.g_full, c.y, axis), axis)


def _sort_jvp(c: Context) -> E:
    axis = c.op.attrs["axis"]
    return mean_over_ties(gather_along(c.dot(0), _order(c), axis), c.y, axis)


def _python(function: str, extra: str = "") -> Any:
    def text(args: list[str], op: Any) -> str:
        return f"np.{function}({args[0]}, axis={op.attrs['axis']}{extra})"

    return text


def _indices(xs: Operands, attrs: Attrs) -> list[Type]:
    return [xs[0].type.with_dtype("i64")]


register(
    OpDef(
        "sort",
        "reduction",
        lambda xs, attrs: [xs[0].type],
        lambda attrs, x: np.sort(x, axis=attrs["axis"], kind="stable"),
        (_sort_vjp,),
        _sort_jvp,
        python=_python("sort"),
        cost=100,
        undefined="ties: shared equally",
    )
)
register(
    OpDef(
        "argsort", "reduction", _indices, lambda attrs, x: np.argsort(x, axis=attrs["axis"], kind="stable"),
        zero=True, python=_python("argsort", ', kind="stable"'), cost=100,
    )
)  # fmt: skip
