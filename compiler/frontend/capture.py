"""From a Python function to its syntax tree, with real file and line numbers.

The whole file is parsed once and the function's node is found by its code object: a `def` by name and
first line, a lambda by the positions of its bytecode, so that several lambdas on one line are told
apart. Private names (``self.__x``) are mangled, as the compiler of Python does.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import os
import re
import sysconfig
import types
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from typing import Any, ClassVar

from ..errors import PullbackTypeError, UnsupportedError
from ..fingerprint import source_agrees
from ..ir.nodes import Loc
from ..paths import mangled

FunctionNode = ast.FunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Source:
    """The syntax tree of a function and the file it is in."""

    node: FunctionNode
    file: str
    name: str


_LIBRARY = tuple(sysconfig.get_paths()[name] + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def is_library(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package, not to the user."""
    return file.startswith(_LIBRARY)


@functools.lru_cache(maxsize=64)
def _parse(file: str, text: str) -> ast.Module:
    tree = ast.parse(text, file)
    return _Mangling().visit(tree) if _PRIVATE.search(text) else tree


_PRIVATE = re.compile(r"(?<!\w)__(?!\w*__\b)\w")


class _Mangling(ast.NodeTransformer):
    """Private names get the name of the innermost class around them."""

    cls = ""
    _FIELDS: ClassVar = {
        ast.Name: "id", ast.Attribute: "attr", ast.arg: "arg", ast.FunctionDef: "name",
        ast.AsyncFunctionDef: "name", ast.ClassDef: "name", ast.alias: "asname", ast.MatchAs: "name",
        ast.MatchStar: "name", ast.MatchMapping: "rest", ast.ExceptHandler: "name",
    }  # fmt: skip

    def visit(self, node: ast.AST) -> Any:
        field = self._FIELDS.get(type(node), "")
        name = getattr(node, field, None)
        if name is not None:
            setattr(node, field, mangled(name, self.cls))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [mangled(n, self.cls) for n in node.names]
        if not isinstance(node, ast.ClassDef):
            return self.generic_visit(node)
        for part in (*node.bases, *node.keywords, *node.decorator_list):
            self.visit(part)
        outer, self.cls = self.cls, str(name)
        node.body = [self.visit(s) for s in node.body]
        self.cls = outer
        return node


def _lines(fn: types.FunctionType) -> list[str] | None:
    """The lines of the file of a function; None where they are others than those that it was compiled from."""
    file = fn.__code__.co_filename
    lines = linecache.getlines(file, fn.__globals__)
    if not _may_change(fn) or source_agrees(fn.__code__):
        return lines
    linecache.checkcache(file)  # the module may have been reloaded since the file was read
    lines = linecache.getlines(file, fn.__globals__)
    return lines if not lines or source_agrees(fn.__code__) else None


def _may_change(fn: types.FunctionType) -> bool:
    """Whether the source is a file that is edited, and the code is what Python itself makes of that.

    What is typed into a notebook, or given by a loader, stays as it is; what a hook of the import system makes of a
    file (pytest of assertions) is not what its text says.
    """
    file = fn.__code__.co_filename
    entry = linecache.cache.get(file)
    if is_library(file) or entry is None or len(entry) == 1 or entry[1] is None or not os.path.isfile(file):
        return False
    loader = fn.__globals__.get("__loader__")
    return loader is None or type(loader) is SourceFileLoader or isinstance(loader, type)


def source_of(fn: types.FunctionType, called_at: Loc | None = None) -> Source:
    """The syntax tree of a Python function.

    Raises UnsupportedError where there is no source (typed at a prompt, made by exec, built in), and where it is not
    the one that the function was compiled from.
    """
    code = fn.__code__
    file = code.co_filename
    lines = _lines(fn)
    loc = called_at or Loc(file, code.co_firstlineno)
    unavailable = UnsupportedError(
        f"the source of {fn.__name__} is not available ({file})",
        loc,
        "define it in a file or a notebook cell, or give its derivative with pullback.custom_vjp",
    )
    if lines is None:
        raise UnsupportedError(
            f"the source of {fn.__name__} is not what it was compiled from ({file})",
            loc,
            "the file has changed since it was imported: reload the module, or restart Python",
        )
    if not lines:
        raise unavailable
    try:
        tree = _parse(file, "".join(lines))
    except SyntaxError as e:
        raise UnsupportedError(f"the source of {fn.__name__} has changed: {e.msg}", loc, "reload the module") from None
    node = _find_lambda(tree, code) if code.co_name == "<lambda>" else _find_def(tree, code)
    if node is None:
        if file == "<string>":  # of exec; Python 3.13 has the text of ``python -c`` under that name
            raise unavailable
        raise UnsupportedError(
            f"the source of {fn.__name__} was not found at {file}:{code.co_firstlineno}",
            loc,
            "the file has changed since it was imported: reload it",
        )
    if isinstance(node, ast.AsyncFunctionDef):
        raise UnsupportedError(f"{fn.__name__} is a coroutine", _loc(node, file), "use an ordinary function")
    return Source(node, file, code.co_name)


