"""Classes that are defined in a function.

Such a class is a Python class, with what the decorators and base classes make of it. Its methods are functions of the
program: in the class stands a stub for each, which `Session.local_functions` tells what it stands for. What else its
body assigns are values of the program.
"""

from __future__ import annotations

import abc
import ast
import collections
import dataclasses
import enum
import functools
import types
import typing
from dataclasses import replace
from typing import Any

from ..errors import PullbackError, PullbackTypeError, PullbackValueError, UnsupportedError
from .builtin_calls import builtin
from .contexts import Contexts
from .control import Frame
from .values import DictValue, ListValue, UserFunction, is_static, to_python

_AT_MODULE_LEVEL = "define the class at module level"
_WRAPPERS = (property, staticmethod, classmethod, functools.cached_property, abc.abstractmethod)


def _stub() -> types.FunctionType:
    def method(*args: Any, **kwargs: Any) -> Any:
        raise TypeError("a method of a class in a differentiated function is called by Python")

    return method  # type: ignore[return-value]


def _annotation(node: ast.expr) -> Any:
    """What a dataclass has to know of an annotation."""
    text = ast.unparse(node)
    if "ClassVar" in text:
        return typing.ClassVar
    if "KW_ONLY" in text:
        return dataclasses.KW_ONLY
    return dataclasses.InitVar(object) if "InitVar" in text else object


