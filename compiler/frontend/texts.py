"""Texts with run-time values in them: what print, assert and raise show.

A text known at compile time is a str; a `TextValue` is a format template and the values for its fields. A value that is
one constant or another (see `alternatives.py`) is shown in a branch for each.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import reprlib
import string
import types
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import count
from typing import Any

from ..errors import PullbackTypeError, UnsupportedError
from ..ir.nodes import Value
from .alternatives import is_alternative, one_of
from .context import describe
from .values import (
    Array,
    DictValue,
    ListValue,
    RangeValue,
    RecordValue,
    Rows,
    TextValue,
    is_namedtuple,
    is_scalar,
    is_static,
    to_python,
)

_CONTAINERS = (tuple, ListValue, DictValue, RangeValue, RecordValue, TextValue)
_WRITTEN_BY = (collections.__file__, dataclasses.__file__, reprlib.__file__)  # whose __repr__ shows the fields

_PERCENT = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?P<precision>\.\d+)?(?P<kind>[diufFeEgGsrxXo%])")


def is_text(v: Any) -> bool:
    return isinstance(v, (str, TextValue))


def escaped(text: str) -> str:
    """A text as a template without fields."""
    return text.replace("{", "{{").replace("}", "}}")


def template_of(ctx: Any, v: Any) -> tuple[str, tuple[Any, ...]]:
    """What ``str(v)`` shows, as a template and its values."""
    v = ctx.present(v)
    if isinstance(v, TextValue):
        return v.template, v.values
    if is_static(v):
        return escaped(str(_set(v))), ()
    if is_scalar(v) or isinstance(v, Array) or is_alternative(v):
        return "{!s}" if isinstance(v, Value) and v.type.dtype == "f32" else "{}", (v,)
    return _shown_by_class(ctx, v, ("__str__", "__repr__")) or _template_of_container(ctx, v)


def _representation(ctx: Any, v: Any) -> tuple[str, tuple[Any, ...]]:
    """What ``repr(v)`` shows, as a template and its values."""
    v = ctx.present(v)
    if isinstance(v, Value) and not v.type.weak:
        return ("np.{!s}_" if v.type.is_bool else f"np.{v.type.numpy}({{!s}})"), (v,)
    if is_scalar(v) or isinstance(v, Array) or is_alternative(v):
        return "{!r}", (v,)
    if is_static(v):
        return escaped(repr(_set(v))), ()
    return _shown_by_class(ctx, v, ("__repr__",)) or _template_of_container(ctx, v)


def _template_of_container(ctx: Any, v: Any) -> tuple[str, tuple[Any, ...]]:
    """A tuple, list, dict, NamedTuple or dataclass, as its ``repr`` shows it; anything else in words."""
    if isinstance(v, tuple):
        names, items, ends = [""] * len(v), list(v), ("(", ",)" if len(v) == 1 else ")")
    elif isinstance(v, ListValue) and not isinstance(v.content, Rows):
        names, items, ends = [""] * len(v.items), v.items, ("[", "]")
    elif isinstance(v, DictValue):
        names, items, ends = [f"{k!r}: " for k in v.items], list(v.items.values()), ("{", "}")
    elif isinstance(v, RangeValue):
        items = [v.start, v.stop] if is_static(v.step) and to_python(v.step) == 1 else [v.start, v.stop, v.step]
        names, ends = [""] * len(items), ("range(", ")")
    elif isinstance(v, RecordValue) and _shows_fields(v.cls):
        names, items = [f"{k}=" for k in v.fields], list(v.fields.values())
        ends = (f"{v.cls.__qualname__ if is_dataclass(v.cls) else v.cls.__name__}(", ")")
    else:
        return escaped(describe(v)), ()
    parts = [_representation(ctx, x) for x in items]
    inside = ", ".join(escaped(name) + template for name, (template, _) in zip(names, parts, strict=True))
    return escaped(ends[0]) + inside + escaped(ends[1]), tuple(x for _, values in parts for x in values)


def _set(v: Any) -> Any:
    """A static value as the program has it: sets are kept as frozensets."""
    v = to_python(v)
    return set(v) if isinstance(v, frozenset) else v


def _shown_by_class(ctx: Any, v: Any, names: Sequence[str]) -> tuple[str, tuple[Any, ...]] | None:
    """What a method of the user's makes of an object."""
    for name in names:
        method = getattr(v.cls, name, None) if isinstance(v, RecordValue) else None
        if isinstance(method, types.FunctionType) and method.__code__.co_filename not in _WRITTEN_BY:
            return template_of(ctx, ctx.call(ctx.attribute(v, name), [], {}))
    return None


def _shows_fields(cls: type) -> bool:
    """Whether ``repr`` shows the fields of an object in order."""
    if is_dataclass(cls):
        made: bool = cls.__dataclass_params__.repr  # type: ignore[attr-defined]
        return made and all(f.repr for f in fields(cls))
    return is_namedtuple(cls)


