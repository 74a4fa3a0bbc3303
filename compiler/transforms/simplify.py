"""Makes a function smaller without changing what it computes.

Constant folding, exact algebraic identities, common subexpressions (of a region and those around it),
branches on constants, carries that never change, and dead code. Guarantees: results are equal bit for
bit (a product with zero is never folded: it may be NaN; ``x + 0.0`` neither: x may be -0.0), the same
exceptions are raised by the same ops, effects stay in order. Only an op flagged
``attrs["reverse"]`` (made by differentiation) may be dropped although it may raise.
Runs before `inplace`: it takes ``copy x`` for x.

::

    %c = mul 2.0, 3.0 : float                     %a = mul %x, 6.0 : f64[n0]
    %a = mul %x, %c : f64[n0]               ==>   return %a
    %d = exp %a : f64[n0]
    %e = mul %a, 1.0 : f64[n0]
    return %e
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import (
    Const,
    Function,
    Index,
    Op,
    Operand,
    Region,
    Span,
    Substitution,
    Value,
    referenced_callees,
)
from ..ir.opdef import opdef
from ..ir.types import INT, Type
from .dce import drop_dead

_MAX_ROUNDS = 10  # one round exposes work for the next; three are typical


def simplify(fn: Function) -> Function:
    """A simplified copy of a function and of its callees; callees that nothing calls are dropped."""
    callees = {name: _simplify_body(f, fn.callees) for name, f in fn.callees.items()}
    result = _simplify_body(fn, callees)
    for f in (*callees.values(), result):
        f.callees = {name: callees[name] for name in referenced_callees(f, callees)}
    return result


def _simplify_body(fn: Function, callees: dict[str, Function]) -> Function:
    body = fn.body
    new = fn
    for _ in range(_MAX_ROUNDS):
        rebuilder = _Rebuilder()
        body = rebuilder.function_body(body)
        new = Function(fn.name, body, list(fn.assumptions), callees, dict(fn.attrs))
        if not (drop_dead(new) or rebuilder.changed):
            break
    return new


def _same(x: Operand, y: Operand) -> bool:
    """Whether two operands are certainly the same bits."""
    if isinstance(x, Const) and isinstance(y, Const):
        return _const_key(x) == _const_key(y)
    return x is y


def _const_key(x: Const) -> tuple[Any, ...]:
    value = x.value
    exact = value if value == value and value != 0 else repr(value)  # 0.0 and -0.0 differ, nan is nan
    return ("const", exact, x.type)


def _attr_key(a: Any) -> Any:
    if isinstance(a, tuple):
        return tuple(_attr_key(x) for x in a)
    return (type(a).__name__, repr(a) if isinstance(a, float) else a)


_REMARKS = frozenset(("reverse", "retained"))  # about an op, no part of what it computes
_NOT_SHARED = frozenset(("store", "accum", "copy", "stop_gradient"))  # written in place later, or barriers


def _cse_key(op: Op) -> Any:
    """Equal for ops that compute the same; None for those that must stay apart."""
    entry = opdef(op.opcode)
    if entry.kind in ("control", "effect", "tape") or op.opcode in _NOT_SHARED:
        return None
    if entry.kind == "create" and op.results[0].type.is_array:
        return None  # a fresh buffer is cheaper than a copy of a shared one
    operands = tuple(_const_key(x) if isinstance(x, Const) else x for x in op.operands)
    attrs = tuple(sorted((k, _attr_key(v)) for k, v in op.attrs.items() if k not in _REMARKS)) if op.attrs else ()
    types = tuple((r.type.dtype, r.type.weak, tuple(_extent_key(d, op) for d in r.type.shape)) for r in op.results)
    return op.opcode, operands, attrs, types


def _extent_key(d: Dim, op: Op) -> Dim | None:
    """Extents that the op itself makes (nonzero) cannot be compared."""
    return None if any(v.op is op for v in d.values()) else d


class _Rebuilder:
    """Copies a function body, op by op, leaving out what is known already."""

    def __init__(self) -> None:
        self.known = Substitution()
        self.available: dict[Any, Op] = {}  # what the region and those around it have computed so far
        self.added: list[list[Any]] = []  # the keys of each of these regions
        self.changed = False

    def function_body(self, body: Region) -> Region:
        return self.region(body, [])

    # -- regions ----------------------------------------------------------------------------------
    def region(self, old: Region, dropped: list[int]) -> Region:
        new = Region()
        for k, p in enumerate(old.params):
            if k not in dropped:
                v = Value(self.known.type(p.type), p.hint)
                new.params.append(v)
                self.known.map[p] = v
        self.added.append([])
        self.ops(old.ops, new)
        for key in self.added.pop():
            del self.available[key]
        new.yields = [self.known.operand(y) for y in old.yields]
        return new

    def ops(self, ops: list[Op], new: Region) -> None:
        for op in ops:
            replaced = self.rebuild(op, new)
            if replaced is not None:
                self.changed = True
                for result, x in zip(op.results, replaced, strict=True):
                    self.known.map[result] = x

    def rebuild(self, old: Op, new: Region) -> list[Operand] | None:
        """Emit the simplified op; or return what its results are equal to."""
        operands = [self.known.operand(x) for x in old.operands]
        if old.opcode == "if" and isinstance(operands[0], Const):
            return self._taken_branch(old, operands[0], new)
        if old.opcode == "for" and _never_runs(operands):
            self.changed = True
            count: list[Operand] = [Const(0, INT)] if old.attrs.get("stop") else []
            return [*count, *operands[3:]]
        op = Op(old.opcode, operands, {k: self.known.attr(v) for k, v in old.attrs.items()}, [], [], old.loc)
        if old.opcode in ("for", "while"):
            self._loop(old, op, new)
            return None
        if old.regions:
            op.regions = [self.region(r, []) for r in old.regions]
        for r in old.results:
            v = Value(self.known.type(r.type), r.hint, op)
            op.results.append(v)
            self.known.map[r] = v
        if op.regions:
            new.ops.append(op)
            self._equal_yields(old, op)
            return None
        simpler = self._simpler(op, new)
        if simpler is not None:
            return [simpler]
        key = _cse_key(op)
        if key is not None:
            same = self.available.get(key)
            if same is not None:
                if not op.attrs.get("reverse"):
                    same.attrs.pop("reverse", None)
                return list(same.results)
            self.available[key] = op
            self.added[-1].append(key)
        new.ops.append(op)
        return None

    def _simpler(self, op: Op, new: Region) -> Operand | None:
        """An operand equal to the only result of an op, or of a cheaper op that is emitted for it."""
        if len(op.results) != 1:
            return None
        known: Operand | None = _folded(op)
        if known is None:
            known = _identity(op)
        if known is not None and known.type == op.result.type:
            return known
        rewritten = _rewritten(op)
        if rewritten is not None:
            opcode, operands, attrs = rewritten
            made = Builder(new, op.loc).op(opcode, *operands, attrs=attrs, hint=op.result.hint)
            if made.result.type == op.result.type:
                return made.result
            new.ops.pop()
        return None

    # -- control ------------------------------------------------------------------------------------
    def _taken_branch(self, old: Op, condition: Const, new: Region) -> list[Operand]:
        taken = old.regions[0 if condition.value else 1]
        self.ops(taken.ops, new)
        yields = [self.known.operand(y) for y in taken.yields]
        return [self._as(y, self.known.type(r.type), new, old) for y, r in zip(yields, old.results, strict=True)]

    @staticmethod
    def _as(x: Operand, type: Type, new: Region, cause: Op) -> Operand:
        """The operand with exactly the type: yields may differ from results in being weak."""
        if x.type == type:
            return x
        return Builder(new, cause.loc).emit("cast", x, dtype=type.dtype, weak=type.weak)

    def _equal_yields(self, old: Op, op: Op) -> None:
        """A result of `if` that both branches take from the same place is that place's value."""
        for k, r in enumerate(op.results):
            x, y = (region.yields[k] for region in op.regions)
            if _same(x, y) and x.type == r.type and self.known.map[old.results[k]] is r:
                inside = isinstance(x, Value) and any(x in o.results for o in op.regions[0].walk())
                if not inside:
                    self.changed = True
                    self.known.map[old.results[k]] = x

    def _loop(self, old: Op, op: Op, new: Region) -> None:
        """Copy a loop without the carries that never change."""
        is_for = old.opcode == "for"
        first_init, first_param = (3, 1) if is_for else (0, 0)
        counts = bool(old.attrs.get("stop" if is_for else "counted"))
        first_yield = 1 if is_for and counts else 0
        body = old.regions[-1]
        dropped: list[int] = []
        for k, init in enumerate(op.operands[first_init:]):
            result = old.results[k + counts]
            params = [r.params[k + first_param] for r in old.regions]
            y = body.yields[k + first_yield]
            unchanged = y in params[-1:] or _same(self.known.operand(y), init)
            exact = init.type == self.known.type(result.type) and init.type == self.known.type(params[0].type)
            if unchanged and exact and not result.type.tape:
                dropped.append(k)
                for v in (*params, result):
                    self.known.map[v] = init
        self.changed |= bool(dropped)
        op.operands = [x for k, x in enumerate(op.operands, -first_init) if k not in dropped]
        op.regions = [self.region(r, [k + first_param for k in dropped]) for r in old.regions]
        loop_body = op.regions[-1]
        loop_body.yields = [y for k, y in enumerate(loop_body.yields, -first_yield) if k not in dropped]
        for k, r in enumerate(old.results, -int(counts)):
            if k not in dropped:
                v = Value(self.known.type(r.type), r.hint, op)
                op.results.append(v)
                self.known.map[r] = v
        new.ops.append(op)


