"""Tuples, objects, deques and iterators as programs use them, and names that loops bind to parts of arrays.

Like the idioms, each has a fixed shape and random formulas, tests and writes.
"""

from __future__ import annotations

from .idioms import Idioms, Lines, block
from .scope import Scope

DEQUE = ["from collections import deque", ""]
POINT = [
    "", "class Point:", "    def __init__(self, x, v):", "        self.x = x", "        self.v = v", "",
    "    def move(self, dt):", "        self.x = self.x + dt * self.v", "        self.v = self.v - dt * np.sin(self.x)",
    "", "    def energy(self):", "        return 0.5 * self.v ** 2 - np.cos(self.x)", "",
]  # fmt: skip


def prelude(text: Lines) -> Lines:
    """What the program needs beside the modules of its header."""
    used = "\n".join(text)
    return (DEQUE if "deque(" in used else []) + (POINT if "Point(" in used else [])


class Structures(Idioms):
    def structure(self, s: Scope) -> Lines:
        made, v, n = self.vector_of(s)
        kind = self.pick([
            self.bound_part, self.bound_part, self.bound_item, self.tuples, self.tuples, self.ordered, self.best_of,
            self.objects, self.records, self.window, self.queue, self.taken, self.compared, self.nested_lists,
        ])  # fmt: skip
        return [*made, *kind(s, v, n)]

    def changed(self, *names: str) -> str:
        """A write to one of some arrays."""
        name = self.pick(names)
        return self.pick([
            f"{name} *= 1.5", f"{name} += {name}", f"{name}[0] = {self.formula('0.3', '0.7')}", f"{name}[-1] *= -0.5",
            f"{name}[:] = {self.formula(name, name)}", f"{name} -= 0.25",
        ])  # fmt: skip

    # -- names that a loop binds to parts of arrays -----------------------------------------------------------
    def bound_part(self, s: Scope, v: str, n: int) -> Lines:
        m, p, i, r = self.fresh("M"), self.fresh("pq"), self.fresh("ij"), self.fresh("r")
        self.made(s, r)
        start = self.pick([f"{v}", f"{v}.copy()", f"{m}[0]", f"{m}[:, -1]"])
        part = self.pick([f"{m}[{i}]", f"{m}[{i}]", f"{m}[:, {i}]", f"{m}[{i}][::-1]", f"{m}.T[{i}]"])
        bind = [f"{p} = {part}"]
        if self.chance(0.4):
            bind = [f"if {m}[{i}, 0] {self.pick('<>')} {self.pick(['0.0', '0.2', f'{p}[0]'])}:", f"    {p} = {part}"]
        if self.chance(0.2):
            bind.append(self.changed(p, m))
        if self.chance(0.15):
            bind = [*bind, f"if {p}[0] > 0.4:", "    break"]
        bounds = self.pick([f"len({v})", f"1, len({v})", f"len({v}) - 1", "0"])
        loop = [f"for {i} in range({bounds}):", *("    " + line for line in bind)]
        if self.chance(0.2):
            loop = [f"for {i} in {m}:", f"    {p} = {i}"]
        other = self.fresh("w")
        second = self.pick([[], [f"{other} = {p}"], []])
        return [
            f"{m} = np.outer({v}, np.cos({v})) * 0.5",
            f"{p} = {start}",
            *loop,
            *second,
            *(self.changed(m, p, *([other] if second else [])) for _ in range(self.random.randint(1, 2))),
            f"{r} = np.sum({m} * 0.3) + np.sum({p} * {p}) {f'- np.sum({other})' if second else ''}",
        ]

    def bound_item(self, s: Scope, v: str, n: int) -> Lines:
        rows, i, r = self.fresh("d"), self.fresh("ij"), self.fresh("r")
        m = self.fresh("M")
        self.made(s, r)
        first, second = self.pick([("[0]", "[1]"), ("['a']", "['b']")])
        begin = f"[{v}, {v} * 2.0]" if first == "[0]" else f"{{'a': {v}, 'b': {v} * 2.0}}"
        write = self.pick([f"{rows}{first} = {m}[{i}]", f"{rows}{second} = {m}[{i}]", f"{rows}{first} = {rows}{second}",
                           f"{rows}{first}, {rows}{second} = {rows}{second}, {m}[{i}]"])  # fmt: skip
        return [
            f"{m} = np.outer({v}, np.sin({v}))",
            f"{rows} = {begin}",
            f"for {i} in range({self.pick([f'len({v})', f'len({v}) - 1'])}):",
            f"    {write}",
            self.changed(m, f"{rows}{first}", v),
            f"{r} = np.sum({rows}{first}) * 0.5 + np.sum({rows}{second} * {v}) + np.sum({m})",
        ]

    # -- lists of tuples -------------------------------------------------------------------------------------
    def tuples(self, s: Scope, v: str, n: int) -> Lines:
        h, k, a, b, r = (self.fresh(x) for x in ("h", "ik", "a", "b", "r"))
        self.made(s, r)
        number = self.pick([k, f"{v}[{k} - 1]", f"{k} * 0.5"])
        made = [
            f"{h} = [({v}[0], {'0' if number == k else '0.0'})]",
            f"for {k} in range(1, len({v})):",
            f"    {h}.append(({self.formula(f'{v}[{k}]', f'{h}[-1][0]')}, {number}))",
        ]
        if self.chance(0.5):
            made = [f"{h} = [({self.formula(a, f'{v}[0]')}, {b}) for {b}, {a} in enumerate({v})]"]
        if self.chance(0.2):
            made = [f"{h} = list(zip({v}, np.cos({v})))"]
        use = self.pick([
            f"{r} = sum({a} * {b} for {a}, {b} in {h})",
            f"{r} = {h}[-1][0] + {h}[0][1] + len({h})",
            f"{r} = sum({a} for {a}, {b} in {h} if {a} > 0.1) * 0.5 + {h}[0][0]",
            f"{r} = sum(({h}[0] + {h}[-1])[1:3]) * 0.5",
        ])  # fmt: skip
        return [*made, *([self.changed(v)] if self.chance(0.5) else []), use]

    def nested_lists(self, s: Scope, v: str, n: int) -> Lines:
        h, k, a, r = (self.fresh(x) for x in ("h", "ik", "a", "r"))
        self.made(s, r)
        item = self.pick([f"[{v}[{k}], {v}[{k} - 1]]", f"{v} * {v}[{k}]", f"({v}[{k}], {v} * 0.5)", f"{v}[{k}:]"])
        part = {"[": f"{a}[0] * {a}[1]", "(": f"{a}[0] * np.sum({a}[1])"}.get(item[0], f"np.sum({a})")
        grown = [f"{h} = []", f"for {k} in range(len({v})):", f"    {h}.append({item})"]
        if self.chance(0.5):
            grown = [f"{h} = [{item} for {k} in range(len({v}))]"]
        return [*grown, *([self.changed(v)] if self.chance(0.5) else []), f"{r} = sum({part} for {a} in {h})"]

    def ordered(self, s: Scope, v: str, n: int) -> Lines:
        k, a, b, r = (self.fresh(x) for x in ("ik", "a", "b", "r"))
        self.made(s, r)
        source = self.pick([
            f"sorted(zip({v}, np.sin({v})))", f"sorted(({self.formula(a, a)}, {b}) for {b}, {a} in enumerate({v}))",
            f"sorted(zip(np.cos({v}), {v}), key=lambda t: t[1])", f"sorted(enumerate({v}), key=lambda t: -t[1])",
            f"sorted([({a} > 0, {a}) for {a} in {v}], reverse=True)",
        ])  # fmt: skip
        return [f"{r} = 0.0", f"for {k}, ({a}, {b}) in enumerate({source}):", f"    {r} += {k} * {a} * {b}"]

    def best_of(self, s: Scope, v: str, n: int) -> Lines:
        k, a, b, r = (self.fresh(x) for x in ("ik", "a", "b", "r"))
        self.made(s, r)
        best = self.pick(["min", "max"])
        pairs = self.pick([f"(({self.formula(a, a)}), {k}) for {k}, {a} in enumerate({v})",
                           f"[({a} * {a}, {k}) for {k}, {a} in enumerate({v})]"])  # fmt: skip
        return [f"{b}, {k} = {best}({pairs})", f"{r} = {b} * {v}[{k}]"]

    def compared(self, s: Scope, v: str, n: int) -> Lines:
        r, a = self.fresh("r"), self.float(s, 0)
        self.made(s, r)
        op = self.pick(["<", "<=", ">", ">="])
        return [f"{r} = {v}[0] * 2.0 if ({v}[0] > 0.2, {v}[-1]) {op} ({v}[-1] > 0.2, {a}) else {v}[-1]"]

    # -- objects, deques, iterators ----------------------------------------------------------------------------
    def objects(self, s: Scope, v: str, n: int) -> Lines:
        p, t, r = self.fresh("p"), self.fresh("t"), self.fresh("r")
        self.made(s, r)
        x = self.pick([f"{v}[0]", v])
        inside = self.pick([f"{p}.move(0.1)", f"{p}.x = {p}.x * 0.5 + 0.1", f"{p} = Point({p}.v, {p}.x)"])
        return [
            f"{p} = Point({x}, {x} * 0.5)",
            f"for {t} in range({self.pick(['2', f'len({v})', '0'])}):",
            f"    {inside}",
            *([self.changed(v)] if self.chance(0.4) else []),
            f"{r} = np.sum({p}.energy()) + np.sum({p}.x)",
        ]

    def records(self, s: Scope, v: str, n: int) -> Lines:
        h, k, p, r = (self.fresh(x) for x in ("h", "ik", "p", "r"))
        self.made(s, r)
        made = f"{h} = [Point({v}[{k}], {v}[{k} - 1]) for {k} in range(len({v}))]"
        moved = self.pick([[], [f"for {p} in {h}:", f"    {p}.move(0.1)"], [f"{h}[0].x = {h}[-1].v"]])
        return [made, *moved, f"{r} = sum({p}.energy() for {p} in {h}) + {h}[-1].x"]

    def window(self, s: Scope, v: str, n: int) -> Lines:
        w, x, r = self.fresh("w"), self.fresh("x"), self.fresh("r")
        self.made(s, r)
        return block(f"""
            {w} = deque(maxlen={self.random.randint(1, 3)})
            {r} = 0.0
            for {x} in {v}:
                {w}.append({self.formula(x, r)})
                {r} += {self.pick([f"sum({w}) / len({w})", f"{w}[0] * {w}[-1]", f"max({w})"])}
        """)

    def queue(self, s: Scope, v: str, n: int) -> Lines:
        q, x, r = self.fresh("q"), self.fresh("x"), self.fresh("r")
        self.made(s, r)
        take = self.pick([f"{x} = {q}.popleft()", f"{x} = {q}.pop()"])
        return [
            f"{q} = deque({v})",
            f"{r} = 0.0",
            f"while {q}:",
            f"    {take}",
            f"    {r} = {self.formula(r, x)} + {x}",
        ]

    def taken(self, s: Scope, v: str, n: int) -> Lines:
        it, x, y, r = (self.fresh(h) for h in ("it", "x", "y", "r"))
        self.made(s, r)
        source = self.pick([v, v, f"list({v})", f"range(len({v}))"])
        rest = self.pick([
            [f"for {x} in {it}:", f"    {r} = {self.formula(r, x)} + {x}"],
            [f"for {x} in {it}:", f"    if {x} > 0.5:", "        break", f"for {x} in {it}:", f"    {r} -= {x}"],
            [f"{r} += next({it}, 0.0)", f"{r} *= next({it}, 2.0)"],
            [f"{r} += sum({x} * {y} for {x}, {y} in zip({it}, {it}))"],
        ])  # fmt: skip
        return [f"{it} = iter({source})", f"{r} = next({it}) * 1.0", *rest]
