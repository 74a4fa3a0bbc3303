"""The transforms that a user applies to functions, with the names and conventions of JAX.

Every transform gives a `Transformed`: a callable that compiles on its first call for given types, and
that can show what it compiled (`source`, `ir`). Transforms compose: ``grad(grad(f))`` is one
program, differentiated twice.
"""

from __future__ import annotations

import copy
import functools
import types
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, final, overload

import numpy as np

from . import paths, tree
from .dispatch import Dispatcher
from .errors import PullbackTypeError, PullbackValueError, UnsupportedError
from .plan import Transform
from .signature import Identity

if TYPE_CHECKING:
    from .compose import Program
    from .memory import MemoryReport

Argnums = int | Sequence[int]
Argnames = str | Sequence[str]
T = TypeVar("T")


@final
class Transformed:
    """A function of the user's under a chain of transforms.

    ``__pullback_fn__`` is the user's function and ``__pullback_chain__`` the transforms that have been
    applied to it, in order (none for `jit`). ``__pullback_deterministic__``: whether one of them was asked for with
    ``deterministic=True``.
    """

    __pullback_transformed__ = True

    def __init__(self, fn: Callable[..., Any], spec: _Spec | None, deterministic: bool = False):
        if not isinstance(deterministic, bool):
            raise PullbackTypeError(f"deterministic has to be True or False, not {tree.describe(deterministic)}")
        base, specs, inherited = _parts(fn)
        functools.update_wrapper(self, fn, updated=())
        self.__pullback_fn__: Callable[..., Any] = base
        self.__pullback_chain__: tuple[_Spec, ...] = (*specs, spec) if spec is not None else specs
        self.__pullback_deterministic__ = deterministic or inherited
        self._single: Dispatcher | None = None
        if all(s.positions is not None for s in self.__pullback_chain__):
            # argnums do not depend on the call
            chain = tuple(s.transform(s.positions) for s in self.__pullback_chain__)
            self._single = dispatcher_of(base, chain, self.__pullback_deterministic__)
        self._binder = self._single or dispatcher_of(base, ())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result for these arguments.

        ``out``, where the function has no parameter of that name: arrays for the results to be written to, in the
        structure of the result, with None for what is to be allocated (and for numbers). The result then holds these
        arrays. Raises PullbackTypeError or PullbackValueError for arrays of another dtype or shape, not C-contiguous,
        read-only, or in memory that an argument or another one of them has.
        """
        out = kwargs.pop("out") if kwargs and "out" in kwargs and not self._binder.has_parameter("out") else None
        if self._single is not None:
            return self._single(args, kwargs, (), out)
        dispatcher, args, kwargs = self._resolve(args, kwargs)
        return dispatcher(args, kwargs, (), out)

    def __get__(self, obj: Any, objtype: type | None = None) -> Any:
        return self if obj is None else BoundTransformed(self, obj)

    def __deepcopy__(self, memo: Any) -> Transformed:
        return self  # as a function is

    def __copy__(self) -> Transformed:
        return self

    def __reduce__(self) -> Any:
        name = paths.global_name(self)
        if name is not None:
            return name
        fn, chain, deterministic = self.__pullback_fn__, self.__pullback_chain__, self.__pullback_deterministic__
        found = paths.found_under_name(fn)  # the decorated function
        if isinstance(found, Transformed) and found.__pullback_fn__ is fn:
            n = len(found.__pullback_chain__)
            if found.__pullback_chain__ == chain[:n]:
                return _transformed, (found, chain[n:], deterministic)
        return _transformed, (fn, chain, deterministic)

    def __repr__(self) -> str:
        inner = getattr(self.__pullback_fn__, "__qualname__", repr(self.__pullback_fn__))
        for spec in self.__pullback_chain__:
            inner = f"{spec.kind}({inner})"
        return f"<pullback {inner if self.__pullback_chain__ else f'jit({inner})'}>"

    def source(self, *args: Any, level: str = "adjoint", **kwargs: Any) -> str:
        """The program for these arguments as Python source.

        ``level="adjoint"``: readable Python over NumPy; runs with numpy alone. ``level="native"``: the
        explicit loops that are compiled, also plain Python. Nothing is compiled or run.
        """
        return source_of(self.program(*args, **kwargs), level)

    def ir(self, *args: Any, stage: str | None = None, **kwargs: Any) -> str:
        """The IR for these arguments as text.

        ``stage``: "frontend" (as built, not differentiated), "array" (the default: differentiated and
        simplified), "adjoint" (in-place writes decided) or "native" (loops).
        """
        from .compose import text

        return text(self.program(*args, **kwargs), stage)

    def memory(self, *args: Any, **kwargs: Any) -> MemoryReport:
        """What a call with these arguments needs in memory, and why.

        ``str()`` of the report is a table of what is kept for the reverse sweep, with the lines that make and read
        it, the peak predicted from symbolic sizes, and the peak measured in a call; ``to_json()`` and ``plot(path)``
        give the same to programs and as a picture. The function is called twice.
        """
        from .memory import report

        return report(*self._resolve(args, kwargs))

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program for these arguments: IR, and the trees of its arguments and result."""
        dispatcher, args, kwargs = self._resolve(args, kwargs)
        return dispatcher.entry(args, kwargs).spec.program

    def _resolve(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Dispatcher, tuple[Any, ...], dict[str, Any]]:
        """The dispatcher for the arguments that argnames mean in this call, and the bound arguments."""
        args, kwargs = self._binder.bind(args, kwargs)
        if self._single is not None:
            return self._single, args, kwargs
        names = self._binder.names(len(args), tuple(kwargs))
        chain = tuple(s.transform(s.resolve(names, kwargs)) for s in self.__pullback_chain__)
        return dispatcher_of(self.__pullback_fn__, chain, self.__pullback_deterministic__), args, kwargs


