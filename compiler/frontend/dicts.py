"""Dicts. Their keys are known at compile time, and an integer that only the run tells may pick one of them.

Note [Dicts that get keys at run time]. ``sums[k] = sums.get(k, 0.0) + x`` with a k that only the run tells makes a key
of which nothing is known here. Where that stops a build, the place where the dict was made is noted, and the function
is built again: a dict made there is then an object of `containers_library.table`, two lists of run-time length. A dict
that has integer keys already may be meant to keep those (a histogram): then writing to a key that it does not have is
an error of the run, and the function is built again with a table if that is possible. Where the values of a table are
lists, and that stops a build, it is built again with an object of `grouped_library.groups`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NeedsStatic, PullbackKeyError, PullbackTypeError
from ..ir.builder import constant
from ..ir.nodes import Operand, Value, as_dim
from .alternatives import is_alternative, same
from .containers_library import table
from .context import closest
from .grouped_library import groups
from .index_keys import IndexKeys
from .values import (
    Array,
    Conflict,
    DictValue,
    ListValue,
    RecordValue,
    StackedItems,
    StackedList,
    is_number,
    is_static,
)

_NEW_KEY = "a dict gets a new key, which only the run tells: {}"
MAX_CHOICES = 16  # items of a list or dict that may be picked at run time


class Dicts(IndexKeys):
    def new_dict(self, default: Any = None) -> Any:
        """An empty dict, made at the place that is being read; default: as of a defaultdict."""
        site = (self.loc.file, self.loc.line, self.loc.col)
        if site in self.session.groupings:
            return self.construct(groups, [default], {})
        if site in self.session.tables:
            made = self.construct(table, [default], {})
            made.fields["site"] = site
            return made
        return DictValue({}, default=default, site=site)

    def enter_item(self, made: Any, key: Any, value: Any) -> None:
        """Give a dict that is being made a key."""
        if isinstance(made, DictValue):
            made.items[self.dict_key(made, key)] = value
        else:
            self.store_item(made, key, value)

    def enter_all(self, made: Any, other: Any) -> None:
        """Give a dict that is being made what another one holds, or pairs of keys and values."""
        if not isinstance(made, DictValue):
            self.call(self.attribute(made, "update"), [other], {})
        elif isinstance(other, DictValue):
            made.items.update(other.items)
        else:
            if isinstance(other, RecordValue) and other.cls is table:
                other = self.call(self.attribute(other, "items"), [], {})
            try:
                pairs = self.items_of(other)
            except NeedsStatic:
                self.session.unknown_keys.add(made.site)
                raise
            for pair in pairs:
                self.enter_item(made, *self.items_of(pair))

    def dict_key(self, owner: DictValue, key: Any) -> Any:
        """The Python object of a key."""
        self.require_hashable(key)
        if not is_static(key) and not is_alternative(key) and owner.site is not None:
            self.session.unknown_keys.add(owner.site)
        return self.static(key, "the key of a dict")

    def require_hashable(self, v: Any) -> None:
        """An error for what Python takes neither as a key nor into a set."""
        for x in v if isinstance(v, tuple) else ():
            self.require_hashable(x)
        kinds = {
            Array: "numpy.ndarray",
            ListValue: "list",
            StackedList: "list",
            StackedItems: "list",
            DictValue: "dict",
        }
        kind = kinds.get(type(v))
        if kind is None or (isinstance(v, Array) and not self.shape(v)):
            return
        hint = "use tuple(x)" if kind == "list" else "use a number, a text or a tuple of them"
        self.error(PullbackTypeError, f"unhashable type: {kind!r}", hint)

    def load_value(self, owner: DictValue, key: Any) -> Any:
        """``owner[key]``."""
        tests = self.tests_of_key(owner, key)
        if tests is not None:
            self.require_key(owner, tests, key)
            self.session.found_keys.add((owner, key))
            return self.value_of_key(owner, tests[:-1], owner.items[tests[-1][1]])
        name = self.dict_key(owner, key)
        if name not in owner.items and owner.default is not None:
            value = self.call(owner.default, [], {})
            self.change(owner)
            owner.items[name] = value
        if name not in owner.items:
            hint = closest(name, [k for k in owner.items if isinstance(k, str)]) if isinstance(name, str) else None
            self.error(PullbackKeyError, f"the dict has no key {name!r}", hint or f"its keys are {list(owner.items)}")
        return owner.items[name]

    def store_value(self, owner: DictValue, key: Any, value: Any) -> None:
        """``owner[key] = value``."""
        tests = self.tests_of_key(owner, key)
        if tests is None:
            name = self.dict_key(owner, key)
            self.change(owner)
            owner.items[name] = value
            return
        self._may_be_new(owner, key)
        if is_alternative(key) and not tests:
            message = "a dict gets a new key, and the path taken tells which of several constants that is"
            raise NeedsStatic(message, self.loc, "give it all its keys first, as in dict.fromkeys(names, 0.0)")
        self._require_key(tests, key, "NotImplementedError", _NEW_KEY)
        for test, name in tests:
            self.branch(test, lambda name=name: self.store_value(owner, name, value), lambda: None, None)  # type: ignore[misc]

    def tests_of_key(self, owner: DictValue, key: Any) -> list[tuple[Operand, Any]] | None:
        """For an integer that only the run tells, whether it is each of the keys; None for other keys, and where the
        loop may be unrolled."""
        names = list(owner.items)
        if is_alternative(key) and owner.default is None:
            tests = [(same(self, key, k), k) for k in names]
            return [(test, k) for test, k in tests if test is not False]
        if not 0 < len(names) <= MAX_CHOICES or not self.is_unknown_index(key):
            return None
        if self._unrollable or not all(is_number(k) and isinstance(k, (int, np.integer)) for k in names):
            return None
        return [(self.emit("eq", key, int(k)), k) for k in names]

    _unrollable = False

    def require_key(self, owner: DictValue, tests: list[tuple[Operand, Any]], key: Any) -> None:
        """A key that is read has to be there, or is made."""
        if owner.default is None:
            self._require_key(tests, key, "KeyError", "the dict has no key {}")
        else:
            self._may_be_new(owner, key)
            self._require_key(tests, key, "NotImplementedError", _NEW_KEY)

    def _may_be_new(self, owner: DictValue, key: Any) -> None:
        if (owner, key) not in self.session.found_keys and owner.site is not None and not is_alternative(key):
            self.session.new_keys.add(owner.site)

    def _require_key(self, tests: list[tuple[Operand, Any]], key: Any, error: str, message: str) -> None:
        found = self.either([test for test, _ in tests])
        if is_alternative(key):
            self.check(found, error, message.replace(": {}", "").replace(" {}", " that is asked for"))
        else:
            self.check(found, error, message, key)

    def value_of_key(self, owner: DictValue, tests: list[tuple[Operand, Any]], value: Any) -> Any:
        """The value of the key whose test holds, else `value`."""
        values = [*(owner.items[name] for _, name in tests), value]
        if tests and self.are_of_many_lengths(values):
            position: Operand = constant(len(tests))
            for k, (test, _) in reversed(list(enumerate(tests))):
                position = self.emit("where", test, k, position)
            return self.list_of_table(values, position)
        for test, name in reversed(tests):
            value = self.either_item(test, owner.items[name], value)
        if isinstance(value, Conflict):
            message = f"a dict of different things is indexed at run time: {value.reason}"
            raise NeedsStatic(message, self.loc, "use values of one shape")
        return value

    # -- what is picked at run time, in dicts and lists ------------------------------------------------
    def is_unknown_index(self, key: Any) -> bool:
        """Whether an index is an integer that only the run tells."""
        return isinstance(key, Value) and key.type.is_int and not key.type.shape and not as_dim(key).is_const

    def either_item(self, cond: Operand, item: Any, other: Any) -> Any:
        return other if isinstance(other, Conflict) else self.choose(cond, lambda: item, lambda: other)

    def items_of(self, v: Any) -> list[Any]:
        raise NotImplementedError

    def store_item(self, owner: Any, key: Any, value: Any) -> None:
        raise NotImplementedError

    def change(self, owner: ListValue | DictValue) -> None:
        raise NotImplementedError

    def construct(self, cls: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def attribute(self, owner: Any, name: str) -> Any:
        raise NotImplementedError
