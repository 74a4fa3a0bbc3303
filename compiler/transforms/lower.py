"""Array ops to loop nests over scalars.

`lower` turns an array-level function into a loop-level one in the same op set: what remains are scalar
ops, `load`/`store`/`accum` of single elements, `empty`/`full`, control flow, tapes, calls and `gemm`
(matrix products into a buffer). The meaning is unchanged, beyond the order in which reductions add up.
Array ops with one iteration space share one nest (see `fuse`); run-time errors are explicit `check` ops.

Before::

    %t = sub %h, %y : f64[n]
    %s = square %t : f64[n]
    %l = sum %s {axes=(0,), keepdims=false} : f64

After::

    %l = for 0, n, 1, 0.0 {(%i: int, %acc: f64):
      %a = load %h, %i {index=(at)}
      ...
      yield %acc1
    }
"""

from __future__ import annotations

from ..ir.builder import Builder
from ..ir.nodes import At, Function, Op, Region, Substitution, Value, as_dim
from .access import resolve
from .buffers import recycle
from .contract import contract
from .dce import drop_unread
from .dead_stores import drop_idle_carries
from .fuse import Plan, Unit, plan
from .interchange import interchange
from .lanes import make_lanes
from .layout import choose_layouts
from .lower_decompose import decompose
from .lower_nest import NestEmitter
from .outer_products import collect_outer_products
from .overwritten import drop_overwritten
from .pairs import turn_pairs
from .periodic import pad_rotations
from .promote import promote
from .recurrences import shorten_recurrences
from .rows import forward_stores, fuse_rows
from .stencil import gather_form


def lower(fn: Function) -> Function:
    """The loop-level form of an array-level function and of its callees."""
    callees = {name: _lower_one(callee) for name, callee in fn.callees.items()}
    lowered = _lower_one(fn)
    lowered.callees = callees
    return lowered


def _lower_one(fn: Function) -> Function:
    fn = decompose(fn)
    drop_idle_carries(fn)
    collect_outer_products(fn)
    turn_pairs(fn)
    pad_rotations(fn)
    gather_form(fn)
    body = _Lowering().region(fn.body, Substitution(), set())
    new = Function(fn.name, body, list(fn.assumptions), {}, dict(fn.attrs))
    contract(new)
    fuse_rows(new)
    forward_stores(new.body)
    drop_overwritten(new)
    drop_unread(new.body)
    contract(new, shape=True)
    drop_unread(new.body)
    recycle(new, carried=True)
    interchange(new)
    make_lanes(new)
    choose_layouts(new)
    promote(new)
    shorten_recurrences(new)
    forward_stores(new.body)
    recycle(new)
    return new


class _Lowering:
    def region(self, old: Region, subst: Substitution, owned: set[Value]) -> Region:
        """The lowered copy of a region; `owned` are its parameters that may be overwritten."""
        new = Region()
        for p in old.params:
            v = Value(subst.type(p.type), p.hint)
            new.params.append(v)
            subst.map[p] = v
        fused = plan(old, owned)
        builder = Builder(new)
        for unit in fused.units:
            (first, *_) = unit.ops
            if unit.space is not None:
                NestEmitter(builder, subst, fused, unit).run()
            else:
                self._single(builder, subst, fused, first)
        new.yields = [subst.operand(y) for y in old.yields]
        return new

    def _single(self, b: Builder, subst: Substitution, fused: Plan, op: Op) -> None:
        b.loc = op.loc
        if op.opcode == "load":
            self._scalar_load(b, subst, fused, op)
            return
        operands = [subst.operand(x) for x in op.operands]
        attrs = {k: subst.attr(v) for k, v in op.attrs.items()}
        carried = op.opcode in ("for", "while")
        regions = [self.region(r, subst, set(r.params) if carried else set()) for r in op.regions]
        new = Op(op.opcode, operands, attrs, [], regions, op.loc)
        b.region.ops.append(new)
        for r in op.results:
            v = Value(subst.type(r.type), r.hint, new)
            new.results.append(v)
            subst.map[r] = v

    def _scalar_load(self, b: Builder, subst: Substitution, fused: Plan, op: Op) -> None:
        """One element, read straight from where it lives."""
        idx = tuple(as_dim(subst.operand(x)) for x in op.operands[1:])
        base, place = resolve(op.operands[0], idx, fused.virtual, lambda x: as_dim(subst.operand(x)))
        if not base.type.shape:
            subst.map[op.result] = subst.operand(base)
            return
        if base in fused.virtual:
            subst.map[op.result] = NestEmitter(b, subst, fused, Unit([], (), 0)).element(base, place)
            return
        xs = [b.extent(subst.dim(d)) for d in place]
        attrs = {"index": tuple(At() for _ in xs), "inbounds": True}
        new = b.op("load", subst.operand(base), *xs, attrs=attrs, types=[op.result.type], hint=op.result.hint)
        subst.map[op.result] = new.result
