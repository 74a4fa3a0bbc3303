"""QR factors, singular values and vectors, pseudo-inverses.

- ``qr_q a``, ``qr_r a``: the factors of ``a == q @ r`` for a matrix with at least as many rows as columns; ``q`` has
  the shape of ``a``, ``r`` is square and upper triangular.
- ``svdvals a``: the singular values, descending; ``svd_u a``, ``svd_vh a``: the singular vectors, as many as values.
- ``pinv a, r``: the pseudo-inverse; singular values up to ``r`` times the largest one count as zero.

Signs are those of LAPACK. The derivatives of singular vectors are those of Townsend, *Differentiating the singular
value decomposition* (2016); of QR those of Walter and Lehmann, *Algorithmic differentiation of linear algebra
functions* (2018); of the pseudo-inverse those of Golub and Pereyra (1973), for a rank that does not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import constant
from ..ir.nodes import Operand
from ..ir.opdef import OpDef, register
from ..ir.types import Type
from .expr import Context, E
from .infer import Attrs, Operands
from .linalg_dense import _places, over_gaps, solve_triangular, triangle


# -- types ---------------------------------------------------------------------------------------------
def _matrix(a: Operand, what: str) -> tuple[Any, Any]:
    if a.type.rank != 2:
        raise ValueError(f"{what} needs a matrix, not an array of rank {a.type.rank}")
    if not a.type.is_float:
        raise TypeError(f"{what} needs floats, not {a.type.numpy}")
    rows, columns = a.type.shape
    return rows, columns


def _type(what: str, shape: Any) -> Any:
    def infer(xs: Operands, attrs: Attrs) -> list[Type]:
        rows, columns = _matrix(xs[0], what)
        return [Type(xs[0].type.dtype, tuple(shape(rows, columns)))]

    return infer


def _inverse_of(c: Context, x: E) -> E:
    return E(c.b, constant(1.0, Type(x.type.dtype))) / x


# -- QR --------------------------------------------------------------------------------------------------
def _of_same(c: Context, opcode: str) -> E:
    """Another factor of the operand."""
    a = c.x(0)
    return a._emit(opcode, E(a.b, a.v))


def _lower_part(m: E) -> E:
    """The lower triangle, mirrored."""
    row, column = _places(m)
    return (row >= column).where(m, m.mT)


def _qr_pullback(q: E, r: E, q_adj: E | None, r_adj: E | None) -> E:
    inner = None
    if r_adj is not None:
        inner = r @ r_adj.mT
    if q_adj is not None:
        rotation = q_adj.mT @ q
        inner = inner - rotation if inner is not None else -rotation
    assert inner is not None
    total = q @ _lower_part(inner)
    total = total + q_adj if q_adj is not None else total
    return solve_triangular(r, total.mT, lower=False).mT


def _rotation(q: E, r: E, dot: E) -> tuple[E, E]:
    """The change of a in the frame of q, divided by r, and its skew part that turns q."""
    inside = solve_triangular(r, dot.mT, lower=False, trans=True).mT
    frame = q.mT @ inside
    below = triangle(frame)
    row, column = _places(frame)
    strict = row.eq(column).where(0.0, below)
    return inside, strict - strict.mT


def _qr_q_jvp(c: Context) -> E:
    q, r = c.y, _of_same(c, "qr_r")
    inside, skew = _rotation(q, r, c.dot(0))
    return inside - q @ (q.mT @ inside) + q @ skew


def _qr_r_jvp(c: Context) -> E:
    q, r = _of_same(c, "qr_q"), c.y
    inside, skew = _rotation(q, r, c.dot(0))
    return triangle((q.mT @ inside - skew) @ r, lower=False)


register(
    OpDef(
        "qr_q", "linalg", _type("qr_q", lambda m, n: (m, n)), lambda attrs, a: np.linalg.qr(a)[0],
        (lambda c: _qr_pullback(c.y, _of_same(c, "qr_r"), c.g_full, None),), _qr_q_jvp,
        python="np.linalg.qr({0})[0]", cost=1000, sample="normal", undefined="linearly dependent columns: raises",
    )
)  # fmt: skip
register(
    OpDef(
        "qr_r", "linalg", _type("qr_r", lambda m, n: (n, n)), lambda attrs, a: np.linalg.qr(a)[1],
        (lambda c: _qr_pullback(_of_same(c, "qr_q"), c.y, None, triangle(c.g_full, lower=False)),), _qr_r_jvp,
        python="np.linalg.qr({0})[1]", cost=1000, sample="normal", undefined="linearly dependent columns: raises",
    )
)  # fmt: skip


# -- singular values -----------------------------------------------------------------------------------------
def _values_vjp(c: Context) -> E:
    u, vh = _of_same(c, "svd_u"), _of_same(c, "svd_vh")
    return (u * c.g_full.expand(0)) @ vh


def _values_jvp(c: Context) -> E:
    u, vh = _of_same(c, "svd_u"), _of_same(c, "svd_vh")
    return (u * (c.dot(0) @ vh.mT)).sum([0])


def _over_gaps(x: E, s: E) -> E:
    """``x / (s[j]**2 - s[i]**2)`` off the diagonal, 0 on it."""
    across, down = s.expand(0), s.expand(1)
    return over_gaps(x, across - down, s, across + down)


def _left_vjp(c: Context) -> E:
    u, s, vh, g = c.y, _of_same(c, "svdvals"), _of_same(c, "svd_vh"), c.g_full
    inner = u.mT @ g
    turned = _over_gaps(inner - inner.mT, s) * s.expand(0)
    beyond = (g - u @ inner) * _inverse_of(c, s).expand(0)
    return (u @ turned + beyond) @ vh


def _right_vjp(c: Context) -> E:
    u, s, vh, g = _of_same(c, "svd_u"), _of_same(c, "svdvals"), c.y, c.g_full
    inner = vh @ g.mT
    turned = s.expand(1) * _over_gaps(inner - inner.mT, s)
    beyond = _inverse_of(c, s).expand(1) * (g - inner.mT @ vh)
    return u @ (turned @ vh + beyond)


def _left_jvp(c: Context) -> E:
    u, s, vh, dot = c.y, _of_same(c, "svdvals"), _of_same(c, "svd_vh"), c.dot(0)
    moved = dot @ vh.mT
    frame = u.mT @ moved
    turned = _over_gaps(frame * s.expand(0) + s.expand(1) * frame.mT, s)
    beyond = (moved - u @ frame) * _inverse_of(c, s).expand(0)
    return u @ turned + beyond


def _right_jvp(c: Context) -> E:
    u, s, vh, dot = _of_same(c, "svd_u"), _of_same(c, "svdvals"), c.y, c.dot(0)
    moved = u.mT @ dot
    frame = moved @ vh.mT
    turned = _over_gaps(s.expand(1) * frame + frame.mT * s.expand(0), s)
    beyond = _inverse_of(c, s).expand(1) * (moved - frame @ vh)
    return turned.mT @ vh + beyond


def _thin(k: int) -> Any:
    return lambda attrs, a: np.linalg.svd(a, full_matrices=False)[k]


_EQUAL = "equal or zero singular values: infinite or NaN"
register(
    OpDef(
        "svdvals", "linalg", _type("svdvals", lambda m, n: (m.min(n),)),
        lambda attrs, a: np.linalg.svd(a, compute_uv=False), (_values_vjp,), _values_jvp,
        python="np.linalg.svd({0}, compute_uv=False)", cost=1000, sample="normal",
        undefined="equal singular values: those of the computed vectors",
    )
)  # fmt: skip
register(
    OpDef(
        "svd_u", "linalg", _type("svd_u", lambda m, n: (m, m.min(n))), _thin(0), (_left_vjp,), _left_jvp,
        python="np.linalg.svd({0}, full_matrices=False)[0]", cost=1000, sample="normal", undefined=_EQUAL,
    )
)  # fmt: skip
register(
    OpDef(
        "svd_vh", "linalg", _type("svd_vh", lambda m, n: (m.min(n), n)), _thin(2), (_right_vjp,), _right_jvp,
        python="np.linalg.svd({0}, full_matrices=False)[2]", cost=1000, sample="normal", undefined=_EQUAL,
    )
)  # fmt: skip


# -- pseudo-inverse ------------------------------------------------------------------------------------------
def _pinv_vjp(c: Context) -> E:
    a, p, g = c.x(0), c.y, c.g_full
    turned = g.mT
    left = turned @ p @ p.mT
    right = p.mT @ p @ turned
    return left - a @ (p @ left) + right - (right @ p) @ a - p.mT @ g @ p.mT


def _pinv_jvp(c: Context) -> E:
    a, p, dot = c.x(0), c.y, c.dot(0)
    left = p @ p.mT @ dot.mT
    right = dot.mT @ p.mT @ p
    return left - (left @ a) @ p + right - p @ (a @ right) - p @ dot @ p


register(
    OpDef(
        "pinv", "linalg", _type("pinv", lambda m, n: (n, m)), lambda attrs, a, r: np.linalg.pinv(a, r),
        (_pinv_vjp, None), _pinv_jvp, python="np.linalg.pinv({0}, {1})", cost=1000, sample="normal",
        undefined="the rank changes: that of the computed rank",
    )
)  # fmt: skip
