"""Interleaved timing of several sides.

In each round every side is timed once, in turn, so that a change of the machine's mood meets all alike. Before a
measurement comes a pause and one untimed call of the same side: on one CPU, JAX's threads go on for up to 24 ms
after a result is there, and would be charged to whatever runs next. A short call is repeated within a
measurement. What is reported is the median over the rounds.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PAUSE = 0.03  # seconds
SHORTEST = 2e-3  # seconds that a measurement takes at least, by repeating the call
MOST_REPEATS = 1000


@dataclass(frozen=True)
class Job:
    """Something to time; `prepare` runs before each call, untimed."""

    call: Callable[[], Any]
    prepare: Callable[[], None] | None = None


def interleaved(jobs: dict[str, Job], seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Times all jobs: name -> {"median", "best", "rounds"} in seconds a call.

    Makes `rounds` rounds, or as many (at least 3) as fit in about `seconds`. A job of which one call takes more than a
    tenth of that time is not waited for again: its first calls are its result.
    """
    first = {name: min(_measure(job, 1), _measure(job, 1)) for name, job in jobs.items()}
    repeats = {name: max(1, min(MOST_REPEATS, int(SHORTEST / max(t, 1e-7)))) for name, t in first.items()}
    times: dict[str, list[float]] = {name: [t] if t > seconds / 10 else [] for name, t in first.items()}
    jobs = {name: job for name, job in jobs.items() if not times[name]}
    start = time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        for k in range(rounds):
            if k >= 3 and time.perf_counter() - start > seconds:
                break
            for name, job in jobs.items():
                time.sleep(PAUSE)
                _measure(job, 1)
                times[name].append(_measure(job, repeats[name]))
    finally:
        gc.enable()
    return {name: {"median": statistics.median(t), "best": min(t), "rounds": len(t)} for name, t in times.items()}


def _measure(job: Job, repeats: int) -> float:
    call, prepare = job.call, job.prepare
    if prepare is None:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        return (time.perf_counter() - start) / repeats
    total = 0.0
    for _ in range(repeats):
        prepare()
        start = time.perf_counter()
        call()
        total += time.perf_counter() - start
    return total / repeats
