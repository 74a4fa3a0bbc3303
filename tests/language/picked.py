# ruff: noqa
"""Lists, dicts and objects that a run-time key picks out of a list or a dict, changed and looked at."""

import heapq
import itertools
import math

import numpy as np

CASES = []
V = np.array([0.3, -0.7, 1.1, 0.5, 0.9])
K = np.array([0, 2, 1, 2, 0])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Bin:
    def __init__(self):
        self.n = 0
        self.t = 0.0

    def add(self, v):
        self.n += 1
        self.t += v
        return self.t


@case(V, K)
def items_of_lists(x, k):
    g = [[0.0, 0.0] for _ in range(3)]
    first = g[0]
    for i in range(len(k) * 3):
        g[k[i % 5]][i % 2] += x[i % 5]
    return g[0][0] * g[2][1] + g[1][0] + first[1]


@case(V, K)
def one_list_three_times(x, k):
    g = [[0.0]] * 3
    for i in range(len(k)):
        g[k[i]][0] += x[i]
    return g[0][0] * g[1][0]


@case(V, K)
def methods_of_objects(x, k):
    bins = [Bin() for _ in range(3)]
    s = 0.0
    for i in range(len(k) * 4):
        s += bins[k[i % 5]].add(x[i % 5])
        bins[k[i % 5]].t *= 0.9
        bins[k[(i + 1) % 5]].n = i
    return s + bins[0].t * bins[1].n - bins[2].t


@case(V, K)
def lists_that_grow(x, k):
    g = [[] for _ in range(3)]
    d = {0: [], 1: [], 2: []}
    for i in range(len(k) * 4):
        g[k[i % 5]].append(x[i % 5] * (1 + 0.01 * i))
        d[k[i % 5]].append((x[i % 5], i))
    means = sum(sum(v) / (1 + len(v)) for v in g)
    return means + sum(a * b for a, b in d[1]) + len(d[2])


@case(V, K)
def stacks(x, k):
    g = [[1.0] for _ in range(3)]
    for i in range(len(k) * 4):
        j = k[i % 5]
        if g[j][-1] > 3 and len(g[j]) > 2:
            g[j].pop()
        else:
            g[j].append(g[j][-1] + x[i % 5])
    return sum(map(sum, g))


@case(V, K)
def dicts_of_a_list(x, k):
    g = [{"s": 0.0, "n": 0} for _ in range(3)]
    for i, v in enumerate(x):
        g[k[i]]["s"] += v
        g[k[i]]["n"] += 1
    return sum(q["s"] / (1 + q["n"]) for q in g)


@case(V)
def lists_by_a_text(x):
    d = {"up": [0.0], "down": [0.0]}
    for i in range(len(x) * 3):
        d["up" if x[i % 5] > 0.4 else "down"][0] += x[i % 5]
    return d["up"][0] * d["down"][0]


@case(V)
def means_of_clusters(x):
    centres = [[x[0], x[1]], [x[2], x[3]]]
    for _ in range(3):
        sums = [[0.0, 0.0, 0] for _ in centres]
        for i in range(len(x)):
            d = [(x[i] - c[0]) ** 2 for c in centres]
            j = 0 if d[0] < d[1] else 1
            sums[j][0] += x[i]
            sums[j][1] += x[i] ** 2
            sums[j][2] += 1
        for j in range(2):
            if sums[j][2] > 0:
                centres[j] = [sums[j][0] / sums[j][2], sums[j][1] / sums[j][2]]
    return centres[0][0] * centres[1][1]


@case(V, K)
def in_a_while_loop(x, k):
    g = [[0.5, 1.0], [2.0, 3.0]]
    j = 0
    while j < 4:
        g[k[j] % 2][int(x[j] > 0)] *= x[j]
        j += 1
    return g[0][0] + g[0][1] * g[1][0] * g[1][1]


@case(V, K)
def out_of_range(x, k):
    g = [[x[0]], [x[1]]]
    g[k[1]][0] += 1.0
    return g[0][0]


