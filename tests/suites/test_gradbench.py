"""GradBench's twelve evals against the answers that upstream accepts (../shared/gradbench/reference)."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pullback as pb

from . import gradbench_programs as programs
from .support import interpreted, native

__all__ = ["interpreted", "native"]

REFERENCE = pathlib.Path(__file__).parents[3] / "shared" / "gradbench" / "reference"
TOLERANCE = 1e-9  # upstream accepts 1e-4

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the GradBench references are not here")

Answer = Callable[[Any], Any]
ANSWERS: dict[tuple[str, str], Answer] = {}


def answers(module: str, function: str) -> Callable[[Answer], Answer]:
    def enter(answer: Answer) -> Answer:
        ANSWERS[module, function] = answer
        return answer

    return enter


def floats(x: Any) -> Any:
    return np.array(x, dtype=np.float64)


# -- from an eval's input to its output ------------------------------------------------------------------
@answers("hello", "square")
def _(x: Any) -> Any:
    return pb.jit(programs.square)(x)


@answers("hello", "double")
def _(x: Any) -> Any:
    return pb.grad(programs.square)(x)


@answers("llsq", "primal")
def _(given: Any) -> Any:
    return pb.jit(programs.llsq)(floats(given["x"]), given["n"])


@answers("llsq", "gradient")
def _(given: Any) -> Any:
    return pb.grad(programs.llsq)(floats(given["x"]), given["n"])


@answers("lse", "primal")
def _(given: Any) -> Any:
    return pb.jit(programs.lse)(floats(given["x"]))


@answers("lse", "gradient")
def _(given: Any) -> Any:
    return pb.grad(programs.lse)(floats(given["x"]))


@answers("ode", "primal")
def _(given: Any) -> Any:
    return pb.jit(programs.ode)(floats(given["x"]), given["s"])


@answers("ode", "gradient")
def _(given: Any) -> Any:
    return pb.grad(programs.ode_last)(floats(given["x"]), given["s"])


@answers("kmeans", "cost")
def _(given: Any) -> Any:
    return pb.jit(programs.kmeans)(floats(given["points"]), floats(given["centroids"]))


@answers("kmeans", "dir")
def _(given: Any) -> Any:
    """The Hessian is diagonal: its product with ones is its diagonal."""
    points, centroids = floats(given["points"]), floats(given["centroids"])
    gradient = pb.grad(programs.kmeans, argnums=1)
    ones = np.ones_like(centroids)
    slope, curvature = pb.jvp(lambda c: gradient(points, c), (centroids,), (ones,))
    arrays = pb.grad(programs.kmeans_arrays, argnums=1)(points, centroids)
    np.testing.assert_allclose(arrays, slope, rtol=1e-12)
    return slope / curvature


def _gmm(given: Any) -> list[Any]:
    return [*(floats(given[name]) for name in ("alpha", "mu", "q", "l", "x")), given["m"], given["gamma"]]


@answers("gmm", "objective")
def _(given: Any) -> Any:
    return pb.jit(programs.gmm)(*_gmm(given))


@answers("gmm", "jacobian")
def _(given: Any) -> Any:
    gradients = pb.grad(programs.gmm, argnums=(0, 1, 2, 3))(*_gmm(given))
    return dict(zip(("alpha", "mu", "q", "l"), gradients, strict=True))


def _lstm(given: Any) -> list[Any]:
    return [floats(given[name]) for name in ("main_params", "extra_params", "state", "sequence")]


@answers("lstm", "objective")
def _(given: Any) -> Any:
    return pb.jit(programs.lstm)(*_lstm(given))


@answers("lstm", "jacobian")
def _(given: Any) -> Any:
    main, extra = pb.grad(programs.lstm, argnums=(0, 1))(*_lstm(given))
    return np.concatenate([main.ravel(), extra.ravel()])


def _ba(given: Any) -> list[Any]:
    return [floats(given["cam"]), floats(given["x"]), given["w"], floats(given["feat"])]


@answers("ba", "objective")
def _(given: Any) -> Any:
    """One observation stands for all p: they are copies."""
    p = given["p"]
    error = pb.jit(programs.reprojection)(*_ba(given))
    weight = pb.jit(programs.weight_error)(given["w"])
    return {
        "reproj_error": {"elements": error, "repeated": p},
        "w_err": {"element": weight, "repeated": p},
    }


@answers("ba", "jacobian")
def _(given: Any) -> Any:
    n, m, p = given["n"], given["m"], given["p"]
    blocks = pb.jacrev(programs.reprojection, argnums=(0, 1, 2))(*_ba(given))
    block = np.concatenate([np.reshape(b, (2, -1)) for b in blocks], axis=1)
    rows = np.concatenate([15 * np.arange(2 * p + 1), 30 * p + np.arange(1, p + 1)])
    columns: list[int] = []
    for i in range(2):  # as many observations as are compared
        cam, point, weight = 11 * (i % n), 11 * n + 3 * (i % m), 11 * n + 3 * m + i
        columns += 2 * [*range(cam, cam + 11), *range(point, point + 3), weight]
    values = np.tile(block.ravel(), 2)
    last = pb.grad(programs.weight_error)(given["w"])
    return {
        "rows": [*rows[:30], rows[-1]],
        "cols": [*columns[:30], 11 * n + 3 * m + p - 1],
        "vals": [*values[:30], last],
    }


def _hand(given: Any) -> tuple[Any, ...]:
    data, model = given["data"], given["data"]["model"]
    us = floats(given["us"]).reshape(-1, 2)
    names = ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")
    fixed = (
        np.array(model["parents"]),
        *(floats(model[name]) for name in names),
        np.array(model["triangles"]),
        np.array(data["correspondences"]),
        floats(data["points"]),
        len(us) > 0,
    )
    return floats(given["theta"]), us, *fixed


@answers("ht", "objective")
def _(given: Any) -> Any:
    return pb.jit(programs.hand)(*_hand(given))


@answers("ht", "jacobian")
def _(given: Any) -> Any:
    """Forward mode: one column for each of the 26 angles, and both columns of us in two sweeps."""
    theta, us, *fixed = _hand(given)
    by_theta = pb.jacfwd(lambda t: programs.hand(t, us, *fixed))(theta)
    if not len(us):
        return by_theta
    columns = []
    for k in range(2):
        direction = np.zeros_like(us)
        direction[:, k] = 1.0
        columns.append(pb.jvp(lambda u: programs.hand(theta, u, *fixed), (us,), (direction,))[1])
    return np.column_stack([*columns, by_theta])


@answers("det", "primal")
def _(given: Any) -> Any:
    return pb.jit(programs.determinant)(floats(given["A"]), given["ell"])


@answers("det", "gradient")
def _(given: Any) -> Any:
    return pb.grad(programs.determinant)(floats(given["A"]), given["ell"])


for _mode in ("rr", "ff", "fr", "rf"):
    ANSWERS["saddle", _mode] = lambda given, mode=_mode: pb.jit(programs.saddle)(floats(given["start"]), mode)
    ANSWERS["particle", _mode] = lambda given, mode=_mode: pb.jit(programs.particle)(given["w"], mode)


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
            found.append(pytest.param(ANSWERS[module, case["function"]], case, id=id))
    return found


@pytest.mark.parametrize(("answer", "case"), cases("hello", "llsq", "lse", "ode", "kmeans", "gmm", "lstm", "ba", "det"))
def test_interpreted(answer: Answer, case: Any, interpreted: Any) -> None:
    agree(answer(case["input"]), case["output"])


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "case"), cases("det", "lstm", "ht", "saddle", "particle"))
def test_native(answer: Answer, case: Any, native: Any) -> None:
    agree(answer(case["input"]), case["output"])


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
