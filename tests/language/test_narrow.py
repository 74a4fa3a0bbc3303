"""Programs with integers of few bits, or unsigned ones: all oracles hold, for each of their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb

from .narrow import CASES, LABELS, X
from .support import outcome


@pytest.mark.parametrize(("f", "args"), CASES, ids=[f"{k}-{f.__name__}" for k, (f, _) in enumerate(CASES)])
def test_program(f: Any, args: tuple[Any, ...]) -> None:
    result = outcome(f, args, second=True)
    assert (result.kind, result.stage) == ("ok", ""), result


def at(x, k):
    return x[k]


def tail(x, k):
    return x[k:]


def test_a_bound_beyond_64_bits() -> None:
    assert pb.jit(tail)(X, np.uint64(2**64 - 3)).shape == (0,)


def raised(n, k):
    return k + n


def tiled(x, k):
    return np.tile(x, k)


def last_above(k):
    best = -1
    for v in k:
        if v > 3:
            best = v
    return best


@pytest.mark.parametrize(
    ("f", "args", "error"),
    [
        (at, (X, np.uint64(2**64 - 1)), IndexError),
        (at, (X[:100], LABELS), IndexError),
        (at, (X[:100], -LABELS.astype(np.int8)), IndexError),
        (tiled, (X, np.int8(-1)), ValueError),
        (tail, (X, np.bool_(True)), TypeError),
        (raised, (-1, LABELS), OverflowError),
        (raised, (2**40, LABELS), OverflowError),
        # a number that is Python's on one path and uint8 on the other, which does not hold it
        (last_above, (LABELS,), OverflowError),
    ],
)
def test_errors(f: Any, args: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        pb.jit(f)(*args)
