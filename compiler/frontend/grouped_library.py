"""Dicts of lists of which only the run tells the keys (``groups.setdefault(k, []).append(v)``), in the language itself.

All items are in one list, `contents`, beside the places of their keys in another, `owners`; the list of a key is gone
through by taking its items out of these.
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


def selected(owners: Any, contents: Any, place: int) -> Any:
    """The items of one list."""
    return [x for k, x in zip(owners, contents, strict=True) if k == place]


class groups:  # noqa: N801
    """A dict of lists."""

    def __init__(self, default: Any = None) -> None:
        self.names: list[Any] = []
        self.owners: list[int] = []
        self.contents: list[Any] = []
        self.default = default

    def _place(self, key: Any) -> int:
        for k in range(len(self.names)):
            if self.names[k] == key:
                return k
        return -1

    def _made(self, key: Any) -> int:
        k = self._place(key)
        if k < 0:
            self.names.append(key)
            k = len(self.names) - 1
        return k

    def __getitem__(self, key: Any) -> group:
        if self.default is not None:
            return group(self, self._made(key))
        k = self._place(key)
        if k < 0:
            raise KeyError(key)
        return group(self, k)

    def __setitem__(self, key: Any, values: Any) -> None:
        keep(values)
        if self._place(key) >= 0:
            raise NotImplementedError("a list in a dict is replaced, by a key that only the run tells")
        place = self._made(key)
        for x in values:
            self.owners.append(place)
            self.contents.append(x)

    def setdefault(self, key: Any, default: Any = None) -> group:
        keep(default)
        if key not in self:
            self[key] = default
        return group(self, self._place(key))

    def get(self, key: Any, default: Any = None) -> Any:
        keep(default)
        if len(default) > 0:
            raise NotImplementedError("get with a default that is no empty list")
        return items_of_group(self, self._place(key))

    def __contains__(self, key: Any) -> bool:
        return self._place(key) >= 0

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
