"""Outlining: a call that is built as an IR function of its own instead of in place.

`Outline` enters abstract arguments as parameters of a region, builds into it, and flattens the result;
`closed` then makes it a function: whatever the region reads from outside becomes a trailing parameter.

Note [Symbols of an outlined function]. An extent that is a plain symbol keeps it (``n0`` stays
``n0``, so that facts about it hold inside), any other extent (``n0 - 2``, a loop index) gets a
symbol of its own, of which nothing is known (`Session.generic`). A symbol that no parameter defines is
passed as an integer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ..analysis.structure import free_values
from ..errors import PullbackTypeError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Function, Loc, Operand, Region, Substitution, Value
from ..ir.types import INT, Type
from .alternatives import is_alternative
from .context import describe
from .sharing import merged_readonly
from .values import (
    Array,
    Cell,
    Conflict,
    DictValue,
    ListValue,
    Maybe,
    RecordValue,
    Rows,
    UserFunction,
    is_number,
    is_scalar,
    is_static,
)


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """A run-time leaf in a flattened result: its position among the yields."""

    index: int


def map_leaves(f: Callable[[Any], Any], v: Any) -> Any:
    """An abstract container with ``f(leaf)`` in place of its leaves; always a new container."""
    if type(v) is tuple:
        return tuple(map_leaves(f, x) for x in v)
    if isinstance(v, ListValue):
        return ListValue([map_leaves(f, x) for x in v.items])
    if isinstance(v, DictValue):
        return DictValue({k: map_leaves(f, x) for k, x in v.items.items()}, default=v.default, site=v.site)
    if isinstance(v, RecordValue):
        return RecordValue(v.cls, {k: map_leaves(f, x) for k, x in v.fields.items()})
    return f(v)


def leaves(v: Any) -> list[Any]:
    """The leaves of an abstract container, in order."""
    out: list[Any] = []
    map_leaves(out.append, v)
    return out


def is_runtime(v: Any) -> bool:
    """A leaf that is an operand: an array or a number that is not a compile-time constant."""
    return isinstance(v, (Array, np.ndarray)) or (is_scalar(v) and not is_number(v) and not isinstance(v, Dim))


@final
@dataclass(eq=False)
class Outline:
    """A function under construction. `operands` are what the caller passes for `params`."""

    ctx: Any
    what: str  # names it in errors
    region: Region = field(default_factory=Region)
    operands: list[Operand] = field(default_factory=list)
    params: list[Value] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    result: Any = None  # the result with Slots for its run-time leaves
    effects: list[Any] = field(default_factory=list)  # objects of the caller's that the body mutates
    fresh: dict[Dim, Dim] = field(default_factory=dict)  # may be shared by functions of one call
    start: int = 0  # cells older than this are the caller's

    # -- entering -------------------------------------------------------------------------------
    def enter(self, v: Any) -> Any:
        """An abstract argument with parameters in place of its run-time leaves."""
        return map_leaves(lambda x: self.parameter(self.ctx.operand(x)) if is_runtime(x) else x, v)

    def parameter(self, operand: Operand, hint: str = "") -> Any:
        """A parameter for which the caller passes `operand`."""
        value = self.input(operand.type, hint or getattr(operand, "hint", "") or "x")
        self.operands.append(operand)
        return self.abstract(value)

    def input(self, t: Type, hint: str) -> Value:
        """A parameter of a type, whose operand is not known here."""
        value = Value(Type(t.dtype, tuple(self.extent(d) for d in t.shape), t.weak), hint)
        self.params.append(value)
        return value

    def abstract(self, value: Value) -> Any:
        if not value.type.shape:
            return value
        array = Array(Cell(value, value.hint, stands_in=True))
        self.arrays.append(array)
        return array

    def extent(self, d: Dim) -> Dim:
        """See Note [Symbols of an outlined function]."""
        if d.is_const or is_symbol(d):
            return d
        if d not in self.fresh:
            self.fresh[d] = Dim.of(self.ctx.session.new_symbol())
        return self.fresh[d]

    # -- building -------------------------------------------------------------------------------
    def build(self, work: Callable[[], Any]) -> Any:
        """Run `work` in the region; its abstract result."""
        with self.inside_region(), self.ctx.session.trial() as journal:
            self.start = journal.start
            result = self.ctx.bound(work())
            self.effects = [x for x in journal.old if x.stamp < journal.start]
        return result

    @contextmanager
    def inside_region(self) -> Iterator[None]:
        """Emit into the body. The arguments belong to the caller: what may share memory with them is not
        written silently."""
        ctx = self.ctx
        count, generic = len(ctx.argument_cells), ctx.session.generic
        ctx.argument_cells.extend(self.arrays)
        ctx.session.generic = generic or bool(self.fresh)
        try:
            with ctx.b.into(self.region):
                yield
        finally:
            del ctx.argument_cells[count:]
            ctx.session.generic = generic

    def shares(self, result: Any) -> bool:
        """Whether an array of the result is, or is a view of, one that the caller has."""
        return any(isinstance(x, Array) and x.cell.stamp < self.start for x in leaves(result))

    def hands_back(self, v: Any) -> bool:
        """Whether a mutable container of the result is one that the caller has."""
        parts = parts_of(v) or {}
        older = isinstance(v, (ListValue, DictValue, RecordValue)) and v.stamp < self.start
        return older or any(self.hands_back(x) for x in parts.values())

    def refuse_effects(self, loc: Loc | None) -> None:
        """An error when the body writes to what the caller can see."""
        if self.effects:
            raise UnsupportedError(
                f"{self.what} may not write to its arguments or to variables of the enclosing function",
                loc,
                "write to a copy, as in x = x.copy()",
            )

    def flatten(self, v: Any, yields: list[Operand]) -> Any:
        """A result as a template with Slots; appends its run-time leaves to `yields`.

        Raises UnsupportedError for what cannot leave a function of its own.
        """

        def leaf(x: Any) -> Any:
            if isinstance(x, Dim) and not x.has_values:
                return x
            if is_runtime(x) or isinstance(x, Dim):
                with self.inside_region():
                    operand = self.ctx.operand(x)
                if any(v in self.inside() for d in operand.type.shape for v in d.values()):
                    raise UnsupportedError(
                        f"{self.what} has a result whose shape depends on data",
                        self.ctx.loc,
                        "reduce it inside, or return an array of fixed shape",
                    )
                yields.append(operand)
                return Slot(len(yields) - 1)
            if isinstance(x, (Conflict, Maybe)):
                raise UnsupportedError(
                    x.reason if isinstance(x, Conflict) else "a part of the result is not bound on every path",
                    self.ctx.loc,
                    "give it one type and shape on every path",
                )
            if isinstance(x, UserFunction) and x.env is not None:
                raise UnsupportedError(f"{self.what} returns a function", self.ctx.loc, "return its result")
            if not is_static(x) and not isinstance(x, UserFunction):
                raise PullbackTypeError(f"{self.what} returns {describe(x)}", self.ctx.loc, "return numbers or arrays")
            return x

        return map_leaves(leaf, v)

    def inside(self) -> set[Value]:
        """Values defined in the body."""
        out: set[Value] = set()
        for op in self.region.walk():
            out.update(op.results)
            for r in op.regions:
                out.update(r.params)
        return out

    # -- closing --------------------------------------------------------------------------------
    def free(self, yields: Sequence[Operand]) -> list[Value]:
        """Values of the enclosing functions that the body reads, or that are extents of those."""
        found = free_values([Region([], self.region.ops, list(yields))])
        found += [v for x in found for d in x.type.shape for v in d.values()]
        return [v for v in dict.fromkeys(found) if v not in self.params]

    def undefined_symbols(self, outer: Sequence[Value] = ()) -> list[str]:
        """Symbols that the body mentions and that are the extent of no parameter."""
        defined = {str(d) for v in (*self.params, *outer) for d in v.type.shape if is_symbol(d)}
        used: dict[str, None] = {}

        def see(dims: Any) -> None:
            for d in dims:
                used.update(dict.fromkeys(a for a in d.atoms() if isinstance(a, str)))

        for op in self.region.walk():
            see(_dims(tuple(op.attrs.values())))
            see(d for r in op.results for d in r.type.shape)
            see(d for r in op.regions for p in r.params for d in p.type.shape)
        see(d for v in outer for d in v.type.shape)
        return [s for s in used if s not in defined]

    def closed(
        self,
        name: str,
        yields: list[Operand],
        outer: Sequence[Value],
        extents: Sequence[str],
        before: int | None = None,
    ) -> Function:
        """The function: its parameters are `params`, then one for each value of `outer` and each extent
        (``before``: in front of the parameter of that number)."""
        sub = Substitution()
        new = Region()
        params = []
        for v in self.params:
            params.append(Value(v.type, v.hint))
            sub.map[v] = params[-1]
        undefined = self.undefined_symbols(outer)
        closing: list[Value] = []
        reshaped: list[tuple[Value, Value]] = []
        for v in outer:
            new_symbol = self.ctx.session.new_symbol
            shape = tuple(d if d.is_const or is_symbol(d) else Dim.of(new_symbol()) for d in v.type.shape)
            p = Value(Type(v.type.dtype, shape, v.type.weak), v.hint)
            closing.append(p)
            sub.map[v] = p
            if shape != v.type.shape:
                reshaped.append((v, p))
        for s in extents:
            p = Value(INT, s)
            closing.append(p)
            if s in undefined:
                sub.symbols[s] = Dim.of(p)
        at = len(params) if before is None else before
        new.params = [*params[:at], *closing, *params[at:]]
        b = type(self.ctx.b)(new, self.ctx.loc)
        for v, p in reshaped:  # inside, it has the extents that the body computes with
            sub.map[v] = b.emit("reshape", p, shape=sub.type(v.type).shape)
        cloned = sub.clone_region(Region([], self.region.ops, list(yields)))
        new.ops += cloned.ops
        new.yields = cloned.yields
        return Function(name, new, [], self.ctx.session.callees)


def rebuilt(template: Any, values: Sequence[Any], symbols: Substitution | None = None) -> Any:
    """A flattened result with `values` in place of its Slots, and extents as seen by the caller."""

    def leaf(x: Any) -> Any:
        if isinstance(x, Slot):
            return values[x.index]
        if isinstance(x, Dim) and symbols is not None:
            d = symbols.dim(x)
            return d.const if d.is_const else d
        return x

    return map_leaves(leaf, template)


def call_substitution(fn: Function, operands: Sequence[Operand]) -> Substitution:
    """From the symbols and parameters of a function to what a call passes for them."""
    sub = Substitution()
    for p, x in zip(fn.params, operands, strict=True):
        sub.map[p] = x
        for d, given in zip(p.type.shape, x.type.shape, strict=True):
            if is_symbol(d):
                sub.symbols.setdefault(str(d), given)
    return sub


def emit_call(ctx: Any, fn: Function, operands: list[Operand]) -> tuple[list[Value], Substitution]:
    """A `call` op in the current region: its results, and the caller's view of the callee's extents."""
    sub = call_substitution(fn, operands)
    op = ctx.b.op("call", *operands, attrs={"callee": fn.name}, types=[sub.type(t) for t in fn.result_types])
    return op.results, sub


def extent_operands(ctx: Any, symbols: Sequence[str]) -> list[Operand]:
    """The integers that are passed for symbols."""
    return [ctx.b.extent(Dim.of(s)) for s in symbols]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A function that has been built, and how it is called."""

    fn: Function
    template: Any
    outer: list[Value]
    extents: list[str]
    aliases: bool  # the result may share memory with an argument
    names: list[str] = field(default_factory=list)


