"""Texts, functions and other constants of which only the run tells which one it is: the state of a state machine,
``f = np.sin if x > 0 else np.cos``.

Each such constant of a build has a number. A value that is one of several is an `Alternative`: a frozen record of the
run-time number and of the `Group` that the constant is of; branches, loops and helpers treat it as they do any record.
Constants that are alternatives to each other are of one group. What is done with an alternative (a call, a look-up in a
dict) is done with each constant of its group, in a chain of branches; where a loop turns out to have more alternatives
than a pass over it knew, there is another pass.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

from ..errors import NeedsStatic
from ..ir.nodes import Operand
from .liveness import reads
from .values import RecordValue, UserFunction, is_number, is_static

_PLAIN = (bool, int, float, str, type(None))


@final
class Group:
    """Constants that are alternatives to each other; groups are joined."""

    def __init__(self) -> None:
        self.joined_to: Group | None = None

    def root(self) -> Group:
        return self if self.joined_to is None else self.joined_to.root()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Group) and self.root() is other.root()

    def __hash__(self) -> int:
        return 0  # what is equal changes when groups are joined


@dataclass(frozen=True)
class Alternative:
    """The class of the records."""

    number: int
    group: Group


@final
@dataclass(slots=True)
class Constants:
    """The numbered constants of a build."""

    numbers: dict[Any, int] = field(default_factory=dict)  # by identity
    all: list[tuple[Any, Group]] = field(default_factory=list)  # by number
    changes: int = 0  # how often one got a number, or groups were joined

    def number_of(self, identity: Any, constant: Any) -> int:
        if identity not in self.numbers:
            self.numbers[identity] = len(self.all)
            self.all.append((constant, Group()))
            self.changes += 1
        return self.numbers[identity]

    def join(self, a: Group, b: Group) -> None:
        if a.root() is not b.root():
            b.root().joined_to = a.root()
            self.changes += 1


def is_alternative(v: Any) -> bool:
    return isinstance(v, RecordValue) and v.cls is Alternative


def alternative(number: Any, group: Group) -> RecordValue:
    return RecordValue(Alternative, {"number": number, "group": group})


def numbered(ctx: Any, v: Any) -> tuple[Any, Group] | None:
    """Number and group of a constant, or of an alternative; None of anything else. A nested function has them while
    the call lasts whose variables it uses."""
    if is_alternative(v):
        return v.fields["number"], v.fields["group"]
    identity = _identity_of(v)
    if identity is None or not _lasts(ctx, v):
        return None
    number = ctx.session.constants_by_path.number_of(identity, v)
    return number, ctx.session.constants_by_path.all[number][1]


def _identity_of(v: Any) -> Any:
    """What tells a constant from others; None of what cannot be one of several."""
    if isinstance(v, UserFunction):
        if v.bound or v.bound_kwargs or not all(type(x) in _PLAIN for x in v.defaults.values()):
            return None
        defaults = tuple((n, type(x), repr(x)) for n, x in v.defaults.items())
        return ("function", id(v.fn) if v.fn is not None else (id(v.node), id(_owner(v))), defaults)
    if isinstance(v, str):
        return ("text", v)
    if is_static(v) and not is_number(v) and (isinstance(v, (enum.Enum, type)) or callable(v)):
        return ("object", id(v))
    return None


def _owner(f: UserFunction) -> Any:
    """The innermost call whose variables a nested function uses; None where it uses none."""
    if f.node is None:
        return f.env
    own = {a.arg for a in ast.walk(f.node.args) if isinstance(a, ast.arg)}
    body = f.node.body if isinstance(f.node.body, list) else [f.node.body]
    free = frozenset().union(*(reads(x) for x in body)) - own
    frame = f.env
    while frame is not None and not free & frame.locals:
        frame = frame.parent
    return frame


def _lasts(ctx: Any, v: Any) -> bool:
    """Whether a function is not one whose variables have gone with the call that defined it."""
    owner = _owner(v) if isinstance(v, UserFunction) else None
    return owner is None or any(owner is frame for frame in ctx.frames)


def merged(ctx: Any, a: Any, b: Any, either: Callable[[Any, Any], Any]) -> Any:
    """The value that is one constant or another; None where one of them is not such a constant. `either`: the number
    that is one or the other."""
    found_a, found_b = numbered(ctx, a), numbered(ctx, b)
    if found_a is None or found_b is None:
        return None
    ctx.session.constants_by_path.join(found_a[1], found_b[1])
    return alternative(either(found_a[0], found_b[0]), found_a[1])


def one_of(ctx: Any, v: Any, use: Callable[[Any], Any], fits: Callable[[Any], bool], what: str) -> Any:
    """``use(c)`` for the constant that an alternative is, of those that `fits` holds for."""
    group = v.fields["group"]
    known = enumerate(ctx.session.constants_by_path.all)
    found = [(k, c) for k, (c, g) in known if g == group and fits(c) and _lasts(ctx, c)]
    if not found:
        raise NeedsStatic(f"{what} must be known at compile time", ctx.loc, "use if and elif")

    def chain(left: list[tuple[int, Any]]) -> Any:
        (k, c), *others = left
        test: Operand = ctx.emit("eq", ctx.operand(v.fields["number"]), k)
        if not others:
            ctx.check(test, "NotImplementedError", f"{what} is none of those that are supported here")
            return use(c)
        return ctx.choose(test, lambda: use(c), lambda: chain(others))

    return chain(found)


def same(ctx: Any, a: Any, b: Any) -> Any:
    """Whether two values, of which one is an alternative, are the same constant."""
    numbers = []
    for x in (a, b):
        identity = None if is_alternative(x) else _identity_of(x)
        if identity is None and not (is_alternative(x) or is_static(x)):
            raise NeedsStatic("a constant that depends on the path is compared", ctx.loc, "compare with constants")
        known = x.fields["number"] if is_alternative(x) else ctx.session.constants_by_path.numbers.get(identity)
        if known is None:
            return False
        numbers.append(ctx.operand(known))
    return ctx.emit("eq", *numbers)


def types_of(ctx: Any, v: Any, type_of: Callable[[Any], type]) -> type:
    """The class of an alternative, where all of its group have one."""
    found = {type_of(c) for c, g in ctx.session.constants_by_path.all if g == v.fields["group"]}
    if len(found) != 1:
        raise NeedsStatic("the type of this must be known at compile time", ctx.loc, "compare with constants")
    return found.pop()