def _loc(node: ast.AST, file: str) -> Loc:
    return Loc(file, getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0))


def _find_def(tree: ast.Module, code: types.CodeType) -> Any:
    names = {code.co_name}  # the code of a private function has its name as it is written
    names |= {mangled(code.co_name, cls) for cls in code.co_qualname.split(".")[:-1]}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in names:
            first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
            if code.co_firstlineno in (first, node.lineno):
                return node
    return None


def _find_lambda(tree: ast.Module, code: types.CodeType) -> ast.Lambda | None:
    """The innermost lambda whose body spans the positions of the bytecode."""
    positions = [p for p in code.co_positions() if None not in p and p[3] and p[1] and p[3] > 0]
    positions = [p for p in positions if p[2] != p[3] or p[0] != p[1]]
    best: ast.Lambda | None = None
    for node in ast.walk(tree):
        if not isinstance(node, ast.Lambda) or [a.arg for a in _all_args(node.args)] != list(_code_args(code)):
            continue
        start = (node.body.lineno, node.body.col_offset)
        end = (node.body.end_lineno, node.body.end_col_offset)
        inside = all(start <= (p[0], p[2]) and (p[1], p[3]) <= end for p in positions)
        exact = any((p[0], p[2]) == start and (p[1], p[3]) == end for p in positions)
        if positions and inside and exact:
            return node
        if inside and node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno) and best is None:
            best = node
    return best


def _all_args(args: ast.arguments) -> list[ast.arg]:
    out = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    if args.vararg:
        out.append(args.vararg)
    if args.kwarg:
        out.append(args.kwarg)
    return out


def _code_args(code: types.CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the binding of arguments needs to know of a signature; defaults are abstract values."""

    posonly: tuple[str, ...]
    regular: tuple[str, ...]
    vararg: str | None
    kwonly: tuple[str, ...]
    kwarg: str | None
    defaults: dict[str, Any]


def parameters(node: FunctionNode, defaults: dict[str, Any]) -> Parameters:
    a = node.args
    return Parameters(
        tuple(x.arg for x in a.posonlyargs),
        tuple(x.arg for x in a.args),
        a.vararg.arg if a.vararg else None,
        tuple(x.arg for x in a.kwonlyargs),
        a.kwarg.arg if a.kwarg else None,
        defaults,
    )


def bind(
    name: str,
    p: Parameters,
    args: list[Any],
    kwargs: dict[str, Any],
    loc: Loc,
    dict_of: Callable[[dict[str, Any]], Any],
) -> dict[str, Any]:
    """Bind arguments to names as Python does; raises a located TypeError with Python's wording."""
    positional = [*p.posonly, *p.regular]
    env: dict[str, Any] = dict(zip(positional, args, strict=False))
    extra = args[len(positional) :]
    if p.vararg is not None:
        env[p.vararg] = tuple(extra)
    elif extra:
        raise PullbackTypeError(
            f"{name}() takes {_count(len(positional), 'positional argument')} but {len(args)} were given",
            loc,
            f"its parameters are ({', '.join(positional + list(p.kwonly))})",
        )
    rest: dict[str, Any] = {}
    for key, v in kwargs.items():
        if key in p.regular or key in p.kwonly:
            if key in env:
                raise PullbackTypeError(f"{name}() got multiple values for argument {key!r}", loc, "pass it once")
            env[key] = v
        elif p.kwarg is not None:
            rest[key] = v
        else:
            raise PullbackTypeError(
                f"{name}() got an unexpected keyword argument {key!r}",
                loc,
                f"its parameters are ({', '.join(positional + list(p.kwonly))})",
            )
    if p.kwarg is not None:
        env[p.kwarg] = dict_of(rest)
    missing = []
    for key in [*positional, *p.kwonly]:
        if key not in env:
            if key in p.defaults:
                env[key] = p.defaults[key]
            else:
                missing.append(key)
    if missing:
        raise PullbackTypeError(
            f"{name}() missing {_count(len(missing), 'required argument')}: {', '.join(map(repr, missing))}",
            loc,
            f"its parameters are ({', '.join(positional + list(p.kwonly))})",
        )
    return env


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
