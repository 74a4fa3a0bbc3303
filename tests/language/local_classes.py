# ruff: noqa
"""Classes that are defined in a function."""

import abc
import functools
from collections import namedtuple
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import ClassVar, NamedTuple

import numpy as np

CASES = []
X = np.array([0.3, 1.2, -0.5, 0.8])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X)
def plain_class(x):
    class P:
        def __init__(self, a):
            self.a = a

        def sq(self):
            return self.a**2

    return sum(P(v).sq() for v in x)


@case(X)
def dataclass_with_a_method(x):
    @dataclass
    class P:
        a: float
        b: float = 2.0

        def f(self):
            return self.a * self.b

    return P(x[0]).f() + P(x[1], x[2]).f()


@case(X)
def namedtuple_with_a_method(x):
    class S(NamedTuple):
        m: float
        v: float = 1.0

        def both(self):
            return self.m + self.v

    s = S(0.0)
    for xi in x:
        s = S(s.m + 0.1 * xi, s.v * xi**2)
    return s.both()


@case(X)
def namedtuple_by_call(x):
    S = namedtuple("S", "m v")
    s = S(0.0, 1.0)
    for xi in x:
        s = s._replace(m=s.m + xi**2)
    return s.m * s.v


@case(X)
def inheritance_and_properties(x):
    scale = x[0]

    class Base:
        k = 2.0

        def __init__(self, v):
            self.v = v

        def val(self):
            return self.v * self.k * scale

        def __add__(self, o):
            return type(self)(self.v + o.v)

        @property
        def half(self):
            return self.v / 2

        @half.setter
        def half(self, h):
            self.v = 2 * h

        @staticmethod
        def two():
            return 2.0

        @classmethod
        def make(cls, v):
            return cls(v * cls.k)

    class Child(Base):
        k = 3.0

        def __init__(self, v):
            super().__init__(v)
            self.w = v**2

        def val(self):
            return super().val() + self.w

    b, c = Base(x[1]), Child(x[2])
    s = c + Child(x[3])
    s.half = s.half * 3
    return b.val() + c.val() * s.val() + b.half * Base.two() + Child.make(x[1]).val()


@case(X)
def enumeration(x):
    class Mode(Enum):
        A = auto()
        B = 2

    m = Mode.A if x[0] > 0 else Mode.B
    return x[0] if m is Mode.A else x[1]


@case(X)
def frozen_dataclass(x):
    @dataclass(frozen=True)
    class Cfg:
        lr: float = 0.1
        steps: int = 3
        names: list = field(default_factory=list)
        K: ClassVar[float] = 2.0

        def __post_init__(self):
            pass

    cfg = Cfg(lr=x[0])
    w = x[1]
    for _ in range(cfg.steps):
        w = w - cfg.lr * w**2 * Cfg.K
    c2 = replace(cfg, lr=0.5)
    return w * c2.lr + len(c2.names)


@case(X)
def abstract_class(x):
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): ...

    class Sq(Shape):
        def __init__(self, a):
            self.a = a

        def area(self):
            return self.a**2

    class Ci(Shape):
        def __init__(self, r):
            self.r = r

        def area(self):
            return np.pi * self.r**2

    return sum(s.area() for s in [Sq(x[0]), Ci(x[1])])


@case(X)
def special_methods(x):
    class It:
        def __init__(self, xs):
            self.xs = xs

        def __iter__(self):
            for v in self.xs:
                yield v**2

        def __len__(self):
            return len(self.xs)

        def __getitem__(self, i):
            return self.xs[i]

        def __call__(self, v):
            return v + self.xs[0]

        def __enter__(self):
            self.n = 1.0
            return self

        def __exit__(self, *a):
            self.n = 2.0

    it = It(x)
    with it as j:
        t = sum(it) * j.n
    return t * it.n + len(it) + it[1] * it(x[2])


@case(X)
def counter(x):
    class Counter:
        n = 0

        def __init__(self):
            self.c = 0

        def tick(self, v):
            self.c += 1
            return v * self.c

    c = Counter()
    t = 0.0
    for v in x:
        t += c.tick(v)
    return t + c.c


def layer(w):
    class Layer:
        def __call__(self, x):
            return np.tanh(w * x)

    return Layer()


@case(X)
def layer_from_a_function(x):
    l1, l2 = layer(x[0]), layer(x[1])
    return l2(l1(x[2]))


@case(X)
def total_order(x):
    @functools.total_ordering
    class V:
        def __init__(self, a):
            self.a = a

        def __eq__(self, o):
            return self.a == o.a

        def __lt__(self, o):
            return self.a < o.a

    return (V(x[0]) >= V(x[1])) * x[2] + max(V(x[0]), V(x[1])).a


@case(X)
def tree(x):
    @dataclass
    class Node:
        val: float
        children: list = field(default_factory=list)

        def total(self):
            return self.val + sum(c.total() for c in self.children)

    r = Node(x[0])
    r.children.append(Node(x[1]))
    r.children.append(Node(x[2] ** 2))
    return r.total()


@case(X)
def attribute_that_is_missing(x):
    class Bad:
        def __init__(self, a):
            self.a = a

    return Bad(x[0]).b


@case(X)
def mutable_default(x):
    @dataclass
    class P:
        a: float
        b: list = []

    return P(x[0]).a


@case(X)
def values_of_the_function(x):
    class P:
        rate = x[0]
        items = [1.0, 2.0]

        def f(self):
            return self.rate * P.items[1]

    return P().f() * P.rate