def _transformed(fn: Callable[..., Any], specs: tuple[_Spec, ...], deterministic: bool = False) -> Transformed:
    """A function under transforms (what is pickled)."""
    made = fn if isinstance(fn, Transformed) else Transformed(fn, None, deterministic)
    for spec in specs:
        made = Transformed(made, spec, deterministic)
    return made


@final
class BoundTransformed:
    """A transformed method of an object: argument 0 is the object, as in JAX.

    A transform of it is one of the bound method, and counts from the first argument after the object.
    """

    def __init__(self, transformed: Any, obj: Any):
        self.__func__ = transformed
        self.__self__ = obj
        functools.update_wrapper(self, transformed, updated=())

    def __reduce__(self) -> Any:
        return BoundTransformed, (self.__func__, self.__self__)

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def source(self, *args: Any, level: str = "adjoint", **kwargs: Any) -> str:
        """See `Transformed.source`."""
        made: str = self.__func__.source(self.__self__, *args, level=level, **kwargs)
        return made

    def ir(self, *args: Any, stage: str | None = None, **kwargs: Any) -> str:
        """See `Transformed.ir`."""
        made: str = self.__func__.ir(self.__self__, *args, stage=stage, **kwargs)
        return made

    def memory(self, *args: Any, **kwargs: Any) -> MemoryReport:
        """See `Transformed.memory`."""
        made: MemoryReport = self.__func__.memory(self.__self__, *args, **kwargs)
        return made


