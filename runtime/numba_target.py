"""Numba's CPU target as native kernels need it: few registries, few passes, arrays that are indexed in bounds.

Numba's own contexts register everything that Numba knows (0.5 s of a process). Those here know numbers, ranges,
tuples, arrays and `math`, and what the modules `numba_*` of this package register: generated code calls
nothing else. Functions listed in a ``FROM_PYTHON`` of this package are compiled from their Python.

Note [Indexing]. `KernelArray` is C-contiguous and indexed by as many integers as it has axes, each within
[0, extent): generated code has checked, or the compiler has proved it. So an access is an address computation
and a load or store, without the wraparound of Python's negative indices.

Note [Freed memory]. Data pointers of new arrays are `noalias` (Note [Fresh memory] in `numba_arrays`), and LLVM does
not see that giving back a reference ends the life of the memory behind such a pointer: it may move a load
behind the release, where the next array already has the same memory. So every release is preceded by an empty
statement that could read and write the memory, which nothing moves across.

Note [Strides]. In a loop down a column LLVM knows the distance of two elements by name only, and vectorises such a loop
for the case that this is 1; in all other cases it runs element by element. Here it never is 1, as an extent of 1 is a
constant of the program, so LLVM is told to vectorise for any distance.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return,misc"
from __future__ import annotations

import functools
import operator
import types as pytypes
from typing import Any

from llvmlite import binding, ir
from numba import _dynfunc
from numba.core import codegen, compiler, cpu, dispatcher, imputils, lowering, registry, types
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.datamodel import models, register_default
from numba.core.rewrites.static_getitem import RewriteConstGetitems
from numba.core.typed_passes import (
    AnnotateTypes,
    BaseNativeLowering,
    IRLegalization,
    NoPythonBackend,
    NopythonTypeInference,
)
from numba.core.typing.context import BaseContext
from numba.core.typing.templates import Registry, RegistryLoader, _OverloadAttributeTemplate
from numba.core.untyped_passes import FixupArgs, IRProcessing, TranslateByteCode

DECLARATIONS = Registry()
IMPLEMENTATIONS = imputils.Registry("pullback")


class KernelArray(types.Array):
    """A C-contiguous array. See Note [Indexing]."""

    def __init__(self, dtype: Any, ndim: int):
        super().__init__(dtype, ndim, "C")

    def unify(self, typingctx: Any, other: Any) -> Any:
        return self if self == other else None

    def can_convert_to(self, typingctx: Any, other: Any) -> Any:
        return None


register_default(KernelArray)(models.ArrayModel)


def array_fields(context: Any, builder: Any, t: Any, value: Any) -> tuple[Any, list[Any]]:
    """The data pointer and the extents of an array value."""
    model = context.data_model_manager[t]
    data = builder.extract_value(value, model.get_field_position("data"))
    shape = model.get_field_position("shape")
    return data, [builder.extract_value(value, (shape, k)) for k in range(t.ndim)]


def _unwrapped(builder: Any, place: Any) -> Any:
    """The sums and products that make a place, once more, told to fit into 64 bits: a place within an array does, and
    LLVM may join the loops' accesses."""
    if not isinstance(place, ir.Instruction) or place.opname not in ("add", "sub", "mul"):
        return place
    parts = [_unwrapped(builder, x) for x in place.operands]
    return getattr(builder, place.opname)(*parts, flags=["nsw"])


def _address(context: Any, builder: Any, t: Any, value: Any, index_type: Any, index: Any) -> Any:
    if isinstance(index_type, types.BaseTuple):
        kinds = index_type.types
        places = [builder.extract_value(index, k) for k in range(len(kinds))]
    else:
        kinds, places = (index_type,), [index]
    if len(places) != t.ndim:
        raise NotImplementedError("only single elements are indexed")
    places = [context.cast(builder, p, k, types.intp) for p, k in zip(places, kinds, strict=True)]
    data, shape = array_fields(context, builder, t, value)
    places = [_unwrapped(builder, p) for p in places]
    offset = places[0]
    for place, extent in zip(places[1:], shape[1:], strict=True):
        offset = builder.add(builder.mul(offset, extent, flags=["nsw"]), place, flags=["nsw"])
    return builder.gep(data, [offset], inbounds=True)


def _getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.args[0]
    return context.unpack_value(builder, t.dtype, _address(context, builder, t, args[0], sig.args[1], args[1]))


def _setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    t = sig.args[0]
    value = context.cast(builder, args[2], sig.args[2], t.dtype)
    context.pack_value(builder, t.dtype, value, _address(context, builder, t, args[0], sig.args[1], args[1]))
    return context.get_dummy_value()


