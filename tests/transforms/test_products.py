"""Matrix products in all the forms that lowering tells apart: against NumPy, and the gradient against differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

from .test_loops import check

SHAPES = [
    ("stacks", lambda a, b: a @ b, (3, 4, 5), (3, 5, 2)),
    ("first transposed", lambda a, b: a.transpose(0, 2, 1) @ b, (3, 5, 4), (3, 5, 2)),
    ("second transposed", lambda a, b: a @ np.swapaxes(b, -1, -2), (3, 4, 5), (3, 2, 5)),
    ("both transposed", lambda a, b: a.transpose(0, 2, 1) @ b.transpose(0, 2, 1), (3, 5, 4), (3, 2, 5)),
    ("two leading axes", lambda a, b: a @ np.swapaxes(b, 2, 3), (2, 3, 4, 5), (2, 3, 2, 5)),
    ("broadcast", lambda a, b: a @ b.transpose(0, 2, 1), (1, 4, 5), (3, 2, 5)),
    ("other axes moved", lambda a, b: a.transpose(1, 0, 2) @ b, (4, 3, 5), (3, 5, 2)),
    ("columns", lambda a, b: a @ b, (3, 4, 5), (3, 5, 1)),
    ("vectors", lambda a, b: np.einsum("bij,bj->bi", a, b), (3, 4, 5), (3, 5)),
    ("outer products", lambda a, b: a @ b, (3, 4, 1), (3, 1, 5)),
    ("a vector for all", lambda a, b: a @ b, (3, 4, 5), (5,)),
    ("a vector before", lambda a, b: a @ b, (4,), (3, 4, 5)),
    ("part of a matrix", lambda a, b: a[1:, 2:] @ b[2:], (4, 5), (5,)),
    ("columns of a matrix", lambda a, b: b[:, 1] @ a[:, 1:4], (4, 5), (4, 2)),
    ("part transposed", lambda a, b: a[1:, 2:].T @ b[1:], (4, 5), (4,)),
    ("every second", lambda a, b: a[::2, ::-1] @ b, (5, 6), (6,)),
    ("empty", lambda a, b: a @ b, (3, 4, 0), (3, 0, 1)),
    ("product transposed", lambda a, b: (a @ b).T, (20, 30), (30, 25)),
    ("product of a transposed one transposed", lambda a, b: (2.0 * a.T @ b).T, (30, 20), (30, 25)),
    ("stack transposed", lambda a, b: np.swapaxes(a @ b, -1, -2), (2, 3, 4, 5), (2, 3, 5, 6)),
    ("one factor for a stack, transposed", lambda a, b: np.swapaxes(a @ b, -1, -2), (3, 4, 5), (5, 6)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("f, left, right", [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_products(f: Any, left: tuple[int, ...], right: tuple[int, ...], dtype: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left).astype(dtype), rng.normal(size=right).astype(dtype)

    def loss(a, b):
        return np.sum(np.tanh(f(a, b)))

    gradient = pb.grad(loss, argnums=(0, 1))
    if dtype == np.float64:
        check(pb.jit(f).program(a, b).function, [a, b])
        check(gradient.program(a, b).function, [a, b])
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(pb.jit(f)(a, b), f(a, b), rtol=tolerance, atol=tolerance)
    da, db = gradient(a, b)
    h = 1e-5 if dtype == np.float64 else 2e-2
    va, vb = rng.normal(size=left).astype(dtype), rng.normal(size=right).astype(dtype)
    slope = (loss(a + h * va, b + h * vb) - loss(a - h * va, b - h * vb)) / (2 * h)
    expected = np.vdot(da, va) + np.vdot(db, vb)
    assert slope == pytest.approx(expected, rel=1e-5 if dtype == np.float64 else 5e-2, abs=1e-6)


def test_a_result_in_another_shape_and_transposed() -> None:
    """What is returned is made in the memory that is returned, by the product itself."""

    def f(a, b, w):
        scores = np.reshape(a, (6, 4, 5)) @ np.swapaxes(np.reshape(b, (6, 7, 5)), 1, 2)
        return np.sum(scores * w)

    rng = np.random.default_rng(0)
    a, b, w = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(6, 4, 7))
    gradient = pb.grad(f, argnums=(0, 1))
    source = gradient.source(a, b, w, level="native")
    assert "assign" not in source and "for " not in source and "part(" not in source
    da, db = gradient(a, b, w)
    np.testing.assert_allclose(da, (w @ b.reshape(6, 7, 5)).reshape(a.shape))
    np.testing.assert_allclose(db, (w.transpose(0, 2, 1) @ a.reshape(6, 4, 5)).reshape(b.shape))


def test_a_result_and_another_shape_of_it() -> None:
    """Two results are not one memory."""

    def f(a, b):
        product = np.exp(a) @ b
        return product, product.reshape(-1), np.reshape(product * 2.0, (-1,))

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 30)), rng.normal(size=(30, 10))
    results = pb.jit(f)(a, b)
    for x, y in zip(results, f(a, b), strict=True):
        np.testing.assert_allclose(x, y)
    assert not np.shares_memory(results[0], results[1])


def test_attention_is_one_loop_between_products() -> None:
    """A product that only a result needs waits until the loops over rows before and after it are one."""

    def f(q, k, v, w):
        s = q @ np.swapaxes(k, -1, -2)
        e = np.exp(s - np.max(s, axis=-1, keepdims=True))
        return np.sum((e / np.sum(e, axis=-1, keepdims=True)) @ v * w)

    rng = np.random.default_rng(0)
    q, k, v, w = (rng.normal(size=(3, 12, 10)) for _ in range(4))
    gradient = pb.grad(f, argnums=(0, 1, 2))
    check(gradient.program(q, k, v, w).function, [q, k, v, w])
    source = gradient.source(q, k, v, w, level="native")
    assert len([line for line in source.splitlines() if line.startswith("    for ")]) == 1
    assert source.count("batched_gemm(") == 5
    pb.check_grads(lambda q, k, v: f(q, k, v, w), (q, k, v), order=1, modes=("rev",))
