"""The frontend: Python functions to IR. `build` is its one entry point."""

from .build import build
from .interface import Built, Captured, Guard, Leaf, Static

__all__ = ["Built", "Captured", "Guard", "Leaf", "Static", "build"]
