"""Attributes that Python looks up in other ways: slots, descriptors, methods that are no plain functions; keys that it
does not take."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import pullback as pb

X = np.array([0.3, 0.7])


class Five:
    v = 2.0

    def __get__(self, obj, owner=None):
        return 5.0


class Holder:
    five = Five()

    def __init__(self, k):
        self.k = k

    @functools.lru_cache  # noqa: B019
    def cached(self, n):
        return self.k * n

    @pb.jit
    def compiled(self, x):
        return self.k * x

    def product(self, a, b, c=1.0):
        return a * b * c * self.k

    doubled = functools.partialmethod(product, 2.0, c=3.0)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Open(Slotted):
    pass


@pytest.mark.parametrize(
    "f",
    [
        lambda x: Holder(x[0]).cached(2),
        lambda x: Holder(x[0]).compiled(x[1]),
        lambda x: Holder(x[0]).doubled(x[1]),
    ],
)
def test_methods(f):
    np.testing.assert_allclose(pb.jit(f)(X), f(X))
    pb.check_grads(f, (X,), order=1)


def slot_that_is_set(x):
    s, o = Slotted(x[0]), Open(x[1])
    s.b = x[1]
    o.c = 2.0
    return s.a * s.b * o.c * o.a


def test_slots():
    np.testing.assert_allclose(pb.grad(slot_that_is_set)(X), [2 * 0.49, 4 * 0.21])


def no_slot(x):
    s = Slotted(x[0])
    s.c = 2.0
    return s.a


def test_what_is_refused_or_raises():
    for f, error, message in (
        (no_slot, AttributeError, "no attribute 'c'"),
        (lambda x: Slotted(x[0]).b, AttributeError, "no attribute 'b'"),
        (lambda x: Holder(x[0]).five * x[0], NotImplementedError, "descriptor"),
        (lambda x: {x: 1.0}[0], TypeError, r"unhashable type: 'numpy.ndarray'"),
        (lambda x: len({x}) * x[0], TypeError, r"unhashable type: 'numpy.ndarray'"),
        (lambda x: {(1, [2]): x[0]}[0], TypeError, r"unhashable type: 'list'"),
        (lambda x: x[0] if [1] in {1: 2} else x[1], TypeError, r"unhashable type: 'list'"),
    ):
        with pytest.raises(error, match=message) as caught:
            pb.grad(f)(X)
        assert isinstance(caught.value, pb.PullbackError) and "\nhint: " in str(caught.value)


def returns_in_finally(x):
    try:
        raise ValueError("a")
    finally:
        return x[0]  # noqa: B012


def test_return_in_finally():
    with pytest.raises(NotImplementedError, match="jump out of finally"):
        pb.grad(returns_in_finally)(X)
