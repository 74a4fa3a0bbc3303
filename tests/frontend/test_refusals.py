"""Programs outside the language are refused with file, line, caret, message and hint."""

import inspect
import linecache

import numpy as np
import pytest

import pullback.errors as errors
from tests.frontend import refused
from tests.frontend.support import build_for

ARGS = {
    "distinct_extents": (np.ones(4), np.ones(5)),
}


def _markers():
    for number, line in enumerate(inspect.getsource(refused).splitlines(), 1):
        if "#!" in line:
            yield number, line


def _cases():
    """(function, line of the error, text under the caret, word of the message, word of the hint)."""
    functions = {
        name: fn for name, fn in vars(refused).items() if inspect.isfunction(fn) and fn.__module__ == refused.__name__
    }
    lines = dict(_markers())
    helpers = {"bad_helper": "inside_helper"}
    for name, fn in functions.items():
        source, first = inspect.getsourcelines(fn)
        found = [n for n in range(first, first + len(source)) if n in lines]
        if found:
            caret, message, hint = (part.strip() for part in lines[found[0]].split("#!")[1].split("|"))
            yield pytest.param(functions[helpers.get(name, name)], found[0], caret, message, hint, id=name)


@pytest.mark.parametrize(("fn", "line", "caret", "message", "hint"), list(_cases()))
def test_refused_with_location(fn, line, caret, message, hint):
    args = ARGS.get(fn.__name__, (np.ones(4),))
    with pytest.raises(errors.PullbackError) as caught:
        build_for(fn, *args)
    error = caught.value
    assert not isinstance(error, errors.InternalError)
    assert error.loc is not None, error
    assert (error.loc.file, error.loc.line) == (refused.__file__, line), str(error)
    if caret:
        text = linecache.getline(error.loc.file, line)
        assert text[error.loc.col : error.loc.end_col].split("  #!")[0].rstrip() == caret, str(error)
    assert message in error.message
    assert hint in (error.hint or ""), str(error)
    assert "^" in str(error)


def test_there_are_enough():
    assert sum(1 for _ in _markers()) >= 30
