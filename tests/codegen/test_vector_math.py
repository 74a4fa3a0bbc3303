"""Vectorisation of kernels, and the accuracy of vector math. Numbers of ulp are stated in `runtime.libmvec`."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from pullback.runtime import libmvec, loader, numba_exponential, scalar_math

FUNCTIONS = {
    "exp": (-700, 700), "log": (1e-300, 1e300), "sin": (-50, 50), "cos": (-50, 50), "tanh": (-15, 15),
    "sigmoid": (-700, 700), "expm1": (-5, 5), "log1p": (-0.9, 1e6), "arctan": (-100, 100), "erf": (-4, 4),
}  # fmt: skip
IN_PLACE = ("exp", "tanh", "sigmoid")  # instructions, no calls
MAX_ULP = 4.5  # glibc states 4 for each function; the reference is rounded, too


def compiled(text: str, dtypes: list[str]) -> tuple[Any, str]:
    """The entry of the function `kernel` of arrays, and its LLVM code."""
    entry = loader.load_kernel(text, "kernel", [], [(t, 1) for t in dtypes], True)
    (result,) = loader._alive[-1].overloads.values()
    return entry, result.library.get_llvm_str()


def elementwise(function: str, comment: str = "") -> str:
    return f'''"""Test{comment}."""
from pullback.runtime.scalar_math import {function}


def kernel(x, y):
    for i in range(x.shape[0]):
        y[i] = {function}(x[i])
    return 0
'''


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded from the disk cache has no LLVM code to look at."""
    monkeypatch.setenv("PULLBACK_CACHE_DIR", str(tmp_path))


def test_sums_vectorise_and_keep_nan() -> None:
    entry, llvm = compiled(
        '''"""Test."""


def kernel(a, b, out):
    acc = 0.0
    for i in range(a.shape[0]):
        acc = acc + a[i] * b[i]
    out[0] = acc
    return 0
''',
        ["float64"] * 3,
    )
    assert re.search(r"fadd .*<\d+ x double>", llvm)
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=1000), rng.normal(size=1000), np.zeros(1)
    entry(a, b, out)
    np.testing.assert_allclose(out[0], a @ b, rtol=1e-12)
    for special in (np.nan, np.inf):
        a[17], b[17] = special, 1.0
        entry(a, b, out)
        np.testing.assert_equal(out[0], special)
    a[18], b[18] = -np.inf, 1.0
    entry(a, b, out)
    assert np.isnan(out[0])


def test_temporaries_do_not_alias() -> None:
    """Arrays of the function and outputs need no overlap checks at run time."""
    _, llvm = compiled(
        '''"""Test."""
from numpy import float64
from pullback.runtime.arrays import empty


def kernel(a, b, c, out):
    t = empty((a.shape[0],), float64)
    u = empty((a.shape[0],), float64)
    for i in range(a.shape[0]):
        t[i] = a[i] * b[i]
        u[i] = a[i] + c[i]
    for i in range(1, a.shape[0] - 1):
        out[i] = t[i - 1] * u[i + 1]
    return 0
''',
        ["float64"] * 4,
    )
    assert "vector.body" in llvm and "vector.memcheck" not in llvm


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS)
def test_vector_math(function: str) -> None:
    """Against NumPy in extended precision; special values as scalars have them."""
    for dtype in (np.float64, np.float32):
        entry, llvm = compiled(elementwise(function), [np.dtype(dtype).name] * 2)
        if libmvec.variants("exp", 64, 1):
            assert re.search(r"<\d+ x (double|float)>", llvm), "not vectorised"
            assert (libmvec.PREFIX in llvm) == (function not in IN_PLACE or not numba_exponential.available())
        low, high = FUNCTIONS[function]
        if dtype is np.float32:
            low, high = max(low, -80), min(high, 80)
            low = 1e-30 if function == "log" else low
        rng = np.random.default_rng(1)
        x = np.concatenate([rng.uniform(low, high, 4000), np.clip(rng.normal(size=4000), low, high)]).astype(dtype)
        y = np.empty_like(x)
        entry(x, y)
        wide = x.astype(np.longdouble)
        if function == "sigmoid":
            expected = 1 / (1 + np.exp(-wide))
        elif function == "erf":
            expected = np.array([math.erf(v) for v in x], np.longdouble)
        else:
            expected = getattr(np, function)(wide)
        ulp = np.abs(y.astype(np.longdouble) - expected) / np.spacing(np.abs(expected.astype(dtype)))
        assert float(ulp.max()) <= MAX_ULP, (function, dtype, x[np.argmax(ulp)])
        special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0] * 8, dtype)
        y = np.empty_like(special)
        entry(special, y)
        np.testing.assert_allclose(y, [getattr(scalar_math, function)(v) for v in special], rtol=1e-6)


@pytest.mark.slow
def test_without_libmvec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems have scalar calls."""
    monkeypatch.setattr(numba_exponential, "available", lambda: False)
    monkeypatch.setenv("PULLBACK_LIBMVEC", "0")
    libmvec.load.cache_clear()
    libmvec.variants.cache_clear()
    try:
        entry, llvm = compiled(elementwise("exp", " without"), ["float64"] * 2)
    finally:
        libmvec.load.cache_clear()
        libmvec.variants.cache_clear()
    assert libmvec.PREFIX not in llvm
    x = np.linspace(-3, 3, 100)
    y = np.empty_like(x)
    entry(x, y)
    np.testing.assert_allclose(y, np.exp(x), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_exp_and_tanh_at_the_ends_of_their_range(dtype: Any) -> None:
    """Overflow, subnormal results, tiny and special arguments."""
    end = 709.79 if dtype is np.float64 else 88.73
    low = -745.2 if dtype is np.float64 else -103.98
    tiny = np.finfo(dtype).tiny
    x = np.concatenate(
        [
            np.linspace(end - 2, end + 2, 401),
            np.linspace(low - 2, low + 60, 4001),
            np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, -tiny, 1e-8, -1e-8, 1e30, -1e30]),
            np.linspace(-23, 23, 4001),
            np.logspace(-30, 2, 2001),
        ]
    ).astype(dtype)
    for function, most in (("exp", 2.0), ("tanh", 2.5)):
        entry, _ = compiled(elementwise(function, " ends"), [np.dtype(dtype).name] * 2)
        y = np.empty_like(x)
        entry(x, y)
        with np.errstate(all="ignore"):
            expected = getattr(np, function)(x.astype(np.longdouble))
            rounded = expected.astype(dtype)
        special = ~np.isfinite(rounded)
        np.testing.assert_array_equal(y[special], rounded[special])
        spacing = np.spacing(np.abs(rounded[~special]))
        ulp = np.abs(y[~special].astype(np.longdouble) - expected[~special]) / spacing
        assert float(ulp.max()) <= most, (function, x[~special][np.argmax(ulp)], float(ulp.max()))
        np.testing.assert_array_equal(np.signbit(y[x == 0]), np.signbit(rounded[x == 0]))
