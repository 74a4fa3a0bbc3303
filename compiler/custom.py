"""Derivatives that the user gives: `custom_vjp`, `custom_jvp` and `checkpoint` with JAX's conventions,
`segments` and `debug`.

The objects made here are ordinary callables outside of differentiation. Inside, the frontend hands their calls to
`custom_rules`, which builds the function and its rules as IR functions of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, final

import numpy as np

from . import paths, tree
from .errors import PullbackTypeError

T = TypeVar("T")


class _Custom:
    """A callable whose differentiation is not what its code says."""

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: Sequence[int] = ()):
        if not callable(fun):
            raise PullbackTypeError(f"{type(self).__name__} expects a function, not {tree.describe(fun)}")
        functools.update_wrapper(self, fun)
        self.fun = fun
        numbers = (nondiff_argnums,) if isinstance(nondiff_argnums, int) else tuple(nondiff_argnums)
        self.nondiff_argnums = tuple(sorted(numbers))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fun(*args, **kwargs)

    def __get__(self, obj: Any, objtype: type | None = None) -> Any:
        return self if obj is None else functools.partial(self, obj)

    def __repr__(self) -> str:
        return f"<pullback {type(self).__name__}({getattr(self.fun, '__qualname__', self.fun)})>"


@final
class custom_vjp(_Custom):  # noqa: N801
    """A function with its own reverse rule.

    ::

        @pb.custom_vjp
        def f(x, y): ...
        f.defvjp(fwd, bwd)

    ``fwd(x, y) -> (out, residuals)`` takes the arguments of `f` and returns its result and what the reverse rule
    needs, any tree. ``bwd(residuals, out_bar) -> (x_bar, y_bar)`` takes the cotangent of the result and returns a
    tuple with a cotangent for each argument, of the argument's structure and shapes; None stands for zero. Cotangents
    of integer leaves are None. Arguments numbered in `nondiff_argnums` are passed to `bwd` in front of the residuals,
    and have no cotangent. The rules are compiled: they are written in the same language as `f`. Forward mode through
    `f` is refused (use `custom_jvp`).
    """

    fwd: Callable[..., Any] | None = None
    bwd: Callable[..., Any] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the rule."""
        self.fwd, self.bwd = fwd, bwd


@final
class custom_jvp(_Custom):  # noqa: N801
    """A function with its own forward rule, from which reverse mode follows by transposition.

    ``f.defjvp(rule)``, also as a decorator: ``rule(primals, tangents) -> (out, out_dot)``, where both arguments are
    tuples with an element for each argument of `f`, and `out_dot` has the structure and shapes of `out` and is linear
    in the tangents. Tangents of integer leaves are None, and None in `out_dot` stands for zero. Arguments numbered in
    `nondiff_argnums` are passed in front, and are not in the tuples.
    """

    rule: Callable[..., Any] | None = None

    def defjvp(self, rule: T) -> T:
        """Set the rule; returns it."""
        self.rule = rule  # type: ignore[assignment]
        return rule


@final
class Checkpointed(_Custom):
    """A function under `checkpoint`."""


def checkpoint(fun: Callable[..., Any]) -> Any:
    """The same function; under reverse mode nothing inside a call of it is kept: the call is computed again, from
    its arguments, when the reverse sweep reaches it. Usable as a decorator."""
    return Checkpointed(fun)


def segments(steps: range, length: int | None = None) -> range:
    """The same range; under reverse mode a loop ``for t in segments(range(n))`` keeps what it carries at the start of
    each segment only, and runs a segment forward again when the reverse sweep reaches it.

    `length` is the number of steps in a segment, by default the square root of n: memory of about 2 sqrt(n) states in
    place of n, for one more forward sweep. Raises ValueError for a length that is not positive.
    """
    if length is not None and length < 1:
        raise ValueError("the length of segments must be positive")
    return steps


def debug(x: T, hook: Callable[[Any], Any]) -> T:
    """A copy of the float array or number `x`, whose adjoint goes through `hook`.

    In the reverse sweep ``hook(x_adj)`` is called when the adjoint of the result is complete. It may print it, assert
    something of it, and return a changed one of the same shape (clipped, say), or None to leave it. The hook is
    compiled: it is written in the same language as the function. Forward mode passes through.
    """
    if isinstance(x, np.ndarray):
        return x.copy()
    return x


def _handler(obj: Any) -> Any:
    from . import custom_rules  # imports the frontend, which a call from the plan cache does without

    return custom_rules.match(obj)


paths.TRANSFORMS.append(_handler)
