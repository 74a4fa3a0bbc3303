"""Programs with `except` where the handler is reached, beyond those of the table."""

from __future__ import annotations

import pytest

import pullback as pb

from . import guarded


@pytest.mark.parametrize(("a", "b"), [(1.5, 0.0), (1.5, -1.0), (-0.5, 2.0)])
@pytest.mark.parametrize("name", ["else_and_finally", "two_errors", "names_bound_before", "any_exception"])
def test_handler(name: str, a: float, b: float) -> None:
    f = getattr(guarded, name)
    assert pb.jit(f)(a, b) == pytest.approx(f(a, b), rel=1e-15)
