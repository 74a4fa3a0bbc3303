# ruff: noqa
"""Private names (``self.__x``) are those of the class that they are written in."""

from dataclasses import dataclass

import numpy as np

CASES = []
V = np.array([0.3, 0.4])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Base:
    __k = 2.0

    def __init__(self, s):
        self.__s = s

    def get(self):
        return self.__s * self.__k

    def __scaled(self, x):
        return self.__s * x

    def scaled(self, x):
        return self.__scaled(x) + self.__scaled(2 * x)

    @staticmethod
    def __thrice(x):
        return x * 3

    @classmethod
    def __times(cls, x):
        return x * cls.__k

    def both(self, x):
        return self.__thrice(x) + self.__times(x)

    @property
    def __more(self):
        return self.__s + 1

    def more(self):
        return self.__more

    def keyword(self, *, __x):
        return __x * 2

    def nested(self, x):
        def __g(y):
            return y * self.__s

        __t = __g(x)
        h = lambda __z: __z + __t + self.__k
        return h(x) + sum([self.__s * __v for __v in (x, x)])


class Derived(Base):
    __k = 5.0

    def __init__(self, s):
        super().__init__(s * 2)
        self.__s = s

    def own(self):
        return self.__s * self.__k

    def __scaled(self, x):
        return 100 * x


@case(V)
def attributes_of_two_classes(x):
    d = Derived(x[0])
    return d.get() * 10 + d.own()


@case(V)
def methods_and_properties(x):
    d = Derived(x[0])
    return d.scaled(x[1]) + d.both(x[0]) + d.more() + d.nested(x[1])


@case(V)
def from_outside_of_the_class(x):
    d = Derived(x[0])
    d._Base__s += 1.0
    return d._Base__s * d._Derived__s * Base._Base__k + d.keyword(_Base__x=x[1])


MADE_BEFORE = Derived(2.0)


@case(V)
def of_an_object_from_outside(x):
    d = MADE_BEFORE
    return d.get() * d.own() * x[1] + d.scaled(x[0]) + d.nested(x[1])


@case(V)
def without_the_class(x):
    return Derived(x[0]).__s


class __Odd:
    __w = 7.0

    def __init__(self):
        self.__q = 2.0

    def product(self):
        return self.__q * self.__w


Odd = __Odd


@case(V)
def class_with_underscores(x):
    return Odd().product() * x[0]


@dataclass
class Record:
    __h: float
    __j: float = 2.0

    def product(self):
        return self.__h * self.__j


@case(V)
def fields(x):
    return Record(x[0]).product() + Record(x[1], 3.0).product() + Record(_Record__h=x[0]).product()


class Outer:
    class Inner:
        __z = 2.0

        def get(self):
            return self.__z

    def product(self, x):
        return self.Inner().get() * x


@case(V)
def class_in_a_class(x):
    return Outer().product(x[0])
