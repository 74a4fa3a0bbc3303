"""What a call runs: a specialisation for types, and an entry of it for exact shapes."""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

import numpy as np

from pullback.runtime import collecting
from pullback.runtime.native import load_native

from . import into, quick, tree
from . import plan as plans
from .errors import InternalError, PullbackTypeError, PullbackValueError
from .ir.dims import Dim
from .ir.leaves import is_plain_array
from .ir.types import FROM_NUMPY, Type
from .paths import called
from .plan import Plan
from .signature import Signature

if TYPE_CHECKING:
    from .compose import Program

Kernel = Callable[..., list[Any]]


class StaleError(Exception):
    """A guard or a captured value has changed: this specialisation does not hold for this call."""


@final
class Specialisation:
    """A plan and, where it was compiled in this process or has been asked for, its program.

    `build` makes the program of a plan that was read from disk; `key` is the one to store the plan under.
    `reassociate`: whether compiled sums may be added up in another order than the printed loops have.
    """

    def __init__(
        self, plan: Plan, program: Program | None, build: Callable[[], Program], key: str | None, reassociate: bool
    ):
        self.plan = plan
        self.fixed = plan.fixed
        self.slots = plan.slots
        self._program = program
        self._build = build
        self._key = key
        self._reassociate = reassociate
        self._kernel: Kernel | None = None
        self._lock = threading.Lock()

    @property
    def program(self) -> Program:
        if self._program is None:
            self._program = self._build()
        return self._program

    @property
    def kernel(self) -> Kernel:
        """The compiled program; threads that ask for it at once wait for one of them to make it."""
        if self._kernel is None:
            with self._lock:
                if self._kernel is None:
                    with collecting.paused():
                        self._kernel = self._make_kernel()
        return self._kernel

    def _make_kernel(self) -> Kernel:
        if self.plan.native is not None:
            return load_native(self.plan.native).call
        from . import backend

        reassociate = self._reassociate and not self.program.deterministic
        kernel, code = backend.kernel(self.program.function, reassociate)
        if self._key is not None and code is not None:
            plans.save(self._key, dataclasses.replace(self.plan, native=code))
        return kernel

    def bind(self, extents: dict[str, int]) -> dict[str, int] | None:
        """The extents of all its symbols for a call whose arguments have these; None where it does not
        hold for them, or for the user's environment as it is now. Assumptions are not looked at."""
        if any(extents[s] != d.evaluate(extents.__getitem__) for s, d in self.fixed.items()):
            return None
        if not all(g.holds() for g in self.plan.guards):
            return None
        extents = {s: n for s, n in extents.items() if s not in self.fixed}
        for _, path, type in self.plan.captured:
            try:
                x = path()
            except Exception:  # there is nothing any more
                return None
            for d, n in zip(type.shape, np.shape(x), strict=False):
                for s in d.atoms():
                    # a symbol of its own stands for an extent that no other symbol has
                    if isinstance(s, str) and s not in extents and n != 1 and n not in extents.values():
                        extents[s] = n
            if not _conforms(x, type, tuple(_extent(d, extents) for d in type.shape)):
                return None
        return extents

    def violated(self, extents: dict[str, int]) -> list[Dim]:
        """The assumptions that do not hold for extents from `bind`."""
        return [d for d in self.plan.assumptions if d.evaluate(extents.__getitem__) < 0]


def _conforms(x: Any, type: Type, shape: tuple[int, ...]) -> bool:
    """Whether a captured value is of the kind, the type and the shape that it was compiled with."""
    if type.weak:
        return isinstance(x, float) and not isinstance(x, (np.generic, enum.Enum))
    if not (is_plain_array(x) or (type.is_scalar and isinstance(x, np.generic))):
        return False
    return x.shape == shape and FROM_NUMPY.get(x.dtype) == type.dtype


def _extent(d: Dim, extents: dict[str, int]) -> int:
    return d.evaluate(lambda s: extents.get(s, -1))


