"""Ops of the native level. `block` is a view; the others call the runtime, each into the memory of its first operand
after `inplace`.

- ``block a, i... {index}``: the load of elements that lie together (At, then one Span of step 1, then whole axes).
- ``gemm c, a, b, alpha, beta {trans_a, trans_b}`` => ``alpha * op(a) @ op(b) + beta * c``. ``c`` is not read where
  beta is 0. Matrices, a matrix and a vector, or stacks of matrices of rank 3.
- ``gemm_part c, a, b, alpha, beta {index_c, axes_c, ...}``: the same of a part of each array: one Span for every axis,
  of which two, `axes`, are rows and columns of the matrix and the others have one element.
- ``all_finite a {index, axes}`` => whether such a part has neither infinities nor NaN.
- ``sort_rows out, x`` => each row of the matrix ``x`` in ascending order, NaN last.
- ``argsort_rows out, x`` => the stable order of each row.
- ``solve_into out, a, b {trans}``, ``solve_triangular_into out, a, b {lower, trans}``, ``inv_into out, a``,
  ``cholesky_into``, ``eigvalsh_into``, ``eigvecsh_into``, ``qr_q_into``, ...
  => the result, and an integer that is 0 for success.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import indexing
from ..ir.indexing import indexed_shape
from ..ir.opdef import OpDef, register
from ..ir.types import BOOL, INT, Type


def _gemm(attrs: dict[str, Any], c: Any, a: Any, b: Any, alpha: Any, beta: Any) -> Any:
    a = np.swapaxes(a, -1, -2) if attrs["trans_a"] else a
    b = np.swapaxes(b, -1, -2) if attrs["trans_b"] else b
    with np.errstate(all="ignore"):
        product = np.matmul(a, b)
        product = product if alpha == 1 else alpha * product
        return (product if beta == 0 else product + beta * c).astype(c.dtype)


def _gemm_part(attrs: dict[str, Any], c: Any, a: Any, b: Any, alpha: Any, beta: Any) -> Any:
    def part(name: str, x: Any) -> Any:
        kept = tuple(
            slice(s.start, s.start + s.size) if k in attrs["axes_" + name] else s.start
            for k, s in enumerate(attrs["index_" + name])
        )
        return x[kept]

    rows, columns = (attrs["index_c"][k].size for k in attrs["axes_c"])
    inner = attrs["index_a"][attrs["axes_a"][not attrs["trans_a"]]].size
    c = c.copy()
    if rows and columns:
        into = part("c", c)
        if inner:
            into[...] = _gemm(attrs, into, part("a", a), part("b", b), alpha, beta)
        elif beta == 0:
            into[...] = 0
    return c


def _all_finite(attrs: dict[str, Any], a: Any) -> Any:
    kept = tuple(
        slice(s.start, s.start + max(s.size, 0)) if k in attrs["axes"] else s.start
        for k, s in enumerate(attrs["index"])
    )
    sizes = [attrs["index"][k].size for k in attrs["axes"]]
    return bool(min(sizes) <= 0 or np.isfinite(a[kept]).all())


def _block_type(xs: Any, attrs: dict[str, Any]) -> list[Type]:
    return [Type(xs[0].type.dtype, indexed_shape(xs[0].type.shape, attrs["index"], list(xs[1:])))]


register(OpDef("block", "index", _block_type, lambda attrs, a, *at: indexing.load(a, attrs["index"], at), cost=0))
register(OpDef("gemm", "linalg", lambda xs, attrs: [xs[0].type], _gemm, cost=1000))
register(OpDef("gemm_part", "linalg", lambda xs, attrs: [xs[0].type], _gemm_part, cost=1000))
register(OpDef("all_finite", "linalg", lambda xs, attrs: [BOOL], _all_finite, cost=1000))
for _name, _fn in (("sort_rows", np.sort), ("argsort_rows", np.argsort)):
    register(
        OpDef(
            _name,
            "linalg",
            lambda xs, attrs: [xs[0].type],
            lambda attrs, out, x, fn=_fn: fn(x, axis=-1, kind="stable"),
            cost=100,
        )
    )


def _attempt(function: Any) -> Any:
    def evaluate(attrs: dict[str, Any], out: Any, *xs: Any) -> Any:
        try:
            return np.asarray(function(attrs, *xs), out.dtype), 0
        except np.linalg.LinAlgError:
            return np.zeros_like(out), 1

    return evaluate


def _solve(attrs: dict[str, Any], a: Any, b: Any) -> Any:
    return np.linalg.solve(a.T if attrs["trans"] else a, b)


def _solve_triangular(attrs: dict[str, Any], a: Any, b: Any) -> Any:
    return _solve(attrs, np.tril(a) if attrs["lower"] else np.triu(a), b)


_DENSE = (
    ("solve", _solve),
    ("solve_triangular", _solve_triangular),
    ("inv", lambda attrs, a: np.linalg.inv(a)),
    ("cholesky", lambda attrs, a: np.linalg.cholesky(a)),
    ("eigvalsh", lambda attrs, a: np.linalg.eigvalsh(a)),
    ("eigvecsh", lambda attrs, a: np.linalg.eigh(a)[1]),
    ("qr_q", lambda attrs, a: np.linalg.qr(a)[0]),
    ("qr_r", lambda attrs, a: np.linalg.qr(a)[1]),
    ("svdvals", lambda attrs, a: np.linalg.svd(a, compute_uv=False)),
    ("svd_u", lambda attrs, a: np.linalg.svd(a, full_matrices=False)[0]),
    ("svd_vh", lambda attrs, a: np.linalg.svd(a, full_matrices=False)[2]),
    ("pinv", lambda attrs, a, r: np.linalg.pinv(a, r)),
)
for _name, _meaning in _DENSE:
    register(OpDef(f"{_name}_into", "linalg", lambda xs, attrs: [xs[0].type, INT], _attempt(_meaning), cost=1000))

_OTHERS = ("block", "gemm", "gemm_part", "all_finite", "sort_rows", "argsort_rows")
NATIVE_OPS = (*_OTHERS, *(f"{name}_into" for name, _ in _DENSE))
