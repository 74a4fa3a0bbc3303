"""What a handler of the NumPy table may do: read, make, check and write abstract values.

A handler is ``handler(ctx, args, kwargs) -> abstract value``. It gets abstract values (see
`values.py`), and makes ops through ``ctx.b`` or, where extents must be checked, `Context.elementwise`.
Plain TypeError, ValueError and IndexError raised by a handler are given the location of the call.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import (
    InternalError,
    NeedsOneOwner,
    NeedsStatic,
    PullbackError,
    PullbackTypeError,
    PullbackValueError,
    UnsupportedError,
)
from ..ir.builder import constant
from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import Const, Loc, New, Operand, Value, as_dim
from ..ir.types import FROM_NUMPY, INT, Type
from ..paths import TRANSFORMS, of_value
from .alternatives import is_alternative
from .broadcasting import Broadcasting
from .containers_library import deque
from .session import Session
from .sharing import is_stale, on_either
from .values import (
    IN_LIST,
    SHARED_BY_ITERATION,
    SHARED_BY_PATH,
    UNDEFINED,
    Array,
    BoundMethod,
    Cell,
    Conflict,
    DictValue,
    DictView,
    GeneratorValue,
    Indexed,
    Iteration,
    Lazy,
    ListValue,
    ManagerValue,
    Maybe,
    Opaque,
    RangeValue,
    RecordValue,
    StackedItems,
    StackedList,
    TextValue,
    UserFunction,
    ViewStep,
    Yielding,
    is_number,
    is_operand,
    is_scalar,
    is_static,
    to_python,
)
from .view_steps import before_transpose, compose

Handler = Callable[["Context", list[Any], dict[str, Any]], Any]
Transform = Callable[[Any], "Handler | None"]


class DeadCode(Exception):  # noqa: N818
    """Control does not pass this point (after a raise)."""


def closest(name: str, names: Iterable[str]) -> str | None:
    """A hint for a misspelt name."""
    found = difflib.get_close_matches(name, sorted(set(names)), 1, 0.6)
    return f"did you mean {found[0]!r}?" if found else None


def describe(v: Any) -> str:
    """An abstract value in a user's words."""
    if is_operand(v):
        return f"a run-time {v.type}"
    if isinstance(v, Array):
        return "an array"
    if isinstance(v, Dim):
        return f"the integer {v}"
    names = {
        ListValue: "a list",
        DictValue: "a dict",
        RangeValue: "a range",
        UserFunction: "a function",
        Iteration: "an iterator",
        Indexed: "an iterator",
        GeneratorValue: "an iterator",
        Lazy: "an iterator",
        Yielding: "a generator",
        ManagerValue: "a context",
        DictView: "a view of a dict",
        StackedList: "a list of run-time length",
        StackedItems: "a list of run-time length",
    }
    for cls, name in names.items():
        if isinstance(v, cls):
            return name
    if is_alternative(v):
        return "a constant that depends on the path taken"
    if isinstance(v, RecordValue):
        return _with_article(v.cls.__name__)
    if isinstance(v, Opaque):
        return _with_article(type(v.obj).__name__)
    if isinstance(v, BoundMethod):
        return f"the method {v.name}"
    if v is None:
        return "None"
    if isinstance(v, TextValue):
        return "a text with run-time values"
    if isinstance(v, Maybe):
        return f"{describe(v.value)} or {describe(v.absent)}"
    if inspect.ismodule(v):
        return f"the module {v.__name__}"
    if isinstance(v, type):
        return f"the class {v.__name__}"
    if callable(v):
        return f"the function {getattr(v, '__name__', v)}"
    return _with_article(type(v).__name__)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


