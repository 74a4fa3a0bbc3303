"""Expressions: each syntax node to an abstract value."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import NeedsStatic, PullbackTypeError, PullbackValueError, UnsupportedError
from ..ir.dims import Dim
from ..ir.nodes import Const, Value, as_dim
from . import fence
from .alternatives import is_alternative
from .comparisons import Comparisons
from .containers_library import set_, table
from .context import describe
from .control import COMPREHENSION
from .texts import formatted, is_text, joined_text, percent_formatted
from .values import (
    Array,
    DictValue,
    ListValue,
    Opaque,
    RecordValue,
    SliceValue,
    StackedItems,
    StackedList,
    UserFunction,
    is_number,
    is_operand,
    is_scalar,
    is_static,
    to_python,
)

# syntax -> (opcode of Python numbers, NumPy's function for the rest, Python's operator)
BINARY: dict[type[ast.operator], tuple[str, Any, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", np.add, operator.add),
    ast.Sub: ("sub", np.subtract, operator.sub),
    ast.Mult: ("mul", np.multiply, operator.mul),
    ast.Div: ("div", np.true_divide, operator.truediv),
    ast.FloorDiv: ("floordiv", np.floor_divide, operator.floordiv),
    ast.Mod: ("mod", np.remainder, operator.mod),
    ast.Pow: ("pow", np.power, operator.pow),
    ast.MatMult: ("matmul", np.matmul, operator.matmul),
    ast.BitAnd: ("bit_and", np.bitwise_and, operator.and_),
    ast.BitOr: ("bit_or", np.bitwise_or, operator.or_),
    ast.BitXor: ("bit_xor", np.bitwise_xor, operator.xor),
    ast.LShift: ("shl", np.left_shift, operator.lshift),
    ast.RShift: ("shr", np.right_shift, operator.rshift),
}
_PURE = (
    *(ast.Name, ast.Constant, ast.Compare, ast.UnaryOp, ast.BoolOp, ast.BinOp),
    *(ast.Load, ast.operator, ast.unaryop, ast.cmpop, ast.boolop),
)
_MAY_RAISE = (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult, ast.LShift, ast.RShift)


def is_pure(node: ast.AST) -> bool:
    """Whether an expression of numbers can be evaluated without need: no effect, and it cannot raise."""
    return all(isinstance(n, _PURE) and not isinstance(n, _MAY_RAISE) for n in ast.walk(node))


class Expressions(Comparisons):
    def eval(self, node: ast.expr) -> Any:
        """The abstract value of an expression."""
        method = getattr(self, "eval_" + type(node).__name__, None)
        if method is None:
            fence.refuse(node, self.frame.file)
        around, self.b.loc = self.b.loc, self.location(node)
        try:
            return method(node)
        except NeedsStatic as e:
            e.loc = e.loc or self.loc
            raise
        finally:
            self.b.loc = around

    def test(self, node: ast.expr) -> Any:
        """``bool(node)``: a static bool or a run-time one. Of ``items and x > 0`` no more than the truth is needed."""
        if isinstance(node, ast.BoolOp):
            with self.b.at(self.location(node)):
                return self._bool_chain(isinstance(node.op, ast.And), node.values, self.test)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            with self.b.at(self.location(node)):
                return self.negation(self.test(node.operand))
        return self.truth(self.eval(node))

    # -- atoms --------------------------------------------------------------------------------
    def eval_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, complex):
            self.error(
                UnsupportedError,
                "complex numbers are not supported",
                "keep real and imaginary parts as two real values",
            )
        return node.value

    def eval_Name(self, node: ast.Name) -> Any:
        return self.lookup(node.id)

    def eval_Tuple(self, node: ast.Tuple) -> Any:
        return tuple(self._elements(node.elts))

    def eval_List(self, node: ast.List) -> Any:
        return ListValue(self._elements(node.elts))

    def _elements(self, nodes: list[ast.expr]) -> list[Any]:
        out: list[Any] = []
        for n in nodes:
            if isinstance(n, ast.Starred):
                out.extend(self.items_of(self.eval(n.value)))
            else:
                out.append(self.eval(n))
        return out

    def eval_Dict(self, node: ast.Dict) -> Any:
        made = self.new_dict()
        for k, v in zip(node.keys, node.values, strict=True):
            if k is not None:
                self.enter_item(made, self.eval(k), self.eval(v))
                continue
            other = self.eval(v)
            if not isinstance(other, DictValue) and not (isinstance(other, RecordValue) and other.cls is table):
                self.error(PullbackTypeError, f"{describe(other)} is not a dict")
            self.enter_all(made, other)
        return made

    def eval_NamedExpr(self, node: ast.NamedExpr) -> Any:
        value, name = self.eval(node.value), node.target.id
        if self.frame.name != COMPREHENSION:
            self.assign_name(name, value)
            return value
        box = self.box_of(name)
        if box is None:
            message = "an assignment in a comprehension is supported in functions only"
            self.error(UnsupportedError, message, "write the comprehension as a loop")
        self.session.touch(box)
        box.items[0] = value
        return value

    def assign_name(self, name: str, value: Any) -> None:
        raise NotImplementedError

    def eval_Lambda(self, node: ast.Lambda) -> Any:
        return UserFunction(
            None, "<lambda>", node=node, env=self.frame, defaults=self.signature_defaults(node.args), loc=self.loc
        )

    def signature_defaults(self, args: ast.arguments) -> dict[str, Any]:
        """The defaults of a nested function, evaluated where it is defined."""
        positional = [*args.posonlyargs, *args.args]
        first = len(positional) - len(args.defaults)
        defaults = {a.arg: self.eval(d) for a, d in zip(positional[first:], args.defaults, strict=True)}
        defaults |= {
            a.arg: self.eval(d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None
        }
        return defaults

    def eval_Slice(self, node: ast.Slice) -> Any:
        start, stop = (None if n is None else self.eval(n) for n in (node.lower, node.upper))
        if isinstance(node.step, ast.Constant) and isinstance(node.step.value, complex):
            return SliceValue(start, stop, node.step.value)  # a number of points, to np.mgrid and np.r_
        return SliceValue(start, stop, None if node.step is None else self.eval(node.step))

    def eval_Subscript(self, node: ast.Subscript) -> Any:
        owners, key = self.candidates(node.value), self.eval(node.slice)
        return self.for_candidates(owners, lambda owner: self.load_item(owner, key))

    def eval_Starred(self, node: ast.Starred) -> Any:
        self.error(UnsupportedError, "a starred expression is not supported here", "write the items out")

    def eval_JoinedStr(self, node: ast.JoinedStr) -> Any:
        parts: list[Any] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                spec = "" if part.format_spec is None else self.eval(part.format_spec)
                conversion = "" if part.conversion < 0 else "!" + chr(part.conversion)
                parts.append(formatted(self, self.eval(part.value), self.static(spec, "a format"), conversion))
            else:
                parts.append(self.eval(part))
        return joined_text(self, parts)

    # -- operators ----------------------------------------------------------------------------
    def eval_BinOp(self, node: ast.BinOp) -> Any:
        a, b = self.eval(node.left), self.eval(node.right)
        return self.binary(type(node.op), a, b)

    def binary(self, op: type[ast.operator], a: Any, b: Any) -> Any:
        opcode, ufunc, python = BINARY[op]
        a, b = (self.number_of(self.present(x)) for x in (a, b))
        if op is ast.Add and any(map(is_alternative, (a, b))) and all(is_text(x) or is_alternative(x) for x in (a, b)):
            return joined_text(self, [a, b])
        if isinstance(a, (RecordValue, Opaque)) or isinstance(b, (RecordValue, Opaque)):
            result = self.overloaded(op, a, b)
            if result is not NotImplemented:
                return result
        if is_number(a) and is_number(b):
            folded = self._fold(python, a, b)
            if folded is not None:
                return folded
        if isinstance(a, Dim) or isinstance(b, Dim):
            d = self._dim_arithmetic(op, a, b)
            if d is not None:
                return d
        if isinstance(a, (Array, np.ndarray)) or isinstance(b, (Array, np.ndarray)) or (is_scalar(a) and is_scalar(b)):
            if is_scalar(a) and is_scalar(b) and self.type(a).weak and self.type(b).weak:
                return self.python_arithmetic(op, opcode, a, b)
            return self.numpy(ufunc, [a, b])
        return self._container_arithmetic(op, a, b, python)

    def _fold(self, python: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
        """Arithmetic of numbers known at compile time; None where it raises (it is then left to run time)."""
        try:
            with np.errstate(all="ignore"):
                result = python(a, b)
        except (ZeroDivisionError, OverflowError):
            return None
        except TypeError as e:
            self.error(PullbackTypeError, str(e))
        except ValueError as e:
            self.error(PullbackValueError, str(e))
        if isinstance(result, (complex, np.complexfloating)):
            self.error(UnsupportedError, "the result is a complex number", "complex numbers are not supported")
        return result

    def _dim_arithmetic(self, op: type[ast.operator], a: Any, b: Any) -> Any:
        if not all(isinstance(x, Dim) or (isinstance(x, int) and not isinstance(x, bool)) for x in (a, b)):
            return None
        a, b = Dim.of(a), Dim.of(b)
        if op is ast.Add:
            return self.integer(a + b)
        if op is ast.Sub:
            return self.integer(a - b)
        if op is ast.Mult:
            return self.integer(a * b)
        if op is ast.FloorDiv and b.is_const and b.const > 0:
            return self.integer(a // b)
        if op is ast.Mod and b.is_const and b.const > 0:
            return self.integer(a - (a // b) * b)
        return None

    def python_arithmetic(self, op: type[ast.operator], opcode: str, a: Any, b: Any) -> Any:
        """Arithmetic of run-time Python numbers."""
        if op is ast.MatMult:
            self.error(PullbackTypeError, "matmul: the operands must be arrays, not numbers", "use *")
        ta, tb = self.type(a), self.type(b)
        if op is ast.Pow and ta.dtype != "f64" and tb.dtype != "f64":
            a, b = self._power_of_integers(a, b)
            ta = self.type(a)
        if op in (ast.BitAnd, ast.BitOr, ast.BitXor):
            if ta.is_float or tb.is_float:
                self.error(PullbackTypeError, f"unsupported operand types for a bit operation: {ta} and {tb}")
            if ta.is_bool and tb.is_bool:
                opcode = {"bit_and": "logical_and", "bit_or": "logical_or", "bit_xor": "logical_xor"}[opcode]
        if op in (ast.LShift, ast.RShift):
            self.check(self.emit("ge", self.operand(b), 0), "ValueError", "negative shift count")
        if ta.is_int and tb.is_int:
            self._check_size(op, a, b)
        return self.emit(opcode, self.operand(a), self.operand(b))

    def _power_of_integers(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The operands of ``a ** b`` of integers, in Python an int or a float, as the sign of b is: a float where
        b is never positive, an int where it is never negative, and for 1 and -1; else an error of the run."""
        exponent = Dim.of(0) if self.type(b).is_bool else self.require_dim(b)
        if self.session.nonneg(exponent):
            return a, b
        if self.session.nonneg(-exponent):
            return float(a) if is_number(a) else self.emit("cast", self.operand(a), dtype="f64", weak=True), b
        if is_number(a) and abs(a) == 1:
            return a, self.emit("abs", self.operand(b))
        fits = self.emit("ge", self.operand(b), 0)
        if is_number(a) and a == 0:
            self.check(fits, "ZeroDivisionError", "0.0 cannot be raised to a negative power")
        else:
            message = "{} ** {} is a float, and an integer for other exponents: begin with a float, as in 10.0 ** k"
            self.check(fits, "NotImplementedError", message, a, b)
        return a, b

    def _check_size(self, op: type[ast.operator], a: Any, b: Any) -> None:
        """Python's integers have any size, ours 64 bits: a result that does not fit raises OverflowError. What no loop
        makes that large is not checked: constants, extents, indices of loops over ranges, and sums with these. The size
        is that of the same operation on floats, which is next to 2**63 at worst."""
        bounded = [self._is_bounded(x) for x in (a, b)]
        if op is ast.FloorDiv:
            if not bounded[0] and (not is_number(b) or b == -1):
                fits = self.emit("logical_or", self._is_not_least(a), self.emit("ne", self.operand(b), -1))
                self.check(fits, "OverflowError", "{} // {} does not fit into 64 bits: begin with a float", a, b)
            return
        if op in (ast.Add, ast.Sub):
            safe = any(bounded)
        elif op is ast.Pow:
            safe = bounded[0] and is_number(b) and b <= 2
        else:
            safe = op not in (ast.Mult, ast.LShift) or all(bounded)
        if safe:
            return
        x, y = (self.emit("cast", self.operand(v), dtype="f64", weak=True) for v in (a, b))
        if op is ast.LShift:
            size = self.emit("mul", x, self.emit("exp2", y))
        else:
            size = self.emit(BINARY[op][0], x, y)
        fits = self.emit("lt", self.emit("abs", size), 2.0**63)
        symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Pow: "**", ast.LShift: "<<"}[op]
        self.check(fits, "OverflowError", f"{{}} {symbol} {{}} does not fit into 64 bits: begin with a float", a, b)

    def _is_not_least(self, x: Any) -> Value:
        return self.emit("ne", self.operand(x), -(2**63))

    def check_negative(self, x: Any, what: str) -> None:
        """OverflowError where the negative of a Python integer does not fit."""
        if self.type(x).is_int and not self._is_bounded(x):
            self.check(
                self._is_not_least(x), "OverflowError", what + " does not fit into 64 bits: begin with a float", x
            )

    def _is_bounded(self, x: Any) -> bool:
        """Whether an integer is as small as the sizes of arrays are."""
        if is_number(x):
            return bool(abs(x) < 2**31)
        if isinstance(x, Dim) or self.type(x).is_bool:
            return True
        indices = {index for index, _, _ in self.session.loops}
        return indices.issuperset(as_dim(x).values())

    def _container_arithmetic(self, op: type[ast.operator], a: Any, b: Any, python: Callable[[Any, Any], Any]) -> Any:
        if is_text(a) and op in (ast.Add, ast.Mod) and not (is_static(a) and is_static(b)):
            return joined_text(self, [a, b]) if op is ast.Add else percent_formatted(self, a, b)
        if op is ast.Add and isinstance(a, tuple) and isinstance(b, tuple):
            return a + b
        if op is ast.Add and all(isinstance(x, (ListValue, StackedItems, StackedList)) for x in (a, b)):
            return self.joined(a, b)
        if op is ast.Mult:
            for x, k in ((a, b), (b, a)):
                if isinstance(x, ListValue) and is_scalar(k) and not is_static(k):
                    return self.repeated(x.items, k)
                if isinstance(x, (tuple, ListValue)) and is_scalar(k):
                    times = self.static(k, "the number of repetitions")
                    return ListValue(x.items * times) if isinstance(x, ListValue) else x * times
        if op is ast.BitOr and isinstance(a, DictValue) and isinstance(b, DictValue):
            made = self.new_dict()
            self.enter_all(made, a)
            self.enter_all(made, b)
            return made
        if is_static(a) and is_static(b):
            try:
                return python(to_python(a), to_python(b))
            except Exception as e:
                raise self.located(e) from None
        symbol = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**"}.get(
            op, op.__name__
        )
        if any(isinstance(x, (Array, ListValue, tuple)) or is_scalar(x) for x in (a, b)) and all(
            isinstance(x, (ListValue, tuple, Array)) or is_scalar(x) for x in (a, b)
        ):
            if isinstance(a, (ListValue, tuple)) == isinstance(b, (ListValue, tuple)) or any(
                is_scalar(x) and self.type(x).weak for x in (a, b)
            ):
                self.error(
                    PullbackTypeError,
                    f"unsupported operand types for {symbol}: {describe(a)} and {describe(b)}",
                    "convert lists with np.array",
                )
            return self.binary(op, self._as_array(a), self._as_array(b))
        self.error(PullbackTypeError, f"unsupported operand types for {symbol}: {describe(a)} and {describe(b)}")

    def _as_array(self, v: Any) -> Any:
        return self.wrap(self.operand(v)) if isinstance(v, (ListValue, tuple)) else v

    def eval_UnaryOp(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            negated = self.negation(self.test(node.operand))  # a bool of Python, which NumPy's op does not give
            return negated if isinstance(negated, bool) else self.emit("cast", negated, dtype="b1", weak=True)
        return self.unary(type(node.op), self.eval(node.operand))

    def unary(self, op: Any, v: Any) -> Any:
        """``-v``, ``+v`` or ``~v``."""
        v = self.number_of(self.present(v))
        if isinstance(v, (RecordValue, Opaque)):
            special = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}[op]
            return self.call(self.attribute(v, special), [], {})
        if is_number(v):
            python: Any = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert}[op]
            try:
                return python(v)
            except TypeError as e:
                self.error(PullbackTypeError, str(e))
        if isinstance(v, Dim) and op is ast.USub:
            return self.integer(-v)
        if isinstance(v, Array) or is_scalar(v):
            if op is ast.UAdd:
                return v if is_scalar(v) else self.numpy(np.positive, [v])
            if is_scalar(v) and self.type(v).weak and op is ast.USub:
                self.check_negative(v, "-({})")
                return self.emit("neg", self.operand(v))
            if is_scalar(v) and self.type(v).weak and self.type(v).is_int:
                return self.emit("invert", self.operand(v))
            return self.numpy(np.negative if op is ast.USub else np.invert, [v])
        self.error(PullbackTypeError, f"bad operand type for a unary operator: {describe(v)}")

    def eval_Compare(self, node: ast.Compare) -> Any:
        left = self.eval(node.left)
        return self._chain(left, list(zip(node.ops, node.comparators, strict=True)))

    def _chain(self, left: Any, rest: list[tuple[ast.cmpop, ast.expr]]) -> Any:
        (op, node), *more = rest
        right = self.eval(node)
        first = self.compare(op, left, right)
        if not more:
            return first
        test = self.truth(first)
        if test is False:
            return first
        if test is True:
            return self._chain(right, more)
        if all(self.harmless(n) for _, n in more):
            second = self.truth(self._chain(right, more))
            return self._logical("logical_and", test, second)
        return self.choose(test, lambda: self.truth(self._chain(right, more)), lambda: False)

    def eval_Set(self, node: ast.Set) -> Any:
        return self.new_set(tuple(self._elements(node.elts)))

    def new_set(self, items: Any) -> Any:
        """A set: a constant where nothing else is needed (see `Session.sets_change`)."""
        if isinstance(items, tuple):
            self.require_hashable(items)
        if self.session.sets_change:
            return self.construct(set_, [items], {})
        try:
            return frozenset(self.static(x, "an item of a set") for x in self.items_of(items))
        except NeedsStatic:
            self.session.needs_sets = True
            raise

    def harmless(self, node: ast.expr) -> bool:
        """Whether an operand of ``and`` and ``or`` may be evaluated although Python would skip it."""
        return is_pure(node) and all(
            not isinstance(n, ast.Name)
            or isinstance(self.env.get(n.id), Value | Const | Dim)
            or is_number(self.env.get(n.id))
            for n in ast.walk(node)
        )

    def eval_BoolOp(self, node: ast.BoolOp) -> Any:
        return self._bool_chain(isinstance(node.op, ast.And), node.values, self.eval)

    def _bool_chain(self, conjunction: bool, nodes: list[ast.expr], read: Callable[[ast.expr], Any]) -> Any:
        value = read(nodes[0])
        if len(nodes) == 1:
            return value
        test = self.truth(value)
        if isinstance(test, bool):
            return self._bool_chain(conjunction, nodes[1:], read) if test is conjunction else value
        is_bool = is_operand(value) and value.type.is_bool
        if is_bool and all(self.harmless(n) for n in nodes[1:]):
            rest = self._bool_chain(conjunction, nodes[1:], read)
            if isinstance(rest, bool) or (is_operand(rest) and rest.type.is_bool):
                return self._logical("logical_and" if conjunction else "logical_or", test, rest)
            return (
                self.choose(test, lambda: rest, lambda: value)
                if conjunction
                else self.choose(test, lambda: value, lambda: rest)
            )
        if conjunction:
            return self.choose(
                test, lambda: self._bool_chain(True, nodes[1:], read), lambda: False if is_bool else value
            )
        return self.choose(test, lambda: True if is_bool else value, lambda: self._bool_chain(False, nodes[1:], read))

    def eval_IfExp(self, node: ast.IfExp) -> Any:
        return self.choose(self.test(node.test), lambda: self.eval(node.body), lambda: self.eval(node.orelse))

    # -- attributes ---------------------------------------------------------------------------
    def eval_Attribute(self, node: ast.Attribute) -> Any:
        return self.for_candidates(self.candidates(node.value), lambda owner: self.attribute(owner, node.attr))

    def assign(self, target: ast.expr, value: Any) -> None:
        raise NotImplementedError
