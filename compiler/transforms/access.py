"""Where an element of an array value comes from: index maps seen through ops that only move elements.

`resolve` maps "element `idx` of value `v`" to "element `idx2` of value `base`", through slices,
transposes, broadcasts and reshapes that are *virtual* (no memory of their own). Indices are `Dim`s,
so that equal index expressions compare equal. Used by `fuse` (with symbolic loop indices) to find
dependences, and by `lower_nest` (with the real ones) to emit loads.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from ..ir.dims import ONE, ZERO, Dim
from ..ir.nodes import At, Const, Gather, New, Op, Operand, Span, Value, as_dim

Indices = tuple[Dim, ...]

# ops that only choose elements, and ops that make them from their index
MOVES = frozenset({"load", "transpose", "broadcast_to", "reshape", "copy", "stop_gradient"})
GENERATORS = frozenset({"full", "iota", "eye"})


def broadcast_index(shape: Sequence[Dim], idx: Indices) -> Indices:
    """The index into an operand of `shape` that NumPy broadcasting reads for result index `idx`."""
    tail = idx[len(idx) - len(shape) :]
    return tuple(ZERO if d == 1 else i for d, i in zip(shape, tail, strict=True))


def has_gather(op: Op) -> bool:
    return any(isinstance(i, Gather) for i in op.attrs["index"])


def index_operands(op: Op) -> list[Operand]:
    """The operands of the index of a load, store or accum."""
    count = sum(isinstance(i, (At, Gather)) for i in op.attrs["index"])
    return list(op.operands[1 : 1 + count])


def reshape_groups(source: Sequence[Dim], target: Sequence[Dim]) -> list[tuple[list[int], list[int]]] | None:
    """Blocks of source and target axes with equal sizes where each block has at most one source
    axis that is not of extent 1: then a target index gives the source index without division.
    None where that is not possible."""
    groups: list[tuple[list[int], list[int]]] = []
    j = 0
    for k, d in enumerate(source):
        if d == 1:
            groups.append(([k], []))
            continue
        size, axes = ONE, []
        while j < len(target) and (size != d or target[j] == 1):
            if target[j] == 1 and size == d:
                axes.append(j)
                j += 1
                continue
            size = size * target[j]
            axes.append(j)
            j += 1
        if size != d:
            return None
        groups.append(([k], axes))
    return groups if all(target[k] == 1 for k in range(j, len(target))) else None


def load_index(op: Op, idx: Indices, dim_of: Callable[[Operand], Dim]) -> Indices:
    """The index into the operand of a load/store/accum without Gather, for element `idx` of the
    indexed shape. `At` operands must be normalised (see `lower`)."""
    result: list[Dim] = []
    position = 0
    operands = iter(op.operands[1:])
    for item in op.attrs["index"]:
        if isinstance(item, At):
            result.append(dim_of(next(operands)))
        elif isinstance(item, New):
            position += 1
        else:
            assert isinstance(item, Span)
            result.append(item.start + idx[position] * item.step)
            position += 1
    return tuple(result)


def move(op: Op, idx: Indices, dim_of: Callable[[Operand], Dim] = as_dim) -> Indices:
    """The operand's index for element `idx` of the result of a moving op."""
    if op.opcode == "load":
        return load_index(op, idx, dim_of)
    if op.opcode == "transpose":
        source: list[Dim] = [ZERO] * len(idx)
        for axis, p in enumerate(op.attrs["perm"]):
            source[p] = idx[axis]
        return tuple(source)
    if op.opcode == "broadcast_to":
        return broadcast_index(op.operands[0].type.shape, idx)
    if op.opcode == "reshape":
        target = op.result.type.shape
        groups = reshape_groups(op.operands[0].type.shape, target)
        assert groups is not None
        out = []
        for _, axes in groups:
            linear = ZERO
            for a in axes:
                linear = linear * target[a] + idx[a]
            out.append(linear)
        return tuple(out)
    return idx


def is_virtual_op(op: Op) -> bool:
    """An array made by choosing or generating elements, which needs no memory when only read in loops."""
    if len(op.results) != 1 or not op.result.type.shape:
        return False
    if op.opcode in GENERATORS:
        return True
    if op.opcode not in MOVES or (not op.operands[0].type.shape and op.opcode != "broadcast_to"):
        return False
    if op.opcode == "load":
        return not has_gather(op)
    if op.opcode == "reshape":
        return reshape_groups(op.operands[0].type.shape, op.result.type.shape) is not None
    return True


def resolve(
    v: Operand, idx: Indices, virtual: Container[Value], dim_of: Callable[[Operand], Dim] = as_dim
) -> tuple[Operand, Indices]:
    """Follow virtual moving ops to the value that holds (or generates) the element."""
    while isinstance(v, Value) and v in virtual:
        assert v.op is not None
        if v.op.opcode in GENERATORS:
            return v, idx
        source = v.op.operands[0]
        if isinstance(source, Const) or not source.type.shape:
            return source, ()
        idx = move(v.op, idx, dim_of)
        v = source
    return v, idx
