"""Adjoints written by hand in C, for the comparison "by hand".

The C files are compiled with the system's compiler (``cc -O3 -march=native -ffast-math``: the flags under which C is
fastest) when a benchmark first asks for one, into the directory for temporary files. They compute the gradient alone.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import pathlib
import subprocess
import tempfile
from typing import Any

import numpy as np

_FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-std=c99")


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled functions. Raises ImportError where there is no C compiler."""
    sources = sorted(pathlib.Path(__file__).parent.glob("*.c"))
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources) + repr(_FLAGS).encode()).hexdigest()[:16]
    path = pathlib.Path(tempfile.gettempdir()) / f"pullback-by-hand-{digest}.so"
    if not path.exists():
        made = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            subprocess.run(["cc", *_FLAGS, "-o", str(made), *map(str, sources), "-lm"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as e:
            raise ImportError(f"no adjoints in C: {e}") from e
        made.replace(path)
    return ctypes.CDLL(str(path))


def call(name: str, *args: Any) -> None:
    """Call a C function with integers (as long) and float64 arrays (as pointers)."""
    given = []
    for a in args:
        if isinstance(a, np.ndarray):
            assert a.dtype == np.float64 and a.flags.c_contiguous
            given.append(a.ctypes.data_as(ctypes.c_void_p))
        else:
            given.append(ctypes.c_long(a))
    getattr(library(), name)(*given)
