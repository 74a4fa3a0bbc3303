"""Differentiation inside a differentiated function: ``pb.grad(g)(x)`` in the body of ``f``.

The frontend meets one of our transforms and asks here (`paths.TRANSFORMS`). The inner function is built
into a region of its own, in which it sees the values of the enclosing functions; these become
parameters that are not differentiated by. The transform is applied to that function, and the resulting ops
are put where the call stood. So the outer derivative differentiates them like any others.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import itertools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from . import api, tree
from .analysis.structure import free_values
from .compose import Program, check_arguments, compose
from .errors import PullbackTypeError, UnsupportedError
from .frontend.build import leave
from .frontend.context import DeadCode, describe
from .frontend.interface import Leaf, Static
from .frontend.values import (
    Array,
    DictValue,
    ListValue,
    Opaque,
    RecordValue,
    UserFunction,
    is_namedtuple,
    is_static,
)
from .ir.dims import Dim
from .ir.nodes import Const, Function, Op, Operand, Region, Substitution, Value, clone_function
from .ir.types import FLOAT, FROM_NUMPY, Type
from .paths import of_value
from .plan import Transform

Handler = Callable[[Any, list[Any], dict[str, Any]], Any]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """A transformed function inside a function: what ``pb.grad(g)`` and ``pb.vjp(g, x)[1]`` are bound to."""

    target: Any
    specs: tuple[api._Spec, ...] = ()
    primals: tuple[Any, ...] | None = None  # of a vjp, which is then called with the cotangent

    def __call__(self, *args: Any) -> Any:
        raise TypeError("known to the frontend only")


def match(obj: Any) -> Handler | None:
    """The handler of a callable of ours."""
    if isinstance(obj, api.Transformed):
        return lambda ctx, args, kwargs: call(ctx, derived(ctx, obj), args, kwargs)
    if isinstance(obj, Derived):
        return lambda ctx, args, kwargs: call(ctx, obj, args, kwargs)
    try:
        return _TRANSFORMS.get(obj)
    except TypeError:  # not hashable
        return None


def derived(ctx: Any, fn: Any) -> Derived:
    """A function under the transforms that have been applied to it, if any. If one of them is deterministic, so is
    the program that it becomes a part of."""
    if isinstance(fn, Derived):
        return fn
    if isinstance(fn, api.Transformed):
        ctx.session.deterministic |= fn.__pullback_deterministic__
        return Derived(fn.__pullback_fn__, fn.__pullback_chain__)
    return Derived(fn)


# -- the transforms, as handlers (context, positional arguments, keyword arguments) --------------------
def _grad_of(kind: str) -> Handler:
    def handler(
        ctx: Any,
        args: list[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        return transform(ctx, *args, **kwargs)

    def transform(
        ctx: Any,
        fun: Any = None,
        argnums: Any = None,
        *,
        argnames: Any = None,
        has_aux: Any = False,
        deterministic: Any = False,
    ) -> Any:
        if fun is None:
            raise UnsupportedError(f"{kind} without a function is not supported here", ctx.loc, f"write {kind}(f)")
        if argnames is not None:
            raise UnsupportedError("argnames is not supported inside a differentiated function", ctx.loc, "use argnums")
        if isinstance(argnums, ListValue):
            argnums = tuple(argnums.items)
        inner = derived(ctx, fun)
        ctx.session.deterministic |= bool(deterministic)
        return Derived(inner.target, (*inner.specs, api._Spec(kind, argnums, None, bool(has_aux))))

    return handler


def _jit(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (fun,) = args
    ctx.session.deterministic |= bool(kwargs.get("deterministic", False))
    return derived(ctx, fun)


def _jvp(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fun, primals, tangents = _three(ctx, args, kwargs, "jvp")
    step = Transform("jvp", tuple(range(len(primals))))
    return _apply(ctx, derived(ctx, fun), (step,), primals, {}, (tangents,))


def _hvp(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fun, primals, tangents = _three(ctx, args, kwargs, "hvp")
    wrt = tuple(range(len(primals)))
    steps = (Transform("grad", wrt, single=len(wrt) == 1), Transform("jvp", wrt, value=False))
    return _apply(ctx, derived(ctx, fun), steps, primals, {}, (tangents,))


def _three(
    ctx: Any, args: list[Any], kwargs: dict[str, Any], what: str
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    given = dict(zip(("fun", "primals", "tangents"), args, strict=False)) | kwargs
    if set(given) != {"fun", "primals", "tangents"}:
        raise PullbackTypeError(f"{what} takes a function, primals and tangents", ctx.loc)
    pair = []
    for name in ("primals", "tangents"):
        x = given[name]
        x = tuple(x.items) if isinstance(x, ListValue) else x
        if not isinstance(x, tuple):
            raise PullbackTypeError(f"{what}: {name} has to be a tuple with one element for each argument", ctx.loc)
        pair.append(x)
    if len(pair[0]) != len(pair[1]):
        raise PullbackTypeError(f"{what}: {len(pair[0])} primals and {len(pair[1])} tangents", ctx.loc)
    return given["fun"], pair[0], pair[1]


def _vjp(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if kwargs or not args:
        raise UnsupportedError("vjp takes positional arguments only here", ctx.loc, "use vjp(f, *primals)")
    inner = derived(ctx, args[0])
    primals = tuple(args[1:])
    out = _apply(ctx, inner, (), primals, {}, ())
    # the primals as they are now: later writes to arrays do not change the vjp
    frozen = tuple(fresh(ctx, p) for p in primals)
    return out, Derived(inner.target, inner.specs, frozen)


def _stop_gradient(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = args or tuple(kwargs.values())

    def is_object(v: Any) -> bool:
        return isinstance(v, RecordValue) and not (is_namedtuple(v.cls) or dataclasses.is_dataclass(v.cls))

    def stop(v: Any) -> Any:
        if isinstance(v, (Array, Value)):
            return ctx.wrap(ctx.b.emit("stop_gradient" if ctx.type(v).is_float else "copy", ctx.operand(v)))
        if is_object(v) or not (is_static(v) or isinstance(v, (Dim, Opaque, UserFunction))):
            raise UnsupportedError(
                f"stop_gradient of {describe(v)} is not supported",
                ctx.loc,
                "apply it to the arrays and numbers that are in it",
            )
        return v

    return mapped(stop, x, is_object)


_TRANSFORMS: dict[Any, Handler] = {
    api.grad: _grad_of("grad"),
    api.value_and_grad: _grad_of("value_and_grad"),
    api.jit: _jit,
    api.jvp: _jvp,
    api.vjp: _vjp,
    api.hvp: _hvp,
    api.stop_gradient: _stop_gradient,
}


# -- calling ---------------------------------------------------------------------------------------------
def call(ctx: Any, fn: Derived, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if fn.primals is None:
        return _apply(ctx, fn, (), tuple(args), kwargs, ())
    (cotangent,) = args
    step = Transform("vjp", tuple(range(len(fn.primals))))
    return _apply(ctx, fn, (step,), fn.primals, {}, (cotangent,))


def _apply(
    ctx: Any,
    fn: Derived,
    more: tuple[Transform, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    extras: tuple[Any, ...],
) -> Any:
    """The abstract result of a derived function, built into the current region."""
    if any(s.positions is None for s in fn.specs):
        raise UnsupportedError("argnames is not supported inside a differentiated function", ctx.loc, "use argnums")
    chain = (*(s.transform(s.positions) for s in fn.specs), *more)
    if not chain:
        return ctx.call(_target(ctx, fn), list(args), kwargs)
    args, kwargs = in_positions(fn.target, args, kwargs)
    name = str(getattr(fn.target, "name", None) or getattr(fn.target, "__name__", "f"))
    inputs = _Inputs(ctx)
    region = inputs.region
    yields: list[Operand] = []
    with ctx.session.trial() as journal:
        abstract_args = [inputs.enter(a) for a in args]
        abstract_kwargs = {k: inputs.enter(v) for k, v in kwargs.items()}
        # trees now: the function may write to its arguments
        args_tree = tuple(_plain(a, inputs.index) for a in abstract_args)
        kwargs_tree = {k: _plain(v, inputs.index) for k, v in abstract_kwargs.items()}
        names = tuple(f"args[{k}]" for k in range(len(args)))
        leaf_args, leaf_kwargs = tree.map_leaves(inputs.leaf, (args_tree, kwargs_tree))
        check_arguments(name, chain, leaf_args, leaf_kwargs, names, ctx.loc)
        raises = False
        try:
            with ctx.b.into(region):
                result = leave(
                    ctx, ctx.bound(ctx.call(_target(ctx, fn), abstract_args, abstract_kwargs)), yields, ctx.loc
                )
        except DeadCode:
            raises = True
        outer = [x for x in journal.old if x.stamp < journal.start]
    if outer:
        raise UnsupportedError(
            f"{name} writes to a variable of the enclosing function, and is differentiated",
            ctx.loc,
            "write to a copy",
        )
    if raises:  # on every path, and so does the derivative
        _put(ctx, region.ops, Substitution(dict(zip(region.params, inputs.operands, strict=True))))
        raise DeadCode
    region.yields = yields
    outside = free_values([region])
    region.params += outside
    function = clone_function(Function(name, region, [], dict(ctx.session.callees)))
    program = Program(
        function=function,
        built=function,
        args=args_tree,
        kwargs=kwargs_tree,
        result=result,
        captured=(),
        guards=(),
        written=(),
        mutates=(),
        laid_out=(),
        returned=(),
        arg_names=names,
        n_args=len(args),
        loc=ctx.loc,
    )
    program = compose(program, chain)
    operands = [*inputs.operands, *outside, *_extras(ctx, program, extras)]
    return _inline(ctx, program, operands)


def in_positions(fn: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with keywords moved to their positions where the function has one."""
    moved = list(itertools.takewhile(kwargs.__contains__, _positional(fn)[len(args) :]))
    return (*args, *(kwargs[n] for n in moved)), {n: v for n, v in kwargs.items() if n not in moved}


