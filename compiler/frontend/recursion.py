"""Functions that call themselves become IR functions of their own.

Every call is inlined; when a function is entered again with arguments of the same types while it is being
inlined, the outermost of these activations is undone, and the function is built once as a callee
with a `call` op for every call. Its result types are found by fixpoint: at first a recursive call counts
as code that is never passed (the base case then gives the types), later as what the last round gave.

Recursion on static values (``f(x, 3)`` calling ``f(x, 2)``) has other arguments each time and is
simply inlined; where a nested function becomes many calls so, it gets these numbers at run time, if it can
be built so. Note [Symbols of a callee]: the extents of a callee's parameters are not specialised by the
dispatcher, so different symbols may be equal or 1 there, and nothing can be assumed of them;
`Session.generic` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import PullbackError, PullbackTypeError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Const, Function, Operand, Substitution, Value
from ..ir.types import INT, Type
from . import containers_library
from .capture import Source
from .context import DeadCode, describe
from .control import Frame
from .merging import coerce, unify
from .once import Once
from .outline import Outline, extent_operands
from .session import Session, contents, same_contents
from .sharing import choice_between, lenders_of, memory_of, merged_readonly
from .values import (
    Array,
    Cell,
    DictValue,
    ListValue,
    RecordValue,
    UserFunction,
    is_number,
    is_scalar,
    is_static,
    next_stamp,
)

MAX_ROUNDS = 8
MAX_STATIC_DEPTH = 25
MAX_STATIC_CALLS = 64
_SHARED = "it may share memory with an argument or result of a recursive function"
_RUNTIME = object()  # a leaf of a result that is yielded


@dataclass(slots=True, eq=False)
class Callee:
    """A function that is built on its own."""

    name: str
    types: list[Type]  # of the results, in order
    tree: Any = None  # the result's structure, `_RUNTIME` at yielded leaves; None while unknown
    known: bool = False
    # array results that may be whole parameters, by position, with those parameters: which it is is yielded, too
    origins: dict[int, tuple[int, ...]] = field(default_factory=dict)
    shared: dict[int, tuple[int, ...]] = field(default_factory=dict)  # those that may be parts of parameters
    borrowed: list[Cell] = field(default_factory=list)  # arrays of enclosing functions that results may be parts of
    written: list[int] = field(default_factory=list)  # parameters whose last version is yielded
    captured: list[Any] = field(default_factory=list)  # captured inputs, trailing parameters
    captured_types: list[Type] = field(default_factory=list)
    params: list[Value] = field(default_factory=list)
    outer: list[Value] = field(default_factory=list)  # values of enclosing functions, trailing parameters too
    extents: list[str] = field(default_factory=list)  # extents of theirs, likewise

    def state(self) -> Any:
        """What has to settle."""
        parts = (self.types, self.written, self.captured, self.outer, self.extents, self.borrowed)
        return (self.known, self.tree, dict(self.origins), dict(self.shared), *[tuple(p) for p in parts])


class _Recursive(Exception):  # noqa: N818
    """The function of `key` is entered while it is being inlined; with `generalise`, too often with
    different static numbers, which are then to be run-time values."""

    def __init__(self, key: Any, generalise: bool = False, needed: bool = True):
        self.key = key
        self.generalise = generalise
        self.needed = needed  # it cannot be inlined instead


class Recursion(Once):
    callees: dict[Any, Callee]
    active: list[Any]
    counted: dict[Any, int]  # how often a nested function has been entered in the outermost call of it
    in_place: set[Any]  # nested functions that cannot get their static numbers at run time

    def make_inner(self, session: Session) -> Recursion:
        """An interpreter for the body of a callee."""
        raise NotImplementedError

    def invoke(self, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]) -> Any:
        entered = [k for k in self.active if k[0] is source.node]
        if len(entered) > MAX_STATIC_DEPTH and not (fn.cached and all(map(is_number, env.values()))):
            raise _Recursive(entered[0], generalise=True)
        if self._is_entered_often(fn, source, entered):
            raise _Recursive(entered[0], generalise=True, needed=False)
        key = self._key(fn, source, env)
        if key is None:
            if fn.fn is not None and fn.fn in self.session.generalised:
                message = f"the depth of the recursive function {fn.name} is known only at run time"
                self.error(UnsupportedError, message, "pass it arrays, numbers and tuples only")
            return super().invoke(fn, source, parent, env)
        if key in self.callees:
            return self._call(self.callees[key], env)
        if key in self.active:
            raise _Recursive(key)
        region, length, depth = self.b.region, len(self.b.region.ops), len(self.frames)
        self.active.append(key)
        try:
            with self.session.attempt():
                return super().invoke(fn, source, parent, env)
        except _Recursive as e:
            if e.key != key:
                raise
            del region.ops[length:], self.frames[depth:]
            static, needed = env, e.needed
            if e.generalise:
                env = {n: self.constant(v) if is_number(v) else v for n, v in env.items()}
                key = self._key(fn, source, env)
        finally:
            self.active.pop()
        if key in self.callees:  # being built: this call is in its body
            return self._call(self.callees[key], env)
        self.callees[key] = Callee(self._name(fn.name), [])
        try:
            self._build(self.callees[key], fn, source, parent, env)
        except Exception as e:
            del self.callees[key]
            if not needed and isinstance(e, PullbackError):
                self.in_place.add(source.node)
                return self.invoke(fn, source, parent, static)
            raise
        result = self._call(self.callees[key], env)
        if fn.node is not None:  # its closure may have changed when it is called again
            del self.callees[key]
        return result

    def _is_entered_often(self, fn: UserFunction, source: Source, entered: list[Any]) -> bool:
        """Whether a nested function has become too many calls, of which each has other static numbers."""
        files = (source.file, *(frame.file for frame in self.frames))
        node, cached = source.node, containers_library.__file__ in files  # results for constant arguments are kept
        if fn.node is None or cached or node in self.in_place:
            return False
        self.counted[node] = self.counted[node] + 1 if entered else 0
        return self.counted[node] > MAX_STATIC_CALLS

    # -- keys -----------------------------------------------------------------------------------
    def _key(self, fn: UserFunction, source: Source, env: dict[str, Any]) -> Any:
        """What two calls must have in common to share one IR function; None for calls that cannot."""
        symbols: dict[Dim, int] = {}

        def of(v: Any) -> Any:
            if isinstance(v, Array):
                t = self.array_type(v)
                dims = tuple(d.const if d.is_const else f"m{symbols.setdefault(d, len(symbols))}" for d in t.shape)
                return ("array", t.dtype, dims)
            if is_number(v):
                return ("static", type(v), v)
            if is_scalar(v):
                return ("scalar", self.type(v))
            if isinstance(v, tuple):
                return ("tuple", *map(of, v))
            if isinstance(v, RecordValue):
                return ("record", v.cls, *((k, of(x)) for k, x in v.fields.items()))
            if isinstance(v, UserFunction) and not v.bound:
                return ("function", v.fn or v.node, id(v.env))
            if v is None or isinstance(v, str):
                return v
            raise LookupError

        try:
            key = (source.node, id(fn.env) if fn.node is not None else None, *((n, of(v)) for n, v in env.items()))
            hash(key)
            return key
        except (LookupError, TypeError):
            return None

    def _name(self, name: str) -> str:
        base = name if name.isidentifier() else "function"
        taken = {*self.session.callees, *(c.name for c in self.callees.values())}
        k, candidate = 0, base + "_rec"
        while candidate in taken:
            k += 1
            candidate = f"{base}_rec{k}"
        return candidate

    # -- building -------------------------------------------------------------------------------
    def _build(
        self, callee: Callee, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]
    ) -> None:
        for _ in range(MAX_ROUNDS):
            before = callee.state()
            session = Session()
            session.apart, session.meeting = self.session.apart, self.session.meeting
            with session.attempt():  # an object of the caller that is changed is refused, or inlined after all
                function = self._round(session, callee, fn, source, parent, env)
            if before == callee.state():
                self.session.callees[callee.name] = function
                return
        self.error(
            UnsupportedError,
            f"the result types of the recursive function {fn.name} do not settle",
            "return one type on every path",
        )

    def _round(
        self,
        session: Session,
        callee: Callee,
        fn: UserFunction,
        source: Source,
        parent: Frame | None,
        env: dict[str, Any],
    ) -> Function:
        session.generic = session.own_symbols = True
        session.callees, session.guards = self.session.callees, self.session.guards
        session.constants, session.unplaced = self.session.constants, self.session.unplaced
        session.has_rank_0 = self.session.has_rank_0
        inner = self.make_inner(session)
        inner.b.loc = self.loc
        symbols: dict[Dim, Dim] = {}
        entered: dict[Array, Value] = {}

        def enter(v: Any, hint: str) -> Any:
            if isinstance(v, Array):
                t = self.array_type(v)
                shape = tuple(d if d.is_const else symbols.setdefault(d, Dim.of(f"m{len(symbols)}")) for d in t.shape)
                value = Value(Type(t.dtype, shape), hint)
                session.body.params.append(value)
                array = Array(Cell(value, hint, v.cell.readonly, stands_in=True))
                array.cell.lenders = (array.cell,)
                inner.argument_cells.append(array)
                entered[array] = value
                return array
            if is_scalar(v) and not is_number(v):
                value = Value(self.type(v), hint)
                session.body.params.append(value)
                return value
            if isinstance(v, tuple):
                return tuple(enter(x, hint) for x in v)
            if isinstance(v, RecordValue):
                records.append(RecordValue(v.cls, {k: enter(x, f"{hint}_{k}") for k, x in v.fields.items()}))
                return records[-1]
            return v

        records: list[RecordValue] = []
        entered_at = next_stamp()
        inner.frames.append(Frame(fn.name, source.file))
        bound = {n: enter(v, n) for n, v in env.items()}
        for path, obj, name in callee.captured:
            session.capture(path, obj, name, self.loc)
        params = list(session.body.params)
        cells = [a.cell for a in entered]
        try:
            result = inner.bound(inner.inline(fn, source, parent, bound))
        except DeadCode:
            if not callee.known:
                self.error(
                    UnsupportedError,
                    f"the recursion of {fn.name} has no end",
                    "return without a recursive call on some path",
                )
            raise
        old = session.journals[-1].old
        changed = [x for x in old if x in records or x.stamp < entered_at]
        arrays = [x for x in changed if isinstance(x, Cell)]
        if any(x not in cells and x.current is not old[x][0] for x in arrays) or any(
            x in records or not same_contents(contents(x), old[x]) for x in changed if not isinstance(x, Cell)
        ):
            self.error(
                UnsupportedError,
                f"the recursive function {fn.name} changes an object of its caller",
                "pass arrays as arguments and write to them, or return the new values",
            )
        yields: list[Operand] = []
        types: list[Type] = []
        with inner.b.into(session.body):
            leaves: list[Any] = []
            tree = self._leave(inner, result, leaves)
            yields += [inner.operand(v) for v in leaves]
            for k, y in enumerate(yields):
                types.append(
                    self._result_type_of(fn, y, callee.types[k] if k < len(callee.types) and callee.known else None)
                )
                yields[k] = coerce(inner, y, types[-1])
            places = {array.cell: params.index(value) for array, value in entered.items()}
            origins = self._trace(inner, callee, leaves, places, entered_at)
            yields += origins
            types += [INT] * len(origins)
            written = []
            for array in inner.argument_cells:
                param = entered[array]
                if array.cell.current is not param or params.index(param) in callee.written:
                    written.append(params.index(param))
                    yields.append(array.cell.current)
                    types.append(param.type)
        self.session.makes_rank_0 |= session.makes_rank_0
        self.session.changes_numbers |= session.changes_numbers
        callee.tree, callee.types, callee.written, callee.known = tree, types, written, True
        callee.captured = [(path, path(), c.name) for path, (c, _) in session.captured.items()]
        callee.captured_types = [c.type for c, _ in session.captured.values()]
        callee.params = params
        session.body.params = [*params, *(v for _, v in session.captured.values())]
        closure = Outline(inner, fn.name, session.body, params=session.body.params)
        callee.outer = closure.free(yields)
        callee.extents = closure.undefined_symbols(callee.outer)
        return closure.closed(callee.name, yields, callee.outer, callee.extents)

    def _result_type_of(self, fn: UserFunction, y: Operand, before: Type | None) -> Type:
        if any(d.has_values for d in y.type.shape):
            self.error(
                UnsupportedError,
                f"the shape of the result of the recursive function {fn.name} is known only at run time",
                "write it as a loop",
            )
        if before is None:
            return y.type
        t = unify(before, y.type)
        if t is None:
            self.error(
                UnsupportedError,
                f"the recursive function {fn.name} returns {before} and {y.type}",
                "return one type on every path",
            )
        return t

    def _trace(
        self, inner: Recursion, callee: Callee, leaves: list[Any], places: dict[Cell, int], entered_at: int
    ) -> list[Operand]:
        """Find out which parameters the arrays among the results share memory with. For an array that is a parameter
        or none, whose number tells which (-1: none), these numbers; `Callee.shared` and `borrowed` for the rest."""
        callee.origins = {}  # what is shared remains so from round to round
        found = []
        for k, v in enumerate(leaves):
            if not isinstance(v, Array):
                continue
            reached = [*memory_of(v.cell), *lenders_of([v.cell])]
            params = tuple(sorted({places[c] for c in reached if c in places}))
            older = [c for c in reached if c not in places and c.stamp < entered_at]
            if not params and not older and k not in callee.shared:
                continue
            origin = None if older or k in callee.shared else _origin(inner, v, places)
            if origin is None:
                callee.shared[k] = tuple(sorted({*callee.shared.get(k, ()), *params}))
                callee.borrowed = list(dict.fromkeys([*callee.borrowed, *older]))
            else:
                callee.origins[k] = params
                found.append(origin)
        return found

    def _leave(self, inner: Recursion, v: Any, leaves: list[Any]) -> Any:
        """The structure of a result and its run-time leaves (numbers always: the base case may be a constant)."""
        if isinstance(v, Array) or is_scalar(v):
            leaves.append(v)
            return _RUNTIME
        if isinstance(v, tuple):
            return tuple(self._leave(inner, x, leaves) for x in v)
        if v is None or (is_static(v) and not isinstance(v, (ListValue, DictValue))):
            return v
        self.error(
            PullbackTypeError, f"a recursive function returns {describe(v)}", "return numbers, arrays or tuples of them"
        )

    # -- calling ----------------------------------------------------------------------------------
    def _call(self, callee: Callee, env: dict[str, Any]) -> Any:
        if not callee.known:
            raise DeadCode
        operands: list[Operand] = []
        arrays: list[Array | None] = []

        def pass_on(v: Any) -> None:
            if isinstance(v, Array) or (is_scalar(v) and not is_number(v)):
                operands.append(self.operand(v))
                arrays.append(v if isinstance(v, Array) else None)
            elif isinstance(v, tuple):
                for x in v:
                    pass_on(x)
            elif isinstance(v, RecordValue):
                for x in v.fields.values():
                    pass_on(x)

        for v in env.values():
            pass_on(v)
        for k in callee.written:
            target = arrays[k]
            assert target is not None
            if sum(a is not None and a.cell is target.cell for a in arrays) > 1:
                self.error(
                    UnsupportedError, "an array that a recursive call writes is passed to it twice", "pass a copy"
                )
        for path, obj, name in callee.captured:
            operands.append(self.session.capture(path, obj, name, self.loc))
        symbols: dict[str, Dim] = {}
        expected = [*(p.type for p in callee.params), *callee.captured_types]
        for type, x in zip(expected, operands, strict=True):
            for d, actual in zip(type.shape, x.type.shape, strict=True):
                if not d.is_const:
                    symbols[str(d)] = actual
        operands += [*callee.outer, *extent_operands(self, callee.extents)]
        substitution = Substitution(symbols=symbols)
        types = [substitution.type(t) for t in callee.types]
        op = self.b.op("call", *operands, attrs={"callee": callee.name}, types=types)
        results = list(op.results)
        first_written = len(results) - len(callee.written)
        for k, value in zip(callee.written, results[first_written:], strict=True):
            self.set_view(arrays[k], value)  # type: ignore[arg-type]
        rest = iter(self._results(callee, results[:first_written], arrays))

        def back(tree: Any) -> Any:
            if tree is _RUNTIME:
                return next(rest)
            return tuple(back(x) for x in tree) if isinstance(tree, tuple) else tree

        return back(callee.tree)

    def _results(self, callee: Callee, values: list[Value], arrays: list[Array | None]) -> list[Any]:
        """The results of a call. An array that may be an argument is the one or the other."""
        results = [
            Array(Cell(v)) if k in callee.origins or k in callee.shared else self.wrap(v)
            for k, v in enumerate(values[: len(values) - len(callee.origins)])
        ]
        for (k, params), origin in zip(callee.origins.items(), values[len(results) :], strict=True):
            for p in params:
                argument = arrays[p]
                assert argument is not None
                test = self.emit("eq", origin, Const(p, INT))
                results[k] = Array(Cell(values[k], choice=choice_between(self, test, argument, results[k])))
        for k, params in callee.shared.items():
            cells = [a.cell for p in params if (a := arrays[p])]
            results[k].cell.lenders = lenders_of(cells)
            merged_readonly(self, [results[k].cell, *cells], _SHARED)
        merged_readonly(self, callee.borrowed, _SHARED)
        return results


def _origin(ctx: Any, v: Array, places: dict[Cell, int]) -> Operand | None:
    """The number of the parameter that an array is, -1 for a new one; None where it may be a part of one."""
    cell, choice = v.cell, v.cell.choice
    if cell in places:
        return None if v.path else Const(places[cell], INT)
    if choice is not None:
        then, orelse = (None if v.path else _origin(ctx, x, places) for x in (choice.then, choice.orelse))
        if then is None or orelse is None:
            return None
        origin: Operand = ctx.emit("where", choice.cond, then, orelse)
        return origin
    return None if cell.readonly or not places.keys().isdisjoint(cell.lenders) else Const(-1, INT)
