"""Loops of a native module as functions of their own, to be run in blocks.

Before::                                      after::

    def f(u, n, s_out, ...):                      def f_part(first, last, block, u, w, sums):
        acc = 0.0                                     acc = 0.0
        for i in range(n):                            for i in range(first, last):
            w[i] = exp(u[i])                              w[i] = exp(u[i])
            acc = acc + w[i]                              acc = acc + w[i]
                                                      sums[block] = acc
                                                      return 0

                                                  def f(u, n, s_out, ..., threads):
                                                      acc = 0.0
                                                      sums = empty((BLOCKS,), float64)
                                                      status = in_parallel(f_part, threads, n, u, w, sums)
                                                      for k in range(BLOCKS):
                                                          acc = acc + sums[k]

Which loops may be treated so is known when the module is generated (`analysis.parallel`). Here, names decide what a
part gets: all that it reads and does not assign. A loop that assigns what is read elsewhere stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .parallel import BLOCKS


@dataclass(frozen=True, slots=True)
class Summed:
    """A number or an array that a loop adds to."""

    name: str
    zero: str
    dtype: str
    rank: int


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of the main function, by its variable. ``sums``: what it adds up; ``private``: the names of the arrays
    that each block needs for itself; ``added``: the arrays it adds to of which each block needs one."""

    variable: str
    sums: tuple[Summed, ...]
    private: tuple[str, ...]
    added: tuple[Summed, ...] = ()


def outline(text: str, main: str, loops: Iterable[Loop]) -> tuple[str, list[str]]:
    """The text with `loops` of function `main` as parts, and the names of the parts. `main` has a parameter more, the
    number of threads."""
    module = ast.parse(text)
    outliner = _Outliner(module, main, {loop.variable: loop for loop in loops})
    outliner.run()
    return ast.unparse(ast.fix_missing_locations(module)) + "\n", [part.name for part in outliner.parts]


