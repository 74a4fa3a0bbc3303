"""What a Python name can be bound to while a function is being built.

The frontend interprets the syntax tree once, with abstract values:

- a run-time scalar: an IR operand (`Value` or `Const`) of rank 0;
- a run-time array: `Array`, a reference to a `Cell` (the storage), perhaps through a view index;
- containers of abstract values: `tuple`, `ListValue`, `DictValue`, `RecordValue` (NamedTuple, dataclass);
- an extent, as an integer known but for the symbols: `Dim`;
- everything else, known at compile time: the plain Python object itself (int, float, str, None, a
  dtype, a module, a function). Static numbers become `Const` when an op needs them.

Python's reference semantics is kept: two names bound to one array share the `Array` or its `Cell`,
and a write makes a new version of the cell, which all of them see.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from ..errors import NeedsStatic
from ..ir.dims import Dim
from ..ir.nodes import Const, Index, Loc, Operand, Value
from ..paths import Path

FOREVER = 2**40  # items of itertools.count
_stamps = itertools.count(1)


ANOTHER_DTYPE = "it has another dtype than on another path"
IN_LIST = "it is an item of a list of run-time length"
SHARED_BY_PATH = "it may share memory with another array, depending on the path taken"
SHARED_BY_ITERATION = "it may share memory with another array, depending on the iteration"

ARGUMENT = -1
"""The stamp of a container that is, or is in, an argument. (0: captured from outside.)"""


def next_stamp() -> int:
    """Creation order of mutable objects: tells what is older than a branch or a loop."""
    return next(_stamps)


@final
@dataclass(slots=True, eq=False)
class Cell:
    """Storage of one array: `current` is the SSA value of its latest version."""

    current: Value
    name: str = ""
    readonly: str = ""  # why it may not be written ("" when it may)
    stamp: int = field(default_factory=next_stamp)
    choice: Choice | None = None  # the memory is that of other arrays: `current` was their value once
    tracked: bool = False  # who has the memory in the end matters (see moves.py)
    stands_in: bool = False  # for other arrays: which one it is depends on the path taken
    lenders: tuple[Cell, ...] = ()  # arguments whose memory it may have taken over (see sharing.py)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Memory that depends on the path taken: that of `then` where `cond` (a run-time bool) holds, else that of
    `orelse`. `versions`: what was in these arrays when the cell's `current` was their value. Cells with one
    `exchange` never share memory with each other, although it is not known which of them has which."""

    cond: Operand
    then: Array
    orelse: Array
    versions: tuple[Value, ...]
    exchange: Any = None


