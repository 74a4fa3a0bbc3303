"""Emits one loop nest for a group of array ops (see `fuse`).

The nest has one `for` per axis of the iteration space (axes of extent 1 have none), the last axis
innermost. Every member is computed once an iteration, in a scalar; code that depends on outer indices
only is emitted in the outer loop. Arrays written are carried through the loops, so that `inplace` sees
their versions. Trailing reductions are carried as scalars, others are combined into their buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.builder import Builder, constant
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Const, Gather, New, Op, Operand, Region, Substitution, Value, as_dim
from ..ir.types import INT, Type
from .access import GENERATORS, Indices, broadcast_index, has_gather, index_operands, load_index, move
from .fuse import REDUCTIONS, WRITES, Plan, Unit, gather_index

_COMBINE = {"sum": "add", "prod": "mul", "max": "maximum", "min": "minimum", "any": "logical_or", "all": "logical_and"}
_IV_NAMES = "ijklmpqr"


def identity(opcode: str, dtype: str) -> Const:
    """The neutral element of a reduction."""
    t = Type(dtype)
    if opcode in ("sum", "prod", "any", "all"):
        return constant({"sum": 0, "prod": 1, "any": False, "all": True}[opcode], t)
    if t.is_bool:
        return constant(opcode == "min", t)
    if t.is_float:
        return constant(-np.inf if opcode == "max" else np.inf, t)
    info = np.iinfo(t.numpy)
    return constant(int(info.min if opcode == "max" else info.max), t)


class _Carry:
    """Something updated by the nest: an array written, or a scalar accumulator.

    `level`: number of loops around it. `value` is its current version.
    """

    __slots__ = ("finish", "level", "value")

    def __init__(self, level: int, value: Operand):
        self.level = level
        self.value = value
        self.finish: Callable[[], None] | None = None


class NestEmitter:
    """Emits the nest of `unit` into `builder`; `subst` maps values of the old function to new operands."""

    def __init__(self, builder: Builder, subst: Substitution, plan: Plan, unit: Unit):
        assert unit.space is not None
        self.b = builder
        self.subst = subst
        self.plan = plan
        self.unit = unit
        self.space = [subst.dim(d) for d in unit.space]
        self.axes = [k for k, d in enumerate(self.space) if d != 1]
        self.depth = len(self.axes)
        self.ivs: list[Dim] = [ZERO] * len(self.space)
        self.regions: list[Region] = [builder.region]
        self.level_of: dict[Value, int] = {}
        self.memo: dict[Any, Operand] = {}
        self.registers: dict[Value, Operand] = {}
        self.carries: list[_Carry] = []
        self.array_carry: dict[Value, _Carry] = {}  # buffers by result, and arrays overwritten by every version

    # -- the nest -------------------------------------------------------------------------------------
    def run(self) -> None:
        self.b.loc = self.unit.ops[0].loc
        self._prepare()
        self._level(0)
        for op in self.unit.ops:
            if op.results and op.result.type.shape:
                carry = self.array_carry.get(op.result)
                if carry is not None:
                    self.subst.map[op.result] = carry.value

    def _prepare(self) -> None:
        for op in self.unit.ops:
            with self.b.at(op.loc):
                if op.opcode in WRITES:
                    target = op.operands[0]
                    assert isinstance(target, Value)
                    carry = self.array_carry.get(target) if target in self._results() else None
                    if carry is None:
                        carry = self._new_carry(0, self.subst.operand(target))
                    self.array_carry[op.result] = carry
                    if op in self.plan.dying:
                        self.array_carry[target] = carry
                elif op.opcode in REDUCTIONS:
                    self._prepare_reduction(op)
                elif op.result in self.plan.buffered:
                    self.array_carry[op.result] = self._new_carry(0, self._allocate(op))

    def _results(self) -> set[Value]:
        return {r for op in self.unit.ops for r in op.results}

    def _new_carry(self, level: int, value: Operand) -> _Carry:
        carry = _Carry(level, value)
        self.carries.append(carry)
        return carry

    def _allocate(self, op: Op) -> Value:
        t = self.subst.type(op.result.type)
        return self.b.op("empty", attrs={"shape": t.shape, "dtype": t.dtype}, hint=op.result.hint).result

    def _prepare_reduction(self, op: Op) -> None:
        if not op.result.type.shape:
            return  # a scalar accumulator, made at its level
        if self._tail(op) and self._kept_outside(op):
            self.array_carry[op.result] = self._new_carry(0, self._allocate(op))
        else:
            t = self.subst.type(op.result.type)
            start = identity(op.opcode, t.dtype)
            full = self.b.op("full", start, attrs={"shape": t.shape, "dtype": t.dtype}, hint=op.result.hint).result
            self.array_carry[op.result] = self._new_carry(0, full)

    def _reduced(self, op: Op) -> list[int]:
        """The loops (numbers from outside) that the reduction runs over."""
        return [n for n, k in enumerate(self.axes) if k in op.attrs["axes"]]

    def _tail(self, op: Op) -> int:
        """How many innermost loops are all reduced: those have a scalar accumulator."""
        reduced = self._reduced(op)
        tail = 0
        while tail < self.depth and self.depth - 1 - tail in reduced:
            tail += 1
        return tail

    def _kept_outside(self, op: Op) -> bool:
        """Whether the reduced loops are exactly the innermost ones."""
        return self._tail(op) == len(self._reduced(op))

    def _level(self, level: int) -> None:
        """Everything inside `level` loops."""
        started = []
        for op in self.unit.ops:
            if op.opcode in REDUCTIONS and level == self.depth - self._tail(op):
                if self._tail(op) or not self.depth:
                    with self.b.at(op.loc):
                        started.append(self._start_accumulator(op, level))
        if level == self.depth:
            self._body()
        else:
            self._loop(level)
        for finish in started:
            finish()

    def _start_accumulator(self, op: Op, level: int) -> Callable[[], None]:
        carry = self._new_carry(level, identity(op.opcode, op.result.type.dtype))
        self.array_carry[self._scalar_key(op)] = carry

        def finish() -> None:
            self.carries.remove(carry)
            with self.b.at(op.loc):
                if not op.result.type.shape:
                    self.subst.map[op.result] = carry.value
                else:
                    self._combine_into_buffer(op, carry.value, replace=self._kept_outside(op))

        return finish

    def _scalar_key(self, op: Op) -> Any:
        return ("accumulator", op)

    def _loop(self, level: int) -> None:
        axis = self.axes[level]
        iv = Value(INT, _IV_NAMES[level] if level < len(_IV_NAMES) else f"i{level}")
        self.level_of[iv] = level + 1
        self.ivs[axis] = Dim.of(iv)
        inner = Region([iv])
        live = list(self.carries)
        inits = [c.value for c in live]
        for c in live:
            p = Value(c.value.type.strong, getattr(c.value, "hint", "") or "acc")
            inner.params.append(p)
            c.value = p
            self.level_of[p] = level + 1
        self.regions.append(inner)
        with self.b.into(inner):
            self._level(level + 1)
            inner.yields = [c.value for c in live]
        self.regions.pop()
        stop = self.b.extent(self.space[axis])
        op = self.b.op(
            "for",
            constant(0),
            stop,
            constant(1),
            *inits,
            attrs={"stop": False},
            types=[i.type.strong for i in inits],
            regions=[inner],
            hints=[p.hint for p in inner.params[1:]],
        )
        for c, r in zip(live, op.results, strict=True):
            c.value = r

    # -- one iteration ----------------------------------------------------------------------------------
    def _body(self) -> None:
        at = tuple(self.ivs)
        for op in self.unit.ops:
            with self.b.at(op.loc):
                if op.opcode in WRITES:
                    self._write(op, at)
                elif op.opcode in REDUCTIONS:
                    self._accumulate(op, at)
                else:
                    value = self._compute(op, at)
                    self.registers[op.result] = value
                    carry = self.array_carry.get(op.result)
                    if carry is not None:
                        self._store(carry, at, value)

    def _store(self, carry: _Carry, at: Indices, value: Operand, opcode: str = "store") -> None:
        assert isinstance(carry.value, Value)
        place = [self._here(d) for d in at]
        index = tuple(At() for _ in place)
        carry.value = self.b.op(
            opcode,
            carry.value,
            *place,
            value,
            attrs={"index": index, "inbounds": True},
            types=[carry.value.type],
            hint=carry.value.hint,
        ).result

    def _here(self, d: Dim) -> Operand:
        """An index as an operand, emitted where it is used."""
        return self.b.extent(d)

    def _accumulate(self, op: Op, at: Indices) -> None:
        dtype = op.result.type.dtype
        value = self._cast(self.element(op.operands[0], at), dtype)
        carry = self.array_carry.get(self._scalar_key(op))
        if carry is None:
            self._combine_into_buffer(op, value, replace=False)
            return
        t = Type(dtype)
        carry.value = self.b.op(_COMBINE[op.opcode], carry.value, value, types=[t], hint=op.result.hint or "acc").result

    def _combine_into_buffer(self, op: Op, value: Operand, replace: bool) -> None:
        carry = self.array_carry[op.result]
        kept = []
        for k, iv in enumerate(self.ivs):
            if k not in op.attrs["axes"]:
                kept.append(iv)
            elif op.attrs["keepdims"]:
                kept.append(ZERO)
        place = tuple(kept)
        if replace:
            self._store(carry, place, value)
        elif op.opcode == "sum":
            self._store(carry, place, value, "accum")
        else:
            old = self._load(carry.value, place, self.b.region)
            new = self.b.op(_COMBINE[op.opcode], old, value, types=[Type(op.result.type.dtype)]).result
            self._store(carry, place, new)

    def _write(self, op: Op, at: Indices) -> None:
        value = op.operands[-1]
        scalar = self.element(value, broadcast_index(value.type.shape, at))
        carry = self.array_carry[op.result]
        place = self._gathered(op, at) if has_gather(op) else self._in_new(load_index(op, at, self._dim_of))
        self._store(carry, place, scalar, op.opcode)

    def _dim_of(self, x: Operand) -> Dim:
        """The index that an operand of the old function stands for, over values of the new one."""
        return as_dim(self.subst.operand(x))

    def _gathered(self, op: Op, at: Indices) -> Indices:
        """The place that iteration `at` of an op with Gather reads or writes."""
        arrays = [x for x in index_operands(op) if x.type.shape]
        rank = max(x.type.rank for x in arrays)
        operands = iter(index_operands(op))
        place: list[Dim] = []
        position = 0
        seen_gather = False
        for item in op.attrs["index"]:
            if isinstance(item, At):
                place.append(self._dim_of(next(operands)))
            elif isinstance(item, Gather):
                x = next(operands)
                place.append(as_dim(self.element(x, gather_index(op, x, at) if x.type.shape else ())))
                if not seen_gather:
                    position += rank
                seen_gather = True
            elif isinstance(item, New):
                position += 1
            else:
                place.append(self.subst.dim(item.start) + at[position] * item.step)
                position += 1
        return tuple(place)

    # -- elements -----------------------------------------------------------------------------------------
    def element(self, v: Operand, idx: Indices) -> Operand:
        """The scalar at `idx` of a value of the old function, emitted in the outermost loop possible."""
        if isinstance(v, Const) or not v.type.shape:
            return self.subst.operand(v)
        if v in self.registers and idx == tuple(self.ivs):
            return self.registers[v]
        if v in self.plan.virtual:
            assert v.op is not None
            op = v.op
            if op.opcode in GENERATORS:
                return self._generate(op, idx)
            source = op.operands[0]
            if isinstance(source, Const) or not source.type.shape:  # of a Python number, an array is strong
                return self._cast(self.subst.operand(source), v.type.dtype)
            return self.element(source, self._moved(op, idx))
        carry = self.array_carry.get(v)
        if carry is not None:
            return self._load(carry.value, idx, self.b.region)
        base = self.subst.operand(v)
        key = (base, idx)
        if key not in self.memo:
            self.memo[key] = self._load(base, idx, self._region_of(idx))
        return self.memo[key]

    def _moved(self, op: Op, idx: Indices) -> Indices:
        """`access.move` with the extents of the new function."""
        return self._in_new(move(op, idx, self._dim_of))

    def _in_new(self, idx: Indices) -> Indices:
        return tuple(self.subst.dim(d) for d in idx)

    def _compute(self, op: Op, at: Indices) -> Operand:
        if op.opcode == "load":
            source = op.operands[0]
            return self.element(source, self._gathered(op, at) if has_gather(op) else self._moved(op, at))
        if op.result in self.plan.virtual or op.opcode in GENERATORS:
            return self._generate(op, at)
        if op.opcode in ("transpose", "broadcast_to", "reshape"):
            source = op.operands[0]
            if not source.type.shape:
                return self._cast(self.element(source, ()), op.result.type.dtype)
            return self.element(source, self._moved(op, at))
        xs = [self.element(x, broadcast_index(x.type.shape, at)) for x in op.operands]
        attrs = {k: self.subst.attr(v) for k, v in op.attrs.items()}
        return self._pure(op.opcode, xs, attrs, Type(op.result.type.dtype), op.result.hint)

    def _generate(self, op: Op, idx: Indices) -> Operand:
        dtype = op.result.type.dtype
        if op.opcode == "full":
            return self._cast(self.subst.operand(op.operands[0]), dtype)
        if op.opcode == "iota":
            start, step = (self.subst.operand(x) for x in op.operands)
            k = self._pure("extent", [], {"dim": idx[0]}, INT, "")
            if step.type.is_int and start.type.is_int:
                place = as_dim(start) + as_dim(step) * idx[0]
                return self._cast(self._pure("extent", [], {"dim": place}, INT, ""), dtype)
            t = Type("f64")
            start, step = self._cast(start, "f64"), self._cast(step, "f64")
            scaled = self._pure("mul", [step, k], {}, t, "")
            return self._cast(self._pure("add", [start, scaled], {}, t, ""), dtype)
        assert op.opcode == "eye"
        row = self._pure("extent", [], {"dim": idx[0] + op.attrs["k"]}, INT, "")
        col = self._pure("extent", [], {"dim": idx[1]}, INT, "")
        same = self._pure("eq", [row, col], {}, Type("b1"), "")
        return self._cast(same, dtype)

    def _cast(self, x: Operand, dtype: str) -> Operand:
        if x.type.dtype == dtype and not x.type.weak:
            return x
        if isinstance(x, Const):
            return constant(x.value, Type(dtype))
        return self._pure("cast", [x], {"dtype": dtype, "weak": False}, Type(dtype), x.hint)

    def _pure(self, opcode: str, xs: list[Operand], attrs: dict[str, Any], t: Type, hint: str) -> Operand:
        """A scalar op without effect, in the outermost loop where its operands are known."""
        level = max(
            [self._level_of(x) for x in xs] + [self._dim_level(a) for a in attrs.values() if isinstance(a, Dim)] + [0]
        )
        with self.b.into(self.regions[level]):
            value = self.b.op(opcode, *xs, attrs=attrs, types=[t], hint=hint).result
        self.level_of[value] = level
        return value

    def _load(self, base: Operand, idx: Indices, region: Region) -> Operand:
        assert isinstance(base, Value)
        with self.b.into(region):
            place = [self.b.extent(d) for d in idx]
            value = self.b.op(
                "load",
                base,
                *place,
                attrs={"index": tuple(At() for _ in idx), "inbounds": True},
                types=[Type(base.type.dtype)],
                hint=base.hint,
            ).result
        self.level_of[value] = next(n for n, r in enumerate(self.regions) if r is region)
        return value

    def _region_of(self, idx: Indices) -> Region:
        return self.regions[max([self._dim_level(d) for d in idx], default=0)]

    def _dim_level(self, d: Dim) -> int:
        return max((self._level_of(v) for v in d.values()), default=0)

    def _level_of(self, x: Operand) -> int:
        return self.level_of.get(x, 0) if isinstance(x, Value) else 0
