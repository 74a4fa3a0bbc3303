"""Patterns of `match`: whether they match, known when compiling or as a run-time bool, and the names they bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import PullbackTypeError, UnsupportedError
from ..ir.nodes import Value
from .context import describe
from .expressions import Expressions
from .objects import class_of
from .values import DictValue, ListValue, is_static

Matched = tuple[Any, dict[str, Any]]

# classes whose one positional pattern is matched with the subject itself
_WHOLE = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


class Patterns(Expressions):
    def pattern(self, p: ast.pattern, v: Any) -> Matched:
        """Whether a pattern matches a value, and what it binds."""
        match p:
            case ast.MatchValue():
                return self.truth(self.compare(ast.Eq(), v, self.eval(p.value))), {}
            case ast.MatchSingleton():
                if p.value is not None and isinstance(v, Value) and v.type.is_bool and v.type.weak:
                    return v if p.value else self.negation(v), {}
                return self.compare(ast.Is(), v, p.value), {}
            case ast.MatchAs():
                test, bound = (True, {}) if p.pattern is None else self.pattern(p.pattern, v)
                return test, {**bound, p.name: v} if p.name else bound
            case ast.MatchOr():
                return self._alternatives(p, v)
            case ast.MatchSequence():
                return self._sequence(p, self.present(v))
            case ast.MatchMapping():
                return self._mapping(p, self.present(v))
            case ast.MatchClass():
                return self._class(p, v)
        self.error(UnsupportedError, "this pattern is not supported", "use if and elif")

    def _alternatives(self, p: ast.MatchOr, v: Any) -> Matched:
        tests: list[Any] = []
        for q in p.patterns:
            test, bound = self.pattern(q, v)
            if bound and test is True and all(t is False for t in tests):
                return True, bound
            if bound and test is not False:
                message = "which names an alternative of this pattern binds is known only at run time"
                self.error(UnsupportedError, message, "use a case for each")
            tests.append(test)
        return self.either(tests), {}

    def _every(self, parts: Iterable[tuple[ast.pattern, Any]]) -> Matched:
        """Whether each of several patterns matches its value."""
        bound: dict[str, Any] = {}

        def tests() -> Iterator[Any]:
            for q, x in parts:
                test, more = self.pattern(q, x)
                bound.update(more)
                yield test

        out = self.every(tests())
        return out, {} if out is False else bound

    def _sequence(self, p: ast.MatchSequence, v: Any) -> Matched:
        if not isinstance(v, (tuple, ListValue)):  # nor are arrays, for Python
            return False, {}
        items = self.items_of(v)
        stars = [k for k, q in enumerate(p.patterns) if isinstance(q, ast.MatchStar)]
        if not stars:
            if len(items) != len(p.patterns):
                return False, {}
            return self._every(zip(p.patterns, items, strict=True))
        (at,) = stars
        after = len(p.patterns) - at - 1
        if len(items) < at + after:
            return False, {}
        ends = [*zip(p.patterns[:at], items), *zip(p.patterns[at + 1 :], items[len(items) - after :], strict=True)]
        test, bound = self._every(ends)
        name = p.patterns[at].name  # type: ignore[attr-defined]
        return test, {**bound, name: ListValue(list(items[at : len(items) - after]))} if name else bound

    def _mapping(self, p: ast.MatchMapping, v: Any) -> Matched:
        if not isinstance(v, DictValue):
            return False, {}
        keys = [self.static(self.eval(k), "the key of a pattern") for k in p.keys]
        if any(k not in v.items for k in keys):
            return False, {}
        test, bound = self._every((q, v.items[k]) for k, q in zip(keys, p.patterns, strict=True))
        if p.rest:
            bound = {**bound, p.rest: DictValue({k: x for k, x in v.items.items() if k not in keys})}
        return test, bound

    def _class(self, p: ast.MatchClass, v: Any) -> Matched:
        cls = self.eval(p.cls)
        if not isinstance(cls, type):
            self.error(PullbackTypeError, f"a class is needed in a pattern, not {describe(cls)}")
        if not self.static(self.call(isinstance, [v, cls], {}), "the class of what is matched"):
            return False, {}
        v = self.present(v)
        names = list(getattr(cls, "__match_args__", ()))
        if cls in _WHOLE and len(p.patterns) == 1:
            whole: list[tuple[ast.pattern, Any]] = [(p.patterns[0], v)]
        elif len(p.patterns) > len(names):
            message = f"{cls.__name__}() accepts {len(names)} positional sub-patterns ({len(p.patterns)} given)"
            self.error(PullbackTypeError, message)
        else:
            whole = [(q, self.attribute(v, n)) for q, n in zip(p.patterns, names)]
        if p.kwd_attrs and class_of(v) is None and is_static(v):
            self.error(UnsupportedError, "attributes of this value are not matched", "use if and elif")
        named = ((q, self.attribute(v, n)) for q, n in zip(p.kwd_patterns, p.kwd_attrs, strict=True))
        return self._every([*whole, *named])
