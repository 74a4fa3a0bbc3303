"""What Numba compiles for the functions of `blas`: calls of SciPy's BLAS.

The addresses come from `scipy.linalg.cython_blas` and are given to LLVM under names of our own, so that
compiled code finds them again in another process.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from . import blas, blas_symbols

_LETTER = {types.float64: "d", types.float32: "s"}


def register() -> None:
    """Make BLAS known to LLVM and the functions of `blas` to Numba."""
    blas_symbols.register()
    overload(blas.gemm)(_gemm)
    overload(blas.gemv)(_gemv)
    for fn in blas.FROM_PYTHON:
        overload(fn, strict=False, jit_options={"error_model": "numpy"})(lambda *args, fn=fn: fn)


def _call(builder: Any, symbol: str, args: list[Any]) -> None:
    """Call a Fortran routine: every argument by reference."""
    pointers = []
    for a in args:
        if isinstance(a.type, ir.PointerType):
            pointers.append(a)
        else:
            pointers.append(cgutils.alloca_once_value(builder, a))
    signature = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
    builder.call(cgutils.get_or_insert_function(builder.module, signature, symbol), pointers)


def _data(context: Any, builder: Any, t: Any, value: Any) -> Any:
    return context.make_array(t)(context, builder, value).data


def _small(builder: Any, value: Any, bits: int) -> Any:
    return builder.trunc(value, ir.IntType(bits))


@intrinsic
def _gemm_call(typingctx, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):  # type: ignore[no-untyped-def]
    scalar = a.dtype
    i = types.int64
    signature = types.void(i, i, i, i, i, scalar, a, i, b, i, scalar, c, i)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        ta, tb, m, n, k, alpha, _, lda, _, ldb, beta, _, ldc = args
        flags = [_small(builder, x, 8) for x in (ta, tb)]
        sizes = [_small(builder, x, 32) for x in (m, n, k, lda, ldb, ldc)]
        pa, pb, pc = (_data(context, builder, sig.args[j], args[j]) for j in (6, 8, 11))
        symbol = blas_symbols.SYMBOL.format(_LETTER[scalar] + "gemm")
        _call(builder, symbol, [*flags, *sizes[:3], alpha, pa, sizes[3], pb, sizes[4], beta, pc, sizes[5]])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _gemv_call(typingctx, trans, m, n, alpha, a, lda, x, beta, y):  # type: ignore[no-untyped-def]
    scalar = a.dtype
    i = types.int64
    signature = types.void(i, i, i, scalar, a, i, x, scalar, y)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        trans, m, n, alpha, _, lda, _, beta, _ = args
        sizes = [_small(builder, v, 32) for v in (m, n, lda)]
        pa, px, py = (_data(context, builder, sig.args[j], args[j]) for j in (4, 6, 8))
        one = ir.Constant(ir.IntType(32), 1)
        symbol = blas_symbols.SYMBOL.format(_LETTER[scalar] + "gemv")
        _call(builder, symbol, [_small(builder, trans, 8), *sizes[:2], alpha, pa, sizes[2], px, one, beta, py, one])
        return context.get_dummy_value()

    return signature, codegen


_NORMAL, _TRANSPOSED = 78, 84  # the letters N and T


def _gemm(a, b, c, alpha, beta, trans_a, trans_b):  # type: ignore[no-untyped-def]
    def gemm(a, b, c, alpha, beta, trans_a, trans_b):  # type: ignore[no-untyped-def]
        # a C-contiguous matrix is the transpose of a Fortran one: compute c.T = op(b).T @ op(a).T
        m, n = c.shape
        k = a.shape[0] if trans_a else a.shape[1]
        if m == 0 or n == 0:
            return
        ta = _TRANSPOSED if trans_a else _NORMAL
        tb = _TRANSPOSED if trans_b else _NORMAL
        lda, ldb = max(a.shape[1], 1), max(b.shape[1], 1)
        _gemm_call(tb, ta, n, m, k, alpha, b, ldb, a, lda, beta, c, n)

    return gemm


def _gemv(a, x, y, alpha, beta, trans):  # type: ignore[no-untyped-def]
    def gemv(a, x, y, alpha, beta, trans):  # type: ignore[no-untyped-def]
        m, n = a.shape
        if y.size == 0:
            return
        if x.size == 0:
            for i in range(y.size):
                y[i] = y[i] * beta if beta != 0 else beta
            return
        _gemv_call(_NORMAL if trans else _TRANSPOSED, n, m, alpha, a, max(n, 1), x, beta, y)

    return gemv
