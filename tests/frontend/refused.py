# ruff: noqa
"""Programs outside the language. The line that is refused ends with ``#! text of the caret | word of the
message | word of the hint``; the test checks file, line, caret, message and hint."""

import os
from dataclasses import dataclass

import numpy as np
import math

counter = 0
LIST = [1.0, 2.0]
CFG = {"a": 1.0}


class Thing:
    scale = 1.0

    def __init__(self):
        self.k = 2.0


THING = Thing()


def try_except(x):
    try:  #! try: | only the run | if
        return x[0]
    except IndexError:
        return 0.0


def with_statement(x):
    with open("f") as f:  #! open("f") | with | outside
        return x


def generator(x):
    yield x  #! yield x | generators | tuple


def global_name(x):
    global counter  #! global counter | global | argument
    counter += 1
    return x


def class_definition(x):
    class A(metaclass=type):  #! | metaclass | module level
        pass

    return x


def complex_constant(x):
    return x * 2j  #! 2j | complex | real


def bits_of_floats(x):
    return x & 1  #! x & 1 | bit operations are of integers | plain Python raises this too


def shifted_floats_in_place(x):
    x <<= 1  #! x <<= 1 | bit operations are of integers | plain Python raises this too
    return x


def bits_of_a_python_float(x):
    return float(x[0]) >> 1  #! float(x[0]) >> 1 | bit operations are of integers | plain Python raises this too


def number_or_array_with_another_name(x):
    s = np.array(0.0)
    first = s
    for v in x:
        s = s + v
    s += 1.0  #! | another name on another path | new number
    return s + first


def elements_as_they_lie_in_memory(x):
    y = np.outer(x, x)
    return y.T.ravel(order="K")  #! y.T.ravel(order="K") | as they lie in memory | order='C'


def reshaped_as_the_elements_lie_in_memory(x):
    y = np.outer(x, x)
    return y.reshape(-1, order="A")  #! y.reshape(-1, order="A") | as they lie in memory | order='C'


def set_literal(x):  #! | returns a set | tuple
    return {1, 2}


def string_as_data(x):
    return x + "a"  #! x + "a" | string | mode


def random_numbers(x):
    return x + np.random.normal(size=3)  #! np.random.normal(size=3) | random | pass them in


def unknown_numpy(x):
    return np.sqart(x)  #! np.sqart | sqart | sqrt


def unknown_name(x):
    return y_undefined + x  #! y_undefined | not defined | before


def misspelt_name(values):
    return valeus.sum()  #! valeus | not defined | values


def unknown_attribute(x):
    return x.summ()  #! x.summ | summ | sum


def builtin_without_source(x):
    return os.getpid() + x  #! os.getpid() | Python source | custom_vjp


def wrong_count(x):
    return helper(x)  #! helper(x) | missing 1 required | parameters


def helper(a, b):
    return a + b


def unexpected_keyword(x):
    return helper(x, b=1.0, c=2.0)  #! helper(x, b=1.0, c=2.0) | unexpected keyword | parameters


def inside_helper(x):
    return bad_helper(x)


def bad_helper(a):
    return a.foo  #! a.foo | called at |


def bad_shapes(x):
    return x[1:] + x  #! x[1:] + x | broadcast |


def distinct_extents(x, y):
    return x + y  #! x + y | broadcast |


def tuple_assignment(x):
    t = (1.0, 2.0)
    t[0] = x  #! t[0] | tuple | list


def ambiguous_truth(x):
    if x > 0:  #! | ambiguous | any
        return 1.0
    return 2.0


def float_index(x):
    return x[1.5]  #! x[1.5] | integers | int


def too_many_indices(x):
    return x[0, 1]  #! x[0, 1] | too many indices |


def runtime_slice_step(x):
    n = int(x[0])
    return x[::n]  #! | step | constant


def int_array_times_float(x):
    a = np.array([1, 2, 3])
    a *= 1.5  #! | same_kind | astype
    return a


def global_array_written(x):
    TABLE[0] = 1.0  #! TABLE[0] | may not be written | copy
    return x


TABLE = np.zeros(3)


def global_list_changed(x):
    LIST.append(x)  #! LIST.append(x) | outside | list(
    return x


def attribute_assigned(x):
    THING.k = x  #! THING.k | attributes | return


def shape_changes(x):
    n = len(x)
    k = 0
    while k < n:
        x = x[1:]  #! x | before an iteration | name
        k += 1
    return x.sum()


def missing_key(x):
    return CFG["b"] * x  #! CFG["b"] | key | keys


def unpack_too_many(x):
    a, b = 1.0, 2.0, x  #! a, b | too many values |
    return a


