# ruff: noqa: UP031, UP032
"""What print shows, and the messages of exceptions, are those of plain Python; `with np.errstate`, run-time extents of 1."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import pullback as pb
from pullback import api

V = np.array([0.7, -1.2, 0.4, 1.9])


class Refused(ValueError):
    """An exception class of the user's."""


def commas(x):
    print("a", x[0], 3, None, sep=",", end="!\n")
    print()
    print("{braces}", end="")
    print("%", sep=None, end=None)
    return np.sum(x)


def f_strings(x):
    n = len(x)
    for i in range(n):
        print(f"{i:3d} {x[i]:8.3f} {x[i]!s:>8} {n=} {'text':>6}")
    print(f"{x}", f"{np.sum(x):.2e}")
    return np.sum(x)


def in_a_loop_that_is_run_to_be_counted(x):
    out, y = [], x[0]
    while y < 5.0:
        out.append(y)
        print(f"{len(out)} {y:.3f}")
        y = y * 1.5
    return sum(out)


def formats(x):
    for i in range(len(x)):
        print("step %d of %i: %.3f %s %5.1f%% %-6d|" % (i, len(x), x[i], "ok", 100.0 * x[i], i))
        print("{} {:.2e} {1}".replace("{1}", "{{}}").format(i, x[i]), end=" ")
        print("{0:.1f} {k:+d}".format(x[i], k=i) + " " + str(x[i]) + ", ".join(["a", f"{x[i]:.1f}"]))
    return np.sum(x)


def one_text_or_another(x):
    state, f = "up", np.sin
    for i in range(len(x)):
        if x[i] > 1.0:
            state, f = ("down", np.cos) if i > 1 else ("{}", np.tan)
        print(
            state, i, f"{state!r:>8}|{x[i]:.1f}|{state:<6}|", "is " + state + "!", "%s-%5s" % (state, state), f.__name__
        )
    return np.sum(f(x))


class Pair(NamedTuple):
    first: float
    second: int


@dataclass
class Reading:
    value: float
    where: list


class Named:
    def __init__(self, v):
        self.v = v

    def __repr__(self):
        return f"Named({self.v!r})"


def containers(x):
    print([x[0], 1, 2.5, "a", None], (x[1],), (), [], {}, {"a": x[0], 2: [x[1]]}, {1, 2}, range(3), range(1, len(x), 2))
    print(Pair(x[0], 2), Reading(x[0], [1, x[1]]), [Named(x[1])], Named(len(x)), f"{(x[0], x)}", f"{Named(x)!s}")
    print(repr(x[0]), f"{x[0] > 0!r} {float(x[1])!r} {x[1:]!r}", str([len(x)]), "%s %r" % (x[0], x[1]))
    return np.sum(x)


def message(x):
    if x[0] > 0:
        raise Refused(f"x[0] is {x[0]:.2f}, not negative: " + str(len(x)))
    return x[0]


def message_with_one_text_or_another(x):
    kind = "big" if x[0] > 0.5 else "small"
    if x[0] > 0:
        raise Refused(f"{kind} x[0] is {x[0]:.2f}, {kind!r}")
    return x[0]


def message_after_the_last_case(x):
    for k in range(4):
        match "b" if x[k] > 1.0 else "a":
            case "a":
                x[k] *= 2
            case other:
                raise ValueError("unknown " + other)
    return x[0]


def asserted_with_one_text_or_another(x):
    kind = "big" if x[0] > 0.5 else "small"
    assert x[0] < 0, kind
    return x[0]


def message_with_arrays(x):
    for i in range(len(x)):
        if x[i] > 1.0:
            raise Refused(f"{{{x[i]}}} at {i} of {x}, {np.outer(x, x) > 1}, {x[::2] * 2:}")
    return x[0]


def message_of_many_values(x):
    if x[0] > 0:
        raise Refused(f"{x[0]} {x[1]} {x[2]:.2f} {len(x)} {x[0] > 0} {x[3] * 2}")
    return x[0]


def message_that_is_a_container(x):
    if x[0] > 0:
        raise Refused([x[0], {"all": x, "{}": None}])
    return x[0]