def call_made(ctx: Any, made: Made, args: list[Any]) -> Any:
    """The call of a function, and its abstract result."""
    operands = [ctx.operand(x) for a in args for x in leaves(a) if is_runtime(x)]
    operands += [*made.outer, *extent_operands(ctx, made.extents)]
    results, sub = emit_call(ctx, made.fn, operands)
    out = rebuilt(made.template, [ctx.wrap(r) for r in results], sub)
    if made.aliases:
        why = "it may share memory with an argument or result of a function with its own derivative rule"
        cells = [x.cell for x in (*leaves(tuple(args)), *leaves(out)) if isinstance(x, Array)]
        merged_readonly(ctx, cells, why)
    return out


def call_key(ctx: Any, obj: Any, args: list[Any]) -> Any:
    """What two calls must have in common to share the functions; None for calls that cannot."""
    fresh: dict[Any, int] = {}

    def leaf(v: Any) -> Any:
        if is_runtime(v):
            t = ctx.type(v)
            dims = tuple(d if not d.has_values else fresh.setdefault(d, len(fresh)) for d in t.shape)
            return ("$run-time", t.dtype, dims, t.weak)
        if isinstance(v, UserFunction) and (v.env is not None or v.bound or v.bound_kwargs):
            raise LookupError
        if isinstance(v, float):
            return (float, v.hex())  # 0.0 and -0.0 differ
        return (type(v), v.fn if isinstance(v, UserFunction) else v)

    def form(v: Any) -> Any:
        if is_alternative(v) or (isinstance(v, ListValue) and isinstance(v.content, Rows)):
            raise LookupError
        parts = parts_of(v)
        if parts is None:
            return leaf(v)
        return (type(v), getattr(v, "cls", None), tuple((k, form(x)) for k, x in parts.items()))

    try:
        key = (obj, tuple(form(a) for a in args))
        hash(key)
    except (LookupError, TypeError):
        return None
    return key


def parts_of(v: Any) -> dict[Any, Any] | None:
    """The parts of an abstract container by key; None of a leaf."""
    if type(v) is tuple:
        return dict(enumerate(v))
    if isinstance(v, ListValue):
        return dict(enumerate(v.items))
    if isinstance(v, DictValue):
        return v.items
    return v.fields if isinstance(v, RecordValue) else None


def is_symbol(d: Dim) -> bool:
    return len(d.terms) == 1 and d.terms[0][1] == 1 and len(d.terms[0][0]) == 1 and isinstance(d.terms[0][0][0], str)


def _dims(attr: Any) -> Iterator[Dim]:
    """The extents in an attribute."""
    if isinstance(attr, Dim):
        yield attr
    elif isinstance(attr, tuple):
        for a in attr:
            yield from _dims(a)
    elif hasattr(attr, "start") and hasattr(attr, "size"):
        yield attr.start
        yield attr.size
