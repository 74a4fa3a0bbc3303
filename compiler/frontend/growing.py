"""Lists whose length only the call tells: their items are the rows of an array that is long enough.

``out = []`` before a loop and ``out.append(y)`` in it: when a pass over the body shows that the list grows, the loop is
built again with a list of `Rows`. How long the array has to be follows from the most that one iteration appends, times
the number of iterations; appending in a branch counts the items at run time.

The items are copies. So that this cannot be told, an array that is appended may not be written from then on, and
neither may an item that is taken out of the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from ..errors import NeedsStatic, PullbackTypeError
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, IndexItem, Operand, Region, Span, Value
from ..ir.types import Type, promote
from . import forms
from .grouped_library import group
from .merging import Join, Outcome
from .moves import Carries, Moves
from .sharing import cells_in, final_version, merged_readonly
from .values import (
    IN_LIST,
    LEAF,
    Array,
    Cell,
    Column,
    ListValue,
    RecordValue,
    Rows,
    StackedItems,
    StackedList,
    ViewStep,
    is_number,
    is_scalar,
)

_FILL_AN_ARRAY = "fill an array made before the loop, as in out = np.zeros(n); out[i] = ..."
_FEW = 32  # items of a list that is repeated as often as an extent of the arguments says
_SPARE = 16  # places beyond the first append outside of loops


class Grow(Exception):  # noqa: N818
    """A list gets longer in the loop that is being built. `items`: what it has after an iteration, or None;
    `needed`: how many items it may have in the end, where that is known."""

    def __init__(self, target: ListValue, items: list[Any] | None = None, needed: Dim | None = None):
        self.target, self.items, self.needed = target, items, needed


class Unbounded(NeedsStatic):
    """A list gets longer in the `while` loop that is being built, which is the only such loop that it is older than."""


class Growing(Moves):
    def level_of(self, target: ListValue) -> int:
        """How many of the loops that are being built the list is older than."""
        return sum(start > target.stamp for start, _ in self.session.levels)

    def grow(self, g: Grow, count: Dim) -> None:
        """Give a list the memory for `count` iterations of the loop that is about to be built again."""
        target, old = g.target, g.target.content
        if isinstance(old, Rows):
            assert g.needed is not None
            types, capacity, form = [self.array_type(c.array) for c in old.columns], g.needed, old.form
            types = [Type(t.dtype, t.shape[1:], c.weak) for t, c in zip(types, old.columns, strict=True)]
        else:
            assert g.items is not None
            form, types = self._item_form(g.items)
            capacity = Dim.of(len(old)) + count * max(1, len(g.items) - len(old))
        columns = tuple(
            Column(Array(Cell(self.emit("empty", shape=(capacity, *t.shape), dtype=t.dtype))), t.weak) for t in types
        )
        self.session.touch(target)
        if isinstance(old, Rows):
            n = self.require_dim(old.count)
            for column, before in zip(columns, old.columns, strict=True):
                self.set_view(self._first_rows(column.array, n, ""), self.read(self._first_rows(before.array, n)))
            target.content = replace(old, columns=columns)
            return
        target.content = Rows(columns, len(old), Dim.of(len(old)), form)
        for k, x in enumerate(old):
            self.put(target.content, k, x)

    def as_rows(self, target: ListValue, value: Any) -> None:
        levels = [counted for start, counted in self.session.levels if start > target.stamp]
        items = list(target.items)
        if not levels:
            self.grow(Grow(target, [*items, value]), ZERO)
        elif all(levels):
            raise Grow(target, [*items, value])
        else:
            message = "a long list of numbers is indexed at run time in a while loop"
            raise NeedsStatic(message, self.loc, "use an array: np.array(items)")

    def _item_form(self, items: list[Any]) -> tuple[Any, list[Type]]:
        """What the items of a list have in common, and the types of their parts."""
        with self.b.into(Region()):  # for the types only
            taken = [forms.take_apart(self, x) for x in items]
        form = taken[0][0]
        if any(f != form for f, _ in taken):
            message = "the items of this list are of different kinds"
            raise NeedsStatic(message, self.loc, "use items of one kind")
        if not taken[0][1]:
            raise NeedsStatic("the items of this list have no numbers", self.loc, "count them")
        return form, [self._item_type([leaves[k] for _, leaves in taken]) for k in range(len(taken[0][1]))]

    def _item_type(self, items: list[Any]) -> Type:
        types = [self.type(x) for x in items]
        if any(t.shape != types[0].shape for t in types):
            message = "the items that are appended have different shapes"
            raise NeedsStatic(message, self.loc, "use items of one shape")
        dtype, weak = promote(types)
        return Type(dtype, types[0].shape, weak and not types[0].shape)

    def put(self, rows: Rows, place: Any, x: Any, version: Callable[[Array], Array] = lambda a: a) -> None:
        """Store an item: its parts at `place` of the columns. `version`: an array as it is now."""
        form, leaves = forms.take_apart(self, x)
        if form != rows.form:
            raise NeedsStatic("the items of this list are of different kinds", self.loc, "use items of one kind")
        for column, leaf in zip(rows.columns, leaves, strict=True):
            self._put_leaf(column, place, version(leaf) if isinstance(leaf, Array) else leaf)
        self.session.frozen.update(forms.mutable_parts(x))

    def _put_leaf(self, column: Column, place: Any, x: Any) -> None:
        t = self.array_type(column.array)
        own = self.type(x)
        narrow = column.weak and not own.weak and own.dtype != t.dtype  # it would widen
        if narrow or promote([Type(t.dtype, ()), own])[0] != t.dtype or len(own.shape) != len(t.shape) - 1:
            raise NeedsStatic("the items of this list have different types", self.loc, "use items of one type")
        if any((d == 1) != (n == 1) for d, n in zip(own.shape, t.shape[1:], strict=True)):  # it would be broadcast
            raise NeedsStatic("the items of this list have different shapes", self.loc, "use items of one shape")
        index: tuple[IndexItem, ...] = (At(), *(Span(ZERO, d) for d in t.shape[1:]))
        view = self.view(column.array, ViewStep("index", index, (self.operand(place),)))
        value = self.fit(self.operand(x), t.shape[1:])
        if value.type.dtype != t.dtype:
            value = self.emit("cast", value, dtype=t.dtype, weak=False)
        self.set_view(view, value)  # type: ignore[arg-type]
        if isinstance(x, Array):
            merged_readonly(self, [x.cell], IN_LIST)

    def _first_rows(self, memory: Array, count: Dim, readonly: str = IN_LIST) -> Array:
        t = self.array_type(memory)
        index = tuple(Span(ZERO, d) for d in (count, *t.shape[1:]))
        return self.view(memory, ViewStep("index", index, readonly=readonly if t.rank > 1 else ""))

    # -- what a program does with such a list ---------------------------------------------------
    def as_stacked(self, v: Any) -> Any:
        """A list of run-time length as its rows; anything else as it is."""
        if isinstance(v, RecordValue) and v.cls is group:
            return self.begun(v)
        if not (isinstance(v, ListValue) and isinstance(v.content, Rows)):
            return v
        rows = v.content
        count = self.require_dim(rows.count)
        if (value := next(iter(count.values()), None)) is not None and count == Dim.of(value):
            self.session.at_most[value] = rows.bound
        columns = [
            Column(Array(Cell(self.read(self._first_rows(c.array, count)), readonly=IN_LIST)), c.weak)
            for c in rows.columns
        ]
        if rows.form is LEAF:
            return StackedList(columns[0].array, columns[0].weak, source=(v,))
        return StackedItems(replace(rows, columns=tuple(columns)), (v,))

    def side_by_side(self, v: StackedItems) -> Operand:
        columns, form = v.rows.columns, v.rows.form
        if isinstance(form, forms.ListOfRows):
            return self.read(columns[0].array)
        if not forms.is_flat(form):
            raise NeedsStatic("no array can be made of these items", self.loc, "make an array of each part")
        parts = self.stack([c.array for c in columns])
        return self.emit("transpose", parts, perm=(1, 0, *range(2, parts.type.rank)))

    def columns_of(self, v: StackedItems) -> Any:
        """``zip(*items)``: the parts of the items side by side, each as a list."""
        if not forms.is_flat(v.rows.form):
            raise NeedsStatic("only tuples and lists of numbers and arrays are unzipped", self.loc, "use a loop")
        some = self.emit("gt", self.operand(v.rows.count), 0)
        self.check(some, "ValueError", "there is nothing to unzip: the list is empty")
        return tuple(StackedList(c.array, c.weak, source=v.source) for c in v.rows.columns)

    def append_row(self, target: ListValue, x: Any) -> None:
        rows = target.content
        assert isinstance(rows, Rows)
        self.may_change(target)
        capacity, taken = self._capacity(rows), max(rows.taken - 1, 0)
        most = rows.bound if rows.taken else rows.bound + 1
        if self.level_of(target) == 0 and not self.session.nonneg(capacity - most):
            self.grow(Grow(target, None, rows.bound + _SPARE), ZERO)
            rows = target.content
        assert isinstance(rows, Rows)
        self.put(rows, rows.count, x)
        self.session.touch(target)
        count = rows.count + 1 if is_number(rows.count) else self.emit("add", self.operand(rows.count), 1)
        target.content = replace(rows, count=count, bound=most, taken=taken)

    def _capacity(self, rows: Rows) -> Dim:
        """For how many items there is memory."""
        return self.array_type(rows.columns[0].array).shape[0]

    def row_index(self, rows: Rows, key: Any) -> Operand:
        """A position in the list, checked, from 0 on."""
        index, count = self.operand(key), self.operand(rows.count)
        if not index.type.is_int or index.type.shape:
            self.error(PullbackTypeError, "list indices must be integers or slices")
        index = self.as_index(index)
        below = self.emit("ge", index, self.emit("neg", count))
        inside = self.emit("logical_and", below, self.emit("lt", index, count))
        self.check(inside, "IndexError", "list index out of range")
        if is_number(key):
            return index if key >= 0 else self.emit("add", count, index)
        return self.emit("where", self.emit("lt", index, 0), self.emit("add", index, count), index)

    def load_row(self, rows: Rows, key: Any) -> Any:
        return self.item_of_rows(rows, self.row_index(rows, key))

    def item_of_rows(self, rows: Rows, place: Operand) -> Any:
        """The item at a position that is in range; what could be changed of it may not be."""
        leaves = (self._leaf(column, place) for column in rows.columns)
        item = forms.put_together(rows.form, leaves, self.list_of_rows)
        self.session.frozen.update(forms.mutable_parts(item))
        return item

    def _leaf(self, column: Column, place: Operand) -> Any:
        t = self.array_type(column.array)
        index: tuple[IndexItem, ...] = (At(), *(Span(ZERO, d) for d in t.shape[1:]))
        item = self.read(self.view(column.array, ViewStep("index", index, (place,), readonly=IN_LIST)))
        if t.rank > 1:
            return Array(Cell(item, readonly=IN_LIST))
        return self.emit("cast", item, dtype=t.dtype, weak=True) if column.weak else item

    def list_of_rows(self, array: Array, weak: bool) -> ListValue:
        size = self.array_type(array).shape[0]
        return ListValue(Rows((Column(array, weak),), self.integer(size), size))

    def store_row(self, target: ListValue, key: Any, x: Any) -> None:
        rows = target.content
        assert isinstance(rows, Rows)
        self.may_change(target)
        self.put(rows, self.row_index(rows, key), x)

    def pop_row(self, target: ListValue) -> Any:
        rows = target.content
        assert isinstance(rows, Rows)
        self.may_change(target)
        self.check(self.emit("gt", self.operand(rows.count), 0), "IndexError", "pop from empty list")
        value = self.load_row(rows, -1)
        self.session.touch(target)
        target.content = replace(rows, count=self.emit("sub", self.operand(rows.count), 1), taken=rows.taken + 1)
        return value

    def repeated(self, items: list[Any], times: Any) -> ListValue:
        """``items * times`` for a run-time number of times."""
        if len(items) != 1 or not is_scalar(items[0]):
            extent = self.require_dim(times)
            if not extent.has_values and extent.evaluate(self.session.extents.__getitem__) <= _FEW:
                self.session.number(extent)  # a program for so many
            message = "only a list of one number is repeated a number of times known only at run time"
            raise NeedsStatic(message, self.loc, "use an array, as in np.zeros(n)")
        n = self.require_dim(times)
        size = n if self.session.nonneg(n) else n.max(0)
        t = self.type(items[0])
        memory = Array(Cell(self.emit("full", self.operand(items[0]), shape=(size,), dtype=t.dtype)))
        return self.list_of_rows(memory, t.weak)

    def joined(self, a: ListValue | StackedList, b: ListValue | StackedList) -> ListValue:
        """``a + b`` of lists."""
        rows = [self.as_stacked(x) for x in (a, b)]
        if all(isinstance(x, ListValue) for x in rows):
            return ListValue([*rows[0].items, *rows[1].items])
        for x, y in (rows, rows[::-1]):
            if isinstance(x, ListValue) and not x.items:
                return self.copied_list(y)
        if isinstance(rows[0], StackedItems) and isinstance(rows[1], ListValue):
            made = self.copied_list(rows[0])
            for item in rows[1].items:
                self.append_row(made, item)
            return made
        if all(isinstance(x, StackedItems) for x in rows):
            return self._joined_items(*rows)
        if any(x.lists for x in rows if isinstance(x, StackedList)):
            raise NeedsStatic("lists of lists of run-time length cannot be joined", self.loc, "use np.array(items)")
        types = [self._item_type(x.items) if isinstance(x, ListValue) else self._row_type(x) for x in rows]
        if (types[0].dtype, types[0].shape) != (types[1].dtype, types[1].shape):
            raise NeedsStatic(
                "the lists that are joined have items of different types", self.loc, "use items of one type"
            )
        for x in (a, b):
            self.lock_items(x)
        return self._list_of(
            self.emit("concatenate", *map(self.operand, rows), axis=0), types[0].weak and types[1].weak
        )

    def _joined_items(self, a: StackedItems, b: StackedItems) -> ListValue:
        """``a + b`` of lists whose items have parts."""
        pairs = list(zip(a.rows.columns, b.rows.columns, strict=False))
        types = [[self.array_type(c.array) for c in pair] for pair in pairs]
        if a.rows.form != b.rows.form or any((x.dtype, x.shape[1:]) != (y.dtype, y.shape[1:]) for x, y in types):
            message = "the lists that are joined have items of different kinds"
            raise NeedsStatic(message, self.loc, "use items of one kind")
        columns = tuple(
            Column(Array(Cell(self.emit("concatenate", *(self.read(c.array) for c in pair), axis=0))), pair[0].weak)
            for pair in pairs
        )
        count = self.require_dim(a.rows.count) + self.require_dim(b.rows.count)
        return ListValue(Rows(columns, self.integer(count), count, a.rows.form))

    def copied_list(self, v: StackedItems | StackedList) -> ListValue:
        """A new list of the items of one of run-time length."""
        if isinstance(v, StackedList):
            self.lock_items(v)
            made = self._list_of(self.operand(v), v.weak and not v.lists)
            if v.lists:
                assert isinstance(made.content, Rows)
                made.content = replace(made.content, form=forms.ListOfRows(v.weak))
            return made
        columns = tuple(Column(Array(Cell(self.read(c.array))), c.weak) for c in v.rows.columns)
        return ListValue(replace(v.rows, columns=columns, bound=self.require_dim(v.rows.count), taken=0))

    def part_of_items(self, v: StackedItems, key: Any) -> StackedItems:
        """A slice of a list."""
        columns = tuple(Column(self.load_array(c.array, key), c.weak) for c in v.rows.columns)
        size = self.array_type(columns[0].array).shape[0]
        return StackedItems(replace(v.rows, columns=columns, count=self.integer(size), bound=size, taken=0), v.source)

    def sort_rows(self, target: ListValue, key: Any, reverse: Any) -> None:
        """``items.sort(key=..., reverse=...)``, in the memory of the list."""
        rows = target.content
        assert isinstance(rows, Rows)
        self.may_change(target)
        made = self.call(sorted, [target], {"key": key, "reverse": reverse}).content
        if not made:  # a list of known length, and empty
            return
        made = made if isinstance(made, Rows) else self.table(made)
        for column, new in zip(rows.columns, made.columns, strict=True):
            t = self.array_type(new.array)
            view = ViewStep("index", tuple(Span(ZERO, d) for d in t.shape))
            self.set_view(self.view(column.array, view), self.read(new.array))
        self.session.touch(target)
        target.content = replace(rows)

    def table(self, items: list[Any]) -> Rows:
        raise NotImplementedError

    def lock_items(self, v: Any) -> None:
        """From now on the arrays in a list may not be written: they are copied into another list."""
        items = v.items if isinstance(v, ListValue) and not isinstance(v.content, Rows) else [v]
        arrays = [x for x in items if len(self.shape(x)) > (x is v)]
        merged_readonly(self, [c for x in arrays for c, _ in cells_in(x)], IN_LIST)

    def _row_type(self, v: StackedList) -> Type:
        t = self.array_type(v.array)
        return Type(t.dtype, t.shape[1:], v.weak and t.rank == 1)

    def _list_of(self, rows: Operand, weak: bool) -> ListValue:
        """A list of run-time length with these rows as its items."""
        assert isinstance(rows, Value)
        return self.list_of_rows(Array(Cell(rows)), weak)

    def clear_rows(self, target: ListValue) -> None:
        assert isinstance(target.content, Rows)
        self.may_change(target)
        self.session.touch(target)
        target.content = replace(target.content, count=0)

    def grows(self, target: ListValue, items: Any, inside: set[Value]) -> None:
        """A list that a branch makes longer: in a loop that it is older than, the loop is built again; `inside`: what
        is known only in the branch."""
        levels = [counted for start, counted in self.session.levels if start > target.stamp]
        if levels and all(levels):
            self._check_items(items, inside)
            raise Grow(target, list(items))
        if levels:
            self.refuse_unbounded(
                target, "a list has different lengths on two paths", "append on both paths, or use an array"
            )

    def refuse_unbounded(self, target: ListValue, message: str, hint: str) -> NoReturn:
        """A list grows in loops whose number of iterations is not known; the outermost may be a `while` loop that can
        be counted first."""
        levels = [counted for start, counted in self.session.levels if start > target.stamp]
        if levels and not levels[0] and all(levels[1:]):
            raise Unbounded(message, self.loc, hint)
        raise NeedsStatic(message, self.loc, hint)

    # -- loops ----------------------------------------------------------------------------------
    def _check_items(self, items: Any, inside: set[Value]) -> None:
        _, types = self._item_form(list(items))
        if any(v in inside for t in types for d in t.shape for v in d.values()):
            message = "the items that are appended have different shapes"
            raise NeedsStatic(message, self.loc, "use items of one shape")

    def check_growth(self, target: ListValue, before: Any, after: Any, count: Dim | None, inside: set[Value]) -> None:
        """After a pass over the body of a loop: a list that has become longer. `inside`: what the body defines."""
        message = "a list or dict changes its length in a loop"
        if isinstance(before, Rows) or isinstance(after, Rows) or len(after) < len(before):
            raise NeedsStatic(message, self.loc, _FILL_AN_ARRAY)
        if count is None:
            self.refuse_unbounded(target, message, _FILL_AN_ARRAY)
        self._check_items(after, inside)
        raise Grow(target, list(after))

    def bound_after(self, target: ListValue, entry: Rows, back: Rows, carries: Carries, done: Outcome) -> Dim:
        """The most items that a list has after a loop."""
        more = back.bound - entry.bound
        if more == 0:
            return entry.bound
        inside = done.defines()
        if carries.facts is not None and any(v in inside for v in more.values()):
            index, (low, high) = done.region.params[0], carries.facts
            self.session.loops.append((index, low, high))
            for end in (low, high):
                most = more.substitute(lambda leaf, end=end: end if leaf is index else Dim.of(leaf))  # type: ignore[misc]
                if self.session.nonneg(most - more):
                    more = most
                    break
            self.session.loops.pop()
        for v in more.values():
            if v not in inside or v not in self.session.at_most:
                continue
            limit = self.session.at_most[v]
            self.session.loops.append((v, ZERO, limit))
            larger = more.substitute(lambda leaf, v=v, limit=limit: limit if leaf is v else Dim.of(leaf))  # type: ignore[misc]
            if self.session.nonneg(larger - more):
                more = larger
            self.session.loops.pop()
        message = "how many items this list gets is known only at run time"
        if any(v in inside for v in more.values()):
            raise NeedsStatic(message, self.loc, _FILL_AN_ARRAY)
        if carries.count is None:
            self.refuse_unbounded(target, message, _FILL_AN_ARRAY)
        if not self.session.nonneg(more):
            more = more.max(0)
        return entry.bound + carries.count * more

    def merged_rows(self, join: Join, a: Rows | list[Any], b: Rows | list[Any]) -> Rows:
        """A list that is `a` on one path, and `b` on the other."""
        counts = [x.count if isinstance(x, Rows) else len(x) for x in (a, b)]
        count = join.value(counts[0], counts[1], "count")
        known = [x for x in (a, b) if isinstance(x, Rows)]
        if not known:
            form, types = self._item_form([*a, *b])  # type: ignore[misc]
            capacity = Dim.of(max(len(a), len(b)))  # type: ignore[arg-type]
            bound, weak = capacity, [t.weak for t in types]
            types = [t.with_shape((capacity, *t.shape)) for t in types]
            if not all(join.visible(t) for t in types):
                raise NeedsStatic("a list has different lengths on two paths", self.loc, "append on both paths")
        else:
            first, last = known[0], known[-1]
            form, bound = first.form, self._larger(first.bound, last.bound)
            if all(x.array.cell is y.array.cell for x, y in zip(first.columns, last.columns, strict=False)):
                if form == last.form and len(known) == 2:
                    taken = min(x.taken for x in known) if first.bound == last.bound else 0
                    return Rows(first.columns, count, bound, form, taken)
            capacity = self._larger(self._capacity(first), self._capacity(last))
            for x in (a, b):
                if not isinstance(x, Rows) and capacity.is_const:
                    capacity, bound = capacity.max(len(x)), bound.max(len(x))
            types, others = (
                [t.with_shape((capacity, *t.shape[1:])) for t in (self.array_type(c.array) for c in x.columns)]
                for x in (first, last)
            )
            if (
                any(c.array.path for x in known for c in x.columns)
                or others != types
                or form != last.form
                or not all(join.visible(t) for t in types)
            ):
                raise NeedsStatic("a list has different memory on two paths", self.loc, "append on both paths")
            weak = [x.weak and y.weak for x, y in zip(first.columns, last.columns, strict=True)]
        memory: list[list[Any]] = []
        for x, outcome in ((a, join.a), (b, join.b)):
            with self.b.into(outcome.region):
                if isinstance(x, Rows):
                    rows = [self.read(final_version(outcome.heap, c.array)) for c in x.columns]
                    memory.append([self._moved(v, t) for v, t in zip(rows, types, strict=True)])
                    continue
                if not self.session.assume(types[0].shape[0] - len(x)):
                    raise NeedsStatic("a list has different lengths on two paths", self.loc, "append on both paths")
                made = [Array(Cell(self.emit("empty", shape=t.shape, dtype=t.dtype))) for t in types]
                filled = Rows(tuple(map(Column, made, weak)), len(x), Dim.of(len(x)), form)
                if any(True for item in x for _ in forms.mutable_parts(item)):
                    raise NeedsStatic("a list has different lengths on two paths", self.loc, "append on both paths")
                for k, item in enumerate(x):
                    self.put(filled, k, item, lambda leaf, heap=outcome.heap: final_version(heap, leaf))  # type: ignore[misc]
                memory.append([c.cell.current for c in made])
        merged = [
            Column(Array(Cell(join.result(t, "rows", *pair))), w)
            for t, w, pair in zip(types, weak, zip(*memory, strict=True), strict=True)
        ]
        return Rows(tuple(merged), count, bound, form)

    def _moved(self, rows: Operand, t: Type) -> Operand:
        """The rows in memory of the type `t`, which has place for as many, or more."""
        assert isinstance(rows, Value)
        if rows.type == t:
            return rows
        made = Array(Cell(self.emit("empty", shape=t.shape, dtype=t.dtype)))
        self.set_view(self._first_rows(made, rows.type.shape[0], ""), rows)
        return made.cell.current

    def _larger(self, a: Dim, b: Dim) -> Dim:
        nonneg = self.session.nonneg
        return a if nonneg(a - b) else b if nonneg(b - a) else a.max(b)

    def has_room(self, target: ListValue) -> bool:
        rows = target.content
        assert isinstance(rows, Rows)
        return self.session.nonneg(self._capacity(rows) - rows.bound)
