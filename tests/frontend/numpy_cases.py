"""One row per call of the NumPy table: function, arguments, keyword arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from .numpy_programs import Run, data

A = data(np.float64, 3, 4)
F = data(np.float32, 3, 4)
K = data(np.int64, 3, 4)
V = data(np.float64, 4, seed=3)
W = data(np.float64, 5, seed=4)
C = data(np.float64, 2, 3, 4, seed=5)
S = data(np.float64, 4, 4, seed=6)
N = np.array([[1.0, np.nan, 2.0], [3.0, -1.0, np.nan]])

REDUCTIONS = [
    np.sum,
    np.prod,
    np.mean,
    np.max,
    np.min,
    np.any,
    np.all,
    np.var,
    np.std,
    np.ptp,
    np.amax,
    np.amin,
]
ROWS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []


def row(function: Any, *args: Any, **kwargs: Any) -> None:
    ROWS.append((function, args, kwargs))


for _f in REDUCTIONS:
    for _x in (A, F, K, V.astype(np.int32)):
        row(_f, _x)
        row(_f, _x, axis=0)
        row(_f, _x, axis=-1, keepdims=True)
    row(_f, C, axis=(0, 2))
    row(_f, C, axis=(0, 2), keepdims=True)
    row(_f, np.float32(2.5))
for _name in ("sum", "prod", "mean", "max", "min", "any", "all", "var", "std"):
    row(_name, A)
    row(_name, A, 0)
    row(_name, F, axis=1, keepdims=True)
for _name in ("argmax", "argmin"):
    row(_name, A)
    row(getattr(np, _name), K, axis=1)
    row(getattr(np, _name), A, keepdims=True)
row(np.sum, F, dtype=np.float64)
row(np.sum, K, dtype=np.int8)
row(np.cumsum, K, dtype=np.int16)
row(np.sum, [1.0, 2.5, np.float64(4.0)])
row(np.prod, (2, 3))
row(np.mean, K, dtype=np.float32)
row(np.var, A, ddof=1)
row(np.std, F, axis=0, ddof=1)
row(np.count_nonzero, K)
row(np.count_nonzero, K, axis=0)
for _f in (np.cumsum, np.cumprod):
    for _x in (A, F, K, V.astype(np.int32)):
        row(_f, _x)
        row(_f, _x, axis=0)
row("cumsum", A, 1)
row(np.add.reduce, A)
row(np.multiply.reduce, A, axis=1)
row(np.maximum.reduce, A)
row(np.minimum.reduce, A, axis=None)
row(np.logical_and.reduce, K > 0)
row(np.logical_or.reduce, K > 0, axis=1)
row(np.add.accumulate, A)
row(np.multiply.accumulate, A, axis=1)
for _f in (np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanprod, np.nanvar, np.nanstd):
    row(_f, N)
    row(_f, N.astype(np.float32), axis=0)
    row(_f, N, axis=1, keepdims=True)
row(np.average, A)
row(np.average, A, axis=1, weights=np.abs(V))
row(np.average, A, weights=A)
row(scipy.special.logsumexp, A)
row(scipy.special.logsumexp, A, axis=1)
row(scipy.special.logsumexp, A, axis=0, keepdims=True)
row(scipy.special.softmax, A, axis=1)
row(scipy.special.log_softmax, A, axis=-1)
row(scipy.special.xlogy, np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 3.0]))
row(scipy.special.entr, np.array([0.0, 0.5, -1.0, np.nan]))

row(np.where, A > 0, A, 0.0)
row(np.where, A > 0, F, 0.0)
row(np.where, K > 0, 1, 2.5)
row(np.where, V > 0, V, W[:4])
row(np.where, np.float64(1.0), 2.0, V)
row(np.where, V > 0)
row(np.flatnonzero, A > 0)
row(np.clip, A, -1.0, 1.0)
row(np.clip, F, -1.0, 1.0)
row(np.clip, K, None, 2)
row(np.clip, A, V, None)
row(np.clip, K, 0.5, 2.5)
row("clip", A, 0.0, 1.0)
row("clip", A, min=0.0)
row(np.isclose, A, A + 1e-9)
row(np.allclose, A, A + 1e-9)
row(np.array_equal, A, A)
row(np.array_equal, A, V)

row(np.dot, V, V)
row(np.dot, A, V)
row(np.dot, A, A.T.copy())
row(np.dot, 2.0, A)
row(np.dot, C, V)
row(np.dot, V, data(np.float64, 2, 4, 3))
row(np.dot, F, V)
row("dot", A, V)
row(np.matmul, A, V)
row(np.matmul, C, S)
row(np.matmul, K, K.T.copy())
row(np.inner, A, V)
row(np.inner, V, V)
row(np.outer, V, W)
row(np.vdot, A, A)
row(np.vecdot, A, V)
row(np.kron, A, S)
row(np.kron, V, W)
row(np.tensordot, C, A)
row(np.tensordot, C, S, axes=1)
row(np.tensordot, C, data(np.float64, 4, 2, 6), axes=([2, 0], [0, 1]))
row(np.tensordot, V, W, axes=0)
row(np.add.outer, V, W)
row(np.multiply.outer, A, W)
row(np.maximum.outer, V, W)
for _subscripts, _operands in [
    ("ij->ji", (A,)), ("ij->", (A,)), ("ij->i", (A,)), ("ii->i", (S,)), ("ii", (S,)), ("ij,jk->ik", (A, S)),
    ("ij,ij->", (A, A)), ("ij,ij->i", (A, A)), ("i,j->ij", (V, W)), ("i,i->", (V, V)), ("bij,jk->bik", (C, S)),
    ("bij,bij->b", (C, C)), ("bij,bkj->bik", (C, C)), ("ij,jk,kl->il", (A, S, S)), ("ij,j", (A, V)),
    ("...j,j->...", (C, V)), ("...ij,...kj->...ik", (C, C)), ("i,ij,j->", (A[:, 0].copy(), A, V)),
    ("ijk,ijk->", (C, C)), ("ij,kj->ikj", (A, A)), ("ij,k->", (A, W)), ("ij,jk", (F, S)),
]:  # fmt: skip
    row(np.einsum, _subscripts, *_operands)
row(np.linalg.norm, V)
row(np.linalg.norm, A)
row(np.linalg.norm, A, axis=1)
row(np.linalg.norm, F, axis=0, keepdims=True)
for _order in (1, 2, 3, np.inf, -np.inf, 0):
    row(np.linalg.norm, V, _order)
for _order in ("fro", 1, -1, np.inf):
    row(np.linalg.norm, A, _order)
row(np.linalg.matrix_power, S, 5)
row(np.linalg.multi_dot, [A, S, V])
row(np.cross, data(np.float64, 5, 3), data(np.float64, 5, 3, seed=9))
row(np.cross, data(np.float64, 3), data(np.float64, 3, seed=9))
row(np.trapezoid, A)
row(np.trapezoid, A, dx=0.5, axis=0)
row(np.trapezoid, A, np.cumsum(np.abs(V)))
row(np.gradient, W)
row(np.gradient, W, 0.5)
row(np.gradient, S)
row(np.gradient, F, axis=1)
row(np.gradient, W, edge_order=2)
for _mode in ("full", "same", "valid"):
    row(np.convolve, W, V, _mode)
    row(np.convolve, V, W, _mode)
    row(np.correlate, W, V, _mode)
row(np.interp, data(np.float64, 6, low=-1.0, high=6.0), np.arange(5.0), W)
row(np.interp, data(np.float64, 6, low=-1.0, high=6.0), np.arange(5.0), W, left=7.0, right=-7.0)

row(np.transpose, A)
row(np.transpose, C, (1, 2, 0))
row("transpose", C)
row("transpose", C, 2, 0, 1)
row("transpose", C, (2, 0, 1))
row(np.swapaxes, C, 0, -1)
row("swapaxes", C, 0, 1)
row(np.moveaxis, C, 0, -1)
row(np.moveaxis, C, (0, 1), (-1, 0))
row(np.rollaxis, C, 2)
row(np.matrix_transpose, C)
row(np.reshape, A, (4, 3))
row(np.reshape, A, -1)
row(np.reshape, A, (2, -1))
row(np.reshape, A, (2, 6), order="F")
row("reshape", A, 12)
row("reshape", A, 2, 2, 3)
row("reshape", A, (-1, 2))
row(np.ravel, A)
row("ravel", A)
row("ravel", A, "F")
row("flatten", C)
row(np.squeeze, A[:, :1].copy())
row(np.squeeze, A[:1].copy(), axis=0)
row(np.expand_dims, A, 0)
row(np.expand_dims, A, (0, -1))
for _f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    for _x in (np.float64(2.0), V, A, C):
        row(_f, _x)
row(np.broadcast_to, V, (3, 4))
row(np.broadcast_arrays, A, V)
row(np.concatenate, (A, A))
row(np.concatenate, [A, F, K], axis=1)
row(np.concatenate, [A, V.reshape(1, 4)])
row(np.concatenate, [A, V], axis=None)
for _axis in (0, 1, -1):
    row(np.stack, [A, F], axis=_axis)
row(np.stack, [np.float64(1.0), np.float64(2.0)])
for _f in (np.vstack, np.hstack, np.dstack, np.column_stack):
    row(_f, [V, V])
    row(_f, [A, A])
row(np.hstack, [F[0].copy(), 1.0])
row(np.append, V, 2.0)
row(np.split, A, 2, axis=1)
row(np.split, W, [1, 3])
row(np.array_split, W, 3)
row(np.array_split, W, 2)
row(np.hsplit, A, 2)
row(np.vsplit, S, 2)
for _axis in (None, 0, 1, (0, 1)):
    row(np.flip, A, axis=_axis)
row(np.flipud, A)
row(np.fliplr, A)
for _k in range(-1, 5):
    row(np.rot90, A, _k)
for _shift in (0, 1, -1, 2, 7, -9):
    row(np.roll, W, _shift)
    row(np.roll, A, _shift)
    row(np.roll, A, _shift, axis=1)
row(np.roll, W, Run(2))
row(np.roll, W, Run(-7))
row(np.roll, A, (1, 2), axis=(0, 1))
row(np.tile, V, 3)
row(np.tile, A, (2, 2))
row(np.tile, V, (2, 1, 3))
row(np.repeat, A, 3)
row(np.repeat, A, 2, axis=0)
row("repeat", V, 2)
for _mode in ("constant", "edge", "wrap", "reflect", "symmetric"):
    row(np.pad, W, 2, mode=_mode)
    row(np.pad, A, ((1, 0), (2, 3)), mode=_mode)
row(np.pad, A, 1, constant_values=2.5)
row(np.take, W, np.array([0, 2, -1]))
row(np.take, A, np.array([[0, 2], [1, 1]]), axis=1)
row(np.take, A, 1, axis=0)
row(np.take, W, np.array([0, 9, -9]), mode="clip")
row(np.take, W, np.array([0, 9, -9]), mode="wrap")
row("take", W, [0, 1])
row(np.take_along_axis, A, np.argsort(A, axis=1), axis=1)
row(np.take_along_axis, A, np.argmax(A, axis=0, keepdims=True), axis=0)
for _k in (0, 1, -1, 2):
    row(np.diag, A, _k)
    row(np.diag, V, _k)
    row(np.diagonal, A, _k)
    row(np.trace, A, _k)
    row(np.tril, A, _k)
    row(np.triu, K, _k)
    row(np.eye, 3, 4, _k)
    row(np.tri, 3, 4, _k)
row(np.diagonal, C, axis1=1, axis2=2)
row("trace", A)
row(np.diff, W)
row(np.diff, A, axis=0)
row(np.diff, W, 2)
row(np.diff, W, prepend=0.0)
row(np.diff, K > 0)
row(np.ediff1d, A)
row(np.delete, W, 1)
row(np.delete, W, -1)

for _f in (np.zeros, np.ones):
    row(_f, 3)
    row(_f, (2, 3), np.float32)
    row(_f, [2, 3], dtype=int)
    row(_f, ())
row(np.full, (2, 3), 1.5)
row(np.full, 3, 2)
row(np.full, 3, Run(2.5), dtype=np.float32)
row(np.full, (3, 4), V)
for _f in (np.zeros_like, np.ones_like):
    row(_f, A)
    row(_f, F)
    row(_f, K)
    row(_f, K, dtype=float)
    row(_f, A, shape=(2, 2))
    row(_f, np.float32(3.0))
row(np.full_like, K, 1.5)
row(np.full_like, A, Run(2))
row(np.arange, 5)
row(np.arange, 2, 9, 3)
row(np.arange, 9, 2, -3)
row(np.arange, Run(5))
row(np.arange, Run(2), Run(7))
row(np.arange, 5.0)
row(np.arange, 0.0, 1.0, 0.1)
row(np.arange, Run(0.0), Run(1.0), Run(0.25))
row(np.arange, 5, dtype=np.float32)
row(np.linspace, 0.0, 1.0, 7)
row(np.linspace, 0, 10)
row(np.linspace, Run(1.0), Run(2.0), 5)
row(np.linspace, 0.0, 1.0, 5, endpoint=False)
row(np.linspace, 0.0, 1.0, 1)
row(np.linspace, 0.0, 1.0, 0)
row(np.linspace, 0.0, 1.0, Run(6))
row(np.linspace, 0.0, 1.0, 5, retstep=True)
row(np.logspace, 0.0, 2.0, 5)
row(np.identity, 3)
row(np.meshgrid, V, W)
row(np.meshgrid, V, W, indexing="ij")
row(np.meshgrid, V, W, sparse=True)
row(np.indices, (2, 3))
row(np.array, [1.0, 2.0])
row(np.array, [[1, 2], [3, 4]])
row(np.array, [Run(1.0), np.float64(2.0)])
row(np.array, [V, V])
row(np.array, A, dtype=np.float32)
row(np.array, V, ndmin=2)
row(np.asarray, A)
row(np.asarray, [1, 2, Run(3)])
row(np.asarray, K, float)
row(np.copy, A)
row("copy", A)
for _t in (float, int, bool, np.float32, np.int32, np.int8, "float64"):
    row("astype", A, _t)
    row("astype", K, _t)
for _t in (np.float64, np.float32, np.int64, np.int32, np.bool_):
    row(_t, Run(2.7))
    row(_t, np.float64(-2.7))
    row(_t, A)
row("item", np.array([2.5]))
row("item", np.float32(2.5))
row("conj", A)
row(np.shape, A)
row(np.ndim, A)
row(np.size, A)
row(np.size, A, 1)
row(np.result_type, A, F)
row(np.finfo, np.float32)

for _f in (abs, float, int, bool, round):
    for _x in (Run(2.5), Run(-3.7), np.float64(3.5), Run(2)):
        row(_f, _x)
row(abs, A)
row(round, np.float64(2.345), 1)
row(max, Run(1.0), Run(2.0))
row(max, Run(math.nan), Run(2.0))
row(min, Run(2.0), Run(math.nan))
row(min, Run(1.0), 0.0, Run(-1.0))
row(max, (Run(1), Run(5), 3))
row(max, np.array([1.0, 3.0]))
row(max, W)
row(min, W)
row(sum, [Run(1.0), Run(2.0)])
row(sum, [V, V])
row(sum, W)
row(sum, A)
row(sum, np.array([1, 2, 3, 4, 5], np.int32))
row(sum, (Run(1.0), 2), 3)
row(divmod, Run(7.5), Run(2.0))
row(divmod, A, 2.0)
row(pow, Run(2.0), Run(3.0))
row(any, [Run(False), Run(True)])
row(all, [Run(True), Run(True)])
row(all, W > -9)
row(len, W)
row(len, [1, 2])
for _name in (
    "sqrt",
    "exp",
    "log",
    "log2",
    "log10",
    "log1p",
    "expm1",
    "cosh",
    "erf",
    "lgamma",
    "atan",
    "cbrt",
    "exp2",
    "fabs",
):
    row(getattr(math, _name), Run(1.7))
    row(getattr(math, _name), np.float32(1.75))
for _name in ("asin", "acos", "atanh", "tan", "radians", "degrees", "modf"):
    row(getattr(math, _name), Run(0.6))
for _name in ("floor", "ceil", "trunc", "isnan", "isinf", "isfinite"):
    row(getattr(math, _name), Run(-2.6))
    row(getattr(math, _name), Run(3))
for _name in ("atan2", "pow", "fmod", "copysign", "hypot"):
    row(getattr(math, _name), Run(2.5), Run(-3.0))
row(math.hypot, Run(1.0), Run(2.0), Run(3.0))
row(math.log, Run(8.0), 2)
row(math.dist, (Run(1.0), 2.0), (Run(4.0), 6.0))
row(math.prod, [Run(2.0), Run(3.0)])
row(math.fsum, W)
row(math.isclose, Run(1.0), Run(1.0 + 1e-12))
row(math.factorial, 5)
row(math.sqrt, 2.0)
row(np.sqrt, 2.0)
row(np.finfo, np.float64)

# -- sorting, searching, counting --------------------------------------------------------------------
for _x in (A, F, K, W, A > 0, N):
    row(np.sort, _x)
    row(np.argsort, _x, axis=0)
    row(np.sort, _x, axis=None)
row("argsort", A, -1)
row(np.sort, C, axis=1, kind="stable")
for _f in (np.median, np.mean):
    for _x in (A, F, K, N, W, W[:1]):
        row(_f, _x)
row(np.median, A, axis=1)
row(np.median, C, axis=(0, -1), keepdims=True)
row(np.median, N, axis=1)
for _q in (0.0, 0.25, 0.9, 1, Run(0.3)):
    row(np.quantile, W, _q)
    row(np.quantile, A, _q, axis=0)
row(np.quantile, F, 0.4, axis=-1, keepdims=True)
row(np.percentile, A, [10, 50.0, 90], axis=1)
row(np.percentile, K, 30)
row(np.quantile, F, np.float64(0.4))
row(np.quantile, N, 0.5, axis=0)
_EDGES = np.array([-1.0, 0.0, 0.5, 0.5, 2.0])
for _side in ("left", "right"):
    row(np.searchsorted, _EDGES, A, side=_side)
    row(np.searchsorted, _EDGES, 0.5, _side)
    row(np.searchsorted, np.array([1, 3, 3, 7]), np.array([0, 3, 8]), _side)
    row(np.searchsorted, np.array([0.0, 1.0, np.nan]), np.array([np.nan, 0.5]), _side)
row(np.searchsorted, np.zeros(0), A)
row(np.searchsorted, W, 0.1, sorter=np.argsort(W))
row(np.digitize, A, _EDGES)
row(np.digitize, A, _EDGES, right=True)
row(np.digitize, 0.3, _EDGES)
_BINS = np.array([0, 3, 1, 3])
row(np.bincount, _BINS)
row(np.bincount, _BINS, minlength=7)
row(np.bincount, _BINS, weights=V)
row(np.bincount, _BINS, K[0])
for _f in (np.maximum, np.minimum, np.fmax, np.fmin):
    row(_f.accumulate, A)
    row(_f.accumulate, A, axis=1)
row(np.maximum.accumulate, K[0])
row(np.maximum.accumulate, N, axis=1)
row(np.nancumsum, N)
row(np.nancumprod, N, axis=0)
row(np.repeat, W, [2, 0, 1, 3, 1])
row(np.repeat, A, np.array([1, 0, 2]), axis=0)
row(np.repeat, A, [2])
row(np.nonzero, A > 0)
row(np.nonzero, C > 0)
row(np.argwhere, A > 0)
row(np.argwhere, W > 0)
row(np.where, A > 0)
row(np.select, [A > 1, A > 0], [A, 2.0 * A], -1.0)
row(np.select, [K > 1, K > 0], [K, 2])

# -- reductions of a part ----------------------------------------------------------------------------
_MASK = A > 0
for _f in (np.sum, np.prod, np.mean, np.any, np.all):
    row(_f, A, where=_MASK)
    row(_f, A, axis=0, keepdims=True, where=_MASK)
row(np.sum, A, axis=1, where=np.array([True, False, True, True]))
row(np.sum, K, initial=3)
row(np.prod, A, axis=0, initial=2.0, where=_MASK)
row(np.max, A, axis=0, initial=0.0)
row(np.min, A, initial=-5.0, where=_MASK)
row("sum", A, where=_MASK)

# -- matrices ----------------------------------------------------------------------------------------
_D = S @ S.T + np.eye(4)
for _x in (S, S.astype(np.float32), np.array([[2, 1], [1, 3]])):
    for _f in (np.linalg.det, np.linalg.inv):
        row(_f, _x)
    row(np.linalg.slogdet, _x)
row(np.linalg.solve, S, V)
row(np.linalg.solve, S, A.T)
row(np.linalg.solve, S.astype(np.float32), V)
row(np.linalg.cholesky, _D)
row(np.linalg.cholesky, _D.astype(np.float32))
row(scipy.linalg.cholesky, _D)
row(scipy.linalg.cholesky, _D, lower=True)
row(scipy.linalg.solve_triangular, S, V)
row(scipy.linalg.solve_triangular, S, A.T, trans=1, lower=True)
row(scipy.linalg.solve, S, V)
row(scipy.linalg.inv, S)
row(scipy.linalg.det, S)
row(np.linalg.eigvalsh, _D)
row(np.linalg.eigvalsh, S, "U")
row(np.linalg.eigh, _D)
row(np.linalg.matrix_power, S, 3)
row(np.linalg.matrix_power, S, 0)
row(np.linalg.matrix_power, S, -2)
row(np.linalg.norm, A, 2)
row(np.linalg.norm, S, 2, keepdims=True)
row(np.linalg.cond, S, 1)
row(np.linalg.cond, S, "fro")
