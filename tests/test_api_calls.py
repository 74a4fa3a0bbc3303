"""Calls of transformed functions: conventions, trees, dtypes, layouts, caching, mutation."""

from __future__ import annotations

import functools
import gc
import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

import pullback as pb
from pullback.api import dispatcher_of

RNG = np.random.default_rng(7)


def quadratic(w, x):
    return np.sum((x @ w) ** 2)


def cubic(x):
    return x * x * x


def squares(x):
    return np.sum(x * x)


W, X = RNG.normal(size=3), RNG.normal(size=(5, 3))
GW = 2 * X.T @ (X @ W)
GX = 2 * np.outer(X @ W, W)


# -- conventions ---------------------------------------------------------------------------------
def test_argnums_int_tuple_negative_and_names() -> None:
    np.testing.assert_allclose(pb.grad(quadratic)(W, X), GW)
    np.testing.assert_allclose(pb.grad(quadratic, argnums=1)(W, X), GX)
    np.testing.assert_allclose(pb.grad(quadratic, -1)(W, X), GX)
    gx, gw = pb.grad(quadratic, argnums=(1, 0))(W, X)
    np.testing.assert_allclose(gx, GX)
    np.testing.assert_allclose(gw, GW)
    np.testing.assert_allclose(pb.grad(quadratic, argnames="x")(W, X), GX)
    (only,) = pb.grad(quadratic, argnames=["x"])(W, X)
    np.testing.assert_allclose(only, GX)


def test_keyword_arguments_find_their_positions() -> None:
    np.testing.assert_allclose(pb.grad(quadratic)(x=X, w=W), GW)
    np.testing.assert_allclose(pb.grad(quadratic, argnums=1)(W, x=X), GX)
    np.testing.assert_allclose(pb.grad(quadratic, argnames="x")(W, x=X), GX)


def test_keyword_only_argument_and_defaults() -> None:
    def f(x, scale=2.0, *, power=3.0):
        return scale * np.sum(x**power)

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(pb.grad(f)(x), 6 * x**2)
    np.testing.assert_allclose(pb.grad(f)(x, power=2.0), 4 * x)
    np.testing.assert_allclose(pb.grad(f, argnames="power")(x, power=2.0), 2 * np.sum(x**2 * np.log(x)))
    np.testing.assert_allclose(pb.grad(f, argnames="scale")(x, scale=1.0), 9.0)


def test_decorators() -> None:
    @pb.grad
    def bare(x):
        """The docstring."""
        return np.sum(x * x)

    @pb.grad(argnums=1)
    def second(a, x):
        return a * np.sum(x * x)

    @functools.partial(pb.value_and_grad, argnums=1)
    def both(a, x):
        return a * np.sum(x * x)

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(bare(x), 2 * x)
    assert bare.__doc__ == "The docstring."
    assert bare.__name__ == "bare"
    np.testing.assert_allclose(second(3.0, x), 6 * x)
    value, gradient = both(3.0, x)
    assert value == 15.0
    np.testing.assert_allclose(gradient, 6 * x)


def test_method_counts_self_as_argument_zero() -> None:
    class Model:
        def __init__(self, scale):
            self.scale = scale

        @pb.grad(argnums=1)
        def loss(self, x):
            return self.scale * np.sum(x * x)

        def plain(self, x):
            return self.scale * np.sum(x * x)

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(Model(2.0).loss(x), 4 * x)
    np.testing.assert_allclose(Model(3.0).loss(x), 6 * x)
    np.testing.assert_allclose(pb.grad(Model(3.0).plain)(x), 6 * x)


def test_value_and_grad_and_aux() -> None:
    def f(x):
        y = np.sum(x * x)
        return y, {"mean": np.mean(x), "n": len(x)}

    x = np.array([1.0, 2.0, 3.0])
    gradient, aux = pb.grad(f, has_aux=True)(x)
    np.testing.assert_allclose(gradient, 2 * x)
    assert aux == {"mean": 2.0, "n": 3}
    (value, aux), gradient = pb.value_and_grad(f, has_aux=True)(x)
    assert (value, aux["mean"]) == (14.0, 2.0)
    np.testing.assert_allclose(gradient, 2 * x)


