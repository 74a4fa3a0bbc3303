"""Ops that move elements without computing: reshape, transpose, broadcast, concatenate."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.dims import Dim
from ..ir.nodes import Span
from ..ir.opdef import OpDef, register
from ..ir.types import Type, promote
from .expr import Context, E
from .infer import Attrs, Operands


def dims_text(op: Any, dims: Any) -> str:
    """Placeholder form of extents; the source printer formats Dims itself."""
    return "(" + ", ".join(str(d) for d in dims) + ("," if len(dims) == 1 else "") + ")"


register(
    OpDef(
        "reshape",
        "shape",
        lambda xs, attrs: [Type(xs[0].type.dtype, tuple(attrs["shape"]))],
        lambda attrs, x: np.reshape(x, tuple(attrs["shape"])).copy()[()],
        (lambda c: c.g_full.reshape([c.dim(d) for d in c.op.operands[0].type.shape]),),
        "linear",
        cost=0,
    )
)
register(
    OpDef(
        "transpose",
        "shape",
        lambda xs, attrs: [Type(xs[0].type.dtype, tuple(xs[0].type.shape[p] for p in attrs["perm"]))],
        lambda attrs, x: np.transpose(x, attrs["perm"]).copy(),
        (lambda c: c.g_full.transpose([int(p) for p in np.argsort(c.op.attrs["perm"])]),),
        "linear",
        cost=0,
    )
)
register(
    OpDef(
        "broadcast_to",
        "shape",
        lambda xs, attrs: [Type(xs[0].type.dtype, tuple(attrs["shape"]))],
        lambda attrs, x: np.broadcast_to(x, tuple(attrs["shape"])).copy(),
        (lambda c: c.unbroadcast(c.g_full, 0),),
        "linear",
        cost=0,
    )
)


def _concatenate_type(xs: Operands, attrs: Attrs) -> list[Type]:
    axis = attrs["axis"]
    dtype, _ = promote([x.type for x in xs])
    shape = list(xs[0].type.shape)
    for x in xs[1:]:
        if x.type.rank != len(shape):
            raise ValueError("all the input array dimensions must match for concatenate: ranks differ")
        for k, d in enumerate(x.type.shape):
            if k != axis and d != shape[k] and not d.has_values and not shape[k].has_values:
                raise ValueError(
                    "all the input array dimensions except for the concatenation axis must match exactly: "
                    f"{d} and {shape[k]} along axis {k}"
                )
        shape[axis] = shape[axis] + x.type.shape[axis]
    return [Type(dtype, tuple(shape))]


def _piece(k: int) -> Any:
    def rule(c: Context) -> E:
        axis = c.op.attrs["axis"]
        start = Dim.of(0)
        for x in c.op.operands[:k]:
            start = start + c.dim(x.type.shape[axis])
        own = [c.dim(d) for d in c.op.operands[k].type.shape]
        g = c.g_full
        index = tuple(Span(start if j == axis else Dim.of(0), d) for j, d in enumerate(own))
        return g._emit("load", g, index=index).cast(c.op.operands[k].type.dtype)

    return rule


class EveryOperand:
    """One rule per operand, made by position, for ops with any number of operands."""

    def __getitem__(self, k: int) -> Any:
        return _piece(k)


register(
    OpDef(
        "concatenate",
        "shape",
        _concatenate_type,
        lambda attrs, *xs: np.concatenate(xs, axis=attrs["axis"]),
        EveryOperand(),  # type: ignore[arg-type]
        "linear",
    )
)