def bare_raise(x):
    raise  #! raise | bare raise | exception


def unbound_before(x):
    y = z + x  #! z | not associated | every path
    z = 1.0
    return y


def delete_then_read(x):
    y = x
    del y
    return y  #! y | not associated | every path


def not_callable(x):
    return x(1)  #! x(1) | not callable |


def import_star_missing(x):
    import not_a_module  #! import not_a_module | cannot import | module level

    return x


def endless_recursion(x):
    return forever(x)  #! forever(x) | no end | path


def forever(a):
    return forever(a + 1.0)


def dataclass_post_init(x):  #! | returns an object | tuple
    return Point(x)


@dataclass
class Point:
    u: float

    def __post_init__(self):
        self.u = 1


def data_dependent_list(x):  #! | a list of run-time length | np.array
    return [v for v in x if v > 0]


def sort_method_of_tuple(x):
    return (1, 2).sort()  #! (1, 2).sort | sort |


def range_of_float(x):
    for i in range(2.5):  #! range(2.5) | integer | int(
        pass
    return x


def exception_of_two(x):
    raise MyError("a", 1)  #! raise MyError("a", 1) | several arguments | one message


class MyError(Exception):
    pass


def iterator_kept(x):
    pairs = zip(x, x)  #! | iterator pairs is read more than once | list(
    return sum(a * b for a, b in pairs) + sum(a for a, b in pairs)


def iterator_in_a_loop(x):
    squares = map(np.square, x)  #! | iterator squares is read more than once | list(
    s = 0.0
    for _ in range(3):
        s += sum(squares)
    return s


def total_twice(values):
    return sum(values) / (1.0 + sum(values))


def iterator_passed(x):
    return total_twice(v for v in x)  #! total_twice(v for v in x) | reads the iterator values more than once | list(


def dict_keys_change(x):
    d = {"a": x[0]}
    for k in d:  #! | keys of a dict change | list(d)
        del d[k]
        d["b"] = x[1]
    return d["b"]


OUTER_VALUES = [1.0, 2.0]


def outer_list_changed(x):
    OUTER_VALUES[0] = 1.0  #! OUTER_VALUES[0] | outside | copy
    return x


def written_while_iterated(x):
    y = np.abs(x)
    for i, t in enumerate(y):
        if x[i] > 0:
            y = np.cos(y)
        y[-1] += t  #! y[-1] += t | may share memory | copy
    return y


def written_while_its_method_is_held(x):
    y = np.abs(x)
    total = y.sum
    for i in range(len(x)):
        if x[i] > 0:
            y = np.cos(y)
        y[-1] += total()  #! y[-1] += total() | may share memory | copy
    return y


def item_of_a_grown_list_is_written(x):
    out = []
    for i in range(len(x)):
        out.append(x * i)
    out[0][1] = 2.0  #! out[0][1] | an item of a list of run-time length | copy
    return np.sum(np.array(out))


def written_after_it_was_appended(x):
    out = []
    y = x * 2.0
    for i in range(len(x)):
        out.append(y)
        y[i] = 0.0  #! y[i] | an item of a list of run-time length | copy
    return np.sum(np.array(out))


def list_grows_in_nested_while_loops(x):
    out = []
    s = 1.0
    while s < 100.0:
        s = s * 2.0 + x[0] ** 2
        t = s
        while t > 1.0:  #! | length | array
            t = t * 0.5
            out.append(t)
    return sum(out)


def list_grows_in_a_while_loop_with_break_and_else(x):
    out = []
    s = x[0]
    while s < 100.0:  #! | break and else | flag
        s = s * 2.0 + x[0] ** 2
        out.append(s)
        if s > 50.0:
            break
    else:
        out.append(x[1])
    return sum(out)


def lists_of_two_kinds_are_joined(x):
    t = [(v, 2.0 * v) for v in x]
    u = [[v, 2.0 * v] for v in x]
    return np.sum(np.array(t + u))  #! t + u | different kinds | one kind


def identity_of_arrays_by_path(x):
    y = x if x[0] > 0 else x.copy()
    return x[0] if y is x else x[1]  #! y is x | depends on the path | keep a number


def identity_in_a_loop(x):
    first = 2.0 * x
    y = first
    while y is first:  #! y is first | depends on the path | keep a number
        y = x * x
    return y[0]


def identity_of_all_of_an_array(x):
    y = x[:]
    return x[0] if y is x else x[1]  #! y is x | not known | keep a number


class Holder:
    def __init__(self, v):
        self.v = v


def identity_of_objects_by_path(x):
    a, b = Holder(x[0]), Holder(x[1])
    p = a if x[1] > 0 else b
    return p.v if p is a else x[2]  #! p is a | one object depends | keep a number