class Parts:
    def __init__(self):
        self.items = []
        self.pos = [0.0, 0.0]
        self.d = {"a": 1.0}


@case(V, K)
def parts_of_objects(x, k):
    parts = [Parts() for _ in range(3)]
    for i in range(len(x) * 4):
        j = k[i % 5]
        parts[j].items.append(x[i % 5])
        parts[j].pos[0] += x[i % 5]
        parts[j].d["a"] *= 1.01
    return sum(sum(b.items) * b.pos[0] * b.d["a"] for b in parts)


@case(V, K)
def lists_in_lists(x, k):
    g = [[[0.0, 1.0], [2.0]], [[3.0], [4.0]]]
    for i in range(len(x) * 4):
        g[k[i % 5] % 2][0][0] += x[i % 5]
        g[k[i % 5] % 2][1].append(x[i % 5])
    return g[0][0][0] * g[1][0][0] + sum(g[0][1])


@case(V, K)
def of_other_lengths_and_keys(x, k):
    g = [[x[0]], [x[1], x[2]]]
    d = [{"a": x[0]}, {"b": x[1]}]
    d[k[2]]["b"] += 1.0
    return g[k[2]][1] * d[k[2]]["b"]


@case(V, K)
def a_place_that_only_another_has(x, k):
    g = [[x[0]], [x[1], x[2]]]
    return g[k[0]][1] * 2


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def shortest_path_by_dicts(x):
    graph = {0: {1: x[0] ** 2, 2: x[1] ** 2}, 1: {3: abs(x[2])}, 2: {3: x[3] ** 2}, 3: {}}
    queue = [(0.0, 0)]
    dist = {k: math.inf for k in graph}
    dist[0] = 0.0
    while queue:
        d, u = heapq.heappop(queue)
        if d > dist[u]:
            continue
        for v, w in graph[u].items():
            if d + w < dist[v]:
                dist[v] = d + w
                heapq.heappush(queue, (d + w, v))
    return dist[3]


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def keys_and_values_of_one_of_several_dicts(x):
    graph = {0: {1: x[0] ** 2, 2: x[1] ** 2}, 1: {3: abs(x[2])}, 2: {3: x[3] ** 2, 0: 1.0}}
    t = 0.0
    for k in range(4):
        u = 2 if x[0] > 0.12 * k else k % 2
        for v in graph[u]:
            t += v * x[1]
        for w in graph[u].values():
            t += w
    return t


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def texts_in_order(x):
    a, b = ("up", "down") if x[0] > 0 else ("left", "right")
    t = x[1] if a < b else x[2]
    return t + (x[3] if "m" <= a else 2.0 * x[3])


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def selections_of_an_array(x):
    t = sum(a * b for a, b in itertools.combinations(x, 2))
    return t + sum(a / (2 + b * b) for a, b in itertools.product(x, repeat=2))


TABLEAU = [[], [0.5], [0.2, 0.3], [0.1, 0.2, 0.4]]


@case(V, K)
def rows_of_other_lengths_and_an_empty_one(x, k):
    stages = np.zeros(4)
    t = 0.0
    while t < 0.5:
        for i in range(4):
            y = x[0] + t
            for j in range(i):
                y = y + TABLEAU[i][j] * stages[j]
            stages[i] = np.sin(y)
        t += 0.3
    return np.sum(stages * x[:4])


class Moments:
    def __init__(self):
        self.n = 0
        self.mean = 0.0
        self.m2 = 0.0

    def push(self, x):
        self.n += 1
        d = x - self.mean
        self.mean += d / self.n
        self.m2 += d * (x - self.mean)


@case(np.array([0.7, 1.2, 0.4, 1.9, -0.3, 0.8, 2.1, 0.1]), np.array([0, 2, 1, 0, 2, 2, 1, 0]))
def running_moments_by_group(x, labels):
    """In the reverse sweep a cotangent that one group hands on is more than a sum."""
    groups = {k: Moments() for k in range(3)}
    for v, k in zip(x, labels):
        groups[k].push(v)
    return sum(g.m2 / max(g.n - 1, 1) for g in groups.values())
