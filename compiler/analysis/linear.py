"""Whether a function is linear in some of its parameters, which the rule of a `custom_jvp` has to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..ir.nodes import Function, Op, Operand, Value
from ..ir.opdef import opdef
from .activity import varied_values
from .dataflow import is_zero

_LINEAR = frozenset({"neg", "copy", "cast", "stop_gradient", "sum", "cumsum"})
_SUMS = frozenset({"add", "sub"})
_PRODUCTS = frozenset({"mul", "mul0", "matmul"})
_FIRST_ONLY = frozenset({"div", "div0"})  # in the numerator
_NOT_FIRST = frozenset({"where", "solve", "solve_triangular"})  # not in the condition, nor in the matrix
_MOVES = frozenset({"shape", "index", "create", "control", "effect", "tape"})


def nonlinear_op(fn: Function, params: Iterable[int], callees: Mapping[str, Function]) -> Op | None:
    """An op that makes something of the given float parameters that is not linear in them; None where there is none.

    Functions of several of them at once are looked at: ``a * t`` and ``s + t`` are linear in (s, t), ``s * t`` and
    ``t + 1.0`` are not. Values that are put together by indexing are taken to be linear.
    """
    varied = varied_values(fn.body, [fn.params[k] for k in params], lambda op, k: True)
    for op in fn.body.walk():
        taken = [k for k, x in enumerate(op.operands) if x in varied and x.type.is_float]
        if not taken:
            continue
        if op.opcode == "call":
            inner = nonlinear_op(callees[op.attrs["callee"]], taken, callees)
            if inner is not None:
                return inner
        elif not _is_linear(op, taken):
            return op
    return None


def _is_linear(op: Op, taken: list[int]) -> bool:
    code = op.opcode
    if code in _LINEAR:
        return op.result.type.is_float
    others = [x for k, x in enumerate(op.operands) if k not in taken]
    if code in _SUMS:
        return all(map(_is_zero, others))
    if code in _PRODUCTS:
        return len(taken) == 1
    if code in _FIRST_ONLY:
        return taken == [0]
    if code in _NOT_FIRST:
        return 0 not in taken and (code != "where" or all(map(_is_zero, others[1:])))
    return opdef(code).kind in _MOVES


def _is_zero(x: Operand) -> bool:
    if isinstance(x, Value) and x.op is not None and x.op.opcode in ("full", "broadcast_to", "cast", "neg"):
        return _is_zero(x.op.operands[0])
    return is_zero(x)
