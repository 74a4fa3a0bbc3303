"""How much of the machine's stack a recursion of native code has used: it ends with an error, not with a crash.

`stack_here` is where the stack is now (an address; 0 under plain Python, which counts its own calls), `stack_room`
whether a recursion that began there may go on. The budget is half of the stack that Linux gives to a thread.
"""

from __future__ import annotations

BUDGET = 4 << 20


def stack_here() -> int:
    """The address of the current frame."""
    return 0


def stack_room(start: int) -> bool:
    """Whether less than the budget is used since `start`."""
    return start - stack_here() < BUDGET