class _Outliner:
    def __init__(self, module: ast.Module, main: str, loops: dict[str, Loop]):
        self.module = module
        self.loops = loops
        self.function = next(s for s in module.body if isinstance(s, ast.FunctionDef) and s.name == main)
        self.globals = {"range", "abs", "int", "float", "bool", "len"}
        for s in module.body:
            if isinstance(s, ast.ImportFrom):
                self.globals |= {a.asname or a.name for a in s.names}
            elif isinstance(s, ast.FunctionDef):
                self.globals.add(s.name)
        self.taken = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)} | self.globals
        self.taken |= {a.arg for a in self.function.args.args}
        self.parts: list[ast.FunctionDef] = []
        self.uses = Counter(_all_names([self.function]))  # how often the function names what

    def run(self) -> None:
        used = {"empty": "pullback.runtime.arrays", "in_parallel": "pullback.runtime.parallel"}
        if any(loop.added for loop in self.loops.values()):
            used |= {name: "pullback.runtime.arrays" for name in ("block", "fill")}
        used |= {s.dtype: "numpy" for loop in self.loops.values() for s in (*loop.sums, *loop.added)}
        self.taken |= used.keys()
        self.threads = self._fresh("threads")
        self.function.args.args.append(ast.arg(self.threads))
        self.parameters = {a.arg for a in self.function.args.args}
        for name, home in used.items():
            self.module.body.insert(1, ast.ImportFrom(home, [ast.alias(name)], 0))
        self.globals |= used.keys()
        self._block(self.function.body)
        at = self.module.body.index(self.function)
        self.module.body[at:at] = self.parts

    def _fresh(self, name: str) -> str:
        chosen, k = name, 1
        while chosen in self.taken:
            chosen, k = f"{name}_{k}", k + 1
        self.taken.add(chosen)
        return chosen

    def _block(self, body: list[ast.stmt]) -> None:
        at = 0
        while at < len(body):
            s = body[at]
            new = None
            if isinstance(s, ast.For) and isinstance(s.target, ast.Name) and s.target.id in self.loops:
                new = self._outlined(s, self.loops[s.target.id])
            if new is not None:
                body[at : at + 1] = new
                at += len(new)
                continue
            for field in ("body", "orelse"):
                self._block(getattr(s, field, []))
            at += 1

    def _outlined(self, loop: ast.For, known: Loop) -> list[ast.stmt] | None:
        """The statements in place of a loop; None where it must stay."""
        sums = {s.name for s in known.sums}
        written = _names([loop], ast.Store) - sums
        inside = Counter(_all_names([loop]))
        made = [self._maker(name) for name in known.private]
        if any(self.uses[n] > inside[n] for n in written) or written & self.parameters or None in made:
            return None
        body = [_Private().visit(copy.deepcopy(s)) for s in loop.body]
        makers = [_Private().visit(copy.deepcopy(s)) for s in made if s is not None]
        start, count, forwards = _range(loop.iter)
        first, last, block = (self._fresh(n) for n in ("first", "last", "block"))
        partial = {s.name: self._fresh(f"{s.name}_parts") for s in (*known.sums, *known.added)}
        place = "{0} + {1}" if forwards else "{0} - {1}"
        bounds = ", ".join(place.format(ast.unparse(start), n) for n in (first, last))
        new = _statements(f"for {known.variable} in range({bounds}{'' if forwards else ', -1'}): pass")
        assert isinstance(new[0], ast.For)
        new[0].body = body or [ast.Pass()]
        begins = [f"{s.name} = {s.zero}" for s in known.sums]
        for s in known.added:
            shape = "".join(f"{partial[s.name]}.shape[{k + 1}], " for k in range(s.rank))
            begins += [f"{s.name} = block({partial[s.name]}, ({block},), ({shape}))", f"fill({s.name}, {s.zero})"]
        ends = [*(f"{partial[s.name]}[{block}] = {s.name}" for s in known.sums), "return 0"]
        whole: list[ast.stmt] = [*makers, *_statements("\n".join(begins)), *new, *_statements("\n".join(ends))]
        returns = [n for s in body for n in ast.walk(s) if isinstance(n, ast.Return)]
        failure = copy.deepcopy(returns[0]) if returns else None
        for r in returns:
            r.value = r.value.elts[0] if isinstance(r.value, ast.Tuple) else r.value
        own = _names(whole, ast.Store) | {first, last, block}
        given = sorted(_names(whole, ast.Load) - own - self.globals)
        part = self._part([first, last, block, *given], whole)
        status = self._fresh("status")
        text = []
        for s in (*known.sums, *known.added):
            shape = "".join(f"{s.name}.shape[{k}], " for k in range(s.rank))
            text.append(f"{partial[s.name]} = empty(({BLOCKS}, {shape}), {s.dtype})")
        text.append(f"{status} = in_parallel({', '.join([part, self.threads, ast.unparse(count), *given])})")
        statements = _statements("\n".join(text))
        if failure is not None:
            value = ast.Name(status, ast.Load())
            if isinstance(failure.value, ast.Tuple):
                failure.value.elts[0] = value
            else:
                failure.value = value
            test = ast.Compare(ast.Name(status, ast.Load()), [ast.NotEq()], [ast.Constant(0)])
            statements.append(ast.If(test, [failure], []))
        for s in (*known.sums, *known.added):
            statements += self._added_up(s, partial[s.name])
        self.uses.subtract(inside)
        self.uses.update(_all_names(statements))
        return statements

    def _added_up(self, s: Summed, parts: str) -> list[ast.stmt]:
        """What the blocks have found, added to what there was before."""
        part = self._fresh("part")
        axes = [self._fresh("at") for _ in range(s.rank)]
        target = f"{s.name}[{', '.join(axes)}]" if axes else s.name
        lines = [f"for {part} in range({BLOCKS}):"]
        for k, axis in enumerate(axes):
            lines.append("    " * (k + 1) + f"for {axis} in range({s.name}.shape[{k}]):")
        lines.append("    " * (s.rank + 1) + f"{target} = {target} + {parts}[{', '.join([part, *axes])}]")
        return _statements("\n".join(lines))

    def _part(self, params: Sequence[str], body: list[ast.stmt]) -> str:
        name = self._fresh(f"{self.function.name}_part")
        (part,) = _statements(f"def {name}({', '.join(params)}): pass")
        assert isinstance(part, ast.FunctionDef)
        part.body = body
        self.parts.append(part)
        self.globals.add(name)
        return name

    def _maker(self, name: str) -> ast.stmt | None:
        """The only statement that makes an array."""
        found = [
            s
            for s in ast.walk(self.function)
            if isinstance(s, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in s.targets)
        ]
        if len(found) != 1 or not isinstance(found[0].value, ast.Call):
            return None
        function = found[0].value.func
        return found[0] if isinstance(function, ast.Name) and function.id in ("part", "empty") else None


class _Private(ast.NodeTransformer):
    """Memory of the arena becomes memory of the block's own."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "part":
            return ast.Call(ast.Name("empty", ast.Load()), node.args[2:], [])
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "retire":
            return ast.Pass()
        return node


def _range(call: ast.expr) -> tuple[ast.expr, ast.expr, bool]:
    """Start, number of steps and direction of a ``range``."""
    assert isinstance(call, ast.Call)
    low, high = call.args[:2] if len(call.args) > 1 else (ast.Constant(0), call.args[0])
    if len(call.args) > 2 and ast.unparse(call.args[2]) == "-1":
        return low, ast.BinOp(low, ast.Sub(), high), False
    return low, ast.BinOp(high, ast.Sub(), low), True


def _statements(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def _all_names(body: Sequence[ast.AST]) -> list[str]:
    return [n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name)]


def _names(body: Sequence[ast.AST], context: type) -> set[str]:
    return {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
