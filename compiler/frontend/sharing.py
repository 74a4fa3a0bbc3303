"""Which names share memory, also where that depends on the path taken.

An `Array` is a place in a `Cell`. After ``y = a if c else b`` the memory of `y` is that of `a` or that of `b`: its
cell has a `Choice`. What is written through `y` is written to the one or the other, by a branch, and what is
written to `a` is seen through `y`: `current` counts only as long as neither has a new version.

A value that is merged or carried instead (nothing else can reach its memory) takes the memory over. Where that
may be the memory of an argument that nobody looks at afterwards, `lenders` names the argument: a write is one to it,
which matters to the check that arguments do not overlap.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import NeedsStatic
from ..ir.dims import Dim
from ..ir.nodes import Operand, Span, Value
from .session import contents
from .values import (
    IN_LIST,
    Array,
    BoundMethod,
    Cell,
    Choice,
    DictValue,
    DictView,
    GeneratorValue,
    Iteration,
    Lazy,
    ListValue,
    Maybe,
    RecordValue,
    Rest,
    Rows,
    StackedItems,
    StackedList,
    UserFunction,
    ViewStep,
)

if TYPE_CHECKING:
    from .context import Context


MAX_MEMORIES = 128  # what is written through such an array is written in as many branches


# -- arrays whose memory depends on the path ------------------------------------------------------------
def choice_between(ctx: Any, cond: Operand, then: Array, orelse: Array, exchange: Any = None) -> Choice:
    """The memory of `then` where `cond` holds, else that of `orelse`; the value is that of now."""
    now = (*versions(then), *versions(orelse))
    if len(now) > MAX_MEMORIES:
        message = f"an array may be the memory of more than {MAX_MEMORIES} others, depending on the path"
        raise NeedsStatic(message, ctx.loc, "give each its own name, or copy it: a = a.copy()")
    return Choice(cond, then, orelse, now, exchange)


def versions(array: Array) -> tuple[Value, ...]:
    """What is in the cells behind an array now."""
    choice = array.cell.choice
    if choice is None:
        return (array.cell.current,)
    return (*versions(choice.then), *versions(choice.orelse))


def is_stale(cell: Cell) -> bool:
    """Whether `current` of a cell is no longer what is in its memory."""
    choice = cell.choice
    return choice is not None and choice.versions != (*versions(choice.then), *versions(choice.orelse))


def extended(ctx: Context, array: Array, path: Iterable[ViewStep]) -> Array:
    for step in path:
        array = ctx.view(array, step)
    return array


def on_either(
    ctx: Context, array: Array, work: Callable[[Array], Any]
) -> tuple[Operand, Callable[[], Any], Callable[[], Any]]:
    """The condition of a choice, and `work` on the place in its one and its other array that `array` is in it."""
    choice = array.cell.choice
    assert choice is not None
    then, orelse = choice.then, choice.orelse
    return (
        choice.cond,
        lambda: work(extended(ctx, then, array.path)),
        lambda: work(extended(ctx, orelse, array.path)),
    )


def final_version(heap: dict[Any, Any], array: Array) -> Array:
    """The array as it is at the end of a path with the state `heap` (its cells have been set back meanwhile)."""
    cell = array.cell
    if cell.choice is not None:
        then, orelse = (final_version(heap, part) for part in (cell.choice.then, cell.choice.orelse))
        return Array(Cell(cell.current, choice=replace(cell.choice, then=then, orelse=orelse)), array.path)
    return Array(Cell(heap[cell][0], stands_in=True), array.path) if cell in heap else array


def path_depends_on(path: Iterable[ViewStep], values: set[Value]) -> bool:
    """Whether a view is of a place that one of these values determines."""

    def within(dims: Iterable[Dim]) -> bool:
        return any(v in values for d in dims for v in d.values())

    for step in path:
        if any(x in values for x in step.operands if isinstance(x, Value)):
            return True
        if any(within((item.start, item.size)) for item in step.index if isinstance(item, Span)):
            return True
        if step.kind in ("reshape", "broadcast") and within(step.arg):
            return True
    return False


# -- what can be reached --------------------------------------------------------------------------------
def memory_of(cell: Cell) -> list[Cell]:
    """A cell and, where it is a choice, the cells whose memory it may be."""
    out = {cell: None}
    if cell.choice is not None:
        for part in (cell.choice.then, cell.choice.orelse):
            out |= dict.fromkeys(memory_of(part.cell))
    return list(out)


def cells_in(v: Any, seen: set[int] | None = None) -> Iterator[tuple[Cell, Any]]:
    """Every cell reachable from an abstract value, once for each path to it, and the exchange it leads through."""
    seen = set() if seen is None else seen
    if isinstance(v, Array):
        exchange = None if v.cell.choice is None else v.cell.choice.exchange
        yield from ((c, None if c is v.cell else exchange) for c in memory_of(v.cell))
    elif isinstance(v, tuple):
        for x in v:
            yield from cells_in(x, seen)
    elif isinstance(v, Maybe):
        yield from cells_in(v.value, seen)
    elif isinstance(v, (Iteration, Lazy)):
        yield from cells_in(v.parts, seen)
    elif isinstance(v, StackedList):
        yield from cells_in(v.array, seen)
    elif isinstance(v, StackedItems):
        yield from cells_in(tuple(c.array for c in v.rows.columns), seen)
    elif isinstance(v, (BoundMethod, DictView)):
        yield from cells_in(v.owner, seen)
    elif isinstance(v, GeneratorValue):
        yield from cells_in(v.iterable, seen)
        yield from cells_in(tuple(v.frame.held()), seen)
    elif isinstance(v, (ListValue, DictValue, RecordValue)):
        if id(v) in seen:
            return
        if isinstance(v, ListValue) and isinstance(v.content, Rows):
            yield from cells_in(tuple(c.array for c in v.content.columns), seen)
            return
        seen.add(id(v))
        items = v.items if isinstance(v, ListValue) else (v.items if isinstance(v, DictValue) else v.fields).values()
        for x in items:
            yield from cells_in(x, seen)
    elif isinstance(v, functools.partial):
        for x in (*v.args, *v.keywords.values()):
            yield from cells_in(x, seen)
    elif isinstance(v, UserFunction):
        for x in (*v.bound, *v.bound_kwargs.values()):
            yield from cells_in(x, seen)
        frame = v.env
        while frame is not None and id(frame) not in seen:
            seen.add(id(frame))
            for x in frame.held():
                yield from cells_in(x, seen)
            frame = frame.parent


def reach_counts(values: list[Any], frame: Any = None) -> dict[Cell, int]:
    """How many ways lead to each cell; those through the cells of one exchange are one. The names of `frame` that a
    nested function reads are not another way: they are among the values."""
    counts: dict[Cell, int] = {}
    exchanges: set[tuple[Cell, Any]] = set()
    for v in values:
        for cell, exchange in cells_in(v, {id(frame)}):
            if exchange is not None:
                if (cell, exchange) in exchanges:
                    continue
                exchanges.add((cell, exchange))
            counts[cell] = counts.get(cell, 0) + 1
    return counts


def references(values: Iterable[Any], state: dict[Any, Any], frame: Any = None) -> dict[Any, int]:
    """From how many places each list, dict and object is referred to: from `values`, and from what these hold in the
    state `state` of the heap. `frame` is the one whose names are among the values."""
    counts: dict[Any, int] = {}
    frames: set[int] = {id(frame)}

    def visit(v: Any) -> None:
        if isinstance(v, tuple):
            for x in v:
                visit(x)
        elif isinstance(v, Maybe):
            visit(v.value)
        elif isinstance(v, (ListValue, DictValue, RecordValue)):
            counts[v] = counts.get(v, 0) + 1
            if counts[v] == 1:
                held = state.get(v, contents(v))
                for x in held.values() if isinstance(held, dict) else () if isinstance(held, Rows) else held:
                    visit(x)
        elif isinstance(v, (BoundMethod, DictView)):
            visit(v.owner)
        elif isinstance(v, (Iteration, Lazy)):
            visit(v.parts)
        elif isinstance(v, Rest):
            visit(v.iterator)
        elif isinstance(v, (StackedItems, StackedList)):
            visit(v.source)
        elif isinstance(v, functools.partial):
            visit((*v.args, *v.keywords.values()))
        elif isinstance(v, GeneratorValue):
            visit(v.iterable)
            names_of(v.frame)
        elif isinstance(v, UserFunction):
            visit((*v.bound, *v.bound_kwargs.values(), *v.defaults.values()))
            names_of(v.env)

    def names_of(frame: Any) -> None:
        while frame is not None and id(frame) not in frames:
            frames.add(id(frame))
            visit(tuple(frame.held()))
            frame = frame.parent

    for v in values:
        visit(v)
    return counts


def rebuilt(v: Any, parts: dict[Any, Any]) -> Any:
    """A tuple, list, dict or object like `v` with other parts, by position, key or name."""
    if isinstance(v, tuple):
        return tuple(parts.values())
    if isinstance(v, ListValue):
        return ListValue(list(parts.values()))
    if isinstance(v, DictValue):
        return DictValue(parts, default=v.default, site=v.site)
    return RecordValue(v.cls, parts)


def may_be_another(cell: Cell) -> bool:
    """Whether an array may be another one too, depending on the path taken."""
    return cell.stands_in or cell.tracked or cell.choice is not None or cell.readonly == IN_LIST


def is_mutable(v: Any) -> bool:
    """Whether it matters which object a value is, and not only what it holds."""
    if isinstance(v, RecordValue):
        frozen = getattr(getattr(v.cls, "__dataclass_params__", None), "frozen", False)
        return not (frozen or issubclass(v.cls, tuple))
    return isinstance(v, (ListValue, DictValue))


def merged_readonly(ctx: Context, cells: Iterable[Cell], why: str) -> None:
    """From now on these arrays may not be written."""
    for cell in cells:
        for c in memory_of(cell):
            if not c.readonly:
                ctx.session.touch(c)
                c.readonly = why


def lenders_of(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The arguments whose memory a value merged from these cells may have."""
    return tuple(dict.fromkeys(x for cell in cells for c in memory_of(cell) for x in c.lenders))
