"""Registry entries of control flow, calls, effects, tapes and `extent`.

Their meaning lives in `ir.interp` and their derivatives in `transforms` (they have regions, callees
or order, which an entry cannot express); the entries here say which ops exist and what they return.
Ops whose result types are explicit raise NotImplementedError from `infer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from ..ir.nodes import Operand
from ..ir.opdef import Kind, OpDef, register
from ..ir.types import INT, Type


def _explicit(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    raise NotImplementedError("the result types of this op are given, not inferred")


def _nothing(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    return []


def _extent(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    return [INT]


def _tape_new(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    return [Type(attrs["dtype"], (), False, True)]


def _tape_operand(operands: Sequence[Operand]) -> Type:
    if not operands or not operands[0].type.tape:
        raise TypeError("the first operand must be a tape")
    return operands[0].type


def _tape_push(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    tape = _tape_operand(operands)
    if operands[1].type.dtype != tape.dtype:
        raise TypeError(f"a {tape} cannot hold {operands[1].type}")
    return [tape]


def _tape_pop(operands: Sequence[Operand], attrs: dict[str, Any]) -> list[Type]:
    tape = _tape_operand(operands)
    return [tape, Type(tape.dtype, tuple(attrs["shape"]))]


def _in_interpreter(attrs: dict[str, Any], *operands: Any) -> NoReturn:
    raise NotImplementedError("evaluated by ir.interp itself")


def _entry(name: str, kind: Kind, infer: Any, effect: bool = False) -> OpDef:
    cost = 0 if name == "extent" else 100
    return register(OpDef(name, kind, infer, _in_interpreter, cost=cost, effect=effect))


_entry("if", "control", _explicit)
_entry("for", "control", _explicit)
_entry("while", "control", _explicit)
_entry("call", "control", _explicit)
_entry("check", "effect", _nothing, effect=True)
_entry("print", "effect", _nothing, effect=True)
_entry("tape_new", "tape", _tape_new)
_entry("tape_push", "tape", _tape_push)
_entry("tape_pop", "tape", _tape_pop)
_entry("extent", "create", _extent)
