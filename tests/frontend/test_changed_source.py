"""A file that is edited after its import: the text is used only where it is what was compiled."""

from __future__ import annotations

import importlib
import importlib.util
import linecache
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pullback as pb

TEXT = """
def f(x):
    return x * 2.0

class C:
    def m(self, x):
        return x * 2.0

g = lambda x: x * 2.0

def outer():
    def inner(x):
        return x * 2.0
    return inner
"""


class Edited:
    """A module and its file."""

    def __init__(self, path: Path):
        self.path = path
        self.time = 1e9
        self.write(TEXT)
        self.module: Any = importlib.import_module(path.stem)

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.time += 100
        os.utime(self.path, (self.time, self.time))

    def functions(self) -> list[Any]:
        m = self.module
        return [m.f, m.C().m, m.g, m.outer(), lambda x: m.f(x)]


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edited]:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Edited(tmp_path / "edited_module.py")
    sys.modules.pop("edited_module", None)
    linecache.clearcache()


def refused(f: Any) -> None:
    with pytest.raises(pb.PullbackError, match=r"not what it was compiled from[\s\S]*reload the module"):
        pb.grad(f)(1.0)


def test_a_file_edited_after_its_import_is_refused(edited: Edited) -> None:
    edited.write(TEXT.replace("2.0", "7.0"))
    for f in edited.functions():
        refused(f)


def test_what_python_has_read_already_serves(edited: Edited) -> None:
    assert pb.grad(edited.module.f)(1.0) == 2.0
    edited.write(TEXT.replace("2.0", "7.0"))
    assert [pb.grad(f)(1.0) for f in edited.functions()] == [2.0] * 5
    linecache.checkcache()  # as a traceback does
    refused(edited.module.outer())


def test_a_reloaded_module_is_read_again(edited: Edited) -> None:
    old = edited.module.f
    assert pb.grad(old)(1.0) == 2.0
    edited.write(TEXT.replace("2.0", "7.0"))
    importlib.reload(edited.module)
    assert [pb.grad(f)(1.0) for f in edited.functions()] == [7.0] * 5
    with pytest.raises(pb.PullbackError, match="not what it was compiled from"):
        pb.value_and_grad(old)(1.0)


def test_other_changes_of_the_file_do_not_matter(edited: Edited) -> None:
    edited.write(TEXT + "\n\ndef more(x):\n    return x\n")
    assert [pb.grad(f)(1.0) for f in edited.functions()] == [2.0] * 5


def test_text_without_a_file(tmp_path: Path) -> None:
    text = "def k(x):\n    return x * 3.0\n"
    linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")
    space: dict[str, Any] = {}
    exec(compile(text, "<made>", "exec"), space)
    assert pb.grad(space["k"])(1.0) == 3.0
    (tmp_path / "script.py").write_text(text)
    exec(compile(text, str(tmp_path / "script.py"), "exec"), space)
    assert pb.grad(space["k"])(1.0) == 3.0
