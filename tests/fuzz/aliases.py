"""Programs about who shares memory with whom: names, parts of arrays, and items of lists, dicts, tuples and objects are
bound to each other in branches, loops and helpers, and written in all of these.

All names are defined from the start, vectors have three elements and matrices three rows, so that any order of
statements is a program. The result depends on everything.
"""

from __future__ import annotations

import random
import textwrap

Lines = list[str]

PRELUDE = """\
import numpy as np


class Pair:
    def __init__(self, u, v):
        self.u = u
        self.v = v


def larger(p, q):
    return p if p[0] > q[0] else q


def row(m, k, d):
    return m[k] if d[1] > 0 else d


def raised(v):
    v[0] += 0.5


def scaled(m, k):
    m[k] *= 0.9


def renewed(p, a):
    p.u = a
    return p


W = np.array([0.3, -1.1, 0.7])
"""

BEGIN_OWN = ["a, b, c = x.copy(), y.copy(), x * 0.5", "M, N = m.copy(), m.T * 1.0"]
BEGIN = ["a, b, c = x, y, x * 0.5", "M, N = m, m * 0.5"]
CONTAINERS = [
    "L = [a, b * 1.0]", "K = [c, x * 2.0]", "D = {'u': b, 'v': c * 2.0}", "P = Pair(a * 1.0, c)",
    "Q = Pair(b * 0.3, a)", "T = (a, c)", "r = 0.0",
]  # fmt: skip
RESULT = """\
return (
    r + a @ W + 1.1 * (b @ W) + 1.3 * (c @ W) + 1.7 * np.sum(M @ W) + 0.7 * np.sum(W @ N) + 0.9 * (L[0] @ W)
    + 0.8 * (L[1] @ W) + 0.75 * (K[0] @ W) + 0.65 * (K[1] @ W) + 0.6 * (D["u"] @ W) + 0.55 * (D["v"] @ W)
    + P.u @ W + 0.33 * (P.v @ W) + 0.44 * (Q.u @ W) + 0.22 * (Q.v @ W) + 0.11 * (T[0] @ W) + 0.12 * (T[1] @ W)
)"""


def indent(lines: Lines) -> Lines:
    return textwrap.indent("\n".join(lines), "    ").split("\n")


