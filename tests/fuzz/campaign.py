"""Many programs, in several processes."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator

from .generator import generate
from .oracles import Outcome, check

Task = tuple[int, bool, bool, bool]  # seed, compiled, second derivatives, thorough


def run_one(task: Task) -> tuple[Task, Outcome]:
    seed, compiled, second, thorough = task
    return task, check(generate(seed), compiled, second, thorough=thorough)


def run(tasks: list[Task], jobs: int) -> Iterator[tuple[Task, Outcome]]:
    if jobs == 1:
        yield from map(run_one, tasks)
        return
    # workers are replaced now and then: each keeps what it compiled
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=20) as pool:
        yield from pool.imap_unordered(run_one, tasks, chunksize=10)


def general(message: str) -> str:
    """A message without the names and numbers of one program."""
    return re.sub(r"'[^']*'|\b\d+\b|\b[a-zA-Z]\d+\b", "_", message)[:110]
