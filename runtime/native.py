"""Native code as plain data, and the kernels that are made of it.

Guaranteed: a `NativeCode` pickles, and `load_native` makes a kernel of it in a process that has not seen the
program it was generated from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import arena, loader, results
from .status import Entry, raise_status


@dataclass(slots=True, eq=False, repr=False)
class NativeCode:
    """Everything needed to load a kernel, without the IR: plain data that pickles."""

    text: str
    name: str
    params: list[tuple[str, int]]
    callees: list[tuple[str, list[tuple[str, int]], list[tuple[str, int]]]]
    statuses: list[Entry]
    wrapper: str
    reassociate: bool
    slots: list[tuple[int, int]] = field(default_factory=list)  # of the arena: first and last position of use


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
    """Compile generated code, or load it from the disk cache."""
    entry = loader.load_kernel(code.text, code.name, code.callees, code.params, code.reassociate)
    return NativeKernel(code, _bind(code, entry))


def plain_kernel(code: NativeCode) -> NativeKernel:
    """The same kernel run by plain Python: for tests, and where Numba is not wanted."""
    namespace: dict[str, Any] = {}
    exec(compile(code.text, f"<native {code.name}>", "exec"), namespace)
    entry = namespace[code.name]

    def quietly(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return entry(*args)

    return NativeKernel(code, _bind(code, quietly))


def clear_arenas() -> None:
    """Return to the operating system what calls keep for later ones: temporaries' memory, and that of results which are
    gone. Kernels that are running, and arrays that exist, keep theirs."""
    arena.clear()
    results.clear()


def _bind(code: NativeCode, entry: Callable[..., Any]) -> Callable[..., list[Any]]:
    def fail(status: int, values: Any = None) -> None:
        raise_status(status, code.statuses, values)

    namespace: dict[str, Any] = {
        "entry": entry,
        "empty": np.empty,
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