@final
class _Spec:
    """A transform as the user asked for it: argnums or argnames, before a call says what they mean."""

    def __init__(self, kind: Any, argnums: Argnums | None, argnames: Argnames | None, has_aux: bool):
        self.kind = kind
        self.has_aux = has_aux
        self.names: tuple[str, ...] | None = None
        self.positions: tuple[int, ...] | None = None
        if argnames is not None:
            if argnums is not None:
                raise PullbackTypeError("give argnums or argnames, not both")
            self.single = isinstance(argnames, str)
            names = (argnames,) if isinstance(argnames, str) else argnames
            if not isinstance(names, (tuple, list)) or not all(isinstance(n, str) for n in names):
                raise PullbackTypeError(f"argnames has to be a str or a sequence of str, not {argnames!r}")
            self.names = names = tuple(names)
        else:
            self.positions, self.single = positions_of(kind, 0 if argnums is None else argnums)
            return
        if not names:
            raise PullbackValueError(f"{kind} with respect to no argument: argnames is empty")
        if len(set(names)) != len(names):
            raise PullbackValueError(f"{kind}: an argument is named twice in {names}")

    def __repr__(self) -> str:
        return f"{self.kind}({self.names or self.positions}, {self.single}, {self.has_aux})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Spec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.kind, self.names, self.positions, self.single, self.has_aux))

    def bound(self) -> _Spec:
        """The same for a method whose first argument is bound."""
        if self.positions is None:
            return self
        if 0 in self.positions:
            raise UnsupportedError(
                f"{self.kind} with respect to self cannot be transformed further as a bound method",
                hint="transform the function of the class, and pass the object",
            )
        made = copy.copy(self)
        made.positions = tuple(n - 1 if n > 0 else n for n in self.positions)
        return made

    def transform(self, wrt: Any) -> Transform:
        return Transform(self.kind, wrt, self.single, self.has_aux)

    def resolve(self, names: tuple[str, ...], kwargs: dict[str, Any]) -> tuple[int | str, ...]:
        """Positions and keywords, for a call whose positional arguments have these names."""
        if self.names is None:
            assert self.positions is not None
            return self.positions
        out: list[int | str] = []
        for name in self.names:
            if name in names:
                out.append(names.index(name))
            elif name in kwargs:
                out.append(name)
            else:
                raise PullbackTypeError(
                    f"argnames: no argument {name!r} in this call",
                    hint=f"the arguments are {', '.join((*names, *kwargs))}",
                )
        return tuple(out)


def positions_of(kind: str, argnums: Any) -> tuple[tuple[int, ...], bool]:
    """The positions that argnums name, and whether it is one int."""
    single = isinstance(argnums, (int, np.integer))
    positions = (argnums,) if single else argnums
    if not isinstance(positions, (tuple, list, range)) or not all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in positions
    ):
        raise PullbackTypeError(f"argnums has to be an int or a sequence of int, not {argnums!r}")
    if not positions:
        raise PullbackValueError(f"{kind} with respect to no argument: argnums is empty")
    if len(set(positions)) != len(positions):
        raise PullbackValueError(f"{kind}: an argument is named twice in {argnums}")
    return tuple(int(n) for n in positions), single


def source_of(program: Program, level: str) -> str:
    """A program as Python source, see `Transformed.source`."""
    if level not in ("adjoint", "native"):
        raise PullbackValueError(f'level is "adjoint" or "native", not {level!r}')
    from . import backend

    return backend.source(program.function, level)


def _transform(
    kind: str, fun: Any, argnums: Argnums | None, argnames: Argnames | None, has_aux: bool, deterministic: bool
) -> Any:
    spec = _Spec(kind, argnums, argnames, has_aux)
    if fun is None:
        return lambda f: Transformed(f, spec, deterministic)
    return Transformed(fun, spec, deterministic)


