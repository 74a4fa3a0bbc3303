"""Containers and decorators of the standard library, written in the language itself: the frontend builds objects of
these classes where a program makes the ones of the standard library.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Callable, Iterator
from typing import Any

from . import grouped_library


def is_constant(x: Any) -> bool:
    """Whether a value is known at compile time: an entry of the table."""
    raise NotImplementedError


def unordered() -> Any:
    """Refuse to go through a set in the order in which Python would: an entry of the table."""
    raise NotImplementedError


class iterator:  # noqa: N801
    """What `iter` returns: the items of `source` from `position` on are left."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.position = 0


class deque:  # noqa: N801
    """`collections.deque`: the items of a list from the position `first` on; what is before it has left."""

    def __init__(self, iterable: Any = (), maxlen: int | None = None) -> None:
        self.items: list[Any] = []
        self.first = 0
        self.maxlen = maxlen
        for x in iterable:
            self.append(x)

    def append(self, x: Any) -> None:
        self.items.append(x)
        if self.maxlen is not None and len(self.items) - self.first > self.maxlen:
            self.first += 1

    def extend(self, xs: Any) -> None:
        for x in xs:
            self.append(x)

    def appendleft(self, x: Any) -> None:
        if self.maxlen == 0:
            return
        if self.maxlen is not None and len(self.items) - self.first >= self.maxlen:
            self.items.pop()
        if self.first > 0:
            self.first -= 1
            self.items[self.first] = x
        else:
            self.items.insert(0, x)

    def extendleft(self, xs: Any) -> None:
        for x in xs:
            self.appendleft(x)

    def pop(self) -> Any:
        if len(self.items) <= self.first:
            raise IndexError("pop from an empty deque")
        return self.items.pop()

    def popleft(self) -> Any:
        if len(self.items) <= self.first:
            raise IndexError("pop from an empty deque")
        x = self.items[self.first]
        self.first += 1
        return x

    def clear(self) -> None:
        self.items.clear()
        self.first = 0

    def copy(self) -> deque:
        return deque(self.items[self.first :], self.maxlen)

    def __copy__(self) -> deque:
        return self.copy()

    def rotate(self, n: int = 1) -> None:
        if len(self.items) <= self.first:
            return
        if n > 0:
            for _ in range(n):
                self.appendleft(self.pop())
        else:
            for _ in range(-n):
                self.append(self.popleft())

    def reverse(self) -> None:
        self.items = self.items[self.first :][::-1]
        self.first = 0

    def count(self, x: Any) -> int:
        return self.items[self.first :].count(x)

    def _place(self, k: int) -> int:
        n = len(self.items) - self.first
        if k >= n or k < -n:
            raise IndexError("deque index out of range")
        return self.first + k if k >= 0 else len(self.items) + k

    def __getitem__(self, k: int) -> Any:
        return self.items[self._place(k)]

    def __setitem__(self, k: int, x: Any) -> None:
        self.items[self._place(k)] = x

    def __len__(self) -> int:
        return len(self.items) - self.first

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items[self.first :])

    def __contains__(self, x: Any) -> bool:
        return x in self.items[self.first :]


