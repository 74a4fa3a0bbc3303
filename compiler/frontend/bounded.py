"""`while` loops in which lists grow: a search for the number of iterations, then a loop that makes so many.

A list that grows has memory for as many items as the loop may append (see growing.py), and how often a `while` loop
runs only a run can tell. So it runs twice. First in search of a number of iterations that is enough, with room for 64,
then for 256, ..., each time from the start, its state thrown away:

    limit = trips = 16
    while trips == limit:
        limit = 4 * limit
        trips = ...  # complete iterations of the loop; `limit`, where it did not end by itself

then once more as ``for k in range(trips + some more): if not test: break; ...``, in which lists may grow as in any
other `for` loop. The search gives nothing but integers: it is not differentiated, and nothing of it is kept. It takes
as long as the loop itself, a third longer for long ones. The two loops compute the same, but may add in another
order: the second may make some more iterations, and raises a RuntimeError should they not be enough.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..errors import NeedsStatic
from ..ir.dims import Dim
from ..ir.nodes import Op, Operand, Region, Value, as_dim
from ..ir.types import INT
from .comprehensions import Comprehensions
from .context import DeadCode
from .liveness import Names, binds, has_jump
from .loops import Body

_TRIPS = "@trips"  # a name that no program has: how many iterations are complete
_START, _FACTOR = 16, 4  # the first limit is 64 iterations
_SPARE = 9  # iterations, and an eighth


class BoundedLoops(Comprehensions):
    def block(self, body: list[ast.stmt]) -> None:
        raise NotImplementedError

    def _loop_names(self, s: ast.For | ast.While, target: Names) -> tuple[Names, Names, Names]:
        raise NotImplementedError

    def _counted_loop(self, body: Body, assigned: Names, live_head: Names, live_after: Names) -> None:
        raise NotImplementedError

    def _after_loop(self, s: ast.For | ast.While) -> None:
        raise NotImplementedError

    def bounded_while(self, s: ast.While) -> None:
        """Build a `while` loop in which a list grows."""
        if s.orelse and has_jump(s.body, (ast.Break,)):
            message = "a list grows in a while loop with break and else"
            raise NeedsStatic(message, self.loc, "set a flag before the break, and test it after the loop")
        outcome = binds(s.test)
        live_head, live_after, assigned = self._loop_names(s, outcome)
        live_after |= outcome
        live = live_head = live_head | live_after  # what is live after is so where the test fails, too
        assigned |= {"$break", _TRIPS}

        def leave() -> None:
            self.env["$break"] = True

        def work(index: Value | None) -> None:
            self.env[_TRIPS] = index
            with self.living(live, live):
                test = self.test(s.test)
                if isinstance(test, bool):
                    self.block(s.body) if test else leave()
                else:
                    self.branch(test, lambda: self.block(s.body), leave, live | {_TRIPS})

        def loop(limit: Operand) -> tuple[Operand, Operand]:
            count = as_dim(limit)
            bounds = (self.operand(0), limit, self.operand(1))
            body = Body(work, None, bounds, True, (Dim.of(0), count - 1), "k", count=count.max(0))
            self._counted_loop(body, assigned, live_head, live_after | {_TRIPS})
            ended = self.either([self.env.pop("$break", False), self.env.get("$return", False)])
            return self.operand(ended), self.operand(self.env.pop(_TRIPS))

        ended, _ = loop(self._search(loop))
        message = "this loop made more iterations when it was run again, with memory for its lists"
        self.check(ended, "RuntimeError", message)
        endless = isinstance(s.test, ast.Constant) and not has_jump(s.body, (ast.Break,))
        if endless:
            if "$return" not in self.env:
                raise DeadCode
            self.env["$return"] = True
        self._after_loop(s)

    def _search(self, loop: Callable[[Operand], tuple[Operand, Operand]]) -> Operand:
        """A number of iterations that is enough. `loop`: builds the loop, which makes a number of iterations at most;
        gives whether it ended by itself, and after how many."""
        test, body = Region(), Region()
        for region in (test, body):
            region.params += [Value(INT, "limit"), Value(INT, "trips"), Value(INT, "enough")]
        with self.b.into(test):
            test.yields.append(self.emit("eq", test.params[0], test.params[1]))

        def attempt() -> None:
            limit = self.emit("mul", body.params[0], _FACTOR)
            ended, trips = loop(limit)
            enough = self.emit("add", self.emit("add", trips, self.emit("floordiv", trips, 8)), _SPARE)
            body.yields += [limit, self.emit("where", ended, trips, limit), enough]

        inlined = dict(self.session.inlined)
        if self.isolated(body, attempt).env is None:
            raise DeadCode
        self.session.inlined = inlined
        for op in list(body.walk()):
            for r in (body, *op.regions):  # what the loop prints is printed when it is run for good
                r.ops[:] = [x for x in r.ops if x.opcode != "print"]
        inits: list[Operand] = [self.operand(_START)] * 3
        op = Op("while", inits, {}, [INT] * 3, [test, body], self.loc, ["limit", "trips", "enough"])
        self.b.region.ops.append(op)
        return op.results[2]
