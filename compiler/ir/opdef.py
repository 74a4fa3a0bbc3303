"""What an op is: its entry in the one registry. Entries are made in `compiler/rules`.

An entry is complete at import: the tests, the documentation table, the verifier, the interpreter,
differentiation and both code generators are driven by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .nodes import Operand
from .types import Type

Kind = Literal["elementwise", "reduction", "shape", "index", "linalg", "create", "control", "effect", "tape"]
Infer = Callable[[Sequence[Operand], dict[str, Any]], list[Type]]
# vjp rule of one operand: (g, y, *operands) -> contribution, as expressions (rules.expr.E)
# or, for ops with attributes, (g, op) -> contribution
# (rules.elementwise.WithContext marks an elementwise rule of the second kind)
VjpRule = Any


@dataclass(slots=True)
class OpDef:
    """One op.

    infer      result types from operands and attributes; raises TypeError/ValueError with a message
               a user understands (the frontend adds the location).
    evaluate   (attrs, *numpy operands) -> result or tuple of results; Dims in attrs are already ints.
               The meaning of the op, used by the interpreter.
    vjp        one rule per operand. An elementwise rule is ``f(g, y, *operands)``, other rules are
               ``f(ctx)`` (see transforms.reverse). None marks an operand with no derivative (an index,
               a condition). ``vjp is None`` for the whole op: not differentiable, an error
               when active, unless `zero` says that zero is the right answer.
    jvp        "from_vjp" (elementwise: the same factors), "linear" (apply the op to the tangents,
               Zero ones dropped or materialised), or ``f(ctx)``.
    zero       the derivative is zero by declaration (floor, sign, comparisons).
    python     readable Python over NumPy: a format string with {0} {1} ..., or a function.
    scalar     scalar expression for native loops: a format string with {0} {1} ..., elementwise only.
    cost       relative cost of recomputing one element: 0 free, 1 cheap arithmetic, 10 libm, 100 dear.
    undefined  where the derivative does not exist, in words; "" when nowhere.
    sample     name of the sampler used by the generated rule tests.
    """

    name: str
    kind: Kind
    infer: Infer
    evaluate: Callable[..., Any]
    vjp: tuple[VjpRule | None, ...] | None = None
    jvp: Any = None
    zero: bool = False
    python: str | Callable[..., str] = ""
    scalar: str | Callable[..., str] = ""
    cost: int = 1
    undefined: str = ""
    sample: str = "normal"
    effect: bool = False


REGISTRY: dict[str, OpDef] = {}

# elementwise ops with results that are booleans: of two numbers, of one number, of booleans
COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
PREDICATES = frozenset({"isnan", "isinf", "isfinite"})
LOGIC = frozenset({"logical_and", "logical_or", "logical_xor", "logical_not"})


def register(op: OpDef) -> OpDef:
    assert op.name not in REGISTRY, op.name
    REGISTRY[op.name] = op
    return op


def opdef(name: str) -> OpDef:
    try:
        return REGISTRY[name]
    except KeyError:
        raise KeyError(f"no op named {name!r} in the registry") from None
