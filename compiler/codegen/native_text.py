"""The text of a function of the native level in the making: its lines, the names in it, and expressions that are not
written yet.

A scalar that is read once is no line of its own, but part of the expression that reads it (`define`), unless memory
that it has read changes before (`flush_reads`), or control flow comes between (`settle`).
"""

from __future__ import annotations

import os
import re

from ..ir.dims import Dim
from ..ir.nodes import UNKNOWN, Const, Function, Loc, Op, Operand, Region, Value
from .native_expressions import ADD, ATOM, NUMPY_NAME, Expr, Imports, ScalarPrinter
from .native_names import Names, identifier, is_memory, words

MAX_EXPRESSION = 72
_SCALAR_MATH = "pullback.runtime.scalar_math"


class FunctionText:
    """See the module. What is `reserved` is no name of a value."""

    def __init__(self, fn: Function, imports: Imports, reserved: set[str]):
        self.fn = fn
        self.imports = imports
        self.scalars = ScalarPrinter(imports)
        self.memory = Names(fn)
        self.lines: list[str] = []
        self.depth = 1
        self.last_loc: Loc | None = None
        self.names: dict[Value, str] = {}
        self.taken: set[str] = {*fn.symbols(), *reserved}
        self.counts: dict[str, int] = {}  # by base of a name, from where on to look for a number
        self.pending: dict[Value, Expr] = {}
        self.symbols_used: set[str] = set()

    def line(self, text: str, loc: Loc = UNKNOWN) -> None:
        text = "    " * self.depth + text
        if loc.line > 0 and loc != self.last_loc:
            self.last_loc = loc
            text += f"  # {'reverse of ' if loc.reverse else ''}{os.path.basename(loc.file)}:{loc.line}"
        self.lines.append(text)

    def fresh(self, hint: str) -> str:
        base = identifier(hint or "v")
        name, k = base, self.counts.get(base, 1)
        while name in self.taken:
            name = f"{base}_{k}" if base[-1].isdigit() else f"{base}{k}"
            k += 1
        self.counts[base] = max(k - 1, 1)
        self.taken.add(name)
        return name

    def name_of(self, v: Value) -> str:
        v = self.memory.root(v)
        if v not in self.names:
            self.names[v] = self.fresh(v.hint)
        return self.names[v]

    def dim(self, d: Dim) -> Expr:
        def leaf(a: object) -> str:
            if isinstance(a, str):
                self.symbols_used.add(a)
                return a
            assert isinstance(a, Value)
            return self.name_of(a)

        text = d.format(leaf)
        for builtin, function in (("max", "maximum"), ("min", "minimum")):
            if f"{builtin}(" in text:  # Numba compiles the builtin as a function of its own
                text = re.sub(rf"\b{builtin}\(", self.imports.use(_SCALAR_MATH, function) + "(", text)
        return Expr(text, ATOM if text.isidentifier() or text.isdigit() else ADD - 1)

    def shape(self, dims: tuple[Dim, ...]) -> str:
        texts = [self.dim(d).text for d in dims]
        return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"

    def use(self, x: Operand) -> Expr:
        """The expression for an operand; what was pending for it is consumed."""
        if isinstance(x, Const):
            return self.scalars.constant(x)
        e = self.pending.pop(x, None)
        return e if e is not None else Expr(self.name_of(x))

    def define(self, op: Op, e: Expr, region: Region) -> None:
        """Give the result of a pure scalar op its value: later, in the expression of its only user, or now."""
        v = op.result
        if (
            self.memory.uses.get(v) == 1
            and v not in self.memory.needs_name
            and self.memory.user_region.get(v) is region
            and len(e.text) <= MAX_EXPRESSION
        ):
            self.pending[v] = e
        elif self.memory.uses.get(v):
            self.line(f"{self.name_of(v)} = {e.text}", op.loc)

    def flush_reads(self) -> None:
        """Before memory changes: what was read from it gets a name."""
        for v in [v for v, e in self.pending.items() if e.reads]:
            self._write_out(v)

    def settle(self) -> None:
        """Before control flow: pending expressions may read what it changes."""
        for v in list(self.pending):
            self._write_out(v)

    def _write_out(self, v: Value) -> None:
        e = self.pending.pop(v)
        self.line(f"{self.name_of(v)} = {e.text}")

    def assign(self, pairs: list[tuple[Value, Operand]]) -> None:
        """Simultaneous assignment of operands to the variables of values."""
        todo: list[tuple[str, str]] = []
        for v, x in pairs:
            name = self.name_of(v)
            e = self.use(x)
            if not isinstance(x, Value):
                e = self.scalars.constant(x, v.type.dtype)
            elif not is_memory(v):
                e = self.scalars.operand(x, e, v.type.dtype)
            if e.text == name:
                continue
            todo.append((name, e.text))
            if v.type.tape:
                todo.append((name + "_n", e.text + "_n"))
        assigned: set[str] = set()
        clash = False
        for name, text in todo:
            clash |= any(word in assigned for word in words(text))
            assigned.add(name)
        if clash:
            self.line(f"{', '.join(n for n, _ in todo)} = {', '.join(t for _, t in todo)}")
        else:
            for name, text in todo:
                self.line(f"{name} = {text}")

    def empty(self, shape: str, dtype: str) -> str:
        if shape.count(",") == 1:
            shape = shape.replace(", )", ",)")
        return f"{self.array_function('empty')}({shape}, {self.dtype(dtype)})"

    def array_function(self, name: str) -> str:
        """The name of a function of `pullback.runtime.arrays`."""
        return self.imports.use("pullback.runtime.arrays", name)

    def dtype(self, dtype: str) -> str:
        return self.imports.use("numpy", NUMPY_NAME[dtype])
