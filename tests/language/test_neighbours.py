"""Lists of lists of different lengths, and tables of many tuples, that are read at a position which only the run tells."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from tests.suites.support import Case, Cases, check, interpreted, native

__all__ = ["interpreted", "native"]

case = Cases()
W = np.array([4.0, 1.0, 2.0, 5.0, 8.0, 3.0])
X = np.linspace(0.3, 1.7, 20)[::-1].copy() * np.cos(np.arange(20))
EDGES = [(0, 1), (0, 2), (2, 1), (1, 3), (2, 3), (3, 4)]
RING = [(k % 20, (k * 3 + 1) % 20, 0.5 * k) for k in range(30)]
MANY = [[(k * 7 + j * 3) % 20 for j in range(k % 4)] for k in range(20)]


def _shortest(w, neighbours):
    dist = [math.inf] * 5
    dist[0] = 0.0
    queue = [(0.0, 0)]
    while queue:
        d, u = heapq.heappop(queue)
        if d > dist[u]:
            continue
        for v, k in neighbours[u]:
            if d + w[k] < dist[v]:
                dist[v] = d + w[k]
                heapq.heappush(queue, (d + w[k], v))
    return dist[4]


@case(W)
def shortest_path_of_a_defaultdict(w):
    neighbours = defaultdict(list)
    for k, (u, v) in enumerate(EDGES):
        neighbours[u].append((v, k))
        neighbours[v].append((u, k))
    return _shortest(w, neighbours)


@case(X)
def lists_of_more_nodes_than_are_compared(x):
    total, u = 0.0, 3
    while total < 20:
        for v in MANY[u]:
            total += x[v]
        u = (u * 3 + 2) % 20
        total += 1.0
    return total * x[0]


@case(X)
def table_of_tuples(x):
    total = 0.0
    for k in np.argsort(x):
        a, b, w = RING[k]
        total += w * (x[a] - x[b]) ** 2
    return total


@case(X)
def walk_to_the_best_neighbour(x):
    neighbours = [[] for _ in range(20)]
    for a, b, w in RING:
        neighbours[a].append((b, w))
        neighbours[b].append((a, w))
    total, u, seen = 0.0, 0, set()
    while u not in seen:
        seen.add(u)
        near = neighbours[u]
        total += len(near) * x[u] + sum(w * x[v] for v, w in near)
        if not near:
            break
        u = max(near, key=lambda p: p[1])[0]
    return total


@case(X)
def what_is_done_with_such_a_list(x):
    groups = {0: [1, 2], 1: [], 2: [0]}
    total = 0.0
    for k in np.argsort(x[:3]):
        near = groups[k]
        total += (x[near].sum() if near else 1.0) * (k + 1) + (2.0 if 1 in near else 0.0) * x[k]
        total += x[near[-1]] if len(near) > 1 else 0.0
        total += np.mean([x[j] for j in near]) if near else 0.0
    return total


@case(X)
def a_defaultdict_with_keys_that_gets_no_others(x):
    counts = defaultdict(float)
    counts[0] = 1.0
    for k in np.argsort(x)[:6]:
        counts[k % 3] += x[k]
    return counts[0] * counts[1] + counts[2]


@case(X)
def a_list_that_is_changed_after_it_was_read(x):
    groups = [[1], [2, 3], []]
    total = 0.0
    for k in range(3):
        total += sum(x[j] for j in groups[k])
        groups[(k + 1) % 3].append(k)
    return total


@case(X)
def numbers_of_the_run(x):
    rows = [[x[0], x[1] * 2], [x[2]], [x[3], 1.0, x[4]]]
    total = 0.0
    for k in np.argsort(x[:3]):
        total = total * 2 + sum(rows[k]) + max(rows[k])
    return total


@pytest.mark.parametrize("program", case.params())
def test_interpreted(program: Case, interpreted: Any) -> None:
    check(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", case.params()[1:5])
def test_native(program: Case, native: Any) -> None:
    check(program)
