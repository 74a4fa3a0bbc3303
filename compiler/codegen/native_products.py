"""Calls of matrix products at the native level."""

from __future__ import annotations

from collections.abc import Callable

from ..analysis.dataflow import is_zero
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import Const, Op, Operand, Span, Value
from .native_expressions import Expr, Imports


def product_call(op: Op, name_of: Callable[[Value], str], use: Callable[[Operand], Expr], imports: Imports) -> str:
    """The call for a `gemm`."""
    _, a, b, alpha, beta = op.operands
    names = [name_of(x) for x in (a, b, op.result)]  # type: ignore[arg-type]
    ranks = (a.type.rank, b.type.rank)
    if a is b and ranks == (2, 2) and _is_symmetric(op):
        imports.use("pullback.runtime.blas", "symmetric_product")
        return f"symmetric_product({names[0]}, {names[2]}, {use(alpha).text}, {op.attrs['trans_a']})"
    if ranks == (2, 2):
        function, flags = "gemm", f", {op.attrs['trans_a']}, {op.attrs['trans_b']}"
    elif ranks == (2, 1):
        function, flags = "gemv", f", {op.attrs['trans_a']}"
    elif ranks == (1, 2):
        function, flags = "gemv", f", {not op.attrs['trans_b']}"
        names = [names[1], names[0], names[2]]
    else:
        function, flags = "batched_gemm", f", {op.attrs['trans_a']}, {op.attrs['trans_b']}"
    if not op.result.type.is_float:
        function = "loops_" + function
    imports.use("pullback.runtime.blas", function)
    return f"{function}({', '.join(names)}, {use(alpha).text}, {use(beta).text}{flags})"


def _is_symmetric(op: Op) -> bool:
    """Whether a product of a matrix and its transpose fills memory."""
    return is_zero(op.operands[4]) and op.result.type.is_float and op.attrs["trans_a"] != op.attrs["trans_b"]


def part_call(op: Op, name_of: Callable[[Value], str], dim: Callable[[Dim], Expr], imports: Imports) -> str:
    """The call for a `gemm_part`: of each matrix the array, the place of its first element, how far rows are apart."""
    _, a, b, alpha, beta = op.operands
    assert isinstance(alpha, Const) and isinstance(beta, Const)
    args: list[str] = []
    sizes = {}
    for letter, x in (("a", a), ("b", b), ("c", op.result)):
        assert isinstance(x, Value)
        where, sizes[letter] = _part(x, op.attrs["index_" + letter], op.attrs["axes_" + letter])
        args += [name_of(x), *(dim(d).text for d in where)]
    inner = sizes["a"][0 if op.attrs["trans_a"] else 1]
    args += [dim(d).text for d in (*sizes["c"], inner)]
    args += [repr(float(beta.value)), str(op.attrs["trans_a"]), str(op.attrs["trans_b"])]
    function = imports.use("pullback.runtime.blas", "gemm_part")
    return f"{function}({', '.join(args)})"


def finite_call(op: Op, name_of: Callable[[Value], str], dim: Callable[[Dim], Expr], imports: Imports) -> str:
    """The call for an `all_finite`."""
    (x,) = op.operands
    assert isinstance(x, Value)
    where, sizes = _part(x, op.attrs["index"], op.attrs["axes"])
    function = imports.use("pullback.runtime.blas", "finite_part")
    return f"{function}({name_of(x)}, {', '.join(dim(d).text for d in (*where, *sizes))})"


def _part(x: Value, spans: tuple[Span, ...], axes: tuple[int, ...]) -> tuple[list[Dim], list[Dim]]:
    """Of a part of an array: its first element, and how far its rows are apart, in elements; its two extents."""
    stride, place, strides = ONE, ZERO, []
    for span, extent in zip(reversed(spans), reversed(x.type.shape), strict=True):
        strides.append(stride)
        place = place + span.start * stride
        stride = stride * extent
    strides.reverse()
    return [place, strides[axes[0]]], [spans[k].size for k in axes]
