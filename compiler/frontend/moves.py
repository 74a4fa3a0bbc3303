"""What memory the arrays carried by a loop have: which of them may be written, and who has it in the end.

A carried array takes over the memory of the array it starts from, and another one at every assignment:
after ``a, b = b, a`` the two have changed places. As long as nothing else can reach any of it, it does not matter
which is where. There are three cases:

- Nothing else reaches the memory: it is taken over, and that is all.
- Something reaches it that is not used before the loop has ended (an argument, a variable of the caller): an integer is
  carried beside every such array, which tells whose memory it has (*origin*: an index of `Carries.sources`, or -1 for
  memory made in the loop). At the exit the sources get their contents from the array that has their memory, and
  the arrays become choices between them. Where the loop may give up the memory, what was in it then is carried too.
  A part of an array that is another one at each iteration (``last = rows[i]``) is a source as long as no carried array
  is written: the indices of the part are carried too.
- The body can reach it otherwise, or what it binds the name to: then these are read-only in the loop, and tracked
  all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir.dims import Dim
from ..ir.nodes import At, Const, Operand, Span, Value
from ..ir.types import INT, Type
from .control import Control
from .liveness import Names
from .merging import Outcome
from .session import contents
from .sharing import (
    choice_between,
    final_version,
    is_mutable,
    lenders_of,
    memory_of,
    merged_readonly,
    path_depends_on,
    reach_counts,
    references,
)
from .values import (
    SHARED_BY_ITERATION,
    Array,
    Cell,
    DictValue,
    ListValue,
    Maybe,
    RecordValue,
    Rows,
)

Key = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Slot:
    """One carried value."""

    type: Type
    entry: Any  # abstract scalar, Array, cell version, or a mark for what does not matter
    hint: str
    back: Operand | None = None


@dataclass(eq=False)
class Carries:
    """The plan of one loop: which leaves of which names and objects are carried, with which types."""

    names: list[str]
    live_head: Names  # what is read by the next iteration
    live_after: Names  # what is read after the loop
    peelable: bool = False
    count: Dim | None = None  # of the iterations
    facts: tuple[Dim, Dim] | None = None  # the smallest and the largest index
    short: bool = False  # there are few iterations
    shrinkable: bool = False  # see `shrinking`
    bounds: dict[Any, Dim] = field(default_factory=dict)  # the most items that lists have after the loop
    gains: dict[Any, Dim] = field(
        default_factory=dict
    )  # how many items lists get in each iteration, where all get as many
    plan: dict[Key, Type] = field(default_factory=dict)
    templates: dict[Key, Any] = field(default_factory=dict)  # what is not there at every iteration
    absent: dict[Key, Any] = field(default_factory=dict)  # what a name of these is then: UNDEFINED or None
    numbers: set[Key] = field(default_factory=set)  # arrays without axes that are numbers after an iteration
    rows: dict[Key, bool] = field(default_factory=dict)  # views of one array at another index each time; False: tried
    readonly: dict[Key, str] = field(default_factory=dict)  # at the head, and so in the body
    readonly_after: dict[Key, str] = field(default_factory=dict)
    conflicts: dict[Key, str] = field(default_factory=dict)
    heap: list[Any] = field(default_factory=list)
    slots: dict[Key, Slot] = field(default_factory=dict)
    heads: dict[str, Any] = field(default_factory=dict)  # the carried names at the head of this pass
    made: dict[Any, dict[Any, Any]] = field(default_factory=dict)  # containers at the head: their parts
    cells: dict[Key, Cell] = field(default_factory=dict)  # of the carried arrays at the head, then at the exit
    sources: list[Array] = field(default_factory=list)  # arrays whose memory is tracked through the loop
    locked: dict[Cell, str] = field(default_factory=dict)  # arrays that are read-only as long as the loop runs
    objects: dict[Key, Any] = field(default_factory=dict)  # carried lists, dicts, objects: those at the end of the body
    start: int = 0  # the stamp of the loop: what is older was there before
    renewed: set[Key] = field(default_factory=set)  # those of them that are new objects after an iteration
    ambiguous: set[Key] = field(default_factory=set)  # those of them to which other names may refer too
    alternatives: dict[Key, Any] = field(default_factory=dict)  # constants: at each iteration another
    passes: int = 0  # over the body
    written: bool = False  # an array that may have the memory of a source is written in the body
    moving: set[int] = field(default_factory=set)  # those of the sources that are another part at each iteration
    untracked: bool = False  # the memory cannot be tracked: what is shared stays read-only after the loop
    given_up: bool = False  # the memory of a source may have no name at the end of an iteration
    changed: bool = False

    @property
    def has_alternatives(self) -> bool:
        return bool(self.alternatives) or any(k[-1] == "number" for k in self.plan)

    def tracked_keys(self) -> list[Key]:
        """The carried arrays that may have the memory of a source."""
        types = {(s.cell.current.type.dtype) for s in self.sources}
        return [k for k, t in self.plan.items() if t.shape and k in self.slots and t.dtype in types]


def parts_of(v: Any) -> dict[Any, Any] | None:
    """The parts of a container by key; None for a leaf, which a list of run-time length is."""
    if isinstance(v, tuple):
        return dict(enumerate(v))
    if isinstance(v, ListValue):
        return None if isinstance(v.content, Rows) else dict(enumerate(v.content))
    if isinstance(v, DictValue):
        return dict(v.items)
    if isinstance(v, RecordValue):
        return dict(v.fields)
    return None


def holds_none(v: Any) -> bool:
    return v is None or any(map(holds_none, (parts_of(v) or {}).values()))


def is_made_after(start: int, v: Any) -> bool:
    """Whether a list, dict or object in a value is newer than this stamp."""
    return (is_mutable(v) and v.stamp >= start) or any(is_made_after(start, x) for x in (parts_of(v) or {}).values())


def row_indices(a: Array, b: Array) -> list[tuple[Operand, Operand]] | None:
    """The integer indices of two views that differ in nothing else; None where they do."""
    if a.cell is not b.cell or len(a.path) != len(b.path):
        return None
    if any((x.kind, x.index, x.arg) != (y.kind, y.index, y.arg) for x, y in zip(a.path, b.path, strict=True)):
        return None
    if any(not isinstance(i, (At, Span)) for step in a.path for i in step.index):
        return None
    return [pair for x, y in zip(a.path, b.path, strict=True) for pair in zip(x.operands, y.operands, strict=True)]


def with_indices(array: Array, indices: Iterator[Operand]) -> Array:
    """The view with other integer indices."""
    path = tuple(replace(step, operands=tuple(next(indices) for _ in step.operands)) for step in array.path)
    return Array(array.cell, path)


def _indices_of(array: Array) -> list[Operand]:
    return [x for step in array.path for x in step.operands]


class Moves(Control):
    # -- what may be written -------------------------------------------------------------------------
    def settle_memory(self, carries: Carries, entry_env: dict[str, Any], done: Outcome) -> None:
        """Decide, after a pass over the body that has settled otherwise, what holds for each carried array;
        `Carries.changed` when that asks for another pass."""
        keys = [k for k, t in carries.plan.items() if t.shape and k in carries.slots]
        if not keys:
            return
        env = done.env or {}
        why = SHARED_BY_ITERATION
        carried = frozenset(carries.names)
        inside = reach_counts(self.closure_values())
        outside = reach_counts(self.outer_values())
        boxes = list(self.frame.boxes.values())  # what nested functions bind

        def counts(state: dict[str, Any], names: Names, also: list[Any]) -> dict[Cell, int]:
            return reach_counts([*(v for n, v in state.items() if n in names), *also], self.frame)

        before = counts(entry_env, carries.live_head | carried, boxes)
        later = counts(entry_env, carries.live_after - carries.live_head - carried, [])
        with self.session.holding({o: x for o, x in done.heap.items() if not isinstance(o, Cell)}):
            after_head = counts(env, carries.live_head, boxes)
            after_exit = counts(env, carries.live_head | carries.live_after, boxes)
        for key in keys:
            source, back = carries.slots[key].entry, self._at_back(carries, key, done)
            of_source = memory_of(source.cell) if isinstance(source, Array) else []
            of_back = memory_of(back.cell) if isinstance(back, Array) else []
            reasons = [c.readonly for c in (*of_source, *of_back) if c.readonly]
            if any(c in inside or before.get(c, 0) > 1 for c in of_source):
                reasons.append(why)
            if any(c in inside or c in outside or after_head.get(c, 0) > 1 for c in of_back):
                reasons.append(why)
            if any(c in outside or c in later or c.tracked for c in of_source) or why in reasons:
                self._track(carries, source, done)
                self._track(carries, back, done)
            older = [c for c in of_back if c.stamp < done.start]
            if any(c in inside or c in outside or after_exit.get(c, 0) > 1 for c in older):
                self._track(carries, back, done)
                if carries.untracked:
                    carries.readonly_after[key] = why
                    merged_readonly(self, older, why)
            for c in older:
                if not c.readonly and (c in inside or after_head.get(c, 0) > 1):
                    carries.locked[c] = c.readonly
                    merged_readonly(self, [c], why)
                    carries.changed = True
            if reasons and not carries.readonly.get(key):
                carries.readonly[key] = reasons[0]
                carries.changed = True
                for c in of_source:
                    if not c.readonly:
                        carries.locked[c] = c.readonly
                merged_readonly(self, of_source, why)
            if any(after_exit.get(c, 0) > 1 for c in of_back if c.stamp > done.start or carries.untracked):
                carries.readonly_after[key] = why
        if not carries.changed and carries.sources:
            self._close_origins(carries, done)

    def settle_objects(self, carries: Carries, entry_env: dict[str, Any], done: Outcome) -> None:
        """A list, dict or object that is carried is another one than those it is made from, at the head and after the
        loop. Where other names refer to those too, none of them may be changed."""
        if not carries.objects:
            return
        live = carries.live_head | carries.live_after
        around = [*self.frame.boxes.values(), *self.outer_values()]

        def counts(state: dict[str, Any], heap: dict[Any, Any]) -> dict[Any, int]:
            return references([*(v for n, v in state.items() if n in live), *around], heap, self.frame)

        before = {obj: contents(obj) for obj in carries.heap}
        entries, backs = counts(entry_env, before), counts(done.env or {}, done.heap)
        for key, back in carries.objects.items():
            entry = self._bound_to(carries, key, entry_env, before)
            shared = backs.get(back, 0) > 1 or (is_mutable(entry) and entries.get(entry, 0) > 1)
            if shared and key not in carries.ambiguous:
                carries.ambiguous.add(key)
                carries.changed = True
            if key in carries.ambiguous:
                self.session.ambiguous.update(v for v in (entry, back) if is_mutable(v))

    def _track(self, carries: Carries, array: Any, done: Outcome) -> None:
        """Follow the memory of an array older than the loop, if it is one."""
        if not isinstance(array, Array) or carries.untracked:
            return
        choice = array.cell.choice
        if array.cell.stamp < done.start:
            if self._source(carries, array) >= 0:
                return
            moving = path_depends_on(array.path, done.defines())
            if moving and not self.is_moving_part(array, done):
                self._give_up_tracking(carries)
                return
            if moving:
                carries.moving.add(len(carries.sources))
            carries.sources.append(array)
            carries.changed = True
        elif choice is not None:
            if array.path:
                self._give_up_tracking(carries)
                return
            self._track(carries, choice.then, done)
            self._track(carries, choice.orelse, done)

    def is_moving_part(self, array: Array, done: Outcome) -> bool:
        """Whether nothing but the integer indices of a view is known only in the loop."""
        indices = row_indices(array, array)
        unmoved = with_indices(array, iter([Const(0, INT)] * len(indices or ())))
        return bool(indices) and not path_depends_on(unmoved.path, done.defines())

    def _source(self, carries: Carries, array: Any) -> int:
        """The number of the source that an array is, or -1."""
        for j, s in enumerate(carries.sources):
            if not isinstance(array, Array) or s.cell is not array.cell:
                continue
            if s.path == array.path or (j in carries.moving and row_indices(s, array) is not None):
                return j
        return -1

    def _at_back(self, carries: Carries, key: Key, done: Outcome) -> Any:
        """What a carried leaf is bound to at the end of an iteration."""
        return self._bound_to(carries, key, done.env or {}, done.heap)

    def _bound_to(self, carries: Carries, key: Key, env: dict[str, Any], heap: dict[Any, Any]) -> Any:
        """What a carried leaf is bound to in a state."""
        found: Any = env
        rest = key
        if key[0] == "@":
            obj = carries.heap[key[1]]
            held = heap.get(obj)
            if isinstance(obj, Cell) or isinstance(held, Rows):
                return None
            found, rest = dict(enumerate(held)) if isinstance(held, (list, tuple)) else held, key[2:]
        for part in rest:
            found = found.value if isinstance(found, Maybe) else found
            parts = found if isinstance(found, dict) else parts_of(found)
            found = (parts or {}).get(part)
        return found.value if isinstance(found, Maybe) else found

    # -- whose memory it is --------------------------------------------------------------------------
    def enter_origins(self, carries: Carries, param: Callable[[Key, Type, Any, str], Value]) -> None:
        """Carry the origins of the arrays, and what was in memory that was given up."""
        lenders = lenders_of([s.entry.cell for s in carries.slots.values() if isinstance(s.entry, Array)])
        for cell in carries.cells.values():
            cell.lenders = lenders
        for key in carries.tracked_keys():
            carries.cells[key].tracked = True
            param(("origin", key), INT, self._source(carries, carries.slots[key].entry), "origin")
            for place in self._moving_indices(carries, carries.plan[key]):
                param((*place, key), INT, 0, "place")
        if carries.given_up and carries.written:
            for j, source in enumerate(carries.sources):
                param(("kept", j), self.array_type(source), source, "kept")

    def _moving_indices(self, carries: Carries, t: Type) -> list[tuple[str, int, int]]:
        """For an array of this type, the source and the number of each index that is carried for it."""
        return [
            ("place", j, n)
            for j in sorted(carries.moving)
            if self.array_type(carries.sources[j]) == t
            for n in range(len(_indices_of(carries.sources[j])))
        ]

    def _close_origins(self, carries: Carries, done: Outcome) -> None:
        keys = carries.tracked_keys()
        backs = {key: self._at_back(carries, key, done) for key in keys}
        heads = {carries.cells[key]: key for key in keys}
        whole = {heads[b.cell] for b in backs.values() if isinstance(b, Array) and b.cell in heads and not b.path}
        written = any(
            cell in done.heap and done.heap[cell][0] is not self._param_of(carries, key, done)
            for cell, key in heads.items()
        )
        if (written, len(whole) < len(keys)) != (carries.written, carries.given_up):
            carries.written |= written
            carries.given_up |= len(whole) < len(keys)
            carries.changed = True
            return
        if carries.moving and carries.written:
            self._give_up_tracking(carries)
            return
        own = {key: self._param_of(carries, ("origin", key), done) for key in keys}

        def origin(array: Array) -> Operand:
            choice, known = array.cell.choice, self._source(carries, array)
            if known >= 0:
                return Const(known, INT)
            if choice is not None:
                then, orelse = origin(choice.then), origin(choice.orelse)
                return then if then is orelse else self.emit("where", choice.cond, then, orelse)
            return own[heads[array.cell]] if array.cell in heads else Const(-1, INT)

        def place(array: Array, slot: tuple[str, int, int]) -> Operand:
            choice = array.cell.choice
            if self._source(carries, array) == slot[1]:
                return _indices_of(array)[slot[2]]
            if choice is not None:
                then, orelse = place(choice.then, slot), place(choice.orelse, slot)
                return then if then is orelse else self.emit("where", choice.cond, then, orelse)
            of_head = (*slot, heads.get(array.cell))
            return self._param_of(carries, of_head, done) if of_head in carries.slots else Const(0, INT)

        for key, back in backs.items():
            if isinstance(back, Array) and not self._trackable(carries, back, heads, done):
                self._give_up_tracking(carries)
                return
            carries.slots[("origin", key)].back = origin(back) if isinstance(back, Array) else own[key]
            for slot in self._moving_indices(carries, carries.plan[key]):
                own_place = self._param_of(carries, (*slot, key), done)
                carries.slots[*slot, key].back = place(back, slot) if isinstance(back, Array) else own_place
        for j in range(len(carries.sources)) if ("kept", 0) in carries.slots else ():
            kept = self._param_of(carries, ("kept", j), done)
            finals = {key: final_version(done.heap, Array(carries.cells[key])) for key in keys}
            carries.slots[("kept", j)].back = self._having(j, [(own[key], finals[key]) for key in keys], kept)

    def _trackable(self, carries: Carries, back: Array, heads: dict[Cell, Key], done: Outcome) -> bool:
        """Whether it is known whose memory an array is at the end of an iteration: not so for a part of a carried
        array, or its elements in another order."""
        if self._source(carries, back) >= 0:
            return True
        choice = back.cell.choice
        if choice is not None and not back.path:
            return all(self._trackable(carries, part, heads, done) for part in (choice.then, choice.orelse))
        if back.cell in heads:
            return not back.path
        # what a loop in this one could not track is read-only since
        return back.cell.stamp > done.start and not any(c.readonly for c in memory_of(back.cell))

    def _give_up_tracking(self, carries: Carries) -> None:
        for key in carries.tracked_keys():
            carries.readonly[key] = SHARED_BY_ITERATION
        merged_readonly(self, [s.cell for s in carries.sources], SHARED_BY_ITERATION)
        carries.sources, carries.locked, carries.untracked, carries.changed = [], {}, True, True
        carries.moving = set()

    def _param_of(self, carries: Carries, key: Key, done: Outcome) -> Value:
        params = done.region.params
        return params[len(params) - len(carries.slots) + list(carries.slots).index(key)]

    def _having(self, j: int, arrays: Sequence[tuple[Operand, Array]], otherwise: Value) -> Value:
        """The contents of the array that has the memory of source `j`."""
        out = otherwise
        for origin, array in reversed(arrays):
            if self.array_type(array) != out.type:  # so it has other memory
                continue
            out = self._either(self.emit("eq", origin, Const(j, INT)), array, out)
        return out

    def _either(self, cond: Operand, array: Array, otherwise: Value) -> Value:
        value: Value = self.choose(cond, lambda: self.read(array), lambda: otherwise)
        return value

    # -- after the loop ------------------------------------------------------------------------------
    def unlock(self, carries: Carries) -> None:
        for cell, readonly in carries.locked.items():
            self.session.touch(cell)
            cell.readonly = readonly

    def leave_origins(self, carries: Carries, results: dict[Key, Value]) -> None:
        """Give the sources their contents, and make the arrays choices between them."""
        keys = carries.tracked_keys()
        origins = {key: results[("origin", key)] for key in keys}
        if carries.written:
            for j, source in enumerate(carries.sources):
                if any(c.readonly for c in memory_of(source.cell)) or any(step.readonly for step in source.path):
                    continue
                alike = [key for key in keys if results[key].type == self.array_type(source)]
                having = [(origins[key], Array(Cell(results[key], stands_in=True))) for key in alike]
                kept = results.get(("kept", j))
                if kept is None:  # one of them has it
                    kept = results[alike[-1]]
                    having.pop()
                new = self._having(j, having, kept)
                self.set_view(source, new)
        for key in keys:
            array = Array(Cell(results[key], stands_in=True))
            for j, source in enumerate(carries.sources):
                if self.array_type(source) != results[key].type:
                    continue
                if j in carries.moving:
                    places = [
                        results[*slot, key] for slot in self._moving_indices(carries, results[key].type) if slot[1] == j
                    ]
                    source = with_indices(source, iter(places))
                test = self.emit("eq", origins[key], Const(j, INT))
                choice = choice_between(self, test, source, array, carries)
                array = Array(Cell(results[key], choice=choice))
            if key in carries.cells:
                carries.cells[key].choice = array.cell.choice
                if carries.cells[key].readonly == SHARED_BY_ITERATION and key not in carries.readonly_after:
                    carries.cells[key].readonly = ""
