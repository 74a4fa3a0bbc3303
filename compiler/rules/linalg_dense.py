"""Dense linear algebra: solutions of linear systems, inverses, determinants, factorizations.

- ``solve a, b``: x with ``a @ x == b``; ``a`` is a square matrix, ``b`` a vector or a matrix.
- ``solve_triangular a, b {lower, trans}``: the same with the lower (upper) triangle of ``a``, or with its
  transpose; the other triangle is not read.
- ``inv a``; ``det a``; ``logabsdet a`` = log(abs(det(a))); ``detsign a`` = sign(det(a)).
- ``cholesky a``: the lower triangular L with ``L @ L.T == a``; like NumPy's, it reads the lower triangle of a only,
  and the derivative is that of this function: zero for the elements above the diagonal.
- ``eigvalsh a``: the eigenvalues in ascending order of the symmetric matrix whose lower triangle is that of
  ``a``; ``eigvecsh a``: the eigenvectors, in columns.

A singular or indefinite matrix raises `numpy.linalg.LinAlgError`, also in derivatives of `det`. The rules
are those of M. Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
differentiation* (2008), and for `cholesky` of I. Murray, *Differentiation of the Cholesky decomposition*
(2016). They are made of products, solutions and masks, so that they differentiate again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.builder import constant
from ..ir.dims import ONE
from ..ir.nodes import Operand
from ..ir.opdef import OpDef, register
from ..ir.types import Type, promote
from .expr import Context, E, square
from .infer import Attrs, Operands


# -- types ---------------------------------------------------------------------------------------------
def _square(a: Operand, what: str) -> None:
    if a.type.rank != 2 or a.type.shape[0] != a.type.shape[1]:
        shape = ", ".join(map(str, a.type.shape))
        raise ValueError(f"{what} needs a square matrix, not an array of shape ({shape})")
    if not a.type.is_float:
        raise TypeError(f"{what} needs floats, not {a.type.numpy}")


def _matrix_type(what: str) -> Any:
    def infer(xs: Operands, attrs: Attrs) -> list[Type]:
        _square(xs[0], what)
        return [xs[0].type]

    return infer


def _scalar_type(what: str) -> Any:
    def infer(xs: Operands, attrs: Attrs) -> list[Type]:
        _square(xs[0], what)
        return [Type(xs[0].type.dtype)]

    return infer


def _vector_type(xs: Operands, attrs: Attrs) -> list[Type]:
    _square(xs[0], "eigvalsh")
    return [Type(xs[0].type.dtype, xs[0].type.shape[:1])]


def _solve_type(xs: Operands, attrs: Attrs) -> list[Type]:
    a, b = xs[0], xs[1]
    _square(a, "solve")
    if b.type.rank not in (1, 2) or b.type.shape[0] != a.type.shape[0]:
        raise ValueError(f"solve: the right-hand side needs {a.type.shape[0]} rows")
    return [Type(promote([a.type, b.type])[0], b.type.shape)]


# -- masks ---------------------------------------------------------------------------------------------
def _places(x: E) -> tuple[E, E]:
    """The row and the column of every element of a matrix, as a column and a row of integers."""
    n, m = x.shape
    rows, columns = (E(x.b, x.b.emit("iota", 0, 1, size=d, dtype="i64")) for d in (n, m))
    return rows.reshape([n, ONE]), columns.reshape([ONE, m])


def triangle(x: E, lower: bool = True) -> E:
    """The matrix with zeros beyond the lower (upper) triangle."""
    row, column = _places(x)
    return (row >= column if lower else row <= column).where(x, 0.0)


def halved(x: E) -> E:
    """The lower triangle with half the diagonal: ``halved(x) + halved(x).T`` has the lower triangle of x."""
    row, column = _places(x)
    return (row > column).where(x, row.eq(column).where(x * 0.5, 0.0))


def symmetric(x: E) -> E:
    """The symmetric matrix with the lower triangle of x."""
    half = halved(x)
    return half + half.mT


def _outer(a: E, b: E) -> E:
    """``a @ b.T`` of two matrices, or of two vectors as columns."""
    if a.type.rank == 1:
        return a.expand(1) * b.expand(0)
    return a @ b.mT


# -- solutions -----------------------------------------------------------------------------------------
def _solve(a: E, b: E) -> E:
    return a._emit("solve", a, b)


def solve_triangular(a: E, b: E, lower: bool = True, trans: bool = False) -> E:
    return a._emit("solve_triangular", a, b, lower=lower, trans=trans)


def _solve_b(c: Context) -> E:
    return _solve(c.x(0).mT, c.g_full)


def _solve_a(c: Context) -> E:
    return -_outer(_solve_b(c), c.y)


def _solve_jvp(c: Context) -> E:
    a = c.x(0)
    if not c.active(0):
        return _solve(a, c.dot(1))
    moved = c.dot(0) @ c.y
    return _solve(a, c.dot(1) - moved if c.active(1) else -moved)


def _triangular_b(c: Context) -> E:
    return solve_triangular(c.x(0), c.g_full, c.op.attrs["lower"], not c.op.attrs["trans"])


def _triangular_a(c: Context) -> E:
    x, y = _triangular_b(c), c.y
    return -triangle(_outer(y, x) if c.op.attrs["trans"] else _outer(x, y), c.op.attrs["lower"])


def _triangular_jvp(c: Context) -> E:
    lower, trans = c.op.attrs["lower"], c.op.attrs["trans"]
    change = c.dot(1)
    if c.active(0):
        turned = triangle(c.dot(0), lower)
        moved = (turned.mT if trans else turned) @ c.y
        change = change - moved if c.active(1) else -moved
    return solve_triangular(c.x(0), change, lower, trans)


def _evaluate_triangular(attrs: Attrs, a: Any, b: Any) -> Any:
    a = np.tril(a) if attrs["lower"] else np.triu(a)
    return np.linalg.solve(a.T if attrs["trans"] else a, b)


def _triangular_python(args: list[str], op: Any) -> str:
    part = f"np.{'tril' if op.attrs['lower'] else 'triu'}({args[0]})"
    return f"np.linalg.solve({part}{'.T' if op.attrs['trans'] else ''}, {args[1]})"


register(
    OpDef(
        "solve", "linalg", _solve_type, lambda attrs, a, b: np.linalg.solve(a, b), (_solve_a, _solve_b), _solve_jvp,
        python="np.linalg.solve({0}, {1})", cost=1000, sample="invertible", undefined="singular: raises",
    )
)  # fmt: skip
register(
    OpDef(
        "solve_triangular", "linalg", _solve_type, _evaluate_triangular, (_triangular_a, _triangular_b),
        _triangular_jvp, python=_triangular_python, cost=1000, sample="invertible", undefined="singular: raises",
    )
)  # fmt: skip


# -- inverse and determinant ---------------------------------------------------------------------------
def _inv(a: E) -> E:
    return a._emit("inv", a)


def _register_determinant(name: str, evaluate: Any, python: str, scale: Any) -> None:
    """A function of the determinant whose derivative by ``a`` is ``scale(y) * inv(a).T``."""

    def vjp(c: Context) -> E:
        factor: E = scale(c.g, c.y)
        return factor * _inv(c.x(0)).mT

    def jvp(c: Context) -> E:
        slope = (_inv(c.x(0)).mT * c.dot(0)).sum()
        out: E = scale(slope, c.y)
        return out

    register(
        OpDef(
            name, "linalg", _scalar_type(name), evaluate, (vjp,), jvp, python=python, cost=1000, sample="invertible",
            undefined="singular: the derivative raises",
        )
    )  # fmt: skip


register(
    OpDef(
        "inv", "linalg", _matrix_type("inv"), lambda attrs, a: np.linalg.inv(a),
        (lambda c: -(c.y.mT @ c.g_full @ c.y.mT),), lambda c: -(c.y @ c.dot(0) @ c.y),
        python="np.linalg.inv({0})", cost=1000, sample="invertible", undefined="singular: raises",
    )
)  # fmt: skip
_register_determinant("det", lambda attrs, a: np.linalg.det(a), "np.linalg.det({0})", lambda g, y: g * y)
_register_determinant(
    "logabsdet", lambda attrs, a: np.linalg.slogdet(a)[1], "np.linalg.slogdet({0})[1]", lambda g, y: g
)
register(
    OpDef(
        "detsign", "linalg", _scalar_type("detsign"), lambda attrs, a: np.linalg.slogdet(a)[0], zero=True,
        python="np.linalg.slogdet({0})[0]", cost=1000, sample="invertible",
    )
)  # fmt: skip


# -- Cholesky ------------------------------------------------------------------------------------------
def _cholesky_vjp(c: Context) -> E:
    root = c.y
    inner = halved(root.mT @ triangle(c.g_full))
    half = solve_triangular(root, inner, trans=True)
    both = solve_triangular(root, half.mT, trans=True)
    return halved(both + both.mT)


def _cholesky_jvp(c: Context) -> E:
    root = c.y
    half = solve_triangular(root, symmetric(c.dot(0)))
    return root @ halved(solve_triangular(root, half.mT))


register(
    OpDef(
        "cholesky", "linalg", _matrix_type("cholesky"), lambda attrs, a: np.linalg.cholesky(a), (_cholesky_vjp,),
        _cholesky_jvp, python="np.linalg.cholesky({0})", cost=1000, sample="definite",
        undefined="not positive definite: raises",
    )
)  # fmt: skip


# -- symmetric eigenvalues -----------------------------------------------------------------------------
def _eigenvectors(c: Context) -> E:
    a = c.x(0)
    return a._emit("eigvecsh", E(a.b, a.v))


def _eigvals_vjp(c: Context) -> E:
    v = _eigenvectors(c)
    full = (v * c.g_full.expand(0)) @ v.mT
    return halved(full + full.mT)


def _eigvals_jvp(c: Context) -> E:
    v = _eigenvectors(c)
    return (v * (symmetric(c.dot(0)) @ v)).sum([0])


def over_gaps(x: E, gap: E, values: E, factor: E | None = None) -> E:
    """``x / (gap * factor)`` off the diagonal, 0 on it, for gaps between `values`. It is infinite where a gap is not
    larger than the rounding errors of the values, which would be what is given; where x is 0 there, it is 0."""
    row, column = _places(gap)
    same = row.eq(column)
    noise = square(values).sum() * (8 * float(np.finfo(values.type.numpy).eps)) ** 2
    lost = x.eq(0.0).where(gap, (square(gap) <= noise).where(0.0, gap))
    lost = lost if factor is None else lost * factor
    one = E(x.b, constant(1.0, Type(x.type.dtype)))
    return same.where(0.0, x * (one / same.where(1.0, lost)))


def _over_gaps(c: Context, x: E) -> E:
    a = c.x(0)
    w = a._emit("eigvalsh", E(a.b, a.v))
    return over_gaps(x, w.expand(0) - w.expand(1), w)


def _eigvecs_vjp(c: Context) -> E:
    v = c.y
    full = v @ _over_gaps(c, v.mT @ c.g_full) @ v.mT
    return halved(full + full.mT)


def _eigvecs_jvp(c: Context) -> E:
    v = c.y
    return v @ _over_gaps(c, v.mT @ symmetric(c.dot(0)) @ v)


register(
    OpDef(
        "eigvalsh", "linalg", _vector_type, lambda attrs, a: np.linalg.eigvalsh(a), (_eigvals_vjp,), _eigvals_jvp,
        python="np.linalg.eigvalsh({0})", cost=1000, sample="definite",
        undefined="equal eigenvalues: those of the computed eigenvectors",
    )
)  # fmt: skip
register(
    OpDef(
        "eigvecsh", "linalg", _matrix_type("eigh"), lambda attrs, a: np.linalg.eigh(a)[1], (_eigvecs_vjp,),
        _eigvecs_jvp, python="np.linalg.eigh({0})[1]", cost=1000, sample="definite",
        undefined="eigenvalues equal but for rounding: infinite or NaN",
    )
)  # fmt: skip
