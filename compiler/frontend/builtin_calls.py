"""Python's builtins, for numbers, containers and iterators (others: `object_calls`, `ordering_calls`).

A handler returns NotImplemented where the NumPy table knows better (``abs`` of an array).
"""

from __future__ import annotations

import ast
import collections
import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Op, Operand, Region
from . import containers_library
from . import numpy_compositions as compositions
from .context import DeadCode, describe
from .iteration import is_iterator
from .numpy_builtins import to_int
from .numpy_support import cast
from .texts import escaped, formatted, show, template_of
from .values import (
    ITERATORS,
    UNDEFINED,
    Array,
    DictValue,
    DictView,
    GeneratorValue,
    Iteration,
    ListValue,
    Opaque,
    RangeValue,
    RecordValue,
    SliceValue,
    StackedItems,
    StackedList,
    UserFunction,
    Yielding,
    is_operand,
    is_scalar,
    is_static,
    to_python,
)

Handler = Callable[[Any, list[Any], dict[str, Any]], Any]
BUILTINS: dict[Any, Handler] = {}


def builtin(*functions: Any, low: int = 1, high: int = 1, takes: str = "") -> Callable[[Handler], Handler]:
    """Enter a handler with the number of positional arguments it takes. They may be lists of run-time length if it
    `takes` "lists"; "iterables": it goes through them; "items": through the only one, if it is the only one, and an
    array is as good as the list of its rows."""
    orderless = not {sorted, min, max, sum, any, all}.isdisjoint(functions)

    def prepared(ctx: Any, args: list[Any]) -> list[Any]:
        if orderless:
            args = [_in_any_order(a) for a in args]
        if takes == "iterables" or (takes == "items" and len(args) == 1):
            args = [ctx.begun(a) for a in args]
        elif takes:
            args = [ctx.as_stacked(a) for a in args]
        return args

    def enter(handler: Handler) -> Handler:
        for function in functions:

            @functools.wraps(handler)
            def checked(ctx: Any, args: list[Any], kwargs: dict[str, Any], name: str = function.__name__) -> Any:
                if not low <= len(args) <= high:
                    wanted = f"{low}" if low == high else f"{low} to {high}"
                    message = f"{name}() takes {wanted} positional arguments here but {len(args)} were given"
                    ctx.error(PullbackTypeError, message, "plain Python may take others: docs/language.md")
                args = prepared(ctx, args)
                if takes in ("iterables", "items") and any(ctx.is_stepwise(a) for a in args):
                    if name in containers_library.OF_STEPS:
                        return ctx.folded_steps(name, args)
                    if name not in ("enumerate", "zip", "map", "filter", "reversed"):
                        args = prepared(ctx, [ctx.listed_steps(a) if ctx.is_stepwise(a) else a for a in args])
                if takes != "items" or len(args) != 1 or not isinstance(args[0], StackedList):
                    return handler(ctx, args, kwargs)
                result = handler(ctx, [args[0].array], kwargs)
                numbers = args[0].weak and is_operand(result) and not result.type.shape
                return _python_number(ctx, result) if numbers else result

            BUILTINS[function] = checked
        return handler

    return enter


def _python_number(ctx: Any, x: Operand) -> Operand:
    """What is made of Python numbers is one."""
    kind = "b1" if x.type.is_bool else "f64" if x.type.is_float else "i64"
    return x if x.type.weak else ctx.emit("cast", x, dtype=kind, weak=True)


