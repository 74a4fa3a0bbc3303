"""Blocks for temporaries: where they are placed, and who has them."""

from __future__ import annotations

import numpy as np
import pytest

from pullback.runtime import arena


@pytest.mark.parametrize("seed", range(40))
def test_blocks_that_live_at_once_do_not_overlap(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 25))
    sizes = [int(x) for x in rng.integers(0, 1000, n)]
    first = rng.integers(0, 20, n)
    ranges = [(int(a), int(a + d)) for a, d in zip(first, rng.integers(0, 10, n), strict=True)]
    total, offsets = arena.lay_out(sizes, ranges)
    for i in range(n):
        assert offsets[i] % arena.ALIGNMENT == 0 and offsets[i] + sizes[i] <= total
        for j in range(i):
            if ranges[i][0] <= ranges[j][1] and ranges[j][0] <= ranges[i][1]:
                assert offsets[i] + sizes[i] <= offsets[j] or offsets[j] + sizes[j] <= offsets[i]
    alive = [sum(-(-s // 64) * 64 for s, (a, b) in zip(sizes, ranges, strict=True) if a <= t <= b) for t in range(30)]
    assert max(alive) <= total <= 1.5 * max(alive) + 64


def test_equal_blocks_are_packed_as_well_as_can_be():
    ranges = [(0, 3), (1, 9), (4, 6), (4, 5), (7, 9), (7, 8)]
    assert arena.lay_out([64] * 6, ranges)[0] == 3 * 64


def test_a_block_belongs_to_one_call():
    arena.clear()
    a, b = arena.acquire(100), arena.acquire(100)
    assert not np.shares_memory(a, b) and a.ctypes.data % arena.ALIGNMENT == 0
    arena.give_back(a)
    assert arena.acquire(50) is a
    arena.give_back(a)
    assert arena.acquire(a.size + 1) is not a


def test_huge_blocks_are_not_kept(monkeypatch):
    arena.clear()
    monkeypatch.setattr(arena, "LARGEST_KEPT", 1000)
    arena.give_back(arena.acquire(2000))
    assert arena.kept_bytes() == 0
