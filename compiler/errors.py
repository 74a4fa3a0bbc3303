"""Errors a user sees: file, line, caret and hint.

Each class also derives from the built-in exception a Python user would catch.
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ir.dims import Dim
    from .ir.nodes import Loc


class PullbackError(Exception):
    """Base of all errors about the user's program or call.

    ``str()`` shows ``file:line:col: message``, the source line with a caret under the place, and a
    hint that names a way out.
    """

    def __init__(self, message: str, loc: Loc | None = None, hint: str | None = None):
        super().__init__(message)
        self.message = message
        self.loc = loc
        self.hint = hint

    def __str__(self) -> str:
        lines = []
        if self.loc is not None and self.loc.line > 0:
            lines.append(f"{self.loc.file}:{self.loc.line}:{self.loc.col + 1}: {self.message}")
            source = linecache.getline(self.loc.file, self.loc.line).rstrip("\n")
            if source.strip():
                indent = len(source) - len(source.lstrip())
                width = max(1, min(self.loc.end_col, len(source)) - self.loc.col)
                lines.append("    " + source[indent:])
                lines.append("    " + " " * max(0, self.loc.col - indent) + "^" * width)
        else:
            lines.append(self.message)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class PullbackTypeError(PullbackError, TypeError):
    """A wrong type or dtype, a wrong number of arguments."""


class NoPathError(PullbackTypeError):
    """The result does not depend on an argument. Where it does at other extents, that is no error."""


class PullbackValueError(PullbackError, ValueError):
    """A wrong shape or value."""


class PullbackIndexError(PullbackError, IndexError):
    """An index or argnum out of range."""


class PullbackKeyError(PullbackError, KeyError):
    """A key that a dict does not have."""

    __str__ = PullbackError.__str__


class PullbackAttributeError(PullbackError, AttributeError):
    """An attribute that an object or a module does not have."""


class PullbackOverflowError(PullbackError, OverflowError):
    """A Python integer that a narrow dtype does not hold."""


class UnsupportedError(PullbackError, NotImplementedError):
    """A construct outside the language, or an op without a derivative."""


class InternalError(PullbackError, RuntimeError):
    """A defect of pullback itself: please report it."""

    def __str__(self) -> str:
        return f"internal error of pullback, please report it: {super().__str__()}"


class NeedsExtent(Exception):  # noqa: N818
    """An extent of arguments must be what it is in this call, a number or in terms of others: the program is built
    again for that. Never seen by a user."""

    def __init__(self, symbol: str, extent: Dim):
        super().__init__(f"{symbol} = {extent}")
        self.symbol = symbol
        self.extent = extent


class NeedsStatic(UnsupportedError):  # noqa: N818
    """Something must be known at compile time: a loop with a known trip count is unrolled and tried again."""


class UnknownShapeError(NeedsStatic, PullbackValueError):
    """A shape has to be known: that of a result that a cotangent is given for. A Python int may tell it."""


class NeedsOneOwner(NeedsStatic):
    """What is written may be what another name refers to, depending on the iteration: that may be known once the first
    one stands by itself."""


class EmptyListError(PullbackIndexError):
    """An item is taken from an empty list, which may have some in a later iteration of the loop that is being built."""
