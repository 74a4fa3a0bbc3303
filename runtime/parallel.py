"""Loops in blocks, on several threads (`pool`).

`in_parallel` works under plain Python too, where the blocks run one after the other, the last one first: code whose
iterations were not independent would give something else there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BLOCKS = 16
"""Blocks of a loop. The number does not depend on that of the threads, nor do sums of blocks."""

ENOUGH_WORK = 1_000_000
"""Operations of a loop (see `analysis.parallel`) from which on threads pay: a few tenths of a millisecond."""

LARGEST = 1 << 16
"""Elements of the arrays that one block may have of its own to add to."""

SHARE = 8
"""Operations of a loop for each such element: it is cleared, and added to what the others have, in every block."""


def worth(work: int, own: int) -> int:
    """The work of a loop whose blocks have arrays of `own` elements; 0 if these cost too much."""
    return work if own <= LARGEST and work >= SHARE * BLOCKS * own else 0


def in_parallel(part: Callable[..., int], threads: int, count: int, *args: Any) -> int:
    """Call ``part(first, last, block, *args)`` for `BLOCKS` ranges that make up ``range(count)``.

    The status that is not 0 of the first block that has one, or 0.
    """
    count = max(count, 0)
    found = 0
    for block in reversed(range(BLOCKS)):
        status = part(count * block // BLOCKS, count * (block + 1) // BLOCKS, block, *args)
        found = status or found
    return found
