"""Native code as plain data, and the kernels that are made of it.

Guaranteed: a `NativeCode` pickles, and `load_native` makes a kernel of it in a process that has not seen the
program it was generated from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import arena, loader, parallel, pool, results, status
from .outline import Loop, outline

Entry = Callable[..., Any]


@dataclass(slots=True, eq=False, repr=False)
class NativeCode:
    """Everything needed to load a kernel, without the IR: plain data that pickles."""

    text: str
    name: str
    params: list[tuple[str, int]]
    callees: list[tuple[str, list[tuple[str, int]], list[tuple[str, int]]]]
    statuses: list[status.Entry]
    wrapper: str
    reassociate: bool
    slots: list[tuple[int, int]] = field(default_factory=list)  # of the arena: first and last position of use
    loops: list[Loop] = field(default_factory=list)  # of the main function: those that may be run in blocks


@dataclass(slots=True, eq=False, repr=False)
class NativeKernel:
    """A compiled function. Calling it with flat inputs returns the list of flat outputs.

    Raises what the `check`s of the program raise.
    """

    code: NativeCode
    call: Callable[..., list[Any]]

    @property
    def source(self) -> str:
        """The native level as plain Python."""
        return self.code.text

    def __call__(self, *inputs: Any) -> list[Any]:
        return self.call(*inputs)


def load_native(code: NativeCode) -> NativeKernel:
    """Compile generated code, or load it from the disk cache. What depends on the sizes of a call waits for it."""
    if not code.loops:
        return NativeKernel(code, _bind(code, _compiled(code, ())))
    return NativeKernel(code, _bind(code, None, Variants(code).choose))


def plain_kernel(code: NativeCode, in_blocks: bool = False) -> NativeKernel:
    """The same kernel run by plain Python: for tests, and where Numba is not wanted. With `in_blocks` all parallel
    loops run in blocks, the last one first."""
    text = code.text
    if in_blocks:
        text, _ = outline(text, code.name, code.loops)
    namespace: dict[str, Any] = {}
    exec(compile(text, f"<native {code.name}>", "exec"), namespace)
    entry = namespace[code.name]

    def quietly(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return entry(*args, 1) if in_blocks else entry(*args)

    return NativeKernel(code, _bind(code, quietly, lambda works: quietly))


def _compiled(code: NativeCode, chosen: tuple[Loop, ...]) -> Entry:
    """The entry, with the loops `chosen` as parts."""
    if not chosen:
        return loader.load_kernel(code.text, code.name, code.callees, code.params, code.reassociate)
    text, parts = outline(code.text, code.name, chosen)
    callees = [*code.callees, *((part, (), ()) for part in parts)]
    params = [*code.params, ("int64", 0)]
    return loader.load_kernel(text, code.name, callees, params, code.reassociate, frozenset(parts))


class Variants:
    """The entries of a kernel with parallel loops: the serial one, and those in which some loops have threads."""

    def __init__(self, code: NativeCode):
        self.code = code
        self._entries: dict[tuple[Loop, ...], Entry] = {}
        self._lock = threading.Lock()

    def choose(self, works: Sequence[int]) -> Entry:
        """What to run where the loops have so many operations."""
        large = tuple(loop for loop, work in zip(self.code.loops, works, strict=True) if work >= parallel.ENOUGH_WORK)
        if not large:
            return self._entry(())

        def run(*args: Any) -> Any:
            if pool.limit() < 2:
                return self._entry(())(*args)
            entry, threads = self._entry(large), pool.acquire()
            try:
                return entry(*args, threads)
            finally:
                if threads > 1:
                    pool.release()

        return run

    def _entry(self, chosen: tuple[Loop, ...]) -> Entry:
        found = self._entries.get(chosen)
        if found is None:
            with self._lock:
                if chosen not in self._entries:
                    self._entries[chosen] = _compiled(self.code, chosen)
                found = self._entries[chosen]
        return found


def clear_arenas() -> None:
    """Return to the operating system what calls keep for later ones: temporaries' memory, and that of results which are
    gone. Kernels that are running, and arrays that exist, keep theirs."""
    arena.clear()
    results.clear()


def _bind(
    code: NativeCode, entry: Entry | None, choose: Callable[[Sequence[int]], Entry] | None = None
) -> Callable[..., list[Any]]:
    def fail(code_of: int, values: Any = None) -> None:
        status.raise_status(code_of, code.statuses, values)

    namespace: dict[str, Any] = {
        "entry": entry,
        "choose": choose,
        "worth": parallel.worth,
        "empty": np.empty,
        "array": np.array,
        "new_result": results.new,
        "fail": fail,
        "new_error": lambda: np.zeros(4),
    }
    namespace |= {
        "ranges": code.slots,
        "lay_out": arena.lay_out,
        "acquire": arena.acquire,
        "give_back": arena.give_back,
    }
    namespace |= {f"np_{k}": v.type for k, v in _NUMPY.items()}
    namespace |= {f"dtype_{k}": v for k, v in _NUMPY.items()}
    exec(compile(code.wrapper, f"<call of {code.name}>", "exec"), namespace)
    call: Callable[..., list[Any]] = namespace["call"]
    return call


_NUMPY = {
    f"{kind}{size}": np.dtype(f"{kind}{size // 8}")
    for kind, sizes in {"f": (32, 64), "i": (8, 16, 32, 64), "u": (8, 16, 32, 64)}.items()
    for size in sizes
} | {"b1": np.dtype(bool)}
