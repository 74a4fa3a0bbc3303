"""Comparisons: ``==``, ``<``, ``is`` and ``in`` of numbers, arrays, containers, objects and texts.

What is known when compiling is a bool; a comparison whose answer is known neither then nor at run time (the identity of
what is one object or another by the path taken) is refused.
"""

from __future__ import annotations

import ast
import enum
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import PullbackTypeError, UnsupportedError
from ..ir.dims import Dim
from .alternatives import is_alternative, one_of
from .alternatives import same as same_constant
from .context import describe
from .iteration import Iterating
from .objects import class_of
from .sharing import is_mutable, may_be_another
from .values import (
    ITERATORS,
    Array,
    DictValue,
    ListValue,
    Maybe,
    Opaque,
    RangeValue,
    RecordValue,
    Rows,
    TextValue,
    UserFunction,
    is_namedtuple,
    is_number,
    is_operand,
    is_scalar,
    is_static,
    to_python,
)  # fmt: skip

# syntax -> (opcode, Python's operator)
COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Lt: ("lt", operator.lt),
    ast.LtE: ("le", operator.le),
    ast.Gt: ("gt", operator.gt),
    ast.GtE: ("ge", operator.ge),
    ast.Eq: ("eq", operator.eq),
    ast.NotEq: ("ne", operator.ne),
}
COMPARE_BY_OPCODE = {opcode: python for opcode, python in COMPARE.values()}

_KINDS: dict[str, Any] = {
    "text": str, "tuple": tuple, "list": ListValue, "dict": DictValue, "range": RangeValue, "function": UserFunction,
}  # fmt: skip


def _kind_of(v: Any) -> str | None:
    """What a value is compared as with ==, where values of other kinds are never equal to it."""
    if is_scalar(v):
        return "number"
    for kind, classes in _KINDS.items():
        if isinstance(v, classes):
            return kind
    return "enum" if isinstance(v, enum.Enum) else None