@final
@dataclass(slots=True, eq=False)
class Array:
    """A reference to a cell, or to a view of it.

    ``path`` is a chain of view steps, each ("index", Index, index operands), ("transpose", perm),
    ("reshape", shape) or ("broadcast", shape): reading applies them in order to the cell's current
    version; writing goes back through them, unless one of them is read-only.
    """

    cell: Cell
    path: tuple[ViewStep, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class ViewStep:
    kind: str  # "index", "transpose", "reshape" or "broadcast"
    index: Index = ()
    operands: tuple[Operand, ...] = ()
    arg: tuple[Any, ...] = ()  # perm or shape
    readonly: str = ""  # why the view may not be written ("" when it may)


LEAF = "leaf"  # the form of an item that is a number or an array


@final
@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One number or array of each item of a list of run-time length, in the rows of `array`. `weak`: Python numbers."""

    array: Array
    weak: bool = False


def only(columns: tuple[Column, ...], form: Any) -> Column:
    """The column of a list whose items are numbers or arrays."""
    if form is not LEAF:
        hint = "keep a list for each part, or loop over its items"
        raise NeedsStatic("a list of run-time length whose items have parts cannot be used like this", None, hint)
    return columns[0]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The items of a list of run-time length: the first `count` (an integer, static or not) rows of its columns, put
    together as `form` says (see forms.py). There are never more than `bound`, and now not more than `bound - taken`:
    what was taken out may be put in again."""

    columns: tuple[Column, ...]
    count: Any
    bound: Dim
    form: Any = LEAF
    taken: int = 0

    @property
    def array(self) -> Array:
        return only(self.columns, self.form).array

    @property
    def weak(self) -> bool:
        return only(self.columns, self.form).weak


@final
@dataclass(slots=True, eq=False)
class ListValue:
    """A Python list: of items, or of run-time length (see growing.py). `outside`: the object of a subclass that it is
    outside of the function."""

    content: list[Any] | Rows
    stamp: int = field(default_factory=next_stamp)
    outside: Any = None

    @property
    def items(self) -> list[Any]:
        """The items, of which there must be a number known at compile time."""
        if isinstance(self.content, Rows):
            hint = "use it as an array: np.array(items)"
            raise NeedsStatic("a list of run-time length cannot be used like this", None, hint)
        return self.content

    @items.setter
    def items(self, items: list[Any]) -> None:
        self.content = items


@final
@dataclass(slots=True, eq=False)
class DictValue:
    """A dict with constant keys. `default`: what makes the values of missing keys, of a defaultdict; `site`: the place
    in the source that makes it (see dicts.py), which is None for what is not made in the program; `outside`: the object
    of a subclass that it is outside of the function."""

    items: dict[Any, Any]
    stamp: int = field(default_factory=next_stamp)
    default: Any = None
    site: tuple[str, int, int] | None = None
    outside: Any = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class DictView:
    """``d.keys()``, ``d.values()`` or ``d.items()``, which see what the dict holds later."""

    kind: str
    owner: DictValue


@final
@dataclass(slots=True, eq=False)
class RecordValue:
    """An instance of a dataclass or NamedTuple: its class and its fields. `outside`: the object that it is outside of
    the function, which may have other attributes too."""

    cls: type
    fields: dict[str, Any]
    stamp: int = field(default_factory=next_stamp)
    outside: Any = None


@final
@dataclass(slots=True, eq=False)
class UserFunction:
    """A function of the user's, with what is bound to its free names."""

    fn: Any  # the Python function object, or None for a nested def (then node and env are set)
    name: str
    node: Any = None
    env: Any = None
    bound: tuple[Any, ...] = ()  # self of a method, leading arguments of a partial
    bound_kwargs: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)  # of a nested def, evaluated where it is defined
    loc: Loc | None = None
    path: Path | None = None  # where `fn` is found
    cached: bool = False  # by `functools.cache`
    owner: Any = None  # of a method of a class that is defined in the program: that class
    manages: bool = False  # made by `contextlib.contextmanager`: calls of it are contexts


@final
@dataclass(slots=True, eq=False)
class BoundMethod:
    """``owner.name`` of an array, scalar or container, not yet called."""

    owner: Any
    name: str


@final
@dataclass(slots=True, eq=False)
class Opaque:
    """An object of the user's (``self``): its attributes are captured one by one."""

    obj: Any
    path: Path
    name: str


@final
@dataclass(frozen=True, slots=True, eq=False)
class SuperValue:
    """``super()`` in a method of `cls`, for the object `owner`."""

    owner: Any
    cls: type


@final
@dataclass(frozen=True, slots=True, eq=False)
class TextValue:
    """A text made from run-time values: a format template with a field for each. It can be shown, and no more."""

    template: str
    values: tuple[Any, ...]


@final
@dataclass(frozen=True, slots=True)
class RangeValue:
    """``range(start, stop, step)``; each is a static int, a Dim or an integer operand. `segment`: the length of
    its segments (see `segments`), None without."""

    start: Any
    stop: Any
    step: Any
    segment: Any = None