def identity_of_objects_after_a_loop(x):
    first = Holder(x[0])
    best = first
    for i in range(40 * len(x)):
        other = Holder(x[i % 3])
        if other.v > best.v:
            best = other
    return best.v if best == first else x[2]  #! best == first | one object depends | keep a number


def text_with_run_time_values(x):
    return x[0] if f"{x[0]:.1f}" == "0.3" else x[1]  #! f"{x[0]:.1f}" == "0.3" | known at compile time | constant


def recursion_that_changes_a_name(x):
    last = 0

    def go(k):
        nonlocal last
        if k <= 0:
            return 1.0
        last = 1 if x[k % 3] > 0.4 else 2
        r = go(k - 1)
        return r * (0.9 if last == 1 else 1.01)

    return go(int(40 * len(x)))  #! go(int(40 * len(x))) | changes an object of its caller | arguments


def text_of_a_state(x):
    state = "up" if x[0] > 0 else "down"
    return x[0] * len(state)  #! len(state) | known at compile time | if and elif


def functions_whose_variables_have_gone(x):
    def maker(k):
        return (lambda t: t * k) if k > 0 else (lambda t: t + k)

    return sum(maker(v)(x[0]) for v in x)  #! maker(v)(x[0]) | must be known at compile time | if and elif


def turned_in_an_inner_loop(x):
    m = np.outer(x, x)
    a = m
    i = 0
    while a[0, 0] + i < 20.0:
        while i % 3 < 2:
            a = a[::-1]
            i += 1
        i += 1
    a[0] -= 0.25  #! a[0] -= 0.25 | depending on the iteration | copy
    return m[0].sum()


def part_returned_by_a_recursive_function(x):
    def turned(a, n):
        if n <= 0.0:
            return a[::-1]
        return turned(a, n - 1.0)

    y = x * 2.0
    r = turned(y, x[0])
    r[0] = 4.0  #! r[0] | recursive function | copy
    return y.sum()


def captured_array_returned_by_a_recursive_function(x):
    y = x * 2

    def go(k):
        if k <= 0.0:
            return y
        return go(k - 1.0)

    r = go(x[0])
    r[0] = 5.0  #! r[0] | recursive function | copy
    return (y * x).sum()


def results_of_a_recursive_function_that_may_be_one(x):
    def go(a, b, n):
        if n <= 0.0:
            return a, b
        return go(b, a * 1.5, n - 1.0)

    a, b = go(x, x + 1, x[0])
    a[0] = 2.0  #! a[0] | recursive function | copy
    return (a * b).sum()


class TwoParts(Exception):
    def __init__(self, code, value):
        super().__init__(code, value)


def exception_of_two_parts(x):
    if x[0] > 0:
        raise TwoParts(1, x[0])  #! raise TwoParts(1, x[0]) | several arguments | one message
    return x


def lists_of_two_lengths(x):
    return x * len([1.0] if x[0] > 0 else [1.0, 2.0])  #! [1.0] if x[0] > 0 else [1.0, 2.0] | another length | names


def power_with_a_modulus(x):
    n = int(x[0])
    return x * pow(n, 2, 5)  #! pow(n, 2, 5) | modulus | % m


def raise_in_finally(x):
    try:
        y = x / x[0]
    finally:
        if x[1] > 0:  #! if x[1] > 0: | raise and assert in finally | after the try
            raise ValueError("negative")
    return y


def next_of_a_generator(x):
    def items():
        yield x[0]
        yield x[1]

    return next(items())  #! next(items()) | next() of a generator | for


def next_of_an_array(x):
    return next(x)  #! next(x) | next() takes an iterator, and this is an array | iter(values)


def extent_is_assigned(x):
    y = x * 2
    y.shape = (2, 2)  #! y.shape | shape of an array cannot be assigned | reshape
    return y


def maximum_of_two(x):
    return np.max(x, x * 2)  #! np.max(x, x * 2) | axis has to be an integer, not an array | np.maximum(a, b)


def nditer(x):
    return sum(v for v in np.nditer(x))  #! np.nditer(x) | np.nditer | loop over


def layout(x):
    return x * (x.base is None)  #! x.base | ndarray.base | memory


def item_of_a_list_of_run_time_length_that_may_be_another(x):
    rows = []
    i = 0.0
    while i < x[0]:
        rows.append([x[1], i])
        i += 1.0
    row = None
    if x[2] > 0:
        row = rows[0]
    if row is not None:
        row[1] = 5.0  #! row[1] | item of a list of run-time length | items[k]
    return sum(r[0] * r[1] for r in rows)
