# ruff: noqa: B007
"""Small programs over the whole language, with example arguments: `CASES` is a list of (function, args)."""

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SCALE = 2.5
TABLE = np.array([1.0, 2.0, 3.0])
CFG = {"a": 1.5, "n": 3}
LST = [1.0, 2.0, 3.0]
CASES = []
r = np.random.default_rng(0)


def case(*args):
    def enter(f):
        CASES.append((f, args))
        return f

    return enter


@case(3.0)
def g1(x):
    return x * SCALE + math.pi


@case(np.array([1.0, 2.0, 3.0]))
def g2(x):
    return x @ TABLE + sum(LST) + CFG["a"] * CFG["n"]


@case(r.normal(size=4))
def alias(a):
    b = a
    b[0] = 5.0
    a[1] = b[0] * 2
    return a.sum() + b[2]


@case(r.normal(size=(3, 3)))
def swaprows(a):
    t = a[0].copy()
    a[0] = a[1]
    a[1] = t
    return a


@case(r.normal(size=4))
def swap(a):
    a[0], a[1] = a[1], a[0]
    return a


@case(1.0, 2.0)
def chain(a, b):
    x = y = a
    x += b
    return x, y


@case((1.0, (2.0, 3.0)), [4.0, 5.0])
def unpack(t, l):
    a, (b, c) = t
    d, *e = l
    return a * b + c, d, e[0]


@case(3)
def fact(n):
    r = 1
    for i in range(2, n + 1):
        r *= i
    return r


@case(5)
def zerotrip(n):
    s = 0
    for _i in range(n, 0):
        s += 1.5
    return s


@case(r.normal(size=6))
def neg_range(x):
    s = 0.0
    for i in range(len(x) - 1, -1, -2):
        s = s * 0.5 + x[i]
    return s


@case(5, -2)
def runstep(n, k):
    s = 0
    for i in range(n, 0, k):
        s += i
    return s


@case(5, 0)
def runstep0(n, k):
    s = 0
    for i in range(n, 0, k):
        s += i
    return s


@case(r.normal(size=5), r.normal(size=5))
def zipenum(x, y):
    s = 0.0
    for i, (a, b) in enumerate(zip(x, y)):
        s += i * a * b
    for a in reversed(x):
        s = s * 0.9 + a
    return s


@case(r.normal(size=(3, 4)))
def rows(A):
    s = 0.0
    for row in A:
        row[0] = 1.0
        s = s + np.dot(row, row)
    return s


