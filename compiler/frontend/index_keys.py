"""The key of an index as items for every axis: integers, slices, newaxis, ellipsis, index arrays, masks.

Slices are normalised to `Span`: always in bounds, clamped where neither a proof nor an assumption
on the arguments' extents shows that the bounds are inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import PullbackIndexError, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import At, Const, Gather, IndexItem, New, Operand, Span
from ..ir.types import Type
from .context import describe
from .picking import Picking
from .values import Array, ListValue, RangeValue, SliceValue, StackedList, ViewStep, is_scalar

LONGEST_STEP = 2**48  # beyond the end of any array, and far from where 64 bits end


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


class IndexKeys(Picking):
    def parse_index(self, t: Type, key: Any) -> Selection:
        """An index expression as index items for every axis."""
        items = [self.number_of(i) for i in (key if isinstance(key, tuple) else [key])]
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
                self._assume_inside(operands[-1], extent)
        if any(isinstance(i, Gather) for i in index):
            index, operands = self._gathers(index, operands)
        return Selection(tuple(index), tuple(operands))

    def _assume_inside(self, x: Operand, extent: Dim) -> None:
        """An index that is a number needs no test in every iteration where this call has so many elements. Outside of
        loops the test stays: LLVM learns from it that there are elements."""
        if not self.session.loops or self.session.trials:
            return
        if isinstance(x, Const) and not extent.is_const and not extent.has_values:
            missing = extent - 1 - int(x.value) if x.value >= 0 else extent + int(x.value)
            if self.session.holds_now(missing):
                self.session.assume(missing)

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
                return self.as_index(x)
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
            step = max(-LONGEST_STEP, min(int(step), LONGEST_STEP))
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
        if not is_scalar(v) or (self.type(v).is_bool and not self.type(v).weak):
            self.error(PullbackTypeError, "slice indices must be integers or None")
        if self.type(v).is_bool:  # Python's are the integers 0 and 1
            v = int(v) if isinstance(v, bool) else self.emit("cast", self.operand(v), dtype="i64", weak=True)
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
