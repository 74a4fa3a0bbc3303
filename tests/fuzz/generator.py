"""From a seed to a program: source text of a function `f` with helpers, and its arguments.

`generate(seed)` is deterministic. Programs are mostly valid NumPy; the oracle sorts out the others.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .aliases import Aliasing
from .kernels import SHAPES, Kernels
from .scope import FLOAT, INT, Helper, Scope, Ty, Var
from .statements import Lines, Statements, indent
from .structures import prelude

ALIASING, KERNELS = 5, 4
HEADER = ["import math", "", "import numpy as np", ""]


@dataclass(frozen=True)
class Argument:
    """One argument of `f`: how to make its value."""

    name: str
    dtype: str  # "f64", "f32", "float", "int", "i64"
    shape: tuple[int, ...] = ()
    hi: int = 0  # of integers
    layout: str = "C"  # "C", "F", "strided", "reversed"

    @property
    def is_float(self) -> bool:
        return self.dtype in ("f64", "f32", "float")


@dataclass(frozen=True)
class Case:
    """A program and its arguments."""

    seed: int
    source: str
    arguments: tuple[Argument, ...]

    def load(self) -> Callable[..., Any]:
        """The function `f`; its source is known to `linecache`, as that of a file is."""
        name = f"<fuzz {self.seed}.{hash_of(self.source)}>"
        linecache.cache[name] = (len(self.source), None, self.source.splitlines(True), name)
        namespace: dict[str, Any] = {"__name__": "fuzz"}
        exec(compile(self.source, name, "exec"), namespace)
        f: Callable[..., Any] = namespace["f"]
        return f

    def values(self) -> list[Any]:
        """Fresh arguments, the same at every call."""
        rng = np.random.default_rng(self.seed)
        return [made(a, rng) for a in self.arguments]

    def copying(self) -> Case:
        """The same program with what is assigned to places of arrays copied first."""
        tree = ast.fix_missing_locations(_Copying().visit(ast.parse(self.source)))
        return replace(self, source=ast.unparse(tree))

    def in_double(self) -> Case:
        """The same program on float64 numbers."""
        wide = tuple(replace(a, dtype="f64") if a.dtype == "f32" else a for a in self.arguments)
        return replace(self, arguments=wide, source=self.source.replace("np.float32", "np.float64"))


class _Copying(ast.NodeTransformer):
    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        if any(isinstance(t, ast.Subscript) for t in node.targets):
            node.value = ast.Call(ast.parse("np.copy", mode="eval").body, [node.value], [])
        return node


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha1(text.encode()).hexdigest()[:8]


def made(a: Argument, rng: np.random.Generator) -> Any:
    if a.dtype == "int":
        return a.hi
    if a.dtype == "i64":
        return rng.integers(0, a.hi + 1, a.shape)
    if a.dtype == "float":
        return float(np.round(rng.normal(), 3))
    dtype = np.float32 if a.dtype == "f32" else np.float64
    x = np.round(rng.normal(size=a.shape), 3).astype(dtype)
    return in_layout(x, a.layout)


def in_layout(x: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    if layout == "F":
        return np.asfortranarray(x)
    if layout == "strided":
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        wide[..., ::2] = x
        return wide[..., ::2]
    if layout == "reversed":
        return np.ascontiguousarray(x[::-1])[::-1]
    return x


class Generator(Statements):
    """Makes one case of a seed."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.seed = seed
        r = self.random
        self.sizes = [r.choice([2, 3, 4]), r.choice([1, 2, 3, 3, 5]), r.choice([2, 3, 4, 1, 0])]
        self.single = self.chance(0.12)

    def case(self) -> Case:
        self.used |= {"f", "np", "math", "_"}
        arguments = self.make_arguments()
        helpers: list[Helper] = []
        text: Lines = list(HEADER)
        if self.chance(0.15):
            text += ["C0 = 0.75", "C1 = np.array([0.2, -0.4, 0.9])", ""]
        outer = [
            v
            for name, v in [
                ("C0", Var("C0", FLOAT, writable=False)),
                ("C1", Var("C1", Ty("float", (3,)), writable=False)),
            ]
            if any(t.startswith(name) for t in text)
        ]
        for _ in range(self.pick([0, 0, 1, 1, 2, 3])):
            lines, helper = self.helper(helpers, arguments, outer)
            text += ["", *lines, ""]
            helpers.append(helper)
        result = self.result(arguments)
        scope = Scope([*outer, *(variable(a) for a in arguments)], helpers, result)
        self.budget = self.random.randint(3, 12)
        body = self.block(scope, self.budget)
        body.append(f"return {self.final(scope)}")
        text += ["", f"def f({', '.join(a.name for a in arguments)}):", *indent(body)]
        text[len(HEADER) : len(HEADER)] = prelude(text)
        return Case(self.seed, "\n".join(text) + "\n", tuple(arguments))

    def make_arguments(self) -> list[Argument]:
        made = []
        for _ in range(self.random.randint(1, 3)):
            shape = self.argument_shape()
            dtype = "f32" if self.single and self.chance(0.7) else "f64"
            layout = self.pick(["F", "strided", "reversed"]) if self.chance(0.1) and all(shape) else "C"
            made.append(Argument(self.fresh("xyA" if len(shape) == 1 else "ABM"), dtype, shape, 0, layout))
        if self.chance(0.5):
            made.append(Argument(self.fresh("sc"), "float"))
        if self.chance(0.25):
            made.append(Argument(self.fresh("nm"), "int", (), self.random.randint(0, 3)))
        if self.chance(0.2):
            n = self.pick(self.sizes)
            hi = max(self.pick(made).shape[:1] or (1,)) - 1
            if n and hi >= 0:
                made.append(Argument(self.fresh("k"), "i64", (n,), hi))
        return made

    def argument_shape(self) -> tuple[int, ...]:
        return tuple(self.pick(self.sizes) for _ in range(self.pick([1, 1, 2])))

    def result(self, arguments: list[Argument]) -> tuple[Ty, ...]:
        def one() -> Ty:
            if self.chance(0.6):
                return FLOAT
            return Ty("float", self.pick([a.shape for a in arguments if a.shape and a.is_float]))

        return tuple(one() for _ in range(self.pick([1, 1, 1, 2])))

    def final(self, s: Scope) -> str:
        """A result that depends on what was computed last and on the arguments."""
        parts = []
        for ty in s.result:
            if ty.shape:
                found = [v.name for v in self.arrays(s) if v.ty == ty]
                parts.append(self.pick(found[-3:]) if found and self.chance(0.6) else self.array(s, ty.shape, 2))
                continue
            terms = [v.name for v in self.scalars(s)[-3:]] + [
                self.pick(["np.sum({})", "np.sum(np.sin({}))", "({} ** 2).sum()", "np.sum(np.tanh({}))"]).format(v.name)
                for v in self.arrays(s)[-4:]
            ]
            if self.chance(0.5):
                self.random.shuffle(terms)
            parts.append(" + ".join(terms[:4]) if terms else self.float(s))
        return ", ".join(parts)

    # -- helpers -------------------------------------------------------------------------------------------
    def helper(self, known: list[Helper], arguments: list[Argument], outer: list[Var]) -> tuple[Lines, Helper]:
        name = self.fresh("gh")
        kind = self.random.randint(0, 5)
        shapes = [a.shape for a in arguments if a.shape and a.is_float]
        if kind == 0:
            return self.recursive(name, outer)
        if kind == 1:
            return self.recursive_on_array(name, self.pick(shapes)[:1])
        writes = kind in (2, 3)
        params = [Ty("float", self.pick(shapes))] if writes else []
        params += [
            self.pick([FLOAT, Ty("float", self.pick(shapes)), FLOAT, INT]) for _ in range(self.random.randint(1, 2))
        ]
        names = [self.fresh("uvabp") for _ in params]
        result = FLOAT if self.chance(0.6) else Ty("float", self.pick(shapes))
        variables = [Var(n, t, 0, 3, writable=(writes and bool(t.shape)) or t == FLOAT) for n, t in zip(names, params)]
        scope = Scope([*outer, *variables], list(known), (result,), depth=1)
        self.budget = self.random.randint(1, 4)
        body = self.block(scope, self.budget)
        if writes and self.chance(0.3):
            return [f"def {name}({', '.join(names)}):", *indent(body)], Helper(name, tuple(params), None, True)
        body.append(f"return {self.value(scope, result)}")
        return [f"def {name}({', '.join(names)}):", *indent(body)], Helper(name, tuple(params), result, writes)

    def recursive(self, name: str, outer: list[Var]) -> tuple[Lines, Helper]:
        x, n = self.fresh("x"), self.fresh("n")
        s = Scope([*outer, Var(x, FLOAT), Var(n, INT, 0, 3)], [], (FLOAT,))
        lines = [
            f"def {name}({x}, {n}):",
            f"    if {n} <= 0:",
            f"        return {self.float(s, 1)}",
            f"    return {self.float(s, 1)} {self.pick('+-*')} {name}(np.sin({self.float(s, 1)}), {n} - 1)",
        ]
        return lines, Helper(name, (FLOAT, INT), FLOAT)

    def recursive_on_array(self, name: str, shape: tuple[int, ...]) -> tuple[Lines, Helper]:
        v, n = self.fresh("v"), self.fresh("n")
        lines = [f"def {name}({v}, {n}):", f"    if {n} >= len({v}):", f"        return {self.number()}"]
        writes = self.chance(0.5)
        if writes:
            lines += [f"    {v}[{n}] = np.sin({v}[{n}]) * {v}[{n} - 1]"]
        lines += [f"    return np.tanh({v}[{n}]) {self.pick('+-*')} {name}({v}, {n} + 1)"]
        return lines, Helper(name, (Ty("float", shape), INT), FLOAT, writes)


