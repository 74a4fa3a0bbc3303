"""Memory of large results is used again, and never while an array still has it."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import numpy as np
import pytest

import pullback as pb
from pullback.runtime import results


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    gc.collect()
    pb.clear_arenas()
    yield
    pb.clear_arenas()


def loss(x: np.ndarray) -> np.floating:
    return np.sum(np.sin(x) * x)


gradient = pb.grad(loss)
X = np.linspace(0.0, 1.0, 1 << 16)  # 512 KiB


def expected(x: np.ndarray) -> np.ndarray:
    return np.sin(x) + x * np.cos(x)


def test_used_again_when_it_is_gone() -> None:
    first = gradient(X)
    place = first.ctypes.data
    assert results.kept_bytes() == 0
    del first
    assert results.kept_bytes() == X.nbytes
    second = gradient(X)
    assert second.ctypes.data == place
    assert results.kept_bytes() == 0
    np.testing.assert_allclose(second, expected(X), rtol=1e-12)


@pytest.mark.parametrize(
    "view", [lambda a: a[5:], lambda a: a.reshape(2, -1)[1], lambda a: memoryview(a), lambda a: a[1:].view(np.int64).T]
)
def test_not_while_a_view_is_left(view) -> None:
    kept = view(gradient(X))
    before = np.array(kept)
    other = gradient(2.0 * X)
    assert np.array_equal(before, np.array(kept))
    assert not np.shares_memory(other, np.asarray(kept))


def test_the_base_is_of_no_use() -> None:
    """Somebody who takes hold of the base, or of a part of it, does not free the block."""
    a = gradient(X)
    part = a.base[3:]
    del part
    assert results.kept_bytes() == 0
    base = a.base
    del a
    assert results.kept_bytes() == 0
    del base
    assert results.kept_bytes() == X.nbytes


def test_results_are_ordinary_arrays() -> None:
    a = gradient(X)
    assert type(a) is np.ndarray and a.flags.writeable and a.flags.c_contiguous and a.dtype == np.float64
    a += 1.0
    np.testing.assert_allclose(a, expected(X) + 1.0, rtol=1e-12)


def test_other_sizes_push_out_what_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "PATIENCE", 3)
    gradient(X)
    for k in range(1, 6):
        gradient(np.ones((1 << 16) + k))
    assert X.nbytes not in results._free


def test_no_more_is_kept_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_KEPT", 3 * X.nbytes)
    held = [gradient(X) for _ in range(6)]
    held.clear()
    assert results.kept_bytes() == 3 * X.nbytes


def test_threads() -> None:
    wrong: list[int] = []

    def work(me: int) -> None:
        x = X * (me + 1)
        right = expected(x)
        kept = [gradient(x) for _ in range(3)]
        for _ in range(100):
            kept = [*kept[1:], gradient(x)]
            if not all(np.allclose(k, right, rtol=1e-12) for k in kept):
                wrong.append(me)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_a_slice_is_returned_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    assert pb.jit(lambda x: (slice(0, 2), x))(1.0) == (slice(0, 2), 1.0)
