"""Each program of the tables: as given, and with five variants of its arguments.

As given, all oracles hold (values, source, JVP, VJP, second derivatives). In a variant they hold too, or the
program raises in plain NumPy, and then the same built-in exception here.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

import pullback as pb

from .support import VARIANTS, outcome

MODULES = ("absent", "alternatives", "augmented", "carried_parts", "containers", "contexts", "control", "copies", "decided", "equality", "generators", "grouped", "guarded", "growing", "growing_while", "integer_powers", "item_parts",
           "iteration", "iterators", "library", "local_classes", "mutation", "objects", "ordered", "picked", "private_names", "recursive_sharing", "sharing", "shrinking", "special_methods",
           "structure", "tables", "without_axes")  # fmt: skip

CASES = {
    f"{name}.{f.__name__}": (f, args) for name in MODULES for f, args in import_module(f".{name}", __package__).CASES
}

# What plain NumPy raises as given.
RAISING = {"augmented.field_of_a_frozen_dataclass": "FrozenInstanceError", "augmented.field_of_a_namedtuple": "AttributeError",
           "augmented.item_of_a_namedtuple": "TypeError", "augmented.item_of_a_tuple": "TypeError",
           "augmented.list_and_array_of_another_length": "ValueError", "augmented.list_and_python_number": "TypeError",
           "augmented.property_without_setter": "AttributeError", "control.raises": "ArithmeticError", "control.index_error": "IndexError",
           "control.zero_division": "ZeroDivisionError", "control.domain_error": "ValueError",
           "integer_powers.zero": "ZeroDivisionError", "integer_powers.zero_at_run_time": "ZeroDivisionError",
           "structure.keyword_given_twice": "TypeError", "structure.keyword_in_two_dicts": "TypeError",
           "structure.key_of_a_dict_given_twice": "TypeError", "structure.keyword_that_is_no_text": "TypeError",
           "containers.keys_that_are_added_in_a_loop_over_them": "RuntimeError",
           "containers.keys_that_are_taken_out_in_a_loop_over_them": "RuntimeError",
           "mutation.element_that_is_set_to_a_list": "ValueError", "mutation.element_that_is_set_to_an_array": "ValueError",
           "grouped.key_that_is_missing": "KeyError", "guarded.raise_in_a_handler": "RuntimeError", "local_classes.attribute_that_is_missing": "AttributeError", "local_classes.mutable_default": "ValueError", "objects.object_of_an_abstract_class": "TypeError", "objects.object_of_a_protocol": "TypeError",
           "objects.member_that_is_not_there": "KeyError", "objects.value_that_no_member_has": "ValueError",
           "library.item_that_is_not_there": "ValueError", "library.item_that_is_not_there_to_remove": "ValueError",
           "library.one_sample": "StatisticsError",
           "containers.position_of_what_is_before_the_start": "ValueError",
           "objects.item_behind_a_range": "IndexError", "equality.equal_arrays_that_are_not_one": "ValueError", "decided.not_decided_before_the_end": "IndexError", "private_names.without_the_class": "AttributeError", "special_methods.a_key_that_is_missing": "KeyError",
           "alternatives.a_key_that_no_path_has": "KeyError", "picked.out_of_range": "IndexError",
           "picked.a_place_that_only_another_has": "IndexError", "tables.a_key_that_is_missing": "KeyError",
           "tables.an_item_that_is_missing": "KeyError",
           "without_axes.more_axes": "ValueError", "without_axes.of_integers": "UFuncTypeError"}  # fmt: skip


# What is refused today, with the beginning of the reason: removing an entry is progress.
REFUSED = {"integer_powers.of_either_sign": "2 ** -2 is a float"}


# A Python float becomes a float64 item where a number of another path is a float32.
WIDENED = ("tables.best", "tables.ops")


@pytest.mark.parametrize("name", CASES)
def test_program(name: str) -> None:
    f, args = CASES[name]
    result = outcome(f, args, second=True, thorough=True)
    if name in REFUSED:
        assert result.kind == "refused" and result.detail.startswith(REFUSED[name]), result
        return
    expected = ("raised", RAISING[name]) if name in RAISING else ("ok", "")
    assert (result.kind, result.stage) == expected, result


# Building these takes seconds each: the variants of one in eight run every time.
LONG = [n for n in CASES if n.startswith("tables.")]
SLOW = {n for k, n in enumerate(LONG) if k % 8}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in CASES if n not in REFUSED]
)
def test_variants_of_the_arguments(name: str) -> None:
    f, args = CASES[name]
    for variant, change in VARIANTS.items():
        changed = change(args)
        if changed is not None:
            result = outcome(f, changed)
            honest = result.kind == "refused" and "is not C-contiguous" in result.detail
            honest = honest or (name in WIDENED and result.kind == "widened")
            assert honest or result.kind in ("ok", "raised", "kink", "discarded"), (variant, result)


@pytest.mark.parametrize("name", [n for n, (_, args) in CASES.items() if n.startswith("mutation.")])
def test_derivatives_leave_the_arguments_alone_and_overlap_is_an_error(name: str) -> None:
    f, args = CASES[name]
    arrays = [k for k, a in enumerate(args) if isinstance(a, np.ndarray) and a.dtype == np.float64]
    if len(arrays) < 2 or args[arrays[0]].shape != args[arrays[1]].shape:
        pytest.skip("one array")
    same = list(args)
    same[arrays[1]] = same[arrays[0]]
    program = pb.jit(f).program(*args)
    if program.mutates:
        with pytest.raises(pb.PullbackError, match="overlap"):
            pb.vjp(f, *same)
