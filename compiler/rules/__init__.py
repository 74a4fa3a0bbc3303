"""The registry's entries. Importing this package fills `ir.opdef.REGISTRY`."""

from . import (  # noqa: F401
    control,
    creation,
    elementwise,
    indexing,
    linalg,
    linalg_dense,
    linalg_factors,
    reductions,
    shape,
    sorting,
    special,
)
