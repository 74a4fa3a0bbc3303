"""Jacobians inside a program, as loops over a basis: a product with the derivative for each of its elements.

`f` takes the leaves of what is differentiated by, and returns a tuple of the float leaves of its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .api import jvp, vjp


def _zero(x: Any) -> Any:
    return 0.0 if np.ndim(x) == 0 else np.zeros(np.shape(x))


def columns(f: Callable[..., Any], xs: tuple[Any, ...], j: int) -> list[Any]:
    """The blocks of all results and of ``xs[j]``: one jvp for each of its elements."""
    x = xs[j]
    if np.ndim(x) == 0:
        return list(jvp(f, xs, tuple(1.0 if i == j else _zero(z) for i, z in enumerate(xs)))[1])
    blocks = [np.empty((x.size, *np.shape(y)), np.asarray(y).dtype) for y in f(*xs)]
    for n in range(x.size):
        e = np.zeros(x.size)
        e[n] = 1.0
        e = e.reshape(x.shape)
        tangents = jvp(f, xs, tuple(e if i == j else _zero(z) for i, z in enumerate(xs)))[1]
        for block, t in zip(blocks, tangents, strict=True):
            block[n] = t
    return [np.moveaxis(b, 0, -1).reshape(b.shape[1:] + x.shape) for b in blocks]


def rows(f: Callable[..., Any], xs: tuple[Any, ...], i: int) -> list[Any]:
    """The blocks of result `i` and of all `xs`: one vjp for each element of the result."""
    ys, pullback = vjp(f, *xs)
    y = ys[i]
    if np.ndim(y) == 0:
        return list(pullback(tuple(1.0 if k == i else _zero(z) for k, z in enumerate(ys))))
    blocks = [np.empty((y.size, *np.shape(x)), np.asarray(x).dtype) for x in xs]
    for n in range(y.size):
        e = np.zeros(y.size)
        e[n] = 1.0
        e = e.reshape(y.shape)
        cotangents = pullback(tuple(e if k == i else _zero(z) for k, z in enumerate(ys)))
        for block, g in zip(blocks, cotangents, strict=True):
            block[n] = g
    return [b.reshape(y.shape + b.shape[1:]) for b in blocks]
