"""Branches and loops: structured ops from abstract states.

`Control.branch` builds an `if` from two pieces of work; `loops.py` builds loops. Jumps are pseudo-variables of the
frame (``$break``, ``$continue``, ``$return`` and the value ``$value``), merged like any other name:
static while the jump is certain, run-time bools where it depends on the path.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import NeedsStatic, PullbackValueError, UnsupportedError
from ..ir.nodes import Const, Loc, Op, Operand, Region, Value
from ..paths import Path
from . import fence
from .alternatives import is_alternative, one_of
from .context import Context, DeadCode, describe
from .liveness import EMPTY, Liveness, Names, reads_beside, reads_once
from .merging import DEAD, Join, Outcome
from .session import contents, set_contents
from .values import (
    UNDEFINED,
    Array,
    Cell,
    DictValue,
    ListValue,
    Maybe,
    Opaque,
    RecordValue,
    Rows,
    StackedItems,
    StackedList,
    UserFunction,
    is_namedtuple,
    is_scalar,
    is_static,
)

COMPREHENSION = "<comprehension>"  # the name of its frame
JUMPS = ("$break", "$continue", "$return")


@dataclass(eq=False)
class Frame:
    """One activation of a user's function."""

    name: str
    file: str
    fn: Any = None  # the Python function, for its globals and closure
    parent: Frame | None = None  # the frame a nested function was defined in
    locals: Names = EMPTY
    node: ast.AST | None = None  # the function
    live: Liveness = field(default_factory=Liveness)
    env: dict[str, Any] = field(default_factory=dict)
    live_out: Names = EMPTY  # names read after the current statement list
    loop_live: Names = EMPTY  # names read after a jump of the innermost loop
    iterated: list[Any] = field(default_factory=list)  # what the `for` loops that are being built iterate over
    path: Path | None = None  # where `fn` is found
    cited: Loc | None = None  # inside functions of numpy_library: where the user called them
    first: Any = None  # the first argument: `self` of a method
    owner: type | None = None  # the class of a method, where the program defines it
    outer_names: Names = EMPTY  # declared nonlocal here
    boxes: dict[str, ListValue] = field(default_factory=dict)  # what nested functions declare nonlocal, in lists of one
    inlined: dict[Any, Any] = field(default_factory=dict)  # loops over generators as statements (see generators.py)
    read_once_too: Names = EMPTY  # of the names in these
    statement: ast.stmt | None = None  # that is being built
    call: ast.Call | None = None  # the innermost call in it whose arguments have been evaluated

    @property
    def read_once(self) -> Names:
        """The names read at most once for each time that they are bound."""
        return self.read_once_too if self.node is None else reads_once(self.node) | self.read_once_too

    def enclosing(self) -> list[Frame]:
        """The frames whose names are visible in this one."""
        return [] if self.parent is None else [self.parent, *self.parent.enclosing()]

    def held(self) -> list[Any]:
        """What its variables hold."""
        return [*self.env.values(), *self.boxes.values()]

    def read_later(self) -> list[Any]:
        """What this frame may still read after the call that it waits for."""
        if self.statement is None or self.call is None:
            return self.held()
        names = self.live.after.get(id(self.statement), EMPTY) | reads_beside(self.statement, self.call)
        return [*(v for n, v in self.env.items() if n in names or not n.isidentifier()), *self.boxes.values()]


