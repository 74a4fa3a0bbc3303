"""Checks one function against finite differences and inner products, in every mode of differentiation.

The oracle is `pullback.ir.interp`, whose meaning of an op is NumPy's, and fourth-order central differences of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

import numpy as np

import pullback.rules  # noqa: F401  (fills the registry)
from pullback.ir.builder import Builder
from pullback.ir.dims import Dim
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function, Operand, Region, Value
from pullback.ir.types import FROM_NUMPY, Type
from pullback.ir.verifier import verify
from pullback.transforms.forward import forward
from pullback.transforms.retain import retain
from pullback.transforms.reverse import reverse

STEP = 1e-4
Emit = Callable[..., Operand]


@dataclass(frozen=True)
class Case:
    """``emit(builder, *params)`` makes the op (and returns its result) for parameters like `inputs`, whose
    types have the extents `shapes`."""

    name: str
    emit: Emit
    inputs: tuple[Any, ...]
    shapes: tuple[tuple[Dim, ...], ...]

    def __str__(self) -> str:
        return self.name


def extent(n: int) -> Dim:
    """Extents are specialised as at dispatch: 1 is a constant, equal extents share a symbol."""
    return Dim.of(1) if n == 1 else Dim.of(f"n{n}")


def extents(*shape: int) -> tuple[Dim, ...]:
    return tuple(map(extent, shape))


def number(d: Dim) -> int:
    """What `extent` was made of."""
    return d.evaluate(lambda symbol: int(symbol[1:]))


def type_of(x: Any, shape: tuple[Dim, ...]) -> Type:
    return Type(FROM_NUMPY[np.asarray(x).dtype], shape)


def function_of(case: Case) -> Function:
    types = map(type_of, case.inputs, case.shapes)
    body = Region([Value(t, f"x{k}") for k, t in enumerate(types)])
    body.yields = [case.emit(Builder(body), *body.params)]
    fn = Function("f", body)
    verify(fn)
    return fn


def reverse_of(fn: Function, wrt: list[int], value: bool = True) -> Function:
    made = reverse(fn, wrt, value=value, seed_params=True)
    verify(made, cross_reads=True)
    made = retain(made)
    verify(made)
    return made


def forward_of(fn: Function, wrt: list[int]) -> Function:
    made = forward(fn, wrt)
    verify(made)
    return made


def run(fn: Function, args: Sequence[Any]) -> list[Any]:
    return interpret(fn, [np.asarray(x)[()] for x in args])


def floats(xs: Sequence[Any]) -> list[int]:
    return [k for k, x in enumerate(xs) if np.asarray(x).dtype.kind == "f"]


def subsets(items: Sequence[int]) -> list[list[int]]:
    """Every non-empty subset."""
    return [list(s) for s in chain.from_iterable(combinations(items, r) for r in range(1, len(items) + 1))]


def derivative(f: Callable[[float], Sequence[Any]], step: float = STEP) -> list[np.ndarray]:
    """d f(t) / dt at t = 0, of every result, by central differences of fourth order."""
    m2, m1, p1, p2 = ([np.asarray(y, dtype=float) for y in f(t * step)] for t in (-2, -1, 1, 2))
    return [(a - 8 * b + 8 * c - d) / (12 * step) for a, b, c, d in zip(m2, m1, p1, p2, strict=True)]


def moved(args: Sequence[Any], which: Sequence[int], directions: Sequence[Any], t: float) -> list[Any]:
    out = list(args)
    for k, d in zip(which, directions, strict=True):
        out[k] = out[k] + t * d
    return out


def differenced_vjp(fn: Function, args: Sequence[Any], k: int, cotangent: Any) -> np.ndarray:
    """The gradient of <cotangent, fn> by argument k, element by element."""
    x = np.asarray(args[k])
    grad = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[place] = 1.0
        (slope,) = derivative(lambda t, u=unit: run(fn, moved(args, [k], [u], t)))
        grad[place] = np.sum(slope * cotangent)
    return grad


def inner(us: Sequence[Any], vs: Sequence[Any]) -> tuple[float, float]:
    """The inner product, and the size of what was summed."""
    terms = [np.ravel(np.asarray(u, dtype=float) * v) for u, v in zip(us, vs, strict=True)]
    flat = np.concatenate(terms) if terms else np.zeros(0)
    return float(flat.sum()), float(np.abs(flat).sum())


def close(actual: Any, expected: Any, rtol: float, what: str) -> None:
    """Equal to `rtol` of the largest element; NaN and infinities in the same places."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    finite = expected[np.isfinite(expected)]
    scale = max(1.0, float(np.abs(finite).max(initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale, err_msg=what)


def check_first_order(case: Case, fn: Function, rng: np.random.Generator) -> None:
    """Reverse against differences, and against forward, for every subset of the float arguments."""
    args = case.inputs
    (y,) = run(fn, args)
    g = rng.normal(size=np.shape(y))
    expected = {k: differenced_vjp(fn, args, k, g) for k in floats(args)}
    for wrt in subsets(floats(args)):
        value, *grads = run(reverse_of(fn, wrt), [*args, g])
        np.testing.assert_array_equal(value, y)
        for k, grad in zip(wrt, grads, strict=True):
            close(grad, expected[k], 1e-6, f"{case}: vjp by operand {k} of {wrt} against differences")
            assert np.asarray(grad).dtype == np.asarray(args[k]).dtype
        dots = [rng.normal(size=np.shape(args[k])) for k in wrt]
        value, dot = run(forward_of(fn, wrt), [*args, *dots])
        np.testing.assert_array_equal(value, y)
        check_products(f"{case}: forward against reverse, {wrt}", [dot], [g], grads, dots)


def check_products(what: str, dots: Any, cotangents: Any, grads: Any, directions: Any) -> None:
    left, size = inner(dots, cotangents)
    right, other = inner(grads, directions)
    assert abs(left - right) <= 1e-12 * (1 + size + other), f"{what}: {left} and {right}"


def check_second_order(case: Case, fn: Function, rng: np.random.Generator) -> None:
    """The derivative of the adjoint program, by differences, forward over reverse and reverse over reverse."""
    args = list(case.inputs)
    wrt = floats(args)
    (y,) = run(fn, args)
    adjoint = reverse_of(fn, wrt, value=False)
    args.append(rng.normal(size=np.shape(y)))
    wrt = [*wrt, len(args) - 1]
    directions = [rng.normal(size=np.shape(args[k])) for k in wrt]
    expected = derivative(lambda t: run(adjoint, moved(args, wrt, directions, t)))
    results = run(forward_of(adjoint, wrt), [*args, *directions])
    dots = results[len(results) // 2 :]
    for dot, e in zip(dots, expected, strict=True):
        close(dot, e, 1e-6, f"{case}: forward over reverse against differences")
    cotangents = [rng.normal(size=np.shape(d)) for d in dots]
    grads = run(reverse_of(adjoint, wrt, value=False), [*args, *cotangents])
    check_products(f"{case}: reverse over reverse", dots, cotangents, grads, directions)


def of_dtype(xs: Sequence[Any], dtype: Any) -> tuple[Any, ...]:
    """The floats of `xs` as `dtype`."""
    arrays = map(np.asarray, xs)
    return tuple((x.astype(dtype) if x.dtype.kind == "f" else x)[()] for x in arrays)


def check_single_precision(case: Case, rng: np.random.Generator) -> None:
    """float32 stays float32, in values, adjoints and tangents, and agrees with float64."""
    narrow, wide = of_dtype(case.inputs, np.float32), of_dtype(of_dtype(case.inputs, np.float32), np.float64)
    f32, f64 = function_of(replace(case, inputs=narrow)), function_of(replace(case, inputs=wide))
    (y,) = run(f64, wide)
    g = rng.normal(size=np.shape(y)).astype(np.asarray(run(f32, narrow)[0]).dtype)
    wrt = floats(narrow)
    dots = [rng.normal(size=np.shape(narrow[k])).astype(np.float32) for k in wrt]
    wide_dots = of_dtype(dots, np.float64)
    pairs = [
        (run(f32, narrow), run(f64, wide)),
        (run(reverse_of(f32, wrt), [*narrow, g]), run(reverse_of(f64, wrt), [*wide, g.astype(float)])),
        (run(forward_of(f32, wrt), [*narrow, *dots]), run(forward_of(f64, wrt), [*wide, *wide_dots])),
    ]
    for narrows, wides in pairs:
        for a, b in zip(narrows, wides, strict=True):
            if np.asarray(b).dtype.kind != "f":
                np.testing.assert_array_equal(a, b)
                continue
            assert np.asarray(a).dtype == np.float32, f"{case}: a result is {np.asarray(a).dtype}"
            close(a, b, 1e-5, f"{case}: float32 against float64")


def seed_of(name: str) -> np.random.Generator:
    return np.random.default_rng(list(name.encode()))
