"""``with`` and ``try``: what happens around a statement list.

An exception ends the program, with what it wrote undone; so a context manager that is left by one need not be
asked, as long as it lets the exception pass. What is refused is control that depends on an exception of the run.
"""

from __future__ import annotations

import ast
import contextlib
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import PullbackTypeError, UnsupportedError
from .capture import bind, parameters
from .context import describe
from .control import JUMPS
from .liveness import EMPTY, has_jump, reads
from .loop_statements import LoopStatements
from .objects import class_of
from .values import DictValue, ManagerValue, Opaque, RecordValue, UserFunction

_HINT = (
    "with takes objects with __enter__ and __exit__, functions made by contextlib.contextmanager, "
    "contextlib.nullcontext and np.errstate; enter any other context outside the differentiated function"
)
_LEAVES = (ast.Return, ast.Break, ast.Continue)


@dataclass
class _Halves:
    """The body of a generator with one ``yield``: what is before it, what is yielded, and what is after it."""

    before: list[ast.stmt]
    value: ast.expr | None
    after: list[ast.stmt]


def _halves(body: list[ast.stmt]) -> _Halves | None:
    """None where the generator does not yield once, outside of loops and branches."""
    places = [k for k, s in enumerate(body) if _yields(s)]
    if len(places) != 1:
        return None
    s, before, after = body[places[0]], body[: places[0]], body[places[0] + 1 :]
    if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield):
        return _Halves(before, s.value.value, after)
    if isinstance(s, ast.Try) and not s.handlers and not any(map(_yields, [*s.orelse, *s.finalbody])):
        inner = _halves(s.body)
        if inner is not None:
            return _Halves([*before, *inner.before], inner.value, [*inner.after, *s.orelse, *s.finalbody, *after])
    return None


def _yields(node: ast.AST) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node))


class Contexts(LoopStatements):
    def do_With(self, s: ast.With) -> None:
        self._managed(s, list(s.items))

    def _managed(self, s: ast.With, items: list[ast.withitem]) -> None:
        """The body within the contexts of `items`."""
        if not items:
            with self.living(self.frame.live.after.get(id(s), EMPTY) | self.frame.live_out):
                self.block(s.body)
            return
        item, *others = items
        with self.b.at(self.location(item.context_expr)):
            value, leave, held = self._entered(item.context_expr)
        self.frame.iterated.append(held)  # it is looked at later
        try:
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
            self._managed(s, others)
        finally:
            self.frame.iterated.pop()
        self.apart_from_jumps(leave)

    def apart_from_jumps(self, work: Callable[[], None]) -> None:
        """What is done on the way out, whether control jumps there or not."""
        flags = {name: self.env.pop(name) for name in (*JUMPS, "$value") if name in self.env}
        work()
        self.env.update(flags)

    def _entered(self, node: ast.expr) -> tuple[Any, Callable[[], None], Any]:
        """Enter a context: what it gives, what leaves it, and what it holds meanwhile."""
        if isinstance(node, ast.Call):
            fn = self.eval(node.func)
            if fn is np.errstate:
                self._require_silent(node)
                return None, lambda: None, ()
            if fn is contextlib.suppress:
                message = "contextlib.suppress is not supported: control must not depend on exceptions"
                self.error(UnsupportedError, message, "test for the condition with if")
            if isinstance(fn, types.BuiltinFunctionType):
                self.error(UnsupportedError, f"with {describe(fn)} is not supported", _HINT)
            if fn is contextlib.nullcontext and not node.keywords and len(node.args) < 2:
                return (self.eval(node.args[0]) if node.args else None), lambda: None, ()
        manager = self.present(self.eval(node))
        if isinstance(manager, ManagerValue):
            return self._enter_generator(manager)
        if not isinstance(manager, (RecordValue, Opaque)):
            self.error(UnsupportedError, f"{describe(manager)} is not supported as a context", _HINT)
        for name in ("__enter__", "__exit__"):
            if not hasattr(class_of(manager), name):
                message = f"{describe(manager)} does not support the context manager protocol (missed {name} method)"
                self.error(PullbackTypeError, message, _HINT)
        enter, leave = self.attribute(manager, "__enter__"), self.attribute(manager, "__exit__")
        if not isinstance(enter, UserFunction) or not isinstance(leave, UserFunction):
            self.error(UnsupportedError, f"{describe(manager)} is not supported as a context", _HINT)
        if self._may_swallow(leave):
            message = f"the __exit__ of {describe(manager)} may hold an exception back"
            self.error(UnsupportedError, message, "let it return None")
        return self.call(enter, [], {}), lambda: self.call(leave, [None, None, None], {}), manager

    def _may_swallow(self, leave: UserFunction) -> bool:
        source, _, _ = self.function_source(leave)
        returned = [n.value for n in ast.walk(source.node) if isinstance(n, ast.Return)]
        return not all(v is None or (isinstance(v, ast.Constant) and not v.value) for v in returned)

    def _enter_generator(self, manager: ManagerValue) -> tuple[Any, Callable[[], None], Any]:
        """The context that a generator makes: its body up to ``yield``, and from there on."""
        fn = manager.fn
        source, defaults, parent = self.function_source(fn)
        env = bind(fn.name, parameters(source.node, defaults), manager.args, manager.kwargs, self.loc, DictValue)
        halves = None if isinstance(source.node, ast.Lambda) else _halves(source.node.body)
        if halves is None or has_jump([*halves.before, *halves.after], (ast.Return,)):
            message = f"{fn.name} yields in a branch or a loop, not once, or may return before"
            self.error(UnsupportedError, message, "yield once, at the outer level or in try ... finally")
        frame = self.make_frame(fn, source, parent, env)
        loc = self.loc

        def run(body: list[ast.stmt]) -> None:
            with self.within(frame), self.b.at(loc), self.living(frozenset(frame.locals), EMPTY):
                self.block(body)

        run(halves.before)
        with self.within(frame):
            value = None if halves.value is None else self.eval(halves.value)
        return value, lambda: run(halves.after), tuple(frame.held())

    def _require_silent(self, call: ast.Call) -> None:
        """``np.errstate(...)``: compiled code gives no floating-point warnings anyway."""
        for keyword in call.keywords:
            if self.static(self.eval(keyword.value), "an argument of errstate") not in ("ignore", "warn", "print"):
                with self.b.at(self.location(keyword.value)):
                    message = "errstate that raises is not supported"
                    self.error(UnsupportedError, message, "test the result with np.isfinite, and raise")

    # -- try ... finally ----------------------------------------------------------------------
    def do_Try(self, s: ast.Try) -> None:
        self.require_no_jump(s)
        frame = self.frame
        later = frozenset().union(*map(reads, s.finalbody))
        live = frame.live.after.get(id(s), EMPTY) | frame.live_out | later
        with self.living(live, frame.loop_live | later):
            self.block([*s.body, *s.orelse])
        self.finish_try(s)

    def require_no_jump(self, s: ast.Try) -> None:
        if has_jump(s.finalbody, _LEAVES):
            with self.b.at(self.location(s.finalbody[0])):
                message = "a jump out of finally is not supported"
                self.error(UnsupportedError, message, "return after the try statement")
        if has_jump(s.finalbody, (ast.Raise, ast.Assert)):
            with self.b.at(self.location(s.finalbody[0])):
                message = "raise and assert in finally are not supported: they replace what the body raises"
                self.error(UnsupportedError, message, "raise after the try statement")

    def finish_try(self, s: ast.Try) -> None:
        """What is in ``finally``."""
        self.apart_from_jumps(lambda: self.block(s.finalbody))
