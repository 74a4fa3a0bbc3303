"""Checks that a function is valid IR.

Guarantees, when `verify` returns: every value is defined once and before it is read, in its own
region or an enclosing one (values inside extents included); every op is registered and its result
types are those the registry infers (`weak` apart); regions, carries, yields and calls fit together;
indices fit their operands; every tape is used at most once on every path. With ``cross_reads=True``
a value may also be read where the region that defines it is already over (between `reverse` and
`retain`).

Raises InternalError that names the op and the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import InternalError
from .dims import Dim
from .indexing import broadcast_extents, indexed_shape, operand_count
from .nodes import (
    UNKNOWN,
    At,
    Const,
    Function,
    Gather,
    Loc,
    New,
    Op,
    Operand,
    Region,
    Span,
    Substitution,
    Value,
    as_dim,
)
from .opdef import REGISTRY, opdef
from .printer import print_op
from .types import Type

UNKNOWN_EXTENT = Dim.of("?")  # inferred for the results whose extent is known only when they are made


def verify(fn: Function, cross_reads: bool = False) -> None:
    """Check a function and its callees."""
    for f in (fn, *fn.callees.values()):
        _Verifier(f, {**fn.callees, **f.callees}, cross_reads).run()


def _same(a: Type, b: Type) -> bool:
    return a.dtype == b.dtype and a.tape == b.tape and a.shape == b.shape


def _same_or_unknown(declared: Type, inferred: Type, given: set[Dim]) -> bool:
    """Whether a declared type is the inferred one, where compile time can tell.

    Of two extents that broadcast, at least one known only at run time, either may be declared.
    """

    def fits(d: Dim, i: Dim) -> bool:
        return i in (d, UNKNOWN_EXTENT) or (d in given and (d.has_values or i.has_values))

    return (
        declared.dtype == inferred.dtype
        and declared.tape == inferred.tape
        and declared.rank == inferred.rank
        and all(map(fits, declared.shape, inferred.shape))
    )


class _Verifier:
    def __init__(self, fn: Function, callees: dict[str, Function], cross_reads: bool):
        self.fn = fn
        self.callees = callees
        self.cross_reads = cross_reads
        self.visible: set[Value] = set()
        self.defined: set[Value] = set()
        self.symbols = set(fn.symbols())
        self.control: dict[str, Callable[[Op], None]] = {
            "if": self._if,
            "for": self._for,
            "while": self._while,
            "call": self._call,
            "check": self._check,
        }

    def run(self) -> None:
        for d in self.fn.assumptions:
            if d.has_values:
                raise self.broken("assumptions are over symbols only", str(d))
        self.region(self.fn.body, None)
        _check_tapes(self.fn.body, self)

    def broken(self, rule: str, what: str, op: Op | None = None) -> InternalError:
        text = f"\nin:\n{print_op(op)}" if op is not None else ""
        loc: Loc = op.loc if op is not None else UNKNOWN
        return InternalError(f"{self.fn.name} is not valid IR: {rule}: {what}{text}", loc)

    def require(self, condition: bool, rule: str, what: object, op: Op | None) -> None:
        """Raise unless the condition holds. `what` is called for its text if it is a function."""
        if not condition:
            raise self.broken(rule, what() if callable(what) else str(what), op)

    # -- definitions and uses -----------------------------------------------------------------------
    def define(self, value: Value, op: Op | None) -> None:
        self.require(value not in self.defined, "a value is defined once", value, op)
        self.type(value.type, op)
        self.defined.add(value)
        self.visible.add(value)

    def read(self, value: Value, op: Op | None) -> None:
        allowed = self.defined if self.cross_reads else self.visible
        self.require(value in allowed, "a value is defined before it is read, and visible", value, op)

    def dim(self, dim: Dim, op: Op | None) -> None:
        for atom in dim.atoms():
            if isinstance(atom, str):
                self.require(atom in self.symbols, "symbols are extents of parameters", atom, op)
            elif isinstance(atom, Value):
                self.read(atom, op)
                self.require(
                    atom.type.dtype == "i64" and atom.type.is_scalar, "extents are integers of 64 bits", atom, op
                )

    def type(self, type: Type, op: Op | None) -> None:
        for d in type.shape:
            self.dim(d, op)
            self.require(not d.is_const or d.const >= 0, "extents are not negative", type, op)

    def attr(self, a: object, op: Op) -> None:
        if isinstance(a, Dim):
            self.dim(a, op)
        elif isinstance(a, Span):
            self.dim(a.start, op)
            self.dim(a.size, op)
        elif isinstance(a, tuple):
            for x in a:
                self.attr(x, op)

    def region(self, region: Region, op: Op | None) -> None:
        outer = set(self.visible)
        for p in region.params:
            self.define(p, op)
        for inner in region.ops:
            self.op(inner)
        for y in region.yields:
            if isinstance(y, Value):
                self.read(y, op)
        self.visible = outer

    # -- ops ----------------------------------------------------------------------------------------
    def op(self, op: Op) -> None:
        self.require(op.opcode in REGISTRY, "an op is in the registry", op.opcode, op)
        for x in op.operands:
            if isinstance(x, Value):
                self.read(x, op)
            else:
                scalar = isinstance(x, Const) and x.type.is_scalar
                self.require(scalar, "operands are values or constants", x, op)
        for a in op.attrs.values():
            self.attr(a, op)
        if "index" in op.attrs:
            self._index(op)
        for r in op.regions:
            self.region(r, op)
        for result in op.results:
            self.require(result.op is op, "a result knows its op", result, op)
            self.define(result, op)
        if op.opcode in self.control:
            self.control[op.opcode](op)
        self._inferred(op)

    def _inferred(self, op: Op) -> None:
        try:
            inferred = opdef(op.opcode).infer(op.operands, op.attrs)
        except NotImplementedError:
            return  # types of control ops are explicit
        except (TypeError, ValueError, IndexError, KeyError, AssertionError) as e:
            raise self.broken("operands and attributes fit the op", f"{type(e).__name__}: {e}", op) from e
        declared = [r.type for r in op.results]
        given = {d for x in op.operands for d in x.type.shape}
        self.require(
            len(declared) == len(inferred)
            and all(_same_or_unknown(d, i, given) for d, i in zip(declared, inferred, strict=True)),
            "result types are what the registry infers",
            lambda: "declared " + ", ".join(map(str, declared)) + ", inferred " + ", ".join(map(str, inferred)),
            op,
        )

    def _index(self, op: Op) -> None:
        index, (array, *rest) = op.attrs["index"], op.operands
        items = all(isinstance(item, (At, Span, New, Gather)) for item in index)
        self.require(items, "an index is a tuple of At, Span, New, Gather", index, op)
        writes = op.opcode in ("store", "accum")
        self.require(len(rest) == operand_count(index) + writes, "every At and Gather takes an operand", len(rest), op)
        places = rest[: operand_count(index)]
        wide = all(x.type.shape or x.type.dtype == "i64" for x in places)
        self.require(wide, "an integer index has 64 bits", places, op)
        spans = [item for item in index if isinstance(item, Span)]
        self.require(all(s.step != 0 for s in spans), "the step of a Span is not zero", spans, op)
        if writes:
            has_new = any(isinstance(item, New) for item in index)
            self.require(not has_new, "New occurs only in load", index, op)
        try:
            shape = indexed_shape(array.type.shape, index, rest)
            if writes:
                stored = broadcast_extents([shape, rest[-1].type.shape])
                fits = stored == shape or any(d.has_values for d in (*stored, *shape))
                self.require(fits, "a stored value broadcasts to the place", rest[-1].type, op)
        except (TypeError, ValueError, IndexError) as e:
            raise self.broken("an index fits its operands", str(e), op) from e

    # -- control --------------------------------------------------------------------------------------
    def _arity(self, op: Op, regions: int) -> None:
        self.require(len(op.regions) == regions, f"{op.opcode} has {regions} regions", len(op.regions), op)

    def _match(
        self, op: Op, what: str, got: Sequence[Operand], want: Sequence[Operand], known: Substitution | None = None
    ) -> None:
        bound = (known or Substitution()).type
        fits = len(got) == len(want) and all(_same(g.type, bound(w.type)) for g, w in zip(got, want, strict=True))

        def types(xs: Sequence[Operand]) -> str:
            return ", ".join(str(x.type) for x in xs)

        self.require(fits, f"{what} have the same types", lambda: f"({types(got)}) and ({types(want)})", op)

    def _truth(self, op: Op, x: Sequence[Operand], what: str) -> None:
        fits = len(x) == 1 and x[0].type.is_bool and x[0].type.is_scalar
        self.require(fits, f"{what} is one boolean scalar", lambda: str([v.type for v in x]), op)

    def _if(self, op: Op) -> None:
        self._arity(op, 2)
        self._truth(op, op.operands, "the condition of if")
        for r in op.regions:
            self.require(not r.params, "regions of if have no parameters", r.params, op)
            # an extent that is a result of the same op is what the region yields for it
            own = Substitution(dict(zip(op.results, r.yields, strict=False)))
            self._match(op, "yields and results of if", r.yields, op.results, own)

    def _for(self, op: Op) -> None:
        self._arity(op, 1)
        self.require(len(op.operands) >= 3, "for takes lo, hi, step", len(op.operands), op)
        bounds, inits, (body,) = op.operands[:3], op.operands[3:], op.regions
        integers = all(b.type.is_int and b.type.is_scalar for b in [*bounds, *body.params[:1]])
        self.require(integers, "bounds and index of for are integers", [b.type for b in bounds], op)
        step = bounds[2]
        self.require(not isinstance(step, Const) or step.value != 0, "the step of for is not zero", step, op)
        yields, results = body.yields, op.results
        if op.attrs.get("stop", False):
            self._truth(op, yields[:1], "the first yield of for {stop}")
            counted = bool(results) and results[0].type.is_int
            self.require(counted, "for {stop} counts its iterations", results, op)
            yields, results = yields[1:], results[1:]
        self._match(op, "parameters and initial values of for", body.params[1:], inits)
        self._match(op, "yields and parameters of for", yields, body.params[1:])
        self._match(op, "results and initial values of for", results, inits)

    def _while(self, op: Op) -> None:
        self._arity(op, 2)
        condition, body = op.regions
        results = op.results
        if op.attrs.get("counted", False):
            counted = bool(results) and results[0].type.is_int
            self.require(counted, "while {counted} counts its trips", results, op)
            results = results[1:]
        self._truth(op, condition.yields, "the condition of while")
        for r in op.regions:
            self._match(op, "parameters and initial values of while", r.params, op.operands)
        self._match(op, "yields and parameters of while", body.yields, body.params)
        self._match(op, "results and initial values of while", results, op.operands)

    def _check(self, op: Op) -> None:
        self._truth(op, op.operands[:1], "the condition of check")

    def _call(self, op: Op) -> None:
        name = op.attrs.get("callee")
        self.require(name in self.callees, "a callee is known", name, op)
        callee = self.callees[str(name)]
        fits = len(op.operands) == len(callee.params) and len(op.results) == len(callee.body.yields)
        self.require(fits, "a call has the arguments and results of its callee", callee.name, op)
        symbols: dict[str, Dim] = {}
        values = dict(zip(callee.params, op.operands, strict=True))
        for p, x in zip(callee.params, op.operands, strict=True):
            for formal, actual in zip(p.type.shape, x.type.shape, strict=False):
                if len(formal.terms) == 1 and len(formal.terms[0][0]) == 1 and formal.terms[0][1] == 1:
                    (atom,) = formal.terms[0][0]
                    if isinstance(atom, str):
                        symbols.setdefault(atom, actual)
        for p, x in zip(callee.params, op.operands, strict=True):
            self._matches_formal(op, x.type, p.type, symbols, values)
        for result, y in zip(op.results, callee.body.yields, strict=True):
            self._matches_formal(op, result.type, y.type, symbols, values)

    def _matches_formal(
        self, op: Op, actual: Type, formal: Type, symbols: dict[str, Dim], values: dict[Value, Operand]
    ) -> None:
        def leaf(atom: object) -> Dim:
            return symbols[atom] if isinstance(atom, str) else as_dim(values[atom])  # type: ignore[index]

        def fits(a: Dim, f: Dim) -> bool:
            known = all(
                atom in symbols if isinstance(atom, str) else atom in values
                for atom in f.atoms()
                if isinstance(atom, (str, Value))
            )
            # an extent that the callee computes is explicit at the call
            if not known:
                return True
            bound = f.substitute(leaf)
            return bound == a or bound.has_values or a.has_values

        ok = actual.dtype == formal.dtype and actual.tape == formal.tape and actual.rank == formal.rank
        ok = ok and all(map(fits, actual.shape, formal.shape))
        self.require(ok, "a call has the types of its callee", lambda: f"{actual} for {formal}", op)


def _check_tapes(body: Region, verifier: _Verifier) -> None:
    """Every tape value is used at most once on every path, and not again in every iteration."""

    def use(x: Operand, op: Op | None, used: set[Value], own: set[Value]) -> None:
        if isinstance(x, Value) and x.type.tape:
            verifier.require(x not in used, "a tape is used once", x, op)
            # `own`: tapes of this iteration; another one would be used in every iteration
            verifier.require(x in own, "a loop carries the tapes that it uses", x, op)
            used.add(x)

    def scan(region: Region, op: Op | None, used: set[Value], own: set[Value]) -> None:
        own.update(p for p in region.params if p.type.tape)
        for inner in region.ops:
            for x in inner.operands:
                use(x, inner, used, own)
            if inner.opcode in ("for", "while"):
                for r in inner.regions:
                    scan(r, inner, used, set())
            else:
                branches = [set(used) for _ in inner.regions]
                for r, branch in zip(inner.regions, branches, strict=True):
                    scan(r, inner, branch, own)
                used.update(*branches)
            own.update(r for r in inner.results if r.type.tape)
        for y in region.yields:
            use(y, op, used, own)

    scan(body, None, set(), set())
