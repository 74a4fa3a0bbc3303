# ruff: noqa
"""Generator functions, and objects that make their items one by one."""

import itertools
import math

import numpy as np

CASES = []
X = np.array([0.3, 1.2, -0.5, 0.8])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


def steps(x, n):
    for i in range(n):
        x = x - 0.1 * x**3
        yield x


def countdown(n):
    while n > 0:
        yield n
        n -= 1


def pairs(xs):
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            yield i, j, xs[i] - xs[j]


# break out of nested generator loops


@case(X)
def break_out_of_two_loops(x):
    t = 0.0
    for i, j, d in pairs(x):
        if d < -0.8:
            break
        t += d**2
    else:
        t += 100.0
    return t * 2


@case(X)
def continue_and_else(x):
    t = 0.0
    for i, j, d in pairs(x):
        if d > 0:
            continue
        t += d**2
    else:
        t += x[0]
    return t


@case(X)
def return_from_the_loop(x):
    for s in steps(x[1], 50):
        if s < 0.9:
            return s * 3
    return x[0]


def early(xs, lim):
    total = 0.0
    for v in xs:
        total += v**2
        if total > lim:
            return
        yield total
    yield -total


@case(X)
def return_in_the_generator(x):
    return sum(early(x, 1.0)) + sum(early(x, 100.0))


@case(X)
def list_and_max(x):
    return [v for v in early(x, 1.0)][-1] + max(early(x, 100.0))


def flat(items):
    for it in items:
        if isinstance(it, (list, tuple)):
            yield from flat(it)
        else:
            yield it


@case(X)
def yield_from_itself(x):
    nested = [x[0], [x[1], (x[2], x[3])], [[x[0]]]]
    return sum(k * v**2 for k, v in enumerate(flat(nested)))


@case(X)
def zip_with_an_array(x):
    t = 0.0
    for a, b in zip(steps(x[0], 10), x):
        t += a * b
    return t


@case(X)
def closure_that_changes_meanwhile(x):
    def local(n):
        for i in range(n):
            yield x[i] * scale

    scale = 2.0
    t = 0.0
    for v in local(3):
        t += v**2
        scale = scale * 0.5 + t
    return t


class Loader:
    def __init__(self, data, bs):
        self.data = data
        self.bs = bs

    def __iter__(self):
        n = len(self.data)
        for i in range(0, n, self.bs):
            yield self.data[i : i + self.bs]

    def __len__(self):
        return 2


@case(X)
def iter_that_is_a_generator(x):
    l = Loader(x, 2)
    t = 0.0
    for epoch in range(3):
        for b in l:
            t = t * 0.9 + np.sum(b**2)
    return t


@case(X)
def enumerate_in_a_loop(x):
    w = x[0]
    for epoch in range(3):
        for i, b in enumerate(Loader(x, 2), start=1):
            w = w - 0.01 * i * np.sum(w * b)
    return w


def window(xs, n):
    buf = []
    for v in xs:
        buf.append(v)
        if len(buf) == n:
            yield sum(buf) / n
            buf.pop(0)


@case(X)
def list_in_a_generator(x):
    return sum(m**2 for m in window(x, 2))


@case(X)
def array_of_the_list(x):
    return np.array(list(window(x, 2))).sum()


def primes():
    n = 2
    while True:
        if all(n % k for k in range(2, n)):
            yield n
        n += 1


@case(X)
def endless_behind_a_range(x):
    t = 0.0
    for i, p in zip(range(4), primes()):
        t += x[i] * p
    return t


@case(X)
def islice(x):
    t = 0.0
    for p in itertools.islice(primes(), 4):
        t += x[0] * p
    return t


@case(X)
def any_and_all(x):
    return any(v > 1 for v in steps(x[1], 3)) * x[0] + all(v > 0 for v in steps(x[1], 3)) * x[1]


class Rk:
    def __init__(self, y, h):
        self.y = y
        self.h = h
        self.n = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 5:
            raise StopIteration
        self.y = self.y - self.h * self.y**2
        self.n += 1
        return self.y


