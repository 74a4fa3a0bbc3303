"""The IR: a function is a region of ops; `if`, `for` and `while` are ops with regions.

Grammar (see docs/ir.md for every op)::

    function = func NAME(param: type, ...) -> (type, ...) region
    region   = params, op*, yield operand*
    op       = results = OPCODE operand*, {attr = value}, region*
    operand  = Value | Const

Arrays are values: ``store`` makes a new array from an old one, and only the `inplace` pass decides
which stores happen in the old one's memory. Concrete classes are final and slotted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Union, final

from .dims import Dim
from .loc import Loc as Loc
from .types import Type

_ids = itertools.count(1)


UNKNOWN = Loc("<unknown>", 0)


@final
class Value:
    """The result of an op, or a region parameter (then `op` is None)."""

    __slots__ = ("hint", "id", "op", "type")

    def __init__(self, type: Type, hint: str = "", op: Op | None = None):
        self.type = type
        self.hint = hint
        self.op = op
        self.id = next(_ids)

    def __repr__(self) -> str:
        return f"%{self.hint or 'v'}{self.id}: {self.type}"


@final
@dataclass(frozen=True, slots=True)
class Const:
    """An immediate scalar operand."""

    value: float | int | bool
    type: Type

    def __repr__(self) -> str:
        return f"{self.value!r}: {self.type}"


Operand = Union[Value, Const]


# -- index items: one per axis consumed or made by load/store/accum ------------------------------
@final
@dataclass(frozen=True, slots=True)
class At:
    """An integer index (takes the next operand); negative counts from the end. Drops the axis."""


@final
@dataclass(frozen=True, slots=True)
class Span:
    """``size`` elements from ``start`` in steps of ``step``; always within bounds."""

    start: Dim
    size: Dim
    step: int = 1

    @property
    def last(self) -> Dim:
        return self.start + (self.size - 1) * self.step

    @property
    def extremes(self) -> tuple[Dim, Dim]:
        """The least and the greatest position."""
        return (self.start, self.last) if self.step > 0 else (self.last, self.start)


@final
@dataclass(frozen=True, slots=True)
class New:
    """A new axis of extent 1."""


@final
@dataclass(frozen=True, slots=True)
class Gather:
    """An integer array index (takes the next operand). All Gathers of one index broadcast together
    and are adjacent; the broadcast axes stand where the first of them stood."""


IndexItem = Union[At, Span, New, Gather]
Index = tuple[IndexItem, ...]


@final
class Op:
    """One operation. `attrs` holds static data: ints, strings, bools, Dims, tuples of them, Index."""

    __slots__ = ("attrs", "loc", "opcode", "operands", "regions", "results")

    def __init__(
        self,
        opcode: str,
        operands: list[Operand],
        attrs: dict[str, Any],
        result_types: list[Type],
        regions: list[Region] | None = None,
        loc: Loc = UNKNOWN,
        hints: list[str] | None = None,
    ):
        self.opcode = opcode
        self.operands = operands
        self.attrs = attrs
        self.regions = regions or []
        self.loc = loc
        hints = hints or [""] * len(result_types)
        self.results = [Value(t, h, self) for t, h in zip(result_types, hints, strict=True)]

    @property
    def result(self) -> Value:
        (value,) = self.results
        return value

    def used_values(self) -> list[Value]:
        """Values this op reads itself: operands, and those in the extents of attributes and types."""
        used = [x for x in self.operands if isinstance(x, Value)]
        for a in self.attrs.values():
            if isinstance(a, (Dim, Span, tuple)):
                used += dims_values(a)
        for r in self.results:
            for d in r.type.shape:
                if not d.is_const:
                    used += [v for v in d.values() if v.op is not self]
        return used

    def __repr__(self) -> str:
        from .printer import print_op

        return print_op(self)


def dims_values(attr: Any) -> Sequence[Value]:
    """Values inside the Dims of an attribute."""
    if isinstance(attr, Dim):
        return attr.values()
    if isinstance(attr, Span):
        return attr.start.values() + attr.size.values()
    if isinstance(attr, tuple):
        return [v for a in attr for v in dims_values(a)]
    return ()


@final
@dataclass(slots=True, eq=False)
class Region:
    """A straight list of ops with parameters and yielded operands."""

    params: list[Value] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    yields: list[Operand] = field(default_factory=list)

    def walk(self) -> Iterator[Op]:
        """Every op, outer before inner, in program order."""
        for op in self.ops:
            yield op
            for r in op.regions:
                yield from r.walk()


@final
@dataclass(slots=True, eq=False)
class Function:
    """A function. Its symbols are the extents of its parameters.

    ``assumptions`` are extents that must be >= 0 for this specialisation to be valid (``n0 - 2``
    when ``x[1:-1]`` was lowered): the dispatcher checks them before it calls.
    ``callees`` are the functions its `call` ops name, by name, transitively closed.
    """

    name: str
    body: Region
    assumptions: list[Dim] = field(default_factory=list)
    callees: dict[str, Function] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def params(self) -> list[Value]:
        return self.body.params

    @property
    def result_types(self) -> list[Type]:
        return [y.type for y in self.body.yields]

    def symbols(self) -> list[str]:
        """Extent symbols in order of first appearance in the parameters."""
        seen: dict[str, None] = {}
        for p in self.params:
            for d in p.type.shape:
                for a in d.atoms():
                    if isinstance(a, str):
                        seen.setdefault(a)
        return list(seen)

    def __str__(self) -> str:
        from .printer import print_function

        return print_function(self)


def referenced_callees(fn: Function, callees: dict[str, Function]) -> dict[str, None]:
    """Names of the functions that `fn` calls, directly or through others, in order of appearance; also the
    derivative rules that these have of their own."""
    found: dict[str, None] = {}
    pending = [fn]
    while pending:
        caller = pending.pop(0)
        names = [op.attrs["callee"] for op in caller.body.walk() if op.opcode == "call"]
        names += caller.attrs.get("custom_vjp", ())
        names += [caller.attrs["custom_jvp"]] if "custom_jvp" in caller.attrs else []
        for name in names:
            if name in callees and name not in found:
                found[name] = None
                pending.append(callees[name])
    return found


# -- cloning ------------------------------------------------------------------------------------
class Substitution:
    """A map from values to operands that also rewrites extents, types and attributes."""

    __slots__ = ("map", "symbols")

    def __init__(self, map: dict[Value, Operand] | None = None, symbols: dict[str, Dim] | None = None):
        self.map: dict[Value, Operand] = dict(map or {})
        self.symbols = symbols or {}

    def operand(self, x: Operand) -> Operand:
        return self.map.get(x, x) if isinstance(x, Value) else x

    def _leaf(self, a: Any) -> Dim:
        if isinstance(a, str):
            return self.symbols.get(a, Dim.of(a))
        new = self.operand(a)
        return as_dim(new)

    def dim(self, d: Dim) -> Dim:
        if d.is_const or (not self.symbols and not d.has_values):
            return d
        return d.substitute(self._leaf)

    def type(self, t: Type) -> Type:
        if not t.shape:
            return t
        return Type(t.dtype, tuple(self.dim(d) for d in t.shape), t.weak, t.tape)

    def attr(self, a: Any) -> Any:
        if isinstance(a, Dim):
            return self.dim(a)
        if isinstance(a, Span):
            return Span(self.dim(a.start), self.dim(a.size), a.step)
        if isinstance(a, tuple):
            return tuple(self.attr(x) for x in a)
        return a

    def clone_op(self, op: Op) -> Op:
        """A copy of `op`, its regions included; the map learns the new results."""
        new = Op(
            op.opcode,
            [self.operand(x) for x in op.operands],
            {k: self.attr(v) for k, v in op.attrs.items()},
            [],
            [],
            op.loc,
        )
        # regions first: result types may not mention values inside, operands may not either
        new.regions = [self.clone_region(r) for r in op.regions]
        for r in op.results:
            v = Value(self.type(r.type), r.hint, new)
            new.results.append(v)
            self.map[r] = v
        return new

    def clone_region(self, region: Region) -> Region:
        new = Region()
        for p in region.params:
            v = Value(self.type(p.type), p.hint)
            new.params.append(v)
            self.map[p] = v
        new.ops = [self.clone_op(op) for op in region.ops]
        new.yields = [self.operand(y) for y in region.yields]
        return new


def clone_function(fn: Function, name: str | None = None) -> Function:
    body = Substitution().clone_region(fn.body)
    return Function(name or fn.name, body, list(fn.assumptions), dict(fn.callees), dict(fn.attrs))


# -- integers as extents --------------------------------------------------------------------------
_AS_DIM: dict[str, Callable[[Dim, Dim], Dim]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "minimum": lambda a, b: a.min(b),
    "maximum": lambda a, b: a.max(b),
}


def as_dim(x: Operand) -> Dim:
    """An integer scalar as an extent, seen through `extent`, ``+ - *``, min, max and ``//`` of 64 bits."""
    if isinstance(x, Const):
        return Dim.of(int(x.value))
    op = x.op
    if op is not None and x.type.dtype == "i64":  # narrower and unsigned arithmetic wraps
        if op.opcode == "extent":
            dim: Dim = op.attrs["dim"]
            return dim
        if op.opcode in _AS_DIM:
            return _AS_DIM[op.opcode](as_dim(op.operands[0]), as_dim(op.operands[1]))
        if op.opcode == "neg":
            return -as_dim(op.operands[0])
        if op.opcode == "floordiv":
            den = as_dim(op.operands[1])
            if den.is_const and den.const > 0:
                return as_dim(op.operands[0]) // den
        if op.opcode == "cast" and op.operands[0].type.dtype == "i64":
            return as_dim(op.operands[0])
    return Dim.of(x)
