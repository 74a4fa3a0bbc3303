"""heapq, bisect and what changes a list where only the run tells the place, written in the language itself."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable
from typing import Any


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


# -- bisect ------------------------------------------------------------------------------------------------------------
def bisect_left(a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None) -> int:
    if lo < 0:
        raise ValueError("lo must be non-negative")
    end = len(a) if hi is None else hi
    while lo < end:
        k = (lo + end) // 2
        if (a[k] if key is None else key(a[k])) < x:
            lo = k + 1
        else:
            end = k
    return lo


def bisect_right(a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None) -> int:
    if lo < 0:
        raise ValueError("lo must be non-negative")
    end = len(a) if hi is None else hi
    while lo < end:
        k = (lo + end) // 2
        if x < (a[k] if key is None else key(a[k])):
            end = k
        else:
            lo = k + 1
    return lo


def insort_left(a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None) -> None:
    _put_in(a, bisect_left(a, x if key is None else key(x), lo, hi, key=key), x)


def insort_right(a: Any, x: Any, lo: int = 0, hi: int | None = None, *, key: Any = None) -> None:
    _put_in(a, bisect_right(a, x if key is None else key(x), lo, hi, key=key), x)


def insert(a: list[Any], place: int, x: Any) -> None:
    """``a.insert(place, x)``, where only the run tells the place, or the length."""
    _put_in(a, max(place + len(a), 0) if place < 0 else min(place, len(a)), x)


def position(a: list[Any], x: Any, message: str, start: int = 0, stop: int | None = None) -> int:
    """``a.index(x, start, stop)``, where only the run tells the length."""
    n = len(a)
    first = max(start + n, 0) if start < 0 else start
    end = n if stop is None else max(stop + n, 0) if stop < 0 else min(stop, n)
    for k in range(first, end):
        if a[k] == x:
            return k
    raise ValueError(message)


def count(a: list[Any], x: Any) -> int:
    """``a.count(x)``, where only the run tells the length."""
    total = 0
    for item in a:
        if item == x:
            total += 1
    return total


def take_out(a: list[Any], place: int) -> Any:
    """``a.pop(place)``, where only the run tells the place, or the length."""
    n = len(a)
    if n == 0:
        raise IndexError("pop from empty list")
    if place < -n or place >= n:
        raise IndexError("pop index out of range")
    first = place + n if place < 0 else place
    x = a[first]
    for k in range(n - 1):
        if k >= first:
            a[k] = a[k + 1]
    a.pop()
    return x


def _put_in(a: list[Any], place: int, x: Any) -> None:
    a.append(x)
    for k in range(len(a) - 1, 0, -1):
        if k > place:
            a[k] = a[k - 1]
    for k in range(len(a)):
        if k == place:
            a[k] = x


# function of the standard library without Python source -> what is called for it
IN_PLACE_OF: dict[Any, Callable[..., Any]] = {
    heapq.heappush: heappush, heapq.heappop: heappop, heapq.heapify: heapify, heapq.heapreplace: heapreplace,
    heapq.heappushpop: heappushpop, heapq.nsmallest: nsmallest, heapq.nlargest: nlargest,
    bisect.bisect_left: bisect_left, bisect.bisect_right: bisect_right,
    bisect.insort_left: insort_left, bisect.insort_right: insort_right,
}  # fmt: skip
