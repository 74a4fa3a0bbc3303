"""Python trees to text: the one place where generated source is formatted.

`render` prints a module through astor (or `ast.unparse`, where astor fails or Python is 3.14 and later),
and adds to the line of every statement a comment that cites the primal line it comes from, where that
differs from the line above.
"""

from __future__ import annotations

import ast
import os
import sys
import warnings
from typing import Any

from pullback.runtime import special

from ..ir.nodes import Op

# helpers of templates, and the module that has them
HELPER_MODULES: dict[str, str] = {
    **dict.fromkeys(
        ["digamma", "div0", "erf", "erfc", "gammaln", "mul0", "polygamma", "round_decimals", "sigmoid"],
        "pullback.runtime.numpy_helpers",
    ),
    **dict.fromkeys(special.FUNCTIONS, "pullback.runtime.special"),
    "gemm": "pullback.runtime.blas",
}

_WIDEST = 68


def cite(stmt: ast.stmt, op: Op) -> None:
    """Note on the statement which op it comes from."""
    stmt.pullback_cause = op  # type: ignore[attr-defined]


def citation(op: Op) -> str:
    """``demo.py:3``, ``reverse of demo.py:3``, or the note of the op."""
    note: str | None = op.attrs.get("note")
    if note is not None:
        return note
    if op.loc.line <= 0:
        return ""
    place = f"{os.path.basename(op.loc.file)}:{op.loc.line}"
    return f"reverse of {place}" if op.attrs.get("reverse") else place


def imports(functions: list[ast.FunctionDef]) -> list[ast.stmt]:
    """The import statements that the functions need."""
    used = {node.id for f in functions for node in ast.walk(f) if isinstance(node, ast.Name)}
    defined = {f.name for f in functions}
    result: list[ast.stmt] = []
    if "math" in used:
        result.append(ast.Import([ast.alias("math")]))
    result.append(ast.Import([ast.alias("numpy", "np")]))
    modules: dict[str, list[str]] = {}
    for helper, module in sorted(HELPER_MODULES.items()):
        if helper in used and helper not in defined:
            modules.setdefault(module, []).append(helper)
    for module, helpers in sorted(modules.items()):
        result.append(ast.ImportFrom(module, [ast.alias(h) for h in helpers], 0))
    return result


def render(module: ast.Module) -> str:
    """The text of a module, with citations."""
    source = _unparse(ast.fix_missing_locations(module))
    lines = source.splitlines()
    printed = ast.parse(source)
    for node, made in zip(printed.body, module.body, strict=True):
        if isinstance(node, ast.FunctionDef):
            comments: dict[int, str] = {}
            _collect(node, made, comments)
            _place(lines, comments)
    text = _blank_lines(lines, printed)
    return "\n".join(text) + "\n"


def _unparse(module: ast.Module) -> str:
    if sys.version_info < (3, 14):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                import astor

                source: str = astor.to_source(module)
                # astor is not maintained: make sure that it has said what we meant
                if _same_program(ast.parse(source), module):
                    return source
        except Exception:
            pass
    return ast.unparse(module)


def _same_program(a: ast.Module, b: ast.Module) -> bool:
    return ast.dump(ast.parse(ast.unparse(a))) == ast.dump(ast.parse(ast.unparse(b)))


def _collect(printed: Any, made: Any, comments: dict[int, str]) -> None:
    """Comments of the statements of `made`, at the lines where `printed` has the same statements."""
    for field in ("body", "orelse"):
        for p, m in zip(getattr(printed, field, []), getattr(made, field, []), strict=True):
            cause = getattr(m, "pullback_cause", None)
            if cause is not None:
                text = citation(cause)
                if text:
                    comments.setdefault(p.lineno - 1, text)
            _collect(p, m, comments)


def _place(lines: list[str], comments: dict[int, str]) -> None:
    previous = ""
    kept: dict[int, str] = {}
    for k in sorted(comments):
        if comments[k] != previous and not lines[k].endswith("\\"):
            kept[k] = comments[k]
        previous = comments[k]
    if not kept:
        return
    column = min(max(len(lines[k]) for k in kept), _WIDEST) + 2
    for k, comment in kept.items():
        lines[k] = f"{lines[k]:<{column - 2}}  # {comment}"


def _blank_lines(lines: list[str], printed: ast.Module) -> list[str]:
    """One blank line after the imports become two, and two between functions."""
    starts = {node.lineno - 1 for node in printed.body if isinstance(node, ast.FunctionDef)}
    result: list[str] = []
    for k, line in enumerate(lines):
        if k in starts:
            while result and not result[-1].strip():
                result.pop()
            if result:
                result += ["", ""]
        result.append(line)
    while result and not result[-1].strip():
        result.pop()
    return result