def _never_runs(operands: list[Operand]) -> bool:
    bounds = operands[:3]
    if not all(isinstance(b, Const) for b in bounds):
        return False
    lo, hi, step = (int(b.value) for b in bounds if isinstance(b, Const))
    return step != 0 and len(range(lo, hi, step)) == 0


# -- constants ------------------------------------------------------------------------------------------
def _folded(op: Op) -> Const | None:
    """The constant an op of constants computes; None where it raises."""
    entry = opdef(op.opcode)
    type = op.result.type
    if op.opcode == "extent":
        dim: Dim = op.attrs["dim"]
        return Const(dim.const, INT) if dim.is_const else None
    if entry.kind not in ("elementwise", "create") or not type.is_scalar or op.opcode == "empty":
        return None
    if not op.operands or not all(isinstance(x, Const) for x in op.operands):
        return None
    xs = [x.value if x.type.weak else x.type.numpy.type(x.value) for x in op.operands if isinstance(x, Const)]
    try:
        with np.errstate(all="ignore"):
            y = entry.evaluate(op.attrs, *xs)
            if not type.weak:
                y = np.asarray(y).astype(type.numpy)[()]
    except (ArithmeticError, ValueError, TypeError):
        return None
    return Const(float(y) if type.is_float else bool(y) if type.is_bool else int(y), type)


