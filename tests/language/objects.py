# ruff: noqa
"""Classes, closures, nonlocal variables, functools, operator, itertools."""

import numpy as np, math, itertools, operator, functools, dataclasses
import abc
import bisect
import enum
import types
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from functools import reduce, partial

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
K = np.array([2, 0, 2, 2])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Model:
    SCALE = 2.0
    N = 3

    def __init__(self, k):
        self.k = k
        self.w = np.array([1.0, 2.0, 3.0, 4.0])

    def inner(self, x):
        return x * self.k * self.SCALE

    def step(self, x):
        return self.inner(x) + np.sin(self.inner(x)) * self.w

    @property
    def twice(self):
        return 2 * self.k

    @staticmethod
    def stat(x):
        return x**2

    @classmethod
    def cls_m(cls, x):
        return x * cls.SCALE

    def __call__(self, x):
        return self.step(x) * self.twice


M = Model(1.5)


@case(V)
def methods(x):
    y = M(x) + M.stat(x) + Model.stat(x) + M.SCALE * Model.SCALE * Model.N
    return np.sum(y)


@case(V)
def classm(x):
    return np.sum(Model.cls_m(x) + M.cls_m(x))


@dataclass
class State:
    pos: np.ndarray
    vel: np.ndarray
    t: float = 0.0
    n: int = 0

    def energy(self):
        return 0.5 * np.sum(self.vel**2) + np.sum(self.pos**2)

    def kick(self, dt):
        self.vel = self.vel - dt * self.pos
        return self


@case(V, W, K)
def dc_loop(x, v, k):
    s = State(x.copy(), v.copy())
    for i in range(k[0] + 3):
        s.kick(0.1)
        s.pos += 0.1 * s.vel
        s.t += 0.1
        s.n += 1
    return s.energy() * s.t * s.n


@case(V, W, K)
def dc_replace(x, v, k):
    s = State(x, v)
    for i in range(k[0] + 3):
        s = dataclasses.replace(s, pos=s.pos + 0.1 * s.vel, t=s.t + 0.1)
    return np.sum(s.pos) * s.t


class P(NamedTuple):
    a: np.ndarray
    b: float = 2.0

    def total(self):
        return np.sum(self.a) * self.b


@case(V, K)
def nt_replace(x, k):
    p = P(x)
    for i in range(k[0] + 1):
        p = p._replace(a=np.sin(p.a), b=p.b * 1.1)
    q = P(*p)
    return q.total() + q[1] + len(q)


@dataclass
class Post:
    a: float
    b: float = 0.0
    c: float = field(init=False)
    d: list = field(default_factory=list)

    def __post_init__(self):
        self.c = self.a * self.b


@case(V)
def post(x):
    p = Post(x[0], x[1])
    p.d.append(x[2])
    return p.c * p.d[0]


@dataclass(frozen=True)
class Fr:
    k: float

    def f(self, x):
        return self.k * x

    def __mul__(self, o):
        return Fr(self.k * o)

    def __add__(self, o):
        return Fr(self.k + o.k)


@case(V)
def ops(x):
    a = Fr(x[0])
    b = Fr(2.0)
    c = a + b * x[1]
    return c.f(x[2])


class Vec:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def dot(self, o):
        return self.x * o.x + self.y * o.y

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y)

    def __rmul__(self, s):
        return Vec(s * self.x, s * self.y)

    def __getitem__(self, i):
        return self.x if i == 0 else self.y

    def __len__(self):
        return 2

    def norm(self):
        return np.sqrt(self.dot(self))


@case(V)
def plain_class(x):
    a = Vec(x[0], x[1])
    b = Vec(x[2], x[3])
    c = a + 2.0 * b
    return c.norm() * c[0] + len(c)


class Layer:
    def __init__(self, w):
        self.w = w
        self.cache = None

    def forward(self, x):
        self.cache = x
        return np.tanh(self.w * x)


@case(V, W)
def mutable_class(x, w):
    l1 = Layer(w)
    l2 = Layer(w * 2)
    y = l2.forward(l1.forward(x))
    return np.sum(y * l1.cache * l2.cache)


@case(V)
def partials(x):
    def pw(v, p, s=1.0):
        return s * v**p

    sq = partial(pw, p=2)
    cu = functools.partial(pw, p=3, s=0.5)
    return np.sum(sq(x) + cu(x))


@case(V)
def closure_fn(x):
    def make(k):
        def g(v):
            return k * v

        return g

    fs = [make(2.0), make(x[0]), lambda v: v**2]
    table = {"a": fs[0], "b": np.sin, "c": lambda v, p=3: v**p}
    s = 0.0
    for f in fs:
        s = s + np.sum(f(x))
    return s + np.sum(table["b"](x)) + table["c"](x[1])


@case(V)
def defaults_nested(x):
    scale = 2.0

    def h(v, k=scale * x[0], *, e=2):
        return k * v**e

    return np.sum(h(x)) + h(x[0], 1.0, e=3)


