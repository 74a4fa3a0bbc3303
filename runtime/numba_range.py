"""Loops over ``range`` as plain counted loops.

Numba's own range computes the number of iterations by a division, in 80 instructions a loop, a half of all that
LLVM is given. Where the step is a constant, as it nearly always is, the loop here is the index and, for steps of 1
and -1, how many iterations are left (LLVM makes faster code of a count than of an end), for others the end.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return,misc,name-defined"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models, register_default
from numba.core.imputils import RefType, iternext_impl
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate

from .numba_target import DECLARATIONS, IMPLEMENTATIONS, int64


def counted_range(start: int, stop: int, step: int) -> None:
    """What a range with a constant step is lowered as."""


class _Iterator(types.SimpleIteratorType):
    def __init__(self, step: int):
        self.step = step
        super().__init__(f"counted_range_iterator({step})", types.int64)


class _Range(types.SimpleIterableType):
    def __init__(self, step: int):
        super().__init__(f"counted_range({step})", _Iterator(step))


@register_default(_Range)
class _RangeModel(models.StructModel):
    def __init__(self, manager: Any, t: Any):
        super().__init__(manager, t, [("start", types.int64), ("stop", types.int64)])


@register_default(_Iterator)
class _IteratorModel(models.StructModel):
    def __init__(self, manager: Any, t: Any):
        super().__init__(
            manager, t, [("place", types.EphemeralPointer(types.int64)), ("limit", types.EphemeralPointer(types.int64))]
        )


class _RangeTemplate(AbstractTemplate):
    key = range
    prefer_literal = True

    def generic(self, args: Any, kws: Any) -> Any:
        if kws or not 1 <= len(args) <= 3 or not all(isinstance(a, types.Integer) for a in args):
            return None
        result = types.range_state64_type
        if len(args) < 3:
            result = _Range(1)
        elif isinstance(args[2], types.IntegerLiteral) and args[2].literal_value:
            result = _Range(args[2].literal_value)
        return signature(result, *[types.int64] * len(args))

    def get_impl_key(self, sig: Any) -> Any:
        return counted_range if isinstance(sig.return_type, _Range) else range


DECLARATIONS.register_global(range, types.Function(_RangeTemplate))


def _pair(context: Any, builder: Any, t: Any, first: Any, second: Any) -> Any:
    made = ir.Constant(context.get_value_type(t), ir.Undefined)
    return builder.insert_value(builder.insert_value(made, first, 0), second, 1)


def _range(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    start = args[0] if len(args) > 1 else context.get_constant(types.int64, 0)
    return _pair(context, builder, sig.return_type, start, args[min(1, len(args) - 1)])


for _count in (1, 2, 3):
    IMPLEMENTATIONS.lower(counted_range, *[types.int64] * _count)(_range)


@IMPLEMENTATIONS.lower("getiter", _Range)
def _iterator(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    start, stop = (builder.extract_value(args[0], k) for k in (0, 1))
    step = sig.return_type.step
    limit = stop if abs(step) > 1 else builder.sub(stop, start) if step == 1 else builder.sub(start, stop)
    places = (cgutils.alloca_once_value(builder, x) for x in (start, limit))
    return _pair(context, builder, sig.return_type, *places)


@IMPLEMENTATIONS.lower("iternext", _Iterator)
@iternext_impl(RefType.UNTRACKED)
def _next(context: Any, builder: Any, sig: Any, args: Any, result: Any) -> None:
    step = sig.args[0].step
    index_place, limit_place = (builder.extract_value(args[0], k) for k in (0, 1))
    index, limit = builder.load(index_place), builder.load(limit_place)
    if abs(step) == 1:
        valid = builder.icmp_signed(">", limit, int64(0))
    else:
        valid = builder.icmp_signed("<" if step > 0 else ">", index, limit)
    result.set_valid(valid)
    with builder.if_then(valid):
        result.yield_(index)
        builder.store(builder.add(index, int64(step), flags=["nsw"]), index_place)
        if abs(step) == 1:
            builder.store(builder.sub(limit, int64(1), flags=["nsw"]), limit_place)
