"""Indexing: reading and writing of places in arrays and containers.

Basic indices (integers, slices, newaxis, ellipsis) make views; integer arrays, lists and masks gather.
Slices are normalised to `Span`: always in bounds, clamped where neither a proof nor an assumption
on the arguments' extents shows that the bounds are inside.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import (
    NeedsStatic,
    PullbackIndexError,
    PullbackKeyError,
    PullbackTypeError,
    PullbackValueError,
    UnsupportedError,
)
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import At, Gather, IndexItem, New, Operand, Span, Value, as_dim
from ..ir.types import INT, Type
from .context import closest, describe
from .loops import Loops
from .values import (
    ARGUMENT,
    Array,
    Conflict,
    DictValue,
    ListValue,
    Opaque,
    RangeValue,
    RecordValue,
    Rows,
    StackedList,
    ViewStep,
    is_number,
    is_operand,
    is_scalar,
    is_static,
)

MAX_CHOICES = 16  # items of a list that may be indexed at run time


@final
@dataclass(frozen=True, slots=True)
class SliceValue:
    """``start:stop:step`` with abstract bounds (None where absent)."""

    start: Any
    stop: Any
    step: Any


@final
@dataclass(frozen=True, slots=True)
class Selection:
    """A parsed index of an array: `mask` when one boolean array selects, else index items."""

    index: tuple[IndexItem, ...] = ()
    operands: tuple[Operand, ...] = ()
    mask: Any = None

    @property
    def basic(self) -> bool:
        return self.mask is None and not any(isinstance(i, Gather) for i in self.index)


class Places(Loops):
    # -- reading ------------------------------------------------------------------------------
    def load_item(self, owner: Any, key: Any) -> Any:
        """``owner[key]``."""
        owner = self.present(owner)
        if isinstance(owner, (Array, StackedList)):
            if isinstance(owner, StackedList) and not isinstance(key, SliceValue):
                return self.row_of(owner, key)
            return self.load_array(owner if isinstance(owner, Array) else owner.array, key)
        if isinstance(owner, (tuple, ListValue, RangeValue)):
            return self.load_sequence(owner, key)
        if isinstance(owner, RecordValue):
            if not issubclass(owner.cls, tuple):
                return self.call(self.attribute(owner, "__getitem__"), [key], {})
            return self.load_sequence(tuple(owner.fields.values()), key)
        if isinstance(owner, DictValue):
            name = self.static(key, "the key of a dict")
            if name not in owner.items:
                hint = closest(name, [k for k in owner.items if isinstance(k, str)]) if isinstance(name, str) else None
                self.error(
                    PullbackKeyError, f"the dict has no key {name!r}", hint or f"its keys are {list(owner.items)}"
                )
            return owner.items[name]
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
            return owner[place]
        if isinstance(owner, (dict, list)) and is_static(key):
            return owner[self.static(key, "the index")]
        if is_scalar(owner):
            self.error(
                PullbackTypeError, f"{describe(owner)} cannot be indexed", "only arrays, lists, tuples and dicts can"
            )
        self.error(UnsupportedError, f"{describe(owner)} cannot be indexed")

    def row_of(self, items: StackedList, key: Any) -> Any:
        """The item of a list of run-time length at a position."""
        item = self.load_array(items.array, key)
        if items.lists and isinstance(item, Array):
            size = self.array_type(item).shape[0]
            return ListValue(Rows(item, self.integer(size), size, items.weak))
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
            index = self.require_dim(key)
            start, step = self.require_dim(owner.start), self.static(owner.step, "the step of this range")
            if not index.is_const or index.const < 0:
                self.error(UnsupportedError, "a range is indexed by a non-negative constant only", "compute the number")
            return self.integer(start + index * step)
        if isinstance(owner, ListValue) and isinstance(owner.content, Rows):
            if isinstance(key, SliceValue):
                part = self.load_array(self.as_stacked(owner).array, key)
                return StackedList(part, owner.content.weak)
            return self.load_row(owner.content, key)
        items = owner.items if isinstance(owner, ListValue) else owner
        if isinstance(key, SliceValue):
            s = self._static_slice(key)
            return ListValue(list(items[s])) if isinstance(owner, ListValue) else tuple(items[s])
        if isinstance(key, Value):
            d = as_dim(key)
            key = d.const if d.is_const else key
        if self._chooses(items, key):
            position = self._position(items, key)
            return self._item_at(list(items), position)
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
            self.error(PullbackIndexError, f"index {index} is out of range for a length of {len(items)}")
        return items[index]

    def _static_slice(self, key: SliceValue) -> slice:
        bounds = (key.start, key.stop, key.step)
        return slice(*(self.static(x, "the bound of a slice of a list") for x in bounds))

    def _chooses(self, items: Any, key: Any) -> bool:
        """Whether an item is taken by a run-time integer, out of few enough to compare with each position."""
        if not isinstance(key, Value) or not key.type.is_int or key.type.shape or as_dim(key).is_const:
            return False
        return 0 < len(items) <= MAX_CHOICES or (bool(items) and all(is_number(x) for x in items))

    def _position(self, items: Any, key: Value) -> Operand:
        """A run-time index of a list as a number from 0 on; out of range is an IndexError."""
        size = len(items)
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
        value = items[-1]
        for k in range(len(items) - 2, -1, -1):
            value = self._either_item(self.emit("eq", position, k), items[k], value)
        if isinstance(value, Conflict):
            raise NeedsStatic(
                f"a list of different things is indexed at run time: {value.reason}", self.loc, "use items of one shape"
            )
        return value

    def _either_item(self, cond: Operand, item: Any, other: Any) -> Any:
        return other if isinstance(other, Conflict) else self.choose(cond, lambda: item, lambda: other)

    def delete_item(self, owner: Any, key: Any) -> None:
        """``del owner[key]``."""
        if isinstance(owner, ListValue):
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
            del owner.items[self.static(key, "the key of a dict")]
        else:
            self.error(
                PullbackTypeError, f"{describe(owner)} does not support item deletion", "use np.delete, or a slice"
            )

    def load_array(self, array: Array, key: Any) -> Any:
        array, key = self._gathered_first(array, key)
        t = self.array_type(array)
        sel = self.parse_index(t, key)
        if sel.mask is not None:
            return self._load_mask(array, t, sel.mask)
        if not sel.basic:
            return self.wrap(self.emit("load", self.read(array), *sel.operands, index=sel.index))
        if not sel.index or _is_whole(sel.index, t):
            return array
        place = self.view(array, ViewStep("index", sel.index, sel.operands))
        return self.read(place) if not self.array_type(place).shape else place

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
            name = self.static(key, "the key of a dict")
            self.change(owner)
            owner.items[name] = value
        elif isinstance(owner, RecordValue) and not issubclass(owner.cls, tuple):
            self.call(self.attribute(owner, "__setitem__"), [key, value], {})
        elif isinstance(owner, tuple):
            self.error(PullbackTypeError, "a tuple does not support item assignment", "use a list or an array")
        else:
            self.error(
                UnsupportedError, f"{describe(owner)} does not support item assignment", "return the new value instead"
            )

    def change(self, owner: ListValue | DictValue | RecordValue) -> None:
        """Call before a container is mutated. What a global holds may not be; a container among the arguments is
        changed as seen from inside (see `Built.rebound`), unless it may be one that is passed twice."""
        like = [x for x in self.session.arguments if type(x) is type(owner)]
        if owner.stamp == 0 or (owner.stamp == ARGUMENT and len(like) > 1):
            self.error(
                UnsupportedError,
                f"{describe(owner)} from outside the function may not be changed",
                "change a copy, as in list(values) or dict(values), and return it",
            )
        if owner.stamp == ARGUMENT:
            self.session.rebound = self.session.rebound or self.loc
        self.session.touch(owner)

    def _static_index(self, key: Any) -> Any:
        return as_dim(key).const if isinstance(key, Value) and as_dim(key).is_const else key

    def store_array(self, array: Array, key: Any, value: Any) -> None:
        array, key = self._gathered_first(array, key)
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

    # -- parsing ------------------------------------------------------------------------------
    def parse_index(self, t: Type, key: Any) -> Selection:
        """An index expression as index items for every axis."""
        items = list(key) if isinstance(key, tuple) else [key]
        for k, item in enumerate(items):
            if isinstance(item, ListValue):
                items[k] = (
                    self.wrap(self.operand(item))
                    if item.items
                    else self.wrap(self.emit("empty", shape=(ZERO,), dtype="i64"))
                )
            elif isinstance(item, (np.ndarray, RangeValue, StackedList)):
                items[k] = self.wrap(self.operand(item))
        masks = [i for i in items if isinstance(i, Array) and self.array_type(i).is_bool]
        if masks:
            rest = [i for i in items if i is not masks[0]]
            if len(masks) == 1 and all(i is Ellipsis or _is_full_slice(i) for i in rest) and items[0] is masks[0]:
                return Selection(mask=masks[0])
            self.error(UnsupportedError, "a mask together with other indices is not supported here", "use np.nonzero")
        consumed = sum(1 for i in items if i is not None and i is not Ellipsis)
        if sum(i is Ellipsis for i in items) > 1:
            self.error(PullbackIndexError, "an index can only have a single ellipsis ('...')")
        if consumed > t.rank:
            self.error(
                PullbackIndexError,
                f"too many indices for array: array is {t.rank}-dimensional, but {consumed} were indexed",
            )
        full = [SliceValue(None, None, None)] * (t.rank - consumed)
        at = next((k for k, i in enumerate(items) if i is Ellipsis), len(items))
        items = [*items[:at], *full, *items[at + 1 :]]
        index: list[IndexItem] = []
        operands: list[Operand] = []
        axis = 0
        for item in items:
            if item is None:
                index.append(New())
                continue
            extent = t.shape[axis]
            axis += 1
            if isinstance(item, (SliceValue, slice)):
                index.append(self.span(item, extent))
            elif isinstance(item, Array):
                x = self.read(item)
                if not x.type.is_int:
                    self.error(
                        PullbackIndexError,
                        f"arrays used as indices must be of integer or boolean type, not {x.type.numpy}",
                    )
                index.append(Gather())
                operands.append(x)
            else:
                index.append(At())
                operands.append(self._integer_index(item))
        if any(isinstance(i, Gather) for i in index):
            index, operands = self._gathers(index, operands)
        return Selection(tuple(index), tuple(operands))

    def _gathered_first(self, array: Array, key: Any) -> tuple[Array, Any]:
        """The same place with its index arrays side by side: where a slice or newaxis separates them (integers
        count as index arrays beside one), NumPy puts their axes first, so the array is transposed."""
        key = self._masks_as_places(array, key)
        if not isinstance(key, tuple) or not any(self._is_index_array(i) for i in key):
            return array, key
        rank = self.array_type(array).rank
        consumed = sum(1 for i in key if i is not None and i is not Ellipsis)
        if consumed > rank or sum(i is Ellipsis for i in key) > 1:
            return array, key  # an error, raised by parse_index
        full = [SliceValue(None, None, None)] * (rank - consumed)
        at = next((k for k, i in enumerate(key) if i is Ellipsis), len(key))
        items = [*key[:at], *full, *key[at + (at < len(key)) :]]
        chosen = [k for k, i in enumerate(items) if not (i is None or isinstance(i, (SliceValue, slice)))]
        if chosen == list(range(chosen[0], chosen[-1] + 1)):
            return array, key
        axes = [sum(i is not None for i in items[:k]) for k in chosen]
        rest = [a for a in range(rank) if a not in axes]
        view = self.view(array, ViewStep("transpose", arg=(*axes, *rest)))
        return view, (*(items[k] for k in chosen), *(i for k, i in enumerate(items) if k not in chosen))

    def _masks_as_places(self, array: Array, key: Any) -> Any:
        """Masks beside other indices, and masks known at compile time, as the index arrays of their places."""
        items = list(key) if isinstance(key, tuple) else [key]
        known = [_static_mask(i) for i in items]
        masks = [self._is_mask(i) or m is not None for i, m in zip(items, known, strict=True)]
        alone = sum(masks) == 1 and masks[0] and all(i is Ellipsis or _is_full_slice(i) for i in items[1:])
        if not any(masks) or (alone and known[0] is None):
            return key
        shape = self.array_type(array).shape
        ranks = [
            np.ndim(m) if m is not None else self.array_type(i).rank if masked else int(i is not None)
            for i, m, masked in zip(items, known, masks, strict=True)
        ]
        rest = len(shape) - sum(r for i, r in zip(items, ranks, strict=True) if i is not Ellipsis)
        if rest < 0:
            self.error(PullbackIndexError, f"too many indices for array: array is {len(shape)}-dimensional")
        places: list[Any] = []
        axis = 0
        for item, mask, masked, rank in zip(items, known, masks, ranks, strict=True):
            if item is Ellipsis:
                axis += rest
                places.append(item)
                continue
            if masked:
                own = tuple(map(Dim.of, mask.shape)) if mask is not None else self.array_type(item).shape
                for a, d in zip(own, shape[axis : axis + rank], strict=True):
                    self.require_equal(a, d, "boolean index did not match indexed array", PullbackIndexError)
                if mask is not None:
                    places += np.nonzero(mask)
                else:
                    places += self.numpy(np.nonzero, [item])  # type: ignore[attr-defined]
            else:
                places.append(item)
            axis += rank
        return tuple(places)

    def _is_mask(self, item: Any) -> bool:
        return isinstance(item, Array) and self.array_type(item).is_bool and bool(self.array_type(item).shape)

    def _is_index_array(self, item: Any) -> bool:
        if isinstance(item, Array):
            t = self.array_type(item)
            return t.is_int and bool(t.shape)
        return isinstance(item, (ListValue, RangeValue, StackedList)) or (
            isinstance(item, np.ndarray) and item.dtype.kind in "iu" and item.ndim > 0
        )

    def _gathers(self, index: list[IndexItem], operands: list[Operand]) -> tuple[list[IndexItem], list[Operand]]:
        """Integers beside index arrays broadcast with them; the arrays must be adjacent."""
        places = [k for k, i in enumerate(index) if isinstance(i, (At, Gather))]
        if places != list(range(places[0], places[-1] + 1)):
            self.error(
                UnsupportedError,
                "index arrays separated by a slice are not supported",
                "index twice, or move the axis first",
            )
        out: list[IndexItem] = [Gather() if isinstance(i, At) else i for i in index]
        arrays = [x for x in operands if x.type.shape]
        self.align(arrays)
        # a scalar beside index arrays becomes an index array of one element
        ops = [x if x.type.shape else self.emit("full", x, shape=(ONE,), dtype="i64") for x in operands]
        return out, ops

    def _integer_index(self, item: Any) -> Operand:
        if isinstance(item, Dim):
            return self.operand(item)
        if isinstance(item, (bool, np.bool_)):
            self.error(UnsupportedError, "a boolean is not an index", "use 0 or 1, or np.where")
        if is_scalar(item):
            x = self.operand(item)
            if x.type.is_int:
                return x
            if x.type.is_bool:
                self.error(UnsupportedError, "a boolean is not an index", "use np.where")
            self.error(
                PullbackIndexError,
                "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays "
                "are valid indices",
                "convert the index with int(...)",
            )
        self.error(
            PullbackIndexError,
            f"{describe(item)} is not a valid index of an array",
            "use an integer, a slice or an integer array",
        )

    def span(self, s: Any, extent: Dim) -> Span:
        """``start:stop:step`` on an axis of `extent`, with bounds inside the axis."""
        step = 1
        if s.step is not None:
            step = self.static(s.step, "the step of a slice")
            if not isinstance(step, (int, np.integer)) or isinstance(step, bool):
                self.error(PullbackTypeError, "slice indices must be integers or None")
            step = int(step)
        if step == 0:
            self.error(PullbackValueError, "slice step cannot be zero")
        if step > 0:
            start = ZERO if s.start is None else self._bound(s.start, extent, ZERO, extent)
            stop = extent if s.stop is None else self._bound(s.stop, extent, ZERO, extent)
            distance = stop - start
        else:
            start = extent - 1 if s.start is None else self._bound(s.start, extent, Dim.of(-1), extent - 1)
            stop = Dim.of(-1) if s.stop is None else self._bound(s.stop, extent, Dim.of(-1), extent - 1)
            distance = start - stop
        if not self.session.assume(distance):
            distance = distance.max(0)
        size = (distance + (abs(step) - 1)) // abs(step)
        if size == 0:
            start = ZERO
        return Span(start, size, step)

    def _bound(self, v: Any, extent: Dim, low: Dim, high: Dim) -> Dim:
        """One bound of a slice, clamped to ``low <= bound <= high`` as Python does."""
        if isinstance(v, (bool, np.bool_)) or not is_scalar(v):
            self.error(PullbackTypeError, "slice indices must be integers or None")
        d = self.require_dim(v)
        proved = self.session.nonneg
        if d.is_const:
            if d.const < 0:
                d = extent + d
                return d if self.session.assume(d - low) else d.max(low)
        elif proved(d):
            pass
        elif proved(-d - 1):
            d = extent + d
            return d if self.session.assume(d - low) else d.max(low)
        elif not d.has_values and self.session.assume(d):
            pass
        else:
            return self._clamped(d, extent, low, high)
        if self.session.assume(high - d):
            return d
        return d.min(high)

    def _clamped(self, d: Dim, extent: Dim, low: Dim, high: Dim) -> Dim:
        """A bound whose sign is known only at run time."""
        x = self.b.extent(d)
        wrapped = self.emit("where", self.emit("lt", x, 0), self.b.extent(d + extent), x)
        inside = self.emit("minimum", self.emit("maximum", wrapped, self.b.extent(low)), self.b.extent(high))
        return Dim.of(inside)


def _static_mask(item: Any) -> np.ndarray | None:
    """A mask whose values are known: an array, or a list of booleans."""
    if isinstance(item, ListValue) and item.items and all(type(x) in (bool, np.bool_) for x in item.items):
        item = np.array(item.items)
    return item if isinstance(item, np.ndarray) and item.dtype == bool and item.ndim else None


def _is_full_slice(item: Any) -> bool:
    return isinstance(item, SliceValue) and item.start is None and item.stop is None and item.step is None


def _is_whole(index: tuple[IndexItem, ...], t: Type) -> bool:
    return len(index) == t.rank and all(
        isinstance(i, Span) and i.start == 0 and i.step == 1 and i.size == d
        for i, d in zip(index, t.shape, strict=True)
    )
