"""The garbage collector, out of the way of compiling.

Compiling makes some hundred thousand objects that stay until it is done: the collector would look through all of them
again and again, for a tenth of the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collections inside, if they are on. Of several threads, the first one to begin turns them on again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
