"""The threads on which blocks of loops run.

A caller works on its job itself and lets others help: it opens the job, wakes the helpers, takes blocks until there are
none left, closes the job, and waits for the helpers that are still in a block. A helper that wakes up late finds the
job closed and sleeps on, so that a job never takes much longer than it would alone, however busy the machine is. (The
pools that Numba has make the caller wait until all of them have woken up: 0.2 to 0.4 ms on a virtual machine whose
second processor idles, where this takes a few microseconds.) Helpers look for another job for a while before they
sleep.

`STATE` is 0 without a job; else `OPEN` while helpers may join, plus the number of those that did. There is one job at a
time: `acquire` gives the pool to one caller. A forked process starts helpers of its own.
"""

# mypy: disable-error-code="no-untyped-call,attr-defined"
from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from typing import Any

SYMBOL = "pullback_pool"
STATE, FUNCTION, DATA, SEMAPHORE = range(4)
"""Words of the pool's memory: the state, what to call with what, and from then on a ``sem_t``."""
OPEN = 1 << 32

_WORDS = 32
_memory = (ctypes.c_int64 * _WORDS)()
_caller = threading.Lock()
_TURNS = 400  # how often a helper looks for the next job before it sleeps: a tenth of a millisecond
_LIBRARY_FUNCTIONS = ("sem_post", "sem_wait", "sched_yield")
_WORKER = f"""
declare i32 @sem_wait(i8*)
declare i32 @sched_yield()

define void @pullback_helper(i64* %pool) {{
entry:
  %function_place = getelementptr i64, i64* %pool, i64 {FUNCTION}
  %data_place = getelementptr i64, i64* %pool, i64 {DATA}
  %semaphore = getelementptr i64, i64* %pool, i64 {SEMAPHORE}
  %semaphore_bytes = bitcast i64* %semaphore to i8*
  br label %sleep
sleep:
  %failed = call i32 @sem_wait(i8* %semaphore_bytes)
  %woken = icmp eq i32 %failed, 0
  br i1 %woken, label %look, label %sleep
look:
  %seen = load atomic i64, i64* %pool seq_cst, align 8
  %is_open = icmp uge i64 %seen, {OPEN}
  br i1 %is_open, label %join, label %sleep
join:
  %more = add i64 %seen, 1
  %pair = cmpxchg i64* %pool, i64 %seen, i64 %more seq_cst seq_cst
  %joined = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %joined, label %work, label %look
work:
  %function_bits = load i64, i64* %function_place, align 8
  %data_bits = load i64, i64* %data_place, align 8
  %function = inttoptr i64 %function_bits to void (i8*)*
  %data = inttoptr i64 %data_bits to i8*
  call void %function(i8* %data)
  %before = atomicrmw sub i64* %pool, i64 1 seq_cst
  br label %linger
linger:
  %turns = phi i64 [ 0, %work ], [ %turns_1, %stay ]
  %closed = phi i1 [ 0, %work ], [ %closed_1, %stay ]
  %now = load atomic i64, i64* %pool seq_cst, align 8
  %is_new = icmp uge i64 %now, {OPEN}
  %joinable = and i1 %is_new, %closed
  br i1 %joinable, label %look, label %stay
stay:
  %is_closed = icmp ult i64 %now, {OPEN}
  %closed_1 = or i1 %closed, %is_closed
  %turns_1 = add i64 %turns, 1
  %yielded = call i32 @sched_yield()
  %patient = icmp ult i64 %turns_1, {_TURNS}
  br i1 %patient, label %linger, label %sleep
}}
"""


def limit() -> int:
    """The threads that a loop may have: ``PULLBACK_NUM_THREADS``, else ``OMP_NUM_THREADS``, else one for each CPU that
    this process may use. One where there is no pool: it needs POSIX semaphores in memory."""
    if not sys.platform.startswith("linux"):
        return 1
    for name in ("PULLBACK_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(name, "")
        if value.isdecimal() and int(value) > 0:
            return int(value)
    return len(os.sched_getaffinity(0))


def acquire() -> int:
    """Take the pool. The number of threads to use, the caller's own included; 1, and nothing to release, where it is
    taken or not wanted."""
    wanted = limit()
    if wanted < 2 or not _caller.acquire(blocking=False):
        return 1
    try:
        _helpers.at_least(wanted - 1)
    except BaseException as e:
        _caller.release()
        if isinstance(e, RuntimeError):  # the system has no more threads
            return 1
        raise
    return wanted


def release() -> None:
    """Give the pool back."""
    _caller.release()


class _Helpers:
    def __init__(self) -> None:
        self.count = 0

    def at_least(self, wanted: int) -> None:
        if self.count == 0:
            _memory[STATE] = 0
            _libc().sem_init(ctypes.byref(_memory, 8 * SEMAPHORE), 0, 0)
        while self.count < wanted:
            name = f"pullback-{self.count + 1}"
            threading.Thread(target=_worker(), args=(ctypes.addressof(_memory),), name=name, daemon=True).start()
            self.count += 1


_helpers = _Helpers()


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None)


@functools.cache
def register() -> None:
    """Make the pool and what its callers need known to LLVM."""
    from llvmlite import binding as ll

    ll.add_symbol(SYMBOL, ctypes.addressof(_memory))
    for name in _LIBRARY_FUNCTIONS:
        ll.add_symbol(name, ctypes.cast(getattr(_libc(), name), ctypes.c_void_p).value)


@functools.cache
def _worker() -> Any:
    """What a helper does, without end. It does not have Python's lock."""
    from llvmlite import binding as ll

    ll.initialize_native_target()
    ll.initialize_native_asmprinter()
    register()
    target = ll.Target.from_default_triple().create_target_machine()
    engine = ll.create_mcjit_compiler(ll.parse_assembly(_WORKER), target)
    engine.finalize_object()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("pullback_helper"))
    function.engine = engine
    for kept in (function, _memory):  # helpers outlive the modules of a process that ends
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    return function


def _after_fork() -> None:
    global _caller
    _caller = threading.Lock()
    _helpers.count = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
