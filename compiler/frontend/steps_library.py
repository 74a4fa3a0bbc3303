"""Functions of `itertools` over generator functions, as generator functions of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def chain(parts: Any) -> Iterator[Any]:
    for p in parts:
        yield from p


def accumulate(items: Any, fn: Callable[..., Any]) -> Iterator[Any]:
    total = None
    for x in items:
        total = x if total is None else fn(total, x)
        yield total


def accumulate_from(items: Any, fn: Callable[..., Any], initial: Any) -> Iterator[Any]:
    total = initial
    yield total
    for x in items:
        total = fn(total, x)
        yield total


def takewhile(predicate: Callable[..., Any], items: Any) -> Iterator[Any]:
    for x in items:
        if not predicate(x):
            return
        yield x


def dropwhile(predicate: Callable[..., Any], items: Any) -> Iterator[Any]:
    begun = False
    for x in items:
        if not begun and not predicate(x):
            begun = True
        if begun:
            yield x


def pairwise(items: Any) -> Iterator[Any]:
    before = None
    for x in items:
        if before is not None:
            yield before, x
        before = x


def islice(items: Any, start: int, stop: int | None, step: int) -> Iterator[Any]:
    if stop is not None and stop <= 0:
        return
    for k, x in enumerate(items):
        if k >= start and (k - start) % step == 0:
            yield x
        if stop is not None and k + 1 >= stop:  # no item is taken beyond
            return
