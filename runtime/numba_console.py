"""What Numba compiles for `console.show` and `console.keep`: a call back into Python with the packed values."""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature

from . import console
from .numba_arrays import declare
from .numba_target import IMPLEMENTATIONS, KernelArray, array_fields, int64

_INT64 = ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()


def _type_show(template: Any, *values: Any) -> Any:
    known = (types.Number, types.Boolean, KernelArray)
    if not isinstance(template, types.StringLiteral) or not all(isinstance(types.unliteral(t), known) for t in values):
        return None
    return signature(types.none, template, *(types.unliteral(t) for t in values))


def _lower_call(symbol: str) -> Callable[..., Any]:
    return lambda context, builder, sig, args: _lower_show(context, builder, sig, args, symbol)


def _lower_show(context: Any, builder: Any, sig: Any, args: Any, symbol: str) -> Any:
    words, slots = [], []
    for t, value in zip(sig.args[1:], args[1:], strict=True):
        if isinstance(t, KernelArray):
            words.append(f"{_numpy_name(t.dtype)}:{t.ndim}")
            data, shape = array_fields(context, builder, t, value)
            slots += [builder.ptrtoint(data, _INT64), *shape]
        elif isinstance(t, types.Float):
            words.append(_numpy_name(t))
            slots.append(builder.bitcast(context.cast(builder, value, t, types.float64), _INT64))
        else:
            words.append(_numpy_name(t))
            slots.append(context.cast(builder, value, t, types.int64))
    memory = cgutils.alloca_once(builder, _INT64, size=int64(max(1, len(slots))))
    for k, slot in enumerate(slots):
        builder.store(slot, builder.gep(memory, [int64(k)]))
    texts = [context.insert_const_string(builder.module, text) for text in (sig.args[0].literal_value, " ".join(words))]
    kind = ir.FunctionType(ir.VoidType(), [_BYTES, _BYTES, _INT64.as_pointer()])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, symbol), [*texts, memory])
    return context.get_dummy_value()


def _numpy_name(t: Any) -> str:
    return "bool" if isinstance(t, types.Boolean) else str(t)


@IMPLEMENTATIONS.lower_constant(types.StringLiteral)
def _template(context: Any, builder: Any, t: Any, value: Any) -> Any:
    """The text itself is in the type."""
    return ir.Constant(context.get_value_type(t), None)


console.register()
for _function, _symbol in console.SYMBOLS.items():
    declare(_function, _type_show, _lower_call(_symbol))
