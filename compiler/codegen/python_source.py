"""Functions of the IR as Python source: the readable adjoint, and the native level that Numba compiles.

`print_python` prints a function after `transforms.inplace`. At level "adjoint" the text is a module that runs
in plain Python with NumPy (and at most an import from `pullback.runtime`), returns what the interpreter
returns, and never writes to the caller's arrays. At level "native" it follows the calling convention of
docs/codegen.md: outputs are parameters, the result is a status code.
"""

from __future__ import annotations

import ast
import keyword
import re
from typing import Literal

from ..ir.nodes import Function, Op
from .render import HELPER_MODULES, NATIVE_HELPER_MODULES, imports, render
from .statements import FunctionPrinter

Level = Literal["adjoint", "native"]


def print_python(fn: Function, level: Level = "adjoint", name: str | None = None, header: bool = True) -> str:
    """Source of a module with the function (called `name`) and its callees; `header`: with imports."""
    native = level == "native"
    functions = [fn, *(f for key, f in fn.callees.items() if f is not fn)]
    names = _function_names(fn, name)
    codes = {op: code for code, op in status_table(fn).items()}
    helpers = NATIVE_HELPER_MODULES if native else HELPER_MODULES
    reserved = sorted({*names.values(), *helpers, "status"} if native else {*names.values(), *helpers})
    definitions = []
    for key, f in [("", fn), *((k, f) for k, f in fn.callees.items() if f in functions[1:])]:
        printer = FunctionPrinter(f, native, reserved, names.__getitem__, codes.__getitem__)
        definitions.append(printer.definition(names[key]))
    head = imports(definitions, native) if header else []
    return render(ast.Module(body=[*head, *definitions], type_ignores=[]))


def status_table(fn: Function) -> dict[int, Op]:
    """The `check` op of every status code that the native function returns (0: success)."""
    table: dict[int, Op] = {}
    following = 1
    for f in dict.fromkeys([fn, *fn.callees.values()]):
        for op in f.body.walk():
            if op.opcode == "check":
                if "code" in op.attrs:
                    table.setdefault(op.attrs["code"], op)
                    continue
                while following in table:
                    following += 1
                table[following] = op
    return table


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


__all__ = ["HELPER_MODULES", "print_python", "status_table"]
