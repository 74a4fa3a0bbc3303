"""Questions about types that are answered at compile time: dtypes, limits, promotion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PullbackTypeError
from ..ir.types import DTYPES, promote
from .numpy_table import numpy_function
from .values import is_scalar, is_static, to_python

if TYPE_CHECKING:
    from .context import Context


def _enter_query(function: Any) -> None:
    """A function of dtypes, called at compile time."""

    @numpy_function(function)
    def expand(ctx: Context, *args: Any) -> Any:
        known = [ctx.static(a, f"the argument of np.{function.__name__}") for a in args]
        try:
            return function(*known)
        except (TypeError, ValueError) as e:
            ctx.error(PullbackTypeError, f"np.{function.__name__}: {e}")


for _function in (np.finfo, np.iinfo, np.dtype, np.issubdtype, np.promote_types, np.can_cast):
    _enter_query(_function)


@numpy_function(np.result_type)
def _result_type(ctx: Context, *arrays_and_dtypes: Any) -> Any:
    if all(map(is_static, arrays_and_dtypes)):
        return np.result_type(*map(to_python, arrays_and_dtypes))
    types = []
    for a in arrays_and_dtypes:
        dtype = a if isinstance(a, (np.dtype, type)) else None
        types.append(ctx.type(np.dtype(dtype).type(0)) if dtype is not None else ctx.type(a))
    return DTYPES[promote(types)[0]]


@numpy_function(np.isscalar)
def _isscalar(ctx: Context, element: Any) -> Any:
    return is_scalar(element) or isinstance(element, str)


@numpy_function(np.iscomplexobj)
def _iscomplexobj(ctx: Context, x: Any) -> Any:
    return False


@numpy_function(np.isrealobj)
def _isrealobj(ctx: Context, x: Any) -> Any:
    return True


@numpy_function(np.array_equal)
def _array_equal(ctx: Context, a1: Any, a2: Any) -> Any:
    x, y = ctx.operand(a1), ctx.operand(a2)
    if x.type.rank != y.type.rank:
        return False
    for m, n in zip(x.type.shape, y.type.shape, strict=True):
        if ctx.equal_extents(m, n) is False:
            return False
        ctx.require_equal(m, n, "np.array_equal: the shapes are equal only in some calls")
    same = ctx.operand(ctx.elementwise("eq", x, y))
    if same.type.rank:
        same = ctx.b.emit("all", same, axes=tuple(range(same.type.rank)), keepdims=False)
    return ctx.b.emit("cast", same, dtype="b1", weak=True)
