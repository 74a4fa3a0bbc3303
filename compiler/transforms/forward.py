"""Forward mode: ``forward(f)`` computes f together with the tangents of its float results.

Every op is followed by the op(s) that compute its tangent; control ops carry tangents beside values. A
tangent that is zero is absent (symbolic), and materialised where a loop carries it or a result
wants it.

Before::  ``%y = sin %x``      after::  ``%y = sin %x  %c = cos %x  %y_dot = mul %x_dot, %c``
"""

from __future__ import annotations

from ..analysis.activity import carries_derivative, differentiable_type, require_derivatives, varied_values
from ..analysis.structure import loop_of
from ..errors import UnsupportedError
from ..ir.builder import Builder, constant
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value
from ..ir.opdef import opdef
from ..ir.types import Type
from ..rules.elementwise import WithContext
from ..rules.expr import E
from ..rules.indexing import index_operands
from .context import RuleContext


def forward(fn: Function, wrt: list[int]) -> Function:
    """The function with tangents.

    Parameters: those of `fn`, then one tangent for each parameter in `wrt`. Yields: those of `fn`, then the
    tangent of each float yield. Raises UnsupportedError where a varied op has no derivative.
    """
    return _Forward(fn, wrt, dict(fn.callees)).run()


class _Forward:
    def __init__(self, fn: Function, wrt: list[int], callees: dict[str, Function]):
        self.fn = fn
        self.wrt = wrt
        self.callees = callees
        self.varied = varied_values(fn.body, [fn.params[k] for k in wrt])
        self.sub = Substitution()
        self.dots: dict[Value, E] = {}

    def run(self) -> Function:
        fn, sub = self.fn, self.sub
        body = Region()
        for p in fn.params:
            new = Value(sub.type(p.type), p.hint)
            body.params.append(new)
            sub.map[p] = new
        self.b = Builder(body)
        for k in self.wrt:
            p = fn.params[k]
            dot = Value(sub.type(p.type).strong, f"{p.hint}_dot")
            body.params.append(dot)
            self.dots[p] = self.e(dot)
        self.ops(fn.body)
        yields = [sub.operand(y) for y in fn.body.yields]
        for y in fn.body.yields:
            if differentiable_type(y.type):
                yields.append(self.full(y))
        body.yields = yields
        return Function(f"{fn.name}_jvp", body, list(fn.assumptions), self.callees, dict(fn.attrs))

    def e(self, x: Operand) -> E:
        return E(self.b, x)

    def dot(self, x: Operand) -> E | None:
        return self.dots.get(x) if isinstance(x, Value) else None

    def full(self, x: Operand) -> Operand:
        """The tangent of x with its full shape and dtype; zeros when it has none."""
        t = self.sub.type(x.type)
        d = self.dot(x)
        if t.tape:
            return d.v if d is not None else self.b.emit("tape_new", dtype=t.dtype)
        if d is None:
            return self.e(constant(0.0, Type(t.dtype))).broadcast_to(t.shape).v
        return E(self.b, d.v).broadcast_to(t.shape).cast(t.dtype).v

    def set(self, v: Value, dot: E) -> None:
        if isinstance(dot.v, Value) and not dot.v.hint:
            dot.v.hint = f"{v.hint or 'v'}_dot"
        self.dots[v] = dot

    # -- ops ------------------------------------------------------------------------------------------
    def ops(self, region: Region) -> None:
        for op in region.ops:
            with self.b.at(op.loc):
                self.op(op)

    def op(self, op: Op) -> None:
        if op.opcode in ("for", "while"):
            self.loop(op)
        elif op.opcode == "if":
            self.branch(op)
        elif op.opcode == "call":
            self.call(op)
        else:
            self.b.region.ops.append(self.sub.clone_op(op))
            if any(self.dot(x) is not None and carries_derivative(op, k) for k, x in enumerate(op.operands)):
                self.rule(op)

    def rule(self, op: Op) -> None:
        entry = opdef(op.opcode)
        has = [k for k, x in enumerate(op.operands) if self.dot(x) is not None and carries_derivative(op, k)]
        dots = [self.dot(x) if k in has else None for k, x in enumerate(op.operands)]
        ctx = RuleContext(self.b, op, self.sub, lambda x: self.dot(x) is not None, None, None, dots)
        if op.opcode in ("tape_push", "tape_pop"):
            self.tape(op)
        elif op.opcode in ("load", "store", "accum"):
            self.index(op, ctx)
        elif isinstance(entry.jvp, WithContext):
            self.set(op.result, entry.jvp.rule(ctx))
        elif entry.jvp == "from_vjp":
            total: E | None = None
            for k in has:
                dot = dots[k]
                assert dot is not None
                term = ctx.apply_vjp(k, dot)
                if term is not None:
                    total = term if total is None else total + term
            if total is not None:
                t = self.sub.type(op.result.type)
                self.set(op.result, total.cast(t.dtype).broadcast_to(t.shape))
        elif entry.jvp == "linear":
            operands = [ctx.dot(k).v for k in range(len(op.operands))]
            attrs = {k: self.sub.attr(a) for k, a in op.attrs.items()}
            self.set(op.result, self.e(self.b.op(op.opcode, *operands, attrs=attrs).result))
        elif callable(entry.jvp):
            self.set(op.result, entry.jvp(ctx))
        else:
            raise UnsupportedError(
                f"{op.opcode} has no derivative rule", op.loc, "write one with custom_jvp, or use stop_gradient"
            )

    def index(self, op: Op, ctx: RuleContext) -> None:
        """The same access on the tangents."""
        b, sub = self.b, self.sub
        at = [sub.operand(x) for x in index_operands(op)]
        index = tuple(sub.attr(i) for i in op.attrs["index"])
        array = ctx.dot(0).v
        if op.opcode == "load":
            self.set(op.result, self.e(b.emit("load", array, *at, index=index)))
            return
        value = ctx.dot(len(op.operands) - 1)
        self.set(op.result, self.e(b.emit(op.opcode, array, *at, value.v, index=index)))

    def tape(self, op: Op) -> None:
        b = self.b
        tape = self.full(op.operands[0])
        if op.opcode == "tape_push":
            self.set(op.result, self.e(b.emit("tape_push", tape, self.full(op.operands[1]))))
        else:
            shape = self.sub.attr(op.attrs["shape"])
            pop = b.op("tape_pop", tape, attrs={"shape": shape})
            self.set(op.results[0], self.e(pop.results[0]))
            self.set(op.results[1], self.e(pop.results[1]))

    # -- control ----------------------------------------------------------------------------------------
    def loop(self, op: Op) -> None:
        b, sub = self.b, self.sub
        parts = loop_of(op)
        with_dot = [
            k for k, (p, r) in enumerate(zip(parts.params, parts.results, strict=True))
            if p in self.varied or r in self.varied
        ]  # fmt: skip
        inits = [sub.operand(x) for x in op.operands] + [self.full(parts.inits[k]) for k in with_dot]
        dot_types = [sub.type(parts.params[k].type).strong for k in with_dot]
        hints = [f"{parts.params[k].hint or 'v'}_dot" for k in with_dot]
        regions = []
        for region in op.regions:
            new = Region()
            for p in region.params:
                v = Value(sub.type(p.type), p.hint)
                new.params.append(v)
                sub.map[p] = v
            carried = region.params[len(region.params) - len(parts.params) :]
            with b.into(new):
                for k, t, h in zip(with_dot, dot_types, hints, strict=True):
                    d = Value(t, h)
                    new.params.append(d)
                    self.dots[carried[k]] = self.e(d)
                self.ops(region)
                new.yields = [sub.operand(y) for y in region.yields]
                if region is parts.body:
                    new.yields += [self.full(parts.yields[k]) for k in with_dot]
            regions.append(new)
        types = [sub.type(r.type) for r in op.results] + dot_types
        out = b.op(
            op.opcode, *inits, attrs={k: sub.attr(a) for k, a in op.attrs.items()}, types=types, regions=regions,
            hints=[r.hint for r in op.results] + hints,
        )  # fmt: skip
        for old, new_result in zip(op.results, out.results, strict=False):
            sub.map[old] = new_result
        for k, d in zip(with_dot, out.results[len(op.results) :], strict=True):
            self.dots[parts.results[k]] = self.e(d)

    def branch(self, op: Op) -> None:
        b, sub = self.b, self.sub
        with_dot = [k for k, r in enumerate(op.results) if r in self.varied]
        regions = []
        for region in op.regions:
            new = Region()
            with b.into(new):
                self.ops(region)
                new.yields = [sub.operand(y) for y in region.yields]
                new.yields += [self.full(region.yields[k]) for k in with_dot]
            regions.append(new)
        types = [sub.type(r.type) for r in op.results]
        types += [types[k].strong for k in with_dot]
        hints = [r.hint for r in op.results] + [f"{op.results[k].hint or 'v'}_dot" for k in with_dot]
        out = b.op("if", sub.operand(op.operands[0]), types=types, regions=regions, hints=hints)
        for old, new_result in zip(op.results, out.results, strict=False):
            sub.map[old] = new_result
        for r in out.results:  # their extents may be among them
            r.type = sub.type(r.type)
        for k, d in zip(with_dot, out.results[len(op.results) :], strict=True):
            self.dots[op.results[k]] = self.e(d)

    def call(self, op: Op) -> None:
        b, sub = self.b, self.sub
        wrt = [k for k, x in enumerate(op.operands) if self.dot(x) is not None]
        if not wrt:
            b.region.ops.append(sub.clone_op(op))
            return
        callee = self.callees[op.attrs["callee"]]
        require_derivatives(op, callee, wrt)
        if "custom_vjp" in callee.attrs and "custom_jvp" not in callee.attrs:
            raise UnsupportedError(
                f"{callee.name} has a custom_vjp, which forward mode cannot use",
                op.loc,
                "give it a custom_jvp: both modes can use that",
            )
        if "custom_jvp" in callee.attrs:
            name = callee.attrs["custom_jvp"]
            wrt = [k for k, x in enumerate(op.operands) if differentiable_type(x.type)]
        else:
            name = tangent_of_callee(callee, wrt, self.callees)
        args = [sub.operand(x) for x in op.operands] + [self.full(op.operands[k]) for k in wrt]
        floats = [r for r in op.results if differentiable_type(r.type)]
        types = [sub.type(r.type) for r in op.results] + [sub.type(r.type).strong for r in floats]
        out = b.op("call", *args, attrs={"callee": name}, types=types)
        for old, new in zip(op.results, out.results, strict=False):
            sub.map[old] = new
        for r, d in zip(floats, out.results[len(op.results) :], strict=True):
            self.set(r, self.e(d))


def tangent_of_callee(callee: Function, wrt: list[int], table: dict[str, Function]) -> str:
    """The name of the callee's forward derivative in `table`, made on first need (recursion finds itself)."""
    name = f"{callee.name}_jvp_" + "_".join(map(str, wrt))
    if name in table:
        return name
    placeholder = Function(name, Region())
    table[name] = placeholder
    made = _Forward(callee, wrt, table).run()
    placeholder.body, placeholder.assumptions, placeholder.attrs = made.body, made.assumptions, made.attrs
    placeholder.callees = table
    return name
