"""Functions of `scipy.special` and `scipy.linalg`. Imported when a program's process has SciPy imported: a program
that does not use it need not wait for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.linalg
import scipy.special

from ..errors import PullbackTypeError, UnsupportedError
from . import numpy_library as library
from .numpy_elementwise import enter_float_unary, enter_library
from .numpy_matrices import matrix, root, system, turned
from .numpy_reductions import library_reduction
from .numpy_support import as_float, axes_of, cast, strong_operand
from .numpy_table import numpy_function

if TYPE_CHECKING:
    from .context import Context

# -- scipy.special -------------------------------------------------------------------------------------
for _function, _opcode in {
    scipy.special.expit: "sigmoid", scipy.special.erf: "erf", scipy.special.erfc: "erfc",
    scipy.special.gammaln: "lgamma", scipy.special.digamma: "digamma",
    scipy.special.cbrt: "cbrt", scipy.special.exp2: "exp2", scipy.special.expm1: "expm1",
    scipy.special.log1p: "log1p",
}.items():  # fmt: skip
    enter_float_unary(_function, _opcode)


def normal_cdf(x: Any) -> Any:
    return 0.5 * scipy.special.erfc(-x * math.sqrt(0.5))


def gamma(x: Any) -> Any:
    size = np.exp(scipy.special.gammaln(x))
    return np.where(np.logical_and(x < 0.0, np.floor(x) % 2.0 != 0.0), -size, size)


_COMPOSITES: list[tuple[Any, Callable[..., Any], int]] = [
    (scipy.special.logit, library.logit, 1), (scipy.special.entr, library.entropy, 1),
    (scipy.special.xlogy, library.xlogy, 2), (scipy.special.xlog1py, library.xlog1py, 2),
    (scipy.special.gamma, gamma, 1), (scipy.special.ndtr, normal_cdf, 1),
    (scipy.special.log_expit, library.log_sigmoid, 1),
]  # fmt: skip
for _function, _definition, _arguments in _COMPOSITES:
    enter_library(_function, _definition, _arguments)


@numpy_function(scipy.special.logsumexp, static="axis keepdims return_sign")
def _logsumexp(
    ctx: Context, a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    if return_sign:
        ctx.error(PullbackTypeError, "logsumexp: return_sign is not supported", "compute the sum itself")
    if b is not None:
        x, w = as_float(ctx, strong_operand(ctx, a), "logsumexp"), strong_operand(ctx, b)
        axes = axes_of(ctx, axis, max(x.type.rank, w.type.rank))
        return ctx.call(library.logsumexp_weighted, [ctx.wrap(x), ctx.wrap(w), axes, bool(keepdims)], {})
    return library_reduction(ctx, library.logsumexp, a, axis, keepdims)


@numpy_function(scipy.special.softmax, static="axis")
def _softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.softmax, x, axis, True)


@numpy_function(scipy.special.log_softmax, static="axis")
def _log_softmax(ctx: Context, x: Any, axis: Any = None) -> Any:
    return library_reduction(ctx, library.log_softmax, x, axis, True)


# -- scipy.linalg --------------------------------------------------------------------------------------
_SOLVE_HINT = "leave it out"


@numpy_function(scipy.linalg.solve, static="lower overwrite_a overwrite_b check_finite assume_a transposed")
def _scipy_solve(
    ctx: Context,
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = False,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    if assume_a not in (None, "gen", "general"):
        ctx.error(UnsupportedError, f"scipy.linalg.solve: assume_a={assume_a!r} is not supported", _SOLVE_HINT)
    x, y = system(ctx, a, b, "scipy.linalg.solve")
    return ctx.wrap(ctx.b.emit("solve", turned(ctx, x) if transposed else x, y))


@numpy_function(scipy.linalg.solve_triangular, static="trans lower unit_diagonal overwrite_b check_finite")
def _solve_triangular(
    ctx: Context,
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    if unit_diagonal:
        ctx.error(UnsupportedError, "unit_diagonal is not supported", "put ones on the diagonal of the matrix")
    if trans not in (0, 1, "N", "T"):
        ctx.error(UnsupportedError, f"trans={trans!r} is not supported", "0 or 1")
    x, y = system(ctx, a, b, "scipy.linalg.solve_triangular")
    return ctx.wrap(ctx.b.emit("solve_triangular", x, y, lower=bool(lower), trans=trans in (1, "T")))


@numpy_function(scipy.linalg.inv, static="overwrite_a check_finite")
def _scipy_inv(ctx: Context, a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return ctx.wrap(ctx.b.emit("inv", matrix(ctx, a, "scipy.linalg.inv")))


@numpy_function(scipy.linalg.det, static="overwrite_a check_finite")
def _scipy_det(ctx: Context, a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    result = ctx.b.emit("det", matrix(ctx, a, "scipy.linalg.det"))
    return ctx.wrap(cast(ctx, result, "f64"))  # SciPy gives double precision


@numpy_function(scipy.linalg.cholesky, static="lower overwrite_a check_finite")
def _scipy_cholesky(
    ctx: Context, a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    return root(ctx, matrix(ctx, a, "scipy.linalg.cholesky"), not lower)
