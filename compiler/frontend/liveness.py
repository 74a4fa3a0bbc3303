"""Which names are read later: liveness of local names over the syntax tree.

For every statement, `Liveness.after` is the set of names that may be
read after it, and for loops `Liveness.head` the set that may be read by the next iteration's test or
body. Only these names are merged or carried. The sets are upper bounds.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field
from typing import Any

Names = frozenset[str]
EMPTY: Names = frozenset()
_READERS = frozenset(("sum", "min", "max", "any", "all", "list", "tuple", "sorted", "dict", "set"))  # not lazy
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@functools.lru_cache(maxsize=2048)
def reads(node: ast.AST | None) -> Names:
    """Names read anywhere in an expression (nested functions and comprehensions included)."""
    if node is None:
        return EMPTY
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def reads_beside(statement: ast.stmt, call: ast.AST) -> Names:
    """Names read in a statement outside of one of its expressions."""
    out: set[str] = set()
    stack: list[ast.AST] = [statement]
    while stack:
        n = stack.pop()
        if n is call:
            continue
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load):
            out.add(n.id)
        elif isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name):
            out.add(n.target.id)
        stack.extend(ast.iter_child_nodes(n))
    return frozenset(out)


@functools.lru_cache(maxsize=256)
def reads_once(node: ast.AST) -> Names:
    """The names of a function that are read at most once for each time that they are bound."""
    loads: dict[str, list[frozenset[ast.AST]]] = {}
    stores: dict[str, list[frozenset[ast.AST]]] = {}

    def visit(n: ast.AST, loops: frozenset[ast.AST]) -> None:
        if isinstance(n, ast.Name):
            (loads if isinstance(n.ctx, ast.Load) else stores).setdefault(n.id, []).append(loops)
        first = n.iter if isinstance(n, ast.For) else n.generators[0].iter if isinstance(n, _COMPREHENSIONS) else None
        again = loops | {n} if first or isinstance(n, (ast.While, ast.FunctionDef, ast.Lambda)) else loops
        for child in ast.iter_child_nodes(n):
            for part in ast.iter_child_nodes(child) if isinstance(child, ast.comprehension) else (child,):
                visit(part, loops if part is first else again)

    for child in ast.iter_child_nodes(node):
        visit(child, frozenset())
    return frozenset(
        name
        for name, places in loads.items()
        if len(places) == 1 and all(places[0] <= loops for loops in stores.get(name, [frozenset()]))
    )


@functools.lru_cache(maxsize=2048)
def binds(node: ast.AST) -> Names:
    """Names bound by a statement or anywhere inside it, nested function bodies excluded."""
    out: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        n = stack.pop()
        if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del)):
            out.add(n.id)
        elif isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            out.add(n.name)
            continue
        elif isinstance(n, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            # only a walrus inside binds in this scope
            out.update(w.target.id for w in ast.walk(n) if isinstance(w, ast.NamedExpr))
            continue
        elif isinstance(n, (ast.Import, ast.ImportFrom)):
            out.update((a.asname or a.name.split(".")[0]) for a in n.names)
        elif isinstance(n, (ast.MatchAs, ast.MatchStar)) and n.name:
            out.add(n.name)
        stack.extend(ast.iter_child_nodes(n))
    return frozenset(out)


@functools.lru_cache(maxsize=2048)
def is_generator(node: ast.AST) -> bool:
    """Whether a function has a ``yield`` of its own."""
    stack: list[ast.AST] = list(node.body) if isinstance(node, ast.FunctionDef) else []
    while stack:
        n = stack.pop()
        if isinstance(n, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(n, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(n))
    return False


def names_that_are_there(test: ast.expr) -> list[str]:
    """The names that are not None where a test holds: ``u is not None``, by itself or in an ``and``."""
    tests = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    return [
        t.left.id
        for t in tests
        if isinstance(t, ast.Compare) and isinstance(t.left, ast.Name) and isinstance(t.ops[0], ast.IsNot)
        if isinstance(t.comparators[0], ast.Constant) and t.comparators[0].value is None
    ]


@dataclass(frozen=True)
class Nonlocals:
    here: Names  # declared nonlocal in a function
    inside: Names  # declared nonlocal in functions nested in it, and not there; assigned by := in its comprehensions


@functools.lru_cache(maxsize=256)
def nonlocals(node: ast.AST) -> Nonlocals:
    """The names that a function, and the functions nested in it, rebind outside of themselves."""
    here: set[str] = set()
    inside: set[str] = set()
    stack = list(ast.iter_child_nodes(node))
    while stack:
        n = stack.pop()
        if isinstance(n, ast.Nonlocal):
            here.update(n.names)
        elif isinstance(n, ast.FunctionDef):
            nested = nonlocals(n)
            own = frozenset(a.arg for a in [*n.args.args, *n.args.kwonlyargs]).union(*(binds(s) for s in n.body))
            inside.update(nested.here | (nested.inside - own))
        else:
            stack.extend(ast.iter_child_nodes(n))
    return Nonlocals(frozenset(here), frozenset((inside | _bound_by_comprehensions(node)) - here))


def _bound_by_comprehensions(node: ast.AST) -> set[str]:
    """The names that comprehensions of a function assign by ``:=``, which are variables of the function."""
    found: set[str] = set()
    stack = [(n, False) for n in ast.iter_child_nodes(node)]
    while stack:
        n, within = stack.pop()
        if isinstance(n, (ast.FunctionDef, ast.Lambda)):
            continue
        if isinstance(n, ast.NamedExpr) and within:
            found.add(n.target.id)
        within = within or isinstance(n, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
        stack.extend((child, within) for child in ast.iter_child_nodes(n))
    return found


@dataclass
class Liveness:
    after: dict[int, Names] = field(default_factory=dict)
    head: dict[int, Names] = field(default_factory=dict)


def analyse(body: list[ast.stmt]) -> Liveness:
    """Liveness of a function body. Names that nested functions and iterators in variables read are always live."""
    return liveness_of(body, always_live(body))


def liveness_of(body: list[ast.stmt], always: Names) -> Liveness:
    """Liveness of statements, in which some names are always live."""
    result = Liveness()
    _Walk(result, always).block(body, EMPTY, None, None)
    return result


def always_live(body: list[ast.stmt]) -> Names:
    """The names that nested functions and iterators in variables read."""
    captured: set[str] = set()
    for stmt in body:
        for node in ast.walk(stmt):
            if isinstance(node, (ast.FunctionDef, ast.Lambda)):
                captured |= reads(node)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and _may_be_lazy(node.value):
                captured |= reads(node.value)
    return frozenset(captured)


def _may_be_lazy(value: ast.expr | None) -> bool:
    """Whether a value may be an iterator over a generator expression, which reads names when it is gone through."""
    if isinstance(value, ast.Call) and not (isinstance(value.func, ast.Name) and value.func.id in _READERS):
        return any(_may_be_lazy(a) for a in value.args)
    return isinstance(value, ast.GeneratorExp)


class _Walk:
    def __init__(self, result: Liveness, captured: Names):
        self.result = result
        self.captured = captured

    def block(self, body: list[ast.stmt], live: Names, brk: Names | None, cont: Names | None) -> Names:
        for stmt in reversed(body):
            live = self.stmt(stmt, live, brk, cont)
        return live

    def stmt(self, s: ast.stmt, live: Names, brk: Names | None, cont: Names | None) -> Names:
        self.result.after[id(s)] = live | self.captured
        if isinstance(s, ast.Return):
            return reads(s.value)
        if isinstance(s, ast.Raise):
            return reads(s)
        if isinstance(s, ast.Break):
            return brk or EMPTY
        if isinstance(s, ast.Continue):
            return cont or EMPTY
        if isinstance(s, ast.If):
            walrus = reads(s.test)
            return self.block(s.body, live, brk, cont) | self.block(s.orelse, live, brk, cont) | walrus
        if isinstance(s, (ast.For, ast.While)):
            return self.loop(s, live, brk, cont)
        if isinstance(s, ast.With):
            names = (reads(item.context_expr) for item in s.items)
            return self.block(s.body, live, brk, cont).union(*names)
        if isinstance(s, ast.Try):
            return self.guarded(s, live, brk, cont)
        if isinstance(s, ast.Match):
            out = live | reads(s.subject)
            for case in s.cases:
                out |= (
                    self.block(case.body, live, brk, cont) - binds(case.pattern)
                    | reads(case.guard)
                    | reads(case.pattern)
                )
            return out
        if isinstance(s, ast.AugAssign):
            own = frozenset([s.target.id]) if isinstance(s.target, ast.Name) else reads(s.target)
            return live | own | reads(s.value)
        if isinstance(s, (ast.Assign, ast.AnnAssign)):
            if isinstance(s, ast.AnnAssign):
                killed = frozenset([s.target.id]) if isinstance(s.target, ast.Name) and s.value else EMPTY
                return (
                    (live - killed)
                    | reads(s.value)
                    | (reads(s.target) if not isinstance(s.target, ast.Name) else EMPTY)
                )
            killed = frozenset(
                n.id for t in s.targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
            used = reads(s.value)
            for t in s.targets:
                used |= reads(t)
            return (live - killed) | used
        if isinstance(s, ast.FunctionDef):
            return (live - {s.name}) | reads(s)
        if isinstance(s, ast.Delete):  # an unbound name is an error
            return live | reads(s) | {t.id for t in s.targets if isinstance(t, ast.Name)}
        return live | reads(s)

    def guarded(self, s: ast.Try, live: Names, brk: Names | None, cont: Names | None) -> Names:
        """A try statement, from whose body control goes to a handler at any place."""
        live = self.block(s.finalbody, live, brk, cont)
        handlers = frozenset().union(
            *(reads(h.type) | self.block(h.body, live, brk, cont) for h in s.handlers), *map(reads, s.finalbody)
        )
        outer, self.captured = self.captured, self.captured | handlers
        out = self.block([*s.body, *s.orelse], live, brk, cont) | handlers
        self.captured = outer
        return out

    def loop(self, s: Any, live: Names, brk: Names | None, cont: Names | None) -> Names:
        after = self.block(s.orelse, live, brk, cont) if s.orelse else live
        target = EMPTY
        if isinstance(s, ast.For):
            target = frozenset(
                n.id for n in ast.walk(s.target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            )
        test = reads(s.test) if isinstance(s, ast.While) else reads(s.target)
        head: Names = EMPTY
        while True:
            # at the end of an iteration: the next one, or the exit
            end = head | after
            body = self.block(s.body, end, live, end)
            new = (body - target) | test
            if new == head:
                break
            head = new
        self.result.head[id(s)] = head | self.captured
        # a break leads to `live`, the exhausted loop to `after`; both are what the loop's exit carries
        self.result.after[id(s)] = live | after | self.captured
        return head | after | (reads(s.iter) if isinstance(s, ast.For) else EMPTY)


# -- jumps -----------------------------------------------------------------------------------------
JUMPS = (ast.Return, ast.Break, ast.Continue)


def has_jump(body: list[ast.stmt], kinds: tuple[type, ...], inside_loop: bool = False) -> bool:
    """Whether a statement list contains a jump out of it (break and continue of inner loops do not count)."""
    for s in body:
        if isinstance(s, kinds) and not (inside_loop and isinstance(s, (ast.Break, ast.Continue))):
            return True
        if isinstance(s, ast.If):
            if has_jump(s.body, kinds, inside_loop) or has_jump(s.orelse, kinds, inside_loop):
                return True
        elif isinstance(s, (ast.For, ast.While)):
            if has_jump(s.body, kinds, True) or has_jump(s.orelse, kinds, inside_loop):
                return True
        elif isinstance(s, ast.With):
            if has_jump(s.body, kinds, inside_loop):
                return True
        elif isinstance(s, ast.Match):
            if any(has_jump(c.body, kinds, inside_loop) for c in s.cases):
                return True
    return False


def always_leaves(body: list[ast.stmt]) -> bool:
    """Whether control never reaches the end of a statement list."""
    if not body:
        return False
    last = body[-1]
    if isinstance(last, (*JUMPS, ast.Raise)):
        return True
    if isinstance(last, ast.If):
        return always_leaves(last.body) and always_leaves(last.orelse)
    return any(isinstance(s, (*JUMPS, ast.Raise)) for s in body)
