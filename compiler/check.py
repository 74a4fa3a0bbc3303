"""`check_grads`: derivatives against finite differences, order by order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from .api import extended
from .errors import PullbackTypeError, PullbackValueError
from .plan import Transform

Call = Callable[[tuple[Any, ...]], Any]


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    seed: int = 0,
) -> None:
    """Check the derivatives of `f` at `args` up to `order`, in forward ("fwd") and reverse ("rev") mode.

    For each leaf of the arguments, the derivative in a random direction is compared with a central
    difference of fourth order: of plain Python `f` for first derivatives, of the derivative just checked
    for higher ones. Reverse mode is compared through the inner product with a random cotangent. Modes
    are combined (forward over reverse, and so on). All arguments have to be floats or trees of floats.
    The defaults of `eps`, `rtol` and `atol` go by the least precise dtype among arguments and results.

    Raises AssertionError that names the modes, the leaf with the largest error and its two numbers.
    """
    if isinstance(modes, str):
        modes = (modes,)
    if not modes or not set(modes) <= {"fwd", "rev"}:
        raise PullbackValueError(f'modes are "fwd" and "rev", not {modes!r}')
    if order < 1:
        raise PullbackValueError(f"order has to be at least 1, not {order}")
    if not isinstance(args, (tuple, list)):
        raise PullbackTypeError("check_grads: args has to be a tuple with one element for each argument")
    args = tuple(args)
    for path, x in ((p, x) for k, a in enumerate(args) for p, x in tree.leaves_with_paths(a, f"args[{k}]")):
        if x is not None and not _is_float(x):
            raise PullbackTypeError(
                f"check_grads: {path} is {tree.describe(x)}, and all arguments have to be floats",
                hint="pass 1.0 instead of 1, a.astype(float), or check a function of the floats alone",
            )
    single = any(np.asarray(x).dtype == np.float32 for x in tree.leaves(args) if x is not None)
    checker = _Checker(
        f,
        args,
        tuple(modes),
        atol if atol is not None else (2e-2 if single else 1e-6),
        rtol if rtol is not None else (2e-2 if single else 1e-6),
        eps if eps is not None else (2e-2 if single else 3e-4),
        np.random.default_rng(seed),
    )
    checker.check(lambda xs: f(*_copied(xs)), (), (), order)


class _Checker:
    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        modes: tuple[str, ...],
        atol: float,
        rtol: float,
        eps: float,
        rng: np.random.Generator,
    ):
        self.f = f
        self.args = args
        self.modes = modes
        self.atol = atol
        self.rtol = rtol
        self.eps = eps
        self.rng = rng
        self.wrt = tuple(range(len(args)))
        self.paths = [(p, x) for i, a in enumerate(args) for p, x in tree.leaves_with_paths(a, f"args[{i}]")]

    def check(self, call: Call, chain: tuple[Transform, ...], extras: tuple[Any, ...], order: int) -> None:
        """Check the derivatives of `call`, which is `f` under `chain`, given `extras`."""
        out = call(self.args)
        weights = self.random_like(out)
        directions = [self.direction(k) for k in range(len(self.paths))]
        expected = [None if v is None else self.difference(call, v, weights) for v in directions]
        for mode in self.modes:
            if mode == "fwd":
                step = Transform("jvp", self.wrt, value=False)
                jvp = extended(self.f, *chain, step)
                found = [None if v is None else _dot(weights, jvp(self.args, {}, (*extras, v))) for v in directions]
                extra = self.random_like(self.args)
            else:
                step = Transform("vjp", self.wrt)
                vjp = extended(self.f, *chain, step)
                gradient = vjp(self.args, {}, (*extras, weights))
                found = [None if v is None else _dot(v, gradient) for v in directions]
                extra = weights
            self.compare(found, expected, " over ".join([mode, *(_MODE[t.kind] for t in reversed(chain))]))
            if order > 1:
                derivative = extended(self.f, *chain, step)
                more = (*extras, extra)
                self.check(lambda xs, d=derivative, m=more: d(xs, {}, m), (*chain, step), more, order - 1)  # type: ignore[misc]

    def compare(self, found: list[Any], expected: list[Any], modes: str) -> None:
        worst: tuple[float, str] | None = None
        for (path, _), a, b in zip(self.paths, found, expected, strict=True):
            if a is None or (np.isnan(a) and np.isnan(b)):
                continue
            excess = abs(a - b) / (self.atol + self.rtol * max(abs(a), abs(b)))
            if not excess <= 1.0 and (worst is None or not excess <= worst[0]):
                worst = excess, f"{path}: derivative {a!r}, finite differences {b!r}"
        if worst is not None:
            name = getattr(self.f, "__name__", "f")
            raise AssertionError(
                f"check_grads of {name}, {modes}: {worst[1]} "
                f"({worst[0]:.3g} times the tolerance atol={self.atol:g}, rtol={self.rtol:g})"
            )

    def difference(self, call: Call, v: tuple[Any, ...], weights: Any) -> float:
        """The derivative of <weights, call> in direction `v`, by a central difference of fourth order."""

        def at(h: float) -> float:
            return _dot(weights, call(_moved(self.args, v, h)))

        h = self.eps
        return (8.0 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0 * h)

    def direction(self, k: int) -> tuple[Any, ...] | None:
        """A random tangent that moves leaf k only; None where there is nothing to move."""
        if self.paths[k][1] is None:
            return None
        count = iter(range(len(self.paths)))
        v: tuple[Any, ...] = tree.map_leaves(lambda x: self.random(x) if next(count) == k else _zeros(x), self.args)
        return v

    def random_like(self, t: Any) -> Any:
        return tree.map_leaves(self.random, t)

    def random(self, x: Any) -> Any:
        if not _is_float(x):
            return None
        return self.rng.standard_normal(np.shape(x)).astype(np.asarray(x).dtype)[()]


_MODE = {"jvp": "fwd", "vjp": "rev"}


def _is_float(x: Any) -> bool:
    return isinstance(x, (float, np.floating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def _zeros(x: Any) -> Any:
    return None if x is None else np.zeros_like(x)[()]


def _copied(xs: tuple[Any, ...]) -> tuple[Any, ...]:
    copies: tuple[Any, ...] = tree.map_leaves(lambda x: np.array(x) if isinstance(x, np.ndarray) else x, xs)
    return copies


def _moved(xs: tuple[Any, ...], v: tuple[Any, ...], h: float) -> tuple[Any, ...]:
    vs = iter(tree.leaves(v))

    def move(x: Any) -> Any:
        d = next(vs)
        if x is None:
            return None
        moved = x + h * d
        return moved.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(moved)

    moved_xs: tuple[Any, ...] = tree.map_leaves(move, xs)
    return moved_xs


def _dot(a: Any, b: Any) -> float:
    """The inner product of two trees, in float64; None leaves and non-floats do not count."""
    total = 0.0
    for x, y in zip(tree.leaves(a), tree.leaves(b), strict=True):
        if x is not None and y is not None:
            total += float(np.sum(np.asarray(x, np.float64) * np.asarray(y, np.float64)))
    return total
