"""Matrix products at the native level: `gemm` into a buffer, or multiply-and-sum where that is smaller."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.builder import Builder, constant
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import At, Const, New, Op, Operand, Span, Value
from ..ir.types import Type

# loops beat a library call up to about this many multiplications
TINY_PRODUCT = 512
_MEMORY = frozenset({"store", "accum", "for", "while", "if", "call", "gemm"})


def product(b: Builder, x: Operand, y: Operand, t: Type) -> Value:
    """``x @ y`` of type `t`, with transpositions and constant factors in the call."""
    x, y = (z if z.type.dtype == t.dtype else b.emit("cast", z, dtype=t.dtype, weak=False) for z in (x, y))
    if x.type.rank == 1 and y.type.rank == 1:
        return b.emit("sum", b.emit("mul", x, y), axes=(0,), keepdims=False)
    if _is_tiny(x, y) or _by_loops(x, y):
        return _multiply_and_sum(b, x, y)
    if max(x.type.rank, y.type.rank) <= 2:
        return _gemm(b, x, y, t)
    return _batched(b, x, y, t)


def transposed_product(b: Builder, x: Operand, perm: Sequence[int]) -> Value | None:
    """``(p @ q).T`` as the product ``q.T @ p.T``, also for a stack of matrices; None where `x` is no product that was
    made here."""
    last = x.type.rank - 1
    if last < 1 or tuple(perm) != (*range(last - 1), last, last - 1):
        return None
    made = x.op.operands[0] if isinstance(x, Value) and x.op is not None and x.op.opcode == "reshape" else x
    op = made.op if isinstance(made, Value) else None
    if op is None or op.opcode != "gemm" or op not in b.region.ops or made.type.shape[-2:] != x.type.shape[-2:]:
        return None
    old, left, right, alpha, beta = op.operands
    if left.type.rank != made.type.rank or right.type.rank != made.type.rank:
        return None
    if not isinstance(old, Value) or old.op is None or old.op.opcode != "empty":
        return None
    *batch, m, n = made.type.shape
    flags = {"trans_a": not op.attrs["trans_b"], "trans_b": not op.attrs["trans_a"], "mutates": (0,)}
    out = b.op("empty", attrs={"shape": (*batch, n, m), "dtype": made.type.dtype}).result
    product = b.op("gemm", out, right, left, alpha, beta, attrs=flags).result
    *batch, m, n = x.type.shape
    return reshaped(b, product, (*batch, n, m))


def reshaped(b: Builder, x: Operand, shape: Sequence[Dim]) -> Value:
    """`x` with another shape of the same size."""
    if isinstance(x, Value) and x.type.shape == tuple(shape):
        return x
    return b.emit("reshape", x, shape=tuple(shape))


def untransposed(x: Operand) -> tuple[Operand, bool]:
    """The operand behind a transposition of a matrix."""
    op = x.op if isinstance(x, Value) else None
    if op is not None and op.opcode == "transpose" and tuple(op.attrs["perm"]) == (1, 0):
        return op.operands[0], True
    return x, False


def _batched(b: Builder, x: Operand, y: Operand, t: Type) -> Value:
    """A product with leading axes: one product where only the left operand has them, else a stack."""
    if y.type.rank <= 2 and x.type.rank > 2:
        rows = Type(t.dtype, x.type.shape[:-1]).size
        flat = reshaped(b, x, (rows, x.type.shape[-1]))
        return reshaped(b, _gemm(b, flat, y, Type(t.dtype, (rows, *y.type.shape[1:]))), t.shape)
    if x.type.rank == 1:
        x = reshaped(b, x, (ONE, *x.type.shape))
    if y.type.rank == 1:
        y = reshaped(b, y, (*y.type.shape, ONE))
    if x.type.shape[-1] == 1:  # a call of BLAS for every vector would cost more than the loops
        return reshaped(b, b.emit("mul", x, y), t.shape)
    if y.type.shape[-1] == 1:
        last = y.type.rank - 1
        row = b.emit("transpose", y, perm=(*range(last - 1), last, last - 1))
        products = b.emit("mul", x, row)
        return reshaped(b, b.emit("sum", products, axes=(products.type.rank - 1,), keepdims=False), t.shape)
    batch = t.shape[: max(x.type.rank, y.type.rank) - 2]
    count = Type(t.dtype, batch).size
    stacks, flags = [], []
    for z in (x, y):
        z, transposed = _unswapped(z)
        matrix = z.type.shape[-2:]
        if z.type.shape[:-2] != batch:
            z = b.emit("broadcast_to", z, shape=(*batch, *matrix))
        stacks.append(reshaped(b, z, (count, *matrix)))
        flags.append(transposed)
    left, right = stacks
    out = Type(t.dtype, (count, x.type.shape[-2], y.type.shape[-1]))
    return reshaped(b, _gemm(b, left, right, out, *flags), t.shape)


def _unswapped(x: Operand) -> tuple[Operand, bool]:
    """The stack of matrices of which the given one has the transposed ones."""
    op = x.op if isinstance(x, Value) else None
    if op is None or op.opcode != "transpose":
        return x, False
    last = x.type.rank - 1
    return (op.operands[0], True) if tuple(op.attrs["perm"]) == (*range(last - 1), last, last - 1) else (x, False)


def _is_tiny(x: Operand, y: Operand) -> bool:
    work = x.type.size * (y.type.shape[-1] if y.type.rank > 1 else ONE)
    return x.type.rank <= 2 and y.type.rank <= 2 and (work.is_const and work.const <= TINY_PRODUCT)


def _by_loops(x: Operand, y: Operand) -> bool:
    """Whether a matrix meets a vector, and would have to be copied for BLAS: loops read it where it is."""
    if {x.type.rank, y.type.rank} != {1, 2} or not x.type.is_float:
        return False
    matrix, _ = untransposed(x if x.type.rank == 2 else y)
    op = matrix.op if isinstance(matrix, Value) else None
    if op is None or op.opcode != "load":
        return False
    return all(isinstance(item, (At, Span)) for item in op.attrs["index"]) and not _lies_together(op)


def _multiply_and_sum(b: Builder, x: Operand, y: Operand) -> Value:
    """sum over k of x[i, k] * y[k, j], in the loop order i, k, j."""
    if x.type.rank == 2 and y.type.rank == 1:
        return b.emit("sum", b.emit("mul", x, y), axes=(1,), keepdims=False)
    index = (*(Span(ZERO, d) for d in x.type.shape), New())
    left = b.op("load", x, attrs={"index": index, "inbounds": True}).result
    return b.emit("sum", b.emit("mul", left, y), axes=(x.type.rank - 1,), keepdims=False)


def _gemm(b: Builder, x: Operand, y: Operand, t: Type, swapped_x: bool = False, swapped_y: bool = False) -> Value:
    """The product of `x` and `y`, or of what is in the stacks that have them transposed."""
    one = constant(1.0, Type(t.dtype))
    alpha: Operand = one
    x, trans_a, alpha = _plain(b, x, alpha)
    y, trans_b, alpha = _plain(b, y, alpha)
    attrs = {"trans_a": trans_a != swapped_x, "trans_b": trans_b != swapped_y, "mutates": (0,)}
    # BLAS reads no matrix where alpha is 0, and a NaN would be lost: a factor that is not known scales the result
    inside = alpha if isinstance(alpha, Const) else one
    out = b.op("empty", attrs={"shape": t.shape, "dtype": t.dtype}).result
    made = b.op("gemm", out, x, y, inside, constant(0.0, one.type), attrs=attrs).result
    return made if isinstance(alpha, Const) else b.emit("mul", made, alpha)


def _plain(b: Builder, x: Operand, alpha: Operand) -> tuple[Operand, bool, Operand]:
    """The matrix behind transpositions and scalings, whether it is transposed, and the factor."""
    x, transposed = untransposed(x)
    x, alpha = _unscaled(b, x, alpha)
    x, again = untransposed(x)
    _read_in_place(x)
    return x, transposed != again, alpha


def _read_in_place(x: Operand) -> None:
    """Make a load of elements that lie together in an array, as ``w[k]``, a view: BLAS needs them in memory."""
    op = x.op if isinstance(x, Value) else None
    if op is not None and op.opcode == "load" and in_memory(op.operands[0]) and _lies_together(op):
        op.opcode = "block"


def _lies_together(op: Op) -> bool:
    axes = list(zip(op.attrs["index"], op.operands[0].type.shape, strict=False))
    while axes and isinstance(axes[0][0], At):
        del axes[0]
    if not axes or not all(isinstance(item, Span) and item.step == 1 for item, _ in axes):
        return False
    return all(item.start == ZERO and item.size == extent for item, extent in axes[1:])


def in_memory(x: Operand) -> bool:
    """Whether an array is in memory, whoever reads it."""
    return isinstance(x, Value) and (x.op is None or x.op.opcode in _MEMORY)


def _unscaled(b: Builder, x: Operand, alpha: Operand) -> tuple[Operand, Operand]:
    """The matrix behind multiplications by scalars and negations, and the factor of the product with them."""
    while isinstance(x, Value) and x.op is not None and x.type.rank > 1 and x.op.opcode in ("mul", "neg"):
        arrays = [z for z in x.op.operands if z.type.shape]
        scalars = [z for z in x.op.operands if not z.type.shape]
        if len(arrays) != 1 or arrays[0].type != x.type or not all(z.type.is_float for z in scalars):
            break
        factor = scalars[0] if scalars else constant(-1.0, alpha.type)
        if isinstance(factor, Const) and isinstance(alpha, Const):
            value = alpha.value * factor.value
            if value == 0 or not math.isfinite(value):
                break
            alpha = constant(value, alpha.type)
        else:
            alpha = _times(b, factor, alpha)
        x = arrays[0]
    return x, alpha


def _times(b: Builder, factor: Operand, alpha: Operand) -> Operand:
    t = alpha.type
    if isinstance(factor, Const):
        factor = constant(factor.value, t)
    elif factor.type != t or factor.type.weak:
        factor = b.op("cast", factor, attrs={"dtype": t.dtype, "weak": False}, types=[t]).result
    if isinstance(alpha, Const) and alpha.value == 1:
        return factor
    return b.op("mul", factor, alpha, types=[t]).result
