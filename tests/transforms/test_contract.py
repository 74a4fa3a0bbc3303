"""Products found in loops: random nests against Python itself, their gradients against the IR interpreter."""

from __future__ import annotations

import importlib.util
import pathlib
import random
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import pullback as pb
from pullback.codegen.numba_cpu import generate_native, plain_kernel, to_native
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function
from pullback.ir.opdef import REGISTRY, opdef
from pullback.transforms import contract_emit, contract_nest, contract_sums
from pullback.transforms.lower import lower

from .test_loops import check

RANGES = ["range(n)", "range(n - 1, -1, -1)", "range(1, n)"]
TIED = [
    "range({0})",
    "range({0} + 1)",
    "range({0}, n)",
    "range({0} + 1, n)",
    "range({0}, -1, -1)",
    "range(n - 1, {0}, -1)",
]


def random_program(seed: int) -> str:
    """Three nested loops over square matrices: what is added to, summed up and stored, and where, is random."""
    r = random.Random(seed)
    ivs = ["i", "j", "q"]
    heads = [r.choice(RANGES) for _ in ivs]
    if r.random() < 0.6:
        first, second = sorted(r.sample(range(3), 2))
        heads[second] = r.choice(TIED).format(ivs[first])

    def element(of: str, among: list[str]) -> str:
        return f"{of}[{r.choice(among)}, {r.choice(among)}]"

    def leaf(among: list[str]) -> str:
        kinds = [lambda: element(r.choice("abw"), among)] * 6
        kinds += [lambda: f"{r.choice('abw')}[{r.choice(among)}, 0]", lambda: f"np.exp(-{element('w', among)})"]
        kinds += [lambda: f"({element('a', among)} - {element('b', among)})", lambda: "1.5"]
        return r.choice(kinds)()

    def product(target: list[str], names: list[str]) -> str:
        """Mostly of two factors that move with different indices, as in a product of matrices."""
        if r.random() < 0.25:
            factors = [leaf(ivs), leaf(ivs)]
        else:
            (inner,) = (v for v in ivs if v not in target)
            factors = [element(r.choice("abw"), [v, inner]) for v in target]
            for k, v in enumerate(target):
                if r.random() < 0.8:
                    factors[k] = f"{r.choice('abw')}[{', '.join(r.sample([v, inner], 2))}]"
                if set(names) and {"i", "j"} == {v, inner}:
                    factors[k] = "t"
        factors += [leaf(ivs[:2])] if r.random() < 0.2 else []
        text = " * ".join(factors)
        return text if r.random() < 0.8 else f"{text} - {leaf(ivs)} * {leaf(ivs)}"

    lines = [
        f"def program_{seed}(a, b, w):",
        "    n = a.shape[0]",
        "    c = np.zeros((n, n))",
        "    d = np.zeros((n, n))",
    ]
    lines += ["    total = 0.0", f"    for i in {heads[0]}:", f"        for j in {heads[1]}:"]
    names = []
    if r.random() < 0.5:
        lines.append(f"            t = {leaf(['i', 'j'])} * {r.choice(['0.5', leaf(['i', 'j'])])}")
        names.append("t")
        if r.random() < 0.3:
            lines.append("            d[i, j] += t")
            lines.append("            t = d[j, i] + 0.25")
    summed = r.random() < 0.5
    if summed:
        lines.append("            s = 0.0" if r.random() < 0.7 else f"            s = {element('w', ['i', 'j'])}")
    lines.append(f"            for q in {heads[2]}:")
    wrote = False
    for _ in range(r.randint(0 if summed else 1, 2)):
        target = r.sample(ivs, 2)
        lines.append(f"                c[{', '.join(target)}] += {product(target, names)}")
        wrote = True
    if summed or not wrote:
        lines.append(f"                s += {product(ivs[:2], names)}")
        after = r.choice(["total += s * s", "d[i, j] = np.tanh(s)", f"d[j, i] += s * {element('w', ['i', 'j'])}"])
        lines.append(f"            {after}")
    lines.append("    return total + np.sum(c * c * w) + np.sum(np.sin(d)) + np.sum(a * b)")
    return "\n".join(lines) + "\n"


