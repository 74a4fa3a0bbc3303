"""What Numba compiles for the routines of `lapack`: direct calls of SciPy's LAPACK.

See Note [C order and Fortran routines] in `lapack`.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature

from . import blas_symbols, lapack
from .numba_arrays import declare
from .numba_blas import _LETTER, _at_least_one, _call
from .numba_target import KernelArray, array_fields

_BYTE, _INT = ir.IntType(8), ir.IntType(32)


def register() -> None:
    """Make LAPACK known to LLVM."""
    blas_symbols.register()
    blas_symbols.register_lapack()


def _letter(text: str) -> Any:
    return ir.Constant(_BYTE, ord(text))


def _choice(builder: Any, flag: Any, yes: str, no: str) -> Any:
    return builder.select(flag, _letter(yes), _letter(no))


def _declare(fn: Any, kinds: str, lowering: Any, result: Any = types.int64) -> None:
    """`kinds` of the arguments: m a matrix of floats, v a vector of floats, n a vector of int32, b a flag."""

    def typer(*args: Any) -> Any:
        if len(args) != len(kinds):
            return None
        floats = next(t.dtype for t, k in zip(args, kinds, strict=True) if k == "m")
        if floats not in _LETTER:
            return None
        wanted = {
            "m": KernelArray(floats, 2),
            "v": KernelArray(floats, 1),
            "n": KernelArray(types.int32, 1),
            "b": types.boolean,
        }
        return signature(result, *(wanted[k] for k in kinds))

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        fields = [
            array_fields(context, builder, t, x) if isinstance(t, KernelArray) else x
            for t, x in zip(sig.args, args, strict=True)
        ]
        return lowering(builder, _LETTER[sig.args[0].dtype], fields)

    declare(fn, typer, lower)


def _checked(builder: Any, routine: str, args: Sequence[Any]) -> Any:
    """A call of a routine whose last argument reports failure; the report."""
    info = cgutils.alloca_once_value(builder, ir.Constant(_INT, 0))
    _call(builder, routine, [*args, info])
    return builder.sext(builder.load(info), ir.IntType(64))


def _getrf(builder: Any, letter: str, args: Any) -> Any:
    (a, (n, _)), (pivots, _) = args
    return _checked(builder, letter + "getrf", [n, n, a, n, pivots])


def _getrs(builder: Any, letter: str, args: Any) -> Any:
    (factors, (n, _)), (pivots, _), (rows, (count, _)), trans = args
    turned = _choice(builder, trans, "N", "T")
    return _checked(builder, letter + "getrs", [turned, n, count, factors, n, pivots, rows, n])


def _potrf(builder: Any, letter: str, args: Any) -> Any:
    ((a, (n, _)),) = args
    return _checked(builder, letter + "potrf", [_letter("U"), n, a, n])


def _trsm(builder: Any, letter: str, args: Any) -> Any:
    (a, (n, _)), (x, (_, k)), lower, trans = args
    uplo, turned = _choice(builder, lower, "U", "L"), _choice(builder, trans, "T", "N")
    one = ir.Constant(a.type.pointee, 1.0)
    leading = _at_least_one(builder, k)
    _call(builder, letter + "trsm", [_letter("R"), uplo, turned, _letter("N"), k, n, one, a, n, x, leading])
    return cgutils.get_null_value(_BYTE.as_pointer())


def _syevd(builder: Any, letter: str, args: Any) -> Any:
    (a, (n, _)), (values, _), vectors, (space, (size,)), (counts, (count,)) = args
    job = _choice(builder, vectors, "V", "N")
    return _checked(builder, letter + "syevd", [job, _letter("L"), n, a, n, values, space, size, counts, count])


def _gesdd(builder: Any, letter: str, args: Any) -> Any:
    (a, (n, m)), (values, _), (left, _), (right, _), vectors, (space, (size,)), (counts, _) = args
    job = _choice(builder, vectors, "S", "N")
    k = builder.select(builder.icmp_signed("<", m, n), m, n)
    return _checked(builder, letter + "gesdd", [job, m, n, a, m, values, left, m, right, k, space, size, counts])


_declare(lapack.getrf, "mn", _getrf)
_declare(lapack.getrs, "mnmb", _getrs)
_declare(lapack.potrf, "m", _potrf)
_declare(lapack.trsm, "mmbb", _trsm, types.none)
_declare(lapack.syevd, "mvbvn", _syevd)
_declare(lapack.gesdd, "mvmmbvn", _gesdd)
