"""Objects of the user's classes: how they are made, their attributes, and what operators mean for them.

An object made in the program is a `RecordValue`: a class and the values of its attributes. A NamedTuple or a dataclass
is made from its fields (with ``__post_init__``), any other class by its ``__init__``. What is done by code that
cannot be read (a metaclass, ``__new__``, ``__setattr__``, a base class written in C) is refused.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import inspect
import operator
import types
import typing
from typing import Any

import numpy as np

from ..errors import PullbackAttributeError, PullbackTypeError, UnsupportedError
from ..ir.nodes import Const
from ..paths import of_named, of_value
from . import numpy_library
from .capture import Parameters, bind
from .containers_library import STANDARD
from .context import closest, describe
from .globals import Globals
from .grouped_library import group
from .values import (
    ARGUMENT,
    Array,
    BoundMethod,
    DictValue,
    ListValue,
    Opaque,
    RecordValue,
    SuperValue,
    is_namedtuple,
    is_number,
    is_scalar,
)

_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("__add__", "__radd__"),
    ast.Sub: ("__sub__", "__rsub__"),
    ast.Mult: ("__mul__", "__rmul__"),
    ast.Div: ("__truediv__", "__rtruediv__"),
    ast.FloorDiv: ("__floordiv__", "__rfloordiv__"),
    ast.Mod: ("__mod__", "__rmod__"),
    ast.Pow: ("__pow__", "__rpow__"),
    ast.MatMult: ("__matmul__", "__rmatmul__"),
    ast.BitAnd: ("__and__", "__rand__"),
    ast.BitOr: ("__or__", "__ror__"),
    ast.BitXor: ("__xor__", "__rxor__"),
    ast.LShift: ("__lshift__", "__rlshift__"),
    ast.RShift: ("__rshift__", "__rrshift__"),
    ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.GtE: ("__ge__", "__le__"),
    ast.Eq: ("__eq__", "__eq__"),
    ast.NotEq: ("__ne__", "__ne__"),
}

_INIT_ONLY = getattr(dataclasses, "_FIELD_INITVAR")  # noqa: B009
_PROTOCOL_INIT = getattr(
    typing, "_no_init_or_replace_init", None
)  # replaced by the one after it when an object is made


def _as_tuple(v: Any) -> Any:
    """A NamedTuple as the tuple that it is."""
    return tuple(v.fields.values()) if isinstance(v, RecordValue) and issubclass(v.cls, tuple) else v


def _compared(v: RecordValue) -> tuple[Any, ...]:
    """The fields of a dataclass that are compared."""
    return tuple(v.fields[f.name] for f in dataclasses.fields(v.cls) if f.compare)


def class_of(v: Any) -> type | None:
    """The user's class of an object."""
    return v.cls if isinstance(v, RecordValue) else type(v.obj) if isinstance(v, Opaque) else None


