"""Reverse mode: ``reverse(f)`` computes f and then, backwards, the adjoints of its parameters.

The result is a forward copy of the program followed by the reverse sweep. A `for` becomes a forward
`for` and one that runs backwards and carries adjoints; a `while` is counted and reversed by a `for`; an `if`
is reversed by an `if` on the same condition; a `call` by a call of the callee's own reverse.

Reverse regions refer directly to values inside forward regions (*cross reads*): this pass does not
decide how those are kept. ``Function.attrs["pairs"]`` maps each reverse op to the forward op it undoes,
``"forward_ops"`` are the top ops of the forward sweep, and `transforms.retain` makes the reads legal. What is
kept is thereby computed from what the emitted adjoint reads.

Before::

    func f(%x: f64) -> (f64) { %y = sin %x  return %y }

after ``reverse(f, [0], value=True)``::

    func f_grad(%x: f64) -> (f64, f64) { %y = sin %x  %c = cos %x  %x_adj = mul 1.0, %c  return %y, %x_adj }

Note [Lazy broadcast]. An adjoint is held as any value that broadcasts to its primal's shape: the adjoint
of x in ``sum(x)`` is a scalar. It is materialised where a loop carries it, or a rule asks for
``g_full``. Summing over a broadcast axis multiplies by the extent (`context.unbroadcast`).

Note [Adjoint accumulation]. ``adj[v]`` is Zero (absent) or one value. A contribution to an array by a
load is ``accum``, which `inplace` turns into an update of the one adjoint buffer.
"""

from __future__ import annotations

from typing import Any

from ..analysis.activity import active_values, carries_derivative, differentiable_type, require_derivatives
from ..analysis.linear import nonlinear_op
from ..analysis.structure import Loop, free_values, loop_of, trip_count
from ..errors import UnsupportedError
from ..ir.builder import Builder, constant
from ..ir.dims import Dim
from ..ir.indexing import indexed_shape
from ..ir.nodes import Function, New, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..ir.opdef import opdef
from ..ir.types import INT, Type
from ..rules.expr import E
from ..rules.indexing import has_gather, index_operands, winners
from .context import RuleContext, StrongZero, unbroadcast
from .joint import Joint, end_forward, reverse_jointly


def reverse(
    fn: Function,
    wrt: list[int],
    value: bool = False,
    seed_params: bool = False,
    results: list[int] | None = None,
) -> Function:
    """The function and its adjoints.

    ``wrt``: indices of the (float) parameters whose adjoints are wanted. ``value``: also return the
    primal results, first. ``seed_params``: one cotangent parameter for each float result in `results`
    (default: all float results), after the primal's; otherwise the single scalar result is seeded with 1.
    Yields: [primal results] + one adjoint per `wrt`, with the parameter's dtype and shape.

    Raises UnsupportedError where an active op has no derivative.
    """
    return _Reverse(fn, wrt, value, seed_params, results).run()