@final
@dataclass(frozen=True, slots=True)
class Indexed:
    """What is iterated over by position: ``np.ndindex``, ``np.ndenumerate``; the lists of a dict, of which
    `source` has the keys (see grouped_library.py)."""

    size: Dim
    item: Callable[[Any], Any]
    source: tuple[Any, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Iteration:
    """``enumerate``, ``zip`` or ``reversed`` of iterables."""

    kind: str
    parts: tuple[Any, ...]
    start: Any = 0  # of enumerate


@final
@dataclass(frozen=True, slots=True, eq=False)
class GeneratorValue:
    """A generator expression whose first iterable has been evaluated."""

    node: Any
    frame: Any
    iterable: Any


@final
@dataclass(frozen=True, slots=True, eq=False)
class ManagerValue:
    """What a function made by `contextlib.contextmanager` returns; its body has not begun."""

    fn: UserFunction
    args: list[Any]
    kwargs: dict[str, Any]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Yielding:
    """What a call of a generator function returns; its body has not begun. `begun`: a list of whether its items have
    been taken, None where its items are those of an object that knows."""

    fn: UserFunction
    source: Any
    parent: Any
    env: dict[str, Any]
    begun: ListValue | None = field(default_factory=lambda: ListValue([False]))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Lazy:
    """An iterator that takes the items of `parts` when its own are taken: what itertools makes. `begin` begins it;
    `endless`: there is always another item."""

    begin: Callable[[], Iterator[Any]]
    parts: tuple[Any, ...]
    endless: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What is left of an iterator from the position `first` on; its items are taken by a loop that knows how many."""

    iterator: RecordValue
    first: Any


@final
@dataclass(frozen=True, slots=True, eq=False)
class StackedItems:
    """A list of run-time length whose items have parts: as they were when it was made, for one who iterates over it or
    makes an array of it. `source`: where the items are from."""

    rows: Rows
    source: tuple[ListValue | Array, ...] = ()

    @property
    def array(self) -> Array:
        return self.rows.array


@final
@dataclass(frozen=True, slots=True, eq=False)
class StackedList:
    """A list of run-time length whose items are the rows of an array. `lists`: they are lists;
    `weak`: they are, or contain, Python numbers. `source`: the lists and arrays whose items are in it as they
    were when it was made, for one who iterates over it."""

    array: Array
    weak: bool = False
    lists: bool = False
    source: tuple[ListValue | Array, ...] = ()


class _Undefined:
    """The binding of a name that has no value yet."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = _Undefined()


def is_namedtuple(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


@final
@dataclass(frozen=True, slots=True)
class Maybe:
    """`value` where `bound` (a run-time bool) holds, else `absent`: UNDEFINED, None, or a number where the value is
    an array."""

    value: Any
    bound: Operand
    absent: Any = UNDEFINED


@final
@dataclass(frozen=True, slots=True)
class SliceValue:
    """``start:stop:step`` with abstract bounds (None where absent)."""

    start: Any
    stop: Any
    step: Any


@final
@dataclass(frozen=True, slots=True)
class Conflict:
    """Bound to things that cannot be merged on two paths; an error when it is read. `either`: both, told apart at
    run time, for one who can use that. `branches`: where the paths meet."""

    reason: str
    either: Maybe | None = None
    branches: frozenset[Loc] = frozenset()


ITERATORS = (Iteration, Indexed, GeneratorValue, Lazy, Yielding)  # which are empty when they are gone through again
NUMBERS = (bool, int, float, np.generic)


def shown(name: str) -> str:
    """The name of a variable as the user wrote it: that of a generator has a number (see generators.py)."""
    return name.partition(".")[0] or name


def is_operand(v: Any) -> bool:
    """A run-time scalar."""
    return isinstance(v, (Value, Const))


def is_number(v: Any) -> bool:
    """A number known at compile time."""
    return isinstance(v, NUMBERS) and not isinstance(v, (np.complexfloating, np.str_, np.bytes_, np.void, np.object_))


def is_scalar(v: Any) -> bool:
    """Any number: static, an extent, or known at run time."""
    return is_operand(v) or isinstance(v, Dim) or is_number(v)


def is_static(v: Any) -> bool:
    """Known at compile time through and through."""
    if isinstance(v, tuple):
        return all(is_static(x) for x in v)
    if isinstance(v, ListValue):
        return not isinstance(v.content, Rows) and all(is_static(x) for x in v.content)
    if isinstance(v, DictValue):
        return all(is_static(x) for x in v.items.values())
    if isinstance(v, SliceValue):
        return all(is_static(x) for x in (v.start, v.stop, v.step))
    return not isinstance(v, _RUNTIME)


def to_python(v: Any) -> Any:
    """The plain Python object of a static value (lists and dicts unwrapped)."""
    if isinstance(v, tuple):
        return tuple(to_python(x) for x in v) if type(v) is tuple else v
    if isinstance(v, ListValue):
        return [to_python(x) for x in v.items]
    if isinstance(v, DictValue):
        return {k: to_python(x) for k, x in v.items.items()}
    if isinstance(v, SliceValue):
        return slice(to_python(v.start), to_python(v.stop), to_python(v.step))
    return v


_RUNTIME = (
    Value, Const, Dim, Array, RecordValue, UserFunction, BoundMethod, Opaque, RangeValue, Iteration, Maybe, Conflict,
    DictView, GeneratorValue, Lazy, Rest, StackedItems, StackedList, SuperValue, TextValue,
    ManagerValue, Yielding,
)  # fmt: skip
