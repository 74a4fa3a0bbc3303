"""Tapes of the native level: stacks of elements that grow.

A loop that pushes to a tape once in every iteration, or pops from it, makes room or gives it up for all of them
at once, so that its iterations are plain stores and loads, which can be vectorised::

    if t_n + size > t.shape[0]: t = grow(t, t_n + size)
    start = t_n - lo
    for j in range(lo, hi):
        t[start + j] = v
    t_n += size

The tapes of the main function begin in the arena, with the room that the largest call so far has taken (``lengths``): a
second call finds its pages there and need not grow them. What is pushed only before the first pop stays where it is, so
an array that is popped is a part of the tape, no copy.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.dataflow import region_uses
from ..analysis.structure import step_of
from ..ir.nodes import Const, Loc, Op, Value
from .native_expressions import ADD, ATOM, Expr
from .native_names import carries
from .native_text import FunctionText


def tape_steps(loop: Op) -> list[Op]:
    """The pushes and pops of single elements that every iteration of a `for` loop makes, where that is all it does with
    the tape."""
    step = loop.operands[2]
    if loop.attrs.get("stop") or not isinstance(step, Const) or abs(int(step.value)) != 1:
        return []
    body = loop.regions[0]
    found = []
    _, heads, _, yields, _ = carries(loop)
    for p, y in zip(heads, yields, strict=True):
        if not p.type.tape:
            continue
        op = next((op for op in body.ops if op.opcode in ("tape_push", "tape_pop") and op.operands[0] is p), None)
        if op is None or y is not op.results[0]:
            continue
        element = op.operands[1] if op.opcode == "tape_push" else op.results[1]
        read = list(region_uses(body))
        if not element.type.shape and read.count(p) == 1 and read.count(y) == 1:
            found.append(op)
    return found


class TapePrinter:
    """Prints the ops on tapes for the printer `p` of a function."""

    def __init__(self, p: FunctionText):
        self.p = p
        self.slots = 0  # what is in the arena before the tapes
        self.places: dict[Op, str] = {}  # pushes and pops for which a loop has made room: their index
        self.kept: list[Op] = []  # the tapes in the arena, and of these
        self.settled: set[str] = set()  # the names of those to which nothing is pushed once something is popped

    def find_kept(self, passed: Sequence[bool], slots: int) -> None:
        """Choose the tapes in the arena, after `slots`: none where something may outlive the call that lies on a
        tape."""
        self.slots = slots
        body = self.p.fn.body
        for y, by_caller in zip(body.yields, passed, strict=True):
            if y.type.tape or (y.type.shape and not by_caller):
                return
        self.kept = [op for op in body.ops if op.opcode == "tape_new"]
        names = {self.p.name_of(op.result) for op in self.kept}
        popped: set[str] = set()
        again: set[str] = set()
        for op in body.ops:
            pushes, pops = self._uses(op)
            again |= pushes & (popped | pops)
            popped |= pops
        self.settled = names - again

    def _uses(self, op: Op) -> tuple[set[str], set[str]]:
        """The names of the tapes that an op, or one inside it, pushes to and pops from; a call may do both."""
        pushes: set[str] = set()
        pops: set[str] = set()
        for o in (op, *(o for r in op.regions for o in r.walk())):
            tapes = {self.p.name_of(x) for x in o.operands if isinstance(x, Value) and x.type.tape}
            if o.opcode in ("tape_push", "call"):
                pushes |= tapes
            if o.opcode in ("tape_pop", "call"):
                pops |= tapes
        return pushes, pops

    def print(self, op: Op) -> None:
        {"tape_new": self._new, "tape_push": self._push, "tape_pop": self._pop}[op.opcode](op)

    def finish(self) -> None:
        """Before the return: say how much room there is by now."""
        for k, op in enumerate(self.kept):
            self.p.line(f"lengths[{k}] = {self.p.name_of(op.result)}.shape[0]")

    def _new(self, op: Op) -> None:
        name = self.p.name_of(op.result)
        self.p.taken.add(name + "_n")
        if op in self.kept:
            k = self.kept.index(op)
            place = f"offsets[{self.slots + k}], (lengths[{k}],), {self.p.dtype(op.attrs['dtype'])}"
            self.p.line(f"{name} = {self.p.array_function('part')}(arena, {place})", op.loc)
        else:
            self.p.line(f"{name} = {self.p.empty('(64,)', op.attrs['dtype'])}", op.loc)
        self.p.line(f"{name}_n = 0")

    def parts(self, steps: list[Op], loop: Op, lo: Expr, hi: Expr) -> str:
        """Make room for what a loop pushes, give up what it pops. Gives the number of iterations."""
        forwards = step_of(loop) > 0
        iv = self.p.name_of(loop.regions[0].params[0])
        first, last = (lo, hi) if forwards else (hi, lo)
        size: str = self.p.fresh("size")
        maximum = self.p.imports.use("pullback.runtime.scalar_math", "maximum")
        count = last.text if first.text == "0" else f"{last.at(ADD)} - {first.at(ATOM)}"
        self.p.line(f"{size} = {maximum}(0, {count})", loop.loc)
        for op in steps:
            name = self.p.name_of(op.results[0])
            if op.opcode == "tape_push":
                self._grow(name, size, op.loc)
                offset, place = (f"- {lo.at(ATOM)}", f"+ {iv}") if forwards else (f"+ {lo.at(ADD)}", f"- {iv}")
            else:  # the last one comes first
                self.p.line(f"{name}_n -= {size}", op.loc)
                offset, place = (f"+ {hi.at(ADD)} - 1", f"- {iv}") if forwards else (f"- {hi.at(ATOM)} - 1", f"+ {iv}")
            start = self.p.fresh("start")
            self.p.line(f"{start} = {name}_n {offset}")
            self.places[op] = f"{start} {place}"
        return size

    def _push(self, op: Op) -> None:
        t, v = op.operands
        assert isinstance(t, Value)
        name = self.p.name_of(t)
        e = self.p.use(v) if not isinstance(v, Const) else self.p.scalars.constant(v, t.type.dtype)
        if op in self.places:
            self.p.line(f"{name}[{self.places[op]}] = {e.text}", op.loc)
            return
        if v.type.shape:
            size = self.p.dim(v.type.size)
            self._grow(name, size.at(ADD), op.loc)
            self.p.line(f"{self.p.array_function('put')}({name}, {name}_n, {e.text})")
            self.p.line(f"{name}_n += {size.text}")
            return
        self._grow(name, "1", op.loc)
        self.p.line(f"{name}[{name}_n] = {e.text}")
        self.p.line(f"{name}_n += 1")

    def _grow(self, name: str, size: str, loc: Loc) -> None:
        """Make room for `size` more elements."""
        self.p.line(f"if {name}_n + {size} > {name}.shape[0]:", loc)
        self.p.line(f"    {name} = {self.p.array_function('grow')}({name}, {name}_n + {size})")

    def _pop(self, op: Op) -> None:
        tape, value = op.results
        name, target = self.p.name_of(tape), self.p.name_of(value)
        if op in self.places:
            self.p.line(f"{target} = {name}[{self.places[op]}]", op.loc)
            return
        if not value.type.shape:
            self.p.line(f"{name}_n -= 1", op.loc)
            self.p.line(f"{target} = {name}[{name}_n]")
            return
        self.p.line(f"{name}_n -= {self.p.dim(value.type.size).text}", op.loc)
        shape = self.p.shape(value.type.shape)
        if name in self.settled:
            self.p.line(f"{target} = {self.p.array_function('block')}({name}, ({name}_n,), {shape})")
        else:
            self.p.line(f"{target} = {self.p.array_function('take')}({name}, {name}_n, {shape})")
