"""What an innermost loop hands from one iteration to the next is computed last.

The time of a recurrence is the latency of the ops from a carried scalar to its next value, so that path is made
short. A value is *late* if it depends on a carried scalar whose own next value depends on it.

- A sum with one late term adds it last: ``(%a + %s) + %b`` is ``(%a + %b) + %s``.
- A product of such a sum and a constant is distributed, ``(%a + %s) * 0.25`` is ``%a * 0.25 + %s * 0.25``: one fused
  multiply-add on the path in place of two ops. In the reverse sweep any constant will do; elsewhere a power of two,
  with which it is exact.
- In the reverse sweep a quotient by a constant is a product with its reciprocal (outside of recurrences too).
- A linear recurrence with a constant factor looks two iterations back. With ``%v = %a + c * %p``, where `%p` is `%v` of
  the iteration before and `%a` does not depend on it, `%v` is also ``(%a + c * %b) + (c * c) * %q``, where `%b` and
  `%q` are `%a` of the iteration before and `%v` of the one before that: each iteration then waits for the last but
  one, and two are under way at once.

So additions change their order, as they do where a reduction is vectorised, and a derivative may differ in the last
bit from what its rule says. What is compared stays as it is, with all that it comes from: a path is not to hang on such
a bit, and what the reverse sweep computes again has to be what the forward sweep found (the places of a maximum).
"""

from __future__ import annotations

import math
from collections import Counter

from ..analysis.alias import Carried
from ..analysis.dataflow import reads, slice_of
from ..ir.builder import constant
from ..ir.nodes import Const, Function, Op, Operand, Region, Value
from ..ir.opdef import COMPARISONS

_SUMS = frozenset({"add", "sub"})
_JUMPS = COMPARISONS | {"floor", "ceil", "rint", "trunc", "sign"}
_NONE: frozenset[int] = frozenset()


def shorten_recurrences(fn: Function) -> None:
    """Shorten the recurrences of the innermost loops of a lowered function, in place."""
    tests = (x for op in fn.body.walk() if op.opcode in _JUMPS for x in op.operands)
    _walk(fn.body, slice_of(fn, tests))


def _walk(region: Region, compared: set[Value]) -> None:
    for op in region.ops:
        if op.opcode == "div" and op.attrs.get("reverse") and op.result not in compared:
            _reciprocal(op)
        for r in op.regions:
            _walk(r, compared)
        if op.opcode == "for" and not any(o.regions for o in op.regions[0].ops):
            late = _late(op)
            if late:
                body = _Body(op.regions[0], late - compared)
                body.run()
                if not op.attrs.get("stop"):
                    _look_ahead(op, late | body.late, compared)


def _look_ahead(loop: Op, late: set[Value], compared: set[Value]) -> None:
    """Let the linear recurrences of a loop with constant factors depend on the iteration before the last."""
    carried, body = Carried(loop), loop.regions[0]
    uses = Counter(y for y in body.yields if isinstance(y, Value))
    for op in body.ops:
        uses.update(reads(op))
    for init, p, y in zip(carried.inits, list(carried.params), list(carried.yields), strict=True):
        found = None if y in compared else _linear(p, y, body, late, uses)
        if found is None:
            continue
        rest, product, c = found
        assert isinstance(y, Value) and y.op is not None
        if isinstance(rest, Const):
            rest = constant(rest.value, y.type)
        before, last = Value(y.type, f"{p.hint or 'v'}_before"), Value(y.type, "last")
        near, far = (
            Op("mul", [v, constant(factor)], dict(product.attrs), [y.type], None, product.loc)
            for v, factor in ((last, c), (before, c * c))
        )
        known = Op("add", [rest, near.result], dict(y.op.attrs), [y.type], None, y.op.loc)
        new = [near, known, far, Op("add", [known.result, far.result], dict(y.op.attrs), [], None, y.op.loc)]
        new[-1].results = [y]
        at = body.ops.index(y.op)
        body.ops[at : at + 1] = new
        y.op = new[-1]
        body.ops.remove(product)
        loop.operands += [constant(0.0, y.type), init]
        body.params += [before, last]
        body.yields += [p, rest]
        loop.results += [Value(y.type, v.hint, loop) for v in (before, last)]


