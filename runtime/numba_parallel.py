"""What Numba compiles for `parallel.in_parallel`: a job for the pool.

Caller and helpers call the same task, which takes the next block from a common counter as long as there are any.
"""

# mypy: disable-error-code="no-untyped-call,untyped-decorator,attr-defined,call-arg,no-any-return,misc"
from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate

from . import parallel, pool
from .numba_target import DECLARATIONS, IMPLEMENTATIONS, int64

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_BYTES = ir.IntType(8).as_pointer()
_TASK = ir.FunctionType(ir.VoidType(), [_BYTES])
_OUT_OF_MEMORY = -1  # the status of a block in which the runtime raised


class _InParallel(AbstractTemplate):
    key = parallel.in_parallel

    def generic(self, args: Any, kws: Any) -> Any:
        if kws or len(args) < 3 or not isinstance(args[0], types.Dispatcher):
            return None
        found = args[0].get_call_type(self.context, (types.int64,) * 3 + args[3:], {})
        return found and signature(found.return_type, args[0], types.int64, types.int64, *args[3:])


def _lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    part, kinds = sig.args[0], (types.int64,) * 3 + sig.args[3:]
    result = part.dispatcher.overloads[kinds]
    context.add_linking_libs((result.library,))
    count = builder.select(builder.icmp_signed("<", args[2], int64(0)), int64(0), args[2])
    counter = cgutils.alloca_once_value(builder, int64(0))
    builder.store(int64(0), counter)
    statuses = cgutils.alloca_once(builder, ir.ArrayType(_I64, parallel.BLOCKS))
    values = (count, counter, statuses, *args[3:])
    package_type = ir.LiteralStructType([x.type for x in values])
    package = cgutils.alloca_once(builder, package_type)
    for k, x in enumerate(values):
        builder.store(x, cgutils.gep_inbounds(builder, package, 0, k))
    task = _task(context, builder.module, result, kinds, package_type)
    with builder.if_else(builder.icmp_signed(">", args[1], int64(1))) as (several, alone):
        with several:
            _run_job(builder, task, builder.bitcast(package, _BYTES), args[1])
        with alone:  # the pool is another caller's: the same blocks, one after the other
            builder.call(task, [builder.bitcast(package, _BYTES)])
    found: Any = int64(0)
    for k in reversed(range(parallel.BLOCKS)):
        status = builder.load(cgutils.gep_inbounds(builder, statuses, 0, k))
        found = builder.select(builder.icmp_signed("!=", status, int64(0)), status, found)
    with builder.if_then(builder.icmp_signed("==", found, int64(_OUT_OF_MEMORY)), likely=False):
        context.call_conv.return_user_exc(builder, MemoryError, ("not enough memory for the temporaries of a loop",))
    return context.cast(builder, found, types.int64, sig.return_type)


def _run_job(builder: Any, task: Any, package: Any, threads: Any) -> None:
    """Open a job, wake helpers, work, close the job, wait for those who joined."""
    module = builder.module
    place = cgutils.get_or_insert_function  # of a function of the C library
    semaphore_kind, yield_kind = ir.FunctionType(_I32, [_BYTES]), ir.FunctionType(_I32, [])
    words = module.globals.get(pool.SYMBOL) or ir.GlobalVariable(module, ir.ArrayType(_I64, 4), pool.SYMBOL)

    def word(k: int) -> Any:
        return cgutils.gep_inbounds(builder, words, 0, k)

    builder.store(builder.ptrtoint(task, _I64), word(pool.FUNCTION))
    builder.store(builder.ptrtoint(package, _I64), word(pool.DATA))
    builder.store_atomic(int64(pool.OPEN), word(pool.STATE), "seq_cst", 8)
    semaphore = builder.bitcast(word(pool.SEMAPHORE), _BYTES)
    with cgutils.for_range(builder, builder.sub(threads, int64(1))):
        builder.call(place(module, semaphore_kind, "sem_post"), [semaphore])
    builder.call(task, [package])
    builder.atomic_rmw("sub", word(pool.STATE), int64(pool.OPEN), "seq_cst")
    wait, rest, done = (builder.append_basic_block(name) for name in ("wait", "rest", "done"))
    builder.branch(wait)
    builder.position_at_end(wait)
    helpers = builder.load_atomic(word(pool.STATE), "seq_cst", 8)
    builder.cbranch(builder.icmp_signed("!=", helpers, int64(0)), rest, done)
    builder.position_at_end(rest)
    builder.call(place(module, yield_kind, "sched_yield"), [])
    builder.branch(wait)
    builder.position_at_end(done)


def _task(context: Any, module: Any, result: Any, kinds: Any, package_type: Any) -> Any:
    """The function that caller and helpers run."""
    task = ir.Function(module, _TASK, module.get_unique_name("pullback_task"))
    task.linkage = "internal"
    builder = ir.IRBuilder(task.append_basic_block())
    package = builder.bitcast(task.args[0], package_type.as_pointer())
    count, counter, statuses, *rest = (
        builder.load(cgutils.gep_inbounds(builder, package, 0, k)) for k in range(len(package_type.elements))
    )
    function = context.declare_function(module, result.fndesc)
    blocks = int64(parallel.BLOCKS)
    again, work, end = (builder.append_basic_block(name) for name in ("again", "work", "end"))
    builder.branch(again)
    builder.position_at_end(again)
    block = builder.atomic_rmw("add", counter, int64(1), "seq_cst")
    builder.cbranch(builder.icmp_signed("<", block, blocks), work, end)
    builder.position_at_end(work)
    first = builder.sdiv(builder.mul(count, block), blocks)
    last = builder.sdiv(builder.mul(count, builder.add(block, int64(1))), blocks)
    status, value = context.call_conv.call_function(
        builder, function, result.signature.return_type, kinds, [first, last, block, *rest]
    )
    value = context.cast(builder, value, result.signature.return_type, types.int64)
    value = builder.select(status.is_ok, value, int64(_OUT_OF_MEMORY))
    builder.store(value, cgutils.gep_inbounds(builder, statuses, 0, block))
    builder.branch(again)
    builder.position_at_end(end)
    builder.ret_void()
    return task


DECLARATIONS.register_global(parallel.in_parallel, types.Function(_InParallel))
IMPLEMENTATIONS.lower(parallel.in_parallel, types.VarArg(types.Any))(_lower)
pool.register()