def _positional(fn: Any) -> list[str]:
    """The parameters of a function that may be passed by position."""
    if isinstance(fn, Derived):
        return _positional(fn.target)
    if isinstance(fn, UserFunction) and fn.fn is None:
        names = [a.arg for a in (*fn.node.args.posonlyargs, *fn.node.args.args)]
    else:
        try:
            parameters = inspect.signature(fn.fn if isinstance(fn, UserFunction) else fn).parameters.values()
        except (TypeError, ValueError):
            return []
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[len(fn.bound) :] if isinstance(fn, UserFunction) else names


def _target(ctx: Any, fn: Derived) -> Any:
    """The function that is called. What it is bound to (a method's object, the arguments of a `functools.partial`) may
    have changed since it was transformed, and is captured."""
    target = fn.target
    if isinstance(target, (Derived, type)) or ctx.transform_of(target) is not None:
        return target
    if isinstance(target, (types.MethodType, functools.partial)) or isinstance(
        inspect.getattr_static(type(target), "__call__", None), types.FunctionType
    ):
        return ctx.capture_object(target, of_value(target), str(getattr(target, "__name__", "f")))
    return target


class _Inputs:
    """The arguments of an inner function: its parameters, and what is passed for them."""

    def __init__(self, ctx: Any):
        self.ctx = ctx
        self.region = Region()
        self.operands: list[Operand] = []
        self._index: dict[Value, int] = {}

    def enter(self, v: Any) -> Any:
        """The same abstract value with parameters in place of run-time floats and arrays."""
        return mapped(self._leaf, v)

    def _leaf(self, v: Any) -> Any:
        if isinstance(v, (Array, Value, np.ndarray)):
            operand = self.ctx.operand(v)
        elif isinstance(v, Const) and v.type.is_float:
            operand = v
        elif isinstance(v, (float, np.floating)):
            operand = Const(float(v), Type(FROM_NUMPY[v.dtype]) if isinstance(v, np.floating) else FLOAT)
        else:
            return v
        param = Value(operand.type, getattr(operand, "hint", "") or "x")
        self._index[param] = len(self.operands)
        self.region.params.append(param)
        self.operands.append(operand)
        return self.ctx.wrap(param)

    def index(self, v: Any) -> Any:
        """The number of the parameter that an entered leaf is, or Static."""
        value = v.cell.current if isinstance(v, Array) else v
        return self._index[value] if isinstance(value, Value) and value in self._index else Static(v)

    def leaf(self, k: Any) -> Any:
        """What `check_arguments` wants to see of a parameter."""
        return Leaf(self.region.params[k].type, "x") if isinstance(k, int) else k


