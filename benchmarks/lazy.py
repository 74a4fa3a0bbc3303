"""Modules that are imported when they are first used, so that programs can be read without the peers."""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """Stands for a module; imports it at the first attribute access."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


jnp = LazyModule("jax.numpy")
lax = LazyModule("jax.lax")
jsl = LazyModule("jax.scipy.linalg")
torch = LazyModule("torch")
anp = LazyModule("autograd.numpy")
