"""Plans on disk: another process uses them where nothing has changed, and never where something has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pullback.fingerprint import Unportable, fingerprint
from pullback.ir.dims import Dim
from pullback.paths import Guard, Root, guard_of, of_named
from pullback.paths import Path as Way

PROGRAM = """
import dataclasses
import sys
from typing import NamedTuple

import numpy as np
import pullback as pb
import helpers
from helpers import outer

N = 2
SCALE = 1.5

class Pair(NamedTuple):
    a: float
    b: float

@dataclasses.dataclass
class Config:
    rate: float
    def apply(self, x):
        return self.rate * x

CONFIG = Config(0.5)

def make(power):
    def inner(x):
        return x**power
    return inner

inner = make(2)

def f(p, x, k=3, mode="sum"):
    s = 0.0
    for _ in range(N):
        s = s + np.sum(helpers.inner(p.a * x) * SCALE) + CONFIG.apply(p.b) * k + inner(p.a)
    if mode == "sum":
        s = s + abs(p.b) + outer(p.a)
    return s

def h(x, n):
    return np.sum(np.zeros(n) + x) * x

p = Pair(1.5, -2.0)
x = np.array([1.0, 2.0, 3.0])
g = pb.grad(f)(p, x)
print("compiled" if "pullback.pipeline" in sys.modules else "loaded", float(g.a), float(g.b), pb.grad(h)(2.0, 3))
"""
HELPERS = """
import numpy as np

def deep(x):
    return x * 3.0

def inner(x):
    return np.sin(deep(x))

def outer(x):
    return x * x
"""


def run(folder: Path, script: str = "program.py", **env: str) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PULLBACK")}
    environment |= {"PULLBACK_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1", **env}
    done = subprocess.run([sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


CHANGES = [
    ("helpers.py", "x * 3.0", "x * 4.0"),  # a function called by a function in another file
    ("program.py", "N = 2", "N = 3"),  # a global that is compiled in
    ("program.py", "make(2)", "make(3)"),  # what a closure holds
    ("program.py", "k=3", "k=4"),  # a default
    ("program.py", "self.rate * x", "self.rate + x"),  # a method of a dataclass
    ("program.py", "N = 2", "N = 2; abs = lambda v: v"),  # a builtin that is hidden now
    (
        "program.py",
        "import helpers\n",
        "import helpers as other, types; helpers = types.SimpleNamespace(inner=np.cos)\n",
    ),
    ("helpers.py", "return x * x", "return x + x"),
    ("program.py", "from helpers import outer", "from helpers import deep as outer"),
    ("program.py", 'mode="sum"', 'mode="all"'),
    ("program.py", "pb.grad(f)", "pb.grad(f, argnums=(0,))[0] if False else pb.grad(lambda q, y: f(q, y) * 2.0)"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs, run once: the cache is filled."""
    made = tmp_path_factory.mktemp("plans")
    (made / "program.py").write_text(PROGRAM)
    (made / "helpers.py").write_text(HELPERS)
    assert run(made)[0] == "compiled"
    return made


def test_an_unchanged_program_is_loaded_without_the_compiler(folder: Path) -> None:
    assert run(folder)[0] == "loaded"


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), CHANGES)
def test_a_change_is_seen(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    try:
        status, *values = run(folder)
        fresh = run(folder, PULLBACK_CACHE_DIR=str(folder / "none" / "such"), PULLBACK_BACKEND="interp")
    finally:
        (folder / file).write_text(text)
    assert status == "compiled"
    np.testing.assert_allclose([float(v) for v in values], [float(v) for v in fresh[1:]], rtol=1e-12)


@pytest.mark.slow
def test_captured_floats_and_arrays_are_read_afresh(folder: Path) -> None:
    text = (folder / "program.py").read_text()
    before = run(folder)
    (folder / "program.py").write_text(text.replace("SCALE = 1.5", "SCALE = 2.5"))
    try:
        after = run(folder)
    finally:
        (folder / "program.py").write_text(text)
    assert before[0] == after[0] == "loaded"
    assert before[1] != after[1]


def test_a_damaged_cache_is_ignored(folder: Path) -> None:
    expected = run(folder)[1:]
    files = [p for p in (folder / "cache").rglob("*") if p.is_file()]
    assert files
    kept = {p: p.read_bytes() for p in files}
    for p in files:
        p.write_bytes(kept[p][:-20] + b"x" * 20)
    assert run(folder)[1:] == expected


ERROR = """
import sys
import numpy as np
import pullback as pb

@pb.jit
def f(x, i):
    return x[i]

try:
    f(np.ones(3), int(sys.argv[1]) if len(sys.argv) > 1 else 7)
except IndexError as e:
    print("compiled" if "pullback.pipeline" in sys.modules else "loaded", *str(e).split(), *e.__notes__)
"""


def test_errors_of_native_code_survive(tmp_path: Path) -> None:
    (tmp_path / "error.py").write_text(ERROR)
    first, second = run(tmp_path, "error.py"), run(tmp_path, "error.py")
    assert (first[0], second[0]) == ("compiled", "loaded")
    assert first[1:] == second[1:] and second[-3:] == ["return", "x[i]", "^^^^"]


# -- the parts ---------------------------------------------------------------------------------------
CONSTANT = 2


def cubed(x: float) -> float:
    return x**3


def test_paths_find_named_objects() -> None:
    path = of_named(cubed)
    assert path is not None and path() is cubed and path == of_named(cubed)
    assert of_named(lambda: 0) is None


def test_a_guard_sees_another_function_under_the_name() -> None:
    space = {"f": cubed}
    guard = guard_of(Way(Root("value", space)).item("f"), cubed)
    assert guard.holds()
    space["f"] = lambda x: x
    assert not guard.holds()
    del space["f"]
    assert not guard.holds()


def test_a_guard_compares_values_and_types() -> None:
    space: dict[str, object] = {"n": 1}
    guard = Guard(Way(Root("value", space)).item("n"), 1)
    assert guard.holds()
    for other in (2, 1.0, True):
        space["n"] = other
        assert not guard.holds()


def test_fingerprints_tell_values_apart() -> None:
    values = [
        0,
        0.0,
        -0.0,
        False,
        None,
        "0",
        b"0",
        (0,),
        [0],
        np.float64(0),
        np.float32(0),
        np.dtype("f8"),
        np.sum,
        cubed,
    ]
    prints = [fingerprint(v) for v in values]
    assert len({repr(p) for p in prints}) == len(values)
    with pytest.raises(Unportable):
        fingerprint(object())


def test_extents_pickle() -> None:
    import pickle

    d = (Dim.of("n0") * 2 - 1) // 3 + Dim.of("n1").max(Dim.of("n0") - 1)
    again = pickle.loads(pickle.dumps(d))
    assert again == d and hash(again) == hash(d) and str(again) == str(d)
