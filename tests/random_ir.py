"""Random IR functions full of stores, views, loops, branches, swaps and tapes, for `inplace` and the printer."""

from __future__ import annotations

import random

import numpy as np

import pullback.rules  # noqa: F401  (fills the registry)
from pullback.ir.builder import Builder, constant
from pullback.ir.dims import Dim
from pullback.ir.nodes import At, Function, Gather, Operand, Region, Span, Value
from pullback.ir.types import F64, FLOAT, INT, Type, array

N = Dim.of("n0")
VECTOR = array("f64", "n0")
MATRIX = array("f64", "n0", "n0")
INDICES = array("i64", "n0")
TAPE = Type("f64", (), False, True)


class RandomFunction:
    """Makes one function of a seed. Parameters: x y: f64[n0], a: f64[n0, n0], k: i64[n0] (in bounds), s: f64, c: int;
    n0 is to be at least 4. Values stay finite and of moderate size."""

    def __init__(self, seed: int, size: int = 14):
        self.random = random.Random(seed)
        self.budget = size
        body = Region(
            [
                Value(t, h)
                for t, h in [(VECTOR, "x"), (VECTOR, "y"), (MATRIX, "a"), (INDICES, "k"), (F64, "s"), (INT, "c")]
            ]
        )
        self.b = Builder(body)
        self.scope: list[Operand] = list(body.params)
        self.ivs: list[Value] = []
        self.function = Function("f", body)
        self.ops(depth=0)
        arrays = [v for v in self.scope if v.type in (VECTOR, MATRIX, F64)]
        count = self.random.randint(1, 3)
        body.yields = [self.random.choice(arrays[-8:]) for _ in range(count)]

    def pick(self, type: Type) -> Operand:
        found = [v for v in self.scope if v.type == type and v.type.weak == type.weak]
        # recent values are likelier
        if found:
            return self.random.choice(found[-4:] if self.random.random() < 0.7 else found)
        if type == F64 or type == FLOAT:
            return constant(self.random.choice([0.5, -1.0, 0.25]), type)
        raise LookupError(type)

    def add(self, v: Value) -> Value:
        self.scope.append(v)
        return v

    def hint(self) -> str:
        return self.random.choice(["", "", "h", "u", "x"])

    def ops(self, depth: int) -> None:
        for _ in range(self.random.randint(2, 6)):
            if self.budget <= 0:
                return
            self.budget -= 1
            self.op(depth)

    def op(self, depth: int) -> None:
        kinds = (
            ["arith"] * 3
            + ["scalar", "store"] * 3
            + ["load"] * 2
            + [
                "row",
                "span",
                "reverse",
                "transpose",
                "matvec",
                "full",
                "put",
                "reduce",
                "gather",
                "scatter",
                "copy",
                "accum",
            ]
        )
        if depth < 3:
            kinds += ["for"] * 3 + ["if"] * 2 + ["while", "tape"]
        getattr(self, "make_" + self.random.choice(kinds))(depth)

    def index(self) -> Operand:
        choices: list[Operand] = [constant(0), constant(-1), constant(2), *self.ivs]
        return self.random.choice(choices)

    # -- one op ------------------------------------------------------------------------------------
    def make_arith(self, depth: int) -> None:
        t = self.random.choice([VECTOR, VECTOR, MATRIX])
        op = self.random.choice(["add", "sub", "mul"])
        other = self.pick(self.random.choice([t, VECTOR, F64]))
        x = self.b.emit(op, self.pick(t), other, hint=self.hint())
        self.add(self.b.emit("sin", x, hint=self.hint()))

    def make_scalar(self, depth: int) -> None:
        op = self.random.choice(["add", "sub", "mul"])
        x = self.b.emit(op, self.pick(F64), self.pick(self.random.choice([F64, FLOAT])), hint=self.hint())
        self.add(self.b.emit("sin", x, hint=self.hint()))

    def make_load(self, depth: int) -> None:
        self.add(self.b.emit("load", self.pick(VECTOR), self.index(), index=(At(),), hint=self.hint()))

    def make_store(self, depth: int) -> None:
        opcode = self.random.choice(["store", "store", "accum"])
        self.add(self.b.emit(opcode, self.pick(VECTOR), self.index(), self.pick(F64), index=(At(),), hint=self.hint()))

    def make_accum(self, depth: int) -> None:
        full = (Span(Dim.of(0), N),)
        self.add(self.b.emit("accum", self.pick(VECTOR), self.pick(VECTOR), index=full, hint=self.hint()))

    def make_put(self, depth: int) -> None:
        """Slices of arrays stored into others or into themselves."""
        start, size = self.random.choice([(0, N - 1), (1, N - 1), (1, N - 2), (2, Dim.of(2)), (0, Dim.of(2))])
        index = (Span(Dim.of(start), size),)
        other = (Span(Dim.of(self.random.choice([0, 1])), size),) if start != 2 else (Span(Dim.of(0), size),)
        v = self.b.emit("load", self.pick(VECTOR), index=other)
        opcode = self.random.choice(["store", "accum"])
        target = self.pick(VECTOR)
        if self.random.random() < 0.3:
            target = v.op.operands[0]  # type: ignore[union-attr]
        self.add(self.b.emit(opcode, target, v, index=index, hint=self.hint()))

    def make_row(self, depth: int) -> None:
        index = self.random.choice([(At(), Span(Dim.of(0), N)), (Span(Dim.of(0), N), At())])
        if self.random.random() < 0.5:
            self.add(self.b.emit("load", self.pick(MATRIX), self.index(), index=index, hint=self.hint()))
        else:
            opcode = self.random.choice(["store", "accum"])
            self.add(
                self.b.emit(opcode, self.pick(MATRIX), self.index(), self.pick(VECTOR), index=index, hint=self.hint())
            )

    def make_span(self, depth: int) -> None:
        pad = self.b.emit("full", 0.5, shape=(N,), dtype="f64", hint=self.hint())
        part = self.b.emit("load", self.pick(VECTOR), index=(Span(Dim.of(1), N - 2),), hint=self.hint())
        self.add(
            self.b.emit(
                "store", pad, part, index=(Span(Dim.of(self.random.choice([0, 1, 2])), N - 2),), hint=self.hint()
            )
        )

    def make_reverse(self, depth: int) -> None:
        self.add(self.b.emit("load", self.pick(VECTOR), index=(Span(N - 1, N, -1),), hint=self.hint()))

    def make_transpose(self, depth: int) -> None:
        self.add(self.b.emit("transpose", self.pick(MATRIX), perm=(1, 0), hint=self.hint()))

    def make_matvec(self, depth: int) -> None:
        x = self.b.emit("matmul", self.pick(MATRIX), self.pick(VECTOR))
        self.add(self.b.emit("sin", x, hint=self.hint()))

    def make_full(self, depth: int) -> None:
        if self.random.random() < 0.4:
            self.add(self.b.emit("broadcast_to", self.pick(VECTOR), shape=(N, N), hint=self.hint()))
        else:
            self.add(self.b.emit("full", 0.0, shape=(N,), dtype="f64", hint=self.hint()))

    def make_reduce(self, depth: int) -> None:
        total = self.b.emit("sum", self.pick(MATRIX), axes=(self.random.choice([0, 1]),), keepdims=False)
        self.add(self.b.emit("sin", total, hint=self.hint()))

    def make_gather(self, depth: int) -> None:
        self.add(self.b.emit("load", self.pick(VECTOR), self.pick(INDICES), index=(Gather(),), hint=self.hint()))

    def make_scatter(self, depth: int) -> None:
        opcode = self.random.choice(["store", "accum"])
        self.add(
            self.b.emit(
                opcode, self.pick(VECTOR), self.pick(INDICES), self.pick(VECTOR), index=(Gather(),), hint=self.hint()
            )
        )

    def make_copy(self, depth: int) -> None:
        self.add(self.b.emit("copy", self.pick(VECTOR), hint=self.hint()))

    # -- regions -------------------------------------------------------------------------------------
    def carried(self) -> list[Type]:
        return [self.random.choice([VECTOR, VECTOR, F64, MATRIX]) for _ in range(self.random.randint(1, 3))]

    def block(self, region: Region, types: list[Type], depth: int, before: list[Operand]) -> None:
        """Fill a region; its yields, often parameters in another order."""
        with self.b.into(region):
            outer, self.scope = self.scope, [*self.scope, *before]
            self.ops(depth + 1)
            yields = [self.pick(t) for t in types]
            self.scope = outer
        region.yields = yields

    def make_for(self, depth: int) -> None:
        types = self.carried()
        inits = [self.pick(t) for t in types]
        stop = self.random.random() < 0.3
        region = self.b.new_region([(INT, self.random.choice(["i", ""])), *((t, self.hint()) for t in types)])
        self.ivs.append(region.params[0])
        self.block(region, types, depth, list(region.params[1:]))
        self.ivs.pop()
        results = list(types)
        if stop:
            with self.b.into(region):
                flag = self.b.emit("gt", self.pick_from(region.params[1:], self.pick(F64)), 0.3)
            region.yields.insert(0, flag)
            results.insert(0, INT)
        lo, hi, step = self.random.choice([(0, 3, 1), (1, 4, 1), (3, -1, -1), (0, 0, 1), (0, 4, 2)])
        op = self.b.op("for", lo, hi, step, *inits, attrs={"stop": stop}, types=results, regions=[region],
                       hints=[self.hint() for _ in results])  # fmt: skip
        for v in op.results[int(stop) :]:
            self.add(v)
        if stop:
            count = self.b.emit("cast", op.results[0], dtype="f64", hint="trips")
            self.add(self.b.emit("mul", count, 0.1))

    def pick_from(self, params: list[Value], default: Operand) -> Operand:
        scalars = [p for p in params if p.type == F64]
        return self.random.choice(scalars) if scalars else default

    def make_if(self, depth: int) -> None:
        types = self.carried()
        condition = self.b.emit("gt", self.pick(F64), self.random.choice([0.0, 0.4]))
        regions = [Region(), Region()]
        for r in regions:
            self.block(r, types, depth, [])
        op = self.b.op("if", condition, types=types, regions=regions, hints=[self.hint() for _ in types])
        for v in op.results:
            self.add(v)

    def make_while(self, depth: int) -> None:
        types = self.carried()
        inits = [constant(0), *(self.pick(t) for t in types)]
        head = self.b.new_region([(INT, "j"), *((t, self.hint()) for t in types)])
        body = self.b.new_region([(p.type, p.hint) for p in head.params])
        with self.b.into(head):
            outer, self.scope = self.scope, [*self.scope, *head.params[1:]]
            if self.random.random() < 0.3:
                self.make_store(depth)
            head.yields = [self.b.emit("lt", head.params[0], 3)]
            self.scope = outer
        self.block(body, types, depth, list(body.params[1:]))
        with self.b.into(body):
            body.yields.insert(0, self.b.emit("add", body.params[0], 1))
        counted = self.random.random() < 0.4
        results = [INT] * counted + [INT, *types]
        op = self.b.op("while", *inits, attrs={"counted": counted}, types=results, regions=[head, body],
                       hints=[self.hint() for _ in results])  # fmt: skip
        for v in op.results[1 + counted :]:
            self.add(v)

    def make_tape(self, depth: int) -> None:
        """Push a carried array in one loop, pop and use it in another."""
        start = self.b.emit("tape_new", dtype="f64", hint="tape")
        forward = self.b.new_region([(INT, "i"), (TAPE, "tape"), (VECTOR, "u")])
        with self.b.into(forward):
            pushed = self.b.emit("tape_push", forward.params[1], forward.params[2])
            self.block(forward, [VECTOR], depth, [forward.params[2]])
            forward.yields.insert(0, pushed)
        op = self.b.op(
            "for",
            0,
            3,
            1,
            start,
            self.pick(VECTOR),
            types=[TAPE, VECTOR],
            regions=[forward],
            hints=["tape", self.hint()],
        )
        self.add(op.results[1])
        back = self.b.new_region([(INT, "i"), (TAPE, "tape"), (VECTOR, "u_adj")])
        with self.b.into(back):
            pop = self.b.op("tape_pop", back.params[1], attrs={"shape": (N,)}, hints=["tape", "u"])
            self.block(back, [VECTOR], depth, [back.params[2], pop.results[1]])
            back.yields.insert(0, pop.results[0])
        op = self.b.op(
            "for",
            2,
            -1,
            -1,
            op.results[0],
            self.pick(VECTOR),
            types=[TAPE, VECTOR],
            regions=[back],
            hints=["tape", self.hint()],
        )
        self.add(op.results[1])


def random_function(seed: int, size: int = 14) -> Function:
    return RandomFunction(seed, size).function


def random_arguments(seed: int, n: int = 5) -> list[object]:
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=n),
        rng.normal(size=n),
        rng.normal(size=(n, n)),
        rng.integers(0, n, size=n),
        np.float64(rng.normal()),
        3,
    ]
