"""The registry's entries. Importing this package fills `ir.opdef.REGISTRY`."""

from . import control, creation, elementwise, indexing, linalg, linalg_dense, reductions, shape, sorting  # noqa: F401