def message_with_braces(x):
    if x[0] > 0:
        raise Refused("not a {field} {")
    return x[0]


def message_of_a_helper(x):
    def checked(v):
        assert np.all(v < 3.0), f"{v} is too large"
        return v

    s = 0.0
    for k in range(3):
        s += np.sum(checked(x * k))
    return s


def asserted(x):
    assert x[0] < 0, "bad value %.1f" % x[0]
    return x[0]


def quiet(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        if x[0] > 5.0:
            return x[0]
        y = np.where(x > 0, np.log(np.abs(x)), 0.0)
        for i in range(len(x)):
            if x[i] > 1.0:
                break
            y[i] *= 2.0
    return np.sum(y)


def one_at_run_time(x):
    big = x[x > 1.5]
    y = x * big
    k = 0
    while x[k] < 1.5:
        k += 1
    y += x[k:] * 2.0
    y[:] = y + x[np.nonzero(x > 1.5)[0]]
    return np.sum(y * y)


SHOWN = [commas, f_strings, in_a_loop_that_is_run_to_be_counted, formats, one_text_or_another, containers]


@pytest.mark.parametrize("f", SHOWN)
@pytest.mark.parametrize("backend", ["native", "interp"])
def test_print_shows_what_python_shows(f, backend, capsys, monkeypatch):
    monkeypatch.setenv("PULLBACK_BACKEND", backend)
    api._shared_dispatcher.cache_clear()
    f(V)
    expected = capsys.readouterr().out
    pb.jit(f)(V)
    assert capsys.readouterr().out == expected
    pb.grad(f)(V)
    assert capsys.readouterr().out == expected
    exec(pb.jit(f).source(V), space := {})
    space[f.__name__](V)
    assert capsys.readouterr().out == expected


MESSAGES = [message, asserted, asserted_with_one_text_or_another]
MESSAGES += [message_with_one_text_or_another, message_after_the_last_case, message_with_arrays]
MESSAGES += [message_of_many_values, message_that_is_a_container, message_with_braces, message_of_a_helper]


@pytest.mark.parametrize("f", MESSAGES)
def test_messages_of_exceptions(f):
    with pytest.raises(Exception) as plain:
        f(V.copy())
    with pytest.raises(type(plain.value)) as compiled:
        pb.grad(f)(V)
    expected = str(plain.value).split("\nassert ")[0]  # pytest adds to those of assert
    assert str(compiled.value) == expected
    with pytest.raises(type(plain.value)) as printed:
        exec(pb.grad(f).source(V), space := {})
        space[f.__name__ + "_grad"](V)
    assert str(printed.value) == expected


@pytest.mark.parametrize("f", [quiet, one_at_run_time])
def test_gradients(f):
    pb.check_grads(f, (V,), order=2)
    np.testing.assert_allclose(pb.jit(f)(V.copy()), f(V.copy()))


def test_an_extent_that_is_neither_one_nor_equal_is_an_error():
    def f(x):
        return np.sum(x * x[x > 0.0])

    with pytest.raises(ValueError, match="broadcast"):
        pb.grad(f)(V)


def test_numbers_of_single_precision_are_shown_as_such():
    def f(x):
        if x[0] > 0:
            raise ValueError("%s %s %r" % (x[0], x[:2], x[1]) + f" {x[0]:.8f} {[x[2]]}")
        return x[0]

    single = V.astype(np.float32)
    with pytest.raises(ValueError) as plain:
        f(single)
    with pytest.raises(ValueError) as compiled:
        pb.grad(f)(single)
    assert str(compiled.value) == str(plain.value)


def test_messages_in_threads_are_their_own():
    def f(x):
        if x[0] > 0:
            raise ValueError(f"{x}")
        return x[0]

    g = pb.grad(f)

    def call(k):
        for _ in range(50):
            with pytest.raises(ValueError, match=rf"^\[{k}\. {k}\.\]"):
                g(np.full(2, float(k)))
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, range(1, 5)))


def test_texts_are_not_data():
    def f(x):
        return np.sum(x) + len(f"{x[0]}")

    with pytest.raises(pb.PullbackError, match="text with run-time values"):
        pb.grad(f)(V)