def _is(x: Operand, value: float) -> bool:
    """Whether an operand is this constant, the sign of zero included."""
    return isinstance(x, Const) and x.value == value and math.copysign(1, x.value) == math.copysign(1, value)


def _op_of(x: Operand, opcode: str) -> Op | None:
    return x.op if isinstance(x, Value) and x.op is not None and x.op.opcode == opcode else None


_OF_EQUALS = {"eq": True, "le": True, "ge": True, "ne": False, "lt": False, "gt": False}


# -- identities -----------------------------------------------------------------------------------------
def _identity(op: Op) -> Operand | None:
    """An operand (or an operand of an operand) that is exactly the result, but for its type."""
    code, xs = op.opcode, op.operands
    if code in ("cast", "copy", "reshape", "broadcast_to") and xs[0].type == op.result.type:
        return xs[0]
    if code == "mul":
        return xs[0] if _is(xs[1], 1) else xs[1] if _is(xs[0], 1) else None
    if code in ("div", "pow") and _is(xs[1], 1):
        return xs[0]
    if code == "sub" and _is(xs[1], 0):
        return xs[0]
    if code == "add":
        # x + (-0.0) is x; x + 0.0 turns -0.0 into 0.0, which no sum of adjoints minds
        adjoint = bool(op.attrs.get("reverse"))
        for x, zero in (xs, reversed(xs)):
            if (_is(zero, -0.0) and zero.type.is_float) or (_is(zero, 0) and (adjoint or x.type.is_int)):
                return x
    if code in ("neg", "logical_not") and (inner := _op_of(xs[0], code)):
        return inner.operands[0]
    if code in _OF_EQUALS and op.result.type.is_scalar and xs[0].type.is_int and _same(xs[0], xs[1]):
        return Const(_OF_EQUALS[code], op.result.type)
    if code in ("logical_and", "logical_or") and op.result.type.is_scalar:
        decided = _is_false if code == "logical_and" else _is_true
        if any(map(decided, xs)):
            return Const(code == "logical_or", op.result.type)
    if code == "logical_and":
        return xs[0] if _is_true(xs[1]) else xs[1] if _is_true(xs[0]) else None
    if code == "logical_or":
        return xs[0] if _is_false(xs[1]) else xs[1] if _is_false(xs[0]) else None
    if code == "where":
        if isinstance(xs[0], Const):
            return xs[1] if xs[0].value else xs[2]
        return xs[1] if _same(xs[1], xs[2]) else None
    if code == "transpose" and op.attrs["perm"] == tuple(range(len(op.attrs["perm"]))):
        return xs[0]
    if code == "sum" and not op.attrs["axes"]:
        return xs[0]
    if code == "load":
        return _loaded(op)
    if code == "store":
        return xs[0] if _is_there(op) else None
    return None