def mapped(f: Callable[[Any], Any], v: Any, is_leaf: Callable[[Any], bool] = lambda v: False) -> Any:
    """An abstract container with ``f(leaf)`` in place of its leaves; always a new container."""
    if is_leaf(v):
        return f(v)
    if type(v) is tuple:
        return tuple(mapped(f, x, is_leaf) for x in v)
    if isinstance(v, ListValue):
        return ListValue([mapped(f, x, is_leaf) for x in v.items])
    if isinstance(v, DictValue):
        return DictValue({k: mapped(f, x, is_leaf) for k, x in v.items.items()})
    if isinstance(v, RecordValue):
        return RecordValue(v.cls, {k: mapped(f, x, is_leaf) for k, x in v.fields.items()})
    return f(v)


def _plain(v: Any, f: Callable[[Any], Any]) -> Any:
    """An abstract value as a tree of plain containers, with ``f(leaf)`` for its leaves."""
    if type(v) is tuple:
        return tuple(_plain(x, f) for x in v)
    if isinstance(v, ListValue):
        return [_plain(x, f) for x in v.items]
    if isinstance(v, DictValue):
        return {k: _plain(x, f) for k, x in v.items.items()}
    if isinstance(v, RecordValue):
        fields = {k: _plain(x, f) for k, x in v.fields.items()}
        if issubclass(v.cls, tuple):
            return v.cls(**fields)
        made = object.__new__(v.cls)
        for name, x in fields.items():
            object.__setattr__(made, name, x)
        return made
    return f(v)


