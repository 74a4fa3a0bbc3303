# ruff: noqa
"""Dicts of lists, of which only the run tells the keys."""

from collections import defaultdict

import numpy as np

CASES = []
X = np.array([0.3, 1.2, -0.5, 0.8, 2.0, -1.1])
LAB = np.array([0, 1, 0, 2, 1, 0])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X, LAB)
def means_in_order(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(k, []).append(v)
    t = 0.0
    for k, vs in sorted(groups.items()):
        t += k * np.mean(vs) ** 2
    return t


@case(X, LAB)
def variances(x, lab):
    groups = defaultdict(list)
    for k, v in zip(lab, x):
        groups[int(k)].append(v)
    return sum(np.var(v) for v in groups.values())


@case(X, LAB)
def keys_that_are_looked_for(x, lab):
    groups = {}
    for i in range(len(x)):
        if lab[i] not in groups:
            groups[lab[i]] = []
        groups[lab[i]].append(x[i])
    t = 0.0
    for k in sorted(groups):
        t += (k + 1) * sum(groups[k]) ** 2
    return t


@case(X)
def remainders(x):
    groups = defaultdict(list)
    for i, v in enumerate(x):
        groups[i % 3].append(v)
    t = 0.0
    for k, vs in sorted(groups.items()):
        t += (k + 1) * max(vs)
    return t


@case(X, LAB)
def lists_of_one_item_at_first(x, lab):
    groups = {}
    for k, v in zip(lab.tolist(), x):
        if k in groups:
            groups[k].append(v)
        else:
            groups[k] = [v]
    return sum(len(g) * np.prod(g) for g in groups.values())


@case(X)
def one_of_two_lists(x):
    pos, neg = [], []
    for v in x:
        (pos if v > 0 else neg).append(v)
    return sum(pos) ** 2 + len(neg) * x[0]


@case(X, LAB)
def dict_of_means(x, lab):
    groups = defaultdict(list)
    for k, v in zip(lab, x):
        groups[k].append(v)
    means = {k: np.mean(v) for k, v in groups.items()}
    return sum(k * m for k, m in means.items()) + len(groups)


@case(X, LAB)
def indices_by_label(x, lab):
    groups = defaultdict(list)
    for i, k in enumerate(lab):
        groups[k].append(i)
    t = 0.0
    for k in sorted(groups):
        for i in groups[k]:
            t += (k + 1) * x[i] ** 2
    return t


@case(X, LAB)
def pairs(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(k, []).append((v, v**2))
    t = 0.0
    for k, vs in groups.items():
        for a, b in vs:
            t += a * b * (k + 1)
    return t


@case(X, LAB)
def largest_group(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(k, []).append(v)
    big = max(groups, key=lambda k: len(groups[k]))
    return (
        sum(groups[big])
        + groups[0][1]
        + max(groups[1])
        + np.std(groups[0])
        + len(groups.get(7, []))
        + np.array(groups[2]).sum()
    )


@case(X, LAB)
def neighbours(x, lab):
    adj = {}
    for a, b in zip(lab, lab[::-1]):
        adj.setdefault(a, []).append(b)
        adj.setdefault(b, []).append(a)
    t = 0.0
    for u, nb in adj.items():
        for v in nb:
            t += x[u] * x[v]
    return t


@case(X, LAB)
def list_that_grows_later(x, lab):
    groups = defaultdict(list)
    for k, v in zip(lab, x):
        groups[k].append(v)
    vs = groups[0]
    n = len(vs)
    groups[0].append(x[1])
    return sum(vs) * n + len(vs)


@case(X, LAB)
def key_that_may_be_there(x, lab):
    groups = defaultdict(list)
    for k, v in zip(lab, x):
        groups[k].append(v)
    return groups[5][0] if 5 in groups else sum(max(vs) - min(vs) for vs in groups.values())


@case(X, LAB)
def key_that_is_missing(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(k, []).append(v)
    return sum(groups[9])


@case(X, LAB)
def lists_that_are_replaced(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups[int(k)] = groups.get(int(k), []) + [v]
    return sum(sum(g) ** 2 for g in groups.values())


@case(X, LAB)
def replaced_list_with_another_name(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(k, []).append(v)
    old = groups[0]
    groups[0] = [x[1] * 3.0]
    groups[0].append(x[0])
    groups[7] = groups[1]
    groups[1] += [2.0, x[2]]
    return sum(old) * sum(groups[0]) + len(old) * sum(groups[7])


@case(X, LAB)
def get_with_a_default(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(int(k), []).append(v)
    return sum(groups.get(lab[0], [x[1], x[2]])) * sum(groups.get(lab[3] + 7, [x[2], x[3]]))


@case(X, LAB)
def key_that_is_taken_out(x, lab):
    groups = {}
    for k, v in zip(lab, x):
        groups.setdefault(int(k), []).append(v)
    first = groups.pop(int(lab[0]))
    return sum(first) ** 2 * len(groups)


@case(X, LAB, 0)
@case(X, LAB, 7)
def get_without_a_default(x, lab, k):
    groups = {}
    for q, v in zip(lab, x):
        groups.setdefault(int(q), []).append(v)
    found = groups.get(k)
    if found is None:
        return x[0]
    found.append(x[1] * 7.0)
    return sum(groups[k]) * len(found)


@case(X, LAB, 0)
@case(X, LAB, 7)
def pop_of_what_may_be_missing(x, lab, k):
    groups = defaultdict(list)
    for q, v in zip(lab, x):
        groups[int(q)].append(v)
    taken = groups.pop(k, None)
    return sum(taken) * len(groups) if taken is not None else -x[0] * len(groups)


@case(X, LAB)
def a_list_that_is_there_or_none(x, lab):
    groups = {}
    for i in range(len(x)):
        g = groups.get(lab[i])
        if g is None:
            groups[lab[i]] = [x[i]]
        else:
            g.append(x[i] * 2)
    return sum(sum(v) * len(v) for v in groups.values())


@case(X, LAB)
def a_list_by_another_name_or_none(x, lab):
    groups = {}
    for i in range(len(x)):
        g = None
        if lab[i] in groups:
            g = groups[lab[i]]
        if g is None:
            groups[lab[i]] = [x[i]]
        else:
            g.append(x[i] * 2)
    return sum(groups[0])


@case(X, LAB)
def a_constant_key_first(x, lab):
    groups = defaultdict(list)
    groups[0].append(0.5)
    for i in range(len(x)):
        groups[lab[i]].append(x[i])
    return groups[0][0] * groups[0][1] * sum(groups[2])
