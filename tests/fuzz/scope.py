"""What the generator knows of the program it writes: types, names and their bounds, random choices.

Extents are known numbers here (those of the arguments of this one run), so that most programs are valid
NumPy; the source text mostly says ``len(x)`` and the like, as a user would.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Ty:
    """ "float", "int" or "bool" scalars (shape ``()``) and arrays."""

    kind: str
    shape: Shape = ()


FLOAT = Ty("float")
INT = Ty("int")


@dataclass(frozen=True)
class Var:
    """A name in scope. Integers (of arrays: the elements) are known to be in ``lo..hi``."""

    name: str
    ty: Ty
    lo: int = 0
    hi: int = 0
    writable: bool = True  # its elements may be written, or the name rebound


@dataclass(frozen=True)
class Helper:
    """A function that the program may call."""

    name: str
    params: tuple[Ty, ...]
    result: Ty | None  # None: called as a statement, for what it writes
    writes: bool = False


@dataclass
class Scope:
    """The names of one function that may be read here, and what a `return` has to give."""

    vars: list[Var]
    helpers: list[Helper]
    result: tuple[Ty, ...]
    loops: int = 0  # how many loops are around this place
    depth: int = 0  # how many blocks
    closures: int = 0  # inside a nested function: nothing is rebound

    def inner(self, **changes: Any) -> Scope:
        """The scope of a block: what it adds is not seen outside."""
        return replace(self, vars=list(self.vars), helpers=list(self.helpers), depth=self.depth + 1, **changes)


class Chooser:
    """Random choices by weight, and fresh names."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.used: set[str] = set()

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.random.randrange(len(choices))]

    def weighted(self, table: dict[Callable[..., Any], float]) -> Callable[..., Any]:
        return self.random.choices(list(table), list(table.values()))[0]

    def number(self) -> str:
        return str(self.pick([0.5, 1.0, 2.0, 0.25, -0.5, 1.5, 0.1, -1.0, 3, 0.7, 1]))

    def fresh(self, hints: str) -> str:
        """A new name. `hints` are letters to begin with."""
        letter = self.pick(list(hints))
        k = 0
        while (name := f"{letter}{k}" if k else letter) in self.used:
            k += 1
        self.used.add(name)
        return name
