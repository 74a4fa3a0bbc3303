"""Programs over arrays and containers, as Tangent's tests have them: indexing, writes, NumPy, higher order.

`CASES` is a table of (program, arguments); each program is written for this suite.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import pullback as pb

from .support import Cases

CASES = Cases()
case = CASES
r = np.random.default_rng(3)
V = r.normal(size=5)
W = r.uniform(0.5, 2.0, size=5)
M = r.normal(size=(3, 4))
S = r.normal(size=(3, 3)) + 3 * np.eye(3)


# -- indexing ---------------------------------------------------------------------------------------
@case(V)
def one_element(x):
    return x[2] * x[0]


@case(V)
def negative_index(x):
    return x[-1] * x[-2] ** 2


@case(M)
def two_indices(a):
    return a[1, 2] * a[-1, 0]


@case(M)
def index_twice(a):
    return a[1][2] * a[0][3]


@case(V)
def slice_sum(x):
    return np.sum(x[1:4] ** 2)


@case(V)
def slice_with_step(x):
    return np.sum(x[::2] * 3) + np.sum(x[::-1] * x)


@case(M)
def row_and_column(a):
    return np.sum(a[1] * a[2]) + np.sum(a[:, 1] * a[:, 3])


@case(M)
def block(a):
    return np.sum(a[:2, 1:3] ** 2)


@case(M)
def ellipsis_index(a):
    return np.sum(a[..., 1] ** 3)


@case(V)
def new_axis(x):
    return np.sum(x[:, None] * x[None, :])


@case(V)
def list_of_indices(x):
    return np.sum(x[[0, 2, 2]] ** 2)


@case(V)
def loop_over_elements(x):
    s = 0.0
    for v in x:
        s = s * 0.5 + v * v
    return s


@case(M)
def loop_over_rows(a):
    s = 0.0
    for row in a:
        s += np.sum(row) ** 2
    return s


@case(V)
def loop_over_indices(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += x[i] * x[i + 1]
    return s


@case(V, 3)
def index_argument(x, i):
    return x[i] * x[i - 1]


# -- overwriting ------------------------------------------------------------------------------------
@case(V)
def writes_element(x):
    y = np.zeros(5)
    y[1] = x[1] * x[2]
    y[3] = y[1] * x[0]
    return np.sum(y)


@case(V)
def overwrites_argument(x):
    x[0] = x[1] * x[2]
    x[1] = x[0] * x[0]
    return np.sum(x * x)


@case(V)
def overwrites_with_constant(x):
    x[2] = 3.0
    return np.sum(x**2)


@case(V)
def adds_to_elements(x):
    y = x * 1.0
    for i in range(1, 5):
        y[i] += y[i - 1] * x[i]
    return y[-1]


@case(V)
def writes_slice(x):
    y = np.ones(5)
    y[1:3] = x[:2] * x[3:5]
    y[:2] *= x[2]
    return np.sum(y**2)


@case(V)
def alias_sees_write(x):
    y = x
    y[0] = x[1] ** 2
    return x[0] * x[2]


@case(V)
def copy_does_not(x):
    y = x.copy()
    y[0] = x[1] ** 2
    return x[0] * y[0]


@case(V)
def augmented_array(x):
    y = x * x
    y += x
    y *= y
    return np.sum(y)


@case(M)
def writes_rows(a):
    b = np.empty((3, 4))
    for i in range(3):
        b[i] = a[i] * (i + 1)
        b[i, 0] = b[i, 1]
    return np.sum(b * a)


@case(V)
def helper_writes(x):
    def fill(out, values):
        for i in range(len(out)):
            out[i] = values[i] ** 2

    y = np.zeros(5)
    fill(y, x)
    return np.sum(y * x)


@case(V)
def swaps_elements(x):
    x[0], x[4] = x[4], x[0]
    return x[0] * 2 + x[4] * x[1]


@case(V)
def running_product(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return x[-1]


# -- containers -------------------------------------------------------------------------------------
class Pair(NamedTuple):
    a: float
    b: float


@dataclass
class Model:
    w: np.ndarray
    b: float


@case(1.3, 0.4)
def builds_tuple(x, y):
    t = (x * y, x + y)
    return t[0] * t[1]


@case(1.3, 0.4)
def builds_list(x, y):
    items = [x, y, x * y]
    items[0] = items[2] ** 2
    return items[0] + items[1]


@case(1.3)
def appends(x):
    items = []
    for k in range(4):
        items.append(x**k)
    return sum(items)


@case(1.3, 0.4)
def builds_dict(x, y):
    d = {"x": x, "y": y}
    d["z"] = d["x"] * d["y"]
    return d["z"] + d["x"]


@case(Pair(1.3, 0.4))
def named_tuple(p):
    return p.a * p.b + p.a


@case(Model(V, 0.4))
def data_class(m):
    return np.sum(m.w**2) * m.b


@case({"w": V, "b": 0.3})
def dict_argument(p):
    return np.sum(np.tanh(p["w"] * p["b"]))


@case([V, 0.3 * V])
def list_argument(p):
    return np.sum(p[0] * p[1])


@case((1.3, (0.4, V)))
def nested_containers(p):
    a, (b, x) = p
    return a * b * np.sum(x)


@case(1.3)
def returns_dict(x):
    return {"square": x * x, "items": [x, 2 * x]}


@case(V)
def stacks_list(x):
    rows = [x * k for k in range(3)]
    return np.sum(np.stack(rows) ** 2)


@case(V, W)
def zipped(x, y):
    s = 0.0
    for k, (a, b) in enumerate(zip(x, y)):
        s += k * a * b
    return s


# -- NumPy ------------------------------------------------------------------------------------------
@case(V)
def elementary_functions(x):
    return np.sum(np.exp(x) + np.sin(x) * np.cos(x) - np.tanh(x) + np.arctan(x) + np.sinh(x) / np.cosh(x))


@case(W)
def positive_functions(x):
    return np.sum(np.log(x) * np.sqrt(x) + np.log1p(x) - np.expm1(-x) + 1 / x + x**0.7)


@case(V)
def mean_of_squares(x):
    return np.mean(x * x)


@case(V)
def norm(x):
    return np.sqrt(np.sum(x**2))


@case(M)
def sums_over_axes(a):
    return np.sum(np.sum(a, axis=0) ** 2) + np.sum(np.mean(a, axis=1, keepdims=True) * a)


@case(V)
def greatest(x):
    return np.max(x) * x[0] + np.min(x) ** 2


@case(V, W)
def maximum_of_two(x, y):
    return np.sum(np.maximum(x, y) * np.minimum(x, y) * x)


@case(M)
def matrix_vector(a):
    return np.sum(np.dot(a, np.arange(4.0)) ** 2)


@case(M, S)
def matrix_product(a, b):
    return np.sum(np.tanh(b @ a))


@case(V, W)
def inner_and_outer(x, y):
    return np.dot(x, y) * np.sum(np.outer(x, y))


@case(M)
def transposed(a):
    return np.sum(np.dot(a.T, a) ** 2)


@case(M)
def reshaped(a):
    return np.sum(np.reshape(a, (4, 3)) @ a) + np.ravel(a)[5] ** 2


@case(V)
def log_sum_exp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


@case(V)
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


@case(M, V[:4])
def broadcast(a, x):
    return np.sum((a + x) * a)


@case(V)
def where(x):
    return np.sum(np.where(x > 0, x * x, -3 * x))


@case(V)
def masked(x):
    return np.sum(x[x > 0] ** 2)


@case(V, W)
def concatenated(x, y):
    return np.sum(np.concatenate([x, y * 2]) ** 2)


@case(M, V[:3], r.normal(size=(3, 2)))
def two_layers(a, b, c):
    h = np.tanh(a.T + b)
    return np.sum((h @ c) ** 2)


# -- those that Tangent does not do --------------------------------------------------------------------
@case(V, 1.2)
def active_subscript(x, t):
    i = int(t * 2)
    return x[i] * t


@case(1.4)
def maybe_active_array(x):
    y = np.zeros(3)
    if x > 0:
        y[1] = x
    y = np.array([y[1] * x, 2.0, x])
    return np.sum(y**2)


# -- higher order -----------------------------------------------------------------------------------
def _quintic(x):
    return x**5 - 2 * x**2


def _banana(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return s


def _banana_gradient(x):
    g = np.zeros_like(x)
    g[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def _banana_hessian_times_square(x):
    h = np.zeros((5, 5))
    for i in range(4):
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] = h[i + 1, i] = -400 * x[i]
    return h @ (x * x)


def _three_descent_steps(x):
    for _ in range(3):
        x = x - 0.001 * _banana_gradient(x)
    return _banana(x)


@case(1.3, closed=lambda x: 20 * x**3 - 4)
def second_derivative(x):
    return pb.grad(pb.grad(_quintic))(x)


@case(1.3, closed=lambda x: 5 * x**5 - 4 * x**2 + 2 * x * x)
def derivative_in_expression(x):
    return pb.grad(_quintic)(x) * x + pb.grad(lambda t: t * t * x)(x)


@case(V, closed=lambda x: np.sum(_banana_gradient(x) ** 2))
def gradient_norm(x):
    g = pb.grad(_banana)(x)
    return np.sum(g * g)


@case(V, closed=_banana_hessian_times_square)
def hessian_vector(x):
    return pb.jvp(pb.grad(_banana), (x,), (x * x,))[1]


@case(V, closed=_three_descent_steps)
def descent_steps(x):
    for _ in range(3):
        x = x - 0.001 * pb.grad(_banana)(x)
    return _banana(x)
