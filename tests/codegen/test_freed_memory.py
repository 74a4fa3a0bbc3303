"""Memory that is given back and taken again: see Note [Freed memory] in `runtime/numba_target.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

import pullback as pb


def implicit_step(mu: float, y: Any) -> Any:
    n = y.copy()
    for _ in range(2):
        g = np.array([n[0] - y[0] - 0.05 * n[1], n[1] - y[1] - 0.05 * (mu * (1 - n[0] ** 2) * n[1] - n[0])])
        a = np.array([[1.0, -0.05], [0.05 * (2 * mu * n[0] * n[1] + 1), 1 - 0.05 * mu * (1 - n[0] ** 2)]])
        change = np.linalg.solve(a, -g)
        n = n[:2] + change
        if np.linalg.norm(change) < 1e-13:
            break
    return n


def test_a_solution_is_read_before_its_memory_is_given_back() -> None:
    y = np.array([1.0, 0.3])
    np.testing.assert_allclose(pb.jit(implicit_step)(2.0, y), implicit_step(2.0, y), rtol=1e-14)
    for mu in (0.5, 2.0):
        got = pb.grad(lambda m, y: implicit_step(m, y).sum())(mu, y)
        h = 1e-5
        want = (implicit_step(mu + h, y).sum() - implicit_step(mu - h, y).sum()) / (2 * h)
        np.testing.assert_allclose(got, want, rtol=1e-6)