_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Comparisons(Iterating):
    def _logical(self, opcode: str, a: Any, b: Any) -> Any:
        if isinstance(b, bool):
            absorbing = opcode == "logical_or"
            return absorbing if b is absorbing else a
        return self.emit(opcode, a, b)

    def compare(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        if isinstance(op, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
            x, y = self.resolved(a), self.resolved(b)
            if (is_alternative(x) or is_alternative(y)) and not isinstance(x, Maybe) and not isinstance(y, Maybe):
                same = same_constant(self, x, y)
                if isinstance(op, (ast.Is, ast.Eq)):
                    return same
                return self.negation(same)
        if isinstance(op, (ast.Is, ast.IsNot)):
            same = self._identical(a, b)
            if isinstance(op, ast.Is):
                return same
            return self.negation(same)
        if isinstance(op, (ast.In, ast.NotIn)):
            found = self._contains(a, b)
            if isinstance(op, ast.In):
                return found
            return self.negation(found)
        opcode, python = COMPARE[type(op)]
        if (
            opcode in ("eq", "ne")
            and (a is None or b is None)
            and not isinstance(a, Array)
            and not isinstance(b, Array)
        ):
            return self.compare(ast.Is() if opcode == "eq" else ast.IsNot(), a, b)
        a, b = (self.number_of(self.present(x)) for x in (a, b))
        if isinstance(op, _ORDERINGS) and (is_alternative(a) or is_alternative(b)):
            return self._texts_in_order(op, a, b)
        if isinstance(a, (RecordValue, Opaque)) or isinstance(b, (RecordValue, Opaque)):
            result = self.overloaded(type(op), a, b)
            if result is not NotImplemented:
                return result
        if is_static(a) and is_static(b) and not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
            if not isinstance(a, (ListValue, DictValue)) and not isinstance(b, (ListValue, DictValue)):
                try:
                    return python(a, b)
                except Exception as e:
                    raise self.located(e) from None
        if is_scalar(a) and is_scalar(b):
            known = self._compare_extents(opcode, a, b)
            if known is not None:
                return known
            return self.emit(opcode, self.operand(a), self.operand(b))
        if isinstance(a, Array) or isinstance(b, Array):
            if a is None or b is None or isinstance(a, str) or isinstance(b, str):
                self.error(UnsupportedError, "an array is compared with None or a string", "use 'is None'")
            return self.elementwise(opcode, a, b)
        if opcode in ("eq", "ne"):
            return self._equal(a, b, opcode)
        if isinstance(a, (tuple, ListValue)) and type(a) is type(b):
            return self._in_order(op, a, b)
        self.error(
            PullbackTypeError, f"{describe(a)} and {describe(b)} cannot be compared", "compare numbers or arrays"
        )

    def _texts_in_order(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        """``<`` and the like of two texts, of which the path tells one, or both."""
        what, text = "what is compared", lambda c: isinstance(c, str)
        if is_alternative(a):
            return one_of(self, a, lambda c: self.compare(op, c, b), text, what)
        return one_of(self, b, lambda c: self.compare(op, a, c), text, what)

    def _in_order(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        """``<`` and the like of two tuples or lists: by the first parts that are not equal, else by their lengths."""
        xs, ys = ((v.items if isinstance(v, ListValue) else v) for v in (a, b))
        if not xs or not ys:
            return self.compare(op, len(xs), len(ys))
        cut = (lambda v: ListValue(v.items[1:])) if isinstance(a, ListValue) else (lambda v: v[1:])
        same = self._same_item(xs[0], ys[0])
        return self.choose(
            same,
            lambda: self.compare(op, cut(a), cut(b)),
            lambda: self.truth(self.compare(op, xs[0], ys[0])),
        )

    def _compare_extents(self, opcode: str, a: Any, b: Any) -> bool | None:
        """A comparison of integers that the extents decide."""
        if not (self.type(a).is_int and self.type(b).is_int) or (is_operand(a) and is_operand(b)):
            return None
        difference = self.require_dim(a) - self.require_dim(b)
        if difference.is_const:
            return bool(COMPARE_BY_OPCODE[opcode](difference.const, 0))
        if difference.has_values:
            return None
        distinct = self.equal_extents(self.require_dim(a), self.require_dim(b)) is False
        # an extent over one symbol is never 1 (see docs/ir.md)
        for x, y in ((a, b), (b, a)):
            distinct |= (
                isinstance(x, Dim) and self._is_symbol(x) and self.require_dim(y) == 1 and not self.session.generic
            )
        if distinct and opcode in ("eq", "ne"):
            return opcode == "ne"
        nonneg = self.session.nonneg
        if opcode in ("ge", "lt") and nonneg(difference):
            return opcode == "ge"
        if opcode in ("le", "gt") and nonneg(-difference):
            return opcode == "le"
        if opcode in ("ge", "lt") and nonneg(-difference - 1):
            return opcode == "lt"
        if opcode in ("le", "gt") and nonneg(difference - 1):
            return opcode == "gt"
        return None

    def _is_symbol(self, d: Dim) -> bool:
        return len(d.terms) == 1 and d.terms[0][1] == 1 and len(d.terms[0][0]) == 1

    def _identical(self, a: Any, b: Any) -> Any:
        if a is b:
            return True
        for x, y in ((a, b), (b, a)):
            if isinstance(x, Maybe) and x.absent is None and y is None:
                return self.emit("logical_not", x.bound)
        a, b = self.present(a), self.present(b)
        if isinstance(a, Array) and isinstance(b, Array):
            if (a.cell is b.cell and a.path == b.path) or any(may_be_another(x.cell) for x in (a, b)):
                message = "whether these are one array is not known, or depends on the path taken"
                self.error(UnsupportedError, message, "keep a number that says which it is, and compare that")
            return False
        for x, y in ((a, b), (b, a)):
            if isinstance(x, bool) and is_operand(y):  # Python's booleans are one object each, NumPy's are others
                return self.compare(ast.Eq(), x, y) if y.type.is_bool and y.type.weak else False
        if is_scalar(a) and is_scalar(b) and not (is_number(a) and is_number(b)):
            self.error(UnsupportedError, "the identity of run-time numbers is not known", "compare with ==")
        if isinstance(a, UserFunction) and isinstance(b, UserFunction):
            if a.node is not b.node or a.fn is not b.fn:
                return False
            if a.fn is not None and not (a.bound or b.bound or a.bound_kwargs or b.bound_kwargs):
                return True
            self.error(UnsupportedError, "whether these are one function is not known", "compare names of them")
        if is_mutable(a) and is_mutable(b):
            if not self.session.stand_ins.isdisjoint((a, b)):
                message = "whether these are one object depends on the path taken"
                self.error(UnsupportedError, message, "keep a number that says which it is, and compare that")
            return False
        if (isinstance(a, tuple) and isinstance(b, tuple)) or (isinstance(a, RecordValue) and type(a) is type(b)):
            message = f"the identity of {describe(a)} is not known"
            self.error(UnsupportedError, message, "compare with ==")
        if isinstance(a, Opaque) or isinstance(b, Opaque):
            return getattr(a, "obj", a) is getattr(b, "obj", b)
        return False

    def _equal(self, a: Any, b: Any, opcode: str) -> Any:
        """== and != of containers, ranges and texts."""
        out = self._same(a, b)
        if opcode == "ne":
            return self.negation(out)
        return out

    def _same(self, a: Any, b: Any) -> Any:
        if isinstance(a, TextValue) or isinstance(b, TextValue):
            return self.static(a, "a text that is compared") == self.static(b, "a text that is compared")
        for sequence in (tuple, ListValue):
            if isinstance(a, sequence) and isinstance(b, sequence):
                xs, ys = ((v.items if isinstance(v, ListValue) else v) for v in (a, b))
                return len(xs) == len(ys) and self._all_same(zip(xs, ys, strict=True))
        if isinstance(a, DictValue) and isinstance(b, DictValue):
            alike = a.items.keys() == b.items.keys()
            return alike and self._all_same((x, b.items[k]) for k, x in a.items.items())
        if isinstance(a, RangeValue) and isinstance(b, RangeValue):
            parts = [[self.static(x, "a range that is compared") for x in (r.start, r.stop, r.step)] for r in (a, b)]
            return range(*parts[0]) == range(*parts[1])
        kinds = {_kind_of(a), _kind_of(b)}
        if len(kinds) == 2 or None in kinds:
            if None not in kinds:
                return False
            self.error(UnsupportedError, f"{describe(a)} and {describe(b)} cannot be compared with ==")
        return self._identical(a, b)

    def _all_same(self, pairs: Iterable[tuple[Any, Any]]) -> Any:
        return self.every(self._same_item(x, y) for x, y in pairs)

    def _same_item(self, a: Any, b: Any) -> Any:
        """Whether containers take two items for the same: one object, or equal ones."""
        return True if a is b else self.truth(self.compare(ast.Eq(), a, b))

    def _among(self, needle: Any, items: Iterable[Any]) -> Any:
        """Whether a value is among the items of a container; those after the first that surely is are not looked at."""
        tests: list[Any] = []
        for x in items:
            tests.append(self._same_item(x, needle))
            if tests[-1] is True:
                break
        return self.either(tests)

    def _contains(self, needle: Any, where: Any) -> Any:
        if is_alternative(needle) and isinstance(where, frozenset):
            return self.either([same_constant(self, needle, x) for x in where])
        if isinstance(where, DictValue):
            tests = self.tests_of_key(where, needle)
            if tests is not None:
                return self.either([test for test, _ in tests])
            return self.dict_key(where, needle) in where.items
        if isinstance(where, str):
            return self.static(needle, "the text looked for") in where
        if isinstance(where, ListValue) and isinstance(where.content, Rows):
            return self.call(any, [self.generator("(x == needle for x in _)", where, needle=needle)], {})
        if isinstance(where, (tuple, ListValue)):
            items = where.items if isinstance(where, ListValue) else where
            return self._among(needle, items)
        if isinstance(where, ITERATORS):
            return self.call(any, [self.generator("(x == needle for x in _)", where, needle=needle)], {})
        if isinstance(where, Array):
            return self.truth(self.numpy(np.any, [self.elementwise("eq", where, needle)]))
        if isinstance(where, RangeValue):
            return self._in_range(needle, where)
        if isinstance(where, frozenset) and not is_static(needle):
            self.require_hashable(needle)
            return self._among(needle, sorted(x for x in where if is_number(x)))
        if is_static(where) and is_static(needle):
            return to_python(needle) in where
        if isinstance(where, (RecordValue, Opaque)):
            if hasattr(class_of(where), "__contains__") and not is_namedtuple(class_of(where)):
                return self.truth(self.call(self.attribute(where, "__contains__"), [needle], {}))
            return self._among(needle, self.items_of(where))
        self.error(PullbackTypeError, f"{describe(where)} is not a container")

    def _in_range(self, needle: Any, where: RangeValue) -> Any:
        step = int(self.static(where.step, "the step of this range"))
        low, high = (where.start, where.stop) if step > 0 else (where.stop, where.start)
        above, below = (ast.GtE(), ast.Lt()) if step > 0 else (ast.Gt(), ast.LtE())
        tests = [self.compare(above, needle, low), self.compare(below, needle, high)]
        if abs(step) != 1:
            distance = self.binary(ast.Sub, needle, where.start)
            tests.append(self.compare(ast.Eq(), self.binary(ast.Mod, distance, abs(step)), 0))
        elif not self.type(needle).is_int:
            tests.append(self.compare(ast.Eq(), self.binary(ast.Mod, needle, 1), 0))
        return self.every(tests)

    def generator(self, template: str, iterable: Any, **names: Any) -> Any:
        raise NotImplementedError
