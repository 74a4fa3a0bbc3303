"""From a Python function and the types of its arguments to an IR function.

`build` guarantees: the function it returns has the meaning that Python and NumPy give the source, for
arguments of the given types (extents specialised as docs/ir.md says, `Function.assumptions` checked) as
long as the guards hold; everything else is a located error.
"""

from __future__ import annotations

import ast
import enum
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import rules as _rules  # the registry must be filled
from ..errors import NeedsStatic, PullbackError, PullbackTypeError, UnsupportedError
from ..ir.nodes import Function, Loc, Operand, Value
from ..paths import Path, Root, line_of_definition, of_value, unwrap
from .alternatives import is_alternative
from .containers_library import STANDARD
from .context import DeadCode, describe
from .control import Frame
from .fence import hint_for, location
from .interface import Built, Leaf, Static
from .objects import is_plain_record
from .recursion import Recursion
from .session import MOST_APART, Session
from .values import (
    ARGUMENT,
    Array,
    Cell,
    Conflict,
    DictValue,
    ListValue,
    Maybe,
    RecordValue,
    Rows,
    StackedItems,
    StackedList,
    UserFunction,
    Yielding,
    is_namedtuple,
    is_scalar,
    is_static,
    to_python,
)

assert _rules


class Interpreter(Recursion):
    """The abstract interpreter of the syntax tree."""

    def __init__(self, session: Session, callees: dict[Any, Any] | None = None):
        super().__init__(session)
        self.frames = []
        self.argument_cells = []
        self.memo = {}
        self.callees = {} if callees is None else callees
        self.active, self.counted, self.in_place = [], {}, set()

    def make_inner(self, session: Session) -> Interpreter:
        inner = Interpreter(session, self.callees)
        inner.in_place = self.in_place
        return inner

    @contextmanager
    def entry_frame(self, name: str, loc: Loc) -> Iterator[None]:
        """The frame of the caller, which has no names."""
        self.frames.append(Frame(name, loc.file))
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 20_000))  # one level of inlining is about twenty Python frames
        try:
            with self.b.at(loc):
                yield
        except PullbackError as e:
            e.hint = e.hint or hint_for(e)
            raise
        finally:
            sys.setrecursionlimit(limit)
            self.frames.clear()


def build(fn: Any, args: Any, kwargs: Any, extents: dict[str, int] | None = None, private: bool = False) -> Built:
    """The IR of ``fn(*args, **kwargs)`` for arguments of the given types.

    args, kwargs: trees of tuples, lists, dicts, NamedTuples and dataclasses whose leaves are `Leaf` (a
    run-time input, which becomes a parameter) or `Static`.
    extents: the numbers that the symbols of the Leafs' shapes stand for, so that captured arrays of the
    same extents share the symbols; without it their shapes are constants.
    private: the caller does not look at the arguments afterwards (it differentiates): `Built.written` is empty.
    """
    tables: frozenset[Any] = frozenset()
    groupings: frozenset[Any] = frozenset()
    unrolls = sets_change = has_rank_0 = False
    apart: frozenset[Any] = frozenset()
    refused: PullbackError | None = None
    made: Built | None = None
    while True:
        session = Session(extents)
        session.tables, session.sets_change, session.unrolls_growth = tables, sets_change, unrolls
        session.has_rank_0, session.groupings, session.apart = has_rank_0, groupings, apart
        try:
            built = _build(session, fn, args, kwargs, private)
        except PullbackError as e:
            if made is not None and (session.list_sites <= groupings or not isinstance(e, NeedsStatic)):
                return made
            first = e if refused is None else refused
            if session.needs_rank_0:
                has_rank_0 = True
            elif not session.new_keys <= tables:
                tables |= session.new_keys
            elif not isinstance(e, NeedsStatic):
                raise first from first.__cause__
            elif session.needs_sets > sets_change:
                sets_change = True
            elif not session.unknown_keys <= tables:
                tables |= session.unknown_keys
            elif not session.list_sites <= groupings:
                groupings |= session.list_sites
            elif session.grew_by_count > unrolls:
                unrolls = True  # a list that grew in a loop over a known number of items is then of known length
            elif not session.meeting <= apart and len(session.meeting | apart) <= MOST_APART:
                apart |= session.meeting
                refused = first
            else:
                raise first from first.__cause__
        else:
            if session.needs_rank_0:
                has_rank_0 = True
                continue
            if session.new_keys <= tables:
                return built
            made = made or built
            tables |= session.new_keys


