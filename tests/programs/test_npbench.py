"""The benchmark programs at tiny size: pullback's gradient against finite differences, JAX, and by hand."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

import pullback as pb
from benchmarks.program import Program, copied, leaves, load, names

HAS_JAX = importlib.util.find_spec("jax") is not None
JAX_FORMS = ("jax_literal", "jax_expert", "jax_library")


@pytest.fixture(scope="module", params=names())
def case(request: pytest.FixtureRequest) -> tuple[Program, tuple[Any, ...], list[np.ndarray]]:
    """A program, its tiny arguments and pullback's gradients as a flat list."""
    program = load(request.param)
    args = program.args("tiny")
    before = copied(args)
    gradients = leaves(pb.grad(program.f, argnums=program.wrt)(*args))
    for mine, kept in zip(leaves(list(args)), leaves(list(before))):
        np.testing.assert_array_equal(mine, kept, err_msg="a gradient call modified its arguments")
    return program, args, gradients


def assert_close(actual: list[np.ndarray], expected: list[np.ndarray], rtol: float) -> None:
    """Each array to `rtol` of its largest entry."""
    assert [a.shape for a in actual] == [e.shape for e in expected]
    for a, e in zip(actual, expected):
        np.testing.assert_allclose(a, e, rtol=0, atol=rtol * max(1e-300, np.abs(e).max(initial=0.0)))


def test_value_and_grad(case: tuple[Program, tuple[Any, ...], list[np.ndarray]]) -> None:
    program, args, gradients = case
    value, others = pb.value_and_grad(program.f, argnums=program.wrt)(*args)
    assert value == pytest.approx(program.f(*copied(args)), rel=1e-11)
    assert_close(leaves(others), gradients, 1e-12)


def test_finite_differences(case: tuple[Program, tuple[Any, ...], list[np.ndarray]]) -> None:
    program, args, gradients = case
    rng = np.random.default_rng(1)
    directions = [rng.standard_normal(g.shape) for g in gradients]
    for k, (direction, gradient) in enumerate(zip(directions, gradients)):  # each differentiated array on its own
        slope = _directional_derivative(program, args, k, direction)
        scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert np.vdot(gradient, direction) == pytest.approx(slope, rel=1e-6, abs=1e-7 * scale)


def _directional_derivative(program: Program, args: tuple[Any, ...], leaf: int, direction: np.ndarray) -> float:
    """Central differences of fourth order for the leaf-th differentiated array."""

    def at(t: float) -> float:
        moved = list(copied(args))
        active = leaves([moved[k] for k in program.wrt])
        active[leaf][...] += t * direction
        return float(program.f(*moved))

    h = program.difference_step
    return (8.0 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12.0 * h)


@pytest.mark.skipif(not HAS_JAX, reason="JAX is not installed")
def test_jax(case: tuple[Program, tuple[Any, ...], list[np.ndarray]]) -> None:
    import jax

    program, args, gradients = case
    jax.config.update("jax_enable_x64", True)
    static = tuple(k for k, a in enumerate(args) if isinstance(a, int))
    forms = [form for form in JAX_FORMS if form in program.forms]
    assert forms, "every program has a JAX form"
    for form in forms:
        gradient = jax.jit(jax.grad(program.forms[form], argnums=program.wrt), static_argnums=static)
        assert_close(gradients, leaves(gradient(*args)), 1e-9)


@pytest.mark.parametrize("name", [name for name in names() if "adjoint" in load(name).forms])
def test_by_hand(name: str) -> None:
    program = load(name)
    args = program.args("tiny")
    gradients = leaves(pb.grad(program.f, argnums=program.wrt)(*args))
    value, by_hand = program.forms["adjoint"](*copied(args))
    assert value == pytest.approx(program.f(*copied(args)), rel=1e-11)
    assert_close(gradients, leaves(by_hand), 1e-11)


def test_every_program_of_the_suite_is_there() -> None:
    suite = [name for name in names() if name.startswith("npbench.")]
    assert len(suite) == 37
    assert all({"tiny", "S", "M"} <= set(load(name).sizes) for name in suite)
