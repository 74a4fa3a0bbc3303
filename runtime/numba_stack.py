"""What Numba compiles for the functions of `stack`: the address of something in the frame."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature

from . import stack
from .numba_arrays import declare
from .numba_target import int64


def _here(builder: Any) -> Any:
    return builder.ptrtoint(cgutils.alloca_once(builder, ir.IntType(8)), ir.IntType(64))


def _lower_here(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _here(builder)


def _lower_room(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.icmp_signed("<", builder.sub(args[0], _here(builder)), int64(stack.BUDGET))


declare(stack.stack_here, lambda: signature(types.int64), _lower_here)
declare(stack.stack_room, lambda start: signature(types.boolean, types.int64), _lower_room)
