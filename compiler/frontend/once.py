"""Helpers that are called many times are compiled once.

A call of a user's function is built in place while that is small: then the optimiser sees through it, and
no array is passed. When the calls of one function with the same types have become `MAX_INLINED_OPS` ops, the
next ones are `call` ops of one IR function, so that the size of the program is linear in what the user wrote.
(A loop that is not unrolled counts once.) Functions that write to their arguments, return one, or capture
variables of an enclosing call stay in place.

Numbers known at compile time are part of what calls must have in common. A function that is called
with ever other numbers (``step(x, 0.1 * k)`` in an unrolled loop) gets them at run time, if it
can be built so.
"""

from __future__ import annotations

from typing import Any

from ..errors import PullbackError
from ..ir.nodes import Operand
from .capture import Source
from .context import DeadCode
from .control import Frame
from .outline import Made, Outline, call_key, call_made, map_leaves
from .statements import Statements
from .values import UserFunction

MAX_INLINED_OPS = 200
MIN_CALLS = 3


class Once(Statements):
    def invoke(self, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]) -> Any:
        if fn.fn is None or parent is not None:
            return super().invoke(fn, source, parent, env)
        inlined = self.session.inlined
        exact = call_key(self, ("once", fn.fn, *env), list(env.values()))
        general, general_env = None, env
        if exact is not None:
            general_env = {n: map_leaves(self._at_run_time, v) for n, v in env.items()}
            general = call_key(self, ("once", fn.fn, *env), list(general_env.values()))
        if exact is None or general is None:
            return super().invoke(fn, source, parent, env)
        for key, form in ((exact, env), (general, general_env)):
            calls, ops = inlined.get(key, (0, 0))
            if calls >= MIN_CALLS and ops > MAX_INLINED_OPS:
                made = self._made(key, fn, source, form, key != exact)
                if made is not None:
                    return call_made(self, made, list(form.values()))
        region, start = self.b.region, len(self.b.region.ops)
        result = super().invoke(fn, source, parent, env)
        size = sum(1 + sum(1 for r in op.regions for _ in r.walk()) for op in region.ops[start:])
        inlined = self.session.inlined
        for key in dict.fromkeys((exact, general)):
            calls, ops = inlined.get(key, (0, 0))
            inlined[key] = (calls + 1, ops + size)
        return result

    def _at_run_time(self, v: Any) -> Any:
        """A static number as an operand."""
        return self.constant(v) if type(v) in (int, float) else v

    def _made(self, key: Any, fn: UserFunction, source: Source, env: dict[str, Any], general: bool) -> Made | None:
        """The function of its own for calls of one key; None where it has to be built in place. `general`: its
        numbers are of the run."""
        table, generalised = self.session.outlined, self.session.generalised
        if key not in table:
            table[key] = None  # also for calls inside
            generalised += [fn.fn] * general
            try:
                table[key] = self._build_once(fn, source, env)
            finally:
                del generalised[len(generalised) - general :]
        made: Made | None = table[key]
        return made

    def _build_once(self, fn: UserFunction, source: Source, env: dict[str, Any]) -> Made | None:
        body = Outline(self, fn.name)
        entered = {n: body.enter(v) for n, v in env.items()}
        depth = len(self.frames)
        inlined = dict(self.session.inlined)
        ys: list[Operand] = []
        try:
            result = body.build(lambda: super(Once, self).invoke(fn, source, None, entered))
            if body.effects or body.shares(result) or body.hands_back(result):
                return None
            template = body.flatten(result, ys)
        except (PullbackError, DeadCode):
            del self.frames[depth:]
            return None
        finally:
            self.session.inlined = inlined
        captured = {v for _, v in self.session.captured.values()}
        outer = body.free(ys)
        if not captured.issuperset(outer):
            return None
        extents = body.undefined_symbols(outer)
        made = body.closed(self.session.new_callee(fn.name), ys, outer, extents)
        self.session.callees[made.name] = made
        return Made(made, template, outer, extents, False)
