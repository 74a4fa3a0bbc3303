"""Pins a process to a number of CPUs and threads, and describes the machine.

`pin` must run before NumPy, JAX or torch is imported: BLAS and OpenMP read their thread counts once.
"""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata

PACKAGES = ("pullback", "numpy", "numba", "llvmlite", "scipy", "jax", "jaxlib", "torch", "autograd")


def pin(threads: int) -> list[int]:
    """Restrict this process and its children to `threads` CPUs and as many threads; gives the CPUs."""
    if "numpy" in sys.modules:
        raise RuntimeError("pin() must be called before NumPy is imported")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PULLBACK_NUM_THREADS"):
        os.environ[name] = str(threads)
    eigen = "true" if threads > 1 else "false"
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["JAX_ENABLE_X64"] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return []
    cpus = sorted(os.sched_getaffinity(0))[-threads:]  # the last ones: interrupts prefer the first
    os.sched_setaffinity(0, cpus)
    return cpus


def describe() -> dict[str, object]:
    """The machine and the versions, as they appear in the results."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
