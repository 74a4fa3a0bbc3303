"""Linear systems, inverses, determinants and factorizations of `numpy.linalg`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Operand
from . import numpy_library as library
from .numpy_linalg import matrix_product
from .numpy_support import apply, cast, common_dtype, product, reshaped, strong_operand, transposed
from .numpy_table import numpy_function
from .values import Array, DictValue, RecordValue

if TYPE_CHECKING:
    from .context import Context


class PullbackLinAlgError(PullbackValueError, np.linalg.LinAlgError):
    """What NumPy raises for a matrix of the wrong shape, with the place in the user's program."""


# -- operands ------------------------------------------------------------------------------------------
def _floats(ctx: Context, what: str, *vs: Any) -> list[Operand]:
    """Arrays as LAPACK takes them: float32 where all are, else float64."""
    operands = [strong_operand(ctx, v) for v in vs]
    operands = [x if x.type.is_float else cast(ctx, x, "f64") for x in operands]
    name = common_dtype(operands)
    return [cast(ctx, x, name) for x in operands]


def _square(ctx: Context, x: Operand, what: str) -> Operand:
    """The operand as one square matrix whose extents have one name."""
    rank = x.type.rank
    if rank < 2:
        ctx.error(
            PullbackLinAlgError,
            f"{rank}-dimensional array given. Array must be at least two-dimensional",
            f"{what} takes a square matrix",
        )
    if rank > 2:
        ctx.error(
            UnsupportedError,
            f"{what} of a stack of matrices is not supported",
            "loop over the matrices: for k in range(a.shape[0]): ... a[k] ...",
        )
    rows, columns = x.type.shape
    if ctx.equal_extents(rows, columns) is False:
        ctx.error(
            PullbackLinAlgError, "Last 2 dimensions of the array must be square", f"{what} got {rows} x {columns}"
        )
    ctx.require_equal(rows, columns, "Last 2 dimensions of the array must be square")
    return reshaped(ctx, x, (rows, rows))


def matrix(ctx: Context, a: Any, what: str) -> Operand:
    (x,) = _floats(ctx, what, a)
    return _square(ctx, x, what)


def system(ctx: Context, a: Any, b: Any, what: str) -> tuple[Operand, Operand]:
    """A square matrix and the right-hand side, a vector or a matrix with as many rows."""
    x, y = _floats(ctx, what, a, b)
    x = _square(ctx, x, what)
    if y.type.rank not in (1, 2):
        cls = PullbackValueError if y.type.rank == 0 else UnsupportedError
        ctx.error(cls, f"{what}: the right-hand side must be a vector or a matrix", "loop over the systems")
    n = x.type.shape[0]
    ctx.require_equal(n, y.type.shape[0], f"{what}: Input operand 1 has a mismatch in its core dimension 0")
    return x, reshaped(ctx, y, (n, *y.type.shape[1:]))


# -- stacks --------------------------------------------------------------------------------------------
def _rank(ctx: Context, a: Any) -> int:
    return len(ctx.shape(a)) if isinstance(a, Array) else strong_operand(ctx, a).type.rank


def stacked(ctx: Context, function: Any, a: Any, **options: Any) -> Any:
    """A function of a matrix, for every matrix of a stack, one after the other."""
    count = product(ctx.shape(a)[:-2]) if isinstance(a, Array) else strong_operand(ctx, a).type.size
    ctx.session.assume(count - 1)  # an empty stack is told apart at dispatch
    return ctx.call(library.of_stack, [function, a, DictValue(dict(options))], {})


# -- systems -------------------------------------------------------------------------------------------
@numpy_function(np.linalg.solve)
def _solve(ctx: Context, a: Any, b: Any) -> Any:
    if _rank(ctx, a) > 2 or _rank(ctx, b) > 2:
        return ctx.call(library.solve_stack, [a, b, np.linalg.solve], {})
    return ctx.wrap(ctx.b.emit("solve", *system(ctx, a, b, "np.linalg.solve")))


@numpy_function(np.linalg.inv)
def _inv(ctx: Context, a: Any) -> Any:
    if _rank(ctx, a) > 2:
        return stacked(ctx, np.linalg.inv, a)
    return ctx.wrap(ctx.b.emit("inv", matrix(ctx, a, "np.linalg.inv")))


def turned(ctx: Context, x: Operand) -> Operand:
    return transposed(ctx, x, (1, 0))


# -- determinants --------------------------------------------------------------------------------------
@numpy_function(np.linalg.det)
def _det(ctx: Context, a: Any) -> Any:
    if _rank(ctx, a) > 2:
        return stacked(ctx, np.linalg.det, a)
    return ctx.wrap(ctx.b.emit("det", matrix(ctx, a, "np.linalg.det")))