@builtin(range, low=1, high=3)
def _range(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    for a in args:
        ctx.require_dim(a)
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    if is_static(step) and to_python(step) == 0:
        ctx.error(PullbackValueError, "range() arg 3 must not be zero")
    return RangeValue(start, stop, step)


@builtin(len, takes="lists")
def _len(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (v,) = args
    if isinstance(v, Array):
        return ctx.integer(ctx.shape(v)[0])
    if isinstance(v, (RangeValue, Iteration, StackedItems, StackedList)):
        return ctx.integer(ctx.length(v))
    if isinstance(v, (ListValue, DictValue)):
        return len(v.items)
    if isinstance(v, DictView):
        return len(v.owner.items)
    if isinstance(v, (GeneratorValue, Yielding)):
        ctx.error(PullbackTypeError, "an iterator has no len()", "make it a list: list(...)")
    if isinstance(v, RecordValue):
        return len(v.fields) if issubclass(v.cls, tuple) else ctx.call(ctx.attribute(v, "__len__"), [], {})
    if isinstance(v, Opaque) and hasattr(type(v.obj), "__len__"):
        if not isinstance(inspect.getattr_static(type(v.obj), "__len__"), types.FunctionType):
            message = f"len of {describe(v)} from outside of the function is not supported"
            ctx.error(UnsupportedError, message, "make it a list outside")
        return ctx.call(ctx.attribute(v, "__len__"), [], {})
    if is_scalar(v) or not hasattr(v, "__len__"):
        ctx.error(PullbackTypeError, f"{describe(v)} has no len()")
    return len(v)


@builtin(enumerate, low=1, high=2, takes="iterables")
def _enumerate(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Iteration("enumerate", (args[0],), kwargs.get("start", args[1] if len(args) > 1 else 0))


@builtin(zip, low=0, high=99, takes="iterables")
def _zip(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if ctx.static(kwargs.get("strict", False), "strict of zip"):
        lengths = [ctx.length(a) if ctx.turns(a) is None else Dim.of(ctx.count_turns(a)) for a in args]
        for n in lengths[1:]:
            ctx.require_equal(lengths[0], n, "zip() arguments have different lengths")
    return Iteration("zip", tuple(args)) if args else ()


@builtin(reversed, takes="iterables")
def _reversed(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Iteration("reversed", (args[0],))


@builtin(tuple, low=0, takes="iterables")
def _tuple(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(ctx.items_of(args[0])) if args else ()


@builtin(list, low=0)
def _list(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = ctx.begun(args[0]) if args else ()
    if ctx.is_stepwise(items):
        return ctx.listed_steps(items)
    if isinstance(items, (GeneratorValue, StackedItems, StackedList)) and ctx.turns(items) is None:
        return ctx.copied_list(ctx.listed(items))
    return ListValue(ctx.items_of(items))


@builtin(next, high=2)
def _next(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    gen, default = (*args, UNDEFINED)[:2]
    if is_iterator(gen):
        return ctx.next_of(gen, default)
    if isinstance(gen, RecordValue):
        return ctx.call(ctx.attribute(gen, "__next__"), [], {})
    if not isinstance(gen, GeneratorValue):
        if isinstance(gen, Iteration):
            return ctx.next_of(ctx.iterator_of(gen), default)
        if not isinstance(gen, ITERATORS):
            message = f"next() takes an iterator, and this is {describe(gen)}"
            ctx.error(PullbackTypeError, message, "make one of it: it = iter(values)")
        hint = "loop over it with for, and break; or make a list of its items, and take them from it = iter(items)"
        ctx.error(UnsupportedError, f"next() of {describe(gen)} is not supported", hint)
    items = ctx.turns(gen)
    if items is None:
        return ctx.reduce_items(gen, "first", default)
    item = next(items, default)
    if item is UNDEFINED:
        ctx.error(PullbackValueError, "next() of a generator without items", "give a default: next(items, default)")
    return item


@builtin(iter)
def _iter(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.iterator_of(args[0])


@builtin(collections.deque, low=0, high=2)
def _deque(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.construct(containers_library.deque, args, kwargs)


@builtin(collections.Counter, low=0, high=1)
def _counter(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.construct(containers_library.counter, args, kwargs)


@builtin(np.vectorize, low=1, high=2)
def _vectorize(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    otypes = ctx.static(args[1] if len(args) > 1 else kwargs.pop("otypes", None), "otypes of np.vectorize")
    if any(x is not None for x in kwargs.values()):
        ctx.error(UnsupportedError, f"np.vectorize: {next(iter(kwargs))} is not supported", "loop over the items")
    return vectorized_function(ctx, args[0], otypes)


def vectorized_function(ctx: Any, function: Any, otypes: Any) -> Any:
    """What ``np.vectorize(function, otypes)`` returns."""
    return ctx.named_function(compositions.vectorized, "vectorized", (function, otypes[0] if otypes else None))


@builtin(compositions.one_kind, low=1, high=99)
def _one_kind(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    before = ctx.session.widened
    result = ctx.call(args[0], args[1:], {})
    if ctx.session.widened != before:
        message = "a number in this function is an int on one path and a float on another: np.vectorize takes the first"
        ctx.error(UnsupportedError, message, "give otypes=[float]")
    return result


@builtin(contextlib.contextmanager)
def _contextmanager(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not isinstance(args[0], UserFunction):
        ctx.error(PullbackTypeError, f"contextmanager() takes a generator function, not {describe(args[0])}")
    return replace(args[0], manages=True)


@builtin(containers_library.is_constant)
def _is_constant(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return is_static(args[0])


@builtin(collections.defaultdict, low=0, high=2)
def _defaultdict(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _filled(ctx, ctx.new_dict(args[0] if args else None), args[1:], kwargs)


@builtin(dict, collections.OrderedDict, low=0)
def _dict(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _filled(ctx, ctx.new_dict(), args, kwargs)


def _filled(ctx: Any, made: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A new dict with what `dict` is given."""
    for other in args:
        ctx.enter_all(made, other)
    for key, value in kwargs.items():
        ctx.enter_item(made, key, value)
    return made


@builtin(dict.fromkeys, low=1, high=2)
def _fromkeys(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    made = ctx.new_dict()
    ctx.enter_all(made, ctx.generator("((key, value) for key in _)", args[0], value=args[1] if len(args) > 1 else None))
    return made


@builtin(print, low=0, high=99)
def _print(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if set(kwargs) - {"sep", "end", "flush", "file"} or "file" in kwargs:
        ctx.error(UnsupportedError, "print to a file is not supported", "print without file=")
    parts = [template_of(ctx, a) for a in args]
    sep, end = (
        default if (given := ctx.static(kwargs.get(name), f"{name} of print")) is None else given
        for name, default in (("sep", " "), ("end", "\n"))
    )
    ending = {} if end == "\n" else {"end": end}

    def emit(template: str, values: Sequence[Any]) -> None:
        ctx.b.op("print", *map(ctx.operand, values), attrs={"template": template, **ending}, types=[])

    show(ctx, escaped(sep).join(t for t, _ in parts), [v for _, values in parts for v in values], emit)


@builtin(sum, low=1, high=2, takes="items")
def _sum(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    start = kwargs.get("start", args[1] if len(args) > 1 else 0)
    if isinstance(args[0], Array) and not ctx.shape(args[0])[0].is_const:
        t = ctx.type(args[0])  # Python adds the elements themselves: small integers stay small
        total = ctx.numpy(np.sum, [args[0]], {"axis": 0} if t.is_bool else {"axis": 0, "dtype": t.numpy})
        return ctx.binary(ast.Add, start, total)
    items = args[0]
    if isinstance(items, RangeValue) and ctx.turns(items) is None:
        items = ctx.generator("(x for x in _)", items)
    if ctx.is_unbounded(items):
        return ctx.reduce_items(items, "sum", start)
    out = start
    for x in ctx.items_of(items):
        out = ctx.binary(ast.Add, out, x)
    return out


@builtin(any, takes="items")
def _any(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _truth_of_items(ctx, args[0], "any")


@builtin(all, takes="items")
def _all(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _truth_of_items(ctx, args[0], "all")


def _truth_of_items(ctx: Any, items: Any, name: str) -> Any:
    if isinstance(items, Array):
        return _python_bool(ctx, ctx.numpy(getattr(np, name), [items]))
    if ctx.is_unbounded(items):
        return ctx.reduce_items(items, name)
    return _python_bool(ctx, _first_decides(ctx, items, name == "any"))


def _first_decides(ctx: Any, items: Any, last: bool) -> Any:
    """Whether the truth of an item is `last`, or else `not last`: `any` or `all`. What may raise, or has an effect, is
    built into a branch for those who got as far."""
    flag: Any = not last
    turns = ctx.turns_of(items)
    with ctx.session.attempt() as journal:
        while flag is not last:
            region, test = Region(), None
            try:
                with ctx.b.into(region):
                    item = next(turns, UNDEFINED)
                    if item is UNDEFINED:
                        break
                    test = ctx.truth(item)
            except DeadCode:  # this item raises
                pass
            if not isinstance(flag, bool) and any(obj.stamp < journal.start for obj in journal.old):
                message = "the items change something, and how many of them are looked at is known only at run time"
                ctx.error(UnsupportedError, message, "use a for loop with break")

            def look(ops: list[Op] = region.ops, test: Any = test) -> Any:
                ctx.b.region.ops.extend(ops)
                if test is None:
                    raise DeadCode
                return test

            if isinstance(flag, bool):
                flag = look()
            elif test is None or not ctx.session.is_harmless(region):
                flag = ctx.choose(flag, *((lambda: True, look) if last else (look, lambda: False)))
            elif test is not (not last):
                look()
                flag = last if test is last else ctx.emit("logical_or" if last else "logical_and", flag, test)
            if test is None or test is last:
                break
    return flag


def _python_bool(ctx: Any, v: Any) -> Any:
    """``bool(v)``, never a NumPy boolean."""
    t = ctx.truth(v)
    return cast(ctx, t, "b1", weak=True) if is_operand(t) else t


def _convert(dtype: str, python: Any) -> Handler:
    def handler(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not args:
            return python()
        if len(args) > 1 or "base" in kwargs:
            text, base = (*args, kwargs.get("base"))[:2]
            return int(ctx.static(text, "the text of an integer"), ctx.static(base, "the base of an integer"))
        (v,) = args
        if is_static(v) and not isinstance(v, (np.ndarray, ListValue, tuple)):
            return python(v)
        if python is bool:
            return _python_bool(ctx, v)
        if isinstance(v, Dim):
            return v if python is int else ctx.emit("cast", ctx.operand(v), dtype=dtype, weak=True)
        x = ctx.operand(v)
        if x.type.shape:
            if not all(d == 1 for d in x.type.shape):
                ctx.error(
                    PullbackTypeError,
                    "only arrays with one element can be converted to Python numbers",
                    "index the element",
                )
            x = ctx.emit("reshape", x, shape=())
        return to_int(ctx, x) if python is int else cast(ctx, x, dtype, weak=True)

    return handler


builtin(float, low=0)(_convert("f64", float))
builtin(int, low=0, high=2)(_convert("i64", int))
builtin(bool, low=0)(_convert("b1", bool))


@builtin(divmod, low=2, high=2)
def _divmod(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return (ctx.binary(ast.FloorDiv, *args), ctx.binary(ast.Mod, *args))


@builtin(pow, low=2, high=3)
def _pow(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(args) == 3 and args[2] is not None:
        if not all(map(is_static, args)):
            ctx.error(UnsupportedError, "pow() of run-time numbers with a modulus is not supported", "use (a**b) % m")
        return pow(*args)
    return ctx.binary(ast.Pow, *args[:2])


@builtin(map, low=2, high=99, takes="iterables")
def _map(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.generator("(f(*row) for row in _)", Iteration("zip", tuple(args[1:])), f=args[0])


@builtin(filter, low=2, high=2, takes="iterables")
def _filter(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    template = "(x for x in _ if x)" if args[0] is None else "(x for x in _ if f(x))"
    return ctx.generator(template, args[1], f=args[0])


@builtin(set, low=0)
def _set(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.new_set(_in_any_order(args[0]) if args else ())


@builtin(frozenset, low=0)
def _frozenset(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = _in_any_order(args[0]) if args else ()
    known = ctx.static_items(ctx.begun(items))
    return frozenset(map(to_python, known)) if known is not None and all(map(is_static, known)) else ctx.new_set(items)


@builtin(containers_library.require_hashable)
def _require_hashable(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    ctx.require_hashable(args[0])


@builtin(containers_library.note_lists, low=2, high=2)
def _note_lists(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    if isinstance(args[1], ListValue) and "site" in args[0].fields:
        ctx.session.list_sites.add(args[0].fields["site"])


@builtin(containers_library.members)
def _members(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _in_any_order(args[0])


def _in_any_order(v: Any) -> Any:
    """The items of a set, where their order does not matter; anything else as it is."""
    if isinstance(v, RecordValue) and v.cls is containers_library.set_:
        return v.fields["items"]
    return tuple(v) if isinstance(v, frozenset) else v


@builtin(containers_library.unordered, low=0, high=0)
def _unordered(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    ctx.error(UnsupportedError, "the order of the items of this set is not known", "go through sorted(items)")


@builtin(str)
def _str(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return formatted(ctx, args[0], "", "!s")


@builtin(repr)
def _repr(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return formatted(ctx, args[0], "", "!r")


@builtin(format, low=1, high=2)
def _format(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return formatted(ctx, args[0], ctx.static(args[1], "a format") if len(args) > 1 else "")


@builtin(slice, low=1, high=3)
def _slice(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    start, stop, step = (None, args[0], None) if len(args) == 1 else (*args, None)[:3]
    return SliceValue(start, stop, step)
