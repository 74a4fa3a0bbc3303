"""Memory for the temporaries of native kernels: one block a call, kept for the next call.

A kernel takes its temporaries from one block, its *arena*, at offsets that `lay_out` chooses from their sizes and
live ranges, once for each combination of extents. After the call the block is kept: the next call needs no
fresh pages. As many blocks are kept as calls have run at once, so that each thread has its own; the
least recently used one is taken last. Blocks of more than `LARGEST_KEPT` bytes go back at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ALIGNMENT = 64
LARGEST_KEPT = 1 << 30

Block = np.ndarray[tuple[int], np.dtype[np.uint8]]
_kept: list[Block] = []


def acquire(size: int) -> Block:
    """A block of at least `size` bytes with undefined contents, for the caller alone until `give_back`."""
    try:
        block = _kept.pop()  # one step: threads never get the same block
    except IndexError:
        return _fresh(size)
    if block.size >= size:
        return block
    del block  # its pages are not needed any more: before others are asked for
    return _fresh(size)


def give_back(block: Block) -> None:
    """Keep a block for the next `acquire`."""
    if block.size <= LARGEST_KEPT:
        _kept.append(block)


def clear() -> None:
    """Return the kept blocks to the operating system; kernels that are running keep theirs."""
    _kept.clear()


def kept_bytes() -> int:
    """The bytes of the blocks that are kept now."""
    return sum(block.size for block in list(_kept))


def _fresh(size: int) -> Block:
    block: Block = np.empty(size + ALIGNMENT, np.uint8)
    start = -block.ctypes.data % ALIGNMENT
    return block[start : start + size]


def lay_out(sizes: Sequence[int], ranges: Sequence[tuple[int, int]]) -> tuple[int, Any]:
    """The size of an arena and the offsets (int64[k]) of blocks of `sizes` bytes in it.

    Two blocks overlap only where their ranges (first and last position, inclusive) do not. The largest blocks are
    placed first, each in the lowest gap that it fits.
    """
    offsets = np.zeros(len(sizes), np.int64)
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    total = 0
    for k in sorted(range(len(sizes)), key=lambda k: (-sizes[k], ranges[k])):
        size = -(-sizes[k] // ALIGNMENT) * ALIGNMENT
        first, last = ranges[k]
        at = 0
        for start, end, other_first, other_last in sorted(placed):
            if other_first <= last and first <= other_last:
                if start - at >= size:
                    break
                at = max(at, end)
        placed.append((at, at + size, first, last))
        offsets[k] = at
        total = max(total, at + size)
    return total, offsets
