"""Loops in blocks: which ones, what they are printed as, and that threads change no result."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.dispatch import Dispatcher
from pullback.runtime import parallel, pool
from pullback.runtime.native import NativeCode, plain_kernel
from pullback.runtime.outline import Loop, Summed, outline


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Every parallel loop has threads; calls set how many."""
    monkeypatch.setattr(parallel, "ENOUGH_WORK", 0)
    monkeypatch.setenv("PULLBACK_NUM_THREADS", "3")
    yield lambda n: monkeypatch.setenv("PULLBACK_NUM_THREADS", str(n))


def code_of(f: Callable[..., Any], *args: Any) -> NativeCode:
    from pullback import pipeline
    from pullback.codegen.numba_cpu import generate_native

    spec = Dispatcher(f, ()).entry(args, {}).spec
    return generate_native(pipeline.native(spec.program.function))


def fresh(f: Callable[..., Any]) -> Callable[..., Any]:
    """A transform of its own: what it compiles is chosen at its first call."""
    return pb.value_and_grad(f)


# -- programs ----------------------------------------------------------------------------------------------------
def elementwise(x: Any) -> Any:
    y = np.exp(np.sin(x)) * x
    return np.sum(y * y)


def stencil(x: Any) -> Any:
    v = x.copy()
    for _ in range(3):
        w = v.copy()
        w[1:-1, 1:-1] = 0.2 * (v[1:-1, 1:-1] + v[:-2, 1:-1] + v[2:, 1:-1] + v[1:-1, :-2] + v[1:-1, 2:])
        v = np.tanh(w)
    return np.sum(v * v)


def rows_backwards(x: Any) -> Any:
    n, m = x.shape
    y = np.zeros_like(x)
    for i in range(n - 1, -1, -1):
        for j in range(1, m):
            y[i, j] = np.tanh(y[i, j - 1] + x[i, j])
    return np.sum(y * x)


def temporary_rows(x: Any) -> Any:
    n, m = x.shape
    total = 0.0
    for i in range(n):
        w = np.zeros(m)
        w[0] = x[i, 0]
        for j in range(1, m):
            w[j] = w[j - 1] * x[i, j] + 0.1
        total += w[m - 1] ** 2
    return total


def branches(x: Any) -> Any:
    total = 0.0
    for i in range(x.shape[0]):
        s = 1.0
        for j in range(x.shape[1]):
            if x[i, j] > 0.0:
                s = s * np.cos(x[i, j])
            else:
                s = s + x[i, j]
        total += s
    return total


def triangle(x: Any) -> Any:
    n = x.shape[0]
    y = np.zeros(n)
    for i in range(n):
        for j in range(i):
            y[i] += np.sin(x[i, j]) * x[j, i]
    return np.sum(y * y)


def weights(x: Any) -> Any:
    """Every row adds to the same adjoints: of a vector and of a matrix."""
    n, m = x.shape
    w, t = x[:, 0] * 1.0, x.copy()
    total = 0.0
    for i in range(n):
        s = 0.0
        for j in range(m):
            s += x[i, j] * np.sin(w[j]) + t[j % n, i % m]
        total += np.tanh(s)
    return total


def histogram(x: Any) -> Any:
    """Elements are added to the places that they choose."""
    n, m = x.shape
    h = np.zeros(4)
    for i in range(n):
        for j in range(m):
            k = int(abs(x[i, j]) * 2.0) % 4
            h[k] += x[i, j] ** 2
    return np.sum(np.sqrt(1.0 + h))


PROGRAMS = [elementwise, stencil, rows_backwards, temporary_rows, branches, triangle, weights, histogram]