@case(X)
def object_with_next(x):
    t = 0.0
    for y in Rk(x[1], 0.1):
        t += y
    return t


@case(X)
def sum_of_an_object_with_next(x):
    return sum(Rk(x[1], 0.1))


@case(X)
def list_of_an_object_with_next(x):
    ys = list(Rk(x[1], 0.1))
    return ys[-1] * ys[0]


@case(X)
def zip_with_a_text(x):
    d = {k: v for k, v in zip("ab", steps(x[0], 2))}
    return d["a"] * d["b"]


@case(X)
def unpacked(x):
    a, b, c = steps(x[0], 3)
    return a * b * c


@case(X)
def product(x):
    return math.prod(steps(x[0], 3))


@case(X)
def star_argument(x):
    return np.dot(*[list(steps(x[0], 3)), [1.0, 2.0, 3.0]])


def gen_two(x):
    yield x * 2
    yield x * 3
    if x > 0:
        yield x * 4


@case(X)
def yields_one_after_another(x):
    t = 0.0
    for v in gen_two(x[0]):
        t += v**2
    for v in gen_two(x[2]):
        t += v**3
    return t


@case(X)
def branch_in_a_run_time_loop(x):
    t = 0.0
    for i in range(len(x)):
        for v in gen_two(x[i]):
            t += v**2
    return t


@case(X)
def writes_between(x):
    out = np.zeros(len(x))

    def fill():
        for i in range(len(x)):
            out[i] = x[i] ** 2
            yield i

    for i in fill():
        out[i] += 1
    return out.sum() * out[0]


def run(gen):
    return sum(gen)


@case(X)
def passed_to_a_function(x):
    return run(v * 2 for v in steps(x[0], 3)) + run(steps(x[1], 2))


@case(X)
def map_of_a_generator(x):
    return sum(map(lambda v: v**2, steps(x[0], 3)))


@case(X)
def max_by_key(x):
    return max(steps(x[1], 3), key=lambda v: -v)


@case(X)
def sorted_items(x):
    return sorted(steps(x[1], 3))[0]


@case(X)
def expression_with_a_condition(x):
    t = 0.0
    for v in (v * 2 for v in x if v > 0):
        t += v**2
    return t


@case(X)
def enumerate_an_expression(x):
    t = 0.0
    for i, v in enumerate(v * 2 for v in x if v > 0):
        if v > 2:
            break
        t += i * v**2
    return t


def gw(x):
    with np.errstate(all="ignore"):
        for v in x:
            yield v * 2


@case(X)
def errstate_in_a_generator(x):
    t = 0.0
    for v in gw(x):
        if v > 2:
            break
        t += v
    return t


def gf(log, x):
    try:
        for v in x:
            yield v
    finally:
        log.append(1.0)


@case(X)
def finally_after_break(x):
    log = []
    t = 0.0
    for v in gf(log, x):
        if v > 1:
            break
        t += v
    return t + len(log)


@case(X)
def expression_over_an_expression(x):
    return sum(v for v in (y * 2 for y in steps(x[0], 4)) if v > 0.1)


@case(X)
def arrays(x):
    t = 0.0
    for v in steps(x, 3):
        t += np.sum(v)
    return t


@case(X)
def list_of_arrays(x):
    hist = []
    for v in steps(x, 3):
        hist.append(v)
    return np.stack(hist).prod(axis=0).sum()


@case(X)
def nothing_but_the_number(x):
    n = 0
    for _ in countdown(5):
        n += 1
    return n * x[0]


@case(X)
def iterator_that_is_empty_then(x):
    it = iter(Rk(x[1], 0.1))
    s = 0.0
    for v in it:
        s += v
    for v in it:
        s += 100.0
    return s


def interleave(a, b):
    for u, v in zip(a, b):
        yield u
        yield v


@case(X)
def two_yields_in_a_loop(x):
    t = 0.0
    for k, v in enumerate(interleave(x, x[::-1])):
        t += k * v**2
    return t


