"""docs/ops.md is what the registry says."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pullback.rules  # noqa: F401
from pullback.ir.opdef import REGISTRY
from pullback.rules.table import table

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "ops.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == table(), "run: python -m pullback.rules.table > docs/ops.md"


def test_the_command_prints_the_page() -> None:
    out = subprocess.run([sys.executable, "-m", "pullback.rules.table"], capture_output=True, text=True, check=True)
    assert out.stdout == PAGE.read_text()


def test_every_kink_pole_and_step_is_declared() -> None:
    for name in ("abs", "sqrt", "log", "maximum", "max", "floor", "arccos", "pow", "hypot", "sort", "safe_sqrt"):
        assert REGISTRY[name].undefined, name
