"""The adjoint of each program: its source as golden text, its numbers against finite differences, and
that the printed source, run as plain Python, gives them too; second derivatives in three ways."""

from __future__ import annotations

import re

import numpy as np
import pytest

import pullback as pb

from .adjoint_programs import PROGRAMS

CASES = [pytest.param(f, args, id=f.__name__) for f, args in PROGRAMS]
NO_DIFFERENCES = {"masked_log"}  # has a point where the derivative is declared


def copies(args):
    return [a.copy() if isinstance(a, np.ndarray) else a for a in args]


def finite_differences(f, args):
    """Central differences of f by its first argument, Richardson-extrapolated."""
    x = np.asarray(args[0], float)
    out = np.zeros(x.shape)
    for at in np.ndindex(x.shape):

        def slope(h, at=at):
            values = []
            for sign in (1.0, -1.0):
                moved = x.copy()
                moved[at] += sign * h
                values.append(f(moved if x.ndim else float(moved), *copies(args[1:])))
            return (values[0] - values[1]) / (2 * h)

        out[at] = (4 * slope(5e-4) - slope(1e-3)) / 3
    return out


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")


@pytest.mark.parametrize(("f", "args"), CASES)
def test_source_is_what_a_person_would_write(f, args, golden):
    golden(f"adjoints/{f.__name__}.py.txt", pb.grad(f).source(*copies(args)))


@pytest.mark.parametrize(("f", "args"), CASES)
def test_gradient(f, args):
    given = copies(args)
    gradient = pb.grad(f)(*given)
    for before, after in zip(args, given, strict=True):
        np.testing.assert_array_equal(before, after)
    if f.__name__ not in NO_DIFFERENCES:
        np.testing.assert_allclose(gradient, finite_differences(f, args), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("f", "args"), CASES)
def test_printed_source_runs_in_plain_python(f, args):
    space: dict[str, object] = {}
    source = pb.grad(f).source(*copies(args))
    exec(compile(source, "adjoint.py", "exec"), space)
    name = re.search(rf"^def ({f.__name__}_grad)\(", source, re.M).group(1)
    with np.errstate(all="ignore"):
        printed = space[name](*copies(args))
    np.testing.assert_allclose(printed, pb.grad(f)(*copies(args)), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("f", "args"), [c for c in CASES if c.id != "gauss_seidel"])  # linear: it has none
def test_second_derivatives_agree(f, args):
    rest = copies(args[1:])

    def along(x):
        return pb.grad(f)(x, *rest)

    x = args[0]
    v = np.random.default_rng(2).normal(size=np.shape(x)) if np.ndim(x) else 0.7
    forward_over_reverse = pb.jvp(along, (x,), (v,))[1]
    reverse_over_reverse = pb.vjp(along, x)[1](v)[0]  # the Hessian is symmetric
    np.testing.assert_allclose(reverse_over_reverse, forward_over_reverse, rtol=1e-9, atol=1e-9)
    if f.__name__ not in NO_DIFFERENCES:
        h = 1e-5
        differences = (np.asarray(along(x + h * v)) - along(x - h * v)) / (2 * h)
        np.testing.assert_allclose(forward_over_reverse, differences, rtol=1e-5, atol=1e-6)


def test_a_linear_sweep_keeps_nothing():
    x = np.ones(6)
    assert "tape" not in pb.grad(PROGRAMS[2][0]).source(x, x)


def test_cholesky_reads_what_survives():
    """No overwritten element is needed: every value the reverse sweep reads is in the factor."""
    assert "tape" not in pb.grad(PROGRAMS[6][0]).source(np.eye(3))


def test_a_square_keeps_nothing_but_the_old_values():
    """They are still in the argument."""
    source = pb.grad(PROGRAMS[1][0]).source(np.ones(4))
    assert "np.empty(" not in source and "copy(" not in source
