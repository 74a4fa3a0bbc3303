"""Texts with run-time values in them: what print, assert and raise show.

A text known at compile time is a str; a `TextValue` is a format template and the values for its fields. A value that is
one constant or another (see `alternatives.py`) is shown in a branch for each.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import count
from typing import Any

from ..errors import PullbackTypeError, UnsupportedError
from .alternatives import is_alternative, one_of
from .context import describe
from .values import Array, TextValue, is_scalar, is_static, to_python

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
        return escaped(str(to_python(v))), ()
    if is_scalar(v) or isinstance(v, Array) or is_alternative(v):
        return "{}", (v,)
    return escaped(describe(v)), ()


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
    if is_scalar(v) or (isinstance(v, Array) and not spec) or is_alternative(v):
        field = f"{{{conversion}:{spec}}}" if spec else f"{{{conversion}}}"
        return TextValue(field, (v,))
    if isinstance(v, TextValue) and not spec:
        return v
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
            return formatted(ctx, v, "", "!r" if kind == "r" else "")
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
