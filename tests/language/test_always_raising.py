"""What raises on every path raises what it does in plain Python: also where it is differentiated, inside of another
derivative and in the test of a loop."""

from __future__ import annotations

import numpy as np
import pytest

import pullback as pb

V = np.array([0.7, -1.2, 0.4])


def of_four(x):
    assert x.shape == (4,), f"bad shape {x.shape}"
    return np.sum(x * x)


def raising(v):
    raise ValueError(f"no value for {v}")


CALLS = {
    "jit": lambda: pb.jit(of_four)(V),
    "grad": lambda: pb.grad(of_four)(V),
    "value_and_grad": lambda: pb.value_and_grad(of_four)(V),
    "has_aux": lambda: pb.grad(of_four, has_aux=True)(V),
    "vjp": lambda: pb.vjp(of_four, V),
    "jvp": lambda: pb.jvp(of_four, (V,), (V,)),
    "hvp": lambda: pb.hvp(of_four, (V,), (V,)),
    "jacrev": lambda: pb.jacrev(of_four)(V),
    "jacfwd": lambda: pb.jacfwd(of_four)(V),
    "hessian": lambda: pb.hessian(of_four)(V),
    "twice": lambda: pb.grad(pb.grad(of_four))(V),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_derivatives(call):
    with pytest.raises(AssertionError, match=r"^bad shape \(3,\)"):
        call()


def inner_gradient(x):
    return np.sum(pb.grad(of_four)(x) ** 2)


def inner_gradient_in_a_branch(x):
    if x[0] > 0.0:
        return np.sum(pb.grad(of_four)(x) ** 2)
    return x[1] ** 2


def inner_vjp(x):
    return np.sum(pb.vjp(of_four, x)[1](1.0)[0])


def inner_jvp(x):
    return pb.jvp(of_four, (x,), (x,))[1]


@pytest.mark.parametrize("f", [inner_gradient, inner_gradient_in_a_branch, inner_vjp, inner_jvp])
@pytest.mark.parametrize("transform", [pb.jit, pb.grad])
def test_derivatives_inside_of_a_program(f, transform):
    with pytest.raises(AssertionError, match=r"^bad shape \(3,\)"):
        transform(f)(V)


def test_branch_that_is_not_taken():
    np.testing.assert_allclose(pb.grad(inner_gradient_in_a_branch)(-V), [0.0, 2.4, 0.0])


def test_of_a_loop():
    def f(x):
        while raising(x[0]):
            pass
        return x[0]

    for transform in (pb.jit, pb.grad):
        with pytest.raises(ValueError, match=r"^no value for 0\.7"):
            transform(f)(V)