_ORDERS: dict[type[ast.AST], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_SPECIAL = ("__new__", "__setattr__", "__delattr__", "__getattribute__", "__getattr__")
_METHODS = (type(functools.cache(len)),)  # called with the object that they were found in

# what to do where a method of something in `STANDARD` is missing
_INSTEAD: dict[type, str] = {group: "store a new list, as in groups[k] = sorted(groups[k])"}


class Objects(Globals):
    # -- making -------------------------------------------------------------------------------
    def construct(self, cls: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """``cls(*args, **kwargs)``."""
        if issubclass(cls, BaseException):
            self.error(
                UnsupportedError, "an exception is only supported after raise", "write raise " + cls.__name__ + "(...)"
            )
        if issubclass(cls, enum.Enum):
            values = [self.static(x, "the value of an enum member") for x in args]
            try:
                return cls(*values)
            except (TypeError, ValueError) as e:
                raise self.located(e) from None
        if getattr(cls, "__abstractmethods__", None) or vars(cls).get("_is_protocol"):
            names = ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))
            self.error(
                PullbackTypeError,
                f"the class {cls.__name__} is abstract and has no objects",
                f"make a subclass with {names}" if names else "make a subclass of it",
            )
        if is_namedtuple(cls):
            parameters = Parameters((), tuple(cls._fields), None, (), None, dict(cls._field_defaults))
            return RecordValue(cls, bind(cls.__name__, parameters, args, kwargs, self.loc, DictValue))
        if dataclasses.is_dataclass(cls) and "__init__" in cls.__dict__ and _is_generated(cls):
            return self._dataclass(cls, args, kwargs)
        return self._instance(cls, args, kwargs)

    def _dataclass(self, cls: Any, args: list[Any], kwargs: dict[str, Any]) -> RecordValue:
        fields = dataclasses.fields(cls)
        defaults: dict[str, Any] = {}
        for f in cls.__dataclass_fields__.values():
            if f.default is not dataclasses.MISSING:
                defaults[f.name] = self._default(cls, f.name, f.default)
            elif f.default_factory is not dataclasses.MISSING:
                defaults[f.name] = None if f.name in kwargs else self.call(f.default_factory, [], {})
        given = [f for f in cls.__dataclass_fields__.values() if f in fields or f._field_type is _INIT_ONLY]
        names = [f.name for f in given if f.init and not f.kw_only]
        keywords = [f.name for f in given if f.init and f.kw_only]
        parameters = Parameters((), tuple(names), None, tuple(keywords), None, defaults)
        bound = bind(cls.__name__, parameters, args, kwargs, self.loc, DictValue)
        made = RecordValue(cls, {f.name: bound.get(f.name, defaults.get(f.name)) for f in fields if f.init})
        made.fields |= {f.name: defaults[f.name] for f in fields if not f.init and f.name in defaults}
        if hasattr(cls, "__post_init__"):
            more = [bound[f.name] for f in given if f not in fields]
            self.call(self.record_attribute(made, "__post_init__"), more, {})
        return made

    def _default(self, cls: type, name: str, value: Any) -> Any:
        if is_number(value) or cls in self.session.local_classes:
            return value
        fields = (of_named(cls) or of_value(cls)).attribute("__dataclass_fields__")
        return self.capture_object(value, fields.item(name).attribute("default"), name)

    def _instance(self, cls: Any, args: list[Any], kwargs: dict[str, Any]) -> RecordValue:
        """An object of a class with an ``__init__`` in Python, or none."""
        inits = [base.__dict__["__init__"] for base in cls.__mro__ if "__init__" in base.__dict__]
        init = next(f for f in inits if f is not _PROTOCOL_INIT)
        plain = isinstance(init, types.FunctionType) or init is object.__init__
        special = [n for n in _SPECIAL if getattr(cls, n, None) is not getattr(object, n, None)]
        if not plain or special or type(cls).__call__ is not type.__call__:
            why = f": it defines {special[0]}" if special and plain else ""
            self.error(
                UnsupportedError,
                f"objects of class {cls.__name__} cannot be made here{why}",
                "use a class with a plain __init__, a dataclass, or a tuple; or make it outside of the function",
            )
        made = RecordValue(cls, {})
        if isinstance(init, types.FunctionType):
            place = self.attribute_place(cls, "__init__")
            if place is not None:
                self.session.guard_function(place, init, "__init__")
            self.call(self.named_function(init, "__init__", (made,)), args, kwargs)
        elif args or kwargs:
            self.error(PullbackTypeError, f"{cls.__name__}() takes no arguments")
        return made

    def may_have(self, owner: RecordValue, name: str) -> bool:
        """Whether an attribute of a local object may be assigned."""
        if issubclass(owner.cls, tuple):
            return False
        raw = inspect.getattr_static(owner.cls, name, None)
        return not hasattr(raw, "__set__") or isinstance(raw, types.MemberDescriptorType)

    def is_frozen(self, owner: RecordValue, name: str) -> bool:
        """Whether Python refuses to assign an attribute: of a tuple, or of a frozen dataclass."""
        params = getattr(owner.cls, "__dataclass_params__", None)
        if params is None or not params.frozen:
            return issubclass(owner.cls, tuple)
        return "__dataclass_params__" in owner.cls.__dict__ or name in {f.name for f in dataclasses.fields(owner.cls)}

    def set_property(self, owner: RecordValue | Opaque, name: str, value: Any) -> bool:
        """Call the setter of an attribute that is a property; False of any other."""
        raw = inspect.getattr_static(class_of(owner), name, None)
        if not isinstance(raw, property):
            return False
        if raw.fset is None:
            self.error(PullbackAttributeError, f"the property {name!r} of {describe(owner)} has no setter")
        self.call(self.named_function(raw.fset, name, (owner,)), [value], {})
        return True

    # -- attributes ---------------------------------------------------------------------------
    def record_attribute(self, owner: RecordValue, name: str) -> Any:
        """``owner.name`` of a local object."""
        if name in owner.fields:
            return owner.fields[name]
        if name in ("_replace", "_asdict") and is_namedtuple(owner.cls):
            return BoundMethod(owner, name)
        if name == "__class__":
            return owner.cls
        if self.has_beyond(owner, name):
            return self.object_attribute(owner.outside, name)
        for cls in owner.cls.__mro__:
            if name in cls.__dict__ and cls not in (object, tuple):
                return self._from_class(owner, owner.cls, cls, name, owner.cls)
        self.refuse_beyond(owner, name)
        if hasattr(STANDARD.get(owner.cls), name):
            what = f"a {owner.cls.__name__} of which only the run tells what is in it"
            self.error(UnsupportedError, f"{name} is not supported of {what}", _INSTEAD.get(owner.cls))
        self.error(
            PullbackAttributeError,
            f"{owner.cls.__name__!r} object has no attribute {name!r}",
            closest(name, [*owner.fields, *dir(owner.cls)]),
        )

    def has_beyond(self, owner: RecordValue, name: str) -> bool:
        """Whether an object from outside has an attribute that is no field of its class."""
        if owner.outside is None or any(f.name == name for f in dataclasses.fields(owner.cls)):
            return False
        raw = inspect.getattr_static(owner.cls, name, None)
        if isinstance(raw, functools.cached_property):
            return True  # computed once, by Python
        return not _is_data(raw) and self.has_own(owner.outside, name)

    def refuse_beyond(self, owner: RecordValue, name: str) -> None:
        """Only the fields of an argument are passed: whether it has another attribute is not known."""
        if owner.stamp == ARGUMENT and dataclasses.is_dataclass(owner.cls) and owner.cls.__dictoffset__:
            self.error(
                UnsupportedError,
                f"{name!r} is not a field of {owner.cls.__name__}: only the fields of an argument are passed",
                closest(name, owner.fields) or f"make it a field, as in {name}: float = field(init=False)",
            )

    def _from_class(self, owner: Any, kind: type, cls: type, name: str, asked: type) -> Any:
        """What an attribute found in the class `cls`, looked up in `asked`, is for an object of class `kind`."""
        raw = cls.__dict__[name]
        place = self.attribute_place(asked if asked not in self.session.local_classes else cls, name)
        methods = (types.FunctionType, staticmethod, classmethod, functools.partialmethod)
        if isinstance(raw, methods) and place is not None:
            self.session.guard_function(place, raw, name)
        if isinstance(raw, types.FunctionType):
            return self.named_function(raw, name, (owner,))
        if isinstance(raw, property) and raw.fget is not None:
            if place is None:
                return self.call(self.named_function(raw.fget, name, (owner,)), [], {})
            return self.call(self._function(raw.fget, place.attribute("fget"), name, (owner,)), [], {})
        if isinstance(raw, functools.cached_property) and isinstance(owner, RecordValue):
            value = self.call(self.named_function(raw.func, name, (owner,)), [], {})
            self.change(owner)
            owner.fields[name] = value
            return value
        if isinstance(raw, staticmethod):
            return self.named_function(raw.__func__, name)
        if isinstance(raw, classmethod):
            return self.named_function(raw.__func__, name, (kind,))
        if isinstance(raw, types.MemberDescriptorType):
            self.error(PullbackAttributeError, f"{kind.__name__!r} object has no attribute {name!r}", "set it first")
        if isinstance(raw, functools.partialmethod):
            method = self.named_function(raw.func, name, (owner, *raw.args))
            return dataclasses.replace(method, bound_kwargs=dict(raw.keywords))
        if isinstance(raw, _METHODS) or self.transform_of(raw) is not None:
            return functools.partial(raw, owner)
        if hasattr(type(raw), "__get__"):
            message = f"{cls.__name__}.{name} is a descriptor of class {type(raw).__name__}"
            self.error(UnsupportedError, message, "write a property or a method")
        if cls in self.session.local_classes or place is None:
            return raw
        return self.capture_object(raw, place, name)

    def of_local_class(self, cls: type, name: str, value: Any) -> Any:
        """``cls.name`` of a class that is defined in the program."""
        raw = inspect.getattr_static(cls, name, None)
        if isinstance(raw, classmethod):
            return self.named_function(raw.__func__, name, (cls,))
        return self.named_function(value, name) if isinstance(value, types.FunctionType) else value

    def super_value(self, args: list[Any]) -> SuperValue:
        """``super()``, or ``super(cls, self)``."""
        if len(args) == 2 and isinstance(args[0], type):
            return SuperValue(args[1], args[0])
        frame: Any = self.frame
        while frame is not None and frame.owner is None:
            if "__class__" in getattr(getattr(frame.fn, "__code__", None), "co_freevars", ()):
                break
            frame = frame.parent
        if args or frame is None or class_of(frame.first) is None:
            self.error(UnsupportedError, "super() is supported in methods only", "call the function by its class")
        if frame.owner is not None:
            return SuperValue(frame.first, frame.owner)
        cell = frame.fn.__closure__[frame.fn.__code__.co_freevars.index("__class__")]
        return SuperValue(frame.first, cell.cell_contents)

    def inherited_attribute(self, value: SuperValue, name: str) -> Any:
        """``super().name``."""
        kind = class_of(value.owner)
        assert kind is not None
        mro = kind.__mro__
        for cls in mro[mro.index(value.cls) + 1 :]:
            if name in cls.__dict__:
                if cls is object and name == "__init__":
                    return BoundMethod(ListValue([]), "clear")  # does nothing
                return self._from_class(value.owner, kind, cls, name, cls)
        self.error(PullbackAttributeError, f"'super' object has no attribute {name!r}", closest(name, dir(value.cls)))

    # -- operators ----------------------------------------------------------------------------
    def overloaded(self, op: type[ast.AST], a: Any, b: Any) -> Any:
        """``a op b`` by the methods of the operands' classes; NotImplemented where they have none."""
        names = _OPERATORS.get(op)
        if names is None:
            return NotImplemented
        for owner, other, name in ((a, b, names[0]), (b, a, names[1])):
            cls = class_of(owner)
            raw = None if cls is None else inspect.getattr_static(cls, name, None)
            if isinstance(raw, types.FunctionType) and raw.__code__.co_filename != "<string>":
                if cls is not None and owner is b and not _defers(self.numpy_axes(a), cls):
                    return self._with_array(op, a, b)
                result = self.call(self.attribute(owner, name), [other], {})
                if isinstance(result, Const) or result is not NotImplemented:
                    return result
        parts = [_as_tuple(x) for x in (a, b)]
        cls = class_of(a)
        if issubclass(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) and cls is class_of(b) and dataclasses.is_dataclass(cls):
            if cls.__dataclass_params__.order:  # type: ignore[attr-defined]
                parts = [_compared(x) for x in (a, b)]
        if parts != [a, b]:
            return self.compare(op(), *parts) if issubclass(op, ast.cmpop) else self.binary(op, *parts)
        if op is ast.NotEq and any(_has_own_eq(class_of(x)) for x in (a, b)):
            same = self.truth(self.compare(ast.Eq(), a, b))
            return self.negation(same)
        if op in (ast.Eq, ast.NotEq):
            return self._equal_objects(op, a, b)
        message = f"unsupported operand types for {names[0].strip('_')}: {describe(a)} and {describe(b)}"
        hint = f"define {names[0]} in the class"
        if op in _ORDERS:
            message = f"{_ORDERS[op]!r} is not supported between {describe(a)} and {describe(b)}"
            hint += ", or compare numbers (max and sorted take key=)"
        self.error(PullbackTypeError, message, hint)

    def numpy_axes(self, v: Any) -> int | None:
        """The number of axes of NumPy's arrays and scalars; None of what is not NumPy's."""
        if isinstance(v, Array) or (is_scalar(v) and not self.type(v).weak):
            return self.type(v).rank
        return v.ndim if isinstance(v, (np.ndarray, np.generic)) else None

    def _with_array(self, op: type[ast.AST], a: Any, b: Any) -> Any:
        """``a op b`` of NumPy's `a` and an object that NumPy makes an array of before it asks for its method: of the
        items of a sequence, or of the object itself."""
        made = self.array_like(b)
        if made is None and op is not ast.MatMult:
            return self.call(numpy_library.of_items, [getattr(operator, _OPERATORS[op][0]), a, b], {})
        made = self.call(np.asarray, [b if made is None else made], {})
        return self.compare(op(), a, made) if issubclass(op, ast.cmpop) else self.binary(op, a, made)

    def array_like(self, v: Any) -> Any:
        """What NumPy makes an array of for an object: the tuple that a NamedTuple is, what `__array__` returns, the
        items of a sequence; None for what is a single object to it."""
        parts = _as_tuple(v)
        cls = class_of(v)
        if parts is not v or cls is None or cls in STANDARD:
            return None if parts is v else parts
        if isinstance(inspect.getattr_static(cls, "__array__", None), types.FunctionType):
            return self.call(self.attribute(v, "__array__"), [], {})
        return ListValue(self.items_of(v)) if _is_sequence(cls) else None

    def overloaded_inplace(self, op: type[ast.AST], old: Any, right: Any) -> Any:
        """``old op= right`` by the method of the class for it; NotImplemented where it has none."""
        name = _OPERATORS[op][0].replace("__", "__i", 1)
        if isinstance(inspect.getattr_static(class_of(old), name, None), types.FunctionType):
            return self.call(self.attribute(old, name), [right], {})
        return NotImplemented

    def reflected(self, op: type[ast.AST], a: Any, b: Any) -> Any:
        """``a op b`` by the method that the class of `b` has for right operands; NotImplemented where it has none."""
        name = _OPERATORS[op][1]
        if isinstance(inspect.getattr_static(class_of(b), name, None), types.FunctionType):
            return self.call(self.attribute(b, name), [a], {})
        return NotImplemented

    def _equal_objects(self, op: type[ast.AST], a: Any, b: Any) -> Any:
        cls = class_of(a)
        if cls is class_of(b) and isinstance(a, RecordValue) and dataclasses.is_dataclass(cls):
            return self.compare(op(), _compared(a), _compared(b))
        if cls is None or class_of(b) is None:
            return op is ast.NotEq
        if all(getattr(class_of(x), "__eq__", None) is object.__eq__ for x in (a, b)):
            same = self.compare(ast.Is(), a, b)
            return same if op is ast.Eq else not same
        message = "objects are compared with =="
        self.error(UnsupportedError, message, "compare their attributes, or use 'is' for identity")

    def compare(self, op: Any, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def binary(self, op: Any, a: Any, b: Any) -> Any:
        raise NotImplementedError

    def attribute(self, owner: Any, name: str) -> Any:
        raise NotImplementedError

    def is_stepwise(self, v: Any) -> bool:
        """Whether a loop over `v` is one over a generator function."""
        raise NotImplementedError

    def listed_steps(self, v: Any) -> Any:
        """``list`` of what a generator function yields."""
        raise NotImplementedError


def _is_data(raw: Any) -> bool:
    """Whether what a class has under a name comes before what an object has."""
    return hasattr(type(raw), "__set__") or hasattr(type(raw), "__delete__")


def _defined(cls: type, name: str) -> bool:
    return inspect.getattr_static(cls, name, None) is not None


def _is_sequence(cls: type) -> bool:
    methods = (inspect.getattr_static(cls, name, None) for name in ("__len__", "__getitem__"))
    return all(isinstance(m, types.FunctionType) for m in methods) or issubclass(cls, tuple)


def _defers(axes: int | None, cls: type) -> bool:
    """Whether the method of the right operand is asked: NumPy's arrays and scalars defer to classes that say so, and
    its scalars to what is no array."""
    missing = object()
    if axes is None or inspect.getattr_static(cls, "__array_ufunc__", missing) is None:
        return True
    priority = inspect.getattr_static(cls, "__array_priority__", None)
    if isinstance(priority, (int, float)) and priority > (0.0 if axes else -1e6):
        return True
    return axes == 0 and not _defined(cls, "__array__") and not _is_sequence(cls)


def _is_generated(cls: Any) -> bool:
    """Whether the methods of a dataclass are those that the decorator makes."""
    init = inspect.getattr_static(cls, "__init__", None)
    return isinstance(init, types.FunctionType) and init.__code__.co_filename == "<string>"


def _has_own_eq(cls: Any) -> bool:
    return isinstance(inspect.getattr_static(cls, "__eq__", None), types.FunctionType) and not _is_generated(cls)


def is_plain_record(cls: Any) -> bool:
    """Whether an object is no more than its fields: a NamedTuple, or a dataclass made from all of them."""
    if is_namedtuple(cls):
        return True
    if not dataclasses.is_dataclass(cls) or hasattr(cls, "__post_init__"):
        return False
    return _is_generated(cls) and all(f.init for f in dataclasses.fields(cls))
