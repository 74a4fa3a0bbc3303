"""Random expressions: floats, integers in a range, conditions, arrays of a given shape.

Functions are kept where they are smooth and bounded (``np.log(1.0 + x * x)``); kinks (abs, maximum, where)
occur, and the oracle skips a program that stands on one.
"""

from __future__ import annotations

import math

from .scope import FLOAT, Chooser, Helper, Scope, Shape, Ty, Var

SMOOTH = [
    "np.tanh({})", "np.sin({})", "np.cos({})", "np.arctan({})", "np.exp(-({}) ** 2)", "np.sqrt(1.0 + ({}) ** 2)",
    "np.log(1.0 + ({}) ** 2)", "np.tanh({}) ** 2", "np.square(np.sin({}))", "np.expm1(np.sin({}))", "-({})",
    "1.0 / (1.0 + ({}) ** 2)", "np.abs({})", "np.maximum({}, 0.1)", "np.clip({}, -1.0, 1.0)", "np.log1p(np.square({}))",
    "np.sinh(np.tanh({}))", "np.reciprocal(2.0 + np.cos({}))", "np.float_power(1.5, np.sin({}))", "np.cosh(np.sin({}))",
    "np.negative({})", "np.minimum(0.2, {})", "np.exp2(np.cos({}))", "np.arcsinh({})", "(2.0 + np.sin({})) ** 1.5",
]  # fmt: skip
SCALAR_SMOOTH = [
    "math.sin({})", "math.tanh({})", "math.exp(-abs({}))", "math.sqrt(1.0 + ({}) ** 2)", "math.atan({})", "abs({})",
    "max({}, 0.3)", "min({}, 0.4)", "float({})", "math.log(2.0 + math.sin({}))", "pow(1.0 + abs({}), 0.5)",
]  # fmt: skip
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} * {}", "np.maximum({}, {})", "np.minimum({}, {})", "({}) / (1.5 + np.sin({}))",
          "np.hypot(({}), 1.0 + ({}) ** 2)", "np.arctan2({}, 1.0 + ({}) ** 2)", "np.multiply({}, {})", "np.add({}, {})"]  # fmt: skip
SCALAR_BINARY = ["max({}, {})", "min({}, {})", "math.atan2({}, 2.0 + abs({}))", "{} + {}", "{} * {}", "{} - {}"]


def size(shape: Shape) -> int:
    return math.prod(shape)


def paren(text: str) -> str:
    return f"({text})"