def _is_there(store: Op) -> bool:
    """Whether what is stored was loaded from the same place of the same version."""
    load = _op_of(store.operands[-1], "load")
    return (
        load is not None
        and load.operands[0] is store.operands[0]
        and load.attrs["index"] == store.attrs["index"]
        and all(_same(a, b) for a, b in zip(load.operands[1:], store.operands[1:-1], strict=True))
    )


def _is_true(x: Operand) -> bool:
    return isinstance(x, Const) and x.type.is_bool and bool(x.value)


def _is_false(x: Operand) -> bool:
    return isinstance(x, Const) and x.type.is_bool and not x.value


def _loaded(op: Op) -> Operand | None:
    """The whole array, or what was stored last at exactly the same place."""
    index: Index = op.attrs["index"]
    array = op.operands[0]
    whole = tuple(Span(Dim.of(0), d) for d in array.type.shape)
    if index == whole:
        return array
    store = _op_of(array, "store")
    if store is None or store.attrs["index"] != index:
        return None
    places = zip(op.operands[1:], store.operands[1:-1], strict=True)
    # a scalar index cannot repeat a place; index arrays can
    if all(_same(a, b) and a.type.is_scalar for a, b in places):
        return store.operands[-1]
    return None


def _rewritten(op: Op) -> tuple[str, list[Operand], dict[str, Any]] | None:
    """An op that computes exactly the same from fewer or cheaper ops."""
    code, xs = op.opcode, op.operands
    derived = {"reverse": True} if op.attrs.get("reverse") else {}
    if code in ("add", "sub") and (inner := _op_of(xs[1], "neg")):
        return ("sub" if code == "add" else "add"), [xs[0], inner.operands[0]], derived
    if code == "add" and (inner := _op_of(xs[0], "neg")):
        return "sub", [xs[1], inner.operands[0]], derived
    if code == "mul":
        if _is(xs[1], -1):
            return "neg", [xs[0]], derived
        if _is(xs[0], -1):
            return "neg", [xs[1]], derived
        left, right = _op_of(xs[0], "neg"), _op_of(xs[1], "neg")
        if left and right:
            return "mul", [left.operands[0], right.operands[0]], derived
    if code == "transpose" and (inner := _op_of(xs[0], "transpose")):
        perm = tuple(inner.attrs["perm"][k] for k in op.attrs["perm"])
        return "transpose", [inner.operands[0]], {"perm": perm, **derived}
    if code == "reshape" and (inner := _op_of(xs[0], "reshape")):
        return "reshape", [inner.operands[0]], {"shape": op.attrs["shape"], **derived}
    return None
