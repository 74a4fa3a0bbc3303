"""The table of NumPy, math and builtin functions, ndarray methods and attributes.

Every entry maps a Python callable (or a method name) to an *expansion*: a function of a `Context` and
the abstract arguments that emits IR and returns an abstract value. The expansion's own Python signature
binds the call, so its parameters are the ones the user may give:

    @numpy_function(np.sum, method="sum", static="axis dtype keepdims")
    def _sum(ctx, a, axis=None, dtype=None, out=None, keepdims=False): ...

Guarantees: a call that does not fit the signature is a located TypeError that shows the parameters; a
keyword of NumPy's that the expansion does not have is refused by name, unless its value changes
nothing; parameters listed in ``static`` reach the expansion as plain Python objects; with ``fold`` a call
whose arguments are all known is evaluated by the function itself at compile time.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from ..errors import PullbackTypeError, UnsupportedError
from ..ir.dims import Dim
from .context import describe
from .values import NUMBERS, Array, is_static, to_python

if TYPE_CHECKING:
    from .context import Context

Expansion = Callable[..., Any]

# Keywords that many NumPy functions share, and the values of them that change no result.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "where": (True,),
    "casting": ("same_kind",),
    "order": (None, "C", "K", "A"),
    "subok": (True, False),
    "signature": (None,),
    "like": (None,),
    "device": (None, "cpu"),
}
_HINTS = {
    "where": "select with np.where(condition, a, b) before or after the operation",
    "initial": "combine with np.maximum, np.minimum, + or * afterwards",
}
_OF_TWO = {
    **dict.fromkeys(("np.max", "np.amax", "ndarray.max"), "np.maximum"),
    **dict.fromkeys(("np.min", "np.amin", "ndarray.min"), "np.minimum"),
    **dict.fromkeys(("np.sum", "ndarray.sum"), "np.add"),
}


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One callable of the table. Called as ``entry(ctx, args, kwargs)``."""

    name: str  # as the user writes it: "np.sum", "ndarray.sum"
    expand: Expansion
    signature: inspect.Signature
    static: frozenset[str]
    fold: Callable[..., Any] | None = None

    def __call__(self, ctx: Context, args: list[Any], kwargs: dict[str, Any]) -> Any:
        kwargs = self._without_neutral(ctx, kwargs)
        if self.fold is not None and all(map(is_static, [*args, *kwargs.values()])):
            folded = _evaluate(self.fold, [*map(to_python, args)], {k: to_python(v) for k, v in kwargs.items()})
            if folded is not None:
                return folded
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as e:
            ctx.error(PullbackTypeError, f"{self.name}(): {e}", f"the parameters are {self.name}{self.signature}")
        axis = bound.arguments.get("axis")
        if isinstance(axis, (Array, float, np.floating)) and not (isinstance(axis, Array) and ctx.type(axis).is_int):
            given = describe(axis)
            ctx.error(PullbackTypeError, f"{self.name}: axis has to be an integer, not {given}", self._axis_hint())
        for parameter in self.static & bound.arguments.keys():
            bound.arguments[parameter] = ctx.static(bound.arguments[parameter], f"{parameter} of {self.name}")
        return self.expand(ctx, *bound.args, **bound.kwargs)

    def _axis_hint(self) -> str:
        of_two = _OF_TWO.get(self.name)
        of_one = f"{self.name} takes one array, and the second argument is axis"
        return f"{of_one}: of two arrays, {of_two}(a, b)" if of_two else of_one

    def _without_neutral(self, ctx: Context, kwargs: dict[str, Any]) -> dict[str, Any]:
        kept = {}
        for key, value in kwargs.items():
            if key in self.signature.parameters or (key not in _NEUTRAL and key not in _HINTS):
                kept[key] = value
            elif not any(value is v or (isinstance(v, str) and value == v) for v in _NEUTRAL.get(key, ())):
                hint = _HINTS.get(key, f"leave {key!r} out")
                ctx.error(UnsupportedError, f"{self.name}: the argument {key!r} is not supported", hint)
        return kept


FUNCTIONS: dict[Any, Entry] = {}
METHODS: dict[str, Entry] = {}
ATTRIBUTES: dict[str, Callable[[Any, Any], Any]] = {}


