"""`for` and `while` statements: what is rolled, what is unrolled, and where control goes on after a jump."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..errors import NeedsStatic, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Operand, Region, Value, as_dim
from .context import DeadCode, describe
from .generators import Generators
from .growing import Grow, Unbounded
from .iteration import is_iterator
from .liveness import EMPTY, Names, binds, has_jump, names_that_are_there
from .loop_states import Peel
from .loops import Body, EffectInTest
from .shrinking import Shrinks, remains
from .values import (
    FOREVER,
    Array,
    Conflict,
    DictValue,
    GeneratorValue,
    Iteration,
    ListValue,
    Maybe,
    Opaque,
    RangeValue,
    Rest,
    Rows,
    is_static,
    next_stamp,
    to_python,
)

UNROLL_LIMIT = 2000
MAX_GROWTHS = 12  # times that a loop is built again for its lists
PEEL_FROM = 8  # iterations: a shorter loop is unrolled where its first iteration changes types


def _state(v: ListValue | Array) -> Any:
    """What is equal as long as a list or an array does not change."""
    if isinstance(v, Array):
        return v.cell.current
    columns = v.content.columns if isinstance(v.content, Rows) else ()
    return (id(v.content), *(c.array.cell.current for c in columns))


class LoopStatements(Generators):
    def block(self, body: list[ast.stmt]) -> None:
        raise NotImplementedError

    def unless_jumped(self, jumped: Operand, work: Callable[[], None]) -> None:
        """Go on with `work` on the paths that have not jumped."""
        flags = {j: self.env[j] for j in ("$break", "$continue", "$return") if self.env.get(j, False) is not False}

        def stay() -> None:
            if len(flags) == 1:
                self.env.update(dict.fromkeys(flags, True))

        def go_on() -> None:
            self.env.update(dict.fromkeys(flags, False))
            work()

        self.branch(jumped, stay, go_on, self.frame.live_out | self.frame.loop_live)

    # -- loops --------------------------------------------------------------------------------
    def do_While(self, s: ast.While) -> None:
        first = [] if binds(s.test) else [self.known_test(s)]
        if first == [False]:
            self._after_loop(s)
            return
        region, length, inlined = self.b.region, len(self.b.region.ops), dict(self.session.inlined)
        env = dict(self.env)

        def build(way: Callable[[], None]) -> NeedsStatic | None:
            """Build the loop in one way; where that cannot be done, undo it and say why."""
            try:
                with self.session.attempt():
                    way()
                return None
            except NeedsStatic as e:
                del region.ops[length:]
                self.session.inlined = dict(inlined)
                self.env.clear()
                self.env.update(env)
                return e

        def one_by_one(limit: int) -> None:
            """The iterations, each of whose tests is known at compile time (``while stack:``)."""
            if not self._unrolled_while(s, limit):
                raise NeedsStatic("a test is known only at run time", self.loc)
            self._after_loop(s)

        error = build(lambda: self._rolled_while(s))
        if isinstance(error, Unbounded):
            short = UNROLL_LIMIT if self.session.unrolls_growth else PEEL_FROM
            if first == [True] and not isinstance(s.test, ast.Constant) and build(lambda: one_by_one(short)) is None:
                return
            self.session.grew_by_count |= first == [True]
            error = build(lambda: self.bounded_while(s))
        if error is not None and (first != [True] or build(lambda: one_by_one(UNROLL_LIMIT)) is not None):
            raise error

    def known_test(self, s: ast.While) -> Any:
        """The test of a loop here, for whether it is known; nothing is built."""
        found: list[Any] = [None]
        self.isolated(Region(), lambda: found.append(self.test(s.test)))
        return found[-1]

    def _unrolled_while(self, s: ast.While, limit: int, done: int = 0) -> bool:
        """The iterations one by one; False where one of the tests is known only at run time."""
        live_head, live_after, _ = self._loop_names(s, EMPTY)
        live = live_head | live_after
        known: list[bool] = []
        with self.living(live, live):
            for k in range(done, limit):
                test = self.test(s.test)
                if not isinstance(test, bool):
                    return False
                if not test:
                    return True
                self.block(s.body)
                self.env.pop("$continue", None)
                left = self.either([self.env.get("$break", False), self.env.get("$return", False)])
                if left is True:
                    return True
                if left is not False:
                    self.unless_jumped(left, lambda k=k: known.append(self._unrolled_while(s, limit, k + 1)))  # type: ignore[misc]
                    return known == [True]
        raise NeedsStatic(f"this loop has more than {limit} iterations", self.loc, "use a for loop over a range")

    def _rolled_while(self, s: ast.While) -> None:
        self.session.levels.append((next_stamp(), False))
        try:
            self._uncounted(s)
        finally:
            self.session.levels.pop()

    def _uncounted(self, s: ast.While) -> None:
        outcome = binds(s.test)
        if not outcome:
            try:
                with self.session.attempt():
                    self._while(s)
                return
            except EffectInTest:
                pass
        self._while_with_effects(s, outcome)

    def _while(self, s: ast.While) -> None:
        live_head, live_after, assigned = self._loop_names(s, EMPTY)
        live = live_head | live_after
        statics: list[Any] = []

        def test() -> Any:
            value = self.test(s.test)
            statics.append(value)
            return value

        def work(_: Value | None) -> None:
            for name in names_that_are_there(s.test):
                v = self.env.get(name)
                if isinstance(v, Maybe) and v.absent is None:
                    self.env[name] = v.value
            with self.living(live, live):
                self.block(s.body)

        try:
            with self.session.attempt():
                self.run_loop(Body(work, test, peelable=True), assigned, live_head, live_after)
        except Peel:
            rest = Body(work, test)

            def again() -> None:
                if self.known_test(s) is False:
                    statics.append(False)
                else:
                    self.run_loop(rest, assigned, live_head, live_after)

            self._peeled(test(), lambda: work(None), again, live)
        if statics[-1] is True and not has_jump(s.body, (ast.Break,)):
            if "$return" not in self.env:
                raise DeadCode
            self.env["$return"] = True
        self._after_loop(s)

    def _while_with_effects(self, s: ast.While, outcome: Names) -> None:
        """A loop whose test binds names or writes arrays: ``while True: if not test: break; ...``."""
        if s.orelse and has_jump(s.body, (ast.Break,)):
            message = "a while loop with break and else may not assign or write in its test"
            self.error(UnsupportedError, message, "assign in the body")
        live_head, live_after, assigned = self._loop_names(s, outcome)
        live = live_head = live_head | live_after | outcome  # what is live after is so where the test fails, too

        def leave() -> None:
            self.env["$break"] = True

        def iteration() -> None:
            with self.living(live, live):
                self.block(s.body)

        def work(_: Value | None) -> None:
            with self.living(live, live):
                test = self.test(s.test)
                if isinstance(test, bool):
                    self.block(s.body) if test else leave()
                else:
                    self.branch(test, lambda: self.block(s.body), leave, live)

        def loop(peelable: bool) -> None:
            body = Body(work, lambda: True, peelable=peelable)
            self.run_loop(body, assigned | {"$break"}, live_head, live_after | outcome)

        try:
            with self.session.attempt():
                loop(True)
        except Peel:
            with self.living(live, live):
                test = self.test(s.test)
            self._peeled(test, iteration, lambda: loop(False), live)
        self.env.pop("$break", None)
        self._after_loop(s)

    def _gone_through(self, node: ast.expr) -> Any:
        """The value of what a loop goes through, which may be one of several lists or dicts."""
        owners = self.candidates(node)
        if len(owners) > 1 and all(isinstance(x, DictValue) for _, x in owners):
            return self.view_of_one(owners, "keys")
        if len(owners) > 1 and self.are_of_many_lengths([x for _, x in owners]):
            return self.list_of_table([x for _, x in owners], self.position_of_one(owners))
        return self.for_candidates(owners, lambda x: x)

    def do_For(self, s: ast.For) -> None:
        iterable = self.begun(self.present(self._gone_through(s.iter)))
        if isinstance(iterable, GeneratorValue) and self.turns(iterable) is None:
            iterable = self.generator_function(iterable)
        if isinstance(iterable, Iteration) and iterable.kind == "enumerate":
            (items,) = iterable.parts
            if isinstance(items, GeneratorValue) and self.turns(items) is None:
                iterable = replace(iterable, parts=(self.generator_function(items),))
        if self.is_stepwise(iterable):
            self.for_steps(s, iterable)
            return
        if is_iterator(iterable) and self.turns(iterable) is None:
            iterable = Rest(iterable, iterable.fields["position"])
        if isinstance(iterable, Opaque):
            self.error(UnsupportedError, f"{describe(iterable)} is not iterable here", "pass a list or an array")
        if self.has_container(iterable):
            self._unrolled(s, iterable)
        else:
            count = self.length(iterable) if not isinstance(iterable, RangeValue) or is_static(iterable.step) else None
            if count is not None and count.is_const and count.const <= 0:
                self._unrolled(s, ())
                self._after_loop(s)
                return
            known = count is not None and count.is_const and count.const <= UNROLL_LIMIT
            outer, self._unrollable = self._unrollable, known
            region, length, inlined, env = (
                self.b.region,
                len(self.b.region.ops),
                dict(self.session.inlined),
                dict(self.env),
            )

            def undo() -> None:
                # a first iteration that was peeled is not made twice
                del region.ops[length:]
                self.session.inlined = dict(inlined)
                self.env.clear()
                self.env.update(env)

            shrinking: list[Shrinks] = []
            try:
                while True:
                    try:
                        with self.session.attempt():
                            self._rolled(s, iterable, count, shrinking)
                        break
                    except Shrinks as found:
                        undo()
                        shrinking.append(found)
            except NeedsStatic:
                if not known:
                    raise
                self._unrollable = outer
                undo()
                self._unrolled(s, iterable)
            finally:
                self._unrollable = outer
            if count is not None and count.is_const and count.const >= FOREVER and not has_jump(s.body, (ast.Break,)):
                if "$return" not in self.env:
                    raise DeadCode
                self.env["$return"] = True
        self._after_loop(s)

    def _after_loop(self, s: ast.For | ast.While) -> None:
        """The else clause, and the end of this loop's break."""
        broken = self.env.pop("$break", False)
        if s.orelse:
            skipped = self.either([broken, self.env.get("$return", False)])
            if skipped is False:
                self.block(s.orelse)
            elif skipped is not True:
                live = self.frame.live.after.get(id(s), EMPTY) | self.frame.loop_live
                self.branch(skipped, lambda: None, lambda: self.block(s.orelse), live | self.frame.live_out)

    def _loop_names(self, s: ast.For | ast.While, target: Names) -> tuple[Names, Names, Names]:
        live_head = self.frame.live.head.get(id(s), EMPTY)
        live_after = self.frame.live.after.get(id(s), EMPTY)
        assigned = target.union(*(binds(x) for x in s.body))
        if has_jump(s.body, (ast.Return,)):
            assigned |= {"$return", "$value"}
        if has_jump(s.body, (ast.Break,)) and (s.orelse or isinstance(s, ast.While)):
            assigned |= {"$break"}
        return live_head, live_after, assigned

    def _rolled(self, s: ast.For, iterable: Any, count: Dim | None, shrinking: Sequence[Shrinks]) -> None:
        """A run-time loop over a range, an array, or what is made of them, in which some arrays get shorter."""
        live_head, live_after, assigned = self._loop_names(s, binds(s.target))
        live = live_head | live_after
        assert count is not None or not shrinking
        shorter = [remains(self, found, count) for found in shrinking]  # type: ignore[arg-type]
        names = {found.name for found in shrinking}
        live_head, live_after, assigned = live_head - names, live_after - names, assigned - names
        direct = isinstance(iterable, RangeValue)
        if direct:
            lo, hi, step = (self.operand(x) for x in (iterable.start, iterable.stop, iterable.step))
            if not is_static(iterable.step):
                self.check(self.emit("ne", step, 0), "ValueError", "range() arg 3 must not be zero")
        else:
            lo, hi, step = self.operand(0), self.operand(self.integer(count)), self.operand(1)  # type: ignore[arg-type]

        copied = self.copied(iterable)

        def work(index: Operand | None) -> None:
            before = [_state(x) for x in copied]
            with self.living(live, live):
                item = index if direct else self.item_at(iterable, index)
                place = iterable.iterator.fields["position"] if isinstance(iterable, Rest) else None
                done = self._done(iterable, index) if shorter else Dim.of(0)
                for array in shorter:
                    array.enter(self, done)
                self.assign(s.target, item)
                self.block(s.body)
                for array in shorter:
                    array.leave(self, done + 1)
            moved = place is not None and iterable.iterator.fields["position"] is not place
            if moved or [_state(x) for x in copied] != before:
                message = "what is iterated here changes in the loop, and its length is known only at run time"
                self.error(NeedsStatic, message, "iterate over a copy of it, or over its indices")

        hint = s.target.id if isinstance(s.target, ast.Name) and direct else "i"
        certain = count is not None and count.is_const and count.const > 0
        segment = iterable.segment if direct else None
        facts = self._facts(iterable, count)
        limit = UNROLL_LIMIT if self.session.unrolls_growth else PEEL_FROM
        short = count is not None and count.is_const and count.const <= limit
        peelable = facts is not None and segment is None and not short
        every = not direct or (is_static(iterable.step) and abs(to_python(iterable.step)) == 1)
        jumps = has_jump(s.body, (ast.Break, ast.Continue, ast.Return))
        shrinkable = facts is not None and segment is None and not short and every and not jumps
        body = Body(work, None, (lo, hi, step), certain, facts, hint, segment, count, short, peelable, shrinkable)

        def again(b: Body) -> None:
            self._counted_loop(b, assigned, live_head, live_after)

        self.frame.iterated.append(iterable)
        try:
            with self.session.attempt():
                again(body)
        except Peel:
            down = direct and to_python(iterable.step) < 0
            bounds = (self.emit("add", lo, step), hi, step)
            left = None if count is None else count - 1
            rest = Body(work, None, bounds, False, self._facts(iterable, count, 1), hint, count=left)
            condition = certain or self.emit("gt" if down else "lt", lo, hi)
            self._peeled(condition, lambda: work(lo), lambda: again(rest), live)
        finally:
            self.frame.iterated.pop()
        for array in shorter:
            array.enter(self, count)  # type: ignore[arg-type]

    def _done(self, iterable: Any, index: Operand | None) -> Dim:
        """How many iterations there were before that of this index."""
        assert index is not None
        if not isinstance(iterable, RangeValue):
            return as_dim(index)
        moved = as_dim(index) - self.require_dim(iterable.start)
        return moved if to_python(iterable.step) > 0 else -moved

    def _counted_loop(self, body: Body, assigned: Names, live_head: Names, live_after: Names) -> None:
        """A loop, built again when a list turns out to grow in it."""
        levels, region = self.session.levels, self.b.region
        start, env = len(region.ops), dict(self.env)
        for _ in range(MAX_GROWTHS):
            levels.append((next_stamp(), body.count is not None))
            try:
                with self.session.attempt():
                    self.run_loop(body, assigned, live_head, live_after)
                return
            except Grow as g:
                if self.level_of(g.target) != 1 or body.count is None:
                    raise
                grow = g
                del region.ops[start:]
                self.env.clear()
                self.env.update(env)
            finally:
                levels.pop()
            self.session.grew_by_count |= body.count.is_const and body.count.const <= UNROLL_LIMIT
            self.grow(grow, body.count)
            start = len(region.ops)
        raise NeedsStatic("how many items a list gets in this loop does not settle", self.loc, "use an array")

    def _peeled(self, cond: Any, first: Callable[[], None], rest: Callable[[], None], live: Names) -> None:
        """The first iteration by itself, where `cond` holds, then the `rest` of the loop: for names that have
        another type from then on."""

        def iterations() -> None:
            first()
            self.env.pop("$continue", None)
            left = self.either([self.env.get("$break", False), self.env.get("$return", False)])
            if left is False:
                rest()
            elif left is not True:
                with self.living(live, live):
                    self.unless_jumped(left, rest)

        if isinstance(cond, bool):
            if cond:
                iterations()
            return
        self.branch(cond, iterations, lambda: None, live | {"$break"})
        self.env.update({n: v.either for n, v in self.env.items() if isinstance(v, Conflict) and v.either})

    def _facts(self, iterable: Any, count: Dim | None, done: int = 0) -> tuple[Dim, Dim] | None:
        """The smallest and the largest index of a loop that runs, after `done` iterations."""
        if not isinstance(iterable, RangeValue):
            assert count is not None
            return Dim.of(done), count - 1
        if not is_static(iterable.step):
            return None
        step = to_python(iterable.step)
        start, stop = self.require_dim(iterable.start) + done * step, self.require_dim(iterable.stop)
        return (start, stop - 1) if step > 0 else (stop + 1, start)

    def _unrolled(self, s: ast.For, iterable: Any) -> None:
        """The body once for every item, their number being known at compile time."""
        items = self.turns_of(iterable)
        self.frame.iterated.append(iterable)
        try:
            self._iterations(s, items)
        finally:
            self.frame.iterated.pop()

    def _iterations(self, s: ast.For, items: Iterator[Any]) -> None:
        """The iterations one by one; after a jump at run time, the others on the paths that have not jumped."""
        live_head, live_after, _ = self._loop_names(s, EMPTY)
        live = live_head | live_after
        with self.living(live, live):
            for item in items:
                self.assign(s.target, item)
                self.block(s.body)
                self.env.pop("$continue", None)
                left = self.either([self.env.get("$break", False), self.env.get("$return", False)])
                if left is True:
                    return
                if left is not False:
                    self.unless_jumped(left, lambda: self._iterations(s, items))
                    return