@overload
def grad(
    fun: Callable[..., Any],
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Transformed: ...
@overload
def grad(
    fun: None = None,
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Callable[[Callable[..., Any]], Transformed]: ...
def grad(
    fun: Callable[..., Any] | None = None,
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Any:
    """The gradient of a function with a scalar float result.

    ``argnums`` (default 0) or ``argnames`` say by which arguments: an int or str gives the gradient of
    that argument, a sequence a tuple of gradients. A gradient has the structure, the dtypes and the shapes
    of its argument; those of scalars are NumPy scalars. With ``has_aux`` the function returns
    ``(value, aux)`` and the result is ``(gradient, aux)``. Arguments are never modified.

    With ``deterministic`` every sum is added up in the order that the source at level "native" shows: without it
    compiled loops keep partial sums, in vectors and for threads, and the last digits may depend on the processor.
    What is made of the result is deterministic too.

    Usable as ``grad(f)``, ``@grad`` and ``@grad(argnums=1)``. Calling the result raises
    PullbackTypeError for arguments that are not floats, for results that are not one float scalar, and
    where no differentiable path leads from an argument to the result.
    """
    return _transform("grad", fun, argnums, argnames, has_aux, deterministic)


@overload
def value_and_grad(
    fun: Callable[..., Any],
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Transformed: ...
@overload
def value_and_grad(
    fun: None = None,
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Callable[[Callable[..., Any]], Transformed]: ...
def value_and_grad(
    fun: Callable[..., Any] | None = None,
    argnums: Argnums | None = None,
    *,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    deterministic: bool = False,
) -> Any:
    """Like `grad`, but returns ``(value, gradient)``; with ``has_aux``, ``((value, aux), gradient)``."""
    return _transform("value_and_grad", fun, argnums, argnames, has_aux, deterministic)


@overload
def jit(fun: Callable[..., Any], *, deterministic: bool = False) -> Transformed: ...
@overload
def jit(fun: None = None, *, deterministic: bool = False) -> Callable[[Callable[..., Any]], Transformed]: ...
def jit(fun: Callable[..., Any] | None = None, *, deterministic: bool = False) -> Any:
    """The function itself, compiled. Arrays that it writes to are updated, as NumPy does.

    Float scalars are returned as NumPy scalars. ``deterministic``: as for `grad`; transforms of the result inherit it
    (``pb.hessian(pb.jit(f, deterministic=True))``).
    """
    if fun is None:
        return lambda f: Transformed(f, None, deterministic)
    return Transformed(fun, None, deterministic)


def vjp(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``(out, vjp_fn)``: the result at `primals`, and a function from a cotangent of the result to the
    tuple of cotangents of the primals.

    A cotangent has the structure and the shapes of the result; leaves of it that stand for integers or
    static values are ignored (None). With ``has_aux`` the function returns ``(out, aux)``, and so does
    vjp: ``(out, vjp_fn, aux)``. The primals are copied, so that `vjp_fn` is not changed by later writes
    to them; each call of it runs the forward sweep again.
    """
    pullback = extended(fun, Transform("vjp", tuple(range(len(primals))), has_aux=has_aux))
    pullback.check(primals, {})  # before the copies, which do not overlap
    primals = tree.map_leaves(_copy, primals)
    result = extended(fun)(tree.map_leaves(_copy, primals), {})
    out, aux = result if has_aux else (result, None)

    def vjp_fn(cotangent: Any) -> tuple[Any, ...]:
        cotangents: tuple[Any, ...] = pullback(primals, {}, (cotangent,))
        return cotangents

    return (out, vjp_fn, aux) if has_aux else (out, vjp_fn)


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``(out, tangent_out)``: the result at `primals` and its derivative in the direction `tangents`.

    Tangents have the structure and the shapes of the primals. Leaves of the result that are not floats
    have the tangent None.
    """
    primals, tangents = _pair(primals, tangents, "jvp")
    chain = Transform("jvp", tuple(range(len(primals))))
    out: tuple[Any, Any] = extended(fun, chain)(primals, {}, (tangents,))
    return out


def hvp(fun: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """The Hessian of a scalar function at `primals` times `tangents`, forward over reverse.

    ``primals`` and ``tangents`` are tuples, one element for each argument; the result is a tuple too
    when there are several arguments, and the one product when there is one.
    """
    primals, tangents = _pair(primals, tangents, "hvp")
    wrt = tuple(range(len(primals)))
    product = extended(fun, Transform("grad", wrt, single=len(wrt) == 1), Transform("jvp", wrt, value=False))
    return product(primals, {}, (tangents,))


def stop_gradient(x: T) -> T:
    """A copy of `x`, an array, a number or a container of them; what is differentiated sees a constant.

    It shares no memory with `x`, compiled or not: what is written to one of them does not reach the other.
    """
    copied: T = tree.map_leaves(lambda v: v.copy() if isinstance(v, np.ndarray) else v, x)
    return copied


def _transform_handler(obj: Any) -> Any:
    """The frontend's handler of a callable of ours."""
    from . import nested

    return nested.match(obj)


paths.TRANSFORMS.append(_transform_handler)


# -- helpers -----------------------------------------------------------------------------------------
@functools.lru_cache(maxsize=1024)
def _shared_dispatcher(parts: tuple[Identity, ...], chain: tuple[Transform, ...], deterministic: bool) -> Dispatcher:
    fn, *owner = (p.obj for p in parts)
    return Dispatcher(types.MethodType(fn, *owner) if owner else fn, chain, deterministic)


def dispatcher_of(fn: Callable[..., Any], chain: tuple[Transform, ...], deterministic: bool = False) -> Dispatcher:
    """The dispatcher of a function under a chain; one for each, so that ``grad(f)(x)`` compiles once.

    An object is the same as itself only, as an argument is; a bound method is made anew each time that it is read.
    """
    parts = (fn.__func__, fn.__self__) if isinstance(fn, types.MethodType) else (fn,)
    return _shared_dispatcher(tuple(map(Identity, parts)), chain, deterministic)


def _require_function(fun: Any) -> None:
    if not callable(fun):
        raise PullbackTypeError(f"expected a function, not {tree.describe(fun)}")
    if isinstance(fun, BoundTransformed) and not paths.is_transformed(fun.__func__):
        raise UnsupportedError(
            "the Jacobian of a method cannot be transformed further",
            hint="transform a function that calls it, as in lambda x: model.jac(x)",
        )


def _parts(fun: Any) -> tuple[Callable[..., Any], tuple[_Spec, ...], bool]:
    """The user's function, the transforms that have been applied to it, and whether it is deterministic."""
    _require_function(fun)
    if isinstance(fun, (BoundTransformed, types.MethodType)) and isinstance(fun.__func__, Transformed):
        base, chain, deterministic = _parts(fun.__func__)
        return types.MethodType(base, fun.__self__), tuple(s.bound() for s in chain), deterministic
    if not paths.is_transformed(fun):
        return fun, (), False
    return fun.__pullback_fn__, fun.__pullback_chain__, getattr(fun, "__pullback_deterministic__", False)


def extended(fun: Callable[..., Any], *more: Transform) -> Dispatcher:
    """The dispatcher of a function, transformed already or not, under further transforms."""
    base, specs, deterministic = _parts(fun)
    for spec in specs:
        if spec.positions is None:
            raise PullbackTypeError(
                f"{spec.kind} with argnames cannot be transformed further", hint="use argnums instead"
            )
    chain = (*(s.transform(s.positions) for s in specs), *more)
    return dispatcher_of(base, chain, deterministic)


def _pair(primals: Any, tangents: Any, what: str) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    for name, x in (("primals", primals), ("tangents", tangents)):
        if not isinstance(x, (tuple, list)):
            raise PullbackTypeError(
                f"{what}: {name} has to be a tuple with one element for each argument, not {tree.describe(x)}",
                hint=f"write ({name[:-1]},) for one argument",
            )
    if len(primals) != len(tangents):
        raise PullbackTypeError(f"{what}: {len(primals)} primals and {len(tangents)} tangents")
    return tuple(primals), tuple(tangents)


def _copy(x: Any) -> Any:
    return np.array(x) if isinstance(x, np.ndarray) and type(x) is np.ndarray else x


__all__ = [
    "Transformed",
    "grad",
    "hvp",
    "jit",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
