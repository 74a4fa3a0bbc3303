"""Where a derivative is undefined: the choices of docs/differentiation.md, one test for each.

Every value is asserted in reverse mode, in forward mode (the Jacobian, one direction at a time), and, where a
second derivative exists, in reverse over reverse. NaN and infinities are asserted as such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pullback.ir.builder import Builder
from pullback.ir.dims import ONE
from pullback.ir.nodes import Function, Operand, Region, Value
from pullback.ir.types import Type
from pullback.ir.verifier import verify

from .oracle import extents, forward_of, reverse_of, run

Program = Callable[..., Operand]
INF, NAN = np.inf, np.nan


def program(emit: Program, *shapes: tuple[int, ...]) -> Function:
    body = Region([Value(Type("f64", extents(*s)), f"x{k}") for k, s in enumerate(shapes)])
    body.yields = [emit(Builder(body), *body.params)]
    fn = Function("f", body)
    verify(fn)
    return fn


def gradients(emit: Program, *args: Any, wrt: list[int] | None = None, both_modes: bool = True) -> list[np.ndarray]:
    """The gradients of the sum of the results; forward mode must give the same (if `both_modes`)."""
    arrays = [np.asarray(a, dtype=float) for a in args]
    fn = program(emit, *[a.shape for a in arrays])
    wrt = list(range(len(args))) if wrt is None else wrt
    (y,) = run(fn, arrays)
    grads = [np.asarray(g) for g in run(reverse_of(fn, wrt, value=False), [*arrays, np.ones(np.shape(y))])]
    tangent = forward_of(fn, wrt)
    for k, grad in zip(wrt if both_modes else [], grads, strict=both_modes):
        for place in np.ndindex(arrays[k].shape):
            dots = [np.zeros(arrays[j].shape) for j in wrt]
            dots[wrt.index(k)][place] = 1.0
            dot = run(tangent, [*arrays, *dots])[1]
            # a tangent of exactly zero contributes nothing, as in reverse mode
            np.testing.assert_allclose(np.sum(dot), grad[place], rtol=1e-12, atol=1e-12, err_msg="forward mode")
    return grads


def hessian(emit: Program, x: Any) -> np.ndarray:
    """Reverse over reverse, a row at a time; forward over reverse must give the same."""
    x = np.asarray(x, dtype=float)
    fn = program(emit, x.shape)
    assert not fn.result_types[0].shape
    gradient = reverse_of(fn, [0], value=False)
    twice, tangent = reverse_of(gradient, [0], value=False), forward_of(gradient, [0])
    rows = []
    for unit in np.eye(x.size).reshape(-1, *x.shape):
        (row,) = run(twice, [x, 1.0, unit])
        np.testing.assert_allclose(run(tangent, [x, 1.0, unit])[1], row, rtol=1e-12, atol=1e-12)
        rows.append(np.ravel(row))
    return np.array(rows)


def unary(opcode: str) -> Program:
    return lambda b, x: b.emit(opcode, x)


def expect(emit: Program, x: Any, gradient: Any) -> None:
    (grad,) = gradients(emit, x)
    np.testing.assert_allclose(grad, gradient, rtol=1e-12)


# -- kinks: the subgradient of least norm ----------------------------------------------------------------------
def test_abs_at_zero() -> None:
    expect(unary("abs"), [-2.0, 0.0, -0.0, 3.0], [-1, 0, 0, 1])


def norm(b: Builder, x: Operand) -> Operand:
    return b.emit("safe_sqrt", b.emit("sum", b.emit("mul", x, x), axes=(0,), keepdims=False))


def test_norm_at_zero() -> None:
    expect(norm, [0.0, 0.0], [0, 0])
    expect(norm, [3.0, 4.0], [0.6, 0.8])
    assert np.array_equal(hessian(norm, [0.0, 0.0]), np.zeros((2, 2)))
    np.testing.assert_allclose(hessian(norm, [3.0, 4.0]), np.array([[16, -12], [-12, 9]]) / 125, rtol=1e-12)


def test_hypot_at_zero() -> None:
    a, b = gradients(lambda b, x, y: b.emit("hypot", x, y), 0.0, 0.0)
    assert (a, b) == (0, 0)


def test_standard_deviation_of_a_constant() -> None:
    def deviation(b: Builder, x: Operand) -> Operand:
        mean = b.emit("div", b.emit("sum", x, axes=(0,), keepdims=True), 3.0)
        d = b.emit("sub", x, mean)
        return b.emit("safe_sqrt", b.emit("div", b.emit("sum", b.emit("mul", d, d), axes=(0,), keepdims=False), 3.0))

    expect(deviation, [2.0, 2.0, 2.0], [0, 0, 0])


def test_sqrt_of_a_square_is_nan_as_written() -> None:
    # not in forward mode: the tangent of x*x is exactly zero
    (grad,) = gradients(lambda b, x: b.emit("sqrt", b.emit("mul", x, x)), 0.0, both_modes=False)
    assert np.isnan(grad)


# -- ties ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("opcode", ["maximum", "minimum", "fmax", "fmin"])
def test_tie_of_two_arguments_is_shared(opcode: str) -> None:
    a, b = gradients(lambda b, x, y: b.emit(opcode, x, y), [1.0, 2.0], [1.0, 5.0])
    chosen = float(opcode in ("maximum", "fmax"))
    assert a.tolist() == [0.5, 1 - chosen]
    assert b.tolist() == [0.5, chosen]
    expect(lambda b, x: b.emit(opcode, x, x), 3.0, 1.0)


@pytest.mark.parametrize("opcode", ["maximum", "minimum", "fmax", "fmin"])
def test_tie_with_a_constant_is_zero(opcode: str) -> None:
    expect(lambda b, x: b.emit(opcode, x, 0.0), 0.0, 0.0)
    expect(lambda b, x: b.emit(opcode, 0.0, x), 0.0, 0.0)
    (grad,) = gradients(lambda b, x, y: b.emit(opcode, x, y), 1.0, 1.0, wrt=[1])
    assert grad == 0


def test_clip_at_its_edge() -> None:
    clip = lambda b, x: b.emit("minimum", b.emit("maximum", x, -1.0), 1.0)
    expect(clip, [-2.0, -1.0, 0.5, 1.0, 2.0], [0, 0, 1, 0, 0])


@pytest.mark.parametrize("opcode", ["max", "min"])
def test_ties_of_an_extremum_are_shared(opcode: str) -> None:
    sign = 1.0 if opcode == "max" else -1.0
    expect(lambda b, x: b.emit(opcode, x, axes=(0,), keepdims=False), sign * np.array([1.0, 1.0, 0.0]), [0.5, 0.5, 0])


def test_maximum_with_nan() -> None:
    """maximum gives NaN and depends on neither; fmax on the other one."""
    a, b = gradients(lambda b, x, y: b.emit("fmax", x, y), [NAN, 2.0], [1.0, NAN])
    assert a.tolist() == [0, 1]
    assert b.tolist() == [1, 0]


def test_sorted_ties_are_shared() -> None:
    def smallest_and_twice_the_next(b: Builder, x: Operand) -> Operand:
        return b.emit("mul", b.emit("sort", x, axis=0), b.emit("iota", 1.0, 1.0, size=x.type.shape[0], dtype="f64"))

    expect(smallest_and_twice_the_next, [5.0, 1.0, 3.0, 1.0], [4, 1.5, 3, 1.5])
    expect(smallest_and_twice_the_next, [7.0, 7.0, 7.0], [2, 2, 2])


def test_sort_puts_nan_last() -> None:
    (grad,) = gradients(lambda b, x: b.emit("mul", b.emit("sort", x, axis=0), 2.0), [NAN, 1.0, NAN])
    assert grad.tolist() == [2, 2, 2]


# -- products and powers ----------------------------------------------------------------------------------------
def product(b: Builder, x: Operand) -> Operand:
    return b.emit("prod", x, axes=(0,), keepdims=False)


def test_product_with_zeros() -> None:
    expect(product, [0.0, 2.0, 3.0], [6, 0, 0])
    expect(product, [0.0, 2.0, 0.0], [0, 0, 0])
    assert hessian(product, [0.0, 2.0, 3.0]).tolist() == [[0, 3, 2], [3, 0, 0], [2, 0, 0]]
    assert hessian(product, [0.0, 2.0, 0.0]).tolist() == [[0, 0, 2], [0, 0, 0], [2, 0, 0]]


def test_cumulative_product_with_zeros() -> None:
    expect(lambda b, x: b.emit("cumprod", x, axis=0), [2.0, 0.0, 3.0], [1, 8, 0])


def test_powers_of_zero() -> None:
    for exponent, gradient in [(0, 0), (1, 1), (2, 0), (3, 0), (0.0, 0), (0.5, INF), (1.5, 0), (-1, -INF)]:
        expect(lambda b, x, e=exponent: b.emit("pow", x, e), 0.0, gradient)
    assert hessian(lambda b, x: b.emit("pow", x, 2), 0.0).tolist() == [[2]]
    assert hessian(lambda b, x: b.emit("pow", x, 0), 0.0).tolist() == [[0]]
    assert hessian(lambda b, x: b.emit("pow", x, 1), 0.0).tolist() == [[0]]


def test_powers_by_a_varying_exponent() -> None:
    base, exponent = gradients(lambda b, x, y: b.emit("pow", x, y), [0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 0.0])
    assert base.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(exponent, [0, 0, 0, np.log(2.0)], rtol=1e-15)


def test_zero_to_the_y() -> None:
    expect(lambda b, y: b.emit("pow", 0.0, y), [0.0, 2.0], [0, 0])


# -- poles: what calculus gives ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("opcode", "x", "gradient"),
    [
        ("sqrt", 0.0, INF), ("log", 0.0, INF), ("log2", 0.0, INF), ("log10", 0.0, INF), ("log1p", -1.0, INF),
        ("arccos", 1.0, -INF), ("arccos", -1.0, -INF), ("arcsin", 1.0, INF), ("arcsin", -1.0, INF),
        ("arccosh", 1.0, INF), ("arctanh", 1.0, INF), ("arctanh", -1.0, INF), ("cbrt", 0.0, INF),
        ("reciprocal", 0.0, -INF),
        ("sqrt", -1.0, NAN), ("log", -1.0, -1.0), ("arccos", 2.0, NAN), ("exp", INF, INF), ("exp", -INF, 0.0),
        ("tanh", INF, 0.0), ("sigmoid", -INF, 0.0), ("arctan", INF, 0.0), ("safe_sqrt", 0.0, 0.0),
    ],
)  # fmt: skip
def test_poles(opcode: str, x: float, gradient: float) -> None:
    expect(unary(opcode), x, gradient)


def test_arctan2_at_the_origin() -> None:
    for grad in gradients(lambda b, y, x: b.emit("arctan2", y, x), 0.0, 0.0):
        assert np.isnan(grad)


def test_division_by_zero() -> None:
    # not in forward mode: one direction at a time, it divides the other one's zero tangent by zero
    a, b = gradients(lambda b, x, y: b.emit("div", x, y, ieee=True), 1.0, 0.0, both_modes=False)
    assert (a, b) == (INF, -INF)


def test_logaddexp_of_infinities() -> None:
    a, b = gradients(lambda b, x, y: b.emit("logaddexp", x, y), [-INF, 0.0], [0.0, -INF])
    assert a.tolist() == [0, 1]
    assert b.tolist() == [1, 0]


# -- masks: strong zero ------------------------------------------------------------------------------------------
def masked(b: Builder, x: Operand, inner: Callable[[Operand], Operand]) -> Operand:
    return b.emit("where", b.emit("gt", x, 0.0), inner(x), 0.0)


MASKED: dict[str, tuple[Program, Callable[[float], float]]] = {
    "log(x)": (lambda b, x: masked(b, x, lambda x: b.emit("log", x)), lambda x: 1 / x),
    "x*log(x)": (lambda b, x: masked(b, x, lambda x: b.emit("mul", x, b.emit("log", x))), lambda x: 1 + np.log(x)),
    "sqrt(x)": (lambda b, x: masked(b, x, lambda x: b.emit("sqrt", x)), lambda x: 0.5 / np.sqrt(x)),
    "1/x": (lambda b, x: masked(b, x, lambda x: b.emit("div", 1.0, x, ieee=True)), lambda x: -1 / x**2),
    "x/x": (lambda b, x: masked(b, x, lambda x: b.emit("div", x, x, ieee=True)), lambda x: 0.0),
    "x**-0.5": (lambda b, x: masked(b, x, lambda x: b.emit("pow", x, -0.5)), lambda x: -0.5 * x**-1.5),
    "x**x": (lambda b, x: masked(b, x, lambda x: b.emit("pow", x, x)), lambda x: x**x * (1 + np.log(x))),
    "sin(1/x)": (
        lambda b, x: masked(b, x, lambda x: b.emit("sin", b.emit("div", 1.0, x, ieee=True))),
        lambda x: -np.cos(1 / x) / x**2,
    ),
    "exp(log(x))*x": (
        lambda b, x: masked(b, x, lambda x: b.emit("mul", b.emit("exp", b.emit("log", x)), x)),
        lambda x: 2 * x,
    ),
    "exp(-1/x)": (
        lambda b, x: masked(b, x, lambda x: b.emit("exp", b.emit("neg", b.emit("div", 1.0, x, ieee=True)))),
        lambda x: np.exp(-1 / x) / x**2,
    ),
    "arccosh(1+x)": (
        lambda b, x: masked(b, x, lambda x: b.emit("arccosh", b.emit("add", x, 1.0))),
        lambda x: 1 / np.sqrt(x * (x + 2)),
    ),
    "log(x)**2": (
        lambda b, x: masked(b, x, lambda x: b.emit("square", b.emit("log", x))),
        lambda x: 2 * np.log(x) / x,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKED)
def test_masked_branches_give_zero(name: str) -> None:
    emit, slope = MASKED[name]
    (grad,) = gradients(emit, [-1.0, 0.0, 2.0])
    np.testing.assert_allclose(grad, [0, 0, slope(2.0)], rtol=1e-12)


@pytest.mark.parametrize("name", MASKED)
def test_masked_branches_give_zero_in_second_order(name: str) -> None:
    emit, slope = MASKED[name]

    def total(b: Builder, x: Operand) -> Operand:
        return b.emit("sum", emit(b, x), axes=(0,), keepdims=False)

    curvature = (slope(2.0 + 1e-5) - slope(2.0 - 1e-5)) / 2e-5
    np.testing.assert_allclose(hessian(total, [-1.0, 0.0, 2.0]), np.diag([0, 0, curvature]), rtol=1e-6, atol=1e-7)


def test_softmax_of_masked_logits() -> None:
    """Entries masked by -inf get no weight and no gradient."""

    def weighted(b: Builder, x: Operand) -> Operand:
        logits = b.emit("where", b.emit("gt", x, 0.0), x, -np.inf)
        top = b.emit("max", logits, axes=(0,), keepdims=True)
        e = b.emit("exp", b.emit("sub", logits, top))
        p = b.emit("div", e, b.emit("sum", e, axes=(0,), keepdims=True), ieee=True)
        return b.emit("mul", p, p)

    (grad,) = gradients(weighted, [1.0, 2.0, -1.0])
    p = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    expected = 2 * p * (p - (p**2).sum())
    np.testing.assert_allclose(grad, [*expected, 0.0], rtol=1e-12, atol=1e-15)


# -- eigenvalues and singular values --------------------------------------------------------------------------------
# all but equal: their gap is a rounding error
ALIKE = np.array([[-4.0, 1.0, 2.0, 1.0], [1.0, -4.0, 1.0, 2.0], [2.0, 1.0, -4.0, 1.0], [1.0, 2.0, 1.0, -4.0]])


@pytest.mark.parametrize("opcode", ["eigvecsh", "svd_u", "svd_vh"])
def test_vectors_of_equal_values_have_no_derivative(opcode: str) -> None:
    def cubed(b: Builder, x: Operand) -> Operand:
        v = b.emit(opcode, x)
        return b.emit("mul", b.emit("mul", v, v), v)

    (grad,) = gradients(cubed, ALIKE, both_modes=False)
    assert not np.isfinite(grad).all()


def test_vectors_beside_equal_values() -> None:
    """The vector of the one value of a matrix of rank 1 that is not 0: the others have a cotangent of 0."""

    def largest(b: Builder, x: Operand) -> Operand:
        only = b.emit("eq", b.emit("iota", 0, 1, size=x.type.shape[0], dtype="i64"), 2)
        v = b.emit("where", only, b.emit("eigvecsh", x), 0.0)
        weights = b.emit("iota", 1, 1, size=x.type.shape[0], dtype="i64")
        return b.emit("mul", b.emit("mul", v, v), b.emit("reshape", weights, shape=(x.type.shape[0], ONE)))

    x = np.array([1.0, 2.0, 3.0])
    (grad,) = gradients(largest, np.outer(x, x), both_modes=False)
    symmetric = (grad + grad.T) / 2
    v, w = x / np.sqrt(14.0), 14.0
    g = 2 * v * np.array([1.0, 2.0, 3.0])
    side = (g - v * (v @ g)) / w
    np.testing.assert_allclose(symmetric, (np.outer(side, v) + np.outer(v, side)) / 2, atol=1e-12)


# -- steps ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("opcode", ["floor", "ceil", "rint", "trunc", "sign"])
def test_steps_are_zero_everywhere(opcode: str) -> None:
    expect(unary(opcode), [-1.0, 0.0, 0.5, 2.5], [0, 0, 0, 0])


def test_remainders_at_a_step() -> None:
    a, b = gradients(lambda b, x, y: b.emit("mod", x, y), [4.0, -1.0], [2.0, 3.0])
    assert a.tolist() == [1, 1]
    assert b.tolist() == [-2, 1]


def test_copysign_of_zero() -> None:
    a, b = gradients(lambda b, x, y: b.emit("copysign", x, y), [0.0, 2.0, -2.0], [-1.0, -3.0, np.inf])
    assert a.tolist() == [0, -1, -1]
    assert b.tolist() == [0, 0, 0]
