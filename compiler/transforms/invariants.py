"""Numbers that are the same in every iteration of a loop are computed before it, once differentiation is to come.

A compiler does that for the loop as it stands. For its adjoint it is more: what a sweep adds to the adjoints of all
factors, iteration by iteration, becomes one sum, and the factors get their parts of that after the loop.

Before::                                              after::

    for %j:                                               %t = mul %alpha, %a
      %t = mul %alpha, %a                                 for %j:
      %u = load %b, %j                                      %u = load %b, %j
      %v = mul %t, %u                                       %v = mul %t, %u
      accum %c, %j, %v                                      accum %c, %j, %v

It is done for scalar arithmetic and single elements of arrays that the loop leaves alone, where neither may raise. A
loop that may have no iteration sends a cotangent of zero to what stands before it then: only what is finite where the
arguments are leaves such a loop (Note [Strong zero] in `context`).
"""

from __future__ import annotations

from ..analysis.bounds import facts_before, prove_nonneg, runs_if_nonneg
from ..analysis.dataflow import defined_inside
from ..analysis.effects import may_raise
from ..ir.nodes import At, Const, Function, Op, Region, Value, clone_function
from ..ir.opdef import opdef
from .context import StrongZero


def hoist_invariants(fn: Function) -> Function:
    """A copy of a function and of its callees, with invariant numbers before their loops."""
    new = clone_function(fn)
    new.callees = {name: clone_function(f) for name, f in fn.callees.items()}
    for f in (new, *new.callees.values()):
        f.callees = {name: new.callees[name] for name in f.callees}
        _Hoister(f).region(f.body)
    return new


class _Hoister:
    def __init__(self, fn: Function):
        self.facts = facts_before(fn)
        self.zeros = StrongZero(fn, set(fn.params))

    def region(self, region: Region) -> None:
        for op in list(region.ops):
            for r in op.regions:
                self.region(r)
            if op.opcode == "for":
                self._loop(op, region)

    def _loop(self, loop: Op, region: Region) -> None:
        body, facts = loop.regions[0], self.facts[loop]
        runs = isinstance(loop.operands[2], Const) and prove_nonneg(runs_if_nonneg(loop), facts)
        inside: set[Value] = defined_inside([body])
        for op in list(body.ops):
            if not _is_number(op) or not inside.isdisjoint(op.used_values()) or may_raise(op, facts):
                continue
            if not runs and self.zeros.risky(op.result):
                continue
            body.ops.remove(op)
            region.ops.insert(region.ops.index(loop), op)
            inside.difference_update(op.results)
            self.facts[op] = facts


def _is_number(op: Op) -> bool:
    if op.regions or len(op.results) != 1 or not op.result.type.is_scalar or not op.result.type.is_float:
        return False
    if op.opcode == "load":
        return all(isinstance(i, At) for i in op.attrs["index"])
    return opdef(op.opcode).kind == "elementwise"
