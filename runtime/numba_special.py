"""What Numba compiles for the functions of `special`: calls of SciPy's, in double precision."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature

from . import blas_symbols, special
from .numba_arrays import declare

_DOUBLE, _INT = ir.DoubleType(), ir.IntType(32)


def _typer(x: Any) -> Any:
    t = types.float32 if types.unliteral(x) == types.float32 else types.float64
    return signature(t, t) if isinstance(x, (types.Number, types.Boolean)) else None


def _call_of(name: str) -> Callable[..., Any]:
    kind = ir.FunctionType(_DOUBLE, [_DOUBLE, _INT])

    def lowering(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        (x,) = args
        narrow = x.type != _DOUBLE
        fn = cgutils.get_or_insert_function(builder.module, kind, blas_symbols.SPECIAL_SYMBOL.format(name))
        result = builder.call(fn, [builder.fpext(x, _DOUBLE) if narrow else x, _INT(0)])
        return builder.fptrunc(result, x.type) if narrow else result

    return lowering


def _register() -> None:
    blas_symbols.register_special()
    for name in special.FUNCTIONS:
        declare(getattr(special, name), _typer, _call_of(name))


_register()
