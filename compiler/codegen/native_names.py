"""Which values of a lowered function share a name when it is printed as native source.

Note [Names of memory]. After `inplace` every version of an array lives in the memory of the first. The
printer gives the versions one name: a store has the name of its operand, a loop carry that the body updates
in place the name of its initial value. A carry that refers to another array after each iteration is a
variable of its own, rebound at the end of the body.

A scalar that only its loop reads lends its name to the carry that starts from it.
"""

from __future__ import annotations

import keyword

from pullback.runtime import arrays, blas, lapack, scalar_math, special, stack

from ..analysis.alias import Carried, mutated_operands
from ..ir.nodes import Function, Op, Operand, Region, Value, dims_values
from .native_expressions import NUMPY_NAME


class Names:
    """The uses of every value of a function, and the value whose name each value has (`root`)."""

    def __init__(self, fn: Function):
        self.fn = fn
        self.home: dict[Value, Value] = {}
        self.uses: dict[Value, int] = {}
        self.user_region: dict[Value, Region | None] = {}
        self.needs_name: set[Value] = set()
        self._made_in: dict[Value, Region] = {}
        self._region_of: dict[Op, Region] = {}
        self._survey(fn.body)
        self._index(fn.body)
        self._homes(fn.body)

    def _survey(self, region: Region) -> None:
        for op in region.ops:
            for x in op.operands:
                self._use(x, region)
            for a in op.attrs.values():
                self._use_dims(a)
            for v in op.results:
                self._use_dims(v.type.shape)
            for r in op.regions:
                self._survey(r)
        for y in region.yields:
            self._use(y, region)

    def _use(self, x: Operand, region: Region) -> None:
        if isinstance(x, Value):
            self.uses[x] = self.uses.get(x, 0) + 1
            self.user_region[x] = region

    def _use_dims(self, a: object) -> None:
        for v in dims_values(a):
            self.uses[v] = self.uses.get(v, 0) + 1
            self.needs_name.add(v)

    def root(self, v: Value) -> Value:
        """The value whose name `v` has."""
        while v in self.home and self.home[v] is not v:
            v = self.home[v]
        return v

    def _homes(self, region: Region) -> None:
        """Fill `home` for the memory values of a region."""
        for op in region.ops:
            if op.opcode in ("for", "while"):
                self._loop_homes(op)
            elif op.opcode == "if":
                for r in op.regions:
                    self._homes(r)
                for k, v in enumerate(op.results):
                    if is_memory(v):
                        a, b = (self.root(y) if isinstance(y := r.yields[k], Value) else None for r in op.regions)
                        self.home[v] = a if a is b and a is not None else v
            else:
                for v, k in zip(op.results, mutated_operands(op), strict=False):
                    source = op.operands[k]
                    assert isinstance(source, Value)
                    self.home[v] = source
                if op.opcode in ("tape_push", "tape_pop"):
                    self.home[op.results[0]] = op.operands[0]  # type: ignore[assignment]

    def _loop_homes(self, op: Op) -> None:
        inits, heads, bodies, yields, results = carries(op)
        if op.opcode == "while":
            self._homes(op.regions[0])
            for p, q in zip(heads, bodies, strict=True):
                self.home[q] = p
        self._homes(op.regions[-1])
        for init, p, y, r in zip(inits, heads, yields, results, strict=True):
            self.home[r] = p
            if is_memory(p):
                in_place = isinstance(y, Value) and self.root(y) is p
                if in_place and isinstance(init, Value):
                    self.home[p] = init
            elif isinstance(init, Value) and self.uses.get(init) == 1 and self._is_fresh(init, op):
                self.home[p] = init

    def _is_fresh(self, init: Value, op: Op) -> bool:
        """A scalar variable that only this loop reads, so that the loop may update it in place."""
        return init not in self.fn.params and self._made_in.get(init) is self._region_of.get(op)

    def _index(self, region: Region) -> None:
        for p in region.params:
            self._made_in[p] = region
        for op in region.ops:
            self._region_of[op] = region
            for v in op.results:
                self._made_in[v] = region
            for r in op.regions:
                self._index(r)
                if op.opcode == "for":
                    # the loop variable itself must stay what range() gives
                    self._made_in.pop(r.params[0])


def carries(op: Op) -> tuple[list[Operand], list[Value], list[Value], list[Operand], list[Value]]:
    """Of a loop: initial values, parameters of the first region, of the last one, yields, results."""
    c = Carried(op)
    return list(c.inits), list(c.params), list(c.body_params), list(c.yields), list(c.results)


def is_memory(v: Value) -> bool:
    return bool(v.type.shape) or v.type.tape


def callees_first(fn: Function) -> list[str]:
    """Callees in an order in which those called come first, as far as recursion allows."""
    done: dict[str, None] = {}
    active: set[str] = set()

    def visit(f: Function) -> None:
        for op in f.body.walk():
            if op.opcode == "call" and op.attrs["callee"] not in active:
                callee = op.attrs["callee"]
                active.add(callee)
                visit(fn.callees[callee])
                done.setdefault(callee)

    visit(fn)
    return list(done)


def recursive(fn: Function) -> set[str]:
    """The callees that call themselves, by way of others or not."""
    called = {
        name: {op.attrs["callee"] for op in f.body.walk() if op.opcode == "call"} for name, f in fn.callees.items()
    }
    reached = {name: set(direct) for name, direct in called.items()}
    for _ in called:
        reached = {name: names.union(*(reached[n] for n in names)) for name, names in reached.items()}
    return {name for name, names in reached.items() if name in names}


def identifier(hint: str) -> str:
    """A valid Python name like `hint`."""
    name = "".join(ch if ch.isalnum() or ch == "_" else "_" for ch in hint)
    if not name or name[0].isdigit():
        name = "v" + name
    return name + "_" if keyword.iskeyword(name) or name in _RESERVED else name


# names that the printed module imports or calls: a variable of the same name would hide them
_RESERVED = frozenset(
    {"abs", "float", "int", "range", "show", "empty", "zeros", "full", "error", "status", "stack", "inf", "nan"}
    | set(NUMPY_NAME.values())
    | {
        name
        for module in (scalar_math, special, blas, lapack, arrays, stack)
        for name in vars(module)
        if not name.startswith("_")
    }
)


def words(text: str) -> set[str]:
    out, word = set(), ""
    for ch in text + " ":
        if ch.isalnum() or ch == "_":
            word += ch
        elif word:
            out.add(word)
            word = ""
    return out
