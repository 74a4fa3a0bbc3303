"""One gradient in a fresh process: the time of the first call, and the peak memory of a gradient.

``python -m benchmarks.once PROGRAM SIZE SIDE THREADS`` prints JSON. The tool is imported and the arguments
are made before the clock starts, so the first call is tracing, compiling and one run. Peak memory is the rise of the
resident set from before the (compiled) gradient is called to its highest point during the call, results
included: Linux resets and reports that high-water mark (/proc/self/clear_refs, VmHWM). It is
known to a few MB; None where the system cannot tell.

For pullback the process is started twice with one cache directory: the second start loads what the first
compiled, and is the one whose memory counts (it has no compiler in memory).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

from . import environment

TIMEOUT = 300.0  # seconds; a peer that needs longer for its first gradient is reported as such


def measure(program: str, size: str, side: str, threads: int) -> dict[str, float | str | None]:
    """Runs the side in fresh processes; gives "first_call", "peak_bytes" and for pullback "second_process"."""
    with tempfile.TemporaryDirectory(prefix="pullback-bench-") as cache:
        first = _spawn(program, size, side, threads, cache)
        if side != "pullback" or "error" in first:
            return first
        second = _spawn(program, size, side, threads, cache)
        if "error" in second:
            return second
        return {
            "first_call": first["first_call"],
            "second_process": second["first_call"],
            "peak_bytes": second["peak_bytes"],
        }


def _spawn(program: str, size: str, side: str, threads: int, cache: str) -> dict[str, float | str | None]:
    command = [sys.executable, "-m", "benchmarks.once", program, size, side, str(threads)]
    env = {**os.environ, "PULLBACK_CACHE_DIR": cache}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return {"error": f"the first call took more than {TIMEOUT:.0f} s"}
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"exit status {done.returncode}"}
    result: dict[str, float | str | None] = json.loads(done.stdout.splitlines()[-1])
    return result


def _reset_peak() -> bool:
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        return False
    return True


def _status(field: str) -> int | None:
    """A memory field of /proc/self/status in bytes."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _main(program_name: str, size: str, side_name: str) -> None:
    from . import sides
    from .program import load

    program = load(program_name)
    args = program.args(size)
    if side_name == "pullback":
        _warm_machinery()
    side = sides.make(side_name, program, args)
    start = time.perf_counter()
    side.compile()
    compile_time = time.perf_counter() - start
    resets = _reset_peak()
    before = _status("VmRSS")
    start = time.perf_counter()
    side.grad()
    first_call = compile_time + time.perf_counter() - start
    high = _status("VmHWM")
    peak = high - before if resets and before is not None and high is not None else None
    print(json.dumps({"first_call": first_call, "peak_bytes": peak}))


def _warm_machinery() -> None:
    """Import everything that pullback imports late (Numba, LLVM), by compiling something trivial."""
    import numpy as np

    import pullback as pb

    pb.grad(_trivial)(np.ones(3))


def _trivial(x):  # type: ignore[no-untyped-def]  # a user's function: no annotations
    return (x * x).sum()


if __name__ == "__main__":
    environment.pin(int(sys.argv[4]))
    _main(*sys.argv[1:4])
