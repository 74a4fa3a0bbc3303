"""What a loop carries, as its head, its back edge and its exit see it.

Every value of the head state stands under a key: the name, and the way to the part. What is under a key may be carried
as a number or an array (`Carries.plan`), as the index of a row (`rows`), as the number of one of a few functions
(`alternatives`), with a flag of whether it is there (`templates`), or not at all: it is what it was before the loop.
The head makes region parameters for what is carried, the exit has results in their place. The back edge compares what
an iteration leaves with what it found, and where these are not alike adds to what is carried, for another pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import NeedsStatic
from ..ir.dims import Dim
from ..ir.nodes import Value, as_dim
from ..ir.types import BOOL, INT
from .alternatives import alternative, is_alternative, numbered
from .context import describe
from .growing import Growing
from .merging import coerce, same_static, unify
from .moves import Carries, Key, is_made_after, parts_of, row_indices, with_indices
from .session import contents, set_contents
from .sharing import final_version, is_mutable, merged_readonly, rebuilt
from .shrinking import Shrinks, is_new, loss
from .values import UNDEFINED, Array, Cell, Conflict, ListValue, Maybe, Rows, is_operand, is_scalar, is_static

FILL = object()  # an entry value that does not matter
MAX_PASSES = 12


class Peel(Exception):  # noqa: N818
    """The types after the first iteration are not those before it, or what may be one object before it is not after
    it."""


def _same_leaf(carries: Carries, head: Any, back: Any) -> bool:
    """Whether a leaf is what it was, or a container that the loop does not make. One that it makes at the head
    may hold something else by now."""
    return head is back and (not carries.made or parts_of(head) is None)


def _is_jump(key: Key) -> bool:
    return isinstance(key[0], str) and key[0].startswith("$")


def _name(key: Key) -> str:
    return str(key[0]).lstrip("$@") or "an item"


class LoopStates(Growing):
    # -- the head, and the exit -------------------------------------------------------------------
    def _set_heap(self, carries: Carries, param: Any) -> None:
        """Give the changed objects what they hold at the head (or at the exit): made from what all hold before."""
        held = [(obj, self._head_contents(carries, obj, k, param)) for k, obj in enumerate(carries.heap)]
        for obj, what in held:
            self.session.touch(obj)
            set_contents(obj, what)

    def _head_contents(self, carries: Carries, obj: Any, k: int, param: Any) -> Any:
        """Contents of a mutated object at the head (or, with results for parameters, at the exit)."""
        now = contents(obj)
        key: Key = ("@", k)
        if isinstance(obj, Cell):
            return (param(key, obj.current.type, now[0], obj.name or obj.current.hint), now[1])
        if isinstance(now, Rows):
            return replace(now, count=self._head(carries, now.count, (*key, "count"), param), taken=0)
        if isinstance(obj, ListValue):
            return [self._head(carries, x, (*key, i), param) for i, x in enumerate(now)]
        return {name: self._head(carries, x, (*key, name), param) for name, x in now.items()}

    def _head(self, carries: Carries, entry: Any, key: Key, param: Any) -> Any:
        if key in carries.conflicts:
            return Conflict(carries.conflicts[key])
        if key in carries.templates:
            absent = carries.absent[key]
            nothing = entry is UNDEFINED or entry is absent
            inner = FILL if nothing else entry.value if isinstance(entry, Maybe) else entry
            value = self._leaves(carries, inner, carries.templates[key], key, param)
            if absent is UNDEFINED and _is_jump(key):
                return value
            flag = False if nothing else entry.bound if isinstance(entry, Maybe) else True
            name = f"{key[0]}_{'bound' if absent is UNDEFINED else 'given'}".lstrip("$@")
            return Maybe(value, param((*key, "?"), BOOL, flag, name), absent)
        if entry is UNDEFINED or isinstance(entry, (Maybe, Conflict)):
            return entry
        return self._leaves(carries, entry, entry, key, param)

    def _leaves(self, carries: Carries, entry: Any, template: Any, key: Key, param: Any) -> Any:
        if key in carries.alternatives:
            found = None if entry is FILL else numbered(self, entry)
            number = param((*key, "number"), INT, 0 if found is None else found[0], _name(key))
            return alternative(number, carries.alternatives[key])
        if carries.rows.get(key):
            place = template if entry is FILL else entry
            inits = [0 if entry is FILL else x for step in place.path for x in step.operands]
            name = f"{key[0]}_index".lstrip("$@")
            return with_indices(template, iter([param((*key, "#", n), INT, x, name) for n, x in enumerate(inits)]))
        if key in carries.plan:
            t = carries.plan[key]
            p = param(key, t, entry, str(key[0]).lstrip("$@"))
            if not t.shape and (not isinstance(template, Array) or key in carries.numbers):
                if isinstance(entry, Array):
                    self.session.numbers[p] = entry
                return p
            carries.cells[key] = Cell(p, str(key[0]), carries.readonly.get(key, ""), stands_in=True)
            return Array(carries.cells[key])
        parts = parts_of(template)
        if parts is None or not (
            key in carries.renewed
            or (entry is FILL and is_made_after(carries.start, template))
            or any(
                len(k) > len(key) and k[: len(key)] == key
                for k in (*carries.plan, *carries.rows, *carries.templates, *carries.conflicts, *carries.renewed)
            )
        ):
            return template if entry is FILL else entry
        entries = parts_of(entry) if entry is not FILL else None
        new = {
            k: self._head(carries, entries[k], (*key, k), param)
            if entries is not None
            else self._leaves(carries, FILL, x, (*key, k), param)
            for k, x in parts.items()
        }
        made = rebuilt(template, new)
        if is_mutable(made):
            carries.made[made] = dict(new)
            self.session.made_from(made, template if entry is FILL else entry)
            if key in carries.ambiguous:
                self.session.ambiguous.add(made)
        return made

    # -- the back edge -----------------------------------------------------------------------------
    def _close(self, carries: Carries, head: Any, back: Any, key: Key, done: Any) -> None:
        """Compare the state at the end of the body with that at the head; fill slots or grow the plan."""
        if key in carries.conflicts:
            return
        if isinstance(back, Conflict):
            self._conflict(carries, key, back.reason)
            return
        if key in carries.templates:
            absent = carries.absent[key]
            if back is UNDEFINED and _is_jump(key):
                return  # nothing was returned: what is carried does not matter
            if (isinstance(back, Maybe) and back.absent is not absent) or (back is UNDEFINED and absent is None):
                self._conflict(carries, key, f"{_name(key)} is {describe(back)} after an iteration of this loop")
                return
            bv, bf = (back.value, back.bound) if isinstance(back, Maybe) else (back, True)
            if back is absent:
                bv, bf = (head.value if isinstance(head, Maybe) else head), False
            if isinstance(head, Maybe):
                carries.slots[(*key, "?")].back = self.operand(bf)
                head = head.value
            self._close_leaves(carries, head, bv, key, done)
            return
        if _same_leaf(carries, head, back):
            return
        missing = [x.absent if isinstance(x, Maybe) else x for x in (head, back)]
        missing = [x for x in missing if x is None or x is UNDEFINED]
        if missing:
            self._sometimes(carries, head, back, key, missing, done)
            return
        self._close_leaves(carries, head, back, key, done)

    def _sometimes(self, carries: Carries, head: Any, back: Any, key: Key, missing: list[Any], done: Any) -> None:
        """Carry, beside a value that is not there at every iteration, whether it is."""
        if None in missing and carries.peelable:
            raise Peel
        if None in missing and UNDEFINED in missing and not _is_jump(key):
            self._conflict(carries, key, f"{_name(key)} is {describe(head)} before an iteration of this loop")
            return
        source = head if back is UNDEFINED or back is None else back
        template = source.value if isinstance(source, Maybe) else source
        carries.templates[key] = template
        carries.absent[key] = None if None in missing else UNDEFINED
        self._plan_all(carries, template, key, done, head.value if isinstance(head, Maybe) else None)
        carries.changed = True

    def _close_leaves(self, carries: Carries, head: Any, back: Any, key: Key, done: Any) -> None:
        name = str(key[0]).lstrip("$@")
        if self.is_rank_0(back) and is_scalar(head):
            back = self.read(final_version(done.heap, back))
        if self.is_rank_0(head) and is_scalar(back) and key not in carries.numbers:
            carries.numbers.add(key)
            carries.plan[key] = self.type(head)
            carries.changed = True
            return
        if key in carries.plan:
            t = carries.plan[key]
            if is_scalar(back) and not t.shape:
                wider = unify(t, self.type(back))
                assert wider is not None
                if wider != t:
                    runs = carries.count is not None and carries.count.is_const and carries.count.const > 0
                    self.session.widened += wider.is_float and not t.is_float and not runs
                    carries.plan[key] = wider
                    carries.changed = True
                else:
                    carries.slots[key].back = coerce(self, self.operand(back), t)
            elif isinstance(back, Array) and isinstance(head, Array):
                tb = self.array_type(back)
                if tb != t:
                    self._conflict(carries, key, f"{name} is {t} before an iteration of this loop and {tb} after it")
                else:
                    carries.slots[key].back = self.read(final_version(done.heap, back))
            else:
                self._conflict(
                    carries, key, f"{name} is {describe(back)} after an iteration of this loop, and {t} before it"
                )
            return
        if key in carries.alternatives:
            found = numbered(self, back)
            if found is None:
                del carries.alternatives[key]
                self._conflict(carries, key, f"{name} is {describe(back)} after an iteration of this loop")
            else:
                self.session.constants_by_path.join(carries.alternatives[key], found[1])
                carries.slots[(*key, "number")].back = coerce(self, self.operand(found[0]), INT)
            return
        if is_alternative(head) and is_alternative(back):
            self.session.constants_by_path.join(head.fields["group"], back.fields["group"])
        if _same_leaf(carries, head, back):
            return
        parts_h = carries.made[head] if is_mutable(head) and head in carries.made else parts_of(head)
        with self.session.holding({back: done.heap[back]} if is_mutable(back) and back in done.heap else {}):
            parts_b = parts_of(back)
        if parts_h is not None and parts_b is not None and type(head) is type(back):
            if list(parts_h) != list(parts_b):
                self._conflict(carries, key, f"{name} has another length after an iteration of this loop")
                return
            if is_mutable(back):
                if head is back and head not in carries.made:
                    return
                carries.objects[key] = back
                if key not in carries.renewed and any(key[: n + 1] in carries.templates for n in range(len(key))):
                    carries.renewed.add(key)
                    carries.changed = True
            for k in parts_h:
                self._close(carries, parts_h[k], parts_b[k], (*key, k), done)
            return
        if is_scalar(head) and is_scalar(back):
            if not is_operand(head) and not is_operand(back) and same_static(head, back):
                return
            t2 = unify(self.type(head), self.type(back))
            assert t2 is not None
            carries.plan[key] = t2
            carries.changed = True
            return
        if isinstance(head, Array) and isinstance(back, Array):
            indices = row_indices(head, back)
            if carries.rows.get(key):
                if indices is None:
                    carries.rows[key], carries.changed = False, True
                    if key in carries.templates:
                        self._plan_all(carries, carries.templates[key], key, done)
                    return
                for n, (_, x) in enumerate(indices):
                    carries.slots[(*key, "#", n)].back = coerce(self, x, INT)
                return
            if head.cell is back.cell and head.path == back.path:
                return
            if indices and carries.rows.get(key, True):
                carries.rows[key] = carries.changed = True
                return
            th, tb = self.array_type(head), self.array_type(back)
            if th != tb:
                shrinks = carries.shrinkable and len(key) == 1 and is_new(back, carries.start)
                lost = loss(th, tb) if shrinks else None
                if lost is not None:
                    raise Shrinks(
                        str(key[0]), *lost, f"{name} is {th} before an iteration of this loop and {tb} after it"
                    )
                self._conflict(carries, key, f"{name} is {th} before an iteration of this loop and {tb} after it")
                return
            carries.plan[key] = th
            carries.changed = True
            return
        if is_static(head) and is_static(back) and same_static(head, back):
            return
        if carries.passes < MAX_PASSES // 2 and (found := numbered(self, head)) and numbered(self, back):
            carries.alternatives[key] = found[1]
            carries.changed = True
            return
        self._conflict(
            carries, key, f"{name} is {describe(head)} before an iteration of this loop and {describe(back)} after it"
        )

    def _plan_all(self, carries: Carries, template: Any, key: Key, done: Any, entry: Any = None) -> None:
        """Carry every run-time leaf of a value first bound inside the loop. `entry`: what is there before the loop, on
        some paths."""
        if isinstance(template, Array) and isinstance(entry, Array) and row_indices(template, entry) is None:
            carries.rows[key] = False
        if is_mutable(template) and not is_made_after(carries.start, template):
            return  # as long as it is this very object
        if isinstance(template, (Value, Array)) or is_scalar(template):
            t = self.type(template)
            inside = done.defines()
            if isinstance(template, Array) and template.cell.stamp < done.start and carries.rows.get(key, True):
                if self.is_moving_part(template, done):
                    carries.rows[key] = True
                    return
            if any(v in inside for d in t.shape for v in d.values()):
                self._conflict(carries, key, f"the shape of {key[0]} is known only inside the loop")
            else:
                carries.plan[key] = t
            return
        if isinstance(template, ListValue) and isinstance(template.content, Rows):
            self._conflict(carries, key, f"{_name(key)} is a list of run-time length that is made in this loop")
            return
        for k, x in (parts_of(template) or {}).items():
            self._plan_all(carries, x, (*key, k), done, (parts_of(entry) or {}).get(k))

    def _conflict(self, carries: Carries, key: Key, reason: str) -> None:
        if carries.peelable:
            raise Peel
        root = key[:1] if key[0] != "@" else key
        if root[0] == "@":
            raise NeedsStatic(
                reason, self.loc, "use an array of fixed shape, or a loop with a known number of iterations"
            )
        if self._unrollable:
            raise NeedsStatic(reason, self.loc)
        carries.conflicts[root] = reason
        carries.changed = True

    _unrollable = False

    def _close_object(self, carries: Carries, obj: Any, done: Any) -> None:
        """An object older than the loop that the body mutated."""
        if obj not in carries.heap:
            if isinstance(obj, Cell) and done.heap[obj][0] is obj.current and done.heap[obj][1] == obj.readonly:
                return
            carries.heap.append(obj)
            carries.changed = True
            return
        k = carries.heap.index(obj)
        key: Key = ("@", k)
        final = done.heap[obj]
        if isinstance(obj, Cell):
            carries.slots[key].back = final[0]
            if final[1] and not obj.readonly:
                merged_readonly(self, [obj], final[1])
            return
        entry = contents(obj)
        if isinstance(entry, Rows) and isinstance(final, Rows):
            carries.bounds[obj] = self.bound_after(obj, entry, final, carries, done)
            self._gain(carries, obj, (*key, "count"), final.count, done)
            parts: Any = {"count": final.count}
        elif isinstance(obj, ListValue) and (
            isinstance(entry, Rows) or isinstance(final, Rows) or len(entry) != len(final)
        ):
            counted = all(counted for start, counted in self.session.levels if start > obj.stamp)
            count = carries.count if counted and not carries.short else None
            self.check_growth(obj, entry, final, count, done.defines())
        else:
            parts = dict(enumerate(final)) if isinstance(obj, ListValue) else final
            before = dict(enumerate(entry)) if isinstance(obj, ListValue) else entry
            if list(parts) != list(before):
                raise NeedsStatic(
                    "a list or dict changes its length in a loop", self.loc, "set all its keys before the loop"
                )
        heads = self._object_heads(carries, obj, k)
        for name, x in parts.items():
            self._close(carries, heads[name], x, (*key, name), done)

    def _gain(self, carries: Carries, obj: Any, key: Key, count: Any, done: Any) -> None:
        """Note how many items a list gets in each iteration, where they are as many in all."""
        carries.gains.pop(obj, None)
        if carries.count is None or key not in carries.slots or not isinstance(count, Value):
            return
        head = done.region.params[1 + list(carries.slots).index(key)]
        gain = as_dim(count) - Dim.of(head)
        if not done.defines().intersection(gain.values()):
            carries.gains[obj] = gain

    def _object_heads(self, carries: Carries, obj: Any, k: int) -> dict[Any, Any]:
        """What the parts of a container were at the head: slots where carried, else the entry's."""
        before = contents(obj)
        if isinstance(before, Rows):
            before = {"count": before.count}
        elif isinstance(obj, ListValue):
            before = dict(enumerate(before))
        cells = dict(carries.cells)
        heads = {
            name: self._head(carries, x, ("@", k, name), lambda key, t, entry, hint: Value(t, hint))
            for name, x in before.items()
        }
        carries.cells = cells
        return heads
