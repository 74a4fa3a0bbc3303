"""Types of IR values: scalars, arrays with symbolic shapes, and tapes.

A scalar is an array type of rank 0. ``weak`` marks a Python number (``float``, ``int``, ``bool``),
which under NumPy 2's promotion takes the dtype of what it meets; a NumPy scalar of the same dtype
is strong. Weak types print as ``float``, ``int`` and ``bool``, strong ones as ``f64``, ``i64``, ``b1``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .dims import Dim

DTYPES: dict[str, np.dtype[Any]] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "i64": np.dtype(np.int64),
    "i32": np.dtype(np.int32),
    "i16": np.dtype(np.int16),
    "i8": np.dtype(np.int8),
    "u64": np.dtype(np.uint64),
    "u32": np.dtype(np.uint32),
    "u16": np.dtype(np.uint16),
    "u8": np.dtype(np.uint8),
    "b1": np.dtype(np.bool_),
}
FROM_NUMPY: dict[np.dtype[Any], str] = {v: k for k, v in DTYPES.items()}
_WEAK_NAME = {"f64": "float", "i64": "int", "b1": "bool"}


@dataclass(frozen=True, slots=True)
class Type:
    """An array of ``dtype`` with a symbolic shape; rank 0 is a scalar.

    ``tape`` marks a growing last-in first-out tape of ``dtype`` elements (shape is then empty).
    """

    dtype: str
    shape: tuple[Dim, ...] = ()
    weak: bool = False
    tape: bool = False

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        return self.dtype[0] == "f" and not self.tape

    @property
    def is_int(self) -> bool:
        return self.dtype[0] in "iu"

    @property
    def is_bool(self) -> bool:
        return self.dtype == "b1"

    @property
    def is_scalar(self) -> bool:
        return not self.shape and not self.tape

    @property
    def is_array(self) -> bool:
        return bool(self.shape)

    @property
    def numpy(self) -> np.dtype[Any]:
        return DTYPES[self.dtype]

    @property
    def itemsize(self) -> int:
        return self.numpy.itemsize

    @property
    def size(self) -> Dim:
        """Number of elements."""
        total = Dim.of(1)
        for d in self.shape:
            total = total * d
        return total

    def with_shape(self, shape: Sequence[int | Dim]) -> Type:
        return Type(self.dtype, tuple(Dim.of(d) for d in shape))

    def with_dtype(self, dtype: str) -> Type:
        return Type(dtype, self.shape)

    @property
    def strong(self) -> Type:
        return Type(self.dtype, self.shape, False, self.tape)

    def format(self, leaf: Any = None) -> str:
        if self.tape:
            return f"tape<{self.dtype}>"
        if self.weak and not self.shape:
            return _WEAK_NAME[self.dtype]
        if not self.shape:
            return self.dtype
        dims = ", ".join(d.format(leaf) if leaf else str(d) for d in self.shape)
        return f"{self.dtype}[{dims}]"

    def __str__(self) -> str:
        return self.format()


FLOAT = Type("f64", (), True)
INT = Type("i64", (), True)
BOOL = Type("b1", (), True)
F64 = Type("f64")
F32 = Type("f32")
I64 = Type("i64")
B1 = Type("b1")


def array(dtype: str, *shape: int | str | Dim) -> Type:
    return Type(dtype, tuple(Dim.of(s) for s in shape))


def promote(types: Sequence[Type]) -> tuple[str, bool]:
    """NumPy 2 result dtype of an elementwise operation, and whether it is weak.

    Weak scalars of a higher kind lift the kind (a ``float`` meeting ``i64`` gives ``f64``) but never
    the width within a kind (a ``float`` meeting ``f32`` stays ``f32``).
    """
    return _promoted(tuple((t.dtype, t.weak) for t in types))


@lru_cache
def _promoted(types: tuple[tuple[str, bool], ...]) -> tuple[str, bool]:
    if all(weak for _, weak in types):
        order = {"b1": 0, "i64": 1, "f64": 2}
        return max((dtype for dtype, _ in types), key=lambda d: order[d]), True
    python = {"b1": False, "i64": 0, "f64": 0.0}
    operands: list[Any] = [python[dtype] if weak else DTYPES[dtype] for dtype, weak in types]
    return FROM_NUMPY[np.result_type(*operands)], False