def _linear(
    p: Value, y: Operand, body: Region, late: set[Value], uses: Counter[Value]
) -> tuple[Operand, Op, float] | None:
    """Of ``y = rest + p * c``, the next value of `p`: the rest, the product and c. None where it is no such sum, where
    c * c may not be exact outside of the reverse sweep, and where c is 1: a sum is to stay one."""
    total = y.op if isinstance(y, Value) else None
    if total is None or total.opcode not in _SUMS or total not in body.ops or y.type != p.type or y.type.weak:
        return None
    for k, x in enumerate(total.operands):
        product, rest = (x.op if isinstance(x, Value) else None), total.operands[1 - k]
        if product is None or product.opcode != "mul" or product not in body.ops or uses[product.result] != 1:
            continue
        if total.opcode == "sub" and k == 0:
            continue
        factor = next((z for z in product.operands if isinstance(z, Const)), None)
        if factor is None or p not in product.operands or product.result.type != y.type:
            continue
        if isinstance(rest, Value) and (rest in late or rest.type != y.type):
            continue
        c = -float(factor.value) if total.opcode == "sub" else float(factor.value)
        exact = abs(math.frexp(c)[0]) == 0.5
        if 1e-3 < abs(c) < 1e3 and c != 1.0 and (exact or total.attrs.get("reverse")):
            return rest, product, c
    return None


def _reciprocal(op: Op) -> None:
    c = op.operands[1]
    if op.result.type.shape or not isinstance(c, Const) or not op.operands[0].type.is_float or not c.value:
        return
    inverse = 1.0 / float(c.value)
    if math.isfinite(inverse) and abs(inverse) > 1e-30 and op.operands[0].type.dtype == op.result.type.dtype:
        op.opcode = "mul"
        op.operands[1] = constant(inverse)
        op.attrs.pop("ieee", None)


def _late(loop: Op) -> set[Value]:
    """The float scalars on the way from a carried one to its own next value."""
    carried = Carried(loop)
    index = {p: k for k, p in enumerate(carried.params) if p.type.is_float and not p.type.shape}
    sources: dict[Value, frozenset[int]] = {p: frozenset({k}) for p, k in index.items()}
    for op in carried.body.ops:
        found = _NONE.union(*(sources.get(x, _NONE) for x in op.operands if isinstance(x, Value)))
        if found and len(op.results) == 1 and op.result.type.is_float and not op.result.type.shape:
            sources[op.result] = found
    carries = {k: carried.yields[k] for k in index.values()}  # carry -> its next value
    feeds = {k: sources.get(y, _NONE) if isinstance(y, Value) else _NONE for k, y in carries.items()}
    for _ in feeds:  # the carries it comes from, in any number of iterations
        feeds = {k: found.union(*(feeds[j] for j in found)) for k, found in feeds.items()}
    cyclic = {k for k, found in feeds.items() if k in found}
    return {v for v, found in sources.items() if found & cyclic}


