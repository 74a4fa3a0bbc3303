"""Trees of values: tuples, lists, dicts, NamedTuples and dataclasses, nested, with leaves.

Everything that is not one of these containers is a leaf (a dict is ordered as it was built, because
the user's program may iterate over it; trees are compared by key). ``None`` is a leaf. A place in a
tree is named by the expression that reads it: ``params['w'][0].bias``.

Guaranteed: `rebuild(x, children(x))` has the type and the structure of `x`; `leaves` and
`map_leaves` visit in the same order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .errors import PullbackTypeError, PullbackValueError
from .ir.leaves import Leaf, Static

Leafs = tuple[type, ...]
_OWN_LEAVES: Leafs = (Leaf, Static)  # dataclasses of ours that stand for leaves


def children(x: Any) -> list[tuple[Any, Any]] | None:
    """``[(key, child), ...]`` of a container, None of a leaf. Keys: int, dict key or field name."""
    t = type(x)
    if t is tuple or t is list:
        return list(enumerate(x))
    if t is dict:
        return list(x.items())
    if isinstance(x, tuple) and hasattr(t, "_fields"):
        return list(zip(t._fields, x, strict=True))
    if dataclasses.is_dataclass(t) and t not in _OWN_LEAVES:
        return [(f.name, getattr(x, f.name)) for f in dataclasses.fields(x)]
    return None


def require_finite(x: Any, path: str) -> None:
    """PullbackValueError for a container that contains itself, or is nested too deeply to be gone through."""
    above: set[int] = set()
    stack = [(path, x, False)]
    while stack:
        path, v, is_done = stack.pop()
        inner = children(v)
        if is_done:
            above.remove(id(v))
        elif inner is not None:
            if id(v) in above:
                raise PullbackValueError(f"{path} is a container that contains itself", hint="pass a copy without it")
            if len(above) > 200:
                raise PullbackValueError(f"{path} is nested too deeply", hint="pass a list of the items, side by side")
            above.add(id(v))
            stack.append((path, v, True))
            stack += [(path + step(v, key), child, False) for key, child in inner]


def rebuild(like: Any, new: Sequence[Any]) -> Any:
    """A container of the type and keys of `like` with the children `new`.

    A dataclass is rebuilt without running ``__init__`` or ``__post_init__``: a gradient need not
    satisfy what its constructor checks.
    """
    t = type(like)
    if t is tuple or t is list:
        return t(new)
    if t is dict:
        return dict(zip(like, new, strict=True))
    if isinstance(like, tuple):
        return t(*new)
    made = object.__new__(t)
    for f, value in zip(dataclasses.fields(like), new, strict=True):
        object.__setattr__(made, f.name, value)
    return made


def step(container: Any, key: Any) -> str:
    """How `key` is written behind an expression for `container`: ``[0]``, ``['w']`` or ``.bias``."""
    if type(container) in (tuple, list, dict):
        return f"[{key!r}]"
    return f".{key}"


def leaves_with_paths(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """``(path, leaf)`` in order, each path beginning with `path`."""
    inner = children(tree)
    if inner is None:
        yield path, tree
        return
    for key, child in inner:
        yield from leaves_with_paths(child, path + step(tree, key))


def leaves(tree: Any) -> list[Any]:
    """The leaves in order."""
    return [leaf for _, leaf in leaves_with_paths(tree)]


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with ``f(leaf)`` in place of each leaf."""
    inner = children(tree)
    if inner is None:
        return f(tree)
    return rebuild(tree, [map_leaves(f, child) for _, child in inner])


def fill(tree: Any, new: Sequence[Any]) -> Any:
    """The same tree with the elements of `new` in place of the leaves, in order."""
    values = iter(new)
    return map_leaves(lambda _: next(values), tree)


def map_with_paths(f: Callable[[str, Any], Any], tree: Any, path: str = "") -> Any:
    """The same tree with ``f(path, leaf)`` in place of each leaf."""
    inner = children(tree)
    if inner is None:
        return f(path, tree)
    return rebuild(tree, [map_with_paths(f, child, path + step(tree, key)) for key, child in inner])


def match(reference: Any, tree: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """``(path, reference leaf, subtree)`` for each leaf of `reference`; dicts are matched by key.

    Raises PullbackTypeError naming the place where `tree` has another structure.
    """
    inner = children(reference)
    if inner is None:
        yield path, reference, tree
        return
    other = children(tree)
    if other is None or type(tree) is not type(reference):
        raise PullbackTypeError(f"{path} has to be a {type(reference).__name__}, not {describe(tree)}")
    by_key = dict(other)
    if by_key.keys() != dict(inner).keys():
        raise PullbackTypeError(
            f"{path} has to have the keys {[k for k, _ in inner]}, not {[k for k, _ in other]}"
            if isinstance(reference, dict)
            else f"{path} has to have {len(inner)} elements, not {len(other)}"
        )
    for key, child in inner:
        yield from match(child, by_key[key], path + step(reference, key))


def describe(x: Any) -> str:
    """A value in a few words, for messages: ``an int64 array of shape (3,)``, ``a str``."""
    if isinstance(x, np.ndarray):
        kind = f"{x.dtype} array of shape {x.shape}"
    elif isinstance(x, np.generic):
        kind = f"{x.dtype} scalar"
    elif x is None:
        return "None"
    elif type(x) in (tuple, list, dict):
        kind = f"{type(x).__name__} of {len(x)}"
    else:
        kind = type(x).__name__
    return ("an " if kind[0] in "aeiouAEIO" else "a ") + kind
