"""Array ops that are not one loop nest each, in terms of those that are.

After `decompose`:

- indices of `load`, `store` and `accum` are non-negative and in range (attribute ``inbounds``), by proof
  or by a `check` before;
- Python's errors on scalars (division by zero, math domain) and NumPy's (maximum of nothing) are `check`s;
- `concatenate`, `cumsum`, `cumprod`, `argmax`, `argmin`, `nonzero` are stores and loops;
- `matmul` is `gemm` into a buffer with transposes folded, or multiply-and-sum where that is smaller;
- copies are gone: arrays are values, and `inplace` puts back the copies that are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..analysis.bounds import Facts, facts_before, prove_nonneg
from ..ir.builder import Builder, constant
from ..ir.dims import ZERO, Dim
from ..ir.nodes import At, Const, Function, Gather, New, Op, Operand, Region, Span, Substitution, Value, as_dim
from ..ir.types import B1, INT, Type
from . import native_ops  # noqa: F401  (registers them)
from .dce import drop_unread
from .lower_linalg import INTO_MEMORY, OF_DETERMINANT, into_memory, of_transpose
from .lower_numbers import check_math, divide, raise_to, remainder
from .lower_products import product, reshaped, transposed_product, untransposed


def decompose(fn: Function) -> Function:
    """See the module. Callees are left as they are."""
    d = _Decomposer(fn)
    body = d.region(fn.body)
    new = Function(fn.name, body, list(fn.assumptions), dict(fn.callees), dict(fn.attrs))
    drop_unread(new.body)
    return new


def full_span(shape: Sequence[Dim]) -> tuple[Span, ...]:
    return tuple(Span(ZERO, d) for d in shape)


class _Decomposer:
    def __init__(self, fn: Function):
        self.params = set(fn.params)
        self.subst = Substitution()
        self.b = Builder(Region())
        self.facts = facts_before(fn)
        self.here = Facts.of(fn)
        # extents (of the old function) that the checks made so far show to be >= 0, by enclosing region
        self.checked: list[list[Dim]] = [[]]
        # normalised index arrays of the enclosing regions, and index arrays known to be in range
        self.normalised: list[dict[tuple[Operand, Dim], Operand]] = [{}]
        self.in_range: dict[Value, Dim] = {}
        self.uses: dict[Value, int] = {}
        for op in fn.body.walk():
            for v in op.used_values():
                self.uses[v] = self.uses.get(v, 0) + 1
            for r in op.regions:
                self._count(r.yields)
        self._count(fn.body.yields)
        self.rewrites: dict[str, Callable[[Op], list[Operand] | None]] = {
            "copy": self._alias,
            "stop_gradient": self._alias,
            "cast": self._cast,
            "load": self._index,
            "store": self._index,
            "accum": self._index,
            "concatenate": self._concatenate,
            "matmul": self._matmul,
            "transpose": self._transpose,
            "add": self._add,
            "cumsum": self._scan,
            "cumprod": self._scan,
            "argmax": self._arg,
            "argmin": self._arg,
            "nonzero": self._nonzero,
            "sort": self._sort,
            "argsort": self._sort,
            **{opcode: partial(into_memory, self) for opcode in INTO_MEMORY},
            **{opcode: partial(of_transpose, self) for opcode in OF_DETERMINANT},
            "reshape": self._reshape,
            "broadcast_to": self._broadcast_to,
            "max": self._extremum,
            "min": self._extremum,
            "div": partial(divide, self),
            "floordiv": partial(divide, self),
            "mod": partial(remainder, self),
            "pow": partial(raise_to, self),
        }

    def _count(self, xs: Sequence[Operand]) -> None:
        for x in xs:
            if isinstance(x, Value):
                self.uses[x] = self.uses.get(x, 0) + 1

    def region(self, old: Region) -> Region:
        new = Region()
        for p in old.params:
            v = Value(self.subst.type(p.type), p.hint)
            new.params.append(v)
            self.subst.map[p] = v
        self.normalised.append({})
        self.checked.append([])
        with self.b.into(new):
            for op in old.ops:
                self.op(op)
        self.normalised.pop()
        self.checked.pop()
        new.yields = [self.subst.operand(y) for y in old.yields]
        return new

    def op(self, op: Op) -> None:
        self.here = self.facts[op].with_nonneg(*(d for known in self.checked for d in known))
        with self.b.at(replace(op.loc, reverse=True) if op.attrs.get("reverse") else op.loc):
            rewrite = self.rewrites.get(op.opcode)
            results = rewrite(op) if rewrite else None
            if results is None:
                self.clone(op)
            else:
                for old, new in zip(op.results, results, strict=True):
                    if isinstance(new, Value) and not new.hint:
                        new.hint = old.hint
                    self.subst.map[old] = new
            if op.attrs.get("math"):
                check_math(self, op)

    def clone(self, op: Op, operands: list[Operand] | None = None, **extra: Any) -> Op:
        xs = operands if operands is not None else self.xs(op)
        attrs = {k: self.subst.attr(v) for k, v in op.attrs.items()} | extra
        new = Op(op.opcode, xs, attrs, [], [], self.b.loc)
        new.regions = [self.region(r) for r in op.regions]
        self.b.region.ops.append(new)
        for r in op.results:
            v = Value(self.subst.type(r.type), r.hint, new)
            new.results.append(v)
            self.subst.map[r] = v
        return new

    def xs(self, op: Op) -> list[Operand]:
        return [self.subst.operand(x) for x in op.operands]

    # -- aliases ----------------------------------------------------------------------------------------
    def _alias(self, op: Op) -> list[Operand] | None:
        return [self.subst.operand(op.operands[0])]

    def _cast(self, op: Op) -> list[Operand] | None:
        x = self.subst.operand(op.operands[0])
        if x.type.dtype == op.result.type.dtype and (x.type.shape or x.type.weak == op.result.type.weak):
            return [x]
        return None

    def _reshape(self, op: Op) -> list[Operand] | None:
        x, shape = self.subst.operand(op.operands[0]), [self.subst.dim(d) for d in op.attrs["shape"]]
        if not x.type.shape:
            if not shape:
                return [self.b.emit("cast", x, dtype=x.type.dtype, weak=False) if x.type.weak else x]
            return [self.b.emit("broadcast_to", x, shape=tuple(shape))]
        if not shape:
            at: list[Operand] = [constant(0) for _ in x.type.shape]
            return [self._load(x, at)]
        return [x] if list(x.type.shape) == shape else None

    def _broadcast_to(self, op: Op) -> list[Operand] | None:
        x = self.subst.operand(op.operands[0])
        shape = tuple(self.subst.dim(d) for d in op.attrs["shape"])
        return [x] if x.type.shape == shape else None

    # -- checks -------------------------------------------------------------------------------------------
    def check(self, condition: Operand, error: str, message: str, *values: Operand) -> None:
        self.b.op("check", condition, *values, attrs={"error": error, "message": message}, types=[])

    def scalar(self, opcode: str, *xs: Operand | float, t: Type = B1, **attrs: Any) -> Value:
        operands = [x if isinstance(x, (Value, Const)) else constant(x) for x in xs]
        return self.b.op(opcode, *operands, attrs=attrs, types=[t]).result

    def _extremum(self, op: Op) -> list[Operand] | None:
        self._check_nonempty(op.operands[0], op.attrs["axes"], {"max": "maximum", "min": "minimum"}[op.opcode])
        return None

    def _check_nonempty(self, x: Operand, axes: Sequence[int], name: str) -> None:
        """`x` of the old function has elements along `axes`."""
        for k in axes:
            d = x.type.shape[k]
            if not prove_nonneg(d - 1, self.here):
                message = f"zero-size array to reduction operation {name} which has no identity"
                if name.startswith("arg"):
                    message = f"attempt to get {name} of an empty sequence"
                self.check(self.scalar("gt", self.b.extent(self.subst.dim(d)), 0), "ValueError", message)
                self.checked[-1].append(d - 1)

    # -- indices --------------------------------------------------------------------------------------------
    def _index(self, op: Op) -> list[Operand] | None:
        if op.opcode == "accum":
            fused = self._accumulate_product(op)
            if fused is not None:
                return [fused]
        if op.opcode == "store" and _writes_what_is_there(op):
            return [self.subst.operand(op.operands[0])]
        xs = self.xs(op)
        shape = op.operands[0].type.shape
        axis, k = 0, 1
        for item in op.attrs["index"]:
            if isinstance(item, New):
                continue
            if isinstance(item, (At, Gather)):
                if not op.attrs.get("inbounds"):
                    normalise = self._normalise_array if xs[k].type.shape else self._normalise
                    xs[k] = normalise(op.operands[k], shape[axis], axis)
                k += 1
            axis += 1
        index = op.attrs["index"]
        if not any(x.type.shape for x in _gather_operands(op)):
            index = tuple(At() if isinstance(i, Gather) else i for i in index)
        return list(self.clone(op, xs, inbounds=True, index=self.subst.attr(index)).results)

    def _normalise(self, old: Operand, extent: Dim, axis: int) -> Operand:
        """The non-negative form of index `old` (of the old function), checked where it is not proved."""
        at = as_dim(old)
        i, end = self.subst.operand(old), self.subst.dim(extent)
        message = f"index {{}} is out of bounds for axis {axis} with size {{}}"

        def proved(d: Dim) -> bool:
            return prove_nonneg(d, self.here)

        below_end = proved(extent - 1 - at)
        if proved(at):
            if not below_end:
                n = self.b.extent(end)
                self.check(self.scalar("lt", i, n), "IndexError", message, i, n)
                self.checked[-1].append(extent - 1 - at)
            return i
        if proved(-1 - at):
            if not proved(at + extent):
                self.checked[-1].append(at + extent)
                self.check(self.scalar("ge", i, self.b.extent(-end)), "IndexError", message, i, self.b.extent(end))
            return self.b.extent(as_dim(i) + end)
        n = self.b.extent(end)
        above = proved(at + extent)
        ok = None if above else self.scalar("ge", i, self.b.extent(-end))
        if not below_end:
            below = self.scalar("lt", i, n)
            ok = below if ok is None else self.scalar("logical_and", ok, below)
        if ok is not None:
            self.check(ok, "IndexError", message, i, n)
            self.checked[-1] += [at + extent, extent - 1 - at]
        negative = self.scalar("lt", i, 0)
        return self.scalar("where", negative, self.scalar("add", i, n, t=INT), i, t=INT)

    def _normalise_array(self, old: Operand, extent: Dim, axis: int) -> Operand:
        """The same for an index array, checked by its extremes before it is used."""
        i, end = self.subst.operand(old), self.subst.dim(extent)
        if isinstance(old, Value) and self.in_range.get(old) == extent:
            return i
        for known in self.normalised:
            if (i, end) in known:
                return known[i, end]
        counted = _counted(old)
        if counted is not None:
            low, high, size = counted
            some = self.here.with_nonneg(size - 1)  # where there are none, none is out of range
            if prove_nonneg(low, some) and prove_nonneg(extent - 1 - high, some):
                return i
        n = self.b.extent(end)
        key = i, end
        if i.type.dtype != "i64":  # a narrow dtype does not hold the extent, nor uint8 what is below 0
            i = self.b.emit("cast", i, dtype="i64", weak=False)
        axes = tuple(range(i.type.rank))
        message = f"index {{}} is out of bounds for axis {axis} with size {{}}"
        least = self.b.emit("min", i, axes=axes, keepdims=False)
        largest = self.b.emit("max", i, axes=axes, keepdims=False)
        # over an empty array these are the identities of min and max, which pass
        self.check(self.scalar("ge", least, self.b.extent(-end)), "IndexError", message, least, n)
        self.check(self.scalar("lt", largest, n), "IndexError", message, largest, n)
        negative = self.b.emit("lt", i, constant(0))
        wrapped = self.b.emit("where", negative, self.b.emit("add", i, n), i)
        self.normalised[-1][key] = wrapped
        return wrapped

    # -- loops ------------------------------------------------------------------------------------------------
    def _load(self, x: Operand, at: Sequence[Operand]) -> Value:
        index = tuple(At() for _ in at)
        return self.b.op("load", x, *at, attrs={"index": index, "inbounds": True}).result

    def _store(
        self, a: Value, at: Sequence[Operand], v: Operand, rest: Sequence[Dim] = (), opcode: str = "store"
    ) -> Value:
        index = (*(At() for _ in at), *full_span(rest))
        return self.b.op(opcode, a, *at, v, attrs={"index": index, "inbounds": True}).result

    def _slab(self, a: Operand, at: Sequence[Operand], rest: Sequence[Dim]) -> Value:
        index = (*(At() for _ in at), *full_span(rest))
        return self.b.op("load", a, *at, attrs={"index": index, "inbounds": True}).result

    def _empty(self, t: Type) -> Value:
        return self.b.op("empty", attrs={"shape": t.shape, "dtype": t.dtype}).result

    def _scan(self, op: Op) -> list[Operand] | None:
        """acc = acc (+ or *) x[.., k, ..]; out[.., k, ..] = acc, over slabs of the axes after `axis`."""
        x, axis = self.subst.operand(op.operands[0]), op.attrs["axis"]
        t = self.subst.type(op.result.type)
        before, n, after = t.shape[:axis], t.shape[axis], t.shape[axis + 1 :]
        one = constant(0 if op.opcode == "cumsum" else 1, Type(t.dtype))
        combine = "add" if op.opcode == "cumsum" else "mul"

        def scan(at: list[Value], carries: list[Value]) -> list[Value]:
            start: Operand = one
            if after:
                start = self.b.op("full", one, attrs={"shape": after, "dtype": t.dtype}).result

            def step(k: Value, c: list[Value]) -> list[Operand]:
                out, acc = c
                piece: Operand = self._slab(x, [*at, k], after)
                if piece.type.dtype != t.dtype:
                    piece = self.b.emit("cast", piece, dtype=t.dtype, weak=False)
                new = self.b.op(combine, acc, piece).result
                if after:
                    new = self._store(acc, [], new, after)
                return [self._store(out, [*at, k], new, after), new]

            return self.b.loop(n, [carries[0], start], step)[:1]

        return list(self.b.nest(before, [self._empty(t)], scan))

    def _arg(self, op: Op) -> list[Operand] | None:
        """The first extremum along an axis; a NaN counts as one."""
        x, axis = self.subst.operand(op.operands[0]), op.attrs["axis"]
        self._check_nonempty(op.operands[0], [axis], op.opcode)
        shape = x.type.shape
        others = [*shape[:axis], *shape[axis + 1 :]]
        t = self.subst.type(op.result.type)
        better = "gt" if op.opcode == "argmax" else "lt"

        def search(at: Sequence[Operand]) -> Value:
            def here(k: Operand) -> list[Operand]:
                return [*at[:axis], k, *at[axis:]]

            def step(k: Value, c: list[Value]) -> list[Operand]:
                value = self._load(x, here(k))
                best, where = c
                wins: Value = self.scalar(better, value, best)
                if x.type.is_float:
                    nan = self.scalar(
                        "logical_and",
                        self.scalar("isnan", value),
                        self.scalar("logical_not", self.scalar("isnan", best)),
                    )
                    wins = self.scalar("logical_or", wins, nan)
                return [
                    self.scalar("where", wins, value, best, t=Type(x.type.dtype)),
                    self.scalar("where", wins, k, where, t=Type("i64")),
                ]

            first = self._load(x, here(constant(0)))
            return self.b.loop(shape[axis], [first, constant(0, Type("i64"))], step)[1]

        if not t.shape:
            return [search([])]

        def element(at: list[Value], carries: list[Value]) -> list[Value]:
            place: list[Operand] = [*at[:axis], constant(0), *at[axis:]] if op.attrs["keepdims"] else [*at]
            return [self._store(carries[0], place, search(at))]

        return list(self.b.nest(others, [self._empty(t)], element))

    def _nonzero(self, op: Op) -> list[Operand] | None:
        mask = self.subst.operand(op.operands[0])
        (n,) = mask.type.shape

        def tally(k: Value, c: list[Value]) -> list[Operand]:
            hit = self.scalar("ne", self._load(mask, [k]), 0)
            return [self.scalar("add", c[0], self.scalar("cast", hit, t=INT, dtype="i64", weak=True), t=INT)]

        (count,) = self.b.loop(n, [constant(0)], tally)
        count.type = INT
        out = self._empty(Type("i64", (Dim.of(count),)))

        def fill(k: Value, c: list[Value]) -> list[Operand]:
            hit = self.scalar("ne", self._load(mask, [k]), 0)
            put = Region()
            with self.b.into(put):
                stored = self._store(c[0], [c[1]], k)
                put.yields = [stored, self.scalar("add", c[1], 1, t=INT)]
            types = [c[0].type, c[1].type]
            return list(self.b.op("if", hit, types=types, regions=[put, Region([], [], [c[0], c[1]])]).results)

        filled, _ = self.b.loop(n, [out, constant(0)], fill)
        self.in_range[op.results[1]] = op.operands[0].type.shape[0]
        return [count, filled]

    def _sort(self, op: Op) -> list[Operand] | None:
        """Rows of a matrix whose last axis is the one to sort along."""
        x, axis = self.subst.operand(op.operands[0]), op.attrs["axis"]
        rank, dtype = x.type.rank, op.result.type.dtype
        perm = (*(k for k in range(rank) if k != axis), axis)
        if axis != rank - 1:
            x = self.b.emit("transpose", x, perm=perm)
        shape = x.type.shape
        rows = self._reshaped(x, (Type(dtype, shape[:-1]).size, shape[-1]))
        out = self._empty(Type(dtype, rows.type.shape))
        ordered = self.b.op(op.opcode + "_rows", out, rows, attrs={"mutates": (0,)}).result
        result = self._reshaped(ordered, shape)
        if axis != rank - 1:
            back = tuple(perm.index(k) for k in range(rank))
            result = self.b.emit("transpose", result, perm=back)
        return [result]

    def _concatenate(self, op: Op) -> list[Operand] | None:
        t = self.subst.type(op.result.type)
        axis = op.attrs["axis"]
        out = self._empty(t)
        start = ZERO
        for x in self.xs(op):
            index = tuple(Span(start if k == axis else ZERO, d) for k, d in enumerate(x.type.shape))
            out = self.b.op("store", out, x, attrs={"index": index, "inbounds": True}).result
            start = start + x.type.shape[axis]
        return [out]

    # -- matrix products ----------------------------------------------------------------------------------------
    def _matmul(self, op: Op) -> list[Operand] | None:
        left, right = self.xs(op)
        return [product(self.b, left, right, self.subst.type(op.result.type))]

    def _transpose(self, op: Op) -> list[Operand] | None:
        """A product that is only read transposed is that of the transposed factors, in the other order."""
        (x,) = op.operands
        if not isinstance(x, Value) or self.uses.get(x) != 1:
            return None
        product = transposed_product(self.b, self.subst.operand(x), op.attrs["perm"])
        return None if product is None else [product]

    def untransposed(self, x: Operand) -> tuple[Operand, bool]:
        """The operand behind a transposition of a matrix."""
        return untransposed(x)

    def _reshaped(self, x: Operand, shape: Sequence[Dim]) -> Value:
        return reshaped(self.b, x, shape)

    def _accumulate_product(self, op: Op) -> Value | None:
        """``buffer += a @ b`` over the whole buffer, where the product is used nowhere else."""
        target = self.subst.operand(op.operands[0])
        whole = tuple(self.subst.attr(op.attrs["index"])) == full_span(target.type.shape)
        return self._add_product(op.operands[0], op.operands[-1]) if whole and len(op.operands) == 2 else None

    def _add(self, op: Op) -> list[Operand] | None:
        """``carried + a @ b``: the product is added to what the loop carries."""
        for x, other in (op.operands, op.operands[::-1]):
            if isinstance(x, Value) and x.op is None and x not in self.params and self.uses.get(x) == 1:
                total = self._add_product(x, other)
                if total is not None and total.type == self.subst.type(op.result.type):
                    return [total]
        return None

    def _add_product(self, x: Operand, other: Operand) -> Value | None:
        """``x + other`` in one call of BLAS; None where `other` is no product, or is used elsewhere."""
        target = self.subst.operand(x)
        if not isinstance(other, Value) or self.uses.get(other) != 1:
            return None
        new = self.subst.operand(other)
        if not isinstance(new, Value) or new.op is None or new.op.opcode != "gemm" or new.type != target.type:
            return None
        if new.op not in self.b.region.ops:
            return None
        return self.b.op(
            "gemm", target, *new.op.operands[1:4], constant(1.0, Type(target.type.dtype)), attrs=new.op.attrs
        ).result


def _counted(x: Operand) -> tuple[Dim, Dim, Dim] | None:
    """The least and the largest of the integers 0, 1, ... that an array holds, and how many they are, whatever its
    shape."""
    op = x.op if isinstance(x, Value) else None
    while op is not None and op.opcode in ("reshape", "broadcast_to", "transpose"):
        inner = op.operands[0]
        op = inner.op if isinstance(inner, Value) else None
    if op is None or op.opcode != "iota" or op.attrs["dtype"] != "i64":
        return None
    start, step = op.operands
    if not (isinstance(start, Const) and isinstance(step, Const) and step.value > 0):
        return None
    return as_dim(start), as_dim(start) + int(step.value) * (op.attrs["size"] - 1), op.attrs["size"]


def _gather_operands(op: Op) -> list[Operand]:
    taking = [i for i in op.attrs["index"] if isinstance(i, (At, Gather))]
    return [op.operands[1 + k] for k, i in enumerate(taking) if isinstance(i, Gather)]


def _writes_what_is_there(op: Op) -> bool:
    """Whether a store puts back what a load read at the same place of the same array."""
    value = op.operands[-1]
    read = value.op if isinstance(value, Value) else None
    if read is None or read.opcode != "load" or read.attrs["index"] != op.attrs["index"]:
        return False
    return len(read.operands) == len(op.operands) - 1 and all(
        x is y or x == y for x, y in zip(read.operands, op.operands, strict=False)
    )