@case(r.normal(size=8))
def brk(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 1.0:
            break
        if x[i] < -1.0:
            continue
        s += x[i]
    else:
        s += 100.0
    return s, i


@case(10)
def collatz(n):
    c = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        c += 1
    return c


@case(7.0)
def whiletrue(x):
    while True:
        x = x * 0.5
        if x < 1.0:
            return x


@case(3.0, -1.0)
def ifs(a, b):
    if a > 0 and b > 0:
        return a + b
    elif a > 0 or b > 0:
        c = a * b
    else:
        c = 1.0
    return c if c > 0 else -c


@case(3.0)
def unbound(a):
    if a > 5:
        y = 1.0
    return y


@case(9.0)
def bound_(a):
    if a > 5:
        y = 1.0
    return y


@case(0)
def unboundloop(n):
    for i in range(n):
        z = i * 2.0
    return z


@case(4)
def boundloop(n):
    for i in range(n):
        z = i * 2.0
    return z + i


@case(-1.0)
def raiser(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


@case(-1.0)
def raiser2(x):
    if x < 0:
        raise ValueError(f"negative {x} {SCALE:.1f}")
    return math.sqrt(x)


@case(0.0)
def zdiv(x):
    return 1 / x


@case(r.normal(size=4), 7)
def oob(x, i):
    return x[i]


@case(r.normal(size=4))
def asserting(x):
    assert x.ndim == 1, "rank"
    assert len(x) > 2
    return x.sum()


def helper(x, k=2, *, scale=1.0):
    if k == 0:
        return x * scale
    return helper(x * x, k - 1, scale=scale)


@case(1.5)
def helpers(x):
    return helper(x, 3, scale=2.0) + helper(x)


@case(2.0)
def lam(x):
    f = lambda y, k=3.0: y * k + x
    return f(x) + f(x, k=1.0)


@case(2.0)
def nested(x):
    def inner(y):
        return y * x

    x = x + 1
    return inner(3.0)


def compose(*fs):
    def h(x):
        for f in fs:
            x = f(x)
        return x

    return h


COMP = compose(np.sin, lambda x: x * 2, math.exp)


@case(0.3)
def composed(x):
    return COMP(x)


def deco(f):
    @functools.wraps(f)
    def w(*a, **k):
        return f(*a, **k) * 2

    return w


@deco
def decorated(x, y=1.0):
    return x + y


@case(3.0)
def usedeco(x):
    return decorated(x, y=2.0)


class P(NamedTuple):
    w: object
    b: float = 0.5


@dataclass
class D:
    u: float
    v: float = 2.0

    def total(self):
        return self.u + self.v


@case(r.normal(size=3), 2.0)
def records(w, b):
    p = P(w)
    q = p._replace(b=b)
    d = D(b)
    d.u = d.u * 3
    return p.w.sum() * q.b + d.total() + p[1]


@case(r.normal(size=5), 0.1)
def mask(x, t):
    y = x.copy()
    y[y < t] = 0.0
    z = x[x > t]
    y[y > t] = z * 2
    return y, z.sum()


@case(r.normal(size=5))
def fancy(x):
    idx = [0, 2, 2]
    y = x[idx]
    x[np.array([1, 3])] = y[:2]
    x[np.array([0, 4])] += 1.0
    return y.sum(), x


@case(r.normal(size=(4, 5)), 2)
def slices(A, k):
    return (
        A[k:].sum()
        + A[:k, 1:-1].sum()
        + A[-1, ::-1][0]
        + A[..., 0].sum()
        + A[:, None, :].sum()
        + A[k, -2]
        + A[-k:, ::2].sum()
    )


@case(r.normal(size=7), -3, 9)
def clamp(x, a, b):
    return x[a:b].sum() + x[b:].sum() + x[a:].sum()


@case(r.normal(size=9))
def stencil(u):
    for _t in range(3):
        for i in range(1, len(u) - 1):
            u[i] = u[i] + 0.1 * (u[i - 1] - 2 * u[i] + u[i + 1]) + 0.0 * u[i - 1 : i + 2].sum()
    return u


@case(r.normal(size=6), 3)
def pingpong(u0, n):
    u = u0.copy()
    v = np.zeros(len(u))
    for _k in range(n):
        v[1:-1] = u[:-2] + u[2:]
        u, v = v, u
    return u


@case(r.normal(size=4), r.normal(size=4), 1.0)
def choosearr(x, y, c):
    z = x if c > 0 else y
    return z.sum()


@case(r.normal(size=4), 1.0)
def brancharr(x, c):
    if c > 0:
        z = x * 2
    else:
        z = x + 1
    z[0] = 3.0
    return z


@case(r.normal(size=4), 1.0)
def branchwrite(x, c):
    if c > 0:
        x[0] = 9.0
        t = x[1]
    else:
        t = x[2]
    return x.sum() + t


@case([r.normal(size=(3, 3)), r.normal(size=(3, 3))], r.normal(size=3))
def mlp(ws, x):
    for w in ws:
        x = np.tanh(w @ x)
    out = []
    for i in range(len(ws)):
        out.append((ws[i] * x).sum())
    return sum(out), max(out), len(out)


@case([r.normal(size=(3, 3)), r.normal(size=(3, 3))], r.normal(size=3))
def comp(ws, x):
    return sum([w.sum() for w in ws]) + sum(a * a for a in LST)


@case({"a": 1.0, "b": r.normal(size=3)})
def dicts(p):
    q = {**p, "c": 2.0}
    q["a"] = q["a"] * 3
    return {k: v * 2 for k, v in q.items()}


@case(5, 2.0)
def matching(n, x):
    match n:
        case 1:
            return x
        case 2 | 5:
            y = x * 2
        case _:
            y = x * 3
    return y


@case("fast", 2.0)
def strings(mode, x):
    if mode == "fast":
        return x
    elif mode is None:
        return None
    return x * 2


@case(r.normal(size=3))
def comparechain(x):
    return 1.0 if 0 < x[0] < 2 else (2.0 if x[1] > 0 or x[2] > 0 else 3.0)


@case(6)
def early_nested(n):
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                return i, j
    return -1, -1


@case(6)
def contbreak(n):
    s = 0
    for i in range(n):
        if i > 1:
            if i == 3:
                continue
            if i == 5:
                break
            s += 10
        s += 1
    return s


@case(4)
def whilelse(n):
    while n > 0:
        n -= 1
        if n == 2:
            break
    else:
        return -1
    return n


@case(2.0)
def walrus(x):
    if (y := x * 2) > 3:
        return y
    return y + x


@case(r.normal(size=3).astype(np.float32))
def f32(x):
    s = 0
    for v in x:
        s += v * 2.0
    return s, x * 1.5


@case(10)
def fib(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@case(r.normal(size=4))
def carry_array(x):
    y = x
    for _i in range(3):
        y = np.sin(y) + x
    return y


@case(r.normal(size=(3, 3)))
def gauss(A):
    n = A.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
    return A


@case(np.array([3, 1, 2]))
def ints(a):
    a[0] += 2
    a //= 2
    return a


@case(2.5, 3)
def casts(x, n):
    return int(x) + float(n), bool(n), round(x), abs(-n)


@case(r.normal(size=3))
def noret(x):
    x[0] = 1.0


@case(r.normal(size=(2, 3)))
def reshape_view(A):
    v = A.reshape(6)
    v[2] = 9.0
    w = A.ravel()
    return A.sum() + v[0] + w[1]


@case(3)
def tern(n):
    return "a" if n is None else n + 1


@case(r.normal(size=4), r.normal(size=3))
def badshape(x, y):
    z = np.zeros(3)
    return x[:3] + y + z


def wr(a, v):
    a[1] = v
    return a[0]


@case(r.normal(size=4))
def helperwrite(x):
    return wr(x, 3.0) + wr(x[1:], 4.0) + x.sum()


@case(6)
def delx(n):
    a = n * 2
    b = a
    del a
    return b


@case(r.normal(size=5))
def whilearr(x):
    i = 0
    while i < len(x) and x[i] < 10:
        x[i] = x[i] * 2
        i += 1
    return i, x


@case(6)
def rfact(n):
    if n <= 1:
        return 1
    return n * rfact(n - 1)


@case(8)
def rfib(n):
    return n if n < 2 else rfib(n - 1) + rfib(n - 2)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


@case(7)
def mutual(n):
    return even(n)


def rsum(x):
    if len(x) == 1:
        return x[0]
    k = len(x) // 2
    return rsum(x[:k]) + rsum(x[k:])


@case(r.normal(size=7))
def dandc(x):
    return rsum(x) * 2


def rwrite(x, i):
    if i >= len(x):
        return 0.0
    x[i] = x[i] * 2 * SCALE
    return x[i] + rwrite(x, i + 1)


@case(r.normal(size=5))
def recwrite(x):
    return rwrite(x, 0) + x.sum()


@case(r.normal(size=5), 1)
def recwrite2(x, i):
    return rwrite(x, i) + x.sum()


@case(2.0, 3)
def nestrec(x, n):
    def p(k):
        return 1.0 if k == 0 else 2.0 * p(k - 1)

    return p(n) + x


@case(r.normal(size=(5, 3)))
def tuplerec(A):
    def go(a, b, k):
        if k == 0:
            return a, b
        return go(a + b, a, k - 1)

    return go(A, A * 2, 4)


@case(r.normal(size=6))
def gens(x):
    n = len(x)
    return (
        sum(x[i] ** 2 for i in range(n))
        + max(abs(v) for v in x)
        + (1.0 if any(v > 1 for v in x) else 0.0)
        + (3.0 if all(v < 9 for v in x) else 0.0)
        + sum(v for v in x if v > 0)
    )


@case(r.normal(size=6))
def listcomp(x):
    y = np.array([v * i for i, v in enumerate(x)])
    z = [v + 1 for v in y]
    return y.sum() + z[2] + len(z) + sum(z) + np.array([[x[0], 1.0], [2.0, x[1]]]).sum()


@case(r.normal(size=(4, 3)))
def listcomp2(A):
    return np.stack([row * 2 for row in A])


@case(r.normal(size=5))
def alias_in_loop(x):
    # alias in loop
    y = x
    for i in range(len(x)):
        y[i] = x[i] * 2
        if y[i] > 0:
            x[i] += 1
    return y.sum()


@case(r.normal(size=(3, 4)))
def row_views(A):
    for i in range(3):
        row = A[i]
        for j in range(len(row)):
            row[j] = row[j] + (row[j - 1] if j > 0 else 0.0)
    return row.sum() + A.sum()


@case(r.normal(size=6))
def compact(x):
    n = len(x)
    out = np.zeros(n)
    k = 0
    for v in x:
        if v > 0:
            out[k] = v
            k += 1
    return out[:k].sum(), k


@case(3, 4)
def nested_jumps(n, m):
    s = 0
    for i in range(n):
        for j in range(i, m):
            if j == i + 2:
                break
            if (i + j) % 2:
                continue
            s += i * j + 1
        else:
            s += 100
    return s


@case(r.normal(size=4), True)
def static_or_reversed(x, flag):
    y = x.copy()
    if flag:
        y *= 2
    else:
        y = y[::-1]
    return y


@case(r.normal(size=4))
def list_alias(x):
    y = [x[0], x[1]]
    y[0], y[1] = y[1], y[0]
    z = y
    z[0] = 5.0
    return y[0] + y[1]


@case(2.0)
def early_return_in_helper(x):
    def f(y, n=3):
        for _i in range(n):
            if y > 10:
                return y
            y = y * y
        return -y

    return f(x) + f(1.1)


@case(10.0)
def bisect(x):
    lo, hi = 0.0, x
    while hi - lo > 1e-6:
        mid = (lo + hi) / 2
        if mid * mid < x:
            lo = mid
        else:
            hi = mid
    return lo


@case(5)
def while_true_break(n):
    while True:
        n -= 1
        if n % 3 == 0:
            if n == 0:
                return 1
            continue
        if n == 1:
            break
    return n


@case(r.normal(size=5))
def while_in_while(x):
    total = 0.0
    i = 0
    while i < len(x):
        j = i
        while j < len(x):
            if x[j] * x[i] < -0.5:
                break
            total += x[i] * x[j]
            j += 1
        i += 1
    return total, i, j


@case(r.normal(size=5))
def types_unified(x):
    try_ = x[0]
    if try_ > 0:
        a, b = 1, 2.0
    else:
        a, b = 3.0, 4
    return a * b


@case(r.normal(size=(2, 3)))
def transposed_views(A):
    B = A.T
    B += 1.0
    C = B[1:]
    C[0, 0] = 7.0
    D = A.reshape(3, 2)
    D[0] = 3.0
    return A, B.sum(), C.sum()


@case(r.normal(size=4))
def rotated(x):
    for _t in range(2):
        y = x
        x = np.concatenate([y[1:], y[:1]])
    return x, y


@case(r.normal(size=4))
def bound_by_branch(x):
    s = 0.0
    for i in range(4):
        if x[i] > 0:
            t = x[i]
        else:
            continue
        s += t
    return s


@case(r.normal(size=4))
def else_raises(x):
    for i in range(len(x)):
        if x[i] > 100:
            r_ = i
            break
    else:
        raise ValueError("none found")
    return r_


@case(r.normal(size=4), 2)
def overlaps(x, k):
    x[k], x[0] = x[0], x[k]
    x[1:3] = x[2:4]
    x[...] = x + 1
    x[:] = x[::-1]
    return x


@case(r.normal(size=(4, 4)), r.normal(size=4))
def back_substitution(A, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x


@case(r.normal(size=8), 3)
def window_mean(x, w):
    out = np.zeros(len(x))
    for i in range(len(x)):
        lo = max(0, i - w)
        hi = min(len(x), i + w + 1)
        out[i] = x[lo:hi].mean()
    return out


@case(7, 2)
def integer_arithmetic(a, b):
    return a // b, a % b, a / b, a**b, -a // b, divmod(a, b), a**-1.0, 2**-1, a << b, a & b, a ^ b, ~a


@case(7.5, -2.0)
def float_arithmetic(a, b):
    return a // b, a % b, a / b, a**2, abs(b), min(a, b), max(a, b, 3), round(a), int(b)


@case(r.normal(size=3), 0)
def dict_items(x, i):
    d = {"w": x, "b": 1.0}
    for k, v in d.items():
        if k == "w":
            s = v.sum()
        else:
            s = s + v
    return s


@case(2.0, 0)
def zero_trips_keep_int(x, n):
    y = 0
    for _i in range(n):
        y = y + x
    return y


@case(r.normal(size=3))
def rebound_in_loop(x):
    u = x.copy()
    v = u
    for _i in range(3):
        u = u * 2
        u[0] = v[0]
    return u, v


@case(r.normal(size=3), 1.0)
def swapped_in_branch(x, c):
    u = np.zeros(3)
    v = np.ones(3)
    if c > 0:
        u, v = v, u
    u[0] = 10.0
    return u, v


@case(r.normal(size=(3, 3)), -1)
def index_mix(A, i):
    return A[i, i] + A[i][0] + A[1:][i, 0] + A[:, i].sum() + A[np.newaxis, i].sum()


@case(r.normal(size=3), 5)
def index_error_in_view(A, i):
    return A[1:][i]


@case(r.normal(size=3), -3)
def negative_index_error_in_view(A, i):
    return A[1:][i]


@case(r.normal(size=6))
def masks(x):
    m = x > 0
    if m.any():
        x[m] *= 2
    x[~m] = 0
    idx = np.argsort(x) if False else np.array([5, 4])
    return x[idx], x[x > 1e9].sum()


@case(1.0)
def list_of_functions(x):
    fs = [math.sin, lambda t: t * t, np.exp]
    for f in fs:
        x = f(x)
    return x


@case(r.normal(size=4))
def for_else_continue(x):
    s = 0.0
    for i in range(3, -1, -1):
        for j in range(i):
            if x[j] > 2:
                break
        else:
            s += x[i]
            continue
        s -= 1
    return s


@case(3)
def sizes(n):
    x = np.arange(n) * 1.0
    y = np.zeros((n, 2 * n + 1))
    y[:, :n] = x
    return y.sum(), y.shape[1], x @ x


@case(r.normal(size=5), np.array([1, 2]))
def index_arrays(x, idx):
    x[idx] += 1.0
    for i in idx:
        x[i] *= 3
    return x


@case(4)
def triangular(n):
    s = 0.0
    for i in range(n):
        a = np.ones(i + 1)
        s += a.sum()
    return s


@case(r.normal(size=3))
def dead_conflict(x):
    if x[0] > 100:
        np.zeros(2)
    else:
        np.zeros(3)
    z = 1.0
    return z


@case(r.normal(size=3), 2)
def assertion(x, k):
    assert k < 2, f"k is {k}"
    return x


@case(r.normal(size=3), 2.0)
def in_place_everything(x, k):
    x -= x.mean()
    x /= k
    x **= 2
    np.add(x, 1.0, out=x)
    x.fill(2.0)
    return x


@case(r.normal(size=3))
def unpack_array(x):
    a, b, c = x
    return a * b * c


@case(r.normal(size=4))
def unpack_too_long(x):
    a, b, c = x
    return a * b * c


@case(r.normal(size=(2, 3)), 1.0)
def view_chosen_by_branch(A, c):
    # view bound in branch, written after
    if c > 0:
        v = A[0]
    else:
        v = A[1]
    v[0] = 9.0
    return A.sum()


@case(r.normal(size=(2, 3)), 3)
def alias_after_loop(A, n):
    x = np.zeros(3)
    for i in range(n):
        y = x + 1
        x[0] = i
        x = y
    return x, y


@case(r.normal(size=5))
def nested_function_writes(x):
    def scale(v, k):
        v *= k
        return v

    y = scale(x, 2.0)
    y[0] = 0.0
    return x.sum() + y.sum()


@case(r.normal(size=5))
def list_in_loop(x):
    acc = [0.0, 0.0]
    for i in range(len(x)):
        acc[i % 2 if False else 0] += x[i]
        acc[1] = acc[1] * 0.5 + acc[0]
    return acc[0], acc[1]


@case(r.normal(size=5))
def dict_in_loop(x):
    st = {"m": 0.0, "v": np.zeros(5)}
    for i in range(len(x)):
        st["m"] = 0.9 * st["m"] + x[i]
        st["v"][i] = st["m"]
        st["v"] = st["v"] * 1.1
    return st


@case(r.normal(size=5))
def loop_variable_after(x):
    # loop var reused, shadowing
    for x_ in x:
        pass
    i = 0
    for i in range(3):
        pass
    return x_ + i


@case(r.normal(size=5), 3.0)
def search(x, t):
    k = 0
    while True:
        if k >= len(x):
            break
        if x[k] > t:
            return k
        k += 1
    return -1


@case(r.normal(size=5))
def raise_in_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        if s > 1e9:
            raise OverflowError("big")
    return s


@case(r.normal(size=5))
def views_of_views(x):
    y = x[1:4]
    z = y[::2]
    z[:] = 0.0
    y[1] = 5.0
    w = y[-1:]
    w += 2
    return x


@case(r.normal(size=(3, 4, 2)))
def transposes(T):
    v = T[1].T
    v[0] = 1.0
    u = T[:, 2]
    u *= 2.0
    w = T[..., 1]
    w[0, 0] = 3.0
    q = T.transpose(2, 0, 1)[1]
    q[2] = 8.0
    return T, T.T[1, 2].sum()
