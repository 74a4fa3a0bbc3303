"""Calls: user functions are built in place, NumPy's go to the table, builtins are here.

A call of a user function is built inside the caller (inlined) with its own frame. When a function is
called again with the same types while it is being built, it is recursive and becomes an IR function of
its own (see `recursion.py`).
"""

from __future__ import annotations

import ast
import copy
import enum
import functools
import inspect
import math
import operator
import sys
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from ..errors import NeedsStatic, PullbackAttributeError, PullbackError, PullbackTypeError, UnsupportedError
from ..paths import of_named, of_value, unwrap
from . import fence, sequences_library, statistics_library
from .alternatives import is_alternative, one_of
from .capture import Source, bind, is_library, parameters, source_of
from .context import DeadCode, closest, describe
from .control import Frame
from .liveness import EMPTY, Names, analyse, binds, is_generator, nonlocals, reads
from .objects import Objects, class_of
from .values import (
    ITERATORS,
    UNDEFINED,
    Array,
    BoundMethod,
    Conflict,
    DictValue,
    ListValue,
    ManagerValue,
    Maybe,
    Opaque,
    RangeValue,
    RecordValue,
    StackedItems,
    SuperValue,
    UserFunction,
    Yielding,
    is_number,
    is_scalar,
    is_static,
)

MAX_DEPTH = 150


# modules whose functions change only with the version of Python, NumPy or pullback
_VERSIONED = {*sys.stdlib_module_names, "numpy", "pullback"} - {"__main__"}
_MODULES = (
    "containers_library", "grouped_library", "sequences_library", "statistics_library", "steps_library",
    "numpy_library", "numpy_compositions", "numpy_polynomials", "scipy_functions", "scipy_linalg",
    "scipy_incomplete",
)  # fmt: skip
_LIBRARY = frozenset({"pullback.jacobian_library", *(f"{__package__}.{name}" for name in _MODULES)})


_IN_PLACE_OF = {**sequences_library.IN_PLACE_OF, **statistics_library.IN_PLACE_OF}
_READERS = (len, sum, min, max, any, all, sorted)  # builtins that look at what they are given, and do not keep it
_OF_ARRAYS = (  # not of the numbers in arrays without axes
    isinstance, type, setattr, print, copy.copy, copy.deepcopy, np.asarray, np.asanyarray, np.copyto, np.ravel,
    np.squeeze, np.reshape, np.atleast_1d, np.atleast_2d, np.expand_dims, np.broadcast_to, np.shares_memory,
    np.may_share_memory,
)  # fmt: skip
_OF_ALL_ITEMS = (math.prod, math.fsum, functools.reduce, set, frozenset, np.fromiter)  # of what they go through
_PLACES = (ast.Subscript, ast.Attribute, ast.IfExp)  # expressions for one of several objects
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
# the methods that builtins look for in the class of their argument, in this order
_SPECIAL_METHODS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (abs, ("__abs__",)), (round, ("__round__",)), (divmod, ("__divmod__",)), (reversed, ("__reversed__",)),
    (float, ("__float__",)), (int, ("__int__", "__index__", "__trunc__")), (pow, ("__pow__",)), (str, ("__str__",)),
    (math.floor, ("__floor__",)), (math.ceil, ("__ceil__",)), (math.trunc, ("__trunc__",)),
)  # fmt: skip


@contextmanager
def _nothing() -> Iterator[None]:
    yield


_MANAGER = _nothing.__code__  # of every function that `contextlib.contextmanager` makes