@case(V, K)
def nonlocal_count(x, k):
    count = 0
    total = 0.0

    def add(v):
        nonlocal count, total
        count += 1
        total += v * v

    for i in range(k[0] + 1):
        add(x[i])
    return total / count


@case(V)
def nonlocal_array(x):
    acc = np.zeros_like(x)

    def add(v):
        nonlocal acc
        acc = acc + v

    add(x)
    add(x**2)
    return np.sum(acc**2)


@case(V)
def reduces(x):
    return (
        reduce(lambda a, b: a * b + 1, [x[0], x[1], x[2]])
        + functools.reduce(operator.mul, [x[0], 2.0], 3.0)
        + reduce(operator.add, x)
    )


@case(V)
def itools(x):
    s = 0.0
    for i, j in itertools.product(range(2), range(2)):
        s += (i + 1) * x[i] * x[j]
    for i, j in itertools.combinations(range(4), 2):
        s += x[i] * x[j]
    for a, b in itertools.combinations([x[0], x[1], x[2]], 2):
        s += a * b
    for v in itertools.chain([x[0]], (x[1], 2.0)):
        s += v**2
    for v in itertools.accumulate([x[0], x[1], x[2]]):
        s += v
    for v in itertools.accumulate([x[0], x[1], x[2]], operator.mul):
        s += v
    for p in itertools.permutations([0, 1, 2]):
        s += x[p[0]] * x[p[1]]
    for a, b in itertools.pairwise([x[0], x[1], x[2]]):
        s += (b - a) ** 2
    for a, b in itertools.zip_longest([1.0, 2.0], [x[0]], fillvalue=0.0):
        s += a * b
    for i, v in zip(itertools.count(1), [x[0], x[1]]):
        s += i * v
    for v in itertools.islice([x[0], x[1], x[2]], 1, 3):
        s += v
    for v in itertools.repeat(x[0], 3):
        s += v
    return s


@case(V)
def opmod(x):
    return (
        operator.add(x[0], x[1]) * operator.mul(x[2], x[3])
        + operator.sub(x[0], 1.0)
        + operator.truediv(x[0], x[1])
        + operator.pow(x[3], 2)
        + operator.neg(x[0])
        + operator.itemgetter(1)(x)
        + np.sum(operator.matmul(x, x))
        + operator.getitem(x, 0)
    )


@case(V)
def mathmod(x):
    a = (
        math.hypot(x[0], x[1])
        + math.fsum([x[0], x[1]])
        + math.prod([x[0], x[1], 2.0])
        + math.dist([x[0], x[1]], [x[2], x[3]])
    )
    b = (
        math.comb(5, 2)
        + math.factorial(4)
        + math.pi * x[0]
        + math.sqrt(x[3])
        + math.ceil(1.5)
        + math.gcd(4, 6)
        + math.copysign(x[0], -1.0)
    )
    return a + b + math.exp(x[0]) + math.tau + math.log1p(x[0]) + math.gamma(4) + math.log(x[3], 2)


@case(V)
def comb_loop(x):
    s = 0.0
    n = 3
    for k in range(n + 1):
        s += math.comb(n, k) * x[0] ** k * (1 - x[0]) ** (n - k) * x[k]
    return s


@case(V)
def taylor(x):
    return sum((-1) ** k * x[0] ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(6))


@case(V)
def lam_dict(x):
    acts = {"relu": lambda z: np.maximum(z, 0.0), "tanh": np.tanh, "id": lambda z: z}
    h = x
    for name in ["tanh", "relu", "id"]:
        h = acts[name](h)
    return np.sum(h)


def _relu(z):
    return np.maximum(z, 0.0)


TABLE = {"relu": _relu, "tanh": np.tanh}
LAYERS = [_relu, np.tanh, lambda z: z * z]


@case(V)
def global_table(x):
    return np.sum(TABLE["relu"](x) + LAYERS[2](x) + reduce(lambda h, f: f(h), LAYERS, x))


@case(V)
def compose_fn(x):
    def compose(*fs):
        def g(v):
            for f in fs:
                v = f(v)
            return v

        return g

    return np.sum(compose(np.sin, lambda v: v * 2, np.exp)(x))


class Base:
    def __init__(self, k):
        self.k = k

    def f(self, x):
        return self.k * x

    def g(self, x):
        return self.f(x) ** 2


class Derived(Base):
    def __init__(self, k, m):
        super().__init__(k)
        self.m = m

    def f(self, x):
        return super().f(x) + self.m


D = Derived(2.0, 0.5)


@case(V)
def inherit(x):
    return np.sum(D.g(x))


@case(V)
def inherit_local(x):
    d = Derived(x[0], 0.5)
    return np.sum(d.g(x)) + isinstance(d, Base)


@dataclass
class DBase:
    a: float

    def val(self):
        return self.a


@dataclass
class DDer(DBase):
    b: float = 2.0

    def val(self):
        return super().val() * self.b


@case(V)
def dc_inherit(x):
    return DDer(x[0], x[1]).val() + DDer(x[2]).val()


