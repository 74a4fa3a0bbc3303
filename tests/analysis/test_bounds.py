"""Proofs about integers: what should be proved is, and what is not true never is."""

import itertools
import random

import pytest

from pullback.analysis.bounds import Facts, facts_before, prove_less_equal, prove_nonneg
from pullback.ir.dims import Dim
from pullback.ir.nodes import Value
from pullback.ir.parser import parse
from pullback.ir.types import INT

N, M = Dim.of("n0"), Dim.of("n1")
I, J, K = (Dim.of(Value(INT, h)) for h in "ijk")


def value(dim):
    ((atom,), _) = dim.terms[0]
    return atom


def loop_facts():
    """for i in range(n0): for j in range(i + 1): k unknown."""
    return Facts().with_range(value(I), Dim.of(0), N - 1).with_range(value(J), Dim.of(0), I)


@pytest.mark.parametrize(
    "dim",
    [
        N, N * M, N * N - N * 0, I, J, N - 1 - I, I - J, N - 1 - J, N - J - 1 + M,
        N * M - 1 - (I * M + J).min(N * M - 1),
        (I - 5).max(0), -(I.min(0)) + I, N - I.max(J) - 1,
        I // 2, I - I // 2, N - 1 - I // 3, (N + 1) // 2, N - N // 2, N - (N // 2) * 2, (I * I) + J,
        K * K, (K - 3).max(2) - 2, N * M - I * M - M,
        Dim.of(3), Dim.of(0),
    ],
    ids=str,
)  # fmt: skip
def test_proved(dim):
    assert prove_nonneg(dim, loop_facts())


@pytest.mark.parametrize(
    "dim",
    [
        N - 1, -N, K, -K, I - 1, N - 2 - I, J - I, N - M, I * J - 1, K * I, N - K, N - I * I,
        (I - 5).min(0), N.min(M) - 1, N // 2 - 1, N * N - N - 1, I // K, Dim.of(-1), I - N,
    ],
    ids=str,
)  # fmt: skip
def test_not_proved_because_not_true(dim):
    assert not prove_nonneg(dim, loop_facts())


def test_assumptions_and_less_equal():
    assert not prove_nonneg(N - 2, Facts())
    facts = Facts().with_nonneg(N - 2)
    assert prove_nonneg(N - 2, facts) and prove_nonneg(N - 1, facts) and prove_nonneg(2 * N - 4, facts)
    assert not prove_nonneg(N - 3, facts)
    assert prove_less_equal(2, N, facts) and prove_less_equal(I, I, facts)
    assert not prove_less_equal(3, N, facts)


def test_facts_of_a_program():
    fn = parse("""
func f(%x: f64[n0], %k: int, %m: b1[n0]) -> () assume [n0 - 3] {
  %n = extent {dim=n0} : int
  for 0, %n, 1 {(%i: int):
    %a = add %i, 0 : int
    %j0 = sub %i, 1 : int
    for %j0, -1, -1 {(%j: int):
      %b = add %j, 0 : int
      yield
    }
    %c = lt %j0, %k : bool
    if %c {
      %d = add %j0, 0 : int
      yield
    } {
      %e = add %j0, 0 : int
      yield
    }
    yield
  }
  for 0, %n, %k {(%u: int):
    %g = add %u, 0 : int
    yield
  }
  %o = gt %k, 5 : bool
  check %o {error='ValueError', message=''}
  %h = add %k, 0 : int
  %cnt, %idx = nonzero %m : int, i64[%cnt]
  %l = mod %k, 7 : int
  return
}""")
    facts = facts_before(fn)
    values = {r.hint: r for op in fn.body.walk() for r in op.results}
    values |= {p.hint: p for op in fn.body.walk() for r in op.regions for p in r.params}
    k = Dim.of(fn.params[1])

    def known(at, dim):
        return prove_nonneg(dim, facts[values[at].op])

    i, j, u = (Dim.of(values[h]) for h in "iju")
    assert known("a", i) and known("a", N - 1 - i) and known("a", N - 3)
    assert not known("a", i - 1) and not known("a", N - 4)
    assert known("b", j) and known("b", i - 1 - j) and known("b", N - 2 - j) and known("b", i - 1)
    assert known("d", k - i) and not known("d", i - 1 - k)
    assert known("e", i - 1 - k) and not known("e", k - i)
    assert not known("g", u)  # the sign of the step is not known
    assert known("h", k - 6) and not known("h", k - 7) and not known("o", k - 6)
    count, rest = Dim.of(values["cnt"]), Dim.of(values["l"])
    assert known("l", count) and known("l", N - count)
    assert known("l", rest) and known("l", 6 - rest) and not known("l", 5 - rest)


def random_dim(rng, atoms, depth):
    if depth == 0 or rng.random() < 0.25:
        return Dim.of(rng.randint(-3, 3)) if rng.random() < 0.35 else rng.choice(atoms)
    a, b = (random_dim(rng, atoms, depth - 1) for _ in range(2))
    kind = rng.randint(0, 6)
    if kind < 2:
        return a + b
    if kind < 4:
        return a - b
    if kind == 4:
        return a * b
    if kind == 5:
        return a.min(b) if rng.random() < 0.5 else a.max(b)
    return a // rng.choice([2, 3, -2])


@pytest.mark.parametrize("seed", range(8))
def test_what_is_proved_holds_for_every_small_number(seed):
    """Soundness by enumeration, in the nest i < n0, j <= i with k unknown."""
    rng = random.Random(seed)
    facts = loop_facts()
    points = [
        {"n0": n, "n1": m, value(I): i, value(J): j, value(K): k}
        for n in range(1, 5)
        for i in range(n)
        for j in range(i + 1)
        for m, k in itertools.product((0, 1, 4), (-5, -1, 0, 2, 7))
    ]
    proved = 0
    for _ in range(250):
        dim = random_dim(rng, [N, M, I, J, K, N, I, J], rng.randint(1, 4))
        if prove_nonneg(dim, facts):
            proved += not dim.is_const
            for p in points:
                assert dim.evaluate(p.__getitem__) >= 0, (str(dim), p)
    assert proved > 20