class Calls(Objects):
    # -- NumPy --------------------------------------------------------------------------------
    def numpy(self, function: Any, args: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
        """Call a function of the NumPy table."""
        from . import numpy_calls

        handler = numpy_calls.lookup(function)
        assert handler is not None, function
        return self.handle(handler, args, kwargs or {})

    def indexed(self, owner: Any) -> Any:
        from . import numpy_calls

        return numpy_calls.indexed(owner)

    def handle(self, handler: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        try:
            return handler(self, args, kwargs)
        except (PullbackError, DeadCode):
            raise
        except (TypeError, ValueError, IndexError, NotImplementedError) as e:
            raise self.located(e) from e

    # -- attributes ---------------------------------------------------------------------------
    def attribute(self, owner: Any, name: str) -> Any:
        """``owner.name``."""
        from . import numpy_calls

        owner = self.present(owner)
        if name == "__getitem__" and isinstance(owner, (Array, ListValue, DictValue, tuple)):
            return functools.partial(operator.getitem, owner)
        if isinstance(owner, RangeValue) and name in ("start", "stop", "step"):
            return getattr(owner, name)
        if is_alternative(owner):
            named = name == "__name__"
            has = lambda c: isinstance(c, enum.Enum) or (named and (isinstance(c, UserFunction) or callable(c)))
            return one_of(self, owner, lambda c: self.attribute(c, name), has, f"what has the attribute {name!r}")
        if (
            isinstance(owner, Array)
            or (is_scalar(owner) and not isinstance(owner, (bool, int)))
            or isinstance(owner, np.ndarray)
        ):
            if isinstance(owner, np.ndarray):
                owner = self.wrap(self.constant_array(owner))
            handler = numpy_calls.attribute(name)
            if handler is not None:
                try:
                    return handler(self, owner)
                except (TypeError, ValueError, IndexError) as e:
                    if isinstance(e, PullbackError):
                        raise
                    raise self.located(e) from e
            if numpy_calls.method(name) is not None:
                return BoundMethod(owner, name)
            kind = "an array" if isinstance(owner, Array) else "a number"
            self.error(
                UnsupportedError if hasattr(np.ndarray, name) else PullbackAttributeError,
                f"{kind} has no attribute {name!r} here",
                closest(name, dir(np.ndarray)) or "see docs/numpy.md for the supported methods",
            )
        if isinstance(owner, types.ModuleType):
            return self.module_attribute(owner, name)
        if isinstance(owner, RecordValue):
            return self.record_attribute(owner, name)
        if isinstance(owner, SuperValue):
            return self.inherited_attribute(owner, name)
        if isinstance(owner, (ListValue, DictValue, tuple, str)):
            python = {ListValue: list, DictValue: dict}.get(type(owner), type(owner))
            if self.is_of_subclass(owner, name):
                return self.subclass_attribute(owner, name)
            if not hasattr(python, name):
                self.error(
                    PullbackAttributeError,
                    f"{python.__name__!r} object has no attribute {name!r}",
                    closest(name, dir(python)),
                )
            return BoundMethod(owner, name)
        if isinstance(owner, Opaque):
            return self.object_attribute(owner, name)
        if isinstance(owner, UserFunction) and name == "__name__":
            return owner.name
        if isinstance(owner, UserFunction) and owner.fn is not None and name in vars(owner.fn):
            place = (owner.path or of_value(owner.fn)).attribute(name)
            return self.capture_object(vars(owner.fn)[name], place, name)
        if is_static(owner):
            if isinstance(owner, frozenset) and not hasattr(owner, name) and hasattr(set, name):
                self.refuse_changed_set()
            if not hasattr(owner, name):
                message = f"{describe(owner)} has no attribute {name!r}"
                self.error(PullbackAttributeError, message, closest(name, dir(owner)))
            value = getattr(owner, name)
            if isinstance(owner, type) and owner in self.session.local_classes:
                return self.of_local_class(owner, name, value)
            if isinstance(owner, type):
                path = of_named(owner) or of_value(owner)
                return self.capture_object(value, path.attribute(name), name)
            if inspect.isfunction(value):
                return self.named_function(value, name)
            return value
        self.error(UnsupportedError, f"{describe(owner)} has no attribute {name!r}")

    def refuse_changed_set(self) -> NoReturn:
        """A set that is a constant is changed: the sets of the program have to be objects, those from outside stay."""
        self.session.needs_sets = True
        message = "a set that was made outside of the function changes"
        self.error(NeedsStatic, message, "change a copy of it, as in set(items)")

    # -- dispatch -----------------------------------------------------------------------------
    def eval_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, _PLACES):
            name = node.func.attr
            owners = self.candidates(node.func.value)
            if len(owners) > 1 and name in ("keys", "values", "items") and not (node.args or node.keywords):
                if all(isinstance(x, DictValue) and x.default is None for _, x in owners):
                    return self.view_of_one(owners, name)
            if len(owners) > 1:
                args, kwargs = self._arguments(node)
                return self.for_candidates(owners, lambda x: self.call(self.attribute(x, name), args, kwargs))
            with self.b.at(self.location(node.func)):
                fn = self.attribute(owners[0][1], name)
        else:
            fn = self.eval(node.func)
        if any(fn is f for f in _READERS) and len(node.args) == 1 and isinstance(node.args[0], ast.Subscript):
            args, kwargs = self._arguments(ast.Call(node.func, [], node.keywords))
            return self.for_candidates(self.candidates(node.args[0]), lambda x: self.call(fn, [x, *args], kwargs))
        unzips = fn is zip and len(node.args) == 1 and isinstance(node.args[0], ast.Starred)
        args, kwargs = self._arguments(node, unzips)
        if unzips and len(args) == 1 and isinstance(args[0], StackedItems):
            return self.columns_of(args[0])
        frame = self.frame
        # what the table or a builtin holds while it calls back has no name
        outer, frame.call = frame.call, node if isinstance(fn, UserFunction) else None
        try:
            return self.call(fn, args, kwargs)
        finally:
            frame.call = outer

    def _arguments(self, node: ast.Call, unzips: bool = False) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call. `unzips`: what follows ``*`` stays whole where it is a list of run-time length."""
        args: list[Any] = []
        for a in node.args:
            if isinstance(a, ast.Starred):
                value = self.as_stacked(self.eval(a.value))
                args.extend([value] if unzips and isinstance(value, StackedItems) else self.items_of(value))
            else:
                args.append(self.eval(a))
        kwargs: dict[str, Any] = {}
        for k in node.keywords:
            value = self.eval(k.value)
            if k.arg is None and not isinstance(value, DictValue):
                self.error(PullbackTypeError, f"the argument after ** must be a dict, not {describe(value)}")
            for name, x in value.items.items() if k.arg is None else [(k.arg, value)]:
                if not isinstance(name, str):
                    self.error(PullbackTypeError, f"keywords must be texts, not {describe(name)}")
                if name in kwargs:
                    self.error(PullbackTypeError, f"got multiple values for the keyword argument {name!r}")
                kwargs[name] = x
        return args, kwargs

    def call(self, fn: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        from . import (  # noqa: F401
            builtin_calls,
            container_methods,
            functional_calls,
            grouped_calls,
            numpy_calls,
            object_calls,
            ordering_calls,
        )

        fn = self.present(fn)
        if is_alternative(fn):
            callables = lambda c: isinstance(c, UserFunction) or callable(c)
            return one_of(self, fn, lambda f: self.call(f, args, kwargs), callables, "the function called")
        plain = fn.fn if isinstance(fn, UserFunction) else fn
        if isinstance(plain, _FUNCTIONS) and plain in _IN_PLACE_OF:
            fn = self.named_function(_IN_PLACE_OF[plain], plain.__name__)
        if isinstance(fn, UserFunction):
            handler = None if fn.fn is None else numpy_calls.lookup(fn.fn) or builtin_calls.BUILTINS.get(fn.fn)
            if handler is None:
                return self.call_user(fn, args, kwargs)
        if isinstance(fn, functools.partial):
            return self.call(self._plain(fn.func), [*fn.args, *args], {**fn.keywords, **kwargs})
        if fn in (isinstance, type) and any(isinstance(a, Maybe) for a in args):
            self.error(NeedsStatic, f"the type of {describe(args[0])} is known only at run time", "compare with None")
        if not (isinstance(fn, BoundMethod) and isinstance(fn.owner, (ListValue, DictValue))):
            args, kwargs = [self.present(a) for a in args], {k: self.present(v) for k, v in kwargs.items()}
        if isinstance(fn, UserFunction):
            return self.handle(handler, args, kwargs)
        if isinstance(fn, BoundMethod):
            return container_methods.call_method(self, fn, args, kwargs)
        if isinstance(fn, Opaque) and isinstance(fn.obj, np.vectorize):
            made = builtin_calls.vectorized_function(self, self.attribute(fn, "pyfunc"), self.attribute(fn, "otypes"))
            return self.call(made, args, kwargs)
        if isinstance(fn, (Opaque, RecordValue)):
            return self.call(self.attribute(fn, "__call__"), args, kwargs)
        if fn is super:
            return self.super_value(args)
        special = self._special_method(fn, args)
        if special is not None:
            return self.call(special, args[1:], kwargs)
        handler = self.transform_of(fn) if callable(fn) else None
        if handler is not None:
            return self.handle(handler, args, kwargs)
        if any(fn is f for f in _OF_ALL_ITEMS):
            args = [self.listed_steps(a) if self.is_stepwise(a) else a for a in args]
        if self.session.has_rank_0 and not isinstance(fn, np.ufunc) and not any(fn is f for f in _OF_ARRAYS):
            args = [self.number_of(a) for a in args]
        try:
            builtin = builtin_calls.BUILTINS.get(fn)
        except TypeError:
            builtin = None
        if builtin is not None:
            result = self.handle(builtin, args, kwargs)
            if result is not NotImplemented:
                return result
        args = [self.as_stacked(a) for a in args]
        if callable(fn) and not isinstance(fn, types.FunctionType):
            handler = numpy_calls.lookup(fn)
            if handler is not None:
                return self.handle(handler, args, kwargs)
        if isinstance(fn, types.FunctionType) or isinstance(unwrap(fn), types.FunctionType):
            handler = numpy_calls.lookup(fn)
            if handler is not None:
                return self.handle(handler, args, kwargs)
            return self.call_user(self.named_function(fn, fn.__name__), args, kwargs)
        if isinstance(fn, type):
            return self.construct(fn, args, kwargs)
        if isinstance(fn, (operator.itemgetter, operator.attrgetter)) and len(args) == 1:
            return functional_calls.call_getter(self, fn, args[0])
        if callable(fn):
            self.error(
                UnsupportedError,
                f"{describe(fn)} is not supported: it is neither NumPy's nor has Python source",
                "call it outside and pass the result in, give its derivative with pullback.custom_vjp, or write it in "
                "Python and NumPy",
            )
        self.error(PullbackTypeError, f"{describe(fn)} is not callable")

    def _special_method(self, fn: Any, args: list[Any]) -> Any:
        """The method of the first argument's class that a builtin calls; None where it has none."""
        cls = class_of(args[0]) if args and isinstance(args[0], (RecordValue, Opaque)) else None
        names = () if cls is None else next((ns for f, ns in _SPECIAL_METHODS if fn is f), ())
        for name in names:
            if isinstance(inspect.getattr_static(cls, name, None), types.FunctionType):
                return self.attribute(args[0], name)
        return None

    def _plain(self, fn: Any) -> Any:
        return self.named_function(fn, fn.__name__) if isinstance(fn, types.FunctionType) else fn

    # -- user functions -----------------------------------------------------------------------
    @contextmanager
    def within(self, frame: Frame) -> Iterator[Frame]:
        """Build in a frame."""
        depth = len(self.frames)
        self.frames.append(frame)
        try:
            yield frame
        finally:
            del self.frames[depth:]

    def nested_frame(self, name: str, local: Names) -> AbstractContextManager[Frame]:
        """A frame that sees the names of the current one (a comprehension)."""
        return self.within(Frame(name, self.frame.file, parent=self.frame, locals=local, cited=self.frame.cited))

    def call_user(self, fn: UserFunction, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function of the user's."""
        args = [*fn.bound, *args]
        kwargs = {**fn.bound_kwargs, **kwargs}
        call_loc = self.loc
        manager = self.managing(fn)
        if manager is not None:
            return ManagerValue(manager, args, kwargs)
        source, defaults, parent = self.function_source(fn)
        env = bind(fn.name, parameters(source.node, defaults), args, kwargs, call_loc, DictValue)
        if is_generator(source.node):
            return Yielding(fn, source, parent, env)
        if not fn.cached or not all(map(is_number, env.values())):
            return self.invoke(fn, source, parent, env)
        # what `functools.cache` keeps: numbers that are known at compile time
        key = (fn.fn, *((n, type(v), v) for n, v in env.items()))
        if key not in self.session.kept:
            result = self.invoke(fn, source, parent, env)
            if not is_number(result):
                return result
            self.session.kept[key] = result
        return self.session.kept[key]

    def managing(self, fn: UserFunction) -> UserFunction | None:
        """The generator function behind one that `contextlib.contextmanager` made; None of any other."""
        if fn.manages:
            return replace(fn, bound=(), bound_kwargs={})
        if getattr(fn.fn, "__code__", None) is not _MANAGER:
            return None
        path = fn.path and fn.path.attribute("__wrapped__")
        if path is not None:
            self.session.guard_function(path, fn.fn.__wrapped__, fn.name)
        return UserFunction(fn.fn.__wrapped__, fn.name, path=path)

    def invoke(self, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]) -> Any:
        """Build the body of a function whose arguments are bound."""
        if len(self.frames) > MAX_DEPTH:
            self.error(
                UnsupportedError,
                f"{fn.name} calls itself more than {MAX_DEPTH} times at compile time",
                "recurse on run-time values, or use a loop",
            )
        return self.inline(fn, source, parent, env)

    def inline(self, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]) -> Any:
        call_loc = self.loc
        depth = len(self.frames)
        self.frames.append(self.make_frame(fn, source, parent, env))
        try:
            return self.run_body(source)
        except PullbackError as e:
            if e.loc is not None and is_library(e.loc.file) and not is_library(call_loc.file):
                # the user cannot change that file: show the call
                e.message = f"{fn.name} is not supported: {e.message} (at {e.loc})"
                e.loc = call_loc
                e.hint = (
                    "call it outside and pass the result in, give its derivative with pullback.custom_vjp, or write it "
                    "in Python and NumPy"
                )
            note = f" (in {fn.name}, called at {call_loc})"
            if (
                depth > 1
                and e.loc is not None
                and e.loc != call_loc
                and note not in e.message
                and e.message.count("called at") < 3
            ):
                e.message += note
            raise
        finally:
            del self.frames[depth:]

    def make_frame(self, fn: UserFunction, source: Source, parent: Frame | None, env: dict[str, Any]) -> Frame:
        node = source.node
        if isinstance(node, ast.Lambda):
            local, live = frozenset(env), None
        else:
            local = frozenset(env).union(*(binds(s) for s in node.body))
            live = _liveness(node)
            rebound = nonlocals(node)
            local -= rebound.here
        frame = Frame(fn.name, source.file, fn.fn, parent, local, env=dict(env), path=fn.path)
        frame.first = next(iter(env.values()), None)
        frame.owner = fn.owner
        if not isinstance(node, ast.Lambda):
            frame.outer_names = rebound.here
            frame.boxes = {name: ListValue([frame.env.pop(name, UNDEFINED)]) for name in rebound.inside & local}
        if live is not None:
            frame.live = live
        frame.node = node
        for name, value in frame.env.items():
            if isinstance(value, ITERATORS) and name not in frame.read_once and name in reads(node):
                message = f"{fn.name} reads the iterator {name} more than once, and finds it empty then"
                self.error(UnsupportedError, message, "pass a list: list(...)")
        if fn.fn is not None and fn.fn.__module__ in _LIBRARY:
            frame.cited = self.loc
        return frame

    def run_body(self, source: Source) -> Any:
        """Run the body of the function in the current frame; the returned abstract value."""
        node = source.node
        if isinstance(node, ast.Lambda):
            return self.eval(node.body)
        with self.living(EMPTY, EMPTY):
            self.block(node.body)  # type: ignore[attr-defined]
        returned = self.env.get("$return", False)
        if returned is False:
            return None
        value = self.env.get("$value")
        if returned is not True and value is not None:
            if isinstance(value, Conflict):
                return value
            if isinstance(value, Maybe):
                return Maybe(value.value, self.emit("logical_and", returned, value.bound), None)
            return Maybe(value, returned, None)
        return value

    def function_source(self, fn: UserFunction) -> tuple[Source, dict[str, Any], Frame | None]:
        """The syntax tree of a function, its defaults, and the frame it was defined in."""
        if fn.node is not None:
            return Source(fn.node, fn.env.file, fn.name), dict(fn.defaults), fn.env
        source = source_of(fn.fn, self.loc)
        fence.check_body(source.node, source.file)
        python = fn.fn
        path = fn.path or of_value(python)
        known = (python.__module__ or "").split(".")[0] in _VERSIONED
        if path.root.role == "value" and not known:
            self.session.unplaced.append(fn.name)
        defaults = {}
        positional = [*source.node.args.posonlyargs, *source.node.args.args]
        values = python.__defaults__ or ()
        for k, a in zip(range(1, len(values) + 1), reversed(positional), strict=False):
            # counted from the end, where a default stays with its parameter
            defaults[a.arg] = self.capture_object(values[-k], path.then("default", -k), a.arg)
        for name, value in (python.__kwdefaults__ or {}).items():
            defaults[name] = self.capture_object(value, path.then("keyword default", name), name)
        return source, defaults, None


@functools.lru_cache(maxsize=256)
def _liveness(node: ast.FunctionDef) -> Any:
    return analyse(node.body)
