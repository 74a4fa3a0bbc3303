"""Arrays that the caller gives for results (``out=``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import tree
from .errors import PullbackTypeError, PullbackValueError
from .ir.types import Type


def buffers(
    out: Any, result: Any, types: Sequence[Type], shapes: Sequence[tuple[int, ...]], returned: dict[int, int],
    inputs: Sequence[Any],
) -> dict[int, np.ndarray[Any, Any]]:  # fmt: skip
    """The arrays of `out` by the numbers of the results that they are for.

    `out` has the structure of the result, with None where nothing is given. Raises PullbackTypeError or
    PullbackValueError for arrays that a result cannot be written to: of another dtype or shape, not C-contiguous,
    read-only, or in memory that an argument or another one of them has.
    """
    found: dict[int, np.ndarray[Any, Any]] = {}
    for path, k, x in tree.match(result, out, "out"):
        if x is None:
            continue
        if not isinstance(k, int) or not types[k].is_array or k in returned:
            what = "an argument itself" if isinstance(k, int) and k in returned else "no array"
            raise PullbackTypeError(f"{path} has to be None: that result is {what}", hint="give arrays for arrays only")
        wanted, shape = types[k].numpy, shapes[k]
        if min(shape) < 0:
            raise PullbackTypeError(f"{path} has to be None: how large that result is depends on values")
        if not isinstance(x, np.ndarray) or x.dtype != wanted or x.shape != shape:
            raise PullbackTypeError(f"{path} has to be a {wanted} array of shape {shape}, not {tree.describe(x)}")
        if not x.flags.carray:
            why = "read-only" if not x.flags.writeable else "not C-contiguous and aligned"
            raise PullbackValueError(
                f"{path} is {why}: no result can be written to it", hint="give an array of its own"
            )
        others = [("an argument", y) for y in inputs if isinstance(y, np.ndarray)]
        others += [("another result", y) for y in found.values()]
        for name, y in others:
            if np.may_share_memory(x, y):
                raise PullbackValueError(f"{path} overlaps {name} in memory", hint="give an array of its own")
        found[k] = x
    return found
