"""``python -m pullback.opt``: passes on text."""

import pathlib

import pytest

from pullback.opt import main

CASE = pathlib.Path(__file__).parent / "golden" / "simplify" / "branches"


def test_runs_the_passes_in_order(capsys):
    assert main([f"{CASE}.in", "-p", "simplify"]) == 0
    assert capsys.readouterr().out == pathlib.Path(f"{CASE}.out").read_text()


def test_without_passes_prints_and_verifies(capsys, tmp_path):
    assert main([f"{CASE}.out"]) == 0
    assert capsys.readouterr().out == pathlib.Path(f"{CASE}.out").read_text()
    bad = tmp_path / "bad.ir"
    bad.write_text("func f(%x: float) -> () {\n  %y = neg %x : f32\n  return\n}")
    assert main([str(bad)]) == 1
    assert "not valid IR" in capsys.readouterr().err


def test_an_unknown_pass(capsys):
    with pytest.raises(SystemExit):
        main([f"{CASE}.in", "-p", "simplify,fold"])
    assert "no pass named 'fold'" in capsys.readouterr().err


def test_reverse_and_retain(capsys):
    loops = CASE.parents[1] / "ir" / "loops.ir"
    assert main([str(loops), "-p", "simplify,reverse,retain,simplify"]) == 0
    assert "func product_chain" in capsys.readouterr().out
