"""Ordinary programs, of kinds that no other test has: values and derivatives agree with plain Python."""

from __future__ import annotations

from typing import Any

import pytest

from tests.suites.support import Case, check, interpreted, native

from . import programs_models, programs_solvers

__all__ = ["interpreted", "native"]

CASES = [*programs_solvers.CASES.params(), *programs_models.CASES.params()]


@pytest.mark.parametrize("case", CASES)
def test_interpreted(case: Case, interpreted: Any) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES[::9])
def test_native(case: Case, native: Any) -> None:
    check(case)
