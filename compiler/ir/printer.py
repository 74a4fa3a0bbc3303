"""The text form of the IR (docs/ir.md).

Guarantees: ``print_function(parse(print_function(f))) == print_function(f)``, with and without
locations, and text that does not depend on when values were made (names are given in order of
appearance, extents are ordered by name).
"""

from __future__ import annotations

import math
import re
from typing import Any

from .dims import Dim
from .nodes import (
    UNKNOWN,
    At,
    Function,
    Gather,
    Loc,
    New,
    Op,
    Operand,
    Region,
    Span,
    Value,
)
from .types import Type

_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.]*")
_PLAIN_FILE = re.compile(r"[\w./<>+-]+")
_LOC_COLUMN = 58


class Names:
    """Unique names of values: the hint, with a number where it is taken."""

    def __init__(self) -> None:
        self._names: dict[Value, str] = {}
        self._taken: set[str] = set()
        self._counters: dict[str, int] = {}

    def define(self, value: Value) -> str:
        hint = re.sub(r"[^A-Za-z0-9_]", "_", value.hint)
        name = hint
        if not hint or hint in self._taken:
            stem = "v" if not hint else f"{hint}_" if hint[-1].isdigit() else hint
            k = self._counters.get(stem, 0)
            while (name := f"{stem}{k}") in self._taken:
                k += 1
            self._counters[stem] = k + 1
        self._taken.add(name)
        self._names[value] = name
        return f"%{name}"

    def __getitem__(self, value: Value) -> str:
        """The name of a value; one that is not defined in what is printed is named on first use."""
        if value not in self._names:
            self.define(value)
        return f"%{self._names[value]}"


def _number(x: float) -> str:
    return repr(x) if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"


class _Printer:
    def __init__(self, locs: bool):
        self.locs = locs
        self.names = Names()

    # -- parts ----------------------------------------------------------------------------------
    def dim(self, dim: Dim) -> str:
        # values become symbols first, so that the order of terms follows names and not ids
        def leaf(atom: Any) -> Dim:
            return Dim.of(atom if isinstance(atom, str) else self.names[atom])

        return dim.substitute(leaf).format(lambda atom: atom)

    def type(self, type: Type) -> str:
        shape = ", ".join(self.dim(d) for d in type.shape)
        return f"{type.dtype}[{shape}]" if type.shape else str(type)

    def operand(self, x: Operand) -> str:
        if isinstance(x, Value):
            return self.names[x]
        if x.type.is_float:
            text = _number(float(x.value))
        elif x.type.is_bool:
            text = str(bool(x.value))
        else:
            text = str(int(x.value))
        return text if x.type.weak else f"{text}:{x.type.dtype}"

    def attr(self, a: Any) -> str:
        if isinstance(a, Dim):
            return f"dim({a.const})" if a.is_const else self.dim(a)
        if isinstance(a, tuple):
            if a and all(isinstance(x, Dim) for x in a):
                return "[" + ", ".join(self.dim(x) for x in a) + "]"
            return "(" + ", ".join(self.attr(x) for x in a) + ("," if len(a) == 1 else "") + ")"
        if isinstance(a, At):
            return "at"
        if isinstance(a, New):
            return "new"
        if isinstance(a, Gather):
            return "gather"
        if isinstance(a, Span):
            step = "" if a.step == 1 else f", {a.step}"
            return f"span({self.dim(a.start)}, {self.dim(a.size)}{step})"
        if isinstance(a, float):
            return _number(a)
        if a is None or isinstance(a, (bool, int, str)):
            return repr(a)
        raise TypeError(f"an attribute of type {type(a).__name__} has no text form")

    def attrs(self, attrs: dict[str, Any]) -> str:
        return "{" + ", ".join(f"{k}={self.attr(v)}" for k, v in attrs.items()) + "}"

    @staticmethod
    def loc(loc: Loc) -> str:
        file = loc.file if _PLAIN_FILE.fullmatch(loc.file) else repr(loc.file)
        return f"@{file}:{loc.line}:{loc.col}-{loc.end_col}"

    # -- ops and regions ------------------------------------------------------------------------
    def op_header(self, op: Op, indent: str) -> str:
        operands = ", ".join(self.operand(x) for x in op.operands)
        # an extent may be the result of the op itself: %n, %i = nonzero %m : int, i64[%n]
        results = ", ".join(self.names.define(r) for r in op.results)
        text = f"{results} = " if op.results else ""
        text += op.opcode
        if operands:
            text += f" {operands}"
        if op.attrs:
            text += f" {self.attrs(op.attrs)}"
        if op.results:
            text += " : " + ", ".join(self.type(r.type) for r in op.results)
        if self.locs and op.loc != UNKNOWN:
            text = f"{text:<{_LOC_COLUMN - len(indent)}}  {self.loc(op.loc)}"
        return indent + text

    def params(self, params: list[Value]) -> str:
        return ", ".join(f"{self.names.define(p)}: {self.type(p.type)}" for p in params)

    def op_lines(self, op: Op, indent: str) -> list[str]:
        lines = [self.op_header(op, indent)]
        for region in op.regions:
            params = f"({self.params(region.params)}):" if region.params else ""
            lines[-1] += f" {{{params}"
            lines += self.region_lines(region, indent + "  ", "yield")
            lines.append(indent + "}")
        return lines

    def region_lines(self, region: Region, indent: str, terminator: str) -> list[str]:
        lines = [line for op in region.ops for line in self.op_lines(op, indent)]
        yields = ", ".join(self.operand(y) for y in region.yields)
        return [*lines, f"{indent}{terminator} {yields}".rstrip()]

    def function(self, fn: Function) -> str:
        name = fn.name if _PLAIN_NAME.fullmatch(fn.name) else repr(fn.name)
        header = f"func {name}({self.params(fn.params)})"
        body = self.region_lines(fn.body, "  ", "return")
        header += " -> (" + ", ".join(self.type(t) for t in fn.result_types) + ")"
        if fn.assumptions:
            header += " assume [" + ", ".join(self.dim(d) for d in fn.assumptions) + "]"
        # ops that one pass tells the next of have no text form
        attrs = {k: v for k, v in fn.attrs.items() if not isinstance(v, (dict, set, frozenset))}
        if attrs:
            header += f" attrs {self.attrs(attrs)}"
        return "\n".join([header + " {", *body, "}"])


def print_function(fn: Function, locs: bool = False) -> str:
    """The text of a function and, after it, of its callees; ends without a newline."""
    texts = [_Printer(locs).function(f) for f in (fn, *fn.callees.values())]
    return "\n\n".join(texts)


def print_op(op: Op) -> str:
    """The text of one op with its regions, for messages; not parseable on its own."""
    printer = _Printer(locs=False)
    for value in op.used_values():
        if value not in op.results:
            printer.names[value]
    return "\n".join(printer.op_lines(op, ""))
