"""Containers and decorators of the standard library, written in the language itself: the frontend builds objects of
these classes where a program makes the ones of the standard library.
"""

from __future__ import annotations

import heapq
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


class counter:  # noqa: N801
    """`collections.Counter`: numbers by constant key; those of missing keys are 0."""

    def __init__(self, iterable: Any = None, **numbers: Any) -> None:
        self.counts: dict[Any, Any] = {}
        self.update(iterable, **numbers)

    def _add(self, iterable: Any, numbers: dict[str, Any], sign: int) -> None:
        if isinstance(iterable, counter):
            iterable = iterable.counts
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


# -- heapq: the heap is a list in which item k is no larger than items 2k+1 and 2k+2 -----------------------------------
def _towards_root(heap: list[Any], first: int, k: int) -> None:
    """Move item k up, as far as to `first`, past the larger items above it."""
    item = heap[k]
    while k > first and item < heap[(k - 1) // 2]:
        heap[k] = heap[(k - 1) // 2]
        k = (k - 1) // 2
    heap[k] = item


def _from_root(heap: list[Any], k: int) -> None:
    """Move item k down to a leaf, the smaller item below it up each time, and from there up to its place."""
    first = k
    item = heap[k]
    while 2 * k + 1 < len(heap):
        below = 2 * k + 1
        if below + 1 < len(heap) and not heap[below] < heap[below + 1]:
            below += 1
        heap[k] = heap[below]
        k = below
    heap[k] = item
    _towards_root(heap, first, k)


def heappush(heap: list[Any], item: Any) -> None:
    heap.append(item)
    _towards_root(heap, 0, len(heap) - 1)


def heappop(heap: list[Any]) -> Any:
    last = heap.pop()
    if not heap:
        return last
    smallest = heap[0]
    heap[0] = last
    _from_root(heap, 0)
    return smallest


def heapify(heap: list[Any]) -> None:
    for k in range(len(heap) // 2 - 1, -1, -1):
        _from_root(heap, k)


def heapreplace(heap: list[Any], item: Any) -> Any:
    smallest = heap[0]
    heap[0] = item
    _from_root(heap, 0)
    return smallest


def heappushpop(heap: list[Any], item: Any) -> Any:
    return heapreplace(heap, item) if heap and heap[0] < item else item


def nsmallest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    return sorted(iterable, key=key)[:n]


def nlargest(n: int, iterable: Any, key: Any = None) -> list[Any]:
    return sorted(iterable, key=key, reverse=True)[:n]


# function of the standard library without Python source -> what is called for it
IN_PLACE_OF: dict[Any, Callable[..., Any]] = {
    heapq.heappush: heappush, heapq.heappop: heappop, heapq.heapify: heapify, heapq.heapreplace: heapreplace,
    heapq.heappushpop: heappushpop, heapq.nsmallest: nsmallest, heapq.nlargest: nlargest,
}  # fmt: skip
