"""Generator functions: a loop over one is the body of the generator, with that of the loop in place of its ``yield``.

    for x in steps(a, 3):        a.1 = a; n.1 = 3
        total += x               for i.1 in range(n.1):
                          ->         a.1 = a.1 * 0.5
    def steps(a, n):                 x = a.1
        for i in range(n):           total += x
            a = a * 0.5
            yield a

The names of the generator get a number; those that it has from outside are bound before, unless they are visible where
the loop is. ``break`` in the loop leaves the generator, by a flag that is tested after each of its loops. What takes
all items at once (``list``, ``sum``) is a loop too (`containers_library.listed`). An object whose class has a
``__next__`` is one over a generator that is made of that method.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import replace
from typing import Any, NoReturn

from ..errors import NeedsStatic, UnsupportedError
from . import fence
from .bounded import BoundedLoops
from .capture import Source
from .context import describe
from .control import Frame
from .globals import PullbackNameError
from .liveness import EMPTY, Names, always_live, binds, has_jump, liveness_of, reads, reads_once
from .values import Array, GeneratorValue, Iteration, ListValue, RangeValue, UserFunction, Yielding

_FUNCTIONS = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
_LIST = "use a for statement over it by itself, or a list of its items: list(...)"


def _load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.Name:
    return ast.Name(name, ast.Store())


def _set(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _true(name: str) -> ast.stmt:
    return _set(name, ast.Constant(True))


def _ending(count: str, size: ast.expr, stop: str) -> ast.stmt:
    """Leave when there have been so many items."""
    return ast.If(ast.Compare(_load(count), [ast.GtE()], [size]), [_true(stop), ast.Break()], [])


def _once(name: str, body: list[ast.stmt]) -> ast.stmt:
    """A loop of one iteration, which ``break`` and ``continue`` end."""
    return ast.For(_store(name), ast.Tuple([ast.Constant(0)], ast.Load()), body, [])


def _internal(name: str, number: int) -> str:
    """A name for what is no variable of the generator, whose names get the number only."""
    return f"{name}.of.{number}"


def _yields(nodes: list[ast.stmt]) -> bool:
    stack: list[ast.AST] = list(nodes)
    while stack:
        n = stack.pop()
        if isinstance(n, (ast.Yield, ast.YieldFrom, ast.Return)):
            return True
        if not isinstance(n, _FUNCTIONS):
            stack.extend(ast.iter_child_nodes(n))
    return False


class _Leaving(ast.NodeTransformer):
    """The body of a loop, whose ``break`` sets flags."""

    def __init__(self, flags: list[str]):
        self.flags = flags

    def visit_Break(self, node: ast.Break) -> Any:
        return [ast.copy_location(s, node) for s in (*map(_true, self.flags), ast.Break())]

    def _inner(self, node: Any) -> Any:
        node.orelse = [x for s in node.orelse for x in _listed(self.visit(s))]
        return node

    visit_For = visit_While = _inner  # noqa: N815

    def _apart(self, node: Any) -> Any:
        return node

    visit_FunctionDef = visit_Lambda = visit_ClassDef = _apart  # noqa: N815


def _listed(v: Any) -> list[Any]:
    return v if isinstance(v, list) else [v]


class _Inlining(ast.NodeTransformer):
    """The body of a generator, with other names, and a statement list for each ``yield``."""

    def __init__(self, names: dict[str, str], file: str, loop: _Loop):
        self.names, self.file, self.loop = names, file, loop

    def visit(self, node: ast.AST) -> Any:
        if hasattr(node, "lineno"):
            node.file = self.file  # type: ignore[attr-defined]
        return super().visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_alias(self, node: ast.alias) -> Any:
        bound = node.asname or node.name.split(".")[0]
        node.asname = self.names.get(bound, bound)
        return node

    def _pattern(self, node: Any) -> Any:
        node.name = self.names.get(node.name, node.name)
        return self.generic_visit(node)

    visit_MatchAs = visit_MatchStar = _pattern  # noqa: N815

    def _function(self, node: Any) -> Any:
        args = node.args
        own = {a.arg for a in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg] if a}
        if isinstance(node, ast.FunctionDef):
            own = own.union(*(binds(s) for s in node.body))
        inner = _Inlining({k: v for k, v in self.names.items() if k not in own}, self.file, self.loop)
        if isinstance(node, ast.FunctionDef):
            node.name = self.names.get(node.name, node.name)
            for s in node.body:
                inner.generic_visit(s)
        else:
            node.body = inner.visit(node.body)
        node.args = self.visit(args)
        return node

    visit_FunctionDef = visit_Lambda = _function  # noqa: N815

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Yield):
            value = ast.Constant(None) if node.value.value is None else self.visit(node.value.value)
            return self.loop.turn(value, node)
        if isinstance(node.value, ast.YieldFrom):
            return self.loop.turns(self.visit(node.value.value), node)
        return self.generic_visit(node)

    def _refused(self, node: Any) -> Any:
        message = "the value of a yield is used: nothing can be sent to a generator"
        raise UnsupportedError(message, fence.location(node, self.file), "write yield as a statement")

    visit_Yield = visit_YieldFrom = _refused  # noqa: N815

    def visit_Return(self, node: ast.Return) -> Any:
        made: list[ast.stmt] = [_true(self.loop.stop), ast.Break()]
        if node.value is not None:
            made.insert(0, ast.Expr(self.visit(node.value)))
        return [ast.copy_location(s, node) for s in made]

    def _around(self, node: Any) -> Any:
        leaves = self.loop.leaves and _yields([*node.body, *node.orelse])
        node = self.generic_visit(node)
        return [node, self.loop.left(node)] if leaves else node

    visit_For = visit_While = _around  # noqa: N815


class _Loop:
    """The loop over a generator. `number`: that of the names; `leaves`: it may end before the generator does."""

    def __init__(self, s: ast.For, number: int, leaves: bool, value: Any, after: list[ast.stmt]):
        self.s, self.number = s, number
        self.stop, self.item, self.broken = (_internal(n, number) for n in ("stop", "item", "broken"))
        self.breaks = has_jump(s.body, (ast.Break,))
        self.jumps = self.breaks or has_jump(s.body, (ast.Continue,))
        self.leaves = leaves or self.breaks
        self.value, self.after = value, after

    def left(self, near: ast.AST) -> ast.stmt:
        """Leave a loop of the generator, too."""
        return ast.copy_location(ast.If(_load(self.stop), [ast.Break()], []), near)

    def turn(self, value: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        """An iteration."""
        before: list[ast.stmt] = [ast.copy_location(x, node) for x in self.value(value)]
        target = copy.deepcopy(self.s.target)
        body = self._body()
        bound = ast.copy_location(ast.Assign([target], before.pop().value), node)  # type: ignore[attr-defined]
        made: list[ast.stmt] = [bound, *body]
        if self.jumps:  # within a loop of one iteration, which they end
            made = [
                ast.copy_location(ast.For(_store(self.item), ast.Tuple([ast.Constant(0)], ast.Load()), made, []), node)
            ]
        if self.breaks:
            made.append(self.left(node))
        return [*before, *made, *(ast.copy_location(copy.deepcopy(x), node) for x in self.after)]

    def turns(self, items: ast.expr, node: ast.stmt) -> list[ast.stmt]:
        """An iteration for each of these items."""
        item = _internal("part", self.number)
        inner = self.turn(_load(item), node)
        made: list[ast.stmt] = [ast.copy_location(ast.For(_store(item), items, inner, []), node)]
        return [*made, self.left(node)] if self.leaves else made

    def _body(self) -> list[ast.stmt]:
        body = [copy.deepcopy(x) for x in self.s.body]
        flags = [self.stop, self.broken] if self.s.orelse else [self.stop]
        return [x for s in body for x in _listed(_Leaving(flags).visit(s))]


def _next_as_generator(node: ast.FunctionDef, file: str) -> ast.FunctionDef:
    """A generator of the items that the calls of a ``__next__`` return."""
    made = copy.deepcopy(node)

    def changed(body: list[ast.stmt], loop: bool) -> list[ast.stmt]:
        out: list[ast.stmt] = []
        for s in body:
            if isinstance(s, ast.Raise) and s.exc is not None and reads(s.exc) == {"StopIteration"}:
                out.append(ast.copy_location(ast.Return(None), s))
                continue
            if isinstance(s, ast.Return):
                if loop:
                    message = "__next__ returns in a loop, which is not supported"
                    raise UnsupportedError(
                        message, fence.location(s, file), "leave the loop with break, and return after it"
                    )
                item = ast.Expr(ast.Yield(s.value or ast.Constant(None)))
                out += [ast.copy_location(x, s) for x in (item, ast.Continue())]
                continue
            if isinstance(s, (ast.If, ast.With, ast.For, ast.While)):
                inside = loop or isinstance(s, (ast.For, ast.While))
                s.body = changed(s.body, inside)
                if not isinstance(s, ast.With):
                    s.orelse = changed(s.orelse, loop)
            elif any(isinstance(n, ast.Return) for n in ast.walk(s)):
                message = "__next__ returns in a statement where that is not supported"
                raise UnsupportedError(message, fence.location(s, file), "use if and else")
            out.append(s)
        return out

    body = changed(made.body, False)
    if not isinstance(node.body[-1], ast.Return):
        body.append(ast.copy_location(ast.Expr(ast.Yield(ast.Constant(None))), node.body[-1]))
    made.body = [ast.copy_location(ast.While(ast.Constant(True), body, []), node)]
    return ast.fix_missing_locations(made)


class Generators(BoundedLoops):
    def steps_of(self, v: Any) -> Yielding:
        """The generator for an object of a class with ``__next__``."""
        method = self.attribute(v, "__next__")
        if not isinstance(method, UserFunction):
            self.error(UnsupportedError, f"{describe(v)} makes its items one by one, which is not supported", _LIST)
        source, _, parent = self.function_source(method)
        assert isinstance(source.node, ast.FunctionDef)
        if source.node not in self.session.generators:
            self.session.generators[source.node] = _next_as_generator(source.node, source.file)
        made = Source(self.session.generators[source.node], source.file, source.name)
        return Yielding(method, made, parent, {source.node.args.args[0].arg: v}, None)

    def generator_function(self, v: GeneratorValue) -> Yielding:
        """A generator expression as the generator function that it is short for."""
        node = v.node
        if node not in self.session.generators:
            body: ast.stmt = ast.copy_location(ast.Expr(ast.Yield(node.elt)), node)
            for k, g in reversed(list(enumerate(node.generators))):
                for test in reversed(g.ifs):
                    body = ast.copy_location(ast.If(test, [body], []), node)
                items = _load(".first") if k == 0 else g.iter
                body = ast.copy_location(ast.For(g.target, items, [body], []), node)
            none = ast.arguments([], [ast.arg(".first")], None, [], [], None, [])
            made = ast.FunctionDef("<genexpr>", none, [body], [])
            self.session.generators[node] = ast.fix_missing_locations(ast.copy_location(made, node))
        made = self.session.generators[node]
        fn = UserFunction(None, "<genexpr>", node=made, env=v.frame)
        return Yielding(fn, Source(made, v.frame.file, "<genexpr>"), v.frame, {".first": v.iterable})

    def listed_steps(self, v: Yielding) -> Any:
        """``list`` of what a generator function yields."""
        from . import containers_library

        return self.call(self.named_function(containers_library.listed, "list"), [v], {})

    def is_stepwise(self, v: Any) -> bool:
        """Whether a loop over `v` is one over a generator function."""
        return isinstance(v, Yielding) or (isinstance(v, Iteration) and any(map(self.is_stepwise, v.parts)))

    def for_steps(self, s: ast.For, iterable: Any) -> None:
        """A loop over a generator function, or over ``enumerate`` or ``zip`` of one."""
        frame = self.frame
        generator, others = self._parts(iterable)
        self._begin(generator)
        visible = [f for f in (frame, *frame.enclosing())] if generator.parent is not None else []
        between = visible[: visible.index(generator.parent)] if generator.parent in visible else None
        key = (s, generator.source.node, None if between is None else len(between), type(iterable))
        if key not in frame.inlined:
            frame.inlined[key] = self._inlined(s, generator, iterable, between)
        body, names, number, free = frame.inlined[key]
        for name, value in generator.env.items():
            self.env[names[name]] = value
        outside = self.make_frame(generator.fn, generator.source, generator.parent, generator.env)
        for name in free:
            with self.within(outside):
                try:
                    value = self.lookup(name)
                except PullbackNameError:
                    continue  # an error where it is read
            self.env[names[name]] = value
        for k, other in enumerate(others):
            self.env[_internal(f"other{k}", number)] = other
        if isinstance(iterable, Iteration):
            self.env[_internal("len", number)] = len
        with self.living(frame.live.after.get(id(s), EMPTY) | frame.live_out):
            self.block(body)

    def _begin(self, v: Yielding) -> None:
        """Take the items of a generator, which has none left then."""
        if v.begun is None:
            return
        if v.begun.items != [False]:
            message = f"the items of the generator {v.fn.name} are gone through more than once, and it is empty then"
            self.error(UnsupportedError, message, "make it a list: list(...)")
        self.session.touch(v.begun)
        v.begun.items = [True]

    def _parts(self, iterable: Any) -> tuple[Yielding, list[Any]]:
        """The generator, and what is gone through beside it: the first number of `enumerate`, the others of `zip`."""
        if isinstance(iterable, Yielding):
            return iterable, []
        if iterable.kind == "enumerate" and isinstance(iterable.parts[0], Yielding):
            return iterable.parts[0], [iterable.start]
        if iterable.kind == "islice" and isinstance(iterable.parts[0], Yielding):
            return iterable.parts[0], [iterable.start]
        found = [p for p in iterable.parts if isinstance(p, Yielding)]
        others = [tuple(p) if isinstance(p, str) else p for p in iterable.parts if not isinstance(p, Yielding)]
        plain = all(isinstance(p, (Array, ListValue, tuple, RangeValue)) for p in others)
        if iterable.kind != "zip" or len(found) != 1 or not plain:
            message = "a generator is gone through together with what makes items one by one"
            self.error(UnsupportedError, message, _LIST)
        return found[0], others

    def _inlined(self, s: ast.For, v: Yielding, iterable: Any, between: list[Frame] | None) -> Any:
        """The statements for a loop, the new names in them, their number, and which names are bound from outside."""
        node, frame = v.source.node, self.frame
        number = len(frame.inlined) + 1
        own = frozenset(v.env).union(*(binds(x) for x in node.body))
        for n in ast.walk(node):
            if isinstance(n, (ast.Nonlocal, ast.NamedExpr)) or (isinstance(n, ast.Name) and n.id == "super"):
                message = f"{v.fn.name} is a generator with nonlocal, := or super(), which is not supported"
                raise UnsupportedError(message, fence.location(n, v.source.file), "return a list")
        outer = reads(node) - own
        free = sorted(outer if between is None else outer & EMPTY.union(*(f.locals for f in between)))
        names = {n: f"{n.lstrip('.')}.{number}" for n in (*own, *free)}
        count, stop = _internal("count", number), _internal("stop", number)
        before: list[ast.stmt] = []
        after: list[ast.stmt] = []
        value: Any = lambda item: [ast.Expr(item)]
        ends: list[ast.stmt] = []
        if isinstance(iterable, Iteration):
            step = ast.AugAssign(_store(count), ast.Add(), ast.Constant(1))
            other = _load(_internal("other0", number))
            before, after = [_set(count, ast.Constant(0))], [step]
            if iterable.kind == "enumerate":
                before = [_set(count, other)]
                value = lambda item: [ast.Expr(ast.Tuple([_load(count), item], ast.Load()))]
            elif iterable.kind == "islice":
                ends = [_ending(count, other, stop)]
            else:
                ends, value = self._beside(iterable, number, count, stop)
            after += ends
        leaves = isinstance(iterable, Iteration) and iterable.kind != "enumerate"
        loop = _Loop(s, number, leaves or any(isinstance(n, ast.Return) for n in _own(node)), value, after)
        inlining = _Inlining(names, v.source.file, loop)
        body = [*copy.deepcopy(ends), *(x for b in copy.deepcopy(node.body) for x in _listed(inlining.visit(b)))]
        if loop.leaves:
            body = [_set(stop, ast.Constant(False)), _once(_internal("once", number), body)]
        made = [*before, *body]
        if s.orelse:
            rest = copy.deepcopy(s.orelse)
            if loop.breaks:
                made = [_set(loop.broken, ast.Constant(False)), *made, ast.If(_load(loop.broken), [ast.Pass()], rest)]
            else:
                made += rest
        for x in made:
            ast.copy_location(x, s) if not hasattr(x, "lineno") else None
            ast.fix_missing_locations(x)
        self._announce(frame, s, made)
        frame.read_once_too |= {names[n] for n in reads_once(node) if n in names}
        return made, names, number, free

    def _beside(self, iterable: Iteration, number: int, count: str, stop: str) -> tuple[list[ast.stmt], Any]:
        """What a loop over ``zip`` does before each item of the generator, and the value of an item."""
        place = next(k for k, p in enumerate(iterable.parts) if isinstance(p, Yielding))
        others = [p for p in iterable.parts if not isinstance(p, Yielding)]
        names = [_load(_internal(f"other{k}", number)) for k in range(len(others))]
        sizes: list[ast.expr] = [ast.Call(_load(_internal("len", number)), [n], []) for n in names]
        ends = [_ending(count, n, stop) for n in sizes]
        items: list[ast.expr] = [ast.Subscript(n, _load(count), ast.Load()) for n in names]
        for k, p in enumerate(others):
            if isinstance(p, RangeValue):
                first, step = (ast.Attribute(names[k], part, ast.Load()) for part in ("start", "step"))
                items[k] = ast.BinOp(first, ast.Add(), ast.BinOp(_load(count), ast.Mult(), step))

        def value(item: ast.expr) -> list[ast.stmt]:
            row = ast.Tuple([*items[:place], item, *items[place:]], ast.Load())
            return copy.deepcopy([*ends[place:], ast.Expr(row)])

        return ends[:place], value

    def _announce(self, frame: Frame, s: ast.For, made: list[ast.stmt]) -> None:
        """Tell a frame of the names in statements that it is about to run in place of a loop."""
        after = frame.live.after.get(id(s), EMPTY) | frame.live_out | frame.loop_live
        names: Names = EMPTY.union(*(binds(x) for x in made))
        live = liveness_of(made, after | always_live(made))
        frame.live = replace(
            frame.live, after={**frame.live.after, **live.after}, head={**frame.live.head, **live.head}
        )
        frame.locals |= names

    def folded_steps(self, name: str, args: list[Any]) -> Any:
        """``sum``, ``any`` or ``all`` of a generator."""
        from . import containers_library

        return self.call(self.named_function(containers_library.OF_STEPS[name], name), args, {})

    def refuse_steps(self, v: Yielding) -> NoReturn:
        message = f"the items of the generator {v.fn.name} are taken one by one here"
        self.error(NeedsStatic, message, _LIST)


def _own(node: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    out: list[ast.AST] = []
    stack: list[ast.AST] = list(node.body)
    while stack:
        n = stack.pop()
        out.append(n)
        if not isinstance(n, _FUNCTIONS):
            stack.extend(ast.iter_child_nodes(n))
    return out
