"""State of one build: the function being made, its captured inputs, its mutable abstract objects.

Mutable abstract objects (cells, lists, dicts, records) are changed only after `Session.touch`, which
records their old contents in the innermost journal. That is how a branch or a loop body can be
built, looked at, and undone.

Note [Settled extents]. Where an extent has to be a certain number (``x + np.array([1.0, 2.0])``), other calls would
fail: a call in which it is that number gets a program with the extent constant, instead of a check at run time. Without
that, a carried array would have the shape ``(n0,)`` before a loop and ``(2,)`` after an iteration. Where two extents
have to differ by a number (``h * np.diff(x)``), a call in which they do gets a program in which one is the other and
that number: what is known to have one shape can be one loop nest.

Note [Arrays without axes]. NumPy has numbers and arrays without axes (``np.array(0.0)``, ``x[0, ...]``), which differ
only in that the latter can be changed in place, as seen through every name that they have. A program that makes such
arrays and changes numbers of NumPy's in place (``s += 1``) is built again with `Session.has_rank_0`: there they are an
`Array` of rank 0; what takes numbers reads it (`Context.number_of`). In every other program they are numbers. What is
such an array on one path and a number on another is a number; that it is changed in place is refused where the
array has another name.

Note [Paths that do not meet]. After ``if`` a name may stand for things of two kinds: an array of integers or of floats,
of one extent or another. Where it is read, the program is built again with that branch in `Session.apart`: the
statements after it, up to the end of its block, are built into both of its branches. So each path has the types that it
has in Python. That is done for up to `MOST_APART` branches, as two of them make four paths.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..analysis.bounds import Facts, prove_nonneg
from ..analysis.effects import has_effect, may_raise
from ..errors import NeedsExtent, UnsupportedError
from ..ir.builder import Builder
from ..ir.dims import Dim
from ..ir.nodes import Function, Loc, Operand, Region, Value
from ..ir.types import FROM_NUMPY, Type
from ..paths import Guard, Path, guard_of
from .alternatives import Constants
from .values import Array, Cell, DictValue, ListValue, RecordValue, Rows, next_stamp

MOST_APART = 5


@dataclass(frozen=True, slots=True)
class Captured:
    """An extra trailing parameter, read afresh by `getter` at every call."""

    getter: Path
    type: Type
    name: str


def contents(obj: Any) -> Any:
    """What a mutable abstract object holds now, as an immutable snapshot."""
    if isinstance(obj, Cell):
        return (obj.current, obj.readonly)
    if isinstance(obj, ListValue):
        return obj.content if isinstance(obj.content, Rows) else tuple(obj.content)
    if isinstance(obj, DictValue):
        return dict(obj.items)
    assert isinstance(obj, RecordValue)
    return dict(obj.fields)


def set_contents(obj: Any, what: Any) -> None:
    if isinstance(obj, Cell):
        obj.current, obj.readonly = what
    elif isinstance(obj, ListValue):
        obj.content = what if isinstance(what, Rows) else list(what)
    elif isinstance(obj, DictValue):
        obj.items = dict(what)
    else:
        obj.fields = dict(what)


def same_contents(a: Any, b: Any) -> bool:
    """Whether two snapshots of one object are of the same things."""
    if isinstance(a, Rows) or isinstance(b, Rows):
        return a is b
    if isinstance(a, dict):
        return list(a) == list(b) and all(a[k] is b[k] for k in a)
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


@dataclass(slots=True, eq=False)
class Journal:
    """Old contents of what was mutated since `start`, in order of first mutation."""

    start: int = field(default_factory=next_stamp)
    old: dict[Any, Any] = field(default_factory=dict)


class Session:
    """One build. `region` is the body of the function that is being made."""

    def __init__(self, extents: dict[str, int] | None = None):
        self.body = Region()
        self.b = Builder(self.body)
        self.journals: list[Journal] = [Journal()]
        self.captured: dict[Path, tuple[Captured, Value]] = {}
        self.guards: dict[Path, Guard] = {}
        self.constants: dict[Any, Path] = {}  # arrays made at compile time
        self.unplaced: list[str] = []  # functions that were built without a path to them
        self.assumptions: dict[Dim, None] = {}
        self.trials = 0  # statements of a `try` around this place that are looked at for what they raise
        self.deterministic = False  # asked for by a transform that is called inside
        self.callees: dict[str, Function] = {}
        self.loops: list[tuple[Value, Dim, Dim]] = []  # index, smallest, largest: facts for proofs
        self.at_most: dict[Value, Dim] = {}  # the most items that a list has, by their number
        self.extents = dict(extents or {})
        self.argument_symbols = frozenset(self.extents)
        self.own_symbols = False  # every extent of a captured array has one: it is bound at each call
        self.generic = False  # Note [Symbols of a callee]
        self.outlined: dict[Any, Any] = {}  # functions of their own by what they were built for (see outline.py)
        self.generalised: list[Any] = []  # functions that are being outlined, with run-time numbers (see once.py)
        self.arguments: list[Any] = []  # containers that are, or are in, arguments
        self.rebound: Loc | None = None  # where the first of them is changed
        self.levels: list[tuple[int, bool]] = []  # loops that are being built: a stamp, whether they are counted
        self.known: dict[Operand, bool] = {}  # conditions that hold, or do not, in the branch that is being built
        self.unrolls_growth = False  # loops over a known number of items in which a list grows are unrolled
        self.grew_by_count = False  # there is such a loop, and it was not
        self.laid_out: dict[Cell, None] = {}  # reshaped: a view or a copy, as the memory is laid out
        self.lent: dict[Cell, None] = {}  # arguments that may be written by one who took over their memory
        self.frozen: set[Any] = set()  # lists and objects that are items of lists of run-time length
        self.stand_ins: set[Any] = set()  # containers that are one or another, by the path taken
        self.ambiguous: set[Any] = set()  # those that another name may also refer to, depending on the path
        self.constants_by_path = Constants()  # of which only the run tells which it is
        self.inlined: dict[Any, tuple[int, int]] = {}  # calls and ops built in place so far (see once.py)
        self.kept: dict[Any, Any] = {}  # results of functions with a cache, where they are constants
        self.widened = 0  # how often a number was an int on one path and a float on another
        self.tables: frozenset[Any] = frozenset()  # Note [Dicts that get keys at run time]: where they are made
        self.groupings: frozenset[Any] = frozenset()  # those of lists
        self.list_sites: set[Any] = set()  # where tables are made that get lists
        self.unknown_keys: set[Any] = set()  # where dicts are made of which a key would have to be known
        self.new_keys: set[Any] = set()  # and those of which a key may be new
        self.found_keys: set[Any] = set()  # dicts, and run-time keys that they were seen to have
        self.sets_change = False  # the sets that the program makes are objects of `containers_library.set_`
        self.needs_sets = False  # and would have to be
        self.apart: frozenset[Loc] = frozenset()  # Note [Paths that do not meet]: the branches
        self.meeting: set[Loc] = set()  # branches after which something is read that is of two kinds
        self.has_rank_0 = False  # Note [Arrays without axes]: they are arrays
        self.makes_rank_0 = False  # there are such arrays
        self.numbers: dict[Operand, Array] = {}  # that are such an array on another path
        self.changes_numbers = False  # something that may be one is changed in place
        self.outside_sets: list[frozenset[Any]] = []  # what stands for a set that was made outside of the function
        self.generators: dict[Any, Any] = {}  # functions that were made of syntax, by that (see generators.py)
        self.local_classes: set[type] = set()  # classes that the program makes (see local_classes.py)
        self.local_functions: dict[Any, Any] = {}  # what the functions in them stand for
        self._symbols = 0
        self._callee_names: set[str] = set()

    @property
    def needs_rank_0(self) -> bool:
        """Whether to build again. See Note [Arrays without axes]."""
        return self.makes_rank_0 and self.changes_numbers and not self.has_rank_0

    # -- mutation -----------------------------------------------------------------------------
    def touch(self, obj: Any) -> None:
        """Call before a mutation of `obj`."""
        self.journals[-1].old.setdefault(obj, contents(obj))

    @contextmanager
    def trial(self) -> Iterator[Journal]:
        """Mutations inside are recorded; those of objects older than the trial are undone at the end."""
        journal = Journal()
        self.journals.append(journal)
        try:
            yield journal
        finally:
            self.journals.pop()
            for obj, old in journal.old.items():
                if obj.stamp < journal.start:
                    set_contents(obj, old)

    @contextmanager
    def holding(self, state: dict[Any, Any]) -> Iterator[None]:
        """Look at objects as they are with these contents."""
        now = {obj: contents(obj) for obj in state}
        try:
            for obj, what in state.items():
                set_contents(obj, what)
            yield
        finally:
            for obj, what in now.items():
                set_contents(obj, what)

    def made_from(self, made: Any, *objects: Any) -> None:
        """Of a container that takes the place of others: other names may refer to it, too, where they may to one
        of those, and it may not change where one of those may not. Whether it is one of them depends on the path."""
        self.stand_ins.add(made)
        for kind in (self.ambiguous, self.frozen):
            if not kind.isdisjoint(objects):
                kind.add(made)

    @contextmanager
    def attempt(self) -> Iterator[Journal]:
        """Mutations inside are kept, unless an exception leaves the block."""
        journal, frozen, ambiguous = Journal(), set(self.frozen), set(self.ambiguous)
        self.journals.append(journal)
        try:
            yield journal
        except BaseException:
            for obj, old in journal.old.items():
                set_contents(obj, old)
            self.frozen, self.ambiguous = frozen, ambiguous
            raise
        else:
            for obj, old in journal.old.items():
                self.journals[-2].old.setdefault(obj, old)
        finally:
            self.journals.pop()

    # -- captured inputs ----------------------------------------------------------------------
    def guard(self, path: Path, expected: Any, name: str) -> None:
        """The program relies on `expected` being found at `path`."""
        if not path.root.is_ours:
            self.guards.setdefault(path, Guard(path, expected, name))

    def guard_function(self, path: Path, fn: Any, name: str) -> None:
        """The program relies on the code of the function at `path`."""
        if not path.root.is_ours:
            self.guards.setdefault(path, guard_of(path, fn, name))

    def capture(self, path: Path, obj: Any, name: str, loc: Loc) -> Value:
        """The parameter for a captured float or array; one for each path."""
        if path not in self.captured:
            type = self.type_of(obj, name, loc)
            self.captured[path] = (Captured(path, type, name), Value(type, name))
        return self.captured[path][1]

    def type_of(self, obj: Any, name: str, loc: Loc) -> Type:
        if isinstance(obj, float) and not isinstance(obj, np.generic):
            return Type("f64", (), True)
        array = np.asarray(obj)
        if array.dtype not in FROM_NUMPY:
            raise UnsupportedError(
                f"{name} has dtype {array.dtype}", loc, "arrays of float64, float32, integers or booleans are supported"
            )
        return Type(FROM_NUMPY[array.dtype], tuple(self.symbol(int(n)) for n in array.shape))

    def symbol(self, extent: int) -> Dim:
        """The symbol for an extent of a captured array, shared with the arguments' extents; constant
        when the caller did not say what those are."""
        if extent == 1:
            return Dim.of(extent)
        if self.own_symbols:
            return Dim.of(self.new_symbol())
        if not self.extents:
            return Dim.of(extent)
        for name, value in self.extents.items():
            if value == extent:
                return Dim.of(name)
        # the names n0, n1, ... are those of the arguments' extents, also of the ones that are constants here
        name = next(m for k in itertools.count() if (m := f"m{k}") not in self.extents)
        self.extents[name] = extent
        return Dim.of(name)

    def new_symbol(self) -> str:
        """A symbol that nothing else has; see Note [Symbols of an outlined function]."""
        self._symbols += 1
        return f"d{self._symbols - 1}"

    def new_callee(self, name: str) -> str:
        """A name for an IR function that no other has."""
        base = re.sub(r"\W+", "", name)
        base = base if base.isidentifier() else f"function_{base}"
        k, candidate = 0, base
        while candidate in self.callees or candidate in self._callee_names:
            k += 1
            candidate = f"{base}_{k}"
        self._callee_names.add(candidate)
        return candidate

    # -- facts about extents ------------------------------------------------------------------
    def settle(self, a: Dim, b: Dim) -> None:
        """Two extents have to be equal. See Note [Settled extents]."""
        difference = a - b
        atoms = sorted({str(d) for d in difference.atoms()})
        if not self.argument_symbols.issuperset(atoms) or difference.evaluate(self.extents.__getitem__) != 0:
            return
        if len(atoms) == 1:
            raise NeedsExtent(atoms[0], Dim.of(self.extents[atoms[0]]))
        parts = {m: c for m, c in difference.terms if m}
        if len(atoms) == 2 and sorted(parts.values()) == [-1, 1] and all(len(m) == 1 for m in parts):
            larger = max(atoms, key=self.extents.__getitem__)
            (smaller,) = set(atoms) - {larger}
            raise NeedsExtent(larger, Dim.of(smaller) + (self.extents[larger] - self.extents[smaller]))

    def equal(self, a: Dim, b: Dim) -> bool:
        """Whether two integers are equal, in this call and whenever the program is used: extents of arguments are made
        numbers, or assumed to differ, where it depends on them. What only the run tells is taken to differ."""
        difference = a - b
        if difference.is_const:
            return difference.const == 0
        if self.nonneg(difference - 1) or self.nonneg(-difference - 1):
            return False
        atoms = sorted({a for a in difference.atoms() if isinstance(a, str)})
        if difference.has_values or not self.argument_symbols.issuperset(atoms):
            return False
        if atoms == [str(difference + 1)]:
            return False  # an extent of an argument that is 1 has no symbol
        now = difference.evaluate(self.extents.__getitem__)
        if now == 0:
            raise NeedsExtent(atoms[0], Dim.of(self.extents[atoms[0]]))
        self.assume(difference - 1 if now > 0 else -difference - 1)
        return False

    def number(self, dim: Dim) -> int | None:
        """The extent as a number, which extents of arguments become; None where only the run will tell."""
        symbols = sorted(a for a in dim.atoms() if isinstance(a, str))
        if symbols and not dim.has_values and self.argument_symbols.issuperset(symbols):
            raise NeedsExtent(symbols[0], Dim.of(self.extents[symbols[0]]))
        return dim.const if dim.is_const else None

    def nonneg(self, dim: Dim) -> bool:
        """Whether ``dim >= 0`` follows from extents being >= 0 and the ranges of loop indices."""
        if dim.is_const:
            return dim.const >= 0
        if all(c >= 0 and all(isinstance(a, str) for a in m) for m, c in dim.terms):
            return True
        return prove_nonneg(dim, self.facts())

    def facts(self) -> Facts:
        """What is known of the indices of the loops that are being built, and of extents."""
        ranges: dict[Value, tuple[Dim | None, Dim | None]] = {index: (low, high) for index, low, high in self.loops}
        nonempty = [high - low for _, low, high in self.loops]
        return Facts(ranges).with_nonneg(*self.assumptions, *(d for d in nonempty if not d.is_const))

    def is_harmless(self, region: Region) -> bool:
        """Whether what a region does may be done without need: no effect, and it cannot raise."""
        facts, callees = self.facts(), self.callees
        return not any(has_effect(op, callees) or may_raise(op, facts, callees) for op in region.ops)

    def holds_now(self, dim: Dim) -> bool:
        """Whether ``dim >= 0`` in this call, where that depends on extents of arguments only."""
        known = self.argument_symbols.issuperset(a for a in dim.atoms() if isinstance(a, str))
        return known and not dim.has_values and dim.evaluate(self.extents.__getitem__) >= 0

    def assume(self, dim: Dim) -> bool:
        """Whether ``dim >= 0`` holds, by proof or by an assumption checked at dispatch."""
        if self.nonneg(dim):
            return True
        if dim.is_const or dim.has_values or self.generic:
            return False
        self.assumptions.setdefault(dim)
        return True
