# ruff: noqa
"""== and `is` of containers, objects, ranges, functions and texts, where they are known."""

from dataclasses import dataclass

import numpy as np

CASES = []
V = np.array([0.3, -0.7, 1.1, 0.5, 0.9])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Plain:
    def __init__(self, v):
        self.v = v


@dataclass
class Point:
    x: float
    n: int = 0


@case(V)
def dicts(x):
    a, b = {"p": x[0], "q": [x[1], {"r": 1}]}, {"q": [x[1], {"r": 1}], "p": x[0]}
    c = {"p": x[0], "q": [x[2], {"r": 1}]}
    return (x[0] if a == b else x[1]) * (x[2] if a == c else x[3]) * (x[4] if a != {"p": 1} else 1.0)


@case(V)
def lists_tuples_and_other_kinds(x):
    same = [x[0], 1] == [x[0], 1.0] and (x[0], 1) != (x[0], 2) and [x[1]] != (x[1],)
    other = "a" != 1 and (1,) != 1 and {} != [] and [x[0]] != "a" and range(2) != [0, 1] and {} != ""
    return x[0] * (2.0 if same else 1.0) + x[1] * (3.0 if other else 1.0)


@case(V)
def ranges(x):
    return (x[0] if range(len(x)) == range(5) else x[1]) * (x[2] if range(3) != range(0, 3) else x[3])


@case(V)
def texts_of_extents(x):
    t = f"n_{len(x)}"
    a = x[0] if t == "n_5" else x[1]
    b = x[2] if str(len(x)) in ("4", "6") else x[3]
    c = x[4] if ",".join([str(len(x)), "b"]) != "5,b" else 2.0
    return a * b + c * x[0]


@case(V)
def objects_by_identity(x):
    a, b = Plain(x[0]), Plain(x[0])
    items = [b, a]
    found = items.index(a) + (a == a) + 2 * (a == b) + 4 * (b in items) + 8 * (a is not b)
    return x[0] * found


@case(V)
def dataclasses_by_value(x):
    a, b, c = Point(x[0]), Point(x[0]), Point(x[0], 1)
    return x[0] * (2.0 if a == b else 1.0) + x[1] * (3.0 if a == c else 1.0)


@case(V)
def functions(x):
    f = lambda t: t
    g = f
    h = lambda t: 2.0 * t
    return x[0] * (2.0 if f == g else 1.0) + x[1] * (3.0 if g is h else 1.0) + x[2] * (np.sin == np.cos)


@case(V)
def arrays_by_identity(x):
    y = x
    z = x.copy()
    return np.sum(x) * (2.0 if y is x else 1.0) + x[0] * (3.0 if z is x else 1.0) + x[1] * (z is not None)


@case(V)
def identity_comes_first(x):
    z = x * np.nan
    a = z[0]
    found = (a in [a]) + 2 * (a in (z[0],)) + 4 * (a == a) + 8 * ([a] == [a]) + 16 * ({"k": a} == {"k": a})
    found += 32 * ([z[0]] == [z[0]]) + 64 * ((a, 1.0) < (a, 2.0)) + 128 * (np.nan in [np.nan])
    return found * x[1] ** 2


@case(V)
def identity_of_arrays_comes_first(x):
    y = x
    found = ([x] == [x]) + 2 * (x in [x, 2 * x]) + 4 * ((x, 1) != (y, 1)) + 8 * ({"k": x} == {"k": y})
    return found * x[1] ** 2


@case(V)
def equal_arrays_that_are_not_one(x):
    return x[0] * ([x] == [x[:]])
