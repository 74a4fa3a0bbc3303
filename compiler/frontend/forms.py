"""How the items of a list of run-time length are built of numbers and arrays.

``path.append((t, x))`` keeps a column of times and one of places; the *form* ``Tuple((LEAF, LEAF))`` says that an item
is a tuple of one row of each. Items may be numbers, arrays, tuples, lists, and objects of these, nested in any way; all
of a list have one form. Constants that are no numbers (None, a text) are part of it.

Items are copies. A list or an object that went into such a list, or came out of it, may not be changed from then on, so
that this cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import NeedsStatic
from .alternatives import Group
from .context import describe
from .values import (
    LEAF,
    Array,
    Conflict,
    DictValue,
    ListValue,
    RecordValue,
    Rows,
    StackedList,
    is_namedtuple,
    is_scalar,
)

Mutable = ListValue | DictValue | RecordValue


@dataclass(frozen=True)
class Tuple:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class List:
    """A list whose length is known at compile time."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class ListOfRows:
    """A list of run-time length, of numbers (Python's, if `weak`) or arrays: a row of the next column."""

    weak: bool


@dataclass(frozen=True)
class Record:
    """An object of a class; a dict, where that is `dict`."""

    cls: type
    names: tuple[str, ...]
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Same:
    """What is the same in every item."""

    value: Any


def take_apart(ctx: Any, x: Any) -> tuple[Any, list[Any]]:
    """The form of an item, and its numbers and arrays."""
    if is_scalar(x) or isinstance(x, Array):
        return LEAF, [x]
    if isinstance(x, tuple):
        forms, leaves = _parts(ctx, x)
        return Tuple(forms), leaves
    if isinstance(x, ListValue) and isinstance(x.content, Rows):
        return ListOfRows(x.content.weak), [ctx.as_stacked(x).array]
    if isinstance(x, StackedList) and not x.lists:
        return ListOfRows(x.weak), [x.array]
    if isinstance(x, ListValue):
        forms, leaves = _parts(ctx, x.items)
        return List(forms), leaves
    if isinstance(x, RecordValue):
        forms, leaves = _parts(ctx, x.fields.values())
        return Record(x.cls, tuple(x.fields), forms), leaves
    if isinstance(x, DictValue):
        forms, leaves = _parts(ctx, x.items.values())
        return Record(dict, tuple(x.items), forms), leaves
    if x is None or isinstance(x, (str, Group)):
        return Same(x), []
    if isinstance(x, Conflict):
        raise NeedsStatic(x.reason, ctx.loc, "use items of one kind")
    raise NeedsStatic(
        f"an item of a list of run-time length is {describe(x)}", ctx.loc, "use numbers, arrays and tuples"
    )


def _parts(ctx: Any, items: Any) -> tuple[tuple[Any, ...], list[Any]]:
    pairs = [take_apart(ctx, x) for x in items]
    return tuple(form for form, _ in pairs), [leaf for _, leaves in pairs for leaf in leaves]


def put_together(form: Any, leaves: Iterator[Any], rows: Callable[[Array, bool], ListValue]) -> Any:
    """An item; `rows` makes a list of run-time length of the rows of an array."""
    if form == LEAF:
        return next(leaves)
    if isinstance(form, Same):
        return form.value
    if isinstance(form, ListOfRows):
        return rows(next(leaves), form.weak)
    parts = [put_together(f, leaves, rows) for f in form.parts]
    if isinstance(form, Tuple):
        return tuple(parts)
    if isinstance(form, List):
        return ListValue(parts)
    fields = dict(zip(form.names, parts, strict=True))
    return DictValue(fields) if form.cls is dict else RecordValue(form.cls, fields)


def mutable_parts(x: Any) -> Iterator[Mutable]:
    """The lists, dicts and objects in an item that a program could change."""
    if isinstance(x, tuple):
        for part in x:
            yield from mutable_parts(part)
    elif isinstance(x, ListValue):
        yield x
        if not isinstance(x.content, Rows):
            yield from mutable_parts(tuple(x.content))
    elif isinstance(x, DictValue):
        yield x
        yield from mutable_parts(tuple(x.items.values()))
    elif isinstance(x, RecordValue):
        if not is_namedtuple(x.cls):
            yield x
        yield from mutable_parts(tuple(x.fields.values()))


def is_flat(form: Any) -> bool:
    """Whether ``np.array`` of such items has the columns side by side."""
    return isinstance(form, (Tuple, List)) and all(f == LEAF for f in form.parts) and bool(form.parts)


def is_plain(form: Any) -> bool:
    """Whether an item is a list of numbers and arrays, or of such lists: a row of an array."""
    return isinstance(form, ListOfRows) or (
        isinstance(form, List) and all(f == LEAF or is_plain(f) for f in form.parts) and bool(form.parts)
    )


def is_ordered(form: Any) -> bool:
    """Whether items are numbers, or tuples and lists of numbers, so that each comes before or after another."""
    return form == LEAF or (isinstance(form, (Tuple, List)) and all(map(is_ordered, form.parts)))
