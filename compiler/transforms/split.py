"""Split the reverse of a called function in two: a forward half that fills tapes, a backward half that empties them.

A call in a differentiated program becomes a call of the forward half; where the reverse sweep comes to it,
it calls the backward half. What the backward half needs is kept on two last-in first-out tapes (floats
and integers) that pass through every call, so that under recursion the tape is a call stack::

    f(params) -> results
    f_fwd(params, floats, integers) -> results, floats, integers
    f_bwd(params, cotangents, floats, integers) -> adjoints, floats, integers

Note [Order on the tapes]. A region pushes what it keeps at its *end*, after everything nested in it has pushed;
the region that undoes it pops at its *start*, before what is nested in it pops. So pops mirror pushes
whatever loops, branches and calls lie between. Integers are popped first: extents of popped arrays may be
among them.
"""

from __future__ import annotations

from ..analysis.dependence import Accesses
from ..analysis.structure import loop_of
from ..analysis.webs import linear_webs
from ..ir.dims import Dim
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value
from ..ir.types import Type
from .cut import choose_kept
from .retain import Retainer, drop_unused, stores_by_value

TAPES = (Type("f64", tape=True), Type("i64", tape=True))
_HINTS = ("floats", "integers")


def split(made: Function, back: Function) -> None:
    """Turn `made` (a callee's forward and reverse sweeps in one body) into the forward half, and give
    `back` the backward half."""
    _Split(made, back).run()


class _Split(Retainer):
    def __init__(self, made: Function, back: Function):
        self.back = back
        assert not made.attrs.pop("joints")
        self.n_params: int = made.attrs.pop("n_params")
        self.n_results: int = made.attrs.pop("n_results")
        super().__init__(made)
        self.keeps: dict[Region, list[Value]] = {}
        self.calls = {forward: undo for undo, forward in self.pairs.items() if undo.opcode == "call"}

    def run(self) -> None:
        body = self.fn.body
        drop_unused(body)
        back = self._cut_in_two(body)
        self.scan(body)
        self.scan(back)
        self.partner[body] = back
        self.find_partners()
        needed: dict[Value, None] = {}
        self.collect(back, needed)
        self.accesses = Accesses(self.fn)
        self.webs = linear_webs(self.fn, self.forward_ops, self.accesses)
        self.stored_by = stores_by_value(self.fn)
        self.kept = choose_kept(list(needed), self.fn, lambda v: False, self.sources, self.freely_available)
        for v in self.home:
            if v in self.kept:
                self.keeps.setdefault(self.home[v], []).append(v)
        self._add_tapes(body, back)
        self.rewrite(back)
        for region, ops in self.prologue.items():
            region.ops[:0] = ops
        self.back.body = back
        self.back.assumptions = list(self.fn.assumptions)
        self.back.callees = self.fn.callees

    def _cut_in_two(self, body: Region) -> Region:
        """Leave the forward sweep in `body`; the reverse sweep, with parameters of its own."""
        back = Region()
        sub = Substitution()
        seeds = body.params[self.n_params :]
        body.params = body.params[: self.n_params]
        for p in body.params:
            if not p.type.tape:
                copy = Value(sub.type(p.type), p.hint)
                back.params.append(copy)
                self.made[p] = sub.map[p] = copy
        back.params += seeds
        back.ops = [op for op in body.ops if op not in self.forward_ops]
        body.ops = [op for op in body.ops if op in self.forward_ops]
        back.yields = body.yields[self.n_results :]
        body.yields = body.yields[: self.n_results]
        return back

    def freely_available(self, v: Value) -> bool:
        return v in self.made or super().freely_available(v)

    def is_outer(self, v: Value) -> bool:
        return False

    # -- tapes -------------------------------------------------------------------------------------------
    def _add_tapes(self, body: Region, back: Region) -> None:
        for region, through in ((body, self._push_through), (back, self._pop_through)):
            tapes = self._new_tapes(region)
            region.params += tapes
            region.yields += through(region, list(tapes))

    def _new_tapes(self, home: Region, op: Op | None = None) -> list[Value]:
        """Values for the tapes, which a region defines."""
        tapes = [Value(t, hint, op) for t, hint in zip(TAPES, _HINTS, strict=True)]
        self.home.update(dict.fromkeys(tapes, home))
        return tapes

    def _uses_tapes(self, op: Op) -> bool:
        """Whether a forward op, or anything nested in it, pushes."""
        return op in self.calls or any(
            r in self.keeps or any(self._uses_tapes(inner) for inner in r.ops) for r in op.regions
        )

    def _push_through(self, region: Region, tapes: list[Operand]) -> list[Operand]:
        for op in list(region.ops):
            if self._uses_tapes(op):
                tapes = self._through(op, region, tapes, self._push_through)
        for v in self.keeps.get(region, []):
            k = 0 if v.type.is_float else 1
            value: Operand = v
            if v.type.dtype != TAPES[k].dtype:
                value = self._append(
                    region, Op("cast", [v], {"dtype": TAPES[k].dtype}, [v.type.with_dtype(TAPES[k].dtype)])
                )
            tapes[k] = self._append(region, Op("tape_push", [tapes[k], value], {}, [TAPES[k]], hints=[_HINTS[k]]))
        return tapes

    def _append(self, region: Region, op: Op) -> Value:
        region.ops.append(op)
        self.home[op.result] = region
        return op.result

    def _pop_through(self, region: Region, tapes: list[Operand]) -> list[Operand]:
        undone = next((f for f, r in self.partner.items() if r is region), None)
        kept = self.keeps.get(undone, [])[::-1] if undone is not None else []
        tapes = list(tapes)
        for v in sorted(kept, key=lambda v: v.type.is_float):  # stable: integers first, each in reverse order
            k = 0 if v.type.is_float else 1
            sub = self.mapped([x for d in v.type.shape for x in d.values()], region)
            shape: tuple[Dim, ...] = tuple(sub.dim(d) for d in v.type.shape)
            pop = Op(
                "tape_pop",
                [tapes[k]],
                {"shape": shape},
                [TAPES[k], Type(TAPES[k].dtype, shape)],
                hints=[_HINTS[k], v.hint],
            )
            self.emit(region, pop)
            tapes[k], value = pop.results
            if v.type.dtype != TAPES[k].dtype:
                cast = Op("cast", [value], {"dtype": v.type.dtype}, [Type(v.type.dtype, shape)], hints=[v.hint])
                self.emit(region, cast)
                value = cast.result
            self.made[v] = self.as_weak(value, v, region)
        for op in list(region.ops):
            forward = self.pairs.get(op)
            if forward is not None and self._uses_tapes(forward):
                tapes = self._through(op, region, tapes, self._pop_through)
        return tapes

    def _through(self, op: Op, home: Region, tapes: list[Operand], through: object) -> list[Operand]:
        """Pass the tapes through a call, a loop or a branch."""
        assert callable(through)
        if op.opcode == "call":
            op.operands += tapes
        elif op.opcode == "if":
            for r in op.regions:
                r.yields += through(r, list(tapes))
        else:
            op.operands += tapes
            body = loop_of(op).body
            for r in op.regions:
                own = self._new_tapes(r)
                r.params += own
                if r is body:
                    r.yields += through(r, list(own))
        out = self._new_tapes(home, op)
        op.results += out
        return list(out)