class _Body:
    """The body of an innermost loop, rewritten op by op."""

    def __init__(self, body: Region, late: set[Value]):
        self.body = body
        self.late = late
        self.uses: Counter[Value] = Counter(y for y in body.yields if isinstance(y, Value))
        self.users: dict[Value, Op] = {}
        for op in body.ops:
            self.uses.update(reads(op))
            self.users.update((v, op) for v in reads(op))
        self.new: list[Op] = []

    def run(self) -> None:
        skipped = set()
        for op in self.body.ops:
            if op.opcode not in _SUMS or len(op.results) != 1 or op.result not in self.late or self._is_term(op):
                if op not in skipped:
                    self.new.append(op)
                continue
            factor = self._factor(op)
            split = self._split(op, factor is not None)
            if split is None:
                self.new.append(op)
                continue
            early, late, sign = split
            rest = self._sum(early, op)
            if factor is None:
                self._emit(sign, rest, late, op)
                continue
            product, c = factor
            skipped.add(product)
            parts = []
            for x in (rest, late):
                scaled = Op("mul", [x, c], dict(product.attrs), [product.result.type], None, product.loc)
                self.new.append(scaled)
                parts.append(scaled.result)
            self.late.add(parts[1])
            self._emit(sign, parts[0], parts[1], product)
        self.body.ops[:] = self.new

    def _emit(self, sign: int, rest: Operand, late: Operand, op: Op) -> None:
        """``rest + sign * late`` as the result of `op`."""
        made = Op("add" if sign > 0 else "sub", [rest, late], dict(op.attrs), [], None, op.loc)
        made.results = op.results
        op.result.op = made
        self.new.append(made)

    def _is_sum(self, x: Operand, like: Op) -> bool:
        """Whether a term is a sum of its own that can be taken apart: late, and read by nothing else."""
        op = x.op if isinstance(x, Value) else None
        if op is None or op.opcode not in _SUMS or x not in self.late or x in self.body.params:
            return False
        return self.uses[x] == 1 and x.type == like.result.type and x in self.users

    def _is_term(self, op: Op) -> bool:
        """Whether the only reader of a sum is a sum, which will take it apart."""
        user = self.users.get(op.result)
        return user is not None and user.opcode in _SUMS and self._is_sum(op.result, user) and len(user.results) == 1

    def _factor(self, op: Op) -> tuple[Op, Const] | None:
        """The product with a constant that is the only reader of a sum."""
        product = self.users.get(op.result)
        if product is None or product.opcode != "mul" or self.uses[op.result] != 1:
            return None
        c = product.operands[0] if product.operands[1] is op.result else product.operands[1]
        if not isinstance(c, Const) or product.result.type != op.result.type or not math.isfinite(c.value):
            return None
        exact = abs(math.frexp(c.value)[0]) == 0.5
        return (product, c) if exact or (product.attrs.get("reverse") and c.value) else None

    def _terms(self, op: Op, sign: int, out: list[tuple[int, Operand]]) -> None:
        for k, x in enumerate(op.operands):
            s = -sign if k and op.opcode == "sub" else sign
            if self._is_sum(x, op):
                assert isinstance(x, Value) and x.op is not None
                self._terms(x.op, s, out)
            else:
                out.append((s, x))

    def _split(self, op: Op, scaled: bool) -> tuple[list[tuple[int, Operand]], Operand, int] | None:
        """The early terms, one of them positive, the late term and its sign; None where nothing is gained."""
        terms: list[tuple[int, Operand]] = []
        self._terms(op, 1, terms)
        late = [(s, x) for s, x in terms if isinstance(x, Value) and x in self.late]
        early = [t for t in terms if t not in late]
        if len(late) != 1 or not any(s > 0 for s, _ in early) or (len(terms) == 2 and not scaled):
            return None
        return early, late[0][1], late[0][0]

    def _sum(self, terms: list[tuple[int, Operand]], op: Op) -> Operand:
        """The early terms by themselves, of the type that they have in the sum."""
        first = next(k for k, (s, _) in enumerate(terms) if s > 0)
        total = terms[first][1]
        if total.type != op.result.type:
            attrs = {"dtype": op.result.type.dtype, "weak": op.result.type.weak}
            widened = Op("cast", [total], attrs, [op.result.type], None, op.loc)
            self.new.append(widened)
            total = widened.result
        for s, x in terms[:first] + terms[first + 1 :]:
            made = Op("add" if s > 0 else "sub", [total, x], dict(op.attrs), [op.result.type], None, op.loc)
            self.new.append(made)
            total = made.result
        return total
