"""Every program of `programs.py` does, interpreted as IR, what it does in Python."""

import pytest

from tests.frontend.programs import CASES
from tests.frontend.support import check_same


@pytest.mark.parametrize(("fn", "args"), CASES, ids=[fn.__name__ for fn, _ in CASES])
def test_interpreted_as_in_python(fn, args):
    check_same(fn, *args)
