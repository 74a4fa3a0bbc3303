"""The command `pullback`.

    pullback inspect demo.py:loss f64[8,3] f64[3] float      # the adjoint of loss as Python
    pullback inspect demo.py:loss f64[8,3] --show ir --mode jit
    pullback inspect demo.py:loss f64[8,3] --show memory     # what is kept, predicted and measured peak

An argument is a dtype with extents (``f64[8,3]``, ``i64[5]``), a scalar dtype (``f32``), ``float`` or ``int``, or
a Python literal that is static or a number (``3``, ``'relu'``, ``None``).
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .api import Transformed, grad, jit, value_and_grad
from .errors import PullbackError, PullbackValueError
from .ir.types import DTYPES
from .paths import is_transformed

_ARRAY = re.compile(r"(\w+)\[([\d,\s]*)\]")


def main(argv: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="pullback", description="Look at what pullback makes of a function.")
    commands = parser.add_subparsers(dest="command", required=True)
    inspect = commands.add_parser("inspect", help="print the derivative of FILE:FUNCTION as source or IR")
    inspect.add_argument("function", metavar="FILE:FUNCTION")
    inspect.add_argument("arguments", nargs="*", metavar="TYPE", help="f64[8,3], f32, float, int, or a literal")
    inspect.add_argument("--show", choices=("source", "native", "ir", "memory"), default="source")
    inspect.add_argument("--stage", help="of --show ir: frontend, array, adjoint or native")
    inspect.add_argument("--mode", choices=("grad", "value_and_grad", "jit"), default="grad")
    inspect.add_argument("--argnums", type=int, nargs="+", default=[0])
    options = parser.parse_args(argv)
    try:
        print(_inspect(options))
    except PullbackError as e:
        print(f"{type(e).__name__}: {e}", file=sys.stderr)
        return 1
    return 0


def _inspect(options: argparse.Namespace) -> str:
    fn = _load(options.function)
    args = [example(a) for a in options.arguments]
    transformed: Transformed
    if options.mode == "jit":
        transformed = jit(fn)
    else:
        argnums: Any = options.argnums[0] if len(options.argnums) == 1 else options.argnums
        transformed = (grad if options.mode == "grad" else value_and_grad)(fn, argnums)
    if options.show == "memory":
        return str(transformed.memory(*args))
    if options.show == "ir":
        return transformed.ir(*args, stage=options.stage)
    return transformed.source(*args, level="native" if options.show == "native" else "adjoint")


def _load(place: str) -> Callable[..., Any]:
    """The function that ``file.py:name`` means."""
    file, colon, name = place.rpartition(":")
    path = Path(file)
    if not colon or not path.is_file():
        raise PullbackValueError(f"no file {file!r}" if colon else f"{place!r} is not FILE:FUNCTION")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise PullbackValueError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent.resolve()))
    spec.loader.exec_module(module)
    fn = getattr(module, name, None)
    if not callable(fn):
        raise PullbackValueError(f"{file} has no function {name!r}")
    return fn.__pullback_fn__ if is_transformed(fn) else fn  # type: ignore[no-any-return]


def example(text: str) -> Any:
    """A value of the type that `text` writes."""
    array = _ARRAY.fullmatch(text)
    if array and array[1] in DTYPES:
        shape = [int(n) for n in array[2].split(",") if n.strip()]
        return np.ones(shape, DTYPES[array[1]])
    if text in DTYPES:
        return DTYPES[text].type(1)
    if text in ("float", "int"):
        return 1.0 if text == "float" else 1
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise PullbackValueError(
            f"{text!r} is not a type",
            hint=f"write f64[8,3], float, int or a literal; dtypes: {', '.join(DTYPES)}",
        ) from None


if __name__ == "__main__":
    sys.exit(main())
