"""load, store, accum and nonzero. See docs/ir.md, "Index"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import At, Gather
from ..ir.opdef import OpDef, register
from ..ir.types import INT, Type
from .expr import Context, E
from .infer import Attrs, Operands


def index_operands(op: Any) -> list[Any]:
    """The operands that belong to the index, in order."""
    count = sum(isinstance(i, (At, Gather)) for i in op.attrs["index"])
    return list(op.operands[1 : 1 + count])


def _load_type(xs: Operands, attrs: Attrs) -> list[Type]:
    shape = indexed_shape(xs[0].type.shape, attrs["index"], list(xs[1:]))
    return [Type(xs[0].type.dtype, shape)]


def _not_evaluated(attrs: Attrs, *xs: Any) -> Any:
    raise NotImplementedError("the interpreter evaluates index ops itself")


def _load_vjp(c: Context) -> E:
    """Only reached for the array operand: the engine accumulates into the adjoint buffer."""
    raise AssertionError("transforms.reverse accumulates loads itself")


def has_gather(op: Any) -> bool:
    return any(isinstance(i, Gather) for i in op.attrs["index"])


def same_index(a: Any, b: Any) -> bool:
    """Whether two accesses have the same index, by the same operands."""
    if a.attrs["index"] != b.attrs["index"]:
        return False
    return all(x is y or x == y for x, y in zip(index_operands(a), index_operands(b), strict=True))


def winners(c: Context) -> E:
    """For a store through integer arrays: which elements of the value survive repeated indices."""
    op = c.op
    idx = [c.map(x) for x in index_operands(op)]
    shape = tuple(c.dim(d) for d in op.operands[0].type.shape)
    index = tuple(c.attr(i) for i in op.attrs["index"])
    minus_one = E(c.b, c.b.emit("full", -1, shape=shape, dtype="i64"))
    selected = indexed_shape(shape, index, idx)
    size = Type("i64", selected).size
    count = E(c.b, c.b.emit("iota", 0, 1, size=size, dtype="i64")).reshape(selected)
    stamped = c.b.emit("store", minus_one.v, *idx, count.v, index=index)
    seen = E(c.b, c.b.emit("load", stamped, *idx, index=index))
    return seen.eq(count)


register(OpDef("load", "index", _load_type, _not_evaluated, (_load_vjp,), "linear", cost=1))
register(OpDef("store", "index", lambda xs, attrs: [xs[0].type], _not_evaluated, (_load_vjp,), "linear", cost=1))
register(OpDef("accum", "index", lambda xs, attrs: [xs[0].type], _not_evaluated, (_load_vjp,), "linear", cost=1))
register(
    OpDef(
        "nonzero",
        "index",
        lambda xs, attrs: [INT, Type("i64", (Dim.of("?"),))],
        lambda attrs, m: (int(np.count_nonzero(m)), np.nonzero(m)[0]),
        zero=True,
    )
)
