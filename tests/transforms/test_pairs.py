"""Sums over pairs with their last two axes in the other order: programs over points, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

from .test_loops import check


def kernel_sum(x, w):
    d2 = ((x[:, None, :] - x[None, :, :]) ** 2).sum(-1)
    return w @ np.exp(-0.5 * d2) @ w


def scaled_by_axis(x, w):
    d = (x[:, None] - x) * np.exp(x[0])
    return np.sum(np.sqrt(np.sum(d**2, axis=2, keepdims=True) + 0.1) * d * w[:, None])


def every_axis(x, w):
    d = np.sin(x[None] - x[:, None] * w[:, None, None])
    first = d.sum(axis=0) * x
    second = d.sum(axis=1, keepdims=True)
    third = d.prod(axis=2) * w
    both = d.sum(axis=(0, 2)) * w + d.sum(axis=(1, 2)) ** 2 + d.sum(axis=(0, 1), keepdims=True)[0, 0, 0]
    return first.sum() + np.sum(second[:, 0] * x) + np.sum(third * third.T) + both.sum() + np.sum(d.max(axis=2))


def steps_of_gravity(x, w):
    v = np.zeros_like(x)
    for _ in range(3):
        d = x[None, :, :] - x[:, None, :]
        r2 = np.sum(d**2, axis=2) + 0.1
        v = v + 0.1 * np.sum(d * (w[None, :] / r2**1.5)[:, :, None], axis=1)
        x = x + 0.1 * v
    return np.sum(x**2)


def kept_in_memory(x, w):
    d = x[:, None, :] - x[None, :, :]
    e = d.copy()
    e[0] = 0.0
    return np.sum(np.sum(d**2, axis=2) * w) + np.sum(e**3)


PROGRAMS = [kernel_sum, scaled_by_axis, every_axis, steps_of_gravity, kept_in_memory]


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n, d", [(5, 3), (4, 4), (1, 2), (3, 1), (0, 2)])
def test_pairs(f: Callable[..., Any], n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    args = (rng.normal(size=(n, d)), rng.normal(size=n))
    if n == 0 and f is not kernel_sum and f is not steps_of_gravity:
        return
    gradient = pb.grad(f, argnums=(0, 1))
    check(gradient.program(*args).function, list(args), compiled=(n, d) == (5, 3))
    direction = tuple(1e-6 * rng.normal(size=a.shape) for a in args)
    change = f(*(a + h for a, h in zip(args, direction))) - f(*(a - h for a, h in zip(args, direction)))
    product = sum(np.sum(g * h) for g, h in zip(gradient(*args), direction, strict=True))
    np.testing.assert_allclose(product, change / 2, rtol=1e-5, atol=1e-14)


def test_the_second_points_are_the_lanes() -> None:
    x, w = np.random.default_rng(0).normal(size=(5, 3)), np.ones(5)
    text = pb.grad(kernel_sum).source(x, w, level="native")
    n, d = "n0", "n1"
    inner = [line for line in text.splitlines() if line.startswith(" " * 12 + "for")]
    assert inner and all(f"range({n})" in line for line in inner), text
    assert f"range({d})" in text


def test_few_points_are_no_lanes() -> None:
    def strain(u):
        g = np.zeros((3, 3, 1))
        e = u[:, None, :] * u[None, :, :] + g
        return np.sum(e.sum(axis=(0, 1)) ** 2)

    u = np.random.default_rng(0).normal(size=(3, 7))
    np.testing.assert_allclose(pb.grad(strain)(u).shape, u.shape)
