"""`custom_vjp`, `custom_jvp`, `checkpoint` and `debug`: rules are used, and wrong ones are refused in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

X = np.linspace(-1.0, 1.5, 4)
Y = np.linspace(0.5, 2.0, 4)
SCALE = np.array([1.0, 2.0, 3.0, 4.0])


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    monkeypatch.setenv("PULLBACK_VERIFY", "1")


@pb.custom_vjp
def doubled(x: Any, y: Any) -> Any:
    return np.sin(x) * y


def doubled_fwd(x: Any, y: Any) -> Any:
    return doubled(x, y), {"cos": np.cos(x), "rest": (np.sin(x), y)}


def doubled_bwd(residuals: Any, g: Any) -> Any:
    s, y = residuals["rest"]
    return residuals["cos"] * g * y, 2.0 * s * g  # twice the derivative, so that the rule is seen


doubled.defvjp(doubled_fwd, doubled_bwd)


def test_custom_vjp_is_used() -> None:
    np.testing.assert_allclose(doubled(X, Y), np.sin(X) * Y)
    np.testing.assert_allclose(pb.jit(doubled)(X, Y), np.sin(X) * Y)
    gx, gy = pb.grad(lambda x, y: np.sum(doubled(x, y)), (0, 1))(X, Y)
    np.testing.assert_allclose(gx, np.cos(X) * Y)
    np.testing.assert_allclose(gy, 2 * np.sin(X))


def test_custom_vjp_in_a_loop_and_native(monkeypatch: pytest.MonkeyPatch) -> None:
    def loop(x: Any, y: Any) -> Any:
        for _ in range(3):
            x = doubled(x, y) + x
        return np.sum(x)

    want = pb.grad(loop, (0, 1))(X, Y)
    monkeypatch.setenv("PULLBACK_BACKEND", "native")

    def again(x: Any, y: Any) -> Any:
        for _ in range(3):
            x = doubled(x, y) + x
        return np.sum(x)

    for a, b in zip(pb.grad(again, (0, 1))(X, Y), want, strict=True):
        np.testing.assert_allclose(a, b)


def test_second_derivatives_use_the_rule_again() -> None:
    def squares(x: Any, y: Any) -> Any:
        return np.sum(pb.grad(lambda v, w: np.sum(doubled(v, w)))(x, y) ** 2)

    np.testing.assert_allclose(pb.grad(squares)(X, Y), -2 * np.cos(X) * np.sin(X) * Y**2)
    # forward over reverse differentiates fwd and bwd as they are written
    product = pb.hvp(lambda x: np.sum(np.sin(doubled_twice(x))), (X,), (np.ones(4),))
    assert np.all(np.isfinite(product))


@pb.custom_jvp
def doubled_twice(x: Any) -> Any:
    return x * x


@doubled_twice.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (x,), (x_dot,) = primals, tangents
    return doubled_twice(x), 4.0 * x * x_dot


def test_custom_jvp_serves_both_modes() -> None:
    np.testing.assert_allclose(pb.grad(lambda x: np.sum(doubled_twice(x)))(X), 4 * X)
    _, tangent = pb.jvp(doubled_twice, (X,), (np.ones(4),))
    np.testing.assert_allclose(tangent, 4 * X)


@pb.custom_vjp
def clipped(x: float, low: float, high: float) -> float:
    return x


clipped.defvjp(
    lambda x, low, high: (x, (low, high)),
    lambda residuals, g: (max(residuals[0], min(g, residuals[1])), None, None),
)


def test_numbers_and_none() -> None:
    grads = pb.grad(lambda x: clipped(x, -1.0, 1.0) * 5.0)(2.0)
    assert grads == 1.0


@pb.custom_vjp
def tree_in_tree_out(p: dict[str, Any], n: int) -> Any:
    return {"y": p["w"] * p["b"], "n": n}


tree_in_tree_out.defvjp(
    lambda p, n: ({"y": p["w"] * p["b"], "n": n}, p),
    lambda p, g: ({"w": p["b"] * g["y"], "b": np.sum(p["w"] * g["y"] * SCALE)}, None),
)


def test_trees_and_outer_arrays_in_rules() -> None:
    p = {"w": X.copy(), "b": 3.0}
    g = pb.grad(lambda p: np.sum(tree_in_tree_out(p, 2)["y"]))(p)
    np.testing.assert_allclose(g["w"], np.full(4, 3.0))
    np.testing.assert_allclose(g["b"], np.sum(X * SCALE))


def power_fwd(x: Any, n: Any) -> Any:
    return x**n, x


power = pb.custom_vjp(lambda x, n: x**n, nondiff_argnums=(1,))
power.defvjp(power_fwd, lambda n, x, g: (n * x ** (n - 1) * g,))


def test_nondiff_arguments_come_first_in_bwd() -> None:
    np.testing.assert_allclose(pb.grad(lambda x: np.sum(power(x, 3)))(X), 3 * X**2)


@pb.checkpoint
def layer(h: Any, w: Any) -> Any:
    return np.tanh(h * w) + h


def test_checkpoint_keeps_the_gradient() -> None:
    def plain(x: Any, w: Any) -> Any:
        for _ in range(4):
            x = np.tanh(x * w) + x
        return np.sum(x)

    def marked(x: Any, w: Any) -> Any:
        for _ in range(4):
            x = layer(x, w)
        return np.sum(x)

    def closing(x: Any, w: Any) -> Any:
        step = pb.checkpoint(lambda h: np.tanh(h * w) + h)
        for _ in range(4):
            x = step(x)
        return np.sum(x)

    want = pb.grad(plain, (0, 1))(X, 0.3)
    for f in (marked, closing):
        for a, b in zip(pb.grad(f, (0, 1))(X, 0.3), want, strict=True):
            np.testing.assert_allclose(a, b)
    assert "layer_checkpoint" in pb.grad(marked).source(X, 0.3)


def test_checkpoint_of_a_slice_in_a_loop() -> None:
    @pb.checkpoint
    def energy(v: Any) -> Any:
        return np.sum(v[1:] * v[:-1])

    def f(x: Any) -> Any:
        s = 0.0
        for i in range(1, len(x)):
            s += energy(x[: i + 1])
        return s

    g = pb.grad(f)(X)
    h = 1e-6
    for k in range(4):
        d = np.zeros(4)
        d[k] = h
        assert abs(g[k] - (f(X + d) - f(X - d)) / (2 * h)) < 1e-7


def test_debug_prints_clips_and_asserts(capsys: pytest.CaptureFixture[str]) -> None:
    def show(g: Any) -> Any:
        print("adjoint", g[0])
        return np.clip(g, -0.1, 0.1)

    def f(x: Any, c: float) -> Any:
        y = pb.debug(x * x, show)
        y = pb.debug(y, lambda g: g * c)
        return np.sum(np.sin(y))

    x = np.array([0.5, 1.0])
    np.testing.assert_allclose(pb.grad(f)(x, 1.0), 2 * x * 0.1)
    assert "adjoint" in capsys.readouterr().out
    assert f(x, 1.0) == pytest.approx(np.sum(np.sin(x * x)))
    _, tangent = pb.jvp(lambda x: f(x, 1.0), (x,), (np.ones(2),))
    np.testing.assert_allclose(tangent, np.sum(2 * x * np.cos(x * x)))

    def checked(x: Any) -> Any:
        y = pb.debug(x, assert_small)
        return np.sum(y * 100.0)

    with pytest.raises(AssertionError, match="large"):
        pb.grad(checked)(x)


def assert_small(g: Any) -> None:
    assert np.max(np.abs(g)) < 10.0, "large adjoint"


# -- refusals ---------------------------------------------------------------------------------------------
def rule_of(fwd: Any, bwd: Any) -> Any:
    f = pb.custom_vjp(lambda x: x * 2.0)
    f.defvjp(fwd, bwd)
    return lambda x: np.sum(f(x))


@pytest.mark.parametrize(
    ("fn", "error", "words"),
    [
        (rule_of(lambda x: x * 2.0, lambda r, g: (g,)), TypeError, "pair"),
        (rule_of(lambda x: (x[1:], None), lambda r, g: (g,)), ValueError, "out of the forward rule"),
        (rule_of(lambda x: (x * 2.0, None), lambda r, g: g), TypeError, "tuple"),
        (rule_of(lambda x: (x * 2.0, None), lambda r, g: (g, g)), TypeError, "each of the 1"),
        (rule_of(lambda x: (x * 2.0, None), lambda r, g: (g[1:],)), ValueError, "cotangent 0"),
        (rule_of(lambda x: (x * 2.0, None), lambda r, g: ({"a": g},)), TypeError, "cotangent 0"),
        (rule_of(lambda x: (x * 2.0, x[x > 0]), lambda r, g: (g,)), NotImplementedError, "depends on data"),
        (lambda x: np.sum(pb.custom_vjp(lambda v: v)(x)), NotImplementedError, "module level"),
        (lambda x: np.sum(without_rule(x)), NotImplementedError, "defvjp"),
        (lambda x: np.sum(writing(x)), NotImplementedError, "may not write"),
    ],
)
def test_wrong_rules_are_refused(fn: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        pb.grad(fn)(X)
    assert isinstance(caught.value, pb.PullbackError)
    assert caught.value.loc is not None and caught.value.hint


without_rule = pb.custom_vjp(lambda x: x)


@pb.checkpoint
def writing(x: Any) -> Any:
    x[0] = 1.0
    return x * 2.0


def test_forward_mode_through_custom_vjp_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="custom_jvp"):
        pb.jvp(lambda x: np.sum(doubled(x, x)), (X,), (X,))


def test_a_result_that_is_the_argument_may_not_be_written() -> None:
    @pb.checkpoint
    def same(x: Any) -> Any:
        return x

    def f(x: Any) -> Any:
        x = x * 1.0
        y = same(x)
        x[0] = 5.0
        return np.sum(y * y)

    with pytest.raises(NotImplementedError, match="share memory"):
        pb.grad(f)(X)


class OutOfDomainError(ValueError):
    pass


def test_exceptions_of_the_user_are_raised() -> None:
    def f(x: Any) -> Any:
        if x[0] < 0:
            raise OutOfDomainError(f"got {x[0]}")
        return np.sum(x)

    with pytest.raises(OutOfDomainError, match=r"got -1\.0"):
        pb.grad(f)(X)


# -- nondiff_argnums -------------------------------------------------------------------------------------
@pb.custom_vjp(nondiff_argnums=(0,))
def scaled_vjp(s: Any, x: Any) -> Any:
    return np.sum(s * x)


scaled_vjp.defvjp(lambda s, x: (np.sum(s * x), x), lambda s, x, g: (g * s * np.ones_like(x),))


@pb.custom_jvp(nondiff_argnums=0)
def scaled_jvp(s: Any, x: Any) -> Any:
    return np.sum(s * x)


@scaled_jvp.defjvp
def scaled_rule(s: Any, primals: Any, tangents: Any) -> Any:
    return np.sum(s * primals[0]), np.sum(s * tangents[0])


@pb.custom_vjp
def applied(g: Any, x: Any) -> Any:
    return g(x)


applied.defvjp(lambda g, x: (g(x), None), lambda r, g: (None, 2.0 * g))


@pytest.mark.parametrize("f", [scaled_vjp, scaled_jvp])
def test_a_missing_derivative_is_an_error(f: Any) -> None:
    np.testing.assert_array_equal(pb.grad(lambda x, s: f(s, x))(X, 3.0), np.full_like(X, 3.0))
    np.testing.assert_array_equal(pb.grad(f, 1)(3.0, X), np.full_like(X, 3.0))
    assert pb.grad(lambda s, x: f(pb.stop_gradient(s), x) + s * s)(3.0, X) == 6.0
    missing = "gives no derivative by s, which depends on what is differentiated by"
    for call in (
        lambda: pb.grad(f)(3.0, X),
        lambda: pb.grad(lambda s, x: f(s, x) + s * s)(3.0, X),
        lambda: pb.grad(lambda s, x: f(s * s, x))(3.0, X),
        lambda: pb.vjp(f, 3.0, X)[1](1.0),
        lambda: pb.jvp(f, (3.0, X), (1.0, X)) if f is scaled_jvp else pb.grad(f)(2.0, X),
    ):
        with pytest.raises(pb.PullbackError, match=missing.replace(" s,", ".*,")):
            call()


def test_a_derivative_by_what_a_rule_reads_from_outside_is_an_error() -> None:
    assert pb.grad(lambda x, w: applied(lambda t: t * w, x))(1.0, 2.0) == 2.0
    with pytest.raises(pb.PullbackError, match="gives no derivative by w"):
        pb.grad(lambda x, w: applied(lambda t: t * w, x), 1)(1.0, 2.0)


@pytest.mark.parametrize(
    ("argnums", "error", "message"),
    [
        ((5,), IndexError, "nondiff_argnums 5 is out of range: f has 2 positional arguments"),
        ((-1,), IndexError, "nondiff_argnums -1 is out of range"),
        ("a", TypeError, "nondiff_argnums has to be an int or a sequence of int, not 'a'"),
        (1.5, TypeError, "not 1.5"),
        ((0, 0), ValueError, r"names an argument twice: \(0, 0\)"),
        ((True,), TypeError, r"not \(True,\)"),
    ],
)
@pytest.mark.parametrize("custom", [pb.custom_vjp, pb.custom_jvp])
def test_nondiff_argnums_are_checked(custom: Any, argnums: Any, error: type[Exception], message: str) -> None:
    def f(s, x):
        return s * x

    with pytest.raises(pb.PullbackError, match=message) as caught:
        custom(f, nondiff_argnums=argnums)
    assert isinstance(caught.value, error)
    custom(lambda *xs: xs[0], nondiff_argnums=(5,))


def _with_rule(tangent: Any) -> Any:
    @pb.custom_jvp
    def f(x: Any, y: Any) -> Any:
        return np.sin(x) * y

    @f.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        (x, y), (dx, dy) = primals, tangents
        return f(x, y), tangent(x, y, dx, dy)

    return f


def _in_a_loop(x: Any, y: Any, dx: Any, dy: Any) -> Any:
    total = np.zeros(4)
    for k in range(len(x)):
        total[k] += np.cos(x[k]) * y[k] * dx[k]
        total[k] += _helper(np.sin(x[k]), dy[k])
    return total


def _helper(s: Any, t: Any) -> Any:
    return s * t


LINEAR = {
    "sum": lambda x, y, dx, dy: np.cos(x) * y * dx + np.sin(x) * dy,
    "quotient": lambda x, y, dx, dy: dx / (1.0 / (np.cos(x) * y)) + -(-np.sin(x) * dy),
    "chosen": lambda x, y, dx, dy: np.where(x > 0, np.cos(x) * y * dx, 0.0) + np.where(x > 0, 0, np.cos(x) * y * dx) +
    np.sin(x) * dy,
    "matrix": lambda x, y, dx, dy: np.diag(np.cos(x) * y) @ dx + np.sin(x) * dy,
    "branch": lambda x, y, dx, dy: np.cos(x) * y * dx + np.sin(x) * dy if x[0] < 0 else dx,
    "loop": _in_a_loop,
}  # fmt: skip
NONLINEAR = {
    "square": lambda x, y, dx, dy: dx * dx + dy,
    "product": lambda x, y, dx, dy: dx * dy,
    "constant": lambda x, y, dx, dy: dx + dy + 1.0,
    "maximum": lambda x, y, dx, dy: np.maximum(dx, 0.0) + dy,
    "branch": lambda x, y, dx, dy: dx if dx[0] > 0 else dy,
    "exp": lambda x, y, dx, dy: np.exp(dx) * dy,
    "divisor": lambda x, y, dx, dy: dx + 1.0 / dy,
}


@pytest.mark.parametrize("name", LINEAR)
def test_rules_that_are_linear_serve_reverse_mode(name: str) -> None:
    f = _with_rule(LINEAR[name])
    gx, gy = pb.grad(lambda x, y: np.sum(f(x, y)), argnums=(0, 1))(X, Y)
    np.testing.assert_allclose(gx, np.cos(X) * Y)
    np.testing.assert_allclose(gy, np.sin(X))


@pytest.mark.parametrize("name", NONLINEAR)
def test_rules_that_are_not_linear_are_refused_in_reverse_mode(name: str) -> None:
    f = _with_rule(NONLINEAR[name])
    with pytest.raises(pb.PullbackError, match="is not linear in its tangents") as e:
        pb.grad(lambda x, y: np.sum(f(x, y)))(X, Y)
    assert e.value.loc is not None and e.value.loc.file == __file__
    pb.jvp(f, (X, Y), (X, Y))  # forward mode uses it as it is
