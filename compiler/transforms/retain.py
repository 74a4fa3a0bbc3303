"""Make the reverse sweep's reads of forward values legal, at the least cost.

After `reverse`, a reverse region may read a value that lives inside the forward region it undoes. For
each such value this pass chooses between

- *recompute*: clone its computation into the reverse region, from values that are available there
  (indices, constants, values from outside the loop, loads of arrays that are not overwritten);
- *read again*: an element that was loaded from, or stored to, an array and that no later store
  overwrites is still in the array's last version, and one that the loop around it has not written yet is in the
  array as it was before the loop (`analysis.webs`, `analysis.dependence`);
- *roll back*: the reverse sweep undoes in-place writes from a log (`rollback`);
- *keep*: a slot (a branch), a preallocated tape indexed by the iteration (loops with trip counts known
  before they start), or a growing last-in first-out tape (`while`, ragged nests).

The choice is a minimum cut over bytes (see `cut`): source -> what cannot be recomputed, sink <- what
the reverse sweep reads; dear ops (elementary functions, matrix products, loops) are barred from recomputation.

Before::

    %y = for %i in 0, n0, 1, %s0 { %a = load %x[%i]  %b = sin %a  %s1 = mul %s, %b ... }
    ... = for %i in n0 - 1, -1, -1, %s_adj { ... mul %s_adj, %b ... mul %s_adj, %s }

after, with ``%x`` never overwritten: ``%b`` and ``%s`` on tapes, ``%a`` (if it were read) loaded again.
"""

from __future__ import annotations

from ..analysis.dataflow import substitute
from ..analysis.dependence import Accesses
from ..analysis.rounding import decisions
from ..analysis.structure import free_values, loop_of
from ..analysis.webs import Web, linear_webs
from ..ir.builder import Builder
from ..ir.indexing import indexed_shape
from ..ir.nodes import Function, Op, Operand, Region, Substitution, Value
from ..ir.opdef import opdef
from ..rules.indexing import has_gather, index_operands
from .cut import choose_kept, cost_of
from .joint import Joint
from .keep import Keeper
from .lower_powers import is_product
from .remat import rematerialise
from .rollback import Rollback, plan_rollbacks, roll_back


def retain(fn: Function) -> Function:
    """Legalise the cross reads of a function made by `reverse`, in place of it (and its callees)."""
    from .split import split

    for callee in list(fn.callees.values()):
        if "backward" in callee.attrs:
            split(callee, fn.callees[callee.attrs.pop("backward")])
        elif "pairs" in callee.attrs:
            _retain(callee)
    if "pairs" in fn.attrs:
        _retain(fn)
    return fn


def _retain(fn: Function) -> None:
    for loop, joint in fn.attrs.pop("joints").items():
        _retain_joint(fn, loop, joint)
    retainer = Retainer(fn)
    retainer.run()
    rematerialise(fn, retainer.forward_ops, retainer.recomputable)


def _retain_joint(fn: Function, loop: Op, joint: Joint) -> None:
    """The iteration of a loop that holds both sweeps, as a function whose parameters are all that it reads."""
    region = loop.regions[0]
    whole = Region([*region.params, *free_values([region])], region.ops, region.yields)
    attrs = {"pairs": joint.pairs, "forward_ops": joint.forward_ops, "joints": {}}
    _retain(Function(fn.name, whole, list(fn.assumptions), fn.callees, attrs))
    region.ops, region.yields = whole.ops, whole.yields


