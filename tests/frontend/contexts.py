"""A context of the frontend for tests that call handlers directly."""

from __future__ import annotations

from typing import Any

from pullback.frontend.expressions import Expressions
from pullback.frontend.session import Session


def make_context(session: Session) -> Any:
    return Expressions(session)