def behaved(x: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """`x` itself if C-contiguous, aligned, writeable and in native byte order, else such a copy."""
    if x.flags.carray and x.dtype == dtype:
        return x
    return np.array(x, dtype=dtype, order="C")


@final
class Entry:
    """A specialisation for exact shapes: how to feed its kernel and what to make of its results."""

    def __init__(self, spec: Specialisation, signature: Signature, extents: dict[str, int]):
        plan = spec.plan
        self.spec = spec
        self.holds = quick.checker(plan.guards)
        self.extents = extents
        self.captured = [
            (quick.reader(path), type, tuple(_extent(d, extents) for d in type.shape))
            for _, path, type in plan.captured
        ]
        inputs = [signature.inputs[k] for k in spec.slots]
        self.slots = spec.slots if spec.slots != list(range(len(signature.inputs))) else None
        values = [signature.values[k] for k in spec.slots]
        is_array = [isinstance(v, np.ndarray) for v in values]
        self.arrays = [i for i, a in enumerate(is_array) if a and inputs[i].shape]
        self.scalars = [i for i, a in enumerate(is_array) if a and not inputs[i].shape]
        self.swapped = [
            i for i, v in enumerate(values) if isinstance(v, np.generic | np.ndarray) and not v.dtype.isnative
        ]
        self.paths = [x.path for x in inputs]
        self.extra_names = plan.extra_names
        self.extras = plan.extras
        self.extra_types = {
            k: (plan.params[k], tuple(_extent(d, self.extents) for d in plan.params[k].shape))
            for k in tree.leaves(self.extras)
            if isinstance(k, int)
        }
        n = len(inputs)
        order = [*range(n), *(k for k, _, _ in plan.captured), *self.extra_types]
        if order != list(range(len(plan.params))):
            raise InternalError(f"parameters of {plan.name} are out of order: {order}")
        self.written = plan.written
        self.mutates = plan.mutates
        self.laid_out = plan.laid_out
        self.converters = [_converter(t) for t in plan.results]
        self.returned = {y: p for y, p in plan.returned if p < n}
        self.assemble = quick.assembler(plan.result, self.converters, self.returned)
        self.kernel: Kernel | None = None
        self._quick: quick.Call | None = None

    def given(self, leaves: list[Any]) -> list[Any]:
        """The leaves of a call that the kernel takes."""
        return leaves if self.slots is None else [leaves[k] for k in self.slots]

    def run(self, leaves: list[Any], extras: tuple[Any, ...], out: Any = None) -> Any:
        """Call the kernel; `out`: where results go. Raises StaleError where the specialisation does not hold any
        more."""
        if not self.holds():
            raise StaleError
        given = self.given(leaves)
        inputs = given
        for i in self.arrays:
            if not given[i].flags.carray:
                if inputs is given:
                    inputs = list(given)
                inputs[i] = np.array(given[i], order="C")
        captured: list[Any] = []
        if self.scalars or self.swapped or self.captured or self.extras:
            inputs = list(inputs)
            for i in self.swapped:
                inputs[i] = np.asarray(inputs[i]).astype(inputs[i].dtype.newbyteorder("="))
            for i in (*self.scalars, *(i for i in self.swapped if i not in self.arrays)):
                inputs[i] = inputs[i][()]
            for read, type, shape in self.captured:
                try:
                    value = read()
                except Exception:  # there is nothing any more
                    raise StaleError from None
                if not _conforms(value, type, shape):
                    raise StaleError
                captured.append(value)
                inputs.append(_captured(value, type))
            self._append_extras(inputs, extras)
        if self.mutates:
            self.check_writes(given, captured)
        if self.kernel is None:
            self.kernel = self.spec.kernel
        outputs = self.kernel(*inputs) if out is None else self._run_into(out, inputs, given)
        for param, y in self.written:
            np.copyto(given[param], outputs[y])
        return self.assemble(outputs, given)

    def _run_into(self, out: Any, inputs: list[Any], given: list[Any]) -> list[Any]:
        """Call the kernel, whose results go to the arrays in `out`."""
        plan, kernel = self.spec.plan, self.kernel
        assert kernel is not None
        shapes = [tuple(_extent(d, self.extents) for d in t.shape) for t in plan.results]
        found = into.buffers(out, plan.result, plan.results, shapes, self.returned, [*inputs, *given])
        by_kernel = "into" in (getattr(kernel, "__kwdefaults__", None) or ())
        outputs = kernel(*inputs, into=found) if by_kernel else kernel(*inputs)
        for k, target in found.items():
            if outputs[k] is not target:
                np.copyto(target, outputs[k])
                outputs[k] = target
        return outputs

    def quick(self, args: tuple[Any, ...], kwargs: dict[str, Any], static_ints: bool) -> quick.Call | None:
        """A shorter way to make calls like this one, after it has been made; None where there is none."""
        special = self.scalars or self.swapped or self.captured or self.extras or self.mutates
        if kwargs or special or self.kernel is None:
            return None
        if self._quick is None:
            call = quick.caller(args, static_ints, self.holds, self.kernel, self.assemble)
            self._quick = call or quick.never
        return self._quick

    def use(self, kernel: Kernel | None) -> None:
        """Make calls by `kernel`, or by that of the specialisation."""
        self.kernel = kernel
        self._quick = None

    def _append_extras(self, inputs: list[Any], extras: tuple[Any, ...]) -> None:
        """Tangents and cotangents, checked against the shapes and dtypes that the program has."""
        for name, reference, given in zip(self.extra_names, self.extras, extras, strict=True):
            for path, k, x in tree.match(reference, given, name):
                if isinstance(k, int):
                    type, shape = self.extra_types[k]
                    inputs.append(_vector(x, type, shape, path))

    def check_writes(self, given: list[Any], captured: list[Any]) -> None:
        """An argument that is written must be writeable and share no memory with another one, or with an array that
        is read from outside."""
        others: list[tuple[str, int | None, Any]] = [(self.paths[q], q, given[q]) for q in self.arrays]
        others += [
            (called(path), None, x)
            for (_, path, _), x in zip(self.spec.plan.captured, captured, strict=True)
            if isinstance(x, np.ndarray) and x.shape
        ]
        for p in self.mutates:
            target = given[p]
            if self.written and not target.flags.writeable:
                raise PullbackValueError(
                    f"{self.paths[p]} is read-only, and {self.spec.plan.name} writes to it",
                    self.spec.plan.loc,
                    "pass a copy",
                )
            if p in self.laid_out and not target.flags.c_contiguous:
                raise PullbackValueError(
                    f"{self.paths[p]} is not C-contiguous, and {self.spec.plan.name} writes to it, or to a reshape "
                    "or a contiguous version of it: whether that is a view or a copy depends on its memory",
                    self.spec.plan.loc,
                    f"pass np.ascontiguousarray({self.paths[p]})",
                )
            for name, q, x in others:
                if q != p and np.may_share_memory(target, x) and np.shares_memory(target, x):
                    raise PullbackValueError(
                        f"{self.paths[p]} and {name} overlap in memory, and "
                        f"{self.spec.plan.name} writes to {self.paths[p]}",
                        self.spec.plan.loc,
                        f"pass a copy of one of them ({name}.copy())"
                        if q is not None
                        else f"pass a copy ({self.paths[p]}.copy()): {name} is read from outside of the function",
                    )


def _captured(x: Any, type: Type) -> Any:
    if type.weak:
        return float(x) if type.is_float else x
    if type.is_scalar:
        return type.numpy.type(x)
    return behaved(np.asarray(x), type.numpy)


def _vector(x: Any, type: Type, shape: tuple[int, ...], path: str) -> Any:
    """A tangent or cotangent as the kernel takes it."""
    if isinstance(x, np.ndarray) and x.shape == shape and shape and x.dtype == type.numpy:
        return behaved(x, type.numpy)
    if not isinstance(x, (np.ndarray, np.generic, float, int)) or np.asarray(x).dtype.kind not in "fiub":
        raise PullbackTypeError(
            f"{path} has to be a {type.numpy} {'array' if shape else 'scalar'}, not {tree.describe(x)}"
        )
    if np.shape(x) != shape:
        raise PullbackValueError(f"{path} has to have the shape {shape}, not {np.shape(x)}")
    if not shape:
        return float(x) if type.weak else type.numpy.type(x)
    return np.array(x, dtype=type.numpy, order="C")


def _converter(type: Type) -> Callable[[Any], Any] | None:
    """From what a kernel gives to what the user gets: NumPy scalars; int and bool stay Python's."""
    if type.is_array:
        return None
    if type.weak and not type.is_float:
        return bool if type.is_bool else int
    scalar: Callable[[Any], Any] = type.numpy.type
    return scalar
