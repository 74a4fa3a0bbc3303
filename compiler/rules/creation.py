"""Ops that make arrays from nothing or from scalars."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.opdef import OpDef, register
from ..ir.types import DTYPES, Type
from .expr import Context, E
from .infer import Attrs, Operands


def _shaped(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type(attrs["dtype"], tuple(attrs["shape"]))]


register(
    OpDef(
        "full",
        "create",
        _shaped,
        lambda attrs, v: np.full(tuple(attrs["shape"]), v, dtype=DTYPES[attrs["dtype"]]),
        (lambda c: c.unbroadcast(c.g, 0),),
        "linear",
        cost=0,
    )
)
register(
    OpDef(
        "empty",
        "create",
        _shaped,
        lambda attrs: np.zeros(tuple(attrs["shape"]), DTYPES[attrs["dtype"]]),
        zero=True,
        cost=0,
    )
)


def _iota_type(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type(attrs["dtype"], (attrs["size"],))]


def _iota(attrs: Attrs, start: Any, step: Any) -> Any:
    return (start + step * np.arange(attrs["size"])).astype(DTYPES[attrs["dtype"]])


def _counter(c: Context) -> E:
    size = c.dim(c.op.attrs["size"])
    return E(c.b, c.b.emit("iota", 0, 1, size=size, dtype=c.op.attrs["dtype"]))


def _iota_tangent(c: Context) -> E:
    terms = [c.dot(0)] if c.active(0) else []
    if c.active(1):
        terms.append(c.dot(1) * _counter(c))
    total = terms[0] if len(terms) == 1 else terms[0] + terms[1]
    return total.broadcast_to([c.dim(d) for d in c.op.result.type.shape])


register(
    OpDef(
        "iota",
        "create",
        _iota_type,
        _iota,
        (lambda c: c.unbroadcast(c.g, 0), lambda c: c.unbroadcast(c.g * _counter(c), 1)),
        _iota_tangent,
        cost=1,
    )
)
register(
    OpDef(
        "eye",
        "create",
        lambda xs, attrs: [Type(attrs["dtype"], (attrs["n"], attrs["m"]))],
        lambda attrs: np.eye(attrs["n"], attrs["m"], attrs["k"], dtype=DTYPES[attrs["dtype"]]),
        zero=True,
        cost=1,
    )
)
