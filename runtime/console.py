"""Texts from native code: Python formats them, also where compiled code runs without the GIL.

`show` prints one; `keep` keeps one for `kept`: the message of an exception that is raised when the kernel has returned.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_threads = threading.local()


def show(template: str, *values: Any) -> None:
    """Write values in the places of a format template, which ends with what ends the line."""
    print(template.format(*values), end="")


def keep(template: str, *values: Any) -> None:
    """Format a message; `kept` returns it to this thread."""
    _threads.message = template.format(*values)


def kept() -> str:
    """The message that the last call of `keep` made in this thread."""
    message: str = _threads.message
    return message


SYMBOLS: dict[Callable[..., None], str] = {show: "pullback_show", keep: "pullback_keep"}


@functools.cache
def register() -> Any:
    """Make `show` and `keep` known to LLVM, for packed values; the result has to stay alive."""
    from llvmlite import binding as ll

    signature = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64))
    callbacks = [signature(functools.partial(_unpacked, function)) for function in SYMBOLS]
    for symbol, callback in zip(SYMBOLS.values(), callbacks, strict=True):
        ll.add_symbol(symbol, ctypes.cast(callback, ctypes.c_void_p).value)
    return callbacks


def _unpacked(function: Callable[..., None], template: bytes, kinds: bytes, slots: Any) -> None:
    """Call `show` or `keep` with values as compiled code packs them.

    ``kinds`` has a word for each value: the name of its dtype, and its rank where it is an array. A scalar has one slot
    (its bits, as int64 or float64), an array those of its address and its extents.
    """
    values: list[Any] = []
    at = 0
    for word in kinds.decode().split():
        name, _, rank = word.partition(":")
        dtype = np.dtype(name)
        if rank:
            shape = tuple(slots[at + 1 + k] for k in range(int(rank)))
            size = dtype.itemsize * int(np.prod(shape))
            memory: Any = (ctypes.c_char * size).from_address(slots[at]) if size else b""
            values.append(np.frombuffer(memory, dtype).reshape(shape))
            at += 1 + int(rank)
            continue
        bits = np.int64(slots[at])
        value = dtype.type(bits.view(np.float64) if dtype.kind == "f" else bits)
        values.append(value if dtype == np.float32 else value.item())
        at += 1
    function(template.decode(), *values)
