"""A list that grew in a loop whose length the arguments tell is returned as a list."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb


def trace(x: Any) -> Any:
    values, pairs, v = [0.0], [], 1.0
    for u in x:
        for _ in range(2):
            v += 0.1 * (u - v)
        values.append(v)
        pairs.append((v, u * v))
    return values, {"pairs": pairs, "twice": [2 * u for u in x]}


@pytest.mark.parametrize("n", [1, 7, 12, 30])
def test_values_and_cotangents(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    x = np.linspace(0.1, 1.2, n)
    out, pull = pb.vjp(trace, x)
    values, parts = trace(x)
    assert type(out[0]) is list and len(out[0]) == n + 1
    np.testing.assert_allclose(out[0], values, rtol=1e-13)
    np.testing.assert_allclose(out[1]["pairs"], parts["pairs"], rtol=1e-13)
    np.testing.assert_allclose(out[1]["twice"], parts["twice"], rtol=1e-13)
    weights = [np.float64(k + 1.0) for k in range(n + 1)]
    zero = np.float64(0.0)
    (dx,) = pull((weights, {"pairs": [(zero, zero)] * n, "twice": [zero] * n}))
    for k in range(n):
        ends = []
        for e in (1e-6, -1e-6):
            moved = x.copy()
            moved[k] += e
            ends.append(np.dot(weights, trace(moved)[0]))
        np.testing.assert_allclose(dx[k], (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


def test_long_lists_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    with pytest.raises(pb.PullbackError, match=r"a list of 501 items(?s:.*)np\.array"):
        pb.jit(trace)(np.linspace(0.1, 1.2, 500))
