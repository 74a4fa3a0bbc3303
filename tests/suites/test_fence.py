"""The edge of the language: every construct is differentiated right, or refused where it stands."""

from __future__ import annotations

import ast
import inspect
import linecache
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.errors import InternalError
from pullback.frontend import fence
from pullback.frontend.build import Interpreter

from . import fence_refused, fence_supported
from .support import Case, check, interpreted

__all__ = ["interpreted"]

HELPERS = {"_two": "wrong_argument_count"}


@pytest.mark.parametrize("case", fence_supported.CASES.params())
def test_supported(case: Case, interpreted: Any) -> None:
    check(case)


def test_own_exceptions_are_raised(interpreted: Any) -> None:
    gradient = pb.grad(fence_supported.raises_own_exception)
    np.testing.assert_array_equal(gradient(np.array([1.0, -2.0])), [2.0, -4.0])
    with pytest.raises(fence_supported.Trouble, match="negative"):
        gradient(np.array([-1.0, 2.0]))


def refused() -> list[Any]:
    """(program, line, text over the caret, words of message and hint) of every marked program."""
    lines = {
        number: line.split("#!")[1].split("|")
        for number, line in enumerate(inspect.getsource(fence_refused).splitlines(), 1)
        if "#!" in line and "|" in line.split("#!")[1] and "``" not in line
    }
    found = []
    for name, fn in vars(fence_refused).items():
        if not inspect.isfunction(fn) or fn.__module__ != fence_refused.__name__ or name.startswith("_"):
            continue
        source, first = inspect.getsourcelines(fn)
        (line,) = [n for n in range(first, first + len(source)) if n in lines]
        found.append(pytest.param(fn, line, *(part.strip() for part in lines[line]), id=name))
    return found


REFUSED = refused()


def test_there_are_enough() -> None:
    assert len(REFUSED) >= 60


@pytest.mark.parametrize(("fn", "line", "caret", "message", "hint"), REFUSED)
def test_refused(fn: Any, line: int, caret: str, message: str, hint: str) -> None:
    args = fence_refused.ARGS.get(fn.__name__, (fence_refused.X,))
    before = [a.copy() for a in args]
    with pytest.raises(pb.PullbackError) as caught:
        pb.grad(fn)(*args)
    error = caught.value
    assert not isinstance(error, InternalError), error
    assert error.loc is not None, error
    assert (error.loc.file, error.loc.line) == (fence_refused.__file__, line), str(error)
    assert error.hint, str(error)
    assert message in error.message, str(error)
    assert hint in error.hint, str(error)
    shown = str(error).splitlines()
    text = linecache.getline(error.loc.file, line)
    pointed = text[error.loc.col : error.loc.end_col].split("#!")[0].strip()
    assert shown[0].startswith(f"{fence_refused.__file__}:{line}:{error.loc.col + 1}: ")
    assert "^" in shown[2]
    assert not caret or pointed == caret, str(error)
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_expression_node_is_decided() -> None:
    """Expressions that Python has are in the language, or in the fence with a hint."""
    within = {"FormattedValue", "YieldFrom"}  # in an f-string
    for node in ast.expr.__subclasses__():
        if node.__module__ == "ast":  # old names of constants
            continue
        known = hasattr(Interpreter, f"eval_{node.__name__}") or node in fence.REFUSED or node.__name__ in within
        assert known, node.__name__


def test_hints_of_the_fence_end_without_a_full_stop() -> None:
    for message, hint in fence.REFUSED.values():
        assert message and hint and not message.endswith(".") and not hint.endswith(".")
