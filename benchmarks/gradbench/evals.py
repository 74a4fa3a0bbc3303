"""What each function of GradBench's evals is here: from its input to a call that can be repeated and timed.

An entry of `EVALS` takes the input as it came from JSON and gives a function without arguments: preparing is not
timed, calling is. What it returns is turned into JSON outside as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import pullback as pb

from . import programs

Run = Callable[[], Any]
Prepare = Callable[[Any], Run]

EVALS: dict[tuple[str, str], Prepare] = {}
"""By module and function."""


def evaluates(module: str, function: str) -> Callable[[Prepare], Prepare]:
    def enter(prepare: Prepare) -> Prepare:
        EVALS[module, function] = prepare
        return prepare

    return enter


def call(function: Callable[..., Any], *args: Any) -> Run:
    return lambda: function(*args)


def floats(x: Any) -> Any:
    return np.array(x, dtype=np.float64)


@evaluates("hello", "square")
def _(x: Any) -> Run:
    return call(pb.jit(programs.square), float(x))


@evaluates("hello", "double")
def _(x: Any) -> Run:
    return call(pb.grad(programs.square), float(x))


@evaluates("llsq", "primal")
def _(given: Any) -> Run:
    return call(pb.jit(programs.llsq), floats(given["x"]), given["n"])


@evaluates("llsq", "gradient")
def _(given: Any) -> Run:
    return call(pb.grad(programs.llsq), floats(given["x"]), given["n"])


@evaluates("lse", "primal")
def _(given: Any) -> Run:
    return call(pb.jit(programs.lse), floats(given["x"]))


@evaluates("lse", "gradient")
def _(given: Any) -> Run:
    return call(pb.grad(programs.lse), floats(given["x"]))


@evaluates("ode", "primal")
def _(given: Any) -> Run:
    return call(pb.jit(programs.ode), floats(given["x"]), given["s"])


@evaluates("ode", "gradient")
def _(given: Any) -> Run:
    return call(pb.grad(programs.ode_last), floats(given["x"]), given["s"])


@evaluates("kmeans", "cost")
def _(given: Any) -> Run:
    return call(pb.jit(programs.kmeans), floats(given["points"]), floats(given["centroids"]))


@evaluates("kmeans", "dir")
def _(given: Any) -> Run:
    """The Hessian is diagonal: its product with ones is its diagonal."""
    points, centroids = floats(given["points"]), floats(given["centroids"])
    gradient = pb.grad(programs.kmeans, argnums=1)
    ones = np.ones_like(centroids)

    def direction() -> Any:
        slope, curvature = pb.jvp(lambda c: gradient(points, c), (centroids,), (ones,))
        return slope / curvature

    return direction


def _gmm(given: Any) -> list[Any]:
    return [*(floats(given[name]) for name in ("alpha", "mu", "q", "l", "x")), given["m"], given["gamma"]]


@evaluates("gmm", "objective")
def _(given: Any) -> Run:
    return call(pb.jit(programs.gmm), *_gmm(given))


@evaluates("gmm", "jacobian")
def _(given: Any) -> Run:
    gradient, args = pb.grad(programs.gmm, argnums=(0, 1, 2, 3)), _gmm(given)
    return lambda: dict(zip(("alpha", "mu", "q", "l"), gradient(*args), strict=True))


def _lstm(given: Any) -> list[Any]:
    return [floats(given[name]) for name in ("main_params", "extra_params", "state", "sequence")]


@evaluates("lstm", "objective")
def _(given: Any) -> Run:
    return call(pb.jit(programs.lstm), *_lstm(given))


@evaluates("lstm", "jacobian")
def _(given: Any) -> Run:
    gradient, args = pb.grad(programs.lstm, argnums=(0, 1)), _lstm(given)
    return lambda: np.concatenate([g.ravel() for g in gradient(*args)])


def _ba(given: Any) -> list[Any]:
    """The one camera, point and feature that are given, as many times as the problem has them."""
    n, m, p = given["n"], given["m"], given["p"]
    at = np.arange(p)
    return [
        np.tile(floats(given["cam"]), (n, 1))[at % n],
        np.tile(floats(given["x"]), (m, 1))[at % m],
        np.full(p, given["w"]),
        np.tile(floats(given["feat"]), (p, 1)),
    ]


@evaluates("ba", "objective")
def _(given: Any) -> Run:
    residuals, args, p = pb.jit(programs.all_residuals), _ba(given), given["p"]

    def objective() -> Any:
        error, weight = residuals(*args)
        return {
            "reproj_error": {"elements": error[0], "repeated": p},
            "w_err": {"element": weight[0], "repeated": p},
        }

    return objective


@evaluates("ba", "jacobian")
def _(given: Any) -> Run:
    """In compressed rows: 2 x 15 numbers for each observation, and one for each weight."""
    n, m, p = given["n"], given["m"], given["p"]
    gradient = pb.grad(programs.summed_residuals, argnums=(0, 1, 2))
    of_weight = pb.grad(lambda w: np.sum(programs.weight_error(w)))
    args = _ba(given)
    rows = np.concatenate([15 * np.arange(2 * p + 1), 30 * p + np.arange(1, p + 1)])
    at = np.arange(p)
    cameras = 11 * (at % n)[:, None] + np.arange(11)
    points = 11 * n + 3 * (at % m)[:, None] + np.arange(3)
    weights = 11 * n + 3 * m + at
    block = np.column_stack([cameras, points, weights])
    columns = np.concatenate([np.stack([block, block], axis=1).ravel(), weights])

    def jacobian() -> Any:
        values = np.empty((p, 2, 15))
        for k in range(2):
            by_camera, by_point, by_weight = gradient(*args, k)
            values[:, k, :11], values[:, k, 11:14], values[:, k, 14] = by_camera, by_point, by_weight
        values = np.concatenate([values.ravel(), of_weight(args[2])])
        return {name: [*x[:30], x[-1]] for name, x in (("rows", rows), ("cols", columns), ("vals", values))}

    return jacobian


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


@evaluates("ht", "objective")
def _(given: Any) -> Run:
    return call(pb.jit(programs.hand), *_hand(given))


@evaluates("ht", "jacobian")
def _(given: Any) -> Run:
    """Forward mode: one column for each of the 26 angles, and both columns of us in two sweeps."""
    theta, us, *fixed = _hand(given)
    by_theta = pb.jacfwd(lambda t: programs.hand(t, us, *fixed))
    if not len(us):
        return call(by_theta, theta)

    def jacobian() -> Any:
        columns = []
        for k in range(2):
            direction = np.zeros_like(us)
            direction[:, k] = 1.0
            columns.append(pb.jvp(lambda u: programs.hand(theta, u, *fixed), (us,), (direction,))[1])
        return np.column_stack([*columns, by_theta(theta)])

    return jacobian


@evaluates("det", "primal")
def _(given: Any) -> Run:
    return call(pb.jit(programs.determinant), floats(given["A"]), given["ell"])


@evaluates("det", "gradient")
def _(given: Any) -> Run:
    return call(pb.grad(programs.determinant), floats(given["A"]), given["ell"])


def _optimised(module: str, mode: str) -> None:
    """Nested derivatives: the first letter of `mode` is the outer one, forward or reverse."""

    @evaluates(module, mode)
    def _(given: Any) -> Run:
        if module == "saddle":
            return call(pb.jit(programs.saddle), floats(given["start"]), mode)
        return call(pb.jit(programs.particle), float(given["w"]), mode)


for _mode in ("rr", "ff", "fr", "rf"):
    _optimised("saddle", _mode)
    _optimised("particle", _mode)
