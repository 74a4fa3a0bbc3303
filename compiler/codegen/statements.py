"""A function after `inplace` as a Python function definition (an `ast` tree).

Ops with effects, regions or in-place results become statements; what is not folded is assigned to its
variable. Moves (initial values, yields, results of control flow) are nothing where source and target
share a variable, and simultaneous assignments otherwise.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Sequence

from ..analysis.alias import Carried, Numbering, has_gather, mutated_operands
from ..analysis.dataflow import is_zero
from ..errors import InternalError
from ..ir.nodes import Const, Function, Op, Operand, Region, Value
from ..ir.opdef import opdef
from .expressions import Expressions, call, name, number, parse_expr, repeats
from .folding import Folding
from .naming import Names
from .render import cite
from .subscripts import as_object, subscript

_INVERSE = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_AUGMENTED = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_LONGEST_CONDITIONAL = 76


class FunctionPrinter:
    """Prints one function; see docs/codegen.md."""

    def __init__(self, fn: Function, reserved: Sequence[str], function_name: Callable[[str], str]):
        """`function_name` gives the printed name of a callee; `reserved` names are not used for variables."""
        self.fn = fn
        self.function_name = function_name
        numbering = Numbering(fn)
        self.folding = Folding(fn, numbering, repeats)
        self.names = Names(fn, numbering, self.folding, reserved)
        f32 = any(v.type.dtype == "f32" for v in numbering.index)
        self.e = Expressions(self.names, self.folding, f32)
        self.out: list[ast.stmt] = []

    # -- the function -------------------------------------------------------------------------------
    def definition(self, function_name: str) -> ast.FunctionDef:
        body = self._block(self.fn.body, self._return)
        doc = self.fn.attrs.get("doc")
        head: list[ast.stmt] = [ast.Expr(ast.Constant(doc))] if doc else []
        body = head + self._symbols(body) + body
        arguments = ast.arguments(
            posonlyargs=[],
            args=[ast.arg(self.names[p]) for p in self.fn.params],
            kwonlyargs=[],
            kw_defaults=[],
            defaults=[],
        )
        return ast.FunctionDef(name=function_name, args=arguments, body=body, decorator_list=[], lineno=1)

    def _symbols(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Definitions of the extent symbols that the body mentions."""
        mentioned = {node.id for stmt in body for node in ast.walk(stmt) if isinstance(node, ast.Name)}
        needed = [s for s in self.fn.symbols() if s in mentioned]
        result: list[ast.stmt] = []
        for p in self.fn.params:
            shape = [str(d) for d in p.type.shape]
            found = [s for s in needed if s in shape]
            if not found:
                continue
            array = self.names[p]
            if len(shape) > 1 and shape == found:
                targets = ast.Tuple([ast.Name(s, ast.Store()) for s in shape], ast.Store())
                result.append(ast.Assign([targets], parse_expr(f"{array}.shape"), lineno=1))
            else:
                for s in found:
                    text = f"len({array})" if shape.index(s) == 0 else f"{array}.shape[{shape.index(s)}]"
                    result.append(ast.Assign([ast.Name(s, ast.Store())], parse_expr(text), lineno=1))
            needed = [s for s in needed if s not in found]
        if needed:
            raise InternalError(f"{self.fn.name}: no parameter has the extent {needed[0]}")
        return result

    def _return(self) -> None:
        results = [self.e.variable_value(y) for y in self.fn.body.yields]
        value = results[0] if len(results) == 1 else ast.Tuple(elts=results, ctx=ast.Load())
        self.out.append(ast.Return(value))

    # -- blocks -------------------------------------------------------------------------------------
    def _block(self, region: Region, end: Callable[[], None]) -> list[ast.stmt]:
        """The statements of a region, and those that `end` emits."""
        outer, self.out = self.out, []
        for op in region.ops:
            self._op(op)
        end()
        block, self.out = self.out, outer
        return block

    def _emit(self, stmt: ast.stmt, op: Op) -> None:
        cite(stmt, op)
        self.out.append(stmt)

    def _assign(self, target: str, value: ast.expr, op: Op, scalar: bool = False) -> None:
        if isinstance(value, ast.Name) and value.id == target:
            return
        if scalar and isinstance(value, ast.BinOp) and isinstance(value.op, _AUGMENTED):
            if isinstance(value.left, ast.Name) and value.left.id == target:
                self._emit(ast.AugAssign(ast.Name(target, ast.Store()), value.op, value.right), op)
                return
        self._emit(ast.Assign([ast.Name(target, ast.Store())], value, lineno=1), op)

    def _moves(self, targets: Sequence[Value], sources: Sequence[Operand], op: Op) -> None:
        """Simultaneous assignment of sources to the variables of targets."""
        pending = [
            (self.names[t], self.e.variable_value(s), {self.names[v] for v in self.folding.leaves(s)}, t.type.is_scalar)
            for t, s in zip(targets, sources, strict=True)
        ]
        pending = [m for m in pending if not (isinstance(m[1], ast.Name) and m[1].id == m[0])]
        while pending:
            for k, (target, value, _, scalar) in enumerate(pending):
                if not any(target in reads for j, (_, _, reads, _) in enumerate(pending) if j != k):
                    self._assign(target, value, op, scalar)
                    del pending[k]
                    break
            else:
                left = ast.Tuple([ast.Name(t, ast.Store()) for t, _, _, _ in pending], ast.Store())
                right = ast.Tuple([v for _, v, _, _ in pending], ast.Load())
                self._emit(ast.Assign([left], right, lineno=1), op)
                return

    # -- ops ----------------------------------------------------------------------------------------
    def _op(self, op: Op) -> None:
        if len(op.results) == 1 and self.folding.folded(op.results[0]):
            return
        handler = getattr(self, f"_op_{op.opcode}", None)
        if handler is not None:
            handler(op)
        elif mutated_operands(op) or (not op.results and opdef(op.opcode).effect):
            self._overwriting_call(op)
        elif len(op.results) == 1:
            v = op.result
            if op.opcode == "extent" and not self.folding.is_read(v):
                return
            self._assign(self.names[v], self.e.op(op), op, v.type.is_scalar)
        else:
            raise InternalError(f"no printed form of {op.opcode}", op.loc)

    def _same_memory(self, op: Op) -> None:
        """Give results that live in the memory of an operand their names, where these differ."""
        for result, k in zip(op.results, mutated_operands(op), strict=False):
            self._alias(result, op.operands[k], op)

    def _alias(self, result: Value, operand: Operand, op: Op) -> None:
        if self.folding.is_read(result):
            self._assign(self.names[result], self.e.operand(operand), op)

    def _op_store(self, op: Op) -> None:
        chain, (value,) = self.e.chain(op)
        target = subscript(self.e.operand(op.operands[0]), chain, store=True)
        self._emit(ast.Assign([target], self.e.operand(value), lineno=1), op)
        self._same_memory(op)

    def _op_accum(self, op: Op) -> None:
        chain, (v,) = self.e.chain(op)
        base, value = self.e.operand(op.operands[0]), self.e.operand(v)
        operator: ast.operator = ast.Add()
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            operator, value = ast.Sub(), value.operand
        if has_gather(op):
            at = "np.add.at" if isinstance(operator, ast.Add) else "np.subtract.at"
            self._emit(ast.Expr(call(at, subscript(base, chain[:-1]), as_object(chain[-1]), value)), op)
        else:
            whole = all(
                isinstance(i, ast.Slice) and not (i.lower or i.upper or i.step) for items in chain for i in items
            )
            if whole and isinstance(base, ast.Name):
                target: ast.expr = ast.Name(base.id, ast.Store())
            else:
                target = subscript(base, chain, store=True)
            self._emit(ast.AugAssign(target, operator, value), op)  # type: ignore[arg-type]
        self._same_memory(op)

    def _overwriting_call(self, op: Op) -> None:
        definition = opdef(op.opcode)
        if definition.python:
            tree = self.e.op(op)
        else:
            operands = [self.e.operand(x) for x in op.operands]
            keywords = {
                k: self.e.attribute(a)
                for k, a in op.attrs.items()
                if k not in ("mutates", "reverse", "retained", "note") and a is not False
            }
            tree = call(op.opcode, *operands, **keywords)
        self._emit(ast.Expr(tree), op)
        self._same_memory(op)

    def _op_nonzero(self, op: Op) -> None:
        count, indices = op.results
        self._assign(self.names[indices], parse_expr("np.nonzero(_)[0]"), op)
        found = call("np.nonzero", self.e.operand(op.operands[0]))
        stmt = self.out[-1]
        assert isinstance(stmt, ast.Assign)
        stmt.value = ast.Subscript(found, ast.Constant(0), ast.Load())
        if self.folding.is_read(count):
            self._assign(self.names[count], call("len", name(self.names[indices])), op)

    def _op_call(self, op: Op) -> None:
        callee = self.function_name(op.attrs["callee"])
        tree = call(callee, *[self.e.operand(x) for x in op.operands])
        if not op.results:
            self._emit(ast.Expr(tree), op)
        elif len(op.results) == 1:
            self._assign(self.names[op.result], tree, op)
        else:
            targets = ast.Tuple([ast.Name(self.names[r], ast.Store()) for r in op.results], ast.Store())
            self._emit(ast.Assign([targets], tree, lineno=1), op)

    # -- tapes --------------------------------------------------------------------------------------
    def _op_tape_new(self, op: Op) -> None:
        self._assign(self.names[op.result], ast.List([], ast.Load()), op)

    def _op_tape_push(self, op: Op) -> None:
        tape, v = op.operands
        push = ast.Call(ast.Attribute(self.e.operand(tape), "append", ast.Load()), [self.e.operand(v)], [])
        self._emit(ast.Expr(push), op)
        self._alias(op.result, tape, op)

    def _op_tape_pop(self, op: Op) -> None:
        (tape,) = op.operands
        pop = ast.Call(ast.Attribute(self.e.operand(tape), "pop", ast.Load()), [], [])
        rest, v = op.results
        if self.folding.is_read(v):
            self._assign(self.names[v], pop, op)
        else:
            self._emit(ast.Expr(pop), op)
        self._alias(rest, tape, op)

    # -- effects ------------------------------------------------------------------------------------
    def _op_check(self, op: Op) -> None:
        error = op.attrs["error"]
        exception = "np.linalg.LinAlgError" if error == "LinAlgError" else error.rpartition(":")[2]
        failed = ast.Raise(call(exception, self._text(op.attrs["message"], op.operands[1:])), None)
        cite(failed, op)
        self._emit(ast.If(self._not(op.operands[0]), [failed], []), op)

    def _op_print(self, op: Op) -> None:
        text = self._text(op.attrs["template"], op.operands)
        end = [ast.keyword("end", ast.Constant(op.attrs["end"]))] if "end" in op.attrs else []
        self._emit(ast.Expr(ast.Call(ast.Name("print", ast.Load()), [text], end)), op)

    def _text(self, template: str, operands: Sequence[Operand]) -> ast.expr:
        """A format template with its values, as a string or an f-string."""
        parts: list[ast.expr] = []
        automatic = iter(range(len(operands)))
        for literal, field, spec, conversion in string.Formatter().parse(template):
            if literal:
                parts.append(ast.Constant(literal))
            if field is None:
                continue
            value = self.e.operand(operands[int(field) if field else next(automatic)])
            spec_tree = ast.JoinedStr([ast.Constant(spec)]) if spec else None
            parts.append(ast.FormattedValue(value, ord(conversion) if conversion else -1, spec_tree))
        if all(isinstance(p, ast.Constant) for p in parts):
            return ast.Constant("".join(str(p.value) for p in parts if isinstance(p, ast.Constant)))
        return ast.JoinedStr(parts)

    def _not(self, x: Operand) -> ast.expr:
        """The negation; a comparison of integers (which have no NaN) is turned round."""
        tree = self.e.operand(x)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return tree.operand
        of_integers = isinstance(x, Value) and x.op is not None and all(y.type.is_int for y in x.op.operands)
        if of_integers and isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in _INVERSE:
            return ast.Compare(tree.left, [_INVERSE[type(tree.ops[0])]()], tree.comparators)
        return ast.UnaryOp(ast.Not(), tree)

    # -- control ------------------------------------------------------------------------------------
    def _op_if(self, op: Op) -> None:
        blocks = [self._block(r, lambda r=r: self._moves(op.results, r.yields, op)) for r in op.regions]  # type: ignore[misc]
        then, otherwise = blocks
        test = self.e.operand(op.operands[0])
        if not then and not otherwise:
            return
        if not then:
            self._emit(ast.If(self._not(op.operands[0]), otherwise, []), op)
        elif not self._conditional(test, then, otherwise, op):
            self._emit(ast.If(test, then, otherwise), op)

    def _conditional(self, test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt], op: Op) -> bool:
        """Two assignments of scalars to one variable as a conditional expression, if that is short."""
        if len(then) != 1 or len(otherwise) != 1 or len(op.results) != 1 or not op.result.type.is_scalar:
            return False
        a, b = then[0], otherwise[0]
        if not (isinstance(a, ast.Assign) and isinstance(b, ast.Assign)):
            return False
        (target,) = a.targets
        if not isinstance(target, ast.Name) or ast.dump(target) != ast.dump(b.targets[0]):
            return False
        value = ast.IfExp(test, a.value, b.value)
        if (
            isinstance(a.value, ast.IfExp)
            or isinstance(b.value, ast.IfExp)
            or len(ast.unparse(value)) > _LONGEST_CONDITIONAL
        ):
            return False
        self._emit(ast.Assign([target], value, lineno=1), op)
        return True

    def _op_for(self, op: Op) -> None:
        loop = Carried(op)
        index = op.regions[0].params[0]
        self._start_trips(loop)
        self._moves(loop.params, loop.inits, op)

        def end() -> None:
            self._moves(loop.params, loop.yields, op)
            self._count_trip(loop)
            if loop.first_yield:
                self._emit(ast.If(self.e.operand(loop.body.yields[0]), [ast.Break()], []), op)

        body = self._block(loop.body, end)
        variable = self.names[index] if self.folding.is_read(index) else "_"
        target = ast.Name(variable, ast.Store())
        self._emit(ast.For(target, self._range(op), body or [ast.Pass()], [], lineno=1), op)
        self._moves(loop.results, loop.params, op)

    def _range(self, op: Op) -> ast.expr:
        bounds = [self.e.operand(x) for x in op.operands[:3]]
        lo, _, step = op.operands[:3]
        if isinstance(step, Const) and step.value == 1:
            bounds.pop()
            if is_zero(lo):
                bounds.pop(0)
        return call("range", *bounds)

    def _start_trips(self, loop: Carried) -> None:
        if loop.trips is not None and self.folding.is_read(loop.trips):
            self._assign(self.names[loop.trips], number(0), loop.op)

    def _count_trip(self, loop: Carried) -> None:
        if loop.trips is not None and self.folding.is_read(loop.trips):
            self._emit(
                ast.AugAssign(ast.Name(self.names[loop.trips], ast.Store()), ast.Add(), ast.Constant(1)), loop.op
            )

    def _op_while(self, op: Op) -> None:
        loop = Carried(op)
        head = op.regions[0]
        self._start_trips(loop)
        self._moves(loop.params, loop.inits, op)

        def end() -> None:
            self._moves(loop.params, loop.yields, op)
            self._count_trip(loop)

        test = self._block(head, lambda: None)
        body = self._block(loop.body, end)
        if test:
            stop = ast.If(self._not(head.yields[0]), [ast.Break()], [])
            cite(stop, op)
            self._emit(ast.While(ast.Constant(True), [*test, stop, *body], []), op)
        else:
            self._emit(ast.While(self.e.operand(head.yields[0]), body or [ast.Pass()], []), op)
        self._moves(loop.results, loop.params, op)
