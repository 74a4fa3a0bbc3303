"""A context of the frontend for tests that call handlers directly."""

from __future__ import annotations

from typing import Any

from pullback.frontend.context import Context
from pullback.frontend.session import Session


def make_context(session: Session) -> Any:
    return Context(session)
