"""Golden IR of small programs: what the frontend makes of each construct."""

import numpy as np
import pytest

from tests.frontend import programs
from tests.frontend.support import build_for, check_same

NAMES = """g1 alias neg_range zipenum brk whiletrue unbound raiser2 rfib mask stencil pingpong branchwrite
early_nested gauss gens""".split()


@pytest.mark.parametrize("name", NAMES)
def test_golden(name, golden):
    args = next(args for fn, args in programs.CASES if fn.__name__ == name)
    text = str(build_for(getattr(programs, name), *args).function)
    assert text == str(build_for(getattr(programs, name), *args).function), "not deterministic"
    golden(f"frontend/{name}.ir", text)


def test_lambdas_on_one_line_are_told_apart():
    f, g = (lambda x: x + 1.0), (lambda x: x * 3.0)
    check_same(f, 2.0)
    check_same(g, 2.0)


def test_captured_inputs_and_guards():
    scale, count, table = 2.0, 3, np.arange(4.0)

    def f(x):
        return scale * count * (x @ table)

    built = check_same(f, np.ones(4))
    assert [c.name for c in built.captured] == ["scale", "table"]
    assert built.function.params[2].type == built.function.params[0].type  # extents are shared
    count = 4
    assert [g.name for g in built.guards if not g.holds()] == ["count"]


def test_method_and_partial():
    import functools

    class Model:
        def __init__(self):
            self.w, self.n = np.ones(3), 2

        def loss(self, x, k):
            return (self.w * x).sum() * self.n * k

    model = Model()
    check_same(model.loss, np.arange(3.0), 2.0)
    check_same(functools.partial(model.loss, k=3.0), np.arange(3.0))


def test_source_that_does_not_exist():
    import pullback.errors as errors

    space: dict = {}
    exec("def f(x): return x", space)
    with pytest.raises(errors.UnsupportedError, match="source of f is not available") as caught:
        build_for(space["f"], 1.0)
    assert caught.value.loc is not None and "custom_vjp" in caught.value.hint
