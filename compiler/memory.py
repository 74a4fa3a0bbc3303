"""What a call needs in memory, and why: the report of ``f.memory(*args)``.

The prediction evaluates the symbolic sizes and live ranges of the native program (`analysis.footprint`,
`runtime.arena`) at the extents of a call; the measurement makes the call under `tracemalloc`, which sees every block of
NumPy and of native code. Reasons are those that `transforms.retain` wrote on the ops it made.
"""

from __future__ import annotations

import copy
import json
import os
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, final

from pullback.runtime import arena
from pullback.runtime.native import clear_arenas

from . import pipeline
from .analysis.footprint import Array, footprint
from .codegen.native_source import print_native
from .ir.dims import Dim
from .ir.nodes import Function, Loc, Op, Value
from .ir.opdef import REGISTRY
from .ir.types import Type

if TYPE_CHECKING:
    from .dispatch import Dispatcher

_DEAR = 10  # the cost from which `transforms.retain` does not compute again


@final
@dataclass(frozen=True, slots=True)
class Item:
    """An array or number of the program.

    `name` is the variable of the user's program, with that of the native program in parentheses. `bytes` is None for
    tapes whose length only the run knows, and 0 for what is computed again. `born` and `read_by` are ``file:line`` of
    the user's program: of the line that makes the value, and of the line whose reverse reads it. `decision` is
    kept, taped, logged, read again, computed again, result or temporary.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    bytes: int | None
    born: str
    read_by: str | None
    decision: str
    why: str


@final
@dataclass(frozen=True, slots=True)
class Moment:
    """Bytes alive while one op of the native program runs. `place` is ``file:line``."""

    place: str
    reverse: bool
    bytes: int


@final
@dataclass(slots=True)
class MemoryReport:
    """Memory of one call, in bytes beyond the arguments.

    `predicted_peak` is `results_bytes` + `arena_bytes` + what the heap holds at most; it leaves out what `unpredicted`
    names. `measured_peak` is None where the backend is not the native one.
    """

    function: str
    arguments: tuple[str, ...]
    predicted_peak: int
    measured_peak: int | None
    results_bytes: int
    arena_bytes: int
    heap_bytes: int
    kept: list[Item] = field(default_factory=list)
    again: list[Item] = field(default_factory=list)
    temporaries: list[Item] = field(default_factory=list)
    results: list[Item] = field(default_factory=list)
    unpredicted: list[str] = field(default_factory=list)
    timeline: list[Moment] = field(default_factory=list)

    @property
    def kept_bytes(self) -> int:
        """Bytes that wait for the reverse sweep, as far as they are known before the run."""
        return sum(i.bytes or 0 for i in self.kept)

    def to_json(self) -> str:
        """The report as a JSON object."""
        return json.dumps(asdict(self) | {"kept_bytes": self.kept_bytes}, indent=1)

    def __str__(self) -> str:
        measured = "not measured" if self.measured_peak is None else f"{_bytes(self.measured_peak)} measured"
        parts = [f"results {_bytes(self.results_bytes)}", f"temporaries {_bytes(self.arena_bytes)}"]
        if self.heap_bytes:
            parts.append(f"allocated on the way {_bytes(self.heap_bytes)}")
        lines = [
            f"Memory of {self.function}({', '.join(self.arguments)})",
            f"peak: {_bytes(self.predicted_peak)} predicted ({', '.join(parts)}), {measured}",
        ]
        if self.unpredicted:
            lines.append(f"not predicted: {', '.join(self.unpredicted)}")
        for title, items in (
            (f"kept for the reverse sweep, {_bytes(self.kept_bytes)}", self.kept),
            ("had again without being kept", self.again),
            ("other temporaries", self.temporaries),
            ("results", self.results),
        ):
            if items:
                lines += ["", f"{title}:", *_table(items)]
        return "\n".join(lines)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Write a picture of the bytes alive over the program: a PNG, or what the ending of the name says.
        Needs matplotlib."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 5), layout="constrained")
        axes = figure.subplots()
        scale, unit = _unit(max([self.predicted_peak, *(m.bytes for m in self.timeline)], default=0))
        heights = [m.bytes / scale for m in self.timeline]
        edges = list(range(len(heights) + 1))
        turn = next((k for k, m in enumerate(self.timeline) if m.reverse), len(heights))
        axes.stairs(heights, edges, fill=True, color="#b8cbe0")
        axes.axvspan(turn, len(heights), color="#f4e3c1", alpha=0.4, label="reverse sweep", zorder=0)
        axes.axhline(self.predicted_peak / scale, color="#30507a", label="predicted peak")
        if self.measured_peak is not None:
            axes.axhline(self.measured_peak / scale, color="#a04020", linestyle="--", label="measured peak")
        step = max(1, len(heights) // 24)
        axes.set_xticks([k + 0.5 for k in range(0, len(heights), step)])
        labels = [os.path.basename(m.place) for m in self.timeline[::step]]
        axes.set_xticklabels(labels, rotation=75, fontsize=7)
        axes.set(title=f"Memory of {self.function}", ylabel=unit, xlim=(0, max(1, len(heights))))
        axes.legend()
        figure.savefig(path)


def report(dispatcher: Dispatcher, args: tuple[Any, ...], kwargs: dict[str, Any]) -> MemoryReport:
    """The report for bound arguments."""
    entry, numbers = dispatcher.inputs(args, kwargs)
    program = entry.spec.program
    native = pipeline.native(program.function)
    source = print_native(native)
    env: dict[Any, Any] = {**entry.extents, **dict(zip(native.params, numbers, strict=False))}

    placed = [slot.op.result for slot in source.slots]
    arrays = footprint(native, source.outputs, set(placed))
    slots = [_size(v.type, env) or 0 for v in placed]
    arena_bytes = arena.lay_out(slots, [(s.first, s.last) for s in source.slots])[0]
    made = MemoryReport(
        program.function.name, tuple(_argument(p.type, env) for p in native.params), 0, None, 0, arena_bytes, 0
    )
    names = source.variables
    on_heap = []
    copied = set(range(len(native.body.yields)))
    for a in arrays:
        item = _item(a, names.get(a.op.results[0], "v"), env)
        if a.result is not None:
            copied.discard(a.result)
            made.results.append(item)
            continue
        (made.temporaries if a.read_by is None else made.kept).append(item)
        if a.op.results[0] not in placed:
            on_heap.append(a)
            if item.bytes is None:
                made.unpredicted.append(f"{item.name} ({'grows' if a.growing else 'of computed size'}, {item.born})")
    for op in native.body.walk():
        if op.opcode == "call":
            made.unpredicted.append(f"what {op.attrs['callee']} allocates")
    made.unpredicted = list(dict.fromkeys(made.unpredicted))
    for k, y in enumerate(native.body.yields):
        if y.type.shape and k in copied and source.passed[k]:
            size = _size(y.type, env)
            made.results.append(Item(f"result {k}", y.type.dtype, _extents(y.type, env), size, "", None, "result", ""))
    made.results_bytes = sum(i.bytes or 0 for i in made.results)
    alive = _alive(native, arrays, env)
    made.heap_bytes = max(_alive(native, on_heap, env), default=0)
    made.predicted_peak = made.results_bytes + arena_bytes + made.heap_bytes
    made.timeline = [
        Moment(_place(op.loc), op.loc.reverse, made.results_bytes + n)
        for op, n in zip(native.body.ops, alive, strict=True)
    ]
    made.again = _had_again(program.function, env)
    if (os.environ.get("PULLBACK_BACKEND") or "native") == "native":
        made.measured_peak = _measure(lambda a, k: dispatcher(a, k), args, kwargs, bool(entry.mutates))
    return made


# -- items ------------------------------------------------------------------------------------------
def _item(a: Array, name: str, env: Mapping[Any, Any]) -> Item:
    decision, why = "temporary", ""
    if a.result is not None:
        decision = "result"
    elif a.read_by is not None:
        decision, why = _reason(a)
    size = None if a.growing else _size(a.type, env)
    shape = (None,) if a.growing else _extents(a.type, env)
    if a.name and a.name != name.rstrip("0123456789"):
        name = f"{a.name} ({name})"
    return Item(
        name, a.type.dtype, shape, size if size is None else size * a.copies,
        _place(a.born), _place(a.read_by) if a.read_by else None, decision, why,
    )  # fmt: skip


def _reason(a: Array) -> tuple[str, str]:
    said = a.op.attrs.get("retained")
    if said:
        decision, why = said.split(": ", 1)
        return decision, why
    entry = REGISTRY.get(a.maker)
    if a.maker == "copy":
        return "kept", "the original is overwritten, or is the caller's"
    if entry is not None and (entry.cost >= _DEAR or entry.kind in ("linalg", "reduction")):
        return "kept", f"{a.maker} is too dear to compute again"
    return "kept", "both sweeps read it"


def _had_again(fn: Function, env: Mapping[Any, Any]) -> list[Item]:
    """What the reverse sweep reads again or computes again, index arithmetic apart."""
    readers: dict[Value, Op] = {}
    for op in fn.body.walk():
        for v in op.used_values():
            readers.setdefault(v, op)
    found = []
    for op in fn.body.walk():
        said = op.attrs.get("retained", "")
        if not said.startswith(("read again", "computed again")) or not op.result.type.is_float:
            continue
        decision, why = said.split(": ", 1)
        reader = readers.get(op.result)
        t = op.result.type
        found.append(
            Item(
                _name(op), t.dtype, _extents(t, env), 0, _place(op.loc),
                _place(reader.loc) if reader is not None else None, decision, why,
            )
        )  # fmt: skip
    return list(dict.fromkeys(found))


def _name(op: Op) -> str:
    if op.opcode == "load" and isinstance(op.operands[0], Value) and not op.result.hint:
        return f"{op.operands[0].hint or 'v'}[...]"
    return op.result.hint or "v"


def _alive(fn: Function, arrays: list[Array], env: Mapping[Any, Any]) -> list[int]:
    """Bytes at each position of the body, results apart; of two branches the one that needs more."""
    alive: list[list[tuple[tuple[tuple[Op, int], ...], int]]] = [[] for _ in fn.body.ops]
    for a in arrays:
        size = 0 if a.growing or a.result is not None else (_size(a.type, env) or 0) * a.copies
        for k in range(a.first, min(a.last + 1, len(alive))):
            alive[k].append((a.branches, size))
    return [_most(here) for here in alive]


def _most(sizes: list[tuple[tuple[tuple[Op, int], ...], int]]) -> int:
    total = sum(size for branches, size in sizes if not branches)
    for conditional in dict.fromkeys(branches[0][0] for branches, _ in sizes if branches):
        inside = [(b, size) for b, size in sizes if b and b[0][0] is conditional]
        total += max(_most([(b[1:], size) for b, size in inside if b[0][1] == k]) for k in range(2))
    return total


def _size(t: Type, env: Mapping[Any, Any]) -> int | None:
    size = t.itemsize
    for n in _extents(t, env):
        if n is None:
            return None
        size *= n
    return size


def _extents(t: Type, env: Mapping[Any, Any]) -> tuple[int | None, ...]:
    return tuple(_extent(d, env) for d in t.shape)


def _extent(d: Dim, env: Mapping[Any, Any]) -> int | None:
    try:
        return d.evaluate(lambda atom: int(env[atom]))
    except KeyError:
        return None


def _argument(t: Type, env: Mapping[Any, Any]) -> str:
    shape = ",".join(str(n) for n in _extents(t, env))
    return f"{t.dtype}[{shape}]" if t.shape else str(t)


def _place(loc: Loc) -> str:
    return f"{loc.file}:{loc.line}" if loc.line > 0 else ""


# -- measuring ----------------------------------------------------------------------------------------
def _measure(
    call: Callable[[tuple[Any, ...], dict[str, Any]], Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    writes: bool,
) -> int:
    """The most bytes that were allocated at once during a call, by all threads."""

    def fresh() -> tuple[tuple[Any, ...], dict[str, Any]]:
        return copy.deepcopy((args, kwargs)) if writes else (args, kwargs)

    call(*fresh())  # compiles
    given = fresh()
    clear_arenas()
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        result = call(*given)
        peak = tracemalloc.get_traced_memory()[1] - before
        del result
    finally:
        if not tracing:
            tracemalloc.stop()
    return peak


# -- text -----------------------------------------------------------------------------------------------
def _unit(n: int) -> tuple[int, str]:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if n >= 1024**power:
            return 1024**power, unit
    return 1, "bytes"


def _bytes(n: int | None) -> str:
    if n is None:
        return "?"
    scale, unit = _unit(n)
    return f"{n} bytes" if scale == 1 else f"{n / scale:.1f} {unit}"


def _table(items: list[Item]) -> list[str]:
    rows = [("name", "type", "bytes", "born", "read by the reverse of", "decision", "why")]
    for i in items:
        shape = ",".join("?" if n is None else str(n) for n in i.shape)
        rows.append(
            (
                i.name, f"{i.dtype}[{shape}]" if i.shape else i.dtype, _bytes(i.bytes) if i.bytes != 0 else "-",
                os.path.basename(i.born), os.path.basename(i.read_by or ""), i.decision, i.why,
            )
        )  # fmt: skip
    used = [k for k in range(len(rows[0])) if any(row[k] for row in rows[1:])]
    widths = {k: max(len(row[k]) for row in rows) for k in used}
    return ["  " + "  ".join(row[k].ljust(widths[k]) for k in used).rstrip() for row in rows]
