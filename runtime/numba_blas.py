"""What Numba compiles for the functions of `blas`: direct calls of SciPy's BLAS.

The addresses come from `scipy.linalg.cython_blas` and are given to LLVM under names of our own, so that
compiled code finds them again in another process.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature

from . import blas, blas_symbols
from .numba_arrays import declare
from .numba_target import KernelArray, array_fields, int64

_LETTER = {types.float64: "d", types.float32: "s"}
SMALL_PRODUCT = 64  # multiplications: loops beat a call up to about this many
_BYTE, _INT = ir.IntType(8), ir.IntType(32)
_NORMAL, _TRANSPOSED = ir.Constant(_BYTE, ord("N")), ir.Constant(_BYTE, ord("T"))


def _call(builder: Any, routine: str, args: list[Any]) -> None:
    """Call a Fortran routine: every argument by reference, integers of 32 bits."""
    pointers = []
    for a in args:
        if isinstance(a.type, ir.PointerType):
            pointers.append(a)
            continue
        if a.type == ir.IntType(64):
            a = builder.trunc(a, _INT)
        pointers.append(cgutils.alloca_once_value(builder, a))
    kind = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
    symbol = blas_symbols.SYMBOL.format(routine)
    builder.call(cgutils.get_or_insert_function(builder.module, kind, symbol), pointers)


def _at_least_one(builder: Any, n: Any) -> Any:
    return builder.select(builder.icmp_signed("<", n, int64(1)), int64(1), n)


def _letter(builder: Any, transposed: Any) -> Any:
    return builder.select(transposed, _TRANSPOSED, _NORMAL)


def _multiply(builder: Any, routine: str, matrices: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> None:
    """c = alpha * op(a) @ op(b) + beta * c; `matrices`: data pointer and extents of each."""
    (a, (a0, a1)), (b, (_, b1)), (c, (m, n)) = matrices
    k = builder.select(trans_a, a0, a1)
    _product(builder, routine, (a, a1), (b, b1), (c, n), (m, n, k), alpha, beta, trans_a, trans_b)


def _product(
    builder: Any, routine: str, first: Any, second: Any, result: Any, sizes: Any, alpha: Any, beta: Any, trans_a: Any,
    trans_b: Any,
) -> None:  # fmt: skip
    """The product of matrices given by pointer and distance of rows: by loops where a call takes longer."""
    (a, lda), (b, ldb), (c, ldc) = first, second, result
    m, n, k = sizes
    work = builder.mul(builder.mul(m, n), k)
    with builder.if_else(builder.icmp_signed("<=", work, int64(SMALL_PRODUCT))) as (small, large):
        with small:
            one = int64(1)
            strides_a = builder.select(trans_a, one, lda), builder.select(trans_a, lda, one)
            strides_b = builder.select(trans_b, one, ldb), builder.select(trans_b, ldb, one)
            loops = _loops(builder.module, a.type, alpha.type)
            builder.call(loops, [a, *strides_a, b, *strides_b, c, ldc, m, n, k, alpha, beta])
        with large:  # a C-contiguous matrix is the transpose of a Fortran one: c.T = op(b).T @ op(a).T
            flags = [_letter(builder, trans_b), _letter(builder, trans_a)]
            _call(builder, routine, [*flags, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc])


def _loops(module: Any, pointer: Any, number: Any) -> Any:
    """The function ``loops(a, rows, columns, b, rows, columns, c, rows, m, n, k, alpha, beta)`` of a module."""
    name = f"pullback_small_product_{number}"
    if name in module.globals:
        return module.globals[name]
    size = ir.IntType(64)
    kind = ir.FunctionType(
        ir.VoidType(), [pointer, size, size, pointer, size, size, pointer, size, size, size, size, number, number]
    )
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, k, alpha, beta = function.args
    flags = ("reassoc", "contract")
    zero = ir.Constant(number, 0.0)
    fresh = builder.fcmp_ordered("==", beta, zero)

    def place(base: Any, *steps: Any) -> Any:
        offset = int64(0)
        for index, stride in steps:
            offset = builder.add(offset, builder.mul(index, stride))
        return builder.gep(base, [offset], inbounds=True)

    with cgutils.for_range(builder, m) as row:
        with cgutils.for_range(builder, n) as column:
            at = place(c, (row.index, c_row), (column.index, int64(1)))
            with builder.if_else(fresh) as (clear, scale):
                with clear:
                    builder.store(zero, at)
                with scale:
                    builder.store(builder.fmul(builder.load(at), beta), at)
        with cgutils.for_range(builder, k) as inner:
            factor = builder.fmul(alpha, builder.load(place(a, (row.index, a_row), (inner.index, a_column))))
            with cgutils.for_range(builder, n) as column:
                at = place(c, (row.index, c_row), (column.index, int64(1)))
                other = builder.load(place(b, (inner.index, b_row), (column.index, b_column)))
                term = builder.fmul(factor, other, flags=flags)
                builder.store(builder.fadd(builder.load(at), term, flags=flags), at)
    builder.ret_void()
    return function


def _type_gemm(a: Any, b: Any, c: Any, alpha: Any, beta: Any, trans_a: Any, trans_b: Any) -> Any:
    t = c.dtype
    return signature(types.none, a, b, c, t, t, types.boolean, types.boolean) if _floats(a, b, c) else None


def _floats(*arrays: Any) -> bool:
    return all(isinstance(a, KernelArray) and a.dtype == arrays[0].dtype for a in arrays) and (
        arrays[0].dtype in _LETTER
    )


def _lower_gemm(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    matrices = [array_fields(context, builder, sig.args[j], args[j]) for j in range(3)]
    _multiply(builder, _LETTER[sig.args[0].dtype] + "gemm", matrices, *args[3:])
    return context.get_dummy_value()


def _type_gemm_part(*given: Any) -> Any:
    arrays = given[0:9:3]
    if not _floats(*arrays):
        return None
    number, flag = types.int64, types.boolean
    places = [x for array in arrays for x in (array, number, number)]
    return signature(types.none, *places, number, number, number, arrays[0].dtype, flag, flag)


def _lower_gemm_part(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    routine = _LETTER[sig.args[0].dtype] + "gemm"
    (a, lda), (b, ldb), (c, ldc) = (
        (
            builder.gep(array_fields(context, builder, sig.args[j], args[j])[0], [args[j + 1]]),
            args[j + 2],
        )
        for j in (0, 3, 6)
    )
    m, n, k, beta, trans_a, trans_b = args[9:]
    _product(
        builder, routine, (a, lda), (b, ldb), (c, ldc), (m, n, k), ir.Constant(beta.type, 1.0), beta, trans_a, trans_b
    )
    return context.get_dummy_value()


def _lower_batched_gemm(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    stacks = [array_fields(context, builder, sig.args[j], args[j]) for j in range(3)]
    count = stacks[2][1][0]
    with cgutils.for_range(builder, count) as loop:
        matrices = []
        for data, (_, rows, columns) in stacks:
            offset = builder.mul(loop.index, builder.mul(rows, columns))
            matrices.append((builder.gep(data, [offset], inbounds=True), [rows, columns]))
        _multiply(builder, _LETTER[sig.args[0].dtype] + "gemm", matrices, *args[3:])
    return context.get_dummy_value()


def _type_gemv(a: Any, x: Any, y: Any, alpha: Any, beta: Any, trans: Any) -> Any:
    return signature(types.none, a, x, y, y.dtype, y.dtype, types.boolean) if _floats(a, x, y) else None


def _lower_gemv(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    (a, (m, n)), (x, (x_size,)), (y, (y_size,)) = (
        array_fields(context, builder, sig.args[j], args[j]) for j in range(3)
    )
    alpha, beta, trans = args[3:]
    with builder.if_else(builder.icmp_signed("==", x_size, int64(0))) as (nothing, something):
        with nothing:  # BLAS returns without y = beta * y
            zero = ir.Constant(beta.type, 0.0)
            clear = builder.fcmp_ordered("==", beta, zero)
            with cgutils.for_range(builder, y_size) as loop:
                place = builder.gep(y, [loop.index], inbounds=True)
                builder.store(builder.select(clear, zero, builder.fmul(builder.load(place), beta)), place)
        with something:
            letter = builder.select(trans, _NORMAL, _TRANSPOSED)
            one = ir.Constant(_INT, 1)
            lda = _at_least_one(builder, n)
            _call(builder, _LETTER[sig.args[0].dtype] + "gemv", [letter, n, m, alpha, a, lda, x, one, beta, y, one])
    return context.get_dummy_value()


def _type_syrk(a: Any, c: Any, alpha: Any, trans: Any) -> Any:
    return signature(types.none, a, c, c.dtype, types.boolean) if _floats(a, c) else None


def _lower_syrk(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    (a, (rows, columns)), (c, (n, _)) = (array_fields(context, builder, sig.args[j], args[j]) for j in range(2))
    alpha, trans = args[2:]
    inner = builder.select(trans, rows, columns)
    # of the Fortran matrices, which are the transposed ones: the lower triangle, from a.T
    letter = builder.select(trans, _NORMAL, _TRANSPOSED)
    one = ir.Constant(alpha.type, 1.0)
    numbers = [n, inner, alpha, a, _at_least_one(builder, columns), one, c, _at_least_one(builder, n)]
    _call(builder, _LETTER[sig.args[0].dtype] + "syrk", [ir.Constant(_BYTE, ord("L")), letter, *numbers])
    return context.get_dummy_value()


declare(blas.gemm, _type_gemm, _lower_gemm)
declare(blas.syrk, _type_syrk, _lower_syrk)
declare(blas.gemm_part, _type_gemm_part, _lower_gemm_part)
declare(blas.gemv, _type_gemv, _lower_gemv)
declare(blas.batched_gemm, _type_gemm, _lower_batched_gemm)
