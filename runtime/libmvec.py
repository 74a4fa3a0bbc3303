"""glibc's vector math library for LLVM: see Note [Vector math] in `numba_scalar_math`.

Errors stated by glibc are at most 4 ulp. Where libmvec is missing (other systems, older glibc) calls stay scalar.
"""

# mypy: disable-error-code="no-untyped-call,attr-defined,no-any-return"
from __future__ import annotations

import functools
import os
from typing import Any

LIBRARY = "libmvec.so.1"
PREFIX = "_ZGV"
# instruction set letter of the x86-64 vector ABI, bits of a vector, CPU feature that it needs
_SETS = (("b", 128, "sse4.1"), ("d", 256, "avx2"), ("e", 512, "avx512f"))


@functools.cache
def load() -> bool:
    """Make the library's symbols known to LLVM; False where there is none, or PULLBACK_LIBMVEC=0."""
    from llvmlite import binding as ll

    if os.environ.get("PULLBACK_LIBMVEC") == "0":
        return False
    try:
        ll.load_library_permanently(LIBRARY)
    except RuntimeError:
        return False
    return True


@functools.cache
def variants(symbol: str, bits: int, arity: int) -> tuple[tuple[int, str], ...]:
    """(lanes, symbol of the library) of the vector forms of a function that this machine has."""
    from llvmlite import binding as ll

    if not load():
        return ()
    features = ll.get_host_cpu_features()
    found = []
    for letter, width, feature in _SETS:
        lanes = width // bits
        name = f"{PREFIX}{letter}N{lanes}{'v' * arity}_{symbol}"
        if features.get(feature) and ll.address_of_symbol(name):
            found.append((lanes, name))
    return tuple(found)


def offer(module: Any, call: Any, symbol: str, t: Any, arity: int) -> None:
    """Let LLVM replace `call` of the libm function `symbol` on floats `t` by vector forms."""
    from llvmlite import ir

    found = variants(symbol, 64 if isinstance(t, ir.DoubleType) else 32, arity)
    if not found:
        return
    call.attributes = _VectorAttribute(",".join(name for _, name in found))
    for lanes, name in found:
        if name not in module.globals:
            vector = ir.VectorType(t, lanes)
            fn = ir.Function(module, ir.FunctionType(vector, [vector] * arity), name)
            fn.attributes.add("nounwind")
            fn.attributes.add("readnone")
            _keep(module, fn)


class _VectorAttribute:
    """What llvmlite prints as the attributes of a call."""

    def __init__(self, names: str):
        self.names = names

    def _to_list(self, _type: Any) -> list[str]:
        return ['"vector-function-abi-variant"="' + self.names + '"']


def _keep(module: Any, fn: Any) -> None:
    """Add to ``llvm.compiler.used``."""
    from llvmlite import ir

    name = "llvm.compiler.used"
    pointer = ir.IntType(8).as_pointer()
    used = module.globals.get(name)
    kept = [*(used.initializer.constant if used is not None else ()), fn.bitcast(pointer)]
    t = ir.ArrayType(pointer, len(kept))
    if used is None:
        used = ir.GlobalVariable(module, t, name)
        used.linkage = "appending"
        used.section = "llvm.metadata"
    used.value_type, used.type = t, t.as_pointer()
    used.initializer = ir.Constant(t, kept)