def test_vjp_and_jvp() -> None:
    def f(w, x):
        return np.tanh(x @ w), np.sum(w)

    c = RNG.normal(size=5)
    (y, total), vjp_fn = pb.vjp(f, W, X)
    np.testing.assert_allclose(y, np.tanh(X @ W))
    np.testing.assert_allclose(total, W.sum())
    gw, gx = vjp_fn((c, 2.0))
    d = c * (1 - np.tanh(X @ W) ** 2)
    np.testing.assert_allclose(gw, X.T @ d + 2.0)
    np.testing.assert_allclose(gx, np.outer(d, W))
    (y2, _), (y_dot, total_dot) = pb.jvp(f, (W, X), (W, 0 * X))
    np.testing.assert_allclose(y2, y)
    np.testing.assert_allclose(y_dot, (1 - y**2) * (X @ W))
    np.testing.assert_allclose(total_dot, W.sum())


def test_vjp_is_not_changed_by_later_writes() -> None:
    x = np.array([1.0, 2.0])
    _, vjp_fn = pb.vjp(squares, x)
    x[:] = 100.0
    np.testing.assert_allclose(vjp_fn(1.0)[0], [2.0, 4.0])


def test_vjp_of_the_same_value_twice_adds_cotangents() -> None:
    def f(x):
        y = x * x
        return y, y

    _, vjp_fn = pb.vjp(f, np.array([1.0, 3.0]))
    np.testing.assert_allclose(vjp_fn((np.ones(2), 10 * np.ones(2)))[0], [22.0, 66.0])


def test_composition() -> None:
    d1, d2, d3 = pb.grad(cubic), pb.grad(pb.grad(cubic)), pb.grad(pb.grad(pb.grad(cubic)))
    assert (d1(2.0), d2(2.0), d3(2.0)) == (12.0, 12.0, 6.0)
    assert pb.grad(pb.jit(cubic))(2.0) == 12.0
    assert pb.jvp(pb.grad(cubic), (2.0,), (1.0,)) == (12.0, 12.0)
    assert pb.hvp(cubic, (2.0,), (1.0,)) == 12.0
    linear = pb.grad(pb.grad(lambda x: 3.0 * x))
    assert linear(2.0) == 0.0


def test_hvp_of_several_arguments() -> None:
    def f(a, b):
        return np.sum(a * a * b)

    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    ha, hb = pb.hvp(f, (a, b), (np.ones(2), np.zeros(2)))
    np.testing.assert_allclose(ha, 2 * b)
    np.testing.assert_allclose(hb, 2 * a)


def test_jacobians_and_hessian() -> None:
    def f(x, s):
        return {"y": np.sin(x) * s, "z": np.sum(x)}

    x = np.array([0.5, 1.0, 1.5])
    for jac in (pb.jacrev, pb.jacfwd, pb.jacobian):
        out = jac(f)(x, 2.0)
        np.testing.assert_allclose(out["y"], np.diag(2 * np.cos(x)))
        np.testing.assert_allclose(out["z"], np.ones(3))
        jx, js = jac(f, argnums=(0, 1))(x, 2.0)["y"]
        np.testing.assert_allclose(jx, np.diag(2 * np.cos(x)))
        np.testing.assert_allclose(js, np.sin(x))
    m = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(pb.hessian(lambda v: v @ (m @ v))(x), m + m.T, atol=1e-12)


# -- trees -----------------------------------------------------------------------------------------
class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Params:
    w: Any
    bias: Any
    name: Any = None


