"""The native-level matrix product: ``gemm c, a, b, alpha, beta {trans_a, trans_b}`` =>
``alpha * op(a) @ op(b) + beta * c``, in the memory of ``c`` after `inplace`.

``c`` is not read where beta is 0. Ranks as in `matmul`; transposition only of rank 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.opdef import OpDef, register


def _evaluate(attrs: dict[str, Any], c: Any, a: Any, b: Any, alpha: Any, beta: Any) -> Any:
    a = a.T if attrs["trans_a"] else a
    b = b.T if attrs["trans_b"] else b
    with np.errstate(all="ignore"):
        product = np.matmul(a, b)
        product = product if alpha == 1 else alpha * product
        return (product if beta == 0 else product + beta * c).astype(c.dtype)


register(OpDef("gemm", "linalg", lambda xs, attrs: [xs[0].type], _evaluate, cost=1000))
