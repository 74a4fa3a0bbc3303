"""What the frontend builds for a call of a function with its own derivative rules (see `custom`).

The function becomes an IR function of its own, whose attributes name its rules, also IR functions:

    custom_vjp = (forward, backward)   forward: parameters -> results, residuals
                                       backward: residuals, cotangents of the float results
                                           -> a cotangent of every float parameter
    custom_jvp = rule                  parameters, tangents of the float parameters
                                           -> results, tangents of the float results

The parameters of the function are the run-time leaves of its arguments, then what the function or its rules
read from outside (`Outline.closed`): these have zero cotangents, and reach the backward function as residuals. The
rules give no derivative by them and by what `nondiff_argnums` names: the attribute ``constant`` has their numbers,
and differentiation by one of them is an error (`analysis.activity.require_derivatives`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

from .custom import Checkpointed, checkpoint, custom_jvp, custom_vjp, debug, segments
from .errors import PullbackTypeError, PullbackValueError, UnsupportedError
from .frontend.capture import bind, parameters
from .frontend.context import DeadCode, describe
from .frontend.merging import coerce
from .frontend.outline import (
    Made,
    Outline,
    Slot,
    call_key,
    call_made,
    extent_operands,
    is_runtime,
    leaves,
    map_leaves,
    parts_of,
    rebuilt,
)
from .frontend.segments import SQUARE_ROOT
from .frontend.values import (
    Array,
    DictValue,
    ListValue,
    RangeValue,
    RecordValue,
    UserFunction,
    is_number,
    is_scalar,
    is_static,
)
from .ir.nodes import Function, Loc, Operand, Region, Value
from .ir.types import Type
from .paths import of_named, of_value

Handler = Callable[[Any, list[Any], dict[str, Any]], Any]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """``pb.checkpoint(g)`` of a function `g` that is built here."""

    target: Any

    def __call__(self, *args: Any) -> Any:
        raise TypeError("known to the frontend only")


def match(obj: Any) -> Handler | None:
    """The handler of a callable of ours."""
    if isinstance(obj, custom_vjp):
        return lambda ctx, args, kwargs: _call_vjp(ctx, obj, args, kwargs)
    if isinstance(obj, custom_jvp):
        return lambda ctx, args, kwargs: _call_jvp(ctx, obj, args, kwargs)
    if isinstance(obj, Checkpointed):
        return lambda ctx, args, kwargs: _call_checkpointed(ctx, _captured(ctx, obj, "fun"), args, kwargs)
    if isinstance(obj, Marked):
        return lambda ctx, args, kwargs: _call_checkpointed(ctx, obj.target, args, kwargs)
    if isinstance(obj, _Inner):
        return obj.handler
    if obj is checkpoint:
        return _mark
    if obj is debug:
        return _debug
    if obj is segments:
        return _segments
    if obj is custom_vjp or obj is custom_jvp:
        return _made_inside
    return None


def _mark(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (fun,) = args or tuple(kwargs.values())
    return Marked(fun)


def _made_inside(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    raise UnsupportedError(
        "custom derivatives cannot be defined inside a differentiated function",
        ctx.loc,
        "define the function and its rule at module level, and pass what they need as arguments",
    )


def _captured(ctx: Any, obj: Any, name: str) -> Any:
    """A function that belongs to one of our objects."""
    path = of_named(obj) or of_value(obj)
    return ctx.capture_object(getattr(obj, name), path.attribute(name), name)


def _place(fn: Any, otherwise: Loc) -> Loc:
    code = getattr(inspect.unwrap(fn), "__code__", None)
    return Loc(code.co_filename, code.co_firstlineno) if code is not None else otherwise


def _bound(ctx: Any, fn: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments by position, defaults filled in."""
    if isinstance(fn, UserFunction) and not fn.bound:
        source, defaults, _ = ctx.function_source(fn)
        found = parameters(source.node, defaults)
        if found.vararg is None and found.kwarg is None:
            return list(bind(name, found, args, kwargs, ctx.loc, DictValue).values())
    if kwargs:
        raise PullbackTypeError(f"{name} takes positional arguments only here", ctx.loc, "pass them by position")
    return args


