"""Kernels on arrays: what the native level fuses, reorders, turns into gathers and keeps in registers.

Statements on shifted, strided and reversed slices, gathers and scatters with repeated places, loops over elements that
read their neighbours, rows and columns of matrices, reductions and scans, mostly within a time loop. Every formula
is bounded, so that programs of any length have moderate numbers.
"""

from __future__ import annotations

import random

from .idioms import FORMULAS, Lines

# rows and columns of the matrices A and B; u, v, w and the index array k are as long as a row, r as a column
SHAPES = ((5, 7), (5, 7), (4, 4), (3, 12), (5, 7), (2, 3), (6, 2), (1, 5), (3, 1))
VECTORS, MATRICES, SCALARS = ["u", "v", "w"], ["A", "B"], ["c", "s"]


class Kernels:
    """Makes the source of one program."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.count = 0

    def pick(self, items: list[str]) -> str:
        return self.random.choice(items)

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def fresh(self, hint: str) -> str:
        self.count += 1
        return f"{hint}{self.count}"

    def source(self) -> str:
        lines = [f"{x} = {x}.copy()" for x in (*VECTORS, "r", *MATRICES)]
        lines += ["n, m = len(u), len(r)", "s = 0.0"]
        for _ in range(self.random.randint(0, 2)):
            lines += self.statement()
        if self.chance(0.75):
            inside = [x for _ in range(self.random.randint(1, 4)) for x in self.statement()]
            steps = self.pick(["2", "3", "q", "q"])
            lines += [f"for t in range({steps}):", *(f"    {x}" for x in inside)]
        for _ in range(self.random.randint(0, 2)):
            lines += self.statement()
        terms = [
            "np.sum(u * v)",
            "np.sum(np.sin(w))",
            "(A * B).sum()",
            "r @ r",
            "s",
            "np.sum(A[1:] * A[:-1])",
            "u[0] * w[-1]",
        ]
        self.random.shuffle(terms)
        result = " + ".join(terms[: self.random.randint(2, 5)])
        if self.chance(0.2):
            result += f", {self.pick([*VECTORS, *MATRICES])}"
        lines.append(f"return {result}")
        head = ["import math", "", "import numpy as np", "", "", "def f(u, v, w, r, A, B, k, c, q):"]
        return "\n".join([*head, *(f"    {x}" for x in lines)]) + "\n"

    def statement(self) -> Lines:
        kinds = [
            self.shifted, self.shifted, self.strided, self.element_loop, self.element_loop, self.nested_loop, self.gathered,
            self.scattered, self.reduced, self.rows, self.columns, self.product, self.masked, self.scanned, self.rolled,
            self.triangle, self.planes, self.branching_loop, self.swapped, self.history, self.scatter_loop, self.running,
            self.periodic, self.pairs, self.pairs, self.layers,
        ]  # fmt: skip
        return self.random.choice(kinds)()

    def formula(self, *atoms: str) -> str:
        return self.pick(FORMULAS).format(*(self.pick(list(atoms)) for _ in range(3)))

    def op(self) -> str:
        return self.pick(["=", "=", "+=", "-="])

    # -- whole slices ----------------------------------------------------------------------------------------
    def cut(self, name: str, shift: int, width: int) -> str:
        """``name[1 + shift : n - 1 + shift]``, written as people write it; `width` is the halo."""
        lo, hi = width + shift, shift - width
        return f"{name}[{lo or ''}:{hi or ''}]"

    def shifted(self) -> Lines:
        width = self.random.choice([1, 1, 2])
        target, *names = (self.pick(VECTORS) for _ in range(4))
        atoms = [self.cut(x, self.random.randint(-width, width), width) for x in names]
        atoms += [self.cut(target, 0, width), self.pick(SCALARS)]
        return [f"{self.cut(target, 0, width)} {self.op()} {self.formula(*atoms)}"]

    def strided(self) -> Lines:
        a, b, c = (self.pick(VECTORS) for _ in range(3))
        return [self.pick([
            f"{a}[::2] {self.op()} {self.formula(f'{b}[::2]', f'{c}[::-2]', f'{a}[::2]')}",
            f"{a}[1::2] {self.op()} {self.formula(f'{b}[:-1:2]', f'{c}[1::2]', f'{a}[2::2]')}",
            f"{a} = {self.formula(f'{b}[::-1]', c, f'{a}[::-1]')}",
            f"{a}[::-1] {self.op()} {self.formula(b, f'{c}[::-1]')}",
            f"{a}[1:] {self.op()} {self.formula(f'{a}[:-1]', f'{b}[1:]')}",
            f"{a}[:-1] {self.op()} {self.formula(f'np.diff({b})', f'{c}[:-1]', f'{a}[1:]')}",
            f"{a}[:] = {self.formula(b, c, self.pick(SCALARS))}",
        ])]  # fmt: skip

    def planes(self) -> Lines:
        a, b = self.pick(MATRICES), self.pick(MATRICES)
        around = ["1:-1, 2:", "1:-1, :-2", "2:, 1:-1", ":-2, 1:-1", "1:-1, 1:-1", "2:, 2:"]
        atoms = [f"{self.pick([a, b])}[{self.pick(around)}]" for _ in range(3)] + ["u[1:-1]", "r[1:-1, None]"]
        return [f"{a}[1:-1, 1:-1] {self.op()} {self.formula(*atoms)}"]

    def masked(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(VECTORS)
        return [self.pick([
            f"{a} = np.where({b} > 0.1, {self.formula(a, b)}, {self.formula(b, a, 'c')})",
            f"{a}[{b} > 0.2] {self.op()} 0.3 * {self.pick(SCALARS)}",
            f"{a} = np.maximum({self.formula(a, b)}, 0.1 * {b})",
            f"A = np.where(A > B, {self.formula('A', 'u')}, B)",
            "A[A > 0.5] *= 0.5",
            f"{a} = np.clip({a}, -0.5, {b} * {b})",
        ])]  # fmt: skip

    def scanned(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(VECTORS)
        return [self.pick([
            f"{a} = np.tanh(np.cumsum({b})) * {a}",
            f"{a} = np.cumprod(np.cos({b}))",
            f"A = np.sin(np.cumsum(B, axis={self.pick(['0', '1'])}))",
            f"{a}[1:] = np.diff({b})",
            f"{a} = np.sort({b}) * 0.5",
            f"{a} = np.concatenate(({b}[2:], {a}[:2])) * 0.7",
            f"{a} = np.interp({b}, np.arange(n) * 0.3, {a})",
        ])]  # fmt: skip

    def rolled(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(VECTORS)
        return [self.pick([
            f"{a} = {self.formula(f'np.roll({a}, 1)', f'np.roll({b}, -1)', b)}",
            f"A = {self.formula('np.roll(A, 1, axis=0)', 'np.roll(B, -1, axis=1)', 'B')}",
            f"A, B = {self.formula('A', 'B')}, {self.formula('B', 'np.roll(A, 2, axis=0)')}",
        ])]  # fmt: skip

    def swapped(self) -> Lines:
        a, b = self.random.sample(VECTORS, 2)
        return [f"{a}, {b} = {b}, {self.formula(a, b)}" if self.chance(0.6) else f"{a}, {b} = {b}, {a}"]

    # -- gathers and scatters ----------------------------------------------------------------------------------
    def gathered(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(VECTORS)
        return [self.pick([
            f"{a} = {self.formula(f'{b}[k]', a)}",
            f"{a}[k] {self.op()} {self.formula(f'{b}[k]', f'{a}[k]', 'c')}",
            f"{a}[k[1:]] = {self.formula(f'{b}[k[:-1]]', f'{b}[1:]')}",
            f"s = s + np.sum({a}[k] * {b})",
            f"A = {self.formula('A[:, k]', 'B')}",
            f"r = {self.formula('A[np.arange(m), k[:m]]', 'r')}",
            f"s = 0.5 * s + np.sum({a}[1:-1] * {b}[k[0]])",
        ])]  # fmt: skip

    def scattered(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(VECTORS)
        return [self.pick([
            f"np.add.at({a}, k, {self.formula(b, 'c')})",
            f"np.subtract.at({a}, k, 0.5 * {b})",
            f"A[:, k] = {self.formula('B', 'A')}",
            "A[k[:m] % m] += 0.3 * B",
            f"{a}[k] = {b}",
        ])]  # fmt: skip

    def scatter_loop(self) -> Lines:
        a, b, i = self.pick(VECTORS), self.pick(VECTORS), self.fresh("i")
        update = self.pick([
            f"{a}[k[{i}]] += {self.formula(f'{b}[{i}]', 'c')}",
            f"{a}[{i}] = {self.formula(f'{b}[k[{i}]]', f'{a}[{i}]', f'{a}[k[{i}]]')}",
            f"{a}[k[{i}]] = {self.formula(f'{a}[{i}]', f'{b}[{i}]')}",
        ])  # fmt: skip
        return [f"for {i} in range(n):", f"    {update}"]

    # -- loops over elements -----------------------------------------------------------------------------------
    def element_loop(self) -> Lines:
        i, (a, b) = self.fresh("i"), (self.pick(VECTORS) for _ in range(2))
        places = [
            f"{a}[{i}]",
            f"{b}[{i}]",
            f"{a}[{i} - 1]",
            f"{b}[{i} + 1]",
            f"{b}[{i} - 1]",
            "c",
            "s",
            f"{a}[{i} + 1]",
        ]
        header = self.pick(
            [f"for {i} in range(1, n - 1):", f"for {i} in range(n - 2, 0, -1):", f"for {i} in range(1, n - 1, 2):"]
        )
        lines = [header]
        if self.chance(0.4):
            lines.append(f"    x = {self.formula(*places)}")
            places = [*places[:3], "x"]
        for _ in range(self.random.randint(1, 2)):
            target = self.pick([f"{a}[{i}]", f"{a}[{i}]", f"{b}[{i} - 1]", f"{a}[{i} + 1]"])
            lines.append(f"    {target} {self.op()} {self.formula(*places)}")
        return lines

    def nested_loop(self) -> Lines:
        i, j = self.fresh("i"), self.fresh("j")
        a, b = self.pick(MATRICES), self.pick(MATRICES)
        places = [
            f"{a}[{i}, {j}]",
            f"{a}[{i} - 1, {j}]",
            f"{a}[{i}, {j} - 1]",
            f"{b}[{i}, {j} + 1]",
            f"{b}[{i} + 1, {j}]",
            f"u[{j}]",
            f"r[{i}]",
        ]
        target = self.pick([f"{a}[{i}, {j}]", f"{a}[{i}, {j}]", f"u[{j}]", f"r[{i}]"])
        body = f"{target} {self.op()} {self.formula(*places)}"
        loops = [f"for {i} in range(1, m - 1):", f"for {j} in range(1, n - 1):"]
        if self.chance(0.3):
            loops.reverse()
        return [loops[0], f"    {loops[1]}", f"        {body}"]

    def branching_loop(self) -> Lines:
        i, (a, b) = self.fresh("i"), (self.pick(VECTORS) for _ in range(2))
        return [
            f"for {i} in range(n - 1):",
            f"    if {a}[{i}] > {self.pick([f'{b}[{i}]', '0.2', f'{a}[{i} + 1]'])}:",
            f"        {b}[{i}] {self.op()} {self.formula(f'{a}[{i}]', f'{b}[{i} + 1]')}",
            *self.random.choice([
                [], ["        continue", f"    s = 0.9 * s + {a}[{i}]"],
                ["    else:", f"        {a}[{i} + 1] {self.op()} 0.5 * {b}[{i}]"],
            ]),
        ]  # fmt: skip

    def triangle(self) -> Lines:
        i, j, a = self.fresh("i"), self.fresh("j"), self.pick(VECTORS)
        return [
            f"for {i} in range(m):", "    x = 0.0",
            f"    for {j} in range({i}{self.pick(['', ' + 1'])}):", f"        x += A[{i}, {j}] * {a}[{j}]",
            f"    {a}[{i}] = ({a}[{i}] - 0.3 * x) / (2.0 + B[{i}, {i}] ** 2)",
        ]  # fmt: skip

    def running(self) -> Lines:
        i, a = self.fresh("i"), self.pick(VECTORS)
        return self.random.choice([
            [f"for {i} in range(n):", f"    s = {self.formula('s', f'{a}[{i}]')}", f"    w[{i}] = s"],
            ["x = u[0]", f"for {i} in range(1, n):", f"    x, {a}[{i}] = {a}[{i}], {self.formula('x', f'{a}[{i}]')}"],
            ["x = 0.0", f"for y in {a}:", "    x = max(x, y)", "    s += 0.1 * x"],
            ["x, y = 0.2, 0.1", f"for {i} in range(n):", f"    x, y = {self.formula('x', 'y', f'{a}[{i}]')}, x", "s += y"],
        ])  # fmt: skip

    def history(self) -> Lines:
        i, a, name = self.fresh("i"), self.pick(VECTORS), self.fresh("h")
        lines = [
            f"{name} = []",
            f"for {i} in range(3):",
            f"    {a} = {self.formula(a, 'u', 'v')}",
            f"    {name}.append({self.pick([a, f'{a}[1:-1]', f'{a}.sum()'])})",
        ]
        return [*lines, f"s += np.sum(np.tanh(np.array({name})))"]

    def periodic(self) -> Lines:
        i, (a, b) = self.fresh("i"), (self.pick(VECTORS) for _ in range(2))
        places = [f"{b}[({i} + 1) % n]", f"{b}[({i} - 1) % n]", f"{a}[{i}]", f"{b}[{i} - 1]", f"{a}[({i} + 2) % n]"]
        return [f"for {i} in range(n):", f"    {a}[{i}] {self.op()} {self.formula(*places)}"]

    # -- pairs -------------------------------------------------------------------------------------------------
    def pairs(self) -> Lines:
        i, j, a = self.fresh("i"), self.fresh("j"), self.pick(MATRICES)
        kernel = self.pick(["np.exp(-0.5 * x)", "1.0 / (1.0 + x)", "np.sqrt(0.1 + x)", "np.tanh(x) * c"])
        loops = [f"for {i} in range(m):", f"    for {j} in range({self.pick(['m', i, f'{i} + 1, m'])}):"]
        return self.random.choice([
            [f"d = {a}[:, None, :] - {a}[None, :, :]", "x = np.sum(d * d, axis=2)", f"s += 0.1 * np.sum({kernel})"],
            [f"d = {a}[:, None, :] - B[None, :, :]", "x = np.sum(d ** 2, axis=-1)", f"r = r + 0.1 * np.sum({kernel}, axis=1)"],
            [f"d = {a}[:, None] - {a}", "x = (d ** 2).sum(-1)", f"A = A + 0.01 * np.sum(d * ({kernel})[:, :, None], axis=1)"],
            [*loops, f"        d = {a}[{i}] - {a}[{j}]", "        x = d @ d", f"        s += 0.1 * {kernel}"],
            [*loops, f"        x = (r[{i}] - r[{j}]) ** 2", f"        r[{i}] += 0.01 * {kernel}"],
            ["x = (u[:, None] - v) ** 2", f"w = w + 0.1 * np.sum({kernel} * u, axis=1)"],
            ["x = np.abs(u - v[:, None])", f"w = np.sin(np.mean({kernel}, axis=0))"],
        ])  # fmt: skip

    def layers(self) -> Lines:
        """Of networks."""
        return self.random.choice([
            ["x = A @ B.T", "x = np.exp(x - x.max(axis=1, keepdims=True))", "A = (x / x.sum(axis=1, keepdims=True)) @ B"],
            ["A = (A - A.mean(axis=1, keepdims=True)) / np.sqrt(A.var(axis=1, keepdims=True) + 0.1) * u + v"],
            ["B = np.maximum(A @ np.outer(u, v) + w, 0.0) * 0.3"],
            ["x = 1.0 / (1.0 + np.exp(-(B @ u)))", "r = x * r + (1.0 - x) * np.tanh(A @ v)"],
            ["s += np.mean(np.log(np.sum(np.exp(A), axis=1)) - A[np.arange(m), k[0]])"],
        ])  # fmt: skip

    # -- matrices ----------------------------------------------------------------------------------------------
    def rows(self) -> Lines:
        i, a = self.fresh("i"), self.pick(MATRICES)
        return self.random.choice([
            [f"for {i} in range(1, m):", f"    {a}[{i}] {self.op()} {self.formula(f'{a}[{i} - 1]', f'B[{i}]', 'u')}"],
            [f"for {i} in range(m):", f"    x = {a}[{i}]", f"    x {self.pick(['*=', '-='])} 0.5 * r[{i}]"],
            [f"for {i} in range(m):", f"    r[{i}] = np.sum({self.formula(f'{a}[{i}]', 'u')})"],
            [f"for x in {a}:", "    s += 0.1 * (x @ u)"],
            [f"for {i} in range(m):", f"    u = {self.formula(f'{a}[{i}]', 'u')}"],
            [f"{a}[1:] {self.op()} {self.formula(f'{a}[:-1]', 'B[1:]', 'r[1:, None]')}"],
        ])  # fmt: skip

    def columns(self) -> Lines:
        j, a = self.fresh("j"), self.pick(MATRICES)
        return self.random.choice([
            [f"for {j} in range(1, n):", f"    {a}[:, {j}] {self.op()} {self.formula(f'{a}[:, {j} - 1]', 'r', f'B[:, {j}]')}"],
            [f"for {j} in range(n):", f"    r = {self.formula(f'{a}[:, {j}]', 'r')}"],
            [f"{a}[:, ::2] {self.op()} 0.5 * B[:, ::2]"],
            [f"{a} = {self.formula(f'{a}', 'B[::-1]', 'B[:, ::-1]')}"],
        ])  # fmt: skip

    def reduced(self) -> Lines:
        a, b = self.pick(VECTORS), self.pick(MATRICES)
        return [self.pick([
            f"s = s + np.sum({self.formula(a, 'u', 'c')})",
            f"u = np.sin({b}.sum(axis=0)) * {a}",
            f"r = np.tanh({b}.mean(axis=1)) + r",
            f"r = {b}.max(axis=1) * 0.5",
            f"{b} = np.exp({b} - {b}.max(axis=1, keepdims=True)) / 2",
            f"{b} = {b} / (1.0 + np.sum({b} ** 2, axis=0))",
            f"s = 0.3 * np.max({a}) + 0.2 * np.min(u * {a})",
            f"{a} = {a} - np.mean({a})",
            f"{a} = {a} / np.sqrt(1.0 + {a} @ {a})",
            f"s += 0.1 * np.var({a}) + np.prod(np.cos({a}))",
        ])]  # fmt: skip

    def product(self) -> Lines:
        a = self.pick(VECTORS)
        return [self.pick([
            f"r = np.tanh(A @ {a})", "u = np.tanh(r @ A) + u", f"A += 0.1 * np.outer(r, {a})", "r = np.sin((A @ B.T) @ r)",
            "A = np.tanh(A @ (B.T @ B))", f"s = s + 0.1 * ({a} @ u)", f"B = np.tanh(B * {a} + r[:, None])",
            "A[:] = np.sin(np.einsum('ij,kj->ik', A, B) @ B)", "A[1] = np.cos(B[2]) * A[0]",
            f"A = np.tanh({a} + r[:, np.newaxis] * B)", "A, B = B, np.tanh(A)",
        ])]  # fmt: skip
