"""The fence: which syntax is in the language, and what is said about the rest.

`REFUSED` maps a syntax node to (message, hint); every node that `expressions.py` and `statements.py`
have no method for is in it. `check_body` refuses what makes a whole function something else (generators,
coroutines, rebinding of outer names) before anything is built.
"""

from __future__ import annotations

import ast
import functools
from typing import NoReturn

from ..errors import InternalError, PullbackError, UnsupportedError
from ..ir.nodes import Loc

REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.TryStar: (
        "try is not supported: control must not depend on exceptions",
        "handle the error outside the function",
    ),
    ast.AsyncWith: ("async with is not supported", "use an ordinary function"),
    ast.AsyncFor: ("async for is not supported", "use an ordinary for loop"),
    ast.AsyncFunctionDef: ("coroutines are not supported", "use an ordinary function"),
    ast.Await: ("await is not supported", "await outside, and pass the value in"),
    ast.Yield: ("generators are not supported: yield", "return the values in a tuple, or store them in an array"),
    ast.YieldFrom: (
        "generators are not supported: yield from",
        "return the values in a tuple, or store them in an array",
    ),
    ast.Global: (
        "global is not supported: a function may not rebind outer names",
        "take the value as an argument and return the new one",
    ),
    ast.Nonlocal: (
        "nonlocal is not supported here: the variable belongs to a function outside of the program",
        "take the value as an argument and return the new one",
    ),
}
if hasattr(ast, "TypeAlias"):
    REFUSED[ast.TypeAlias] = ("type aliases inside a function are not supported", "define the alias at module level")

_WHOLE_FUNCTION = (ast.Await, ast.Global, ast.AsyncFor, ast.AsyncWith)


def location(node: ast.AST, file: str) -> Loc:
    """Where a node is; a node over several lines is shown by its first line."""
    line = getattr(node, "lineno", 0)
    col = getattr(node, "col_offset", 0)
    end = getattr(node, "end_col_offset", None) or 0
    if getattr(node, "end_lineno", line) != line:
        end = 10**6  # the caret line is cut at the end of the source line
    return Loc(file, line, col, end)


def refuse(node: ast.AST, file: str) -> NoReturn:
    """Raise the error for a node outside the language."""
    message, hint = REFUSED.get(
        type(node), (f"this syntax is not supported: {type(node).__name__}", "rewrite it with simpler statements")
    )
    raise UnsupportedError(message, location(node, file), hint)


def hint_for(e: PullbackError) -> str | None:
    """The hint of an error that was raised without one."""
    if isinstance(e, InternalError):
        return None
    if isinstance(e, UnsupportedError):
        return "write it with arithmetic, plain loops and the functions that docs/numpy.md lists"
    return "plain Python raises this too: call the function itself, without pullback, to look into it"


@functools.lru_cache(maxsize=256)
def check_body(node: ast.AST, file: str) -> None:
    """Refuse coroutines and rebinding of outer names anywhere in a function."""
    stack = list(ast.iter_child_nodes(node))
    while stack:
        n = stack.pop()
        if isinstance(n, _WHOLE_FUNCTION):
            refuse(n, file)
        if not isinstance(n, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(n))