def test_tree_arguments() -> None:
    def f(p, q, d, t):
        return np.sum(p["w"] * q.a) + q.b * d.bias + np.sum(d.w) * t[0] + t[1][0]

    w = np.array([1.0, 2.0])
    args = ({"w": w}, Pair(w + 1, 2.0), Params(w + 2, 3.0), (4.0, [5.0]))
    gp, gq, gd, gt = pb.grad(f, argnums=(0, 1, 2, 3))(*args)
    np.testing.assert_allclose(gp["w"], w + 1)
    assert isinstance(gq, Pair)
    np.testing.assert_allclose(gq.a, w)
    assert gq.b == 3.0
    assert isinstance(gd, Params)
    np.testing.assert_allclose(gd.w, [4.0, 4.0])
    assert (gd.bias, gd.name) == (2.0, None)
    assert gt == (np.sum(w + 2), [1.0])


def test_dict_order_does_not_matter_for_cotangents() -> None:
    def f(x):
        return {"b": 2.0 * x, "a": 3.0 * x}

    _, vjp_fn = pb.vjp(f, 1.0)
    assert vjp_fn({"a": 1.0, "b": 10.0}) == (23.0,)


def test_static_arguments() -> None:
    def f(x, mode, on, fn):
        y = np.sum(x * x) if mode == "square" else np.sum(x)
        return fn(y) if on else y

    x = np.array([1.0, 2.0])
    g = pb.grad(f)
    np.testing.assert_allclose(g(x, "square", False, None), 2 * x)
    np.testing.assert_allclose(g(x, "sum", False, None), [1.0, 1.0])
    np.testing.assert_allclose(g(x, "sum", True, lambda y: 5.0 * y), [5.0, 5.0])


def test_int_that_has_to_be_known_is_compiled_in() -> None:
    def f(x, axis):
        return np.sum(np.sum(x, axis=axis) ** 2)

    x = RNG.normal(size=(2, 3))
    g = pb.grad(f)
    np.testing.assert_allclose(g(x, 0), np.broadcast_to(2 * x.sum(0), (2, 3)))
    np.testing.assert_allclose(g(x, 1), np.broadcast_to(2 * x.sum(1)[:, None], (2, 3)))
    np.testing.assert_allclose(g(x, 0), np.broadcast_to(2 * x.sum(0), (2, 3)))


# -- leaves ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dtype_and_shape_of_the_argument(dtype: Any) -> None:
    for x in (np.ones((2, 3), dtype), np.ones(0, dtype), dtype(3.0), np.array(3.0, dtype)):
        g = pb.grad(squares)(x)
        assert g.dtype == dtype
        assert g.shape == np.shape(x)
        np.testing.assert_allclose(g, 2 * x)


def test_python_float_gives_a_numpy_scalar() -> None:
    g = pb.grad(cubic)(2.0)
    assert isinstance(g, np.float64)
    assert isinstance(pb.jit(lambda n: n + 1)(2), int)


def layouts() -> list[Any]:
    base = RNG.normal(size=(4, 6))
    read_only = base.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + base.tobytes(), offset=1, dtype="f8").reshape(4, 6)
    return [
        pytest.param(np.asfortranarray(base), id="fortran"),
        pytest.param(base.T, id="transposed"),
        pytest.param(base[::2, ::-3], id="strided"),
        pytest.param(read_only, id="read-only"),
        pytest.param(np.broadcast_to(base[0], (3, 6)), id="broadcast"),
        pytest.param(base.astype(">f8"), id="byte-swapped"),
        pytest.param(unaligned, id="unaligned"),
        pytest.param(base[:0], id="zero-size"),
    ]


@pytest.mark.parametrize("x", layouts())
def test_layouts(x: Any) -> None:
    before = x.copy()

    def f(a):
        return np.sum(np.sin(a) * np.cumsum(a, axis=1))

    plain = np.ascontiguousarray(x, dtype=float)
    np.testing.assert_array_equal(pb.grad(f)(x), pb.grad(f)(plain))
    np.testing.assert_allclose(pb.jit(f)(x), f(x))
    np.testing.assert_array_equal(x, before)


