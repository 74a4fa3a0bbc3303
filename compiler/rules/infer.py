"""Type inference shared by the ops: broadcasting, promotion, reductions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.dims import Dim
from ..ir.nodes import Operand
from ..ir.types import B1, BOOL, FLOAT, Type, promote

Attrs = dict[str, Any]
Operands = Sequence[Operand]


def broadcast(shapes: Sequence[tuple[Dim, ...]]) -> tuple[Dim, ...]:
    """The broadcast shape. Extents over symbols that differ do differ (see docs/ir.md); of extents
    known only at run time, which the frontend guards by a check, the better known one is chosen.

    Raises ValueError with NumPy's message when shapes cannot be broadcast together.
    """
    rank = max((len(s) for s in shapes), default=0)
    out: list[Dim] = []
    for axis in range(rank):
        chosen = Dim.of(1)
        for s in shapes:
            k = axis - (rank - len(s))
            if k < 0 or s[k] == 1 or s[k] == chosen:
                continue
            if chosen == 1:
                chosen = s[k]
            elif not chosen.has_values and not s[k].has_values:
                text = " ".join("(" + ",".join(str(d) for d in t) + ("," if len(t) == 1 else "") + ")" for t in shapes)
                raise ValueError(f"operands could not be broadcast together with shapes {text}")
            elif chosen.has_values:
                chosen = s[k]
        out.append(chosen)
    return tuple(out)


def _shape(xs: Operands) -> tuple[Dim, ...]:
    return broadcast([x.type.shape for x in xs])


def arithmetic(xs: Operands, attrs: Attrs) -> list[Type]:
    """NumPy 2 promotion; a boolean pair adds as booleans do (refused for sub and neg by the frontend)."""
    dtype, weak = promote([x.type for x in xs])
    shape = _shape(xs)
    if weak and dtype == "b1":
        dtype = "i64"
    return [Type(dtype, shape, weak and not shape)]


def numeric(xs: Operands, attrs: Attrs) -> list[Type]:
    """As `arithmetic`, for what NumPy computes of booleans in int8."""
    if attrs.get("math"):
        return [FLOAT]
    (t,) = arithmetic(xs, attrs)
    return [t.with_dtype("i8") if t.is_bool else t]


def bitwise(xs: Operands, attrs: Attrs) -> list[Type]:
    """As `arithmetic`, of integers and booleans."""
    if any(x.type.is_float for x in xs):
        kinds = " and ".join(x.type.numpy.name for x in xs)
        raise TypeError(f"bit operations are of integers and booleans, not of {kinds}")
    return arithmetic(xs, attrs)


def shift(xs: Operands, attrs: Attrs) -> list[Type]:
    (t,) = bitwise(xs, attrs)
    return [t.with_dtype("i8") if t.is_bool else t]


def rounding(xs: Operands, attrs: Attrs) -> list[Type]:
    """floor, ceil, trunc: integers and booleans are what they are."""
    return floating(xs, attrs) if xs[0].type.is_float else [xs[0].type.strong]


def division(xs: Operands, attrs: Attrs) -> list[Type]:
    dtype, weak = promote([x.type for x in xs])
    shape = _shape(xs)
    if dtype[0] != "f":
        dtype = "f64"
    return [Type(dtype, shape, weak and not shape and not attrs.get("ieee"))]


def floating(xs: Operands, attrs: Attrs) -> list[Type]:
    """A function with floating results, of integers alone float64 (NumPy computes those of 8 and 16 bits in
    float16 and float32, which the frontend decides); ``math=True`` gives a weak (Python) float."""
    if attrs.get("math"):
        return [FLOAT]
    dtype, _ = promote([x.type for x in xs])
    return [Type(dtype if dtype[0] == "f" else "f64", _shape(xs))]


def comparison(xs: Operands, attrs: Attrs) -> list[Type]:
    shape = _shape(xs)
    if all(x.type.weak for x in xs):
        return [BOOL]
    return [Type("b1", shape)]


def predicate(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type("b1", _shape(xs)) if xs[0].type.shape else B1]


def same(xs: Operands, attrs: Attrs) -> list[Type]:
    """The type of the first operand."""
    return [xs[0].type]


def select(xs: Operands, attrs: Attrs) -> list[Type]:
    dtype, weak = promote([x.type for x in xs[1:]])
    shape = _shape(xs)
    return [Type(dtype, shape, weak and not shape)]


def reduced_shape(shape: Sequence[Dim], axes: Sequence[int], keepdims: bool) -> tuple[Dim, ...]:
    if keepdims:
        return tuple(Dim.of(1) if k in axes else d for k, d in enumerate(shape))
    return tuple(d for k, d in enumerate(shape) if k not in axes)


def reduction(xs: Operands, attrs: Attrs) -> list[Type]:
    t = xs[0].type
    return [Type(t.dtype, reduced_shape(t.shape, attrs["axes"], attrs["keepdims"]))]


def accumulation(xs: Operands, attrs: Attrs) -> list[Type]:
    """sum and prod: small integers and booleans widen, as in NumPy."""
    t = xs[0].type
    dtype = t.dtype
    if dtype in ("b1", "i8", "i16", "i32"):
        dtype = "i64"
    elif dtype in ("u8", "u16", "u32"):
        dtype = "u64"
    return [Type(dtype, reduced_shape(t.shape, attrs["axes"], attrs["keepdims"]))]


def boolean_reduction(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type("b1", reduced_shape(xs[0].type.shape, attrs["axes"], attrs["keepdims"]))]
