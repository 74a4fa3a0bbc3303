"""Jacobians and Hessians: the compiled vjp or jvp, called once for each element of a basis."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from . import paths, tree
from .api import Argnums, BoundTransformed, extended, grad, positions_of, source_of
from .plan import Transform

if TYPE_CHECKING:
    from .compose import Program


@final
class Jacobian:
    """A function that returns the Jacobian of another one, row by row or column by column."""

    __pullback_jacobian__ = True

    def __init__(self, fun: Callable[..., Any], argnums: Argnums, forward: bool):
        self.wrt, self.single = positions_of("jacfwd" if forward else "jacrev", argnums)
        functools.update_wrapper(self, fun, updated=())
        self.forward = forward
        self.fun = fun
        kind = Transform("jvp", self.wrt, value=False) if forward else Transform("vjp", self.wrt)
        self._derivative = extended(fun, kind)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = self._derivative.bind(args, kwargs)
        copy = tree.map_leaves(lambda x: np.array(x) if isinstance(x, np.ndarray) else x, (args, kwargs))
        self._derivative.entry(args, kwargs)  # errors about arguments come first
        out = extended(self.fun)(*copy)
        inputs = tuple(args[k] for k in self.wrt)
        blocks = (self._columns if self.forward else self._rows)(args, kwargs, inputs, out)
        return self._assemble(blocks, inputs, out)

    def __get__(self, obj: Any, objtype: type | None = None) -> Any:
        return self if obj is None else BoundTransformed(self, obj)

    def __deepcopy__(self, memo: Any) -> Jacobian:
        return self

    def __copy__(self) -> Jacobian:
        return self

    def __reduce__(self) -> Any:
        argnums = self.wrt[0] if self.single else self.wrt
        return paths.global_name(self) or (Jacobian, (self.fun, argnums, self.forward))

    def __repr__(self) -> str:
        inner = repr(self.fun) if paths.is_transformed(self.fun) else getattr(self.fun, "__qualname__", "")
        inner = inner.removeprefix("<pullback ").removesuffix(">") or repr(self.fun)
        return f"<pullback {'jacfwd' if self.forward else 'jacrev'}({inner})>"

    def source(self, *args: Any, level: str = "adjoint", **kwargs: Any) -> str:
        """The program that is called for each row or column, as `Transformed.source` gives it."""
        return source_of(self._program(args, kwargs), level)

    def ir(self, *args: Any, stage: str | None = None, **kwargs: Any) -> str:
        """The IR of that program, as `Transformed.ir` gives it."""
        from .compose import text

        return text(self._program(args, kwargs), stage)

    def _program(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Program:
        return self._derivative.entry(*self._derivative.bind(args, kwargs)).spec.program

    def _rows(self, args: Any, kwargs: Any, inputs: Any, out: Any) -> list[list[Any]]:
        """blocks[i][j] of output leaf i and input leaf j, by one vjp for each element of the output."""
        xs = [x for x in tree.leaves(inputs) if x is not None]
        blocks: list[list[Any]] = []
        ys = tree.leaves(out)
        for i, y in enumerate(ys):
            if not _is_float(y):
                blocks.append([None] * len(xs))
                continue
            block: list[Any] = [np.empty((np.size(y), *np.shape(x)), _dtype(x)) for x in xs]
            for n, e in enumerate(_basis(y)):
                cotangent = tree.fill(out, [e if i == k else _zero(z) for k, z in enumerate(ys)])
                gs = self._derivative(args, kwargs, (cotangent,))
                for b, g in zip(block, (g for g in tree.leaves(gs) if g is not None), strict=True):
                    b[n] = g
            blocks.append([b.reshape(np.shape(y) + b.shape[1:])[()] for b in block])
        return blocks

    def _columns(self, args: Any, kwargs: Any, inputs: Any, out: Any) -> list[list[Any]]:
        """The same blocks by one jvp for each element of the inputs."""
        xs = tree.leaves(inputs)
        ys = tree.leaves(out)
        columns: list[list[Any]] = []
        for j, x in enumerate(xs):
            if x is None:
                continue
            block = [np.empty((np.size(x), *np.shape(y)), _dtype(y)) if _is_float(y) else None for y in ys]
            for n, e in enumerate(_basis(x)):
                tangents = tree.fill(inputs, [e if j == k else _zero(z) for k, z in enumerate(xs)])
                for b, t in zip(block, tree.leaves(self._derivative(args, kwargs, (tangents,))), strict=True):
                    if b is not None:
                        b[n] = t
            columns.append(
                [None if b is None else np.moveaxis(b, 0, -1).reshape(b.shape[1:] + np.shape(x))[()] for b in block]
            )
        return [[c[i] for c in columns] for i in range(len(ys))]

    def _assemble(self, blocks: list[list[Any]], inputs: Any, out: Any) -> Any:
        """The blocks as a tree like the result, of trees like the inputs."""
        wanted = [x is not None for x in tree.leaves(inputs)]
        rows = []
        for block in blocks:
            row = iter(block)
            filled = tree.fill(inputs, [next(row) if w else None for w in wanted])
            rows.append(filled[0] if self.single else filled)
        return tree.fill(out, rows)


def _is_float(x: Any) -> bool:
    return isinstance(x, (float, np.floating)) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def _dtype(x: Any) -> np.dtype[Any]:
    return np.asarray(x).dtype


def _basis(x: Any) -> Any:
    """Arrays like `x` with a single 1, in C order of its place."""
    for k in range(np.size(x)):
        e = np.zeros(np.size(x), _dtype(x))
        e[k] = 1
        yield e.reshape(np.shape(x))[()]


def _zero(x: Any) -> Any:
    return np.zeros(np.shape(x), _dtype(x))[()] if _is_float(x) else None


def _make(fun: Any, argnums: Argnums, forward: bool) -> Any:
    if fun is None:
        return lambda f: Jacobian(f, argnums, forward)
    return Jacobian(fun, argnums, forward)


def jacrev(fun: Callable[..., Any] | None = None, argnums: int | Sequence[int] = 0) -> Any:
    """The Jacobian by reverse mode: one vjp for each element of the result.

    As in JAX: the result has the structure of the function's result, each leaf of it the structure of
    the argument (a tuple for a sequence of argnums), with leaves of shape ``out.shape + arg.shape``.
    """
    return _make(fun, argnums, forward=False)


def jacfwd(fun: Callable[..., Any] | None = None, argnums: int | Sequence[int] = 0) -> Any:
    """The Jacobian by forward mode: one jvp for each element of the arguments. Structure as `jacrev`."""
    return _make(fun, argnums, forward=True)


jacobian = jacrev


def hessian(fun: Callable[..., Any] | None = None, argnums: int | Sequence[int] = 0) -> Any:
    """The Hessian of a function with a scalar result: one Hessian-vector product for each element of the
    arguments. The result has leaves of shape ``arg.shape + arg.shape``."""
    if fun is None:
        return lambda f: hessian(f, argnums)
    return Jacobian(grad(fun, argnums), argnums, forward=True)


def _transform_handler(obj: Any) -> Any:
    """The frontend's handler of Jacobians."""
    from . import nested_jacobian

    return nested_jacobian.match(obj)


paths.TRANSFORMS.append(_transform_handler)

__all__ = ["Jacobian", "hessian", "jacfwd", "jacobian", "jacrev"]
