"""Lists whose length only the call tells: their items are the rows of an array that is long enough.

``out = []`` before a loop and ``out.append(y)`` in it: when a pass over the body shows that the list grows, the loop is
built again with a list of `Rows`. How long the array has to be follows from the most that one iteration appends, times
the number of iterations; appending in a branch counts the items at run time.

The items are copies. So that this cannot be told, an array that is appended may not be written from then on, and
neither may an item that is taken out of the list.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from ..errors import NeedsStatic, PullbackTypeError
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, IndexItem, Operand, Span, Value
from ..ir.types import Type, promote
from .merging import Join, Outcome
from .moves import Carries, Moves
from .sharing import final_version, merged_readonly
from .values import Array, Cell, ListValue, Rows, StackedList, ViewStep, is_number, is_scalar

IN_LIST = "it is an item of a list of run-time length"
_FILL_AN_ARRAY = "fill an array made before the loop, as in out = np.zeros(n); out[i] = ..."
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
            t, capacity = self.array_type(old.array), g.needed
        else:
            assert g.items is not None
            t = self._item_type(g.items)
            capacity = Dim.of(len(old)) + count * max(1, len(g.items) - len(old))
            t = Type(t.dtype, (capacity, *t.shape), t.weak)
        memory = Array(Cell(self.emit("empty", shape=(capacity, *t.shape[1:]), dtype=t.dtype)))
        self.session.touch(target)
        if isinstance(old, Rows):
            n = self.require_dim(old.count)
            self.set_view(self._first_rows(memory, n), self.read(self._first_rows(old.array, n)))
            target.content = replace(old, array=memory)
            return
        target.content = Rows(memory, len(old), Dim.of(len(old)), t.weak)
        for k, x in enumerate(old):
            self._put(memory, k, x)

    def _item_type(self, items: list[Any]) -> Type:
        if not all(is_scalar(x) or isinstance(x, Array) for x in items):
            message = "a list of run-time length may only have numbers and arrays as items"
            raise NeedsStatic(message, self.loc, "append to a list for each part")
        types = [self.type(x) for x in items]
        if any(t.shape != types[0].shape for t in types):
            message = "the items that are appended have different shapes"
            raise NeedsStatic(message, self.loc, "use items of one shape")
        dtype, weak = promote(types)
        return Type(dtype, types[0].shape, weak and not types[0].shape)

    def _put(self, memory: Array, place: Any, x: Any, weak: bool = False) -> None:
        t = self.array_type(memory)
        own = self.type(x)
        narrow = weak and not own.weak and own.dtype != t.dtype  # it would widen
        if narrow or promote([Type(t.dtype, ()), own])[0] != t.dtype or len(own.shape) != len(t.shape) - 1:
            raise NeedsStatic("the items of this list have different types", self.loc, "use items of one type")
        index: tuple[IndexItem, ...] = (At(), *(Span(ZERO, d) for d in t.shape[1:]))
        view = self.view(memory, ViewStep("index", index, (self.operand(place),)))
        value = self.fit(self.operand(x), t.shape[1:])
        if value.type.dtype != t.dtype:
            value = self.emit("cast", value, dtype=t.dtype, weak=False)
        self.set_view(view, value)  # type: ignore[arg-type]
        if isinstance(x, Array):
            merged_readonly(self, [x.cell], IN_LIST)

    def _first_rows(self, memory: Array, count: Dim) -> Array:
        t = self.array_type(memory)
        index = tuple(Span(ZERO, d) for d in (count, *t.shape[1:]))
        return self.view(memory, ViewStep("index", index, readonly=IN_LIST if t.rank > 1 else ""))

    # -- what a program does with such a list ---------------------------------------------------
    def as_stacked(self, v: Any) -> Any:
        """A list of run-time length as its rows; anything else as it is."""
        if isinstance(v, ListValue) and isinstance(v.content, Rows):
            part = self._first_rows(v.content.array, self.require_dim(v.content.count))
            value = self.read(part)
            return StackedList(Array(Cell(value, readonly=IN_LIST)), v.content.weak, source=(v,))
        return v

    def append_row(self, target: ListValue, x: Any) -> None:
        rows = target.content
        assert isinstance(rows, Rows)
        capacity = self.array_type(rows.array).shape[0]
        if self.level_of(target) == 0 and not self.session.nonneg(capacity - rows.bound - 1):
            self.grow(Grow(target, None, rows.bound + _SPARE), ZERO)
            rows = target.content
        assert isinstance(rows, Rows)
        self._put(rows.array, rows.count, x, rows.weak)
        self.session.touch(target)
        count = rows.count + 1 if is_number(rows.count) else self.emit("add", self.operand(rows.count), 1)
        target.content = replace(rows, count=count, bound=rows.bound + 1)

    def row_index(self, rows: Rows, key: Any) -> Operand:
        """A position in the list, checked, from 0 on."""
        index, count = self.operand(key), self.operand(rows.count)
        if not index.type.is_int or index.type.shape:
            self.error(PullbackTypeError, "list indices must be integers or slices")
        below = self.emit("ge", index, self.emit("neg", count))
        inside = self.emit("logical_and", below, self.emit("lt", index, count))
        self.check(inside, "IndexError", "list index out of range")
        if is_number(key):
            return index if key >= 0 else self.emit("add", count, index)
        return self.emit("where", self.emit("lt", index, 0), self.emit("add", index, count), index)

    def load_row(self, rows: Rows, key: Any) -> Any:
        t = self.array_type(rows.array)
        index: tuple[IndexItem, ...] = (At(), *(Span(ZERO, d) for d in t.shape[1:]))
        step = ViewStep("index", index, (self.row_index(rows, key),), readonly=IN_LIST)
        item = self.read(self.view(rows.array, step))
        if t.rank > 1:
            return Array(Cell(item, readonly=IN_LIST))
        return self.emit("cast", item, dtype=t.dtype, weak=True) if rows.weak else item

    def store_row(self, target: ListValue, key: Any, x: Any) -> None:
        rows = target.content
        assert isinstance(rows, Rows)
        self._put(rows.array, self.row_index(rows, key), x, rows.weak)

    def pop_row(self, target: ListValue) -> Any:
        rows = target.content
        assert isinstance(rows, Rows)
        self.check(self.emit("gt", self.operand(rows.count), 0), "IndexError", "pop from empty list")
        value = self.load_row(rows, -1)
        self.session.touch(target)
        target.content = replace(rows, count=self.emit("sub", self.operand(rows.count), 1))
        return value

    def repeated(self, items: list[Any], times: Any) -> ListValue:
        """``items * times`` for a run-time number of times."""
        if len(items) != 1 or not is_scalar(items[0]):
            message = "only a list of one number is repeated a number of times known only at run time"
            raise NeedsStatic(message, self.loc, "use an array, as in np.zeros(n)")
        n = self.require_dim(times)
        size = n if self.session.nonneg(n) else n.max(0)
        t = self.type(items[0])
        memory = Array(Cell(self.emit("full", self.operand(items[0]), shape=(size,), dtype=t.dtype)))
        return ListValue(Rows(memory, self.integer(size), size, t.weak))

    def joined(self, a: ListValue | StackedList, b: ListValue | StackedList) -> ListValue:
        """``a + b`` of lists."""
        rows = [self.as_stacked(x) for x in (a, b)]
        if all(isinstance(x, ListValue) for x in rows):
            return ListValue([*rows[0].items, *rows[1].items])
        for x, y in (rows, rows[::-1]):
            if isinstance(x, ListValue) and not x.items:
                return self._list_of(self.operand(y), y.weak)
        if any(x.lists for x in rows if isinstance(x, StackedList)):
            raise NeedsStatic("lists of lists of run-time length cannot be joined", self.loc, "use np.array(items)")
        types = [self._item_type(x.items) if isinstance(x, ListValue) else self._row_type(x) for x in rows]
        if (types[0].dtype, types[0].shape) != (types[1].dtype, types[1].shape):
            raise NeedsStatic(
                "the lists that are joined have items of different types", self.loc, "use items of one type"
            )
        return self._list_of(
            self.emit("concatenate", *map(self.operand, rows), axis=0), types[0].weak and types[1].weak
        )

    def _row_type(self, v: StackedList) -> Type:
        t = self.array_type(v.array)
        return Type(t.dtype, t.shape[1:], v.weak and t.rank == 1)

    def _list_of(self, rows: Operand, weak: bool) -> ListValue:
        """A list of run-time length with these rows as its items."""
        assert isinstance(rows, Value)
        size = rows.type.shape[0]
        return ListValue(Rows(Array(Cell(rows)), self.integer(size), size, weak))

    def clear_rows(self, target: ListValue) -> None:
        assert isinstance(target.content, Rows)
        self.session.touch(target)
        target.content = replace(target.content, count=0)

    def grows(self, target: ListValue, items: Any) -> NoReturn:
        """A list that a branch of a loop makes longer."""
        levels = [counted for start, counted in self.session.levels if start > target.stamp]
        if levels and all(levels):
            raise Grow(target, list(items))
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
    def check_growth(self, target: ListValue, before: Any, after: Any, count: Dim | None) -> None:
        """After a pass over the body of a loop: a list that has become longer."""
        message = "a list or dict changes its length in a loop"
        if isinstance(before, Rows) or isinstance(after, Rows) or len(after) < len(before):
            raise NeedsStatic(message, self.loc, _FILL_AN_ARRAY)
        if count is None:
            self.refuse_unbounded(target, message, _FILL_AN_ARRAY)
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
        first, last = known[0], known[-1]
        t, bound = self.array_type(first.array), self._larger(first.bound, last.bound)
        if len(known) == 2 and first.array.cell is last.array.cell:
            return Rows(first.array, count, bound, first.weak)
        if any(x.array.path for x in known) or self.array_type(last.array) != t or not join.visible(t):
            raise NeedsStatic("a list has different memory on two paths", self.loc, "append on both paths")
        weak, memory = all(x.weak for x in known), []
        for x, outcome in ((a, join.a), (b, join.b)):
            with self.b.into(outcome.region):
                if isinstance(x, Rows):
                    memory.append(self.read(final_version(outcome.heap, x.array)))
                    continue
                if not self.session.assume(t.shape[0] - len(x)):
                    raise NeedsStatic("a list has different lengths on two paths", self.loc, "append on both paths")
                filled = Array(Cell(self.emit("empty", shape=t.shape, dtype=t.dtype)))
                for k, item in enumerate(x):
                    self._put(filled, k, final_version(outcome.heap, item) if isinstance(item, Array) else item, weak)
                memory.append(filled.cell.current)
        return Rows(Array(Cell(join.result(t, "rows", *memory))), count, bound, weak)

    def _larger(self, a: Dim, b: Dim) -> Dim:
        nonneg = self.session.nonneg
        return a if nonneg(a - b) else b if nonneg(b - a) else a.max(b)

    def has_room(self, target: ListValue) -> bool:
        rows = target.content
        assert isinstance(rows, Rows)
        return self.session.nonneg(self.array_type(rows.array).shape[0] - rows.bound)
