"""A result that depends on an argument only where there are more elements has the gradient zero where there are not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import pullback as pb


def differences(x):
    return np.sum(np.diff(x) ** 2)


def neighbours(x):
    s = 0.0
    for i in range(1, len(x)):
        s += x[i] * x[i - 1]
    return s


def early(x):
    if len(x) < 3:
        return 0.0
    return x[0] * x[2]


def zipped(x):
    return sum(a * b for a, b in zip(x[1:], x))


def paired(x):
    return sum(a * b for a, b in pairwise([v * v for v in x]))


def while_there_are_more(x):
    i, s = 2, 0.0
    while i < len(x):
        s += x[i] ** 2
        i += 1
    return s


def inside(x):
    m = np.outer(x, x)
    s = 0.0
    for i in range(1, m.shape[0] - 1):
        for j in range(1, m.shape[1] - 1):
            s += m[i + 1, j] * m[i - 1, j]
    return s


@pytest.mark.parametrize("f", [differences, neighbours, early, zipped, paired, while_there_are_more, inside])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_gradients(f: Any, n: int) -> None:
    x = np.linspace(0.3, 1.1, n)
    h = 1e-6
    want = np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(n)]).reshape(n)
    np.testing.assert_allclose(pb.grad(f)(x), want, atol=1e-8)
    value, gradient = pb.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x))
    np.testing.assert_allclose(gradient, want, atol=1e-8)


def test_one_after_the_other() -> None:
    g = pb.grad(neighbours)
    for n in (1, 3, 1, 0, 2):
        assert g(np.ones(n)).shape == (n,)


def test_other_derivatives() -> None:
    x = np.ones(1)
    np.testing.assert_array_equal(pb.hessian(neighbours)(x), [[0.0]])
    np.testing.assert_array_equal(pb.hvp(neighbours, (x,), (x,)), [0.0])
    np.testing.assert_array_equal(pb.grad(lambda x, w: x[0] + neighbours(w), 1)(x, x), [0.0])
    gradient, aux = pb.grad(lambda x: (neighbours(x), len(x)), has_aux=True)(x)
    np.testing.assert_array_equal(gradient, [0.0])
    assert aux == 1
    assert "def neighbours_grad" in pb.grad(neighbours).source(x)


def constant(x):
    return 0.0


def steps(x):
    return np.sum(np.floor(x)[1:])


@pytest.mark.parametrize("f", [constant, steps])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_what_never_depends_on_it_is_refused(f: Any, n: int) -> None:
    with pytest.raises(TypeError, match=r"no differentiable path|constant"):
        pb.grad(f)(np.ones(n))
