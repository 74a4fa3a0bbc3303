"""max, min and sorted: of numbers, of what is compared part by part, and by a key."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from ..errors import NeedsStatic, PullbackTypeError, PullbackValueError
from ..ir.builder import constant
from ..ir.dims import Dim
from . import numpy_library as library
from .builtin_calls import Handler, builtin
from .forms import is_ordered, take_apart
from .values import (
    Array,
    Indexed,
    Iteration,
    ListValue,
    RecordValue,
    StackedItems,
    StackedList,
    is_number,
    is_static,
    to_python,
)

_SEQUENCES = (tuple, ListValue, RecordValue)  # what is compared part by part, or by a method


def _extreme(python: Any) -> Handler:
    name = python.__name__

    def handler(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        for unknown in set(kwargs) - {"key", "default"}:
            ctx.error(PullbackTypeError, f"{name}() got an unexpected keyword argument {unknown!r}")
        if len(args) == 1 and "default" in kwargs:
            items = ctx.static_items(args[0])
            if items is None:
                some = ctx.emit("gt", ctx.operand(ctx.integer(ctx.length(ctx.listed(args[0])))), 0)
                rest = {k: v for k, v in kwargs.items() if k != "default"}
                return ctx.choose(some, lambda: handler(ctx, args, rest), lambda: kwargs["default"])
            if not items:
                return kwargs["default"]
        if kwargs.get("key") is not None:
            return _extreme_by(ctx, python, args, kwargs["key"])
        if len(args) == 1 and isinstance(args[0], Array) and not ctx.shape(args[0])[0].is_const:
            return ctx.call(library.python_max if python is max else library.python_min, args, {})
        if len(args) == 1 and ctx.is_unbounded(args[0]):
            return ctx.reduce_items(args[0], name)
        if len(args) == 1 and isinstance(args[0], (Iteration, StackedItems)) and ctx.turns(args[0]) is None:
            return ctx.reduce_stacked(name, args[0])
        items = args if len(args) > 1 else ctx.items_of(args[0])
        if not items:
            ctx.error(PullbackValueError, f"{name}() of an empty sequence")
        out = items[0]
        for x in items[1:]:
            out = pick(ctx, python, out, x)
        return out

    return handler


def _extreme_by(ctx: Any, python: Any, args: list[Any], key: Any) -> Any:
    """max or min of the items by a function of them: the first of those where it is greatest (least)."""
    order = ast.Gt() if python is max else ast.Lt()

    def better(best: tuple[Any, Any], item: Any) -> Any:
        value = ctx.call(key, [item], {})
        test = ctx.truth(ctx.compare(order, value, best[1]))
        return ctx.choose(test, lambda: (item, value), lambda: best)

    source = args[0] if len(args) == 1 else tuple(args)
    items = ctx.static_items(source)
    if items is None:
        source = ctx.listed(source)
        n = ctx.operand(ctx.integer(ctx.length(source)))
        ctx.check(ctx.emit("gt", n, 0), "ValueError", f"{python.__name__}() iterable argument is empty")
        first = ctx.item_at(source, 0)
        return ctx.folded(source, 1, (first, ctx.call(key, [first], {})), better)[0]
    if not items:
        ctx.error(PullbackValueError, f"{python.__name__}() of an empty sequence")
    best = (items[0], ctx.call(key, [items[0]], {}))
    for item in items[1:]:
        best = better(best, item)
    return best[0]


def pick(ctx: Any, python: Any, a: Any, b: Any) -> Any:
    """Python's max or min of two: the first unless the second is greater (less)."""
    if is_number(a) and is_number(b):
        return python(a, b)
    if isinstance(a, _SEQUENCES) and isinstance(b, _SEQUENCES):
        second = ctx.truth(ctx.compare(ast.Gt() if python is max else ast.Lt(), b, a))
        return ctx.choose(second, lambda: b, lambda: a)
    if isinstance(a, Array) or isinstance(b, Array):
        ctx.error(
            PullbackValueError,
            "the truth value of an array with more than one element is ambiguous",
            "use np.maximum or np.minimum",
        )
    if all(isinstance(x, Dim) or (isinstance(x, int) and not isinstance(x, bool)) for x in (a, b)):
        return ctx.integer(Dim.of(a).max(b) if python is max else Dim.of(a).min(b))
    x, y = ctx.operand(a), ctx.operand(b)
    if x.type.is_int and y.type.is_int:
        if x.type.dtype != y.type.dtype and "u64" not in (x.type.dtype, y.type.dtype):
            x, y = ctx.as_index(x), ctx.as_index(y)
        opcode = "maximum" if python is max else "minimum"
        return ctx.emit(opcode, *ctx.within_dtype(opcode, [x, y]))
    greater = ctx.emit("gt" if python is max else "lt", y, x)
    return ctx.emit("where", greater, y, x)


builtin(max, low=1, high=99, takes="items")(_extreme(max))
builtin(min, low=1, high=99, takes="items")(_extreme(min))


