"""Iteration: the items of what Python can iterate over, and when they are read.

An iterator reads an item when its turn comes: the body of a loop may write the array, the list or the names that its
iterable is made of. So an iterable of known length is a Python iterator here (`Iterating.turns`), which builds the
code of an item when it is asked for it, after the code of the iteration before. What has a run-time length has a
`length` and an `item_at` for each position.
"""

from __future__ import annotations

import ast
import enum
import types
from collections.abc import Iterator
from typing import Any, NoReturn

from ..errors import NeedsStatic, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import ONE, Dim
from ..ir.nodes import Operand, Region, as_dim
from ..ir.types import Type
from .calls import Calls
from .containers_library import iterator
from .context import describe
from .merging import coerce
from .objects import class_of
from .values import (
    ITERATORS,
    UNDEFINED,
    Array,
    DictValue,
    DictView,
    GeneratorValue,
    Indexed,
    Iteration,
    Lazy,
    ListValue,
    Opaque,
    RangeValue,
    RecordValue,
    Rest,
    Rows,
    StackedItems,
    StackedList,
    Yielding,
    is_namedtuple,
    is_static,
    next_stamp,
    to_python,
)

TURNS_LIMIT = 100_000  # items that are built one by one


def is_iterator(v: Any) -> bool:
    """Whether `v` is what `iter` returned."""
    return isinstance(v, RecordValue) and v.cls is iterator