def variable(a: Argument) -> Var:
    if a.dtype in ("int", "i64"):
        return Var(a.name, Ty("int", a.shape), a.hi if a.dtype == "int" else 0, a.hi, writable=False)
    return Var(a.name, Ty("float", a.shape))


def aliasing(seed: int) -> Case:
    """A program about shared memory."""
    vectors = (Argument("x", "f64", (3,)), Argument("y", "f64", (3,)), Argument("m", "f64", (3, 3)))
    return Case(seed, Aliasing(seed).source(), (*vectors, Argument("n", "int", (), seed // ALIASING % 4)))


def kernel(seed: int) -> Case:
    """A program of array statements."""
    rows, columns = SHAPES[seed // KERNELS % len(SHAPES)]
    vectors = tuple(Argument(name, "f64", (columns,)) for name in "uvw")
    matrices = tuple(Argument(name, "f64", (rows, columns)) for name in "AB")
    places = Argument("k", "i64", (columns,), columns - 1)
    numbers = (Argument("c", "float"), Argument("q", "int", (), seed % 4))
    arguments = (*vectors, Argument("r", "f64", (rows,)), *matrices, places, *numbers)
    return Case(seed, Kernels(seed).source(), arguments)


def generate(seed: int) -> Case:
    """The program of a seed: one in `ALIASING` is about shared memory, one in `KERNELS` of the others of arrays."""
    if seed % ALIASING == ALIASING - 1:
        return aliasing(seed)
    return kernel(seed) if seed % KERNELS == KERNELS - 1 else Generator(seed).case()
