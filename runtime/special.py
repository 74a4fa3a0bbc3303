"""Special functions of one number that SciPy computes: under plain Python and, by the addresses that
`scipy.special.cython_special` exports, inside Numba (`numba_special`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: name here -> name in scipy.special
FUNCTIONS = {
    "ndtri": "ndtri", "log_ndtr": "log_ndtr", "erfinv": "erfinv", "exp1": "exp1", "expi": "expi",
    "bessel_i0": "i0", "bessel_i1": "i1", "bessel_i0e": "i0e", "bessel_i1e": "i1e",
    "bessel_j0": "j0", "bessel_j1": "j1", "bessel_y0": "y0", "bessel_y1": "y1", "bessel_k0": "k0", "bessel_k1": "k1",
    "erfcx": "erfcx", "erfi": "erfi", "erfcinv": "erfcinv", "dawsn": "dawsn", "spence": "spence",
    "ellipk": "ellipk", "ellipe": "ellipe",
}  # fmt: skip


def _of_scipy(name: str) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, FUNCTIONS[name])(x)

    function.__name__ = function.__qualname__ = name
    return function


ndtri = _of_scipy("ndtri")
log_ndtr = _of_scipy("log_ndtr")
erfinv = _of_scipy("erfinv")
exp1 = _of_scipy("exp1")
expi = _of_scipy("expi")
bessel_i0 = _of_scipy("bessel_i0")
bessel_i1 = _of_scipy("bessel_i1")
bessel_i0e = _of_scipy("bessel_i0e")
bessel_i1e = _of_scipy("bessel_i1e")
bessel_j0 = _of_scipy("bessel_j0")
bessel_j1 = _of_scipy("bessel_j1")
bessel_y0 = _of_scipy("bessel_y0")
bessel_y1 = _of_scipy("bessel_y1")
bessel_k0 = _of_scipy("bessel_k0")
bessel_k1 = _of_scipy("bessel_k1")
erfcx = _of_scipy("erfcx")
erfi = _of_scipy("erfi")
erfcinv = _of_scipy("erfcinv")
dawsn = _of_scipy("dawsn")
ellipk = _of_scipy("ellipk")
ellipe = _of_scipy("ellipe")
spence = _of_scipy("spence")