class Expressions(Chooser):
    """Expressions over the names of a scope; each method returns source text."""

    # -- what is in scope ---------------------------------------------------------------------------
    def arrays(self, s: Scope, kind: str = "float", rank: int | None = None, writable: bool = False) -> list[Var]:
        return [v for v in s.vars if v.ty.kind == kind and v.ty.shape and (rank is None or len(v.ty.shape) == rank)
                and (v.writable or not writable)]  # fmt: skip

    def scalars(self, s: Scope, kind: str = "float") -> list[Var]:
        return [v for v in s.vars if v.ty == Ty(kind)]

    def recent(self, found: list[Var]) -> Var:
        """One of them, likelier a late one."""
        return self.pick(found[-3:] if self.chance(0.6) else found)

    # -- integers, indices, slices --------------------------------------------------------------------
    def integer(self, s: Scope, lo: int, hi: int) -> str:
        """An int that is in lo..hi (lo <= hi)."""
        choices = [str(self.random.randint(lo, hi))]
        for v in self.scalars(s, "int"):
            for c in (0, 1, -1, 2):
                if lo <= v.lo + c and v.hi + c <= hi:
                    choices += [v.name if not c else f"{v.name} {'+' if c > 0 else '-'} {abs(c)}"] * (3 if not c else 1)
            if lo == 0 and v.lo >= 0:
                choices.append(f"{v.name} % {hi + 1}")
        for v in self.arrays(s, rank=1):
            if v.ty.shape[0] - 1 == hi:
                choices.append(f"len({v.name}) - 1")
            if 0 < v.ty.shape[0] <= hi + 1 and lo == 0 and self.chance(0.1):
                choices.append(f"np.argmax({v.name})")
        return self.pick(choices)

    def index(self, s: Scope, n: int) -> str:
        """A valid index of an axis of n >= 1 elements."""
        if self.chance(0.2):
            return str(-self.random.randint(1, n))
        return self.integer(s, 0, n - 1)

    def slice(self, s: Scope, n: int, m: int) -> str:
        """A slice of an axis of n elements that selects m of them (m <= n)."""
        step = self.pick([1, 1, 1, 2, -1, -2])
        if m and (m - 1) * abs(step) >= n:
            step = self.pick([1, -1])
        if m == 0:
            return self.pick(["0:0", "2:1", f"{n}:"])
        span = (m - 1) * abs(step) + 1
        if step > 0:
            runs = [v for v in self.scalars(s, "int") if v.lo >= 0 and v.hi + m <= n]
            if step == 1 and runs and self.chance(0.5):
                v = self.pick(runs)
                return f"{v.name}:{v.name} + {m}"
            start = self.random.randint(0, n - span)
            stop = start + span
            first = "" if start == 0 and self.chance(0.7) else str(start)
            last = (
                ""
                if stop + step > n and self.chance(0.7)
                else str(stop - n)
                if stop < n and self.chance(0.4)
                else str(stop)
            )
            return f"{first}:{last}" + (f":{step}" if step != 1 else "")
        start = self.random.randint(span - 1, n - 1)
        stop = start - span
        first = "" if start == n - 1 and self.chance(0.7) else str(start)
        last = "" if stop < 0 else str(stop)
        if stop >= 0 and (start - stop - 1) // -step + 1 != m:
            last = str(stop)
        return f"{first}:{last}:{step}"

    def element(self, s: Scope) -> str | None:
        """``A[i, j]``."""
        found = [v for v in self.arrays(s) if size(v.ty.shape)]
        if not found:
            return None
        v = self.recent(found)
        at = [self.index(s, n) for n in v.ty.shape]
        return v.name + (f"[{']['.join(at)}]" if self.chance(0.15) else f"[{', '.join(at)}]")

    def extent(self, s: Scope, n: int) -> str:
        """Text for the number n, perhaps as an extent."""
        choices = [str(n)]
        for v in self.arrays(s):
            choices += [f"{v.name}.shape[{k}]" for k, d in enumerate(v.ty.shape) if d == n]
            if v.ty.shape[0] == n:
                choices += [f"len({v.name})"] * 2
        return self.pick(choices)

    def shape(self, s: Scope, shape: Shape) -> str:
        if len(shape) == 1:
            return self.extent(s, shape[0])
        for v in self.arrays(s):
            if v.ty.shape == shape and self.chance(0.3):
                return f"{v.name}.shape"
        return f"({', '.join(self.extent(s, n) for n in shape)})"

    # -- conditions -------------------------------------------------------------------------------------
    def condition(self, s: Scope, depth: int = 1) -> str:
        def compare() -> str:
            return f"{self.float(s, depth)} {self.pick(['<', '>', '<=', '>='])} {self.pick(['0.3', '0.0', '-0.2', '0.8', self.float(s, 0)])}"

        def chain() -> str:
            return f"-0.5 < {self.float(s, depth)} < {self.pick(['0.5', '1.0'])}"

        def integers() -> str:
            found = self.scalars(s, "int")
            if not found:
                return compare()
            v = self.pick(found)
            return self.pick([f"{v.name} % 2 == 0", f"{v.name} > {v.lo}", f"{v.name} == {v.hi}", f"{v.name} != {v.lo}"])

        def logic() -> str:
            a, b = self.condition(s, 0), self.condition(s, 0)
            return self.pick([f"({a}) and ({b})", f"({a}) or ({b})", f"not ({a})"])

        def quantified() -> str:
            found = self.arrays(s)
            if not found:
                return compare()
            return f"{self.pick(['np.any', 'np.all'])}({self.recent(found).name} > {self.pick(['0.5', '-0.3'])})"

        return str(self.weighted({compare: 6, chain: 1, integers: 3, logic: 2 if depth else 0, quantified: 1})())

    # -- float scalars --------------------------------------------------------------------------------------
    def float(self, s: Scope, depth: int = 2) -> str:
        """A float scalar."""
        if depth <= 0:
            found = [v.name for v in self.scalars(s)]
            if (e := self.element(s)) is not None:
                found += [e] * 2
            return self.number() if not found or self.chance(0.12) else self.pick(found)

        def unary() -> str:
            return self.pick(SMOOTH + SCALAR_SMOOTH).format(self.float(s, depth - 1))

        def binary() -> str:
            return paren(self.pick(BINARY + SCALAR_BINARY).format(self.float(s, depth - 1), self.float(s, depth - 1)))

        def conditional() -> str:
            return f"({self.float(s, depth - 1)} if {self.condition(s)} else {self.float(s, depth - 1)})"

        def reduced() -> str:
            shape = self.some_shape(s)
            x = self.array(s, shape, depth - 1)
            forms = ["np.sum({})", "({}).sum()", "np.sum({})", "np.sum(({}) ** 2)"]
            if size(shape):
                forms += [
                    "np.mean({})",
                    "({}).mean()",
                    "np.max({})",
                    "({}).min()",
                    "np.var({})",
                    "np.prod(np.cos({}))",
                    "np.std(1.0 + np.arange(({0}).size) + 0.1 * np.ravel({0}))",
                ]
            if len(shape) == 1:
                forms += ["sum({})"]
            return self.pick(forms).format(x)

        def dot() -> str:
            shape = self.some_shape(s)[:1]
            a, b = self.array(s, shape, depth - 1), self.array(s, shape, depth - 1)
            return paren(
                self.pick(
                    [f"np.dot({a}, {b})", f"{paren(a)} @ {paren(b)}", f"np.vdot({a}, {b})", f"np.inner({a}, {b})"]
                )
            )

        def prefix() -> str:
            runs = [v for v in self.scalars(s, "int") if v.lo >= 0]
            found = [(i, v) for i in runs for v in self.arrays(s, rank=1) if i.hi <= v.ty.shape[0]]
            if not found:
                return reduced()
            i, v = self.pick(found)
            return self.pick(
                [
                    f"np.sum({v.name}[:{i.name}])",
                    f"np.dot({v.name}[:{i.name}], {v.name}[:{i.name}])",
                    f"{v.name}[{i.name}:].sum()",
                ]
            )

        def generated() -> str:
            found = self.arrays(s, rank=1)
            if not found:
                return reduced()
            v, t = self.recent(found), self.fresh("t")
            inner = s.inner()
            inner.vars.append(Var(t, FLOAT, writable=False))
            body = self.float(inner, 1)
            if self.chance(0.5):
                k = self.random.randint(0, 3)
                inner = s.inner()
                inner.vars.append(Var(t, Ty("int"), 0, max(k - 1, 0), False))
                return f"sum({self.float(inner, 1)} for {t} in range({k}))"
            return self.pick([f"sum({body} for {t} in {v.name})", f"sum([{body} for {t} in {v.name}])"])

        def masked() -> str:
            found = self.arrays(s)
            if not found:
                return reduced()
            v = self.recent(found)
            return f"np.sum({v.name}[{v.name} > {self.pick(['0.2', '0.0'])}])"

        def from_int() -> str:
            found = self.scalars(s, "int")
            return f"({self.pick(found).name} * {self.number()})" if found else self.float(s, 0)

        def called() -> str:
            return self.call(s, FLOAT, depth) or self.float(s, depth - 1)

        def leaf() -> str:
            return self.float(s, 0)

        kinds = {unary: 5, binary: 6, leaf: 3, reduced: 4, conditional: 1, dot: 1.5, prefix: 0.7, generated: 0.5,
                 masked: 0.2, from_int: 0.7, called: 2}  # fmt: skip
        return str(self.weighted(kinds)())

    def call(self, s: Scope, ty: Ty, depth: int) -> str | None:
        """A call of a helper with this result, or None."""
        found = [h for h in s.helpers if h.result == ty]
        return self.call_of(s, self.pick(found), depth) if found else None

    def call_of(self, s: Scope, h: Helper, depth: int) -> str | None:
        args = []
        for p in h.params:
            if p.kind == "int":
                args.append(self.integer(s, 0, 3))
            elif not p.shape:
                args.append(self.float(s, depth - 1))
            elif h.writes:
                place = self.place(s, p.shape)
                if place is None:
                    return None
                args.append(place)
            else:
                args.append(self.array(s, p.shape, depth - 1))
        return f"{h.name}({', '.join(args)})"

    # -- arrays -----------------------------------------------------------------------------------------------
    def some_shape(self, s: Scope) -> Shape:
        found = self.arrays(s)
        return self.recent(found).ty.shape if found else (self.random.randint(1, 3),)

    def broadcastable(self, shape: Shape) -> Shape:
        """A shape that broadcasts to this one, often itself."""
        if self.chance(0.7):
            return shape
        if len(shape) > 1 and self.chance(0.5):
            return shape[1:]
        return tuple(1 if self.chance(0.4) else n for n in shape)

    def place(self, s: Scope, shape: Shape, writable: bool = True) -> str | None:
        """A name or a view of this shape, that may be written."""
        found: list[str] = []
        for v in self.arrays(s, writable=writable):
            have = v.ty.shape
            if have == shape:
                found += [v.name] * 4
            if len(have) == 2:
                if have[::-1] == shape:
                    found.append(f"{v.name}.T")
                if have[1:] == shape and have[0]:
                    found += [f"{v.name}[{self.index(s, have[0])}]"] * 2
                if have[:1] == shape and have[1]:
                    found.append(f"{v.name}[:, {self.index(s, have[1])}]")
                if len(shape) == 2 and shape[0] <= have[0] and shape[1] <= have[1] and have != shape:
                    found.append(f"{v.name}[{self.slice(s, have[0], shape[0])}, {self.slice(s, have[1], shape[1])}]")
            if len(have) == len(shape) == 1 and shape[0] <= have[0]:
                found.append(f"{v.name}[{self.slice(s, have[0], shape[0])}]")
            if len(shape) == 2 and have == (shape[0],) and shape[1] == 1:
                found.append(f"{v.name}[:, {self.pick(['None', 'np.newaxis'])}]")
            if size(have) == size(shape) and len(have) != len(shape):
                dims = ", ".join(self.extent(s, n) for n in shape)
                found.append(
                    f"{v.name}.reshape({dims})" if size(shape) else f"{v.name}.reshape({', '.join(map(str, shape))})"
                )
                if len(shape) == 1:
                    found.append(f"{v.name}.{self.pick(['ravel()', 'reshape(-1)'])}")
        return self.pick(found) if found else None

    def array(self, s: Scope, shape: Shape, depth: int = 2) -> str:
        """A float array of this shape (rank 1 to 3)."""
        if depth <= 0 or self.chance(0.1):
            return self.leaf_array(s, shape)

        def unary() -> str:
            return self.pick(SMOOTH).format(self.array(s, shape, depth - 1))

        def binary() -> str:
            other = self.broadcastable(shape)
            a = self.array(s, shape, depth - 1)
            b = self.float(s, depth - 1) if self.chance(0.3) else self.array(s, other, depth - 1)
            return paren(self.pick(BINARY).format(*((a, b) if self.chance(0.6) else (b, a))))

        def where() -> str:
            x = self.leaf_array(s, shape)
            a = self.array(s, self.broadcastable(shape), depth - 1)
            b = self.float(s, 0) if self.chance(0.3) else self.array(s, shape, depth - 1)
            return f"np.where({x} > {self.pick(['0.0', '0.4'])}, {a}, {b})"

        def reduced() -> str:
            axis = self.random.randint(0, len(shape))
            k = self.random.randint(1, 3)
            full = (*shape[:axis], k, *shape[axis:])
            if len(full) > 3:
                return unary()
            name = self.pick(["sum", "mean", "max", "min", "sum"])
            ax = axis if self.chance(0.6) else axis - len(full)
            x = self.array(s, full, depth - 1)
            if 1 in shape and self.chance(0.5):
                axis = shape.index(1)
                full = (*shape[:axis], k, *shape[axis + 1 :])
                return f"np.{name}({self.array(s, full, depth - 1)}, axis={axis}, keepdims=True)"
            return self.pick([f"np.{name}({x}, axis={ax})", f"({x}).{name}(axis={ax})"])

        def product() -> str:
            k = self.random.randint(1, 3)
            if len(shape) == 1:
                a, b = self.array(s, (shape[0], k), depth - 1), self.array(s, (k,), depth - 1)
                if self.chance(0.5):
                    a, b = self.array(s, (k,), depth - 1), self.array(s, (k, shape[0]), depth - 1)
            elif len(shape) == 2:
                if self.chance(0.25):
                    return f"np.outer({self.array(s, shape[:1], depth - 1)}, {self.array(s, shape[1:], depth - 1)})"
                a, b = self.array(s, (shape[0], k), depth - 1), self.array(s, (k, shape[1]), depth - 1)
            else:
                return unary()
            return self.pick([f"np.dot({a}, {b})", f"({a} @ {b})", f"({a}).dot({b})", f"np.matmul({a}, {b})"])

        def joined() -> str:
            axis = self.random.randint(0, len(shape) - 1)
            if len(shape) > 1 and 0 < shape[axis] <= 3 and self.chance(0.4):
                rest = shape[:axis] + shape[axis + 1 :]
                parts = ", ".join(self.array(s, rest, depth - 1) for _ in range(shape[axis]))
                return f"np.stack([{parts}], axis={axis})"
            k = self.random.randint(0, shape[axis])
            parts = ", ".join(
                self.array(s, (*shape[:axis], m, *shape[axis + 1 :]), depth - 1) for m in (k, shape[axis] - k)
            )
            return f"np.concatenate({self.pick(['[{}]', '({})']).format(parts)}" + (f", axis={axis})" if axis else ")")

        def listed() -> str:
            if len(shape) != 1 or not 0 < shape[0] <= 3:
                return unary()
            return f"np.array([{', '.join(self.float(s, depth - 1) for _ in range(shape[0]))}])"

        def reordered() -> str:
            if len(shape) == 2:
                x = self.array(s, shape[::-1], depth - 1)
                return self.pick([f"({x}).T", f"np.transpose({x})"])
            if len(shape) == 1:
                x = self.array(s, shape, depth - 1)
                return self.pick(
                    [f"({x})[::-1]", f"np.cumsum({x})", f"np.flip({x})", f"np.roll({x}, 1)", f"np.sort({x})"]
                )
            return unary()

        def reshaped() -> str:
            flat = (size(shape),)
            if len(shape) == 1:
                split = [(a, shape[0] // a) for a in range(1, shape[0] + 1) if shape[0] % a == 0] or [(1, 0)]
                return f"({self.array(s, self.pick(split), depth - 1)}).{self.pick(['ravel()', 'reshape(-1)', 'flatten()'])}"
            return f"np.reshape({self.array(s, flat, depth - 1)}, {self.shape(s, shape)})"

        def gathered() -> str:
            found = [v for v in self.arrays(s, rank=len(shape)) if v.ty.shape[0] and v.ty.shape[1:] == shape[1:]]
            if not found:
                return unary()
            v = self.recent(found)
            return f"{v.name}[{self.indices(s, v.ty.shape[0], shape[0])}]"

        def called() -> str:
            return self.call(s, Ty("float", shape), depth) or unary()

        def leaf() -> str:
            return self.leaf_array(s, shape)

        kinds = {unary: 5, binary: 6, leaf: 3, where: 1, reduced: 1.5, product: 1.5, joined: 1, listed: 0.7,
                 reordered: 1, reshaped: 0.7, gathered: 1, called: 2}  # fmt: skip
        return str(self.weighted(kinds)())

    def indices(self, s: Scope, n: int, m: int) -> str:
        """An index array of m elements in 0..n-1."""
        found = [v.name for v in self.arrays(s, "int", 1) if v.ty.shape == (m,) and v.hi < n]
        if found and self.chance(0.7):
            return self.pick(found)
        numbers = [self.random.randint(-n if self.chance(0.2) else 0, n - 1) for _ in range(m)]
        return f"np.array({numbers})" if m else "np.array([], dtype=int)"

    def leaf_array(self, s: Scope, shape: Shape) -> str:
        if self.chance(0.85) and (place := self.place(s, shape, writable=False)) is not None:
            return place
        x = self.float(s, 0)
        made = [f"np.full({self.shape(s, shape)}, {x})", f"{x} * np.ones({self.shape(s, shape)})"]
        if len(shape) == 1:
            made += [
                f"np.linspace({x}, 1.0, {self.extent(s, shape[0])})",
                f"{x} * np.arange({self.extent(s, shape[0])})",
            ]
        same = [v for v in self.arrays(s) if v.ty.shape == shape]
        if same:
            made += [f"np.full_like({self.pick(same).name}, {x})", f"{x} + np.zeros_like({self.pick(same).name})"]
        below = [v for v in self.arrays(s) if v.ty.shape == shape[1:]]
        if below:
            made += [f"np.broadcast_to({self.pick(below).name}, {self.shape(s, shape)})"] * 2
        return self.pick(made)
