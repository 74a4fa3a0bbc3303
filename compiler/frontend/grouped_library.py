"""Dicts of lists of which only the run tells the keys (``groups.setdefault(k, []).append(v)``), in the language itself.

All items are in one list, `contents`, beside the numbers of the lists they are in, `owners`; a list is gone through by
taking its items out of these. ``places[k]`` is the number of the list that key ``names[k]`` has now: what it had before
may have another name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def items_of_group(owner: groups, place: int) -> Any:
    """The items of one list, as they are now: an entry of the table."""
    raise NotImplementedError


def pairs_of_groups(owner: groups) -> Any:
    """The keys with their lists: an entry of the table."""
    raise NotImplementedError


def lists_of_groups(owner: groups) -> Any:
    """The lists: an entry of the table."""
    raise NotImplementedError


def keep(values: Any) -> None:
    """A list that is copied may not change from now on: an entry of the table."""
    raise NotImplementedError


def is_list_of(owner: groups, values: Any) -> bool:
    """Whether this is one of the lists of the dict: an entry of the table."""
    raise NotImplementedError


def refused(message: str, hint: str) -> None:
    """UnsupportedError where this is reached: an entry of the table."""
    raise NotImplementedError


def selected(owners: Any, contents: Any, place: int) -> Any:
    """The items of one list."""
    return [x for k, x in zip(owners, contents, strict=True) if k == place]


class groups:  # noqa: N801
    """A dict of lists."""

    def __init__(self, default: Any = None) -> None:
        self.names: list[Any] = []
        self.places: list[int] = []
        self.lists = 0
        self.owners: list[int] = []
        self.contents: list[Any] = []
        self.default = default

    def _index(self, key: Any) -> int:
        for k in range(len(self.names)):
            if self.names[k] == key:
                return k
        return -1

    def _made(self, key: Any) -> int:
        """The index of a key, which has an empty list if it is new."""
        k = self._index(key)
        if k < 0:
            self.names.append(key)
            self.places.append(self.lists)
            self.lists += 1
            k = len(self.names) - 1
        return k

    def _found(self, key: Any) -> int:
        k = self._index(key)
        if k < 0:
            raise KeyError(key)
        return k

    def __getitem__(self, key: Any) -> group:
        k = self._found(key) if self.default is None else self._made(key)
        return group(self, self.places[k])

    def __setitem__(self, key: Any, values: Any) -> None:
        if is_list_of(self, values):
            self.places[self._made(key)] = values.place
            return
        keep(values)
        k = self._made(key)
        self.places[k] = self.lists
        for x in values:
            self.owners.append(self.lists)
            self.contents.append(x)
        self.lists += 1

    def __delitem__(self, key: Any) -> None:
        k = self._found(key)
        self.names.pop(k)
        self.places.pop(k)

    def pop(self, key: Any, *default: Any) -> Any:
        if default and default[0] is not None:
            refused("pop with a default that is a list is not supported here", "test first: if key in ...")
        if default and key not in self:
            return None
        made = group(self, self.places[self._found(key)])
        del self[key]
        return made

    def setdefault(self, key: Any, default: Any = None) -> group:
        keep(default)
        if key not in self:
            self[key] = default
        return group(self, self.places[self._index(key)])

    def get(self, key: Any, default: Any = None) -> Any:
        k = self._index(key)
        if default is None:
            return group(self, self.places[k]) if k >= 0 else None
        keep(default)
        if len(default) == 0:
            return items_of_group(self, -1 if k < 0 else self.places[k])
        return items_of_group(self, -1 if k < 0 else self.places[k]) + [x for x in default if k < 0]

    def __contains__(self, key: Any) -> bool:
        return self._index(key) >= 0

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.names)

    def keys(self) -> Any:
        return self.names

    def values(self) -> Any:
        return lists_of_groups(self)

    def items(self) -> Any:
        return pairs_of_groups(self)


class group:  # noqa: N801
    """One of the lists."""

    def __init__(self, owner: groups, place: int) -> None:
        self.owner = owner
        self.place = place

    def append(self, x: Any) -> None:
        self.owner.owners.append(self.place)
        self.owner.contents.append(x)

    def extend(self, xs: Any) -> None:
        for x in xs:
            self.append(x)

    def __iadd__(self, xs: Any) -> group:
        self.extend(xs)
        return self

    def __add__(self, other: Any) -> Any:
        return items_of_group(self.owner, self.place) + other

    def __iter__(self) -> Any:
        return items_of_group(self.owner, self.place)

    def __len__(self) -> int:
        return sum(k == self.place for k in self.owner.owners)

    def __getitem__(self, k: Any) -> Any:
        return items_of_group(self.owner, self.place)[k]

    def __contains__(self, x: Any) -> bool:
        return x in items_of_group(self.owner, self.place)

    def copy(self) -> Any:
        return items_of_group(self.owner, self.place)

    def count(self, x: Any) -> int:
        return sum(y == x for y in items_of_group(self.owner, self.place))


groups.__name__, group.__name__ = "dict", "list"  # the names that messages show
