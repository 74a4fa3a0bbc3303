"""functools.reduce, the operator and itertools modules, and the helpers of dataclasses.

What itertools gives is a list here: its functions are expanded over what has a length known at compile time.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import itertools
import operator
from typing import Any

import numpy as np

from ..errors import NeedsStatic, PullbackTypeError, UnsupportedError
from .builtin_calls import builtin
from .container_methods import replaced
from .context import describe
from .values import Array, DictValue, ListValue, RangeValue, RecordValue, StackedList, is_static

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
_FOREVER = 2**40  # iterations of itertools.count


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
            return ListValue(list(function(ctx.items_of(args[0]), *sizes)))


_enter_selections()


@builtin(itertools.product, low=0, high=99)
def _product(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    repeat = ctx.static(kwargs.get("repeat", 1), "repeat of product")
    return ListValue(list(itertools.product(*(ctx.items_of(a) for a in args), repeat=repeat)))


def _chained(ctx: Any, parts: list[Any]) -> Any:
    if all(isinstance(p, (Array, StackedList)) for p in parts) and any(ctx.static_items(p) is None for p in parts):
        arrays = [ctx.wrap(ctx.operand(p)) for p in parts]
        return StackedList(ctx.numpy(np.concatenate, [tuple(arrays)]))
    return ListValue([x for p in parts for x in ctx.items_of(p)])


@builtin(itertools.chain, low=0, high=99)
def _chain(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _chained(ctx, args)


@builtin(itertools.chain.from_iterable)
def _chain_of(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _chained(ctx, ctx.items_of(args[0]))


@builtin(itertools.accumulate, low=1, high=2)
def _accumulate(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fn = args[1] if len(args) > 1 else kwargs.get("func")
    fn = operator.add if fn is None else fn
    items = ctx.static_items(args[0])
    initial = [kwargs["initial"]] if kwargs.get("initial") is not None else []
    if items is None:
        cumulative = {operator.add: np.cumsum, operator.mul: np.cumprod}.get(fn) if is_static(fn) else None
        if cumulative is None or initial:
            ctx.error(NeedsStatic, "accumulate over a run-time length is not supported here", "write it as a loop")
        rows = ctx.wrap(ctx.operand(ctx.listed(args[0])))
        return StackedList(ctx.numpy(cumulative, [rows], {"axis": 0}))
    return ListValue(list(itertools.accumulate([*initial, *items], lambda a, b: ctx.call(fn, [a, b], {}))))


@builtin(itertools.islice, low=2, high=4)
def _islice(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    bounds = [ctx.static(a, "a bound of islice") for a in args[1:]]
    source = args[0]
    if isinstance(source, RangeValue) and is_static(source.start) and is_static(source.step):
        start, step = ctx.static(source.start, "the start"), ctx.static(source.step, "the step")
        return ListValue(list(itertools.islice(itertools.count(start, step), *bounds)))
    return ListValue(list(itertools.islice(ctx.items_of(source), *bounds)))


@builtin(itertools.repeat, low=1, high=2)
def _repeat(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    times = args[1] if len(args) > 1 else kwargs.get("times")
    if times is None:
        ctx.error(UnsupportedError, "repeat without a number of times is not supported", "give the number of times")
    return ListValue([args[0]] * ctx.static(times, "the number of times"))


@builtin(itertools.count, low=0, high=2)
def _count(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = [*args, *kwargs.values()]
    start, step = (int(ctx.static(a, "an argument of count")) for a in (*given, *(0, 1)[len(given) :]))
    return RangeValue(start, start + step * _FOREVER, step)


@builtin(itertools.zip_longest, low=1, high=99)
def _zip_longest(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    parts = [ctx.items_of(a) for a in args]
    return ListValue(list(itertools.zip_longest(*parts, fillvalue=kwargs.get("fillvalue"))))


@builtin(itertools.takewhile, itertools.dropwhile, low=2, high=2)
def _while(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    ctx.error(UnsupportedError, "takewhile and dropwhile are not supported", "use a loop with break")


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
    if isinstance(v, Array):
        return ctx.wrap(ctx.emit("copy", ctx.read(v)))
    if isinstance(v, DictValue):
        return DictValue({k: _copied(ctx, x) for k, x in v.items.items()})
    if isinstance(v, ListValue):
        return ListValue([_copied(ctx, x) for x in v.items])
    return tuple(_copied(ctx, x) for x in v) if type(v) is tuple else v
