# ruff: noqa
"""Programs outside the language.

The line that is refused ends with ``#! text of the caret | word of the message | word of the hint``.
Programs take an array of three floats, or what `ARGS` says.
"""

import asyncio
import contextlib
import itertools
import json
import math
import operator
import random
import re
import sys
import time
from dataclasses import dataclass

import numpy as np

X = np.array([0.5, 1.5, -2.0])
counter = 0.0
WEIGHTS = np.ones(3)
SHARED = {"k": 1.0}
SEEN = {1, 2}
RNG = np.random.default_rng(0)


class Accumulator:
    def __init__(self):
        self.total = 0.0


ACC = Accumulator()


# -- syntax: exceptions, contexts, coroutines, generators, scopes -----------------------------------
def try_except(x):
    try:  #! try: | only the run | if
        y = np.linalg.cholesky(np.outer(x, x))[0, 0]
    except np.linalg.LinAlgError:
        y = 0.0
    return y


def try_finally(x):
    try:
        y = x[0] * 2
    finally:
        return x[0]  #! return x[0] | out of finally | after


def with_block(x):
    with np.errstate(all="raise"):  #! "raise" | errstate | isfinite
        return np.sum(x * x)


def with_several(x):
    with np.errstate(), contextlib.suppress(ValueError):  #! contextlib.suppress(ValueError) | exceptions | if
        return np.sum(x)


async def coroutine(x):  #! | coroutine | ordinary
    return np.sum(x)


async def awaits(x):  #! | coroutine | ordinary
    await asyncio.sleep(0)
    return np.sum(x)


def inner_coroutine(x):
    async def slow(v):
        await asyncio.sleep(0)  #! await asyncio.sleep(0) | await | outside
        return v

    return np.sum(x)


async def async_for(x):  #! | coroutine | ordinary
    s = 0.0
    async for v in x:
        s += v
    return s


async def async_with(x):  #! | coroutine | ordinary
    async with x:
        return 0.0


def yields(x):
    for v in x:
        yield v * v  #! yield v * v | generators | tuple


def yields_from(x):
    yield from x  #! yield from x | generators | tuple


def global_counter(x):
    global counter  #! global counter | global | argument
    counter = counter + x[0]
    return counter


def class_inside(x):
    class Scale(metaclass=type):  #! | metaclass | module level
        k = 2.0

    return np.sum(x) * Scale.k


def bare_raise(x):
    if x[0] > 0:
        raise  #! raise | raise | exception
    return x[0]


def exec_call(x):
    exec("y = 1.0")  #! exec("y = 1.0") | exec |
    return x[0]


def eval_call(x):
    return eval("x[0] * 2")  #! eval("x[0] * 2") | eval |


def matrix_star_import(x):
    import no_such_module_here  #! import no_such_module_here | cannot import | module level

    return x[0]


def complex_literal(x):
    return abs(x[0] * 1j)  #! 1j | complex | real


# -- data that is not numbers -----------------------------------------------------------------------
def string_data(x):
    return float("1.5" + str(x[0]))  #! | |


def string_formatted(x):
    return len(f"{x[0]:.3f}") * x[1]  #! | |


def object_array(x):
    a = np.array([x, None], dtype=object)  #! | |
    return x[0]


def complex_array(x):
    z = np.zeros(3, dtype=complex)  #! | complex |
    return np.sum(np.abs(x + z))


def string_dictionary_key(x):
    d = {"a": x[0]}
    return d["b"]  #! d["b"] | key | keys


def array_result(x):
    return np.sum(x) + [1.0, 2.0]  #! np.sum(x) + [1.0, 2.0] | |


def none_arithmetic(x):
    scale = None
    return x[0] * scale  #! x[0] * scale | None |


# -- the outside world ------------------------------------------------------------------------------
def reads_file(x):
    return float(open("numbers.txt").read()) * x[0]  #! open("numbers.txt") | open |


def asks_user(x):
    return float(input()) * x[0]  #! input() | input |


def random_numpy(x):
    return np.sum(x + np.random.normal(size=3))  #! np.random.normal(size=3) | random | pass them in


def random_generator(x):
    return np.sum(x + RNG.normal(size=3))  #! | random | pass


def random_module(x):
    return x[0] * random.random()  #! random.random() | |


def clock(x):
    return x[0] * time.time()  #! time.time() | Python source | custom_vjp