class Control(Context):
    """Building of regions. `frames` is the stack of activations."""

    frames: list[Frame]
    argument_cells: list[Any]
    owned_arguments = 0  # so many of them, the first ones, nobody looks at after the call

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def location(self, node: ast.AST) -> Loc:
        """The place in the user's source that a node stands for."""
        file = getattr(node, "file", None)  # of a generator, whose statements stand in a loop over it
        return fence.location(node, file) if file else self.frame.cited or fence.location(node, self.frame.file)

    @property
    def env(self) -> dict[str, Any]:
        return self.frame.env

    @contextmanager
    def living(self, live_out: Names, loop_live: Names | None = None) -> Iterator[None]:
        """Set what is read after the statement list built inside."""
        frame = self.frame
        old = frame.live_out, frame.loop_live
        frame.live_out = live_out
        if loop_live is not None:
            frame.loop_live = loop_live
        try:
            yield
        finally:
            frame.live_out, frame.loop_live = old

    def isolated(self, region: Region, work: Callable[[], Any]) -> Outcome:
        """Do `work` in a region, take its final state, and undo it."""
        frame = self.frame
        saved = dict(frame.env)
        depth = len(self.frames)
        env: dict[str, Any] | None
        with self.session.trial() as journal:
            try:
                with self.b.into(region):
                    work()
                env = dict(frame.env)
            except DeadCode:
                env = None
            finally:
                del self.frames[depth:]
                final = {obj: contents(obj) for obj in journal.old}
                frame.env.clear()
                frame.env.update(saved)
        return Outcome(region, env, final, journal.start)

    def outer_values(self) -> list[Any]:
        """What is reachable from outside the current frame and may be looked at later: of the calling frames,
        what is still read there; of the arguments, what the caller of the program sees."""
        out: list[Any] = [*self.argument_cells[self.owned_arguments :], *self.iterables()]
        enclosing = [f for frame in self.frames for f in frame.enclosing()]
        for frame in self.frames[:-1]:
            out.extend(frame.held() if frame in enclosing else frame.read_later())
        return out + [v for frame in self.frame.enclosing() if frame not in self.frames for v in frame.held()]

    def closure_values(self) -> list[Any]:
        """What is visible in the current function by other names than its own: what functions around it hold, and
        what its loops have yet to come to."""
        return [v for frame in self.frame.enclosing() for v in frame.held()] + self.iterables()

    def iterables(self) -> list[Any]:
        return [v for frame in self.frames for v in frame.iterated]

    def supposing(self, cond: Operand, holds: bool, work: Callable[[], Any]) -> Callable[[], None]:
        """`work` where `cond` is known to hold, or not to."""

        def known() -> None:
            session = self.session
            before = session.known
            session.known = {**before, **dict(_implied(cond, holds))}
            try:
                work()
                self.env.update({n: self.resolved(v) for n, v in self.env.items() if isinstance(v, Maybe)})
            finally:
                session.known = before

        return known

    def branch(self, cond: Operand, then: Callable[[], Any], orelse: Callable[[], Any], live: Names | None) -> None:
        """``if cond: then() else: orelse()`` at run time; merges the states for the names in `live`
        (all names when None)."""
        if isinstance(cond, Const):
            (then if cond.value else orelse)()
            return
        loc = self.b.loc
        a = self.isolated(Region(), self.supposing(cond, True, then))
        b = self.isolated(Region(), self.supposing(cond, False, orelse))
        op = Op("if", [cond], {}, [], [a.region, b.region], loc)
        if a.env is None and b.env is None:
            self.b.region.ops.append(op)
            raise DeadCode
        with self.b.at(loc):
            self.merge(op, cond, a, b, live)
        if op.results or a.region.ops or b.region.ops:
            self.b.region.ops.append(op)

    def merge(self, op: Op, cond: Operand, a: Outcome, b: Outcome, live: Names | None) -> None:
        """Make the state after the `if` from the outcomes of its branches."""
        join = Join(self, op, cond, a, b)
        env_a, env_b = a.env, b.env
        names = list(dict.fromkeys([*(env_a or {}), *(env_b or {})]))
        merged: dict[str, Any] = {}
        for name in names:
            default = False if name in JUMPS else UNDEFINED
            va = DEAD if env_a is None else env_a.get(name, default)
            vb = DEAD if env_b is None else env_b.get(name, default)
            if va is vb and not isinstance(va, (Value, Array)):
                merged[name] = va
            elif live is None or name in live or name.startswith("$"):
                merged[name] = join.value(va, vb, name)
            elif va is vb:
                merged[name] = va
        touched = list(dict.fromkeys([*a.heap, *b.heap]))
        old = [obj for obj in touched if obj.stamp < min(a.start, b.start)]
        new_contents = [(obj, self._merge_heap(join, obj, a, b)) for obj in old]
        kept = [n for n in names if n in merged]
        # what a changed container held at the end of a branch is reached through it, and merged as a name is
        held_a, held_b = (
            [
                tuple(what.values()) if isinstance(what, dict) else what
                for what in (x.heap.get(obj, contents(obj)) for obj in old if not isinstance(obj, Cell))
            ]
            for x in (a, b)
        )
        boxes = self.frame.boxes.values()
        lasting, outer = [n for n in names if live is None or n in live or n[0] == "$"], self.outer_values()
        roots_a, roots_b = ([env[n] for n in lasting if env and n in env] for env in (env_a, env_b))
        join.settle_objects([*roots_a, *boxes, *outer], [*roots_b, *boxes, *outer], self.frame)
        self.env.clear()
        self.env.update({k: v for k, v in merged.items() if v is not UNDEFINED})
        for obj, what in new_contents:
            self.session.touch(obj)
            set_contents(obj, what)
        join.settle(
            [*(env_a[n] for n in kept if env_a and n in env_a), *boxes, *held_a],
            [*(env_b[n] for n in kept if env_b and n in env_b), *boxes, *held_b],
            outer,
            self.frame,
        )

    def _merge_heap(self, join: Join, obj: Any, a: Outcome, b: Outcome) -> Any:
        """Contents, after the branches, of an object that was mutated in one of them."""
        before = contents(obj)
        ca: Any = a.heap.get(obj, before) if a.env is not None else DEAD
        cb: Any = b.heap.get(obj, before) if b.env is not None else DEAD
        live = cb if ca is DEAD else ca
        if isinstance(obj, Cell):
            hint = obj.name or obj.current.hint
            va = None if ca is DEAD else ca[0]
            vb = None if cb is DEAD else cb[0]
            readonly = (ca[1] if ca is not DEAD else "") or (cb[1] if cb is not DEAD else "")
            return (va if va is vb else join.result(obj.current.type, hint, va, vb), readonly)
        if isinstance(ca, Rows) or isinstance(cb, Rows):
            if ca is DEAD or cb is DEAD:
                counts = [x if x is DEAD else x.count for x in (ca, cb)]
                count = join.value(counts[0], counts[1], "count")
                return replace(live, count=count)
            return self.merged_rows(join, ca, cb)
        if isinstance(obj, ListValue):
            if ca is not DEAD and cb is not DEAD and len(ca) != len(cb):
                self.grows(obj, max(ca, cb, key=len), join.inside)
                return self.merged_rows(join, ca, cb)
            pairs = zip(live if ca is DEAD else ca, live if cb is DEAD else cb, strict=True)
            return [join.value(DEAD if ca is DEAD else x, DEAD if cb is DEAD else y, "item") for x, y in pairs]
        assert isinstance(obj, (DictValue, RecordValue))
        if ca is not DEAD and cb is not DEAD and list(ca) != list(cb):
            if isinstance(obj, RecordValue):
                missing = sorted(map(str, set(ca) ^ set(cb)))
                self._refuse(f"an object gets {missing[0]!r} on one path only", "set the same attributes on both paths")
            self._refuse("a dict has different keys on two paths", "set the same keys on both paths")
        return {k: join.value(DEAD if ca is DEAD else ca[k], DEAD if cb is DEAD else cb[k], str(k)) for k in live}

    def grows(self, target: ListValue, items: Any, inside: set[Value]) -> None:
        raise NotImplementedError

    def merged_rows(self, join: Join, a: Rows | list[Any], b: Rows | list[Any]) -> Rows:
        raise NotImplementedError

    def _refuse(self, message: str, hint: str) -> None:
        raise NeedsStatic(message, self.loc, hint)

    # -- conditions ---------------------------------------------------------------------------
    def truth(self, v: Any) -> Any:
        """``bool(v)``: a static bool or a run-time one."""
        if isinstance(v, Const):
            return bool(v.value)
        if isinstance(v, ListValue) and isinstance(v.content, Rows):
            return self.truth(self.emit("gt", self.operand(v.content.count), 0))
        if isinstance(v, StackedList):
            return self.truth(self.emit("gt", self.operand(self.shape(v)[0]), 0))
        if isinstance(v, StackedItems):
            return self.truth(self.emit("gt", self.operand(v.rows.count), 0))
        if isinstance(v, (ListValue, DictValue)):
            return bool(v.items)
        if isinstance(v, tuple):
            return bool(v)
        if isinstance(v, Maybe):
            v = self.resolved(v)
            if not isinstance(v, Maybe):
                return self.truth(v)
            maybe = v
            return self.choose(maybe.bound, lambda: self.truth(maybe.value), lambda: self.truth(maybe.absent))
        if isinstance(v, Array):
            t = self.array_type(v)
            if all(d == 1 for d in t.shape):
                return self.truth(self.emit("reshape", self.read(v), shape=()))
            self.error(
                PullbackValueError,
                "the truth value of an array with more than one element is ambiguous",
                "use .any() or .all(), or np.where to choose elementwise",
            )
        if is_scalar(v) and not is_static(v):
            x = self.operand(v)
            return x if x.type.is_bool else self.emit("ne", x, 0)
        if isinstance(v, (RecordValue, Opaque)):
            return self._truth_of_object(v)
        if isinstance(v, UserFunction):
            return True
        if not is_static(v):
            self.error(UnsupportedError, f"the truth value of {describe(v)} is not known", "compare explicitly")
        return bool(v)

    def _truth_of_object(self, v: RecordValue | Opaque) -> Any:
        if is_alternative(v):
            return one_of(self, v, self.truth, lambda _: True, "the truth value of this")
        cls = v.cls if isinstance(v, RecordValue) else type(v.obj)
        if isinstance(v, RecordValue) and is_namedtuple(cls):
            return bool(v.fields)
        for name in ("__bool__", "__len__"):
            if hasattr(cls, name):
                return self.truth(self.call(self.attribute(v, name), [], {}))
        return True

    def attribute(self, owner: Any, name: str) -> Any:
        raise NotImplementedError

    def either(self, flags: list[Any]) -> Any:
        """The disjunction of static and run-time bools."""
        if any(f is True for f in flags):
            return True
        live = [f for f in flags if f is not False]
        if not live:
            return False
        out = live[0]
        for f in live[1:]:
            out = self.emit("logical_or", out, f)
        return out

    def every(self, flags: Iterable[Any]) -> Any:
        """The conjunction of static and run-time bools; what follows a static False is not asked for."""
        out: Any = True
        for f in flags:
            if f is False:
                return False
            if f is not True:
                out = f if out is True else self.emit("logical_and", out, f)
        return out

    def negation(self, flag: Any) -> Any:
        """``not`` of a static or run-time bool."""
        return (not flag) if isinstance(flag, bool) else self.emit("logical_not", flag)

    def jumped(self) -> Any:
        """Whether control has left the current statement list."""
        return self.either([self.env.get(j, False) for j in JUMPS])

    def choose(self, cond: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        """``then() if cond else orelse()`` as a value; only one is built when `cond` is static."""
        if isinstance(cond, bool):
            return then() if cond else orelse()
        name = "$result"
        outer = self.env.get(name, UNDEFINED)

        def set_to(make: Callable[[], Any]) -> Callable[[], None]:
            def work() -> None:
                self.env[name] = make()

            return work

        self.branch(cond, set_to(then), set_to(orelse), None)
        value = self.env.pop(name)
        if outer is not UNDEFINED:
            self.env[name] = outer
        return self.bound(value)


def _implied(cond: Operand, holds: bool) -> Iterator[tuple[Operand, bool]]:
    """What is known of conditions where `cond` holds, or does not."""
    yield cond, holds
    op = cond.op if isinstance(cond, Value) else None
    if op is None:
        return
    if op.opcode == "logical_not":
        yield from _implied(op.operands[0], not holds)
    elif op.opcode == ("logical_and" if holds else "logical_or"):
        for x in op.operands:
            yield from _implied(x, holds)
