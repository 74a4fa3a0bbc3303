"""Reductions and scans.

A rule takes the context ``c`` of its op: ``c.g`` the cotangent (broadcastable to the result),
``c.y`` and ``c.x(k)`` the primal values, ``c.op`` the op.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import constant
from ..ir.dims import ONE, Dim
from ..ir.nodes import Span
from ..ir.opdef import OpDef, register
from ..ir.types import INT, Type
from .expr import Context, E
from .infer import Attrs, Operands, accumulation, boolean_reduction, reduced_shape, reduction


def keep(c: Context, e: E) -> E:
    """`e`, which broadcasts to the result, with the reduced axes put back with extent 1."""
    t = c.op.operands[0].type
    if e.type.is_scalar:
        return e
    own = [ONE] * (c.op.result.type.rank - e.type.rank) + list(e.shape)
    axes = c.op.attrs["axes"]
    if c.op.attrs["keepdims"]:
        return e.reshape([ONE if k in axes else d for k, d in enumerate(own)])
    rest = iter(own)
    return e.reshape([ONE if k in axes else next(rest) for k in range(t.rank)])


def _evaluate(fn: Any) -> Any:
    def evaluate(attrs: Attrs, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return fn(x, axis=tuple(attrs["axes"]), keepdims=attrs["keepdims"])

    return evaluate


def _python(name: str) -> Any:
    def text(args: list[str], op: Any) -> str:
        axes, rank = op.attrs["axes"], op.operands[0].type.rank
        extra = ""
        if len(axes) != rank:
            extra += f", axis={axes[0] if len(axes) == 1 else tuple(axes)}"
        if op.attrs["keepdims"]:
            extra += ", keepdims=True"
        return f"np.{name}({args[0]}{extra})"

    return text


register(
    OpDef(
        "sum",
        "reduction",
        accumulation,
        _evaluate(np.sum),
        (lambda c: keep(c, c.g),),
        "linear",
        python=_python("sum"),
    )
)


def _extremum_share(c: Context) -> E:
    """One over the number of ties where x is the extremum, else 0."""
    x = c.x(0)
    hit = x.eq(keep(c, c.y))
    ones = hit.where(1.0, 0.0).cast(x.type.dtype)
    return ones / ones.sum(c.op.attrs["axes"], keepdims=True)


def _extremum_vjp(c: Context) -> E:
    return keep(c, c.g) * _extremum_share(c)


def _extremum_jvp(c: Context) -> E:
    return (c.dot(0) * _extremum_share(c)).sum(c.op.attrs["axes"], c.op.attrs["keepdims"])


for _name in ("max", "min"):
    register(
        OpDef(
            _name,
            "reduction",
            reduction,
            _evaluate(getattr(np, _name)),
            (_extremum_vjp,),
            _extremum_jvp,
            python=_python(_name),
            undefined="ties: shared equally",
        )
    )
for _name in ("any", "all"):
    register(
        OpDef(
            _name,
            "reduction",
            boolean_reduction,
            _evaluate(getattr(np, _name)),
            zero=True,
            python=_python(_name),
            sample="boolean",
        )
    )


# -- products: zero-safe, by products of what is before and after ----------------------------------
def _slab(x: E, axis: int, start: Dim) -> tuple[Any, ...]:
    return tuple(Span(start, ONE) if k == axis else Span(Dim.of(0), d) for k, d in enumerate(x.shape))


def _load(x: E, axis: int, at: Dim) -> E:
    return x._emit("load", x, index=_slab(x, axis, at))


def _loop(b: Any, n: Dim, carries: list[E], body: Any, backwards: bool = False) -> list[E]:
    """for k in range(n) (or downwards): carries = body(k, carries)."""
    lo, hi, step = (n - 1, Dim.of(-1), -1) if backwards else (Dim.of(0), n, 1)
    region = b.new_region([(INT, "k"), *[(c.type.strong, "") for c in carries]])
    bounds = [b.extent(lo), b.extent(hi), constant(step)]
    with b.into(region):
        out = body(Dim.of(region.params[0]), [E(b, p) for p in region.params[1:]])
        region.yields = [e.v for e in out]
    types = [c.type.strong for c in carries]
    op = b.op("for", *bounds, *[c.v for c in carries], attrs={"stop": False}, types=types, regions=[region])
    return [E(b, r) for r in op.results]


def _slab_ones(x: E, axis: int) -> E:
    shape = tuple(ONE if k == axis else d for k, d in enumerate(x.shape))
    return E(x.b, constant(1.0, Type(x.type.dtype))).broadcast_to(shape)


def _store(a: E, axis: int, at: Dim, v: E) -> E:
    return a._emit("store", a, v, index=_slab(a, axis, at))


def _empty_like(x: E) -> E:
    return E(x.b, x.b.emit("empty", shape=x.shape, dtype=x.type.dtype))


def products_of_others(x: E, axis: int) -> E:
    """out[i] = product of x[j] over j != i along the axis (no division, so zeros are harmless)."""
    b, n = x.b, x.shape[axis]
    x = E(b, x.v)

    def before(k: Dim, c: list[E]) -> list[E]:
        return [_store(c[0], axis, k, c[1]), c[1] * _load(x, axis, k)]

    prefix, _ = _loop(b, n, [_empty_like(x), _slab_ones(x, axis)], before)

    def after(k: Dim, c: list[E]) -> list[E]:
        return [_store(c[0], axis, k, _load(c[0], axis, k) * c[1]), c[1] * _load(x, axis, k)]

    return _loop(b, n, [prefix, _slab_ones(x, axis)], after, backwards=True)[0]


def _prod_factors(c: Context) -> E:
    """d prod / dx, one axis after the other."""
    x = E(c.b, c.x(0).v)
    axes = list(c.op.attrs["axes"])
    factor: E | None = None
    for axis in axes:
        others = products_of_others(x, axis)
        factor = others if factor is None else others * factor
        if axis != axes[-1]:
            x = E(c.b, c.b.emit("prod", x.v, axes=(axis,), keepdims=True))
    assert factor is not None
    return factor


def _prod_vjp(c: Context) -> E:
    if not c.op.attrs["axes"]:
        out: E = c.g
        return out
    return keep(c, c.g) * _chain_prod(c)


def _chain_prod(c: Context) -> E:
    """Products of the others over several axes: factors of later axes broadcast over earlier ones."""
    return _prod_factors(c)


def _prod_jvp(c: Context) -> E:
    if not c.op.attrs["axes"]:
        out: E = c.dot(0)
        return out
    return (c.dot(0) * _prod_factors(c)).sum(c.op.attrs["axes"], c.op.attrs["keepdims"])


register(OpDef("prod", "reduction", accumulation, _evaluate(np.prod), (_prod_vjp,), _prod_jvp, python=_python("prod")))


# -- argmax and scans ---------------------------------------------------------------------------------
def _arg_type(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type("i64", reduced_shape(xs[0].type.shape, (attrs["axis"],), attrs["keepdims"]))]


def _scan_type(xs: Operands, attrs: Attrs) -> list[Type]:
    return [Type(accumulation(xs, {"axes": (), "keepdims": False})[0].dtype, xs[0].type.shape)]


def _arg_python(name: str) -> Any:
    def text(args: list[str], op: Any) -> str:
        axis = f", axis={op.attrs['axis']}" if op.operands[0].type.rank > 1 else ""
        return f"np.{name}({args[0]}{axis}{', keepdims=True' if op.attrs['keepdims'] else ''})"

    return text


def _scan_python(name: str) -> Any:
    def text(args: list[str], op: Any) -> str:
        axis = f", axis={op.attrs['axis']}" if op.operands[0].type.rank > 1 else ""
        return f"np.{name}({args[0]}{axis})"

    return text


for _name, _fn in [("argmax", np.argmax), ("argmin", np.argmin)]:
    register(
        OpDef(
            _name,
            "reduction",
            _arg_type,
            lambda attrs, x, fn=_fn: fn(x, axis=attrs["axis"], keepdims=attrs["keepdims"]),
            zero=True,
            python=_arg_python(_name),
        )
    )


def flip(x: E, axis: int) -> E:
    index = tuple(Span(d - 1, d, -1) if k == axis else Span(Dim.of(0), d) for k, d in enumerate(x.shape))
    return x._emit("load", x, index=index)


def _cumsum_vjp(c: Context) -> E:
    axis = c.op.attrs["axis"]
    g = c.g_full
    backwards = flip(g, axis)
    return flip(backwards._emit("cumsum", backwards, axis=axis), axis)


register(
    OpDef(
        "cumsum",
        "reduction",
        _scan_type,
        lambda attrs, x: np.cumsum(x, axis=attrs["axis"]),
        (_cumsum_vjp,),
        "linear",
        python=_scan_python("cumsum"),
    )
)


def _cumprod_vjp(c: Context) -> E:
    """x_adj[k] = y[k-1] (g[k] + x[k+1] (g[k+1] + x[k+2] (...))), by a backward loop; no division."""
    axis, g, x = c.op.attrs["axis"], c.g_full, E(c.b, c.x(0).v)
    n = x.shape[axis]

    def forwards(k: Dim, s: list[E]) -> list[E]:
        return [_store(s[0], axis, k, s[1]), s[1] * _load(x, axis, k)]

    before, _ = _loop(c.b, n, [_empty_like(x), _slab_ones(x, axis)], forwards)

    def backwards(k: Dim, s: list[E]) -> list[E]:
        total = _load(E(c.b, g.v), axis, k) + s[1]
        return [_store(s[0], axis, k, _load(s[0], axis, k) * total), total * _load(x, axis, k)]

    return _loop(c.b, n, [before, _slab_ones(x, axis) * 0.0], backwards, backwards=True)[0]


def _cumprod_jvp(c: Context) -> E:
    axis, x, dx = c.op.attrs["axis"], E(c.b, c.x(0).v), E(c.b, c.dot(0).v)

    def step(k: Dim, s: list[E]) -> list[E]:
        dot = s[2] * _load(x, axis, k) + s[1] * _load(dx, axis, k)
        return [_store(s[0], axis, k, dot), s[1] * _load(x, axis, k), dot]

    ones = _slab_ones(x, axis)
    return _loop(c.b, x.shape[axis], [_empty_like(x), ones, ones * 0.0], step)[0]


register(
    OpDef(
        "cumprod",
        "reduction",
        _scan_type,
        lambda attrs, x: np.cumprod(x, axis=attrs["axis"]),
        (_cumprod_vjp,),
        _cumprod_jvp,
        python=_scan_python("cumprod"),
    )
)

__all__ = ["flip", "keep", "products_of_others"]