def third_party(x):
    return np.sum(json.loads("[1.0, 2.0, 3.0]") * x)  #! json.loads("[1.0, 2.0, 3.0]") | json | custom_vjp


def regular_expression(x):
    return x[0] if re.match("a", "a") else x[1]  #! re.match("a", "a") | match | custom_vjp


def recursion_limit(x):
    return x[0] * sys.getrecursionlimit()  #! sys.getrecursionlimit() | Python source | custom_vjp


# -- containers and iterators with run-time structure -----------------------------------------------
class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


def own_iterators(x):
    for k, _ in zip(Countdown(3), Countdown(2)):  #! | one by one | list
        x = x * k
    return x[0]


def order_of_a_set(x):
    total = 0.0
    for k in {int(v) for v in x}:  #! | order of the items | sorted
        total = 0.5 * total + k * x[0]
    return total


def set_of_a_global_that_changes(x):
    SEEN.add(3)  #! SEEN.add | outside of the function changes | set(items)
    return x[0] * len(SEEN)


def attribute_on_one_path(x):
    a = Accumulator()
    if x[1] > 0:  #! if x[1] > 0: | one path only | both paths
        a.extra = x[2]
    return a.extra


def recursion_changes_what_its_caller_holds(x):
    found = []

    def walk(k):
        found.append(x[k])
        if x[k] > 0:
            walk(k + 1)

    walk(0)  #! walk(0) | an object of its caller | arguments
    return found[0]


def grows_in_while(x):
    v = x[0]
    while v < 10:
        v = np.concatenate([x, x])[0] + v  #! x | before an iteration | name
        x = np.concatenate([x, x])
    return np.sum(x)


def lists_of_unequal_arrays(x):
    parts = [x, x[:2]]
    s = 0.0
    for i in range(int(x[0] * 4)):
        s += np.sum(parts[i])  #! parts[i] | |
    return s


# -- writes that cannot be kept apart ----------------------------------------------------------------
def writes_global_array(x):
    WEIGHTS[0] = x[0]  #! WEIGHTS[0] | may not be written | copy
    return np.sum(WEIGHTS)


def changes_global_dict(x):
    SHARED["k"] = x[0]  #! SHARED["k"] | outside | copy
    return SHARED["k"]


def changes_global_object(x):
    ACC.total = x[0]  #! ACC.total | attribute | return
    return ACC.total


def writes_tuple(x):
    t = (x[0], x[1])
    t[0] = x[2]  #! t[0] | tuple | list
    return t[0]


def writes_broadcast(x):
    b = np.broadcast_to(x, (2, 3))
    b[0, 0] = 1.0  #! b[0, 0] | | copy
    return np.sum(b)


# -- errors that NumPy or Python would raise, found before anything runs ------------------------------
def shapes_differ(x):
    return np.sum(x[1:] + x)  #! x[1:] + x | broadcast |


def too_many_indices(x):
    return x[0, 1]  #! x[0, 1] | too many indices |


def truth_of_array(x):
    if x > 0:  #! | ambiguous | any
        return x[0]
    return x[1]


def float_subscript(x):
    return x[0.5]  #! x[0.5] | integers | int


def wrong_argument_count(x):
    return math.hypot(x[0]) + _two(x[0])  #! _two(x[0]) | missing | parameters


def _two(a, b):
    return a * b


def undefined_name(x):
    return np.sum(x) * scael  #! scael | not defined |


def misspelt_function(x):
    return np.sum(np.tahn(x))  #! np.tahn | tahn | tan


def read_before_assignment(x):
    y = z * x[0]  #! z | not associated | path
    z = 2.0
    return y


def read_after_del(x):
    y = x[0] * 2
    del y
    return y  #! y | not associated | path


def unpacks_wrong(x):
    a, b = x[0], x[1], x[2]  #! a, b | too many values |
    return a * b


def calls_a_number(x):
    return x[0](2.0)  #! x[0](2.0) | not callable |


def endless(x):  #! | no end | path
    return endless(x * 0.5)


def unknown_keyword(x):
    return np.sum(x, axes=0)  #! np.sum(x, axes=0) | axes |


def integer_in_place(x):
    a = np.array([1, 2, 3])
    a *= x[0]  #! | same_kind | astype
    return np.sum(a)


ARGS = {}
