"""Statements: effects on names, arrays and containers, and structured control flow."""

from __future__ import annotations

import ast
import builtins
import importlib
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from ..errors import PullbackAttributeError, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.nodes import Const, Value
from ..ir.types import Type, promote
from ..paths import of_named
from . import fence
from .alternatives import is_alternative
from .context import describe
from .control import Frame
from .guarded import Guarded
from .liveness import EMPTY, JUMPS, always_leaves, has_jump
from .patterns import Patterns
from .sharing import cells_in
from .texts import show, template_of
from .values import (
    ITERATORS,
    UNDEFINED,
    Array,
    BoundMethod,
    DictValue,
    ListValue,
    Opaque,
    RecordValue,
    UserFunction,
    is_operand,
    is_scalar,
    shown,
)

_ONE_ARGUMENT = "raise one that takes one message, or return a number that says what is wrong"
_FOR_ATTRIBUTES = {
    "shape": "a = a.reshape(shape)",
    "dtype": "a = a.astype(dtype)",
    "flat": "a[...] = values, or a.reshape(-1)[k] = value",
    "T": "a[...] = values.T",
}


class Statements(Guarded, Patterns):
    # -- statement lists ----------------------------------------------------------------------
    def block(self, body: list[ast.stmt]) -> None:
        """Run a statement list; what follows a possible jump goes into the branch without it."""
        frame = self.frame
        outer = frame.statement
        try:
            self._block(frame, body)
        finally:
            frame.statement = outer

    def _block(self, frame: Frame, body: list[ast.stmt]) -> None:
        for k, s in enumerate(body):
            rest = body[k + 1 :]
            frame.statement = s
            with self.b.at(self.location(s)):
                if isinstance(s, ast.If):
                    if self.if_statement(s, rest):
                        return
                elif rest and isinstance(s, ast.Assign) and self._is_apart(s.value):
                    self.chosen_apart(s, s.value, rest)
                    return
                else:
                    self.statement(s)
                jumped = self.jumped()
                if jumped is True:
                    return
                if jumped is not False:
                    if rest:
                        self.unless_jumped(jumped, lambda rest=rest: self.block(rest))  # type: ignore[misc]
                    return

    def statement(self, s: ast.stmt) -> None:
        method = getattr(self, "do_" + type(s).__name__, None)
        if method is None:
            fence.refuse(s, self.frame.file)
        method(s)

    # -- simple statements --------------------------------------------------------------------
    def do_Pass(self, s: ast.Pass) -> None:
        pass

    def do_Expr(self, s: ast.Expr) -> None:
        self.eval(s.value)

    def do_Assign(self, s: ast.Assign) -> None:
        value = self.eval(s.value)
        for target in s.targets:
            self.assign(target, value)

    def do_AnnAssign(self, s: ast.AnnAssign) -> None:
        if s.value is not None:
            self.assign(s.target, self.eval(s.value))

    def assign_name(self, name: str, value: Any) -> None:
        if isinstance(value, Value) and not value.hint:
            value.hint = shown(name)
        if isinstance(value, Array) and not value.path and not value.cell.name:
            value.cell.name = shown(name)
            if not value.cell.current.hint:
                value.cell.current.hint = shown(name)
        if isinstance(value, ITERATORS) and name not in self.frame.read_once:
            message = f"the iterator {shown(name)} is read more than once, and is empty then"
            self.error(
                UnsupportedError, message, "make a list of its items: list(...); next() takes them from iter(items)"
            )
        box = self.box_of(name) if name in self.frame.boxes or name in self.frame.outer_names else None
        if box is not None:
            self.session.touch(box)
            box.items[0] = value
            return
        self.env[name] = value

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assign_name(target.id, value)
            return
        with self.b.at(self.location(target)):
            if isinstance(target, ast.Subscript):
                owners, key = self.candidates(target.value), self.eval(target.slice)
                self.for_candidates(owners, lambda owner: self.store_item(owner, key, value))
            elif isinstance(target, ast.Attribute):
                owners, name = self.candidates(target.value), target.attr
                self.for_candidates(owners, lambda owner: self.assign_attribute(owner, name, value))
            elif isinstance(target, (ast.Tuple, ast.List)):
                self._unpack(target.elts, value)
            else:
                fence.refuse(target, self.frame.file)

    def assign_attribute(self, owner: Any, name: str, value: Any) -> None:
        owner = self.present(owner)
        if isinstance(owner, RecordValue) and self.is_frozen(owner, name):
            self.error(PullbackAttributeError, f"{owner.cls.__name__} objects do not change: {name!r}")
        if isinstance(owner, RecordValue) and not owner.cls.__dictoffset__ and not hasattr(owner.cls, name):
            message = f"{owner.cls.__name__!r} object has no attribute {name!r}, nor a place for it"
            self.error(PullbackAttributeError, message, f"add {name!r} to __slots__")
        if isinstance(owner, (RecordValue, Opaque)) and self.set_property(owner, name, value):
            return
        if isinstance(owner, RecordValue) and self.may_have(owner, name):
            if owner.fields.get(name, UNDEFINED) is not value:
                self.change(owner)
                owner.fields[name] = value
            return
        if isinstance(owner, Array) and name in _FOR_ATTRIBUTES:
            self.error(UnsupportedError, f"{name} of an array cannot be assigned", _FOR_ATTRIBUTES[name])
        what = "objects from outside" if isinstance(owner, (Opaque, RecordValue)) else describe(owner)
        self.error(
            UnsupportedError,
            f"attributes of {what} cannot be assigned",
            "keep the value in a local variable and return it",
        )

    def _unpack(self, targets: list[ast.expr], value: Any) -> None:
        value = self.present(value)
        starred = [k for k, t in enumerate(targets) if isinstance(t, ast.Starred)]
        if not starred and isinstance(value, Array) and not self.shape(value)[0].is_const:
            self._unpack_array(targets, value)
            return
        items = self.items_of(value)
        if not starred:
            if len(items) > len(targets):
                self.error(PullbackValueError, f"too many values to unpack (expected {len(targets)}, got {len(items)})")
            if len(items) < len(targets):
                self.error(
                    PullbackValueError, f"not enough values to unpack (expected {len(targets)}, got {len(items)})"
                )
            for t, x in zip(targets, items, strict=True):
                self.assign(t, x)
            return
        k = starred[0]
        after = len(targets) - k - 1
        if len(items) < len(targets) - 1:
            self.error(
                PullbackValueError,
                f"not enough values to unpack (expected at least {len(targets) - 1}, got {len(items)})",
            )
        for t, x in zip(targets[:k], items[:k], strict=True):
            self.assign(t, x)
        star = targets[k]
        assert isinstance(star, ast.Starred)
        self.assign(star.value, ListValue(items[k : len(items) - after]))
        for t, x in zip(targets[k + 1 :], items[len(items) - after :], strict=True):
            self.assign(t, x)

    def _unpack_array(self, targets: list[ast.expr], value: Array) -> None:
        """Unpack an array whose length only the call tells."""
        length, wanted = self.operand(self.integer(self.shape(value)[0])), len(targets)
        self.check(self.emit("le", length, wanted), "ValueError", f"too many values to unpack (expected {wanted})")
        template = f"not enough values to unpack (expected {wanted}, got {{}})"
        self.check(self.emit("ge", length, wanted), "ValueError", template, length)
        for t, x in zip(targets, [self.load_array(value, k) for k in range(wanted)], strict=True):
            self.assign(t, x)

    def do_AugAssign(self, s: ast.AugAssign) -> None:
        op = type(s.op)
        if isinstance(s.target, ast.Name):
            with self.b.at(self.location(s.target)):
                old = self.lookup(s.target.id)
            new = self._augmented(op, old, self.eval(s.value))
            if new is not old:
                self.assign_name(s.target.id, new)
            return
        if isinstance(s.target, ast.Attribute):
            name = s.target.attr

            def change(owner: Any) -> None:
                old = self.attribute(owner, name)
                self.assign_attribute(owner, name, self._augmented(op, old, self.eval(s.value)))

            self.for_candidates(self.candidates(s.target.value), change)
            return
        assert isinstance(s.target, ast.Subscript)
        owners, key = self.candidates(s.target.value), self.eval(s.target.slice)
        self.for_candidates(owners, lambda owner: self._augment_item(op, owner, key, s.value))

    def _augment_item(self, op: type[ast.operator], owner: Any, key: Any, value: ast.expr) -> None:
        """``owner[key] op= value``."""
        old = self.load_item(owner, key)
        right = self.eval(value)
        if isinstance(owner, Array):
            if isinstance(old, Array):  # an element that is a number is replaced, and cast as by assignment
                self.check_inplace(self.array_type(owner), self._result_type(op, old, right))
            if isinstance(old, Array) and old.cell is owner.cell:
                self._inplace(op, old, right)
                return
            self.store_item(owner, key, self.binary(op, old, right))
            return
        new = self._augmented(op, old, right)
        if new is not old or not isinstance(owner, (ListValue, DictValue)):
            self.store_item(owner, key, new)

    def _augmented(self, op: type[ast.operator], old: Any, right: Any) -> Any:
        """``old op= right``: arrays, lists and dicts change in place, the rest gives a new value."""
        old = self.present(old)
        if isinstance(old, Array):
            self._inplace(op, old, right)
            return old
        if isinstance(old, ListValue) and op in (ast.Add, ast.Mult):
            return self._augmented_list(op, old, self.present(right))
        if isinstance(old, DictValue) and op is ast.BitOr:
            self.call(BoundMethod(old, "update"), [right], {})
            return old
        outside = any(old is s for s in self.session.outside_sets)
        if isinstance(old, set) or (isinstance(old, frozenset) and (outside or not self.session.sets_change)):
            self.refuse_changed_set()
        if isinstance(old, (RecordValue, Opaque)):
            result = self.overloaded_inplace(op, old, right)
            if isinstance(result, Const) or result is not NotImplemented:
                return result
        if is_scalar(old) and not self.type(old).weak:
            self.session.changes_numbers = True
            self._require_one_name(old)
        return self.binary(op, old, right)

    def _require_one_name(self, number: Any) -> None:
        """Of what may be an array without axes. See Note [Arrays without axes]."""
        array = self.session.numbers.get(number) if is_operand(number) else None
        if array is None:
            return
        names = [v for frame in self.frames for v in frame.env.values()]
        if array.path or any(cell is array.cell for v in names for cell, _ in cells_in(v)):
            message = "a number is changed in place that is an array with another name on another path"
            self.error(UnsupportedError, message, "write s = s + x for a new number, or s[...] = s + x for the array")

    def _augmented_list(self, op: type[ast.operator], old: ListValue, right: Any) -> Any:
        """``+=`` and ``*=`` of a list, which has no ``+`` for numbers: arrays, NumPy scalars and objects with an
        ``__radd__`` come before its own."""
        if op is ast.Mult:
            result = self.binary(op, old, right)
            if not isinstance(result, ListValue):
                return result
            self.change(old)
            old.content = result.content
            return old
        if isinstance(right, (Array, np.ndarray)) or (is_scalar(right) and not self.type(right).weak):
            return self.binary(op, old, right)
        if isinstance(right, (RecordValue, Opaque)):
            result = self.reflected(op, old, right)
            if isinstance(result, Const) or result is not NotImplemented:
                return result
        self.call(BoundMethod(old, "extend"), [right], {})
        return old

    def _inplace(self, op: type[ast.operator], target: Array, right: Any) -> None:
        value = self.binary(op, target, right)
        t, tv = self.array_type(target), self.type(value)
        self.check_inplace(t, tv)
        if tv.rank > t.rank:
            self.error(PullbackValueError, "non-broadcastable output operand: the result has more axes than the target")
        for a, b in zip(tv.shape[::-1], t.shape[::-1], strict=False):
            if b == 1 and a != 1:
                self.error(
                    PullbackValueError,
                    "non-broadcastable output operand: the target has extent 1 where the result has more",
                )
        self.write(target, value)

    def _result_type(self, op: type[ast.operator], old: Any, right: Any) -> Any:
        """The dtype of ``old op right`` without building it."""
        ta, tb = self.type(old), self.type(right)
        dtype, _ = promote([ta.strong, tb])
        return Type("f64" if op is ast.Div and dtype[0] != "f" else dtype, ta.shape)

    def check_inplace(self, target: Type, result: Type) -> None:
        if not np.can_cast(result.numpy, target.numpy, "same_kind"):
            self.error(
                PullbackTypeError,
                f"cannot cast the result of an in-place operation from {result.numpy} to {target.numpy} "
                "with casting rule 'same_kind'",
                "convert the array first: a = a.astype(np.float64)",
            )

    def do_Delete(self, s: ast.Delete) -> None:
        for target in s.targets:
            if isinstance(target, ast.Name):
                self.lookup(target.id)
                self.env.pop(target.id, None)
                continue
            with self.b.at(self.location(target)):
                if not isinstance(target, ast.Subscript):
                    self.error(UnsupportedError, "del of this is not supported", "delete names and items only")
                self.delete_item(self.eval(target.value), self.eval(target.slice))

    def do_Import(self, s: ast.Import) -> None:
        for alias in s.names:
            module = self._import(alias.name)
            self.env[alias.asname or alias.name.split(".")[0]] = (
                module if alias.asname else self._import(alias.name.split(".")[0])
            )

    def do_ImportFrom(self, s: ast.ImportFrom) -> None:
        if s.level or s.module is None:
            self.error(
                UnsupportedError, "relative imports inside a function are not supported", "import at module level"
            )
        module = self._import(s.module)
        for alias in s.names:
            if alias.name == "*":
                self.error(UnsupportedError, "import * is not supported", "import the names that are used")
            self.env[alias.asname or alias.name] = self.module_attribute(module, alias.name)

    def _import(self, name: str) -> Any:
        try:
            return importlib.import_module(name)
        except ImportError as e:
            self.error(UnsupportedError, f"cannot import {name}: {e}", "import it at module level")

    def do_FunctionDef(self, s: ast.FunctionDef) -> None:
        fence.check_body(s, self.frame.file)
        defaults = self.signature_defaults(s.args)
        value: Any = UserFunction(None, s.name, node=s, env=self.frame, defaults=defaults, loc=self.loc)
        for decorator in reversed(s.decorator_list):
            value = self.call(self.eval(decorator), [value], {})
        self.assign_name(s.name, value)

    def do_Nonlocal(self, s: ast.Nonlocal) -> None:
        for name in s.names:
            if self.box_of(name) is None:
                fence.refuse(s, self.frame.file)

    def do_Return(self, s: ast.Return) -> None:
        value = None if s.value is None else self.eval(s.value)
        self.env["$value"] = value
        self.env["$return"] = True

    def do_Break(self, s: ast.Break) -> None:
        self.env["$break"] = True

    def do_Continue(self, s: ast.Continue) -> None:
        self.env["$continue"] = True

    # -- errors -------------------------------------------------------------------------------
    def do_Assert(self, s: ast.Assert) -> None:
        test = self.test(s.test)
        if test is True:
            return
        template, values = template_of(self, self.eval(s.msg)) if s.msg is not None else ("", ())
        self._raise_unless(test, "AssertionError", template, values)

    def do_Raise(self, s: ast.Raise) -> None:
        self.raise_if(True, s)

    def raise_if(self, cond: Any, s: ast.Raise) -> None:
        """Raise at run time where `cond` holds."""
        name, template, values = self._exception(s)
        holds = False if cond is True else self.emit("logical_not", cond)
        self._raise_unless(holds, name, template, values)

    def _raise_unless(self, holds: Any, name: str, template: str, values: Sequence[Any]) -> None:
        if holds is False or not any(map(is_alternative, values)):
            show(self, template, values, lambda text, rest: self.check(holds, name, text, *rest))
        else:
            self.branch(holds, lambda: None, lambda: self._raise_unless(False, name, template, values), None)

    def _exception(self, s: ast.Raise) -> tuple[str, str, Sequence[Any]]:
        if s.exc is None:
            self.error(UnsupportedError, "a bare raise is not supported", "raise an exception")
        call = s.exc if isinstance(s.exc, ast.Call) else None
        cls = self.eval(call.func if call else s.exc)
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            self.error(
                UnsupportedError, "only exceptions made at the raise are supported", "write raise ValueError(...)"
            )
        name = cls.__name__
        if getattr(builtins, name, None) is not cls and cls is not np.linalg.LinAlgError:
            if not issubclass(cls, Exception) or of_named(cls) is None:
                self.error(
                    UnsupportedError,
                    f"the exception {name} is not found in its module",
                    "define the class at module level",
                )
            name = f"{cls.__module__}:{cls.__qualname__}"
        if call is None or not call.args:
            return name, "", []
        if len(call.args) > 1 or call.keywords:
            self.error(UnsupportedError, "an exception with several arguments is not supported", _ONE_ARGUMENT)
        template, values = template_of(self, self.eval(call.args[0]))
        return name, template, values

    # -- branches -----------------------------------------------------------------------------
    def if_statement(self, s: ast.If, rest: list[ast.stmt]) -> bool:
        """Build an if statement; True when the statements after it were built into its branches."""
        test = self.test(s.test)
        if isinstance(test, bool):
            chosen = s.body if test else s.orelse
            self.block(chosen)
            return False
        if len(s.body) == 1 and isinstance(s.body[0], ast.Raise) and not s.orelse and self._constant_message(s.body[0]):
            with self.b.at(self.location(s.body[0])):
                self.raise_if(test, s.body[0])
            return False
        frame = self.frame
        leaves_then, leaves_else = always_leaves(s.body), always_leaves(s.orelse)
        jumps = has_jump([s], JUMPS)
        if rest and jumps and leaves_then != leaves_else:
            then = s.body if leaves_then else [*s.body, *rest]
            orelse = s.orelse if leaves_else else [*s.orelse, *rest]
            live = frame.live_out | frame.loop_live
            self.branch(test, lambda: self.block(then), lambda: self.block(orelse), live)
            return True
        if rest and self.b.loc in self.session.apart:
            live = frame.live_out | frame.loop_live
            self.branch(test, lambda: self.block([*s.body, *rest]), lambda: self.block([*s.orelse, *rest]), live)
            return True
        live = frame.live.after.get(id(s), EMPTY) | (frame.loop_live if jumps else EMPTY)

        def run(body: list[ast.stmt]) -> None:
            with self.living(live):
                self.block(body)

        self.branch(test, lambda: run(s.body), lambda: run(s.orelse), live)
        return False

    def _is_apart(self, node: ast.expr) -> TypeGuard[ast.IfExp]:
        return isinstance(node, ast.IfExp) and self.location(node) in self.session.apart

    def chosen_apart(self, s: ast.Assign, value: ast.IfExp, rest: list[ast.stmt]) -> None:
        """Note [Paths that do not meet], for ``y = a if c else b``."""

        def run(node: ast.expr) -> None:
            made = self.eval(node)
            for target in s.targets:
                self.assign(target, made)
            self.block(rest)

        test = self.test(value.test)
        if isinstance(test, bool):
            run(value.body if test else value.orelse)
        else:
            live = self.frame.live_out | self.frame.loop_live
            self.branch(test, lambda: run(value.body), lambda: run(value.orelse), live)

    def _constant_message(self, s: ast.Raise) -> bool:
        """Whether a raise can be checked without building a branch: its message computes nothing."""
        return not any(isinstance(n, (ast.Subscript, ast.BinOp)) for n in ast.walk(s)) and (
            sum(isinstance(n, ast.Call) for n in ast.walk(s)) <= 1
        )

    def do_Match(self, s: ast.Match) -> None:
        subject = self.eval(s.subject)
        self._cases(s, subject, s.cases)

    def _cases(self, s: ast.Match, subject: Any, cases: list[ast.match_case]) -> None:
        if not cases:
            return
        case, *others = cases
        with self.b.at(self.location(case.pattern)):
            test, bindings = self.pattern(case.pattern, subject)
        if test is False:
            self._cases(s, subject, others)
            return

        def bind() -> None:
            for name, value in bindings.items():
                self.assign_name(name, value)

        def guard() -> Any:
            bind()
            return self.truth(self.test(case.guard))  # type: ignore[arg-type]

        if case.guard is not None:
            test = guard() if test is True else self.choose(test, guard, lambda: False)
        if test is False:
            self._cases(s, subject, others)
            return
        if test is True:
            bind()
            self.block(case.body)
            return
        live = self.frame.live.after.get(id(s), EMPTY) | self.frame.loop_live

        def run() -> None:
            with self.living(live):
                bind()
                self.block(case.body)

        self.branch(test, run, lambda: self._cases(s, subject, others), live)
