"""The adjoints in C that benchmarks compare with are right: they agree with ours, which others referee."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import pullback as pb
from benchmarks.program import leaves, load

NAMES = (
    "jacobi_1d", "jacobi_2d", "heat_3d", "seidel_2d", "cholesky", "lu", "trisolv", "durbin", "gramschmidt", "atax",
    "mvt", "softmax",
)  # fmt: skip


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("name", NAMES)
def test_in_c(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    program = load(f"npbench.{name}")
    args = program.args("tiny")
    ours = leaves(pb.grad(program.f, argnums=program.wrt)(*args))
    theirs = leaves(program.forms["adjoint_only"](*args))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