def _build(session: Session, fn: Any, args: Any, kwargs: Any, private: bool) -> Built:
    interpreter = Interpreter(session)
    params: list[Value] = []

    def enter(tree: Any) -> Any:
        if isinstance(tree, Leaf):
            value = Value(tree.type, tree.name)
            params.append(value)
            if not tree.type.shape:
                return value
            array = Array(Cell(value, tree.name))
            array.cell.lenders = (array.cell,)
            interpreter.argument_cells.append(array)
            return array
        if isinstance(tree, Static):
            return _static_argument(interpreter, tree.value)
        if isinstance(tree, tuple) and not is_namedtuple(type(tree)):
            return tuple(enter(x) for x in tree)
        made: Any = None
        if isinstance(tree, list):
            made = ListValue([enter(x) for x in tree], stamp=ARGUMENT)
        elif isinstance(tree, dict):
            made = DictValue({k: enter(x) for k, x in tree.items()}, stamp=ARGUMENT)
        elif is_namedtuple(type(tree)) or hasattr(tree, "__dataclass_fields__"):
            names = getattr(tree, "_fields", None) or list(tree.__dataclass_fields__)
            made = RecordValue(type(tree), {f: enter(getattr(tree, f)) for f in names}, stamp=ARGUMENT)
        if made is not None:
            session.arguments.append(made)
            return made
        return _static_argument(interpreter, tree)

    plain = unwrap(fn)
    path = Path(Root("function", plain))
    bound: tuple[Any, ...] = ()
    name = getattr(plain, "__name__", type(plain).__name__)
    loc = Loc(*_where(plain))
    session.b.loc = loc
    abstract_args = [enter(a) for a in args]
    abstract_kwargs = {k: enter(v) for k, v in kwargs.items()}
    if isinstance(plain, types.MethodType):
        owner, plain = plain.__self__, plain.__func__
        bound = (interpreter.capture_object(owner, path.attribute("__self__"), "self"),)
        path = path.attribute("__func__")
    interpreter.owned_arguments = len(interpreter.argument_cells) if private else 0
    yields: list[Operand] = []
    with interpreter.entry_frame(name, loc):
        if isinstance(plain, types.FunctionType):
            target: Any = UserFunction(plain, name, bound=bound, path=path)
        else:
            target = interpreter.capture_object(plain, path, name)
        raises = False
        try:
            result = interpreter.bound(interpreter.call(target, abstract_args, abstract_kwargs))
        except DeadCode:
            result, raises = None, True
        tree = leave(interpreter, result, yields, loc)
    written, mutates, laid_out = [], [], []
    arrays = [p for p in params if p.type.shape]
    for param, array in zip(arrays, interpreter.argument_cells, strict=True):
        if array.cell.current is param and array.cell not in session.lent:
            continue
        mutates.append(params.index(param))
        if array.cell in session.laid_out:
            laid_out.append(params.index(param))
        if array.cell.current is not param and not private:
            written.append((params.index(param), len(yields)))
            yields.append(array.cell.current)
    captured = [c for c, _ in session.captured.values()]
    session.body.params = [*params, *(v for _, v in session.captured.values())]
    session.body.yields = yields
    function = Function(_identifier(name), session.body, list(session.assumptions), dict(session.callees))
    guards, portable = list(session.guards.values()), not session.unplaced
    return Built(
        function,
        tree,
        captured,
        guards,
        written,
        mutates,
        laid_out,
        portable,
        raises,
        session.rebound,
        session.deterministic,
    )


def _where(fn: Any) -> tuple[str, int]:
    code = getattr(getattr(fn, "__func__", fn), "__code__", None)
    return (code.co_filename, line_of_definition(code)) if code is not None else ("<unknown>", 0)


def _identifier(name: str) -> str:
    return name if name.isidentifier() else "function"


def _static_argument(ctx: Interpreter, value: Any) -> Any:
    """An argument that is compiled in: dispatch goes by its identity. The attributes of an object of the
    user's may change all the same, and are captured."""
    if isinstance(value, list):
        return ListValue([_static_argument(ctx, x) for x in value], stamp=0)
    if isinstance(value, dict):
        return DictValue({k: _static_argument(ctx, x) for k, x in value.items()}, stamp=0)
    if isinstance(value, types.FunctionType) and ctx.transform_of(value) is None:
        return ctx.named_function(value, value.__name__)
    if _is_object(value) and ctx.transform_of(value) is None:
        return ctx.capture_object(value, of_value(value), type(value).__name__)
    return value


