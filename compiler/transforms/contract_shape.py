"""Gives innermost loops the form in which `contract` finds products.

- A sum that is added to an element after the loop is added to it in the loop: ``s += e`` ...  ``c[i, k] += s``.
- The index of a loop over a slice, ``for j in n - i - 1: a[i + 1 + j]``, is that of the array: ``q in i + 1..n: a[q]``.

`contract` keeps the new form only where products come of it.
"""

from __future__ import annotations

from collections import Counter

from ..analysis.alias import Carried
from ..analysis.bounds import linear_split
from ..analysis.dataflow import defined_inside, replace_operand
from ..ir.builder import Builder
from ..ir.dims import ONE, Dim
from ..ir.nodes import Const, Op, Region, Substitution, Value, as_dim
from ..ir.types import INT


def shape_loops(root: Op) -> bool:
    """Rewrite the innermost loops that stand in `root` and in one more loop, in place; whether there was one."""
    uses: Counter[Value] = Counter()
    for op in (root, *root.regions[0].walk()):
        uses.update(op.used_values())
        for r in op.regions:
            uses.update(y for y in r.yields if isinstance(y, Value))
    return _visit(root.regions[0], (root,), uses)


def _visit(region: Region, around: tuple[Op, ...], uses: Counter[Value]) -> bool:
    changed = False
    for op in list(region.ops):
        if op.opcode == "for" and not op.attrs.get("stop"):
            if len(around) >= 2 and not any(o.regions for o in op.regions[0].ops):
                changed |= _add_in_loop(region, op, uses)
                changed |= _shift(region, op, around)
            changed |= _visit(op.regions[0], (*around, op), uses)
    return changed


def _add_in_loop(region: Region, loop: Op, uses: Counter[Value]) -> bool:
    """Move an addition of what a loop sums up into the loop, where the loop carries the array."""
    changed = False
    carried = Carried(loop)
    own = defined_inside(loop.regions)
    for k, (init, p, y, total) in enumerate(
        zip(carried.inits, carried.params, carried.yields, carried.results, strict=True)
    ):
        add = y.op if isinstance(y, Value) else None
        if p.type.shape or not isinstance(init, Const) or init.value != 0 or uses[total] != 1 or uses[p] != 1:
            continue
        if add is None or add.opcode != "add" or p not in add.operands or uses[add.result] != 1:
            continue
        user = next((op for op in region.ops if total in op.used_values()), None)
        if user is None or user.opcode != "accum" or user.operands[-1] is not total:
            continue
        array = user.operands[0]
        j = next((j for j, r in enumerate(carried.results) if r is array), None)
        if j is None or uses[carried.results[j]] != 1 or total.type.dtype != user.result.type.dtype:
            continue
        index = user.operands[1:-1]
        if any(v in own for x in index for v in as_dim(x).values()):
            continue
        body = loop.regions[0]
        b = Builder(Region(), user.loc)
        at = [b.extent(as_dim(x)) for x in index]
        if any(not _before(v, loop, region) for x in at for v in as_dim(x).values()):
            continue
        more = add.operands[1 if add.operands[0] is p else 0]
        new = b.op("accum", body.yields[j], *at, more, attrs=dict(user.attrs), types=[user.result.type]).result
        body.ops += b.region.ops
        body.yields[j], body.yields[k] = new, p
        region.ops.remove(user)
        for op in region.ops:
            replace_operand(op, user.result, carried.results[j])
        region.yields[:] = [carried.results[j] if v is user.result else v for v in region.yields]
        uses[carried.results[j]] = uses[user.result]
        changed = True
    return changed


def _before(v: Value, loop: Op, region: Region) -> bool:
    """Whether a value is known where a loop begins."""
    return v.op is None or v.op not in region.ops or region.ops.index(v.op) < region.ops.index(loop)


def _shift(home: Region, loop: Op, around: tuple[Op, ...]) -> bool:
    """Make the index of a loop that of the arrays, where all matrices are read at one distance that moves with a loop
    around it."""
    body = loop.regions[0]
    iv = body.params[0]
    outer = {o.regions[0].params[0] for o in around}
    distances = set()
    for op in body.ops:
        if op.opcode not in ("load", "accum"):
            continue
        index = [as_dim(x) for x in op.operands[1 : 1 + len(op.attrs["index"])]]
        for d in index if len(index) > 1 else ():
            if iv in d.values():
                split = linear_split(d, iv)
                if split is None or split[0] != ONE:
                    return False
                distances.add(split[1])
    if len(distances) != 1:
        return False
    (distance,) = distances
    own = defined_inside(loop.regions)
    if not any(v in outer for v in distance.values()) or any(v in own for v in distance.values()):
        return False
    new = Value(INT, "q")
    b = Builder(Region(), loop.loc)
    old = b.op("extent", attrs={"dim": Dim.of(new) - distance}).result
    sub = Substitution({iv: old})
    region = Region([new])
    for p in body.params[1:]:
        region.params.append(Value(sub.type(p.type), p.hint))
        sub.map[p] = region.params[-1]
    region.ops = [*b.region.ops, *(sub.clone_op(op) for op in body.ops)]
    region.yields = [sub.operand(y) for y in body.yields]
    loop.regions[0] = region
    bounds = Builder(Region(), loop.loc)
    loop.operands[:2] = [bounds.extent(as_dim(x) + distance) for x in loop.operands[:2]]
    at = home.ops.index(loop)
    home.ops[at:at] = bounds.region.ops
    return True
