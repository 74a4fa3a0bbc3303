"""GradBench's protocol: one JSON object a line on standard input, one line in answer to each.

A module is known if it has functions in `evals.EVALS`. A call is repeated until it has run `min_runs` times and
`min_seconds` seconds; each run is timed by itself, the first one with what compiling it takes. What goes wrong in a
call is an answer with ``success: false``, and the next line is read.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

import numpy as np

import pullback as pb

from .evals import EVALS

Message = dict[str, Any]


def answer(message: Message) -> Message:
    """The answer to one message."""
    head = {"id": message["id"]}
    kind = message.get("kind")
    if kind == "start":
        return head | {"tool": "pullback", "config": {"version": pb.__version__}}
    if kind == "define":
        known = any(module == message["module"] for module, _ in EVALS)
        return head | ({"success": True} if known else {"success": False, "error": "no such module"})
    if kind == "evaluate":
        return head | evaluate(message)
    return head


def evaluate(message: Message) -> Message:
    module, function, given = message["module"], message["function"], message["input"]
    prepare = EVALS.get((module, function))
    if prepare is None:
        return {"success": False, "error": f"{module} has no function {function}"}
    try:
        output, timings = repeated(prepare(given), *_runs(given))
    except Exception as e:
        return {"success": False, "error": f"{type(e).__name__}: {e}"}
    return {"success": True, "output": plain(output), "timings": timings}


def _runs(given: Any) -> tuple[int, float]:
    if not isinstance(given, dict):
        return 1, 0.0
    return int(given.get("min_runs", 1)), float(given.get("min_seconds", 0.0))


def repeated(run: Any, runs: int, seconds: float) -> tuple[Any, list[Message]]:
    """The last output, and the time of each run."""
    timings: list[Message] = []
    total = 0
    while True:
        start = time.perf_counter_ns()
        output = run()
        taken = time.perf_counter_ns() - start
        timings.append({"name": "evaluate", "nanoseconds": taken})
        total += taken
        if len(timings) >= runs and total >= seconds * 1e9:
            return output, timings


def plain(x: Any) -> Any:
    """What JSON can write."""
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    return x.tolist() if isinstance(x, (np.ndarray, np.generic)) else x


def serve(lines: Iterable[str], out: TextIO) -> None:
    for line in lines:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
