"""The smallest program that still fails in the same way: statements are deleted, bodies take the place of
compound statements, and expressions are replaced by their parts or by a constant, while the failure persists."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from .generator import Case
from .oracles import Outcome, check

Edit = Callable[[], None]


def signature(outcome: Outcome) -> str:
    """What makes two failures the same: the oracle, and the type of an exception and its place."""
    exception = re.match(r"(\w+(?:Error|Exception)\b)(.{0,25})", outcome.detail)
    text = re.sub(r"[\d.]+|'[^']*'|%\w+", "_", exception.group()) if exception else ""
    return f"{outcome.stage} {text}"


def reduce(case: Case, outcome: Outcome, compiled: bool, second: bool, seconds: float = 60.0) -> Case:
    """A smaller case with the same failure, as far as the time allows."""
    wanted = signature(outcome)
    end = time.monotonic() + seconds

    def fails(source: str) -> bool:
        if "def f(" not in source:
            return False
        got = check(replace(case, source=source), compiled, second, seconds=20)
        return got.failed and signature(got) == wanted

    source = ast.unparse(ast.parse(case.source))
    if not fails(source):
        return case
    progress = True
    while progress and time.monotonic() < end:
        progress = False
        position = 0
        while time.monotonic() < end:
            candidate = edited(source, position)
            if candidate is None:
                break
            if len(candidate) < len(source) and compiles(candidate) and fails(candidate):
                source, progress = candidate, True
            else:
                position += 1
    return replace(case, source=source)


def compiles(source: str) -> bool:
    try:
        compile(source, "<candidate>", "exec")
    except SyntaxError:
        return False
    return True


def edited(source: str, position: int) -> str | None:
    """The source after its edit number `position`; None when there are not so many."""
    tree = ast.parse(source)
    for k, edit in enumerate(edits(tree)):
        if k == position:
            edit()
            try:
                return ast.unparse(ast.fix_missing_locations(tree))
            except Exception:
                return ""
    return None


def edits(tree: ast.Module) -> Iterator[Edit]:
    """All edits: of statements first, outer ones first."""
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            body = getattr(node, name, None)
            if not isinstance(body, list):
                continue
            for k, statement in enumerate(body):
                yield lambda body=body, k=k, node=node, name=name: _delete(
                    body, k, keep=name == "body" and not isinstance(node, ast.Module)
                )
                for part in ("body", "orelse"):
                    inner = getattr(statement, part, None)
                    if isinstance(inner, list) and inner and not isinstance(statement, ast.FunctionDef):
                        yield lambda body=body, k=k, inner=inner: body.__setitem__(slice(k, k + 1), inner)
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and not isinstance(getattr(value, "ctx", None), ast.Store):
                yield from _simpler(value, lambda new, node=node, field=field: setattr(node, field, new))
            elif isinstance(value, list):
                for k, item in enumerate(value):
                    if isinstance(item, ast.expr) and not isinstance(getattr(item, "ctx", None), ast.Store):
                        yield from _simpler(item, lambda new, value=value, k=k: value.__setitem__(k, new))


def _delete(body: list[ast.stmt], k: int, keep: bool) -> None:
    body[k : k + 1] = [ast.Pass()] if keep and len(body) == 1 else []


def _simpler(e: ast.expr, put: Callable[[ast.expr], None]) -> Iterator[Edit]:
    if isinstance(e, ast.Constant):
        return
    for part in ast.iter_child_nodes(e):
        if isinstance(part, ast.expr):
            yield lambda part=part: put(part)
    yield lambda: put(ast.Constant(0.5))