from enum import Enum


class Mode(Enum):
    A = 1
    B = 2


@case(V)
def enums(x, mode=Mode.B):
    if mode is Mode.B:
        return np.sum(x * mode.value)
    return x[0]


@case(V)
def static_nested_partial(x):
    f = partial(np.power, x)
    return np.sum(f(2.0)) + np.sum(partial(np.clip, a_min=0.0, a_max=1.0)(x))


@case(V)
def star_kwargs(x):
    def g(a, *rest, scale=1.0, **kw):
        return a * scale + sum(rest) + kw.get("bias", 0.0)

    opts = dict(scale=2.0, bias=x[3])
    return g(x[0], x[1], x[2], **opts)


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @property
    @abc.abstractmethod
    def weight(self): ...

    def load(self):
        return self.area() * self.weight


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2

    @property
    def weight(self):
        return 3.0


@dataclass
class Strip(Shape):
    length: float
    weight: float = 2.0

    def area(self):
        return self.length * 0.5


class HasArea(Protocol):
    def area(self) -> float: ...


class Unit(HasArea):
    def area(self):
        return 1.0


@case(V)
def abstract_classes(x):
    total = 0.0
    for shape in (Square(x[0]), Strip(x[1])):
        total += shape.load() * isinstance(shape, Shape)
    return total + Unit().area() * x[2] ** 2


@case(V)
def object_of_an_abstract_class(x):
    return Shape().load() * x[0]


@case(V)
def object_of_a_protocol(x):
    return HasArea().area() * x[0]


class Precision(enum.Enum):
    FAST = "fast"
    EXACT = "exact"


@case(V)
def members_of_an_enum(x):
    total = 0.0
    for m in Precision:
        total += x[0] * (m is Precision.FAST) + len(m.value)
    found = (
        (Precision("exact") is Precision.EXACT)
        + 2 * (Precision["FAST"] is Precision.FAST)
        + 4 * (Precision.FAST in Precision)
    )
    return total * x[1] + found * len(Precision) * x[0] ** 2


@case(V)
def member_that_is_not_there(x):
    return len(Precision["SLOW"].value) * x[0]


@case(V)
def value_that_no_member_has(x):
    return len(Precision("slow").value) * x[0]


@dataclass(order=True)
class Ranked:
    rank: float
    weight: float = field(compare=False, default=0.0)


@case(V)
def ordered_dataclasses(x):
    a, b, c = Ranked(x[0], 1.0), Ranked(x[1], 2.0), Ranked(x[0], 5.0)
    tests = (a == c) + 2 * (a < b) + 4 * (a <= c) + 8 * (a > b)
    return tests * x[0] ** 2 + max(a, b).rank * x[1] + min([a, b]).weight


@dataclass
class Prepared:
    a: float
    scale: dataclasses.InitVar[float]
    power: dataclasses.InitVar[float] = 2.0
    b: float = 1.0

    def __post_init__(self, scale, power):
        self.b = self.a * scale * power + self.b


@case(V)
def init_only_variables(x):
    return Prepared(x[0], x[1]).b + Prepared(x[0], x[1], 3.0).b + Prepared(a=x[0], scale=2.0, b=4.0).b


class Options:
    def __init__(self, **named):
        for name, value in named.items():
            setattr(self, name, value)


@case(V)
def attributes_by_name(x):
    o, n = Options(a=x[0], b=x[1]), types.SimpleNamespace(a=x[0], c=2.0)
    setattr(o, "a", o.a * 2)
    n.c += x[1]
    n.d = 3.0
    return o.a * o.b + n.a * n.c * n.d


@case(V)
def getitem_as_a_key(x):
    order = sorted(range(4), key=x.__getitem__)
    return x[order[0]] ** 2 + x[min(range(4), key=x.__getitem__)] + max(range(len(x)), key=x.__getitem__)


@case(V, 0.6)
def places_by_bisection(x, t):
    l = [-1.0, 0.5, 0.5, 2.0]
    places = bisect.bisect_left(l, t) + 10 * bisect.bisect(l, t) + 100 * bisect.bisect_right(l, x[1], 1)
    return places * x[0] ** 2 + t * t


@case(V)
def truth_by_identity(x):
    b = bool(x[0] > 0)
    if b is not False:
        return x[0] ** 2 * ((b is True) + 4 * ((x[0] > 0) is True))
    return x[1]


@case(V, 4)
def ranges(x, n):
    r = range(1, len(x), 2)
    total = r.start + r.stop * 10 + r.step * 100 + r[-1] * 1000 + r[0] + range(n)[-1]
    return (total + sum(range(n)) + sum(range(1, len(x), 2))) * x[0] ** 2


@case(V)
def item_behind_a_range(x):
    return range(len(x))[4] * x[0]


@case(V, 1.5)
def among_what_a_generator_gives(x, t):
    return (1 + (t in (y * 2 for y in x)) + 2 * (t in map(abs, x))) * t * t