def random_mixed(seed: int) -> str:
    """Nests that add to arrays which the same loops read, scale and overwrite, too."""
    r = random.Random(1000 + seed)
    head = r.choice(RANGES)
    inner = {v: r.choice([*RANGES, TIED[r.randrange(len(TIED))].format("i")]) for v in "jq"}

    def element(of: str, among: str) -> str:
        return f"{of}[{r.choice(among)}, {r.choice(among)}]"

    def factor(v: str) -> str:
        """Mostly one that moves with `q` and another index."""
        of = r.choice("aaaabbbbwwwwcs")
        if of == "s":
            return f"s[{v}]"
        return f"{of}[{', '.join(r.sample([v, 'q'], 2))}]" if r.random() < 0.9 else element(of, "ijq")

    def beside() -> list[str]:
        """Something else in a loop of its own."""
        place = r.choice(["c[i, j]"] * 4 + ["c[j, i]", "s[j]", "s[j]", "b[i, j]"])
        value = r.choice(["{0} * 0.5", "0.0", "np.tanh({0})", "{0} - w[i, j]", "{0} * a[i, j]", "s[j] + 0.5 * {0}"])
        return [f"for j in {r.choice([*RANGES, inner['j']])}:", f"    {place} = {value.format(place)}"]

    def nest() -> list[str]:
        target = r.choice(["c[i, j]", "c[i, j]", "c[q, j]", "c[q, i]", "s[j]", "b[q, j]", "t"])
        order = r.sample("jq", 2) if target != "t" else ["j", "q"]
        lines = [f"for {order[0]} in {inner[order[0]]}:", f"    for {order[1]} in {inner[order[1]]}:"]
        x = f"{factor('i')} * {factor('j')}"
        if target == "t":
            lines[1:1] = ["    t = 0.0"]
            return [*lines, f"        t += {x}", f"    {r.choice(['c[i, j] = t', 'c[j, i] += t', 'total += t * t'])}"]
        sign = r.choice(["+=", "+=", "-="])
        return [*lines, f"        {target} {sign} {x}"]

    lines = [
        f"def mixed_{seed}(a, b, w):",
        "    n = a.shape[0]",
        "    b = b.copy()",
        "    c = w * 0.5",
        "    s = np.zeros(n)",
    ]
    lines += ["    total = 0.0", f"    for i in {head}:"]
    pieces = [nest()]
    pieces += [beside() for _ in range(r.randint(1, 2))] + [nest() for _ in range(r.random() < 0.3)]
    r.shuffle(pieces)
    lines += [f"        {line}" for piece in pieces for line in piece]
    lines.append("    return total + np.sum(c * c * w) + np.sum(np.sin(s)) + np.sum(a * b)")
    return "\n".join(lines) + "\n"


