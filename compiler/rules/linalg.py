"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.opdef import OpDef, register
from ..ir.types import Type, promote
from .expr import Context, E
from .infer import Attrs, Operands, broadcast


def _matmul_type(xs: Operands, attrs: Attrs) -> list[Type]:
    a, b = xs[0].type, xs[1].type
    if not a.rank or not b.rank:
        raise ValueError("matmul: operands must have at least one dimension; use * for scalars")
    dtype, _ = promote([a, b])
    inner_a, inner_b = a.shape[-1], b.shape[-2] if b.rank > 1 else b.shape[-1]
    if inner_a != inner_b and not inner_a.has_values and not inner_b.has_values:
        raise ValueError(
            f"matmul: the contracted extents differ: {inner_a} and {inner_b} "
            f"(shapes ({', '.join(map(str, a.shape))}) and ({', '.join(map(str, b.shape))}))"
        )
    batch = broadcast([a.shape[:-2], b.shape[:-2]])
    rows = (a.shape[-2],) if a.rank > 1 else ()
    cols = (b.shape[-1],) if b.rank > 1 else ()
    return [Type(dtype, batch + rows + cols)]


def _left(c: Context) -> E:
    """The cotangent of a in a @ b."""
    a, b, g = c.x(0), c.x(1), c.g_full
    if a.type.rank == 1 and b.type.rank == 1:
        return g * b
    if a.type.rank == 1:
        if b.type.rank == 2:
            return b @ g
        return (b @ g.expand(g.type.rank)).reshape([*g.shape[:-1], a.shape[0]]).sum(range(g.type.rank - 1))
    if b.type.rank == 1:
        out: E = c.sum_to(g.expand(g.type.rank) * b, 0)
        return out
    return c.sum_to(g @ b.mT, 0)


def _right(c: Context) -> E:
    """The cotangent of b in a @ b."""
    a, b, g = c.x(0), c.x(1), c.g_full
    if a.type.rank == 1 and b.type.rank == 1:
        return g * a
    if a.type.rank == 1:
        return c.sum_to(a.expand(1) * g.expand(g.type.rank - 1), 1)
    if b.type.rank == 1:
        return _rows(a, 1).mT @ _rows(g, 0)
    if b.type.rank == 2 and a.type.rank > 2:
        return _rows(a, 1).mT @ _rows(g, 1)
    return c.sum_to(a.mT @ g, 1)


def _rows(x: E, inner: int) -> E:
    """`x` with its leading axes as one, in front of the last `inner`: a product over them sums over a whole batch."""
    at = x.type.rank - inner
    return x if at == 1 else x.reshape([Type(x.type.dtype, x.shape[:at]).size, *x.shape[at:]])


def _evaluate(attrs: Attrs, a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.matmul(a, b)


def _tangent(c: Context) -> E:
    terms = []
    if c.active(0):
        terms.append(c.dot(0) @ c.x(1))
    if c.active(1):
        terms.append(c.x(0) @ c.dot(1))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


register(OpDef("matmul", "linalg", _matmul_type, _evaluate, (_left, _right), _tangent, python="{0} @ {1}", cost=1000))