def show(ctx: Any, template: str, values: Sequence[Any], use: Callable[[str, Sequence[Any]], Any]) -> None:
    """``use(template, values)``, where no value is one constant or another."""
    first = next((v for v in values if is_alternative(v)), None)
    if first is None:
        use(template, values)
        return
    places = {k for k, v in enumerate(values) if is_alternative(v) and v.fields["number"] is first.fields["number"]}
    rest = [v for k, v in enumerate(values) if k not in places]

    def chosen(c: Any) -> None:
        text = to_python(c) if is_static(c) else describe(c)
        show(ctx, "".join(_filled(template, places, text)), rest, use)

    one_of(ctx, first, chosen, lambda c: True, "what is shown")


def _filled(template: str, places: Container[int], shown: Any) -> Iterator[str]:
    """The pieces of a template with the fields of these numbers filled in."""
    fields = count()
    for literal, name, spec, conversion in string.Formatter().parse(template):
        yield escaped(literal)
        if name is not None:
            field = f"{{{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
            yield escaped(field.format(shown)) if next(fields) in places else field


def joined_text(ctx: Any, parts: Sequence[Any]) -> Any:
    """Texts one after the other: a str where all are known."""
    if all(isinstance(p, str) for p in parts):
        return "".join(parts)
    for p in parts:
        if not (is_text(p) or is_alternative(p)):
            ctx.error(PullbackTypeError, f"can only join texts, not {describe(p)}", "write it in an f-string")
    templates = [template_of(ctx, p) for p in parts]
    return TextValue("".join(t for t, _ in templates), tuple(v for _, values in templates for v in values))


def formatted(ctx: Any, v: Any, spec: str, conversion: str = "") -> Any:
    """``format(v, spec)``."""
    v = ctx.present(v)
    if is_static(v):
        return f"{{0{conversion}:{spec}}}".format(to_python(v))
    if conversion in ("!r", "!a") and not spec and isinstance(v, Value):
        return TextValue(*_representation(ctx, v))
    if is_scalar(v) or (isinstance(v, Array) and not spec) or is_alternative(v):
        field = f"{{{conversion}:{spec}}}" if spec else f"{{{conversion}}}"
        return TextValue(field, (v,))
    if not spec and isinstance(v, _CONTAINERS):
        return TextValue(*(_representation if conversion in ("!r", "!a") else template_of)(ctx, v))
    ctx.error(UnsupportedError, f"{describe(v)} cannot be formatted here", "format numbers and arrays")


def percent_formatted(ctx: Any, text: Any, args: Any) -> Any:
    """``text % args``."""
    if not isinstance(text, str):
        ctx.error(UnsupportedError, "a text with run-time values is not a format", "use an f-string")
    rest = list(args) if isinstance(args, tuple) else [args]
    parts: list[Any] = []
    at = 0
    for m in _PERCENT.finditer(text):
        parts.append(text[at : m.start()])
        at = m.end()
        if m["kind"] == "%":
            parts.append("%")
            continue
        if not rest:
            ctx.error(PullbackTypeError, "not enough arguments for format string")
        parts.append(_percent_field(ctx, m, rest.pop(0)))
    if rest:
        ctx.error(PullbackTypeError, "not all arguments converted during string formatting")
    if "%" in text[at:]:
        ctx.error(UnsupportedError, "this format is not supported", "use an f-string")
    return joined_text(ctx, [*parts, text[at:]])


def _percent_field(ctx: Any, m: re.Match[str], v: Any) -> Any:
    kind, flags = m["kind"], m["flags"]
    align = ("<" if "-" in flags else ">") if m["width"] and "0" not in flags else ""
    sign = "+" if "+" in flags else " " if " " in flags else ""
    size = ("0" if "0" in flags and "-" not in flags else "") + m["width"] + (m["precision"] or "")
    if kind in "sr":
        if not m["width"] and not m["precision"]:
            return formatted(ctx, v, "", "!" + kind)
        return formatted(ctx, v, align + size, "!" + kind)
    if kind in "diu":
        v, kind = ctx.call(int, [v], {}), "d"
    return formatted(ctx, v, align + sign + size + kind)


def brace_formatted(ctx: Any, text: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``text.format(*args, **kwargs)``."""
    parts: list[Any] = []
    automatic = iter(range(len(args)))
    for literal, name, spec, conversion in string.Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        try:
            v = kwargs[name] if name and not name.isdigit() else args[int(name) if name else next(automatic)]
        except (KeyError, IndexError, StopIteration):
            ctx.error(UnsupportedError, f"the field {name!r} of this format is not found", "use an f-string")
        if spec and "{" in spec:
            ctx.error(UnsupportedError, "a format inside a format is not supported", "use an f-string")
        parts.append(formatted(ctx, v, spec or "", f"!{conversion}" if conversion else ""))
    return joined_text(ctx, parts)