@case(X)
def generator_in_a_generator(x):
    t = 0.0
    for u in steps(x[0], 2):
        for v in steps(u, 2):
            if v < 0:
                break
            t += u * v
    return t


def dfs(g, u, seen):
    seen.add(u)
    yield u
    for v in g[u]:
        if v not in seen:
            yield from dfs(g, v, seen)


G = {0: [1, 2], 1: [3], 2: [3], 3: []}


@case(X)
def depth_first(x):
    t = 0.0
    for d, u in enumerate(dfs(G, 0, set())):
        t += (d + 1) * x[u] ** 2
    return t


def named_as_what_is_put_beside_it(
    items, stop, item=2.0, broken=1.0, count=3.0, part=1.0, once=2.0, len=1.0, other0=0.5
):
    if stop is not None and stop <= 0:
        return
    for x in items:
        count = count + 1
        item = item * x
        broken = broken + item
        once = once * 1.1
        yield x + stop + item + broken + count + part + once + len + other0


def from_it(items):
    part = 3.0
    yield from named_as_what_is_put_beside_it(items, 2)
    yield part * items[0]


@case(np.array([0.7, 0.9, 1.2, 0.4]))
def variables_of_any_name(x):
    s = 0.0
    for v in named_as_what_is_put_beside_it(x, 4):
        s += v
    for i, v in enumerate(named_as_what_is_put_beside_it(x, 4)):
        if v > 40:
            break
        s += v * i
    else:
        s += 3
    for a, v in zip(x[:2], named_as_what_is_put_beside_it(x, 4)):
        if a > 10:
            continue
        s += v * a
    return s + sum(itertools.islice(from_it(x), 3))


def powers(a, n):
    p = 1.0
    for k in range(n):
        p = p * a
        yield p


@case(np.array([0.7, 0.9, 1.2, 0.4]))
def chained(x):
    s = sum(itertools.chain(powers(x[0], 3), [x[1], 2.0], powers(x[1], 2)))
    for v in itertools.chain(x[:2], powers(x[1], 2)):
        if v > 2:
            break
        s += v * v
    else:
        s += 1
    s += sum(v * v for v in itertools.chain.from_iterable(powers(a, 2) for a in x))
    a, b, *rest = itertools.chain(powers(x[0], 2), x[:3])
    return s + a * b + sum(rest) + max(itertools.chain.from_iterable([powers(x[0], 2), powers(x[2], 3)]))


@case(np.array([0.7, 0.9, 1.2, 0.4]))
def other_iterators_of_generators(x):
    s = sum(itertools.accumulate(powers(x[0], 3))) + sum(itertools.accumulate(powers(x[0], 3), initial=x[1]))
    s += sum(itertools.accumulate(powers(x[0], 3), lambda p, q: p * q))
    s += sum(itertools.takewhile(lambda v: v > 0.3, powers(x[0], 5)))
    s += sum(itertools.dropwhile(lambda v: v > 0.3, powers(x[0], 5)))
    s += sum(itertools.takewhile(lambda v: v > 0.3, x))
    s += sum(a * b for a, b in itertools.pairwise(powers(x[0], 4)))
    return s + sum(itertools.islice(powers(x[1], 10), 1, 6, 2)) + sum(itertools.islice(powers(x[1], 3), 1, None))


@case(np.array([0.7, 0.9, 1.2, 0.4]))
def iterator_of_an_endless_generator(x):
    def endless():
        k = 0
        while True:
            yield x[k] * k  # no item is taken beyond the last that is asked for
            k += 1

    return sum(itertools.islice(endless(), 1, 4)) + sum(itertools.takewhile(lambda v: v < 0.1, endless()))


@case(np.array([0.7, 0.9, 1.2, 0.4]))
def array_of_what_is_yielded(x):
    s = np.sum(np.fromiter(powers(x[0], 4), dtype=float) ** 2) + np.sum(np.fromiter((v * v for v in x), float, count=2))
    return s + np.sum(np.fromiter((v * v for v in x if v > 0.8), dtype=np.float64) ** 2)