class Context(Broadcasting):
    """Services of the frontend; the interpreter of the syntax tree derives from it."""

    def __init__(self, session: Session):
        self.session = session
        self.b = session.b
        self.transforms: list[Transform] = TRANSFORMS

    # -- errors -------------------------------------------------------------------------------
    @property
    def loc(self) -> Loc:
        return self.b.loc

    def error(self, cls: type[PullbackError], message: str, hint: str | None = None) -> NoReturn:
        """Raise an error located at the current node."""
        raise cls(message, self.loc, hint)

    # -- values as operands -------------------------------------------------------------------
    def operand(self, v: Any) -> Operand:
        """The IR operand of a number, an array (its current value, read through its view) or a
        nested list or tuple of numbers (stacked)."""
        if isinstance(v, (Value, Const)):
            return v
        if isinstance(v, Array):
            return self.read(v)
        if isinstance(v, Dim):
            return self.b.extent(v)
        if is_number(v):
            return self.constant(v)
        if isinstance(v, RecordValue) and v.cls is deque:
            v = self.begun(v)
        if isinstance(v, ListValue):
            v = self.as_stacked(v)
        if isinstance(v, ListValue):
            return self.stack(v.items)
        if isinstance(v, StackedList):
            return self.read(v.array)
        if isinstance(v, StackedItems):
            return self.side_by_side(v)
        if isinstance(v, tuple):
            return self.stack(v)
        if isinstance(v, RangeValue):
            return self.iota(v)
        if isinstance(v, (RecordValue, Opaque)) and (items := self.array_like(v)) is not None:
            return self.operand(items)
        if isinstance(v, np.ndarray):
            return self.constant_array(v)
        if isinstance(v, (str, TextValue)):
            self.error(
                UnsupportedError, "a string is not data", "strings may only choose between cases, as in mode == 'fast'"
            )
        if isinstance(v, complex):
            self.error(
                UnsupportedError,
                "complex numbers are not supported",
                "keep real and imaginary parts as two real values",
            )
        if isinstance(v, Conflict):
            self.refuse_conflict(v)
        if isinstance(v, Maybe):
            return self.operand(self.present(v))
        self.error(
            PullbackTypeError, f"{describe(v)} cannot be used as a number or an array", "use numbers and arrays of them"
        )

    def constant(self, v: Any) -> Const:
        """The immediate of a static number; NumPy scalars are strong, Python numbers weak."""
        if isinstance(v, np.generic):
            return constant(v.item(), Type(FROM_NUMPY[v.dtype]))
        if isinstance(v, int) and not isinstance(v, bool) and not -(2**63) <= v < 2**63:
            self.error(UnsupportedError, f"the integer {v} does not fit 64 bits", "write it as a float")
        return constant(v)

    def constant_array(self, array: np.ndarray[Any, Any]) -> Value:
        """A constant array, passed as a captured input."""
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        path = self.session.constants.setdefault(key, of_value(array.copy()))
        return self.session.capture(path, path(), f"const{len(self.session.captured)}", self.loc)

    def stack(self, items: Sequence[Any]) -> Operand:
        """``np.array(items)`` of numbers and arrays of one shape."""
        if all(is_static(x) for x in items) and len(items) > 0:
            flat = to_python(tuple(items))
            try:
                array = np.array(flat)
            except ValueError:
                self.error(PullbackValueError, "the rows of this nested list have different lengths")
            if array.dtype in FROM_NUMPY and (array.ndim > 1 or array.size > 8):
                return self.constant_array(array)
        if not items:
            return self.b.emit("empty", shape=(Dim.of(0),), dtype="f64")
        operands = [self.operand(x) for x in items]
        shape = operands[0].type.shape
        rows = []
        for x in operands:
            if x.type.rank != len(shape):
                self.error(PullbackValueError, "cannot make an array from items of different rank")
            for a, d in zip(x.type.shape, shape, strict=True):
                self.require_equal(a, d, "all input arrays must have the same shape")
            rows.append(self.b.emit("reshape", x, shape=(Dim.of(1), *shape)))
        return rows[0] if len(rows) == 1 else self.b.emit("concatenate", *rows, axis=0)

    def iota(self, r: RangeValue) -> Operand:
        start, step = self.operand(r.start), self.operand(r.step)
        size = self.trip_count(r)
        return self.b.emit("iota", start, step, size=size, dtype="i64")

    def trip_count(self, r: RangeValue) -> Dim:
        """``len(range(...))``; the step is static."""
        step = int(self.static(r.step, "the step of this range"))
        start, stop = self.require_dim(r.start), self.require_dim(r.stop)
        distance = stop - start if step > 0 else start - stop
        count = (distance + (abs(step) - 1)) // abs(step)
        return count if self.session.nonneg(distance) else count.max(0)

    def wrap(self, value: Operand) -> Any:
        """A scalar as it is, an array on a fresh cell."""
        if value.type.shape:
            assert isinstance(value, Value)
            return Array(Cell(value))
        return value

    def rank_0(self, v: Any) -> Any:
        """A new array without axes of a number. See Note [Arrays without axes]."""
        self.session.makes_rank_0 = True
        if not self.session.has_rank_0 or isinstance(v, Array):
            return v
        x = self.operand(v)
        return Array(Cell(self.b.emit("cast", x, dtype=x.type.dtype, weak=False)))

    def is_rank_0(self, v: Any) -> bool:
        return isinstance(v, Array) and not self.array_type(v).shape

    def number_of(self, v: Any) -> Any:
        """The number in an array without axes; anything else as it is."""
        return self.read(v) if self.session.has_rank_0 and self.is_rank_0(v) else v

    def type(self, v: Any) -> Type:
        """The type of a number, an array or a nested list."""
        if isinstance(v, (Value, Const)):
            return v.type
        if isinstance(v, Array):
            return self.array_type(v)
        if isinstance(v, Dim):
            return INT
        if is_number(v):
            return self.constant(v).type
        return self.operand(v).type

    def array_type(self, array: Array) -> Type:
        shape = array.cell.current.type.shape
        for step in array.path:
            if step.kind == "index":
                shape = indexed_shape(shape, step.index, step.operands)
            elif step.kind == "transpose":
                shape = tuple(shape[p] for p in step.arg)
            else:
                shape = tuple(step.arg)
        return Type(array.cell.current.type.dtype, shape)

    def shape(self, v: Any) -> tuple[Dim, ...]:
        return self.type(v).shape

    def static(self, v: Any, what: str) -> Any:
        """The Python object of a value known at compile time; `what` names it in the error."""
        if isinstance(v, Const):
            return v.value
        if not is_static(v):
            raise NeedsStatic(
                f"{what} must be known at compile time, and this is {describe(v)}",
                self.loc,
                "write it as a constant, or take it from a shape or a static argument",
            )
        return to_python(v)

    def require_dim(self, v: Any) -> Dim:
        """An integer as an extent."""
        if isinstance(v, Dim):
            return v
        if is_number(v) and isinstance(v, (bool, int, np.integer, np.bool_)):
            return Dim.of(int(v))
        if isinstance(v, (Value, Const)) and v.type.is_int and not v.type.shape:
            return as_dim(self.as_index(v))
        if isinstance(v, Array) or is_scalar(v):
            self.error(PullbackTypeError, f"an integer is needed here, not {describe(v)}", "convert it with int(...)")
        self.error(PullbackTypeError, f"{describe(v)} cannot be used as an integer")

    def as_index(self, x: Operand) -> Operand:
        """Integers in 64 bits, where adding an extent does not wrap: scalar places and extents always are. A scalar
        that uint64 has beyond them is as large as they are, outside of any array; in arrays of places NumPy wraps."""
        if x.type.shape:
            return x if x.type.dtype == "i64" else self.b.emit("cast", x, dtype="i64", weak=False)
        if isinstance(x, Const):
            return constant(min(int(x.value), 2**63 - 1))
        if x.type.dtype == "i64":
            return x
        if x.type.dtype == "u64":
            x = self.b.emit("minimum", x, 2**63 - 1)
        return self.b.emit("cast", x, dtype="i64", weak=True)

    def integer(self, dim: Dim) -> Any:
        """An extent as an abstract integer."""
        return dim.const if dim.is_const else dim

    # -- making values ------------------------------------------------------------------------
    def emit(self, opcode: str, *operands: Operand | float, **attrs: Any) -> Value:
        """Emit an op; what its inference refuses becomes a located error."""
        try:
            return self.b.emit(opcode, *operands, **attrs)
        except PullbackError:
            raise
        except (TypeError, ValueError, IndexError, NotImplementedError) as e:
            raise self.located(e) from None

    def located(self, e: Exception) -> PullbackError:
        """An error of a table or of inference, at the current node."""
        from ..errors import PullbackIndexError

        if isinstance(e, IndexError):
            return PullbackIndexError(str(e), self.loc)
        if isinstance(e, ValueError):
            return PullbackValueError(str(e), self.loc)
        if isinstance(e, NotImplementedError):
            return UnsupportedError(str(e), self.loc)
        if isinstance(e, TypeError):
            return PullbackTypeError(str(e), self.loc)
        return InternalError(f"{type(e).__name__}: {e}", self.loc)

    def elementwise(self, opcode: str, *vs: Any, **attrs: Any) -> Any:
        """Emit an elementwise op on broadcast operands, with the checks of extents NumPy would make."""
        operands = self.align(self.within_dtype(opcode, [self.operand(v) for v in vs]))
        return self.wrap(self.emit(opcode, *operands, **attrs))

    def check(self, cond: Operand | bool, error: str, message: str, *values: Any) -> None:
        """Raise `error` at run time when `cond` is false; `{}` in the message shows the values."""
        if isinstance(cond, Const):
            cond = bool(cond.value)
        if cond is True:
            return
        operands = [self.operand(v) for v in values]
        self.b.op("check", self.operand(cond), *operands, attrs={"error": error, "message": message}, types=[])
        if cond is False:
            raise DeadCode

    # -- arrays -------------------------------------------------------------------------------
    def read(self, array: Array) -> Value:
        """The current value of an array, through its view."""
        if is_stale(array.cell):
            value: Value = self.choose(*on_either(self, array, self.read))
            return value
        value = array.cell.current
        for step in array.path:
            value = self._through(value, step)
        return value

    def _through(self, value: Value, step: ViewStep) -> Value:
        if step.kind == "index":
            return self.emit("load", value, *step.operands, index=step.index)
        if step.kind == "transpose":
            return self.emit("transpose", value, perm=step.arg)
        opcode = "broadcast_to" if step.kind == "broadcast" else "reshape"
        return self.emit(opcode, value, shape=step.arg)

    def view(self, array: Array, step: ViewStep) -> Array:
        """A view of an array (or of a view)."""
        if step.kind == "index" and array.path and array.path[-1].kind == "index":
            last = array.path[-1]
            shape = self.array_type(Array(array.cell, array.path[:-1])).shape
            merged = compose(last, step, shape)
            if merged is not None:
                return Array(array.cell, (*array.path[:-1], merged))
        if step.kind == "index" and array.path and array.path[-1].kind == "transpose":
            swapped = before_transpose(step, array.path[-1].arg)
            if swapped is not None:
                inner = self.view(Array(array.cell, array.path[:-1]), swapped[0])
                return inner if swapped[1] is None else self.view(inner, swapped[1])
        if step.kind == "transpose" and step.arg == tuple(range(len(step.arg))):
            return Array(array.cell, array.path)
        return Array(array.cell, (*array.path, step))

    def write(self, array: Array, value: Any) -> None:
        """``array[...] = value``: the whole array, through its view; the value is broadcast and cast."""
        target = self.array_type(array)
        x = self.operand(value)
        self.require_fit(target.dtype, x)
        if x.type.shape != target.shape:
            x = self.fit(x, target.shape)
        if x.type.shape != target.shape:
            x = (
                self.emit("broadcast_to", x, shape=target.shape)
                if x.type.shape
                else self.emit("full", x, shape=target.shape, dtype=target.dtype)
            )
        if x.type.dtype != target.dtype or not isinstance(x, Value):
            x = self.emit("cast", x, dtype=target.dtype, weak=False)
        self.set_view(array, x)

    def set_view(self, array: Array, value: Value) -> None:
        """Make `value` (of the array's type) the contents of the view."""
        for step in array.path:
            if step.readonly == IN_LIST:
                self._refuse_write(IN_LIST)
            if step.readonly:  # NumPy refuses too
                message = f"assignment destination is read-only: {step.readonly}"
                self.error(PullbackValueError, message, "make a copy first with .copy()")
        if array.cell.choice is not None:
            self.require_writable(array.cell)
            self.branch(*on_either(self, array, lambda part: self.set_view(part, value)), None)
            return
        chain = [array.cell.current]
        for step in array.path[:-1]:
            chain.append(self._through(chain[-1], step))
        for old, step in zip(reversed(chain), reversed(array.path), strict=False):
            value = self._back(old, step, value)
        self.set_cell(array.cell, value)

    def _back(self, old: Value, step: ViewStep, value: Value) -> Value:
        if step.kind == "index":
            index = tuple(item for item in step.index if not isinstance(item, New))
            if index != step.index:
                shape = indexed_shape(old.type.shape, index, step.operands)
                value = self.emit("reshape", value, shape=tuple(shape))
            return self.emit("store", old, *step.operands, value, index=index)
        if step.kind == "transpose":
            inverse = tuple(int(p) for p in np.argsort(step.arg))
            return self.emit("transpose", value, perm=inverse)
        return self.emit("reshape", value, shape=old.type.shape)

    def require_writable(self, cell: Cell) -> None:
        if cell.readonly:
            self._refuse_write(cell.readonly)

    def _refuse_write(self, why: str) -> NoReturn:
        depends = why in (SHARED_BY_PATH, SHARED_BY_ITERATION, IN_LIST)  # an unrolled loop knows
        message = f"this array may not be written: {why}"
        kind = NeedsOneOwner if why == SHARED_BY_ITERATION else NeedsStatic if depends else UnsupportedError
        self.error(kind, message, "make a copy first with .copy()")

    def may_change(self, owner: ListValue | DictValue | RecordValue) -> None:
        """Refuse to change what is an item of a list of run-time length, or may have another name too."""
        if owner in self.session.ambiguous:
            message = f"{describe(owner)} is changed that another name may refer to too, depending on the path taken"
            raise NeedsOneOwner(message, self.loc, "make a new one, or keep what changes in arrays")
        if owner in self.session.frozen:
            message = f"{describe(owner)} is changed that is an item of a list of run-time length"
            raise NeedsStatic(message, self.loc, "put a new one into the list: items[k] = ...")

    def set_cell(self, cell: Cell, value: Value) -> None:
        self.require_writable(cell)
        self.session.touch(cell)
        self.session.lent.update(dict.fromkeys(cell.lenders))
        if cell.name and not value.hint:
            value.hint = cell.name
        cell.current = value

    # -- calls: given by the interpreter ------------------------------------------------------
    def call(self, fn: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call an abstract function value."""
        raise NotImplementedError

    def branch(self, cond: Operand, then: Callable[[], Any], orelse: Callable[[], Any], live: Any) -> None:
        """An `if` at run time."""
        raise NotImplementedError

    def as_stacked(self, v: Any) -> Any:
        """A list of run-time length as its rows; anything else as it is."""
        raise NotImplementedError

    def array_like(self, v: Any) -> Any:
        """What NumPy makes an array of for an object; None for what is a single object to it."""
        raise NotImplementedError

    def begun(self, v: Any) -> Any:
        """What is gone through for an iterable."""
        raise NotImplementedError

    def load_array(self, array: Array, key: Any) -> Any:
        """``array[key]``."""
        raise NotImplementedError

    def list_of_rows(self, array: Array, weak: bool) -> ListValue:
        """A list of run-time length whose items are the rows of an array; Python numbers, if `weak`."""
        raise NotImplementedError

    def as_rows(self, target: ListValue, value: Any) -> None:
        """Make a list of numbers one that is indexed at run time, and takes `value` too."""
        raise NotImplementedError

    def store_row(self, target: ListValue, key: Any, x: Any) -> None:
        """``items[key] = x`` of a list of run-time length."""
        raise NotImplementedError

    def lock_items(self, v: Any) -> None:
        """From now on the arrays in a list may not be written: they are copied into another list."""
        raise NotImplementedError

    def part_of_items(self, v: StackedItems, key: Any) -> StackedItems:
        """A slice of a list of run-time length."""
        raise NotImplementedError

    def columns_of(self, v: StackedItems) -> Any:
        """``zip(*items)``."""
        raise NotImplementedError

    def side_by_side(self, v: StackedItems) -> Operand:
        """``np.array`` of the items of a list of run-time length."""
        raise NotImplementedError

    def joined(self, a: ListValue | StackedList, b: ListValue | StackedList) -> ListValue:
        """``a + b`` of lists."""
        raise NotImplementedError

    def static_items(self, v: Any) -> list[Any] | None:
        """The items, all of them read now; None where only the call tells their number."""
        raise NotImplementedError

    def bound(self, v: Any) -> Any:
        """The value itself, after a check that it is bound on this path."""
        if isinstance(v, Conflict):
            self.refuse_conflict(v)
        v = self.resolved(v)
        if isinstance(v, Maybe) and v.absent is UNDEFINED:
            self.check(v.bound, "UnboundLocalError", "cannot access a local variable before it is assigned")
            return self.bound(v.value)
        return v

    def refuse_conflict(self, v: Conflict) -> NoReturn:
        self.session.meeting.update(v.branches)
        raise NeedsStatic(v.reason, self.loc, "use different names, or give both the same type and shape")

    def resolved(self, v: Any) -> Any:
        """What a value that is there on some paths only is on this one, where that is known."""
        while isinstance(v, Maybe) and v.bound in self.session.known:
            v = v.value if self.session.known[v.bound] else v.absent
        return v

    def present(self, v: Any) -> Any:
        """The value itself, after a check that it is not None on this path."""
        v = self.bound(v)
        if not isinstance(v, Maybe):
            return v
        if v.absent is None:
            self.check(v.bound, "TypeError", f"a value is None here, and {describe(v.value)} on another path")
        else:
            message = f"a variable is still the number {v.absent} here, and an array after an iteration of a loop"
            self.check(v.bound, "NotImplementedError", message + ": start from an array, as in np.zeros(n)")
        return self.present(v.value)
