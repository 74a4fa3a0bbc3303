"""``try`` ... ``except`` around what is known to raise, or is known where it would.

The statements of the body are built one by one, each first by itself (`_tried`). Where it raises while it is built
(a constant key that a dict does not have), the handler comes next. Where a check of the run may raise what a handler
catches, the check becomes a branch:

    try:                            if y != 0:
        v = a / y                       v = a / y
    except ZeroDivisionError:       else:
        v = 0.0                         v = 0.0

That is exact as long as the statement has changed nothing before it raises, which is asked of what it touched; anything
else is refused.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from ..analysis.effects import may_raise
from ..errors import (
    EmptyListError,
    PullbackAttributeError,
    PullbackError,
    PullbackIndexError,
    PullbackKeyError,
    UnsupportedError,
)
from ..ir.interp import exception_class
from ..ir.nodes import Const, Op, Operand, Region
from .context import DeadCode
from .globals import PullbackNameError
from .liveness import EMPTY, reads
from .local_classes import LocalClasses

_SIMPLE = (
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Import, ast.ImportFrom, ast.Assert, ast.Raise,
)  # fmt: skip
_KNOWN: tuple[tuple[type, type[Exception]], ...] = (
    (PullbackKeyError, KeyError), (PullbackIndexError, IndexError), (PullbackAttributeError, AttributeError),
    (PullbackNameError, NameError),
)  # fmt: skip
_APART = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
_RAISED: dict[str, tuple[type[Exception], ...]] = {
    **dict.fromkeys(("load", "store", "accum"), (IndexError,)),
    **dict.fromkeys(("div", "floordiv", "mod"), (ZeroDivisionError,)),
    "pow": (ZeroDivisionError, ValueError, OverflowError),
    **dict.fromkeys(("shl", "shr", "max", "min", "argmax", "argmin"), (ValueError,)),
    "cast": (ValueError, OverflowError),
}
_DOMAINS = {"log": "le", "log2": "le", "log10": "le", "sqrt": "lt"}  # not defined where this holds for x and 0
_LARGE = ("exp", "exp2", "expm1", "cosh", "sinh")
_LINALG = ("solve", "inv", "chol", "eig", "svd", "pinv", "det", "slogdet", "qr", "lstsq")
_HINT = "test for the condition with if, or handle the error outside the function"


def _raises(op: Op, callees: Any) -> tuple[type[BaseException], ...]:
    """What an op may raise."""
    if op.opcode == "check":
        always = isinstance(op.operands[0], Const) and bool(op.operands[0].value)
        return () if always else (exception_class(op.attrs["error"]),)
    if op.opcode.startswith(_LINALG):
        return (np.linalg.LinAlgError,)
    if op.regions or not may_raise(op, None, callees):
        return ()
    if op.attrs.get("math"):
        if op.opcode in _LARGE:
            return (OverflowError,)
        return (ValueError,) if op.opcode in _DOMAINS else (ValueError, OverflowError)
    return _RAISED.get(op.opcode, (Exception,))


def _may_be_guarded(s: ast.stmt) -> bool:
    """Whether a statement changes no name before it raises."""
    raises = isinstance(s, ast.If) and len(s.body) == 1 and isinstance(s.body[0], ast.Raise) and not s.orelse
    return isinstance(s, _SIMPLE) or raises


class Guarded(LocalClasses):
    def do_Try(self, s: ast.Try) -> None:
        if not s.handlers:
            super().do_Try(s)
            return
        self.require_no_jump(s)
        later = frozenset().union(*map(reads, s.finalbody))
        live = self.frame.live.after.get(id(s), EMPTY) | self.frame.live_out | later
        with self.living(live, self.frame.loop_live | later):
            caught = [self._classes(h) for h in s.handlers]
            self._tried(s, self._apart(s), caught, 0)
        self.finish_try(s)

    def _classes(self, h: ast.ExceptHandler) -> tuple[type[BaseException], ...]:
        found = BaseException if h.type is None else self.static(self.eval(h.type), "the exception that is caught")
        classes = found if isinstance(found, tuple) else (found,)
        if not all(isinstance(c, type) and issubclass(c, BaseException) for c in classes):
            self.error(UnsupportedError, "only classes of exceptions are caught", _HINT)
        return classes

    def _apart(self, s: ast.Try) -> list[ast.stmt]:
        """The body; what is stored into a place is computed by a statement of its own, and so is what is returned."""
        frame = self.frame
        if s not in frame.inlined:
            body: list[ast.stmt] = []
            after = dict(frame.live.after)
            for k, x in enumerate(s.body):
                places = x.targets if isinstance(x, ast.Assign) else []
                if any(not isinstance(t, ast.Name) for t in places):
                    name = f".tried{k}"
                    first = ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], x.value), x)  # type: ignore[attr-defined]
                    last = ast.copy_location(ast.Assign(places, ast.Name(name, ast.Load())), x)
                    live = frame.live.after.get(id(x), EMPTY)
                    after[id(first)], after[id(last)] = live | {name, *reads(last)}, live
                    body += [ast.fix_missing_locations(first), ast.fix_missing_locations(last)]
                else:
                    body.append(x)
            frame.inlined[s] = body
            frame.live = replace(frame.live, after=after)
        made: list[ast.stmt] = frame.inlined[s]
        return made

    def _tried(
        self, s: ast.Try, body: list[ast.stmt], caught: list[tuple[type[BaseException], ...]], held: int
    ) -> None:
        """The statements that are left; of the first of them, the checks up to number `held` are known to hold."""
        if not body:
            self.block(s.orelse)
            return
        statement, *rest = body
        with self.b.at(self.location(statement)):
            raised = self._importing(statement)
            region, touched, error = self._nothing_tried()
            assumed = len(self.session.assumptions)
            if raised is None:
                region, touched, error = self._trial(statement)
            if len(self.session.assumptions) > assumed and self._handler(s, caught, (ValueError,)) is not None:
                self.refuse_try(s)  # extents that do not fit are found when the program is called
            if error is not None:
                raised = next((python for ours, python in _KNOWN if isinstance(error, ours)), None)
                handler = None if raised is None else self._handler(s, caught, (raised,))
                if handler is None:
                    if self._handler(s, caught, type(error).__mro__[2:]) is not None:
                        self.refuse_try(s)
                    raise error
                if touched or not self._raises_itself(statement, error):
                    self.refuse_try(s)
        if raised is not None:
            handler = self._handler(s, caught, (raised,))
            assert handler is not None
            self._handled(handler)
            return
        ops = [op for op in region.walk() if self._handler(s, caught, _raises(op, self.session.callees)) is not None]
        if len(ops) <= held:
            self.block([statement])
            left = self.jumped()
            if left is False:
                self._tried(s, rest, caught, 0)
            elif left is not True:
                self.unless_jumped(left, lambda: self._tried(s, rest, caught, 0))
            return
        with self.b.at(self.location(statement)):
            op = ops[held]
            place = next((k for k, x in enumerate(region.ops) if x is op), None)
            if place is None or touched or not _may_be_guarded(statement):
                self.refuse_try(s)
            before = region.ops[:place]
            if any(x.regions or x.opcode in ("print", "call") for x in before):
                self.refuse_try(s)
            self.b.region.ops.extend(before)
            cond = self._holds(op)
            if cond is None:
                self.refuse_try(s)
        (error_class, *_) = _raises(op, self.session.callees)
        handler = self._handler(s, caught, (error_class,))
        if handler is None:
            self.refuse_try(s)
        live = self.frame.live_out | self.frame.loop_live
        self.branch(cond, lambda: self._tried(s, body, caught, held + 1), lambda: self._handled(handler), live)

    def _nothing_tried(self) -> tuple[Region, list[Any], PullbackError | None]:
        return Region(), [], None

    def _trial(self, statement: ast.stmt) -> tuple[Region, list[Any], PullbackError | None]:
        """A statement built by itself, and undone: its ops, what it changed, and the error that it raised."""
        region, frame, depth, error = Region(), self.frame, len(self.frames), None
        saved, inlined = dict(frame.env), dict(self.session.inlined)
        with self.session.trial() as journal:
            self.session.trials += 1
            try:
                with self.b.into(region):
                    self.block([statement])
            except DeadCode:
                pass
            except (UnsupportedError, EmptyListError):
                raise
            except PullbackError as e:
                error = e
            finally:
                self.session.trials -= 1
                del self.frames[depth:]
                self.session.inlined = inlined
                touched = [obj for obj in journal.old if obj.stamp < journal.start]
                frame.env.clear()
                frame.env.update(saved)
        return region, touched, error

    def _raises_itself(self, statement: ast.stmt, error: PullbackError) -> bool:
        """Whether it is the statement that raises an error, not a function that it calls, or a part of it that is
        done several times."""
        loc, last = error.loc, getattr(statement, "end_lineno", 0)
        within = loc is not None and loc.file == self.frame.file and statement.lineno <= loc.line <= last
        simple = isinstance(statement, _SIMPLE) and not any(isinstance(n, _APART) for n in ast.walk(statement))
        return within and simple and "called at" not in error.message

    def _importing(self, s: ast.stmt) -> type[BaseException] | None:
        """What an import that is not possible raises."""
        if not isinstance(s, (ast.Import, ast.ImportFrom)):
            return None
        names = [a.name for a in s.names] if isinstance(s, ast.Import) else [s.module or ""]
        for name in names:
            try:
                if importlib.util.find_spec(name) is None:
                    return ModuleNotFoundError
            except ModuleNotFoundError:
                return ModuleNotFoundError
        return None

    def _handler(self, s: ast.Try, caught: list[Any], classes: Any) -> ast.ExceptHandler | None:
        """The handler that catches one of these; refused where that depends on which of a class it is."""
        for h, handled in zip(s.handlers, caught, strict=True):
            if any(issubclass(c, handled) or issubclass(x, c) for c in classes for x in handled):
                return h
        return None

    def _holds(self, op: Op) -> Operand | None:
        """The condition upon which an op does not raise; None where it is not known."""
        if op.opcode == "check":
            return op.operands[0]
        if op.opcode in ("div", "floordiv", "mod") and not op.operands[1].type.shape:
            return self.emit("ne", op.operands[1], 0)
        if op.attrs.get("math") and op.opcode in _DOMAINS:
            return self.emit("logical_not", self.emit(_DOMAINS[op.opcode], op.operands[0], 0))
        return None

    def _handled(self, h: ast.ExceptHandler) -> None:
        causes = {n for x in ast.walk(h) if isinstance(x, ast.Raise) and x.cause is not None for n in reads(x.cause)}
        others = [n for n in ast.walk(h) if isinstance(n, ast.Name) and n.id == h.name]
        if h.name is not None and (len(others) > 1 or (others and h.name not in causes)):
            with self.b.at(self.location(h)):
                self.error(UnsupportedError, "the exception that was caught is used", "write the message yourself")
        self.block(h.body)

    def refuse_try(self, s: ast.Try) -> NoReturn:
        message = "this try is not supported: only the run tells whether, or where, it raises what is caught"
        with self.b.at(self.location(s)):
            self.error(UnsupportedError, message, _HINT)