class Iterating(Calls):
    def items_of(self, v: Any) -> list[Any]:
        """The items of an iterable whose length is known at compile time, all of them read now."""
        v = self.present(v)
        v = self.begun(v) if isinstance(v, (RecordValue, Opaque)) else v
        return list(self.turns_of(self.listed_steps(v) if self.is_stepwise(v) else v))

    def static_items(self, v: Any) -> list[Any] | None:
        """The items, all of them read now; None where only the call tells their number."""
        turns = self.turns(v)
        return None if turns is None else list(turns)

    def turns_of(self, v: Any) -> Iterator[Any]:
        """The items of an iterable whose length is known at compile time, each read when it is taken."""
        turns = self.turns(v)
        if turns is None:
            if isinstance(v, (Array, RangeValue, *ITERATORS, ListValue, StackedItems, StackedList)):
                raise NeedsStatic(
                    "the number of iterations is known only at run time here",
                    self.loc,
                    "use a for statement and store into an array",
                )
            if isinstance(v, frozenset):
                message = "the order of the items of this set is not known"
                self.error(UnsupportedError, message, "go through sorted(items)")
            self.error(PullbackTypeError, f"{describe(v)} is not iterable")
        return turns

    def turns(self, v: Any) -> Iterator[Any] | None:
        """The items, each read when it is taken; None where only the call tells their number, or there are none."""
        if isinstance(v, ListValue):
            return None if isinstance(v.content, Rows) else self._turns_of_list(v)
        if isinstance(v, (tuple, str, range)) or (isinstance(v, frozenset) and all(isinstance(x, int) for x in v)):
            return iter(v)
        if isinstance(v, enum.EnumMeta):
            return iter(list(v))
        if isinstance(v, DictValue):
            return self._turns_of_dict(DictView("keys", v))
        if isinstance(v, DictView):
            return self._turns_of_dict(v)
        if isinstance(v, RecordValue) and is_namedtuple(v.cls):
            return iter(v.fields.values())
        if isinstance(v, (RecordValue, Opaque)):
            begun = self.begun(v)
            return self.turns(begun) if begun is not v else self._turns_left(v) if is_iterator(v) else None
        if isinstance(v, Rest):
            return self._turns_left(v.iterator)
        if isinstance(v, Yielding):
            self.refuse_steps(v)
        if isinstance(v, (StackedItems, StackedList)):
            size = self._known_length(v)
            return None if size is None else self._items_at(v, range(size))
        if isinstance(v, RangeValue):
            size = self._known_length(v)
            if size is None:
                return None
            start, step = self.require_dim(v.start), to_python(v.step)
            return (self.integer(start + k * step) for k in range(size))
        if isinstance(v, (Indexed, Array)):
            size = self._known_length(v)
            return None if size is None else self._items_at(v, range(size))
        if isinstance(v, Iteration):
            return self._turns_of_iteration(v)
        return v.begin() if isinstance(v, Lazy) else None

    # -- iterators --------------------------------------------------------------------------------
    def begun(self, v: Any) -> Any:
        """What is gone through for `v`: a list of run-time length as its rows; for an object of a class that has
        ``__iter__``, what that returns."""
        cls = class_of(v)
        if not isinstance(getattr(cls, "__iter__", None), types.FunctionType):
            return self.as_stacked(v)
        start = next_stamp()
        made = self.call(self.attribute(v, "__iter__"), [], {})
        if made is v:
            return self.steps_of(v)
        made = self.begun(made)
        return made.fields["source"] if is_iterator(made) and made.stamp > start else made

    def steps_of(self, v: Any) -> Yielding:
        raise NotImplementedError

    def refuse_steps(self, v: Yielding) -> NoReturn:
        raise NotImplementedError

    def iterator_of(self, v: Any) -> Any:
        """``iter(v)``."""
        owner, v = v, self.begun(v)
        if isinstance(v, Yielding) and v.begun is None:
            return owner  # an object that makes its items itself
        if isinstance(v, DictValue):
            v = tuple(v.items)
        if is_iterator(v) or isinstance(v, (GeneratorValue, Lazy, Yielding)):
            return v
        if not isinstance(v, (tuple, ListValue, Array, RangeValue, Iteration, Indexed, StackedItems, StackedList)):
            self.error(UnsupportedError, f"iter() of {describe(v)} is not supported", "make it a list: list(...)")
        return RecordValue(iterator, {"source": v, "position": 0})

    def next_of(self, it: RecordValue, default: Any = UNDEFINED) -> Any:
        """``next(it)``, or ``next(it, default)``."""
        source, position = it.fields["source"], it.fields["position"]
        left = self.truth(self.compare(ast.Lt(), position, self._size_of(source)))

        def take() -> Any:
            self.session.touch(it)
            it.fields["position"] = self.binary(ast.Add, position, 1)
            return self.item_at(source, position)

        if default is not UNDEFINED:
            return self.choose(left, take, lambda: default)
        if left is False:
            message = "next() of an iterator that has no more items"
            self.error(PullbackValueError, message, "give a default: next(items, default)")
        if left is not True:
            self.check(left, "StopIteration", "next() of an iterator that has no more items")
        return take()

    def _size_of(self, source: Any) -> Any:
        size = self._static_size(source)
        return self.integer(self.length(source)) if size is None else size

    def _static_size(self, v: Any) -> int | None:
        if isinstance(v, (tuple, ListValue)):
            return len(v.items if isinstance(v, ListValue) else v)
        if isinstance(v, Iteration):
            sizes = [self._static_size(p) for p in v.parts]
            return None if None in sizes else min(n for n in sizes if n is not None)
        return self._known_length(v)

    def _turns_left(self, it: RecordValue) -> Iterator[Any] | None:
        """The items that an iterator still has, each read when it is taken."""
        source = it.fields["source"]
        if self._static_size(source) is None or not isinstance(it.fields["position"], int):
            return None

        def turns() -> Iterator[Any]:
            while it.fields["position"] < self._static_size(source):
                yield self.next_of(it)

        return turns()

    def _known_length(self, v: RangeValue | Indexed | Array | StackedItems | StackedList) -> int | None:
        if isinstance(v, RangeValue) and not is_static(v.step):
            return None
        if isinstance(v, Array) and not self.array_type(v).shape:
            return None
        size = self.length(v)
        return size.const if size.is_const and size.const <= TURNS_LIMIT else None

    def _items_at(self, v: Any, places: range) -> Iterator[Any]:
        return (self.item_at(v, k) for k in places)

    def _turns_of_list(self, v: ListValue) -> Iterator[Any]:
        """As Python does it: by position, until there is no item there."""
        k = 0
        while k < len(v.items):
            yield v.items[k]
            k += 1
            if k > TURNS_LIMIT:
                raise NeedsStatic("this list grows as long as it is iterated", self.loc, "iterate over a copy of it")

    def _turns_of_dict(self, v: DictView) -> Iterator[Any]:
        keys = list(v.owner.items)
        for key in keys:
            yield key if v.kind == "keys" else v.owner.items[key] if v.kind == "values" else (key, v.owner.items[key])
            if len(v.owner.items) != len(keys):
                message = "dictionary changed size during iteration: iterate over list(d)"
                self.check(False, "RuntimeError", message)
            if list(v.owner.items) != keys:
                self.error(UnsupportedError, "the keys of a dict change while it is iterated", "iterate over list(d)")

    def _turns_of_iteration(self, v: Iteration) -> Iterator[Any] | None:
        if v.kind == "reversed":
            return self._turns_back(v.parts[0])
        parts = [self.turns(p) for p in v.parts]
        if v.kind == "zip":
            known = [p for p in parts if p is not None]
            if len(known) == len(parts):
                return zip(*known, strict=False)
            return self._zip_with_unknown(v, [p is not None for p in parts]) if known else None
        (items,) = parts
        if items is None:
            return None
        return ((self.binary(ast.Add, v.start, k), x) for k, x in enumerate(items))

    def _turns_back(self, v: Any) -> Iterator[Any] | None:
        if isinstance(v, ListValue) and not isinstance(v.content, Rows):
            return (v.items[k] for k in range(len(v.items))[::-1] if k < len(v.items))
        if isinstance(v, (RangeValue, Array, StackedItems, StackedList)):
            size = self._known_length(v)
            return None if size is None else self._items_at(v, range(size)[::-1])
        if isinstance(v, ITERATORS):
            self.error(PullbackTypeError, "an iterator cannot be reversed", "reverse what it iterates over, or a list")
        items = self.turns(v)
        return None if items is None else iter(list(items)[::-1])

    def _zip_with_unknown(self, v: Iteration, known: list[bool]) -> Iterator[Any] | None:
        """zip of a list and an array: the array must be as long as the list (checked)."""
        ends = [p for p, k in zip(v.parts, known, strict=True) if k and not (isinstance(p, Lazy) and p.endless)]
        if not ends:
            return None
        size = min(self.count_turns(p) for p in ends)
        for p, k in zip(v.parts, known, strict=True):
            if not k and not self.session.assume(self.length(p) - size):
                return None
        parts = [self.turns_of(p) if k else self._items_at(p, range(size)) for p, k in zip(v.parts, known, strict=True)]
        return zip(*parts, strict=False)

    def count_turns(self, v: Any) -> int:
        """How many items there are, without taking them."""
        count: list[int] = []
        self.isolated(Region(), lambda: count.append(len(self.items_of(v))))
        return count[0]

    def copied(self, v: Any) -> list[ListValue | Array]:
        """The lists and arrays whose items an iterable has as they were when the loop began."""
        if isinstance(v, Iteration):
            return [x for p in v.parts for x in self.copied(p)]
        if isinstance(v, Rest):
            return self.copied(v.iterator.fields["source"])
        return list(v.source) if isinstance(v, (StackedItems, StackedList, Indexed)) else []

    def has_container(self, v: Any) -> bool:
        """Whether iterating needs the items one by one at compile time."""
        if isinstance(v, (StackedItems, StackedList)):
            return False
        if isinstance(v, Iteration):
            return any(self.has_container(p) for p in v.parts)
        return not (isinstance(v, (RangeValue, Array, Rest)) or (isinstance(v, Indexed) and v.source))

    def length(self, v: Any) -> Dim:
        """The number of items of a range, an array, or what is made of them."""
        if isinstance(v, StackedList):
            return self.length(v.array)
        if isinstance(v, StackedItems):
            return self.require_dim(v.rows.count)
        if isinstance(v, RangeValue):
            return self.trip_count(v)
        if isinstance(v, Indexed):
            return v.size
        if isinstance(v, Rest):
            return self.length(v.iterator.fields["source"]) - self.require_dim(v.first)
        if isinstance(v, (tuple, ListValue)):
            return Dim.of(len(v.items if isinstance(v, ListValue) else v))
        if isinstance(v, Iteration):
            out = self.length(v.parts[0])
            for p in v.parts[1:]:
                n = self.length(p)
                out = out if self.equal_extents(out, n) is True else out.min(n)
            return out
        t = self.type(v)
        if not t.shape:
            self.error(PullbackTypeError, "a number is not iterable", "iterate over range(n)")
        return t.shape[0]

    def item_at(self, v: Any, index: Any) -> Any:
        """The item at a position (an integer >= 0, static or at run time) that is in range."""
        if isinstance(v, RangeValue):
            if is_static(v.start) and is_static(v.step) and v.start == 0 and v.step == 1:
                return index
            scaled = self.binary(ast.Mult, index, v.step)
            return self.binary(ast.Add, v.start, scaled)
        if isinstance(v, (Array, StackedList)):
            counted = self._counted(v, index) if isinstance(v, Array) else None
            if counted is not None:
                return counted
            return self.load_array(v, index) if isinstance(v, Array) else self.row_of(v, index)
        if isinstance(v, StackedItems):
            return self.item_of_rows(v.rows, self.operand(index))
        if isinstance(v, Indexed):
            return v.item(index)
        if isinstance(v, (tuple, ListValue)):
            return self.load_sequence(v, index)
        if isinstance(v, Rest):
            it, place = v.iterator, self.binary(ast.Add, v.first, index)
            self.session.touch(it)
            it.fields["position"] = self.binary(ast.Add, place, 1)
            return self.item_at(it.fields["source"], place)
        assert isinstance(v, Iteration)
        if v.kind == "zip":
            return tuple(self.item_at(p, index) for p in v.parts)
        if v.kind == "enumerate":
            return (self.binary(ast.Add, v.start, index), self.item_at(v.parts[0], index))
        last = self.integer(self.length(v.parts[0]) - ONE)
        return self.item_at(v.parts[0], self.binary(ast.Sub, last, index))

    def _counted(self, array: Array, index: Any) -> Operand | None:
        """The item of ``np.arange`` of integers by arithmetic: ``for i in np.arange(n)`` is to know as much of i as
        ``for i in range(n)``."""
        op = array.cell.current.op
        if op is None or op.opcode != "iota" or op.attrs["dtype"] != "i64" or array.path:
            return None
        start, step = (as_dim(x) for x in op.operands)
        return coerce(self, self.operand(self.integer(start + step * self.require_dim(index))), Type("i64"))
