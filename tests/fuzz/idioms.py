"""Loops as people write them: recurrences, sweeps, double buffers, tables, histories, scatters, ways out.

Random statements alone seldom make a program that copies an array, overwrites it in a loop and reads the copy
after it. Each idiom has a fixed shape and random formulas, bounds and neighbours.
"""

from __future__ import annotations

import textwrap

from .expressions import Expressions
from .scope import FLOAT, Scope, Ty, Var

Lines = list[str]

# of {0}, {1} and {2}; bounded where they are iterated
FORMULAS = [
    "np.sin({0}) * {1}", "0.5 * {0} - {1} * np.cos({2})", "np.tanh({0} + {1})", "{0} / (1.5 + {1} * {1})",
    "np.exp(-{0} * {0}) + 0.3 * {2}", "0.25 * ({0} + {1} + {2})", "np.sin({0} * {1}) + 0.1 * {2}",
    "np.cos({1}) * {1} - 0.2 * {0}", "np.sqrt(1.0 + {0} * {0}) * np.tanh({1})", "np.maximum({0}, 0.5 * {1})",
]  # fmt: skip


def block(text: str) -> Lines:
    return textwrap.dedent(text).strip("\n").split("\n")


class Idioms(Expressions):
    def formula(self, *atoms: str) -> str:
        """A bounded formula of some of the atoms, all of them scalars or of one shape."""
        return self.pick(FORMULAS).format(*(self.pick(atoms) for _ in range(3)))

    def vector_of(self, s: Scope) -> tuple[Lines, str, int]:
        """A writable vector of at least one element, and the lines that make it if there is none."""
        found = [v for v in self.arrays(s, rank=1, writable=True) if v.ty.shape[0]]
        if found and self.chance(0.85):
            v = self.recent(found)
            return [], v.name, v.ty.shape[0]
        n, name = self.random.randint(1, 4), self.fresh("uvq")
        line = f"{name} = {self.array(s, (n,), 1)} * 1.0"
        s.vars.append(Var(name, Ty("float", (n,))))
        return [line], name, n

    def made(self, s: Scope, name: str, shape: tuple[int, ...] = ()) -> None:
        s.vars.append(Var(name, Ty("float", shape) if shape else FLOAT))

    def idiom(self, s: Scope) -> Lines:
        made, v, n = self.vector_of(s)
        kind = self.pick([
            self.recurrence, self.double_buffer, self.sliced_sweep, self.running_scalars, self.running_best, self.until,
            self.table, self.scatter, self.history, self.newton, self.stepping_helper, self.triangle, self.way_out,
            self.rows, self.reversed_sweep, self.running_product, self.generator,
            self.product_loops, self.product_loops, self.matrix_vector_loops,
        ])  # fmt: skip
        lines = kind(s, v, n)
        return [*made, *lines]

    # -- sweeps --------------------------------------------------------------------------------------------
    def recurrence(self, s: Scope, v: str, n: int) -> Lines:
        k, other = self.fresh("ij"), self.float(s, 0)
        bounds = self.pick([f"1, len({v})", f"len({v})", f"len({v}) - 1"])
        return [f"for {k} in range({bounds}):", f"    {v}[{k}] = {self.formula(f'{v}[{k}]', f'{v}[{k} - 1]', other)}"]

    def reversed_sweep(self, s: Scope, v: str, n: int) -> Lines:
        k = self.fresh("ij")
        update = self.formula(f"{v}[{k}]", f"{v}[{k} + 1]", f"{v}[{k} + 1]")
        return [f"for {k} in range(len({v}) - 2, -1, -1):", f"    {v}[{k}] {self.pick(['=', '+=', '-='])} {update}"]

    def double_buffer(self, s: Scope, v: str, n: int) -> Lines:
        a, b, t, k = (self.fresh(h) for h in ("ag", "bh", "t", "ik"))
        update = self.formula(f"{a}[{k} - 1]", f"{a}[{k}]", f"{a}[({k} + 1) % len({a})]")
        swap = self.pick([f"{a}, {b} = {b}, {a}", f"{a} = {b}.copy()", f"{a}[:] = {b}"])
        self.made(s, a, (n,))
        return block(f"""
            {a}, {b} = {v}.copy(), {self.pick(["np.zeros_like", "np.ones_like", "np.copy"])}({v})
            for {t} in range({self.random.randint(0, 3)}):
                for {k} in range(len({v})):
                    {b}[{k}] = {update}
                {swap}
        """)

    def sliced_sweep(self, s: Scope, v: str, n: int) -> Lines:
        t = self.fresh("t")
        update = self.formula(f"{v}[1:-1]", f"{v}[2:]", f"{v}[:-2]")
        if n < 2:
            return [f"{v}[:] = {self.formula(v, v)}"]
        edge = self.pick([[], [f"    {v}[0] = {v}[1]"], [f"    {v}[-1] = {v}[0]"]])
        return [f"for {t} in range({self.random.randint(0, 3)}):", f"    {v}[1:-1] = {update}", *edge]

    def triangle(self, s: Scope, v: str, n: int) -> Lines:
        m, i, j = self.fresh("LM"), self.fresh("i"), self.fresh("j")
        self.made(s, m, (n, n))
        return block(f"""
            {m} = np.outer({v}, {v}) + np.eye(len({v})) * 2.0
            for {i} in range(len({v})):
                for {j} in range({self.pick([i, f"{i} + 1", f"{i}, len({v})"])}):
                    {m}[{i}, {j}] {self.pick(["=", "-="])} {self.formula(f"{m}[{j}, {i}]", f"{m}[{i}, {j}]", f"{v}[{j}]")}
        """)

    def rows(self, s: Scope, v: str, n: int) -> Lines:
        m, i, r = self.fresh("AM"), self.fresh("i"), self.fresh("r")
        self.made(s, m, (n, n))
        return block(f"""
            {m} = np.outer({v}, {v}) * 0.5
            for {i} in range(len({m})):
                {r} = {m}[{i}]{self.pick(["", "", ".copy()"])}
                {r}[:] = {self.formula(r, f"{m}[{i} - 1]", v)}
                {m}[{i}] {self.pick(["/= 1.5 + np.sum(" + r + " * " + r + ")", "-= " + r + " * 0.5", "= " + r])}
        """)

    def product_loops(self, s: Scope, v: str, n: int) -> Lines:
        """Sums of products over three loops: orders, transposes, triangles, a factor, an array in two roles."""
        a, b, c = self.fresh("A"), self.fresh("BX"), self.fresh("CM")
        i, j, k, t = (self.fresh(h) for h in ("i", "j", "k", "t"))
        self.made(s, c, (n, n))
        left = self.pick([f"{a}[{i}, {k}]", f"{a}[{k}, {i}]", f"{a}[{i}, {k}] * {v}[{k}]", f"0.5 * {a}[{i}, {k}]"])
        right = self.pick([f"{b}[{k}, {j}]", f"{b}[{j}, {k}]", f"{a}[{k}, {j}]", f"{b}[{k}, {j}]", f"{c}[{k}, {j}]"])
        inner = self.pick([f"len({v})", f"len({v})", f"{i}", f"{j} + 1", f"1, len({v})"])
        op = self.pick(["+=", "+=", "-="])
        begin = [
            f"{a} = np.outer({v}, np.cos({v})) * 0.3",
            f"{b} = np.outer(np.sin({v}), {v}) * 0.3 + np.eye(len({v}))",
            f"{c} = {self.pick([f'np.zeros((len({v}), len({v})))', f'{b} * 0.5', f'{a}.copy()'])}",
            f"for {i} in range(len({v})):",
        ]
        if self.chance(0.5):
            write = self.pick(["=", "+="])
            return [
                *begin,
                f"    for {j} in range({self.pick([f'len({v})', f'{i} + 1'])}):",
                f"        {t} = {self.pick(['0.0', f'{c}[{i}, {j}]'])}",
                f"        for {k} in range({inner}):",
                f"            {t} {op} {left} * {right}",
                f"        {c}[{i}, {j}] {write} {t}",
            ]
        loops = [f"for {j} in range(len({v})):", f"for {k} in range(len({v})):"]
        if self.chance(0.5):
            loops = loops[::-1]
        return [*begin, f"    {loops[0]}", f"        {loops[1]}", f"            {c}[{i}, {j}] {op} {left} * {right}"]

    def matrix_vector_loops(self, s: Scope, v: str, n: int) -> Lines:
        m, y, i, j = self.fresh("M"), self.fresh("y"), self.fresh("i"), self.fresh("j")
        self.made(s, y, (n,))
        place = self.pick([f"{m}[{i}, {j}]", f"{m}[{j}, {i}]"])
        body = self.pick([f"{y}[{i}] += {place} * {v}[{j}]", f"{y}[{j}] -= {place} * {v}[{i}]",
                          f"{y}[{i}] += {place} * {y}[{j}]", f"{m}[{i}, {j}] += {v}[{i}] * {y}[{j}]"])  # fmt: skip
        return [
            f"{m} = np.outer({v}, {v}) * 0.4",
            f"{y} = {self.pick([f'np.zeros(len({v}))', f'{v}.copy()'])}",
            f"for {i} in range(len({v})):",
            f"    for {j} in range({self.pick([f'len({v})', i, f'{i}, len({v})'])}):",
            f"        {body}",
        ]

    # -- scalars carried --------------------------------------------------------------------------------------
    def running_scalars(self, s: Scope, v: str, n: int) -> Lines:
        a, c, k = self.fresh("as"), self.fresh("c"), self.fresh("ik")
        start = self.float(s, 0)
        self.made(s, a)
        write = self.pick([[], [f"    {v}[{k}] = {a}"], [f"    {v}[{k}] *= {c}"]])
        return [
            f"{a}, {c} = 0.0, {start}",
            f"for {k} in range(len({v})):",
            f"    {a} += {self.formula(f'{v}[{k}]', c, a)}",
            *write,
            f"    {c} = {self.formula(c, f'{v}[{k}]')}",
        ]

    def running_product(self, s: Scope, v: str, n: int) -> Lines:
        p, x = self.fresh("p"), self.fresh("xz")
        self.made(s, p)
        return [f"{p} = 1.0", f"for {x} in {v}:", f"    {p} *= 1.0 + 0.3 * {self.formula(x, p)}"]

    def running_best(self, s: Scope, v: str, n: int) -> Lines:
        b, at, k = self.fresh("b"), self.fresh("mn"), self.fresh("ik")
        self.made(s, b)
        return block(f"""
            {b}, {at} = {v}[0], 0
            for {k} in range(1, len({v})):
                if {v}[{k}] {self.pick("<>")} {b}:
                    {b} = {v}[{k}]
                    {at} = {k}
            {v}[{at}] = {self.formula(b, f"{v}[{at}]", f"{v}[0]")}
        """)

    def until(self, s: Scope, v: str, n: int) -> Lines:
        a, k = self.fresh("a"), self.fresh("k")
        self.made(s, a)
        change = self.pick([[], [f"    {v}[{k} - 1] = {a}"]])
        return [
            f"{a}, {k} = 0.1, 0",
            f"while {k} < len({v}) and abs({a}) < {self.pick(['1.1', '0.4', '3.0'])}:",
            f"    {a} = {a} + {self.formula(f'{v}[{k}]', a)}",
            f"    {k} += 1",
            *change,
        ]

    def newton(self, s: Scope, v: str, n: int) -> Lines:
        z, t = self.fresh("z"), self.fresh("t")
        self.made(s, z)
        return block(f"""
            {z} = 1.0
            for {t} in range({self.random.randint(0, 4)}):
                {z} = {z} - ({z} * {z} - abs({v}[0]) - 0.5) / (2.0 * {z})
        """)

    # -- tables, histories, indices ----------------------------------------------------------------------------
    def table(self, s: Scope, v: str, n: int) -> Lines:
        d, i, j = self.fresh("DT"), self.fresh("i"), self.fresh("j")
        self.made(s, d, (n + 1, n + 1))
        best = self.pick(["min", "max", "np.minimum"])
        return block(f"""
            {d} = np.zeros((len({v}) + 1, len({v}) + 1))
            for {i} in range(1, len({v}) + 1):
                for {j} in range(1, len({v}) + 1):
                    {d}[{i}, {j}] = {self.formula(f"{v}[{i} - 1]", f"{v}[{j} - 1]", f"{d}[{i} - 1, {j} - 1]")}
                    {d}[{i}, {j}] += {best}({d}[{i} - 1, {j}], {d}[{i}, {j} - 1] * 0.9)
        """)

    def scatter(self, s: Scope, v: str, n: int) -> Lines:
        o, at, k = self.fresh("o"), self.fresh("mn"), self.fresh("k")
        self.made(s, o, (n,))
        loop = [f"for {k} in range(len({at})):", f"    {o}[{at}[{k}]] += {self.formula(f'{v}[{k}]', f'{o}[{k}]')}"]
        return [
            f"{at} = (np.arange(len({v})) * {self.random.randint(0, 3)}) % len({v})",
            f"{o} = {self.pick([f'np.zeros_like({v})', f'{v}.copy()'])}",
            *self.pick([loop, [f"{o}[{at}] += {self.formula(v)}"], [f"np.add.at({o}, {at}, {self.formula(v)})"]]),
        ]

    def history(self, s: Scope, v: str, n: int) -> Lines:
        h, t, k, r = self.fresh("h"), self.fresh("t"), self.fresh("ik"), self.fresh("gq")
        self.made(s, r, (n,))
        return block(f"""
            {h} = [{v}.copy()]
            for {t} in range({self.random.randint(1, 3)}):
                for {k} in range(len({v})):
                    {v}[{k}] = {self.formula(f"{v}[{k}]", f"{v}[{k} - 1]", f"{h}[-1][{k}]")}
                {h}.append({v}.copy())
            {r} = {self.pick([f"{h}[0] * {h}[-1]", f"np.stack({h}).sum(axis=0)", f"sum({h}) * {h}[0]"])}
        """)

    # -- calls and ways out ---------------------------------------------------------------------------------
    def stepping_helper(self, s: Scope, v: str, n: int) -> Lines:
        f, u, k, t = (self.fresh(h) for h in ("fg", "uw", "k", "t"))
        r = self.fresh("r")
        self.made(s, r)
        return block(f"""
            def {f}({u}, {k}):
                old = {u}[{k}]
                {u}[{k}] = {self.formula("old", f"{u}[{k} - 1]", f"{u}[0]")}
                return old * {u}[{k}]
            {r} = 0.0
            for {t} in range(len({v})):
                {r} {self.pick(["+", "-", "+"])}= {f}({v}, {t})
        """)

    def generator(self, s: Scope, v: str, n: int) -> Lines:
        x, k, r = self.fresh("xy"), self.fresh("k"), self.fresh("r")
        self.made(s, r)
        over = self.pick([v, v, f"{x} * {x} for {x} in {v}", f"reversed({v})"])
        loop = [
            f"{r} = 0.0",
            f"for {k}, {x} in enumerate({over}):",
            f"    {r} += {self.formula(x, r)}",
            f"    {v}[{self.pick([k, f'{k} - 1', '0', '-1'])}] = {self.formula(x, f'{v}[{k}]')}",
        ]
        return self.pick([loop, [f"{r} = sum({self.formula(x, f'{v}[0]')} for {x} in {v})"]])

    def way_out(self, s: Scope, v: str, n: int) -> Lines:
        a, k = self.fresh("a"), self.fresh("k")
        self.made(s, a)
        leave = self.pick(["break", "continue"])
        return block(f"""
            {a} = 0.0
            for {k} in range(len({v})):
                {v}[{k}] = {self.formula(f"{v}[{k}]", a)}
                if {v}[{k}] > {self.pick(["0.3", "0.0", "0.8"])}:
                    {leave}
                {a} += {v}[{k}] * {v}[{k} - 1]
        """)
