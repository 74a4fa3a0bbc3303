"""Extents that have to differ by a number: one program for all calls in which they do."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb


def spacing(x, h):
    return np.sum(h * np.diff(x) ** 2)


def staggered(p, u):
    for _ in range(3):
        u[1:-1] -= 0.1 * (p[1:] - p[:-1])
        p -= 0.1 * (u[1:] - u[:-1]) * p
    return np.sum(p * p)


def test_one_program_serves_all_sizes() -> None:
    gradient = pb.grad(spacing)
    for n in (5, 9, 2, 6):
        x, h = np.random.default_rng(n).normal(size=n), np.ones(n - 1)
        d = 2 * np.diff(x)
        np.testing.assert_allclose(gradient(x, h), np.concatenate([[0.0], d]) - np.concatenate([d, [0.0]]))
    text = gradient.source(np.ones(5), np.ones(4), level="native")
    assert "return 1" not in text, text


def test_extents_that_do_not_fit_raise() -> None:
    gradient = pb.grad(spacing)
    gradient(np.ones(5), np.ones(4))
    for n in (4, 6, 7):
        with pytest.raises(ValueError, match="broadcast"):
            gradient(np.ones(5), np.ones(n - 1 if n != 5 else 2))


def test_a_chain_of_relations() -> None:
    def f(a, b, c):
        return np.sum(a[1:] * b) + np.sum(b[1:] * c) + np.sum(a[2:] * c)

    for n in (7, 12):
        a, b, c = (np.random.default_rng(k).normal(size=n - k) for k in range(3))
        expected = np.concatenate([[0.0], b]) + np.concatenate([[0.0, 0.0], c])
        np.testing.assert_allclose(pb.grad(f)(a, b, c), expected)


def test_staggered_fields() -> None:
    p, u = np.random.default_rng(0).normal(size=6), np.random.default_rng(1).normal(size=7)
    got = pb.grad(staggered, argnums=(0, 1))(p, u)
    for which, g in enumerate(got):
        for k in range(g.size):
            values = []
            for h in (1e-6, -1e-6):
                args = [p.copy(), u.copy()]
                args[which][k] += h
                values.append(staggered(*args))
            assert np.isclose(g[k], (values[0] - values[1]) / 2e-6, rtol=1e-6, atol=1e-8)
    text = pb.grad(staggered).source(p, u, level="native")
    assert "return 1" not in text and "reshape" not in text
