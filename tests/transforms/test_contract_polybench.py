"""Products in loops that scale, overwrite or read the same arrays, as PolyBench writes them: against their matrix forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

Arrays = tuple[Any, ...]


def gemm(alpha, beta, C, A, B, w):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            C[i, j] *= beta
        for k in range(A.shape[1]):
            for j in range(C.shape[1]):
                C[i, j] += alpha * A[i, k] * B[k, j]
    return np.sum(C * w)


def gemm_adjoint(alpha, beta, C, A, B, w) -> Arrays:
    return np.sum(w * (A @ B)), np.sum(w * C), beta * w, alpha * w @ B.T, alpha * A.T @ w


def syrk(alpha, beta, C, A, w):
    for i in range(A.shape[0]):
        for j in range(i + 1):
            C[i, j] *= beta
        for k in range(A.shape[1]):
            for j in range(i + 1):
                C[i, j] += alpha * A[i, k] * A[j, k]
    return np.sum(C * w)


def syrk_adjoint(alpha, beta, C, A, w) -> Arrays:
    low = np.tril(w)
    return np.sum(low * (A @ A.T)), np.sum(low * C), beta * low + np.triu(w, 1), alpha * (low + low.T) @ A


def symm(alpha, beta, C, A, B, w):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            s = 0.0
            for k in range(i):
                C[k, j] += alpha * B[i, j] * A[i, k]
                s += B[k, j] * A[i, k]
            C[i, j] = beta * C[i, j] + alpha * B[i, j] * A[i, i] + alpha * s
    return np.sum(C * w)


def symm_adjoint(alpha, beta, C, A, B, w) -> Arrays:
    S = np.tril(A) + np.tril(A, -1).T
    g = alpha * w @ B.T
    return np.sum(w * (S @ B)), np.sum(w * C), beta * w, np.tril(g) + np.triu(g, 1).T, alpha * S @ w


def trmm(alpha, A, B, w):
    for i in range(B.shape[0]):
        for j in range(B.shape[1]):
            for k in range(i + 1, B.shape[0]):
                B[i, j] += A[k, i] * B[k, j]
            B[i, j] = alpha * B[i, j]
    return np.sum(B * w)


def trmm_adjoint(alpha, A, B, w) -> Arrays:
    L = np.tril(A, -1)
    return np.sum(w * (B + L.T @ B)), np.tril(alpha * B @ w.T, -1), alpha * (w + L @ w)


def doitgen(A, C4, w):
    s = np.zeros(C4.shape[0])
    for r in range(A.shape[0]):
        for q in range(A.shape[1]):
            for p in range(C4.shape[0]):
                s[p] = 0.0
                for k in range(C4.shape[0]):
                    s[p] += A[r, q, k] * C4[k, p]
            for p in range(C4.shape[0]):
                A[r, q, p] = s[p]
    return np.sum(A * w)


def doitgen_adjoint(A, C4, w) -> Arrays:
    return w @ C4.T, np.einsum("rqk,rqp->kp", A, w)


CASES: list[tuple[Callable[..., Any], Callable[..., Arrays], int]] = [
    (gemm, gemm_adjoint, 2),  # the loops that compute C are not needed
    (syrk, syrk_adjoint, 3),
    (symm, symm_adjoint, 6),
    (trmm, trmm_adjoint, 4),
    (doitgen, doitgen_adjoint, 2),
]


def arguments(f: Callable[..., Any], n: int, m: int) -> list[Any]:
    r = np.random.default_rng(n)
    if f is gemm:
        return [1.5, 0.7, r.normal(size=(n, m)), r.normal(size=(n, 9)), r.normal(size=(9, m)), r.normal(size=(n, m))]
    if f is syrk:
        return [1.5, 0.7, r.normal(size=(n, n)), r.normal(size=(n, m)), r.normal(size=(n, n))]
    if f is symm:
        return [1.5, 0.7, *(r.normal(size=s) for s in ((n, m), (n, n), (n, m), (n, m)))]
    if f is trmm:
        return [1.5, r.normal(size=(n, n)), r.normal(size=(n, m)), r.normal(size=(n, m))]
    return [r.normal(size=(4, n, m)), r.normal(size=(m, m)), r.normal(size=(4, n, m))]


@pytest.mark.parametrize(("f", "adjoint", "products"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_gradients(f: Callable[..., Any], adjoint: Callable[..., Arrays], products: int) -> None:
    gradient = pb.grad(f, argnums=tuple(range(len(arguments(f, 2, 2)) - 1)))
    for n, m in ((17, 20), (70, 33), (130, 5), (1, 1), (0, 3), (3, 0)):
        args = arguments(f, n, m)
        expected = adjoint(*args)
        for got, e in zip(gradient(*args), expected, strict=True):
            np.testing.assert_allclose(got, e, rtol=1e-10, atol=1e-10)
    text = gradient.source(*arguments(f, 17, 20), level="native")
    assert text.count("gemm_part(") >= products


def test_an_infinity_stays_where_it_belongs() -> None:
    """What a triangle leaves out is not multiplied by zeros."""
    args = arguments(trmm, 20, 4)
    args[2][7, 2] = np.inf
    with np.errstate(invalid="ignore"):
        got = pb.vjp(trmm, *args)[1](1.0)[1]
    below = np.tril(np.ones((20, 20), bool), -1)
    assert np.all(got[~below] == 0.0)
    assert np.all(np.isinf(got[7, :7])) and np.all(np.isfinite(np.delete(got, 7, axis=0)))
