"""Parts of growing tapes that belong to a loop.

A loop that pushes to a tape once in every iteration, or pops from it, makes room or gives it up for all of them
at once, so that its iterations are plain stores and loads, which can be vectorised::

    if t_n + size > t.shape[0]: t = grow(t, t_n + size)
    start = t_n - lo
    for j in range(lo, hi):
        t[start + j] = v
    t_n += size
"""

from __future__ import annotations

from ..analysis.dataflow import region_uses
from ..ir.nodes import Const, Op
from .native_names import carries


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
