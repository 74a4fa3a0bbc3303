# ruff: noqa
"""`try` ... `except` around what is known to raise, or becomes a branch."""

import math

import numpy as np

CASES = []
CFG = {"lr": 0.1}
X = np.array([0.3, 1.2, -0.5, 0.8])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(X)
def key_that_is_there(x):
    try:
        lr = CFG["lr"]
    except KeyError:
        lr = 0.5
    return lr * np.sum(x)


@case(X)
def key_that_is_missing(x):
    try:
        m = CFG["mom"]
    except KeyError:
        m = 0.9
    return m * np.sum(x)


def safe(a, b):
    try:
        return a / b
    except ZeroDivisionError:
        return 0.0


@case(X)
def divisions(x):
    return safe(x[0], x[1]) + safe(1.0, 0.0) + safe(float(x[0]), float(x[2]))


@case(X)
def import_of_what_is_not_there(x):
    try:
        import torch_not_there
    except ImportError:
        k = 2.0
    else:
        k = 3.0
    return k * np.sum(x)


@case(X)
def domain_of_a_logarithm(x):
    try:
        y = math.log(x[2])
    except ValueError:
        y = -10.0
    return y + x[0]


@case(1.5, 0.7)
@case(-0.4, 1.3)
def else_and_finally(a, b):
    try:
        r = a / b
    except ZeroDivisionError:
        r = a * 10
    else:
        r = r + 1
    finally:
        c = 2.0
    return r * c


@case(X)
def continue_in_a_handler(x):
    t = 0.0
    for i in range(4):
        try:
            v = 1.0 / float(x[i])
        except ZeroDivisionError:
            continue
        t += v
    return t


@case(X)
def item_that_is_set_either_way(x):
    out = {}
    for i in range(4):
        try:
            out[i] = 2.0 / float(x[i])
        except ZeroDivisionError as e:
            out[i] = 7.0
    return sum(out.values())


def check(v):
    if v < 0:
        raise ValueError("neg")
    return v * 2


@case(X)
def raise_in_a_function(x):
    try:
        y = check(x[2])
    except ValueError:
        y = x[0] * 3
    return y


@case(X)
def index_of_a_list(x):
    try:
        v = [x[0], x[1]][5]
    except IndexError:
        v = x[3]
    return v


@case(X)
def return_in_a_handler(x):
    try:
        v = check(x[0])
        w = check(x[1])
    except (ValueError, TypeError):
        return -1.0 * x[0]
    return v * w


@case(X)
def attribute_that_is_missing(x):
    try:
        n = x.foo
    except AttributeError:
        n = x.shape[0]
    return n * x[0]


@case(X)
def raise_in_a_handler(x):
    try:
        y = check(x[2])
    except ValueError as e:
        raise RuntimeError("bad input") from e
    return y


@case(X)
def keys_that_are_missing_at_first(x):
    d = {"a": 1.0}
    for k in ["a", "b", "a", "c"]:
        try:
            d[k] += x[0]
        except KeyError:
            d[k] = x[1]
    return d["a"] * d["b"] + d["c"]


@case(1.5, 0.7)
@case(-0.4, 1.3)
def two_errors(a, b):
    try:
        r = math.exp(a) / math.sqrt(b)
    except (ZeroDivisionError, ValueError):
        r = 0.0 * a
    return r


@case(1.5, 0.7)
@case(-0.4, 1.3)
def names_bound_before(a, b):
    r = 1.0
    try:
        r = 2.0
        r = a / b
    except ZeroDivisionError:
        pass
    return r * a


@case(1.5, 0.7)
@case(-0.4, 1.3)
def any_exception(a, b):
    try:
        r = a / b
    except Exception:
        r = a
    return r


@case(X)
def assertion(x):
    try:
        assert x[0] > 1.0
        y = 1.0
    except AssertionError:
        y = 2.0
    return y * x[0]