@pytest.mark.parametrize("f", PROGRAMS)
@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (5, 5), (40, 40)])
def test_threads_change_no_result(f: Any, shape: tuple[int, int], threads: Any) -> None:
    if f in (temporary_rows, weights) and shape[1] == 0:
        return
    x = np.random.default_rng(0).normal(size=shape)
    several = [(threads(n), fresh(f)(x))[1] for n in (2, 3, 7)]
    threads(1)
    value, gradient = fresh(f)(x)
    for v, g in several:
        np.testing.assert_allclose(v, value, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(g, gradient, rtol=1e-12, atol=1e-13)
        # sums are those of the same blocks
        assert v == several[0][0]
        np.testing.assert_array_equal(g, several[0][1])


@pytest.mark.parametrize("f", PROGRAMS)
def test_all_of_them_have_parallel_loops(f: Any) -> None:
    code = code_of(f, np.ones((6, 6)))
    assert code.loops
    text, parts = outline(code.text, code.name, code.loops)
    if any(loop.added for loop in code.loops):  # those inside are another way
        assert 0 < len(parts) <= len(code.loops)
    else:
        assert len(parts) == len(code.loops)
    assert "arena" not in "".join(text.partition("def " + code.name + "(")[0])


def test_arrays_of_blocks_are_small_beside_the_work() -> None:
    loops = code_of(histogram, np.ones((6, 6))).loops
    assert any([s.name for s in loop.added] == ["h"] for loop in loops)
    assert parallel.worth(10**6, 1000) == 10**6
    assert parallel.worth(10**5, 1000) == 0  # to clear and to add up 16 times 1000 elements is as much
    assert parallel.worth(10**12, parallel.LARGEST + 1) == 0


def test_deterministic_loops_add_in_their_own_order(threads: Any) -> None:
    x = np.random.default_rng(0).normal(size=(40, 40))
    found = []
    for n in (1, 3):
        threads(n)
        found.append(pb.value_and_grad(weights, deterministic=True)(x))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_blocks_in_reverse_under_plain_python() -> None:
    x = np.random.default_rng(1).normal(size=(7, 5))
    for f in (stencil, rows_backwards, temporary_rows, branches):
        code = code_of(f, x)
        np.testing.assert_allclose(plain_kernel(code, in_blocks=True)(x)[0], f(x.copy()), rtol=1e-12)


# -- what is not parallel -------------------------------------------------------------------------------------------
def prefix(x: Any) -> Any:
    y = x.copy()
    for i in range(1, x.shape[0]):
        y[i] = np.tanh(y[i - 1] + y[i])
    return y


def prefix_of_rows(x: Any) -> Any:
    y = x.copy()
    for i in range(1, x.shape[0]):
        for j in range(x.shape[1]):
            y[i, j] = np.tanh(y[i - 1, j] * y[i, j])
    return y


def scattered(x: Any, k: Any) -> Any:
    y = np.zeros(3)
    for i in range(x.shape[0]):
        y[k[i]] = y[k[i]] * 0.5 + x[i]
    return y


def interleaved(x: Any) -> Any:
    y = x.copy()
    for i in range(x.shape[0] // 2):
        for j in range(3):
            if 2 * i + j < x.shape[0]:
                y[2 * i + j] = y[2 * i + j] * 1.5 + i
    return y


def last_one(x: Any) -> Any:
    s = 0.0
    for i in range(x.shape[0]):
        s = np.sin(x[i]) * s + 1.0
    return s


@pytest.mark.parametrize(
    "f, args",
    [
        (prefix, (np.ones(9),)),
        (scattered, (np.ones(5), np.array([0, 1, 1, 2, 0]))),
        (interleaved, (np.arange(9.0),)),
        (last_one, (np.ones(4),)),
    ],
)
def test_dependent_iterations_stay_serial(f: Any, args: Any) -> None:
    code = code_of(f, *args)
    lines = [s for s in code.text.splitlines() if "for " in s]
    carried = [k for k in code.loops for s in lines if f"for {k.variable} " in s and f.__name__ in s]
    assert not carried
    expected = f(*[np.copy(a) for a in args])
    np.testing.assert_allclose(plain_kernel(code, in_blocks=True)(*args)[0], expected, rtol=1e-13)


def test_rows_that_follow_from_each_other_are_parallel_in_the_other_axis() -> None:
    x = np.random.default_rng(2).normal(size=(6, 4))
    code = code_of(prefix_of_rows, x)
    result = plain_kernel(code, in_blocks=True)(x)[0]
    np.testing.assert_allclose(result, prefix_of_rows(x), rtol=1e-13)


# -- failures, and several callers -----------------------------------------------------------------------------------
def checked(x: Any) -> Any:
    total = 0.0
    for i in range(x.shape[0]):
        s = 1.0
        for j in range(x.shape[1]):
            if x[i, j] > 100.0:
                raise ValueError("too large")
            if x[i, j] < -100.0:
                raise ZeroDivisionError("too small")
            s = np.tanh(s * x[i, j])
        total += s
    return total


def test_the_first_failure_is_raised(threads: Any) -> None:
    x = np.random.default_rng(3).normal(size=(128, 6))
    g = fresh(checked)
    g(x)
    x[100, 2], x[70, 3] = 1000.0, -1000.0  # not in one block of lanes
    with pytest.raises(ZeroDivisionError, match="too small"):
        g(x)
    x[2, 5] = 1000.0
    with pytest.raises(ValueError, match="too large"):
        g(x)
    x[:] = 0.5
    g(x)


def test_callers_at_once(threads: Any) -> None:
    """One of them has the pool, the others go through the same blocks without."""
    xs = [np.random.default_rng(k).normal(size=(60, 50)) for k in range(8)]
    g = fresh(stencil)
    expected = [g(x) for x in xs]
    wrong: list[int] = []

    def call(k: int) -> None:
        for _ in range(30):
            v, d = g(xs[k])
            if v != expected[k][0] or not np.array_equal(d, expected[k][1]):
                wrong.append(k)

    callers = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for c in callers:
        c.start()
    for c in callers:
        c.join()
    assert not wrong


def _in_child(connection: Any, g: Any, x: Any) -> None:
    connection.send(g(x)[0])
    connection.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(threads: Any) -> None:
    x = np.random.default_rng(4).normal(size=(50, 50))
    g = fresh(stencil)
    expected = g(x)[0]
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_in_child, args=(there, g, x))
    child.start()
    assert here.poll(60) and here.recv() == expected
    child.join()
    assert g(x)[0] == expected


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the pool needs POSIX semaphores")
def test_who_may_have_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULLBACK_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert pool.limit() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert pool.limit() == 5
    monkeypatch.setenv("PULLBACK_NUM_THREADS", "2")
    assert pool.limit() == 2
    assert pool.acquire() == 2
    assert pool.acquire() == 1  # taken
    pool.release()
    monkeypatch.setenv("PULLBACK_NUM_THREADS", "1")
    assert pool.acquire() == 1


def test_outlined_text() -> None:
    text = '''"""Native code."""
from numpy import float64
from pullback.runtime.arrays import part, retire


def f(u, arena, offsets):
    n0 = u.shape[0]
    w = part(arena, offsets[0], (n0,), float64)
    acc = 0.0
    for i in range(n0):
        w[0] = u[i]
        if not w[0] > 0.0:
            return (1, 0.0)
        acc = acc + w[0]
    retire(w)
    return (0, acc)
'''
    expected = '''"""Native code."""
from numpy import float64
from pullback.runtime.parallel import in_parallel
from pullback.runtime.arrays import empty
from numpy import float64
from pullback.runtime.arrays import part, retire

def f_part(first, last, block, acc_parts, n0, u):
    w = empty((n0,), float64)
    acc = 0.0
    for i in range(0 + first, 0 + last):
        w[0] = u[i]
        if not w[0] > 0.0:
            return 1
        acc = acc + w[0]
    acc_parts[block] = acc
    return 0

def f(u, arena, offsets, threads):
    n0 = u.shape[0]
    w = part(arena, offsets[0], (n0,), float64)
    acc = 0.0
    acc_parts = empty((16,), float64)
    status = in_parallel(f_part, threads, n0 - 0, acc_parts, n0, u)
    if status != 0:
        return (status, 0.0)
    for part_1 in range(16):
        acc = acc + acc_parts[part_1]
    retire(w)
    return (0, acc)
'''
    new, parts = outline(text, "f", [Loop("i", (Summed("acc", "0.0", "float64", 0),), ("w",))])
    assert parts == ["f_part"]
    assert new == expected


def test_a_loop_whose_variable_is_read_later_stays() -> None:
    text = "def f(u):\n    for i in range(3):\n        v = u[i]\n    return (0, v)\n"
    assert outline(text, "f", [Loop("i", (), ())])[1] == []