def cache(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`functools.cache`: results for arguments that are known at compile time are kept."""
    known: dict[Any, Any] = {}

    def cached(*args: Any) -> Any:
        if not is_constant(args):
            return fn(*args)
        if args not in known:
            known[args] = fn(*args)
        return known[args]

    return cached


class counter:  # noqa: N801
    """`collections.Counter`: numbers by constant key; those of missing keys are 0."""

    def __init__(self, iterable: Any = None, **numbers: Any) -> None:
        self.counts: dict[Any, Any] = {}
        self.update(iterable, **numbers)

    def _add(self, iterable: Any, numbers: dict[str, Any], sign: int) -> None:
        if isinstance(iterable, dict):
            for k, n in iterable.items():
                self[k] = n if sign > 0 and k not in self.counts else self[k] + sign * n
        elif iterable is not None:
            for k in iterable:
                self[k] += sign
        for k, n in numbers.items():
            self[k] += sign * n

    def update(self, iterable: Any = None, **numbers: Any) -> None:
        self._add(iterable, numbers, 1)

    def subtract(self, iterable: Any = None, **numbers: Any) -> None:
        self._add(iterable, numbers, -1)

    def most_common(self, n: int | None = None) -> list[Any]:
        found = sorted(self.counts.items(), key=lambda item: item[1], reverse=True)
        return found if n is None else found[:n]

    def total(self) -> Any:
        return sum(self.counts.values())

    def elements(self) -> list[Any]:
        return [k for k, n in self.counts.items() for _ in range(n)]

    def keys(self) -> Any:
        return self.counts.keys()

    def values(self) -> Any:
        return self.counts.values()

    def items(self) -> Any:
        return self.counts.items()

    def get(self, key: Any, default: Any = None) -> Any:
        return self.counts.get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        return self.counts.pop(key, *default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        return self.counts.setdefault(key, default)

    def clear(self) -> None:
        self.counts.clear()

    def copy(self) -> counter:
        return counter(self)

    def __copy__(self) -> counter:
        return counter(self)

    def __getitem__(self, key: Any) -> Any:
        return self.counts.get(key, 0)

    def __setitem__(self, key: Any, n: Any) -> None:
        self.counts[key] = n

    def __contains__(self, key: Any) -> bool:
        return key in self.counts

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.counts))


def note_lists(owner: table, value: Any) -> None:
    """Note the tables that get lists: an entry of the table."""
    raise NotImplementedError


def require_hashable(x: Any) -> None:
    """An error for what Python does not take into a set: an entry of the table."""
    raise NotImplementedError


class table:  # noqa: N801
    """A dict of which only the run tells the keys: they are the items of one list, and the values those of another."""

    def __init__(self, default: Any = None) -> None:
        self.names: list[Any] = []
        self.contents: list[Any] = []
        self.default = default

    def _place(self, key: Any) -> int:
        for k in range(len(self.names)):
            if self.names[k] == key:
                return k
        return -1

    def __getitem__(self, key: Any) -> Any:
        k = self._place(key)
        if k < 0:
            if self.default is None:
                raise KeyError(key)
            value = self.default()
            note_lists(self, value)
            self.names.append(key)
            self.contents.append(value)
        return self.contents[k]

    def __setitem__(self, key: Any, value: Any) -> None:
        note_lists(self, value)
        k = self._place(key)
        if k < 0:
            self.names.append(key)
            self.contents.append(value)
        else:
            self.contents[k] = value

    def __delitem__(self, key: Any) -> None:
        k = self._place(key)
        if k < 0:
            raise KeyError(key)
        for j in range(k, len(self.names) - 1):
            self.names[j] = self.names[j + 1]
            self.contents[j] = self.contents[j + 1]
        self.names.pop()
        self.contents.pop()

    def __contains__(self, key: Any) -> bool:
        return self._place(key) >= 0

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.names)

    def get(self, key: Any, default: Any = None) -> Any:
        k = self._place(key)
        return self.contents[k] if k >= 0 else default

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        if default and key not in self:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def update(self, other: Any = (), **named: Any) -> None:
        for key, value in other.items() if isinstance(other, dict) else other:
            self[key] = value
        for key, value in named.items():
            self[key] = value

    def clear(self) -> None:
        self.names.clear()
        self.contents.clear()

    def copy(self) -> table:
        other = table(self.default)
        other.names = self.names.copy()
        other.contents = self.contents.copy()
        return other

    def __copy__(self) -> table:
        return self.copy()

    def __or__(self, other: Any) -> table:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Any) -> table:
        self.update(other)
        return self

    def keys(self) -> Any:
        return self.names

    def values(self) -> Any:
        return self.contents

    def items(self) -> Any:
        return zip(self.names, self.contents, strict=True)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, dict) or len(self) != len(other):
            return False
        return all(key in other and other[key] == value for key, value in self.items())


class set_:  # noqa: N801
    """A set that changes, or holds what only the run tells: a list without repetitions."""

    def __init__(self, iterable: Any = ()) -> None:
        self.items: list[Any] = []
        for x in iterable:
            self.add(x)

    def add(self, x: Any) -> None:
        require_hashable(x)
        if x not in self.items:
            self.items.append(x)

    def discard(self, x: Any) -> None:
        k = 0
        while k < len(self.items) and self.items[k] != x:
            k += 1
        if k < len(self.items):
            self.items[k] = self.items[-1]
            self.items.pop()

    def remove(self, x: Any) -> None:
        if x not in self.items:
            raise KeyError(x)
        self.discard(x)

    def clear(self) -> None:
        self.items.clear()

    def copy(self) -> set_:
        other = set_()
        other.items = self.items.copy()
        return other

    def __copy__(self) -> set_:
        return self.copy()

    def update(self, *others: Any) -> None:
        for other in others:
            for x in members(other):
                self.add(x)

    def difference_update(self, *others: Any) -> None:
        for other in others:
            for x in members(other):
                self.discard(x)

    def intersection_update(self, *others: Any) -> None:
        for other in others:
            both = self.intersection(other)
            self.clear()
            self.update(both)

    def union(self, *others: Any) -> set_:
        made = self.copy()
        made.update(*others)
        return made

    def difference(self, *others: Any) -> set_:
        made = self.copy()
        made.difference_update(*others)
        return made

    def intersection(self, other: Any) -> set_:
        made = set_()
        for x in self.items:
            if x in other:
                made.items.append(x)
        return made

    def symmetric_difference(self, other: Any) -> set_:
        made = self.difference(other)
        for x in members(other):
            if x not in self.items:
                made.add(x)
        return made

    def issubset(self, other: Any) -> bool:
        return all(x in other for x in self.items)

    def issuperset(self, other: Any) -> bool:
        return all(x in self.items for x in members(other))

    def isdisjoint(self, other: Any) -> bool:
        return not any(x in other for x in self.items)

    def __contains__(self, x: Any) -> bool:
        return x in self.items

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(frozenset(self.items)) if is_constant(self.items) else unordered())

    def __or__(self, other: Any) -> set_:
        return self.union(other)

    def __ror__(self, other: Any) -> set_:
        return self.union(other)

    def __and__(self, other: Any) -> set_:
        return self.intersection(other)

    def __rand__(self, other: Any) -> set_:
        return self.intersection(other)

    def __sub__(self, other: Any) -> set_:
        return self.difference(other)

    def __rsub__(self, other: Any) -> set_:
        return set_(other).difference(self)

    def __xor__(self, other: Any) -> set_:
        return self.symmetric_difference(other)

    def __ior__(self, other: Any) -> set_:
        self.update(other)
        return self

    def __iand__(self, other: Any) -> set_:
        self.intersection_update(other)
        return self

    def __isub__(self, other: Any) -> set_:
        self.difference_update(other)
        return self

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, (set, frozenset)) and len(self) == len(other) and self.issubset(other)

    def __le__(self, other: Any) -> bool:
        return self.issubset(other)

    def __lt__(self, other: Any) -> bool:
        return len(self) < len(other) and self.issubset(other)

    def __ge__(self, other: Any) -> bool:
        return self.issuperset(other)

    def __gt__(self, other: Any) -> bool:
        return len(self) > len(other) and self.issuperset(other)


def members(v: Any) -> Any:
    """What is gone through, where the order of a set does not matter: an entry of the table."""
    raise NotImplementedError


# -- what takes the items of a generator -------------------------------------------------------------------------------
def listed(items: Any) -> list[Any]:
    out = []
    for x in items:
        out.append(x)
    return out


def summed(items: Any, start: Any = 0) -> Any:
    for x in items:
        start = start + x
    return start


def any_of(items: Any) -> bool:
    for x in items:  # noqa: SIM110
        if x:
            return True
    return False


def all_of(items: Any) -> bool:
    for x in items:  # noqa: SIM110
        if not x:
            return False
    return True


OF_STEPS: dict[str, Callable[..., Any]] = {"sum": summed, "any": any_of, "all": all_of}


class namespace:  # noqa: N801
    """`types.SimpleNamespace`."""

    def __init__(self, **named: Any) -> None:
        for name, value in named.items():
            setattr(self, name, value)


# class -> the class of the standard library that it stands for
STANDARD: dict[Any, type] = {
    deque: collections.deque, counter: collections.Counter, table: dict, set_: set, namespace: types.SimpleNamespace,
    grouped_library.groups: dict, grouped_library.group: list,
}  # fmt: skip

HASHING = (table, counter, grouped_library.groups)  # dicts

for ours, theirs in STANDARD.items():  # the name that messages show
    ours.__name__ = theirs.__name__
