"""What Numba compiles for the functions of `lapack`: calls of SciPy's LAPACK.

Note [C order and Fortran routines]. The memory of a C-contiguous matrix is that of its transpose for a Fortran
routine. So a factorization is made of the transpose, the other triangle is meant, and a product from the
left becomes one from the right; right-hand sides of several columns are transposed into a buffer.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload, register_jitable

from . import blas_symbols, lapack

_LETTER = {types.float64: "d", types.float32: "s"}


def register() -> None:
    """Make LAPACK known to LLVM and the functions of `lapack` to Numba."""
    blas_symbols.register()
    blas_symbols.register_lapack()
    for function, implementation in _IMPLEMENTATIONS.items():
        _overload(function, implementation)


def _overload(function: Any, implementation: Any) -> None:
    """The implementation takes the place of the function; by the rank of operand 1 where there are two."""

    @overload(function, strict=False, jit_options={"error_model": "numpy"})
    def chosen(*args):  # type: ignore[no-untyped-def]
        if any(isinstance(t, types.Array) and t.layout != "C" for t in args):
            raise TypingError(f"{function.__name__} takes C-contiguous arrays")
        return implementation[args[1].ndim - 1] if isinstance(implementation, tuple) else implementation


def _routine(name: str, layout: str) -> Any:
    """A call of a Fortran routine, as a function of one tuple in compiled code.

    `layout` gives one letter for each argument: c a character (its code), i an integer, s a scalar of the
    matrices' dtype, m a float array, n an int32 array. Everything is passed by reference.
    """

    @intrinsic
    def call(typingctx, packed):  # type: ignore[no-untyped-def]
        given = [types.unliteral(t) for t in packed]
        dtype = next(t.dtype for t, kind in zip(given, layout, strict=True) if kind == "m")
        scalars = {"c": types.int64, "i": types.int64, "s": dtype}
        symbol = blas_symbols.SYMBOL.format(_LETTER[dtype] + name)

        def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
            pointers = []
            for k, (kind, t) in enumerate(zip(layout, given, strict=True)):
                value = builder.extract_value(values[0], k)
                if kind in "mn":
                    pointers.append(context.make_array(t)(context, builder, value).data)
                    continue
                value = context.cast(builder, value, t, scalars[kind])
                if kind in "ci":
                    value = builder.trunc(value, ir.IntType(8 if kind == "c" else 32))
                pointers.append(cgutils.alloca_once_value(builder, value))
            signature = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
            builder.call(cgutils.get_or_insert_function(builder.module, signature, symbol), pointers)
            return context.get_dummy_value()

        return types.void(types.BaseTuple.from_types(given)), codegen

    return call


_getrf = _routine("getrf", "iiminn")
_getrs = _routine("getrs", "ciiminmin")
_potrf = _routine("potrf", "cimin")
_trsm = _routine("trsm", "cccciismimi")
_syevd = _routine("syevd", "ccimimminin")
_LOWER, _UPPER, _LEAVE, _TRANSPOSE, _RIGHT, _VALUES, _VECTORS = (ord(c) for c in "LUNTRNV")


@register_jitable
def _factored(a):  # type: ignore[no-untyped-def]
    """The LU factors of ``a.T`` as LAPACK stores them, the pivots, and 0 for success; a is not empty."""
    n = a.shape[0]
    factors, pivots, info = a.copy(), np.empty(n, np.int32), np.zeros(1, np.int32)
    _getrf((n, n, factors, n, pivots, info))
    return factors, pivots, info


def _solve_vector(a, b, out, trans):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    if n == 0:
        return 0
    factors, pivots, info = _factored(a)
    if info[0] == 0:
        out[:] = b
        _getrs((_LEAVE if trans else _TRANSPOSE, n, 1, factors, n, pivots, out, n, info))
    return np.int64(info[0])


def _solve_matrix(a, b, out, trans):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    if n == 0:
        return 0
    factors, pivots, info = _factored(a)
    if info[0] == 0:
        columns = b.T.copy()
        _getrs((_LEAVE if trans else _TRANSPOSE, n, b.shape[1], factors, n, pivots, columns, n, info))
        out[:, :] = columns.T
    return np.int64(info[0])


@register_jitable
def _substituted(a, x, columns, lower, trans):  # type: ignore[no-untyped-def]
    """Solve with a triangle of a, in x; 1 where the diagonal has a zero. See Note [C order and Fortran routines]."""
    n = a.shape[0]
    for i in range(n):
        if a[i, i] == 0:
            return 1
    if x.size > 0:
        uplo, turned = _UPPER if lower else _LOWER, _TRANSPOSE if trans else _LEAVE
        _trsm((_RIGHT, uplo, turned, _LEAVE, columns, n, 1.0, a, n, x, columns))
    return 0


def _triangular_vector(a, b, out, lower, trans):  # type: ignore[no-untyped-def]
    out[:] = b
    return _substituted(a, out, 1, lower, trans)


def _triangular_matrix(a, b, out, lower, trans):  # type: ignore[no-untyped-def]
    out[:, :] = b
    return _substituted(a, out, b.shape[1], lower, trans)


def _inv(a, out):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    if n == 0:
        return 0
    factors, pivots, info = _factored(a)
    if info[0] == 0:
        out[:, :] = 0
        for i in range(n):
            out[i, i] = 1
        _getrs((_LEAVE, n, n, factors, n, pivots, out, n, info))
    return np.int64(info[0])


def _det(a):  # type: ignore[no-untyped-def]
    total = a.dtype.type(1)
    if a.shape[0] == 0:
        return total
    factors, pivots, _info = _factored(a)
    for i in range(a.shape[0]):
        total *= factors[i, i] if pivots[i] == i + 1 else -factors[i, i]
    return total


def _logabsdet(a):  # type: ignore[no-untyped-def]
    total = a.dtype.type(0)
    if a.shape[0] == 0:
        return total
    factors, _pivots, _info = _factored(a)
    for i in range(a.shape[0]):
        total += np.log(np.abs(factors[i, i]))
    return total


def _detsign(a):  # type: ignore[no-untyped-def]
    total = a.dtype.type(1)
    if a.shape[0] == 0:
        return total
    factors, pivots, _info = _factored(a)
    for i in range(a.shape[0]):
        total *= np.sign(factors[i, i] if pivots[i] == i + 1 else -factors[i, i])
    return total


def _cholesky(a, out):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    if n == 0:
        return 0
    for i in range(n):
        out[i, : i + 1] = a[i, : i + 1]
        out[i, i + 1 :] = 0
    info = np.zeros(1, np.int32)
    _potrf((_UPPER, n, out, n, info))
    return np.int64(info[0])


@register_jitable
def _eigen(work, values, job):  # type: ignore[no-untyped-def]
    n = work.shape[0]
    info = np.zeros(1, np.int32)
    if n > 0:
        size = 1 + 6 * n + 2 * n * n
        space, counts = np.empty(size, work.dtype), np.empty(3 + 5 * n, np.int32)
        _syevd((job, _LOWER, n, work, n, values, space, size, counts, 3 + 5 * n, info))
    return np.int64(info[0])


def _eigvalsh(a, out):  # type: ignore[no-untyped-def]
    return _eigen(a.T.copy(), out, _VALUES)


def _eigvecsh(a, out):  # type: ignore[no-untyped-def]
    work = a.T.copy()
    info = _eigen(work, np.empty(a.shape[0], a.dtype), _VECTORS)
    out[:, :] = work.T
    return info


_IMPLEMENTATIONS = {
    lapack.solve: (_solve_vector, _solve_matrix),
    lapack.solve_triangular: (_triangular_vector, _triangular_matrix),
    lapack.inv: _inv,
    lapack.det: _det,
    lapack.logabsdet: _logabsdet,
    lapack.detsign: _detsign,
    lapack.cholesky: _cholesky,
    lapack.eigvalsh: _eigvalsh,
    lapack.eigvecsh: _eigvecsh,
}
