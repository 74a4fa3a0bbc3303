"""Places in the user's source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loc:
    """A place in the user's source: 1-based line, 0-based columns, as Python's ast counts them. At the native
    level, where ops are new, `reverse` says that an op undoes the line."""

    file: str
    line: int
    col: int = 0
    end_col: int = 0
    reverse: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"
