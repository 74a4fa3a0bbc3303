"""Comprehensions and generator expressions.

Over what has a length known at compile time they are expanded. Otherwise, and where a condition is known only at run
time, a list comprehension becomes a loop that fills an array (a `StackedList`; `StackedItems`, where its items have
parts), and sum, min, max, any and all of a generator expression become loops.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import NeedsStatic, PullbackTypeError, UnsupportedError
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Operand, Region, Span, Value
from ..ir.types import Type, promote
from .control import COMPREHENSION, Frame
from .expressions import Expressions
from .forms import is_ordered, is_plain, mutable_parts, take_apart
from .liveness import binds
from .loops import Body
from .sharing import cells_in, merged_readonly
from .values import (
    IN_LIST,
    LEAF,
    UNDEFINED,
    Array,
    Cell,
    Column,
    GeneratorValue,
    Iteration,
    ListValue,
    Maybe,
    Rows,
    StackedItems,
    StackedList,
    ViewStep,
    next_stamp,
)

ACC = ".acc"  # the accumulator of a reduction, or the number of items so far: a name no program has
OUT = ".out"  # the array that the items are stored into
_END = object()


def _of_numbers(v: Any) -> bool:
    """Whether a list has Python numbers as items."""
    if isinstance(v, ListValue):
        if isinstance(v.content, Rows):
            return v.content.form is LEAF and v.content.weak
        return all(type(x) in (int, float) for x in v.content)
    return isinstance(v, StackedList) and v.weak


def _targets(generators: list[ast.comprehension]) -> frozenset[str]:
    return frozenset().union(*(binds(g.target) for g in generators))


@dataclass
class _Item:
    """The items of a list: their form, the types of their parts, which of these are Python numbers. `list`: they
    are lists, each kept as a row."""

    form: Any
    types: list[Type]
    weak: list[bool]
    list: bool = False


class Comprehensions(Expressions):
    def eval_ListComp(self, node: ast.ListComp) -> Any:
        first = self.begun(self.eval(node.generators[0].iter))
        if self.is_stepwise(first):
            return self.listed_steps(self.generator_function(GeneratorValue(node, self.frame, first)))
        if self.turns(first) is not None:
            try:
                with self.session.attempt():
                    return ListValue(self._comprehend(node.generators, first, node.elt))
            except NeedsStatic:
                pass
        return self.copied_list(self._stacked(node.generators, first, node.elt))

    def eval_SetComp(self, node: ast.SetComp) -> Any:
        return self.new_set(self.eval_ListComp(ast.copy_location(ast.ListComp(node.elt, node.generators), node)))

    def eval_DictComp(self, node: ast.DictComp) -> Any:
        pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
        made = self.new_dict()
        self.enter_all(made, self.eval_ListComp(ast.copy_location(ast.ListComp(pair, node.generators), node)))
        return made

    def eval_GeneratorExp(self, node: ast.GeneratorExp) -> Any:
        return self._generator(GeneratorValue(node, self.frame, self.begun(self.eval(node.generators[0].iter))))

    def _generator(self, v: GeneratorValue) -> Any:
        return self.generator_function(v) if self.is_stepwise(v.iterable) else v

    def generator_function(self, v: GeneratorValue) -> Any:
        raise NotImplementedError

    # -- generator expressions ------------------------------------------------------------------
    def generator(self, template: str, iterable: Any, **names: Any) -> Any:
        """A generator expression of our own, such as "(f(x) for x in _)", over `iterable`: what an iterator
        like ``map`` is in Python's words."""
        node = ast.parse(template, mode="eval").body
        frame = Frame("<generator>", self.frame.file, env=names, locals=frozenset(names), cited=self.loc)
        return self._generator(GeneratorValue(node, frame, self.begun(iterable)))

    def turns(self, v: Any) -> Iterator[Any] | None:
        if not isinstance(v, GeneratorValue):
            return super().turns(v)
        return None if self.is_unbounded(v) else self._turns_of_generator(v)

    def _turns_of_generator(self, v: GeneratorValue) -> Iterator[Any]:
        """Each item is built in a scope of the generator's own, which is left between two items."""
        frame = self._frame_of(v)
        items = self._generate(v.node.generators, 0, v.iterable, v.node.elt)
        while True:
            with self.within(frame):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    def _frame_of(self, v: GeneratorValue) -> Frame:
        names = _targets(v.node.generators)
        return Frame(COMPREHENSION, v.frame.file, parent=v.frame, locals=names, cited=v.frame.cited)

    def is_unbounded(self, v: Any) -> bool:
        """Whether only the call tells which items a generator expression gives."""
        if not isinstance(v, GeneratorValue):
            return False
        generators = v.node.generators
        if self.turns(v.iterable) is None:
            return True
        if len(generators) == 1 and not generators[0].ifs:
            return False
        try:
            self.isolated(Region(), lambda: list(self._turns_of_generator(v)))
        except NeedsStatic:
            return True
        return False

    def _comprehend(self, generators: list[ast.comprehension], first: Any, elt: ast.expr) -> list[Any]:
        with self._scope(generators):
            return list(self._generate(generators, 0, first, elt))

    def _scope(self, generators: list[ast.comprehension]) -> Any:
        return self.nested_frame(COMPREHENSION, _targets(generators))

    def _generate(self, generators: list[ast.comprehension], k: int, iterable: Any, elt: ast.expr) -> Iterator[Any]:
        generator = generators[k]
        for item in self.turns_of(iterable):
            self.assign(generator.target, item)
            if not all(self._static_filter(test) for test in generator.ifs):
                continue
            if k + 1 < len(generators):
                inner = self.begun(self.eval(generators[k + 1].iter))
                yield from self._generate(generators, k + 1, inner, elt)
            else:
                yield self.eval(elt)

    def _static_filter(self, test: ast.expr) -> bool:
        value = self.test(test)
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
        live = frozenset([ACC, OUT])
        self.run_loop(body, assigned, live, live)
        self.env.pop("$break", None)

    def _nested(
        self, generators: list[ast.comprehension], k: int, iterable: Any, work: Callable[[], None], tests: bool = True
    ) -> None:
        """Loops over the items of all generators from number `k` on, which `work` is done for. With `tests`, only
        for those that pass the conditions."""
        generator, last = generators[k], k + 1 == len(generators)
        names = frozenset().union(*(binds(g.target) for g in generators[k:])) | {ACC, OUT}

        def inner() -> None:
            if last:
                work()
            else:
                self._nested(generators, k + 1, self.begun(self.eval(generators[k + 1].iter)), work, tests)

        def filtered(ifs: list[ast.expr]) -> None:
            if not ifs or not tests:
                inner()
                return
            value = self.test(ifs[0])
            if value is True:
                filtered(ifs[1:])
            elif value is not False:
                self.branch(value, lambda: filtered(ifs[1:]), lambda: None, frozenset([ACC, OUT]))

        def each(item: Any) -> None:
            self.assign(generator.target, item)
            filtered(generator.ifs)

        if self.has_container(iterable):
            for item in self.turns_of(iterable):
                each(item)
        else:
            self._over(iterable, 0, each, names)

    def _stacked(self, generators: list[ast.comprehension], iterable: Any, elt: ast.expr) -> StackedList | StackedItems:
        """A list whose length is known only at run time: its items are stored into an array, or their parts into one
        for each."""
        with self._scope(generators):
            sample: list[_Item] = []

            def element() -> None:
                for k, g in enumerate(generators):
                    self.assign(g.target, self._sample(self.begun(self.eval(g.iter)) if k else iterable))
                    for test in g.ifs:
                        if binds(test):  # by :=, for the items
                            self.test(test)
                sample.append(self._item(self.eval(elt)))

            outcome = self.isolated(Region(), element)
            if outcome.env is None:
                self.error(UnsupportedError, "every item of this list raises", "remove the raise")
            item = sample[0]
            inside = outcome.defines()
            if any(v in inside for t in item.types for d in t.shape for v in d.values()):
                raise NeedsStatic("the items of this list have different shapes", self.loc, "use items of one shape")
            filtered = any(g.ifs for g in generators)
            known = self.turns(iterable) is not None
            capacity = Dim.of(self.count_turns(iterable)) if known else None
            if capacity is None or len(generators) > 1:
                capacity = self.length(iterable) if len(generators) == 1 else self._count(generators, iterable)
            columns = tuple(
                Column(Array(Cell(self.emit("empty", shape=(capacity, *t.shape), dtype=t.dtype))), weak)
                for t, weak in zip(item.types, item.weak, strict=True)
            )
            rows = Rows(columns, 0, capacity, item.form)
            self.env[ACC], self.env[OUT] = 0, tuple(c.array for c in columns)
            shared: list[bool] = []

            def add() -> None:
                index = self.operand(self.env[ACC])
                start = next_stamp()
                value = self.eval(elt)
                shared.append(self._lock_shared(value, start))
                if item.form is LEAF:
                    self._store(columns[0].array, index, value)
                else:
                    self.put(rows, index, value)
                self.env[ACC] = self.emit("add", index, 1)

            if len(generators) > 1 or filtered:
                self._nested(generators, 0, iterable, add)
            else:

                def numbered(pair: Any) -> None:
                    self.env[ACC], one = pair
                    self.assign(generators[0].target, one)
                    add()

                self._over(Iteration("enumerate", (iterable,), 0), 0, numbered, binds(generators[0].target))
            if any(shared):
                merged_readonly(self, [c.array.cell for c in columns], IN_LIST)
            size = Dim.of(self.operand(self.env[ACC])) if filtered else capacity
            made = [Column(self._first_of(c.array, size) if filtered else c.array, c.weak) for c in columns]
        if item.form is LEAF:
            return StackedList(made[0].array, made[0].weak, item.list)
        merged_readonly(self, [c.array.cell for c in made], IN_LIST)
        return StackedItems(Rows(tuple(made), self.integer(size), size, item.form))

    def _item(self, value: Any) -> _Item:
        """How the items of a list are kept, one of which is `value`."""
        form, leaves = take_apart(self, value)
        if form is LEAF or is_plain(form):
            t = self.type(value)
            return _Item(LEAF, [t], [_of_numbers(value) or t.weak], form is not LEAF)
        if not leaves:
            raise NeedsStatic("the items of this list have no numbers", self.loc, "count them")
        types = [self.type(x) for x in leaves]
        return _Item(form, types, [t.weak for t in types])

    def _store(self, out: Array, index: Operand, item: Any) -> None:
        t = self.array_type(out)
        value = self.operand(item)
        if promote([Type(t.dtype, t.shape[1:]), value.type])[0] != t.dtype:
            raise NeedsStatic("the items of this list have different types", self.loc, "use items of one type")
        place = ViewStep("index", (At(), *(Span(ZERO, d) for d in t.shape[1:])), (index,))
        self.set_view(Array(out.cell, (place,)), self.fit(value, t.shape[1:]))  # type: ignore[arg-type]

    def _first_of(self, out: Array, size: Dim) -> Array:
        shape = (size, *self.array_type(out).shape[1:])
        return self.view(out, ViewStep("index", tuple(Span(ZERO, d) for d in shape)))

    def _lock_shared(self, item: Any, start: int) -> bool:
        """Whether an item has memory that is older than `start`, which a copy of it would not see change: then neither
        that memory nor the items may be written from now on."""
        older = [c for c, _ in cells_in(item) if c.stamp < start or c.readonly]
        merged_readonly(self, older, IN_LIST)
        lists = [x for x in mutable_parts(item) if x.stamp < start or x in self.session.frozen]
        self.session.frozen.update(lists)
        return bool(older or lists)

    def _count(self, generators: list[ast.comprehension], iterable: Any) -> Dim:
        """How many items the loops over several generators have, conditions apart."""
        *outer, last = generators
        self.env[ACC] = 0

        def add() -> None:
            inner = self.eval(last.iter)
            known = self.turns(inner) is not None
            count = self.count_turns(inner) if known else self.integer(self.length(inner))
            self.env[ACC] = self.binary(ast.Add, self.env[ACC], count)

        self._nested(outer, 0, iterable, add, tests=False)
        return self.require_dim(self.env[ACC])

    def _sample(self, iterable: Any) -> Any:
        """The item at a run-time position, for its type."""
        if self.has_container(iterable):
            item = next(self.turns_of(iterable), _END)
            if item is _END:
                raise NeedsStatic("there is nothing to iterate over here", self.loc, "remove the comprehension")
            return item
        return self.item_at(iterable, Value(self.type(0), "i"))

    def reduce_items(self, gen: GeneratorValue, kind: str, start: Any = 0) -> Any:
        """sum, min, max, any, all or the first item of a generator expression of run-time length."""
        generators = gen.node.generators
        if kind == "first" and len(generators) > 1:
            raise NeedsStatic("next() takes a generator expression with one for", self.loc, "use a for loop with break")
        single = len(generators) == 1 and not generators[0].ifs
        with self.within(self._frame_of(gen)):
            if kind in ("min", "max"):
                if not single:
                    return self.reduce_stacked(kind, self._stacked(generators, gen.iterable, gen.node.elt))
                n = self.operand(self.integer(self.length(gen.iterable)))
                self.check(self.emit("gt", n, 0), "ValueError", f"{kind}() iterable argument is empty")
                self.assign(generators[0].target, self.item_at(gen.iterable, 0))
                start = self.eval(gen.node.elt)
            self.env[ACC] = {"any": False, "all": True}.get(kind, start)
            if start is UNDEFINED:
                del self.env[ACC]

            def work() -> None:
                done = self.env.get(ACC, False)
                if (
                    kind in ("any", "all") and len(generators) > 1 and not isinstance(done, bool)
                ):  # decided by an iteration before
                    skip, add = (lambda: None), (lambda: self._accumulate(kind, self.eval(gen.node.elt)))
                    self.branch(done, *((skip, add) if kind == "any" else (add, skip)), frozenset([ACC]))
                    return
                self._accumulate(kind, self.eval(gen.node.elt))

            if kind in ("min", "max"):

                def each(item: Any) -> None:
                    self.assign(generators[0].target, item)
                    work()

                self._over(gen.iterable, 1, each, binds(generators[0].target) | {ACC})
            else:
                self._nested(generators, 0, gen.iterable, work)
            result = self.env[ACC]
            if start is UNDEFINED and isinstance(result, Maybe):
                self.check(result.bound, "StopIteration", "next() of a generator without items")
                result = result.value
            return self.bound(result)

    def listed(self, gen: Any) -> Any:
        """An iterable that can be gone through more than once: a generator expression as a list."""
        if not isinstance(gen, GeneratorValue):
            return gen
        turns = self.turns(gen)
        if turns is not None:
            return ListValue(list(turns))
        with self.within(self._frame_of(gen)):
            return self._stacked(gen.node.generators, gen.iterable, gen.node.elt)

    def mapped(self, fn: Any, iterable: Any) -> list[Array]:
        """The numbers in ``fn(item)`` for the items of an iterable of run-time length, an array for each."""
        forms: list[tuple[Any, list[Type]]] = []

        def key() -> None:
            form, leaves = take_apart(self, self.call(fn, [self._sample(iterable)], {}))
            forms.append((form, [self.type(x) for x in leaves]))

        self.isolated(Region(), key)
        if not forms:
            self.error(UnsupportedError, "every sort key raises", "remove the raise")
        ((form, types),) = forms
        outs = [Array(Cell(self.emit("empty", shape=(self.length(iterable),), dtype=t.dtype))) for t in types]

        def work(pair: Any) -> None:
            for out, x in zip(outs, take_apart(self, self.call(fn, [pair[1]], {}))[1], strict=True):
                self.store_array(out, pair[0], x)

        if any(t.shape for t in types) or not is_ordered(form):
            self.error(PullbackTypeError, "a sort key must be a number, or a tuple of numbers")
        with self._scope([]):
            self._over(Iteration("enumerate", (iterable,), 0), 0, work, frozenset())
        return outs

    def folded(self, iterable: Any, first: int, start: Any, step: Callable[[Any, Any], Any]) -> Any:
        """``step(step(start, item), item) ...`` for the items from position `first` on."""

        def work(item: Any) -> None:
            self.env[ACC] = step(self.env[ACC], item)

        with self._scope([]):
            self.env[ACC] = start
            self._over(iterable, first, work, frozenset([ACC]))
            return self.bound(self.env[ACC])

    def reduce_stacked(self, kind: str, items: Any) -> Any:
        """min or max of an iterable of run-time length that can be gone through more than once."""
        from . import numpy_library
        from .ordering_calls import pick

        python = max if kind == "max" else min
        if isinstance(items, StackedList):
            return self.call(numpy_library.python_max if kind == "max" else numpy_library.python_min, [items.array], {})
        n = self.operand(self.integer(self.length(items)))
        self.check(self.emit("gt", n, 0), "ValueError", f"{kind}() iterable argument is empty")
        return self.folded(items, 1, self.item_at(items, 0), lambda best, item: pick(self, python, best, item))

    def _accumulate(self, kind: str, value: Any) -> None:
        old = self.env.get(ACC)
        if kind == "sum":
            self.env[ACC] = self.binary(ast.Add, old, value)
        elif kind == "first":
            self.env.update({ACC: value, "$break": True})
        elif kind in ("min", "max"):
            from .ordering_calls import pick

            self.env[ACC] = pick(self, max if kind == "max" else min, old, value)
        else:
            stop = self.truth(value)
            if kind == "all":
                stop = self.negation(stop)

            def leave() -> None:
                self.env.update({ACC: kind == "any", "$break": True})

            if stop is True:
                leave()
            elif stop is not False:
                self.branch(stop, leave, lambda: None, frozenset([ACC]))
