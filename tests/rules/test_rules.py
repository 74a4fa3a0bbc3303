"""The rule test generated from the registry: see `cases` for what is tried and `oracle` for what is checked."""

from __future__ import annotations

import numpy as np
import pytest

from pullback.ir.opdef import REGISTRY
from pullback.rules.samples import DOMAINS
from pullback.rules.table import differentiable_level

from .cases import STRUCTURAL, cases, variants
from .oracle import (
    check_first_order,
    check_second_order,
    check_single_precision,
    floats,
    function_of,
    run,
    seed_of,
)

OPS = differentiable_level()
TESTED = sorted(op.name for op in OPS if variants(op))
# the derivative of these is zero by definition, not by calculus
DECLARED_ZERO = {"stop_gradient"}


def test_every_op_has_cases_and_a_sampler() -> None:
    assert {op.name for op in OPS} - set(TESTED) == STRUCTURAL
    for op in OPS:
        assert all(name.strip() in DOMAINS for name in op.sample.split(",")), op.name


def test_every_op_has_a_rule_or_is_declared_zero() -> None:
    for name in TESTED:
        op = REGISTRY[name]
        assert (op.vjp is not None and op.jvp is not None) != op.zero, f"{name} has neither rule nor zero=True, or both"


@pytest.mark.parametrize("opcode", [name for name in TESTED if name not in DECLARED_ZERO])
def test_first_order(opcode: str) -> None:
    for case in cases(opcode):
        fn = function_of(case)
        if fn.result_types[0].is_float and floats(case.inputs):
            check_first_order(case, fn, seed_of(case.name))
        else:
            run(fn, case.inputs)


@pytest.mark.parametrize("opcode", [name for name in TESTED if name not in DECLARED_ZERO])
def test_second_order(opcode: str) -> None:
    for case in cases(opcode):
        fn = function_of(case)
        if fn.result_types[0].is_float and floats(case.inputs):
            check_second_order(case, fn, seed_of(case.name))


@pytest.mark.parametrize("opcode", TESTED)
def test_single_precision(opcode: str) -> None:
    for case in cases(opcode):
        if floats(case.inputs) and function_of(case).result_types[0].is_float:
            check_single_precision(case, seed_of(case.name))


def test_stop_gradient_is_zero() -> None:
    from .oracle import forward_of, reverse_of

    for case in cases("stop_gradient"):
        fn = function_of(case)
        (y,) = run(fn, case.inputs)
        np.testing.assert_array_equal(y, case.inputs[0])
        ones = np.ones(np.shape(y))
        assert not np.any(run(reverse_of(fn, [0]), [*case.inputs, ones])[1])
        assert not np.any(run(forward_of(fn, [0]), [*case.inputs, ones])[1])
