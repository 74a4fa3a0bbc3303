"""Adjoints of every op as compiled code against the interpreter: many ops in one kernel, for the compile time."""

from __future__ import annotations

import numpy as np
import pytest

from pullback.codegen.numba_cpu import generate_native, load_native, to_native
from pullback.ir.interp import interpret
from pullback.rules.table import differentiable_level
from tests.rules.cases import STRUCTURAL, cases, variants
from tests.rules.oracle import floats, function_of, reverse_of, run, seed_of

from .test_native import agree, combined, outcome

OPS = sorted(op.name for op in differentiable_level() if variants(op) and op.name not in STRUCTURAL)
PER_KERNEL = 8


@pytest.mark.slow
@pytest.mark.parametrize("group", range(0, len(OPS), PER_KERNEL), ids=lambda k: "-".join(OPS[k : k + PER_KERNEL]))
def test_compiled_adjoints(group: int) -> None:
    parts, args, expected = [], [], []
    for opcode in OPS[group : group + PER_KERNEL]:
        candidates = [c for c in cases(opcode) if floats(c.inputs) and function_of(c).result_types[0].is_float]
        for case in candidates[:: max(1, len(candidates) // 2)]:
            fn = function_of(case)
            (y,) = run(fn, case.inputs)
            seed = seed_of(case.name).normal(size=np.shape(y))
            adjoint = reverse_of(fn, floats(case.inputs))
            inputs = [*case.inputs, seed[()] if isinstance(seed, np.ndarray) else seed]
            parts.append(adjoint)
            args += inputs
            expected += interpret(adjoint, inputs)
    if parts:
        agree(outcome(load_native(generate_native(to_native(combined(parts)))), tuple(args)), expected)