def _wrapping(name: str) -> Any:
    """Integer arithmetic modulo 2**64, as in NumPy. Numba tells LLVM that a result always fits, and a comparison with
    one that does not, such as a bound's of a slice, may then be answered in any way."""

    def implement(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)

    return implement


for _name in ("add", "sub", "mul"):
    for _operator in (getattr(operator, _name), getattr(operator, f"i{_name}")):
        IMPLEMENTATIONS.lower(_operator, types.int64, types.int64)(_wrapping(_name))

for _index in (types.Integer, types.BaseTuple):
    IMPLEMENTATIONS.lower(operator.getitem, KernelArray, _index)(_getitem)
    IMPLEMENTATIONS.lower(operator.setitem, KernelArray, _index, types.Any)(_setitem)


class _TypingContext(BaseContext):
    def load_additional_registries(self) -> None:
        from numba.core.typing import mathdecl

        self.install_registry(mathdecl.registry)
        self.install_registry(DECLARATIONS)

    def install_registry(self, registry: Any) -> None:
        """All but overloaded attributes and methods: their declarations would load Numba's own target."""
        if registry not in self._registries:
            self._registries[registry] = RegistryLoader(registry)
        loader = self._registries[registry]
        for template in loader.new_registrations("functions"):
            self.insert_function(template(self))
        for template in loader.new_registrations("attributes"):
            if not issubclass(template, _OverloadAttributeTemplate):
                self.insert_attributes(template(self))
        for value, t in loader.new_registrations("globals"):
            known = self._lookup_global(value)
            if known is not None:
                t = t if registry is DECLARATIONS else known.augment(t)
                self._remove_global(value)
            self._insert_global(value, t)

    def resolve_value_type(self, value: Any) -> Any:
        if isinstance(value, pytypes.FunctionType) and value in _as_written():
            return types.Dispatcher(_compiled(value))
        return super().resolve_value_type(value)


class _Library(codegen.JITCodeLibrary):
    """Optimised as a module only: Numba's passes over each function before that take a fifth of the time of a
    compilation, and the code is no better for them. What is `only_linked` is compiled as a part of what calls it."""

    only_linked = False

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        if self.only_linked:
            return
        # See Note [Strides]; set back for the code of others, which Numba's lock keeps from being compiled meanwhile
        binding.set_option("", "-enable-mem-access-versioning=false")
        try:
            super()._optimize_final_module()
        finally:
            binding.set_option("", "-enable-mem-access-versioning=true")

    def _finalize_final_module(self) -> None:
        if self.only_linked:
            self._finalized = True
        else:
            super()._finalize_final_module()


class _TargetContext(cpu.CPUContext):
    def init(self) -> None:
        super().init()
        self._internal_codegen._library_class = _Library

    def load_additional_registries(self) -> None:
        from numba.core.runtime import rtsys

        rtsys.initialize(self)
        from numba.core import optional  # noqa: F401
        from numba.cpython import (  # noqa: F401
            builtins,
            iterators,
            mathimpl,
            numbers,
            rangeobj,
            tupleobj,
        )
        from numba.np import arrayobj  # noqa: F401

        self.install_registry(mathimpl.registry)
        self.install_registry(IMPLEMENTATIONS)

    def get_executable(self, library: Any, fndesc: Any, env: Any) -> Any:
        if not library.only_linked:
            return super().get_executable(library, fndesc, env)
        nowhere = 0  # Python never calls it
        return _dynfunc.make_function(fndesc.lookup_module(), fndesc.qualname, "", nowhere, env, (library,))


class _Target(registry.CPUTarget):
    @functools.cached_property
    def _toplevel_target_context(self) -> Any:
        return _TargetContext(self.typing_context, self._target_name)

    @functools.cached_property
    def _toplevel_typing_context(self) -> Any:
        return _TypingContext()


class KernelDispatcher(dispatcher.Dispatcher):
    """Compiles one function of a native module."""

    targetdescr = _Target("cpu")