_SLOGDET = type(np.linalg.slogdet(np.eye(1)))
_EIGH = type(np.linalg.eigh(np.eye(1)))


@numpy_function(np.linalg.slogdet)
def _slogdet(ctx: Context, a: Any) -> Any:
    if _rank(ctx, a) > 2:
        names = ("sign", "logabsdet")
        return RecordValue(_SLOGDET, dict(zip(names, stacked(ctx, np.linalg.slogdet, a), strict=True)))
    x = matrix(ctx, a, "np.linalg.slogdet")
    return RecordValue(_SLOGDET, {"sign": ctx.b.emit("detsign", x), "logabsdet": ctx.b.emit("logabsdet", x)})


# -- factorizations ------------------------------------------------------------------------------------
@numpy_function(np.linalg.cholesky, static="upper")
def _cholesky(ctx: Context, a: Any, /, *, upper: bool = False) -> Any:
    if _rank(ctx, a) > 2:
        return stacked(ctx, np.linalg.cholesky, a, upper=upper)
    return root(ctx, matrix(ctx, a, "np.linalg.cholesky"), upper)


def root(ctx: Context, x: Operand, upper: bool) -> Any:
    """The triangle that is asked for is the one that is read."""
    if not upper:
        return ctx.wrap(ctx.b.emit("cholesky", x))
    return ctx.wrap(turned(ctx, ctx.b.emit("cholesky", turned(ctx, x))))


def _symmetric(ctx: Context, a: Any, UPLO: Any, what: str) -> Operand:
    x = matrix(ctx, a, what)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        ctx.error(PullbackValueError, "UPLO argument must be 'L' or 'U'")
    return x if UPLO.upper() == "L" else turned(ctx, x)


@numpy_function(np.linalg.eigvalsh, static="UPLO")
def _eigvalsh(ctx: Context, a: Any, UPLO: Any = "L") -> Any:
    if _rank(ctx, a) > 2:
        return stacked(ctx, np.linalg.eigvalsh, a, UPLO=UPLO)
    return ctx.wrap(ctx.b.emit("eigvalsh", _symmetric(ctx, a, UPLO, "np.linalg.eigvalsh")))


@numpy_function(np.linalg.eigh, static="UPLO")
def _eigh(ctx: Context, a: Any, UPLO: Any = "L") -> Any:
    if _rank(ctx, a) > 2:
        names = ("eigenvalues", "eigenvectors")
        return RecordValue(_EIGH, dict(zip(names, stacked(ctx, np.linalg.eigh, a, UPLO=UPLO), strict=True)))
    x = _symmetric(ctx, a, UPLO, "np.linalg.eigh")
    values, vectors = (ctx.wrap(ctx.b.emit(opcode, x)) for opcode in ("eigvalsh", "eigvecsh"))
    return RecordValue(_EIGH, {"eigenvalues": values, "eigenvectors": vectors})


_QR = type(np.linalg.qr(np.eye(1)))
_SVD = type(np.linalg.svd(np.eye(1)))


def _rectangular(ctx: Context, a: Any, what: str) -> Operand:
    (x,) = _floats(ctx, what, a)
    if x.type.rank != 2:
        cls = PullbackLinAlgError if x.type.rank < 2 else UnsupportedError
        ctx.error(cls, f"{what} takes one matrix, not an array of {x.type.rank} dimensions", "loop over the matrices")
    return x


def _no_fewer_rows(ctx: Context, x: Operand) -> bool:
    rows, columns = x.type.shape
    return rows == columns or ctx.session.assume(rows - columns)


@numpy_function(np.linalg.qr, static="mode")
def _qr(ctx: Context, a: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "r"):
        ctx.error(UnsupportedError, f"np.linalg.qr: mode {mode!r} is not supported", "'reduced' or 'r'")
    if _rank(ctx, a) > 2:
        made = stacked(ctx, np.linalg.qr, a, mode=mode)
        return made if mode == "r" else RecordValue(_QR, {"Q": made[0], "R": made[1]})
    x = _rectangular(ctx, a, "np.linalg.qr")
    if _no_fewer_rows(ctx, x):
        q, r = (ctx.wrap(ctx.b.emit(f"qr_{k}", x)) for k in "qr")
    else:
        q, r = ctx.call(library.wide_qr, [ctx.wrap(x), np.linalg.qr], {})
    return r if mode == "r" else RecordValue(_QR, {"Q": q, "R": r})


