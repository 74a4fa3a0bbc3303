"""Printing from native code: Python formats and prints, also where compiled code runs without the GIL."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

SYMBOL = "pullback_show"


def show(template: str, *values: Any) -> None:
    """Write values in the places of a format template, which ends with what ends the line."""
    print(template.format(*values), end="")


@functools.cache
def register() -> Any:
    """Make `show_packed` known to LLVM under `SYMBOL`; the result has to stay alive."""
    from llvmlite import binding as ll

    signature = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int64))
    callback = signature(show_packed)
    ll.add_symbol(SYMBOL, ctypes.cast(callback, ctypes.c_void_p).value)
    return callback


def show_packed(template: bytes, kinds: bytes, slots: Any) -> None:
    """`show` for values as compiled code packs them.

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
    show(template.decode(), *values)
