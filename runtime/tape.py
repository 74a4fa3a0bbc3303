"""Growing tapes of native code: a one-dimensional buffer and the number of elements in use.

Both functions work under plain Python and inside Numba (`numba_support.prepare`).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def grow(tape: Any) -> Any:
    """A buffer of twice the size with the same elements."""
    larger = np.empty(2 * tape.size, tape.dtype)
    larger[: tape.size] = tape
    return larger


def push_array(tape: Any, used: Any, values: Any) -> Any:
    """Append the elements of a contiguous array; the buffer, which may be a new one, and its use."""
    size = values.size
    while used + size > tape.size:
        tape = grow(tape)
    tape[used : used + size] = values.reshape(size)
    return tape, used + size


FROM_PYTHON = (grow, push_array)
