"""Loops: what is carried from one iteration to the next is found by fixpoint.

A name is carried when the body binds it and its value is read by the next iteration or after the loop; an
array when the body writes it. A carried number starts with the type it has before the loop and is
widened (int to float) until the body gives back the type it got; what cannot be widened (a shape
that changes, a list that grows) is a `NeedsStatic`, upon which a loop with a known trip count is unrolled. What is
carried, and how, is in `loop_states`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import EmptyListError, InternalError, NeedsOneOwner, NeedsStatic, PullbackTypeError
from ..ir.dims import Dim
from ..ir.nodes import Op, Operand, Region, Value
from ..ir.types import INT, Type
from .context import DeadCode
from .control import JUMPS
from .growing import Grow
from .liveness import Names
from .loop_states import FILL, MAX_PASSES, LoopStates, Peel
from .merging import coerce, filler
from .moves import Carries, Key, Slot, holds_none
from .segments import segmented
from .session import contents, same_contents
from .values import UNDEFINED, Maybe, is_number, next_stamp


class EffectInTest(Exception):  # noqa: N818
    """The test of a `while` loop writes to an array or a container."""


@dataclass(slots=True)
class Body:
    """How a loop runs: `work` builds one iteration, from the head state. `index` is the type of the
    leading region parameter, or None for `while`."""

    work: Callable[[Value | None], None]
    test: Callable[[], Any] | None = None  # of `while`
    bounds: tuple[Operand, Operand, Operand] | None = None  # of `for`
    certain: bool = False  # the first iteration always happens
    range_facts: tuple[Dim, Dim] | None = None
    index_hint: str = "i"
    segment: Any = None  # see `segments`
    count: Dim | None = None  # of the iterations of a `for`, in which lists may grow
    short: bool = False  # there are few iterations: unroll them rather than let a list grow
    peelable: bool = False  # raise `Peel` where the first iteration may change what is not known
    shrinkable: bool = False  # raise `Shrinks` where an array loses elements in an iteration


class Loops(LoopStates):
    def run_loop(self, body: Body, assigned: Names, live_head: Names, live_after: Names) -> None:
        """Build a loop; afterwards the state is that at its exit."""
        loc = self.b.loc
        entry_env = dict(self.env)
        jumps = [n for n in ("$return", "$value", "$break") if n in assigned]
        names = [n for n in sorted(assigned) if not n.startswith("$") and (n in live_head or n in live_after)]
        carries = Carries(
            [*names, *jumps], live_head, live_after, body.peelable, body.count, body.range_facts, body.short
        )
        carries.start = next_stamp()
        carries.shrinkable = body.shrinkable
        for n in names:
            v = entry_env.get(n, UNDEFINED)
            if n in live_head and (is_number(v) or isinstance(v, Dim)):
                carries.plan[(n,)] = self.type(v)
        inlined = self.session.inlined
        for _ in range(MAX_PASSES):
            carries.changed = False
            carries.passes += 1
            changes = self.session.constants_by_path.changes
            self.session.inlined = dict(inlined)  # what the passes before built is dropped
            try:
                with self.b.at(loc):
                    built = self._pass(body, carries, entry_env, live_head)
            except PullbackTypeError as e:
                # a name may be None only as long as it is not known what the body makes of it
                if not any(holds_none(v) for v in entry_env.values()):
                    raise
                if body.peelable:
                    raise Peel from e
                if self._unrollable:
                    raise NeedsStatic(e.message, e.loc, e.hint) from e
                raise
            except NeedsOneOwner as e:
                if body.peelable:
                    raise Peel from e
                raise
            except EmptyListError as e:
                if body.peelable:
                    raise Peel from e
                if self._unrollable or body.count is not None:
                    raise NeedsStatic(e.message, e.loc, e.hint) from e
                raise
            grown = self.session.constants_by_path.changes > changes
            if not carries.changed and not (grown and carries.has_alternatives):
                break
        else:
            if carries.has_alternatives:
                message = "which functions a name may stand for in this loop does not settle"
                raise NeedsStatic(message, loc, "use a loop with a known number of iterations")
            raise InternalError("the types of this loop do not settle", loc)
        with self.b.at(loc):
            self._finish(built, body, carries, entry_env, live_after, assigned)

    # -- one pass ------------------------------------------------------------------------------
    def _pass(self, body: Body, carries: Carries, entry_env: dict[str, Any], live_head: Names) -> list[Region]:
        carries.slots = {}
        regions: list[Region] = []
        if body.test is not None:
            region = Region()
            before: dict[Any, Any] = {}

            def test() -> None:
                self._enter(carries, entry_env, live_head, region)
                before.update((obj, contents(obj)) for obj in carries.heap)
                region.yields.append(self._test(body, carries))

            tested = self.isolated(region, test)
            if tested.env is None:  # it raises on every path, and so it does here
                self.truth(body.test())
                raise DeadCode
            for obj, final in tested.heap.items():
                if obj.stamp < tested.start and not same_contents(before.get(obj, contents(obj)), final):
                    raise EffectInTest
            regions.append(region)
        region = Region()
        if body.bounds is not None:
            region.params.append(Value(INT, body.index_hint))
        regions.append(region)

        def iteration() -> None:
            carries.slots, carries.objects = {}, {}
            self._enter(carries, entry_env, live_head, region)
            index = region.params[0] if body.bounds is not None else None
            facts = len(self.session.loops)
            if index is not None and body.range_facts is not None:
                self.session.loops.append((index, *body.range_facts))
            try:
                body.work(index)
            finally:
                del self.session.loops[facts:]
            self.env["$stop"] = self.either([self.env.get("$break", False), self.env.get("$return", False)])

        done = self.isolated(region, iteration)
        heads = dict(carries.heads)
        with self.b.into(region):
            if done.env is not None:
                for name in carries.names:
                    default = False if name in ("$return", "$break") else UNDEFINED
                    self._close(carries, heads[name], done.env.get(name, default), (name,), done)
                for obj in [o for o in done.heap if o.stamp < done.start]:
                    self._close_object(carries, obj, done)
                if not carries.changed:
                    self.settle_objects(carries, entry_env, done)
                    self.settle_memory(carries, entry_env, done)
        if carries.changed:
            return regions
        if body.bounds is not None:
            stop = done.env.get("$stop", False) if done.env is not None else False
            if stop is not False:
                region.yields.append(self.operand(stop))
        offset = 1 if body.bounds is not None else 0
        for slot, param in zip(carries.slots.values(), region.params[offset:], strict=True):
            region.yields.append(param if slot.back is None else slot.back)
        return regions

    def _test(self, body: Body, carries: Carries) -> Operand:
        """The test of a while loop, not evaluated after a break."""
        assert body.test is not None
        stopped = self.either([carries.heads.get("$break", False), carries.heads.get("$return", False)])
        if stopped is False:
            return self.operand(self.truth(body.test()))
        return self.operand(self.choose(stopped, lambda: False, lambda: self.truth(body.test())))  # type: ignore[misc]

    def _enter(self, carries: Carries, entry_env: dict[str, Any], live_head: Names, region: Region) -> None:
        """Make the head state, with new region parameters for what is carried."""
        carries.slots, carries.cells, carries.made = {}, {}, {}

        def param(key: Key, t: Type, entry: Any, hint: str) -> Value:
            carries.slots[key] = Slot(t, entry, hint)
            region.params.append(Value(t, hint))
            return region.params[-1]

        for jump in JUMPS:
            self.env.pop(jump, None)
        carries.heads = {}
        for name in carries.names:
            default = False if name in ("$return", "$break") else UNDEFINED
            head = self._head(carries, entry_env.get(name, default), (name,), param)
            carries.heads[name] = head
            if name.startswith("$") or head is UNDEFINED or name not in live_head:
                self.env.pop(name, None)
            else:
                self.env[name] = head
        self._set_heap(carries, param)
        self.enter_origins(carries, param)

    # -- after the loop ----------------------------------------------------------------------------
    def _finish(
        self,
        regions: list[Region],
        body: Body,
        carries: Carries,
        entry_env: dict[str, Any],
        live_after: Names,
        assigned: Names,
    ) -> None:
        inits: list[Operand] = []
        for slot in carries.slots.values():
            if slot.entry is FILL or slot.entry is UNDEFINED:
                inits.append(filler(self, slot.type))
            else:
                inits.append(coerce(self, self.operand(slot.entry), slot.type))
        types = [s.type for s in carries.slots.values()]
        hints = [s.hint for s in carries.slots.values()]
        offset = 0
        if body.bounds is not None:
            stop = len(regions[0].yields) > len(types)
            offset = 1 if stop else 0
            attrs = {"stop": True} if stop else {}
            op = Op(
                "for",
                [*body.bounds, *inits],
                attrs,
                [INT] * offset + types,
                regions,
                self.b.loc,
                ["trips"] * offset + hints,
            )
        else:
            op = Op("while", inits, {}, types, regions, self.b.loc, hints)
        self.b.region.ops.append(op)
        if body.segment is not None:
            op = segmented(self, op, body.segment)
        results = dict(zip(carries.slots, op.results[offset:], strict=True))

        def result(key: Key, t: Type, entry: Any, hint: str) -> Value:
            return results[key]

        for name in assigned:
            self.env.pop(name, None)
        carries.readonly |= carries.readonly_after
        for name in carries.names:
            default = False if name in ("$return", "$break") else UNDEFINED
            value = self._head(carries, entry_env.get(name, default), (name,), result)
            if isinstance(value, Maybe) and body.certain and self._always_bound(carries, name, regions):
                value = value.value
            if value is not UNDEFINED and (name in live_after or name.startswith("$")):
                self.env[name] = value
        self._set_heap(carries, result)
        for k, obj in enumerate(carries.heap):
            if obj in carries.bounds:
                obj.content = replace(obj.content, bound=carries.bounds[obj])
                if obj in carries.gains and carries.count is not None and not offset:  # the loop is not left early
                    count = self.require_dim(carries.slots["@", k, "count"].entry) + carries.count * carries.gains[obj]
                    obj.content = replace(obj.content, count=self.integer(count))
                if self.level_of(obj) == 1 and not self.has_room(obj):
                    raise Grow(obj, None, carries.bounds[obj])
        self.unlock(carries)
        if carries.sources:
            self.leave_origins(carries, results)

    def _always_bound(self, carries: Carries, name: str, regions: list[Region]) -> bool:
        back = carries.slots[(name, "?")].back
        return back is not None and getattr(back, "value", None) is True