# -- functions under construction --------------------------------------------------------------------------
@final
@dataclass(eq=False)
class _Family:
    """A function and its rules, built for one call: they share symbols and what is read from outside."""

    ctx: Any
    name: str
    outlines: list[tuple[Outline, list[Operand]]] = field(default_factory=list)
    fresh: dict[Any, Any] = field(default_factory=dict)

    def outline(self, what: str) -> tuple[Outline, list[Operand]]:
        made = Outline(self.ctx, what, fresh=self.fresh)
        self.outlines.append((made, []))
        return self.outlines[-1]

    def outer(self) -> list[Value]:
        """Values of the enclosing functions that any of them reads."""
        mine = {v for o, _ in self.outlines for v in o.inside() | set(o.params)}
        found = dict.fromkeys(v for o, ys in self.outlines for v in o.free(ys))
        return [v for v in found if v not in mine]

    def extents(self, outer: list[Value]) -> list[str]:
        """Symbols that some of them has to be told."""
        return list(dict.fromkeys(s for o, _ in self.outlines for s in o.undefined_symbols(outer)))


def _build(ctx: Any, outline: Outline, fn: Any, args: list[Any], loc: Loc) -> Any:
    """The abstract result of ``fn(*args)`` inside an outline."""
    try:
        result = outline.build(lambda: ctx.call(fn, args, {}))
    except DeadCode:
        raise UnsupportedError(f"{outline.what} never returns", loc, "return a value on some path") from None
    outline.refuse_effects(loc)
    return result


def _conform(
    ctx: Any, outline: Outline, template: Any, types: Sequence[Type], value: Any, what: str, loc: Loc,
    wanted: Callable[[Type], bool], zeros: bool,
) -> dict[int, Operand]:  # fmt: skip
    """The operands of a value that must have the structure of `template`, by the Slots they stand for.

    Only Slots whose type is `wanted` count; `zeros`: None stands for zeros in a whole subtree.
    """
    out: dict[int, Operand] = {}
    same_shape = "give it the same shape"

    def zero(t: Type) -> Operand:
        made: Operand = ctx.b.emit("full", 0.0, shape=t.shape, dtype=t.dtype) if t.shape else ctx.constant(0.0)
        return made

    def leaf(slot: Slot, v: Any, path: str) -> None:
        t = types[slot.index]
        if not wanted(t):
            return
        if v is None and zeros:
            x = zero(t)
        elif isinstance(v, Array) or is_scalar(v):
            x = ctx.operand(v)
        else:
            raise PullbackTypeError(f"{path} has to be {t}, not {describe(v)}", loc, "see custom_vjp and custom_jvp")
        if x.type.rank != t.rank:
            raise PullbackValueError(f"{path} has to have the type {t}, not {x.type}", loc, same_shape)
        for a, d in zip(x.type.shape, t.shape, strict=True):
            if ctx.equal_extents(a, d) is False:
                raise PullbackValueError(f"{path} has to have the type {t}, not {x.type}", loc, same_shape)
            if ctx.equal_extents(a, d) is None:
                ctx.session.settle(a, d)
                have, needed = ctx.b.extent(a), ctx.b.extent(d)
                message = f"{path} has another shape than it should have: an extent is {{}} and not {{}}"
                ctx.check(ctx.b.emit("eq", have, needed), "ValueError", message, have, needed)
        if t.is_float != x.type.is_float and not (t.is_float and x.type.is_int and is_static(v)):
            raise PullbackTypeError(f"{path} has to have the dtype {t.dtype}, not {x.type.dtype}", loc, "convert it")
        if x.type.shape != t.shape:
            x = ctx.emit("reshape", x, shape=t.shape)
        out[slot.index] = coerce(ctx, x, t if not t.shape else Type(t.dtype, t.shape))

    def walk(have: Any, v: Any, path: str) -> None:
        if isinstance(have, Slot):
            leaf(have, v, path)
            return
        if v is None and zeros:
            for x in leaves(have):
                if isinstance(x, Slot):
                    leaf(x, None, path)
            return
        parts, given = parts_of(have), parts_of(v)
        if parts is None:
            return  # known at compile time: nothing to differentiate
        if given is None or type(have) is not type(v) or list(parts) != list(given):
            message = f"{path} has to have the structure of {describe(have)} of {len(parts)}, not {describe(v)}"
            raise PullbackTypeError(message, loc, "return the same tree")
        for k, x in parts.items():
            walk(x, given[k], f"{path}[{k!r}]")

    with outline.inside_region():
        walk(template, value, what)
    return out