class _Lower(lowering.Lower):
    """Lowering that spends nothing on the reference counts of numbers."""

    def _counted(self, t: Any) -> bool:
        known = self.__dict__.setdefault("_counted_types", {})
        if t not in known:
            known[t] = self.context.data_model_manager[t].contains_nrt_meminfo()
        found: bool = known[t]
        return found

    def incref(self, typ: Any, val: Any) -> None:
        if self._counted(typ):
            super().incref(typ, val)

    def decref(self, typ: Any, val: Any) -> None:
        if self._counted(typ):
            self._finish_accesses(typ, val)
            super().decref(typ, val)

    def _finish_accesses(self, t: Any, value: Any) -> None:
        """See Note [Freed memory]."""
        if isinstance(t, types.BaseTuple):
            for k, part in enumerate(t.types):
                self._finish_accesses(part, self.builder.extract_value(value, k))
        elif isinstance(t, KernelArray):
            data, _ = array_fields(self.context, self.builder, t, value)
            kind = ir.FunctionType(ir.VoidType(), [data.type])
            self.builder.call(ir.InlineAsm(kind, "", "r,~{memory}", side_effect=True), [data])

    def delvar(self, name: str) -> None:
        if self._counted(self.typeof(name)):
            super().delvar(name)
        elif name not in self._blk_local_varmap:
            self._singly_assigned_vars.discard(name)


@register_pass(mutates_CFG=True, analysis_only=False)
class _KernelLowering(BaseNativeLowering):
    _name: Any = "pullback_lowering"

    @property
    def lowering_class(self) -> Any:
        return _Lower

    def run_pass(self, state: Any) -> bool:
        state.library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
        state.library.enable_object_caching()
        state.library.only_linked = state.metadata["only_linked"]
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=False, analysis_only=False)
class _StaticIndices(FunctionPass):
    """Of Numba's rewriting only that of ``t[0]``, which for a tuple is an item of its own type. What lives where is
    analysed later, once."""

    _name: Any = "pullback_static_indices"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        rewrite = RewriteConstGetitems(state)
        for key, block in state.func_ir.blocks.items():
            if rewrite.match(state.func_ir, block, state.typemap, state.calltypes):
                state.func_ir.blocks[key] = rewrite.apply()
        return True


class _Passes(compiler.CompilerBase):
    """Only the passes that generated code needs: it has no closures, no literal tricks and no array expressions,
    and each of its variables has one type, so that it needs no SSA."""

    only_linked = False
    has_wrapper = False  # for Python to call
    fresh_outputs = False  # what it writes to may be the memory of two arguments

    def define_pipelines(self) -> list[Any]:
        self.state.flags.noalias = self.fresh_outputs
        self.state.metadata["only_linked"] = self.only_linked
        pm = PassManager("pullback")
        for p, why in (
            (TranslateByteCode, "analyzing bytecode"),
            (FixupArgs, "fix up args"),
            (IRProcessing, "processing IR"),
            (_StaticIndices, "static indices of tuples"),
            (NopythonTypeInference, "types"),
            (IRLegalization, "ensure IR is legal prior to lowering"),
            (AnnotateTypes, "annotate types"),
            (_KernelLowering, "native lowering"),
            (NoPythonBackend, "backend"),
        ):
            pm.add_pass(p, why)
        pm.finalize()
        return [pm]


class _Entry(_Passes):
    """Of a main function: what it writes to is no argument's memory."""

    has_wrapper = True
    fresh_outputs = True


class _Part(_Passes):
    """Of a part of a main function that runs in blocks."""

    only_linked = True
    fresh_outputs = True


def make_dispatcher(fn: Any, reassociate: bool, pipeline: type[_Passes] = _Passes) -> KernelDispatcher:
    """What compiles `fn`."""
    options: dict[str, Any] = {
        "nopython": True, "error_model": "numpy", "boundscheck": False, "nogil": True, "no_cfunc_wrapper": True,
        "no_cpython_wrapper": not pipeline.has_wrapper,
    }  # fmt: skip
    if reassociate:
        options["fastmath"] = {"reassoc", "contract"}
    return KernelDispatcher(fn, targetoptions=options, pipeline_class=pipeline)


def make_entry(fn: Any, reassociate: bool) -> KernelDispatcher:
    """What compiles a main function."""
    return make_dispatcher(fn, reassociate, _Entry)


def make_part(fn: Any, reassociate: bool) -> KernelDispatcher:
    """What compiles a part of a main function, which writes to no memory that two of its arguments show."""
    return make_dispatcher(fn, reassociate, _Part)


@functools.cache
def _as_written() -> frozenset[Any]:
    from . import blas, lapack, scalar_math, sorting

    return frozenset((*scalar_math.FROM_PYTHON, *sorting.FROM_PYTHON, *lapack.FROM_PYTHON, *blas.FROM_PYTHON))


@functools.cache
def _compiled(fn: Any) -> KernelDispatcher:
    return make_dispatcher(fn, False)


def int64(value: int) -> Any:
    return ir.Constant(ir.IntType(64), value)