def _evaluate(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The number, dtype or tuple of them that the call gives; None where it gives something else, or raises
    (it is then left to raise where it is reached)."""
    try:
        with np.errstate(all="ignore"):
            result = function(*args, **kwargs)
    except Exception:
        return None
    parts = result if type(result) is tuple else (result,)
    return result if all(isinstance(p, (*NUMBERS, np.dtype)) for p in parts) else None


def _signature(expand: Expansion) -> inspect.Signature:
    _ctx, *rest = inspect.signature(expand).parameters.values()
    return inspect.Signature([p.replace(annotation=inspect.Parameter.empty) for p in rest])


def numpy_function(
    *functions: Any, method: str | Iterable[str] = (), static: str = "", fold: bool = False
) -> Callable[[Expansion], Expansion]:
    """Enter an expansion for the functions, and as the ndarray methods named."""

    def enter(expand: Expansion) -> Expansion:
        signature, names = _signature(expand), frozenset(static.split())
        for function in functions:
            entry = Entry(name_of(function), expand, signature, names, function if fold else None)
            assert FUNCTIONS.setdefault(function, entry) is entry, entry.name
        for name in _names(method):
            entry = Entry(f"ndarray.{name}", expand, signature, names)
            assert METHODS.setdefault(name, entry) is entry, entry.name
        return expand

    return enter


def composed(*functions: Any, static: str = "", method: str | Iterable[str] = ()) -> Callable[[Expansion], Expansion]:
    """Enter a definition that is written in the language itself, with NumPy's own signature, for the functions and as
    the ndarray methods named: the frontend inlines it at every call, so that one definition gives the value, the
    derivative and the code."""

    def enter(definition: Expansion) -> Expansion:
        def expand(ctx: Context, *args: Any, **kwargs: Any) -> Any:
            return ctx.call(definition, list(args), kwargs)

        plain = inspect.Parameter.empty
        parameters = [p.replace(annotation=plain) for p in inspect.signature(definition).parameters.values()]
        signature = inspect.Signature(parameters)
        for function in functions:
            entry = Entry(name_of(function), expand, signature, frozenset(static.split()))
            assert FUNCTIONS.setdefault(function, entry) is entry, entry.name
        for name in _names(method):
            entry = Entry(f"ndarray.{name}", expand, signature, frozenset(static.split()))
            assert METHODS.setdefault(name, entry) is entry, entry.name
        return definition

    return enter


def _names(method: str | Iterable[str]) -> list[str]:
    return [method] if isinstance(method, str) else list(method)


def array_method(*names: str, static: str = "") -> Callable[[Expansion], Expansion]:
    """Enter an expansion for ndarray methods only; the array is the first argument."""
    return numpy_function(method=names, static=static)


def array_attribute(*names: str) -> Callable[[Expansion], Expansion]:
    """Enter ``f(ctx, array)`` as the meaning of ndarray attributes."""

    def enter(expand: Expansion) -> Expansion:
        for name in names:
            assert ATTRIBUTES.setdefault(name, expand) is expand, name
        return expand

    return enter


_ALIASES = {"numpy": "np", "builtins": ""}


def name_of(function: Any) -> str:
    """The name under which a user knows a function: ``np.linalg.norm``, ``math.exp``, ``abs``."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", str(function))
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    if isinstance(function, np.ufunc):
        return f"np.{name}" if getattr(np, name, None) is function else f"scipy.special.{name}"
    module = getattr(function, "__module__", None) or type(owner).__module__
    head, *rest = [part for part in module.split(".") if not part.startswith("_")] or ["numpy"]
    if head == "numpy" and rest and rest[0] not in ("linalg", "random", "fft", "ma", "polynomial"):
        rest = []
    if head == "scipy":
        rest = rest[:1]
        of = getattr(owner, "name", None)  # of a distribution
        if rest == ["stats"] and isinstance(of, str):
            return f"scipy.stats.{of}.{name}"
    return ".".join([part for part in [_ALIASES.get(head, head), *rest[:1], name] if part])


def is_numerical(function: Any) -> bool:
    """Whether a callable belongs to NumPy, SciPy or math: refused when the table has no entry for it."""
    if (
        function is complex
        or isinstance(function, np.ufunc)
        or isinstance(getattr(function, "__self__", None), np.ufunc)
    ):
        return True
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
    return str(module).split(".")[0] in ("numpy", "scipy", "math", "cmath", "random")