def _numbered(outline: Outline, v: Any) -> Any:
    """An entered argument with Slots that number the parameters."""
    number = {p: k for k, p in enumerate(outline.params)}

    def leaf(x: Any) -> Any:
        value = x.cell.current if isinstance(x, Array) else x
        return Slot(number[value]) if isinstance(value, Value) and value in number else x

    return map_leaves(leaf, v)


def _split(args: Sequence[Any], nondiff: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """(differentiated, static) arguments."""
    return [a for k, a in enumerate(args) if k not in nondiff], [a for k, a in enumerate(args) if k in nondiff]


@final
@dataclass(slots=True, eq=False)
class _Pending:
    """A function whose rules are being built."""

    used: bool = False


def _names(ctx: Any, name: str, *ends: str) -> list[str]:
    return [ctx.session.new_callee(name + end) for end in ends]


def _shared(ctx: Any, obj: Any, fun: Any, args: list[Any], build: Callable[[list[str] | None], Made]) -> Any:
    """The call of a function that is built once for each type of its arguments.

    Rules often call the function itself. What they read from outside is part of its signature, and is known
    only when they have been built: a first time with the function in place, then again with calls of it.
    """
    key = call_key(ctx, obj, args)
    if key is None:
        return call_made(ctx, build(None), args)
    table = ctx.session.outlined
    made = table.get(key)
    if isinstance(made, _Pending):
        made.used = True
        return ctx.call(fun, args, {})
    if made is None:
        pending = table[key] = _Pending()
        try:
            made = table[key] = build(None)
            if pending.used:
                made = table[key] = build(made.names)
        except BaseException:
            table.pop(key, None)
            raise
    return call_made(ctx, made, args)


# -- custom_vjp ----------------------------------------------------------------------------------------
def _call_vjp(ctx: Any, obj: custom_vjp, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if obj.fwd is None or obj.bwd is None:
        raise UnsupportedError(
            f"no rule is defined for the custom_vjp function {obj.fun.__name__}",
            ctx.loc,
            f"call {obj.fun.__name__}.defvjp(fwd, bwd) before it is used",
        )
    fun, fwd, bwd = (_captured(ctx, obj, n) for n in ("fun", "fwd", "bwd"))
    name = obj.fun.__name__
    args = _bound(ctx, fun, name, args, kwargs)
    rule = _Vjp(name, fun, fwd, bwd, _place(obj.fwd, ctx.loc), _place(obj.bwd, ctx.loc), obj.nondiff_argnums)
    return _shared(ctx, obj, fun, args, lambda names: _build_vjp(ctx, rule, args, names))


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Vjp:
    """A function with a rule, as abstract callables."""

    name: str
    fun: Any
    fwd: Any
    bwd: Any
    fwd_loc: Loc
    bwd_loc: Loc
    nondiff: tuple[int, ...] = ()
    linear: bool = False  # the function is the identity, and forward mode passes through


def _build_vjp(ctx: Any, rule: _Vjp, args: list[Any], names: list[str] | None) -> Made:
    family = _Family(ctx, rule.name)
    primal, primal_ys = family.outline(rule.name)
    entered = [primal.enter(a) for a in args]
    numbered = [_numbered(primal, a) for a in entered]
    result = _build(ctx, primal, rule.fun, entered, ctx.loc)
    aliases = primal.shares(result)
    template = primal.flatten(result, primal_ys)
    result_types = [y.type for y in primal_ys]

    forward, forward_ys = family.outline(f"the forward rule of {rule.name}")
    entered = [forward.enter(a) for a in args]
    pair = _build(ctx, forward, rule.fwd, list(entered), rule.fwd_loc)
    if type(pair) is not tuple or len(pair) != 2:
        raise PullbackTypeError(
            f"the forward rule of {rule.name} has to return a pair (out, residuals), not {describe(pair)}",
            rule.fwd_loc,
            "return out, residuals",
        )
    given = _conform(
        ctx, forward, template, result_types, pair[0], f"out of the forward rule of {rule.name}", rule.fwd_loc,
        lambda t: True, False,
    )  # fmt: skip
    forward_ys += [given[k] for k in range(len(result_types))]
    n_results = len(forward_ys)
    static = _split(entered, rule.nondiff)[1]
    kept = forward.flatten((pair[1], *static), forward_ys)

    backward, backward_ys = family.outline(f"the reverse rule of {rule.name}")
    inputs = [backward.input(y.type, getattr(y, "hint", "") or "residual") for y in forward_ys[n_results:]]
    residual, *static = rebuilt(kept, [None] * n_results + [backward.abstract(v) for v in inputs])
    cotangents = {k: backward.abstract(backward.input(t, "out_adj")) for k, t in enumerate(result_types) if t.is_float}
    cotangent = map_leaves(lambda x: cotangents.get(x.index) if isinstance(x, Slot) else None, template)
    out = _build(ctx, backward, rule.bwd, [*static, residual, cotangent], rule.bwd_loc)
    backward_ys += _cotangents(ctx, backward, rule, primal, numbered, out)

    outer = family.outer()
    with backward.inside_region():
        for v in outer:
            if v.type.is_float:
                backward_ys.append(_zeros(ctx, v.type))
    extents = family.extents(outer)
    with forward.inside_region():
        forward_ys += [*outer, *extent_operands(ctx, extents)]
    session = ctx.session
    names = names or _names(ctx, rule.name, "_custom", "_fwd", "_bwd")
    fn = primal.closed(names[0], primal_ys, outer, extents)
    session.callees[names[0]] = fn
    session.callees[names[1]] = forward.closed(names[1], forward_ys, outer, extents)
    session.callees[names[2]] = backward.closed(names[2], backward_ys, outer, extents, before=len(inputs))
    fn.attrs["custom_vjp"] = (names[1], names[2])
    if rule.linear:
        fn.attrs["custom_jvp"] = _identity_jvp(ctx, rule.name, fn)
    else:
        fn.attrs["constant"] = _constant(fn, numbered, rule.nondiff, outer)
    return Made(fn, template, outer, extents, aliases and not rule.linear, names)


def _constant(fn: Function, numbered: list[Any], nondiff: tuple[int, ...], outer: list[Value]) -> tuple[int, ...]:
    """The float parameters of a function by which its rule gives no derivative."""
    given = [x.index for a in _split(numbered, nondiff)[1] for x in leaves(a) if isinstance(x, Slot)]
    first = 1 + max((x.index for a in numbered for x in leaves(a) if isinstance(x, Slot)), default=-1)
    return tuple(k for k in (*given, *range(first, first + len(outer))) if fn.params[k].type.is_float)


def _zeros(ctx: Any, t: Type) -> Operand:
    x: Operand = ctx.b.emit("full", 0.0, shape=t.shape, dtype=t.dtype) if t.shape else ctx.constant(0.0)
    return x


def _cotangents(
    ctx: Any, backward: Outline, rule: _Vjp, primal: Outline, numbered: list[Any], out: Any
) -> list[Operand]:
    """The cotangents that the reverse rule returns, one for each float parameter."""
    wrt, _ = _split(numbered, rule.nondiff)
    what = f"the reverse rule of {rule.name}"
    if isinstance(out, ListValue):
        out = tuple(out.items)
    if type(out) is not tuple or len(out) != len(wrt):
        count = f"a tuple of {len(out)}" if type(out) is tuple else describe(out)
        raise PullbackTypeError(
            f"{what} has to return a tuple with a cotangent for each of the {len(wrt)} differentiated arguments, "
            f"not {count}",
            rule.bwd_loc,
            "return a tuple, with a comma behind a single cotangent: return x_bar,",
        )
    types = [p.type for p in primal.params]
    found: dict[int, Operand] = {}
    for k, (have, v) in enumerate(zip(wrt, out, strict=True)):
        found |= _conform(
            ctx, backward, have, types, v, f"cotangent {k} of {what}", rule.bwd_loc, lambda t: t.is_float, True
        )
    with backward.inside_region():
        return [found[k] if k in found else _zeros(ctx, t) for k, t in enumerate(types) if t.is_float]


# -- custom_jvp ----------------------------------------------------------------------------------------
def _call_jvp(ctx: Any, obj: custom_jvp, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if obj.rule is None:
        raise UnsupportedError(
            f"no rule is defined for the custom_jvp function {obj.fun.__name__}",
            ctx.loc,
            f"call {obj.fun.__name__}.defjvp(rule) before it is used",
        )
    fun, rule = _captured(ctx, obj, "fun"), _captured(ctx, obj, "rule")
    name, loc = obj.fun.__name__, _place(obj.rule, ctx.loc)
    args = _bound(ctx, fun, name, args, kwargs)
    build = lambda names: _build_jvp(ctx, name, fun, rule, loc, obj.nondiff_argnums, args, names)
    return _shared(ctx, obj, fun, args, build)


def _build_jvp(
    ctx: Any, name: str, fun: Any, rule: Any, loc: Loc, nondiff: tuple[int, ...], args: list[Any],
    names: list[str] | None,
) -> Made:  # fmt: skip
    family = _Family(ctx, name)
    primal, primal_ys = family.outline(name)
    entered = [primal.enter(a) for a in args]
    numbered = [_numbered(primal, a) for a in entered]
    result = _build(ctx, primal, fun, entered, ctx.loc)
    aliases = primal.shares(result)
    template = primal.flatten(result, primal_ys)
    result_types = [y.type for y in primal_ys]
    types = [p.type for p in primal.params]

    tangent, tangent_ys = family.outline(f"the rule of {name}")
    primals, static = _split([tangent.enter(a) for a in args], nondiff)
    dots = {k: tangent.abstract(tangent.input(t, f"{p.hint}_dot")) for k, (p, t) in
            enumerate(zip(primal.params, types, strict=True)) if t.is_float}  # fmt: skip
    tangents = map_leaves(
        lambda x: dots.get(x.index) if isinstance(x, Slot) else None, tuple(_split(numbered, nondiff)[0])
    )
    pair = _build(ctx, tangent, rule, [*static, tuple(primals), tangents], loc)
    if type(pair) is not tuple or len(pair) != 2:
        raise PullbackTypeError(
            f"the rule of {name} has to return a pair (out, tangent), not {describe(pair)}", loc, "return out, out_dot"
        )
    for part, every in zip(pair, (True, False), strict=True):
        what = f"{'out' if every else 'the tangent'} of the rule of {name}"
        wanted = (lambda t: True) if every else (lambda t: t.is_float)
        given = _conform(ctx, tangent, template, result_types, part, what, loc, wanted, not every)
        tangent_ys += [given[k] for k in range(len(result_types)) if k in given]

    outer = family.outer()
    for v in outer:
        if v.type.is_float:
            tangent.input(v.type, f"{v.hint}_dot")
    extents = family.extents(outer)
    session = ctx.session
    names = names or _names(ctx, name, "_custom", "_jvp_rule")
    fn = primal.closed(names[0], primal_ys, outer, extents)
    session.callees[names[0]] = fn
    session.callees[names[1]] = tangent.closed(names[1], tangent_ys, outer, extents, before=len(types))
    fn.attrs["custom_jvp"] = names[1]
    fn.attrs["constant"] = _constant(fn, numbered, nondiff, outer)
    return Made(fn, template, outer, extents, aliases, names)


# -- checkpoint ----------------------------------------------------------------------------------------
def _call_checkpointed(ctx: Any, fun: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A plain call: its reverse runs the forward sweep of the callee again."""
    name = str(getattr(fun, "name", None) or getattr(fun, "__name__", "checkpointed"))
    if isinstance(fun, UserFunction) and fun.fn is not None:
        name = fun.fn.__name__
    named = DictValue(dict(kwargs))
    key = call_key(ctx, (checkpoint, fun.fn), [*args, named]) if _plain(fun) else None
    made = ctx.session.outlined.get(key) if key is not None else None
    if made is None:
        body = Outline(ctx, f"the checkpointed function {name}")
        entered = [body.enter(a) for a in args]
        entered_kwargs = {k: body.enter(v) for k, v in kwargs.items()}
        try:
            result = body.build(lambda: ctx.call(fun, entered, entered_kwargs))
        except DeadCode:
            return ctx.call(fun, args, kwargs)
        body.refuse_effects(ctx.loc)
        ys: list[Operand] = []
        template = body.flatten(result, ys)
        outer = body.free(ys)
        extents = body.undefined_symbols(outer)
        fn = body.closed(ctx.session.new_callee(f"{name}_checkpoint"), ys, outer, extents)
        fn.attrs["checkpoint"] = True
        ctx.session.callees[fn.name] = fn
        made = Made(fn, template, outer, extents, body.shares(result))
        if key is not None and not any(v.op is not None for v in outer):
            ctx.session.outlined[key] = made
    return call_made(ctx, made, [*args, named])


def _plain(fun: Any) -> bool:
    return isinstance(fun, UserFunction) and fun.fn is not None and not fun.bound and not fun.bound_kwargs


# -- segments ------------------------------------------------------------------------------------------
def _segments(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = dict(zip(("steps", "length"), args, strict=False)) | kwargs
    steps, length = given.get("steps"), given.get("length")
    if len(args) > 2 or not set(given) <= {"steps", "length"} or not isinstance(steps, RangeValue):
        raise PullbackTypeError(
            "segments takes a range and the length of a segment", ctx.loc, "write for t in pb.segments(range(n)):"
        )
    if length is not None and is_number(length) and length < 1:
        raise PullbackValueError("the length of segments must be positive", ctx.loc)
    return replace(steps, segment=SQUARE_ROOT if length is None else length)


# -- debug ---------------------------------------------------------------------------------------------
def _debug(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    given = dict(zip(("x", "hook"), args, strict=False)) | kwargs
    if len(args) > 2 or set(given) != {"x", "hook"}:
        raise PullbackTypeError("debug takes a value and a hook", ctx.loc, "write x = pb.debug(x, hook)")
    x, hook = given["x"], given["hook"]
    if isinstance(x, (tuple, ListValue, DictValue, RecordValue)) or not (isinstance(x, Array) or is_scalar(x)):
        raise PullbackTypeError(
            f"debug takes a float array or a number, not {describe(x)}", ctx.loc, "call it for each array"
        )
    if not is_runtime(x) or not ctx.type(x).is_float:
        return x

    def fwd(c: Any, given: list[Any], _: dict[str, Any]) -> Any:
        return given[0], None

    def bwd(c: Any, given: list[Any], _: dict[str, Any]) -> Any:
        changed = c.call(hook, [given[1]], {})
        return (given[1] if changed is None else changed,)

    def identity(c: Any, given: list[Any], _: dict[str, Any]) -> Any:
        return given[0]

    place = getattr(hook, "loc", None) or (_place(hook.fn, ctx.loc) if getattr(hook, "fn", None) else ctx.loc)
    rule = _Vjp("debug", _Inner(identity), _Inner(fwd), _Inner(bwd), ctx.loc, place, linear=True)
    return call_made(ctx, _build_vjp(ctx, rule, [x], None), [x])


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Inner:
    """A rule of ours, called by the frontend like a function."""

    handler: Handler

    def __call__(self, *args: Any) -> Any:
        raise TypeError("known to the frontend only")


def _identity_jvp(ctx: Any, name: str, fn: Function) -> str:
    """The forward rule of the identity of the first parameter."""
    params = [Value(p.type, p.hint) for p in fn.params]
    dots = [Value(p.type, f"{p.hint}_dot") for p in fn.params if p.type.is_float]
    rule: str = ctx.session.new_callee(name + "_jvp_rule")
    ctx.session.callees[rule] = Function(rule, Region([*params, *dots], [], [params[0], dots[0]]))
    return rule
