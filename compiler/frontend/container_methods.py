"""The methods of lists, dicts, tuples, records and strings."""

from __future__ import annotations

import ast
from typing import Any

from ..errors import (
    PullbackIndexError,
    PullbackKeyError,
    PullbackTypeError,
    PullbackValueError,
    UnsupportedError,
)
from . import sequences_library
from .texts import brace_formatted, joined_text
from .values import BoundMethod, DictValue, DictView, ListValue, RecordValue, Rows, is_scalar, is_static, to_python

_KINDS = {ListValue: "a list", DictValue: "a dict", tuple: "a tuple"}


def call_method(ctx: Any, method: BoundMethod, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """``owner.name(...)`` of an array, a list, a dict, a tuple or a string."""
    from . import numpy_calls

    owner, name = method.owner, method.name
    kind: Any = tuple if isinstance(owner, tuple) else type(owner)
    if kind in _KINDS:
        handler: Any = _METHODS.get((kind, name))
        if handler is None:
            message = f"the method {name} of {_KINDS[kind]} is not supported"
            ctx.error(UnsupportedError, message, "build a new one instead")
        try:
            return handler(ctx, owner, *args, **kwargs)
        except TypeError as e:
            if isinstance(e, PullbackTypeError):
                raise
            ctx.error(PullbackTypeError, f"{_KINDS[kind]}: {name}: {e}")
    if isinstance(owner, RecordValue):
        if name == "_asdict":
            return DictValue(dict(owner.fields))
        return replaced(ctx, owner, kwargs)
    if isinstance(owner, str):
        if name == "format":
            return brace_formatted(ctx, owner, args, kwargs)
        if name == "join":
            items = ctx.items_of(args[0])
            return joined_text(ctx, [x for k, item in enumerate(items) for x in ((owner, item) if k else (item,))])
        made = getattr(owner, name)(*[ctx.static(a, "an argument of a string method") for a in args])
        return ListValue(made) if isinstance(made, list) else made
    handler = numpy_calls.method(name)
    assert handler is not None
    return ctx.handle(handler, [owner, *args], kwargs)


def replaced(ctx: Any, owner: RecordValue, changes: dict[str, Any]) -> RecordValue:
    """A record with other values of some fields."""
    for name in changes:
        if name not in owner.fields:
            fields = ", ".join(owner.fields)
            ctx.error(PullbackTypeError, f"{owner.cls.__name__} has no field {name!r}", f"its fields are {fields}")
    return RecordValue(owner.cls, {**owner.fields, **changes})


def _mutated(ctx: Any, owner: Any) -> Any:
    ctx.change(owner)
    return owner.items


def find(ctx: Any, items: list[Any], x: Any) -> Any:
    """The position of the first item equal to `x`, or None. Where only the run tells, a number, -1 for none."""
    tests = []
    for item in items:
        tests.append(True if item is x else ctx.truth(ctx.compare(ast.Eq(), item, x)))
        if tests[-1] is True:
            break
    if all(isinstance(same, bool) for same in tests):
        return len(tests) - 1 if True in tests else None
    place: Any = -1
    for k, same in reversed(list(enumerate(tests))):
        if same is True:
            place = k
        elif same is not False:
            place = ctx.emit("where", same, ctx.operand(k), ctx.operand(place))
    return place


def _found(ctx: Any, items: list[Any], x: Any, message: str) -> Any:
    """`find`, where it is an error that there is no such item."""
    place = find(ctx, items, x)
    if place is None:
        ctx.error(PullbackValueError, message)
    if not isinstance(place, int):
        ctx.check(ctx.emit("ge", place, ctx.operand(0)), "ValueError", message)
    return place


# -- lists -----------------------------------------------------------------------------------------------
def _append(ctx: Any, owner: ListValue, x: Any) -> None:
    if isinstance(owner.content, Rows):
        ctx.append_row(owner, x)
        return
    _mutated(ctx, owner).append(x)


def _extend(ctx: Any, owner: ListValue, xs: Any) -> None:
    items = ctx.items_of(xs)
    if isinstance(owner.content, Rows):
        for x in items:
            ctx.append_row(owner, x)
        return
    _mutated(ctx, owner).extend(items)


def _pop(ctx: Any, owner: ListValue, index: Any = -1) -> Any:
    if isinstance(owner.content, Rows) and is_static(index) and to_python(index) == -1:
        return ctx.pop_row(owner)
    if isinstance(owner.content, Rows) or (not is_static(index) and all(map(is_scalar, owner.items))):
        return ctx.call(ctx.named_function(sequences_library.take_out, "pop"), [owner, index], {})
    if not owner.items:
        ctx.error(PullbackIndexError, "pop from empty list")
    value = ctx.load_sequence(owner, index)
    _mutated(ctx, owner).pop(ctx.static(index, "the index of pop"))
    return value


def _insert(ctx: Any, owner: ListValue, index: Any, x: Any) -> None:
    if isinstance(owner.content, Rows) or not is_static(index):
        ctx.call(ctx.named_function(sequences_library.insert, "insert"), [owner, index, x], {})
        return
    _mutated(ctx, owner).insert(ctx.static(index, "the index of insert"), x)


def _remove(ctx: Any, owner: ListValue, x: Any) -> None:
    message = "list.remove(x): x not in list"
    if isinstance(owner.content, Rows):
        place = ctx.call(ctx.named_function(sequences_library.position, "remove"), [owner, x, message], {})
    else:
        place = _found(ctx, owner.items, x, message)
    _pop(ctx, owner, place)


def _index(ctx: Any, owner: Any, x: Any, *bounds: Any) -> Any:
    message = "the item is not in the list"
    if isinstance(owner, ListValue) and isinstance(owner.content, Rows):
        return ctx.call(ctx.named_function(sequences_library.position, "index"), [owner, x, message, *bounds], {})
    items = owner.items if isinstance(owner, ListValue) else list(owner)
    first, last, _ = slice(*(ctx.static(b, "a bound of index") for b in (*bounds, None, None)[:2])).indices(len(items))
    return ctx.binary(ast.Add, first, _found(ctx, items[first:last], x, message))


def _count(ctx: Any, owner: Any, x: Any) -> Any:
    if isinstance(owner, ListValue) and isinstance(owner.content, Rows):
        return ctx.call(ctx.named_function(sequences_library.count, "count"), [owner, x], {})
    items = owner.items if isinstance(owner, ListValue) else owner
    total: Any = 0
    for item in items:
        same = True if item is x else ctx.truth(ctx.compare(ast.Eq(), item, x))
        one = int(same) if isinstance(same, bool) else ctx.emit("cast", same, dtype="i64", weak=True)
        total = ctx.binary(ast.Add, total, one)
    return total


def _reverse(ctx: Any, owner: ListValue) -> None:
    _mutated(ctx, owner).reverse()


def _sort(ctx: Any, owner: ListValue, *, key: Any = None, reverse: Any = False) -> None:
    if isinstance(owner.content, Rows):
        ctx.sort_rows(owner, key, reverse)
        return
    result = ctx.call(sorted, [owner], {"key": key, "reverse": reverse})
    _mutated(ctx, owner)[:] = result.items


def _clear(ctx: Any, owner: Any) -> None:
    if isinstance(owner, ListValue) and isinstance(owner.content, Rows):
        ctx.clear_rows(owner)
        return
    _mutated(ctx, owner).clear()


# -- dicts -----------------------------------------------------------------------------------------------
def _get(ctx: Any, owner: DictValue, key: Any, default: Any = None) -> Any:
    tests = ctx.tests_of_key(owner, key)
    return (
        owner.items.get(ctx.dict_key(owner, key), default) if tests is None else ctx.value_of_key(owner, tests, default)
    )


def _dict_pop(ctx: Any, owner: DictValue, key: Any, *default: Any) -> Any:
    name = ctx.dict_key(owner, key)
    if name not in owner.items and not default:
        ctx.error(PullbackKeyError, f"the dict has no key {name!r}", f"its keys are {list(owner.items)}")
    return _mutated(ctx, owner).pop(name, *default)


def copied_dict(ctx: Any, owner: DictValue) -> Any:
    made = ctx.new_dict(owner.default)
    ctx.enter_all(made, owner)
    return made


def _setdefault(ctx: Any, owner: DictValue, key: Any, default: Any = None) -> Any:
    name = ctx.dict_key(owner, key)
    return owner.items[name] if name in owner.items else _mutated(ctx, owner).setdefault(name, default)


def _update(ctx: Any, owner: DictValue, other: Any = None, **kwargs: Any) -> None:
    items = {} if other is None else ctx.call(dict, [other], {}).items
    _mutated(ctx, owner).update({**items, **kwargs})


_METHODS: dict[tuple[type, str], Any] = {
    (ListValue, "append"): _append,
    (ListValue, "extend"): _extend,
    (ListValue, "pop"): _pop,
    (ListValue, "insert"): _insert,
    (ListValue, "remove"): _remove,
    (ListValue, "reverse"): _reverse,
    (ListValue, "sort"): _sort,
    (ListValue, "clear"): _clear,
    (ListValue, "copy"): lambda ctx, owner: ctx.joined(owner, ListValue([])),
    (ListValue, "index"): _index,
    (ListValue, "count"): _count,
    (tuple, "index"): _index,
    (tuple, "count"): _count,
    (DictValue, "get"): _get,
    (DictValue, "pop"): _dict_pop,
    (DictValue, "setdefault"): _setdefault,
    (DictValue, "update"): _update,
    (DictValue, "clear"): _clear,
    (DictValue, "copy"): copied_dict,
    (DictValue, "keys"): lambda ctx, owner: tuple(owner.items),
    (DictValue, "values"): lambda ctx, owner: DictView("values", owner),
    (DictValue, "items"): lambda ctx, owner: DictView("items", owner),
}
