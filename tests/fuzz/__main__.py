"""``python -m tests.fuzz --n 20000 --seed S [--compiled K] [--second K] [--thorough K] [--jobs 2]``: run the fuzzer.

Prints a line of counts, the refusals by message, and every failure, reduced to a small program. The exit status
is 1 if there is a failure.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections import Counter

os.environ.setdefault("PULLBACK_VERIFY", "last")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .campaign import Task, general, run
from .generator import generate
from .oracles import Outcome
from .reducer import reduce


def summary(counts: Counter[str], total: int, seconds: float) -> str:
    return f"{total} programs in {seconds:.0f} s: " + ", ".join(f"{n} {k}" for k, n in counts.most_common())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="how many programs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first one; the others follow")
    parser.add_argument("--compiled", type=int, default=0, help="how many of them are compiled by Numba too")
    parser.add_argument("--second", type=float, default=0.2, help="part of them with second derivatives")
    parser.add_argument("--thorough", type=float, default=1.0, help="part of them in both printed levels, not in one")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this time")
    parser.add_argument("--reduce", type=int, default=5, help="how many failures are reduced (one for each kind)")
    parser.add_argument("--show", action="store_true", help="print the program of --seed and do nothing else")
    options = parser.parse_args()
    if options.show:
        print(generate(options.seed).source)
        return 0
    start = time.monotonic()
    every = options.n // options.compiled if options.compiled else 0
    tasks = [
        (
            options.seed + k,
            bool(every and k % every == 0),
            (k * 0.6180339887) % 1 < options.second,
            (k * 0.7548776662) % 1 < options.thorough,
        )
        for k in range(options.n)
    ]
    counts: Counter[str] = Counter()
    refusals: dict[str, list[int]] = {}
    failures: dict[str, list[tuple[Task, Outcome]]] = {}
    widened: list[int] = []
    gc.freeze()  # the modules stay: the collector need not look at them again after every program
    for task, outcome in run(tasks, options.jobs):
        counts[outcome.kind] += 1
        counts["compiled"] += task[1]
        if outcome.kind == "refused":
            refusals.setdefault(general(f"{outcome.stage}: {outcome.detail}"), []).append(task[0])
        if outcome.kind == "widened":
            widened.append(task[0])
        if outcome.failed:
            failures.setdefault(general(f"{outcome.stage}: {outcome.detail}")[:70], []).append((task, outcome))
            print(f"FAILED seed {task[0]}: {outcome.stage}: {outcome.detail}"[:400], flush=True)
        total = sum(n for k, n in counts.items() if k != "compiled")
        if total % 250 == 0:
            print(summary(counts, total, time.monotonic() - start), file=sys.stderr, flush=True)
        if time.monotonic() - start > options.seconds:
            break
    print(summary(counts, total, time.monotonic() - start))
    for message, seeds in sorted(refusals.items(), key=lambda item: -len(item[1])):
        print(f"refused {len(seeds):4}  {message}  (seeds {', '.join(map(str, seeds[:3]))})")
    if widened:
        print(f"of the other float type: seeds {', '.join(map(str, widened))}")
    print(f"{counts['failed']} failures of {len(failures)} kinds")
    for message, found in list(failures.items())[: options.reduce]:
        task, outcome = min(found, key=lambda item: len(generate(item[0][0]).source))
        small = reduce(generate(task[0]), outcome, task[1], task[2])
        print(f"\n--- {len(found)} x {message}\nseed {task[0]}: {outcome.stage}: {outcome.detail}"[:1000])
        print(f"arguments: {', '.join(map(str, small.arguments))}\n{small.source}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
