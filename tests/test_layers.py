"""Imports go one way; see shared/design/architecture.md and docs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A layer may import itself and the layers named here (transitively closed below).
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "runtime": set(),
    "ir": {"errors", "runtime"},
    "paths": set(),
    "fingerprint": {"paths"},
    "analysis": {"ir"},
    "rules": {"analysis"},
    "transforms": {"rules"},
    "codegen": {"transforms", "runtime"},
    "frontend": {"rules", "paths", "fingerprint"},
    "pipeline": {"codegen", "frontend"},
    "tree": {"ir"},
    "plan": {"tree", "fingerprint", "runtime"},
    "quick": {"tree", "paths"},
    "compose": {"pipeline", "plan"},
    "signature": {"tree"},
    "backend": {"pipeline"},
    "dispatch": {"compose", "signature", "backend", "quick"},
    "memory": {"dispatch"},
    "api": {"memory"},
    "front door": {"api"},
}
MODULES = {
    "api_jacobian": "api",
    "check": "api",
    "custom": "api",
    "custom_rules": "api",
    "entry": "dispatch",
    "into": "dispatch",
    "jacobian_library": "api",
    "nested": "api",
    "nested_jacobian": "api",
    "__init__": "front door",
    "__main__": "front door",
    "opt": "front door",
}


def closed(layer: str) -> set[str]:
    below = {layer}
    for other in LAYERS[layer]:
        below |= closed(other)
    return below


def files() -> list[tuple[str, Path]]:
    found = [("runtime", p) for p in sorted((ROOT / "runtime").rglob("*.py"))]
    for p in sorted((ROOT / "compiler").rglob("*.py")):
        inside = p.relative_to(ROOT / "compiler").parts
        name = inside[0] if len(inside) > 1 else inside[0].removesuffix(".py")
        found.append((MODULES.get(name, name), p))
    return found


def imported(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, dotted parts below `pullback`) of each import of our own modules that happens at run time."""
    package = ["compiler", "runtime"].index(path.relative_to(ROOT).parts[0])
    here = list(path.relative_to(ROOT / ("compiler", "runtime")[package]).parent.parts)
    if package:
        here = ["runtime", *here]
    typing_only: set[ast.AST] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            typing_only |= set(ast.walk(node))
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                if parts[0] == "pullback":
                    yield node.lineno, parts[1:]
        elif isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            if node.level:
                base = here[: len(here) - (node.level - 1)]
                for alias in node.names:
                    yield node.lineno, base + module + [alias.name]
            elif module[:1] == ["pullback"]:
                for alias in node.names:
                    yield node.lineno, [*module[1:], alias.name]


@pytest.mark.parametrize(("layer", "path"), [pytest.param(l, p, id=str(p.relative_to(ROOT))) for l, p in files()])
def test_imports_go_one_way(layer: str, path: Path) -> None:
    assert layer in LAYERS, f"{path} belongs to no layer: add it to LAYERS"
    allowed = closed(layer)
    for line, parts in imported(path):
        target = parts[0] if parts else "front door"
        target = MODULES.get(target, target)
        if target not in LAYERS:
            target = "front door"  # `from . import name` of the package itself
        assert target in allowed, f"{path}:{line}: {layer} imports {'.'.join(parts)}"


def test_the_check_sees_a_wrong_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__import__(__name__, fromlist=["ROOT"]), "ROOT", tmp_path)
    (tmp_path / "runtime").mkdir()
    wrong = tmp_path / "runtime" / "wrong.py"
    wrong.write_text("from pullback.ir import nodes\n")
    with pytest.raises(AssertionError, match="runtime imports"):
        test_imports_go_one_way("runtime", wrong)
