"""Which ops may raise and which have effects: what may not be dropped, duplicated or moved.

`may_raise` is conservative: False is a proof (running out of memory is not counted). Facts about
ranges make it sharper for indices.
"""

from __future__ import annotations

from ..ir.dims import Dim
from ..ir.nodes import At, Const, Function, Gather, New, Op, Operand, Region, as_dim
from ..ir.opdef import opdef
from .bounds import Facts, prove_nonneg

_DIVISIONS = ("div", "floordiv", "mod")
# a singular or indefinite matrix; that a decomposition does not converge is not counted
_OF_REGULAR_MATRICES = frozenset(["solve", "solve_triangular", "inv", "cholesky"])
# functions of Python's math module that are defined, and finite, for every float
TOTAL_MATH = frozenset(["abs", "sign", "arctan", "tanh", "arcsinh", "erf", "erfc", "cbrt", "arctan2", "copysign"])


def _is_nonzero_constant(x: Operand) -> bool:
    return isinstance(x, Const) and x.value != 0


def _always_true(x: Operand) -> bool:
    return isinstance(x, Const) and bool(x.value)


def _weak_arithmetic_raises(op: Op) -> bool:
    if any(not x.type.weak for x in op.operands) or op.attrs.get("ieee"):
        return False
    if op.opcode in _DIVISIONS:
        return not _is_nonzero_constant(op.operands[1])
    if op.opcode == "pow":
        base, exponent = op.operands
        # ZeroDivisionError for 0 to a negative power, ValueError for a complex result, and OverflowError
        # for a float power that leaves the range
        integers = base.type.is_int and exponent.type.is_int
        return not (integers and isinstance(exponent, Const) and exponent.value >= 0)
    if op.opcode in ("shl", "shr"):
        shift = op.operands[1]
        return not (isinstance(shift, Const) and shift.value >= 0)
    return False


def in_range(index: Operand, extent: Dim, facts: Facts) -> bool:
    """Whether ``-extent <= index < extent`` is proved."""
    i = as_dim(index)
    return prove_nonneg(extent - 1 - i, facts) and prove_nonneg(i + extent, facts)


def _index_raises(op: Op, facts: Facts) -> bool:
    shape = op.operands[0].type.shape
    operands = iter(op.operands[1:])
    axis = 0
    for item in op.attrs["index"]:
        if isinstance(item, Gather):
            return True
        if isinstance(item, At) and not in_range(next(operands), shape[axis], facts):
            return True
        axis += not isinstance(item, New)
    return False


def _reduces_something(op: Op, facts: Facts) -> bool:
    """Whether every reduced extent is proved to be at least 1: these reductions have no identity."""
    axes = op.attrs["axes"] if "axes" in op.attrs else (op.attrs["axis"],)
    shape = op.operands[0].type.shape
    return all(prove_nonneg(shape[k] - 1, facts) for k in axes)


def may_raise(op: Op, facts: Facts | None = None, callees: dict[str, Function] | None = None) -> bool:
    """Whether running the op, its regions included, may raise an exception.

    A `call` may raise unless `callees` has its callee and nothing in it may; a `while` is not
    asked whether it ends.
    """
    return _raises(op, facts or Facts(), callees or {}, frozenset())


def _raises(op: Op, facts: Facts, callees: dict[str, Function], calling: frozenset[str]) -> bool:
    code = op.opcode
    if code == "check":
        return not _always_true(op.operands[0])
    if code == "call":
        name = op.attrs["callee"]
        if name in calling:  # recursion: its depth is not bounded, and RecursionError is an exception
            return True
        callee = callees.get(name)
        if callee is None:
            return True
        return _region_raises(callee.body, Facts(), {**callees, **callee.callees}, calling | {name})
    if code in ("load", "store", "accum"):
        return _index_raises(op, facts)
    if code in ("max", "min", "argmax", "argmin"):
        return not _reduces_something(op, facts)
    if op.attrs.get("math"):
        return code not in TOTAL_MATH
    if code in _OF_REGULAR_MATRICES:
        return True
    if op.regions:
        inner = facts.inside(op) if code == "for" else facts
        return any(_region_raises(r, inner, callees, calling) for r in op.regions)
    if code == "cast":
        # int() of a nan or an infinity, as Python has it
        x = op.operands[0].type
        return op.result.type.is_int and op.result.type.weak and x.is_float
    return _weak_arithmetic_raises(op)


def _region_raises(region: Region, facts: Facts, callees: dict[str, Function], calling: frozenset[str]) -> bool:
    return any(_raises(op, facts, callees, calling) for op in region.ops)


def has_effect(op: Op, callees: dict[str, Function] | None = None) -> bool:
    """Whether the op, its regions and callees included, prints or checks."""

    def effect(op: Op, calling: frozenset[str]) -> bool:
        if op.opcode == "check":
            return not _always_true(op.operands[0])
        if opdef(op.opcode).effect:
            return True
        if op.opcode == "call":
            name = op.attrs["callee"]
            callee = (callees or {}).get(name)
            if callee is None:
                return True
            inner = calling | {name}
            return name not in calling and any(effect(o, inner) for o in callee.body.ops)
        return any(effect(o, calling) for r in op.regions for o in r.ops)

    return effect(op, frozenset())


def is_pure(op: Op, facts: Facts | None = None, callees: dict[str, Function] | None = None) -> bool:
    """No effect, no exception, no tape: an unused pure op may be dropped, an equal one shared."""
    if any(x.type.tape for x in (*op.operands, *op.results)):
        return False
    return not has_effect(op, callees) and not may_raise(op, facts, callees)
