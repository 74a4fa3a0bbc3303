# ruff: noqa
"""Augmented assignments: what changes in place, what is stored back, and whose method is asked."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

CASES = []
V = np.array([0.3, 0.4])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def list_and_array(x):
    l = [1.0, 2.0]
    m = l
    l += x
    return np.sum(l * x) + len(m)


@case(V)
def list_of_arrays_and_array(x):
    l = [x, 2 * x]
    l += x
    return np.sum(l[0] * l[1])


@case(V)
def list_in_a_dict_and_array(x):
    d = {"g": [0.0, 0.0]}
    d["g"] += x
    d["g"] += x
    return np.sum(d["g"] * x)


class Sums:
    def __init__(self):
        self.g = [0.0, 1.0]

    def add(self, x):
        self.g += x


@case(V)
def list_in_an_object_and_array(x):
    s = Sums()
    s.add(x)
    s.add(x)
    return np.sum(s.g * x)


@case(V)
def list_and_numpy_scalar(x):
    l = [1.0, 2.0]
    l += x[0]
    l += np.float64(3)
    return l[0] * l[1]


@case(V)
def list_that_grew_and_numpy_scalar(x):
    l = []
    for k in range(len(x)):
        l += [x[k]]
    l += x[0]
    return l[0] * l[1]


@case(np.array([0.3, 0.4, 0.5]))
def list_and_array_of_another_length(x):
    l = [1.0, 2.0]
    l += x
    return np.sum(l)


@case(V)
def list_and_python_number(x):
    l = [x[0], 2 * x[1]]
    l += 1.0
    return l[0]


class Reflected:
    def __init__(self, a):
        self.a = a

    def __radd__(self, l):
        return self.a * l[0]


@case(V)
def list_and_object(x):
    l = [x[0], 2.0]
    l += Reflected(x[1])
    return l * 1.0


@case(V)
def list_and_iterables(x):
    l = [1.0, 2.0]
    m = l
    l += list(x)
    l += (x[0], 1.0)
    l += range(2)
    return m[2] * m[3] * m[4] + len(m)


@case(V)
def repeated_list_has_another_name(x):
    l = [x[0], 2.0]
    m = l
    l *= 2
    return len(m) + m[0] * m[2]


@case(V)
def repeated_list_of_run_time_length(x):
    l = [0.0]
    l *= len(x)
    for k in range(len(x)):
        l[k] += x[k]
    m = l
    m *= 2
    return sum(l) * l[0]


@case(V)
def joined_dict_has_another_name(x):
    d = {"a": x[0]}
    m = d
    d |= {"b": x[1]}
    d |= [("c", x[0])]
    return len(m) + m["b"] * m["c"]


@case(V)
def changed_set_has_another_name(x):
    s = {1, 2}
    t = s
    s |= {3}
    s &= {2, 3}
    f = frozenset({1})
    g = f
    f |= {2}
    return (len(t) + 10 * len(g)) * x[0] * x[1]


class Clipped:
    def __init__(self, x):
        self._x = x
        self.n = 0

    @property
    def x(self):
        return self._x

    @x.setter
    def x(self, v):
        self._x = np.minimum(v, 1.0)
        self.n += 1

    @property
    def fixed(self):
        return self._x

    def __getitem__(self, k):
        return self._x

    def __setitem__(self, k, v):
        self.n += 10
        self._x = v * 2.0


@case(V)
def property_of_an_array(x):
    b = Clipped(x * 1.0)
    b.x += 0.65
    return np.sum(b.x**2) + b.n


@case(V)
def item_of_an_object(x):
    b = Clipped(x * 1.0)
    b[0] += 1.0
    b[0] *= x
    return np.sum(b.x**2) + b.n


@case(V)
def picked_objects(x):
    ds = [Clipped(x[0]), Clipped(x[1])]
    for k in range(2):
        ds[k].x += 0.5
        ds[k][0] += 1.0
    return ds[0].x * ds[1].x + ds[0].n


class Last(Clipped):
    @property
    def x(self):
        return self._x

    @x.setter
    def x(self, v):
        self._x = v[-2:]


@case(V)
def property_of_a_list(x):
    l = Last([x[0]])
    l.x += [x[1]]
    l.x += [x[0], 5.0]
    return l.x[0] * l.x[1]


@case(V)
def property_without_setter(x):
    b = Clipped(x * 1.0)
    b.fixed += 1.0
    return np.sum(b.x)


@case(V)
def item_of_a_tuple(x):
    t = (x * 2.0, 1.0)
    t[0] += 2.0
    return np.sum(t[0])


class Pair(NamedTuple):
    v: np.ndarray
    w: float


@case(V)
def item_of_a_namedtuple(x):
    n = Pair(x * 1.0, 1.0)
    n[0] += 1.0
    return np.sum(n.v)


@case(V)
def field_of_a_namedtuple(x):
    n = Pair(x * 1.0, 1.0)
    n.v += 1.0
    return np.sum(n.v)


@dataclass(frozen=True)
class Frozen:
    v: np.ndarray


@case(V)
def field_of_a_frozen_dataclass(x):
    f = Frozen(x * 1.0)
    f.v += 1.0
    return np.sum(f.v)
