"""Where an op is tested: `OpDef.sample` names one domain, or one for each operand separated by commas
(the last one repeats). A sample is away from the points where the op's derivative is undefined.

Samples are deterministic in the generator. Floats are distinct points of a grid of width `SPACING`; the
grid of each operand is shifted by its own fraction, so that no two operands tie, none is an integer,
and none but a *modulus* is a whole number of spacings: a finite difference crosses no kink and no step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.opdef import OpDef

SPACING = 1 / 64
_FRACTION = (0.5, 0.25, 0.75)  # of the grid of operand 0, 1, 2
Sampler = Callable[[np.random.Generator, tuple[int, ...], int], Any]


def _between(low: float, high: float, either_sign: bool = False, shifted: bool = True) -> Sampler:
    def sample(rng: np.random.Generator, shape: tuple[int, ...], operand: int) -> Any:
        count = int(np.prod(shape))
        points = rng.permutation(np.arange(np.ceil(low / SPACING), np.floor(high / SPACING)))[:count]
        x = SPACING * (points + (_FRACTION[operand % 3] if shifted else 0.0))
        if either_sign:
            x = x * rng.choice([-1.0, 1.0], size=count)
        return x.reshape(shape)[()]

    return sample


def _integers(rng: np.random.Generator, shape: tuple[int, ...], operand: int) -> Any:
    return rng.integers(1, 7, size=shape)[()]


def _booleans(rng: np.random.Generator, shape: tuple[int, ...], operand: int) -> Any:
    return (rng.integers(0, 2, size=shape) == 1)[()]


def _invertible(rng: np.random.Generator, shape: tuple[int, ...], operand: int) -> Any:
    """Square matrices are far from singular (and their triangles too); anything else is of any sign."""
    x = DOMAINS["normal"](rng, shape, operand)
    return x + 6.0 * np.eye(shape[0]) if operand == 0 else x


def _definite(rng: np.random.Generator, shape: tuple[int, ...], operand: int) -> Any:
    """Symmetric, positive definite, with eigenvalues that differ."""
    x = DOMAINS["unit"](rng, shape, operand)
    return x @ x.T + np.diag(1.0 + np.arange(shape[0]))


DOMAINS: dict[str, Sampler] = {
    "normal": _between(-2.2, 2.3),
    "nonzero": _between(0.4, 2.4, either_sign=True),
    "modulus": _between(0.4, 2.4, either_sign=True, shifted=False),
    "positive": _between(0.3, 2.6),
    "unit": _between(-0.85, 0.85),
    "probability": _between(0.05, 0.95),
    "above_one": _between(1.2, 3.1),
    "invertible": _invertible,
    "definite": _definite,
    "integer": _integers,
    "boolean": _booleans,
}


def samplers(op: OpDef, operands: int) -> list[Callable[[np.random.Generator, tuple[int, ...]], Any]]:
    """The sampler of each operand. Raises KeyError for a domain that does not exist."""
    names = [name.strip() for name in op.sample.split(",")]
    names += names[-1:] * (operands - len(names))
    return [_of_operand(DOMAINS[name], k) for k, name in enumerate(names[:operands])]


def _of_operand(sampler: Sampler, k: int) -> Callable[[np.random.Generator, tuple[int, ...]], Any]:
    return lambda rng, shape: sampler(rng, shape, k)