class Retainer(Keeper):
    """Finds what a reverse sweep reads of its forward sweep, and makes it available (see the module)."""

    def __init__(self, fn: Function):
        super().__init__(fn)
        self.made: dict[Value, Operand] = {}
        self.rollbacks: list[Rollback] = []
        self.restored: set[Value] = set()  # loads that read from a rolled back array
        self.narrow = any(
            x.type.dtype not in ("f64", "i64", "b1")
            for x in (*fn.params, *(r for op in fn.body.walk() for r in op.results))
        )
        self.decisions = decisions(fn)
        # the access that finds the value in another version of the array, and that version
        self.again: dict[Value, tuple[Op, Value] | None] = {}

    def run(self) -> None:
        drop_unused(self.fn.body)
        self.scan(self.fn.body)
        self.find_partners()
        needed: dict[Value, None] = {}
        self.collect(self.fn.body, needed)
        if needed:
            self.accesses = Accesses(self.fn)
            self.webs = linear_webs(self.fn, self.forward_ops, self.accesses)
            self.stored_by = stores_by_value(self.fn)
            self.choose(list(needed))
            self.find_successors()
            for plan in self.rollbacks:
                roll_back(self, plan)
            self.rewrite(self.fn.body)
            for region, ops in self.prologue.items():
                region.ops[:0] = ops
        for back, forward in self.pairs.items():
            if back.opcode == "call":
                self.tape_call(forward, back)

    def choose(self, needed: list[Value]) -> None:
        """Decide what is kept, and which arrays are rolled back."""
        arguments = (self.fn, self.is_outer, self.sources, self.freely_available)
        self.kept = choose_kept(needed, *arguments)
        self.rollbacks = plan_rollbacks(self, self.kept, cost_of(self.fn))
        if self.rollbacks:
            self.logged = {v for plan in self.rollbacks for v in plan.old.values()}
            self.restored = {op.result for plan in self.rollbacks for op in plan.loads} - self.logged
            self.kept = choose_kept([*needed, *self.logged], *arguments)

    # -- structure ------------------------------------------------------------------------------
    # -- what is needed -----------------------------------------------------------------------------
    def collect(self, region: Region, needed: dict[Value, None]) -> None:
        for op in region.ops:
            for v in op.used_values():
                if not self.in_scope(v, region):
                    needed.setdefault(v)
            for sub in op.regions:
                self.collect(sub, needed)
        for y in region.yields:
            if isinstance(y, Value) and not self.in_scope(y, region):
                needed.setdefault(y)

    def freely_available(self, v: Value) -> bool:
        """The index of a loop: the reverse loop has it too."""
        if v.op is not None:
            return False
        region = self.home[v]
        return region in self.owner and self.owner[region][0].opcode == "for" and region.params[0] is v

    def sources(self, v: Value) -> list[Value] | None:
        """What v can be had from in the reverse sweep without keeping it; None when it must be kept."""
        if v in self.logged:
            return None
        if v in self.restored:
            assert v.op is not None
            return [x for x in v.op.used_values() if x is not v.op.operands[0]]
        again = self.read_again(v)
        if again is not None:
            access, version = again
            own = [x for x in access.used_values() if x is not access.operands[0] and x is not v]
            return [*own, version]
        if not self.recomputable(v):
            return None
        assert v.op is not None
        return list(v.op.used_values())

    def read_again(self, v: Value) -> tuple[Op, Value] | None:
        """A load of v or a store of it whose element no later store overwrites, and the last version of the array;
        or a load of an element that the loop around it has not written yet, and the array before the loop."""
        if v not in self.again:
            candidates = [s for s in self.stored_by.get(v, []) if self.home[s.result] is self.home[v]]
            load = v.op if v.op is not None and v.op.opcode == "load" else None
            if load is not None:
                candidates.append(load)
            found = next(((c, self.webs[c.operands[0]].last) for c in candidates if self.survives(c)), None)  # type: ignore[index]
            if found is None and load is not None:
                before = self.before_loop(load)
                found = (load, before) if before is not None else None
            self.again[v] = found
        return self.again[v]

    def survives(self, access: Op) -> bool:
        web = self.web_of(access)
        if web is None or access in web.stale:
            return False
        return not any(self.accesses.may_overwrite(access, s) for s in web.stores)

    def before_loop(self, load: Op) -> Value | None:
        """The array at the start of the outermost loop around a load, if the loop cannot have written the element."""
        web, chain = self.web_of(load), self.chain(load.result)
        if web is None or load in web.stale or not chain or chain[0][0].opcode not in ("for", "while"):
            return None
        outermost = chain[0][0]
        loop = loop_of(outermost)
        carried = [x for x, p in zip(loop.inits, loop.params, strict=True) if self.webs.get(p) is web]
        if len(carried) != 1 or not isinstance(carried[0], Value):
            return None
        inside = set(outermost.regions[-1].walk())
        if any(self.accesses.may_overwrite(s, load) for s in web.stores if s in inside):
            return None
        return carried[0]

    def web_of(self, access: Op) -> Web | None:
        array = access.operands[0]
        return self.webs.get(array) if isinstance(array, Value) else None

    def recomputable(self, v: Value) -> bool:
        op = v.op
        if op is None or op.regions or len(op.results) != 1:
            return False
        if v in self.decisions:
            return False
        entry = opdef(op.opcode)
        if entry.kind in ("control", "effect", "tape") and op.opcode != "extent":
            return False
        if op.opcode in ("store", "accum", "empty"):
            return False
        if entry.kind in ("linalg", "reduction"):
            return False
        if op.opcode in ("div", "pow", "mod", "floordiv") and v.type.weak:
            return entry.cost < 10
        if op.opcode == "pow" and is_product(op):
            return True
        return entry.cost < 10 and not op.attrs.get("math")

    # -- rewriting ------------------------------------------------------------------------------------
    def rewrite(self, region: Region) -> None:
        for op in list(region.ops):
            outside = [v for v in op.used_values() if not self.in_scope(v, region)]
            if outside:
                substitute(op, Substitution({v: self.materialise(v) for v in dict.fromkeys(outside)}))
            for inner in op.regions:
                for p in inner.params:
                    outside = [v for d in p.type.shape for v in d.values() if not self.in_scope(v, region)]
                    if outside:
                        p.type = Substitution({v: self.materialise(v) for v in outside}).type(p.type)
                self.rewrite(inner)
        region.yields = [
            self.materialise(y) if isinstance(y, Value) and not self.in_scope(y, region) else y for y in region.yields
        ]

    def materialise(self, v: Value) -> Operand:
        """An operand, visible in the reverse region that undoes v's region, equal to v at that iteration."""
        if v in self.made:
            return self.made[v]
        home = self.home[v]
        target = self.partner[home]
        if self.freely_available(v):
            out: Operand = target.params[0]
        elif v in self.kept:
            out = self.as_weak(self.keep(v, target), v, target)
        else:
            out = self.as_weak(self.recompute(v, target), v, target)
        self.made[v] = out = self.renamed(out, v, target)
        return out

    def renamed(self, x: Operand, v: Value, target: Region) -> Operand:
        """`x` with its extents by the names that they have in the reverse sweep: what was stored or kept may know
        them by others."""
        inside = [y for d in v.type.shape for y in d.values()]
        if not inside or not isinstance(x, Value):
            return x
        shape = self.mapped(inside, target).type(v.type).shape
        if x.type.shape == shape:
            return x
        reshape = Op("reshape", [x], {"shape": shape}, [x.type.with_shape(shape)], hints=[v.hint])
        self.emit(target, reshape)
        return reshape.result

    def as_weak(self, x: Operand, v: Value, target: Region) -> Operand:
        """`x`, read from memory in place of `v`: a Python number again if v is one and the program has dtypes
        that such a number does not widen (memory knows dtypes only)."""
        if not v.type.weak or x.type.weak or not self.narrow:
            return x
        cast = Op("cast", [x], {"dtype": v.type.dtype, "weak": True}, [v.type], hints=[v.hint])
        self.emit(target, cast)
        return cast.result

    def here(self, x: Operand, target: Region) -> Operand:
        if isinstance(x, Value) and not self.in_scope(x, target):
            return self.materialise(x)
        return x

    def mapped(self, values: list[Value], target: Region) -> Substitution:
        return Substitution({v: self.here(v, target) for v in values})

    def recompute(self, v: Value, target: Region) -> Operand:
        again = self.read_again(v)
        if again is not None:
            access, version = again
            at = index_operands(access)
            sub = self.mapped([x for x in access.used_values() if x is not access.operands[0] and x is not v], target)
            scratch = Region()
            index = tuple(sub.attr(i) for i in access.attrs["index"])
            Builder(scratch, access.loc).emit(
                "load",
                self.here(version, target),
                *[sub.operand(x) for x in at],
                index=index,
                hint=v.hint,
            )
            scratch.ops[0].attrs["retained"] = "read again: no later store overwrites it"
            self.emit(target, scratch.ops[0])
            return scratch.ops[0].result
        assert v.op is not None, v
        sub = self.mapped(list(v.op.used_values()), target)
        op = sub.clone_op(v.op)
        is_load = op.opcode == "load"
        op.attrs["retained"] = (
            "read again: nothing overwrites its array" if is_load else "computed again: cheaper than to keep it"
        )
        self.emit(target, op)
        return op.results[0]

    # -- keeping ----------------------------------------------------------------------------------------
    def why_kept(self, v: Value) -> str:
        """For the user: the decision and its reason (see `compiler/memory.py`)."""
        if v in self.logged:
            return "logged: overwritten in place, and put back by the reverse sweep, which reads it"
        if v.op is None:
            return "taped: each iteration replaces it"
        if self.recomputable(v):
            return "taped: what it is computed from takes more memory"
        if v.op.opcode == "load":
            return "taped: its place is overwritten later"
        return f"taped: {v.op.opcode} is too dear to compute again"


