"""How long a user waits: imports, the first call with an empty cache, the first call of another process, and
what a call costs beyond its kernel. ``python -m benchmarks.first_call [--profile]``; times in seconds.

Each number is the smallest of a few fresh processes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import timeit
from typing import Any

import numpy as np

COUNT = 3


def smooth(u: Any, nu: float) -> Any:
    v = u.copy()
    v[1:-1] = u[1:-1] + nu * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return v


def program(w1: Any, w2: Any, b: Any, x: Any, y: Any, u0: Any) -> Any:
    """Fifty lines of the usual kinds: layers, loops, in-place writes, branches, reductions."""
    h = np.tanh(x @ w1 + b)
    z = h @ w2
    top = np.max(z, axis=1, keepdims=True)
    e = np.exp(z - top)
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.mean(np.sum(y * np.log(p + 1e-12), axis=1))
    penalty = 0.0
    for k in range(w1.shape[0]):
        row = w1[k]
        norm = np.sqrt(np.sum(row * row) + 1e-6)
        if norm > 1.0:
            penalty = penalty + norm - 0.5
        else:
            penalty = penalty + 0.5 * norm * norm
    u = u0.copy()
    energy = 0.0
    for step in range(5):
        u = smooth(u, 0.1)
        u[0] = u[1]
        u[-1] = u[-2]
        if step % 2 == 0:
            energy = energy + np.sum(u * u)
        else:
            energy = energy + 0.5 * np.sum(np.abs(u))
    acc = np.zeros(4)
    for i in range(4):
        acc[i] = np.sum(h[i]) + energy * 0.01
        for j in range(i):
            acc[i] = acc[i] + 0.1 * acc[j]
    lo, hi = np.min(acc), np.max(acc)
    spread = hi - lo
    total = loss + 0.01 * penalty + 0.001 * energy
    scale = 1.0
    while scale < 4.0:
        total = total + 0.01 * spread / scale
        scale = scale * 2.0
    weights = np.linspace(0.0, 1.0, 4)
    total = total + np.dot(weights, acc) * 1e-3
    mask = np.where(h > 0.0, h, 0.1 * h)
    total = total + np.mean(mask**2)
    clipped = np.clip(z, -3.0, 3.0)
    total = total + 1e-3 * np.sum(clipped * clipped)
    shifted = np.concatenate((u[1:], u[:1]))
    total = total + 1e-3 * np.sum((shifted - u) ** 2)
    centred = h - np.mean(h, axis=0)
    total = total + 1e-3 * np.var(centred)
    return total + 1e-4 * np.sum(np.outer(b, b))


def six(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    return np.sum(a * b + c * d + e * f)


def arguments() -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    shapes = ((5, 6), (6, 3), (6,), (8, 5), (8, 3), (20,))
    return tuple(rng.normal(size=s) for s in shapes)


def child() -> None:
    """One process: imports, then the first call."""
    import numba  # noqa: F401

    started = time.perf_counter()
    import pullback

    imported = time.perf_counter()
    args = arguments()
    gradient = pullback.grad(program, argnums=(0, 1, 2))
    called = time.perf_counter()
    gradient(*args)
    done = time.perf_counter()
    compiled = "pullback.pipeline" in sys.modules
    print(json.dumps({"import": imported - started, "call": done - called, "compiled": compiled}))


def overhead() -> dict[str, float]:
    """Microseconds of a call of a gradient by six small arrays, and of its kernel."""
    import pullback
    from pullback.api import dispatcher_of
    from pullback.plan import Transform

    rng = np.random.default_rng(0)
    args = [rng.normal(size=8) for _ in range(6)]
    wrt = tuple(range(6))
    gradient = pullback.grad(six, argnums=wrt)
    gradient(*args)
    kernel = dispatcher_of(six, (Transform("grad", wrt),)).entry(tuple(args), {}).spec.kernel
    number = 20000
    call, direct = (
        min(timeit.repeat(f, number=number, repeat=9)) / number * 1e6
        for f in (lambda: gradient(*args), lambda: kernel(*args))
    )
    return {"call": call, "kernel": direct, "overhead": call - direct}


def profile() -> None:
    """Where the first call spends its time."""
    import cProfile
    import pstats

    import pullback

    args = arguments()
    gradient = pullback.grad(program, argnums=(0, 1, 2))
    profiler = cProfile.Profile()
    profiler.runcall(gradient, *args)
    stats = pstats.Stats(profiler)
    stats.sort_stats("cumulative").print_stats("pullback|compiler/|runtime/", 30)
    stats.sort_stats("cumulative").print_stats(
        "numba/core/(typed_passes|untyped|compiler|typeinfer|lowering|codegen)", 25
    )


def fresh(cache: str, *options: str) -> Any:
    environment = os.environ | {"PULLBACK_CACHE_DIR": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "benchmarks.first_call", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--overhead", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--profile", action="store_true", help="profile a first call in this process")
    options = parser.parse_args()
    if options.child:
        return child()
    if options.overhead:
        print(json.dumps(overhead()))
        return None
    if options.profile:
        return profile()
    code = "import time; t = time.perf_counter(); import numba; print(time.perf_counter() - t)"
    numba = [float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout) for _ in range(COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        firsts = [fresh(os.path.join(folder, str(k)), "--child") for k in range(2)]
        seconds = [fresh(os.path.join(folder, "0"), "--child") for _ in range(COUNT)]
        calls = fresh(os.path.join(folder, "0"), "--overhead")
    lower = lambda runs, name: min(r[name] for r in runs)
    print(f"import numba                        {min(numba):8.3f} s")
    print(f"import pullback beyond it           {lower(seconds, 'import'):8.3f} s")
    print(f"first call, empty cache             {lower(firsts, 'call'):8.3f} s   (goal: 3)")
    print(f"first call, second process          {lower(seconds, 'call'):8.3f} s   (goal: 0.1 with the import)")
    print(f"    through the compiler            {any(r['compiled'] for r in seconds)!s:>8}")
    print(f"call, six arrays of 8               {calls['call']:8.2f} us")
    print(f"    of which kernel                 {calls['kernel']:8.2f} us")
    print(f"    overhead                        {calls['overhead']:8.2f} us  (goal: 3)")
    return None


if __name__ == "__main__":
    main()