@numpy_function(np.linalg.svd, static="full_matrices compute_uv hermitian")
def _svd(ctx: Context, a: Any, full_matrices: Any = True, compute_uv: Any = True, hermitian: Any = False) -> Any:
    if _rank(ctx, a) > 2:
        made = stacked(ctx, np.linalg.svd, a, full_matrices=full_matrices, compute_uv=compute_uv)
        return RecordValue(_SVD, dict(zip(("U", "S", "Vh"), made, strict=True))) if compute_uv else made
    x = _rectangular(ctx, a, "np.linalg.svd")
    values = ctx.wrap(ctx.b.emit("svdvals", x))
    if not compute_uv:
        return values
    rows, columns = x.type.shape
    if full_matrices:
        if ctx.equal_extents(rows, columns) is False:
            ctx.error(
                UnsupportedError,
                f"np.linalg.svd of a matrix of {rows} by {columns} gives vectors beyond the singular values, "
                "which have no derivative",
                "np.linalg.svd(a, full_matrices=False)",
            )
        ctx.require_equal(rows, columns, "np.linalg.svd of a matrix that is not square: full_matrices=False")
    left, right = (ctx.wrap(ctx.b.emit(f"svd_{k}", x)) for k in ("u", "vh"))
    return RecordValue(_SVD, {"U": left, "S": values, "Vh": right})


@numpy_function(np.linalg.svdvals)
def _svdvals(ctx: Context, x: Any, /) -> Any:
    return _svd(ctx, x, False, False)


@numpy_function(np.linalg.pinv, static="hermitian")
def _pinv(ctx: Context, a: Any, rcond: Any = None, hermitian: Any = False, *, rtol: Any = None) -> Any:
    least: Any = 1e-15
    if rcond is not None or rtol is not None:
        least = rcond if rcond is not None else rtol
    if _rank(ctx, a) > 2:
        return stacked(ctx, np.linalg.pinv, a, rcond=least)
    x = _rectangular(ctx, a, "np.linalg.pinv")
    return ctx.wrap(ctx.b.emit("pinv", x, cast(ctx, ctx.operand(least), x.type.dtype)))


@numpy_function(np.linalg.lstsq)
def _lstsq(ctx: Context, a: Any, b: Any, rcond: Any = None) -> Any:
    x, y = _floats(ctx, "np.linalg.lstsq", a, b)
    if x.type.rank != 2 or y.type.rank not in (1, 2):
        ctx.error(PullbackLinAlgError, "np.linalg.lstsq takes a matrix, and a vector or a matrix")
    ctx.require_equal(x.type.shape[0], y.type.shape[0], "Incompatible dimensions", PullbackLinAlgError)
    return ctx.call(library.least_squares, [ctx.wrap(x), ctx.wrap(y), rcond, float(np.finfo(x.type.numpy).eps)], {})


@numpy_function(np.linalg.matrix_rank)
def _matrix_rank(ctx: Context, A: Any, tol: Any = None, *, rtol: Any = None) -> Any:
    x = _rectangular(ctx, A, "np.linalg.matrix_rank")
    return ctx.call(library.matrix_rank, [ctx.wrap(x), tol, rtol, float(np.finfo(x.type.numpy).eps)], {})


# -- powers and conditions ----------------------------------------------------------------------------------
@numpy_function(np.linalg.matrix_power, static="n")
def _matrix_power(ctx: Context, a: Any, n: Any) -> Any:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        ctx.error(PullbackTypeError, "exponent must be an integer")
    x = _square(ctx, strong_operand(ctx, a), "np.linalg.matrix_power")
    if n == 0:
        side = x.type.shape[0]
        return ctx.wrap(ctx.b.emit("eye", n=side, m=side, k=Dim.of(0), dtype=x.type.dtype))
    if n < 0:
        x = ctx.b.emit("inv", matrix(ctx, ctx.wrap(x), "np.linalg.matrix_power"))
    result: Operand | None = None
    square, rest = x, abs(int(n))
    while rest:
        if rest & 1:
            result = square if result is None else matrix_product(ctx, result, square)
        rest >>= 1
        square = matrix_product(ctx, square, square) if rest else square
    assert result is not None
    return ctx.wrap(ctx.b.emit("copy", result) if result is x else result)


@numpy_function(np.linalg.cond, static="p")
def _cond(ctx: Context, x: Any, p: Any = None) -> Any:
    if p is None or p in (2, -2):
        return ctx.call(library.spectral_condition, [x, p == -2], {})
    if p not in (1, -1, math.inf, -math.inf, "fro"):
        ctx.error(UnsupportedError, f"np.linalg.cond with p={p!r} is not supported", "None, 'fro', 2, 1, inf")
    square = matrix(ctx, x, "np.linalg.cond")
    inverse = ctx.b.emit("inv", square)
    norms = [ctx.operand(ctx.call(np.linalg.norm, [ctx.wrap(m), p], {})) for m in (square, inverse)]
    return ctx.wrap(apply(ctx, "mul", *norms))
