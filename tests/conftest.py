"""Fixtures of all tests: the verifier is on after every pass, golden files are kept up to date."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable

import pytest

os.environ.setdefault("PULLBACK_VERIFY", "1")

GOLDEN = pathlib.Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write the golden files instead of comparing with them"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("simplify/loop.ir", text)``: the text is that of tests/golden/simplify/loop.ir."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        text = text.rstrip("\n") + "\n"
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"{path} does not exist: run pytest --update-golden"
        assert text == path.read_text(), f"differs from {path}: if that is right, run pytest --update-golden"

    return check
