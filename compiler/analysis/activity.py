"""Which values are active: varied (depend differentiably on an input) and useful (the result on them).

After Hascoët, Naumann and Pascual: varied runs forwards, useful backwards, both to a fixpoint over
loops. A value is active when it is both. `influenced` follows every data dependence, so that a
result that depends on an argument only through steps can be told from one that does not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import PullbackTypeError
from ..ir.nodes import Function, Op, Operand, Region, Value
from ..ir.opdef import opdef
from ..ir.types import Type
from .structure import free_values, loop_of


def differentiable_type(t: Type) -> bool:
    """Floats, and tapes of floats."""
    return t.dtype[0] == "f"


def carries_derivative(op: Op, k: int) -> bool:
    """Whether the derivative of the results by operand k can be non-zero (control ops excluded)."""
    x = op.operands[k]
    if not differentiable_type(x.type):
        return False
    if op.opcode == "load":
        return k == 0
    if op.opcode in ("store", "accum"):
        return k == 0 or k == len(op.operands) - 1
    if op.opcode in ("tape_push", "tape_pop", "call", "print", "check"):
        return op.opcode not in ("print", "check")
    entry = opdef(op.opcode)
    if entry.zero:
        return False
    if isinstance(entry.vjp, tuple):
        return entry.vjp[k] is not None
    return True


def require_derivatives(call: Op, callee: Function, wrt: Iterable[int]) -> None:
    """Raise PullbackTypeError where a call is differentiated by an operand by which the callee's own rule gives no
    derivative."""
    for k in wrt:
        if k in callee.attrs.get("constant", ()):
            what, name = callee.params[k].hint or "an argument", callee.name.removesuffix("_custom")
            raise PullbackTypeError(
                f"the rule of {name} gives no derivative by {what}, which depends on what is differentiated by",
                call.loc,
                "it is named by nondiff_argnums or read from outside: make it a differentiated argument, or pass "
                f"pb.stop_gradient({what})",
            )


Follow = Callable[[Op, int], bool]


def varied_values(region: Region, start: Iterable[Value], follow: Follow = carries_derivative) -> set[Value]:
    """Values that depend on `start` through operands accepted by `follow`."""
    varied = set(start)
    any_type = follow is not carries_derivative

    def is_varied(x: Operand) -> bool:
        return isinstance(x, Value) and x in varied

    def mark(v: Value) -> None:
        if any_type or differentiable_type(v.type):
            varied.add(v)

    def scan(r: Region) -> None:
        for op in r.ops:
            if op.opcode in ("for", "while"):
                loop = loop_of(op)
                controlled = any_type and any(is_varied(x) for x in op.operands[:3] if op.opcode == "for")
                while True:
                    before = len(varied)
                    if op.opcode == "while":
                        for p, init in zip(op.regions[0].params, op.operands, strict=True):
                            if is_varied(init):
                                mark(p)
                        for p, b in zip(op.regions[0].params, loop.params, strict=True):
                            if b in varied:
                                mark(p)
                        scan(op.regions[0])
                    for p, init, res, y in zip(loop.params, loop.inits, loop.results, loop.yields, strict=True):
                        if is_varied(init) or is_varied(y) or controlled:
                            mark(p)
                            mark(res)
                    scan(loop.body)
                    for p, res, y in zip(loop.params, loop.results, loop.yields, strict=True):
                        if is_varied(y):
                            mark(p)
                            mark(res)
                    if len(varied) == before:
                        break
            elif op.opcode == "if":
                for sub in op.regions:
                    scan(sub)
                chosen = any_type and is_varied(op.operands[0])
                for k, res in enumerate(op.results):
                    if chosen or any(is_varied(sub.yields[k]) for sub in op.regions):
                        mark(res)
            elif any(is_varied(x) and follow(op, k) for k, x in enumerate(op.operands)):
                for res in op.results:
                    mark(res)

    scan(region)
    return varied


def useful_values(region: Region, results: Iterable[Operand]) -> set[Value]:
    """Values on which `results` depend differentiably."""
    useful = {x for x in results if isinstance(x, Value)}

    def mark(x: Operand) -> None:
        if isinstance(x, Value) and differentiable_type(x.type):
            useful.add(x)

    def scan(r: Region) -> None:
        for op in reversed(r.ops):
            if op.opcode in ("for", "while"):
                loop = loop_of(op)
                while True:
                    before = len(useful)
                    for p, init, res, y in zip(loop.params, loop.inits, loop.results, loop.yields, strict=True):
                        if res in useful or p in useful:
                            mark(y)
                            mark(init)
                    scan(loop.body)
                    if len(useful) == before:
                        break
            elif op.opcode == "if":
                for k, res in enumerate(op.results):
                    if res in useful:
                        for sub in op.regions:
                            mark(sub.yields[k])
                for sub in op.regions:
                    scan(sub)
            elif any(res in useful for res in op.results):
                for k, x in enumerate(op.operands):
                    if carries_derivative(op, k):
                        mark(x)

    scan(region)
    return useful


def active_values(fn: Function, wrt: list[int], results: list[int] | None = None) -> set[Value]:
    """Values both varied by the parameters `wrt` and useful to the (float) yields `results`."""
    starts = [fn.params[k] for k in wrt]
    chosen = range(len(fn.body.yields)) if results is None else results
    ends = [fn.body.yields[k] for k in chosen if differentiable_type(fn.body.yields[k].type)]
    return varied_values(fn.body, starts) & useful_values(fn.body, ends)


def influenced(fn: Function, param: int) -> bool:
    """Whether any yield depends on the parameter at all, steps and comparisons included."""
    reached = varied_values(fn.body, [fn.params[param]], follow=lambda op, k: True)
    return any(isinstance(y, Value) and y in reached for y in fn.body.yields)


__all__ = [
    "active_values",
    "carries_derivative",
    "differentiable_type",
    "free_values",
    "influenced",
    "useful_values",
    "varied_values",
]