def loaded(path: pathlib.Path, text: str) -> ModuleType:
    path.write_text("import numpy as np\n\n\n" + text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = made
    spec.loader.exec_module(made)
    return made


def check_fallback(fn: Function, args: list[np.ndarray]) -> None:
    """The loops that stand in for products, where something is not finite."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRY, "all_finite", replace(opdef("all_finite"), evaluate=lambda attrs, a: False))
        results = interpret(lower(fn), args)
    for a, e in zip(results, interpret(fn, args), strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-12)


def check_programs(text: str, prefix: str, seeds: range, path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Check that programs and their gradients compute the same as loops; how many have products in them."""
    monkeypatch.setattr(contract_emit, "BLOCK", 3)
    monkeypatch.setattr(contract_sums, "SMALL_BLOCK", 2)
    monkeypatch.setattr(contract_nest, "SHORT", 0)
    monkeypatch.setattr(contract_nest, "TINY_PRODUCT", 0)
    programs = loaded(path / f"{prefix}_{seeds[0]}.py", text)
    found = 0
    for seed in seeds:
        f = getattr(programs, f"{prefix}_{seed}")
        n = [1, 2, 4, 5][seed % 4]
        rng = np.random.default_rng(seed)
        args = [rng.normal(size=(n, n)) * 0.5 for _ in range(3)]
        primal = pb.jit(f).program(*args).function
        np.testing.assert_allclose(interpret(primal, args)[0], f(*args), rtol=1e-12, atol=1e-12)
        gradient = pb.grad(f, argnums=(0, 1, 2)).program(*args).function
        text = check(primal, args) + check(gradient, args, compiled=seed % 15 == 0)
        check_fallback(gradient, args)
        found += "gemm_part(" in text
    return found


@pytest.mark.parametrize("block", range(4))
def test_random_nests(block: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = range(block * 15, block * 15 + 15)
    text = "\n\n".join(random_program(seed) for seed in seeds)
    assert check_programs(text, "program", seeds, tmp_path, monkeypatch) >= 3


@pytest.mark.parametrize("block", range(4))
def test_random_mixed_nests(block: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = range(block * 15, block * 15 + 15)
    text = "\n\n".join(random_mixed(seed) for seed in seeds)
    assert check_programs(text, "mixed", seeds, tmp_path, monkeypatch) >= 3


def accumulated(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return np.sum(np.tanh(c))


def summed(a, b):
    c = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            s = 0.0
            for k in range(a.shape[1]):
                s += a[i, k] * b[k, j]
            c[i, j] = np.tanh(s)
    return np.sum(c)


def dotted(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total += np.tanh(np.dot(a[i, :], b[:, j]))
    return total


@pytest.mark.parametrize("f", [accumulated, summed, dotted])
def test_matrix_products(f: Any) -> None:
    rng = np.random.default_rng(0)
    for n, m, p in ((20, 30, 25), (70, 65, 130), (1, 5, 3), (0, 4, 3), (4, 0, 3)):
        a, b = rng.normal(size=(n, m)), rng.normal(size=(m, p))
        da, db = pb.grad(f, argnums=(0, 1))(a, b)
        g = 1.0 - np.tanh(a @ b) ** 2
        np.testing.assert_allclose(da, g @ b.T, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(db, a.T @ g, rtol=1e-11, atol=1e-11)
    text = pb.grad(f, argnums=(0, 1)).source(a, b, level="native")
    assert text.count("gemm_part(") == 3 and "* b[" not in text


def lower_triangle(a, w):
    n, m = a.shape
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            for k in range(m):
                c[i, j] += a[i, k] * a[j, k]
    return np.sum(c * w)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 63, 64, 65, 150])
def test_triangles(n: int, dtype: Any) -> None:
    rng = np.random.default_rng(n)
    a, w = rng.normal(size=(n, 20)).astype(dtype), rng.normal(size=(n, n)).astype(dtype)
    lower = np.tril(w)
    tolerance = 1e-11 if dtype == np.float64 else 2e-4
    np.testing.assert_allclose(pb.grad(lower_triangle)(a, w), (lower + lower.T) @ a, rtol=tolerance, atol=tolerance)


def test_what_the_triangle_leaves_out_does_not_spoil_the_rest() -> None:
    """An infinity meets no zero that the program does not multiply it by."""
    rng = np.random.default_rng(0)
    n = 100
    w, a = rng.normal(size=(n, n)), rng.normal(size=(n, 12))
    a[70, 3] = np.inf
    got = pb.grad(lower_triangle)(a, w)
    expected = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            expected[i] += w[i, j] * a[j]
            expected[j] += w[i, j] * a[i]
    assert np.array_equal(np.isnan(got), np.isnan(expected)) and np.array_equal(np.isinf(got), np.isinf(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(got[finite], expected[finite], rtol=1e-11)


def masked(a, b, w):
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += np.log(a[i, k]) * b[k, j]
            c[i, j] = s
    return np.sum(np.where(w > 0, c, 0.0))


def test_strong_zeros() -> None:
    """A masked element sends a zero, which counts as one where it meets an infinity."""
    rng = np.random.default_rng(0)
    n = 12
    a, b, w = rng.uniform(1, 2, size=(n, n)), rng.normal(size=(n, n)), rng.normal(size=(n, n))
    w[3, :] = -1.0
    a[3, 5] = 0.0
    g = (w > 0) * 1.0
    with np.errstate(divide="ignore"):
        rest = np.where(np.arange(n)[:, None] == 3, 0.0, np.log(a))
    db = pb.grad(masked, argnums=1)(a, b, w)
    np.testing.assert_allclose(db, rest.T @ g, rtol=1e-11, atol=1e-11)


def overwritten(a, b):
    """What is read is written in the same loops: no product."""
    n = a.shape[0]
    c = a.copy()
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += c[i, k] * b[k, j]
            c[i, j] = 0.1 * s
    return np.sum(c * c)


def test_dependences_are_kept() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(10, 10)), rng.normal(size=(10, 10))
    direction = rng.normal(size=(10, 10))
    slope = (overwritten(a + 1e-6 * direction, b) - overwritten(a - 1e-6 * direction, b)) / 2e-6
    assert np.vdot(pb.grad(overwritten)(a, b), direction) == pytest.approx(slope, rel=1e-6)
    assert "gemm_part" not in pb.jit(overwritten).source(a, b, level="native")


def rank_2k(alpha, beta, c, a, b, w):
    for i in range(a.shape[0]):
        c[i, : i + 1] *= beta
        for k in range(a.shape[1]):
            c[i, : i + 1] += a[: i + 1, k] * alpha * b[i, k] + b[: i + 1, k] * alpha * a[i, k]
    return np.sum(c * w)


def correlation(data, w):
    """Each row of the result is a product of a slice."""
    m = data.shape[1]
    data = (data - np.mean(data, axis=0)) / np.std(data, axis=0)
    corr = np.eye(m)
    for i in range(m - 1):
        corr[i + 1 : m, i] = corr[i, i + 1 : m] = data[:, i] @ data[:, i + 1 : m]
    return np.sum(corr * w)


def covariance(data, w):
    m = data.shape[1]
    data = data - np.mean(data, axis=0)
    cov = np.zeros((m, m))
    for i in range(m):
        cov[i:m, i] = cov[i, i:m] = data[:, i] @ data[:, i:m] / 3.0
    return np.sum(cov * w)


@pytest.mark.parametrize("n", [2, 7, 70])
def test_slices_in_a_loop(n: int) -> None:
    """Against the IR interpreter; rows of an array that the outer loop makes or overwrites are written down."""
    rng = np.random.default_rng(n)
    w = rng.normal(size=(n, n))
    cases: list[tuple[Any, tuple[int, ...], list[Any]]] = [
        (rank_2k, (2, 3, 4), [1.5, 1.2, rng.normal(size=(n, n)), rng.normal(size=(n, 9)), rng.normal(size=(n, 9)), w]),
        (correlation, (0,), [rng.normal(size=(11, n)), w]),
        (covariance, (0,), [rng.normal(size=(11, n)), w]),
    ]
    for f, wrt, args in cases:
        fn = pb.grad(f, argnums=wrt).program(*args).function
        if n < 70:
            assert "gemm_part" in check(fn, args)
            check_fallback(fn, args)
        else:
            code = to_native(fn)
            results, expected = plain_kernel(generate_native(code))(*args), interpret(fn, args)
            for a, e in zip(results, expected, strict=True):
                np.testing.assert_allclose(a, e, rtol=1e-10, atol=1e-10)
