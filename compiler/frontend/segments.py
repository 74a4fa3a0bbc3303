"""``for t in pb.segments(range(n))``: a loop whose reverse keeps the state of some steps only.

`segmented` turns the loop into a loop over segments, each a call of a checkpointed function with the loop over the
steps of that segment. What is carried is kept at the start of each segment; the reverse sweep runs one segment
forward again, with its tapes, and then back. With segments of sqrt(n) steps both hold about sqrt(n) states.

Before::                                   after::

    %y = for 0, %n, 1, %x {                    %y = for 0, %count, 1, %x {(%s, %c):
      (%t, %c): ...                              %lo = ...  %hi = min(%n, %lo + %length)
    }                                            %c1 = call %lo, %hi, %c {callee=segment}
                                               }
"""

from __future__ import annotations

from typing import Any

from ..analysis.structure import loop_of
from ..errors import UnsupportedError
from ..ir.builder import Builder, constant
from ..ir.nodes import Op, Operand, Region, Value, as_dim
from ..ir.types import INT
from .outline import Outline, emit_call, extent_operands

SQUARE_ROOT = 0
"""The length of segments where the user gives none."""


def segmented(ctx: Any, op: Op, length: Any) -> Op:
    """The loop over segments in place of the `for` loop `op`, which is the last op of the current region."""
    loop = loop_of(op)
    b: Builder = ctx.b
    assert loop.lo is not None and loop.hi is not None and loop.step is not None and b.region.ops[-1] is op
    step = as_dim(loop.step)
    stops = bool(op.attrs.get("stop"))
    if stops or not step.is_const:
        what = "left by break or return" if stops else "of a step that is known at run time only"
        ctx.error(UnsupportedError, f"a loop over segments may not be {what}", "write range(n), and if in the body")
    b.region.ops.pop()
    distance = as_dim(loop.hi) - as_dim(loop.lo) if step.const > 0 else as_dim(loop.lo) - as_dim(loop.hi)
    trips = b.extent(((distance + (abs(step.const) - 1)) // abs(step.const)).max(0))
    size = _length(ctx, trips, length)
    count = b.emit("floordiv", b.emit("sub", b.emit("add", trips, size), 1), size)

    region = Region([Value(INT, "segment"), *(Value(p.type, p.hint) for p in loop.params)])
    carried: list[Operand] = list(region.params[1:])
    with b.into(region):
        stride = b.emit("mul", size, loop.step)
        lo = b.emit("add", loop.lo, b.emit("mul", region.params[0], stride))
        hi = b.emit("minimum" if step.const > 0 else "maximum", loop.hi, b.emit("add", lo, stride))
        fn, outer, extents = _function(ctx, op)
        region.yields = list(emit_call(ctx, fn, [lo, hi, *carried, *outer, *extent_operands(ctx, extents)])[0])
    types = [r.type for r in op.results]
    hints = [r.hint for r in op.results]
    bounds: list[Operand] = [constant(0), count, constant(1)]
    new = Op("for", [*bounds, *loop.inits], dict(op.attrs), types, [region], op.loc, hints)
    b.region.ops.append(new)
    return new


def _length(ctx: Any, trips: Operand, length: Any) -> Operand:
    b: Builder = ctx.b
    if length is not SQUARE_ROOT:
        size: Operand = ctx.operand(length)
        ctx.check(b.emit("gt", size, 0), "ValueError", "the length of segments must be positive")
    else:
        root = b.emit("sqrt", b.emit("cast", trips, dtype="f64", weak=False))
        size = b.emit("cast", root, dtype="i64", weak=True)
    return b.emit("maximum", size, 1)


def _function(ctx: Any, op: Op) -> tuple[Any, list[Value], list[str]]:
    """The loop as a function of its bounds and of what it carries; what else it reads, and extents."""
    loop = loop_of(op)
    body = Outline(ctx, "a loop over segments")
    lo, hi = body.input(INT, "lo"), body.input(INT, "hi")
    start: list[Operand] = []
    inside = Builder(body.region, op.loc)
    for p in loop.params:
        x = body.input(p.type, p.hint)
        start.append(x if x.type.shape == p.type.shape else inside.emit("reshape", x, shape=p.type.shape))
    assert loop.step is not None
    types = [r.type for r in op.results]
    again = Op(
        "for", [lo, hi, loop.step, *start], dict(op.attrs), types, op.regions, op.loc, [r.hint for r in op.results]
    )
    body.region.ops.append(again)
    yields: list[Operand] = list(again.results)
    outer = body.free(yields)
    extents = body.undefined_symbols(outer)
    fn = body.closed(ctx.session.new_callee("segment"), yields, outer, extents)
    fn.attrs["checkpoint"] = True
    ctx.session.callees[fn.name] = fn
    return fn, outer, extents
