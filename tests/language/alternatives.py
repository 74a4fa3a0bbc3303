# ruff: noqa
"""Texts, functions and other constants of which only the run tells which one it is."""

import enum
import math

import numpy as np

CASES = []
V = np.array([0.3, -0.7, 1.1, 0.5, 0.9])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


class Mode(enum.Enum):
    OFF = 0
    HEAT = 1


@case(V)
def state_machine(x):
    state = "idle"
    e = 0.0
    for i in range(len(x) * 12):
        v = x[i % 5] * math.cos(i)
        if state == "idle":
            if v > 0:
                state = "up"
        elif state == "up":
            e += v * v
            if v > 0.3:
                state = "peak"
        elif state in ("peak", "down"):
            e -= v
            state = "down" if state == "peak" else "idle"
    return e if state != "up" else 2 * e


@case(V)
def thermostat(x):
    mode, t, cost = Mode.OFF, 20.0, 0.0
    for k in range(40):
        match mode:
            case Mode.OFF:
                t -= 0.1 * abs(x[0])
                if t < 19.63:
                    mode = Mode.HEAT
            case Mode.HEAT:
                t += x[2] * 0.2
                cost += x[2]
                if t > 20.37:
                    mode = Mode.OFF
        cost += 0.01 * mode.value * t
    return cost * t


@case(V)
def functions_by_path(x):
    f = np.sin if x[0] > 0 else np.cos
    g = (lambda t: t * t) if x[1] > 0 else (lambda t: t * 3 + x[2])
    total = np.sum if x[3] > 5 else np.mean
    return f(x[1]) * g(x[3]) + total(x)


@case(V)
def functions_of_a_list_by_index(x):
    fs = [np.sin, math.cos, lambda t: t**2]
    hs = [lambda t, k=k: t * k for k in range(3)]
    s = 0.0
    for i in range(len(x) * 4):
        s += fs[i % 3](x[i % 5]) * hs[i % 3](x[i % 5])
    return s


@case(V)
def function_with_other_defaults(x):
    hs = [lambda t, k=k: t * k for k in (2.0, 3.0)]
    h = hs[0] if x[0] > 5 else hs[1]
    return h(x[1])


@case(V)
def functions_that_change_places(x):
    f, g = np.sin, np.cos
    pair = [np.sin, np.tanh]
    t = x[0]
    for i in range(len(x) * 5):
        t = f(t) + 0.3 * g(t) + 0.1 * pair[0](t)
        f, g = g, f
        pair[0], pair[1] = pair[1], pair[0]
    return t


@case(V)
def dicts_by_texts(x):
    rates = {"low": 0.1, "mid": x[0], "high": x[1] * 2}
    n = {"low": 0.0, "mid": 0.0, "high": 0.0}
    s = 0.0
    for i in range(len(x) * 4):
        v = x[i % 5]
        kind = "low" if v < 0 else "mid" if v < 0.8 else "high"
        s += rates[kind] * v
        n[kind] += v * v
        s += n.get(kind, 0.0) * 0.1 if kind in n and kind not in {"low"} else 0.0
    return s + n["low"] * n["mid"] + n["high"]


def activation(name, t):
    if name == "relu":
        return t if t > 0 else 0.0 * t
    if name == "tanh":
        return math.tanh(t)
    raise ValueError("no such activation")


@case(V)
def text_given_to_a_helper(x):
    name = "relu"
    s = 0.0
    for i in range(len(x) * 4):
        s += activation(name, x[i % 5] - 0.1)
        if s > 2:
            name = "tanh"
    return s


@case(V)
def none_or_one_of_two(x):
    state = None
    s = 0.0
    for i in range(len(x) * 4):
        v = x[i % 5]
        if state is None:
            state = "a" if v > 0.4 else None
        elif state == "a":
            s += v
            state = "b"
        else:
            state = None
    return s


@case(V)
def tested_by_while(x):
    state, i, s = "start", 0, 1.0
    while state != "done":
        s = s * 0.9 + x[i % 5] * 0.1
        i += 1
        if i > 7 and s < 2:
            state = "done"
        elif s > 0.5:
            state = "mid"
    return s * i


@case(V)
def returned_beside_a_number(x):
    def sized(v):
        return ("big", v * 2) if v > 0.4 else ("small", v * 3)

    s = 0.0
    for v in x:
        kind, w = sized(v)
        s += w if kind == "big" else w * w
    return s


def first(t, k):
    return t * k


def second(t, k):
    return t - k


@case(V)
def the_better_function(x):
    best, low = None, 1e9
    for f in (first, second):
        r = f(x[0], x[1]) ** 2
        if r < low:
            best, low = f, r
    return best(x[2], x[3])


class Machine:
    def __init__(self):
        self.state = "off"
        self.e = 0.0

    def step(self, v):
        if self.state == "off" and v > 0:
            self.state = "on"
        elif self.state == "on":
            self.e += v
            if v < 0:
                self.state = "off"


@case(V)
def state_of_an_object(x):
    m = Machine()
    for i in range(len(x) * 4):
        m.step(x[i % 5] * math.sin(i))
    return m.e * (2 if m.state == "on" else 3)


@case(V)
def in_loops_in_loops(x):
    state, s = "a", 0.0
    for i in range(len(x) * 3):
        for j in range(len(x)):
            v = x[j] * math.cos(i * j)
            if state == "a" and v > 0.5:
                state = "b"
            elif state == "b":
                s += v
                if v < 0:
                    state = "c"
                    break
        else:
            state = "d"
        if state == "d":
            s *= 0.9
            state = "a"
        elif state == "c":
            state = "a"
    return s + (1 if state == "a" else 2)


@case(V)
def compared_with_each_other(x):
    a = "s" if x[0] > 0 else "c"
    b = "s" if x[1] > 0 else "c"
    name = "" if x[0] > 0 else "cos"
    f = getattr(np, "sin" if x[1] > 0 else "cos")
    return x[1] * (2 if a == b else 3) + x[2] * (2 if a != "zzz" else 1) + x[3] * (2 if name else 5) + f(x[4])


@case(V)
def a_key_that_no_path_has(x):
    return {"a": x[0]}["a" if x[0] > 5 else "zz"]
