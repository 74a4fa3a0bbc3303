"""Derivatives that the user gives: `custom_vjp`, `custom_jvp` and `checkpoint` with JAX's conventions,
`segments` and `debug`.

The objects made here are ordinary callables outside of differentiation. Inside, the frontend hands their calls to
`custom_rules`, which builds the function and its rules as IR functions of their own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, final

import numpy as np

from . import paths, tree
from .errors import PullbackIndexError, PullbackTypeError, PullbackValueError

T = TypeVar("T")


class _Custom:
    """A callable whose differentiation is not what its code says."""

    def __new__(cls, fun: Any = None, nondiff_argnums: int | Sequence[int] = ()) -> Any:
        if fun is None:  # @custom_vjp(nondiff_argnums=...)
            return functools.partial(cls, nondiff_argnums=nondiff_argnums)
        return super().__new__(cls)

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: int | Sequence[int] = ()):
        if not callable(fun):
            name = "checkpoint" if isinstance(self, Checkpointed) else type(self).__name__
            raise PullbackTypeError(f"{name} expects a function, not {tree.describe(fun)}")
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.nondiff_argnums = _positions(fun, nondiff_argnums)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fun(*args, **kwargs)

    def __get__(self, obj: Any, objtype: type | None = None) -> Any:
        return self if obj is None else functools.partial(self, obj)

    def __deepcopy__(self, memo: Any) -> Any:
        return self  # as a function is

    def __copy__(self) -> Any:
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.fun, self.nondiff_argnums

    def __reduce_ex__(self, protocol: Any) -> Any:
        return paths.global_name(self) or super().__reduce_ex__(max(protocol, 2))

    def __repr__(self) -> str:
        return f"<pullback {type(self).__name__}({getattr(self.fun, '__qualname__', self.fun)})>"


def _positions(fun: Callable[..., Any], argnums: Any) -> tuple[int, ...]:
    """`nondiff_argnums` in order."""
    numbers = argnums if isinstance(argnums, (tuple, list, range)) else (argnums,)
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in numbers):
        raise PullbackTypeError(f"nondiff_argnums has to be an int or a sequence of int, not {argnums!r}")
    if len(set(numbers)) != len(numbers):
        raise PullbackValueError(f"nondiff_argnums names an argument twice: {argnums!r}")
    try:
        parameters = inspect.signature(fun).parameters.values()
    except (TypeError, ValueError):
        parameters = None
    many = parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters)
    count = len([p for p in parameters or () if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)])
    for n in numbers:
        if n < 0 or (n >= count and not many):
            raise PullbackIndexError(
                f"nondiff_argnums {n} is out of range: {getattr(fun, '__name__', 'the function')} has "
                f"{count} positional argument{'s' * (count != 1)}",
                hint="arguments are counted from 0",
            )
    return tuple(sorted(int(n) for n in numbers))


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
    and have no cotangent: to differentiate by them is an error. Usable as ``@custom_vjp`` and
    ``@custom_vjp(nondiff_argnums=...)``. The rules are compiled: they are written in the same language as `f`.
    Forward mode through `f` is refused (use `custom_jvp`).
    """

    fwd: Callable[..., Any] | None = None
    bwd: Callable[..., Any] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the rule."""
        for rule in (fwd, bwd):
            _require_function("defvjp", rule)
        self.fwd, self.bwd = fwd, bwd


def _require_function(what: str, rule: Any) -> None:
    if not callable(rule):
        raise PullbackTypeError(f"{what} expects a function, not {tree.describe(rule)}")


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
        _require_function("defjvp", rule)
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