class _Reverse:
    def __init__(self, fn: Function, wrt: list[int], value: bool, seed_params: bool, results: list[int] | None):
        self.fn = fn
        self.wrt = wrt
        self.value = value
        self.seed_params = seed_params
        if results is None:
            results = [k for k, y in enumerate(fn.body.yields) if differentiable_type(y.type)]
        self.results = results
        self.in_halves = False  # cut in two by `transforms.split`: no loop holds both sweeps
        self.active = active_values(fn, wrt, results)
        self.sub = Substitution()
        self.pairs: dict[Op, Op] = {}  # reverse loop or branch -> the forward one it undoes
        self.joints: dict[Op, Joint] = {}  # loops that hold both sweeps of their iterations, inner ones first
        self.callees = dict(fn.callees)

    def run(self) -> Function:
        fn, sub = self.fn, self.sub
        body = sub.clone_region(fn.body)
        self.strong_zero = StrongZero(fn, {*fn.params, *body.params})
        yields = list(body.yields)
        for op in body.walk():
            if op.opcode == "while" and not op.attrs.get("counted"):
                _count(op)
        self._use_custom_forward()
        b = Builder(body, body.ops[-1].loc if body.ops else Builder(body).loc)
        given = set(body.ops)
        adj: dict[Value, E] = {}
        for k in self.results:
            y = fn.body.yields[k]
            if self.seed_params:
                seed = Value(sub.type(y.type).strong, f"{_hint(y)}_adj")
                body.params.append(seed)
                g = self._e(b, seed)
            else:
                g = self._e(b, constant(1.0, Type(y.type.dtype)))
            if isinstance(y, Value) and y in self.active:
                self._add(adj, b, y, g)
        Sweep(self, b, adj, None if self.in_halves else body).region(fn.body)
        outs: list[Operand] = yields if self.value else []
        for k in self.wrt:
            p = fn.params[k]
            outs = [*outs, self._full(b, adj.get(p), sub.type(p.type)).v]
        body.yields = outs
        forward_ops = end_forward(body, given)
        attrs = {**fn.attrs, "pairs": self.pairs, "forward_ops": forward_ops, "joints": self.joints}
        return Function(f"{fn.name}_grad", body, list(fn.assumptions), self.callees, attrs)

    def _use_custom_forward(self) -> None:
        """Calls of functions with a custom_vjp run their forward function, which also returns residuals."""
        for op in self.fn.body.walk():
            if op.opcode == "call" and any(r in self.active for r in op.results):
                custom = self.callees[op.attrs["callee"]].attrs.get("custom_vjp")
                if custom is not None:
                    clone = self.clone_of(op)
                    forward = self.callees[custom[0]]
                    clone.attrs["callee"] = custom[0]
                    types = call_types(forward, clone.operands)[len(clone.results) :]
                    clone.results += [Value(t, "residual", clone) for t in types]

    def clone_of(self, op: Op) -> Op:
        """The forward copy of an op."""
        new = self.sub.operand(op.results[0])
        assert isinstance(new, Value) and new.op is not None
        return new.op

    def _e(self, b: Builder, x: Operand) -> E:
        return E(b, x, True)

    def _full(self, b: Builder, g: E | None, t: Type) -> E:
        """An adjoint with the full shape and dtype of `t`; zeros for Zero."""
        if t.tape:
            return g or self._e(b, b.emit("tape_new", dtype=t.dtype))
        if g is None:
            return self._e(b, constant(0.0, Type(t.dtype))).broadcast_to(t.shape)
        return E(b, g.v, True).broadcast_to(t.shape).cast(t.dtype)

    def _add(self, adj: dict[Value, E], b: Builder, primal: Value, g: E) -> None:
        """Note [Adjoint accumulation]: add one contribution. A tape is used once, so it has only one."""
        if primal.type.tape:
            adj[primal] = E(b, g.v, True)
            return
        g = E(b, g.v, True).cast(primal.type.dtype)
        old = adj.get(primal)
        new = g if old is None else E(b, old.v, True) + E(b, g.v, True)
        if isinstance(new.v, Value) and not new.v.hint:
            new.v.hint = f"{_hint(primal)}_adj"
        adj[primal] = E(b, new.v, True)


def _hint(x: Operand) -> str:
    return (x.hint or "v") if isinstance(x, Value) else "c"


def _count(op: Op) -> None:
    """Make a `while` return its number of trips as first result."""
    op.attrs["counted"] = True
    op.results.insert(0, Value(INT, "trips", op))


