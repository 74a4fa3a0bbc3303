"""What Numba compiles for the functions of `arrays`: a few instructions each, without calls of Python functions.

Note [Fresh memory]. The data pointer of a new array comes out of an opaque function whose result is `noalias`:
LLVM then knows that arrays of this function do not overlap, and vectorises without checks at run time. Parts of an
arena do share memory, one after the other: before memory is used again, the pointer of what was in it goes through
another opaque function, which for all LLVM knows reads and writes it, as `free` would.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate

from . import arrays
from .numba_target import DECLARATIONS, IMPLEMENTATIONS, KernelArray, array_fields, int64

ALIGNMENT = 64
_BYTES = ir.IntType(8).as_pointer()


def declare(fn: Any, typer: Callable[..., Any], lowering: Callable[..., Any]) -> None:
    """Make `fn` known: `typer(*types)` gives its signature or None, `lowering` its code."""

    class Template(AbstractTemplate):
        key = fn

        def generic(self, args: Any, kws: Any) -> Any:
            return None if kws else typer(*args)

    DECLARATIONS.register_global(fn, types.Function(Template))
    IMPLEMENTATIONS.lower(fn, types.VarArg(types.Any))(lowering)


def _rank(shape: Any) -> int | None:
    if isinstance(shape, types.UniTuple) and isinstance(shape.dtype, types.Integer):
        return len(shape)
    return None


def _shape_type(shape: Any) -> Any:
    return types.UniTuple(types.intp, len(shape))


def _element(dtype: Any) -> Any:
    return dtype.instance_type if isinstance(dtype, types.NumberClass) else getattr(dtype, "dtype", None)


def _extents(builder: Any, t: Any, shape: Any) -> list[Any]:
    return [builder.extract_value(shape, k) for k in range(len(t))]


def _product(builder: Any, factors: list[Any]) -> Any:
    out = factors[0] if factors else int64(1)
    for f in factors[1:]:
        out = builder.mul(out, f, flags=["nsw"])
    return out


def _item_bytes(t: Any) -> int:
    return 1 if isinstance(t.dtype, types.Boolean) else t.dtype.bitwidth // 8


def _build(context: Any, builder: Any, t: Any, data: Any, shape: list[Any], meminfo: Any) -> Any:
    """An array value."""
    model = context.data_model_manager[t]
    size = int64(_item_bytes(t))
    strides = [size]
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent, flags=["nsw"]))
    fields = {
        "meminfo": meminfo,
        "nitems": _product(builder, shape),
        "itemsize": size,
        "data": data,
        "shape": cgutils.pack_array(builder, shape, ty=ir.IntType(64)),
        "strides": cgutils.pack_array(builder, strides[: len(shape)], ty=ir.IntType(64)),
    }
    value = ir.Constant(context.get_value_type(t), None)
    for name, x in fields.items():
        value = builder.insert_value(value, x, model.get_field_position(name))
    return value


def _opaque(builder: Any, name: str, result: Any) -> Any:
    """A function of one pointer that LLVM does not look into."""
    found = builder.module.globals.get(name)
    if found is None:
        found = ir.Function(builder.module, ir.FunctionType(result, [_BYTES]), name)
        found.linkage = "linkonce_odr"
        for attribute in ("noinline", "optnone", "nounwind"):
            found.attributes.add(attribute)
        body = ir.IRBuilder(found.append_basic_block())
        if result == _BYTES:
            found.return_value.add_attribute("noalias")
            body.ret(found.args[0])
        else:
            body.ret_void()
    return found


def _fresh(builder: Any, pointer: Any) -> Any:
    """The same pointer. See Note [Fresh memory]."""
    return builder.call(_opaque(builder, "pullback_fresh", _BYTES), [pointer])


def _allocate(context: Any, builder: Any, t: Any, shape: list[Any]) -> tuple[Any, Any, Any]:
    """A new array: its value, data pointer and size in bytes. Too large a size raises MemoryError."""
    size: Any = int64(_item_bytes(t))
    too_large: Any = ir.Constant(ir.IntType(1), 0)
    for extent in shape:
        pair = builder.smul_with_overflow(size, extent)
        size = builder.extract_value(pair, 0)
        too_large = builder.or_(too_large, builder.extract_value(pair, 1))
    wanted = builder.select(too_large, int64(2**62), size)
    meminfo = context.nrt.meminfo_alloc_aligned(builder, wanted, ir.Constant(ir.IntType(32), ALIGNMENT))
    data = _fresh(builder, context.nrt.meminfo_data(builder, meminfo))
    data = builder.bitcast(data, context.get_data_type(t.dtype).as_pointer())
    return _build(context, builder, t, data, shape, meminfo), data, size


def _fill(context: Any, builder: Any, t: Any, data: Any, count: Any, value: Any) -> None:
    with cgutils.for_range(builder, count) as loop:
        context.pack_value(builder, t.dtype, value, builder.gep(data, [loop.index], inbounds=True))


def _copy(builder: Any, target: Any, source: Any, size: Any) -> None:
    cgutils.raw_memcpy(builder, builder.bitcast(target, _BYTES), builder.bitcast(source, _BYTES), size, 1)


def _count(builder: Any, shape: list[Any]) -> Any:
    return _product(builder, shape)


# -- the functions ----------------------------------------------------------------------------------
def _type_empty(shape: Any, dtype: Any) -> Any:
    rank = _rank(shape)
    return None if rank is None else signature(KernelArray(_element(dtype), rank), _shape_type(shape), dtype)


def _lower_empty(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return _allocate(context, builder, sig.return_type, _extents(builder, sig.args[0], args[0]))[0]


def _type_part(arena: Any, offset: Any, shape: Any, dtype: Any) -> Any:
    rank = _rank(shape)
    if rank is None:
        return None
    return signature(KernelArray(_element(dtype), rank), arena, types.intp, _shape_type(shape), dtype)


def _lower_part(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.return_type
    base, _ = array_fields(context, builder, sig.args[0], args[0])
    data = _fresh(builder, builder.gep(builder.bitcast(base, _BYTES), [args[1]], inbounds=True))
    data = builder.bitcast(data, context.get_data_type(t.dtype).as_pointer())
    nobody = ir.Constant(_BYTES, None)  # the caller owns the memory
    return _build(context, builder, t, data, _extents(builder, sig.args[2], args[2]), nobody)


def _type_retire(a: Any) -> Any:
    return signature(types.none, a) if isinstance(a, KernelArray) else None


def _lower_retire(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    data, _ = array_fields(context, builder, sig.args[0], args[0])
    builder.call(_opaque(builder, "pullback_retire", ir.VoidType()), [builder.bitcast(data, _BYTES)])
    return context.get_dummy_value()


def _type_full(shape: Any, value: Any, dtype: Any) -> Any:
    rank, element = _rank(shape), _element(dtype)
    return None if rank is None else signature(KernelArray(element, rank), _shape_type(shape), element, dtype)


def _lower_full(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.return_type
    shape = _extents(builder, sig.args[0], args[0])
    array, data, _ = _allocate(context, builder, t, shape)
    _fill(context, builder, t, data, _count(builder, shape), args[1])
    return array


def _type_fill(a: Any, value: Any) -> Any:
    return signature(types.none, a, a.dtype) if isinstance(a, KernelArray) else None


def _lower_fill(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    data, shape = array_fields(context, builder, sig.args[0], args[0])
    _fill(context, builder, sig.args[0], data, _count(builder, shape), args[1])
    return context.get_dummy_value()


def _type_copy(a: Any) -> Any:
    return signature(a, a) if isinstance(a, KernelArray) else None


def _lower_copy(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    source, shape = array_fields(context, builder, sig.args[0], args[0])
    array, data, size = _allocate(context, builder, sig.return_type, shape)
    _copy(builder, data, source, size)
    return array


def _type_assign(target: Any, source: Any) -> Any:
    return signature(types.none, target, source) if target == source and isinstance(target, KernelArray) else None


def _lower_assign(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.args[0]
    target, shape = array_fields(context, builder, t, args[0])
    source, _ = array_fields(context, builder, t, args[1])
    size = builder.mul(_count(builder, shape), int64(_item_bytes(t)))
    _copy(builder, target, source, size)
    return context.get_dummy_value()


def _type_reshape(a: Any, shape: Any) -> Any:
    rank = _rank(shape)
    return None if rank is None else signature(KernelArray(a.dtype, rank), a, _shape_type(shape))


def _lower_reshape(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    data, _ = array_fields(context, builder, sig.args[0], args[0])
    model = context.data_model_manager[sig.args[0]]
    meminfo = builder.extract_value(args[0], model.get_field_position("meminfo"))
    context.nrt.incref(builder, sig.args[0], args[0])
    return _build(context, builder, sig.return_type, data, _extents(builder, sig.args[1], args[1]), meminfo)


def _type_block(a: Any, start: Any, shape: Any) -> Any:
    rank = _rank(shape)
    if rank is None or _rank(start) is None:
        return None
    return signature(KernelArray(a.dtype, rank), a, _shape_type(start), _shape_type(shape))


def _lower_block(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.args[0]
    data, extents = array_fields(context, builder, t, args[0])
    places = _extents(builder, sig.args[1], args[1])
    offset: Any = int64(0)
    for k, extent in enumerate(extents):
        offset = builder.mul(offset, extent, flags=["nsw"])
        if k < len(places):
            offset = builder.add(offset, places[k], flags=["nsw"])
    model = context.data_model_manager[t]
    meminfo = builder.extract_value(args[0], model.get_field_position("meminfo"))
    context.nrt.incref(builder, t, args[0])
    shape = _extents(builder, sig.args[2], args[2])
    return _build(context, builder, sig.return_type, builder.gep(data, [offset]), shape, meminfo)


def _type_grow(tape: Any, needed: Any) -> Any:
    return signature(tape, tape, types.intp)


def _lower_grow(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.args[0]
    source, (old,) = array_fields(context, builder, t, args[0])
    double = builder.mul(old, int64(2), flags=["nsw"])
    count = builder.select(builder.icmp_signed(">", double, args[1]), double, args[1])
    array, data, _ = _allocate(context, builder, t, [count])
    _copy(builder, data, source, builder.mul(old, int64(_item_bytes(t))))
    return array


def _type_put(tape: Any, start: Any, values: Any) -> Any:
    same = isinstance(values, KernelArray) and values.dtype == tape.dtype
    return signature(types.none, tape, types.intp, values) if same else None


def _lower_put(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    target, _ = array_fields(context, builder, sig.args[0], args[0])
    source, shape = array_fields(context, builder, sig.args[2], args[2])
    size = builder.mul(_count(builder, shape), int64(_item_bytes(sig.args[2])))
    _copy(builder, builder.gep(target, [args[1]], inbounds=True), source, size)
    return context.get_dummy_value()


def _type_take(tape: Any, start: Any, shape: Any) -> Any:
    rank = _rank(shape)
    return None if rank is None else signature(KernelArray(tape.dtype, rank), tape, types.intp, _shape_type(shape))


def _lower_take(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    source, _ = array_fields(context, builder, sig.args[0], args[0])
    shape = _extents(builder, sig.args[2], args[2])
    array, data, size = _allocate(context, builder, sig.return_type, shape)
    _copy(builder, data, builder.gep(source, [args[1]], inbounds=True), size)
    return array


declare(arrays.empty, _type_empty, _lower_empty)
declare(np.empty, _type_empty, _lower_empty)
declare(arrays.part, _type_part, _lower_part)
declare(arrays.retire, _type_retire, _lower_retire)
declare(arrays.full, _type_full, _lower_full)
declare(arrays.fill, _type_fill, _lower_fill)
declare(arrays.copy, _type_copy, _lower_copy)
declare(arrays.assign, _type_assign, _lower_assign)
declare(arrays.reshape, _type_reshape, _lower_reshape)
declare(arrays.block, _type_block, _lower_block)
declare(arrays.grow, _type_grow, _lower_grow)
declare(arrays.put, _type_put, _lower_put)
declare(arrays.take, _type_take, _lower_take)
