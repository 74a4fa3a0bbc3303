"""Jacobians and Hessians inside a differentiated function: ``pb.jacfwd(g)(x)`` in the body of ``f``.

A Jacobian is a loop over a basis (`jacobian_library`), whose body is a jvp or vjp (`nested`). So it is
differentiated as other loops are. What is added here is the structure: `Leaves` is the function of the leaves of
its arguments that returns those of its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from . import api, api_jacobian, jacobian_library, nested
from .errors import PullbackIndexError, PullbackTypeError, UnsupportedError
from .frontend.values import Array, ListValue
from .ir.nodes import Const, Value


@final
@dataclass(frozen=True, slots=True, eq=False)
class DerivedJacobian:
    """The Jacobian of a function inside a function: what ``pb.jacfwd(g)`` is bound to."""

    target: nested.Derived
    wrt: tuple[int, ...]
    single: bool
    forward: bool

    def __call__(self, *args: Any) -> Any:
        raise TypeError("known to the frontend only")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """A function of the leaves of some arguments, the others being what they were, which returns the float leaves of
    its result."""

    target: nested.Derived
    wrt: tuple[int, ...]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def __name__(self) -> str:
        name = getattr(self.target.target, "name", None) or getattr(self.target.target, "__name__", "f")
        return str(name)

    def __call__(self, *args: Any) -> Any:
        raise TypeError("known to the frontend only")


def match(obj: Any) -> nested.Handler | None:
    """The handler of `jacfwd` and its like, and of what they make."""
    if isinstance(obj, api_jacobian.Jacobian):
        return lambda ctx, args, kwargs: _call(ctx, _inside(ctx, obj), args, kwargs)
    if isinstance(obj, DerivedJacobian):
        return lambda ctx, args, kwargs: _call(ctx, obj, args, kwargs)
    if isinstance(obj, Leaves):
        return lambda ctx, args, kwargs: _call_leaves(ctx, obj, args)
    try:
        return _TRANSFORMS.get(obj)
    except TypeError:  # not hashable
        return None


def _inside(ctx: Any, obj: api_jacobian.Jacobian) -> DerivedJacobian:
    return DerivedJacobian(nested.derived(ctx, obj.fun), obj.wrt, obj.single, obj.forward)


def _make(kind: str, forward: bool) -> nested.Handler:
    def handler(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> DerivedJacobian:
        return made(ctx, *args, **kwargs)

    def made(ctx: Any, fun: Any = None, argnums: Any = 0) -> DerivedJacobian:
        if fun is None:
            raise UnsupportedError(f"{kind} without a function is not supported here", ctx.loc, f"write {kind}(f)")
        argnums = tuple(argnums.items) if isinstance(argnums, ListValue) else argnums
        wrt, single = api.positions_of(kind, argnums)
        inner = nested.derived(ctx, fun)
        if kind == "hessian":
            inner = nested.Derived(inner.target, (*inner.specs, api._Spec("grad", argnums, None, False)))
        return DerivedJacobian(inner, wrt, single, forward)

    return handler


_TRANSFORMS: dict[Any, nested.Handler] = {
    api_jacobian.jacrev: _make("jacrev", forward=False),
    api_jacobian.jacfwd: _make("jacfwd", forward=True),
    api_jacobian.hessian: _make("hessian", forward=True),
}


def _call(ctx: Any, jacobian: DerivedJacobian, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The Jacobian at these arguments: a tree like the result, of trees like the arguments."""
    positional, kwargs = nested.in_positions(jacobian.target, args, kwargs)
    args = list(positional)
    for k in jacobian.wrt:
        if not -len(args) <= k < len(args):
            message = f"argnums {k} is out of range: the function is called with {len(args)} positional arguments"
            raise PullbackIndexError(message, ctx.loc, "an argument is differentiated only where it is passed")
    wrt = tuple(k % len(args) for k in jacobian.wrt)
    frozen = tuple(nested.fresh(ctx, a) for a in args)
    leaves = Leaves(jacobian.target, wrt, frozen, {k: nested.fresh(ctx, v) for k, v in kwargs.items()})
    inputs = tuple(frozen[k] for k in wrt)
    xs = tuple(x for x in _leaves(inputs) if x is not None)
    out = _result(ctx, leaves, xs)
    ys = [y for y in _leaves(out) if _is_float(ctx, y)]
    if not ys:
        raise PullbackTypeError(f"{leaves.__name__} returns no float to differentiate", ctx.loc)
    if jacobian.forward:
        columns = [_items(ctx.call(jacobian_library.columns, [leaves, xs, j], {})) for j in range(len(xs))]
        blocks = [[c[i] for c in columns] for i in range(len(ys))]
    else:
        blocks = [_items(ctx.call(jacobian_library.rows, [leaves, xs, i], {})) for i in range(len(ys))]
    of_result = iter(blocks)

    def block(y: Any) -> Any:
        row = iter(next(of_result) if _is_float(ctx, y) else [None] * len(xs))
        filled = nested.mapped(lambda x: None if x is None else next(row), inputs)
        return filled[0] if jacobian.single else filled

    return nested.mapped(block, out)


def _call_leaves(ctx: Any, fn: Leaves, args: list[Any]) -> tuple[Any, ...]:
    """The float leaves of the result for these leaves of the arguments."""
    leaves = _leaves(_result(ctx, fn, tuple(args)))
    return tuple(
        ctx.wrap(ctx.constant_array(y)) if isinstance(y, np.ndarray) else y for y in leaves if _is_float(ctx, y)
    )


def _result(ctx: Any, fn: Leaves, leaves: tuple[Any, ...]) -> Any:
    given = iter(leaves)
    args = [nested.fresh(ctx, a) for a in fn.args]
    for k in fn.wrt:
        args[k] = nested.mapped(lambda v: None if v is None else next(given), fn.args[k])
    kwargs = {k: nested.fresh(ctx, v) for k, v in fn.kwargs.items()}
    return ctx.bound(nested.call(ctx, fn.target, args, kwargs))


def _leaves(v: Any) -> list[Any]:
    found: list[Any] = []
    nested.mapped(found.append, v)
    return found


def _items(v: Any) -> list[Any]:
    return list(v.items) if isinstance(v, ListValue) else list(v)


def _is_float(ctx: Any, v: Any) -> bool:
    if isinstance(v, (Array, Value)):
        return bool(ctx.type(v).is_float)
    if isinstance(v, Const):
        return v.type.is_float
    return isinstance(v, (float, np.floating)) or (isinstance(v, np.ndarray) and v.dtype.kind == "f")