# -- specialisation ------------------------------------------------------------------------------------
def test_one_program_serves_all_shapes_with_a_pattern() -> None:
    def f(x):
        return np.sum(x[1:] * x[:-1])

    g = pb.grad(f)
    programs = {g.program(np.ones(n)).function.name: g.program(np.ones(n)) for n in (3, 4, 9)}
    assert g.program(np.ones(3)) is g.program(np.ones(9))
    assert len(programs) == 1
    for n in (5, 2, 1):
        x = RNG.normal(size=n)
        expected = np.zeros(n)
        expected[1:] += x[:-1]
        expected[:-1] += x[1:]
        if n > 1:
            np.testing.assert_allclose(g(x), expected)


def test_violated_assumption_specialises_again() -> None:
    def f(x):
        return np.sum(x) + np.sum(x[2:-2] ** 2)

    g = pb.grad(f)
    for n in (8, 3, 4, 0, 8):
        x = RNG.normal(size=n)
        expected = np.ones(n)
        expected[2:-2] += 2 * x[2:-2]
        np.testing.assert_allclose(g(x), expected)


def test_an_extent_that_has_to_be_a_number_is_constant() -> None:
    def f(x, n):
        for _ in range(n):
            x = x + np.array([1.0, 2.0])
        return np.sum(x * x)

    x = np.array([0.5, -1.0])
    text = pb.jit(f).ir(x, 40)
    assert "f64[2]" in text and "check" not in text and text.count("add") < 5  # one loop, not forty additions
    np.testing.assert_allclose(pb.grad(f)(x, 40), 2 * (x + 40 * np.array([1.0, 2.0])))
    with pytest.raises(ValueError, match="broadcast"):
        pb.grad(f)(np.ones(3), 40)

    def on_one_path(x, flag):
        return np.sum(x * np.array([1.0, 2.0])) if flag > 0 else np.sum(x)

    g = pb.jit(on_one_path)
    assert [g(np.ones(2), 1), g(np.ones(3), 0), g(np.ones(2), 0)] == [3.0, 3.0, 2.0]
    with pytest.raises(ValueError, match="broadcast"):
        g(np.ones(3), 1)


def test_a_peeled_iteration_is_not_made_again_where_the_rest_is_unrolled() -> None:
    def f(v, w):
        for i in range(9, -1, -1):  # every slice has a shape of its own
            w[0] += i
            v = 0.5 * v[1 : i + 2] + 0.4 * v[: i + 1] * w[1]
        return v[0] + w[0]

    v, w = RNG.normal(size=11), np.array([0.5, 1.5])
    np.testing.assert_allclose(pb.jit(f)(v, w.copy()), f(v, w.copy()), rtol=1e-14)
    np.testing.assert_allclose(pb.grad(f)(v, w) @ v, f(v, w.copy()) - 45.5, rtol=1e-12)


def test_counting_by_arange_is_known() -> None:
    def f(v):
        for i in np.arange(9, -1, -1):  # every slice has a shape of its own
            v = 0.5 * v[1 : i + 2] + 0.4 * v[: i + 1]
        return v[0]

    v = np.random.default_rng(0).normal(size=11)
    assert "f64[3]" in pb.jit(f).ir(v)
    np.testing.assert_allclose(pb.jit(f)(v), f(v), rtol=1e-14)
    np.testing.assert_allclose(pb.grad(f)(v) @ v, f(v), rtol=1e-14)


def test_shapes_that_agree_only_at_the_call() -> None:
    def f(x, y):
        return np.sum(x.reshape(2, 3) * y)

    x, y = np.arange(6.0), np.ones((2, 3))
    np.testing.assert_allclose(pb.grad(f)(x, y), np.ones(6))
    with pytest.raises(ValueError, match=r"shape|reshape|size"):
        pb.grad(f)(np.arange(5.0), y)


