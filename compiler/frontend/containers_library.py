"""Containers and decorators of the standard library, written in the language itself: the frontend builds objects of
these classes where a program makes the ones of the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def is_constant(x: Any) -> bool:
    """Whether a value is known at compile time: an entry of the table."""
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
