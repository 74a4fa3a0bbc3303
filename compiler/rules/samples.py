"""Where an op is tested: `OpDef.sample` names one domain, or one for each operand separated by commas
(the last one repeats). A sample is away from the points where the op's derivative is undefined.

Samples are deterministic in the generator, distinct, and a multiple of `SPACING` apart, so that a finite
difference never crosses a tie or a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ir.opdef import OpDef

SPACING = 1 / 64
Sampler = Callable[[np.random.Generator, tuple[int, ...]], Any]


def _distinct(low: float, high: float) -> Sampler:
    """Distinct points of a grid over [low, high], off the integers and the halves."""

    def sample(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        count = int(np.prod(shape))
        grid = low + (high - low) * (np.arange(max(count, 16)) + 0.5) / max(count, 16)
        on_step = np.abs(2 * grid - np.rint(2 * grid)) < SPACING
        grid = np.where(on_step, grid + SPACING, grid)
        return (rng.permutation(grid)[:count] + rng.uniform(0, SPACING / 8)).reshape(shape)[()]

    return sample


def _either_sign(sampler: Sampler) -> Sampler:
    def sample(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return (sampler(rng, shape) * rng.choice([-1.0, 1.0], size=shape))[()]

    return sample


def _integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(1, 7, size=shape)[()]


def _booleans(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return (rng.integers(0, 2, size=shape) == 1)[()]


DOMAINS: dict[str, Sampler] = {
    "normal": _distinct(-2.2, 2.3),
    "nonzero": _either_sign(_distinct(0.4, 2.4)),
    "positive": _distinct(0.3, 2.6),
    "unit": _distinct(-0.85, 0.9),
    "above_one": _distinct(1.2, 3.1),
    "integer": _integers,
    "boolean": _booleans,
}


def samplers(op: OpDef, operands: int) -> Sequence[Sampler]:
    """The sampler of each operand. Raises KeyError for a domain that does not exist."""
    names = [name.strip() for name in op.sample.split(",")]
    names += names[-1:] * (operands - len(names))
    return [DOMAINS[name] for name in names[:operands]]
