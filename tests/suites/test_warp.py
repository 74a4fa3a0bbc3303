"""Gradients that Warp gets wrong without saying so, against finite differences of plain Python."""

from __future__ import annotations

from typing import Any

import pytest

from . import warp_programs
from .support import Case, check, interpreted, native

__all__ = ["interpreted", "native"]

CASES = warp_programs.CASES.params()


@pytest.mark.parametrize("case", CASES)
def test_interpreted(case: Case, interpreted: Any) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[::5])
def test_native(case: Case, native: Any) -> None:
    check(case)
