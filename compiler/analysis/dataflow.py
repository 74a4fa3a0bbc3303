"""Questions about the flow of values through structured regions: uses, liveness, loop invariance.

Extents count as uses everywhere: a value inside a `Dim` of an attribute or of a type is read by the
op that carries it (and by the region whose parameter has the type).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..ir.nodes import Const, Function, Op, Operand, Region, Substitution, Value
from .alias import Carried

Use = tuple[Op | None, Region]


def param_values(region: Region) -> Iterator[Value]:
    """The values read by the types of a region's parameters."""
    for p in region.params:
        for d in p.type.shape:
            yield from d.values()


def reads(op: Op) -> Iterator[Value]:
    """The values an op reads itself, without its own results in the extents of its other results."""
    for v in op.used_values():
        if v not in op.results:
            yield v


def region_uses(region: Region) -> Iterator[Value]:
    """The values that a region and those within it read or yield, once for each time."""
    for op in region.walk():
        yield from op.used_values()
        for r in op.regions:
            yield from (y for y in r.yields if isinstance(y, Value))
    yield from (y for y in region.yields if isinstance(y, Value))


def regions_within(body: Region) -> list[Region]:
    """A region and all within it, the later and the inner ones first."""
    found = [body]
    for region in found:
        found += [r for op in region.ops for r in op.regions]
    return found[::-1]


def homes_and_owners(body: Region) -> tuple[dict[Value, Region], dict[Region, tuple[Op, Region]]]:
    """The region that defines each value; the op that each inner region belongs to, and the region of that op."""
    home: dict[Value, Region] = {}
    owner: dict[Region, tuple[Op, Region]] = {}

    def scan(region: Region) -> None:
        home.update(dict.fromkeys(region.params, region))
        for op in region.ops:
            home.update(dict.fromkeys(op.results, region))
            for inner in op.regions:
                owner[inner] = (op, region)
                scan(inner)

    scan(body)
    return home, owner


def uses(fn: Function) -> dict[Value, list[Use]]:
    """For every value, the (op, region) pairs that read it, in program order.

    The op is None where the region itself reads it (a yield, the type of a parameter). An op that
    reads a value several times appears once.
    """
    found: dict[Value, list[Use]] = {}

    def note(values: Iterable[Operand], op: Op | None, region: Region) -> None:
        for v in dict.fromkeys(v for v in values if isinstance(v, Value)):
            found.setdefault(v, []).append((op, region))

    def scan(region: Region) -> None:
        note(param_values(region), None, region)
        for op in region.ops:
            note(reads(op), op, region)
            for r in op.regions:
                scan(r)
        note(region.yields, None, region)

    scan(fn.body)
    return found


def defined_inside(regions: Iterable[Region]) -> set[Value]:
    """Parameters and results of the regions, nested ones included."""
    found: set[Value] = set()
    for region in regions:
        found.update(region.params)
        for op in region.ops:
            found.update(op.results)
            found |= defined_inside(op.regions)
    return found


def is_invariant(x: Operand, loop: Op) -> bool:
    """Whether an operand is the same in every iteration because it is defined outside the loop."""
    return not isinstance(x, Value) or x not in defined_inside(loop.regions)


def slice_of(fn: Function, values: Iterable[Operand]) -> set[Value]:
    """The backward slice: the values that some values come from, themselves included. Tests are not followed."""
    entered: dict[Value, list[Operand]] = {}
    for op in fn.body.walk():
        if not op.regions:
            continue
        if op.opcode in ("for", "while"):
            loop = Carried(op)
            parts = zip(loop.params, loop.body_params, loop.results, loop.inits, loop.yields, strict=True)
            for param, inner, result, init, last in parts:
                entered[param] = entered[inner] = entered[result] = [init, last]
        else:
            for k, result in enumerate(op.results):
                entered[result] = [r.yields[k] for r in op.regions]
    found: set[Value] = set()
    left = list(values)
    while left:
        x = left.pop()
        if isinstance(x, Value) and x not in found:
            found.add(x)
            left += entered.get(x, x.op.operands if x.op is not None and not x.op.regions else ())
    return found


def live_after(fn: Function) -> dict[Op, frozenset[Value]]:
    """For every op, the values that are read after it.

    Reads in later iterations of the enclosing loops count, so that in a loop body a value from
    outside the loop that the body reads anywhere is live everywhere in the body; values of the loop
    body itself are new in each iteration. What a loop yields is read by its next iteration or by its
    results. The values an op defines are live after it if anything reads them.
    """
    live: dict[Op, frozenset[Value]] = {}

    def into(region: Region, after: frozenset[Value], repeats: frozenset[Value]) -> set[Value]:
        """Values live before the first op, given those live after the region."""
        current: set[Value] = set(after) | repeats
        current.update(y for y in region.yields if isinstance(y, Value))
        for op in reversed(region.ops):
            live[op] = frozenset(current)
            current.difference_update(op.results)
            current |= before(op, frozenset(current))
        current.update(param_values(region))
        return current - set(region.params)

    def before(op: Op, after: frozenset[Value]) -> set[Value]:
        needed = set(reads(op))
        if op.opcode in ("for", "while"):
            again = frozenset(_read_from_outside(op.regions))
            for r in op.regions:
                into(r, after, again)
            return needed | again
        for r in op.regions:
            needed |= into(r, after, frozenset())
        return needed

    into(fn.body, frozenset(), frozenset())
    return live


def _read_from_outside(regions: Iterable[Region]) -> set[Value]:
    regions = list(regions)
    found: set[Value] = set()

    def scan(region: Region) -> None:
        found.update(param_values(region))
        found.update(y for y in region.yields if isinstance(y, Value))
        for op in region.ops:
            found.update(reads(op))
            for r in op.regions:
                scan(r)

    for r in regions:
        scan(r)
    return found - defined_inside(regions)


def values_read(op: Op) -> Iterator[Value]:
    """Every value that an op reads, itself or in its regions, those it defines there included."""
    yield from op.used_values()
    for r in op.regions:
        for inner in r.ops:
            yield from values_read(inner)
        yield from (y for y in r.yields if isinstance(y, Value))


def replace_operand(op: Op, old: Value, new: Value) -> None:
    """Make an op, and the ops and yields of its regions, use `new` where they used `old` as an operand."""
    op.operands[:] = [new if x is old else x for x in op.operands]
    for r in op.regions:
        r.yields[:] = [new if y is old else y for y in r.yields]
        for inner in r.ops:
            replace_operand(inner, old, new)


def is_zero(x: Operand) -> bool:
    """Whether an operand is the number 0."""
    return isinstance(x, Const) and x.value == 0


def is_zeros(x: Operand) -> bool:
    """Whether an array is zeros and nothing else yet."""
    op = x.op if isinstance(x, Value) else None
    return op is not None and op.opcode == "full" and is_zero(op.operands[0])


def substitute(op: Op, sub: Substitution) -> None:
    """Substitute values in an op, not in its regions: in operands, attributes and types."""
    op.operands = [sub.operand(x) for x in op.operands]
    op.attrs = {k: sub.attr(a) for k, a in op.attrs.items()}
    for v in op.results:
        v.type = sub.type(v.type)


def replace_everywhere(region: Region, sub: Substitution) -> None:
    """Substitute values in a region and all in it: in operands, attributes, types and yields."""
    if not sub.map:
        return
    for op in region.ops:
        substitute(op, sub)
        for r in op.regions:
            for p in r.params:
                p.type = sub.type(p.type)
            replace_everywhere(r, sub)
    region.yields = [sub.operand(y) for y in region.yields]
