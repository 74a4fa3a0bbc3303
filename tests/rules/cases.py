"""The cases of every op of the registry: operand patterns and attribute variants.

Elementwise ops share their patterns, by arity. Other ops have an entry in `VARIANTS`, a function that yields
``(name, emit, operands)``; operands are shapes (sampled by the op's own sampler) or arrays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from pullback.ir.builder import Builder, constant
from pullback.ir.dims import ONE, ZERO, Dim
from pullback.ir.indexing import indexed_shape
from pullback.ir.nodes import At, Gather, New, Operand, Span, Value
from pullback.ir.opdef import REGISTRY, OpDef
from pullback.ir.types import Type
from pullback.rules.samples import samplers

from .oracle import Case, Emit, extent, extents, number, seed_of

Variant = tuple[str, Emit, Sequence[Any]]

UNARY: list[Sequence[Any]] = [[()], [(3,)], [(2, 3)], [(1,)], [(0,)], [(0, 2)]]
BINARY: list[Sequence[Any]] = [
    [(3,), (3,)], [(), (3,)], [(3,), ()], [(), ()], [(2, 1), (3,)], [(1, 3), (2, 1)], [(2, 3), (3,)], [(3,), (2, 3)],
    [(1,), (3,)], [(3,), (1,)], [(1,), (1,)], [(1, 1), ()], [(2, 1, 2), (3, 1)], [(0,), (0,)], [(0,), ()],
    [(0, 1), (3,)],
]  # fmt: skip
TERNARY: list[Sequence[Any]] = [
    [(3,), (3,), (3,)], [(), (3,), (3,)], [(3,), (), (3,)], [(3,), (3,), ()], [(3,), (), ()], [(), (), ()],
    [(2, 1), (3,), (2, 3)], [(2, 3), (1, 3), (2, 1)], [(1,), (3,), (1,)], [(0,), (0,), ()], [(2, 3), (3,), (2, 1)],
]  # fmt: skip


def arity(op: OpDef) -> int:
    """The operands of an elementwise op."""
    if op.vjp is not None:
        return len(op.vjp)
    return 2 if isinstance(op.python, str) and "{1}" in op.python else 1


def simple(opcode: str, **attrs: Any) -> Emit:
    return lambda b, *xs: b.emit(opcode, *xs, **attrs)


def shapes_text(operands: Sequence[Any]) -> str:
    return "x".join(str(x if isinstance(x, tuple) else np.shape(x)).replace(" ", "") for x in operands)


def _elementwise(op: OpDef) -> Iterator[Variant]:
    count = arity(op)
    for shapes in {1: UNARY, 2: BINARY, 3: TERNARY}[count]:
        yield shapes_text(shapes), simple(op.name), shapes
    if count == 2 and op.sample not in ("integer", "boolean"):
        yield "the same operand twice", lambda b, x: b.emit(op.name, x, x), [(3,)]
        yield "a constant on the right", lambda b, x: b.emit(op.name, x, 2.0), [(3,)]
        yield "a constant on the left", lambda b, x: b.emit(op.name, 0.75, x), [(3,)]


def _pow(op: OpDef) -> Iterator[Variant]:
    yield from _elementwise(op)
    for exponent in (0, 1, 2, 3, 5, -1, -2, 0.5, -0.5, 2.5, 1.0, 2.0):
        yield f"to the {exponent}", lambda b, x, e=exponent: b.emit("pow", x, e), [(3,)]
        if exponent == int(exponent):
            negative = np.array([-1.3, 0.7, -0.4])
            yield f"negative base to the {exponent}", lambda b, x, e=exponent: b.emit("pow", x, e), [negative]
    yield "integer array exponent", simple("pow"), [np.array([-1.3, 0.7, 2.0]), np.array([3, 2, 1], np.int16)]
    yield "integer base", simple("pow"), [np.array([1, 2, 3], np.int16), (3,)]


def _with_n(op: OpDef) -> Iterator[Variant]:
    for n in (1, 2):
        for shape in UNARY:
            yield f"n={n} {shapes_text(shape)}", simple(op.name, n=n), shape


def _cast(op: OpDef) -> Iterator[Variant]:
    def to_weak(b: Builder, x: Operand) -> Operand:
        return b.emit("mul", b.emit("cast", x, dtype=x.type.dtype, weak=x.type.dtype == "f64"), x)

    for shape in UNARY:
        emit = lambda b, x: b.emit("cast", x, dtype=x.type.dtype, weak=False)
        yield f"to its own dtype {shapes_text(shape)}", emit, shape
    yield "to a weak float", to_weak, [()]
    yield "to integers", simple("cast", dtype="i64", weak=False), [(3,)]


def _axes(rank: int) -> Iterator[tuple[int, ...]]:
    for count in range(rank + 1):
        yield from itertools.combinations(range(rank), count)


def _reduction(op: OpDef) -> Iterator[Variant]:
    shapes = [(3,), (2, 3), (1,)]
    if op.name != "prod":  # its adjoint is loops, which take long to transform
        shapes += [(2, 1, 3), (1, 2)]
    if op.name not in ("max", "min"):
        shapes += [(0,), (2, 0)]
    for shape in shapes:
        for axes in _axes(len(shape)):
            for keepdims in (False, True):
                yield f"{shape} {axes=} {keepdims=}", simple(op.name, axes=axes, keepdims=keepdims), [shape]


def _along(op: OpDef) -> Iterator[Variant]:
    shapes: list[tuple[int, ...]] = [(4,), (2, 3), (2, 1, 3), (1,)]
    if not op.name.startswith("arg"):
        shapes += [(0,), (2, 0)]
    for shape in shapes:
        for axis in range(len(shape)):
            yield f"{shape} {axis=}", simple(op.name, axis=axis), [shape]


def _arg_extremum(op: OpDef) -> Iterator[Variant]:
    for shape in [(4,), (2, 3)]:
        for axis, keepdims in itertools.product(range(len(shape)), (False, True)):
            yield f"{shape} {axis=} {keepdims=}", simple(op.name, axis=axis, keepdims=keepdims), [shape]


def _reshape(op: OpDef) -> Iterator[Variant]:
    two, three, six = extent(2), extent(3), extent(2) * extent(3)
    for old, new in [
        ((2, 3), (six,)), ((2, 3), (three, two)), ((2, 3), (ONE, two, three)), ((1,), ()),
        ((), (ONE, ONE)), ((1, 1), ()), ((3,), (three, ONE)),
        ((0,), (extent(0), Dim.of(2))), ((2, 0), (extent(0), Dim.of(3))),
    ]:  # fmt: skip
        yield f"{old} to {len(new)} axes", simple("reshape", shape=tuple(new)), [old]


def _transpose(op: OpDef) -> Iterator[Variant]:
    for shape in [(3,), (2, 3), (2, 3, 4), (0, 2), (2, 3, 1, 2)]:
        perms = [p for p in itertools.permutations(range(len(shape)))]
        for perm in perms[:7]:
            yield f"{shape} {perm=}", simple("transpose", perm=perm), [shape]


def _broadcast_to(op: OpDef) -> Iterator[Variant]:
    for old, new in [
        ((3,), (2, 3)), ((1,), (3,)), ((2, 1), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (4, 2, 3)), ((3,), (3,)),
        ((1, 1), (2, 3)), ((1,), (1, 1)), ((0,), (2, 0)), ((1,), (0,)), ((2, 1), (2, 0)), ((), (2, 3)), ((), ()),
    ]:  # fmt: skip
        dims = tuple(extent(n) if n in old else Dim.of(n) for n in new)
        yield f"{old} to {new}", simple("broadcast_to", shape=dims), [old]


def _concatenate(op: OpDef) -> Iterator[Variant]:
    for axis, shapes in [
        (0, [(2,), (3,)]), (0, [(2,)]), (0, [(2,), (0,), (1,)]), (1, [(2, 3), (2, 1)]), (0, [(1, 3), (2, 3), (1, 3)]),
        (2, [(2, 1, 3), (2, 1, 2)]), (1, [(0, 2), (0, 3)]),
    ]:  # fmt: skip
        yield f"{axis=} {shapes_text(shapes)}", simple("concatenate", axis=axis), shapes
    yield "the same operand twice", lambda b, x: b.emit("concatenate", x, x, axis=0), [(2,)]
    yield "with integers", simple("concatenate", axis=0), [(2,), np.array([1, 2], np.int16)]


def _matmul(op: OpDef) -> Iterator[Variant]:
    for shapes in [
        [(3,), (3,)], [(3,), (3, 2)], [(2, 3), (3,)], [(2, 3), (3, 4)], [(1,), (1,)], [(1, 1), (1, 1)], [(0,), (0,)],
        [(2, 0), (0, 3)], [(0, 2), (2, 3)], [(4, 2, 3), (4, 3, 2)], [(4, 2, 3), (3, 2)], [(2, 3), (4, 3, 2)],
        [(4, 1, 2, 3), (2, 3, 2)],
        [(1, 2, 3), (4, 3, 2)], [(4, 2, 3), (1, 3, 2)], [(3,), (4, 3, 2)], [(4, 2, 3), (3,)], [(2, 4, 2, 3), (3,)],
        [(3,), (2, 4, 3, 2)], [(1, 3), (3,)], [(3,), (3, 1)], [(2, 1), (1, 3)], [(1, 2, 3), (3,)], [(3,), (1, 3, 2)],
        [(0, 2, 3), (3, 2)], [(0, 2, 3), (3,)], [(2, 1, 3), (1, 3, 1)],
    ]:  # fmt: skip
        yield shapes_text(shapes), simple("matmul"), shapes
    yield "x @ x", lambda b, x: b.emit("matmul", x, x), [(3,)]
    yield "X @ X", lambda b, x: b.emit("matmul", x, x), [(3, 3)]
    yield "with integers", simple("matmul"), [(2, 3), np.array([[1, 2], [3, 4], [5, 6]], np.int16)]


def span(n: int, start: int = 0, step: int = 1) -> Span:
    return Span(Dim.of(start), Dim.of(n), step)


def whole(n: int) -> Span:
    return Span(ZERO, extent(n))


def reverse_span(n: int) -> Span:
    return Span(extent(n) - 1, extent(n), -1)


# name, array shape, index, index operands; Spans of the whole axis mention its symbol
INDICES: list[tuple[str, tuple[int, ...], tuple[Any, ...], list[Any]]] = [
    ("element", (4,), (At(),), [2]),
    ("negative element", (4,), (At(),), [-1]),
    ("row", (2, 3), (At(), whole(3)), [1]),
    ("column", (2, 3), (whole(2), At()), [-1]),
    ("element of a matrix", (2, 3), (At(), At()), [1, 0]),
    ("everything", (2, 3), (whole(2), whole(3)), []),
    ("slice", (5,), (span(3, 1),), []),
    ("strided slice", (5,), (span(2, 1, 2),), []),
    ("reversed", (4,), (reverse_span(4),), []),
    ("reversed with stride", (5,), (span(2, 3, -2),), []),
    ("empty slice", (4,), (span(0, 2),), []),
    ("slice of extent one", (2, 3), (whole(2), span(1, 1)), []),
    ("block", (3, 4), (span(2, 1), span(2, 0, 2)), []),
    ("gather", (4,), (Gather(),), [np.array([2, 0, 3])]),
    ("gather with repeats", (4,), (Gather(),), [np.array([1, 1, -1, 1, 3])]),
    ("gather of nothing", (4,), (Gather(),), [np.zeros(0, int)]),
    ("gather rows", (3, 2), (Gather(), whole(2)), [np.array([2, 0, 2, 2])]),
    ("gather columns", (2, 3), (whole(2), Gather()), [np.array([2, 0, 2, 1])]),
    ("gather by a matrix", (4,), (Gather(),), [np.array([[1, 2], [1, 0]])]),
    ("gather pairs", (3, 4), (Gather(), Gather()), [np.array([0, 2, 0]), np.array([1, 3, 1])]),
    ("gather pairs that broadcast", (3, 4), (Gather(), Gather()), [np.array([[0], [2]]), np.array([1, 3, 1])]),
    ("gather beside an integer", (3, 4), (At(), Gather()), [1, np.array([0, 0, 3])]),
    ("gather in the middle", (2, 4, 3), (whole(2), Gather(), reverse_span(3)), [np.array([3, 3, 1])]),
    ("gather of rank 0", (3, 2), (Gather(), whole(2)), [np.array(1)]),
]  # fmt: skip


def _load(op: OpDef) -> Iterator[Variant]:
    for name, shape, index, at in INDICES:
        yield name, simple("load", index=index), [shape, *at]
    yield "new axis in front", simple("load", index=(New(), whole(3))), [(3,)]
    yield "new axis behind", simple("load", index=(whole(3), New())), [(3,)]
    yield "new axes of an element", simple("load", index=(New(), At(), New())), [(3,), 1]
    yield "new axis of a row", simple("load", index=(At(), New(), whole(3))), [(2, 3), 1]
    yield "new axis of a reversed slice", simple("load", index=(reverse_span(2), New(), span(2, 1))), [(2, 3)]
    beside = simple("load", index=(New(), Gather(), whole(2)))
    yield "new axis beside a gather", beside, [(3, 2), np.array([2, 2, 0, 1])]
    yield "new axis of a scalar", simple("load", index=(New(),)), [()]


def _write(op: OpDef) -> Iterator[Variant]:
    for name, shape, index, at in INDICES:
        places = [constant(x) if isinstance(x, int) else Value(Type("i64", extents(*x.shape))) for x in at]
        selected = indexed_shape(extents(*shape), index, places)
        emit = simple(op.name, index=index)
        yield name, emit, [shape, *at, selected]
        if len(selected) == 1:
            yield f"{name}, scalar value", emit, [shape, *at, ()]
        if len(selected) > 1:
            yield f"{name}, value of extent one", emit, [shape, *at, (1,) * len(selected)]
            yield f"{name}, value of fewer axes", emit, [shape, *at, selected[1:]]
    yield "integer value", simple(op.name, index=(span(2, 1),)), [(4,), np.array([3])]
    yield "the array's own elements", _own_elements(op.name), [(4,)]
    yield "constant value", lambda b, x: b.emit(op.name, x, 0.5, index=(span(2, 1),)), [(4,)]


def _own_elements(opcode: str) -> Emit:
    def emit(b: Builder, x: Operand) -> Operand:
        part = b.emit("load", x, index=(span(2, 2),))
        return b.emit(opcode, x, part, index=(span(2, 1),))

    return emit


def _full(op: OpDef) -> Iterator[Variant]:
    for shape in [(), (3,), (2, 1), (0,)]:
        emit = lambda b, x, s=shape: b.emit("mul", b.emit("full", x, shape=_dims(s), dtype=x.type.dtype), x)
        yield f"{shape}", emit, [()]


def _dims(shape: tuple[int, ...]) -> tuple[Dim, ...]:
    return tuple(map(Dim.of, shape))


def _iota(op: OpDef) -> Iterator[Variant]:
    for size in (0, 1, 4):
        yield f"{size}", lambda b, x, y, n=size: b.emit("iota", x, y, size=Dim.of(n), dtype=x.type.dtype), [(), ()]
    yield "start only", lambda b, x: b.emit("iota", x, 1, size=Dim.of(3), dtype=x.type.dtype), [()]
    yield "step only", lambda b, x: b.emit("iota", 0, x, size=Dim.of(3), dtype=x.type.dtype), [()]


def _constant_array(op: OpDef) -> Iterator[Variant]:
    """`empty` (all of it stored to) and `eye`, times an argument."""

    def of_empty(b: Builder, x: Operand) -> Operand:
        made = b.emit("empty", shape=x.type.shape, dtype=x.type.dtype)
        return b.emit("store", made, x, index=(whole(3),))

    def of_eye(b: Builder, x: Operand) -> Operand:
        return b.emit("mul", b.emit("eye", n=extent(3), m=extent(3), k=1, dtype=x.type.dtype), x)

    yield "used", of_empty if op.name == "empty" else of_eye, [(3,)]


def _nonzero(op: OpDef) -> Iterator[Variant]:
    def selected(b: Builder, x: Operand) -> Operand:
        found = b.op("nonzero", b.emit("gt", x, 0.0)).results[1]
        return b.emit("load", x, found, index=(Gather(),))

    def total(b: Builder, x: Operand) -> Operand:
        return b.emit("sum", selected(b, x), axes=(0,), keepdims=False)

    yield "x[x > 0]", total, [(6,)]


def _sorting(op: OpDef) -> Iterator[Variant]:
    for shape in [(5,), (2, 4), (2, 3, 2), (1,), (0,), (2, 0)]:
        for axis in range(len(shape)):
            yield f"{shape} {axis=}", simple(op.name, axis=axis), [shape]


def _matrix_function(op: OpDef) -> Iterator[Variant]:
    sizes = (1, 2, 4) if op.name == "detsign" else (0, 1, 2, 4)
    for n in sizes:
        yield f"{n} by {n}", simple(op.name), [(n, n)]
    if op.name not in ("cholesky", "eigvalsh", "eigvecsh"):
        yield "of a transpose", lambda b, x: b.emit(op.name, b.emit("transpose", x, perm=(1, 0))), [(3, 3)]


def _rectangular(op: OpDef) -> Iterator[Variant]:
    shapes = [(1, 1), (3, 3), (4, 2), (3, 1), (2, 0)]
    if not op.name.startswith("qr"):
        shapes += [(2, 4), (1, 3), (0, 2)]
    rest = [1e-13] if op.name == "pinv" else []
    for shape in shapes:
        yield f"{shape}", simple(op.name), [shape, *rest]


def _linear_system(op: OpDef) -> Iterator[Variant]:
    options: list[dict[str, Any]] = [{}]
    if op.name == "solve_triangular":
        options = [{"lower": lower, "trans": trans} for lower in (True, False) for trans in (True, False)]
    for attrs in options:
        for shapes in [((3, 3), (3,)), ((3, 3), (3, 2)), ((1, 1), (1,)), ((2, 2), (2, 1)), ((2, 2), (2, 0))]:
            yield f"{shapes_text(shapes)} {attrs}", simple(op.name, **attrs), shapes
    yield "a matrix by itself", lambda b, x: b.emit(op.name, x, x, **options[0]), [(3, 3)]


VARIANTS: dict[str, Callable[[OpDef], Iterator[Variant]]] = {
    "pow": _pow, "polygamma": _with_n, "round_decimals": _with_n, "cast": _cast, "matmul": _matmul,
    **dict.fromkeys(["sum", "prod", "max", "min", "any", "all"], _reduction),
    **dict.fromkeys(["cumsum", "cumprod"], _along), **dict.fromkeys(["argmax", "argmin"], _arg_extremum),
    **dict.fromkeys(["sort", "argsort"], _sorting),
    **dict.fromkeys(["solve", "solve_triangular"], _linear_system),
    **dict.fromkeys(["inv", "det", "logabsdet", "detsign", "cholesky", "eigvalsh", "eigvecsh"], _matrix_function),
    **dict.fromkeys(["qr_q", "qr_r", "svdvals", "svd_u", "svd_vh", "pinv"], _rectangular),
    "reshape": _reshape, "transpose": _transpose, "broadcast_to": _broadcast_to, "concatenate": _concatenate,
    "load": _load, "store": _write, "accum": _write, "nonzero": _nonzero,
    "full": _full, "iota": _iota, "empty": _constant_array, "eye": _constant_array,
}  # fmt: skip

# differentiated by the transforms, not by a rule: tested in tests/transforms
STRUCTURAL = frozenset(["if", "for", "while", "call", "check", "print", "tape_new", "tape_push", "tape_pop", "extent"])


def variants(op: OpDef) -> list[Variant]:
    make = VARIANTS.get(op.name, _elementwise if op.kind == "elementwise" else None)
    return list(make(op)) if make else []


def cases(opcode: str) -> list[Case]:
    """Every case of an op, with sampled operands."""
    op = REGISTRY[opcode]
    out = []
    for name, emit, operands in variants(op):
        rng = seed_of(f"{opcode} {name}")
        domains = samplers(op, len(operands))
        shapes = tuple(
            tuple(d if isinstance(d, Dim) else extent(d) for d in (x if isinstance(x, tuple) else np.shape(x)))
            for x in operands
        )
        inputs = tuple(
            sample(rng, tuple(map(number, shape))) if isinstance(x, tuple) else np.asarray(x)[()]
            for x, shape, sample in zip(operands, shapes, domains, strict=True)
        )
        out.append(Case(f"{opcode}: {name}", emit, inputs, shapes))
    return out