class Sweep:
    """The reverse sweep over one region; `adj` maps primal values (of the original) to adjoints. `here` is the region
    that holds the forward copy of what is reversed, where that is the one that the reverse ops go to."""

    def __init__(self, owner: _Reverse, b: Builder, adj: dict[Value, E], here: Region | None = None):
        self.o = owner
        self.b = b
        self.adj = adj
        self.here = here

    # -- bookkeeping ------------------------------------------------------------------------------
    def is_active(self, x: Operand) -> bool:
        return isinstance(x, Value) and x in self.o.active

    def add(self, primal: Operand, g: E) -> None:
        if self.is_active(primal):
            assert isinstance(primal, Value)
            self.o._add(self.adj, self.b, primal, g)

    def take(self, v: Value) -> E | None:
        g = self.adj.pop(v, None)
        return None if g is None else E(self.b, g.v, True)

    def full(self, g: E | None, t: Type) -> E:
        return self.o._full(self.b, g, self.o.sub.type(t))

    # -- regions ------------------------------------------------------------------------------------
    def region(self, region: Region) -> None:
        for op in reversed(region.ops):
            with self.b.at(op.loc):
                self.op(op)

    def op(self, op: Op) -> None:
        if not any(r in self.o.active for r in op.results):
            return
        if op.opcode in ("for", "while"):
            self.loop(loop_of(op))
        elif op.opcode == "if":
            self.branch(op)
        elif op.opcode == "call":
            self.call(op)
        elif op.opcode in ("tape_push", "tape_pop"):
            self.tape(op)
        elif op.opcode == "tape_new":
            self.take(op.result)
        else:
            g = self.take(op.results[0])
            if g is None:
                return
            if op.opcode in ("load", "store", "accum"):
                self.index(op, g)
            else:
                self.rule(op, g)

    def rule(self, op: Op, g: E) -> None:
        """Every op with an entry in the registry: one contribution per active operand."""
        entry = opdef(op.opcode)
        operands = [k for k, x in enumerate(op.operands) if self.is_active(x) and carries_derivative(op, k)]
        if operands and entry.vjp is None:
            raise UnsupportedError(
                f"{op.opcode} has no derivative rule", op.loc, "write one with custom_vjp, or use stop_gradient"
            )
        risky = self.o.strong_zero.at(op)
        g = E(self.b, g.v, True, risky)
        ctx = RuleContext(self.b, op, self.o.sub, self.is_active, risky, g)
        for k in operands:
            out = ctx.apply_vjp(k, g)
            if out is None:
                continue
            out.cotangent = True
            if entry.kind == "elementwise":
                out = ctx.unbroadcast(out, k)
            self.add(op.operands[k], out)

    # -- arrays -------------------------------------------------------------------------------------
    def index(self, op: Op, g: E) -> None:
        sub, b = self.o.sub, self.b
        array = op.operands[0]
        index = tuple(sub.attr(i) for i in op.attrs["index"])
        at = [sub.operand(x) for x in index_operands(op)]
        shape = tuple(sub.dim(d) for d in array.type.shape)
        if op.opcode == "load":
            if self.is_active(array):
                self.accumulate(array, index, at, g, shape)
            return
        value = op.operands[-1]
        whole = _covers(index, shape)
        if self.is_active(value):
            full = g.broadcast_to(shape)
            picked = full if whole else E(b, b.emit("load", full.v, *at, index=index), True)
            if op.opcode == "store" and has_gather(op):
                ctx = RuleContext(b, op, sub, self.is_active, None, g)
                picked = winners(ctx).where(picked, 0.0)
            target = sub.type(value.type)
            self.add(value, unbroadcast(picked, picked.shape, target, target.shape))
        if self.is_active(array):
            if op.opcode == "accum":
                self.add(array, g)
            elif not whole:
                full = g.broadcast_to(shape)
                zero = constant(0.0, Type(array.type.dtype))
                cleared = b.emit("store", full.v, *at, zero, index=index, hint=f"{_hint(array)}_adj")
                self.add(array, E(b, cleared, True))

    def accumulate(self, array: Operand, index: Any, at: list[Operand], g: E, shape: tuple[Dim, ...]) -> None:
        """adj[array][index] += g, in the adjoint buffer."""
        assert isinstance(array, Value)
        g = g.cast(array.type.dtype)
        plain = tuple(i for i in index if not isinstance(i, New))
        if plain != index and not g.type.is_scalar:
            selected = indexed_shape(shape, plain, at)
            g = g.broadcast_to(indexed_shape(shape, index, at)).reshape(selected)
        if _covers(plain, shape):
            self.add(array, g)
            return
        buffer = self.full(self.adj.get(array), array.type)
        new = self.b.emit("accum", buffer.v, *at, g.v, index=plain, hint=f"{_hint(array)}_adj")
        self.adj[array] = E(self.b, new, True)

    # -- control --------------------------------------------------------------------------------------
    def loop(self, loop: Loop) -> None:
        """Note [Loop reversal]: the reverse loop carries the adjoints of the carries, and of every active
        value that the body reads from outside; its iteration runs the body's reverse. Independent iterations
        are reversed one by one instead (`joint`)."""
        if reverse_jointly(self, loop):
            return
        o, b = self.o, self.b
        # an inactive parameter with an active result: only the last iteration's yield matters
        carried = [k for k, p in enumerate(loop.params) if p in o.active or loop.results[k] in o.active]
        outside = [v for v in free_values([loop.body]) if v in o.active]
        inits: list[E] = []
        for k in carried:
            inits.append(self.full(self.take(loop.results[k]), loop.params[k].type))
        inits += [self.full(self.adj.get(v), v.type) for v in outside]
        types = [e.type.strong for e in inits]
        hints = [f"{_hint(loop.params[k])}_adj" for k in carried] + [f"{_hint(v)}_adj" for v in outside]
        region = b.new_region([(INT, _hint(loop.iv) if loop.iv else "k"), *zip(types, hints, strict=True)])
        bounds = self._reversed_range(loop)
        adj: dict[Value, E] = {}
        sweep = Sweep(o, b, adj)
        with b.into(region):
            grads = region.params[1:]
            for v, p in zip(outside, grads[len(carried) :], strict=True):
                adj[v] = o._e(b, p)
            for k, p in zip(carried, grads, strict=False):
                sweep.add(loop.yields[k], o._e(b, p))
            sweep.region(loop.body)
            region.yields = [sweep.full(adj.get(loop.params[k]), loop.params[k].type).v for k in carried]
            region.yields += [sweep.full(adj.get(v), v.type).v for v in outside]
        forward = o.clone_of(loop.op)
        op = b.op(
            "for", *bounds, *[e.v for e in inits], attrs={"stop": False}, types=types, regions=[region], hints=hints
        )
        o.pairs[op] = forward
        for v, r in zip(outside, op.results[len(carried) :], strict=True):
            self.adj[v] = o._e(b, r)
        for k, r in zip(carried, op.results, strict=False):
            self.add(loop.inits[k], o._e(b, r))

    def _reversed_range(self, loop: Loop) -> list[Operand]:
        """The bounds of the reverse loop. For a `while`, trip numbers; else the primal's indices."""
        b, sub = self.b, self.o.sub
        if loop.iv is None:
            trips = as_dim(sub.operand(loop.op.results[0]) if loop.trips else self.o.clone_of(loop.op).results[0])
            return [b.extent(trips - 1), constant(-1), constant(-1)]
        assert loop.lo is not None and loop.hi is not None and loop.step is not None
        lo, hi = as_dim(sub.operand(loop.lo)), as_dim(sub.operand(loop.hi))
        step_operand = sub.operand(loop.step)
        step = as_dim(step_operand)
        if loop.trips is not None:
            trips = as_dim(sub.operand(loop.trips))
        elif step.is_const:
            trips = trip_count(lo, hi, step.const)
        else:
            positive = b.emit("gt", step_operand, 0)
            unit = b.emit("where", positive, 1, -1)
            span = b.emit("sub", b.extent(hi - lo + step), unit)
            trips = as_dim(b.emit("floordiv", span, step_operand))
        last = lo + (trips - 1) * step
        stop = lo - (1 if step == 1 else -1 if step == -1 else step)
        back = constant(-step.const) if step.is_const else b.emit("neg", step_operand)
        return [b.extent(last), b.extent(stop), back]

    def branch(self, op: Op) -> None:
        o, b, sub = self.o, self.b, self.o.sub
        seeds = {k: self.take(r) for k, r in enumerate(op.results) if r in o.active}
        outside = [v for v in free_values(op.regions) if v in o.active]
        # a branch that yields an outside value directly passes its adjoint to it
        start = {v: self.full(self.adj[v], v.type) for v in outside if v in self.adj}
        regions = []
        for region in op.regions:
            new = Region()
            with b.into(new):
                adj = dict(start)
                sweep = Sweep(o, b, adj)
                for k, g in seeds.items():
                    if g is not None:
                        sweep.add(region.yields[k], g)
                sweep.region(region)
                new.yields = [sweep.full(adj.get(v), v.type).v for v in outside]
            regions.append(new)
        if not outside:
            return
        types = [sub.type(v.type).strong for v in outside]
        cond = sub.operand(op.operands[0])
        out = b.op("if", cond, types=types, regions=regions, hints=[f"{_hint(v)}_adj" for v in outside])
        o.pairs[out] = o.clone_of(op)
        for v, r in zip(outside, out.results, strict=True):
            self.adj[v] = o._e(b, r)

    def call(self, op: Op) -> None:
        """Call the backward half of the callee (the forward copy calls the forward half); for a checkpoint
        its whole reverse, which runs its own forward sweep again; or what its custom_vjp or custom_jvp says."""
        o, b, sub = self.o, self.b, self.o.sub
        callee = o.callees[op.attrs["callee"]]
        wrt = [k for k, x in enumerate(op.operands) if self.is_active(x)]
        floats = [k for k, r in enumerate(op.results) if differentiable_type(r.type)]
        grads = [self.full(self.take(op.results[k]), op.results[k].type) for k in floats]
        if not wrt:
            return
        require_derivatives(op, callee, wrt)
        args = [sub.operand(x) for x in op.operands]
        forward: Op | None = None
        float_args = [k for k, x in enumerate(op.operands) if differentiable_type(x.type)]
        if "custom_vjp" in callee.attrs:
            name = callee.attrs["custom_vjp"][1]
            args = list(o.clone_of(op).results[len(op.results) :])
            wrt = float_args
        elif "custom_jvp" in callee.attrs:
            # the rule is linear in the tangents: its reverse by them is the transpose
            rule = o.callees[callee.attrs["custom_jvp"]]
            n = len(op.operands)
            tangents = list(range(n, n + len(float_args)))
            wrong = nonlinear_op(rule, tangents, o.callees)
            if wrong is not None:
                raise UnsupportedError(
                    f"the rule of {callee.name.removesuffix('_custom')} is not linear in its tangents, so that "
                    "reverse mode cannot follow from it",
                    wrong.loc,
                    "the tangent of a result is a sum of products of derivatives and tangents",
                )
            name = reverse_of_callee(rule, tangents, list(range(len(op.results), len(rule.body.yields))), o.callees)
            args += [self.full(None, op.operands[k].type).v for k in float_args]
            wrt = float_args
        elif callee.attrs.get("checkpoint"):
            name = reverse_of_callee(callee, wrt, floats, o.callees)
        else:
            forward = o.clone_of(op)
            forward.attrs["callee"], name = halves_of_callee(callee, wrt, floats, o.callees)
            args = [x for x in args if not x.type.tape]
        types = [sub.type(op.operands[k].type).strong for k in wrt]
        out = b.op("call", *args, *[g.v for g in grads], attrs={"callee": name}, types=types)
        if forward is not None:
            o.pairs[out] = forward
        for k, r in zip(wrt, out.results, strict=True):
            self.add(op.operands[k], o._e(b, r))

    def tape(self, op: Op) -> None:
        b, o, sub = self.b, self.o, self.o.sub
        old = op.operands[0]
        assert isinstance(old, Value)
        if op.opcode == "tape_push":
            tape = self.take(op.result)
            if tape is None:
                return
            value_type = sub.type(op.operands[1].type)
            pop = b.op("tape_pop", tape.v, attrs={"shape": value_type.shape})
            self.adj[old] = o._e(b, pop.results[0])
            self.add(op.operands[1], o._e(b, pop.results[1]))
        else:
            tape = self.full(self.take(op.results[0]), op.results[0].type)
            g = self.full(self.take(op.results[1]), op.results[1].type)
            self.adj[old] = o._e(b, b.emit("tape_push", tape.v, g.v))