class LocalClasses(Contexts):
    def statement(self, s: ast.stmt) -> None:
        raise NotImplementedError

    def do_ClassDef(self, s: ast.ClassDef) -> None:
        bases = [self._plain_class(self.eval(b)) for b in s.bases]
        metaclass = [self.eval(k.value) for k in s.keywords]
        if any(m is not abc.ABCMeta for m in metaclass):
            self.error(UnsupportedError, "a metaclass is not supported here", _AT_MODULE_LEVEL)
        frame = Frame(s.name, self.frame.file, parent=self.frame, cited=self.frame.cited)
        space: dict[str, Any] = {}
        annotations: dict[str, Any] = {}
        methods: list[UserFunction] = []
        for x in s.body:
            with self.b.at(self.location(x)):
                if isinstance(x, ast.FunctionDef):
                    space[x.name] = frame.env[x.name] = self._member(x, frame, methods)
                    continue
                with self.within(frame):
                    self._class_statement(x, annotations)
                space.update(frame.env)
        made = self._new_class(s, bases, metaclass, space, annotations)
        for m in methods:
            m.owner = made
        self.session.local_classes.add(made)
        for d in reversed(s.decorator_list):
            with self.b.at(self.location(d)):
                made = self._decorated(made, d)
        self.assign_name(s.name, made)

    def _plain_class(self, v: Any) -> Any:
        v = v.fn if isinstance(v, UserFunction) else v
        if v is not typing.NamedTuple and not isinstance(v, type):
            self.error(UnsupportedError, "this base class is not supported here", _AT_MODULE_LEVEL)
        if hasattr(v, "__init_subclass__") and isinstance(
            getattr(v.__init_subclass__, "__func__", None), types.FunctionType
        ):
            if v.__module__ not in ("enum", "typing"):
                message = f"{v.__name__} has an __init_subclass__, which is not supported here"
                self.error(UnsupportedError, message, _AT_MODULE_LEVEL)
        return v

    def _class_statement(self, x: ast.stmt, annotations: dict[str, Any]) -> None:
        if isinstance(x, ast.AnnAssign) and isinstance(x.target, ast.Name):
            annotations[x.target.id] = _annotation(x.annotation)
        if isinstance(x, (ast.Assign, ast.AnnAssign, ast.Pass)):
            self.statement(x)
        elif not (isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant)):
            message = "only assignments and functions are supported in the body of a class here"
            self.error(UnsupportedError, message, _AT_MODULE_LEVEL)

    def _member(self, x: ast.FunctionDef, frame: Frame, methods: list[UserFunction]) -> Any:
        """A method: a stub, within what its decorators make of it."""
        with self.within(frame):
            defaults = self.signature_defaults(x.args)
        value: Any = UserFunction(None, x.name, node=x, env=self.frame, defaults=defaults, loc=self.loc)
        for d in reversed(x.decorator_list):
            setter = isinstance(d, ast.Attribute) and d.attr == "setter" and isinstance(d.value, ast.Name)
            with self.within(frame):
                wrapper: Any = frame.env.get(d.value.id) if setter else self.eval(d)  # type: ignore[attr-defined]
            wrapper = wrapper.fn if isinstance(wrapper, UserFunction) and wrapper.fn in _WRAPPERS else wrapper
            if isinstance(wrapper, property):
                value = wrapper.setter(self._stub_of(value, methods))
            elif any(wrapper is w for w in _WRAPPERS):
                value = wrapper(self._stub_of(value, methods))
            else:
                value = self.call(wrapper, [value], {})
        return self._stub_of(value, methods) if isinstance(value, UserFunction) else value

    def _stub_of(self, value: Any, methods: list[UserFunction]) -> Any:
        if not isinstance(value, UserFunction):
            return value
        stub = _stub()
        stub.__name__ = value.name
        own = replace(value)
        methods.append(own)
        self.session.local_functions[stub] = own
        return stub

    def _new_class(self, s: ast.ClassDef, bases: list[Any], metaclass: list[Any], space: Any, annotations: Any) -> Any:
        try:
            if bases == [typing.NamedTuple]:
                return self._namedtuple(s.name, space, annotations)
            if any(issubclass(b, enum.Enum) for b in bases):
                return self._enum(s.name, bases, space)
            named = {"__module__": __name__, "__qualname__": f"<locals>.{s.name}", "__annotations__": annotations}
            options = {"metaclass": metaclass[0]} if metaclass else {}
            return types.new_class(s.name, tuple(bases), options, lambda ns: ns.update({**space, **named}))
        except PullbackError:
            raise
        except (TypeError, ValueError) as e:
            raise self.located(e) from None

    def _namedtuple(self, name: str, space: dict[str, Any], annotations: dict[str, Any]) -> Any:
        defaults = [space[f] for f in annotations if f in space]
        made: Any = collections.namedtuple(name, list(annotations), defaults=defaults)  # type: ignore[misc]
        made.__qualname__ = f"<locals>.{name}"
        for k, v in space.items():
            if k not in annotations:
                setattr(made, k, v)
        return made

    def _enum(self, name: str, bases: list[Any], space: dict[str, Any]) -> Any:
        if len(bases) > 1 or not all(map(is_static, space.values())) or any(map(callable, space.values())):
            self.error(
                UnsupportedError, "an Enum with methods or run-time values is not supported here", _AT_MODULE_LEVEL
            )
        made = bases[0](name, {k: to_python(v) for k, v in space.items()})
        made.__qualname__ = f"<locals>.{name}"
        return made

    def _decorated(self, made: Any, node: ast.expr) -> Any:
        fn, options = self.eval(node.func if isinstance(node, ast.Call) else node), {}
        if isinstance(node, ast.Call):
            options = {
                k.arg or "": self.static(self.eval(k.value), "an option of this decorator") for k in node.keywords
            }
        fn = fn.fn if isinstance(fn, UserFunction) else fn
        if fn is dataclasses.dataclass:
            if any(isinstance(v, (ListValue, DictValue)) for k, v in vars(made).items() if k in made.__annotations__):
                message = "a mutable default of a field of a dataclass"
                self.error(PullbackValueError, message, "use field(default_factory=...)")
            decorator: Any = dataclasses.dataclass(**options)
        elif fn is functools.total_ordering:
            decorator = fn
        else:
            self.error(UnsupportedError, "this decorator of a class is not supported here", _AT_MODULE_LEVEL)
        try:
            decorated = decorator(made)
        except (TypeError, ValueError) as e:
            raise self.located(e) from None
        self.session.local_classes.add(decorated)
        return decorated


@builtin(dataclasses.field, low=0, high=0)
def _field(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The values of the program are in it as they are."""
    kept = ("default", "default_factory")
    return dataclasses.field(**{k: v if k in kept else ctx.static(v, f"{k} of field") for k, v in kwargs.items()})


@builtin(enum.auto, low=0, high=0)
def _auto(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return enum.auto()


@builtin(collections.namedtuple, low=2, high=2)
def _namedtuple(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name, fields = (ctx.static(a, "an argument of namedtuple") for a in args)
    defaults = kwargs.pop("defaults", None)
    options = {k: ctx.static(v, f"{k} of namedtuple") for k, v in kwargs.items()}
    given = () if defaults is None else tuple(ctx.items_of(defaults))
    key = (name, tuple(fields), given, tuple(options.items()))
    if key not in ctx.session.generators:
        try:
            made: Any = collections.namedtuple(name, fields, defaults=given, **options)  # type: ignore[misc]
        except ValueError as e:
            ctx.error(PullbackValueError, str(e))
        except TypeError as e:
            ctx.error(PullbackTypeError, str(e))
        made.__qualname__ = f"<locals>.{name}"
        ctx.session.local_classes.add(made)
        ctx.session.generators[key] = made
    return ctx.session.generators[key]