def stores_by_value(fn: Function) -> dict[Value, list[Op]]:
    """The stores that put a value, whole and unconverted, into an array."""
    out: dict[Value, list[Op]] = {}
    for op in fn.body.walk():
        if op.opcode == "store":
            v, array = op.operands[-1], op.operands[0]
            index = op.attrs["index"]
            if not isinstance(v, Value) or v.type.dtype != array.type.dtype or has_gather(op):
                continue
            if indexed_shape(array.type.shape, index, index_operands(op)) == v.type.shape:
                out.setdefault(v, []).append(op)
    return out


def drop_unused(body: Region) -> None:
    """Remove pure ops of the reverse sweep without uses, so that nothing is kept for them."""
    while _prune(body, _used_values(body)):
        pass


def _used_values(body: Region) -> set[Value]:
    used: set[Value] = set()

    def visit(region: Region) -> None:
        used.update(x for p in region.params for d in p.type.shape for x in d.values())
        for op in region.ops:
            used.update(op.used_values())
            for r in op.regions:
                visit(r)
        used.update(y for y in region.yields if isinstance(y, Value))

    visit(body)
    return used


def _prune(region: Region, used: set[Value]) -> bool:
    changed = False
    kept = []
    for op in region.ops:
        pure = not op.regions and opdef(op.opcode).kind not in ("control", "effect", "tape")
        if pure and op.attrs.get("reverse") and not any(r in used for r in op.results):
            changed = True
            continue
        for r in op.regions:
            changed |= _prune(r, used)
        kept.append(op)
    region.ops = kept
    return changed
