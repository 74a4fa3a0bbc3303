"""Functions that call themselves: IR functions of their own."""

from __future__ import annotations

from .statements import Statements


class Recursion(Statements):
    pass
