"""The modules functools, operator and itertools, and the helpers of dataclasses.

The functions of itertools make Python iterators over the items of what has a length known at compile time.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import itertools
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import NeedsStatic, PullbackTypeError, UnsupportedError
from . import containers_library, steps_library
from .builtin_calls import builtin
from .container_methods import copied_dict, replaced
from .context import describe
from .values import (
    FOREVER,
    Array,
    DictValue,
    GeneratorValue,
    Iteration,
    Lazy,
    ListValue,
    Maybe,
    RangeValue,
    RecordValue,
    Rest,
    Rows,
    StackedItems,
    StackedList,
    UserFunction,
    is_static,
)

_BINARY: dict[Any, type[ast.operator]] = {
    operator.add: ast.Add,
    operator.sub: ast.Sub,
    operator.mul: ast.Mult,
    operator.truediv: ast.Div,
    operator.floordiv: ast.FloorDiv,
    operator.mod: ast.Mod,
    operator.pow: ast.Pow,
    operator.matmul: ast.MatMult,
    operator.and_: ast.BitAnd,
    operator.or_: ast.BitOr,
    operator.xor: ast.BitXor,
    operator.lshift: ast.LShift,
    operator.rshift: ast.RShift,
}
_COMPARE: dict[Any, type[ast.cmpop]] = {
    operator.lt: ast.Lt,
    operator.le: ast.LtE,
    operator.gt: ast.Gt,
    operator.ge: ast.GtE,
    operator.eq: ast.Eq,
    operator.ne: ast.NotEq,
    operator.is_: ast.Is,
    operator.is_not: ast.IsNot,
}
MANY = 32  # items of an array whose selections are made one by one


def _enter_operators() -> None:
    for function, op in _BINARY.items():

        @builtin(function, low=2, high=2)
        def arithmetic(ctx: Any, args: list[Any], kwargs: dict[str, Any], op: Any = op) -> Any:
            return ctx.binary(op, *args)

    for function, compared in _COMPARE.items():

        @builtin(function, low=2, high=2)
        def comparison(ctx: Any, args: list[Any], kwargs: dict[str, Any], op: Any = compared) -> Any:
            return ctx.compare(op(), *args)


_enter_operators()


@builtin(operator.neg)
def _neg(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.unary(ast.USub, args[0])


@builtin(operator.not_)
def _not(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    test = ctx.truth(args[0])
    return not test if isinstance(test, bool) else ctx.emit("logical_not", test)


@builtin(operator.getitem, low=2, high=2)
def _getitem(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.load_item(*args)


@builtin(operator.itemgetter, high=9)
def _itemgetter(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return operator.itemgetter(*(ctx.static(a, "an item of itemgetter") for a in args))


@builtin(operator.attrgetter)
def _attrgetter(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return operator.attrgetter(ctx.static(args[0], "the attribute of attrgetter"))


def call_getter(ctx: Any, getter: Any, owner: Any) -> Any:
    """What an itemgetter or attrgetter takes from an object."""
    keys = getter.__reduce__()[1]
    if isinstance(getter, operator.itemgetter):
        items = tuple(ctx.load_item(owner, k) for k in keys)
        return items if len(items) > 1 else items[0]
    for name in keys[0].split("."):
        owner = ctx.attribute(owner, name)
    return owner


# -- functools ---------------------------------------------------------------------------------------------
@builtin(functools.lru_cache, low=0, high=2)
def _lru_cache(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _cache(ctx, args, {}) if args and isinstance(args[0], UserFunction) else functools.cache


@builtin(functools.cache)
def _cache(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.call(containers_library.cache, args, {})


@builtin(functools.partial, low=1, high=99)
def _partial(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fn = args[0]
    if isinstance(fn, UserFunction):
        return UserFunction(
            fn.fn,
            fn.name,
            fn.node,
            fn.env,
            (*fn.bound, *args[1:]),
            {**fn.bound_kwargs, **kwargs},
            fn.defaults,
            fn.loc,
            fn.path,
        )
    if not callable(fn):
        ctx.error(UnsupportedError, "functools.partial of this callable is not supported", "use a lambda")
    return functools.partial(fn, *args[1:], **kwargs)


@builtin(functools.wraps, low=1, high=9)
def _wraps(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _identity


def _identity(fn: Any) -> Any:
    return fn


@builtin(_identity)
def _same(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return args[0]


@builtin(functools.reduce, low=2, high=3)
def _reduce(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fn, source = args[:2]

    def step(total: Any, item: Any) -> Any:
        return ctx.call(fn, [total, item], {})

    items = ctx.static_items(source)
    if items is None:
        source = ctx.listed(source)
        if len(args) == 3:
            return ctx.folded(source, 0, args[2], step)
        n = ctx.operand(ctx.integer(ctx.length(source)))
        ctx.check(ctx.emit("gt", n, 0), "TypeError", "reduce() of empty iterable with no initial value")
        return ctx.folded(source, 1, ctx.item_at(source, 0), step)
    items = [*args[2:], *items]
    if not items:
        ctx.error(PullbackTypeError, "reduce() of empty iterable with no initial value")
    return functools.reduce(step, items)


def _known_items(ctx: Any, v: Any) -> tuple[Any, ...]:
    """The items of which all selections are made: a few items of an array are a program for that many."""
    v = ctx.begun(v)
    if isinstance(v, (Array, RangeValue)) and ctx.turns(v) is None:
        n = ctx.length(v)
        if not n.has_values and n.evaluate(ctx.session.extents.__getitem__) <= MANY:
            ctx.session.number(n)
    return tuple(ctx.items_of(v))


# -- itertools ---------------------------------------------------------------------------------------------
def _enter_selections() -> None:
    for function in (
        itertools.combinations,
        itertools.permutations,
        itertools.combinations_with_replacement,
        itertools.pairwise,
    ):

        @builtin(function, low=1, high=2)
        def expand(ctx: Any, args: list[Any], kwargs: dict[str, Any], function: Any = function) -> Any:
            sizes = [ctx.static(a, "the number of items taken") for a in (*args[1:], *kwargs.values())]
            if function is itertools.pairwise and ctx.is_stepwise(ctx.begun(args[0])):
                return ctx.call(steps_library.pairwise, args, {})
            if function is itertools.pairwise:
                return Lazy(lambda: itertools.pairwise(ctx.turns_of(args[0])), (args[0],))
            items = _known_items(ctx, args[0])
            return Lazy(lambda: function(items, *sizes), items)


_enter_selections()


@builtin(itertools.product, low=0, high=99)
def _product(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    repeat = ctx.static(kwargs.get("repeat", 1), "repeat of product")
    parts = tuple(_known_items(ctx, a) for a in args)
    return Lazy(lambda: itertools.product(*parts, repeat=repeat), parts)


def _sources(ctx: Any, parts: tuple[Any, ...]) -> tuple[ListValue | Array, ...]:
    return tuple(x for p in parts for x in ([p] if isinstance(p, Array) else ctx.copied(p)))


def _chained(ctx: Any, parts: tuple[Any, ...]) -> Any:
    if all(isinstance(p, (Array, StackedList)) for p in parts) and any(ctx.turns(p) is None for p in parts):
        for p in parts:
            ctx.lock_items(p)
        arrays = [ctx.wrap(ctx.operand(p)) for p in parts]
        return StackedList(ctx.numpy(np.concatenate, [tuple(arrays)]), source=_sources(ctx, parts))
    return Lazy(lambda: (x for p in parts for x in ctx.turns_of(p)), parts)


@builtin(itertools.chain, low=0, high=99)
def _chain(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parts = tuple(map(ctx.begun, args))
    if any(map(ctx.is_stepwise, parts)):
        return ctx.call(steps_library.chain, [parts], {})
    return _chained(ctx, parts)


@builtin(itertools.chain.from_iterable)
def _chain_of(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    source = ctx.begun(args[0])
    if ctx.is_stepwise(source) or (isinstance(source, GeneratorValue) and ctx.turns(source) is None):
        return ctx.call(steps_library.chain, [source], {})
    return _chain(ctx, ctx.items_of(source), {})


@builtin(itertools.starmap, low=2, high=2)
def _starmap(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ctx.generator("(f(*row) for row in _)", args[1], f=args[0])


@builtin(itertools.cycle)
def _cycle(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Lazy(lambda: itertools.cycle(ctx.turns_of(args[0])), (args[0],), endless=True)


@builtin(itertools.accumulate, low=1, high=2)
def _accumulate(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fn = args[1] if len(args) > 1 else kwargs.get("func")
    fn = operator.add if fn is None else fn
    initial = [kwargs["initial"]] if kwargs.get("initial") is not None else []
    source = ctx.begun(args[0])
    if ctx.is_stepwise(source):
        made = steps_library.accumulate_from if initial else steps_library.accumulate
        return ctx.call(made, [source, fn, *initial], {})
    if ctx.turns(args[0]) is None:
        cumulative = {operator.add: np.cumsum, operator.mul: np.cumprod}.get(fn) if is_static(fn) else None
        if cumulative is None or initial:
            ctx.error(NeedsStatic, "accumulate over a run-time length is not supported here", "write it as a loop")
        rows = ctx.wrap(ctx.operand(ctx.listed(args[0])))
        return StackedList(ctx.numpy(cumulative, [rows], {"axis": 0}), source=_sources(ctx, (args[0],)))

    def begin() -> Iterator[Any]:
        return itertools.accumulate(
            itertools.chain(initial, ctx.turns_of(args[0])), lambda a, b: ctx.call(fn, [a, b], {})
        )

    return Lazy(begin, (*initial, args[0]))


@builtin(itertools.islice, low=2, high=4)
def _islice(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    source = ctx.begun(args[0])
    if ctx.is_stepwise(source) and len(args) == 2:
        return Iteration("islice", (source,), args[1])
    bounds = [ctx.static(a, "a bound of islice") for a in args[1:]]
    if ctx.is_stepwise(source):
        start, stop, step = (*bounds, None)[:3]
        return ctx.call(steps_library.islice, [source, start or 0, stop, 1 if step is None else step], {})
    if isinstance(source, RangeValue) and is_static(source.start) and is_static(source.step):
        start, step = ctx.static(source.start, "the start"), ctx.static(source.step, "the step")
        return Lazy(lambda: itertools.islice(itertools.count(start, step), *bounds), ())
    endless = isinstance(source, Lazy) and source.endless and len(bounds) > 1 and bounds[1] is None
    return Lazy(lambda: itertools.islice(ctx.turns_of(source), *bounds), (source,), endless)


@builtin(itertools.repeat, low=1, high=2)
def _repeat(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    times = args[1] if len(args) > 1 else kwargs.get("times")
    if times is None:
        return Lazy(lambda: itertools.repeat(args[0]), (args[0],), endless=True)
    return Lazy(lambda: itertools.repeat(args[0], ctx.static(times, "the number of times")), (args[0],))


@builtin(itertools.count, low=0, high=2)
def _count(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = [*args, *kwargs.values()]
    start, step = (int(ctx.static(a, "an argument of count")) for a in (*given, *(0, 1)[len(given) :]))
    return RangeValue(start, start + step * FOREVER, step)


@builtin(itertools.zip_longest, low=1, high=99)
def _zip_longest(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    filler = kwargs.get("fillvalue")
    return Lazy(lambda: itertools.zip_longest(*(ctx.turns_of(a) for a in args), fillvalue=filler), (*args, filler))


def _enter_whiles() -> None:
    for function in (itertools.takewhile, itertools.dropwhile):

        @builtin(function, low=2, high=2)
        def expand(ctx: Any, args: list[Any], kwargs: dict[str, Any], function: Any = function) -> Any:
            def test(item: Any) -> bool:
                known: Any = ctx.truth(ctx.call(args[0], [item], {}))
                if not isinstance(known, bool):
                    message = f"the condition of {function.__name__} is known only at run time"
                    ctx.error(NeedsStatic, message, "use a loop with break")
                return bool(known)

            source = ctx.begun(args[1])
            if ctx.is_stepwise(source) or (isinstance(source, Array) and ctx.turns(source) is None):
                made = steps_library.takewhile if function is itertools.takewhile else steps_library.dropwhile
                return ctx.call(made, [args[0], source], {})
            if isinstance(source, RangeValue) and all(map(is_static, (source.start, source.stop, source.step))):
                return Lazy(lambda: function(test, iter(range(source.start, source.stop, source.step))), ())
            return Lazy(lambda: function(test, ctx.turns_of(source)), (source,))


_enter_whiles()


# -- dataclasses -------------------------------------------------------------------------------------------
def _record(ctx: Any, v: Any) -> RecordValue:
    if not isinstance(v, RecordValue) or not dataclasses.is_dataclass(v.cls):
        ctx.error(PullbackTypeError, f"{describe(v)} is not an instance of a dataclass")
    record: RecordValue = v
    return record


@builtin(dataclasses.replace)
def _replace(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> RecordValue:
    owner = _record(ctx, args[0])
    if hasattr(owner.cls, "__post_init__"):
        given = {f.name: owner.fields[f.name] for f in dataclasses.fields(owner.cls) if f.init}
        made: RecordValue = ctx.construct(owner.cls, [], {**given, **kwargs})
        return made
    return replaced(ctx, owner, kwargs)


def _plain(v: Any, to_dict: bool) -> Any:
    if isinstance(v, RecordValue) and dataclasses.is_dataclass(v.cls):
        parts = {k: _plain(x, to_dict) for k, x in v.fields.items()}
        return DictValue(parts) if to_dict else tuple(parts.values())
    if isinstance(v, ListValue):
        return ListValue([_plain(x, to_dict) for x in v.items])
    return tuple(_plain(x, to_dict) for x in v) if type(v) is tuple else v


@builtin(dataclasses.asdict)
def _asdict(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _copied(ctx, _plain(_record(ctx, args[0]), True))


@builtin(dataclasses.astuple)
def _astuple(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _copied(ctx, _plain(_record(ctx, args[0]), False))


def _copied(ctx: Any, v: Any) -> Any:
    """asdict and astuple copy what they find."""
    return tuple(_copied(ctx, x) for x in v) if type(v) is tuple else _deep_copy(ctx, v, {})


# -- copies ------------------------------------------------------------------------------------------------
@builtin(copy.copy, low=1, high=1)
def _copy(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    v = args[0]
    if isinstance(v, Array):
        return ctx.wrap(ctx.emit("copy", ctx.read(v)))
    if isinstance(v, (ListValue, StackedList)):
        return ctx.joined(v, ListValue([]))
    if isinstance(v, DictValue):
        return copied_dict(ctx, v)
    if isinstance(v, RecordValue) and not issubclass(v.cls, tuple):
        return _own_copy(ctx, v, "__copy__", []) or RecordValue(v.cls, dict(v.fields))
    return _unchanging(ctx, v)


@builtin(copy.deepcopy, low=1, high=1)
def _deepcopy(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _deep_copy(ctx, args[0], {})


def _deep_copy(ctx: Any, v: Any, memo: dict[Any, Any]) -> Any:
    """A copy of all that is in a value; what is in it twice is one in the copy."""
    key: Any = v
    if isinstance(v, Array):
        key = v if v.path else v.cell
    elif type(v) is tuple:
        return tuple(_deep_copy(ctx, x, memo) for x in v)
    elif isinstance(v, Maybe):
        return Maybe(_deep_copy(ctx, v.value, memo), v.bound, v.absent)
    elif not isinstance(v, (ListValue, StackedList, DictValue, RecordValue)):
        return _unchanging(ctx, v)
    if key in memo:
        return memo[key]
    made: Any
    if isinstance(v, Array):
        made = ctx.wrap(ctx.emit("copy", ctx.read(v)))
    elif isinstance(v, StackedList) or (isinstance(v, ListValue) and isinstance(v.content, Rows)):
        made = ctx.joined(v, ListValue([]))
    elif isinstance(v, ListValue):
        made = ListValue([_deep_copy(ctx, x, memo) for x in v.items])
    elif isinstance(v, DictValue):
        made = ctx.new_dict(v.default)
        for k, x in v.items.items():
            ctx.enter_item(made, k, _deep_copy(ctx, x, memo))
    else:
        made = _own_copy(ctx, v, "__deepcopy__", [DictValue({})])
        made = made or RecordValue(v.cls, {k: _deep_copy(ctx, x, memo) for k, x in v.fields.items()})
    memo[key] = made
    return made


def _own_copy(ctx: Any, v: RecordValue, method: str, args: list[Any]) -> Any:
    """What the class says a copy is; None where it does not say."""
    return ctx.call(ctx.attribute(v, method), args, {}) if hasattr(v.cls, method) else None


def _unchanging(ctx: Any, v: Any) -> Any:
    """Copies of what cannot change are the things themselves."""
    if isinstance(v, (Iteration, Lazy, Rest, GeneratorValue, StackedItems)):
        ctx.error(UnsupportedError, f"a copy of {describe(v)} is not supported", "make a list of what is left")
    return v
