"""What a benchmark program is, and the registry of all of them.

A program is a module in `benchmarks.programs` with

- a docstring: what it computes, and where it comes from;
- ``SIZES``: name ("tiny", "S", "M", ...) -> keyword arguments of `make`;
- ``WRT``: the positions of the arguments that are differentiated;
- ``make(**size)``: the arguments, deterministic (tuple; arrays are float64);
- ``f(*args)``: plain NumPy, returns a scalar; it may overwrite its arguments;
- where given, the same function for the peers: ``jax_literal`` (line by line), ``jax_expert`` (as a person who
  knows JAX would write it), ``jax_library`` (one call of a library routine that does the whole thing),
  ``torch_fn``, ``autograd_fn``, and the hand-written adjoint: ``adjoint(*args) -> (value, gradients)``, or
  ``adjoint_only(*args) -> gradients`` (`by_hand`), or both where the gradient alone is cheaper;
- ``DIFFERENCE_STEP``: the step of finite differences, where the default would cross a kink at the tiny inputs;
- ``SLOWER``: why pullback is slower than JAX, where it is;
- ``ONLY_SIZES``: peer form -> the sizes at which it is run, where it would take minutes elsewhere.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from . import programs

FORMS = ("jax_literal", "jax_expert", "jax_library", "torch_fn", "autograd_fn", "adjoint", "adjoint_only")


@dataclass(frozen=True)
class Program:
    """One program with the forms that its module gives."""

    name: str
    description: str
    sizes: Mapping[str, Mapping[str, int]]
    wrt: tuple[int, ...]
    make: Callable[..., tuple[Any, ...]]
    f: Callable[..., Any]
    forms: Mapping[str, Callable[..., Any]]
    difference_step: float
    only_sizes: Mapping[str, tuple[str, ...]]
    slower: str = ""

    def args(self, size: str) -> tuple[Any, ...]:
        """Fresh arguments of the named size."""
        if size not in self.sizes:
            raise KeyError(f"{self.name} has no size {size!r}, only {', '.join(self.sizes)}")
        return self.make(**self.sizes[size])

    def has(self, form: str, size: str) -> bool:
        """Whether the form exists and is meant to run at this size."""
        exists = form in self.forms or f"{form}_only" in self.forms
        return exists and size in self.only_sizes.get(form, (size,))


def names() -> list[str]:
    """All program names, sorted: "gauss_seidel", "npbench.gemm", ..."""
    prefix = programs.__name__ + "."
    modules = pkgutil.walk_packages(programs.__path__, prefix)
    return sorted(
        m.name.removeprefix(prefix) for m in modules if not m.ispkg and not m.name.rpartition(".")[2].startswith("_")
    )


@functools.cache
def load(name: str) -> Program:
    """The program of this name. Raises ModuleNotFoundError where there is none."""
    module = importlib.import_module(f"{programs.__name__}.{name}")
    return Program(
        name=name,
        description=" ".join((module.__doc__ or "").split()),
        sizes=module.SIZES,
        wrt=tuple(module.WRT),
        make=module.make,
        f=module.f,
        forms=_forms(module),
        difference_step=getattr(module, "DIFFERENCE_STEP", 1e-4),
        only_sizes=getattr(module, "ONLY_SIZES", {}),
        slower=getattr(module, "SLOWER", ""),
    )


def _forms(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {form: getattr(module, form) for form in FORMS if hasattr(module, form)}


def select(patterns: list[str]) -> list[str]:
    """The names that match any pattern: a name, else its last part, a suite ("npbench"), or a shell pattern."""
    everything = names()
    if not patterns:
        return everything
    found = set()
    for p in patterns:
        if p in everything:
            found.add(p)
            continue
        found.update(
            name
            for name in everything
            if fnmatch.fnmatch(name, p) or fnmatch.fnmatch(name.rpartition(".")[2], p) or name.startswith(p + ".")
        )
    return sorted(found)


def copied(args: Any) -> Any:
    """The same tree of arguments with arrays of their own."""
    if isinstance(args, np.ndarray):
        return args.copy()
    if isinstance(args, dict):
        return {key: copied(value) for key, value in args.items()}
    if isinstance(args, tuple | list):
        return type(args)(copied(value) for value in args)
    return args


def leaves(tree: Any) -> list[np.ndarray]:
    """The arrays of a tree (dicts by sorted key, as JAX flattens them), as NumPy arrays."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, tuple | list):
        return [leaf for value in tree for leaf in leaves(value)]
    return [np.asarray(tree)]
