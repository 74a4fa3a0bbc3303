"""Random statements: assignments, writes through every kind of place, views, branches, loops, calls."""

from __future__ import annotations

import textwrap

from .idioms import Lines
from .scope import FLOAT, INT, Helper, Scope, Ty, Var
from .structures import Structures

DAMP = ["np.tanh({})", "np.sin({})", "0.5 * ({})", "np.cos({})"]


def indent(lines: Lines) -> Lines:
    return textwrap.indent("\n".join(lines or ["pass"]), "    ").split("\n")


class Statements(Structures):
    """Statements over the names of a scope; each method returns lines and updates the scope."""

    budget = 0

    # -- blocks --------------------------------------------------------------------------------------------
    def block(self, s: Scope, count: int) -> Lines:
        lines: Lines = []
        for _ in range(count):
            if self.budget <= 0:
                break
            self.budget -= 1
            lines += self.statement(s)
        return lines

    def statement(self, s: Scope) -> Lines:
        kinds = {
            self.new_scalar: 3, self.new_array: 3, self.new_int: 0.7, self.rebind: 3, self.augment: 2, self.store: 4,
            self.augmented_store: 3, self.view: 2.5, self.alias: 1, self.swap: 1, self.chained: 0.5, self.unpack: 0.7,
            self.snapshot: 1, self.idiom: 2, self.structure: 1,
            self.call_statement: 1.5, self.row_write: 1, self.walrus: 0.3, self.container: 0.8, self.out_argument: 0.4,
            self.closure: 0.6, self.asserted: 0.1,
        }  # fmt: skip
        if s.depth < 3:
            kinds |= {
                self.branch: 3,
                self.for_range: 3,
                self.for_items: 1.5,
                self.while_loop: 1,
                self.list_building: 0.8,
            }
            if s.depth:
                kinds |= {self.leave: 0.7}
            kinds |= {self.match: 0.2}
        for _ in range(8):
            lines = self.weighted(kinds)(s)
            if lines:
                return list(lines)
        return list(self.new_scalar(s))

    # -- values ----------------------------------------------------------------------------------------------
    def damped(self, s: Scope, text: str) -> str:
        """In a loop a value must not run away."""
        return self.pick(DAMP).format(text) if s.loops else text

    def value(self, s: Scope, ty: Ty, depth: int = 2) -> str:
        if ty.kind == "int":
            return self.integer(s, 0, 2)
        return self.array(s, ty.shape, depth) if ty.shape else self.float(s, depth)

    def targets(self, s: Scope, ty: Ty | None = None) -> list[Var]:
        """Names that may be rebound."""
        if s.closures:
            return []
        return [v for v in s.vars if v.writable and v.ty.kind == "float" and (ty is None or v.ty == ty)]

    def define(self, s: Scope, ty: Ty, hints: str, value: str, lo: int = 0, hi: int = 0) -> Lines:
        name = self.fresh(hints)
        s.vars.append(Var(name, ty, lo, hi))
        return [f"{name} = {value}"]

    def new_scalar(self, s: Scope) -> Lines:
        return self.define(s, FLOAT, "abcdst", self.float(s))

    def new_array(self, s: Scope) -> Lines:
        shape = self.some_shape(s)
        if self.chance(0.3):
            shape = self.pick(
                [shape[:1], shape[::-1], (shape[-1], self.random.randint(1, 3)), (self.random.randint(1, 4),)]
            )
        text = self.pick([f"np.zeros({self.shape(s, shape)})", f"np.empty_like({self.array(s, shape, 0)}) * 0.0", f"np.ones({self.shape(s, shape)})",
                          f"({self.array(s, shape, 0)}).copy()"]) if self.chance(0.3) else self.array(s, shape)  # fmt: skip
        if "empty" in text:
            text = f"np.zeros_like({self.array(s, shape, 0)})"
        return self.define(s, Ty("float", shape), "uvwhqz", text)

    def new_int(self, s: Scope) -> Lines:
        hi = self.random.randint(0, 3)
        return self.define(s, INT, "mnp", self.integer(s, 0, hi), 0, hi)

    def rebind(self, s: Scope) -> Lines:
        found = self.targets(s)
        if not found:
            return []
        v = self.recent(found)
        return [f"{v.name} = {self.damped(s, self.value(s, v.ty))}"]

    def augment(self, s: Scope) -> Lines:
        found = self.targets(s)
        if not found:
            return []
        v = self.recent(found)
        other = self.float(s) if not v.ty.shape or self.chance(0.4) else self.array(s, self.broadcastable(v.ty.shape))
        return [self.augmented(s, v.name, other)]

    def augmented(self, s: Scope, place: str, other: str) -> str:
        op = self.pick(["+=", "+=", "-=", "*=", "/="])
        if op in ("*=", "/="):
            other = self.pick(["np.sin({})", "np.tanh({})"]).format(other)
        return f"{place} {op} {'1.5 + ' if op == '/=' else ''}{other}"

    def chained(self, s: Scope) -> Lines:
        ty = self.pick([FLOAT, Ty("float", self.some_shape(s))])
        value = self.value(s, ty)
        a, b = self.fresh("abcu"), self.fresh("abcv")
        s.vars += [Var(a, ty), Var(b, ty)]
        return [f"{a} = {b} = {value}"]

    def unpack(self, s: Scope) -> Lines:
        tys = [self.pick([FLOAT, Ty("float", self.some_shape(s))]) for _ in range(2)]
        values = [self.value(s, t) for t in tys]
        names = [self.fresh("abcu") for _ in tys]
        s.vars += [Var(n, t) for n, t in zip(names, tys)]
        text = ", ".join(values)
        return self.pick([
            [f"{', '.join(names)} = {text}"],
            [f"({names[0]}, {names[1]}) = [{text}]"],
            [f"{names[0]}, *_ = {values[0]}, {values[1]}, 1.0", f"{names[1]} = {values[1]}"],
        ])  # fmt: skip

    def swap(self, s: Scope) -> Lines:
        if self.chance(0.5):
            found = self.targets(s)
            pairs = [(a, b) for a in found for b in found if a is not b and a.ty == b.ty]
            if pairs:
                a, b = self.pick(pairs)
                return [f"{a.name}, {b.name} = {b.name}, {a.name}"]
        ways = [v for v in self.arrays(s, writable=True) if v.ty.shape[0]]
        if not ways:
            return []
        v = self.recent(ways)
        i, j = self.index(s, v.ty.shape[0]), self.index(s, v.ty.shape[0])
        copy = ".copy()" if len(v.ty.shape) > 1 and self.chance(0.7) else ""
        return [f"{v.name}[{i}], {v.name}[{j}] = {v.name}[{j}]{copy}, {v.name}[{i}]{copy}"]

    def alias(self, s: Scope) -> Lines:
        found = self.arrays(s, writable=True)
        if not found:
            return []
        v = self.recent(found)
        return self.define(s, v.ty, "uvw", v.name)

    def snapshot(self, s: Scope) -> Lines:
        """A copy, and a loop that writes what was copied from it; both are read later."""
        found = [v for v in self.arrays(s, writable=True) if v.ty.shape[0]]
        if not found:
            return []
        v = self.recent(found)
        (first,) = self.define(s, v.ty, "pqw", self.pick(["{}.copy()", "np.array({})", "{} + 0.0"]).format(v.name))
        old, k = s.vars[-1].name, self.fresh("ik")
        value = self.pick(["np.sin({0}) * {1}", "{0} * {1}", "np.tanh({1}) + 0.5 * {0} * {0}"])
        update = value.format(f"{v.name}[{k}]", f"{old}[{k}{self.pick(['', ' - 1'])}]")
        return [first, f"for {k} in range(len({v.name})):", f"    {v.name}[{k}] = {update}"]

    def view(self, s: Scope) -> Lines:
        """A name for a part of an array."""
        found = self.arrays(s, writable=True)
        if not found:
            return []
        shape = self.recent(found).ty.shape
        if self.chance(0.6):
            shape = shape[1:] or (self.random.randint(0, shape[0]),)
        place = self.place(s, shape)
        return self.define(s, Ty("float", shape), "rvyw", place) if place else []

    def walrus(self, s: Scope) -> Lines:
        name = self.fresh("ab")
        value = self.float(s, 1)
        lines = self.define(s, FLOAT, "cd", f"({name} := {value}) * {name}")
        s.vars.append(Var(name, FLOAT))
        return lines

    # -- writes ------------------------------------------------------------------------------------------------
    def written(self, s: Scope) -> tuple[str, tuple[int, ...]] | None:
        """A place to write, with brackets, and its shape."""
        found = self.arrays(s, writable=True)
        if not found:
            return None
        v = self.recent(found)
        if self.chance(0.3):
            return f"{v.name}[:]", v.ty.shape
        if len(v.ty.shape) == 2 and self.chance(0.2):
            place = self.place(s, v.ty.shape[1:])
            return (f"{place}[:]", v.ty.shape[1:]) if place else None
        at, shape = [], []
        for n in v.ty.shape:
            if n and self.chance(0.6):
                at.append(self.index(s, n))
            else:
                m = self.random.randint(0, n)
                at.append(self.slice(s, n, m))
                shape.append(m)
        return f"{v.name}[{', '.join(at)}]", tuple(shape)

    def store(self, s: Scope) -> Lines:
        if self.chance(0.15) and (special := self.special_store(s)):
            return special
        where = self.written(s)
        if where is None:
            return []
        place, shape = where
        if shape and self.chance(0.7):
            value = self.array(s, self.broadcastable(shape))
        else:
            value = self.float(s)
        return [f"{place} = {self.damped(s, value)}"]

    def augmented_store(self, s: Scope) -> Lines:
        where = self.written(s)
        if where is None:
            return []
        place, shape = where
        if shape and self.chance(0.6):
            value = self.array(s, self.broadcastable(shape))
        else:
            value = self.float(s)
        return [self.augmented(s, place, value)]

    def special_store(self, s: Scope) -> Lines:
        """By mask and by index array."""
        found = self.arrays(s, writable=True)
        if not found:
            return []
        v = self.recent(found)
        kind = self.random.randint(0, 3)
        if kind == 0:
            op = self.pick(["= 0.3", f"= {self.float(s)}", "*= 0.5", "= 0.0"])
            return [f"{v.name}[{v.name} > {self.pick(['0.4', '0.0'])}] {op}"]
        if not v.ty.shape[0]:
            return []
        m = self.random.randint(1, 3)
        ints = [k.ty.shape[0] for k in self.arrays(s, "int", 1) if k.hi < v.ty.shape[0]]
        if ints:
            m = self.pick(ints)
        where = self.indices(s, v.ty.shape[0], m)
        value = self.array(s, (m, *v.ty.shape[1:]), 1) if len(v.ty.shape) < 3 and self.chance(0.6) else self.float(s)
        if kind == 1:
            return [f"np.add.at({v.name}, {where}, {value})"]
        if kind == 2:
            return [f"{v.name}[{where}] += {value}"]
        return [f"{v.name}[{where}] = {value}"]

    def row_write(self, s: Scope) -> Lines:
        """A temporary view, written at once."""
        found = [v for v in self.arrays(s, rank=2, writable=True) if v.ty.shape[0] and v.ty.shape[1]]
        if not found:
            return []
        v = self.recent(found)
        name = self.fresh("r")
        lines = [f"{name} = {v.name}[{self.index(s, v.ty.shape[0])}]"]
        row = Var(name, Ty("float", v.ty.shape[1:]))
        s.vars.append(row)
        lines.append(self.augmented(s, f"{name}[{self.index(s, v.ty.shape[1])}]", self.float(s)))
        if self.chance(0.5):
            lines.append(f"{name}[:] = {self.array(s, row.ty.shape)}")
        return lines

    def out_argument(self, s: Scope) -> Lines:
        found = self.arrays(s, writable=True)
        if not found:
            return []
        v = self.recent(found)
        a, b = self.array(s, v.ty.shape, 1), self.array(s, self.broadcastable(v.ty.shape), 1)
        return [
            self.pick(
                [
                    f"np.multiply({a}, {b}, out={v.name})",
                    f"np.add({a}, {b}, out={v.name})",
                    f"np.sin({a}, out={v.name})",
                ]
            )
        ]

    # -- containers --------------------------------------------------------------------------------------------
    def container(self, s: Scope) -> Lines:
        ty = self.pick([FLOAT, Ty("float", self.some_shape(s))])
        a, b = self.value(s, ty), self.value(s, ty)
        c, name = self.fresh("p"), self.fresh("gk")
        s.vars.append(Var(name, ty))
        return self.pick([
            [f"{c} = ({a}, {b})", f"{name} = {c}[0] * {c}[1]"],
            [f"{c} = [{a}, {b}]", f"{c}[1] = {c}[0] + {c}[-1]", f"{name} = {c}[1]"],
            [f"{c} = {{'a': {a}, 'b': {b}}}", f"{c}['a'] = {c}['b'] * 0.5", f"{name} = {c}['a'] - {c}['b']"],
            [f"{c} = [{a}]", f"{c}.append({b})", f"{name} = {c}.pop() + {c}[0]"],
            [f"{c} = [{a}] + [{b}]", f"{name} = sum({c})"],
        ])  # fmt: skip

    def list_building(self, s: Scope) -> Lines:
        """Append in a loop, then stack or sum."""
        xs, i, name = self.fresh("xy"), self.fresh("ij"), self.fresh("gk")
        n = self.random.randint(1, 3)
        inner = s.inner(loops=s.loops + 1)
        inner.vars.append(Var(i, INT, 0, n - 1, False))
        source = [v for v in self.arrays(s) if v.ty.shape[0] == n]
        if source and self.chance(0.5):
            v = self.pick(source)
            head, item = f"for {i} in range(len({v.name})):", f"{v.name}[{i}] * {self.float(inner, 1)}"
            rest = v.ty.shape[1:]
        else:
            ty = self.pick([FLOAT, Ty("float", self.some_shape(s)[:1])])
            head, item, rest = f"for {i} in range({n}):", self.value(inner, ty, 1), ty.shape
        lines = [f"{xs} = []", head, f"    {xs}.append({item})"]
        if self.chance(0.5):
            lines.append(f"{name} = {self.pick(['np.stack', 'np.array'])}({xs})")
            s.vars.append(Var(name, Ty("float", (n, *rest))))
        else:
            lines.append(f"{name} = sum({xs})")
            s.vars.append(Var(name, Ty("float", rest)))
        return lines

    # -- calls -------------------------------------------------------------------------------------------------
    def call_statement(self, s: Scope) -> Lines:
        found = [h for h in s.helpers if h.writes]
        if not found:
            return []
        h = self.pick(found)
        text = self.call_of(s, h, 1)
        if text is None:
            return []
        return self.define(s, h.result, "abu", text) if h.result and self.chance(0.6) else [text]

    def closure(self, s: Scope) -> Lines:
        if s.closures or s.depth:
            return []
        name, t = self.fresh("fg"), self.fresh("t")
        inner = s.inner(closures=1)
        inner.vars.append(Var(t, FLOAT, writable=False))
        if self.chance(0.5):
            lines = [f"{name} = lambda {t}: {self.float(inner)}"]
        else:
            value = self.float(inner, 1)
            lines = [
                f"def {name}({t}):",
                f"    if {t} > 0.3:",
                f"        return {value}",
                f"    return {self.float(inner)}",
            ]
        s.helpers.append(Helper(name, (FLOAT,), FLOAT))
        return lines

    # -- control -------------------------------------------------------------------------------------------------
    def branch(self, s: Scope) -> Lines:
        shared = None
        if self.chance(0.3) and not s.closures:  # a name that is first bound in the branches
            shared = (self.fresh("abe"), self.pick([FLOAT, Ty("float", self.some_shape(s))]))

        def body() -> Lines:
            inner = s.inner()
            lines = self.block(inner, self.random.randint(1, 3))
            return indent(lines + ([f"{shared[0]} = {self.value(inner, shared[1])}"] if shared else []))

        lines = [f"if {self.condition(s)}:", *body()]
        while self.chance(0.2):
            lines += [f"elif {self.condition(s)}:", *body()]
        if shared or self.chance(0.5):
            lines += ["else:", *body()]
        if shared:
            s.vars.append(Var(shared[0], shared[1]))
        return lines

    def match(self, s: Scope) -> Lines:
        found = self.scalars(s, "int")
        if not found:
            return []
        v = self.pick(found)
        lines = [f"match {v.name}:"]
        for k in range(2):
            lines += indent([f"case {k}:", *indent(self.block(s.inner(), 1))])
        return lines + indent(["case _:", *indent(self.block(s.inner(), 1))])

    def asserted(self, s: Scope) -> Lines:
        return self.pick([
            [f"assert {self.condition(s)}, 'not so'"],
            [f"if {self.condition(s)}:", "    raise ValueError('refused')"],
        ])  # fmt: skip

    def body(self, inner: Scope) -> Lines:
        lines = self.block(inner, self.random.randint(1, 3))
        if self.chance(0.2):
            lines += [f"if {self.condition(inner)}:", f"    {self.pick(['break', 'continue'])}"]
            lines += self.block(inner, 1)
        return indent(lines)

    def loop_else(self, s: Scope) -> Lines:
        return ["else:", *indent(self.block(s.inner(), 1))] if self.chance(0.08) else []

    def for_range(self, s: Scope) -> Lines:
        i = self.fresh("ijkl")
        inner = s.inner(loops=s.loops + 1)
        n = self.random.randint(0, 4)
        text, lo, hi = f"range({self.extent(s, n)})", 0, max(n - 1, 0)
        kind = self.random.randint(0, 5)
        if kind == 0:
            text, lo, hi = f"range(1, {self.extent(s, n)})", 1, max(n - 1, 1)
        elif kind == 1:
            text = f"range({self.extent(s, n)} - 1, -1, -1)"
        elif kind == 2:
            step = self.pick([2, 3, -2])
            text = f"range(0, {n}, {step})" if step > 0 else f"range({n}, 0, -2)"
            hi = n
        elif kind == 3:
            text, lo, hi = f"range({self.pick(['2, 2', '3, 1', '0'])})", 0, 0
        elif kind == 4 and (ints := [v for v in self.scalars(s, "int") if 0 <= v.lo and v.hi <= 5]):
            v = self.pick(ints)
            text, lo, hi = self.pick(
                [
                    (f"range({v.name})", 0, max(v.hi - 1, 0)),
                    (f"range({v.name}, 5)", v.lo, 4),
                    (f"range({v.name}, -1, -1)", 0, v.hi),
                ]
            )
        inner.vars.append(Var(i, INT, lo, hi, False))
        return [f"for {i} in {text}:", *self.body(inner), *self.loop_else(s)]

    def for_items(self, s: Scope) -> Lines:
        found = self.arrays(s)
        if not found:
            return []
        v = self.recent(found)
        t, i, r = self.fresh("te"), self.fresh("ij"), self.fresh("te")
        inner = s.inner(loops=s.loops + 1)
        row = Var(t, Ty("float", v.ty.shape[1:]), writable=bool(v.ty.shape[1:]) and v.writable)
        at = Var(i, INT, 0, max(v.ty.shape[0] - 1, 0), False)
        ints = self.arrays(s, "int", 1)
        kind = self.random.randint(0, 4)
        if kind == 0:
            head, new = f"for {t} in {v.name}:", [row]
        elif kind == 1:
            head, new = f"for {i}, {t} in enumerate({v.name}):", [row, at]
        elif kind == 2:
            w = self.pick(found)
            head = f"for {t}, {r} in zip({v.name}, {w.name}):"
            new = [row, Var(r, Ty("float", w.ty.shape[1:]), writable=bool(w.ty.shape[1:]) and w.writable)]
        elif kind == 3 and ints:
            k = self.pick(ints)
            head, new = f"for {i} in {k.name}:", [Var(i, INT, k.lo, k.hi, False)]
        else:
            head, new = f"for {i} in reversed(range(len({v.name}))):", [at]
        inner.vars += new
        return [head, *self.body(inner), *self.loop_else(s)]

    def while_loop(self, s: Scope) -> Lines:
        i, n = self.fresh("ijk"), self.random.randint(0, 4)
        inner = s.inner(loops=s.loops + 1)
        test = f"{i} < {self.extent(s, n)}"
        inner.vars.append(Var(i, INT, 1, max(n, 1), False))
        start = f"{i} = 0"
        if self.chance(0.3):
            test += f" and ({self.condition(s)})"
        elif self.chance(0.2):
            test = "True"
            return [
                start,
                f"while {test}:",
                f"    {i} += 1",
                f"    if {i} > {n} or ({self.condition(s)}):",
                "        break",
                *self.body(inner),
            ]
        s.vars.append(Var(i, INT, 0, n, False))
        return [start, f"while {test}:", f"    {i} += 1", *self.body(inner), *self.loop_else(s)]

    def leave(self, s: Scope) -> Lines:
        """An early return, a break or a continue."""
        if s.loops and self.chance(0.6):
            return [f"if {self.condition(s)}:", f"    {self.pick(['break', 'continue'])}"]
        if s.closures:
            return []
        return (
            [f"if {self.condition(s)}:", f"    return {self.returned(s)}"]
            if self.chance(0.7)
            else [f"return {self.returned(s)}"]
        )

    def returned(self, s: Scope) -> str:
        return ", ".join(self.value(s, ty, 1) for ty in s.result)
