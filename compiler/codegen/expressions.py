"""Pure ops as Python expressions (`ast` trees).

A template (`OpDef.python`; see docs/codegen.md) is parsed with its operands as placeholder
names, which are then replaced by trees: parentheses are the unparser's business.

Note [Weak scalars]. A weak scalar is a Python number in what is printed, a strong one a NumPy scalar, so
that NumPy promotes as the IR does and division by zero raises where the IR says so. Where a template gives
the other kind (``np.maximum`` of two floats) it is converted. Constants are printed bare unless that
would change a dtype.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..analysis.alias import has_gather
from ..errors import InternalError
from ..ir.dims import Dim
from ..ir.indexing import operand_count
from ..ir.nodes import Const, Op, Operand, Value
from ..ir.opdef import opdef
from ..ir.types import Type, promote
from .folding import Folding
from .naming import Names
from .subscripts import subscript, subscripts

NUMPY_NAME = {
    "f64": "float64", "f32": "float32", "b1": "bool",
    **{f"{kind}{n}": f"{'u' if kind == 'u' else ''}int{n}" for kind in "iu" for n in (8, 16, 32, 64)},
}  # fmt: skip
PYTHON_NAME = {"f64": "float", "i64": "int", "b1": "bool"}
_NARROW = ("f32", "i32", "i16", "i8", "u32", "u16", "u8")
# ops at a scalar where Python's own construct says it better than the NumPy call
_SCALAR_FORMS = {"where": "{1} if {0} else {2}"}
_BOOL_FORMS = {"logical_and": "{0} and {1}", "logical_or": "{0} or {1}", "logical_not": "not {0}"}


def parse_expr(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def call(function: str, *args: ast.expr, **keywords: ast.expr) -> ast.expr:
    return ast.Call(parse_expr(function), list(args), [ast.keyword(k, v) for k, v in keywords.items()])


def name(text: str) -> ast.expr:
    return ast.Name(text, ast.Load())


def _tuple(items: Sequence[ast.expr]) -> ast.expr:
    return ast.Tuple(elts=list(items), ctx=ast.Load())


def number(x: float | int | bool) -> ast.expr:
    """A Python number as a tree; negative ones as ``-x``."""
    if isinstance(x, float):
        if math.isnan(x):
            return parse_expr("np.nan")
        if math.isinf(x):
            return parse_expr("np.inf" if x > 0 else "-np.inf")
        if math.copysign(1.0, x) < 0:
            return ast.UnaryOp(ast.USub(), ast.Constant(-x))
    elif not isinstance(x, bool) and x < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-x))
    return ast.Constant(x)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> ast.expr:
    return parse_expr(text)


def _copied(node: Any, trees: dict[str, ast.expr]) -> Any:
    """A copy of a tree (without places in a text) in which names are replaced by copies of trees."""
    if isinstance(node, list):
        return [_copied(x, trees) for x in node]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.Name) and node.id in trees:
        return _copied(trees[node.id], {})
    return type(node)(**{field: _copied(getattr(node, field), trees) for field in node._fields if hasattr(node, field)})


def instantiate(text: str, trees: dict[str, ast.expr]) -> ast.expr:
    """A template text with its placeholder names replaced."""
    result: ast.expr = _copied(_parsed(text), trees)
    return result


def template_text(op: Op) -> str:
    """The template of an op with placeholders ``_0_``, ``_1_``, ... for operands, ``_name_`` for attributes."""
    definition = opdef(op.opcode)
    scalars = all(x.type.is_scalar for x in [*op.operands, *op.results])
    template: Any = definition.python
    if scalars:
        if op.opcode in _BOOL_FORMS and all(x.type.is_bool for x in op.operands):
            template = _BOOL_FORMS[op.opcode]
        elif op.opcode in _SCALAR_FORMS:
            template = _SCALAR_FORMS[op.opcode]
        elif op.attrs.get("math") and isinstance(definition.scalar, str) and definition.scalar.startswith("math."):
            template = definition.scalar
        elif all(x.type.weak for x in op.operands) and not op.result.type.weak:
            # Python's operators would raise where NumPy gives inf or nan
            template = _IEEE_FORMS.get(op.opcode, template)
    placeholders = [f"_{k}_" for k in range(len(op.operands))]
    if callable(template):
        return str(template(placeholders, op))
    if not template:
        raise InternalError(f"no Python form of {op.opcode}", op.loc)
    return str(template).format(*placeholders, **{k: f"_{k}_" for k in op.attrs})


_IEEE_FORMS = {
    "div": "np.true_divide({0}, {1})",
    "reciprocal": "np.true_divide(1.0, {0})",
    "pow": "np.power({0}, {1})",
    "square": "np.square({0})",
}


def repeats(op: Op, k: int) -> bool:
    """Whether the template of the op mentions operand `k` more than once."""
    if op.opcode in BUILT_IN or opdef(op.opcode).kind in ("index", "control", "effect", "tape"):
        return False
    return template_text(op).count(f"_{k}_") > 1


class Expressions:
    """Trees of operands and pure ops."""

    def __init__(self, names: Names, folding: Folding, f32: bool):
        self.names = names
        self.folding = folding
        self.f32 = f32
        """Whether the function has f32 values: then f64 constants show their type in assignments."""

    # -- operands ---------------------------------------------------------------------------------
    def operand(self, x: Operand) -> ast.expr:
        if isinstance(x, Const):
            return self.constant(x)
        if self.folding.folded(x):
            assert x.op is not None
            return self.op(x.op)
        return name(self.names[x])

    def constant(self, x: Const) -> ast.expr:
        """A constant as a bare number: of its dtype where the context converts it."""
        return number(x.value)

    def typed_constant(self, x: Const) -> ast.expr:
        """A constant with its dtype."""
        if x.type.weak:
            return number(x.value)
        return call(f"np.{NUMPY_NAME[x.type.dtype]}", number(x.value))

    def variable_value(self, x: Operand) -> ast.expr:
        """What is assigned to a variable: constants of a narrow dtype keep it."""
        if isinstance(x, Const) and not x.type.weak and (x.type.dtype in _NARROW or self.f32):
            return self.typed_constant(x)
        return self.operand(x)

    def dim(self, d: Dim | int) -> ast.expr:
        d = Dim.of(d)
        if d.is_const:
            return number(d.const)
        return parse_expr(d.format(lambda a: a if isinstance(a, str) else self.names[a]))

    def shape(self, dims: Sequence[Dim]) -> ast.expr:
        """A shape argument: an int for rank 1."""
        items = [self.dim(d) for d in dims]
        return items[0] if len(items) == 1 else _tuple(items)

    def attribute(self, a: Any) -> ast.expr:
        if isinstance(a, Dim):
            return self.dim(a)
        if isinstance(a, tuple):
            return _tuple([self.attribute(x) for x in a])
        if isinstance(a, (bool, int, float)):
            return number(a)
        if a is None or isinstance(a, str):
            return ast.Constant(a)
        raise InternalError(f"attribute {a!r} has no Python form")

    # -- ops --------------------------------------------------------------------------------------
    def op(self, op: Op) -> ast.expr:
        """The expression of an op with one result."""
        built_in = BUILT_IN.get(op.opcode)
        if built_in is not None:
            return built_in(self, op)
        if opdef(op.opcode).kind == "elementwise":
            return self._elementwise(op)
        return self._template(op, [self.operand(x) for x in op.operands])

    def _template(self, op: Op, operands: list[ast.expr]) -> ast.expr:
        text = template_text(op)
        trees = {f"_{k}_": x for k, x in enumerate(operands)}
        for k, a in op.attrs.items():
            if f"_{k}_" in text:
                trees[f"_{k}_"] = self.attribute(a)
        tree = instantiate(text, trees)
        if op.result.type.weak and text.startswith("np."):
            # see Note [Weak scalars]
            return call(PYTHON_NAME[op.result.type.dtype], tree)
        return tree

    def _elementwise(self, op: Op) -> ast.expr:
        if op.opcode == "where" and op.operands[0].type.is_scalar and not op.result.type.shape:
            cond, *branches = op.operands
            return self._template(op, [self.operand(cond), *(self._as_type(x, op.result.type) for x in branches)])
        return self._template(op, [self._promoting(op, x) for x in op.operands])

    def _as_type(self, x: Operand, t: Type) -> ast.expr:
        """An operand as a number of type `t`, also where nothing else would convert it."""
        if x.type == t or (isinstance(x, Const) and x.type.weak == t.weak and x.type.dtype == t.dtype):
            return self.variable_value(x)
        if isinstance(x, Const) and t.weak:
            return number({"f": float, "i": int, "b": bool}[t.dtype[0]](x.value))
        return call(PYTHON_NAME[t.dtype] if t.weak else f"np.{NUMPY_NAME[t.dtype]}", self.operand(x))

    def _promoting(self, op: Op, x: Operand) -> ast.expr:
        """An operand of an elementwise op; a constant is bare where that promotes to the same type."""
        if not isinstance(x, Const) or x.type.weak or op.opcode in ("cast", "copy"):
            return self.operand(x)
        others = [y.type for y in op.operands if y is not x and not (op.opcode == "where" and y is op.operands[0])]
        if not others or all(t.weak for t in others):
            return self.typed_constant(x)
        as_is = promote([*others, x.type])
        bare = Type({"f": "f64", "b": "b1"}.get(x.type.dtype[0], "i64"), (), True)
        return self.operand(x) if promote([*others, bare]) == as_is else self.typed_constant(x)

    def chain(self, op: Op) -> tuple[list[list[ast.expr]], list[Operand]]:
        """The subscripts of a load, store or accum, and its operands after those of the index."""
        count = operand_count(op.attrs["index"])
        indices = [self.operand(x) for x in op.operands[1 : 1 + count]]
        chain = subscripts(op.attrs["index"], op.operands[0].type.shape, indices, self.dim)
        return chain, op.operands[1 + count :]


# -- ops with a form of their own ----------------------------------------------------------------
def _load(e: Expressions, op: Op) -> ast.expr:
    chain, _ = e.chain(op)
    return subscript(e.operand(op.operands[0]), chain)


def _extent(e: Expressions, op: Op) -> ast.expr:
    dim = e.dim(op.attrs["dim"])
    # an extent is a Python integer, whatever integers it is made of
    return dim if all(v.type.weak for v in op.attrs["dim"].values()) else call("int", dim)


def _dtype(dtype: str, default: str = "f64") -> dict[str, ast.expr]:
    return {} if dtype == default else {"dtype": parse_expr(f"np.{NUMPY_NAME[dtype]}")}


def _full(e: Expressions, op: Op) -> ast.expr:
    (v,) = op.operands
    dtype, shape = op.attrs["dtype"], op.attrs["shape"]
    if not shape:
        return call(f"np.{NUMPY_NAME[dtype]}", e.operand(v))
    keywords = _dtype(dtype)
    if isinstance(v, Const) and v.value in (0, 1) and not math.copysign(1, v.value) < 0:
        return call("np.ones" if v.value else "np.zeros", e.shape(shape), **keywords)
    same = v.type.dtype == dtype and not (isinstance(v, Const) and dtype in _NARROW)
    if not same:
        keywords = {"dtype": parse_expr(f"np.{NUMPY_NAME[dtype]}")}
    return call("np.full", e.shape(shape), e.operand(v), **({} if same else keywords))


def _empty(e: Expressions, op: Op) -> ast.expr:
    return call("np.empty", e.shape(op.attrs["shape"]), **_dtype(op.attrs["dtype"]))


def _iota(e: Expressions, op: Op) -> ast.expr:
    start, step = op.operands
    dtype = op.attrs["dtype"]
    counted = call("np.arange", e.dim(op.attrs["size"]))
    plain = "i64"
    if not (isinstance(step, Const) and step.value == 1 and step.type.is_int):
        counted = ast.BinOp(e.operand(step), ast.Mult(), counted)
        plain = step.type.dtype
    if not (isinstance(start, Const) and start.value == 0 and start.type.is_int):
        counted = ast.BinOp(e.operand(start), ast.Add(), counted)
        plain = "f64" if "f64" in (plain, start.type.dtype) else plain if plain == start.type.dtype else ""
    if plain == dtype and dtype in ("i64", "f64"):
        return counted
    return ast.Call(ast.Attribute(counted, "astype", ast.Load()), [parse_expr(f"np.{NUMPY_NAME[dtype]}")], [])


def _eye(e: Expressions, op: Op) -> ast.expr:
    n, m, k = (Dim.of(op.attrs[a]) for a in "nmk")
    keywords = {"k": e.dim(k)} if k != 0 else {}
    sizes = [e.dim(n)] if n == m else [e.dim(n), e.dim(m)]
    return call("np.eye", *sizes, **keywords, **_dtype(op.attrs["dtype"]))


def _method(x: ast.expr, method: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(x, method, ast.Load()), list(args), [])


def _reshape(e: Expressions, op: Op) -> ast.expr:
    (x,) = op.operands
    shape = op.attrs["shape"]
    tree = e.operand(x)
    if not x.type.shape:
        return call("np.reshape", tree, _tuple([e.dim(d) for d in shape])) if shape else tree
    if not shape:
        return subscript(tree, [[number(0)] * x.type.rank])
    added = _unit_axes_added(x.type.shape, shape)
    if added is not None and any(added):
        items: list[ast.expr] = [ast.Constant(None) if new else ast.Slice() for new in added]
        while items and isinstance(items[-1], ast.Slice) and len(items) > 1:
            items.pop()
        return subscript(tree, [items])
    return _method(tree, "reshape", *[e.dim(d) for d in shape])


def _unit_axes_added(old: Sequence[Dim], new: Sequence[Dim]) -> list[bool] | None:
    """Which axes of `new` are new ones of extent 1, if that is all there is to it."""
    left = list(old)
    added = []
    for k, d in enumerate(new):
        if left and left[0] == d and not (d == 1 and len(new) - k > len(left)):
            left.pop(0)
            added.append(False)
        elif d == 1:
            added.append(True)
        else:
            return None
    return None if left else added


def _transpose(e: Expressions, op: Op) -> ast.expr:
    perm = tuple(op.attrs["perm"])
    tree = e.operand(op.operands[0])
    if perm == tuple(range(len(perm))):
        return subscript(tree, [[ast.Slice()]])
    if perm == tuple(reversed(range(len(perm)))):
        return ast.Attribute(tree, "T", ast.Load())
    return _method(tree, "transpose", *[number(p) for p in perm])


def _broadcast_to(e: Expressions, op: Op) -> ast.expr:
    shape = op.attrs["shape"]
    if not shape:
        return e.operand(op.operands[0])
    return call("np.broadcast_to", e.operand(op.operands[0]), _tuple([e.dim(d) for d in shape]))


def _concatenate(e: Expressions, op: Op) -> ast.expr:
    keywords = {"axis": number(op.attrs["axis"])} if op.attrs["axis"] else {}
    return call("np.concatenate", _tuple([e.operand(x) for x in op.operands]), **keywords)


def _copy(e: Expressions, op: Op) -> ast.expr:
    (x,) = op.operands
    tree = e.operand(x)
    if not op.result.type.shape:
        return tree
    if isinstance(x, Value) and e.folding.folded(x) and x.op is not None and x.op.opcode == "load" and has_gather(x.op):
        return tree  # indexing by arrays copies already
    return _method(tree, "copy")


def _stop_gradient(e: Expressions, op: Op) -> ast.expr:
    return e.operand(op.operands[0])


BUILT_IN = {
    "load": _load,
    "extent": _extent,
    "full": _full,
    "empty": _empty,
    "iota": _iota,
    "eye": _eye,
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "concatenate": _concatenate,
    "copy": _copy,
    "stop_gradient": _stop_gradient,
}
