"""Indexing: reading and writing of places in arrays and containers.

Basic indices (integers, slices, newaxis, ellipsis) make views; integer arrays, lists and masks gather
(see index_keys.py).
"""

from __future__ import annotations

import ast
import enum
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import (
    EmptyListError,
    NeedsStatic,
    PullbackIndexError,
    PullbackKeyError,
    PullbackTypeError,
    PullbackValueError,
    UnsupportedError,
)
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import Gather, IndexItem, New, Operand, Span, Value, as_dim
from ..ir.types import INT, Type
from .containers_library import HASHING
from .context import closest, describe
from .dicts import MAX_CHOICES, Dicts
from .sharing import is_mutable
from .values import (
    ARGUMENT,
    IN_LIST,
    Array,
    BoundMethod,
    Cell,
    Conflict,
    DictValue,
    ListValue,
    Opaque,
    RangeValue,
    RecordValue,
    Rows,
    SliceValue,
    StackedItems,
    StackedList,
    ViewStep,
    is_number,
    is_operand,
    is_scalar,
    is_static,
)


class Places(Dicts):
    # -- reading ------------------------------------------------------------------------------
    def load_item(self, owner: Any, key: Any) -> Any:
        """``owner[key]``."""
        owner, key = self.present(owner), self.number_of(key)
        if isinstance(owner, Array):
            return self.load_array(owner, key)
        if isinstance(owner, StackedList):
            return self.part_of_list(owner, key) if isinstance(key, SliceValue) else self.row_of(owner, key)
        if isinstance(owner, StackedItems):
            return self.part_of_items(owner, key) if isinstance(key, SliceValue) else self.load_row(owner.rows, key)
        if isinstance(owner, (tuple, ListValue, RangeValue)):
            return self.load_sequence(owner, key)
        if isinstance(owner, RecordValue):
            if not issubclass(owner.cls, tuple):
                if owner.cls in HASHING:
                    self.require_hashable(key)
                return self.call(self.attribute(owner, "__getitem__"), [key], {})
            return self.load_sequence(tuple(owner.fields.values()), key)
        if isinstance(owner, DictValue):
            return self.load_value(owner, key)
        if isinstance(owner, Opaque):
            if isinstance(getattr(type(owner.obj), "__getitem__", None), types.FunctionType):
                return self.call(self.attribute(owner, "__getitem__"), [key], {})
            return self.captured_part(owner, key)
        by_index = self.indexed(owner)
        if by_index is not None:
            return by_index(self, key)
        if isinstance(owner, np.ndarray):
            return self.load_array(self.wrap(self.constant_array(owner)), key)
        if isinstance(owner, str):
            place = self._static_slice(key) if isinstance(key, SliceValue) else self.static(key, "the index of a text")
            return self._constant_item(owner, place)
        if isinstance(owner, enum.EnumMeta):
            name = self.static(key, "the name of an enum member")
            if name not in owner.__members__:
                self.error(
                    PullbackKeyError, f"{owner.__name__} has no member {name!r}", closest(name, owner.__members__)
                )
            return owner[name]
        if isinstance(owner, (dict, list)) and is_static(key):
            return self._constant_item(owner, self.static(key, "the index"))
        if is_scalar(owner):
            if not self.type(owner).weak and isinstance(key, tuple) and not key:
                return owner
            if not self.type(owner).weak and (key is Ellipsis or key == (Ellipsis,)):
                return self.rank_0(owner)
            self.error(
                PullbackTypeError, f"{describe(owner)} cannot be indexed", "only arrays, lists, tuples and dicts can"
            )
        self.error(UnsupportedError, f"{describe(owner)} cannot be indexed")

    def _constant_item(self, owner: Any, key: Any) -> Any:
        try:
            return owner[key]
        except KeyError:
            self.error(PullbackKeyError, f"the dict has no key {key!r}", f"its keys are {list(owner)}")
        except (IndexError, TypeError) as e:
            raise self.located(e) from None

    # Note [One of several objects]. What is read with ``groups[k]`` for a run-time k is a merged object; a change of
    # that would be lost. What changes it or looks at it at once (``groups[k].append(x)``, ``groups[k][0] += x``,
    # ``len(groups[k])``) is built for each of the objects instead, in a chain of branches.
    def candidates(self, node: ast.expr) -> list[tuple[Any, Any]]:
        """The objects that an expression may be, with the test for each; the value of the expression, if it is no
        changeable object that a run-time key picks. See Note [One of several objects]."""
        if isinstance(node, ast.IfExp) and all(isinstance(x, ast.Name) for x in (node.body, node.orelse)):
            test = self.test(node.test)
            if isinstance(test, bool):
                return [(True, self.eval(node.body if test else node.orelse))]
            either = [self.present(self.eval(x)) for x in (node.body, node.orelse)]
            if all(map(is_mutable, either)) and either[0] is not either[1]:
                return [(test, either[0]), (self.negation(test), either[1])]
            return [(True, self.choose(test, lambda: either[0], lambda: either[1]))]
        if not isinstance(node, (ast.Subscript, ast.Attribute)):
            return [(True, self.eval(node))]
        with self.b.at(self.location(node)):
            owners = self.candidates(node.value)
            if isinstance(node, ast.Attribute):
                name = node.attr
                if len(owners) > 1 and all(
                    isinstance(x, RecordValue) and is_mutable(x.fields.get(name)) for _, x in owners
                ):
                    return [(test, x.fields[name]) for test, x in owners]
                return [(True, self.for_candidates(owners, lambda x: self.attribute(x, name)))]
            key = self.eval(node.slice)
            if len(owners) == 1:
                return self._picked(self.present(owners[0][1]), key)
            if is_static(key) and all(isinstance(x, (ListValue, DictValue)) for _, x in owners):
                try:
                    items = [(test, self.load_item(x, key)) for test, x in owners]
                except (PullbackIndexError, PullbackKeyError):
                    items = []
                if items and all(is_mutable(x) for _, x in items):
                    return items
            return [(True, self.for_candidates(owners, lambda x: self.load_item(x, key)))]

    def _picked(self, owner: Any, key: Any) -> list[tuple[Any, Any]]:
        if isinstance(owner, ListValue) and not isinstance(owner.content, Rows):
            items = list(owner.items)
            if all(map(is_mutable, items)) and self._chooses(items, key):
                position = self._position(items, key)
                return [(self.emit("eq", position, k), x) for k, x in enumerate(items)]
        if isinstance(owner, DictValue) and all(map(is_mutable, owner.items.values())):
            tests = self.tests_of_key(owner, key)
            if tests:
                self.require_key(owner, tests, key)
                return [(test, owner.items[name]) for test, name in tests]
        return [(True, self.load_item(owner, key))]

    def for_candidates(self, candidates: list[tuple[Any, Any]], work: Callable[[Any], Any]) -> Any:
        """``work(object)`` for the object whose test holds."""
        if len(candidates) == 1:
            return work(candidates[0][1])

        def one(item: Any) -> Any:
            try:
                return work(item)
            except (PullbackIndexError, PullbackKeyError) as e:  # if it is this object
                error = "IndexError" if isinstance(e, PullbackIndexError) else "KeyError"
                self.check(False, error, e.message)

        def chain(left: list[tuple[Any, Any]]) -> Any:
            (test, item), *others = left
            return self.choose(test, lambda: one(item), lambda: chain(others)) if others else one(item)

        return chain(candidates)

    def eval(self, node: ast.expr) -> Any:
        raise NotImplementedError

    def test(self, node: ast.expr) -> Any:
        """The truth of an expression."""
        raise NotImplementedError

    def part_of_list(self, v: StackedList, key: Any) -> StackedList:
        """A slice of a list: a new list."""
        self.lock_items(v)
        part = Array(Cell(self.read(self.load_array(v.array, key))))
        if len(self.shape(part)) > 1:
            part.cell.readonly = IN_LIST
        return StackedList(part, v.weak, v.lists)

    def row_of(self, items: StackedList, key: Any) -> Any:
        """The item of a list of run-time length at a position."""
        item = self.load_array(items.array, key)
        if items.lists and isinstance(item, Array):
            return self.list_of_rows(item, items.weak)
        if items.weak and is_operand(item):
            return self.emit("cast", item, dtype=item.type.dtype, weak=True)
        return item

    def captured_part(self, owner: Opaque, key: Any) -> Any:
        raise NotImplementedError

    def indexed(self, owner: Any) -> Any:
        """The meaning of an index of ``np.r_`` and its like, else None."""
        raise NotImplementedError

    def attribute(self, owner: Any, name: str) -> Any:
        raise NotImplementedError

    def items_of(self, v: Any) -> list[Any]:
        raise NotImplementedError

    def load_sequence(self, owner: Any, key: Any) -> Any:
        if isinstance(owner, RangeValue):
            if isinstance(key, SliceValue):
                bounds = (self.require_dim(b) for b in (owner.start, owner.stop, owner.step))
                numbers = [self.session.number(d) for d in bounds]
                if None in numbers:
                    hint = "write the bounds into range()"
                    self.error(UnsupportedError, "a slice of a range of run-time length is not supported", hint)
                part = range(*(n for n in numbers if n is not None))[self._static_slice(key)]
                return RangeValue(part.start, part.stop, part.step)
            index, count = self.require_dim(key), self.trip_count(owner)
            start, step = self.require_dim(owner.start), self.static(owner.step, "the step of this range")
            if not index.is_const:
                self.error(UnsupportedError, "a range is indexed by a constant only", "compute the number")
            place = index if index.const >= 0 else count + index
            if not (self.session.nonneg(place) and self.session.nonneg(count - place - 1)):
                inside = self.emit(
                    "lt" if index.const >= 0 else "ge",
                    self.operand(self.integer(place)),
                    self.operand(self.integer(count if index.const >= 0 else ZERO)),
                )
                self.check(inside, "IndexError", "range object index out of range")
            return self.integer(start + place * step)
        if isinstance(owner, ListValue) and isinstance(owner.content, Rows):
            if isinstance(key, SliceValue):
                stacked = self.as_stacked(owner)
                if isinstance(stacked, StackedItems):
                    return self.part_of_items(stacked, key)
                return self.part_of_list(stacked, key)
            return self.load_row(owner.content, key)
        items = owner.items if isinstance(owner, ListValue) else owner
        if isinstance(key, SliceValue):
            s = self._static_slice(key)
            return ListValue(list(items[s])) if isinstance(owner, ListValue) else tuple(items[s])
        if isinstance(key, Value):
            d = as_dim(key)
            key = d.const if d.is_const else key
        if self._chooses(items, key) or (self.is_unknown_index(key) and self.are_of_many_lengths(items)):
            position = self._position(items, key)
            return self._item_at(list(items), position)
        if self.is_unknown_index(key) and not items:
            self.error(EmptyListError if owner is not items else PullbackIndexError, "list index out of range")
        if self.is_unknown_index(key) and self.is_table(items):
            return self.item_of_table(list(items), self._position(items, key))
        if isinstance(key, (Value, Dim)):
            kind = "list" if isinstance(owner, ListValue) else "tuple"
            raise NeedsStatic(
                f"this {kind} is indexed by a number known only at run time",
                self.loc,
                "stack equal-shaped arrays into one array, or loop over a range of constant length",
            )
        index = self.static(key, "the index of a list")
        if not isinstance(index, (int, np.integer)):
            self.error(PullbackTypeError, f"list indices must be integers or slices, not {type(index).__name__}")
        if not -len(items) <= index < len(items):
            error = EmptyListError if owner is not items and not items else PullbackIndexError
            self.error(error, f"index {index} is out of range for a length of {len(items)}")
        return items[index]

    def _static_slice(self, key: SliceValue) -> slice:
        bounds = (key.start, key.stop, key.step)
        return slice(*(self.static(x, "the bound of a slice of a list") for x in bounds))

    def _chooses(self, items: Any, key: Any) -> bool:
        """Whether an item is taken by a run-time integer, out of few enough to compare with each position."""
        if not self.is_unknown_index(key):
            return False
        return 0 < len(items) <= MAX_CHOICES or (bool(items) and all(is_number(x) for x in items))

    def _any_of_many(self, items: Any, key: Any) -> bool:
        """Whether a number is put at a run-time position among more than are compared with each."""
        return self.is_unknown_index(key) and len(items) > MAX_CHOICES and all(is_scalar(x) for x in items)

    def _position(self, items: Any, key: Operand) -> Operand:
        """A run-time index of a list as a number from 0 on; out of range is an IndexError."""
        size = len(items)
        key = self.as_index(key)
        inside = self.emit("logical_and", self.emit("ge", key, -size), self.emit("lt", key, size))
        self.check(inside, "IndexError", "list index out of range")
        return self.emit("where", self.emit("lt", key, 0), self.emit("add", key, size), key)

    def _item_at(self, items: list[Any], position: Operand) -> Any:
        """The item at a run-time position: one of them, and the same memory where it is an array."""
        if all(is_number(x) for x in items):
            item = self.load_array(self.wrap(self.operand(ListValue(items))), position)
            if any(isinstance(x, np.generic) for x in items):
                return item
            return self.emit("cast", item, dtype=item.type.dtype, weak=True)
        if self.are_of_many_lengths(items):
            return self.list_of_table(items, position)
        value = items[-1]
        for k in range(len(items) - 2, -1, -1):
            value = self.either_item(self.emit("eq", position, k), items[k], value)
        if isinstance(value, Conflict):
            raise NeedsStatic(
                f"a list of different things is indexed at run time: {value.reason}", self.loc, "use items of one shape"
            )
        return value

    def delete_item(self, owner: Any, key: Any) -> None:
        """``del owner[key]``."""
        if isinstance(owner, ListValue):
            if not isinstance(key, SliceValue) and (isinstance(owner.content, Rows) or not is_static(key)):
                self.call(BoundMethod(owner, "pop"), [key], {})
                return
            if isinstance(key, SliceValue):
                place: Any = self._static_slice(key)
            else:
                self.load_sequence(owner, key)  # checks the index
                place = self.static(self._static_index(key), "the index of a list")
            self.change(owner)
            del owner.items[place]
        elif isinstance(owner, DictValue):
            self.load_item(owner, key)
            self.change(owner)
            del owner.items[self.dict_key(owner, key)]
        elif isinstance(owner, RecordValue) and not issubclass(owner.cls, tuple):
            self.call(self.attribute(owner, "__delitem__"), [key], {})
        else:
            self.error(
                PullbackTypeError, f"{describe(owner)} does not support item deletion", "use np.delete, or a slice"
            )

    def _stacked_keys(self, key: Any) -> Any:
        """An index in which lists of run-time length are arrays."""
        return tuple(map(self.as_stacked, key)) if isinstance(key, tuple) else self.as_stacked(key)

    def load_array(self, array: Array, key: Any) -> Any:
        array, key = self._gathered_first(array, self._stacked_keys(key))
        t = self.array_type(array)
        sel = self.parse_index(t, key)
        if sel.mask is not None:
            return self._load_mask(array, t, sel.mask)
        if not sel.basic:
            return self.wrap(self.emit("load", self.read(array), *sel.operands, index=sel.index))
        if not t.shape and not sel.index and not _has_ellipsis(key):
            return self.read(array)
        if not sel.index or _is_whole(sel.index, t):
            return Array(array.cell, array.path)  # another view of all of it
        place = self.view(array, ViewStep("index", sel.index, sel.operands))
        if self.array_type(place).shape:
            return place
        self.session.makes_rank_0 |= _has_ellipsis(key)
        return place if self.session.has_rank_0 and _has_ellipsis(key) else self.read(place)

    def _load_mask(self, array: Array, t: Type, mask: Array) -> Any:
        x, m, _ = self._flatten_mask(self.read(array), t, mask)
        _, index = self._nonzero(m)
        items = (Gather(), *(Span(ZERO, d) for d in x.type.shape[1:]))
        return self.wrap(self.emit("load", x, index, index=items))

    def _nonzero(self, m: Operand) -> tuple[Value, Value]:
        op = self.b.op("nonzero", m, types=[INT, INT], hints=["count", "where"])
        count, where = op.results
        where.type = Type("i64", (Dim.of(count),))
        return count, where

    def _flatten_mask(self, x: Value, t: Type, mask: Array) -> tuple[Value, Operand, int]:
        """The array with the masked axes made one, and the mask of rank 1."""
        m: Operand = self.read(mask)
        k = m.type.rank
        if k > t.rank:
            self.error(PullbackIndexError, f"a mask of rank {k} cannot index an array of rank {t.rank}")
        for a, d in zip(m.type.shape, t.shape, strict=False):
            self.require_equal(a, d, "boolean index did not match indexed array", PullbackIndexError)
        if k > 1:
            size = Type("b1", t.shape[:k]).size
            x = self.emit("reshape", x, shape=(size, *t.shape[k:]))
            m = self.emit("reshape", m, shape=(size,))
        return x, m, k

    # -- writing ------------------------------------------------------------------------------
    def store_item(self, owner: Any, key: Any, value: Any) -> None:
        """``owner[key] = value``."""
        owner = self.present(owner)
        if isinstance(owner, Array):
            self.store_array(owner, key, value)
        elif isinstance(owner, ListValue) and isinstance(owner.content, Rows) and not isinstance(key, SliceValue):
            self.store_row(owner, key, value)
        elif isinstance(owner, ListValue):
            if isinstance(key, SliceValue):
                items = self.items_of(value)
                self.change(owner)
                try:
                    owner.items[self._static_slice(key)] = items
                except ValueError as e:
                    self.error(PullbackValueError, str(e))
                return
            if self._any_of_many(owner.items, key):
                self.change(owner)
                self.as_rows(owner, value)
                self.store_row(owner, key, value)
                return
            if self._chooses(owner.items, key):
                position = self._position(owner.items, key)
                for k in range(len(owner.items)):
                    same = self.emit("eq", position, k)
                    self.branch(same, lambda k=k: self.store_item(owner, k, value), lambda: None, None)  # type: ignore[misc]
                return
            self.load_sequence(owner, key)  # checks the index
            self.change(owner)
            owner.items[self.static(self._static_index(key), "the index of a list")] = value
        elif isinstance(owner, DictValue):
            self.store_value(owner, key, value)
        elif isinstance(owner, RecordValue) and not issubclass(owner.cls, tuple):
            if owner.cls in HASHING:
                self.require_hashable(key)
            self.call(self.attribute(owner, "__setitem__"), [key, value], {})
        elif isinstance(owner, (tuple, RecordValue)):
            self.error(PullbackTypeError, "a tuple does not support item assignment", "use a list or an array")
        else:
            self.session.changes_numbers |= is_scalar(owner)
            self.error(
                UnsupportedError, f"{describe(owner)} does not support item assignment", "return the new value instead"
            )

    def change(self, owner: ListValue | DictValue | RecordValue) -> None:
        """Call before a container is mutated. What a global holds may not be; a container among the arguments is
        changed as seen from inside (see `Built.rebound`), unless it may be one that is passed twice."""
        cls = getattr(owner, "cls", None)
        like = [x for x in self.session.arguments if type(x) is type(owner) and getattr(x, "cls", None) is cls]
        if owner.stamp == ARGUMENT and len(like) > 1:
            what = describe(owner).split(" ", 1)[1]
            self.error(
                UnsupportedError,
                f"a {what} among the arguments may not be changed where there is another {what}: the two may be one",
                f"change a copy of it: {'copy.copy(...)' if isinstance(owner, RecordValue) else f'{what}(...)'}",
            )
        if owner.stamp == 0:
            self.error(
                UnsupportedError,
                f"{describe(owner)} from outside the function may not be changed",
                "change a copy, as in list(values) or dict(values), and return it",
            )
        self.may_change(owner)
        if owner.stamp == ARGUMENT:
            self.session.rebound = self.session.rebound or self.loc
        self.session.touch(owner)

    def _static_index(self, key: Any) -> Any:
        return as_dim(key).const if isinstance(key, Value) and as_dim(key).is_const else key

    def store_array(self, array: Array, key: Any, value: Any) -> None:
        array, key = self._gathered_first(array, self._stacked_keys(key))
        t = self.array_type(array)
        sel = self.parse_index(t, key)
        if sel.mask is not None:
            self._store_mask(array, t, sel.mask, value)
            return
        if sel.basic and (not sel.index or _is_whole(sel.index, t)):
            self.write(array, value)
            return
        if sel.basic and not any(isinstance(i, New) for i in sel.index):
            place = self.view(array, ViewStep("index", sel.index, sel.operands))
            self._check_value(value, self.array_type(place))
            if not self.array_type(place).shape and not _has_ellipsis(key) and self.shape(value):
                message = "setting an array element with a sequence"
                self.error(PullbackValueError, message, "take the number out of it: value[0]")
            x = self.fit(self.operand(value), self.array_type(place).shape)
            self.set_view(place, x)  # type: ignore[arg-type]
            return
        # newaxis in a store only adds axes of extent 1, which broadcasting ignores
        index = tuple(i for i in sel.index if not isinstance(i, New))
        whole = self.emit("load", self.read(array), *sel.operands, index=index)
        x = self.fit(self.operand(value), whole.type.shape)
        self._check_value(value, t)
        self.set_view(array, self.emit("store", self.read(array), *sel.operands, x, index=index))

    def _check_value(self, value: Any, t: Type) -> None:
        if value is None or isinstance(value, (str, DictValue)):
            self.error(PullbackTypeError, f"{describe(value)} cannot be stored in an array of {t.numpy}")
        if is_scalar(value):
            self.require_fit(t.dtype, self.operand(value))

    def _store_mask(self, array: Array, t: Type, mask: Array, value: Any) -> None:
        v = self.operand(value)
        m = self.read(mask)
        if not v.type.shape:
            for a, d in zip(m.type.shape, t.shape, strict=False):
                self.require_equal(a, d, "boolean index did not match indexed array", PullbackIndexError)
            if m.type.rank < t.rank:
                m = self.emit("reshape", m, shape=(*m.type.shape, *(ONE for _ in range(t.rank - m.type.rank))))
            elif m.type.rank > t.rank:
                self.error(PullbackIndexError, "the mask has more axes than the array")
            v = (
                self.emit("cast", v, dtype=t.dtype, weak=False)
                if v.type.dtype != t.dtype and isinstance(v, Value)
                else v
            )
            chosen = self.operand(self.elementwise("where", self.wrap(m), v, array))
            if chosen.type.dtype != t.dtype:
                chosen = self.emit("cast", chosen, dtype=t.dtype, weak=False)
            self.set_view(array, chosen)  # type: ignore[arg-type]
            return
        x, flat, k = self._flatten_mask(self.read(array), t, mask)
        count, where = self._nonzero(flat)
        v = self.fit(v, (Dim.of(count), *t.shape[k:]))
        items = (Gather(), *(Span(ZERO, d) for d in x.type.shape[1:]))
        new = self.emit("store", x, where, v, index=items)
        self.set_view(array, new if k == 1 else self.emit("reshape", new, shape=t.shape))


def _has_ellipsis(key: Any) -> bool:
    return any(k is Ellipsis for k in (key if isinstance(key, tuple) else (key,)))


def _is_whole(index: tuple[IndexItem, ...], t: Type) -> bool:
    return len(index) == t.rank and all(
        isinstance(i, Span) and i.start == 0 and i.step == 1 and i.size == d
        for i, d in zip(index, t.shape, strict=True)
    )
