"""Makes ops: infers types from the registry, and appends to a region.

``with builder.at(loc):`` sets the source location of what is emitted; ``with builder.into(region):``
redirects emission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .dims import Dim
from .nodes import UNKNOWN, Const, Loc, Op, Operand, Region, Value
from .opdef import opdef
from .types import BOOL, FLOAT, INT, Type


def constant(x: float | int | bool, type: Type | None = None) -> Const:
    """An immediate; a Python number without a type is weak."""
    if type is None:
        type = BOOL if isinstance(x, bool) else INT if isinstance(x, int) else FLOAT
    if type.is_float:
        return Const(float(x), type)
    return Const(bool(x) if type.is_bool else int(x), type)


class Builder:
    """Appends ops to `region`, at source location `loc`."""

    def __init__(self, region: Region, loc: Loc = UNKNOWN):
        self.region = region
        self.loc = loc

    @contextmanager
    def at(self, loc: Loc) -> Iterator[None]:
        old, self.loc = self.loc, loc
        try:
            yield
        finally:
            self.loc = old

    @contextmanager
    def into(self, region: Region) -> Iterator[Region]:
        old, self.region = self.region, region
        try:
            yield region
        finally:
            self.region = old

    def op(
        self,
        opcode: str,
        *operands: Operand | float | int,
        attrs: dict[str, Any] | None = None,
        types: list[Type] | None = None,
        regions: list[Region] | None = None,
        hint: str = "",
        hints: list[str] | None = None,
    ) -> Op:
        """Emit an op; result types are inferred unless given (ops with regions, calls)."""
        xs: list[Operand] = [x if isinstance(x, (Value, Const)) else constant(x) for x in operands]
        attrs = attrs or {}
        if types is None:
            types = opdef(opcode).infer(xs, attrs)
        op = Op(opcode, xs, attrs, types, regions, self.loc, hints or [hint] * len(types))
        if opcode == "nonzero":  # the second result's extent is the first result
            op.results[1].type = Type("i64", (Dim.of(op.results[0]),))
        self.region.ops.append(op)
        return op

    def emit(self, opcode: str, *operands: Operand | float | int, hint: str = "", **attrs: Any) -> Value:
        """Emit an op with one result and return it."""
        return self.op(opcode, *operands, attrs=attrs, hint=hint).result

    def extent(self, dim: Dim | int) -> Operand:
        """An integer operand for an extent; constants and plain values need no op."""
        dim = Dim.of(dim)
        if dim.is_const:
            return constant(dim.const)
        if len(dim.terms) == 1 and dim.terms[0][1] == 1 and len(dim.terms[0][0]) == 1:
            (atom,) = dim.terms[0][0]
            if isinstance(atom, Value):
                return atom
        return self.emit("extent", dim=dim)

    def new_region(self, params: Sequence[tuple[Type, str]] = ()) -> Region:
        return Region([Value(t, h) for t, h in params])

    def loop(
        self,
        n: Dim | int,
        inits: Sequence[Operand],
        body: Callable[[Value, list[Value]], Sequence[Operand]],
        index: str = "k",
    ) -> list[Value]:
        """``for k in range(n): carries = body(k, carries)``; what is carried is called as what it starts from."""
        types = [x.type.strong for x in inits]
        hints = [x.hint if isinstance(x, Value) else "" for x in inits]
        region = self.new_region([(INT, index), *zip(types, hints, strict=True)])
        with self.into(region):
            region.yields = list(body(region.params[0], region.params[1:]))
        bounds = (constant(0), self.extent(n), constant(1))
        attrs = {"stop": False}
        return self.op("for", *bounds, *inits, attrs=attrs, types=types, regions=[region], hints=hints).results

    def nest(
        self,
        dims: Sequence[Dim],
        inits: Sequence[Value],
        body: Callable[[list[Value], list[Value]], list[Value]],
        index: str = "k",
    ) -> list[Value]:
        """Nested `loop`s over `dims`: ``carries = body(indices, carries)``."""

        def level(at: list[Value], carries: list[Value]) -> list[Value]:
            if len(at) == len(dims):
                return body(at, carries)
            return self.loop(dims[len(at)], carries, lambda k, inner: level([*at, k], inner), index)

        return level([], list(inits))