@builtin(sorted, takes="iterables")
def _sorted(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    for unknown in set(kwargs) - {"key", "reverse"}:
        ctx.error(PullbackTypeError, f"sort() got an unexpected keyword argument {unknown!r}")
    key, reverse = kwargs.get("key"), bool(ctx.static(kwargs.get("reverse", False), "reverse of sorted"))
    source = ctx.listed(args[0])
    items = ctx.static_items(source)
    if items is None:
        if isinstance(source, Iteration) and isinstance(source.parts[-1], Indexed) and source.parts[-1].source:
            return _groups_in_order(ctx, source, key, reverse)
        if isinstance(source, Iteration):
            source = ctx.listed(ctx.generator("(x for x in _)", source))
        if key is not None:
            columns = ctx.mapped(key, source)
        elif isinstance(source, StackedItems):
            columns = [c.array for c in source.rows.columns] if is_ordered(source.rows.form) else []
        else:
            columns = [ctx.wrap(ctx.operand(source))]
        order = _order(ctx, columns, reverse)
        if isinstance(source, StackedItems):
            return ctx.copied_list(ctx.part_of_items(source, order))
        ctx.lock_items(source)
        rows = ctx.wrap(ctx.operand(source))
        made = StackedList(ctx.load_array(rows, order), isinstance(source, StackedList) and source.weak)
        return ctx.copied_list(made)
    if len(items) < 2:
        return ListValue(items)
    keys = items if key is None else [ctx.call(key, [x], {}) for x in items]
    heads = _telling(keys)
    if heads is not None:
        try:
            places = sorted(range(len(items)), key=lambda k: heads[k], reverse=reverse)
        except TypeError as e:
            ctx.error(PullbackTypeError, str(e))
        return ListValue([items[k] for k in places])
    return ListValue(_in_order(ctx, items, _order(ctx, _columns_of(ctx, keys), reverse)))


def _groups_in_order(ctx: Any, source: Iteration, key: Any, reverse: bool) -> Iteration:
    """The items of a dict of lists: its keys are all different, and tell the order."""
    names, lists = source.parts
    if key is None:
        columns = [ctx.wrap(ctx.operand(names))] if isinstance(names, StackedList) else []
    else:
        columns = ctx.mapped(key, source)
    order = _order(ctx, columns, reverse)

    def moved(part: Any) -> Indexed:
        return Indexed(lists.size, lambda k: ctx.item_at(part, ctx.load_array(order, k)), lists.source)

    return Iteration("zip", (moved(names), moved(lists)))


def _telling(keys: list[Any]) -> list[Any] | None:
    """What tells which of the keys comes first, where that is known: the keys, or the first parts of tuples, up to one
    that differs everywhere (the keys in the items of a dict)."""
    if all(map(is_static, keys)):
        return [to_python(k) for k in keys]
    if not all(type(k) is tuple for k in keys):
        return None
    for n in range(1, min(map(len, keys))):
        heads = [k[:n] for k in keys]
        if not all(map(is_static, heads)):
            return None
        made = [to_python(h) for h in heads]
        if not any(a == b for i, a in enumerate(made) for b in made[:i]):
            return made
    return None


def _columns_of(ctx: Any, keys: list[Any]) -> list[Any]:
    """The numbers in keys of one form, an array for each; nothing where they have no order."""
    taken = [take_apart(ctx, k) for k in keys]
    if any(form != taken[0][0] for form, _ in taken) or not is_ordered(taken[0][0]):
        return []
    return [ctx.wrap(ctx.stack(list(leaves))) for leaves in zip(*(leaves for _, leaves in taken), strict=True)]


def _order(ctx: Any, columns: list[Any], reverse: bool) -> Any:
    """The positions of the least to the greatest (the greatest to the least), stable: by the first column, by the next
    one where it is equal, and so on."""
    if not columns or any(len(ctx.shape(c)) != 1 for c in columns):
        hint = "sort by a key that is a number, or a tuple of numbers"
        ctx.error(PullbackTypeError, "only numbers, and tuples of numbers, can be put in order", hint)
    order: Any = None
    for column in reversed(columns):
        keys = ctx.read(column if order is None else ctx.load_array(column, order))
        if reverse:
            # -1 - k of integers, which wraps for none of them; the negation of a boolean
            keys = ctx.emit("neg" if keys.type.is_float else "invert", keys)
        places = ctx.wrap(ctx.emit("argsort", keys, axis=0))
        order = places if order is None else ctx.load_array(order, places)
    return order


def _in_order(ctx: Any, items: list[Any], order: Any) -> list[Any]:
    """The items at the positions in an array: of one form (numbers, arrays, tuples of them) copies of what is in them,
    else what is at one of the places or at another, depending on the run."""
    try:
        rows = ctx.table(items)
    except NeedsStatic:
        return [ctx.load_sequence(tuple(items), ctx.load_array(order, k)) for k in range(len(items))]
    columns = tuple(replace(c, array=ctx.load_array(c.array, order)) for c in rows.columns)
    return [ctx.item_of_rows(replace(rows, columns=columns), constant(k)) for k in range(len(items))]
