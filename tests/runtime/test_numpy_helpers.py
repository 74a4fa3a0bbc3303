"""The helpers of readable source agree with SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

from pullback.runtime import numpy_helpers as helpers

POINTS = np.array([-np.inf, -3.5, -2.0, -0.3, 0.0, 1e-8, 0.4, 1.0, 2.5, 11.9, 30.0, 170.0, np.inf, np.nan])


@pytest.mark.parametrize(
    ("helper", "oracle"),
    [
        (helpers.sigmoid, scipy.special.expit),
        (helpers.erf, scipy.special.erf),
        (helpers.erfc, scipy.special.erfc),
        (helpers.gammaln, scipy.special.gammaln),
        (helpers.digamma, scipy.special.digamma),
    ],
)
def test_agrees_with_scipy(helper: Any, oracle: Any) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(helper(POINTS), oracle(POINTS), rtol=1e-13, atol=1e-15)
        assert helper(np.float32(0.5)).dtype == np.float32
        assert np.ndim(helper(0.5)) == 0


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_polygamma(n: int) -> None:
    points = POINTS[POINTS > 0]
    np.testing.assert_allclose(helpers.polygamma(n, points), scipy.special.polygamma(n, points), rtol=1e-12)


def test_strong_zero() -> None:
    g = np.array([0.0, 1.0, 2.0])
    d = np.array([np.inf, np.inf, 4.0])
    np.testing.assert_array_equal(helpers.mul0(g, d), [0.0, np.inf, 8.0])
    np.testing.assert_array_equal(helpers.div0(g, 0 * g), [0.0, np.inf, np.inf])
