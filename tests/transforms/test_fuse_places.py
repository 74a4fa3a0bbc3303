"""One nest for writes to several rows of an array: only where no iteration meets what another one writes."""

from __future__ import annotations

import importlib.util
import pathlib
import random

import numpy as np
import pytest

import pullback as pb

from .test_loops import check


def random_program(seed: int) -> str:
    """Statements on rows of two matrices, in a loop over rows; the same rows, neighbours, and parts of rows."""
    r = random.Random(seed)
    parts = [":", ":", ":", "1:", ":-1", "::-1"]

    def place(part: str) -> str:
        row = r.choice(["k", "k", "k - 1", "k + 1", "0", "n - 1", "n - 2"])
        index = f"{row}, {part}" if turned is False else f"{part}, {row}"
        return f"{r.choice('ab')}[{index}]"

    def value(part: str) -> str:
        same = ["1:", ":-1"] if part in ("1:", ":-1") else [":", "::-1"]
        terms = [place(r.choice(same)) for _ in range(r.randint(1, 3))]
        return (
            r.choice(["0.5 * ", "-", "np.sin(1.0) * "]) + " * ".join(terms[:2]) + "".join(f" + {t}" for t in terms[2:])
        )

    turned = r.random() < 0.3
    lines = ["import numpy as np", "", "", "def f(a, b):", "    n = a.shape[0]", "    for k in range(1, n - 1):"]
    for _ in range(r.randint(2, 6)):
        part = r.choice(parts)
        lines.append(f"        {place(part)} {r.choice(['=', '=', '+=', '*='])} {value(part)}")
    return "\n".join([*lines, "    return np.sum(a * a) + np.sum(b)", ""])


def load(text: str, path: pathlib.Path):
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


@pytest.mark.parametrize("block", range(6))
def test_random_rows(block: int, tmp_path: pathlib.Path) -> None:
    for seed in range(block * 30, block * 30 + 30):
        text = random_program(seed)
        f = load(text, tmp_path / f"rows{seed}.py")
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 6))
        args = [0.5 * rng.normal(size=(n, n)) for _ in range(2)]
        given = [x.copy() for x in args]
        expected = f(*given)
        fn = pb.jit(f).program(*args).function
        check(fn, args, compiled=seed % 30 == 0)
        with np.errstate(all="ignore"):
            got = pb.jit(f)(*(mine := [x.copy() for x in args])) if seed % 30 == 0 else expected
        np.testing.assert_allclose(got, expected, rtol=1e-12, err_msg=text)
        if seed % 30 == 0:
            np.testing.assert_allclose(mine, given, rtol=1e-12)
        check(pb.grad(f, argnums=(0, 1)).program(*args).function, args)


def levels(x, w):
    """A level from the one before: one nest, not one for each statement."""
    y = np.zeros_like(x)
    for k in range(1, x.shape[0]):
        x[k] = x[k] * w + 0.5 * x[k - 1]
        y[k] = np.sin(x[k - 1]) * x[k] + y[k - 1]
    return np.sum(y[-1])


def test_one_nest_for_a_level() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)), rng.normal(size=3)
    text = pb.jit(levels).source(x, w, level="native")
    assert text.count("for j") + text.count("for i") == 2, text  # the level, and the sum
