# ruff: noqa
"""When an item is read: what the body of a loop writes is seen by the iterations after it."""

import functools
import itertools

import numpy as np

CASES = []
V = np.array([0.7, 1.2, 0.4, 1.9])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def generator_over_a_written_array(x):
    s = 0.0
    for e in (v * 2.0 for v in x):
        s += e * e
        x[1] = e * 0.3
    return s


@case(V)
def nested_generator_with_a_condition(x):
    s = 0.0
    for e in (v * w for v in x for w in (1.0, 2.0) if w > 1.5):
        s += e * e
        x[1] = e * 0.3
    return s


@case(V)
def generator_reads_names_late(x):
    c = 1.0
    s = 0.0
    for e in (c * v for v in [x[0], x[1], x[2]]):
        c = c + x[3]
        s += e * e
    return s


@case(V)
def generator_and_break(x):
    s = 0.0
    for e in (v * 2.0 for v in x):
        if e > 3.0:
            break
        s += e * e
        x[2] = e
    return s


@case(V)
def list_items_written(x):
    items = [x[0], x[1], x[2]]
    s = 0.0
    for e in items:
        items[2] = e * 3
        s += e * e
    for k, e in enumerate(items):
        items[1] = e * 0.5
        s += e * k
    for e in reversed(items):
        items[0] = e * x[3]
        s += e * e
    return s


@case(V)
def list_item_written_in_a_branch(x):
    items = [x[0] * 2, x[1]]
    s = 0.0
    for e in items:
        if e > 1.3:
            items[1] = e * 3
        s += e * e
    return s


@case(V)
def list_grows_and_shrinks(x):
    items = [x[0], x[1]]
    s = 0.0
    for e in items:
        if len(items) < 4:
            items.append(e * x[2])
        s += e * e
    for e in items:
        items.pop()
        s += e
    return s


@case(V)
def grown_list_written(x):
    items = []
    for k in range(len(x)):
        items.append(x[k] * 2)
    s = 0.0
    for k, e in enumerate(items):
        if k + 1 < len(items):
            items[k + 1] = e * 0.5
        s += e * e
    return s


@case(V)
def views_of_a_dict(x):
    d = {"x": x[0], "y": x[1]}
    pairs = d.items()
    s = 0.0
    for k, v in pairs:
        d["y"] = x[2] * v
        s += v**2
    for k, v in pairs:
        s += v
    for v in d.values():
        d["y"] = v * v
        s += v
    return s + len(pairs) + max(d.values()) + sum(d.values()) * len(d.values())


@case(V)
def map_is_lazy(x):
    s = 0.0
    for e in map(lambda v: v * v, x):
        x[2] = e * 0.3
        s += e
    for v, w in zip(x, map(np.sin, x)):
        x[3] = v * 0.5
        s += v * w
    return s


@case(V)
def map_and_filter_of_any_length(x):
    s = sum(map(lambda v: v * v, x)) + max(map(lambda v, w: v * w, x, x[::-1]))
    s += sum(filter(lambda v: v > 0.6, x)) + functools.reduce(lambda p, q: p * q, map(np.cos, x))
    for k, e in enumerate(map(np.exp, x)):
        s += e * k
    a, b, c, d = map(lambda v: v * v, x)
    return s + a * b - c / d + np.sum(np.array(list(map(np.tanh, x))))


@case(V)
def itertools_are_lazy(x):
    s = 0.0
    a = x.copy()
    for e in itertools.chain(a, x):
        a[2] = e
        s += e * e
    for e in itertools.accumulate(a):
        a[2] = e
        s += e * e
    for e, f in itertools.pairwise(a):
        a[2] = e * 2
        s += e * f
    for e in itertools.islice(a, 1, 3):
        a[2] = e * 2
        s += e * e
    for e, f in zip(itertools.cycle([1.0, 2.0]), a):
        s += e * f
    for e, f in zip(a, itertools.repeat(0.5)):
        s += e * f
    for k in itertools.takewhile(lambda k: k < 2, range(4)):
        s += a[k]
    for e in itertools.starmap(lambda p, q: p * q, zip(a, x)):
        s += e
    return s


@case(V)
def iterators_in_variables_read_once(x):
    doubled = (v * 2.0 for v in x)
    x[1] = 0.3
    s = sum(doubled)
    squares = map(lambda v: v * v, x)
    s += sum(squares)
    for k in range(2):
        pairs = zip(x, x[1:])
        for p, q in pairs:
            s += p * q * (k + 1)
    return s + mean(v * v for v in x)


@case(V)
def generator_in_a_variable_reads_names_late(x):
    c = 1.0
    scaled = (c * v for v in x)
    if x[0] > 0.5:
        c = x[1]
    paired = zip((c + v for v in x), x)
    for k in range(3):
        c = c * 1.5
    return sum(scaled) + sum(a * b for a, b in paired)


def mean(values):
    return sum(values) / 4


@case(V)
def effects_of_items_happen_once(x):
    def bump(v):
        v[0] = np.sin(v[0])
        return v[0]

    return sum(bump(x) for t in range(2)) * x[0]


@case(V)
def count_that_only_a_return_ends(x):
    def root(a):
        guess = a
        for n in itertools.count():
            new = 0.5 * (guess + a / guess)
            if abs(new - guess) < 1e-12:
                return new, n
            guess = new

    value, steps = root(x[0] + 2)
    return value * steps


@case(V)
def generator_over_a_count(x):
    def steps():
        for k in itertools.count():
            yield x[k] * k

    s = 0.0
    for v in steps():
        s += v
        if s > 1:
            break
    for i, k in enumerate(itertools.count(2)):
        if x[i] > 1:
            return s + x[i] * k
