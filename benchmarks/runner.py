"""Runs programs on all sides: checks that the gradients agree, then times them.

A side whose gradient differs from the others' is reported and not timed; so is one that fails. The
referee is the majority: where pullback and a peer differ and a third side is there, it decides whom to blame.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import environment, once, sides, timing
from .program import Program, load
from .sides import PEERS

RTOL = 1e-7  # of the largest entry of each gradient: programs of 10^5 operations differ by rounding


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    peers: tuple[str, ...]
    threads: int = 1
    rounds: int = 9
    seconds: float = 10.0
    fresh: bool = True


def run(names: list[str], sizes: list[str], settings: Settings, cpus: list[int]) -> dict[str, Any]:
    """Results for the given programs at the given sizes, as plain data (see `report` for the fields)."""
    machine = environment.describe()  # before the work below is part of the machine's load
    rows = []
    for name in names:
        program = load(name)
        for size in sizes:
            if size not in program.sizes:
                _say(f"{name}: no size {size}, skipped")
                continue
            rows.append(_row(program, size, settings))
    return {
        "machine": machine,
        "threads": settings.threads,
        "pinned_to": cpus,
        "protocol": {"pause": timing.PAUSE, "rounds": settings.rounds, "seconds": settings.seconds},
        "programs": rows,
    }


def _row(program: Program, size: str, settings: Settings) -> dict[str, Any]:
    _say(f"{program.name} {size}")
    args = program.args(size)
    wanted = ["pullback", *(side for peer in settings.peers for side in PEERS[peer])]
    results: dict[str, dict[str, Any]] = {}
    ready: dict[str, sides.Side] = {}
    gradients: dict[str, list[np.ndarray]] = {}
    for name in wanted:
        if name != "pullback" and not program.has(sides.form_of(name), size):
            continue
        try:
            side = sides.make(name, program, args)
            gradients[name] = side.gradients(side.grad())
            ready[name] = side
        except ImportError as error:
            results[name] = {"skipped": f"not installed ({error})"}
        except Exception as error:  # a peer or pullback fails: say it, and go on with the others
            results[name] = {"error": f"{type(error).__name__}: {error}"}
            _say(f"  {name}: {traceback.format_exc(limit=-1).strip()}")
    for name, reason in _disagreements(gradients).items():
        results[name] = {"error": reason}
        _say(f"  {name}: {reason}")
        del ready[name]

    what = {"grad": "grad", "value_and_grad": "value_and_grad", "value": "primal"}
    for attribute, key in what.items():
        jobs = {}
        for name, side in ready.items():
            call = getattr(side, attribute)
            if call is None:
                continue
            try:
                side.prepare()
                call()
            except Exception as error:  # as above
                results.setdefault(name, {})[key + "_error"] = f"{type(error).__name__}: {error}"
                continue
            overwrites = attribute == "value" and name == "pullback"
            jobs[name] = timing.Job(call, side.prepare if overwrites else None)
        for name, times in timing.interleaved(jobs, settings.seconds, settings.rounds).items():
            results.setdefault(name, {})[key] = times
    if settings.fresh:
        for name in ready:
            results[name]["fresh"] = once.measure(program.name, size, name, settings.threads)
    for name, r in results.items():
        if "grad" in r:
            _say(f"  {name:12} {r['grad']['median'] * 1e3:10.4f} ms")
    return {
        "program": program.name,
        "size": size,
        "parameters": dict(program.sizes[size]),
        "slower": program.slower,
        "sides": {name: results[name] for name in wanted if name in results},
    }


def difference(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """The largest difference of two lists of arrays, each relative to the largest entry of its array."""
    if [x.shape for x in a] != [y.shape for y in b]:
        return np.inf
    worst = 0.0
    for x, y in zip(a, b):
        if not np.array_equal(np.isnan(x), np.isnan(y)):
            return np.inf
        scale = max(np.nanmax(np.abs(x), initial=0.0), np.nanmax(np.abs(y), initial=0.0))
        if scale > 0:
            worst = max(worst, float(np.nanmax(np.abs(x - y), initial=0.0) / scale))
    return worst


def _disagreements(gradients: dict[str, list[np.ndarray]]) -> dict[str, str]:
    """The sides that differ from the majority (of two that differ, both), with what to say of them."""
    names = list(gradients)
    agrees = {
        name: [other for other in names if difference(gradients[name], gradients[other]) <= RTOL] for name in names
    }
    most = max((len(friends) for friends in agrees.values()), default=0)
    if most == len(names):
        return {}
    majority = next(name for name in names if len(agrees[name]) == most)
    if most == 1:
        return {name: "the gradients differ from each other and nobody can referee" for name in names}
    return {
        name: f"wrong gradient: differs by {difference(gradients[name], gradients[majority]):.1e} from {majority}"
        for name in names
        if name not in agrees[majority]
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
