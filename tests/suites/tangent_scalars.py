# ruff: noqa: B007, F841
"""Programs over scalars, as Tangent's tests have them: arithmetic, overwriting, branches, loops, calls.

`CASES` is a table of (program, arguments); each program is written for this suite.
"""

import math

import numpy as np

from .support import Cases

CASES = Cases()
case = CASES


# -- arithmetic --------------------------------------------------------------------------------------
@case(2.3)
def identity(x):
    return x


@case(2.3)
def negation(x):
    return -x


@case(2.3)
def unary_plus(x):
    return +x * 2.0


@case(1.2, -0.7)
def addition(x, y):
    return x + y


@case(1.2, -0.7)
def subtraction(x, y):
    return x - y


@case(1.2, -0.7)
def product(x, y):
    return x * y


@case(1.2, -0.7)
def quotient(x, y):
    return x / y


@case(1.7)
def cube(x):
    return x**3


@case(1.7)
def reciprocal_power(x):
    return x**-2


@case(1.7, 2.4)
def power_of_both(x, y):
    return x**y


@case(1.7)
def power_of_constant_base(x):
    return 2.0**x


@case(1.7)
def increment(x):
    return x + 1


@case(0.4, 1.1, -2.0)
def scaled_sum(a, x, y):
    return a * x + y


@case(0.8)
def polynomial(x):
    return 3 * x**4 - 2 * x**2 + x / 5 - 7


@case(7.3)
def remainder(x):
    return x % 2.0 * x


@case(7.3)
def floored(x):
    return x // 2.0 * x


@case(-1.3)
def absolute(x):
    return abs(x) * 2.0


@case(0.6)
def long_expression(x):
    return ((x + 1) * (x - 2) / (x * x + 3) - (4 - x)) ** 2


@case(0.6, 1.9)
def shared_subexpression(x, y):
    s = x * y
    return s * s + s / (1 + s)


@case(0.6)
def math_module(x):
    return math.sin(x) * math.exp(x) + math.log(x) - math.sqrt(x) / math.cos(x) + math.tanh(x)


@case(-2.7, True)
def conversions(x, flag):
    k = int(x)
    on = float(x < 0) + float(flag) + int(flag) + bool(k)
    return x * k * on + float(k) * x + int(2.5) * x**2


# -- aliasing and overwriting -----------------------------------------------------------------------
@case(1.3)
def rebinds_argument(x):
    x = x * x
    x = x * x
    return x


@case(1.3)
def rebinds_through_local(x):
    y = x
    x = x * 2
    return x * y


@case(1.3)
def chained_targets(x):
    a = b = x * x
    a = a + 1
    return a * b


@case(1.3)
def augmented_all(x):
    y = x
    y += x
    y -= 0.5
    y *= x
    y /= 3.0
    y **= 2
    return y


@case(1.3)
def forgets_first_value(x):
    y = x**5
    y = 2.0 * x
    return y


@case(1.3, 0.2)
def swaps(x, y):
    x, y = y, x
    x, y = y * x, x - y
    return x * 3 + y


@case(1.3, 0.2, 0.9)
def rotates(a, b, c):
    for _ in range(4):
        a, b, c = b, c, a * 1.1
    return a + 2 * b + 3 * c


@case(1.3)
def same_name_in_helper(x):
    def shift(x):
        x = x + 1
        return x * x

    x = shift(x)
    return shift(x) + x


@case(1.3)
def unused_work(x):
    y = math.exp(x)
    z = y * y  # not part of the result
    return x * 3


@case(1.3)
def constant_assignment(x):
    c = 4
    d = c + 1
    return x * d


@case((1.3, 0.2))
def tuple_argument(p):
    a, b = p
    return a * b + a


@case(1.3)
def annotated(x: float) -> float:
    y: float = x * 2
    return y * y


# -- branches ---------------------------------------------------------------------------------------
@case(1.3)
def branch_taken(x):
    if x > 1:
        y = x * x
    else:
        y = -x
    return y


@case(0.3)
def branch_not_taken(x):
    if x > 1:
        y = x * x
    else:
        y = -x
    return y


@case(0.3)
def branch_without_else(x):
    y = x
    if x < 1:
        y = y * 3
    return y


@case(0.3)
def branch_overwrites(x):
    if x < 1:
        x = x * x
        x = x + 1
    return x * x


@case(-2.5)
def three_ways(x):
    if x > 1:
        return x
    elif x > -1:
        return x * x
    else:
        return x**3


@case(0.7, 2.0)
def nested_branches(x, y):
    if x > 0:
        if y > 1:
            z = x * y
        else:
            z = x + y
    else:
        z = x - y
    return z * z


@case(0.7)
def conditional_expression(x):
    return x * x if x < 1 else math.log(x)


@case(0.7, 0.4)
def boolean_condition(x, y):
    if (x > 0 and y > 1) or not x > 1:
        return x * y
    return x + y


@case(0.7)
def chained_comparison(x):
    if 0 < x < 1:
        return x * 5
    return x


@case(0.7)
def branch_on_constant(x):
    verbose = False
    if verbose:
        return x
    return x * x


