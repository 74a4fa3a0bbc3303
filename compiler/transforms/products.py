"""Fewer and plainer matrix products in adjoints.

The reverse of ``x.T @ x`` contributes twice to the adjoint of ``x``, once through each operand. Two products that share
a factor become one, and the transpose of a product takes those of its factors where that takes fewer.

Before::                                    after::

    u = (c_adj @ d.T).T                         d_adj = d @ (c_adj + c_adj.T)
    d_adj = d @ c_adj + u

Only what differentiation made is changed (``attrs["reverse"]``), and only products that nothing else reads. The order
of additions inside a product changes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..analysis.dataflow import region_uses, replace_everywhere
from ..ir.builder import Builder
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value
from .dce import drop_dead


def factor_products(fn: Function) -> Function:
    """Rewrite the adjoint's sums and transposes of products, in `fn` itself and in its callees."""
    for f in (fn, *fn.callees.values()):
        if any(op.opcode == "matmul" and op.attrs.get("reverse") for op in f.body.walk()):
            _Products(f).region(f.body)
            drop_dead(f)
    return fn


@dataclass(frozen=True, slots=True)
class _Factor:
    """A matrix, or its transpose."""

    matrix: Operand
    transposed: bool

    @staticmethod
    def of(x: Operand) -> _Factor:
        op = _made_by(x, "transpose")
        return _Factor(op.operands[0], True) if op is not None else _Factor(x, False)

    @property
    def T(self) -> _Factor:
        return _Factor(self.matrix, not self.transposed)

    def emit(self, b: Builder) -> Operand:
        return b.emit("transpose", self.matrix, perm=(1, 0), reverse=True) if self.transposed else self.matrix


class _Products:
    def __init__(self, fn: Function):
        self.fn = fn
        self.uses = Counter(region_uses(fn.body))

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)
            if op.attrs.get("reverse") and op.opcode in ("add", "transpose") and op.result.type.rank == 2:
                b = Builder(Region(), op.loc)
                new = self._sum(op, b) if op.opcode == "add" else self._transpose(op, b)
                if new is not None:
                    at = region.ops.index(op)
                    region.ops[at : at + 1] = b.region.ops
                    replace_everywhere(self.fn.body, Substitution({op.result: new}))
                    self.uses = Counter(region_uses(self.fn.body))

    def _sum(self, op: Op, b: Builder) -> Operand | None:
        """One product for the sum of two with a common factor."""
        first, second = (self._product(x) for x in op.operands)
        if first is None or second is None or op.operands[0] is op.operands[1]:
            return None
        (l1, r1), (l2, r2) = first, second
        if l1 == l2 and r1.matrix.type.dtype == r2.matrix.type.dtype:
            right = b.emit("add", r1.emit(b), r2.emit(b), reverse=True)
            return self._made(b, l1.emit(b), right, op)
        if r1 == r2 and l1.matrix.type.dtype == l2.matrix.type.dtype:
            left = b.emit("add", l1.emit(b), l2.emit(b), reverse=True)
            return self._made(b, left, r1.emit(b), op)
        return None

    def _transpose(self, op: Op, b: Builder) -> Operand | None:
        """The product of the transposed factors, where one of them is a transpose already."""
        product = self._product(op.result, own=True)
        if product is None or all(f.transposed for f in product):
            return None
        left, right = product
        return self._made(b, left.emit(b), right.emit(b), op)

    @staticmethod
    def _made(b: Builder, left: Operand, right: Operand, op: Op) -> Operand | None:
        new = b.op("matmul", left, right, attrs={"reverse": True}, hint=op.result.hint)
        return new.result if new.result.type == op.result.type else None

    def _product(self, x: Operand, own: bool = False) -> tuple[_Factor, _Factor] | None:
        """The factors of a product of matrices, or of the transpose of one, that nothing else reads; `own`: however
        often `x` itself is read."""
        if not isinstance(x, Value) or (self.uses[x] != 1 and not own):
            return None
        outer = _made_by(x, "transpose")
        if outer is not None:
            x = outer.operands[0]
            if not isinstance(x, Value) or self.uses[x] != 1:
                return None
        op = _made_by(x, "matmul")
        if op is None or not op.attrs.get("reverse") or any(z.type.rank != 2 for z in op.operands):
            return None
        left, right = (_Factor.of(z) for z in op.operands)
        return (right.T, left.T) if outer is not None else (left, right)


def _made_by(x: Operand, opcode: str) -> Op | None:
    op = x.op if isinstance(x, Value) else None
    if op is None or op.opcode != opcode or (opcode == "transpose" and tuple(op.attrs["perm"]) != (1, 0)):
        return None
    return op
