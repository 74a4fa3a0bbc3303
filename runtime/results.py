"""Memory of array results: a large block is used again once the array that had it is gone.

A fresh block of a megabyte costs more than to write it: `malloc` returns large blocks to the system, which hands out
zeroed pages one by one, at every call anew. A program that calls a gradient again and again drops the last result when
it has the next; its block is kept here for a result of the same size. It comes back only when the last view of the
array is gone, so that no two arrays ever share memory.

Kept are at most `MOST_KEPT` bytes, and no block for which `PATIENCE` fresh ones in a row had no use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST = 1 << 18  # bytes; smaller ones are left to `malloc`, which keeps most of them
MOST_KEPT = 1 << 30
PATIENCE = 64


class Block(np.ndarray[tuple[int], np.dtype[np.uint8]]):
    """Memory; a type of its own, so that NumPy keeps a loan as the base of an array, and does not see through it."""


# by size: blocks that no array uses, and when each came back. Blocks are taken and returned by single steps of a
# list, so that threads never get the same one; a lock would not do, since `__del__` runs anywhere
_free: dict[int, list[tuple[int, Block]]] = {}
_fresh_blocks = 0


class _Loan(np.ndarray[Any, Any]):
    """A view of a block, which is the base of an array: when it goes, the block is free."""

    block: Block

    def __del__(self) -> None:
        block = self.__dict__.pop("block", None)  # views of this view have none
        if block is not None and _give_back is not None:
            _give_back(block)


def new(shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> np.ndarray[Any, Any]:
    """An array with undefined contents; `size` is its number of bytes, at least `SMALLEST`."""
    try:
        _, block = _free[size].pop()
    except (KeyError, IndexError):
        block = _fresh(size)
    loan = block.view(_Loan)
    loan.block = block
    return np.ndarray(shape, dtype, loan)


def clear() -> None:
    """Return the blocks that no array uses to the operating system."""
    _free.clear()


def kept_bytes() -> int:
    """The bytes of the blocks that no array uses."""
    return sum(size * len(blocks) for size, blocks in list(_free.items()))


def _fresh(size: int) -> Block:
    global _fresh_blocks
    _fresh_blocks += 1
    for known, blocks in list(_free.items()):
        _drop_old(blocks)
        if not blocks:
            _free.pop(known, None)
    return Block(size, np.uint8)


def _drop_old(blocks: list[tuple[int, Block]]) -> None:
    try:
        while True:
            when, block = blocks.pop(0)
            if _fresh_blocks - when <= PATIENCE:
                blocks.append((when, block))
                return
    except IndexError:
        return


def _give_back(block: Block) -> None:
    if kept_bytes() + block.size <= MOST_KEPT:
        _free.setdefault(block.size, []).append((_fresh_blocks, block))