@case(0.7)
def pass_in_branch(x):
    if x > 10:
        pass
    else:
        x = x * 2
    return x


@case(0.7)
def returns_early(x):
    if x > 0.5:
        return math.sin(x)
    y = x * x
    return y


# -- loops ------------------------------------------------------------------------------------------
@case(1.1)
def power_by_loop(x):
    y = 1.0
    for _ in range(4):
        y = y * x
    return y


@case(1.1, 3)
def trip_count_argument(x, n):
    y = x
    for i in range(n):
        y = y * x + i
    return y


@case(1.1, 0)
def loop_without_trips(x, n):
    y = x * x
    for i in range(n):
        y = y * x
    return y


@case(1.1)
def loop_rebinds_argument(x):
    for i in range(3):
        x = x * x - 0.1 * i
    return x


@case(1.1)
def nested_loops(x):
    s = 0.0
    for i in range(3):
        for j in range(i, 4):
            s += x ** (i + 1) * (j + 1)
    return s


@case(1.1)
def descending_range(x):
    s = x
    for i in range(6, 0, -2):
        s = s / i + x
    return s


@case(1.1)
def loop_with_branch(x):
    s = 0.0
    for i in range(5):
        if i % 2:
            s += x**i
        else:
            s -= x * i
    return s


@case(0.9)
def loop_with_data_branch(x):
    s = x
    for i in range(6):
        if s > 2.0:
            s = s * 0.4
        else:
            s = s * s + 1
    return s


@case(0.9)
def while_by_data(x):
    while x < 50.0:
        x = x * x + 1
    return x


@case(0.9)
def while_by_counter(x):
    i = 0
    y = x
    while i < 3:
        y = math.sin(y) * x
        i += 1
    return y


@case(0.9)
def while_not_entered(x):
    y = x
    while y > 5:
        y = y / 2
    return y * y


@case(0.9)
def break_out(x):
    y = x
    for i in range(20):
        y = y * 1.5
        if y > 10:
            break
    return y * x


@case(0.9)
def continue_over(x):
    s = 0.0
    for i in range(6):
        if i == 2 or i == 4:
            continue
        s = s * x + i
    return s


@case(0.9)
def for_else(x):
    for i in range(3):
        x = x * 1.2
        if x > 100:
            break
    else:
        x = x * 7
    return x


@case(2.5)
def newton_root(a):
    x = a
    for _ in range(6):
        x = 0.5 * (x + a / x)
    return x


@case(1.1)
def variable_born_in_loop(x):
    for i in range(3):
        t = x * (i + 1)
    return t * t


@case(1.1)
def index_used_after_loop(x):
    for i in range(4):
        x = x + 0.1
    return x * i


# -- calls ------------------------------------------------------------------------------------------
def square(x):
    return x * x


def scale_and_shift(x, scale=2.0, *, shift=0.0):
    return scale * x + shift


def two_results(x):
    return x * x, x + 1.0


def calls_another(x):
    return square(square(x)) + x


@case(1.1)
def one_call(x):
    return square(x)


@case(1.1)
def nested_calls(x):
    return square(square(x) + 1)


@case(1.1)
def call_chain(x):
    return calls_another(x) * x


@case(1.1)
def defaults_and_keywords(x):
    return scale_and_shift(x) + scale_and_shift(x, 3.0, shift=x) + scale_and_shift(shift=1.0, x=x, scale=x)


@case(1.1)
def unpacks_results(x):
    a, b = two_results(x)
    return a * b


@case(1.1)
def calls_in_loop(x):
    for _ in range(3):
        x = square(x) - 0.3
    return x


@case(1.1)
def lambda_local(x):
    f = lambda t: t * t * x
    return f(x) + f(2.0)


@case(1.1)
def function_argument(x):
    def twice(f, v):
        return f(f(v))

    return twice(square, x) + twice(math.sin, x)


@case(1.1)
def closure(x):
    def scaled(y):
        return x * y

    return scaled(3.0) * scaled(x)


@case(1.1, 4)
def recursion(x, n):
    if n == 0:
        return 1.0
    return x * recursion(x, n - 1)


@case(1.1)
def star_arguments(x):
    def total(*values, **more):
        s = 0.0
        for v in values:
            s += v * v
        for k in more:
            s += more[k]
        return s

    return total(x, 2.0, x * x, extra=x)


@case(0.4)
def docstring_and_assert(x):
    """A docstring is no statement of the program."""
    assert x < 10, "too large"
    return x * x


@case(1.4)
def prints(x):
    y = x * x
    print("y is", y)
    return y


# -- those that Tangent does not do --------------------------------------------------------------------
@case(1.4, 0.3)
def several_results(x, y):
    return x * y, x + y, (x - y) ** 2


@case(1.4)
def list_comprehension(x):
    return sum([x**k for k in range(1, 4)])


@case(1.4, 0.3)
def to_polar(x, y):
    return np.sqrt(x * x + y * y), np.arctan2(y, x)


@case(1.4, 3)
def iterated_power(x, n):
    def step(y):
        return y * x

    y = x
    for _ in range(n):
        y = step(y)
    return y
