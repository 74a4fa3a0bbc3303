"""The passes, in order: the table of contents of the compiler.

    frontend.build      Python source -> IR (one function of array values)
    DIFFERENTIATE       per transform of the call: hoist_invariants, reverse, retain, simplify / forward, simplify
    ARRAY_PASSES        what every program goes through at array level
    -> level "adjoint": inplace, augment, then codegen.python_source
    NATIVE_PASSES       arrays become loops and buffers
    -> level "native":  inplace, then codegen prints and Numba compiles

Around each pass: the verifier (under PULLBACK_VERIFY=1, which the tests set; under PULLBACK_VERIFY=last after the last
pass of each list only), a dump of the result (PULLBACK_DUMP=directory), and its time (`timings`).
"""

from __future__ import annotations

import os
import pathlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .ir.nodes import Function
from .ir.printer import print_function
from .ir.verifier import verify
from .transforms import forward as forward_pass
from .transforms import reverse as reverse_pass
from .transforms.accumulate import accumulate
from .transforms.augment import augment
from .transforms.buffers import hoist
from .transforms.dead_stores import drop_dead_stores
from .transforms.inplace import inplace
from .transforms.invariants import hoist_invariants
from .transforms.lower import lower
from .transforms.products import factor_products
from .transforms.retain import retain
from .transforms.simplify import simplify
from .transforms.turn import turn_writes


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: a verb, a function, and why it stands where it stands."""

    name: str
    run: Callable[[Function], Function]
    why: str
    cross_reads: bool = False  # leaves reads that only `retain` makes legal


ARRAY_PASSES: list[Pass] = [
    Pass("simplify", simplify, "fold, share and drop, so that everything later sees the small program"),
    Pass("factor_products", factor_products, "products of the adjoint that share a factor are one"),
    Pass("dead_stores", drop_dead_stores, "what no iteration comes back to need not be cleared"),
    Pass("turn_writes", turn_writes, "an addition that runs backwards meets one that runs forwards"),
    Pass("accumulate", accumulate, "clear-and-add of one adjoint element becomes one write"),
]
NATIVE_PASSES: list[Pass] = [
    Pass("lower", lower, "array ops become fused loop nests over buffers, products become BLAS calls"),
    Pass("simplify_native", simplify, "index arithmetic of different nests is shared"),
]
PLACE = Pass("inplace", inplace, "decide which writes happen in place, last because it fixes memory")
AUGMENT = Pass("augment", augment, "a running sum is written as a person writes it, after inplace has made room for it")

HOIST = Pass("hoist", hoist, "allocations leave loops, after inplace because value semantics has no use for it")

PASSES: dict[str, Callable[[Function], Function]] = {
    "simplify": simplify,
    "accumulate": accumulate,
    "retain": retain,
    "lower": lower,
    "inplace": inplace,
    "augment": augment,
    "reverse": lambda fn: reverse_pass.reverse(fn, _float_params(fn), value=True, seed_params=True),
    "forward": lambda fn: forward_pass.forward(fn, _float_params(fn)),
}

_LAST = (ARRAY_PASSES[-1].name, PLACE.name, HOIST.name)

timings: Counter[str] = Counter()
_dumped: Counter[str] = Counter()


def _float_params(fn: Function) -> list[int]:
    return [k for k, p in enumerate(fn.params) if p.type.is_float]


def apply(p: Pass, fn: Function) -> Function:
    """Run one pass with its surroundings."""
    start = time.perf_counter()
    out = p.run(fn)
    timings[p.name] += time.perf_counter() - start  # type: ignore[assignment]
    _after(p.name, out, p.cross_reads)
    return out


def _after(stage: str, fn: Function, cross_reads: bool = False) -> None:
    # until `retain` has split the reverses of callees, calls of their halves lack the tapes
    whole = not any("backward" in f.attrs for f in fn.callees.values())
    mode = os.environ.get("PULLBACK_VERIFY")
    if whole and (mode if mode != "last" else stage in _LAST):
        verify(fn, cross_reads=cross_reads)
    directory = os.environ.get("PULLBACK_DUMP")
    if directory:
        _dumped["stage"] += 1
        path = pathlib.Path(directory)
        path.mkdir(parents=True, exist_ok=True)
        (path / f"{_dumped['stage']:03d}_{fn.name}_{stage}.ir").write_text(print_function(fn))


def reverse(fn: Function, wrt: list[int], value: bool, seed_params: bool, results: list[int] | None = None) -> Function:
    """Reverse mode, with what must follow it. See `transforms.reverse.reverse` for the arguments."""
    fn = apply(Pass("hoist_invariants", hoist_invariants, "the adjoints of what is invariant are sums"), fn)
    made = apply(
        Pass(
            "reverse",
            lambda f: reverse_pass.reverse(f, wrt, value, seed_params, results),
            "the adjoint program; it may read across region boundaries",
            cross_reads=True,
        ),
        fn,
    )
    made = apply(Pass("retain", retain, "keep, recompute or roll back what the reverse sweep reads"), made)
    return array_passes(made)


def forward(fn: Function, wrt: list[int]) -> Function:
    """Forward mode, simplified. See `transforms.forward.forward`."""
    return array_passes(apply(Pass("forward", lambda f: forward_pass.forward(f, wrt), "values with tangents"), fn))


def array_passes(fn: Function) -> Function:
    """What every array-level program goes through."""
    for p in ARRAY_PASSES:
        fn = apply(p, fn)
    return fn


def placed(fn: Function) -> Function:
    """The array-level program with its in-place writes decided (level "adjoint")."""
    return apply(AUGMENT, apply(PLACE, fn))


def native(fn: Function) -> Function:
    """The loop-level program with its in-place writes decided (level "native")."""
    for p in NATIVE_PASSES:
        fn = apply(p, fn)
    return apply(HOIST, apply(PLACE, fn))
