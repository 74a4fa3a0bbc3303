"""Items of lists and dicts at a position that only the run tells, where they are not compared with each position.

Note [Tables]. ``edges[k]`` of many tuples of numbers, and ``neighbours[k]`` of lists of different lengths, are read
from a table: an array for each number in an item, with a row for each item. What is read is a copy, so neither it nor
the item may be changed from then on (see `growing`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NeedsStatic
from ..ir.builder import constant
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Operand, Span
from ..ir.types import INT, Type
from . import forms
from .loops import Loops
from .sharing import merged_readonly
from .values import IN_LIST, Array, Cell, Column, DictValue, ListValue, Rows, is_number, is_scalar, to_python


class Picking(Loops):
    def is_table(self, items: list[Any]) -> bool:
        """Whether items have the same structure, of numbers: of constants, where the loop could be unrolled instead."""
        try:
            parts = [forms.take_apart(self, x) for x in items]
        except NeedsStatic:
            return False
        (form, leaves), *_ = parts
        fits = is_number if self._unrollable else is_scalar
        return bool(leaves) and all(f == form and all(map(fits, xs)) for f, xs in parts)

    def item_of_table(self, items: list[Any], position: Operand) -> Any:
        """The item at a position; see Note [Tables]."""
        made = self.item_of_rows(self.table(items), position)
        self.session.stand_ins.update(forms.mutable_parts(made))
        return made

    def table(self, items: list[Any]) -> Rows:
        """The items as columns; see Note [Tables]."""
        form, types = self._item_form(items)
        taken = [forms.take_apart(self, x)[1] for x in items]
        columns = tuple(
            Column(Array(Cell(self._column([leaves[k] for leaves in taken], t))), t.weak) for k, t in enumerate(types)
        )
        arrays = [x.cell for leaves in taken for x in leaves if isinstance(x, Array)]
        merged_readonly(self, arrays, IN_LIST)
        self.session.frozen.update(part for x in items for part in forms.mutable_parts(x))
        return Rows(columns, len(items), Dim.of(len(items)), form)

    def are_of_many_lengths(self, lists: list[Any]) -> bool:
        """Whether these are lists that are not all of one length."""
        return all(isinstance(x, ListValue) and not isinstance(x.content, Rows) for x in lists) and (
            len({len(x.items) for x in lists}) > 1
        )

    def list_of_table(self, lists: list[Any], position: Operand) -> Any:
        """The list at a position, of lists that are not all of one length. See Note [Tables]."""
        sizes = [len(x.items) for x in lists]
        form, types = self._item_form([item for x in lists for item in x.items])
        if any(t.shape for t in types):
            raise NeedsStatic("lists of arrays have different lengths", self.loc, "use lists of one length")
        taken = [[forms.take_apart(self, item)[1] for item in x.items] for x in lists]
        longest = max(sizes)
        columns = []
        for k, t in enumerate(types):
            rows = [[leaves[k] for leaves in one] + [0] * (longest - len(one)) for one in taken]
            table = self.emit(
                "reshape",
                self._column([x for row in rows for x in row], t),
                shape=(Dim.of(len(lists)), Dim.of(longest)),
            )
            row = self.emit("load", table, position, index=(At(), Span(ZERO, Dim.of(longest))))
            columns.append(Column(Array(Cell(row)), t.weak))
        self.session.frozen.update(part for x in lists for part in forms.mutable_parts(x))
        count = self.emit("load", self._column(sizes, INT), position, index=(At(),))
        size = self.emit("cast", count, dtype="i64", weak=True)
        made = ListValue(Rows(tuple(columns), size, Dim.of(longest), form))
        self.session.frozen.add(made)
        self.session.stand_ins.add(made)
        return made

    def position_of_one(self, tested: list[tuple[Any, Any]]) -> Operand:
        """Which of several objects it is, each with the test for it."""
        position: Operand = constant(len(tested) - 1)
        for k in range(len(tested) - 2, -1, -1):
            position = self.emit("where", tested[k][0], k, position)
        return position

    def view_of_one(self, dicts: list[tuple[Any, DictValue]], kind: str) -> Any:
        """``d.items()`` and its like of one of several dicts, each with the test for it. See Note [Tables]."""
        parts: Any = {"keys": dict.keys, "values": dict.values, "items": dict.items}[kind]
        made = self.list_of_table([ListValue(list(parts(d.items))) for _, d in dicts], self.position_of_one(dicts))
        self.session.frozen.update(d for _, d in dicts)
        return made

    def _column(self, numbers: list[Any], t: Type) -> Any:
        if all(map(is_number, numbers)):
            return self.constant_array(np.array(to_python(tuple(numbers)), t.numpy))
        return self.stack([self.emit("cast", self.operand(x), dtype=t.dtype, weak=False) for x in numbers])
