# ruff: noqa
"""Integers of 8, 16 and 64 unsigned bits as places, bounds, counts, and beside Python's."""

import numpy as np

CASES = []
X = np.linspace(-1.0, 1.3, 300)
LABELS = np.array([2, 100, 7, 2, 127], np.uint8)
LENGTHS = np.array([100, 20, 7, 90], np.int8)


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X, np.int8(100))
@case(X, np.int8(-1))
@case(X, np.uint8(200))
@case(X, np.int16(-290))
def tail_and_head(x, v):
    y = x * 2.0
    y[v:] = 0.5
    return np.sum(y**2) + np.sum(x[:v] ** 3) + np.sum(x[v::-2])


@case(X, np.uint64(3))
@case(X, np.uint8(3))
@case(X, np.int8(3))
def of_a_negation(x, v):
    return np.sum(x[-v:] ** 2)


@case(X, LENGTHS)
@case(X, LENGTHS.astype(np.uint64))
def pieces(x, lengths):
    out, start = 0.0, 0
    for n in lengths:
        out += np.sum(x[start : start + int(n)]) ** 2
        start += int(n)
    return out + np.sum(x[lengths[0] : lengths[0] + 50]) * (int(lengths[2]) - int(lengths[0]))


@case(X, True)
@case(X, False)
def python_booleans_are_bounds(x, b):
    return np.sum(x[b:] ** 2) + np.sum(x[float(x[0]) < 0 :] ** 3)


@case(X, LABELS)
@case(X, LABELS.astype(np.int8))
@case(X, LABELS.astype(np.uint64))
@case(X, -LABELS.astype(np.int16))
def places(x, k):
    y = x * 1.5
    y[k] = x[k] ** 2
    y[k[0]] += 3.0 * x[k[1]]
    np.add.at(y, k, x[:5])
    for i in k:
        y[i] *= x[i]
    return np.sum(y * x) + np.sum(np.take(x, k, mode="wrap")) + x[k[1] - 1] * np.sum(np.delete(x, k[0]))


@case(np.linspace(0.1, 0.9, 1500).reshape(5, 300), LABELS)
def likelihood(p, labels):
    return -np.log(p)[np.arange(len(labels)), labels].mean()


@case(np.linspace(0.1, 0.9, 6), np.array([3, 1, 5], np.uint8))
def of_a_list(x, k):
    items = [x[0], x[1] * 2, x[2] ** 2, x[3], x[4] * x[5], x[5]]
    many = [v * 1.0 for v in range(300)]
    return items[k[0]] * items[-1] + many[k[1]] * x[k[2]]


@case(X, LABELS, 300)
@case(X, LABELS, -5)
@case(X, LABELS.astype(np.uint64), -1)
@case(X, LABELS.astype(np.int8), 3000)
def compared(x, k, n):
    w = np.where(k < n, x[:5], x[5:10] ** 2)
    t = np.sum(w * (k != n)) + (3.0 if n in k else 5.0) * x[7]
    for v in k:
        if v <= len(x) - 40 and v > n:
            t += x[v] ** 2
    return t * (1.0 if -1 < k[0] < n else 2.0) * np.sum(k / n + n / (k + 1.0)) * np.sum(np.logical_and(k, n))


@case(X, LABELS, 300)
@case(X, LABELS.astype(np.int8), -500)
def greater(x, k, n):
    return x[0] * max(k[0], n) + x[1] * min(n, k[1]) + x[2] * sum(sorted(k, reverse=True)[:2])


@case(X, np.array([3, 100], np.uint8))
@case(X, np.array([3, 100], np.uint32))
@case(X, np.array([3, 100], np.uint64))
def pythons_own(x, k):
    d = int(k[0]) - int(k[1])
    return x[0] * d + x[1] * (d < 0) + x[2] * abs(d) - x[3] * (-int(k[1])) + x[4] * (k[1].item() << 3)


@case(X, np.array([1, 100, 3], np.uint64), 70)
@case(X, np.array([1, -100, 3]), 64)
@case(X, np.array([1, -100, 3]), 3)
def shifted(x, k, n):
    return np.sum(x[:3] * ((k << n) + (k >> n)))


@case(X, 2, -1)
@case(X, 2, 2)
def exactly(x, two, n):
    k = np.array([2**53 + 1, 2**63 - 1]).astype(np.uint64)
    n = n * two**52
    return np.sum(x[:2] * (k == n) + x[2:4] * (k > n) + x[4:6] * (n >= k))


@case(X, np.int8(2))
@case(X, np.uint64(2))
def repeated(x, k):
    counts = np.array([1, 0, 2]).astype(np.uint8)
    y = np.tile(x[:3], k) + np.repeat(x[3:6] ** 2, k)
    return np.sum(y * np.arange(k * 3)) + np.sum(np.repeat(x[:3], counts) ** 2) + np.sum(np.full((k, 2), x[0]))
