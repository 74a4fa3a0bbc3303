"""GradBench's twelve evals against the answers that upstream accepts (../shared/gradbench/reference)."""

from __future__ import annotations

import io
import json
import pathlib
from typing import Any

import numpy as np
import pytest

import pullback as pb
from benchmarks.gradbench import programs
from benchmarks.gradbench.__main__ import serve
from benchmarks.gradbench.evals import EVALS, Prepare, floats

from .support import interpreted, native

__all__ = ["interpreted", "native"]

REFERENCE = pathlib.Path(__file__).parents[3] / "shared" / "gradbench" / "reference"
TOLERANCE = 1e-9  # upstream accepts 1e-4

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the GradBench references are not here")


# -- tests -----------------------------------------------------------------------------------------------
def agree(got: Any, want: Any) -> None:
    """Number by number, in upstream's measure."""
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        for key in want:
            agree(got[key], want[key])
        return
    a, b = floats(got), floats(want)
    assert a.shape == b.shape
    assert np.all(np.abs(a - b) / np.maximum(1.0, np.abs(a) + np.abs(b)) <= TOLERANCE)


def cases(*modules: str) -> list[Any]:
    found = []
    for module in modules:
        path = REFERENCE / f"{module}.json"
        if not path.exists():  # the tests are skipped
            continue
        for k, case in enumerate(json.loads(path.read_text())["cases"]):
            id = f"{module}-{case['function']}-{k}"
            found.append(pytest.param(EVALS[module, case["function"]], case, id=id))
    return found


@pytest.mark.parametrize(("prepare", "case"), cases("hello", "llsq", "lse", "ode", "kmeans", "gmm", "lstm", "det"))
def test_interpreted(prepare: Prepare, case: Any, interpreted: Any) -> None:
    agree(prepare(case["input"])(), case["output"])


@pytest.mark.parametrize(("prepare", "case"), cases("ba"))
def test_every_observation(prepare: Prepare, case: Any, native: Any) -> None:
    agree(prepare(case["input"])(), case["output"])


@pytest.mark.slow
@pytest.mark.parametrize(("prepare", "case"), cases("det", "lstm", "ht", "saddle", "particle"))
def test_native(prepare: Prepare, case: Any, native: Any) -> None:
    agree(prepare(case["input"])(), case["output"])


@pytest.mark.parametrize("ell", [2, 5, 6])
def test_gradient_of_the_determinant_is_the_cofactors(ell: int, interpreted: Any) -> None:
    a = np.random.default_rng(ell).normal(size=(ell, ell))
    gradient = pb.grad(programs.determinant)(a.ravel(), ell).reshape(ell, ell)
    np.testing.assert_allclose(gradient, np.linalg.det(a) * np.linalg.inv(a).T, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n", [2, 7])
def test_ode_gradient_against_differences(n: int, interpreted: Any) -> None:
    """Upstream's tolerance accepts zeros for large n; differences do not."""
    x = np.random.default_rng(n).uniform(0.5, 1.5, size=n)
    h = 1e-5
    want = [(programs.ode_last(x + h * e, 3) - programs.ode_last(x - h * e, 3)) / (2 * h) for e in np.eye(n)]
    np.testing.assert_allclose(pb.grad(programs.ode_last)(x, 3), want, rtol=1e-6)


def test_two_programs_of_one_cost(interpreted: Any) -> None:
    rng = np.random.default_rng(3)
    points, centroids = rng.normal(size=(9, 2)), rng.normal(size=(3, 2))
    loops, arrays = (pb.grad(f, argnums=1)(points, centroids) for f in (programs.kmeans, programs.kmeans_arrays))
    np.testing.assert_allclose(loops, arrays, rtol=1e-12)


def test_the_protocol(interpreted: Any) -> None:
    def evaluate(module: str, function: str, given: Any) -> dict[str, Any]:
        return {"kind": "evaluate", "module": module, "function": function, "input": given}

    llsq = {"x": [0.5, -1.0], "n": 4, "min_runs": 3, "min_seconds": 0.0}
    messages = [
        {"kind": "start", "eval": "llsq"},
        {"kind": "define", "module": "llsq"},
        {"kind": "define", "module": "nothing"},
        evaluate("hello", "double", 3.0),
        evaluate("llsq", "gradient", llsq),
        evaluate("llsq", "gradient", {"x": [0.5], "n": "four"}),
        evaluate("llsq", "hessian", llsq),
        {"kind": "analysis", "of": 4, "valid": True},
    ]
    out = io.StringIO()
    serve((json.dumps({"id": k} | m) + "\n" for k, m in enumerate(messages)), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [a["id"] for a in answers] == list(range(len(messages)))
    assert [a.get("success") for a in answers] == [None, True, False, True, True, False, False, None]
    assert answers[0]["tool"] == "pullback" and answers[3]["output"] == 6.0
    assert len(answers[4]["timings"]) == 3 and all(t["nanoseconds"] > 0 for t in answers[4]["timings"])
    h, x = 1e-6, np.array([0.5, -1.0])
    want = [(programs.llsq(x + h * e, 4) - programs.llsq(x - h * e, 4)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(answers[4]["output"], want, rtol=1e-6)