_LAYOUT = "how an array lies in memory is not part of the program: decide it outside, and pass the answer in"
_WAYS_OUT = {
    "complex": "keep real and imaginary parts as two real values",
    "np.nditer": "loop over x.ravel(), or over np.ndindex(x.shape)",
    "np.frompyfunc": "use np.vectorize(f, otypes=[float])",
    "np.as_strided": "use np.lib.stride_tricks.sliding_window_view, or index with an array of integers",
    "ndarray.view": "x.astype(dtype) converts the numbers, and x[...] is a view of the same dtype",
    "ndarray.resize": "make an array of the new size, and copy: new = np.zeros(n); new[:x.size] = x.ravel()",
    **dict.fromkeys((f"ndarray.{name}" for name in ("strides", "flags", "base", "data", "ctypes")), _LAYOUT),
}


def _refusal_hint(name: str) -> str:
    if name in _WAYS_OUT:
        return _WAYS_OUT[name]
    if name.startswith(("np.fft.", "scipy.fft.")):
        return "its results are complex: multiply by matrices of cosines and sines, or give custom_vjp"
    if ".random." in name or name.startswith("random."):
        return "draw the numbers outside, and pass them in as an argument"
    known = {e.name.rpartition(".")[2]: e.name for e in FUNCTIONS.values()}
    close = difflib.get_close_matches(name.rpartition(".")[2], sorted(known), 1, 0.7)
    if close:
        return f"the nearest supported function is {known[close[0]]}; see docs/numpy.md for the list"
    return "give its derivative with pullback.custom_vjp; docs/numpy.md lists what is supported"


# what gives the same for the same numbers, and changes nothing
_PURE = (
    "numpy.polynomial",
    "numpy.fft",
    "scipy.special",
    "scipy.linalg",
    "scipy.signal",
    "scipy.fft",
    "scipy.integrate",
)
_OF_DISTRIBUTIONS = {
    "pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "mean", "median", "std", "var",
    "entropy", "interval",
}  # fmt: skip


def _is_pure(function: Any) -> bool:
    if isinstance(function, np.ufunc) or function in (np.kaiser, np.poly, np.roots, np.i0):
        return True
    module = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
    if str(module).startswith("scipy.stats"):
        return hasattr(function, "__self__") and getattr(function, "__name__", None) in _OF_DISTRIBUTIONS
    return str(module).startswith(_PURE) and not isinstance(function, type)


def of_constants(function: Any) -> Callable[[Context, list[Any], dict[str, Any]], Any]:
    """A handler for a function without an entry: where it gives the same numbers for the same arguments, and these are
    all constants, it is called while the program is built (nodes of a quadrature, coefficients of a filter); else it is
    refused."""
    refuse = refusal(name_of(function))
    if not _is_pure(function):
        return refuse

    def handle(ctx: Context, args: list[Any], kwargs: dict[str, Any]) -> Any:
        given = [*args, *kwargs.values()]
        if all(isinstance(v, Dim) or is_static(v) for v in given):
            positional = [ctx.static(v, f"an argument of {name_of(function)}") for v in args]
            named = {k: ctx.static(v, k) for k, v in kwargs.items()}
            if all(_is_plain(v) for v in [*positional, *named.values()]):
                with np.errstate(all="ignore"):
                    try:
                        result = function(*positional, **named)
                    except Exception:  # refused as it is; Python tells why
                        result = None
                if _is_plain(result, of_arrays=True):
                    return _embedded(ctx, result)
        return refuse(ctx, args, kwargs)

    return handle


def _is_plain(v: Any, of_arrays: bool = False) -> bool:
    """Whether it is made of numbers; of arguments also of texts and None, of results also of arrays."""
    if type(v) in (tuple, list):
        return all(_is_plain(x, of_arrays) for x in v)
    if of_arrays:
        return isinstance(v, NUMBERS) or (type(v) is np.ndarray and v.dtype.kind in "fib")
    return v is None or isinstance(v, (*NUMBERS, str))


def _embedded(ctx: Context, v: Any) -> Any:
    if isinstance(v, tuple):
        return tuple(_embedded(ctx, x) for x in v)
    if isinstance(v, list):
        return ctx.call(list, [tuple(_embedded(ctx, x) for x in v)], {})
    if isinstance(v, np.ndarray):
        return ctx.wrap(ctx.b.emit("copy", ctx.constant_array(v)))
    return v


def refusal(name: str) -> Callable[[Context, list[Any], dict[str, Any]], Any]:
    """A handler that refuses the call by name, with the nearest name that is supported."""

    def refuse(ctx: Context, args: list[Any], kwargs: dict[str, Any]) -> Any:
        ctx.error(UnsupportedError, f"{name} is not supported", _refusal_hint(name))

    return refuse
