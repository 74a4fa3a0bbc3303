"""300 random programs, a few of them compiled: the campaign of every test run. See `tests.fuzz.__main__`."""

from __future__ import annotations

import ast

import pytest

from .campaign import general
from .generator import generate
from .oracles import Timeout, check, deadline
from .reducer import edited

CHUNK = 15
SEEDS = range(0, 300, CHUNK)


@pytest.mark.parametrize("first", SEEDS)
def test_programs_agree_with_numpy_and_finite_differences(first: int) -> None:
    refused = 0
    for seed in range(first, first + CHUNK):
        case = generate(seed)
        outcome = check(case, compiled=seed % 60 == 0, second=seed % 10 == 5, thorough=False)
        refused += outcome.kind == "refused"
        assert not outcome.failed, f"seed {seed}: {outcome.stage}: {outcome.detail}\n{case.arguments}\n{case.source}"
    assert refused <= CHUNK // 3


def test_generation_is_deterministic_and_mostly_valid() -> None:
    assert [generate(s).source for s in range(20)] == [generate(s).source for s in range(20)]
    valid = 0
    for seed in range(100):
        case = generate(seed)
        try:
            case.load()(*case.values())
            valid += 1
        except Exception:
            pass
    assert valid >= 95


def test_a_wrong_program_is_found() -> None:
    """The oracles can fail: a derivative that is not that of the plain program is reported."""
    case = generate(1)
    outcome = check(case)
    assert outcome.kind in ("ok", "kink"), outcome
    from . import oracles

    class Wrong(oracles._Check):
        def direction(self):  # type: ignore[no-untyped-def]
            return tuple(1.0 + d for d in super().direction())

        def moved(self, values, direction, h):  # type: ignore[no-untyped-def]
            return super().moved(values, tuple(1.01 * d for d in direction), h)

    with pytest.raises(oracles.Failure, match="finite differences"):
        Wrong(case).run(False, False)


def test_edits_of_the_reducer_are_smaller_or_invalid_programs() -> None:
    source = ast.unparse(ast.parse(generate(3).source))
    k = 0
    while edited(source, k) is not None:
        k += 1
    assert k > 20


def test_messages_are_grouped_without_names_and_numbers() -> None:
    assert general("x1 is f64[3]") == general("x2 is f64[4]")


def test_a_deadline_inside_another() -> None:
    with pytest.raises(Timeout), deadline(0.5):
        with deadline(30):
            pass
        while True:
            pass
