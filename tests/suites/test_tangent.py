"""What Tangent's tests cover, and the six programs it leaves out, as values, gradients and tangents."""

from __future__ import annotations

from typing import Any

import pytest

from . import tangent_arrays, tangent_scalars
from .support import Case, check, interpreted, native

__all__ = ["interpreted", "native"]

CASES = [*tangent_scalars.CASES.params(), *tangent_arrays.CASES.params()]


@pytest.mark.parametrize("case", CASES)
def test_interpreted(case: Case, interpreted: Any) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", [*CASES[::12], *(c for c in CASES if c.id == "conversions")])
def test_native(case: Case, native: Any) -> None:
    check(case)
