"""Programs as scientists, engineers and statisticians write them: values, gradients and tangents agree with plain Python.

Those that once found a defect run always; the rest, and a sample that is compiled, with ``-m slow``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import pullback as pb
from tests.suites import support
from tests.suites.support import Case, check, interpreted, native

from . import (
    finance,
    learning,
    linear_algebra,
    models,
    numpy_variety,
    ode_and_pde,
    physics,
    scipy_calls,
    signals,
    simulations,
    statistical,
)

__all__ = ["interpreted", "native"]

MODULES = (
    ode_and_pde,
    linear_algebra,
    statistical,
    finance,
    learning,
    physics,
    signals,
    numpy_variety,
    models,
    simulations,
    scipy_calls,
)

FOUND = frozenset(
    """
    fem_bar_ix implicit_euler_newton wave_1d longstaff_schwartz explicit_fd_option
    conv_sliding_window ctc_like_dp svd_use svd_reconstruct lstsq_np qr_np batched_solve batched_cholesky st_svd wide
    norm_2_nuc kkt_qp hmm_forward_logspace pca_explained corr_matrix nan_stats polyfit_np rasterize_soft lattice_phi4
    enumerate_nd floyd_warshall stft_frames envelope_rms pad_const triu_tril_diag r_c_ ix_indices block_flip_rot
    take_put_choose select_piecewise apply_axis methods_chain cum_ops mask2d fancy ufunc_at out_args linalg_misc nd_loops
    adaptive_grow_while iir_direct_form2 needleman_wunsch_affine simplex_lp_dual longest_increasing_soft
    black_scholes_norm normal_of_all_kinds other_distributions no_density_for_a_negative_scale special_functions
    bessel_at_zero factored lu_factors systems_with_structure bands definite_bands factorisations equations_of_matrices
    more_special_functions incomplete_gamma incomplete_beta distribution_functions distribution_functions_outside
    exponentials built_from_blocks rules_for_samples nodes_and_coefficients_of_constants filters
    convolutions_of_images distances polynomials distances_of_vectors densities_on_the_line densities_with_shapes
    densities_outside summaries
    ema_crossover_flags determinant_recursive convex_hull_area_shoelace signal_zero_crossings_while
""".split()
)
COMPILED = frozenset(
    "special_functions incomplete_gamma lu_factors definite_bands normal_of_all_kinds implicit_euler_newton longstaff_schwartz st_svd lsq2 qr_np mask2d ufunc_at deficient adaptive_grow_while".split()
)

# where differences are taken: a branch or a maximum changes within the usual distance of the point
NEAR_A_KINK = frozenset(
    """
    gradient_descent_armijo golden_section ista_lasso adam_loop longstaff_schwartz bisection nelder_mead
    particle_filter
""".split()
)
# single precision, or a function whose program differentiates another one
SINGLE = frozenset(["float32_prog", "mlp_float32", "f32"])

CASES = [case for module in MODULES for case in module.CASES if case.id not in SINGLE]


def params(names: frozenset[str] | None) -> list[Any]:
    seen: dict[str, int] = {}
    out = []
    for case in CASES:
        k = seen[case.id] = seen.get(case.id, -1) + 1
        if names is None or case.id in names:
            marks = [] if case.id in FOUND else [pytest.mark.slow]
            out.append(pytest.param(case, id=f"{case.id}-{k}" if k else case.id, marks=marks))
    return out


@pytest.mark.parametrize("case", params(None))
def test_interpreted(case: Case, interpreted: Any) -> None:
    with np.errstate(all="ignore"):
        check(dataclasses.replace(case, eps=1e-6, tol=1e-4) if case.id in NEAR_A_KINK else case)


@pytest.mark.slow
@pytest.mark.parametrize("case", params(COMPILED))
def test_native(case: Case, native: Any) -> None:
    check(dataclasses.replace(case, eps=1e-6, tol=1e-4) if case.id in NEAR_A_KINK else case)


def test_every_name_is_a_program() -> None:
    assert FOUND | COMPILED | NEAR_A_KINK | SINGLE <= {case.id for module in MODULES for case in module.CASES}


@pytest.mark.parametrize("case", [c for m in MODULES for c in m.CASES if c.id in SINGLE], ids=lambda c: c.id)
def test_single_precision(case: Case, interpreted: Any) -> None:
    """The gradient in float32 is that in float64, rounded."""

    def pulled(dtype: Any) -> list[Any]:
        args = [a.astype(dtype) for a in case.args]
        out, pull = pb.vjp(case.fn, *args)
        return support.leaves(pull(support.rebuilt(out, iter([np.ones_like(y) for y in support.leaves(out)]))))

    for a, b in zip(pulled(np.float32), pulled(np.float64), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=5e-4, atol=5e-4)
