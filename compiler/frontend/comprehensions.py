"""Comprehensions and generator expressions.

Over what has a length known at compile time they are expanded. Otherwise a list comprehension becomes a
loop that fills an array (`StackedList`: it can be indexed, iterated and made an array, and nothing
else), and sum, min, max, any and all of a generator expression become loops.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..errors import NeedsStatic, UnsupportedError
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Region, Span, Value
from .control import Frame
from .expressions import Expressions
from .liveness import binds
from .loops import Body
from .values import Array, Cell, DictValue, GeneratorValue, Iteration, ListValue, StackedList, ViewStep

ACC = ".acc"  # the accumulator of a reduction, a name no program has


class Comprehensions(Expressions):
    def eval_ListComp(self, node: ast.ListComp) -> Any:
        first = self.eval(node.generators[0].iter)
        out: list[Any] = []
        if self.static_items(first) is not None:
            self._comprehend(node.generators, first, self.frame, lambda: out.append(self.eval(node.elt)))
            return ListValue(out)
        if len(node.generators) > 1 or node.generators[0].ifs:
            raise NeedsStatic(
                "a list of run-time length can only have one for and no if", self.loc, "store into an array in a loop"
            )
        return self._stacked(node.generators[0], first, node.elt)

    def eval_DictComp(self, node: ast.DictComp) -> Any:
        out: dict[Any, Any] = {}

        def add() -> None:
            out[self.static(self.eval(node.key), "the key of a dict")] = self.eval(node.value)

        self._comprehend(node.generators, self.eval(node.generators[0].iter), self.frame, add)
        return DictValue(out)

    def eval_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return GeneratorValue(node, self.frame, self.eval(node.generators[0].iter))

    def static_items(self, v: Any) -> list[Any] | None:
        if isinstance(v, GeneratorValue):
            if self.static_items(v.iterable) is None:
                return None
            out: list[Any] = []
            self._comprehend(v.node.generators, v.iterable, v.frame, lambda: out.append(self.eval(v.node.elt)))
            return out
        if isinstance(v, StackedList):
            return super().static_items(v.array)
        return super().static_items(v)

    def _scope(self, generators: list[ast.comprehension]) -> Any:
        names = frozenset().union(*(binds(g.target) for g in generators))
        return self.nested_frame("<comprehension>", names)

    def _comprehend(
        self, generators: list[ast.comprehension], first: Any, frame: Frame, add: Callable[[], None]
    ) -> None:
        with self._scope(generators) as scope:
            scope.parent, scope.file = frame, frame.file
            self._generate(generators, 0, first, add)

    def _generate(self, generators: list[ast.comprehension], k: int, iterable: Any, add: Callable[[], None]) -> None:
        generator = generators[k]
        for item in self.items_of(iterable):
            self.assign(generator.target, item)
            if not all(self._static_filter(test) for test in generator.ifs):
                continue
            if k + 1 < len(generators):
                self._generate(generators, k + 1, self.eval(generators[k + 1].iter), add)
            else:
                add()

    def _static_filter(self, test: ast.expr) -> bool:
        value = self.truth(self.eval(test))
        if not isinstance(value, bool):
            raise NeedsStatic(
                "the condition of this comprehension is known only at run time", self.loc, "use a loop, or np.where"
            )
        return value

    # -- run-time lengths -----------------------------------------------------------------------
    def _over(self, iterable: Any, first: int, work: Callable[[Any], None], assigned: frozenset[str]) -> None:
        """A loop over the items of an iterable from position `first` on."""
        if self.has_container(iterable):
            raise NeedsStatic(
                "lists and run-time ranges cannot be iterated together here", self.loc, "use a for statement"
            )
        count = self.length(iterable)
        bounds = (self.operand(first), self.operand(self.integer(count)), self.operand(1))

        def step(index: Value | None) -> None:
            work(self.item_at(iterable, index))

        body = Body(step, None, bounds, False, (Dim.of(first), count - 1))
        self.run_loop(body, assigned, frozenset([ACC]), frozenset([ACC]))
        self.env.pop("$break", None)

    def _stacked(self, generator: ast.comprehension, iterable: Any, elt: ast.expr) -> StackedList:
        names = binds(generator.target)
        with self._scope([generator]):

            def element(item: Any) -> Any:
                self.assign(generator.target, item)
                return self.eval(elt)

            sample: list[Any] = []
            outcome = self.isolated(Region(), lambda: sample.append(self.type(element(self._sample(iterable)))))
            if outcome.env is None:
                self.error(UnsupportedError, "every item of this list raises", "remove the raise")
            t = sample[0]
            inside = outcome.defines()
            if any(v in inside for d in t.shape for v in d.values()):
                raise NeedsStatic("the items of this list have different shapes", self.loc, "use items of one shape")
            shape = (self.length(iterable), *t.shape)
            out = Array(Cell(self.emit("empty", shape=shape, dtype=t.dtype)))
            counter = self._enumerated(iterable)

            def work(pair: Any) -> None:
                index, item = pair
                place = ViewStep("index", (At(), *(Span(ZERO, d) for d in t.shape)), (self.operand(index),))
                value = self.operand(element(item))
                self.set_view(Array(out.cell, (place,)), self.fit(value, t.shape))  # type: ignore[arg-type]

            self._over(counter, 0, work, names)
        return StackedList(out)

    def _sample(self, iterable: Any) -> Any:
        """The item at a run-time position, for its type."""
        return self.item_at(iterable, Value(self.type(0), "i"))

    def _enumerated(self, iterable: Any) -> Any:
        return Iteration("enumerate", (iterable,), 0)

    def reduce_items(self, gen: GeneratorValue, kind: str, start: Any = 0) -> Any:
        """sum, min, max, any or all of a generator expression of run-time length."""
        generator, *more = gen.node.generators
        if more:
            raise NeedsStatic(
                "a generator with two for clauses of run-time length is not supported", self.loc, "use nested loops"
            )
        names = binds(generator.target) | {ACC}
        with self._scope([generator]) as scope:
            scope.parent, scope.file = gen.frame, gen.frame.file

            def element(item: Any) -> Any:
                self.assign(generator.target, item)
                return self.eval(gen.node.elt)

            def filtered(add: Callable[[], None]) -> None:
                for test in generator.ifs:
                    value = self.truth(self.eval(test))
                    if value is False:
                        return
                    if value is not True:
                        self.branch(value, add, lambda: None, frozenset([ACC]))
                        return
                add()

            if len(generator.ifs) > 1:
                raise NeedsStatic("several conditions in a generator are not supported", self.loc, "join them with and")
            first = 0
            if kind in ("min", "max"):
                if generator.ifs:
                    raise NeedsStatic(f"{kind} of a filtered generator is not supported", self.loc, "use a loop")
                n = self.operand(self.integer(self.length(gen.iterable)))
                self.check(self.emit("gt", n, 0), "ValueError", f"{kind}() iterable argument is empty")
                start, first = element(self.item_at(gen.iterable, 0)), 1
            self.env[ACC] = {"any": False, "all": True}.get(kind, start)

            def work(item: Any) -> None:
                self.assign(generator.target, item)
                filtered(lambda: self._accumulate(kind, self.eval(gen.node.elt)))

            self._over(gen.iterable, first, work, names)
            return self.bound(self.env[ACC])

    def _accumulate(self, kind: str, value: Any) -> None:
        old = self.env[ACC]
        if kind == "sum":
            self.env[ACC] = self.binary(ast.Add, old, value)
        elif kind in ("min", "max"):
            from .builtin_calls import pick

            self.env[ACC] = pick(self, max if kind == "max" else min, old, value)
        else:
            stop = self.truth(value)
            if kind == "all":
                stop = (not stop) if isinstance(stop, bool) else self.emit("logical_not", stop)

            def leave() -> None:
                self.env.update({ACC: kind == "any", "$break": True})

            if stop is True:
                leave()
            elif stop is not False:
                self.branch(stop, leave, lambda: None, frozenset([ACC]))