def test_captured_values_are_read_at_every_call() -> None:
    scale = 2.0
    weights = np.ones(3)

    def f(x):
        return scale * np.sum(weights * x)

    g = pb.grad(f)
    x = np.zeros(3)
    np.testing.assert_allclose(g(x), [2.0, 2.0, 2.0])
    scale = 3.0
    weights[1] = 5.0
    np.testing.assert_allclose(g(x), [3.0, 15.0, 3.0])
    weights = np.ones(4)
    np.testing.assert_allclose(g(np.zeros(4)), [3.0] * 4)
    weights = np.float32(2) * np.ones(4, np.float32)
    np.testing.assert_allclose(g(np.zeros(4)), [6.0] * 4)


@dataclass(frozen=True)
class Scaled:
    name: str
    w: float = field(compare=False)

    def __call__(self, x):
        return self.w * x

    def square(self, x):
        return self.w * x * x


@dataclass
class ScaledUnhashable:
    name: str
    w: float = field(compare=False)

    def __call__(self, x):
        return self.w * x

    def square(self, x):
        return self.w * x * x


@pytest.mark.parametrize("cls", [Scaled, ScaledUnhashable])
def test_equal_objects_are_functions_of_their_own(cls: Any) -> None:
    one, other = cls("a", 2.0), cls("a", 5.0)
    assert one == other
    assert (pb.grad(one)(1.0), pb.grad(other)(1.0)) == (2.0, 5.0)
    assert (pb.grad(one.square)(1.0), pb.grad(other.square)(1.0)) == (4.0, 10.0)
    assert (pb.jacrev(one)(1.0), pb.jacrev(other)(1.0)) == (2.0, 5.0)
    assert dispatcher_of(one.square, ()) is dispatcher_of(one.square, ())  # a new object each time
    assert dispatcher_of(one.square, ()) is not dispatcher_of(other.square, ())


def test_guarded_values_are_compiled_again() -> None:
    mode = "square"

    def f(x):
        return np.sum(x * x) if mode == "square" else np.sum(x)

    g = pb.grad(f)
    x = np.array([3.0])
    np.testing.assert_allclose(g(x), [6.0])
    mode = "sum"
    np.testing.assert_allclose(g(x), [1.0])


def test_results_are_fresh_at_every_call() -> None:
    def f(x, c):
        return np.sum(x * c)

    c = np.array([1.0, 2.0])
    g = pb.grad(f)
    first = g(np.ones(2), c)
    first += 100.0
    np.testing.assert_allclose(c, [1.0, 2.0])
    np.testing.assert_allclose(g(np.ones(2), c), c)


