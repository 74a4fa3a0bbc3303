"""The examples' functions, without their data and pictures: gradients, and the adjoint source by itself."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import subprocess
import sys
import types

import numpy as np
import pytest

import pullback as pb

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"

RUN = """
import numpy as np

data = np.load("arguments.npz")
found = loss_grad(*(data[str(k)] for k in range(len(data.files))))
np.savez("results.npz", *found)
assert not any(name.partition(".")[0] in ("pullback", "numba", "scipy") for name in __import__("sys").modules)
"""


def example(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_adjoint_source_of_the_digits_loss_stands_alone(tmp_path: pathlib.Path) -> None:
    """Pasted into an empty file it runs under plain Python, and gives the gradient that is trained with."""
    digits = example("digits")
    rng = np.random.default_rng(0)
    params = digits.initial_params((64, *digits.HIDDEN, 10), rng)
    images, labels = rng.uniform(size=(32, 64)), rng.integers(0, 10, size=32)
    value, gradient = digits.loss_and_gradient(params, images, labels)
    (tmp_path / "adjoint.py").write_text(digits.loss_and_gradient.source(params, images, labels) + RUN)
    arguments = [*params.values(), images, labels, digits.WEIGHT_DECAY]
    np.savez(tmp_path / "arguments.npz", **{str(k): x for k, x in enumerate(arguments)})
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run([sys.executable, "adjoint.py"], cwd=tmp_path, env=environment, check=True)
    found = np.load(tmp_path / "results.npz")
    for x, y in zip(found.values(), [value, *gradient.values()], strict=True):
        assert np.max(np.abs(x - y)) <= 1e-12 * max(1.0, np.max(np.abs(y)))
    # the gradient itself, by central differences along one direction
    direction = {k: rng.normal(size=x.shape) for k, x in params.items()}
    h = 1e-7  # few of the 6,000 rectifiers change their side
    plus, minus = (
        digits.loss({k: x + sign * h * direction[k] for k, x in params.items()}, images, labels) for sign in (1, -1)
    )
    slope = sum(np.sum(gradient[k] * direction[k]) for k in params)
    assert slope == pytest.approx((plus - minus) / (2 * h), rel=1e-6)


def test_gradient_of_the_heated_plate() -> None:
    heat = example("heat_inverse")
    rng = np.random.default_rng(1)
    start, seen = rng.uniform(size=(7, 7)), rng.uniform(size=(7, 7))
    pb.check_grads(lambda u: heat.misfit(u, seen, 4, 1e-2), (start,), order=1)
