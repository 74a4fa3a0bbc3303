"""Compiles lowered functions to native code for the CPU with Numba.

`compile_native` gives a kernel: flat inputs in, flat outputs out. A kernel's call is a generated Python
function that allocates the outputs, calls the compiled entry and looks at the status; it checks nothing else,
so its inputs must have been validated (dtypes, C-contiguous arrays, extents as the function's types say).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pullback.runtime import results
from pullback.runtime.native import NativeCode, NativeKernel, load_native, plain_kernel
from pullback.runtime.outline import Loop, Summed
from pullback.runtime.status import Entry

from ..analysis.parallel import ParallelLoop
from ..ir.dims import Dim
from ..ir.nodes import Const, Function, Value
from ..ir.types import Type
from ..transforms.buffers import hoist
from ..transforms.inplace import inplace
from ..transforms.lower import lower
from .native_names import identifier
from .native_source import NativeSource, print_native

ALWAYS = 1 << 60  # a position after all others


def to_native(fn: Function) -> Function:
    """The loop-level form of an array-level function, with destructive stores."""
    return hoist(inplace(lower(fn)))


def generate_native(fn: Function, name: str | None = None, reassociate: bool = True) -> NativeCode:
    """Print a lowered, in-place function (`to_native`); `load_native` compiles the result.

    `reassociate` allows the compiler to change the order in which reductions add up.
    """
    source = print_native(fn, name)
    params = _specs([p.type for p in fn.params])
    params += [_spec(y.type) for y, passed in zip(fn.body.yields, source.passed, strict=True) if passed]
    if source.has_arena:
        params += [("uint8", 1), ("int64", 1)]
    if source.tapes:
        params.append(("int64", 1))
    if source.has_error_buffer:
        params.append(("float64", 1))
    by_name = {identifier(callee): f for callee, f in fn.callees.items()}
    callees = []
    for callee in source.functions[:-1]:
        f = by_name[callee]
        callees.append((callee, _specs([p.type for p in f.params]), _specs(f.result_types)))
    table: list[Entry] = [
        (s.error, s.message, s.values, s.loc.file, s.loc.line, s.loc.col, s.loc.end_col) for s in source.statuses
    ]
    slots = [(slot.first, slot.last) for slot in source.slots]
    slots += [(0, ALWAYS)] * len(source.tapes)
    source.parallel = [loop for loop in source.parallel if reassociate or not loop.reassociates]
    loops = [_outlined(loop, source.variables) for loop in source.parallel]
    return NativeCode(source.text, source.name, params, callees, table, _wrapper(fn, source), reassociate, slots, loops)


def _outlined(loop: ParallelLoop, names: dict[Value, str]) -> Loop:
    def summed(v: Value) -> Summed:
        dtype = v.type.numpy.name
        zero = {"float64": "0.0", "int64": "0"}.get(dtype, f"{dtype}(0)")
        return Summed(names[v], zero, dtype, v.type.rank)

    variable = names[loop.op.regions[0].params[0]]
    sums, added = (tuple(map(summed, values)) for values in (loop.sums, loop.added))
    return Loop(variable, sums, tuple(names[v] for v in loop.private), added)


def compile_native(fn: Function, name: str | None = None, reassociate: bool = True) -> NativeKernel:
    """The kernel of a lowered, in-place function."""
    return load_native(generate_native(fn, name, reassociate))


def _spec(t: Type) -> tuple[str, int]:
    return (t.numpy.name, 1 if t.tape else t.rank)


def _specs(types: Sequence[Type]) -> list[tuple[str, int]]:
    specs = []
    for t in types:
        specs.append(_spec(t))
        if t.tape:
            specs.append(("int64", 0))
    return specs


def _wrapper(fn: Function, source: NativeSource) -> str:
    """The text of ``call(inputs...) -> [outputs...]``."""
    names = {p: f"a{k}" for k, p in enumerate(fn.params)}
    symbols: dict[str, str] = {}
    for p in fn.params:
        for k, d in enumerate(p.type.shape):
            for s in d.atoms():
                if isinstance(s, str) and d == Dim.of(s):
                    symbols.setdefault(s, f"{names[p]}.shape[{k}]")

    def leaf(a: Any) -> str:
        return a if isinstance(a, str) else names[a]

    passed = [y for y, p in zip(fn.body.yields, source.passed, strict=True) if p]
    slots = [slot.type for slot in source.slots]
    atoms = {a for t in [*slots, *(y.type for y in passed)] for d in t.shape for a in d.atoms()}
    if source.parallel:
        atoms |= set(symbols)
    lines = [f"def call({', '.join([*names.values(), '*', 'into=None'] if any(passed) else names.values())}):"]
    lines += [f"    {s} = {symbols[s]}" for s in sorted(a for a in atoms if isinstance(a, str))]
    args = list(names.values())
    outputs = []
    returned = []
    for k, (y, is_passed) in enumerate(zip(fn.body.yields, source.passed, strict=True)):
        if is_passed:
            shape = ", ".join(d.format(leaf) for d in y.type.shape)
            size = f"{y.type.itemsize} * {' * '.join(f'({d.format(leaf)})' for d in y.type.shape)}"
            made = f"(({shape},), dtype_{y.type.dtype}"
            given = f"into[{k}] if into and {k} in into"
            new = f"empty{made}) if {size} < {results.SMALLEST} else new_result{made}, {size})"
            lines.append(f"    o{k} = {given} else {new}")
            args.append(f"o{k}")
            outputs.append(f"o{k}")
        else:
            returned.append(f"r{k}")
            outputs.append(_result(f"r{k}", y))
    if source.has_arena:
        # offsets are made once for all calls with these extents
        key = ", ".join(
            sorted({leaf(a) for t in slots for d in t.shape for a in d.atoms() if isinstance(a, str | Value)})
        )
        sizes = [f"{t.itemsize} * {' * '.join(f'({d.format(leaf)})' for d in t.shape)}" for t in slots]
        sizes += [f"{Type(dtype).itemsize} * room[{k}]" for k, dtype in enumerate(source.tapes)]
        if source.tapes:
            key += f"{', ' if key else ''}*room"
            lines += ["    room = tuple(tapes)", "    lengths = array(room)"]
        lines += [
            f"    key = ({key}{',' if key else ''})",
            "    place = places.get(key)",
            "    if place is None:",
            "        if len(places) > 4096:",
            "            places.clear()",
            f"        place = places[key] = lay_out(({', '.join(sizes)},), ranges)",
            "    size, offsets = place",
            "    arena = acquire(size)",
        ]
        args += ["arena", "offsets", *(["lengths"] if source.tapes else [])]
    if source.has_error_buffer:
        lines.append("    error = new_error()")
        args.append("error")
    if source.parallel:
        lines += _choice(source.parallel, leaf, set(names))
    targets = ", ".join(["status", *returned])
    lines.append(f"    {targets} = {'run' if source.parallel else 'entry'}({', '.join(args)})")
    if source.has_arena:
        lines.append("    give_back(arena)")
    if source.tapes:
        lines.append("    tapes[:] = map(max, tapes, lengths.tolist())")
    lines.append("    if status:")
    lines.append(f"        fail(status{', error' if source.has_error_buffer else ''})")
    lines.append(f"    return [{', '.join(outputs)}]")
    tables = [name for name, wanted in (("places", source.has_arena), ("choices", source.parallel)) if wanted]
    start = "".join(f"{name} = {{}}\n" for name in tables)
    if source.tapes:
        start += f"tapes = [64] * {len(source.tapes)}\n"
    return start + "\n".join(lines) + "\n"


def _choice(loops: list[ParallelLoop], leaf: Callable[[Any], str], params: set[Value]) -> list[str]:
    """Lines that choose `run`: the entry, or one whose larger loops have threads."""
    used: dict[str, None] = {}

    def known(a: str | Value) -> str | None:
        if isinstance(a, Value) and (a not in params or a.type.shape or not a.type.is_int):
            return None
        used[leaf(a)] = None
        return leaf(a)

    works = [loop.work(known) for loop in loops]
    key = "".join(f"{name}, " for name in sorted(used))
    return [
        f"    sizes = ({key})",
        "    run = choices.get(sizes)",
        "    if run is None:",
        "        if len(choices) > 4096:",
        "            choices.clear()",
        f"        run = choices[sizes] = choose(({''.join(f'{w}, ' for w in works)}))",
    ]


def _result(name: str, y: Value | Const) -> str:
    """A returned scalar as the NumPy scalar or Python number that its type says."""
    t = y.type
    if t.shape or t.tape:
        return name
    if t.weak:
        return f"{'float' if t.is_float else 'bool' if t.is_bool else 'int'}({name})"
    return f"np_{t.dtype}({name})"


__all__ = [
    "NativeCode",
    "NativeKernel",
    "compile_native",
    "generate_native",
    "load_native",
    "plain_kernel",
    "to_native",
]