def _abstract(t: Any, f: Callable[[Any], Any]) -> Any:
    """A tree of plain containers as an abstract value, with ``f(leaf)`` for its leaves."""
    inner = tree.children(t)
    if inner is None:
        return f(t)
    values = [_abstract(x, f) for _, x in inner]
    if type(t) is tuple:
        return tuple(values)
    if type(t) is list:
        return ListValue(values)
    keys = [k for k, _ in inner]
    made = dict(zip(keys, values, strict=True))
    return DictValue(made) if type(t) is dict else RecordValue(type(t), made)


def fresh(ctx: Any, v: Any) -> Any:
    """The value as it is now: arrays on cells of their own."""
    return mapped(lambda x: ctx.wrap(ctx.operand(x)) if isinstance(x, Array) else x, v)


def _extras(ctx: Any, program: Program, given: tuple[Any, ...]) -> list[Operand]:
    """Operands for the tangents and cotangents of a program, broadcast and cast to its types."""
    out: list[Operand] = []
    reference = program.args[program.n_args :]
    names = program.arg_names[program.n_args :]
    for name, want, have in zip(names, reference, given, strict=True):
        for path, k, v in tree.match(want, _plain(have, lambda x: x), name):
            if not isinstance(k, int):
                continue
            type = program.function.params[k].type
            if v is None:
                raise PullbackTypeError(f"{path} has to be a {type.numpy} value, not None", ctx.loc)
            x = ctx.operand(v)
            if x.type.shape != type.shape:
                raise PullbackTypeError(f"{path} has to be {type}, not {x.type}", ctx.loc)
            if x.type.dtype != type.dtype:
                x = ctx.b.emit("cast", x, dtype=type.dtype, weak=False)
            out.append(x)
    return out


def _inline(ctx: Any, program: Program, operands: list[Operand]) -> Any:
    """The ops of a program in the current region; its result as an abstract value."""
    fn = program.function
    ctx.session.callees.update(fn.callees)
    sub = Substitution(dict(zip(fn.params, operands, strict=True)))
    _put(ctx, fn.body.ops, sub)
    values = [sub.operand(y) for y in fn.body.yields]

    def leaf(k: Any) -> Any:
        if isinstance(k, int):
            return ctx.wrap(values[k])
        return k.value if isinstance(k, Static) else k

    return _abstract(program.result, leaf)


def _put(ctx: Any, ops: list[Op], sub: Substitution) -> None:
    """Copies of ops in the current region."""
    ctx.b.region.ops.extend(_forward(sub.clone_op(op)) for op in ops)


def _forward(op: Op) -> Op:
    """Seen from the enclosing program, what was a reverse sweep is ordinary computation."""
    op.attrs.pop("reverse", None)
    for region in op.regions:
        for inner in region.walk():
            inner.attrs.pop("reverse", None)
    return op
