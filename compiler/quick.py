"""Python made for one entry: what every call does, without loops over its description.

`caller` is the whole of a call of the usual kind. `checker` and `reader` do what `Guard.holds` and `Path.__call__`
do, and `assembler` what filling a tree of results does, in one expression each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from . import tree
from .ir.leaves import Static
from .paths import STEPS, Guard, Path

Call = Callable[[tuple[Any, ...]], Any]


@final
class _Names:
    """The objects that generated code refers to, by name."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {}

    def __call__(self, obj: Any) -> str:
        name = f"o{len(self.space)}"
        self.space[name] = obj
        return name

    def function(self, parameters: str, body: str) -> Callable[..., Any]:
        """``def f(parameters)`` with the given body."""
        exec(f"def f({parameters}):\n{body}", self.space)
        made: Callable[..., Any] = self.space["f"]
        return made


_FORMS: dict[str, str] = {
    "item": "{0}[{1}]",
    "type": "type({0})",
    "length": "len({0})",
    "keys": "list({0})",
    "has": "({1} in {0})",
    "globals": "{0}.__globals__",
    "default": "{0}.__defaults__[{1}]",
    "keyword default": "{0}.__kwdefaults__[{1}]",
}


def _expression(path: Path, names: _Names) -> str:
    root, steps = path.root.obj, path.steps
    if steps and steps[0][0] == "cell" and root.__closure__ is not None:
        # the cells of a function object are always the same
        cell = root.__closure__[root.__code__.co_freevars.index(steps[0][1])]
        text, steps = f"{names(cell)}.cell_contents", steps[1:]
    else:
        text = names(root)
    for kind, key in steps:
        written = repr(key) if type(key) in (str, int) else names(key)
        if kind == "attribute" and key.isidentifier():
            text = f"{text}.{key}"
        elif kind in _FORMS:
            text = _FORMS[kind].format(text, written)
        else:
            text = f"{names(STEPS[kind])}({text}, {written})"
    return text


def reader(path: Path) -> Callable[[], Any]:
    """A function that returns what is at `path` now."""
    names = _Names()
    return names.function("", f"    return {_expression(path, names)}\n")


def checker(guards: Sequence[Guard]) -> Callable[[], bool]:
    """A function that tells whether all guards hold. What is the same object is not looked at further."""
    names = _Names()
    terms: list[str] = []
    for g in guards:
        fresh = g.path.steps[-1:] and g.path.steps[-1][0] in ("length", "keys")
        if isinstance(g.expected, list) and not all(type(k) is str for k in g.expected):
            terms.append(f"{names(g.holds)}()")  # equal keys may be of other types
            continue
        terms.append(f"{_expression(g.path, names)} {'==' if fresh else 'is'} {names(g.expected)}")
        if g.code is not None:
            terms.append(f"{names(g.function)}.__code__ is {names(g.code)}")

    def carefully() -> bool:
        return all(g.holds() for g in guards)

    if not terms:
        return lambda: True
    slow = names(carefully)
    return names.function(
        "",
        f"    try:\n        if {' and '.join(terms)}:\n            return True\n    except Exception:\n        pass\n"
        f"    return {slow}()\n",
    )


def assembler(
    result: Any, converters: Sequence[Callable[[Any], Any] | None], returned: dict[int, int]
) -> Callable[[list[Any], Sequence[Any]], Any]:
    """A function from the outputs of a kernel and the inputs given to the result of the call.

    Leaves of `result` are numbers of outputs, converted by `converters`, and Static; outputs in `returned` are
    inputs as they were given.
    """
    names = _Names()

    def of(x: Any) -> str:
        inner = tree.children(x)
        if inner is None:
            return leaf(x)
        parts = [of(child) for _, child in inner]
        if type(x) is tuple:
            return f"({', '.join(parts)},)" if parts else "()"
        if type(x) is list:
            return f"[{', '.join(parts)}]"
        if type(x) is dict:
            return "{" + ", ".join(f"{names(k)}: {p}" for (k, _), p in zip(inner, parts, strict=True)) + "}"
        return f"{names(tree.rebuild)}({names(x)}, [{', '.join(parts)}])"

    def leaf(k: Any) -> str:
        if not isinstance(k, int):
            return names(k.value if isinstance(k, Static) else k)
        if k in returned:
            return f"given[{returned[k]}]"
        convert = converters[k]
        return f"outputs[{k}]" if convert is None else f"{names(convert)}(outputs[{k}])"

    return names.function("outputs, given", f"    return {of(result)}\n")


MISS: Any = object()
"""What a `caller` returns for a call that is not for its entry."""


def never(args: tuple[Any, ...]) -> Any:
    """The call of an entry that has no quick one."""
    return MISS


_BY_IDENTITY = (str, bool, type(None))


def caller(
    args: tuple[Any, ...],
    static_ints: bool,
    holds: Callable[[], bool],
    kernel: Callable[..., list[Any]],
    assemble: Callable[[list[Any], Sequence[Any]], Any],
) -> Call | None:
    """A call with positional arguments of exactly the types and shapes of `args`, all in order for the kernel
    as they are; None where arguments are not of the usual kinds.

    The result of the call, or MISS.
    """
    names = _Names()
    terms: list[str] = []
    inputs: list[str] = []
    for k, x in enumerate(args):
        a, t = f"a{k}", type(x)
        if t is np.ndarray and x.shape and x.dtype.isnative:
            terms.append(f"type({a}) is ndarray and {a}.dtype is {names(x.dtype)} and {a}.shape == {x.shape!r}")
            terms.append(f"{a}.flags.carray")
            inputs.append(a)
        elif t is float or (t is int and not static_ints):
            terms.append(f"type({a}) is {t.__name__}")
            inputs.append(a)
        elif t in _BY_IDENTITY:
            terms.append(f"{a} is {names(x)}")
        else:
            return None
    if not terms:
        return None
    names.space |= {"ndarray": np.ndarray, "holds": holds, "kernel": kernel, "assemble": assemble, "MISS": MISS}
    unpacked = ", ".join(f"a{k}" for k in range(len(args)))
    return names.function(
        "args",
        f"    if len(args) != {len(args)}:\n        return MISS\n"
        f"    {unpacked}, = args\n"
        f"    if not ({' and '.join(terms)} and holds()):\n        return MISS\n"
        f"    return assemble(kernel({', '.join(inputs)}), ({''.join(a + ', ' for a in inputs)}))\n",
    )
