"""What a nest of three loops adds up: products of factors, each of which two of the indices move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..analysis.alias import Carried
from ..analysis.bounds import linear_split
from ..analysis.dataflow import defined_inside, values_read
from ..ir.builder import constant
from ..ir.dims import ONE, Dim
from ..ir.nodes import At, Const, Op, Operand, Value, as_dim
from ..ir.opdef import opdef
from ..ir.types import Type
from .lower_products import TINY_PRODUCT

SHORT = 8  # a loop known to be shorter is better off without BLAS
COSTLY = 4  # of an op: one that is not computed twice
_MAX_TERMS = 4  # products that are added up in one iteration
FLOATS = frozenset({"f64", "f32"})
EFFECTS = frozenset({"check", "call", "print"})
ONCE = EFFECTS | frozenset({"tape_new", "tape_push", "tape_pop"})  # what may not be done twice


@dataclass(slots=True, eq=False)
class Made:
    """Loops that came of the rewriting: in `done` nothing is left to do, and `blocks` need not be cut again."""

    done: set[Op] = field(default_factory=set)
    blocks: set[Op] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Range:
    """A loop, and the indices that it runs through: ``lo <= index < hi``."""

    op: Op
    lo: Dim
    hi: Dim

    @property
    def iv(self) -> Value:
        return self.op.regions[0].params[0]

    @staticmethod
    def of(op: Op) -> Range | None:
        if op.opcode != "for" or op.attrs.get("stop"):
            return None
        step = op.operands[2]
        if not isinstance(step, Const) or abs(int(step.value)) != 1:
            return None
        lo, hi = as_dim(op.operands[0]), as_dim(op.operands[1])
        return Range(op, lo, hi) if step.value > 0 else Range(op, hi + 1, lo + 1)


@dataclass(slots=True, eq=False)
class Part:
    """A factor of a product, a function of the indices `ivs`: a product of scalars, or an element of a matrix."""

    ivs: frozenset[Value]
    factors: list[Operand]
    axes: dict[Value, int] = field(default_factory=dict)  # of a matrix in memory: the axis on which an index moves

    @property
    def in_memory(self) -> bool:
        return bool(self.axes)


@dataclass(slots=True, eq=False)
class Product:
    """What is added at ``[row, column]``: the sum over `inner` of ``left[row, inner] * right[inner, column]``."""

    row: Value
    column: Value
    inner: Value
    left: Part
    right: Part
    checked: frozenset[int]  # the factors by which strong zeros are multiplied

    def indices(self, k: int) -> tuple[Value, Value]:
        """Row and column of a factor."""
        return (self.row, self.inner) if k == 0 else (self.inner, self.column)

    def parts(self) -> tuple[Part, Part]:
        return self.left, self.right


@dataclass(slots=True, eq=False)
class Addition:
    """An `accum` of which all terms are products."""

    op: Op
    array: int  # the carry of the outermost loop
    axes: dict[Value, int]
    products: list[Product]


@dataclass(slots=True, eq=False)
class Table:
    """An array in which a scalar of a nest is written down, and the least of each of the indices that it depends on."""

    array: Value
    least: dict[Value, Dim]


class Nest:
    """What the scalars of a loop nest depend on, given three of its loops, each in the one before it."""

    def __init__(self, root: Op):
        self.root = root
        self.inside = defined_inside(root.regions)
        self.loops: dict[Value, Range] = {}
        self.strong: set[Value] = set()  # factors that do not count where what they multiply is zero
        self.tables: dict[Operand, Table] = {}
        self.rows: set[Value] = set()  # arrays that the body of the outermost loop has or makes
        self._levels: dict[Value, frozenset[Value]] = {}  # what the bodies of the loops define themselves
        self._memo: dict[Value, frozenset[Value] | None] = {}

    def enter(self, path: Iterable[Range]) -> None:
        """Look at these loops, outermost first."""
        self.loops = {r.iv: r for r in path}
        self._memo, self._levels = {}, {}
        around: frozenset[Value] = frozenset()
        body = self.root.regions[0]
        self.rows = {v for v in (*body.params, *(v for op in body.ops for v in op.results)) if v.type.shape}
        for r in self.loops.values():
            around |= {r.iv}
            body = r.op.regions[0]
            self._levels.update((v, around) for op in body.ops for v in op.results)
            self._levels.update((v, around) for v in body.params[1:])

    def depends(self, x: Operand) -> frozenset[Value] | None:
        """The loop indices that a scalar is a function of; those of all loops around it where that is not plain."""
        if not isinstance(x, Value) or x not in self.inside:
            return frozenset()
        if x in self.loops:
            return frozenset([x])
        if x not in self._memo:
            found = self._function_of(x)
            if found is None:
                found = self._of_row(x) or self._levels.get(x)
            self._memo[x] = found
        return self._memo[x]

    def _of_row(self, x: Value) -> frozenset[Value] | None:
        """The loop indices that an element of an array of the outermost loop depends on."""
        op = x.op
        if not self.is_of_row(x) or op is None:
            return None
        found = frozenset([next(iter(self.loops))])
        for i in op.operands[1:]:
            d = self._function_of(i) if isinstance(i, Value) else frozenset[Value]()
            if d is None:
                return None
            found |= d
        return found

    def is_of_row(self, x: Operand) -> bool:
        """Whether a scalar is an element of an array that the body of the outermost loop has."""
        op = x.op if isinstance(x, Value) else None
        return op is not None and op.opcode == "load" and op.operands[0] in self.rows and elementwise(op)

    def recorded(self, x: Operand) -> bool:
        """Whether a scalar is written down where it is computed: it must be, or computing it again costs more."""
        if not isinstance(x, Value) or x not in self.inside or x in self.loops:
            return False
        return self._function_of(x) is None or (self._levels.get(x) == self.depends(x) and self._costly(x))

    def _costly(self, x: Operand) -> bool:
        op = x.op if isinstance(x, Value) and x in self.inside else None
        return op is not None and (opdef(op.opcode).cost > COSTLY or any(self._costly(y) for y in op.operands))

    def _function_of(self, x: Value) -> frozenset[Value] | None:
        """The loop indices from which a scalar can be computed anywhere."""
        op = x.op
        if x in self.loops:
            return frozenset([x])
        if x not in self.inside:
            return frozenset()
        if op is None or op.regions or x.type.shape:
            return None
        if op.opcode == "load":
            if op.operands[0] in self.inside or not elementwise(op):
                return None
        elif op.opcode != "extent" and opdef(op.opcode).kind != "elementwise":
            return None
        found: frozenset[Value] = frozenset()
        for v in op.used_values():
            if v.type.shape:
                continue
            d = self._function_of(v)
            if d is None:
                return None
            found |= d
        return found

    def outside(self, d: Dim) -> bool:
        """Whether an extent is known before the nest."""
        return not any(v in self.inside for v in d.values())

    def place(self, op: Op, ivs: frozenset[Value]) -> dict[Value, int] | None:
        """The axes on which two indices move in an access, one of them the last; None where BLAS cannot go there."""
        axes: dict[Value, int] = {}
        index = [as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])]]
        for axis, d in enumerate(index):
            moving = [v for v in dict.fromkeys(d.values()) if v in ivs]
            rest = d
            for v in moving:
                split = linear_split(d, v)
                if len(moving) > 1 or v in axes or split is None or split[0] != ONE:
                    return None
                axes[v] = axis
                rest = split[1]
            if not self.outside(rest):
                return None
        return axes if set(axes) == ivs and len(index) - 1 in axes.values() else None

    # -- products ---------------------------------------------------------------------------------------------
    def products(self, x: Operand, row: Value, column: Value, inner: Value, dtype: str) -> list[Product] | None:
        terms = self._terms(x, frozenset([row, column, inner]))
        if terms is None or len(terms) > _MAX_TERMS:
            return None
        found = [self._product(term, row, column, inner, dtype) for term in terms]
        return None if None in found else [p for p in found if p is not None]

    def _terms(self, x: Operand, ivs: frozenset[Value]) -> list[list[Operand]] | None:
        """A scalar as a sum of products of scalars that depend on two indices at most."""
        d = self.depends(x)
        if d is None or not d <= ivs:
            return None
        if len(d) < 3:
            return [[x]]
        op = x.op if isinstance(x, Value) else None
        if op is None or op.opcode not in ("add", "sub", "neg", "mul", "mul0"):
            return None
        if op.opcode == "mul0":
            self.strong.update(x for x in op.operands[1:] if isinstance(x, Value))
        parts = [self._terms(y, ivs) for y in op.operands]
        minus: list[Operand] = [constant(-1.0, Type(x.type.dtype))]
        if parts[0] is None or parts[-1] is None:
            return None
        if op.opcode == "neg":
            return [t + minus for t in parts[0]]
        if op.opcode in ("mul", "mul0"):
            a, b = parts
            assert a is not None and b is not None
            return [s + t for s in a for t in b] if min(len(a), len(b)) == 1 else None
        return parts[0] + (parts[1] if op.opcode == "add" else [t + minus for t in parts[1] or []])  # type: ignore[operator]

    def _product(self, term: list[Operand], row: Value, column: Value, inner: Value, dtype: str) -> Product | None:
        sides = frozenset([row, inner]), frozenset([inner, column])
        groups: tuple[list[Operand], list[Operand]] = ([], [])
        shared: list[Operand] = []
        for x in term:
            if not x.type.is_float or x.type.dtype != dtype:
                return None
            d = self.depends(x)
            assert d is not None
            fits = [k for k in (0, 1) if d <= sides[k]]
            if not fits:
                return None
            if len(fits) == 2:
                shared.append(x)
            else:
                groups[fits[0]].append(x)
        parts = [self._part(sides[k], groups[k]) for k in (0, 1)]
        if None in parts:
            return None
        if shared:  # what does not depend on the place goes where a buffer is needed anyway
            k = 0 if not parts[0].in_memory or parts[1].in_memory else 1  # type: ignore[union-attr]
            parts[k] = Part(sides[k], [*groups[k], *shared])
        left, right = parts
        assert left is not None and right is not None
        checked = frozenset(k for k in (0, 1) for x in parts[k].factors if x in self.strong)  # type: ignore[union-attr]
        return Product(row, column, inner, left, right, checked)

    def _part(self, ivs: frozenset[Value], factors: list[Operand]) -> Part | None:
        found: frozenset[Value] = frozenset()
        for x in factors:
            found |= self.depends(x) or frozenset()
        if found != ivs:
            return None
        part = Part(ivs, factors)
        op = factors[0].op if isinstance(factors[0], Value) else None
        if len(factors) == 1 and op is not None and op.opcode == "load" and not self.recorded(factors[0]):
            part.axes = self.place(op, ivs) or {}
        return part


def additions_to(p: Value, loop: Op, nest: Nest, path: tuple[Range, ...] = ()) -> list[tuple[Op, tuple[Range, ...]]]:
    """The additions to an array that a loop carries in as `p`, with the loops around them, if in it and the loops in it
    that is all that happens to the array; else nothing."""
    inner = Range.of(loop)
    if inner is None:
        return []
    path = (*path, nest.loops.setdefault(inner.iv, inner))
    sites: list[tuple[Op, tuple[Range, ...]]] = []
    body = loop.regions[0]
    at: Value = p
    for op in body.ops:
        if at not in values_read(op):
            continue
        if op.opcode == "accum" and op.operands[0] is at and at not in op.operands[1:] and elementwise(op):
            sites.append((op, path))
            at = op.result
        elif op.opcode == "for" and sum(x is at for x in op.operands) == 1:
            carried = Carried(op)
            k = next((k for k, x in enumerate(carried.inits) if x is at), None)
            found = additions_to(carried.params[k], op, nest, path) if k is not None else []
            if not found or any(at in values_read(o) for o in op.regions[0].ops):
                return []
            sites += found
            assert k is not None
            at = carried.results[k]
        else:
            return []
    k = Carried(loop).params.index(p)
    yields = Carried(loop).yields
    return sites if yields[k] is at and sum(y is at for y in yields) == 1 else []


def addition_of(nest: Nest, op: Op, array: int, path: tuple[Range, ...]) -> Addition | None:
    ivs = [r.iv for r in path]
    index = [as_dim(x) for x in op.operands[1:-1]]
    moving = frozenset(v for d in index for v in d.values() if v in ivs)
    axes = nest.place(op, moving) if len(moving) == 2 else None
    if axes is None:
        return None
    row, column = sorted(axes, key=lambda v: axes[v])
    (inner,) = (v for v in ivs if v not in moving)
    products = nest.products(op.operands[-1], row, column, inner, op.operands[0].type.dtype)
    return None if products is None else Addition(op, array, axes, products)


def tied_loops(nest: Nest) -> tuple[Range, Range] | tuple[()] | None:
    """The loop whose range depends on another one's index, after that; None where there is more of it, or else."""
    found: list[tuple[Range, Range]] = []
    for r in nest.loops.values():
        for d in (r.lo, r.hi):
            for v in dict.fromkeys(d.values()):
                split = linear_split(d, v)
                if v not in nest.inside:
                    continue
                if v not in nest.loops or split is None or abs(split[0].const if split[0].is_const else 2) != 1:
                    return None
                if not nest.outside(split[1]):
                    return None
                found.append((nest.loops[v], r))
    if not found:
        return ()
    return found[0] if len(found) == 1 else None


def worthwhile(nest: Nest) -> bool:
    """Whether no loop is known to be short; of products whose extents are known, the tiny ones are left alone."""
    work = 1
    for r in nest.loops.values():
        size = r.hi - r.lo
        if size.is_const and size.const < SHORT:
            return False
        work = work * size.const if size.is_const and work else 0
    return not 0 < work <= TINY_PRODUCT


def elementwise(op: Op) -> bool:
    return all(isinstance(item, At) for item in op.attrs["index"])
