"""The sides of a comparison: one tool in one form, ready to be called and timed.

A side converts the arguments once (device arrays, tensors), and its calls return when the result is there.
`gradients` turns what a call gave into NumPy arrays, for comparison. Making a side raises ImportError
where its tool is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .program import Program, copied, leaves

PEERS = {
    "jax": ("jax_literal", "jax_expert", "jax_library"),
    "torch": ("torch",),
    "autograd": ("autograd",),
    "hand": ("hand",),
}
_FORM = {"torch": "torch_fn", "autograd": "autograd_fn", "hand": "adjoint"}


def form_of(side: str) -> str:
    """The name in a program's module of what this side runs."""
    return _FORM.get(side, side)


@dataclass(frozen=True)
class Side:
    """`grad()` and `value_and_grad()` run to completion; `value()` is the primal. None is not measured.

    `prepare` runs untimed before every timed call of `value` (it restores arrays that the primal overwrites).
    `compile` does what the tool can do without running the program.
    """

    name: str
    grad: Callable[[], Any]
    value_and_grad: Callable[[], Any] | None
    value: Callable[[], Any] | None
    gradients: Callable[[Any], list[np.ndarray]]
    prepare: Callable[[], None] = lambda: None
    compile: Callable[[], None] = lambda: None


def make(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    """The side of this name for a program at given arguments. Raises ImportError, KeyError."""
    makers = {
        "pullback": _pullback,
        "jax_literal": _jax,
        "jax_expert": _jax,
        "jax_library": _jax,
        "torch": _torch,
        "autograd": _autograd,
        "hand": _hand,
    }
    return makers[name](name, program, args)


def _pullback(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    import pullback as pb

    gradient = pb.grad(program.f, argnums=program.wrt)
    value_gradient = pb.value_and_grad(program.f, argnums=program.wrt)
    primal = pb.jit(program.f)
    work = copied(args)

    def restore() -> None:
        for mine, original in zip(leaves(work), leaves(args)):
            if mine.ndim:
                mine[...] = original

    return Side(
        name,
        lambda: gradient(*args),
        lambda: value_gradient(*args),
        lambda: primal(*work),
        leaves,
        prepare=restore,
    )


def _jax(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    import jax

    jax.config.update("jax_enable_x64", True)
    f = program.forms[name]
    static = tuple(k for k, a in enumerate(args) if isinstance(a, int))
    given = tuple(a if k in static else jax.device_put(a) for k, a in enumerate(args))
    traced = tuple(a for k, a in enumerate(given) if k not in static)
    gradient = jax.jit(jax.grad(f, argnums=program.wrt), static_argnums=static)
    value_gradient = jax.jit(jax.value_and_grad(f, argnums=program.wrt), static_argnums=static)
    primal = jax.jit(f, static_argnums=static)
    compiled: list[Any] = []

    def grad() -> Any:
        call = compiled[0](*traced) if compiled else gradient(*given)
        return jax.block_until_ready(call)

    return Side(
        name,
        grad,
        lambda: jax.block_until_ready(value_gradient(*given)),
        lambda: jax.block_until_ready(primal(*given)),
        leaves,
        compile=lambda: compiled.append(gradient.lower(*given).compile()),
    )


def _torch(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    import torch

    torch.set_num_threads(_threads())
    f = program.forms[form_of(name)]

    def tensors(tree: Any, active: bool) -> Any:
        if isinstance(tree, np.ndarray):
            t = torch.from_numpy(tree.copy())
            return t.requires_grad_(active and t.is_floating_point())
        if isinstance(tree, dict):
            return {key: tensors(value, active) for key, value in tree.items()}
        return tree

    given = tuple(tensors(a, k in program.wrt) for k, a in enumerate(args))
    wrt = [given[k] for k in program.wrt]
    active = _torch_leaves(wrt)

    def both() -> Any:
        value = f(*given)
        return value.detach(), torch.autograd.grad(value, active)

    def primal() -> Any:
        with torch.no_grad():
            return f(*given)

    return Side(name, lambda: both()[1], both, primal, lambda out: [t.numpy() for t in out])


def _torch_leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _torch_leaves(tree[key])]
    if isinstance(tree, list):
        return [leaf for value in tree for leaf in _torch_leaves(value)]
    return [tree]


def _autograd(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    import autograd

    f = program.forms[form_of(name)]

    def of_active(active: tuple[Any, ...]) -> Any:
        full = list(args)
        for k, value in zip(program.wrt, active):
            full[k] = value
        return f(*full)

    active = tuple(args[k] for k in program.wrt)
    gradient = autograd.grad(of_active)
    value_gradient = autograd.value_and_grad(of_active)
    return Side(name, lambda: gradient(active), lambda: value_gradient(active), lambda: f(*args), leaves)


def _hand(name: str, program: Program, args: tuple[Any, ...]) -> Side:
    adjoint = program.forms.get("adjoint")
    only = program.forms.get("adjoint_only") or (lambda *args: program.forms["adjoint"](*args)[1])
    return Side(name, lambda: only(*args), None if adjoint is None else lambda: adjoint(*args), None, leaves)


def _threads() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "1"))
