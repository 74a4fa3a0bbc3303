"""Functions of the IR as readable Python source over NumPy.

`print_python` prints a function after `transforms.inplace` as a module that runs in plain Python with NumPy
(and at most an import from `pullback.runtime`), returns what the interpreter returns, and never
writes to the caller's arrays. The native level has a printer of its own, `native_source`.
"""

from __future__ import annotations

import ast
import keyword
import re
from typing import Literal

from ..ir.nodes import Function
from .render import HELPER_MODULES, imports, render
from .statements import FunctionPrinter

Level = Literal["adjoint", "native"]


def print_python(fn: Function, level: Level = "adjoint", name: str | None = None, header: bool = True) -> str:
    """Source of a module with the function (called `name`) and its callees; `header`: with imports.

    At level "native" the function is to be lowered, and the text is that of `native_source.print_native`.
    """
    if level == "native":
        from .native_source import print_native

        return print_native(fn, name).text
    names = _function_names(fn, name)
    reserved = sorted({*names.values(), *HELPER_MODULES})
    functions = {"": fn} | {key: f for key, f in fn.callees.items() if f is not fn}
    definitions = [
        FunctionPrinter(f, reserved, names.__getitem__).definition(names[key]) for key, f in functions.items()
    ]
    head = [*imports(definitions), *_user_exceptions(list(functions.values()))] if header else []
    return render(ast.Module(body=[*head, *definitions], type_ignores=[]))


def _user_exceptions(functions: list[Function]) -> list[ast.stmt]:
    """Imports of the exception classes of the user's that are raised; ``module:qualname`` names one."""
    classes = {
        op.attrs["error"]: None
        for f in functions
        for op in f.body.walk()
        if op.opcode == "check" and ":" in op.attrs["error"]
    }
    out: list[ast.stmt] = []
    for error in sorted(classes):
        module, _, name = error.partition(":")
        top = name.split(".")[0]
        out.append(ast.ImportFrom(module, [ast.alias(top)], 0))
    return out


def _function_names(fn: Function, name: str | None) -> dict[str, str]:
    """Python names: "" is the function itself, callees by their key."""
    result = {"": _identifier(name or fn.name)}
    taken = set(result.values())
    for key, callee in fn.callees.items():
        if callee is fn:
            result[key] = result[""]
            continue
        base = candidate = _identifier(key)
        k = 2
        while candidate in taken:
            candidate, k = f"{base}_{k}", k + 1
        taken.add(candidate)
        result[key] = candidate
    return result


def _identifier(text: str) -> str:
    text = re.sub(r"\W", "_", text, flags=re.ASCII)
    return f"_{text}" if not text or text[0].isdigit() or keyword.iskeyword(text) else text
