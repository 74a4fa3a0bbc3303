"""The disk cache: content-addressed blobs that may be lost, shared or damaged, and never break a call.

A blob is stored under the hash of everything that determines it. Files carry a checksum; a file that
is damaged reads as absent, and a directory that cannot be written just caches nothing. Processes may share
a directory: files are written aside and moved into place.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pickle
import sys
import tempfile
from typing import Any

_MAGIC = b"pullback1\n"


def cache_dir() -> str:
    """``PULLBACK_CACHE_DIR``, or the user's cache directory of the platform."""
    given = os.environ.get("PULLBACK_CACHE_DIR")
    if given:
        return given
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "pullback")


def digest(*parts: str | bytes) -> str:
    """A hash of all parts, each with its length."""
    h = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        h.update(len(data).to_bytes(8, "little"))
        h.update(data)
    return h.hexdigest()[:40]


@functools.cache
def environment() -> str:
    """What compiled code depends on besides its source: versions, CPU, and this runtime."""
    import llvmlite
    import llvmlite.binding as ll
    import numba
    import numpy

    features = ll.get_host_cpu_features().flatten()
    versions = (sys.version, numba.__version__, llvmlite.__version__, numpy.__version__)
    own = stamp(os.path.dirname(os.path.abspath(__file__)))
    return "\n".join([*versions, ll.get_host_cpu_name(), features, own])


@functools.cache
def stamp(folder: str) -> str:
    """A hash of the Python files under a folder by size and time of change. As part of a key, it keeps what
    another version of these files has made from ever being used."""
    h = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != "__pycache__")
        for name in sorted(files):
            if name.endswith(".py"):
                path = os.path.join(place, name)
                with contextlib.suppress(OSError):
                    stat = os.stat(path)
                    h.update(f"{path[len(folder) :]} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return h.hexdigest()


def _path(key: str) -> str:
    return os.path.join(cache_dir(), key[:2], key[2:])


def get(key: str) -> bytes | None:
    """The blob under `key`; None when there is none or it is damaged."""
    try:
        with open(_path(key), "rb") as f:
            data = f.read()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    if data[: len(_MAGIC)] != _MAGIC or hashlib.sha256(data[head:]).digest() != data[len(_MAGIC) : head]:
        return None
    return data[head:]


def put(key: str, blob: bytes) -> bool:
    """Store a blob; False when that is not possible."""
    path = _path(key)
    temporary = None
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "wb") as f:
            f.write(_MAGIC + hashlib.sha256(blob).digest() + blob)
        os.replace(temporary, path)
        return True
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return False


def load(key: str) -> Any:
    """The object under `key`; None when there is none or it cannot be read."""
    blob = get(key)
    if blob is None:
        return None
    try:
        return pickle.loads(blob)
    except Exception:  # a pickle of other versions can fail in any way
        return None


def save(key: str, value: Any) -> bool:
    """Store an object that pickles; False when that is not possible."""
    try:
        return put(key, pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL))
    except (pickle.PicklingError, TypeError, AttributeError):
        return False