def test_threads() -> None:
    g = pb.grad(lambda x: np.sum(np.exp(x)))
    wrong: list[int] = []

    def work(n: int) -> None:
        x = np.full(n, 0.5)
        for _ in range(50):
            if not np.allclose(g(x), np.exp(x)):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in (3, 5, 5, 8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


# -- mutation ------------------------------------------------------------------------------------------
def clear_first(x, v):
    x[0] = v * v
    return np.sum(x * x)


def test_gradient_does_not_modify_and_jit_does() -> None:
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(pb.grad(clear_first)(x, 3.0), [0.0, 4.0])
    np.testing.assert_allclose(pb.grad(clear_first, argnums=1)(x, 3.0), 4 * 27.0)
    np.testing.assert_allclose(x, [1.0, 2.0])
    assert pb.jit(clear_first)(x, 3.0) == 85.0
    np.testing.assert_allclose(x, [9.0, 2.0])


def test_jit_updates_strided_arguments_and_returns_the_argument_itself() -> None:
    def f(x):
        x *= 2.0
        return x

    base = np.arange(6.0)
    view = base[::2]
    assert pb.jit(f)(view) is view
    np.testing.assert_allclose(base, [0.0, 1.0, 4.0, 3.0, 8.0, 5.0])


def test_overlapping_arguments_are_refused_where_one_is_written() -> None:
    def f(x, y):
        x[0] = 2.0 * y[0]
        return np.sum(x * y)

    base = np.arange(6.0)
    for g in (pb.jit(f), pb.grad(f)):
        with pytest.raises(pb.PullbackValueError, match="x and y overlap in memory"):
            g(base[:4], base[2:])
        g(base[::2].copy(), base[1::2])
    np.testing.assert_allclose(pb.grad(f)(base[::2], base[1::2])[1:], base[3::2])


OUTSIDE = np.ones(4)


class Holder:
    def __init__(self) -> None:
        self.w = np.ones((2, 4))

    def method(self, x):
        x += 1
        return np.sum(x * self.w)


def writes_beside_global(x):
    x += 1
    return np.sum(x * OUTSIDE)


def writes_beside_cell() -> Any:
    cell = np.ones(4)

    def f(x):
        x += 1
        return np.sum(x * cell)

    return f, cell, "cell"


def writes_beside_attribute() -> Any:
    holder = Holder()
    return holder.method, holder.w[1], r"self\.w"


def writes_beside_default() -> Any:
    def f(x, k=OUTSIDE):
        x[0] = 3.0
        return np.sum(x * k)

    return f, OUTSIDE, "a default of f"


CASES_OUTSIDE = [
    lambda: (writes_beside_global, OUTSIDE, "OUTSIDE"),
    lambda: (writes_beside_global, OUTSIDE[::-1], "OUTSIDE"),
    writes_beside_cell,
    writes_beside_attribute,
    writes_beside_default,
]


@pytest.mark.parametrize("make", CASES_OUTSIDE)
@pytest.mark.parametrize("transform", [pb.jit, pb.grad, pb.jacrev])
def test_a_written_argument_that_is_read_from_outside_is_refused(
    make: Any, transform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    f, array, name = make()
    with pytest.raises(pb.PullbackError, match=f"x and {name} overlap in memory, and .* writes to x"):
        transform(f)(array)
    assert np.all(array == 1.0)
    assert pb.jit(f)(array.copy()) == f(array.copy())


def test_read_only_argument_that_is_written() -> None:
    x = np.ones(2)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="x is read-only"):
        pb.jit(clear_first)(x, 3.0)
    np.testing.assert_allclose(pb.grad(clear_first)(x, 3.0), [0.0, 2.0])


# -- looking inside ------------------------------------------------------------------------------------
def test_ir_and_source() -> None:
    g = pb.grad(quadratic)
    assert g.ir(W, X).startswith("func quadratic")
    assert "matmul" in g.ir(W, X, stage="frontend")
    for level in ("adjoint", "native"):
        text = g.source(W, X, level=level)
        compile(text, level, "exec")
    with pytest.raises(ValueError, match="no stage 'nowhere'"):
        g.ir(W, X, stage="nowhere")
    assert repr(pb.grad(pb.grad(cubic))) == "<pullback grad(grad(cubic))>"


def _written_beside_a_reshape(y: np.ndarray) -> float:
    z = y.reshape(1, len(y)).ravel()
    y[2] = 0.0
    return np.sum(z * z)


@pytest.mark.parametrize("transform", [pb.jit, pb.grad])
def test_a_reshape_of_a_written_argument_depends_on_its_layout(transform: Any) -> None:
    """A view of a C-contiguous array, a copy of another: which is it would be a guess."""
    assert pb.jit(_written_beside_a_reshape)(np.arange(4.0)) == _written_beside_a_reshape(np.arange(4.0))
    with pytest.raises(pb.PullbackError, match="not C-contiguous") as caught:
        transform(_written_beside_a_reshape)(np.arange(8.0)[::-2])
    assert "np.ascontiguousarray(y)" in str(caught.value)


def _written_beside_the_order_of_fortran(y: np.ndarray) -> float:
    z = y.ravel(order="F")
    z[0] = 5.0
    return np.sum(z * y.T.ravel())


def _written_beside_a_contiguous_version(y: np.ndarray) -> float:
    z = np.ascontiguousarray(y)
    z[0] = 5.0
    return np.sum(z * y)


@pytest.mark.parametrize("f", [_written_beside_the_order_of_fortran, _written_beside_a_contiguous_version])
def test_a_copy_that_of_another_layout_is_a_view(f: Any) -> None:
    y = np.arange(6.0).reshape(2, 3)
    assert pb.jit(f)(y.copy()) == f(y.copy())
    with pytest.raises(pb.PullbackError, match="not C-contiguous"):
        pb.jit(f)(np.asfortranarray(y))


def test_the_garbage_collector_is_as_it_was() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * x)

    def refused(x: Any) -> Any:
        return x.nothing

    for on in (True, False):
        (gc.enable if on else gc.disable)()
        try:
            pb.grad(f)(np.ones(3 + on))
            with pytest.raises(pb.PullbackError):
                pb.grad(refused)(np.ones(3))
            assert gc.isenabled() is on
        finally:
            gc.enable()


