"""The report of ``f.memory``: its figures against measured allocations, its tables against the programs."""

from __future__ import annotations

import functools
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.__main__ import main

pytestmark = pytest.mark.usefixtures("native_backend")
RNG = np.random.default_rng(0)


@pytest.fixture
def native_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "native")


def layers(weights, x):
    h = x
    for w in weights:
        h = np.tanh(h @ w)
    return np.sum(h * h)


def stacked(weights, x):
    h = x
    for k in range(weights.shape[0]):
        h = np.tanh(h @ weights[k])
    return np.sum(h * h)


def diffuse(u, steps):
    for _ in range(steps):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def logistic(u, steps):
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            u[i] = u[i] + 0.1 * u[i - 1] * u[i + 1] * u[i]
    return np.sum(u)


def attention(q, k, v):
    s = q @ k.T
    e = np.exp(s - np.max(s, axis=1, keepdims=True))
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) @ v)


def branches(x, y):
    if x[0, 0] > 0:
        h = np.sin(x @ y)
    else:
        h = np.exp(x) @ y
    return np.sum(h * h)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (layers, (list(normal(16, 256, 256) / 16), normal(256, 256))),
        (stacked, (normal(5, 64, 64) / 8, normal(64, 64))),
        (diffuse, (normal(20_000), 100)),
        (logistic, (normal(1000), 60)),
        (attention, (normal(200, 30), normal(180, 30), normal(180, 40))),
        (branches, (np.abs(normal(150, 150)), normal(150, 150))),
        (branches, (-np.abs(normal(150, 150)), normal(150, 150))),
    ],
)
def test_the_prediction_is_what_is_measured(f, args):
    made = pb.grad(f).memory(*args)
    assert not made.unpredicted
    assert made.measured_peak == pytest.approx(made.predicted_peak, rel=0.03), str(made)
    assert max(m.bytes for m in made.timeline) <= made.predicted_peak
    assert made.results_bytes == sum(x.nbytes for x in (args[0] if f is layers else [args[0]]))


def test_layers_are_explained():
    made = pb.grad(layers).memory(list(normal(4, 8, 8)), normal(8, 8))
    assert [i.name.split()[0] for i in made.kept] == ["h"] * 3  # the last one becomes its own adjoint
    line = layers.__code__.co_firstlineno + 3
    for i in made.kept:
        assert i.shape == (8, 8) and i.bytes == 512
        assert i.born.endswith(f"test_memory_report.py:{line}") and i.read_by == i.born
        assert i.decision == "kept" and "tanh is too dear" in i.why
    text = str(made)
    assert "kept for the reverse sweep, 1.5 KiB" in text and f"test_memory_report.py:{line}" in text


def test_a_log_has_one_number_for_each_overwritten_element():
    made = pb.grad(logistic).memory(normal(50), 7)
    logged = [i for i in made.kept if i.decision == "logged"]
    assert [i.bytes for i in logged] == [7 * 48 * 8]
    assert "overwritten in place" in logged[0].why


def test_what_is_had_again_is_listed():
    def f(x, n):
        s = 1.0
        for i in range(n):
            s = s * np.sin(x[i] * 2.0)
        return s

    made = pb.grad(f).memory(normal(9), 9)
    assert {i.decision for i in made.again} == {"read again", "computed again"}
    assert {i.decision for i in made.kept} == {"taped"}


def test_growing_tapes_are_named():
    def f(x):
        s, i = 1.0, 0
        while s < 50.0:
            s = s + np.exp(x[i % 3]) * s
            i += 1
        return s

    made = pb.grad(f).memory(normal(3))
    assert any("grows" in text for text in made.unpredicted)
    assert any(i.bytes is None for i in made.kept)
    assert "not predicted" in str(made) and made.measured_peak > made.predicted_peak


def test_json_and_picture(tmp_path: pathlib.Path):
    made = pb.value_and_grad(stacked).memory(normal(3, 6, 6), normal(6, 6))
    data = json.loads(made.to_json())
    assert data["predicted_peak"] == made.predicted_peak and data["measured_peak"] == made.measured_peak
    assert data["kept_bytes"] == sum(i["bytes"] for i in data["kept"])
    assert {"name", "dtype", "shape", "bytes", "born", "read_by", "decision", "why"} == set(data["kept"][0])
    pytest.importorskip("matplotlib")
    made.plot(tmp_path / "memory.png")
    assert (tmp_path / "memory.png").read_bytes()[:4] == b"\x89PNG"


def test_arguments_that_the_function_writes_are_left_alone():
    u = normal(30)
    before = u.copy()
    made = pb.jit(diffuse).memory(u, 5)
    assert np.array_equal(u, before) and made.measured_peak is not None
    assert not made.kept


def test_programs_without_arrays_and_bound_methods():
    class Model:
        def __init__(self) -> None:
            self.w = normal(4)

        @functools.partial(pb.grad, argnums=1)
        def loss(self, x):
            return np.sum(np.tanh(self.w * x) ** 2)

    assert pb.grad(lambda x: x * x).memory(3.0).kept == []
    assert Model().loss.memory(normal(4)).results_bytes == 32


def test_interpreted_programs_are_not_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    made = pb.grad(diffuse).memory(normal(30), 5)
    assert made.measured_peak is None and made.predicted_peak > 0 and "not measured" in str(made)


def test_the_command(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "demo.py"
    file.write_text("import numpy as np\n\ndef loss(x):\n    return np.sum(np.tanh(x) ** 2)\n")
    assert main(["inspect", f"{file}:loss", "f64[8]", "--show", "memory"]) == 0
    assert "peak:" in capsys.readouterr().out