class Aliasing:
    """Makes the source of a function ``f(x, y, m, n)``."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.depth = 0
        self.loops: list[str] = []
        self.count = 0

    def source(self) -> str:
        inner = self.pick(["c[1] += 0.1", "L[0][0] *= 0.5", "P.u = b", "nonlocal a\n    a = M[1]", "nonlocal b\n    b = a",
                           "nonlocal r\n    r = r + c[0]", "nonlocal P\n    P = Q"])  # fmt: skip
        body = [
            *(BEGIN_OWN if self.chance(0.6) else BEGIN), *CONTAINERS, "def inner():", *f"    {inner}".split("\n"),
            *self.block(self.random.randint(3, 9)), *RESULT.split("\n"),
        ]  # fmt: skip
        return "\n".join([PRELUDE, "", "def f(x, y, m, n):", *indent(body)]) + "\n"

    # -- choices -------------------------------------------------------------------------------------------
    def pick(self, options: list[str]) -> str:
        return self.random.choice(options)

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def vector(self) -> str:
        return self.pick(["a", "b", "c"])

    def matrix(self) -> str:
        return self.pick(["M", "N"])

    def index(self) -> str:
        return self.pick(self.loops) if self.loops and self.chance(0.6) else self.pick(["0", "1", "2", "-1"])

    def part(self) -> str:
        """A place in a container."""
        return self.pick([f"{self.pick(['L', 'K'])}[{self.pick(['0', '1', '-1'])}]", f"D['{self.pick(['u', 'v'])}']",
                          f"{self.pick(['P', 'Q'])}.{self.pick(['u', 'v'])}"])  # fmt: skip

    def view(self) -> str:
        m, k = self.matrix(), self.index()
        return self.pick([f"{m}[{k}]", f"{m}[{k}]", f"{m}[:, {k}]", f"{m}.T[{k}]", f"{self.vector()}[::-1]"])

    def place(self) -> str:
        """What refers to a vector."""
        k = self.random.randrange(12)
        if k < 4:
            return self.vector()
        if k < 7:
            return self.view()
        if k < 10:
            return self.part()
        if k == 10:
            return self.pick([f"larger({self.vector()}, {self.vector()})",
                              f"row({self.matrix()}, {self.index()}, {self.vector()})"])  # fmt: skip
        return f"T[{self.pick(['0', '1'])}]"

    def value(self) -> str:
        k = self.random.randrange(10)
        if k < 6:
            return self.place()
        if k == 6:
            return f"{self.place()}.copy()"
        if k == 7:
            return f"{self.place()} * 0.5 + {self.place()}"
        if k == 8:
            return f"({self.place()} if {self.condition()} else {self.place()})"
        return f"np.sin({self.place()})"

    def condition(self) -> str:
        number = self.pick(["0.0", "0.5", "1.0", "-0.5"])
        return self.pick(
            [f"{self.vector()}[{self.random.randrange(3)}] > {number}", "r > 0.5", f"{self.matrix()}[0, 1] < 0.3"]
        )

    def number(self) -> str:
        return self.pick(
            [f"{self.place()}[{self.random.randrange(3)}] * 0.5", "0.7", "r * 0.1", f"np.sin({self.place()}[0])"]
        )

    # -- statements ----------------------------------------------------------------------------------------
    def block(self, count: int) -> Lines:
        return [line for _ in range(count) for line in self.statement()]

    def statement(self) -> Lines:
        kinds = [self.bind] * 22 + [self.write] * 30 + [self.exchange] * 6 + [self.store_reference] * 16
        kinds += [self.add_up] * 4 + [self.call] * 5
        if self.depth < 2:
            kinds += [self.loop] * 9 + [self.branch] * 8
        return self.random.choice(kinds)()

    def bind(self) -> Lines:
        m = self.matrix()
        if self.chance(0.2):
            return [f"{m} = {self.pick([self.matrix(), f'{m}.T', f'{m}.copy()', f'{m} * 0.5', f'{m}[::-1]'])}"]
        return [f"{self.vector()} = {self.value()}"]

    def write(self) -> Lines:
        v = self.pick([self.vector(), self.view(), self.part()])
        m, k = self.matrix(), self.index()
        return [self.pick([
            f"{v}[{self.pick(['0', '1', '-1'])}] = {self.number()}", f"{v}[:] = {self.value()} * 1.0", f"{v}[1:] *= 0.5",
            f"{v}[0] += {self.number()}", f"{v}[::2] -= 0.25", f"{v} += {self.number()}", f"{v} *= 0.9",
            f"{m} += {self.place()} * 0.1", f"{m} *= 0.9", f"{m}[{k}] = {self.value()} * 1.0",
            f"{m}[{k}, {self.index()}] = {self.number()}", f"{m}[:, {k}] += {self.value()} * 1.0",
        ])]  # fmt: skip

    def exchange(self) -> Lines:
        return [self.pick([
            "a, b = b, a", "b, c = c, a", "L[0], L[1] = L[1], L[0]", "P.u, P.v = P.v, P.u", "a, L[0] = L[0], a",
            "M, N = N, M", "P, Q = Q, P", "D['u'], a = a, D['u']", "L, K = K, L",
        ])]  # fmt: skip

    def store_reference(self) -> Lines:
        one, two = self.place(), self.place()
        return [self.pick([
            f"L[{self.pick(['0', '1'])}] = {self.value()}", f"D['{self.pick(['u', 'v'])}'] = {self.value()}",
            f"P.{self.pick(['u', 'v'])} = {self.value()}", f"Q.{self.pick(['u', 'v'])} = {self.value()}",
            f"P = Pair({one}, {two})", "Q = P", "P = Q", "K = L", "L = K", f"L = [{one}, {two}]", f"K = list({self.pick(['L', 'K'])})",
            f"T = ({one}, {two})", f"D = {{'u': {one}, 'v': {two}}}", f"P = renewed({self.pick(['P', 'Q'])}, {one})",
        ])]  # fmt: skip

    def add_up(self) -> Lines:
        return [f"r += {self.place()}[{self.random.randrange(3)}]"]

    def call(self) -> Lines:
        return [
            self.pick(["inner()", "inner()", f"raised({self.place()})", f"scaled({self.matrix()}, {self.index()})"])
        ]

    def branch(self) -> Lines:
        self.depth += 1
        lines = [f"if {self.condition()}:", *indent(self.block(self.random.randint(1, 3)))]
        if self.chance(0.5):
            lines += ["else:", *indent(self.block(self.random.randint(1, 2)))]
        self.depth -= 1
        return lines

    def loop(self) -> Lines:
        k = f"i{self.count}"
        self.count += 1
        self.depth += 1
        self.loops.append(k)
        body = self.block(self.random.randint(1, 4))
        kind = self.random.randrange(6)
        if self.chance(0.2):
            body += [f"if {self.condition()}:", "    break"]
        self.loops.pop()
        self.depth -= 1
        if kind == 0:
            return [f"for {k}, {self.vector()} in enumerate({self.matrix()}):", *indent(body)]
        if kind == 1:
            return [f"{k} = 0", f"while {k} < n and r < 50:", *indent([*body, f"{k} += 1"])]
        return [f"for {k} in range({self.pick(['n', 'n', 'len(a)', '3', 'n - 1'])}):", *indent(body)]