# -- captured values that change their type ----------------------------------------------------------
K: Any = None


def filled_with_k(x):
    a = np.full(3, K)
    a[0] = x
    return a.sum()


def times_k(x):
    return x * K


def doubled_k(x):
    return (K + K)[0] * x


def uses_of_a_range(x):
    return len(K) * x + (x if 2 in K else 0) + K.stop * x + sum(i * x for i in reversed(K)) + max(K)


def part_by_k(x):
    return np.sum(np.arange(1.0, 5.0)[K]) * x


def keys_of_k(x):
    s = 0
    for k in K:
        s += k * x
    return s


CHANGES = [
    (filled_with_k, 1.7, (2.0, 2, 2.0, np.float64(2), np.float32(2), np.int32(2))),
    (times_k, np.float32(1.5), (np.float64(2), 2.0, np.float64(2), 2, np.float32(2), np.array(2.0), True)),
    (doubled_k, np.float32(3), (np.array([1.0, 2.0]), [np.float32(1), 2.0], np.array([1.0, 2.0]), (np.int8(1), 2))),
    (keys_of_k, np.int64(2), ({1: 2.0, 2: 3.0}, {1.0: 2.0, 2: 3.0}, {1: 2.0, 2: 3.0})),
    (keys_of_k, np.int64(2), ({1}, {True}, {1})),
    (keys_of_k, np.int64(2), (range(3), range(2), [0, 1], range(0, 3, 2), range(3))),
    (uses_of_a_range, np.int64(2), (range(3), range(0, 3, 2), range(0, 4, 2), range(1, 4))),
    (part_by_k, np.float32(2), (slice(0, 2), slice(1, None), 2, slice(None, None, 2))),
]


@pytest.mark.parametrize(("f", "x", "values"), CHANGES)
def test_a_captured_value_changes_its_type(f: Any, x: Any, values: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    compiled = pb.jit(f)
    for value in values:
        monkeypatch.setitem(f.__globals__, "K", value)
        got, expected = compiled(x), f(x)
        assert (got.dtype, got) == (expected.dtype, expected), repr(value)


def test_a_captured_array_becomes_one_of_another_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    compiled = pb.jit(doubled_k)
    monkeypatch.setitem(globals(), "K", np.array([1.0, 2.0]))
    assert compiled(2.0) == 4.0
    monkeypatch.setitem(globals(), "K", np.ma.masked_array([1.0, 2.0], [True, False]))
    with pytest.raises(pb.PullbackError, match=r"K is a MaskedArray[\s\S]*\.filled"):
        compiled(2.0)
    monkeypatch.setitem(globals(), "K", np.array([[1.0, 2.0]]).view(np.matrix))
    with pytest.raises(pb.PullbackError, match=r"K is a matrix[\s\S]*np\.asarray"):
        compiled(2.0)
