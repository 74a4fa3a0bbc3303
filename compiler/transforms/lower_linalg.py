"""Dense linear algebra at the native level: calls of the runtime into a buffer, and a check that they succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..ir.builder import constant
from ..ir.dims import ONE
from ..ir.nodes import Op, Operand, Value
from ..ir.types import Type

if TYPE_CHECKING:
    from .lower_decompose import _Decomposer

_FAILURE = {
    "cholesky": "Matrix is not positive definite",
    "eigvalsh": "Eigenvalues did not converge",
    "eigvecsh": "Eigenvalues did not converge",
    **dict.fromkeys(("svdvals", "svd_u", "svd_vh", "pinv"), "SVD did not converge"),
}


def into_memory(d: _Decomposer, op: Op) -> list[Operand] | None:
    """``solve``, ``inv`` and their like as their ``_into`` ops, whose second result is 0 for success."""
    dtype = op.result.type.dtype
    xs = [x if x.type.dtype == dtype else d.b.emit("cast", x, dtype=dtype, weak=False) for x in d.xs(op)]
    attrs = {k: d.subst.attr(v) for k, v in op.attrs.items()}
    if op.opcode == "solve":
        xs[0], attrs["trans"] = d.untransposed(xs[0])
    attrs["mutates"] = (0,)
    shape = d.subst.type(op.result.type).shape
    column = op.opcode.startswith("solve") and len(shape) == 1  # a right-hand side is a matrix for the runtime
    if column:
        xs[1] = d.b.emit("reshape", xs[1], shape=(*shape, ONE))
    out = d.b.op("empty", attrs={"shape": (*shape, ONE) if column else shape, "dtype": dtype}).result
    result, failure = d.b.op(f"{op.opcode}_into", out, *xs, attrs=attrs, hints=[op.result.hint, "failure"]).results
    succeeded = d.b.op("eq", failure, constant(0), types=[Type("b1")]).result
    d.check(succeeded, "LinAlgError", _FAILURE.get(op.opcode, "Singular matrix"))
    return [d.b.emit("reshape", result, shape=shape) if column else result]


def of_transpose(d: _Decomposer, op: Op) -> list[Operand] | None:
    """A function of the determinant does not see transposition."""
    (x,) = d.xs(op)
    source, transposed = d.untransposed(x)
    if not transposed:
        return None
    value: Value = d.b.op(op.opcode, source, hint=op.result.hint).result
    return [value]


INTO_MEMORY: Sequence[str] = (
    "solve", "solve_triangular", "inv", "cholesky", "eigvalsh", "eigvecsh",
    "qr_q", "qr_r", "svdvals", "svd_u", "svd_vh", "pinv",
)  # fmt: skip
OF_DETERMINANT: Sequence[str] = ("det", "logabsdet", "detsign")
