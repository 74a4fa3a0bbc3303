"""``deterministic=True``: sums in the order of the printed loops."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.runtime import native, parallel

RNG = np.random.default_rng(3)
X = RNG.standard_normal(10_007) * 10.0 ** RNG.integers(-8, 8, 10_007)
W = RNG.standard_normal(10_007)


def total(x: Any) -> Any:
    return np.sum(x)


def loop(x: Any, w: Any) -> Any:
    s = 0.0
    for i in range(len(x)):
        s += x[i] * w[i]
    return s * s


def shared(x: Any, w: Any) -> Any:
    return np.sum((x[:, None] - w[None, :]) ** 2)


def in_order(terms: Any) -> float:
    s = 0.0
    for t in terms:
        s += float(t)
    return s


def kept(fn: Any, *args: Any) -> Any:
    """Results of the printed program, run as plain Python."""
    entry, inputs = pb.api.extended(fn).inputs(args, {})
    code = pb.codegen.numba_cpu.generate_native(pb.pipeline.native(entry.spec.program.function))
    return native.plain_kernel(code)(*inputs)


def test_sums_are_in_the_order_of_their_elements() -> None:
    s = in_order(X)
    assert pb.jit(total, deterministic=True)(X) == s
    assert pb.jit(total)(X) != s, "vectors of partial sums: if this fails, the test cannot tell"
    value, (gx, gw) = pb.value_and_grad(loop, argnums=(0, 1), deterministic=True)(X, W)
    product = in_order(X * W)
    assert value == product * product
    np.testing.assert_array_equal(gx, (2.0 * product) * W)
    np.testing.assert_array_equal(gw, (2.0 * product) * X)


@pytest.mark.parametrize("fn", [loop, shared])
def test_as_the_printed_program(fn: Any) -> None:
    x, w = X[:301], W[:301]
    g = pb.grad(fn, argnums=(0, 1), deterministic=True)
    for ours, printed in zip(g(x, w), kept(g, x, w), strict=True):
        np.testing.assert_array_equal(ours, printed)


def test_threads_leave_sums_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "ENOUGH_WORK", 0)
    monkeypatch.setenv("PULLBACK_NUM_THREADS", "2")
    assert pb.jit(lambda x: np.sum(x * 1.0), deterministic=True)(X) == in_order(X)


def test_all_ways_to_ask() -> None:
    expected = in_order(X)

    @pb.jit(deterministic=True)
    def decorated(x: Any) -> Any:
        return np.sum(x)

    @pb.value_and_grad(deterministic=True)
    def with_gradient(x: Any) -> Any:
        return np.sum(x)

    asked = pb.jit(total, deterministic=True)
    assert decorated(X) == expected
    assert with_gradient(X)[0] == expected
    assert pb.vjp(asked, X)[0] == expected
    assert pb.jvp(asked, (X,), (X,))[1] == expected
    assert pb.value_and_grad(asked)(X)[0] == expected
    assert pickle.loads(pickle.dumps(asked))(X) == expected
    assert pb.jit(lambda x: asked(x) + 0.0)(X) == expected  # inside another one
    assert pb.jit(lambda x: pb.value_and_grad(total, deterministic=True)(x)[0])(X) == expected

    class Model:
        @pb.jit(deterministic=True)
        def total(self, x: Any) -> Any:
            return np.sum(x)

    assert Model().total(X) == expected
    assert pb.jit(total)(X) != expected


def test_the_stored_program_is_another_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("PULLBACK_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("PULLBACK_VERIFY", raising=False)
    for _ in range(2):
        pb.api._shared_dispatcher.cache_clear()
        plain, ordered = pb.jit(total)(X), pb.jit(total, deterministic=True)(X)
        assert plain != ordered == in_order(X)


def test_only_a_bool() -> None:
    with pytest.raises(pb.PullbackTypeError, match="deterministic has to be True or False, not"):
        pb.grad(total, deterministic="yes")  # type: ignore[call-overload]