def _covers(index: Any, shape: tuple[Dim, ...]) -> bool:
    """Whether an index selects every element, in order."""
    return len(index) == len(shape) and all(
        isinstance(i, Span) and i.step == 1 and i.start == 0 and i.size == d for i, d in zip(index, shape, strict=True)
    )


def call_types(callee: Function, args: list[Operand]) -> list[Type]:
    """The result types of a call, with the callee's symbols replaced by the extents of the arguments."""
    symbols: dict[str, Dim] = {}
    values: dict[Value, Operand] = {}
    for p, x in zip(callee.params, args, strict=True):
        values[p] = x
        for d, given in zip(p.type.shape, x.type.shape, strict=True):
            for a in d.atoms():
                if isinstance(a, str) and d == Dim.of(a):
                    symbols.setdefault(a, given)
    sub = Substitution(values, symbols)
    return [sub.type(t) for t in callee.result_types]


def reverse_of_callee(callee: Function, wrt: list[int], results: list[int], table: dict[str, Function]) -> str:
    """The name of the callee's reverse in `table`, made on first need (recursion finds itself)."""
    name = f"{callee.name}_vjp_" + "_".join(map(str, wrt))
    if name in table:
        return name
    placeholder = Function(name, Region())
    table[name] = placeholder
    sweep = _Reverse(callee, wrt, False, True, results)
    sweep.callees = table
    made = sweep.run()
    placeholder.body = made.body
    placeholder.assumptions = made.assumptions
    placeholder.attrs = made.attrs
    placeholder.callees = table
    return name


def halves_of_callee(
    callee: Function, wrt: list[int], results: list[int], table: dict[str, Function]
) -> tuple[str, str]:
    """The names of the callee's forward and backward halves in `table`, made on first need (recursion finds
    itself). `transforms.split` cuts them apart, when `retain` comes to them."""
    suffix = "_".join(map(str, wrt))
    forward, backward = f"{callee.name}_fwd_{suffix}", f"{callee.name}_bwd_{suffix}"
    if forward in table:
        return forward, backward
    made, back = Function(forward, Region()), Function(backward, Region())
    table[forward], table[backward] = made, back
    sweep = _Reverse(callee, wrt, True, True, results)
    sweep.callees = table
    sweep.in_halves = True
    whole = sweep.run()
    made.body, made.assumptions, made.callees = whole.body, whole.assumptions, table
    made.attrs = {
        **whole.attrs,
        "backward": backward,
        "n_params": len(callee.params),
        "n_results": len(callee.body.yields),
    }
    return forward, backward
