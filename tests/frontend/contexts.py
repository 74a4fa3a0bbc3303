"""A context of the frontend for tests that call handlers directly."""

from __future__ import annotations

from pullback.frontend.build import Interpreter
from pullback.frontend.control import Frame
from pullback.frontend.session import Session


def make_context(session: Session) -> Interpreter:
    """An interpreter inside a function without names."""
    context = Interpreter(session)
    context.frames = [Frame("case", "case.py")]
    return context
