"""The disk cache: shared, lost, damaged or unwritable, and what a second process does with it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from pullback.runtime import cache

PROGRAM = """
import json, sys, time
import numba, numpy as np
from numba.core import event
from pullback.codegen.numba_cpu import NativeCode, load_native
code = NativeCode(**json.loads(sys.argv[1]))
compiled = []
class Listener(event.Listener):
    def on_start(self, e): compiled.append(1)
    def on_end(self, e): pass
with event.install_listener("numba:compile", Listener()):
    start = time.perf_counter()
    kernel = load_native(code)
    result = kernel(np.arange(4.0))
    spent = time.perf_counter() - start
print(json.dumps({"result": [r.tolist() for r in result], "compiled": len(compiled), "seconds": spent}))
"""

TEXT = '''"""Test."""
from pullback.runtime.scalar_math import sqrt


def double(x, y):
    for i in range(x.shape[0]):
        y[i] = 2.0 * sqrt(x[i])
    return 0
'''
CODE = {
    "text": TEXT,
    "name": "double",
    "params": [["float64", 1], ["float64", 1]],
    "callees": [],
    "statuses": [],
    "wrapper": "def call(a):\n    o = empty((a.shape[0],), dtype_f64)\n    entry(a, o)\n    return [o]\n",
    "reassociate": True,
}
EXPECTED = [[0.0, 2.0, 2.0 * 2.0**0.5, 2.0 * 3.0**0.5]]


def start(directory: pathlib.Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PULLBACK_CACHE_DIR": str(directory)}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(CODE)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    answer: dict[str, object] = json.loads(out.splitlines()[-1])
    assert answer["result"] == EXPECTED
    return answer


def test_second_process_compiles_nothing(tmp_path: pathlib.Path) -> None:
    assert finish(start(tmp_path))["compiled"] != 0
    assert finish(start(tmp_path))["compiled"] == 0


def test_damaged_files_are_compiled_again(tmp_path: pathlib.Path) -> None:
    finish(start(tmp_path))
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files
    for k, path in enumerate(files):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(bytes(data) if k % 2 == 0 else b"")
    assert finish(start(tmp_path))["compiled"] != 0
    assert finish(start(tmp_path))["compiled"] == 0


def test_unwritable_directory(tmp_path: pathlib.Path) -> None:
    not_a_directory = tmp_path / "file"
    not_a_directory.write_text("in the way")
    assert finish(start(not_a_directory))["compiled"] != 0


def test_concurrent_processes(tmp_path: pathlib.Path) -> None:
    processes = [start(tmp_path) for _ in range(3)]
    for p in processes:
        finish(p)
    assert finish(start(tmp_path))["compiled"] == 0


def test_blobs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_CACHE_DIR", str(tmp_path))
    key = cache.digest("a", "b")
    assert key != cache.digest("ab") and key == cache.digest("a", b"b")
    assert cache.get(key) is None and cache.load(key) is None
    assert cache.save(key, {"x": (1, 2.5)})
    assert cache.load(key) == {"x": (1, 2.5)}
    assert cache.put(key, b"not a pickle")
    assert cache.load(key) is None
    assert not cache.save(key, lambda: None)
