"""Reads the text form of the IR (docs/ir.md) back into functions.

``parse(text)`` is the inverse of `printer.print_function`. The first function of the text is the
result, the others are its callees. Raises SyntaxError with the line of the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

from .dims import Dim
from .nodes import (
    UNKNOWN,
    At,
    Const,
    Function,
    Gather,
    Loc,
    New,
    Op,
    Operand,
    Region,
    Span,
    Value,
    referenced_callees,
)
from .types import BOOL, DTYPES, FLOAT, INT, Type

_WEAK = {"float": FLOAT, "int": INT, "bool": BOOL}
_WORDS = {"at": At(), "new": New(), "gather": Gather(), "None": None, "True": True, "False": False}
_DTYPE = "|".join(DTYPES)
_TOKEN = re.compile(
    rf"""
      (?P<space>\s+|\#[^\n]*)
    | (?P<loc>@(?:'[^'\n]*'|"[^"\n]*"|[\w./<>+-]+):\d+:\d+-\d+)
    | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<value>%\w+)
    | (?P<number>(?:(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?|\b(?:nan|inf|True|False)\b)(?::(?:{_DTYPE})\b)?)
    | (?P<name>[A-Za-z_][\w.]*)
    | (?P<punct>->|//|[-+*(){{}}\[\],=:<>])
    """,
    re.VERBOSE,
)


class _Tokens:
    """The tokens of a text, with a cursor."""

    def __init__(self, text: str):
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(f"unexpected character {text[position]!r}", position)
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup or "", match.group(), position))
            position = match.end()
        self.tokens.append(("end", "end of text", len(text)))
        self.cursor = 0

    def _error(self, message: str, position: int) -> SyntaxError:
        line = self.text.count("\n", 0, position) + 1
        source = self.text.split("\n")[line - 1]
        return SyntaxError(f"IR text, line {line}: {message}: {source.strip()}")

    def error(self, message: str, back: int = 0) -> SyntaxError:
        """An error at the next token, or at one already read."""
        return self._error(message, self.tokens[max(0, self.cursor - back)][2])

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[min(self.cursor + ahead, len(self.tokens) - 1)][1]

    def kind(self, ahead: int = 0) -> str:
        return self.tokens[min(self.cursor + ahead, len(self.tokens) - 1)][0]

    def next(self) -> str:
        token = self.peek()
        if self.kind() == "end":
            raise self.error("unexpected end of text")
        self.cursor += 1
        return token

    def accept(self, token: str) -> bool:
        if self.peek() != token or self.kind() == "string":
            return False
        self.cursor += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.error(f"expected {token!r}, found {self.peek()!r}")

    def expect_kind(self, kind: str) -> str:
        if self.kind() != kind:
            raise self.error(f"expected a {kind}, found {self.peek()!r}")
        return self.next()

    def sequence(self, item: Callable[[], Any], close: str) -> list[Any]:
        """Items separated by commas (a trailing one allowed) up to and with the closing token."""
        items: list[Any] = []
        while not self.accept(close):
            items.append(item())
            if not self.accept(","):
                self.expect(close)
                break
        return items


class _FunctionParser:
    """Reads one function; names are unique in the whole function."""

    def __init__(self, tokens: _Tokens):
        self.t = tokens
        self.values: dict[str, Value] = {}

    # -- values and extents -----------------------------------------------------------------------
    def define(self, name: str, type: Type, op: Op | None = None) -> Value:
        if name in self.values:
            raise self.t.error(f"{name} is defined twice", back=1)
        self.values[name] = Value(type, name[1:], op)
        return self.values[name]

    def use(self, name: str) -> Value:
        if name not in self.values:
            raise self.t.error(f"{name} is not defined", back=1)
        return self.values[name]

    def operand(self) -> Operand:
        if self.t.kind() == "value":
            return self.use(self.t.next())
        negative = self.t.accept("-")
        return self._const(self.t.expect_kind("number"), negative)

    @staticmethod
    def _const(text: str, negative: bool) -> Const:
        text, _, dtype = text.partition(":")
        x: float | int | bool
        if text in ("True", "False"):
            x, weak = text == "True", BOOL
        elif text.isdigit():
            x, weak = int(text), INT
        else:
            x, weak = float(text), FLOAT
        return Const(-x if negative else x, Type(dtype) if dtype else weak)

    def dim(self) -> Dim:
        negative = self.t.accept("-")
        total = self._dim_term()
        if negative:
            total = -total
        while self.t.peek() in ("+", "-"):
            sign = self.t.next()
            term = self._dim_term()
            total = total + term if sign == "+" else total - term
        return total

    def _dim_term(self) -> Dim:
        term = self._dim_factor()
        while self.t.peek() in ("*", "//"):
            if self.t.next() == "*":
                term = term * self._dim_factor()
            else:
                term = term // self._dim_factor()
        return term

    def _dim_factor(self) -> Dim:
        if self.t.accept("("):
            inner = self.dim()
            self.t.expect(")")
            return inner
        if self.t.kind() == "value":
            return Dim.of(self.use(self.t.next()))
        if self.t.kind() == "number" and self.t.peek().isdigit():
            return Dim.of(int(self.t.next()))
        name = self.t.expect_kind("name")
        if name in ("min", "max") and self.t.accept("("):
            left = self.dim()
            self.t.expect(",")
            right = self.dim()
            self.t.expect(")")
            return left.min(right) if name == "min" else left.max(right)
        return Dim.of(name)

    def type(self) -> Type:
        name = self.t.expect_kind("name")
        if name in _WEAK:
            return _WEAK[name]
        if name == "tape":
            self.t.expect("<")
            dtype = self.t.next()
            self.t.expect(">")
            return Type(dtype, (), False, True)
        if name not in DTYPES:
            raise self.t.error(f"unknown type {name!r}", back=1)
        return Type(name, tuple(self.t.sequence(self.dim, "]"))) if self.t.accept("[") else Type(name)

    # -- attributes -------------------------------------------------------------------------------
    def attr(self) -> Any:
        t = self.t
        if t.kind() == "string":
            return ast.literal_eval(t.next())
        if t.accept("["):
            return tuple(t.sequence(self.dim, "]"))
        word = t.peek()
        if word in _WORDS:
            t.next()
            return _WORDS[word]
        if word in ("span", "dim") and t.peek(1) == "(":
            t.next()
            t.next()
            dims = t.sequence(self.dim, ")")
            if word == "dim":
                return dims[0]
            return Span(dims[0], dims[1], dims[2].const if len(dims) > 2 else 1)
        if word == "(" and (items := self._tuple()) is not None:
            return items
        if t.kind() == "number" or (word == "-" and t.kind(1) == "number"):
            ahead = t.cursor
            const = self.operand()
            if isinstance(const, Const) and t.peek() in (",", "}", ")"):
                return const.value
            t.cursor = ahead
        return self.dim()

    def _tuple(self) -> tuple[Any, ...] | None:
        """A tuple, or None (and nothing read) where the parenthesis belongs to an extent."""
        start = self.t.cursor
        self.t.expect("(")
        items: list[Any] = []
        while not self.t.accept(")"):
            items.append(self.attr())
            if not self.t.accept(","):
                if len(items) == 1:
                    self.t.cursor = start
                    return None
                self.t.expect(")")
                break
        return tuple(items)

    def attrs(self) -> dict[str, Any]:
        def item() -> tuple[str, Any]:
            name = self.t.expect_kind("name")
            self.t.expect("=")
            return name, self.attr()

        self.t.expect("{")
        return dict(self.t.sequence(item, "}"))

    def loc(self) -> Loc:
        if self.t.kind() != "loc":
            return UNKNOWN
        file, line, columns = self.t.next()[1:].rsplit(":", 2)
        col, end_col = columns.split("-")
        if file[0] in "'\"":
            file = ast.literal_eval(file)
        return Loc(file, int(line), int(col), int(end_col))

    # -- ops and regions --------------------------------------------------------------------------
    def op(self) -> Op:
        t = self.t
        names: list[str] = []
        if t.kind() == "value":
            names.append(t.next())
            while t.accept(","):
                names.append(t.expect_kind("value"))
            t.expect("=")
        op = Op(t.expect_kind("name"), [], {}, [])
        while t.kind() in ("value", "number") or t.peek() == "-":
            op.operands.append(self.operand())
            if not t.accept(","):
                break
        # a region starts with a parameter list, an op or its terminator, and never with `name =`
        has_attrs = t.peek() == "{" and (t.peek(1) == "}" or t.peek(2) == "=") and t.kind(1) != "value"
        if has_attrs:
            op.attrs = self.attrs()
        if names:
            t.expect(":")
        for k, name in enumerate(names):
            if k:
                t.expect(",")
            # named one by one: a type may mention an earlier result of the same op
            op.results.append(self.define(name, self.type(), op))
        op.loc = self.loc()
        while t.peek() == "{":
            op.regions.append(self.region("yield"))
        return op

    def params(self, region: Region) -> None:
        while not self.t.accept(")"):
            name = self.t.expect_kind("value")
            self.t.expect(":")
            region.params.append(self.define(name, self.type()))
            self.t.accept(",")

    def region(self, terminator: str, region: Region | None = None) -> Region:
        region = region or Region()
        self.t.expect("{")
        if self.t.accept("("):
            self.params(region)
            self.t.expect(":")
        while not self.t.accept(terminator):
            region.ops.append(self.op())
        region.yields = self.t.sequence(self.operand, "}")
        return region

    def function(self) -> Function:
        t = self.t
        t.expect("func")
        name = ast.literal_eval(t.next()) if t.kind() == "string" else t.expect_kind("name")
        fn = Function(name, Region())
        t.expect("(")
        self.params(fn.body)
        t.expect("->")
        t.expect("(")
        while not t.accept(")"):  # the types of what is returned: known from the body
            t.next()
        if t.accept("assume"):
            t.expect("[")
            fn.assumptions = t.sequence(self.dim, "]")
        if t.accept("attrs"):
            fn.attrs = self.attrs()
        self.region("return", fn.body)
        return fn


def parse(text: str) -> Function:
    """The function that a text describes; raises SyntaxError."""
    tokens = _Tokens(text)
    functions = [_FunctionParser(tokens).function()]
    while tokens.kind() != "end":
        functions.append(_FunctionParser(tokens).function())
    main, *others = functions
    callees = {f.name: f for f in others}
    for f in others:
        f.callees = {name: callees[name] for name in referenced_callees(f, callees)}
    main.callees = callees
    return main
