"""Misuse of the interface: PullbackError with the right builtin, naming the argument and a way out."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback import api


def f(x, y=1.0):
    return np.sum(x * y)


def vector(x):
    return x * 2.0


def nothing(x):
    return 3.0


def integer(x):
    return np.argmax(x)


def steps(x):
    return np.floor(x[0]) * 2.0


def unused(x, y):
    return np.sum(x)


def changed(a):
    a[0] = a[0] * 2.0
    return a[0]


def pair(x):
    return np.sum(x), x


class OfAttributes:
    """An object whose __getattr__ fails in its own way for what it does not have."""

    def __getattr__(self, name: str) -> Any:
        return {}[name]


class Box:
    def __init__(self, v: Any):
        self.v = v


def inside_itself(items):
    items.append(items)
    return items


X = np.array([1.0, 2.0])

CASES: list[Any] = [
    (lambda: pb.grad(f)(np.arange(3)), TypeError, r"respect to x: it is an int64 array.*astype"),
    (lambda: pb.grad(f)(3), TypeError, r"respect to x: it is a Python int.*1\.0 instead of 1"),
    (lambda: pb.grad(f)(np.int32(3)), TypeError, r"x: it is an int32 scalar"),
    (lambda: pb.grad(f)(np.array([True])), TypeError, r"x: it is a bool array"),
    (lambda: pb.grad(f)(True), TypeError, r"x: it is a bool"),
    (lambda: pb.grad(f)("text"), TypeError, r"x: it is a str"),
    (lambda: pb.grad(f)({"a": X, "n": 3}), TypeError, r"x\['n'\]: it is a Python int.*of its own"),
    (lambda: pb.grad(f)((1.0, "relu")), TypeError, r"x\[1\]: it is a str"),
    (lambda: pb.grad(f)(()), TypeError, r"no float in it"),
    (lambda: pb.grad(f)(None), TypeError, r"no float in it"),
    (lambda: pb.grad(f)(inside_itself([1.0])), ValueError, r"x\[1\] is a container that contains itself"),
    (lambda: pb.vjp(f, inside_itself([1.0])), ValueError, r"x\[1\] is a container that contains itself"),
    (lambda: pb.grad(f, 2)(X), IndexError, r"argnums 2 is out of range.*1 positional argument"),
    (lambda: pb.grad(f, 1)(X), IndexError, r"passed explicitly"),
    (lambda: pb.grad(f, (0, -2))(X, 1.0), ValueError, r"twice"),
    (lambda: pb.grad(f, (0, 0)), ValueError, r"twice"),
    (lambda: pb.grad(f, ()), ValueError, r"no argument"),
    (lambda: pb.grad(f, 1.5), TypeError, r"argnums has to be an int"),
    (lambda: pb.grad(f, argnames=0), TypeError, r"argnames has to be a str or a sequence of str, not 0"),
    (lambda: pb.grad(f, argnames=()), ValueError, r"with respect to no argument"),
    (lambda: pb.jacrev(f, None), TypeError, r"argnums has to be an int or a sequence of int, not None"),
    (lambda: pb.jacfwd(f, 1.0), TypeError, r"argnums has to be an int or a sequence of int, not 1.0"),
    (lambda: pb.jacrev(f, True), TypeError, r"argnums has to be an int or a sequence of int, not True"),
    (lambda: pb.jacrev(f, (0, 0)), ValueError, r"jacrev: an argument is named twice"),
    (lambda: pb.checkpoint(3), TypeError, r"checkpoint expects a function, not an int"),
    (lambda: pb.custom_vjp(f).defvjp(f, 2), TypeError, r"defvjp expects a function, not an int"),
    (lambda: pb.custom_jvp(f).defjvp("f"), TypeError, r"defjvp expects a function, not a str"),
    (lambda: pb.check_grads(f, (1,)), TypeError, r"args\[0\] is an int, and all arguments have to be floats"),
    (lambda: pb.grad(lambda q, x: x * len(q), 1)(deque([1.0]), 2.0), TypeError, r"q is a deque.*list\(q\)"),
    (lambda: pb.grad(lambda q, x: x * sum(q), 1)(iter([1.0]), 2.0), TypeError, r"q is a list_iterator.*list\(q\)"),
    (
        lambda: pb.grad(lambda a, b: changed(a) * b[0])([1.0], [2.0]),
        NotImplementedError,
        r"where there is another list",
    ),
    (lambda: pb.grad(f)(np.ma.masked_array([1.0], [True])), TypeError, r"x is a MaskedArray.*\.filled"),
    (lambda: pb.grad(lambda s, x: x * len(s), 1)({1, 2}, 2.0), TypeError, r"s is a set.*sorted\(s\)"),
    (lambda: pb.grad(lambda x: max(Box(x), Box(x)).v)(2.0), TypeError, r"'>' is not supported between a Box.*key="),
    (lambda: pb.grad(lambda x: eval("x"))(2.0), NotImplementedError, r"eval is not supported.*call it outside"),
    (lambda: pb.grad(f, "x"), TypeError, r"argnums has to be an int"),
    (lambda: pb.grad(f, argnames="z")(X), TypeError, r"no argument 'z'.*arguments are x"),
    (lambda: pb.grad(f, 0, argnames="x"), TypeError, r"not both"),
    (lambda: pb.grad(3), TypeError, r"expected a function, not an int"),
    (lambda: pb.grad(f)(), TypeError, r"missing a required argument: 'x'.*f\(x, y=1.0\)"),
    (lambda: pb.grad(f)(X, 1.0, 2.0), TypeError, r"too many positional"),
    (lambda: pb.grad(f)(X, z=2.0), TypeError, r"unexpected keyword argument 'z'"),
    (lambda: pb.grad(f)(X, x=X), TypeError, r"multiple values for argument 'x'"),
    (lambda: pb.grad(vector)(X), TypeError, r"vector returns a float array of shape.*vjp or jacobian"),
    (lambda: pb.grad(integer)(X), TypeError, r"integer returns|no differentiable path"),
    (lambda: pb.grad(pair)(X), TypeError, r"a tuple of 2.*has_aux=True"),
    (lambda: pb.grad(f, has_aux=True)(X), TypeError, r"has to return a pair"),
    (lambda: pb.grad(nothing)(X), TypeError, r"constant|no differentiable path"),
    (lambda: pb.grad(steps)(X), TypeError, r"no differentiable path leads from x.*steps"),
    (lambda: pb.grad(unused, 1)(X, X), TypeError, r"no differentiable path leads from y.*leave it out"),
    (lambda: pb.grad(f)(np.array([1j])), TypeError, r"x has dtype complex128"),
    (lambda: pb.grad(f)(np.matrix([1.0])), TypeError, r"x is a matrix"),
    (lambda: pb.grad(f)([X, np.array([None])]), TypeError, r"x\[1\] has dtype object"),
    (lambda: pb.vjp(vector, X)[1](np.ones(3)), ValueError, r"cotangent has to have the shape \(2,\)"),
    (lambda: pb.vjp(vector, X)[1](None), TypeError, r"cotangent has to be a float64 array, not None"),
    (lambda: pb.vjp(pair, X)[1](1.0), TypeError, r"cotangent has to be a tuple, not a float"),
    (lambda: pb.vjp(integer, X), TypeError, r"returns no float"),
    (lambda: pb.jvp(vector, (X,), (np.ones(3),)), ValueError, r"tangents\[0\] has to have the shape"),
    (lambda: pb.jvp(vector, (X,), (X, X)), TypeError, r"1 primals and 2 tangents"),
    (lambda: pb.jvp(vector, X, X), TypeError, r"primals has to be a tuple.*\(primal,\)"),
    (lambda: pb.jvp(vector, (np.arange(2),), (X,)), TypeError, r"x: it is an int64 array"),
    (lambda: pb.hvp(vector, (X,), (X,)), TypeError, r"scalar result"),
    (lambda: pb.hessian(pb.jacobian(vector))(X), TypeError, r"scalar result"),
    (lambda: pb.jit(f).source(X, level="machine"), ValueError, r'"adjoint" or "native"'),
    (lambda: pb.check_grads(f, (X,), modes=("sideways",)), ValueError, r'"fwd" and "rev"'),
    (lambda: pb.check_grads(f, X), TypeError, r"args has to be a tuple"),
]


@pytest.mark.parametrize(("call", "builtin", "message"), CASES, ids=range(len(CASES)))
def test_misuse(call: Any, builtin: type[Exception], message: str) -> None:
    with pytest.raises(pb.PullbackError, match=f"(?s){message}") as caught:
        call()
    assert isinstance(caught.value, builtin)
    assert not isinstance(caught.value, pb.InternalError)


def test_errors_about_a_function_say_where_it_is() -> None:
    with pytest.raises(pb.PullbackError) as caught:
        pb.grad(f)(np.arange(3))
    text = str(caught.value)
    line = f.__code__.co_firstlineno
    assert text.startswith(f"{__file__}:{line}:1: ")
    assert "    def f(x, y=1.0):\n    ^" in text
    assert "\nhint: " in text


def test_objects_are_not_asked_for_attributes() -> None:
    np.testing.assert_array_equal(pb.grad(lambda o, x: np.sum(x), 1)(OfAttributes(), X), [1.0, 1.0])


def test_a_failing_call_leaves_the_function_usable() -> None:
    g = pb.grad(f)
    with pytest.raises(pb.PullbackError):
        g(np.arange(3))
    np.testing.assert_allclose(g(X), [1.0, 1.0])


def test_errors_about_arguments_say_which_function() -> None:
    g = pb.jit(lambda x, i: x[i])
    g(X, 1)
    for args in ((X, 2**70), (X.astype(np.float16), 1), (X, {1})):
        with pytest.raises(pb.PullbackError) as caught:
            g(*args)
        assert str(caught.value).startswith(f"{__file__}:"), caught.value
    with pytest.raises(ValueError, match="does not fit 64 bits"):
        g(X, 2**70)


def narrow(n):
    return np.array([1, 2], dtype=np.int8) + n


def five(x):
    return np.sum(x.reshape(5) * 2.0)


def written(x, y, k):
    x[:k] = y
    return x


def endless(x, n):
    return x if n < 0 else endless(x * 1.5, n + 1)


def taking(x, i):
    return x[i] ** 2


AT_RUN_TIME: list[Any] = [
    (narrow, (300,), OverflowError, "Python integer 300 out of bounds for int8"),
    (five, (np.ones(7),), ValueError, r"shape \(7,\) into shape \(5,\)"),
    (lambda x, i: np.sum(x[: i + 1] + np.ones(i + 2)), (np.ones(9), 3), ValueError, r"shapes \(4,\) \(5,\)"),
    (written, (np.zeros((4, 2)), np.ones((3, 2)), 1), ValueError, r"from shape \(3,2\) into shape \(1,2\)"),
    (lambda x, k: x[:k] @ x[: k - 1], (np.ones(5), 3), ValueError, r"dimension 0: the extents are \(3,2\)"),
    (endless, (1.0, 0), RecursionError, "recursion"),
    (taking, (np.ones(3), -4), IndexError, "index -4 is out of bounds for axis 0 with size 3"),
    (lambda x: math.lgamma(x), (1e308,), OverflowError, "math range error"),
    (lambda x: math.lgamma(x), (-1.0,), ValueError, "math domain error"),
    (lambda x: math.fsum(x), (np.full(2, 1e308),), OverflowError, "intermediate overflow in fsum"),
    (lambda x: math.fsum([x, x, -x]), (1e308,), OverflowError, "intermediate overflow in fsum"),
    (lambda x: math.fsum([x, 1.0, -x]), (math.inf,), ValueError, "-inf [+] inf in fsum"),
    (lambda x: np.place(x, x > 0, []), (np.ones(2),), ValueError, "empty array"),
]


@pytest.fixture(params=["interp", "native"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PULLBACK_BACKEND", request.param)
    api._shared_dispatcher.cache_clear()
    yield request.param
    api._shared_dispatcher.cache_clear()


@pytest.mark.parametrize("case", AT_RUN_TIME, ids=range(len(AT_RUN_TIME)))
def test_errors_of_a_run(case: Any, backend: str) -> None:
    fn, args, error, message = case
    with pytest.raises(error, match=message) as caught:
        pb.jit(fn)(*args)
    if backend == "native":
        (note,) = caught.value.__notes__
        assert note.startswith(f"in {__file__}, line ") and note.endswith("^")


def test_gradients_of_deep_recursion(backend: str) -> None:
    def nested(x, n):
        return np.sum(x) if n <= 0 else nested(np.sin(x * 1.01), n - 1) + x[0]

    g = pb.grad(nested)
    x = np.full(3, 0.3)
    h = 1e-6
    want = (nested(x + h * np.eye(3)[1], 60) - nested(x - h * np.eye(3)[1], 60)) / (2 * h)
    np.testing.assert_allclose(g(x, 60)[1], want, rtol=1e-6)
    with pytest.raises(RecursionError):
        g(x, 10_000_000)
    np.testing.assert_allclose(g(x, 60)[1], want, rtol=1e-6)


def test_what_is_missing_raises_as_in_python() -> None:
    for program, error in ((lambda d: d["b"], KeyError), (lambda d: d["a"].nothing, AttributeError)):
        with pytest.raises(error) as caught:
            pb.grad(program)({"a": 1.0})
        assert isinstance(caught.value, pb.PullbackError) and "^" in str(caught.value)


def test_errors_do_not_show_the_frames_of_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def frames() -> int:
        with pytest.raises(pb.PullbackError) as caught:
            pb.grad(lambda x: np.sum(x.nothing))(np.ones(3))
        return len(caught.traceback)

    assert frames() <= 3
    monkeypatch.setenv("PULLBACK_TRACEBACK", "1")
    assert frames() > 10