_ITEMS_LIMIT = 100  # of a list that grew in a loop and is returned
_KNOWN = (type, enum.Enum, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, np.ufunc, np.dtype)


def _is_object(value: Any) -> bool:
    """Whether a static value has attributes that may change: an object of a class, a bound method, a partial."""
    if isinstance(value, _KNOWN):
        return False
    if isinstance(value, types.MethodType) or hasattr(value, "__dict__"):
        return True
    return hasattr(type(value), "__slots__") and type(value).__module__.split(".")[0] not in sys.stdlib_module_names


def leave(ctx: Interpreter, v: Any, yields: list[Operand], loc: Loc) -> Any:
    """The returned tree: run-time leaves become yields."""
    if isinstance(v, Array) or (is_scalar(v) and not is_static(v)):
        yields.append(ctx.operand(v))
        return len(yields) - 1
    if isinstance(v, tuple):
        return tuple(leave(ctx, x, yields, loc) for x in v)
    if isinstance(v, ListValue) and not isinstance(v.content, Rows):
        return [leave(ctx, x, yields, loc) for x in v.content]
    if isinstance(v, (ListValue, StackedItems, StackedList)):
        return _leave_rows(ctx, v, yields, loc)
    if isinstance(v, DictValue):
        return {k: leave(ctx, x, yields, loc) for k, x in v.items.items()}
    if is_alternative(v):
        raise UnsupportedError(f"the function returns {describe(v)}", loc, "return a number")
    if isinstance(v, RecordValue) and v.cls in ctx.session.local_classes:
        message = f"the function returns an object of the class {v.cls.__name__}, which it defines"
        raise UnsupportedError(message, loc, "return its attributes in a tuple, or define the class at module level")
    if isinstance(v, RecordValue):
        if not is_plain_record(v.cls):
            message = f"the function returns an object of class {v.cls.__name__}"
            hint = "return its attributes in a tuple"
            if not hasattr(v.cls, "__dataclass_fields__"):
                hint += ", or make the class a dataclass"
            if v.cls in STANDARD:
                message = f"the function returns a {v.cls.__name__} of which only the run tells what is in it"
                hint = "return lists or arrays, as in list(items)"
            raise UnsupportedError(message, loc, hint)
        fields = {k: leave(ctx, x, yields, loc) for k, x in v.fields.items()}
        return v.cls(**fields)
    if isinstance(v, Yielding):
        made = next(n for n in ast.walk(v.source.node) if isinstance(n, (ast.Yield, ast.YieldFrom)))
        hint = "return the values in a tuple, or store them in an array"
        raise UnsupportedError("generators are not returned: yield", location(made, v.source.file), hint)
    v = ctx.resolved(v)
    if isinstance(v, Maybe):
        with ctx.b.at(loc):
            message = f"the function returns {describe(v.absent)} here, and {describe(v.value)} on other paths"
            ctx.check(v.bound, "NotImplementedError", message + ": return one kind of value on every path")
        return leave(ctx, v.value, yields, loc)
    if isinstance(v, Conflict):
        raise UnsupportedError(v.reason, loc, "return the same kind of value on every path")
    if isinstance(v, frozenset):
        raise UnsupportedError("the function returns a set", loc, "return a sorted tuple")
    if is_static(v):
        return Static(to_python(v))
    hint = "return numbers, arrays, or containers of them"
    raise PullbackTypeError(f"the function returns {describe(v)}", loc, hint)


def _leave_rows(ctx: Interpreter, v: ListValue | StackedItems | StackedList, yields: list[Operand], loc: Loc) -> Any:
    """A list that is returned and whose length the extents of the arguments tell: its items one by one."""
    with ctx.b.at(loc):
        rows = ctx.as_stacked(v)
        size = ctx.session.number(ctx.length(rows))
        if size is None or size > _ITEMS_LIMIT:
            what = "a list of run-time length" if size is None else f"a list of {size} items"
            raise PullbackTypeError(
                f"the function returns {what}", loc, "return an array of its items, np.array(items)"
            )
        return [leave(ctx, ctx.item_at(rows, k), yields, loc) for k in range(size)]
