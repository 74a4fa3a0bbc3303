"""Composition of transforms: a user's function and a chain of `grad`, `vjp`, `jvp` to one IR function.

A `Program` is a function together with the trees of its arguments and of its result. Each transform
takes a Program to a Program, so that they compose in any order and to any depth::

    f(w, x) -> loss                      args (w, x)            result loss
    grad, wrt (0,)                       args (w, x)            result w_adj
    jvp, wrt (0,), value=False           args (w, x, (w_dot,))  result w_adj_dot

The engines, `pipeline.reverse` and `pipeline.forward`, see flat functions only; trees, argnums
and what may be differentiated at all are decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from . import pipeline, tree
from .analysis.activity import active_values, influenced
from .errors import (
    InternalError,
    NoPathError,
    PullbackIndexError,
    PullbackTypeError,
    PullbackValueError,
    UnknownShapeError,
    UnsupportedError,
)
from .frontend import build
from .frontend.interface import Built, Captured, Leaf, Static
from .ir.dims import Dim
from .ir.nodes import Const, Function, Loc, Operand, Value, clone_function
from .ir.types import FLOAT, Type
from .paths import Guard
from .plan import Plan, Transform


@final
@dataclass(frozen=True, slots=True)
class Program:
    """A flat IR function and what its parameters and yields mean.

    `built` is the user's function as the frontend made it.
    Leaves of `args` and `kwargs` are parameter indices or Static; leaves of `result` are yield
    indices or Static. `captured` are the parameters that are read from the user's environment.
    `written`: ``(parameter, yield)`` of arguments that a call updates (never after differentiation);
    `mutates`: parameters that the user's function writes to, after differentiation too; `laid_out`: those of them
    that have to be C-contiguous.
    `returned`: ``(yield, parameter)`` of results that in Python are the argument itself.
    `arg_names`: what the positional arguments are called in messages; the first `n_args` are the
    user's, the others tangents and cotangents.
    `raises`: every path of the user's function raises, and so does that of any derivative.
    `deterministic`: a transform inside the user's function asks for sums in their order.
    """

    function: Function
    built: Function
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    captured: tuple[tuple[int, Captured], ...]
    guards: tuple[Guard, ...]
    written: tuple[tuple[int, int], ...]
    mutates: tuple[int, ...]
    laid_out: tuple[int, ...]
    returned: tuple[tuple[int, int], ...]
    arg_names: tuple[str, ...]
    n_args: int
    loc: Loc | None = None
    portable: bool = False
    raises: bool = False
    deterministic: bool = False

    def plan(self, fixed: dict[str, Dim], slots: list[int]) -> Plan:
        """What calls need to know of it."""
        fn = self.function
        return Plan(
            fn.name,
            self.loc,
            tuple(p.type for p in fn.params),
            tuple(fn.result_types),
            tuple(fn.assumptions),
            self.args[self.n_args :],
            self.arg_names[self.n_args :],
            self.result,
            tuple((k, c.getter, c.type) for k, c in self.captured),
            self.guards,
            self.written,
            self.mutates,
            self.laid_out,
            self.returned,
            fixed,
            slots,
            self.portable,
        )


def from_built(
    built: Built, args: tuple[Any, ...], kwargs: dict[str, Any], arg_names: tuple[str, ...], loc: Loc | None
) -> Program:
    """The Program of a function as the frontend built it for the trees `args` and `kwargs`."""
    fn = built.function
    position = iter(range(len(fn.params)))

    def number(leaf: Any) -> Any:
        if not isinstance(leaf, Leaf):
            return leaf
        k = next(position)
        if fn.params[k].type != leaf.type:
            raise InternalError(f"parameter {k} of {fn.name} is {fn.params[k].type}, not {leaf.type}")
        return k

    numbered_args, numbered_kwargs = tree.map_leaves(number, args), tree.map_leaves(number, kwargs)
    captured = tuple(zip(position, built.captured, strict=True))
    # one yield for each leaf of the result, so that each has a cotangent of its own
    ys = fn.body.yields
    named = [k for k in tree.leaves(built.result) if isinstance(k, int)]
    fn = _with_yields(fn, named + [k for _, k in built.written])
    count = iter(range(len(named)))
    result = tree.map_leaves(lambda k: next(count) if isinstance(k, int) else k, built.result)
    # the last version of a written argument, or an argument as it came
    is_argument: dict[Operand, int] = {ys[y]: p for p, y in reversed(built.written)}
    for p, v in enumerate(built.function.params):
        if v.type.is_array:
            is_argument.setdefault(v, p)
    return Program(
        pipeline.array_passes(fn),
        built.function,
        numbered_args,
        numbered_kwargs,
        result,
        captured,
        tuple(built.guards),
        tuple((p, len(named) + n) for n, (p, _) in enumerate(built.written)),
        tuple(built.mutates),
        tuple(built.laid_out),
        tuple((n, is_argument[ys[k]]) for n, k in enumerate(named) if ys[k] in is_argument),
        arg_names,
        len(args),
        loc,
        built.portable,
        built.raises,
        built.deterministic,
    )


def apply(program: Program, transform: Transform, first: bool) -> Program:
    """The transformed program.

    `first`: the program is the user's own, so an argument without any differentiable path to the
    result is an error. (In a derivative it is not: the derivative of a linear function is constant.)
    Raises PullbackTypeError for a result that the transform cannot differentiate, NoPathError for one that does not
    depend on what it is differentiated by.
    """
    program = replace(program, written=(), returned=())
    wrt = [_argument(program, key) for key in transform.wrt]
    if program.raises:
        return _raising(program, transform, wrt)
    if transform.kind == "jvp":
        return _jvp(program, transform, wrt, first)
    if transform.kind == "vjp":
        return _vjp(program, transform, wrt, first)
    return _grad(program, transform, wrt, first)


def compose(program: Program, chain: tuple[Transform, ...], independent: bool = False) -> Program:
    """The transforms of `chain` applied in order; with `independent`, a result that does not depend on the arguments
    has the derivative zero."""
    if independent and chain:
        program = _with_constant_result(program, chain[0].has_aux)
    for k, transform in enumerate(chain):
        program = apply(program, transform, k == 0 and not independent)
    return program


def program(
    fn: Callable[..., Any],
    chain: tuple[Transform, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    names: tuple[str, ...],
    extents: dict[str, int],
    loc: Loc | None,
    independent: bool = False,
) -> Program:
    """The program of `fn` under `chain` for abstract arguments (trees of Leaf and Static) that have
    passed `check_arguments`.

    ``names``: what the positional arguments are called; ``extents``: the numbers behind the symbols at
    this call, by which captured arrays share symbols with arguments; ``independent``: see `compose`.
    """
    built = build(fn, args, kwargs, extents, private=bool(chain))
    if built.rebound is not None and not chain:
        raise UnsupportedError(
            "a container among the arguments is changed, which the caller would not see",
            built.rebound,
            "return the new container; elements of arrays in it may be written",
        )
    return compose(from_built(built, args, kwargs, names, loc), chain, independent)


def text(program: Program, stage: str | None) -> str:
    """The IR as text at a stage: "frontend" (as built, not differentiated), "array" (the default:
    differentiated and simplified), "adjoint" (in-place writes decided), "native" (loops)."""
    stages: dict[str, Callable[[Function], Function]] = {
        "frontend": lambda _: program.built,
        "array": lambda fn: fn,
        "adjoint": pipeline.placed,
        "native": pipeline.native,
    }
    if stage is not None and stage not in stages:
        raise PullbackValueError(f"no stage {stage!r}", hint=f"the stages are {', '.join(stages)}")
    return str(stages[stage or "array"](program.function))


# -- arguments -------------------------------------------------------------------------------------
def check_arguments(
    name: str,
    chain: tuple[Transform, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    names: tuple[str, ...],
    loc: Loc | None,
) -> None:
    """Raise unless what the chain differentiates by are arguments of the call, and floats."""
    for key in dict.fromkeys(k for t in chain for k in t.wrt):
        if isinstance(key, str):
            if key not in kwargs:
                raise PullbackTypeError(f"{name} got no argument {key!r} to differentiate", loc)
            _require_floats(key, kwargs[key], loc)
            continue
        n = len(args)
        if not -n <= key < n:
            raise PullbackIndexError(
                f"argnums {key} is out of range: {name} was called with {n} positional argument{'s' if n != 1 else ''}",
                loc,
                "an argument is differentiated only where it is passed explicitly",
            )
        _require_floats(names[key], args[key], loc)
    for t in chain:
        positions = [k % len(args) if isinstance(k, int) else k for k in t.wrt]
        if len(set(positions)) != len(positions):
            raise PullbackValueError(f"argnums {t.wrt} name an argument of {name} twice", loc)


def _require_floats(name: str, argument: Any, loc: Loc | None) -> None:
    found = False
    for path, leaf in tree.leaves_with_paths(argument, name):
        if isinstance(leaf, Static):
            if leaf.value is None:
                continue
            what = tree.describe(leaf.value)
        else:
            found = True
            if leaf.type.is_float:
                continue
            what = {"int": "a Python int"}.get(str(leaf.type), _in_words(leaf.type))
        raise PullbackTypeError(
            f"cannot differentiate with respect to {path}: it is {what}, not a float",
            loc,
            _WAY_OUT["self" if path == "self" else "top" if path == name else "leaf"],
        )
    if not found:
        message = f"cannot differentiate with respect to {name}: there is no float in it"
        raise PullbackTypeError(message, loc, _WAY_OUT["top"])


def _in_words(type: Type) -> str:
    what = f"{type.numpy} {'array' if type.is_array else 'scalar'}"
    return ("an " if what[0] == "i" else "a ") + what


def _argument(program: Program, key: int | str) -> tuple[str, Any]:
    """Name and tree of the argument that `key` means."""
    if isinstance(key, str):
        return key, program.kwargs[key]
    key %= program.n_args
    return program.arg_names[key], program.args[key]


def _params(argument: Any) -> list[int]:
    return [k for k in tree.leaves(argument) if isinstance(k, int)]


_WAY_OUT = {
    "self": "self is argument 0 of a method: choose another one with argnums",
    "top": "pass a float (1.0 instead of 1, a.astype(float)), or choose other arguments with argnums",
    "leaf": "pass it as an argument of its own, outside what is differentiated",
}


def _require_path(program: Program, wrt: list[tuple[str, Any]], yields: list[int], each: bool) -> None:
    """An error unless each argument (or any of them) has a differentiable path to the yields."""
    fn = program.function
    without: list[str] = []
    for name, argument in wrt:
        params = _params(argument)
        active = active_values(fn, params, yields)
        if any(fn.params[k] in active for k in params):
            if not each:
                return
        else:
            without.append(name)
    if not without:
        return
    depends = any(influenced(fn, k) for name, argument in wrt if name in without for k in _params(argument))
    raise NoPathError(
        f"no differentiable path leads from {', '.join(without)} to the result of {fn.name}",
        program.loc,
        "the result depends on it only through steps (comparisons, integers, floor, sign, argmax) or "
        "stop_gradient, so its derivative is zero wherever it exists"
        if depends
        else "the result does not depend on it at all: leave it out of argnums",
    )


# -- results ---------------------------------------------------------------------------------------
def _place(program: Program, k: int) -> Loc | None:
    """Where yield k comes from, or the function."""
    y = program.function.body.yields[k]
    if isinstance(y, Value) and y.op is not None and y.op.loc.line > 0:
        return y.op.loc
    return program.loc


def _scalar_yield(program: Program, result: Any, kind: str) -> int:
    """The index of the one float scalar that `grad` differentiates; PullbackTypeError otherwise."""
    hint = "grad needs one float: reduce the result (np.sum), or use vjp or jacobian"
    if isinstance(result, int):
        type = program.function.body.yields[result].type
        if type.is_float and type.is_scalar:
            return result
        kind_of = "a float" if type.is_float else "a bool" if type.is_bool else "an int"
        what = kind_of if type.is_scalar else f"{kind_of} array of shape ({_shape(type)})"
        if not type.is_float:
            hint = "a derivative needs a float result"
        raise PullbackTypeError(
            f"{kind} needs a function with a scalar result, and {program.function.name} returns {what}",
            _place(program, result),
            hint,
        )
    value = result.value if isinstance(result, Static) else result
    if isinstance(value, tuple):
        hint += "; for (scalar, aux) pass has_aux=True"
    returns = f"{kind} needs a function with a scalar result, and {program.function.name} returns "
    if _is_number(result):
        raise NoPathError(f"{returns}the constant {value!r}", program.loc, "the result does not depend on any argument")
    raise PullbackTypeError(f"{returns}{tree.describe(value)}", program.loc, hint)


def _is_number(result: Any) -> bool:
    value = result.value if isinstance(result, Static) else None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _with_constant_result(program: Program, has_aux: bool) -> Program:
    """The program with a yield for a result that is one constant number."""
    result = program.result[0] if has_aux and isinstance(program.result, tuple) else program.result
    if not _is_number(result):
        return program
    fn = clone_function(program.function)
    fn.body.yields.append(Const(float(result.value), FLOAT))
    k = len(fn.body.yields) - 1
    return replace(program, function=fn, result=(k, *program.result[1:]) if has_aux else k)


def _with_aux(program: Program) -> tuple[Any, Any]:
    """(result, aux) of a function that was said to return them."""
    result = program.result
    if not isinstance(result, tuple) or len(result) != 2:
        message = f"with has_aux=True {program.function.name} has to return a pair (result, aux)"
        raise PullbackTypeError(message, program.loc, "write return result, aux")
    return result[0], result[1]


def _shape(type: Type) -> str:
    return ", ".join(str(d) for d in type.shape) + ("," if type.rank == 1 else "")


def _float_yields(program: Program) -> list[int]:
    """The yields that are float leaves of the result, in order of its leaves."""
    ys = program.function.body.yields
    return [k for k in tree.leaves(program.result) if isinstance(k, int) and ys[k].type.is_float]


def _with_yields(fn: Function, chosen: list[int]) -> Function:
    """A copy of `fn` with the yields `chosen`."""
    new = clone_function(fn)
    new.body.yields = [new.body.yields[k] for k in chosen]
    return new


def _number_adjoints(wrt: list[tuple[str, Any]], start: int) -> list[Any]:
    """Trees like the arguments, whose leaves number the adjoints from `start` (None stays None)."""
    count = iter(range(start, start + sum(len(_params(a)) for _, a in wrt)))
    return [tree.map_leaves(lambda k: next(count) if isinstance(k, int) else k, a) for _, a in wrt]


# -- the transforms -----------------------------------------------------------------------------------
def _raising(program: Program, transform: Transform, wrt: list[tuple[str, Any]]) -> Program:
    """The derivative of a function that always raises: it does, too."""
    extra: dict[str, Any] = {"vjp": {"cotangent": Static(None)}}.get(transform.kind, {})
    if transform.kind == "jvp":
        extra = {"tangents": tuple(tree.map_leaves(lambda _: Static(None), a) for _, a in wrt)}
    args, names = (*program.args, *extra.values()), (*program.arg_names, *extra)
    return _with_result(replace(program, args=args, arg_names=names), Static(None))


def _grad(program: Program, transform: Transform, wrt: list[tuple[str, Any]], first: bool) -> Program:
    result, aux = program.result, None
    if transform.has_aux:
        result, aux = _with_aux(program)
    scalar = _scalar_yield(program, result, transform.kind)
    if first:
        _require_path(program, wrt, [scalar], each=True)
    aux_yields = [k for k in tree.leaves(aux) if isinstance(k, int)]
    params = [k for _, a in wrt for k in _params(a)]
    value = transform.has_aux or transform.kind == "value_and_grad"
    fn = _with_yields(program.function, [scalar, *aux_yields])
    fn = pipeline.reverse(fn, params, value=value, seed_params=False, results=[0])
    grads = _number_adjoints(wrt, (1 + len(aux_yields)) if value else 0)
    gradient = grads[0] if transform.single else tuple(grads)
    renumbered = {k: 1 + n for n, k in enumerate(aux_yields)}
    aux = tree.map_leaves(lambda k: renumbered[k] if isinstance(k, int) else k, aux)
    out: Any
    if transform.kind == "value_and_grad":
        out = ((0, aux), gradient) if transform.has_aux else (0, gradient)
    else:
        out = (gradient, aux) if transform.has_aux else gradient
    return _with_result(replace(program, function=fn), out)


def _vjp(program: Program, transform: Transform, wrt: list[tuple[str, Any]], first: bool) -> Program:
    if transform.has_aux:
        program = replace(program, result=_with_aux(program)[0])
    chosen = _float_yields(program)
    if not chosen:
        raise PullbackTypeError(f"{program.function.name} returns no float to differentiate", program.loc)
    _require_known_shapes(program, chosen)
    if first:
        _require_path(program, wrt, chosen, each=False)
    params = [k for _, a in wrt for k in _params(a)]
    n = len(program.function.params)
    fn = pipeline.reverse(_with_yields(program.function, chosen), params, value=False, seed_params=True)
    seeds = {k: n + i for i, k in enumerate(chosen)}
    cotangent = tree.map_leaves(lambda k: seeds.get(k, Static(None)), program.result)
    out = tuple(_number_adjoints(wrt, 0))
    program = replace(
        program,
        function=fn,
        args=(*program.args, cotangent),
        arg_names=(*program.arg_names, "cotangent"),
    )
    return _with_result(program, out)


def _jvp(program: Program, transform: Transform, wrt: list[tuple[str, Any]], first: bool) -> Program:
    chosen = _float_yields(program)
    if first and chosen:
        _require_path(program, wrt, chosen, each=False)
    elif not chosen:
        raise PullbackTypeError(f"{program.function.name} returns no float to differentiate", program.loc)
    params = [k for _, a in wrt for k in _params(a)]
    n, m = len(program.function.params), len(program.function.body.yields)
    others = [k for k in range(m) if k not in chosen]
    fn = pipeline.forward(_with_yields(program.function, chosen + others), params)
    dots = {k: m + i for i, k in enumerate(chosen)}
    values = {k: i for i, k in enumerate(chosen + others)}

    def tangent_of(leaf: Any) -> Any:
        if isinstance(leaf, int):
            return dots.get(leaf, Static(None))
        constant = leaf.value
        return Static(type(constant)(0.0) if isinstance(constant, (float, np.floating)) else None)

    tangent = tree.map_leaves(tangent_of, program.result)
    value = tree.map_leaves(lambda k: values[k] if isinstance(k, int) else k, program.result)
    tangents = tuple(_number_adjoints(wrt, n))
    program = replace(
        program,
        function=fn,
        args=(*program.args, tangents),
        arg_names=(*program.arg_names, "tangents"),
    )
    return _with_result(program, (value, tangent) if transform.value else tangent)


def _require_known_shapes(program: Program, yields: list[int]) -> None:
    for k in yields:
        if any(d.has_values for d in program.function.body.yields[k].type.shape):
            raise UnknownShapeError(
                f"the shape of the result of {program.function.name} depends on its data, so no cotangent "
                "can be given for it",
                _place(program, k),
                "reduce it to a scalar (np.sum) and use grad",
            )


def _with_result(program: Program, result: Any) -> Program:
    """The program with `result`, and only the yields that it names, one for each of its leaves."""
    body = program.function.body
    body.yields = [body.yields[k] for k in tree.leaves(result) if isinstance(k, int)]
    count = iter(range(len(body.yields)))
    result = tree.map_leaves(lambda k: next(count) if isinstance(k, int) else k, result)
    return replace(program, function=pipeline.array_passes(program.function), result=result)
